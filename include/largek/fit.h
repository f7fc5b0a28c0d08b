/* largek/fit.h - laws fitted to counts.
 *
 * A fit-able law is a row of one table, found by name, of one of two kinds:
 *
 *   distribution   how p is distributed over problems: maximum likelihood on the counts
 *                  (n_i, c_i), which may have unequal n
 *   curve          how pass@k, estimated from the counts, depends on k: least squares
 *                  over a grid of k
 *
 * Distributions
 *   beta-binomial                p ~ Beta(alpha, beta)
 *   scaled-beta-binomial         p/scale ~ Beta(alpha, beta); scale free or fixed
 *   kumaraswamy-binomial         p/scale ~ Kumaraswamy(alpha, beta); scale free or fixed
 *   beta-negative-binomial       the beta of stopped designs: sampling until the c-th
 *                                success, n attempts in all; c = 0 is a problem given up
 *   zero-inflated-beta-binomial  a share `zero` of problems cannot be solved
 *   two-beta                     a mixture; alpha is the smaller of the two alphas
 *   discretised-beta             c/n is p rounded to the nearest of 0, 1/n, ..., 1
 *   discretised-kumaraswamy
 *
 * Likelihoods have all their constants (binomial coefficients), so that NLL, AIC and BIC
 * compare across laws of the same design.
 *
 * To add a law: write a `const lk_fit_law` with its `fit` function in a file of src/stats,
 * and give it a row in lk_fit_laws (src/stats/fit_laws.c).  A curve's `fit` gets the counts
 * and options->k, and fills param, exponent and rmse; the command prints whatever is there.
 */
#ifndef LK_FIT_H
#define LK_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "largek/law.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LK_FIT_PARAMS_MAX = 5 };

typedef enum {
    LK_FIT_OK,
    LK_FIT_AT_BOUND,         /* the best value lies at the end of its range     */
    LK_FIT_NOT_IDENTIFIABLE, /* the counts do not tell; no parameters are given */
    LK_FIT_NO_CONVERGENCE    /* values are the best that was found              */
} lk_fit_status;

/* "ok", "at_bound", "not_identifiable", "no_convergence"; never NULL. */
const char *lk_fit_status_name(lk_fit_status status);

/* An estimate, its standard error from the observed information and its interval; NaN
 * where there is none.  An end may be infinite, or the end of the range. */
typedef struct {
    double value, se, lo, hi;
} lk_fit_value;

typedef enum {
    LK_FIT_INTERVAL_PROFILE, /* by profile likelihood (curves: their own best)  */
    LK_FIT_INTERVAL_WALD,    /* value -+ z se, in the logarithm of positive ones */
    LK_FIT_INTERVAL_NONE     /* estimates alone: for resampling                 */
} lk_fit_interval;

typedef enum {
    LK_SCALE_FREE,
    LK_SCALE_RULE, /* min(1, (P+1)/P max c/n) of P problems */
    LK_SCALE_FIXED /* options->scale; A of the laws that have it */
} lk_scale;

typedef struct {
    double level; /* of intervals; 0.95 */
    lk_fit_interval interval;
    lk_scale scale_how;
    double scale;
    const double *start; /* (optional) [params] where to begin; NULL: from the counts */

    uint64_t folds; /* held-out score: problem i is in fold i mod folds; 0: none    */
    uint64_t resamples; /* goodness of fit by that many fitted replicates; 0: none    */
    uint64_t seed;

    const uint64_t *k; /* curves: the grid of k, ascending                            */
    size_t k_count;
} lk_fit_options;

/* Level 0.95, profile intervals, free scale, no score, no goodness, seed 1, no grid. */
extern const lk_fit_options lk_fit_defaults;

typedef struct {
    lk_fit_status status;
    char reason[160]; /* a sentence where the status is not ok, or of a power law
                         its local exponents; else "" */
    size_t params;
    lk_fit_value param[LK_FIT_PARAMS_MAX]; /* in the order of the law's names       */
    size_t free_params;                    /* as AIC counts them                    */
    lk_fit_value exponent;                 /* of the tail -log pass@k ~ k^-exponent */

    double nll, nll_mean, aic, bic; /* distributions; NaN for curves                */
    double rmse;                    /* curves; NaN for distributions                */
    double held_out;   /* mean log chance of a held-out problem's counts; or NaN  */
    double goodness;   /* Cramer-von Mises statistic of the residuals; or NaN     */
    double goodness_p; /* share of replicates that fit no better; or NaN          */
    size_t iterations; /* evaluations of the likelihood                           */
} lk_fit_result;

typedef enum { LK_FIT_DISTRIBUTION, LK_FIT_CURVE } lk_fit_kind;

typedef struct lk_fit_law {
    const char *name;
    const char *summary;
    lk_fit_kind kind;
    size_t params;
    const char *param[LK_FIT_PARAMS_MAX]; /* their names                            */
    const char
        *law; /* of lk_laws, with the same parameters in the same order; NULL where
                        none: what pass@k is beyond the data                        */
    /* As lk_fit, below, which has checked the counts. */
    lk_status (*fit)(const struct lk_fit_law *self, const uint64_t n[],
                     const uint64_t c[], size_t problems, const lk_fit_options *options,
                     lk_fit_result *out, lk_error *err);
    int model;    /* for `fit`: which of several laws that share it                 */
    bool stopped; /* its likelihood is that of stopped designs: not to be compared  */
} lk_fit_law;

/* Every fit-able law, until NULL. */
extern const lk_fit_law *const lk_fit_laws[];

/* Errors  LK_E_ARG, listing the names there are */
lk_status lk_fit_find(const char *name, const lk_fit_law **out, lk_error *err);

/* Fits one law.  What the counts cannot tell is no failure but a status, with a reason.
 * The result is the same for any number of threads.
 *
 * Shapes  n [problems], c [problems]
 * Errors  LK_E_ARG for no problems, n = 0, c > n, n > 2^53, a level outside (0,1), a curve
 *         without a grid or with k above some n; LK_E_MEMORY
 */
lk_status lk_fit(const lk_fit_law *law, const uint64_t n[], const uint64_t c[],
                 size_t problems, const lk_fit_options *options, lk_fit_result *out,
                 lk_error *err);

/* The estimates as parameters of the law self->law, what was not fitted as preset there.
 * Shapes  param [LK_LAW_PARAMS_MAX] */
void lk_fit_params(const lk_fit_law *law, const lk_fit_result *result, double param[]);

/* All fields NaN or zero, no parameters: what a `fit` starts from. */
lk_fit_result lk_fit_result_empty(const lk_fit_law *law);

/* Sets the status and its sentence. */
void lk_fit_result_say(lk_fit_result *result, lk_fit_status status, const char *format,
                       ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

#ifdef __cplusplus
}
#endif

#endif /* LK_FIT_H */
