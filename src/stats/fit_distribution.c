/* fit_distribution.c - distributions of p, fitted to counts by maximum likelihood. */
#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#include "stats/fit_parts.h"

/* Logits beyond this are tried at the bound itself: 0.95 for a scale. */
#define NEAR_BOUND 3.0

/* A shape in the box is at its end from here on, in logarithms. */
#define NEAR_END 2.5

enum { RESTARTS = 4, BEST_STARTS = 3 };

typedef struct {
    const lk_fit_law *law;
    const lk_fit_options *options;
    lk_fitter fitter;
    lk_tallied counts;
    lk_minimum best;
    double t[LK_NEWTON_MAX];
    bool given[LK_NEWTON_MAX];    /* fixed by the caller             */
    bool at_bound[LK_NEWTON_MAX]; /* at an end of its range          */
    lk_surface natural;           /* at t                            */
    double covariance[LK_NEWTON_MAX][LK_NEWTON_MAX];
    size_t iterations; /* evaluations of the likelihood by profiles */
} work;

static size_t alpha_of(lk_model_kind model)
{
    return model == LK_MODEL_TWO_BETA ? 1 : 0;
}

static bool has_scale(lk_model_kind model)
{
    return model == LK_MODEL_SCALED_BETA || model == LK_MODEL_KUMARASWAMY;
}

/* What no fit can tell, whatever the law. */
static bool say_not_identifiable(const work *w, size_t free_params, lk_fit_result *out)
{
    const char *why = NULL;

    if (w->counts.all_fail) why = "no attempt at any problem succeeded";
    if (w->counts.all_succeed) why = "every attempt at every problem succeeded";
    if (w->counts.most_attempts < 2)
        why = "with one attempt a problem the counts tell the mean alone";
    if (w->counts.problems == 1) why = "one problem says nothing of others";
    if (why == NULL && w->counts.problems < free_params)
        why = "there are fewer problems than parameters";
    if (why != NULL) lk_fit_result_say(out, LK_FIT_NOT_IDENTIFIABLE, "%s", why);
    return why != NULL;
}

/* Keeps the better; one that has not converged only for want of another. */
static void keep_better(lk_minimum *best, const lk_minimum *other)
{
    if (!isfinite(other->at.value)) return;
    if (!isfinite(best->at.value) || other->at.value < best->at.value - 1e-9)
        *best = *other;
    else if (other->at.value <= best->at.value + 1e-9 && other->converged)
        *best = *other;
}

/* From the best few starts, by their likelihoods. */
static void run_from_starts(work *w, double scale)
{
    const lk_model_kind model = w->fitter.model;
    double start[LK_STARTS_MAX][LK_NEWTON_MAX], value[LK_STARTS_MAX];
    const size_t starts = lk_fit_starts(model, &w->counts, scale, start);
    const int runs = model == LK_MODEL_TWO_BETA ? BEST_STARTS + 2 : 1;

    w->best = (lk_minimum){.at.value = INFINITY};
    for (size_t i = 0; i < starts; i++) {
        lk_surface s;

        lk_likelihood(model, start[i], &w->counts, false, w->fitter.scratch, &s);
        value[i] = isfinite(s.value) ? s.value : DBL_MAX;
    }
    for (int run = 0; run < runs; run++) {
        size_t first = 0;
        lk_minimum here;

        for (size_t i = 1; i < starts; i++) {
            if (value[i] < value[first]) first = i;
        }
        if (value[first] == INFINITY) break;
        value[first] = INFINITY; /* done */
        lk_fitter_run(&w->fitter, start[first], &here);
        keep_better(&w->best, &here);
    }
}

