/* independence.c - statistics of the order of outcomes, and their permutations.
 *
 * Of c ones and m zeros in random order,
 *
 *   runs of ones  fill r of the m+1 gaps before, between and behind the zeros: r of these
 *                 gaps and c-r of the other c-1 places at which ones can be parted make
 *                 C(m+1, r) C(c-1, c-r) orders of C(c+m, c), a hypergeometric
 *                 distribution; each gap is as likely as any to be filled, so the first
 *                 and the last say how the sequence begins and ends
 *   blocks        take their share of the ones like draws from an urn, one after another
 *
 * and lag-1 needs no more than the number of adjacent pairs of ones, c - r, and the ends.
 */
#include "largek/independence.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "stats/draw.h"
#include "stats/hypergeometric.h"

#define TOTAL_MAX (UINT64_C(1) << 53)

/* What a problem's order comes to. */
typedef struct {
    uint64_t n, c;
    uint64_t pairs;    /* of ones next to each other */
    bool begins, ends; /* with a one               */
} sequence;

/* Counts, and the sums that permutations leave alone. */
typedef struct {
    const uint64_t *n, *c;
    size_t problems, blocks;
    uint64_t attempts, successes;
    double squares; /* sum n^2 */
} sample;

static uint64_t blocks_of(const sample *s, uint64_t n)
{
    return s->blocks < n / 2 ? s->blocks : n / 2;
}

static bool mixed(uint64_t n, uint64_t c)
{
    return c > 0 && c < n;
}

/* sum_j (x_j - p)(x_{j+1} - p), multiplied out. */
static double lag_products(const sequence *q)
{
    const double n = (double)q->n, c = (double)q->c, p = c / n;

    return (double)q->pairs - p * (2.0 * c - (double)q->begins - (double)q->ends) +
           (n - 1.0) * p * p;
}

static double spread(uint64_t n, uint64_t c)
{
    return (double)c * ((double)(n - c) / (double)n); /* sum (x - p)^2 */
}

/* A random order of the same outcomes. */
static sequence permute(uint64_t n, uint64_t c, lk_place *place)
{
    const double gaps = (double)(n - c) + 1.0;
    const lk_urn urn = {n, n - c + 1, c};
    const uint64_t runs = lk_urn_draw(&urn, place);
    sequence q = {n, c, c - runs, false, false};

    q.begins = lk_draw_uniform(place) * gaps < (double)runs;
    q.ends = lk_draw_uniform(place) * (gaps - 1.0) < (double)(runs - q.begins);
    return q;
}

/* What c of m successes in a block of a problem of chance p add to the dispersion. */
static double block_excess(uint64_t m, uint64_t c, double p)
{
    const double d = (double)c - (double)m * p;

    return d * d / ((double)m * p * (1.0 - p));
}

static uint64_t block_end(uint64_t n, uint64_t blocks, uint64_t b)
{
    return n / blocks * (b + 1) + n % blocks * (b + 1) / blocks;
}

static double permuted_blocks(const sample *s, uint64_t n, uint64_t c, lk_place *place)
{
    const uint64_t blocks = blocks_of(s, n);
    const double p = (double)c / (double)n;
    uint64_t left = n, ones = c;
    double sum = 0.0;

    for (uint64_t b = 0; b < blocks; b++) {
        const lk_urn urn = {left, ones, block_end(n, blocks, b) - (n - left)};
        const uint64_t got = lk_urn_draw(&urn, place);

        sum += block_excess(urn.k, got, p);
        left -= urn.k;
        ones -= got;
    }
    return sum;
}

/* The estimate of [1] from the variance between problems; what is within them follows
 * from the sum, which permutations leave alone. */
static double anova_rho(const sample *s, double between)
{
    const double all = (double)s->attempts, problems = (double)s->problems;
    const double total = spread(s->attempts, s->successes);
    const double ms_between = between / (problems - 1.0);
    const double ms_within = (total - between) / (all - problems);
    const double n0 = (all - s->squares / all) / (problems - 1.0);

    return (ms_between - ms_within) / (ms_between + (n0 - 1.0) * ms_within);
}

static double between_problems(const sample *s, const uint64_t c[])
{
    const double mean = (double)s->successes / (double)s->attempts;
    double sum = 0.0;

    for (size_t i = 0; i < s->problems; i++) {
        const double d = (double)c[i] / (double)s->n[i] - mean;

        sum += (double)s->n[i] * d * d;
    }
    return sum;
}

/* Sums of one permutation, or of what was seen. */
typedef struct {
    double lag, blocks, between;
} sums;

