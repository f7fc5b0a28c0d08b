/* device.c - which device a run takes. */
#include "cli/device.h"

#include <stdio.h>
#include <string.h>

#include "cli/number.h"

static lk_status choose_cuda(size_t ordinal, lk_device_choice *out, lk_error *err)
{
    const lk_backend *backend = NULL;
    const char *reason = "";
    size_t count;
    lk_status st = lk_backend_find("cuda", &backend, err);

    if (st != LK_OK) return st;
    count = backend->device_count(&reason);
    if (count == 0) return LK_FAIL(err, LK_E_MISSING, "no CUDA device: %s", reason);
    if (ordinal >= count) {
        return LK_FAIL(err, LK_E_MISSING, "cuda:%zu: there are %zu devices", ordinal,
                       count);
    }
    *out = (lk_device_choice){.backend = backend, .ordinal = ordinal};
    return LK_OK;
}

static lk_status choose_auto(lk_device_choice *out, lk_error *err)
{
    const lk_backend *cuda = NULL;
    lk_error no_cuda = {0};

    if (choose_cuda(0, out, &no_cuda) == LK_OK) return LK_OK;

    const lk_status st = lk_backend_find("cpu", &out->backend, err);

    out->ordinal = 0;
    out->fallback[0] = '\0';
    if (lk_backend_find("cuda", &cuda, NULL) == LK_OK) {
        snprintf(out->fallback, sizeof out->fallback, "%s", no_cuda.text);
    }
    return st;
}

lk_status lk_device_choose(const char *name, lk_device_choice *out, lk_error *err)
{
    uint64_t ordinal = 0;
    lk_error why = {0};
    lk_status st = LK_OK;

    if (strcmp(name, "auto") == 0) return choose_auto(out, err);
    if (strcmp(name, "cpu") == 0) {
        *out = (lk_device_choice){0};
        return lk_backend_find("cpu", &out->backend, err);
    }
    if (strcmp(name, "cuda") == 0) return choose_cuda(0, out, err);
    if (strncmp(name, "cuda:", 5) != 0) {
        return LK_FAIL(err, LK_E_ARG,
                       "--device: '%s' is none of auto, cpu, cuda, cuda:N", name);
    }
    st = lk_parse_count(name + 5, UINT32_MAX, &ordinal, &why);
    if (st != LK_OK) return LK_FAIL(err, st, "--device: %.400s", why.text);
    return choose_cuda((size_t)ordinal, out, err);
}
