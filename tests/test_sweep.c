/* test_sweep.c - results over a grid: written and read back, resumed cell by cell, and
 * what their counts say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "largek/largek.h"
#include "largek/safetensors.h"
#include "support/check.h"
#include "support/files.h"
#include "support/toy.h"

enum { CELLS = 3, DRAWS = 700 };

static const double temperature[CELLS] = {0.9, 1.1, 1.3};

static lk_toy toy;
static lk_sweep whole;

static const lk_backend *cpu_backend(void)
{
    const lk_backend *cpu = NULL;

    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    return cpu;
}

/* Makes the attempts of one cell that are missing. */
static lk_status run_cell(lk_result *cell, const lk_run_options *run)
{
    const lk_device_options options = {.threads = 1};
    lk_device *device = NULL;
    lk_job job = {0};

    assert_int_equal(lk_job_init(&job, &toy.decoder, &toy.problems, &cell->spec, NULL),
                     LK_OK);
    assert_int_equal(cpu_backend()->open(0, &job.work, &options, &device, NULL), LK_OK);

    const lk_status st = lk_run(cpu_backend(), device, &job, run, cell, NULL);

    cpu_backend()->close(device);
    lk_job_release(&job);
    return st;
}

static void make_empty(lk_sweep *sweep)
{
    assert_int_equal(lk_sweep_init(sweep, CELLS, NULL), LK_OK);
    for (size_t g = 0; g < CELLS; g++) {
        lk_spec spec = toy.spec;

        spec.temperature = temperature[g];
        assert_int_equal(
            lk_result_init(&sweep->cell[g], &spec, toy.problems.index, NULL), LK_OK);
        snprintf(sweep->model[g], LK_MODEL_NAME, "toy");
    }
}

static int set_up(void **state)
{
    const lk_run_options run = {.draws = DRAWS};

    if (scratch_enter(state) != 0) return -1;
    lk_toy_make(&toy, LK_RELU, 5);
    make_empty(&whole);
    for (size_t g = 0; g < CELLS; g++) {
        if (run_cell(&whole.cell[g], &run) != LK_OK) return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    lk_sweep_release(&whole);
    lk_toy_release(&toy);
    return scratch_leave(state);
}

static void check_same(const lk_sweep *got)
{
    assert_int_equal(got->cells, CELLS);
    for (size_t g = 0; g < CELLS; g++) {
        assert_true(lk_tally_equal(&got->cell[g].tally, &whole.cell[g].tally));
        assert_int_equal(lk_spec_same(&got->cell[g].spec, &whole.cell[g].spec, NULL),
                         LK_OK);
        assert_memory_equal(got->cell[g].index, toy.problems.index,
                            5 * sizeof(uint64_t));
        assert_int_equal(got->cell[g].done[4].count, 1);
        assert_string_equal(got->model[g], "toy");
    }
}

static void a_sweep_is_read_as_it_was_written(void **state)
{
    lk_sweep got = {0};
    lk_safetensors file = {0};
    const lk_tensor *t;
    (void)state;

    assert_int_equal(lk_sweep_write("s", &whole, NULL), LK_OK);
    assert_true(lk_result_recognise("s"));
    assert_int_equal(lk_sweep_read("s", &got, NULL), LK_OK);
    check_same(&got);
    lk_sweep_release(&got);

    assert_int_equal(lk_safetensors_read("s", &file, NULL), LK_OK);
    t = lk_safetensors_find(&file, "successes");
    assert_non_null(t);
    assert_int_equal(t->rank, 3);
    assert_true(t->shape[0] == CELLS && t->shape[1] == 5 && t->shape[2] == 5);
    t = lk_safetensors_find(&file, "index");
    assert_true(t != NULL && t->rank == 1 && t->shape[0] == 5);
    lk_safetensors_release(&file);
}

static void a_sweep_of_one_cell_is_a_result(void **state)
{
    const lk_sweep one = {.cells = 1, .cell = &whole.cell[1], .model = &whole.model[1]};
    lk_result result = {0};
    lk_sweep got = {0};
    (void)state;

    assert_int_equal(lk_sweep_write("one", &one, NULL), LK_OK);
    assert_int_equal(lk_result_read("one", &result, NULL), LK_OK);
    assert_true(lk_tally_equal(&result.tally, &whole.cell[1].tally));
    lk_result_release(&result);
    assert_int_equal(lk_sweep_read("one", &got, NULL), LK_OK);
    assert_int_equal(got.cells, 1);
    assert_true(lk_tally_equal(&got.cell[0].tally, &whole.cell[1].tally));
    lk_sweep_release(&got);
}

static void a_sweep_is_no_result(void **state)
{
    lk_result result = {0};
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_sweep_write("s", &whole, NULL), LK_OK);
    assert_int_equal(lk_result_read("s", &result, &err), LK_E_MISMATCH);
    assert_non_null(strstr(err.text, "sweep of 3 cells"));
}

