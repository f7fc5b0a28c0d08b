/* test_law.c - laws against 80-digit values, closed forms against integrals and draws. */
#include "largek/law.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

static const lk_law *law_of(const char *name)
{
    const lk_law *law = NULL;

    assert_int_equal(lk_law_find(name, &law, NULL), LK_OK);
    return law;
}

static void check_near(double got, double want, double relative, double absolute)
{
    if (fabs(got - want) <= absolute) return;
    check_rel(got, want, relative);
}

/* The promises of largek/law.h: 1e-12 of log I_k, 1e-12 of max(1, |log pmf|) for closed
 * forms and 1e-10 for integrals.  The exponent of tiny I_k has log I_k's absolute error. */
static void laws_match_80_digit_arithmetic(void **state)
{
    FILE *file = fopen(LK_TEST_DATA "/law.csv", "r");
    char line[300], name[40], params[100], what[20];
    double n, x, want;
    int rows = 0;
    (void)state;

    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file)); /* the header */
    while (fgets(line, sizeof line, file) != NULL) {
        double t[LK_LAW_PARAMS_MAX] = {0};

        assert_int_equal(sscanf(line, "%39[^,],%99[^,],%19[^,],%lf,%lf,%lf", name,
                                params, what, &n, &x, &want),
                         6);
        const lk_law *law = law_of(name);
        char *at = params;
        for (size_t i = 0; i < law->params; i++) t[i] = strtod(at, &at);
        const bool closed = strcmp(name, "beta") == 0;
        if (strcmp(what, "log_failure") == 0) {
            check_rel(lk_law_log_failure(law, t, n), want, 1e-12);
        } else if (strcmp(what, "exponent") == 0) {
            check_rel(lk_law_local_exponent(law, t, n), want, 1e-11);
        } else {
            const double got = lk_law_log_pmf(law, t, (uint64_t)n, (uint64_t)x);

            if (closed)
                check_near(got, want, 1e-12, 1e-12);
            else
                check_near(got, want, 1e-10, 1e-10);
        }
        rows++;
    }
    assert_true(rows > 500);
    fclose(file);
}

static double failure(const char *name, double a, double b, double c, double k)
{
    const double t[LK_LAW_PARAMS_MAX] = {a, b, c};

    return exp(lk_law_log_failure(law_of(name), t, k));
}

static double log_pmf(const char *name, double a, double b, double c, uint64_t n,
                      uint64_t x)
{
    const double t[LK_LAW_PARAMS_MAX] = {a, b, c};

    return lk_law_log_pmf(law_of(name), t, n, x);
}

/* Seventeen published digits, or the fifteen of a quadrature. */
static void laws_match_known_values(void **state)
{
    const double t[] = {0.2, 3.5, 0.3};
    (void)state;

    check_rel(failure("levi", 5, 0.35, 1, 1e4), 0.068328977582370826, 1e-12);
    check_rel(failure("levi", 5, 0.35, 1, 1e6), 0.013635631519574088, 1e-12);
    check_rel(failure("beta", 0.35, 5, 0, 1e9), 0.0012152789248920321888, 1e-12);
    check_rel(failure("scaled-beta", 0.2, 3.5, 0.3, 1e4), 0.25300313487966157, 1e-12);
    check_rel(exp(lk_law_asymptote(law_of("scaled-beta"), t).log_constant),
              1.5966270098371211654, 1e-13);
    check_rel(exp(lk_law_asymptote(law_of("kumaraswamy"), t).log_constant),
              4.0885216067057255966, 1e-13);
    check_rel(log_pmf("scaled-beta", 0.2, 3.5, 0.3, 10000, 0), -1.37435339950268,
              1e-13);
    check_rel(log_pmf("scaled-beta", 0.2, 3.5, 0.3, 10000, 50), -6.0716436286395556272,
              1e-12);
    check_rel(log_pmf("scaled-beta", 0.2, 3.5, 0.3, 10000, 2000), -11.7224496470594,
              1e-13);
    check_rel(log_pmf("scaled-beta", 0.35, 5, 1, 100, 3), -2.8933377522210780509,
              1e-12);
    /* seven digits were given */
    check_rel(log_pmf("kumaraswamy", 0.2, 3.5, 0.3, 10000, 50), -6.540352, 1e-7);
    check_rel(log_pmf("kumaraswamy", 0.2, 3.5, 0.3, 10000, 200), -8.375106, 1e-7);
    check_rel(log_pmf("kumaraswamy", 0.2, 3.5, 0.3, 10000, 2328), -15.666229, 1e-7);
}

