/* interval.c - intervals for a success probability, from counts. */
#include "largek/interval.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "stats/beta.h"

/* The quantiles of Beta(c, n-c+1) and Beta(c+1, n-c).  [1] */
static lk_interval clopper_pearson(double n, double c, double tail)
{
    return (lk_interval){
        c == 0.0 ? 0.0 : lk_beta_quantile(c, n - c + 1.0, LK_TAIL_LOWER, tail),
        c == n ? 1.0 : lk_beta_quantile(c + 1.0, n - c, LK_TAIL_UPPER, tail)};
}

static lk_interval jeffreys(double n, double c, double tail)
{
    const double a = c + 0.5, b = n - c + 0.5;

    return (lk_interval){c == 0.0 ? 0.0 : lk_beta_quantile(a, b, LK_TAIL_LOWER, tail),
                         c == n ? 1.0 : lk_beta_quantile(a, b, LK_TAIL_UPPER, tail)};
}

static lk_interval bayes(double n, double c, double tail)
{
    const double a = c + 1.0, b = n - c + 1.0;

    return (lk_interval){lk_beta_quantile(a, b, LK_TAIL_LOWER, tail),
                         lk_beta_quantile(a, b, LK_TAIL_UPPER, tail)};
}

/* The roots of (n + z^2) p^2 - (2 c + z^2) p + c^2/n = 0, [2] eq. 4.  The lower one from
 * their product: the difference in the usual form cancels for small c. */
static lk_interval wilson(double n, double c, double tail)
{
    const double z = gsl_cdf_ugaussian_Qinv(tail);
    const double sum = c + 0.5 * z * z + z * sqrt(c * ((n - c) / n) + 0.25 * z * z);

    return (lk_interval){c == 0.0 ? 0.0 : c / n * (c / sum),
                         c == n ? 1.0 : fmin(1.0, sum / (n + z * z))};
}

lk_interval lk_binomial_interval(lk_binomial_method method, uint64_t n, uint64_t c,
                                 double level)
{
    const double attempts = (double)n, successes = (double)c;
    const double tail = 0.5 * (1.0 - level);

    if (n < 1 || c > n || !(level > 0.0 && level < 1.0)) {
        return (lk_interval){NAN, NAN};
    }
    switch (method) {
    case LK_INTERVAL_CLOPPER_PEARSON: return clopper_pearson(attempts, successes, tail);
    case LK_INTERVAL_JEFFREYS: return jeffreys(attempts, successes, tail);
    case LK_INTERVAL_WILSON: return wilson(attempts, successes, tail);
    case LK_INTERVAL_BAYES: return bayes(attempts, successes, tail);
    }
    return (lk_interval){NAN, NAN};
}

/* 1 - (1-p)^k; 0 stays 0 for k = infinity too. */
static double at_least_one(double p, double k)
{
    return p == 0.0 ? 0.0 : -expm1(k * log1p(-p));
}

lk_interval lk_passk_interval(lk_binomial_method method, uint64_t n, uint64_t c,
                              double k, double level)
{
    const lk_interval p = lk_binomial_interval(method, n, c, level);

    if (!(k >= 1.0)) return (lk_interval){NAN, NAN};
    return (lk_interval){at_least_one(p.lo, k), at_least_one(p.hi, k)};
}
