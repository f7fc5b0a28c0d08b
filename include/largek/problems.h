/* largek/problems.h - the problem set: targets, and where attempts at them start.
 *
 * Problem i is a target x_i in [0,1]^D and a latent distribution N(mu_i, diag(sigma_i^2)):
 * the encoder's posterior of x_i where the model has an encoder, what the file says where
 * it says, and the prior N(0, I) otherwise.
 *
 * Data files: IDX images (.gz or not; value / 255), .npy matrices [problems][D] (uint8
 * / 255, floats as they are), or safetensors with `target` [P][D] and, optionally, `mu` and
 * `sigma` [P][L], F32 or what converts to it.
 */
#ifndef LK_PROBLEMS_H
#define LK_PROBLEMS_H

#include <stddef.h>
#include <stdint.h>

#include "largek/model.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    size_t problems, latent, pixels;
    uint64_t *index; /* [problems] place in the data set, the i of the stream       */
    float *target;   /* [problems][pixels], in [0,1]                                */
    float *mu;       /* [problems][latent]                                          */
    float *sigma;    /* [problems][latent], >= 0                                    */
} lk_problems;

typedef enum {
    LK_LATENT_AUTO, /* file, else posterior, else prior */
    LK_LATENT_POSTERIOR,
    LK_LATENT_PRIOR
} lk_latent_source;

/* Reads the problems of the given indices, in that order, and encodes them.
 *
 * Shapes     index [count]; NULL with count 0 takes the whole data set
 * Ownership  *out is the caller's; end it with lk_problems_release
 * Errors     LK_E_IO, LK_E_MEMORY; LK_E_FORMAT for data of another width than the decoder
 *            makes, and values outside [0,1] or NaN, with their place; LK_E_ARG for an index
 *            outside the data set or named twice, and for LK_LATENT_POSTERIOR without an
 *            encoder
 */
lk_status lk_problems_read(const char *path, const lk_model *model,
                           lk_latent_source latent, const uint64_t *index, size_t count,
                           lk_problems *out, lk_error *err);

/* Frees and zeroes; {0} is fine. */
void lk_problems_release(lk_problems *problems);

/* XXH3-128 of shapes, indices, targets, mu and sigma: 32 hex characters and a NUL. */
lk_status lk_problems_digest(const lk_problems *problems, char out[33], lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_PROBLEMS_H */
