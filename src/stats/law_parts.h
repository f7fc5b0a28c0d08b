/* law_parts.h - what a law is made of, inside the library. */
#ifndef LK_STATS_LAW_PARTS_H
#define LK_STATS_LAW_PARTS_H

#include "largek/law.h"

/* t is the law's parameters, checked; counts are whole doubles. */
struct lk_law_ops {
    double (*log_failure)(const double t[], double k);
    double (*fall)(const double t[], double k); /* -d log I_k / d log k */
    lk_asymptote (*asymptote)(const double t[]);
    double (*log_pmf)(const double t[], double n, double x);
    double (*log_failure_given)(const double t[], double n, double x, double k);
    double (*log_density)(const double t[], double p);
    double (*cdf)(const double t[], double p);
    double (*draw)(const double t[], lk_place *place, double *log_p, double *log_1mp);
};

/* law_beta.c: delta and whatever is made of Beta distributions. */
extern const struct lk_law_ops lk_law_delta_ops, lk_law_beta_ops,
    lk_law_zero_inflated_beta_ops, lk_law_two_beta_ops, lk_law_levi_ops;

/* law_integral.c: by quadrature, but for what has a closed form. */
extern const struct lk_law_ops lk_law_uniform_ops, lk_law_scaled_beta_ops,
    lk_law_kumaraswamy_ops, lk_law_continuous_bernoulli_ops, lk_law_reciprocal_ops;

#endif /* LK_STATS_LAW_PARTS_H */
