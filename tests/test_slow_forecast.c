/* test_slow_forecast.c - whether intervals hold what they promise, by simulation. */
#include <math.h>

#include "largek/forecast.h"
#include "largek/passk.h"
#include "stats/draw.h"
#include "support/check.h"

/* Simulation-based calibration: p uniform, counts drawn with it, and then the rank of its
 * pass@k among 99 draws of the posterior that lk_passk_bayes describes is uniform on 0..99.
 * 20,000 ranks in 20 bins: chi-square with 19 degrees of freedom is above 56 with chance
 * 1.6e-5.  The mean of standardised errors stands beside it, at five standard errors. */
static void posterior_ranks_are_uniform(void **state)
{
    enum { SETS = 20000, DRAWS = 99, BINS = 20, N = 30, K = 7 };
    double times[BINS] = {0.0}, chi = 0.0, error = 0.0, square = 0.0;
    (void)state;

    for (uint64_t s = 0; s < SETS; s++) {
        lk_place place = {5, s, 0};
        const double p = lk_draw_uniform(&place);
        const uint64_t c = lk_draw_binomial(N, p, &place);
        const double truth = -expm1(K * log1p(-p));
        const lk_posterior belief = lk_passk_bayes(N, c, K);
        const double z = (truth - belief.mean) / belief.sd;
        int rank = 0;

        for (int i = 0; i < DRAWS; i++) {
            rank += lk_draw_beta((double)c + 1.0, (double)(N - c) + 1.0, &place, NULL,
                                 NULL) < p;
        }
        times[rank * BINS / (DRAWS + 1)] += 1.0;
        error += z;
        square += z * z;
    }
    for (int b = 0; b < BINS; b++) {
        const double want = (double)SETS / BINS;

        chi += (times[b] - want) * (times[b] - want) / want;
    }
    print_message("chi-square %.1f\n", chi);
    assert_true(chi < 56.0);
    check_mean(error / SETS, 0.0,
               1.0 / sqrt(SETS)); /* given c, mean 0 and variance 1 */
    /* the fourth moment of z is below 12 where c = 0 or n, of which there are few */
    check_mean(square / SETS, 1.0, sqrt(12.0 / SETS));
}

typedef struct {
    const char *law, *drawn_from;
    double param[3];
    double nominal, slack;
} coverage_case;

/* How often the interval of pass@k at 1000 times the attempts holds the truth. */
static double coverage(const coverage_case *it, size_t sets)
{
    enum { PROBLEMS = 128, N = 1000 };
    static const double k[] = {1e6};
    static const uint64_t grid[] = {1, 2, 4, 8, 16, 32, 64, 125, 250, 500, 1000};
    lk_forecast_options how = {.fit = lk_fit_defaults,
                               .k = k,
                               .points = 1,
                               .level = it->nominal,
                               .resamples = 200,
                               .seed = 3};
    const lk_fit_law *law = NULL;
    const lk_law *truth = NULL;
    double held = 0.0;

    how.fit.interval = LK_FIT_INTERVAL_NONE;
    how.fit.k = grid;
    how.fit.k_count = sizeof grid / sizeof grid[0];
    assert_int_equal(lk_fit_find(it->law, &law, NULL), LK_OK);
    assert_int_equal(lk_law_find(it->drawn_from, &truth, NULL), LK_OK);
    const double want = lk_law_pass(truth, it->param, k[0]);
    for (uint64_t s = 0; s < sets; s++) {
        uint64_t n[PROBLEMS], c[PROBLEMS];
        lk_forecast f = {0};

        for (uint64_t i = 0; i < PROBLEMS; i++) {
            lk_place place = {17, s, i << 32};

            n[i] = N;
            c[i] = lk_draw_binomial(
                N, lk_law_draw(truth, it->param, &place, NULL, NULL), &place);
        }
        assert_int_equal(lk_forecast_run(law, n, c, PROBLEMS, &how, &f, NULL), LK_OK);
        held += f.point[0].interval.lo <= want && want <= f.point[0].interval.hi;
        lk_forecast_release(&f);
    }
    return held / (double)sets;
}

/* 400 data sets each.  Percentiles of a bootstrap are right to first order alone: beside
 * five standard errors (once in 1.7 million) they get 0.03 of their own. */
static void forecast_intervals_cover(void **state)
{
    enum { SETS = 400 };
    static const coverage_case cases[] = {
        {"beta-binomial", "beta", {0.3, 5.0}, 0.9, 0.03},
        {"beta-binomial", "beta", {0.3, 5.0}, 0.5, 0.03},
        {"zero-inflated-beta-binomial",
         "zero-inflated-beta",
         {0.5, 8.0, 0.2},
         0.9,
         0.03},
        {"levi", "beta", {0.3, 5.0}, 0.9, 0.05}, /* three parameters on 128 problems */
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const coverage_case *it = &cases[i];
        const double seen = coverage(it, SETS);
        const double se = sqrt(it->nominal * (1.0 - it->nominal) / SETS);

        print_message("%s %g: %.3f\n", it->law, it->nominal, seen);
        assert_true(fabs(seen - it->nominal) < 5.0 * se + it->slack);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posterior_ranks_are_uniform),
        cmocka_unit_test(forecast_intervals_cover),
    };
    return cmocka_run_group_tests_name("slow_forecast", tests, NULL, NULL);
}
