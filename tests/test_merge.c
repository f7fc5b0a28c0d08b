/* test_merge.c - results made apart are, together, the result of one run. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "largek/largek.h"
#include "support/check.h"
#include "support/toy.h"

enum { DRAWS = 9000, PROBLEMS = 5, TRACED = 12 };

static lk_toy toy;
static lk_result whole;

static int set_up(void **state)
{
    const lk_device_options options = {.threads = 2};
    (void)state;

    lk_toy_make(&toy, LK_RELU, PROBLEMS);
    lk_toy_run(&toy, &options, DRAWS, &whole);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lk_result_release(&whole);
    lk_toy_release(&toy);
    return 0;
}

/* A result of the share's attempts below `draws`. */
static lk_result run_share(lk_share share, uint64_t draws, size_t trace, size_t tile)
{
    const lk_device_options options = {.threads = 1 + tile % 2, .tile = tile};
    const lk_run_options run = {.draws = draws, .share = share, .trace = trace};
    lk_device *device = lk_toy_device(&toy, &options);
    const lk_backend *cpu = NULL;
    lk_result result = {0};

    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(cpu, device, &toy.job, &run, &result, NULL), LK_OK);
    cpu->close(device);
    return result;
}

static lk_result all_of(uint64_t draws)
{
    return run_share((lk_share){0}, draws, 0, 0);
}

static void add(lk_result *into, const lk_result *from, bool brings)
{
    bool added = !brings;
    lk_error err = {0};

    if (lk_result_merge(into, from, &added, &err) != LK_OK) fail_msg("%s", err.text);
    assert_true(added == brings);
}

static void refuse(lk_result *into, const lk_result *from, const char *said)
{
    const uint64_t before = into->tally.attempts[0];
    bool added = false;
    lk_error err = {0};

    assert_int_equal(lk_result_merge(into, from, &added, &err), LK_E_MISMATCH);
    if (strstr(err.text, said) == NULL) fail_msg("'%s' for %s", err.text, said);
    assert_true(into->tally.attempts[0] == before);
}

/* 1, 3 and 16 shards, each with a tile of its own, shuffled: the counts of one run. */
static void shards_in_any_order_are_one_run(void **state)
{
    const uint64_t shards[] = {1, 3, 16}, step[] = {1, 2, 11};
    const size_t tiles[] = {1, 7, 64};
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        lk_result merged = {0};
        lk_coverage coverage;

        assert_int_equal(lk_result_init(&merged, &toy.spec, toy.problems.index, NULL),
                         LK_OK);
        for (uint64_t s = 0; s < shards[i]; s++) {
            const lk_share share = {(s * step[i] + i) % shards[i], shards[i]};
            lk_result part = run_share(share, DRAWS, 0, tiles[s % 3]);

            add(&merged, &part, true);
            add(&merged, &part, false); /* once is enough */
            lk_result_release(&part);
        }
        assert_true(lk_tally_equal(&merged.tally, &whole.tally));
        for (size_t p = 0; p < PROBLEMS; p++) {
            uint64_t all = 0;

            for (size_t b = 0; b < LK_HISTOGRAM_BINS; b++)
                all += merged.tally.histogram[p * LK_HISTOGRAM_BINS + b];
            assert_true(all == DRAWS);
            assert_true(merged.done[p].count == 1);
        }
        lk_result_coverage(&merged, &coverage);
        assert_true(coverage.whole == DRAWS && coverage.end == DRAWS);
        assert_true(coverage.missing == 0 && coverage.gaps == 0);
        assert_true(coverage.attempts == PROBLEMS * DRAWS);
        lk_result_release(&merged);
    }
}

/* Shards that are extended, but not all of them, still share no attempt. */
static void extended_shards_do_not_overlap(void **state)
{
    lk_result a = run_share((lk_share){0, 2}, 30000, 0, 0);
    lk_result b = run_share((lk_share){1, 2}, 7000, 0, 0);
    lk_coverage coverage;
    (void)state;

    add(&a, &b, true);
    lk_result_coverage(&a, &coverage);
    assert_true(coverage.whole == 7000 && coverage.gaps > 0);
    assert_true(coverage.attempts + coverage.missing == PROBLEMS * coverage.end);
    lk_result_release(&a);
    lk_result_release(&b);
}

