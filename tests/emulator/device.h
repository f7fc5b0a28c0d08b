/* device.h - the plugin on the emulated device, as the tests of it open and run it. */
#ifndef LK_TESTS_EMULATOR_DEVICE_H
#define LK_TESTS_EMULATOR_DEVICE_H

#include "emulator/knobs.h"
#include "support/check.h"
#include "support/toy.h"

const lk_backend *lk_plugin_backend(uint32_t abi);

static inline const lk_backend *cuda(void)
{
    const lk_backend *backend = lk_plugin_backend(LK_BACKEND_ABI);

    assert_non_null(backend);
    return backend;
}

static inline lk_device *open_device(const lk_toy *toy,
                                     const lk_device_options *options)
{
    lk_device *device = NULL;
    lk_error err = {0};

    if (cuda()->open(0, &toy->job.work, options, &device, &err) != LK_OK) {
        print_error("%s\n", err.text);
        fail();
    }
    return device;
}

/* Attempts 0 .. draws - 1 of every problem, by lk_run. */
static inline void run_on(const lk_toy *toy, const lk_device_options *options,
                          uint64_t draws, lk_result *out)
{
    const lk_run_options run = {.draws = draws};
    lk_device *device = open_device(toy, options);
    lk_error err = {0};

    assert_int_equal(lk_result_init(out, &toy->spec, toy->problems.index, NULL), LK_OK);
    if (lk_run(cuda(), device, &toy->job, &run, out, &err) != LK_OK) {
        print_error("%s\n", err.text);
        fail();
    }
    cuda()->close(device);
}

#endif /* LK_TESTS_EMULATOR_DEVICE_H */
