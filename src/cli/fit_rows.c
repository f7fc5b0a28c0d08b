/* fit_rows.c - fits as rows. */
#include "cli/fit_rows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    NAMES_MAX = 24, /* different parameters of all laws */
    NAME_BYTES = 48,
    COLUMNS_MAX = LK_GROUP_COLUMNS_MAX + 5 * NAMES_MAX + 24
};

static const char *const part_names[] = {"value", "se", "lo", "hi"};

/* The columns, and where their composed names live. */
typedef struct {
    lk_column column[COLUMNS_MAX];
    size_t columns;
    const char *name[NAMES_MAX]; /* JSON: parameters of all laws in the rows */
    size_t names;
    char composed[4 * NAMES_MAX][NAME_BYTES];
    size_t used;
} layout;

static void add(layout *l, const char *name, lk_cell_kind kind)
{
    if (l->columns < COLUMNS_MAX) l->column[l->columns++] = (lk_column){name, kind};
}

static void add_value(layout *l, const char *prefix, const char *name)
{
    for (int i = 0; i < 4 && l->used < 4 * NAMES_MAX; i++) {
        char *to = l->composed[l->used++];

        snprintf(to, NAME_BYTES, "%s%s.%s", prefix, name, part_names[i]);
        add(l, to, LK_CELL_REAL);
    }
}

static void collect_names(layout *l, const lk_fit_row row[], size_t rows)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < row[r].law->params; i++) {
            size_t j = 0;

            while (j < l->names && strcmp(l->name[j], row[r].law->param[i]) != 0) j++;
            if (j == l->names && j + 2 < NAMES_MAX)
                l->name[l->names++] = row[r].law->param[i];
        }
    }
}

static void add_groups(layout *l, const lk_input *input)
{
    for (size_t i = 0; i < input->columns; i++) add(l, input->column[i], LK_CELL_GROUP);
    add(l, "threshold", LK_CELL_REAL);
    add(l, "law", LK_CELL_TEXT);
    add(l, "problems", LK_CELL_COUNT);
}

static void print_groups(lk_table *table, const lk_input *input, const lk_fit_row *row)
{
    for (size_t i = 0; i < input->columns; i++) {
        lk_table_text(table, row->group->value[i]);
    }
    lk_table_real(table, row->group->threshold);
    lk_table_text(table, row->law->name);
    lk_table_count(table, row->group->problems);
}

static void print_value(lk_table *table, const lk_fit_value *value)
{
    lk_table_real(table, value->value);
    lk_table_real(table, value->se);
    lk_table_real(table, value->lo);
    lk_table_real(table, value->hi);
}

static void print_parameter(lk_table *table, const lk_fit_row *row, const char *name)
{
    for (size_t i = 0; i < row->law->params; i++) {
        if (strcmp(row->law->param[i], name) != 0) continue;
        print_value(table, &row->result.param[i]);
        return;
    }
    for (int i = 0; i < 4; i++) lk_table_absent(table);
}

/* A number that laws of that kind have. */
static void print_if(lk_table *table, bool has, double value)
{
    if (has)
        lk_table_real(table, value);
    else
        lk_table_absent(table);
}

static void add_json_columns(layout *l, const lk_fit_layout *what)
{
    for (size_t i = 0; i < l->names; i++) add_value(l, "params.", l->name[i]);
    add(l, "nll", LK_CELL_REAL);
    add(l, "nll_mean", LK_CELL_REAL);
    add(l, "aic", LK_CELL_REAL);
    add(l, "bic", LK_CELL_REAL);
    add(l, "rmse", LK_CELL_REAL);
    add(l, "k", LK_CELL_TEXT);
    add_value(l, "", "exponent");
    if (what->held_out) add(l, "held_out", LK_CELL_REAL);
    if (what->goodness) {
        add(l, "goodness.statistic", LK_CELL_REAL);
        add(l, "goodness.p", LK_CELL_REAL);
    }
    add(l, "status", LK_CELL_TEXT);
    add(l, "reason", LK_CELL_TEXT);
}

