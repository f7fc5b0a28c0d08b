/* curve.c - pass@k over a grid of k. */
#include "cli/curve.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cells of the matrix of problems and k that is held at a time. */
enum { CELLS_MAX = 1 << 22 };

const char *const lk_estimator_names[] = {"unbiased", "plugin", NULL};
const char *const lk_mean_names[] = {"bca", "percentile", "delta", NULL};
const char *const lk_binomial_names[] = {"clopper-pearson", "jeffreys", "wilson", NULL};

static size_t fewest_attempts(const lk_count_group *group)
{
    size_t fewest = 0;

    for (size_t i = 1; i < group->problems; i++) {
        if (group->n[i] < group->n[fewest]) fewest = i;
    }
    return fewest;
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

static double estimate(uint64_t n, uint64_t c, uint64_t k, lk_estimator estimator)
{
    return estimator == LK_ESTIMATE_PLUGIN ? lk_passk_plugin(n, c, (double)k)
                                           : lk_passk(n, c, k);
}

static lk_status check_k(const lk_count_group *group, const lk_count_list *k,
                         lk_estimator estimator, lk_error *err)
{
    const size_t fewest = fewest_attempts(group);
    const uint64_t largest = k->value[k->count - 1];

    if (estimator == LK_ESTIMATE_PLUGIN || largest <= group->n[fewest]) return LK_OK;
    return LK_FAIL(err, LK_E_ARG,
                   "k = %" PRIu64 " is more than the %" PRIu64
                   " attempts of problem '%s': no unbiased estimate exists",
                   largest, group->n[fewest], group->id[fewest]);
}

/* Where outcomes decided when to stop, c successes in n attempts weigh the attempts before
 * a stop by what came after them: the estimator is biased, and says nothing of it. */
static lk_status check_design(const lk_count_group *group, lk_estimator estimator,
                              lk_error *err)
{
    if (estimator != LK_ESTIMATE_UNBIASED || group->design.kind == LK_DESIGN_FIXED) {
        return LK_OK;
    }
    if (group->design.kind == LK_DESIGN_UNTIL) {
        return LK_FAIL(err, LK_E_ARG,
                       "attempts stopped at %" PRIu64
                       " successes: the unbiased estimator wants a number of attempts "
                       "that outcomes had no part in",
                       group->design.successes);
    }
    return LK_FAIL(err, LK_E_ARG,
                   "outcomes decided the numbers of attempts: no estimator is unbiased "
                   "then; --estimator plugin is consistent");
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
                             size_t columns, lk_estimator estimator, double *value,
                             lk_error *err)
{
    for (size_t i = 0; i < group->problems; i++) {
        for (size_t j = 0; j < columns; j++) {
            const double x = estimate(group->n[i], group->c[i], k[j], estimator);

            if (isnan(x)) {
                return LK_FAIL(err, LK_E_ARG,
                               "problem '%s': no estimate of pass@%" PRIu64
                               " from %" PRIu64 " attempts (at most 2^53)",
                               group->id[i], k[j], group->n[i]);
            }
            value[i * columns + j] = x;
        }
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

    LK_TRY(fill_values(group, k, columns, options->estimator, value, err));
    LK_TRY(lk_mean_interval(options->mean, value, group->problems, columns,
                            options->level, (size_t)options->resamples, options->seed,
                            interval, err));
    for (size_t j = 0; j < columns; j++) {
        column_mean(value + j, group->problems, columns, &out[j]);
        out[j].interval = interval[j];
        out[j].interval_by = out[j].pass > 0.0 && out[j].pass < 1.0
                                 ? lk_mean_method_name(options->mean)
                                 : "exact";
    }
out:
    return st;
}

lk_curve_point lk_curve_problem(uint64_t n, uint64_t c, uint64_t k,
                                const lk_curve_options *options)
{
    return (lk_curve_point){
        .pass = estimate(n, c, k, options->estimator),
        .std_error = NAN,
        .interval =
            lk_passk_interval(options->binomial, n, c, (double)k, options->level),
        .interval_by = lk_binomial_names[options->binomial],
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
        const lk_status st =
            fill_values(group, &k->value[j], 1, options->estimator, &value, err);

        if (st != LK_OK) return st;
        out[j] = lk_curve_problem(group->n[0], group->c[0], k->value[j], options);
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
    LK_TRY(check_design(group, options->estimator, err));
    LK_TRY(make_grid(group, k, per_decade, &curve.k, err));
    LK_TRY(check_k(group, &curve.k, options->estimator, err));
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
