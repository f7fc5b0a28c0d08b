/* sift.cu - squared errors into counts, and the draws that need a second look.
 *
 *     in    sse [count], limits and bands of the rows' problems
 *     out   bucket counts, first successes, histogram, smallest score, queue of suspects
 *
 * The reference is `sift` in src/backend/cpu/run.c.  All sums are of integers and all
 * minima of integers, so the order of threads cannot matter.
 *
 * A draw may be its problem's smallest if its fast score is within two (widened) bands of
 * any other draw's: with w the band at a score, s* <= canonical(j') <= fast(j') +
 * w(fast(j')) and fast(j*) <= s* + w(s*).  `least` holds the smallest seen so far.
 *
 * The library path has no queue: `sift<false>` lets the fast score decide whatever it says.
 *
 * Work    a thread a row; a block whose rows are all of one problem counts in shared
 *         memory and adds to global memory once
 * Bound   20 bytes read a draw: 2e11 draws a second; in truth launch latency
 */
#include "sift.h"

#include "launch.cuh"

enum { THREADS = 256, ROWS = 1024 /* a block's */ };

typedef unsigned long long u64;

/* Where a row's counts go: shared memory of the block, or its slot in global memory. */
struct counters {
    u64 *bucket, *first, *histogram;
    unsigned int *least;
};

static __device__ void push(const lk_accumulators &into, const lk_row &row, float fast,
                            uint32_t why)
{
    const unsigned int place = atomicAdd(into.queued, 1u);

    if (place < into.queue_room) into.queue[place] = lk_suspect{row, fast, why};
}

static __device__ uint32_t suspicion(const lk_device_workload &work, const lk_row &row,
                                     float fast, const counters &to)
{
    const double *const limit = work.limit + (uint64_t)row.problem * work.thresholds;
    const double band = work.band[row.problem];
    const double least = (double)lk_float_of_order(*(volatile unsigned int *)to.least);
    const uint64_t audit = lk_audit_attempt(work.seed, work.index[row.problem],
                                            row.attempt / LK_AUDIT_BLOCK);
    uint32_t why = 0;

    /* A score that is not finite says nothing, so it may be the smallest too. */
    if (!(fast - fast == 0.0f) ||
        (double)fast <= lk_candidate(least, band, limit[work.thresholds - 1])) {
        why |= LK_SUSPECT_CANDIDATE;
    }
    if (row.attempt == audit) why |= LK_SUSPECT_AUDIT;
    if (why == 0 && !lk_in_doubt(limit, work.thresholds, (double)fast, band)) {
        return UINT32_MAX; /* beyond suspicion */
    }
    return why;
}

/* QUEUES: whether anybody can be a suspect. */
template <bool QUEUES>
static __device__ void count_row(const lk_device_workload &work, const lk_row &row,
                                 float fast, const lk_suspect *suspect,
                                 const counters &to, const lk_accumulators &into)
{
    const double *const limit = work.limit + (uint64_t)row.problem * work.thresholds;
    uint32_t why;

    if (to.histogram != nullptr) atomicAdd(&to.histogram[lk_histogram_bin(fast)], 1ull);
    if (suspect != nullptr) { /* a second look: the first one's reasons stand */
        const double band = work.band[row.problem];

        why = suspect->why;
        if (why == 0 && !lk_in_doubt(limit, work.thresholds, (double)fast, band)) {
            why = UINT32_MAX;
        }
        if (why != UINT32_MAX) { /* audits compare the first score */
            push(into, row, suspect->fast, why);
            return;
        }
    } else if (QUEUES) {
        why = suspicion(work, row, fast, to);
        if (why != UINT32_MAX) {
            push(into, row, fast, why);
            return;
        }
    }
    const uint32_t b = lk_bucket(limit, work.thresholds, (double)fast);

    if (b < work.thresholds) {
        atomicAdd(&to.bucket[b], 1ull);
        atomicMin(&to.first[b], (u64)row.attempt);
    }
}

