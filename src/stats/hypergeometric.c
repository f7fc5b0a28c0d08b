/* hypergeometric.c - probabilities, tails and draws of the hypergeometric distribution.
 *
 * The 2 x 2 table of what was taken and what succeeded has cells O and, were taking and
 * succeeding independent, E = row times column over n:
 *
 *     O1 = x              O2 = c - x              O - E = d, -d
 *     O3 = k - x          O4 = n - c - k + x              -d, d,     d = x - c k / n
 *
 * With y! = y^y e^-y exp(t(y)), t(y) = log(2 pi y)/2 + s(y), the powers join to
 *
 *     log P(X = x) = -sum D(O, E) + t(c) + t(n-c) + t(k) + t(n-k) - t(n) - sum t(O)
 *     D(O, E) = O log(O/E) - O + E >= 0                                       [1]
 *
 * in which nothing large cancels, if d is formed without rounding.
 *
 * Tails start at the end nearer to the mean and go away from it, term by term; where the
 * standard deviation is above 4096 the terms are so smooth that the formula of Euler and
 * Maclaurin turns the sum into an integral, whose two corrections leave an error of order
 * sd^-5 z^5 < 1e-14 for every z = |d|/sd that a double can hold.
 *
 * References
 *   [1] C. Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000).
 *   [2] E. Stadlober, "The ratio of uniforms approach for generating discrete random
 *       variates", J. Comput. Appl. Math. 31 (1990) 181-189.
 */
#include "stats/hypergeometric.h"

#include <math.h>
#include <stdbool.h>

#include "stats/draw.h"
#include "stats/gauss.h"
#include "stats/special.h"

#define SMOOTH_VARIANCE 0x1p24

enum { FEW = 16, PANELS_MAX = 400, TABLE = 16 };

/* D(O, E) with their difference d = O - E known better than by subtraction.  [1] */
static double deviance(double observed, double expected, double d)
{
    const double sum = observed + expected;

    if (observed == 0.0) return expected;
    if (fabs(d) > 0.1 * sum) return observed * log(observed / expected) - d;
    const double v = d / sum, y = v * v; /* log(O/E) = 2 (v + v^3/3 + ...) */
    double series = 0.0;

    for (int i = 17; i >= 3; i -= 2) series = series * y + 1.0 / i;
    return d * v + 2.0 * observed * v * y * series;
}

/* t(y) of the head comment; t(0) = 0. */
static double factorial_tail(double y)
{
    static const double factorial[TABLE] = {
        1,         1,          2,           6,
        24,        120,        720,         5040,
        40320,     362880,     3628800,     39916800,
        479001600, 6227020800, 87178291200, 1307674368000};

    if (y >= TABLE)
        return 0.5 * log(2.0 * 3.14159265358979323846 * y) + lk_gamma_tail(y);
    return y == 0.0 ? 0.0 : log(factorial[(int)y]) - y * log(y) + y;
}

/* An urn in doubles, and what does not depend on x. */
typedef struct {
    double n, c, k;
    double expected[4]; /* E1 .. E4                    */
    double margins;     /* t(c) + t(n-c) + ... - t(n)  */
    double variance;
} table;

static table make_table(const lk_urn *urn)
{
    const double n = (double)urn->n, c = (double)urn->c, k = (double)urn->k;
    const double rest = (double)(urn->n - urn->c), left = (double)(urn->n - urn->k);
    table t = {n,   c,
               k,   {c * (k / n), c * (left / n), rest * (k / n), rest * (left / n)},
               0.0, 0.0};

    t.margins = factorial_tail(c) + factorial_tail(rest) + factorial_tail(k) +
                factorial_tail(left) - factorial_tail(n);
    t.variance = urn->n > 1 ? t.expected[0] * (rest / n) * (left / (n - 1.0)) : 0.0;
    return t;
}

/* x - c k / n with one rounding: both products exactly, as two doubles each. */
static double deviation(const table *t, double x)
{
    const double xn = x * t->n, ck = t->c * t->k;

    return (xn - ck + (fma(x, t->n, -xn) - fma(t->c, t->k, -ck))) / t->n;
}

