/* cmd_cost.c - `largek cost`: FLOPs, tokens, seconds and money against pass@k. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/cost_rows.h"
#include "cli/input.h"
#include "cli/laws.h"

typedef struct {
    lk_common common;
    const char *file, *group, *law, *contour;
    lk_real_list threshold;
    double params, layers, dim, context, flops_per_token;
    double prompt, answer, flops_per_s, prompt_price, answer_price;
    bool no_cache, coverage;
    lk_cost_plan plan;
} cost_args;

static const char *const unit_names[] = {"flops", "tokens", "seconds", "money", NULL};

static const lk_operand operands[] = {
    {"FILE", offsetof(cost_args, file),
     "(optional) A result of `largek sample`, or counts as `largek passk` reads them: "
     "says what pass@k a cost buys.",
     LK_OPERAND_OPTIONAL},
};

#define REAL_OPTION(option, field, meta, text)                   \
    {                                                            \
        .name = (option), .kind = LK_OPTION_REAL,                \
        .offset = offsetof(cost_args, field), .metavar = (meta), \
        .bound = LK_BOUND_POSITIVE, .help = (text)               \
    }

static const lk_option options[] = {
    REAL_OPTION("flops-per-token", flops_per_token, "F",
                "FLOPs a token, instead of --params and what follows."),
    REAL_OPTION("params", params, "N", "Parameters of the model."),
    REAL_OPTION("layers", layers, "N", "Its layers, for the attention's FLOPs."),
    REAL_OPTION("dim", dim, "N", "Its width."),
    REAL_OPTION("context", context, "N", "Tokens that a token attends to."),
    {.name = "prompt-tokens",
     .kind = LK_OPTION_REAL,
     .offset = offsetof(cost_args, prompt),
     .metavar = "N",
     .preset = "0",
     .help = "Tokens of a problem's prompt."},
    {.name = "answer-tokens",
     .kind = LK_OPTION_REAL,
     .offset = offsetof(cost_args, answer),
     .metavar = "N",
     .preset = "1",
     .bound = LK_BOUND_POSITIVE,
     .help = "Tokens of an attempt."},
    {.name = "no-cache",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(cost_args, no_cache),
     .help = "Every attempt reads the prompt again."},
    REAL_OPTION("rate", flops_per_s, "R", "FLOPs a second of the hardware, as used."),
    REAL_OPTION("prompt-price", prompt_price, "P", "Money a million tokens read."),
    REAL_OPTION("answer-price", answer_price, "P", "Money a million tokens written."),
    {.name = "k",
     .kind = LK_OPTION_GRID,
     .offset = offsetof(cost_args, plan.k),
     .metavar = "RANGE",
     .help =
         "Attempts a problem; by default 1:1e6:log=1, or with counts and no --law to "
         "the fewest attempts of any problem."},
    {.name = "budget",
     .kind = LK_OPTION_REALS,
     .offset = offsetof(cost_args, plan.budget),
     .metavar = "LIST",
     .bound = LK_BOUND_POSITIVE,
     .help = "Budgets a problem, instead of --k: how many attempts they buy, and what "
             "pass@k."},
    {.name = "unit",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(cost_args, plan.unit),
     .metavar = "UNIT",
     .choices = unit_names,
     .preset = "flops",
     .help = "What budgets are in."},
    {.name = "contour",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(cost_args, contour),
     .metavar = "AXIS=LIST",
     .help =
         "A row for each --budget and each value of an axis: flops-per-token=LIST, or "
         "tokens=LIST for prompts and answers of as many tokens."},
    {.name = "coverage",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(cost_args, coverage),
     .help =
         "Attempts at what is not solved yet: what coverage takes if all problems get "
         "k attempts, if they take turns until solved, and if each is tried until "
         "solved or given up at the largest k."},
    {.name = "law",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(cost_args, law),
     .metavar = "NAME",
     .help =
         "pass@k by a law fitted to the counts, for any k; by default by the unbiased "
         "estimator, for k up to the fewest attempts."},
    {.name = "group",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(cost_args, group),
     .metavar = "COLUMNS",
     .help =
         "Columns that tell groups apart, joined by commas; the others are pooled."},
    {.name = "threshold",
     .letter = 't',
     .kind = LK_OPTION_REALS,
     .offset = offsetof(cost_args, threshold),
     .metavar = "LIST",
     .help = "Only these of the thresholds in FILE."},
    LK_THREADS_OPTION(cost_args),
    LK_FORMAT_OPTION(cost_args),
    LK_OUTPUT_OPTION(cost_args, "Write to FILE instead of standard output."),
    LK_QUIET_OPTION(cost_args),
};

static double known(double value)
{
    return value > 0.0 ? value : NAN;
}

static lk_status make_model(const cost_args *args, lk_cost_model *out, lk_error *err)
{
    const double flops =
        args->flops_per_token > 0.0
            ? args->flops_per_token
            : lk_flops_per_token(args->params, args->layers, args->dim, args->context);
    const bool attention = args->layers > 0.0 || args->dim > 0.0 || args->context > 0.0;

    if (args->prompt < 0.0) return LK_FAIL(err, LK_E_ARG, "--prompt-tokens: below 0");
    if (args->flops_per_token > 0.0 && (args->params > 0.0 || attention))
        return LK_FAIL(err, LK_E_ARG, "--flops-per-token and --params say the same");
    if (attention && !(args->layers > 0.0 && args->dim > 0.0 && args->context > 0.0))
        return LK_FAIL(err, LK_E_ARG, "--layers, --dim and --context go together");
    *out = (lk_cost_model){.flops_per_token = flops,
                           .prompt_tokens = args->prompt,
                           .answer_tokens = args->answer,
                           .cached = !args->no_cache,
                           .flops_per_s = known(args->flops_per_s),
                           .prompt_price = known(args->prompt_price),
                           .answer_price = known(args->answer_price)};
    if (args->prompt == 0.0) out->prompt_price = 0.0;
    return LK_OK;
}

/* "tokens=100:10000:log". */
static lk_status parse_contour(const char *text, lk_cost_plan *plan, lk_error *err)
{
    const char *equals = strchr(text, '=');
    lk_error why = {0};

    if (equals != NULL && strncmp(text, "tokens=", 7) == 0) {
        plan->axis = LK_AXIS_TOKENS;
    } else if (equals != NULL && strncmp(text, "flops-per-token=", 16) == 0) {
        plan->axis = LK_AXIS_FLOPS_PER_TOKEN;
    } else {
        return LK_FAIL(
            err, LK_E_ARG,
            "--contour: '%s' is neither flops-per-token=LIST nor tokens=LIST", text);
    }
    const lk_status st = lk_parse_real_list(equals + 1, &plan->axis_value, &why);
    if (st != LK_OK) return LK_FAIL(err, st, "--contour: %.400s", why.text);
    for (size_t i = 0; i < plan->axis_value.count; i++) {
        if (!(plan->axis_value.value[i] > 0.0))
            return LK_FAIL(err, LK_E_ARG, "--contour: '%s' is not positive",
                           equals + 1);
    }
    return LK_OK;
}

