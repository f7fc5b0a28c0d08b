/* rare_read.c - estimates from a file, with everything about them checked. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "engine/engine.h"
#include "engine/rare_columns.h"
#include "engine/spec_json.h"
#include "largek/safetensors.h"

bool lk_rare_recognise(const char *path)
{
    lk_safetensors file = {0};
    lk_error err = {0};

    if (!lk_file_regular(path)) return false;
    const lk_status st = lk_safetensors_read(path, &file, &err);
    const bool is = st == LK_OK && lk_safetensors_entry(&file, "largek.rare") != NULL;

    lk_safetensors_release(&file);
    return is;
}

static bool parse_options(lk_rare_options *options, const char *text)
{
    const char *method = NULL, *budget = NULL;
    json_int_t schema = 0, starts = 0;
    json_t *root = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool good = false;

    *options = (lk_rare_options){0};
    if (root != NULL &&
        json_unpack(root, "{s:I, s:s, s:F, s:s, s:I}", "schema", &schema, "method",
                    &method, "rel_error", &options->rel_error, "budget", &budget,
                    "starts", &starts) == 0) {
        while (options->method <= LK_RARE_BOTH &&
               strcmp(method, lk_rare_method_name(options->method)) != 0) {
            options->method++;
        }
        options->starts = starts > 0 ? (size_t)starts : 0;
        good = schema == 1 && options->method <= LK_RARE_BOTH &&
               lk_json_u64(&options->budget, budget);
    }
    json_decref(root);
    return good;
}

/* For people: whatever is missing stays empty. */
static void parse_run(lk_rare *rare, const char *text)
{
    json_t *root = text != NULL ? json_loads(text, 0, NULL) : NULL;
    const char *device = json_string_value(json_object_get(root, "device"));
    const char *path = json_string_value(json_object_get(root, "path"));

    if (device != NULL) strncat(rare->device, device, sizeof rare->device - 1);
    if (path != NULL) strncat(rare->path, path, sizeof rare->path - 1);
    rare->seconds = json_number_value(json_object_get(root, "seconds"));
    json_decref(root);
}

/* The member that makes no sense, or NULL. */
static const char *wrong_member(const lk_rare_estimate *e)
{
    const bool none = e->status == LK_RARE_NONE_FOUND;

    if ((unsigned)e->status >= LK_RARE_STATUSES) return "status";
    if (e->status == LK_RARE_PENDING) return NULL;
    if (none != (bool)isnan(e->log_p) || e->log_p > 1.0) return "log_p";
    if (none != (bool)isnan(e->rel_error) || e->rel_error < 0.0) return "rel_error";
    if (!(e->log_lo <= e->log_hi) || !(e->log_hi <= 0.0)) return "log_hi";
    if (e->hits > e->draws || (!none && e->hits == 0)) return "hits";
    if (e->draws > (uint64_t)INT64_MAX) return "draws";
    return NULL;
}

static lk_status take_columns(const char *path, const lk_safetensors *file,
                              lk_rare *rare, lk_error *err)
{
    const size_t cells = rare->spec.problems * rare->spec.thresholds;

    for (size_t c = 0; c < LK_RARE_COLUMNS; c++) {
        const lk_tensor *t = NULL;
        const lk_status st =
            lk_tensor_expect(path, file, lk_rare_columns[c].name,
                             lk_rare_columns[c].real ? LK_DTYPE_F64 : LK_DTYPE_I64,
                             rare->spec.problems, rare->spec.thresholds, &t, err);

        if (st != LK_OK) return st;
        for (size_t i = 0; i < cells; i++) {
            uint64_t bits;

            memcpy(&bits, (const char *)t->data + i * sizeof bits, sizeof bits);
            lk_rare_cell_set(&rare->at[i], c, bits);
        }
    }
    for (size_t i = 0; i < cells; i++) {
        const char *wrong = wrong_member(&rare->at[i]);

        if (wrong == NULL) continue;
        return LK_FAIL(err, LK_E_MISMATCH, "%s: %s[%zu][%zu] makes no sense", path,
                       wrong, i / rare->spec.thresholds, i % rare->spec.thresholds);
    }
    return LK_OK;
}

static lk_status take_heads(const char *path, const lk_safetensors *file, lk_rare *rare,
                            lk_error *err)
{
    const size_t p = rare->spec.problems, t = rare->spec.thresholds;
    const lk_tensor *index = NULL, *threshold = NULL;
    lk_status st = LK_OK;

    LK_TRY(
        lk_tensor_expect(path, file, "threshold", LK_DTYPE_F64, t, 0, &threshold, err));
    if (memcmp(threshold->data, rare->spec.threshold, t * sizeof(double)) != 0) {
        st = LK_FAIL(err, LK_E_MISMATCH,
                     "%s: threshold is not that of largek.rare.spec", path);
        goto out;
    }
    LK_TRY(lk_tensor_expect(path, file, "index", LK_DTYPE_I64, p, 0, &index, err));
    memcpy(rare->index, index->data, p * sizeof *rare->index);
    for (size_t i = 0; i < p; i++) {
        if (rare->index[i] <= LK_ITEM_MAX) continue;
        st = LK_FAIL(err, LK_E_MISMATCH, "%s: index[%zu] makes no sense", path, i);
        goto out;
    }

out:
    return st;
}

lk_status lk_rare_read(const char *path, lk_rare *out, lk_error *err)
{
    lk_safetensors file = {0};
    lk_rare rare = {0};
    lk_rare_options options;
    lk_spec spec;
    const lk_tensor *first = NULL;
    const char *text;
    lk_status st = lk_safetensors_read(path, &file, err);

    if (st == LK_E_FORMAT) { /* whatever is wrong in one is a mismatch */
        st = LK_E_MISMATCH;
        if (err != NULL) err->status = st;
    }
    if (st != LK_OK) goto out;
    text = lk_safetensors_entry(&file, "largek.rare.spec");
    if (text == NULL || lk_spec_parse(&spec, text) != LK_OK ||
        !parse_options(&options, lk_safetensors_entry(&file, "largek.rare"))) {
        st = LK_FAIL(err, LK_E_MISMATCH,
                     "%s: no estimates of this version (largek.rare)", path);
        goto out;
    }
    /* What the file holds bounds what is allocated for it. */
    LK_TRY(lk_tensor_expect(path, &file, "log_p", LK_DTYPE_F64, spec.problems,
                            spec.thresholds, &first, err));
    LK_TRY(lk_tensor_expect(path, &file, "index", LK_DTYPE_I64, spec.problems, 0,
                            &first, err));
    LK_TRY(lk_rare_init(&rare, &spec, &options, first->data, err));
    parse_run(&rare, lk_safetensors_entry(&file, "largek.run"));
    LK_TRY(take_heads(path, &file, &rare, err));
    LK_TRY(take_columns(path, &file, &rare, err));
    *out = rare;
    rare = (lk_rare){0};

out:
    lk_rare_release(&rare);
    lk_safetensors_release(&file);
    return st;
}
