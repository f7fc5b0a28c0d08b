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
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "largek/passk.h"
#include "stats/curve_law.h"
#include "stats/likelihood.h"

enum { PARAMS = 3 };

#define VALUE_SCALE 1e6  /* squared errors of pass@k to where 1e-11 is rounding */
#define REACH_END   12.0 /* a logit of A beyond this is A = 1                   */

/* A curve being fitted. */
typedef struct {
    lk_curve_kind kind;
    size_t points, params;
    double *k, *mean, *variance; /* [points] of the mean, over problems            */
    double *y, *weight;          /* [points] what is fitted; weight 0: left out    */
    double *value;               /* [count][points] pass@k of different counts     */
    lk_tallied counts;
} curve;

static void release(curve *c)
{
    free(c->k);
    free(c->value);
    lk_tallied_release(&c->counts);
}

static void fill_points(curve *c, const uint64_t k[])
{
    const double problems = (double)c->counts.problems;

    for (size_t j = 0; j < c->points; j++) {
        double square = 0.0;

        c->k[j] = (double)k[j];
        for (size_t i = 0; i < c->counts.count; i++) {
            double *value = &c->value[i * c->points + j];

            *value = lk_passk((uint64_t)c->counts.n[i], (uint64_t)c->counts.c[i], k[j]);
            c->mean[j] += *value * c->counts.times[i] / problems;
        }
        for (size_t i = 0; i < c->counts.count; i++) {
            const double d = c->value[i * c->points + j] - c->mean[j];

            square += d * d * c->counts.times[i];
        }
        c->variance[j] = square / (problems * fmax(problems - 1.0, 1.0));
    }
}

static lk_status make_curve(const lk_fit_law *law, const uint64_t n[],
                            const uint64_t successes[], size_t problems,
                            const lk_fit_options *options, curve *out, lk_error *err)
{
    curve c = {.kind = (lk_curve_kind)law->model,
               .points = options->k_count,
               .params = law->params};
    lk_status st = LK_OK;

    LK_TRY(lk_tallied_make(n, successes, problems, &c.counts, err));
    c.k = calloc(5 * c.points, sizeof *c.k);
    c.value = calloc(c.counts.count * c.points, sizeof *c.value);
    if (c.k == NULL || c.value == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "a curve of %zu points", c.points);
        goto out;
    }
    c.mean = c.k + c.points;
    c.variance = c.mean + c.points;
    c.y = c.variance + c.points;
    c.weight = c.y + c.points;
    fill_points(&c, options->k);
    *out = c;
    c = (curve){0};
out:
    release(&c);
    return st;
}

static bool is_power(lk_curve_kind kind)
{
    return kind == LK_CURVE_POWER || kind == LK_CURVE_POWER_WEIGHTED;
}

/* d log(-log pass) / d pass. */
static double log_log_slope(double pass)
{
    return 1.0 / (pass * log(pass));
}

/* What is fitted, and how many points there are. */
static size_t choose_points(curve *c)
{
    size_t used = 0;

    for (size_t j = 0; j < c->points; j++) {
        const double pass = c->mean[j];

        c->y[j] = pass;
        c->weight[j] = 1.0;
        if (is_power(c->kind)) {
            const double slope = log_log_slope(pass);
            const bool drawn = pass > 0.0 && pass < 1.0;

            c->y[j] = drawn ? log(-log(pass)) : 0.0;
            c->weight[j] = drawn ? 1.0 : 0.0;
            if (drawn && c->kind == LK_CURVE_POWER_WEIGHTED) {
                const double variance = slope * slope * c->variance[j];
                c->weight[j] = variance > 0.0 ? 1.0 / variance : 0.0;
            }
        }
        used += c->weight[j] > 0.0;
    }
    return used;
}

