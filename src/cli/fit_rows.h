/* fit_rows.h - fits as rows: an object a fit in JSON, a line a parameter elsewhere. */
#ifndef LK_CLI_FIT_ROWS_H
#define LK_CLI_FIT_ROWS_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/common.h"
#include "cli/input.h"
#include "io/table.h"
#include "largek/fit.h"

/* One group and one law. */
typedef struct {
    const lk_count_group *group;
    const lk_fit_law *law;
    lk_fit_result result;
    const char *k; /* the grid of a curve, as a range or list; NULL for distributions */
} lk_fit_row;

typedef struct {
    double level;
    bool curves, held_out, goodness; /* which columns there are */
} lk_fit_layout;

/* Errors  as lk_table_close */
lk_status lk_fit_print(FILE *to, lk_format format, const lk_input *input,
                       const lk_fit_layout *layout, const lk_fit_row row[], size_t rows,
                       lk_error *err);

/* Warns of every fit that is not ok, unless common->quiet.
 * Errors  LK_E_NUMERIC where one is not identifiable, and with strict where one is not ok */
lk_status lk_fit_judge(const lk_common *common, const lk_input *input,
                       const lk_fit_row row[], size_t rows, bool strict, lk_error *err);

#endif /* LK_CLI_FIT_ROWS_H */