/* One row of the reference values; false where it is of something else. */
static bool check_reference(const char *line, const char *quantity, const char *law,
                            double tolerance)
{
    char format[200];
    double a, b, c, k, want;

    snprintf(format, sizeof format, "%s,alpha=%%lf beta=%%lf scale=%%lf k=%%lf,%%lf",
             quantity);
    if (sscanf(line, format, &a, &b, &c, &k, &want) != 5) return false;
    check_rel(failure(law, a, b, c, k), want, tolerance);
    return true;
}

static bool check_beta_reference(const char *line)
{
    double a, b, k, want;

    if (sscanf(line, "beta_success_failure_rate,\"pass_i@1~Beta(%lf,%lf) k=%lf\",%lf",
               &a, &b, &k, &want) == 4) {
        check_rel(failure("beta", a, b, 0, k), want, 1e-12);
        return true;
    }
    if (sscanf(line,
               "levi_inference_loss,\"failure p~Beta(alpha=%lf,beta=%lf) k=%lf\",%lf",
               &a, &b, &k, &want) == 4) {
        check_rel(failure("levi", a, b, 1, k), want, 1e-12);
        return true;
    }
    if (sscanf(line, "beta_asymptote_ratio,\"exact/asymptote Beta(%lf,%lf) k=%lf\",%lf",
               &a, &b, &k, &want) == 4) {
        const double t[] = {a, b};
        const lk_asymptote tail = lk_law_asymptote(law_of("beta"), t);

        check_rel(exp(lk_law_log_failure(law_of("beta"), t, k) - tail.log_constant +
                      tail.exponent * log(k)),
                  want, 1e-12);
        return true;
    }
    return false;
}

static bool check_prefactor(const char *line)
{
    char law[20];
    double a, b, c, want;

    if (sscanf(line,
               "scaled_%11[a-z]_asymptotic_prefactor,alpha=%lf beta=%lf scale=%lf,%lf",
               law, &a, &b, &c, &want) != 5)
        return false;
    const double t[] = {a, b, c};
    const lk_law *found = law_of(strcmp(law, "beta") == 0 ? "scaled-beta" : law);
    check_rel(exp(lk_law_asymptote(found, t).log_constant), want, 1e-12);
    return true;
}

static void laws_match_published_values(void **state)
{
    const char *folder = getenv("LARGEK_REFERENCE_DATA");
    char path[4096], line[1000];
    FILE *file = NULL;
    int rows = 0;
    (void)state;

    if (folder != NULL) {
        snprintf(path, sizeof path, "%s/reference_values.csv", folder);
        file = fopen(path, "r");
    }
    if (file == NULL) {
        print_message("skipped: no reference_values.csv in $LARGEK_REFERENCE_DATA\n");
        skip();
    }
    while (fgets(line, sizeof line, file) != NULL) {
        /* quadrature rows have fifteen digits */
        rows += check_reference(line, "scaled_beta_failure_rate", "scaled-beta", 1e-12);
        rows += check_reference(line, "scaled_kumaraswamy_failure_rate", "kumaraswamy",
                                1e-10);
        rows += check_beta_reference(line);
        rows += check_prefactor(line);
    }
    fclose(file);
    assert_int_equal(rows, 46);
}

/* Parameters of every law, in the order of lk_laws. */
static const double some[][LK_LAW_PARAMS_MAX] = {
    {0.03},           {0.05, 0.4},      {0.35, 5.0},
    {0.2, 3.5, 0.3},  {0.2, 3.5, 0.3},  {0.2},
    {0.01, 0.3},      {0.4, 6.0, 0.25}, {0.3, 0.2, 5.0, 4.0, 30.0},
    {5.0, 0.35, 0.9},
};

/* The counts of n attempts have chances that add up to one, and their pass@k is the
 * law's: sum of P(c) [1 - C(n-c,k)/C(n,k)] at k = 1 is E c/n. */
static void counts_have_chances_that_add_up(void **state)
{
    (void)state;
    for (size_t i = 0; lk_laws[i] != NULL; i++) {
        double sum = 0.0, mean = 0.0;

        for (uint64_t x = 0; x <= 50; x++) {
            const double chance = exp(lk_law_log_pmf(lk_laws[i], some[i], 50, x));

            sum += chance;
            mean += chance * (double)x / 50.0;
        }
        check_rel(sum, 1.0, 1e-11);
        check_rel(mean, lk_law_pass(lk_laws[i], some[i], 1.0), 1e-11);
        check_rel(lk_law_log_pmf(lk_laws[i], some[i], 1000, 0),
                  lk_law_log_failure(lk_laws[i], some[i], 1000.0), 1e-11);
    }
}

