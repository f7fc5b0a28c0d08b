/* registry.c - backends by name: those compiled in, and plugins. */
#include "backend/registry.h"

#include <string.h>

#include "base/plugin.h"

static const lk_backend *const compiled_in[] = {&lk_backend_cpu};

/* Backends that exist as plugins.  Only these names are looked for on disk. */
static const char *const plugins[] = {"cuda"};

static lk_status load_plugin(const char *name, const lk_backend **out, lk_error *err)
{
    char path[LK_PLUGIN_PATH_BYTES];
    void *symbol = NULL;
    lk_plugin_entry entry;
    const lk_status st = lk_plugin_open(name, LK_PLUGIN_SYMBOL, path, &symbol, err);

    if (st != LK_OK) return st;
    memcpy(&entry, &symbol, sizeof entry);

    const lk_backend *backend = entry(LK_BACKEND_ABI);

    if (backend == NULL || backend->abi != LK_BACKEND_ABI) {
        return LK_FAIL(err, LK_E_DEVICE,
                       "%s: made for another version of largek (this one speaks plugin "
                       "ABI %u)",
                       path, LK_BACKEND_ABI);
    }
    *out = backend;
    return LK_OK;
}

lk_status lk_backend_find(const char *name, const lk_backend **out, lk_error *err)
{
    for (size_t i = 0; i < sizeof compiled_in / sizeof compiled_in[0]; i++) {
        if (strcmp(compiled_in[i]->name, name) == 0) {
            *out = compiled_in[i];
            return LK_OK;
        }
    }
    for (size_t i = 0; i < sizeof plugins / sizeof plugins[0]; i++) {
        if (strcmp(plugins[i], name) == 0) return load_plugin(name, out, err);
    }
    return LK_FAIL(err, LK_E_MISSING, "no backend '%s': there are cpu and cuda", name);
}