/* A part of what is there is checked and adds nothing; a partial overlap is refused. */
static void no_attempt_counts_twice(void **state)
{
    lk_result small = all_of(1000), half = run_share((lk_share){0, 2}, DRAWS, 0, 0);
    (void)state;

    add(&whole, &small, false);
    add(&whole, &whole, false);
    refuse(&small, &half, "are in both");
    refuse(&half, &small, "are in both");
    refuse(&small, &whole, "are in both"); /* the caller's order matters */
    lk_result_release(&small);
    lk_result_release(&half);
}

static void ranks_put_wholes_before_their_parts(void **state)
{
    lk_result small = all_of(1000), half = run_share((lk_share){0, 2}, DRAWS, 0, 0);
    lk_result_rank a, b, c, again;
    (void)state;

    assert_int_equal(lk_result_rank_of(&whole, &a, NULL), LK_OK);
    assert_int_equal(lk_result_rank_of(&small, &b, NULL), LK_OK);
    assert_int_equal(lk_result_rank_of(&half, &c, NULL), LK_OK);
    assert_int_equal(lk_result_rank_of(&half, &again, NULL), LK_OK);
    assert_true(lk_result_rank_compare(&a, &b) < 0);
    assert_true(lk_result_rank_compare(&a, &c) < 0);
    assert_true(lk_result_rank_compare(&b, &c) >
                0); /* fewer attempts, the same begin */
    assert_int_equal(lk_result_rank_compare(&c, &again), 0);
    half.done[0].range[0].end--;
    assert_int_equal(lk_result_rank_of(&half, &again, NULL), LK_OK);
    assert_true(lk_result_rank_compare(&c, &again) != 0);
    half.done[0].range[0].first++;
    assert_int_equal(lk_result_rank_of(&half, &again, NULL), LK_OK);
    assert_true(lk_result_rank_compare(&c, &again) < 0);
    assert_true(lk_result_holds(&whole, &small) && !lk_result_holds(&small, &whole));
    lk_result_release(&small);
    lk_result_release(&half);
}

static void another_spec_is_refused_with_both_digests(void **state)
{
    lk_result other = all_of(10);
    (void)state;

    other.spec.model_digest[0] = other.spec.model_digest[0] == '0' ? '1' : '0';
    refuse(&whole, &other, other.spec.model_digest);
    refuse(&whole, &other, whole.spec.model_digest);
    memcpy(&other.spec, &whole.spec, sizeof other.spec);
    other.spec.seed++;
    refuse(&whole, &other, "another seed");
    other.spec.seed--;
    other.spec.stream_version = LK_STREAM_NONE;
    refuse(&whole, &other, "exact counts, not those of --path library");
    refuse(&other, &whole, "counts of --path library, not exact ones");
    other.spec.stream_version = LK_STREAM_VERSION;
    other.index[3]++;
    refuse(&whole, &other, "row 3 is problem 10 in one, 11 in the other");
    lk_result_release(&other);
}

/* Counts of the same attempts, or of some of them, that cannot both be right. */
static void contradictions_are_found(void **state)
{
    lk_result same = all_of(DRAWS), part = all_of(DRAWS - 1);
    const size_t t = toy.spec.thresholds, last = 2 * t - 1;
    (void)state;

    same.tally.successes[t + 2]--;
    refuse(&whole, &same, "problem 4, with another successes");
    same.tally.successes[t + 2]++;
    same.tally.first[last]++;
    refuse(&whole, &same, "another first success");
    same.tally.first[last]--;
    same.tally.best[4] = nextafter(same.tally.best[4], 1.0);
    refuse(&whole, &same, "problem 13, with another best score");
    same.tally.best[4] = whole.tally.best[4];
    same.tally.best_attempt[4]++;
    refuse(&whole, &same, "best score");
    same.tally.best_attempt[4]--;
    add(&whole, &same, false);

    const uint64_t c = part.tally.successes[last];

    part.tally.successes[last] = whole.tally.successes[last] + 1;
    refuse(&whole, &part, "successes");
    part.tally.successes[last] = whole.tally.successes[last] - 2; /* one is missing */
    refuse(&whole, &part, "successes");
    part.tally.successes[last] = c;
    part.tally.best[0] = 0.5 * whole.tally.best[0];
    refuse(&whole, &part, "best score");
    part.tally.best[0] = 2.0 * whole.tally.best[0];
    add(&whole, &part, false);
    part.tally.first[0] = 0;
    if (whole.tally.first[0] > 0) refuse(&whole, &part, "first success");
    lk_result_release(&same);
    lk_result_release(&part);
}

