/* test_passk.c - pass@k against exact values and against its own definition. */
#include "largek/passk.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "largek/counts.h"
#include "support/check.h"

/* Opens a file of the reference data, or skips the test, aloud. */
static FILE *open_reference(const char *name)
{
    const char *folder = getenv("LARGEK_REFERENCE_DATA");
    char path[4096];
    FILE *file = NULL;

    if (folder != NULL) {
        snprintf(path, sizeof path, "%s/%s", folder, name);
        file = fopen(path, "r");
    }
    if (file == NULL) {
        print_message("skipped: no %s in $LARGEK_REFERENCE_DATA\n", name);
        skip();
    }
    return file;
}

/* largek/passk.h promises 1e-13 of both; a wide random search found 2e-15 at most. */
static void passk_matches_80_digit_arithmetic(void **state)
{
    FILE *file = fopen(LK_TEST_DATA "/passk.csv", "r");
    char line[200];
    uint64_t n, c, k;
    double pass, log_failure;
    int rows = 0;
    (void)state;

    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file)); /* the header */
    while (fgets(line, sizeof line, file) != NULL) {
        assert_int_equal(sscanf(line, "%" SCNu64 ",%" SCNu64 ",%" SCNu64 ",%lf,%lf", &n,
                                &c, &k, &pass, &log_failure),
                         5);
        check_rel(lk_passk(n, c, k), pass, 1e-13);
        check_rel(lk_passk_log_failure(n, c, k), log_failure, 1e-13);
        rows++;
    }
    assert_true(rows > 100);
    fclose(file);
}

/* C(n-c, k)/C(n, k) by Pascal's rule on probabilities: draw attempt by attempt.  Each n
 * below crosses from the product to Stirling's formula; n^2 roundings of 1e-16. */
static void passk_methods_agree_with_a_recurrence(void **state)
{
    enum { N = 300 };
    (void)state;

    for (uint64_t c = 1; c < N; c++) {
        double failure = 1.0;

        for (uint64_t k = 1; k <= N - c; k++) {
            failure *= (double)(N - c - k + 1) / (double)(N - k + 1);
            check_rel(exp(-lk_passk_log_failure(N, c, k)), failure, 1e-12);
        }
    }
}

/* The defining property, with no random number: averaged over the successes that n
 * attempts of chance p may give, the estimate is 1 - (1-p)^k. */
static void passk_is_unbiased(void **state)
{
    enum { N = 40 };
    const double p = 0.03;
    (void)state;

    for (uint64_t k = 1; k <= N; k++) {
        double mean = 0.0;

        for (uint64_t c = 0; c <= N; c++) {
            const double log_choose =
                lgamma(N + 1.0) - lgamma((double)c + 1.0) - lgamma(N - (double)c + 1.0);
            mean += lk_passk(N, c, k) *
                    exp(log_choose + (double)c * log(p) + (N - (double)c) * log1p(-p));
        }
        check_rel(mean, -expm1((double)k * log1p(-p)), 1e-12); /* lgamma's 1e-14 x 40 */
    }
}

static void passk_is_certain_where_failures_cannot_fill_k(void **state)
{
    (void)state;
    assert_true(lk_passk(10, 4, 7) == 1.0); /* 6 failures, 7 attempts */
    assert_true(lk_passk(10, 4, 6) < 1.0);
    assert_true(lk_passk(10, 10, 1) == 1.0);
    assert_true(isinf(lk_passk_log_failure(10, 4, 7)));
    assert_true(lk_passk(10, 0, 10) == 0.0 && !signbit(lk_passk(10, 0, 10)));
    assert_true(lk_passk_log_failure(10, 0, 10) == 0.0);
    assert_true(!signbit(lk_passk_log_failure(10, 0, 10)));
}

static void passk_is_nan_outside_its_domain(void **state)
{
    const uint64_t most = UINT64_C(1) << 53;
    (void)state;
    assert_true(isnan(lk_passk(10, 11, 1)));
    assert_true(isnan(lk_passk(10, 1, 0)));
    assert_true(isnan(lk_passk(10, 1, 11)));
    assert_true(isnan(lk_passk(10, 10, 11)));
    assert_true(isnan(lk_passk(0, 0, 1)));
    assert_true(isnan(lk_passk(10, 1, UINT64_C(1) << 63)));
    assert_true(isnan(lk_passk(most + 1, 1, 1)));
    assert_true(isnan(lk_passk_log_failure(most + 1, 1, 1)));
    check_rel(lk_passk(most, 1, 1), 0x1p-53, 1e-13);
}

/* A loop over a billion factors would take seconds a call. */
static void passk_takes_bounded_time(void **state)
{
    const clock_t start = clock();
    double sum = 0.0;
    (void)state;

    for (uint64_t i = 0; i < 10000; i++) {
        sum += lk_passk(UINT64_C(1) << 53, 1000000000 + i, 1000000001);
    }
    assert_true(sum > 0.0);
    assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 1.0);
}

static void passk_plugin_is_the_exponential_law(void **state)
{
    (void)state;
    check_rel(lk_passk_plugin(10, 1, 2.0), 0.19, 1e-15);
    check_rel(lk_passk_plugin(10, 1, 1e300), 1.0, 0.0);
    check_rel(lk_passk_plugin(10, 9, 2.0), 0.99, 1e-15);
    check_rel(lk_passk_plugin(1000000000000, 1, 3.0), 2.999999999997e-12, 1e-14);
    assert_true(lk_passk_plugin(10, 0, INFINITY) == 0.0);
    assert_true(lk_passk_plugin(10, 10, 1.0) == 1.0);
    assert_true(isnan(lk_passk_plugin(0, 0, 1.0)));
    assert_true(isnan(lk_passk_plugin(10, 11, 1.0)));
    assert_true(isnan(lk_passk_plugin(10, 1, 0.5)));
    assert_true(isnan(lk_passk_plugin(10, 1, NAN)));
}

