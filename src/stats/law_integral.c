/* law_integral.c - laws whose integrals have no closed form worth having.
 *
 * E[(1-p)^k] is integrated as it is where it is small and as 1 - E[1-(1-p)^k] where that
 * is: both integrands are positive.
 */
#include <gsl/gsl_math.h>
#include <math.h>

#include "stats/draw.h"
#include "stats/law_parts.h"
#include "stats/mixing.h"
#include "stats/special.h"

static double integral_log_failure(const lk_law_ops *self, const double t[], double k)
{
    const lk_mixing m = self->mixing(t);
    const lk_kernel fail = {LK_KERNEL_BINOMIAL, k, 0.0},
                    pass = {LK_KERNEL_PASS, k, 0.0};
    lk_mixed out;

    if (k == 0.0) return 0.0;
    lk_mixing_integrate(&m, &fail, false, &out);
    if (out.log_value < -M_LN2) return out.log_value;
    lk_mixing_integrate(&m, &pass, false, &out);
    return log1p(-exp(out.log_value));
}

static double integral_fall(const lk_law_ops *self, const double t[], double k)
{
    const lk_mixing m = self->mixing(t);
    const lk_kernel fail = {LK_KERNEL_BINOMIAL, k, 0.0},
                    decay = {LK_KERNEL_DECAY, k, 0.0};
    lk_mixed all, falling;

    lk_mixing_integrate(&m, &fail, false, &all);
    lk_mixing_integrate(&m, &decay, false, &falling);
    return exp(falling.log_value - all.log_value);
}

static double integral_log_pmf(const lk_law_ops *self, const double t[], double n,
                               double x)
{
    const lk_mixing m = self->mixing(t);
    const lk_kernel kernel = {LK_KERNEL_BINOMIAL, n, x};
    lk_mixed out;

    lk_mixing_integrate(&m, &kernel, false, &out);
    return out.log_value;
}

static double integral_log_at_least(const lk_law_ops *self, const double t[], double n,
                                    double x)
{
    const lk_mixing m = self->mixing(t);
    const lk_kernel kernel = {LK_KERNEL_AT_LEAST, n, x};
    lk_mixed out;

    lk_mixing_integrate(&m, &kernel, false, &out);
    return out.log_value;
}

static double integral_log_failure_given(const lk_law_ops *self, const double t[],
                                         double n, double x, double k)
{
    return integral_log_pmf(self, t, n + k, x) - lk_log_choose(n + k, x) -
           integral_log_pmf(self, t, n, x) + lk_log_choose(n, x);
}

static double integral_log_density(const lk_law_ops *self, const double t[], double p)
{
    const lk_mixing m = self->mixing(t);
    const double q = p / m.scale, s = log(q) - log1p(-q);

    if (!(q > 0.0 && q < 1.0) || s < m.lo || s > m.hi) return -INFINITY;
    return lk_mixing_log_density(&m, s, NULL, NULL) - log(p) - log1p(-q);
}

static double integral_cdf(const lk_law_ops *self, const double t[], double p)
{
    const lk_mixing m = self->mixing(t);
    const lk_kernel one = {.kind = LK_KERNEL_ONE};
    const double q = p / m.scale, s = log(q) - log1p(-q);
    lk_mixing below = m;
    lk_mixed out;

    if (!(q > 0.0) || s <= m.lo) return 0.0;
    if (q >= 1.0 || s >= m.hi) return 1.0;
    below.hi = s;
    lk_mixing_integrate(&below, &one, false, &out);
    return fmin(exp(out.log_value), 1.0);
}

/* Sets both logarithms from log p, p < 1. */
static double drawn(double log_p, double *to_log_p, double *log_1mp)
{
    if (to_log_p != NULL) *to_log_p = log_p;
    if (log_1mp != NULL) *log_1mp = lk_log1m_exp(fmin(log_p, -1e-300));
    return exp(log_p);
}

static lk_mixing uniform_mixing(const double t[])
{
    lk_mixing m = lk_mixing_of(LK_MIX_BETA, 1.0, 1.0, 1.0);

    m.lo = log(t[0]) - log1p(-t[0]); /* minus infinity of 0, infinity of 1 */
    m.hi = log(t[1]) - log1p(-t[1]);
    m.log_norm = -log(t[1] - t[0]);
    return m;
}

