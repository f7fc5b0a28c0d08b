/* largek/passk.h - pass@k, estimated from attempts and successes.
 *
 * Of n independent attempts at one problem, c were successes.  pass@k is the chance that
 * at least one of k fresh attempts at that problem is a success; over several problems,
 * the mean of that.
 *
 * References
 *   [1] M. Chen et al., "Evaluating Large Language Models Trained on Code",
 *       arXiv:2107.03374 (2021), section 2.1, eq. 1.
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
