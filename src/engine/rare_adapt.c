/* rare_adapt.c - the proposal of a threshold.
 *
 * Two stages.  On the way down every mode descends by itself: its level is the tenth part of
 * its own draws with the lowest scores, and it learns from those alone, so that a mode which
 * is far down does not starve the others.  At the threshold, when each mode has arrived
 * or can go no lower, hits are shared by all modes until the estimate to come is as
 * cheap as it gets.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rare.h"

enum {
    UNITS = 8,        /* of a round on the way to a threshold                       */
    UNITS_TAMED = 16, /* of a round at it, where few weights are nearly all         */
    UNITS_MAX = 64,   /* of a round at it, where weights differ much                */
    WAY_MAX = 64,     /* rounds on the way                                          */
    STALLED_MAX = 6,  /* rounds that go down too slowly                             */
    HOPELESS_MAX = 2, /* the same, where the search ended far above the limit       */
    SETTLED_MIN = 2,
    SETTLED_MAX = 12, /* rounds at the threshold                                    */
    TAMED_MAX = 40    /* rounds there whose weights had to be tamed                 */
};

static const double elite = 0.1;     /* share of a mode's draws that makes a level   */
static const double far_above = 1.2; /* a mode whose minimum is that many times the
                                          limit is none                                */
static const double good = 4.0;      /* relative variance that ends the adaptation   */
static const double too_slow = 40.0; /* rounds that would be left at a level's pace  */
static const double hopeless = 1.05; /* the least of the search over the limit       */
static const double negligible =
    1e-5; /* share of a mode that is dropped              */

/* What one threshold's adaptation works with. */
typedef struct {
    lk_batch *batch;
    lk_mixture *mixture;
    const lk_stopper *watch;
    size_t threshold, round, stalled_max;
    double limit;
    double *work;
    size_t hits; /* of the last round, at the limit */
    size_t own[LK_RARE_MODES_MAX], draws[LK_RARE_MODES_MAX]; /* a mode's, of them */
    double lowest[LK_RARE_MODES_MAX];
    size_t stalled[LK_RARE_MODES_MAX];
} descent;

/* N(0, I) as a mode, where the search has none. */
static void add_plain_mode(lk_mixture *mixture, double *work)
{
    const size_t n = mixture->latent;

    memset(work, 0, (n + n * n) * sizeof *work);
    for (size_t i = 0; i < n; i++) work[n + i * n + i] = 1.0;
    lk_mixture_add(mixture, work, work + n, 1.0);
}

/* Modes of the search in place of those of the threshold above, whose best one stays
 * beside them in case the search found nothing as good. */
static void take_modes(lk_search *search, lk_mixture *mixture, double limit,
                       double *work)
{
    const size_t n = mixture->latent;
    double *mean = work, *covariance = work + n;
    size_t best = 0;

    for (size_t k = 1; k < mixture->modes; k++) {
        if (mixture->mode[k].share > mixture->mode[best].share) best = k;
    }
    for (size_t k = mixture->modes; k-- > 0;) {
        if (k != best) lk_mixture_drop(mixture, k);
    }
    for (size_t m = 0; m < search->modes; m++) {
        if (m > 0 && search->start[search->mode[m]].sse > far_above * limit) continue;
        if (!lk_search_laplace(search, m, limit, mean, covariance)) continue;
        lk_mixture_add(mixture, mean, covariance, 1.0);
    }
    if (mixture->modes == 0) add_plain_mode(mixture, work);
    for (size_t k = 0; k < mixture->modes; k++) mixture->mode[k].share = 1.0;
    lk_mixture_deal(mixture, 0.0);
}

/* The mode that made draw j, or `modes` for a plain one. */
static size_t maker(const lk_mixture *mixture, size_t j)
{
    const size_t part = mixture->part[j % LK_RARE_UNIT / LK_RARE_LANES];

    return part == 0 ? mixture->modes : (part - 1) / 2;
}

static lk_status next_round(descent *d, size_t units, lk_error *err)
{
    const lk_rare_address at = lk_rare_at(d->batch->work, d->batch->problem,
                                          LK_RARE_KIND_ROUND, d->threshold, ++d->round);
    lk_status st = LK_OK;

    LK_TRY(lk_stopper_ask(d->watch, err));
    LK_TRY(lk_batch_draw(d->batch, d->mixture, at, 0, units, err));
    LK_TRY(lk_batch_decide(d->batch, d->limit, &d->hits, err));
    if (d->hits == 0) LK_TRY(lk_batch_best(d->batch, err));
    memset(d->own, 0, sizeof d->own);
    memset(d->draws, 0, sizeof d->draws);
    for (size_t j = 0; j < d->batch->count; j++) {
        const size_t k = maker(d->mixture, j);

        if (k == d->mixture->modes) continue;
        d->draws[k]++;
        d->own[k] += d->batch->hit[j];
    }

out:
    return st;
}

static size_t elites(const descent *d, size_t mode)
{
    return (size_t)(elite * (double)d->draws[mode]);
}

/* A mode's own level, where it has not arrived. */
static lk_status lower_mode(descent *d, size_t mode, lk_error *err)
{
    double level;
    lk_status st = LK_OK;

    for (size_t j = 0; j < d->batch->count; j++) {
        d->batch->chosen[j] = maker(d->mixture, j) == mode;
    }
    LK_TRY(lk_batch_level(d->batch, elites(d, mode), &level, err));
    const double fallen = d->lowest[mode] - level; /* infinite at first */

    d->stalled[mode] = level - d->limit < too_slow * fallen ? 0 : d->stalled[mode] + 1;
    d->lowest[mode] = fmin(d->lowest[mode], level);

out:
    lk_batch_choose_all(d->batch);
    return st;
}

