/* cmd_forecast.c - `largek forecast`: pass@k beyond the data, by fitted laws. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/forecast_rare.h"
#include "cli/forecast_rows.h"
#include "cli/input.h"
#include "cli/laws.h"
#include "largek/rare.h"

typedef enum { OF_NEW_PROBLEMS, OF_THESE_PROBLEMS } subject;

typedef struct {
    lk_common common;
    const char *file, *group, *law;
    const char *k_text; /* read when it is known what of: counts have whole k */
    lk_count_list k, grid;
    lk_real_list threshold;
    double level, target, share;
    uint64_t resamples, attempts, repeats;
    subject of;
    bool backtest, strict;
} forecast_args;

static const char *const subject_names[] = {"new", "these", NULL};

static const lk_operand operands[] = {
    {"FILE", offsetof(forecast_args, file),
     "A result of `largek sample`, estimates of `largek rare`, or counts as `largek passk` reads them.",
     LK_OPERAND_REQUIRED},
};

static const lk_option options[] = {
    {.name = "k",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(forecast_args, k_text),
     .metavar = "RANGE",
     .help =
         "Values of k to forecast, by default 1:1e9:log=1; of estimates any real "
         "numbers, by default 1:1e30:log=1.  Of a backtest one, by default the fewest "
         "attempts of any problem."},
    {.name = "law",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(forecast_args, law),
     .metavar = "NAMES",
     .help = "Laws joined by commas, as `largek fit` names them; by default "
             "beta-binomial.  Estimates need none."},
    {.name = "target",
     .kind = LK_OPTION_REAL,
     .offset = offsetof(forecast_args, target),
     .metavar = "P",
     .bound = LK_BOUND_OPEN_UNIT,
     .help = "How many attempts pass@k = P takes, instead of pass@k."},
    {.name = "of",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(forecast_args, of),
     .metavar = "WHICH",
     .choices = subject_names,
     .preset = "new",
     .help =
         "Of new problems like those in FILE, by the law alone; or of these very "
         "problems, each by its own counts too (distributions only; the interval is "
         "then that of the problems, given the law's parameters)."},
    {.name = "group",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(forecast_args, group),
     .metavar = "COLUMNS",
     .help =
         "Columns that tell groups apart, joined by commas; the others are pooled."},
    {.name = "threshold",
     .letter = 't',
     .kind = LK_OPTION_REALS,
     .offset = offsetof(forecast_args, threshold),
     .metavar = "LIST",
     .help = "Only these of the thresholds in FILE."},
    {.name = "grid",
     .kind = LK_OPTION_GRID,
     .offset = offsetof(forecast_args, grid),
     .metavar = "RANGE",
     .help =
         "Values of k that curves are fitted at; by default 1 to the fewest attempts "
         "of any problem, 10 a decade."},
    {.name = "level",
     .kind = LK_OPTION_REAL,
     .offset = offsetof(forecast_args, level),
     .metavar = "P",
     .preset = "0.95",
     .bound = LK_BOUND_OPEN_UNIT,
     .help = "Level of all intervals."},
    {.name = "resamples",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(forecast_args, resamples),
     .metavar = "N",
     .preset = "1000",
     .help = "Resamples of the bootstrap; 0 leaves intervals out."},
    {.name = "backtest",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(forecast_args, backtest),
     .help = "Forecast from parts of the data and compare with all of them."},
    {.name = "attempts",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(forecast_args, attempts),
     .metavar = "N",
     .bound = LK_BOUND_POSITIVE,
     .help = "Backtest: attempts a problem in a part; by default a hundredth of the "
             "fewest of any problem, but at least 2."},
    {.name = "share",
     .kind = LK_OPTION_REAL,
     .offset = offsetof(forecast_args, share),
     .metavar = "P",
     .preset = "0.5",
     .bound = LK_BOUND_POSITIVE,
     .help = "Backtest: share of the problems in a part, at most 1."},
    {.name = "repeats",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(forecast_args, repeats),
     .metavar = "N",
     .preset = "100",
     .bound = LK_BOUND_POSITIVE,
     .help = "Backtest: parts."},
    {.name = "strict",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(forecast_args, strict),
     .help = "Exit 1 unless every status is ok."},
    LK_SEED_OPTION(forecast_args),
    LK_THREADS_OPTION(forecast_args),
    LK_FORMAT_OPTION(forecast_args),
    LK_OUTPUT_OPTION(forecast_args, "Write to FILE instead of standard output."),
    LK_QUIET_OPTION(forecast_args),
};

