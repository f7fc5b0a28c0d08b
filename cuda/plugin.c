/* plugin.c - CUDA devices as a backend: opening one, checking it, the table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "device.h"

enum { ROWS_MAX = 65536, PILOT_PROBLEMS = 64, PILOTS = 64 };

/* All that the plugin shows to the world. */
__attribute__((visibility("default"))) const lk_backend *
lk_plugin_backend(uint32_t abi);

static size_t device_count(const char **reason)
{
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);

    if (status == cudaSuccess && count > 0) {
        if (reason != NULL) *reason = "";
        return (size_t)count;
    }
    cudaGetLastError();
    if (reason != NULL) {
        *reason =
            status == cudaErrorInsufficientDriver
                ? "no NVIDIA driver, or one older than this CUDA: update the driver"
            : status == cudaSuccess || status == cudaErrorNoDevice
                ? "no device answers: see nvidia-smi, and CUDA_VISIBLE_DEVICES"
            : lk_cuda_remedy(status)[0] != '\0' ? lk_cuda_remedy(status)
                                                : cudaGetErrorString(status);
    }
    return 0;
}

lk_status lk_device_named(const lk_device *device, lk_status st, lk_error *err)
{
    if ((st == LK_E_DEVICE || st == LK_E_MEMORY) && err != NULL) {
        const lk_error why = *err;

        return lk_error_set(err, st, why.where, "cuda:%d %.60s: %.380s",
                            device->ordinal, device->name, why.text);
    }
    return st;
}

lk_status lk_device_scores(const lk_device *device, lk_error *err)
{
    if (!device->by_library) return LK_OK;
    return LK_FAIL(err, LK_E_ARG, "the library path scores no single draws");
}

static void device_close(lk_device *device)
{
    if (device == NULL) return;
    cudaSetDevice(device->ordinal);
    lk_device_clear(device);
    free(device->host_band);
    free(device->slot_of);
    free(device);
}

static lk_status check_workload(const lk_workload *work, lk_error *err)
{
    if (work->score != LK_SCORE_SSE) {
        return LK_FAIL(err, LK_E_ARG, "the cuda backend has no such score kernel (%d)",
                       (int)work->score);
    }
    if (work->problems == 0 || work->problems > UINT32_MAX || work->thresholds == 0 ||
        work->thresholds > LK_THRESHOLDS_MAX ||
        lk_cuda_widest(work->decoder) > 1u << 24) {
        return LK_FAIL(err, LK_E_ARG, "%zu problems, %zu thresholds", work->problems,
                       work->thresholds);
    }
    return LK_OK;
}

/* As many rows as keep logits and hidden values of half precision in three quarters of
 * L2, within what a GEMM needs to be busy. */
static uint32_t choose_rows(const lk_device *device, size_t tile)
{
    const size_t row_bytes =
        2 * (device->host->outputs + lk_cuda_widest(device->host->decoder));
    int l2 = 0;
    size_t rows = tile;

    if (rows == 0) {
        if (cudaDeviceGetAttribute(&l2, cudaDevAttrL2CacheSize, device->ordinal) !=
            cudaSuccess) {
            cudaGetLastError(); /* the least then */
        }
        rows = (size_t)l2 / 4 * 3 / row_bytes;
        if (rows < 8192) rows = 8192;
    }
    if (rows > ROWS_MAX) rows = ROWS_MAX;
    return (uint32_t)((rows + LK_SMALL_ROWS - 1) / LK_SMALL_ROWS * LK_SMALL_ROWS);
}

/* Builds with as many rows as fit. */
static lk_status build(lk_device *device, const char *precision, uint32_t rows,
                       lk_error *err)
{
    lk_status st = lk_device_build(device, precision, rows, err);

    while (st == LK_E_MEMORY && rows > LK_SMALL_ROWS) {
        lk_device_clear(device);
        rows = (rows / 2 + LK_SMALL_ROWS - 1) / LK_SMALL_ROWS * LK_SMALL_ROWS;
        st = lk_device_build(device, precision, rows, err);
    }
    return st;
}

