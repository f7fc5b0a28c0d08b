/* rare_input.c - estimates that a command is given. */
#include "cli/rare_input.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static bool wanted(const lk_real_list *list, double threshold)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->value[i] == threshold) return true;
    }
    return list->count == 0;
}

static lk_status check_thresholds(const lk_spec *spec, const lk_real_list *list,
                                  lk_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        bool there = false;

        for (size_t t = 0; t < spec->thresholds; t++) {
            there = there || spec->threshold[t] == list->value[i];
        }
        if (!there) {
            return LK_FAIL(err, LK_E_ARG, "--threshold: no %.12g among the estimates",
                           list->value[i]);
        }
    }
    return LK_OK;
}

static lk_status check_done(const char *path, const lk_rare *rare, lk_error *err)
{
    size_t missing = 0;

    for (size_t p = 0; p < rare->spec.problems; p++) missing += !lk_rare_done(rare, p);
    if (missing == 0) return LK_OK;
    return LK_FAIL(err, LK_E_MISMATCH,
                   "%s: %zu of %zu problems have no estimates yet; the command that "
                   "made it goes on",
                   path, missing, rare->spec.problems);
}

static lk_status join_counts(lk_rare_input *input, const char *with, lk_error *err)
{
    lk_result counts = {0};
    lk_status st = LK_OK;

    if (with == NULL) return LK_OK;
    LK_TRY(lk_result_read(with, &counts, err));
    LK_TRY(lk_rare_combine(&input->rare, &counts, &input->replaced, err));
    input->attempts = counts.tally.attempts[0];
    for (size_t p = 1; p < counts.spec.problems; p++) {
        if (counts.tally.attempts[p] < input->attempts) {
            input->attempts = counts.tally.attempts[p];
        }
    }

out:
    lk_result_release(&counts);
    return st;
}

static lk_status take_group(lk_rare_input *input, size_t t, lk_error *err)
{
    const lk_spec *spec = &input->rare.spec;
    lk_rare_group *group = &input->group[input->groups++];

    *group = (lk_rare_group){.threshold = spec->threshold[t],
                             .problem = calloc(spec->problems, sizeof *group->problem)};
    if (group->problem == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "estimates of %zu problems", spec->problems);
    }
    for (size_t p = 0; p < spec->problems; p++) {
        const lk_rare_estimate *e = &input->rare.at[p * spec->thresholds + t];
        const bool known = !isnan(e->log_p);

        group->problem[p] = (lk_tail_problem){known ? fmin(e->log_p, 0.0) : (double)NAN,
                                              known ? e->rel_error : 0.0, e->log_hi};
        group->known += known;
        group->doubtful += known && e->status != LK_RARE_OK;
    }
    return LK_OK;
}

lk_status lk_rare_input_read(const char *path, const char *with,
                             const lk_real_list *threshold, lk_rare_input *out,
                             lk_error *err)
{
    lk_rare_input input = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_rare_read(path, &input.rare, err));
    LK_TRY(check_done(path, &input.rare, err));
    LK_TRY(check_thresholds(&input.rare.spec, threshold, err));
    LK_TRY(join_counts(&input, with, err));
    input.group = calloc(input.rare.spec.thresholds, sizeof *input.group);
    if (input.group == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu thresholds", input.rare.spec.thresholds);
        goto out;
    }
    for (size_t t = 0; t < input.rare.spec.thresholds; t++) {
        if (!wanted(threshold, input.rare.spec.threshold[t])) continue;
        LK_TRY(take_group(&input, t, err));
    }
    *out = input;
    input = (lk_rare_input){0};

out:
    lk_rare_input_release(&input);
    return st;
}

void lk_rare_input_release(lk_rare_input *input)
{
    for (size_t g = 0; g < input->groups; g++) free(input->group[g].problem);
    free(input->group);
    lk_rare_release(&input->rare);
    *input = (lk_rare_input){0};
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

lk_status lk_rare_input_logs(const lk_rare_input *input, const lk_rare_group *group,
                             double **log_p, lk_error *err)
{
    double *out = calloc(group->known + 1, sizeof *out);
    size_t count = 0;

    if (out == NULL) return LK_FAIL(err, LK_E_MEMORY, "%zu estimates", group->known);
    for (size_t p = 0; p < input->rare.spec.problems; p++) {
        const double x = group->problem[p].log_p;

        if (!isnan(x)) out[count++] = fmin(x, log1p(-1e-4));
    }
    qsort(out, count, sizeof *out, ascending);
    *log_p = out;
    return LK_OK;
}
