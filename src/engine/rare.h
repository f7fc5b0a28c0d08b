/* rare.h - the parts of rare-event estimation, apart so that tests can ask each. */
#ifndef LK_ENGINE_RARE_H
#define LK_ENGINE_RARE_H

#include "engine/engine.h"
#include "largek/rare.h"

enum {
    LK_RARE_LANES = 16,  /* draws side by side: a group, all of one part             */
    LK_RARE_GROUPS = 32, /* of a unit; shares are in parts of this                   */
    LK_RARE_UNIT = LK_RARE_LANES * LK_RARE_GROUPS,
    LK_RARE_MODES_MAX = 8,
    LK_RARE_PARTS_MAX = 1 + 2 * LK_RARE_MODES_MAX,
    LK_RARE_SLICES = 10
};

/* Where in a problem's stream a draw comes from; never renumber. */
typedef enum {
    LK_RARE_KIND_START = 0, /* starts of the search                                  */
    LK_RARE_KIND_ROUND,     /* adaptation; round 0 at the top threshold is plain     */
    LK_RARE_KIND_FINAL,     /* the estimate                                          */
    LK_RARE_KIND_PARTICLE,  /* splitting: the first population; round = run          */
    LK_RARE_KIND_MOVE       /* splitting: moves; round = run                         */
} lk_rare_kind;

typedef struct {
    uint64_t seed, item;
    uint64_t stage; /* block of its first draw */
} lk_rare_address;

/* threshold < 64, round < 128 */
static inline lk_rare_address lk_rare_at(const lk_workload *work, size_t problem,
                                         lk_rare_kind kind, size_t threshold,
                                         size_t round)
{
    const uint64_t stage = ((uint64_t)kind * 64 + threshold) * 128 + round;

    return (lk_rare_address){work->seed, work->index[problem], stage << 48};
}

static inline uint64_t lk_rare_blocks(size_t latent)
{
    return lk_blocks(latent) + 1;
}

/* ---- Gaussians and mixtures (rare_gauss.c, rare_mixture.c) ---- */

/* A lower Cholesky factor in place of a symmetric matrix (its lower triangle is read; the
 * rest becomes 0); false where it is not positive definite.
 * Shapes  a [n][n] */
bool lk_cholesky(double *a, size_t n);

/* The inverse of a lower triangular matrix.
 * Shapes  a, out [n][n] */
void lk_lower_inverse(const double *a, size_t n, double *out);

typedef struct {
    double *mean;    /* [L]                                                          */
    double *factor;  /* [L][L] lower Cholesky factor of the covariance               */
    double *inverse; /* [L][L] of the factor                                         */
    double log_det;  /* of the inverse                                               */
    double share;    /* of the probability, as last seen                             */
} lk_gauss;

/* Parts: 0 is N(0, I); 1 + 2m is mode m and 2 + 2m its twin, LK_RARE_WIDER times as wide. */
typedef struct {
    size_t latent, modes;
    lk_gauss mode[LK_RARE_MODES_MAX];
    uint8_t part[LK_RARE_GROUPS];      /* of a unit's groups, ascending             */
    uint8_t groups[LK_RARE_PARTS_MAX]; /* of a part                                 */
    double
        log_weight[LK_RARE_PARTS_MAX]; /* log of its share, and of the twin's 1/s^L */
    double *arena;
} lk_mixture;

#define LK_RARE_WIDER 1.25

/* N(0, I) alone, with room for all modes. */
lk_status lk_mixture_init(lk_mixture *mixture, size_t latent, lk_error *err);
void lk_mixture_release(lk_mixture *mixture);
void lk_mixture_copy(lk_mixture *to, const lk_mixture *from);

/* Adds a mode with that mean and covariance (destroyed); false where there is no room or
 * the matrix is not positive definite. */
bool lk_mixture_add(lk_mixture *mixture, const double *mean, double *covariance,
                    double share);
void lk_mixture_drop(lk_mixture *mixture, size_t mode);

/* Gives out a unit's groups by the modes' shares; call after any change.
 * plain  share of the probability that N(0, I) serves well */
void lk_mixture_deal(lk_mixture *mixture, double plain);