static lk_mixing scaled_beta_mixing(const double t[])
{
    return lk_mixing_of(LK_MIX_BETA, t[0], t[1], t[2]);
}

static lk_mixing kumaraswamy_mixing(const double t[])
{
    return lk_mixing_of(LK_MIX_KUMARASWAMY, t[0], t[1], t[2]);
}

/* lambda^p (1-lambda)^(1-p) is exp(-r p), r = log((1-lambda)/lambda), but for a factor. */
static lk_mixing continuous_bernoulli_mixing(const double t[])
{
    return lk_mixing_of(LK_MIX_EXPONENTIAL, log1p(-t[0]) - log(t[0]), 0.0, 1.0);
}

static lk_mixing reciprocal_mixing(const double t[])
{
    return lk_mixing_of(LK_MIX_RECIPROCAL, t[0], t[1], 1.0);
}

/* log of (1 - e^-z)/z, z > 0, and its change from y to z: a series where z is small. */
static double log_mean_decay(double z)
{
    return z < 0.1
               ? -0.5 * z +
                     z * z / 24.0 *
                         (1.0 - z * z / 120.0 *
                                    (1.0 - z * z / 63.0 * (1.0 - z * z * 3.0 / 160.0)))
               : log(-expm1(-z) / z);
}

/* [2] of largek/law.h: [(1-a)^(k+1) - (1-b)^(k+1)] / [(b-a) (k+1)].  With
 * d = log (1-a)/(1-b) and m(z) = (1 - e^-z)/z it is (1-a)^k m((k+1) d) / m(d). */
static double uniform_log_failure(const lk_law_ops *self, const double t[], double k)
{
    (void)self;
    const double d = log1p((t[1] - t[0]) / (1.0 - t[1]));

    if (t[1] == 1.0) return k * log1p(-t[0]) - log1p(k);
    if ((k + 1.0) * d < 0.1) { /* both by the series, whose first terms cancel */
        const double z = (k + 1.0) * d, y = d;
        const double cubes = z * z * z * z - y * y * y * y;

        return k * log1p(-t[0]) - 0.5 * k * d + (z - y) * (z + y) / 24.0 -
               cubes / 2880.0 +
               (z * z * z * z * z * z - y * y * y * y * y * y) / 181440.0 -
               (pow(z, 8.0) - pow(y, 8.0)) / 9676800.0;
    }
    return k * log1p(-t[0]) + log_mean_decay((k + 1.0) * d) - log_mean_decay(d);
}

/* d = 0 at b = 1 goes by the limit: a uniform law up to 1. */
static double uniform_fall(const lk_law_ops *self, const double t[], double k)
{
    (void)self;
    const double d = log1p((t[1] - t[0]) / (1.0 - t[1])), z = (k + 1.0) * d;
    const double odds = z < 1e-8 ? -0.5 * z : z / expm1(fmin(z, 700.0)) - 1.0;

    if (t[1] == 1.0) return k / (k + 1.0) - k * log1p(-t[0]);
    return -k * log1p(-t[0]) - k / (k + 1.0) * odds;
}

static lk_asymptote uniform_asymptote(const lk_law_ops *self, const double t[])
{
    (void)self;
    return (lk_asymptote){.log_constant = log1p(-t[0]) - log(t[1] - t[0]),
                          .exponent = 1.0,
                          .start = t[0]};
}

static double uniform_draw(const lk_law_ops *self, const double t[], lk_place *place,
                           double *log_p, double *log_1mp)
{
    (void)self;
    const double p = t[0] + (t[1] - t[0]) * lk_draw_uniform(place);

    if (log_p != NULL) *log_p = log(p);
    if (log_1mp != NULL) *log_1mp = log1p(-p);
    return p;
}

static lk_asymptote scaled_beta_asymptote(const lk_law_ops *self, const double t[])
{
    (void)self;
    lk_asymptote out = lk_law_beta_ops.asymptote(&lk_law_beta_ops, t);

    out.log_constant -= t[0] * log(t[2]);
    return out;
}

