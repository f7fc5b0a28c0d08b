/* largek/tail.h - success probabilities that are known one by one, however small: what they
 * say of pass@k at any k, and how they are distributed.
 *
 *     pass@k = mean over problems of 1 - (1 - p_i)^k
 *
 * p is given by its natural logarithm, so that 1e-400 at k = 1e400 is no less exact than
 * 1/2 at 1.  A problem whose p nobody found (NaN) counts as 0 and is told apart.
 *
 * References
 *   [1] R. Schaeffer et al., "How Do Large Language Monkeys Get Their Power (Laws)?",
 *       arXiv:2502.17578 (2025): -log pass@k ~ a k^-b.
 *   [2] W. Stute, W. Gonzalez Manteiga, M. Presedo Quindimil, "Bootstrap based
 *       goodness-of-fit-tests", Metrika 40 (1993) 243-256.
 */
#ifndef LK_TAIL_H
#define LK_TAIL_H

#include <stddef.h>
#include <stdint.h>

#include "largek/fit.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 1 - (1 - p)^k from log p <= 0 and log k >= 0; 0 for log p = -infinity.  Relative error
 * within 1e-12 wherever the result is a normal double. */
double lk_tail_pass(double log_p, double log_k);

/* (1 - p)^k, which keeps its digits where the other has rounded to 1. */
double lk_tail_failure(double log_p, double log_k);

/* The slope of pass@k against log k: -k log(1-p) (1-p)^k. */
double lk_tail_slope(double log_p, double log_k);

typedef struct {
    double log_p;     /* NaN: not known                                              */
    double rel_error; /* standard error of p over p                                  */
    double log_most;  /* where log_p is not known: p is at most e^this               */
} lk_tail_problem;

typedef struct {
    double pass;      /* unknown problems at 0                                       */
    double std_error; /* over problems and of their estimates; NaN for one problem   */
    double lo, hi;    /* interval: bootstrap over problems, the half-widths joined in
                         squares with z times the error of the estimates themselves   */
    double most;      /* pass@k with every unknown problem at its e^log_most         */
    double failure; /* 1 - pass, with its digits where pass has rounded to 1         */
    double
        exponent; /* -d log(-log pass@k) / d log k; NaN where pass@k is 0 or 1   [1] */
} lk_tail_point;

/* pass@k over a grid of log k.
 * Shapes   problem [problems], log_k, out [points]
 * Errors   LK_E_ARG for no problems, log_k < 0, or what lk_mean_interval refuses;
 *          LK_E_MEMORY */
lk_status lk_tail_curve(const lk_tail_problem *problem, size_t problems,
                        const double *log_k, size_t points, double level,
                        size_t resamples, uint64_t seed, lk_tail_point *out,
                        lk_error *err);

/* log of a number of attempts, at least 0; infinite where it is not reached by k = 1e300. */
typedef struct {
    double log_k, log_lo, log_hi;
} lk_tail_needed;

/* How many attempts pass@k = target takes.  The interval is where the ends of that of pass@k
 * get there.
 * Errors  as lk_tail_curve; LK_E_ARG unless 0 < target < 1 */
lk_status lk_tail_target(const lk_tail_problem *problem, size_t problems, double target,
                         double level, size_t resamples, uint64_t seed,
                         lk_tail_needed *out, lk_error *err);

typedef enum {
    LK_TAIL_BETA,        /* p ~ Beta(a, b)                                            */
    LK_TAIL_KUMARASWAMY, /* P(p <= x) = 1 - (1 - x^a)^b                               */
    LK_TAIL_LOGNORMAL,   /* log p ~ N(a, b^2); what lies above 0 is not cut off      */
    LK_TAIL_LAWS
} lk_tail_law;

/* "beta", "kumaraswamy", "lognormal"; never NULL. */
const char *lk_tail_law_name(lk_tail_law law);

typedef struct {
    double a, b;           /* parameters, of SUCCESS probabilities                   */
    double log_likelihood; /* of log p                                               */
    double aic;
    double distance; /* Kolmogorov and Smirnov's                               */
    double p_value;  /* of that, by parametric bootstrap [2]; NaN without       */
} lk_tail_fit;

/* Maximum likelihood on log p_i < 0, each exact.
 *
 * replicates  of the bootstrap; 0 for none.  The p-value is (1 + those at least as far) /
 *             (1 + replicates)
 * Errors      LK_E_ARG for fewer than 3 values, all equal, or one that is not below 0;
 *             LK_E_NUMERIC without convergence; LK_E_MEMORY */
lk_status lk_tail_fit_law(lk_tail_law law, const double *log_p, size_t count,
                          size_t replicates, uint64_t seed, lk_tail_fit *out,
                          lk_error *err);

/* The laws as rows of a table of fits: names of the law and its parameters.  Their `fit` is
 * NULL, for they are not fitted to counts. */
extern const lk_fit_law lk_tail_laws[LK_TAIL_LAWS];

/* The same fit with what largek/fit.h says of one: standard errors from the observed
 * information, intervals, criteria; nll is that of log p.  The exponent is that of the tail
 * -log pass@k ~ k^-exponent, the first parameter; a lognormal has none.  With resamples,
 * goodness is the distance above and goodness_p its p-value.  Too few values, or all equal,
 * are a status.
 * options  level, interval, resamples and seed of it are used
 * Errors   LK_E_ARG for a log p that is not below 0 or a level outside (0, 1); LK_E_MEMORY */
lk_status lk_tail_fit_result(lk_tail_law law, const double *log_p, size_t count,
                             const lk_fit_options *options, lk_fit_result *out,
                             lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_TAIL_H */
