/* test_cuda_paths.c - on the emulated device, chunks as CUDA graphs, which count what single
 * launches count; and the library path, which counts alike within chance and says so. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "emulator/device.h"

enum { DRAWS = 4000 };

static void graphs_off(const char *value)
{
    if (value == NULL) {
        unsetenv("LARGEK_CUDA_GRAPH");
    } else {
        setenv("LARGEK_CUDA_GRAPH", value, 1);
    }
}

/* Counts of an emulated run against the CPU's; returns how many graphs were launched. */
static unsigned launches_of(const lk_toy *toy, const char *precision, uint64_t draws,
                            const lk_result *want)
{
    const lk_device_options options = {.precision = precision, .tile = 256};
    const unsigned before = lk_emulated_graph_launches;
    lk_result got = {0};

    run_on(toy, &options, draws, &got);
    assert_true(lk_tally_equal(&got.tally, &want->tally));
    lk_result_release(&got);
    return lk_emulated_graph_launches - before;
}

/* Each whole chunk but the first ones is one launch, and reads its own draws: a graph that
 * kept an earlier chunk's would count those twice. */
static void graphs_count_like_the_cpu(void **state)
{
    static const char *const precisions[] = {"fp32", "tf32", "fp16", "fp16x3"};
    const lk_device_options cpu = {.threads = 2};
    lk_result want = {0};
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 3);
    lk_toy_hard_thresholds(&toy);
    lk_toy_run(&toy, &cpu, DRAWS, &want);
    for (size_t i = 0; i < 4; i++) {
        const unsigned launches = launches_of(&toy, precisions[i], DRAWS, &want);

        assert_true(launches > 3 * DRAWS / 256 / 2);
        assert_true(launches <= 3 * DRAWS / 256 - LK_GRAPH_AFTER);
    }
    lk_result_release(&want);
    lk_toy_release(&toy);
}

/* Off by the environment, or where any step of making one fails. */
static void without_graphs_all_is_the_same(void **state)
{
    const lk_device_options cpu = {.threads = 2};
    lk_result want = {0};
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 2);
    lk_toy_run(&toy, &cpu, DRAWS, &want);
    graphs_off("0");
    assert_int_equal(launches_of(&toy, "tf32", DRAWS, &want), 0);
    graphs_off(NULL);
    for (int step = 1; step <= 3; step++) {
        lk_emulated_graph_fails = step;
        assert_int_equal(launches_of(&toy, "tf32", DRAWS, &want), 0);
    }
    lk_emulated_graph_fails = 0;
    assert_true(launches_of(&toy, "tf32", DRAWS, &want) > 0);
    lk_result_release(&want);
    lk_toy_release(&toy);
}

/* Chunks of more segments than a graph holds take turns with those of few, so that places
 * of an earlier plan are there to be mistaken for this one's. */
static void many_segments_go_one_by_one(void **state)
{
    enum { SMALL = 700, LARGE = 2100 };
    const lk_device_options options = {.precision = "fp32", .tile = 256};
    const lk_device_options cpu = {.threads = 2};
    static lk_unit unit[3 * SMALL];
    double violation[2] = {0};
    lk_run_notes notes = {.violation = violation};
    lk_tally tally = {0};
    lk_result want = {0};
    lk_device *device;
    lk_device_info info;
    size_t units = 0;
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 2);
    lk_toy_run(&toy, &cpu, LARGE + SMALL, &want);
    unit[units++] = (lk_unit){0, 0, LARGE / 2};
    for (uint64_t j = 0; j < SMALL; j++) {
        unit[units++] = (lk_unit){1, LARGE + j, 1};
        unit[units++] = (lk_unit){0, LARGE + j, 1};
    }
    unit[units++] = (lk_unit){0, LARGE / 2, LARGE / 2};
    unit[units++] = (lk_unit){1, 0, LARGE};
    device = open_device(&toy, &options);
    assert_int_equal(cuda()->set_guard(device, want.guard, NULL), LK_OK);
    assert_int_equal(lk_tally_init(&tally, 2, toy.spec.thresholds, NULL), LK_OK);
    lk_emulated_graph_launches = 0;
    assert_int_equal(cuda()->run(device, unit, units, &tally, &notes, NULL), LK_OK);
    assert_true(lk_tally_equal(&tally, &want.tally));
    assert_true(lk_emulated_graph_launches > 0);
    assert_true(lk_emulated_graph_launches <
                (2 * LARGE + 2 * SMALL) / 256 - 2 * SMALL / 256 - LK_GRAPH_AFTER + 2);
    cuda()->info(device, &info);
    assert_non_null(strstr(info.path, ", graph"));
    cuda()->close(device);
    lk_tally_release(&tally);
    lk_result_release(&want);
    lk_toy_release(&toy);
}

