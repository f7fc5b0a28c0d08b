/* scale.c - the constants of docs/scale.md, as JSON.
 *
 *     bench_scale files PROBLEMS THRESHOLDS FOLDER    a result: bytes, write, read, merge
 *     bench_scale report THRESHOLDS                   a unit of one problem, as messages
 *     mpirun -n R bench_scale ranks                   a question to all ranks, and a piece
 *
 * Medians of ROUNDS.  A file is written as a checkpoint is: fsync of file and folder.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "cluster/labour.h"
#include "largek/largek.h"

enum { ROUNDS = 9, QUESTIONS = 200, LATENT = 20, HIDDEN = 400, PIXELS = 784 };

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *value, size_t count)
{
    qsort(value, count, sizeof *value, compare);
    return value[count / 2];
}

/* Attempts first .. first + n - 1 of every problem, one in t + 2 of them a success at the
 * t-th threshold from the top, spread over 40 bins of the histogram. */
static lk_status fill(lk_result *result, uint64_t first, uint64_t n, lk_error *err)
{
    const size_t thresholds = result->spec.thresholds;
    lk_status st = LK_OK;

    for (size_t p = 0; p < result->spec.problems; p++) {
        lk_tally *tally = &result->tally;

        tally->attempts[p] = n;
        for (size_t t = 0; t < thresholds; t++) {
            tally->successes[p * thresholds + t] = n / (thresholds - t + 1);
            tally->first[p * thresholds + t] = first;
        }
        tally->best[p] = 0.25;
        tally->best_attempt[p] = first;
        for (size_t b = 100; b < 140; b++) {
            tally->histogram[p * LK_HISTOGRAM_BINS + b] = n / 40;
        }
        LK_TRY(lk_ranges_add(&result->done[p], first, first + n, err));
    }

out:
    return st;
}

static lk_status make_result(size_t problems, size_t thresholds, uint64_t first,
                             lk_result *out, lk_error *err)
{
    lk_spec spec = {.problems = problems,
                    .latent = LATENT,
                    .pixels = PIXELS,
                    .thresholds = thresholds,
                    .temperature = 1.1,
                    .seed = 1,
                    .stream_version = LK_STREAM_VERSION};
    uint64_t *index = calloc(problems, sizeof *index);
    lk_status st = LK_OK;

    if (index == NULL) return LK_FAIL(err, LK_E_MEMORY, "%zu problems", problems);
    for (size_t p = 0; p < problems; p++) index[p] = p;
    for (size_t t = 0; t < thresholds; t++) spec.threshold[t] = 1.0 + (double)t;
    memset(spec.model_digest, '0', 32);
    memset(spec.problems_digest, '0', 32);
    LK_TRY(lk_result_init(out, &spec, index, err));
    LK_TRY(fill(out, first, 4000000, err));

out:
    free(index);
    return st;
}

static lk_status time_merge(const lk_result *from, size_t problems, size_t thresholds,
                            double *seconds, lk_error *err)
{
    lk_result into = {0};
    bool added;
    lk_status st = LK_OK;

    LK_TRY(make_result(problems, thresholds, 4000000, &into, err));
    const double start = lk_clock_s();
    LK_TRY(lk_result_merge(&into, from, &added, err));
    *seconds = lk_clock_s() - start;

out:
    lk_result_release(&into);
    return st;
}

static lk_status measure_files(size_t problems, size_t thresholds, const char *folder,
                               lk_error *err)
{
    double write_s[ROUNDS], read_s[ROUNDS], merge_s[ROUNDS];
    lk_result result = {0}, again = {0};
    char path[4096];
    struct stat file = {0};
    lk_status st = LK_OK;

    snprintf(path, sizeof path, "%s/scale.safetensors", folder);
    LK_TRY(make_result(problems, thresholds, 0, &result, err));
    for (size_t i = 0; i < ROUNDS; i++) {
        double start = lk_clock_s();

        LK_TRY(lk_result_write(path, &result, err));
        write_s[i] = lk_clock_s() - start;
        start = lk_clock_s();
        LK_TRY(lk_result_read(path, &again, err));
        read_s[i] = lk_clock_s() - start;
        LK_TRY(time_merge(&again, problems, thresholds, &merge_s[i], err));
        lk_result_release(&again);
    }
    stat(path, &file);
    printf("{\"problems\":%zu,\"thresholds\":%zu,\"file_bytes\":%lld,\"write_s\":%.6g,"
           "\"read_s\":%.6g,\"add_s\":%.6g}\n",
           problems, thresholds, (long long)file.st_size, median(write_s, ROUNDS),
           median(read_s, ROUNDS), median(merge_s, ROUNDS));

out:
    lk_result_release(&again);
    lk_result_release(&result);
    return st;
}

