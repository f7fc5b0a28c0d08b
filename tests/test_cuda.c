/* test_cuda.c - the CUDA plugin on an emulated device (tests/emulator): its kernels and its
 * host code count what the CPU counts, draw for draw.
 *
 * No GPU is needed and none is used: this shows indices, counts, queues and logic, not
 * races, speed or the arithmetic of a real GPU; scripts/gpu_check.sh is for those.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "emulator/device.h"
#include "sift.h"
#include "weights.h"

enum { DRAWS = 2300 };

static const char *const precisions[] = {"fp32", "tf32", "fp16", "fp16x3"};

/* Every precision, chunks of one and of several problems, chunks that cut units. */
static void counts_are_those_of_the_cpu(void **state)
{
    const size_t tiles[] = {256, 1024};
    const lk_device_options cpu = {.threads = 2};
    lk_result want = {0};
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 3);
    lk_toy_hard_thresholds(&toy);
    lk_toy_run(&toy, &cpu, DRAWS, &want);
    for (size_t i = 0; i < 8; i++) {
        const lk_device_options options = {.precision = precisions[i / 2],
                                           .tile = tiles[i % 2]};
        lk_result got = {0};

        run_on(&toy, &options, DRAWS, &got);
        assert_true(lk_tally_equal(&got.tally, &want.tally));
        assert_true(got.redecided > 0 && got.redecided < 3 * DRAWS);
        assert_int_equal(got.violations, 0);
        lk_result_release(&got);
    }
    lk_result_release(&want);
    lk_toy_release(&toy);
}

/* Decoders of any depth and activation. */
static void any_decoder_counts_like_the_cpu(void **state)
{
    const lk_device_options cpu = {.threads = 2};
    (void)state;

    for (int act = 0; act < LK_ACTIVATIONS; act++) {
        const size_t width[] = {3, 17, 9, 21};
        const lk_activation activation[] = {(lk_activation)act, LK_TANH,
                                            (lk_activation)act};
        lk_result want = {0};
        lk_toy toy;

        lk_toy_make_deep(&toy, 3, width, activation, 2);
        lk_toy_run(&toy, &cpu, 700, &want);
        for (size_t i = 0; i < 4; i++) {
            if (strcmp(precisions[i], "fp16") == 0) continue; /* refused: see below */
            const lk_device_options options = {.precision = precisions[i], .tile = 256};
            lk_result got = {0};

            run_on(&toy, &options, 700, &got);
            assert_true(lk_tally_equal(&got.tally, &want.tally));
            lk_result_release(&got);
        }
        lk_result_release(&want);
        lk_toy_release(&toy);
    }
}