/* A row for each group and law. */
typedef struct {
    const forecast_args *args;
    lk_input input;
    lk_law_list laws;
    lk_forecast_row *row;
    size_t rows;
    double *k; /* [args->k.count] */
} work;

static lk_status forecast_row(const work *w, lk_forecast_row *row,
                              const lk_count_list *grid, lk_error *err)
{
    const forecast_args *args = w->args;
    const lk_count_group *g = row->group;
    const bool curve = args->target == 0.0;
    lk_forecast_options how = {.fit = lk_fit_defaults,
                               .k = w->k,
                               .points = curve ? args->k.count : 0,
                               .target = args->target,
                               .level = args->level,
                               .resamples = (size_t)args->resamples,
                               .seed = args->common.seed};
    double param[LK_FIT_PARAMS_MAX];
    lk_status st = LK_OK;

    how.fit.interval = LK_FIT_INTERVAL_NONE;
    how.fit.k = grid->value;
    how.fit.k_count = grid->count;
    if (args->of == OF_THESE_PROBLEMS) how.resamples = 0;
    LK_TRY(
        lk_forecast_run(row->law, g->n, g->c, g->problems, &how, &row->forecast, err));
    if (args->of == OF_NEW_PROBLEMS || row->forecast.point == NULL || !curve) goto out;
    row->predictive = calloc(args->k.count, sizeof *row->predictive);
    if (row->predictive == NULL)
        return LK_FAIL(err, LK_E_MEMORY, "%zu values of k", args->k.count);
    for (size_t i = 0; i < row->forecast.fit.params; i++)
        param[i] = row->forecast.fit.param[i].value;
    for (size_t j = 0; j < args->k.count; j++) {
        row->predictive[j] =
            lk_forecast_problems(row->law, param, g->n, g->c, g->problems, w->k[j]);
    }
out:
    return st;
}

static uint64_t part_attempts(const forecast_args *args, uint64_t fewest)
{
    if (args->attempts > 0) return args->attempts;
    return fewest / 100 < 2 ? 2 : fewest / 100;
}

static lk_status backtest_row(const work *w, lk_forecast_row *row,
                              const lk_count_list *grid, lk_error *err)
{
    const forecast_args *args = w->args;
    const lk_count_group *g = row->group;
    const double problems = ceil(args->share * (double)g->problems);
    lk_backtest_options how = {.problems = (size_t)problems,
                               .attempts = part_attempts(args, row->fewest),
                               .repeats = (size_t)args->repeats,
                               .k = args->k.count > 0 ? args->k.value[0] : row->fewest,
                               .fit = lk_fit_defaults,
                               .seed = args->common.seed};
    lk_status st = LK_OK;

    if (args->share > 1.0)
        return LK_FAIL(err, LK_E_ARG, "--share: %g is more than 1", args->share);
    if (g->design.kind != LK_DESIGN_FIXED)
        return LK_FAIL(
            err, LK_E_ARG,
            "--backtest: outcomes decided the numbers of attempts, and a part "
            "of them is not what sampling less would have given");
    how.fit.k = grid->value;
    how.fit.k_count = grid->count;
    LK_TRY(lk_fit_find("beta-binomial", &how.reference, err));
    st = lk_backtest_run(row->law, g->n, g->c, g->problems, &how, &row->backtest, err);
out:
    return st;
}

static lk_status run_group(work *w, const lk_count_group *group, lk_error *err)
{
    uint64_t fewest = UINT64_MAX, most = 0;
    lk_count_list grid = {0};
    lk_status st = LK_OK;

    for (size_t i = 0; i < group->problems; i++) {
        fewest = group->n[i] < fewest ? group->n[i] : fewest;
        most = group->n[i] > most ? group->n[i] : most;
    }
    const uint64_t limit =
        w->args->backtest ? part_attempts(w->args, fewest) : UINT64_MAX;
    LK_TRY(lk_fit_grid(group, &w->args->grid, limit, &grid, err));
    for (size_t i = 0; i < w->laws.count; i++) {
        lk_forecast_row *row = &w->row[w->rows++];

        row->group = group;
        row->law = w->laws.law[i];
        LK_TRY(lk_law_suits(row->law, group, err));
        row->fewest = fewest;
        row->most = most;
        if (w->args->of == OF_THESE_PROBLEMS && row->law->kind == LK_FIT_CURVE) {
            st =
                LK_FAIL(err, LK_E_ARG, "--of these: %s says nothing of single problems",
                        row->law->name);
            goto out;
        }
        LK_TRY(w->args->backtest ? backtest_row(w, row, &grid, err)
                                 : forecast_row(w, row, &grid, err));
    }
out:
    free(grid.value);
    return st;
}

