/* largek/safetensors.h - the one container: models, results and checkpoints.
 *
 * A safetensors file is 8 bytes of header length (little-endian), a JSON header of
 * names, dtypes, shapes and byte ranges, and the tensors' bytes.  Any tool of the field
 * reads it.  This reader is strict: what it returns satisfies every invariant below.
 *
 *   - the header is at most 100 MB, starts with '{' and is valid JSON without
 *     duplicate keys; offsets are non-negative integers, not floats
 *   - the byte ranges cover the data exactly: no hole, no overlap, no surplus
 *   - product of shape x dtype size = bytes of the range, computed without overflow
 *   - the map `__metadata__`, where present, has string values only
 *
 * A file written with digests carries an XXH3-64 of every tensor and of the header's
 * own content in the metadata entry `xxh3`; reading checks them where they are there.
 *
 * References
 *   [1] Hugging Face, "safetensors format", github.com/huggingface/safetensors
 *       (README, section "Format").
 */
#ifndef LK_SAFETENSORS_H
#define LK_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LK_TENSOR_RANK_MAX = 8 };

typedef enum {
    LK_DTYPE_BOOL,
    LK_DTYPE_U8,
    LK_DTYPE_I8,
    LK_DTYPE_U16,
    LK_DTYPE_I16,
    LK_DTYPE_U32,
    LK_DTYPE_I32,
    LK_DTYPE_U64,
    LK_DTYPE_I64,
    LK_DTYPE_F16,
    LK_DTYPE_BF16,
    LK_DTYPE_F32,
    LK_DTYPE_F64
} lk_dtype;

/* "F32"; never NULL. */
const char *lk_dtype_name(lk_dtype dtype);
size_t lk_dtype_bytes(lk_dtype dtype);

typedef struct {
    const char *name;
    lk_dtype dtype;
    size_t rank;
    uint64_t shape[LK_TENSOR_RANK_MAX];
    const void *data; /* [shape[0]][shape[1]]..., row-major, little-endian; where read
                         from a file, on an 8-byte boundary                  */
    size_t bytes;
} lk_tensor;

typedef struct {
    const char *key, *value;
} lk_entry;

/* The content of a file.  What lk_safetensors_read fills owns everything it points
 * to; what a caller fills for lk_safetensors_write is only looked at. */
typedef struct {
    size_t tensors, entries;
    lk_tensor *tensor;
    lk_entry *entry; /* of __metadata__ */
    void *owned;     /* the reader's; NULL in a caller's own */
} lk_safetensors;

/* Reads a whole file into memory and checks it.  Tensors come in the order of their bytes.
 *
 * Ownership  *out is the caller's; end it with lk_safetensors_release
 * Errors     LK_E_IO, LK_E_MEMORY; LK_E_FORMAT naming the place; LK_E_MISMATCH naming
 *            the tensor ("header" for the header) whose digest is another
 * Source     [1]
 */
lk_status lk_safetensors_read(const char *path, lk_safetensors *out, lk_error *err);

/* Frees what lk_safetensors_read allocated and zeroes *file; {0} is fine. */
void lk_safetensors_release(lk_safetensors *file);

/* The tensor, or the metadata value, of that name; NULL where there is none. */
const lk_tensor *lk_safetensors_find(const lk_safetensors *file, const char *name);
const char *lk_safetensors_entry(const lk_safetensors *file, const char *key);

typedef enum {
    LK_WRITE_PLAIN = 0,
    LK_WRITE_DIGESTS = 1,      /* add the `xxh3` entry                       */
    LK_WRITE_KEEP_PREVIOUS = 2 /* rename an old file to PATH.prev beforehand */
} lk_write_flags;

/* Writes a file atomically (largek's base/file.h: temp file, fsync, rename, fsync of the
 * folder): whoever reads `path` sees the old file or the new one, never a part.
 *
 * Tensors are stored in the order given, 8-byte aligned by the header's padding and by
 * their own sizes only (the format has no gaps), so put the widest dtypes first.
 *
 * An entry `xxh3` among `file`'s own is left out: digests are made anew, or not at all.
 *
 * Errors  LK_E_ARG for a name twice, a tensor named "" or "__metadata__", a name or value
 *         that is not UTF-8, a header above 100 MB, or bytes that are not shape x dtype;
 *         LK_E_IO; LK_E_MEMORY
 */
lk_status lk_safetensors_write(const char *path, const lk_safetensors *file,
                               unsigned flags, lk_error *err);

/* Converts a tensor of F16, BF16, F32 or F64 to `out`, one float an element; F64 is
 * rounded to nearest.
 *
 * Shapes  out [product of tensor->shape]
 * Errors  LK_E_FORMAT for another dtype, and for a NaN or an infinity (before or after
 *         rounding), with its place: "m.safetensors: decoder.0.weight[17] is NaN".
 *         `path` serves these texts only
 */
lk_status lk_tensor_floats(const lk_tensor *tensor, const char *path, float *out,
                           lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_SAFETENSORS_H */
