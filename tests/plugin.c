/* plugin.c - plugins for test_registry.c, one a build: a sound one that is the cpu under
 * another name, one of another ABI, and one without the entry point. */
#include <stddef.h>

#include "largek/backend.h"

#if defined(PLUGIN_SOUND)

const lk_backend *lk_plugin_backend(uint32_t abi);

static size_t no_devices(const char **reason)
{
    *reason = "this is a test";
    return 0;
}

const lk_backend *lk_plugin_backend(uint32_t abi)
{
    static const lk_backend table = {
        .abi = LK_BACKEND_ABI, .name = "cuda", .device_count = no_devices};

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
