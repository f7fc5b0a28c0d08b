/* counts_build.c - lk_counts from rows of text. */
#include "io/counts_build.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "io/decimal.h"
#include "io/intern.h"

/* What lk_counts.owned points at. */
typedef struct {
    lk_texts texts;
    lk_count_group *group;
    const char **id;
    uint64_t *n, *c;
} storage;

typedef struct {
    const char *id;
    uint64_t n, c, line;
    size_t group;
} row;

typedef struct {
    const char *key; /* the values with their NULs, then the threshold's bytes */
    size_t key_bytes;
} group_key;

struct lk_counts_builder {
    const char *file;
    lk_duplicates duplicates;
    lk_counts_roles role;
    lk_counts counts; /* the group columns, so far */
    storage *owned;
    row *row;
    size_t rows, rows_room;
    group_key *key;
    size_t groups_room;
    lk_slots rows_by_key, groups_by_key;
    char *scratch; /* a group's key */
    size_t scratch_room;
    size_t rounded;
};

#define FAIL_MEMORY(builder, err) \
    LK_FAIL((err), LK_E_MEMORY, "%s: no room for its rows", (builder)->file)

static void storage_free(storage *owned)
{
    if (owned == NULL) return;
    lk_texts_release(&owned->texts);
    free(owned->group);
    free(owned->id);
    free(owned->n);
    free(owned->c);
    free(owned);
}

void lk_counts_release(lk_counts *counts)
{
    storage_free(counts->owned);
    *counts = (lk_counts){0};
}

