/* digest.h - XXH3 digests, as the lower-case hex that files carry. */
#ifndef LK_BASE_DIGEST_H
#define LK_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "largek/status.h"

enum { LK_DIGEST64_CHARS = 16, LK_DIGEST128_CHARS = 32 };

/* XXH3-64 of a block of memory, 16 hex characters and a NUL. */
void lk_digest64(const void *data, size_t bytes, char out[LK_DIGEST64_CHARS + 1]);

/* XXH3-128 of several blocks, one after the other. */
typedef struct {
    void *state;
} lk_digest;

/* Errors  LK_E_MEMORY */
lk_status lk_digest_start(lk_digest *digest, lk_error *err);
void lk_digest_add(lk_digest *digest, const void *data, size_t bytes);
void lk_digest_add_u64(lk_digest *digest,
                       uint64_t value); /* as 8 bytes, little-endian */

/* Writes 32 hex characters and a NUL, and ends the digest. */
void lk_digest_finish(lk_digest *digest, char out[LK_DIGEST128_CHARS + 1]);

/* Ends a digest without its value; {0} is fine. */
void lk_digest_abandon(lk_digest *digest);

#endif /* LK_BASE_DIGEST_H */
