/* largek/rare.h - success probabilities far below one in any number of draws.
 *
 * p = P(score(mu + T sigma eps) <= threshold), eps ~ N(0, I).  Two methods:
 *
 *   importance  draws from a mixture q of Gaussians that was adapted to the event, each
 *               success weighing phi(eps) / q(eps): E_q of that is p [1]
 *   splitting   a population is moved to ever lower scores by preconditioned
 *               Crank-Nicolson steps; p is the product of the shares that got there [2, 3]
 *
 * The importance estimate is made of fresh draws alone, whatever the adaptation saw, so it
 * is unbiased; its proposal is a matter of variance.  The adaptation:
 *
 *   modes       from several starts, Levenberg-Marquardt steps down score / (2 tau^2) +
 *               |eps|^2 / 2, tau falling with the thresholds; ends that a segment of
 *               successes joins are one mode
 *   levels      cross-entropy [1]: the tenth of a round's draws with the lowest scores, or
 *               those at or below the threshold where they are more, weighted, give means
 *               and full covariances of the modes; thresholds in descending order, each
 *               starting from the proposal of the one above
 *   mixture     every mode has a share and a wider twin, and N(0, I) has one; where that
 *               alone succeeds once in ten draws it is all there is
 *
 * Which score decides, and which draws: a draw is the float vector z = fmaf(T sigma, eps,
 * mu) with eps rounded to float; the event is a set of such z, and the weight is that of
 * the unrounded eps, so rounding is part of the event and not of the estimate.  A count of
 * `largek sample` is of the same event under normals of 32-bit words, which end at
 * 6.77; proposals end as far from their own means, where less than 1e-10 of p lies.
 * Draws within the guard band of a level are decided by the canonical score, so that
 * every decision, and with it every number here, is the same on every device and for any
 * number of threads (and build and C library, for logarithms).
 *
 * The stream: purpose 1, item = index of the problem, block = stage * 2^48 + draw * B + b,
 * B = ceil(L/4) + 1, stage = (kind * 64 + threshold) * 128 + round; kinds are in
 * src/engine/rare.h.
 *
 * References
 *   [1] R. Y. Rubinstein, D. P. Kroese, "The Cross-Entropy Method", Springer (2004), ch. 3.
 *   [2] F. Cerou, A. Guyader, "Adaptive multilevel splitting for rare event analysis",
 *       Stoch. Anal. Appl. 25 (2007) 417-443.
 *   [3] S. L. Cotter, G. O. Roberts, A. M. Stuart, D. White, "MCMC methods for functions",
 *       Statist. Sci. 28 (2013) 424-446: the pCN proposal.
 *   [4] A. Owen, Y. Zhou, "Safe and effective importance sampling", JASA 95 (2000) 135-143:
 *       defensive mixtures, deterministic shares.
 */
#ifndef LK_RARE_H
#define LK_RARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "largek/backend.h"
#include "largek/result.h"
#include "largek/run.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* L x L matrices are held for every mode, and addresses have room for that many. */
enum { LK_RARE_LATENT_MAX = 1000, LK_RARE_STARTS_MAX = 255 };

typedef enum { LK_RARE_IMPORTANCE = 0, LK_RARE_SPLITTING, LK_RARE_BOTH } lk_rare_method;

/* "importance", "splitting", "both"; never NULL. */
const char *lk_rare_method_name(lk_rare_method method);

/* What became of an estimate; values are those in files. */
typedef enum {
    LK_RARE_PENDING = 0,
    LK_RARE_OK,
    LK_RARE_NOT_MET,   /* the budget ended before the relative error was met         */
    LK_RARE_UNSTABLE,  /* slices disagree, or a few weights are most of the sum      */
    LK_RARE_DISAGREES, /* with the other method, or with counts                      */
    LK_RARE_NONE_FOUND /* no draw reached the threshold: no estimate                 */
} lk_rare_status;
#define LK_RARE_STATUSES 6

/* "ok", "rel_error_not_met", "none_found"; never NULL. */
const char *lk_rare_status_name(lk_rare_status status);

/* One problem at one threshold. */
typedef struct {
    double log_p;     /* natural; NaN where none was found                        */
    double rel_error; /* standard error of p over p; NaN alike                    */
    double log_lo,
        log_hi; /* 95 %: log_p -+ 1.96 rel_error, and Clopper-Pearson for plain
                              draws.  None found: -infinity and the Clopper-Pearson
                              bound of the plain draws that began the work            */
    double ess; /* (sum w)^2 / sum w^2, over the successes                  */
    double largest_share; /* of the weight, that a single draw has                    */
    double stability;     /* p-value of ten slices' agreement (chi-square)            */
    double best_sse;      /* smallest canonical SSE that anything reached             */
    double other_log_p, other_rel_error; /* by splitting, with LK_RARE_BOTH; else NaN */
    double check; /* p-value of agreement with counts; NaN where none were given  */
    uint64_t draws, hits; /* of the estimate                                          */
    uint64_t spent;       /* draws of everything: search, adaptation, estimate        */
    uint64_t modes;       /* 0 where plain draws were enough                          */
    lk_rare_status status;
} lk_rare_estimate;

/* What an estimate depends on, beside the spec. */
typedef struct {
    lk_rare_method method;
    double rel_error; /* wanted                                                       */
    uint64_t
        budget; /* draws of an estimate at most; 5,120 are made in any case                                 */
    size_t starts; /* of the search for modes                                      */
} lk_rare_options;