/* The largest k over the most attempts of any problem. */
static double farthest_of(const work *w)
{
    const lk_count_list *k = &w->args->k;
    double farthest = 0.0;

    for (size_t i = 0; i < w->rows; i++) {
        const double largest = w->args->target != 0.0 ? w->row[i].forecast.needed
                                                      : (double)k->value[k->count - 1];
        if (isfinite(largest))
            farthest = fmax(farthest, largest / (double)w->row[i].most);
    }
    return farthest;
}

static void warn_far(const work *w)
{
    const double farthest = farthest_of(w);

    if (farthest > 1.0 && !w->args->common.quiet) {
        fprintf(
            stderr,
            "largek forecast: warning: k goes to %.3g times the attempts a problem; "
            "intervals hold if the law does, and --backtest says how far it did\n",
            farthest);
    }
}

/* After printing: what is not known is in the rows, and the status of the program too. */
static lk_status check_fits(const work *w, lk_error *err)
{
    size_t known = 0;

    for (size_t i = 0; i < w->rows; i++) {
        const lk_fit_result *fit = &w->row[i].forecast.fit;
        const bool none = w->args->backtest ? w->row[i].backtest.fitted == 0
                                            : w->row[i].forecast.point == NULL;

        known += !none;
        if (w->args->strict && !w->args->backtest && fit->status != LK_FIT_OK) {
            return LK_FAIL(err, LK_E_NUMERIC, "%s: %s: %s", w->row[i].law->name,
                           lk_fit_status_name(fit->status), fit->reason);
        }
    }
    if (w->args->strict && !w->args->backtest && farthest_of(w) > LK_FORECAST_FAR) {
        return LK_FAIL(err, LK_E_NUMERIC, "k goes to %.3g times the attempts a problem",
                       farthest_of(w));
    }
    if (known > 0) return LK_OK;
    return LK_FAIL(err, LK_E_NUMERIC, "no forecast: %s",
                   w->args->backtest ? "no part could be fitted"
                                     : w->row[0].forecast.fit.reason);
}

static lk_status parse_k(forecast_args *args, lk_error *err)
{
    lk_error why = {0};
    lk_status st;

    if (args->k_text == NULL) return LK_OK;
    st = lk_parse_count_list(args->k_text, LK_LIST_GRID, &args->k, &why);
    return st == LK_OK ? st : LK_FAIL(err, st, "--k: %.400s", why.text);
}

static lk_status run_rare(const forecast_args *args, lk_error *err)
{
    const lk_forecast_rare_args rare = {.common = &args->common,
                                        .file = args->file,
                                        .k = args->k_text,
                                        .threshold = &args->threshold,
                                        .level = args->level,
                                        .target = args->target,
                                        .resamples = args->resamples,
                                        .strict = args->strict};

    if (args->law != NULL || args->group != NULL || args->grid.count > 0 ||
        args->of != OF_NEW_PROBLEMS || args->backtest) {
        return LK_FAIL(
            err, LK_E_ARG,
            "%s has estimates: --law, --of, --group, --grid and --backtest are "
            "for counts",
            args->file);
    }
    if (args->resamples == 0) {
        return LK_FAIL(err, LK_E_ARG, "--resamples 0: estimates have their intervals");
    }
    return lk_forecast_rare(&rare, err);
}

static lk_status check_args(forecast_args *args, lk_error *err)
{
    if (!args->backtest) {
        if (args->k.count > 0) return LK_OK;
        return lk_parse_count_list("1:1e9:log=1", LK_LIST_GRID, &args->k, err);
    }
    if (args->k.count > 1) return LK_FAIL(err, LK_E_ARG, "--backtest wants one k");
    if (args->of == OF_THESE_PROBLEMS || args->target != 0.0)
        return LK_FAIL(err, LK_E_ARG,
                       "--backtest goes with neither --of these nor --target");
    return LK_OK;
}

