/* file.c - files that are whole or not there. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* PATH and a suffix in memory of its own, or NULL. */
static char *path_with(const char *path, const char *suffix)
{
    const size_t room = strlen(path) + strlen(suffix) + 1;
    char *joined = (char *)malloc(room);

    if (joined != NULL) snprintf(joined, room, "%s%s", path, suffix);
    return joined;
}

/* The same with this process's own suffix, so that two processes do not meet. */
static char *path_temporary(const char *path, const char *what)
{
    char suffix[64];

    snprintf(suffix, sizeof suffix, "%s.%ld", what, (long)getpid());
    return path_with(path, suffix);
}

/* The folder that PATH lies in, or NULL. */
static char *path_folder(const char *path)
{
    char *folder = path_with(path, "");
    char *slash = folder != NULL ? strrchr(folder, '/') : NULL;

    if (folder == NULL) return NULL;
    if (slash == NULL) {
        free(folder);
        return path_with(".", "");
    }
    slash[slash == folder ? 1 : 0] = '\0'; /* "/name" lies in "/" */
    return folder;
}

static lk_status out_of_memory(const char *path, lk_error *err)
{
    return LK_FAIL(err, LK_E_MEMORY, "%s: no room for its name", path);
}

lk_status lk_atomic_open(lk_atomic_file *file, const char *path, lk_error *err)
{
    lk_atomic_file opened = {0};
    char *folder = path_folder(path);
    struct stat old;
    lk_status st = LK_OK;
    int descriptor = -1;

    /* A rename over /dev/null would leave the machine without one. */
    if (*path == '\0' || (stat(path, &old) == 0 && !S_ISREG(old.st_mode))) {
        st = LK_FAIL(err, LK_E_IO, "'%s': not the name of a regular file", path);
        goto out;
    }
    opened.path = path_with(path, "");
    opened.temporary = path_temporary(path, ".tmp");
    if (folder == NULL || opened.path == NULL || opened.temporary == NULL) {
        st = out_of_memory(path, err);
        goto out;
    }
    unlink(opened.temporary); /* of a dead process that had our number */
    descriptor = open(opened.temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0) {
        st = LK_FAIL(err, LK_E_IO, "%s: no file can be made in folder %s: %s", path,
                     folder, strerror(errno));
        goto out;
    }
    opened.stream = fdopen(descriptor, "wb");
    if (opened.stream == NULL) {
        st = LK_FAIL(err, LK_E_IO, "%s: %s", path, strerror(errno));
        close(descriptor);
        unlink(opened.temporary);
        goto out;
    }
    *file = opened;
    opened = (lk_atomic_file){0}; /* now the caller's */

out:
    free(folder);
    free(opened.path);
    free(opened.temporary);
    return st;
}

/* Brings everything written to the disk and closes the stream. */
static lk_status finish_stream(lk_atomic_file *file, lk_error *err)
{
    FILE *stream = file->stream;
    lk_status st = LK_OK;

    errno = 0; /* of a write that failed long ago nobody knows the reason any more */
    if (ferror(stream) || fflush(stream) != 0 || fsync(fileno(stream)) != 0) {
        st = LK_FAIL(err, LK_E_IO, "%s: writing failed: %s", file->path,
                     errno != 0 ? strerror(errno) : "an earlier write");
    }
    file->stream = NULL;
    if (fclose(stream) != 0 && st == LK_OK)
        st = LK_FAIL(err, LK_E_IO, "%s: closing failed: %s", file->path,
                     strerror(errno));
    return st;
}

/* Gives the file at `path` the name `previous` too, in place of what has that name.  By
 * a hard link, so that `path` is there at every moment; *moved says that the file system
 * has no links and the file is at `previous` only. */
static lk_status keep_old(const char *path, const char *previous, bool *moved,
                          lk_error *err)
{
    char *spare = path_temporary(previous, ".tmp");
    lk_status st = LK_OK;

    if (spare == NULL) {
        st = out_of_memory(path, err);
        goto out;
    }
    unlink(spare);
    if (link(path, spare) == 0) {
        if (rename(spare, previous) != 0)
            st = LK_FAIL(err, LK_E_IO, "%s: %s", previous, strerror(errno));
        unlink(spare); /* rename leaves it where both already were the same file */
    } else if (errno == ENOENT) {
        goto out; /* there is no old file */
    } else if (rename(path, previous) == 0) {
        *moved = true;
    } else {
        st = LK_FAIL(err, LK_E_IO, "%s: %s", previous, strerror(errno));
    }

out:
    free(spare);
    return st;
}

/* Makes a rename in the folder last.  A folder that may be written but not read, or a file
 * system that cannot, is left as it is. */
