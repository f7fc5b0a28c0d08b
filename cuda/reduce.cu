/* reduce.cu - logits into squared errors.
 *
 *     in    logits [count][stride] float or half, targets of the rows' problems
 *     out   sse [count] float
 *
 * The reference is isa_fast.c's `activate_sse`.
 *
 * Work        a warp a row; a lane takes two neighbouring outputs at a time, so that halves
 *             are read as 4 bytes; sums are added by shuffles in one fixed order, so a row
 *             scores the same wherever it lies
 * Coalesced   a warp reads 128 or 256 consecutive bytes
 * Bound       bytes of logits: 784 halves are 1.5 KB a draw, 2.7e9 draws a second at
 *             4.3 TB/s from memory and more from L2; targets stay in L1
 */
#include <cuda_fp16.h>

#include "activation.cuh"
#include "kernels.h"
#include "launch.cuh"

enum { THREADS = 256, WARPS = THREADS / 32 };

static __device__ float2 read_pair(const float *p)
{
    return make_float2(p[0], p[1]);
}

static __device__ float2 read_pair(const __half *p)
{
    const __half2 h = *(const __half2 *)p;

    return make_float2(__half2float(h.x), __half2float(h.y));
}

/* 0, or NaN where a logit is not finite: a half overflowed on the way, and a saturating
 * activation would hide it.  The canonical score decides such rows. */
static __device__ float doubt(float logit)
{
    return logit - logit;
}

template <typename T, lk_activation ACTIVATION>
static __global__ void __launch_bounds__(THREADS)
    reduce(const lk_device_workload work, const lk_row *__restrict__ row,
           uint32_t count, const T *__restrict__ logits, uint32_t stride,
           float *__restrict__ sse)
{
    const uint32_t lane = threadIdx.x % 32;

    for (uint32_t r = blockIdx.x * WARPS + threadIdx.x / 32; r < count;
         r += gridDim.x * WARPS) {
        const T *const x = logits + (uint64_t)r * stride;
        const float *const target =
            work.target + (uint64_t)row[r].problem * work.outputs;
        float sum = 0.0f;

        for (uint32_t o = 2 * lane; o < work.outputs; o += 64) {
            const float2 v = read_pair(x + o); /* stride is even: a pair is there */
            const float d = lk_activate_fast(ACTIVATION, v.x) - target[o];

            sum += d * d + doubt(v.x);
            if (o + 1 < work.outputs) {
                const float e = lk_activate_fast(ACTIVATION, v.y) - target[o + 1];

                sum += e * e + doubt(v.y);
            }
        }
        for (int step = 16; step > 0; step /= 2) {
            sum += __shfl_xor_sync(0xffffffffu, sum, step);
        }
        if (lane == 0) sse[r] = sum;
    }
}

template <typename T>
static void launch(const lk_device_workload *work, const lk_row *row, uint32_t count,
                   lk_activation activation, const T *logits, uint32_t stride,
                   float *sse, cudaStream_t stream)
{
    const uint32_t wanted = (count + WARPS - 1) / WARPS;
    const uint32_t blocks = wanted < 65535 ? wanted : 65535;

#define LAUNCH(a)                                                                 \
    LK_LAUNCH((reduce<T, a>), blocks, THREADS, stream, *work, row, count, logits, \
              stride, sse)
    switch (activation) {
    case LK_RELU: LAUNCH(LK_RELU); break;
    case LK_TANH: LAUNCH(LK_TANH); break;
    case LK_SIGMOID: LAUNCH(LK_SIGMOID); break;
    case LK_SILU: LAUNCH(LK_SILU); break;
    case LK_GELU: LAUNCH(LK_GELU); break;
    default: LAUNCH(LK_IDENTITY); break;
    }
#undef LAUNCH
}

extern "C" cudaError_t lk_cuda_reduce(const lk_device_workload *work, const lk_row *row,
                                      uint32_t count, lk_activation activation,
                                      const void *logits, int halves, uint32_t stride,
                                      float *sse, cudaStream_t stream)
{
    if (count == 0) return cudaSuccess;
    if (halves) {
        launch(work, row, count, activation, (const __half *)logits, stride, sse,
               stream);
    } else {
        launch(work, row, count, activation, (const float *)logits, stride, sse,
               stream);
    }
    return cudaGetLastError();
}
