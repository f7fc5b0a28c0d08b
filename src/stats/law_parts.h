/* law_parts.h - what a law is made of, inside the library. */
#ifndef LK_STATS_LAW_PARTS_H
#define LK_STATS_LAW_PARTS_H

#include "largek/law.h"
#include "stats/mixing.h"

enum { LK_MIXTURE_PARTS_MAX = 2 };

/* p = 0 with chance `zero`, else Beta(a, b) of one of the parts. */
typedef struct {
    size_t parts;
    double zero;
    double weight[LK_MIXTURE_PARTS_MAX];
    double a[LK_MIXTURE_PARTS_MAX], b[LK_MIXTURE_PARTS_MAX];
} lk_mixture;

/* t is the law's parameters, checked; counts are whole doubles. */
typedef struct lk_law_ops lk_law_ops;
struct lk_law_ops {
    lk_mixture (*mixture)(const double t[]); /* laws of law_beta.c, but delta     */
    lk_mixing (*mixing)(const double t[]);   /* laws of law_integral.c            */

    double (*log_failure)(const lk_law_ops *self, const double t[], double k);
    double (*fall)(const lk_law_ops *self, const double t[],
                   double k); /* -d log I_k / d log k */
    lk_asymptote (*asymptote)(const lk_law_ops *self, const double t[]);
    double (*log_pmf)(const lk_law_ops *self, const double t[], double n, double x);
    double (*log_at_least)(const lk_law_ops *self, const double t[], double n,
                           double x); /* x >= 1 */
    double (*log_failure_given)(const lk_law_ops *self, const double t[], double n,
                                double x, double k);
    double (*log_density)(const lk_law_ops *self, const double t[], double p);
    double (*cdf)(const lk_law_ops *self, const double t[], double p);
    double (*draw)(const lk_law_ops *self, const double t[], lk_place *place,
                   double *log_p, double *log_1mp);
};

/* law_beta.c: delta and whatever is made of Beta distributions. */
extern const lk_law_ops lk_law_delta_ops, lk_law_beta_ops,
    lk_law_zero_inflated_beta_ops, lk_law_two_beta_ops, lk_law_levi_ops;

/* law_integral.c: by quadrature, but for what has a closed form. */
extern const lk_law_ops lk_law_uniform_ops, lk_law_scaled_beta_ops,
    lk_law_kumaraswamy_ops, lk_law_continuous_bernoulli_ops, lk_law_reciprocal_ops;

/* log of the chance of c or more successes in n attempts; c <= n. */
double lk_law_log_at_least(const lk_law *law, const double param[], uint64_t n,
                           uint64_t c);

#endif /* LK_STATS_LAW_PARTS_H */
