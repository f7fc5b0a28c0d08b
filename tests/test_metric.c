/* test_metric.c - pass^k, G-Pass@k, mG-Pass@k and posteriors against exact values. */
#include "largek/metric.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "largek/passk.h"
#include "stats/hypergeometric.h"
#include "support/check.h"

/* 1e-12 is what the headers promise. */
static void tails_and_posteriors_match_exact_values(void **state)
{
    FILE *file = fopen(LK_TEST_DATA "/metric.csv", "r");
    char line[200], what[20];
    uint64_t n, c, k, m;
    double want;
    int rows = 0;
    (void)state;

    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file)); /* the header */
    while (fgets(line, sizeof line, file) != NULL) {
        assert_int_equal(
            sscanf(line, "%19[a-z],%" SCNu64 ",%" SCNu64 ",%" SCNu64 ",%" SCNu64 ",%lf",
                   what, &n, &c, &k, &m, &want),
            6);
        const lk_urn urn = {n, c, k};
        double got = NAN;

        if (strcmp(what, "tail") == 0) got = lk_urn_tail(&urn, m);
        if (strcmp(what, "excess") == 0) got = lk_urn_excess(&urn, m);
        if (strcmp(what, "mean") == 0) got = lk_passk_bayes(n, c, k).mean;
        if (strcmp(what, "sd") == 0) got = lk_passk_bayes(n, c, k).sd;
        if (!(fabs(got - want) <= 1e-12 * want)) print_message("%s", line);
        check_rel(got, want, 1e-12);
        rows++;
    }
    assert_true(rows > 300);
    fclose(file);
}

/* What an urn says of X adds up: the terms to 1, the tails to the mean. */
static void urn_probabilities_add_up(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 24; n++) {
        for (uint64_t c = 0; c <= n; c++) {
            for (uint64_t k = 0; k <= n; k++) {
                const lk_urn urn = {n, c, k};
                double sum = 0.0, mean = 0.0;

                for (uint64_t x = 0; x <= k; x++) sum += exp(lk_urn_log_pmf(&urn, x));
                for (uint64_t m = 1; m <= k; m++) mean += lk_urn_tail(&urn, m);
                check_rel(sum, 1.0, 1e-13);
                check_rel(mean, (double)c * (double)k / (double)n, 1e-13);
            }
        }
    }
}

/* The largest population takes as little time as any; a loop over its terms would
 * take hours. */
static void tails_take_bounded_time(void **state)
{
    const uint64_t half = UINT64_C(1) << 52;
    const lk_metric share = {LK_METRIC_SHARE, 0.5}, mean = {LK_METRIC_MEAN_SHARE, 0.0};
    const clock_t start = clock();
    double sum = 0.0;
    (void)state;

    for (uint64_t i = 0; i < 100; i++) {
        sum += lk_metric_unbiased(&share, 2 * half, half + i, half);
        sum += lk_metric_unbiased(&mean, 2 * half, half + i, half);
        sum += lk_metric_unbiased(&share, 1 << 26, (1 << 25) + i, 1 << 25);
        sum += lk_passk_bayes(half, half / 2, half - i).sd;
    }
    assert_true(sum > 0.0);
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 1.0);
}

/* R = [[0,1,1,0,1],[1,1,0,1,1]] at k = 2, the example of the scorio library: values as
 * published, to six digits. */
static void metrics_match_a_published_example(void **state)
{
    const lk_metric all = {LK_METRIC_ALL, 0.0};
    const lk_posterior a = lk_passk_bayes(5, 3, 2), b = lk_passk_bayes(5, 4, 2);
    (void)state;

    check_rel(0.5 * (lk_passk(5, 3, 2) + lk_passk(5, 4, 2)), 0.95, 1e-15);
    check_rel(
        0.5 * (lk_metric_unbiased(&all, 5, 3, 2) + lk_metric_unbiased(&all, 5, 4, 2)),
        0.45, 1e-15);
    check_rel(0.5 * (a.mean + b.mean), 0.839286, 5e-7);
    check_rel(0.5 * hypot(a.sd, b.sd), 0.097263, 5e-6);

    /* E p^2 of Beta(4, 3) is 4 5/(7 8). */
    check_rel(lk_metric_bayes(&all, 5, 3, 2).mean, 20.0 / 56.0, 1e-14);
}

