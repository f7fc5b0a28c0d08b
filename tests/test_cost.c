/* test_cost.c - costs by hand, and back. */
#include "largek/cost.h"

#include <math.h>

#include "largek/forecast.h"
#include "largek/passk.h"
#include "support/check.h"

static const lk_cost_model model = {.flops_per_token = 2e9,
                                    .prompt_tokens = 200,
                                    .answer_tokens = 500,
                                    .cached = true,
                                    .flops_per_s = 1e12,
                                    .prompt_price = 3.0,
                                    .answer_price = 15.0};

/* Pythia 12B: 36 layers of 5120, context 2048. */
static void flops_of_a_token(void **state)
{
    (void)state;
    check_rel(lk_flops_per_token(12e9, 36, 5120, 2048),
              2.0 * (12e9 + 2.0 * 36 * 5120 * 2048), 1e-15);
    check_rel(lk_flops_per_token(1e9, 0, 0, 0), 2e9, 0.0);
    assert_true(isnan(lk_flops_per_token(0, 1, 1, 1)));
    assert_true(isnan(lk_flops_per_token(1e9, -1, 1, 1)));
}

static void costs_by_hand(void **state)
{
    lk_cost_model again = model;
    (void)state;

    again.cached = false;
    check_rel(lk_cost(&model, LK_COST_FLOPS, 10), 2e9 * (200 + 10 * 500.0), 1e-15);
    check_rel(lk_cost(&again, LK_COST_FLOPS, 10), 10 * 2e9 * 700.0, 1e-15);
    check_rel(lk_cost(&model, LK_COST_TOKENS, 10), 5200, 1e-15);
    check_rel(lk_cost(&model, LK_COST_SECONDS, 10), 2e9 * 5200 / 1e12, 1e-15);
    check_rel(lk_cost(&model, LK_COST_MONEY, 10), (200 * 3.0 + 5000 * 15.0) * 1e-6,
              1e-15);
    check_rel(lk_cost(&again, LK_COST_MONEY, 10), 10 * (200 * 3.0 + 500 * 15.0) * 1e-6,
              1e-15);
    check_rel(lk_cost(&model, LK_COST_FLOPS, 0), 0.0, 0.0);
    again.flops_per_s = NAN;
    assert_true(isnan(lk_cost(&again, LK_COST_SECONDS, 1)));
}

static void budgets_buy_what_costs_them(void **state)
{
    lk_cost_model again = model;
    (void)state;

    again.cached = false;
    for (int unit = 0; unit < LK_COST_UNITS; unit++) {
        for (double k = 1.0; k < 1e9; k *= 10.0) {
            const lk_cost_unit u = (lk_cost_unit)unit;

            check_rel(lk_cost_attempts(&model, u, lk_cost(&model, u, k)), k, 1e-13);
            check_rel(lk_cost_attempts(&again, u, lk_cost(&again, u, k)), k, 1e-13);
        }
    }
    assert_true(lk_cost_attempts(&model, LK_COST_TOKENS, 100) < 0.0);
}

/* Attempts until a success or k of them: the sum of the chances that j fail, j < k. */
static void attempts_until_solved(void **state)
{
    const double param[] = {0.3, 5.0};
    const lk_fit_law *law = NULL;
    double counts = 0.0, fitted = 0.0;
    (void)state;

    assert_int_equal(lk_fit_find("beta-binomial", &law, NULL), LK_OK);
    for (uint64_t k = 1; k <= 2000; k++) {
        counts += k == 1 ? 1.0 : 1.0 - lk_passk(2000, 7, k - 1);
        fitted += k == 1 ? 1.0 : 1.0 - lk_fit_law_pass(law, param, (double)(k - 1));
        check_rel(lk_passk_attempts(2000, 7, k), counts, 1e-12);
        check_rel(lk_fit_law_attempts(law, param, (double)k), fitted, 1e-10);
    }
    /* sum_{j<n} E(1-p)^j of Beta(a, b) is ((a+b-1) - (a+b+n-1) L(n))/(a-1). */
    const double n = 1e12, loss = exp(lk_fit_law_log_failure(law, param, n));
    check_rel(lk_fit_law_attempts(law, param, n), (4.3 - (4.3 + n) * loss) / -0.7,
              1e-9);
    check_rel(lk_passk_attempts(10, 0, 10), 10.0, 1e-14);
    check_rel(lk_passk_attempts(10, 10, 10), 1.0, 1e-14);
    assert_true(isnan(lk_passk_attempts(10, 1, 11)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flops_of_a_token),
        cmocka_unit_test(costs_by_hand),
        cmocka_unit_test(budgets_buy_what_costs_them),
        cmocka_unit_test(attempts_until_solved),
    };
    return cmocka_run_group_tests_name("cost", tests, NULL, NULL);
}
