/* cpu.c - the CPU as a backend: opening it, and its table of functions. */
#include "backend/registry.h"

#include <inttypes.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef LK_NO_BLAS
#include <cblas.h>
#endif

#include "backend/cpu/device.h"

enum { TILE_DEFAULT = 240, TILE_MAX = 4096 };

static size_t device_count(const char **reason)
{
    if (reason != NULL) *reason = "";
    return 1;
}

static void device_close(lk_device *device)
{
    if (device == NULL) return;
    for (size_t l = 0; device->packed != NULL && l < device->work->decoder->layers;
         l++) {
        free(device->packed[l]);
    }
    for (size_t t = 0; device->scratch != NULL && t < device->threads; t++) {
        lk_scratch_release(&device->scratch[t]);
    }
    free(device->packed);
    free(device->scratch);
    free(device->target);
    free(device->band);
    free(device);
}

static lk_status check_workload(const lk_workload *work, lk_error *err)
{
    if (work->score != LK_SCORE_SSE) {
        return LK_FAIL(err, LK_E_ARG, "the cpu backend has no such score kernel (%d)",
                       (int)work->score);
    }
    if (work->problems == 0 || work->thresholds == 0 ||
        work->thresholds > LK_THRESHOLDS_MAX) {
        return LK_FAIL(err, LK_E_ARG, "%zu problems, %zu thresholds", work->problems,
                       work->thresholds);
    }
    if (lk_mlp_inputs(work->decoder) != work->latent ||
        lk_mlp_outputs(work->decoder) != work->outputs) {
        return LK_FAIL(err, LK_E_ARG,
                       "the decoder is %zu -> %zu, the problems %zu -> %zu",
                       lk_mlp_inputs(work->decoder), lk_mlp_outputs(work->decoder),
                       work->latent, work->outputs);
    }
    return LK_OK;
}

static lk_status choose(lk_device *device, const lk_device_options *options,
                        lk_error *err)
{
    const char *path = options->path;

    device->isa = lk_isa_find(options->isa);
    if (device->isa == NULL) {
        return LK_FAIL(
            err, LK_E_ARG,
            "instruction set '%s': this CPU runs up to %s (of baseline, avx2, "
            "avx512)",
            options->isa, lk_cpu_isa_name());
    }
    if (path == NULL || strcmp(path, "loops") == 0) {
        device->path = PATH_LOOPS;
#ifndef LK_NO_BLAS
    } else if (strcmp(path, "blas") == 0) {
        device->path = PATH_BLAS;
#endif
    } else {
        return LK_FAIL(err, LK_E_ARG, "path '%s': the cpu has loops and blas", path);
    }
    if (options->precision != NULL && strcmp(options->precision, "auto") != 0 &&
        strcmp(options->precision, "fp32") != 0) {
        return LK_FAIL(err, LK_E_ARG, "precision '%s': the cpu has fp32",
                       options->precision);
    }
    if (options->tile > TILE_MAX) {
        return LK_FAIL(err, LK_E_ARG, "tile of %zu draws: at most %d", options->tile,
                       TILE_MAX);
    }
    const size_t rows = device->isa->fast->rows;

    device->tile = options->tile > 0 ? options->tile : TILE_DEFAULT;
    device->rows = (device->tile + rows - 1) / rows * rows;
    if (device->rows < LK_LANES) device->rows = (LK_LANES + rows - 1) / rows * rows;
    device->threads = options->threads > 0 ? options->threads : 1;
    return LK_OK;
}

/* Weights in the order the kernels read them; targets padded to whole panels. */
static lk_status lay_out(lk_device *device, lk_error *err)
{
    const lk_workload *work = device->work;
    const lk_fast_kernels *fast = device->isa->fast;
    const size_t columns = fast->columns;
    const size_t layers = work->decoder->layers;

    device->target_stride = (work->outputs + columns - 1) / columns * columns;
    device->stride = (lk_mlp_widest(work->decoder) + columns - 1) / columns * columns;
    device->target = calloc(work->problems * device->target_stride, sizeof(float));
    device->band = calloc(work->problems, sizeof *device->band);
    device->packed = calloc(layers, sizeof *device->packed);
    if (device->target == NULL || device->band == NULL || device->packed == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "no room for %zu problems", work->problems);
    }
    for (size_t p = 0; p < work->problems; p++) {
        memcpy(device->target + p * device->target_stride,
               work->target + p * work->outputs, work->outputs * sizeof(float));
    }
    for (size_t l = 0; l < layers && device->path == PATH_LOOPS; l++) {
        const lk_layer *layer = &work->decoder->layer[l];
        const size_t bytes = fast->packed_floats(layer) * sizeof(float);

        device->packed[l] = aligned_alloc(64, (bytes + 63) / 64 * 64);
        if (device->packed[l] == NULL) {
            return LK_FAIL(err, LK_E_MEMORY, "no room for layer %zu (%zu bytes)", l,
                           bytes);
        }
        fast->pack(layer, device->packed[l]);
    }
    device->scratch = calloc(device->threads, sizeof *device->scratch);
    if (device->scratch == NULL)
        return LK_FAIL(err, LK_E_MEMORY, "no room for threads");
    for (size_t t = 0; t < device->threads; t++) {
        const lk_status st = lk_scratch_init(&device->scratch[t], device, err);

        if (st != LK_OK) return st;
    }
    return LK_OK;
}

