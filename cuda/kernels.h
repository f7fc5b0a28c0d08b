/* kernels.h - the device stages, as the host sees them.
 *
 * Every stage works on rows: row r is one draw, (problem, attempt), and all its data are
 * at place r of their arrays.  Rows of one problem lie together where a run makes them;
 * nothing but speed depends on it.  Launches are queued on a stream and return at once.
 */
#ifndef LK_CUDA_KERNELS_H
#define LK_CUDA_KERNELS_H

#include <stdint.h>

#include <cuda_runtime_api.h>

#include "largek/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint64_t attempt;
    uint32_t problem; /* row of the workload                                  */
    uint32_t slot;    /* where the counts of its problem go in this run       */
} lk_row;

/* `count` attempts of a problem, laid out from row `start` on. */
typedef struct {
    uint64_t first;
    uint32_t problem, slot, start, count;
} lk_segment;

/* What a GEMM reads.  SPLIT is three columns of halves for each input, hi | lo | hi of
 * `width` each, whose product with hi | hi | lo of the weights has nearly float's digits. */
typedef enum { LK_KIND_F32, LK_KIND_F16, LK_KIND_SPLIT } lk_kind;

/* The workload in device memory. */
typedef struct {
    const uint64_t *index;
    const float *mu, *scale; /* [problems][latent]                 */
    const float *target;     /* [problems][outputs]                */
    const double *limit;     /* [problems][thresholds]             */
    const double *band;      /* [problems] of the stage that sifts */
    uint64_t seed;
    uint32_t latent, outputs, thresholds;
    lk_activation output_activation; /* of the last layer */
} lk_device_workload;

/* rows [0, total) from segments in ascending order of start. */
cudaError_t lk_cuda_fill_rows(const lk_segment *segment, uint32_t segments,
                              uint32_t total, lk_row *row, cudaStream_t stream);

/* Latents of rows, as a GEMM's input: out [count][stride] of the kind, columns from latent
 * to width zero.  With `plain` not NULL the floats themselves too, [count][latent]. */
cudaError_t lk_cuda_latents(const lk_device_workload *work, const lk_row *row,
                            uint32_t count, lk_kind kind, void *out, uint32_t width,
                            float *plain, cudaStream_t stream);

/* The same input from floats z [count][latent] that are there already. */
cudaError_t lk_cuda_load(const float *z, uint32_t latent, uint32_t count, lk_kind kind,
                         void *out, uint32_t width, cudaStream_t stream);

/* Hidden values between two GEMMs: act(x), x [count][width] of float (or half, for
 * LK_KIND_F16), in place, or into SPLIT halves at `out`. */
cudaError_t lk_cuda_activate(lk_activation activation, lk_kind kind, void *x,
                             uint32_t count, uint32_t width, void *out,
                             cudaStream_t stream);

/* y [count][outputs] = act(logits), for whoever wants to see the images. */
cudaError_t lk_cuda_finish(lk_activation activation, const void *logits, int halves,
                           uint32_t stride, uint32_t outputs, uint32_t count, float *y,
                           cudaStream_t stream);

/* sse[r] = sum over outputs of (act(logit) - target)^2; logits [count][stride] of float,
 * or of half where `halves`. */
cudaError_t lk_cuda_reduce(const lk_device_workload *work, const lk_row *row,
                           uint32_t count, lk_activation activation, const void *logits,
                           int halves, uint32_t stride, float *sse,
                           cudaStream_t stream);

typedef enum {
    LK_SUSPECT_DOUBT = 0,     /* within the band of a threshold     */
    LK_SUSPECT_CANDIDATE = 1, /* may be the problem's smallest      */
    LK_SUSPECT_AUDIT = 2      /* scored twice to watch over the band */
} lk_suspicion;

typedef struct {
    lk_row row;
    float fast;
    uint32_t why; /* lk_suspicion, or-ed */
} lk_suspect;

/* Accumulators of a run, in device memory; slots are the run's problems. */
typedef struct {
    unsigned long long *bucket; /* [slots][thresholds] successes at t but not at t-1 */
    unsigned long long *first;  /* [slots][thresholds] smallest attempt of a bucket  */
    unsigned long long
        *histogram;       /* [slots][LK_HISTOGRAM_BINS]; NULL: not wanted      */
    unsigned int *least;  /* [slots] bits of the smallest fast score, biased   */
    lk_suspect *queue;    /* NULL: the fast score decides, whatever it is worth    */
    unsigned int *queued; /* may pass queue_room: then entries are missing     */
    unsigned int queue_room;
} lk_accumulators;

/* Counts rows by their fast scores, and queues those it cannot decide.  `suspect`, where
 * not NULL, holds why each row is here from an earlier sift: candidates and audits are
 * passed on as they are. */
cudaError_t lk_cuda_sift(const lk_device_workload *work, const lk_row *row,
                         uint32_t count, const float *sse, const lk_suspect *suspect,
                         const lk_accumulators *into, cudaStream_t stream);

/* Rows of queued suspects, for the stage that scores them again. */
cudaError_t lk_cuda_suspect_rows(const lk_suspect *suspect, uint32_t count, lk_row *row,
                                 cudaStream_t stream);

/* A layer as the canonical kernel reads it. */
typedef struct {
    const float *weight; /* [in][out]: transposed, so that threads read side by side */
    const float *bias;   /* [out] */
    uint32_t in, out;
    lk_activation activation;
} lk_canonical_layer;

enum { LK_CANONICAL_DRAWS = 8 }; /* a block's */

/* Canonical SSE of rows whose latents are z [count][latent].
 * Shapes  scratch [blocks][2][widest][LK_CANONICAL_DRAWS], sse [count] */
cudaError_t lk_cuda_canonical(const lk_device_workload *work, const lk_row *row,
                              uint32_t count, const float *z,
                              const lk_canonical_layer *layer, uint32_t layers,
                              uint32_t widest, double *scratch, uint32_t blocks,
                              double *sse, cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif /* LK_CUDA_KERNELS_H */
