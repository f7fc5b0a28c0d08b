/* cmd_verify.c - `largek verify`: whether a result is what its spec says. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/facts.h"
#include "cli/sampling.h"
#include "cli/stop.h"
#include "largek/verify.h"

enum { SHOWN_MAX = 20 };

typedef struct {
    lk_sample_args sample; /* the part that it shares with `sample` */
    const char *file;
    uint64_t tiles;
    bool all;
} verify_args;

static const char *const latent_names[] = {"auto", "posterior", "prior", NULL};

static const lk_option options[] = {
    {.name = "model",
     .letter = 'm',
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(verify_args, sample.model),
     .metavar = "FILE",
     .required = true,
     .help = "The generator that the result was made with."},
    {.name = "data",
     .letter = 'd',
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(verify_args, sample.data),
     .metavar = "FILE",
     .required = true,
     .help = "The data that its problems come from."},
    {.name = "tiles",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(verify_args, tiles),
     .metavar = "N",
     .preset = "64",
     .help = "Stretches of up to 1024 attempts, drawn at random, to make again."},
    {.name = "all",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(verify_args, all),
     .help =
         "Make every attempt again as well, and the whole trace: as long as the run "
         "took."},
    {.name = "latent",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(verify_args, sample.latent),
     .metavar = "SOURCE",
     .choices = latent_names,
     .preset = "auto",
     .help = "As it was for `largek sample`."},
    {.name = "activations",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(verify_args, sample.activations),
     .metavar = "LIST",
     .help = "As it was for `largek sample`."},
    {.name = "path",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(verify_args, sample.path),
     .metavar = "NAME",
     .help = "The fast path to check; see `largek help sample`."},
    {.name = "precision",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(verify_args, sample.precision),
     .metavar = "NAME",
     .help = "Of the fast path; see `largek help sample`."},
    {.name = "seed",
     .kind = LK_OPTION_SEED,
     .offset = offsetof(verify_args, sample.common.seed),
     .metavar = "U64",
     .preset = "1",
     .help = "Of the choice of tiles; the run's own seed is in the result."},
    {.name = "device",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(verify_args, sample.common.device),
     .metavar = "DEVICE",
     .preset = "auto",
     .help = "Where to compute; it need not be where the result was made."},
    {.name = "threads",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(verify_args, sample.common.threads),
     .metavar = "N",
     .bound = LK_BOUND_POSITIVE,
     .help = "Threads of the processor; by default as many as this process may use."},
    {.name = "format",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(verify_args, sample.common.format),
     .metavar = "FORMAT",
     .choices = lk_format_names,
     .preset = "table",
     .help = "How to print."},
    {.name = "quiet",
     .letter = 'q',
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(verify_args, sample.common.quiet),
     .help = "Say nothing on standard error but errors and differences."},
    {.name = "progress",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(verify_args, sample.common.progress),
     .help = "Show progress also where standard error is not a terminal."},
};

static const lk_operand operands[] = {
    {"FILE", offsetof(verify_args, file), "A result of `largek sample`.",
     LK_OPERAND_REQUIRED},
};

typedef struct {
    const verify_args *args;
    lk_progress_bar bar;
    bool started;
    uint64_t shown;
} verify_context;

static void on_difference(void *context, const char *text)
{
    verify_context *verify = context;

    if (verify->shown++ < SHOWN_MAX) fprintf(stderr, "largek verify: %s\n", text);
}

static void on_progress(void *context, uint64_t done, uint64_t all)
{
    verify_context *verify = context;

    if (!verify->started) {
        lk_progress_start(&verify->bar,
                          lk_common_progress(&verify->args->sample.common), "verifying",
                          "draws", 0, all);
        verify->started = true;
    }
    lk_progress_update(&verify->bar, done, NULL);
}

static lk_wish on_batch(void *context)
{
    (void)context;
    return lk_stop_signal() != 0 ? LK_STOP_NOW : LK_GO_ON;
}

static lk_status summarise(const verify_args *args, const lk_verify_report *report,
                           lk_error *err)
{
    lk_facts facts = {0};

    lk_facts_text(&facts, "file", "%s", args->file);
    lk_facts_count(&facts, "first_successes", report->firsts);
    lk_facts_count(&facts, "best_scores", report->bests);
    lk_facts_count(&facts, "traced", report->traced);
    lk_facts_count(&facts, "tiles", report->tiles);
    lk_facts_count(&facts, "tile_attempts", report->draws);
    lk_facts_count(&facts, "attempts_again", report->again);
    lk_facts_count(&facts, "differences", report->differences);
    return lk_facts_print(&facts, stdout, args->sample.common.format, "verify", err);
}

static lk_status run_verify(void *argument, lk_error *err)
{
    verify_args *args = argument;
    verify_context context = {.args = args};
    const lk_verify_options verify = {.seed = args->sample.common.seed,
                                      .tiles = (size_t)args->tiles,
                                      .all = args->all,
                                      .context = &context,
                                      .on_difference = on_difference,
                                      .on_progress = on_progress,
                                      .on_batch = on_batch};
    lk_result result = {0};
    lk_sampling sampling = {0};
    lk_verify_report report;
    lk_status st = LK_OK;

    args->sample.command = "verify";
    lk_stop_catch();
    LK_TRY(lk_result_read(args->file, &result, err));
    LK_TRY(lk_sampling_reopen(&sampling, &args->sample, &result, err));
    st = lk_verify(sampling.backend, sampling.device, &sampling.job, &sampling.result,
                   &verify, &report, err);
    if (context.started) lk_progress_end(&context.bar);
    if (st != LK_OK) goto out;
    LK_TRY(summarise(args, &report, err));
    if (report.differences > 0) {
        st = LK_FAIL(err, LK_E_NUMERIC, "%s: %" PRIu64 " differences", args->file,
                     report.differences);
    }

out:
    lk_sampling_close(&sampling);
    lk_result_release(&result);
    return st;
}

static const lk_example examples[] = {
    {"largek verify run.safetensors -m vae.safetensors -d train-images-idx3-ubyte.gz",
     "Every digest, every single draw that it names, and 64 tiles."},
    {"largek verify run.safetensors -m vae.safetensors -d targets.npy --all",
     "Every attempt again."},
    {NULL, NULL},
};

const lk_command lk_cmd_verify = {
    .name = "verify",
    .summary = "make parts of a result again and compare",
    .run = run_verify,
    .args_bytes = sizeof(verify_args),
    .syntax = {sizeof options / sizeof options[0], sizeof operands / sizeof operands[0],
               options, operands},
    .details =
        "Reads a result with all its digests and rules (exit code 5 where one is broken, or "
        "where model or data are others), and makes some of it again: every first success "
        "and best score and a sample of the trace, to the bit; and tiles of attempts drawn "
        "at random, which are counted by the fast path with its guard band and by the "
        "canonical score alone.  The two must agree in everything, and no tile may make a "
        "total impossible, or so unlikely that a sound result fails one time in 10^12.  "
        "The histogram bounds every count from both sides.\n\n"
        "A result keeps totals, so a total that is off by little can be seen by --all "
        "alone.  Each difference is told on standard error, the first 20 of them, and ends "
        "in exit code 1.",
    .example = examples,
};
