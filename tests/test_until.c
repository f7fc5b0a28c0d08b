/* test_until.c - numbers of attempts that outcomes decide, against the rules taken at
 * their word: canonical scores of all attempts, looked at one by one. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "largek/interval.h"
#include "largek/largek.h"
#include "support/check.h"
#include "support/toy.h"

enum { DRAWS = 6000, PROBLEMS = 5, THRESHOLDS = 5 };

static lk_toy toy;
static double *score; /* [PROBLEMS][DRAWS] canonical SSE */
static char folder[] = "/tmp/largek-test-until-XXXXXX";
static char path[64], previous[80];

static const lk_backend *cpu_backend(void)
{
    const lk_backend *cpu = NULL;

    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    return cpu;
}

static int set_up(void **state)
{
    const lk_device_options options = {.threads = 2};
    uint64_t *attempt = calloc(DRAWS, sizeof *attempt);
    lk_device *device;
    (void)state;

    if (mkdtemp(folder) == NULL) return -1;
    snprintf(path, sizeof path, "%s/run.safetensors", folder);
    snprintf(previous, sizeof previous, "%s.prev", path);
    lk_toy_make(&toy, LK_RELU, PROBLEMS);
    score = calloc(PROBLEMS * DRAWS, sizeof *score);
    if (attempt == NULL || score == NULL) return -1;
    for (uint64_t j = 0; j < DRAWS; j++) attempt[j] = j;
    device = lk_toy_device(&toy, &options);
    for (size_t p = 0; p < PROBLEMS; p++) {
        if (cpu_backend()->score(device, LK_SCORER_CANONICAL, p, attempt, DRAWS,
                                 score + p * DRAWS, NULL) != LK_OK) {
            return -1;
        }
    }
    cpu_backend()->close(device);
    free(attempt);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove(path);
    remove(previous);
    rmdir(folder);
    free(score);
    lk_toy_release(&toy);
    return 0;
}

static uint64_t successes(size_t p, size_t t, uint64_t n)
{
    uint64_t c = 0;

    for (uint64_t j = 0; j < n; j++) {
        c += score[p * DRAWS + j] <= toy.job.limit[p * THRESHOLDS + t];
    }
    return c;
}

/* Whether the result is the tally of attempts 0 .. n - 1 of each problem. */
static void check_is(const lk_result *got, const uint64_t n[PROBLEMS])
{
    for (size_t p = 0; p < PROBLEMS; p++) {
        double best = (double)INFINITY;

        assert_true(got->tally.attempts[p] == n[p]);
        if (n[p] > 0) {
            assert_int_equal(got->done[p].count, 1);
            assert_true(got->done[p].range[0].first == 0);
            assert_true(got->done[p].range[0].end == n[p]);
        }
        for (size_t t = 0; t < THRESHOLDS; t++) {
            assert_true(got->tally.successes[p * THRESHOLDS + t] ==
                        successes(p, t, n[p]));
        }
        for (uint64_t j = 0; j < n[p]; j++) best = fmin(best, score[p * DRAWS + j]);
        assert_true(got->tally.best[p] == best);
    }
}

/* What a test does to a run: nothing of it may be seen in the counts. */
typedef struct {
    size_t threads, tile;
    int stop_every; /* batches to a session; 0: never stopped */
} treatment;

static const treatment treatments[] = {{1, 1, 3}, {2, 7, 1}, {8, 64, 0}, {1, 32, 2}};

static const treatment plain = {1, 16, 0};

enum { TREATMENTS = sizeof treatments / sizeof treatments[0] };

/* Batches that the session may still make. */
static void count_batch(void *context, const lk_progress *progress)
{
    (void)progress;
    --*(int *)context;
}

static lk_wish stop_soon(void *context)
{
    return *(int *)context == 0 ? LK_STOP_NOW : LK_GO_ON;
}

static void run_treated(const lk_spec *spec, const treatment *as, uint64_t draws,
                        lk_result *result)
{
    const lk_device_options options = {.threads = as->threads, .tile = as->tile};
    lk_status st = LK_E_STOPPED;

    while (st == LK_E_STOPPED) {
        int left = as->stop_every;
        lk_run_options run = {.draws = draws, .context = &left};
        lk_device *device = lk_toy_device(&toy, &options);

        if (as->stop_every > 0) { /* through the file and back */
            run.output = path;
            run.checkpoint_s = 1e9;
            run.on_progress = count_batch;
            run.on_batch = stop_soon;
        }
        st = lk_run(cpu_backend(), device, &toy.job, &run, result, NULL);
        assert_true(st == LK_OK || st == LK_E_STOPPED);
        cpu_backend()->close(device);
        if (as->stop_every == 0) continue;
        lk_result_release(result);
        assert_int_equal(lk_result_read(path, result, NULL), LK_OK);
        assert_int_equal(lk_spec_same(&result->spec, spec, NULL), LK_OK);
    }
}

