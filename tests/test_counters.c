/* test_counters.c - attempts near 2^32, 2^53 and 2^62: exact or refused. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "largek/largek.h"
#include "support/check.h"
#include "support/files.h"
#include "support/toy.h"

enum { PROBLEMS = 2, BEFORE = 600, BEHIND = 500 };

static lk_toy toy;
static const lk_backend *cpu;
static lk_device *device;

static int set_up(void **state)
{
    const lk_device_options options = {.threads = 2};

    if (scratch_enter(state) != 0) return -1;
    lk_toy_make(&toy, LK_RELU, PROBLEMS);
    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    device = lk_toy_device(&toy, &options);
    return 0;
}

static int tear_down(void **state)
{
    cpu->close(device);
    lk_toy_release(&toy);
    return scratch_leave(state);
}

/* A result that says of attempts 0 .. end - 1 that all of them failed. */
static lk_result all_failed(uint64_t end)
{
    lk_result result = {0};

    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    for (size_t p = 0; p < PROBLEMS; p++) {
        assert_int_equal(lk_ranges_add(&result.done[p], 0, end, NULL), LK_OK);
        result.tally.attempts[p] = end;
        result.tally.histogram[p * LK_HISTOGRAM_BINS + 255] = end;
    }
    return result;
}

/* The attempts from `first` on by canonical scores alone. */
static void count_canonical(uint64_t first, uint64_t count, size_t problem,
                            lk_tally *into)
{
    const size_t t = toy.spec.thresholds;
    uint64_t attempt[BEFORE + BEHIND];
    double score[BEFORE + BEHIND];

    for (uint64_t j = 0; j < count; j++) attempt[j] = first + j;
    assert_int_equal(cpu->score(device, LK_SCORER_CANONICAL, problem, attempt,
                                (size_t)count, score, NULL),
                     LK_OK);
    for (uint64_t j = 0; j < count; j++) {
        for (size_t k = 0; k < t; k++) {
            if (score[j] > toy.job.limit[problem * t + k]) continue;
            into->successes[problem * t + k]++;
            if (attempt[j] < into->first[problem * t + k])
                into->first[problem * t + k] = attempt[j];
        }
        if (score[j] < into->best[problem]) {
            into->best[problem] = score[j];
            into->best_attempt[problem] = attempt[j];
        }
    }
    into->attempts[problem] += count;
}

/* A run that goes on across `edge`, from a file and back into one. */
static void go_across(uint64_t edge, uint64_t behind)
{
    const uint64_t start = edge - BEFORE;
    const lk_run_options run = {
        .draws = edge + behind, .output = "r.safetensors", .checkpoint_s = 1e9};
    lk_result result = all_failed(start), want = all_failed(start), got = {0};
    lk_error err = {0};

    assert_int_equal(lk_result_write("r.safetensors", &result, NULL), LK_OK);
    lk_result_release(&result);
    if (lk_result_read("r.safetensors", &result, &err) != LK_OK)
        fail_msg("%s", err.text);
    if (lk_run(cpu, device, &toy.job, &run, &result, &err) != LK_OK)
        fail_msg("%s", err.text);
    for (size_t p = 0; p < PROBLEMS; p++)
        count_canonical(start, BEFORE + behind, p, &want.tally);
    assert_true(lk_tally_equal(&result.tally, &want.tally));
    assert_true(want.tally.successes[toy.spec.thresholds - 1] > 0);
    assert_true(result.done[1].count == 1 &&
                result.done[1].range[0].end == edge + behind);

    assert_int_equal(lk_result_read("r.safetensors", &got, NULL), LK_OK);
    assert_true(lk_tally_equal(&got.tally, &want.tally));
    lk_result_release(&result);
    lk_result_release(&want);
    lk_result_release(&got);
}

static void counts_across_2_to_the_32_are_exact(void **state)
{
    (void)state;
    go_across(UINT64_C(1) << 32, BEHIND);
}

static void counts_across_2_to_the_53_are_exact(void **state)
{
    (void)state;
    go_across(UINT64_C(1) << 53, BEHIND);
}

/* 2^62 attempts are the last ones; one more is refused. */
static void counts_up_to_2_to_the_62_are_exact(void **state)
{
    const lk_run_options more = {.draws = (UINT64_C(1) << 62) + 1};
    lk_result result = all_failed(UINT64_C(1) << 62);
    lk_error err = {0};
    (void)state;

    go_across(UINT64_C(1) << 62, 0);
    assert_int_equal(lk_run(cpu, device, &toy.job, &more, &result, &err), LK_E_ARG);
    assert_non_null(strstr(err.text, "4611686018427387904"));
    lk_result_release(&result);
}

/* The same of shards, which are dealt up there as everywhere. */
static void shards_share_the_last_attempts(void **state)
{
    const uint64_t end = UINT64_C(1) << 62, start = end - BEFORE;
    lk_result merged = all_failed(start), want = all_failed(start);
    (void)state;

    for (uint64_t s = 0; s < 3; s++) {
        const lk_run_options run = {.draws = end, .share = {s, 3}};

        assert_int_equal(lk_run(cpu, device, &toy.job, &run, &merged, NULL), LK_OK);
    }
    for (size_t p = 0; p < PROBLEMS; p++)
        count_canonical(start, BEFORE, p, &want.tally);
    assert_true(lk_tally_equal(&merged.tally, &want.tally));
    lk_result_release(&merged);
    lk_result_release(&want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(counts_across_2_to_the_32_are_exact, scratch_clear),
        cmocka_unit_test_setup(counts_across_2_to_the_53_are_exact, scratch_clear),
        cmocka_unit_test_setup(counts_up_to_2_to_the_62_are_exact, scratch_clear),
        cmocka_unit_test_setup(shards_share_the_last_attempts, scratch_clear),
    };
    return cmocka_run_group_tests_name("counters", tests, set_up, tear_down);
}