/* Latents and canonical scores to the bit; fast ones to their precision's digits. */
static void check_stages(size_t pixels)
{
    enum { COUNT = 600 };
    const lk_device_options cpu_options = {.threads = 1};
    const double near[] = {1e-5, 1e-5, 5e-2, 1e-4};
    static uint64_t attempt[COUNT];
    static double want[COUNT], got[COUNT];
    static float z[2][COUNT * 5];
    const lk_backend *cpu = NULL;
    const size_t width[] = {5, 37, pixels};
    const lk_activation activation[] = {LK_RELU, LK_SIGMOID};
    lk_device *reference;
    lk_toy toy;

    lk_toy_make_deep(&toy, 2, width, activation, 2);
    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    reference = lk_toy_device(&toy, &cpu_options);
    for (uint64_t j = 0; j < COUNT; j++) attempt[j] = j * j * j * 977;
    assert_int_equal(
        cpu->score(reference, LK_SCORER_CANONICAL, 1, attempt, COUNT, want, NULL),
        LK_OK);
    assert_int_equal(cpu->latents(reference, 1, 4294967000, COUNT, z[0], NULL), LK_OK);
    for (size_t i = 0; i < 4; i++) {
        const lk_device_options options = {.precision = precisions[i], .tile = 256};
        lk_device *device = open_device(&toy, &options);

        assert_int_equal(cuda()->latents(device, 1, 4294967000, COUNT, z[1], NULL),
                         LK_OK);
        assert_memory_equal(z[0], z[1], sizeof z[0]);
        assert_int_equal(
            cuda()->score(device, LK_SCORER_CANONICAL, 1, attempt, COUNT, got, NULL),
            LK_OK);
        assert_memory_equal(want, got, sizeof want);
        assert_int_equal(
            cuda()->score(device, LK_SCORER_FAST, 1, attempt, COUNT, got, NULL), LK_OK);
        for (size_t j = 0; j < COUNT; j++) {
            assert_true(fabs(got[j] - want[j]) <= near[i] * (1.0 + want[j]));
        }

        double loaded[2][8];
        static float image[2][8 * 52];

        assert_int_equal(cuda()->decode(device, z[0], 8, image[0], NULL), LK_OK);
        assert_int_equal(cpu->decode(reference, z[0], 8, image[1], NULL), LK_OK);
        for (size_t j = 0; j < 8 * pixels; j++) {
            assert_true(fabsf(image[0][j] - image[1][j]) <= (float)near[i]);
        }

        for (int scorer = 0; scorer < 2; scorer++) {
            assert_int_equal(cuda()->score_latents(device, (lk_scorer)scorer, 1, z[0],
                                                   8, loaded[scorer], NULL),
                             LK_OK);
        }
        assert_int_equal(
            cpu->score_latents(reference, LK_SCORER_CANONICAL, 1, z[0], 8, want, NULL),
            LK_OK);
        for (size_t j = 0; j < 8; j++) {
            assert_true(loaded[LK_SCORER_CANONICAL][j] == want[j]);
            assert_true(fabs(loaded[LK_SCORER_FAST][j] - want[j]) <=
                        near[i] * (1.0 + want[j]));
        }
        assert_int_equal(
            cpu->score(reference, LK_SCORER_CANONICAL, 1, attempt, COUNT, want, NULL),
            LK_OK);
        cuda()->close(device);
    }
    cpu->close(reference);
    lk_toy_release(&toy);
}

static void stages_agree_with_the_cpu(void **state)
{
    (void)state;
    check_stages(51); /* an odd last pixel, and an even one */
    check_stages(52);
}

/* A band so wide that every draw is a suspect: the queue fills and is drained on the way. */
static void every_draw_may_be_a_suspect(void **state)
{
    const lk_device_options cpu = {.threads = 2};
    const lk_device_options options = {.precision = "fp16", .tile = 256};
    const lk_unit unit[] = {{1, 0, 1500}, {0, 0, 7}, {1, 1500, 800}, {0, 7, 2293}};
    const double band[2] = {1e6, 1e6};
    double violation[2] = {0};
    lk_run_notes notes = {.violation = violation};
    lk_tally tally = {0};
    lk_result want = {0};
    lk_device *device;
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 2);
    lk_toy_run(&toy, &cpu, DRAWS, &want);
    device = open_device(&toy, &options);
    assert_int_equal(cuda()->set_guard(device, band, NULL), LK_OK);
    assert_int_equal(lk_tally_init(&tally, 2, toy.spec.thresholds, NULL), LK_OK);
    assert_int_equal(cuda()->run(device, unit, 4, &tally, &notes, NULL), LK_OK);
    assert_true(lk_tally_equal(&tally, &want.tally));
    assert_true(notes.redecided ==
                2 * DRAWS); /* all were candidates for the smallest */
    cuda()->close(device);
    lk_tally_release(&tally);
    lk_result_release(&want);
    lk_toy_release(&toy);
}

