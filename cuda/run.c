/* run.c - units into counts: chunks through the fast stage, suspects through the others.
 *
 * A chunk is up to device->rows draws of one unit or of several; its stages are queued
 * and the host runs ahead by two chunks, so that the device never waits for it.  After
 * each chunk the length of the queue of suspects comes back; where two more chunks might
 * not fit, the queue is drained: once more in fp32 where the fast net is coarser, and what
 * is still in doubt by the canonical score, whose results the host counts.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "sift.h"

/* A run under way. */
typedef struct {
    lk_device *device;
    lk_tally part;     /* [slots]: what this run counted; successes are buckets */
    uint32_t *problem; /* [slots] */
    size_t slots;
    lk_run_notes *notes;
} lk_flight;

static lk_status assign_slots(lk_flight *flight, const lk_unit *unit, size_t units,
                              lk_error *err)
{
    lk_device *device = flight->device;

    for (size_t u = 0; u < units; u++) {
        uint32_t *slot = &device->slot_of[unit[u].problem];

        if (*slot != UINT32_MAX) continue;
        if (flight->slots == device->slots) {
            return LK_FAIL(err, LK_E_ARG, "more than %zu problems in a run",
                           device->slots);
        }
        *slot = (uint32_t)flight->slots;
        flight->problem[flight->slots++] = (uint32_t)unit[u].problem;
    }
    return LK_OK;
}

