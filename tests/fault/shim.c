/* shim.c - a disk that fails, or a process that dies, at a chosen moment.
 *
 * Preloaded into the program (LD_PRELOAD), it counts calls of one kind that lead to an
 * atomic file and does what it is told to those in a range:
 *
 *     LARGEK_FAULT=CALL:RANGE:WHAT     write:3:ENOSPC, rename:1:KILL, fsync:2+:EIO
 *
 *   CALL    open (for writing), write, fsync, rename, link
 *   RANGE   N, N+ (from there on), N-M; from 1
 *   WHAT    an error's name; KILL (before the call; of a write, after half of it), DIED
 *           (killed after it), HALF (half the bytes at first, as a signal may cut a write),
 *           SLEEP (half a minute)
 *
 * LARGEK_NO_LINKS makes it a file system without hard links.
 * LARGEK_FAULT_LOG names a file that is made when something was done.
 *
 * stdio writes by an internal name that no preload can take; so fdopen gives a stream
 * whose writes come here, and fileno knows its descriptor.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { STREAMS = 16 };

typedef struct {
    FILE *stream;
    int descriptor;
} opened;

static opened streams[STREAMS];

/* The program's calls, in place of which it gets ours. */
static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* What to do to this call, "" for nothing; counts those of the chosen kind. */
static const char *fault(const char *call)
{
    static unsigned long calls;
    const char *text = getenv("LARGEK_FAULT"), *log = getenv("LARGEK_FAULT_LOG");
    const size_t length = strlen(call);
    unsigned long first, last;
    char *end;

    if (text == NULL || strncmp(text, call, length) != 0 || text[length] != ':')
        return "";
    first = last = strtoul(text + length + 1, &end, 10);
    if (*end == '+') {
        last = (unsigned long)-1;
        end++;
    } else if (*end == '-') {
        last = strtoul(end + 1, &end, 10);
    }
    calls++;
    if (calls < first || calls > last || *end != ':') return "";
    if (log != NULL) {
        int (*real_open)(const char *, int, ...) =
            (int (*)(const char *, int, ...))next("open");

        close(real_open(log, O_WRONLY | O_CREAT, 0666));
    }
    if (strcmp(end + 1, "SLEEP") == 0) sleep(30);
    if (strcmp(end + 1, "KILL") == 0 && strcmp(call, "write") != 0) die();
    return end + 1;
}

/* Whether the call is to fail, with errno set. */
static int fails(const char *what)
{
    static const struct {
        const char *name;
        int number;
    } error[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},     {"EDQUOT", EDQUOT},
                 {"EPERM", EPERM},   {"EROFS", EROFS}, {"EACCES", EACCES}};

    for (size_t i = 0; i < sizeof error / sizeof error[0]; i++) {
        if (strcmp(what, error[i].name) != 0) continue;
        errno = error[i].number;
        return 1;
    }
    return 0;
}

static int end_call(const char *what, int result)
{
    if (strcmp(what, "DIED") == 0) die();
    return result;
}

int open(const char *path, int flags, ...)
{
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))next("open");
    mode_t mode = 0;
    va_list args;

    va_start(args, flags);
    if ((flags & O_CREAT) != 0) mode = va_arg(args, mode_t);
    va_end(args);
    if ((flags & O_CREAT) == 0) return real(path, flags);

    const char *what = fault("open");

    return fails(what) ? -1 : end_call(what, real(path, flags, mode));
}

/* All of it, as stdio does for a file. */
static ssize_t write_all(int descriptor, const char *bytes, size_t count)
{
    size_t done = 0;

    while (done < count) {
        const ssize_t some = write(descriptor, bytes + done, count - done);

        if (some < 0) return 0;
        done += (size_t)some;
    }
    return (ssize_t)done;
}

static ssize_t stream_write(void *cookie, const char *bytes, size_t count)
{
    const opened *to = cookie;
    const char *what = fault("write");
    const int kills = strcmp(what, "KILL") == 0;

    if (fails(what)) return 0;
    if (kills || strcmp(what, "HALF") == 0) {
        const size_t half = count / 2;

        if (write_all(to->descriptor, bytes, half) != (ssize_t)half) return 0;
        if (kills) die();
        if (write_all(to->descriptor, bytes + half, count - half) == 0 && count > half)
            return 0;
        return (ssize_t)count;
    }
    const ssize_t written = write_all(to->descriptor, bytes, count);

    end_call(what, 0);
    return written;
}

static int stream_close(void *cookie)
{
    opened *to = cookie;
    const int descriptor = to->descriptor;

    *to = (opened){NULL, -1};
    return close(descriptor);
}

FILE *fdopen(int descriptor, const char *mode)
{
    const cookie_io_functions_t functions = {.write = stream_write,
                                             .close = stream_close};

    for (size_t i = 0; i < STREAMS; i++) {
        if (streams[i].stream != NULL) continue;
        streams[i].descriptor = descriptor;
        streams[i].stream = fopencookie(&streams[i], mode, functions);
        return streams[i].stream;
    }
    errno = EMFILE;
    return NULL;
}

int fileno(FILE *stream)
{
    int (*real)(FILE *) = (int (*)(FILE *))next("fileno");

    for (size_t i = 0; i < STREAMS; i++) {
        if (streams[i].stream == stream && stream != NULL) return streams[i].descriptor;
    }
    return real(stream);
}

int fsync(int descriptor)
{
    int (*real)(int) = (int (*)(int))next("fsync");
    const char *what = fault("fsync");

    return fails(what) ? -1 : end_call(what, real(descriptor));
}

int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *) =
        (int (*)(const char *, const char *))next("rename");
    const char *what = fault("rename");

    return fails(what) ? -1 : end_call(what, real(from, to));
}

int link(const char *from, const char *to)
{
    int (*real)(const char *, const char *) =
        (int (*)(const char *, const char *))next("link");
    const char *what = getenv("LARGEK_NO_LINKS") != NULL ? "EPERM" : fault("link");

    return fails(what) ? -1 : end_call(what, real(from, to));
}
