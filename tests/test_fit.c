/* test_fit.c - maximum-likelihood fits: known values, derivatives, and what counts cannot
 * tell. */
#include "largek/fit.h"

#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/likelihood.h"
#include "support/check.h"

enum { PROBLEMS_MAX = 2000 };

typedef struct {
    size_t problems;
    uint64_t n[PROBLEMS_MAX], c[PROBLEMS_MAX];
} counts;

static const lk_fit_law *fit_law(const char *name)
{
    const lk_fit_law *law = NULL;

    assert_int_equal(lk_fit_find(name, &law, NULL), LK_OK);
    return law;
}

static lk_fit_result fit(const char *name, const counts *data,
                         const lk_fit_options *options)
{
    lk_fit_result out;
    lk_error err = {0};
    const lk_status st =
        lk_fit(fit_law(name), data->n, data->c, data->problems, options, &out, &err);

    if (st != LK_OK) print_message("%s\n", err.text);
    assert_int_equal(st, LK_OK);
    return out;
}

/* The counts of one model of the reference data, or skips the test, aloud. */
static void read_pythia(const char *model, counts *out)
{
    const char *folder = getenv("LARGEK_REFERENCE_DATA");
    char path[4096], line[300], name[100];
    unsigned long n, c;
    FILE *file = NULL;

    *out = (counts){0};
    if (folder != NULL) {
        snprintf(path, sizeof path, "%s/pythia_math.csv", folder);
        file = fopen(path, "r");
    }
    if (file == NULL) {
        print_message("skipped: no pythia_math.csv in $LARGEK_REFERENCE_DATA\n");
        skip();
    }
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%*[^,],%99[^,],%*[^,],%lu,%lu", name, &n, &c) != 3) continue;
        if (strcmp(name, model) != 0) continue;
        out->n[out->problems] = n;
        out->c[out->problems++] = c;
    }
    fclose(file);
    assert_int_equal(out->problems, 128);
}

/* Published to five or six digits, by another optimiser: half a unit of the last, and 1e-5
 * of beta for its tolerance. */
static void beta_binomial_matches_the_known_fit(void **state)
{
    counts data;
    (void)state;

    read_pythia("Pythia 12B", &data);
    const lk_fit_result got = fit("beta-binomial", &data, &lk_fit_defaults);
    const double t[] = {got.param[0].value, got.param[1].value};
    const lk_law *law = NULL;
    assert_int_equal(lk_law_find("beta", &law, NULL), LK_OK);
    assert_int_equal(got.status, LK_FIT_OK);
    check_rel(t[0], 0.295506, 5e-6);
    check_rel(t[1], 12.364694, 1e-5);
    check_rel(got.nll_mean, 5.799543, 1e-7);
    check_rel(got.nll, 128 * got.nll_mean, 1e-14);
    check_rel(got.aic, 2 * got.nll + 4, 1e-14);
    check_rel(got.bic, 2 * got.nll + 2 * log(128), 1e-14);
    check_rel(lk_law_pass(law, t, 1e6), 0.96484, 5e-6);
}

/* A mixture of two has many peaks; which is found must not hang on what is asked for
 * beside.  Values: the least that any start, or any profile, has found. */
static void two_parts_find_the_same_peak(void **state)
{
    static const struct {
        const char *model;
        double nll;
    } known[] = {{"Pythia 70M", 190.203}, {"Pythia 2.8B", 694.188}};
    lk_fit_options plain = lk_fit_defaults;
    (void)state;

    plain.interval = LK_FIT_INTERVAL_NONE;
    for (size_t i = 0; i < 2; i++) {
        counts data;

        read_pythia(known[i].model, &data);
        const lk_fit_result a = fit("two-beta", &data, &plain);
        const lk_fit_result b = fit("two-beta", &data, &lk_fit_defaults);
        check_rel(a.nll, known[i].nll, 2e-6);
        check_rel(a.nll, b.nll, 1e-9);
        assert_int_equal(a.status, LK_FIT_AT_BOUND);
        assert_int_equal(b.status, LK_FIT_AT_BOUND);
    }
}

