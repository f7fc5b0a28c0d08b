/* safetensors_parts.h - what the reader and the writer of safetensors share. */
#ifndef LK_IO_SAFETENSORS_PARTS_H
#define LK_IO_SAFETENSORS_PARTS_H

#include <stdbool.h>

#include <jansson.h>

#include "base/digest.h"
#include "largek/safetensors.h"

enum {
    LK_DTYPES = LK_DTYPE_F64 + 1,
    LK_PREFIX_BYTES = 8,        /* the header's length                          */
    LK_HEADER_MOST = 100000000, /* bytes; the limit of the reference reader     */
    LK_HEADER_ALIGN = 8         /* what the writer pads the header to           */
};

#define LK_METADATA_NAME "__metadata__"
#define LK_DIGESTS_KEY   "xxh3"

/* False where there is no dtype of that name. */
bool lk_dtype_find(const char *name, lk_dtype *out);

/* Product of a shape and a dtype's size; false where it overflows. */
bool lk_shape_bytes(const uint64_t shape[], size_t rank, lk_dtype dtype, size_t *bytes);

/* The value of the digests entry: a JSON object of every tensor's digest by its name,
 * and the header's by the empty name.
 * Ownership  the text is the caller's; free it
 * Errors     NULL for want of memory */
char *lk_digests_text(json_t *root, const lk_tensor *tensor, size_t tensors);

/* Checks the digests of a file that has them; LK_OK where it has none.
 * Shapes  header [header_bytes], the text that `root` was parsed from
 * Errors  LK_E_MISMATCH naming the tensor or "header"; LK_E_MEMORY */
lk_status lk_digests_check(const char *path, json_t *root, const char *header,
                           size_t header_bytes, const lk_tensor *tensor, size_t tensors,
                           lk_error *err);

#endif /* LK_IO_SAFETENSORS_PARTS_H */