static void start(const lk_until *until, lk_spec *spec, lk_result *result)
{
    *spec = toy.spec;
    assert_int_equal(lk_spec_set_until(spec, until, NULL), LK_OK);
    assert_int_equal(lk_result_init(result, spec, toy.problems.index, NULL), LK_OK);
}

/* A run under `until` leaves attempts 0 .. n - 1, undisturbed and treated. */
static void check_rule(const lk_until *until, uint64_t draws,
                       const uint64_t n[PROBLEMS])
{
    static size_t turn;
    const treatment as_is[] = {plain, treatments[turn++ % TREATMENTS]};

    for (size_t i = 0; i < 2; i++) {
        lk_spec spec;
        lk_result result = {0};

        start(until, &spec, &result);
        run_treated(&spec, &as_is[i], draws, &result);
        check_is(&result, n);
        lk_result_release(&result);
    }
}

/* The attempt after which problem p has r successes, or draws. */
static uint64_t stop_at(size_t p, size_t t, uint64_t r, uint64_t draws)
{
    uint64_t c = 0;

    for (uint64_t j = 0; j < draws; j++) {
        c += score[p * DRAWS + j] <= toy.job.limit[p * THRESHOLDS + t];
        if (c == r) return j + 1;
    }
    return draws;
}

static void problems_end_at_exactly_their_rth_success(void **state)
{
    static const struct {
        uint64_t r;
        size_t column;
    } task[] = {{1, 0}, {2, 1}, {5, 3}, {333, 1}};
    bool capped = false, short_of_it = false;
    (void)state;

    for (size_t i = 0; i < sizeof task / sizeof task[0]; i++) {
        const lk_until until = {.kind = LK_UNTIL_SUCCESSES,
                                .threshold = toy.spec.threshold[task[i].column],
                                .successes = task[i].r};
        uint64_t n[PROBLEMS];

        for (size_t p = 0; p < PROBLEMS; p++) {
            n[p] = stop_at(p, task[i].column, task[i].r, 3000);
            capped |= n[p] == 3000;
            short_of_it |= n[p] < 3000;
        }
        check_rule(&until, 3000, n);
    }
    assert_true(capped && short_of_it); /* both ways to end have been seen */
}

/* Attempts at the first look at which the interval is narrow enough. */
static uint64_t wide_until(size_t p, size_t t, double width, uint64_t draws)
{
    for (uint64_t look = 64; look < draws; look += look / 4) {
        const uint64_t c = successes(p, t, look);
        const lk_interval i = lk_binomial_interval(LK_INTERVAL_WILSON, look, c, 0.95);

        if (c > 0 && (i.hi - i.lo) * (double)look / (double)c <= width) return look;
    }
    return draws;
}

static void problems_end_at_the_first_look_that_is_narrow_enough(void **state)
{
    static const double width[] = {1.0, 0.3, 0.2};
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        const lk_until until = {.kind = LK_UNTIL_WIDTH,
                                .threshold = toy.spec.threshold[2],
                                .width = width[i]};
        uint64_t n[PROBLEMS];

        for (size_t p = 0; p < PROBLEMS; p++) n[p] = wide_until(p, 2, width[i], 5000);
        check_rule(&until, 5000, n);
    }
}

/* Kazdan's rule, a block at a time. */
static void give_blocks(size_t t, uint64_t budget, uint64_t block, uint64_t draws,
                        uint64_t n[PROBLEMS])
{
    uint64_t left = budget;

    memset(n, 0, PROBLEMS * sizeof n[0]);
    while (left > 0) {
        size_t hardest = PROBLEMS;
        uint64_t fewest = 0;

        for (size_t p = 0; p < PROBLEMS; p++) {
            const uint64_t c = successes(p, t, n[p]);

            if (n[p] == draws) continue;
            if (hardest == PROBLEMS || c < fewest ||
                (c == fewest && n[p] < n[hardest])) {
                hardest = p;
                fewest = c;
            }
        }
        if (hardest == PROBLEMS) return;
        uint64_t count = block < left ? block : left;

        if (count > draws - n[hardest]) count = draws - n[hardest];
        n[hardest] += count;
        left -= count;
    }
}

