/* scale.c - the constants of docs/scale.md, as JSON.
 *
 *     bench_scale file PROBLEMS THRESHOLDS DRAWS SHARDS FOLDER   a shard's file: bytes, times
 *     bench_scale merge PROBLEMS THRESHOLDS DRAWS SHARDS         all shards added up
 *     bench_scale report THRESHOLDS                              a unit, as messages
 *     mpirun -n R bench_scale ranks                              a question to all ranks
 *
 * Medians of ROUNDS.  A file is written as a checkpoint is: fsync of file and folder.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "cluster/labour.h"
#include "engine/engine.h"
#include "largek/largek.h"

enum { ROUNDS = 3, QUESTIONS = 200, LATENT = 20, HIDDEN = 400, PIXELS = 784 };

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

/* A run's size, and the shard of it. */
typedef struct {
    size_t problems, thresholds;
    uint64_t draws;
    lk_share share;
} plan;

/* All attempts of a shard; successes at all thresholds, spread over 40 bins. */
static lk_status fill(lk_result *result, const plan *of, lk_error *err)
{
    const size_t thresholds = of->thresholds;
    lk_tally *tally = &result->tally;
    lk_status st = LK_OK;

    for (size_t p = 0; p < of->problems; p++) {
        const uint64_t n = lk_share_count(&of->share, p, of->draws);
        uint64_t end = 0, first = LK_NO_ATTEMPT;

        for (uint64_t at = 0; at < of->draws; at = end) {
            at = lk_share_next(&of->share, p, at, &end);
            if (at >= of->draws) break;
            if (end > of->draws) end = of->draws;
            if (first == LK_NO_ATTEMPT) first = at;
            LK_TRY(lk_ranges_add(&result->done[p], at, end, err));
        }
        tally->attempts[p] = n;
        for (size_t t = 0; t < thresholds; t++) {
            tally->successes[p * thresholds + t] = n;
            tally->first[p * thresholds + t] = first;
        }
        tally->best[p] = 0.25;
        tally->best_attempt[p] = first;
        for (size_t b = 100; b < 140; b++) {
            tally->histogram[p * LK_HISTOGRAM_BINS + b] = n / 40;
        }
        tally->histogram[p * LK_HISTOGRAM_BINS + 100] += n % 40;
    }

out:
    return st;
}

static lk_status make_result(const plan *of, bool filled, lk_result *out, lk_error *err)
{
    lk_spec spec = {.problems = of->problems,
                    .latent = LATENT,
                    .pixels = PIXELS,
                    .thresholds = of->thresholds,
                    .temperature = 1.1,
                    .seed = 1,
                    .stream_version = LK_STREAM_VERSION};
    uint64_t *index = calloc(of->problems, sizeof *index);
    lk_status st = LK_OK;

    if (index == NULL) return LK_FAIL(err, LK_E_MEMORY, "%zu problems", of->problems);
    for (size_t p = 0; p < of->problems; p++) index[p] = p;
    for (size_t t = 0; t < of->thresholds; t++) spec.threshold[t] = 1.0 + (double)t;
    memset(spec.model_digest, '0', 32);
    memset(spec.problems_digest, '0', 32);
    LK_TRY(lk_result_init(out, &spec, index, err));
    if (filled) LK_TRY(fill(out, of, err));

out:
    free(index);
    return st;
}

static lk_status measure_file(const plan *of, const char *folder, lk_error *err)
{
    double write_s[ROUNDS], read_s[ROUNDS];
    lk_result result = {0}, again = {0};
    char path[4096];
    struct stat file = {0};
    lk_status st = LK_OK;

    snprintf(path, sizeof path, "%s/scale.safetensors", folder);
    LK_TRY(make_result(of, true, &result, err));
    for (size_t i = 0; i < ROUNDS; i++) {
        double start = lk_clock_s();

        LK_TRY(lk_result_write(path, &result, err));
        write_s[i] = lk_clock_s() - start;
        start = lk_clock_s();
        LK_TRY(lk_result_read(path, &again, err));
        read_s[i] = lk_clock_s() - start;
        lk_result_release(&again);
    }
    stat(path, &file);
    printf(
        "{\"problems\":%zu,\"thresholds\":%zu,\"draws\":%" PRIu64 ",\"shards\":%" PRIu64
        ",\"ranges\":%zu,\"file_bytes\":%lld,\"write_s\":%.6g,\"read_s\":%.6g}\n",
        of->problems, of->thresholds, of->draws, of->share.shards, result.done[0].count,
        (long long)file.st_size, median(write_s, ROUNDS), median(read_s, ROUNDS));

out:
    lk_result_release(&again);
    lk_result_release(&result);
    return st;
}