/* The line through the points: log a and -b. */
static void fit_line(const curve *c, double t[])
{
    double w = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;

    for (size_t j = 0; j < c->points; j++) {
        w += c->weight[j];
        x += c->weight[j] * log(c->k[j]);
        y += c->weight[j] * c->y[j];
    }
    x /= w;
    y /= w;
    for (size_t j = 0; j < c->points; j++) {
        const double d = log(c->k[j]) - x;

        xx += c->weight[j] * d * d;
        xy += c->weight[j] * d * (c->y[j] - y);
    }
    t[1] = -xy / xx;
    t[0] = exp(y + t[1] * x);
}

/* Free variables of the search: logarithms of positive parameters, logits of chances. */
static bool is_chance(lk_curve_kind kind, size_t i)
{
    switch (kind) {
    case LK_CURVE_POWER:
    case LK_CURVE_POWER_WEIGHTED:
    case LK_CURVE_EXP_POWER: return false;
    case LK_CURVE_LEVI: return i == 2;
    case LK_CURVE_EXCHANGEABLE: return true;
    case LK_CURVE_DESIGN_EFFECT:
    case LK_CURVE_HAZARD: return i != 1;
    }
    return false;
}

static double from_u(lk_curve_kind kind, size_t i, double u)
{
    if (kind == LK_CURVE_EXP_POWER || is_power(kind))
        return is_power(kind) ? exp(u) : -exp(u);
    if (i == 2 && u >= REACH_END) return 1.0;
    return is_chance(kind, i) ? 1.0 / (1.0 + exp(-u)) : exp(u);
}

static double to_u(lk_curve_kind kind, size_t i, double t)
{
    if (i == 2 && t >= 1.0) return REACH_END;
    return is_chance(kind, i) ? log(t / (1.0 - t)) : log(fabs(t));
}

static double predict(const curve *c, const double u[], double k)
{
    double t[PARAMS] = {0.0, 0.0, 1.0};

    for (size_t i = 0; i < c->params; i++) t[i] = from_u(c->kind, i, u[i]);
    if (is_power(c->kind)) return u[0] - exp(u[1]) * log(k);
    return 0.0 - expm1(lk_curve_log_failure(c->kind, t, k));
}

/* d predict / d u, by central differences. */
static void slopes(const curve *c, const double u[], double k, double out[])
{
    for (size_t i = 0; i < c->params; i++) {
        const double step = 1e-5;
        double above[PARAMS], below[PARAMS];

        for (size_t m = 0; m < c->params; m++) above[m] = below[m] = u[m];
        above[i] += step;
        below[i] -= step;
        out[i] = (predict(c, above, k) - predict(c, below, k)) / (2.0 * step);
    }
}

/* Half the sum of squares, with the Hessian of Gauss and Newton. */
static void evaluate(void *data, const double u[], lk_surface *out)
{
    const curve *c = data;

    *out = (lk_surface){0};
    for (size_t j = 0; j < c->points; j++) {
        const double w = c->weight[j] * VALUE_SCALE;
        const double off = predict(c, u, c->k[j]) - c->y[j];
        double slope[PARAMS];

        slopes(c, u, c->k[j], slope);
        out->value += 0.5 * w * off * off;
        for (size_t a = 0; a < c->params; a++) {
            out->grad[a] += w * off * slope[a];
            for (size_t b = 0; b < c->params; b++) {
                out->hess[a][b] += w * slope[a] * slope[b];
            }
        }
    }
}

/* Where searches begin; the best end is kept. */
static size_t starts(const curve *c, double start[][PARAMS])
{
    const double reach = fmin(c->mean[c->points - 1] * 1.1, 0.999);
    const double fails = fmin(fmax(1.0 - c->mean[0], 0.01), 0.9999);
    size_t count = 0;

    for (int i = 0; i < 6; i++) {
        static const double power[] = {0.2, 0.35, 0.7, 0.2, 0.35, 0.7};
        double *s = start[count++];
        const double b = power[i], a = i < 3 ? reach : 0.999;

        if (c->kind == LK_CURVE_EXP_POWER) {
            s[0] = fmin(log(fmax(c->mean[0], 1e-6)), -0.1), s[1] = -b;
        } else if (c->kind == LK_CURVE_LEVI) {
            s[0] = b * fails / (1.0 - fails), s[1] = b, s[2] = a;
        } else if (c->kind == LK_CURVE_EXCHANGEABLE) {
            s[0] = fails, s[1] = 1.0 / (b / (1.0 - fails) + 1.0), s[2] = a;
        } else {
            s[0] = fails, s[1] = i % 3 == 0 ? 0.3 : i % 3 == 1 ? 0.8 : 1.5, s[2] = a;
        }
    }
    return count;
}

