/* merge.c - adds up results of disjoint attempts. */
#include "largek/merge.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "engine/engine.h"

/* How the attempts of one result lie to those of another. */
typedef enum { APART, WITHIN, SHARED } relation;

static uint64_t total_attempts(const lk_result *result)
{
    uint64_t total = 0;

    for (size_t p = 0; p < result->spec.problems; p++) {
        total = lk_add_capped(total, result->tally.attempts[p]);
    }
    return total;
}

lk_status lk_result_rank_of(const lk_result *result, lk_result_rank *out, lk_error *err)
{
    lk_digest digest = {0};
    lk_status st = lk_digest_start(&digest, err);

    if (st != LK_OK) return st;
    for (size_t p = 0; p < result->spec.problems; p++) {
        const lk_ranges *done = &result->done[p];

        lk_digest_add_u64(&digest, done->count);
        for (size_t r = 0; r < done->count; r++) {
            lk_digest_add_u64(&digest, done->range[r].first);
            lk_digest_add_u64(&digest, done->range[r].end);
        }
    }
    out->first =
        result->done[0].count > 0 ? result->done[0].range[0].first : UINT64_MAX;
    out->attempts = total_attempts(result);
    lk_digest_finish(&digest, out->ranges);
    return LK_OK;
}

int lk_result_rank_compare(const lk_result_rank *a, const lk_result_rank *b)
{
    if (a->first != b->first) return a->first < b->first ? -1 : 1;
    if (a->attempts != b->attempts) return a->attempts > b->attempts ? -1 : 1;
    return strcmp(a->ranges, b->ranges);
}

/* The first stretch that both have. */
static bool first_shared(const lk_ranges *a, const lk_ranges *b, lk_range *shared)
{
    size_t i = 0, j = 0;

    while (i < a->count && j < b->count) {
        const lk_range *x = &a->range[i], *y = &b->range[j];

        if (x->end <= y->first) {
            i++;
        } else if (y->end <= x->first) {
            j++;
        } else {
            shared->first = x->first > y->first ? x->first : y->first;
            shared->end = x->end < y->end ? x->end : y->end;
            return true;
        }
    }
    return false;
}

/* Whether every attempt of `part` is one of `whole`; neither's ranges touch. */
static bool is_within(const lk_ranges *part, const lk_ranges *whole)
{
    size_t j = 0;

    for (size_t i = 0; i < part->count; i++) {
        while (j < whole->count && whole->range[j].end < part->range[i].end) j++;
        if (j == whole->count || whole->range[j].first > part->range[i].first) {
            return false;
        }
    }
    return true;
}

bool lk_result_holds(const lk_result *whole, const lk_result *part)
{
    for (size_t p = 0; p < part->spec.problems; p++) {
        if (!is_within(&part->done[p], &whole->done[p])) return false;
    }
    return true;
}

bool lk_result_overlap(const lk_result *a, const lk_result *b, size_t *row,
                       lk_range *shared)
{
    for (size_t p = 0; p < a->spec.problems; p++) {
        if (!first_shared(&a->done[p], &b->done[p], shared)) continue;
        *row = p;
        return true;
    }
    return false;
}

static lk_status relate(const lk_result *into, const lk_result *from, relation *how,
                        lk_error *err)
{
    size_t row = 0;
    lk_range shared;

    *how = lk_result_holds(into, from) ? WITHIN : APART;
    if (*how == WITHIN || !lk_result_overlap(into, from, &row, &shared)) return LK_OK;
    *how = SHARED;
    return LK_FAIL(err, LK_E_MISMATCH,
                   "attempts %" PRIu64 ":%" PRIu64 " at problem %" PRIu64
                   " are in both, and neither holds all of the other",
                   shared.first, shared.end, from->index[row]);
}

/* What the counts of a part say about those of the whole; of the same attempts, all. */
static const char *contradiction(const lk_tally *whole, const lk_tally *part, size_t p)
{
    const uint64_t rest = whole->attempts[p] - part->attempts[p];

    for (size_t t = 0; t < part->thresholds; t++) {
        const size_t cell = p * part->thresholds + t;
        const uint64_t c = part->successes[cell], all = whole->successes[cell];

        if (c > all || all - c > rest) return "successes";
        if (whole->first[cell] > part->first[cell]) return "first success";
        if (rest == 0 && whole->first[cell] != part->first[cell])
            return "first success";
    }
    if (whole->best[p] > part->best[p]) return "best score";
    if (rest > 0) return NULL;
    if (whole->best[p] != part->best[p] ||
        whole->best_attempt[p] != part->best_attempt[p]) {
        return "best score";
    }
    return NULL;
}

static lk_status check_part(const lk_result *whole, const lk_result *part,
                            lk_error *err)
{
    for (size_t p = 0; p < part->spec.problems; p++) {
        const char *what = contradiction(&whole->tally, &part->tally, p);

        if (what == NULL) continue;
        return LK_FAIL(err, LK_E_MISMATCH,
                       "both hold the same attempts at problem %" PRIu64
                       ", with another %s: one of them is wrong",
                       part->index[p], what);
    }
    return LK_OK;
}