/* The definition, on the host: one draw of the first problem. */
static double define_score(const lk_workload *work, uint64_t attempt, double *scratch)
{
    const lk_mlp *mlp = work->decoder;
    double *in = scratch, *out = scratch + lk_cuda_widest(mlp), sse = 0.0;

    for (size_t d = 0; d < work->latent; d++) {
        float eps[4];

        lk_normal4(lk_words(work->seed, LK_PURPOSE_LATENT, work->index[0],
                            attempt * lk_blocks(work->latent) + d / 4),
                   eps);
        in[d] = (double)fmaf(work->scale[d], eps[d % 4], work->mu[d]);
    }
    for (size_t l = 0; l < mlp->layers; l++) {
        const lk_layer *layer = &mlp->layer[l];
        double *swap = in;

        for (size_t o = 0; o < layer->out; o++) {
            double sum = (double)layer->bias[o];

            for (size_t i = 0; i < layer->in; i++) {
                sum = fma((double)layer->weight[o * layer->in + i], in[i], sum);
            }
            out[o] = lk_activate(layer->activation, sum);
        }
        in = out;
        out = swap;
    }
    for (size_t o = 0; o < work->outputs; o++) {
        const double d = in[o] - (double)work->target[o];

        sse = fma(d, d, sse);
    }
    return sse;
}