/* A group of LANES draws from one part: eps, and of every draw the terms
 * share q(eps) / phi(eps) of all parts as e^top * sum.
 * Shapes  eps [L][LANES], top, sum [LANES], scratch [2 * L * LANES] */
void lk_mixture_draw(const lk_mixture *mixture, lk_rare_address at, uint64_t unit,
                     size_t group, double *eps, double *top, double *sum,
                     double *scratch);

/* log of share * density of mode m and its twin together, of one point, over phi.
 * Shapes  eps [L], scratch [L] */
double lk_mixture_log_mode(const lk_mixture *mixture, size_t mode, const double *eps,
                           double *scratch);

/* Standard normals of draws first .. first + LANES - 1.
 * Shapes  xi [L][LANES] */
void lk_rare_normals(lk_rare_address at, uint64_t first, size_t latent, double *xi);

/* ---- Draws and decisions (rare_batch.c) ---- */

/* A problem at work on a device. */
typedef struct {
    const lk_backend *backend;
    lk_device *device;
    const lk_workload *work;
    size_t problem, latent, threads;
    double band; /* of the problem; widened by what canonical scores show            */
    double top;  /* the highest limit, from which the band widens in proportion      */
    double best; /* smallest canonical score                                         */
    uint64_t spent;

    size_t room;  /* draws a batch holds                                            */
    size_t count; /* draws it does hold                                             */
    double *eps;  /* [room / LANES][L][LANES]                                       */
    double *top_of, *sum_of; /* [room] q / phi = e^top * sum                          */
    float *z;       /* [room][L]                                                      */
    double *score;  /* [room] fast, or canonical where exact                          */
    uint8_t *exact; /* [room]                                                         */
    uint8_t *hit;   /* [room] of the last decision                                    */
    uint8_t *chosen; /* [room] those that lk_batch_level is about; all after scoring  */
    double *order;  /* [room]                                                         */
    size_t *doubt;  /* [room]                                                         */
    float *doubt_z; /* [room][L]                                                      */
    double *doubt_score; /* [room]                                                    */
    double *scratch;     /* [threads][2 * L * LANES]                                  */
} lk_batch;

lk_status lk_batch_init(lk_batch *batch, const lk_backend *backend, lk_device *device,
                        const lk_workload *work, size_t room, size_t threads,
                        lk_error *err);
void lk_batch_release(lk_batch *batch);

/* Draws whole units from a mixture and scores them fast. */
lk_status lk_batch_draw(lk_batch *batch, const lk_mixture *mixture, lk_rare_address at,
                        uint64_t first_unit, size_t units, lk_error *err);

/* Scores what batch->eps holds fast (splitting fills it itself). */
lk_status lk_batch_score(lk_batch *batch, lk_error *err);

/* hit[j] = canonical score <= limit, for all draws; *hits is their number. */
lk_status lk_batch_decide(lk_batch *batch, double limit, size_t *hits, lk_error *err);

/* The k-th smallest canonical score (k from 1) of the chosen draws, and for those hit[j] =
 * score <= it. */
lk_status lk_batch_level(lk_batch *batch, size_t k, double *level, lk_error *err);

void lk_batch_choose_all(lk_batch *batch);

/* Takes the batch's smallest canonical score into batch->best. */
lk_status lk_batch_best(lk_batch *batch, lk_error *err);

static inline double lk_batch_eps(const lk_batch *batch, size_t j, size_t d)
{
    return batch->eps[(j / LK_RARE_LANES * batch->latent + d) * LK_RARE_LANES +
                      j % LK_RARE_LANES];
}

/* ---- The decoder's slope (rare_net.c) and the search for modes (rare_search.c) ---- */

typedef struct {
    const lk_workload *work;
    size_t problem, padded; /* tangents, a multiple of 8 */
    double *x[2];           /* [widest]             */
    double *tangent[2];     /* [widest][padded]     */
    uint32_t *active;       /* [widest]             */
    double *gradient;       /* [L] J^T r            */
    double *normal;         /* [L][L] J^T J         */
} lk_net;

lk_status lk_net_init(lk_net *net, const lk_workload *work, lk_error *err);
void lk_net_release(lk_net *net);

