/* fit_profile.c - optimisation in transformed parameters, and profile likelihoods. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/fit_parts.h"

enum { PROFILE_STEPS = 40, EVALUATIONS_MAX = 2000 };

/* What is left to gain moves an estimate by the root of its double, in standard errors; on a
 * profile it moves the end by itself. */
#define GAIN_FIT     1e-11
#define GAIN_PROFILE 1e-6
#define END_ERROR    1e-4 /* of an end, in standard errors */
#define MOVE_MAX     3.0  /* of a parameter at once                          */
#define END_NEAR     1e-2 /* from here one step by the slope errs by the square of it */

/* The box, in logarithms: shapes from 1e-7 to 1e15, where they are integrated over to 1e8,
 * and logits of chances down to 1e-15. */
#define LOG_LO          -16.1
#define LOG_HI          34.5
#define LOG_HI_INTEGRAL 18.4
#define LOGIT_LO        -34.5
#define LOGIT_HI        16.0

static bool positive(const lk_fitter *f, size_t i)
{
    return lk_model_shapes[f->model].domain[i] == LK_DOMAIN_POSITIVE;
}

double lk_fitter_to_u(const lk_fitter *f, size_t i, double value)
{
    return positive(f, i) ? log(value) : log(value) - log1p(-value);
}

double lk_fitter_from_u(const lk_fitter *f, size_t i, double u)
{
    return positive(f, i) ? exp(u) : 1.0 / (1.0 + exp(-u));
}

void lk_fitter_params(const lk_fitter *f, const double u[], double t[])
{
    for (size_t i = 0; i < f->objective.variables; i++) {
        t[i] = f->pinned[i] ? f->pin[i] : lk_fitter_from_u(f, i, u[i]);
    }
}

void lk_fitter_surface(const lk_fitter *f, const double t[], lk_surface *out)
{
    lk_likelihood(f->model, t, f->counts, true, f->scratch, out);
}

/* The chain rule from natural to optimised parameters. */
static void evaluate(void *data, const double u[], lk_surface *out)
{
    lk_fitter *f = data;
    double t[LK_NEWTON_MAX], first[LK_NEWTON_MAX], second[LK_NEWTON_MAX];
    lk_surface natural;

    lk_fitter_params(f, u, t);
    lk_fitter_surface(f, t, &natural);
    f->iterations++;
    for (size_t i = 0; i < f->objective.variables; i++) {
        first[i] = positive(f, i) ? t[i] : t[i] * (1.0 - t[i]);
        second[i] = positive(f, i) ? t[i] : first[i] * (1.0 - 2.0 * t[i]);
        if (f->pinned[i]) first[i] = second[i] = 0.0;
    }
    *out = (lk_surface){.value = natural.value};
    for (size_t i = 0; i < f->objective.variables; i++) {
        out->grad[i] = natural.grad[i] * first[i];
        for (size_t j = 0; j < f->objective.variables; j++) {
            out->hess[i][j] = natural.hess[i][j] * first[i] * first[j];
        }
        out->hess[i][i] += natural.grad[i] * second[i];
    }
}

lk_status lk_fitter_init(lk_fitter *f, lk_model_kind model, const lk_tallied *counts,
                         lk_error *err)
{
    lk_status st = LK_OK;

    *f = (lk_fitter){.model = model, .counts = counts};
    f->objective.evaluate = evaluate;
    f->objective.data = f;
    f->objective.gain = GAIN_FIT;
    f->objective.variables = lk_model_shapes[model].params;
    for (size_t i = 0; i < f->objective.variables; i++) {
        f->objective.lo[i] = positive(f, i) ? LOG_LO : LOGIT_LO;
        f->objective.hi[i] = !positive(f, i)                     ? LOGIT_HI
                             : lk_model_shapes[model].integrates ? LOG_HI_INTEGRAL
                                                                 : LOG_HI;
    }
    if (lk_likelihood_blocks(model, counts) < LK_PARALLEL_BLOCKS)
        f->copies = 2 * f->objective.variables;
    f->scratch = calloc(f->copies + 1, sizeof *f->scratch);
    if (f->scratch == NULL) return LK_FAIL(err, LK_E_MEMORY, "a fit");
    for (size_t i = 0; i <= f->copies; i++)
        LK_TRY(lk_likelihood_scratch_init(model, counts, &f->scratch[i], err));
out:
    if (st != LK_OK) lk_fitter_release(f);
    return st;
}

void lk_fitter_copy(const lk_fitter *f, size_t i, lk_fitter *out)
{
    *out = *f;
    out->objective.data = out;
    out->scratch = f->scratch + i + 1;
    out->copies = 0;
    out->iterations = 0;
}

void lk_fitter_release(lk_fitter *f)
{
    for (size_t i = 0; f->scratch != NULL && i <= f->copies; i++)
        lk_likelihood_scratch_release(&f->scratch[i]);
    free(f->scratch);
    *f = (lk_fitter){0};
}

