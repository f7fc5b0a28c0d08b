/* node_table.c - the integrals of many counts over nodes that they share. */
#include "stats/node_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/special.h"

enum {
    SIDE = 2048, /* nodes on either side of s = 0 */
    NODES = 2 * SIDE + 1,
    WINDOW_MAX = 256 /* nodes of a count: beyond, panels of growing width are cheaper */
};

#define STEP 0.25
#define STEP_SIGMAS \
    0.5             /* h is no more than this times the peak's width               */
#define FALL   33.0 /* how far the integrand is followed down, in logarithms       */
#define REACH  8.2  /* sqrt(2 FALL): how far that is on a Gaussian, in its widths  */
#define PARITY 1e-5
#define ENTROPY_MAX \
    1e6 /* of the counts: roundings of log p come times this            */

bool lk_node_table_init(lk_node_table *table)
{
    *table = (lk_node_table){0};
    table->node = malloc(LK_NODE_LEVELS * NODES * sizeof *table->node);
    table->wanted = calloc(LK_NODE_LEVELS * NODES, sizeof *table->wanted);
    if (table->node != NULL && table->wanted != NULL) return true;
    lk_node_table_release(table);
    return false;
}

void lk_node_table_release(lk_node_table *table)
{
    free(table->node);
    free(table->wanted);
    *table = (lk_node_table){0};
}

/* Where the integrand of a count peaks, about, and the nodes that it needs. */
typedef struct {
    size_t level, peak, first, last;
} window;

/* The peak of x log p + (n-x) log(1-p) + a log q + b log(1-q), and minus the second
 * derivative there, both roughly; exactly for a Beta law of scale 1. */
static void guess_peak(const lk_mixing *m, double n, double x, double *q, double *bend)
{
    const double push = n - (n - x) / (1.0 - m->scale) + m->a; /* at q = 1 */

    *q = fmin((x + m->a) / (n + m->a + m->b) / m->scale, 1.0 - 1e-3);
    if (m->scale == 1.0) *q = (x + m->a) / (n + m->a + m->b);
    if (m->scale < 1.0 && push > 0.0) *q = fmin(*q, 1.0 - m->b / (m->b + push));
    const double rest = 1.0 - *q;
    *bend = (x + m->a) * rest * rest / (1.0 - m->scale * *q);
    if (m->scale < 1.0) *bend += m->b * *q * (push > 0.0 ? 1.0 : rest);
}

/* How far to the right of s, logit q, the integrand has fallen by FALL. */
static double reach_right(const lk_mixing *m, double n, double x, double s,
                          double sigma)
{
    const double mean = fmin((x + m->a) / (n + m->a), 1.0);
    const double high =
        (mean + sqrt(2.0 * FALL * mean * (1.0 - mean) / n) + FALL / n) / m->scale;

    if (high < 0.95) return fmax(log(high) - log1p(-high) - s, REACH * sigma);
    return REACH * sigma + FALL / (m->b + (m->scale < 1.0 ? 0.0 : n - x));
}

static bool place(const lk_mixing *m, double n, double x, window *out)
{
    double q, bend, h = STEP;

    guess_peak(m, n, x, &q, &bend);
    const double s = log(q) - log1p(-q), sigma = 1.0 / sqrt(bend);
    for (out->level = 0; h > STEP_SIGMAS * sigma; h *= 0.5) {
        if (++out->level == LK_NODE_LEVELS) return false;
    }
    const double lo = (s - REACH * sigma - FALL / (x + m->a)) / h;
    const double hi = (s + reach_right(m, n, x, s, sigma)) / h;

    if (!(lo > 1.0 - SIDE && hi < SIDE - 1.0 && hi - lo < WINDOW_MAX)) return false;
    out->first = (size_t)(floor(lo) + SIDE);
    out->last = (size_t)(ceil(hi) + SIDE);
    out->peak = (size_t)(rint(s / h) + SIDE);
    return true;
}

