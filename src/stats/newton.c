/* newton.c - minima of smooth functions of a few variables, inside a box. */
#include "stats/newton.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { STEPS_MAX = 200 };

#define STEP_MAX  2.5  /* in logarithms: a factor of 12                           */
#define STEP_LAST 0.1  /* a last step up to this is taken unseen                  */
#define PIVOT     1e-9 /* of a matrix with ones on its diagonal: as good as singular */

/* Solves (H + damping |diag H|) step = -grad over the variables that may move.  false where
 * that matrix is not positive definite. */
static bool solve(const lk_surface *s, size_t n, const bool held[], double damping,
                  double step[])
{
    double l[LK_NEWTON_MAX][LK_NEWTON_MAX], y[LK_NEWTON_MAX];

    for (size_t i = 0; i < n; i++) {
        y[i] = held[i] ? 0.0 : -s->grad[i];
        for (size_t j = 0; j <= i; j++) {
            double sum = held[i] || held[j] ? (i == j ? 1.0 : 0.0) : s->hess[i][j];

            if (i == j && !held[i]) sum += damping * fmax(fabs(sum), 1e-8);
            const double diagonal = sum;
            for (size_t k = 0; k < j; k++) sum -= l[i][k] * l[j][k];
            if (i != j) {
                l[i][j] = sum / l[j][j];
                continue;
            }
            if (!(sum > 1e-13 * fabs(diagonal)) || !(sum > 0.0)) return false;
            l[i][i] = sqrt(sum);
        }
        for (size_t k = 0; k < i; k++) y[i] -= l[i][k] * y[k];
        y[i] /= l[i][i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++) y[i] -= l[k][i] * y[k];
        y[i] /= l[i][i];
        step[i] = y[i];
    }
    return true;
}

/* Held are the fixed, and those at an end of the box that would leave it. */
static void hold(const lk_objective *o, const lk_minimum *m, bool held[])
{
    for (size_t i = 0; i < o->variables; i++) {
        held[i] = o->fixed[i] || (m->u[i] <= o->lo[i] && m->at.grad[i] > 0.0) ||
                  (m->u[i] >= o->hi[i] && m->at.grad[i] < 0.0);
    }
}

static bool sound(const lk_surface *s, size_t n)
{
    bool good = isfinite(s->value);

    for (size_t i = 0; i < n; i++) good = good && isfinite(s->grad[i]);
    return good;
}

/* What the quadratic model gains by the step. */
static double model_gain(const lk_surface *s, size_t n, const double step[])
{
    double gain = 0.0;

    for (size_t i = 0; i < n; i++) {
        gain -= s->grad[i] * step[i];
        for (size_t j = 0; j < n; j++) gain -= 0.5 * step[i] * s->hess[i][j] * step[j];
    }
    return gain;
}

/* Cuts the step to STEP_MAX as a whole and to the box by coordinates. */
static void take_step(const lk_objective *o, const double u[], double step[],
                      double to[])
{
    double longest = 0.0;

    for (size_t i = 0; i < o->variables; i++) longest = fmax(longest, fabs(step[i]));
    for (size_t i = 0; i < o->variables; i++) {
        if (longest > STEP_MAX) step[i] *= STEP_MAX / longest;
        to[i] = fmin(fmax(u[i] + step[i], o->lo[i]), o->hi[i]);
        if (o->fixed[i]) to[i] = u[i];
        step[i] = to[i] - u[i];
    }
}

/* Takes a step so short that the quadratic model stands for the function. */
static void step_unseen(size_t n, const double step[], double gain, lk_minimum *out)
{
    for (size_t i = 0; i < n; i++) {
        out->u[i] += step[i];
        for (size_t j = 0; j < n; j++) out->at.grad[i] += out->at.hess[i][j] * step[j];
    }
    out->at.value -= gain;
    out->converged = true;
}