static void print_json_row(lk_table *table, const layout *l, const lk_input *input,
                           const lk_fit_layout *what, const lk_fit_row *row)
{
    const lk_fit_result *r = &row->result;
    const bool curve = row->law->kind == LK_FIT_CURVE;

    print_groups(table, input, row);
    for (size_t i = 0; i < l->names; i++) print_parameter(table, row, l->name[i]);
    print_if(table, !curve, r->nll);
    print_if(table, !curve, r->nll_mean);
    print_if(table, !curve, r->aic);
    print_if(table, !curve, r->bic);
    print_if(table, curve, r->rmse);
    if (curve)
        lk_table_text(table, row->k);
    else
        lk_table_absent(table);
    print_value(table, &r->exponent);
    if (what->held_out) print_if(table, !curve, r->held_out);
    if (what->goodness) {
        print_if(table, !curve, r->goodness);
        print_if(table, !curve, r->goodness_p);
    }
    lk_table_text(table, lk_fit_status_name(r->status));
    if (r->reason[0] != '\0')
        lk_table_text(table, r->reason);
    else
        lk_table_absent(table);
}

static void add_line_columns(layout *l, const lk_fit_layout *what)
{
    add(l, "param", LK_CELL_TEXT);
    for (int i = 0; i < 4; i++) add(l, part_names[i], LK_CELL_REAL);
    add(l, "nll", LK_CELL_REAL);
    add(l, "aic", LK_CELL_REAL);
    add(l, "bic", LK_CELL_REAL);
    if (what->curves) {
        add(l, "rmse", LK_CELL_REAL);
        add(l, "k", LK_CELL_TEXT);
    }
    if (what->held_out) add(l, "held_out", LK_CELL_REAL);
    if (what->goodness) add(l, "goodness_p", LK_CELL_REAL);
    add(l, "status", LK_CELL_TEXT);
}

static void print_line(lk_table *table, const lk_input *input,
                       const lk_fit_layout *what, const lk_fit_row *row,
                       const char *name, const lk_fit_value *value)
{
    const lk_fit_result *r = &row->result;

    print_groups(table, input, row);
    lk_table_text(table, name);
    print_value(table, value);
    lk_table_real(table, r->nll);
    lk_table_real(table, r->aic);
    lk_table_real(table, r->bic);
    if (what->curves) {
        lk_table_real(table, r->rmse);
        lk_table_text(table, row->k);
    }
    if (what->held_out) lk_table_real(table, r->held_out);
    if (what->goodness) lk_table_real(table, r->goodness_p);
    lk_table_text(table, lk_fit_status_name(r->status));
}

static void print_lines(lk_table *table, const lk_input *input,
                        const lk_fit_layout *what, const lk_fit_row *row)
{
    for (size_t i = 0; i < row->law->params; i++) {
        print_line(table, input, what, row, row->law->param[i], &row->result.param[i]);
    }
    print_line(table, input, what, row, "exponent", &row->result.exponent);
}

lk_status lk_fit_print(FILE *to, lk_format format, const lk_input *input,
                       const lk_fit_layout *what, const lk_fit_row row[], size_t rows,
                       lk_error *err)
{
    const bool json = format == LK_FORMAT_JSON;
    layout l = {.columns = 0};
    lk_table *table = NULL;
    lk_status st = LK_OK;

    add_groups(&l, input);
    if (json) {
        collect_names(&l, row, rows);
        add_json_columns(&l, what);
    } else {
        add_line_columns(&l, what);
    }
    LK_TRY(lk_table_open(to, format, "fit", l.column, l.columns, &table, err));
    lk_table_head_real(table, "level", what->level);
    for (size_t r = 0; r < rows; r++) {
        if (json)
            print_json_row(table, &l, input, what, &row[r]);
        else
            print_lines(table, input, what, &row[r]);
    }
    st = lk_table_close(table, err);
out:
    return st;
}

static void warn(const lk_input *input, const lk_fit_row *row)
{
    char group[300];

    lk_group_describe(input, row->group, group, sizeof group);
    fprintf(stderr, "largek fit: warning: %s%s%s: %s\n", group,
            group[0] == '\0' ? "" : ": ", row->law->name, row->result.reason);
}

lk_status lk_fit_judge(const lk_common *common, const lk_input *input,
                       const lk_fit_row row[], size_t rows, bool strict, lk_error *err)
{
    size_t unknown = 0, not_ok = 0;

    for (size_t i = 0; i < rows; i++) {
        const lk_fit_status status = row[i].result.status;

        unknown += status == LK_FIT_NOT_IDENTIFIABLE;
        not_ok += status != LK_FIT_OK;
        if (status != LK_FIT_OK && !common->quiet) warn(input, &row[i]);
    }
    if (unknown > 0) {
        return LK_FAIL(err, LK_E_NUMERIC, "%zu of %zu fits: not identifiable", unknown,
                       rows);
    }
    if (strict && not_ok > 0) {
        return LK_FAIL(err, LK_E_NUMERIC, "%zu of %zu fits are not ok", not_ok, rows);
    }
    return LK_OK;
}
