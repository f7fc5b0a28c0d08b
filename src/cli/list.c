/* list.c - lists and ranges of numbers. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/number.h"

enum { PER_DECADE = 4, FILE_BYTES_MAX = 1 << 26 };

typedef enum { SPACING_NONE, SPACING_STEP, SPACING_LOG } spacing;

/* One item of a list, taken apart but not yet read: "a", "a:b", "a:b:step", ... */
typedef struct {
    const char *whole;
    char *first, *last; /* last is NULL for a single value */
    spacing spacing;
    char *step;          /* SPACING_STEP */
    uint64_t per_decade; /* SPACING_LOG  */
} item;

/* A list under construction; `real` says which of the two arrays it grows. */
typedef struct {
    lk_list_kind kind;
    bool real;
    size_t count, room;
    uint64_t *whole;
    double *fraction;
} list;

static lk_status reserve(list *l, lk_error *err)
{
    const size_t room = l->room == 0 ? 64 : l->room * 2;

    if (l->count >= LK_LIST_MAX) {
        return LK_FAIL(err, LK_E_ARG, "more than %d values", LK_LIST_MAX);
    }
    if (l->count < l->room) return LK_OK;
    void *grown = l->real ? realloc(l->fraction, room * sizeof *l->fraction)
                          : realloc(l->whole, room * sizeof *l->whole);
    if (grown == NULL) return LK_FAIL(err, LK_E_MEMORY, "a list of %zu values", room);
    if (l->real) {
        l->fraction = grown;
    } else {
        l->whole = grown;
    }
    l->room = room;
    return LK_OK;
}

static lk_status add_count(list *l, uint64_t value, lk_error *err)
{
    if (value == 0 && l->kind != LK_LIST_INDICES) {
        return LK_FAIL(err, LK_E_ARG, "0 is not allowed");
    }
    const lk_status st = reserve(l, err);
    if (st == LK_OK) l->whole[l->count++] = value;
    return st;
}

static lk_status add_real(list *l, double value, lk_error *err)
{
    const lk_status st = reserve(l, err);

    if (st == LK_OK) l->fraction[l->count++] = value;
    return st;
}

/* Cuts `text` at its colons, in place. */
static lk_status split_item(const char *whole, char *text, item *out, lk_error *err)
{
    char *second = strchr(text, ':');
    char *third = second == NULL ? NULL : strchr(second + 1, ':');
    lk_status st = LK_OK;

    *out = (item){.whole = whole, .first = text, .per_decade = PER_DECADE};
    if (second == NULL) return LK_OK;
    *second = '\0';
    out->last = second + 1;
    if (third == NULL) return LK_OK;
    *third++ = '\0';
    if (strchr(third, ':') != NULL) {
        return LK_FAIL(err, LK_E_ARG, "'%s' has more than three parts", whole);
    }
    if (strncmp(third, "log", 3) != 0) {
        out->spacing = SPACING_STEP;
        out->step = third;
        return LK_OK;
    }
    out->spacing = SPACING_LOG;
    if (third[3] == '\0') return LK_OK;
    if (third[3] != '=') {
        return LK_FAIL(err, LK_E_ARG, "'%s': '%s' is neither a step nor log=N", whole,
                       third);
    }
    st = lk_parse_count(third + 4, LK_LIST_MAX, &out->per_decade, err);
    if (st == LK_OK && out->per_decade == 0) {
        st = LK_FAIL(err, LK_E_ARG, "'%s': 0 values a decade", whole);
    }
    return st;
}

/* The i-th of N a decade, counted from `first`. */
static double log_step(double first, uint64_t i, uint64_t per_decade)
{
    return first * pow(10.0, (double)i / (double)per_decade);
}

/* A range's last value stands for any that come this near to it. */
static bool reaches(double value, double last)
{
    return value >= last * (1.0 - 1e-9);
}

static lk_status add_count_log(list *l, const item *range, uint64_t first,
                               uint64_t last, lk_error *err)
{
    lk_status st = LK_OK;
    uint64_t previous = 0;

    if (first == 0) {
        return LK_FAIL(err, LK_E_ARG, "'%s': a log range cannot start at 0",
                       range->whole);
    }
    for (uint64_t i = 0; st == LK_OK; i++) {
        const double x = log_step((double)first, i, range->per_decade);
        const uint64_t value = i == 0 ? first : (uint64_t)llround(x);

        if (reaches(x, (double)last) || value >= last) break;
        if (value != previous) st = add_count(l, value, err);
        previous = value;
    }
    if (st == LK_OK && l->kind != LK_LIST_INDICES) st = add_count(l, last, err);
    return st;
}

static lk_status add_count_range(list *l, const item *range, lk_error *err)
{
    const bool half_open = l->kind == LK_LIST_INDICES;
    uint64_t first = 0, last = 0, step = 1;
    lk_status st = LK_OK;

    LK_TRY(lk_parse_count(range->first, LK_COUNT_MAX, &first, err));
    if (range->last == NULL) return add_count(l, first, err);
    if (l->kind == LK_LIST_SIZES) {
        return LK_FAIL(err, LK_E_ARG, "'%s': a list is wanted here, not a range",
                       range->whole);
    }
    LK_TRY(lk_parse_count(range->last, LK_COUNT_MAX, &last, err));
    if (first > last || (half_open && first == last)) {
        return LK_FAIL(err, LK_E_ARG, "'%s' is empty", range->whole);
    }
    if (range->spacing == SPACING_LOG) return add_count_log(l, range, first, last, err);
    if (range->spacing == SPACING_STEP) {
        LK_TRY(lk_parse_count(range->step, LK_COUNT_MAX, &step, err));
    }
    if (step == 0) return LK_FAIL(err, LK_E_ARG, "'%s': the step is 0", range->whole);
    if ((last - first) / step > LK_LIST_MAX) {
        return LK_FAIL(err, LK_E_ARG, "'%s' has more than %d values; try %s:%s:log",
                       range->whole, LK_LIST_MAX, range->first, range->last);
    }
    for (uint64_t v = first; v < last + !half_open; v += step) {
        LK_TRY(add_count(l, v, err));
    }
out:
    return st;
}

