/* beta.c - quantiles of the Beta distribution for parameters up to 2^53.
 *
 * Both tails in the logarithm, then Newton's method in log x, kept inside a bracket.  The
 * tails are log-concave in log x (but for b < 1), so that it converges from the mean.
 *
 * With n = a + b, u = n x - a and the deviance of x from the mean a/n
 *
 *     r^2/2 = a d(u/a) + b d(-u/b),    d(t) = t - log(1 + t) >= 0,
 *
 * everything is formed from u and r, which keep their digits where x is close to the
 * mean; x^a (1-x)^b and the Beta function alone overflow or cancel.
 *
 *   min(a, b) <  10^6  a continued fraction with positive terms [1], which takes about
 *                      sqrt(min(a, b)) steps
 *   min(a, b) >= 10^6  the normal distribution at r* = r + log(q/r)/r [2], with
 *                      q = u sqrt(n/(a b)).  Its error in r* is of order
 *                      min(a, b)^(-3/2) <= 1e-9, and dx/x is min(a, b)^(-1/2) of that.
 *
 * GSL 2.7's gsl_cdf_beta_P is NaN at a = 1e6, b = 2e6 and good to 6 digits at a = 50,
 * b = 1e12; its quantile raises errors where that fails it.
 *
 * References
 *   [1] A. R. DiDonato, A. H. Morris, "Algorithm 708", ACM TOMS 18 (1992) 360-373:
 *       the fraction of BFRAC.
 *   [2] O. E. Barndorff-Nielsen, "Approximate interval probabilities", J. R. Statist.
 *       Soc. B 52 (1990) 485-496; the density of r is that of the exact Beta law.
 */
#include "stats/beta.h"

#include <float.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_sf_erf.h>
#include <math.h>
#include <stdbool.h>

#include "stats/special.h"

enum {
    NORMAL_MIN = 1000000, /* from this min(a, b) on, [2]                            */
    FRACTION_STEPS = 100000,
    NEWTON_STEPS = 200 /* ten are usual; bisection alone would take 54 */
};

/* t - log(1 + t) of t = ratio - 1, where the caller knows t with all its digits. */
static double deviance(double t, double ratio)
{
    return t < -0.5 ? t - log(ratio) : -lk_log1p_minus(t);
}

/* A point of Beta(a, b), seen from its mean. */
typedef struct {
    double a, b, n;
    double x, y;      /* y = 1 - x                           */
    double u;         /* n x - a                             */
    double half_r2;   /* r^2/2                               */
    double log_power; /* log of x^a y^b / B(a, b)            */
} place;

static place place_at(double a, double b, double log_x)
{
    place p = {.a = a, .b = b, .n = a + b, .x = exp(log_x), .y = -expm1(log_x)};

    p.u = fma(p.n, p.x, -a);
    p.half_r2 =
        a * deviance(p.u / a, p.n * p.x / a) + b * deviance(-p.u / b, p.n * p.y / b);
    p.log_power = 0.5 * log(a / p.n * b / (2.0 * M_PI)) - p.half_r2 +
                  lk_gamma_tail(p.n) - lk_gamma_tail(a) - lk_gamma_tail(b);
    return p;
}

/* The fraction F of I_x(a, b) = x^a y^b / (B(a, b) F), for u = n x - a < 0.  [1],
 * by Lentz's method: with x below the mean no denominator comes near zero. */
static double tail_fraction(double a, double b, double x, double u)
{
    double f = a * (1.0 - u) / (a + 1.0), c = f, d = 0.0;

    for (int m = 1; m <= FRACTION_STEPS; m++) {
        const double step = a + 2.0 * m - 1.0, rest = m * (b - m) * x;
        const double numerator =
            (a + m - 1.0) / step * ((a + b + m - 1.0) * x / step) * rest;
        const double denominator =
            m + rest / step + (a + m) * (1.0 - u + m * (2.0 - x)) / (step + 2.0);

        d = 1.0 / (denominator + numerator * d);
        c = denominator + numerator / c;
        f *= c * d;
        if (fabs(c * d - 1.0) <= DBL_EPSILON) break;
    }
    return f;
}

/* log of the normal distribution below r*.  [2] */
static double log_normal_tail(const place *p, lk_tail which)
{
    const double r = copysign(sqrt(2.0 * p->half_r2), p->u);
    const double q = p->u * sqrt(p->n / p->a / p->b);
    const double shift = fabs(r) > 1e-3
                             ? log(q / r) / r
                             : (p->b - p->a) / (3.0 * sqrt(p->a * p->b * p->n));
    const double out = which == LK_TAIL_LOWER ? -(r + shift) : r + shift;
    gsl_sf_result log_erfc;

    gsl_sf_log_erfc_e(out / M_SQRT2,
                      &log_erfc); /* defined, and without error, anywhere */
    return log_erfc.val - M_LN2;
}

static double log_tail(const place *p, lk_tail which)
{
    if (p->a >= NORMAL_MIN && p->b >= NORMAL_MIN) return log_normal_tail(p, which);

    const bool below = p->u < 0.0;
    const double f = below ? tail_fraction(p->a, p->b, p->x, p->u)
                           : tail_fraction(p->b, p->a, p->y, -p->u);
    const double log_near = p->log_power - log(f);

    if (below == (which == LK_TAIL_LOWER)) return log_near;
    return log_near < 0.0 ? log1p(-exp(log_near)) : -INFINITY;
}

/* log x of the quantile, where it is known to lie at or below log(1/2). */
static double log_quantile(double a, double b, lk_tail which, double log_goal)
{
    double lo = log(DBL_MIN), hi = -M_LN2;
    double t = fmin(log(a / (a + b)), hi);

    for (int i = 0; i < NEWTON_STEPS; i++) {
        const place p = place_at(a, b, t);
        const double log_chance = log_tail(&p, which);
        const double rise = log_chance - log_goal;
        const bool short_of = (rise < 0.0) == (which == LK_TAIL_LOWER);
        const double slope = exp(p.log_power - log_chance) / p.y;
        double next = which == LK_TAIL_LOWER ? t - rise / slope : t + rise / slope;

        if (short_of)
            lo = t;
        else
            hi = t;
        if (fabs(next - t) <= 1e-13)
            return next; /* quadratic: the next would be 1e-18 */
        if (!(next > lo && next < hi)) next = 0.5 * (lo + hi);
        t = next;
    }
    return t;
}

double lk_beta_log_tail(double a, double b, double log_x, lk_tail which)
{
    const place p = place_at(a, b, log_x);

    return log_tail(&p, which);
}

double lk_beta_quantile(double a, double b, lk_tail which, double tail)
{
    if (!(a >= 0.5 && b >= 0.5 && tail > 0.0 && tail < 1.0)) return NAN;

    const lk_tail other = which == LK_TAIL_LOWER ? LK_TAIL_UPPER : LK_TAIL_LOWER;
    const place middle = place_at(a, b, -M_LN2);
    const bool beyond = log_tail(&middle, which) < log(tail);

    /* Whichever of x and 1 - x is the smaller is solved for. */
    if (beyond == (which == LK_TAIL_LOWER))
        return -expm1(log_quantile(b, a, other, log(tail)));
    return exp(log_quantile(a, b, which, log(tail)));
}
