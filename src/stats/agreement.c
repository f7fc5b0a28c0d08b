/* agreement.c - exact binomial tests against an uncertain probability, and many at once. */
#include "largek/agreement.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "stats/beta.h"

/* Nodes and weights of 15-point Gauss-Hermite quadrature for N(0, 1), the node at 0 first
 * and then the positive ones. */
static const double node[8] = {
    0.0,
    0.7991290683245481,
    1.6067100690287297,
    2.4324368270097580,
    3.2890824243987664,
    4.1962077112690155,
    5.1900935913047820,
    6.3639478888298360,
};
static const double weight[8] = {
    0.31825951825951826,    0.2324622936097322,     0.089417795399844441,
    0.017365774492137616,   0.0015673575035499571,  5.6421464051890157e-05,
    5.9754195979205971e-07, 8.5896498996331805e-10,
};

/* P(C <= c) and P(C >= c) of n attempts at p: tails of a Beta distribution. */
static void tails(double n, double c, double log_p, double *lower, double *upper)
{
    *lower = c >= n ? 1.0 : exp(lk_beta_log_tail(c + 1.0, n - c, log_p, LK_TAIL_UPPER));
    *upper =
        c <= 0.0 ? 1.0 : exp(lk_beta_log_tail(c, n - c + 1.0, log_p, LK_TAIL_LOWER));
}

/* The test's p-value, where the chance is that of each node with the node's weight.
 * Shapes  log_p [15], of node -7 .. 7 */
static double two_sided(uint64_t n, uint64_t c, const double *log_p)
{
    double lower = 0.0, upper = 0.0;

    for (int i = -7; i <= 7; i++) {
        double below, above;

        tails((double)n, (double)c, log_p[i + 7], &below, &above);
        lower += weight[abs(i)] * below;
        upper += weight[abs(i)] * above;
    }
    return fmin(1.0, 2.0 * fmin(lower, upper));
}

static bool sound(uint64_t n, uint64_t c)
{
    return c <= n && n >= 1 && n <= UINT64_C(1) << 53;
}

double lk_agreement(uint64_t n, uint64_t c, double log_p, double rel_error)
{
    double at[15];

    if (!sound(n, c) || !(log_p <= 0.0) || !(rel_error >= 0.0)) return NAN;
    for (int i = -7; i <= 7; i++) {
        const double x = i < 0 ? -node[-i] : node[i];

        at[i + 7] = fmin(log_p + rel_error * x, 0.0);
    }
    return two_sided(n, c, at);
}

double lk_agreement_of_counts(uint64_t n, uint64_t c, uint64_t draws, uint64_t hits)
{
    double at[15];

    if (!sound(n, c) || !sound(draws, hits)) return NAN;
    const double a = (double)hits + 0.5, b = (double)(draws - hits) + 0.5;

    for (int i = 0; i <= 7; i++) {
        const double tail = gsl_cdf_ugaussian_Q(node[i]);

        at[7 - i] = log(lk_beta_quantile(a, b, LK_TAIL_LOWER, tail));
        at[7 + i] = log(lk_beta_quantile(a, b, LK_TAIL_UPPER, tail));
    }
    return two_sided(n, c, at);
}

typedef struct {
    double p_value;
    size_t which;
} ranked;

static int ascending(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    if (x->p_value != y->p_value) return x->p_value < y->p_value ? -1 : 1;
    return (x->which > y->which) - (x->which < y->which);
}

lk_status lk_holm(const double *p_value, size_t count, double alpha, bool *refused,
                  size_t *refusals, lk_error *err)
{
    ranked *order = malloc((count > 0 ? count : 1) * sizeof *order);
    size_t tests = 0, found = 0;

    if (order == NULL) return LK_FAIL(err, LK_E_MEMORY, "%zu tests", count);
    for (size_t i = 0; i < count; i++) {
        refused[i] = false;
        if (!isnan(p_value[i])) order[tests++] = (ranked){p_value[i], i};
    }
    qsort(order, tests, sizeof *order, ascending);
    while (found < tests && order[found].p_value <= alpha / (double)(tests - found)) {
        refused[order[found++].which] = true;
    }
    *refusals = found;
    free(order);
    return LK_OK;
}
