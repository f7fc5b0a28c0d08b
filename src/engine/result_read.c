/* result_read.c - a result from a file, with everything about it checked. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "engine/engine.h"
#include "engine/spec_json.h"
#include "io/json.h"
#include "largek/safetensors.h"

/* The length of a header below 4 GB, then its first brace: safetensors, whole or cut. */
static bool begins_as_safetensors(const char *path)
{
    unsigned char head[9] = {0};
    FILE *file = fopen(path, "rb");
    const bool whole = file != NULL && fread(head, 1, sizeof head, file) == sizeof head;

    if (file != NULL) fclose(file);
    return whole && memcmp(head + 4, "\0\0\0\0{", 5) == 0;
}

bool lk_result_recognise(const char *path)
{
    lk_safetensors file = {0};
    lk_error err = {0};

    if (!lk_file_regular(path)) return false;
    const lk_status st = lk_safetensors_read(path, &file, &err);
    const bool is = st == LK_OK && lk_safetensors_entry(&file, "largek.spec") != NULL;

    lk_safetensors_release(&file);
    /* Digests are a result's, and counts are no safetensors: reading says what is off. */
    return is || st == LK_E_MISMATCH ||
           (st == LK_E_FORMAT && begins_as_safetensors(path));
}

/* Copies a digest of 32 hex characters. */
static bool take_digest(char out[33], const char *text)
{
    if (strlen(text) != 32 || strspn(text, "0123456789abcdef") != 32) return false;
    memcpy(out, text, 33);
    return true;
}

bool lk_json_u64(uint64_t *out, const char *text)
{
    char *end = NULL;

    if (text == NULL || text[0] < '0' || text[0] > '9') return false;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool take_thresholds(lk_spec *spec, json_t *list)
{
    const size_t count = json_array_size(list);

    if (count == 0 || count > LK_THRESHOLDS_MAX) return false;
    for (size_t t = 0; t < count; t++) {
        const double x = json_real_value(json_array_get(list, t));

        if (!(x > (t > 0 ? spec->threshold[t - 1] : 0.0))) return false;
        spec->threshold[t] = x;
    }
    spec->thresholds = count;
    return true;
}

static bool parse_until(lk_spec *spec, json_t *object)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const char *text[4] = {NULL};
    static const char *const name[4] = {"successes", "budget", "block", "draws"};
    lk_until until = {.threshold =
                          json_real_value(json_object_get(object, "threshold")),
                      .width = json_real_value(json_object_get(object, "width")),
                      .raised = json_is_true(json_object_get(object, "raised"))};
    uint64_t *to[4] = {&until.successes, &until.budget, &until.block, &until.draws};

    for (int i = 0; i < 4; i++) {
        text[i] = json_string_value(json_object_get(object, name[i]));
        if (text[i] != NULL && !lk_json_u64(to[i], text[i])) return false;
    }
    if (kind == NULL || !(until.threshold > 0.0)) return false;
    until.kind = lk_until_find(kind);
    return until.kind != LK_UNTIL_DRAWS &&
           lk_spec_set_until(spec, &until, NULL) == LK_OK;
}

lk_status lk_spec_parse(lk_spec *spec, const char *text)
{
    json_error_t why = {0};
    const char *model = NULL, *problem_set = NULL, *score = NULL, *seed = NULL;
    json_int_t schema = 0, problems = 0, latent = 0, pixels = 0, stream = 0;
    json_t *thresholds = NULL;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    bool good = false;
    lk_status st = root == NULL && lk_json_no_memory(&why) ? LK_E_MEMORY : LK_OK;

    *spec = (lk_spec){0};
    if (root != NULL &&
        json_unpack_ex(root, &why, 0,
                       "{s:I, s:s, s:s, s:I, s:I, s:I, s:s, s:o, s:F, s:s, s:I}",
                       "schema", &schema, "model", &model, "problem_set", &problem_set,
                       "problems", &problems, "latent", &latent, "pixels", &pixels,
                       "score", &score, "thresholds", &thresholds, "temperature",
                       &spec->temperature, "seed", &seed, "stream", &stream) == 0) {
        json_t *until = json_object_get(root, "until");

        good = schema == (until == NULL ? 1 : 2) &&
               take_digest(spec->model_digest, model) &&
               take_digest(spec->problems_digest, problem_set) &&
               lk_json_u64(&spec->seed, seed) && take_thresholds(spec, thresholds) &&
               problems > 0 && latent > 0 && pixels > 0 && stream >= 0 &&
               stream <= UINT32_MAX && spec->temperature > 0.0 &&
               (spec->score = lk_score_find(score)) != LK_SCORES &&
               (until == NULL || parse_until(spec, until));
        spec->problems = (size_t)problems;
        spec->latent = (size_t)latent;
        spec->pixels = (size_t)pixels;
        spec->stream_version = (uint32_t)stream;
    } else if (root != NULL && json_error_code(&why) == json_error_out_of_memory) {
        st = LK_E_MEMORY;
    }
    json_decref(root);
    if (st != LK_OK) return st;
    return good ? LK_OK : LK_E_MISMATCH;
}

