/* plugin.c - plugins for test_registry.c and cli/gpu.sh, one a build: a sound one whose
 * device is absent or busy, one that is lost during a run, one of another ABI, and one
 * without the entry point. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "largek/backend.h"

#if defined(PLUGIN_SOUND)

const lk_backend *lk_plugin_backend(uint32_t abi);

/* No device, or with LARGEK_TEST_DEVICES one that cannot be opened: it is busy, or by the
 * value "full" has no memory left. */
static size_t device_count(const char **reason)
{
    *reason = "this is a test";
    return getenv("LARGEK_TEST_DEVICES") != NULL;
}

static lk_status open_busy(size_t ordinal, const lk_workload *workload,
                           const lk_device_options *options, lk_device **out,
                           lk_error *err)
{
    static const lk_error busy = {LK_E_DEVICE, "", "this one is busy"};
    static const lk_error full = {
        LK_E_MEMORY, "", "cuda:0 Test: GPU memory: 4096 bytes wanted, 12 free"};
    const char *how = getenv("LARGEK_TEST_DEVICES");
    const lk_error *why = how != NULL && strcmp(how, "full") == 0 ? &full : &busy;

    (void)ordinal, (void)workload, (void)options, (void)out;
    if (err != NULL) *err = *why;
    return why->status;
}

const lk_backend *lk_plugin_backend(uint32_t abi)
{
    static const lk_backend table = {.abi = LK_BACKEND_ABI,
                                     .name = "cuda",
                                     .device_count = device_count,
                                     .open = open_busy};

    return abi == LK_BACKEND_ABI ? &table : NULL;
}

#elif defined(PLUGIN_FAULTY)

/* The cpu under another name, found in the program that loads this, but the third run of a
 * process loses the device. */
const lk_backend *lk_plugin_backend(uint32_t abi);

static lk_status (*cpu_run)(lk_device *device, const lk_unit *unit, size_t units,
                            lk_tally *tally, lk_run_notes *notes, lk_error *err);

static lk_status run_thrice(lk_device *device, const lk_unit *unit, size_t units,
                            lk_tally *tally, lk_run_notes *notes, lk_error *err)
{
    static int runs;

    if (++runs < 3) return cpu_run(device, unit, units, tally, notes, err);
    if (err != NULL) {
        *err = (lk_error){.status = LK_E_DEVICE,
                          .where = "",
                          .text = "cuda:0 Test: an illegal memory access"};
    }
    return LK_E_DEVICE;
}

const lk_backend *lk_plugin_backend(uint32_t abi)
{
    static lk_backend table;
    const lk_backend *cpu = NULL;

    if (abi != LK_BACKEND_ABI || lk_backend_find("cpu", &cpu, NULL) != LK_OK) {
        return NULL;
    }
    table = *cpu;
    cpu_run = cpu->run;
    table.name = "cuda";
    table.run = run_thrice;
    return &table;
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