/* Known answers: the chosen instruction set against the baseline, on draws of the first
 * problem.  A CPU that fails this computes wrongly, and nothing it says can be used. */
static lk_status check_arithmetic(const lk_device *device, lk_error *err)
{
    const lk_workload *work = device->work;
    const lk_isa *baseline = lk_isa_find("baseline");
    const lk_isa *tables[2] = {device->isa, baseline};
    uint64_t attempt[LK_LANES];
    const float *target[LK_LANES];
    double sse[2][LK_LANES];
    lk_scratch *scratch = &device->scratch[0];

    for (size_t l = 0; l < LK_LANES; l++) {
        attempt[l] = l * 0x9e3779b9u;
        target[l] = device->target;
    }
    for (size_t i = 0; i < 2; i++) {
        tables[i]->exact->latents(work->seed, work->index[0], attempt, LK_LANES,
                                  work->latent, work->mu, work->scale, scratch->z);
        tables[i]->exact->canonical(work->decoder, scratch->z, target, sse[i],
                                    scratch->scratch);
    }
    if (memcmp(sse[0], sse[1], sizeof sse[0]) != 0) {
        return LK_FAIL(err, LK_E_DEVICE,
                       "cpu: %s arithmetic is wrong: %.17g, not %.17g",
                       device->isa->name, sse[0][0], sse[1][0]);
    }
    return LK_OK;
}

static lk_status device_open(size_t ordinal, const lk_workload *workload,
                             const lk_device_options *options, lk_device **out,
                             lk_error *err)
{
    lk_device *device = NULL;
    lk_status st = LK_OK;

    if (ordinal != 0) return LK_FAIL(err, LK_E_MISSING, "there is one cpu device");
    LK_TRY(check_workload(workload, err));
    device = calloc(1, sizeof *device);
    if (device == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for a device");
        goto out;
    }
    device->work = workload;
    LK_TRY(choose(device, options, err));
    LK_TRY(lay_out(device, err));
    LK_TRY(check_arithmetic(device, err));

    /* Our threads bring the parallelism.  OpenBLAS keeps this for the whole process. */
#ifndef LK_NO_BLAS
    if (device->path == PATH_BLAS) openblas_set_num_threads(1);
#endif
    *out = device;
    device = NULL;

out:
    device_close(device);
    return st;
}

/* The line of /proc/cpuinfo that names the CPU; "CPU" where there is none. */
static void cpu_name(char *out, size_t bytes)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");

    snprintf(out, bytes, "CPU");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');

        if (strncmp(line, "model name", 10) != 0 || colon == NULL) continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(out, bytes, "%.100s", colon + 1 + strspn(colon + 1, " "));
        break;
    }
    if (file != NULL) fclose(file);
}

static void device_info(const lk_device *device, lk_device_info *out)
{
    char name[104];

    cpu_name(name, sizeof name);
    *out = (lk_device_info){.stream_version = LK_STREAM_VERSION};
    snprintf(out->name, sizeof out->name, "%s (%zu threads)", name, device->threads);
    snprintf(out->path, sizeof out->path, "%s fp32 %s, tile %zu",
             device->path == PATH_LOOPS ? "loops" : "blas", device->isa->name,
             device->tile);
    out->pilots = 64;
    out->unit_attempts = 16 * device->tile;
}

static lk_status set_guard(lk_device *device, const double *band, lk_error *err)
{
    for (size_t p = 0; p < device->work->problems; p++) {
        if (!(band[p] >= 0.0)) {
            return LK_FAIL(err, LK_E_ARG, "guard band of problem %zu is %g", p,
                           band[p]);
        }
    }
    memcpy(device->band, band, device->work->problems * sizeof *band);
    return LK_OK;
}

