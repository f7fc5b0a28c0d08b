/* digest_none.c - what src/model/mlp.c asks of base/digest.h, without xxHash: nothing here
 * takes a digest. */
#include "base/digest.h"

lk_status lk_digest_start(lk_digest *digest, lk_error *err)
{
    (void)digest;
    return LK_FAIL(err, LK_E_MISSING, "built without digests");
}

void lk_digest_add(lk_digest *digest, const void *data, size_t bytes)
{
    (void)digest, (void)data, (void)bytes;
}

void lk_digest_add_u64(lk_digest *digest, uint64_t value)
{
    (void)digest, (void)value;
}

void lk_digest_finish(lk_digest *digest, char out[LK_DIGEST128_CHARS + 1])
{
    (void)digest;
    out[0] = '\0';
}

void lk_digest_abandon(lk_digest *digest)
{
    (void)digest;
}
