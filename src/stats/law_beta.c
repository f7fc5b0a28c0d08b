/* law_beta.c - delta, and laws made of Beta distributions: closed forms.
 *
 * One mixture serves them all: p = 0 with chance `zero`, and Beta(a, b) with the others.
 * I_k of Beta(a, b) is Gamma(b+a) Gamma(b+k) / (Gamma(b) Gamma(b+a+k)).
 */
#include <float.h>
#include <gsl/gsl_math.h>
#include <math.h>

#include "stats/draw.h"
#include "stats/law_parts.h"
#include "stats/special.h"

static lk_mixture of_beta(const double t[])
{
    return (lk_mixture){.parts = 1, .weight = {1.0}, .a = {t[0]}, .b = {t[1]}};
}

static lk_mixture of_zero_inflated(const double t[])
{
    return (lk_mixture){
        .parts = 1, .zero = t[2], .weight = {1.0 - t[2]}, .a = {t[0]}, .b = {t[1]}};
}

static lk_mixture of_two(const double t[])
{
    return (lk_mixture){
        .parts = 2, .weight = {t[0], 1.0 - t[0]}, .a = {t[1], t[3]}, .b = {t[2], t[4]}};
}

/* alpha and beta of failures. */
static lk_mixture of_levi(const double t[])
{
    return (lk_mixture){
        .parts = 1, .zero = 1.0 - t[2], .weight = {t[2]}, .a = {t[1]}, .b = {t[0]}};
}

/* Through pass@k where that is the smaller: both keep their digits. */
static double mixture_log_failure(const lk_mixture *m, double k)
{
    double pass = 0.0, log_failure = m->zero > 0.0 ? log(m->zero) : -INFINITY;

    if (m->parts == 1 && m->zero == 0.0) return lk_log_gamma_cross(m->b[0], m->a[0], k);
    for (size_t i = 0; i < m->parts; i++) {
        const double l = lk_log_gamma_cross(m->b[i], m->a[i], k);

        pass -= m->weight[i] * expm1(l);
        log_failure = lk_log_add(log_failure, log(m->weight[i]) + l);
    }
    return pass < 0.5 ? log1p(-pass) : log_failure;
}

static double mixture_fall(const lk_mixture *m, double k)
{
    const double log_all = mixture_log_failure(m, k);
    double sum = 0.0;

    for (size_t i = 0; i < m->parts; i++) {
        const double share =
            log(m->weight[i]) + lk_log_gamma_cross(m->b[i], m->a[i], k) - log_all;

        sum += exp(share) * k * lk_psi_step(m->b[i] + k, m->a[i]);
    }
    return sum;
}

/* The part with the smallest a decides; of equal ones, all. */
static lk_asymptote mixture_asymptote(const lk_mixture *m)
{
    lk_asymptote out = {
        .floor = m->zero, .log_constant = -INFINITY, .exponent = m->a[0]};

    for (size_t i = 0; i < m->parts; i++) {
        if (m->weight[i] > 0.0) out.exponent = fmin(out.exponent, m->a[i]);
    }
    for (size_t i = 0; i < m->parts; i++) {
        if (m->a[i] != out.exponent || m->weight[i] == 0.0) continue;
        /* log Gamma(a+b)/Gamma(b) = log Gamma(a) - log B(a, b) */
        const double log_gamma_a = (m->a[i] - 0.5) * log(m->a[i]) - m->a[i] +
                                   0.5 * log(2.0 * M_PI) + lk_gamma_tail(m->a[i]);

        out.log_constant =
            lk_log_add(out.log_constant,
                       log(m->weight[i]) + log_gamma_a - lk_log_beta(m->a[i], m->b[i]));
    }
    return out;
}

static double mixture_log_pmf(const lk_mixture *m, double n, double x)
{
    double sum = m->zero > 0.0 && x == 0.0 ? log(m->zero) : -INFINITY;

    for (size_t i = 0; i < m->parts; i++) {
        if (m->weight[i] == 0.0) continue;
        sum = lk_log_add(sum, log(m->weight[i]) +
                                  lk_log_beta_binomial(n, x, m->a[i], m->b[i]));
    }
    return sum;
}