/* The decimal that a person would have written. */
static double tidy(double value)
{
    char text[40];

    snprintf(text, sizeof text, "%.12g", value);
    return strtod(text, NULL);
}

static lk_status add_real_range(list *l, const item *range, lk_error *err)
{
    double first = 0.0, last = 0.0, step = 0.0;
    lk_status st = LK_OK;

    LK_TRY(lk_parse_real(range->first, &first, err));
    if (range->last == NULL) return add_real(l, first, err);
    LK_TRY(lk_parse_real(range->last, &last, err));
    if (first > last) return LK_FAIL(err, LK_E_ARG, "'%s' is empty", range->whole);
    if (range->spacing == SPACING_NONE) {
        return LK_FAIL(err, LK_E_ARG, "'%s' needs a step or log: %s:step or %s:log",
                       range->whole, range->whole, range->whole);
    }
    if (range->spacing == SPACING_LOG) {
        if (!(first > 0.0)) {
            return LK_FAIL(err, LK_E_ARG,
                           "'%s': a log range cannot start at or below 0",
                           range->whole);
        }
        for (uint64_t i = 0;; i++) {
            const double x = log_step(first, i, range->per_decade);

            if (reaches(x, last)) break;
            LK_TRY(add_real(l, i == 0 ? first : tidy(x), err));
        }
        return add_real(l, last, err);
    }
    LK_TRY(lk_parse_real(range->step, &step, err));
    if (!(step > 0.0)) {
        return LK_FAIL(err, LK_E_ARG, "'%s': the step is not positive", range->whole);
    }
    if ((last - first) / step > LK_LIST_MAX) {
        return LK_FAIL(err, LK_E_ARG, "'%s' has more than %d values", range->whole,
                       LK_LIST_MAX);
    }
    const double steps = floor((last - first) / step + 1e-9);
    for (double i = 0.0; i <= steps; i += 1.0) {
        LK_TRY(add_real(l, tidy(first + i * step), err));
    }
out:
    return st;
}

static lk_status add_item(list *l, char *text, lk_error *err)
{
    char shown[64]; /* what the item was before it is cut */
    item range;
    lk_status st = LK_OK;

    snprintf(shown, sizeof shown, "%s", text);
    LK_TRY(split_item(shown, text, &range, err));
    st = l->real ? add_real_range(l, &range, err) : add_count_range(l, &range, err);
out:
    return st;
}

static lk_status add_file(list *l, const char *path, lk_error *err)
{
    char *data = NULL, *rest = NULL;
    size_t bytes = 0;
    lk_status st = LK_OK;

    LK_TRY(lk_file_read(path, FILE_BYTES_MAX, &data, &bytes, err));
    if (strlen(data) != bytes) {
        st = LK_FAIL(err, LK_E_ARG, "%s holds a NUL byte", path);
        goto out;
    }
    for (char *word = strtok_r(data, " \t\r\n", &rest); word != NULL;
         word = strtok_r(NULL, " \t\r\n", &rest)) {
        LK_TRY(add_item(l, word, err));
    }
    if (l->count == 0) st = LK_FAIL(err, LK_E_ARG, "%s holds no numbers", path);
out:
    free(data);
    return st;
}

static int by_count(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static int by_real(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void sort_unique(list *l)
{
    size_t kept = 1;

    if (l->real) {
        qsort(l->fraction, l->count, sizeof *l->fraction, by_real);
        for (size_t i = 1; i < l->count; i++) {
            if (l->fraction[i] > l->fraction[kept - 1])
                l->fraction[kept++] = l->fraction[i];
        }
    } else {
        qsort(l->whole, l->count, sizeof *l->whole, by_count);
        for (size_t i = 1; i < l->count; i++) {
            if (l->whole[i] > l->whole[kept - 1]) l->whole[kept++] = l->whole[i];
        }
    }
    l->count = kept;
}

static lk_status parse_list(const char *text, list *l, lk_error *err)
{
    lk_status st = LK_OK;
    char *copy = NULL;

    if (text[0] == '@') {
        LK_TRY(add_file(l, text + 1, err));
    } else {
        copy = strdup(text);
        if (copy == NULL) {
            st = LK_FAIL(err, LK_E_MEMORY, "a list of numbers");
            goto out;
        }
        for (char *at = copy, *comma = NULL; at != NULL;
             at = comma == NULL ? NULL : comma + 1) {
            comma = strchr(at, ',');
            if (comma != NULL) *comma = '\0';
            LK_TRY(add_item(l, at, err));
        }
    }
    if (l->kind == LK_LIST_GRID) sort_unique(l);
out:
    free(copy);
    if (st != LK_OK) {
        free(l->whole);
        free(l->fraction);
    }
    return st;
}

lk_status lk_parse_count_list(const char *text, lk_list_kind kind, lk_count_list *out,
                              lk_error *err)
{
    list l = {.kind = kind};
    const lk_status st = parse_list(text, &l, err);

    if (st == LK_OK) *out = (lk_count_list){l.count, l.whole};
    return st;
}

lk_status lk_parse_real_list(const char *text, lk_real_list *out, lk_error *err)
{
    list l = {.kind = LK_LIST_GRID, .real = true};
    const lk_status st = parse_list(text, &l, err);

    if (st == LK_OK) *out = (lk_real_list){l.count, l.fraction};
    return st;
}
