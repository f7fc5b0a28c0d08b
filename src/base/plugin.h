/* plugin.h - shared objects largek-NAME.so that the program opens at run time. */
#ifndef LK_BASE_PLUGIN_H
#define LK_BASE_PLUGIN_H

#include <stddef.h>

#include "largek/status.h"

enum { LK_PLUGIN_PATH_BYTES = 4096 };

/* Opens a plugin and finds its entry point.  It is looked for in the folder that the
 * environment's LARGEK_PLUGIN_DIR names, and there alone; without that beside the program
 * and in ../lib/largek.  It stays open for good: what it hands out must outlive all users.
 *
 * path    (filled) where it lies, for messages
 * *entry  the symbol's address: ISO C has no cast from object to function, copy it
 * Errors  LK_E_MISSING where it lies nowhere; LK_E_DEVICE for one that does not load or has
 *         no such symbol */
lk_status lk_plugin_open(const char *name, const char *symbol,
                         char path[LK_PLUGIN_PATH_BYTES], void **entry, lk_error *err);

#endif /* LK_BASE_PLUGIN_H */
