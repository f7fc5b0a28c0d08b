/* fit_goodness.c - how well a fitted distribution describes counts, and others than those
 * it was fitted to.
 *
 * Residuals are randomised quantiles [1]: u_i, uniform between the chances of fewer than c_i
 * and of c_i or fewer successes, are independent and uniform on (0,1) where the law holds.
 * Their Cramer-von Mises distance from uniform has no table where parameters were fitted;
 * its distribution is that of replicates drawn from the fit and fitted again [2].
 *
 * References
 *   [1] P. K. Dunn, G. K. Smyth, "Randomized quantile residuals", J. Comput. Graph. Stat. 5
 *       (1996) 236-244.
 *   [2] W. Stute, W. Gonzalez Manteiga, M. Presedo Quindimil, "Bootstrap based goodness-of-
 *       fit-tests", Metrika 40 (1993) 243-256.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/draw.h"
#include "stats/fit_parts.h"
#include "stats/law_parts.h"

/* Items of the stream that other resampling does not use. */
#define ITEM_BASE (UINT64_C(1) << 55)

typedef struct {
    const lk_fit_law *fit;
    const lk_law *law;
    bool discretised;
    const lk_fit_options *options;
    const uint64_t *n;
    size_t problems;
} subject;

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

static double clamped(double chance)
{
    return fmin(fmax(chance, 0.0), 1.0);
}

/* The chances of fewer than c, and of c. */
static void chances(const subject *s, const double t[], uint64_t n, uint64_t c,
                    double *below, double *at)
{
    if (s->discretised) {
        lk_surface term;

        lk_likelihood_term((lk_model_kind)s->fit->model, t, (double)n, (double)c, false,
                           &term);
        *at = exp(term.value);
        *below = c == 0 ? 0.0 : lk_law_cdf(s->law, t, ((double)c - 0.5) / (double)n);
    } else {
        *at = exp(lk_law_log_pmf(s->law, t, n, c));
        *below = c == 0 ? 0.0 : clamped(-expm1(lk_law_log_at_least(s->law, t, n, c)));
    }
}

typedef struct {
    uint64_t n, c;
    size_t place;
} indexed;