/* A band that is set after a graph was made is the one the graph sees. */
static void a_graph_sees_a_new_band(void **state)
{
    const lk_device_options options = {.precision = "fp16", .tile = 256};
    const double narrow[1] = {1e-9}, wide[1] = {1e6};
    const lk_unit unit = {0, 0, 2560};
    double violation[1] = {0};
    lk_device *device;
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 1);
    device = open_device(&toy, &options);
    for (int i = 0; i < 3; i++) {
        lk_run_notes notes = {.violation = violation};
        lk_tally tally = {0};

        assert_int_equal(cuda()->set_guard(device, i == 1 ? wide : narrow, NULL),
                         LK_OK);
        assert_int_equal(lk_tally_init(&tally, 1, toy.spec.thresholds, NULL), LK_OK);
        lk_emulated_graph_launches = 0;
        assert_int_equal(cuda()->run(device, &unit, 1, &tally, &notes, NULL), LK_OK);
        assert_true(lk_emulated_graph_launches >= 10 - LK_GRAPH_AFTER);
        assert_true((notes.redecided == 2560) == (i == 1));
        lk_tally_release(&tally);
    }
    cuda()->close(device);
    lk_toy_release(&toy);
}

static void library_run(lk_toy *toy, const char *precision, uint64_t draws,
                        lk_result *out)
{
    const lk_device_options options = {
        .path = "library", .precision = precision, .tile = 1024};

    toy->spec.stream_version = LK_STREAM_NONE;
    run_on(toy, &options, draws, out);
    toy->spec.stream_version = LK_STREAM_VERSION;
}

/* Two counts of n draws each have the same p: |z| < 5 fails by chance once in 1.7e6 times,
 * where some dozens of successes and failures make z normal. */
static void assert_alike(uint64_t a, uint64_t b, uint64_t n)
{
    const double p = (double)(a + b) / (2.0 * (double)n);
    const double z = ((double)a - (double)b) / sqrt(2.0 * (double)n * p * (1.0 - p));

    if (p * (double)n < 30.0 || (1.0 - p) * (double)n < 30.0) return;
    assert_true(fabs(z) < 5.0);
}

/* Exact counts against the library's, at every threshold of every problem: 32 comparisons or
 * fewer, so a false alarm once in 5e4 such tests; the seed is fixed. */
static void the_library_counts_alike(void **state)
{
    enum { N = 8000 };
    const size_t width[] = {3, 17, 9, 21};
    const lk_activation activation[] = {LK_TANH, LK_SILU, LK_SIGMOID};
    const lk_device_options cpu = {.threads = 2};
    (void)state;

    for (int deep = 0; deep < 2; deep++) {
        lk_result want = {0}, got = {0};
        size_t compared = 0;
        lk_toy toy;

        if (deep) {
            lk_toy_make_deep(&toy, 3, width, activation, 2);
        } else {
            lk_toy_make(&toy, LK_RELU, 2);
        }
        lk_emulated_graph_launches = 0;
        lk_toy_run(&toy, &cpu, N, &want);
        library_run(&toy, deep ? "tf32" : NULL, N, &got);
        assert_int_equal(lk_emulated_graph_launches, 0);
        for (size_t i = 0; i < 2 * toy.spec.thresholds; i++) {
            assert_alike(want.tally.successes[i], got.tally.successes[i], N);
            compared +=
                want.tally.successes[i] > 30 && want.tally.successes[i] < N - 30;
        }
        assert_true(compared > 2);
        assert_false(lk_tally_equal(&got.tally, &want.tally));
        assert_int_equal(got.redecided, 0);
        assert_int_equal(got.audited, 0);
        assert_non_null(strstr(got.path, "not exact"));
        assert_true(got.tally.best[0] == (double)INFINITY);
        lk_result_release(&got);
        lk_result_release(&want);
        lk_toy_release(&toy);
    }
}

/* A run that begins elsewhere makes other draws, so a resumed result repeats none. */
static void the_library_never_repeats_draws(void **state)
{
    enum { N = 1500 };
    const lk_device_options options = {.path = "library", .tile = 256};
    const lk_unit unit[] = {{0, 0, N}, {0, N, N}, {1, 0, N}, {0, 0, N}};
    double violation[2] = {0};
    lk_tally tally[4] = {{0}};
    lk_device *device;
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 2);
    device = open_device(&toy, &options);
    for (int i = 0; i < 4; i++) {
        lk_run_notes notes = {.violation = violation};

        assert_int_equal(lk_tally_init(&tally[i], 2, toy.spec.thresholds, NULL), LK_OK);
        assert_int_equal(cuda()->run(device, &unit[i], 1, &tally[i], &notes, NULL),
                         LK_OK);
    }
    const size_t bytes = LK_HISTOGRAM_BINS * sizeof(uint64_t);

    assert_memory_equal(tally[0].histogram, tally[3].histogram, bytes);
    assert_memory_not_equal(tally[0].histogram, tally[1].histogram, bytes);
    for (int i = 0; i < 4; i++) lk_tally_release(&tally[i]);
    cuda()->close(device);
    lk_toy_release(&toy);
}

