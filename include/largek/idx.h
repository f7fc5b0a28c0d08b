/* largek/idx.h - images in the IDX format, the one MNIST is published in.
 *
 * Reference
 *   [1] Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten
 *       digits", section "File formats".
 */
#ifndef LK_IDX_H
#define LK_IDX_H

#include <stddef.h>
#include <stdint.h>

#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    size_t count, rows, cols;
    uint8_t *pixels; /* [count][rows][cols], row-major, 0 is black; owned */
} lk_images;

/* Reads the first `limit` images (0: all of them) of an IDX file of unsigned bytes
 * with three dimensions, plain or gzipped.
 *
 * The rest of the file is read through all the same, so that a file shorter or longer
 * than its header says is refused whatever `limit` is.  Memory grows with the bytes
 * that were there, never with what a header claims.
 *
 * Ownership  *out is the caller's; end it with lk_images_release
 * Errors     LK_E_IO, LK_E_MEMORY; LK_E_FORMAT where the magic number is another, or
 *            the file does not hold the bytes its header says (both are named); LK_E_ARG
 *            where limit is more images than there are
 * Source     [1]
 */
lk_status lk_idx_read(const char *path, size_t limit, lk_images *out, lk_error *err);

/* Frees what lk_idx_read allocated and zeroes *images; {0} is fine. */
void lk_images_release(lk_images *images);

#ifdef __cplusplus
}
#endif

#endif /* LK_IDX_H */
