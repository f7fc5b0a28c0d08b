/* plugin.c - plugins for test_registry.c, one a build: a sound one that is the cpu under
 * another name, one of another ABI, and one without the entry point. */
#include <stddef.h>
#include <stdlib.h>

#include "largek/backend.h"

#if defined(PLUGIN_SOUND)

const lk_backend *lk_plugin_backend(uint32_t abi);

/* No device, or with LARGEK_TEST_DEVICES one that cannot be opened. */
static size_t device_count(const char **reason)
{
    *reason = "this is a test";
    return getenv("LARGEK_TEST_DEVICES") != NULL;
}

static lk_status open_busy(size_t ordinal, const lk_workload *workload,
                           const lk_device_options *options, lk_device **out,
                           lk_error *err)
{
    (void)ordinal, (void)workload, (void)options, (void)out;
    if (err != NULL) {
        *err =
            (lk_error){.status = LK_E_DEVICE, .where = "", .text = "this one is busy"};
    }
    return LK_E_DEVICE;
}

const lk_backend *lk_plugin_backend(uint32_t abi)
{
    static const lk_backend table = {.abi = LK_BACKEND_ABI,
                                     .name = "cuda",
                                     .device_count = device_count,
                                     .open = open_busy};

    return abi == LK_BACKEND_ABI ? &table : NULL;
}

#elif defined(PLUGIN_FOREIGN)

const lk_backend *lk_plugin_backend(uint32_t abi);

const lk_backend *lk_plugin_backend(uint32_t abi)
{
    (void)abi;
    return NULL;
}

#else

extern const int largek_is_not_here;
const int largek_is_not_here = 1;

#endif
