/* test_fit_curve.c - laws of the curve of pass@k, and their fits against published ones. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "largek/counts.h"
#include "largek/fit.h"
#include "stats/curve_law.h"
#include "support/check.h"

enum { GRID_MAX = 128 };

typedef struct {
    uint64_t k[GRID_MAX];
    size_t count;
} grid;

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

static grid read_grid(const char *name)
{
    FILE *file = open_reference(name);
    grid g = {.count = 0};
    unsigned long long k;

    while (g.count < GRID_MAX && fscanf(file, "%llu", &k) == 1) g.k[g.count++] = k;
    fclose(file);
    return g;
}

static lk_counts read_pythia(void)
{
    lk_counts counts = {0};
    char path[4096];

    fclose(open_reference("pythia_math.csv"));
    snprintf(path, sizeof path, "%s/pythia_math.csv", getenv("LARGEK_REFERENCE_DATA"));
    assert_int_equal(lk_counts_read(path, LK_DUPLICATE_REFUSE, &counts, NULL, NULL),
                     LK_OK);
    return counts;
}

static lk_fit_result fit(const char *name, const lk_count_group *group, const grid *g)
{
    const lk_fit_law *law = NULL;
    lk_fit_options options = lk_fit_defaults;
    lk_fit_result out;

    options.k = g->k;
    options.k_count = g->count;
    assert_int_equal(lk_fit_find(name, &law, NULL), LK_OK);
    assert_int_equal(
        lk_fit(law, group->n, group->c, group->problems, &options, &out, NULL), LK_OK);
    return out;
}

/* Table 1 of Schaeffer et al., to one unit of its last digit: a of Pythia 160M is 6.5916 from
 * these counts, and 6.591 there. */
static void power_laws_match_the_pythia_table(void **state)
{
    static const struct {
        const char *model;
        double a, b;
    } want[] = {{"Pythia 70M", 8.026, 0.194},  {"Pythia 160M", 6.591, 0.280},
                {"Pythia 410M", 5.524, 0.286}, {"Pythia 1B", 5.452, 0.315},
                {"Pythia 2.8B", 4.104, 0.336}, {"Pythia 6.9B", 4.255, 0.348},
                {"Pythia 12B", 4.113, 0.370}};
    const grid g = read_grid("k101.txt");
    lk_counts counts = read_pythia();
    (void)state;

    assert_int_equal(g.count, 101);
    assert_int_equal(counts.groups, 7);
    for (size_t i = 0; i < 7; i++) {
        const lk_fit_result r = fit("power-law", &counts.group[i], &g);
        size_t row = 0;

        while (strcmp(want[row].model, counts.group[i].value[1]) != 0) row++;
        assert_int_equal(r.status, LK_FIT_OK);
        assert_true(fabs(r.param[0].value - want[row].a) < 1e-3);
        assert_true(fabs(r.param[1].value - want[row].b) < 5.1e-4);
        /* An interval of 95 % in the logarithm of a, and the standard error of a. */
        check_rel(r.param[0].se,
                  r.param[0].value * log(r.param[0].hi / r.param[0].lo) / 3.9199279690,
                  1e-9);
        assert_true(r.param[1].se > 0.0 && r.param[1].lo < r.param[1].value &&
                    r.param[1].hi > r.param[1].value);
    }
    lk_counts_release(&counts);
}

static const lk_count_group *find_model(const lk_counts *counts, const char *model)
{
    for (size_t i = 0; i < counts->groups; i++) {
        if (strcmp(counts->group[i].value[1], model) == 0) return &counts->group[i];
    }
    fail();
    return NULL;
}

/* Independent fits of the same least squares, to the digits that were given. */
static void curve_fits_match_independent_ones(void **state)
{
    const grid g37 = read_grid("k37.txt"), g40 = read_grid("k40.txt");
    lk_counts counts = read_pythia();
    (void)state;

    const lk_fit_result brown =
        fit("exp-power-law", find_model(&counts, "Pythia 12B"), &g37);
    assert_true(fabs(brown.param[0].value + 4.31387) < 6e-6);
    assert_true(fabs(brown.param[1].value + 0.37901) < 6e-6);

    const lk_fit_result levi = fit("levi", find_model(&counts, "Pythia 2.8B"), &g40);
    assert_true(fabs(levi.param[0].value - 14.95) < 6e-3);
    assert_true(fabs(levi.param[1].value - 0.274) < 6e-4);
    assert_true(fabs(levi.param[2].value - 0.984) < 6e-4);

    /* With A held at 1. */
    const lk_count_group *group = find_model(&counts, "Pythia 2.8B");
    const lk_fit_law *law = NULL;
    lk_fit_options options = lk_fit_defaults;
    lk_fit_result whole;

    options.k = g40.k;
    options.k_count = g40.count;
    options.scale_how = LK_SCALE_FIXED;
    options.scale = 1.0;
    assert_int_equal(lk_fit_find("levi", &law, NULL), LK_OK);
    assert_int_equal(
        lk_fit(law, group->n, group->c, group->problems, &options, &whole, NULL),
        LK_OK);
    assert_int_equal(whole.status, LK_FIT_OK);
    assert_int_equal(whole.free_params, 2);
    assert_true(fabs(whole.param[0].value - 14.41) < 6e-3);
    assert_true(fabs(whole.param[1].value - 0.263) < 6e-4);
    assert_true(whole.param[2].value == 1.0 && isnan(whole.param[2].se));

    /* The same law in other words: alpha = p (1-r)/r, beta = (1-p)(1-r)/r. */
    const lk_fit_result same =
        fit("levi-exchangeable", find_model(&counts, "Pythia 2.8B"), &g40);
    const double p = same.param[0].value, r = same.param[1].value;
    check_rel(p * (1.0 - r) / r, levi.param[0].value, 1e-4);
    check_rel(same.exponent.value, levi.param[1].value, 1e-4);
    check_rel(same.exponent.se, levi.param[1].se, 1e-2);
    check_rel(same.rmse, levi.rmse, 1e-6);
    lk_counts_release(&counts);
}

