/* backtest.c - forecasts from parts of the data, against all of them.
 *
 * A part has some of the problems, without repeats, and of each problem's n attempts some
 * n', of which the hypergeometric distribution says how many succeeded: exactly what
 * sampling less would have given.
 */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "largek/forecast.h"
#include "largek/passk.h"
#include "stats/curve_law.h"
#include "stats/draw.h"
#include "stats/hypergeometric.h"

/* A backtest under way. */
typedef struct {
    const lk_fit_law *law;
    const uint64_t *n, *c;
    size_t problems;
    const lk_backtest_options *options;
    lk_fit_options fit; /* the grid within a part */
    double *forecast;   /* [repeats]; NaN: no fit */
} work;

/* One part: n', c' of its problems.  `order` is room for every problem. */
static void draw_part(const work *w, size_t r, size_t order[], uint64_t n[],
                      uint64_t c[])
{
    lk_place place = {w->options->seed, r, 0};

    for (size_t i = 0; i < w->problems; i++) order[i] = i;
    for (size_t i = 0; i < w->options->problems; i++) {
        const double left = (double)(w->problems - i);
        const size_t with = i + (size_t)(lk_draw_uniform(&place) * left);
        const size_t chosen = order[with];

        order[with] = order[i];
        order[i] = chosen;
        n[i] = w->options->attempts;
        c[i] = lk_urn_draw(&(lk_urn){w->n[chosen], w->c[chosen], n[i]}, &place);
    }
}

static lk_status forecast_part(const work *w, size_t r, size_t order[],
                               uint64_t counts[])
{
    uint64_t *n = counts, *c = counts + w->problems;
    double param[LK_FIT_PARAMS_MAX];
    lk_fit_result fit;

    draw_part(w, r, order, n, c);
    const lk_status st =
        lk_fit(w->law, n, c, w->options->problems, &w->fit, &fit, NULL);
    if (st != LK_OK) return st;
    for (size_t i = 0; i < fit.params; i++) param[i] = fit.param[i].value;
    w->forecast[r] = fit.status == LK_FIT_OK || fit.status == LK_FIT_AT_BOUND
                         ? lk_fit_law_pass(w->law, param, (double)w->options->k)
                         : NAN;
    return LK_OK;
}

static lk_status forecast_parts(const work *w, lk_error *err)
{
    lk_status worst = LK_OK;

#pragma omp parallel
    {
        uint64_t *counts = calloc(2 * w->problems, sizeof *counts);
        size_t *order = calloc(w->problems, sizeof *order);

#pragma omp for schedule(dynamic, 4)
        for (size_t r = 0; r < w->options->repeats; r++) {
            const lk_status st = counts == NULL || order == NULL
                                     ? LK_E_MEMORY
                                     : forecast_part(w, r, order, counts);

            if (st != LK_OK) {
#pragma omp critical
                worst = st;
            }
        }
        free(counts);
        free(order);
    }
    if (worst == LK_OK) return LK_OK;
    return LK_FAIL(err, worst, "%s: a part could not be fitted", w->law->name);
}

/* The error with endless data: the curve's law fitted to the reference law's own curve. */
static lk_status structural_error(const work *w, double *out, lk_error *err)
{
    const lk_fit_law *reference = w->options->reference;
    lk_fit_options options = w->options->fit;
    double truth[LK_FIT_PARAMS_MAX], param[LK_FIT_PARAMS_MAX];
    double *pass = calloc(w->fit.k_count + 1, sizeof *pass);
    lk_fit_result fit;
    lk_status st = LK_OK;

    if (pass == NULL) return LK_FAIL(err, LK_E_MEMORY, "a curve");
    options.interval = LK_FIT_INTERVAL_NONE;
    LK_TRY(lk_fit(reference, w->n, w->c, w->problems, &options, &fit, err));
    if (!isfinite(fit.param[0].value)) goto out;
    for (size_t i = 0; i < fit.params; i++) truth[i] = fit.param[i].value;
    for (size_t j = 0; j < w->fit.k_count; j++) {
        pass[j] = lk_fit_law_pass(reference, truth, (double)w->fit.k[j]);
    }
    if (lk_fit_curve_values(w->law, w->fit.k, pass, w->fit.k_count, param, NULL) !=
        LK_OK)
        goto out;
    *out = lk_fit_law_pass(w->law, param, (double)w->options->k) -
           lk_fit_law_pass(reference, truth, (double)w->options->k);
out:
    free(pass);
    return st;
}

static void summarise(const work *w, lk_backtest *out)
{
    double mean = 0.0, square = 0.0, error = 0.0;
    size_t fitted = 0;

    for (size_t r = 0; r < w->options->repeats; r++) {
        const double x = w->forecast[r], step = x - mean;

        if (isnan(x)) continue;
        fitted++;
        mean += step / (double)fitted;
        square += step * (x - mean);
        error += (x - out->truth) * (x - out->truth);
    }
    out->fitted = fitted;
    out->mean = fitted > 0 ? mean : NAN;
    out->bias = out->mean - out->truth;
    out->sd = fitted > 1 ? sqrt(square / (double)(fitted - 1)) : NAN;
    out->rmse = fitted > 0 ? sqrt(error / (double)fitted) : NAN;
}

static lk_status check(const work *w, lk_error *err)
{
    const lk_backtest_options *o = w->options;

    if (o->problems == 0 || o->problems > w->problems) {
        return LK_FAIL(err, LK_E_ARG, "parts of %zu problems out of %zu", o->problems,
                       w->problems);
    }
    if (o->repeats == 0) return LK_FAIL(err, LK_E_ARG, "a backtest of no repeats");
    for (size_t i = 0; i < w->problems; i++) {
        if (o->attempts >= 1 && o->attempts <= w->n[i]) continue;
        return LK_FAIL(err, LK_E_ARG,
                       "parts of %" PRIu64 " attempts, and problem %zu has %" PRIu64,
                       o->attempts, i, w->n[i]);
    }
    return LK_OK;
}

lk_status lk_backtest_run(const lk_fit_law *law, const uint64_t n[], const uint64_t c[],
                          size_t problems, const lk_backtest_options *options,
                          lk_backtest *out, lk_error *err)
{
    work w = {law, n, c, problems, options, options->fit, NULL};
    lk_backtest result = {.structural = NAN};
    lk_estimate truth = {0};
    lk_status st = LK_OK;

    LK_TRY(check(&w, err));
    LK_TRY(lk_passk_mean(n, c, problems, options->k, &truth, err));
    result.truth = truth.mean;
    w.fit.interval = LK_FIT_INTERVAL_NONE;
    while (w.fit.k_count > 0 && w.fit.k[w.fit.k_count - 1] > options->attempts)
        w.fit.k_count--;
    w.forecast = calloc(options->repeats, sizeof *w.forecast);
    if (w.forecast == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu forecasts", options->repeats);
        goto out;
    }
    LK_TRY(forecast_parts(&w, err));
    summarise(&w, &result);
    if (law->kind == LK_FIT_CURVE && options->reference != NULL)
        LK_TRY(structural_error(&w, &result.structural, err));
    *out = result;
out:
    free(w.forecast);
    return st;
}
