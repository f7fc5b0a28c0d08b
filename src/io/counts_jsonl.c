/* counts_jsonl.c - counts from JSON lines, one flat object a line.
 *
 * Jansson says whether a line is JSON and undoes its strings, but makes doubles of
 * numbers with a point or an exponent, which loses digits above 2^53.  Numbers are
 * therefore taken from the line itself: in a flat object, the i-th number member is the
 * i-th number outside of strings.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "io/counts_build.h"
#include "io/json.h"

typedef struct {
    lk_text *text;
    size_t columns;
    json_t *first; /* the first object: its keys are the columns */
    const char *name[LK_COUNTS_COLUMNS_MAX];
} jsonl;

static bool starts_number(char c)
{
    return c == '-' || (c >= '0' && c <= '9');
}

/* The next number of a valid flat object, ended by a NUL; *at moves past it. */
static const char *take_number(char **at)
{
    char *s = *at;

    while (*s != '\0' && !starts_number(*s)) {
        if (*s++ != '"') continue;
        while (*s != '"') s += *s == '\\' ? 2 : 1;
        s++;
    }
    char *end = s + strspn(s, "+-.0123456789eE");

    *at = *end == '\0' ? end : end + 1;
    *end = '\0';
    return s;
}

/* The object's members as texts in their own order; numbers end up cut out of `line`. */
static lk_status members(const jsonl *r, json_t *object, char *line, const char *name[],
                         const char *value[], lk_error *err)
{
    const char *key;
    json_t *member;
    size_t i = 0;

    json_object_foreach(object, key, member) /* in the line's order */
    {
        name[i] = key;
        if (json_is_number(member))
            value[i] = take_number(&line);
        else if (json_is_string(member))
            value[i] = json_string_value(member);
        else if (json_is_boolean(member))
            value[i] = json_is_true(member) ? "true" : "false";
        else if (json_is_null(member))
            value[i] = NULL;
        else {
            return LK_FAIL(err, LK_E_FORMAT,
                           "%s:%" PRIu64 ": '%s' is a list or an object",
                           lk_text_name(r->text), lk_text_number(r->text), key);
        }
        i++;
    }
    return LK_OK;
}

static lk_status parse(const jsonl *r, const char *line, size_t bytes, json_t **object,
                       lk_error *err)
{
    const char *file = lk_text_name(r->text);
    const uint64_t number = lk_text_number(r->text);
    json_error_t why;

    *object = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &why);
    if (*object == NULL) {
        const bool memory = lk_json_no_memory(&why);

        return LK_FAIL(err, memory ? LK_E_MEMORY : LK_E_FORMAT,
                       "%s:%" PRIu64 ":%d: not JSON: %s", file, number, why.position,
                       why.text);
    }
    if (!json_is_object(*object)) {
        return LK_FAIL(err, LK_E_FORMAT, "%s:%" PRIu64 ":1: not a JSON object", file,
                       number);
    }
    if (json_object_size(*object) > LK_COUNTS_COLUMNS_MAX) {
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s:%" PRIu64 ": %zu keys, more than id, n, c, threshold and %d",
                       file, number, json_object_size(*object), LK_GROUP_COLUMNS_MAX);
    }
    return LK_OK;
}

/* Puts values in the order of the columns. */
static lk_status arrange(const jsonl *r, size_t members_count, const char *const name[],
                         const char *const value[], const char *cell[], lk_error *err)
{
    char seen[200];

    lk_counts_column_list(name, members_count, seen, sizeof seen);
    for (size_t i = 0; i < r->columns; i++) {
        size_t at = 0;

        while (at < members_count && strcmp(name[at], r->name[i]) != 0) at++;
        if (at == members_count) {
            return LK_FAIL(err, LK_E_FORMAT, "%s:%" PRIu64 ": no '%s'; keys: %s",
                           lk_text_name(r->text), lk_text_number(r->text), r->name[i],
                           seen);
        }
        cell[i] = value[at];
    }
    if (members_count > r->columns) {
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s:%" PRIu64 ": keys that the first line lacks: %s",
                       lk_text_name(r->text), lk_text_number(r->text), seen);
    }
    return LK_OK;
}

static lk_status read_line(jsonl *r, char *line, size_t bytes,
                           lk_counts_builder *builder, lk_error *err)
{
    const char *name[LK_COUNTS_COLUMNS_MAX], *value[LK_COUNTS_COLUMNS_MAX],
        *cell[LK_COUNTS_COLUMNS_MAX];
    const uint64_t number = lk_text_number(r->text);
    json_t *object = NULL;
    lk_status st = LK_OK;

    LK_TRY(parse(r, line, bytes, &object, err));
    LK_TRY(members(r, object, line, name, value, err));
    const size_t count = json_object_size(object);

    if (r->first == NULL) {
        r->first = json_incref(object);
        r->columns = count;
        memcpy(r->name, name, count * sizeof name[0]);
        LK_TRY(lk_counts_builder_columns(builder, number, r->name, count, err));
    }
    LK_TRY(arrange(r, count, name, value, cell, err));
    LK_TRY(lk_counts_builder_row(builder, number, cell, err));

out:
    json_decref(object);
    return st;
}

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t")] == '\0';
}

lk_status lk_counts_read_jsonl(lk_text *text, char *line, size_t bytes,
                               lk_counts_builder *builder, lk_error *err)
{
    jsonl r = {.text = text};
    lk_status st = LK_OK;

    while (line != NULL) {
        if (!is_blank(line)) LK_TRY(read_line(&r, line, bytes, builder, err));
        LK_TRY(lk_text_line(text, &line, &bytes, err));
    }

out:
    json_decref(r.first);
    return st;
}
