/* latent.cu - latent vectors of rows, straight into a GEMM's input.
 *
 *     in    row [count] of (attempt, problem), mu and scale of the problems
 *     out   [count][width] float, half or split halves; columns from latent on are zero
 *
 * The reference is isa_exact.c's `latents`: the floats are equal to the last bit, for the
 * words are cuRAND's Philox at the same counter, and the normals come from the header
 * that both compilers read.  Built with -fmad=false.
 *
 * Work        a thread a block of four columns: ten Philox rounds, two logarithms, two
 *             square roots, two divisions, two sines and cosines
 * Coalesced   threads in their order write consecutive columns of a row
 * Bound       about 400 float and integer operations a block; for L = 20 on 132 SMs at
 *             1.7 GHz near 1.4e10 draws a second
 *
 * Reference
 *   [1] NVIDIA, cuRAND, curand_philox4x32_x.h: curand_Philox4x32_10(counter, key).
 */
#include <curand_kernel.h>

#include "largek/stream.h"
#include "launch.cuh"
#include "number.cuh"

enum { THREADS = 256 };

/* lk_words by cuRAND's own generator.  [1] */
static __device__ lk_u32x4 words(uint64_t seed, uint64_t item, uint64_t block)
{
    const uint64_t sequence = ((uint64_t)LK_PURPOSE_LATENT << 56) + item;
    const uint4 counter = make_uint4((uint32_t)block, (uint32_t)(block >> 32),
                                     (uint32_t)sequence, (uint32_t)(sequence >> 32));
    const uint4 w = curand_Philox4x32_10(
        counter, make_uint2((uint32_t)seed, (uint32_t)(seed >> 32)));

    return lk_u32x4{{w.x, w.y, w.z, w.w}};
}

static __global__ void __launch_bounds__(THREADS)
    latents(const lk_device_workload work, const lk_row *__restrict__ row,
            uint64_t threads, uint32_t quads, lk_kind kind, char *__restrict__ out,
            uint32_t width, float *__restrict__ plain)
{
    const uint64_t t = (uint64_t)blockIdx.x * THREADS + threadIdx.x;

    if (t >= threads) return;
    const uint32_t r = (uint32_t)(t / quads), b = (uint32_t)(t % quads);
    char *const to = out + r * lk_row_bytes(kind, width);
    float eps[4] = {0.0f, 0.0f, 0.0f, 0.0f};

    if (4 * b < work.latent) {
        const uint64_t blocks = lk_blocks(work.latent);

        lk_normal4(
            words(work.seed, work.index[row[r].problem], row[r].attempt * blocks + b),
            eps);
    }
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t d = 4 * b + i;
        const uint64_t at = (uint64_t)row[r].problem * work.latent + d;
        float z = 0.0f;

        if (d >= width) return;
        if (d < work.latent) {
            z = fmaf(work.scale[at], eps[i], work.mu[at]);
            if (plain != nullptr) plain[(uint64_t)r * work.latent + d] = z;
        }
        lk_put(kind, to, width, d, z);
    }
}

extern "C" cudaError_t lk_cuda_latents(const lk_device_workload *work,
                                       const lk_row *row, uint32_t count, lk_kind kind,
                                       void *out, uint32_t width, float *plain,
                                       cudaStream_t stream)
{
    const uint32_t quads = (width + 3) / 4;
    const uint64_t threads = (uint64_t)count * quads;

    if (count == 0) return cudaSuccess;
    LK_LAUNCH(latents, (unsigned)((threads + THREADS - 1) / THREADS), THREADS, stream,
              *work, row, threads, quads, kind, (char *)out, width, plain);
    return cudaGetLastError();
}

static __global__ void __launch_bounds__(THREADS)
    load(const float *__restrict__ z, uint32_t latent, uint64_t threads, lk_kind kind,
         char *__restrict__ out, uint32_t width)
{
    const uint64_t t = (uint64_t)blockIdx.x * THREADS + threadIdx.x;

    if (t >= threads) return;
    const uint64_t r = t / width;
    const uint32_t d = (uint32_t)(t % width);

    lk_put(kind, out + r * lk_row_bytes(kind, width), width, d,
           d < latent ? z[r * latent + d] : 0.0f);
}

extern "C" cudaError_t lk_cuda_load(const float *z, uint32_t latent, uint32_t count,
                                    lk_kind kind, void *out, uint32_t width,
                                    cudaStream_t stream)
{
    const uint64_t threads = (uint64_t)count * width;

    if (count == 0) return cudaSuccess;
    LK_LAUNCH(load, (unsigned)((threads + THREADS - 1) / THREADS), THREADS, stream, z,
              latent, threads, kind, (char *)out, width);
    return cudaGetLastError();
}
