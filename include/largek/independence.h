/* largek/independence.h - whether attempts at a problem were independent of each other.
 *
 * pass@k as a function of p alone, every likelihood and every interval here rest on it.
 * Three statistics of ordered outcomes look for what would break it:
 *
 *   lag-1       autocorrelation of an attempt and the next, over all problems:
 *               sum_ij (x_ij - c_i/n_i) (x_i,j+1 - c_i/n_i) / sum_ij (x_ij - c_i/n_i)^2
 *   dispersion  each problem's attempts cut into blocks: the variance of the blocks'
 *               successes over that of independent attempts; drift and runs raise it
 *   rho         intraclass correlation, by analysis of variance [1]: that of two attempts
 *               at one problem seen against all problems.  It is what problems of
 *               different difficulty have, and no fault; it says how much the share of
 *               successes over all attempts tells:
 *               design effect 1 + (m-1) rho, m = sum n_i^2 / sum n_i       [2]
 *
 * Chances are those of permutations: of a problem's attempts for the first two, of all
 * attempts for rho.  They are exact whatever the p_i: with R permutations a rejection at
 * level a is a false alarm with chance at most a, where a (R+1) is whole.  Permuted
 * statistics are drawn from their distribution directly, so that a permutation costs as
 * much for a billion attempts as for ten.
 *
 * References
 *   [1] A. Donner, "A Review of Inference Procedures for the Intraclass Correlation
 *       Coefficient", Int. Statist. Rev. 54 (1986) 67-82, eq. 2.1.
 *   [2] L. Kish, "Survey Sampling", Wiley (1965), section 5.4.
 */
#ifndef LK_INDEPENDENCE_H
#define LK_INDEPENDENCE_H

#include <stddef.h>
#include <stdint.h>

#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A statistic and what permutations make of it; all NaN where it is not defined. */
typedef struct {
    double value;
    double expected, sd; /* over permutations: the mean exactly, and the spread seen */
    double p;            /* lag-1: as far from the mean on either side; the others: as
                            high                                                       */
} lk_permuted;

typedef struct {
    size_t problems,
        mixed; /* with both a success and a failure: only those tell of order */
    uint64_t attempts, successes;
    lk_permuted lag1, dispersion, rho;
    double design_effect, effective_attempts; /* NaN with rho */
} lk_independence;

typedef struct {
    size_t blocks;       /* a problem is cut into; fewer where it has few attempts */
    size_t permutations; /* R                                                      */
    uint64_t seed;
} lk_independence_options;

/* Shapes  first [problems+1], outcome [first[problems]] as in largek/outcomes.h
 * Errors  LK_E_ARG for no problems, no blocks (less than 2), no permutations; LK_E_MEMORY */
lk_status lk_independence_of_outcomes(const size_t *first, const uint8_t *outcome,
                                      size_t problems,
                                      const lk_independence_options *options,
                                      lk_independence *out, lk_error *err);

/* From counts, which tell of rho alone.
 * Errors  LK_E_ARG as above, and for c > n, n > 2^53 or 2^53 attempts in all; LK_E_MEMORY */
lk_status lk_independence_of_counts(const uint64_t n[], const uint64_t c[],
                                    size_t problems,
                                    const lk_independence_options *options,
                                    lk_independence *out, lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_INDEPENDENCE_H */
