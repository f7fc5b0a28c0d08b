/* test_run.c - runs: cut, resumed, extended, split, failing, and still the same counts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "largek/largek.h"
#include "support/check.h"
#include "support/toy.h"

enum { DRAWS = 9000 };

static lk_toy toy;
static lk_result whole; /* DRAWS attempts in one go */
static char folder[] = "/tmp/largek-test-run-XXXXXX";
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
    (void)state;

    if (mkdtemp(folder) == NULL) return -1;
    snprintf(path, sizeof path, "%s/run.safetensors", folder);
    snprintf(previous, sizeof previous, "%s.prev", path);
    lk_toy_make(&toy, LK_RELU, 5);
    lk_toy_run(&toy, &options, DRAWS, &whole);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove(path);
    remove(previous);
    rmdir(folder);
    lk_result_release(&whole);
    lk_toy_release(&toy);
    return 0;
}

/* Three devices that are one CPU each: units are dealt out, and nothing else changes. */
static void several_devices_count_like_one(void **state)
{
    const size_t ordinal[] = {0, 0, 0}, missing[] = {0, 7};
    const lk_device_options options = {.threads = 1, .tile = 32};
    const lk_run_options run = {.draws = DRAWS};
    const lk_backend *as = NULL;
    lk_device *device = NULL;
    lk_device_info info;
    lk_result result = {0};
    (void)state;

    assert_int_equal(lk_backend_open(cpu_backend(), ordinal, 3, &toy.job.work, &options,
                                     &as, &device, NULL),
                     LK_OK);
    as->info(device, &info);
    assert_memory_equal(info.name, "3 x ", 4);
    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(as, device, &toy.job, &run, &result, NULL), LK_OK);
    assert_true(lk_tally_equal(&result.tally, &whole.tally));
    assert_true(result.redecided > 0);
    as->close(device);
    lk_result_release(&result);

    assert_int_equal(lk_backend_open(cpu_backend(), missing, 2, &toy.job.work, &options,
                                     &as, &device, NULL),
                     LK_E_MISSING);
    assert_int_equal(lk_backend_open(cpu_backend(), missing, 0, &toy.job.work, &options,
                                     &as, &device, NULL),
                     LK_E_ARG);
}

/* Stops when it is asked for that time, from 0, between pilots or batches. */
static lk_wish stop_soon(void *context)
{
    int *left = context;

    return (*left)-- <= 0 ? LK_STOP_NOW : LK_GO_ON;
}

static void a_run_stopped_and_resumed_many_times_counts_the_same(void **state)
{
    int sessions = 0;
    lk_status st = LK_E_STOPPED;
    (void)state;

    remove(path);
    while (st == LK_E_STOPPED) {
        const lk_device_options options = {.threads = (size_t)(1 + sessions % 3),
                                           .tile = (size_t)(16 + 7 * sessions)};
        /* Pilots of five problems are five chances to stop; some sessions use them. */
        int left = sessions % 5 == 1 ? 3 : 5 + 4 * (sessions % 2);
        const lk_run_options run = {.draws = DRAWS,
                                    .output = path,
                                    .checkpoint_s = 1e9,
                                    .context = &left,
                                    .on_batch = stop_soon};
        lk_device *device = lk_toy_device(&toy, &options);
        lk_result result = {0};

        if (sessions == 0) {
            assert_int_equal(
                lk_result_init(&result, &toy.spec, toy.problems.index, NULL), LK_OK);
        } else {
            assert_int_equal(lk_result_read(path, &result, NULL), LK_OK);
            assert_int_equal(lk_spec_same(&result.spec, &toy.spec, NULL), LK_OK);
        }
        st = lk_run(cpu_backend(), device, &toy.job, &run, &result, NULL);
        assert_true(st == LK_OK || st == LK_E_STOPPED);
        cpu_backend()->close(device);
        lk_result_release(&result);
        sessions++;
    }
    assert_true(sessions > 3); /* it was stopped in earnest */

    lk_result got = {0};

    assert_int_equal(lk_result_read(path, &got, NULL), LK_OK);
    assert_true(lk_tally_equal(&got.tally, &whole.tally));
    assert_int_equal(access(previous, F_OK), 0);
    lk_result_release(&got);
}

/* 1000 draws, then 9000 of the same: only the missing ones are made. */
static void more_draws_extend_a_result(void **state)
{
    const lk_device_options options = {.threads = 2};
    lk_device *device = lk_toy_device(&toy, &options);
    lk_run_options run = {.draws = 1000};
    lk_result result = {0};
    (void)state;

    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(cpu_backend(), device, &toy.job, &run, &result, NULL),
                     LK_OK);
    assert_true(result.tally.attempts[4] == 1000);
    run.draws = DRAWS;
    assert_int_equal(lk_run(cpu_backend(), device, &toy.job, &run, &result, NULL),
                     LK_OK);
    assert_true(lk_tally_equal(&result.tally, &whole.tally));
    cpu_backend()->close(device);
    lk_result_release(&result);
}