static bool is_last(const lk_objective *o, const double step[], double gain,
                    double noise)
{
    double longest = 0.0;

    for (size_t i = 0; i < o->variables; i++) longest = fmax(longest, fabs(step[i]));
    return gain >= 0.0 && gain <= fmax(o->gain, noise) && longest <= STEP_LAST;
}

void lk_newton(const lk_objective *objective, const double start[], lk_minimum *out)
{
    const size_t n = objective->variables;
    double damping = 0.0, step[LK_NEWTON_MAX] = {0}, to[LK_NEWTON_MAX] = {0};
    bool held[LK_NEWTON_MAX] = {false};

    *out = (lk_minimum){0};
    for (size_t i = 0; i < n; i++) {
        out->u[i] = objective->fixed[i]
                        ? start[i]
                        : fmin(fmax(start[i], objective->lo[i]), objective->hi[i]);
    }
    objective->evaluate(objective->data, out->u, &out->at);
    while (out->iterations < STEPS_MAX && sound(&out->at, n)) {
        lk_surface next;

        hold(objective, out, held);
        while (!solve(&out->at, n, held, damping, step)) {
            damping = fmax(4.0 * damping, 1e-3);
            if (damping > 1e12) return;
        }
        take_step(objective, out->u, step, to);
        const double gain = model_gain(&out->at, n, step);
        const double noise = 8.0 * DBL_EPSILON * fabs(out->at.value);

        if (damping == 0.0 && is_last(objective, step, gain, noise)) {
            step_unseen(n, step, gain, out);
            return;
        }
        objective->evaluate(objective->data, to, &next);
        out->iterations++;
        const double gained = out->at.value - next.value;
        if (sound(&next, n) && gained >= -noise &&
            (gained > 0.1 * gain || gain < noise)) {
            memcpy(out->u, to, n * sizeof to[0]);
            out->at = next;
            damping = damping < 1e-6 ? 0.0 : damping * 0.1;
            if (fabs(gain) <= objective->gain && damping == 0.0) {
                out->converged = true;
                return;
            }
        } else {
            if (gain >= 0.0 &&
                gain <= fmax(objective->gain, noise)) { /* rounding hides it */
                out->converged = true;
                return;
            }
            damping = fmax(8.0 * damping, 1e-3);
            if (damping > 1e12) return;
        }
    }
}

void lk_newton_follow(const lk_objective *objective, const lk_surface *at, size_t i,
                      double slope[])
{
    lk_surface s = *at;

    for (size_t j = 0; j < objective->variables; j++) s.grad[j] = at->hess[j][i];
    if (!solve(&s, objective->variables, objective->fixed, 0.0, slope)) {
        memset(slope, 0, objective->variables * sizeof slope[0]);
    }
}

bool lk_invert(size_t variables, const bool left_out[], const lk_surface *at,
               double inverse[][LK_NEWTON_MAX])
{
    double scale[LK_NEWTON_MAX];
    lk_surface s = {0};

    for (size_t i = 0; i < variables; i++) {
        if (left_out[i]) continue;
        if (!(at->hess[i][i] > 0.0 && isfinite(at->hess[i][i]))) return false;
        scale[i] = 1.0 / sqrt(at->hess[i][i]);
    }
    for (size_t i = 0; i < variables; i++) {
        for (size_t j = 0; j < variables && !left_out[i]; j++) {
            if (left_out[j]) continue;
            s.hess[i][j] = at->hess[i][j] * scale[i] * scale[j];
            if (i == j) s.hess[i][j] -= PIVOT; /* so that the rest has that margin */
        }
    }
    for (size_t j = 0; j < variables; j++) {
        double column[LK_NEWTON_MAX] = {0};

        memset(s.grad, 0, sizeof s.grad);
        if (!left_out[j]) s.grad[j] = -1.0;
        if (!solve(&s, variables, left_out, 0.0, column)) return false;
        for (size_t i = 0; i < variables; i++) {
            inverse[i][j] =
                left_out[i] || left_out[j] ? 0.0 : column[i] * scale[i] * scale[j];
        }
    }
    return true;
}
