/* sweep_file.c - several results in one file: each laid out as a file of its own, then
 * stacked tensor by tensor; and back, slice by slice. */
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "io/json.h"
#include "largek/safetensors.h"
#include "largek/sweep.h"

enum { DONE_CELL_COLUMNS = 4, DONE_COLUMNS = 3 };

/* A file under construction. */
typedef struct {
    size_t cells;
    lk_result_layout *layout; /* [cells] */
    lk_tensor tensor[LK_RESULT_TENSORS];
    void *block[LK_RESULT_TENSORS]; /* what tensors point to, where it is ours */
    char *spec, *run;
} stack;

static void stack_release(stack *s)
{
    for (size_t g = 0; s->layout != NULL && g < s->cells; g++) {
        lk_result_layout_release(&s->layout[g]);
    }
    free(s->layout);
    for (size_t i = 0; i < LK_RESULT_TENSORS; i++) free(s->block[i]);
    free(s->spec);
    free(s->run);
}

static lk_status check_cells(const lk_sweep *sweep, lk_error *err)
{
    const lk_result *first = &sweep->cell[0];

    for (size_t g = 0; g < sweep->cells; g++) {
        const lk_result *cell = &sweep->cell[g];

        if (cell->spec.problems != first->spec.problems ||
            cell->spec.thresholds != first->spec.thresholds ||
            memcmp(cell->index, first->index,
                   first->spec.problems * sizeof *first->index) != 0) {
            return LK_FAIL(err, LK_E_ARG,
                           "cell %zu: other problems, or another number of "
                           "thresholds, than the first",
                           g);
        }
        if (cell->traced > 0) {
            return LK_FAIL(err, LK_E_ARG, "cell %zu: a sweep holds no traces", g);
        }
    }
    return LK_OK;
}

/* R rows of (cell, row, first, end). */
static int64_t *stack_done(const stack *s, size_t at, uint64_t *rows)
{
    int64_t *table, *to;

    *rows = 0;
    for (size_t g = 0; g < s->cells; g++) *rows += s->layout[g].tensor[at].shape[0];
    table = malloc(((size_t)*rows + 1) * DONE_CELL_COLUMNS * sizeof *table);
    to = table;
    for (size_t g = 0; table != NULL && g < s->cells; g++) {
        const lk_tensor *one = &s->layout[g].tensor[at];
        const int64_t *from = one->data;

        for (uint64_t r = 0; r < one->shape[0]; r++) {
            *to++ = (int64_t)g;
            memcpy(to, from, DONE_COLUMNS * sizeof *to);
            to += DONE_COLUMNS;
            from += DONE_COLUMNS;
        }
    }
    return table;
}

/* The cells' tensors one after the other. */
static char *stack_plain(const stack *s, size_t at)
{
    const size_t bytes = s->layout[0].tensor[at].bytes;
    char *block = malloc(s->cells * bytes + 1);

    for (size_t g = 0; block != NULL && g < s->cells; g++) {
        memcpy(block + g * bytes, s->layout[g].tensor[at].data, bytes);
    }
    return block;
}

static lk_status stack_tensor(stack *s, size_t at, lk_error *err)
{
    const lk_tensor *first = &s->layout[0].tensor[at];
    lk_tensor *out = &s->tensor[at];

    *out = *first;
    if (strcmp(first->name, "index") == 0) return LK_OK;
    if (strcmp(first->name, "done") == 0) {
        s->block[at] = stack_done(s, at, &out->shape[0]);
        out->shape[1] = DONE_CELL_COLUMNS;
        out->bytes = (size_t)out->shape[0] * DONE_CELL_COLUMNS * sizeof(int64_t);
    } else {
        s->block[at] = stack_plain(s, at);
        memmove(out->shape + 1, first->shape, first->rank * sizeof *first->shape);
        out->shape[0] = s->cells;
        out->rank = first->rank + 1;
        out->bytes = s->cells * first->bytes;
    }
    out->data = s->block[at];
    if (out->data == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a sweep");
    return LK_OK;
}

static lk_status stack_entries(stack *s, const lk_sweep *sweep, lk_error *err)
{
    json_t *specs = json_array(), *runs = json_array(), *models = json_array();
    json_t *spec_root = NULL, *run_root = NULL;
    bool whole = true;

    for (size_t g = 0; g < s->cells; g++) {
        whole &=
            json_array_append_new(specs, json_loads(s->layout[g].spec, 0, NULL)) == 0;
        whole &=
            json_array_append_new(runs, json_loads(s->layout[g].run, 0, NULL)) == 0;
        whole &= json_array_append_new(models, json_string(sweep->model[g])) == 0;
    }
    spec_root =
        json_pack("{s:i, s:o, s:o}", "schema", 3, "models", models, "cells", specs);
    run_root = json_pack("{s:o}", "cells", runs);
    if (whole) {
        s->spec = lk_json_text(spec_root);
        s->run = lk_json_text(run_root);
    }
    json_decref(spec_root);
    json_decref(run_root);
    if (s->spec == NULL || s->run == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "no room for the specs of a sweep");
    }
    return LK_OK;
}

