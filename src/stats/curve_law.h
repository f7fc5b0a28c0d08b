/* curve_law.h - laws of the curve of pass@k that say nothing of single problems. */
#ifndef LK_STATS_CURVE_LAW_H
#define LK_STATS_CURVE_LAW_H

#include "largek/fit.h"

/* p is the chance of FAILURE, as in the paper of the last four (largek/law.h, [1]). */
typedef enum {
    LK_CURVE_POWER,          /* a, b:        exp(-a k^-b)                           */
    LK_CURVE_POWER_WEIGHTED, /* the same                                            */
    LK_CURVE_EXP_POWER,      /* a, b < 0:    exp(a k^b)                             */
    LK_CURVE_LEVI,           /* alpha, beta, A: A (1 - L), L = E[p^k], p ~ Beta     */
    LK_CURVE_EXCHANGEABLE,   /* p, r, A: the same, by mean and correlation of p:
                                L = prod_{j<k} (p (1-r) + j r)/(1 - r + j r)        */
    LK_CURVE_DESIGN_EFFECT,  /* p, kappa, A: L = p^m,
                                m = k/(1 + 2 sum_{d<k} (1 - d/k) d^-kappa)          */
    LK_CURVE_HAZARD          /* p, kappa, A: L = prod_{j<=k} (1 - (1-p) j^-kappa)   */
} lk_curve_kind;

/* log(1 - pass@k), k >= 1; that of the whole attempts in k for the last two.  Relative error
 * of 1 - pass@k within 1e-10. */
double lk_curve_log_failure(lk_curve_kind kind, const double t[], double k);

/* sum_{d=1}^{n} d^-s, n >= 0, any real s.  Relative error within 1e-13. */
double lk_power_sum(double n, double s);

/* Fits a curve; `fit` of the rows below. */
lk_status lk_fit_curve(const lk_fit_law *self, const uint64_t n[], const uint64_t c[],
                       size_t problems, const lk_fit_options *options,
                       lk_fit_result *out, lk_error *err);

/* Fits a curve's law to given values of pass@k, each weighing the same.
 * Shapes  k, pass [count]; param [law->params]
 * Errors  LK_E_MEMORY; LK_E_NUMERIC where there is no fit */
lk_status lk_fit_curve_values(const lk_fit_law *law, const uint64_t k[],
                              const double pass[], size_t count, double param[],
                              lk_error *err);

extern const lk_fit_law lk_fit_power_law, lk_fit_power_law_weighted,
    lk_fit_exp_power_law, lk_fit_levi, lk_fit_levi_exchangeable,
    lk_fit_levi_design_effect, lk_fit_levi_hazard;

#endif /* LK_STATS_CURVE_LAW_H */