/* Modes that stalled without a hit go, unless that is all of them. */
static void drop_stalled(descent *d)
{
    for (size_t k = d->mixture->modes; k-- > 0 && d->mixture->modes > 1;) {
        if (d->own[k] > 0) continue;
        lk_mixture_drop(d->mixture, k);
    }
}

/* Rounds on the way; the last one's draws are decided at the limit. */
static lk_status go_down(descent *d, lk_error *err)
{
    lk_status st = LK_OK;

    for (;;) {
        size_t on_the_way = 0;

        LK_TRY(next_round(d, UNITS, err));
        for (size_t k = 0; k < d->mixture->modes; k++) {
            if (d->own[k] >= elites(d, k) || d->stalled[k] >= d->stalled_max) continue;
            on_the_way++;
        }
        if (on_the_way == 0 || d->round >= WAY_MAX) break;
        for (size_t k = 0; k < d->mixture->modes; k++) {
            if (d->own[k] < elites(d, k)) LK_TRY(lower_mode(d, k, err));
        }
        lk_mixture_refit(d->mixture, d->batch, true, d->work);
    }
    drop_stalled(d);
    lk_mixture_deal(d->mixture, 0.0);

out:
    return st;
}

/* What a round itself says of p: the scale and size of the estimate to come. */
static void round_estimate(const lk_batch *batch, const lk_mixture *mixture,
                           double *log_p, double *rel_variance)
{
    double least = INFINITY;
    lk_sums sums = {0};
    lk_rare_estimate e = {0};

    for (size_t j = 0; j < batch->count; j++) {
        if (batch->hit[j]) least = fmin(least, batch->top_of[j]);
    }
    sums.log_scale = -least;
    lk_sums_add(&sums, batch, mixture, 0);
    lk_sums_finish(&sums, mixture, &e);
    *log_p = e.log_p;
    *rel_variance = e.rel_error * e.rel_error * (double)e.draws;
}

/* At the threshold. */
typedef struct {
    size_t settled, tamed;
    double best;    /* relative variance so far                    */
    size_t waiting; /* rounds since it last fell                   */
    double wanted;  /* draws of an estimate of relative variance 1 */
    double spent;   /* draws of the rounds so far                  */
} settling;

/* Whether more rounds would help.  While weights had to be tamed the proposal still
 * moves, and what the rounds say of its variance means nothing. */
static bool goes_on(settling *s, double rel_variance, double power)
{
    if (power < 1.0) return ++s->tamed < TAMED_MAX;
    s->settled++;
    s->waiting = rel_variance < 0.8 * s->best ? 0 : s->waiting + 1;
    s->best = fmin(s->best, rel_variance);
    if (s->settled < SETTLED_MIN) return true;
    if (rel_variance * s->wanted < s->spent) return false; /* not worth the draws */
    return rel_variance > good && s->waiting < 3 && s->settled < SETTLED_MAX;
}

/* Units that hold some 500 effective hits, where that can be had. */
static size_t round_units(double rel_variance, double power)
{
    const double wanted = rel_variance * 500.0 / LK_RARE_UNIT;

    if (power < 1.0) return UNITS_TAMED;
    return wanted > UNITS_MAX ? UNITS_MAX : wanted > UNITS ? (size_t)wanted : UNITS;
}

static void drop_negligible(lk_mixture *mixture)
{
    for (size_t k = mixture->modes; k-- > 0 && mixture->modes > 1;) {
        if (mixture->mode[k].share < negligible) lk_mixture_drop(mixture, k);
    }
}

static lk_status settle_down(descent *d, double rel_error, double *log_p,
                             double *rel_variance, lk_error *err)
{
    settling state = {.best = INFINITY, .wanted = 1.0 / (rel_error * rel_error)};
    size_t units = UNITS;
    bool more = true;
    lk_status st = LK_OK;

    while (more) {
        LK_TRY(next_round(d, units, err));
        if (d->hits == 0) break;
        round_estimate(d->batch, d->mixture, log_p, rel_variance);
        state.spent += (double)d->batch->count;
        const double power = lk_mixture_refit(d->mixture, d->batch, false, d->work);

        more = goes_on(&state, *rel_variance, power);
        units = round_units(*rel_variance, power);
        drop_negligible(d->mixture);
        /* Plain draws hit with chance p, and serve as well as that. */
        lk_mixture_deal(d->mixture, fmin(0.5, exp(*log_p)));
    }

out:
    return st;
}

lk_status lk_rare_adapt(lk_batch *batch, lk_search *search, lk_mixture *mixture,
                        size_t threshold, double limit, double rel_error,
                        const lk_stopper *watch, double *log_p, double *rel_variance,
                        bool *found, lk_error *err)
{
    descent d = {.batch = batch,
                 .mixture = mixture,
                 .watch = watch,
                 .threshold = threshold,
                 .limit = limit,
                 .stalled_max = STALLED_MAX,
                 .work =
                     calloc(lk_mixture_refit_room(mixture->latent), sizeof(double))};
    lk_status st = LK_OK;

    if (d.work == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a refit");
    for (size_t k = 0; k < LK_RARE_MODES_MAX; k++) d.lowest[k] = INFINITY;
    *log_p = *rel_variance = NAN;
    lk_search_descend(search, limit);
    take_modes(search, mixture, limit, d.work);
    if (lk_search_least(search) > hopeless * limit) d.stalled_max = HOPELESS_MAX;
    LK_TRY(go_down(&d, err));
    if (d.hits > 0) LK_TRY(settle_down(&d, rel_error, log_p, rel_variance, err));
    *found = !isnan(*log_p);

out:
    free(d.work);
    return st;
}
