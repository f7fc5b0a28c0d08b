/* run.c - draws into counts: the fast path, the guard band, the canonical decision.
 *
 * A draw whose fast score is farther than the band from every threshold is counted as it
 * is.  The others, those that may be the best so far, and the audited ones go into a
 * queue as (problem, attempt, fast score); the canonical score decides them LK_LANES at
 * a time.  Let w(x) = band max(1, x / highest threshold).  Why no draw that matters
 * escapes, given |fast - canonical| <= w(the smaller of both):
 *
 *   thresholds  both scores are on the same side of a threshold unless the fast one is
 *               within the band of it
 *   best        let s be the smallest canonical score of the problem, at attempt j, b >= s
 *               any canonical score seen before, m the smallest fast one of j's tile:
 *               fast(j) <= s + w(s) with s <= b and s <= m + w(m)
 *
 * A fast score that is NaN or infinite says nothing, and is decided like those in doubt.
 */
#include "backend/cpu/device.h"

#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "largek/guard.h"

enum { QUEUE = 8 * LK_LANES };

typedef struct {
    size_t problem;
    uint64_t attempt;
    float fast;
    bool audited;
} lk_suspect;

/* A thread at work. */
typedef struct {
    const lk_device *device;
    lk_scratch *scratch;
    lk_tally row;         /* of one problem: what the current tile counted          */
    lk_suspect *suspects; /* [tile] of the current tile                     */
    lk_suspect queue[QUEUE];
    size_t queued;
    lk_tally *tally; /* of the run, shared: under `omp critical` only      */
    lk_run_notes *notes;
    lk_status status;
    lk_error error;
} lk_worker;

/* Counts a decided draw in a row; its successes hold buckets until add_row. */
static void count_draw(lk_tally *row, size_t b, uint64_t attempt)
{
    if (b >= row->thresholds) return;
    row->successes[b]++;
    if (attempt < row->first[b]) row->first[b] = attempt;
}

/* Buckets to counts: a success at a threshold is one at all higher ones. */
static void accumulate_buckets(lk_tally *row)
{
    for (size_t t = 1; t < row->thresholds; t++) {
        row->successes[t] += row->successes[t - 1];
        if (row->first[t - 1] < row->first[t]) row->first[t] = row->first[t - 1];
    }
}

/* Adds the worker's row to the run's tally. */
static void add_row(lk_worker *worker, size_t problem)
{
    accumulate_buckets(&worker->row);
#pragma omp critical(lk_cpu_tally)
    {
        lk_error err;
        const lk_status st =
            lk_tally_add(worker->tally, problem, &worker->row, 0, &err);

        if (st != LK_OK && worker->status == LK_OK) {
            worker->status = st;
            worker->error = err;
        }
    }
    lk_tally_clear(&worker->row, 0);
}

static double highest_limit(const lk_workload *work, size_t problem)
{
    return work->limit[problem * work->thresholds + work->thresholds - 1];
}

static double best_so_far(lk_worker *worker, size_t problem)
{
    double best;

#pragma omp critical(lk_cpu_tally)
    best = worker->tally->best[problem];
    return best;
}

static void note_audit(lk_worker *worker, const lk_suspect *suspect, double score)
{
    const double top = highest_limit(worker->device->work, suspect->problem);
    const double band = worker->device->band[suspect->problem];
    const double least = fmin((double)suspect->fast, score);
    const double off =
        fabs((double)suspect->fast - score) / lk_widened(1.0, top, least);
    lk_run_notes *notes = worker->notes;

    /* Far above the thresholds and the best score a difference decides nothing. */
    const bool near = isfinite(off) &&
                      least <= 2.0 * fmax(top, best_so_far(worker, suspect->problem));

#pragma omp critical(lk_cpu_notes)
    {
        notes->audited++;
        if (near && off > notes->audit_largest) notes->audit_largest = off;
        if (near && band > 0.0 && off > band &&
            off > notes->violation[suspect->problem]) {
            notes->violation[suspect->problem] = off;
        }
    }
}

/* Decides up to LK_LANES suspects. */
static void decide(lk_worker *worker, const lk_suspect *suspect, size_t count)
{
    const lk_workload *work = worker->device->work;
    lk_scratch *scratch = worker->scratch;
    size_t problem[LK_LANES];
    double score[LK_LANES];

    for (size_t l = 0; l < count; l++) {
        const size_t p = suspect[l].problem;

        problem[l] = p;
        worker->device->isa->exact->latents(
            work->seed, work->index[p], &suspect[l].attempt, 1, work->latent,
            work->mu + p * work->latent, work->scale + p * work->latent,
            scratch->z + l * work->latent);
    }
    lk_cpu_canonical_sse(worker->device, problem, scratch->z, count, score, scratch);
    for (size_t l = 0; l < count; l++) {
        const double *limit = work->limit + problem[l] * work->thresholds;

        count_draw(&worker->row, lk_bucket(limit, (uint32_t)work->thresholds, score[l]),
                   suspect[l].attempt);
        if (score[l] < worker->row.best[0]) {
            worker->row.best[0] = score[l];
            worker->row.best_attempt[0] = suspect[l].attempt;
        }
        if (suspect[l].audited) note_audit(worker, &suspect[l], score[l]);
        add_row(worker, problem[l]);
    }
#pragma omp atomic
    worker->notes->redecided += count;
}

