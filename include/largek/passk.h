/* largek/passk.h - pass@k, estimated from attempts and successes.
 *
 * Of n independent attempts at one problem, c were successes.  pass@k is the chance that
 * at least one of k fresh attempts at that problem is a success; over several problems,
 * the mean of that.
 *
 * References
 *   [1] M. Chen et al., "Evaluating Large Language Models Trained on Code",
 *       arXiv:2107.03374 (2021), section 2.1, eq. 1.
 *   [2] S. Hu et al., "Predicting Emergent Abilities with Infinite Resolution
 *       Evaluation" (PassUntil), arXiv:2310.03262 (2023).
 *   [3] M. Hariri et al., "Don't Pass@k", arXiv:2510.04265 (2025).
 */
#ifndef LK_PASSK_H
#define LK_PASSK_H

#include <stddef.h>
#include <stdint.h>

#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The minimum-variance unbiased estimate of pass@k at one problem:
 *
 *     1 - C(n-c, k) / C(n, k)                                          [1] eq. 1
 *
 * Relative error is within 1e-13 for any n up to 2^53.  The time is bounded whatever the
 * arguments.  NaN unless c <= n and 1 <= k <= n: with fewer than k attempts no unbiased
 * estimate exists; and NaN for n above 2^53.
 */
double lk_passk(uint64_t n, uint64_t c, uint64_t k);

/* -log of the chance that all k attempts fail, by the same estimate: -log(1 - pass@k);
 * infinite where pass@k is 1.  It keeps its digits where pass@k has rounded to 1. */
double lk_passk_log_failure(uint64_t n, uint64_t c, uint64_t k);

/* The plug-in 1 - (1 - c/n)^k, for any k >= 1.  Biased; the exponential reference that
 * a single problem follows.  NaN unless c <= n and n >= 1. */
double lk_passk_plugin(uint64_t n, uint64_t c, double k);

/* The unbiased estimate where sampling went on until r successes, or to a limit that k
 * does not exceed: the share of the ways to get to (n, c) that have a success among
 * their first k attempts,
 *
 *     c = r   1 - C(n-r, k) / C(n-1, k), the last attempt being a success: 1 for k >= n,
 *             and for k = 1 the (r-1)/(n-1) of [2]
 *     c < r   that of lk_passk, the limit having come first
 *
 * NaN unless c <= r, c <= n, r >= 1 and k >= 1; where k > n and c < r; and above 2^53. */
double lk_passk_until(uint64_t n, uint64_t c, uint64_t r, uint64_t k);

/* Mean and standard deviation of what is believed of 1 - (1-p)^k after c successes in n
 * attempts, p being uniform on (0, 1) before [3]: with a = 1 + c, b = 1 + n - c
 *
 *     mean = 1 - m(k),  sd^2 = m(2 k) - m(k)^2,  m(k) = B(a, b+k) / B(a, b)
 *
 * For any k up to 2^62, k > n too.  Relative error of both within 1e-12.  NaN unless
 * c <= n <= 2^52 and 1 <= k <= 2^62.  Sampling that outcomes stop leaves the likelihood
 * what it is, and so this. */
typedef struct {
    double mean, sd;
} lk_posterior;

lk_posterior lk_passk_bayes(uint64_t n, uint64_t c, uint64_t k);

/* The unbiased estimate of the mean number of attempts until a success, or k where none came
 * before: sum over j < k of C(n-c, j)/C(n, j), which adds up to
 * (n+1)/(c+1) (1 - C(n-c, k)/C(n+1, k)).  NaN unless c <= n < 2^53 and 1 <= k <= n. */
double lk_passk_attempts(uint64_t n, uint64_t c, uint64_t k);

typedef struct {
    double mean;      /* a probability                                     */
    double std_error; /* of `mean`, over problems; NaN where problems < 2  */
} lk_estimate;

/* Averages lk_passk over problems, each weighing the same.
 *
 * Shapes   n [problems], c [problems]
 * Errors   LK_E_ARG where problems is 0, or some problem has c > n, k > n or n > 2^53; the
 *          text names the first such problem
 */
lk_status lk_passk_mean(const uint64_t n[], const uint64_t c[], size_t problems,
                        uint64_t k, lk_estimate *out, lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_PASSK_H */
