/* common.c - what the shared options are good for. */
#include "cli/common.h"

#include <omp.h>
#include <string.h>

#include "cli/threads.h"

const char *const lk_format_names[] = {"table", "csv", "json", NULL};

lk_progress_mode lk_common_progress(const lk_common *common)
{
    if (common->quiet) return LK_PROGRESS_QUIET;
    return common->progress ? LK_PROGRESS_FORCED : LK_PROGRESS_AUTO;
}

size_t lk_common_threads(const lk_common *common)
{
    size_t threads =
        common->threads > 0 ? (size_t)common->threads : lk_threads_default();

    if (threads > 4096) threads = 4096;
    omp_set_num_threads((int)threads);
    return threads;
}

lk_status lk_output_check(const char *path, lk_error *err)
{
    if (strcmp(path, "-") == 0) {
        return LK_FAIL(err, LK_E_ARG,
                       "--output: '-' is not a file; ./- is one of that name");
    }
    return lk_file_writable(path, err);
}

lk_status lk_output_lock(const char *path, const char *command, lk_file_lock *lock,
                         lk_error *err)
{
    lk_status st = LK_OK;

    LK_TRY(lk_output_check(path, err));
    LK_TRY(lk_lock_take(lock, path, err));
    if (lock->held) {
        lk_file_sweep(path);
    } else {
        fprintf(stderr,
                "largek %s: warning: no locks on this file system; let one process "
                "alone write %s\n",
                command, path);
    }

out:
    return st;
}

lk_status lk_output_open(lk_output *output, const char *path, lk_error *err)
{
    lk_status st = LK_OK;

    *output = (lk_output){.stream = stdout};
    if (path == NULL || strcmp(path, "-") == 0) return LK_OK;
    st = lk_atomic_open(&output->file, path, err);
    output->stream = output->file.stream;
    return st;
}

lk_status lk_output_commit(lk_output *output, lk_error *err)
{
    lk_status st = LK_OK;

    if (output->file.stream != NULL) st = lk_atomic_commit(&output->file, false, err);
    *output = (lk_output){0};
    return st;
}

void lk_output_abort(lk_output *output)
{
    lk_atomic_abort(&output->file);
    *output = (lk_output){0};
}
