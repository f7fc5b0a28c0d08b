/* test_slow_runs.c - one run, made in every way that there is: the same counts.
 *
 * Threads 1, 2, 8 and tiles 1, 7, 64, in 1, 3 and 16 shards that come in a random order, each
 * stopped and resumed at random points, by random tiles and threads from session to
 * session; merged through files.  And every bit of a result flipped, every length cut.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "largek/largek.h"
#include "support/check.h"
#include "support/files.h"
#include "support/toy.h"

enum { DRAWS = 9000, PROBLEMS = 4 };

static lk_toy toy;
static lk_result whole;
static const lk_backend *cpu;
static uint64_t turn; /* of the random numbers */

static uint32_t random_below(uint32_t end)
{
    return lk_words(99, LK_PURPOSE_AUDIT, 0, turn++).w[0] % end;
}

static int set_up(void **state)
{
    const lk_device_options options = {.threads = 2};

    if (scratch_enter(state) != 0) return -1;
    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    lk_toy_make(&toy, LK_RELU, PROBLEMS);
    lk_toy_run(&toy, &options, DRAWS, &whole);
    return 0;
}

static int tear_down(void **state)
{
    lk_result_release(&whole);
    lk_toy_release(&toy);
    return scratch_leave(state);
}

static lk_wish stop_soon(void *context)
{
    int *left = context;

    return (*left)-- <= 0 ? LK_STOP_NOW : LK_GO_ON;
}

/* One session of a shard, on another device each time; whether it is the last. */
static bool one_session(const char *path, lk_share share, uint64_t draws)
{
    static const size_t threads[] = {1, 2, 8}, tiles[] = {1, 7, 64};
    const lk_device_options options = {.threads = threads[random_below(3)],
                                       .tile = tiles[random_below(3)]};
    int left = PROBLEMS + (int)random_below(8); /* pilots are asked first */
    const lk_run_options run = {.draws = draws,
                                .share = share,
                                .output = path,
                                .checkpoint_s = random_below(2) == 0 ? 0.0 : 1e9,
                                .context = &left,
                                .on_batch = stop_soon};
    lk_device *device = lk_toy_device(&toy, &options);
    lk_result result = {0};
    lk_status st;

    if (lk_result_read(path, &result, NULL) != LK_OK) {
        assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                         LK_OK);
    }
    st = lk_run(cpu, device, &toy.job, &run, &result, NULL);
    assert_true(st == LK_OK || st == LK_E_STOPPED);
    cpu->close(device);
    lk_result_release(&result);
    return st == LK_OK;
}

static void make_shard(const char *path, lk_share share)
{
    if (random_below(3) == 0) { /* some are made for fewer draws and extended */
        while (!one_session(path, share, 1 + random_below(DRAWS))) {
        }
    }
    while (!one_session(path, share, DRAWS)) {
    }
}

static void merge_and_compare(uint64_t shards)
{
    lk_result merged = {0};
    uint64_t order[16];

    for (uint64_t s = 0; s < shards; s++) order[s] = s;
    for (uint64_t s = shards; s > 1; s--) {
        const uint64_t other = random_below((uint32_t)s);
        const uint64_t kept = order[s - 1];

        order[s - 1] = order[other];
        order[other] = kept;
    }
    assert_int_equal(lk_result_init(&merged, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    for (uint64_t s = 0; s < shards; s++) {
        lk_result part = {0};
        bool added = false;
        char path[32];

        snprintf(path, sizeof path, "%u", (unsigned)order[s]);
        assert_int_equal(lk_result_read(path, &part, NULL), LK_OK);
        assert_int_equal(lk_result_merge(&merged, &part, &added, NULL), LK_OK);
        lk_result_release(&part);
    }
    assert_true(lk_tally_equal(&merged.tally, &whole.tally));
    for (size_t p = 0; p < PROBLEMS; p++) assert_true(merged.done[p].count == 1);
    lk_result_release(&merged);
}

static void every_way_counts_the_same(void **state)
{
    const uint64_t shards[] = {1, 3, 16};
    (void)state;

    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < 3; i++) {
            scratch_clear(NULL);
            for (uint64_t s = 0; s < shards[i]; s++) {
                char path[32];

                snprintf(path, sizeof path, "%u", (unsigned)s);
                make_shard(path, (lk_share){s, shards[i]});
            }
            merge_and_compare(shards[i]);
        }
    }
}

/* What a message about damaged tensors names. */
static bool names_a_place(const char *text)
{
    static const char *const place[] = {
        "index",        "threshold", "attempts",   "successes",     "best_sse",
        "best_attempt", "done",      "guard_band", "first_success", "histogram"};

    for (size_t i = 0; i < sizeof place / sizeof place[0]; i++) {
        if (strstr(text, place[i]) != NULL) return true;
    }
    return false;
}

static void no_bit_and_no_length_is_taken(void **state)
{
    const lk_device_options options = {.threads = 2};
    lk_toy one;
    lk_result result = {0}, got = {0};
    char *data = NULL;
    size_t bytes = 0;
    (void)state;

    lk_toy_make(&one, LK_RELU, 1);
    lk_toy_run(&one, &options, 500, &result);
    assert_int_equal(lk_result_write("r", &result, NULL), LK_OK);
    assert_int_equal(lk_file_read("r", 1 << 20, &data, &bytes, NULL), LK_OK);
    uint64_t header = 0;

    memcpy(&header, data, sizeof header);
    for (size_t bit = 0; bit < 8 * bytes; bit++) {
        lk_error err = {0};

        data[bit / 8] = (char)(data[bit / 8] ^ 1 << bit % 8);
        write_file("r", data, bytes);
        assert_int_equal(lk_result_read("r", &got, &err), LK_E_MISMATCH);
        assert_memory_equal(err.text, "r: ", 3);
        if (bit / 8 >= 8 + header && !names_a_place(err.text))
            fail_msg("bit %zu: %s", bit, err.text);
        data[bit / 8] = (char)(data[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t length = 0; length < bytes; length++) {
        write_file("r", data, length);
        assert_int_equal(lk_result_read("r", &got, NULL), LK_E_MISMATCH);
    }
    free(data);
    lk_result_release(&result);
    lk_toy_release(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_counts_the_same),
        cmocka_unit_test(no_bit_and_no_length_is_taken),
    };
    return cmocka_run_group_tests_name("slow_runs", tests, set_up, tear_down);
}
