/* cmd_fit.c - `largek fit`: laws fitted to counts. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/fit_rare.h"
#include "cli/fit_rows.h"
#include "cli/input.h"
#include "cli/laws.h"
#include "cli/suggest.h"
#include "largek/fit.h"
#include "largek/rare.h"

enum { LAWS_MAX = 64, FOLDS_OF_ALL = 10, K_PER_DECADE = 10, RANGE_BYTES = 64 };

typedef struct {
    lk_common common;
    const char *file, *group, *law, *scale, *k;
    lk_real_list threshold;
    lk_duplicates duplicates;
    lk_fit_interval interval;
    double level;
    uint64_t folds, goodness;
    bool strict;
} fit_args;

/* In the order of the enums. */
static const char *const duplicate_names[] = {"refuse", "sum", "first", NULL};
static const char *const interval_names[] = {"profile", "wald", "none", NULL};

static const lk_operand operands[] = {
    {"FILE", offsetof(fit_args, file),
     "A result of `largek sample`, estimates of `largek rare`, or counts: CSV with columns id, n, c, or JSONL, plain, "
     ".gz or .zst; - is standard input.",
     false},
};

static const lk_option options[] = {
    {.name = "law",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(fit_args, law),
     .metavar = "NAMES",
     .help =
         "Laws joined by commas, or all: every one of designs with a fixed number of "
         "attempts.  By default beta-binomial, and of estimates beta."},
    {.name = "group",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(fit_args, group),
     .metavar = "COLUMNS",
     .help =
         "Columns that tell groups apart, joined by commas; the others are pooled.  By "
         "default every column that is not id, n, c or threshold."},
    {.name = "threshold",
     .letter = 't',
     .kind = LK_OPTION_REALS,
     .offset = offsetof(fit_args, threshold),
     .metavar = "LIST",
     .help = "Only these of the thresholds in FILE."},
    {.name = "scale",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(fit_args, scale),
     .metavar = "HOW",
     .preset = "free",
     .help =
         "The largest p of scaled laws, or A of Levi's: free, a number, or rule, which is "
         "(P+1)/P times the largest c/n of P problems and leaves A free."},
    {.name = "k",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(fit_args, k),
     .metavar = "RANGE",
     .help =
         "Values of k that curves are fitted at; by default 1 to the fewest attempts of "
         "any problem, 10 a decade."},
    {.name = "interval",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(fit_args, interval),
     .metavar = "METHOD",
     .choices = interval_names,
     .preset = "profile",
     .help = "Intervals by profile likelihood or from the standard error."},
    {.name = "level",
     .kind = LK_OPTION_REAL,
     .offset = offsetof(fit_args, level),
     .metavar = "P",
     .preset = "0.95",
     .bound = LK_BOUND_OPEN_UNIT,
     .help = "Level of all intervals."},
    {.name = "folds",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(fit_args, folds),
     .metavar = "N",
     .bound = LK_BOUND_POSITIVE,
     .help =
         "Score each law on problems that it was not fitted to, in N parts: the mean log "
         "chance of their counts.  10 for --law all, else not done."},
    {.name = "goodness",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(fit_args, goodness),
     .metavar = "N",
     .bound = LK_BOUND_POSITIVE,
     .help =
         "Goodness of fit: the share of N replicates, drawn from the fit and fitted "
         "again, that lie as far from their own fit."},
    {.name = "strict",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(fit_args, strict),
     .help = "Exit 1 unless every fit is ok."},
    {.name = "on-duplicate",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(fit_args, duplicates),
     .metavar = "WHAT",
     .choices = duplicate_names,
     .preset = "refuse",
     .help = "What to do with a problem that is there twice."},
    LK_SEED_OPTION(fit_args),
    LK_THREADS_OPTION(fit_args),
    LK_FORMAT_OPTION(fit_args),
    LK_OUTPUT_OPTION(fit_args, "Write to FILE instead of standard output."),
    LK_QUIET_OPTION(fit_args),
};

/* A run: laws, and a row for each group and law. */
typedef struct {
    const fit_args *args;
    const lk_fit_law *law[LAWS_MAX];
    size_t laws;
    lk_fit_options options;
    lk_input input;
    lk_fit_row *row; /* [input.groups * laws] */
    size_t rows;
    char (*range)[RANGE_BYTES]; /* [input.groups] the grid of curves, by default */
} fit_run;

