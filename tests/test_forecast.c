/* test_forecast.c - laws beyond the data, their intervals, and backtests. */
#include "largek/forecast.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "largek/counts.h"
#include "largek/passk.h"
#include "stats/curve_law.h"
#include "support/check.h"

enum { PROBLEMS = 60, N = 1000 };

static const lk_fit_law *find(const char *name)
{
    const lk_fit_law *law = NULL;

    assert_int_equal(lk_fit_find(name, &law, NULL), LK_OK);
    return law;
}

/* Counts of a Beta(0.3, 5) of success chances. */
static void make_counts(uint64_t n[PROBLEMS], uint64_t c[PROBLEMS])
{
    const double param[] = {0.3, 5.0};
    const lk_law *law = NULL;

    assert_int_equal(lk_law_find("beta", &law, NULL), LK_OK);
    for (uint64_t i = 0; i < PROBLEMS; i++) {
        lk_place place = {11, 1000 + i, 0};

        n[i] = N;
        c[i] = lk_draw_binomial(N, lk_law_draw(law, param, &place, NULL, NULL), &place);
    }
}

static void every_law_has_its_curve(void **state)
{
    const double beta[] = {0.3, 5.0}, power[] = {2.0, 0.3}, levi[] = {5.0, 0.3, 0.9};
    const double hazard[] = {0.9, 0.5, 0.8};
    (void)state;

    /* E(1-p)^2 of Beta(a, b) is b (b+1)/((a+b)(a+b+1)). */
    check_rel(lk_fit_law_pass(find("beta-binomial"), beta, 2.0),
              1.0 - 5.0 * 6.0 / (5.3 * 6.3), 1e-13);
    check_rel(lk_fit_law_pass(find("levi"), levi, 2.0),
              0.9 * (1.0 - 5.0 * 6.0 / (5.3 * 6.3)), 1e-13);
    check_rel(lk_fit_law_pass(find("power-law"), power, 100.0),
              exp(-2.0 * pow(100.0, -0.3)), 1e-13);
    check_rel(lk_fit_law_reach(find("levi"), levi), 0.9, 1e-13);
    check_rel(lk_fit_law_reach(find("beta-binomial"), beta), 1.0, 0.0);
    check_rel(lk_fit_law_reach(find("levi-hazard"), hazard), 0.8, 0.0);
    check_rel(lk_fit_law_local_exponent(find("power-law"), power, 1e6), 0.3, 1e-9);
    /* Two ways to one exponent. */
    const double hop[] = {5.0 / 5.3, 1.0 / 6.3, 0.9};
    check_rel(lk_fit_law_local_exponent(find("levi-exchangeable"), hop, 50.0),
              lk_fit_law_local_exponent(find("levi"), levi, 50.0),
              1e-3); /* between 49 and 51, which is (1/50)^2 off */
    check_rel(lk_fit_law_pass(find("levi-hazard"), hazard, 7.9),
              lk_fit_law_pass(find("levi-hazard"), hazard, 7.0), 0.0);
}

static void attempts_needed_give_the_target(void **state)
{
    const double beta[] = {0.3, 5.0}, levi[] = {5.0, 0.3, 0.9};
    const lk_fit_law *b = find("beta-binomial"), *l = find("levi");
    (void)state;

    for (double target = 0.1; target < 0.99; target += 0.1) {
        const double k = lk_fit_law_needed(b, beta, target);

        check_rel(lk_fit_law_pass(b, beta, k), target, 1e-9);
    }
    check_rel(lk_fit_law_needed(b, beta, 0.01), 1.0, 0.0); /* pass@1 is 0.057 */
    assert_true(isinf(lk_fit_law_needed(l, levi, 0.9)));
    assert_true(isinf(lk_fit_law_needed(l, levi, 0.95)));
    assert_true(isnan(lk_fit_law_needed(l, levi, 0.0)));
    assert_true(isnan(lk_fit_law_needed(l, levi, 1.0)));
}