static void the_longer_trace_stays_and_both_must_agree(void **state)
{
    lk_result a = run_share((lk_share){0, 2}, 600, 0, 0);
    lk_result b = run_share((lk_share){1, 2}, 600, TRACED, 0);
    lk_result c = run_share((lk_share){0}, 100, TRACED / 2, 0);
    (void)state;

    b.trace[3 * TRACED + 2] *= 2.0;
    c.traced = TRACED / 2;
    refuse(&b, &c, "are in both"); /* attempts come first */
    b.trace[3 * TRACED + 2] /= 2.0;
    add(&a, &b, true);
    assert_true(a.traced == TRACED);
    assert_memory_equal(a.trace, b.trace, PROBLEMS * TRACED * sizeof *a.trace);
    add(&a, &c, false);
    assert_true(a.traced == TRACED);
    c.trace[3 * (TRACED / 2) + 2] *= 2.0;
    refuse(&a, &c, "trace of problem 10, attempt 2");
    lk_result_release(&a);
    lk_result_release(&b);
    lk_result_release(&c);
}

static void bands_widen_and_notes_add_up(void **state)
{
    lk_result a = run_share((lk_share){0, 2}, 600, 0, 0);
    lk_result b = run_share((lk_share){1, 2}, 600, 0, 0);
    const double wide = 3.0 * a.guard[1];
    (void)state;

    b.guard[1] = wide;
    b.guard[2] = 0.25 * a.guard[2];
    a.redecided = 5, b.redecided = 7;
    a.seconds = 0.5, b.seconds = 2.0;
    a.asked = 600, b.asked = 700;
    a.audit_largest = 1e-4, b.audit_largest = 1e-5;
    strcpy(a.device, "one");
    strcpy(b.device, "other");
    const double narrow = a.guard[2];

    add(&a, &b, true);
    assert_true(a.guard[1] == wide && a.guard[2] == narrow);
    assert_true(a.redecided == 12 && a.seconds == 2.5 && a.audit_largest == 1e-4);
    assert_true(a.asked == 700);
    assert_string_equal(a.device, "one; other");
    lk_result_release(&a);
    lk_result_release(&b);
}

/* An empty result of `count` done attempts from `first`, by what a file could say. */
static lk_result claim(uint64_t first, uint64_t count)
{
    lk_result result = {0};

    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    for (size_t p = 0; p < PROBLEMS; p++) {
        assert_int_equal(lk_ranges_add(&result.done[p], first, first + count, NULL),
                         LK_OK);
        result.tally.attempts[p] = count;
        result.tally.histogram[p * LK_HISTOGRAM_BINS] = count;
    }
    return result;
}

/* Attempts near 2^32, 2^53 and 2^62 are added exactly, and more than 2^62 refused. */
static void large_counters_are_exact(void **state)
{
    const uint64_t near[] = {UINT64_C(1) << 32, UINT64_C(1) << 53,
                             (UINT64_C(1) << 62) - 7};
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        lk_result a = claim(0, near[i]), b = claim(near[i], 7),
                  c = claim(near[i] + 7, 1);
        lk_coverage coverage;
        bool added = false;

        add(&a, &b, true);
        assert_true(a.tally.attempts[2] == near[i] + 7);
        lk_result_coverage(&a, &coverage);
        assert_true(coverage.whole == near[i] + 7 && coverage.gaps == 0);
        assert_int_equal(lk_result_merge(&a, &c, &added, NULL),
                         i == 2 ? LK_E_NUMERIC : LK_OK);
        lk_result_release(&a);
        lk_result_release(&b);
        lk_result_release(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_in_any_order_are_one_run),
        cmocka_unit_test(extended_shards_do_not_overlap),
        cmocka_unit_test(no_attempt_counts_twice),
        cmocka_unit_test(ranks_put_wholes_before_their_parts),
        cmocka_unit_test(another_spec_is_refused_with_both_digests),
        cmocka_unit_test(contradictions_are_found),
        cmocka_unit_test(the_longer_trace_stays_and_both_must_agree),
        cmocka_unit_test(bands_widen_and_notes_add_up),
        cmocka_unit_test(large_counters_are_exact),
    };
    return cmocka_run_group_tests_name("merge", tests, set_up, tear_down);
}
