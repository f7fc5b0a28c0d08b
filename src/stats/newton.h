/* newton.h - minima of smooth functions of a few variables, inside a box.
 *
 * Newton's method with exact second derivatives, damped as by Levenberg and Marquardt where
 * the model of the function does not hold.  A variable may be held fixed.
 */
#ifndef LK_STATS_NEWTON_H
#define LK_STATS_NEWTON_H

#include <stdbool.h>
#include <stddef.h>

enum { LK_NEWTON_MAX = 5 };

typedef struct {
    double value;
    double grad[LK_NEWTON_MAX];
    double hess[LK_NEWTON_MAX][LK_NEWTON_MAX];
} lk_surface;

typedef struct {
    void (*evaluate)(void *data, const double u[], lk_surface *out);
    void *data;
    size_t variables;
    double lo[LK_NEWTON_MAX], hi[LK_NEWTON_MAX];
    bool fixed[LK_NEWTON_MAX];
    double gain; /* converged when a quadratic model has no more than this to gain */
} lk_objective;

typedef struct {
    bool converged;
    size_t iterations;
    double u[LK_NEWTON_MAX];
    lk_surface at; /* the surface at u; after a last step by its quadratic model */
} lk_minimum;

/* From `start`, which is moved into the box.  It has also converged where rounding hides what
 * there is to gain. */
void lk_newton(const lk_objective *objective, const double start[], lk_minimum *out);

/* How the variables that are not fixed follow variable i, which is, along the floor of the
 * valley: their slopes by u[i], zero where the valley has no floor. */
void lk_newton_follow(const lk_objective *objective, const lk_surface *at, size_t i,
                      double slope[]);

/* The inverse of at->hess over the variables that are not left out; rows and columns
 * of those are zero.  false unless it is positive definite, by a good margin. */
bool lk_invert(size_t variables, const bool left_out[], const lk_surface *at,
               double inverse[][LK_NEWTON_MAX]);

#endif /* LK_STATS_NEWTON_H */
