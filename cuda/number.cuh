/* number.cuh - how a float goes into a GEMM: as it is, as a half, or as two halves. */
#ifndef LK_CUDA_NUMBER_CUH
#define LK_CUDA_NUMBER_CUH

#include <cuda_fp16.h>

#include "kernels.h"

/* x = hi + lo to 2^-22 of x, where lo is a normal half. */
struct lk_halves {
    __half hi, lo;
};

static inline __host__ __device__ lk_halves lk_split(float x)
{
    lk_halves h;

    h.hi = __float2half_rn(x);
    h.lo = __float2half_rn(x - __half2float(h.hi));
    return h;
}

/* Puts column `c` of a row of `width` columns. */
static inline __host__ __device__ void lk_put(lk_kind kind, void *row, uint32_t width,
                                              uint32_t c, float x)
{
    if (kind == LK_KIND_F32) {
        ((float *)row)[c] = x;
        return;
    }
    const lk_halves h = lk_split(x);

    ((__half *)row)[c] = h.hi;
    if (kind == LK_KIND_SPLIT) {
        ((__half *)row)[width + c] = h.lo;
        ((__half *)row)[2 * width + c] = h.hi;
    }
}

/* Bytes of a row. */
static inline __host__ __device__ size_t lk_row_bytes(lk_kind kind, uint32_t width)
{
    return (size_t)width * (kind == LK_KIND_F32 ? 4 : kind == LK_KIND_F16 ? 2 : 6);
}

#endif /* LK_CUDA_NUMBER_CUH */
