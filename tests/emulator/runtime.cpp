/* runtime.cpp - as much of the CUDA runtime, of cuBLASLt, cuBLAS and cuRAND as the plugin
 * calls, on the host: memory is malloc's, streams are finished at once unless a graph is
 * captured, products are plain loops.  knobs.h says what tests may turn.
 */
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "emulator/emulator.h"

#include <cublasLt.h>
#include <cublas_v2.h>
#include <curand.h>

#include "emulator/knobs.h"

size_t lk_emulated_memory = SIZE_MAX;
int lk_emulated_devices = 1;
int lk_emulated_absence;
int lk_emulated_fault;
int lk_emulated_wrong;
int lk_emulated_graph_fails;
unsigned lk_emulated_graph_launches;

static std::map<void *, size_t> blocks, pinned;
static size_t used;

/* Work until the context is lost, and whether it is. */
static unsigned until_fault;
static bool lost;

void lk_emulated_fail_after(unsigned n, int fault)
{
    lk_emulated_fault = fault;
    until_fault = n;
    lost = false;
}

size_t lk_emulated_blocks(void)
{
    return blocks.size() + pinned.size();
}

static cudaError_t sticky()
{
    return lost ? (cudaError_t)lk_emulated_fault : cudaSuccess;
}

/* A failure that passes stays behind as the last error, until somebody asks. */
static cudaError_t last;

static cudaError_t passing(cudaError_t status)
{
    last = status;
    return status;
}

/* A graph is the work that was captured. */
typedef std::vector<std::function<void()>> graph;

static graph *captured;      /* NULL: no capture                   */
static bool capture_invalid; /* something was done that may not be */

void lk_emulated_work(const std::function<void()> &work)
{
    if (captured != nullptr) {
        captured->push_back(work);
        return;
    }
    if (lk_emulated_fault != 0 && !lost && --until_fault == 0) lost = true;
    if (!lost) work();
}

/* What waits for the device, or changes its memory, ends a capture. */
static cudaError_t not_captured()
{
    if (captured == nullptr) return sticky();
    capture_invalid = true;
    return cudaErrorStreamCaptureUnsupported;
}

static bool within(const std::map<void *, size_t> &of, const void *p)
{
    auto next = of.upper_bound((void *)p);

    if (next == of.begin()) return false;
    --next;
    return (const char *)p < (const char *)next->first + next->second;
}

extern "C" {

cudaError_t cudaMalloc(void **p, size_t bytes)
{
    if (not_captured() != cudaSuccess) return not_captured();
    if (bytes > lk_emulated_memory - used) return passing(cudaErrorMemoryAllocation);
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
    pinned[*p] = bytes;
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *p)
{
    pinned.erase(p);
    free(p);
    return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind)
{
    const cudaError_t status = not_captured();

    if (status == cudaSuccess) memcpy(to, from, bytes);
    return status;
}

/* Of a graph, host memory must be pinned: it is read at each launch. */
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes,
                            cudaMemcpyKind kind, cudaStream_t)
{
    const bool back = kind == cudaMemcpyDeviceToHost;

    if (captured != nullptr && !within(pinned, back ? to : from)) {
        capture_invalid = true;
        return cudaErrorStreamCaptureUnsupported;
    }
    lk_emulated_work([=] {
        memcpy(to, from, bytes);
        if (back && lk_emulated_wrong && bytes % 8 == 0) *(char *)to ^= 1;
    });
    return sticky();
}

cudaError_t cudaMemset(void *p, int byte, size_t bytes)
{
    const cudaError_t status = not_captured();

    if (status == cudaSuccess) memset(p, byte, bytes);
    return status;
}

cudaError_t cudaMemsetAsync(void *p, int byte, size_t bytes, cudaStream_t)
{
    lk_emulated_work([=] { memset(p, byte, bytes); });
    return sticky();
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
    if (lk_emulated_absence != 0) return (cudaError_t)lk_emulated_absence;
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
    return not_captured();
}

cudaError_t cudaGetLastError(void)
{
    const cudaError_t status = last;

    last = cudaSuccess;
    return lost ? sticky() : status;
}

const char *cudaGetErrorString(cudaError_t status)
{
    return status == cudaErrorIllegalAddress ? "an illegal memory access"
                                             : "an emulated error";
}

const char *cublasLtGetStatusString(cublasStatus_t)
{
    return "an emulated status";
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
    return not_captured();
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
    return not_captured();
}

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode)
{
    if (lk_emulated_graph_fails == 1) return passing(cudaErrorNotSupported);
    captured = new graph;
    capture_invalid = false;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t *out)
{
    graph *made = captured;

    captured = nullptr;
    if (capture_invalid || lk_emulated_graph_fails == 2) {
        delete made;
        *out = nullptr;
        return passing(cudaErrorStreamCaptureInvalidated);
    }
    *out = (cudaGraph_t)made;
    return cudaSuccess;
}

static cudaError_t instantiate(cudaGraphExec_t *out, cudaGraph_t from)
{
    if (lk_emulated_graph_fails == 3) return passing(cudaErrorMemoryAllocation);
    *out = (cudaGraphExec_t) new graph(*(graph *)from);
    return cudaSuccess;
}

#if CUDART_VERSION >= 12000
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *out, cudaGraph_t from,
                                 unsigned long long)
{
    return instantiate(out, from);
}
#else
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *out, cudaGraph_t from,
                                 cudaGraphNode_t *, char *, size_t)
{
    return instantiate(out, from);
}
#endif

