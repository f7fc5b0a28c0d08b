/* raring.h - what `largek rare` needs before and after its run. */
#ifndef LK_CLI_RARING_H
#define LK_CLI_RARING_H

#include <stdbool.h>

#include "base/lock.h"
#include "cli/common.h"
#include "cli/number.h"
#include "largek/rare.h"

typedef struct {
    lk_common common;
    const char *model, *data, *activations, *path, *precision, *isa, *check;
    lk_count_list problems;
    lk_real_list threshold;
    lk_score score;
    lk_latent_source latent;
    lk_rare_method method;
    uint64_t budget, starts, tile;
    double rel_error, temperature, checkpoint_s, max_time_s;
    bool force, strict, per_problem;
    const char *shard; /* "2/16", "auto", or NULL */
    lk_share share;    /* what that says          */
} lk_rare_args;

/* Everything that a run holds on to. */
typedef struct {
    lk_file_lock lock; /* of the output */
    lk_model model;
    lk_problems problems;
    lk_spec spec;
    lk_job job;
    const lk_backend *backend;
    lk_device *device; /* NULL where nothing is left to be made */
    lk_rare rare;
    bool complete;
} lk_raring;

/* As lk_sampling_open, for estimates. */
lk_status lk_raring_open(lk_raring *out, const lk_rare_args *args, lk_error *err);
void lk_raring_close(lk_raring *raring);

/* Holds the estimates against the counts of args->check, and writes what that changes.
 * Errors  as lk_result_read and lk_rare_check; LK_E_IO */
lk_status lk_raring_check(lk_raring *raring, const lk_rare_args *args, lk_error *err);

/* A row a threshold, or with --per-problem a row an estimate.
 * Errors  LK_E_IO, LK_E_MEMORY */
lk_status lk_raring_print(const lk_raring *raring, const lk_rare_args *args,
                          lk_error *err);

/* LK_OK, or with --strict LK_E_NUMERIC where some estimate is not sound. */
lk_status lk_raring_judge(const lk_raring *raring, const lk_rare_args *args,
                          lk_error *err);

#endif /* LK_CLI_RARING_H */
