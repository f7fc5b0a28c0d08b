/* tail_result.c - laws of log p with standard errors and intervals, as a table of fits has
 * them. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#include "largek/tail.h"
#include "stats/newton.h"
#include "stats/special.h"

enum { HALVINGS = 40, WIDENINGS = 40 };

#define GAIN   1e-11 /* left to a Newton search: 5e-6 standard errors */
#define BOX    23.0  /* of the parameters' logarithms: 1e-10 to 1e10  */
#define AT_END 1e-6

static const double half_log_2_pi = 0.91893853320467274;

/* clang-format off */
const lk_fit_law lk_tail_laws[LK_TAIL_LAWS] = {
    [LK_TAIL_BETA] = {
        .name = "beta", .summary = "p ~ Beta(alpha, beta)",
        .kind = LK_FIT_DISTRIBUTION, .params = 2, .param = {"alpha", "beta"},
        .law = "beta"},
    [LK_TAIL_KUMARASWAMY] = {
        .name = "kumaraswamy", .summary = "P(p <= x) = 1 - (1 - x^alpha)^beta",
        .kind = LK_FIT_DISTRIBUTION, .params = 2, .param = {"alpha", "beta"}},
    [LK_TAIL_LOGNORMAL] = {
        .name = "lognormal", .summary = "log p ~ N(mean, sd^2)",
        .kind = LK_FIT_DISTRIBUTION, .params = 2, .param = {"mean", "sd"}},
};
/* clang-format on */

/* A sample, and the sums that say all of it for two of the laws. */
typedef struct {
    lk_tail_law law;
    const double *log_p;
    size_t count;
    double sum_log_p, sum_log_1mp;
    double mean, variance;
    double unit; /* of a lognormal's mean among the variables; else 0 */
} sample;

static sample make_sample(lk_tail_law law, const double *log_p, size_t count)
{
    sample s = {.law = law, .log_p = log_p, .count = count};

    for (size_t i = 0; i < count; i++) {
        s.sum_log_p += log_p[i];
        s.sum_log_1mp += lk_log1m_exp(log_p[i]);
    }
    s.mean = s.sum_log_p / (double)count;
    for (size_t i = 0; i < count; i++) {
        s.variance += (log_p[i] - s.mean) * (log_p[i] - s.mean) / (double)count;
    }
    if (law == LK_TAIL_LOGNORMAL) s.unit = sqrt(s.variance);
    return s;
}

static void beta_surface(const sample *s, double a, double b, lk_surface *out)
{
    const double n = (double)s->count;

    out->value = n * lk_log_beta(a, b) - a * s->sum_log_p - (b - 1.0) * s->sum_log_1mp;
    out->grad[0] = -s->sum_log_p - n * lk_psi_step(a, b);
    out->grad[1] = -s->sum_log_1mp - n * lk_psi_step(b, a);
    out->hess[0][0] = -n * lk_psi1_step(a, b);
    out->hess[1][1] = -n * lk_psi1_step(b, a);
    out->hess[0][1] = -n * lk_psi1(a + b);
}

/* L = log(1 - e^(a x)), and what it has for derivatives by a. */
static void kumaraswamy_surface(const sample *s, double a, double b, lk_surface *out)
{
    const double n = (double)s->count;
    double sum = 0.0, first = 0.0, second = 0.0;

    for (size_t i = 0; i < s->count; i++) {
        const double x = s->log_p[i], power = exp(a * x), rest = -expm1(a * x);

        sum += lk_log1m_exp(a * x);
        first -= x * power / rest;
        second -= x * x * power / (rest * rest);
    }
    out->value = -n * log(a * b) - a * s->sum_log_p - (b - 1.0) * sum;
    out->grad[0] = -n / a - s->sum_log_p - (b - 1.0) * first;
    out->grad[1] = -n / b - sum;
    out->hess[0][0] = n / (a * a) - (b - 1.0) * second;
    out->hess[1][1] = n / (b * b);
    out->hess[0][1] = -first;
}

