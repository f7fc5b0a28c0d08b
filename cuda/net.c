/* net.c - the decoder as a chain of cublasLtMatmul.
 *
 * cuBLASLt counts columns first: our row-major [n][k] is its k x n.  So W [out][k] enters as
 * the transposed operand A, the draws as B, and D comes out as [n][out].
 *
 * Reference
 *   [1] NVIDIA, cuBLAS library, "Using the cuBLASLt API": cublasLtMatmul, epilogues.
 */
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "weights.h"

enum { PAD = 8, WORKSPACE = 32 << 20 };

static const struct {
    const char *name;
    lk_kind kind;
    bool half_logits;
    cublasComputeType_t compute;
} precisions[] = {
    {"fp32", LK_KIND_F32, false, CUBLAS_COMPUTE_32F},
    {"tf32", LK_KIND_F32, false, CUBLAS_COMPUTE_32F_FAST_TF32},
    {"fp16", LK_KIND_F16, true, CUBLAS_COMPUTE_32F},
    {"fp16x3", LK_KIND_SPLIT, false, CUBLAS_COMPUTE_32F},
};
enum { PRECISIONS = sizeof precisions / sizeof precisions[0] };

static uint32_t padded(size_t n)
{
    return (uint32_t)((n + PAD - 1) / PAD * PAD);
}

uint32_t lk_net_width(const lk_net *net)
{
    return net->product[0].in_width;
}

static cudaDataType_t input_type(lk_kind kind)
{
    return kind == LK_KIND_F32 ? CUDA_R_32F : CUDA_R_16F;
}

/* Hidden values of halves stay halves; all else comes out as float. */
static bool output_halves(const lk_net *net, size_t layer)
{
    return layer + 1 == net->layers ? net->half_logits : net->kind == LK_KIND_F16;
}

static lk_status set_epilogue(lk_product *p, cudaDataType_t type, lk_error *err)
{
    const cublasLtEpilogue_t epilogue = p->fused && p->activation == LK_RELU
                                            ? CUBLASLT_EPILOGUE_RELU_BIAS
                                            : CUBLASLT_EPILOGUE_BIAS;
    const cublasOperation_t transpose = CUBLAS_OP_T;
    lk_status st = LK_OK;

    LK_BLAS(cublasLtMatmulDescSetAttribute(p->op, CUBLASLT_MATMUL_DESC_TRANSA,
                                           &transpose, sizeof transpose));
    LK_BLAS(cublasLtMatmulDescSetAttribute(p->op, CUBLASLT_MATMUL_DESC_EPILOGUE,
                                           &epilogue, sizeof epilogue));
    LK_BLAS(cublasLtMatmulDescSetAttribute(p->op, CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                           &p->bias, sizeof p->bias));
    LK_BLAS(cublasLtMatmulDescSetAttribute(p->op, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE,
                                           &type, sizeof type));

out:
    return st;
}

/* Layouts and the best algorithm for n draws. */
static lk_status plan_rows(lk_net *net, cublasLtHandle_t lt, lk_product *p,
                           size_t which, uint64_t n, cudaDataType_t out_type,
                           lk_error *err)
{
    const uint64_t k = (uint64_t)p->in_width * (net->kind == LK_KIND_SPLIT ? 3 : 1);
    const size_t workspace = WORKSPACE;
    cublasLtMatmulPreference_t preference = NULL;
    cublasStatus_t status;
    int found = 0;
    lk_status st = LK_OK;

    LK_BLAS(cublasLtMatrixLayoutCreate(&p->b[which], input_type(net->kind), k, n,
                                       (int64_t)k));
    LK_BLAS(cublasLtMatrixLayoutCreate(&p->d[which], out_type, p->out_width, n,
                                       (int64_t)p->out_width));
    LK_BLAS(cublasLtMatmulPreferenceCreate(&preference));
    LK_BLAS(cublasLtMatmulPreferenceSetAttribute(
        preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace,
        sizeof workspace));
    status = cublasLtMatmulAlgoGetHeuristic(lt, p->op, p->a, p->b[which], p->d[which],
                                            p->d[which], preference, 1, &p->algo[which],
                                            &found);
    if (status != CUBLAS_STATUS_NOT_SUPPORTED) {
        LK_TRY(lk_blas_check(status, "cublasLtMatmulAlgoGetHeuristic", LK_CUDA_WHERE,
                             err));
    }
    if (found == 0 || p->algo[which].state != CUBLAS_STATUS_SUCCESS) {
        st = LK_FAIL(err, LK_E_ARG, "cuBLASLt has no %s product %u x %u on this device",
                     net->precision, p->in_width, p->out_width);
    }

out:
    if (preference != NULL) cublasLtMatmulPreferenceDestroy(preference);
    return st;
}

