/* ceilings.c - what the GPU can do at most: copies, and cuBLASLt's products.
 *
 *     gpu_ceilings [--json FILE]
 *
 * On random data: products of zeros can run faster.  The median of 20 timings by events.
 */
#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "largek/stream.h"
#include "report.h"

enum { REPEATS = 20, WORKSPACE = 64 << 20, RANDOM = 1 << 20 };

#define CUDA(call)                                          \
    do {                                                    \
        const cudaError_t status_ = (call);                 \
        if (status_ != cudaSuccess) {                       \
            st = LK_FAIL(err, LK_E_DEVICE, "%s: %s", #call, \
                         cudaGetErrorString(status_));      \
            goto out;                                       \
        }                                                   \
    } while (0)
#define BLAS(call)                                                                \
    do {                                                                          \
        const cublasStatus_t status_ = (call);                                    \
        if (status_ != CUBLAS_STATUS_SUCCESS) {                                   \
            st = LK_FAIL(err, LK_E_DEVICE, "%s: status %d", #call, (int)status_); \
            goto out;                                                             \
        }                                                                         \
    } while (0)

typedef struct {
    const char *name;
    cudaDataType_t in, out;
    cublasComputeType_t compute;
} lk_mode;

static const lk_mode modes[] = {
    {"fp32", CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F},
    {"tf32", CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32},
    {"fp16", CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_32F},
};

/* rows x k times k x columns; the last two are the decoder's, for a chunk of 65536 draws. */
typedef struct {
    const char *name;
    uint64_t columns, rows, k;
} lk_product_shape;

static const lk_product_shape shapes[] = {
    {"8192 x 8192 x 8192", 8192, 8192, 8192},
    {"first: 24 to 400", 400, 65536, 24},
    {"second: 400 to 784", 784, 65536, 400},
};

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Random numbers near 1, as float or half bits, repeated over `bytes`. */
static lk_status fill(void *device, size_t bytes, int halves, lk_error *err)
{
    const size_t block = (size_t)RANDOM * 4;
    uint32_t *host = malloc(block);
    lk_status st = LK_OK;

    if (host == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for random numbers");
    for (uint64_t i = 0; i < RANDOM / 4; i++) {
        const lk_u32x4 w = lk_words(1, LK_PURPOSE_WEIGHTS, 0, i);

        for (int j = 0; j < 4; j++) {
            /* sign and mantissa random, exponent that of 0.5 to 1 */
            host[4 * i + (uint64_t)j] = halves ? (w.w[j] & 0x83ff83ffu) | 0x38003800u
                                               : (w.w[j] & 0x807fffffu) | 0x3f000000u;
        }
    }
    for (size_t at = 0; at < bytes; at += block) {
        const size_t here = bytes - at < block ? bytes - at : block;

        CUDA(cudaMemcpy((char *)device + at, host, here, cudaMemcpyHostToDevice));
    }

out:
    free(host);
    return st;
}

typedef lk_status (*lk_work)(void *what, lk_error *err);

/* Median seconds of one call, by events around each. */
static lk_status time_work(lk_work work, void *what, double *seconds, lk_error *err)
{
    cudaEvent_t start = NULL, end = NULL;
    float ms[REPEATS];
    lk_status st = LK_OK;

    CUDA(cudaEventCreate(&start));
    CUDA(cudaEventCreate(&end));
    for (int i = -3; i < REPEATS; i++) {
        CUDA(cudaEventRecord(start, NULL));
        LK_TRY(work(what, err));
        CUDA(cudaEventRecord(end, NULL));
        CUDA(cudaEventSynchronize(end));
        if (i >= 0) CUDA(cudaEventElapsedTime(&ms[i], start, end));
    }
    qsort(ms, REPEATS, sizeof ms[0], by_value);
    *seconds = 1e-3 * (double)ms[REPEATS / 2];

out:
    if (start != NULL) cudaEventDestroy(start);
    if (end != NULL) cudaEventDestroy(end);
    return st;
}

typedef struct {
    void *from, *to;
    size_t bytes;
} lk_copy;

static lk_status copy(void *what, lk_error *err)
{
    const lk_copy *c = what;
    lk_status st = LK_OK;

    CUDA(cudaMemcpyAsync(c->to, c->from, c->bytes, cudaMemcpyDeviceToDevice, NULL));

out:
    return st;
}

static lk_status measure_copy(lk_report *report, lk_error *err)
{
    lk_copy c = {.bytes = (size_t)4 << 30};
    size_t free_bytes = 0, total = 0;
    double seconds = 0.0;
    lk_status st = LK_OK;

    CUDA(cudaMemGetInfo(&free_bytes, &total));
    while (c.bytes > free_bytes / 3) c.bytes /= 2;
    CUDA(cudaMalloc(&c.from, c.bytes));
    CUDA(cudaMalloc(&c.to, c.bytes));
    LK_TRY(fill(c.from, c.bytes, 0, err));
    LK_TRY(time_work(copy, &c, &seconds, err));
    const double rate = 2.0 * (double)c.bytes / seconds; /* read and written */

    printf("copy                       %8.2f TB/s\n", rate / 1e12);
    report_row(report, "ceiling");
    report_text(report, "name", "copy");
    report_number(report, "bytes_per_s", rate);
    report_row_end(report);

out:
    cudaFree(c.from);
    cudaFree(c.to);
    return st;
}

typedef struct {
    cublasLtHandle_t lt;
    cublasLtMatmulDesc_t op;
    cublasLtMatrixLayout_t a, b, d;
    cublasLtMatmulPreference_t preference;
    cublasLtMatmulHeuristicResult_t algo;
    void *weight, *input, *output, *workspace;
} lk_gemm;

static lk_status multiply(void *what, lk_error *err)
{
    const lk_gemm *g = what;
    const float alpha = 1.0f, beta = 0.0f;
    lk_status st = LK_OK;

    BLAS(cublasLtMatmul(g->lt, g->op, &alpha, g->weight, g->a, g->input, g->b, &beta,
                        g->output, g->d, g->output, g->d, &g->algo.algo, g->workspace,
                        WORKSPACE, NULL));

out:
    return st;
}

static lk_status gemm_init(lk_gemm *g, const lk_mode *mode, const lk_product_shape *s,
                           lk_error *err)
{
    const int halves = mode->in == CUDA_R_16F;
    const size_t size = halves ? 2 : 4, workspace = WORKSPACE;
    const cublasOperation_t transpose = CUBLAS_OP_T;
    int found = 0;
    lk_status st = LK_OK;

    CUDA(cudaMalloc(&g->weight, s->columns * s->k * size));
    CUDA(cudaMalloc(&g->input, s->rows * s->k * size));
    CUDA(cudaMalloc(&g->output, s->rows * s->columns * size));
    CUDA(cudaMalloc(&g->workspace, WORKSPACE));
    LK_TRY(fill(g->weight, s->columns * s->k * size, halves, err));
    LK_TRY(fill(g->input, s->rows * s->k * size, halves, err));
    BLAS(cublasLtMatmulDescCreate(&g->op, mode->compute, CUDA_R_32F));
    BLAS(cublasLtMatmulDescSetAttribute(g->op, CUBLASLT_MATMUL_DESC_TRANSA, &transpose,
                                        sizeof transpose));
    BLAS(cublasLtMatrixLayoutCreate(&g->a, mode->in, s->k, s->columns, (int64_t)s->k));
    BLAS(cublasLtMatrixLayoutCreate(&g->b, mode->in, s->k, s->rows, (int64_t)s->k));
    BLAS(cublasLtMatrixLayoutCreate(&g->d, mode->out, s->columns, s->rows,
                                    (int64_t)s->columns));
    BLAS(cublasLtMatmulPreferenceCreate(&g->preference));
    BLAS(cublasLtMatmulPreferenceSetAttribute(g->preference,
                                              CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                              &workspace, sizeof workspace));
    BLAS(cublasLtMatmulAlgoGetHeuristic(g->lt, g->op, g->a, g->b, g->d, g->d,
                                        g->preference, 1, &g->algo, &found));
    if (found == 0) st = LK_FAIL(err, LK_E_DEVICE, "no algorithm for %s", s->name);

out:
    return st;
}

static void gemm_release(lk_gemm *g)
{
    if (g->op != NULL) cublasLtMatmulDescDestroy(g->op);
    if (g->a != NULL) cublasLtMatrixLayoutDestroy(g->a);
    if (g->b != NULL) cublasLtMatrixLayoutDestroy(g->b);
    if (g->d != NULL) cublasLtMatrixLayoutDestroy(g->d);
    if (g->preference != NULL) cublasLtMatmulPreferenceDestroy(g->preference);
    cudaFree(g->weight);
    cudaFree(g->input);
    cudaFree(g->output);
    cudaFree(g->workspace);
}

static lk_status measure_product(lk_report *report, cublasLtHandle_t lt,
                                 const lk_mode *mode, const lk_product_shape *s,
                                 lk_error *err)
{
    lk_gemm g = {.lt = lt};
    double seconds = 0.0;
    lk_status st = LK_OK;

    LK_TRY(gemm_init(&g, mode, s, err));
    LK_TRY(time_work(multiply, &g, &seconds, err));
    const double rate =
        2.0 * (double)s->columns * (double)s->rows * (double)s->k / seconds;

    printf("%-5s %-20s %8.1f TFLOP/s\n", mode->name, s->name, rate / 1e12);
    report_row(report, "ceiling");
    report_text(report, "name", s->name);
    report_text(report, "precision", mode->name);
    report_number(report, "flop_per_s", rate);
    report_row_end(report);

out:
    gemm_release(&g);
    return st;
}

int main(int argc, char **argv)
{
    const char *json = argc == 3 && strcmp(argv[1], "--json") == 0 ? argv[2] : NULL;
    lk_error error = {0}, *err = &error;
    cublasLtHandle_t lt = NULL;
    lk_report report = {0};
    lk_status st = LK_OK;

    LK_TRY(report_open(&report, json, err));
    BLAS(cublasLtCreate(&lt));
    LK_TRY(measure_copy(&report, err));
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
            LK_TRY(measure_product(&report, lt, &modes[m], &shapes[s], err));
        }
    }

out:
    if (lt != NULL) cublasLtDestroy(lt);
    report_close(&report);
    if (st != LK_OK) fprintf(stderr, "gpu_ceilings: %s\n", err->text);
    return st != LK_OK;
}