static double scaled_beta_draw(const lk_law_ops *self, const double t[],
                               lk_place *place, double *log_p, double *log_1mp)
{
    (void)self;
    double log_q;

    lk_draw_beta(t[0], t[1], place, &log_q, NULL);
    return drawn(log_q + log(t[2]), log_p, log_1mp);
}

/* beta Gamma(1 + alpha) scale^-alpha k^-alpha */
static lk_asymptote kumaraswamy_asymptote(const lk_law_ops *self, const double t[])
{
    (void)self;
    const double a = 1.0 + t[0];

    return (lk_asymptote){.log_constant = log(t[1]) + (a - 0.5) * log(a) - a +
                                          0.5 * log(2.0 * M_PI) + lk_gamma_tail(a) -
                                          t[0] * log(t[2]),
                          .exponent = t[0]};
}

/* 1 - q^a = U^(1/b) */
static double kumaraswamy_draw(const lk_law_ops *self, const double t[],
                               lk_place *place, double *log_p, double *log_1mp)
{
    (void)self;
    const double log_rest = log(lk_draw_uniform(place)) / t[1];

    return drawn(lk_log1m_exp(log_rest) / t[0] + log(t[2]), log_p, log_1mp);
}

/* The density at 0, r/(1 - e^-r), over k. */
static lk_asymptote continuous_bernoulli_asymptote(const lk_law_ops *self,
                                                   const double t[])
{
    (void)self;
    return (lk_asymptote){.log_constant = continuous_bernoulli_mixing(t).log_norm,
                          .exponent = 1.0};
}

static double continuous_bernoulli_draw(const lk_law_ops *self, const double t[],
                                        lk_place *place, double *log_p, double *log_1mp)
{
    (void)self;
    const double r = log1p(-t[0]) - log(t[0]), u = lk_draw_uniform(place);
    const double p = fabs(r) < 1e-8 ? u : -log1p(u * expm1(-r)) / r;

    if (log_p != NULL) *log_p = log(p);
    if (log_1mp != NULL) *log_1mp = log1p(-p);
    return p;
}

/* (1-a)^(k+1) / (a k log(b/a)) */
static lk_asymptote reciprocal_asymptote(const lk_law_ops *self, const double t[])
{
    (void)self;
    return (lk_asymptote){.log_constant =
                              log1p(-t[0]) - log(t[0]) - log(log(t[1] / t[0])),
                          .exponent = 1.0,
                          .start = t[0]};
}

static double reciprocal_draw(const lk_law_ops *self, const double t[], lk_place *place,
                              double *log_p, double *log_1mp)
{
    (void)self;
    return drawn(log(t[0]) + log(t[1] / t[0]) * lk_draw_uniform(place), log_p, log_1mp);
}

#define INTEGRAL_OPS(of)                                      \
    .mixing = of##_mixing, .log_pmf = integral_log_pmf,       \
    .log_at_least = integral_log_at_least,                    \
    .log_failure_given = integral_log_failure_given,          \
    .log_density = integral_log_density, .cdf = integral_cdf, \
    .asymptote = of##_asymptote, .draw = of##_draw

const lk_law_ops lk_law_uniform_ops = {
    INTEGRAL_OPS(uniform),
    .log_failure = uniform_log_failure,
    .fall = uniform_fall,
};
const lk_law_ops lk_law_scaled_beta_ops = {
    INTEGRAL_OPS(scaled_beta),
    .log_failure = integral_log_failure,
    .fall = integral_fall,
};
const lk_law_ops lk_law_kumaraswamy_ops = {
    INTEGRAL_OPS(kumaraswamy),
    .log_failure = integral_log_failure,
    .fall = integral_fall,
};
const lk_law_ops lk_law_continuous_bernoulli_ops = {
    INTEGRAL_OPS(continuous_bernoulli),
    .log_failure = integral_log_failure,
    .fall = integral_fall,
};
const lk_law_ops lk_law_reciprocal_ops = {
    INTEGRAL_OPS(reciprocal),
    .log_failure = integral_log_failure,
    .fall = integral_fall,
};