static void permuted_order(const sample *s, uint64_t seed, uint64_t r, sums *out)
{
    for (size_t i = 0; i < s->problems; i++) {
        lk_place place = {seed, r, (uint64_t)i << 32};

        if (!mixed(s->n[i], s->c[i])) continue;
        const sequence q = permute(s->n[i], s->c[i], &place);

        out->lag += lag_products(&q);
        if (blocks_of(s, s->n[i]) >= 2)
            out->blocks += permuted_blocks(s, s->n[i], s->c[i], &place);
    }
}

static void permuted_rho(const sample *s, uint64_t seed, uint64_t r, sums *out)
{
    const double mean = (double)s->successes / (double)s->attempts;
    lk_place place = {seed, r, (uint64_t)s->problems << 32};
    uint64_t left = s->attempts, ones = s->successes;

    for (size_t i = 0; i < s->problems; i++) {
        const lk_urn urn = {left, ones, s->n[i]};
        const uint64_t got = lk_urn_draw(&urn, &place);
        const double d = (double)got / (double)s->n[i] - mean;

        out->between += (double)s->n[i] * d * d;
        left -= s->n[i];
        ones -= got;
    }
}

/* A column of permuted sums against the one seen: sums that differ by rounding are
 * equal. */
static void compare(const double *column, size_t stride, size_t count, double seen,
                    double expected, double scale, bool both_sides, lk_permuted *out)
{
    const double same = 1e-9 * fabs(seen - expected);
    double mean = 0.0, square = 0.0;
    size_t as_far = 0;

    for (size_t r = 0; r < count; r++) {
        const double x = column[r * stride], step = x - mean;

        mean += step / (double)(r + 1);
        square += step * (x - mean);
        const double here = x - expected, there = seen - expected;
        as_far += both_sides ? fabs(here) >= fabs(there) - same : here >= there - same;
    }
    out->value = seen / scale;
    out->expected = expected / scale;
    out->sd = count > 1 ? sqrt(square / (double)(count - 1)) / scale : NAN;
    out->p = ((double)as_far + 1.0) / ((double)count + 1.0);
}

static lk_permuted undefined(void)
{
    return (lk_permuted){NAN, NAN, NAN, NAN};
}

static bool rho_is_defined(const sample *s)
{
    return s->problems > 1 && mixed(s->attempts, s->successes) &&
           s->attempts > s->problems;
}

static void compare_rho(const sample *s, const sums *permuted, size_t count,
                        lk_independence *out)
{
    const double total = spread(s->attempts, s->successes);
    const double seen = between_problems(s, s->c);
    /* E sum n_i d_i^2 = sum (1 - n_i/N) total/(N-1), by the variance of a sample. */
    const double expected =
        total * ((double)s->problems - 1.0) / ((double)s->attempts - 1.0);
    const double m = s->squares / (double)s->attempts;

    compare(&permuted[0].between, sizeof(sums) / sizeof(double), count, seen, expected,
            1.0, false, &out->rho);
    out->rho.sd = NAN; /* of the sum; rho is a ratio that rises with it */
    out->rho.value = anova_rho(s, seen);
    out->rho.expected = 0.0; /* where the sum is its mean */
    out->design_effect = fmax(1.0 + (m - 1.0) * out->rho.value, 1.0 / m);
    out->effective_attempts = (double)s->attempts / out->design_effect;
}

static lk_status permute_all(const sample *s, const lk_independence_options *options,
                             bool ordered, sums **out, lk_error *err)
{
    sums *all = calloc(options->permutations, sizeof *all);

    if (all == NULL)
        return LK_FAIL(err, LK_E_MEMORY, "%zu permutations", options->permutations);
#pragma omp parallel for schedule(static)
    for (size_t r = 0; r < options->permutations; r++) {
        if (ordered) permuted_order(s, options->seed, r, &all[r]);
        if (rho_is_defined(s)) permuted_rho(s, options->seed, r, &all[r]);
    }
    *out = all;
    return LK_OK;
}

static lk_status make_sample(const uint64_t n[], const uint64_t c[], size_t problems,
                             const lk_independence_options *options, sample *out,
                             lk_error *err)
{
    sample s = {n, c, problems, options->blocks, 0, 0, 0.0};

    if (problems == 0) return LK_FAIL(err, LK_E_ARG, "no problems");
    if (options->blocks < 2) return LK_FAIL(err, LK_E_ARG, "fewer than two blocks");
    if (options->permutations == 0) return LK_FAIL(err, LK_E_ARG, "no permutations");
    for (size_t i = 0; i < problems; i++) {
        if (n[i] == 0 || c[i] > n[i] || n[i] > TOTAL_MAX - s.attempts) {
            return LK_FAIL(err, LK_E_ARG,
                           "problem %zu: %" PRIu64 " successes in %" PRIu64
                           " attempts (at most 2^53 attempts in all)",
                           i, c[i], n[i]);
        }
        s.attempts += n[i];
        s.successes += c[i];
        s.squares += (double)n[i] * (double)n[i];
    }
    *out = s;
    return LK_OK;
}