/* importance, 0.02, 1e6 draws, 12 starts. */
lk_rare_options lk_rare_defaults(void);

/* Estimates of all problems, in a file as tensors [P][T] of those names; `log_p` and what
 * goes with it F64, counts and status I64; `index` I64 [P], `threshold` F64 [T].
 * Metadata: `largek.rare` (options) and `largek.rare.spec` (as a result's) in JSON, what
 * happened in `largek.run`, and `xxh3`. */
typedef struct {
    lk_spec spec;
    lk_rare_options options;
    uint64_t *index;      /* [problems]                                           */
    lk_rare_estimate *at; /* [problems][thresholds]                               */
    char device[128], path[64];
    double seconds;
} lk_rare;

/* Shapes     index [spec->problems]
 * Ownership  *out is the caller's; end it with lk_rare_release
 * Errors     LK_E_ARG for options out of range; LK_E_MEMORY */
lk_status lk_rare_init(lk_rare *out, const lk_spec *spec,
                       const lk_rare_options *options, const uint64_t *index,
                       lk_error *err);
void lk_rare_release(lk_rare *rare);

/* Whether every threshold of the problem has its estimate. */
bool lk_rare_done(const lk_rare *rare, size_t problem);

/* Whether the problem of that row is the share's: row mod shards is its shard.  Difficulty
 * seldom goes by the rows, so that shards have about the same to do. */
bool lk_rare_dealt(lk_share share, size_t problem);

/* Whether the file is one of these, by its metadata; false also where it cannot be read,
 * and for pipes, which could be read but once. */
bool lk_rare_recognise(const char *path);

/* Errors  LK_E_IO, LK_E_MEMORY; LK_E_MISMATCH for whatever is wrong with the content */
lk_status lk_rare_read(const char *path, lk_rare *out, lk_error *err);

/* Writes atomically; a file already there becomes PATH.prev.
 * Errors  LK_E_IO, LK_E_MEMORY */
lk_status lk_rare_write(const char *path, const lk_rare *rare, lk_error *err);

/* Takes up a file's estimates for a run with these options.  A smaller relative error, or a
 * larger budget, makes those again that do not meet it; all else must be the same.
 * Errors  LK_E_MISMATCH naming the first difference; LK_E_ARG for options out of range */
lk_status lk_rare_resume(lk_rare *rare, const lk_spec *spec,
                         const lk_rare_options *options, lk_error *err);

/* Holds the estimates against the counts of a run of the same model, problems, score and
 * temperature: per problem and threshold that both have, an exact two-sided test of
 * largek/agreement.h, in `check`; those that Holm's procedure refuses, at a chance of
 * `alpha` of any false alarm in the file, become LK_RARE_DISAGREES.
 * Errors  LK_E_MISMATCH where it is of another model or task, or has no threshold or
 *         problem in common; LK_E_MEMORY */
lk_status lk_rare_check(lk_rare *rare, const lk_result *result, double alpha,
                        size_t *tested, size_t *refused, lk_error *err);

/* Puts counts of a run of the same task in the place of estimates that they are better than,
 * in relative error, or that found nothing; where both found nothing, the counts' bound if
 * it is lower.  *replaced is how many estimates gave way.
 * Errors  LK_E_MISMATCH where it is of another model or task */
lk_status lk_rare_combine(lk_rare *rare, const lk_result *result, size_t *replaced,
                          lk_error *err);

/* Adds the problems of `from` that `into` lacks; *added is how many.  Those that both have
 * must be the same to the bit, what counts said of them apart: where one was held against
 * counts, that stays.  Seconds are summed where anything was added.
 * Errors  LK_E_MISMATCH for another spec, other problems or options, or estimates that
 *         contradict each other, naming the first; `into` is as it was then */
lk_status lk_rare_merge(lk_rare *into, const lk_rare *from, size_t *added,
                        lk_error *err);

/* Whether all that `part` has is in `whole`, the same to the bit as above; false too where
 * they cannot be merged. */
bool lk_rare_holds(const lk_rare *whole, const lk_rare *part);

typedef struct {
    size_t done, total; /* problems, of the share */
    uint64_t spent;     /* draws in this session */
    double seconds;
    const lk_rare *rare;
} lk_rare_progress;

typedef struct {
    const char *output;  /* (optional) where checkpoints and the result go            */
    double checkpoint_s; /* seconds between checkpoints                               */
    size_t threads;      /* of the host, for proposals and weights; 0 is 1            */
    lk_share share;      /* of the problems; {0}: all                                 */
    void *context;
    void (*on_progress)(void *context, const lk_rare_progress *progress); /* or NULL  */
    lk_wish (*on_batch)(void *context);                                   /* or NULL  */
    void (*on_warning)(void *context, const char *text);                  /* or NULL  */
} lk_rare_run_options;

/* Estimates the problems of the share that `rare` lacks, one after the other, and writes it to
 * run->output at intervals and at the end.  A problem that is interrupted begins anew.
 * Errors  LK_E_STOPPED where on_batch asked for it; LK_E_ARG for a latent dimension above
 *         LK_RARE_LATENT_MAX; LK_E_IO where the last write failed; what the device says */
lk_status lk_rare_run(const lk_backend *backend, lk_device *device, const lk_job *job,
                      const lk_rare_run_options *run, lk_rare *rare, lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_RARE_H */
