/* report.c - work as a message, and what came of it. */
#include <inttypes.h>
#include <math.h>

#include "cluster/labour.h"

void lk_work_put(lk_parcel *parcel, const lk_unit *unit, size_t units,
                 const lk_tally *tally)
{
    lk_parcel_put_u64(parcel, units);
    for (size_t u = 0; u < units; u++) {
        const size_t p = unit[u].problem;

        lk_parcel_put_u64(parcel, p);
        lk_parcel_put_u64(parcel, unit[u].first);
        lk_parcel_put_u64(parcel, unit[u].count);
        lk_parcel_put_f64(parcel, tally->best[p]);
        lk_parcel_put_u64(parcel, tally->best_attempt[p]);
    }
}

lk_pace lk_report_pace(lk_message *report)
{
    lk_pace pace;

    pace.attempts = lk_parcel_take_f64(&report->parcel);
    pace.seconds = lk_parcel_take_f64(&report->parcel);
    return pace;
}

/* Histogram bins that are not empty, as pairs. */
static void take_histogram(lk_parcel *parcel, uint64_t *bin)
{
    const uint64_t pairs = lk_parcel_take_u64(parcel);

    for (uint64_t i = 0; i < pairs && !parcel->bad; i++) {
        const uint64_t b = lk_parcel_take_u64(parcel);
        const uint64_t count = lk_parcel_take_u64(parcel);

        if (b < LK_HISTOGRAM_BINS) bin[b] = count;
    }
}

static lk_status add_row(lk_parcel *parcel, lk_tally *tally, lk_tally *row,
                         lk_run_notes *notes, lk_error *err)
{
    const uint64_t p = lk_parcel_take_u64(parcel);
    const double violation = lk_parcel_take_f64(parcel);

    lk_tally_clear(row, 0);
    row->attempts[0] = lk_parcel_take_u64(parcel);
    row->best[0] = lk_parcel_take_f64(parcel);
    row->best_attempt[0] = lk_parcel_take_u64(parcel);
    lk_parcel_take(parcel, row->successes, row->thresholds * sizeof(uint64_t));
    lk_parcel_take(parcel, row->first, row->thresholds * sizeof(uint64_t));
    take_histogram(parcel, row->histogram);
    if (parcel->bad || p >= tally->problems) {
        return LK_FAIL(err, LK_E_INTERNAL, "a rank's report was cut short");
    }
    notes->violation[p] = fmax(notes->violation[p], violation);
    return lk_tally_add(tally, (size_t)p, row, 0, err);
}

lk_status lk_report_add(lk_message *report, const char *host, lk_tally *tally,
                        lk_tally *row, lk_run_notes *notes, uint64_t *attempts,
                        lk_error *err)
{
    lk_parcel *parcel = &report->parcel;
    lk_status st = lk_message_take_status(report, host, err);

    *attempts = 0;
    if (st != LK_OK) return st;
    notes->redecided += lk_parcel_take_u64(parcel);
    notes->audited += lk_parcel_take_u64(parcel);
    notes->audit_largest = fmax(notes->audit_largest, lk_parcel_take_f64(parcel));

    const uint64_t rows = lk_parcel_take_u64(parcel);

    for (uint64_t r = 0; r < rows; r++) {
        st = add_row(parcel, tally, row, notes, err);
        if (st != LK_OK) return st;
        *attempts += row->attempts[0];
    }
    if (parcel->bad) {
        return LK_FAIL(err, LK_E_INTERNAL, "a rank's report was cut short");
    }
    return LK_OK;
}
