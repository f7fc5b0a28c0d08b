/* device.h - the state of the CPU backend, for its own files. */
#ifndef LK_BACKEND_CPU_DEVICE_H
#define LK_BACKEND_CPU_DEVICE_H

#include "backend/cpu/isa.h"
#include "largek/backend.h"

typedef enum {
    PATH_LOOPS, /* our own kernels, epilogue in registers        */
    PATH_BLAS   /* cblas_sgemm a layer, then its epilogue        */
} lk_cpu_path;

/* What one thread works with. */
typedef struct {
    uint64_t *attempt; /* [rows]                           */
    float *z;          /* [rows][latent]                   */
    float *h[2];       /* [rows][stride] activations       */
    float *sse;        /* [rows]                           */
    float *lane_z;     /* [LK_LANES][latent]               */
    double *scratch;   /* of the canonical kernel          */
} lk_scratch;

struct lk_device {
    const lk_workload *work; /* the caller's */
    const lk_isa *isa;
    lk_cpu_path path;
    size_t threads, tile;
    size_t rows;    /* tile, rounded up to the kernels' rows                */
    size_t stride;  /* floats of an activation row: the widest padded layer */
    float **packed; /* [layers] PATH_LOOPS                                  */
    float *target;  /* [problems][target_stride], padded with zeros         */
    size_t target_stride;
    double *band;        /* [problems] */
    lk_scratch *scratch; /* [threads]  */
};

lk_status lk_scratch_init(lk_scratch *scratch, const lk_device *device, lk_error *err);
void lk_scratch_release(lk_scratch *scratch);

/* Fast SSE of `count` <= tile latent vectors in scratch->z, into scratch->sse. */
void lk_cpu_fast_sse(const lk_device *device, size_t problem, size_t count,
                     lk_scratch *scratch);

/* The latents of scratch->attempt[0 .. count), into scratch->z. */
void lk_cpu_latents(const lk_device *device, size_t problem, size_t count,
                    lk_scratch *scratch);

/* Canonical SSE of up to LK_LANES vectors, each at its own problem.
 * Shapes  problem [count], z [count][latent], sse [count] */
void lk_cpu_canonical_sse(const lk_device *device, const size_t *problem,
                          const float *z, size_t count, double *sse,
                          lk_scratch *scratch);

/* lk_backend.run, in run.c. */
lk_status lk_cpu_run(lk_device *device, const lk_unit *unit, size_t units,
                     lk_tally *tally, lk_run_notes *notes, lk_error *err);

#endif /* LK_BACKEND_CPU_DEVICE_H */
