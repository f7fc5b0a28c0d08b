/* cmd_test.c - `largek test independence`: whether attempts depended on each other. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/input.h"
#include "largek/independence.h"
#include "largek/outcomes.h"
#include "largek/result.h"

typedef enum { FROM_OUTCOMES, FROM_COUNTS } source_kind;

typedef struct {
    lk_common common;
    const char *file, *group;
    lk_real_list threshold;
    uint64_t blocks, permutations;
    source_kind from;
} test_args;

static const char *const source_names[] = {"outcomes", "counts", NULL};

static const lk_operand operands[] = {
    {"FILE", offsetof(test_args, file),
     "Outcomes in the order of attempts: a .npy matrix of problems x attempts of 0, 1 and "
     "NaN; JSONL with \"id\" and \"outcomes\": [0, 1, ...]; or a result with a trace "
     "(`largek sample --trace`).  - is standard input, JSONL.",
     LK_OPERAND_REQUIRED},
};

static const lk_option options[] = {
    {.name = "from",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(test_args, from),
     .metavar = "WHAT",
     .choices = source_names,
     .preset = "outcomes",
     .help =
         "What FILE holds.  Counts, as `largek passk` reads them, tell of rho and the "
         "design effect alone."},
    {.name = "threshold",
     .letter = 't',
     .kind = LK_OPTION_REALS,
     .offset = offsetof(test_args, threshold),
     .metavar = "LIST",
     .help = "Thresholds for a trace, by default those of the result; of counts, only "
             "these."},
    {.name = "group",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(test_args, group),
     .metavar = "COLUMNS",
     .help =
         "Columns that tell groups of counts apart, joined by commas; the others are "
         "pooled."},
    {.name = "blocks",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(test_args, blocks),
     .metavar = "N",
     .preset = "16",
     .bound = LK_BOUND_POSITIVE,
     .help =
         "Blocks that a problem's attempts are cut into; of two attempts at least."},
    {.name = "permutations",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(test_args, permutations),
     .metavar = "R",
     .preset = "1999",
     .bound = LK_BOUND_POSITIVE,
     .help = "Permutations; no chance below 1/(R+1) can be seen."},
    LK_SEED_OPTION(test_args),
    LK_THREADS_OPTION(test_args),
    LK_FORMAT_OPTION(test_args),
    LK_OUTPUT_OPTION(test_args, "Write to FILE instead of standard output."),
    LK_QUIET_OPTION(test_args),
};

enum { FIXED_COLUMNS = 9 };

static size_t make_columns(const lk_input *input,
                           lk_column column[LK_GROUP_COLUMNS_MAX + FIXED_COLUMNS])
{
    static const lk_column fixed[FIXED_COLUMNS] = {
        {"threshold", LK_CELL_REAL}, {"statistic", LK_CELL_TEXT},
        {"value", LK_CELL_REAL},     {"expected", LK_CELL_REAL},
        {"sd", LK_CELL_REAL},        {"p", LK_CELL_REAL},
        {"problems", LK_CELL_COUNT}, {"attempts", LK_CELL_COUNT},
        {"successes", LK_CELL_COUNT}};
    size_t columns = 0;

    for (size_t i = 0; i < input->columns; i++) {
        column[columns++] = (lk_column){input->column[i], LK_CELL_GROUP};
    }
    for (size_t i = 0; i < FIXED_COLUMNS; i++) column[columns++] = fixed[i];
    return columns;
}

static void print_row(lk_table *table, const lk_input *input,
                      const lk_count_group *group, const lk_independence *found,
                      const char *name, const lk_permuted *value)
{
    for (size_t i = 0; i < input->columns; i++) lk_table_text(table, group->value[i]);
    lk_table_real(table, group->threshold);
    lk_table_text(table, name);
    lk_table_real(table, value->value);
    lk_table_real(table, value->expected);
    lk_table_real(table, value->sd);
    lk_table_real(table, value->p);
    lk_table_count(table, found->problems);
    lk_table_count(table, found->attempts);
    lk_table_count(table, found->successes);
}

/* Rows for what is defined; the rest would be empty. */
static void print_found(lk_table *table, const lk_input *input,
                        const lk_count_group *group, const lk_independence *found)
{
    const lk_permuted effect = {found->design_effect, 1.0, NAN, NAN};
    const lk_permuted left = {found->effective_attempts, (double)found->attempts, NAN,
                              NAN};
    const struct {
        const char *name;
        const lk_permuted *value;
    } rows[] = {{"lag-1", &found->lag1},
                {"dispersion", &found->dispersion},
                {"rho", &found->rho},
                {"design-effect", &effect},
                {"effective-attempts", &left}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (isnan(rows[i].value->value)) continue;
        print_row(table, input, group, found, rows[i].name, rows[i].value);
    }
}