static double mixture_log_at_least(const lk_mixture *m, double n, double x)
{
    const lk_kernel kernel = {LK_KERNEL_AT_LEAST, n, x};
    double sum = -INFINITY;

    for (size_t i = 0; i < m->parts; i++) {
        const lk_mixing part = lk_mixing_of(LK_MIX_BETA, m->a[i], m->b[i], 1.0);
        lk_mixed out;

        if (m->weight[i] == 0.0) continue;
        lk_mixing_integrate(&part, &kernel, false, &out);
        sum = lk_log_add(sum, log(m->weight[i]) + out.log_value);
    }
    return sum;
}

/* The counts' posterior is a mixture again. */
static double mixture_log_failure_given(const lk_mixture *m, double n, double x,
                                        double k)
{
    const double log_all = mixture_log_pmf(m, n, x);
    lk_mixture given = {.parts = m->parts};

    if (m->zero > 0.0 && x == 0.0) given.zero = exp(log(m->zero) - log_all);
    for (size_t i = 0; i < m->parts; i++) {
        given.a[i] = m->a[i] + x;
        given.b[i] = m->b[i] + (n - x);
        given.weight[i] =
            m->weight[i] * exp(lk_log_beta_binomial(n, x, m->a[i], m->b[i]) - log_all);
    }
    return mixture_log_failure(&given, k);
}

static double logit(double p)
{
    return log(p) - log1p(-p);
}

static double mixture_log_density(const lk_mixture *m, double p)
{
    double sum = -INFINITY;

    if (!(p > 0.0 && p < 1.0)) return -INFINITY;
    for (size_t i = 0; i < m->parts; i++) {
        sum = lk_log_add(sum, log(m->weight[i]) + (m->a[i] - 1.0) * log(p) +
                                  (m->b[i] - 1.0) * log1p(-p) -
                                  lk_log_beta(m->a[i], m->b[i]));
    }
    return sum;
}

static double mixture_cdf(const lk_mixture *m, double p)
{
    const lk_kernel one = {.kind = LK_KERNEL_ONE};
    double sum = m->zero;

    if (p < 0.0) return 0.0;
    if (p >= 1.0) return 1.0;
    for (size_t i = 0; i < m->parts && p > 0.0; i++) {
        lk_mixing part = lk_mixing_of(LK_MIX_BETA, m->a[i], m->b[i], 1.0);
        lk_mixed out;

        part.hi = logit(p);
        lk_mixing_integrate(&part, &one, false, &out);
        sum += m->weight[i] * exp(out.log_value);
    }
    return fmin(sum, 1.0);
}

static double mixture_draw(const lk_mixture *m, lk_place *place, double *log_p,
                           double *log_1mp)
{
    size_t i = 0;

    if (m->parts > 1 || m->zero > 0.0) {
        double u = lk_draw_uniform(place) - m->zero;

        if (u < 0.0) {
            if (log_p != NULL) *log_p = -INFINITY;
            if (log_1mp != NULL) *log_1mp = 0.0;
            return 0.0;
        }
        while (i + 1 < m->parts && u >= m->weight[i]) u -= m->weight[i++];
    }
    return lk_draw_beta(m->a[i], m->b[i], place, log_p, log_1mp);
}

/* What a law does, all through its mixture. */
static double op_log_failure(const lk_law_ops *self, const double t[], double k)
{
    const lk_mixture m = self->mixture(t);

    return mixture_log_failure(&m, k);
}

static double op_fall(const lk_law_ops *self, const double t[], double k)
{
    const lk_mixture m = self->mixture(t);

    return mixture_fall(&m, k);
}

static lk_asymptote op_asymptote(const lk_law_ops *self, const double t[])
{
    const lk_mixture m = self->mixture(t);

    return mixture_asymptote(&m);
}

static double op_log_pmf(const lk_law_ops *self, const double t[], double n, double x)
{
    const lk_mixture m = self->mixture(t);

    return mixture_log_pmf(&m, n, x);
}

