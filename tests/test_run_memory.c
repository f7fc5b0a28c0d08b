/* test_run_memory.c - the N-th allocation of a run fails, for every N: a clean error,
 * nothing leaked, no partial file, and no sound file taken for a damaged one. */
#define _GNU_SOURCE /* dladdr */
#include "support/failing_malloc.h"

#include "largek/largek.h"
#include "support/files.h"
#include "support/toy.h"

#if LK_FAILING_MALLOC

#include <unistd.h>

#include "cli/reserve.h"

enum { DRAWS = 300 };

static const char path[] = "r.safetensors";
static lk_toy toy;
static lk_result whole, part; /* of DRAWS attempts; of a shard of them */
static const lk_backend *cpu;
static lk_device *device;

static lk_result run_share(lk_share share)
{
    const lk_run_options run = {.draws = DRAWS, .share = share, .trace = 3};
    lk_result result = {0};

    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(cpu, device, &toy.job, &run, &result, NULL), LK_OK);
    return result;
}

static int set_up(void **state)
{
    const lk_device_options options = {.threads = 1, .tile = 64};

    if (scratch_enter(state) != 0) return -1;
    lk_reserve_start();
    lk_toy_make(&toy, LK_RELU, 2);
    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    device = lk_toy_device(&toy, &options);
    whole = run_share((lk_share){0});
    part = run_share((lk_share){0, 2});
    return 0;
}

static int tear_down(void **state)
{
    cpu->close(device);
    lk_result_release(&whole);
    lk_result_release(&part);
    lk_toy_release(&toy);
    return scratch_leave(state);
}

static void memory_or_nothing(lk_status st)
{
    assert_true(st == LK_OK || st == LK_E_MEMORY);
}

/* stdio reads and writes through smaller buffers, or says so in errno. */
static void never_the_content(lk_status st)
{
    assert_true(st == LK_OK || st == LK_E_MEMORY || st == LK_E_IO);
}

/* What jansson took of the reserve is put back, as the next call would. */
static lk_status settled(lk_status st)
{
    lk_reserve_start();
    return st;
}

static lk_status write_result(lk_error *err)
{
    return settled(lk_result_write(path, &whole, err));
}

/* The old file or the new one, and both can be read. */
static void one_whole_file(lk_status st)
{
    lk_result got = {0};

    never_the_content(st);
    assert_int_equal(lk_result_read(path, &got, NULL), LK_OK);
    assert_true(lk_tally_equal(&got.tally, &whole.tally));
    lk_result_release(&got);
    assert_true(scratch_count() <= 2);
}

static void writing_leaves_a_whole_file(void **state)
{
    (void)state;
    assert_int_equal(write_result(NULL), LK_OK);
    assert_true(fail_each(write_result, one_whole_file) > 50);
}

static lk_status read_result(lk_error *err)
{
    lk_result got = {0};
    const lk_status st = lk_result_read(path, &got, err);

    if (st == LK_OK) assert_true(lk_tally_equal(&got.tally, &whole.tally));
    lk_result_release(&got);
    return settled(st);
}

static void reading_blames_memory_and_not_the_file(void **state)
{
    (void)state;
    assert_int_equal(write_result(NULL), LK_OK);
    assert_true(fail_each(read_result, never_the_content) > 20);
}

static lk_status make_run(lk_error *err)
{
    const lk_run_options run = {
        .draws = DRAWS, .trace = 3, .output = path, .checkpoint_s = 1e9};
    lk_result result = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_result_init(&result, &toy.spec, toy.problems.index, err));
    LK_TRY(lk_run(cpu, device, &toy.job, &run, &result, err));
    assert_true(lk_tally_equal(&result.tally, &whole.tally));

out:
    lk_result_release(&result);
    return settled(st);
}

static void runs_leak_nothing(void **state)
{
    (void)state;
    assert_int_equal(write_result(NULL), LK_OK);
    assert_true(fail_each(make_run, one_whole_file) > 50);
}

static lk_status merge_results(lk_error *err)
{
    lk_result into = {0};
    lk_result_rank rank;
    bool added = false;
    lk_status st = LK_OK;

    LK_TRY(lk_result_init(&into, &toy.spec, toy.problems.index, err));
    LK_TRY(lk_result_rank_of(&part, &rank, err));
    LK_TRY(lk_result_merge(&into, &part, &added, err));
    LK_TRY(lk_result_merge(&into, &part, &added, err));

out:
    lk_result_release(&into);
    return st;
}

static lk_status verify_result(lk_error *err)
{
    const lk_verify_options options = {.tiles = 2, .tile = 64, .all = true};
    lk_verify_report report = {0};
    const lk_status st =
        lk_verify(cpu, device, &toy.job, &whole, &options, &report, err);

    assert_int_equal(report.differences, 0);
    return st;
}

static void merges_and_checks_leak_nothing(void **state)
{
    (void)state;
    assert_true(fail_each(merge_results, memory_or_nothing) > 8);
    assert_true(fail_each(verify_result, memory_or_nothing) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(writing_leaves_a_whole_file, scratch_clear),
        cmocka_unit_test_setup(reading_blames_memory_and_not_the_file, scratch_clear),
        cmocka_unit_test_setup(runs_leak_nothing, scratch_clear),
        cmocka_unit_test(merges_and_checks_leak_nothing),
    };
    return cmocka_run_group_tests_name("run_memory", tests, set_up, tear_down);
}

#else

int main(void)
{
    return 77; /* skipped */
}

#endif
