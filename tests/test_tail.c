/* test_tail.c - pass@k of known probabilities, and laws of their logarithms. */
#include <math.h>
#include <stdlib.h>

#include "largek/stream.h"
#include "largek/tail.h"
#include "support/check.h"

/* Where doubles still hold p and k, against the plain formula; beyond, against
 * 1 - e^-x at x = k p. */
static void pass_keeps_its_digits(void **state)
{
    (void)state;
    check_rel(lk_tail_pass(log(0.5), log(3.0)), 0.875, 1e-14);
    check_rel(lk_tail_pass(log(1e-3), log(100.0)), -expm1(100.0 * log1p(-1e-3)), 1e-13);
    check_rel(lk_tail_pass(log(1e-20), log(1e10)), -expm1(-1e-10), 1e-12);
    check_rel(lk_tail_failure(log(0.5), log(100.0)), 0x1p-100, 1e-12);
    assert_true(lk_tail_failure(-(double)INFINITY, 5.0) == 1.0);
    assert_true(lk_tail_failure(0.0, 0.0) == 0.0);
    check_rel(lk_tail_pass(-1000.0, 1000.0), -expm1(-1.0), 1e-12);
    check_rel(lk_tail_pass(-1000.0, 990.0), -expm1(-exp(-10.0)), 1e-12);
    assert_true(lk_tail_pass(-1000.0, 1100.0) == 1.0);
    assert_true(lk_tail_pass(-(double)INFINITY, 700.0) == 0.0);
    assert_true(lk_tail_pass(0.0, 0.0) == 1.0);
}

/* Central differences of 1e-5: 1e-9. */
static void the_slope_is_that_of_pass(void **state)
{
    const double h = 1e-5;
    (void)state;

    for (double log_k = 0.0; log_k < 30.0; log_k += 3.0) {
        const double up = lk_tail_pass(-12.0, log_k + h);
        const double down = lk_tail_pass(-12.0, log_k - h);

        assert_true(fabs((up - down) / (2.0 * h) - lk_tail_slope(-12.0, log_k)) < 1e-8);
    }
    assert_true(lk_tail_slope(-1.0, 800.0) == 0.0);
}

/* p uniform in log over 20 decades and one problem unknown: the mean is that of the parts;
 * the unknown one counts as 0 and, in `most`, as its bound. */
static void the_curve_is_a_mean_and_says_what_is_unknown(void **state)
{
    enum { N = 40 };
    lk_tail_problem problem[N];
    const double log_k[] = {0.0, log(1e8), log(1e60)};
    lk_tail_point point[3];
    double mean = 0.0;
    (void)state;

    for (size_t i = 0; i < N; i++) {
        problem[i] = (lk_tail_problem){-log(10.0) * (double)i / 2.0, 0.05, 0.0};
        if (i + 1 < N) mean += lk_tail_pass(problem[i].log_p, log(1e8)) / N;
    }
    problem[N - 1] = (lk_tail_problem){NAN, 0.0, log(1e-3)};
    assert_int_equal(lk_tail_curve(problem, N, log_k, 3, 0.95, 500, 1, point, NULL),
                     LK_OK);
    check_rel(point[1].pass, mean, 1e-13);
    check_rel(point[1].most, mean + 1.0 / N, 1e-13);
    check_rel(point[2].pass, 39.0 / 40.0, 1e-13);
    check_rel(point[2].most, 1.0, 1e-13);
    for (size_t j = 0; j < 3; j++) {
        assert_true(point[j].lo < point[j].pass && point[j].pass < point[j].hi);
    }
    assert_true(point[1].exponent > 0.0 && point[2].exponent < 1e-6);
    assert_int_equal(lk_tail_curve(problem, 0, log_k, 3, 0.95, 500, 1, point, NULL),
                     LK_E_ARG);
    assert_int_equal(
        lk_tail_curve(problem, N, (double[]){-1.0}, 1, 0.95, 500, 1, point, NULL),
        LK_E_ARG);
}

/* Equal problems have no spread over problems: the interval is that of the estimates,
 * 1.96 x 10 % / sqrt(100) where pass@k is k p; skewness of a bootstrap of nothing: none. */
static void errors_of_estimates_are_in_the_interval(void **state)
{
    enum { N = 100 };
    lk_tail_problem problem[N];
    const double log_k = 0.0;
    lk_tail_point point;
    (void)state;

    for (size_t i = 0; i < N; i++) problem[i] = (lk_tail_problem){-20.0, 0.1, 0.0};
    assert_int_equal(lk_tail_curve(problem, N, &log_k, 1, 0.95, 200, 1, &point, NULL),
                     LK_OK);
    check_rel(point.hi / point.pass - 1.0, 0.0196, 1e-3);
    check_rel(1.0 - point.lo / point.pass, 0.0196, 1e-3);
    check_rel(point.std_error / point.pass, 0.01, 1e-6);
    assert_int_equal(lk_tail_curve(problem, 1, &log_k, 1, 0.95, 200, 1, &point, NULL),
                     LK_OK);
    check_rel(point.hi / point.pass - 1.0, 0.196, 1e-3);
}

