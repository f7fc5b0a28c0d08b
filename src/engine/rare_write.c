/* rare_write.c - estimates as a safetensors file. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/rare_columns.h"
#include "engine/spec_json.h"
#include "largek/largek.h"
#include "largek/safetensors.h"

static char *options_json(const lk_rare_options *o)
{
    char budget[24];
    json_t *root;
    char *text;

    snprintf(budget, sizeof budget, "%" PRIu64, o->budget);
    root = json_pack("{s:i, s:s, s:f, s:s, s:I}", "schema", 1, "method",
                     lk_rare_method_name(o->method), "rel_error", o->rel_error,
                     "budget", budget, "starts", (json_int_t)o->starts);
    text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return text;
}

static char *run_json(const lk_rare *rare)
{
    json_t *root =
        json_pack("{s:s, s:s, s:s, s:f}", "build", lk_build_id(), "device",
                  rare->device, "path", rare->path, "seconds", rare->seconds);
    char *text = json_dumps(root, JSON_COMPACT);

    json_decref(root);
    return text;
}

static void add_tensor(lk_safetensors *file, const char *name, lk_dtype dtype,
                       const void *data, uint64_t rows, uint64_t columns)
{
    lk_tensor *tensor = &file->tensor[file->tensors++];

    *tensor = (lk_tensor){.name = name,
                          .dtype = dtype,
                          .rank = columns > 0 ? 2 : 1,
                          .shape = {rows, columns},
                          .data = data};
    tensor->bytes =
        (size_t)(rows * (columns > 0 ? columns : 1)) * lk_dtype_bytes(dtype);
}

/* The estimates column by column; 8 bytes a number either way. */
static void fill_columns(const lk_rare *rare, uint64_t *block)
{
    const size_t cells = rare->spec.problems * rare->spec.thresholds;

    for (size_t c = 0; c < LK_RARE_COLUMNS; c++) {
        for (size_t i = 0; i < cells; i++) {
            block[c * cells + i] = lk_rare_cell_get(&rare->at[i], c);
        }
    }
}

lk_status lk_rare_write(const char *path, const lk_rare *rare, lk_error *err)
{
    const size_t p = rare->spec.problems, t = rare->spec.thresholds;
    uint64_t *block = malloc(LK_RARE_COLUMNS * p * t * sizeof *block);
    char *spec = lk_spec_json(&rare->spec), *run = run_json(rare);
    char *options = options_json(&rare->options);
    lk_tensor tensor[LK_RARE_COLUMNS + 2];
    lk_entry entry[] = {{"format", "largek rare 1"},
                        {"largek.rare", options},
                        {"largek.rare.spec", spec},
                        {"largek.run", run}};
    lk_safetensors file = {
        .tensor = tensor, .entries = sizeof entry / sizeof entry[0], .entry = entry};
    lk_status st = LK_OK;

    if (block == NULL || spec == NULL || run == NULL || options == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%s: no room to write estimates", path);
        goto out;
    }
    fill_columns(rare, block);
    add_tensor(&file, "index", LK_DTYPE_I64, rare->index, p, 0);
    add_tensor(&file, "threshold", LK_DTYPE_F64, rare->spec.threshold, t, 0);
    for (size_t c = 0; c < LK_RARE_COLUMNS; c++) {
        add_tensor(&file, lk_rare_columns[c].name,
                   lk_rare_columns[c].real ? LK_DTYPE_F64 : LK_DTYPE_I64,
                   block + c * p * t, p, t);
    }
    LK_TRY(lk_safetensors_write(path, &file, LK_WRITE_DIGESTS | LK_WRITE_KEEP_PREVIOUS,
                                err));

out:
    free(block);
    free(spec);
    free(run);
    free(options);
    return st;
}
