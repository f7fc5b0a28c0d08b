/* test_cluster.c - ranks as threads: the same counts as alone, failures that reach rank 0,
 * and messages that are not what they should be. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/labour.h"
#include "largek/largek.h"
#include "support/check.h"
#include "support/office.h"
#include "support/toy.h"

/* What a rank's device does beside what the cpu does. */
typedef enum { SOUND, OPENS_NOT, RUNS_NOT, VIOLATES, MUTE } manner;

static int stop_wished;

static int stop(void)
{
    return __atomic_load_n(&stop_wished, __ATOMIC_SEQ_CST);
}

static const lk_backend *cpu(void)
{
    const lk_backend *backend = NULL;

    (void)lk_backend_find("cpu", &backend, NULL);
    return backend;
}

static lk_status run_not(lk_device *device, const lk_unit *unit, size_t units,
                         lk_tally *tally, lk_run_notes *notes, lk_error *err)
{
    (void)device, (void)unit, (void)units, (void)tally, (void)notes;
    return LK_FAIL(err, LK_E_DEVICE, "the fan has stopped");
}

static int violations_left;

static lk_status run_violating(lk_device *device, const lk_unit *unit, size_t units,
                               lk_tally *tally, lk_run_notes *notes, lk_error *err)
{
    if (__atomic_fetch_sub(&violations_left, 1, __ATOMIC_SEQ_CST) > 0) {
        notes->violation[unit[0].problem] = 0.125;
    }
    return cpu()->run(device, unit, units, tally, notes, err);
}

/* Longer than anybody waits for it. */
static lk_status run_mute(lk_device *device, const lk_unit *unit, size_t units,
                          lk_tally *tally, lk_run_notes *notes, lk_error *err)
{
    lk_nap(1.0);
    return cpu()->run(device, unit, units, tally, notes, err);
}

/* A rank, and what it ended with. */
typedef struct {
    pthread_t thread;
    lk_cluster *cluster;
    manner manner;
    lk_backend backend;
    lk_status status;
} rank;

static lk_status opener(void *context, const lk_workload *workload,
                        const lk_backend **backend, lk_device **device, lk_error *err)
{
    rank *r = context;
    const lk_device_options options = {.threads = 1, .tile = 64};

    if (r->manner == OPENS_NOT) return LK_FAIL(err, LK_E_MISSING, "nothing to open");
    r->backend = *cpu();
    if (r->manner == RUNS_NOT) r->backend.run = run_not;
    if (r->manner == VIOLATES) r->backend.run = run_violating;
    if (r->manner == MUTE) r->backend.run = run_mute;
    *backend = &r->backend;
    return cpu()->open(0, workload, &options, device, err);
}

static void *serve(void *context)
{
    rank *r = context;

    r->status = lk_cluster_serve(r->cluster, opener, r, NULL);
    lk_cluster_leave(r->cluster);
    return NULL;
}

/* Ranks 1 .. ranks - 1 at service, the last of them of that manner. */
static void team_start(rank *team, size_t ranks, manner last)
{
    lk_peers *peers[OFFICE_RANKS_MAX];
    lk_rank_place place[OFFICE_RANKS_MAX];

    __atomic_store_n(&stop_wished, 0, __ATOMIC_SEQ_CST);
    office_open(ranks, peers, place);
    for (size_t r = 0; r < ranks; r++) {
        team[r] = (rank){.manner = r > 0 && r == ranks - 1 ? last : SOUND};
        assert_int_equal(lk_cluster_start(&office_transport, peers[r], &place[r], stop,
                                          &team[r].cluster, NULL),
                         LK_OK);
        if (r == 0) continue;
        assert_int_equal(pthread_create(&team[r].thread, NULL, serve, &team[r]), 0);
    }
}

static void team_end(rank *team, size_t ranks)
{
    lk_cluster_leave(team[0].cluster);
    for (size_t r = 1; r < ranks; r++) {
        assert_int_equal(pthread_join(team[r].thread, NULL), 0);
        assert_int_equal(team[r].status, LK_OK);
    }
}

/* lk_run on a team. */
static lk_status team_run(rank *team, const lk_toy *toy, uint64_t draws,
                          lk_result *result, lk_error *err)
{
    const lk_run_options options = {.draws = draws, .checkpoint_s = 1e9};
    const lk_backend *backend = NULL;
    lk_device *device = NULL;
    lk_status st = lk_cluster_open(team[0].cluster, &toy->job.work, opener, &team[0],
                                   &backend, &device, err);

    assert_int_equal(lk_result_init(result, &toy->spec, toy->problems.index, NULL),
                     LK_OK);
    if (st != LK_OK) return st;
    st = lk_run(backend, device, &toy->job, &options, result, err);
    backend->close(device);
    return st;
}

