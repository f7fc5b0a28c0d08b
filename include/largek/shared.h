/* largek/shared.h - one run for results that differ in score and thresholds alone.
 *
 * Every score grows with the SSE of a draw, so whatever the score, a success is an SSE at or
 * below a limit.  A shared run counts at the limits of all its results and deals the counts
 * out; each result gets those of a run of its own.
 *
 *     lk_shared_fits   which results may share
 *     lk_shared_open   the union of their limits, and what they have by now
 *     lk_run           on the job and on shared->result
 *     lk_shared_deal   before each save, and at the end
 */
#ifndef LK_SHARED_H
#define LK_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "largek/result.h"
#include "largek/run.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A threshold of a cell. */
typedef struct {
    uint8_t cell, threshold;
} lk_shared_place;

/* Limits ascend problem by problem, in an order of its own for each: that of a rel-l2
 * among others depends on the target. */
typedef struct {
    size_t cells;
    lk_result *cell[LK_THRESHOLDS_MAX]; /* the caller's */
    lk_result result;                   /* for lk_run; column i of problem p counts at
                                           place[p][i]                                */
    lk_shared_place *place;             /* [problems][result.spec.thresholds]         */

    /* Of what happened on the way, as much as the cells know. */
    uint64_t redecided, audited, violations;
    double seconds;
} lk_shared;

/* Whether one run can make the attempts that both lack: the same spec but for score and
 * thresholds, no `until`, no traces, and the same attempts done, with all that these left
 * whatever the limits. */
bool lk_shared_fits(const lk_result *a, const lk_result *b);

/* Gathers cells that fit each other.
 *
 * job        their union as a device sees it
 * Ownership  *out and *job are the caller's; end them with lk_shared_close and
 *            lk_job_release.  Cells, decoder and problems must outlive both
 * Errors     LK_E_ARG for cells that do not fit, and for more than LK_THRESHOLDS_MAX
 *            thresholds in all; those of lk_job_init */
lk_status lk_shared_open(lk_shared *out, lk_job *job, const lk_mlp *decoder,
                         const lk_problems *problems, lk_result *const *cell,
                         size_t cells, lk_error *err);
void lk_shared_close(lk_shared *shared); /* {0} is fine */

/* Makes every cell what a run of its own would have made it by now.  Guard band, audits,
 * device and seconds are those of the shared run.
 * Errors  LK_E_MEMORY: the cells are not to be used then, until a call that succeeds */
lk_status lk_shared_deal(lk_shared *shared, lk_error *err);

/* Successes of problem row p at a threshold of a cell, dealt out or not. */
uint64_t lk_shared_successes(const lk_shared *shared, size_t cell, size_t threshold,
                             size_t p);

#ifdef __cplusplus
}
#endif

#endif /* LK_SHARED_H */