/* Values of theory: seven digits were given. */
static void scaled_fits_match_their_parts(void **state)
{
    const double t[] = {0.2, 3.5, 0.3};
    lk_surface term;
    (void)state;

    lk_likelihood_term(LK_MODEL_SCALED_BETA, t, 1e4, 50, true, &term);
    check_rel(term.value, -6.0716436286395556272, 1e-10);
    lk_likelihood_term(LK_MODEL_KUMARASWAMY, t, 1e4, 2328, true, &term);
    check_rel(term.value, -15.666229, 1e-7);
    lk_likelihood_term(LK_MODEL_NEGATIVE_BINOMIAL, t, 10, 0, true, &term);
    check_rel(exp(term.value),
              exp(lgamma(13.5) + lgamma(3.7) - lgamma(3.5) - lgamma(13.7)), 1e-13);
    /* ten attempts until the first success: B(a+1, b+9)/B(a, b) */
    lk_likelihood_term(LK_MODEL_NEGATIVE_BINOMIAL, t, 10, 1, true, &term);
    check_rel(exp(term.value),
              0.2 * exp(lgamma(12.5) + lgamma(3.7) - lgamma(3.5) - lgamma(13.7)),
              1e-13);
}

/* Parameters of every model. */
static const double some[LK_MODELS][LK_NEWTON_MAX] = {
    {0.3, 12.0}, {0.3, 4.0, 0.4},  {0.35, 3.0, 0.4},
    {0.3, 12.0}, {0.4, 8.0, 0.25}, {0.6, 0.2, 9.0, 4.0, 30.0},
    {0.3, 12.0}, {0.4, 5.0},
};

/* First and second derivatives against central differences.  With a relative step of 1e-5
 * their error is 1e-10 of the third derivative and 1e-10 (values, to 1e-14, over steps) for
 * the closed forms; the integrals, good to 1e-11, leave 1e-6. */
static void derivatives_are_differences(void **state)
{
    static const double n[] = {1, 10, 10000}, share[] = {0.0, 0.02, 0.3, 1.0};
    (void)state;

    for (int model = 0; model < LK_MODELS; model++) {
        for (size_t at = 0; at < 12; at++) {
            const double x = floor(share[at % 4] * n[at / 4]);
            lk_surface here;

            lk_likelihood_term((lk_model_kind)model, some[model], n[at / 4], x, true,
                               &here);
            for (size_t i = 0; i < lk_model_shapes[model].params; i++) {
                const double step = 1e-5 * some[model][i];
                double up[LK_NEWTON_MAX], down[LK_NEWTON_MAX];
                lk_surface above, below;

                memcpy(up, some[model], sizeof up);
                memcpy(down, some[model], sizeof down);
                up[i] += step;
                down[i] -= step;
                lk_likelihood_term((lk_model_kind)model, up, n[at / 4], x, true,
                                   &above);
                lk_likelihood_term((lk_model_kind)model, down, n[at / 4], x, true,
                                   &below);
                const double slope = (above.value - below.value) / (2.0 * step);
                assert_true(fabs(here.grad[i] - slope) <
                            3e-6 * (1.0 + fabs(slope)) / fmin(1.0, some[model][i]));
                for (size_t j = 0; j < lk_model_shapes[model].params; j++) {
                    const double bend = (above.grad[j] - below.grad[j]) / (2.0 * step);

                    assert_true(fabs(here.hess[i][j] - bend) <
                                3e-5 * (1.0 + fabs(bend)) / fmin(1.0, some[model][i]));
                }
            }
        }
    }
}

/* The chances of all counts add up to one, by every model but that of stopped designs. */
static void models_are_distributions(void **state)
{
    (void)state;
    for (int model = 0; model < LK_MODELS; model++) {
        double sum = 0.0;

        if (model == LK_MODEL_NEGATIVE_BINOMIAL) continue;
        for (double x = 0.0; x <= 40.0; x += 1.0) {
            lk_surface term;

            lk_likelihood_term((lk_model_kind)model, some[model], 40.0, x, false,
                               &term);
            sum += exp(term.value);
        }
        check_rel(sum, 1.0, 1e-11);
    }
}

