/* passk_rare.c - pass@k of success probabilities that were estimated one by one. */
#include "cli/passk_rare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/rare_input.h"

static const char k_default[] = "1:1e30:log=1";

/* --k as logarithms; k is any real number from 1 on. */
static lk_status make_grid(const char *text, lk_real_list *k, double **log_k,
                           lk_error *err)
{
    lk_error why = {0};
    lk_status st = lk_parse_real_list(text == NULL ? k_default : text, k, &why);

    if (st != LK_OK) return LK_FAIL(err, st, "--k: %.400s", why.text);
    *log_k = calloc(k->count, sizeof **log_k);
    if (*log_k == NULL) return LK_FAIL(err, LK_E_MEMORY, "%zu values of k", k->count);
    for (size_t j = 0; j < k->count; j++) {
        if (k->value[j] < 1.0) {
            return LK_FAIL(err, LK_E_ARG, "--k: %g is below 1", k->value[j]);
        }
        (*log_k)[j] = log(k->value[j]);
    }
    return LK_OK;
}

static void print_group(lk_table *table, const lk_rare_input *input,
                        const lk_rare_group *group, const lk_real_list *k,
                        const lk_tail_point *point)
{
    for (size_t j = 0; j < k->count; j++) {
        lk_table_real(table, group->threshold);
        lk_table_real(table, k->value[j]);
        lk_table_real(table, point[j].pass);
        lk_table_real(table, point[j].std_error);
        lk_table_real(table, point[j].lo);
        lk_table_real(table, point[j].hi);
        lk_table_real(table, point[j].most);
        lk_table_real(table, point[j].exponent);
        lk_table_count(table, input->rare.spec.problems);
        lk_table_count(table, group->known);
        lk_table_text(table, "estimates");
        lk_table_text(table, "bca+estimates");
    }
}

static lk_status print_all(const lk_passk_rare_args *args, const lk_rare_input *input,
                           const lk_real_list *k, const lk_tail_point *point,
                           lk_error *err)
{
    static const lk_column column[] = {
        {"threshold", LK_CELL_REAL}, {"k", LK_CELL_REAL},
        {"pass", LK_CELL_REAL},      {"se", LK_CELL_REAL},
        {"lo", LK_CELL_REAL},        {"hi", LK_CELL_REAL},
        {"most", LK_CELL_REAL},      {"exponent", LK_CELL_REAL},
        {"problems", LK_CELL_COUNT}, {"known", LK_CELL_COUNT},
        {"method", LK_CELL_TEXT},    {"interval", LK_CELL_TEXT},
    };
    lk_output output = {0};
    lk_table *table = NULL;
    lk_status st = LK_OK;

    LK_TRY(lk_output_open(&output, args->common->output, err));
    LK_TRY(lk_table_open(output.stream, args->common->format, "passk", column,
                         sizeof column / sizeof column[0], &table, err));
    lk_table_head_real(table, "level", args->level);
    for (size_t g = 0; g < input->groups; g++) {
        print_group(table, input, &input->group[g], k, point + g * k->count);
    }
    LK_TRY(lk_table_close(table, err));
    st = lk_output_commit(&output, err);

out:
    lk_output_abort(&output);
    return st;
}

static void tell(const lk_passk_rare_args *args, const lk_rare_input *input)
{
    size_t doubtful = 0;

    if (args->common->quiet) return;
    for (size_t g = 0; g < input->groups; g++) doubtful += input->group[g].doubtful;
    if (doubtful > 0) {
        fprintf(stderr,
                "largek passk: warning: %zu estimates are not sound (see largek rare "
                "--per-problem)\n",
                doubtful);
    }
    if (args->with != NULL) {
        fprintf(stderr, "largek passk: counts in place of %zu estimates\n",
                input->replaced);
    }
}

lk_status lk_passk_rare(const lk_passk_rare_args *args, lk_error *err)
{
    lk_rare_input input = {0};
    lk_real_list k = {0};
    double *log_k = NULL;
    lk_tail_point *point = NULL;
    lk_status st = LK_OK;

    LK_TRY(make_grid(args->k, &k, &log_k, err));
    LK_TRY(lk_rare_input_read(args->file, args->with, args->threshold, &input, err));
    point = calloc(input.groups * k.count, sizeof *point);
    if (point == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu values of k", k.count);
        goto out;
    }
    for (size_t g = 0; g < input.groups; g++) {
        LK_TRY(lk_tail_curve(input.group[g].problem, input.rare.spec.problems, log_k,
                             k.count, args->level, (size_t)args->resamples,
                             args->common->seed, point + g * k.count, err));
    }
    tell(args, &input);
    st = print_all(args, &input, &k, point, err);

out:
    free(point);
    free(log_k);
    free(k.value);
    lk_rare_input_release(&input);
    return st;
}
