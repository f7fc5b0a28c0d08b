/* test_shared.c - results that share their draws: each as a run of its own would make it. */
#include <stdlib.h>
#include <string.h>

#include "largek/largek.h"
#include "support/check.h"
#include "support/toy.h"

enum { CELLS = 4, PROBLEMS = 5, DRAWS = 700, MOST = 3 };

static lk_toy toy;
static lk_spec spec[CELLS]; /* a score each */
static lk_result apart[CELLS];

static const lk_backend *cpu_backend(void)
{
    const lk_backend *cpu = NULL;

    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    return cpu;
}

static lk_status run_job(const lk_job *job, const lk_device_options *options,
                         const lk_run_options *run, lk_result *result)
{
    lk_device *device = NULL;

    assert_int_equal(cpu_backend()->open(0, &job->work, options, &device, NULL), LK_OK);

    const lk_status st = lk_run(cpu_backend(), device, job, run, result, NULL);

    cpu_backend()->close(device);
    return st;
}

static void run_alone(lk_result *cell, uint64_t draws)
{
    const lk_device_options options = {.threads = 1};
    const lk_run_options run = {.draws = draws};
    lk_job job = {0};

    assert_int_equal(lk_job_init(&job, &toy.decoder, &toy.problems, &cell->spec, NULL),
                     LK_OK);
    assert_int_equal(run_job(&job, &options, &run, cell), LK_OK);
    lk_job_release(&job);
}

/* Half of the thresholds lie within rounding of the score of some draw, where fast scores
 * alone would be wrong; the rest are spread over what draws make.  Lists of different
 * lengths. */
static void make_specs(void)
{
    static const size_t count[CELLS] = {3, 2, 1, 3};

    lk_toy_hard_thresholds(&toy);
    for (size_t c = 0; c < CELLS; c++) {
        const lk_score score = (lk_score)c;
        double threshold[MOST];

        for (size_t t = 0; t < count[c]; t++) {
            const size_t hard = (7 * t + 3 * (c % 3)) % toy.spec.thresholds;
            const double sse = toy.spec.threshold[hard] * (double)toy.problems.pixels;

            threshold[t] = lk_score_of_sse(score, sse * (double)(t == 1 ? 2 : 1),
                                           toy.problems.target, toy.problems.pixels);
        }
        spec[c] = toy.spec;
        assert_int_equal(lk_spec_set_score(&spec[c], score, threshold, count[c], NULL),
                         LK_OK);
    }
}

static void make_cells(lk_result *cell)
{
    for (size_t c = 0; c < CELLS; c++) {
        assert_int_equal(lk_result_init(&cell[c], &spec[c], toy.problems.index, NULL),
                         LK_OK);
    }
}

static void release_cells(lk_result *cell)
{
    for (size_t c = 0; c < CELLS; c++) lk_result_release(&cell[c]);
}