static void counts_do_not_depend_on_ranks(void **state)
{
    lk_toy toy;
    lk_result alone;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 7);
    lk_toy_hard_thresholds(&toy);
    lk_toy_run(&toy, &(lk_device_options){.threads = 1}, 20000, &alone);
    for (size_t ranks = 1; ranks <= OFFICE_RANKS_MAX; ranks++) {
        rank team[OFFICE_RANKS_MAX];
        lk_result result;

        team_start(team, ranks, SOUND);
        assert_int_equal(team_run(team, &toy, 20000, &result, NULL), LK_OK);
        team_end(team, ranks);
        assert_true(lk_tally_equal(&alone.tally, &result.tally));
        assert_memory_equal(alone.tally.histogram, result.tally.histogram,
                            7 * LK_HISTOGRAM_BINS * sizeof(uint64_t));
        assert_true(alone.audited == result.audited);

        lk_result_release(&result);
    }
    lk_result_release(&alone);
    lk_toy_release(&toy);
}

/* Several devices one after the other, as a sweep opens them. */
static void a_team_takes_one_workload_after_the_other(void **state)
{
    rank team[3];
    (void)state;

    team_start(team, 3, SOUND);
    for (size_t problems = 1; problems <= 5; problems += 4) {
        lk_toy toy;
        lk_result alone, result;

        lk_toy_make(&toy, LK_TANH, problems);
        lk_toy_run(&toy, &(lk_device_options){.threads = 1}, 3000, &alone);
        assert_int_equal(team_run(team, &toy, 3000, &result, NULL), LK_OK);
        assert_true(lk_tally_equal(&alone.tally, &result.tally));
        lk_result_release(&alone);
        lk_result_release(&result);
        lk_toy_release(&toy);
    }
    team_end(team, 3);
}

static void violations_travel(void **state)
{
    rank team[2];
    lk_toy toy;
    lk_result alone, result;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 5);
    lk_toy_run(&toy, &(lk_device_options){.threads = 1}, 30000, &alone);
    violations_left = 1;
    team_start(team, 2, VIOLATES);
    assert_int_equal(team_run(team, &toy, 30000, &result, NULL), LK_OK);
    team_end(team, 2);
    assert_true(result.violations == 1);
    assert_true(lk_tally_equal(&alone.tally, &result.tally));
    lk_result_release(&alone);
    lk_result_release(&result);
    lk_toy_release(&toy);
}

/* What rank 0 hears of a failure of the last of three. */
static lk_status failure_of(manner last, double patience_s, lk_error *err)
{
    rank team[3];
    lk_toy toy;
    lk_result result;
    lk_status st;

    lk_toy_make(&toy, LK_RELU, 5);
    team_start(team, 3, last);
    team[0].cluster->patience_s = patience_s;
    st = team_run(team, &toy, 1000000, &result, err);
    team_end(team, 3);
    lk_result_release(&result);
    lk_toy_release(&toy);
    return st;
}

static void failures_reach_rank_0(void **state)
{
    lk_error err = {0};
    (void)state;

    assert_int_equal(failure_of(OPENS_NOT, 60.0, &err), LK_E_MISSING);
    assert_string_equal(err.text, "rank 2 on desk2: nothing to open");
    assert_int_equal(failure_of(RUNS_NOT, 60.0, &err), LK_E_DEVICE);
    assert_string_equal(err.text, "rank 2 on desk2: the fan has stopped");
    assert_int_equal(failure_of(MUTE, 0.2, &err), LK_E_DEVICE);
    assert_non_null(strstr(err.text, "rank 2 on desk2 has said nothing for"));
}

