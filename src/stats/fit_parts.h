/* fit_parts.h - a maximum-likelihood fit in progress, for the files that make one. */
#ifndef LK_STATS_FIT_PARTS_H
#define LK_STATS_FIT_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "largek/fit.h"
#include "stats/likelihood.h"

/* Optimised are logarithms of positive parameters and logits of chances.  A pinned parameter
 * is not: it was given, or lies at an end of its range where its logit is infinite. */
typedef struct {
    lk_model_kind model;
    const lk_tallied *counts;
    lk_likelihood_scratch *scratch; /* [copies + 1] */
    size_t copies;
    lk_objective objective; /* variables in u; fixed are the pinned ones */
    double pin[LK_NEWTON_MAX];
    bool pinned[LK_NEWTON_MAX];
    size_t iterations;
} lk_fitter;

/* Ownership  scratch is the caller's to free
 * Errors     LK_E_MEMORY */
lk_status lk_fitter_init(lk_fitter *f, lk_model_kind model, const lk_tallied *counts,
                         lk_error *err);
void lk_fitter_release(lk_fitter *f);

/* One that may work beside it, of number i below f->copies; without what it has fixed or
 * counted.  Not to be released. */
void lk_fitter_copy(const lk_fitter *f, size_t i, lk_fitter *out);

double lk_fitter_to_u(const lk_fitter *f, size_t i, double value);
double lk_fitter_from_u(const lk_fitter *f, size_t i, double u);
void lk_fitter_params(const lk_fitter *f, const double u[], double t[]);
void lk_fitter_pin(lk_fitter *f, size_t i, double value);
void lk_fitter_unpin(lk_fitter *f, size_t i);

/* The minimum from where t begins.  Natural derivatives: see lk_fitter_surface. */
void lk_fitter_run(lk_fitter *f, const double t[], lk_minimum *out);

/* -log L with derivatives by the natural parameters. */
void lk_fitter_surface(const lk_fitter *f, const double t[], lk_surface *out);

/* A fit of a distribution, from counts to covariance. */
typedef struct {
    const lk_fit_law *law;
    const lk_fit_options *options;
    const double *start; /* natural parameters to begin from, or NULL */
    lk_fitter fitter;
    lk_tallied counts;
    lk_minimum best;
    double t[LK_NEWTON_MAX];
    bool given[LK_NEWTON_MAX];    /* fixed by the caller             */
    bool at_bound[LK_NEWTON_MAX]; /* at an end of its range          */
    lk_surface natural;           /* at t                            */
    double covariance[LK_NEWTON_MAX][LK_NEWTON_MAX];
    size_t iterations; /* evaluations of the likelihood by profiles */
} lk_fit_work;

/* The place of the exponent among the parameters; whether the third is a scale. */
size_t lk_fit_alpha(lk_model_kind model);
bool lk_fit_has_scale(lk_model_kind model);

/* Finds w->best from w->start or the counts, tries the bounds and settles. */
void lk_fit_search(lk_fit_work *w);

/* Where the fit of a sample of many different counts ends, as a place to begin.
 * Errors  LK_E_MEMORY */
lk_status lk_fit_guess(const lk_fit_work *w, double t[], lk_error *err);
bool lk_fit_wants_guess(const lk_fit_work *w);

/* Pins parameters to the ends of their ranges where that is as good as w->best. */
void lk_fit_try_bounds(lk_fit_work *w);

/* Orders, marks what lies at an end, and sets t and its derivatives from w->best. */
void lk_fit_settle(lk_fit_work *w);

enum { LK_STARTS_MAX = 32 };

/* Places to begin from, in natural parameters; how many there are. */
size_t lk_fit_starts(lk_model_kind model, const lk_tallied *counts, double scale,
                     double start[LK_STARTS_MAX][LK_NEWTON_MAX]);

/* min(1, (P+1)/P max c/n). */
double lk_fit_scale_rule(const lk_tallied *counts);

/* The end of the profile-likelihood interval of parameter i on one side (-1, 1), in the
 * natural parameter, the end of its range where the likelihood never falls enough.
 * A better minimum than `best` that is come across goes to *better. */
double lk_fit_profile_end(lk_fitter *f, const lk_minimum *best, size_t i, double sd,
                          int side, double z, lk_minimum *better);

/* Fits a distribution; `fit` of the rows in fit_laws.c. */
lk_status lk_fit_distribution(const lk_fit_law *self, const uint64_t n[],
                              const uint64_t c[], size_t problems,
                              const lk_fit_options *options, lk_fit_result *out,
                              lk_error *err);

/* The goodness of fit of what was fitted, into *result; leaves it NaN for laws that have
 * none.
 * Errors  LK_E_MEMORY */
lk_status lk_fit_goodness(const lk_fit_law *self, const uint64_t n[],
                          const uint64_t c[], size_t problems,
                          const lk_fit_options *options, lk_fit_result *result,
                          lk_error *err);

/* The mean log chance of held-out counts; NaN where a part could not be fitted.
 * Errors  LK_E_MEMORY */
lk_status lk_fit_held_out(const lk_fit_law *self, const uint64_t n[],
                          const uint64_t c[], size_t problems,
                          const lk_fit_options *options, const double start[],
                          double *out, lk_error *err);

#endif /* LK_STATS_FIT_PARTS_H */
