/* curve.c - pass@k over a grid of k. */
#include "cli/curve.h"

#include <gsl/gsl_cdf.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cells of the matrix of problems and k that is held at a time. */
enum { CELLS_MAX = 1 << 22 };

const char *const lk_estimator_names[] = {"unbiased", "plugin", "bayes", NULL};
const char *const lk_mean_names[] = {"bca", "percentile", "delta", "bayes", NULL};
const char *const lk_binomial_names[] = {"clopper-pearson", "jeffreys", "wilson",
                                         "bayes", NULL};

static size_t fewest_attempts(const lk_count_group *group)
{
    size_t fewest = 0;

    for (size_t i = 1; i < group->problems; i++) {
        if (group->n[i] < group->n[fewest]) fewest = i;
    }
    return fewest;
}

static size_t most_attempts(const lk_count_group *group)
{
    size_t most = 0;

    for (size_t i = 1; i < group->problems; i++) {
        if (group->n[i] > group->n[most]) most = i;
    }
    return most;
}

static lk_status make_grid(const lk_count_group *group, const lk_count_list *k,
                           uint64_t per_decade, lk_count_list *out, lk_error *err)
{
    char range[80];

    if (k->count == 0) {
        snprintf(range, sizeof range, "1:%" PRIu64 ":log=%" PRIu64,
                 group->n[fewest_attempts(group)], per_decade);
        return lk_parse_count_list(range, LK_LIST_GRID, out, err);
    }
    out->value = malloc(k->count * sizeof *out->value);
    if (out->value == NULL)
        return LK_FAIL(err, LK_E_MEMORY, "%zu values of k", k->count);
    memcpy(out->value, k->value, k->count * sizeof *out->value);
    out->count = k->count;
    return LK_OK;
}

static double estimate(const lk_count_group *group, uint64_t n, uint64_t c, uint64_t k,
                       const lk_curve_options *options)
{
    const lk_metric *metric = &options->metric;

    switch (options->estimator) {
    case LK_ESTIMATE_PLUGIN:
        return metric->kind == LK_METRIC_PASS
                   ? lk_passk_plugin(n, c, (double)k)
                   : lk_metric_at(metric, (double)c / (double)n, (double)k);
    case LK_ESTIMATE_BAYES: return lk_metric_bayes(metric, n, c, k).mean;
    case LK_ESTIMATE_UNBIASED: break;
    }
    return group->design.kind == LK_DESIGN_UNTIL
               ? lk_passk_until(n, c, group->design.successes, k)
               : lk_metric_unbiased(metric, n, c, k);
}

/* Sampling until r successes leaves an unbiased estimate as long as k does not exceed the
 * limit of attempts, which the problem with the most attempts is at or below. */
static lk_status check_k(const lk_count_group *group, const lk_count_list *k,
                         lk_error *err)
{
    const bool until = group->design.kind == LK_DESIGN_UNTIL;
    const size_t i = until ? most_attempts(group) : fewest_attempts(group);
    const uint64_t largest = k->value[k->count - 1];

    if (largest <= group->n[i]) return LK_OK;
    return LK_FAIL(err, LK_E_ARG,
                   "k = %" PRIu64 " is more than the %" PRIu64
                   " attempts of problem '%s': no unbiased estimate exists",
                   largest, group->n[i], group->id[i]);
}

static lk_status check_until(const lk_count_group *group, const lk_metric *metric,
                             lk_error *err)
{
    const uint64_t r = group->design.successes;

    if (metric->kind != LK_METRIC_PASS) {
        return LK_FAIL(err, LK_E_ARG,
                       "attempts stopped at %" PRIu64
                       " successes: only pass@k has an unbiased estimate there",
                       r);
    }
    for (size_t i = 0; i < group->problems; i++) {
        if (group->c[i] <= r) continue;
        return LK_FAIL(err, LK_E_ARG,
                       "problem '%s' has %" PRIu64
                       " successes: its attempts did not stop at %" PRIu64,
                       group->id[i], group->c[i], r);
    }
    return LK_OK;
}

/* Where outcomes decided when to stop, c successes in n attempts weigh the attempts before
 * a stop by what came after them: an estimator for fixed n is biased, and says nothing
 * of it. */