/* A run that is given up adds nothing; the next one is not disturbed by what comes late. */
static void a_stopped_run_leaves_the_tally_alone(void **state)
{
    const lk_unit unit[3] = {{0, 0, 50}, {1, 0, 50}, {2, 0, 50}};
    rank team[2];
    lk_toy toy;
    lk_tally tally, want;
    lk_device *device = NULL, *single;
    const lk_backend *backend = NULL;
    lk_run_notes notes = {.violation = calloc(3, sizeof(double))};
    const double band[3] = {1e-4, 1e-4, 1e-4};
    (void)state;

    lk_toy_make(&toy, LK_RELU, 3);
    assert_int_equal(lk_tally_init(&tally, 3, toy.spec.thresholds, NULL), LK_OK);
    assert_int_equal(lk_tally_init(&want, 3, toy.spec.thresholds, NULL), LK_OK);
    single = lk_toy_device(&toy, &(lk_device_options){.threads = 1});
    assert_int_equal(cpu()->set_guard(single, band, NULL), LK_OK);
    assert_int_equal(cpu()->run(single, unit, 3, &want, &notes, NULL), LK_OK);

    team_start(team, 2, MUTE);
    assert_int_equal(lk_cluster_open(team[0].cluster, &toy.job.work, opener, &team[0],
                                     &backend, &device, NULL),
                     LK_OK);
    assert_int_equal(backend->set_guard(device, band, NULL), LK_OK);
    __atomic_store_n(&stop_wished, 1, __ATOMIC_SEQ_CST);
    assert_int_equal(backend->run(device, unit, 3, &tally, &notes, NULL), LK_E_STOPPED);
    for (size_t p = 0; p < 3; p++) assert_true(tally.attempts[p] == 0);
    __atomic_store_n(&stop_wished, 0, __ATOMIC_SEQ_CST);
    assert_int_equal(backend->run(device, unit, 3, &tally, &notes, NULL), LK_OK);
    assert_true(lk_tally_equal(&tally, &want));
    backend->close(device);
    team_end(team, 2);

    cpu()->close(single);
    free(notes.violation);
    lk_tally_release(&tally);
    lk_tally_release(&want);
    lk_toy_release(&toy);
}

/* Asks the rank at service by hand, and returns what it answers. */
static lk_status ask(lk_cluster *cluster, lk_parcel *question, uint64_t serial,
                     lk_error *err)
{
    assert_int_equal(lk_message_send(cluster, 1, question, NULL), LK_OK);
    for (;;) {
        lk_message message;
        bool got;

        assert_int_equal(lk_message_receive(cluster, &message, &got, NULL), LK_OK);
        if (!got) {
            lk_nap(1e-3);
            continue;
        }
        assert_int_equal(message.word, LK_WORD_ANSWER);
        assert_true(message.serial == serial);

        char host[64];

        lk_parcel_take_text(&message.parcel, host, sizeof host);
        const lk_status st = lk_message_take_status(&message, host, err);

        lk_parcel_release(&message.parcel);
        return st;
    }
}

static void start_opening(lk_parcel *question, const char *build, const char *digest,
                          const lk_workload *work)
{
    lk_message_start(question, LK_WORD_OPEN, 7);
    lk_parcel_put_text(question, build);
    lk_parcel_put_text(question, "desk0");
    lk_parcel_put_text(question, digest);
    lk_freight_describe(work, question);
}

static void another_build_and_another_workload_are_refused(void **state)
{
    rank team[2];
    lk_toy toy;
    lk_parcel question;
    lk_error err = {0};
    (void)state;

    lk_toy_make(&toy, LK_RELU, 3);
    team_start(team, 2, SOUND);
    start_opening(&question, "0.0.1+ancient", "", &toy.job.work);
    assert_int_equal(ask(team[0].cluster, &question, 7, &err), LK_E_MISMATCH);
    assert_non_null(strstr(err.text, "rank 1 on desk1: runs largek"));
    assert_non_null(strstr(err.text, "rank 0 on desk0 0.0.1+ancient"));

    start_opening(&question, lk_build_id(), "another", &toy.job.work);
    assert_int_equal(ask(team[0].cluster, &question, 7, &err), LK_OK);
    lk_message_start(&question, LK_WORD_SHIP, 8);
    assert_int_equal(lk_message_send(team[0].cluster, 1, &question, NULL), LK_OK);
    assert_int_equal(lk_freight_ship(team[0].cluster, &toy.job.work, NULL), LK_OK);
    lk_message_start(&question, LK_WORD_CLOSE, 0);
    assert_int_equal(ask(team[0].cluster, &question, 8, &err), LK_E_MISMATCH);
    assert_non_null(strstr(err.text, "instead of another"));

    lk_message_start(&question, LK_WORD_GUARD, 9); /* there is no device */
    assert_int_equal(ask(team[0].cluster, &question, 9, &err), LK_E_INTERNAL);
    team_end(team, 2);
    lk_toy_release(&toy);
}

