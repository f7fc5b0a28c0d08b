/* passk.c - pass@k, estimated without bias from success counts.
 *
 * The ratio in [1] eq. 1 is a product of m = min(c, k) factors, because choosing k
 * attempts of which none is a success is choosing c successes of which none is among
 * the k.  With M = max(c, k):
 *
 *     C(n-c, k)   m-1       M
 *     --------- = prod 1 - ---
 *      C(n, k)    j=0      n-j
 *
 * Few factors are multiplied out.  Many go through Stirling's formula for the four
 * factorials (n-c)! (n-k)! / (n! R!), R = n-c-k, with all that is larger than the answer
 * cancelled on paper, so that nothing is left to cancel in floating point:
 *
 *     log ratio = k a + c b - (R + 1/2) e + [s(n-c) + s(n-k) - s(R) - s(n)]
 *     a = log(1 - c/n),   b = log(1 - k/n),   e = log(n R / ((n-c) (n-k)))
 *     s(x) = 1/(12 x) - 1/(360 x^3) + ...
 *
 * The textbook route through lgamma loses every digit here: at n = 1e12 its terms are
 * near 3e13, so the difference is good to 4e-3 and the answer may be 1e-12.
 */
#include "largek/passk.h"

#include <inttypes.h>
#include <math.h>

#include "stats/special.h"

enum {
    FACTORS_MAX = 64, /* as many roundings as this stay below 1e-14 */
    REST_MIN = 16     /* below, s(R) is not small                   */
};

#define N_MAX (UINT64_C(1) << 53) /* beyond it a double misses integers */

/* log(1 - part/whole).  Past one half the rest is formed in integers: 1 - x would keep
 * only the digits that x has left over. */
static double log_rest(uint64_t part, uint64_t whole)
{
    return part <= whole / 2 ? log1p(-(double)part / (double)whole)
                             : log((double)(whole - part) / (double)whole);
}

static double log_ratio_product(uint64_t n, uint64_t c, uint64_t k)
{
    const uint64_t m = c < k ? c : k;
    const uint64_t most = c < k ? k : c;
    double sum = 0.0;

    for (uint64_t j = 0; j < m; j++) sum += log_rest(most, n - j);
    return sum;
}

static double log_ratio_stirling(uint64_t n, uint64_t c, uint64_t k)
{
    double last = 0.0;

    /* s(R) needs R large; a step down in k takes one factor off and adds one to R. */
    while (n - c - k < REST_MIN) {
        last += log((double)(n - c - k + 1) / (double)(n - k + 1));
        k--;
    }
    const double all = (double)n, r = (double)(n - c - k);
    const double without_c = (double)(n - c), without_k = (double)(n - k);
    const double x = (double)c / without_c * ((double)k / without_k);
    const double e =
        x <= 0.5 ? log1p(-x) : log(all / without_c * (r / without_k)); /* 1 - x */
    const double tails = lk_gamma_tail(without_c) + lk_gamma_tail(without_k) -
                         lk_gamma_tail(r) - lk_gamma_tail(all);

    return last + (double)k * log_rest(c, n) + (double)c * log_rest(k, n) -
           (r + 0.5) * e + tails;
}

/* log C(n-c, k) / C(n, k), -infinity included; NaN outside the domain. */
static double log_ratio(uint64_t n, uint64_t c, uint64_t k)
{
    if (n > N_MAX || c > n || k < 1 || k > n) return NAN;
    if (k > n - c) return -INFINITY; /* too few failures to fill k attempts */
    if (c <= FACTORS_MAX || k <= FACTORS_MAX) return log_ratio_product(n, c, k);
    return log_ratio_stirling(n, c, k);
}

double lk_passk(uint64_t n, uint64_t c, uint64_t k)
{
    return 0.0 - expm1(log_ratio(n, c, k)); /* not -0 where c is 0 */
}

double lk_passk_log_failure(uint64_t n, uint64_t c, uint64_t k)
{
    return 0.0 - log_ratio(n, c, k);
}

double lk_passk_until(uint64_t n, uint64_t c, uint64_t r, uint64_t k)
{
    if (n > N_MAX || c > n || c > r || r < 1 || k < 1) return NAN;
    if (c < r) return lk_passk(n, c, k);
    return k < n ? lk_passk(n - 1, c - 1, k) : 1.0;
}

double lk_passk_plugin(uint64_t n, uint64_t c, double k)
{
    if (n < 1 || c > n || !(k >= 1.0)) return NAN;
    if (c == 0) return 0.0; /* for k = infinity too */
    if (c == n) return 1.0;
    return -expm1(k * log_rest(c, n));
}

double lk_passk_attempts(uint64_t n, uint64_t c, uint64_t k)
{
    if (n >= N_MAX || c > n || k < 1 || k > n) return NAN;
    return (double)(n + 1) / (double)(c + 1) * lk_passk(n + 1, c + 1, k);
}

lk_status lk_passk_mean(const uint64_t n[], const uint64_t c[], size_t problems,
                        uint64_t k, lk_estimate *out, lk_error *err)
{
    double mean = 0.0, sum_sq = 0.0; /* Welford: no cancellation */

    if (problems == 0) return LK_FAIL(err, LK_E_ARG, "pass@k of no problems");

    for (size_t i = 0; i < problems; i++) {
        const double p = lk_passk(n[i], c[i], k);

        if (isnan(p)) {
            return LK_FAIL(err, LK_E_ARG,
                           "problem %zu: pass@%" PRIu64 " from %" PRIu64
                           " successes in %" PRIu64 " attempts",
                           i, k, c[i], n[i]);
        }
        const double step = p - mean;
        mean += step / (double)(i + 1);
        sum_sq += step * (p - mean);
    }
    out->mean = mean;
    out->std_error =
        problems < 2 ? NAN : sqrt(sum_sq / (double)(problems - 1) / (double)problems);
    return LK_OK;
}