static lk_status check_args(cost_args *args, lk_error *err)
{
    lk_cost_plan *plan = &args->plan;
    lk_status st = LK_OK;

    LK_TRY(make_model(args, &plan->model, err));
    if (args->contour != NULL) LK_TRY(parse_contour(args->contour, plan, err));
    plan->mode = args->coverage           ? LK_COST_COVERAGE
                 : args->contour != NULL  ? LK_COST_CONTOUR
                 : plan->budget.count > 0 ? LK_COST_BUDGETS
                                          : LK_COST_ATTEMPTS;
    if (plan->budget.count > 0 && (plan->k.count > 0 || args->coverage))
        return LK_FAIL(err, LK_E_ARG, "--budget goes with neither --k nor --coverage");
    if (args->contour != NULL && plan->budget.count == 0)
        return LK_FAIL(err, LK_E_ARG, "--contour wants --budget");
    if ((args->coverage || args->law != NULL) && args->file == NULL)
        return LK_FAIL(err, LK_E_ARG, "--coverage and --law want counts");
    if (plan->budget.count > 0 && plan->axis != LK_AXIS_FLOPS_PER_TOKEN &&
        isnan(lk_cost(&plan->model, plan->unit, 1.0)))
        return LK_FAIL(err, LK_E_ARG, "a budget in %s wants %s", unit_names[plan->unit],
                       plan->unit == LK_COST_MONEY
                           ? "--prompt-price and --answer-price"
                           : "--flops-per-token or --params, and for seconds --rate");
out:
    return st;
}