static void needed_is_whole_where_tau_k_is(void **state)
{
    lk_metric m = {LK_METRIC_SHARE, 0.55};
    (void)state;

    assert_true(0.55 * 100.0 > 55.0); /* so that ceil alone would say 56 */
    assert_int_equal(lk_metric_needed(&m, 100), 55);
    m.tau = 0.5;
    assert_int_equal(lk_metric_needed(&m, 3), 2);
    m.tau = 1e-9;
    assert_int_equal(lk_metric_needed(&m, 5), 1);
    m.tau = 1.0;
    assert_true(lk_metric_needed(&m, UINT64_C(1) << 53) == UINT64_C(1) << 53);
    m.kind = LK_METRIC_ALL;
    assert_int_equal(lk_metric_needed(&m, 7), 7);
}

/* By their definitions, each from another direction. */
static void metrics_are_what_they_are_called(void **state)
{
    const lk_metric all = {LK_METRIC_ALL, 0.0}, mean = {LK_METRIC_MEAN_SHARE, 0.0};
    (void)state;

    assert_true(lk_metric_unbiased(&mean, 30, 17, 1) == 0.0); /* an empty sum */
    assert_true(lk_metric_at(&mean, 0.6, 1.0) == 0.0);
    for (uint64_t k = 2; k <= 30; k++) {
        double sum = 0.0, at = 0.0;

        for (uint64_t i = (k + 1) / 2 + 1; i <= k; i++) {
            const lk_metric share = {LK_METRIC_SHARE, (double)i / (double)k};

            assert_int_equal(lk_metric_needed(&share, k), i);
            sum += 2.0 / (double)k * lk_metric_unbiased(&share, 30, 17, k);
            at += 2.0 / (double)k * lk_metric_at(&share, 0.6, (double)k);
        }
        check_rel(lk_metric_unbiased(&mean, 30, 17, k), sum, 1e-12);
        check_rel(lk_metric_at(&mean, 0.6, (double)k), at, 1e-10); /* a difference */
        check_rel(lk_metric_at(&all, 0.6, (double)k), pow(0.6, (double)k), 1e-14);
    }
}

static double chance_of(uint64_t n, uint64_t c, double p)
{
    const double failures = (double)(n - c);
    const double log_choose =
        lgamma((double)n + 1.0) - lgamma((double)c + 1.0) - lgamma(failures + 1.0);

    return exp(log_choose + (double)c * log(p) + failures * log1p(-p));
}

/* Averaged over what 40 attempts of chance p may give, an estimate is the metric at p. */
static void estimates_are_unbiased(void **state)
{
    enum { N = 40 };
    const double p = 0.45;
    const lk_metric metric[] = {{LK_METRIC_PASS, 0.0},
                                {LK_METRIC_ALL, 0.0},
                                {LK_METRIC_SHARE, 0.3},
                                {LK_METRIC_MEAN_SHARE, 0.0}};
    (void)state;

    for (size_t i = 0; i < 4; i++) {
        for (uint64_t k = 2; k <= N; k += 3) {
            double mean = 0.0;

            for (uint64_t c = 0; c <= N; c++) {
                mean += lk_metric_unbiased(&metric[i], N, c, k) * chance_of(N, c, p);
            }
            /* lgamma's 1e-14 x 40, and 10 times that for a difference of tails */
            check_rel(mean, lk_metric_at(&metric[i], p, (double)k), 4e-12);
        }
    }
}

