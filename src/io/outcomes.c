/* outcomes.c - ordered outcomes from .npy and JSON lines. */
#include "largek/outcomes.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "io/json.h"
#include "io/text.h"
#include "largek/npy.h"

/* Outcomes under construction. */
typedef struct {
    lk_outcomes out;
    size_t room_problems, room_outcomes;
} builder;

/* Doubles *room until it holds `wanted` and resizes *block; false: no memory. */
static bool grow(void **block, size_t bytes_each, size_t *room, size_t wanted)
{
    size_t larger = *room == 0 ? 64 : *room;

    if (wanted <= *room) return true;
    while (larger < wanted) larger *= 2;
    void *grown = realloc(*block, larger * bytes_each);
    if (grown == NULL) return false;
    *block = grown;
    *room = larger;
    return true;
}

/* Starts a problem; its outcomes follow. */
static lk_status add_problem(builder *b, const char *id, lk_error *err)
{
    lk_outcomes *o = &b->out;
    size_t room_ids = b->room_problems, room_first = b->room_problems;

    if (!grow((void **)&o->id, sizeof *o->id, &room_ids, o->problems + 2) ||
        !grow((void **)&o->first, sizeof *o->first, &room_first, o->problems + 2) ||
        (o->id[o->problems] = strdup(id)) == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "outcomes of %zu problems", o->problems + 1);
    }
    b->room_problems = room_ids;
    if (o->problems == 0) o->first[0] = 0;
    o->first[o->problems + 1] = o->first[o->problems];
    o->problems++;
    return LK_OK;
}

static lk_status add_outcome(builder *b, bool success, lk_error *err)
{
    lk_outcomes *o = &b->out;
    size_t *end = &o->first[o->problems];

    if (!grow((void **)&o->outcome, 1, &b->room_outcomes, *end + 1))
        return LK_FAIL(err, LK_E_MEMORY, "%zu outcomes", *end + 1);
    o->outcome[(*end)++] = success;
    return LK_OK;
}

/* Hands over, or frees after a failure. */
static lk_status finish(builder *b, const char *name, lk_status st, lk_outcomes *out,
                        lk_error *err)
{
    if (st == LK_OK && (b->out.problems == 0 || b->out.first[b->out.problems] == 0)) {
        st = LK_FAIL(err, LK_E_FORMAT, "%s: no outcomes", name);
    }
    if (st == LK_OK) {
        *out = b->out;
    } else {
        lk_outcomes_release(&b->out);
    }
    return st;
}

static lk_status add_row(builder *b, const char *path, const lk_matrix *m, size_t row,
                         lk_error *err)
{
    char id[32];
    lk_status st = LK_OK;

    snprintf(id, sizeof id, "%zu", row);
    LK_TRY(add_problem(b, id, err));
    for (size_t j = 0; j < m->cols; j++) {
        const double x = m->data[row * m->cols + j];

        if (isnan(x)) {
            b->out.missing++;
            continue;
        }
        if (x != 0.0 && x != 1.0) {
            return LK_FAIL(err, LK_E_FORMAT,
                           "%s: row %zu, column %zu: %g is none of 0, 1, NaN", path,
                           row, j, x);
        }
        LK_TRY(add_outcome(b, x == 1.0, err));
    }
out:
    return st;
}

static lk_status read_npy(const char *path, lk_outcomes *out, lk_error *err)
{
    builder b = {0};
    lk_matrix matrix = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_npy_read(path, &matrix, err));
    for (size_t i = 0; st == LK_OK && i < matrix.rows; i++) {
        st = add_row(&b, path, &matrix, i, err);
    }
    st = finish(&b, path, st, out, err);
out:
    lk_matrix_release(&matrix);
    return st;
}

/* The problem's name: a text, or a number as it stands. */
static bool find_id(json_t *object, char *id, size_t bytes)
{
    static const char *const names[] = {"id", "task_id", "problem", "problem_idx",
                                        "question_id"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_t *member = json_object_get(object, names[i]);

        if (json_is_string(member)) {
            snprintf(id, bytes, "%s", json_string_value(member));
            return true;
        }
        if (json_is_integer(member)) {
            snprintf(id, bytes, "%" JSON_INTEGER_FORMAT, json_integer_value(member));
            return true;
        }
    }
    return false;
}

static lk_status add_values(builder *b, const char *place, json_t *values,
                            lk_error *err)
{
    json_t *value;
    size_t i;
    lk_status st = LK_OK;

    json_array_foreach(values, i, value)
    {
        const double x = json_is_boolean(value)  ? json_is_true(value)
                         : json_is_number(value) ? json_number_value(value)
                                                 : NAN;

        if (json_is_null(value)) {
            b->out.missing++;
            continue;
        }
        if (x != 0.0 && x != 1.0) {
            return LK_FAIL(err, LK_E_FORMAT,
                           "%s: outcome %zu is none of 0, 1, true, false, null", place,
                           i);
        }
        LK_TRY(add_outcome(b, x == 1.0, err));
    }
out:
    return st;
}

