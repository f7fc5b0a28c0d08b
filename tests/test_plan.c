/* test_plan.c - ranges of attempts, and the order in which missing ones are made. */
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "support/check.h"

enum { UNIVERSE = 60 };

/* Random ranges against a plain array of flags. */
static void ranges_are_the_set_of_what_was_added(void **state)
{
    (void)state;

    for (uint64_t seed = 0; seed < 300; seed++) {
        lk_ranges ranges = {0};
        char in[UNIVERSE + 1] = {0};

        for (uint64_t i = 0; i < 40; i++) {
            const lk_u32x4 w = lk_words(seed, LK_PURPOSE_AUDIT, 0, i);
            const uint64_t first = w.w[0] % UNIVERSE, end = first + w.w[1] % 6;
            int clash = first == end;

            for (uint64_t j = first; j < end && j < UNIVERSE; j++) clash |= in[j];
            if (end > UNIVERSE) continue;
            assert_int_equal(lk_ranges_add(&ranges, first, end, NULL),
                             clash ? LK_E_ARG : LK_OK);
            for (uint64_t j = first; j < end && !clash; j++) in[j] = 1;
        }
        for (size_t r = 0, j = 0; j < UNIVERSE;
             j++) { /* no gap, no overlap, no touch */
            if (!in[j]) continue;
            size_t end = j;

            while (in[end]) end++;
            assert_true(r < ranges.count);
            assert_true(ranges.range[r].first == j && ranges.range[r].end == end);
            r++;
            j = end;
            assert_true(r <= ranges.count);
        }
        lk_ranges_release(&ranges);
    }
}

static void overlap_is_refused_by_name(void **state)
{
    lk_ranges ranges = {0};
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_ranges_add(&ranges, 10, 20, NULL), LK_OK);
    assert_int_equal(lk_ranges_add(&ranges, 19, 25, &err), LK_E_ARG);
    assert_string_equal(err.text, "range 19:25 overlaps 10:20");
    lk_ranges_release(&ranges);
}

/* Plans until nothing is missing, recording as a run does; every attempt exactly once. */
static void every_missing_attempt_is_planned_once(void **state)
{
    enum { PROBLEMS = 3, DRAWS = 1000 };
    lk_ranges done[PROBLEMS] = {{0}};
    lk_result result = {.spec = {.problems = PROBLEMS}, .done = done};
    uint64_t made = 0, highest_level = 0;
    lk_unit unit[7];
    (void)state;

    assert_int_equal(lk_ranges_add(&done[0], 0, 300, NULL), LK_OK);
    assert_int_equal(lk_ranges_add(&done[1], 128, 130, NULL), LK_OK);
    assert_int_equal(lk_ranges_add(&done[1], 990, 5000, NULL), LK_OK);
    const uint64_t missing = 3 * DRAWS - 300 - 2 - 10;

    for (;;) {
        lk_plan plan;
        size_t units;

        lk_plan_start(&plan, &result, (lk_share){0}, DRAWS, 64, 48);
        units = lk_plan_next(&plan, 150, unit, 7);
        if (units == 0) break;
        for (size_t u = 0; u < units; u++) {
            assert_true(unit[u].count >= 1 && unit[u].count <= 48);
            assert_true(unit[u].first + unit[u].count <= DRAWS);
            assert_int_equal(lk_ranges_add(&done[unit[u].problem], unit[u].first,
                                           unit[u].first + unit[u].count, NULL),
                             LK_OK);
            made += unit[u].count;
            if (unit[u].first > highest_level) highest_level = unit[u].first;
        }
        for (size_t p = 0; p < PROBLEMS;
             p++) { /* nobody runs ahead by more than a slice */
            const lk_range *first = &done[p].range[0];
            const uint64_t below =
                first->end < highest_level ? first->end : highest_level;

            assert_true(below + 2 * 64 >= highest_level);
        }
    }
    assert_true(made == missing);
    for (size_t p = 0; p < PROBLEMS; p++) {
        assert_true(done[p].range[0].first == 0 && done[p].range[0].end >= DRAWS);
        lk_ranges_release(&done[p]);
    }
}

/* 2^62 attempts are planned like any others, and without walking through them. */
static void plans_reach_the_last_attempt(void **state)
{
    const uint64_t draws = UINT64_C(1) << 62;
    lk_ranges done[1] = {{0}};
    lk_result result = {.spec = {.problems = 1}, .done = done};
    lk_unit unit[4];
    lk_plan plan;
    (void)state;

    assert_int_equal(lk_ranges_add(&done[0], 0, draws - 10, NULL), LK_OK);
    lk_plan_start(&plan, &result, (lk_share){0}, draws, 4096, 4096);
    assert_int_equal(lk_plan_next(&plan, 1000, unit, 4), 1);
    assert_true(unit[0].first == draws - 10 && unit[0].count == 10);
    lk_ranges_release(&done[0]);
}

