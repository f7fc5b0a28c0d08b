/* test_bootstrap.c - intervals for means against a second, plain program. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "largek/interval.h"
#include "largek/stream.h"
#include "support/check.h"

enum { PROBLEMS = 23, COLUMNS = 3, RESAMPLES = 999, SEED = 5 };

/* A uniform in (0, 1), of a purpose that the bootstrap does not draw from. */
static double uniform(uint64_t item, uint64_t block)
{
    return ((double)lk_words(77, LK_PURPOSE_AUDIT, item, block).w[0] + 0.5) * 0x1p-32;
}

/* Columns of three shapes: skewed, plain, and ones among zeros (full of ties). */
static void make_values(double value[PROBLEMS * COLUMNS])
{
    for (size_t i = 0; i < PROBLEMS; i++) {
        value[i * COLUMNS] = pow(uniform(i, 0), 3.0);
        value[i * COLUMNS + 1] = uniform(i, 1);
        value[i * COLUMNS + 2] = i % 5 == 0;
    }
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double mean_without(const double v[PROBLEMS], size_t left_out)
{
    double sum = 0.0;

    for (size_t i = 0; i < PROBLEMS; i++) sum += i == left_out ? 0.0 : v[i];
    return sum / (left_out < PROBLEMS ? PROBLEMS - 1 : PROBLEMS);
}

/* The acceleration by leaving each problem out in turn. */
static double jackknife(const double v[PROBLEMS])
{
    double centre = 0.0, second = 0.0, third = 0.0;

    for (size_t i = 0; i < PROBLEMS; i++) centre += mean_without(v, i) / PROBLEMS;
    for (size_t i = 0; i < PROBLEMS; i++) {
        const double d = centre - mean_without(v, i);

        second += d * d;
        third += d * d * d;
    }
    return third / (6.0 * pow(second, 1.5));
}

static double read_quantile(const double *sorted, double chance)
{
    const double at = chance * (RESAMPLES - 1);
    const int i = (int)floor(at);

    return sorted[i] * (i + 1 - at) + sorted[i + 1 < RESAMPLES ? i + 1 : i] * (at - i);
}

/* One column, draw by draw, as the papers have it. */
static lk_interval plainly(lk_mean_method method, const double v[PROBLEMS],
                           double level)
{
    double mean[RESAMPLES], rank = 0.0, end[2];
    const double observed = mean_without(v, PROBLEMS);

    for (uint64_t r = 0; r < RESAMPLES; r++) {
        mean[r] = 0.0;
        for (uint64_t q = 0; q < PROBLEMS; q++) {
            const uint32_t w = lk_words(SEED, LK_PURPOSE_BOOTSTRAP, r, q / 4).w[q % 4];

            mean[r] += v[(uint64_t)w * PROBLEMS >> 32] / PROBLEMS;
        }
        if (fabs(mean[r] - observed) < 1e-13)
            rank += 0.5;
        else if (mean[r] < observed)
            rank += 1.0;
    }
    qsort(mean, RESAMPLES, sizeof mean[0], by_value);
    for (int side = 0; side < 2; side++) {
        double chance = side == 0 ? (1.0 - level) / 2.0 : (1.0 + level) / 2.0;

        if (method == LK_MEAN_BCA) {
            const double z0 = gsl_cdf_ugaussian_Pinv(rank / RESAMPLES);
            const double z = z0 + gsl_cdf_ugaussian_Pinv(chance);

            chance = gsl_cdf_ugaussian_P(z0 + z / (1.0 - jackknife(v) * z));
        }
        end[side] = read_quantile(mean, chance);
    }
    return (lk_interval){end[0], end[1]};
}

static void bootstrap_matches_the_plain_program(void **state)
{
    double value[PROBLEMS * COLUMNS], v[PROBLEMS];
    lk_interval out[COLUMNS];
    (void)state;

    make_values(value);
    for (int method = LK_MEAN_BCA; method <= LK_MEAN_PERCENTILE; method++) {
        assert_int_equal(lk_mean_interval((lk_mean_method)method, value, PROBLEMS,
                                          COLUMNS, 0.9, RESAMPLES, SEED, out, NULL),
                         LK_OK);
        for (size_t column = 0; column < COLUMNS; column++) {
            for (size_t i = 0; i < PROBLEMS; i++) v[i] = value[i * COLUMNS + column];
            const lk_interval want = plainly((lk_mean_method)method, v, 0.9);

            check_rel(out[column].lo, want.lo, 1e-12); /* sums in another order */
            check_rel(out[column].hi, want.hi, 1e-12);
        }
    }
}

static void bootstrap_does_not_depend_on_threads(void **state)
{
    static const int threads[] = {1, 2, 8};
    const int before = omp_get_max_threads();
    double value[PROBLEMS * COLUMNS];
    lk_interval out[3][COLUMNS];
    (void)state;

    make_values(value);
    for (int i = 0; i < 3; i++) {
        omp_set_num_threads(threads[i]);
        lk_mean_interval(LK_MEAN_BCA, value, PROBLEMS, COLUMNS, 0.95, 500, SEED, out[i],
                         NULL);
        assert_memory_equal(out[i], out[0], sizeof out[0]);
    }
    omp_set_num_threads(before);
}

static void bootstrap_depends_on_the_seed_alone(void **state)
{
    double value[PROBLEMS * COLUMNS];
    lk_interval one[COLUMNS], two[COLUMNS], single;
    (void)state;

    make_values(value);
    lk_mean_interval(LK_MEAN_BCA, value, PROBLEMS, COLUMNS, 0.95, 500, 1, one, NULL);
    lk_mean_interval(LK_MEAN_BCA, value, PROBLEMS, COLUMNS, 0.95, 500, 2, two, NULL);
    assert_true(one[0].lo != two[0].lo);
    for (size_t i = 0; i < PROBLEMS; i++) value[i] = value[i * COLUMNS];
    lk_mean_interval(LK_MEAN_BCA, value, PROBLEMS, 1, 0.95, 500, 1, &single, NULL);
    assert_true(single.lo == one[0].lo && single.hi == one[0].hi);
}

static void delta_is_the_normal_interval(void **state)
{
    static const double value[] = {0.1, 0.2, 0.6};
    lk_interval out = {0};
    (void)state;

    assert_int_equal(
        lk_mean_interval(LK_MEAN_DELTA, value, 3, 1, 0.5, 0, 0, &out, NULL), LK_OK);
    check_rel(out.lo, 0.3 - 0.67448975019608174 * sqrt(0.07 / 3.0), 1e-14);
    check_rel(out.hi, 0.3 + 0.67448975019608174 * sqrt(0.07 / 3.0), 1e-14);
    lk_mean_interval(LK_MEAN_DELTA, value, 3, 1, 0.99, 0, 0, &out, NULL);
    assert_true(out.lo == 0.0); /* would be -0.09 */
}

static void columns_without_spread_have_their_own_rule(void **state)
{
    static const double value[] = {0, 1, 0.3, 0, 1, 0.3, 0, 1, 0.3, 0, 1, 0.3};
    lk_interval out[3];
    (void)state;

    for (int method = LK_MEAN_BCA; method <= LK_MEAN_DELTA; method++) {
        lk_mean_interval((lk_mean_method)method, value, 4, 3, 0.95, 100, 1, out, NULL);
        assert_true(out[0].lo == 0.0);
        check_rel(out[0].hi, 1.0 - pow(0.025, 0.25), 1e-14);
        check_rel(out[1].lo, pow(0.025, 0.25), 1e-14);
        assert_true(out[1].hi == 1.0);
        assert_true(out[2].lo == 0.3 && out[2].hi == 0.3);
    }
}

/* Two problems, one resample: the smallest of everything; ends in order, within [0,1]. */
static void bootstrap_stands_the_smallest_input(void **state)
{
    static const double value[] = {0.0, 1.0};
    lk_interval out = {-1.0, -1.0};
    (void)state;

    for (size_t resamples = 1; resamples < 5; resamples++) {
        assert_int_equal(lk_mean_interval(LK_MEAN_BCA, value, 2, 1, 1.0 - 1e-12,
                                          resamples, 1, &out, NULL),
                         LK_OK);
        assert_true(out.lo >= 0.0 && out.lo <= out.hi && out.hi <= 1.0);
    }
}

/* How often the 90 % interval covers the mean 1/3 of u^2, over 2000 samples of 60
 * problems.  The methods have second-order errors there, about 0.01 below the level; the
 * bounds leave five standard errors of 0.0067 beyond that, so that a correct program
 * meets a seed that fails less than 1 time in a million. */
static void intervals_cover_the_true_mean(void **state)
{
    enum { SAMPLES = 2000, SIZE = 60 };
    (void)state;

    for (int method = LK_MEAN_BCA; method <= LK_MEAN_DELTA; method++) {
        int below = 0, above = 0;

        for (uint64_t sample = 0; sample < SAMPLES; sample++) {
            double value[SIZE];
            lk_interval out;

            for (uint64_t i = 0; i < SIZE; i++) {
                const double u = uniform(1000 + sample, i);

                value[i] = u * u;
            }
            lk_mean_interval((lk_mean_method)method, value, SIZE, 1, 0.9, 400, sample,
                             &out, NULL);
            below += out.hi < 1.0 / 3.0;
            above += out.lo > 1.0 / 3.0;
        }
        const double covered = 1.0 - (double)(below + above) / SAMPLES;

        assert_true(covered > 0.90 - 0.045 && covered < 0.90 + 0.034);
    }
}

static void check_refused(const double *value, size_t problems, size_t columns,
                          double level, size_t resamples, lk_status want,
                          const char *what)
{
    lk_interval out = {7.0, 7.0};
    lk_error err = {0};

    assert_int_equal(lk_mean_interval(LK_MEAN_BCA, value, problems, columns, level,
                                      resamples, 1, &out, &err),
                     want);
    assert_non_null(strstr(err.text, what));
    assert_true(out.lo == 7.0); /* a failure writes no output */
}

static void bad_arguments_are_refused(void **state)
{
    const double good[] = {0.5, 0.25}, over[] = {0.5, 1.5}, none[] = {0.5, NAN};
    (void)state;

    check_refused(good, 1, 1, 0.95, 9, LK_E_ARG, "an interval over 1 problems");
    check_refused(good, 2, 0, 0.95, 9, LK_E_ARG, "an interval of no columns");
    check_refused(good, 2, 1, 0.0, 9, LK_E_ARG, "level 0 is not between 0 and 1");
    check_refused(good, 2, 1, 1.0, 9, LK_E_ARG, "level 1 is not between 0 and 1");
    check_refused(good, 2, 1, NAN, 9, LK_E_ARG, "level nan is not between 0 and 1");
    check_refused(good, 2, 1, 0.95, 0, LK_E_ARG, "a bootstrap of no resamples");
    check_refused(over, 2, 1, 0.95, 9, LK_E_ARG, "problem 1, column 0: 1.5 is not");
    check_refused(none, 2, 1, 0.95, 9, LK_E_ARG, "problem 1, column 0: nan is not");
    check_refused(good, 2, 1, 0.95, SIZE_MAX / 4, LK_E_MEMORY, "no room");
}

static void methods_have_names(void **state)
{
    (void)state;
    assert_string_equal(lk_mean_method_name(LK_MEAN_BCA), "bca");
    assert_string_equal(lk_mean_method_name(LK_MEAN_PERCENTILE), "percentile");
    assert_string_equal(lk_mean_method_name(LK_MEAN_DELTA), "delta");
    assert_string_equal(lk_mean_method_name((lk_mean_method)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bootstrap_matches_the_plain_program),
        cmocka_unit_test(bootstrap_does_not_depend_on_threads),
        cmocka_unit_test(bootstrap_depends_on_the_seed_alone),
        cmocka_unit_test(delta_is_the_normal_interval),
        cmocka_unit_test(columns_without_spread_have_their_own_rule),
        cmocka_unit_test(bootstrap_stands_the_smallest_input),
        cmocka_unit_test(intervals_cover_the_true_mean),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(methods_have_names),
    };
    return cmocka_run_group_tests_name("bootstrap", tests, NULL, NULL);
}