/* Stops after each batch; what is saved is the sweep, by the run's own checkpoints. */
typedef struct {
    const lk_sweep *sweep;
    int saves;
} saver;

static lk_status save_all(void *context, lk_error *err)
{
    saver *s = context;

    s->saves++;
    return lk_sweep_write("s", s->sweep, err);
}

static void no_progress(void *context, const lk_progress *progress)
{
    saver *s = context;

    s->saves += progress->made > 0 ? 1000 : 0; /* a batch is through */
}

static lk_wish stop_when_made(void *context)
{
    return ((saver *)context)->saves >= 1000 ? LK_STOP_NOW : LK_GO_ON;
}

static void a_sweep_stopped_in_any_cell_goes_on(void **state)
{
    size_t sessions = 0, stops = 0;
    bool complete = false;
    lk_sweep sweep = {0};
    (void)state;

    make_empty(&sweep);
    assert_int_equal(lk_sweep_write("s", &sweep, NULL), LK_OK);
    lk_sweep_release(&sweep);
    while (!complete) {
        saver context = {.sweep = &sweep};
        const lk_run_options run = {.draws = 200 + 100 * (sessions / 4),
                                    .context = &context,
                                    .on_save = save_all,
                                    .on_progress = no_progress,
                                    .on_batch = stop_when_made};
        lk_run_options last = run;
        lk_status st = LK_OK;

        last.draws = run.draws < DRAWS ? run.draws : DRAWS;
        assert_int_equal(lk_sweep_read("s", &sweep, NULL), LK_OK);
        for (size_t g = 0; g < CELLS && st == LK_OK; g++) {
            if (lk_result_missing(&sweep.cell[g], last.draws, last.share) == 0) {
                continue;
            }
            st = run_cell(&sweep.cell[g], &last);
        }
        assert_true(st == LK_OK || st == LK_E_STOPPED);
        stops += st == LK_E_STOPPED;
        complete = st == LK_OK && last.draws == DRAWS;
        lk_sweep_release(&sweep);
        sessions++;
    }
    assert_true(stops >= CELLS);
    assert_int_equal(lk_sweep_read("s", &sweep, NULL), LK_OK);
    check_same(&sweep);
    lk_sweep_release(&sweep);
}

static void counts_have_columns_in_which_cells_differ(void **state)
{
    static const char *const name[CELLS] = {"0.9", "1.1", "1.3"};
    lk_counts counts = {0};
    size_t untried = 7;
    (void)state;

    assert_int_equal(lk_sweep_counts(&whole, &counts, &untried, NULL), LK_OK);
    assert_int_equal(untried, 0);
    assert_int_equal(counts.group_columns, 1);
    assert_string_equal(counts.group_column[0], "temperature");
    assert_int_equal(counts.groups, CELLS * 5);
    for (size_t g = 0; g < counts.groups; g++) {
        const lk_count_group *group = &counts.group[g];
        const lk_tally *tally = &whole.cell[g / 5].tally;

        assert_string_equal(group->value[0], name[g / 5]);
        assert_true(group->threshold == toy.spec.threshold[g % 5]);
        assert_string_equal(group->id[1], "4");
        assert_true(group->n[1] == DRAWS);
        assert_true(group->c[1] == tally->successes[5 + g % 5]);
    }
    lk_counts_release(&counts);
}

