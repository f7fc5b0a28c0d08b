/* build.c - puts a workload on a device, and takes it off again. */
#include <stdlib.h>
#include <string.h>

#include "device.h"

static lk_status upload_workload(lk_device *device, lk_error *err)
{
    const lk_workload *host = device->host;
    const size_t p = host->problems;
    lk_device_workload *work = &device->work;
    lk_pool *pool = &device->pool;
    lk_status st = LK_OK;

    work->seed = host->seed;
    work->latent = (uint32_t)host->latent;
    work->outputs = (uint32_t)host->outputs;
    work->thresholds = (uint32_t)host->thresholds;
    work->output_activation =
        host->decoder->layer[host->decoder->layers - 1].activation;
    LK_TRY(lk_pool_copy(pool, host->index, p * sizeof *host->index, &work->index, err));
    LK_TRY(
        lk_pool_copy(pool, host->mu, p * host->latent * sizeof(float), &work->mu, err));
    LK_TRY(lk_pool_copy(pool, host->scale, p * host->latent * sizeof(float),
                        &work->scale, err));
    LK_TRY(lk_pool_copy(pool, host->target, p * host->outputs * sizeof(float),
                        &work->target, err));
    LK_TRY(lk_pool_copy(pool, host->limit, p * host->thresholds * sizeof(double),
                        &work->limit, err));
    LK_TRY(
        lk_pool_copy(pool, device->host_band, p * sizeof(double), &device->band, err));
    LK_TRY(lk_pool_copy(pool, device->host_band, p * sizeof(double),
                        &device->middle_band, err));
    work->band = device->band;
    device->middle = device->work;
    device->middle.band = device->middle_band;

out:
    return st;
}

/* [in][out]: neighbouring threads take neighbouring outputs. */
static lk_status upload_transposed(lk_pool *pool, const lk_layer *layer,
                                   const float **out, lk_error *err)
{
    const size_t bytes = layer->in * layer->out * sizeof(float);
    float *t = malloc(bytes);
    lk_status st = LK_OK;

    if (t == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for %zu bytes", bytes);
    for (size_t o = 0; o < layer->out; o++) {
        for (size_t i = 0; i < layer->in; i++) {
            t[i * layer->out + o] = layer->weight[o * layer->in + i];
        }
    }
    st = lk_pool_copy(pool, t, bytes, out, err);
    free(t);
    return st;
}

static lk_status upload_canonical(lk_device *device, lk_error *err)
{
    const lk_mlp *decoder = device->host->decoder;
    lk_canonical_layer layer[LK_MLP_LAYERS_MAX];
    int processors = 0;
    lk_status st = LK_OK;

    device->layers = (uint32_t)decoder->layers;
    device->widest = (uint32_t)decoder->layer[0].in;
    for (size_t l = 0; l < decoder->layers; l++) {
        const lk_layer *from = &decoder->layer[l];

        if (from->out > device->widest) device->widest = (uint32_t)from->out;
        layer[l] = (lk_canonical_layer){.in = (uint32_t)from->in,
                                        .out = (uint32_t)from->out,
                                        .activation = from->activation};
        LK_TRY(upload_transposed(&device->pool, from, &layer[l].weight, err));
        LK_TRY(lk_pool_copy(&device->pool, from->bias, from->out * sizeof(float),
                            &layer[l].bias, err));
    }
    LK_TRY(lk_pool_copy(&device->pool, layer, decoder->layers * sizeof *layer,
                        &device->layer, err));
    LK_CUDA(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount,
                                   device->ordinal));
    device->blocks = 4 * (uint32_t)processors;
    LK_TRY(lk_pool_take(&device->pool,
                        (size_t)device->blocks * 2 * device->widest *
                            LK_CANONICAL_DRAWS * sizeof(double),
                        &device->scratch, err));

out:
    return st;
}

static lk_status take_accumulators(lk_device *device, lk_error *err)
{
    const size_t thresholds = device->host->thresholds, slots = device->slots;
    lk_accumulators *into = &device->into;
    lk_pool *pool = &device->pool;
    lk_status st = LK_OK;

    into->queue_room = LK_QUEUE_CHUNKS * device->rows;
    LK_TRY(lk_pool_take(pool, slots * thresholds * 8, &into->bucket, err));
    LK_TRY(lk_pool_take(pool, slots * thresholds * 8, &into->first, err));
    LK_TRY(lk_pool_take(pool, slots * LK_HISTOGRAM_BINS * 8, &into->histogram, err));
    LK_TRY(lk_pool_take(pool, slots * 4, &into->least, err));
    LK_TRY(lk_pool_take(pool, 4, &into->queued, err));
    if (device->by_library) goto out; /* nobody is a suspect */
    LK_TRY(
        lk_pool_take(pool, into->queue_room * sizeof(lk_suspect), &into->queue, err));

    /* A middle-stage piece has at most `rows` suspects, so its queue cannot overflow; the
     * histogram counts first looks only. */
    device->second = *into;
    device->second.histogram = NULL;
    device->second.queue_room = device->rows;
    LK_TRY(lk_pool_take(pool, device->rows * sizeof(lk_suspect), &device->second.queue,
                        err));
    LK_TRY(lk_pool_take(pool, 4, &device->second.queued, err));

out:
    return st;
}