/* A decoder of the usual shape with random weights, and 100 problems. */
typedef struct {
    lk_mlp decoder;
    uint64_t index[100];
    float mu[100 * LATENT], scale[100 * LATENT], target[100 * PIXELS];
    double limit[100 * LK_THRESHOLDS_MAX];
    lk_workload work;
} usual;

static void randomise(lk_layer *layer, uint64_t item)
{
    const float scale = 1.5f / sqrtf((float)layer->in);
    float z[4];

    for (size_t i = 0; i < layer->in * layer->out; i++) {
        if (i % 4 == 0) lk_normal4(lk_words(1, LK_PURPOSE_WEIGHTS, item, i), z);
        layer->weight[i] = scale * z[i % 4];
    }
}

static lk_status usual_init(usual *u, size_t thresholds, lk_error *err)
{
    const size_t width[3] = {LATENT, HIDDEN, PIXELS};
    const lk_activation activation[2] = {LK_RELU, LK_SIGMOID};
    const lk_status st = lk_mlp_init(&u->decoder, 2, width, activation, err);

    if (st != LK_OK) return st;
    for (size_t l = 0; l < 2; l++) randomise(&u->decoder.layer[l], l);
    for (size_t i = 0; i < 100 * thresholds; i++) {
        u->limit[i] = 1.0 + (double)(i % thresholds);
    }
    for (size_t p = 0; p < 100; p++) {
        u->index[p] = p;
        for (size_t d = 0; d < LATENT; d++) u->scale[p * LATENT + d] = 1.0f;
    }
    u->work = (lk_workload){.decoder = &u->decoder,
                            .problems = 100,
                            .latent = LATENT,
                            .outputs = PIXELS,
                            .thresholds = thresholds,
                            .index = u->index,
                            .mu = u->mu,
                            .scale = u->scale,
                            .target = u->target,
                            .limit = u->limit,
                            .seed = 1};
    return LK_OK;
}

static lk_status opener(void *context, const lk_workload *workload,
                        const lk_backend **backend, lk_device **device, lk_error *err)
{
    const lk_device_options options = {.threads = 1};
    const lk_status st = lk_backend_find("cpu", backend, err);

    (void)context;
    return st == LK_OK ? (*backend)->open(0, workload, &options, device, err) : st;
}

/* Bytes of the report of a unit of one problem. */
static lk_status measure_report(size_t thresholds, lk_error *err)
{
    const lk_unit unit = {0, 0, 65536};
    usual *u = calloc(1, sizeof *u);
    const lk_backend *backend = NULL;
    lk_device *device = NULL;
    lk_labour *labour = NULL;
    lk_message work = {0};
    lk_parcel report = {0};
    lk_tally tally = {0};
    lk_status st = LK_OK;

    if (u == NULL || thresholds < 1 || thresholds > LK_THRESHOLDS_MAX) {
        st = LK_FAIL(err, LK_E_ARG, "%zu thresholds", thresholds);
        goto out;
    }
    LK_TRY(usual_init(u, thresholds, err));
    LK_TRY(lk_tally_init(&tally, 100, thresholds, err));
    LK_TRY(opener(NULL, &u->work, &backend, &device, err));
    LK_TRY(lk_labour_open(&labour, backend, device, &u->work, err));
    lk_work_put(&work.parcel, &unit, 1, &tally);
    const size_t asked = work.parcel.bytes;

    LK_TRY(lk_labour_give(labour, &work, err));
    while (!lk_labour_take(labour, &report)) lk_labour_wait(labour, 0.1);
    printf("{\"thresholds\":%zu,\"work_bytes\":%zu,\"report_bytes\":%zu}\n", thresholds,
           asked, report.bytes);

out:
    lk_labour_close(labour);
    if (device != NULL) backend->close(device);
    lk_parcel_release(&report);
    lk_tally_release(&tally);
    if (u != NULL) lk_mlp_release(&u->decoder);
    free(u);
    return st;
}