static void drain(lk_worker *worker)
{
    for (size_t i = 0; i < worker->queued; i += LK_LANES) {
        const size_t left = worker->queued - i;

        decide(worker, worker->queue + i, left < LK_LANES ? left : LK_LANES);
    }
    worker->queued = 0;
}

/* Counts a tile in the worker's row but for its suspects; returns how many those are. */
static size_t sift(lk_worker *worker, size_t problem, size_t count, double best)
{
    const lk_workload *work = worker->device->work;
    const lk_scratch *scratch = worker->scratch;
    const double *limit = work->limit + problem * work->thresholds;
    const double band = worker->device->band[problem];
    const double top = highest_limit(work, problem);
    const uint64_t block = scratch->attempt[0] / LK_AUDIT_BLOCK;
    const uint64_t audits[2] = {
        lk_audit_attempt(work->seed, work->index[problem], block),
        lk_audit_attempt(work->seed, work->index[problem], block + 1)};
    float least = INFINITY;
    size_t found = 0;

    for (size_t m = 0; m < count; m++) least = fminf(least, scratch->sse[m]);
    const double seen = (double)least + lk_widened(band, top, (double)least);
    const double bound = fmin(best, seen); /* of the best score after this tile */
    const double candidate = bound + lk_widened(band, top, bound);

    for (size_t m = 0; m < count; m++) {
        const double fast = (double)scratch->sse[m];
        const uint64_t attempt = scratch->attempt[m];
        const bool audited = attempt == audits[0] || attempt == audits[1];

        worker->row.histogram[lk_histogram_bin(scratch->sse[m])]++;
        if (audited || fast <= candidate ||
            lk_in_doubt(limit, (uint32_t)work->thresholds, fast, band)) {
            worker->suspects[found++] =
                (lk_suspect){problem, attempt, scratch->sse[m], audited};
        } else {
            count_draw(&worker->row, lk_bucket(limit, (uint32_t)work->thresholds, fast),
                       attempt);
        }
    }
    worker->row.attempts[0] += count;
    return found;
}

static void run_tile(lk_worker *worker, size_t problem, uint64_t first, size_t count)
{
    lk_scratch *scratch = worker->scratch;

    for (size_t m = 0; m < count; m++) scratch->attempt[m] = first + m;
    lk_cpu_latents(worker->device, problem, count, scratch);
    lk_cpu_fast_sse(worker->device, problem, count, scratch);

    const size_t found = sift(worker, problem, count, best_so_far(worker, problem));

    add_row(worker, problem);
    for (size_t i = 0; i < found; i++) {
        if (worker->queued == QUEUE) drain(worker);
        worker->queue[worker->queued++] = worker->suspects[i];
    }
}

static void run_unit(lk_worker *worker, const lk_unit *unit)
{
    const size_t tile = worker->device->tile;

    for (uint64_t done = 0; done < unit->count; done += tile) {
        const uint64_t left = unit->count - done;

        run_tile(worker, unit->problem, unit->first + done,
                 left < tile ? (size_t)left : tile);
    }
}

static void workers_close(lk_worker *worker, size_t count)
{
    for (size_t i = 0; worker != NULL && i < count; i++) {
        lk_tally_release(&worker[i].row);
        free(worker[i].suspects);
    }
    free(worker);
}

static lk_status workers_open(lk_worker **out, const lk_device *device, lk_tally *tally,
                              lk_run_notes *notes, lk_error *err)
{
    lk_worker *worker = calloc(device->threads, sizeof *worker);
    lk_status st = LK_OK;

    if (worker == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for workers");
    for (size_t i = 0; i < device->threads; i++) {
        worker[i].device = device;
        worker[i].scratch = &device->scratch[i];
        worker[i].tally = tally;
        worker[i].notes = notes;
        worker[i].suspects = calloc(device->tile, sizeof *worker[i].suspects);
        if (worker[i].suspects == NULL) {
            st = LK_FAIL(err, LK_E_MEMORY, "no room for a tile of %zu", device->tile);
            goto out;
        }
        LK_TRY(lk_tally_init(&worker[i].row, 1, device->work->thresholds, err));
    }
    *out = worker;
    worker = NULL;

out:
    workers_close(worker, device->threads);
    return st;
}

lk_status lk_cpu_run(lk_device *device, const lk_unit *unit, size_t units,
                     lk_tally *tally, lk_run_notes *notes, lk_error *err)
{
    lk_worker *worker = NULL;
    lk_status st = workers_open(&worker, device, tally, notes, err);

    if (st != LK_OK) return st;

#pragma omp parallel num_threads((int)device->threads)
    {
        lk_worker *mine = &worker[omp_get_thread_num()];

#pragma omp for schedule(dynamic, 1)
        for (size_t u = 0; u < units; u++) run_unit(mine, &unit[u]);
        drain(mine);
    }
    for (size_t i = 0; i < device->threads && st == LK_OK; i++) {
        st = worker[i].status;
        if (st != LK_OK && err != NULL) *err = worker[i].error;
    }
    workers_close(worker, device->threads);
    return st;
}
