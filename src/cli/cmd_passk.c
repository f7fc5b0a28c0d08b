/* cmd_passk.c - `largek passk`: pass@k from a result or counts, with intervals. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/curve.h"
#include "cli/input.h"
#include "cli/passk_rare.h"
#include "largek/rare.h"

typedef struct {
    lk_common common;
    const char *file, *group, *metric, *design, *with;
    const char *k_text; /* read when it is known what of: counts have whole k */
    lk_count_list k;
    lk_real_list threshold;
    lk_curve_options curve;
    lk_duplicates duplicates;
    bool per_problem;
} passk_args;

static const char *const duplicate_names[] = {"refuse", "sum", "first", NULL};

static const lk_operand operands[] = {
    {"FILE", offsetof(passk_args, file),
     "A result of `largek sample`, estimates of `largek rare`, or counts: CSV with columns id, n, c, or JSONL, plain, "
     ".gz or .zst; - is standard input.",
     LK_OPERAND_REQUIRED},
};

static const lk_option options[] = {
    {.name = "k",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(passk_args, k_text),
     .metavar = "RANGE",
     .help = "Values of k; by default 1 to the fewest attempts of any problem, 4 a "
             "decade; of estimates any real numbers, by default 1:1e30:log=1."},
    {.name = "with",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(passk_args, with),
     .metavar = "RESULT",
     .help = "Where FILE has estimates: a result of `largek sample` for the same task, "
             "whose counts take the place of estimates where they are better."},
    {.name = "threshold",
     .letter = 't',
     .kind = LK_OPTION_REALS,
     .offset = offsetof(passk_args, threshold),
     .metavar = "LIST",
     .help = "Only these of the thresholds in FILE."},
    {.name = "group",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(passk_args, group),
     .metavar = "COLUMNS",
     .help =
         "Columns that tell groups apart, joined by commas; the others are pooled, "
         "each row a problem of its own.  By default every column that is not id, n, "
         "c or threshold."},
    {.name = "metric",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(passk_args, metric),
     .metavar = "NAME",
     .preset = "pass@k",
     .help = "What is asked of k attempts: pass@k, one success; pass^k, all; "
             "g-pass@k=TAU, at least a share TAU; mg-pass@k, the mean of that over "
             "shares from 1/2 to 1, doubled."},
    {.name = "interval",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(passk_args, curve.mean),
     .metavar = "METHOD",
     .choices = lk_mean_names,
     .preset = "bca",
     .help = "Interval of the mean over problems: bootstrap, bias-corrected and "
             "accelerated or by percentiles, or the normal one, all three for problems "
             "like these; bayes is the posterior of these very problems."},
    {.name = "level",
     .kind = LK_OPTION_REAL,
     .offset = offsetof(passk_args, curve.level),
     .metavar = "P",
     .preset = "0.95",
     .bound = LK_BOUND_OPEN_UNIT,
     .help = "Level of all intervals."},
    {.name = "per-problem",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(passk_args, per_problem),
     .help = "Print every problem too."},
    {.name = "binomial",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(passk_args, curve.binomial),
     .metavar = "METHOD",
     .choices = lk_binomial_names,
     .preset = "clopper-pearson",
     .help = "Interval of a single problem, carried from p to the metric; bayes is "
             "credible, p being uniform before."},
    {.name = "estimator",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(passk_args, curve.estimator),
     .metavar = "NAME",
     .choices = lk_estimator_names,
     .preset = "unbiased",
     .help =
         "unbiased, as 1-C(n-c,k)/C(n,k); the biased value at p = c/n, as 1-(1-c/n)^k; "
         "or the posterior mean, p being uniform before.  The last two also take k above "
         "n."},
    {.name = "design",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(passk_args, design),
     .metavar = "DESIGN",
     .help =
         "What decided the numbers of attempts: fixed, nothing that the attempts "
         "did; until=R, sampling stopped at the R-th success; stopped, the outcomes "
         "in another way.  By default what FILE says, and fixed where it says "
         "nothing."},
    {.name = "resamples",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(passk_args, curve.resamples),
     .metavar = "N",
     .preset = "4000",
     .bound = LK_BOUND_POSITIVE,
     .help = "Resamples of the bootstrap."},
    {.name = "on-duplicate",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(passk_args, duplicates),
     .metavar = "WHAT",
     .choices = duplicate_names,
     .preset = "refuse",
     .help = "What to do with a problem that is there twice."},
    LK_SEED_OPTION(passk_args),
    LK_THREADS_OPTION(passk_args),
    LK_FORMAT_OPTION(passk_args),
    LK_OUTPUT_OPTION(passk_args, "Write to FILE instead of standard output."),
    LK_QUIET_OPTION(passk_args),
};

enum {
    OPTIONS = sizeof options / sizeof options[0],
    COLUMNS = 12,
    PROBLEM_COLUMNS = 3
};

