/* table.h - one stream of rows, written as a table for people, CSV or JSON.
 *
 * JSON is the stable interface: {"schema":1,"command":NAME,"rows":[{...}, ...]}, keys in
 * column order, group columns nested under "group" (always there, {} where none), reals
 * with as many digits as read back to the same double, and null for NaN (JSON has none).
 * CSV has the group columns as plain columns and an empty field for NaN.
 *
 * A column's name with points in it, "params.alpha.value", is a member of objects in JSON, and
 * a plain column elsewhere; the columns of one object stand together.
 */
#ifndef LK_IO_TABLE_H
#define LK_IO_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "largek/status.h"

typedef enum { LK_FORMAT_TABLE, LK_FORMAT_CSV, LK_FORMAT_JSON } lk_format;

typedef enum {
    LK_CELL_GROUP, /* text under "group"                                       */
    LK_CELL_TEXT,
    LK_CELL_COUNT, /* uint64_t                                                 */
    LK_CELL_REAL   /* double                                                   */
} lk_cell_kind;

typedef struct {
    const char *name;
    lk_cell_kind kind;
} lk_column;

typedef struct lk_table lk_table;

/* Starts a table; `columns` and the texts in it must live until the end.
 * Ownership  *out is the caller's; end it with lk_table_close
 * Errors     LK_E_MEMORY */
lk_status lk_table_open(FILE *to, lk_format format, const char *command,
                        const lk_column *column, size_t columns, lk_table **out,
                        lk_error *err);

/* A table may have head entries beside "rows" in JSON ("# key: value" lines in a table;
 * left out of CSV); before the first row only. */
void lk_table_head_text(lk_table *table, const char *key, const char *value);
void lk_table_head_real(lk_table *table, const char *key, double value);

/* The cells of a row in column order; the last one ends the row.  A wrong kind is
 * LK_E_INTERNAL at close, as are rows that were not ended. */
void lk_table_text(lk_table *table, const char *value); /* GROUP or TEXT; NULL: null */
void lk_table_count(lk_table *table, uint64_t value);
void lk_table_real(lk_table *table, double value);
void lk_table_null(lk_table *table); /* whatever the kind */

/* A cell that this row does not have: no member in JSON, nor an object that has none. */
void lk_table_absent(lk_table *table);

/* Writes what is pending (a table for people is aligned, so it is written here) and
 * frees.  Does not close `to`.
 * Errors  LK_E_IO, LK_E_MEMORY, LK_E_INTERNAL */
lk_status lk_table_close(lk_table *table, lk_error *err);

#endif /* LK_IO_TABLE_H */
