/* test_cuda_faults.c - GPUs that are absent, busy, strange, wrong or lost, on the emulated
 * device: each is told with its name and a remedy, and nothing is counted. */
#include <stdlib.h>
#include <string.h>

#include <cuda_runtime_api.h>

#include "emulator/device.h"

static const lk_device_options options = {.precision = "fp16", .tile = 256};

static void absence_has_its_reason(void **state)
{
    static const struct {
        int status;
        const char *words;
    } absences[] = {
        {cudaErrorInsufficientDriver, "update the driver"},
        {cudaErrorNoDevice, "CUDA_VISIBLE_DEVICES"},
        {cudaErrorSystemDriverMismatch, "different versions"},
        {cudaErrorSystemNotReady, "fabric manager"},
        {cudaErrorUnknown, "an emulated error"},
    };
    lk_device *device = NULL;
    lk_error err = {0};
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 1);
    for (size_t i = 0; i < sizeof absences / sizeof absences[0]; i++) {
        const char *reason = NULL;

        lk_emulated_absence = absences[i].status;
        assert_int_equal(cuda()->device_count(&reason), 0);
        assert_non_null(strstr(reason, absences[i].words));
        assert_int_equal(cuda()->open(0, &toy.job.work, &options, &device, &err),
                         LK_E_MISSING);
    }
    lk_emulated_absence = 0;
    lk_toy_release(&toy);
}

/* A device that is busy, or that the plugin has no code for, at its first piece of work. */
static void what_cannot_be_used_has_a_remedy(void **state)
{
    static const struct {
        int fault;
        const char *words;
    } faults[] = {
        {cudaErrorDevicesUnavailable, "another process"},
        {cudaErrorNoKernelImageForDevice, "LARGEK_CUDA_ARCHITECTURES"},
        {cudaErrorUnsupportedPtxVersion, "update the NVIDIA driver"},
        {cudaErrorECCUncorrectable, "from the last checkpoint"},
    };
    lk_device *device = NULL;
    lk_error err = {0};
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 1);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        lk_emulated_fail_after(1, faults[i].fault);
        assert_int_equal(cuda()->open(0, &toy.job.work, &options, &device, &err),
                         LK_E_DEVICE);
        assert_non_null(strstr(err.text, faults[i].words));
        assert_non_null(strstr(err.text, "cuda:0 emulated"));
    }
    lk_emulated_fail_after(0, 0);
    lk_toy_release(&toy);
}

/* The N-th piece of work loses the context, N = 1, 2, 3...: opening or running says so and
 * names the device, closing works, and the next device is sound. */
static void a_lost_device_is_named_wherever_it_is_lost(void **state)
{
    const lk_unit unit[] = {{0, 0, 1300}, {1, 0, 500}};
    const double band[2] = {1e-3, 1e-3};
    bool opened_once = false;
    unsigned n = 1;
    lk_status st = LK_E_DEVICE;
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 2);
    for (; st != LK_OK; n++) {
        double violation[2] = {0};
        lk_run_notes notes = {.violation = violation};
        lk_device *device = NULL;
        lk_tally tally = {0};
        lk_error err = {0};

        assert_true(n < 2000);
        assert_int_equal(lk_tally_init(&tally, 2, toy.spec.thresholds, NULL), LK_OK);
        lk_emulated_fail_after(n, cudaErrorIllegalAddress);
        st = cuda()->open(0, &toy.job.work, &options, &device, &err);
        if (st == LK_OK) {
            opened_once = true;
            st = cuda()->set_guard(device, band, &err);
        }
        if (st == LK_OK) st = cuda()->run(device, unit, 2, &tally, &notes, &err);
        if (st != LK_OK) {
            assert_int_equal(st, LK_E_DEVICE);
            assert_non_null(strstr(err.text, "cuda:0 emulated"));
        }
        cuda()->close(device);
        assert_int_equal(lk_emulated_blocks(), 0);
        lk_tally_release(&tally);
    }
    lk_emulated_fail_after(0, 0);
    assert_true(opened_once && n > 50);
    lk_toy_release(&toy);
}

/* Memory of every size opens a device, of smaller chunks at need, or says what lacks; and
 * nothing of either stays behind.  Both paths, and the trial of auto. */
static void memory_of_any_size_is_enough_or_told(void **state)
{
    static const lk_device_options ways[] = {
        {.precision = "fp16"}, {.precision = "auto"}, {.path = "library"}};
    size_t opened = 0, refused = 0;
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 2);
    for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++) {
        for (size_t mb = 0; mb < 76; mb += 15) {
            lk_device *device = NULL;
            lk_error err = {0};

            lk_emulated_memory = (mb << 20) + 1000 * mb;
            if (cuda()->open(0, &toy.job.work, &ways[w], &device, &err) == LK_OK) {
                opened++;
            } else {
                refused++;
                assert_int_equal(err.status, LK_E_MEMORY);
                assert_non_null(strstr(err.text, "bytes wanted"));
            }
            cuda()->close(device);
            assert_int_equal(lk_emulated_blocks(), 0);
        }
    }
    lk_emulated_memory = SIZE_MAX;
    assert_true(opened > 3 && refused > 3);
    lk_toy_release(&toy);
}

/* Known answers at the start: one wrong bit, and the device counts nothing. */
static void wrong_arithmetic_is_refused(void **state)
{
    lk_device *device = NULL;
    lk_error err = {0};
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 1);
    lk_emulated_wrong = 1;
    assert_int_equal(cuda()->open(0, &toy.job.work, &options, &device, &err),
                     LK_E_DEVICE);
    lk_emulated_wrong = 0;
    assert_non_null(strstr(err.text, "cuda:0 emulated: it computes wrongly"));
    cuda()->close(open_device(&toy, &options));
    lk_toy_release(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absence_has_its_reason),
        cmocka_unit_test(what_cannot_be_used_has_a_remedy),
        cmocka_unit_test(a_lost_device_is_named_wherever_it_is_lost),
        cmocka_unit_test(memory_of_any_size_is_enough_or_told),
        cmocka_unit_test(wrong_arithmetic_is_refused),
    };
    return cmocka_run_group_tests_name("cuda faults", tests, NULL, NULL);
}
