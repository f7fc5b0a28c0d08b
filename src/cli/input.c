/* input.c - reads counts and narrows them. */
#include "cli/input.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "largek/rare.h"
#include "largek/stream.h"
#include "largek/sweep.h"

/* Which column of the file each kept column is. */
typedef struct {
    size_t place[LK_GROUP_COLUMNS_MAX];
} kept_columns;

static void append(char *out, size_t bytes, size_t *used, const char *before,
                   const char *text)
{
    const int n = snprintf(out + *used, bytes - *used, "%s%s", before, text);

    if (n > 0) *used += (size_t)n < bytes - *used ? (size_t)n : bytes - *used - 1;
}

static lk_status unknown_column(const lk_counts *counts, const char *name,
                                lk_error *err)
{
    char list[300] = "";
    size_t used = 0;

    for (size_t i = 0; i < counts->group_columns; i++) {
        append(list, sizeof list, &used, i == 0 ? "" : ", ", counts->group_column[i]);
    }
    return LK_FAIL(err, LK_E_ARG, "--group: no column '%s'; there %s%s", name,
                   used == 0 ? "are none" : "are ", list);
}

static lk_status keep_columns(lk_input *input, const char *keep, kept_columns *kept,
                              lk_error *err)
{
    const lk_counts *counts = &input->read;

    for (const char *at = keep; *at != '\0';) {
        const size_t length = strcspn(at, ",");
        char name[128];
        size_t found = 0;

        snprintf(name, sizeof name, "%.*s", (int)(length < 127 ? length : 127), at);
        while (found < counts->group_columns &&
               strcmp(counts->group_column[found], name) != 0) {
            found++;
        }
        if (found == counts->group_columns) return unknown_column(counts, name, err);
        for (size_t i = 0; i < input->columns; i++) {
            if (kept->place[i] != found) continue;
            return LK_FAIL(err, LK_E_ARG, "--group: column '%s' is named twice", name);
        }
        kept->place[input->columns] = found;
        input->column[input->columns++] = counts->group_column[found];
        at += length + (at[length] == ',');
    }
    return LK_OK;
}

static void keep_all_columns(lk_input *input, kept_columns *kept)
{
    for (size_t i = 0; i < input->read.group_columns; i++) {
        kept->place[i] = i;
        input->column[i] = input->read.group_column[i];
    }
    input->columns = input->read.group_columns;
}

static bool same_threshold(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool same_group(const lk_input *input, const kept_columns *kept,
                       const lk_count_group *pooled, const lk_count_group *from)
{
    if (!same_threshold(pooled->threshold, from->threshold)) return false;
    for (size_t i = 0; i < input->columns; i++) {
        if (strcmp(pooled->value[i], from->value[kept->place[i]]) != 0) return false;
    }
    return true;
}

static lk_status append_rows(lk_count_group *to, const lk_count_group *from,
                             lk_error *err)
{
    const size_t rows = to->problems + from->problems;
    const char **id = realloc(to->id, rows * sizeof *id);
    if (id != NULL) to->id = id;
    uint64_t *n = realloc(to->n, rows * sizeof *n);
    if (n != NULL) to->n = n;
    uint64_t *c = realloc(to->c, rows * sizeof *c);
    if (c != NULL) to->c = c;
    if (id == NULL || n == NULL || c == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "counts of %zu problems", rows);
    }
    for (size_t i = 0; i < from->problems; i++) {
        if (from->n[i] == 0) {
            return LK_FAIL(err, LK_E_FORMAT, "problem '%s' has no attempts",
                           from->id[i]);
        }
        id[to->problems + i] = from->id[i];
        n[to->problems + i] = from->n[i];
        c[to->problems + i] = from->c[i];
    }
    to->problems = rows;
    return LK_OK;
}

static lk_status pool_group(lk_input *input, const kept_columns *kept,
                            const lk_count_group *from, lk_error *err)
{
    lk_count_group *to = NULL;

    for (size_t i = 0; i < input->groups && to == NULL; i++) {
        if (same_group(input, kept, &input->group[i], from)) to = &input->group[i];
    }
    if (to == NULL) { /* lk_input_read made room for every group there is */
        to = &input->group[input->groups++];
        *to = (lk_count_group){.threshold = from->threshold, .design = from->design};
        for (size_t i = 0; i < input->columns; i++) {
            to->value[i] = from->value[kept->place[i]];
        }
    }
    if (to->design.kind != from->design.kind ||
        to->design.successes != from->design.successes) {
        to->design = (lk_design){.kind = LK_DESIGN_STOPPED};
    }
    return append_rows(to, from, err);
}

