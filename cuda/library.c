/* library.c - the library path: cuRAND's normals, cuBLAS's products.
 *
 * cuBLAS counts columns first: our row-major [n][k] is its k x n, as in net.c.  A bias is one
 * more column of the weights, whose input is 1.
 *
 * Reference
 *   [1] NVIDIA, cuRAND library, "Host API overview": curandGenerateNormal makes pairs.
 *   [2] NVIDIA, cuBLAS library, "cublas<t>gemm()", "cublasSetMathMode()".
 */
#include "library.h"

#include <stdlib.h>
#include <string.h>

#include "largek/stream.h"

enum { PAD = 4 }; /* floats: rows of 16 bytes */

static uint32_t padded(size_t n)
{
    return (uint32_t)((n + PAD - 1) / PAD * PAD);
}

/* Weights [out][in] with their bias behind them, zeros where they pad. */
static lk_status layer_init(lk_library *library, const lk_mlp *decoder, size_t l,
                            lk_error *err)
{
    const lk_layer *from = &decoder->layer[l];
    const size_t one = l + 1 < decoder->layers; /* the next bias's input */
    lk_library_layer *to = &library->layer[l];
    float *weight;
    lk_status st = LK_OK;

    *to = (lk_library_layer){.in = (uint32_t)from->in,
                             .in_width = padded(from->in + 1),
                             .out = (uint32_t)from->out,
                             .out_width = padded(from->out + one),
                             .activation = from->activation};
    weight = calloc((size_t)to->in_width * to->out_width, sizeof *weight);
    if (weight == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for layer %zu", l);
    for (size_t o = 0; o < from->out; o++) {
        float *row = weight + o * to->in_width;

        memcpy(row, from->weight + o * from->in, from->in * sizeof *row);
        row[from->in] = from->bias[o];
    }
    st = lk_pool_copy(&library->pool, weight,
                      (size_t)to->in_width * to->out_width * sizeof *weight,
                      &to->weight, err);
    free(weight);
    return st;
}

static lk_status buffers_init(lk_library *library, size_t rows, lk_error *err)
{
    const lk_library_layer *last = &library->layer[library->layers - 1];
    lk_pool *pool = &library->pool;
    size_t widest = 0;
    lk_status st = LK_OK;

    for (size_t l = 0; l + 1 < library->layers; l++) {
        const size_t width = library->layer[l].out_width;

        if (width > widest) widest = width;
    }
    LK_TRY(lk_pool_take(pool, rows * library->layer[0].in * sizeof(float),
                        &library->eps, err));
    LK_TRY(lk_pool_take(pool, rows * library->layer[0].in_width * sizeof(float),
                        &library->z, err));
    for (size_t i = 0; i < 2; i++) {
        LK_TRY(lk_pool_take(pool, rows * widest * sizeof(float), &library->hidden[i],
                            err));
    }
    LK_TRY(lk_pool_take(pool, rows * last->out_width * sizeof(float), &library->logits,
                        err));

out:
    return st;
}

lk_status lk_library_init(lk_library *library, const lk_mlp *decoder,
                          const char *precision, uint32_t rows, cudaStream_t stream,
                          lk_error *err)
{
    const bool tf32 = precision != NULL && strcmp(precision, "tf32") == 0;
    lk_status st = LK_OK;

    *library =
        (lk_library){.precision = tf32 ? "tf32" : "fp32", .layers = decoder->layers};
    if (!tf32 && precision != NULL && strcmp(precision, "auto") != 0 &&
        strcmp(precision, "fp32") != 0) {
        return LK_FAIL(err, LK_E_ARG,
                       "precision '%s': the library path has fp32 and tf32", precision);
    }
    LK_CURAND(
        curandCreateGenerator(&library->generator, CURAND_RNG_PSEUDO_PHILOX4_32_10));
    LK_CURAND(curandSetStream(library->generator, stream));
    LK_BLAS(cublasCreate(&library->blas));
    LK_BLAS(cublasSetStream(library->blas, stream));
    LK_BLAS(cublasSetMathMode(library->blas,
                              tf32 ? CUBLAS_TF32_TENSOR_OP_MATH : CUBLAS_DEFAULT_MATH));
    for (size_t l = 0; l < library->layers; l++) {
        LK_TRY(layer_init(library, decoder, l, err));
    }
    LK_TRY(buffers_init(library, rows, err));

out:
    if (st != LK_OK) lk_library_release(library);
    return st;
}

void lk_library_release(lk_library *library)
{
    if (library->generator != NULL) curandDestroyGenerator(library->generator);
    if (library->blas != NULL) cublasDestroy(library->blas);
    lk_pool_release(&library->pool);
    *library = (lk_library){0};
}

lk_status lk_library_seed(lk_library *library, uint64_t seed, uint64_t index,
                          uint64_t attempt, lk_error *err)
{
    const lk_u32x4 w = lk_words(seed, LK_PURPOSE_SHUFFLE, index, attempt);
    lk_status st = LK_OK;

    LK_CURAND(curandSetPseudoRandomGeneratorSeed(library->generator,
                                                 (uint64_t)w.w[1] << 32 | w.w[0]));
    LK_CURAND(curandSetGeneratorOffset(library->generator, 0));

out:
    return st;
}

lk_status lk_library_run(lk_library *library, const lk_device_workload *work,
                         const lk_row *row, uint32_t count, float *sse,
                         cudaStream_t stream, lk_error *err)
{
    const lk_library_layer *last = &library->layer[library->layers - 1];
    const size_t normals = ((size_t)count * work->latent + 1) / 2 * 2; /* [1] */
    const float one = 1.0f, zero = 0.0f;
    const float *in = library->z;
    lk_status st = LK_OK;

    LK_CURAND(
        curandGenerateNormal(library->generator, library->eps, normals, 0.0f, 1.0f));
    LK_CUDA(lk_cuda_shift(work, row, count, library->eps, library->z,
                          library->layer[0].in_width, stream));
    for (size_t l = 0; l < library->layers; l++) {
        const lk_library_layer *layer = &library->layer[l];
        const bool hidden = l + 1 < library->layers;
        float *out = hidden ? library->hidden[l % 2] : library->logits;

        LK_BLAS(cublasSgemm(library->blas, CUBLAS_OP_T, CUBLAS_OP_N,
                            (int)layer->out_width, (int)count, (int)layer->in_width,
                            &one, layer->weight, (int)layer->in_width, in,
                            (int)layer->in_width, &zero, out, (int)layer->out_width));
        if (hidden) {
            LK_CUDA(lk_cuda_bend(layer->activation, out, count, layer->out,
                                 layer->out_width, stream));
        }
        in = out;
    }
    LK_CUDA(lk_cuda_reduce(work, row, count, work->output_activation, library->logits,
                           0, last->out_width, sse, stream));

out:
    return st;
}