lk_status lk_sweep_write(const char *path, const lk_sweep *sweep, lk_error *err)
{
    stack s = {.cells = sweep->cells};
    lk_status st = LK_OK;

    if (sweep->cells == 1) return lk_result_write(path, &sweep->cell[0], err);
    LK_TRY(check_cells(sweep, err));
    s.layout = calloc(s.cells, sizeof *s.layout);
    if (s.layout == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%s: no room to write a sweep", path);
        goto out;
    }
    for (size_t g = 0; g < s.cells; g++) {
        LK_TRY(lk_result_lay_out(&sweep->cell[g], &s.layout[g], err));
    }
    const lk_safetensors *one = &s.layout[0].file;

    for (size_t i = 0; i < one->tensors; i++) LK_TRY(stack_tensor(&s, i, err));
    LK_TRY(stack_entries(&s, sweep, err));
    /* Entries behind these three are the same in all cells, or in none. */
    lk_entry entry[LK_RESULT_ENTRIES];

    memcpy(entry, one->entry, one->entries * sizeof *entry);
    entry[1].value = s.spec;
    entry[2].value = s.run;
    const lk_safetensors file = {.tensors = one->tensors,
                                 .tensor = s.tensor,
                                 .entries = one->entries,
                                 .entry = entry};

    LK_TRY(lk_safetensors_write(path, &file, LK_WRITE_DIGESTS | LK_WRITE_KEEP_PREVIOUS,
                                err));

out:
    stack_release(&s);
    return st;
}

/* One cell of a file, as a file of its own. */
typedef struct {
    lk_tensor tensor[LK_RESULT_TENSORS];
    lk_entry entry[2];
    int64_t *done;
    char *spec, *run;
    lk_safetensors file;
} slice;

static void slice_release(slice *s)
{
    free(s->done);
    free(s->spec);
    free(s->run);
}

