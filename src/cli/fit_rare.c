/* fit_rare.c - laws fitted to success probabilities that were estimated one by one. */
#include "cli/fit_rare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fit_rows.h"
#include "cli/rare_input.h"

/* A law is wanted once at most. */
static lk_status read_laws(const char *list, bool wanted[LK_TAIL_LAWS], lk_error *err)
{
    const char *text = list == NULL ? "beta" : list;

    for (const char *at = text; *at != '\0';) {
        const size_t length = strcspn(at, ",");
        const bool all = length == 3 && strncmp(at, "all", 3) == 0;
        bool found = all;

        for (int law = 0; law < LK_TAIL_LAWS; law++) {
            const char *name = lk_tail_laws[law].name;
            const bool named = strlen(name) == length && strncmp(at, name, length) == 0;

            found = found || named;
            wanted[law] = wanted[law] || named || all;
        }
        if (!found) {
            return LK_FAIL(err, LK_E_ARG,
                           "--law: no law '%.*s' of estimates; there are beta, "
                           "kumaraswamy, lognormal, all",
                           (int)(length < 60 ? length : 60), at);
        }
        at += length + (at[length] == ',');
    }
    return LK_OK;
}

static void tell(const lk_fit_rare_args *args, const lk_rare_input *input)
{
    for (size_t g = 0; g < input->groups && !args->common->quiet; g++) {
        const lk_rare_group *group = &input->group[g];
        const size_t problems = input->rare.spec.problems;

        if (group->known < problems) {
            fprintf(stderr,
                    "largek fit: warning: threshold %.12g: %zu of %zu problems have no "
                    "estimate; the laws are of the others\n",
                    group->threshold, problems - group->known, problems);
        }
        if (group->doubtful > 0) {
            fprintf(stderr,
                    "largek fit: warning: threshold %.12g: %zu estimates are not sound "
                    "(see largek rare --per-problem)\n",
                    group->threshold, group->doubtful);
        }
    }
}

/* The rows of one threshold; *rows are there already. */
static lk_status fit_group(const lk_fit_rare_args *args, const bool *wanted,
                           const lk_rare_input *input, const lk_rare_group *group,
                           const lk_count_group *as, lk_fit_row *row, size_t *rows,
                           lk_error *err)
{
    double *log_p = NULL;
    lk_status st = LK_OK;

    LK_TRY(lk_rare_input_logs(input, group, &log_p, err));
    for (int law = 0; law < LK_TAIL_LAWS; law++) {
        if (!wanted[law]) continue;
        row[*rows] = (lk_fit_row){.group = as, .law = &lk_tail_laws[law]};
        LK_TRY(lk_tail_fit_result((lk_tail_law)law, log_p, group->known, args->options,
                                  &row[*rows].result, err));
        ++*rows;
    }

out:
    free(log_p);
    return st;
}

static lk_status print(const lk_fit_rare_args *args, const lk_fit_row *row, size_t rows,
                       lk_error *err)
{
    const lk_fit_layout layout = {.level = args->options->level,
                                  .goodness = args->options->resamples > 0};
    const lk_input none = {0}; /* of no group columns */
    lk_output output = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_output_open(&output, args->common->output, err));
    LK_TRY(lk_fit_print(output.stream, args->common->format, &none, &layout, row, rows,
                        err));
    st = lk_output_commit(&output, err);

out:
    lk_output_abort(&output);
    return st;
}

lk_status lk_fit_rare(const lk_fit_rare_args *args, lk_error *err)
{
    bool wanted[LK_TAIL_LAWS] = {false};
    const lk_input none = {0};
    lk_rare_input input = {0};
    lk_count_group *as = NULL; /* the thresholds, as rows name them */
    lk_fit_row *row = NULL;
    size_t rows = 0;
    lk_status st = LK_OK;

    LK_TRY(read_laws(args->law, wanted, err));
    LK_TRY(lk_rare_input_read(args->file, NULL, args->threshold, &input, err));
    as = calloc(input.groups, sizeof *as);
    row = calloc(input.groups * LK_TAIL_LAWS, sizeof *row);
    if (as == NULL || row == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu thresholds", input.groups);
        goto out;
    }
    for (size_t g = 0; g < input.groups; g++) {
        as[g] = (lk_count_group){.threshold = input.group[g].threshold,
                                 .problems = input.group[g].known};
        LK_TRY(
            fit_group(args, wanted, &input, &input.group[g], &as[g], row, &rows, err));
    }
    tell(args, &input);
    LK_TRY(print(args, row, rows, err));
    st = lk_fit_judge(args->common, &none, row, rows, args->strict, err);

out:
    free(as);
    free(row);
    lk_rare_input_release(&input);
    return st;
}
