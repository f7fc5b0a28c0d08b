/* mlp.h - one layer of the canonical evaluation. */
#ifndef LK_MODEL_MLP_H
#define LK_MODEL_MLP_H

#include "largek/mlp.h"

/* h_l = act(W h_{l-1} + b), as largek/mlp.h defines it.
 * Shapes  from [layer->in], to [layer->out] */
void lk_layer_forward(const lk_layer *layer, const double *from, double *to);

#endif /* LK_MODEL_MLP_H */
