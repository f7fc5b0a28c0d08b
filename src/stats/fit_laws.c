/* fit_laws.c - the table of laws that can be fitted, and what all fits share. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "stats/curve_law.h"
#include "stats/fit_parts.h"

#define N_MAX (UINT64_C(1) << 53) /* beyond it a double misses integers */

const lk_fit_options lk_fit_defaults = {
    .level = 0.95, .interval = LK_FIT_INTERVAL_PROFILE, .seed = 1};

static const lk_fit_law beta_binomial = {
    .name = "beta-binomial",
    .summary = "p ~ Beta(alpha, beta)",
    .params = 2,
    .param = {"alpha", "beta"},
    .law = "beta",
    .fit = lk_fit_distribution,
    .model = LK_MODEL_BETA,
};
static const lk_fit_law scaled_beta_binomial = {
    .name = "scaled-beta-binomial",
    .summary = "p/scale ~ Beta(alpha, beta)",
    .params = 3,
    .param = {"alpha", "beta", "scale"},
    .law = "scaled-beta",
    .fit = lk_fit_distribution,
    .model = LK_MODEL_SCALED_BETA,
};
static const lk_fit_law kumaraswamy_binomial = {
    .name = "kumaraswamy-binomial",
    .summary = "p/scale ~ Kumaraswamy(alpha, beta)",
    .params = 3,
    .param = {"alpha", "beta", "scale"},
    .law = "kumaraswamy",
    .fit = lk_fit_distribution,
    .model = LK_MODEL_KUMARASWAMY,
};
static const lk_fit_law beta_negative_binomial = {
    .name = "beta-negative-binomial",
    .summary = "p ~ Beta(alpha, beta), attempts until the c-th success",
    .params = 2,
    .param = {"alpha", "beta"},
    .law = "beta",
    .fit = lk_fit_distribution,
    .model = LK_MODEL_NEGATIVE_BINOMIAL,
    .stopped = true,
};
static const lk_fit_law zero_inflated_beta_binomial = {
    .name = "zero-inflated-beta-binomial",
    .summary = "p = 0 with chance zero, else Beta(alpha, beta)",
    .params = 3,
    .param = {"alpha", "beta", "zero"},
    .law = "zero-inflated-beta",
    .fit = lk_fit_distribution,
    .model = LK_MODEL_ZERO_INFLATED,
};
static const lk_fit_law two_beta = {
    .name = "two-beta",
    .summary = "a mixture of two Beta distributions",
    .params = 5,
    .param = {"weight", "alpha", "beta", "alpha2", "beta2"},
    .law = "two-beta",
    .fit = lk_fit_distribution,
    .model = LK_MODEL_TWO_BETA,
};
static const lk_fit_law discretised_beta = {
    .name = "discretised-beta",
    .summary = "p ~ Beta(alpha, beta), c/n is p rounded",
    .params = 2,
    .param = {"alpha", "beta"},
    .law = "beta",
    .fit = lk_fit_distribution,
    .model = LK_MODEL_DISCRETISED_BETA,
};
static const lk_fit_law discretised_kumaraswamy = {
    .name = "discretised-kumaraswamy",
    .summary = "p ~ Kumaraswamy(alpha, beta), c/n is p rounded",
    .params = 2,
    .param = {"alpha", "beta"},
    .law = "kumaraswamy",
    .fit = lk_fit_distribution,
    .model = LK_MODEL_DISCRETISED_KUMARASWAMY,
};

/* clang-format off */
const lk_fit_law *const lk_fit_laws[] = {
    &beta_binomial,
    &scaled_beta_binomial,
    &kumaraswamy_binomial,
    &beta_negative_binomial,
    &zero_inflated_beta_binomial,
    &two_beta,
    &discretised_beta,
    &discretised_kumaraswamy,
    &lk_fit_power_law,
    &lk_fit_power_law_weighted,
    &lk_fit_exp_power_law,
    &lk_fit_levi,
    &lk_fit_levi_exchangeable,
    &lk_fit_levi_design_effect,
    &lk_fit_levi_hazard,
    NULL,
};
/* clang-format on */

lk_status lk_fit_find(const char *name, const lk_fit_law **out, lk_error *err)
{
    char list[400] = "";
    size_t used = 0;

    for (size_t i = 0; lk_fit_laws[i] != NULL; i++) {
        if (strcmp(lk_fit_laws[i]->name, name) == 0) {
            *out = lk_fit_laws[i];
            return LK_OK;
        }
        const int n = snprintf(list + used, sizeof list - used, "%s%s",
                               i == 0 ? "" : ", ", lk_fit_laws[i]->name);
        if (n > 0 && (size_t)n < sizeof list - used) used += (size_t)n;
    }
    return LK_FAIL(err, LK_E_ARG, "no law '%.60s'; there are %s", name, list);
}