/* What is tested: groups of counts, or one set of outcomes a threshold.  As an lk_input
 * of no columns where it is outcomes. */
typedef struct {
    lk_input input;
    lk_count_group *group;  /* [groups] */
    lk_independence *found; /* [groups] */
    size_t groups;
    lk_outcomes outcomes;
    lk_result result;
} work;

static lk_status make_room(work *w, size_t groups, lk_error *err)
{
    w->groups = groups;
    w->group = calloc(groups, sizeof *w->group);
    w->found = calloc(groups, sizeof *w->found);
    if (w->group == NULL || w->found == NULL)
        return LK_FAIL(err, LK_E_MEMORY, "%zu groups", groups);
    return LK_OK;
}

static lk_status test_counts(const test_args *args, const lk_independence_options *how,
                             work *w, lk_error *err)
{
    lk_status st = LK_OK;

    LK_TRY(lk_input_read(args->file, LK_DUPLICATE_REFUSE, &args->threshold, args->group,
                         &w->input, err));
    LK_TRY(make_room(w, w->input.groups, err));
    for (size_t g = 0; g < w->groups; g++) {
        w->group[g] = w->input.group[g];
        LK_TRY(lk_independence_of_counts(w->group[g].n, w->group[g].c,
                                         w->group[g].problems, how, &w->found[g], err));
    }
out:
    return st;
}

static lk_status test_outcomes(const lk_independence_options *how, work *w, size_t g,
                               double threshold, lk_error *err)
{
    w->group[g].threshold = threshold;
    return lk_independence_of_outcomes(w->outcomes.first, w->outcomes.outcome,
                                       w->outcomes.problems, how, &w->found[g], err);
}

static lk_status test_trace(const test_args *args, const lk_independence_options *how,
                            work *w, lk_error *err)
{
    const lk_spec *spec = &w->result.spec;
    const bool given = args->threshold.count > 0;
    const double *threshold = given ? args->threshold.value : spec->threshold;
    lk_status st = LK_OK;

    LK_TRY(lk_result_read(args->file, &w->result, err));
    if (w->result.traced < 2) {
        return LK_FAIL(err, LK_E_ARG,
                       "%s: no trace of single attempts (largek sample --trace J), and "
                       "counts have no order; --from counts tests what they tell",
                       args->file);
    }
    LK_TRY(make_room(w, given ? args->threshold.count : spec->thresholds, err));
    for (size_t g = 0; g < w->groups; g++) {
        lk_outcomes_release(&w->outcomes);
        LK_TRY(lk_outcomes_of_scores(w->result.trace, w->result.index, spec->problems,
                                     w->result.traced, threshold[g], &w->outcomes,
                                     err));
        LK_TRY(test_outcomes(how, w, g, threshold[g], err));
    }
out:
    return st;
}

static lk_status test_file(const test_args *args, const lk_independence_options *how,
                           work *w, lk_error *err)
{
    lk_status st = LK_OK;

    if (args->from == FROM_COUNTS) return test_counts(args, how, w, err);
    if (args->group != NULL) return LK_FAIL(err, LK_E_ARG, "--group is for counts");
    if (lk_result_recognise(args->file)) return test_trace(args, how, w, err);
    if (args->threshold.count > 0)
        return LK_FAIL(err, LK_E_ARG, "--threshold is for traces and counts");
    LK_TRY(lk_outcomes_read(args->file, &w->outcomes, err));
    if (w->outcomes.missing > 0 && !args->common.quiet) {
        fprintf(
            stderr,
            "largek test independence: warning: %zu missing outcomes left out; those "
            "around them count as next to each other\n",
            w->outcomes.missing);
    }
    LK_TRY(make_room(w, 1, err));
    st = test_outcomes(how, w, 0, NAN, err);
out:
    return st;
}

