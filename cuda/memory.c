/* memory.c - memory, and failures as lk_status. */
#include <stdlib.h>
#include <string.h>

#include "pool.h"

const char *lk_cuda_remedy(cudaError_t status)
{
    switch (status) {
    case cudaErrorInsufficientDriver:
    case cudaErrorUnsupportedPtxVersion:
        return "update the NVIDIA driver, or build the plugin with an older CUDA";
    case cudaErrorNoDevice:
        return "nvidia-smi lists those that there are, CUDA_VISIBLE_DEVICES may hide them";
    case cudaErrorDevicesUnavailable:
        return "another process may hold it: see nvidia-smi";
    case cudaErrorNoKernelImageForDevice:
        return "the plugin was built for other devices: build it with "
               "LARGEK_CUDA_ARCHITECTURES of this one";
    case cudaErrorSystemDriverMismatch:
    case cudaErrorCompatNotSupportedOnDevice:
        return "the NVIDIA driver and its libraries are of different versions";
    case cudaErrorSystemNotReady: return "the system's fabric manager is not running";
    case cudaErrorIllegalAddress:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorHardwareStackError:
    case cudaErrorECCUncorrectable:
        return "this process cannot use the device again; the same command goes on from "
               "the last checkpoint";
    default: return "";
    }
}

lk_status lk_cuda_check(cudaError_t status, const char *call, const char *where,
                        lk_error *err)
{
    const char *remedy = lk_cuda_remedy(status);

    if (status == cudaSuccess) return LK_OK;
    cudaGetLastError(); /* the next launch would report it again */

    const lk_status st =
        status == cudaErrorMemoryAllocation ? LK_E_MEMORY : LK_E_DEVICE;

    return lk_error_set(err, st, where, "CUDA: %.100s: %s (%s)%s%s", call,
                        cudaGetErrorString(status), cudaGetErrorName(status),
                        remedy[0] != '\0' ? "; " : "", remedy);
}

lk_status lk_blas_check(cublasStatus_t status, const char *call, const char *where,
                        lk_error *err)
{
    if (status == CUBLAS_STATUS_SUCCESS) return LK_OK;
    cudaGetLastError();

    const lk_status st =
        status == CUBLAS_STATUS_ALLOC_FAILED ? LK_E_MEMORY : LK_E_DEVICE;

    return lk_error_set(err, st, where, "cuBLAS: %.100s: %s", call,
                        cublasLtGetStatusString(status));
}

lk_status lk_curand_check(curandStatus_t status, const char *call, const char *where,
                          lk_error *err)
{
    if (status == CURAND_STATUS_SUCCESS) return LK_OK;
    cudaGetLastError();

    const lk_status st =
        status == CURAND_STATUS_ALLOCATION_FAILED ? LK_E_MEMORY : LK_E_DEVICE;

    return lk_error_set(err, st, where, "cuRAND: %.100s: status %d", call, (int)status);
}

static lk_status remember(lk_pool *pool, void *block, lk_error *err)
{
    if (pool->count == pool->room) {
        const size_t room = pool->room == 0 ? 16 : 2 * pool->room;
        void **grown = realloc(pool->block, room * sizeof *grown);

        if (grown == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a pool");
        pool->block = grown;
        pool->room = room;
    }
    pool->block[pool->count++] = block;
    return LK_OK;
}

lk_status lk_pool_take(lk_pool *pool, size_t bytes, void *out_pointer, lk_error *err)
{
    const size_t padded = (bytes + 255) / 256 * 256;
    size_t free_bytes = 0, total = 0;
    void *block = NULL;
    lk_status st = LK_OK;
    const cudaError_t status = cudaMalloc(&block, padded > 0 ? padded : 256);

    if (status == cudaErrorMemoryAllocation) {
        cudaGetLastError(); /* not sticky: the caller may try with less */
        cudaMemGetInfo(&free_bytes, &total);
        return LK_FAIL(err, LK_E_MEMORY, "GPU memory: %zu bytes wanted, %zu free",
                       padded, free_bytes);
    }
    LK_CUDA(status);
    st = remember(pool, block, err);
    if (st != LK_OK) {
        cudaFree(block);
        return st;
    }
    pool->bytes += padded;
    memcpy(out_pointer, &block, sizeof block);

out:
    return st;
}

lk_status lk_pool_copy(lk_pool *pool, const void *from, size_t bytes, void *out_pointer,
                       lk_error *err)
{
    void *block = NULL;
    lk_status st = LK_OK;

    LK_TRY(lk_pool_take(pool, bytes, &block, err));
    LK_CUDA(cudaMemcpy(block, from, bytes, cudaMemcpyHostToDevice));
    memcpy(out_pointer, &block, sizeof block);

out:
    return st;
}

void lk_pool_release(lk_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++) cudaFree(pool->block[i]);
    free(pool->block);
    *pool = (lk_pool){0};
}

lk_status lk_pinned_take(size_t bytes, void *out_pointer, lk_error *err)
{
    void *block = NULL;
    lk_status st = LK_OK;
    const cudaError_t status = cudaMallocHost(&block, bytes);

    if (status == cudaErrorMemoryAllocation) {
        cudaGetLastError();
        return LK_FAIL(err, LK_E_MEMORY, "pinned host memory: %zu bytes wanted", bytes);
    }
    LK_CUDA(status);
    memcpy(out_pointer, &block, sizeof block);

out:
    return st;
}
