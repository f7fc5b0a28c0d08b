/* forecast_rare.c - pass@k beyond the data where every p is estimated: no law is needed. */
#include "cli/forecast_rare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/rare_input.h"
#include "largek/interval.h"

static const lk_column curve_columns[] = {
    {"threshold", LK_CELL_REAL}, {"law", LK_CELL_TEXT},      {"k", LK_CELL_REAL},
    {"pass", LK_CELL_REAL},      {"lo", LK_CELL_REAL},       {"hi", LK_CELL_REAL},
    {"failure", LK_CELL_REAL},   {"exponent", LK_CELL_REAL}, {"reach", LK_CELL_REAL},
    {"reach_lo", LK_CELL_REAL},  {"reach_hi", LK_CELL_REAL}, {"most", LK_CELL_REAL},
    {"problems", LK_CELL_COUNT}, {"known", LK_CELL_COUNT},   {"status", LK_CELL_TEXT}};

static const lk_column target_columns[] = {
    {"threshold", LK_CELL_REAL}, {"law", LK_CELL_TEXT},      {"target", LK_CELL_REAL},
    {"k", LK_CELL_REAL},         {"lo", LK_CELL_REAL},       {"hi", LK_CELL_REAL},
    {"reach", LK_CELL_REAL},     {"reach_lo", LK_CELL_REAL}, {"reach_hi", LK_CELL_REAL},
    {"problems", LK_CELL_COUNT}, {"known", LK_CELL_COUNT},   {"status", LK_CELL_TEXT}};

typedef struct {
    const lk_forecast_rare_args *args;
    lk_rare_input input;
    lk_real_list k;
    double *log_k;          /* [k.count]          */
    lk_tail_point *point;   /* [groups][k.count]  */
    lk_tail_needed *needed; /* [groups]         */
} work;

/* --k as logarithms. */
static lk_status make_grid(work *w, lk_error *err)
{
    const char *range = w->args->k != NULL ? w->args->k : "1:1e30:log=1";
    lk_error why = {0};
    const lk_status st = lk_parse_real_list(range, &w->k, &why);

    if (st != LK_OK) return LK_FAIL(err, st, "--k: %.400s", why.text);
    w->log_k = calloc(w->k.count, sizeof *w->log_k);
    if (w->log_k == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "%zu values of k", w->k.count);
    }
    for (size_t j = 0; j < w->k.count; j++) {
        if (w->k.value[j] < 1.0) {
            return LK_FAIL(err, LK_E_ARG, "--k: %g is below 1", w->k.value[j]);
        }
        w->log_k[j] = log(w->k.value[j]);
    }
    return LK_OK;
}

static lk_status compute(work *w, lk_error *err)
{
    const lk_forecast_rare_args *args = w->args;
    const size_t problems = w->input.rare.spec.problems, groups = w->input.groups;
    lk_status st = LK_OK;

    w->point = calloc(groups * w->k.count, sizeof *w->point);
    w->needed = calloc(groups, sizeof *w->needed);
    if (w->point == NULL || w->needed == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "%zu thresholds", groups);
    }
    for (size_t g = 0; g < groups; g++) {
        const lk_tail_problem *problem = w->input.group[g].problem;

        if (args->target != 0.0) {
            LK_TRY(lk_tail_target(problem, problems, args->target, args->level,
                                  (size_t)args->resamples, args->common->seed,
                                  &w->needed[g], err));
        } else {
            LK_TRY(lk_tail_curve(problem, problems, w->log_k, w->k.count, args->level,
                                 (size_t)args->resamples, args->common->seed,
                                 w->point + g * w->k.count, err));
        }
    }

out:
    return st;
}

/* The share of problems that any number of attempts solves: those with an estimate. */
static void print_reach(lk_table *table, const work *w, const lk_rare_group *group)
{
    const uint64_t problems = w->input.rare.spec.problems;
    const lk_interval ends = lk_binomial_interval(LK_INTERVAL_CLOPPER_PEARSON, problems,
                                                  group->known, w->args->level);

    lk_table_real(table, (double)group->known / (double)problems);
    lk_table_real(table, ends.lo);
    lk_table_real(table, ends.hi);
}

