/* cmd_passk.c - `largek passk`: pass@k from a result or counts, with intervals. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/curve.h"
#include "cli/input.h"

typedef struct {
    lk_common common;
    const char *file, *group;
    lk_count_list k;
    lk_real_list threshold;
    lk_curve_options curve;
    lk_duplicates duplicates;
    bool per_problem;
} passk_args;

static const char *const duplicate_names[] = {"refuse", "sum", "first", NULL};

static const lk_operand operands[] = {
    {"FILE", offsetof(passk_args, file),
     "A result of `largek sample`, or counts: CSV with columns id, n, c, or JSONL, plain, "
     ".gz or .zst; - is standard input.",
     LK_OPERAND_REQUIRED},
};

static const lk_option options[] = {
    {.name = "k",
     .kind = LK_OPTION_GRID,
     .offset = offsetof(passk_args, k),
     .metavar = "RANGE",
     .help = "Values of k; by default 1 to the fewest attempts of any problem, 4 a "
             "decade."},
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
    {.name = "interval",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(passk_args, curve.mean),
     .metavar = "METHOD",
     .choices = lk_mean_names,
     .preset = "bca",
     .help = "Interval of the mean over problems: bootstrap, bias-corrected and "
             "accelerated or by percentiles, or the normal one."},
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
     .help = "Interval of a single problem, carried from p to 1-(1-p)^k."},
    {.name = "estimator",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(passk_args, curve.estimator),
     .metavar = "NAME",
     .choices = lk_estimator_names,
     .preset = "unbiased",
     .help =
         "1-C(n-c,k)/C(n,k), or the biased 1-(1-c/n)^k, which also takes k above n."},
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
                lk_curve_problem(group->n[i], group->c[i], k->value[j], &args->curve);

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
    for (size_t g = 0; g < input->groups; g++) {
        print_group(table, args, input, &input->group[g], &curve[g]);
    }
    LK_TRY(lk_table_close(table, err));
    st = lk_output_commit(&output, err);
out:
    lk_output_abort(&output);
    return st;
}

/* Every curve is there before the first line is printed, so that a failure prints none. */
static lk_status run(void *data, lk_error *err)
{
    passk_args *args = data;
    lk_input input = {0};
    lk_curve *curve = NULL;
    lk_status st = LK_OK;

    lk_common_threads(&args->common);
    args->curve.seed = args->common.seed;
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
        LK_TRY(lk_curve_compute(&input.group[g], &args->k, 4, &args->curve, &curve[g],
                                err));
    }
    st = print_all(args, &input, curve, err);
out:
    for (size_t g = 0; curve != NULL && g < input.groups; g++) {
        lk_curve_release(&curve[g]);
    }
    free(curve);
    lk_input_release(&input);
    return st;
}

static const lk_example examples[] = {
    {"largek passk run.safetensors", "pass@k at every threshold of a run."},
    {"largek passk counts.csv --k 1:1000:log=10 --format json",
     "Ten values of k a decade, for a program."},
    {"largek passk counts.csv --group model --per-problem",
     "One curve a model, and every problem."},
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
        "there.",
    .example = examples,
};