static void lognormal_surface(const sample *s, double mean, double sd, lk_surface *out)
{
    const double n = (double)s->count, off = s->mean - mean;
    const double square = s->variance + off * off;

    out->value = n * (square / (2.0 * sd * sd) + log(sd) + half_log_2_pi);
    out->grad[0] = -n * off / (sd * sd);
    out->grad[1] = n * (1.0 / sd - square / (sd * sd * sd));
    out->hess[0][0] = n / (sd * sd);
    out->hess[1][1] = n * (3.0 * square / (sd * sd * sd * sd) - 1.0 / (sd * sd));
    out->hess[0][1] = 2.0 * n * off / (sd * sd * sd);
}

/* -log L of log p, with derivatives by the parameters. */
static void natural_surface(const sample *s, const double t[2], lk_surface *out)
{
    *out = (lk_surface){0};
    switch (s->law) {
    case LK_TAIL_BETA: beta_surface(s, t[0], t[1], out); break;
    case LK_TAIL_KUMARASWAMY: kumaraswamy_surface(s, t[0], t[1], out); break;
    default: lognormal_surface(s, t[0], t[1], out);
    }
    out->hess[1][0] = out->hess[0][1];
}

/* Variables are logarithms, or a mean in units of the sample's deviation. */
static bool linear(const sample *s, size_t i)
{
    return i == 0 && s->unit > 0.0;
}

static double from_u(const sample *s, size_t i, double u)
{
    return linear(s, i) ? s->mean + u * s->unit : exp(u);
}

static double to_u(const sample *s, size_t i, double t)
{
    return linear(s, i) ? (t - s->mean) / s->unit : log(t);
}

/* The parameter's slope by its variable. */
static double slope(const sample *s, size_t i, double t)
{
    return linear(s, i) ? s->unit : t;
}

static void evaluate(void *data, const double u[], lk_surface *out)
{
    const sample *s = data;
    const double t[2] = {from_u(s, 0, u[0]), from_u(s, 1, u[1])};
    lk_surface natural;

    natural_surface(s, t, &natural);
    *out = (lk_surface){.value = natural.value};
    for (size_t i = 0; i < 2; i++) {
        out->grad[i] = natural.grad[i] * slope(s, i, t[i]);
        for (size_t j = 0; j < 2; j++) {
            out->hess[i][j] =
                natural.hess[i][j] * slope(s, i, t[i]) * slope(s, j, t[j]);
        }
        if (!linear(s, i)) out->hess[i][i] += natural.grad[i] * t[i];
    }
}

/* How far the best likelihood falls at u[i], as z of a normal's. */
static double fall(lk_objective *o, const lk_minimum *best, size_t i, double u_i,
                   lk_minimum *at)
{
    double u[LK_NEWTON_MAX];

    memcpy(u, at->u, sizeof u);
    u[i] = u_i;
    lk_newton(o, u, at);
    return sqrt(2.0 * fmax(at->at.value - best->at.value, 0.0));
}

/* The end of the profile interval on one side, as a variable; infinite outside the box. */
static double profile_end(const lk_objective *objective, const lk_minimum *best,
                          size_t i, double step, double z)
{
    lk_objective o = *objective;
    lk_minimum at = *best;
    double inner = best->u[i], outer = inner + step;

    o.fixed[i] = true;
    for (int n = 0; fall(&o, best, i, outer, &at) < z; n++) {
        if (n == WIDENINGS || outer < o.lo[i] || outer > o.hi[i]) {
            return copysign(INFINITY, step);
        }
        inner = outer;
        outer += step;
    }
    for (int n = 0; n < HALVINGS; n++) {
        const double middle = 0.5 * (inner + outer);

        if (fall(&o, best, i, middle, &at) < z) {
            inner = middle;
        } else {
            outer = middle;
        }
    }
    return 0.5 * (inner + outer);
}

static void set_value(const sample *s, const lk_objective *o, const lk_minimum *best,
                      const lk_fit_options *options, double variance, size_t i,
                      lk_fit_value *out)
{
    const double z = gsl_cdf_ugaussian_Qinv(0.5 * (1.0 - options->level));
    const double t = from_u(s, i, best->u[i]), sd = sqrt(variance);
    double lo = best->u[i] - z * sd, hi = best->u[i] + z * sd;

    *out = (lk_fit_value){t, slope(s, i, t) * sd, NAN, NAN};
    if (options->interval == LK_FIT_INTERVAL_NONE) return;
    if (options->interval == LK_FIT_INTERVAL_PROFILE) {
        lo = profile_end(o, best, i, -z * sd, z);
        hi = profile_end(o, best, i, z * sd, z);
    }
    out->lo = from_u(s, i, lo);
    out->hi = from_u(s, i, hi);
}