static int set_up(void **state)
{
    (void)state;
    lk_toy_make(&toy, LK_RELU, PROBLEMS);
    make_specs();
    make_cells(apart);
    for (size_t c = 0; c < CELLS; c++) run_alone(&apart[c], DRAWS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    release_cells(apart);
    lk_toy_release(&toy);
    return 0;
}

static lk_status open_all(lk_result *cell, lk_shared *shared, lk_job *job)
{
    lk_result *all[CELLS];

    for (size_t c = 0; c < CELLS; c++) all[c] = &cell[c];
    return lk_shared_open(shared, job, &toy.decoder, &toy.problems, all, CELLS, NULL);
}

/* One path on one machine, so histograms of fast scores are the same as well. */
static void check_as_apart(const lk_result *cell)
{
    for (size_t c = 0; c < CELLS; c++) {
        assert_true(lk_tally_equal(&cell[c].tally, &apart[c].tally));
        assert_memory_equal(cell[c].tally.histogram, apart[c].tally.histogram,
                            PROBLEMS * LK_HISTOGRAM_BINS * sizeof(uint64_t));
        for (size_t p = 0; p < PROBLEMS; p++) {
            assert_int_equal(cell[c].done[p].count, 1);
            assert_true(cell[c].done[p].range[0].end == DRAWS);
        }
    }
}

static void every_cell_is_a_run_of_its_own(void **state)
{
    const lk_run_options run = {.draws = DRAWS};
    uint64_t successes = 0;
    (void)state;

    for (size_t variant = 0; variant < 3; variant++) {
        const lk_device_options options = {.threads = 1 + variant,
                                           .tile = variant == 2 ? 7 : 0};
        lk_result cell[CELLS];
        lk_shared shared = {0};
        lk_job job = {0};

        make_cells(cell);
        assert_int_equal(open_all(cell, &shared, &job), LK_OK);
        assert_int_equal(shared.result.spec.thresholds, 9);
        assert_int_equal(run_job(&job, &options, &run, &shared.result), LK_OK);
        assert_int_equal(lk_shared_deal(&shared, NULL), LK_OK);
        check_as_apart(cell);
        for (size_t c = 0; c < CELLS; c++) {
            successes += cell[c].tally.successes[0];
            assert_true(lk_shared_successes(&shared, c, 0, 4) ==
                        cell[c].tally.successes[4 * cell[c].spec.thresholds]);
        }
        assert_true(successes > 0);
        lk_shared_close(&shared);
        lk_job_release(&job);
        release_cells(cell);
    }
}

/* Without a target that changes the order, the test above would see no permutation. */
static void the_order_of_limits_depends_on_the_problem(void **state)
{
    lk_result cell[CELLS];
    lk_shared shared = {0};
    lk_job job = {0};
    size_t others = 0;
    (void)state;

    make_cells(cell);
    assert_int_equal(open_all(cell, &shared, &job), LK_OK);
    for (size_t p = 0; p < PROBLEMS; p++) {
        const size_t columns = shared.result.spec.thresholds;

        others += memcmp(shared.place, shared.place + p * columns,
                         columns * sizeof *shared.place) != 0;
        for (size_t i = 1; i < columns; i++) {
            assert_true(job.limit[p * columns + i - 1] <= job.limit[p * columns + i]);
        }
    }
    assert_true(others > 0);
    lk_shared_close(&shared);
    lk_job_release(&job);
    release_cells(cell);
}

static void a_shared_run_is_gone_on_with(void **state)
{
    const lk_device_options options = {.threads = 1};
    lk_result cell[CELLS];
    (void)state;

    make_cells(cell);
    for (uint64_t draws = 100; draws <= DRAWS; draws += 100) {
        const lk_run_options run = {.draws = draws};
        lk_shared shared = {0};
        lk_job job = {0};

        assert_int_equal(open_all(cell, &shared, &job), LK_OK);
        assert_int_equal(run_job(&job, &options, &run, &shared.result), LK_OK);
        assert_int_equal(lk_shared_deal(&shared, NULL), LK_OK);
        lk_shared_close(&shared);
        lk_job_release(&job);
    }
    check_as_apart(cell);
    release_cells(cell);
}

/* A score that comes later catches up by itself, and then shares. */
static void a_score_added_later_shares_once_it_fits(void **state)
{
    const lk_device_options options = {.threads = 1};
    const lk_run_options run = {.draws = DRAWS};
    lk_result cell[CELLS];
    lk_shared shared = {0};
    lk_job job = {0};
    (void)state;

    make_cells(cell);
    for (size_t c = 0; c < CELLS; c++) {
        if (c != 3) run_alone(&cell[c], 300);
    }
    assert_false(lk_shared_fits(&cell[0], &cell[3]));
    assert_int_equal(open_all(cell, &shared, &job), LK_E_ARG);
    run_alone(&cell[3], 300);
    assert_true(lk_shared_fits(&cell[0], &cell[3]));
    assert_int_equal(open_all(cell, &shared, &job), LK_OK);
    assert_int_equal(run_job(&job, &options, &run, &shared.result), LK_OK);
    assert_int_equal(lk_shared_deal(&shared, NULL), LK_OK);
    check_as_apart(cell);
    lk_shared_close(&shared);
    lk_job_release(&job);
    release_cells(cell);
}

static void notes_are_dealt_out_once(void **state)
{
    const lk_device_options options = {.threads = 1};
    const lk_run_options run = {.draws = DRAWS};
    lk_result cell[CELLS];
    lk_shared shared = {0};
    lk_job job = {0};
    (void)state;

    make_cells(cell);
    for (size_t c = 0; c < CELLS; c++) cell[c].guard[2] = 1e-4 * (double)(1 + c);
    cell[1].redecided = 40;
    assert_int_equal(open_all(cell, &shared, &job), LK_OK);
    assert_true(shared.result.guard[2] == 1e-4 * (double)CELLS); /* the widest */
    assert_int_equal(run_job(&job, &options, &run, &shared.result), LK_OK);
    assert_true(shared.result.redecided > 0 && shared.result.seconds > 0.0);
    for (int times = 0; times < 2; times++) {
        assert_int_equal(lk_shared_deal(&shared, NULL), LK_OK);
        for (size_t c = 0; c < CELLS; c++) {
            assert_true(cell[c].redecided ==
                        shared.result.redecided + (c == 1 ? 40 : 0));
            assert_true(cell[c].seconds == shared.result.seconds);
            assert_true(cell[c].asked == DRAWS);
            assert_string_equal(cell[c].path, shared.result.path);
            assert_memory_equal(cell[c].guard, shared.result.guard,
                                PROBLEMS * sizeof(double));
        }
    }
    lk_shared_close(&shared);
    lk_job_release(&job);
    release_cells(cell);
}

static void results_of_other_draws_do_not_fit(void **state)
{
    lk_result cell[CELLS];
    lk_result *a = &cell[0], *b = &cell[1];
    (void)state;

    make_cells(cell);
    assert_true(lk_shared_fits(a, b));
    b->spec.temperature = 1.2;
    assert_false(lk_shared_fits(a, b));
    b->spec.temperature = a->spec.temperature;
    b->spec.seed++;
    assert_false(lk_shared_fits(a, b));
    b->spec.seed--;
    a->spec.until = b->spec.until = (lk_until){
        .kind = LK_UNTIL_SUCCESSES, .threshold = a->spec.threshold[0], .successes = 2};
    assert_false(lk_shared_fits(a, b));
    a->spec.until = b->spec.until = (lk_until){0};
    b->traced = 1;
    assert_false(lk_shared_fits(a, b));
    b->traced = 0;
    b->index[1]++;
    assert_false(lk_shared_fits(a, b));
    b->index[1]--;
    b->tally.best[4] = 1.0;
    assert_false(lk_shared_fits(a, b));
    b->tally.best[4] = a->tally.best[4];
    b->tally.histogram[LK_HISTOGRAM_BINS * PROBLEMS - 1] = 1;
    assert_false(lk_shared_fits(a, b));
    b->tally.histogram[LK_HISTOGRAM_BINS * PROBLEMS - 1] = 0;
    assert_int_equal(lk_ranges_add(&b->done[4], 3, 4, NULL), LK_OK);
    assert_false(lk_shared_fits(a, b));
    assert_int_equal(lk_ranges_add(&a->done[4], 3, 5, NULL), LK_OK);
    assert_false(lk_shared_fits(a, b));
    release_cells(cell);
}

static void no_more_thresholds_than_a_run_counts(void **state)
{
    enum { MANY = LK_THRESHOLDS_MAX / 2 + 1 };
    double threshold[MANY];
    lk_result cell[2] = {{.traced = 0}};
    lk_result *both[2] = {&cell[0], &cell[1]};
    lk_shared shared = {0};
    lk_job job = {0};
    lk_error err = {0};
    (void)state;

    for (size_t t = 0; t < MANY; t++) threshold[t] = 0.01 * (double)(t + 1);
    for (size_t c = 0; c < 2; c++) {
        lk_spec many = toy.spec;

        assert_int_equal(
            lk_spec_set_score(&many, (lk_score)c, threshold, MANY - c, NULL), LK_OK);
        assert_int_equal(lk_result_init(&cell[c], &many, toy.problems.index, NULL),
                         LK_OK);
    }
    assert_int_equal(
        lk_shared_open(&shared, &job, &toy.decoder, &toy.problems, both, 2, &err),
        LK_E_ARG);
    assert_non_null(strstr(err.text, "65 thresholds"));
    assert_int_equal(
        lk_shared_open(&shared, &job, &toy.decoder, &toy.problems, both, 0, NULL),
        LK_E_ARG);
    for (size_t c = 0; c < 2; c++) lk_result_release(&cell[c]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_is_a_run_of_its_own),
        cmocka_unit_test(the_order_of_limits_depends_on_the_problem),
        cmocka_unit_test(a_shared_run_is_gone_on_with),
        cmocka_unit_test(a_score_added_later_shares_once_it_fits),
        cmocka_unit_test(notes_are_dealt_out_once),
        cmocka_unit_test(results_of_other_draws_do_not_fit),
        cmocka_unit_test(no_more_thresholds_than_a_run_counts),
    };
    return cmocka_run_group_tests_name("shared", tests, set_up, tear_down);
}
