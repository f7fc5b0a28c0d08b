/* law.c - the table of laws, and what holds for every one of them. */
#include "largek/law.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "stats/law_parts.h"
#include "stats/special.h"

#define REQUIRED NAN
#define ALPHA                                 \
    {                                         \
        "alpha", LK_DOMAIN_POSITIVE, REQUIRED \
    }
#define BETA                                 \
    {                                        \
        "beta", LK_DOMAIN_POSITIVE, REQUIRED \
    }

static const lk_law delta = {
    .name = "delta",
    .summary = "every problem succeeds with chance p",
    .params = 1,
    .param = {{"p", LK_DOMAIN_CHANCE, REQUIRED}},
    .ops = &lk_law_delta_ops,
};
static const lk_law uniform = {
    .name = "uniform",
    .summary = "p uniform on (a, b)",
    .params = 2,
    .param = {{"a", LK_DOMAIN_CHANCE, 0.0}, {"b", LK_DOMAIN_CHANCE, 1.0}},
    .ops = &lk_law_uniform_ops,
};
static const lk_law beta = {
    .name = "beta",
    .summary = "p ~ Beta(alpha, beta)",
    .params = 2,
    .param = {ALPHA, BETA},
    .ops = &lk_law_beta_ops,
};
static const lk_law scaled_beta = {
    .name = "scaled-beta",
    .summary = "p/scale ~ Beta(alpha, beta)",
    .params = 3,
    .param = {ALPHA, BETA, {"scale", LK_DOMAIN_SCALE, 1.0}},
    .ops = &lk_law_scaled_beta_ops,
};
static const lk_law kumaraswamy = {
    .name = "kumaraswamy",
    .summary = "p/scale ~ Kumaraswamy(alpha, beta)",
    .params = 3,
    .param = {ALPHA, BETA, {"scale", LK_DOMAIN_SCALE, 1.0}},
    .ops = &lk_law_kumaraswamy_ops,
};
static const lk_law continuous_bernoulli = {
    .name = "continuous-bernoulli",
    .summary = "density of p proportional to lambda^p (1-lambda)^(1-p)",
    .params = 1,
    .param = {{"lambda", LK_DOMAIN_OPEN_UNIT, REQUIRED}},
    .ops = &lk_law_continuous_bernoulli_ops,
};
static const lk_law reciprocal = {
    .name = "reciprocal",
    .summary = "density of p proportional to 1/p on (a, b)",
    .params = 2,
    .param = {{"a", LK_DOMAIN_OPEN_UNIT, REQUIRED}, {"b", LK_DOMAIN_SCALE, 1.0}},
    .ops = &lk_law_reciprocal_ops,
};
static const lk_law zero_inflated_beta = {
    .name = "zero-inflated-beta",
    .summary = "p = 0 with chance zero, else p ~ Beta(alpha, beta)",
    .params = 3,
    .param = {ALPHA, BETA, {"zero", LK_DOMAIN_CHANCE, REQUIRED}},
    .ops = &lk_law_zero_inflated_beta_ops,
};
static const lk_law two_beta = {
    .name = "two-beta",
    .summary = "Beta(alpha, beta) with chance weight, else Beta(alpha2, beta2)",
    .params = 5,
    .param = {{"weight", LK_DOMAIN_CHANCE, REQUIRED},
              ALPHA,
              BETA,
              {"alpha2", LK_DOMAIN_POSITIVE, REQUIRED},
              {"beta2", LK_DOMAIN_POSITIVE, REQUIRED}},
    .ops = &lk_law_two_beta_ops,
};
static const lk_law levi = {
    .name = "levi",
    .summary = "1-p ~ Beta(alpha, beta) with chance A, else p = 0",
    .over = LK_OVER_FAILURE,
    .params = 3,
    .param = {ALPHA, BETA, {"A", LK_DOMAIN_SCALE, 1.0}},
    .ops = &lk_law_levi_ops,
};

const lk_law *const lk_laws[] = {&delta,       &uniform,
                                 &beta,        &scaled_beta,
                                 &kumaraswamy, &continuous_bernoulli,
                                 &reciprocal,  &zero_inflated_beta,
                                 &two_beta,    &levi,
                                 NULL};

