/* library.h - the library path: what a careful user of cuRAND and cuBLAS writes.
 *
 * curandGenerateNormal, cublasSgemm, one pass for each activation, and the staged path's
 * own reduction and counting.  It is the baseline that benchmarks compare with.  Its normals
 * are cuRAND's own and a fast score decides alone, so its counts are equal to exact ones
 * within chance only: lk_device_info.stream_version is LK_STREAM_NONE.
 */
#ifndef LK_CUDA_LIBRARY_H
#define LK_CUDA_LIBRARY_H

#include <stdbool.h>

#include <cublas_v2.h>
#include <curand.h>

#include "kernels.h"
#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/* z [count][width] = mu + scale * eps, 1, 0 ...; eps [count][latent], width > latent. */
cudaError_t lk_cuda_shift(const lk_device_workload *work, const lk_row *row,
                          uint32_t count, const float *eps, float *z, uint32_t width,
                          cudaStream_t stream);

/* x [count][width] = act(x) for the first `units` columns, 1, 0 ...; width > units. */
cudaError_t lk_cuda_bend(lk_activation activation, float *x, uint32_t count,
                         uint32_t units, uint32_t width, cudaStream_t stream);

typedef struct {
    float
        *weight; /* [out_width][in_width], the bias in column `in`, zeros behind it  */
    uint32_t in, in_width, out, out_width;
    lk_activation activation;
} lk_library_layer;

typedef struct {
    const char *precision; /* "fp32", or "tf32" */
    curandGenerator_t generator;
    cublasHandle_t blas;
    size_t layers;
    lk_library_layer layer[LK_MLP_LAYERS_MAX];
    float *eps, *z;   /* [rows][latent], [rows][in_width of the first] */
    float *hidden[2]; /* [rows][widest hidden] */
    float *logits;
    lk_pool pool;
} lk_library;

/* For up to `rows` draws at a time, rows even.
 * precision  "fp32" or "tf32"
 * Errors     LK_E_ARG, LK_E_MEMORY, LK_E_DEVICE */
lk_status lk_library_init(lk_library *library, const lk_mlp *decoder,
                          const char *precision, uint32_t rows, cudaStream_t stream,
                          lk_error *err);
void lk_library_release(lk_library *library);

/* Starts numbers of their own for a run that begins with this attempt: no two runs of a
 * result begin alike, so none repeats another's draws. */
lk_status lk_library_seed(lk_library *library, uint64_t seed, uint64_t index,
                          uint64_t attempt, lk_error *err);

/* SSE of `count` new draws, of the problems that the rows name. */
lk_status lk_library_run(lk_library *library, const lk_device_workload *work,
                         const lk_row *row, uint32_t count, float *sse,
                         cudaStream_t stream, lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_CUDA_LIBRARY_H */
