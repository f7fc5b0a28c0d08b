/* lock.h - one writer of a file at a time.
 *
 * Whoever means to write PATH for a while locks PATH.lock, an empty file beside it, with
 * a POSIX record lock.  The kernel keeps such a lock for a process and not for a file's
 * being there, so none outlives a kill -9 or a power cut; the file that is then left over
 * locks nobody out.  It tells people who holds it: process, machine and since when.
 *
 *   across machines   NFS carries these locks (v4 itself, v3 by lockd); a server frees
 *                     those of a client that died when it comes back, or after its lease
 *   where there are   some cluster file systems are mounted without locks (Lustre without
 *   none              `flock`): `held` is then false, and the caller warns
 *   within a process  a second lock of the same file by the same process is given; POSIX
 *                     locks do not keep a process from itself
 */
#ifndef LK_BASE_LOCK_H
#define LK_BASE_LOCK_H

#include <stdbool.h>

#include "largek/status.h"

/* {0} is not locked. */
typedef struct {
    bool held;
    int descriptor; /* meaningful where held */
    char *path;     /* PATH.lock             */
} lk_file_lock;

/* Locks without waiting.
 * Ownership  *lock is the caller's; end it with lk_lock_drop
 * Errors     LK_E_MISMATCH where another process holds it, the text saying who, where it
 *            is known; LK_E_IO where PATH.lock cannot be made; LK_E_MEMORY */
lk_status lk_lock_take(lk_file_lock *lock, const char *path, lk_error *err);

/* Removes PATH.lock and lets go; does nothing where not locked. */
void lk_lock_drop(lk_file_lock *lock);

#endif /* LK_BASE_LOCK_H */
