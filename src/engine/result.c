/* result.c - a result in memory. */
#include <stdlib.h>
#include <string.h>

#include "largek/sweep.h"

lk_status lk_result_init(lk_result *out, const lk_spec *spec, const uint64_t *index,
                         lk_error *err)
{
    const size_t problems = spec->problems;
    lk_result r = {.spec = *spec};
    lk_status st = LK_OK;

    if (problems == 0) return LK_FAIL(err, LK_E_ARG, "a result of no problems");
    LK_TRY(lk_tally_init(&r.tally, problems, spec->thresholds, err));
    r.index = calloc(problems, sizeof *r.index);
    r.done = calloc(problems, sizeof *r.done);
    r.guard = calloc(problems, sizeof *r.guard);
    if (r.index == NULL || r.done == NULL || r.guard == NULL) {
        st =
            LK_FAIL(err, LK_E_MEMORY, "no room for a result of %zu problems", problems);
        goto out;
    }
    memcpy(r.index, index, problems * sizeof *index);
    *out = r;
    r = (lk_result){0};

out:
    lk_result_release(&r);
    return st;
}

void lk_result_release(lk_result *result)
{
    for (size_t p = 0; result->done != NULL && p < result->tally.problems; p++) {
        lk_ranges_release(&result->done[p]);
    }
    lk_tally_release(&result->tally);
    free(result->index);
    free(result->done);
    free(result->guard);
    free(result->trace);
    *result = (lk_result){0};
}

lk_status lk_result_counts(const lk_result *result, lk_counts *out, lk_error *err)
{
    char nameless[1][LK_MODEL_NAME] = {""};
    lk_result cell = *result; /* looked at only */
    const lk_sweep one = {.cells = 1, .cell = &cell, .model = nameless};

    return lk_sweep_counts(&one, out, NULL, err);
}
