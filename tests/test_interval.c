/* test_interval.c - binomial intervals against 40-digit arithmetic and their coverage. */
#include "largek/interval.h"

#include <gsl/gsl_errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"

static const lk_binomial_method methods[] = {LK_INTERVAL_CLOPPER_PEARSON,
                                             LK_INTERVAL_JEFFREYS, LK_INTERVAL_WILSON};

static lk_binomial_method method_of(const char *name)
{
    if (strcmp(name, "clopper-pearson") == 0) return LK_INTERVAL_CLOPPER_PEARSON;
    return strcmp(name, "jeffreys") == 0 ? LK_INTERVAL_JEFFREYS : LK_INTERVAL_WILSON;
}

/* largek/interval.h promises 1e-11; a wide random search found 3e-14 at most. */
static void intervals_match_40_digit_arithmetic(void **state)
{
    FILE *file = fopen(LK_TEST_DATA "/interval.csv", "r");
    char line[200], name[20];
    uint64_t n, c;
    double level, lo, hi;
    int rows = 0;
    (void)state;

    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file)); /* the header */
    while (fgets(line, sizeof line, file) != NULL) {
        assert_int_equal(sscanf(line, "%19[^,],%" SCNu64 ",%" SCNu64 ",%lf,%lf,%lf",
                                name, &n, &c, &level, &lo, &hi),
                         6);
        const lk_interval got = lk_binomial_interval(method_of(name), n, c, level);

        check_rel(got.lo, lo, 1e-12);
        check_rel(got.hi, hi, 1e-12);
        rows++;
    }
    assert_int_equal(rows, 141);
    fclose(file);
}

/* With GSL's handler in place: an error raised in GSL would abort the test. */
static void clopper_pearson_of_no_success_in_1e8(void **state)
{
    const lk_interval got =
        lk_binomial_interval(LK_INTERVAL_CLOPPER_PEARSON, 100000000, 0, 0.95);
    (void)state;

    assert_true(got.lo == 0.0);
    check_rel(got.hi, 3.688879386e-8, 2e-10); /* ten digits were published */
    check_rel(got.hi, -expm1(log(0.025) / 1e8), 1e-13);
}

/* No corner raises a GSL error, is NaN, or has its ends out of order. */
static void intervals_are_sound_in_every_corner(void **state)
{
    static const double levels[] = {1e-300, 1e-9, 0.5, 0.95, 1.0 - 1e-9, 1.0 - 0x1p-53};
    static const uint64_t of[] = {
        1, 2, 100, 1000003, UINT64_C(1) << 32, UINT64_C(1) << 53, UINT64_C(1) << 62};
    (void)state;

    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        const uint64_t n = of[i];
        const uint64_t cases[] = {0, 1, n / 1000, n / 2, n - n / 3, n - 1, n};

        for (size_t j = 0; j < sizeof cases / sizeof cases[0]; j++) {
            for (size_t at = 0; at < 3 * sizeof levels / sizeof levels[0]; at++) {
                const lk_interval got =
                    lk_binomial_interval(methods[at % 3], n, cases[j], levels[at / 3]);

                assert_true(got.lo >= 0.0 && got.lo <= got.hi && got.hi <= 1.0);
                assert_true(cases[j] > 0 || got.lo == 0.0);
                assert_true(cases[j] < n || got.hi == 1.0);
            }
        }
    }
}

static void intervals_do_not_depend_on_the_gsl_handler(void **state)
{
    const lk_interval with = lk_binomial_interval(LK_INTERVAL_JEFFREYS, 1000, 3, 0.95);
    gsl_error_handler_t *old = gsl_set_error_handler_off();
    const lk_interval without =
        lk_binomial_interval(LK_INTERVAL_JEFFREYS, 1000, 3, 0.95);
    (void)state;

    intervals_are_sound_in_every_corner(state);
    gsl_set_error_handler(old);
    assert_true(with.lo == without.lo && with.hi == without.hi);
}

/* Failures for successes mirrors the interval; a double near one has 1e-16 of room. */
static void intervals_are_symmetric(void **state)
{
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        for (uint64_t c = 0; c <= 50; c++) {
            const lk_interval a = lk_binomial_interval(methods[m], 50, c, 0.9);
            const lk_interval b = lk_binomial_interval(methods[m], 50, 50 - c, 0.9);

            assert_true(fabs(a.lo - (1.0 - b.hi)) < 1e-15);
            assert_true(fabs(a.hi - (1.0 - b.lo)) < 1e-15);
        }
    }
}

