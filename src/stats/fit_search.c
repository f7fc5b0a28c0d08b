/* fit_search.c - the search for the likeliest parameters, and for those at their bounds. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/fit_parts.h"

/* Logits beyond this are tried at the bound itself: 0.95 for a scale. */
#define NEAR_BOUND 3.0

/* A shape in the box is at its end from here on, in logarithms. */
#define NEAR_END 2.5

enum {
    BEST_STARTS =
        10, /* of a mixture, by their likelihoods: each may lead to its own peak */
    THIN_FROM = 4096, /* different counts: above, the search begins with a sample of */
    THIN_TO = 2048    /* so many                                                     */
};

size_t lk_fit_alpha(lk_model_kind model)
{
    return model == LK_MODEL_TWO_BETA ? 1 : 0;
}

bool lk_fit_has_scale(lk_model_kind model)
{
    return model == LK_MODEL_SCALED_BETA || model == LK_MODEL_KUMARASWAMY;
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
static void run_from_starts(lk_fit_work *w, double scale)
{
    const lk_model_kind model = w->fitter.model;
    double start[LK_STARTS_MAX][LK_NEWTON_MAX], value[LK_STARTS_MAX];
    const size_t starts = lk_fit_starts(model, &w->counts, scale, start);
    const size_t runs = model == LK_MODEL_TWO_BETA ? BEST_STARTS : 1;

    w->best = (lk_minimum){.at.value = INFINITY};
    for (size_t i = 0; i < starts; i++) {
        lk_surface s;

        lk_likelihood(model, start[i], &w->counts, false, w->fitter.scratch, &s);
        value[i] = isfinite(s.value) ? s.value : DBL_MAX;
    }
    for (size_t run = 0; run < runs; run++) {
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

/* Whether the likelihood falls from the bound inwards. */
static bool falls_inwards(const lk_fit_work *w, const lk_minimum *there, size_t i,
                          double bound)
{
    double t[LK_NEWTON_MAX];
    lk_surface natural;

    lk_fitter_params(&w->fitter, there->u, t);
    lk_fitter_surface(&w->fitter, t, &natural);
    return bound > 0.5 ? natural.grad[i] <= 0.0 : natural.grad[i] >= 0.0;
}

/* Begins at the bound where the start lies there: false where the fit does not stay. */
static bool begin_at_bound(lk_fit_work *w)
{
    const double bound = w->fitter.model == LK_MODEL_ZERO_INFLATED ? 0.0 : 1.0;

    if (w->fitter.model != LK_MODEL_ZERO_INFLATED && !lk_fit_has_scale(w->fitter.model))
        return false;
    if (w->start == NULL || w->start[2] != bound || w->given[2]) return false;
    lk_fitter_pin(&w->fitter, 2, bound);
    lk_fitter_run(&w->fitter, w->start, &w->best);
    w->at_bound[2] = w->best.converged && falls_inwards(w, &w->best, 2, bound);
    if (!w->at_bound[2]) lk_fitter_unpin(&w->fitter, 2);
    return w->at_bound[2];
}

/* With parameter i pinned to the bound: kept where it is no worse. */
static void try_bound(lk_fit_work *w, size_t i, double bound)
{
    lk_fitter *f = &w->fitter;
    lk_minimum there = {0};
    double t[LK_NEWTON_MAX];

    lk_fitter_params(f, w->best.u, t);
    lk_fitter_pin(f, i, bound);
    lk_fitter_run(f, t, &there);
    if (isfinite(there.at.value) && there.at.value <= w->best.at.value + 1e-7 &&
        falls_inwards(w, &there, i, bound)) {
        w->best = there;
        w->at_bound[i] = true;
        return;
    }
    lk_fitter_unpin(f, i);
}

void lk_fit_try_bounds(lk_fit_work *w)
{
    const lk_model_kind model = w->fitter.model;

    if (lk_fit_has_scale(model) && !w->given[2] && w->best.u[2] > NEAR_BOUND)
        try_bound(w, 2, 1.0);
    if (model == LK_MODEL_ZERO_INFLATED) try_bound(w, 2, 0.0);
}

/* The label of the parts is free: the first is the one of the smaller alpha. */
static void order_parts(lk_fit_work *w)
{
    double *u = w->best.u, swap;

    if (w->fitter.model != LK_MODEL_TWO_BETA || u[1] <= u[3]) return;
    u[0] = -u[0];
    swap = u[1], u[1] = u[3], u[3] = swap;
    swap = u[2], u[2] = u[4], u[4] = swap;
    w->fitter.objective.evaluate(&w->fitter, u, &w->best.at);
}

/* Both shapes of a part large: no variation beyond that of counts. */
static void mark_sharp(lk_fit_work *w, size_t a)
{
    const double least = fmin(w->best.u[a], w->best.u[a + 1]);

    if (least > 2.0 * log((double)w->counts.most_attempts) + 4.6 && least > 9.2)
        w->at_bound[a] = w->at_bound[a + 1] = true;
}

static void mark_ends(lk_fit_work *w)
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
    const size_t a = lk_fit_alpha(w->fitter.model);
    mark_sharp(w, a);
    if (w->fitter.model == LK_MODEL_TWO_BETA) mark_sharp(w, a + 2);
    /* All p in one bin, as certainly as one likes: discretised laws. */
    if (w->best.at.value < 1e-6) w->at_bound[a] = w->at_bound[a + 1] = true;
}

/* The point of the fit: parameters and derivatives there. */
void lk_fit_settle(lk_fit_work *w)
{
    order_parts(w);
    mark_ends(w);
    lk_fitter_params(&w->fitter, w->best.u, w->t);
    lk_fitter_surface(&w->fitter, w->t, &w->natural);
}

void lk_fit_search(lk_fit_work *w)
{
    const double rule = lk_fit_scale_rule(&w->counts);
    double scale = lk_fit_has_scale(w->fitter.model) ? rule : 1.0;

    if (w->options->scale_how == LK_SCALE_FIXED) scale = w->options->scale;
    if (lk_fit_has_scale(w->fitter.model)) {
        w->given[2] = w->options->scale_how != LK_SCALE_FREE;
        if (w->given[2]) lk_fitter_pin(&w->fitter, 2, scale);
        scale = fmin(scale, 0.999);
    }
    w->best = (lk_minimum){.at.value = INFINITY};
    if (begin_at_bound(w)) {
        lk_fit_settle(w);
        return;
    }
    if (w->start != NULL) {
        double t[LK_NEWTON_MAX];

        for (size_t i = 0; i < w->law->params; i++) {
            const bool chance =
                lk_model_shapes[w->fitter.model].domain[i] != LK_DOMAIN_POSITIVE;
            t[i] = chance ? fmin(fmax(w->start[i], 1e-6), 0.999) : w->start[i];
        }
        lk_fitter_run(&w->fitter, t, &w->best);
    }
    if (!w->best.converged) run_from_starts(w, scale);
    lk_fit_try_bounds(w);
    lk_fit_settle(w);
}

/* Every so many of the different counts; they lie in order, so that all kinds are there. */
static lk_status thin(const lk_tallied *counts, lk_tallied *out, lk_error *err)
{
    const size_t stride = counts->count / THIN_TO;
    double *memory = calloc(counts->count / stride + 1, 3 * sizeof *memory);

    if (memory == NULL) return LK_FAIL(err, LK_E_MEMORY, "a sample of the counts");
    *out = *counts;
    out->count = (counts->count + stride - 1) / stride;
    out->c = memory;
    out->n = memory + out->count;
    out->times = memory + 2 * out->count;
    for (size_t i = 0; i < out->count; i++) {
        out->c[i] = counts->c[i * stride];
        out->n[i] = counts->n[i * stride];
        out->times[i] = counts->times[i * stride];
    }
    return LK_OK;
}

/* Where a sample's fit ends, as a place to begin. */
lk_status lk_fit_guess(const lk_fit_work *w, double t[], lk_error *err)
{
    lk_fit_work sample = {.law = w->law, .options = w->options};
    lk_status st = LK_OK;

    LK_TRY(thin(&w->counts, &sample.counts, err));
    LK_TRY(lk_fitter_init(&sample.fitter, w->fitter.model, &sample.counts, err));
    lk_fit_search(&sample);
    memcpy(t, sample.t, sizeof sample.t);
out:
    lk_fitter_release(&sample.fitter);
    lk_tallied_release(&sample.counts);
    return st;
}

bool lk_fit_wants_guess(const lk_fit_work *w)
{
    return w->counts.count >= THIN_FROM && w->start == NULL;
}
