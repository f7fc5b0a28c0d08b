/* fixture.c - a workload of random weights, and runs of it. */
#include "fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/registry.h"
#include "engine/engine.h"

enum { PILOTS = 4000 };

static const double rates[FIXTURE_THRESHOLDS] = {0.001, 0.01, 0.05, 0.2, 0.5, 0.9};

lk_shape fixture_shape(size_t latent, size_t hidden, size_t pixels, size_t problems)
{
    return (lk_shape){.layers = 2,
                      .width = {latent, hidden, pixels},
                      .activation = {LK_RELU, LK_SIGMOID},
                      .problems = problems,
                      .gain = 1.0f};
}

static float normal(uint64_t item, uint64_t block)
{
    float z[4];

    lk_normal4(lk_words(11, LK_PURPOSE_WEIGHTS, item, block), z);
    return z[0];
}

static void randomise(lk_mlp *mlp, float gain)
{
    for (size_t l = 0; l < mlp->layers; l++) {
        lk_layer *layer = &mlp->layer[l];
        const size_t weights = layer->in * layer->out;
        const float scale = (l == 0 ? gain : 1.0f) * 1.5f / sqrtf((float)layer->in);

        for (size_t i = 0; i < weights; i++) layer->weight[i] = scale * normal(l, i);
        for (size_t o = 0; o < layer->out; o++) {
            layer->bias[o] = 0.1f * normal(l, weights + o);
        }
    }
}

