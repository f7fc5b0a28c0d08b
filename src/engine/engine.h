/* engine.h - what the engine's own files share. */
#ifndef LK_ENGINE_ENGINE_H
#define LK_ENGINE_ENGINE_H

#include "largek/run.h"

/* Widens the guard bands to what pilot draws on this device call for.
 * Errors  those of the device, LK_E_MEMORY */
lk_status lk_calibrate(const lk_backend *backend, lk_device *device, const lk_job *job,
                       double guard_scale, double *guard, lk_error *err);

/* Units of missing attempts, level by level over all problems. */
typedef struct {
    const lk_result *result;
    uint64_t draws, slice, unit_max;
    uint64_t level; /* attempts below it are planned or done */
    size_t problem; /* next at this level                    */
    uint64_t from;  /* next attempt of that problem          */
} lk_plan;

/* Starts a plan over what `result` lacks below `draws`. */
void lk_plan_start(lk_plan *plan, const lk_result *result, uint64_t draws,
                   uint64_t slice, uint64_t unit_max);

/* Fills up to `room` units of together at least `wanted` attempts, where that many are
 * missing; returns how many units, 0 where nothing is.  The result must not change
 * between a call and the recording of its units. */
size_t lk_plan_next(lk_plan *plan, uint64_t wanted, lk_unit *unit, size_t room);

/* Attempts below `draws` that the result has. */
uint64_t lk_done_below(const lk_ranges *ranges, uint64_t draws);

#endif /* LK_ENGINE_ENGINE_H */
