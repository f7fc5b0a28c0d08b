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
#include "stats/mixing.h"
#include "stats/special.h"

enum { PARTS_MAX = 2 };

typedef struct {
    size_t parts;
    double zero; /* chance of p = 0 */
    double weight[PARTS_MAX], a[PARTS_MAX], b[PARTS_MAX];
} mixture;

static mixture of_beta(const double t[])
{
    return (mixture){.parts = 1, .weight = {1.0}, .a = {t[0]}, .b = {t[1]}};
}

static mixture of_zero_inflated(const double t[])
{
    return (mixture){
        .parts = 1, .zero = t[2], .weight = {1.0 - t[2]}, .a = {t[0]}, .b = {t[1]}};
}

static mixture of_two(const double t[])
{
    return (mixture){
        .parts = 2, .weight = {t[0], 1.0 - t[0]}, .a = {t[1], t[3]}, .b = {t[2], t[4]}};
}

/* alpha and beta of failures. */
static mixture of_levi(const double t[])
{
    return (mixture){
        .parts = 1, .zero = 1.0 - t[2], .weight = {t[2]}, .a = {t[1]}, .b = {t[0]}};
}

/* Through pass@k where that is the smaller: both keep their digits. */
static double mixture_log_failure(const mixture *m, double k)
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

static double mixture_fall(const mixture *m, double k)
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
static lk_asymptote mixture_asymptote(const mixture *m)
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

static double mixture_log_pmf(const mixture *m, double n, double x)
{
    double sum = m->zero > 0.0 && x == 0.0 ? log(m->zero) : -INFINITY;

    for (size_t i = 0; i < m->parts; i++) {
        if (m->weight[i] == 0.0) continue;
        sum = lk_log_add(sum, log(m->weight[i]) +
                                  lk_log_beta_binomial(n, x, m->a[i], m->b[i]));
    }
    return sum;
}

/* The counts' posterior is a mixture again. */
static double mixture_log_failure_given(const mixture *m, double n, double x, double k)
{
    const double log_all = mixture_log_pmf(m, n, x);
    mixture given = {.parts = m->parts};

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

static double mixture_log_density(const mixture *m, double p)
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

static double mixture_cdf(const mixture *m, double p)
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

static double mixture_draw(const mixture *m, lk_place *place, double *log_p,
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

/* The functions of a law, all through its mixture. */
#define MIXTURE_OPS(name, of)                                                    \
    static double name##_log_failure(const double t[], double k)                 \
    {                                                                            \
        const mixture m = of(t);                                                 \
        return mixture_log_failure(&m, k);                                       \
    }                                                                            \
    static double name##_fall(const double t[], double k)                        \
    {                                                                            \
        const mixture m = of(t);                                                 \
        return mixture_fall(&m, k);                                              \
    }                                                                            \
    static lk_asymptote name##_asymptote(const double t[])                       \
    {                                                                            \
        const mixture m = of(t);                                                 \
        return mixture_asymptote(&m);                                            \
    }                                                                            \
    static double name##_log_pmf(const double t[], double n, double x)           \
    {                                                                            \
        const mixture m = of(t);                                                 \
        return mixture_log_pmf(&m, n, x);                                        \
    }                                                                            \
    static double name##_log_failure_given(const double t[], double n, double x, \
                                           double k)                             \
    {                                                                            \
        const mixture m = of(t);                                                 \
        return mixture_log_failure_given(&m, n, x, k);                           \
    }                                                                            \
    static double name##_log_density(const double t[], double p)                 \
    {                                                                            \
        const mixture m = of(t);                                                 \
        return mixture_log_density(&m, p);                                       \
    }                                                                            \
    static double name##_cdf(const double t[], double p)                         \
    {                                                                            \
        const mixture m = of(t);                                                 \
        return mixture_cdf(&m, p);                                               \
    }                                                                            \
    static double name##_draw(const double t[], lk_place *place, double *log_p,  \
                              double *log_1mp)                                   \
    {                                                                            \
        const mixture m = of(t);                                                 \
        return mixture_draw(&m, place, log_p, log_1mp);                          \
    }                                                                            \
    const struct lk_law_ops lk_law_##name##_ops = {name##_log_failure,           \
                                                   name##_fall,                  \
                                                   name##_asymptote,             \
                                                   name##_log_pmf,               \
                                                   name##_log_failure_given,     \
                                                   name##_log_density,           \
                                                   name##_cdf,                   \
                                                   name##_draw};

MIXTURE_OPS(beta, of_beta)
MIXTURE_OPS(zero_inflated_beta, of_zero_inflated)
MIXTURE_OPS(two_beta, of_two)
MIXTURE_OPS(levi, of_levi)

static double delta_log_failure(const double t[], double k)
{
    return k == 0.0 ? 0.0 : k * log1p(-t[0]);
}

static double delta_fall(const double t[], double k)
{
    return -delta_log_failure(t, k);
}

static lk_asymptote delta_asymptote(const double t[])
{
    return (lk_asymptote){.start = t[0]};
}

static double delta_log_pmf(const double t[], double n, double x)
{
    return lk_log_binomial(n, x, t[0], log(t[0]), log1p(-t[0]));
}

static double delta_log_failure_given(const double t[], double n, double x, double k)
{
    (void)n, (void)x;
    return delta_log_failure(t, k);
}

static double delta_log_density(const double t[], double p)
{
    (void)t, (void)p;
    return -INFINITY;
}

static double delta_cdf(const double t[], double p)
{
    return p >= t[0] ? 1.0 : 0.0;
}

static double delta_draw(const double t[], lk_place *place, double *log_p,
                         double *log_1mp)
{
    (void)place;
    if (log_p != NULL) *log_p = log(t[0]);
    if (log_1mp != NULL) *log_1mp = log1p(-t[0]);
    return t[0];
}

const struct lk_law_ops lk_law_delta_ops = {
    delta_log_failure,       delta_fall,        delta_asymptote, delta_log_pmf,
    delta_log_failure_given, delta_log_density, delta_cdf,       delta_draw};