static lk_status sync_folder(const char *folder, const char *path, lk_error *err)
{
    const int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    lk_status st = LK_OK;

    if (descriptor < 0) return LK_OK;
    if (fsync(descriptor) != 0 && errno != EINVAL && errno != ENOTSUP)
        st = LK_FAIL(err, LK_E_IO,
                     "%s: is written, but might not outlive a power cut: %s", path,
                     strerror(errno));
    close(descriptor);
    return st;
}

lk_status lk_atomic_commit(lk_atomic_file *file, bool keep_previous, lk_error *err)
{
    char *previous = path_with(file->path, ".prev");
    char *folder = path_folder(file->path);
    bool moved = false;
    lk_status st = LK_OK;

    if (previous == NULL || folder == NULL) {
        st = out_of_memory(file->path, err);
        goto out;
    }
    LK_TRY(finish_stream(file, err));
    if (keep_previous) LK_TRY(keep_old(file->path, previous, &moved, err));
    if (rename(file->temporary, file->path) != 0) {
        st = LK_FAIL(err, LK_E_IO, "%s: %s", file->path, strerror(errno));
        if (moved) rename(previous, file->path);
        goto out;
    }
    LK_TRY(sync_folder(folder, file->path, err));

out:
    free(previous);
    free(folder);
    lk_atomic_abort(file);
    return st;
}

void lk_atomic_abort(lk_atomic_file *file)
{
    if (file->stream != NULL) fclose(file->stream); /* unwanted: nothing left to lose */
    if (file->temporary != NULL) unlink(file->temporary); /* gone after a rename */
    free(file->path);
    free(file->temporary);
    *file = (lk_atomic_file){0};
}

lk_status lk_file_writable(const char *path, lk_error *err)
{
    lk_atomic_file trial = {0};
    const lk_status st = lk_atomic_open(&trial, path, err);

    lk_atomic_abort(&trial);
    return st;
}

/* Whether `name` is that of a temporary of the file `base`. */
static bool is_temporary(const char *name, const char *base)
{
    const size_t length = strlen(base);

    if (strncmp(name, base, length) != 0) return false;
    name += length;
    if (strncmp(name, ".prev", 5) == 0) name += 5;
    if (strncmp(name, ".tmp.", 5) != 0) return false;
    name += 5;
    return *name != '\0' && name[strspn(name, "0123456789")] == '\0';
}

void lk_file_sweep(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    char *folder = path_folder(path);
    DIR *stream = folder != NULL ? opendir(folder) : NULL;

    if (stream != NULL) {
        const struct dirent *entry;

        while ((entry = readdir(stream)) != NULL) {
            if (is_temporary(entry->d_name, base)) {
                unlinkat(dirfd(stream), entry->d_name, 0);
            }
        }
        closedir(stream);
    }
    free(folder);
}

bool lk_file_same(const char *a, const char *b)
{
    struct stat x, y;

    return a != NULL && b != NULL && stat(a, &x) == 0 && stat(b, &y) == 0 &&
           x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool lk_file_regular(const char *path)
{
    struct stat at;

    return stat(path, &at) == 0 && S_ISREG(at.st_mode);
}

/* How much to make room for at first: what a regular file holds, and little where the
 * length is not known. */
static size_t first_room(FILE *file, size_t limit)
{
    struct stat status;
    size_t room = 4096;

    if (fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode) &&
        (uintmax_t)status.st_size < SIZE_MAX)
        room = (size_t)status.st_size;
    return room < limit ? room : limit;
}

lk_status lk_file_read(const char *path, size_t limit, char **data, size_t *bytes,
                       lk_error *err)
{
    const size_t most = limit < SIZE_MAX / 4 ? limit : SIZE_MAX / 4;
    char *text = NULL;
    size_t used = 0, room;
    lk_status st = LK_OK;

    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        st = LK_FAIL(err, LK_E_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    room = first_room(file, most);
    for (;;) {
        char *grown = (char *)realloc(text, room + 1);
        int next;

        if (grown == NULL) {
            st = LK_FAIL(err, LK_E_MEMORY, "%s: no room for %zu bytes", path, room);
            goto out;
        }
        text = grown;
        used += fread(text + used, 1, room - used, file);
        if (used < room || (next = getc(file)) == EOF) break;
        if (used == most) {
            st = LK_FAIL(err, LK_E_FORMAT, "%s: longer than %zu bytes", path, most);
            goto out;
        }
        ungetc(next, file);
        room = room < most / 2 ? 2 * room + 1 : most; /* + 1: a room of 0 grows too */
    }
    if (ferror(file)) {
        st = LK_FAIL(err, LK_E_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    text[used] = '\0';
    *data = text;
    *bytes = used;
    text = NULL; /* now the caller's */

out:
    free(text);
    if (file != NULL) fclose(file); /* read only: nothing left to lose */
    return st;
}
