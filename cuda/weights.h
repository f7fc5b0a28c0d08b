/* weights.h - a layer's weights as a GEMM of some kind reads them. */
#ifndef LK_CUDA_WEIGHTS_H
#define LK_CUDA_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Weights [out][in] into rows of k = width (F32, F16) or 3 width (SPLIT: hi | hi | lo, the
 * partner of the inputs' hi | lo | hi), zeros where they pad; times *scale, a power of two
 * that brings the largest near 2^10 in SPLIT so that low halves stay normal, else 1.
 * Shapes  out [out_width] rows of lk_weights_bytes / out_width each */
void lk_weights_pack(const lk_layer *layer, lk_kind kind, uint32_t width,
                     uint32_t out_width, void *out, float *scale);
size_t lk_weights_bytes(lk_kind kind, uint32_t width, uint32_t out_width);

/* Bias [out] as float or half, zeros where it pads. */
void lk_bias_pack(const lk_layer *layer, int halves, uint32_t out_width, void *out);

#ifdef __cplusplus
}
#endif

#endif /* LK_CUDA_WEIGHTS_H */
