/* quantile.h - quantiles of samples. */
#ifndef LK_STATS_QUANTILE_H
#define LK_STATS_QUANTILE_H

#include <math.h>
#include <stddef.h>

/* For qsort: ascending, NaN at the end. */
static inline int lk_by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;

    if (isnan(a) || isnan(b)) return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}

/* The quantile of sorted numbers that interpolates between order statistics (type 7 of
 * Hyndman and Fan, as R and NumPy do); they may end in infinities. */
static inline double lk_quantile(const double sorted[], size_t count, double chance)
{
    const double at = chance * (double)(count - 1);
    const size_t i = (size_t)at;

    if (i + 1 >= count || sorted[i] == sorted[i + 1]) return sorted[i];
    return sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]);
}

#endif /* LK_STATS_QUANTILE_H */
