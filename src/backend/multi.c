/* multi.c - several devices as one. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "largek/backend.h"

enum {
    PIECES = 4 /* of a run, for each device: so that a slow one delays nobody long */
};

/* Behind lk_device of this backend. */
typedef struct {
    const lk_backend *of;
    size_t count;
    lk_device **device; /* [count] */
} lk_multi;

static lk_multi *multi_of(const lk_device *device)
{
    return (lk_multi *)(void *)device;
}

static void multi_close(lk_device *device)
{
    lk_multi *multi = multi_of(device);

    if (multi == NULL) return;
    for (size_t d = 0; multi->device != NULL && d < multi->count; d++) {
        multi->of->close(multi->device[d]);
    }
    free(multi->device);
    free(multi);
}

static void multi_info(const lk_device *device, lk_device_info *out)
{
    const lk_multi *multi = multi_of(device);
    lk_device_info first;

    multi->of->info(multi->device[0], &first);
    *out = first;
    snprintf(out->name, sizeof out->name, "%zu x %.100s", multi->count, first.name);
    out->memory_bytes *= multi->count;
}

static lk_status multi_set_guard(lk_device *device, const double *band, lk_error *err)
{
    lk_multi *multi = multi_of(device);
    lk_status st = LK_OK;

    for (size_t d = 0; d < multi->count && st == LK_OK; d++) {
        st = multi->of->set_guard(multi->device[d], band, err);
    }
    return st;
}

/* What one device makes of its share of a run. */
typedef struct {
    lk_tally tally;
    lk_run_notes notes;
    lk_status status;
    lk_error error;
} lk_share;

static lk_status share_open(lk_share *share, const lk_tally *tally, lk_error *err)
{
    const lk_status st =
        lk_tally_init(&share->tally, tally->problems, tally->thresholds, err);

    if (st != LK_OK) return st;
    /* What is known of the smallest scores spares many draws a second look; a minimum may
     * be taken twice. */
    memcpy(share->tally.best, tally->best, tally->problems * sizeof *tally->best);
    memcpy(share->tally.best_attempt, tally->best_attempt,
           tally->problems * sizeof *tally->best_attempt);
    share->notes.violation = calloc(tally->problems, sizeof(double));
    if (share->notes.violation == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "no room for %zu problems", tally->problems);
    }
    return LK_OK;
}

static lk_status share_add(const lk_share *share, lk_tally *tally, lk_run_notes *notes,
                           lk_error *err)
{
    notes->redecided += share->notes.redecided;
    notes->audited += share->notes.audited;
    notes->audit_largest = fmax(notes->audit_largest, share->notes.audit_largest);
    for (size_t p = 0; p < tally->problems; p++) {
        const lk_status st = lk_tally_add(tally, p, &share->tally, p, err);

        if (st != LK_OK) return st;
        notes->violation[p] = fmax(notes->violation[p], share->notes.violation[p]);
    }
    return LK_OK;
}

/* Each host thread serves one device, and takes the next piece when it is done. */
static void run_shares(lk_multi *multi, lk_share *share, const lk_unit *unit,
                       size_t units)
{
    const size_t pieces = PIECES * multi->count;

#pragma omp parallel num_threads((int)multi->count)
    {
        /* Fewer threads than devices may be had; the devices left over rest. */
        const size_t d = (size_t)omp_get_thread_num();
        lk_share *mine = &share[d];

#pragma omp for schedule(dynamic, 1)
        for (size_t i = 0; i < pieces; i++) {
            const size_t first = i * units / pieces, end = (i + 1) * units / pieces;

            if (first == end || mine->status != LK_OK) continue;
            mine->status = multi->of->run(multi->device[d], unit + first, end - first,
                                          &mine->tally, &mine->notes, &mine->error);
        }
    }
}

static lk_status multi_run(lk_device *device, const lk_unit *unit, size_t units,
                           lk_tally *tally, lk_run_notes *notes, lk_error *err)
{
    lk_multi *multi = multi_of(device);
    lk_share *share = calloc(multi->count, sizeof *share);
    lk_status st = LK_OK;

    if (share == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a run");
    for (size_t d = 0; d < multi->count; d++) {
        LK_TRY(share_open(&share[d], tally, err));
    }
    run_shares(multi, share, unit, units);
    for (size_t d = 0; d < multi->count; d++) {
        st = share[d].status;
        if (st != LK_OK) {
            if (err != NULL) *err = share[d].error;
            goto out;
        }
    }
    for (size_t d = 0; d < multi->count; d++) {
        LK_TRY(share_add(&share[d], tally, notes, err));
    }

out:
    for (size_t d = 0; d < multi->count; d++) {
        lk_tally_release(&share[d].tally);
        free(share[d].notes.violation);
    }
    free(share);
    return st;
}

/* Single scores are few: the first device makes them. */
static lk_status multi_score(lk_device *device, lk_scorer scorer, size_t problem,
                             const uint64_t *attempt, size_t count, double *score,
                             lk_error *err)
{
    const lk_multi *multi = multi_of(device);

    return multi->of->score(multi->device[0], scorer, problem, attempt, count, score,
                            err);
}

static lk_status multi_score_latents(lk_device *device, lk_scorer scorer,
                                     size_t problem, const float *z, size_t count,
                                     double *score, lk_error *err)
{
    const lk_multi *multi = multi_of(device);

    return multi->of->score_latents(multi->device[0], scorer, problem, z, count, score,
                                    err);
}

static lk_status multi_latents(lk_device *device, size_t problem, uint64_t first,
                               size_t count, float *z, lk_error *err)
{
    const lk_multi *multi = multi_of(device);

    return multi->of->latents(multi->device[0], problem, first, count, z, err);
}

static lk_status multi_decode(lk_device *device, const float *z, size_t count, float *y,
                              lk_error *err)
{
    const lk_multi *multi = multi_of(device);

    return multi->of->decode(multi->device[0], z, count, y, err);
}

static const lk_backend multi_backend = {
    .abi = LK_BACKEND_ABI,
    .name = "multi",
    .info = multi_info,
    .set_guard = multi_set_guard,
    .run = multi_run,
    .score = multi_score,
    .score_latents = multi_score_latents,
    .latents = multi_latents,
    .decode = multi_decode,
    .close = multi_close,
};

lk_status lk_backend_open(const lk_backend *backend, const size_t *ordinal,
                          size_t count, const lk_workload *workload,
                          const lk_device_options *options, const lk_backend **as,
                          lk_device **device, lk_error *err)
{
    lk_multi *multi = NULL;
    lk_status st = LK_OK;

    if (count == 0) return LK_FAIL(err, LK_E_ARG, "no device is named");
    if (count == 1) {
        st = backend->open(ordinal[0], workload, options, device, err);
        if (st == LK_OK) *as = backend;
        return st;
    }
    multi = calloc(1, sizeof *multi);
    if (multi != NULL) multi->device = calloc(count, sizeof(lk_device *));
    if (multi == NULL || multi->device == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu devices", count);
        goto out;
    }
    multi->of = backend;
    for (; multi->count < count; multi->count++) {
        LK_TRY(backend->open(ordinal[multi->count], workload, options,
                             &multi->device[multi->count], err));
    }
    *as = &multi_backend;
    *device = (lk_device *)(void *)multi;
    multi = NULL;

out:
    multi_close((lk_device *)(void *)multi);
    return st;
}
