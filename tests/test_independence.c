/* test_independence.c - statistics of order against their definitions, and chances against
 * every permutation there is. */
#include "largek/independence.h"

#include <math.h>
#include <omp.h>
#include <stdbool.h>

#include "largek/stream.h"
#include "support/check.h"

static const lk_independence_options few = {4, 999, 1};

static lk_independence of_rows(const uint8_t *x, size_t problems, size_t n,
                               const lk_independence_options *options)
{
    size_t first[65];
    lk_independence out = {0};

    for (size_t i = 0; i <= problems; i++) first[i] = i * n;
    assert_int_equal(
        lk_independence_of_outcomes(first, x, problems, options, &out, NULL), LK_OK);
    return out;
}

static void statistics_by_hand(void **state)
{
    /* p = 1/2: squares 4/4 and products 3 (-1/4); blocks of two are 1 and 1 of 1 each. */
    const uint8_t x[] = {0, 1, 0, 1, 1, 1, 0, 0};
    const lk_independence_options two = {2, 99, 1};
    const lk_independence one = of_rows(x, 1, 4, &two);
    const lk_independence both = of_rows(x, 2, 4, &two);
    (void)state;

    check_rel(one.lag1.value, -0.75, 1e-15);
    check_rel(one.lag1.expected, -0.25, 1e-15);
    check_rel(one.dispersion.value, 0.0, 0.0);
    check_rel(one.dispersion.expected, 4.0 / 3.0, 1e-15);
    assert_true(isnan(one.rho.value));
    /* The second row: products 1/4 - 1/4 + 1/4; blocks 2 and 0 of 2, 1 each: (1 + 1)/(1/2). */
    check_rel(both.lag1.value, -0.25, 1e-15);
    check_rel(both.dispersion.value, 2.0, 1e-15);
    /* No variance between, 2/6 within: (0 - 1/3)/(0 + 3/3). */
    check_rel(both.rho.value, -1.0 / 3.0, 1e-15);
    assert_int_equal(both.mixed, 2);
    assert_int_equal(both.attempts, 8);
}

/* All C(10, 4) orders of one problem: how many are as far from the mean on either side, and
 * as high.  Seen with 40,000 permutations, five standard errors: a correct program meets
 * such a seed once in 600,000. */
static void chances_are_those_of_all_permutations(void **state)
{
    enum { N = 10, C = 4, R = 40000 };
    const uint8_t seen[N] = {1, 1, 0, 0, 1, 1, 0, 0, 0, 0};
    const lk_independence_options all = {5, R, 7}, one = {5, 1, 7};
    const lk_independence want = of_rows(seen, 1, N, &all);
    double as_far = 0.0, as_high = 0.0, orders = 0.0, mean = 0.0, blocks = 0.0;
    (void)state;

    for (unsigned bits = 0; bits < 1u << N; bits++) {
        uint8_t x[N];

        if (__builtin_popcount(bits) != C) continue;
        for (int j = 0; j < N; j++) x[j] = bits >> j & 1;
        const lk_independence here = of_rows(x, 1, N, &one);

        orders += 1.0;
        mean += here.lag1.value;
        blocks += here.dispersion.value;
        as_far += fabs(here.lag1.value - here.lag1.expected) >=
                  fabs(want.lag1.value - want.lag1.expected) - 1e-12;
        as_high += here.dispersion.value >= want.dispersion.value - 1e-12;
    }
    check_rel(orders, 210.0, 0.0);
    check_rel(mean / orders, want.lag1.expected, 1e-13);
    check_rel(blocks / orders, want.dispersion.expected, 1e-13);
    const double far = as_far / orders, high = as_high / orders;
    check_mean(want.lag1.p, far, sqrt(far * (1.0 - far) / R));
    check_mean(want.dispersion.p, high, sqrt(high * (1.0 - high) / R));
}

/* Outcomes of 20 problems; each repeats the one before with chance `sticky`. */
static void make(uint64_t seed, double sticky, uint8_t x[20 * 50])
{
    for (uint64_t i = 0; i < 20; i++) {
        for (uint64_t j = 0; j < 50; j++) {
            const lk_u32x4 w = lk_words(seed, LK_PURPOSE_BOOTSTRAP, i, j);
            const bool repeats = j > 0 && w.w[1] < sticky * 0x1p32;

            x[i * 50 + j] =
                repeats ? x[i * 50 + j - 1] : w.w[0] < 0x1p32 * (double)(i + 1) / 25.0;
        }
    }
}