/* E over counts of the prediction given them is the prediction without. */
static void predictions_average_to_the_law(void **state)
{
    (void)state;
    for (size_t i = 0; lk_laws[i] != NULL; i++) {
        double sum = 0.0;

        for (uint64_t x = 0; x <= 30; x++) {
            sum += exp(lk_law_log_pmf(lk_laws[i], some[i], 30, x) +
                       lk_law_log_failure_given(lk_laws[i], some[i], 30, x, 1e3));
        }
        check_rel(sum, exp(lk_law_log_failure(lk_laws[i], some[i], 1e3)), 1e-10);
    }
}

/* A central difference of log(-log pass) with a step of 1e-4 in log k: its error is the
 * third derivative's, below 1e-7 for laws this smooth. */
static void local_exponents_are_slopes(void **state)
{
    (void)state;
    for (size_t i = 0; lk_laws[i] != NULL; i++) {
        for (double k = 1.0; k < 1e7; k *= 31.0) {
            const double up = lk_law_pass(lk_laws[i], some[i], k * exp(1e-4));
            const double down = lk_law_pass(lk_laws[i], some[i], k * exp(-1e-4));
            const double slope = (log(-log(down)) - log(-log(up))) / 2e-4;

            if (up > 0.999999) continue; /* pass@k has no digits left */
            check_rel(lk_law_local_exponent(lk_laws[i], some[i], k), slope, 1e-5);
        }
    }
}

/* Kumaraswamy's next term is k^-0.2 of the first: 1e-6 of it at k = 1e30. */
static void laws_tend_to_their_asymptotes(void **state)
{
    (void)state;
    for (size_t i = 1; lk_laws[i] != NULL; i++) {
        const lk_asymptote tail = lk_law_asymptote(lk_laws[i], some[i]);
        const double k = tail.start > 0.0 ? 2000.0 : 1e30;
        const double want =
            tail.log_constant - tail.exponent * log(k) + k * log1p(-tail.start);
        const double log_i = lk_law_log_failure(lk_laws[i], some[i], k);

        if (tail.floor > 0.0)
            check_rel(exp(log_i), tail.floor, 1e-9); /* k^-0.35 = 3e-11 */
        else
            check_rel(log_i, want, tail.start > 0.0 ? 2e-3 : 1e-6);
    }
}

static void draws_follow_their_law(void **state)
{
    enum { DRAWS = 20000 };
    (void)state;

    for (size_t i = 0; lk_laws[i] != NULL; i++) {
        const double median = 0.1;
        double below = 0.0, fail = 0.0, square = 0.0;

        for (uint64_t d = 0; d < DRAWS; d++) {
            lk_place place = {.seed = 7, .item = d};
            double log_p, log_1mp;
            const double p = lk_law_draw(lk_laws[i], some[i], &place, &log_p, &log_1mp);
            const double f = exp(20.0 * log_1mp);

            assert_true(p >= 0.0 && p <= 1.0);
            check_near(exp(log_p), p, 1e-12, 0.0);
            check_near(exp(log_1mp), 1.0 - p, 1e-12, 1e-15);
            below += p <= median;
            fail += f;
            square += f * f;
        }
        const double chance = lk_law_cdf(lk_laws[i], some[i], median);
        const double mean = fail / DRAWS;
        const double spread = sqrt(fmax(square / DRAWS - mean * mean, 0.0) / DRAWS);

        if (i == 0) continue; /* delta: nothing is random */
        check_mean(below / DRAWS, chance, sqrt(chance * (1.0 - chance) / DRAWS));
        check_mean(mean, exp(lk_law_log_failure(lk_laws[i], some[i], 20.0)), spread);
    }
}

/* Mean and variance over 40,000 draws, on both sides of the change of method at n p = 10
 * and beyond 32 bits; the variance of a variance is about 2/N. */
static void binomial_draws_have_their_moments(void **state)
{
    static const struct {
        uint64_t n;
        double p;
    } of[] = {{1, 0.3},
              {10, 0.9},
              {1000, 0.004},
              {1000, 0.011},
              {40, 0.5},
              {1000000, 1e-5},
              {1000000, 0.7},
              {1u << 20, 0.999999},
              {UINT64_C(1) << 40, 3e-10},
              {UINT64_C(1) << 50, 0.25}};
    enum { DRAWS = 40000 };
    (void)state;

    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        const double n = (double)of[i].n, mean = n * of[i].p;
        const double variance = mean * (1.0 - of[i].p);
        double sum = 0.0, square = 0.0;

        for (uint64_t d = 0; d < DRAWS; d++) {
            lk_place place = {.seed = 3, .item = d * 16 + i};
            const uint64_t x = lk_draw_binomial(of[i].n, of[i].p, &place);
            const double off = (double)x - mean;

            assert_true(x <= of[i].n);
            sum += off;
            square += off * off;
        }
        check_mean(sum / DRAWS, 0.0, sqrt(variance / DRAWS));
        const double kurtosis =
            3.0 + (1.0 - 6.0 * of[i].p * (1.0 - of[i].p)) / variance;
        check_mean(square / DRAWS, variance, variance * sqrt((kurtosis - 1.0) / DRAWS));
    }
    assert_int_equal(lk_draw_binomial(5, 0.0, &(lk_place){0}), 0);
    assert_int_equal(lk_draw_binomial(5, 1.0, &(lk_place){0}), 5);
}