static lk_status upload(lk_net *net, lk_product *p, const lk_layer *layer, bool halves,
                        lk_error *err)
{
    const size_t bytes = lk_weights_bytes(net->kind, p->in_width, p->out_width);
    void *weight = malloc(bytes);
    void *bias = malloc((size_t)p->out_width * 4);
    float scale = 1.0f;
    lk_status st = LK_OK;

    if (weight == NULL || bias == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu bytes of weights", bytes);
        goto out;
    }
    lk_weights_pack(layer, net->kind, p->in_width, p->out_width, weight, &scale);
    lk_bias_pack(layer, halves, p->out_width, bias);
    p->alpha = 1.0f / scale;
    LK_TRY(lk_pool_copy(&net->pool, weight, bytes, &p->weight, err));
    LK_TRY(lk_pool_copy(&net->pool, bias, (size_t)p->out_width * (halves ? 2 : 4),
                        &p->bias, err));

out:
    free(weight);
    free(bias);
    return st;
}

static lk_status product_init(lk_net *net, cublasLtHandle_t lt, const lk_mlp *decoder,
                              size_t l, cublasComputeType_t compute, lk_error *err)
{
    lk_product *p = &net->product[l];
    const bool last = l + 1 == net->layers, halves = output_halves(net, l);
    const cudaDataType_t out_type = halves ? CUDA_R_16F : CUDA_R_32F;
    uint64_t k;
    lk_status st = LK_OK;

    p->activation = decoder->layer[l].activation;
    p->fused = last || (net->kind != LK_KIND_SPLIT && p->activation == LK_RELU) ||
               (net->kind != LK_KIND_SPLIT && p->activation == LK_IDENTITY);
    if (last) p->activation = LK_IDENTITY; /* the reduce kernel applies it */
    p->in_width = padded(decoder->layer[l].in);
    p->out_width = padded(decoder->layer[l].out);
    k = (uint64_t)p->in_width * (net->kind == LK_KIND_SPLIT ? 3 : 1);
    LK_TRY(upload(net, p, &decoder->layer[l], halves, err));
    LK_BLAS(cublasLtMatmulDescCreate(&p->op, compute, CUDA_R_32F));
    LK_TRY(set_epilogue(p, out_type, err));
    LK_BLAS(cublasLtMatrixLayoutCreate(&p->a, input_type(net->kind), k, p->out_width,
                                       (int64_t)k));
    LK_TRY(plan_rows(net, lt, p, 0, net->rows, out_type, err));
    LK_TRY(plan_rows(net, lt, p, 1, LK_SMALL_ROWS, out_type, err));

out:
    return st;
}

static lk_status buffers_init(lk_net *net, lk_error *err)
{
    const uint32_t rows = net->rows;
    size_t widest = 0, hidden;
    lk_status st = LK_OK;

    for (size_t l = 0; l + 1 < net->layers; l++) {
        if (net->product[l].out_width > widest) widest = net->product[l].out_width;
    }
    hidden = widest * (net->kind == LK_KIND_F16 ? 2 : net->kind == LK_KIND_F32 ? 4 : 6);
    LK_TRY(lk_pool_take(&net->pool, rows * (size_t)lk_net_width(net) * 6, &net->input,
                        err));
    LK_TRY(lk_pool_take(&net->pool, rows * hidden, &net->hidden[0], err));
    LK_TRY(lk_pool_take(&net->pool, rows * hidden, &net->hidden[1], err));
    if (net->kind == LK_KIND_SPLIT) {
        LK_TRY(lk_pool_take(&net->pool, rows * widest * 4, &net->wide, err));
    }
    LK_TRY(lk_pool_take(&net->pool,
                        rows * (size_t)net->product[net->layers - 1].out_width *
                            (net->half_logits ? 2 : 4),
                        &net->logits, err));
    LK_TRY(lk_pool_take(&net->pool, WORKSPACE, &net->workspace, err));
    net->workspace_bytes = WORKSPACE;

    /* Rows that pad a product are computed too: they must not start as NaN. */
    LK_CUDA(cudaMemset(net->input, 0, rows * (size_t)lk_net_width(net) * 6));

out:
    return st;
}