/* The first columns are the groups'; the last three come with --per-problem. */
static size_t make_columns(const lk_input *input, bool per_problem,
                           lk_column column[LK_GROUP_COLUMNS_MAX + COLUMNS])
{
    static const lk_column fixed[COLUMNS] = {
        {"threshold", LK_CELL_REAL}, {"k", LK_CELL_COUNT},
        {"pass", LK_CELL_REAL},      {"se", LK_CELL_REAL},
        {"lo", LK_CELL_REAL},        {"hi", LK_CELL_REAL},
        {"problems", LK_CELL_COUNT}, {"method", LK_CELL_TEXT},
        {"interval", LK_CELL_TEXT},  {"problem", LK_CELL_TEXT},
        {"n", LK_CELL_COUNT},        {"c", LK_CELL_COUNT},
    };
    const size_t used = per_problem ? COLUMNS : COLUMNS - PROBLEM_COLUMNS;
    size_t columns = 0;

    for (size_t i = 0; i < input->columns; i++) {
        column[columns++] = (lk_column){input->column[i], LK_CELL_GROUP};
    }
    for (size_t i = 0; i < used; i++) column[columns++] = fixed[i];
    return columns;
}

static void print_point(lk_table *table, const passk_args *args, const lk_input *input,
                        const lk_count_group *group, uint64_t k,
                        const lk_curve_point *point, size_t problems)
{
    for (size_t i = 0; i < input->columns; i++) lk_table_text(table, group->value[i]);
    lk_table_real(table, group->threshold);
    lk_table_count(table, k);
    lk_table_real(table, point->pass);
    lk_table_real(table, point->std_error);
    lk_table_real(table, point->interval.lo);
    lk_table_real(table, point->interval.hi);
    lk_table_count(table, problems);
    lk_table_text(table, lk_estimator_names[args->curve.estimator]);
    lk_table_text(table, point->interval_by);
}

static void print_problems(lk_table *table, const passk_args *args,
                           const lk_input *input, const lk_count_group *group,
                           const lk_count_list *k)
{
    for (size_t i = 0; i < group->problems; i++) {
        for (size_t j = 0; j < k->count; j++) {
            const lk_curve_point point =
                lk_curve_problem(group, i, k->value[j], &args->curve);

            print_point(table, args, input, group, k->value[j], &point, 1);
            lk_table_text(table, group->id[i]);
            lk_table_count(table, group->n[i]);
            lk_table_count(table, group->c[i]);
        }
    }
}

static void print_group(lk_table *table, const passk_args *args, const lk_input *input,
                        const lk_count_group *group, const lk_curve *curve)
{
    for (size_t j = 0; j < curve->k.count; j++) {
        print_point(table, args, input, group, curve->k.value[j], &curve->point[j],
                    group->problems);
        for (int i = 0; args->per_problem && i < PROBLEM_COLUMNS; i++) {
            lk_table_null(table);
        }
    }
    if (args->per_problem) print_problems(table, args, input, group, &curve->k);
}

static lk_status print_all(const passk_args *args, const lk_input *input,
                           const lk_curve *curve, lk_error *err)
{
    lk_column column[LK_GROUP_COLUMNS_MAX + COLUMNS];
    const size_t columns = make_columns(input, args->per_problem, column);
    lk_output output = {0};
    lk_table *table = NULL;
    lk_status st = LK_OK;

    LK_TRY(lk_output_open(&output, args->common.output, err));
    LK_TRY(lk_table_open(output.stream, args->common.format, "passk", column, columns,
                         &table, err));
    lk_table_head_real(table, "level", args->curve.level);
    if (args->curve.metric.kind != LK_METRIC_PASS) {
        lk_table_head_text(table, "metric", args->metric);
    }
    for (size_t g = 0; g < input->groups; g++) {
        print_group(table, args, input, &input->group[g], &curve[g]);
    }
    LK_TRY(lk_table_close(table, err));
    st = lk_output_commit(&output, err);
out:
    lk_output_abort(&output);
    return st;
}

/* "fixed", "stopped", "until=5". */
static lk_status parse_design(const char *text, lk_design *out, lk_error *err)
{
    lk_design design = {.kind = LK_DESIGN_FIXED};
    lk_status st = LK_OK;

    if (strcmp(text, "stopped") == 0) {
        design.kind = LK_DESIGN_STOPPED;
    } else if (strncmp(text, "until=", 6) == 0) {
        design.kind = LK_DESIGN_UNTIL;
        LK_TRY(lk_parse_count(text + 6, LK_COUNT_MAX, &design.successes, err));
    } else if (strcmp(text, "fixed") != 0) {
        return LK_FAIL(err, LK_E_ARG,
                       "--design: '%s' is none of fixed, stopped, until=R", text);
    }
    if (design.kind == LK_DESIGN_UNTIL && design.successes == 0) {
        return LK_FAIL(err, LK_E_ARG, "--design: until no success");
    }
    *out = design;
out:
    return st;
}

static lk_status parse_k(passk_args *args, lk_error *err)
{
    lk_error why = {0};
    lk_status st;

    if (args->k_text == NULL) return LK_OK;
    st = lk_parse_count_list(args->k_text, LK_LIST_GRID, &args->k, &why);
    return st == LK_OK ? st : LK_FAIL(err, st, "--k: %.400s", why.text);
}