/* Shards in the order of `largek merge`: by where they begin. */
static lk_status measure_merge(const plan *whole, lk_error *err)
{
    const uint64_t shards = whole->share.shards;
    lk_result sum = {0}, part = {0};
    double seconds = 0.0;
    size_t most = 0;
    lk_status st = LK_OK;

    LK_TRY(make_result(whole, false, &sum, err));
    for (uint64_t i = 0; i < shards; i++) {
        plan one = *whole;
        bool added;

        one.share.shard = i;
        LK_TRY(make_result(&one, true, &part, err));
        const double start = lk_clock_s();
        LK_TRY(lk_result_merge(&sum, &part, &added, err));
        seconds += lk_clock_s() - start;
        lk_result_release(&part);
        if (sum.done[0].count > most) most = sum.done[0].count;
    }
    printf("{\"problems\":%zu,\"thresholds\":%zu,\"draws\":%" PRIu64
           ",\"shards\":%" PRIu64
           ",\"add_s\":%.6g,\"ranges_most\":%zu,\"ranges_end\":%zu}\n",
           whole->problems, whole->thresholds, whole->draws, shards,
           seconds / (double)shards, most, sum.done[0].count);

out:
    lk_result_release(&part);
    lk_result_release(&sum);
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

/* Rank 0: opening a workload on all, and a question that all answer. */
static lk_status measure_ranks(lk_cluster *cluster, lk_error *err)
{
    static double question_s[QUESTIONS], band[100];
    usual *u = calloc(1, sizeof *u);
    const lk_backend *backend = NULL;
    lk_device *device = NULL;
    lk_rank_place place;
    lk_status st = LK_OK;

    if (u == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a benchmark");
    lk_cluster_place(cluster, &place);
    LK_TRY(usual_init(u, 1, err));
    const double start = lk_clock_s();
    LK_TRY(lk_cluster_open(cluster, &u->work, opener, NULL, &backend, &device, err));
    const double open_s = lk_clock_s() - start;

    for (size_t i = 0; i < QUESTIONS; i++) {
        const double from = lk_clock_s();

        LK_TRY(backend->set_guard(device, band, err));
        question_s[i] = lk_clock_s() - from;
    }
    printf("{\"ranks\":%zu,\"open_s\":%.6g,\"question_s\":%.6g}\n", place.ranks, open_s,
           median(question_s, QUESTIONS));

out:
    if (device != NULL) backend->close(device);
    lk_mlp_release(&u->decoder);
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
    if (cluster == NULL) {
        st = LK_FAIL(err, LK_E_ARG, "start it with mpirun, on two ranks or more");
    } else if (place.rank == 0) {
        st = measure_ranks(cluster, err);
    } else {
        st = lk_cluster_serve(cluster, opener, NULL, err);
    }
    lk_cluster_leave(cluster);
    return st;
}

static plan plan_of(char **word)
{
    return (plan){.problems = strtoul(word[0], NULL, 10),
                  .thresholds = strtoul(word[1], NULL, 10),
                  .draws = strtoull(word[2], NULL, 10),
                  .share = {.shard = 0, .shards = strtoull(word[3], NULL, 10)}};
}

int main(int argc, char **argv)
{
    lk_error err = {0};
    lk_status st = LK_E_ARG;

    if (argc == 7 && strcmp(argv[1], "file") == 0) {
        const plan asked = plan_of(argv + 2);

        st = measure_file(&asked, argv[6], &err);
    } else if (argc == 6 && strcmp(argv[1], "merge") == 0) {
        const plan asked = plan_of(argv + 2);

        st = measure_merge(&asked, &err);
    } else if (argc == 3 && strcmp(argv[1], "report") == 0) {
        st = measure_report(strtoul(argv[2], NULL, 10), &err);
    } else if (argc == 2 && strcmp(argv[1], "ranks") == 0) {
        st = run_ranks(&err);
    } else {
        fprintf(stderr, "usage: bench_scale file P T DRAWS SHARDS FOLDER | "
                        "merge P T DRAWS SHARDS | report T | ranks\n");
        return 2;
    }
    if (st != LK_OK) fprintf(stderr, "bench_scale: %s\n", err.text);
    return st != LK_OK;
}
