/* table.c - one stream of rows, written as a table for people, CSV or JSON.
 *
 * A row's cells are collected as texts.  CSV and JSON write them when the row ends, so
 * that memory does not grow; a table for people keeps them all, to align its columns.
 */
#include "io/table.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "io/utf8.h"

enum { NUMBER_CHARS = 40, SCHEMA = 1 };

/* What stands before a cell's text. */
enum { NO_VALUE, VALUE, NO_CELL };

struct lk_table {
    FILE *to;
    lk_format format;
    const lk_column *column;
    size_t columns;
    char *cells; /* each: one of these, then a text with its NUL */
    size_t used, room;
    size_t filled; /* cells of the row that has begun */
    uint64_t rows; /* ended                           */
    lk_status failed;
    const char *reason; /* of LK_E_INTERNAL */
};

/* The first failure stays; nothing more is written after it. */
static void fail(lk_table *table, lk_status status, const char *reason)
{
    if (table->failed != LK_OK) return;
    table->failed = status;
    table->reason = reason;
}

/* A JSON string.  Bytes that are not UTF-8 become U+FFFD, so that the file is JSON
 * whatever the text. */
static void write_json_text(FILE *to, const char *s)
{
    size_t left = strlen(s);

    fputc('"', to);
    while (left > 0) {
        const size_t length = lk_utf8_bytes(s, left);

        if (length == 0)
            fputs("\\ufffd", to);
        else if (*s == '"' || *s == '\\')
            fprintf(to, "\\%c", *s);
        else if (*s == '\n')
            fputs("\\n", to);
        else if (*s == '\t')
            fputs("\\t", to);
        else if ((unsigned char)*s < 0x20)
            fprintf(to, "\\u%04x", (unsigned)*s);
        else
            fwrite(s, 1, length, to);
        s += length > 0 ? length : 1;
        left -= length > 0 ? length : 1;
    }
    fputc('"', to);
}

/* RFC 4180 quotes, where they are needed. */
static void write_csv_text(FILE *to, const char *s)
{
    if (s[strcspn(s, ",\"\r\n")] == '\0') {
        fputs(s, to);
        return;
    }
    fputc('"', to);
    for (; *s != '\0'; s++) {
        if (*s == '"') fputc('"', to);
        fputc(*s, to);
    }
    fputc('"', to);
}