lk_status lk_counts_alloc(lk_counts *out, size_t groups, size_t problems, lk_error *err)
{
    const size_t rows = groups * problems;
    storage *owned = calloc(1, sizeof *owned);

    if (owned == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for counts");
    owned->group = calloc(groups, sizeof *owned->group);
    owned->id = calloc(rows, sizeof *owned->id);
    owned->n = calloc(rows, sizeof *owned->n);
    owned->c = calloc(rows, sizeof *owned->c);
    if (owned->group == NULL || owned->id == NULL || owned->n == NULL ||
        owned->c == NULL) {
        storage_free(owned);
        return LK_FAIL(err, LK_E_MEMORY, "no room for counts of %zu rows", rows);
    }
    for (size_t g = 0; g < groups; g++) {
        owned->group[g] = (lk_count_group){.problems = problems,
                                           .id = owned->id + g * problems,
                                           .n = owned->n + g * problems,
                                           .c = owned->c + g * problems};
    }
    *out = (lk_counts){.groups = groups, .group = owned->group, .owned = owned};
    return LK_OK;
}

lk_status lk_counts_keep(lk_counts *counts, const char *text, const char **out,
                         lk_error *err)
{
    storage *owned = counts->owned;

    *out = lk_texts_keep(&owned->texts, text, strlen(text) + 1);
    if (*out == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for counts");
    return LK_OK;
}

lk_status lk_counts_builder_new(const char *file, lk_duplicates duplicates,
                                lk_counts_builder **out, lk_error *err)
{
    lk_counts_builder *builder = calloc(1, sizeof *builder);
    storage *owned = calloc(1, sizeof *owned);

    if (builder == NULL || owned == NULL) {
        free(builder);
        free(owned);
        return LK_FAIL(err, LK_E_MEMORY, "%s: no room to read it", file);
    }
    builder->file = file;
    builder->duplicates = duplicates;
    builder->owned = owned;
    *out = builder;
    return LK_OK;
}

void lk_counts_builder_free(lk_counts_builder *builder)
{
    if (builder == NULL) return;
    storage_free(builder->owned);
    free(builder->row);
    free(builder->key);
    lk_slots_release(&builder->rows_by_key);
    lk_slots_release(&builder->groups_by_key);
    free(builder->scratch);
    free(builder);
}

/* Room for one more entry of `size` bytes; NULL where there is no memory. */
static void *grow(void *entries, size_t size, size_t used, size_t *room)
{
    if (used < *room) return entries;
    const size_t more = *room == 0 ? 64 : *room * 2;
    void *larger = more <= SIZE_MAX / size ? realloc(entries, more * size) : NULL;

    if (larger != NULL) *room = more;
    return larger;
}

lk_status lk_counts_builder_columns(lk_counts_builder *builder, uint64_t line,
                                    const char *const name[], size_t columns,
                                    lk_error *err)
{
    lk_status st = LK_OK;

    LK_TRY(
        lk_counts_roles_find(builder->file, line, name, columns, &builder->role, err));
    for (size_t i = 0; i < builder->role.groups; i++) {
        const char *group = name[builder->role.group[i]];
        const char *kept =
            lk_texts_keep(&builder->owned->texts, group, strlen(group) + 1);

        if (kept == NULL) {
            st = FAIL_MEMORY(builder, err);
            goto out;
        }
        builder->counts.group_column[i] = kept;
    }
    builder->counts.group_columns = builder->role.groups;

out:
    return st;
}

static lk_status read_count(lk_counts_builder *builder, uint64_t line, const char *what,
                            const char *text, uint64_t *value, lk_error *err)
{
    const lk_decimal got =
        text != NULL ? lk_decimal_count(text, value) : LK_DECIMAL_NOT_A_NUMBER;

    if (got == LK_DECIMAL_EXACT) return LK_OK;
    if (got != LK_DECIMAL_ROUNDED) {
        return LK_FAIL(err, LK_E_FORMAT, "%s:%" PRIu64 ": %s '%.60s' is %s",
                       builder->file, line, what, text != NULL ? text : "",
                       lk_decimal_reason(got));
    }
    builder->rounded++;
    return LK_OK;
}

static lk_status read_threshold(const lk_counts_builder *builder, uint64_t line,
                                const char *text, double *threshold, lk_error *err)
{
    char *end;

    *threshold = NAN;
    if (text == NULL || text[strspn(text, " \t")] == '\0') return LK_OK;
    const double value = strtod(text, &end);

    if (end == text || end[strspn(end, " \t")] != '\0' || !isfinite(value)) {
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s:%" PRIu64 ": threshold '%.60s' is not a finite number",
                       builder->file, line, text);
    }
    *threshold = value + 0.0; /* -0 is 0 */
    return LK_OK;
}

/* Writes a group's key to builder->scratch. */
static lk_status make_key(lk_counts_builder *builder, const char *const cell[],
                          double threshold, size_t *key_bytes, lk_error *err)
{
    const lk_counts_roles *role = &builder->role;
    size_t need = sizeof threshold, used = 0;

    for (size_t i = 0; i < role->groups; i++) {
        const char *value = cell[role->group[i]];

        need += (value != NULL ? strlen(value) : 0) + 1;
    }
    if (need > builder->scratch_room) {
        char *scratch = realloc(builder->scratch, need * 2);

        if (scratch == NULL) return FAIL_MEMORY(builder, err);
        builder->scratch = scratch;
        builder->scratch_room = need * 2;
    }
    for (size_t i = 0; i < role->groups; i++) {
        const char *value = cell[role->group[i]] != NULL ? cell[role->group[i]] : "";
        const size_t bytes = strlen(value) + 1;

        memcpy(builder->scratch + used, value, bytes);
        used += bytes;
    }
    memcpy(builder->scratch + used, &threshold, sizeof threshold);
    *key_bytes = need;
    return LK_OK;
}

/* Appends the group of the key in builder->scratch. */
static lk_status add_group(lk_counts_builder *builder, double threshold,
                           size_t key_bytes, lk_error *err)
{
    lk_counts *counts = &builder->counts;
    storage *owned = builder->owned;
    size_t room = builder->groups_room;
    const char *key =
        lk_texts_keep(&builder->owned->texts, builder->scratch, key_bytes);
    lk_count_group *group = grow(owned->group, sizeof *group, counts->groups, &room);
    lk_count_group added = {.threshold = threshold};

    if (group != NULL) owned->group = group;
    room = builder->groups_room;
    group_key *keys = grow(builder->key, sizeof *keys, counts->groups, &room);

    if (keys != NULL) builder->key = keys;
    if (key == NULL || group == NULL || keys == NULL) return FAIL_MEMORY(builder, err);
    builder->groups_room = room;
    keys[counts->groups] = (group_key){key, key_bytes};
    for (size_t i = 0; i < builder->role.groups; i++) {
        added.value[i] = key;
        key += strlen(key) + 1;
    }
    group[counts->groups++] = added;
    return LK_OK;
}

static lk_status find_group(lk_counts_builder *builder, const char *const cell[],
                            double threshold, size_t *group, lk_error *err)
{
    lk_slots *table = &builder->groups_by_key;
    size_t bytes = 0;
    lk_status st = LK_OK;

    LK_TRY(make_key(builder, cell, threshold, &bytes, err));
    if (!lk_slots_reserve(table)) {
        st = FAIL_MEMORY(builder, err);
        goto out;
    }
    const uint64_t hash = XXH3_64bits(builder->scratch, bytes);
    size_t at = hash & (table->room - 1);

    for (; table->slot[at].place != 0; at = (at + 1) & (table->room - 1)) {
        const group_key *key = &builder->key[table->slot[at].place - 1];

        if (table->slot[at].hash == hash && key->key_bytes == bytes &&
            memcmp(key->key, builder->scratch, bytes) == 0) {
            *group = table->slot[at].place - 1;
            goto out;
        }
    }
    LK_TRY(add_group(builder, threshold, bytes, err));
    table->slot[at] = (lk_slot){hash, builder->counts.groups};
    table->used++;
    *group = builder->counts.groups - 1;

out:
    return st;
}

static lk_status add_duplicate(lk_counts_builder *builder, const row *added, row *first,
                               lk_error *err)
{
    if (builder->duplicates == LK_DUPLICATE_FIRST) return LK_OK;
    if (builder->duplicates == LK_DUPLICATE_REFUSE) {
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s:%" PRIu64 ": '%.100s' again, first on line %" PRIu64,
                       builder->file, added->line, added->id, first->line);
    }
    if (added->n > LK_COUNT_MAX - first->n) {
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s:%" PRIu64 ": the attempts of '%.100s' sum to more than 2^62",
                       builder->file, added->line, added->id);
    }
    first->n += added->n;
    first->c += added->c;
    return LK_OK;
}