static lk_status take_rows(lk_device *device, lk_error *err)
{
    const size_t rows = device->rows;
    lk_pool *pool = &device->pool;
    lk_status st = LK_OK;

    LK_TRY(lk_pool_take(pool, rows * sizeof(lk_row), &device->row, err));
    LK_TRY(lk_pool_take(pool, rows * sizeof(lk_segment), &device->segment, err));
    LK_TRY(lk_pool_take(pool, rows * sizeof(float), &device->sse, err));
    LK_TRY(lk_pool_take(pool, rows * device->host->latent * sizeof(float),
                        &device->plain, err));
    LK_TRY(lk_pool_take(pool, rows * sizeof(double), &device->canonical, err));
    LK_TRY(lk_pool_take(pool, LK_SMALL_ROWS * device->host->outputs * sizeof(float),
                        &device->image, err));
    LK_TRY(lk_pinned_take(rows * sizeof(lk_segment), &device->plan[0], err));
    LK_TRY(lk_pinned_take(rows * sizeof(lk_segment), &device->plan[1], err));
    LK_TRY(lk_pinned_take(2 * sizeof(unsigned int), &device->counter, err));
    LK_TRY(lk_pinned_take(rows * sizeof(lk_suspect), &device->suspect, err));
    LK_TRY(lk_pinned_take(rows * sizeof(double), &device->score, err));
    LK_TRY(lk_pinned_take(rows * sizeof(lk_row), &device->host_row, err));

out:
    return st;
}

static lk_status nets_init(lk_device *device, const char *precision, uint32_t rows,
                           lk_error *err)
{
    const lk_mlp *decoder = device->host->decoder;
    lk_status st = LK_OK;

    LK_TRY(lk_net_init(&device->fast, device->lt, decoder, precision, rows, err));
    if (strcmp(device->fast.precision, "fp32") != 0) {
        LK_TRY(lk_net_init(&device->exact, device->lt, decoder, "fp32",
                           rows < LK_MIDDLE_ROWS ? rows : LK_MIDDLE_ROWS, err));
    }

out:
    return st;
}

lk_status lk_device_build(lk_device *device, const char *precision, uint32_t rows,
                          lk_error *err)
{
    const size_t problems = device->host->problems;
    lk_status st = LK_OK;

    device->rows = rows;
    device->slots = problems < LK_SLOTS_MAX ? problems : LK_SLOTS_MAX;
    LK_CUDA(cudaStreamCreateWithFlags(&device->stream, cudaStreamNonBlocking));
    LK_CUDA(cudaEventCreateWithFlags(&device->done[0], cudaEventDisableTiming));
    LK_CUDA(cudaEventCreateWithFlags(&device->done[1], cudaEventDisableTiming));
    LK_BLAS(cublasLtCreate(&device->lt));
    LK_TRY(upload_workload(device, err));
    LK_TRY(take_rows(device, err));
    LK_TRY(take_accumulators(device, err));
    if (device->by_library) {
        LK_TRY(lk_library_init(&device->library, device->host->decoder, precision, rows,
                               device->stream, err));
    } else {
        LK_TRY(upload_canonical(device, err));
        LK_TRY(nets_init(device, precision, rows, err));
    }
    LK_CUDA(cudaDeviceSynchronize()); /* uploads, before a stream that does not wait */

out:
    return st;
}

void lk_device_clear(lk_device *device)
{
    lk_chunk_release(device);
    lk_library_release(&device->library);
    lk_net_release(&device->fast);
    lk_net_release(&device->exact);
    lk_pool_release(&device->pool);
    if (device->lt != NULL) cublasLtDestroy(device->lt);
    for (int i = 0; i < 2; i++) {
        if (device->done[i] != NULL) cudaEventDestroy(device->done[i]);
        cudaFreeHost(device->plan[i]);
        device->plan[i] = NULL;
        device->done[i] = NULL;
    }
    if (device->stream != NULL) cudaStreamDestroy(device->stream);
    cudaFreeHost(device->counter);
    cudaFreeHost(device->suspect);
    cudaFreeHost(device->score);
    cudaFreeHost(device->host_row);
    device->lt = NULL;
    device->stream = NULL;
    device->counter = NULL;
    device->suspect = NULL;
    device->score = NULL;
    device->host_row = NULL;
}

lk_status lk_stage_net(lk_device *device, const lk_net *net, uint32_t count,
                       lk_error *err)
{
    lk_status st = LK_OK;

    LK_CUDA(lk_cuda_latents(&device->work, device->row, count, net->kind, net->input,
                            lk_net_width(net), NULL, device->stream));
    LK_TRY(lk_net_run(net, device->lt, &device->work, device->row, count, device->sse,
                      device->stream, err));

out:
    return st;
}

lk_status lk_stage_canonical(lk_device *device, uint32_t count, bool have_latents,
                             lk_error *err)
{
    lk_status st = LK_OK;

    if (!have_latents) { /* the fast net's input is only a place to write to */
        LK_CUDA(lk_cuda_latents(&device->work, device->row, count, device->fast.kind,
                                device->fast.input, lk_net_width(&device->fast),
                                device->plain, device->stream));
    }
    LK_CUDA(lk_cuda_canonical(&device->work, device->row, count, device->plain,
                              device->layer, device->layers, device->widest,
                              device->scratch, device->blocks, device->canonical,
                              device->stream));

out:
    return st;
}
