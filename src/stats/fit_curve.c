/* fit_curve.c - laws fitted to the curve of mean pass@k by least squares.
 *
 * The curve is the mean over problems of the unbiased estimates at the values of k that the
 * caller gives; neighbouring points share problems and attempts, and so do not scatter
 * independently.  Standard errors therefore come from the problems, which are independent:
 * problem i moves the fit by
 *
 *     psi_i = (J' W J)^-1 J' W (y_i - y),   cov = sum psi_i psi_i' / (P (P-1)),
 *
 * J the Jacobian at the fit, y_i the problem's own curve.
 *
 *   power-law           straight line through log(-log pass@k) against log k, as published
 *                       by Schaeffer et al.; points at which pass@k is 0 or 1 are left out
 *   power-law-weighted  the same line, each point by the inverse of its variance
 *   the others          least squares on pass@k itself
 */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "stats/fit_curve_parts.h"

/* The covariance of u: see the head comment. */
static bool covariance(const lk_curvefit *c, const double u[], const bool held[],
                       double out[][LK_NEWTON_MAX])
{
    const double problems = (double)c->counts.problems;
    lk_surface normal = {0};
    double inverse[LK_NEWTON_MAX][LK_NEWTON_MAX] = {{0.0}};
    double *slope = calloc(c->points * LK_CURVEFIT_PARAMS, sizeof *slope);

    if (slope == NULL || problems < 2.0) {
        free(slope);
        return false;
    }
    lk_curvefit_evaluate((void *)(uintptr_t)c, u, &normal);
    const bool regular = lk_invert(c->params, held, &normal, inverse);
    for (size_t j = 0; j < c->points; j++)
        lk_curvefit_slopes(c, u, c->k[j], slope + j * LK_CURVEFIT_PARAMS);
    for (size_t i = 0; regular && i < c->counts.count; i++) {
        double pull[LK_CURVEFIT_PARAMS] = {0.0}, psi[LK_CURVEFIT_PARAMS] = {0.0};

        for (size_t j = 0; j < c->points; j++) {
            double d = c->value[i * c->points + j] - c->mean[j];

            if (c->weight[j] == 0.0) continue;
            if (lk_curvefit_is_power(c->kind))
                d *= lk_curvefit_log_log_slope(c->mean[j]);
            for (size_t a = 0; a < c->params; a++) {
                pull[a] += LK_CURVEFIT_SCALE * c->weight[j] *
                           slope[j * LK_CURVEFIT_PARAMS + a] * d;
            }
        }
        for (size_t a = 0; a < c->params; a++) {
            for (size_t b = 0; b < c->params; b++) psi[a] += inverse[a][b] * pull[b];
        }
        for (size_t a = 0; a < c->params; a++) {
            for (size_t b = 0; b < c->params; b++) {
                out[a][b] += c->counts.times[i] * psi[a] * psi[b] /
                             (problems * (problems - 1.0));
            }
        }
    }
    free(slope);
    return regular;
}

/* A parameter with the standard error of the delta method; its interval is that of u -+ z
 * sd, carried over. */
static lk_fit_value param_value(const lk_curvefit *c, size_t i, const double u[],
                                double sd, double z)
{
    const double value = lk_curvefit_param(c->kind, i, u[i]);
    const double a = lk_curvefit_param(c->kind, i, u[i] - z * sd);
    const double b = lk_curvefit_param(c->kind, i, u[i] + z * sd);
    const double slope =
        lk_curvefit_is_chance(c->kind, i) ? value * (1.0 - value) : fabs(value);

    const double se = slope * sd;

    if (i == 2) { /* next to A = 1 its logit is anything */
        return (lk_fit_value){value, se, fmax(0.0, value - z * se),
                              fmin(1.0, value + z * se)};
    }
    return (lk_fit_value){value, se, fmin(a, b), fmax(a, b)};
}

/* The exponent of the tail as a function of u; NaN where the law has none. */
static double exponent(const lk_curvefit *c, const double u[])
{
    const double a = lk_curvefit_param(c->kind, 0, u[0]),
                 b = lk_curvefit_param(c->kind, 1, u[1]);

    switch (c->kind) {
    case LK_CURVE_POWER:
    case LK_CURVE_POWER_WEIGHTED:
    case LK_CURVE_LEVI: return b;
    case LK_CURVE_EXP_POWER: return -b;
    case LK_CURVE_EXCHANGEABLE: return (1.0 - a) * (1.0 - b) / b;
    case LK_CURVE_DESIGN_EFFECT:
    case LK_CURVE_HAZARD: break;
    }
    return NAN;
}

