/* test_verify.c - sound results pass, and nothing that is wrong does. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "largek/largek.h"
#include "support/check.h"
#include "support/toy.h"

enum { DRAWS = 9000, PROBLEMS = 5, TRACED = 100 };

static lk_toy toy;
static lk_result result;
static char said[4096]; /* every difference of the last check */

static const lk_backend *cpu_backend(void)
{
    const lk_backend *cpu = NULL;

    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    return cpu;
}

static int set_up(void **state)
{
    const lk_device_options options = {.threads = 2};
    const lk_run_options run = {.draws = DRAWS, .trace = TRACED};
    lk_device *device;
    (void)state;

    lk_toy_make(&toy, LK_RELU, PROBLEMS);
    device = lk_toy_device(&toy, &options);
    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(cpu_backend(), device, &toy.job, &run, &result, NULL),
                     LK_OK);
    cpu_backend()->close(device);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lk_result_release(&result);
    lk_toy_release(&toy);
    return 0;
}

static void keep_text(void *context, const char *text)
{
    const size_t used = strlen(said);
    (void)context;

    snprintf(said + used, sizeof said - used, "%s\n", text); /* cut where it is full */
}

static lk_verify_report verify_on(const lk_backend *backend, const lk_toy *on,
                                  const lk_result *what, size_t tiles, bool all)
{
    const lk_device_options options = {.threads = 2, .tile = 64};
    const lk_verify_options with = {
        .seed = 3, .tiles = tiles, .tile = 512, .all = all, .on_difference = keep_text};
    lk_device *device = lk_toy_device(on, &options);
    lk_verify_report report;
    lk_error err = {0};

    said[0] = '\0';
    if (lk_verify(backend, device, &on->job, what, &with, &report, &err) != LK_OK)
        fail_msg("%s", err.text);
    cpu_backend()->close(device);
    return report;
}

static void assert_sound(const lk_verify_report *report)
{
    if (report->differences != 0) fail_msg("%s", said);
}

/* The check finds a difference, and says this of it. */
static void assert_found(size_t tiles, bool all, const char *what)
{
    const lk_verify_report report = verify_on(cpu_backend(), &toy, &result, tiles, all);

    assert_true(report.differences > 0);
    if (strstr(said, what) == NULL) fail_msg("'%s' for %s", said, what);
}

static void sound_results_pass(void **state)
{
    lk_verify_report report = verify_on(cpu_backend(), &toy, &result, 20, true);
    (void)state;

    assert_sound(&report);
    assert_true(report.tiles == 20 && report.draws > 15 * 512);
    assert_true(report.bests == PROBLEMS && report.firsts > PROBLEMS);
    assert_true(report.traced == PROBLEMS * TRACED); /* with `all` every one */
    assert_true(report.again == PROBLEMS * DRAWS);

    report = verify_on(cpu_backend(), &toy, &result, 0, false);
    assert_sound(&report);
    assert_true(report.traced == PROBLEMS * 64 && report.tiles == 0);

    /* More tiles than there are: each is taken once. */
    report = verify_on(cpu_backend(), &toy, &result, 1000, false);
    assert_sound(&report);
    assert_true(report.tiles <= PROBLEMS * (DRAWS / 512 + 1));
    assert_true(report.draws <= PROBLEMS * DRAWS);
}

/* Thresholds that are scores of draws, gaps in the attempts, rows without any. */
static void hard_and_partial_results_pass(void **state)
{
    const lk_device_options options = {.threads = 2};
    const lk_run_options run = {.draws = 5000, .share = {1, 3}};
    lk_toy hard;
    lk_device *device;
    lk_result part = {0};
    lk_verify_report report;
    (void)state;

    lk_toy_make(&hard, LK_SILU, 2);
    lk_toy_hard_thresholds(&hard);
    device = lk_toy_device(&hard, &options);
    assert_int_equal(lk_result_init(&part, &hard.spec, hard.problems.index, NULL),
                     LK_OK);
    report = verify_on(cpu_backend(), &hard, &part, 10, true);
    assert_sound(&report);
    assert_true(report.draws == 0 && report.again == 0);
    assert_int_equal(lk_run(cpu_backend(), device, &hard.job, &run, &part, NULL),
                     LK_OK);
    report = verify_on(cpu_backend(), &hard, &part, 10, true);
    assert_sound(&report);
    assert_true(report.again > 0 && report.again < 2 * 5000);
    cpu_backend()->close(device);
    lk_result_release(&part);
    lk_toy_release(&hard);
}

static void wrong_entries_are_found(void **state)
{
    const size_t t = toy.spec.thresholds, last = 2 * t - 1;
    const uint64_t first = result.tally.first[last];
    const uint64_t at = result.tally.best_attempt[2];
    const double best = result.tally.best[2];
    (void)state;

    result.tally.first[last] = first + 1; /* if that succeeds it is still not first */
    assert_found(20, true, "attempt");
    result.tally.first[last] = first;

    result.tally.best[2] = nextafter(best, 1.0);
    assert_found(0, false, "problem 7, attempt");
    result.tally.best[2] = best;
    result.tally.best_attempt[2] = at == 0 ? 1 : at - 1;
    assert_found(0, false, "best SSE");
    result.tally.best_attempt[2] = at;

    const double traced = result.trace[PROBLEMS * TRACED - 1];

    result.trace[PROBLEMS * TRACED - 1] = nextafter(traced, 1.0);
    assert_found(0, true, "in the trace");
    result.trace[PROBLEMS * TRACED - 1] = traced;
}

