/* tail.c - pass@k of probabilities that are known one by one. */
#include "largek/tail.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "largek/interval.h"

static const double log_k_most = 690.77552789821368; /* log 1e300 */

/* log of -k log(1 - p): log k + log p, and what -log(1 - p) has beyond p where p is not
 * tiny. */
static double log_hazard(double log_p, double log_k)
{
    if (log_p < -40.0) return log_k + log_p; /* -log(1-p) = p to 1e-17 */
    return log_k + log(-log1p(-exp(log_p)));
}

double lk_tail_pass(double log_p, double log_k)
{
    if (log_p == -(double)INFINITY) return 0.0;
    if (log_p >= 0.0) return 1.0;
    return -expm1(-exp(log_hazard(log_p, log_k)));
}

double lk_tail_failure(double log_p, double log_k)
{
    if (log_p == -(double)INFINITY) return 1.0;
    if (log_p >= 0.0) return 0.0;
    return exp(-exp(log_hazard(log_p, log_k)));
}

double lk_tail_slope(double log_p, double log_k)
{
    if (log_p == -(double)INFINITY || log_p >= 0.0) return 0.0;
    const double log_h = log_hazard(log_p, log_k);

    return log_h > 700.0 ? 0.0 : exp(log_h - exp(log_h));
}

/* Means over problems at one k. */
typedef struct {
    double pass, most, failure, slope,
        error; /* error: of the estimates, squared, of the mean */
} sums;

static double known(const lk_tail_problem *problem)
{
    return isnan(problem->log_p) ? -(double)INFINITY : problem->log_p;
}

static sums sum_up(const lk_tail_problem *problem, size_t problems, double log_k)
{
    const double n = (double)problems;
    sums s = {0};

    for (size_t i = 0; i < problems; i++) {
        const double pass = lk_tail_pass(known(&problem[i]), log_k);
        const double slope = lk_tail_slope(known(&problem[i]), log_k);
        const double error =
            isnan(problem[i].log_p) ? 0.0 : slope * problem[i].rel_error;

        s.pass += pass / n;
        s.failure += lk_tail_failure(known(&problem[i]), log_k) / n;
        s.most += isnan(problem[i].log_p) ? lk_tail_pass(problem[i].log_most, log_k) / n
                                          : pass / n;
        s.slope += slope / n;
        s.error += error * error / (n * n);
    }
    return s;
}

static lk_tail_point make_point(const sums *s, const lk_interval *over, double spread,
                                double z)
{
    const double pass = fmin(s->pass, 1.0), own = z * sqrt(s->error);
    const double log_pass = log(pass);

    return (lk_tail_point){
        .pass = pass,
        .std_error = sqrt(spread * spread + s->error),
        .lo = fmax(pass - hypot(pass - over->lo, own), 0.0),
        .hi = fmin(pass + hypot(over->hi - pass, own), 1.0),
        .most = fmin(s->most, 1.0),
        .failure = s->failure,
        .exponent = pass > 0.0 && pass < 1.0 ? s->slope / pass / -log_pass : NAN};
}

/* Standard deviation of a column over the root of its length. */
static double spread_of(const double *value, size_t problems, size_t points,
                        double mean)
{
    double square = 0.0;

    for (size_t i = 0; i < problems; i++) {
        const double off = value[i * points] - mean;

        square += off * off;
    }
    return sqrt(square / (double)(problems - 1) / (double)problems);
}

static lk_status over_problems(const double *value, size_t problems, size_t points,
                               double level, size_t resamples, uint64_t seed,
                               lk_interval *out, lk_error *err)
{
    if (problems > 1) {
        return lk_mean_interval(LK_MEAN_BCA, value, problems, points, level, resamples,
                                seed, out, err);
    }
    for (size_t j = 0; j < points; j++) out[j] = (lk_interval){value[j], value[j]};
    return LK_OK;
}