static lk_status add_law(fit_run *run, const char *word, size_t length, lk_error *err)
{
    char name[64];
    lk_suggestion suggestion = {.word = name};
    const lk_fit_law *law = NULL;

    snprintf(name, sizeof name, "%.*s", (int)(length < 63 ? length : 63), word);
    for (size_t i = 0; lk_fit_laws[i] != NULL; i++) {
        lk_suggestion_offer(&suggestion, lk_fit_laws[i]->name);
    }
    if (lk_fit_find(name, &law, err) != LK_OK) {
        if (suggestion.nearest == NULL) return LK_E_ARG;
        return LK_FAIL(err, LK_E_ARG, "--law: no law '%s'; did you mean '%s'?", name,
                       suggestion.nearest);
    }
    for (size_t i = 0; i < run->laws; i++) {
        if (run->law[i] == law)
            return LK_FAIL(err, LK_E_ARG, "--law: '%s' is named twice", name);
    }
    if (run->laws == LAWS_MAX) return LK_FAIL(err, LK_E_ARG, "--law: too many");
    run->law[run->laws++] = law;
    return LK_OK;
}

static lk_status read_laws(fit_run *run, lk_error *err)
{
    const char *list = run->args->law != NULL ? run->args->law : "beta-binomial";
    const bool all = strcmp(list, "all") == 0;
    lk_status st = LK_OK;

    for (size_t i = 0; all && lk_fit_laws[i] != NULL && run->laws < LAWS_MAX; i++) {
        if (!lk_fit_laws[i]->stopped) run->law[run->laws++] = lk_fit_laws[i];
    }
    for (const char *at = list; !all && *at != '\0';) {
        const size_t length = strcspn(at, ",");

        LK_TRY(add_law(run, at, length, err));
        at += length + (at[length] == ',');
    }
    if (run->laws == 0) return LK_FAIL(err, LK_E_ARG, "--law: none is named");
    run->options.folds = run->args->folds;
    if (all && run->options.folds == 0) run->options.folds = FOLDS_OF_ALL;
out:
    return st;
}

static lk_status read_options(fit_run *run, lk_error *err)
{
    const fit_args *args = run->args;
    lk_error why = {0};

    run->options = lk_fit_defaults;
    run->options.level = args->level;
    run->options.interval = args->interval;
    run->options.resamples = args->goodness;
    run->options.seed = args->common.seed;
    if (args->goodness >= UINT64_C(1) << 22)
        return LK_FAIL(err, LK_E_ARG, "--goodness: more than four million replicates");
    if (strcmp(args->scale, "free") == 0) return LK_OK;
    run->options.scale_how = LK_SCALE_RULE;
    if (strcmp(args->scale, "rule") == 0) return LK_OK;
    run->options.scale_how = LK_SCALE_FIXED;
    if (lk_parse_real(args->scale, &run->options.scale, &why) != LK_OK ||
        !(run->options.scale > 0.0 && run->options.scale <= 1.0)) {
        return LK_FAIL(
            err, LK_E_ARG,
            "--scale: '%s' is neither free nor rule nor a number above 0 and at "
            "most 1",
            args->scale);
    }
    return LK_OK;
}

static bool has_curves(const fit_run *run)
{
    bool curves = false;

    for (size_t i = 0; i < run->laws; i++) {
        curves = curves || run->law[i]->kind == LK_FIT_CURVE;
    }
    return curves;
}

/* The grid of a group: what was asked for, or up to its fewest attempts. */
static lk_status make_grid(fit_run *run, size_t g, lk_count_list *out, lk_error *err)
{
    const lk_count_group *group = &run->input.group[g];
    uint64_t fewest = UINT64_MAX;
    lk_error why = {0};

    for (size_t i = 0; i < group->problems; i++) {
        if (group->n[i] < fewest) fewest = group->n[i];
    }
    snprintf(run->range[g], RANGE_BYTES, "1:%" PRIu64 ":log=%d", fewest, K_PER_DECADE);
    const char *range = run->args->k != NULL ? run->args->k : run->range[g];
    const lk_status st = lk_parse_count_list(range, LK_LIST_GRID, out, &why);
    return st == LK_OK ? st : LK_FAIL(err, st, "--k: %.400s", why.text);
}

static lk_status fit_group(fit_run *run, size_t g, bool curves, lk_error *err)
{
    const lk_count_group *group = &run->input.group[g];
    lk_count_list k = {0};
    lk_status st = LK_OK;

    if (curves) LK_TRY(make_grid(run, g, &k, err));
    run->options.k = k.value;
    run->options.k_count = k.count;
    for (size_t i = 0; i < run->laws; i++) {
        lk_fit_row *row = &run->row[run->rows];
        lk_error why = {0};

        if (lk_law_suits(run->law[i], group, &why) != LK_OK) {
            if (strcmp(run->args->law, "all") == 0) continue;
            if (err != NULL) *err = why;
            st = why.status;
            goto out;
        }
        row->group = group;
        row->law = run->law[i];
        if (row->law->kind == LK_FIT_CURVE)
            row->k = run->args->k != NULL ? run->args->k : run->range[g];
        LK_TRY(lk_fit(row->law, group->n, group->c, group->problems, &run->options,
                      &row->result, err));
        run->rows++;
    }
out:
    free(k.value);
    return st;
}

