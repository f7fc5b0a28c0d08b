/* tally.c - adding up what draws gave. */
#include "largek/tally.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define COUNTER_MAX (UINT64_C(1) << 62)

lk_status lk_tally_init(lk_tally *tally, size_t problems, size_t thresholds,
                        lk_error *err)
{
    lk_tally t = {.problems = problems, .thresholds = thresholds};

    if (thresholds > LK_THRESHOLDS_MAX) {
        return LK_FAIL(err, LK_E_ARG, "%zu thresholds: at most %d", thresholds,
                       LK_THRESHOLDS_MAX);
    }
    t.attempts = calloc(problems, sizeof *t.attempts);
    t.successes = calloc(problems * thresholds, sizeof *t.successes);
    t.first = calloc(problems * thresholds, sizeof *t.first);
    t.best = calloc(problems, sizeof *t.best);
    t.best_attempt = calloc(problems, sizeof *t.best_attempt);
    t.histogram = calloc(problems * LK_HISTOGRAM_BINS, sizeof *t.histogram);
    if (t.attempts == NULL || t.successes == NULL || t.first == NULL ||
        t.best == NULL || t.best_attempt == NULL || t.histogram == NULL) {
        lk_tally_release(&t);
        return LK_FAIL(err, LK_E_MEMORY, "no room for tallies of %zu problems",
                       problems);
    }
    for (size_t p = 0; p < problems; p++) lk_tally_clear(&t, p);
    *tally = t;
    return LK_OK;
}

void lk_tally_release(lk_tally *tally)
{
    free(tally->attempts);
    free(tally->successes);
    free(tally->first);
    free(tally->best);
    free(tally->best_attempt);
    free(tally->histogram);
    *tally = (lk_tally){0};
}

void lk_tally_clear(lk_tally *tally, size_t problem)
{
    const size_t row = problem * tally->thresholds;

    tally->attempts[problem] = 0;
    for (size_t t = 0; t < tally->thresholds; t++) {
        tally->successes[row + t] = 0;
        tally->first[row + t] = LK_NO_ATTEMPT;
    }
    tally->best[problem] = INFINITY;
    tally->best_attempt[problem] = LK_NO_ATTEMPT;
    memset(tally->histogram + problem * LK_HISTOGRAM_BINS, 0,
           LK_HISTOGRAM_BINS * sizeof *tally->histogram);
}

/* No counter of a row exceeds its attempts, so these alone can pass the limit first;
 * a row of decided draws brings successes without attempts, at most as many as there
 * were attempts before. */
static bool would_overflow(const lk_tally *to, size_t problem, const lk_tally *from,
                           size_t row)
{
    if (from->attempts[row] > COUNTER_MAX - to->attempts[problem]) return true;
    for (size_t t = 0; t < to->thresholds; t++) {
        if (from->successes[row * from->thresholds + t] >
            COUNTER_MAX - to->successes[problem * to->thresholds + t]) {
            return true;
        }
    }
    return false;
}

lk_status lk_tally_add(lk_tally *to, size_t problem, const lk_tally *from, size_t row,
                       lk_error *err)
{
    const size_t a = problem * to->thresholds, b = row * from->thresholds;

    if (would_overflow(to, problem, from, row)) {
        return LK_FAIL(err, LK_E_NUMERIC, "problem row %zu: more than 2^62 attempts",
                       problem);
    }
    to->attempts[problem] += from->attempts[row];
    for (size_t t = 0; t < to->thresholds; t++) {
        to->successes[a + t] += from->successes[b + t];
        if (from->first[b + t] < to->first[a + t])
            to->first[a + t] = from->first[b + t];
    }
    if (from->best[row] < to->best[problem] ||
        (from->best[row] == to->best[problem] &&
         from->best_attempt[row] < to->best_attempt[problem])) {
        to->best[problem] = from->best[row];
        to->best_attempt[problem] = from->best_attempt[row];
    }
    for (size_t i = 0; i < LK_HISTOGRAM_BINS; i++) {
        to->histogram[problem * LK_HISTOGRAM_BINS + i] +=
            from->histogram[row * LK_HISTOGRAM_BINS + i];
    }
    return LK_OK;
}
