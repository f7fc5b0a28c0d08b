/* test_slow_fit.c - fits on many data sets of known laws: whether estimates lie on both
 * sides of the truth, and how often intervals cover it.
 *
 * Seeds are fixed.  Coverage may be off its nominal 0.95 by five binomial standard errors
 * (a correct program has a seed that fails once in 1.7 million parameters), and by 0.02: a
 * profile likelihood's chi-square is an approximation of order 1/problems.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "largek/fit.h"
#include "support/check.h"

enum { PROBLEMS = 150, ATTEMPTS_MAX = 1 << 20 };

#define NOMINAL   0.95
#define ALLOWANCE 0.02

typedef struct {
    const char *fit;
    double truth[LK_LAW_PARAMS_MAX]; /* of the law */
    uint64_t n;
    int replicates;
} experiment;

/* Attempts until the first success, or ATTEMPTS_MAX without one. */
static void draw_until_success(double log_1mp, lk_place *place, uint64_t *n,
                               uint64_t *c)
{
    const lk_law *uniform = NULL;
    double u;

    lk_law_find("uniform", &uniform, NULL);
    u = lk_law_draw(uniform, (const double[]){0.0, 1.0}, place, NULL, NULL);
    const double failures = log_1mp < 0.0 ? floor(log(u) / log_1mp) : INFINITY;
    *c = failures < ATTEMPTS_MAX;
    *n = *c == 1 ? (uint64_t)failures + 1 : ATTEMPTS_MAX;
}

static void draw(const lk_fit_law *fit, const lk_law *law, const experiment *e,
                 uint64_t replicate, uint64_t n[], uint64_t c[])
{
    for (uint64_t i = 0; i < PROBLEMS; i++) {
        lk_place place = {.seed = 20, .item = replicate << 20 | i};
        double log_1mp;
        const double p = lk_law_draw(law, e->truth, &place, NULL, &log_1mp);

        n[i] = e->n;
        if (fit->stopped)
            draw_until_success(log_1mp, &place, &n[i], &c[i]);
        else if (strncmp(fit->name, "discretised", 11) == 0)
            c[i] = (uint64_t)floor(p * (double)e->n + 0.5);
        else
            c[i] = lk_draw_binomial(e->n, p, &place);
    }
}

typedef struct {
    int fits, covered[LK_FIT_PARAMS_MAX], below[LK_FIT_PARAMS_MAX];
    int failed; /* not identifiable or not converged */
} tally;

static tally repeat(const lk_fit_law *fit, const lk_law *law, const experiment *e)
{
    tally all = {0};

#pragma omp parallel for schedule(dynamic)
    for (int r = 0; r < e->replicates; r++) {
        uint64_t n[PROBLEMS], c[PROBLEMS];
        lk_fit_result got;

        draw(fit, law, e, (uint64_t)r, n, c);
        const lk_status st = lk_fit(fit, n, c, PROBLEMS, &lk_fit_defaults, &got, NULL);
#pragma omp critical
        {
            all.fits++;
            if (st != LK_OK ||
                (got.status != LK_FIT_OK && got.status != LK_FIT_AT_BOUND))
                all.failed++;
            else
                for (size_t i = 0; i < fit->params; i++) {
                    all.covered[i] += got.param[i].lo <= e->truth[i] &&
                                      e->truth[i] <= got.param[i].hi;
                    all.below[i] += got.param[i].value < e->truth[i];
                }
        }
    }
    return all;
}

static void check_experiment(const experiment *e)
{
    const lk_fit_law *fit = NULL;
    const lk_law *law = NULL;

    assert_int_equal(lk_fit_find(e->fit, &fit, NULL), LK_OK);
    assert_int_equal(lk_law_find(fit->law, &law, NULL), LK_OK);
    assert_int_equal(lk_law_check(law, e->truth, NULL), LK_OK);
    const tally seen = repeat(fit, law, e);
    const double fits = seen.fits - seen.failed;
    const double error = 5.0 * sqrt(NOMINAL * (1.0 - NOMINAL) / fits);

    print_message("%s, %d fits, %d failed\n", e->fit, seen.fits, seen.failed);
    assert_true(seen.failed * 50 <= seen.fits);
    for (size_t i = 0; i < fit->params; i++) {
        const double covered = seen.covered[i] / fits, below = seen.below[i] / fits;

        print_message("    %-8s covered %.3f, below the truth %.3f\n", fit->param[i],
                      covered, below);
        assert_true(fabs(covered - NOMINAL) < error + ALLOWANCE);
        /* estimates of shapes are biased upwards, by a few tenths of their spread */
        assert_true(fabs(below - 0.5) < 2.5 / sqrt(fits) + 0.15);
    }
}

static void closed_forms_cover_the_truth(void **state)
{
    static const experiment of[] = {
        {"beta-binomial", {0.1, 5.0}, 10000, 2000},
        {"beta-binomial", {0.3, 12.0}, 100, 2000},
        {"beta-binomial", {2.0, 3.0}, 20, 2000},
        {"beta-negative-binomial", {0.4, 5.0}, 0, 2000},
        {"beta-negative-binomial", {1.5, 20.0}, 0, 2000},
        {"zero-inflated-beta-binomial", {0.8, 6.0, 0.3}, 1000, 1000},
        {"two-beta", {0.5, 0.5, 10.0, 20.0, 15.0}, 2000, 400},
    };
    (void)state;

    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) check_experiment(&of[i]);
}

static void integrals_cover_the_truth(void **state)
{
    static const experiment of[] = {
        {"scaled-beta-binomial", {0.4, 1.5, 0.3}, 1000, 300},
        {"kumaraswamy-binomial", {0.4, 1.5, 0.4}, 1000, 300},
        {"discretised-beta", {0.5, 4.0, 1.0}, 1000, 400},
        {"discretised-kumaraswamy", {0.5, 3.0, 1.0}, 1000, 400},
    };
    (void)state;

    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) check_experiment(&of[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closed_forms_cover_the_truth),
        cmocka_unit_test(integrals_cover_the_truth),
    };
    return cmocka_run_group_tests_name("slow_fit", tests, NULL, NULL);
}