static lk_status clear_accumulators(lk_flight *flight, const lk_tally *tally,
                                    lk_error *err)
{
    lk_device *device = flight->device;
    const lk_accumulators *into = &device->into;
    const size_t cells = flight->slots * device->host->thresholds;
    uint32_t *least = malloc(flight->slots * sizeof *least);
    lk_status st = LK_OK;

    if (least == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a run");
    for (size_t s = 0; s < flight->slots; s++) {
        const uint32_t p = flight->problem[s];

        /* Whatever beats the best canonical score so far is within a band of it. */
        least[s] = lk_order_of_float(nextafterf((float)tally->best[p], INFINITY));
    }
    LK_CUDA(cudaMemcpyAsync(into->least, least, flight->slots * sizeof *least,
                            cudaMemcpyHostToDevice, device->stream));
    LK_CUDA(cudaMemsetAsync(into->bucket, 0, cells * 8, device->stream));
    LK_CUDA(cudaMemsetAsync(into->first, 0xff, cells * 8, device->stream));
    LK_CUDA(cudaMemsetAsync(into->histogram, 0, flight->slots * LK_HISTOGRAM_BINS * 8,
                            device->stream));
    LK_CUDA(cudaMemsetAsync(into->queued, 0, sizeof *into->queued, device->stream));
    LK_CUDA(cudaStreamSynchronize(device->stream)); /* `least` goes */

out:
    free(least);
    return st;
}

static void note_audit(lk_flight *flight, const lk_suspect *s, double score)
{
    const lk_workload *work = flight->device->host;
    const size_t p = s->row.problem;
    const double *limit = work->limit + p * work->thresholds;
    const double top = limit[work->thresholds - 1];
    const double band = flight->device->host_band[p];
    const double least = fmin((double)s->fast, score);
    const double off = fabs((double)s->fast - score) / lk_widened(1.0, top, least);
    lk_run_notes *notes = flight->notes;

    notes->audited++;
    /* Far above the thresholds and the best score a difference decides nothing. */
    if (!isfinite(off) || least > 2.0 * fmax(top, flight->part.best[s->row.slot]))
        return;
    if (off > notes->audit_largest) notes->audit_largest = off;
    if (band > 0.0 && off > band && off > notes->violation[p])
        notes->violation[p] = off;
}

/* Counts draws that the canonical score has decided. */
static void settle(lk_flight *flight, const lk_suspect *suspect, const double *score,
                   uint32_t count)
{
    const lk_workload *work = flight->device->host;
    lk_tally *part = &flight->part;

    for (uint32_t i = 0; i < count; i++) {
        const lk_suspect *s = &suspect[i];
        const size_t slot = s->row.slot, cell = slot * work->thresholds;
        const double *limit = work->limit + s->row.problem * work->thresholds;
        const uint32_t b = lk_bucket(limit, (uint32_t)work->thresholds, score[i]);

        if (b < work->thresholds) {
            part->successes[cell + b]++;
            if (s->row.attempt < part->first[cell + b]) {
                part->first[cell + b] = s->row.attempt;
            }
        }
        if (score[i] < part->best[slot] ||
            (score[i] == part->best[slot] &&
             s->row.attempt < part->best_attempt[slot])) {
            part->best[slot] = score[i];
            part->best_attempt[slot] = s->row.attempt;
        }
        if (s->why & LK_SUSPECT_AUDIT) note_audit(flight, s, score[i]);
    }
    flight->notes->redecided += count;
}

/* Decides suspects that lie on the device, at most device->rows. */
static lk_status decide(lk_flight *flight, const lk_suspect *suspect, uint32_t count,
                        lk_error *err)
{
    lk_device *device = flight->device;
    lk_status st = LK_OK;

    LK_CUDA(lk_cuda_suspect_rows(suspect, count, device->row, device->stream));
    LK_TRY(lk_stage_canonical(device, count, false, err));
    LK_CUDA(cudaMemcpyAsync(device->suspect, suspect, count * sizeof *suspect,
                            cudaMemcpyDeviceToHost, device->stream));
    LK_CUDA(cudaMemcpyAsync(device->score, device->canonical, count * sizeof(double),
                            cudaMemcpyDeviceToHost, device->stream));
    LK_CUDA(cudaStreamSynchronize(device->stream));
    settle(flight, device->suspect, device->score, count);

out:
    return st;
}

/* Scores suspects again in fp32, and decides those still in doubt. */
static lk_status look_again(lk_flight *flight, const lk_suspect *suspect,
                            uint32_t count, lk_error *err)
{
    lk_device *device = flight->device;
    unsigned int left = 0;
    lk_status st = LK_OK;

    LK_CUDA(lk_cuda_suspect_rows(suspect, count, device->row, device->stream));
    LK_TRY(lk_stage_net(device, &device->exact, count, err));
    LK_CUDA(cudaMemsetAsync(device->second.queued, 0, sizeof left, device->stream));
    LK_CUDA(lk_cuda_sift(&device->middle, device->row, count, device->sse, suspect,
                         &device->second, device->stream));
    LK_CUDA(cudaMemcpyAsync(device->counter, device->second.queued, sizeof left,
                            cudaMemcpyDeviceToHost, device->stream));
    LK_CUDA(cudaStreamSynchronize(device->stream));
    left = device->counter[0];
    if (left > 0) LK_TRY(decide(flight, device->second.queue, left, err));

out:
    return st;
}

static lk_status drain(lk_flight *flight, lk_error *err)
{
    lk_device *device = flight->device;
    const bool middle = device->exact.layers > 0;
    const uint32_t step = middle ? device->exact.rows : device->rows;
    unsigned int count = 0;
    lk_status st = LK_OK;

    LK_CUDA(cudaMemcpyAsync(device->counter, device->into.queued, sizeof count,
                            cudaMemcpyDeviceToHost, device->stream));
    LK_CUDA(cudaStreamSynchronize(device->stream));
    count = device->counter[0];
    if (count > device->into.queue_room) {
        st = LK_FAIL(err, LK_E_INTERNAL, "the queue of suspects overflowed");
        goto out;
    }
    for (unsigned int at = 0; at < count; at += step) {
        const lk_suspect *from = device->into.queue + at;
        const uint32_t here = count - at < step ? count - at : step;

        if (middle) {
            LK_TRY(look_again(flight, from, here, err));
        } else {
            LK_TRY(decide(flight, from, here, err));
        }
    }
    LK_CUDA(cudaMemsetAsync(device->into.queued, 0, sizeof count, device->stream));

out:
    return st;
}

/* The next chunk's segments from (*u, *done) on; returns its rows. */
static uint32_t plan_chunk(const lk_device *device, const lk_unit *unit, size_t units,
                           size_t *u, uint64_t *done, lk_segment *plan,
                           uint32_t *segments)
{
    uint32_t rows = 0;

    *segments = 0;
    while (*u < units && rows < device->rows) {
        const lk_unit *here = &unit[*u];
        const uint64_t left = here->count - *done;
        const uint32_t room = device->rows - rows;
        const uint32_t count = left < room ? (uint32_t)left : room;

        plan[(*segments)++] = (lk_segment){.first = here->first + *done,
                                           .problem = (uint32_t)here->problem,
                                           .slot = device->slot_of[here->problem],
                                           .start = rows,
                                           .count = count};
        rows += count;
        *done += count;
        if (*done == here->count) {
            *done = 0;
            (*u)++;
        }
    }
    return rows;
}

static lk_status fly(lk_flight *flight, const lk_unit *unit, size_t units,
                     lk_error *err)
{
    lk_device *device = flight->device;
    uint64_t done = 0;
    size_t u = 0;
    lk_status st = LK_OK;

    for (uint64_t chunk = 0; u < units; chunk++) {
        const int which = (int)(chunk % 2);
        uint32_t segments, rows;

        if (chunk >= 2) { /* two chunks back is done; at most two more are under way */
            LK_CUDA(cudaEventSynchronize(device->done[which]));
            if (device->counter[which] > (LK_QUEUE_CHUNKS - 2) * device->rows) {
                LK_TRY(drain(flight, err));
                device->counter[0] = device->counter[1] = 0;
            }
        }
        rows =
            plan_chunk(device, unit, units, &u, &done, device->plan[which], &segments);
        LK_TRY(lk_chunk_launch(device, which, segments, rows, err));
    }
    LK_TRY(drain(flight, err));

out:
    return st;
}

/* Adds what the device counted to the flight's part. */
static lk_status collect(lk_flight *flight, lk_error *err)
{
    lk_device *device = flight->device;
    const size_t cells = flight->slots * device->host->thresholds;
    const size_t bins = flight->slots * LK_HISTOGRAM_BINS;
    uint64_t *bucket = malloc(cells * 8), *first = malloc(cells * 8);
    lk_status st = LK_OK;

    if (bucket == NULL || first == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for a run's counts");
        goto out;
    }
    LK_CUDA(cudaMemcpyAsync(bucket, device->into.bucket, cells * 8,
                            cudaMemcpyDeviceToHost, device->stream));
    LK_CUDA(cudaMemcpyAsync(first, device->into.first, cells * 8,
                            cudaMemcpyDeviceToHost, device->stream));
    LK_CUDA(cudaMemcpyAsync(flight->part.histogram, device->into.histogram, bins * 8,
                            cudaMemcpyDeviceToHost, device->stream));
    LK_CUDA(cudaStreamSynchronize(device->stream));
    for (size_t i = 0; i < cells; i++) {
        flight->part.successes[i] += bucket[i];
        if (first[i] < flight->part.first[i]) flight->part.first[i] = first[i];
    }

out:
    free(bucket);
    free(first);
    return st;
}

/* Buckets to counts, and the part to the tally. */
static lk_status hand_over(lk_flight *flight, lk_tally *tally, lk_error *err)
{
    const size_t thresholds = tally->thresholds;
    lk_status st = LK_OK;

    for (size_t s = 0; s < flight->slots; s++) {
        uint64_t *c = flight->part.successes + s * thresholds;
        uint64_t *first = flight->part.first + s * thresholds;

        for (size_t t = 1; t < thresholds; t++) {
            c[t] += c[t - 1];
            if (first[t - 1] < first[t]) first[t] = first[t - 1];
        }
        LK_TRY(lk_tally_add(tally, flight->problem[s], &flight->part, s, err));
    }

out:
    return st;
}

lk_status lk_cuda_run(lk_device *device, const lk_unit *unit, size_t units,
                      lk_tally *tally, lk_run_notes *notes, lk_error *err)
{
    lk_flight flight = {.device = device, .notes = notes};
    lk_status st = LK_OK;

    if (units == 0) return LK_OK;
    flight.problem = malloc(device->slots * sizeof *flight.problem);
    if (flight.problem == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a run");
    LK_TRY(assign_slots(&flight, unit, units, err));
    LK_TRY(lk_tally_init(&flight.part, flight.slots, device->host->thresholds, err));
    for (size_t u = 0; u < units; u++) {
        flight.part.attempts[device->slot_of[unit[u].problem]] += unit[u].count;
    }
    for (size_t s = 0; s < flight.slots; s++) { /* a minimum may be taken twice */
        flight.part.best[s] = tally->best[flight.problem[s]];
        flight.part.best_attempt[s] = tally->best_attempt[flight.problem[s]];
    }
    LK_CUDA(cudaSetDevice(device->ordinal));
    if (device->by_library) {
        LK_TRY(lk_library_seed(&device->library, device->host->seed,
                               device->host->index[unit[0].problem], unit[0].first,
                               err));
    }
    LK_TRY(clear_accumulators(&flight, tally, err));
    LK_TRY(fly(&flight, unit, units, err));
    LK_TRY(collect(&flight, err));
    LK_TRY(hand_over(&flight, tally, err));

out:
    for (size_t s = 0; s < flight.slots; s++)
        device->slot_of[flight.problem[s]] = UINT32_MAX;
    lk_tally_release(&flight.part);
    free(flight.problem);
    return lk_device_named(device, st, err);
}