/* The chance that the interval of a binomial count covers its p, summed exactly. */
static double coverage(lk_binomial_method method, uint64_t n, double p, double level)
{
    double sum = 0.0;

    for (uint64_t c = 0; c <= n; c++) {
        const lk_interval got = lk_binomial_interval(method, n, c, level);
        const double x = (double)c, all = (double)n;

        if (got.lo > p || got.hi < p) continue;
        sum += exp(lgamma(all + 1.0) - lgamma(x + 1.0) - lgamma(all - x + 1.0) +
                   x * log(p) + (all - x) * log1p(-p));
    }
    return sum;
}

/* Clopper-Pearson never covers less than its level; the others do so on average over p,
 * which for n = 30 is 0.9508 and 0.9519. */
static void intervals_cover_their_level(void **state)
{
    enum { POINTS = 199 };
    double mean[3] = {0};
    (void)state;

    for (int i = 1; i <= POINTS; i++) {
        const double p = (double)i / (POINTS + 1);

        for (size_t m = 0; m < 3; m++) {
            const double covered = coverage(methods[m], 30, p, 0.95);

            mean[m] += covered / POINTS;
            assert_true(m > 0 || covered > 0.95 - 1e-12);
        }
    }
    assert_true(mean[0] > 0.96);
    assert_true(fabs(mean[1] - 0.9508) < 1e-4);
    assert_true(fabs(mean[2] - 0.9519) < 1e-4);
}

static void intervals_are_nan_outside_their_domain(void **state)
{
    static const double levels[] = {0.0, 1.0, -0.5, 1.5, NAN};
    (void)state;

    for (size_t m = 0; m < 3; m++) {
        for (size_t i = 0; i < 5; i++) {
            assert_true(isnan(lk_binomial_interval(methods[m], 10, 3, levels[i]).lo));
            assert_true(isnan(lk_binomial_interval(methods[m], 10, 3, levels[i]).hi));
        }
        assert_true(isnan(lk_binomial_interval(methods[m], 0, 0, 0.95).lo));
        assert_true(isnan(lk_binomial_interval(methods[m], 10, 11, 0.95).hi));
        assert_true(isnan(lk_passk_interval(methods[m], 10, 3, 0.0, 0.95).lo));
        assert_true(isnan(lk_passk_interval(methods[m], 10, 3, NAN, 0.95).hi));
    }
}

static void passk_interval_maps_the_ends(void **state)
{
    const lk_interval p = lk_binomial_interval(LK_INTERVAL_WILSON, 100, 3, 0.95);
    const lk_interval two = lk_passk_interval(LK_INTERVAL_WILSON, 100, 3, 2.0, 0.95);
    const lk_interval rare = lk_passk_interval(LK_INTERVAL_CLOPPER_PEARSON,
                                               1000000000000000, 0, 1000.0, 0.95);
    const lk_interval ever =
        lk_passk_interval(LK_INTERVAL_CLOPPER_PEARSON, 100, 0, INFINITY, 0.95);
    (void)state;

    check_rel(two.lo, p.lo * (2.0 - p.lo), 1e-14);
    check_rel(two.hi, p.hi * (2.0 - p.hi), 1e-14);
    check_rel(rare.hi, -expm1(1000.0 * log(0.025) / 1e15), 1e-13);
    assert_true(ever.lo == 0.0 && ever.hi == 1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_match_40_digit_arithmetic),
        cmocka_unit_test(clopper_pearson_of_no_success_in_1e8),
        cmocka_unit_test(intervals_are_sound_in_every_corner),
        cmocka_unit_test(intervals_do_not_depend_on_the_gsl_handler),
        cmocka_unit_test(intervals_are_symmetric),
        cmocka_unit_test(intervals_cover_their_level),
        cmocka_unit_test(intervals_are_nan_outside_their_domain),
        cmocka_unit_test(passk_interval_maps_the_ends),
    };
    return cmocka_run_group_tests_name("interval", tests, NULL, NULL);
}