/* Sampling until the third success, or forty attempts: averaged over how it ends. */
static void until_is_unbiased(void **state)
{
    enum { R = 3, LIMIT = 40 };
    const double p = 0.05;
    (void)state;

    check_rel(lk_passk_until(10, 4, 4, 1), 3.0 / 9.0, 1e-15);
    for (uint64_t k = 1; k <= LIMIT; k++) {
        double mean = 0.0;

        for (uint64_t n = R; n <= LIMIT; n++) { /* n - 1 attempts, then a success */
            mean += lk_passk_until(n, R, R, k) * p * chance_of(n - 1, R - 1, p);
        }
        for (uint64_t c = 0; c < R; c++) {
            mean += lk_passk_until(LIMIT, c, R, k) * chance_of(LIMIT, c, p);
        }
        check_rel(mean, -expm1((double)k * log1p(-p)), 1e-12); /* lgamma's 1e-14 x 40 */
    }
    assert_true(isnan(lk_passk_until(10, 2, 1, 1)));
    assert_true(isnan(lk_passk_until(10, 11, 11, 1)));
    assert_true(isnan(lk_passk_until(10, 1, 2, 11)));
    assert_true(isnan(lk_passk_until(10, 0, 0, 1)));
}

static void metrics_are_nan_outside_their_domain(void **state)
{
    const lk_metric share = {LK_METRIC_SHARE, 0.5};
    (void)state;

    assert_true(isnan(lk_metric_unbiased(&share, 10, 11, 1)));
    assert_true(isnan(lk_metric_unbiased(&share, 10, 1, 0)));
    assert_true(isnan(lk_metric_unbiased(&share, 10, 1, 11)));
    assert_true(isnan(lk_metric_unbiased(&share, (UINT64_C(1) << 53) + 1, 1, 1)));
    assert_true(isnan(lk_metric_at(&share, -0.1, 2.0)));
    assert_true(isnan(lk_metric_at(&share, NAN, 2.0)));
    assert_true(isnan(lk_metric_at(&share, 0.5, 0.0)));
    assert_true(isnan(lk_metric_bayes(&share, 10, 1, 1).mean));
    assert_true(isnan(lk_passk_bayes(10, 11, 1).mean));
    assert_true(isnan(lk_passk_bayes(10, 1, 0).mean));
    assert_true(isnan(lk_passk_bayes(UINT64_C(1) << 53, 1, 1).mean));
    assert_true(isnan(lk_passk_bayes(10, 1, UINT64_C(1) << 63).mean));
    for (int p = 0; p <= 1; p++) {
        for (int kind = 0; kind <= LK_METRIC_SHARE; kind++) {
            const lk_metric metric = {(lk_metric_kind)kind, 0.5};

            check_rel(lk_metric_at(&metric, p, 8.0), p, 0.0);
            check_rel(lk_metric_unbiased(&metric, 10, p == 1 ? 10 : 0, 8), p, 1e-15);
        }
    }
}

static void intervals_are_carried_over(void **state)
{
    const lk_metric share = {LK_METRIC_SHARE, 0.5}, pass = {LK_METRIC_PASS, 0.0};
    const lk_binomial_method method = LK_INTERVAL_CLOPPER_PEARSON;
    const lk_interval p = lk_binomial_interval(method, 50, 20, 0.95);
    const lk_interval s = lk_metric_interval(&share, method, 50, 20, 4.0, 0.95);
    const lk_interval one = lk_metric_interval(&pass, method, 50, 20, 4.0, 0.95);
    (void)state;

    /* P(X >= 2) of four attempts is 1 - q^4 - 4 p q^3. */
    check_rel(s.lo, 1.0 - pow(1.0 - p.lo, 4) - 4.0 * p.lo * pow(1.0 - p.lo, 3), 1e-12);
    check_rel(s.hi, 1.0 - pow(1.0 - p.hi, 4) - 4.0 * p.hi * pow(1.0 - p.hi, 3), 1e-12);
    check_rel(one.lo, lk_passk_interval(method, 50, 20, 4.0, 0.95).lo, 0.0);
}

