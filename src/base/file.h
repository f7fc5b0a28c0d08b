/* file.h - files that are whole or not there. */
#ifndef LK_BASE_FILE_H
#define LK_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "largek/status.h"

/* A file being written beside its final place.  {0} is closed. */
typedef struct {
    FILE *stream; /* write here; errors are caught by commit            */
    char *path, *temporary;
} lk_atomic_file;

/* Creates PATH.tmp.PID in the folder of `path`.
 * Errors  LK_E_IO, also for a folder that is missing or not writable, and for a `path`
 *         that is there and no regular file (a folder, /dev/null); LK_E_MEMORY */
lk_status lk_atomic_open(lk_atomic_file *file, const char *path, lk_error *err);

/* Flushes, fsyncs, renames over `path` (an old one first to PATH.prev where
 * keep_previous) and fsyncs the folder.  `path` is there at every moment where the file
 * system has hard links.  On failure the old file still stands under `path` and the
 * temporary is gone, but for one case: where it is the folder's fsync that fails, the new
 * file stands, and the text says so.  Closes either way.
 * Errors  LK_E_IO, LK_E_MEMORY */
lk_status lk_atomic_commit(lk_atomic_file *file, bool keep_previous, lk_error *err);

/* Removes the temporary and closes; does nothing where closed. */
void lk_atomic_abort(lk_atomic_file *file);

/* Whether a file could be created beside `path`: asked before long work starts.
 * Errors  LK_E_IO with the folder and the reason */
lk_status lk_file_writable(const char *path, lk_error *err);

/* Removes what processes that were killed left beside `path`: PATH.tmp.N and
 * PATH.prev.tmp.N.  Only for who holds the lock of `path` (base/lock.h). */
void lk_file_sweep(const char *path);

/* Whether both names lead to one file that is there; NULL is no file. */
bool lk_file_same(const char *a, const char *b);

/* Whether a regular file is there: what may be opened to see what it is, and again to read
 * it.  A pipe may not: it is gone then. */
bool lk_file_regular(const char *path);

/* Reads at most `limit` bytes of a whole file into *data (NUL added, not counted).
 * Ownership  *data is the caller's; free it
 * Errors     LK_E_IO, LK_E_MEMORY, LK_E_FORMAT where it is longer than limit */
lk_status lk_file_read(const char *path, size_t limit, char **data, size_t *bytes,
                       lk_error *err);

#endif /* LK_BASE_FILE_H */
