/* runtime.cpp - as much of the CUDA runtime and of cuBLASLt as the plugin calls, on the
 * host: memory is malloc's, streams are finished at once, products are plain loops.
 *
 * lk_emulated_memory is how much a device has: less makes allocations fail.
 */
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>

#include <cublasLt.h>
#include <cuda_fp16.h>
#include <cuda_runtime_api.h>

size_t lk_emulated_memory = SIZE_MAX;
int lk_emulated_devices = 1;

static std::map<void *, size_t> blocks;
static size_t used;

extern "C" {

cudaError_t cudaMalloc(void **p, size_t bytes)
{
    if (bytes > lk_emulated_memory - used) return cudaErrorMemoryAllocation;
    *p = malloc(bytes);
    memset(*p, 0xa5, bytes); /* nobody may count on zeros */
    blocks[*p] = bytes;
    used += bytes;
    return cudaSuccess;
}

cudaError_t cudaFree(void *p)
{
    if (p == nullptr) return cudaSuccess;
    if (blocks.count(p) == 0) abort();
    used -= blocks[p];
    blocks.erase(p);
    free(p);
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void **p, size_t bytes)
{
    *p = malloc(bytes);
    memset(*p, 0xa5, bytes);
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *p)
{
    free(p);
    return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind)
{
    memcpy(to, from, bytes);
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes,
                            cudaMemcpyKind kind, cudaStream_t)
{
    return cudaMemcpy(to, from, bytes, kind);
}

cudaError_t cudaMemset(void *p, int byte, size_t bytes)
{
    memset(p, byte, bytes);
    return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *p, int byte, size_t bytes, cudaStream_t)
{
    return cudaMemset(p, byte, bytes);
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    *free_bytes = lk_emulated_memory - used;
    *total = lk_emulated_memory;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = lk_emulated_devices;
    return lk_emulated_devices > 0 ? cudaSuccess : cudaErrorInsufficientDriver;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int)
{
    memset(properties, 0, sizeof *properties);
    strcpy(properties->name, "emulated");
    properties->totalGlobalMem = lk_emulated_memory;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int)
{
    *value = attribute == cudaDevAttrMultiProcessorCount ? 2 : 1 << 20;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int)
{
    return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize(void)
{
    return cudaSuccess;
}

cudaError_t cudaGetLastError(void)
{
    return cudaSuccess;
}

const char *cudaGetErrorString(cudaError_t)
{
    return "an emulated error";
}

const char *cudaGetErrorName(cudaError_t)
{
    return "cudaErrorEmulated";
}

/* Streams and events: anything that is not NULL, and can be freed. */
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned)
{
    *stream = (cudaStream_t)malloc(1);
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    free(stream);
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t)
{
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned)
{
    *event = (cudaEvent_t)malloc(1);
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    free(event);
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t)
{
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t)
{
    return cudaSuccess;
}

/* cuBLASLt: descriptors are maps of attributes, layouts are what they were made of. */
struct layout {
    cudaDataType type;
    uint64_t rows, columns;
    int64_t stride;
};

typedef std::map<int, uint64_t> attributes;

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle)
{
    *handle = (cublasLtHandle_t)malloc(1);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle)
{
    free(handle);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *desc, cublasComputeType_t,
                                        cudaDataType_t)
{
    *desc = (cublasLtMatmulDesc_t) new attributes;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc)
{
    delete (attributes *)desc;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                                              cublasLtMatmulDescAttributes_t name,
                                              const void *value, size_t bytes)
{
    uint64_t bits = 0;

    memcpy(&bits, value, bytes);
    (*(attributes *)desc)[name] = bits;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *out,
                                          cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t stride)
{
    *out = (cublasLtMatrixLayout_t) new layout{type, rows, columns, stride};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t l)
{
    delete (layout *)l;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *out)
{
    *out = (cublasLtMatmulPreference_t)malloc(1);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference)
{
    free(preference);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t,
                                     cublasLtMatmulPreferenceAttributes_t, const void *,
                                     size_t)
{
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t,
                               cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                               cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                               cublasLtMatmulPreference_t, int,
                               cublasLtMatmulHeuristicResult_t results[], int *found)
{
    memset(results, 0, sizeof *results);
    *found = 1;
    return CUBLAS_STATUS_SUCCESS;
}

} // extern "C"

static float element(const void *data, cudaDataType type, size_t i)
{
    return type == CUDA_R_16F ? __half2float(((const __half *)data)[i])
                              : ((const float *)data)[i];
}

/* D = A^T B + bias, columns first; relu where the epilogue says so.  What the plugin relies
 * on is checked, so that a wrong descriptor cannot pass. */
extern "C" cublasStatus_t
cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t desc, const void *alpha,
               const void *a, cublasLtMatrixLayout_t al, const void *b,
               cublasLtMatrixLayout_t bl, const void *beta, const void *c,
               cublasLtMatrixLayout_t cl, void *d, cublasLtMatrixLayout_t dl,
               const cublasLtMatmulAlgo_t *, void *, size_t, cudaStream_t)
{
    const layout &A = *(const layout *)al, &B = *(const layout *)bl,
                 &D = *(const layout *)dl;
    attributes &attribute = *(attributes *)desc;
    const uint64_t epilogue = attribute[CUBLASLT_MATMUL_DESC_EPILOGUE];
    const void *bias = (const void *)attribute[CUBLASLT_MATMUL_DESC_BIAS_POINTER];
    const cudaDataType bias_type =
        (cudaDataType)attribute[CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE];

    if (attribute[CUBLASLT_MATMUL_DESC_TRANSA] != CUBLAS_OP_T || A.rows != B.rows ||
        A.columns != D.rows || B.columns != D.columns || c != d || cl != dl ||
        *(const float *)beta != 0.0f || A.type != B.type || bias_type != D.type ||
        (A.rows * (A.type == CUDA_R_16F ? 2 : 4)) % 16 != 0) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    for (uint64_t n = 0; n < D.columns; n++) {
        for (uint64_t m = 0; m < D.rows; m++) {
            float sum = 0.0f;

            for (uint64_t k = 0; k < A.rows; k++) {
                sum += element(a, A.type, m * (size_t)A.stride + k) *
                       element(b, B.type, n * (size_t)B.stride + k);
            }
            sum = *(const float *)alpha * sum + element(bias, bias_type, m);
            if (epilogue == CUBLASLT_EPILOGUE_RELU_BIAS && sum < 0.0f) sum = 0.0f;
            if (D.type == CUDA_R_16F) {
                ((__half *)d)[n * (size_t)D.stride + m] = __float2half_rn(sum);
            } else {
                ((float *)d)[n * (size_t)D.stride + m] = sum;
            }
        }
    }
    return CUBLAS_STATUS_SUCCESS;
}
