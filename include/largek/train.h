/* largek/train.h - training the VAE of the reconstruction task.
 *
 * Loss of an image: binary cross-entropy summed over pixels plus KL(q(z|x) || N(0, I))
 * [1, eq. 10], minimised by Adam [2].  z = mu + T sigma eps in training as in sampling [3].
 *
 * A run is a function of images, options and build: bit for bit the same for any number
 * of threads, because the work is cut into the same pieces whoever does them.
 *
 * References
 *   [1] D. P. Kingma, M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
 *   [2] D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
 *   [3] N. Levi, "A Simple Model of Inference Scaling Laws", ICML 2025, App. B.
 */
#ifndef LK_TRAIN_H
#define LK_TRAIN_H

#include <stddef.h>
#include <stdint.h>

#include "largek/model.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    size_t hidden_layers; /* widths of the encoder, mirrored in the decoder */
    size_t hidden[8];
    size_t latent;
    lk_activation activation; /* of hidden layers                           */
    size_t epochs, batch;
    double learning_rate, beta1, beta2, epsilon; /* Adam [2]               */
    double temperature;                          /* T                       */
    uint64_t seed;
    size_t threads;

    /* (optional) Called after every epoch, counted from 1; another value than 0 stops
     * with LK_E_STOPPED and leaves no model.  loss is per image, averaged over the
     * epoch. */
    int (*on_epoch)(void *context, size_t epoch, double loss);
    void *context;
} lk_train_options;

/* 784-400-20 as in [3]: relu, 1000 epochs, batch 128, Adam 1e-3 (.9, .999, 1e-8), T 1.1,
 * seed 1, one thread. */
lk_train_options lk_train_defaults(void);

/* Trains a model on images in [0,1].
 * Shapes     images [count][pixels]
 * Ownership  *out is the caller's; end it with lk_model_release
 * Errors     LK_E_ARG, LK_E_MEMORY, LK_E_STOPPED; LK_E_NUMERIC where the loss or a
 *            weight is not finite
 */
lk_status lk_train_vae(const float *images, size_t count, size_t pixels,
                       const lk_train_options *options, lk_model *out,
                       double *final_loss, lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_TRAIN_H */
