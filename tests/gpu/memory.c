/* memory.c - checks of what happens where a GPU has little memory left. */
#include <string.h>

#include "check.h"
#include "hoard.h"

/* What a device of that tile takes. */
static lk_status device_bytes(lk_check *c, size_t tile, size_t *bytes, lk_error *err)
{
    const lk_device_options options = cuda_options(c, tile);
    const size_t before = hoard_free_bytes();
    lk_rig rig = {0};
    lk_status st = LK_OK;

    LK_TRY(rig_open(&rig, c->cuda, &c->fixture->work, &options, err));
    *bytes = before - hoard_free_bytes();

out:
    rig_close(&rig);
    return st;
}

lk_status little_memory_makes_small_chunks(lk_check *c, lk_error *err)
{
    const lk_device_options options = cuda_options(c, 65536);
    lk_hoard hoard = {0};
    lk_device *device = NULL;
    size_t least = 0, most = 0;
    lk_status st = LK_OK;

    LK_TRY(device_bytes(c, 256, &least, err)); /* twice: kernels are loaded but once */
    LK_TRY(device_bytes(c, 256, &least, err));
    LK_TRY(device_bytes(c, 65536, &most, err));
    LK_TRY(device_bytes(c, 65536, &most, err));
    if (!hoard_take(&hoard, least + (most - least) / 2)) {
        st = LK_FAIL(err, LK_E_MEMORY, "the check could not take the GPU's memory");
        goto out;
    }
    LK_TRY(count_at(c, &c->fixture->work, 65536, 0, c->reference->draws[0],
                    &c->reference->tally[0], err));
    if (strstr(c->note, "chunk 65536") != NULL) {
        st = LK_FAIL(err, LK_E_MISMATCH, "the chunk did not shrink: %s", c->note);
        goto out;
    }
    hoard_release(&hoard);
    hoard_take(&hoard, least / 4);
    if (c->cuda->open(0, &c->fixture->work, &options, &device, err) != LK_E_MEMORY) {
        c->cuda->close(device);
        st = LK_FAIL(err, LK_E_MISMATCH, "no memory at all, and it is not said so");
        goto out;
    }
    hoard_release(&hoard);
    LK_TRY(few_draws_count_alike(c, err)); /* and it recovers */
    note(c, "%zu MB asked for, %zu left; then none; then all", most >> 20,
         (least + (most - least) / 2) >> 20);

out:
    hoard_release(&hoard);
    return st;
}
