/* largek/guard.h - what a fast score says of a draw, the same on every device.
 *
 * Why no draw that matters escapes is argued in src/backend/cpu/run.c.  This header is
 * C11, C++17 and CUDA at once.
 */
#ifndef LK_GUARD_H
#define LK_GUARD_H

#include <stdint.h>

#include "largek/stream.h" /* LK_HD */

/* The number of limits below the score, all of them for NaN: the draw succeeds at the
 * thresholds from there on. */
static inline LK_HD uint32_t lk_bucket(const double *limit, uint32_t thresholds,
                                       double score)
{
    uint32_t low = 0, high = thresholds;

    if (score != score) return thresholds;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (limit[middle] < score) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* How far a fast score may be from the canonical one at a score: the band, and above the
 * highest limit `top` in proportion more. */
static inline LK_HD double lk_widened(double band, double top, double score)
{
    return score > top ? band * (score / top) : band;
}

/* The highest fast score that may still be the smallest canonical one, given that the
 * smallest so far, whoever scored it fast, is `least`. */
static inline LK_HD double lk_candidate(double least, double band, double top)
{
    const double bound = least + lk_widened(band, top, least);

    return bound + lk_widened(band, top, bound);
}

/* Whether the canonical score may lie on the other side of a threshold. */
static inline LK_HD int lk_in_doubt(const double *limit, uint32_t thresholds,
                                    double fast, double band)
{
    if (!(fast - fast == 0.0)) return 1; /* NaN or infinite */
    return lk_bucket(limit, thresholds, fast - band) !=
           lk_bucket(limit, thresholds, fast + band);
}

#endif /* LK_GUARD_H */
