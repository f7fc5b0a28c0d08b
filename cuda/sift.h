/* sift.h - what a fast score says of a draw, for the device and for a test on the host.
 *
 * The twin of `bucket` and `in_doubt` in src/backend/cpu/run.c, where the argument stands
 * that nothing escapes.
 */
#ifndef LK_CUDA_SIFT_H
#define LK_CUDA_SIFT_H

#include "kernels.h"

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

/* Floats in the order of unsigned integers, so that integer minima serve: smallest fast
 * scores may be below zero when they start from a canonical one less the band. */
static inline LK_HD uint32_t lk_order_of_float(float x)
{
    const uint32_t bits = lk_bits_of_float(x);

    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static inline LK_HD float lk_float_of_order(uint32_t order)
{
    return lk_float_of_bits(order & 0x80000000u ? order & 0x7fffffffu : ~order);
}

#endif /* LK_CUDA_SIFT_H */
