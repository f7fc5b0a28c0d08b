/* counts.c - lk_counts_read: opens the file, finds its form and runs the reader. */
#include "largek/counts.h"

#include <string.h>

#include "io/counts_build.h"
#include "io/text.h"

lk_status lk_counts_read(const char *path, lk_duplicates duplicates, lk_counts *out,
                         size_t *rounded, lk_error *err)
{
    lk_text *text = NULL;
    lk_counts_builder *builder = NULL;
    char *line;
    size_t bytes;
    lk_status st = LK_OK;

    LK_TRY(lk_text_open(path, &text, err));
    LK_TRY(lk_counts_builder_new(lk_text_name(text), duplicates, &builder, err));
    do {
        LK_TRY(lk_text_line(text, &line, &bytes, err));
    } while (line != NULL && line[strspn(line, " \t")] == '\0');

    const char first = line != NULL ? line[strspn(line, " \t")] : '\0';
    const int json = first == '{' || first == '[';

    LK_TRY((json ? lk_counts_read_jsonl : lk_counts_read_csv)(text, line, bytes,
                                                              builder, err));
    LK_TRY(lk_counts_builder_finish(builder, out, rounded, err));

out:
    lk_counts_builder_free(builder);
    lk_text_close(text);
    return st;
}