/* The digest of a workload sees every array of it. */
static void a_workload_survives_its_journey_whole(void **state)
{
    lk_toy toy;
    lk_freight freight;
    lk_parcel parcel = {0};
    char before[33], after[33];
    (void)state;

    lk_toy_make(&toy, LK_RELU, 3);
    lk_freight_describe(&toy.job.work, &parcel);
    assert_int_equal(lk_freight_init(&freight, &parcel, NULL), LK_OK);
    assert_true(parcel.at == parcel.bytes);
    assert_int_equal(freight.work.problems, 3);
    assert_int_equal(freight.work.thresholds, toy.job.work.thresholds);
    assert_int_equal(freight.work.outputs, toy.job.work.outputs);
    assert_true(freight.work.seed == toy.job.work.seed);
    assert_int_equal(freight.decoder.layers, toy.decoder.layers);
    assert_int_equal(lk_freight_digest(&freight.work, before, NULL), LK_OK);
    freight.limit[freight.work.problems * freight.work.thresholds - 1] = 1.0;
    assert_int_equal(lk_freight_digest(&freight.work, after, NULL), LK_OK);
    assert_string_not_equal(before, after);
    lk_freight_release(&freight);

    for (size_t bytes = 0; bytes < parcel.bytes; bytes++) { /* cut short */
        lk_parcel cut = {.byte = parcel.byte, .bytes = bytes, .room = parcel.room};

        assert_int_equal(lk_freight_init(&freight, &cut, NULL), LK_E_INTERNAL);
    }
    lk_parcel_release(&parcel);
    lk_toy_release(&toy);
}

static void parcels_give_back_what_was_put(void **state)
{
    lk_parcel parcel = {0};
    char text[8];
    (void)state;

    lk_parcel_put_u64(&parcel, UINT64_MAX - 1);
    lk_parcel_put_f64(&parcel, -0.1);
    lk_parcel_put_text(&parcel, "a long text");
    lk_parcel_put_text(&parcel, "");
    assert_true(lk_parcel_take_u64(&parcel) == UINT64_MAX - 1);
    assert_true(lk_parcel_take_f64(&parcel) == -0.1);
    lk_parcel_take_text(&parcel, text, sizeof text);
    assert_string_equal(text, "a long ");
    lk_parcel_take_text(&parcel, text, sizeof text);
    assert_string_equal(text, "");
    assert_false(parcel.bad);
    assert_true(lk_parcel_take_u64(&parcel) == 0);
    assert_true(parcel.bad);
    lk_parcel_release(&parcel);

    lk_parcel_put_u64(&parcel, UINT64_MAX); /* a text of that length */
    lk_parcel_take_text(&parcel, text, sizeof text);
    assert_true(parcel.bad);
    lk_parcel_release(&parcel);
}

/* A report cut at any length is refused, and nothing is read behind its end. */
static void reports_cut_short_are_refused(void **state)
{
    const lk_unit unit[2] = {{2, 0, 100}, {0, 64, 100}};
    lk_toy toy;
    lk_tally tally, row;
    lk_run_notes notes = {.violation = calloc(3, sizeof(double))};
    lk_labour *labour = NULL;
    lk_device *device;
    lk_message work = {.word = LK_WORD_WORK, .serial = 3}, report = {0};
    uint64_t attempts;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 3);
    device = lk_toy_device(&toy, &(lk_device_options){.threads = 1});
    assert_int_equal(lk_tally_init(&tally, 3, toy.spec.thresholds, NULL), LK_OK);
    assert_int_equal(lk_tally_init(&row, 1, toy.spec.thresholds, NULL), LK_OK);
    assert_int_equal(lk_labour_open(&labour, cpu(), device, &toy.job.work, NULL),
                     LK_OK);
    lk_work_put(&work.parcel, unit, 2, &tally);
    assert_int_equal(lk_labour_give(labour, &work, NULL), LK_OK);
    while (!lk_labour_take(labour, &report.parcel)) lk_labour_wait(labour, 0.1);
    assert_false(lk_labour_busy(labour));

    assert_int_equal(lk_parcel_take_u64(&report.parcel), LK_WORD_REPORT);
    assert_true(lk_parcel_take_u64(&report.parcel) == 3);
    const lk_pace pace = lk_report_pace(&report);
    const size_t at = report.parcel.at, bytes = report.parcel.bytes;

    assert_true(pace.attempts == 200.0 && pace.seconds > 0.0);
    for (size_t cut = at; cut <= bytes; cut++) {
        report.parcel.at = at;
        report.parcel.bytes = cut;
        report.parcel.bad = false;
        assert_int_equal(
            lk_report_add(&report, "", &tally, &row, &notes, &attempts, NULL),
            cut < bytes ? LK_E_INTERNAL : LK_OK);
        if (cut == bytes) assert_true(attempts == 200);
        if (cut < bytes) {
            for (size_t p = 0; p < 3; p++) lk_tally_clear(&tally, p);
        }
    }
    assert_true(tally.attempts[0] == 100 && tally.attempts[1] == 0 &&
                tally.attempts[2] == 100);
    lk_parcel_release(&report.parcel);
    lk_labour_close(labour);
    cpu()->close(device);
    free(notes.violation);
    lk_tally_release(&tally);
    lk_tally_release(&row);
    lk_toy_release(&toy);
}

