/* sweep.c - several results in memory, and their counts. */
#include "largek/sweep.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/counts_build.h"

lk_status lk_sweep_init(lk_sweep *out, size_t cells, lk_error *err)
{
    lk_sweep sweep = {.cells = cells};

    if (cells == 0 || cells > LK_SWEEP_CELLS_MAX) {
        return LK_FAIL(err, LK_E_ARG, "%zu cells: give 1 to %d", cells,
                       LK_SWEEP_CELLS_MAX);
    }
    sweep.cell = calloc(cells, sizeof *sweep.cell);
    sweep.model = calloc(cells, sizeof *sweep.model);
    if (sweep.cell == NULL || sweep.model == NULL) {
        lk_sweep_release(&sweep);
        return LK_FAIL(err, LK_E_MEMORY, "no room for %zu cells", cells);
    }
    *out = sweep;
    return LK_OK;
}

void lk_sweep_release(lk_sweep *sweep)
{
    for (size_t g = 0; sweep->cell != NULL && g < sweep->cells; g++) {
        lk_result_release(&sweep->cell[g]);
    }
    free(sweep->cell);
    free(sweep->model);
    *sweep = (lk_sweep){0};
}

/* The axes that may tell cells apart. */
enum { AXES = 3, VALUE_MAX = LK_MODEL_NAME };

static const char *const axis_names[AXES] = {"temperature", "model", "score"};

/* A model without a name goes by its digest. */
static void describe_axis(const lk_sweep *sweep, size_t g, int axis,
                          char out[VALUE_MAX])
{
    const lk_spec *spec = &sweep->cell[g].spec;
    const char *name =
        sweep->model[g][0] != '\0' ? sweep->model[g] : spec->model_digest;

    if (axis == 0) snprintf(out, VALUE_MAX, "%.12g", spec->temperature);
    if (axis == 1) snprintf(out, VALUE_MAX, "%s", name);
    if (axis == 2) snprintf(out, VALUE_MAX, "%s", lk_score_name(spec->score));
}

static bool axis_varies(const lk_sweep *sweep, int axis)
{
    char first[VALUE_MAX], other[VALUE_MAX];

    describe_axis(sweep, 0, axis, first);
    for (size_t g = 1; g < sweep->cells; g++) {
        describe_axis(sweep, g, axis, other);
        if (strcmp(first, other) != 0) return true;
    }
    return false;
}

static bool is_tried(const lk_result *result)
{
    for (size_t p = 0; p < result->spec.problems; p++) {
        if (result->tally.attempts[p] > 0) return true;
    }
    return false;
}

/* The groups of one cell, from group `at` of the counts on. */
static lk_status add_cell(const lk_sweep *sweep, size_t g, const int *axis,
                          lk_counts *counts, size_t at, lk_error *err)
{
    const lk_result *result = &sweep->cell[g];
    const size_t thresholds = result->spec.thresholds;
    lk_status st = LK_OK;

    for (size_t t = 0; t < thresholds; t++) {
        lk_count_group *group = &counts->group[at + t];

        group->threshold = result->spec.threshold[t];
        group->design = lk_until_design(&result->spec.until, group->threshold);
        for (size_t i = 0; i < counts->group_columns; i++) {
            char value[VALUE_MAX];

            describe_axis(sweep, g, axis[i], value);
            LK_TRY(lk_counts_keep(counts, value, &group->value[i], err));
        }
        for (size_t p = 0; p < group->problems; p++) {
            char id[24];

            snprintf(id, sizeof id, "%" PRIu64, result->index[p]);
            if (at + t == 0) {
                LK_TRY(lk_counts_keep(counts, id, &group->id[p], err));
            } else {
                group->id[p] = counts->group[0].id[p];
            }
            group->n[p] = result->tally.attempts[p];
            group->c[p] = result->tally.successes[p * thresholds + t];
        }
    }

out:
    return st;
}

lk_status lk_sweep_counts(const lk_sweep *sweep, lk_counts *out, size_t *untried,
                          lk_error *err)
{
    lk_counts counts = {0};
    int axis[AXES];
    size_t tried = 0, at = 0;
    lk_status st = LK_OK;

    for (size_t g = 0; g < sweep->cells; g++) tried += is_tried(&sweep->cell[g]);
    if (untried != NULL) *untried = sweep->cells - tried;
    /* One cell without attempts shows its problems: readers say what is missing. */
    const bool all = tried == 0;
    const size_t cells = all ? 1 : tried;
    const lk_spec *spec = &sweep->cell[0].spec;

    LK_TRY(lk_counts_alloc(&counts, cells * spec->thresholds, spec->problems, err));
    for (int i = 0; i < AXES; i++) {
        if (!axis_varies(sweep, i)) continue;
        axis[counts.group_columns] = i;
        counts.group_column[counts.group_columns++] = axis_names[i];
    }
    for (size_t g = 0; g < sweep->cells && at < counts.groups; g++) {
        if (!all && !is_tried(&sweep->cell[g])) continue;
        LK_TRY(add_cell(sweep, g, axis, &counts, at, err));
        at += spec->thresholds;
    }
    *out = counts;
    counts = (lk_counts){0};

out:
    lk_counts_release(&counts);
    return st;
}