static lk_forecast run(const char *law, const uint64_t n[], const uint64_t c[],
                       size_t problems, size_t resamples)
{
    static const double k[] = {1.0, 1e3, 1e6};
    static const uint64_t grid[] = {1, 3, 10, 30, 100, 300, 1000};
    lk_forecast_options o = {.fit = lk_fit_defaults,
                             .k = k,
                             .points = 3,
                             .target = 0.8,
                             .level = 0.95,
                             .resamples = resamples,
                             .seed = 1};
    lk_forecast out = {0};

    o.fit.k = grid;
    o.fit.k_count = 7;
    o.fit.interval = LK_FIT_INTERVAL_NONE;
    assert_int_equal(lk_forecast_run(find(law), n, c, problems, &o, &out, NULL), LK_OK);
    return out;
}

/* Intervals hold the point, widen beyond the data, and no number depends on threads. */
static void forecasts_are_whole(void **state)
{
    static const char *const laws[] = {"beta-binomial", "levi", "power-law",
                                       "exp-power-law"};
    uint64_t n[PROBLEMS], c[PROBLEMS];
    (void)state;

    make_counts(n, c);
    for (size_t i = 0; i < 4; i++) {
        omp_set_num_threads(1);
        lk_forecast one = run(laws[i], n, c, PROBLEMS, 60);
        omp_set_num_threads(3);
        lk_forecast three = run(laws[i], n, c, PROBLEMS, 60);

        for (size_t j = 0; j < 3; j++) {
            const lk_forecast_point *p = &one.point[j], *q = &three.point[j];

            assert_true(p->pass > p->interval.lo && p->pass < p->interval.hi);
            assert_true(p->pass == q->pass && p->interval.lo == q->interval.lo &&
                        p->interval.hi == q->interval.hi);
            check_rel(p->pass, 1.0 - exp(p->log_failure), 1e-12);
        }
        assert_true(one.refitted >= 55);
        assert_true(one.needed > one.needed_interval.lo &&
                    one.needed < one.needed_interval.hi);
        assert_true(one.needed_interval.lo == three.needed_interval.lo);
        lk_forecast_release(&one);
        lk_forecast_release(&three);
    }
    omp_set_num_threads(1);
}

static void without_successes_there_is_no_forecast(void **state)
{
    const uint64_t n[] = {1000, 1000, 1000}, none[] = {0, 0, 0};
    (void)state;

    lk_forecast f = run("beta-binomial", n, none, 3, 10);
    assert_null(f.point);
    assert_int_equal(f.fit.status, LK_FIT_NOT_IDENTIFIABLE);
    lk_forecast_release(&f);
    f = run("power-law", n, none, 3, 10);
    assert_null(f.point);
    lk_forecast_release(&f);
}

/* The posterior of Beta(a + c, b + n - c), by hand at k = 1 and 2. */
static void these_problems_are_known_by_their_counts(void **state)
{
    const double param[] = {0.5, 2.0};
    const uint64_t n[] = {10, 20}, c[] = {3, 0};
    const lk_predictive one =
        lk_forecast_problems(find("beta-binomial"), param, n, c, 2, 1.0);
    const double p = 3.5 / 12.5, q = 0.5 / 22.5;
    const double vp = p * (1.0 - p) / 13.5, vq = q * (1.0 - q) / 23.5;
    (void)state;

    check_rel(one.mean, 0.5 * (p + q), 1e-12);
    check_rel(one.sd, 0.5 * sqrt(vp + vq), 1e-9);
    assert_true(isnan(lk_forecast_problems(find("levi"), param, n, c, 2, 1.0).mean));
}

static lk_backtest backtest(const char *law, const uint64_t n[], const uint64_t c[],
                            size_t problems, size_t part, uint64_t attempts)
{
    static const uint64_t grid[] = {1, 2, 4, 8, 15, 30, 60, 100, 1000};
    lk_backtest_options o = {.problems = part,
                             .attempts = attempts,
                             .repeats = 20,
                             .k = N,
                             .fit = lk_fit_defaults,
                             .reference = find("beta-binomial"),
                             .seed = 1};
    lk_backtest out = {0};

    o.fit.k = grid;
    o.fit.k_count = 9;
    assert_int_equal(lk_backtest_run(find(law), n, c, problems, &o, &out, NULL), LK_OK);
    return out;
}

