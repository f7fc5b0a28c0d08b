/* data_set.h - targets in whatever kind of file they come. */
#ifndef LK_MODEL_DATA_SET_H
#define LK_MODEL_DATA_SET_H

#include <stddef.h>

#include "largek/idx.h"
#include "largek/npy.h"
#include "largek/status.h"

/* A data file, read.  One of images, matrix and target holds the pixels. */
typedef struct {
    size_t problems, pixels;
    size_t latent; /* 0 where the file has no mu and sigma                  */
    float scale;   /* of what the file holds, to [0, 1]: a division by this */
    lk_images images;
    lk_matrix matrix;
    float *target;     /* [problems][pixels]                                    */
    float *mu, *sigma; /* [problems][latent]                                    */
} lk_data_set;

/* Reads a data file of the kind its first bytes say.  `limit` is as lk_idx_read's, and
 * serves IDX files only.
 * Ownership  *out is the caller's; end it with lk_data_set_release
 * Errors     LK_E_IO, LK_E_MEMORY; LK_E_FORMAT, also for a file without problems; LK_E_ARG
 *            where limit is more images than there are */
lk_status lk_data_set_read(const char *path, size_t limit, lk_data_set *out,
                           lk_error *err);

/* Frees and zeroes; {0} is fine. */
void lk_data_set_release(lk_data_set *set);

/* Copies a target; its values are not looked at.
 * Shapes  out [pixels] */
void lk_data_set_target(const lk_data_set *set, size_t problem, float *out);

#endif /* LK_MODEL_DATA_SET_H */