/* SSE at eps in double, and with `slopes` J^T r and J^T J of y(mu + scale eps). */
double lk_net_sse(lk_net *net, const double *eps, bool slopes);

/* Where a start ended. */
typedef struct {
    double *eps; /* [L] */
    double sse, objective;
    bool alive; /* false: it joined another */
} lk_start;

typedef struct {
    size_t starts, latent, threads;
    lk_start *start;
    lk_net *net;  /* [threads]               */
    double *step; /* [threads][L * (L + 4)]  */
    double *arena;
    size_t modes;
    size_t mode[LK_RARE_MODES_MAX]; /* the starts that stand for modes */
    uint64_t evaluations;           /* decodes, slopes counted as L */
} lk_search;

lk_status lk_search_init(lk_search *search, const lk_workload *work, size_t starts,
                         size_t threads, lk_error *err);
void lk_search_release(lk_search *search);
void lk_search_begin(lk_search *search, size_t problem);

/* Moves all starts to minima for this limit and finds the modes among them. */
void lk_search_descend(lk_search *search, double limit);

/* The smallest SSE of the modes' minima, and whose it is. */
double lk_search_least(const lk_search *search);

/* The Gaussian of a mode at this limit: tau such that the mean score is the limit.
 * Shapes  mean [L], covariance [L][L]; false where there is none */
bool lk_search_laplace(lk_search *search, size_t mode, double limit, double *mean,
                       double *covariance);

/* ---- Adaptation, estimate, splitting ---- */

typedef struct {
    double log_scale; /* sums are of w e^-log_scale               */
    double sum[LK_RARE_PARTS_MAX], square[LK_RARE_PARTS_MAX];
    double slice[LK_RARE_SLICES];
    uint64_t slice_units[LK_RARE_SLICES];
    double largest;
    uint64_t units, hits;
} lk_sums;

/* Adds the hits of a batch of whole units, the first of them unit `first_unit`. */
void lk_sums_add(lk_sums *sums, const lk_batch *batch, const lk_mixture *mixture,
                 uint64_t first_unit);

/* Estimate, error and diagnostics of the sums. */
void lk_sums_finish(const lk_sums *sums, const lk_mixture *mixture,
                    lk_rare_estimate *out);

/* An estimate that found nothing. */
lk_rare_estimate lk_rare_none(void);

/* One round of cross-entropy on the batch's hits; returns the power that their weights
 * were raised to, 1 where they could be taken as they are.
 * own     a mode learns from its own draws alone; else each hit is shared among modes
 * Shapes  work [lk_mixture_refit_room(L)] */
size_t lk_mixture_refit_room(size_t latent);
double lk_mixture_refit(lk_mixture *mixture, const lk_batch *batch, bool own,
                        double *work);

/* The proposal of one threshold, from that of the one above.
 * log_p, rel_variance  of the last round: scale and size of the estimate to come
 * found                whether any draw reached the limit */
lk_status lk_rare_adapt(lk_batch *batch, lk_search *search, lk_mixture *mixture,
                        size_t threshold, double limit, double rel_error,
                        const lk_stopper *watch, double *log_p, double *rel_variance,
                        bool *found, lk_error *err);

/* The estimate of one threshold, from fresh draws. */
lk_status lk_rare_estimate_draws(lk_batch *batch, const lk_mixture *mixture,
                                 size_t threshold, double limit,
                                 const lk_rare_options *options, double log_scale,
                                 double rel_variance, const lk_stopper *watch,
                                 lk_rare_estimate *out, lk_error *err);

/* Plain draws that splitting begins with, at least: a population a run. */
enum { LK_RARE_SPLIT_PLAIN = 8 * 1024 };

/* Splitting, for all thresholds of a problem: runs until every relative error is met, or
 * the budget of all thresholds together is spent.
 * Shapes  limit, out [thresholds] */
lk_status lk_rare_split(lk_batch *batch, const double *limit, size_t thresholds,
                        double rel_error, uint64_t budget, const lk_stopper *watch,
                        lk_rare_estimate *out, lk_error *err);

#endif /* LK_ENGINE_RARE_H */