static lk_status run(void *data, lk_error *err)
{
    forecast_args *args = data;
    work w = {.args = args};
    lk_status st = LK_OK;

    lk_common_threads(&args->common);
    if (lk_rare_recognise(args->file)) return run_rare(args, err);
    LK_TRY(parse_k(args, err));
    LK_TRY(check_args(args, err));
    LK_TRY(lk_law_list_parse(args->law != NULL ? args->law : "beta-binomial", &w.laws,
                             err));
    LK_TRY(lk_input_read(args->file, LK_DUPLICATE_REFUSE, &args->threshold, args->group,
                         &w.input, err));
    w.row = calloc(w.input.groups * w.laws.count, sizeof *w.row);
    w.k = calloc(args->k.count + 1, sizeof *w.k);
    if (w.row == NULL || w.k == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu groups", w.input.groups);
        goto out;
    }
    for (size_t j = 0; j < args->k.count; j++) w.k[j] = (double)args->k.value[j];
    for (size_t g = 0; g < w.input.groups; g++) {
        LK_TRY(run_group(&w, &w.input.group[g], err));
    }
    if (!args->backtest) warn_far(&w);
    const lk_forecast_layout layout = {
        .command = "forecast",
        .backtest = args->backtest,
        .target = args->target,
        .level = args->level,
        .k = &args->k,
        .resamples = (size_t)(args->backtest ? args->repeats : args->resamples),
        .attempts = w.rows > 0 ? part_attempts(args, w.row[0].fewest) : 0};
    LK_TRY(lk_forecast_print(&args->common, &w.input, &layout, w.row, w.rows, err));
    st = check_fits(&w, err);
out:
    for (size_t i = 0; i < w.rows; i++) {
        lk_forecast_release(&w.row[i].forecast);
        free(w.row[i].predictive);
    }
    free(w.row);
    free(w.k);
    free(args->k.value);
    lk_input_release(&w.input);
    return st;
}

static const lk_example examples[] = {
    {"largek forecast counts.csv --k 1:1e12:log",
     "pass@k to a million million attempts, by the beta-binomial law."},
    {"largek forecast counts.csv --law beta-binomial,levi --target 0.9",
     "How many attempts nine in ten problems take."},
    {"largek forecast counts.csv --backtest --law beta-binomial,power-law --attempts 100",
     "What laws fitted to 100 attempts say of all of them, and what comes true."},
    {"largek forecast rare.safetensors --target 0.7",
     "How many attempts it takes by the estimates of `largek rare`, without a law."},
    {NULL, NULL},
};

const lk_command lk_cmd_forecast = {
    .name = "forecast",
    .summary = "pass@k beyond the data, by fitted laws",
    .run = run,
    .args_bytes = sizeof(forecast_args),
    .syntax = {sizeof options / sizeof options[0], 1, options, operands},
    .details =
        "Fits each law to each group of counts and prints pass@k and 1-pass@k (failure) "
        "with percentile intervals: for distributions by the parametric bootstrap, for "
        "curves by resampling problems.  exponent is the local -dlog(-log pass@k)/dlog k, "
        "which a power law alone has constant; times_n is k over the most attempts of any "
        "problem; reach is the largest pass@k that any number of attempts gets to.\n\n"
        "Beyond the data a forecast is as good as its law, which no interval shows.  "
        "--backtest draws parts of the problems and of their attempts, as if less had been "
        "sampled, forecasts from them and compares with pass@k of all the data: bias, sd "
        "and rmse over the parts.  structural is the error that a curve's fit has even "
        "with endless data, since its values of k are not large enough for the law's tail: "
        "the law fitted to the exact curve of the beta-binomial law, against that.\n\n"
        "Where the counts do not tell (no success at all, say), the status column says "
        "so, and so it does beyond 1000 times the attempts and for a target out of reach; the "
        "exit status is 1 if no law has a forecast, and with --strict unless every status "
        "is ok.\n\n"
        "Estimates of `largek rare` need no law: every p is known, however small, and "
        "pass@k is their mean at any k, with the interval of `largek passk`.  Problems "
        "where nothing was found are at 0; reach is the share of the others, and most is "
        "pass@k with each of them at its upper bound.",
    .example = examples,
};
