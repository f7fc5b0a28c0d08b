/* check.c - the CUDA plugin on a real GPU against the CPU backend, stage by stage and count
 * by count.
 *
 *     gpu_check --plugin ./largek-cuda.so [options]
 *
 * It needs no test framework: scripts/gpu_check.sh builds it where there is little more than
 * nvcc.  The same program runs with the plugin on the emulated device, to test itself.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

void note(lk_check *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(c->note, sizeof c->note, format, args);
    va_end(args);
}

typedef lk_status (*lk_check_function)(lk_check *c, lk_error *err);

enum {
    EACH = 1,
    SMALL = 2,
    LONG = 4
}; /* each precision; small runs too; not if quick */

static const struct {
    const char *name;
    lk_check_function run;
    int when;
} checks[] = {
    {"latents equal the CPU's", latents_are_equal, EACH | SMALL},
    {"canonical scores equal the CPU's", canonical_scores_are_equal, EACH | SMALL},
    {"fast scores are near", fast_scores_are_near, EACH | SMALL},
    {"counts of few draws", few_draws_count_alike, EACH | SMALL},
    {"chunk sizes", chunks_do_not_matter, EACH},
    {"two runs", two_runs_are_equal, EACH},
    {"resumed ranges", resumed_ranges_are_equal, 0},
    {"units split anywhere", units_split_anywhere, 0},
    {"attempts past 2^32", late_attempts_count_alike, EACH},
    {"full queues", full_queues_lose_nothing, EACH},
    {"any decoder", any_decoder_counts_alike, EACH},
    {"graphs", graphs_do_not_matter, EACH},
    {"the precision of auto", the_chosen_precision_counts_alike, 0},
    {"one device twice", one_device_twice_counts_alike, 0},
    {"the library path", the_library_counts_alike, SMALL},
    {"little memory", little_memory_makes_small_chunks, 0},
    {"counts of many draws", many_draws_count_alike, EACH | LONG},
};

static void run_check(lk_check *c, size_t i)
{
    const double start = seconds_now();
    lk_error err = {0};
    lk_status st;

    c->note[0] = '\0';
    st = checks[i].run(c, &err);
    report_check(&c->report, checks[i].name, c->precision, st, &err,
                 seconds_now() - start, c->note);
}

static void run_checks(lk_check *c)
{
    static const char *const precisions[] = {"fp32", "tf32", "fp16", "fp16x3"};

    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (c->options->small && !(checks[i].when & SMALL)) continue;
        if (c->options->only != NULL && strcmp(c->options->only, checks[i].name) != 0)
            continue;
        if (c->options->quick && (checks[i].when & LONG)) continue;
        for (size_t k = 0; k < 4; k++) {
            c->precision = precisions[k];
            if ((checks[i].when & EACH) == 0 && strcmp(c->precision, "fp16") != 0)
                continue;
            run_check(c, i);
        }
    }
}

static lk_status find_plugin(lk_check *c, const char *path, lk_error *err)
{
    void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = plugin != NULL ? dlsym(plugin, LK_PLUGIN_SYMBOL) : NULL;
    const char *reason = "";
    lk_plugin_entry entry;

    if (symbol == NULL) return LK_FAIL(err, LK_E_MISSING, "%s", dlerror());
    memcpy(&entry, &symbol, sizeof entry);
    c->cuda = entry(LK_BACKEND_ABI);
    if (c->cuda == NULL) return LK_FAIL(err, LK_E_MISSING, "%s: another ABI", path);
    if (c->cuda->device_count(&reason) == 0) {
        return LK_FAIL(err, LK_E_MISSING, "no CUDA device: %s", reason);
    }

    /* The emulated device has all the memory there is; for the check of little memory it
     * must have some amount. */
    size_t *emulated = dlsym(plugin, "lk_emulated_memory");

    c->emulated = emulated != NULL;
    if (c->emulated) *emulated = (size_t)400 << 20;
    return LK_OK;
}

