/* speed.c - draws a second of every path and precision of the plugin, counts included.
 *
 *     gpu_speed --plugin ./largek-cuda.so [--seconds S] [--threads N] [--json FILE]
 *
 * A round is one call of the backend's `run`, as the engine makes it: many units, and the
 * counts back on the host.  Rounds follow one another for --seconds, each over draws not yet
 * made; the median and the extremes of their rates are told.  The share of time in kernels
 * comes from further rounds, under CUPTI.
 */
#include <dlfcn.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "report.h"
#include "trace.h"

enum { ROUNDS_MAX = 4096, FLOP_OF_FMA = 2 };

typedef struct {
    const char *plugin, *json;
    double seconds;
    size_t threads, latent, hidden, pixels, problems;
} lk_options;

/* What is measured: every precision as it comes, without graphs, with larger chunks than
 * the L2 cache holds, and by the library path, which a batch may suit better. */
typedef struct {
    const char *path, *precision;
    bool graphs;
    size_t tile; /* 0: the plugin's choice */
} lk_contender;

static const lk_contender contenders[] = {
    {"staged", "fp32", true, 0},       {"staged", "tf32", true, 0},
    {"staged", "fp16", true, 0},       {"staged", "fp16x3", true, 0},
    {"staged", "tf32", false, 0},      {"staged", "fp16", false, 0},
    {"staged", "tf32", true, 65536},   {"staged", "fp16", true, 32768},
    {"staged", "fp16", true, 65536},   {"library", "fp32", false, 0},
    {"library", "tf32", false, 0},     {"library", "fp32", false, 65536},
    {"library", "tf32", false, 65536},
};

typedef struct {
    double rate[ROUNDS_MAX]; /* draws a second */
    size_t rounds;
    double seconds, draws;
    double redecided;    /* share of draws */
    double kernel_share; /* NaN: not seen */
} lk_speed;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* One round of `count` attempts a problem. */
static lk_status run_round(lk_rig *rig, uint64_t *at, uint64_t count, lk_tally *tally,
                           double *seconds, lk_error *err)
{
    const double start = seconds_now();
    lk_status st = LK_OK;

    st = rig_run(rig, *at, count, tally, err);
    if (st == LK_E_NUMERIC) st = LK_OK; /* a band was widened: no matter for speed */
    *seconds = seconds_now() - start;
    *at += count;
    return st;
}

static lk_status measure(lk_rig *rig, double wanted, lk_speed *out, lk_error *err)
{
    const double problems = (double)rig->work->problems;
    lk_tally tally = {0};
    uint64_t at = 0, count = 16, traced = 0;
    double s = 0.0, sum = 0.0;
    lk_status st = LK_OK;

    LK_TRY(lk_tally_init(&tally, rig->work->problems, rig->work->thresholds, err));
    do { /* warm up, and find a round a sixtieth of the time long, for 20 at least */
        LK_TRY(run_round(rig, &at, count, &tally, &s, err));
        if (s < wanted / 60.0) count *= 2;
    } while (s < wanted / 60.0 && count < 1u << 30);
    rig->redecided = 0;
    while (out->seconds < wanted && out->rounds < ROUNDS_MAX) {
        LK_TRY(run_round(rig, &at, count, &tally, &s, err));
        out->rate[out->rounds++] = (double)count * problems / s;
        out->draws += (double)count * problems;
        out->seconds += s;
    }
    qsort(out->rate, out->rounds, sizeof out->rate[0], by_value);
    out->redecided = (double)rig->redecided / out->draws;
    out->kernel_share = (double)NAN;
    if (!trace_start()) goto out;
    for (; sum < wanted / 5.0 && traced < 100; traced++) {
        LK_TRY(run_round(rig, &at, count, &tally, &s, err));
        sum += s;
    }
    out->kernel_share = trace_stop() / sum;

out:
    lk_tally_release(&tally);
    return st;
}