/* 1,000 sets of independent attempts, 99 permutations each: p <= 0.05 happens to one in
 * twenty, within five standard errors.  Two checks: once in 800,000 for a correct one. */
static void false_alarms_are_as_many_as_stated(void **state)
{
    enum { SETS = 1000 };
    const lk_independence_options quick = {5, 99, 3};
    uint8_t x[20 * 50];
    double lag = 0.0, blocks = 0.0;
    (void)state;

    for (uint64_t s = 0; s < SETS; s++) {
        make(100 + s, 0.0, x);
        const lk_independence found = of_rows(x, 20, 50, &quick);

        lag += found.lag1.p <= 0.05;
        blocks += found.dispersion.p <= 0.05;
    }
    check_mean(lag / SETS, 0.05, sqrt(0.05 * 0.95 / SETS));
    check_mean(blocks / SETS, 0.05, sqrt(0.05 * 0.95 / SETS));
}

static void dependent_attempts_are_found(void **state)
{
    uint8_t x[20 * 50];
    (void)state;

    make(1, 0.3, x);
    const lk_independence found = of_rows(x, 20, 50, &few);
    check_rel(found.lag1.p, 0.001, 1e-12); /* the least that 999 permutations can say */
    assert_true(found.lag1.value > 0.15);
    assert_true(found.dispersion.value > 1.2);
    check_rel(found.dispersion.p, 0.001, 1e-12);
}

static void threads_change_nothing(void **state)
{
    uint8_t x[20 * 50];
    (void)state;

    make(2, 0.1, x);
    omp_set_num_threads(1);
    const lk_independence one = of_rows(x, 20, 50, &few);
    omp_set_num_threads(3);
    const lk_independence three = of_rows(x, 20, 50, &few);
    omp_set_num_threads(1);
    assert_memory_equal(&one, &three, sizeof one);
}

/* Four problems, 10 attempts: by hand, SS between 10 (.2^2 + .1^2 + .1^2 + .2^2) = 1 and
 * within 10 (.3 .7 + .4 .6 + .6 .4 + .7 .3) = 9; rho = (1/3 - 1/4)/(1/3 + 9/4). */
static void rho_from_counts(void **state)
{
    const uint64_t n[] = {10, 10, 10, 10}, c[] = {3, 4, 6, 7};
    lk_independence out = {0};
    (void)state;

    assert_int_equal(lk_independence_of_counts(n, c, 4, &few, &out, NULL), LK_OK);
    check_rel(out.rho.value, (1.0 / 3 - 0.25) / (1.0 / 3 + 2.25), 1e-14);
    check_rel(out.design_effect, 1.0 + 9.0 * out.rho.value, 1e-14);
    check_rel(out.effective_attempts, 40.0 / out.design_effect, 1e-14);
    assert_true(isnan(out.lag1.value) && isnan(out.dispersion.value));
    assert_true(out.rho.p > 0.1 && out.rho.p < 0.5); /* chi-square 4 on 3: about 0.26 */
}

static void what_is_not_defined_is_nan(void **state)
{
    const uint8_t none[] = {0, 0, 0, 0, 0, 0}, single[] = {1};
    const lk_independence zero = of_rows(none, 2, 3, &few);
    const lk_independence one = of_rows(single, 1, 1, &few);
    const uint64_t n[] = {10}, c[] = {11};
    lk_independence out = {0};
    const lk_independence_options no_blocks = {1, 9, 1}, no_permutations = {2, 0, 1};
    lk_error err = {0};
    (void)state;

    assert_true(isnan(zero.lag1.value) && isnan(zero.dispersion.value));
    assert_true(isnan(zero.rho.value) && isnan(zero.design_effect));
    assert_true(isnan(one.lag1.p) && isnan(one.rho.p));
    assert_int_equal(lk_independence_of_counts(n, c, 1, &few, &out, &err), LK_E_ARG);
    assert_int_equal(lk_independence_of_counts(n, c, 0, &few, &out, &err), LK_E_ARG);
    assert_int_equal(lk_independence_of_counts(n, n, 1, &no_blocks, &out, &err),
                     LK_E_ARG);
    assert_int_equal(lk_independence_of_counts(n, n, 1, &no_permutations, &out, &err),
                     LK_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_by_hand),
        cmocka_unit_test(chances_are_those_of_all_permutations),
        cmocka_unit_test(false_alarms_are_as_many_as_stated),
        cmocka_unit_test(dependent_attempts_are_found),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(rho_from_counts),
        cmocka_unit_test(what_is_not_defined_is_nan),
    };
    return cmocka_run_group_tests_name("independence", tests, NULL, NULL);
}
