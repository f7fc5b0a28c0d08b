/* common.h - options that many commands share, and what they are good for. */
#ifndef LK_CLI_COMMON_H
#define LK_CLI_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/file.h"
#include "base/lock.h"
#include "cli/option.h"
#include "cli/progress.h"
#include "io/table.h"
#include "largek/status.h"

typedef struct {
    uint64_t seed, threads; /* threads: 0 is lk_threads_default() */
    const char *device;
    lk_format format;
    bool quiet, progress;
    const char *output; /* NULL or "-": standard output */
} lk_common;

extern const char *const lk_format_names[];

/* Rows of option tables; `type` is the command's struct, with an lk_common `common`. */
#define LK_SEED_OPTION(type)                                                           \
    {                                                                                  \
        .name = "seed", .kind = LK_OPTION_SEED, .offset = offsetof(type, common.seed), \
        .metavar = "U64", .preset = "1", .help = "The seed of every random number."    \
    }
#define LK_DEVICE_OPTION(type)                                                     \
    {                                                                              \
        .name = "device", .kind = LK_OPTION_TEXT,                                  \
        .offset = offsetof(type, common.device), .metavar = "DEVICE",              \
        .preset = "auto",                                                          \
        .help = "Where to compute: auto, cpu, cuda, cuda:N, cuda:0,1 or cuda:all." \
    }
#define LK_THREADS_OPTION(type)                                                      \
    {                                                                                \
        .name = "threads", .kind = LK_OPTION_COUNT,                                  \
        .offset = offsetof(type, common.threads), .metavar = "N",                    \
        .bound = LK_BOUND_POSITIVE,                                                  \
        .help =                                                                      \
            "Threads of the processor; by default as many as this process may use. " \
            "No number depends on it."                                               \
    }
#define LK_FORMAT_OPTION(type)                                                 \
    {                                                                          \
        .name = "format", .kind = LK_OPTION_CHOICE,                            \
        .offset = offsetof(type, common.format), .metavar = "FORMAT",          \
        .choices = lk_format_names, .preset = "table", .help = "How to print." \
    }
#define LK_QUIET_OPTION(type)                                   \
    {                                                           \
        .name = "quiet", .letter = 'q', .kind = LK_OPTION_FLAG, \
        .offset = offsetof(type, common.quiet),                 \
        .help = "Say nothing on standard error but errors."     \
    }
#define LK_PROGRESS_OPTION(type)                                             \
    {                                                                        \
        .name = "progress", .kind = LK_OPTION_FLAG,                          \
        .offset = offsetof(type, common.progress),                           \
        .help = "Show progress also where standard error is not a terminal." \
    }
#define LK_OUTPUT_OPTION(type, text)                                               \
    {                                                                              \
        .name = "output", .letter = 'o', .kind = LK_OPTION_TEXT,                   \
        .offset = offsetof(type, common.output), .metavar = "FILE", .help = (text) \
    }

/* How progress is shown, by --quiet and --progress. */
lk_progress_mode lk_common_progress(const lk_common *common);

/* The number of threads asked for, or the default; also sets OpenMP's. */
size_t lk_common_threads(const lk_common *common);

/* Whether --output can be written as a file of its own: asked before long work starts.
 * Errors  LK_E_ARG for "-"; LK_E_IO with the folder and the reason */
lk_status lk_output_check(const char *path, lk_error *err);

/* Checks --output as above, keeps other processes from writing it, and removes what killed
 * ones left beside it; warns where the file system knows no locks.
 * Ownership  *lock is the caller's; end it with lk_lock_drop
 * Errors     as lk_output_check and lk_lock_take */
lk_status lk_output_lock(const char *path, const char *command, lk_file_lock *lock,
                         lk_error *err);

/* Standard output, or a file that is there whole at the end or not at all. */
typedef struct {
    FILE *stream;
    lk_atomic_file file;
} lk_output;

/* Errors  LK_E_IO, LK_E_MEMORY */
lk_status lk_output_open(lk_output *output, const char *path, lk_error *err);

/* Ends a file; standard output is checked at the end of the program.
 * Errors  LK_E_IO */
lk_status lk_output_commit(lk_output *output, lk_error *err);

/* Drops an unfinished file; does nothing after commit. */
void lk_output_abort(lk_output *output);

#endif /* LK_CLI_COMMON_H */