static lk_status check_options(const lk_count_group *group, const lk_count_list *k,
                               const lk_curve_options *options, lk_error *err)
{
    const bool shares = options->metric.kind == LK_METRIC_SHARE ||
                        options->metric.kind == LK_METRIC_MEAN_SHARE;
    const bool bayes =
        options->estimator == LK_ESTIMATE_BAYES || options->mean == LK_CURVE_BAYES;
    lk_status st = LK_OK;

    if (shares && bayes) {
        return LK_FAIL(err, LK_E_ARG, "there are posteriors of pass@k and pass^k only");
    }
    if (options->estimator != LK_ESTIMATE_UNBIASED) return LK_OK;
    if (group->design.kind == LK_DESIGN_STOPPED) {
        return LK_FAIL(
            err, LK_E_ARG,
            "outcomes decided the numbers of attempts: no estimator is "
            "unbiased then; --estimator bayes and fits keep to the likelihood, "
            "which does not change");
    }
    if (group->design.kind == LK_DESIGN_UNTIL) {
        LK_TRY(check_until(group, &options->metric, err));
    }
    st = check_k(group, k, err);
out:
    return st;
}

/* Mean and standard error of one column, by Welford's update. */
static void column_mean(const double *value, size_t problems, size_t stride,
                        lk_curve_point *out)
{
    double mean = 0.0, sum_sq = 0.0;

    for (size_t i = 0; i < problems; i++) {
        const double x = value[i * stride], step = x - mean;

        mean += step / (double)(i + 1);
        sum_sq += step * (x - mean);
    }
    out->pass = mean;
    out->std_error = sqrt(sum_sq / (double)(problems - 1) / (double)problems);
}

static lk_status fill_values(const lk_count_group *group, const uint64_t *k,
                             size_t columns, const lk_curve_options *options,
                             double *value, lk_error *err)
{
    for (size_t i = 0; i < group->problems; i++) {
        for (size_t j = 0; j < columns; j++) {
            const double x = estimate(group, group->n[i], group->c[i], k[j], options);

            if (isnan(x)) {
                return LK_FAIL(err, LK_E_ARG,
                               "problem '%s': no estimate at k = %" PRIu64
                               " from %" PRIu64 " attempts (at most %s)",
                               group->id[i], k[j], group->n[i],
                               options->estimator == LK_ESTIMATE_BAYES ? "2^52"
                                                                       : "2^53");
            }
            value[i * columns + j] = x;
        }
    }
    return LK_OK;
}

/* The mean's posterior: problems are independent given their counts.  It says nothing of
 * other problems that might have been there. */
static lk_status bayes_columns(const lk_count_group *group, const uint64_t *k,
                               size_t columns, const lk_curve_options *options,
                               lk_curve_point *out, lk_error *err)
{
    const double z = gsl_cdf_ugaussian_Qinv(0.5 * (1.0 - options->level));

    for (size_t j = 0; j < columns; j++) {
        double mean = 0.0, variance = 0.0;

        for (size_t i = 0; i < group->problems; i++) {
            const lk_posterior p =
                lk_metric_bayes(&options->metric, group->n[i], group->c[i], k[j]);

            if (isnan(p.mean)) {
                return LK_FAIL(err, LK_E_ARG,
                               "problem '%s': no posterior at k = %" PRIu64
                               " from %" PRIu64 " attempts (at most 2^52)",
                               group->id[i], k[j], group->n[i]);
            }
            mean += (p.mean - mean) / (double)(i + 1);
            variance += p.sd * p.sd;
        }
        out[j].std_error = sqrt(variance) / (double)group->problems;
        out[j].interval = (lk_interval){fmax(0.0, mean - z * out[j].std_error),
                                        fmin(1.0, mean + z * out[j].std_error)};
        out[j].interval_by = lk_mean_names[LK_CURVE_BAYES];
    }
    return LK_OK;
}