static void a_budget_goes_to_the_hardest_problems(void **state)
{
    static const struct {
        uint64_t budget, block, draws;
        size_t column;
    } task[] = {{7777, 64, 6000, 0}, {9000, 100, 2500, 0}, {9000, 1000, 6000, 1},
                {313, 100, 6000, 0}, {30000, 97, 2000, 0}, {500, 1, 6000, 3}};
    (void)state;

    for (size_t i = 0; i < sizeof task / sizeof task[0]; i++) {
        const lk_until until = {.kind = LK_UNTIL_BUDGET,
                                .threshold = toy.spec.threshold[task[i].column],
                                .budget = task[i].budget,
                                .block = task[i].block,
                                .draws = task[i].draws};
        uint64_t n[PROBLEMS];

        give_blocks(task[i].column, task[i].budget, task[i].block, task[i].draws, n);
        check_rule(&until, task[i].draws, n);
    }
}

/* Where a budget ends, it shows whose turn it was. */
static void a_budget_goes_where_ties_say(void **state)
{
    static const uint64_t block[] = {3, 17};
    (void)state;

    for (size_t t = 0; t < 3; t++) {
        for (uint64_t blocks = 5; blocks < 40; blocks++) {
            const uint64_t size = block[blocks % 2];
            const lk_until until = {.kind = LK_UNTIL_BUDGET,
                                    .threshold = toy.spec.threshold[t],
                                    .budget = blocks * size + 2,
                                    .block = size,
                                    .draws = 500};
            uint64_t n[PROBLEMS];
            lk_spec spec;
            lk_result result = {0};

            give_blocks(t, until.budget, size, until.draws, n);
            start(&until, &spec, &result);
            run_treated(&spec, &plain, until.draws, &result);
            check_is(&result, n);
            lk_result_release(&result);
        }
    }
}

/* A run under one rule, then under a stricter one, is a run under the stricter one. */
static void check_extends(const lk_until *from, const lk_until *to, uint64_t draws,
                          uint64_t more_draws)
{
    lk_spec spec, asked;
    lk_result result = {0}, whole = {0};

    start(from, &spec, &result);
    run_treated(&spec, &plain, draws, &result);
    start(to, &asked, &whole);
    run_treated(&asked, &plain, more_draws, &whole);
    assert_int_equal(lk_spec_extend(&result.spec, &asked, NULL), LK_OK);
    run_treated(&asked, &plain, more_draws, &result);
    assert_true(lk_tally_equal(&result.tally, &whole.tally));
    assert_false(result.spec.until.raised);
    lk_result_release(&result);
    lk_result_release(&whole);
}

static void runs_extend_to_stricter_rules(void **state)
{
    const double low = toy.spec.threshold[1];
    const lk_until few = {.kind = LK_UNTIL_SUCCESSES, .threshold = low, .successes = 3};
    const lk_until wide = {.kind = LK_UNTIL_WIDTH, .threshold = low, .width = 0.9};
    lk_until small = {.kind = LK_UNTIL_BUDGET,
                      .threshold = low,
                      .budget = 3333,
                      .block = 100,
                      .draws = 6000};
    lk_until many = few, narrow = wide, large = small;
    (void)state;

    many.successes = 40;
    narrow.width = 0.25;
    large.budget = 9999;
    check_extends(&few, &many, 3000, 3000);
    check_extends(&few, &few, 500, 3000); /* a problem's limit may grow, too */
    check_extends(&wide, &narrow, 3000, 6000);
    check_extends(&small, &large, 6000, 6000);
    for (size_t t = 1; t < THRESHOLDS; t++) { /* blocks cut short, then completed */
        for (uint64_t more = 1; more < 60; more += 13) {
            small.threshold = large.threshold = toy.spec.threshold[t];
            small.block = large.block = 40;
            small.budget = 200 + 7 * more;
            large.budget = small.budget + more;
            check_extends(&small, &large, 6000, 6000);
        }
    }
}

static void refuse(const lk_until *have, const lk_until *asked)
{
    lk_spec old = toy.spec, new = toy.spec;
    lk_error err = {0};

    assert_int_equal(lk_spec_set_until(&old, have, NULL), LK_OK);
    assert_int_equal(lk_spec_set_until(&new, asked, NULL), LK_OK);
    assert_int_equal(lk_spec_extend(&old, &new, &err), LK_E_MISMATCH);
    assert_non_null(strstr(err.text, "until"));
    assert_int_equal(lk_spec_same(&old, &new, &err), LK_E_MISMATCH);
    assert_int_equal(lk_spec_same(&new, &old, &err), LK_E_MISMATCH);
}

