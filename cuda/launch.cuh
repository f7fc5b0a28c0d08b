/* launch.cuh - one spelling of a kernel launch, for nvcc and for the emulated device of the
 * tests (tests/emulator), which runs the same kernels on the host.
 *
 *     LK_LAUNCH((kernel<T>), blocks, threads, stream, arguments...)
 */
#ifndef LK_CUDA_LAUNCH_CUH
#define LK_CUDA_LAUNCH_CUH

#ifdef __CUDACC__
#define LK_LAUNCH(kernel, blocks, threads, stream, ...) \
    kernel<<<(blocks), (threads), 0, (stream)>>>(__VA_ARGS__)
#else
#include "emulator/emulator.h"
#endif

#endif /* LK_CUDA_LAUNCH_CUH */
