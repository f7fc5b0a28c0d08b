/* result.c - a result in memory. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "largek/result.h"

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

enum { ID_BYTES = 24 };

/* One block: groups, then per group ids, n and c, then the ids' texts, which all groups
 * share. */
static size_t counts_bytes(const lk_result *result)
{
    const size_t groups = result->spec.thresholds, problems = result->spec.problems;

    return groups * sizeof(lk_count_group) +
           groups * problems * (sizeof(char *) + 2 * sizeof(uint64_t)) +
           problems * ID_BYTES;
}

lk_status lk_result_counts(const lk_result *result, lk_counts *out, lk_error *err)
{
    const size_t groups = result->spec.thresholds, problems = result->spec.problems;
    char *block = malloc(counts_bytes(result));

    if (block == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for counts");

    lk_count_group *group = (lk_count_group *)(void *)block;
    uint64_t *numbers = (uint64_t *)(void *)(group + groups);
    const char **ids = (const char **)(void *)(numbers + 2 * groups * problems);
    char *text = (char *)(ids + groups * problems);

    for (size_t p = 0; p < problems; p++) {
        snprintf(text + p * ID_BYTES, ID_BYTES, "%" PRIu64, result->index[p]);
    }
    for (size_t t = 0; t < groups; t++) {
        group[t] = (lk_count_group){.threshold = result->spec.threshold[t],
                                    .problems = problems,
                                    .id = ids + t * problems,
                                    .n = numbers + 2 * t * problems,
                                    .c = numbers + (2 * t + 1) * problems};
        for (size_t p = 0; p < problems; p++) {
            group[t].id[p] = text + p * ID_BYTES;
            group[t].n[p] = result->tally.attempts[p];
            group[t].c[p] = result->tally.successes[p * groups + t];
        }
    }
    *out = (lk_counts){.groups = groups, .group = group, .owned = block};
    return LK_OK;
}