static lk_status print(const fit_run *run, bool curves, lk_error *err)
{
    const lk_fit_layout layout = {.level = run->options.level,
                                  .curves = curves,
                                  .held_out = run->options.folds > 1,
                                  .goodness = run->options.resamples > 0};
    lk_output output = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_output_open(&output, run->args->common.output, err));
    LK_TRY(lk_fit_print(output.stream, run->args->common.format, &run->input, &layout,
                        run->row, run->rows, err));
    st = lk_output_commit(&output, err);
out:
    lk_output_abort(&output);
    return st;
}

static lk_status run_rare(const fit_run *run, lk_error *err)
{
    const fit_args *args = run->args;
    const lk_fit_rare_args rare = {.common = &args->common,
                                   .file = args->file,
                                   .law = args->law,
                                   .threshold = &args->threshold,
                                   .options = &run->options,
                                   .strict = args->strict};

    if (args->group != NULL || args->k != NULL || args->folds > 0 ||
        run->options.scale_how != LK_SCALE_FREE) {
        return LK_FAIL(err, LK_E_ARG,
                       "%s has estimates: --group, --k, --folds and --scale are for "
                       "counts",
                       args->file);
    }
    return lk_fit_rare(&rare, err);
}

/* Every fit is there before the first line is printed. */
static lk_status run(void *data, lk_error *err)
{
    const fit_args *args = data;
    fit_run run = {.args = args};
    bool curves = false;
    lk_status st = LK_OK;

    lk_common_threads(&args->common);
    LK_TRY(read_options(&run, err));
    if (lk_rare_recognise(args->file)) return run_rare(&run, err);
    LK_TRY(read_laws(&run, err));
    curves = has_curves(&run);
    LK_TRY(lk_input_read(args->file, args->duplicates, &args->threshold, args->group,
                         &run.input, err));
    if (run.input.rounded > 0 && !args->common.quiet) {
        fprintf(stderr,
                "largek fit: warning: %zu counts were rounded to whole numbers\n",
                run.input.rounded);
    }
    run.row = calloc(run.input.groups * run.laws, sizeof *run.row);
    run.range = calloc(run.input.groups, sizeof *run.range);
    if (run.row == NULL || run.range == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu groups", run.input.groups);
        goto out;
    }
    for (size_t g = 0; g < run.input.groups; g++) {
        LK_TRY(fit_group(&run, g, curves, err));
    }
    LK_TRY(print(&run, curves, err));
    st = lk_fit_judge(&args->common, &run.input, run.row, run.rows, args->strict, err);
out:
    free(run.row);
    free(run.range);
    lk_input_release(&run.input);
    return st;
}

static const lk_example examples[] = {
    {"largek fit counts.csv --group model", "The beta-binomial of every model."},
    {"largek fit counts.csv --law all --format json", "Every law, compared."},
    {"largek fit run.safetensors --law kumaraswamy-binomial --scale rule",
     "At every threshold of a run."},
    {"largek fit rare.safetensors --law all --goodness 99",
     "Which law estimates of `largek rare` follow."},
    {NULL, NULL},
};

const lk_command lk_cmd_fit = {
    .name = "fit",
    .summary = "fit laws to counts, with intervals",
    .run = run,
    .args_bytes = sizeof(fit_args),
    .syntax = {sizeof options / sizeof options[0], 1, options, operands},
    .details =
        "Fits the distribution of the chance p over problems to the counts of each group and "
        "threshold, by maximum likelihood: beta-binomial, scaled-beta-binomial, "
        "kumaraswamy-binomial (scaled), beta-negative-binomial (for sampling until a "
        "success), zero-inflated-beta-binomial, two-beta, discretised-beta, "
        "discretised-kumaraswamy.  Printed are the parameters, and the exponent of the tail "
        "-log pass@k ~ k^-exponent, each with a standard error (se) from the observed "
        "information and an interval (lo, hi); minus the log-likelihood with all its "
        "constants (nll), AIC and BIC.\n\n"
        "Other laws are curves, fitted to pass@k over a grid of k by least squares: power-law, "
        "power-law-weighted, exp-power-law, levi, levi-exchangeable, levi-design-effect, "
        "levi-hazard.  The grid is printed with them, and rmse instead of a likelihood.\n\n"
        "The status is ok, at_bound (a parameter lies at the end of its range), "
        "no_convergence, or not_identifiable: the counts do not tell, as where no attempt "
        "succeeded.  That last one ends the program with 1, as does anything but ok with "
        "--strict.\n\n"
        "Of estimates the laws are beta, kumaraswamy and lognormal (mean and sd of log p), "
        "those of `largek tails`, fitted to log p of the problems that have an estimate; nll "
        "is that of log p.  The exponent is alpha; a lognormal has none.  goodness is then "
        "Kolmogorov and Smirnov's distance.",
    .example = examples,
};