lk_status lk_table_open(FILE *to, lk_format format, const char *command,
                        const lk_column *column, size_t columns, lk_table **out,
                        lk_error *err)
{
    lk_table *table = calloc(1, sizeof *table);

    if (table == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a table");
    table->to = to;
    table->format = format;
    table->column = column;
    table->columns = columns;
    if (format == LK_FORMAT_JSON) {
        fprintf(to, "{\"schema\":%d,\"command\":", SCHEMA);
        write_json_text(to, command);
    }
    *out = table;
    return LK_OK;
}

/* Whether a head entry of that key may follow; in JSON the key is written then. */
static bool start_head_entry(lk_table *table, const char *key)
{
    if (table->rows > 0 || table->filled > 0) {
        fail(table, LK_E_INTERNAL, "a head entry after the first row");
    }
    if (table->failed != LK_OK) return false;
    if (table->format == LK_FORMAT_JSON) {
        fputc(',', table->to);
        write_json_text(table->to, key);
        fputc(':', table->to);
    }
    return true;
}

void lk_table_head_text(lk_table *table, const char *key, const char *value)
{
    if (!start_head_entry(table, key)) return;
    if (table->format == LK_FORMAT_TABLE) fprintf(table->to, "# %s: %s\n", key, value);
    if (table->format == LK_FORMAT_JSON) write_json_text(table->to, value);
}

/* As few digits as read back to the same double. */
static void format_real(double value, char text[NUMBER_CHARS])
{
    for (int digits = 15; digits <= 17; digits++) { /* 17 are always enough */
        snprintf(text, NUMBER_CHARS, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
}

void lk_table_head_real(lk_table *table, const char *key, double value)
{
    char text[NUMBER_CHARS];

    if (!start_head_entry(table, key)) return;
    format_real(value, text);
    if (table->format == LK_FORMAT_TABLE) fprintf(table->to, "# %s: %s\n", key, text);
    if (table->format == LK_FORMAT_JSON) {
        fputs(isfinite(value) ? text : "null", table->to);
    }
}

static void write_csv_header(const lk_table *table)
{
    for (size_t i = 0; i < table->columns; i++) {
        if (i > 0) fputc(',', table->to);
        write_csv_text(table->to, table->column[i].name);
    }
    fputc('\n', table->to);
}

/* What stands between the head and the first row, or the end where there is none. */
static void write_start(const lk_table *table)
{
    if (table->rows > 0) return;
    if (table->format == LK_FORMAT_CSV) write_csv_header(table);
    if (table->format == LK_FORMAT_JSON) fputs(",\"rows\":[", table->to);
}

static void write_csv_row(const lk_table *table)
{
    const char *cell = table->cells;

    for (size_t i = 0; i < table->columns; i++) {
        if (i > 0) fputc(',', table->to);
        write_csv_text(table->to, cell + 1);
        cell += strlen(cell + 1) + 2;
    }
    fputc('\n', table->to);
}

/* How many bytes of the two names are the same objects: "a.b.c" and "a.b.d" share "a.b.". */
static size_t shared_objects(const char *a, const char *b)
{
    size_t shared = 0;

    for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++) {
        if (a[i] == '.') shared = i + 1;
    }
    return shared;
}

static void close_objects(FILE *to, const char *name, size_t from)
{
    for (const char *s = strchr(name + from, '.'); s != NULL; s = strchr(s + 1, '.'))
        fputc('}', to);
}

/* The key of a member, with what opens the objects it is in; the last member's name says which
 * are open. */
static void write_json_key(FILE *to, const char *last, const char *name)
{
    size_t at = last == NULL ? 0 : shared_objects(last, name);
    char word[64];

    if (last != NULL) {
        close_objects(to, last, at);
        fputc(',', to);
    }
    for (const char *point; (point = strchr(name + at, '.')) != NULL;
         at = (size_t)(point - name) + 1) {
        snprintf(word, sizeof word, "%.*s", (int)(point - name - (ptrdiff_t)at),
                 name + at);
        write_json_text(to, word);
        fputs(":{", to);
    }
    write_json_text(to, name + at);
    fputc(':', to);
}

static void write_json_value(FILE *to, lk_cell_kind kind, const char *cell)
{
    if (cell[0] == NO_VALUE)
        fputs("null", to);
    else if (kind == LK_CELL_GROUP || kind == LK_CELL_TEXT)
        write_json_text(to, cell + 1);
    else
        fputs(cell + 1, to);
}

/* Group columns' names are the user's, points and all. */
static void write_json_groups(const lk_table *table)
{
    const char *cell = table->cells;
    bool first = true;

    for (size_t i = 0; i < table->columns; i++) {
        if (table->column[i].kind == LK_CELL_GROUP && cell[0] != NO_CELL) {
            if (!first) fputc(',', table->to);
            first = false;
            write_json_text(table->to, table->column[i].name);
            fputc(':', table->to);
            write_json_value(table->to, LK_CELL_GROUP, cell);
        }
        cell += strlen(cell + 1) + 2;
    }
}

static void write_json_members(const lk_table *table)
{
    const char *cell = table->cells, *last = "group";

    for (size_t i = 0; i < table->columns; i++) {
        const lk_column *column = &table->column[i];

        if (column->kind != LK_CELL_GROUP && cell[0] != NO_CELL) {
            write_json_key(table->to, last, column->name);
            write_json_value(table->to, column->kind, cell);
            last = column->name;
        }
        cell += strlen(cell + 1) + 2;
    }
    close_objects(table->to, last, 0);
}

static void write_json_row(const lk_table *table)
{
    fputs(table->rows > 0 ? ",\n{\"group\":{" : "\n{\"group\":{", table->to);
    write_json_groups(table);
    fputc('}', table->to);
    write_json_members(table);
    fputc('}', table->to);
}

static void end_row(lk_table *table)
{
    write_start(table);
    if (table->format == LK_FORMAT_CSV) write_csv_row(table);
    if (table->format == LK_FORMAT_JSON) write_json_row(table);
    if (table->format != LK_FORMAT_TABLE) table->used = 0;
    table->filled = 0;
    table->rows++;
}

/* Adds a cell, NULL for one without value. */
static void add_cell_of(lk_table *table, char kind, const char *text)
{
    const size_t bytes = (text != NULL ? strlen(text) : 0) + 2;

    if (table->failed != LK_OK) return;
    if (bytes > table->room - table->used) {
        const size_t room = (table->used + bytes) * 2;
        char *cells = realloc(table->cells, room);

        if (cells == NULL) {
            fail(table, LK_E_MEMORY, "no room for the table");
            return;
        }
        table->cells = cells;
        table->room = room;
    }
    table->cells[table->used] = kind;
    memcpy(table->cells + table->used + 1, text != NULL ? text : "", bytes - 1);
    table->used += bytes;
    if (++table->filled == table->columns) end_row(table);
}

static void add_cell(lk_table *table, const char *text)
{
    add_cell_of(table, text != NULL ? VALUE : NO_VALUE, text);
}

static bool expect(lk_table *table, lk_cell_kind kind, lk_cell_kind or_kind)
{
    if (table->failed != LK_OK) return false;
    const lk_cell_kind wanted = table->column[table->filled].kind;

    if (wanted != kind && wanted != or_kind) {
        fail(table, LK_E_INTERNAL, "a cell of another kind than its column");
    }
    return table->failed == LK_OK;
}

void lk_table_text(lk_table *table, const char *value)
{
    if (expect(table, LK_CELL_GROUP, LK_CELL_TEXT)) add_cell(table, value);
}

void lk_table_count(lk_table *table, uint64_t value)
{
    char text[NUMBER_CHARS];

    if (!expect(table, LK_CELL_COUNT, LK_CELL_COUNT)) return;
    snprintf(text, sizeof text, "%" PRIu64, value);
    add_cell(table, text);
}

void lk_table_real(lk_table *table, double value)
{
    char text[NUMBER_CHARS];

    if (!expect(table, LK_CELL_REAL, LK_CELL_REAL)) return;
    if (isnan(value) || (isinf(value) && table->format == LK_FORMAT_JSON)) {
        add_cell(table, NULL); /* JSON has neither */
        return;
    }
    if (table->format == LK_FORMAT_TABLE) {
        snprintf(text, sizeof text, "%.6g", value);
    } else {
        format_real(value, text);
    }
    add_cell(table, text);
}

void lk_table_null(lk_table *table)
{
    add_cell(table, NULL);
}

void lk_table_absent(lk_table *table)
{
    add_cell_of(table, NO_CELL, NULL);
}

/* Characters, not bytes. */
static size_t width_of(const char *s)
{
    size_t width = 0;

    for (; *s != '\0'; s++) width += ((unsigned char)*s & 0xc0) != 0x80;
    return width;
}

/* Without control characters: a name must not steer the terminal. */
static void write_shown(FILE *to, const char *text)
{
    for (const char *s = text; *s != '\0'; s++) {
        fputc((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s, to);
    }
}

static void write_aligned(const lk_table *table, size_t column, const char *text,
                          size_t width)
{
    const lk_cell_kind kind = table->column[column].kind;
    const bool left = kind == LK_CELL_GROUP || kind == LK_CELL_TEXT;
    const bool last = column + 1 == table->columns;
    const size_t blanks = width - width_of(text);

    if (column > 0) fputs("  ", table->to);
    for (size_t i = 0; !left && i < blanks; i++) fputc(' ', table->to);
    write_shown(table->to, text);
    for (size_t i = 0; left && !last && i < blanks; i++) fputc(' ', table->to);
    if (last) fputc('\n', table->to);
}

static const char *shown(const char *cell)
{
    return cell[0] != VALUE ? "-" : cell + 1;
}

static void write_people(lk_table *table)
{
    const char *cell = table->cells;
    size_t *width = calloc(table->columns, sizeof *width);

    if (width == NULL) {
        fail(table, LK_E_MEMORY, "no room for the table");
        return;
    }
    for (size_t i = 0; i < table->columns; i++)
        width[i] = width_of(table->column[i].name);
    for (uint64_t row = 0; row < table->rows; row++) {
        for (size_t i = 0; i < table->columns; i++) {
            const size_t here = width_of(shown(cell));

            if (here > width[i]) width[i] = here;
            cell += strlen(cell + 1) + 2;
        }
    }
    for (size_t i = 0; i < table->columns; i++) {
        write_aligned(table, i, table->column[i].name, width[i]);
    }
    cell = table->cells;
    for (uint64_t row = 0; row < table->rows; row++) {
        for (size_t i = 0; i < table->columns; i++) {
            write_aligned(table, i, shown(cell), width[i]);
            cell += strlen(cell + 1) + 2;
        }
    }
    free(width);
}

lk_status lk_table_close(lk_table *table, lk_error *err)
{
    lk_status st;

    if (table->filled > 0) fail(table, LK_E_INTERNAL, "a row that was not ended");
    if (table->failed == LK_OK) {
        write_start(table);
        if (table->format == LK_FORMAT_TABLE) write_people(table);
        if (table->format == LK_FORMAT_JSON) {
            fputs(table->rows > 0 ? "\n]}\n" : "]}\n", table->to);
        }
        errno = 0;
        if (fflush(table->to) != 0 || ferror(table->to)) {
            fail(table, LK_E_IO, errno != 0 ? strerror(errno) : "write error");
        }
    }
    st = table->failed;
    if (st != LK_OK) LK_FAIL(err, st, "table: %s", table->reason);
    free(table->cells);
    free(table);
    return st;
}