/* Its result is another thing than an exact one: in the file, and for all that joins. */
static void library_results_are_marked(void **state)
{
    const lk_device_options library = {.path = "library", .tile = 256};
    const lk_device_options staged = {.precision = "fp32", .tile = 256};
    const lk_run_options run = {.draws = 500}, traced = {.draws = 500, .trace = 3};
    char path[] = "/tmp/largek-library-XXXXXX", previous[64];
    const int file = mkstemp(path);
    lk_result result = {0}, read = {0}, exact = {0};
    lk_device *device[2];
    lk_error err = {0};
    lk_toy toy;
    (void)state;

    assert_true(file >= 0);
    close(file);
    lk_toy_make(&toy, LK_RELU, 2);
    device[0] = open_device(&toy, &library);
    device[1] = open_device(&toy, &staged);
    library_run(&toy, "fp32", 500, &result);
    assert_int_equal(lk_result_write(path, &result, NULL), LK_OK);
    assert_int_equal(lk_result_read(path, &read, &err), LK_OK);
    assert_int_equal(read.spec.stream_version, LK_STREAM_NONE);
    assert_int_equal(lk_spec_same(&read.spec, &result.spec, NULL), LK_OK);
    assert_int_equal(lk_spec_same(&read.spec, &toy.spec, &err), LK_E_MISMATCH);
    assert_non_null(strstr(err.text, "counts of --path library"));
    assert_int_equal(lk_spec_same(&toy.spec, &read.spec, &err), LK_E_MISMATCH);
    assert_non_null(strstr(err.text, "exact counts, not"));

    /* Neither device fills the other's result, and there is no trace. */
    assert_int_equal(lk_result_init(&exact, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(cuda(), device[0], &toy.job, &run, &exact, &err), LK_E_ARG);
    assert_non_null(strstr(err.text, "not exact makes draws of stream 0"));
    assert_int_equal(lk_run(cuda(), device[1], &toy.job, &run, &read, &err), LK_E_ARG);
    assert_int_equal(lk_run(cuda(), device[0], &toy.job, &traced, &read, &err),
                     LK_E_ARG);
    for (int i = 0; i < 2; i++) cuda()->close(device[i]);
    lk_result_release(&exact);
    lk_result_release(&read);
    lk_result_release(&result);
    lk_toy_release(&toy);
    snprintf(previous, sizeof previous, "%s.prev", path);
    unlink(previous);
    unlink(path);
}

static void the_library_scores_no_single_draws(void **state)
{
    const lk_device_options library = {.path = "library", .tile = 256};
    const lk_device_options halves = {.path = "library", .precision = "fp16"};
    const uint64_t attempt[1] = {0};
    lk_device *device, *none = NULL;
    float z[64] = {0}, y[64];
    lk_error err = {0};
    double score[1];
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 1);
    device = open_device(&toy, &library);
    for (int scorer = 0; scorer < 2; scorer++) {
        const lk_scorer s = (lk_scorer)scorer;

        assert_int_equal(cuda()->score(device, s, 0, attempt, 1, score, &err),
                         LK_E_ARG);
        assert_int_equal(cuda()->score_latents(device, s, 0, z, 1, score, &err),
                         LK_E_ARG);
    }
    assert_int_equal(cuda()->latents(device, 0, 0, 1, z, &err), LK_E_ARG);
    assert_int_equal(cuda()->decode(device, z, 1, y, &err), LK_E_ARG);
    assert_non_null(strstr(err.text, "no single draws"));
    assert_int_equal(cuda()->open(0, &toy.job.work, &halves, &none, &err), LK_E_ARG);
    assert_non_null(strstr(err.text, "fp32 and tf32"));
    cuda()->close(device);
    lk_toy_release(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graphs_count_like_the_cpu),
        cmocka_unit_test(without_graphs_all_is_the_same),
        cmocka_unit_test(many_segments_go_one_by_one),
        cmocka_unit_test(a_graph_sees_a_new_band),
        cmocka_unit_test(the_library_counts_alike),
        cmocka_unit_test(the_library_never_repeats_draws),
        cmocka_unit_test(library_results_are_marked),
        cmocka_unit_test(the_library_scores_no_single_draws),
    };
    return cmocka_run_group_tests_name("cuda paths", tests, NULL, NULL);
}