static void randomise_problems(lk_fixture *f, double *scratch)
{
    const lk_workload *work = &f->work;
    double *y = scratch + 2 * lk_mlp_widest(&f->decoder);

    for (size_t p = 0; p < work->problems; p++) {
        f->index[p] = 3 * p + 1;
        for (size_t d = 0; d < work->latent; d++) {
            const size_t at = p * work->latent + d;

            f->mu[at] = normal(100, at);
            f->scale[at] = 0.1f + 0.3f * fabsf(normal(101, at));
        }
        lk_mlp_forward(&f->decoder, f->mu + p * work->latent, y, scratch);
        for (size_t o = 0; o < work->outputs; o++) {
            f->target[p * work->outputs + o] = (float)y[o];
        }
    }
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Canonical scores do not depend on limits, so any will do to open the device. */
static lk_status choose_limits(lk_fixture *f, size_t threads, lk_error *err)
{
    const lk_device_options options = {.threads = threads};
    uint64_t *attempt = calloc(PILOTS, sizeof *attempt);
    double *score = calloc(PILOTS, sizeof *score);
    lk_device *device = NULL;
    lk_status st = LK_OK;

    if (attempt == NULL || score == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for pilots");
        goto out;
    }
    for (uint64_t j = 0; j < PILOTS; j++) attempt[j] = j;
    for (size_t i = 0; i < f->work.problems * FIXTURE_THRESHOLDS; i++) {
        f->limit[i] = 1.0 + (double)(i % FIXTURE_THRESHOLDS);
    }
    LK_TRY(lk_backend_cpu.open(0, &f->work, &options, &device, err));
    for (size_t p = 0; p < f->work.problems; p++) {
        LK_TRY(lk_backend_cpu.score(device, LK_SCORER_CANONICAL, p, attempt, PILOTS,
                                    score, err));
        qsort(score, PILOTS, sizeof *score, by_value);
        for (size_t t = 0; t < FIXTURE_THRESHOLDS; t++) {
            f->limit[p * FIXTURE_THRESHOLDS + t] = score[(size_t)(rates[t] * PILOTS)];
        }
    }

out:
    lk_backend_cpu.close(device);
    free(attempt);
    free(score);
    return st;
}

lk_status fixture_init(lk_fixture *f, const lk_shape *shape, size_t threads,
                       lk_error *err)
{
    const size_t n = shape->problems, latent = shape->width[0];
    const size_t outputs = shape->width[shape->layers];
    double *scratch = NULL;
    lk_status st = LK_OK;

    *f = (lk_fixture){0};
    LK_TRY(
        lk_mlp_init(&f->decoder, shape->layers, shape->width, shape->activation, err));
    f->index = calloc(n, sizeof *f->index);
    f->mu = calloc(n * latent, sizeof *f->mu);
    f->scale = calloc(n * latent, sizeof *f->scale);
    f->target = calloc(n * outputs, sizeof *f->target);
    f->limit = calloc(n * FIXTURE_THRESHOLDS, sizeof *f->limit);
    scratch = calloc(2 * lk_mlp_widest(&f->decoder) + outputs, sizeof *scratch);
    if (f->index == NULL || f->mu == NULL || f->scale == NULL || f->target == NULL ||
        f->limit == NULL || scratch == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu problems", n);
        goto out;
    }
    f->work = (lk_workload){.decoder = &f->decoder,
                            .score = LK_SCORE_SSE,
                            .problems = n,
                            .latent = latent,
                            .outputs = outputs,
                            .thresholds = FIXTURE_THRESHOLDS,
                            .index = f->index,
                            .mu = f->mu,
                            .scale = f->scale,
                            .target = f->target,
                            .limit = f->limit,
                            .seed = 0x5eed0123456789abu};
    randomise(&f->decoder, shape->gain);
    randomise_problems(f, scratch);
    LK_TRY(choose_limits(f, threads, err));

out:
    free(scratch);
    if (st != LK_OK) fixture_release(f);
    return st;
}

void fixture_release(lk_fixture *f)
{
    lk_mlp_release(&f->decoder);
    free(f->index);
    free(f->mu);
    free(f->scale);
    free(f->target);
    free(f->limit);
    *f = (lk_fixture){0};
}

lk_status rig_open(lk_rig *rig, const lk_backend *backend, const lk_workload *work,
                   const lk_device_options *options, lk_error *err)
{
    lk_job job = {.work = *work};
    const lk_stopper nobody = {0};
    lk_device_info info;
    lk_status st = LK_OK;

    *rig = (lk_rig){.backend = backend, .work = work};
    rig->band = calloc(work->problems, sizeof *rig->band);
    rig->violation = calloc(work->problems, sizeof *rig->violation);
    if (rig->band == NULL || rig->violation == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for bands");
        goto out;
    }
    LK_TRY(backend->open(0, work, options, &rig->device, err));
    backend->info(rig->device, &info);
    rig->unit = info.unit_attempts;
    memcpy(rig->path, info.path, sizeof rig->path);
    memcpy(rig->name, info.name, sizeof rig->name);
    if (info.stream_version == LK_STREAM_NONE) goto out; /* nothing is decided again */
    LK_TRY(lk_calibrate(backend, rig->device, &job, LK_GUARD_SCALE, &nobody, rig->band,
                        err));
    LK_TRY(backend->set_guard(rig->device, rig->band, err));

out:
    if (st != LK_OK) rig_close(rig);
    return st;
}

void rig_close(lk_rig *rig)
{
    if (rig->backend != NULL) rig->backend->close(rig->device);
    free(rig->band);
    free(rig->violation);
    *rig = (lk_rig){0};
}

lk_status rig_run_units(lk_rig *rig, const lk_unit *unit, size_t units, lk_tally *tally,
                        lk_error *err)
{
    lk_run_notes notes = {.violation = rig->violation};
    lk_device_info info;
    lk_status st = LK_OK;

    LK_TRY(rig->backend->run(rig->device, unit, units, tally, &notes, err));
    rig->backend->info(rig->device, &info); /* by now it may work otherwise */
    memcpy(rig->path, info.path, sizeof rig->path);
    rig->redecided += notes.redecided;
    rig->audited += notes.audited;
    for (size_t p = 0; p < rig->work->problems; p++) {
        if (rig->violation[p] == 0.0) continue;
        rig->widened++;
        rig->band[p] = LK_GUARD_SCALE * rig->violation[p];
        st = LK_FAIL(err, LK_E_NUMERIC, "problem %zu: an audit is off by %g", p,
                     rig->violation[p]);
        rig->violation[p] = 0.0;
    }
    if (st != LK_OK) (void)rig->backend->set_guard(rig->device, rig->band, NULL);

out:
    return st;
}

lk_status rig_run(lk_rig *rig, uint64_t first, uint64_t count, lk_tally *tally,
                  lk_error *err)
{
    const size_t problems = rig->work->problems;
    const size_t levels = (size_t)((count + rig->unit - 1) / rig->unit);
    lk_unit *unit = calloc(levels * problems + 1, sizeof *unit);
    size_t units = 0;
    lk_status st = LK_OK;

    if (unit == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for units");
    for (uint64_t at = 0; at < count; at += rig->unit) {
        const uint64_t left = count - at, here = left < rig->unit ? left : rig->unit;

        for (size_t p = 0; p < problems; p++) {
            unit[units++] = (lk_unit){p, first + at, here};
        }
    }
    st = rig_run_units(rig, unit, units, tally, err);
    free(unit);
    return st;
}

int tallies_equal(const lk_tally *a, const lk_tally *b)
{
    const size_t rows = a->problems, cells = a->problems * a->thresholds;

    return rows == b->problems && a->thresholds == b->thresholds &&
           memcmp(a->attempts, b->attempts, rows * sizeof *a->attempts) == 0 &&
           memcmp(a->successes, b->successes, cells * sizeof *a->successes) == 0 &&
           memcmp(a->first, b->first, cells * sizeof *a->first) == 0 &&
           memcmp(a->best, b->best, rows * sizeof *a->best) == 0 &&
           memcmp(a->best_attempt, b->best_attempt, rows * 8) == 0;
}

double seconds_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
