/* sampling.h - what `largek sample` needs before and after its run. */
#ifndef LK_CLI_SAMPLING_H
#define LK_CLI_SAMPLING_H

#include <stdbool.h>

#include "base/lock.h"
#include "cli/common.h"
#include "cli/number.h"
#include "cli/scores.h"
#include "cluster/cluster.h"
#include "largek/run.h"
#include "largek/sweep.h"

typedef struct {
    lk_common common;
    const char *models;                   /* --model, one or several */
    lk_real_list temperatures;            /* --temperature           */
    const char *score_names, *thresholds; /* --score, --threshold           */
    lk_scores scores;                     /* what these two say             */
    const char *command;                  /* whose messages these are; NULL: sample */
    const char *model, *data, *activations, *path, *precision, *isa, *shard, *until;
    lk_count_list problems;
    lk_real_list threshold; /* of a single run: those in `scores` */
    lk_score score;
    lk_latent_source latent;
    uint64_t draws, trace, tile, block;
    double temperature, checkpoint_s, max_time_s, patience_s;
    bool force;
    lk_share share; /* what `shard` says */
} lk_sample_args;

/* Everything that a run holds on to. */
typedef struct {
    lk_file_lock lock; /* of the output */
    lk_model model;
    lk_problems problems;
    lk_spec spec;
    lk_job job;
    const lk_backend *backend;
    lk_device *device; /* NULL where nothing is left to be made */
    lk_result result;
    bool resumed, complete;
} lk_sampling;

/* Reads model and problems, and makes the spec of what is asked for.
 * Ownership  as lk_sampling_open */
lk_status lk_sampling_prepare(lk_sampling *out, const lk_sample_args *args,
                              lk_error *err);

/* Reads the output that is there, or its predecessor where it is damaged.
 * Ownership  *out is the caller's; end it with lk_sweep_release
 * Errors     LK_E_MISMATCH for what is no result; LK_E_IO, LK_E_MEMORY */
lk_status lk_sampling_read_existing(const lk_sample_args *args, lk_sweep *out,
                                    lk_error *err);

/* Reads model and problems, goes on with an existing result or starts one, and opens the
 * device, or those of all ranks of a cluster; tells on standard error what it took.
 *
 * cluster    NULL for this process alone
 * Ownership  *out is the caller's; end it with lk_sampling_close
 * Errors     LK_E_IO where the output could not be written; LK_E_MISMATCH for an existing
 *            file that is no result of this spec (unless --force), or where another
 *            process is writing it; what the parts say */
lk_status lk_sampling_open(lk_sampling *out, const lk_sample_args *args,
                           lk_cluster *cluster, lk_error *err);
void lk_sampling_close(lk_sampling *sampling);

/* Opens the device that the arguments ask for on sampling->job, on all ranks of a cluster or,
 * where that is NULL, here, and tells which.
 * Errors  what lk_backend_open and lk_cluster_open say */
lk_status lk_sampling_device(lk_sampling *sampling, const lk_sample_args *args,
                             lk_cluster *cluster, lk_error *err);

/* Reads model and problems of a result that is to be made again, in parts, and opens the
 * device; takes score, thresholds, temperature and seed from `result`, which becomes
 * out->result.
 * Ownership  as lk_sampling_open; on failure *result stays the caller's
 * Errors     LK_E_MISMATCH with both digests where model or data are others */
lk_status lk_sampling_reopen(lk_sampling *out, const lk_sample_args *args,
                             lk_result *result, lk_error *err);

/* A lk_cluster_opener: the device of --device on a workload, or on a host of several ranks
 * this one's share.  Its context is an lk_opening.
 * Errors  those of lk_device_choose and the backend */
typedef struct {
    const lk_sample_args *args;
    lk_rank_place place;
} lk_opening;

lk_status lk_sampling_opener(void *context, const lk_workload *workload,
                             const lk_backend **backend, lk_device **device,
                             lk_error *err);

/* The summary: a row a threshold.
 * Errors  LK_E_IO, LK_E_MEMORY */
lk_status lk_sampling_summarise(const lk_sampling *sampling, lk_format format,
                                lk_error *err);

#endif /* LK_CLI_SAMPLING_H */
