/* draw.h - random numbers for resampling, by address (largek/law.h, lk_place). */
#ifndef LK_STATS_DRAW_H
#define LK_STATS_DRAW_H

#include "largek/law.h"

/* Uniform on (0, 1): 53 bits, neither end. */
double lk_draw_uniform(lk_place *place);

/* log of a Gamma(shape, 1) variate; shape > 0.  It may be far below the smallest double. */
double lk_draw_log_gamma(double shape, lk_place *place);

/* A Beta(a, b) variate, with the logarithms of it and of the rest. */
double lk_draw_beta(double a, double b, lk_place *place, double *log_p,
                    double *log_1mp);

#endif /* LK_STATS_DRAW_H */
