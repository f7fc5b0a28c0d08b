/* cost_rows.c - prints costs. */
#include "cli/cost_rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "largek/forecast.h"
#include "largek/passk.h"

enum { COLUMNS_MAX = 16 };

static const lk_column cost_columns[] = {
    {"threshold", LK_CELL_REAL}, {"k", LK_CELL_REAL},      {"pass", LK_CELL_REAL},
    {"flops", LK_CELL_REAL},     {"tokens", LK_CELL_REAL}, {"seconds", LK_CELL_REAL},
    {"money", LK_CELL_REAL},     {"method", LK_CELL_TEXT}};

static const lk_column budget_columns[] = {
    {"threshold", LK_CELL_REAL}, {"budget", LK_CELL_REAL}, {"unit", LK_CELL_TEXT},
    {"k", LK_CELL_REAL},         {"pass", LK_CELL_REAL},   {"method", LK_CELL_TEXT}};

static const lk_column contour_columns[] = {
    {"threshold", LK_CELL_REAL}, {"budget", LK_CELL_REAL}, {"unit", LK_CELL_TEXT},
    {"axis", LK_CELL_TEXT},      {"at", LK_CELL_REAL},     {"k", LK_CELL_REAL},
    {"pass", LK_CELL_REAL},      {"method", LK_CELL_TEXT}};

/* Attempts a problem, and the FLOPs they take. */
static const lk_column coverage_columns[] = {{"threshold", LK_CELL_REAL},
                                             {"k", LK_CELL_COUNT},
                                             {"coverage", LK_CELL_REAL},
                                             {"all", LK_CELL_REAL},
                                             {"turns", LK_CELL_REAL},
                                             {"completion", LK_CELL_REAL},
                                             {"all_flops", LK_CELL_REAL},
                                             {"turns_flops", LK_CELL_REAL},
                                             {"completion_flops", LK_CELL_REAL},
                                             {"method", LK_CELL_TEXT}};

static const struct {
    const lk_column *column;
    size_t count;
} layouts[] = {
    [LK_COST_ATTEMPTS] = {cost_columns, sizeof cost_columns / sizeof(lk_column)},
    [LK_COST_BUDGETS] = {budget_columns, sizeof budget_columns / sizeof(lk_column)},
    [LK_COST_CONTOUR] = {contour_columns, sizeof contour_columns / sizeof(lk_column)},
    [LK_COST_COVERAGE] = {coverage_columns,
                          sizeof coverage_columns / sizeof(lk_column)}};

typedef struct {
    lk_table *table;
    const lk_input *input;
    const lk_cost_plan *plan;
} printer;

static void print_group(const printer *p, const lk_cost_curve *curve)
{
    if (curve == NULL) {
        lk_table_null(p->table);
        return;
    }
    for (size_t i = 0; i < p->input->columns; i++)
        lk_table_text(p->table, curve->group->value[i]);
    lk_table_real(p->table, curve->group->threshold);
}

static const char *method(const lk_cost_curve *curve)
{
    if (curve == NULL) return NULL;
    return curve->law == NULL ? "unbiased" : curve->law->name;
}

/* pass@k for whole k; NaN where there is none to be had. */
static double pass_at(const lk_cost_curve *curve, double k)
{
    lk_estimate mean = {NAN, NAN};

    if (curve == NULL || isnan(k)) return NAN;
    if (k < 1.0) return 0.0;
    if (curve->law != NULL) return lk_fit_law_pass(curve->law, curve->param, k);
    if (k > (double)curve->fewest) return NAN;
    (void)lk_passk_mean(curve->group->n, curve->group->c, curve->group->problems,
                        (uint64_t)k, &mean, NULL);
    return mean.mean;
}

/* Mean attempts at a problem until it is solved, k at most. */
static double attempts_until(const lk_cost_curve *curve, uint64_t k)
{
    const lk_count_group *g = curve->group;
    double mean = 0.0;

    if (curve->law != NULL)
        return lk_fit_law_attempts(curve->law, curve->param, (double)k);
    for (size_t i = 0; i < g->problems; i++) {
        const double one = lk_passk_attempts(g->n[i], g->c[i], k);

        mean += (one - mean) / (double)(i + 1);
    }
    return mean;
}