static double log_pmf(const table *t, const double cell[4], double d)
{
    double sum = t->margins;

    for (int i = 0; i < 4; i++) {
        sum -= factorial_tail(cell[i]) +
               deviance(cell[i], t->expected[i], i == 0 || i == 3 ? d : -d);
    }
    return sum;
}

/* At an x of the support. */
static double log_pmf_at(const table *t, const lk_urn *urn, uint64_t x)
{
    const double cell[] = {(double)x, (double)(urn->c - x), (double)(urn->k - x),
                           (double)(urn->n - urn->c - (urn->k - x))};

    return log_pmf(t, cell, deviation(t, (double)x));
}

static uint64_t lowest(const lk_urn *urn)
{
    return urn->k > urn->n - urn->c ? urn->k - (urn->n - urn->c) : 0;
}

static uint64_t highest(const lk_urn *urn)
{
    return urn->c < urn->k ? urn->c : urn->k;
}

double lk_urn_log_pmf(const lk_urn *urn, uint64_t x)
{
    if (x < lowest(urn) || x > highest(urn)) return -INFINITY;
    const table t = make_table(urn);
    return log_pmf_at(&t, urn, x);
}

/* The sum over x >= m of w(x) P(X = x), w = 1 or x - m + 1. */
typedef struct {
    const table *t;
    double start; /* d at m             */
    bool excess;
    double log_scale; /* log P(X = m)   */
} tail;

/* w(x) P(X = x)/P(X = m), x = m + from the middle of a cell on. */
static double smooth_term(double beyond, const void *with)
{
    const tail *s = with;
    const double d = s->start + beyond;
    double cell[4];

    for (int i = 0; i < 4; i++) {
        cell[i] = s->t->expected[i] + (i == 0 || i == 3 ? d : -d);
        if (cell[i] < TABLE) return 0.0; /* thousands of sd out */
    }
    const double p = exp(log_pmf(s->t, cell, d) - s->log_scale);
    return s->excess ? p * (beyond + 1.0) : p;
}

/* First and third derivative of smooth_term at `beyond`, from those of its logarithm: of
 * the first the cells' 1/(2 O) too, of the second the leading term. */
static void smooth_slopes(const tail *s, double beyond, double *first, double *third)
{
    const double d = s->start + beyond, *e = s->t->expected;
    const double o1 = e[0] + d, o2 = e[1] - d, o3 = e[2] - d, o4 = e[3] + d;
    const double l1 = log1p(-d / e[1]) + log1p(-d / e[2]) - log1p(d / e[0]) -
                      log1p(d / e[3]) -
                      0.5 * (1.0 / o1 - 1.0 / o2 - 1.0 / o3 + 1.0 / o4);
    const double l2 = -(1.0 / o1 + 1.0 / o2 + 1.0 / o3 + 1.0 / o4);
    const double w = s->excess ? beyond + 1.0 : 1.0, w1 = s->excess ? 1.0 : 0.0;
    const double p = smooth_term(beyond, s) / w;

    *first = p * (w * l1 + w1);
    *third = p * (w * l1 * (l1 * l1 + 3.0 * l2) + 3.0 * w1 * (l1 * l1 + l2));
}

static double smooth_sum(const tail *s)
{
    const double sd = sqrt(s->t->variance);
    double at = -0.5, sum = 0.0, first = 0.0, third = 0.0;

    for (int i = 0; i < PANELS_MAX; i++) {
        /* A width in which the terms fall by a factor e, or a standard deviation. */
        const double d = s->start + at;
        const double width = fmin(sd, s->t->variance / fmax(d, 1.0));
        const double part = lk_gauss(smooth_term, s, at, at + width);

        sum += part;
        at += width;
        if (part <= 1e-17 * sum) break;
    }
    smooth_slopes(s, -0.5, &first, &third);
    return sum + first / 24.0 - 7.0 * third / 5760.0;
}

