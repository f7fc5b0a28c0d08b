/* forecast.c - fitted laws beyond the data. */
#include "largek/forecast.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "largek/stream.h"
#include "stats/curve_law.h"
#include "stats/gauss.h"
#include "stats/quantile.h"
#include "stats/special.h"

#define K_MAX 1e30

static const lk_law *distribution(const lk_fit_law *law)
{
    const lk_law *found = NULL;

    if (law->law != NULL) (void)lk_law_find(law->law, &found, NULL);
    return found;
}

double lk_fit_law_log_failure(const lk_fit_law *law, const double param[], double k)
{
    const lk_law *of_p = distribution(law);

    return of_p != NULL ? lk_law_log_failure(of_p, param, k)
                        : lk_curve_log_failure((lk_curve_kind)law->model, param, k);
}

double lk_fit_law_pass(const lk_fit_law *law, const double param[], double k)
{
    return 0.0 - expm1(lk_fit_law_log_failure(law, param, k));
}

double lk_fit_law_reach(const lk_fit_law *law, const double param[])
{
    const lk_law *of_p = distribution(law);

    if (of_p != NULL) return 1.0 - lk_law_asymptote(of_p, param).floor;
    return law->params > 2 ? param[2] : 1.0; /* A, where a curve has it */
}

double lk_fit_law_needed(const lk_fit_law *law, const double param[], double target)
{
    double lo = 0.0, hi = log(K_MAX);

    if (!(target > 0.0 && target < 1.0)) return NAN;
    if (lk_fit_law_pass(law, param, 1.0) >= target) return 1.0;
    if (!(lk_fit_law_pass(law, param, K_MAX) >= target)) return INFINITY;
    while (hi - lo > 1e-12 * (1.0 + hi)) {
        const double middle = 0.5 * (lo + hi);

        if (lk_fit_law_pass(law, param, exp(middle)) >= target) {
            hi = middle;
        } else {
            lo = middle;
        }
    }
    return exp(hi);
}

typedef struct {
    const lk_fit_law *law;
    const double *param;
} fitted;

static double failure_at(double k, const void *with)
{
    const fitted *f = with;

    return exp(lk_fit_law_log_failure(f->law, f->param, k));
}

/* Term by term, and then by the formula of Euler and Maclaurin with its first correction, the
 * next being of order FIRST^-4. */
double lk_fit_law_attempts(const lk_fit_law *law, const double param[], double k)
{
    enum { FIRST = 128 };
    const fitted f = {law, param};
    const double end = k - 0.5, few = fmin(k, FIRST);
    double sum = 1.0; /* the first attempt is made by all */

    for (double j = few - 1.0; j >= 1.0; j -= 1.0) sum += failure_at(j, &f);
    if (k <= FIRST) return sum;
    for (double at = few - 0.5; at < end; at *= 2.0) {
        sum += lk_gauss(failure_at, &f, at, fmin(2.0 * at, end));
    }
    /* -(slope at the end - slope at the start)/24, the slopes by differences. */
    const double start = failure_at(FIRST, &f) - failure_at(FIRST - 1.0, &f);
    const double stop = failure_at(k, &f) - failure_at(k - 1.0, &f);
    return sum + (start - stop) / 24.0;
}

double lk_fit_law_local_exponent(const lk_fit_law *law, const double param[], double k)
{
    const lk_law *of_p = distribution(law);

    if (of_p != NULL) return lk_law_local_exponent(of_p, param, k);
    /* Between whole k on both sides: some curves have no others. */
    const double lo = fmax(floor(0.999 * k), 1.0), hi = ceil(1.001 * k);
    const double above = log(-lk_log1m_exp(lk_fit_law_log_failure(law, param, hi)));
    const double below = log(-lk_log1m_exp(lk_fit_law_log_failure(law, param, lo)));
    return (below - above) / log(hi / lo);
}

/* The law that problems are drawn from; NULL where they are drawn again from the data: a
 * curve says nothing of problems, and stopped sampling has no n to draw counts for. */
static const lk_law *drawn_from(const lk_fit_law *law)
{
    if (law->kind == LK_FIT_CURVE || strcmp(law->name, "beta-negative-binomial") == 0)
        return NULL;
    return distribution(law);
}

