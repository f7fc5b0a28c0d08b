/* largek/model.h - the generator: a decoder, and the encoder where the file has one.
 *
 * Tensor names are those that PyTorch users have:
 *
 *   decoder.<i>.weight, decoder.<i>.bias     nn.Sequential; i rises, gaps are activations
 *   encoder.<i>.*, mu.*, logvar.*            (optional) the recognition network
 *   fc1, fc21, fc22, fc3, fc4                the PyTorch VAE example: fc1 and relu is the
 *                                            encoder, fc21 mu, fc22 logvar, fc3 and relu
 *                                            and fc4 and sigmoid the decoder
 *
 * A state dict does not record activations.  The metadata entries `decoder.activations`
 * and `encoder.activations` do, one a layer ("relu,sigmoid"); without them a gap after a
 * layer's index means relu, the last decoder layer is sigmoid, and two layers without a
 * gap are refused, for nobody can tell what stands between them.
 *
 * Reference
 *   [1] D. P. Kingma, M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
 */
#ifndef LK_MODEL_H
#define LK_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "largek/mlp.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    lk_mlp decoder;    /* latent -> pixels                                  */
    bool has_encoder;  /* whether the three below are there                 */
    lk_mlp encoder;    /* pixels -> hidden; layers = 0 where mu reads pixels */
    lk_mlp mu, logvar; /* hidden -> latent, one identity layer each         */
} lk_model;

/* Reads a model.
 *
 * activations  (optional, NULL) "relu,sigmoid": overrides the file's for the decoder
 * Ownership    *out is the caller's; end it with lk_model_release
 * Errors       LK_E_IO, LK_E_MEMORY; LK_E_FORMAT with the tensor's name, what was expected
 *              and what was found: missing tensors, shapes that do not chain, dtypes other
 *              than F32, F16, BF16, F64, NaN or infinite weights, unknown activations
 */
lk_status lk_model_read(const char *path, const char *activations, lk_model *out,
                        lk_error *err);

/* Writes a model under the first set of names, with both activation entries and the
 * `largek.training` entry `note` (JSON text, or NULL for none).
 * Errors  LK_E_IO, LK_E_MEMORY */
lk_status lk_model_write(const char *path, const lk_model *model, const char *note,
                         lk_error *err);

/* Frees and zeroes; {0} is fine. */
void lk_model_release(lk_model *model);

/* The posterior q(z|x) = N(mu, diag(sigma^2)) of one image, by the canonical evaluation;
 * sigma = exp(logvar / 2), both rounded to float once.  [1]
 * Shapes  x [pixels], mu [latent], sigma [latent]
 * Errors  LK_E_ARG where the model has no encoder, LK_E_MEMORY, LK_E_NUMERIC where a
 *         result is not finite */
lk_status lk_model_encode(const lk_model *model, const float *x, float *mu,
                          float *sigma, lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_MODEL_H */
