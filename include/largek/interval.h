/* largek/interval.h - intervals for a success probability and for means over problems.
 *
 * References
 *   [1] C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404-413.
 *   [2] L. D. Brown, T. T. Cai, A. DasGupta, "Interval Estimation for a Binomial
 *       Proportion", Statist. Sci. 16 (2001) 101-133: Wilson eq. 4, Jeffreys sect. 3.1.1.
 *   [3] B. Efron, "Better Bootstrap Confidence Intervals", JASA 82 (1987) 171-185.
 *   [4] M. Hariri et al., "Don't Pass@k", arXiv:2510.04265 (2025).
 */
#ifndef LK_INTERVAL_H
#define LK_INTERVAL_H

#include <stddef.h>
#include <stdint.h>

#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    double lo, hi;
} lk_interval;

typedef enum {
    LK_INTERVAL_CLOPPER_PEARSON, /* [1]: never covers less than its level      */
    LK_INTERVAL_JEFFREYS,        /* [2]: Beta(1/2,1/2) prior, 0 and 1 kept in  */
    LK_INTERVAL_WILSON,          /* [2]: score interval                        */
    LK_INTERVAL_BAYES            /* [4]: Beta(1,1) prior; credible, equal tails */
} lk_binomial_method;

/* A two-sided interval for p from c successes in n attempts, e.g. level 0.95.
 * Relative error of both ends within 1e-11 for n up to 2^53, also for ends near 1e-15.
 * NaN ends unless c <= n, n >= 1 and 0 < level < 1. */
lk_interval lk_binomial_interval(lk_binomial_method method, uint64_t n, uint64_t c,
                                 double level);

/* The same for 1 - (1-p)^k, by monotonicity. */
lk_interval lk_passk_interval(lk_binomial_method method, uint64_t n, uint64_t c,
                              double k, double level);

typedef enum {
    LK_MEAN_BCA,        /* bootstrap over problems, bias-corrected, accelerated [3] */
    LK_MEAN_PERCENTILE, /* bootstrap over problems, percentiles                     */
    LK_MEAN_DELTA       /* normal, from the standard error                          */
} lk_mean_method;

/* "bca"; never NULL. */
const char *lk_mean_method_name(lk_mean_method method);

enum { LK_BOOTSTRAP_DEFAULT = 4000 };

/* Intervals for means over problems of several columns (one a k, say), from the same
 * resampled problems for all columns.
 *
 * Resample r draws its problems from words of the stream (purpose 5, seed): the result
 * is the same for any number of threads.  Where all problems of a column agree a bootstrap
 * sees no spread; if all are 0 or all are 1 the interval is the exact one-sided one,
 * [0, 1 - a^(1/P)] or [a^(1/P), 1] with a = (1-level)/2: a mean m of values in [0,1] makes
 * P zeros (ones) with chance at most (1-m)^P (m^P).
 *
 * Shapes   value [problems][columns] in [0,1]; out [columns]
 * Errors   LK_E_ARG for problems < 2, no columns, a level outside (0,1), a value outside
 *          [0,1] or NaN; LK_E_MEMORY
 */
lk_status lk_mean_interval(lk_mean_method method, const double *value, size_t problems,
                           size_t columns, double level, size_t resamples,
                           uint64_t seed, lk_interval *out, lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_INTERVAL_H */