static void other_rules_are_refused(void **state)
{
    const lk_until none = {.kind = LK_UNTIL_DRAWS};
    const lk_until five = {.kind = LK_UNTIL_SUCCESSES, .successes = 5};
    const lk_until budget = {
        .kind = LK_UNTIL_BUDGET, .budget = 100, .block = 10, .draws = 50};
    lk_until other = five;
    (void)state;

    refuse(&none, &five);
    refuse(&five, &none);
    other.successes = 4;
    refuse(&five, &other);
    other.successes = 5;
    other.threshold = toy.spec.threshold[1];
    refuse(&five, &other);
    refuse(&budget, &five);
    other = budget;
    other.budget = 99;
    refuse(&budget, &other);
    other.budget = 100;
    other.block = 11;
    refuse(&budget, &other);
    other.block = 10;
    other.draws = 51;
    refuse(&budget, &other);
}

static void what_is_no_rule_is_refused(void **state)
{
    const lk_until bad[] = {
        {.kind = LK_UNTIL_SUCCESSES},
        {.kind = LK_UNTIL_SUCCESSES, .successes = 2, .threshold = 0.77},
        {.kind = LK_UNTIL_WIDTH},
        {.kind = LK_UNTIL_WIDTH, .width = (double)INFINITY},
        {.kind = LK_UNTIL_BUDGET, .block = 1},
        {.kind = LK_UNTIL_BUDGET, .budget = 1},
        {.kind = LK_UNTIL_BUDGET, .budget = 1, .block = LK_UNTIL_BLOCK_MAX + 1},
        {.kind = LK_UNTILS}};
    lk_spec spec = toy.spec;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(lk_spec_set_until(&spec, &bad[i], NULL), LK_E_ARG);
    }
    assert_int_equal(spec.until.kind, LK_UNTIL_DRAWS);
}

static void counts_say_what_design_they_have(void **state)
{
    const lk_until until = {
        .kind = LK_UNTIL_SUCCESSES, .threshold = toy.spec.threshold[1], .successes = 3};
    lk_until more = until;
    lk_spec spec, raised;
    lk_result result = {0};
    lk_counts counts = {0};
    (void)state;

    start(&until, &spec, &result);
    run_treated(&spec, &plain, 2000, &result);
    assert_int_equal(lk_result_counts(&result, &counts, NULL), LK_OK);
    for (size_t t = 0; t < THRESHOLDS; t++) {
        assert_int_equal(counts.group[t].design.kind,
                         t == 1 ? LK_DESIGN_UNTIL : LK_DESIGN_STOPPED);
    }
    assert_true(counts.group[1].design.successes == 3);
    lk_counts_release(&counts);

    /* Half way from 3 successes to 9 the counts are of neither design. */
    more.successes = 9;
    raised = toy.spec;
    assert_int_equal(lk_spec_set_until(&raised, &more, NULL), LK_OK);
    assert_int_equal(lk_spec_extend(&result.spec, &raised, NULL), LK_OK);
    assert_int_equal(lk_result_write(path, &result, NULL), LK_OK);
    lk_result_release(&result);
    assert_int_equal(lk_result_read(path, &result, NULL), LK_OK);
    assert_true(result.spec.until.raised);
    assert_int_equal(lk_result_counts(&result, &counts, NULL), LK_OK);
    assert_int_equal(counts.group[1].design.kind, LK_DESIGN_STOPPED);
    lk_counts_release(&counts);
    lk_result_release(&result);
}

/* A backend that finds problem 1 outside its band in its n-th call; a budget has then
 * been misled since the first. */
static int calls_left;
static bool misleads;

static lk_status run_with_violation(lk_device *device, const lk_unit *unit,
                                    size_t units, lk_tally *tally, lk_run_notes *notes,
                                    lk_error *err)
{
    const lk_status st = cpu_backend()->run(device, unit, units, tally, notes, err);

    if (misleads) tally->successes[1 * tally->thresholds] += 50;
    misleads = false;
    if (calls_left-- == 0) {
        notes->violation[1] = 0.125;
        tally->successes[1 * tally->thresholds] += 1; /* the damage it stands for */
    }
    return st;
}

