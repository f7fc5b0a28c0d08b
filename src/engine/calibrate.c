/* calibrate.c - how far a fast score may lie from the canonical one.
 *
 * Worst-case rounding bounds are hundreds of times too wide, so the band is measured: the
 * largest difference among pilot draws near the thresholds, relative to each problem's
 * largest threshold, times a safety factor, and never less than the rounding of a float
 * at that threshold.  Audits during the run watch over it.
 */
#include <math.h>
#include <stdlib.h>

#include "engine/engine.h"

enum {
    PROBLEMS_MAX = 1024, /* that make pilots, spread evenly over all               */
    NEAR_ENOUGH = 256    /* pilots near the thresholds that outvote those far away */
};

lk_status lk_stopper_ask(const lk_stopper *stopper, lk_error *err)
{
    if (stopper->ask == NULL) return LK_OK;
    if (stopper->ask(stopper->context) != LK_STOP_NOW) return LK_OK;
    return LK_FAIL(err, LK_E_STOPPED, "stopped early; the same command goes on");
}

/* Pilots of a problem: the first `count` attempts, scored both ways. */
typedef struct {
    size_t count;
    uint64_t *attempt;
    double *fast, *canonical;
} lk_pilots;

typedef struct {
    double near, any; /* largest relative differences */
    size_t near_count;
} lk_spread;

static double largest_limit(const lk_workload *work, size_t problem)
{
    return work->limit[problem * work->thresholds + work->thresholds - 1];
}

static void pilots_release(lk_pilots *pilots)
{
    free(pilots->attempt);
    free(pilots->fast);
    free(pilots->canonical);
    *pilots = (lk_pilots){0};
}

static lk_status pilots_init(lk_pilots *pilots, size_t count, lk_error *err)
{
    *pilots = (lk_pilots){.count = count,
                          .attempt = calloc(count, sizeof *pilots->attempt),
                          .fast = calloc(count, sizeof *pilots->fast),
                          .canonical = calloc(count, sizeof *pilots->canonical)};
    if (pilots->attempt == NULL || pilots->fast == NULL || pilots->canonical == NULL) {
        pilots_release(pilots);
        return LK_FAIL(err, LK_E_MEMORY, "no room for %zu pilots", count);
    }
    for (size_t i = 0; i < count; i++) pilots->attempt[i] = i;
    return LK_OK;
}

static lk_status pilot(const lk_backend *backend, lk_device *device,
                       const lk_workload *work, size_t problem, const lk_pilots *pilots,
                       lk_spread *spread, lk_error *err)
{
    const double top = largest_limit(work, problem);
    lk_status st = LK_OK;

    LK_TRY(backend->score(device, LK_SCORER_FAST, problem, pilots->attempt,
                          pilots->count, pilots->fast, err));
    LK_TRY(backend->score(device, LK_SCORER_CANONICAL, problem, pilots->attempt,
                          pilots->count, pilots->canonical, err));
    for (size_t i = 0; i < pilots->count; i++) {
        const double off = fabs(pilots->fast[i] - pilots->canonical[i]) / top;

        if (!isfinite(off)) continue; /* such draws go to the canonical score anyway */
        if (off > spread->any) spread->any = off;
        if (pilots->canonical[i] > 2.0 * top) continue;
        spread->near_count++;
        if (off > spread->near) spread->near = off;
    }

out:
    return st;
}

lk_status lk_calibrate(const lk_backend *backend, lk_device *device, const lk_job *job,
                       double guard_scale, const lk_stopper *stopper, double *guard,
                       lk_error *err)
{
    const lk_workload *work = &job->work;
    const size_t step = (work->problems + PROBLEMS_MAX - 1) / PROBLEMS_MAX;
    const double floor = 0x1p-20; /* 16 roundings of a float */
    lk_device_info info;
    lk_pilots pilots = {0};
    lk_spread spread = {0};
    lk_status st = LK_OK;

    backend->info(device, &info);
    LK_TRY(pilots_init(&pilots, info.pilots > 0 ? info.pilots : 1, err));
    for (size_t p = 0; p < work->problems; p += step) {
        LK_TRY(lk_stopper_ask(stopper, err));
        LK_TRY(pilot(backend, device, work, p, &pilots, &spread, err));
    }
    const double seen = spread.near_count >= NEAR_ENOUGH ? spread.near : spread.any;
    const double relative = fmax(guard_scale * seen, floor);

    for (size_t p = 0; p < work->problems; p++) {
        guard[p] = fmax(guard[p], relative * largest_limit(work, p));
    }

out:
    pilots_release(&pilots);
    return st;
}
