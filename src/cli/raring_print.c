/* raring_print.c - estimates as tables. */
#include <math.h>

#include "cli/raring.h"

static const double log_10 = 2.302585092994046;

/* Of one threshold. */
typedef struct {
    uint64_t of[LK_RARE_STATUSES], spent;
    double log_least, log_most;
} totals;

static totals sum_up(const lk_rare *rare, size_t t)
{
    totals s = {.log_least = INFINITY, .log_most = -INFINITY};

    for (size_t p = 0; p < rare->spec.problems; p++) {
        const lk_rare_estimate *e = &rare->at[p * rare->spec.thresholds + t];

        s.of[e->status]++;
        s.spent += e->spent;
        if (e->status == LK_RARE_PENDING || isnan(e->log_p)) continue;
        s.log_least = fmin(s.log_least, e->log_p);
        s.log_most = fmax(s.log_most, e->log_p);
    }
    return s;
}

static void real_or_null(lk_table *table, double x)
{
    if (isfinite(x)) {
        lk_table_real(table, x);
    } else {
        lk_table_null(table);
    }
}

static lk_status print_thresholds(const lk_rare *rare, lk_format format, lk_error *err)
{
    static const lk_column column[] = {
        {"threshold", LK_CELL_REAL},    {"problems", LK_CELL_COUNT},
        {"ok", LK_CELL_COUNT},          {"not_met", LK_CELL_COUNT},
        {"unstable", LK_CELL_COUNT},    {"disagrees", LK_CELL_COUNT},
        {"none_found", LK_CELL_COUNT},  {"least_log10_p", LK_CELL_REAL},
        {"most_log10_p", LK_CELL_REAL}, {"draws", LK_CELL_COUNT},
    };
    lk_table *table = NULL;
    lk_status st = lk_table_open(stdout, format, "rare", column,
                                 sizeof column / sizeof column[0], &table, err);

    if (st != LK_OK) return st;
    for (size_t t = 0; t < rare->spec.thresholds; t++) {
        const totals s = sum_up(rare, t);

        lk_table_real(table, rare->spec.threshold[t]);
        lk_table_count(table, rare->spec.problems);
        lk_table_count(table, s.of[LK_RARE_OK]);
        lk_table_count(table, s.of[LK_RARE_NOT_MET]);
        lk_table_count(table, s.of[LK_RARE_UNSTABLE]);
        lk_table_count(table, s.of[LK_RARE_DISAGREES]);
        lk_table_count(table, s.of[LK_RARE_NONE_FOUND]);
        real_or_null(table, s.log_least / log_10);
        real_or_null(table, s.log_most / log_10);
        lk_table_count(table, s.spent);
    }
    return lk_table_close(table, err);
}

static void print_estimate(lk_table *table, const lk_raring *raring, size_t p, size_t t)
{
    const lk_rare *rare = &raring->rare;
    const lk_rare_estimate *e = &rare->at[p * rare->spec.thresholds + t];

    lk_table_count(table, rare->index[p]);
    lk_table_real(table, rare->spec.threshold[t]);
    lk_table_text(table, lk_rare_status_name(e->status));
    real_or_null(table, e->log_p / log_10);
    real_or_null(table, e->rel_error);
    real_or_null(table, e->log_lo / log_10);
    real_or_null(table, e->log_hi / log_10);
    lk_table_count(table, e->draws);
    real_or_null(table, e->draws > 0 ? (double)e->hits / (double)e->draws : NAN);
    real_or_null(table, e->ess);
    real_or_null(table, e->largest_share);
    real_or_null(table, e->stability);
    lk_table_count(table, e->modes);
    real_or_null(table, lk_score_of_sse(rare->spec.score, e->best_sse,
                                        raring->problems.target + p * rare->spec.pixels,
                                        rare->spec.pixels));
    real_or_null(table, e->other_log_p / log_10);
    real_or_null(table, e->other_rel_error);
    real_or_null(table, e->check);
    lk_table_count(table, e->spent);
}

static lk_status print_estimates(const lk_raring *raring, lk_format format,
                                 lk_error *err)
{
    static const lk_column column[] = {
        {"problem", LK_CELL_COUNT},      {"threshold", LK_CELL_REAL},
        {"status", LK_CELL_TEXT},        {"log10_p", LK_CELL_REAL},
        {"rel_error", LK_CELL_REAL},     {"log10_lo", LK_CELL_REAL},
        {"log10_hi", LK_CELL_REAL},      {"draws", LK_CELL_COUNT},
        {"hit_share", LK_CELL_REAL},     {"ess", LK_CELL_REAL},
        {"largest_share", LK_CELL_REAL}, {"stability", LK_CELL_REAL},
        {"modes", LK_CELL_COUNT},        {"best_score", LK_CELL_REAL},
        {"other_log10_p", LK_CELL_REAL}, {"other_rel_error", LK_CELL_REAL},
        {"check", LK_CELL_REAL},         {"spent", LK_CELL_COUNT},
    };
    const lk_spec *spec = &raring->rare.spec;
    lk_table *table = NULL;
    lk_status st = lk_table_open(stdout, format, "rare", column,
                                 sizeof column / sizeof column[0], &table, err);

    if (st != LK_OK) return st;
    for (size_t p = 0; p < spec->problems; p++) {
        if (!lk_rare_done(&raring->rare, p)) continue; /* another shard's */
        for (size_t t = 0; t < spec->thresholds; t++) {
            print_estimate(table, raring, p, t);
        }
    }
    return lk_table_close(table, err);
}

lk_status lk_raring_print(const lk_raring *raring, const lk_rare_args *args,
                          lk_error *err)
{
    return args->per_problem
               ? print_estimates(raring, args->common.format, err)
               : print_thresholds(&raring->rare, args->common.format, err);
}