/* Problems in another order and split over two runs: each keeps its counts, because its
 * draws are addressed by its index in the data set. */
static void problems_count_the_same_in_any_order_and_split(void **state)
{
    const size_t pick[2][3] = {{4, 0, 2}, {3, 1, 1}};
    const size_t picked[2] = {3, 2};
    (void)state;

    for (int half = 0; half < 2; half++) {
        lk_toy part = {.decoder = toy.decoder};
        lk_problems *p = &part.problems;
        const lk_device_options options = {.threads = 2};
        lk_result got = {0};

        *p = (lk_problems){.problems = picked[half],
                           .latent = toy.problems.latent,
                           .pixels = toy.problems.pixels,
                           .index = calloc(3, sizeof *p->index),
                           .target = calloc(3 * 51, sizeof *p->target),
                           .mu = calloc(3 * 5, sizeof *p->mu),
                           .sigma = calloc(3 * 5, sizeof *p->sigma)};
        for (size_t i = 0; i < picked[half]; i++) {
            const size_t from = pick[half][i];

            p->index[i] = toy.problems.index[from];
            memcpy(p->target + 51 * i, toy.problems.target + 51 * from,
                   51 * sizeof(float));
            memcpy(p->mu + 5 * i, toy.problems.mu + 5 * from, 5 * sizeof(float));
            memcpy(p->sigma + 5 * i, toy.problems.sigma + 5 * from, 5 * sizeof(float));
        }
        lk_toy_thresholds(&part, toy.spec.threshold, toy.spec.thresholds);
        lk_toy_run(&part, &options, DRAWS, &got);
        for (size_t i = 0; i < picked[half]; i++) {
            const size_t t = toy.spec.thresholds, from = pick[half][i];

            assert_memory_equal(got.tally.successes + i * t,
                                whole.tally.successes + from * t, t * sizeof(uint64_t));
            assert_memory_equal(got.tally.first + i * t, whole.tally.first + from * t,
                                t * sizeof(uint64_t));
            assert_true(got.tally.best[i] == whole.tally.best[from]);
        }
        lk_result_release(&got);
        lk_job_release(&part.job);
        lk_problems_release(&part.problems);
    }
}

/* A backend whose first batch finds problem 2 outside its band. */
static int violations_left;

static lk_status run_with_violation(lk_device *device, const lk_unit *unit,
                                    size_t units, lk_tally *tally, lk_run_notes *notes,
                                    lk_error *err)
{
    const lk_status st = cpu_backend()->run(device, unit, units, tally, notes, err);

    if (violations_left-- > 0) {
        notes->violation[2] = 0.125;
        tally->successes[2 * tally->thresholds] += 1000; /* the damage it stands for */
    }
    return st;
}

static void count_warning(void *context, const char *text)
{
    (void)text;
    (*(int *)context)++;
}

static void a_violated_band_is_widened_and_its_attempts_made_again(void **state)
{
    const lk_device_options options = {.threads = 2};
    lk_device *device = lk_toy_device(&toy, &options);
    lk_backend backend = *cpu_backend();
    int warnings = 0;
    const lk_run_options run = {
        .draws = DRAWS, .context = &warnings, .on_warning = count_warning};
    lk_result result = {0};
    (void)state;

    backend.run = run_with_violation;
    violations_left = 1;
    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(&backend, device, &toy.job, &run, &result, NULL), LK_OK);
    assert_true(lk_tally_equal(&result.tally, &whole.tally));
    assert_true(result.violations == 1);
    assert_true(result.guard[2] == LK_GUARD_SCALE * 0.125);
    assert_true(result.guard[1] < 0.1);
    assert_int_equal(warnings, 1);
    cpu_backend()->close(device);
    lk_result_release(&result);
}

/* Ranks that are stopped within a batch may have found a violation before. */
static lk_status run_and_stop(lk_device *device, const lk_unit *unit, size_t units,
                              lk_tally *tally, lk_run_notes *notes, lk_error *err)
{
    if (violations_left-- > 0) {
        return cpu_backend()->run(device, unit, units, tally, notes, err);
    }
    notes->violation[0] = 0.125;
    return LK_FAIL(err, LK_E_STOPPED, "stopped");
}