/* Counts of a law, by its own draws. */
static void draw_counts(const char *name, const double t[], uint64_t n, size_t problems,
                        uint64_t seed, counts *out)
{
    const lk_law *law = NULL;

    assert_int_equal(lk_law_find(name, &law, NULL), LK_OK);
    out->problems = problems;
    for (size_t i = 0; i < problems; i++) {
        lk_place place = {.seed = seed, .item = i};
        const double p = lk_law_draw(law, t, &place, NULL, NULL);

        out->n[i] = n;
        out->c[i] = lk_draw_binomial(n, p, &place);
    }
}

/* Each law on 800 problems of its own: within four standard errors of the truth (a correct
 * program has a seed that fails for one of 21 parameters with chance 0.0013), inside the
 * interval or nearly, and no other value of the parameters is likelier. */
static void fits_recover_their_parameters(void **state)
{
    (void)state;
    for (size_t l = 0; lk_fit_laws[l] != NULL; l++) {
        const lk_fit_law *law = lk_fit_laws[l];
        const double *truth = some[law->model];
        double t[LK_LAW_PARAMS_MAX];
        const lk_law *of = NULL;
        counts data;

        if (law->kind != LK_FIT_DISTRIBUTION) continue;
        assert_int_equal(lk_law_find(law->law, &of, NULL), LK_OK);
        for (size_t i = 0; i < of->params; i++) {
            t[i] = i < law->params ? truth[i] : of->param[i].preset;
        }
        draw_counts(law->law, t, 2000, 800, 5, &data);
        const lk_fit_result got = fit(law->name, &data, &lk_fit_defaults);
        assert_int_equal(got.status, LK_FIT_OK);
        for (size_t i = 0; i < law->params; i++) {
            const lk_fit_value *v = &got.param[i];

            assert_true(v->se > 0.0 && fabs(v->value - truth[i]) < 4.0 * v->se);
            assert_true(v->lo < v->value && v->value < v->hi);
            /* 800 problems: two parameters are nearly normal */
            if (law->params > 2) continue;
            assert_true(fabs((v->hi - v->lo) / (2.0 * 1.96 * v->se) - 1.0) < 0.6);
        }
    }
}

/* Whatever the number of threads and the order of problems, to the last bit. */
static void fits_do_not_depend_on_threads_or_order(void **state)
{
    static const char *const laws[] = {"beta-binomial", "kumaraswamy-binomial"};
    counts data, mirrored;
    (void)state;

    draw_counts("beta", some[0], 300, 900, 9, &data);
    for (size_t i = 0; i < data.problems; i++) data.n[i] += i % 7;
    mirrored = data;
    for (size_t i = 0; i < data.problems; i++) {
        mirrored.n[i] = data.n[data.problems - 1 - i];
        mirrored.c[i] = data.c[data.problems - 1 - i];
    }
    for (size_t i = 0; i < 2; i++) {
        omp_set_num_threads(1);
        const lk_fit_result one = fit(laws[i], &data, &lk_fit_defaults);
        omp_set_num_threads(5);
        const lk_fit_result five = fit(laws[i], &mirrored, &lk_fit_defaults);
        assert_memory_equal(one.param, five.param, sizeof one.param);
        assert_true(one.nll == five.nll);
    }
}

static lk_fit_status status_of(const char *law, const counts *data)
{
    const lk_fit_result got = fit(law, data, &lk_fit_defaults);

    for (size_t i = 0; i < got.params; i++) {
        const bool none = got.status == LK_FIT_NOT_IDENTIFIABLE;

        assert_true(isnan(got.param[i].value) == none);
        if (got.status == LK_FIT_NO_CONVERGENCE) continue;
        assert_true(none || (got.param[i].lo <= got.param[i].value &&
                             got.param[i].value <= got.param[i].hi));
    }
    assert_true((got.status == LK_FIT_OK) == (got.reason[0] == '\0'));
    return got.status;
}