/* A problem's attempts below `draws`, marked with the shard that has them. */
static void mark_shards(uint64_t shards, size_t row, uint64_t draws, uint16_t *owner)
{
    for (uint64_t j = 0; j < draws; j++) owner[j] = UINT16_MAX;
    for (uint64_t shard = 0; shard < shards; shard++) {
        const lk_share share = {shard, shards};
        uint64_t end = 0, count = 0;

        for (uint64_t at = 0; at < draws; at = end) {
            at = lk_share_next(&share, row, at, &end);
            for (uint64_t j = at; j < end && j < draws; j++) {
                assert_true(owner[j] == UINT16_MAX);
                owner[j] = (uint16_t)shard;
                count++;
            }
        }
        assert_true(count == lk_share_count(&share, row, draws));
    }
    for (uint64_t j = 0; j < draws; j++) assert_true(owner[j] < shards);
}

/* Every attempt is dealt to one shard, and to the same one however many are asked for. */
static void shards_deal_every_attempt_once(void **state)
{
    enum { DRAWS = 70000 };
    static uint16_t owner[DRAWS], fewer[DRAWS];
    const uint64_t shards[] = {1, 2, 3, 16, 1000};
    (void)state;

    for (size_t i = 0; i < 5; i++) {
        for (size_t row = 0; row < 4; row++) {
            mark_shards(shards[i], row, DRAWS, owner);
            mark_shards(shards[i], row, 9000, fewer);
            assert_memory_equal(fewer, owner, 9000 * sizeof *owner);
        }
    }
}

/* Shards of one problem differ by a block, an eighth of a level's share at most; a whole
 * turn of problems makes up for that. */
static void shards_are_alike(void **state)
{
    const uint64_t shards = 16, draws = 1500000; /* far from the end of a level */
    (void)state;

    for (size_t rows = 1; rows <= 48; rows += 47) {
        uint64_t least = UINT64_MAX, most = 0;

        for (uint64_t shard = 0; shard < shards; shard++) {
            const lk_share share = {shard, shards};
            uint64_t count = 0;

            for (size_t row = 0; row < rows; row++)
                count += lk_share_count(&share, row, draws);
            least = count < least ? count : least;
            most = count > most ? count : most;
        }
        if (rows == 48) {
            assert_true(most == least);
        } else {
            assert_true(most - least <= (1u << 20) / (8 * shards));
        }
    }
}

static void shards_reach_the_last_attempt(void **state)
{
    const uint64_t last = (UINT64_C(1) << 62) - 1;
    int owners = 0;
    (void)state;

    for (uint64_t shard = 0; shard < LK_SHARDS_MAX; shard++) {
        const lk_share share = {shard, LK_SHARDS_MAX};
        uint64_t end;

        if (lk_share_next(&share, 5, last, &end) != last) continue;
        assert_true(end == last + 1);
        owners++;
    }
    assert_int_equal(owners, 1);
}

/* What a shard lacks is what is dealt to it, less what is done, whoever did it. */
static void a_shard_plans_its_own_and_no_more(void **state)
{
    enum { PROBLEMS = 3, DRAWS = 30000 };
    lk_ranges done[PROBLEMS] = {{0}};
    lk_result result = {.spec = {.problems = PROBLEMS}, .done = done};
    lk_unit unit[7];
    (void)state;

    assert_int_equal(lk_ranges_add(&done[1], 3000, 9000, NULL), LK_OK);
    for (uint64_t shard = 0; shard < 3; shard++) {
        const lk_share share = {shard, 3};
        uint64_t missing = lk_result_missing(&result, DRAWS, share);

        for (;;) {
            lk_plan plan;
            size_t units;

            lk_plan_start(&plan, &result, share, DRAWS, 700, 500);
            units = lk_plan_next(&plan, 2000, unit, 7);
            if (units == 0) break;
            for (size_t u = 0; u < units; u++) {
                const uint64_t end = unit[u].first + unit[u].count;
                uint64_t mine_end;

                assert_true(lk_share_next(&share, unit[u].problem, unit[u].first,
                                          &mine_end) == unit[u].first);
                assert_true(end <= mine_end);
                assert_int_equal(
                    lk_ranges_add(&done[unit[u].problem], unit[u].first, end, NULL),
                    LK_OK);
                missing -= unit[u].count;
            }
            assert_true(lk_result_missing(&result, DRAWS, share) == missing);
        }
        assert_true(missing == 0);
    }
    for (size_t p = 0; p < PROBLEMS; p++) {
        assert_int_equal(done[p].count, 1); /* all three together leave no gap */
        assert_true(done[p].range[0].end == DRAWS);
        lk_ranges_release(&done[p]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_the_set_of_what_was_added),
        cmocka_unit_test(overlap_is_refused_by_name),
        cmocka_unit_test(every_missing_attempt_is_planned_once),
        cmocka_unit_test(plans_reach_the_last_attempt),
        cmocka_unit_test(shards_deal_every_attempt_once),
        cmocka_unit_test(shards_are_alike),
        cmocka_unit_test(shards_reach_the_last_attempt),
        cmocka_unit_test(a_shard_plans_its_own_and_no_more),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