/* With parameter i pinned to the bound: kept where it is no worse. */
static void try_bound(work *w, size_t i, double bound)
{
    lk_fitter *f = &w->fitter;
    lk_minimum there = {0};
    double t[LK_NEWTON_MAX];

    lk_fitter_params(f, w->best.u, t);
    lk_fitter_pin(f, i, bound);
    lk_fitter_run(f, t, &there);
    if (isfinite(there.at.value) && there.at.value <= w->best.at.value + 1e-7) {
        lk_surface natural;

        lk_fitter_params(f, there.u, t);
        lk_fitter_surface(f, t, &natural);
        if (bound > 0.5 ? natural.grad[i] <= 0.0 : natural.grad[i] >= 0.0) {
            w->best = there;
            w->at_bound[i] = true;
            return;
        }
    }
    lk_fitter_unpin(f, i);
}

static void try_bounds(work *w)
{
    const lk_model_kind model = w->fitter.model;

    if (has_scale(model) && !w->given[2] && w->best.u[2] > NEAR_BOUND)
        try_bound(w, 2, 1.0);
    if (model == LK_MODEL_ZERO_INFLATED) try_bound(w, 2, 0.0);
}

/* The label of the parts is free: the first is the one of the smaller alpha. */
static void order_parts(work *w)
{
    double *u = w->best.u, swap;

    if (w->fitter.model != LK_MODEL_TWO_BETA || u[1] <= u[3]) return;
    u[0] = -u[0];
    swap = u[1], u[1] = u[3], u[3] = swap;
    swap = u[2], u[2] = u[4], u[4] = swap;
    w->fitter.objective.evaluate(&w->fitter, u, &w->best.at);
}

static void mark_ends(work *w)
{
    const lk_objective *o = &w->fitter.objective;

    for (size_t i = 0; i < o->variables; i++) {
        const double room =
            lk_model_shapes[w->fitter.model].domain[i] == LK_DOMAIN_POSITIVE
                ? NEAR_END
                : 4.0 * NEAR_END;

        if (w->fitter.pinned[i]) continue;
        if (w->best.u[i] < o->lo[i] + room || w->best.u[i] > o->hi[i] - room)
            w->at_bound[i] = true;
    }
    /* Both shapes large: no variation beyond that of counts. */
    const size_t a = alpha_of(w->fitter.model);
    const double least = fmin(w->best.u[a], w->best.u[a + 1]);
    if (least > 2.0 * log((double)w->counts.most_attempts) + 4.6 && least > 9.2)
        w->at_bound[a] = w->at_bound[a + 1] = true;
    /* All p in one bin, as certainly as one likes: discretised laws. */
    if (w->best.at.value < 1e-6) w->at_bound[a] = w->at_bound[a + 1] = true;
}

/* The point of the fit: parameters and derivatives there. */
static void settle(work *w)
{
    order_parts(w);
    mark_ends(w);
    lk_fitter_params(&w->fitter, w->best.u, w->t);
    lk_fitter_surface(&w->fitter, w->t, &w->natural);
}

static bool no_se(const work *w, size_t i)
{
    return w->given[i] || w->at_bound[i];
}

/* false where the information is singular. */
static bool set_covariance(work *w)
{
    bool out[LK_NEWTON_MAX];

    for (size_t i = 0; i < w->law->params; i++) out[i] = no_se(w, i);
    return lk_invert(w->law->params, out, &w->natural, w->covariance);
}

static void optimise(work *w)
{
    const double rule = lk_fit_scale_rule(&w->counts);
    double scale = has_scale(w->fitter.model) ? rule : 1.0;

    if (w->options->scale_how == LK_SCALE_FIXED) scale = w->options->scale;
    if (has_scale(w->fitter.model)) {
        w->given[2] = w->options->scale_how != LK_SCALE_FREE;
        if (w->given[2]) lk_fitter_pin(&w->fitter, 2, scale);
        scale = fmin(scale, 0.999);
    }
    w->best = (lk_minimum){.at.value = INFINITY};
    if (w->options->start != NULL) {
        double t[LK_NEWTON_MAX];

        for (size_t i = 0; i < w->law->params; i++) {
            const bool chance =
                lk_model_shapes[w->fitter.model].domain[i] != LK_DOMAIN_POSITIVE;
            t[i] = chance ? fmin(fmax(w->options->start[i], 1e-6), 0.999)
                          : w->options->start[i];
        }
        lk_fitter_run(&w->fitter, t, &w->best);
    }
    if (!w->best.converged) run_from_starts(w, scale);
    try_bounds(w);
    settle(w);
}

