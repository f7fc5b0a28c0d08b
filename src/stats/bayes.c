/* bayes.c - the posterior of pass@k under a uniform prior.
 *
 * The variance is m(k)^2 (exp(q) - 1) with q = log m(2k) - 2 log m(k), and the difference
 * keeps no digits where the posterior is narrow.  As a product of a or of k factors,
 *
 *     q = sum_{i<a} log(1 + k^2 / ((b+2k+i) (b+i)))
 *       = sum_{j<k} log(1 + a k / ((a+b+k+j) (b+j))),
 *
 * it has positive terms.  The shorter sum is taken: 4096 terms, and what is left by the
 * formula of Euler and Maclaurin with its first correction; the second is of order
 * 4096^-4.
 */
#include <math.h>

#include "largek/metric.h"
#include "largek/passk.h"
#include "stats/gauss.h"
#include "stats/special.h"

enum { TERMS_MAX = 4096 };

#define N_MAX (UINT64_C(1) << 52) /* so that a + b is whole */
#define K_MAX (UINT64_C(1) << 62)

/* The sums of the head comment: log(1 + top / ((x + far) (x + near))). */
typedef struct {
    double top, far, near;
} term;

static double log_term(double x, const void *with)
{
    const term *t = with;

    return log1p(t->top / (x + t->far) / (x + t->near));
}

static double log_term_slope(const term *t, double x)
{
    const double far = x + t->far, near = x + t->near;
    const double part = t->top / far / near;

    return -part / (1.0 + part) * (1.0 / far + 1.0 / near);
}

static double sum_terms(const term *t, uint64_t terms)
{
    const uint64_t few = terms < TERMS_MAX ? terms : TERMS_MAX;
    double sum = 0.0;

    for (uint64_t i = few; i-- > 0;) sum += log_term((double)i, t);
    if (few == terms) return sum;
    const double first = (double)few - 0.5, end = (double)terms - 0.5;

    for (double at = first; at < end; at *= 2.0) {
        sum += lk_gauss(log_term, t, at, fmin(2.0 * at, end));
    }
    return sum + (log_term_slope(t, first) - log_term_slope(t, end)) / 24.0;
}

/* log m(k), and the standard deviation of (1-p)^k. */
typedef struct {
    double log_m, sd;
} moments;

static moments failure_moments(uint64_t n, uint64_t c, uint64_t k)
{
    if (c > n || n > N_MAX || k < 1 || k > K_MAX) return (moments){NAN, NAN};

    const double a = (double)c + 1.0, b = (double)(n - c) + 1.0, large = (double)k;
    const double log_m = lk_log_gamma_cross(b, a, large);
    const term by_a = {large * large, b + 2.0 * large, b};
    const term by_k = {a * large, a + b + large, b};
    const double q = c + 1 < k ? sum_terms(&by_a, c + 1) : sum_terms(&by_k, k);

    /* exp(q) overflows where m(k) is below 1e-150: there q is all but -log m(k). */
    const double sd = q < 600.0 ? exp(log_m) * sqrt(expm1(q)) : exp(log_m + 0.5 * q);
    return (moments){log_m, sd};
}

lk_posterior lk_passk_bayes(uint64_t n, uint64_t c, uint64_t k)
{
    const moments m = failure_moments(n, c, k);

    return (lk_posterior){0.0 - expm1(m.log_m), m.sd};
}

lk_posterior lk_metric_bayes(const lk_metric *metric, uint64_t n, uint64_t c,
                             uint64_t k)
{
    if (metric->kind == LK_METRIC_PASS) return lk_passk_bayes(n, c, k);
    if (metric->kind != LK_METRIC_ALL || c > n) return (lk_posterior){NAN, NAN};
    const moments m = failure_moments(n, n - c, k); /* p^k: failing at failing */
    return (lk_posterior){exp(m.log_m), m.sd};
}
