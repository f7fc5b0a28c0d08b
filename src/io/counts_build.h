/* counts_build.h - lk_counts from rows of text, whatever the file they come from. */
#ifndef LK_IO_COUNTS_BUILD_H
#define LK_IO_COUNTS_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "io/text.h"
#include "largek/counts.h"

/* id, n, c, threshold and the group columns. */
enum { LK_COUNTS_COLUMNS_MAX = LK_GROUP_COLUMNS_MAX + 4 };

/* Counts that a program fills: `groups` groups of `problems` rows, all 0.
 * Ownership  *out is the caller's; end it with lk_counts_release
 * Errors     LK_E_MEMORY */
lk_status lk_counts_alloc(lk_counts *out, size_t groups, size_t problems,
                          lk_error *err);

/* A copy of a text, for an id or a group's value, that lives as long as the counts.
 * Errors  LK_E_MEMORY */
lk_status lk_counts_keep(lk_counts *counts, const char *text, const char **out,
                         lk_error *err);

typedef struct lk_counts_builder lk_counts_builder;

/* `file` is what errors call the input; it must live as long as the builder.
 * Ownership  *out is the caller's; end it with lk_counts_builder_free
 * Errors     LK_E_MEMORY */
lk_status lk_counts_builder_new(const char *file, lk_duplicates duplicates,
                                lk_counts_builder **out, lk_error *err);

/* Finds what each column is, once, before the first row.
 * Errors  LK_E_FORMAT, LK_E_MEMORY */
lk_status lk_counts_builder_columns(lk_counts_builder *builder, uint64_t line,
                                    const char *const name[], size_t columns,
                                    lk_error *err);

/* Adds a row; cell[columns], NULL for what is not there.
 * Errors  LK_E_FORMAT, LK_E_MEMORY */
lk_status lk_counts_builder_row(lk_counts_builder *builder, uint64_t line,
                                const char *const cell[], lk_error *err);

/* Errors  LK_E_FORMAT where there were no rows, LK_E_MEMORY */
lk_status lk_counts_builder_finish(lk_counts_builder *builder, lk_counts *out,
                                   size_t *rounded, lk_error *err);

/* NULL is fine. */
void lk_counts_builder_free(lk_counts_builder *builder);

/* "a, b, c", cut where it does not fit: for errors. */
void lk_counts_column_list(const char *const name[], size_t columns, char *out,
                           size_t room);

/* The place of each role among the columns; LK_COUNTS_COLUMNS_MAX where it has none. */
typedef struct {
    size_t id, n, c, threshold;
    size_t groups;
    size_t group[LK_GROUP_COLUMNS_MAX];
} lk_counts_roles;

/* Errors  LK_E_FORMAT as "file:line: ..." */
lk_status lk_counts_roles_find(const char *file, uint64_t line,
                               const char *const name[], size_t columns,
                               lk_counts_roles *out, lk_error *err);

/* The readers: each takes the file from its first line that is not blank. */
lk_status lk_counts_read_csv(lk_text *text, char *line, size_t bytes,
                             lk_counts_builder *builder, lk_error *err);
lk_status lk_counts_read_jsonl(lk_text *text, char *line, size_t bytes,
                               lk_counts_builder *builder, lk_error *err);

#endif /* LK_IO_COUNTS_BUILD_H */
