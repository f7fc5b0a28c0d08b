/* hypergeometric.h - the hypergeometric distribution for populations up to 2^53.
 *
 * X is the number of successes among k of n attempts taken without replacement, c of the
 * n being successes.  Exchanging c and k changes nothing.
 */
#ifndef LK_STATS_HYPERGEOMETRIC_H
#define LK_STATS_HYPERGEOMETRIC_H

#include <stdint.h>

#include "largek/law.h"

/* Everywhere c <= n, k <= n and n <= 2^53. */
typedef struct {
    uint64_t n, c, k;
} lk_urn;

/* log P(X = x); -infinity where it is impossible.  Absolute error within 1e-13, and
 * 1e-15 of the result where that is more. */
double lk_urn_log_pmf(const lk_urn *urn, uint64_t x);

/* P(X >= m).  Relative error within 1e-12 down to 1e-290, and of 1 - P where P is next to 1
 * that is lost in rounding; at most some 10^5 steps whatever the arguments. */
double lk_urn_tail(const lk_urn *urn, uint64_t m);

/* E[(X - a)^+], the sum of P(X >= m) over m > a.  As lk_urn_tail. */
double lk_urn_excess(const lk_urn *urn, uint64_t a);

/* One value of X, in a time that does not depend on the arguments. */
uint64_t lk_urn_draw(const lk_urn *urn, lk_place *place);

#endif /* LK_STATS_HYPERGEOMETRIC_H */
