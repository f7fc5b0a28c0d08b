/* test_file.c - files that are whole or not there, whatever fails on the way. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "support/check.h"
#include "support/files.h"

static const char path[] = "out.bin";
static const char previous[] = "out.bin.prev";

/* The linker takes these before libc's: failures that no test could ask a disk for. */
static int link_error, rename_error;
static int fsync_error[2]; /* of the file, of the folder */
static int fsyncs, moments_without;

int link(const char *from, const char *to)
{
    if (link_error != 0) {
        errno = link_error;
        return -1;
    }
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int fsync(int descriptor)
{
    const int error = fsync_error[fsyncs++ % 2];

    if (error == 0) return fdatasync(descriptor);
    errno = error;
    return -1;
}

int rename(const char *from, const char *to)
{
    if (access(path, F_OK) != 0) moments_without++;
    if (rename_error != 0 && strcmp(to, path) == 0) {
        const int error = rename_error;

        rename_error = 0; /* once */
        errno = error;
        return -1;
    }
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

static int reset(void **state)
{
    link_error = rename_error = fsyncs = moments_without = 0;
    fsync_error[0] = fsync_error[1] = 0;
    return scratch_clear(state);
}

static lk_status write_whole(const char *text, bool keep_previous, lk_error *err)
{
    lk_atomic_file file = {0};

    assert_int_equal(lk_atomic_open(&file, path, err), LK_OK);
    assert_true(fputs(text, file.stream) >= 0);
    return lk_atomic_commit(&file, keep_previous, err);
}

static void atomic_shows_the_new_file_at_commit_only(void **state)
{
    lk_atomic_file file = {0};
    (void)state;

    write_file(path, "old", 3);
    assert_int_equal(lk_atomic_open(&file, path, NULL), LK_OK);
    assert_true(fputs("new", file.stream) >= 0);
    assert_int_equal(fflush(file.stream), 0);
    check_file(path, "old", 3);
    assert_int_equal(lk_atomic_commit(&file, false, NULL), LK_OK);
    check_file(path, "new", 3);
    assert_int_equal(scratch_count(), 1);
    assert_int_equal(fsyncs, 2); /* the file and its folder */
    assert_null(file.stream);
    lk_atomic_abort(&file); /* closed: does nothing */
    check_file(path, "new", 3);
}

static void atomic_keeps_the_previous_file(void **state)
{
    (void)state;

    assert_int_equal(write_whole("1", true, NULL), LK_OK);
    assert_int_equal(scratch_count(), 1); /* nothing was there to keep */
    moments_without = 0;
    assert_int_equal(write_whole("2", true, NULL), LK_OK);
    check_file(previous, "1", 1);
    assert_int_equal(write_whole("3", true, NULL), LK_OK);
    check_file(previous, "2", 1);
    check_file(path, "3", 1);
    assert_int_equal(scratch_count(), 2);
    assert_int_equal(moments_without, 0);
}

/* Killed between its renames, a commit leaves one file under both names. */
static void atomic_goes_on_after_a_kill(void **state)
{
    (void)state;

    write_file(path, "1", 1);
    assert_int_equal(link(path, previous), 0);
    assert_int_equal(write_whole("2", true, NULL), LK_OK);
    check_file(path, "2", 1);
    check_file(previous, "1", 1);
    assert_int_equal(scratch_count(), 2);
}

static void atomic_does_without_hard_links(void **state)
{
    (void)state;

    link_error = EPERM;
    write_file(path, "1", 1);
    assert_int_equal(write_whole("2", true, NULL), LK_OK);
    check_file(path, "2", 1);
    check_file(previous, "1", 1);

    rename_error = EIO;
    assert_int_equal(write_whole("3", true, NULL), LK_E_IO);
    check_file(path, "2", 1);
    assert_int_equal(scratch_count(), 1);
}

/* Commits that fail leave the old file, and nothing else that was not there. */
static void check_failure(lk_status st, const lk_error *err, const char *reason)
{
    assert_int_equal(st, LK_E_IO);
    assert_non_null(strstr(err->text, path));
    assert_non_null(strstr(err->text, reason));
    check_file(path, "old", 3);
    assert_int_equal(scratch_count(), 1);
}

static void atomic_failures_leave_the_old_file(void **state)
{
    lk_error err = {0};
    (void)state;

    write_file(path, "old", 3);
    fsync_error[0] = EIO;
    check_failure(write_whole("new", false, &err), &err, strerror(EIO));
    fsync_error[0] = 0;
    rename_error = EACCES;
    check_failure(write_whole("new", false, &err), &err, strerror(EACCES));
}

/* /dev/full takes the place of the disk: at the flush, and in a write long before. */
static void atomic_reports_a_full_disk(void **state)
{
    (void)state;

    for (int early = 0; early < 2; early++) {
        const int full = open("/dev/full", O_WRONLY);
        lk_atomic_file file = {0};
        lk_error err = {0};

        if (full < 0) skip();
        write_file(path, "old", 3);
        assert_int_equal(lk_atomic_open(&file, path, NULL), LK_OK);
        if (early) setvbuf(file.stream, NULL, _IONBF, 0);
        assert_true(dup2(full, fileno(file.stream)) >= 0);
        close(full);
        fputs("new", file.stream);
        check_failure(lk_atomic_commit(&file, true, &err), &err,
                      early ? "an earlier write" : strerror(ENOSPC));
    }
}

static void atomic_refuses_a_previous_that_it_cannot_replace(void **state)
{
    lk_error err = {0};
    (void)state;

    write_file(path, "old", 3);
    assert_int_equal(mkdir(previous, 0777), 0);
    assert_int_equal(write_whole("new", true, &err), LK_E_IO);
    assert_non_null(strstr(err.text, previous));
    check_file(path, "old", 3);
    assert_int_equal(scratch_count(), 2);
}

static void atomic_says_when_only_the_folder_is_not_synced(void **state)
{
    lk_error err = {0};
    (void)state;

    fsync_error[1] = EIO;
    assert_int_equal(write_whole("new", false, &err), LK_E_IO);
    assert_non_null(strstr(err.text, "is written"));
    check_file(path, "new", 3);
    fsync_error[1] = EINVAL; /* a file system that does not know the call */
    assert_int_equal(write_whole("newer", false, &err), LK_OK);
}

static void atomic_abort_leaves_nothing(void **state)
{
    lk_atomic_file file = {0};
    (void)state;

    lk_atomic_abort(&file);
    assert_int_equal(lk_atomic_open(&file, path, NULL), LK_OK);
    assert_int_equal(scratch_count(), 1);
    lk_atomic_abort(&file);
    assert_int_equal(scratch_count(), 0);
}

static void writable_says_what_is_wrong(void **state)
{
    static const struct {
        const char *path, *text;
    } bad[] = {
        {"nowhere/out.bin", "folder nowhere: No such file"},
        {"/nowhere/", "folder /nowhere: No such file"},
        {"folder", "not the name of a regular file"},
        {"/dev/null", "not the name of a regular file"},
        {"", "not the name of a regular file"},
    };
    (void)state;

    assert_int_equal(mkdir("folder", 0777), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        lk_error err = {0};

        assert_int_equal(lk_file_writable(bad[i].path, &err), LK_E_IO);
        assert_non_null(strstr(err.text, bad[i].text));
    }
    assert_int_equal(lk_file_writable(path, NULL), LK_OK);
    assert_int_equal(lk_file_writable("folder/out.bin", NULL), LK_OK);
    assert_int_equal(scratch_count(), 1);
}

static void read_gives_all_bytes_and_a_nul(void **state)
{
    const size_t lengths[] = {0, 1, 4095, 4096, 4097, 100000};
    char *bytes = malloc(100000);
    (void)state;

    assert_non_null(bytes);
    for (size_t i = 0; i < 100000; i++) bytes[i] = (char)(i * 7 + i / 256);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char *data = NULL;
        size_t count = 0;

        write_file(path, bytes, lengths[i]);
        assert_int_equal(lk_file_read(path, lengths[i], &data, &count, NULL), LK_OK);
        assert_int_equal(count, lengths[i]);
        assert_memory_equal(data, bytes, count);
        assert_int_equal(data[count], '\0');
        free(data);
    }
    free(bytes);
}

/* A pipe has no length to go by. */
static void read_grows_with_a_pipe(void **state)
{
    char bytes[50000], name[32], *data = NULL;
    size_t count = 0;
    int end[2];
    (void)state;

    memset(bytes, 'x', sizeof bytes); /* a pipe takes 64 KiB before it blocks */
    assert_int_equal(pipe(end), 0);
    assert_int_equal(write(end[1], bytes, sizeof bytes), sizeof bytes);
    close(end[1]);
    snprintf(name, sizeof name, "/dev/fd/%d", end[0]);
    assert_int_equal(lk_file_read(name, SIZE_MAX, &data, &count, NULL), LK_OK);
    assert_int_equal(count, sizeof bytes);
    assert_memory_equal(data, bytes, sizeof bytes);
    close(end[0]);
    free(data);
}

static void read_refuses(void **state)
{
    char *data = NULL;
    size_t count = 7;
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_file_read("nowhere", 10, &data, &count, &err), LK_E_IO);
    assert_non_null(strstr(err.text, "nowhere: No such file"));
    assert_int_equal(lk_file_read(".", 10, &data, &count, &err), LK_E_IO);
    assert_non_null(strstr(err.text, strerror(EISDIR)));
    write_file(path, "12345", 5);
    assert_int_equal(lk_file_read(path, 4, &data, &count, &err), LK_E_FORMAT);
    assert_non_null(strstr(err.text, "longer than 4 bytes"));
    assert_int_equal(lk_file_read(path, 0, &data, &count, &err), LK_E_FORMAT);
    assert_null(data);
    assert_int_equal(count, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(atomic_shows_the_new_file_at_commit_only, reset),
        cmocka_unit_test_setup(atomic_keeps_the_previous_file, reset),
        cmocka_unit_test_setup(atomic_goes_on_after_a_kill, reset),
        cmocka_unit_test_setup(atomic_does_without_hard_links, reset),
        cmocka_unit_test_setup(atomic_failures_leave_the_old_file, reset),
        cmocka_unit_test_setup(atomic_reports_a_full_disk, reset),
        cmocka_unit_test_setup(atomic_refuses_a_previous_that_it_cannot_replace, reset),
        cmocka_unit_test_setup(atomic_says_when_only_the_folder_is_not_synced, reset),
        cmocka_unit_test_setup(atomic_abort_leaves_nothing, reset),
        cmocka_unit_test_setup(writable_says_what_is_wrong, reset),
        cmocka_unit_test_setup(read_gives_all_bytes_and_a_nul, reset),
        cmocka_unit_test_setup(read_grows_with_a_pipe, reset),
        cmocka_unit_test_setup(read_refuses, reset),
    };
    return cmocka_run_group_tests_name("file", tests, scratch_enter, scratch_leave);
}