static lk_status check_found(const work *w, lk_error *err)
{
    for (size_t g = 0; g < w->groups; g++) {
        const lk_independence *f = &w->found[g];

        if (!isnan(f->lag1.value) || !isnan(f->rho.value)) return LK_OK;
    }
    return LK_FAIL(
        err, LK_E_NUMERIC,
        "nothing can be tested: no problem has both a success and a failure, "
        "or there is one attempt at one problem");
}

static lk_status print_all(const test_args *args, const work *w, lk_error *err)
{
    lk_column column[LK_GROUP_COLUMNS_MAX + FIXED_COLUMNS];
    const size_t columns = make_columns(&w->input, column);
    lk_output output = {0};
    lk_table *table = NULL;
    lk_status st = LK_OK;

    LK_TRY(lk_output_open(&output, args->common.output, err));
    LK_TRY(lk_table_open(output.stream, args->common.format, "test independence",
                         column, columns, &table, err));
    lk_table_head_real(table, "permutations", (double)args->permutations);
    for (size_t g = 0; g < w->groups; g++) {
        print_found(table, &w->input, &w->group[g], &w->found[g]);
    }
    LK_TRY(lk_table_close(table, err));
    st = lk_output_commit(&output, err);
out:
    lk_output_abort(&output);
    return st;
}

static lk_status run(void *data, lk_error *err)
{
    test_args *args = data;
    const lk_independence_options how = {(size_t)args->blocks,
                                         (size_t)args->permutations, args->common.seed};
    work w = {0};
    lk_status st = LK_OK;

    lk_common_threads(&args->common);
    LK_TRY(test_file(args, &how, &w, err));
    LK_TRY(check_found(&w, err));
    st = print_all(args, &w, err);
out:
    free(w.group);
    free(w.found);
    lk_outcomes_release(&w.outcomes);
    lk_result_release(&w.result);
    lk_input_release(&w.input);
    return st;
}

static const lk_example examples[] = {
    {"largek test independence outcomes.npy", "A matrix of problems x attempts."},
    {"largek test independence run.safetensors --threshold 0.004",
     "The traced attempts of a run."},
    {"largek test independence counts.csv --from counts --group model",
     "Intraclass correlation and design effect from counts alone."},
    {NULL, NULL},
};

const lk_command lk_cmd_test_independence = {
    .name = "test independence",
    .summary = "whether attempts at a problem depended on each other",
    .run = run,
    .args_bytes = sizeof(test_args),
    .syntax = {sizeof options / sizeof options[0], 1, options, operands},
    .details =
        "lag-1 is the autocorrelation of an attempt and the next one, over all problems; "
        "dispersion the variance of successes in blocks of attempts over that of "
        "independent ones.  Either far from what it is expected to be says that attempts "
        "at one problem were not independent: then pass@k from counts, its intervals and "
        "every fit are in doubt.\n\n"
        "rho is the intraclass correlation of attempts, by analysis of variance: what "
        "problems of different difficulty have.  It is no fault, but says how much all "
        "attempts together tell of the mean: design-effect is 1+(m-1)rho, m being the "
        "attempts a problem, and effective-attempts as many independent attempts as tell "
        "as much.\n\n"
        "p is the share of permutations (and what was seen) that are as extreme: on "
        "either side for lag-1, as high for the others.  A test that calls attempts "
        "dependent at p <= 0.05 does so wrongly for 5 % of independent ones, whatever the "
        "problems' chances.  Statistics that are not defined, where no problem has both a "
        "success and a failure, are left out; where none is, the exit status is 1.",
    .example = examples,
};