/* u^(1/a) is Beta(a, 1) and Kumaraswamy(a, 1) at once: both find a within 5 of its standard
 * errors a / sqrt(n), and b near 1, and are not refused; a lognormal is. */
static void laws_find_the_one_that_made_the_data(void **state)
{
    enum { N = 2000 };
    static double log_p[N];
    lk_tail_fit beta, kumaraswamy, lognormal;
    (void)state;

    for (size_t i = 0; i < N; i++) {
        const lk_u32x4 w = lk_words(5, LK_PURPOSE_BOOTSTRAP, 77, i);

        log_p[i] = log(((double)w.w[0] + 0.5) * 0x1p-32) / 0.1;
    }
    assert_int_equal(lk_tail_fit_law(LK_TAIL_BETA, log_p, N, 19, 1, &beta, NULL),
                     LK_OK);
    assert_int_equal(
        lk_tail_fit_law(LK_TAIL_KUMARASWAMY, log_p, N, 19, 1, &kumaraswamy, NULL),
        LK_OK);
    assert_int_equal(
        lk_tail_fit_law(LK_TAIL_LOGNORMAL, log_p, N, 19, 1, &lognormal, NULL), LK_OK);
    check_mean(kumaraswamy.a, 0.1, 0.1 / sqrt(N) * 1.5); /* b free: 1.5 times as wide */
    check_mean(beta.a, 0.1, 0.1 / sqrt(N) * 1.5);
    assert_true(fabs(kumaraswamy.b - 1.0) < 0.2);
    assert_true(kumaraswamy.p_value > 0.05 && beta.p_value > 0.05);
    check_rel(lognormal.p_value, 0.05, 1e-12);
    assert_true(lognormal.aic > kumaraswamy.aic + 100.0);
    assert_true(fabs(kumaraswamy.aic - beta.aic) < 10.0);
    assert_int_equal(lk_tail_fit_law(LK_TAIL_BETA, log_p, 2, 0, 1, &beta, NULL),
                     LK_E_ARG);
    log_p[7] = 0.0;
    assert_int_equal(lk_tail_fit_law(LK_TAIL_BETA, log_p, N, 0, 1, &beta, NULL),
                     LK_E_ARG);
}

/* Of a lognormal all is known: with s the deviation of n values, the mean's profile ends are
 * s sqrt(e^(z^2/n) - 1) away, those of sd solve n (log(r) + 1/(2 r^2) - 1/2) = z^2 / 2 for
 * r = sd / s, and the observed information is n / s^2 and 2 n / s^2. */
static void a_lognormal_has_the_intervals_of_the_formula(void **state)
{
    const double log_p[] = {-9.0, -4.0, -17.5, -11.0, -6.5, -21.0, -8.0, -13.0};
    const double n = 8.0, z = 1.959963984540054;
    lk_fit_options options = lk_fit_defaults;
    double mean = 0.0, s = 0.0, r;
    lk_fit_result fit;
    (void)state;

    for (size_t i = 0; i < 8; i++) mean += log_p[i] / n;
    for (size_t i = 0; i < 8; i++) s += (log_p[i] - mean) * (log_p[i] - mean) / n;
    s = sqrt(s);
    assert_int_equal(
        lk_tail_fit_result(LK_TAIL_LOGNORMAL, log_p, 8, &options, &fit, NULL), LK_OK);
    assert_int_equal(fit.status, LK_FIT_OK);
    check_rel(fit.param[0].value, mean, 1e-12);
    check_rel(fit.param[1].value, s, 1e-9);
    check_rel(fit.param[0].se, s / sqrt(n), 1e-6);
    check_rel(fit.param[1].se, s / sqrt(2.0 * n), 1e-6);
    /* an end is where the search for the other parameter, good to 1e-5, says */
    check_rel(fit.param[0].hi - mean, s * sqrt(expm1(z * z / n)), 1e-5);
    check_rel(mean - fit.param[0].lo, s * sqrt(expm1(z * z / n)), 1e-5);
    for (int side = 0; side < 2; side++) {
        r = (side == 0 ? fit.param[1].lo : fit.param[1].hi) / s;
        check_rel(n * (log(r) + 0.5 / (r * r) - 0.5), z * z / 2.0, 1e-5);
    }
    check_rel(fit.nll, n * (0.5 + log(s) + 0.91893853320467274), 1e-12);
    check_rel(fit.bic, 2.0 * log(n) + 2.0 * fit.nll, 1e-14);
    assert_true(isnan(fit.exponent.value) && isnan(fit.goodness));
    options.interval = LK_FIT_INTERVAL_WALD;
    assert_int_equal(
        lk_tail_fit_result(LK_TAIL_LOGNORMAL, log_p, 8, &options, &fit, NULL), LK_OK);
    check_rel(fit.param[0].hi, mean + z * s / sqrt(n), 1e-6);
    check_rel(fit.param[1].lo, s * exp(-z / sqrt(2.0 * n)), 1e-6);
}

/* Where both are fitted the likelihoods are those of the coarse search, which ends within
 * 1e-6 of them; the ends of the interval hold the truth (a failure in 20 seeds, not of this
 * one), and se is that of alpha of Beta(alpha, 1) with beta free, within a tenth. */
