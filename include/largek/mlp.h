/* largek/mlp.h - multilayer perceptrons: decoders, encoders, classifiers.
 *
 * Layer l computes  h_l = act_l(W_l h_{l-1} + b_l).  Weights are float; what they mean is
 * given by lk_mlp_forward, the canonical evaluation in double, which is the same to the
 * last bit on every device: each sum starts at the bias and runs in index order through
 * fma, and activations come from largek/canonical.h.
 */
#ifndef LK_MLP_H
#define LK_MLP_H

#include <stddef.h>

#include "largek/canonical.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LK_MLP_LAYERS_MAX = 64 };

typedef struct {
    size_t in, out;
    lk_activation activation;
    float *weight; /* [out][in], as PyTorch's nn.Linear.weight */
    float *bias;   /* [out]                                    */
} lk_layer;

typedef struct {
    size_t layers;
    lk_layer *layer; /* owned, with what its members point to */
} lk_mlp;

/* Allocates layers of widths width[0] -> width[1] -> ... -> width[layers], zeroed.
 * Shapes     width [layers + 1], activation [layers]
 * Ownership  *mlp is the caller's; end it with lk_mlp_release
 * Errors     LK_E_ARG for no layers, more than LK_MLP_LAYERS_MAX, or a zero width;
 *            LK_E_MEMORY */
lk_status lk_mlp_init(lk_mlp *mlp, size_t layers, const size_t width[],
                      const lk_activation activation[], lk_error *err);

/* Frees and zeroes; {0} is fine. */
void lk_mlp_release(lk_mlp *mlp);

/* Widths of the first and the last vector, and of the widest of all; 0 for {0}. */
size_t lk_mlp_inputs(const lk_mlp *mlp);
size_t lk_mlp_outputs(const lk_mlp *mlp);
size_t lk_mlp_widest(const lk_mlp *mlp);
size_t lk_mlp_parameters(const lk_mlp *mlp);

/* The canonical evaluation of one vector.
 * Shapes  x [inputs], y [outputs], scratch [2 * widest] */
void lk_mlp_forward(const lk_mlp *mlp, const float *x, double *y, double *scratch);

/* "784-400-20 relu,identity" into out; cut where it does not fit. */
void lk_mlp_describe(const lk_mlp *mlp, char *out, size_t bytes);

/* XXH3-128 of widths, activations and weights: 32 hex characters and a NUL.
 * Errors  LK_E_MEMORY */
lk_status lk_mlp_digest(const lk_mlp *mlp, char out[33], lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_MLP_H */
