/* counts_csv.c - counts from CSV, RFC 4180 quotes, "\n" inside a quoted cell included. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "io/counts_build.h"

typedef struct {
    lk_text *text;
    char *joined; /* a record of several lines */
    size_t used, room;
    uint64_t line; /* where the record starts */
    size_t cells;
    const char *cell[LK_COUNTS_COLUMNS_MAX]; /* the first ones of `cells` */
} csv;

static size_t count_quotes(const char *s, size_t bytes)
{
    const char *const end = s + bytes;
    size_t quotes = 0;

    while ((s = memchr(s, '"', (size_t)(end - s))) != NULL) {
        quotes++;
        s++;
    }
    return quotes;
}

static lk_status join(csv *r, const char *data, size_t bytes, lk_error *err)
{
    if (bytes >= LK_TEXT_LINE_MAX - r->used) { /* a line end goes before it */
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s:%" PRIu64 ": a quoted cell longer than %zu",
                       lk_text_name(r->text), r->line, LK_TEXT_LINE_MAX);
    }
    const size_t need = r->used + bytes + 2; /* a line end and the NUL */

    if (need > r->room) {
        char *joined = realloc(r->joined, need * 2);

        if (joined == NULL) {
            return LK_FAIL(err, LK_E_MEMORY, "%s:%" PRIu64 ": no room for the record",
                           lk_text_name(r->text), r->line);
        }
        r->joined = joined;
        r->room = need * 2;
    }
    if (r->used > 0) r->joined[r->used++] = '\n';
    memcpy(r->joined + r->used, data, bytes + 1);
    r->used += bytes;
    return LK_OK;
}

/* Makes *record whole: a record goes on while its quotes are odd in number. */
static lk_status complete(csv *r, char **record, size_t bytes, lk_error *err)
{
    size_t quotes = count_quotes(*record, bytes);
    lk_status st = LK_OK;

    r->line = lk_text_number(r->text);
    if (quotes % 2 == 0) goto out;
    r->used = 0;
    LK_TRY(join(r, *record, bytes, err));
    while (quotes % 2 != 0) {
        char *more;

        LK_TRY(lk_text_line(r->text, &more, &bytes, err));
        if (more == NULL) {
            st = LK_FAIL(err, LK_E_FORMAT, "%s:%" PRIu64 ": a quote is never closed",
                         lk_text_name(r->text), r->line);
            goto out;
        }
        quotes += count_quotes(more, bytes);
        LK_TRY(join(r, more, bytes, err));
    }
    *record = r->joined;

out:
    return st;
}

/* Undoes the quotes of the cell at *at in place, and moves *at to what follows it. */
static bool unquote(char **at)
{
    char *from = *at + 1, *to = *at;

    while (from[0] != '"' || from[1] == '"') {
        if (from[0] == '\0') return false;
        from += from[0] == '"';
        *to++ = *from++;
    }
    *to = '\0';
    *at = from + 1;
    return **at == ',' || **at == '\0';
}

/* Cuts a whole record into cells, in place. */
static lk_status split(csv *r, char *record, lk_error *err)
{
    bool more = true;

    for (r->cells = 0; more; r->cells++) {
        const char *cell = record;
        bool good = true;

        if (*record == '"') {
            good = unquote(&record);
        } else {
            record += strcspn(record, ",\"");
            good = *record != '"';
        }
        if (!good) {
            return LK_FAIL(err, LK_E_FORMAT,
                           "%s:%" PRIu64 ": a stray quote in cell %zu",
                           lk_text_name(r->text), r->line, r->cells + 1);
        }
        more = *record == ',';
        if (more) *record++ = '\0';
        if (r->cells < LK_COUNTS_COLUMNS_MAX) r->cell[r->cells] = cell;
    }
    return LK_OK;
}

lk_status lk_counts_read_csv(lk_text *text, char *line, size_t bytes,
                             lk_counts_builder *builder, lk_error *err)
{
    csv r = {.text = text};
    size_t columns = 0;
    lk_status st = LK_OK;

    while (line != NULL) {
        if (bytes > 0) {
            LK_TRY(complete(&r, &line, bytes, err));
            LK_TRY(split(&r, line, err));
            if (columns == 0) {
                columns = r.cells;
                LK_TRY(
                    lk_counts_builder_columns(builder, r.line, r.cell, columns, err));
            } else if (r.cells != columns) {
                st = LK_FAIL(err, LK_E_FORMAT,
                             "%s:%" PRIu64 ": %zu cells, the header has %zu",
                             lk_text_name(text), r.line, r.cells, columns);
                goto out;
            } else {
                LK_TRY(lk_counts_builder_row(builder, r.line, r.cell, err));
            }
        }
        LK_TRY(lk_text_line(text, &line, &bytes, err));
    }

out:
    free(r.joined);
    return st;
}