/* A forecast under way. */
typedef struct {
    const lk_fit_law *law;
    const lk_law *of_p;
    const uint64_t *n, *c;
    size_t problems;
    const lk_forecast_options *options;
    double param[LK_FIT_PARAMS_MAX]; /* the fit to the data */
    double *column;                  /* [points + 2][resamples], NaN: no fit */
} work;

/* Counts of problems that the law draws, or, for a curve, problems drawn again. */
static void draw_problems(const work *w, size_t r, uint64_t n[], uint64_t c[])
{
    for (size_t i = 0; i < w->problems; i++) {
        lk_place place = {w->options->seed, r, (uint64_t)i << 32};

        if (w->of_p != NULL) {
            n[i] = w->n[i];
            c[i] = lk_draw_binomial(
                n[i], lk_law_draw(w->of_p, w->param, &place, NULL, NULL), &place);
        } else {
            const lk_u32x4 word =
                lk_words(place.seed, LK_PURPOSE_BOOTSTRAP, place.item, i);
            const size_t from = (size_t)((uint64_t)word.w[0] * w->problems >> 32);

            n[i] = w->n[from];
            c[i] = w->c[from];
        }
    }
}

static bool usable(const lk_fit_result *fit)
{
    return fit->status == LK_FIT_OK || fit->status == LK_FIT_AT_BOUND;
}

static void param_values(const lk_fit_result *fit, double param[])
{
    for (size_t i = 0; i < fit->params; i++) param[i] = fit->param[i].value;
}

static void put_replicate(const work *w, size_t r, const double param[])
{
    const lk_forecast_options *o = w->options;
    const size_t stride = o->resamples;

    for (size_t j = 0; j < o->points; j++) {
        w->column[j * stride + r] =
            param == NULL ? NAN : lk_fit_law_pass(w->law, param, o->k[j]);
    }
    w->column[o->points * stride + r] =
        param == NULL ? NAN : lk_fit_law_reach(w->law, param);
    w->column[(o->points + 1) * stride + r] =
        param == NULL || o->target == 0.0 ? NAN
                                          : lk_fit_law_needed(w->law, param, o->target);
}

/* Errors  LK_E_MEMORY */
static lk_status replicate(const work *w, size_t r, uint64_t counts[])
{
    lk_fit_options options = w->options->fit;
    uint64_t *n = counts, *c = counts + w->problems;
    double param[LK_FIT_PARAMS_MAX];
    lk_fit_result fit;

    options.interval = LK_FIT_INTERVAL_NONE;
    options.folds = options.resamples = 0;
    options.start = w->param;
    draw_problems(w, r, n, c);
    const lk_status st = lk_fit(w->law, n, c, w->problems, &options, &fit, NULL);
    if (st != LK_OK) return st;
    param_values(&fit, param);
    put_replicate(w, r, usable(&fit) ? param : NULL);
    return LK_OK;
}

static lk_status replicate_all(const work *w, lk_error *err)
{
    const size_t resamples = w->options->resamples;
    lk_status worst = LK_OK;

#pragma omp parallel
    {
        uint64_t *counts = calloc(2 * w->problems, sizeof *counts);

#pragma omp for schedule(dynamic, 16)
        for (size_t r = 0; r < resamples; r++) {
            const lk_status st = counts == NULL ? LK_E_MEMORY : replicate(w, r, counts);

            if (st != LK_OK) {
#pragma omp critical
                worst = st;
            }
        }
        free(counts);
    }
    if (worst == LK_OK) return LK_OK;
    return LK_FAIL(err, worst, "%s: a resample could not be fitted", w->law->name);
}

/* Sorts the column; *count is how many of it are numbers. */
static lk_interval percentiles(double column[], size_t resamples, double level,
                               size_t *count)
{
    const double tail = 0.5 * (1.0 - level);
    size_t used = resamples;

    if (resamples == 0) return (lk_interval){NAN, NAN};
    qsort(column, resamples, sizeof column[0], lk_by_value);
    while (used > 0 && isnan(column[used - 1])) used--;
    *count = used;
    if (used < 2) return (lk_interval){NAN, NAN};
    return (lk_interval){lk_quantile(column, used, tail),
                         lk_quantile(column, used, 1.0 - tail)};
}

