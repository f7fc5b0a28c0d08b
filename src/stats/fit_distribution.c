/* fit_distribution.c - distributions of p, fitted to counts by maximum likelihood. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#include "stats/fit_parts.h"

enum { RESTARTS = 4 };

/* What no fit can tell, whatever the law. */
static bool say_not_identifiable(const lk_fit_work *w, size_t free_params,
                                 lk_fit_result *out)
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

static bool no_se(const lk_fit_work *w, size_t i)
{
    return w->given[i] || w->at_bound[i];
}

/* false where the information is singular. */
static bool set_covariance(lk_fit_work *w)
{
    bool out[LK_NEWTON_MAX];

    for (size_t i = 0; i < w->law->params; i++) out[i] = no_se(w, i);
    return lk_invert(w->law->params, out, &w->natural, w->covariance);
}

static double clamp_end(double value, bool chance)
{
    return chance ? fmin(fmax(value, 0.0), 1.0) : fmax(value, 0.0);
}

static void wald(const lk_fit_work *w, size_t i, double z, lk_fit_value *out)
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
static double sd_of(const lk_fit_work *w, size_t i)
{
    const double se = sqrt(w->covariance[i][i]);
    const double first =
        lk_model_shapes[w->fitter.model].domain[i] == LK_DOMAIN_POSITIVE
            ? w->t[i]
            : w->t[i] * (1.0 - w->t[i]);

    return se > 0.0 && isfinite(se / first) ? fmin(se / first, 3.0) : 1.0;
}

/* On which side of parameter i its range ends. */
static int bound_side(const lk_fit_work *w, size_t i)
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

static void find_end(const lk_fit_work *w, size_t i, int side, double z, lk_fitter *f,
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
static bool profile(lk_fit_work *w, double z, lk_fit_result *out)
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

static void set_values(lk_fit_work *w, lk_fit_result *out)
{
    for (size_t i = 0; i < w->law->params; i++) {
        out->param[i] = (lk_fit_value){w->t[i], NAN, NAN, NAN};
        if (!no_se(w, i)) out->param[i].se = sqrt(w->covariance[i][i]);
    }
}

static void set_intervals(lk_fit_work *w, lk_fit_result *out)
{
    const double z = gsl_cdf_ugaussian_Qinv(0.5 * (1.0 - w->options->level));

    if (w->options->interval == LK_FIT_INTERVAL_WALD) {
        for (size_t i = 0; i < w->law->params; i++) {
            if (!no_se(w, i)) wald(w, i, z, &out->param[i]);
        }
    }
    if (w->options->interval != LK_FIT_INTERVAL_PROFILE) return;
    for (int tries = 0; !profile(w, z, out); tries++) {
        if (tries == RESTARTS) { /* a likelihood with no end of peaks */
            w->best.converged = false;
            return;
        }
        memset(w->at_bound, 0, sizeof w->at_bound);
        for (size_t i = 0; i < w->law->params; i++) {
            if (!w->given[i]) lk_fitter_unpin(&w->fitter, i);
        }
        const lk_minimum from = w->best;
        lk_newton(&w->fitter.objective, from.u, &w->best);
        lk_fit_try_bounds(w);
        lk_fit_settle(w);
        set_covariance(w);
        set_values(w, out);
    }
}

static void say_status(const lk_fit_work *w, bool regular, lk_fit_result *out)
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

static void set_criteria(const lk_fit_work *w, lk_fit_result *out)
{
    const double params = (double)out->free_params;
    const double problems = (double)w->counts.problems;

    out->nll = w->best.at.value;
    out->nll_mean = out->nll / problems;
    out->aic = 2.0 * params + 2.0 * out->nll;
    out->bic = params * log(problems) + 2.0 * out->nll;
}

static void fit_counts(lk_fit_work *w, lk_fit_result *out)
{
    lk_fit_search(w);
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
    out->exponent = out->param[lk_fit_alpha(w->fitter.model)];
    out->iterations = w->iterations;
}

lk_status lk_fit_distribution(const lk_fit_law *self, const uint64_t n[],
                              const uint64_t c[], size_t problems,
                              const lk_fit_options *options, lk_fit_result *out,
                              lk_error *err)
{
    const lk_model_kind model = (lk_model_kind)self->model;
    lk_fit_result result = lk_fit_result_empty(self);
    lk_fit_work w = {.law = self, .options = options, .start = options->start};
    double start[LK_NEWTON_MAX];
    lk_status st = LK_OK;

    if (lk_fit_has_scale(model) && options->scale_how != LK_SCALE_FREE)
        result.free_params--;
    LK_TRY(lk_tallied_make(n, c, problems, &w.counts, err));
    LK_TRY(lk_fitter_init(&w.fitter, model, &w.counts, err));
    if (!say_not_identifiable(&w, result.free_params, &result)) {
        if (lk_fit_wants_guess(&w)) {
            LK_TRY(lk_fit_guess(&w, start, err));
            w.start = start;
        }
        fit_counts(&w, &result);
    }
    *out = result;
out:
    lk_fitter_release(&w.fitter);
    lk_tallied_release(&w.counts);
    return st;
}
