/* largek/run.h - sampling: from a model and problems to a result.
 *
 *     lk_spec_init     what is asked                (model, problems, score, thresholds)
 *     lk_job_init      the same as a device sees it (limits in SSE, scales)
 *     backend->open    a device that knows the job
 *     lk_result_init   no attempts yet, or lk_result_read to go on with some
 *     lk_run           makes the missing attempts
 */
#ifndef LK_RUN_H
#define LK_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "largek/backend.h"
#include "largek/problems.h"
#include "largek/result.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fills a spec, with digests of decoder and problems; thresholds are sorted, and equal
 * ones become one.
 * Shapes  threshold [thresholds], in units of the score
 * Errors  LK_E_ARG for no thresholds, more than LK_THRESHOLDS_MAX, one that is not
 *         positive and finite, or such a temperature; LK_E_MEMORY */
lk_status lk_spec_init(lk_spec *spec, const lk_mlp *decoder,
                       const lk_problems *problems, lk_score score,
                       const double *threshold, size_t thresholds, double temperature,
                       uint64_t seed, lk_error *err);

/* Gives a spec another score and thresholds.
 * Errors  LK_E_ARG as above; *spec is then as it was */
lk_status lk_spec_set_score(lk_spec *spec, lk_score score, const double *threshold,
                            size_t thresholds, lk_error *err);

/* Lets outcomes decide how many attempts a problem gets; a threshold of 0 is the spec's
 * smallest.
 * Errors  LK_E_ARG for a threshold that is not one of the spec's, and for what is no rule */
lk_status lk_spec_set_until(lk_spec *spec, const lk_until *until, lk_error *err);

/* A score as a person reads it, from its SSE; `target` [pixels] serves rel-l2 only. */
double lk_score_of_sse(lk_score score, double sse, const float *target, size_t pixels);

/* The SSE at and below which a draw succeeds: in double, t*D for mse, t for sse, t*t for
 * l2 and t*t*||x||^2 for rel-l2. */
double lk_limit_of_threshold(lk_score score, double threshold, const float *target,
                             size_t pixels);

/* A workload and what it points to beyond model and problems. */
typedef struct {
    lk_workload work;
    float *scale;  /* [problems][latent]     */
    double *limit; /* [problems][thresholds] */
} lk_job;

/* Ownership  decoder and problems stay the caller's and must outlive the job; end it with
 *            lk_job_release
 * Errors     LK_E_MEMORY; LK_E_ARG where an index is above LK_ITEM_MAX, or a limit not a
 *            positive normal number (rel-l2 of a black target) */
lk_status lk_job_init(lk_job *job, const lk_mlp *decoder, const lk_problems *problems,
                      const lk_spec *spec, lk_error *err);
void lk_job_release(lk_job *job);

typedef struct {
    uint64_t done, total; /* attempts of the whole run, earlier sessions included;
                             2^64 - 1 for more than that */
    uint64_t made;        /* in this session                                      */
    double seconds;       /* of this session                                      */
    const lk_result *result;
} lk_progress;

/* Part `shard` of `shards`, from 0, of the attempts at every problem; {0, 0} is all of
 * them.  What is dealt to a shard depends on both numbers and on nothing else: with more
 * draws every shard gets more, and keeps what it had. */
typedef struct {
    uint64_t shard, shards;
} lk_share;

enum { LK_SHARDS_MAX = 65536 };

/* Attempts below `draws` that are the share's and that the result lacks, at most so many
 * where outcomes decide; 0 where it is complete, 2^64 - 1 for more than that. */
uint64_t lk_result_missing(const lk_result *result, uint64_t draws, lk_share share);

typedef enum { LK_GO_ON = 0, LK_SAVE_NOW, LK_STOP_NOW } lk_wish;

typedef struct {
    uint64_t draws;     /* attempts 0 .. draws - 1 of every problem, or as many of them
                            as the spec's `until` asks for                        */
    lk_share share;     /* of those, the attempts to make; {0}: all              */
    size_t trace;       /* canonical scores of the first J attempts to keep, at least */
    const char *output; /* (optional) where checkpoints and the result go        */
    double checkpoint_s; /* seconds between checkpoints                           */
    double patience_s;   /* how long the last write is tried again where it fails */
    double guard_scale;  /* the guard band is this many times the largest
                            difference that pilots show; 0: LK_GUARD_SCALE        */

    void *context;
    void (*on_progress)(void *context, const lk_progress *progress); /* or NULL */
    lk_wish (*on_batch)(void *context);                              /* or NULL */
    void (*on_warning)(void *context, const char *text);             /* or NULL */
    lk_status (*on_save)(void *context, lk_error *err); /* or NULL; writes the result
                                                           in place of `output`  */
} lk_run_options;

#define LK_GUARD_SCALE 8.0

/* Makes the attempts that `result` lacks, and writes it to options->output at intervals and
 * at the end.  Attempts of all problems grow together, so that a run that is stopped has
 * about the same n everywhere.
 *
 * At first pilot draws (as many a problem as the device asks for, of at most 1,024
 * problems) are scored by both scorers, and the
 * band of every problem becomes options->guard_scale times the largest difference near
 * the thresholds, or stays where an earlier session's was wider.  An audit outside the
 * band widens the problem's band and makes its attempts again.
 *
 * A device that makes a library's draws takes no pilots and no band, and only results
 * whose spec says LK_STREAM_NONE; no other device takes those.
 *
 * Errors  LK_E_STOPPED where on_batch asked for it: result and file hold what is done;
 *         LK_E_ARG for more draws than the stream has addresses, for a share that is none
 *         of LK_SHARDS_MAX at most, for a device whose draws are not the spec's, and for
 *         a trace of a library's draws; LK_E_IO where the last
 *         write failed (earlier ones warn and are tried again); what the device says */
lk_status lk_run(const lk_backend *backend, lk_device *device, const lk_job *job,
                 const lk_run_options *options, lk_result *result, lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_RUN_H */
