/* cmd_tails.c - `largek tails`: how the success probabilities of problems are distributed. */
#include <math.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/rare_input.h"

typedef struct {
    lk_common common;
    const char *file, *with;
    lk_real_list threshold, quantiles;
    uint64_t replicates;
    bool list;
} tails_args;

static const double log_10 = 2.302585092994046;

static const lk_operand operands[] = {
    {"FILE", offsetof(tails_args, file), "Estimates of `largek rare`.",
     LK_OPERAND_REQUIRED},
};

static const lk_option options[] = {
    {.name = "with",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(tails_args, with),
     .metavar = "RESULT",
     .help = "A result of `largek sample` for the same task: its counts take the place "
             "of estimates where they are better."},
    {.name = "threshold",
     .letter = 't',
     .kind = LK_OPTION_REALS,
     .offset = offsetof(tails_args, threshold),
     .metavar = "LIST",
     .help = "Only these of the thresholds in FILE."},
    {.name = "list",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(tails_args, list),
     .help = "Print quantiles of log10 p over problems instead of fitted laws."},
    {.name = "quantiles",
     .kind = LK_OPTION_REALS,
     .offset = offsetof(tails_args, quantiles),
     .metavar = "LIST",
     .preset = "0,0.05,0.1,0.25,0.5,0.75,0.9,0.95,1",
     .help = "Which, for --list; shares of the problems with an estimate."},
    {.name = "replicates",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(tails_args, replicates),
     .metavar = "N",
     .preset = "99",
     .help = "Of the parametric bootstrap behind p_value; 0 for none."},
    LK_SEED_OPTION(tails_args),
    LK_FORMAT_OPTION(tails_args),
};

static void print_fit(lk_table *table, const lk_rare_input *input,
                      const lk_rare_group *group, lk_tail_law law,
                      const lk_tail_fit *fit)
{
    lk_table_real(table, group->threshold);
    lk_table_count(table, input->rare.spec.problems);
    lk_table_count(table, group->known);
    lk_table_text(table, lk_tail_law_name(law));
    lk_table_real(table, fit->a);
    lk_table_real(table, fit->b);
    lk_table_real(table, fit->log_likelihood);
    lk_table_real(table, fit->aic);
    lk_table_real(table, fit->distance);
    lk_table_real(table, fit->p_value);
}

/* The laws of one threshold; one that cannot be fitted has no row of numbers. */
static lk_status fit_group(lk_table *table, const tails_args *args,
                           const lk_rare_input *input, const lk_rare_group *group,
                           lk_error *err)
{
    const lk_tail_fit none = {NAN, NAN, NAN, NAN, NAN, NAN};
    double *log_p = NULL;
    lk_status st = LK_OK;

    LK_TRY(lk_rare_input_logs(input, group, &log_p, err));
    for (int law = 0; law < LK_TAIL_LAWS; law++) {
        lk_tail_fit fit = none;

        st = lk_tail_fit_law((lk_tail_law)law, log_p, group->known,
                             (size_t)args->replicates, args->common.seed, &fit, err);
        if (st == LK_E_MEMORY) goto out;
        st = LK_OK;
        print_fit(table, input, group, (lk_tail_law)law, &fit);
    }

out:
    free(log_p);
    return st;
}

static lk_status list_group(lk_table *table, const tails_args *args,
                            const lk_rare_input *input, const lk_rare_group *group,
                            lk_error *err)
{
    double *log_p = NULL;
    const lk_status st = lk_rare_input_logs(input, group, &log_p, err);

    if (st != LK_OK) return st;
    for (size_t i = 0; i < args->quantiles.count && group->known > 0; i++) {
        const double at = args->quantiles.value[i] * (double)(group->known - 1);
        const size_t low = (size_t)at;
        const size_t high = low + 1 < group->known ? low + 1 : low;

        lk_table_real(table, group->threshold);
        lk_table_count(table, input->rare.spec.problems);
        lk_table_count(table, group->known);
        lk_table_real(table, args->quantiles.value[i]);
        lk_table_real(table,
                      (log_p[low] + (at - (double)low) * (log_p[high] - log_p[low])) /
                          log_10);
    }
    free(log_p);
    return LK_OK;
}

static lk_status print_all(const tails_args *args, const lk_rare_input *input,
                           lk_error *err)
{
    static const lk_column laws[] = {
        {"threshold", LK_CELL_REAL}, {"problems", LK_CELL_COUNT},
        {"known", LK_CELL_COUNT},    {"law", LK_CELL_TEXT},
        {"a", LK_CELL_REAL},         {"b", LK_CELL_REAL},
        {"loglik", LK_CELL_REAL},    {"aic", LK_CELL_REAL},
        {"distance", LK_CELL_REAL},  {"p_value", LK_CELL_REAL},
    };
    static const lk_column quantiles[] = {
        {"threshold", LK_CELL_REAL}, {"problems", LK_CELL_COUNT},
        {"known", LK_CELL_COUNT},    {"share", LK_CELL_REAL},
        {"log10_p", LK_CELL_REAL},
    };
    lk_table *table = NULL;
    lk_status st = LK_OK;

    LK_TRY(lk_table_open(stdout, args->common.format, "tails",
                         args->list ? quantiles : laws,
                         args->list ? sizeof quantiles / sizeof quantiles[0]
                                    : sizeof laws / sizeof laws[0],
                         &table, err));
    for (size_t g = 0; g < input->groups && st == LK_OK; g++) {
        st = args->list ? list_group(table, args, input, &input->group[g], err)
                        : fit_group(table, args, input, &input->group[g], err);
    }

out:
    if (table != NULL) {
        const lk_status closed = lk_table_close(table, st == LK_OK ? err : NULL);

        if (st == LK_OK) st = closed;
    }
    return st;
}

static lk_status run(void *data, lk_error *err)
{
    tails_args *args = data;
    lk_rare_input input = {0};
    lk_status st = LK_OK;

    for (size_t i = 0; i < args->quantiles.count; i++) {
        const double q = args->quantiles.value[i];

        if (q >= 0.0 && q <= 1.0) continue;
        return LK_FAIL(err, LK_E_ARG, "--quantiles: %g is not between 0 and 1", q);
    }
    LK_TRY(lk_rare_input_read(args->file, args->with, &args->threshold, &input, err));
    st = print_all(args, &input, err);

out:
    lk_rare_input_release(&input);
    return st;
}

static const lk_example examples[] = {
    {"largek tails rare.safetensors", "Which law log p follows, at every threshold."},
    {"largek tails rare.safetensors --list -t 0.004 --format csv",
     "Quantiles of log10 p at one threshold."},
    {NULL, NULL},
};

const lk_command lk_cmd_tails = {
    .name = "tails",
    .summary = "how success probabilities are distributed over problems",
    .run = run,
    .args_bytes = sizeof(tails_args),
    .syntax = {sizeof options / sizeof options[0], 1, options, operands},
    .details =
        "Fits three laws to the logarithms of the estimated success probabilities, by "
        "maximum likelihood: Beta(a, b); Kumaraswamy(a, b); and a lognormal, log p normal "
        "with mean a and standard deviation b, which also reaches above p = 1.  Parameters are "
        "those of SUCCESS probabilities.  The law with the smallest aic describes them best; "
        "p_value says whether it describes them at all: the chance that a sample of the "
        "fitted law lies as far from its own fit (Kolmogorov and Smirnov's distance, "
        "parametric bootstrap).\n\n"
        "Only problems with an estimate count (known, of problems).  Those where nothing "
        "was found have a p that is smaller still, or 0: the fits are of the rest.",
    .example = examples,
};
