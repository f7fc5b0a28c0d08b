/* labour.h - one thread that makes pieces of work on a device, while another talks.
 *
 * Work and reports are messages (see rank.h), at rank 0 as everywhere: a rank's own work
 * takes the same way as that of others, but for the wire.
 */
#ifndef LK_CLUSTER_LABOUR_H
#define LK_CLUSTER_LABOUR_H

#include "cluster/rank.h"

typedef struct lk_labour lk_labour;

/* What is known when a piece is given: units, and the tally for the best scores so far. */
void lk_work_put(lk_parcel *parcel, const lk_unit *unit, size_t units,
                 const lk_tally *tally);

typedef struct {
    double attempts, seconds;
} lk_pace;

/* How fast the piece was: the first to be taken from a report. */
lk_pace lk_report_pace(lk_message *report);

/* What follows, added to a tally; `row` is of one problem, for use within, `host` that of
 * the rank that made it.
 * attempts  (filled) that its rows account for
 * Errors    the rank's own, LK_E_NUMERIC, LK_E_INTERNAL */
lk_status lk_report_add(lk_message *report, const char *host, lk_tally *tally,
                        lk_tally *row, lk_run_notes *notes, uint64_t *attempts,
                        lk_error *err);

/* Starts the thread.
 * Ownership  device and work stay the caller's; end it with lk_labour_close
 * Errors     LK_E_MEMORY, LK_E_INTERNAL */
lk_status lk_labour_open(lk_labour **out, const lk_backend *backend, lk_device *device,
                         const lk_workload *work, lk_error *err);

/* Puts a WORK message in the queue; it becomes the labour's.
 * Errors  LK_E_INTERNAL where the queue, of LK_PIECES_MAX, is full */
enum { LK_PIECES_MAX = 2 };
lk_status lk_labour_give(lk_labour *labour, lk_message *work, lk_error *err);

/* A finished REPORT, to be sent or read; false where there is none. */
bool lk_labour_take(lk_labour *labour, lk_parcel *report);

/* Whether anything is in the queue or under way. */
bool lk_labour_busy(lk_labour *labour);

/* Waits until a report is there, at most that long. */
void lk_labour_wait(lk_labour *labour, double seconds);

/* Drops what has not been begun, waits for what has.  NULL is fine. */
void lk_labour_close(lk_labour *labour);

#endif /* LK_CLUSTER_LABOUR_H */
