/* plugin.c - finds and opens plugins. */
#include "base/plugin.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
static bool find_plugin(const char *name, char *out, size_t bytes)
{
    const char *folder = getenv("LARGEK_PLUGIN_DIR");
    char program[LK_PLUGIN_PATH_BYTES];

    if (folder != NULL && folder[0] != '\0') {
        snprintf(out, bytes, "%s/largek-%s.so", folder, name);
        return access(out, F_OK) == 0;
    }
    program_folder(program, sizeof program);
    snprintf(out, bytes, "%.2048s/largek-%s.so", program, name);
    if (access(out, F_OK) == 0) return true;
    snprintf(out, bytes, "%.2048s/../lib/largek/largek-%s.so", program, name);
    return access(out, F_OK) == 0;
}

lk_status lk_plugin_open(const char *name, const char *symbol,
                         char path[LK_PLUGIN_PATH_BYTES], void **entry, lk_error *err)
{
    void *library;

    if (!find_plugin(name, path, LK_PLUGIN_PATH_BYTES)) {
        return LK_FAIL(
            err, LK_E_MISSING,
            "no plugin largek-%s.so beside the program, in ../lib/largek or in "
            "LARGEK_PLUGIN_DIR",
            name);
    }
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return LK_FAIL(err, LK_E_DEVICE, "%s", dlerror());

    *entry = dlsym(library, symbol);
    if (*entry == NULL) {
        dlclose(library);
        return LK_FAIL(err, LK_E_DEVICE, "%s: no largek plugin (no %s)", path, symbol);
    }
    return LK_OK;
}