static void metrics_are_read_by_name(void **state)
{
    lk_metric m = {LK_METRIC_PASS, 7.0};
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_metric_parse("pass^k", &m, NULL), LK_OK);
    assert_int_equal(m.kind, LK_METRIC_ALL);
    assert_int_equal(lk_metric_parse("g-pass@k=0.75", &m, NULL), LK_OK);
    assert_int_equal(m.kind, LK_METRIC_SHARE);
    check_rel(m.tau, 0.75, 0.0);
    assert_int_equal(lk_metric_parse("mg-pass@k", &m, NULL), LK_OK);
    assert_int_equal(m.kind, LK_METRIC_MEAN_SHARE);
    assert_int_equal(lk_metric_parse("pass@k", &m, NULL), LK_OK);
    assert_int_equal(m.kind, LK_METRIC_PASS);
    assert_int_equal(lk_metric_parse("g-pass@k=0", &m, &err), LK_E_ARG);
    assert_string_equal(err.text, "'g-pass@k=0': TAU is not in (0, 1]");
    assert_int_equal(lk_metric_parse("g-pass@k=", &m, &err), LK_E_ARG);
    assert_int_equal(lk_metric_parse("g-pass@k=nan", &m, &err), LK_E_ARG);
    assert_int_equal(lk_metric_parse("g-pass@k=0.5x", &m, &err), LK_E_ARG);
    assert_int_equal(lk_metric_parse("pass", &m, &err), LK_E_ARG);
    assert_int_equal(m.kind, LK_METRIC_PASS); /* a failure writes no output */
}

/* Draws of both methods, and of both ends of the support: mean and variance of 20,000,
 * and for a small urn every probability.  About 25 comparisons at five standard errors: a
 * correct program meets such a seed once in 70,000. */
static void urn_draws_follow_the_distribution(void **state)
{
    enum { DRAWS = 20000 };
    const lk_urn urns[] = {{50, 20, 25},
                           {1000, 5, 500},
                           {1000, 995, 30},
                           {10000, 122, 9990},
                           {UINT64_C(1) << 53, UINT64_C(1) << 52, UINT64_C(1) << 51}};
    lk_place place = {1, 0, 0};
    uint64_t times[26] = {0};
    (void)state;

    for (size_t i = 0; i < 5; i++) {
        const lk_urn *urn = &urns[i];
        const double n = (double)urn->n, share = (double)urn->c / n;
        const double mean = share * (double)urn->k;
        const double variance =
            mean * (1.0 - share) * (double)(urn->n - urn->k) / (n - 1.0);
        double sum = 0.0, square = 0.0, fourth = 0.0;

        for (int j = 0; j < DRAWS; j++) {
            const uint64_t x = lk_urn_draw(urn, &place);
            const double d = (double)x - mean;

            assert_true(x <= urn->c && x <= urn->k);
            if (i == 0) times[x]++;
            sum += d;
            square += d * d;
            fourth += d * d * d * d;
        }
        const double spread = fourth / DRAWS - pow(square / DRAWS, 2.0);
        check_mean(sum / DRAWS, 0.0, sqrt(variance / DRAWS));
        check_mean(square / DRAWS, variance, sqrt(spread / DRAWS));
    }
    for (uint64_t x = 0; x <= 20; x++) {
        const double p = exp(lk_urn_log_pmf(&urns[0], x));

        if (p * DRAWS < 20.0)
            continue; /* too few for five standard errors to mean it */
        check_mean((double)times[x] / DRAWS, p, sqrt(p * (1.0 - p) / DRAWS));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails_and_posteriors_match_exact_values),
        cmocka_unit_test(urn_probabilities_add_up),
        cmocka_unit_test(tails_take_bounded_time),
        cmocka_unit_test(metrics_match_a_published_example),
        cmocka_unit_test(needed_is_whole_where_tau_k_is),
        cmocka_unit_test(metrics_are_what_they_are_called),
        cmocka_unit_test(estimates_are_unbiased),
        cmocka_unit_test(until_is_unbiased),
        cmocka_unit_test(metrics_are_nan_outside_their_domain),
        cmocka_unit_test(intervals_are_carried_over),
        cmocka_unit_test(metrics_are_read_by_name),
        cmocka_unit_test(urn_draws_follow_the_distribution),
    };
    return cmocka_run_group_tests_name("metric", tests, NULL, NULL);
}