static void backtests_compare_with_all_the_data(void **state)
{
    uint64_t n[PROBLEMS], c[PROBLEMS];
    lk_estimate truth = {0};
    (void)state;

    make_counts(n, c);
    assert_int_equal(lk_passk_mean(n, c, PROBLEMS, N, &truth, NULL), LK_OK);
    const lk_backtest b = backtest("beta-binomial", n, c, PROBLEMS, 40, 100);
    check_rel(b.truth, truth.mean, 1e-15);
    check_rel(b.bias, b.mean - b.truth, 1e-12);
    check_rel(b.rmse, sqrt(b.bias * b.bias + b.sd * b.sd * 19.0 / 20.0), 1e-12);
    assert_int_equal(b.fitted, 20);
    assert_true(isnan(b.structural));
    assert_true(fabs(b.bias) < 0.1); /* the law is the true one */

    /* All problems and all attempts: every part is the data. */
    const lk_backtest whole = backtest("beta-binomial", n, c, PROBLEMS, PROBLEMS, N);
    assert_true(whole.sd < 1e-6); /* but for the order of the problems */
    assert_true(backtest("beta-binomial", n, c, PROBLEMS, PROBLEMS, 50).sd > 1e-3);
    /* Levi's is the reference's own curve, and the line is not. */
    assert_true(fabs(backtest("levi", n, c, PROBLEMS, 40, 100).structural) < 1e-6);
    assert_true(fabs(backtest("power-law", n, c, PROBLEMS, 40, 100).structural) > 1e-3);
}

/* The exponent of a line through the exact curve of Beta(.15, 3.5) on (0, .1), which ends in
 * a power of .15: biased without any noise. */
static void lines_are_biased_with_endless_data(void **state)
{
    const double truth[] = {0.15, 3.5, 0.1};
    uint64_t k[31];
    double pass[31], param[2];
    (void)state;

    for (size_t j = 0; j < 31; j++) {
        k[j] = (uint64_t)llround(pow(10.0, (double)j / 10.0));
        pass[j] = lk_fit_law_pass(find("scaled-beta-binomial"), truth, (double)k[j]);
    }
    assert_int_equal(lk_fit_curve_values(find("power-law"), k, pass, 31, param, NULL),
                     LK_OK);
    assert_true(param[1] > 0.25);
}

static void pythia_forecast_matches_an_independent_one(void **state)
{
    const char *folder = getenv("LARGEK_REFERENCE_DATA");
    char path[4096];
    FILE *file = NULL;
    lk_counts counts = {0};
    (void)state;

    snprintf(path, sizeof path, "%s/pythia_math.csv", folder == NULL ? "." : folder);
    file = fopen(path, "r");
    if (file == NULL) {
        print_message("skipped: no pythia_math.csv in $LARGEK_REFERENCE_DATA\n");
        skip();
    }
    fclose(file);
    assert_int_equal(lk_counts_read(path, LK_DUPLICATE_REFUSE, &counts, NULL, NULL),
                     LK_OK);
    for (size_t i = 0; i < counts.groups; i++) {
        const lk_count_group *g = &counts.group[i];

        if (strcmp(g->value[1], "Pythia 12B") != 0) continue;
        lk_forecast f = run("beta-binomial", g->n, g->c, g->problems, 0);
        assert_true(fabs(f.point[2].pass - 0.96484) < 5.1e-6);
        assert_true(isnan(f.point[2].interval.lo));
        lk_forecast_release(&f);
    }
    lk_counts_release(&counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_law_has_its_curve),
        cmocka_unit_test(attempts_needed_give_the_target),
        cmocka_unit_test(forecasts_are_whole),
        cmocka_unit_test(without_successes_there_is_no_forecast),
        cmocka_unit_test(these_problems_are_known_by_their_counts),
        cmocka_unit_test(backtests_compare_with_all_the_data),
        cmocka_unit_test(lines_are_biased_with_endless_data),
        cmocka_unit_test(pythia_forecast_matches_an_independent_one),
    };
    return cmocka_run_group_tests_name("forecast", tests, NULL, NULL);
}