/* What happened on the way; for people, so whatever is missing stays empty. */
static lk_status parse_run(lk_result *result, const char *text)
{
    json_error_t why = {0};
    json_t *root = text != NULL ? json_loads(text, 0, &why) : NULL;
    const char *device = json_string_value(json_object_get(root, "device"));
    const char *path = json_string_value(json_object_get(root, "path"));

    if (device != NULL) strncat(result->device, device, sizeof result->device - 1);
    if (path != NULL) strncat(result->path, path, sizeof result->path - 1);
    result->redecided =
        (uint64_t)json_integer_value(json_object_get(root, "redecided"));
    result->audited = (uint64_t)json_integer_value(json_object_get(root, "audited"));
    result->saves = (uint64_t)json_integer_value(json_object_get(root, "checkpoints"));
    result->save_s = json_number_value(json_object_get(root, "checkpoint_seconds"));
    result->asked = (uint64_t)json_integer_value(json_object_get(root, "asked"));
    result->violations =
        (uint64_t)json_integer_value(json_object_get(root, "violations"));
    result->audit_largest = json_number_value(json_object_get(root, "audit_largest"));
    result->seconds = json_number_value(json_object_get(root, "seconds"));
    json_decref(root);
    return text != NULL && root == NULL && lk_json_no_memory(&why) ? LK_E_MEMORY
                                                                   : LK_OK;
}

lk_status lk_tensor_expect(const char *path, const lk_safetensors *file,
                           const char *name, lk_dtype dtype, uint64_t rows,
                           uint64_t columns, const lk_tensor **out, lk_error *err)
{
    const lk_tensor *t = lk_safetensors_find(file, name);
    const size_t rank = columns > 0 ? 2 : 1;

    if (t == NULL) return LK_FAIL(err, LK_E_MISMATCH, "%s: no tensor %s", path, name);
    if (t->dtype != dtype || t->rank != rank || t->shape[0] != rows ||
        (rank == 2 && t->shape[1] != columns)) {
        return LK_FAIL(err, LK_E_MISMATCH,
                       "%s: %s is not %s [%" PRIu64 "][%" PRIu64 "]", path, name,
                       lk_dtype_name(dtype), rows, columns);
    }
    *out = t;
    return LK_OK;
}

/* Copies it into `to`. */
static lk_status take(const char *path, const lk_safetensors *file, const char *name,
                      lk_dtype dtype, uint64_t rows, uint64_t columns, void *to,
                      lk_error *err)
{
    const lk_tensor *t = NULL;
    const lk_status st =
        lk_tensor_expect(path, file, name, dtype, rows, columns, &t, err);

    if (st == LK_OK) memcpy(to, t->data, t->bytes);
    return st;
}

static lk_status take_done(const char *path, const lk_safetensors *file,
                           lk_result *result, lk_error *err)
{
    const lk_tensor *t = lk_safetensors_find(file, "done");

    if (t == NULL || t->dtype != LK_DTYPE_I64 || t->rank != 2 || t->shape[1] != 3) {
        return LK_FAIL(err, LK_E_MISMATCH, "%s: no tensor done I64 [R][3]", path);
    }
    /* In ascending order, as they are written: adding them is then linear. */
    int64_t last[3] = {0, 0, -1};

    for (uint64_t r = 0; r < t->shape[0]; r++) {
        int64_t row[3];

        memcpy(row, (const char *)t->data + r * sizeof row, sizeof row);
        lk_status st = LK_E_MISMATCH;

        if (row[0] >= last[0] && (row[0] > last[0] || row[1] > last[2]) &&
            (uint64_t)row[0] < result->spec.problems && row[1] >= 0 &&
            (uint64_t)row[2] <= lk_attempts_max(result->spec.latent)) {
            st = lk_ranges_add(&result->done[row[0]], (uint64_t)row[1],
                               (uint64_t)row[2], err);
        }
        if (st == LK_E_MEMORY) return st;
        if (st != LK_OK) {
            return LK_FAIL(err, LK_E_MISMATCH, "%s: done[%" PRIu64 "] makes no sense",
                           path, r);
        }
        memcpy(last, row, sizeof last);
    }
    return LK_OK;
}