/* Fits, or leaves the estimator in place. */
static lk_status make_curve(const lk_count_group *group, const lk_fit_law *law,
                            lk_cost_curve *out, lk_error *err)
{
    lk_fit_options how = lk_fit_defaults;
    lk_count_list grid = {0};
    const lk_count_list none = {0};
    lk_fit_result fit;
    lk_status st = LK_OK;

    *out = (lk_cost_curve){.group = group, .law = law, .fewest = UINT64_MAX};
    for (size_t i = 0; i < group->problems; i++) {
        if (group->n[i] < out->fewest) out->fewest = group->n[i];
    }
    if (law == NULL && group->design.kind != LK_DESIGN_FIXED) {
        return LK_FAIL(
            err, LK_E_ARG,
            "outcomes decided the numbers of attempts: the unbiased estimator "
            "wants them fixed; --law takes a distribution");
    }
    if (law == NULL) return LK_OK;
    LK_TRY(lk_law_suits(law, group, err));
    LK_TRY(lk_fit_grid(group, &none, UINT64_MAX, &grid, err));
    how.interval = LK_FIT_INTERVAL_NONE;
    how.k = grid.value;
    how.k_count = grid.count;
    LK_TRY(lk_fit(law, group->n, group->c, group->problems, &how, &fit, err));
    if (!isfinite(fit.param[0].value)) {
        st = LK_FAIL(err, LK_E_NUMERIC, "%s: %s: %s", law->name,
                     lk_fit_status_name(fit.status), fit.reason);
        goto out;
    }
    for (size_t i = 0; i < fit.params; i++) out->param[i] = fit.param[i].value;
out:
    free(grid.value);
    return st;
}

static lk_status run(void *data, lk_error *err)
{
    cost_args *args = data;
    lk_input input = {0};
    lk_law_list laws = {0};
    lk_cost_curve *curve = NULL;
    lk_status st = LK_OK;

    lk_common_threads(&args->common);
    LK_TRY(check_args(args, err));
    if (args->law != NULL) LK_TRY(lk_law_list_parse(args->law, &laws, err));
    if (laws.count > 1) {
        st = LK_FAIL(err, LK_E_ARG, "--law: one law");
        goto out;
    }
    if (args->file != NULL) {
        LK_TRY(lk_input_read(args->file, LK_DUPLICATE_REFUSE, &args->threshold,
                             args->group, &input, err));
        curve = calloc(input.groups, sizeof *curve);
        if (curve == NULL) {
            st = LK_FAIL(err, LK_E_MEMORY, "%zu groups", input.groups);
            goto out;
        }
    }
    for (size_t g = 0; g < input.groups; g++) {
        LK_TRY(make_curve(&input.group[g], laws.law[0], &curve[g], err));
    }
    st = lk_cost_print(&args->common, &input, &args->plan, curve, err);
out:
    free(curve);
    free(args->plan.axis_value.value);
    lk_input_release(&input);
    return st;
}

static const lk_example examples[] = {
    {"largek cost --params 12e9 --layers 36 --dim 5120 --context 2048 "
     "--prompt-tokens 200 --answer-tokens 500 --k 1:1e4:log=1",
     "What k attempts cost."},
    {"largek cost counts.csv --params 12e9 --answer-tokens 500 --budget 1e13:1e17:log=1 "
     "--law beta-binomial",
     "What pass@k a budget of FLOPs a problem buys."},
    {"largek cost counts.csv --params 12e9 --answer-tokens 500 --coverage --k 1:1e4:log=1",
     "What it takes if solved problems are left alone."},
    {NULL, NULL},
};

const lk_command lk_cmd_cost = {
    .name = "cost",
    .summary = "FLOPs, tokens, seconds and money against pass@k",
    .run = run,
    .args_bytes = sizeof(cost_args),
    .syntax = {sizeof options / sizeof options[0], 1, options, operands},
    .details =
        "A token costs 2 (params + 2 layers dim context) FLOPs; k attempts at a problem "
        "read the prompt once (or, with --no-cache, k times) and write k answers.  Costs "
        "are those of one problem.\n\n"
        "With counts, pass@k stands beside the cost: the unbiased estimator's for whole k "
        "up to the fewest attempts of any problem, or that of a law fitted to the counts.  "
        "With --budget, k is what the budget buys, rounded down; a budget that does not "
        "buy one attempt buys pass@k = 0.\n\n"
        "--coverage: with a check that tells solved problems, attempts go to those that "
        "are not.  all is k attempts at each problem; turns, the mean number where "
        "problems take turns until solved, up to k rounds; completion, the mean number "
        "to the same coverage where problems are tried one after another, each until "
        "solved or given up at the largest k.",
    .example = examples,
};