/* The chance of each small count, where inversion and rejection meet. */
static void binomial_draws_have_their_chances(void **state)
{
    static const double p[] = {0.09, 0.11};
    enum { DRAWS = 100000, N = 100 };
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        double seen[N + 1] = {0};
        const lk_law *law = law_of("delta");

        for (uint64_t d = 0; d < DRAWS; d++) {
            lk_place place = {.seed = 11, .item = d};
            seen[lk_draw_binomial(N, p[i], &place)] += 1.0 / DRAWS;
        }
        for (uint64_t x = 2; x < 22; x++) {
            const double chance = exp(lk_law_log_pmf(law, &p[i], N, x));

            check_mean(seen[x], chance, sqrt(chance * (1.0 - chance) / DRAWS));
        }
    }
}

static void laws_refuse_what_is_outside(void **state)
{
    const double half[] = {0.5, 0.5, 1.5}, equal[] = {0.2, 0.2};
    const double not_a_number[] = {NAN, 1.0}, sound[] = {0.3, 2.0};
    const lk_law *law = NULL;
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_law_find("gamma", &law, &err), LK_E_ARG);
    assert_non_null(strstr(err.text, "scaled-beta, kumaraswamy"));
    assert_int_equal(lk_law_check(law_of("scaled-beta"), half, &err), LK_E_ARG);
    assert_string_equal(err.text,
                        "scaled-beta: scale = 1.5 is not above 0 and at most 1");
    assert_int_equal(lk_law_check(law_of("uniform"), equal, &err), LK_E_ARG);
    assert_int_equal(lk_law_check(law_of("beta"), not_a_number, &err), LK_E_ARG);
    assert_true(isnan(lk_law_log_failure(law_of("scaled-beta"), half, 1.0)));
    assert_true(isnan(lk_law_log_failure(law_of("beta"), sound, -1.0)));
    assert_true(isnan(lk_law_log_failure(law_of("beta"), sound, NAN)));
    assert_true(isnan(lk_law_log_pmf(law_of("beta"), sound, 3, 4)));
    assert_true(isnan(lk_law_local_exponent(law_of("beta"), sound, 0.0)));
    assert_true(isnan(lk_law_asymptote(law_of("beta"), not_a_number).exponent));
}

/* No law is NaN or positive at the ends of k, counts and p. */
static void laws_are_sound_in_every_corner(void **state)
{
    static const double k[] = {0.0, 1e-300, 1e-9, 1.0, 1e15, 1e30};
    (void)state;

    for (size_t i = 0; lk_laws[i] != NULL; i++) {
        for (size_t j = 0; j < sizeof k / sizeof k[0]; j++) {
            const double l = lk_law_log_failure(lk_laws[i], some[i], k[j]);

            assert_true(l <= 0.0 && !isnan(l) && !(k[j] == 0.0 && signbit(l)));
            assert_true(k[j] > 0.0 || l == 0.0);
        }
        assert_true(lk_law_log_pmf(lk_laws[i], some[i], 0, 0) < 1e-12);
        assert_true(lk_law_cdf(lk_laws[i], some[i], 1.0) == 1.0);
        assert_true(lk_law_cdf(lk_laws[i], some[i], -1.0) == 0.0);
        assert_true(!isnan(lk_law_log_density(lk_laws[i], some[i], 0.0)));
        assert_true(!isnan(lk_law_log_density(lk_laws[i], some[i], 1.0)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(laws_match_80_digit_arithmetic),
        cmocka_unit_test(laws_match_known_values),
        cmocka_unit_test(laws_match_published_values),
        cmocka_unit_test(counts_have_chances_that_add_up),
        cmocka_unit_test(predictions_average_to_the_law),
        cmocka_unit_test(local_exponents_are_slopes),
        cmocka_unit_test(laws_tend_to_their_asymptotes),
        cmocka_unit_test(draws_follow_their_law),
        cmocka_unit_test(binomial_draws_have_their_moments),
        cmocka_unit_test(binomial_draws_have_their_chances),
        cmocka_unit_test(laws_refuse_what_is_outside),
        cmocka_unit_test(laws_are_sound_in_every_corner),
    };
    return cmocka_run_group_tests_name("law", tests, NULL, NULL);
}
