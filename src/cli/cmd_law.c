/* cmd_law.c - `largek law`: pass@k of a law, exactly. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/number.h"
#include "cli/suggest.h"
#include "largek/law.h"

typedef struct {
    lk_common common;
    const char *name, *param;
    lk_count_list k;
} law_args;

static const lk_operand operands[] = {
    {"NAME", offsetof(law_args, name), "The law; without one, the laws are listed.",
     true},
};

static const lk_option options[] = {
    {.name = "param",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(law_args, param),
     .metavar = "LIST",
     .help = "Its parameters, alpha=0.2,beta=3.5; those that have a preset may be left "
             "out."},
    {.name = "k",
     .kind = LK_OPTION_GRID,
     .offset = offsetof(law_args, k),
     .metavar = "RANGE",
     .preset = "1:1e9:log=1",
     .help = "Values of k."},
    LK_FORMAT_OPTION(law_args),
    LK_OUTPUT_OPTION(law_args, "Write to FILE instead of standard output."),
};

static lk_status unknown_law(const char *name, lk_error *err)
{
    lk_suggestion suggestion = {.word = name};
    const lk_law *law = NULL;

    for (size_t i = 0; lk_laws[i] != NULL; i++) {
        lk_suggestion_offer(&suggestion, lk_laws[i]->name);
    }
    if (suggestion.nearest == NULL) return lk_law_find(name, &law, err);
    return LK_FAIL(err, LK_E_ARG, "no law '%s'; did you mean '%s'?", name,
                   suggestion.nearest);
}

static void names_of(const lk_law *law, char *out, size_t bytes)
{
    size_t used = 0;

    for (size_t i = 0; i < law->params; i++) {
        const int n = snprintf(out + used, bytes - used, "%s%s", i == 0 ? "" : ", ",
                               law->param[i].name);
        if (n > 0 && (size_t)n < bytes - used) used += (size_t)n;
    }
}

/* "alpha=0.2" into its place. */
static lk_status take_param(const lk_law *law, const char *item, size_t length,
                            bool seen[], double t[], lk_error *err)
{
    char word[80], names[100] = "";
    size_t i = 0;
    lk_error why = {0};

    snprintf(word, sizeof word, "%.*s", (int)(length < 79 ? length : 79), item);
    char *equals = strchr(word, '=');
    if (equals == NULL)
        return LK_FAIL(err, LK_E_ARG, "--param: '%s' is not name=value", word);
    *equals = '\0';
    while (i < law->params && strcmp(law->param[i].name, word) != 0) i++;
    if (i == law->params) {
        names_of(law, names, sizeof names);
        return LK_FAIL(err, LK_E_ARG, "--param: %s has no '%s'; it has %s", law->name,
                       word, names);
    }
    if (seen[i]) return LK_FAIL(err, LK_E_ARG, "--param: '%s' is given twice", word);
    seen[i] = true;
    if (lk_parse_real(equals + 1, &t[i], &why) != LK_OK)
        return LK_FAIL(err, LK_E_ARG, "--param: %s: %.400s", word, why.text);
    return LK_OK;
}

static lk_status read_params(const lk_law *law, const char *list, double t[],
                             lk_error *err)
{
    bool seen[LK_LAW_PARAMS_MAX] = {false};
    lk_status st = LK_OK;

    for (size_t i = 0; i < law->params; i++) t[i] = law->param[i].preset;
    for (const char *at = list; at != NULL && *at != '\0';) {
        const size_t length = strcspn(at, ",");

        LK_TRY(take_param(law, at, length, seen, t, err));
        at += length + (at[length] == ',');
    }
    for (size_t i = 0; i < law->params; i++) {
        if (!seen[i] && isnan(law->param[i].preset))
            return LK_FAIL(err, LK_E_ARG, "--param: %s=VALUE is missing",
                           law->param[i].name);
    }
    st = lk_law_check(law, t, err);
out:
    return st;
}

static void print_point(lk_table *table, const lk_law *law, const double t[],
                        uint64_t k)
{
    const double at = (double)k, log_failure = lk_law_log_failure(law, t, at);
    const lk_asymptote tail = lk_law_asymptote(law, t);
    const double log_power =
        tail.log_constant - tail.exponent * log(at) + at * log1p(-tail.start);
    const double asymptote = tail.floor + exp(log_power);
    const double ratio =
        tail.floor > 0.0 ? exp(log_failure) / asymptote : exp(log_failure - log_power);

    lk_table_text(table, law->name);
    lk_table_count(table, k);
    lk_table_real(table, lk_law_pass(law, t, at));
    lk_table_null(table);
    lk_table_null(table);
    lk_table_real(table, exp(log_failure));
    lk_table_real(table, log_failure);
    lk_table_real(table, asymptote);
    lk_table_real(table, ratio);
    lk_table_real(table, lk_law_local_exponent(law, t, at));
}