/* At k = 1 the estimates are c/n: 0.1, 0.2 and 0.6, of variance 0.07. */
static void passk_mean_weighs_problems_alike(void **state)
{
    const uint64_t n[] = {10, 100, 1000}, c[] = {1, 20, 600};
    lk_estimate out = {0};
    (void)state;

    assert_int_equal(lk_passk_mean(n, c, 3, 1, &out, NULL), LK_OK);
    check_rel(out.mean, 0.3, 1e-15);
    check_rel(out.std_error, sqrt(0.07 / 3.0), 1e-15);
    assert_int_equal(lk_passk_mean(n, c, 1, 1, &out, NULL), LK_OK);
    assert_true(isnan(out.std_error));
}

static void passk_mean_names_the_problem_that_is_short_of_attempts(void **state)
{
    const uint64_t n[] = {100, 100, 50}, c[] = {1, 2, 3};
    lk_estimate out = {7.0, 7.0};
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_passk_mean(n, c, 3, 60, &out, &err), LK_E_ARG);
    assert_string_equal(err.text, "problem 2: pass@60 from 3 successes in 50 attempts");
    assert_int_equal(lk_passk_mean(n, c, 0, 1, &out, &err), LK_E_ARG);
    assert_int_equal(lk_passk_mean(n, c, 3, 0, &out, &err), LK_E_ARG);
    assert_true(out.mean == 7.0); /* a failure writes no output */
}

static void passk_matches_published_values(void **state)
{
    FILE *file = open_reference("reference_values.csv");
    char line[1000];
    uint64_t n, c, k;
    double want;
    int rows = 0;
    (void)state;

    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line,
                   "pass_at_k_unbiased,n=%" SCNu64 " c=%" SCNu64 " k=%" SCNu64 ",%lf",
                   &n, &c, &k, &want) != 4) {
            continue;
        }
        check_rel(lk_passk(n, c, k), want, 1e-13);
        rows++;
    }
    fclose(file);
    assert_int_equal(rows, 7);
}

/* Published to six digits after the point, five for pass@100. */
static void passk_matches_the_pythia_table(void **state)
{
    static const struct {
        const char *model;
        double pass_1, pass_100, pass_10000;
    } want[] = {
        {"Pythia 70M", 0.000647, 0.03610, 0.265625},
        {"Pythia 160M", 0.002673, 0.16191, 0.570312},
        {"Pythia 410M", 0.006219, 0.22718, 0.656250},
        {"Pythia 1B", 0.008334, 0.27452, 0.742188},
        {"Pythia 2.8B", 0.020312, 0.42204, 0.812500},
        {"Pythia 6.9B", 0.018560, 0.43165, 0.835938},
        {"Pythia 12B", 0.023191, 0.48343, 0.875000},
    };
    char path[4096];
    lk_counts counts = {0};
    (void)state;

    fclose(open_reference("pythia_math.csv"));
    snprintf(path, sizeof path, "%s/pythia_math.csv", getenv("LARGEK_REFERENCE_DATA"));
    assert_int_equal(lk_counts_read(path, LK_DUPLICATE_REFUSE, &counts, NULL, NULL),
                     LK_OK);
    assert_int_equal(counts.groups, 7);
    assert_string_equal(counts.group_column[1], "model");
    for (size_t i = 0; i < counts.groups; i++) {
        const lk_count_group *group = &counts.group[i];
        lk_estimate one = {0}, hundred = {0}, all = {0};
        size_t row = 0;

        while (row < 7 && strcmp(want[row].model, group->value[1]) != 0) row++;
        assert_true(row < 7);
        assert_int_equal(group->problems, 128);
        lk_passk_mean(group->n, group->c, 128, 1, &one, NULL);
        lk_passk_mean(group->n, group->c, 128, 100, &hundred, NULL);
        lk_passk_mean(group->n, group->c, 128, 10000, &all, NULL);
        assert_true(fabs(one.mean - want[row].pass_1) < 5.1e-7);
        assert_true(fabs(hundred.mean - want[row].pass_100) < 5.1e-6);
        assert_true(fabs(all.mean - want[row].pass_10000) < 5.1e-7);
    }
    lk_counts_release(&counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passk_matches_80_digit_arithmetic),
        cmocka_unit_test(passk_methods_agree_with_a_recurrence),
        cmocka_unit_test(passk_is_unbiased),
        cmocka_unit_test(passk_is_certain_where_failures_cannot_fill_k),
        cmocka_unit_test(passk_is_nan_outside_its_domain),
        cmocka_unit_test(passk_takes_bounded_time),
        cmocka_unit_test(passk_plugin_is_the_exponential_law),
        cmocka_unit_test(passk_mean_weighs_problems_alike),
        cmocka_unit_test(passk_mean_names_the_problem_that_is_short_of_attempts),
        cmocka_unit_test(passk_matches_published_values),
        cmocka_unit_test(passk_matches_the_pythia_table),
    };
    return cmocka_run_group_tests_name("passk", tests, NULL, NULL);
}
