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
    PILOTS_EACH = 64,
    PILOTS_MAX = 65536,
    NEAR_ENOUGH = 256 /* pilots near the thresholds that outvote those far away */
};

typedef struct {
    double near, any; /* largest relative differences */
    size_t near_count;
} lk_spread;

static double largest_limit(const lk_workload *work, size_t problem)
{
    return work->limit[problem * work->thresholds + work->thresholds - 1];
}

static lk_status pilot(const lk_backend *backend, lk_device *device,
                       const lk_workload *work, size_t problem, lk_spread *spread,
                       lk_error *err)
{
    const double top = largest_limit(work, problem);
    uint64_t attempt[PILOTS_EACH];
    double fast[PILOTS_EACH], canonical[PILOTS_EACH];
    lk_status st = LK_OK;

    for (size_t i = 0; i < PILOTS_EACH; i++) attempt[i] = i;
    LK_TRY(backend->score(device, LK_SCORER_FAST, problem, attempt, PILOTS_EACH, fast,
                          err));
    LK_TRY(backend->score(device, LK_SCORER_CANONICAL, problem, attempt, PILOTS_EACH,
                          canonical, err));
    for (size_t i = 0; i < PILOTS_EACH; i++) {
        const double off = fabs(fast[i] - canonical[i]) / top;

        if (!isfinite(off)) continue; /* such draws go to the canonical score anyway */
        if (off > spread->any) spread->any = off;
        if (canonical[i] > 2.0 * top) continue;
        spread->near_count++;
        if (off > spread->near) spread->near = off;
    }

out:
    return st;
}

lk_status lk_calibrate(const lk_backend *backend, lk_device *device, const lk_job *job,
                       double guard_scale, double *guard, lk_error *err)
{
    const lk_workload *work = &job->work;
    const size_t most = PILOTS_MAX / PILOTS_EACH;
    const size_t step = (work->problems + most - 1) / most;
    const double floor = 0x1p-20; /* 16 roundings of a float */
    lk_spread spread = {0};
    lk_status st = LK_OK;

    for (size_t p = 0; p < work->problems; p += step) {
        LK_TRY(pilot(backend, device, work, p, &spread, err));
    }
    const double seen = spread.near_count >= NEAR_ENOUGH ? spread.near : spread.any;
    const double relative = fmax(guard_scale * seen, floor);

    for (size_t p = 0; p < work->problems; p++) {
        guard[p] = fmax(guard[p], relative * largest_limit(work, p));
    }

out:
    return st;
}