static double op_log_at_least(const lk_law_ops *self, const double t[], double n,
                              double x)
{
    const lk_mixture m = self->mixture(t);

    return mixture_log_at_least(&m, n, x);
}

static double op_log_failure_given(const lk_law_ops *self, const double t[], double n,
                                   double x, double k)
{
    const lk_mixture m = self->mixture(t);

    return mixture_log_failure_given(&m, n, x, k);
}

static double op_log_density(const lk_law_ops *self, const double t[], double p)
{
    const lk_mixture m = self->mixture(t);

    return mixture_log_density(&m, p);
}

static double op_cdf(const lk_law_ops *self, const double t[], double p)
{
    const lk_mixture m = self->mixture(t);

    return mixture_cdf(&m, p);
}

static double op_draw(const lk_law_ops *self, const double t[], lk_place *place,
                      double *log_p, double *log_1mp)
{
    const lk_mixture m = self->mixture(t);

    return mixture_draw(&m, place, log_p, log_1mp);
}

#define MIXTURE_OPS(of)                                                             \
    {                                                                               \
        .mixture = (of), .log_failure = op_log_failure, .fall = op_fall,            \
        .asymptote = op_asymptote, .log_pmf = op_log_pmf,                           \
        .log_at_least = op_log_at_least, .log_failure_given = op_log_failure_given, \
        .log_density = op_log_density, .cdf = op_cdf, .draw = op_draw               \
    }

const lk_law_ops lk_law_beta_ops = MIXTURE_OPS(of_beta);
const lk_law_ops lk_law_zero_inflated_beta_ops = MIXTURE_OPS(of_zero_inflated);
const lk_law_ops lk_law_two_beta_ops = MIXTURE_OPS(of_two);
const lk_law_ops lk_law_levi_ops = MIXTURE_OPS(of_levi);

static double delta_log_failure(const lk_law_ops *self, const double t[], double k)
{
    (void)self;
    return k == 0.0 ? 0.0 : k * log1p(-t[0]);
}

static double delta_fall(const lk_law_ops *self, const double t[], double k)
{
    return -delta_log_failure(self, t, k);
}

static lk_asymptote delta_asymptote(const lk_law_ops *self, const double t[])
{
    (void)self;
    return (lk_asymptote){.start = t[0]};
}

static double delta_log_pmf(const lk_law_ops *self, const double t[], double n,
                            double x)
{
    (void)self;
    return lk_log_binomial(n, x, t[0], log(t[0]), log1p(-t[0]));
}

static double delta_log_at_least(const lk_law_ops *self, const double t[], double n,
                                 double x)
{
    (void)self;
    if (t[0] == 0.0 || t[0] == 1.0) return t[0] == 0.0 ? -INFINITY : 0.0;
    return lk_log_binomial_at_least(n, x, log(t[0]), log1p(-t[0]));
}

static double delta_log_failure_given(const lk_law_ops *self, const double t[],
                                      double n, double x, double k)
{
    (void)n, (void)x;
    return delta_log_failure(self, t, k);
}

static double delta_log_density(const lk_law_ops *self, const double t[], double p)
{
    (void)self, (void)t, (void)p;
    return -INFINITY;
}

static double delta_cdf(const lk_law_ops *self, const double t[], double p)
{
    (void)self;
    return p >= t[0] ? 1.0 : 0.0;
}

static double delta_draw(const lk_law_ops *self, const double t[], lk_place *place,
                         double *log_p, double *log_1mp)
{
    (void)self, (void)place;
    if (log_p != NULL) *log_p = log(t[0]);
    if (log_1mp != NULL) *log_1mp = log1p(-t[0]);
    return t[0];
}

const lk_law_ops lk_law_delta_ops = {
    .log_failure = delta_log_failure,
    .fall = delta_fall,
    .asymptote = delta_asymptote,
    .log_pmf = delta_log_pmf,
    .log_at_least = delta_log_at_least,
    .log_failure_given = delta_log_failure_given,
    .log_density = delta_log_density,
    .cdf = delta_cdf,
    .draw = delta_draw,
};
