/* device.h - `--device auto|cpu|cuda|cuda:N` as a backend and an ordinal. */
#ifndef LK_CLI_DEVICE_H
#define LK_CLI_DEVICE_H

#include <stdbool.h>

#include "largek/backend.h"

typedef struct {
    const lk_backend *backend;
    size_t ordinal;
    char
        fallback[512]; /* why `auto` took the cpu although a plugin is there; else "" */
} lk_device_choice;

/* auto takes the first CUDA device where plugin and device answer, else the cpu; cuda
 * never falls back.
 * Errors  LK_E_ARG for another name, LK_E_MISSING with the reason */
lk_status lk_device_choose(const char *name, lk_device_choice *out, lk_error *err);

#endif /* LK_CLI_DEVICE_H */
