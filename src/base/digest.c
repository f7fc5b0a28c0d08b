/* digest.c - XXH3 digests as hex. */
#include "base/digest.h"

#include <inttypes.h>
#include <stdio.h>

#include <xxhash.h>

void lk_digest64(const void *data, size_t bytes, char out[LK_DIGEST64_CHARS + 1])
{
    snprintf(out, LK_DIGEST64_CHARS + 1, "%016" PRIx64,
             (uint64_t)XXH3_64bits(bytes > 0 ? data : "", bytes));
}

lk_status lk_digest_start(lk_digest *digest, lk_error *err)
{
    XXH3_state_t *state = XXH3_createState();

    if (state == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a digest");
    XXH3_128bits_reset(state);
    digest->state = state;
    return LK_OK;
}

void lk_digest_add(lk_digest *digest, const void *data, size_t bytes)
{
    if (bytes > 0) XXH3_128bits_update((XXH3_state_t *)digest->state, data, bytes);
}

void lk_digest_add_u64(lk_digest *digest, uint64_t value)
{
    uint8_t little[8];

    for (size_t i = 0; i < sizeof little; i++) little[i] = (uint8_t)(value >> 8 * i);
    lk_digest_add(digest, little, sizeof little);
}

void lk_digest_finish(lk_digest *digest, char out[LK_DIGEST128_CHARS + 1])
{
    const XXH128_hash_t hash = XXH3_128bits_digest((XXH3_state_t *)digest->state);

    snprintf(out, LK_DIGEST128_CHARS + 1, "%016" PRIx64 "%016" PRIx64,
             (uint64_t)hash.high64, (uint64_t)hash.low64);
    lk_digest_abandon(digest);
}

void lk_digest_abandon(lk_digest *digest)
{
    XXH3_freeState((XXH3_state_t *)digest->state); /* NULL is fine */
    digest->state = NULL;
}