static __device__ counters slot_counters(const lk_device_workload &work,
                                         const lk_accumulators &into, uint32_t slot)
{
    const uint64_t at = (uint64_t)slot * work.thresholds;

    return counters{into.bucket + at, into.first + at,
                    into.histogram == nullptr
                        ? nullptr
                        : into.histogram + (uint64_t)slot * LK_HISTOGRAM_BINS,
                    into.least + slot};
}

/* Adds a block's counters to their slot. */
static __device__ void flush(const counters &from, const counters &to,
                             uint32_t thresholds)
{
    for (uint32_t t = threadIdx.x; t < thresholds; t += THREADS) {
        if (from.bucket[t] == 0) continue;
        atomicAdd(&to.bucket[t], from.bucket[t]);
        atomicMin(&to.first[t], from.first[t]);
    }
    for (uint32_t b = threadIdx.x; to.histogram != nullptr && b < LK_HISTOGRAM_BINS;
         b += THREADS) {
        if (from.histogram[b] != 0) atomicAdd(&to.histogram[b], from.histogram[b]);
    }
    if (threadIdx.x == 0) atomicMin(to.least, *from.least);
}

template <bool QUEUES>
static __global__ void __launch_bounds__(THREADS)
    sift(const lk_device_workload work, const lk_row *__restrict__ row, uint32_t count,
         const float *__restrict__ sse, const lk_suspect *__restrict__ suspect,
         const lk_accumulators into)
{
    __shared__ u64 bucket[LK_THRESHOLDS_MAX], first[LK_THRESHOLDS_MAX];
    __shared__ u64 histogram[LK_HISTOGRAM_BINS];
    __shared__ unsigned int least, same;
    const uint32_t start = blockIdx.x * ROWS;
    const uint32_t end = count - start < ROWS ? count : start + ROWS;
    const uint32_t slot = row[start].slot;
    const counters global = slot_counters(work, into, slot);
    counters mine = {bucket, first, global.histogram == nullptr ? nullptr : histogram,
                     &least};

    /* Small units of several problems may take turns within a block. */
    if (threadIdx.x == 0) same = suspect == nullptr;
    __syncthreads();
    for (uint32_t r = start + threadIdx.x; r < end; r += THREADS) {
        if (row[r].slot != slot) atomicMin(&same, 0u);
    }
    __syncthreads();
    const bool alone = same != 0;

    if (alone) {
        for (uint32_t t = threadIdx.x; t < LK_THRESHOLDS_MAX; t += THREADS) {
            bucket[t] = 0;
            first[t] = ~0ull;
        }
        for (uint32_t b = threadIdx.x; b < LK_HISTOGRAM_BINS; b += THREADS) {
            histogram[b] = 0;
        }
        if (threadIdx.x == 0) least = *(volatile unsigned int *)global.least;
    }
    __syncthreads();
    /* Smallest first, so that few rows look like candidates. */
    for (uint32_t r = start + threadIdx.x; r < end && suspect == nullptr;
         r += THREADS) {
        if (!alone) mine = slot_counters(work, into, row[r].slot);
        if (sse[r] == sse[r]) atomicMin(mine.least, lk_order_of_float(sse[r]));
    }
    __syncthreads();
    for (uint32_t r = start + threadIdx.x; r < end; r += THREADS) {
        const lk_row here = row[r];

        if (!alone) mine = slot_counters(work, into, here.slot);
        count_row<QUEUES>(work, here, sse[r],
                          suspect == nullptr ? nullptr : suspect + r, mine, into);
    }
    if (!alone) return;
    __syncthreads();
    flush(mine, global, work.thresholds);
}

extern "C" cudaError_t lk_cuda_sift(const lk_device_workload *work, const lk_row *row,
                                    uint32_t count, const float *sse,
                                    const lk_suspect *suspect,
                                    const lk_accumulators *into, cudaStream_t stream)
{
    if (count == 0) return cudaSuccess;
#define LAUNCH(queues)                                                                \
    LK_LAUNCH((sift<queues>), (count + ROWS - 1) / ROWS, THREADS, stream, *work, row, \
              count, sse, suspect, *into)
    if (into->queue != nullptr) {
        LAUNCH(true);
    } else {
        LAUNCH(false);
    }
#undef LAUNCH
    return cudaGetLastError();
}
