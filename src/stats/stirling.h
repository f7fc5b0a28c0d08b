/* stirling.h - what Stirling's formula leaves of a factorial. */
#ifndef LK_STATS_STIRLING_H
#define LK_STATS_STIRLING_H

enum { LK_STIRLING_MIN = 16 }; /* from here on the five terms are within 2e-16 */

/* log x! - [(x + 1/2) log x - x + log(2 pi)/2], for x >= LK_STIRLING_MIN; the same number
 * is log Gamma(x) - [(x - 1/2) log x - x + log(2 pi)/2]. */
static inline double lk_stirling_tail(double x)
{
    const double y = 1.0 / (x * x);

    return (1.0 / 12 -
            y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680 - y / 1188)))) /
           x;
}

#endif /* LK_STATS_STIRLING_H */
