/* elementwise.h - what training does to a row of units, in float.
 *
 * Not the canonical functions: these are written so that a compiler makes vectors of
 * them, and are within a few float roundings of the truth.
 */
#ifndef LK_MODEL_ELEMENTWISE_H
#define LK_MODEL_ELEMENTWISE_H

#include <stdbool.h>
#include <stddef.h>

#include "largek/canonical.h"

/* e^x, cut to [e^-87, e^88]; NaN stays NaN. */
float lk_exp_float(float x);

/* Whether the slope of an activation needs v = W h + b, or follows from act(v). */
bool lk_slope_needs_input(lk_activation activation);

/* h = act(h + bias), and pre = h + bias unless pre is NULL.
 * Shapes  bias, pre, h [n] */
void lk_row_activate(lk_activation activation, size_t n, const float *bias, float *pre,
                     float *h);

/* delta *= act'(v), from pre = v or h = act(v).
 * Shapes  pre (NULL where not needed), h, delta [n] */
void lk_row_slope(lk_activation activation, size_t n, const float *pre, const float *h,
                  float *delta);

/* The binary cross-entropy of target and sigmoid(v), v = sum + bias, and its gradient
 * sigmoid(v) - target with respect to v.
 *
 * Summed as max(v, 0) - v target + log(1 + e^-|v|), which neither overflows nor takes the
 * logarithm of a sigmoid that rounded to 0.
 * Shapes  target, sum, bias, delta [n] */
float lk_row_cross_entropy(size_t n, const float *target, const float *sum,
                           const float *bias, float *delta);

#endif /* LK_MODEL_ELEMENTWISE_H */