const char *lk_fit_status_name(lk_fit_status status)
{
    switch (status) {
    case LK_FIT_OK: return "ok";
    case LK_FIT_AT_BOUND: return "at_bound";
    case LK_FIT_NOT_IDENTIFIABLE: return "not_identifiable";
    case LK_FIT_NO_CONVERGENCE: return "no_convergence";
    }
    return "unknown";
}

lk_fit_result lk_fit_result_empty(const lk_fit_law *law)
{
    const lk_fit_value none = {NAN, NAN, NAN, NAN};
    lk_fit_result r = {.params = law->params,
                       .free_params = law->params,
                       .exponent = none,
                       .nll = NAN,
                       .nll_mean = NAN,
                       .aic = NAN,
                       .bic = NAN,
                       .rmse = NAN,
                       .held_out = NAN,
                       .goodness = NAN,
                       .goodness_p = NAN};

    for (size_t i = 0; i < LK_FIT_PARAMS_MAX; i++) r.param[i] = none;
    return r;
}

void lk_fit_params(const lk_fit_law *law, const lk_fit_result *result, double param[])
{
    const lk_law *found = NULL;

    for (size_t i = 0; i < LK_LAW_PARAMS_MAX; i++) param[i] = NAN;
    if (law->law == NULL || lk_law_find(law->law, &found, NULL) != LK_OK) return;
    for (size_t i = 0; i < found->params; i++) {
        param[i] = i < law->params ? result->param[i].value : found->param[i].preset;
    }
}

void lk_fit_result_say(lk_fit_result *result, lk_fit_status status, const char *format,
                       ...)
{
    va_list args;

    result->status = status;
    va_start(args, format);
    vsnprintf(result->reason, sizeof result->reason, format, args);
    va_end(args);
}

static lk_status check(const lk_fit_law *law, const uint64_t n[], const uint64_t c[],
                       size_t problems, const lk_fit_options *options, lk_error *err)
{
    const uint64_t k_most = options->k_count > 0 ? options->k[options->k_count - 1] : 0;

    if (problems == 0) return LK_FAIL(err, LK_E_ARG, "a fit to no problems");
    if (!(options->level > 0.0 && options->level < 1.0)) {
        return LK_FAIL(err, LK_E_ARG, "level %g is not between 0 and 1",
                       options->level);
    }
    if (options->scale_how == LK_SCALE_FIXED &&
        !(options->scale > 0.0 && options->scale <= 1.0)) {
        return LK_FAIL(err, LK_E_ARG, "scale %g is not above 0 and at most 1",
                       options->scale);
    }
    if (law->kind == LK_FIT_CURVE && options->k_count == 0) {
        return LK_FAIL(err, LK_E_ARG, "%s: no values of k", law->name);
    }
    for (size_t i = 0; i < problems; i++) {
        if (n[i] == 0 || c[i] > n[i] || n[i] > N_MAX) {
            return LK_FAIL(err, LK_E_ARG,
                           "problem %zu: %" PRIu64 " successes in %" PRIu64 " attempts",
                           i, c[i], n[i]);
        }
        if (law->kind == LK_FIT_CURVE && k_most > n[i]) {
            return LK_FAIL(err, LK_E_ARG,
                           "%s: k = %" PRIu64 " is more than the %" PRIu64
                           " attempts of problem %zu",
                           law->name, k_most, n[i], i);
        }
    }
    return LK_OK;
}

/* What a distribution's fit says of counts it has not seen, and of those it has. */
static lk_status judge(const lk_fit_law *law, const uint64_t n[], const uint64_t c[],
                       size_t problems, const lk_fit_options *options,
                       lk_fit_result *result, lk_error *err)
{
    double t[LK_FIT_PARAMS_MAX];
    lk_status st = LK_OK;

    for (size_t i = 0; i < law->params; i++) t[i] = result->param[i].value;
    if (options->folds > 1) {
        LK_TRY(
            lk_fit_held_out(law, n, c, problems, options, t, &result->held_out, err));
    }
    if (options->resamples > 0) {
        LK_TRY(lk_fit_goodness(law, n, c, problems, options, result, err));
    }
out:
    return st;
}

lk_status lk_fit(const lk_fit_law *law, const uint64_t n[], const uint64_t c[],
                 size_t problems, const lk_fit_options *options, lk_fit_result *out,
                 lk_error *err)
{
    lk_fit_result result;
    lk_status st = LK_OK;

    LK_TRY(check(law, n, c, problems, options, err));
    LK_TRY(law->fit(law, n, c, problems, options, &result, err));
    if (law->kind == LK_FIT_DISTRIBUTION && result.status != LK_FIT_NOT_IDENTIFIABLE) {
        LK_TRY(judge(law, n, c, problems, options, &result, err));
    }
    *out = result;
out:
    return st;
}
