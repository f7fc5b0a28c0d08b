/* singles.c - picks problems and follows them over k. */
#include "cli/singles.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/number.h"
#include "largek/passk.h"

enum { PROBLEMS_MAX = 60, PER_DECADE = 24 };

double lk_log_pass(uint64_t n, uint64_t c, uint64_t k)
{
    const double log_failure = lk_passk_log_failure(n, c, k);
    const double y =
        log_failure > 0.7 ? -log1p(-exp(-log_failure)) : -log(-expm1(-log_failure));

    return y > 0.0 && isfinite(y) ? y : NAN;
}

typedef struct {
    double rate;
    size_t problem;
} ranked;

static int by_rate(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    if (x->rate != y->rate) return x->rate < y->rate ? -1 : 1;
    return (x->problem > y->problem) - (x->problem < y->problem);
}

/* Those that a logarithm can show, hardest first; counts them and the others. */
static void rank_problems(const lk_count_group *group, ranked *rank, lk_singles *out)
{
    for (size_t i = 0; i < group->problems; i++) {
        if (group->c[i] == 0) {
            out->never++;
        } else if (group->c[i] == group->n[i]) {
            out->always++;
        } else {
            rank[out->mixed++] = (ranked){(double)group->c[i] / (double)group->n[i], i};
        }
    }
    qsort(rank, out->mixed, sizeof *rank, by_rate);
}

static lk_status make_grid(const lk_count_group *group, lk_count_list *out,
                           lk_error *err)
{
    uint64_t fewest = group->n[0];
    char range[80];

    for (size_t i = 1; i < group->problems; i++) {
        fewest = group->n[i] < fewest ? group->n[i] : fewest;
    }
    snprintf(range, sizeof range, "1:%" PRIu64 ":log=%d", fewest, PER_DECADE);
    return lk_parse_count_list(range, LK_LIST_GRID, out, err);
}

lk_status lk_singles_init(lk_singles *out, const lk_count_group *group, lk_error *err)
{
    lk_singles singles = {0};
    lk_count_list grid = {0};
    ranked *rank = calloc(group->problems, sizeof *rank);
    lk_status st = LK_OK;

    if (rank == NULL) return LK_FAIL(err, LK_E_MEMORY, "%zu problems", group->problems);
    LK_TRY(make_grid(group, &grid, err));
    rank_problems(group, rank, &singles);
    singles.problems = singles.mixed < PROBLEMS_MAX ? singles.mixed : PROBLEMS_MAX;
    singles.points = grid.count;
    singles.k = calloc(grid.count, sizeof *singles.k);
    singles.log_pass =
        calloc(singles.problems * grid.count + 1, sizeof *singles.log_pass);
    if (singles.k == NULL || singles.log_pass == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "curves of %zu problems", singles.problems);
        goto out;
    }
    for (size_t j = 0; j < grid.count; j++) singles.k[j] = (double)grid.value[j];
    for (size_t i = 0; i < singles.problems; i++) {
        const size_t at = (2 * i + 1) * singles.mixed / (2 * singles.problems);
        const size_t p = rank[at].problem;

        for (size_t j = 0; j < grid.count; j++) {
            singles.log_pass[i * grid.count + j] =
                lk_log_pass(group->n[p], group->c[p], grid.value[j]);
        }
    }
    *out = singles;
    singles = (lk_singles){0};
out:
    lk_singles_release(&singles);
    free(grid.value);
    free(rank);
    return st;
}

void lk_singles_release(lk_singles *singles)
{
    free(singles->k);
    free(singles->log_pass);
    *singles = (lk_singles){0};
}
