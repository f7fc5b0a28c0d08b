/* test_fit.c - maximum-likelihood fits: known values, derivatives, and what counts cannot
 * tell. */
#include "largek/fit.h"

#include <math.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beta_binomial_matches_the_known_fit),
    };
    return cmocka_run_group_tests_name("fit", tests, NULL, NULL);
}