/* Traces are functions of the spec: where both have one they have the same bits. */
static lk_status check_traces(const lk_result *a, const lk_result *b, lk_error *err)
{
    const size_t both = a->traced < b->traced ? a->traced : b->traced;

    for (size_t p = 0; both > 0 && p < a->spec.problems; p++) {
        const double *x = a->trace + p * a->traced, *y = b->trace + p * b->traced;

        for (size_t j = 0; j < both; j++) {
            if (memcmp(&x[j], &y[j], sizeof *x) == 0) continue;
            return LK_FAIL(err, LK_E_MISMATCH,
                           "trace of problem %" PRIu64 ", attempt %zu: %.17g in one, "
                           "%.17g in the other",
                           a->index[p], j, x[j], y[j]);
        }
    }
    return LK_OK;
}

static lk_status check_counters(const lk_result *into, const lk_result *from,
                                lk_error *err)
{
    const uint64_t most = UINT64_C(1) << 62;

    for (size_t p = 0; p < from->spec.problems; p++) {
        if (from->tally.attempts[p] <= most - into->tally.attempts[p]) continue;
        return LK_FAIL(err, LK_E_NUMERIC,
                       "problem %" PRIu64 ": more than 2^62 attempts", from->index[p]);
    }
    return LK_OK;
}

static lk_status check(const lk_result *into, const lk_result *from, relation *how,
                       lk_error *err)
{
    lk_status st = LK_OK;

    LK_TRY(lk_spec_same(&into->spec, &from->spec, err));
    for (size_t p = 0; p < from->spec.problems; p++) {
        if (into->index[p] == from->index[p]) continue;
        st = LK_FAIL(err, LK_E_MISMATCH,
                     "row %zu is problem %" PRIu64 " in one, %" PRIu64 " in the other",
                     p, into->index[p], from->index[p]);
        goto out;
    }
    LK_TRY(relate(into, from, how, err));
    if (*how == WITHIN) LK_TRY(check_part(into, from, err));
    LK_TRY(check_traces(into, from, err));
    if (*how == APART) LK_TRY(check_counters(into, from, err));

out:
    return st;
}

static lk_status take_trace(lk_result *into, const lk_result *from, lk_error *err)
{
    const size_t values = from->spec.problems * from->traced;
    double *trace;

    if (from->traced <= into->traced) return LK_OK;
    trace = malloc(values * sizeof *trace);
    if (trace == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "no room for a trace of %zu attempts",
                       from->traced);
    }
    memcpy(trace, from->trace, values * sizeof *trace);
    free(into->trace);
    into->trace = trace;
    into->traced = from->traced;
    return LK_OK;
}

/* "one; other", where both have something to say and it fits. */
static void join(char *to, size_t bytes, const char *from)
{
    const size_t used = strlen(to);

    if (from[0] == '\0' || strstr(to, from) != NULL) return;
    if (used + strlen(from) + 3 > bytes) return;
    snprintf(to + used, bytes - used, "%s%s", used > 0 ? "; " : "", from);
}

static void add_notes(lk_result *into, const lk_result *from)
{
    join(into->device, sizeof into->device, from->device);
    join(into->path, sizeof into->path, from->path);
    into->redecided += from->redecided;
    into->audited += from->audited;
    into->violations += from->violations;
    into->audit_largest = fmax(into->audit_largest, from->audit_largest);
    into->seconds += from->seconds;
    into->saves += from->saves;
    into->save_s += from->save_s;
    if (from->asked > into->asked) into->asked = from->asked;
}

lk_status lk_result_merge(lk_result *into, const lk_result *from, bool *added,
                          lk_error *err)
{
    relation how = APART;
    lk_status st = LK_OK;

    LK_TRY(check(into, from, &how, err));
    LK_TRY(take_trace(into, from, err));
    *added = how == APART;
    if (how == WITHIN) goto out;
    for (size_t p = 0; p < from->spec.problems; p++) {
        const lk_ranges *done = &from->done[p];

        for (size_t r = 0; r < done->count; r++) {
            LK_TRY(lk_ranges_add(&into->done[p], done->range[r].first,
                                 done->range[r].end, err));
        }
        LK_TRY(lk_tally_add(&into->tally, p, &from->tally, p, err));
        into->guard[p] = fmax(into->guard[p], from->guard[p]);
    }
    add_notes(into, from);

out:
    return st;
}

void lk_result_coverage(const lk_result *result, lk_coverage *out)
{
    lk_coverage c = {.whole = UINT64_MAX, .attempts = total_attempts(result)};

    for (size_t p = 0; p < result->spec.problems; p++) {
        const lk_ranges *done = &result->done[p];
        const uint64_t end = done->count > 0 ? done->range[done->count - 1].end : 0;
        const bool starts = done->count > 0 && done->range[0].first == 0;
        const uint64_t whole = starts ? done->range[0].end : 0;

        c.end = end > c.end ? end : c.end;
        c.whole = whole < c.whole ? whole : c.whole;
    }
    for (size_t p = 0; p < result->spec.problems; p++) {
        const lk_ranges *done = &result->done[p];
        uint64_t from = 0;

        for (size_t r = 0; r <= done->count; r++) {
            const uint64_t to = r < done->count ? done->range[r].first : c.end;

            if (from < to) {
                if (c.gaps++ == 0) {
                    c.gap_row = p;
                    c.gap = (lk_range){from, to};
                }
                c.missing = lk_add_capped(c.missing, to - from);
            }
            if (r < done->count) from = done->range[r].end;
        }
    }
    *out = c;
}