static bool wanted(const lk_real_list *list, double threshold)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->value[i] == threshold) return true;
    }
    return list->count == 0;
}

static lk_status check_thresholds(const lk_counts *counts, const lk_real_list *list,
                                  lk_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        char there[300] = "", one[32];
        size_t used = 0;
        bool found = false;

        for (size_t g = 0; g < counts->groups; g++) {
            const double threshold = counts->group[g].threshold;

            found = found || threshold == list->value[i];
            if (isnan(threshold)) continue;
            snprintf(one, sizeof one, "%.12g", threshold);
            if (strstr(there, one) == NULL) {
                append(there, sizeof there, &used, used == 0 ? "" : ", ", one);
            }
        }
        if (found) continue;
        return LK_FAIL(err, LK_E_ARG, "--threshold: no %.12g; there %s%s",
                       list->value[i], used == 0 ? "are none" : "are ", there);
    }
    return LK_OK;
}

/* What people must know of a result that is taken as it is, --quiet or not. */
static void warn_of(const char *path, const lk_sweep *sweep, size_t untried)
{
    if (sweep->cell[0].spec.stream_version == LK_STREAM_NONE) {
        fprintf(stderr, "largek: warning: %s: counts of --path library are not exact\n",
                path);
    }
    if (sweep->cells > 1 && untried > 0) {
        fprintf(stderr, "largek: warning: %s: %zu of %zu cells have no attempts yet\n",
                path, untried, sweep->cells);
    }
}

/* The score of all cells, where there is one. */
static void take_score(const lk_sweep *sweep, lk_input *out)
{
    const lk_score score = sweep->cell[0].spec.score;

    for (size_t g = 1; g < sweep->cells; g++) {
        if (sweep->cell[g].spec.score != score) return;
    }
    snprintf(out->score, sizeof out->score, "%s", lk_score_name(score));
}

static lk_status read_file(const char *path, lk_duplicates duplicates, lk_input *out,
                           lk_error *err)
{
    lk_sweep sweep = {0};
    size_t untried = 0;
    lk_status st = LK_OK;

    if (!lk_result_recognise(path)) {
        if (lk_rare_recognise(path)) {
            return LK_FAIL(
                err, LK_E_ARG,
                "%s has estimates and no counts; passk, fit, forecast, tails and plot rare "
                "take them",
                path);
        }
        return lk_counts_read(path, duplicates, &out->read, &out->rounded, err);
    }
    LK_TRY(lk_sweep_read(path, &sweep, err));
    LK_TRY(lk_sweep_counts(&sweep, &out->read, &untried, err));
    warn_of(path, &sweep, untried);
    take_score(&sweep, out);
out:
    lk_sweep_release(&sweep);
    return st;
}

lk_status lk_input_read(const char *path, lk_duplicates duplicates,
                        const lk_real_list *threshold, const char *keep, lk_input *out,
                        lk_error *err)
{
    lk_input input = {0};
    kept_columns kept = {{0}};
    lk_status st = LK_OK;

    LK_TRY(read_file(path, duplicates, &input, err));
    LK_TRY(check_thresholds(&input.read, threshold, err));
    if (keep != NULL) {
        LK_TRY(keep_columns(&input, keep, &kept, err));
    } else {
        keep_all_columns(&input, &kept);
    }
    input.group = calloc(input.read.groups, sizeof *input.group);
    if (input.group == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu groups", input.read.groups);
        goto out;
    }
    for (size_t g = 0; g < input.read.groups; g++) {
        if (!wanted(threshold, input.read.group[g].threshold)) continue;
        LK_TRY(pool_group(&input, &kept, &input.read.group[g], err));
    }
    *out = input;
    input = (lk_input){0};
out:
    lk_input_release(&input);
    return st;
}

void lk_input_release(lk_input *input)
{
    for (size_t g = 0; g < input->groups; g++) {
        free(input->group[g].id);
        free(input->group[g].n);
        free(input->group[g].c);
    }
    free(input->group);
    lk_counts_release(&input->read);
    *input = (lk_input){0};
}

void lk_group_describe(const lk_input *input, const lk_count_group *group, char *out,
                       size_t bytes)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < input->columns; i++) {
        append(out, bytes, &used, i == 0 ? "" : ", ", group->value[i]);
    }
    if (!isnan(group->threshold)) {
        char threshold[48];

        snprintf(threshold, sizeof threshold, "threshold %.12g", group->threshold);
        append(out, bytes, &used, used == 0 ? "" : ", ", threshold);
    }
}
