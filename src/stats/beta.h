/* beta.h - tails and quantiles of the Beta distribution for parameters up to 2^53. */
#ifndef LK_STATS_BETA_H
#define LK_STATS_BETA_H

typedef enum { LK_TAIL_LOWER, LK_TAIL_UPPER } lk_tail;

/* The x below which (LK_TAIL_LOWER) or above which (LK_TAIL_UPPER) Beta(a, b) has the
 * chance `tail`.  Relative error of x within 1e-11 for a, b in [1/2, 2^53] and tail in
 * [1e-15, 1/2]; where x is near one that of 1-x is better than the double it is put
 * in.  NaN unless a, b >= 1/2 and 0 < tail < 1. */
double lk_beta_quantile(double a, double b, lk_tail which, double tail);

/* log of the chance that Beta(a, b) has below x (LK_TAIL_LOWER) or above it, given log x.
 * Relative error of the chance within 1e-11, for a, b in [1/2, 2^53]. */
double lk_beta_log_tail(double a, double b, double log_x, lk_tail which);

#endif /* LK_STATS_BETA_H */
