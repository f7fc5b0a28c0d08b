/* largek/metric.h - what is asked of k attempts: one success, all, or a share of them.
 *
 *   pass@k         at least one of k attempts succeeds             (largek/passk.h)
 *   pass^k         all of them do
 *   G-Pass@k_tau   at least ceil(tau k) of them do                 [1]
 *   mG-Pass@k      (2/k) sum of G-Pass@k_(i/k) over i = ceil(k/2)+1 .. k: twice the area
 *                  under G-Pass@k_tau from 1/2 to 1; an empty sum, 0, at k = 1  [1]
 *
 * Reference
 *   [1] J. Liu et al., "Are Your LLMs Capable of Stable Reasoning?", arXiv:2412.13147.
 */
#ifndef LK_METRIC_H
#define LK_METRIC_H

#include <stdint.h>

#include "largek/interval.h"
#include "largek/passk.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    LK_METRIC_PASS = 0,  /* pass@k       */
    LK_METRIC_ALL,       /* pass^k       */
    LK_METRIC_SHARE,     /* G-Pass@k_tau */
    LK_METRIC_MEAN_SHARE /* mG-Pass@k   */
} lk_metric_kind;

typedef struct {
    lk_metric_kind kind;
    double tau; /* LK_METRIC_SHARE: in (0, 1] */
} lk_metric;

/* Reads "pass@k", "pass^k", "g-pass@k=TAU" or "mg-pass@k".
 * Errors  LK_E_ARG for any other text, and for TAU outside (0, 1] */
lk_status lk_metric_parse(const char *text, lk_metric *out, lk_error *err);

/* How many of k attempts must succeed: ceil(tau k), where a product that is whole but for
 * the rounding of tau itself counts as whole (tau 0.55, k 100: 55).  1 for pass@k, k for
 * pass^k; 0 for mG-Pass@k, which has no such number. */
uint64_t lk_metric_needed(const lk_metric *metric, uint64_t k);

/* The minimum-variance unbiased estimate from c successes in n attempts: for X the number
 * of successes among k of the n, P(X >= needed), or (2/k) E[(X - ceil(k/2))^+].
 *
 * Relative error within 1e-12, but of a value next to 1; bounded time.  NaN unless
 * c <= n <= 2^53 and 1 <= k <= n. */
double lk_metric_unbiased(const lk_metric *metric, uint64_t n, uint64_t c, uint64_t k);

/* The same for known p: the chance itself.  For any k >= 1 of pass@k and pass^k, and up to
 * 2^53 of the others.  It rises with p.  NaN unless 0 <= p <= 1. */
double lk_metric_at(const lk_metric *metric, double p, double k);

/* Mean and standard deviation of the metric after c successes in n attempts, p being
 * uniform before, as lk_passk_bayes; pass@k and pass^k only, NaN for the others. */
lk_posterior lk_metric_bayes(const lk_metric *metric, uint64_t n, uint64_t c,
                             uint64_t k);

/* An interval of p carried to the metric, which rises with p. */
lk_interval lk_metric_interval(const lk_metric *metric, lk_binomial_method method,
                               uint64_t n, uint64_t c, double k, double level);

#ifdef __cplusplus
}
#endif

#endif /* LK_METRIC_H */
