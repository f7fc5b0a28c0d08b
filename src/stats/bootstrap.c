/* bootstrap.c - intervals for means over problems, by resampling the problems.
 *
 * A resample is a vector of multiplicities, one a problem, made once and applied to
 * every column: the columns of one resample stay comparable, and a resample costs one
 * pass over the values.  A resample that a thread makes depends on its number alone.
 *
 * Problem slot q of resample r takes problem floor(w P / 2^32), w the word q mod 4 of block
 * q / 4: some problems are favoured by at most P / 2^32 of their chance, 2e-4 for a
 * million problems, far below what any number of resamples can see.
 *
 * BCa is that of [3] in largek/interval.h.
 */
#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "largek/interval.h"
#include "largek/stream.h"
#include "stats/quantile.h"

typedef struct {
    const double *value; /* [problems][columns] */
    size_t problems, columns;
    double level;
    size_t resamples;
    uint64_t seed;
} job;

/* What one column's values say of themselves. */
typedef struct {
    double mean, std_error;
    double acceleration; /* a of [3], by the jackknife: closed form for a mean */
    double lowest, highest;
} column_moments;

const char *lk_mean_method_name(lk_mean_method method)
{
    switch (method) {
    case LK_MEAN_BCA: return "bca";
    case LK_MEAN_PERCENTILE: return "percentile";
    case LK_MEAN_DELTA: return "delta";
    }
    return "unknown";
}

static column_moments moments(const job *j, size_t column)
{
    const double *value = j->value + column;
    const double problems = (double)j->problems;
    column_moments m = {.lowest = 1.0, .highest = 0.0};
    double second = 0.0, third = 0.0;

    for (size_t i = 0; i < j->problems; i++) {
        const double v = value[i * j->columns];

        m.mean += v;
        m.lowest = fmin(m.lowest, v);
        m.highest = fmax(m.highest, v);
    }
    m.mean /= problems;
    for (size_t i = 0; i < j->problems; i++) {
        const double d = value[i * j->columns] - m.mean;

        second += d * d;
        third += d * d * d;
    }
    m.std_error = sqrt(second / (problems - 1.0) / problems);
    m.acceleration = second > 0.0 ? third / (6.0 * second * sqrt(second)) : 0.0;
    return m;
}

/* Fills times[problems] with how often resample r draws each problem. */
static void draw_resample(const job *j, uint64_t r, uint32_t times[])
{
    memset(times, 0, j->problems * sizeof times[0]);
    for (size_t q = 0; q < j->problems; q += 4) {
        const lk_u32x4 words = lk_words(j->seed, LK_PURPOSE_BOOTSTRAP, r, q / 4);
        const size_t left = j->problems - q < 4 ? j->problems - q : 4;

        for (size_t i = 0; i < left; i++) {
            times[(uint64_t)words.w[i] * j->problems >> 32]++;
        }
    }
}

/* Means of all columns under one resample: sum[columns]. */
static void resample_means(const job *j, const uint32_t times[], double *restrict sum)
{
    memset(sum, 0, j->columns * sizeof sum[0]);
    for (size_t i = 0; i < j->problems; i++) {
        const double weight = times[i];
        const double *restrict row = j->value + i * j->columns;

        if (times[i] == 0) continue;
        for (size_t column = 0; column < j->columns; column++) {
            sum[column] += weight * row[column];
        }
    }
    for (size_t column = 0; column < j->columns; column++) {
        sum[column] /= (double)j->problems;
    }
}

/* Fills mean[columns][resamples].
 * Errors  LK_E_MEMORY */
static lk_status resample_all(const job *j, double *mean, lk_error *err)
{
    const size_t threads = (size_t)omp_get_max_threads();
    uint32_t *times = calloc(threads * j->problems, sizeof *times);
    double *sum = calloc(threads * j->columns, sizeof *sum);
    lk_status st = LK_OK;

    if (times == NULL || sum == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room to resample %zu problems", j->problems);
        goto out;
    }
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t r = 0; r < j->resamples; r++) {
        const size_t thread = (size_t)omp_get_thread_num();
        uint32_t *my_times = times + thread * j->problems;
        double *my_sum = sum + thread * j->columns;

        draw_resample(j, r, my_times);
        resample_means(j, my_times, my_sum);
        for (size_t column = 0; column < j->columns; column++) {
            mean[column * j->resamples + r] = my_sum[column];
        }
    }

out:
    free(times);
    free(sum);
    return st;
}

