/* sift.h - floats as integers, for minima that atomics can take. */
#ifndef LK_CUDA_SIFT_H
#define LK_CUDA_SIFT_H

#include "kernels.h"
#include "largek/guard.h"

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
