/* decode.c - scores of a tile of draws on the CPU, fast and canonical. */
#include "backend/cpu/device.h"

#include <stdlib.h>
#include <string.h>

#ifndef LK_NO_BLAS
#include <cblas.h>
#endif

enum { ALIGNMENT = 64 };

/* Zeroed, for rows that pad a tile are computed like any other. */
static void *aligned_zeros(size_t count, size_t bytes)
{
    const size_t size = (count * bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *p = aligned_alloc(ALIGNMENT, size > 0 ? size : ALIGNMENT);

    if (p != NULL) memset(p, 0, size);
    return p;
}

lk_status lk_scratch_init(lk_scratch *scratch, const lk_device *device, lk_error *err)
{
    const size_t latent = device->work->latent;
    const size_t widest = lk_mlp_widest(device->work->decoder);

    *scratch = (lk_scratch){0};
    scratch->attempt = aligned_zeros(device->rows, sizeof *scratch->attempt);
    scratch->z = aligned_zeros(device->rows * latent, sizeof *scratch->z);
    scratch->h[0] = aligned_zeros(device->rows * device->stride, sizeof(float));
    scratch->h[1] = aligned_zeros(device->rows * device->stride, sizeof(float));
    scratch->sse = aligned_zeros(device->rows, sizeof *scratch->sse);
    scratch->lane_z = aligned_zeros(LK_LANES * latent, sizeof *scratch->lane_z);
    scratch->scratch = aligned_zeros(2 * (widest + 4) * LK_LANES, sizeof(double));
    if (scratch->attempt == NULL || scratch->z == NULL || scratch->h[0] == NULL ||
        scratch->h[1] == NULL || scratch->sse == NULL || scratch->lane_z == NULL ||
        scratch->scratch == NULL) {
        lk_scratch_release(scratch);
        return LK_FAIL(err, LK_E_MEMORY, "no room for a tile of %zu draws",
                       device->tile);
    }
    return LK_OK;
}

void lk_scratch_release(lk_scratch *scratch)
{
    free(scratch->attempt);
    free(scratch->z);
    free(scratch->h[0]);
    free(scratch->h[1]);
    free(scratch->sse);
    free(scratch->lane_z);
    free(scratch->scratch);
    *scratch = (lk_scratch){0};
}

void lk_cpu_latents(const lk_device *device, size_t problem, size_t count,
                    lk_scratch *scratch)
{
    const lk_workload *work = device->work;

    device->isa->exact->latents(work->seed, work->index[problem], scratch->attempt,
                                count, work->latent, work->mu + problem * work->latent,
                                work->scale + problem * work->latent, scratch->z);
}

static void loops_sse(const lk_device *device, const float *target, size_t count,
                      lk_scratch *scratch)
{
    const lk_mlp *decoder = device->work->decoder;
    const lk_fast_kernels *fast = device->isa->fast;
    const size_t rows = (count + fast->rows - 1) / fast->rows * fast->rows;
    const float *a = scratch->z;
    size_t stride = device->work->latent;

    for (size_t l = 0; l + 1 < decoder->layers; l++) {
        float *out = scratch->h[l % 2];

        fast->layer(&decoder->layer[l], device->packed[l], a, stride, rows, out,
                    device->stride);
        a = out;
        stride = device->stride;
    }
    const size_t last = decoder->layers - 1;

    fast->layer_sse(&decoder->layer[last], device->packed[last], a, stride, rows,
                    target, scratch->sse);
}

#ifndef LK_NO_BLAS
/* OpenBLAS may round a row differently in another shape, so the shape is always that of
 * a whole tile. */
static void blas_sse(const lk_device *device, const float *target, size_t count,
                     lk_scratch *scratch)
{
    const lk_mlp *decoder = device->work->decoder;
    const lk_fast_kernels *fast = device->isa->fast;
    const float *a = scratch->z;
    size_t stride = device->work->latent;

    for (size_t l = 0; l < decoder->layers; l++) {
        const lk_layer *layer = &decoder->layer[l];
        float *out = scratch->h[l % 2];

        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)device->rows,
                    (blasint)layer->out, (blasint)layer->in, 1.0f, a, (blasint)stride,
                    layer->weight, (blasint)layer->in, 0.0f, out,
                    (blasint)device->stride);
        for (size_t m = 0; m < count; m++) {
            float *y = out + m * device->stride;

            if (l + 1 < decoder->layers) {
                fast->activate(layer->activation, layer->bias, layer->out, y);
            } else {
                scratch->sse[m] = fast->activate_sse(layer->activation, layer->bias,
                                                     layer->out, y, target);
            }
        }
        a = out;
        stride = device->stride;
    }
}
#endif

void lk_cpu_fast_sse(const lk_device *device, size_t problem, size_t count,
                     lk_scratch *scratch)
{
    const float *target = device->target + problem * device->target_stride;

#ifndef LK_NO_BLAS
    if (device->path == PATH_BLAS) {
        blas_sse(device, target, count, scratch);
        return;
    }
#endif
    loops_sse(device, target, count, scratch);
}

void lk_cpu_canonical_sse(const lk_device *device, const size_t *problem,
                          const float *z, size_t count, double *sse,
                          lk_scratch *scratch)
{
    const size_t latent = device->work->latent;
    const float *target[LK_LANES];
    double lane_sse[LK_LANES];

    for (size_t l = 0; l < LK_LANES; l++) { /* spare lanes repeat the first */
        const size_t from = l < count ? l : 0;

        memcpy(scratch->lane_z + l * latent, z + from * latent, latent * sizeof *z);
        target[l] = device->target + problem[from] * device->target_stride;
    }
    device->isa->exact->canonical(device->work->decoder, scratch->lane_z, target,
                                  lane_sse, scratch->scratch);
    memcpy(sse, lane_sse, count * sizeof *sse);
}
