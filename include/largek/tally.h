/* largek/tally.h - what a run accumulates, per problem.
 *
 * Tallies of disjoint draws add up to the tally of all of them, in any order and
 * grouping: a commutative monoid, with the cleared tally as its zero.  That is why
 * neither batches nor shards nor the order of merges can matter.
 *
 * The score of a draw here is its kernel score: the sum of squared errors (SSE).
 */
#ifndef LK_TALLY_H
#define LK_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "largek/status.h"
#include "largek/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LK_THRESHOLDS_MAX = 64, LK_HISTOGRAM_BINS = 256 };

#define LK_NO_ATTEMPT UINT64_MAX /* first success, or best attempt: none so far */

typedef struct {
    size_t problems, thresholds;
    uint64_t *attempts;     /* [problems]                                          */
    uint64_t *successes;    /* [problems][thresholds]                              */
    uint64_t *first;        /* [problems][thresholds] smallest j that succeeded    */
    double *best;           /* [problems] smallest canonical score; infinity: none */
    uint64_t *best_attempt; /* [problems] its smallest j                           */
    uint64_t *histogram;    /* [problems][LK_HISTOGRAM_BINS] of fast-path scores:
                               draws near a bin's edge may fall on either side     */
} lk_tally;

/* Allocates a cleared tally.
 * Ownership  *tally is the caller's; end it with lk_tally_release
 * Errors     LK_E_MEMORY; LK_E_ARG for more than LK_THRESHOLDS_MAX thresholds */
lk_status lk_tally_init(lk_tally *tally, size_t problems, size_t thresholds,
                        lk_error *err);

/* Frees and zeroes; {0} is fine. */
void lk_tally_release(lk_tally *tally);

/* Takes one problem back to no draws. */
void lk_tally_clear(lk_tally *tally, size_t problem);

/* Adds row `row` of `from` to problem `problem` of `to`; same thresholds.
 * Errors  LK_E_NUMERIC where a counter would pass 2^62; nothing is added then */
lk_status lk_tally_add(lk_tally *to, size_t problem, const lk_tally *from, size_t row,
                       lk_error *err);

/* The bin of a score: eight a factor of two, from 2^-16 to 2^16, the ends taking what
 * lies beyond, and the last one NaN.  Bin b starts at lk_histogram_edge(b).  Linear within a factor of two, for
 * it reads the float's own bits. */
static inline LK_HD uint32_t lk_histogram_bin(float score)
{
    const int32_t base = (127 - 16) * 8;
    const int32_t bin = (int32_t)(lk_bits_of_float(score) >> 20) - base;

    if (score != score) return 255;
    if (!(score > 0.0f)) return 0;
    return bin < 0 ? 0u : bin > 255 ? 255u : (uint32_t)bin;
}

static inline double lk_histogram_edge(uint32_t bin)
{
    return ldexp(1.0 + (bin & 7u) / 8.0, (int)(bin >> 3) - 16);
}

#ifdef __cplusplus
}
#endif

#endif /* LK_TALLY_H */