/* As many values of k as fit one matrix; every call resamples the same problems. */
static lk_status some_columns(const lk_count_group *group, const uint64_t *k,
                              size_t columns, const lk_curve_options *options,
                              double *value, lk_interval *interval, lk_curve_point *out,
                              lk_error *err)
{
    lk_status st = LK_OK;

    LK_TRY(fill_values(group, k, columns, options, value, err));
    for (size_t j = 0; j < columns; j++) {
        column_mean(value + j, group->problems, columns, &out[j]);
    }
    if (options->mean == LK_CURVE_BAYES) {
        return bayes_columns(group, k, columns, options, out, err);
    }
    LK_TRY(lk_mean_interval((lk_mean_method)options->mean, value, group->problems,
                            columns, options->level, (size_t)options->resamples,
                            options->seed, interval, err));
    for (size_t j = 0; j < columns; j++) {
        out[j].interval = interval[j];
        out[j].interval_by = out[j].pass > 0.0 && out[j].pass < 1.0
                                 ? lk_mean_names[options->mean]
                                 : "exact";
    }
out:
    return st;
}

/* Where outcomes stopped the attempts in an unknown way, only the likelihood is left;
 * stopping at the r-th success makes Clopper-Pearson wider, and no less sure. */
lk_curve_point lk_curve_problem(const lk_count_group *group, size_t i, uint64_t k,
                                const lk_curve_options *options)
{
    const uint64_t n = group->n[i], c = group->c[i];
    const bool posterior =
        options->mean == LK_CURVE_BAYES || options->estimator == LK_ESTIMATE_BAYES;
    const lk_binomial_method method =
        posterior || group->design.kind == LK_DESIGN_STOPPED ? LK_INTERVAL_BAYES
                                                             : options->binomial;

    return (lk_curve_point){
        .pass = estimate(group, n, c, k, options),
        .std_error = posterior ? lk_metric_bayes(&options->metric, n, c, k).sd : NAN,
        .interval = lk_metric_interval(&options->metric, method, n, c, (double)k,
                                       options->level),
        .interval_by = lk_binomial_names[method],
    };
}

static lk_status all_columns(const lk_count_group *group, const lk_count_list *k,
                             const lk_curve_options *options, lk_curve_point *out,
                             lk_error *err)
{
    const size_t room = CELLS_MAX / group->problems + 1;
    const size_t columns = k->count < room ? k->count : room;
    double *value = malloc(group->problems * columns * sizeof *value);
    lk_interval *interval = malloc(columns * sizeof *interval);
    lk_status st = LK_OK;

    if (value == NULL || interval == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu problems at %zu values of k",
                     group->problems, columns);
        goto out;
    }
    for (size_t j = 0; j < k->count; j += columns) {
        const size_t left = k->count - j;

        LK_TRY(some_columns(group, k->value + j, left < columns ? left : columns,
                            options, value, interval, out + j, err));
    }
out:
    free(value);
    free(interval);
    return st;
}

/* Nothing to resample: the problem's own interval. */
static lk_status one_problem(const lk_count_group *group, const lk_count_list *k,
                             const lk_curve_options *options, lk_curve_point *out,
                             lk_error *err)
{
    for (size_t j = 0; j < k->count; j++) {
        double value = 0.0;
        const lk_status st = fill_values(group, &k->value[j], 1, options, &value, err);

        if (st != LK_OK) return st;
        out[j] = lk_curve_problem(group, 0, k->value[j], options);
    }
    return LK_OK;
}

lk_status lk_curve_compute(const lk_count_group *group, const lk_count_list *k,
                           uint64_t per_decade, const lk_curve_options *options,
                           lk_curve *out, lk_error *err)
{
    lk_curve curve = {0};
    lk_status st = LK_OK;

    if (group->problems == 0) return LK_FAIL(err, LK_E_ARG, "pass@k of no problems");
    LK_TRY(make_grid(group, k, per_decade, &curve.k, err));
    LK_TRY(check_options(group, &curve.k, options, err));
    curve.point = calloc(curve.k.count, sizeof *curve.point);
    if (curve.point == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu values of k", curve.k.count);
        goto out;
    }
    if (group->problems == 1) {
        LK_TRY(one_problem(group, &curve.k, options, curve.point, err));
    } else {
        LK_TRY(all_columns(group, &curve.k, options, curve.point, err));
    }
    *out = curve;
    curve = (lk_curve){0};
out:
    lk_curve_release(&curve);
    return st;
}

void lk_curve_release(lk_curve *curve)
{
    free(curve->k.value);
    free(curve->point);
    *curve = (lk_curve){0};
}