static void tell(lk_report *report, const lk_rig *rig, const lk_options *o,
                 const lk_contender *what, const lk_speed *speed)
{
    const double flop =
        FLOP_OF_FMA * (double)(o->latent * o->hidden + o->hidden * o->pixels);
    const double median = speed->rate[speed->rounds / 2];

    printf(
        "%-7s %-6s %-6s %9.2f M draws/s (%.2f to %.2f, %zu rounds, %.1f s)  %6.1f TFLOP/s  ",
        what->path, what->precision, strstr(rig->path, ", graph") ? "graph" : "",
        median / 1e6, speed->rate[0] / 1e6, speed->rate[speed->rounds - 1] / 1e6,
        speed->rounds, speed->seconds, median * flop / 1e12);
    if (isnan(speed->kernel_share)) {
        printf("kernels not seen");
    } else {
        printf("%.1f %% in kernels", 100.0 * speed->kernel_share);
    }
    printf("  decided again %.2g\n", speed->redecided);
    fflush(stdout);
    report_row(report, "speed");
    report_text(report, "path", rig->path);
    report_text(report, "precision", what->precision);
    report_text(report, "graphs", strstr(rig->path, ", graph") ? "yes" : "no");
    report_number(report, "draws_per_s", median);
    report_number(report, "draws_per_s_least", speed->rate[0]);
    report_number(report, "draws_per_s_most", speed->rate[speed->rounds - 1]);
    report_number(report, "draws_per_s_sustained", speed->draws / speed->seconds);
    report_number(report, "rounds", (double)speed->rounds);
    report_number(report, "seconds", speed->seconds);
    report_number(report, "tflops", median * flop / 1e12);
    report_number(report, "kernel_share", speed->kernel_share);
    report_number(report, "redecided_share", speed->redecided);
    report_row_end(report);
}

static lk_status run_contender(const lk_backend *cuda, const lk_fixture *f,
                               const lk_options *o, const lk_contender *what,
                               lk_report *report, lk_error *err)
{
    const lk_device_options options = {
        .path = what->path, .precision = what->precision, .tile = what->tile};
    lk_speed *speed = calloc(1, sizeof *speed);
    lk_rig rig = {0};
    lk_status st = LK_OK;

    if (speed == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for rates");
    if (what->graphs) {
        unsetenv("LARGEK_CUDA_GRAPH");
    } else {
        setenv("LARGEK_CUDA_GRAPH", "0", 1);
    }
    LK_TRY(rig_open(&rig, cuda, &f->work, &options, err));
    LK_TRY(measure(&rig, o->seconds, speed, err));
    tell(report, &rig, o, what, speed);

out:
    rig_close(&rig);
    free(speed);
    return st;
}

static lk_status find_plugin(const char *path, const lk_backend **out, lk_error *err)
{
    void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = plugin != NULL ? dlsym(plugin, LK_PLUGIN_SYMBOL) : NULL;
    lk_plugin_entry entry;

    if (symbol == NULL) return LK_FAIL(err, LK_E_MISSING, "%s", dlerror());
    memcpy(&entry, &symbol, sizeof entry);
    *out = entry(LK_BACKEND_ABI);
    if (*out == NULL) return LK_FAIL(err, LK_E_MISSING, "%s: another ABI", path);
    return LK_OK;
}

static int parse(lk_options *o, int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];

        if (strcmp(name, "--plugin") == 0) {
            o->plugin = value;
        } else if (strcmp(name, "--json") == 0) {
            o->json = value;
        } else if (strcmp(name, "--seconds") == 0) {
            o->seconds = strtod(value, NULL);
        } else if (strcmp(name, "--threads") == 0) {
            o->threads = strtoull(value, NULL, 10);
        } else if (strcmp(name, "--problems") == 0) {
            o->problems = strtoull(value, NULL, 10);
        } else if (strcmp(name, "--shape") != 0 ||
                   sscanf(value, "%zu,%zu,%zu", &o->latent, &o->hidden, &o->pixels) !=
                       3) {
            return 0;
        }
    }
    return o->plugin != NULL && o->seconds > 0.0 && o->problems > 0;
}

int main(int argc, char **argv)
{
    lk_options o = {.seconds = 5.0,
                    .threads = 1,
                    .latent = 20,
                    .hidden = 400,
                    .pixels = 784,
                    .problems = 20};
    const lk_backend *cuda = NULL;
    lk_report report = {0};
    lk_fixture fixture = {0};
    lk_error err = {0};
    lk_status st = LK_OK;

    if (!parse(&o, argc, argv)) {
        fprintf(stderr,
                "gpu_speed --plugin FILE [--seconds S] [--threads N] "
                "[--problems N] [--shape LATENT,HIDDEN,PIXELS] [--json FILE]\n");
        return 2;
    }
    const lk_shape shape = fixture_shape(o.latent, o.hidden, o.pixels, o.problems);

    LK_TRY(report_open(&report, o.json, &err));
    LK_TRY(find_plugin(o.plugin, &cuda, &err));
    LK_TRY(fixture_init(&fixture, &shape, o.threads, &err));
    for (size_t i = 0; i < sizeof contenders / sizeof contenders[0]; i++) {
        LK_TRY(run_contender(cuda, &fixture, &o, &contenders[i], &report, &err));
    }

out:
    fixture_release(&fixture);
    report_close(&report);
    if (st != LK_OK) fprintf(stderr, "gpu_speed: %s\n", err.text);
    return st != LK_OK;
}