/* Term by term; they fall from the first on, but for w. */
static double term_sum(const lk_urn *urn, uint64_t m, bool excess)
{
    const uint64_t most = highest(urn), rest = urn->n - urn->c;
    double p = 1.0, sum = 1.0;

    for (uint64_t x = m; x < most; x++) {
        p *= (double)(urn->c - x) / (double)(x + 1) *
             ((double)(urn->k - x) / (double)(rest - (urn->k - x) + 1));
        const double term = excess ? p * (double)(x - m + 2) : p;

        sum += term;
        if (term <= 1e-18 * sum) break;
    }
    return sum;
}

/* For m of the support, at or above the mean. */
static double upper_sum(const lk_urn *urn, uint64_t m, bool excess)
{
    const table t = make_table(urn);
    const tail s = {&t, deviation(&t, (double)m), excess, log_pmf_at(&t, urn, m)};

    if (s.log_scale < -746.0) return 0.0; /* the sum is no double either */
    return exp(s.log_scale) *
           (t.variance > SMOOTH_VARIANCE ? smooth_sum(&s) : term_sum(urn, m, excess));
}

double lk_urn_tail(const lk_urn *urn, uint64_t m)
{
    if (m <= lowest(urn)) return 1.0;
    if (m > highest(urn)) return 0.0;
    const table t = make_table(urn);
    if (deviation(&t, (double)m) >= 0.0) return upper_sum(urn, m, false);

    /* P(X >= m) = 1 - P(k - X >= k - m + 1), k - X being failures among the k. */
    const lk_urn failures = {urn->n, urn->n - urn->c, urn->k};
    return 1.0 - upper_sum(&failures, urn->k - m + 1, false);
}

double lk_urn_excess(const lk_urn *urn, uint64_t a)
{
    const table t = make_table(urn);
    const double d = deviation(&t, (double)a);

    if (a >= highest(urn)) return 0.0;
    if (a <= lowest(urn)) return -d;
    if (d >= 0.0) return upper_sum(urn, a + 1, true);

    /* E(X - a)^+ = E X - a + E(a - X)^+, both positive; a - X is what the failures among
     * the k have above k - a. */
    const lk_urn failures = {urn->n, urn->n - urn->c, urn->k};
    return -d + upper_sum(&failures, urn->k - a + 1, true);
}

/* One attempt after the other. */
static uint64_t draw_few(uint64_t n, uint64_t c, uint64_t k, lk_place *place)
{
    uint64_t x = 0;

    for (uint64_t i = 0; i < k; i++) {
        if (lk_draw_uniform(place) * (double)(n - i) < (double)(c - x)) x++;
    }
    return x;
}

/* Ratio of uniforms under Stadlober's table mountain.  [2] */
static uint64_t draw_ratio(const lk_urn *urn, lk_place *place)
{
    const table t = make_table(urn);
    const double centre = t.expected[0] + 0.5;
    const double width =
        1.7155277699214135 * sqrt(t.variance + 0.5) + 0.8989161620588988;
    const double low = (double)lowest(urn), high = (double)highest(urn);
    const double n2 = t.n + 2.0;
    const double mode = fmin(fmax(floor((t.c + 1.0) * ((t.k + 1.0) / n2)), low), high);
    const double log_mode = log_pmf_at(&t, urn, (uint64_t)mode);

    for (;;) {
        const double u = lk_draw_uniform(place), v = lk_draw_uniform(place);
        const double x = floor(centre + width * (v - 0.5) / u);

        if (!(x >= low && x <= high)) continue;
        if (2.0 * log(u) <= log_pmf_at(&t, urn, (uint64_t)x) - log_mode)
            return (uint64_t)x;
    }
}

uint64_t lk_urn_draw(const lk_urn *urn, lk_place *place)
{
    const uint64_t n = urn->n, c = urn->c, k = urn->k;
    const uint64_t rest = n - c, left = n - k;

    if (k <= FEW) return draw_few(n, c, k, place);
    if (c <= FEW) return draw_few(n, k, c, place);
    if (left <= FEW) return c - draw_few(n, c, left, place);
    if (rest <= FEW) return k - draw_few(n, k, rest, place);
    return draw_ratio(urn, place);
}