static lk_fit_value exponent_value(const lk_curvefit *c, const double u[],
                                   double cov[][LK_NEWTON_MAX], double z)
{
    const double value = exponent(c, u), step = 1e-5;
    double variance = 0.0, slope[LK_CURVEFIT_PARAMS] = {0.0};

    for (size_t i = 0; i < 2; i++) { /* of the logarithm */
        double above[LK_CURVEFIT_PARAMS] = {u[0], u[1]},
               below[LK_CURVEFIT_PARAMS] = {u[0], u[1]};

        above[i] += step;
        below[i] -= step;
        slope[i] = log(exponent(c, above) / exponent(c, below)) / (2.0 * step);
    }
    for (size_t a = 0; a < 2; a++) {
        for (size_t b = 0; b < 2; b++) variance += slope[a] * slope[b] * cov[a][b];
    }
    const double sd = sqrt(variance);
    return (lk_fit_value){value, value * sd, value * exp(-z * sd), value * exp(z * sd)};
}

static double rmse(const lk_curvefit *c, const double t[])
{
    double sum = 0.0;

    for (size_t j = 0; j < c->points; j++) {
        const double off =
            -expm1(lk_curve_log_failure(c->kind, t, c->k[j])) - c->mean[j];

        sum += off * off;
    }
    return sqrt(sum / (double)c->points);
}

/* What a straight line hides: the curve's own exponent at both ends. */
static void say_local_exponents(const lk_curvefit *c, lk_fit_result *out)
{
    size_t first = 0, last = c->points - 1;

    while (first < c->points && c->weight[first] == 0.0) first++;
    while (last > first && c->weight[last] == 0.0) last--;
    if (last < first + 3) return;
    const double *k = c->k, *y = c->y;
    lk_fit_result_say(
        out, out->status,
        "local exponent %.3g at k = %.3g, %.3g at k = %.3g: not one power",
        -(y[first + 1] - y[first]) / log(k[first + 1] / k[first]),
        sqrt(k[first] * k[first + 1]),
        -(y[last] - y[last - 1]) / log(k[last] / k[last - 1]),
        sqrt(k[last - 1] * k[last]));
}

static void describe(const lk_curvefit *c, const double u[],
                     const lk_fit_options *options, lk_fit_result *out)
{
    const double z = gsl_cdf_ugaussian_Qinv(0.5 * (1.0 - options->level));
    const bool at_end = c->params > 2 && u[2] >= LK_CURVEFIT_REACH_END - 1.0;
    const bool given = lk_curvefit_reach_given(c, options);
    const bool held[LK_NEWTON_MAX] = {false, false, at_end || given};
    double cov[LK_NEWTON_MAX][LK_NEWTON_MAX] = {{0.0}},
           t[LK_CURVEFIT_PARAMS] = {0.0, 0.0, 1.0};
    double at[LK_CURVEFIT_PARAMS];

    for (size_t i = 0; i < c->params; i++) {
        at[i] = i == 2 && at_end ? LK_CURVEFIT_REACH_END : u[i];
        t[i] = lk_curvefit_param(c->kind, i, at[i]);
        out->param[i].value = t[i];
    }
    out->rmse = rmse(c, t);
    out->exponent.value = exponent(c, at);
    if (given)
        out->free_params--;
    else if (at_end)
        lk_fit_result_say(out, LK_FIT_AT_BOUND, "A is 1, the end of its range");
    if (options->interval == LK_FIT_INTERVAL_NONE) return;
    if (!covariance(c, at, held, cov)) return;
    for (size_t i = 0; i < c->params; i++) {
        if (!held[i]) out->param[i] = param_value(c, i, at, sqrt(cov[i][i]), z);
    }
    if (!isnan(out->exponent.value)) out->exponent = exponent_value(c, at, cov, z);
}

