/* rare_merge.c - estimates of the same spec, made apart, as one file. */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "engine/rare_columns.h"

/* Counts made of it what it is. */
static bool refused_by_counts(const lk_rare_estimate *e)
{
    return e->status == LK_RARE_DISAGREES && !isnan(e->check);
}

/* To the bit, what counts said apart. */
static bool same_estimate(const lk_rare_estimate *a, const lk_rare_estimate *b)
{
    for (size_t c = 0; c < LK_RARE_COLUMNS; c++) {
        const size_t offset = lk_rare_columns[c].offset;

        if (offset == offsetof(lk_rare_estimate, check) ||
            offset == offsetof(lk_rare_estimate, status) ||
            lk_rare_cell_get(a, c) == lk_rare_cell_get(b, c)) {
            continue;
        }
        return false;
    }
    return a->status == b->status || refused_by_counts(a) || refused_by_counts(b);
}

static lk_status check_mergeable(const lk_rare *a, const lk_rare *b, lk_error *err)
{
    const lk_rare_options *x = &a->options, *y = &b->options;
    const lk_status st = lk_spec_same(&a->spec, &b->spec, err);

    if (st != LK_OK) return st;
    for (size_t p = 0; p < a->spec.problems; p++) {
        if (a->index[p] == b->index[p]) continue;
        return LK_FAIL(err, LK_E_MISMATCH,
                       "row %zu is problem %" PRIu64 " in one and %" PRIu64
                       " in the other",
                       p, a->index[p], b->index[p]);
    }
    if (x->method != y->method) {
        return LK_FAIL(err, LK_E_MISMATCH, "another method: %s and %s",
                       lk_rare_method_name(x->method), lk_rare_method_name(y->method));
    }
    if (x->rel_error != y->rel_error) {
        return LK_FAIL(err, LK_E_MISMATCH, "another relative error: %g and %g",
                       x->rel_error, y->rel_error);
    }
    if (x->budget != y->budget) {
        return LK_FAIL(err, LK_E_MISMATCH,
                       "another budget: %" PRIu64 " and %" PRIu64 " draws", x->budget,
                       y->budget);
    }
    if (x->starts != y->starts) {
        return LK_FAIL(err, LK_E_MISMATCH, "another number of starts: %zu and %zu",
                       x->starts, y->starts);
    }
    return LK_OK;
}

/* The first estimate that both have and that differs; all of them where there is none. */
static size_t first_difference(const lk_rare *a, const lk_rare *b)
{
    const size_t thresholds = a->spec.thresholds;
    const size_t cells = a->spec.problems * thresholds;

    for (size_t i = 0; i < cells; i++) {
        if (lk_rare_done(a, i / thresholds) && lk_rare_done(b, i / thresholds) &&
            !same_estimate(&a->at[i], &b->at[i])) {
            return i;
        }
    }
    return cells;
}

/* Where only the other was held against counts, what they said. */
static void take_check(lk_rare_estimate *into, const lk_rare_estimate *from)
{
    if (!isnan(into->check) || isnan(from->check)) return;
    into->check = from->check;
    into->status = from->status;
}

lk_status lk_rare_merge(lk_rare *into, const lk_rare *from, size_t *added,
                        lk_error *err)
{
    const size_t thresholds = into->spec.thresholds;
    size_t differs, taken = 0;
    lk_status st = LK_OK;

    LK_TRY(check_mergeable(into, from, err));
    differs = first_difference(into, from);
    if (differs < into->spec.problems * thresholds) {
        return LK_FAIL(err, LK_E_MISMATCH,
                       "problem %" PRIu64
                       ", threshold %.12g: another estimate of the same",
                       into->index[differs / thresholds],
                       into->spec.threshold[differs % thresholds]);
    }
    for (size_t p = 0; p < into->spec.problems; p++) {
        lk_rare_estimate *to = into->at + p * thresholds;
        const lk_rare_estimate *of = from->at + p * thresholds;

        if (!lk_rare_done(from, p)) continue;
        if (lk_rare_done(into, p)) {
            for (size_t t = 0; t < thresholds; t++) take_check(&to[t], &of[t]);
        } else {
            memcpy(to, of, thresholds * sizeof *to);
            taken++;
        }
    }
    if (taken > 0) into->seconds += from->seconds;
    *added = taken;

out:
    return st;
}

bool lk_rare_holds(const lk_rare *whole, const lk_rare *part)
{
    if (check_mergeable(whole, part, NULL) != LK_OK) return false;
    for (size_t p = 0; p < whole->spec.problems; p++) {
        if (lk_rare_done(part, p) && !lk_rare_done(whole, p)) return false;
    }
    return first_difference(whole, part) ==
           whole->spec.problems * whole->spec.thresholds;
}
