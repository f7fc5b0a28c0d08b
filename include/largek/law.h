/* largek/law.h - laws: how the success probability of problems is distributed.
 *
 * A law is a distribution of p, the chance that one attempt at a problem succeeds.  It
 * says how pass@k falls short of 1 over many problems,
 *
 *     I_k = E[(1-p)^k],    pass@k = 1 - I_k,
 *
 * and how many of n attempts succeed.  Laws are found by name:
 *
 *     delta                 every problem has the chance p
 *     uniform               p uniform on (a, b)
 *     beta                  p ~ Beta(alpha, beta)
 *     scaled-beta           p/scale ~ Beta(alpha, beta), on (0, scale)
 *     kumaraswamy           p/scale ~ Kumaraswamy(alpha, beta), on (0, scale)
 *     continuous-bernoulli  density proportional to lambda^p (1-lambda)^(1-p)
 *     reciprocal            density proportional to 1/p on (a, b)
 *     zero-inflated-beta    p = 0 with chance zero, else Beta(alpha, beta)
 *     two-beta              Beta(alpha, beta) with chance weight, else Beta(alpha2, beta2)
 *     levi                  1 - p ~ Beta(alpha, beta) with chance A, else p = 0
 *
 * Every law here is over SUCCESS probabilities but levi, whose alpha and beta are those of
 * FAILURE probabilities, as in its paper [1]: alpha and beta change places.
 *
 * `param` is an array [law->params] in the order of law->param, which lk_law_check has
 * passed; what else is put in gives NaN.  k is real, from 0 to 1e30.
 *
 * References
 *   [1] N. Levi, "A Simple Model of Inference Scaling Laws", arXiv:2410.16377 (2024).
 *   [2] R. Schaeffer et al., "How Do Large Language Monkeys Get Their Power (Laws)?",
 *       arXiv:2502.17578 (2025): the closed forms of I_k and theorem 3.1.
 *   [3] P. Kumaraswamy, J. Hydrology 46 (1980) 79-88.
 */
#ifndef LK_LAW_H
#define LK_LAW_H

#include <stddef.h>
#include <stdint.h>

#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LK_LAW_PARAMS_MAX = 5 };

typedef enum {
    LK_DOMAIN_POSITIVE,  /* (0, infinity) */
    LK_DOMAIN_OPEN_UNIT, /* (0, 1)        */
    LK_DOMAIN_SCALE,     /* (0, 1]        */
    LK_DOMAIN_CHANCE     /* [0, 1]        */
} lk_domain;

typedef enum { LK_OVER_SUCCESS, LK_OVER_FAILURE } lk_over;

typedef struct {
    const char *name; /* "alpha"                                        */
    lk_domain domain;
    double preset; /* where it may be left out; NaN where it may not */
} lk_law_param;

struct lk_law_ops; /* the law's functions, private to the library */

typedef struct lk_law {
    const char *name;
    const char *summary; /* "p ~ Beta(alpha, beta)"           */
    lk_over over;        /* what alpha and beta speak of      */
    size_t params;
    lk_law_param param[LK_LAW_PARAMS_MAX];
    const struct lk_law_ops *ops;
} lk_law;

/* Every law, in the order above, until NULL. */
extern const lk_law *const lk_laws[];

/* The law of that name.
 * Errors  LK_E_ARG, listing the names there are */
lk_status lk_law_find(const char *name, const lk_law **out, lk_error *err);

/* Whether every parameter lies in its domain, and a < b where there are two ends.
 * Errors  LK_E_ARG naming the parameter, its value and its domain */
lk_status lk_law_check(const lk_law *law, const double param[], lk_error *err);

/* log I_k = log E[(1-p)^k].  Relative error within 1e-12 for k to 1e15, so that pass@k has
 * it where it is tiny and I_k has it where it is.  Closed forms have it to k = 1e30. */
double lk_law_log_failure(const lk_law *law, const double param[], double k);

/* pass@k = 1 - I_k = -expm1(log I_k). */
double lk_law_pass(const lk_law *law, const double param[], double k);

/* The local exponent -d log(-log pass@k) / d log k, k > 0: what a straight line through
 * the curve near k would show.  It tends to that of the asymptote. */
double lk_law_local_exponent(const lk_law *law, const double param[], double k);

/* I_k, and with it -log pass@k where floor is 0, tends to
 *
 *     floor + exp(log_constant) k^-exponent (1-start)^k                   [2] thm 3.1
 *
 * start is the least p that happens: 0 for power laws, and above for exponential ones. */
typedef struct {
    double floor, log_constant, exponent, start;
} lk_asymptote;

lk_asymptote lk_law_asymptote(const lk_law *law, const double param[]);

/* log of the chance of c successes in n attempts, E[C(n,c) p^c (1-p)^(n-c)], c <= n <=
 * 2^53.  Error 1e-12 of max(1, |log|) for the closed forms (beta, zero-inflated-beta,
 * two-beta, levi, delta); 1e-10 for the others, by quadrature, for n to 1e6. */
double lk_law_log_pmf(const lk_law *law, const double param[], uint64_t n, uint64_t c);

/* log E[(1-p)^k | c successes in n attempts]: what k fresh attempts at a problem do that is
 * known by its counts.  The posterior predictive chance of success is -expm1 of it. */
double lk_law_log_failure_given(const lk_law *law, const double param[], uint64_t n,
                                uint64_t c, double k);

/* log of the density of p, and the chance of less than or equal to p, for figures: densities
 * leave out points of chance (delta: -infinity).  Error 1e-10. */
double lk_law_log_density(const lk_law *law, const double param[], double p);
double lk_law_cdf(const lk_law *law, const double param[], double p);

/* A place in the stream (largek/stream.h): draws take blocks from here on, as many as
 * they need.  Give each replicate and problem an item of its own, and nothing depends on
 * the order of work. */
typedef struct {
    uint64_t seed;
    uint64_t item;  /* at most LK_ITEM_MAX; purpose 5 (bootstrap) */
    uint64_t block; /* the next block                             */
} lk_place;

/* A random p, and with it log p and log(1-p), either of which may be NULL: p may be
 * below the smallest double. */
double lk_law_draw(const lk_law *law, const double param[], lk_place *place,
                   double *log_p, double *log_1mp);

/* A random number of successes in n attempts, n <= 2^53.  Exact for n p < 10, else by
 * rejection; no approximation. */
uint64_t lk_draw_binomial(uint64_t n, double p, lk_place *place);

#ifdef __cplusplus
}
#endif

#endif /* LK_LAW_H */