static void cells_without_attempts_are_left_out(void **state)
{
    const lk_run_options run = {.draws = 100};
    lk_sweep sweep = {0};
    lk_counts counts = {0};
    size_t untried = 0;
    (void)state;

    make_empty(&sweep);
    assert_int_equal(run_cell(&sweep.cell[1], &run), LK_OK);
    snprintf(sweep.model[2], LK_MODEL_NAME, "other");
    assert_int_equal(lk_sweep_counts(&sweep, &counts, &untried, NULL), LK_OK);
    assert_int_equal(untried, 2);
    assert_int_equal(counts.groups, 5);
    assert_int_equal(counts.group_columns, 2);
    assert_string_equal(counts.group_column[1], "model");
    assert_string_equal(counts.group[0].value[0], "1.1");
    assert_string_equal(counts.group[0].value[1], "toy");
    lk_counts_release(&counts);
    lk_sweep_release(&sweep);
}

static void what_does_not_fit_is_refused(void **state)
{
    lk_sweep sweep = {0};
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_sweep_init(&sweep, 0, NULL), LK_E_ARG);
    assert_int_equal(lk_sweep_init(&sweep, LK_SWEEP_CELLS_MAX + 1, NULL), LK_E_ARG);
    make_empty(&sweep);
    sweep.cell[2].index[3]++;
    assert_int_equal(lk_sweep_write("bad", &sweep, &err), LK_E_ARG);
    assert_non_null(strstr(err.text, "cell 2"));
    lk_sweep_release(&sweep);
    assert_int_equal(access("bad", F_OK), -1);
}

/* Changes one value of a good file, digests made anew, and reads it. */
static void check_spoiled(const char *name, size_t at, int64_t value)
{
    lk_safetensors file = {0};
    lk_sweep got = {0};
    lk_error err = {0};
    int64_t *copy;

    assert_int_equal(lk_safetensors_read("s", &file, NULL), LK_OK);
    for (size_t i = 0; i < file.tensors; i++) {
        lk_tensor *t = &file.tensor[i];

        if (strcmp(t->name, name) != 0) continue;
        copy = malloc(t->bytes);
        assert_non_null(copy);
        memcpy(copy, t->data, t->bytes);
        copy[at] = value;
        t->data = copy;
        assert_int_equal(lk_safetensors_write("spoiled", &file, LK_WRITE_DIGESTS, NULL),
                         LK_OK);
        free(copy);
    }
    lk_safetensors_release(&file);
    assert_int_equal(lk_sweep_read("spoiled", &got, &err), LK_E_MISMATCH);
    assert_non_null(strstr(err.text, "spoiled"));
}

static void a_spoiled_sweep_is_refused(void **state)
{
    (void)state;
    assert_int_equal(lk_sweep_write("s", &whole, NULL), LK_OK);
    check_spoiled("attempts", 2 * 5 + 1, DRAWS + 1);
    check_spoiled("done", 0, CELLS);
    check_spoiled("done", 0, -1);
    check_spoiled("done", 0, 1); /* of another cell */
    check_spoiled("threshold", 7, 0);
    check_spoiled("index", 0, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sweep_is_read_as_it_was_written),
        cmocka_unit_test(a_sweep_of_one_cell_is_a_result),
        cmocka_unit_test(a_sweep_is_no_result),
        cmocka_unit_test(a_sweep_stopped_in_any_cell_goes_on),
        cmocka_unit_test(counts_have_columns_in_which_cells_differ),
        cmocka_unit_test(cells_without_attempts_are_left_out),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(a_spoiled_sweep_is_refused),
    };
    return cmocka_run_group_tests_name("sweep", tests, set_up, tear_down);
}
