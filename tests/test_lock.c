/* test_lock.c - one writer of a file at a time, whatever happened to the last one. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "support/check.h"
#include "support/files.h"

static const char path[] = "out.bin";
static const char lock_path[] = "out.bin.lock";

/* A process that holds the lock until it is killed; its number, once it does. */
static pid_t start_holder(void)
{
    int ready[2];
    char byte = 0;

    assert_int_equal(pipe(ready), 0);
    const pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        lk_file_lock lock = {0};

        byte = lk_lock_take(&lock, path, NULL) == LK_OK && lock.held;
        if (write(ready[1], &byte, 1) != 1) _exit(1);
        for (;;) pause();
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void kill_holder(pid_t child)
{
    int status = 0;

    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void a_lock_is_taken_and_leaves_nothing(void **state)
{
    lk_file_lock lock = {0};
    (void)state;

    assert_int_equal(lk_lock_take(&lock, path, NULL), LK_OK);
    assert_true(lock.held);
    assert_int_equal(access(lock_path, F_OK), 0);
    lk_lock_drop(&lock);
    assert_false(lock.held);
    assert_int_equal(scratch_count(), 0);
    lk_lock_drop(&lock); /* not locked: does nothing */
}

static void a_second_process_is_told_who_holds_it(void **state)
{
    const pid_t child = start_holder();
    lk_file_lock lock = {0};
    lk_error err = {0};
    char want[64];
    (void)state;

    assert_int_equal(lk_lock_take(&lock, path, &err), LK_E_MISMATCH);
    snprintf(want, sizeof want, "out.bin is being written by process %ld on ",
             (long)child);
    assert_non_null(strstr(err.text, want));
    assert_false(lock.held);

    assert_int_equal(truncate(lock_path, 0), 0); /* as a full disk may leave it */
    assert_int_equal(lk_lock_take(&lock, path, &err), LK_E_MISMATCH);
    snprintf(want, sizeof want, "by process %ld", (long)child);
    assert_non_null(strstr(err.text, want));
    kill_holder(child);
}

/* kill -9 leaves the file, and no lock. */
static void a_dead_holder_locks_nobody_out(void **state)
{
    lk_file_lock lock = {0};
    (void)state;

    kill_holder(start_holder());
    assert_int_equal(access(lock_path, F_OK), 0);
    assert_int_equal(lk_lock_take(&lock, path, NULL), LK_OK);
    lk_lock_drop(&lock);
    assert_int_equal(scratch_count(), 0);
}

/* Without a folder there is no lock; and a folder is none. */
static void what_cannot_be_locked_is_said(void **state)
{
    lk_file_lock lock = {0};
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_lock_take(&lock, "nowhere/out.bin", &err), LK_E_IO);
    assert_non_null(strstr(err.text, "nowhere/out.bin.lock"));
    assert_false(lock.held);
}

/* Many processes that count in a file, each a step at a time under the lock. */
static void nobody_gets_in_between(void **state)
{
    enum { PROCESSES = 4, STEPS = 50 };
    pid_t child[PROCESSES];
    int count = 0;
    FILE *file;
    (void)state;

    write_file(path, "0", 1);
    for (int i = 0; i < PROCESSES; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        for (int step = 0; child[i] == 0 && step < STEPS;) {
            lk_file_lock lock = {0};

            if (lk_lock_take(&lock, path, NULL) != LK_OK) continue;
            file = fopen(path, "r+");
            if (file == NULL || fscanf(file, "%d", &count) != 1) _exit(1);
            rewind(file);
            fprintf(file, "%d", count + 1);
            fclose(file);
            lk_lock_drop(&lock);
            step++;
        }
        if (child[i] == 0) _exit(0);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = 1;

        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &count), 1);
    fclose(file);
    assert_int_equal(count, PROCESSES * STEPS);
    assert_int_equal(access(lock_path, F_OK), -1);
}

static void a_sweep_takes_temporaries_and_nothing_else(void **state)
{
    const char *gone[] = {"out.bin.tmp.17", "out.bin.prev.tmp.4"};
    const char *kept[] = {"out.bin",      "out.bin.prev",   "out.bin.tmp",
                          "out.bin.tmp.", "out.bin.tmp.1x", "2out.bin.tmp.17",
                          "other.tmp.17", "out.bin.lock",   "out.bin.damaged"};
    (void)state;

    for (size_t i = 0; i < 2; i++) write_file(gone[i], "", 0);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        write_file(kept[i], "", 0);
    lk_file_sweep("./out.bin");
    lk_file_sweep("nowhere/out.bin");
    for (size_t i = 0; i < 2; i++) assert_int_equal(access(gone[i], F_OK), -1);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        assert_int_equal(access(kept[i], F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_lock_is_taken_and_leaves_nothing, scratch_clear),
        cmocka_unit_test_setup(a_second_process_is_told_who_holds_it, scratch_clear),
        cmocka_unit_test_setup(a_dead_holder_locks_nobody_out, scratch_clear),
        cmocka_unit_test_setup(what_cannot_be_locked_is_said, scratch_clear),
        cmocka_unit_test_setup(nobody_gets_in_between, scratch_clear),
        cmocka_unit_test_setup(a_sweep_takes_temporaries_and_nothing_else,
                               scratch_clear),
    };
    return cmocka_run_group_tests_name("lock", tests, scratch_enter, scratch_leave);
}