static int by_counts(const void *left, const void *right)
{
    const indexed *a = left, *b = right;

    if (a->n != b->n) return a->n < b->n ? -1 : 1;
    if (a->c != b->c) return a->c < b->c ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

/* Cramer-von Mises of the residuals of c under t; u [problems] and sorted [problems] are
 * room to work in.  Equal counts are worked out once. */
static double distance(const subject *s, const double t[], const uint64_t c[],
                       uint64_t replicate, double u[], indexed sorted[])
{
    const double problems = (double)s->problems;
    double below = 0.0, at = 0.0, sum = 1.0 / (12.0 * problems);

    for (size_t i = 0; i < s->problems; i++) sorted[i] = (indexed){s->n[i], c[i], i};
    qsort(sorted, s->problems, sizeof *sorted, by_counts);
    for (size_t i = 0; i < s->problems; i++) {
        const indexed *row = &sorted[i];
        lk_place place = {.seed = s->options->seed,
                          .item = ITEM_BASE + (replicate << 32 | row->place),
                          .block = UINT64_C(1) << 32};

        if (i == 0 || row->n != row[-1].n || row->c != row[-1].c)
            chances(s, t, row->n, row->c, &below, &at);
        u[i] = clamped(below + lk_draw_uniform(&place) * at);
    }
    qsort(u, s->problems, sizeof *u, by_value);
    for (size_t i = 0; i < s->problems; i++) {
        const double off = u[i] - (2.0 * (double)i + 1.0) / (2.0 * problems);

        sum += off * off;
    }
    return sum;
}

static void draw_counts(const subject *s, const double t[], uint64_t replicate,
                        uint64_t c[])
{
    for (size_t i = 0; i < s->problems; i++) {
        lk_place place = {.seed = s->options->seed,
                          .item = ITEM_BASE + (replicate << 32 | i)};
        const double p = lk_law_draw(s->law, t, &place, NULL, NULL);

        c[i] = s->discretised ? (uint64_t)floor(p * (double)s->n[i] + 0.5)
                              : lk_draw_binomial(s->n[i], p, &place);
        if (c[i] > s->n[i]) c[i] = s->n[i];
    }
}

/* Room of one thread. */
typedef struct {
    uint64_t *c;
    double *u;
    indexed *sorted;
} room;

static bool room_make(room *r, size_t problems)
{
    r->c = calloc(problems, sizeof *r->c);
    r->u = calloc(problems, sizeof *r->u);
    r->sorted = calloc(problems, sizeof *r->sorted);
    return r->c != NULL && r->u != NULL && r->sorted != NULL;
}

static void room_free(room *r)
{
    free(r->c);
    free(r->u);
    free(r->sorted);
}

/* The distance of replicate r from its own fit; from the fit to the data where it has none
 * (all its attempts fail, say). */
static lk_status replicate_distance(const subject *s, const double t[], uint64_t r,
                                    double *out, lk_error *err)
{
    lk_fit_options options = *s->options;
    double fitted[LK_LAW_PARAMS_MAX];
    lk_fit_result result;
    room mine = {0};
    lk_status st = LK_OK;

    if (!room_make(&mine, s->problems)) {
        st = LK_FAIL(err, LK_E_MEMORY, "a replicate of %zu problems", s->problems);
        goto out;
    }
    options.interval = LK_FIT_INTERVAL_NONE;
    options.start = t;
    draw_counts(s, t, r, mine.c);
    LK_TRY(s->fit->fit(s->fit, s->n, mine.c, s->problems, &options, &result, err));
    lk_fit_params(s->fit, &result, fitted);
    if (result.status == LK_FIT_NOT_IDENTIFIABLE) memcpy(fitted, t, sizeof fitted);
    *out = distance(s, fitted, mine.c, r, mine.u, mine.sorted);
out:
    room_free(&mine);
    return st;
}

static lk_status run_replicates(const subject *s, const double t[], double seen,
                                size_t *no_better, lk_error *err)
{
    const uint64_t resamples = s->options->resamples;
    size_t count = 0;
    lk_status st = LK_OK;

#pragma omp parallel for schedule(dynamic) reduction(+ : count)
    for (uint64_t r = 1; r <= resamples; r++) {
        lk_error my_err = {0};
        double there = 0.0;
        const lk_status my_st = replicate_distance(s, t, r, &there, &my_err);

        count += there >= seen;
        if (my_st != LK_OK) {
#pragma omp critical
            {
                st = my_st;
                if (err != NULL) *err = my_err;
            }
        }
    }
    *no_better = count;
    return st;
}

lk_status lk_fit_goodness(const lk_fit_law *self, const uint64_t n[],
                          const uint64_t c[], size_t problems,
                          const lk_fit_options *options, lk_fit_result *result,
                          lk_error *err)
{
    subject s = {.fit = self,
                 .discretised = self->model == LK_MODEL_DISCRETISED_BETA ||
                                self->model == LK_MODEL_DISCRETISED_KUMARASWAMY,
                 .options = options,
                 .n = n,
                 .problems = problems};
    double t[LK_LAW_PARAMS_MAX];
    size_t no_better = 0;
    room mine = {0};
    lk_status st = LK_OK;

    if (self->stopped) return LK_OK;
    LK_TRY(lk_law_find(self->law, &s.law, err));
    if (!room_make(&mine, problems)) {
        st = LK_FAIL(err, LK_E_MEMORY, "residuals of %zu problems", problems);
        goto out;
    }
    lk_fit_params(self, result, t);
    const double seen = distance(&s, t, c, 0, mine.u, mine.sorted);
    LK_TRY(run_replicates(&s, t, seen, &no_better, err));
    result->goodness = seen;
    result->goodness_p = (1.0 + (double)no_better) / (1.0 + (double)options->resamples);
out:
    room_free(&mine);
    return st;
}

/* One fold: fitted to the others, the log chance of its own. */
static lk_status fold_score(const lk_fit_law *self, const uint64_t n[],
                            const uint64_t c[], size_t problems,
                            const lk_fit_options *options, uint64_t fold,
                            uint64_t others[], double *sum, lk_error *err)
{
    uint64_t *other_n = others, *other_c = others + problems;
    double t[LK_FIT_PARAMS_MAX];
    size_t count = 0;
    lk_fit_result fit;
    lk_status st = LK_OK;

    for (size_t i = 0; i < problems; i++) {
        if (i % options->folds == fold) continue;
        other_n[count] = n[i];
        other_c[count++] = c[i];
    }
    if (count == problems) return LK_OK; /* an empty fold */
    if (count == 0) {
        *sum = NAN;
        return LK_OK;
    }
    LK_TRY(self->fit(self, other_n, other_c, count, options, &fit, err));
    for (size_t i = 0; i < self->params; i++) t[i] = fit.param[i].value;
    if (fit.status == LK_FIT_NOT_IDENTIFIABLE) {
        *sum = NAN;
        return LK_OK;
    }
    for (size_t i = fold; i < problems; i += options->folds) {
        lk_surface term;

        lk_likelihood_term((lk_model_kind)self->model, t, (double)n[i], (double)c[i],
                           false, &term);
        *sum += term.value;
    }
out:
    return st;
}

lk_status lk_fit_held_out(const lk_fit_law *self, const uint64_t n[],
                          const uint64_t c[], size_t problems,
                          const lk_fit_options *options, const double start[],
                          double *out, lk_error *err)
{
    uint64_t *others = calloc(problems, 2 * sizeof *others);
    lk_fit_options plain = *options;
    double sum = 0.0;
    lk_status st = LK_OK;

    if (others == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "folds of %zu problems", problems);
        goto out;
    }
    plain.interval = LK_FIT_INTERVAL_NONE;
    plain.start = start;
    for (uint64_t fold = 0; fold < options->folds && !isnan(sum); fold++) {
        LK_TRY(fold_score(self, n, c, problems, &plain, fold, others, &sum, err));
    }
    *out = sum / (double)problems;
out:
    free(others);
    return st;
}
