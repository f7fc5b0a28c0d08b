/* test_tally.c - tallies form a commutative monoid, and counters do not wrap. */
#include <math.h>
#include <string.h>

#include "largek/tally.h"
#include "support/check.h"

enum { THRESHOLDS = 3 };

static void fill(lk_tally *tally, uint64_t seed)
{
    lk_u32x4 w = lk_words(seed, LK_PURPOSE_AUDIT, 0, 0);

    assert_int_equal(lk_tally_init(tally, 1, THRESHOLDS, NULL), LK_OK);
    tally->attempts[0] = w.w[0];
    for (size_t t = 0; t < THRESHOLDS; t++) {
        w = lk_words(seed, LK_PURPOSE_AUDIT, 1, t);
        tally->successes[t] = w.w[0] % 1000;
        tally->first[t] = w.w[1] % 4; /* ties are wanted */
    }
    tally->best[0] = w.w[2] % 3;
    tally->best_attempt[0] = w.w[3] % 5;
    tally->histogram[w.w[0] % LK_HISTOGRAM_BINS] = w.w[1];
}

static void assert_same(const lk_tally *a, const lk_tally *b)
{
    assert_true(a->attempts[0] == b->attempts[0]);
    assert_memory_equal(a->successes, b->successes, THRESHOLDS * sizeof *a->successes);
    assert_memory_equal(a->first, b->first, THRESHOLDS * sizeof *a->first);
    assert_true(a->best[0] == b->best[0]);
    assert_true(a->best_attempt[0] == b->best_attempt[0]);
    assert_memory_equal(a->histogram, b->histogram,
                        LK_HISTOGRAM_BINS * sizeof *a->histogram);
}

static void add(lk_tally *to, const lk_tally *from)
{
    assert_int_equal(lk_tally_add(to, 0, from, 0, NULL), LK_OK);
}

static void addition_is_commutative_associative_and_has_a_zero(void **state)
{
    (void)state;

    for (uint64_t seed = 0; seed < 300; seed += 3) {
        lk_tally part[3], forth, back, zero;

        for (uint64_t i = 0; i < 3; i++) fill(&part[i], seed + i);
        assert_int_equal(lk_tally_init(&forth, 1, THRESHOLDS, NULL), LK_OK);
        assert_int_equal(lk_tally_init(&back, 1, THRESHOLDS, NULL), LK_OK);
        assert_int_equal(lk_tally_init(&zero, 1, THRESHOLDS, NULL), LK_OK);
        for (int i = 0; i < 3; i++) add(&forth, &part[i]); /* ((0+a)+b)+c */
        add(&part[1], &part[2]);                           /* b+c         */
        add(&back, &part[1]);
        add(&back, &part[0]);
        add(&back, &zero);
        assert_same(&forth, &back);
        for (int i = 0; i < 3; i++) lk_tally_release(&part[i]);
        lk_tally_release(&forth);
        lk_tally_release(&back);
        lk_tally_release(&zero);
    }
}

static void the_best_of_equal_scores_is_the_first_attempt(void **state)
{
    lk_tally a, b;
    (void)state;

    assert_int_equal(lk_tally_init(&a, 1, THRESHOLDS, NULL), LK_OK);
    assert_int_equal(lk_tally_init(&b, 1, THRESHOLDS, NULL), LK_OK);
    a.best[0] = b.best[0] = 0.5;
    a.best_attempt[0] = 7;
    b.best_attempt[0] = 4;
    add(&a, &b);
    assert_true(a.best_attempt[0] == 4);
    b.best_attempt[0] = 9;
    add(&a, &b);
    assert_true(a.best[0] == 0.5 && a.best_attempt[0] == 4);
    lk_tally_release(&a);
    lk_tally_release(&b);
}

static void counters_end_at_two_to_the_62(void **state)
{
    const uint64_t limit = UINT64_C(1) << 62;
    lk_tally a, b;
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_tally_init(&a, 1, THRESHOLDS, NULL), LK_OK);
    assert_int_equal(lk_tally_init(&b, 1, THRESHOLDS, NULL), LK_OK);
    a.attempts[0] = limit - 5;
    a.successes[2] = limit - 5;
    b.attempts[0] = b.successes[2] = 5;
    add(&a, &b);
    assert_true(a.attempts[0] == limit && a.successes[2] == limit);
    b.attempts[0] = 1;
    b.successes[2] = 0;
    b.histogram[7] = 1;
    assert_int_equal(lk_tally_add(&a, 0, &b, 0, &err), LK_E_NUMERIC);
    assert_non_null(strstr(err.text, "2^62"));
    assert_true(a.attempts[0] == limit && a.histogram[7] == 0); /* nothing was added */
    b.attempts[0] = 0;
    b.successes[2] = 1;
    assert_int_equal(lk_tally_add(&a, 0, &b, 0, NULL), LK_E_NUMERIC);
    lk_tally_release(&a);
    lk_tally_release(&b);
}

static void bins_hold_the_scores_between_their_edges(void **state)
{
    (void)state;

    for (uint32_t b = 0; b < LK_HISTOGRAM_BINS; b++) {
        const float edge = (float)lk_histogram_edge(b);

        assert_int_equal(lk_histogram_bin(edge), b);
        if (b > 0) assert_int_equal(lk_histogram_bin(nextafterf(edge, 0.0f)), b - 1);
    }
    assert_int_equal(lk_histogram_bin(0.0f), 0);
    assert_int_equal(lk_histogram_bin(-1.0f), 0);
    assert_int_equal(lk_histogram_bin(1e-30f), 0);
    assert_int_equal(lk_histogram_bin(1e30f), 255);
    assert_int_equal(lk_histogram_bin(NAN), 255);
}

static void too_many_thresholds_are_refused(void **state)
{
    lk_tally tally;
    (void)state;
    assert_int_equal(lk_tally_init(&tally, 1, LK_THRESHOLDS_MAX + 1, NULL), LK_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addition_is_commutative_associative_and_has_a_zero),
        cmocka_unit_test(the_best_of_equal_scores_is_the_first_attempt),
        cmocka_unit_test(counters_end_at_two_to_the_62),
        cmocka_unit_test(bins_hold_the_scores_between_their_edges),
        cmocka_unit_test(too_many_thresholds_are_refused),
    };
    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
