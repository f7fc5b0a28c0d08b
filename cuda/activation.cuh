/* activation.cuh - activations of the fast path, in float.
 *
 * The twin of act_fast in src/backend/cpu/isa_fast.c: right to some ulp, no more; the
 * guard band decides what matters.  Built with contraction and approximate division.
 */
#ifndef LK_CUDA_ACTIVATION_CUH
#define LK_CUDA_ACTIVATION_CUH

#include "largek/canonical.h"

static inline __device__ float lk_activate_fast(lk_activation activation, float x)
{
    switch (activation) {
    case LK_RELU: return x < 0.0f ? 0.0f : x;
    case LK_TANH: return tanhf(x);
    case LK_SIGMOID: return __fdividef(1.0f, 1.0f + __expf(-x));
    case LK_SILU: return x * __fdividef(1.0f, 1.0f + __expf(-x));
    case LK_GELU: return 0.5f * x * erfcf(x * -0.70710678f);
    default: return x;
    }
}

#endif /* LK_CUDA_ACTIVATION_CUH */