static void search(const curve *c, const double given[], lk_minimum *best)
{
    lk_objective objective = {
        .evaluate = evaluate, .data = (void *)(uintptr_t)c, .variables = c->params};
    double start[6][PARAMS];
    size_t count = starts(c, start);

    for (size_t i = 0; i < c->params; i++) {
        objective.lo[i] = -30.0;
        objective.hi[i] = i == 2 ? REACH_END : 30.0;
    }
    if (given != NULL) {
        count = 1;
        for (size_t i = 0; i < c->params; i++) start[0][i] = given[i];
    }
    *best = (lk_minimum){.at.value = INFINITY};
    for (size_t s = 0; s < count; s++) {
        double u[LK_NEWTON_MAX] = {0};
        lk_minimum here = {0};

        for (size_t i = 0; i < c->params; i++) u[i] = to_u(c->kind, i, start[s][i]);
        lk_newton(&objective, u, &here);
        if (isfinite(here.at.value) && here.at.value < best->at.value) *best = here;
    }
}

/* The covariance of u: see the head comment. */
static bool covariance(const curve *c, const double u[], const bool held[],
                       double out[][LK_NEWTON_MAX])
{
    const double problems = (double)c->counts.problems;
    lk_surface normal = {0};
    double inverse[LK_NEWTON_MAX][LK_NEWTON_MAX] = {{0.0}};
    double *slope = calloc(c->points * PARAMS, sizeof *slope);

    if (slope == NULL || problems < 2.0) {
        free(slope);
        return false;
    }
    evaluate((void *)(uintptr_t)c, u, &normal);
    const bool regular = lk_invert(c->params, held, &normal, inverse);
    for (size_t j = 0; j < c->points; j++) slopes(c, u, c->k[j], slope + j * PARAMS);
    for (size_t i = 0; regular && i < c->counts.count; i++) {
        double pull[PARAMS] = {0.0}, psi[PARAMS] = {0.0};

        for (size_t j = 0; j < c->points; j++) {
            double d = c->value[i * c->points + j] - c->mean[j];

            if (c->weight[j] == 0.0) continue;
            if (is_power(c->kind)) d *= log_log_slope(c->mean[j]);
            for (size_t a = 0; a < c->params; a++) {
                pull[a] += VALUE_SCALE * c->weight[j] * slope[j * PARAMS + a] * d;
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
static lk_fit_value param_value(const curve *c, size_t i, const double u[], double sd,
                                double z)
{
    const double value = from_u(c->kind, i, u[i]);
    const double a = from_u(c->kind, i, u[i] - z * sd);
    const double b = from_u(c->kind, i, u[i] + z * sd);
    const double slope = is_chance(c->kind, i) ? value * (1.0 - value) : fabs(value);

    const double se = slope * sd;

    if (i == 2) { /* next to A = 1 its logit is anything */
        return (lk_fit_value){value, se, fmax(0.0, value - z * se),
                              fmin(1.0, value + z * se)};
    }
    return (lk_fit_value){value, se, fmin(a, b), fmax(a, b)};
}

/* The exponent of the tail as a function of u; NaN where the law has none. */
static double exponent(const curve *c, const double u[])
{
    const double a = from_u(c->kind, 0, u[0]), b = from_u(c->kind, 1, u[1]);

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

static lk_fit_value exponent_value(const curve *c, const double u[],
                                   double cov[][LK_NEWTON_MAX], double z)
{
    const double value = exponent(c, u), step = 1e-5;
    double variance = 0.0, slope[PARAMS] = {0.0};

    for (size_t i = 0; i < 2; i++) { /* of the logarithm */
        double above[PARAMS] = {u[0], u[1]}, below[PARAMS] = {u[0], u[1]};

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

static double rmse(const curve *c, const double t[])
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
static void say_local_exponents(const curve *c, lk_fit_result *out)
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

static void describe(const curve *c, const double u[], const lk_fit_options *options,
                     lk_fit_result *out)
{
    const double z = gsl_cdf_ugaussian_Qinv(0.5 * (1.0 - options->level));
    const bool at_end = c->params > 2 && u[2] >= REACH_END - 1.0;
    const bool held[LK_NEWTON_MAX] = {false, false, at_end};
    double cov[LK_NEWTON_MAX][LK_NEWTON_MAX] = {{0.0}}, t[PARAMS] = {0.0, 0.0, 1.0};
    double at[PARAMS];

    for (size_t i = 0; i < c->params; i++) {
        at[i] = i == 2 && at_end ? REACH_END : u[i];
        t[i] = from_u(c->kind, i, at[i]);
        out->param[i].value = t[i];
    }
    out->rmse = rmse(c, t);
    out->exponent.value = exponent(c, at);
    if (at_end) lk_fit_result_say(out, LK_FIT_AT_BOUND, "A is 1, the end of its range");
    if (options->interval == LK_FIT_INTERVAL_NONE) return;
    if (!covariance(c, at, held, cov)) return;
    for (size_t i = 0; i < c->params; i++) {
        if (!held[i]) out->param[i] = param_value(c, i, at, sqrt(cov[i][i]), z);
    }
    if (!isnan(out->exponent.value)) out->exponent = exponent_value(c, at, cov, z);
}

/* Finds u; false: there is none. */
static bool solve(curve *c, const lk_fit_options *options, lk_minimum *best,
                  lk_fit_result *out)
{
    double t[PARAMS];

    if (!is_power(c->kind)) {
        search(c, options->start, best);
        if (!best->converged)
            lk_fit_result_say(out, LK_FIT_NO_CONVERGENCE, "no minimum was found");
        return isfinite(best->at.value);
    }
    fit_line(c, t);
    if (!(t[1] > 0.0)) {
        lk_fit_result_say(out, LK_FIT_NOT_IDENTIFIABLE, "pass@k does not rise");
        return false;
    }
    best->converged = true;
    best->u[0] = log(t[0]);
    best->u[1] = log(t[1]);
    return true;
}

lk_status lk_fit_curve(const lk_fit_law *self, const uint64_t n[], const uint64_t c[],
                       size_t problems, const lk_fit_options *options,
                       lk_fit_result *out, lk_error *err)
{
    lk_fit_result result = lk_fit_result_empty(self);
    curve it = {0};
    lk_minimum best = {0};
    lk_status st = LK_OK;

    LK_TRY(make_curve(self, n, c, problems, options, &it, err));
    if (choose_points(&it) < self->params || it.counts.all_fail ||
        it.counts.all_succeed) {
        lk_fit_result_say(&result, LK_FIT_NOT_IDENTIFIABLE,
                          it.counts.all_fail ? "no attempt at any problem succeeded"
                          : it.counts.all_succeed
                              ? "every attempt at every problem succeeded"
                              : "fewer points than parameters");
    } else if (solve(&it, options, &best, &result)) {
        describe(&it, best.u, options, &result);
        if (is_power(it.kind)) say_local_exponents(&it, &result);
    }
    result.iterations = best.iterations;
    *out = result;
out:
    release(&it);
    return st;
}

lk_status lk_fit_curve_values(const lk_fit_law *law, const uint64_t k[],
                              const double pass[], size_t count, double param[],
                              lk_error *err)
{
    lk_fit_result ignored = lk_fit_result_empty(law);
    lk_minimum best = {0};
    curve c = {
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
    if (choose_points(&c) < law->params ||
        !solve(&c, &lk_fit_defaults, &best, &ignored)) {
        st = LK_FAIL(err, LK_E_NUMERIC, "%s: no fit to %zu values of pass@k", law->name,
                     count);
        goto out;
    }
    for (size_t i = 0; i < c.params; i++) param[i] = from_u(c.kind, i, best.u[i]);
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