static void summarise(const work *w, lk_forecast *out)
{
    const lk_forecast_options *o = w->options;
    const size_t stride = o->resamples;
    size_t ignored = 0;

    for (size_t j = 0; j < o->points; j++) {
        out->point[j].log_failure = lk_fit_law_log_failure(w->law, w->param, o->k[j]);
        out->point[j].pass = 0.0 - expm1(out->point[j].log_failure);
        out->point[j].interval =
            percentiles(w->column + j * stride, stride, o->level, &ignored);
    }
    out->reach = lk_fit_law_reach(w->law, w->param);
    out->reach_interval =
        percentiles(w->column + o->points * stride, stride, o->level, &out->refitted);
    out->needed = NAN;
    out->needed_interval = (lk_interval){NAN, NAN};
    if (o->target == 0.0) return;
    out->needed = lk_fit_law_needed(w->law, w->param, o->target);
    out->needed_interval =
        percentiles(w->column + (o->points + 1) * stride, stride, o->level, &ignored);
}

static lk_status check(const lk_forecast_options *o, lk_error *err)
{
    if (!(o->level > 0.0 && o->level < 1.0))
        return LK_FAIL(err, LK_E_ARG, "level %g is not between 0 and 1", o->level);
    if (o->target != 0.0 && !(o->target > 0.0 && o->target < 1.0))
        return LK_FAIL(err, LK_E_ARG, "target %g is not between 0 and 1", o->target);
    for (size_t j = 0; j < o->points; j++) {
        if (!(o->k[j] >= 1.0 && o->k[j] <= K_MAX))
            return LK_FAIL(err, LK_E_ARG, "k = %g is not from 1 to 1e30", o->k[j]);
    }
    return LK_OK;
}

lk_status lk_forecast_run(const lk_fit_law *law, const uint64_t n[], const uint64_t c[],
                          size_t problems, const lk_forecast_options *options,
                          lk_forecast *out, lk_error *err)
{
    work w = {.law = law,
              .of_p = drawn_from(law),
              .n = n,
              .c = c,
              .problems = problems,
              .options = options};
    lk_forecast forecast = {.needed = NAN, .reach = NAN};
    lk_status st = LK_OK;

    LK_TRY(check(options, err));
    LK_TRY(lk_fit(law, n, c, problems, &options->fit, &forecast.fit, err));
    if (!isfinite(forecast.fit.param[0].value)) {
        *out = forecast;
        return LK_OK;
    }
    param_values(&forecast.fit, w.param);
    forecast.point = calloc(options->points + 1, sizeof *forecast.point);
    w.column =
        malloc((options->points + 2) * (options->resamples + 1) * sizeof(double));
    if (forecast.point == NULL || w.column == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu resamples of %zu values of k",
                     options->resamples, options->points);
        goto out;
    }
    LK_TRY(replicate_all(&w, err));
    summarise(&w, &forecast);
    *out = forecast;
    forecast = (lk_forecast){0};
out:
    free(w.column);
    lk_forecast_release(&forecast);
    return st;
}

void lk_forecast_release(lk_forecast *forecast)
{
    free(forecast->point);
    *forecast = (lk_forecast){0};
}

lk_predictive lk_forecast_problems(const lk_fit_law *law, const double param[],
                                   const uint64_t n[], const uint64_t c[],
                                   size_t problems, double k)
{
    const lk_law *of_p = law->kind == LK_FIT_CURVE ? NULL : distribution(law);
    double mean = 0.0, variance = 0.0;

    if (of_p == NULL || problems == 0) return (lk_predictive){NAN, NAN};
    for (size_t i = 0; i < problems; i++) {
        const double one = lk_law_log_failure_given(of_p, param, n[i], c[i], k);
        const double two = lk_law_log_failure_given(of_p, param, n[i], c[i], 2.0 * k);

        mean += (-expm1(one) - mean) / (double)(i + 1);
        variance += fmax(exp(two) - exp(2.0 * one), 0.0);
    }
    return (lk_predictive){mean, sqrt(variance) / (double)problems};
}