static lk_status add_line(builder *b, const lk_text *text, const char *line,
                          size_t bytes, lk_error *err)
{
    char place[300], id[300] = "";
    json_error_t why;
    json_t *object = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &why);
    lk_status st = LK_OK;

    snprintf(place, sizeof place, "%.200s:%" PRIu64, lk_text_name(text),
             lk_text_number(text));
    if (object == NULL) {
        const bool memory = lk_json_no_memory(&why);

        return LK_FAIL(err, memory ? LK_E_MEMORY : LK_E_FORMAT,
                       "%s:%d: not JSON: %.150s", place, why.position, why.text);
    }
    json_t *values = json_object_get(object, "outcomes");
    if (!json_is_array(values) || !find_id(object, id, sizeof id)) {
        st = LK_FAIL(err, LK_E_FORMAT, "%s: wants \"%s\"", place,
                     json_is_array(values) ? "id" : "outcomes\": [0, 1, ...], \"id");
        goto out;
    }
    LK_TRY(add_problem(b, id, err));
    st = add_values(b, place, values, err);
out:
    json_decref(object);
    return st;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Outcomes of one problem in two places have no order between them. */
static lk_status check_ids(const lk_outcomes *o, const char *name, lk_error *err)
{
    char **sorted = malloc((o->problems + 1) * sizeof *sorted);
    lk_status st = LK_OK;

    if (sorted == NULL) return LK_FAIL(err, LK_E_MEMORY, "%zu problems", o->problems);
    for (size_t i = 0; i < o->problems; i++) sorted[i] = o->id[i];
    qsort(sorted, o->problems, sizeof *sorted, by_text);
    for (size_t i = 1; i < o->problems && st == LK_OK; i++) {
        if (strcmp(sorted[i - 1], sorted[i]) != 0) continue;
        st = LK_FAIL(err, LK_E_FORMAT, "%s: problem '%.200s' is there twice", name,
                     sorted[i]);
    }
    free(sorted);
    return st;
}

static lk_status read_jsonl(const char *path, lk_outcomes *out, lk_error *err)
{
    builder b = {0};
    lk_text *text = NULL;
    char *line = NULL;
    size_t bytes = 0;
    lk_status st = LK_OK;

    LK_TRY(lk_text_open(path, &text, err));
    for (;;) {
        st = lk_text_line(text, &line, &bytes, err);
        if (st != LK_OK || line == NULL) break;
        if (line[strspn(line, " \t")] == '\0') continue;
        st = add_line(&b, text, line, bytes, err);
        if (st != LK_OK) break;
    }
    if (st == LK_OK) st = check_ids(&b.out, lk_text_name(text), err);
    st = finish(&b, lk_text_name(text), st, out, err);
out:
    lk_text_close(text);
    return st;
}

static bool starts_as_npy(const char *path)
{
    char magic[6] = "";
    const bool twice = strcmp(path, "-") != 0 && lk_file_regular(path);
    FILE *file = twice ? fopen(path, "rb") : NULL;
    const bool npy = file != NULL &&
                     fread(magic, 1, sizeof magic, file) == sizeof magic &&
                     memcmp(magic, "\x93NUMPY", sizeof magic) == 0;

    if (file != NULL) fclose(file);
    return npy;
}

lk_status lk_outcomes_read(const char *path, lk_outcomes *out, lk_error *err)
{
    return starts_as_npy(path) ? read_npy(path, out, err) : read_jsonl(path, out, err);
}

lk_status lk_outcomes_of_scores(const double *score, const uint64_t *index,
                                size_t problems, size_t attempts, double threshold,
                                lk_outcomes *out, lk_error *err)
{
    builder b = {0};
    lk_status st = LK_OK;

    if (problems == 0 || attempts == 0)
        return LK_FAIL(err, LK_E_ARG, "outcomes of no attempts");
    for (size_t i = 0; i < problems && st == LK_OK; i++) {
        char id[32];

        snprintf(id, sizeof id, "%" PRIu64, index[i]);
        st = add_problem(&b, id, err);
        for (size_t j = 0; j < attempts && st == LK_OK; j++) {
            st = add_outcome(&b, score[i * attempts + j] <= threshold, err);
        }
    }
    return finish(&b, "scores", st, out, err);
}

void lk_outcomes_release(lk_outcomes *outcomes)
{
    for (size_t i = 0; outcomes->id != NULL && i < outcomes->problems; i++) {
        free(outcomes->id[i]);
    }
    free(outcomes->id);
    free(outcomes->first);
    free(outcomes->outcome);
    *outcomes = (lk_outcomes){0};
}
