/* emulator.h - CUDA kernels on the host, one fibre a thread, so that tests without a GPU run
 * the very kernels and host code of the plugin.
 *
 * Blocks run one after the other; the threads of a block run as fibres that change places
 * at __syncthreads and at warp shuffles, and nowhere else.  That finds wrong indices, wrong
 * counts and missing barriers between phases that exchange data in shared memory, but no
 * data race.  Shared memory is static memory.
 */
#ifndef LK_TESTS_EMULATOR_H
#define LK_TESTS_EMULATOR_H

#include <cmath>
#include <functional>

#include <cuda_fp16.h>
#include <cuda_runtime_api.h>
#include <curand_kernel.h> /* it declares threadIdx and the like, so before our macros */
#include <vector_functions.h>

#undef __shared__
#undef __launch_bounds__
#define __shared__ static
#define __launch_bounds__(threads)

struct lk_emulated_thread {
    uint3 thread, block;
    dim3 threads, blocks;
};

/* The fibre that runs now. */
const lk_emulated_thread &lk_emulated();

void lk_emulate(unsigned blocks, unsigned threads, const std::function<void()> &kernel);
void lk_emulated_barrier();
float lk_emulated_shuffle_xor(float value, int mask);

#define threadIdx (lk_emulated().thread)
#define blockIdx  (lk_emulated().block)
#define blockDim  (lk_emulated().threads)
#define gridDim   (lk_emulated().blocks)

#define LK_LAUNCH(kernel, blocks, threads, stream, ...) \
    lk_emulated_launch((blocks), (threads), kernel, __VA_ARGS__)

/* Does a piece of a stream's work, or keeps it where a graph is being captured. */
void lk_emulated_work(const std::function<void()> &work);

/* Arguments are copied, as a launch does, so that a graph replays what was given then. */
template <typename K, typename... A>
static inline void lk_emulated_launch(unsigned blocks, unsigned threads, K kernel,
                                      A... argument)
{
    lk_emulated_work(
        [=] { lk_emulate(blocks, threads, [&] { kernel(argument...); }); });
}

static inline void __syncthreads()
{
    lk_emulated_barrier();
}

static inline float __shfl_xor_sync(unsigned, float value, int mask)
{
    return lk_emulated_shuffle_xor(value, mask);
}

/* The C library declares a __expf of its own. */
#define __expf(x)        expf(x)
#define __fdividef(a, b) ((a) / (b))

template <typename T> static inline T atomicAdd(T *at, T value)
{
    const T old = *at;

    *at = old + value;
    return old;
}

template <typename T> static inline T atomicMin(T *at, T value)
{
    const T old = *at;

    if (value < old) *at = value;
    return old;
}

#endif /* LK_TESTS_EMULATOR_H */
