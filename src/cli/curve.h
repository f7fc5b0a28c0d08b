/* curve.h - pass@k of a group of problems over a grid of k, with intervals. */
#ifndef LK_CLI_CURVE_H
#define LK_CLI_CURVE_H

#include <stddef.h>
#include <stdint.h>

#include "cli/number.h"
#include "largek/counts.h"
#include "largek/interval.h"
#include "largek/metric.h"
#include "largek/passk.h"
#include "largek/status.h"

typedef enum {
    LK_ESTIMATE_UNBIASED, /* by the group's design                      */
    LK_ESTIMATE_PLUGIN,   /* at p = c/n                                 */
    LK_ESTIMATE_BAYES     /* the posterior mean, p being uniform before */
} lk_estimator;

typedef enum {
    LK_CURVE_BCA = LK_MEAN_BCA,
    LK_CURVE_PERCENTILE = LK_MEAN_PERCENTILE,
    LK_CURVE_DELTA = LK_MEAN_DELTA,
    LK_CURVE_BAYES /* normal, from the posteriors of the problems that are there */
} lk_curve_interval;

typedef struct {
    lk_metric metric; /* {0}: pass@k                 */
    lk_estimator estimator;
    lk_curve_interval mean;      /* of the mean over problems   */
    lk_binomial_method binomial; /* of single problems          */
    double level;
    uint64_t resamples, seed;
} lk_curve_options;

/* Names in the enums' order, NULL at the end. */
extern const char *const lk_estimator_names[];
extern const char *const lk_mean_names[];
extern const char *const lk_binomial_names[];

typedef struct {
    double pass, std_error; /* over problems, NaN for one; of the posterior with
                               LK_CURVE_BAYES                                  */
    lk_interval interval;
    const char *interval_by; /* "bca"; "exact" where all problems are 0 or all 1;
                                the binomial method's name for one problem      */
} lk_curve_point;

/* The mean over problems at every k.  {0} is empty. */
typedef struct {
    lk_count_list k;       /* owned              */
    lk_curve_point *point; /* [k.count], owned   */
} lk_curve;

/* k           empty: 1 to the smallest n of the group, `per_decade` a decade, both ends
 *             included
 * Ownership   *out is the caller's; end it with lk_curve_release
 * Errors      LK_E_ARG where k is more than the unbiased estimator has attempts for (the
 *             text names a problem), or estimator, metric, interval and the group's
 *             design do not fit each other; LK_E_MEMORY */
lk_status lk_curve_compute(const lk_count_group *group, const lk_count_list *k,
                           uint64_t per_decade, const lk_curve_options *options,
                           lk_curve *out, lk_error *err);

/* Frees and zeroes; {0} is fine. */
void lk_curve_release(lk_curve *curve);

/* Problem i at one k that lk_curve_compute has accepted. */
lk_curve_point lk_curve_problem(const lk_count_group *group, size_t i, uint64_t k,
                                const lk_curve_options *options);

#endif /* LK_CLI_CURVE_H */
