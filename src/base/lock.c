/* lock.c - one writer of a file at a time. */
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NOTE_BYTES = 256, TRIES = 100 };

static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

/* Who holds the lock: what they wrote into it, else the process that the kernel knows. */
static lk_status busy(int descriptor, const char *path, lk_error *err)
{
    struct flock lock = whole_file();
    char note[NOTE_BYTES + 1] = "";
    const ssize_t bytes = pread(descriptor, note, NOTE_BYTES, 0);

    note[bytes > 0 ? bytes : 0] = '\0';
    note[strcspn(note, "\n")] = '\0';
    if (note[0] == '\0' && fcntl(descriptor, F_GETLK, &lock) == 0 &&
        lock.l_type != F_UNLCK && lock.l_pid > 0) {
        snprintf(note, sizeof note, "process %ld", (long)lock.l_pid);
    }
    return LK_FAIL(err, LK_E_MISMATCH, "%s is being written by %s", path,
                   note[0] != '\0' ? note : "another process");
}

/* For people; a full disk may keep us from saying it. */
static void sign(int descriptor)
{
    char host[128] = "", since[32] = "", note[NOTE_BYTES];
    const time_t now = time(NULL);
    struct tm utc;

    if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
    if (gmtime_r(&now, &utc) != NULL) {
        strftime(since, sizeof since, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    const int length = snprintf(note, sizeof note, "process %ld on %s since %s\n",
                                (long)getpid(), host, since);

    if (ftruncate(descriptor, 0) == 0 && length > 0) {
        const ssize_t written = pwrite(descriptor, note, (size_t)length, 0);

        (void)written;
    }
}

/* Whether the name still leads to what is open: its last holder removes it. */
static bool still_there(int descriptor, const char *path)
{
    struct stat open_file, named;

    return fstat(descriptor, &open_file) == 0 && stat(path, &named) == 0 &&
           open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

/* One try: LK_OK without `held` where somebody removed the file meanwhile. */
static lk_status try_lock(lk_file_lock *lock, const char *path, bool *locks,
                          lk_error *err)
{
    struct flock wanted = whole_file();
    const int descriptor = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    lk_status st = LK_OK;

    if (descriptor < 0) {
        return LK_FAIL(err, LK_E_IO, "%s: %s", lock->path, strerror(errno));
    }
    if (fcntl(descriptor, F_SETLK, &wanted) != 0) {
        if (errno == EACCES || errno == EAGAIN) {
            st = busy(descriptor, path, err);
        } else {
            *locks = false;
        }
    } else if (still_there(descriptor, lock->path)) {
        sign(descriptor);
        lock->descriptor = descriptor;
        lock->held = true;
        return LK_OK;
    }
    close(descriptor);
    return st;
}

lk_status lk_lock_take(lk_file_lock *lock, const char *path, lk_error *err)
{
    const size_t room = strlen(path) + sizeof ".lock";
    lk_file_lock taken = {.path = malloc(room)};
    bool locks = true;
    lk_status st = LK_OK;

    if (taken.path == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "%s: no room for its name", path);
    }
    snprintf(taken.path, room, "%s.lock", path);
    for (int i = 0; i < TRIES && !taken.held && locks; i++) {
        LK_TRY(try_lock(&taken, path, &locks, err));
    }
    if (!locks) unlink(taken.path); /* it means nothing here */
    if (locks && !taken.held) {
        st = LK_FAIL(err, LK_E_MISMATCH, "%s is being written by others in turn", path);
        goto out;
    }
    *lock = taken;
    taken.path = NULL;

out:
    free(taken.path);
    return st;
}

void lk_lock_drop(lk_file_lock *lock)
{
    if (lock->held) {
        unlink(lock->path); /* first: who opens it from now on makes another one */
        close(lock->descriptor);
    }
    free(lock->path);
    *lock = (lk_file_lock){0};
}
