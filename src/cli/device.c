/* device.c - which devices a run takes. */
#include "cli/device.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/number.h"

static lk_status add_device(lk_device_choice *choice, size_t ordinal, lk_error *err)
{
    if (choice->count == LK_DEVICES_MAX) {
        return LK_FAIL(err, LK_E_ARG, "--device: more than %d devices", LK_DEVICES_MAX);
    }
    choice->ordinal[choice->count++] = ordinal;
    return LK_OK;
}

/* "0,1" */
static lk_status parse_devices(lk_device_choice *choice, const char *list,
                               lk_error *err)
{
    char *text = strdup(list), *next = NULL;
    lk_status st = LK_OK;

    if (text == NULL) return LK_FAIL(err, LK_E_MEMORY, "a list of devices");
    for (char *item = text; item != NULL; item = next) {
        uint64_t ordinal = 0;
        lk_error why = {0};

        next = strchr(item, ',');
        if (next != NULL) *next++ = '\0';
        st = lk_parse_count(item, UINT32_MAX, &ordinal, &why);
        if (st != LK_OK) {
            st = LK_FAIL(err, st, "--device: %.400s", why.text);
            goto out;
        }
        LK_TRY(add_device(choice, (size_t)ordinal, err));
    }

out:
    free(text);
    return st;
}

/* "0,1" or "all". */
static lk_status choose_cuda(const char *list, lk_device_choice *out, lk_error *err)
{
    const bool all = strcmp(list, "all") == 0;
    lk_device_choice choice = {0};
    const char *reason = "";
    size_t there;
    lk_status st = LK_OK;

    if (!all) LK_TRY(parse_devices(&choice, list, err));
    LK_TRY(lk_backend_find("cuda", &choice.backend, err));
    there = choice.backend->device_count(&reason);
    if (there == 0) return LK_FAIL(err, LK_E_MISSING, "no CUDA device: %s", reason);
    for (size_t d = 0; all && d < there; d++) LK_TRY(add_device(&choice, d, err));
    for (size_t i = 0; i < choice.count; i++) {
        if (choice.ordinal[i] < there) continue;
        return LK_FAIL(err, LK_E_MISSING, "cuda:%zu: the last device is cuda:%zu",
                       choice.ordinal[i], there - 1);
    }
    *out = choice;

out:
    return st;
}

static lk_status choose_cpu(lk_device_choice *out, lk_error *err)
{
    *out = (lk_device_choice){.count = 1};
    return lk_backend_find("cpu", &out->backend, err);
}

/* Where no plugin is installed nobody expects a GPU; one that is there and cannot be used
 * is told. */
static lk_status choose_auto(const char *list, lk_device_choice *out, lk_error *err)
{
    const lk_backend *cuda = NULL;
    lk_error no_cuda = {0};
    bool installed;

    if (choose_cuda(list, out, &no_cuda) == LK_OK) return LK_OK;
    installed = lk_backend_find("cuda", &cuda, NULL) != LK_E_MISSING;

    const lk_status st = choose_cpu(out, err);

    if (installed) snprintf(out->fallback, sizeof out->fallback, "%s", no_cuda.text);
    return st;
}

static lk_status choose(const char *name, const char *list, lk_device_choice *out,
                        lk_error *err)
{
    if (strcmp(name, "auto") == 0) return choose_auto(list, out, err);
    if (strcmp(name, "cpu") == 0) return choose_cpu(out, err);
    if (strcmp(name, "cuda") == 0) return choose_cuda(list, out, err);
    if (strncmp(name, "cuda:", 5) == 0) return choose_cuda(name + 5, out, err);
    return LK_FAIL(
        err, LK_E_ARG,
        "--device: '%s' is none of auto, cpu, cuda, cuda:N, cuda:0,1, cuda:all", name);
}

lk_status lk_device_choose(const char *name, lk_device_choice *out, lk_error *err)
{
    return choose(name, "0", out, err);
}

void lk_device_share(lk_device_choice *choice, size_t rank, size_t ranks)
{
    size_t own = 0;

    if (ranks > choice->count) { /* some have the same one */
        choice->ordinal[0] = choice->ordinal[rank % choice->count];
        choice->count = 1;
        return;
    }
    for (size_t i = rank; i < choice->count; i += ranks) {
        choice->ordinal[own++] = choice->ordinal[i];
    }
    choice->count = own;
}

lk_status lk_device_choose_one_of(const char *name, size_t rank, size_t ranks,
                                  lk_device_choice *out, lk_error *err)
{
    const bool one = strchr(name, ':') == NULL;
    const lk_status st = choose(name, "all", out, err);

    if (st != LK_OK || strcmp(out->backend->name, "cpu") == 0) return st;
    lk_device_share(out, rank, ranks);
    if (one) out->count = 1;
    return LK_OK;
}