/* More than is asked for, a problem that is not there: a report of the failure. */
static void work_that_makes_no_sense_is_reported(void **state)
{
    const lk_unit unit[1] = {{3, 0, 100}};
    lk_toy toy;
    lk_tally tally, row;
    lk_run_notes notes = {.violation = calloc(4, sizeof(double))};
    lk_labour *labour = NULL;
    lk_device *device;
    lk_message work = {0}, report = {0};
    uint64_t attempts;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 3);
    device = lk_toy_device(&toy, &(lk_device_options){.threads = 1});
    assert_int_equal(lk_tally_init(&tally, 4, toy.spec.thresholds, NULL), LK_OK);
    assert_int_equal(lk_tally_init(&row, 1, toy.spec.thresholds, NULL), LK_OK);
    assert_int_equal(lk_labour_open(&labour, cpu(), device, &toy.job.work, NULL),
                     LK_OK);
    lk_work_put(&work.parcel, unit, 1, &tally);
    assert_int_equal(lk_labour_give(labour, &work, NULL), LK_OK);
    while (!lk_labour_take(labour, &report.parcel)) lk_labour_wait(labour, 0.1);
    (void)lk_parcel_take_u64(&report.parcel);
    (void)lk_parcel_take_u64(&report.parcel);
    (void)lk_report_pace(&report);
    assert_int_equal(lk_report_add(&report, "", &tally, &row, &notes, &attempts, NULL),
                     LK_E_INTERNAL);
    lk_parcel_release(&report.parcel);
    lk_labour_close(labour);
    cpu()->close(device);
    free(notes.violation);
    lk_tally_release(&tally);
    lk_tally_release(&row);
    lk_toy_release(&toy);
}

static void a_process_by_itself_is_no_cluster(void **state)
{
    lk_cluster *cluster = NULL;
    lk_rank_place place;
    lk_error err = {0};
    (void)state;

    unsetenv("OMPI_COMM_WORLD_SIZE");
    unsetenv("PMI_SIZE");
    unsetenv("PMIX_RANK");
    setenv("LARGEK_PLUGIN_DIR", "/nowhere", 1);
    assert_int_equal(lk_cluster_join(stop, &cluster, NULL), LK_OK);
    assert_null(cluster);
    lk_cluster_place(cluster, &place);
    assert_true(place.rank == 0 && place.ranks == 1 && place.local_ranks == 1);
    lk_cluster_leave(cluster);
    setenv("PMI_SIZE", "1", 1); /* mpirun -n 1 */
    assert_int_equal(lk_cluster_join(stop, &cluster, NULL), LK_OK);
    assert_null(cluster);

    setenv("PMI_SIZE", "4", 1);
    assert_int_equal(lk_cluster_join(stop, &cluster, &err), LK_E_MISSING);
    assert_non_null(strstr(err.text, "one of 4 processes"));
    unsetenv("PMI_SIZE");
    setenv("SLURM_STEP_NUM_TASKS", "3", 1); /* alone it is no MPI */
    assert_int_equal(lk_cluster_join(stop, &cluster, NULL), LK_OK);
    setenv("PMIX_RANK", "2", 1);
    assert_int_equal(lk_cluster_join(stop, &cluster, &err), LK_E_MISSING);
    assert_non_null(strstr(err.text, "one of 3 processes"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parcels_give_back_what_was_put),
        cmocka_unit_test(a_workload_survives_its_journey_whole),
        cmocka_unit_test(reports_cut_short_are_refused),
        cmocka_unit_test(work_that_makes_no_sense_is_reported),
        cmocka_unit_test(counts_do_not_depend_on_ranks),
        cmocka_unit_test(a_team_takes_one_workload_after_the_other),
        cmocka_unit_test(violations_travel),
        cmocka_unit_test(failures_reach_rank_0),
        cmocka_unit_test(a_stopped_run_leaves_the_tally_alone),
        cmocka_unit_test(another_build_and_another_workload_are_refused),
        cmocka_unit_test(a_process_by_itself_is_no_cluster),
    };
    return cmocka_run_group_tests_name("cluster", tests, NULL, NULL);
}