static void other_laws_are_the_same_fit_with_intervals(void **state)
{
    enum { N = 2000 };
    static double log_p[N];
    lk_fit_options options = lk_fit_defaults;
    lk_fit_result fit;
    lk_tail_fit coarse;
    (void)state;

    for (size_t i = 0; i < N; i++) {
        const lk_u32x4 w = lk_words(5, LK_PURPOSE_BOOTSTRAP, 78, i);

        log_p[i] = log(((double)w.w[0] + 0.5) * 0x1p-32) / 0.1;
    }
    for (int law = LK_TAIL_BETA; law <= LK_TAIL_KUMARASWAMY; law++) {
        assert_int_equal(
            lk_tail_fit_law((lk_tail_law)law, log_p, N, 0, 1, &coarse, NULL), LK_OK);
        assert_int_equal(
            lk_tail_fit_result((lk_tail_law)law, log_p, N, &options, &fit, NULL),
            LK_OK);
        assert_int_equal(fit.status, LK_FIT_OK);
        assert_true(fit.nll <= -coarse.log_likelihood + 1e-9);
        check_rel(fit.nll, -coarse.log_likelihood, 1e-8);
        check_rel(fit.param[0].value, coarse.a, 1e-4);
        check_rel(fit.param[1].value, coarse.b, 1e-4);
        assert_true(fit.param[0].lo < 0.1 && 0.1 < fit.param[0].hi);
        assert_true(fit.param[1].lo < 1.0 && 1.0 < fit.param[1].hi);
        assert_true(fit.param[0].se > 0.1 / sqrt(N) * 0.9 &&
                    fit.param[0].se < 0.1 / sqrt(N) * 1.6);
        /* so many problems: profile and normal intervals are nearly the same */
        check_rel(fit.param[0].hi - fit.param[0].lo, 2.0 * 1.96 * fit.param[0].se,
                  0.02);
        assert_true(fit.exponent.lo == fit.param[0].lo);
    }
}

static void too_few_estimates_are_a_status(void **state)
{
    const double same[] = {-3.0, -3.0, -3.0, -3.0}, sure[] = {-1.0, -2.0, 0.0};
    lk_fit_options options = lk_fit_defaults;
    lk_fit_result fit;
    (void)state;

    assert_int_equal(lk_tail_fit_result(LK_TAIL_BETA, same, 4, &options, &fit, NULL),
                     LK_OK);
    assert_int_equal(fit.status, LK_FIT_NOT_IDENTIFIABLE);
    assert_int_equal(lk_tail_fit_result(LK_TAIL_BETA, NULL, 0, &options, &fit, NULL),
                     LK_OK);
    assert_int_equal(fit.status, LK_FIT_NOT_IDENTIFIABLE);
    assert_int_equal(lk_tail_fit_result(LK_TAIL_BETA, sure, 3, &options, &fit, NULL),
                     LK_E_ARG);
    options.level = 1.0;
    assert_int_equal(lk_tail_fit_result(LK_TAIL_BETA, same, 4, &options, &fit, NULL),
                     LK_E_ARG);
}

/* Two of three problems, of p = 1e-8 and 1e-30: a sixth at k = log 2 / p of the first, half at
 * that of the second, and never more than two thirds. */
static void targets_are_met_where_pass_is(void **state)
{
    const lk_tail_problem problem[] = {{-8.0 * 2.302585092994046, 0.01, 0.0},
                                       {-30.0 * 2.302585092994046, 0.01, 0.0},
                                       {NAN, 0.0, -5.0}};
    lk_tail_needed needed;
    (void)state;

    assert_int_equal(lk_tail_target(problem, 3, 1.0 / 6.0, 0.95, 200, 1, &needed, NULL),
                     LK_OK);
    check_rel(exp(needed.log_k), log(2.0) * 1e8, 1e-6);
    assert_true(needed.log_lo < needed.log_k && needed.log_k < needed.log_hi);
    assert_int_equal(lk_tail_target(problem, 3, 0.5, 0.95, 200, 1, &needed, NULL),
                     LK_OK);
    check_rel(exp(needed.log_k), log(2.0) * 1e30, 1e-6);
    assert_int_equal(lk_tail_target(problem, 3, 0.7, 0.95, 200, 1, &needed, NULL),
                     LK_OK);
    assert_true(isinf(needed.log_k));
    assert_int_equal(lk_tail_target(problem, 3, 1.0, 0.95, 200, 1, &needed, NULL),
                     LK_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pass_keeps_its_digits),
        cmocka_unit_test(the_slope_is_that_of_pass),
        cmocka_unit_test(the_curve_is_a_mean_and_says_what_is_unknown),
        cmocka_unit_test(errors_of_estimates_are_in_the_interval),
        cmocka_unit_test(laws_find_the_one_that_made_the_data),
        cmocka_unit_test(a_lognormal_has_the_intervals_of_the_formula),
        cmocka_unit_test(other_laws_are_the_same_fit_with_intervals),
        cmocka_unit_test(targets_are_met_where_pass_is),
        cmocka_unit_test(too_few_estimates_are_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
