/* result_write.c - a result as a safetensors file. */
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/spec_json.h"
#include "io/json.h"
#include "largek/largek.h"

static const char not_exact[] =
    "counts of --path library: a library's own draws, decided by a fast score alone; "
    "not exact, and no function of the spec";

/* The rule as JSON; NULL where every problem gets the same. */
static json_t *until_json(const lk_until *until)
{
    char successes[24], budget[24], block[24], draws[24];

    snprintf(successes, sizeof successes, "%" PRIu64, until->successes);
    snprintf(budget, sizeof budget, "%" PRIu64, until->budget);
    snprintf(block, sizeof block, "%" PRIu64, until->block);
    snprintf(draws, sizeof draws, "%" PRIu64, until->draws);
    switch (until->kind) {
    case LK_UNTIL_SUCCESSES:
        return json_pack("{s:s, s:f, s:s, s:b}", "kind", lk_until_name(until->kind),
                         "threshold", until->threshold, "successes", successes,
                         "raised", until->raised);
    case LK_UNTIL_WIDTH:
        return json_pack("{s:s, s:f, s:f}", "kind", lk_until_name(until->kind),
                         "threshold", until->threshold, "width", until->width);
    case LK_UNTIL_BUDGET:
        return json_pack("{s:s, s:f, s:s, s:s, s:s}", "kind",
                         lk_until_name(until->kind), "threshold", until->threshold,
                         "budget", budget, "block", block, "draws", draws);
    default: return NULL;
    }
}

/* 64-bit numbers are texts: JSON readers may take numbers as double. */
char *lk_spec_json(const lk_spec *spec)
{
    bool whole = true;
    char seed[24];
    json_t *thresholds = json_array();
    json_t *root;
    char *text;

    snprintf(seed, sizeof seed, "%" PRIu64, spec->seed);
    for (size_t t = 0; t < spec->thresholds; t++) {
        whole &= json_array_append_new(thresholds, json_real(spec->threshold[t])) == 0;
    }
    root = json_pack(
        "{s:i, s:s, s:s, s:I, s:I, s:I, s:s, s:o, s:f, s:s, s:i}", "schema",
        spec->until.kind == LK_UNTIL_DRAWS ? 1 : 2, "model", spec->model_digest,
        "problem_set", spec->problems_digest, "problems", (json_int_t)spec->problems,
        "latent", (json_int_t)spec->latent, "pixels", (json_int_t)spec->pixels, "score",
        lk_score_name(spec->score), "thresholds", thresholds, "temperature",
        spec->temperature, "seed", seed, "stream", (int)spec->stream_version);
    if (spec->until.kind != LK_UNTIL_DRAWS) {
        whole &= json_object_set_new(root, "until", until_json(&spec->until)) == 0;
    }
    text = whole ? lk_json_text(root) : NULL;
    json_decref(root);
    return text;
}

static char *run_json(const lk_result *result)
{
    json_t *root = json_pack(
        "{s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:f, s:f, s:I, s:f}", "build",
        lk_build_id(), "asked", (json_int_t)result->asked, "device", result->device,
        "path", result->path, "redecided", (json_int_t)result->redecided, "audited",
        (json_int_t)result->audited, "violations", (json_int_t)result->violations,
        "audit_largest", result->audit_largest, "seconds", result->seconds,
        "checkpoints", (json_int_t)result->saves, "checkpoint_seconds", result->save_s);
    char *text = lk_json_text(root);

    json_decref(root);
    return text;
}

/* R rows of (problem row, first, end). */
static int64_t *done_rows(const lk_result *result, size_t *rows)
{
    const size_t problems = result->spec.problems;
    int64_t *table, *at;

    *rows = 0;
    for (size_t p = 0; p < problems; p++) *rows += result->done[p].count;
    table = malloc((*rows > 0 ? *rows : 1) * 3 * sizeof *table);
    at = table;
    for (size_t p = 0; table != NULL && p < problems; p++) {
        for (size_t r = 0; r < result->done[p].count; r++) {
            *at++ = (int64_t)p;
            *at++ = (int64_t)result->done[p].range[r].first;
            *at++ = (int64_t)result->done[p].range[r].end;
        }
    }
    return table;
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

/* Counters are at most 2^62 and LK_NO_ATTEMPT reads as -1, so u64 is written as I64,
 * which every tool takes. */
static void add_tensors(lk_safetensors *file, const lk_result *result,
                        const int64_t *done, size_t done_count)
{
    const lk_tally *tally = &result->tally;
    const uint64_t p = tally->problems, t = tally->thresholds;

    add_tensor(file, "index", LK_DTYPE_I64, result->index, p, 0);
    add_tensor(file, "threshold", LK_DTYPE_F64, result->spec.threshold, t, 0);
    add_tensor(file, "attempts", LK_DTYPE_I64, tally->attempts, p, 0);
    add_tensor(file, "successes", LK_DTYPE_I64, tally->successes, p, t);
    add_tensor(file, "first_success", LK_DTYPE_I64, tally->first, p, t);
    add_tensor(file, "best_sse", LK_DTYPE_F64, tally->best, p, 0);
    add_tensor(file, "best_attempt", LK_DTYPE_I64, tally->best_attempt, p, 0);
    add_tensor(file, "histogram", LK_DTYPE_I64, tally->histogram, p, LK_HISTOGRAM_BINS);
    add_tensor(file, "done", LK_DTYPE_I64, done, done_count, 3);
    add_tensor(file, "guard_band", LK_DTYPE_F64, result->guard, p, 0);
    if (result->traced > 0) {
        add_tensor(file, "trace", LK_DTYPE_F64, result->trace, p, result->traced);
    }
}

lk_status lk_result_lay_out(const lk_result *result, lk_result_layout *out,
                            lk_error *err)
{
    const bool exact = result->spec.stream_version != LK_STREAM_NONE;
    size_t done_count = 0;

    *out = (lk_result_layout){.done = done_rows(result, &done_count),
                              .spec = lk_spec_json(&result->spec),
                              .run = run_json(result)};
    if (out->done == NULL || out->spec == NULL || out->run == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "no room to write a result");
    }
    out->entry[0] = (lk_entry){"format", "largek result 1"};
    out->entry[1] = (lk_entry){"largek.spec", out->spec};
    out->entry[2] = (lk_entry){"largek.run", out->run};
    out->entry[3] = (lk_entry){"largek.warning", not_exact};
    out->file = (lk_safetensors){
        .tensor = out->tensor, .entries = exact ? 3 : 4, .entry = out->entry};
    add_tensors(&out->file, result, out->done, done_count);
    return LK_OK;
}

void lk_result_layout_release(lk_result_layout *layout)
{
    free(layout->done);
    free(layout->spec);
    free(layout->run);
    *layout = (lk_result_layout){0};
}

lk_status lk_result_write(const char *path, const lk_result *result, lk_error *err)
{
    lk_result_layout layout = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_result_lay_out(result, &layout, err));
    st = lk_safetensors_write(path, &layout.file,
                              LK_WRITE_DIGESTS | LK_WRITE_KEEP_PREVIOUS, err);

out:
    lk_result_layout_release(&layout);
    return st;
}
