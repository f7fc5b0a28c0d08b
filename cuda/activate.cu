/* activate.cu - hidden values between two GEMMs, where the GEMM could not finish them.
 *
 *     in    x [count][width] float or half
 *     out   act(x) in place, or as split halves [count][3 width]
 *
 * relu is fused into the GEMM (cuBLASLt's epilogue) but for split halves.
 * Bound   bytes: a float read and written, or 4 read and 6 written for split halves
 */
#include "activation.cuh"
#include "launch.cuh"
#include "number.cuh"

enum { THREADS = 256 };

template <lk_kind KIND>
static __global__ void __launch_bounds__(THREADS)
    activate(lk_activation activation, void *__restrict__ x, uint64_t total,
             uint32_t width, char *__restrict__ out)
{
    const uint64_t t = (uint64_t)blockIdx.x * THREADS + threadIdx.x;

    if (t >= total) return;
    if (KIND == LK_KIND_F16) {
        __half *const h = (__half *)x + t;

        *h = __float2half_rn(lk_activate_fast(activation, __half2float(*h)));
        return;
    }
    const float y = lk_activate_fast(activation, ((const float *)x)[t]);

    if (KIND == LK_KIND_F32) {
        ((float *)x)[t] = y;
    } else {
        lk_put(KIND, out + t / width * lk_row_bytes(KIND, width), width,
               (uint32_t)(t % width), y);
    }
}

static __global__ void __launch_bounds__(THREADS)
    finish(lk_activation activation, const void *__restrict__ logits, int halves,
           uint32_t stride, uint32_t outputs, uint64_t total, float *__restrict__ y)
{
    const uint64_t t = (uint64_t)blockIdx.x * THREADS + threadIdx.x;

    if (t >= total) return;
    const uint64_t at = t / outputs * stride + t % outputs;
    const float x = halves ? __half2float(((const __half *)logits)[at])
                           : ((const float *)logits)[at];

    y[t] = lk_activate_fast(activation, x);
}

extern "C" cudaError_t lk_cuda_finish(lk_activation activation, const void *logits,
                                      int halves, uint32_t stride, uint32_t outputs,
                                      uint32_t count, float *y, cudaStream_t stream)
{
    const uint64_t total = (uint64_t)count * outputs;

    if (total == 0) return cudaSuccess;
    LK_LAUNCH(finish, (unsigned)((total + THREADS - 1) / THREADS), THREADS, stream,
              activation, logits, halves, stride, outputs, total, y);
    return cudaGetLastError();
}

extern "C" cudaError_t lk_cuda_activate(lk_activation activation, lk_kind kind, void *x,
                                        uint32_t count, uint32_t width, void *out,
                                        cudaStream_t stream)
{
    const uint64_t total = (uint64_t)count * width;
    const unsigned blocks = (unsigned)((total + THREADS - 1) / THREADS);

    if (total == 0) return cudaSuccess;
#define LAUNCH(k)                                                                  \
    LK_LAUNCH((activate<k>), blocks, THREADS, stream, activation, x, total, width, \
              (char *)out)
    switch (kind) {
    case LK_KIND_F32: LAUNCH(LK_KIND_F32); break;
    case LK_KIND_F16: LAUNCH(LK_KIND_F16); break;
    default: LAUNCH(LK_KIND_SPLIT); break;
    }
#undef LAUNCH
    return cudaGetLastError();
}
