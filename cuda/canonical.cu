/* canonical.cu - the canonical score on the device, bit for bit.
 *
 *     in    z [count][latent] float, layers with transposed weights
 *     out   sse [count] double
 *
 * The definition is lk_mlp_forward (src/model/mlp.c) and the sum over pixels in index
 * order; isa_exact.c is its twin on the CPU.  A thread takes an output unit of
 * LK_CANONICAL_DRAWS draws, so each sum runs in index order within one thread, and no
 * order depends on the launch.  Built with -fmad=false; fma is written where it is meant.
 *
 * Work        0.65 MFLOP of fp64 a draw for 20-400-784; each weight is read once for
 *             LK_CANONICAL_DRAWS draws, from L2
 * Coalesced   weights are [in][out], so threads side by side read side by side; the inputs
 *             of a step are one broadcast
 * Bound       fp64 fma; on consumer cards, with 1/64 of the float rate, this is what makes
 *             a wide guard band expensive
 */
#include "kernels.h"
#include "launch.cuh"

enum { THREADS = 256, DRAWS = LK_CANONICAL_DRAWS };

/* h and out are [units][DRAWS] of this block. */
static __device__ void forward(const lk_canonical_layer &layer, const double *h,
                               double *out)
{
    for (uint32_t o = threadIdx.x; o < layer.out; o += THREADS) {
        double sum[DRAWS];

#pragma unroll
        for (int d = 0; d < DRAWS; d++) sum[d] = (double)layer.bias[o];
        for (uint32_t i = 0; i < layer.in; i++) {
            const double w = (double)layer.weight[(uint64_t)i * layer.out + o];

#pragma unroll
            for (int d = 0; d < DRAWS; d++) sum[d] = fma(w, h[i * DRAWS + d], sum[d]);
        }
#pragma unroll
        for (int d = 0; d < DRAWS; d++) out[o * DRAWS + d] = sum[d];

            /* Not in the loop above: the sums must stay in registers. */
#pragma unroll 1
        for (int d = 0; d < DRAWS; d++) {
            double *const y = &out[o * DRAWS + d];

            *y = lk_activate(layer.activation, *y);
        }
    }
    __syncthreads();
}

static __global__ void __launch_bounds__(THREADS)
    canonical(const lk_device_workload work, const lk_row *__restrict__ row,
              uint32_t count, const float *__restrict__ z,
              const lk_canonical_layer *__restrict__ layer, uint32_t layers,
              uint32_t widest, double *scratch, double *__restrict__ sse)
{
    double *in = scratch + (uint64_t)blockIdx.x * 2 * widest * DRAWS;
    double *out = in + (uint64_t)widest * DRAWS;

    for (uint32_t start = blockIdx.x * DRAWS; start < count;
         start += gridDim.x * DRAWS) {
        for (uint32_t t = threadIdx.x; t < work.latent * DRAWS; t += THREADS) {
            const uint32_t r = start + t % DRAWS; /* spare lanes repeat the last row */

            in[t] = (double)
                z[(uint64_t)(r < count ? r : count - 1) * work.latent + t / DRAWS];
        }
        __syncthreads();
        for (uint32_t l = 0; l < layers; l++) {
            double *const swap = in;

            forward(layer[l], in, out);
            in = out;
            out = swap;
        }
        if (threadIdx.x < DRAWS && start + threadIdx.x < count) {
            const uint32_t r = start + threadIdx.x;
            const float *const x =
                work.target + (uint64_t)row[r].problem * work.outputs;
            double sum = 0.0;

            for (uint32_t o = 0; o < work.outputs; o++) {
                const double d = in[o * DRAWS + threadIdx.x] - (double)x[o];

                sum = fma(d, d, sum);
            }
            sse[r] = sum;
        }
        __syncthreads();
    }
}

extern "C" cudaError_t
lk_cuda_canonical(const lk_device_workload *work, const lk_row *row, uint32_t count,
                  const float *z, const lk_canonical_layer *layer, uint32_t layers,
                  uint32_t widest, double *scratch, uint32_t blocks, double *sse,
                  cudaStream_t stream)
{
    const uint32_t wanted = (count + DRAWS - 1) / DRAWS;

    if (count == 0) return cudaSuccess;
    LK_LAUNCH(canonical, wanted < blocks ? wanted : blocks, THREADS, stream, *work, row,
              count, z, layer, layers, widest, scratch, sse);
    return cudaGetLastError();
}