cudaError_t cudaGraphDestroy(cudaGraph_t g)
{
    delete (graph *)g;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t g)
{
    delete (graph *)g;
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t g, cudaStream_t)
{
    lk_emulated_graph_launches++;
    for (const auto &work : *(graph *)g) lk_emulated_work(work);
    return sticky();
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

static void multiply(const layout &A, const layout &B, const layout &D, const void *a,
                     const void *b, void *d, const void *bias, cudaDataType bias_type,
                     uint64_t epilogue, float by)
{
    for (uint64_t n = 0; n < D.columns; n++) {
        for (uint64_t m = 0; m < D.rows; m++) {
            float sum = 0.0f;

            for (uint64_t k = 0; k < A.rows; k++) {
                sum += element(a, A.type, m * (size_t)A.stride + k) *
                       element(b, B.type, n * (size_t)B.stride + k);
            }
            sum = by * sum + element(bias, bias_type, m);
            if (epilogue == CUBLASLT_EPILOGUE_RELU_BIAS && sum < 0.0f) sum = 0.0f;
            if (D.type == CUDA_R_16F) {
                ((__half *)d)[n * (size_t)D.stride + m] = __float2half_rn(sum);
            } else {
                ((float *)d)[n * (size_t)D.stride + m] = sum;
            }
        }
    }
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
    const layout A = *(const layout *)al, B = *(const layout *)bl,
                 D = *(const layout *)dl;
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
    const float by = *(const float *)alpha;

    lk_emulated_work(
        [=] { multiply(A, B, D, a, b, d, bias, bias_type, epilogue, by); });
    return sticky() == cudaSuccess ? CUBLAS_STATUS_SUCCESS
                                   : CUBLAS_STATUS_EXECUTION_FAILED;
}

/* cuBLAS: C = A^T B, columns first, which is all that the library path asks for. */
cublasStatus_t cublasCreate(cublasHandle_t *handle)
{
    *handle = (cublasHandle_t)malloc(1);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle)
{
    free(handle);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream(cublasHandle_t, cudaStream_t)
{
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t)
{
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSgemm(cublasHandle_t, cublasOperation_t ta, cublasOperation_t tb,
                           int m, int n, int k, const float *alpha, const float *a,
                           int lda, const float *b, int ldb, const float *beta,
                           float *c, int ldc)
{
    if (ta != CUBLAS_OP_T || tb != CUBLAS_OP_N || lda < k || ldb < k || ldc < m ||
        *alpha != 1.0f || *beta != 0.0f) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    lk_emulated_work([=] {
        for (size_t j = 0; j < (size_t)n; j++) {
            for (size_t i = 0; i < (size_t)m; i++) {
                float sum = 0.0f;

                for (size_t l = 0; l < (size_t)k; l++) {
                    sum += a[i * (size_t)lda + l] * b[j * (size_t)ldb + l];
                }
                c[j * (size_t)ldc + i] = sum;
            }
        }
    });
    return CUBLAS_STATUS_SUCCESS;
}

/* cuRAND's host interface: a generator that counts on the host what it has given. */
struct generator {
    unsigned long long seed, given;
};

curandStatus_t curandCreateGenerator(curandGenerator_t *out, curandRngType_t type)
{
    if (type != CURAND_RNG_PSEUDO_PHILOX4_32_10) return CURAND_STATUS_TYPE_ERROR;
    *out = (curandGenerator_t) new generator{0, 0};
    return CURAND_STATUS_SUCCESS;
}

curandStatus_t curandDestroyGenerator(curandGenerator_t g)
{
    delete (generator *)g;
    return CURAND_STATUS_SUCCESS;
}

curandStatus_t curandSetStream(curandGenerator_t, cudaStream_t)
{
    return CURAND_STATUS_SUCCESS;
}

curandStatus_t curandSetPseudoRandomGeneratorSeed(curandGenerator_t g,
                                                  unsigned long long seed)
{
    ((generator *)g)->seed = seed;
    return CURAND_STATUS_SUCCESS;
}

curandStatus_t curandSetGeneratorOffset(curandGenerator_t g, unsigned long long offset)
{
    ((generator *)g)->given = offset;
    return CURAND_STATUS_SUCCESS;
}

/* The normals are the C library's, of the words that the header gives. */
curandStatus_t curandGenerateNormal(curandGenerator_t g, float *out, size_t n,
                                    float mean, float deviation)
{
    generator &from = *(generator *)g;
    curandStatePhilox4_32_10_t state;

    if (n % 2 != 0) return CURAND_STATUS_LENGTH_NOT_MULTIPLE;
    if (captured != nullptr) return CURAND_STATUS_LAUNCH_FAILURE;
    curand_init(from.seed, 0, from.given, &state);
    from.given += n;
    for (size_t i = 0; i < n; i += 2) {
        const double u = (curand(&state) + 0.5) * 0x1p-32,
                     v = (curand(&state) + 0.5) * 0x1p-32;
        const double r = deviation * std::sqrt(-2.0 * std::log(u));

        out[i] = (float)(mean + r * std::sin(6.283185307179586 * v));
        out[i + 1] = (float)(mean + r * std::cos(6.283185307179586 * v));
    }
    return CURAND_STATUS_SUCCESS;
}