static lk_status add_row(lk_counts_builder *builder, row added, lk_error *err)
{
    lk_slots *table = &builder->rows_by_key;
    const size_t id_bytes = strlen(added.id);
    const uint64_t hash = XXH3_64bits_withSeed(added.id, id_bytes, added.group);
    row *rows = grow(builder->row, sizeof *rows, builder->rows, &builder->rows_room);

    if (rows != NULL) builder->row = rows;
    if (rows == NULL || !lk_slots_reserve(table)) return FAIL_MEMORY(builder, err);
    size_t at = hash & (table->room - 1);

    for (; table->slot[at].place != 0; at = (at + 1) & (table->room - 1)) {
        row *other = &rows[table->slot[at].place - 1];

        if (table->slot[at].hash == hash && other->group == added.group &&
            strcmp(other->id, added.id) == 0) {
            return add_duplicate(builder, &added, other, err);
        }
    }
    added.id = lk_texts_keep(&builder->owned->texts, added.id, id_bytes + 1);
    if (added.id == NULL) return FAIL_MEMORY(builder, err);
    rows[builder->rows++] = added;
    table->slot[at] = (lk_slot){hash, builder->rows};
    table->used++;
    builder->owned->group[added.group].problems++;
    return LK_OK;
}

lk_status lk_counts_builder_row(lk_counts_builder *builder, uint64_t line,
                                const char *const cell[], lk_error *err)
{
    const lk_counts_roles *role = &builder->role;
    const bool has_threshold = role->threshold < LK_COUNTS_COLUMNS_MAX;
    row added = {.id = cell[role->id], .line = line};
    double threshold;
    lk_status st = LK_OK;

    if (added.id == NULL || added.id[0] == '\0') {
        st = LK_FAIL(err, LK_E_FORMAT, "%s:%" PRIu64 ": the id is empty", builder->file,
                     line);
        goto out;
    }
    LK_TRY(read_count(builder, line, "n", cell[role->n], &added.n, err));
    LK_TRY(read_count(builder, line, "c", cell[role->c], &added.c, err));
    if (added.c > added.n) {
        st = LK_FAIL(err, LK_E_FORMAT,
                     "%s:%" PRIu64 ": %" PRIu64 " successes in %" PRIu64 " attempts",
                     builder->file, line, added.c, added.n);
        goto out;
    }
    LK_TRY(read_threshold(builder, line, has_threshold ? cell[role->threshold] : NULL,
                          &threshold, err));
    LK_TRY(find_group(builder, cell, threshold, &added.group, err));
    LK_TRY(add_row(builder, added, err));

out:
    return st;
}

/* Gives every group its part of the arrays, then puts the rows there in file order. */
static void distribute(lk_counts_builder *builder)
{
    storage *owned = builder->owned;
    size_t first = 0;

    for (size_t i = 0; i < builder->counts.groups; i++) {
        lk_count_group *group = &owned->group[i];

        group->id = owned->id + first;
        group->n = owned->n + first;
        group->c = owned->c + first;
        first += group->problems;
        group->problems = 0;
    }
    for (size_t i = 0; i < builder->rows; i++) {
        const row *r = &builder->row[i];
        lk_count_group *group = &owned->group[r->group];
        const size_t at = group->problems++;

        group->id[at] = r->id;
        group->n[at] = r->n;
        group->c[at] = r->c;
    }
}

lk_status lk_counts_builder_finish(lk_counts_builder *builder, lk_counts *out,
                                   size_t *rounded, lk_error *err)
{
    storage *owned = builder->owned;

    if (builder->rows == 0) {
        return LK_FAIL(err, LK_E_FORMAT, "%s: no rows", builder->file);
    }
    owned->id = calloc(builder->rows, sizeof *owned->id);
    owned->n = calloc(builder->rows, sizeof *owned->n);
    owned->c = calloc(builder->rows, sizeof *owned->c);
    if (owned->id == NULL || owned->n == NULL || owned->c == NULL) {
        return FAIL_MEMORY(builder, err);
    }
    distribute(builder);
    *out = builder->counts;
    out->group = owned->group;
    out->owned = owned;
    builder->owned = NULL; /* now the caller's */
    if (rounded != NULL) *rounded = builder->rounded;
    return LK_OK;
}
