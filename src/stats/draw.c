/* draw.c - random numbers for resampling, by address.
 *
 * References
 *   [1] G. Marsaglia, W. W. Tsang, "A simple method for generating gamma variables", ACM
 *       TOMS 26 (2000) 363-372.
 *   [2] W. Hoermann, "The generation of binomial random variates", J. Stat. Comput.
 *       Simul. 46 (1993) 101-110: algorithm BTRS, transformed rejection with squeeze.
 */
#include "stats/draw.h"

#include <gsl/gsl_math.h>
#include <math.h>

#include "largek/stream.h"
#include "stats/special.h"

/* Below this mean a binomial variate is found by counting up from 0. */
#define MEAN_MIN 10.0

/* Two of them a block. */
static void uniform_pair(lk_place *place, double u[2])
{
    const lk_u32x4 words =
        lk_words(place->seed, LK_PURPOSE_BOOTSTRAP, place->item, place->block++);

    for (int i = 0; i < 2; i++) {
        const uint64_t bits =
            (uint64_t)words.w[2 * i] << 32 | (uint64_t)words.w[2 * i + 1];

        u[i] = ((double)(bits >> 12) + 0.5) * 0x1p-52;
    }
}

double lk_draw_uniform(lk_place *place)
{
    double u[2];

    uniform_pair(place, u);
    return u[0];
}

static double draw_normal(lk_place *place)
{
    double u[2];

    uniform_pair(place, u);
    return sqrt(-2.0 * log(u[0])) * cos(2.0 * M_PI * u[1]);
}

/* [1]; shapes below one by Gamma(a) = Gamma(a+1) U^(1/a), in the logarithm. */
double lk_draw_log_gamma(double shape, lk_place *place)
{
    const double boost = shape < 1.0 ? log(lk_draw_uniform(place)) / shape : 0.0;
    const double d = (shape < 1.0 ? shape + 1.0 : shape) - 1.0 / 3.0;
    const double c = 1.0 / sqrt(9.0 * d);

    for (;;) {
        const double x = draw_normal(place), root = 1.0 + c * x;

        if (root <= 0.0) continue;
        const double v = root * root * root;
        if (log(lk_draw_uniform(place)) < 0.5 * x * x + d - d * v + d * log(v)) {
            return boost + log(d) + log(v);
        }
    }
}

double lk_draw_beta(double a, double b, lk_place *place, double *log_p, double *log_1mp)
{
    const double x = lk_draw_log_gamma(a, place), y = lk_draw_log_gamma(b, place);
    const double both = lk_log_add(x, y);

    if (log_p != NULL) *log_p = x - both;
    if (log_1mp != NULL) *log_1mp = y - both;
    return exp(x - both);
}

/* The chances of 0, 1, 2, ... one after the other, p <= 1/2 and n p < MEAN_MIN. */
static double count_up(double n, double p, lk_place *place)
{
    const double odds = p / (1.0 - p);
    double chance = exp(n * log1p(-p)), left = lk_draw_uniform(place), x = 0.0;

    while (left > chance && x < n) {
        left -= chance;
        chance *= (n - x) / (x + 1.0) * odds;
        x += 1.0;
        if (chance < 1e-300) break; /* rounding has eaten what was left */
    }
    return x;
}

/* [2] BTRS, p <= 1/2 and n p >= MEAN_MIN; the test by the exact probabilities. */
static double transformed_rejection(double n, double p, lk_place *place)
{
    const double spread = sqrt(n * p * (1.0 - p));
    const double b = 1.15 + 2.53 * spread;
    const double a = -0.0873 + 0.0248 * b + 0.01 * p;
    const double c = n * p + 0.5;
    const double alpha = (2.83 + 5.1 / b) * spread;
    const double mode = floor((n + 1.0) * p);
    const double log_p = log(p), log_1mp = log1p(-p);
    const double log_top = lk_log_binomial(n, mode, p, log_p, log_1mp);

    for (;;) {
        double u[2];

        uniform_pair(place, u);
        const double x = u[0] - 0.5, us = 0.5 - fabs(x);
        const double k = floor((2.0 * a / us + b) * x + c);
        if (us >= 0.07 && u[1] <= 0.92 - 4.2 / b) return k;
        if (k < 0.0 || k > n) continue;
        const double v = log(u[1] * alpha / (a / (us * us) + b));
        if (v <= lk_log_binomial(n, k, p, log_p, log_1mp) - log_top) return k;
    }
}

uint64_t lk_draw_binomial(uint64_t n, double p, lk_place *place)
{
    const double all = (double)n, less = p <= 0.5 ? p : 1.0 - p;
    double x;

    if (!(p > 0.0) || n == 0) return 0;
    if (p >= 1.0) return n;
    x = all * less < MEAN_MIN ? count_up(all, less, place)
                              : transformed_rejection(all, less, place);
    return p <= 0.5 ? (uint64_t)x : n - (uint64_t)x;
}