/* The one draw of a block that is audited, and its neighbours, which are not. */
static void audits_happen_and_see_a_narrow_band(void **state)
{
    const lk_device_options options = {.precision = "fp16", .tile = 256};
    const double band[1] = {1e-12};
    lk_device *device;
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 1);
    device = open_device(&toy, &options);
    assert_int_equal(cuda()->set_guard(device, band, NULL), LK_OK);
    for (uint64_t block = 0; block < 12; block++) {
        const uint64_t audit =
            lk_audit_attempt(toy.spec.seed, toy.problems.index[0], block);

        for (uint64_t j = audit - (audit > 0); j <= audit + 1; j++) {
            const lk_unit unit = {0, j, 1};
            double violation[1] = {0};
            lk_run_notes notes = {.violation = violation};
            lk_tally tally = {0};

            assert_int_equal(lk_tally_init(&tally, 1, toy.spec.thresholds, NULL),
                             LK_OK);
            assert_int_equal(cuda()->run(device, &unit, 1, &tally, &notes, NULL),
                             LK_OK);
            assert_true(notes.audited == (j == audit));
            assert_true((violation[0] > 1e-9) ==
                        (j == audit)); /* fp16 is farther off */
            assert_true(violation[0] == notes.audit_largest);
            lk_tally_release(&tally);
        }
    }
    cuda()->close(device);
    lk_toy_release(&toy);
}

/* Too little memory halves the chunk; none at all is said with its numbers. */
static void memory_that_is_short_makes_smaller_chunks(void **state)
{
    const lk_device_options options = {.precision = "fp16"};
    const lk_device_options cpu = {.threads = 2};
    lk_device *device = NULL;
    lk_device_info info;
    lk_result want = {0}, got = {0};
    lk_error err = {0};
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 2);
    device = open_device(&toy, &options);
    cuda()->info(device, &info);
    assert_non_null(strstr(info.path, "staged fp16"));
    const size_t plenty = info.unit_attempts;

    cuda()->close(device);
    lk_emulated_memory = (size_t)66 << 20; /* two workspaces of 32 MB and a little */
    device = open_device(&toy, &options);
    cuda()->info(device, &info);
    assert_true(info.unit_attempts < plenty);
    cuda()->close(device);
    run_on(&toy, &options, 300, &got);
    lk_toy_run(&toy, &cpu, 300, &want);
    assert_true(lk_tally_equal(&got.tally, &want.tally));

    lk_emulated_memory = 1 << 20;
    assert_int_equal(cuda()->open(0, &toy.job.work, &options, &device, &err),
                     LK_E_MEMORY);
    assert_non_null(strstr(err.text, "bytes wanted"));
    lk_emulated_memory = SIZE_MAX;
    lk_result_release(&got);
    lk_result_release(&want);
    lk_toy_release(&toy);
}

static void absence_and_nonsense_are_named(void **state)
{
    const lk_device_options bad = {.precision = "fp8"}, path = {.path = "blas"};
    const char *reason = NULL;
    lk_device *device = NULL;
    lk_error err = {0};
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 1);
    assert_int_equal(cuda()->open(0, &toy.job.work, &bad, &device, &err), LK_E_ARG);
    assert_non_null(strstr(err.text, "'fp8'"));
    assert_int_equal(cuda()->open(0, &toy.job.work, &path, &device, &err), LK_E_ARG);
    assert_int_equal(cuda()->open(5, &toy.job.work, &path, &device, &err),
                     LK_E_MISSING);
    lk_emulated_devices = 0;
    assert_int_equal(cuda()->device_count(&reason), 0);
    assert_non_null(strstr(reason, "driver"));
    lk_emulated_devices = 1;
    assert_null(lk_plugin_backend(LK_BACKEND_ABI + 1));
    lk_toy_release(&toy);
}

/* Hidden values beyond the largest half: the scores are refused, not made up, and the
 * counts are still the CPU's.  Deeper decoders refuse fp16, and auto passes it over. */
