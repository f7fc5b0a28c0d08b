/* test_agreement.c - counts against estimates. */
#include <math.h>

#include "largek/agreement.h"
#include "support/check.h"

/* Without uncertainty: exact binomial tails.  3 of 10 at 1/2: P(C <= 3) = 176/1024. */
static void a_known_chance_gives_the_binomial_test(void **state)
{
    (void)state;
    check_rel(lk_agreement(10, 3, log(0.5), 0.0), 2.0 * 176.0 / 1024.0, 1e-12);
    check_rel(lk_agreement(10, 7, log(0.5), 0.0), 2.0 * 176.0 / 1024.0, 1e-12);
    check_rel(lk_agreement(10, 0, log(0.5), 0.0), 2.0 / 1024.0, 1e-12);
    check_rel(lk_agreement(10, 5, log(0.5), 0.0), 1.0, 1e-12);
    /* 1 success of 1e9 at 1e-15: P(C >= 1) = 1e-6 (1 - 5e-7). */
    check_rel(lk_agreement(1000000000, 1, log(1e-15), 0.0), 2e-6 * (1.0 - 5e-7), 1e-9);
    /* p below the smallest double: a success cannot be. */
    assert_true(lk_agreement(100, 1, -2000.0, 0.0) == 0.0);
    check_rel(lk_agreement(100, 0, -2000.0, 0.0), 1.0, 1e-15);
}

/* For large counts C / n is normal around p with both variances together: 4 % off, 2 % of
 * the estimate and 1 % of the counts is z = 1.789, p = 0.0736; a hundredth of that for
 * skewness and lattice. */
static void an_uncertain_chance_widens_it(void **state)
{
    const double p = lk_agreement(1000000, 10400, log(0.01), 0.02);

    (void)state;
    check_rel(p, 0.0765, 0.03);
    assert_true(lk_agreement(1000000, 10400, log(0.01), 0.0) < 1e-4);
    assert_true(isnan(lk_agreement(10, 11, -1.0, 0.1)));
    assert_true(isnan(lk_agreement(0, 0, -1.0, 0.1)));
    assert_true(isnan(lk_agreement(10, 1, 0.5, 0.1)));
    assert_true(isnan(lk_agreement(10, 1, NAN, 0.1)));
}

/* Two samples: the same share agrees; 100 of 100 is no proof of p = 1, for which 9990 of
 * 10000 would be impossible; half is not a tenth. */
static void counts_agree_with_counts(void **state)
{
    (void)state;
    assert_true(lk_agreement_of_counts(10000, 1000, 5000, 500) > 0.9);
    assert_true(lk_agreement_of_counts(10000, 9990, 100, 100) > 0.5);
    assert_true(lk_agreement_of_counts(1000, 500, 1000, 100) < 1e-12);
    assert_true(isnan(lk_agreement_of_counts(10, 1, 0, 0)));
    /* z = 0.02 / sqrt(2 * 0.25 / 10000) = 2.83, p = 0.0047; a tenth for the lattice. */
    check_rel(lk_agreement_of_counts(10000, 5200, 10000, 5000), 0.0047, 0.1);
}

/* .005 <= .05/4, .01 <= .05/3, .03 > .05/2 ends it. */
static void holm_refuses_in_order(void **state)
{
    const double p[] = {0.04, 0.01, NAN, 0.03, 0.005};
    bool refused[5];
    size_t count = 0;

    (void)state;
    assert_int_equal(lk_holm(p, 5, 0.05, refused, &count, NULL), LK_OK);
    assert_int_equal(count, 2);
    assert_true(refused[1] && refused[4] && !refused[0] && !refused[2] && !refused[3]);
    assert_int_equal(lk_holm(p, 5, 0.08, refused, &count, NULL), LK_OK);
    assert_int_equal(count, 4);
    assert_int_equal(lk_holm(NULL, 0, 0.05, refused, &count, NULL), LK_OK);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_chance_gives_the_binomial_test),
        cmocka_unit_test(an_uncertain_chance_widens_it),
        cmocka_unit_test(counts_agree_with_counts),
        cmocka_unit_test(holm_refuses_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
