/* law_bars.c - bins of c/n, three a decade. */
#include "cli/law_bars.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { A_DECADE = 3, TERMS_MAX = 4096 };

/* The least c of n that lies in bin b; n + 1 beyond the last. */
static uint64_t first_of(const lk_law_shares *s, size_t b, uint64_t n)
{
    if (b == 0) return 0;
    if (b >= s->bins) return n + 1;
    const double least = ceil((double)n * s->edge[b - 1] * (1.0 - 1e-12));
    return least < 1.0 ? 1 : (uint64_t)least;
}

/* The chance of a bin: term by term, or, where there are many, as if c/n were p. */
static double chance(const lk_law_shares *s, const lk_law *law, const double param[],
                     size_t b, uint64_t n)
{
    const uint64_t first = first_of(s, b, n), end = first_of(s, b + 1, n);
    double sum = 0.0;

    if (end - first > TERMS_MAX && end > first) {
        return lk_law_cdf(law, param, (double)end / (double)n) -
               lk_law_cdf(law, param, (double)first / (double)n);
    }
    for (uint64_t c = first; c < end; c++) sum += exp(lk_law_log_pmf(law, param, n, c));
    return sum;
}

/* The mean over problems; runs of equal n are worked out once. */
static void fill_law(lk_law_shares *s, const lk_count_group *group,
                     const lk_fit_law *fitted, const lk_forecast *forecast,
                     double out[])
{
    const lk_law *law = NULL;
    double param[LK_FIT_PARAMS_MAX];
    const bool none = fitted->kind == LK_FIT_CURVE || forecast->point == NULL ||
                      lk_law_find(fitted->law, &law, NULL) != LK_OK;

    for (size_t b = 0; b < s->bins; b++) out[b] = none ? NAN : 0.0;
    for (size_t i = 0; i < forecast->fit.params; i++)
        param[i] = forecast->fit.param[i].value;
    for (size_t i = 0; !none && i < group->problems;) {
        size_t same = i + 1;

        while (same < group->problems && group->n[same] == group->n[i]) same++;
        for (size_t b = 0; b < s->bins; b++) {
            out[b] += chance(s, law, param, b, group->n[i]) * (double)(same - i) /
                      (double)group->problems;
        }
        i = same;
    }
}

lk_status lk_law_shares_init(lk_law_shares *out, const lk_count_group *group,
                             const lk_fit_law *const law[],
                             const lk_forecast forecast[], size_t laws, lk_error *err)
{
    lk_law_shares s = {0};
    uint64_t most = 2;

    for (size_t i = 0; i < group->problems; i++)
        most = group->n[i] > most ? group->n[i] : most;
    const double decades = ceil(log10((double)most) - 1e-9);

    s.bins = (size_t)decades * A_DECADE + 1;
    s.edge = calloc((2 + laws) * s.bins, sizeof *s.edge);
    if (s.edge == NULL) return LK_FAIL(err, LK_E_MEMORY, "%zu bins", s.bins);
    s.seen = s.edge + s.bins;
    s.law = s.seen + s.bins;
    for (size_t b = 0; b < s.bins; b++)
        s.edge[b] = pow(10.0, (double)b / A_DECADE - decades);
    for (size_t i = 0; i < group->problems; i++) {
        size_t b = 0;

        while (first_of(&s, b + 1, group->n[i]) <= group->c[i]) b++;
        s.seen[b] += 1.0 / (double)group->problems;
    }
    for (size_t i = 0; i < laws; i++)
        fill_law(&s, group, law[i], &forecast[i], s.law + i * s.bins);
    *out = s;
    return LK_OK;
}

void lk_law_shares_release(lk_law_shares *shares)
{
    free(shares->edge);
    *shares = (lk_law_shares){0};
}