static counts same_counts(size_t problems, uint64_t n, uint64_t c)
{
    counts data = {.problems = problems};

    for (size_t i = 0; i < problems; i++) {
        data.n[i] = n;
        data.c[i] = c;
    }
    return data;
}

/* All c = 0, all c = n, n = 1, one problem: no law can be told from them. */
static void what_counts_cannot_tell_is_said(void **state)
{
    counts ones = same_counts(40, 1, 0), two = same_counts(2, 10, 3);
    (void)state;

    for (size_t i = 0; i < 20; i++) ones.c[i] = 1;
    two.c[1] = 7;
    for (size_t l = 0; lk_fit_laws[l] != NULL; l++) {
        const char *law = lk_fit_laws[l]->name;
        const counts none = same_counts(100, 1000, 0),
                     all = same_counts(100, 1000, 1000);
        const counts one = same_counts(1, 1000, 3);

        if (lk_fit_laws[l]->kind != LK_FIT_DISTRIBUTION) continue;
        assert_int_equal(status_of(law, &none), LK_FIT_NOT_IDENTIFIABLE);
        assert_int_equal(status_of(law, &all), LK_FIT_NOT_IDENTIFIABLE);
        assert_int_equal(status_of(law, &one), LK_FIT_NOT_IDENTIFIABLE);
        assert_int_equal(status_of(law, &ones), LK_FIT_NOT_IDENTIFIABLE);
        if (lk_fit_laws[l]->params > 2)
            assert_int_equal(status_of(law, &two), LK_FIT_NOT_IDENTIFIABLE);
    }
}

/* Equal counts vary less than any law that is not a point; two extremes vary as much as can
 * be; and every fit of them ends. */
static void extreme_counts_end_at_a_bound(void **state)
{
    counts same = same_counts(50, 1000, 10), extremes = same_counts(50, 1000, 0);
    (void)state;

    for (size_t i = 0; i < 20; i++) extremes.c[i] = 1000;
    assert_int_equal(status_of("beta-binomial", &same), LK_FIT_AT_BOUND);
    assert_int_equal(status_of("beta-binomial", &extremes), LK_FIT_AT_BOUND);
    for (size_t l = 0; lk_fit_laws[l] != NULL; l++) {
        if (lk_fit_laws[l]->kind != LK_FIT_DISTRIBUTION) continue;
        status_of(lk_fit_laws[l]->name, &same);
        status_of(lk_fit_laws[l]->name, &extremes);
    }
}

/* A beta law has no zeros to inflate and needs no scale below one: the bound is found, and the
 * rest of the fit is that of the beta-binomial. */
static void needless_parameters_lie_at_their_bounds(void **state)
{
    const lk_fit_result *got;
    counts data;
    (void)state;

    draw_counts("beta", (const double[]){0.9, 1.5}, 500, 400, 3, &data);
    const lk_fit_result plain = fit("beta-binomial", &data, &lk_fit_defaults);
    const lk_fit_result zero =
        fit("zero-inflated-beta-binomial", &data, &lk_fit_defaults);
    const lk_fit_result scaled = fit("scaled-beta-binomial", &data, &lk_fit_defaults);

    for (int i = 0; i < 2; i++) {
        got = i == 0 ? &zero : &scaled;
        if (got->status != LK_FIT_AT_BOUND) continue;
        check_rel(got->param[2].value, i == 0 ? 0.0 : 1.0, 0.0);
        check_rel(got->nll, plain.nll, 1e-9);
        check_rel(got->param[0].value, plain.param[0].value, 1e-5);
    }
    assert_int_equal(zero.status, LK_FIT_AT_BOUND);
    assert_true(zero.param[2].lo == 0.0 && zero.param[2].hi < 0.1);
    assert_true(isnan(zero.param[2].se));
    assert_true(zero.nll <= plain.nll + 1e-7 && scaled.nll <= plain.nll + 1e-7);
}