static void a_violation_is_heeded_in_a_batch_that_was_stopped(void **state)
{
    const lk_device_options options = {.threads = 2};
    lk_device *device = lk_toy_device(&toy, &options);
    lk_backend backend = *cpu_backend();
    const lk_run_options run = {.draws = DRAWS};
    lk_result result = {0};
    (void)state;

    backend.run = run_and_stop;
    violations_left = 1; /* a whole batch, of problem 0 */
    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(&backend, device, &toy.job, &run, &result, NULL),
                     LK_E_STOPPED);
    assert_true(result.guard[0] == LK_GUARD_SCALE * 0.125);
    assert_true(result.tally.attempts[0] == 0 && result.done[0].count == 0);
    assert_int_equal(lk_run(cpu_backend(), device, &toy.job, &run, &result, NULL),
                     LK_OK);
    assert_true(lk_tally_equal(&result.tally, &whole.tally));
    cpu_backend()->close(device);
    lk_result_release(&result);
}

/* A device that takes 2 ms a draw: two looks at the clock are never far apart. */
static double longest_wait_s, asked_s;

static lk_status run_slowly(lk_device *device, const lk_unit *unit, size_t units,
                            lk_tally *tally, lk_run_notes *notes, lk_error *err)
{
    uint64_t draws = 0;

    for (size_t u = 0; u < units; u++) draws += unit[u].count;
    lk_clock_wait(0.002 * (double)draws);
    return cpu_backend()->run(device, unit, units, tally, notes, err);
}

static lk_wish time_asks(void *context)
{
    const double now = lk_clock_s();

    if (asked_s > 0.0) longest_wait_s = fmax(longest_wait_s, now - asked_s);
    asked_s = now;
    return (*(int *)context)-- <= 0 ? LK_STOP_NOW : LK_GO_ON;
}

static void a_slow_device_is_asked_to_stop_as_often(void **state)
{
    const lk_device_options options = {.threads = 1};
    lk_device *device = lk_toy_device(&toy, &options);
    lk_backend backend = *cpu_backend();
    int left = 12;
    const lk_run_options run = {
        .draws = DRAWS, .context = &left, .on_batch = time_asks};
    lk_result result = {0};
    (void)state;

    backend.run = run_slowly;
    longest_wait_s = asked_s = 0.0;
    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(&backend, device, &toy.job, &run, &result, NULL),
                     LK_E_STOPPED);
    assert_true(result.tally.attempts[0] > 0);
    assert_true(longest_wait_s < 2.0); /* 0.5 s for the first batch, then 0.25 */
    cpu_backend()->close(device);
    lk_result_release(&result);
}

/* A full disk has some seconds to be emptied before the work is lost. */
static void make_folder(void *context, const char *text)
{
    (void)text;
    if ((*(int *)context)++ == 1) rmdir(path);
}

static void the_last_write_is_tried_again(void **state)
{
    const lk_device_options options = {.threads = 2};
    lk_device *device = lk_toy_device(&toy, &options);
    int warnings = 0;
    lk_run_options run = {.draws = 100,
                          .output = path,
                          .checkpoint_s = 1e9,
                          .patience_s = 60.0,
                          .context = &warnings,
                          .on_warning = make_folder};
    lk_result result = {0}, got = {0};
    (void)state;

    remove(path);
    assert_int_equal(mkdir(path, 0777), 0); /* in the way until the second warning */
    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(cpu_backend(), device, &toy.job, &run, &result, NULL),
                     LK_OK);
    assert_int_equal(warnings, 2);
    assert_int_equal(lk_result_read(path, &got, NULL), LK_OK);
    cpu_backend()->close(device);
    lk_result_release(&result);
    lk_result_release(&got);
}

static void an_output_that_cannot_be_written_warns_and_then_fails(void **state)
{
    const lk_device_options options = {.threads = 2};
    lk_device *device = lk_toy_device(&toy, &options);
    int warnings = 0;
    const lk_run_options run = {.draws = DRAWS,
                                .output = "/nowhere/at/all/run.safetensors",
                                .context = &warnings,
                                .on_warning = count_warning};
    lk_result result = {0};
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(cpu_backend(), device, &toy.job, &run, &result, &err),
                     LK_E_IO);
    assert_non_null(strstr(err.text, "/nowhere/at/all"));
    assert_true(warnings >= 1);
    assert_true(lk_tally_equal(&result.tally, &whole.tally)); /* the work is not lost */
    cpu_backend()->close(device);
    lk_result_release(&result);
}

/* Infinity, as an audit of a score that overflowed may say, has no JSON. */
static lk_status run_with_infinite_audit(lk_device *device, const lk_unit *unit,
                                         size_t units, lk_tally *tally,
                                         lk_run_notes *notes, lk_error *err)
{
    notes->audit_largest = (double)INFINITY;
    return cpu_backend()->run(device, unit, units, tally, notes, err);
}