void lk_fitter_pin(lk_fitter *f, size_t i, double value)
{
    f->pin[i] = value;
    f->pinned[i] = f->objective.fixed[i] = true;
}

void lk_fitter_unpin(lk_fitter *f, size_t i)
{
    f->pinned[i] = f->objective.fixed[i] = false;
}

void lk_fitter_run(lk_fitter *f, const double t[], lk_minimum *out)
{
    double u[LK_NEWTON_MAX] = {0};

    f->objective.data = f;
    for (size_t i = 0; i < f->objective.variables; i++) {
        if (!f->pinned[i]) u[i] = lk_fitter_to_u(f, i, t[i]);
    }
    lk_newton(&f->objective, u, out);
}

/* Others follow along the valley, but not too far. */
static void guess_others(const lk_fitter *f, const lk_minimum *last, size_t i,
                         double u_i, double u[])
{
    double slope[LK_NEWTON_MAX] = {0};

    lk_newton_follow(&f->objective, &last->at, i, slope);
    for (size_t j = 0; j < f->objective.variables; j++) {
        const double move = slope[j] * (u_i - last->u[i]);

        u[j] = last->u[j];
        if (!f->objective.fixed[j]) u[j] += fmin(fmax(move, -MOVE_MAX), MOVE_MAX);
    }
    u[i] = u_i;
}

/* The next place to look: by the slope of d at t, where that stays inside what is known to
 * enclose the end, else between. */
typedef struct {
    double inner, inner_d, outer, outer_d; /* outer is NaN until it is found */
} bracket;

static double next_place(const bracket *b, double t, double d, double slope, double z,
                         int side, int step)
{
    const double by_slope = t + (z - d) / slope;
    const double reach = t - b->inner;

    if (isnan(b->outer)) {
        const double ahead = side * (by_slope - t);

        /* an end may be far away, but not without looking in between */
        return t + side * fmin(ahead > 1e-3 ? ahead : 0.5 + fabs(reach), MOVE_MAX);
    }
    if (step % 5 != 4 && side * (by_slope - b->inner) > 0.0 &&
        side * (by_slope - b->outer) < 0.0)
        return by_slope;
    if (step % 5 == 4) return 0.5 * (b->inner + b->outer);
    return b->inner +
           (b->outer - b->inner) * (z - b->inner_d) / (b->outer_d - b->inner_d);
}

/* d is the root of twice the fall of the log-likelihood, nearly linear in u; its slope by u is
 * that of the likelihood over d. */
double lk_fit_profile_end(lk_fitter *f, const lk_minimum *best, size_t i, double sd,
                          int side, double z, lk_minimum *better)
{
    const bool was_pinned = f->pinned[i];
    const double limit = side < 0 ? f->objective.lo[i] : f->objective.hi[i];
    lk_minimum from = *best, last;

    if (was_pinned) {
        from.u[i] = f->pin[i] > 0.5 ? f->objective.hi[i] : f->objective.lo[i];
        lk_fitter_unpin(f, i);
    }
    bracket b = {.inner = from.u[i], .outer = NAN};
    double t = was_pinned ? (side < 0 ? 3.0 : -3.0)
                          : from.u[i] + side * fmin(z * sd, MOVE_MAX);
    double d = 0.0;

    f->objective.fixed[i] = true;
    f->objective.gain = GAIN_PROFILE;
    last = from;
    for (int step = 0; step < PROFILE_STEPS && f->iterations < EVALUATIONS_MAX;
         step++) {
        double u[LK_NEWTON_MAX];
        lk_minimum at;

        if (!(side * (t - limit) < 0.0)) t = limit;
        guess_others(f, &last, i, t, u);
        lk_newton(&f->objective, u, &at);
        if (at.at.value < best->at.value - 1e-6 && !(better->at.value <= at.at.value))
            *better = at;
        d = sqrt(2.0 * fmax(at.at.value - best->at.value, 0.0));
        if (d < 2.0 * z) last = at; /* beyond, others may have gone elsewhere */
        if (d < z && t == limit) break;
        const double slope = at.at.grad[i] / fmax(d, 1e-3);
        if (fabs(d - z) < END_NEAR && side * slope > 0.0) {
            t += (z - d) / slope;
            break;
        }
        if (d < z) {
            b.inner = t, b.inner_d = d;
        } else {
            b.outer = t, b.outer_d = d;
        }
        if (fabs(b.outer - b.inner) < 1e-9 * (1.0 + fabs(b.inner))) break;
        t = next_place(&b, t, d, slope, z, side, step);
    }
    f->objective.gain = GAIN_FIT;
    f->objective.fixed[i] = f->pinned[i] = was_pinned;
    if (t == limit && d < z - END_ERROR) t = side < 0 ? -INFINITY : INFINITY;
    return lk_fitter_from_u(f, i, t);
}