static lk_status take_trace(const char *path, const lk_safetensors *file,
                            lk_result *result, lk_error *err)
{
    const lk_tensor *t = lk_safetensors_find(file, "trace");

    if (t == NULL) return LK_OK;
    if (t->rank != 2 || t->shape[1] == 0) {
        return LK_FAIL(err, LK_E_MISMATCH, "%s: no trace F64 [P][J]", path);
    }
    result->trace = malloc(t->bytes > 0 ? t->bytes : 1);
    if (result->trace == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "%s: no room for trace", path);
    }
    result->traced = (size_t)t->shape[1];
    return take(path, file, "trace", LK_DTYPE_F64, result->spec.problems,
                result->traced, result->trace, err);
}

/* Whether an attempt is one of those done. */
static bool is_done(const lk_ranges *done, uint64_t attempt)
{
    size_t low = 0, high = done->count;

    while (low < high) { /* the first range that ends behind it */
        const size_t middle = low + (high - low) / 2;

        if (done->range[middle].end <= attempt) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < done->count && done->range[low].first <= attempt;
}

/* First successes are there where successes are, among the attempts done, and none comes
 * later than that of a lower threshold. */
static bool firsts_agree(const lk_result *result, size_t p)
{
    const lk_tally *tally = &result->tally;
    uint64_t before = LK_NO_ATTEMPT;

    for (size_t t = 0; t < tally->thresholds; t++) {
        const uint64_t c = tally->successes[p * tally->thresholds + t];
        const uint64_t first = tally->first[p * tally->thresholds + t];

        if (first > before || (c == 0) != (first == LK_NO_ATTEMPT)) return false;
        if (c > 0 && !is_done(&result->done[p], first)) return false;
        before = first;
    }
    return true;
}

/* A best score has an attempt, and a success is a score, though a library's draws keep
 * none. */
static bool best_agrees(const lk_result *result, size_t p)
{
    const lk_tally *tally = &result->tally;
    const uint64_t c = tally->successes[(p + 1) * tally->thresholds - 1];

    if (tally->best[p] == (double)INFINITY) {
        return tally->best_attempt[p] == LK_NO_ATTEMPT &&
               (c == 0 || result->spec.stream_version == LK_STREAM_NONE);
    }
    return tally->best[p] >= 0.0 && is_done(&result->done[p], tally->best_attempt[p]);
}

/* Every draw is in one bin. */
static bool histogram_agrees(const lk_tally *tally, size_t p)
{
    uint64_t left = tally->attempts[p];

    for (size_t b = 0; b < LK_HISTOGRAM_BINS; b++) {
        const uint64_t n = tally->histogram[p * LK_HISTOGRAM_BINS + b];

        if (n > left) return false;
        left -= n;
    }
    return left == 0;
}

/* Counts must agree with each other and with the ranges that say what was done. */
static lk_status check_counts(const char *path, const lk_result *result, lk_error *err)
{
    const lk_tally *tally = &result->tally;

    for (size_t p = 0; p < tally->problems; p++) {
        uint64_t done = 0, below = 0;

        for (size_t r = 0; r < result->done[p].count; r++) {
            done += result->done[p].range[r].end - result->done[p].range[r].first;
        }
        if (done != tally->attempts[p]) {
            return LK_FAIL(err, LK_E_MISMATCH,
                           "%s: attempts[%zu] is %" PRIu64
                           ", done ranges hold %" PRIu64,
                           path, p, tally->attempts[p], done);
        }
        for (size_t t = 0; t < tally->thresholds; t++) {
            const uint64_t c = tally->successes[p * tally->thresholds + t];

            if (c < below || c > done) {
                return LK_FAIL(err, LK_E_MISMATCH,
                               "%s: successes[%zu][%zu] is %" PRIu64, path, p, t, c);
            }
            below = c;
        }
        const char *wrong = !firsts_agree(result, p)         ? "first_success"
                            : !best_agrees(result, p)        ? "best_attempt"
                            : !histogram_agrees(tally, p)    ? "histogram"
                            : result->index[p] > LK_ITEM_MAX ? "index"
                            : !(result->guard[p] >= 0.0)     ? "guard_band"
                            : !lk_pursuit_agrees(result, p)  ? "attempts"
                                                             : NULL;

        if (wrong != NULL) {
            return LK_FAIL(err, LK_E_MISMATCH, "%s: %s[%zu] makes no sense", path,
                           wrong, p);
        }
    }
    return LK_OK;
}

static lk_status take_tensors(const char *path, const lk_safetensors *file,
                              lk_result *result, lk_error *err)
{
    lk_tally *tally = &result->tally;
    const uint64_t p = tally->problems, t = tally->thresholds;
    double threshold[LK_THRESHOLDS_MAX];
    lk_status st = LK_OK;

    LK_TRY(take(path, file, "threshold", LK_DTYPE_F64, t, 0, threshold, err));
    if (memcmp(threshold, result->spec.threshold, t * sizeof *threshold) != 0) {
        st = LK_FAIL(err, LK_E_MISMATCH, "%s: threshold is not that of largek.spec",
                     path);
        goto out;
    }
    LK_TRY(take(path, file, "index", LK_DTYPE_I64, p, 0, result->index, err));
    LK_TRY(take(path, file, "attempts", LK_DTYPE_I64, p, 0, tally->attempts, err));
    LK_TRY(take(path, file, "successes", LK_DTYPE_I64, p, t, tally->successes, err));
    LK_TRY(take(path, file, "first_success", LK_DTYPE_I64, p, t, tally->first, err));
    LK_TRY(take(path, file, "best_sse", LK_DTYPE_F64, p, 0, tally->best, err));
    LK_TRY(
        take(path, file, "best_attempt", LK_DTYPE_I64, p, 0, tally->best_attempt, err));
    LK_TRY(take(path, file, "histogram", LK_DTYPE_I64, p, LK_HISTOGRAM_BINS,
                tally->histogram, err));
    LK_TRY(take(path, file, "guard_band", LK_DTYPE_F64, p, 0, result->guard, err));
    LK_TRY(take_done(path, file, result, err));
    LK_TRY(take_trace(path, file, result, err));
    LK_TRY(check_counts(path, result, err));

out:
    return st;
}

/* What a file says that is not a result's spec. */
static lk_status no_spec(const char *path, const char *text, lk_error *err)
{
    json_t *root = text != NULL ? json_loads(text, 0, NULL) : NULL;
    const size_t cells = json_array_size(json_object_get(root, "cells"));

    json_decref(root);
    if (cells > 0) {
        return LK_FAIL(err, LK_E_MISMATCH, "%s: a sweep of %zu cells, not one result",
                       path, cells);
    }
    return LK_FAIL(err, LK_E_MISMATCH, "%s: no result of this version (largek.spec)",
                   path);
}

lk_status lk_result_load(const char *path, lk_safetensors *out, lk_error *err)
{
    lk_status st = lk_safetensors_read(path, out, err);

    if (st == LK_E_FORMAT) { /* whatever is wrong in a result is a mismatch */
        st = LK_E_MISMATCH;
        if (err != NULL) err->status = st;
    }
    return st;
}

lk_status lk_result_take(const char *path, const lk_safetensors *file, lk_result *out,
                         lk_error *err)
{
    const char *text = lk_safetensors_entry(file, "largek.spec");
    lk_result result = {0};
    lk_spec spec;
    uint64_t *no_index = NULL;
    const lk_tensor *largest = NULL;
    lk_status st = text != NULL ? lk_spec_parse(&spec, text) : LK_E_MISMATCH;

    if (st != LK_OK) {
        st = st == LK_E_MEMORY ? LK_FAIL(err, st, "%s: no room to read its spec", path)
                               : no_spec(path, text, err);
        goto out;
    }
    /* What the file holds bounds what is allocated for it. */
    LK_TRY(lk_tensor_expect(path, file, "histogram", LK_DTYPE_I64, spec.problems,
                            LK_HISTOGRAM_BINS, &largest, err));
    no_index = calloc(spec.problems, sizeof *no_index);
    if (no_index == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%s: no room for %zu problems", path,
                     spec.problems);
        goto out;
    }
    LK_TRY(lk_result_init(&result, &spec, no_index, err));
    st = parse_run(&result, lk_safetensors_entry(file, "largek.run"));
    if (st != LK_OK) {
        st = LK_FAIL(err, st, "%s: no room to read its notes", path);
        goto out;
    }
    LK_TRY(take_tensors(path, file, &result, err));
    *out = result;
    result = (lk_result){0};

out:
    lk_result_release(&result);
    free(no_index);
    return st;
}

lk_status lk_result_read(const char *path, lk_result *out, lk_error *err)
{
    lk_safetensors file = {0};
    lk_status st = lk_result_load(path, &file, err);

    if (st == LK_OK) st = lk_result_take(path, &file, out, err);
    lk_safetensors_release(&file);
    return st;
}