static void an_infinite_audit_does_not_cost_the_result(void **state)
{
    const lk_device_options options = {.threads = 2};
    const lk_run_options run = {.draws = 100, .output = path, .checkpoint_s = 1e9};
    lk_device *device = lk_toy_device(&toy, &options);
    lk_backend backend = *cpu_backend();
    lk_result result = {0};
    (void)state;

    backend.run = run_with_infinite_audit;
    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(&backend, device, &toy.job, &run, &result, NULL), LK_OK);
    cpu_backend()->close(device);
    lk_result_release(&result);
}

/* Five problems of 2^62 attempts are more than a counter holds. */
static lk_wish stop_at_once(void *context)
{
    (void)context;
    return LK_STOP_NOW;
}

static void keep_total(void *context, const lk_progress *progress)
{
    (void)context;
    assert_true(progress->total == UINT64_MAX);
    assert_true(progress->done < progress->total);
}

static void progress_of_the_longest_run_does_not_wrap(void **state)
{
    const lk_device_options options = {.threads = 2};
    const lk_run_options run = {.draws = lk_attempts_max(5),
                                .on_batch = stop_at_once,
                                .on_progress = keep_total};
    lk_device *device = lk_toy_device(&toy, &options);
    lk_result result = {0};
    (void)state;

    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(cpu_backend(), device, &toy.job, &run, &result, NULL),
                     LK_E_STOPPED);
    cpu_backend()->close(device);
    lk_result_release(&result);
}

static void traces_are_the_scores_of_the_first_attempts(void **state)
{
    enum { TRACED = 21 };
    const lk_device_options options = {.threads = 2};
    const lk_run_options run = {.draws = 100, .trace = TRACED};
    lk_device *device = lk_toy_device(&toy, &options);
    uint64_t attempt[TRACED];
    double sse[TRACED];
    lk_result result = {0};
    (void)state;

    assert_int_equal(lk_result_init(&result, &toy.spec, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(cpu_backend(), device, &toy.job, &run, &result, NULL),
                     LK_OK);
    for (uint64_t j = 0; j < TRACED; j++) attempt[j] = j;
    assert_int_equal(cpu_backend()->score(device, LK_SCORER_CANONICAL, 3, attempt,
                                          TRACED, sse, NULL),
                     LK_OK);
    for (size_t j = 0; j < TRACED; j++) {
        assert_true(result.trace[3 * TRACED + j] == sse[j] / 51.0);
    }
    cpu_backend()->close(device);
    lk_result_release(&result);
}

static void more_draws_than_addresses_are_refused(void **state)
{
    const size_t width[] = {20, 4, 3};
    const lk_activation activation[] = {LK_RELU, LK_SIGMOID};
    const lk_run_options run = {.draws = UINT64_C(1) << 62};
    const lk_device_options options = {0};
    lk_toy wide;
    lk_result result = {0};
    lk_device *device;
    lk_error err = {0};
    (void)state;

    lk_toy_make_deep(&wide, 2, width, activation, 1);
    device = lk_toy_device(&wide, &options);
    assert_int_equal(lk_result_init(&result, &wide.spec, wide.problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_run(cpu_backend(), device, &wide.job, &run, &result, &err),
                     LK_E_ARG);
    assert_non_null(strstr(err.text, "3689348814741910323"));
    cpu_backend()->close(device);
    lk_result_release(&result);
    lk_toy_release(&wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_stopped_and_resumed_many_times_counts_the_same),
        cmocka_unit_test(several_devices_count_like_one),
        cmocka_unit_test(more_draws_extend_a_result),
        cmocka_unit_test(problems_count_the_same_in_any_order_and_split),
        cmocka_unit_test(a_violated_band_is_widened_and_its_attempts_made_again),
        cmocka_unit_test(a_violation_is_heeded_in_a_batch_that_was_stopped),
        cmocka_unit_test(a_slow_device_is_asked_to_stop_as_often),
        cmocka_unit_test(the_last_write_is_tried_again),
        cmocka_unit_test(an_output_that_cannot_be_written_warns_and_then_fails),
        cmocka_unit_test(an_infinite_audit_does_not_cost_the_result),
        cmocka_unit_test(progress_of_the_longest_run_does_not_wrap),
        cmocka_unit_test(traces_are_the_scores_of_the_first_attempts),
        cmocka_unit_test(more_draws_than_addresses_are_refused),
    };
    return cmocka_run_group_tests_name("run", tests, set_up, tear_down);
}
