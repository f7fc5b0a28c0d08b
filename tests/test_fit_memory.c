/* test_fit_memory.c - the N-th allocation of a fit fails, for every N that there is: a clean
 * error, and nothing leaked.
 */
#define _GNU_SOURCE /* dladdr */
#include "support/failing_malloc.h"

#include "largek/fit.h"
#include "support/check.h"

#if LK_FAILING_MALLOC

enum { PROBLEMS = 60 };

static const char *const names[] = {"beta-binomial", "two-beta", "kumaraswamy-binomial",
                                    "discretised-beta", "levi"};
static const lk_fit_law *law;

static lk_status fit_some(lk_error *err)
{
    static const uint64_t k[] = {1, 2, 5, 10, 20, 50, 100};
    lk_fit_options options = lk_fit_defaults;
    uint64_t n[PROBLEMS], c[PROBLEMS];
    lk_fit_result ignored;

    for (uint64_t i = 0; i < PROBLEMS; i++) {
        n[i] = 200 + i % 7;
        c[i] = i * i % 83;
    }
    options.k = k;
    options.k_count = sizeof k / sizeof k[0];
    return lk_fit(law, n, c, PROBLEMS, &options, &ignored, err);
}

static void never_fine(lk_status st)
{
    assert_true(st == LK_OK || st == LK_E_MEMORY);
}

static void fits_leak_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(lk_fit_find(names[i], &law, NULL), LK_OK);
        assert_true(fail_each(fit_some, never_fine) >= 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fits_leak_nothing)};

    return cmocka_run_group_tests_name("fit_memory", tests, NULL, NULL);
}

#else

int main(void)
{
    return 77; /* skipped */
}

#endif