/* The rows of one cell, without its number. */
static lk_status slice_done(const lk_tensor *from, size_t g, slice *s, lk_tensor *out,
                            lk_error *err)
{
    const int64_t *row = from->data;
    uint64_t rows = 0;

    s->done = malloc(from->bytes + 1);
    if (s->done == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for done ranges");
    for (uint64_t r = 0; r < from->shape[0]; r++, row += DONE_CELL_COLUMNS) {
        if (row[0] != (int64_t)g) continue;
        memcpy(s->done + DONE_COLUMNS * rows++, row + 1, DONE_COLUMNS * sizeof *row);
    }
    *out = *from;
    out->shape[0] = rows;
    out->shape[1] = DONE_COLUMNS;
    out->bytes = (size_t)rows * DONE_COLUMNS * sizeof *row;
    out->data = s->done;
    return LK_OK;
}

static lk_status slice_tensor(const char *path, const lk_tensor *from, size_t cells,
                              size_t g, slice *s, lk_error *err)
{
    lk_tensor *out = &s->tensor[s->file.tensors++];

    *out = *from;
    if (strcmp(from->name, "index") == 0) return LK_OK;
    if (strcmp(from->name, "done") == 0 && from->dtype == LK_DTYPE_I64 &&
        from->rank == 2 && from->shape[1] == DONE_CELL_COLUMNS) {
        return slice_done(from, g, s, out, err);
    }
    if (from->rank < 2 || from->shape[0] != cells) {
        return LK_FAIL(err, LK_E_MISMATCH, "%s: %s is not one of %zu cells", path,
                       from->name, cells);
    }
    out->rank--;
    memmove(out->shape, from->shape + 1, out->rank * sizeof *out->shape);
    out->bytes = from->bytes / cells;
    out->data = (const char *)from->data + g * out->bytes;
    return LK_OK;
}

/* Every done row is of some cell. */
static bool done_is_whole(const lk_safetensors *file, size_t cells)
{
    const lk_tensor *done = lk_safetensors_find(file, "done");

    if (done == NULL || done->dtype != LK_DTYPE_I64 || done->rank != 2 ||
        done->shape[1] != DONE_CELL_COLUMNS) {
        return false;
    }
    for (uint64_t r = 0; r < done->shape[0]; r++) {
        const int64_t g = ((const int64_t *)done->data)[r * DONE_CELL_COLUMNS];

        if (g < 0 || (uint64_t)g >= cells) return false;
    }
    return true;
}

static lk_status read_cell(const char *path, const lk_safetensors *file, json_t *specs,
                           json_t *runs, size_t g, lk_result *out, lk_error *err)
{
    slice s = {.file = {.tensor = s.tensor, .entry = s.entry, .entries = 2}};
    lk_status st = LK_OK;

    s.spec = lk_json_text(json_array_get(specs, g));
    s.run = lk_json_text(json_array_get(runs, g));
    if (s.spec == NULL || s.run == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%s: no room for the spec of cell %zu", path, g);
        goto out;
    }
    s.entry[0] = (lk_entry){"largek.spec", s.spec};
    s.entry[1] = (lk_entry){"largek.run", s.run};
    for (size_t i = 0; i < file->tensors; i++) {
        LK_TRY(
            slice_tensor(path, &file->tensor[i], json_array_size(specs), g, &s, err));
    }
    LK_TRY(lk_result_take(path, &s.file, out, err));

out:
    slice_release(&s);
    return st;
}

static lk_status read_cells(const char *path, const lk_safetensors *file, json_t *spec,
                            json_t *run, lk_sweep *out, lk_error *err)
{
    json_t *specs = json_object_get(spec, "cells");
    json_t *models = json_object_get(spec, "models");
    json_t *runs = json_object_get(run, "cells");
    const size_t cells = json_array_size(specs);
    lk_sweep sweep = {0};
    lk_status st = LK_OK;

    if (json_integer_value(json_object_get(spec, "schema")) != 3 || cells < 2 ||
        cells > LK_SWEEP_CELLS_MAX || json_array_size(models) != cells ||
        json_array_size(runs) != cells || file->tensors > LK_RESULT_TENSORS ||
        !done_is_whole(file, cells)) {
        return LK_FAIL(err, LK_E_MISMATCH, "%s: no sweep of this version", path);
    }
    LK_TRY(lk_sweep_init(&sweep, cells, err));
    for (size_t g = 0; g < cells; g++) {
        const char *name = json_string_value(json_array_get(models, g));

        LK_TRY(read_cell(path, file, specs, runs, g, &sweep.cell[g], err));
        if (name != NULL) strncat(sweep.model[g], name, LK_MODEL_NAME - 1);
    }
    if (check_cells(&sweep, NULL) != LK_OK) {
        st = LK_FAIL(err, LK_E_MISMATCH, "%s: cells of different problems", path);
        goto out;
    }
    *out = sweep;
    sweep = (lk_sweep){0};

out:
    lk_sweep_release(&sweep);
    return st;
}

static lk_status read_single(const char *path, const lk_safetensors *file,
                             lk_sweep *out, lk_error *err)
{
    lk_sweep sweep = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_sweep_init(&sweep, 1, err));
    LK_TRY(lk_result_take(path, file, &sweep.cell[0], err));
    *out = sweep;
    sweep = (lk_sweep){0};

out:
    lk_sweep_release(&sweep);
    return st;
}

lk_status lk_sweep_read(const char *path, lk_sweep *out, lk_error *err)
{
    lk_safetensors file = {0};
    json_error_t why = {0}, why_run = {0};
    json_t *spec = NULL, *run = NULL;
    const char *spec_text, *run_text;
    lk_status st = lk_result_load(path, &file, err);

    if (st != LK_OK) goto out;
    spec_text = lk_safetensors_entry(&file, "largek.spec");
    run_text = lk_safetensors_entry(&file, "largek.run");
    if (spec_text != NULL) spec = json_loads(spec_text, JSON_REJECT_DUPLICATES, &why);
    if (run_text != NULL) run = json_loads(run_text, JSON_REJECT_DUPLICATES, &why_run);
    if ((spec_text != NULL && spec == NULL && lk_json_no_memory(&why)) ||
        (run_text != NULL && run == NULL && lk_json_no_memory(&why_run))) {
        st = LK_FAIL(err, LK_E_MEMORY, "%s: no room to read its spec", path);
        goto out;
    }
    st = json_object_get(spec, "cells") != NULL
             ? read_cells(path, &file, spec, run, out, err)
             : read_single(path, &file, out, err);

out:
    json_decref(spec);
    json_decref(run);
    lk_safetensors_release(&file);
    return st;
}
