/* metric.c - pass@k, pass^k, G-Pass@k and mG-Pass@k. */
#include "largek/metric.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "largek/passk.h"
#include "stats/beta.h"
#include "stats/hypergeometric.h"

#define N_MAX (UINT64_C(1) << 53)

lk_status lk_metric_parse(const char *text, lk_metric *out, lk_error *err)
{
    static const char share[] = "g-pass@k=";
    lk_metric metric = {LK_METRIC_PASS, 0.0};
    char *end = NULL;

    if (strcmp(text, "pass^k") == 0) {
        metric.kind = LK_METRIC_ALL;
    } else if (strcmp(text, "mg-pass@k") == 0) {
        metric.kind = LK_METRIC_MEAN_SHARE;
    } else if (strncmp(text, share, sizeof share - 1) == 0) {
        metric.kind = LK_METRIC_SHARE;
        metric.tau = strtod(text + sizeof share - 1, &end);
        if (end == text + sizeof share - 1 || *end != '\0' ||
            !(metric.tau > 0.0 && metric.tau <= 1.0)) {
            return LK_FAIL(err, LK_E_ARG, "'%s': TAU is not in (0, 1]", text);
        }
    } else if (strcmp(text, "pass@k") != 0) {
        return LK_FAIL(err, LK_E_ARG,
                       "'%s' is none of pass@k, pass^k, g-pass@k=TAU, mg-pass@k", text);
    }
    *out = metric;
    return LK_OK;
}

/* ceil(tau k), tau being some decimal within half a unit of its last place. */
static double share_of(double tau, double k)
{
    const double product = tau * k, near = nearbyint(product);

    return fabs(fma(tau, k, -near)) <= product * 0x1p-53 ? near : ceil(product);
}

static double needed(const lk_metric *metric, double k)
{
    switch (metric->kind) {
    case LK_METRIC_PASS: return 1.0;
    case LK_METRIC_ALL: return k;
    case LK_METRIC_SHARE: return fmax(share_of(metric->tau, k), 1.0);
    case LK_METRIC_MEAN_SHARE: break;
    }
    return 0.0;
}

uint64_t lk_metric_needed(const lk_metric *metric, uint64_t k)
{
    return metric->kind == LK_METRIC_ALL ? k : (uint64_t)needed(metric, (double)k);
}

double lk_metric_unbiased(const lk_metric *metric, uint64_t n, uint64_t c, uint64_t k)
{
    const lk_urn urn = {n, c, k};

    if (n > N_MAX || c > n || k < 1 || k > n) return NAN;
    switch (metric->kind) {
    case LK_METRIC_PASS: return lk_passk(n, c, k);
    case LK_METRIC_ALL: return exp(-lk_passk_log_failure(n, n - c, k));
    case LK_METRIC_SHARE: return lk_urn_tail(&urn, lk_metric_needed(metric, k));
    case LK_METRIC_MEAN_SHARE: break;
    }
    return fmin(2.0 / (double)k * lk_urn_excess(&urn, k - k / 2), 1.0);
}

/* P(X >= m) of X binomial. */
static double binomial_tail(double p, double k, double m)
{
    if (m <= 0.0 || p == 1.0) return m <= k ? 1.0 : 0.0;
    if (m > k || p == 0.0) return 0.0;
    return exp(lk_beta_log_tail(m, k - m + 1.0, log(p), LK_TAIL_LOWER));
}

double lk_metric_at(const lk_metric *metric, double p, double k)
{
    const double half = ceil(0.5 * k);

    if (!(p >= 0.0 && p <= 1.0 && k >= 1.0)) return NAN;
    switch (metric->kind) {
    case LK_METRIC_PASS: return p == 0.0 ? 0.0 : -expm1(k * log1p(-p));
    case LK_METRIC_ALL: return p == 0.0 ? 0.0 : exp(k * log(p));
    case LK_METRIC_SHARE: return binomial_tail(p, k, needed(metric, k));
    case LK_METRIC_MEAN_SHARE: break;
    }
    /* E(X - a)^+ = k p P(X' >= a) - a P(X > a), X' one attempt shorter. */
    const double excess = k * p * binomial_tail(p, k - 1.0, half) -
                          half * binomial_tail(p, k, half + 1.0);
    return fmin(fmax(2.0 / k * excess, 0.0), 1.0);
}

lk_interval lk_metric_interval(const lk_metric *metric, lk_binomial_method method,
                               uint64_t n, uint64_t c, double k, double level)
{
    if (metric->kind == LK_METRIC_PASS)
        return lk_passk_interval(method, n, c, k, level);
    const lk_interval p = lk_binomial_interval(method, n, c, level);
    return (lk_interval){lk_metric_at(metric, p.lo, k), lk_metric_at(metric, p.hi, k)};
}
