/* library.cu - what the library path adds to cuRAND's normals and cuBLAS's products.
 *
 *     in    eps [count][latent] of curandGenerateNormal, or products x [count][width]
 *     out   z [count][width], or act(x) in place; the column behind the last value is 1, so
 *           that the next product's bias is a column of its weights; columns after are 0
 *
 * Work        a thread a value
 * Coalesced   threads in their order take consecutive columns
 * Bound       bytes: 4 read and 4 written a value; for 20-400-784 3.4 KB a draw, 1.3e9 draws
 *             a second at 4.3 TB/s
 */
#include "activation.cuh"
#include "launch.cuh"
#include "library.h"

enum { THREADS = 256 };

static __global__ void __launch_bounds__(THREADS)
    shift(const lk_device_workload work, const lk_row *__restrict__ row,
          uint64_t threads, const float *__restrict__ eps, float *__restrict__ z,
          uint32_t width)
{
    const uint64_t t = (uint64_t)blockIdx.x * THREADS + threadIdx.x;

    if (t >= threads) return;
    const uint64_t r = t / width;
    const uint32_t d = (uint32_t)(t % width);
    float value = d == work.latent ? 1.0f : 0.0f;

    if (d < work.latent) {
        const uint64_t at = (uint64_t)row[r].problem * work.latent + d;

        value = fmaf(work.scale[at], eps[r * work.latent + d], work.mu[at]);
    }
    z[t] = value;
}

static __global__ void __launch_bounds__(THREADS)
    bend(lk_activation activation, float *__restrict__ x, uint64_t threads,
         uint32_t units, uint32_t width)
{
    const uint64_t t = (uint64_t)blockIdx.x * THREADS + threadIdx.x;

    if (t >= threads) return;
    const uint32_t u = (uint32_t)(t % width);

    x[t] = u < units ? lk_activate_fast(activation, x[t]) : u == units ? 1.0f : 0.0f;
}

extern "C" cudaError_t lk_cuda_shift(const lk_device_workload *work, const lk_row *row,
                                     uint32_t count, const float *eps, float *z,
                                     uint32_t width, cudaStream_t stream)
{
    const uint64_t threads = (uint64_t)count * width;

    if (count == 0) return cudaSuccess;
    LK_LAUNCH(shift, (unsigned)((threads + THREADS - 1) / THREADS), THREADS, stream,
              *work, row, threads, eps, z, width);
    return cudaGetLastError();
}

extern "C" cudaError_t lk_cuda_bend(lk_activation activation, float *x, uint32_t count,
                                    uint32_t units, uint32_t width, cudaStream_t stream)
{
    const uint64_t threads = (uint64_t)count * width;

    if (count == 0) return cudaSuccess;
    LK_LAUNCH(bend, (unsigned)((threads + THREADS - 1) / THREADS), THREADS, stream,
              activation, x, threads, units, width);
    return cudaGetLastError();
}
