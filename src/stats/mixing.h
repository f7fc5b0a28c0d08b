/* mixing.h - integrals over the distribution of p, by quadrature.
 *
 *     integral over q in (0,1) of  g(q; a, b) K(p),   p = scale q
 *
 * with g the density of a law and K what the counts say of p.  The variable is
 * s = log(q/(1-q)): there g and K fall off exponentially on both sides, whatever the powers
 * at 0 and 1, and everything is kept as a logarithm, so that nothing underflows.
 *
 * One pass gives the logarithm of the integral and its first and second derivatives by
 * (a, b, scale), all of them averages over the same nodes [1].
 *
 * References
 *   [1] T. A. Louis, "Finding the observed information matrix when using the EM
 *       algorithm", J. R. Statist. Soc. B 44 (1982) 226-233, eq. 3.1 and 3.2.
 *   [2] R. Piessens et al., QUADPACK (1983): the 21-point rule and its error estimate.
 */
#ifndef LK_STATS_MIXING_H
#define LK_STATS_MIXING_H

#include <stdbool.h>

typedef enum {
    LK_MIX_BETA,
    LK_MIX_KUMARASWAMY,
    LK_MIX_EXPONENTIAL, /* density proportional to exp(-a q), a any number */
    LK_MIX_RECIPROCAL   /* proportional to 1/q; [a, b] are its ends        */
} lk_mix_kind;

/* Made by lk_mixing_of. */
typedef struct {
    lk_mix_kind kind;
    double a, b, scale;
    double lo, hi;                     /* ends of s                             */
    double log_norm;                   /* of the density                        */
    double grad_norm[2], hess_norm[3]; /* its derivatives: a, b; aa, ab, bb     */
} lk_mixing;

lk_mixing lk_mixing_of(lk_mix_kind kind, double a, double b, double scale);

typedef enum {
    LK_KERNEL_BINOMIAL, /* C(n,x) p^x (1-p)^(n-x)                          */
    LK_KERNEL_PASS,     /* 1 - (1-p)^n                                     */
    LK_KERNEL_DECAY,    /* -n log(1-p) (1-p)^n = -d(1-p)^n / d log n       */
    LK_KERNEL_AT_LEAST, /* the chance of x or more of n, x >= 1            */
    LK_KERNEL_ONE       /* 1: chances of intervals of q                    */
} lk_kernel_kind;

typedef struct {
    lk_kernel_kind kind;
    double n, x; /* real */
} lk_kernel;

typedef struct {
    double log_value;
    double grad[3];    /* of log_value, by a, b, scale */
    double hess[3][3]; /* likewise                     */
} lk_mixed;

/* Relative error of the value about 1e-13, for n to 1e6; beyond, that of p in the kernel.
 * Derivatives are there for Beta and Kumaraswamy, where they are asked for. */
void lk_mixing_integrate(const lk_mixing *mixing, const lk_kernel *kernel,
                         bool derivatives, lk_mixed *out);

/* log of the chance that x or more of n attempts succeed, x >= 1. */
double lk_log_binomial_at_least(double n, double x, double log_p, double log_1mp);

/* The log of the density of q at s, by ds; derivatives by a, b into grad[2] and hess[3] (aa,
 * ab, bb) unless NULL. */
double lk_mixing_log_density(const lk_mixing *mixing, double s, double *grad,
                             double *hess);

/* For those who sum over nodes of their own.  What the law alone says at s. */
typedef struct {
    double log_p, log_1mp, odds; /* odds = p/(1-p)                           */
    double log_density;          /* of q by ds                                   */
    double grad[2], hess[3];     /* of that, by a, b; aa, ab, bb                 */
} lk_mixing_node;

void lk_mixing_node_at(const lk_mixing *mixing, double s, lk_mixing_node *out);

/* Sums over nodes: of the integrand; of it times the gradient of its logarithm by a, b and
 * scale; and times second moments with curvature, aa, ab, ac, bb, bc, cc. */
enum { LK_MIXED_SUMS = 10 };

/* Adds all but the first of a node of weight w; the kernel is binomial. */
void lk_mixing_add_moments(const lk_mixing *mixing, const lk_mixing_node *at, double n,
                           double x, double w, double sum[LK_MIXED_SUMS]);

/* Louis [1]: the gradient is the mean of the nodes' own, and the second derivative the mean
 * of theirs and the covariance of the first. */
void lk_mixed_set_derivatives(const double sum[LK_MIXED_SUMS], lk_mixed *out);

#endif /* LK_STATS_MIXING_H */