static void print_costs(const printer *p, const lk_cost_curve *curve,
                        const lk_count_list *k)
{
    for (size_t j = 0; j < k->count; j++) {
        const double at = (double)k->value[j];

        print_group(p, curve);
        lk_table_real(p->table, at);
        lk_table_real(p->table, pass_at(curve, at));
        for (int unit = 0; unit < LK_COST_UNITS; unit++) {
            lk_table_real(p->table, lk_cost(&p->plan->model, (lk_cost_unit)unit, at));
        }
        lk_table_text(p->table, method(curve));
    }
}

/* Whole attempts that a budget buys. */
static double bought(const lk_cost_model *model, lk_cost_unit unit, double budget)
{
    const double k = lk_cost_attempts(model, unit, budget);

    /* A budget that was computed from a whole k buys it, whatever that was rounded. */
    return fmax(floor(k * (1.0 + 1e-12)), 0.0);
}

static void print_budgets(const printer *p, const lk_cost_curve *curve)
{
    const lk_cost_plan *plan = p->plan;

    for (size_t j = 0; j < plan->budget.count; j++) {
        const double k = bought(&plan->model, plan->unit, plan->budget.value[j]);

        print_group(p, curve);
        lk_table_real(p->table, plan->budget.value[j]);
        lk_table_text(p->table, lk_cost_unit_name(plan->unit));
        lk_table_real(p->table, k);
        lk_table_real(p->table, pass_at(curve, k));
        lk_table_text(p->table, method(curve));
    }
}

static void print_contour(const printer *p, const lk_cost_curve *curve)
{
    const lk_cost_plan *plan = p->plan;

    for (size_t j = 0; j < plan->budget.count; j++) {
        for (size_t i = 0; i < plan->axis_value.count; i++) {
            const double at = plan->axis_value.value[i];
            const bool tokens = plan->axis == LK_AXIS_TOKENS;
            lk_cost_model model = plan->model;

            if (tokens) {
                model.prompt_tokens = model.answer_tokens = at;
            } else {
                model.flops_per_token = at;
            }
            const double k = bought(&model, plan->unit, plan->budget.value[j]);

            print_group(p, curve);
            lk_table_real(p->table, plan->budget.value[j]);
            lk_table_text(p->table, lk_cost_unit_name(plan->unit));
            lk_table_text(p->table, tokens ? "tokens" : "flops-per-token");
            lk_table_real(p->table, at);
            lk_table_real(p->table, k);
            lk_table_real(p->table, pass_at(curve, k));
            lk_table_text(p->table, method(curve));
        }
    }
}

/* Completion to coverage x: as many problems as it takes, of which each is solved with the
 * coverage at the largest k, at its mean attempts. */
static void print_coverage(const printer *p, const lk_cost_curve *curve,
                           const lk_count_list *k)
{
    const uint64_t most = k->value[k->count - 1];
    const double per_solved =
        attempts_until(curve, most) / pass_at(curve, (double)most);

    for (size_t j = 0; j < k->count; j++) {
        const double coverage = pass_at(curve, (double)k->value[j]);
        const double tried = coverage / pass_at(curve, (double)most);
        const double all = (double)k->value[j],
                     turns = attempts_until(curve, k->value[j]);
        const double completion = coverage > 0.0 ? coverage * per_solved : 0.0;
        const lk_cost_model *m = &p->plan->model;
        /* Prompts are read once by whoever is tried at all. */
        const double each =
            lk_cost(m, LK_COST_FLOPS, 2.0) - lk_cost(m, LK_COST_FLOPS, 1.0);
        const double prompt = lk_cost(m, LK_COST_FLOPS, 1.0) - each;

        print_group(p, curve);
        lk_table_count(p->table, k->value[j]);
        lk_table_real(p->table, coverage);
        lk_table_real(p->table, all);
        lk_table_real(p->table, turns);
        lk_table_real(p->table, completion);
        lk_table_real(p->table, prompt + each * all);
        lk_table_real(p->table, prompt + each * turns);
        lk_table_real(p->table,
                      coverage > 0.0 ? prompt * tried + each * completion : 0.0);
        lk_table_text(p->table, method(curve));
    }
}