/* By their definitions, term by term; sums of 10^5 terms round to 1e-13. */
static void curves_are_what_they_are_called(void **state)
{
    static const double ks[] = {1, 2, 3, 16, 17, 64, 65, 66, 1000, 100000};
    (void)state;

    for (size_t i = 0; i < sizeof ks / sizeof ks[0]; i++) {
        for (double kappa = 0.25; kappa < 2.6; kappa += 0.25) {
            const double t[] = {0.9, kappa, 0.8}, k = ks[i];
            const double e[] = {0.9, kappa / 3.0, 0.8};
            double hazard = 0.0, effect = 1.0, exchangeable = 0.0;

            for (double d = 1.0; d < k; d += 1.0) {
                effect += 2.0 * (1.0 - d / k) * pow(d, -kappa);
                hazard += log1p(-0.1 * pow(d, -kappa));
            }
            hazard += log1p(-0.1 * pow(k, -kappa));
            for (double j = 0.0; j < k; j += 1.0) {
                exchangeable +=
                    log((0.9 * (1 - e[1]) + j * e[1]) / (1 - e[1] + j * e[1]));
            }
            check_rel(lk_curve_log_failure(LK_CURVE_HAZARD, t, k),
                      log1p(0.8 * expm1(hazard)), 1e-11);
            check_rel(lk_curve_log_failure(LK_CURVE_DESIGN_EFFECT, t, k),
                      log1p(0.8 * expm1(k / effect * log(0.9))), 1e-11);
            check_rel(lk_curve_log_failure(LK_CURVE_EXCHANGEABLE, e, k),
                      log1p(0.8 * expm1(exchangeable)), 1e-11);
        }
    }
    const double power[] = {2.0, 0.3}, brown[] = {-2.0, -0.3};
    check_rel(lk_curve_log_failure(LK_CURVE_POWER, power, 100.0),
              log1p(-exp(-2.0 * pow(100.0, -0.3))), 1e-14);
    check_rel(lk_curve_log_failure(LK_CURVE_EXP_POWER, brown, 100.0),
              log1p(-exp(-2.0 * pow(100.0, -0.3))), 1e-14);
}

/* zeta(2), the harmonic numbers, and Gauss's sum. */
static void power_sums(void **state)
{
    (void)state;
    check_rel(lk_power_sum(1e15, 2.0), 1.6449340668482264 - 1e-15, 1e-13);
    check_rel(lk_power_sum(1e15, 1.0), log(1e15) + 0.57721566490153286, 1e-13);
    check_rel(lk_power_sum(1e6, -1.0), 5.000005e11, 1e-13);
    check_rel(lk_power_sum(1e6, 0.0), 1e6, 1e-13);
    check_rel(lk_power_sum(0.0, 1.0), 0.0, 0.0);
}

/* No success, no failure, fewer points than parameters; and no number that is not one. */
static void what_cannot_be_told_is_said(void **state)
{
    const uint64_t n[] = {100, 100, 100}, none[] = {0, 0, 0}, all[] = {100, 100, 100},
                   some[] = {1, 5, 60};
    const grid g = {{1, 2, 5, 10, 50, 100}, 6}, one = {{10}, 1};
    (void)state;

    for (size_t i = 0; lk_fit_laws[i] != NULL; i++) {
        const char *name = lk_fit_laws[i]->name;
        const lk_count_group no = {.problems = 3,
                                   .n = (uint64_t *)(uintptr_t)n,
                                   .c = (uint64_t *)(uintptr_t)none},
                             yes = {.problems = 3,
                                    .n = (uint64_t *)(uintptr_t)n,
                                    .c = (uint64_t *)(uintptr_t)all},
                             mix = {.problems = 3,
                                    .n = (uint64_t *)(uintptr_t)n,
                                    .c = (uint64_t *)(uintptr_t)some},
                             single = {.problems = 1,
                                       .n = (uint64_t *)(uintptr_t)n,
                                       .c = (uint64_t *)(uintptr_t)(some + 1)};

        if (lk_fit_laws[i]->kind != LK_FIT_CURVE) continue;
        assert_int_equal(fit(name, &no, &g).status, LK_FIT_NOT_IDENTIFIABLE);
        assert_int_equal(fit(name, &yes, &g).status, LK_FIT_NOT_IDENTIFIABLE);
        assert_int_equal(fit(name, &mix, &one).status, LK_FIT_NOT_IDENTIFIABLE);
        const lk_fit_result r = fit(name, &mix, &g), s = fit(name, &single, &g);
        assert_true(isfinite(r.param[0].value) && isfinite(r.rmse));
        assert_true(isfinite(s.param[0].value) || s.status == LK_FIT_NOT_IDENTIFIABLE);
        assert_true(isnan(s.param[0].se)); /* nothing to say how problems differ */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_laws_match_the_pythia_table),
        cmocka_unit_test(curve_fits_match_independent_ones),
        cmocka_unit_test(curves_are_what_they_are_called),
        cmocka_unit_test(power_sums),
        cmocka_unit_test(what_cannot_be_told_is_said),
    };
    return cmocka_run_group_tests_name("fit_curve", tests, NULL, NULL);
}