/* Scores vectors that lie in scratch->z, by either scorer. */
static void score_tile(const lk_device *device, lk_scorer scorer, size_t problem,
                       size_t count, lk_scratch *scratch, double *score)
{
    size_t problems[LK_LANES];

    if (scorer == LK_SCORER_FAST) {
        lk_cpu_fast_sse(device, problem, count, scratch);
        for (size_t m = 0; m < count; m++) score[m] = (double)scratch->sse[m];
        return;
    }
    for (size_t l = 0; l < LK_LANES; l++) problems[l] = problem;
    for (size_t m = 0; m < count; m += LK_LANES) {
        const size_t lanes = count - m < LK_LANES ? count - m : LK_LANES;

        lk_cpu_canonical_sse(device, problems, scratch->z + m * device->work->latent,
                             lanes, score + m, scratch);
    }
}

/* Scores attempts, or where those are NULL vectors, a tile a thread at a time. */
static lk_status score_all(lk_device *device, lk_scorer scorer, size_t problem,
                           const uint64_t *attempt, const float *z, size_t count,
                           double *score, lk_error *err)
{
    const size_t latent = device->work->latent;
    const size_t tile = scorer == LK_SCORER_FAST ? device->tile : LK_LANES;
    const size_t tiles = (count + tile - 1) / tile;

    if (problem >= device->work->problems) {
        return LK_FAIL(err, LK_E_ARG, "problem row %zu of %zu", problem,
                       device->work->problems);
    }
#pragma omp parallel for num_threads((int)device->threads) schedule(dynamic, 1)
    for (size_t t = 0; t < tiles; t++) {
        lk_scratch *scratch = &device->scratch[omp_get_thread_num()];
        const size_t at = t * tile;
        const size_t here = count - at < tile ? count - at : tile;

        if (attempt != NULL) {
            memcpy(scratch->attempt, attempt + at, here * sizeof *attempt);
            lk_cpu_latents(device, problem, here, scratch);
        } else {
            memcpy(scratch->z, z + at * latent, here * latent * sizeof *z);
        }
        score_tile(device, scorer, problem, here, scratch, score + at);
    }
    return LK_OK;
}

static lk_status score(lk_device *device, lk_scorer scorer, size_t problem,
                       const uint64_t *attempt, size_t count, double *out,
                       lk_error *err)
{
    return score_all(device, scorer, problem, attempt, NULL, count, out, err);
}

static lk_status score_latents(lk_device *device, lk_scorer scorer, size_t problem,
                               const float *z, size_t count, double *out, lk_error *err)
{
    return score_all(device, scorer, problem, NULL, z, count, out, err);
}

static lk_status latents(lk_device *device, size_t problem, uint64_t first,
                         size_t count, float *z, lk_error *err)
{
    const lk_workload *work = device->work;

    if (problem >= work->problems) {
        return LK_FAIL(err, LK_E_ARG, "problem row %zu of %zu", problem,
                       work->problems);
    }
    for (size_t i = 0; i < count; i++) {
        const uint64_t attempt = first + i;

        device->isa->exact->latents(work->seed, work->index[problem], &attempt, 1,
                                    work->latent, work->mu + problem * work->latent,
                                    work->scale + problem * work->latent,
                                    z + i * work->latent);
    }
    return LK_OK;
}

/* The decoded images themselves are for figures and tests: canonical, rounded once. */
static lk_status decode(lk_device *device, const float *z, size_t count, float *y,
                        lk_error *err)
{
    const lk_mlp *decoder = device->work->decoder;
    const size_t outputs = device->work->outputs;
    double *pixels = calloc(outputs + 2 * lk_mlp_widest(decoder), sizeof *pixels);

    if (pixels == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for an image");
    for (size_t i = 0; i < count; i++) {
        lk_mlp_forward(decoder, z + i * device->work->latent, pixels, pixels + outputs);
        for (size_t o = 0; o < outputs; o++) y[i * outputs + o] = (float)pixels[o];
    }
    free(pixels);
    return LK_OK;
}

const lk_backend lk_backend_cpu = {
    .abi = LK_BACKEND_ABI,
    .name = "cpu",
    .device_count = device_count,
    .open = device_open,
    .info = device_info,
    .set_guard = set_guard,
    .run = lk_cpu_run,
    .score = score,
    .score_latents = score_latents,
    .latents = latents,
    .decode = decode,
    .close = device_close,
};