lk_status lk_fit_curve(const lk_fit_law *self, const uint64_t n[], const uint64_t c[],
                       size_t problems, const lk_fit_options *options,
                       lk_fit_result *out, lk_error *err)
{
    lk_fit_result result = lk_fit_result_empty(self);
    lk_curvefit it = {0};
    lk_minimum best = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_curvefit_init(self, n, c, problems, options, &it, err));
    if (lk_curvefit_choose(&it) < self->params || it.counts.all_fail ||
        it.counts.all_succeed) {
        lk_fit_result_say(&result, LK_FIT_NOT_IDENTIFIABLE,
                          it.counts.all_fail ? "no attempt at any problem succeeded"
                          : it.counts.all_succeed
                              ? "every attempt at every problem succeeded"
                              : "fewer points than parameters");
    } else if (lk_curvefit_solve(&it, options, &best, &result)) {
        describe(&it, best.u, options, &result);
        if (lk_curvefit_is_power(it.kind)) say_local_exponents(&it, &result);
    }
    result.iterations = best.iterations;
    *out = result;
out:
    lk_curvefit_release(&it);
    return st;
}

lk_status lk_fit_curve_values(const lk_fit_law *law, const uint64_t k[],
                              const double pass[], size_t count, double param[],
                              lk_error *err)
{
    lk_fit_result ignored = lk_fit_result_empty(law);
    lk_minimum best = {0};
    lk_curvefit c = {
        .kind = (lk_curve_kind)law->model, .points = count, .params = law->params};
    lk_status st = LK_OK;

    if (c.kind == LK_CURVE_POWER_WEIGHTED) c.kind = LK_CURVE_POWER;
    c.k = calloc(4 * count + 1, sizeof *c.k);
    if (c.k == NULL) return LK_FAIL(err, LK_E_MEMORY, "a curve of %zu points", count);
    c.mean = c.k + count;
    c.y = c.mean + count;
    c.weight = c.y + count;
    for (size_t j = 0; j < count; j++) {
        c.k[j] = (double)k[j];
        c.mean[j] = pass[j];
    }
    if (lk_curvefit_choose(&c) < law->params ||
        !lk_curvefit_solve(&c, &lk_fit_defaults, &best, &ignored)) {
        st = LK_FAIL(err, LK_E_NUMERIC, "%s: no fit to %zu values of pass@k", law->name,
                     count);
        goto out;
    }
    for (size_t i = 0; i < c.params; i++)
        param[i] = lk_curvefit_param(c.kind, i, best.u[i]);
out:
    free(c.k);
    return st;
}

/* clang-format off */
const lk_fit_law lk_fit_power_law = {
    .name = "power-law", .summary = "-log pass@k = a k^-b, a line in logarithms",
    .kind = LK_FIT_CURVE, .params = 2, .param = {"a", "b"},
    .fit = lk_fit_curve, .model = LK_CURVE_POWER};
const lk_fit_law lk_fit_power_law_weighted = {
    .name = "power-law-weighted", .summary = "the same line, weighted by variance",
    .kind = LK_FIT_CURVE, .params = 2, .param = {"a", "b"},
    .fit = lk_fit_curve, .model = LK_CURVE_POWER_WEIGHTED};
const lk_fit_law lk_fit_exp_power_law = {
    .name = "exp-power-law", .summary = "pass@k = exp(a k^b), least squares on pass@k",
    .kind = LK_FIT_CURVE, .params = 2, .param = {"a", "b"},
    .fit = lk_fit_curve, .model = LK_CURVE_EXP_POWER};
const lk_fit_law lk_fit_levi = {
    .name = "levi", .summary = "pass@k = A (1 - E p^k), FAILURE p ~ Beta(alpha, beta)",
    .kind = LK_FIT_CURVE, .params = 3, .param = {"alpha", "beta", "A"}, .law = "levi",
    .fit = lk_fit_curve, .model = LK_CURVE_LEVI};
const lk_fit_law lk_fit_levi_exchangeable = {
    .name = "levi-exchangeable", .summary = "the same by mean p and correlation r",
    .kind = LK_FIT_CURVE, .params = 3, .param = {"p", "r", "A"},
    .fit = lk_fit_curve, .model = LK_CURVE_EXCHANGEABLE};
const lk_fit_law lk_fit_levi_design_effect = {
    .name = "levi-design-effect", .summary = "attempts correlated as d^-kappa",
    .kind = LK_FIT_CURVE, .params = 3, .param = {"p", "kappa", "A"},
    .fit = lk_fit_curve, .model = LK_CURVE_DESIGN_EFFECT};
const lk_fit_law lk_fit_levi_hazard = {
    .name = "levi-hazard", .summary = "attempt j succeeds with (1-p) j^-kappa",
    .kind = LK_FIT_CURVE, .params = 3, .param = {"p", "kappa", "A"},
    .fit = lk_fit_curve, .model = LK_CURVE_HAZARD};
/* clang-format on */
