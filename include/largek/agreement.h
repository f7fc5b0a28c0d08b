/* largek/agreement.h - whether counts agree with an estimate made another way.
 *
 * References
 *   [1] S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J.
 *       Statist. 6 (1979) 65-70.
 */
#ifndef LK_AGREEMENT_H
#define LK_AGREEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The two-sided p-value of c successes in n attempts, where the success probability is an
 * estimate: log p is normal with mean log_p and standard deviation rel_error.  Twice the
 * smaller of P(C <= c) and P(C >= c), at most 1; both binomial and exact, averaged over p
 * by 15-point Gauss-Hermite quadrature.  Conservative, as discrete tests are.  NaN unless
 * c <= n, 1 <= n <= 2^53, log_p <= 0 and rel_error >= 0. */
double lk_agreement(uint64_t n, uint64_t c, double log_p, double rel_error);

/* The same where the estimate is itself hits of so many draws: p has Jeffreys' posterior,
 * Beta(hits + 1/2, draws - hits + 1/2). */
double lk_agreement_of_counts(uint64_t n, uint64_t c, uint64_t draws, uint64_t hits);

/* Holm's procedure: which of the hypotheses are refused, so that the chance of refusing any
 * true one is at most alpha, however they depend on each other [1].  NaN is never refused
 * and counts as no test.  Returns how many are refused.
 * Shapes  p_value, refused [count]
 * Errors  LK_E_MEMORY */
lk_status lk_holm(const double *p_value, size_t count, double alpha, bool *refused,
                  size_t *refusals, lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_AGREEMENT_H */
