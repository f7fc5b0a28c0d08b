/* node_table.h - the integrals of many counts over nodes that they share.
 *
 * In s = logit q the integrand of a count is analytic and falls off on both sides, so that
 * the trapezoidal rule errs by e^(-2 pi d / h), d the width of the strip around the real
 * line in which it is tame [1]: for a peak of width sigma, h = 0.5 sigma leaves 1e-34 of a Gaussian and
 * 1e-13 of a Gamma.  All
 * counts have their nodes on the same few grids, h = 2^-2 to 2^-10; what a node costs
 * (logarithms of p, of 1-p and of the density, and its derivatives) is paid once for all
 * counts, and a count pays one exponential a node, for some 40 of them.
 *
 * Every integral is checked: the odd nodes alone, a rule of step 2h, must agree to PARITY,
 * which the rule of all nodes then betters by its square or more.  Where they do not, or a
 * count has no place on the grids, the caller integrates adaptively.
 *
 * References
 *   [1] L. N. Trefethen, J. A. C. Weideman, "The Exponentially Convergent Trapezoidal
 *       Rule", SIAM Review 56 (2014) 385-458, theorem 5.1.
 */
#ifndef LK_STATS_NODE_TABLE_H
#define LK_STATS_NODE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "stats/mixing.h"

enum { LK_NODE_LEVELS = 9 };

typedef struct {
    lk_mixing mixing;
    lk_mixing_node *node; /* [levels][2 SIDE + 1], at s = h (j - SIDE) */
    int *wanted;          /* likewise: windows opened less those closed */
    size_t first[LK_NODE_LEVELS], last[LK_NODE_LEVELS]; /* of those wanted    */
} lk_node_table;

/* Ownership  the caller ends it with lk_node_table_release
 * Errors     false: memory */
bool lk_node_table_init(lk_node_table *table);
void lk_node_table_release(lk_node_table *table);

/* Fills in the nodes that these counts need, under this law. */
void lk_node_table_fill(lk_node_table *table, const lk_mixing *mixing, const double n[],
                        const double x[], size_t count);

/* The integral of lk_mixing_integrate with a binomial kernel and derivatives, for one of
 * the counts of the last fill; to 1e-10 of the value.  false where it cannot promise
 * that. */
bool lk_node_table_integrate(const lk_node_table *table, double n, double x,
                             lk_mixed *out);

#endif /* LK_STATS_NODE_TABLE_H */
