/* fit_curve_parts.h - a curve of pass@k being fitted, for the files that do it. */
#ifndef LK_STATS_FIT_CURVE_PARTS_H
#define LK_STATS_FIT_CURVE_PARTS_H

#include "stats/curve_law.h"
#include "stats/likelihood.h"

enum { LK_CURVEFIT_PARAMS = 3 };

#define LK_CURVEFIT_SCALE 1e6 /* squared errors of pass@k to where 1e-11 is rounding */
#define LK_CURVEFIT_REACH_END \
    12.0 /* a logit of A beyond this is A = 1                   */

typedef struct {
    lk_curve_kind kind;
    size_t points, params;
    double *k, *mean, *variance; /* [points] of the mean, over problems            */
    double *y, *weight;          /* [points] what is fitted; weight 0: left out    */
    double *value;               /* [count][points] pass@k of different counts     */
    lk_tallied counts;
} lk_curvefit;

/* The curve of the counts at options->k.
 * Ownership  *out is the caller's; end it with lk_curvefit_release
 * Errors     LK_E_MEMORY */
lk_status lk_curvefit_init(const lk_fit_law *law, const uint64_t n[],
                           const uint64_t successes[], size_t problems,
                           const lk_fit_options *options, lk_curvefit *out,
                           lk_error *err);
void lk_curvefit_release(lk_curvefit *c);

/* Whether a line in logarithms is fitted, and d log(-log pass) / d pass for it. */
bool lk_curvefit_is_power(lk_curve_kind kind);
double lk_curvefit_log_log_slope(double pass);

/* Fills y and weight from the mean; how many points there are. */
size_t lk_curvefit_choose(lk_curvefit *c);

/* Whether A is not fitted but given, as options->scale. */
bool lk_curvefit_reach_given(const lk_curvefit *c, const lk_fit_options *options);

/* The variables u of a search are logarithms of positive parameters and logits of
 * chances. */
bool lk_curvefit_is_chance(lk_curve_kind kind, size_t i);
double lk_curvefit_param(lk_curve_kind kind, size_t i, double u);

/* d y / d u at k. */
void lk_curvefit_slopes(const lk_curvefit *c, const double u[], double k, double out[]);

/* Half the sum of squares, with the Hessian of Gauss and Newton; data is an lk_curvefit. */
void lk_curvefit_evaluate(void *data, const double u[], lk_surface *out);

/* Finds u; false: there is none.  Says in *out what went wrong. */
bool lk_curvefit_solve(lk_curvefit *c, const lk_fit_options *options, lk_minimum *best,
                       lk_fit_result *out);

#endif /* LK_STATS_FIT_CURVE_PARTS_H */
