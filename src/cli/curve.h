/* curve.h - pass@k of a group of problems over a grid of k, with intervals. */
#ifndef LK_CLI_CURVE_H
#define LK_CLI_CURVE_H

#include <stddef.h>
#include <stdint.h>

#include "cli/number.h"
#include "largek/counts.h"
#include "largek/interval.h"
#include "largek/passk.h"
#include "largek/status.h"

typedef enum { LK_ESTIMATE_UNBIASED, LK_ESTIMATE_PLUGIN } lk_estimator;

typedef struct {
    lk_estimator estimator;
    lk_mean_method mean;         /* of the mean over problems   */
    lk_binomial_method binomial; /* of single problems          */
    double level;
    uint64_t resamples, seed;
} lk_curve_options;

/* Names in the enums' order, NULL at the end. */
extern const char *const lk_estimator_names[];
extern const char *const lk_mean_names[];
extern const char *const lk_binomial_names[];

typedef struct {
    double pass, std_error; /* std_error is NaN for one problem                */
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
 * Errors      LK_E_ARG where k is more than some problem's n (the text names the one with
 *             the fewest attempts), unless the estimator is the plug-in, or where the
 *             estimator does not fit the group's design; LK_E_MEMORY */
lk_status lk_curve_compute(const lk_count_group *group, const lk_count_list *k,
                           uint64_t per_decade, const lk_curve_options *options,
                           lk_curve *out, lk_error *err);

/* Frees and zeroes; {0} is fine. */
void lk_curve_release(lk_curve *curve);

/* One problem at one k. */
lk_curve_point lk_curve_problem(uint64_t n, uint64_t c, uint64_t k,
                                const lk_curve_options *options);

#endif /* LK_CLI_CURVE_H */