lk_status lk_net_init(lk_net *net, cublasLtHandle_t lt, const lk_mlp *decoder,
                      const char *precision, uint32_t rows, lk_error *err)
{
    size_t i = 0;
    lk_status st = LK_OK;

    *net = (lk_net){.rows = rows, .layers = decoder->layers};
    while (i < PRECISIONS && strcmp(precisions[i].name, precision) != 0) i++;
    if (i == PRECISIONS) {
        return LK_FAIL(err, LK_E_ARG,
                       "precision '%s': cuda has fp32, tf32, fp16, fp16x3", precision);
    }
    /* In a deeper decoder a half that overflowed may vanish in the next relu. */
    if (precisions[i].kind == LK_KIND_F16 && decoder->layers > 2) {
        return LK_FAIL(
            err, LK_E_ARG,
            "precision fp16 is for decoders of two layers, this one has %zu: "
            "take tf32 or fp16x3",
            decoder->layers);
    }
    net->precision = precisions[i].name;
    net->kind = precisions[i].kind;
    net->half_logits = precisions[i].half_logits;
    net->product = calloc(net->layers, sizeof *net->product);
    if (net->product == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu layers", net->layers);
        goto out;
    }
    for (size_t l = 0; l < net->layers; l++) {
        LK_TRY(product_init(net, lt, decoder, l, precisions[i].compute, err));
    }
    LK_TRY(buffers_init(net, err));

out:
    if (st != LK_OK) lk_net_release(net);
    return st;
}

void lk_net_release(lk_net *net)
{
    for (size_t l = 0; net->product != NULL && l < net->layers; l++) {
        lk_product *p = &net->product[l];

        if (p->a != NULL) cublasLtMatrixLayoutDestroy(p->a);
        for (int w = 0; w < 2; w++) {
            if (p->b[w] != NULL) cublasLtMatrixLayoutDestroy(p->b[w]);
            if (p->d[w] != NULL) cublasLtMatrixLayoutDestroy(p->d[w]);
        }
        if (p->op != NULL) cublasLtMatmulDescDestroy(p->op);
    }
    free(net->product);
    lk_pool_release(&net->pool);
    *net = (lk_net){0};
}

/* One product over `count` rows: as whole chunks where it is one, else in small blocks,
 * so that every shape was planned beforehand. */
static lk_status multiply(const lk_net *net, cublasLtHandle_t lt, size_t l,
                          const char *in, char *out, uint32_t count,
                          cudaStream_t stream, lk_error *err)
{
    const lk_product *p = &net->product[l];
    const float beta = 0.0f;
    const bool small = count <= net->rows / 2;
    const uint32_t step = small ? LK_SMALL_ROWS : net->rows;
    const size_t in_bytes = (size_t)p->in_width * (net->kind == LK_KIND_F32   ? 4
                                                   : net->kind == LK_KIND_F16 ? 2
                                                                              : 6);
    const size_t out_bytes = (size_t)p->out_width * (output_halves(net, l) ? 2 : 4);
    lk_status st = LK_OK;

    for (uint32_t r = 0; r < count; r += step) {
        LK_BLAS(cublasLtMatmul(lt, p->op, &p->alpha, p->weight, p->a, in + r * in_bytes,
                               p->b[small], &beta, out + r * out_bytes, p->d[small],
                               out + r * out_bytes, p->d[small], &p->algo[small].algo,
                               net->workspace, net->workspace_bytes, stream));
    }

out:
    return st;
}

lk_status lk_net_logits(const lk_net *net, cublasLtHandle_t lt, uint32_t count,
                        cudaStream_t stream, lk_error *err)
{
    char *in = net->input;
    lk_status st = LK_OK;

    for (size_t l = 0; l + 1 < net->layers; l++) {
        const lk_product *p = &net->product[l];
        char *hidden = net->hidden[l % 2];
        char *out = net->kind == LK_KIND_SPLIT ? net->wide : hidden;

        LK_TRY(multiply(net, lt, l, in, out, count, stream, err));
        if (!p->fused) {
            LK_CUDA(lk_cuda_activate(p->activation, net->kind, out, count, p->out_width,
                                     hidden, stream));
        }
        in = hidden;
    }
    LK_TRY(multiply(net, lt, net->layers - 1, in, net->logits, count, stream, err));

out:
    return st;
}

lk_status lk_net_run(const lk_net *net, cublasLtHandle_t lt,
                     const lk_device_workload *work, const lk_row *row, uint32_t count,
                     float *sse, cudaStream_t stream, lk_error *err)
{
    lk_status st = LK_OK;

    LK_TRY(lk_net_logits(net, lt, count, stream, err));
    LK_CUDA(lk_cuda_reduce(work, row, count, work->output_activation, net->logits,
                           net->half_logits, net->product[net->layers - 1].out_width,
                           sse, stream));

out:
    return st;
}
