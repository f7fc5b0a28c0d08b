/* device.h - `--device auto|cpu|cuda|cuda:0,1|cuda:all` as a backend and its devices. */
#ifndef LK_CLI_DEVICE_H
#define LK_CLI_DEVICE_H

#include "largek/backend.h"

enum { LK_DEVICES_MAX = 64 };

typedef struct {
    const lk_backend *backend;
    size_t count, ordinal[LK_DEVICES_MAX];
    char
        fallback[512]; /* why `auto` took the cpu although a plugin is there; else "" */
} lk_device_choice;

/* auto takes the first CUDA device where plugin and device answer, else the cpu; cuda
 * never falls back.
 * Errors  LK_E_ARG for another name, LK_E_MISSING with the reason */
lk_status lk_device_choose(const char *name, lk_device_choice *out, lk_error *err);

/* Deals the devices of a choice out to the processes on a host, in turn, and keeps those
 * of one; where there are too few, some processes have the same. */
void lk_device_share(lk_device_choice *choice, size_t rank, size_t ranks);

/* What one of several processes on a host takes: auto and cuda are one CUDA device each,
 * lists and cuda:all are dealt out.
 * Errors  as lk_device_choose */
lk_status lk_device_choose_one_of(const char *name, size_t rank, size_t ranks,
                                  lk_device_choice *out, lk_error *err);

#endif /* LK_CLI_DEVICE_H */