static void violations_leave_the_counts_as_they_should_be(void **state)
{
    const lk_until rule[] = {
        {.kind = LK_UNTIL_SUCCESSES, .successes = 7},
        {.kind = LK_UNTIL_WIDTH, .width = 0.5},
        {.kind = LK_UNTIL_BUDGET, .budget = 900, .block = 50, .draws = 3000}};
    const lk_device_options options = {.threads = 1};
    lk_backend backend = *cpu_backend();
    (void)state;

    backend.run = run_with_violation;
    for (int i = 0; i < 3; i++) {
        lk_spec spec;
        lk_result whole = {0};

        start(&rule[i], &spec, &whole);
        run_treated(&spec, &plain, 3000, &whole);
        for (int at = 0; at < 20; at++) {
            const lk_run_options run = {.draws = 3000};
            lk_device *device = lk_toy_device(&toy, &options);
            lk_result result = {0};

            start(&rule[i], &spec, &result);
            calls_left = at;
            misleads = rule[i].kind == LK_UNTIL_BUDGET;
            assert_int_equal(lk_run(&backend, device, &toy.job, &run, &result, NULL),
                             LK_OK);
            if (result.violations > 0 || rule[i].kind != LK_UNTIL_BUDGET) {
                assert_true(lk_tally_equal(&result.tally, &whole.tally));
            } /* else no audit saw it: the run was over */
            cpu_backend()->close(device);
            lk_result_release(&result);
        }
        lk_result_release(&whole);
    }
}

/* A device that counts the same attempts once with and once without their successes. */
static lk_status run_unsteadily(lk_device *device, const lk_unit *unit, size_t units,
                                lk_tally *tally, lk_run_notes *notes, lk_error *err)
{
    const lk_status st = cpu_backend()->run(device, unit, units, tally, notes, err);

    if (calls_left-- > 0) return st;
    for (size_t i = 0; i < PROBLEMS * THRESHOLDS; i++) tally->successes[i] = 0;
    return st;
}

static void a_device_that_counts_in_two_ways_is_stopped(void **state)
{
    const lk_until until = {.kind = LK_UNTIL_SUCCESSES, .successes = 2};
    const lk_run_options run = {.draws = 3000};
    const lk_device_options options = {.threads = 2};
    lk_device *device = lk_toy_device(&toy, &options);
    lk_backend backend = *cpu_backend();
    lk_spec spec;
    lk_result result = {0};
    lk_error err = {0};
    (void)state;

    backend.run = run_unsteadily;
    calls_left = 4;
    start(&until, &spec, &result);
    assert_int_equal(lk_run(&backend, device, &toy.job, &run, &result, &err),
                     LK_E_DEVICE);
    assert_non_null(strstr(err.text, "two counts"));
    cpu_backend()->close(device);
    lk_result_release(&result);
}

static void a_result_beyond_its_rule_is_refused(void **state)
{
    const lk_until until = {.kind = LK_UNTIL_SUCCESSES, .successes = 30};
    lk_spec spec;
    lk_result result = {0};
    lk_error err = {0};
    (void)state;

    start(&until, &spec, &result);
    run_treated(&spec, &plain, 3000, &result);
    result.spec.until.successes = 29;
    assert_int_equal(lk_result_write(path, &result, NULL), LK_OK);
    lk_result_release(&result);
    assert_int_equal(lk_result_read(path, &result, &err), LK_E_MISMATCH);
    assert_non_null(strstr(err.text, "attempts["));
}

/* Four times 2^62 attempts are 2^64, which must not pass for none. */
static void a_budget_spent_many_times_over_is_spent(void **state)
{
    enum { ROWS = 5 };
    const uint64_t most = UINT64_C(1) << 62;
    uint64_t attempts[ROWS] = {most, most, most, most, 0}, none[ROWS] = {0};
    const lk_result result = {.spec = {.problems = ROWS,
                                       .thresholds = 1,
                                       .threshold = {1.0},
                                       .until = {.kind = LK_UNTIL_BUDGET,
                                                 .threshold = 1.0,
                                                 .budget = 1000,
                                                 .block = 10}},
                              .tally = {.problems = ROWS,
                                        .thresholds = 1,
                                        .attempts = attempts,
                                        .successes = none}};
    (void)state;

    assert_int_equal(lk_result_missing(&result, most, (lk_share){0}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems_end_at_exactly_their_rth_success),
        cmocka_unit_test(problems_end_at_the_first_look_that_is_narrow_enough),
        cmocka_unit_test(a_budget_goes_to_the_hardest_problems),
        cmocka_unit_test(a_budget_goes_where_ties_say),
        cmocka_unit_test(a_budget_spent_many_times_over_is_spent),
        cmocka_unit_test(runs_extend_to_stricter_rules),
        cmocka_unit_test(other_rules_are_refused),
        cmocka_unit_test(what_is_no_rule_is_refused),
        cmocka_unit_test(counts_say_what_design_they_have),
        cmocka_unit_test(violations_leave_the_counts_as_they_should_be),
        cmocka_unit_test(a_device_that_counts_in_two_ways_is_stopped),
        cmocka_unit_test(a_result_beyond_its_rule_is_refused),
    };
    return cmocka_run_group_tests_name("until", tests, set_up, tear_down);
}