static lk_status print_law(const law_args *args, const lk_law *law, const double t[],
                           FILE *to, lk_error *err)
{
    static const lk_column columns[] = {
        {"law", LK_CELL_TEXT},         {"k", LK_CELL_COUNT},
        {"pass", LK_CELL_REAL},        {"lo", LK_CELL_REAL},
        {"hi", LK_CELL_REAL},          {"failure", LK_CELL_REAL},
        {"log_failure", LK_CELL_REAL}, {"asymptote", LK_CELL_REAL},
        {"ratio", LK_CELL_REAL},       {"exponent", LK_CELL_REAL},
    };
    const lk_asymptote tail = lk_law_asymptote(law, t);
    lk_table *table = NULL;
    lk_status st = LK_OK;

    LK_TRY(lk_table_open(to, args->common.format, "law", columns,
                         sizeof columns / sizeof columns[0], &table, err));
    lk_table_head_text(table, "over",
                       law->over == LK_OVER_SUCCESS ? "success" : "failure");
    for (size_t i = 0; i < law->params; i++) {
        lk_table_head_real(table, law->param[i].name, t[i]);
    }
    lk_table_head_real(table, "tail_floor", tail.floor);
    lk_table_head_real(table, "tail_constant", exp(tail.log_constant));
    lk_table_head_real(table, "tail_exponent", tail.exponent);
    lk_table_head_real(table, "tail_start", tail.start);
    for (size_t i = 0; i < args->k.count; i++) {
        print_point(table, law, t, args->k.value[i]);
    }
    st = lk_table_close(table, err);
out:
    return st;
}

static lk_status print_names(const law_args *args, FILE *to, lk_error *err)
{
    static const lk_column columns[] = {{"law", LK_CELL_TEXT},
                                        {"parameters", LK_CELL_TEXT},
                                        {"over", LK_CELL_TEXT},
                                        {"what", LK_CELL_TEXT}};
    lk_table *table = NULL;
    lk_status st = LK_OK;

    LK_TRY(lk_table_open(to, args->common.format, "law", columns, 4, &table, err));
    for (size_t i = 0; lk_laws[i] != NULL; i++) {
        char names[100] = "";

        names_of(lk_laws[i], names, sizeof names);
        lk_table_text(table, lk_laws[i]->name);
        lk_table_text(table, names);
        lk_table_text(table,
                      lk_laws[i]->over == LK_OVER_SUCCESS ? "success" : "failure");
        lk_table_text(table, lk_laws[i]->summary);
    }
    st = lk_table_close(table, err);
out:
    return st;
}

static lk_status run(void *data, lk_error *err)
{
    const law_args *args = data;
    double t[LK_LAW_PARAMS_MAX] = {0};
    const lk_law *law = NULL;
    lk_output output = {0};
    lk_status st = LK_OK;

    if (args->name != NULL) {
        if (lk_law_find(args->name, &law, NULL) != LK_OK)
            return unknown_law(args->name, err);
        LK_TRY(read_params(law, args->param, t, err));
    }
    LK_TRY(lk_output_open(&output, args->common.output, err));
    if (law != NULL) {
        LK_TRY(print_law(args, law, t, output.stream, err));
    } else {
        LK_TRY(print_names(args, output.stream, err));
    }
    st = lk_output_commit(&output, err);
out:
    lk_output_abort(&output);
    return st;
}

static const lk_example examples[] = {
    {"largek law beta --param alpha=0.3,beta=12 --k 1:1e15:log=1",
     "The beta law, far out."},
    {"largek law kumaraswamy --param alpha=0.2,beta=3.5,scale=0.3 --format json",
     "For a program."},
    {NULL, NULL},
};

const lk_command lk_cmd_law = {
    .name = "law",
    .summary = "pass@k of a law, exactly, with its tail",
    .run = run,
    .args_bytes = sizeof(law_args),
    .syntax = {sizeof options / sizeof options[0], 1, options, operands},
    .details =
        "A law says how the chance p that an attempt succeeds is distributed over "
        "problems.  Printed for every k are pass@k = 1 - E[(1-p)^k], the failure E[(1-p)^k] "
        "and its logarithm, the asymptote that the failure tends to and its ratio to that, "
        "and the local exponent -d log(-log pass@k) / d log k.\n\n"
        "The asymptote is tail_floor + tail_constant k^-tail_exponent (1-tail_start)^k.  The "
        "relative error is within 1e-12 to k = 1e15.\n\n"
        "Parameters are those of the SUCCESS probability, but for levi, whose alpha and "
        "beta are those of the FAILURE probability.",
    .example = examples,
};
