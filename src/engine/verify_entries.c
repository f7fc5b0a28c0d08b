/* verify_entries.c - single draws that a result names, scored again to the bit. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/verify_parts.h"

enum { ENTRIES_MAX = LK_THRESHOLDS_MAX + 1, TRACE_SAMPLE = 64, TRACE_CHUNK = 1024 };

/* The attempts that a problem's row names, and their canonical scores. */
typedef struct {
    size_t count;
    uint64_t attempt[ENTRIES_MAX];
    double score[ENTRIES_MAX];
} entries;

static void name_attempt(entries *e, uint64_t attempt)
{
    for (size_t i = 0; i < e->count; i++) {
        if (e->attempt[i] == attempt) return;
    }
    if (attempt != LK_NO_ATTEMPT) e->attempt[e->count++] = attempt;
}

static double score_of(const entries *e, uint64_t attempt)
{
    size_t i = 0;

    while (e->attempt[i] != attempt) i++;
    return e->score[i];
}

/* A first success succeeds; and not at the threshold below, whose first comes later. */
static void check_firsts(lk_check *check, size_t p, const entries *e)
{
    const lk_result *r = check->result;
    const size_t row = p * r->spec.thresholds;
    const double *limit = check->job->work.limit + row;

    for (size_t t = 0; t < r->spec.thresholds; t++) {
        const uint64_t first = r->tally.first[row + t];

        if (first == LK_NO_ATTEMPT) continue;
        check->report->firsts++;
        const double score = score_of(e, first);

        if (!(score <= limit[t])) {
            lk_check_differ(check,
                            "problem %" PRIu64 ", attempt %" PRIu64
                            ": first success at threshold %.12g, but its SSE is %.17g "
                            "above %.17g",
                            r->index[p], first, r->spec.threshold[t], score, limit[t]);
        }
        if (t > 0 && r->tally.first[row + t - 1] > first && score <= limit[t - 1]) {
            lk_check_differ(check,
                            "problem %" PRIu64 ", attempt %" PRIu64
                            ": succeeds at threshold %.12g before its first success",
                            r->index[p], first, r->spec.threshold[t - 1]);
        }
    }
}

static void check_best(lk_check *check, size_t p, const entries *e)
{
    const lk_result *r = check->result;
    const uint64_t at = r->tally.best_attempt[p];
    const double best = r->tally.best[p];

    if (at == LK_NO_ATTEMPT) return;
    check->report->bests++;
    const double score = score_of(e, at);

    if (memcmp(&score, &best, sizeof best) != 0) {
        lk_check_differ(check,
                        "problem %" PRIu64 ", attempt %" PRIu64
                        ": best SSE %.17g, made again %.17g",
                        r->index[p], at, best, score);
    }
    for (size_t i = 0; i < e->count; i++) {
        if (!(e->score[i] < best || (e->score[i] == best && e->attempt[i] < at)))
            continue;
        lk_check_differ(check,
                        "problem %" PRIu64 ", attempt %" PRIu64
                        ": SSE %.17g, better than the best %.17g",
                        r->index[p], e->attempt[i], e->score[i], best);
    }
}

static lk_status check_row(lk_check *check, size_t p, lk_error *err)
{
    const lk_result *r = check->result;
    entries e = {0};
    lk_status st = LK_OK;

    name_attempt(&e, r->tally.best_attempt[p]);
    for (size_t t = 0; t < r->spec.thresholds; t++) {
        name_attempt(&e, r->tally.first[p * r->spec.thresholds + t]);
    }
    if (e.count > 0) {
        LK_TRY(check->backend->score(check->device, LK_SCORER_CANONICAL, p, e.attempt,
                                     e.count, e.score, err));
    }
    check_firsts(check, p, &e);
    check_best(check, p, &e);
    LK_TRY(lk_check_pause(check, r->spec.thresholds + 1, err));

out:
    return st;
}

size_t lk_check_traced(const lk_check *check)
{
    const size_t traced = check->result->traced;

    return check->options->all || traced < TRACE_SAMPLE ? traced : TRACE_SAMPLE;
}

/* Compares traced scores of some attempts of a problem. */
static lk_status check_traced(lk_check *check, size_t p, const uint64_t *attempt,
                              size_t count, lk_error *err)
{
    const lk_result *r = check->result;
    const lk_workload *work = &check->job->work;
    double score[TRACE_CHUNK];
    lk_status st = LK_OK;

    LK_TRY(check->backend->score(check->device, LK_SCORER_CANONICAL, p, attempt, count,
                                 score, err));
    for (size_t i = 0; i < count; i++) {
        const double kept = r->trace[p * r->traced + attempt[i]];
        const double again = lk_score_of_sse(
            r->spec.score, score[i], work->target + p * work->outputs, work->outputs);

        check->report->traced++;
        if (memcmp(&kept, &again, sizeof kept) == 0) continue;
        lk_check_differ(check,
                        "problem %" PRIu64 ", attempt %" PRIu64
                        ": score %.17g in the trace, made again %.17g",
                        r->index[p], attempt[i], kept, again);
    }
    LK_TRY(lk_check_pause(check, count, err));

out:
    return st;
}

/* All of a problem's trace, or a sample, evenly spread from an offset drawn at random. */
static lk_status check_trace(lk_check *check, size_t p, lk_error *err)
{
    const size_t traced = check->result->traced, wanted = lk_check_traced(check);
    const lk_u32x4 words =
        lk_words(check->options->seed, LK_PURPOSE_AUDIT, p, UINT64_MAX);
    const size_t step = wanted > 0 ? traced / wanted : 1;
    uint64_t attempt[TRACE_CHUNK];
    lk_status st = LK_OK;

    for (size_t from = 0; from < wanted; from += TRACE_CHUNK) {
        const size_t left = wanted - from;
        const size_t count = left < TRACE_CHUNK ? left : TRACE_CHUNK;

        for (size_t i = 0; i < count; i++) {
            attempt[i] = (from + i) * step + words.w[0] % step;
        }
        LK_TRY(check_traced(check, p, attempt, count, err));
    }

out:
    return st;
}

lk_status lk_check_entries(lk_check *check, lk_error *err)
{
    lk_status st = LK_OK;

    for (size_t p = 0; p < check->result->spec.problems; p++) {
        LK_TRY(check_row(check, p, err));
        LK_TRY(check_trace(check, p, err));
    }

out:
    return st;
}
