/* pool.h - device memory in pools, and failures of CUDA's libraries as lk_status. */
#ifndef LK_CUDA_POOL_H
#define LK_CUDA_POOL_H

#include <stddef.h>
#include <stdint.h>

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <curand.h>

#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Failures of each library; all leave through `out:`. */
#define LK_CUDA(call)   LK_TRY(lk_cuda_check((call), #call, LK_CUDA_WHERE, err))
#define LK_BLAS(call)   LK_TRY(lk_blas_check((call), #call, LK_CUDA_WHERE, err))
#define LK_CURAND(call) LK_TRY(lk_curand_check((call), #call, LK_CUDA_WHERE, err))
#define LK_CUDA_WHERE   __FILE__ ":" LK_STR(__LINE__)

/* A failure is told with its remedy, and does not stay behind as CUDA's last error. */
lk_status lk_cuda_check(cudaError_t status, const char *call, const char *where,
                        lk_error *err);
lk_status lk_blas_check(cublasStatus_t status, const char *call, const char *where,
                        lk_error *err);
lk_status lk_curand_check(curandStatus_t status, const char *call, const char *where,
                          lk_error *err);

/* What a user can do about it, "" where that is not known; a static string. */
const char *lk_cuda_remedy(cudaError_t status);

/* Device memory of one owner, freed together. */
typedef struct {
    size_t count, room;
    void **block;
    uint64_t bytes;
} lk_pool;

/* Errors  LK_E_MEMORY with the bytes wanted and free; LK_E_DEVICE */
lk_status lk_pool_take(lk_pool *pool, size_t bytes, void *out_pointer, lk_error *err);

/* The same, filled from host memory. */
lk_status lk_pool_copy(lk_pool *pool, const void *from, size_t bytes, void *out_pointer,
                       lk_error *err);
void lk_pool_release(lk_pool *pool);

/* Pinned host memory; free it with cudaFreeHost.
 * Errors  LK_E_MEMORY with the bytes wanted; LK_E_DEVICE */
lk_status lk_pinned_take(size_t bytes, void *out_pointer, lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_CUDA_POOL_H */
