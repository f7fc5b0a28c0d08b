/* engine.h - what the engine's own files share. */
#ifndef LK_ENGINE_ENGINE_H
#define LK_ENGINE_ENGINE_H

#include "largek/run.h"
#include "largek/safetensors.h"

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

enum { LK_RESULT_TENSORS = 11, LK_RESULT_ENTRIES = 4 };

/* A result as the file that it becomes; it points into the result and into itself. */
typedef struct {
    int64_t *done;
    char *spec, *run;
    lk_tensor tensor[LK_RESULT_TENSORS];
    lk_entry
        entry[LK_RESULT_ENTRIES]; /* format, largek.spec, largek.run, then others */
    lk_safetensors file;
} lk_result_layout;

/* Ownership  *out is the caller's, also on failure; end it with lk_result_layout_release
 * Errors     LK_E_MEMORY */
lk_status lk_result_lay_out(const lk_result *result, lk_result_layout *out,
                            lk_error *err);
void lk_result_layout_release(lk_result_layout *layout); /* {0} is fine */

/* Reads a file that is to be a result or several.
 * Errors  LK_E_IO, LK_E_MEMORY; LK_E_MISMATCH for whatever is wrong with it */
lk_status lk_result_load(const char *path, lk_safetensors *out, lk_error *err);

/* The result that a file is, checked.
 * Ownership  *out is the caller's
 * Errors     LK_E_MEMORY, LK_E_MISMATCH */
lk_status lk_result_take(const char *path, const lk_safetensors *file, lk_result *out,
                         lk_error *err);

/* How units get run. */
typedef struct {
    const lk_backend *backend;
    lk_device *device;
    lk_unit *unit; /* [units_max], for whoever calls */
    size_t units_max;
    uint64_t unit_max; /* attempts */
    lk_run_notes *notes;
} lk_runner;

/* Attempts first .. end - 1 of a row. */
typedef struct {
    size_t problem;
    uint64_t first, end;
} lk_span;

/* Attempts where outcomes decide how many. */
typedef struct {
    lk_result *result;
    uint64_t draws; /* most that a problem gets                      */
    uint64_t made;  /* by the last batch                             */
    lk_tally scratch;
    size_t spans;
    lk_span *span; /* [problems] at most one a problem               */
    lk_span *hunt; /* [problems] those with a last attempt in them   */
} lk_pursuit;

/* Ownership  the result stays the caller's; *pursuit is for lk_pursuit_close
 * Errors     LK_E_MEMORY */
lk_status lk_pursuit_open(lk_pursuit *pursuit, lk_result *result, uint64_t draws,
                          lk_error *err);
void lk_pursuit_close(lk_pursuit *pursuit); /* {0} is fine */

/* Makes about `wanted` attempts that the result's `until` asks for, or says that there are
 * none.  Problems with a violation in the notes are left for the caller to clear.
 * Errors  what the device says; LK_E_DEVICE where it counts the same attempts twice
 *         and gets two results; LK_E_MEMORY */
lk_status lk_pursuit_batch(lk_pursuit *pursuit, const lk_runner *runner,
                           uint64_t wanted, bool *finished, lk_error *err);

/* Attempts that the result may still get by the `until` of its spec; 2^64 - 1 for more than
 * that. */
uint64_t lk_pursuit_missing(const lk_result *result, uint64_t draws);

/* Whether a problem's done ranges and successes are such as its `until` makes. */
bool lk_pursuit_agrees(const lk_result *result, size_t p);

/* The tensor of that name, where it has this dtype and shape; columns 0: of rank 1.
 * Errors  LK_E_MISMATCH with path and name */
lk_status lk_tensor_expect(const char *path, const lk_safetensors *file,
                           const char *name, lk_dtype dtype, uint64_t rows,
                           uint64_t columns, const lk_tensor **out, lk_error *err);

#endif /* LK_ENGINE_ENGINE_H */