static double clamp_end(double value, bool chance)
{
    return chance ? fmin(fmax(value, 0.0), 1.0) : fmax(value, 0.0);
}

static void wald(const work *w, size_t i, double z, lk_fit_value *out)
{
    const lk_fitter *f = &w->fitter;
    const double first = lk_model_shapes[f->model].domain[i] == LK_DOMAIN_POSITIVE
                             ? out->value
                             : out->value * (1.0 - out->value);
    const double u = w->best.u[i], reach = z * out->se / first;

    out->lo = lk_fitter_from_u(f, i, u - reach);
    out->hi = lk_fitter_from_u(f, i, u + reach);
}

/* The sd of u[i], or a guess. */
static double sd_of(const work *w, size_t i)
{
    const double se = sqrt(w->covariance[i][i]);
    const double first =
        lk_model_shapes[w->fitter.model].domain[i] == LK_DOMAIN_POSITIVE
            ? w->t[i]
            : w->t[i] * (1.0 - w->t[i]);

    return se > 0.0 && isfinite(se / first) ? fmin(se / first, 3.0) : 1.0;
}

/* On which side of parameter i its range ends. */
static int bound_side(const work *w, size_t i)
{
    if (w->fitter.pinned[i]) return w->fitter.pin[i] > 0.5 ? 1 : -1;
    return w->best.u[i] > 0.0 ? 1 : -1;
}

/* One end of one interval. */
typedef struct {
    double end;
    size_t iterations;
    lk_minimum better; /* of infinite value: none */
} profile_end;

static void find_end(const work *w, size_t i, int side, double z, lk_fitter *f,
                     profile_end *out)
{
    const bool chance =
        lk_model_shapes[w->fitter.model].domain[i] != LK_DOMAIN_POSITIVE;
    double end;

    *out = (profile_end){.end = NAN, .better.at.value = INFINITY};
    if (w->given[i]) return;
    if (w->at_bound[i] && side == bound_side(w, i)) {
        out->end = chance || side < 0 ? (side > 0 ? 1.0 : 0.0) : INFINITY;
        return;
    }
    end = lk_fit_profile_end(f, &w->best, i, sd_of(w, i), side, z, &out->better);
    out->end = clamp_end(end, chance);
    out->iterations = f->iterations;
}

/* Both ends of every interval, side by side where counts are few; false when a better minimum
 * came up on the way. */
static bool profile(work *w, double z, lk_fit_result *out)
{
    const size_t ends = 2 * w->law->params;
    profile_end found[2 * LK_NEWTON_MAX];
    const lk_minimum *better = NULL;

#pragma omp parallel for schedule(dynamic) if (w->fitter.copies > 0)
    for (size_t e = 0; e < ends; e++) {
        const int side = e % 2 == 0 ? -1 : 1;
        lk_fitter mine;

        if (w->fitter.copies > 0) {
            lk_fitter_copy(&w->fitter, e, &mine);
            find_end(w, e / 2, side, z, &mine, &found[e]);
        } else {
            w->fitter.iterations = 0;
            find_end(w, e / 2, side, z, &w->fitter, &found[e]);
        }
    }
    for (size_t e = 0; e < ends; e++) {
        w->iterations += found[e].iterations;
        if (isfinite(found[e].better.at.value) &&
            (better == NULL || found[e].better.at.value < better->at.value))
            better = &found[e].better;
    }
    if (better != NULL) {
        w->best = *better;
        return false;
    }
    for (size_t i = 0; i < w->law->params; i++) {
        out->param[i].lo = found[2 * i].end;
        out->param[i].hi = found[2 * i + 1].end;
    }
    return true;
}

