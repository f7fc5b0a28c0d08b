/* test_node_table.c - integrals over shared nodes against the adaptive ones. */
#include "stats/node_table.h"

#include <math.h>
#include <stdio.h>

#include "support/check.h"

/* Laws from flat to sharp, and scales at which the largest counts press against the end. */
static const struct {
    lk_mix_kind kind;
    double a, b, scale;
} laws[] = {
    {LK_MIX_BETA, 0.3, 3.0, 0.5},           {LK_MIX_BETA, 0.05, 0.2, 1.0},
    {LK_MIX_BETA, 1.0, 1.0, 1.0},           {LK_MIX_BETA, 20.0, 30.0, 0.9},
    {LK_MIX_BETA, 500.0, 800.0, 1.0},       {LK_MIX_BETA, 0.3, 0.1, 0.999},
    {LK_MIX_BETA, 1e5, 1e5, 0.99},          {LK_MIX_KUMARASWAMY, 0.35, 1.7, 0.683},
    {LK_MIX_KUMARASWAMY, 0.02, 0.1, 1.0},   {LK_MIX_KUMARASWAMY, 3.0, 40.0, 0.9},
    {LK_MIX_KUMARASWAMY, 2.0, 0.05, 0.3},   {LK_MIX_KUMARASWAMY, 0.1, 1e-3, 0.7},
    {LK_MIX_KUMARASWAMY, 60.0, 2000.0, 1.0}};
static const double attempts[] = {1, 2, 10, 100, 1e4, 1e6, 1e9};
static const double shares[] = {0.0,  1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2,  0.29,
                                0.31, 0.49, 0.51, 0.68, 0.7,  0.9,  0.99, 1.0};
enum {
    LAWS = sizeof laws / sizeof laws[0],
    SIZES = sizeof attempts / sizeof attempts[0],
    SHARES = sizeof shares / sizeof shares[0]
};

static bool close(double got, double want, double rel)
{
    return fabs(got - want) <= rel * (1.0 + fabs(want));
}

/* The value: 1e-10, as promised.  Derivatives: what is summed is larger than what is left,
 * that by the scale most of all, whose terms are of the size of `bend`; 1e-10 of the terms,
 * far below what a search or a standard error sees.  A scale of 1 is the end of its range:
 * nothing asks for more than the sign there, and by few failures the integral diverges. */
static void check_one(const lk_mixing *m, double n, double x, const lk_mixed *got)
{
    const lk_kernel kernel = {LK_KERNEL_BINOMIAL, n, x};
    const double odds = x / n / (1.0 - x / n * 0.999);
    const double bend = (x + (n - x) * odds * odds) / (m->scale * m->scale);
    const int params = m->scale < 1.0 ? 3 : 2;
    lk_mixed value, slopes;

    lk_mixing_integrate(m, &kernel, false, &value);
    lk_mixing_integrate(m, &kernel, true, &slopes);
    assert_true(close(got->log_value, value.log_value, 1e-10));
    for (int i = 0; i < params; i++) {
        const double size = fabs(slopes.hess[i][i]) + slopes.grad[i] * slopes.grad[i];

        assert_true(fabs(got->grad[i] - slopes.grad[i]) <
                    1e-8 * (1.0 + sqrt(size)) + 1e-10 * bend * (i == 2));
        for (int j = 0; j < params; j++) {
            const double other =
                fabs(slopes.hess[j][j]) + slopes.grad[j] * slopes.grad[j];

            assert_true(fabs(got->hess[i][j] - slopes.hess[i][j]) <
                        1e-8 * (1.0 + sqrt(size * other)) +
                            1e-10 * bend * (i == 2 || j == 2));
        }
    }
}

/* Also that most counts have a place: a table that refused all would be right, and slow. */
static void shared_nodes_agree_with_adaptive_ones(void **state)
{
    lk_node_table table;
    size_t served = 0, all = 0;
    (void)state;

    assert_true(lk_node_table_init(&table));
    for (size_t l = 0; l < LAWS; l++) {
        const lk_mixing m =
            lk_mixing_of(laws[l].kind, laws[l].a, laws[l].b, laws[l].scale);
        double n[SIZES * SHARES], x[SIZES * SHARES];
        size_t count = 0, here = 0;

        for (size_t i = 0; i < SIZES * SHARES; i++) {
            n[count] = attempts[i / SHARES];
            x[count] = floor(shares[i % SHARES] * n[count]);
            if (i % SHARES == 0 || x[count] > x[count - 1]) count++;
        }
        lk_node_table_fill(&table, &m, n, x, count);
        for (size_t i = 0; i < count; i++) {
            lk_mixed got;

            if (!lk_node_table_integrate(&table, n[i], x[i], &got)) continue;
            check_one(&m, n[i], x[i], &got);
            here++;
        }
        print_message("law %zu: %zu of %zu\n", l, here, count);
        served += here;
        all += count;
    }
    lk_node_table_release(&table);
    assert_true((double)served > 0.5 * (double)all);
}

/* What a count gets does not depend on what else the table holds. */
static void a_count_alone_gets_the_same(void **state)
{
    const double n[] = {100, 1e4, 1e4, 1e4}, x[] = {3, 5, 700, 4000};
    const lk_mixing m = lk_mixing_of(LK_MIX_KUMARASWAMY, 0.35, 1.7, 0.683);
    lk_node_table alone, together;
    (void)state;

    assert_true(lk_node_table_init(&alone) && lk_node_table_init(&together));
    lk_node_table_fill(&together, &m, n, x, 4);
    for (size_t i = 0; i < 4; i++) {
        lk_mixed one, of_many;

        lk_node_table_fill(&alone, &m, &n[i], &x[i], 1);
        assert_true(lk_node_table_integrate(&alone, n[i], x[i], &one));
        assert_true(lk_node_table_integrate(&together, n[i], x[i], &of_many));
        assert_true(one.log_value == of_many.log_value);
        assert_true(one.hess[2][2] == of_many.hess[2][2]);
    }
    lk_node_table_release(&alone);
    lk_node_table_release(&together);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_nodes_agree_with_adaptive_ones),
        cmocka_unit_test(a_count_alone_gets_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
