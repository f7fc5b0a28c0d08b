/* rows.cu - which draw each row is.
 *
 *     in    segments (problem, slot, first attempt), in ascending order of their start
 *     out   row [total] of (attempt, problem, slot), 16 bytes each
 *
 * Work    a thread a row; a binary search among few segments, all of them in L1
 * Bound   16 bytes written a draw: 2.7e11 draws a second at 4.3 TB/s
 */
#include "kernels.h"
#include "launch.cuh"

enum { THREADS = 256 };

/* The last segment that starts at or before `r`. */
static __device__ uint32_t find_segment(const lk_segment *segment, uint32_t segments,
                                        uint32_t r)
{
    uint32_t low = 0, high = segments;

    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;

        if (segment[middle].start <= r) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static __global__ void __launch_bounds__(THREADS)
    fill_rows(const lk_segment *__restrict__ segment, uint32_t segments, uint32_t total,
              lk_row *__restrict__ row)
{
    const uint32_t r = blockIdx.x * THREADS + threadIdx.x;

    if (r >= total) return;
    const lk_segment s = segment[find_segment(segment, segments, r)];

    row[r] = lk_row{s.first + (r - s.start), s.problem, s.slot};
}

extern "C" cudaError_t lk_cuda_fill_rows(const lk_segment *segment, uint32_t segments,
                                         uint32_t total, lk_row *row,
                                         cudaStream_t stream)
{
    if (total == 0) return cudaSuccess;
    LK_LAUNCH(fill_rows, (total + THREADS - 1) / THREADS, THREADS, stream, segment,
              segments, total, row);
    return cudaGetLastError();
}

static __global__ void __launch_bounds__(THREADS)
    suspect_rows(const lk_suspect *__restrict__ suspect, uint32_t count,
                 lk_row *__restrict__ row)
{
    const uint32_t r = blockIdx.x * THREADS + threadIdx.x;

    if (r < count) row[r] = suspect[r].row;
}

extern "C" cudaError_t lk_cuda_suspect_rows(const lk_suspect *suspect, uint32_t count,
                                            lk_row *row, cudaStream_t stream)
{
    if (count == 0) return cudaSuccess;
    LK_LAUNCH(suspect_rows, (count + THREADS - 1) / THREADS, THREADS, stream, suspect,
              count, row);
    return cudaGetLastError();
}