lk_status lk_law_find(const char *name, const lk_law **out, lk_error *err)
{
    char list[300] = "";
    size_t used = 0;

    for (size_t i = 0; lk_laws[i] != NULL; i++) {
        if (strcmp(lk_laws[i]->name, name) == 0) {
            *out = lk_laws[i];
            return LK_OK;
        }
        const int n = snprintf(list + used, sizeof list - used, "%s%s",
                               i == 0 ? "" : ", ", lk_laws[i]->name);
        if (n > 0 && (size_t)n < sizeof list - used) used += (size_t)n;
    }
    return LK_FAIL(err, LK_E_ARG, "no law '%.60s'; there are %s", name, list);
}

static bool in_domain(lk_domain domain, double value)
{
    switch (domain) {
    case LK_DOMAIN_POSITIVE: return value > 0.0 && value < INFINITY;
    case LK_DOMAIN_OPEN_UNIT: return value > 0.0 && value < 1.0;
    case LK_DOMAIN_SCALE: return value > 0.0 && value <= 1.0;
    case LK_DOMAIN_CHANCE: return value >= 0.0 && value <= 1.0;
    }
    return false;
}

lk_status lk_law_check(const lk_law *law, const double param[], lk_error *err)
{
    static const char *const domain[] = {
        [LK_DOMAIN_POSITIVE] = "positive",
        [LK_DOMAIN_OPEN_UNIT] = "between 0 and 1",
        [LK_DOMAIN_SCALE] = "above 0 and at most 1",
        [LK_DOMAIN_CHANCE] = "from 0 to 1",
    };

    for (size_t i = 0; i < law->params; i++) {
        if (in_domain(law->param[i].domain, param[i])) continue;
        return LK_FAIL(err, LK_E_ARG, "%s: %s = %g is not %s", law->name,
                       law->param[i].name, param[i], domain[law->param[i].domain]);
    }
    if ((law == &uniform || law == &reciprocal) && !(param[0] < param[1])) {
        return LK_FAIL(err, LK_E_ARG, "%s: a = %g is not below b = %g", law->name,
                       param[0], param[1]);
    }
    return LK_OK;
}

static bool sound(const lk_law *law, const double param[])
{
    return lk_law_check(law, param, NULL) == LK_OK;
}

double lk_law_log_failure(const lk_law *law, const double param[], double k)
{
    if (!sound(law, param) || !(k >= 0.0)) return NAN;
    return 0.0 + law->ops->log_failure(law->ops, param, k); /* not -0 */
}

double lk_law_pass(const lk_law *law, const double param[], double k)
{
    return 0.0 - expm1(lk_law_log_failure(law, param, k));
}

/* I'(k) k / ((1-I) log(1-I)); the factor between tends to one with I to 0. */
double lk_law_local_exponent(const lk_law *law, const double param[], double k)
{
    const double l = lk_law_log_failure(law, param, k);

    if (!(k > 0.0) || isnan(l)) return NAN;
    const double fall = law->ops->fall(law->ops, param, k);
    if (l < -40.0) return fall;
    return fall * exp(l) / (expm1(l) * lk_log1m_exp(fmin(l, -1e-300)));
}

lk_asymptote lk_law_asymptote(const lk_law *law, const double param[])
{
    if (!sound(law, param)) return (lk_asymptote){NAN, NAN, NAN, NAN};
    return law->ops->asymptote(law->ops, param);
}

double lk_law_log_pmf(const lk_law *law, const double param[], uint64_t n, uint64_t c)
{
    if (!sound(law, param) || c > n) return NAN;
    return law->ops->log_pmf(law->ops, param, (double)n, (double)c);
}

double lk_law_log_failure_given(const lk_law *law, const double param[], uint64_t n,
                                uint64_t c, double k)
{
    if (!sound(law, param) || c > n || !(k >= 0.0)) return NAN;
    return 0.0 + law->ops->log_failure_given(law->ops, param, (double)n, (double)c, k);
}

double lk_law_log_density(const lk_law *law, const double param[], double p)
{
    return sound(law, param) ? law->ops->log_density(law->ops, param, p) : NAN;
}

double lk_law_cdf(const lk_law *law, const double param[], double p)
{
    return sound(law, param) && p == p ? law->ops->cdf(law->ops, param, p) : NAN;
}

double lk_law_draw(const lk_law *law, const double param[], lk_place *place,
                   double *log_p, double *log_1mp)
{
    return sound(law, param) ? law->ops->draw(law->ops, param, place, log_p, log_1mp)
                             : NAN;
}

double lk_law_log_at_least(const lk_law *law, const double param[], uint64_t n,
                           uint64_t c)
{
    return c == 0 ? 0.0 : law->ops->log_at_least(law->ops, param, (double)n, (double)c);
}