/* k as given, or its default.
 * Errors  LK_E_ARG, LK_E_MEMORY */
static lk_status choose_k(const lk_cost_plan *plan, const lk_cost_curve *curve,
                          lk_count_list *out, lk_error *err)
{
    const bool counts = curve != NULL && curve->law == NULL;
    lk_status st = LK_OK;

    if (plan->k.count == 0) {
        char range[64];

        snprintf(range, sizeof range, "1:%" PRIu64 ":log=1",
                 counts ? curve->fewest : UINT64_C(1000000));
        return lk_parse_count_list(range, LK_LIST_GRID, out, err);
    }
    if (counts && plan->k.value[plan->k.count - 1] > curve->fewest) {
        return LK_FAIL(err, LK_E_ARG,
                       "k = %" PRIu64 " is more than %" PRIu64
                       " attempts of a problem: --law says what lies beyond",
                       plan->k.value[plan->k.count - 1], curve->fewest);
    }
    out->value = malloc(plan->k.count * sizeof *out->value);
    if (out->value == NULL)
        return LK_FAIL(err, LK_E_MEMORY, "%zu values of k", plan->k.count);
    memcpy(out->value, plan->k.value, plan->k.count * sizeof *out->value);
    out->count = plan->k.count;
    return st;
}

static lk_status print_curve(const printer *p, const lk_cost_curve *curve,
                             lk_error *err)
{
    lk_count_list k = {0};
    lk_status st = LK_OK;

    LK_TRY(choose_k(p->plan, curve, &k, err));
    switch (p->plan->mode) {
    case LK_COST_ATTEMPTS: print_costs(p, curve, &k); break;
    case LK_COST_BUDGETS: print_budgets(p, curve); break;
    case LK_COST_CONTOUR: print_contour(p, curve); break;
    case LK_COST_COVERAGE: print_coverage(p, curve, &k); break;
    }
out:
    free(k.value);
    return st;
}

lk_status lk_cost_print(const lk_common *common, const lk_input *input,
                        const lk_cost_plan *plan, const lk_cost_curve curve[],
                        lk_error *err)
{
    lk_column column[LK_GROUP_COLUMNS_MAX + COLUMNS_MAX];
    lk_output output = {0};
    lk_table *table = NULL;
    lk_error ignored = {0};
    size_t columns = 0;
    lk_status st = LK_OK;

    for (size_t i = 0; i < input->columns; i++)
        column[columns++] = (lk_column){input->column[i], LK_CELL_GROUP};
    for (size_t i = 0; i < layouts[plan->mode].count; i++)
        column[columns++] = layouts[plan->mode].column[i];
    for (size_t g = 0; g < input->groups; g++) { /* before the first line */
        lk_count_list k = {0};

        LK_TRY(choose_k(plan, &curve[g], &k, err));
        free(k.value);
    }
    LK_TRY(lk_output_open(&output, common->output, err));
    LK_TRY(lk_table_open(output.stream, common->format, "cost", column, columns, &table,
                         err));
    if (!isnan(plan->model.flops_per_token))
        lk_table_head_real(table, "flops_per_token", plan->model.flops_per_token);
    const printer p = {table, input, plan};
    for (size_t g = 0; g < input->groups && st == LK_OK; g++) {
        st = print_curve(&p, &curve[g], err);
    }
    if (input->groups == 0) st = print_curve(&p, NULL, err);
    if (st != LK_OK) {
        (void)lk_table_close(table, &ignored);
        goto out;
    }
    LK_TRY(lk_table_close(table, err));
    st = lk_output_commit(&output, err);
out:
    lk_output_abort(&output);
    return st;
}