static void describe(lk_check *c)
{
    const lk_reference *r = c->reference;

    report_row(&c->report, "workload");
    report_text(&c->report, "plugin", c->options->plugin);
    report_number(&c->report, "latent", (double)c->options->latent);
    report_number(&c->report, "hidden", (double)c->options->hidden);
    report_number(&c->report, "pixels", (double)c->options->pixels);
    report_number(&c->report, "problems", (double)c->options->problems);
    report_number(&c->report, "few", (double)r->draws[0]);
    report_number(&c->report, "many", (double)r->draws[1]);
    report_number(&c->report, "cpu_threads", (double)c->options->threads);
    report_number(&c->report, "cpu_seconds", r->seconds);
    for (size_t t = 0; t < FIXTURE_THRESHOLDS; t++) {
        char name[16];

        snprintf(name, sizeof name, "rate_%zu", t);
        report_number(&c->report, name,
                      (double)r->tally[1].successes[t] / (double)r->draws[1]);
    }
    report_row_end(&c->report);
    printf("%zu-%zu-%zu, %zu problems; the CPU counted %llu draws of each in %.1f s\n",
           c->options->latent, c->options->hidden, c->options->pixels,
           c->options->problems, (unsigned long long)r->draws[1], r->seconds);
}

static int usage(void)
{
    fprintf(
        stderr,
        "gpu_check --plugin FILE [--draws N] [--few N] [--problems N]\n"
        "          [--shape LATENT,HIDDEN,PIXELS] [--threads N] [--reference FILE]\n"
        "          [--json FILE] [--quick] [--small] [--only CHECK]\n");
    return 2;
}

/* Values are a developer's: a wrong one fails in what uses it. */
static bool parse(lk_options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(name, "--quick") == 0) {
            o->quick = true;
            continue;
        }
        if (strcmp(name, "--small") == 0) {
            o->small = true;
            continue;
        }
        i++;
        if (strcmp(name, "--only") == 0)
            o->only = value;
        else if (strcmp(name, "--plugin") == 0)
            o->plugin = value;
        else if (strcmp(name, "--json") == 0)
            o->json = value;
        else if (strcmp(name, "--reference") == 0)
            o->reference = value;
        else if (strcmp(name, "--draws") == 0)
            o->draws = strtoull(value, NULL, 10);
        else if (strcmp(name, "--few") == 0)
            o->few = strtoull(value, NULL, 10);
        else if (strcmp(name, "--problems") == 0)
            o->problems = strtoull(value, NULL, 10);
        else if (strcmp(name, "--threads") == 0)
            o->threads = strtoull(value, NULL, 10);
        else if (strcmp(name, "--shape") == 0) {
            if (sscanf(value, "%zu,%zu,%zu", &o->latent, &o->hidden, &o->pixels) != 3)
                return false;
        } else {
            return false;
        }
    }
    if (o->quick || o->small) o->draws = o->few;
    return o->plugin != NULL && o->few >= 100 && o->draws >= o->few && o->problems > 0;
}

int main(int argc, char **argv)
{
    lk_options options = {.draws = 10000000,
                          .few = 200000,
                          .latent = 20,
                          .hidden = 400,
                          .pixels = 784,
                          .problems = 20,
                          .threads = 1};
    lk_fixture fixture = {0};
    lk_reference reference = {0};
    lk_check c = {.options = &options, .fixture = &fixture, .reference = &reference};
    lk_error err = {0};
    lk_status st = LK_OK;

    if (!parse(&options, argc, argv)) return usage();
    const lk_shape shape =
        fixture_shape(options.latent, options.hidden, options.pixels, options.problems);

    LK_TRY(report_open(&c.report, options.json, &err));
    LK_TRY(find_plugin(&c, options.plugin, &err));
    LK_TRY(fixture_init(&fixture, &shape, options.threads, &err));
    LK_TRY(reference_make(&reference, &fixture, options.few, options.draws,
                          options.threads, options.reference, &err));
    describe(&c);
    run_checks(&c);

out:
    if (st != LK_OK) {
        report_check(&c.report, "set up", "", st, &err, 0.0, "");
    }
    printf("%zu passed, %zu failed\n", c.report.passed, c.report.failed);
    reference_release(&reference);
    fixture_release(&fixture);
    return report_close(&c.report);
}
