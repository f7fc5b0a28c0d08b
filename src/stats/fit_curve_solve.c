/* fit_curve_solve.c - least squares on a curve of pass@k. */
#include <math.h>
#include <stdlib.h>

#include "stats/fit_curve_parts.h"

/* The line through the points: log a and -b. */
static void fit_line(const lk_curvefit *c, double t[])
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
bool lk_curvefit_is_chance(lk_curve_kind kind, size_t i)
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

double lk_curvefit_param(lk_curve_kind kind, size_t i, double u)
{
    if (kind == LK_CURVE_EXP_POWER || lk_curvefit_is_power(kind))
        return lk_curvefit_is_power(kind) ? exp(u) : -exp(u);
    if (i == 2 && u >= LK_CURVEFIT_REACH_END) return 1.0;
    return lk_curvefit_is_chance(kind, i) ? 1.0 / (1.0 + exp(-u)) : exp(u);
}

static double to_u(lk_curve_kind kind, size_t i, double t)
{
    if (i == 2 && t >= 1.0) return LK_CURVEFIT_REACH_END;
    return lk_curvefit_is_chance(kind, i) ? log(t / (1.0 - t)) : log(fabs(t));
}

static double predict(const lk_curvefit *c, const double u[], double k)
{
    double t[LK_CURVEFIT_PARAMS] = {0.0, 0.0, 1.0};

    for (size_t i = 0; i < c->params; i++) t[i] = lk_curvefit_param(c->kind, i, u[i]);
    if (lk_curvefit_is_power(c->kind)) return u[0] - exp(u[1]) * log(k);
    return 0.0 - expm1(lk_curve_log_failure(c->kind, t, k));
}

/* d predict / d u, by central differences. */
void lk_curvefit_slopes(const lk_curvefit *c, const double u[], double k, double out[])
{
    for (size_t i = 0; i < c->params; i++) {
        const double step = 1e-5;
        double above[LK_CURVEFIT_PARAMS], below[LK_CURVEFIT_PARAMS];

        for (size_t m = 0; m < c->params; m++) above[m] = below[m] = u[m];
        above[i] += step;
        below[i] -= step;
        out[i] = (predict(c, above, k) - predict(c, below, k)) / (2.0 * step);
    }
}

void lk_curvefit_evaluate(void *data, const double u[], lk_surface *out)
{
    const lk_curvefit *c = data;

    *out = (lk_surface){0};
    for (size_t j = 0; j < c->points; j++) {
        const double w = c->weight[j] * LK_CURVEFIT_SCALE;
        const double off = predict(c, u, c->k[j]) - c->y[j];
        double slope[LK_CURVEFIT_PARAMS];

        lk_curvefit_slopes(c, u, c->k[j], slope);
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
static size_t starts(const lk_curvefit *c, double start[][LK_CURVEFIT_PARAMS])
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

static void search(const lk_curvefit *c, const lk_fit_options *options,
                   lk_minimum *best)
{
    const double *given = options->start;
    lk_objective objective = {.evaluate = lk_curvefit_evaluate,
                              .data = (void *)(uintptr_t)c,
                              .variables = c->params};
    double start[6][LK_CURVEFIT_PARAMS];
    size_t count = starts(c, start);

    for (size_t i = 0; i < c->params; i++) {
        objective.lo[i] = -30.0;
        objective.hi[i] = i == 2 ? LK_CURVEFIT_REACH_END : 30.0;
    }
    if (given != NULL) {
        count = 1;
        for (size_t i = 0; i < c->params; i++) start[0][i] = given[i];
    }
    objective.fixed[2] = lk_curvefit_reach_given(c, options);
    *best = (lk_minimum){.at.value = INFINITY};
    for (size_t s = 0; s < count; s++) {
        double u[LK_NEWTON_MAX] = {0};
        lk_minimum here = {0};

        if (objective.fixed[2]) start[s][2] = options->scale;
        for (size_t i = 0; i < c->params; i++) u[i] = to_u(c->kind, i, start[s][i]);
        lk_newton(&objective, u, &here);
        if (isfinite(here.at.value) && here.at.value < best->at.value) *best = here;
    }
}

bool lk_curvefit_solve(lk_curvefit *c, const lk_fit_options *options, lk_minimum *best,
                       lk_fit_result *out)
{
    double t[LK_CURVEFIT_PARAMS];

    if (!lk_curvefit_is_power(c->kind)) {
        search(c, options, best);
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
