/* largek/forecast.h - pass@k beyond the data, by fitted laws.
 *
 * A law fitted to counts of n attempts says what pass@k is at any k.  How far to trust it is
 * asked twice: by the bootstrap, of the law's own noise; by the backtest, of the law.
 *
 *   distribution laws  parametric bootstrap: problems and counts drawn from the fitted law,
 *                      fitted again
 *   curve laws         bootstrap over problems: a curve's law cannot draw problems, and
 *                      for beta-negative-binomial there is no n to draw counts for
 *
 * Intervals are percentiles.  They hold if the law does: what the law gets wrong beyond
 * the data they do not show.
 *
 * Reference
 *   [1] J. Kazdan et al., "Efficient Prediction of Pass@k Scaling in Large Language
 *       Models", arXiv:2510.05197 (2025): the bias of the least-squares line.
 */
#ifndef LK_FORECAST_H
#define LK_FORECAST_H

#include <stddef.h>
#include <stdint.h>

#include "largek/fit.h"
#include "largek/interval.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* log(1 - pass@k) by a law with given parameters, k >= 1, and pass@k itself. */
double lk_fit_law_log_failure(const lk_fit_law *law, const double param[], double k);
double lk_fit_law_pass(const lk_fit_law *law, const double param[], double k);

/* The largest pass@k that any number of attempts reaches. */
double lk_fit_law_reach(const lk_fit_law *law, const double param[]);

/* The k at which pass@k gets to `target`: at least 1; infinite where it is beyond 1e30 or
 * the law never gets there; NaN unless 0 < target < 1. */
double lk_fit_law_needed(const lk_fit_law *law, const double param[], double target);

/* -d log(-log pass@k) / d log k; for laws that are curves alone between the whole numbers
 * next to 0.999 k and 1.001 k. */
double lk_fit_law_local_exponent(const lk_fit_law *law, const double param[], double k);

/* The mean number of attempts until a success, or k where none came before, k >= 1 whole:
 * the sum of 1 - pass@j over j < k.  Relative error within 1e-9. */
double lk_fit_law_attempts(const lk_fit_law *law, const double param[], double k);

typedef struct {
    lk_fit_options fit;
    const double *k; /* [points] >= 1 */
    size_t points;
    double target; /* 0: none asked for */
    double level;
    size_t resamples; /* 0: no intervals */
    uint64_t seed;
} lk_forecast_options;

typedef struct {
    double pass, log_failure;
    lk_interval interval; /* NaN without resamples */
} lk_forecast_point;

/* {0} is empty. */
typedef struct {
    lk_fit_result fit;
    lk_forecast_point *point; /* [points]; owned.  NULL where nothing could be fitted */
    double reach, needed;     /* needed: NaN where no target was asked for            */
    lk_interval reach_interval, needed_interval;
    size_t refitted; /* of `resamples`; the others had no fit and are left out        */
} lk_forecast;

/* Fits a law and evaluates it.  The result is the same for any number of threads.
 *
 * Shapes     n, c [problems]
 * Ownership  *out is the caller's; end it with lk_forecast_release
 * Errors     those of lk_fit; LK_E_ARG for k < 1 or a level outside (0,1) */
lk_status lk_forecast_run(const lk_fit_law *law, const uint64_t n[], const uint64_t c[],
                          size_t problems, const lk_forecast_options *options,
                          lk_forecast *out, lk_error *err);
void lk_forecast_release(lk_forecast *forecast);

/* What k fresh attempts at these very problems do, each known by its counts and, through
 * the fitted law, by the others: the mean over i of 1 - E[(1-p)^k | c_i of n_i], with the
 * standard deviation of that mean given the law's parameters.  NaN for curve laws. */
typedef struct {
    double mean, sd;
} lk_predictive;

lk_predictive lk_forecast_problems(const lk_fit_law *law, const double param[],
                                   const uint64_t n[], const uint64_t c[],
                                   size_t problems, double k);

typedef struct {
    size_t problems;    /* of each part: so many of the problems, without repeats */
    uint64_t attempts;  /* and so many of each one's attempts, at most all        */
    size_t repeats;     /* parts                                                  */
    uint64_t k;         /* forecast from a part, at most the fewest attempts      */
    lk_fit_options fit; /* the grid of curves is cut off at `attempts`           */
    const lk_fit_law *reference; /* for `structural`: a distribution             */
    uint64_t seed;
} lk_backtest_options;

/* Forecasts from parts of the data against all of them. */
typedef struct {
    double truth; /* pass@k of all the data, unbiased                              */
    double mean;  /* of the forecasts                                              */
    double bias, sd, rmse;
    /* The error that remains with endless data of as few attempts: the law fitted to the
     * exact curve of the reference law (fitted to all the data), against that law at k.
     * Curves only; NaN for distributions.  [1] */
    double structural;
    size_t fitted; /* of `repeats`; the others are left out                        */
} lk_backtest;

/* Errors  those of lk_fit; LK_E_ARG for more problems or attempts than there are */
lk_status lk_backtest_run(const lk_fit_law *law, const uint64_t n[], const uint64_t c[],
                          size_t problems, const lk_backtest_options *options,
                          lk_backtest *out, lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_FORECAST_H */