/* Rank 0: a question that all answer, and a run of one small unit a rank. */
static lk_status measure_ranks(lk_cluster *cluster, lk_error *err)
{
    static double question_s[QUESTIONS], run_s[QUESTIONS], band[100];
    usual *u = calloc(1, sizeof *u);
    const lk_backend *backend = NULL;
    lk_device *device = NULL;
    lk_tally tally = {0};
    lk_run_notes notes = {.violation = calloc(100, sizeof(double))};
    lk_rank_place place;
    lk_status st = LK_OK;

    if (u == NULL || notes.violation == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for a benchmark");
        goto out;
    }
    lk_cluster_place(cluster, &place);
    LK_TRY(usual_init(u, 1, err));
    LK_TRY(lk_tally_init(&tally, 100, 1, err));
    const double start = lk_clock_s();
    LK_TRY(lk_cluster_open(cluster, &u->work, opener, NULL, &backend, &device, err));
    const double open_s = lk_clock_s() - start;

    for (size_t i = 0; i < QUESTIONS; i++) {
        lk_unit unit[64];
        double from = lk_clock_s();

        LK_TRY(backend->set_guard(device, band, err));
        question_s[i] = lk_clock_s() - from;
        for (size_t r = 0; r < 64; r++) unit[r] = (lk_unit){r, i, 1};
        from = lk_clock_s();
        LK_TRY(backend->run(device, unit, place.ranks, &tally, &notes, err));
        run_s[i] = lk_clock_s() - from;
    }
    printf(
        "{\"ranks\":%zu,\"open_s\":%.6g,\"question_s\":%.6g,\"run_of_nothing_s\":%.6g"
        "}\n",
        place.ranks, open_s, median(question_s, QUESTIONS), median(run_s, QUESTIONS));

out:
    if (device != NULL) backend->close(device);
    lk_tally_release(&tally);
    free(notes.violation);
    if (u != NULL) lk_mlp_release(&u->decoder);
    free(u);
    return st;
}

static lk_status run_ranks(lk_error *err)
{
    lk_cluster *cluster = NULL;
    lk_rank_place place;
    lk_status st = lk_cluster_join(NULL, &cluster, err);

    if (st != LK_OK) return st;
    lk_cluster_place(cluster, &place);
    if (cluster == NULL || place.ranks > 64) {
        st = LK_FAIL(err, LK_E_ARG, "start it with mpirun, on 2 to 64 ranks");
    } else if (place.rank == 0) {
        st = measure_ranks(cluster, err);
    } else {
        st = lk_cluster_serve(cluster, opener, NULL, err);
    }
    lk_cluster_leave(cluster);
    return st;
}

int main(int argc, char **argv)
{
    lk_error err = {0};
    lk_status st = LK_E_ARG;

    if (argc == 5 && strcmp(argv[1], "files") == 0) {
        st = measure_files(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10),
                           argv[4], &err);
    } else if (argc == 3 && strcmp(argv[1], "report") == 0) {
        st = measure_report(strtoul(argv[2], NULL, 10), &err);
    } else if (argc == 2 && strcmp(argv[1], "ranks") == 0) {
        st = run_ranks(&err);
    } else {
        fprintf(
            stderr,
            "usage: bench_scale files PROBLEMS THRESHOLDS FOLDER | report THRESHOLDS | "
            "ranks\n");
        return 2;
    }
    if (st != LK_OK) fprintf(stderr, "bench_scale: %s\n", err.text);
    return st != LK_OK;
}