/* One success more or less, which only making everything again can show. */
static void wrong_totals_are_found(void **state)
{
    const size_t t = toy.spec.thresholds, cell = 4 * t - 1;
    const uint64_t c = result.tally.successes[cell];
    (void)state;

    result.tally.successes[cell] = c + 1;
    assert_found(0, true, "made again");
    result.tally.successes[cell] = 0; /* any tile of the row has some */
    assert_found(60, false, "problem 10");
    result.tally.successes[cell] = c;

    /* The histogram bounds a count by the width of a bin. */
    const uint64_t hardest = result.tally.successes[0];

    result.tally.successes[0] = result.tally.attempts[0];
    assert_found(0, false, "by the histogram");
    result.tally.successes[0] = hardest;
}

/* Totals that are off by a sixth in every problem: the rates say so. */
static void wrong_rates_are_found(void **state)
{
    const size_t t = toy.spec.thresholds, column = t - 1;
    uint64_t kept[PROBLEMS];
    (void)state;

    for (size_t p = 0; p < PROBLEMS; p++) {
        kept[p] = result.tally.successes[p * t + column];
        result.tally.successes[p * t + column] = kept[p] - kept[p] / 6;
    }
    assert_found(60, false, "more than the totals let expect");
    for (size_t p = 0; p < PROBLEMS; p++)
        result.tally.successes[p * t + column] = kept[p];
}

/* Devices that are wrong in one way or the other. */
static lk_status run_and_lose(lk_device *device, const lk_unit *unit, size_t units,
                              lk_tally *tally, lk_run_notes *notes, lk_error *err)
{
    const lk_status st = cpu_backend()->run(device, unit, units, tally, notes, err);
    const size_t last = (unit->problem + 1) * tally->thresholds - 1;

    if (tally->successes[last] > 0) tally->successes[last]--;
    return st;
}

static lk_status score_off(lk_device *device, lk_scorer scorer, size_t problem,
                           const uint64_t *attempt, size_t count, double *score,
                           lk_error *err)
{
    const lk_status st =
        cpu_backend()->score(device, scorer, problem, attempt, count, score, err);

    for (size_t i = 0; i < count; i++) score[i] *= 1.0 + 0x1p-52;
    return st;
}

static int violations_left;

static lk_status run_with_violation(lk_device *device, const lk_unit *unit,
                                    size_t units, lk_tally *tally, lk_run_notes *notes,
                                    lk_error *err)
{
    const lk_status st = cpu_backend()->run(device, unit, units, tally, notes, err);

    if (violations_left-- > 0) {
        notes->violation[unit->problem] = 0.125;
        tally->successes[unit->problem * tally->thresholds] += 1000;
    }
    return st;
}

static void wrong_devices_are_found(void **state)
{
    lk_backend backend = *cpu_backend();
    lk_verify_report report;
    (void)state;

    backend.run = run_and_lose;
    report = verify_on(&backend, &toy, &result, 10, false);
    assert_true(report.differences > 0);
    assert_non_null(strstr(said, "by the canonical score"));
    backend = *cpu_backend();
    backend.score = score_off;
    report = verify_on(&backend, &toy, &result, 0, false);
    assert_true(report.differences > 0);
    assert_non_null(strstr(said, "made again"));
    /* A band that an audit finds too narrow is widened, and no difference. */
    backend = *cpu_backend();
    backend.run = run_with_violation;
    violations_left = 2;
    report = verify_on(&backend, &toy, &result, 5, true);
    assert_sound(&report);
    violations_left = 1;
    report = verify_on(&backend, &toy, &result, 0, true);
    assert_sound(&report);
    assert_true(report.again > PROBLEMS * DRAWS);
}

static lk_wish stop(void *context)
{
    (void)context;
    return LK_STOP_NOW;
}

static void it_can_be_stopped(void **state)
{
    const lk_device_options options = {.threads = 1};
    const lk_verify_options with = {.tiles = 5, .on_batch = stop};
    lk_device *device = lk_toy_device(&toy, &options);
    lk_verify_report report;
    (void)state;

    assert_int_equal(
        lk_verify(cpu_backend(), device, &toy.job, &result, &with, &report, NULL),
        LK_E_STOPPED);
    cpu_backend()->close(device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_results_pass),
        cmocka_unit_test(hard_and_partial_results_pass),
        cmocka_unit_test(wrong_entries_are_found),
        cmocka_unit_test(wrong_totals_are_found),
        cmocka_unit_test(wrong_rates_are_found),
        cmocka_unit_test(wrong_devices_are_found),
        cmocka_unit_test(it_can_be_stopped),
    };
    return cmocka_run_group_tests_name("verify", tests, set_up, tear_down);
}