static void halves_that_overflow_do_not_count(void **state)
{
    const lk_device_options options = {.precision = "fp16", .tile = 256};
    const lk_device_options by_itself = {.precision = "auto", .tile = 256};
    const lk_device_options cpu = {.threads = 2};
    const size_t width[] = {3, 17, 9, 21};
    const lk_activation activation[] = {LK_RELU, LK_RELU, LK_SIGMOID};
    lk_result want = {0}, got = {0};
    lk_device *device = NULL;
    lk_device_info info;
    lk_error err = {0};
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 2);
    for (size_t i = 0; i < 5; i++)
        toy.decoder.layer[0].weight[i] *= 1e5f; /* one unit */
    for (size_t o = 0; o < 51; o++) toy.decoder.layer[1].weight[o * 37] *= 1e-5f;
    lk_toy_run(&toy, &cpu, 600, &want);
    run_on(&toy, &options, 600, &got);
    assert_true(lk_tally_equal(&got.tally, &want.tally));
    assert_true(got.redecided > 100); /* the overflows were seen */
    lk_result_release(&got);
    lk_result_release(&want);
    lk_toy_release(&toy);

    lk_toy_make_deep(&toy, 3, width, activation, 1);
    assert_int_equal(cuda()->open(0, &toy.job.work, &options, &device, &err), LK_E_ARG);
    assert_non_null(strstr(err.text, "tf32"));
    device = open_device(&toy, &by_itself);
    cuda()->info(device, &info);
    assert_null(strstr(info.path, "fp16"));
    cuda()->close(device);
    lk_toy_release(&toy);
}

/* Small units of several problems that take turns, so that a block holds A, B, A. */
static void units_may_take_turns(void **state)
{
    enum { EACH = 600, STEP = 7 };
    const lk_device_options options = {.precision = "tf32", .tile = 2048};
    const lk_device_options cpu = {.threads = 2};
    lk_unit unit[3 * (EACH / STEP + 1)];
    double violation[3] = {0};
    lk_run_notes notes = {.violation = violation};
    lk_tally tally = {0};
    lk_result want = {0};
    lk_device *device;
    size_t units = 0;
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 3);
    lk_toy_run(&toy, &cpu, EACH, &want);
    for (uint64_t first = 0; first < EACH; first += STEP) {
        for (size_t p = 0; p < 3; p++) {
            unit[units++] =
                (lk_unit){p, first, EACH - first < STEP ? EACH - first : STEP};
        }
    }
    device = open_device(&toy, &options);
    assert_int_equal(cuda()->set_guard(device, want.guard, NULL), LK_OK);
    assert_int_equal(lk_tally_init(&tally, 3, toy.spec.thresholds, NULL), LK_OK);
    assert_int_equal(cuda()->run(device, unit, units, &tally, &notes, NULL), LK_OK);
    assert_true(lk_tally_equal(&tally, &want.tally));
    for (size_t p = 0; p < 3; p++) {
        uint64_t draws = 0;

        for (size_t b = 0; b < LK_HISTOGRAM_BINS; b++) {
            draws += tally.histogram[p * LK_HISTOGRAM_BINS + b];
        }
        assert_true(draws == EACH);
    }
    cuda()->close(device);
    lk_tally_release(&tally);
    lk_result_release(&want);
    lk_toy_release(&toy);
}

/* Floats and their order as unsigned numbers. */
static void order_of_floats_is_that_of_numbers(void **state)
{
    const float x[] = {-INFINITY, -3.0f, -1e-30f, 0.0f, 1e-38f, 1.0f, 3e38f, INFINITY};
    (void)state;

    for (size_t i = 0; i < 8; i++) {
        assert_true(lk_float_of_order(lk_order_of_float(x[i])) == x[i]);
        if (i > 0) assert_true(lk_order_of_float(x[i - 1]) < lk_order_of_float(x[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_those_of_the_cpu),
        cmocka_unit_test(any_decoder_counts_like_the_cpu),
        cmocka_unit_test(stages_agree_with_the_cpu),
        cmocka_unit_test(every_draw_may_be_a_suspect),
        cmocka_unit_test(audits_happen_and_see_a_narrow_band),
        cmocka_unit_test(memory_that_is_short_makes_smaller_chunks),
        cmocka_unit_test(absence_and_nonsense_are_named),
        cmocka_unit_test(halves_that_overflow_do_not_count),
        cmocka_unit_test(units_may_take_turns),
        cmocka_unit_test(order_of_floats_is_that_of_numbers),
    };
    return cmocka_run_group_tests_name("cuda", tests, NULL, NULL);
}
