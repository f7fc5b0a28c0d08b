/* verify_all.c - every attempt of a result again. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/verify_parts.h"

enum { PASSES_MAX = 16 };

/* Where a pass stands among the done ranges of the rows that it makes. */
typedef struct {
    const bool *wanted; /* [problems] */
    size_t row, range;
    uint64_t from; /* in the range */
} place;

/* The next units, of together about as many attempts as keep a device busy. */
static size_t next_units(lk_check *check, place *at, uint64_t *attempts)
{
    const lk_result *r = check->result;
    size_t units = 0;

    *attempts = 0;
    while (at->row < r->spec.problems && units < LK_VERIFY_UNITS &&
           *attempts < 64 * check->unit_max) {
        const lk_ranges *done = &r->done[at->row];

        if (!at->wanted[at->row] || at->range == done->count) {
            at->row++;
            at->range = 0;
            at->from = 0;
            continue;
        }
        const lk_range *range = &done->range[at->range];
        const uint64_t left = range->end - range->first - at->from;
        const uint64_t count = left < check->unit_max ? left : check->unit_max;

        check->unit[units++] = (lk_unit){at->row, range->first + at->from, count};
        *attempts += count;
        at->from += count;
        if (count == left) {
            at->range++;
            at->from = 0;
        }
    }
    return units;
}

static lk_status make_rows(lk_check *check, const bool *wanted, lk_tally *into,
                           lk_error *err)
{
    place at = {.wanted = wanted};
    uint64_t attempts = 0;
    size_t units;
    lk_status st = LK_OK;

    while ((units = next_units(check, &at, &attempts)) > 0) {
        LK_TRY(check->backend->run(check->device, check->unit, units, into,
                                   &check->notes, err));
        check->report->again += attempts;
        LK_TRY(lk_check_pause(check, attempts, err));
    }

out:
    return st;
}

/* Rows whose audit fell outside the band once more, with a wider one. */
static lk_status make_all(lk_check *check, bool *wanted, lk_tally *into, lk_error *err)
{
    const size_t problems = check->result->spec.problems;
    bool again = true;
    lk_status st = LK_OK;

    for (int pass = 0; again && pass < PASSES_MAX; pass++) {
        LK_TRY(make_rows(check, wanted, into, err));
        LK_TRY(lk_check_widen(check, &again, err));
        for (size_t p = 0; p < problems; p++) {
            wanted[p] = check->notes.violation[p] != 0.0;
            check->notes.violation[p] = 0.0;
            if (wanted[p]) lk_tally_clear(into, p);
        }
    }

out:
    return st;
}

static void compare_row(lk_check *check, size_t p, const lk_tally *again)
{
    const lk_result *r = check->result;
    const lk_tally *kept = &r->tally;

    for (size_t t = 0; t < kept->thresholds; t++) {
        const size_t cell = p * kept->thresholds + t;

        if (kept->successes[cell] != again->successes[cell]) {
            lk_check_differ(check,
                            "problem %" PRIu64 ": %" PRIu64
                            " successes at threshold %.12g, made again %" PRIu64,
                            r->index[p], kept->successes[cell], r->spec.threshold[t],
                            again->successes[cell]);
        }
        if (kept->first[cell] != again->first[cell]) {
            lk_check_differ(check,
                            "problem %" PRIu64 ": first success at threshold %.12g is "
                            "attempt %" PRId64 ", made again %" PRId64,
                            r->index[p], r->spec.threshold[t],
                            (int64_t)kept->first[cell], (int64_t)again->first[cell]);
        }
    }
    if (kept->best[p] != again->best[p] ||
        kept->best_attempt[p] != again->best_attempt[p]) {
        lk_check_differ(check,
                        "problem %" PRIu64 ": best SSE %.17g at attempt %" PRId64
                        ", made again %.17g at %" PRId64,
                        r->index[p], kept->best[p], (int64_t)kept->best_attempt[p],
                        again->best[p], (int64_t)again->best_attempt[p]);
    }
}

lk_status lk_check_all(lk_check *check, lk_error *err)
{
    const lk_spec *spec = &check->result->spec;
    bool *wanted = calloc(spec->problems, sizeof *wanted);
    lk_tally again = {0};
    lk_status st = LK_OK;

    if (wanted == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu problems", spec->problems);
        goto out;
    }
    LK_TRY(lk_tally_init(&again, spec->problems, spec->thresholds, err));
    for (size_t p = 0; p < spec->problems; p++) wanted[p] = true;
    LK_TRY(make_all(check, wanted, &again, err));
    for (size_t p = 0; p < spec->problems; p++) compare_row(check, p, &again);

out:
    lk_tally_release(&again);
    free(wanted);
    return st;
}