/* z0 of [3], ties counted half.  Means that differ by rounding alone are ties. */
static double bias_correction(const job *j, const double mean[], double observed)
{
    const double same = observed * (double)j->problems * DBL_EPSILON;
    const double count = (double)j->resamples;
    double below = 0.0;

    for (size_t r = 0; r < j->resamples; r++) {
        if (mean[r] < observed - same)
            below += 1.0;
        else if (mean[r] <= observed + same)
            below += 0.5;
    }
    below = fmin(fmax(below, 0.5), count - 0.5); /* a finite z0 */
    return gsl_cdf_ugaussian_Pinv(below / count);
}

/* The chance at which BCa reads its quantile, [3]. */
static double bca_chance(double z0, double acceleration, double z)
{
    const double shifted = z0 + z;
    const double scale = 1.0 - acceleration * shifted;

    if (scale <= 0.0) return shifted > 0.0 ? 1.0 : 0.0; /* the limit scale -> 0+ */
    return gsl_cdf_ugaussian_P(z0 + shifted / scale);
}

/* The interval of one column from its resampled means, which it sorts. */
static lk_interval bootstrap_interval(const job *j, lk_mean_method method,
                                      const column_moments *m, double mean[])
{
    const double tail = 0.5 * (1.0 - j->level);
    double lo = tail, hi = 1.0 - tail;

    qsort(mean, j->resamples, sizeof mean[0], lk_by_value);
    if (method == LK_MEAN_BCA) {
        const double z = gsl_cdf_ugaussian_Qinv(tail);
        const double z0 = bias_correction(j, mean, m->mean);

        lo = bca_chance(z0, m->acceleration, -z);
        hi = bca_chance(z0, m->acceleration, z);
    }
    return (lk_interval){lk_quantile(mean, j->resamples, lo),
                         lk_quantile(mean, j->resamples, hi)};
}

static lk_interval delta_interval(const job *j, const column_moments *m)
{
    const double reach = gsl_cdf_ugaussian_Qinv(0.5 * (1.0 - j->level)) * m->std_error;

    return (lk_interval){fmax(0.0, m->mean - reach), fmin(1.0, m->mean + reach)};
}

/* Where all problems agree.  The argument is in largek/interval.h. */
static lk_interval interval_without_spread(const job *j, double agreed)
{
    const double log_end = log(0.5 * (1.0 - j->level)) / (double)j->problems;

    if (agreed == 0.0) return (lk_interval){0.0, -expm1(log_end)};
    if (agreed == 1.0) return (lk_interval){exp(log_end), 1.0};
    return (lk_interval){agreed, agreed};
}

static lk_status check_job(const job *j, lk_mean_method method, lk_error *err)
{
    if (j->problems < 2 || j->problems > UINT32_MAX) {
        return LK_FAIL(err, LK_E_ARG, "an interval over %zu problems", j->problems);
    }
    if (j->columns == 0) return LK_FAIL(err, LK_E_ARG, "an interval of no columns");
    if (!(j->level > 0.0 && j->level < 1.0)) {
        return LK_FAIL(err, LK_E_ARG, "level %g is not between 0 and 1", j->level);
    }
    if (method != LK_MEAN_DELTA && j->resamples == 0) {
        return LK_FAIL(err, LK_E_ARG, "a bootstrap of no resamples");
    }
    for (size_t i = 0; i < j->problems; i++) {
        for (size_t column = 0; column < j->columns; column++) {
            const double v = j->value[i * j->columns + column];

            if (v >= 0.0 && v <= 1.0) continue;
            return LK_FAIL(err, LK_E_ARG,
                           "problem %zu, column %zu: %g is not in [0, 1]", i, column,
                           v);
        }
    }
    return LK_OK;
}

lk_status lk_mean_interval(lk_mean_method method, const double *value, size_t problems,
                           size_t columns, double level, size_t resamples,
                           uint64_t seed, lk_interval *out, lk_error *err)
{
    const job j = {value, problems, columns, level, resamples, seed};
    const bool resampled = method != LK_MEAN_DELTA;
    double *mean = NULL;
    lk_status st = LK_OK;

    LK_TRY(check_job(&j, method, err));
    if (resampled) {
        if (resamples <= SIZE_MAX / sizeof *mean / columns) {
            mean = malloc(columns * resamples * sizeof *mean);
        }
        if (mean == NULL) {
            st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu resamples of %zu columns",
                         resamples, columns);
            goto out;
        }
        LK_TRY(resample_all(&j, mean, err));
    }
#pragma omp parallel for schedule(static)
    for (size_t column = 0; column < columns; column++) {
        const column_moments m = moments(&j, column);

        if (m.lowest == m.highest)
            out[column] = interval_without_spread(&j, m.lowest);
        else if (!resampled)
            out[column] = delta_interval(&j, &m);
        else {
            out[column] = bootstrap_interval(&j, method, &m, mean + column * resamples);
        }
    }

out:
    free(mean);
    return st;
}