/* A node that no count wants ends every walk. */
static void fill_level(lk_node_table *t, size_t level)
{
    const double h = ldexp(STEP, -(int)level);
    lk_mixing_node *node = t->node + level * NODES;
    int *wanted = t->wanted + level * NODES, open = 0;

    for (size_t j = t->first[level] - 1; j <= t->last[level] + 1; j++) {
        open += wanted[j];
        wanted[j] = 0;
        if (open > 0)
            lk_mixing_node_at(&t->mixing, h * ((double)j - SIDE), &node[j]);
        else
            node[j].log_density = NAN;
    }
}

void lk_node_table_fill(lk_node_table *table, const lk_mixing *mixing, const double n[],
                        const double x[], size_t count)
{
    table->mixing = *mixing;
    for (size_t l = 0; l < LK_NODE_LEVELS; l++) {
        table->first[l] = NODES;
        table->last[l] = 0;
    }
    for (size_t i = 0; i < count; i++) {
        window w;

        if (!place(mixing, n[i], x[i], &w)) continue;
        table->wanted[w.level * NODES + w.first]++;
        table->wanted[w.level * NODES + w.last + 1]--;
        if (w.first < table->first[w.level]) table->first[w.level] = w.first;
        if (w.last > table->last[w.level]) table->last[w.level] = w.last;
    }
    for (size_t l = 0; l < LK_NODE_LEVELS; l++) {
        if (table->last[l] > 0) fill_level(table, l);
    }
}

/* The integrand of one count: log f at a node less its constant. */
typedef struct {
    double n, x, rest, log_mean, log_1mmean;
} count_of;

static double log_at(const count_of *c, const lk_mixing_node *node)
{
    const double hits = c->x > 0.0 ? c->x * (node->log_p - c->log_mean) : 0.0;
    const double misses =
        c->rest > 0.0 ? c->rest * (node->log_1mp - c->log_1mmean) : 0.0;

    return node->log_density + hits + misses;
}

static const lk_mixing_node *climb(const count_of *c, const lk_mixing_node *from)
{
    double here = log_at(c, from);

    for (int side = -1; side <= 1; side += 2) {
        for (;;) {
            const double there = log_at(c, from + side);

            if (!(there > here)) break;
            from += side;
            here = there;
        }
    }
    return from;
}

/* Adds the nodes from `node` outwards; false where the nodes end before the integrand. */
static bool add_side(const lk_node_table *t, const count_of *c,
                     const lk_mixing_node *node, int side, double shift,
                     double sum[LK_MIXED_SUMS], double *odd)
{
    for (;; node += side) {
        const double log_f = log_at(c, node) - shift;

        if (!(log_f > -FALL)) return !isnan(log_f);
        const double w = exp(log_f);

        sum[0] += w;
        if ((node - t->node) % 2 != 0) *odd += w;
        lk_mixing_add_moments(&t->mixing, node, c->n, c->x, w, sum);
    }
}

bool lk_node_table_integrate(const lk_node_table *table, double n, double x,
                             lk_mixed *out)
{
    const count_of c = {n, x, n - x, log(x / n), log1p(-x / n)};
    double sum[LK_MIXED_SUMS] = {0.0}, odd = 0.0;
    window w;

    if (!place(&table->mixing, n, x, &w)) return false;
    if (x > 0.0 && c.rest > 0.0 &&
        -(x * c.log_mean + c.rest * c.log_1mmean) > ENTROPY_MAX)
        return false;
    const lk_mixing_node *peak = climb(&c, table->node + w.level * NODES + w.peak);
    const double shift = log_at(&c, peak);

    if (!add_side(table, &c, peak, -1, shift, sum, &odd) ||
        !add_side(table, &c, peak + 1, 1, shift, sum, &odd) ||
        !(fabs(sum[0] - 2.0 * odd) <= PARITY * sum[0]))
        return false;
    out->log_value =
        shift + log(ldexp(STEP, -(int)w.level) * sum[0]) + lk_log_choose_rest(n, x);
    lk_mixed_set_derivatives(sum, out);
    return true;
}
