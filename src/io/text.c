/* text.c - the lines of a text file, checked to be text. */
#include "io/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "io/source.h"
#include "io/utf8.h"

struct lk_text {
    lk_source *source;
    const char *next; /* bytes of the source that no line has taken */
    size_t left;
    char *line;
    size_t used, room;
    uint64_t number;
};

lk_status lk_text_open(const char *path, lk_text **out, lk_error *err)
{
    lk_status st = LK_OK;

    lk_text *text = calloc(1, sizeof *text);
    if (text == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%s: no room to read it", path);
        goto out;
    }
    LK_TRY(lk_source_open(path, &text->source, err));
    *out = text;
    text = NULL; /* now the caller's */

out:
    lk_text_close(text);
    return st;
}

void lk_text_close(lk_text *text)
{
    if (text == NULL) return;
    lk_source_close(text->source);
    free(text->line);
    free(text);
}

uint64_t lk_text_number(const lk_text *text)
{
    return text->number;
}

const char *lk_text_name(const lk_text *text)
{
    return lk_source_name(text->source);
}

/* Adds to the line; keeps room for the NUL. */
static lk_status append(lk_text *text, const char *data, size_t bytes, lk_error *err)
{
    if (bytes > LK_TEXT_LINE_MAX - text->used) {
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s:%" PRIu64 ":1: a line longer than %zu bytes",
                       lk_text_name(text), text->number, LK_TEXT_LINE_MAX);
    }
    const size_t need = text->used + bytes + 1;

    if (need > text->room) {
        const size_t room = need < 256 ? 256 : need + need / 2;
        char *line = realloc(text->line, room);

        if (line == NULL) {
            return LK_FAIL(err, LK_E_MEMORY, "%s:%" PRIu64 ": no room for %zu bytes",
                           lk_text_name(text), text->number, room);
        }
        text->line = line;
        text->room = room;
    }
    memcpy(text->line + text->used, data, bytes);
    text->used += bytes;
    return LK_OK;
}

/* Collects one line; *found is false at the end of the file. */
static lk_status collect(lk_text *text, bool *found, lk_error *err)
{
    bool ended = false;
    lk_status st = LK_OK;

    *found = false;
    while (!ended) {
        if (text->left == 0) {
            LK_TRY(lk_source_next(text->source, &text->next, &text->left, err));
            if (text->left == 0) break;
        }
        const char *end = memchr(text->next, '\n', text->left);
        const size_t bytes = end != NULL ? (size_t)(end - text->next) : text->left;

        LK_TRY(append(text, text->next, bytes, err));
        *found = true;
        ended = end != NULL;
        text->next += bytes + ended;
        text->left -= bytes + ended;
    }

out:
    return st;
}

static lk_status check_text(const lk_text *text, const char *line, size_t bytes,
                            lk_error *err)
{
    for (size_t i = 0; i < bytes;) {
        const size_t length = lk_utf8_bytes(line + i, bytes - i);

        if (length == 0 || line[i] == '\0') {
            const size_t column = (size_t)(line - text->line) + i + 1;

            return LK_FAIL(err, LK_E_FORMAT, "%s:%" PRIu64 ":%zu: %s",
                           lk_text_name(text), text->number, column,
                           length == 0 ? "not UTF-8" : "a NUL byte");
        }
        i += length;
    }
    return LK_OK;
}

lk_status lk_text_line(lk_text *text, char **line, size_t *bytes, lk_error *err)
{
    static const char mark[] = "\xef\xbb\xbf"; /* byte-order mark */
    bool found;
    lk_status st = LK_OK;

    text->used = 0;
    text->number++;
    LK_TRY(collect(text, &found, err));
    if (!found) {
        text->number--;
        *line = NULL;
        *bytes = 0;
        goto out;
    }
    size_t skip = 0;

    if (text->used > 0 && text->line[text->used - 1] == '\r') text->used--;
    if (text->number == 1 && text->used >= 3 && memcmp(text->line, mark, 3) == 0)
        skip = 3;
    text->line[text->used] = '\0';
    LK_TRY(check_text(text, text->line + skip, text->used - skip, err));
    *line = text->line + skip;
    *bytes = text->used - skip;

out:
    return st;
}