static void print_counts(lk_table *table, const work *w, const lk_rare_group *group,
                         const char *status)
{
    lk_table_count(table, w->input.rare.spec.problems);
    lk_table_count(table, group->known);
    lk_table_text(table, status);
}

/* An end that is never reached is none. */
static void print_k(lk_table *table, double log_k)
{
    lk_table_real(table, isfinite(log_k) ? exp(log_k) : (double)NAN);
}

static void print_target(lk_table *table, const work *w, size_t g)
{
    const lk_rare_group *group = &w->input.group[g];
    const lk_tail_needed *needed = &w->needed[g];

    lk_table_real(table, group->threshold);
    lk_table_text(table, "estimates");
    lk_table_real(table, w->args->target);
    print_k(table, needed->log_k);
    print_k(table, needed->log_lo);
    print_k(table, needed->log_hi);
    print_reach(table, w, group);
    print_counts(table, w, group, isinf(needed->log_k) ? "unreachable" : "ok");
}

static void print_curve(lk_table *table, const work *w, size_t g)
{
    const lk_rare_group *group = &w->input.group[g];

    for (size_t j = 0; j < w->k.count; j++) {
        const lk_tail_point *point = &w->point[g * w->k.count + j];

        lk_table_real(table, group->threshold);
        lk_table_text(table, "estimates");
        lk_table_real(table, w->k.value[j]);
        lk_table_real(table, point->pass);
        lk_table_real(table, point->lo);
        lk_table_real(table, point->hi);
        lk_table_real(table, point->failure);
        lk_table_real(table, point->exponent);
        print_reach(table, w, group);
        lk_table_real(table, point->most);
        print_counts(table, w, group, "ok");
    }
}

static lk_status print(const work *w, lk_error *err)
{
    const bool target = w->args->target != 0.0;
    lk_output output = {0};
    lk_table *table = NULL;
    lk_status st = LK_OK;

    LK_TRY(lk_output_open(&output, w->args->common->output, err));
    LK_TRY(lk_table_open(output.stream, w->args->common->format, "forecast",
                         target ? target_columns : curve_columns,
                         target ? sizeof target_columns / sizeof *target_columns
                                : sizeof curve_columns / sizeof *curve_columns,
                         &table, err));
    lk_table_head_real(table, "level", w->args->level);
    lk_table_head_real(table, "resamples", (double)w->args->resamples);
    for (size_t g = 0; g < w->input.groups; g++) {
        if (target) {
            print_target(table, w, g);
        } else {
            print_curve(table, w, g);
        }
    }
    LK_TRY(lk_table_close(table, err));
    st = lk_output_commit(&output, err);

out:
    lk_output_abort(&output);
    return st;
}

static lk_status judge(const work *w, lk_error *err)
{
    size_t doubtful = 0;

    for (size_t g = 0; g < w->input.groups; g++) doubtful += w->input.group[g].doubtful;
    if (doubtful > 0 && !w->args->common->quiet) {
        fprintf(
            stderr,
            "largek forecast: warning: %zu estimates are not sound (see largek rare "
            "--per-problem)\n",
            doubtful);
    }
    for (size_t g = 0; g < w->input.groups && w->args->strict; g++) {
        if (w->args->target == 0.0 || !isinf(w->needed[g].log_k)) continue;
        return LK_FAIL(err, LK_E_NUMERIC,
                       "threshold %.12g: pass@k = %g is out of reach",
                       w->input.group[g].threshold, w->args->target);
    }
    return LK_OK;
}

lk_status lk_forecast_rare(const lk_forecast_rare_args *args, lk_error *err)
{
    work w = {.args = args};
    lk_status st = LK_OK;

    LK_TRY(make_grid(&w, err));
    LK_TRY(lk_rare_input_read(args->file, NULL, args->threshold, &w.input, err));
    LK_TRY(compute(&w, err));
    LK_TRY(print(&w, err));
    st = judge(&w, err);

out:
    free(w.point);
    free(w.needed);
    free(w.log_k);
    free(w.k.value);
    lk_rare_input_release(&w.input);
    return st;
}