lk_status lk_tail_curve(const lk_tail_problem *problem, size_t problems,
                        const double *log_k, size_t points, double level,
                        size_t resamples, uint64_t seed, lk_tail_point *out,
                        lk_error *err)
{
    double *value = malloc((problems * points + 1) * sizeof *value);
    lk_interval *over = malloc((points + 1) * sizeof *over);
    const double z = gsl_cdf_ugaussian_Qinv(0.5 * (1.0 - level));
    lk_status st = LK_OK;

    if (value == NULL || over == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu problems at %zu values of k", problems,
                     points);
        goto out;
    }
    if (problems == 0 || points == 0) {
        st =
            LK_FAIL(err, LK_E_ARG, "%zu problems at %zu values of k", problems, points);
        goto out;
    }
    for (size_t j = 0; j < points; j++) {
        if (log_k[j] >= 0.0) continue;
        st = LK_FAIL(err, LK_E_ARG, "k below 1");
        goto out;
    }
    for (size_t i = 0; i < problems; i++) {
        for (size_t j = 0; j < points; j++) {
            value[i * points + j] = lk_tail_pass(known(&problem[i]), log_k[j]);
        }
    }
    LK_TRY(over_problems(value, problems, points, level, resamples, seed, over, err));
    for (size_t j = 0; j < points; j++) {
        const sums s = sum_up(problem, problems, log_k[j]);

        out[j] =
            make_point(&s, &over[j], spread_of(value + j, problems, points, s.pass), z);
    }

out:
    free(value);
    free(over);
    return st;
}

/* What is asked of one k at a time. */
typedef enum { AT_PASS, AT_LO, AT_HI } end;

typedef struct {
    const lk_tail_problem *problem;
    size_t problems, resamples;
    double target, level;
    uint64_t seed;
} question;

static lk_status reaches(const question *q, end which, double log_k, bool *yes,
                         lk_error *err)
{
    lk_tail_point point;
    lk_status st = LK_OK;

    if (which == AT_PASS) {
        *yes = sum_up(q->problem, q->problems, log_k).pass >= q->target;
        return LK_OK;
    }
    LK_TRY(lk_tail_curve(q->problem, q->problems, &log_k, 1, q->level, q->resamples,
                         q->seed, &point, err));
    *yes = (which == AT_LO ? point.lo : point.hi) >= q->target;

out:
    return st;
}

/* Bisection: to 1e-7 of k for pass@k itself, 1e-3 for ends, which resampling makes. */
static lk_status search(const question *q, end which, double *log_k, lk_error *err)
{
    const double close = which == AT_PASS ? 1e-7 : 1e-3;
    double low = 0.0, high = log_k_most;
    bool yes = false;
    lk_status st = LK_OK;

    LK_TRY(reaches(q, which, low, &yes, err));
    if (yes) high = low;
    if (!yes) LK_TRY(reaches(q, which, high, &yes, err));
    if (!yes) high = INFINITY;
    while (yes && high - low > close) {
        const double middle = 0.5 * (low + high);
        bool there = false;

        LK_TRY(reaches(q, which, middle, &there, err));
        if (there) {
            high = middle;
        } else {
            low = middle;
        }
    }
    *log_k = high;

out:
    return st;
}

lk_status lk_tail_target(const lk_tail_problem *problem, size_t problems, double target,
                         double level, size_t resamples, uint64_t seed,
                         lk_tail_needed *out, lk_error *err)
{
    const question q = {problem, problems, resamples, target, level, seed};
    lk_status st = LK_OK;

    if (!(target > 0.0 && target < 1.0) || problems == 0) {
        return LK_FAIL(err, LK_E_ARG, "a target of %g for %zu problems", target,
                       problems);
    }
    LK_TRY(search(&q, AT_PASS, &out->log_k, err));
    LK_TRY(search(&q, AT_HI, &out->log_lo, err));
    LK_TRY(search(&q, AT_LO, &out->log_hi, err));

out:
    return st;
}