/* The rule is min(1, (P+1)/P max c/n); a fixed scale is no parameter of AIC. */
static void scales_may_be_given(void **state)
{
    lk_fit_options options = lk_fit_defaults;
    counts data;
    (void)state;

    draw_counts("scaled-beta", some[1], 1000, 200, 1, &data);
    uint64_t most = 0;
    for (size_t i = 0; i < 200; i++) most = data.c[i] > most ? data.c[i] : most;
    options.scale_how = LK_SCALE_RULE;
    const lk_fit_result rule = fit("scaled-beta-binomial", &data, &options);
    check_rel(rule.param[2].value, 201.0 / 200.0 * (double)most / 1000.0, 1e-15);
    assert_true(isnan(rule.param[2].se) && isnan(rule.param[2].lo));
    assert_int_equal(rule.free_params, 2);
    check_rel(rule.aic, 2.0 * rule.nll + 4.0, 1e-14);
    options.scale_how = LK_SCALE_FIXED;
    options.scale = 1.0;
    const lk_fit_result whole = fit("scaled-beta-binomial", &data, &options);
    const lk_fit_result plain = fit("beta-binomial", &data, &lk_fit_defaults);
    check_rel(whole.nll, plain.nll, 1e-9);
    check_rel(whole.param[1].value, plain.param[1].value, 1e-4);
}

static void unequal_and_enormous_counts_are_fitted(void **state)
{
    counts data;
    (void)state;

    draw_counts("beta", some[0], 1000, 300, 2, &data);
    for (size_t i = 0; i < data.problems; i++) {
        lk_place place = {.seed = 4, .item = i};
        const lk_law *law = NULL;

        lk_law_find("beta", &law, NULL);
        data.n[i] = UINT64_C(1) << i % 50;
        data.c[i] = lk_draw_binomial(
            data.n[i], lk_law_draw(law, some[0], &place, NULL, NULL), &place);
    }
    const lk_fit_result got = fit("beta-binomial", &data, &lk_fit_defaults);
    assert_int_equal(got.status, LK_FIT_OK);
    assert_true(fabs(got.param[0].value - 0.3) < 4.0 * got.param[0].se);
    assert_true(fabs(got.param[1].value - 12.0) < 4.0 * got.param[1].se);
}

/* A million problems, 5 s of which were promised for two cores; ten leave room for a machine
 * that does other things. */
static void a_million_problems_are_fitted(void **state)
{
    enum { MILLION = 1000000 };
    uint64_t *n = calloc(MILLION, sizeof *n), *c = calloc(MILLION, sizeof *c);
    const lk_law *law = NULL;
    lk_fit_result got;
    (void)state;

    assert_non_null(n);
    assert_non_null(c);
    lk_law_find("beta", &law, NULL);
    for (uint64_t i = 0; i < MILLION; i++) {
        lk_place place = {.seed = 8, .item = i};

        n[i] = 100 + i % 20000;
        c[i] = lk_draw_binomial(n[i], lk_law_draw(law, some[0], &place, NULL, NULL),
                                &place);
    }
    assert_int_equal(
        lk_fit(fit_law("beta-binomial"), n, c, MILLION, &lk_fit_defaults, &got, NULL),
        LK_OK);
    assert_int_equal(got.status, LK_FIT_OK);
    assert_true(fabs(got.param[0].value - 0.3) < 4.0 * got.param[0].se);
    check_rel(got.param[0].hi - got.param[0].lo, 2 * 1.959964 * got.param[0].se, 1e-3);
    free(n);
    free(c);
}

