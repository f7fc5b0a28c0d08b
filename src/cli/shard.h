/* shard.h - `--shard i/n`: one of several processes that share a run without talking. */
#ifndef LK_CLI_SHARD_H
#define LK_CLI_SHARD_H

#include "largek/run.h"

/* Reads "2/16" (from 1), or takes "auto" from the environment of a Slurm array:
 * SLURM_ARRAY_TASK_ID, _MIN, _MAX, _STEP and _COUNT.
 * Errors  LK_E_ARG for what is neither, for "auto" outside an array, for an array with
 *         holes, and for one of a single task, which may be a failed one run again */
lk_status lk_shard_parse(const char *text, lk_share *out, lk_error *err);

/* The shard's own file: "run.safetensors" is "run.shard-2-of-16.safetensors".
 * Ownership  *out is the caller's; free it
 * Errors     LK_E_MEMORY */
lk_status lk_shard_path(const char *path, lk_share share, char **out, lk_error *err);

#endif /* LK_CLI_SHARD_H */