/* The parameter that the search left at an end of the box, or 2. */
static size_t at_end(const lk_objective *o, const lk_minimum *best)
{
    size_t i = 0;

    while (i < 2 && best->u[i] > o->lo[i] + AT_END && best->u[i] < o->hi[i] - AT_END)
        i++;
    return i;
}

/* From the parameters of a coarse search to the last digits and what goes with them. */
static void polish(const sample *s, const lk_tail_fit *coarse,
                   const lk_fit_options *options, lk_fit_result *r)
{
    lk_objective o = {.evaluate = evaluate,
                      .data = (void *)(uintptr_t)s,
                      .variables = 2,
                      .lo = {s->unit > 0.0 ? -1e3 : -BOX, -BOX},
                      .hi = {s->unit > 0.0 ? 1e3 : BOX, BOX},
                      .gain = GAIN};
    const double u[LK_NEWTON_MAX] = {to_u(s, 0, coarse->a), to_u(s, 1, coarse->b)};
    const bool none[LK_NEWTON_MAX] = {false};
    double covariance[LK_NEWTON_MAX][LK_NEWTON_MAX];
    lk_minimum best;
    size_t end;

    lk_newton(&o, u, &best);
    r->nll = best.at.value;
    r->nll_mean = r->nll / (double)s->count;
    r->aic = 4.0 + 2.0 * r->nll;
    r->bic = 2.0 * log((double)s->count) + 2.0 * r->nll;
    r->iterations = best.iterations;
    for (size_t i = 0; i < 2; i++) r->param[i].value = from_u(s, i, best.u[i]);
    end = at_end(&o, &best);
    if (end < 2) {
        lk_fit_result_say(r, LK_FIT_AT_BOUND, "%s = %.3g lies at the end of its range",
                          lk_tail_laws[s->law].param[end], r->param[end].value);
    } else if (!best.converged) {
        lk_fit_result_say(r, LK_FIT_NO_CONVERGENCE, "no convergence in %zu steps",
                          best.iterations);
    } else if (!lk_invert(2, none, &best.at, covariance)) {
        lk_fit_result_say(r, LK_FIT_NOT_IDENTIFIABLE,
                          "the likelihood is flat: the estimates do not tell the "
                          "parameters apart");
    } else {
        for (size_t i = 0; i < 2; i++) {
            set_value(s, &o, &best, options, covariance[i][i], i, &r->param[i]);
        }
    }
    if (s->law != LK_TAIL_LOGNORMAL) r->exponent = r->param[0];
}

lk_status lk_tail_fit_result(lk_tail_law law, const double *log_p, size_t count,
                             const lk_fit_options *options, lk_fit_result *out,
                             lk_error *err)
{
    lk_fit_result r = lk_fit_result_empty(&lk_tail_laws[law]);
    bool differ = false;
    lk_tail_fit coarse;
    lk_error why = {0};
    lk_status st = LK_OK;

    if (!(options->level > 0.0 && options->level < 1.0)) {
        return LK_FAIL(err, LK_E_ARG, "level %g: between 0 and 1", options->level);
    }
    for (size_t i = 1; i < count; i++) differ = differ || log_p[i] != log_p[0];
    if (count < 3 || !differ) {
        lk_fit_result_say(&r, LK_FIT_NOT_IDENTIFIABLE, "%zu estimates%s say no law",
                          count, count < 3 ? "" : ", all equal,");
        goto done;
    }
    st = lk_tail_fit_law(law, log_p, count, options->resamples, options->seed, &coarse,
                         &why);
    if (st == LK_E_NUMERIC) {
        st = LK_OK;
        lk_fit_result_say(&r, LK_FIT_NO_CONVERGENCE, "%s", why.text);
        goto done;
    }
    if (st != LK_OK) return LK_FAIL(err, st, "%s", why.text);
    const sample s = make_sample(law, log_p, count);

    polish(&s, &coarse, options, &r);
    if (options->resamples > 0) {
        r.goodness = coarse.distance;
        r.goodness_p = coarse.p_value;
    }

done:
    *out = r;
    return st;
}
