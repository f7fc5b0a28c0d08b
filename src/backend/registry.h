/* registry.h - the backends that are compiled in. */
#ifndef LK_BACKEND_REGISTRY_H
#define LK_BACKEND_REGISTRY_H

#include "largek/backend.h"

extern const lk_backend lk_backend_cpu;

#endif /* LK_BACKEND_REGISTRY_H */
