/* test_canonical.c - the functions of the canonical score: right, and the same for ever.
 *
 * data/canonical.csv has 50-digit values (data/make_canonical.py).
 */
#include "largek/canonical.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "support/check.h"

static double silu(double x)
{
    return lk_activate(LK_SILU, x);
}

/* The bounds that the head of largek/canonical.h promises. */
static const struct {
    const char *name;
    double (*function)(double);
    double near, far; /* relative error for |x| <= 8, and beyond */
} promise[] = {
    {"exp", lk_exp, 2e-16, 2e-16},         {"expm1", lk_expm1, 3e-16, 3e-16},
    {"sigmoid", lk_sigmoid, 4e-16, 4e-16}, {"silu", silu, 4e-16, 4e-16},
    {"tanh", lk_tanh, 5e-16, 5e-16},       {"erfc", lk_erfc, 2e-14, 7e-14},
    {"gelu", lk_gelu, 2e-14, 3e-13},
};

enum { FUNCTIONS = sizeof promise / sizeof promise[0] };

static void canonical_keeps_its_promise(void **state)
{
    char name[16], x_text[40], value_text[40], rest_text[40], line[200];
    size_t seen[FUNCTIONS] = {0};
    (void)state;

    FILE *file = fopen(LK_TEST_DATA "/canonical.csv", "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file)); /* column names */
    while (fgets(line, sizeof line, file) != NULL) {
        size_t f = 0;

        assert_int_equal(sscanf(line, "%15[^,],%39[^,],%39[^,],%39s", name, x_text,
                                value_text, rest_text),
                         4);
        while (f < FUNCTIONS && strcmp(name, promise[f].name) != 0) f++;
        assert_true(f < FUNCTIONS);
        const double x = strtod(x_text, NULL), value = strtod(value_text, NULL);
        const double rest = strtod(rest_text, NULL);
        const double off = (promise[f].function(x) - value) - rest;
        const double bound = fabs(x) <= 8.0 ? promise[f].near : promise[f].far;

        seen[f]++;
        if (fabs(off) <= bound * fabs(value)) continue;
        fail_msg("%s(%.17g) is off by %.3g, may be %.3g", name, x, off / value, bound);
    }
    fclose(file);
    for (size_t f = 0; f < FUNCTIONS; f++) assert_true(seen[f] >= 50);
}

/* What is cut off must still be a number of the right kind. */
static void canonical_is_sane_at_the_ends(void **state)
{
    const double inf = (double)INFINITY;
    (void)state;

    assert_true(lk_exp(0.0) == 1.0);
    assert_true(lk_expm1(0.0) == 0.0);
    assert_true(lk_exp(1e9) == lk_exp(708.0) && lk_exp(inf) < inf);
    assert_true(lk_exp(-1e9) == lk_exp(-708.0) && lk_exp(-inf) > 0.0);
    assert_true(lk_sigmoid(inf) == 1.0 && lk_sigmoid(0.0) == 0.5);
    assert_true(lk_sigmoid(-inf) >= 0.0 && lk_sigmoid(-inf) < 1e-300);
    assert_true(lk_tanh(inf) == 1.0 && lk_tanh(-inf) == -1.0 && lk_tanh(0.0) == 0.0);
    assert_true(lk_erfc(inf) == 0.0 && lk_erfc(-inf) == 2.0 && lk_erfc(0.0) == 1.0);
    assert_true(lk_gelu(50.0) == 50.0 && lk_gelu(0.0) == 0.0);
    assert_true(lk_activate(LK_RELU, -1.0) == 0.0 && lk_activate(LK_RELU, 2.0) == 2.0);
    assert_true(lk_activate(LK_IDENTITY, -3.0) == -3.0);
}

/* A score that is NaN must not turn into a success on its way. */
static void canonical_hands_nan_on(void **state)
{
    (void)state;
    for (int a = 0; a < LK_ACTIVATIONS; a++) {
        assert_true(isnan(lk_activate((lk_activation)a, (double)NAN)));
    }
}

/* Recorded counts hang on these bits.  Where this fails on a new compiler or machine, that
 * does not keep IEEE arithmetic; where a change of the functions is meant, so is a new
 * stream version. */
static void canonical_bits_are_frozen(void **state)
{
    enum { INPUTS = 4096 };
    static double y[INPUTS][FUNCTIONS];
    char got[LK_DIGEST64_CHARS + 1];
    (void)state;

    for (size_t i = 0; i < INPUTS; i++) {
        const lk_u32x4 w = lk_words(1, LK_PURPOSE_AUDIT, i, 0);
        const double u = ldexp((double)w.w[0] - 0x1p31, -31); /* in [-1, 1) */
        const double x = ldexp(u, (int)(w.w[1] % 20) - 9);    /* |x| up to 1024 */

        for (size_t f = 0; f < FUNCTIONS; f++) y[i][f] = promise[f].function(x);
    }
    lk_digest64(y, sizeof y, got);
    assert_string_equal(got, "a4514abe9676f4a7");
}

static void activations_have_names(void **state)
{
    (void)state;
    for (int a = 0; a < LK_ACTIVATIONS; a++) {
        const char *name = lk_activation_name((lk_activation)a);

        assert_int_equal(lk_activation_find(name), a);
    }
    assert_string_equal(lk_activation_name(LK_RELU), "relu");
    assert_string_equal(lk_activation_name(LK_GELU), "gelu");
    assert_int_equal(lk_activation_find("ReLU"), LK_ACTIVATIONS);
    assert_int_equal(lk_activation_find(""), LK_ACTIVATIONS);
    assert_non_null(lk_activation_name(LK_ACTIVATIONS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_keeps_its_promise),
        cmocka_unit_test(canonical_is_sane_at_the_ends),
        cmocka_unit_test(canonical_hands_nan_on),
        cmocka_unit_test(canonical_bits_are_frozen),
        cmocka_unit_test(activations_have_names),
    };
    return cmocka_run_group_tests_name("canonical", tests, NULL, NULL);
}
