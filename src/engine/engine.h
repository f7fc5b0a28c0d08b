/* engine.h - what the engine's own files share. */
#ifndef LK_ENGINE_ENGINE_H
#define LK_ENGINE_ENGINE_H

#include "largek/run.h"

/* Somebody who may want to stop long work: on_batch of its options. */
typedef struct {
    lk_wish (*ask)(void *context); /* or NULL */
    void *context;
} lk_stopper;

/* Errors  LK_E_STOPPED where that is wished */
lk_status lk_stopper_ask(const lk_stopper *stopper, lk_error *err);

/* Widens the guard bands to what pilot draws on this device call for.
 * Errors  those of the device, LK_E_MEMORY, LK_E_STOPPED */
lk_status lk_calibrate(const lk_backend *backend, lk_device *device, const lk_job *job,
                       double guard_scale, const lk_stopper *stopper, double *guard,
                       lk_error *err);

/* Canonical scores of the first `count` attempts at every problem, in units of the score.
 * Ownership  *out [problems][count] is the caller's; free it
 * Errors     as above */
lk_status lk_trace_make(const lk_backend *backend, lk_device *device, const lk_job *job,
                        lk_score score, size_t count, const lk_stopper *stopper,
                        double **out, lk_error *err);

/* The first attempt >= from of problem row `row` that is the share's, and in *end where
 * that stretch ends; 2^64 - 1 where there is none below 2^62. */
uint64_t lk_share_next(const lk_share *share, size_t row, uint64_t from, uint64_t *end);

/* How many attempts below `draws` are the share's. */
uint64_t lk_share_count(const lk_share *share, size_t row, uint64_t draws);

/* Units of missing attempts, level by level over all problems. */
typedef struct {
    const lk_result *result;
    lk_share share;
    uint64_t draws, slice, unit_max;
    uint64_t level; /* attempts below it are planned or done */
    size_t problem; /* next at this level                    */
    uint64_t from;  /* next attempt of that problem          */
} lk_plan;

/* Starts a plan over what `result` lacks of the share's attempts below `draws`. */
void lk_plan_start(lk_plan *plan, const lk_result *result, lk_share share,
                   uint64_t draws, uint64_t slice, uint64_t unit_max);

/* Fills up to `room` units of together at least `wanted` attempts, where that many are
 * missing; returns how many units, 0 where nothing is.  The result must not change
 * between a call and the recording of its units. */
size_t lk_plan_next(lk_plan *plan, uint64_t wanted, lk_unit *unit, size_t room);

/* a + b, or 2^64 - 1 where that is less. */
static inline uint64_t lk_add_capped(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

#endif /* LK_ENGINE_ENGINE_H */