static void set_values(work *w, lk_fit_result *out)
{
    for (size_t i = 0; i < w->law->params; i++) {
        out->param[i] = (lk_fit_value){w->t[i], NAN, NAN, NAN};
        if (!no_se(w, i)) out->param[i].se = sqrt(w->covariance[i][i]);
    }
}

static void set_intervals(work *w, lk_fit_result *out)
{
    const double z = gsl_cdf_ugaussian_Qinv(0.5 * (1.0 - w->options->level));

    if (w->options->interval == LK_FIT_INTERVAL_WALD) {
        for (size_t i = 0; i < w->law->params; i++) {
            if (!no_se(w, i)) wald(w, i, z, &out->param[i]);
        }
    }
    if (w->options->interval != LK_FIT_INTERVAL_PROFILE) return;
    for (int tries = 0; !profile(w, z, out) && tries < RESTARTS; tries++) {
        memset(w->at_bound, 0, sizeof w->at_bound);
        for (size_t i = 0; i < w->law->params; i++) {
            if (!w->given[i]) lk_fitter_unpin(&w->fitter, i);
        }
        const lk_minimum from = w->best;
        lk_newton(&w->fitter.objective, from.u, &w->best);
        try_bounds(w);
        settle(w);
        set_covariance(w);
        set_values(w, out);
    }
}

static void say_status(const work *w, bool regular, lk_fit_result *out)
{
    for (size_t i = 0; i < w->law->params; i++) {
        if (!w->at_bound[i]) continue;
        lk_fit_result_say(out, LK_FIT_AT_BOUND,
                          "%s = %.3g lies at the end of its range", w->law->param[i],
                          w->t[i]);
        return;
    }
    if (!w->best.converged) {
        lk_fit_result_say(out, LK_FIT_NO_CONVERGENCE, "no convergence in %zu steps",
                          w->best.iterations);
        return;
    }
    if (!regular) {
        lk_fit_result_say(out, LK_FIT_NOT_IDENTIFIABLE,
                          "the likelihood is flat: the counts do not tell the "
                          "parameters apart");
    }
}

static void set_criteria(const work *w, lk_fit_result *out)
{
    const double params = (double)out->free_params;
    const double problems = (double)w->counts.problems;

    out->nll = w->best.at.value;
    out->nll_mean = out->nll / problems;
    out->aic = 2.0 * params + 2.0 * out->nll;
    out->bic = params * log(problems) + 2.0 * out->nll;
}

static void fit_counts(work *w, lk_fit_result *out)
{
    optimise(w);
    const bool regular = set_covariance(w);
    w->iterations = w->fitter.iterations;
    say_status(w, regular, out);
    set_criteria(w, out);
    if (out->status == LK_FIT_NOT_IDENTIFIABLE) return;
    set_values(w, out);
    if (out->status != LK_FIT_NO_CONVERGENCE) {
        set_intervals(w, out);
        set_criteria(w, out);
        out->status = LK_FIT_OK;
        out->reason[0] = '\0';
        say_status(w, true, out);
    }
    out->exponent = out->param[alpha_of(w->fitter.model)];
    out->iterations = w->iterations;
}

lk_status lk_fit_distribution(const lk_fit_law *self, const uint64_t n[],
                              const uint64_t c[], size_t problems,
                              const lk_fit_options *options, lk_fit_result *out,
                              lk_error *err)
{
    const lk_model_kind model = (lk_model_kind)self->model;
    lk_fit_result result = lk_fit_result_empty(self);
    work w = {.law = self, .options = options};
    lk_status st = LK_OK;

    if (has_scale(model) && options->scale_how != LK_SCALE_FREE) result.free_params--;
    LK_TRY(lk_tallied_make(n, c, problems, &w.counts, err));
    LK_TRY(lk_fitter_init(&w.fitter, model, &w.counts, err));
    if (!say_not_identifiable(&w, result.free_params, &result)) fit_counts(&w, &result);
    *out = result;
out:
    lk_fitter_release(&w.fitter);
    lk_tallied_release(&w.counts);
    return st;
}
