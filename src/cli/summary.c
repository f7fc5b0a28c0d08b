/* summary.c - counts, a row a group. */
#include "cli/summary.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "largek/passk.h"

enum { COLUMNS = 8 };

typedef struct {
    uint64_t n, c;
    size_t problems, unsolved;
    double mean, std_error;
} group_sums;

/* The chance of the first attempt's success, given how the attempts ended: of those before
 * an r-th success in n, r - 1 of n - 1 succeeded, in any order. */
static double pass_at_1(const lk_count_group *group, size_t p)
{
    const double n = (double)group->n[p], c = (double)group->c[p];
    const bool ended =
        group->design.kind == LK_DESIGN_UNTIL && group->c[p] == group->design.successes;

    return ended && group->n[p] > 1 ? (c - 1.0) / (n - 1.0) : c / n;
}

static group_sums sum_up(const lk_count_group *group)
{
    group_sums sums = {0};
    double sum_sq = 0.0;

    for (size_t p = 0; p < group->problems; p++) {
        if (group->n[p] == 0) continue;
        const double x = pass_at_1(group, p), step = x - sums.mean;

        sums.n += group->n[p];
        sums.c += group->c[p];
        sums.unsolved += group->c[p] == 0;
        sums.problems++;
        sums.mean += step / (double)sums.problems;
        sum_sq += step * (x - sums.mean);
    }
    sums.std_error = sqrt(sum_sq / (double)(sums.problems - 1) / (double)sums.problems);
    return sums;
}

static void print_group(lk_table *table, const lk_counts *counts,
                        const lk_count_group *group, bool with_method)
{
    const group_sums sums = sum_up(group);

    for (size_t i = 0; i < counts->group_columns; i++) {
        lk_table_text(table, group->value[i]);
    }
    lk_table_real(table, group->threshold);
    lk_table_count(table, sums.problems);
    lk_table_count(table, sums.n);
    lk_table_count(table, sums.c);
    lk_table_count(table, sums.unsolved);
    if (sums.problems > 0) {
        lk_table_real(table, sums.mean);
        lk_table_real(table, sums.problems > 1 ? sums.std_error : (double)NAN);
    } else {
        lk_table_null(table);
        lk_table_null(table);
    }
    if (with_method) {
        lk_table_text(table, group->design.kind == LK_DESIGN_FIXED   ? "unbiased"
                             : group->design.kind == LK_DESIGN_UNTIL ? "pass-until"
                                                                     : "plugin");
    }
}

lk_status lk_summary_print(const lk_counts *counts, lk_format format, lk_error *err)
{
    static const lk_column fixed[COLUMNS] = {
        {"threshold", LK_CELL_REAL}, {"problems", LK_CELL_COUNT},
        {"attempts", LK_CELL_COUNT}, {"successes", LK_CELL_COUNT},
        {"unsolved", LK_CELL_COUNT}, {"pass@1", LK_CELL_REAL},
        {"se", LK_CELL_REAL},        {"method", LK_CELL_TEXT},
    };
    lk_column column[LK_GROUP_COLUMNS_MAX + COLUMNS];
    size_t columns = 0;
    bool with_method = false;
    lk_table *table = NULL;
    lk_status st = LK_OK;

    for (size_t g = 0; g < counts->groups; g++) {
        with_method |= counts->group[g].design.kind != LK_DESIGN_FIXED;
    }
    for (size_t i = 0; i < counts->group_columns; i++) {
        column[columns++] = (lk_column){counts->group_column[i], LK_CELL_GROUP};
    }
    for (size_t i = 0; i + !with_method < COLUMNS; i++) column[columns++] = fixed[i];
    LK_TRY(lk_table_open(stdout, format, "sample", column, columns, &table, err));
    for (size_t g = 0; g < counts->groups; g++) {
        print_group(table, counts, &counts->group[g], with_method);
    }
    st = lk_table_close(table, err);

out:
    return st;
}