/* Known answers: a GPU that computes wrongly must not count. */
static lk_status check_arithmetic(lk_device *device, lk_error *err)
{
    const lk_workload *work = device->host;
    double *scratch = calloc(2 * lk_cuda_widest(work->decoder), sizeof *scratch);
    uint64_t attempt[PILOTS];
    double got[PILOTS];
    lk_status st = LK_OK;

    if (scratch == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a draw");
    for (uint64_t j = 0; j < PILOTS; j++) attempt[j] = j * 0x9e3779b9u;
    LK_TRY(lk_cuda_score(device, LK_SCORER_CANONICAL, 0, attempt, PILOTS, got, err));
    for (size_t j = 0; j < PILOTS; j++) {
        const double want = define_score(work, attempt[j], scratch);

        if (memcmp(&got[j], &want, sizeof want) == 0) continue;
        st = LK_FAIL(err, LK_E_DEVICE, "it computes wrongly: %.17g, not %.17g", got[j],
                     want);
        goto out;
    }

out:
    free(scratch);
    return st;
}

/* The middle net's band, measured as the engine measures the fast one's. */
static lk_status calibrate_middle(lk_device *device, lk_error *err)
{
    const lk_workload *work = device->host;
    const size_t step = (work->problems + PILOT_PROBLEMS - 1) / PILOT_PROBLEMS;
    double *band = calloc(work->problems, sizeof *band);
    double fast[PILOTS], canonical[PILOTS], largest = 0.0;
    uint64_t attempt[PILOTS];
    lk_status st = LK_OK;

    if (band == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for bands");
    for (uint64_t j = 0; j < PILOTS; j++) attempt[j] = j;
    for (size_t p = 0; p < work->problems && device->exact.layers > 0; p += step) {
        const double top = work->limit[(p + 1) * work->thresholds - 1];

        LK_TRY(lk_cuda_score_middle(device, p, attempt, PILOTS, fast, err));
        LK_TRY(lk_cuda_score(device, LK_SCORER_CANONICAL, p, attempt, PILOTS, canonical,
                             err));
        for (size_t j = 0; j < PILOTS; j++) {
            const double off = fabs(fast[j] - canonical[j]) / top;

            if (isfinite(off) && off > largest) largest = off;
        }
    }
    for (size_t p = 0; p < work->problems; p++) {
        band[p] =
            fmax(8.0 * largest, 0x1p-20) * work->limit[(p + 1) * work->thresholds - 1];
    }
    LK_CUDA(cudaMemcpy(device->middle_band, band, work->problems * sizeof *band,
                       cudaMemcpyHostToDevice));
    LK_CUDA(cudaDeviceSynchronize());

out:
    free(band);
    return st;
}

static lk_status describe(lk_device *device, lk_error *err)
{
    struct cudaDeviceProp properties;
    lk_status st = LK_OK;

    LK_CUDA(cudaGetDeviceProperties(&properties, device->ordinal));
    snprintf(device->name, sizeof device->name, "%.90s", properties.name);
    device->memory_bytes = properties.totalGlobalMem;

out:
    return st;
}

/* Seconds that a chunk takes through a net, the best of some. */
static lk_status time_chunk(lk_device *device, double *out, lk_error *err)
{
    enum { REPEATS = 5 };
    const lk_segment segment = {0, 0, 0, 0, device->rows};
    lk_status st = LK_OK;

    *out = INFINITY;
    device->plan[0][0] = segment;
    LK_CUDA(cudaMemcpyAsync(device->segment, device->plan[0], sizeof segment,
                            cudaMemcpyHostToDevice, device->stream));
    LK_CUDA(lk_cuda_fill_rows(device->segment, 1, device->rows, device->row,
                              device->stream));
    for (int i = 0; i <= REPEATS; i++) { /* the first one loads modules: not counted */
        struct timespec start, end;

        LK_CUDA(cudaStreamSynchronize(device->stream));
        clock_gettime(CLOCK_MONOTONIC, &start);
        LK_TRY(lk_stage_net(device, &device->fast, device->rows, err));
        LK_CUDA(cudaStreamSynchronize(device->stream));
        clock_gettime(CLOCK_MONOTONIC, &end);
        if (i > 0) {
            *out = fmin(*out, (double)(end.tv_sec - start.tv_sec) +
                                  1e-9 * (double)(end.tv_nsec - start.tv_nsec));
        }
    }

out:
    return st;
}

/* Builds with the named precision, or for NULL and "auto" with the fastest of a trial. */
static lk_status build_best(lk_device *device, const char *precision, uint32_t rows,
                            lk_error *err)
{
    static const char *const candidates[] = {"fp16", "tf32", "fp32"};
    double best = INFINITY;
    lk_status st = LK_OK;

    if (device->by_library || (precision != NULL && strcmp(precision, "auto") != 0)) {
        return build(device, precision, rows, err);
    }
    precision = "fp32";
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        double seconds = 0.0;

        st = build(device, candidates[i], rows, err);
        if (st == LK_E_ARG) { /* not for this decoder, or not on this device */
            lk_device_clear(device);
            continue;
        }
        if (st != LK_OK) goto out;
        LK_TRY(time_chunk(device, &seconds, err));
        seconds /= device->rows;
        lk_device_clear(device);
        if (seconds < best) {
            best = seconds;
            precision = candidates[i];
        }
    }
    st = build(device, precision, rows, err);

out:
    return st;
}

static lk_status device_open(size_t ordinal, const lk_workload *workload,
                             const lk_device_options *options, lk_device **out,
                             lk_error *err)
{
    const char *path = options->path, *graphs = getenv("LARGEK_CUDA_GRAPH");
    const char *reason = "";
    const bool by_library = path != NULL && strcmp(path, "library") == 0;
    lk_device *device = NULL;
    lk_status st = LK_OK;

    if (ordinal >= device_count(&reason)) {
        return LK_FAIL(err, LK_E_MISSING, "there is no device cuda:%zu%s%s", ordinal,
                       reason[0] != '\0' ? ": " : "", reason);
    }
    if (path != NULL && strcmp(path, "staged") != 0 && !by_library) {
        return LK_FAIL(err, LK_E_ARG, "path '%s': cuda has staged and library", path);
    }
    LK_TRY(check_workload(workload, err));
    device = calloc(1, sizeof *device);
    if (device != NULL) {
        device->host = workload;
        device->ordinal = (int)ordinal;
        device->by_library = by_library;
        device->graphs = graphs == NULL || strcmp(graphs, "0") != 0;
        device->host_band = calloc(workload->problems, sizeof *device->host_band);
        device->slot_of = malloc(workload->problems * sizeof *device->slot_of);
    }
    if (device == NULL || device->host_band == NULL || device->slot_of == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for a device");
        goto out;
    }
    memset(device->slot_of, 0xff, workload->problems * sizeof *device->slot_of);
    LK_CUDA(cudaSetDevice(device->ordinal));
    LK_TRY(describe(device, err));
    LK_TRY(build_best(device, options->precision, choose_rows(device, options->tile),
                      err));
    if (!by_library) {
        LK_TRY(check_arithmetic(device, err));
        LK_TRY(calibrate_middle(device, err));
    }
    *out = device;
    device = NULL;

out:
    if (device != NULL) lk_device_named(device, st, err);
    device_close(device);
    return st;
}

static void device_info(const lk_device *device, lk_device_info *out)
{
    const char *precision =
        device->by_library ? device->library.precision : device->fast.precision;

    *out = (lk_device_info){.memory_bytes = device->memory_bytes,
                            .pilots = strcmp(precision, "fp32") != 0 ? 4096 : 64,
                            .unit_attempts = (size_t)16 * device->rows,
                            .stream_version = device->by_library ? LK_STREAM_NONE
                                                                 : LK_STREAM_VERSION};
    snprintf(out->name, sizeof out->name, "cuda:%d %s", device->ordinal, device->name);
    snprintf(out->path, sizeof out->path, "%s %s, chunk %u%s",
             device->by_library ? "library" : "staged", precision, device->rows,
             device->by_library         ? ", not exact"
             : device->graph[0] != NULL ? ", graph"
                                        : "");
}

static lk_status set_guard(lk_device *device, const double *band, lk_error *err)
{
    const size_t problems = device->host->problems;
    lk_status st = LK_OK;

    for (size_t p = 0; p < problems; p++) {
        if (!(band[p] >= 0.0)) {
            return LK_FAIL(err, LK_E_ARG, "guard band of problem %zu is %g", p,
                           band[p]);
        }
    }
    LK_CUDA(cudaSetDevice(device->ordinal));
    LK_CUDA(cudaMemcpy(device->band, band, problems * sizeof *band,
                       cudaMemcpyHostToDevice));
    LK_CUDA(cudaDeviceSynchronize());
    memcpy(device->host_band, band, problems * sizeof *band);

out:
    return lk_device_named(device, st, err);
}

static lk_status latents(lk_device *device, size_t problem, uint64_t first,
                         size_t count, float *z, lk_error *err)
{
    const size_t latent = device->host->latent;
    lk_status st = LK_OK;

    if (problem >= device->host->problems) {
        return LK_FAIL(err, LK_E_ARG, "problem row %zu", problem);
    }
    LK_TRY(lk_device_scores(device, err));
    LK_CUDA(cudaSetDevice(device->ordinal));
    for (size_t at = 0; at < count; at += device->rows) {
        const uint32_t here =
            count - at < device->rows ? (uint32_t)(count - at) : device->rows;
        const lk_segment segment = {first + at, (uint32_t)problem, 0, 0, here};

        device->plan[0][0] = segment;
        LK_CUDA(cudaMemcpyAsync(device->segment, device->plan[0], sizeof segment,
                                cudaMemcpyHostToDevice, device->stream));
        LK_CUDA(
            lk_cuda_fill_rows(device->segment, 1, here, device->row, device->stream));
        LK_CUDA(lk_cuda_latents(&device->work, device->row, here, device->fast.kind,
                                device->fast.input, lk_net_width(&device->fast),
                                device->plain, device->stream));
        LK_CUDA(cudaMemcpyAsync(z + at * latent, device->plain,
                                here * latent * sizeof *z, cudaMemcpyDeviceToHost,
                                device->stream));
        LK_CUDA(cudaStreamSynchronize(device->stream));
    }

out:
    return lk_device_named(device, st, err);
}

const lk_backend *lk_plugin_backend(uint32_t abi)
{
    static const lk_backend table = {
        .abi = LK_BACKEND_ABI,
        .name = "cuda",
        .device_count = device_count,
        .open = device_open,
        .info = device_info,
        .set_guard = set_guard,
        .run = lk_cuda_run,
        .score = lk_cuda_score,
        .score_latents = lk_cuda_score_latents,
        .latents = latents,
        .decode = lk_cuda_decode,
        .close = device_close,
    };

    return abi == LK_BACKEND_ABI ? &table : NULL;
}