static lk_independence start(const sample *s)
{
    lk_independence result = {.problems = s->problems,
                              .attempts = s->attempts,
                              .successes = s->successes,
                              .lag1 = undefined(),
                              .dispersion = undefined(),
                              .rho = undefined(),
                              .design_effect = NAN,
                              .effective_attempts = NAN};

    for (size_t i = 0; i < s->problems; i++) result.mixed += mixed(s->n[i], s->c[i]);
    return result;
}

lk_status lk_independence_of_counts(const uint64_t n[], const uint64_t c[],
                                    size_t problems,
                                    const lk_independence_options *options,
                                    lk_independence *out, lk_error *err)
{
    sample s = {0};
    sums *permuted = NULL;
    lk_status st = LK_OK;

    LK_TRY(make_sample(n, c, problems, options, &s, err));
    LK_TRY(permute_all(&s, options, false, &permuted, err));
    *out = start(&s);
    if (rho_is_defined(&s)) compare_rho(&s, permuted, options->permutations, out);
out:
    free(permuted);
    return st;
}

/* What was seen: the sums over problems, their means over permutations and divisors. */
typedef struct {
    sums seen;
    double lag_expected, lag_scale, blocks_expected, blocks_scale;
} observed;

/* Outcomes of one problem, in order. */
static void observe(const sample *s, const uint8_t *x, uint64_t n, uint64_t c,
                    observed *out)
{
    const uint64_t blocks = blocks_of(s, n);
    const double p = (double)c / (double)n;
    sequence q = {n, c, 0, x[0] == 1, x[n - 1] == 1};

    for (uint64_t j = 0; j + 1 < n; j++) q.pairs += x[j] & x[j + 1];
    out->seen.lag += lag_products(&q);
    out->lag_expected -= spread(n, c) / (double)n;
    out->lag_scale += spread(n, c);
    if (blocks < 2) return;
    for (uint64_t b = 0, j = 0; b < blocks; b++) {
        const uint64_t first = j;
        uint64_t ones = 0;

        for (; j < block_end(n, blocks, b); j++) ones += x[j];
        out->seen.blocks += block_excess(j - first, ones, p);
    }
    out->blocks_scale += (double)(blocks - 1);
    out->blocks_expected += (double)(blocks - 1) * (double)n / ((double)n - 1.0);
}

static void compare_order(const observed *o, const sums *permuted, size_t count,
                          lk_independence *out)
{
    const size_t stride = sizeof(sums) / sizeof(double);

    if (o->lag_scale > 0.0) {
        compare(&permuted[0].lag, stride, count, o->seen.lag, o->lag_expected,
                o->lag_scale, true, &out->lag1);
    }
    if (o->blocks_scale > 0.0) {
        compare(&permuted[0].blocks, stride, count, o->seen.blocks, o->blocks_expected,
                o->blocks_scale, false, &out->dispersion);
    }
}

lk_status lk_independence_of_outcomes(const size_t *first, const uint8_t *outcome,
                                      size_t problems,
                                      const lk_independence_options *options,
                                      lk_independence *out, lk_error *err)
{
    uint64_t *n = calloc(2 * problems + 1, sizeof *n), *c = n + problems;
    sample s = {0};
    sums *permuted = NULL;
    observed o = {{0.0, 0.0, 0.0}, 0.0, 0.0, 0.0, 0.0};
    lk_status st = LK_OK;

    if (n == NULL) return LK_FAIL(err, LK_E_MEMORY, "%zu problems", problems);
    for (size_t i = 0; i < problems; i++) {
        n[i] = first[i + 1] - first[i];
        for (size_t j = first[i]; j < first[i + 1]; j++) c[i] += outcome[j];
    }
    LK_TRY(make_sample(n, c, problems, options, &s, err));
    LK_TRY(permute_all(&s, options, true, &permuted, err));
    *out = start(&s);
    for (size_t i = 0; i < problems; i++) {
        if (mixed(n[i], c[i])) observe(&s, outcome + first[i], n[i], c[i], &o);
    }
    compare_order(&o, permuted, options->permutations, out);
    if (rho_is_defined(&s)) compare_rho(&s, permuted, options->permutations, out);
out:
    free(permuted);
    free(n);
    return st;
}
