/* registry.c - backends by name: those compiled in, and plugins. */
#include "backend/registry.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

static const lk_backend *const compiled_in[] = {&lk_backend_cpu};

/* Backends that exist as plugins.  Only these names are looked for on disk. */
static const char *const plugins[] = {"cuda"};

/* The folder of the running program, without a slash at its end; "" where unknown. */
static void program_folder(char *out, size_t bytes)
{
    const ssize_t length = readlink("/proc/self/exe", out, bytes - 1);
    char *slash;

    out[length > 0 ? length : 0] = '\0';
    slash = strrchr(out, '/');
    if (slash != NULL) *slash = '\0';
}

/* The first place where the plugin lies, in `out`; false where it lies nowhere. */
static int find_plugin(const char *name, char *out, size_t bytes)
{
    const char *folder = getenv("LARGEK_PLUGIN_DIR");
    char program[PATH_BYTES];

    if (folder != NULL && folder[0] != '\0') {
        snprintf(out, bytes, "%s/largek-%s.so", folder, name);
        return access(out, F_OK) == 0;
    }
    program_folder(program, sizeof program);
    snprintf(out, bytes, "%.2048s/largek-%s.so", program, name);
    if (access(out, F_OK) == 0) return 1;
    snprintf(out, bytes, "%.2048s/../lib/largek/largek-%s.so", program, name);
    return access(out, F_OK) == 0;
}

/* Loads a plugin for good: its table must outlive every device it opens. */
static lk_status load_plugin(const char *name, const lk_backend **out, lk_error *err)
{
    char path[PATH_BYTES];
    void *library;
    void *symbol;
    lk_plugin_entry entry;

    if (!find_plugin(name, path, sizeof path)) {
        return LK_FAIL(
            err, LK_E_MISSING,
            "no plugin largek-%s.so beside the program, in ../lib/largek or in "
            "LARGEK_PLUGIN_DIR",
            name);
    }
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return LK_FAIL(err, LK_E_DEVICE, "%s", dlerror());

    symbol = dlsym(library, LK_PLUGIN_SYMBOL);
    if (symbol == NULL) {
        dlclose(library);
        return LK_FAIL(err, LK_E_DEVICE, "%s: no largek plugin (no %s)", path,
                       LK_PLUGIN_SYMBOL);
    }
    memcpy(&entry, &symbol,
           sizeof entry); /* ISO C has no cast from object to function */

    const lk_backend *backend = entry(LK_BACKEND_ABI);

    if (backend == NULL || backend->abi != LK_BACKEND_ABI) {
        dlclose(library);
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
