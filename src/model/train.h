/* train.h - the parts of training, apart so that tests can ask each for its numbers.
 *
 * Work is cut into LK_TRAIN_PIECES pieces, whatever the number of threads: by rows of
 * the batch on the way forward and back, by outputs of a layer for its gradient, by
 * parameters for Adam.  No sum crosses a cut, except the loss, whose pieces are added in
 * their order.
 */
#ifndef LK_MODEL_TRAIN_H
#define LK_MODEL_TRAIN_H

#include <stddef.h>
#include <stdint.h>

#include "largek/model.h"
#include "largek/train.h"

enum { LK_TRAIN_PIECES = 4, LK_TRAIN_LAYERS_MAX = 2 * LK_MLP_LAYERS_MAX + 2 };

/* Where piece p of n things starts; piece p ends where piece p + 1 starts. */
static inline size_t lk_piece_start(size_t n, size_t p)
{
    return n / LK_TRAIN_PIECES * p + n % LK_TRAIN_PIECES * p / LK_TRAIN_PIECES;
}

/* A model of the same shapes as another, with an encoder, all zero: gradients, moments.
 * Errors  LK_E_MEMORY */
lk_status lk_model_init_like(lk_model *out, const lk_model *model, lk_error *err);

/* The layers in the order of the data: encoder, mu, logvar, decoder.  Returns how many.
 * Shapes  layer [LK_TRAIN_LAYERS_MAX] */
size_t lk_model_layers(const lk_model *model, lk_layer *layer[]);

/* One layer at work on a batch. */
typedef struct {
    const lk_layer *layer;
    const lk_layer *gradient; /* of the loss: weight and bias, written                */
    const float *in;          /* [rows][layer->in]; the caller's pixels where NULL    */
    float *pre;               /* [rows][layer->out] before the activation, or NULL    */
    float *out;               /* [rows][layer->out]                                   */
    float *delta;             /* [rows][layer->out], gradient with respect to pre     */
} lk_train_node;

/* Forward and backward of a batch; {0} is fine to release. */
typedef struct {
    size_t batch, latent, pixels;
    size_t encoders, nodes; /* node: the encoder's, mu, logvar, the decoder's   */
    lk_train_node node[LK_TRAIN_LAYERS_MAX];
    float *z;          /* [batch][latent]                                  */
    float *spread;     /* [batch][latent], z - mu                          */
    float *delta_z;    /* [batch][latent]                                  */
    lk_model gradient; /* of the loss, shaped as the model                 */
    float *arena;      /* owns every array above                           */
} lk_train_step;

/* Looks at `model` at every run; batch times any of its widths is at most INT_MAX, as
 * BLAS counts in int.
 * Ownership  *out is the caller's; end it with lk_train_step_release
 * Errors     LK_E_MEMORY */
lk_status lk_train_step_init(lk_train_step *out, const lk_model *model, size_t batch,
                             lk_error *err);
void lk_train_step_release(lk_train_step *step);

/* Runs `rows` images, at most the batch, leaves the gradient of the sum of their losses in
 * step->gradient, and returns that sum.
 * Shapes  x [rows][pixels], eps [rows][latent] */
double lk_train_step_run(lk_train_step *step, const float *x, const float *eps,
                         size_t rows, double temperature, size_t threads);

/* Adam's state: moments of the gradient, shaped as the model; {0} is fine to release. */
typedef struct {
    lk_model first, second;
    uint64_t steps;
} lk_adam;

lk_status lk_adam_init(lk_adam *adam, const lk_model *model, lk_error *err);
void lk_adam_release(lk_adam *adam);

/* One step down the gradient.  [largek/train.h: 2, algorithm 1] */
void lk_adam_step(lk_adam *adam, const lk_train_options *options,
                  const lk_model *gradient, lk_model *model);

/* Initial weights and biases, uniform in +-1/sqrt(in): nn.Linear's default. */
void lk_train_weights(uint64_t seed, lk_model *model);

/* The order in which an epoch takes the images.
 * Shapes  order [count], count <= 2^32 */
void lk_train_order(uint64_t seed, uint64_t epoch, size_t count, size_t *order);

/* The noise of an image in an epoch.
 * Shapes  eps [latent] */
void lk_train_noise(uint64_t seed, uint64_t epoch, size_t image, size_t latent,
                    float *eps);

#endif /* LK_MODEL_TRAIN_H */