static lk_status run_rare(const passk_args *args, lk_error *err)
{
    const lk_passk_rare_args rare = {.common = &args->common,
                                     .file = args->file,
                                     .with = args->with,
                                     .k = args->k_text,
                                     .threshold = &args->threshold,
                                     .level = args->curve.level,
                                     .resamples = args->curve.resamples};

    if (args->group != NULL || args->per_problem || args->design != NULL ||
        strcmp(args->metric, "pass@k") != 0) {
        return LK_FAIL(
            err, LK_E_ARG,
            "%s has estimates: --group, --metric, --design and --per-problem "
            "are for counts",
            args->file);
    }
    return lk_passk_rare(&rare, err);
}

/* Every curve is there before the first line is printed, so that a failure prints none. */
static lk_status run(void *data, lk_error *err)
{
    passk_args *args = data;
    lk_input input = {0};
    lk_curve *curve = NULL;
    lk_design design = {0};
    lk_status st = LK_OK;

    lk_common_threads(&args->common);
    args->curve.seed = args->common.seed;
    if (lk_rare_recognise(args->file)) return run_rare(args, err);
    if (args->with != NULL) {
        return LK_FAIL(err, LK_E_ARG, "--with: %s has no estimates", args->file);
    }
    LK_TRY(parse_k(args, err));
    LK_TRY(lk_metric_parse(args->metric, &args->curve.metric, err));
    if (args->design != NULL) LK_TRY(parse_design(args->design, &design, err));
    LK_TRY(lk_input_read(args->file, args->duplicates, &args->threshold, args->group,
                         &input, err));
    if (input.rounded > 0 && !args->common.quiet) {
        fprintf(stderr,
                "largek passk: warning: %zu counts were rounded to whole numbers\n",
                input.rounded);
    }
    curve = calloc(input.groups, sizeof *curve);
    if (curve == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu groups", input.groups);
        goto out;
    }
    for (size_t g = 0; g < input.groups; g++) {
        if (args->design != NULL) input.group[g].design = design;
        LK_TRY(lk_curve_compute(&input.group[g], &args->k, 4, &args->curve, &curve[g],
                                err));
    }
    st = print_all(args, &input, curve, err);
out:
    for (size_t g = 0; curve != NULL && g < input.groups; g++) {
        lk_curve_release(&curve[g]);
    }
    free(curve);
    free(args->k.value);
    lk_input_release(&input);
    return st;
}

static const lk_example examples[] = {
    {"largek passk run.safetensors", "pass@k at every threshold of a run."},
    {"largek passk counts.csv --k 1:1000:log=10 --format json",
     "Ten values of k a decade, for a program."},
    {"largek passk counts.csv --group model --per-problem",
     "One curve a model, and every problem."},
    {"largek passk counts.csv --estimator bayes --interval bayes --k 1:1e6:log",
     "Posterior means and their interval, beyond n too."},
    {"largek passk counts.csv --metric g-pass@k=0.75 --k 4,8,16",
     "How often three in four attempts succeed."},
    {"largek passk rare.safetensors --with run.safetensors --k 1:1e30:log=2",
     "Of estimates, with counts where those are better."},
    {NULL, NULL},
};

const lk_command lk_cmd_passk = {
    .name = "passk",
    .summary = "pass@k per problem and overall, with intervals",
    .run = run,
    .args_bytes = sizeof(passk_args),
    .syntax = {OPTIONS, 1, options, operands},
    .details =
        "Prints pass@k, the chance that at least one of k attempts at a problem succeeds, "
        "averaged over problems: for every group and threshold in FILE and every k, with "
        "its standard error over problems (se) and an interval (lo, hi).\n\n"
        "The interval column says how the interval was made.  Where all problems are 0, or "
        "all 1, a bootstrap sees no spread, and the interval is the exact one-sided one; a "
        "group of one problem has that problem's binomial interval.  Where "
        "k comes near n an unbiased estimate of a single problem can lie outside its "
        "interval.\n\n"
        "k above the attempts of some problem is refused: no unbiased estimate exists "
        "there.  Where sampling stopped at the R-th success (--design until=R) the "
        "estimate is 1-C(n-R,k)/C(n-1,k) for n attempts, at k = 1 (R-1)/(n-1), and that "
        "for fixed n where a limit of attempts came first.  Where outcomes stopped "
        "sampling in another way no estimate is unbiased; the likelihood, and so "
        "--estimator bayes and every fit, is what it was.\n\n"
        "--estimator bayes and --interval bayes take p to be uniform on (0,1) before a "
        "problem's attempts.  Far beyond n that prior decides: see largek forecast.  se is "
        "then the posterior's standard deviation.  The other metrics print in the column "
        "pass too; the head says which.\n\n"
        "Estimates of `largek rare` give pass@k = mean of 1-(1-p)^k at any k.  Problems "
        "where nothing was found count as unsolved; `known` is the number of the others, "
        "and `most` is pass@k were all of the rest at their upper bounds.  lo and hi join "
        "the bootstrap over problems with the errors of the estimates; exponent is "
        "-d log(-log pass@k) / d log k.",
    .example = examples,
};