static void fits_refuse_what_is_no_data(void **state)
{
    const uint64_t n[] = {10, 10}, c[] = {1, 11}, none[] = {0, 0};
    lk_fit_options options = lk_fit_defaults;
    lk_fit_result out = {.nll = 7.0};
    const lk_fit_law *law = NULL;
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_fit_find("gamma", &law, &err), LK_E_ARG);
    law = fit_law("beta-binomial");
    assert_int_equal(lk_fit(law, n, c, 2, &options, &out, &err), LK_E_ARG);
    assert_string_equal(err.text, "problem 1: 11 successes in 10 attempts");
    assert_int_equal(lk_fit(law, none, none, 2, &options, &out, &err), LK_E_ARG);
    assert_int_equal(lk_fit(law, n, none, 0, &options, &out, &err), LK_E_ARG);
    options.level = 1.0;
    assert_int_equal(lk_fit(law, n, none, 2, &options, &out, &err), LK_E_ARG);
    options = lk_fit_defaults;
    options.scale_how = LK_SCALE_FIXED;
    assert_int_equal(lk_fit(law, n, none, 2, &options, &out, &err), LK_E_ARG);
    assert_true(out.nll == 7.0); /* a failure writes no output */
}

/* Right laws pass and wrong ones do not: 5 % of right ones would fall below 0.08.  A mixture
 * of easy and impossible problems is no beta. */
static void goodness_tells_right_from_wrong(void **state)
{
    lk_fit_options options = lk_fit_defaults;
    counts right, wrong;
    (void)state;

    options.interval = LK_FIT_INTERVAL_NONE;
    options.resamples = 19;
    options.folds = 5;
    draw_counts("beta", (const double[]){0.8, 3.0}, 200, 150, 12, &right);
    draw_counts("two-beta", (const double[]){0.5, 20.0, 180.0, 30.0, 30.0}, 200, 150,
                12, &wrong);
    const lk_fit_result good = fit("beta-binomial", &right, &options);
    const lk_fit_result bad = fit("beta-binomial", &wrong, &options);
    const lk_fit_result mixed = fit("two-beta", &wrong, &options);
    assert_true(good.goodness_p > 0.08);
    check_rel(bad.goodness_p, 1.0 / 20.0, 1e-15);
    assert_true(mixed.goodness_p > 0.08);
    assert_true(mixed.held_out > bad.held_out && bad.held_out < 0.0);
    /* held out costs about as much as a parameter saves: 1 of 150 each, and noise */
    assert_true(fabs(good.held_out + good.nll_mean) < 0.05);
}

static void goodness_does_not_depend_on_threads(void **state)
{
    lk_fit_options options = lk_fit_defaults;
    counts data;
    (void)state;

    options.resamples = 19;
    draw_counts("beta", some[0], 100, 60, 12, &data);
    omp_set_num_threads(1);
    const lk_fit_result one = fit("discretised-kumaraswamy", &data, &options);
    omp_set_num_threads(4);
    const lk_fit_result four = fit("discretised-kumaraswamy", &data, &options);
    assert_true(one.goodness == four.goodness && one.goodness_p == four.goodness_p);
    assert_true(one.goodness > 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beta_binomial_matches_the_known_fit),
        cmocka_unit_test(two_parts_find_the_same_peak),
        cmocka_unit_test(scaled_fits_match_their_parts),
        cmocka_unit_test(derivatives_are_differences),
        cmocka_unit_test(models_are_distributions),
        cmocka_unit_test(fits_recover_their_parameters),
        cmocka_unit_test(fits_do_not_depend_on_threads_or_order),
        cmocka_unit_test(what_counts_cannot_tell_is_said),
        cmocka_unit_test(extreme_counts_end_at_a_bound),
        cmocka_unit_test(needless_parameters_lie_at_their_bounds),
        cmocka_unit_test(scales_may_be_given),
        cmocka_unit_test(unequal_and_enormous_counts_are_fitted),
        cmocka_unit_test(a_million_problems_are_fitted),
        cmocka_unit_test(fits_refuse_what_is_no_data),
        cmocka_unit_test(goodness_tells_right_from_wrong),
        cmocka_unit_test(goodness_does_not_depend_on_threads),
    };
    return cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}
