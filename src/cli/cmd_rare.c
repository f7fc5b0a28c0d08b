/* cmd_rare.c - `largek rare`: success probabilities far below one in any number of draws. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/raring.h"
#include "cli/shard.h"
#include "cli/stop.h"

static const char *const score_names[] = {"mse", "sse", "l2", "rel-l2", NULL};
static const char *const latent_names[] = {"auto", "posterior", "prior", NULL};
static const char *const method_names[] = {"importance", "splitting", "both", NULL};

static const lk_option options[] = {
    {.name = "model",
     .letter = 'm',
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_rare_args, model),
     .metavar = "FILE",
     .required = true,
     .help = "The generator: safetensors of `largek train` or PyTorch."},
    {.name = "data",
     .letter = 'd',
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_rare_args, data),
     .metavar = "FILE",
     .required = true,
     .help =
         "The problems: IDX images (.gz or not), .npy, or safetensors with target and, "
         "optionally, mu and sigma."},
    {.name = "output",
     .letter = 'o',
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_rare_args, common.output),
     .metavar = "FILE",
     .required = true,
     .help = "The estimates, and the checkpoint while the run lasts."},
    {.name = "threshold",
     .letter = 't',
     .kind = LK_OPTION_REALS,
     .offset = offsetof(lk_rare_args, threshold),
     .metavar = "LIST",
     .preset = "0.002,0.003,0.004,0.006,0.008,0.01",
     .help = "A draw succeeds when its score is at or below this; up to 64 of them, "
             "in one descent."},
    {.name = "score",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(lk_rare_args, score),
     .metavar = "NAME",
     .choices = score_names,
     .preset = "mse",
     .help =
         "Mean or sum of squared errors over pixels, its root, or that relative to the "
         "target's norm."},
    {.name = "temperature",
     .letter = 'T',
     .kind = LK_OPTION_REAL,
     .offset = offsetof(lk_rare_args, temperature),
     .metavar = "T",
     .preset = "1.1",
     .bound = LK_BOUND_POSITIVE,
     .help = "Multiplies sigma of the latent distributions."},
    {.name = "problems",
     .kind = LK_OPTION_INDICES,
     .offset = offsetof(lk_rare_args, problems),
     .metavar = "RANGE",
     .help = "Which of the data, 0:400 for the first 400; by default all."},
    {.name = "latent",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(lk_rare_args, latent),
     .metavar = "SOURCE",
     .choices = latent_names,
     .preset = "auto",
     .help =
         "Where mu and sigma come from: the encoder, or the prior N(0, I).  auto takes "
         "what the data file has, else the encoder, else the prior."},
    {.name = "activations",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_rare_args, activations),
     .metavar = "LIST",
     .help =
         "Activations of the decoder's layers, \"relu,sigmoid\", where the model file "
         "does not say."},
    {.name = "method",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(lk_rare_args, method),
     .metavar = "NAME",
     .choices = method_names,
     .preset = "importance",
     .help =
         "Importance sampling, adaptive multilevel splitting, or the first checked by "
         "the second."},
    {.name = "rel-error",
     .kind = LK_OPTION_REAL,
     .offset = offsetof(lk_rare_args, rel_error),
     .metavar = "R",
     .preset = "0.02",
     .bound = LK_BOUND_OPEN_UNIT,
     .help =
         "Relative standard error at which an estimate is good enough.  A smaller one "
         "makes again what does not meet it."},
    {.name = "budget",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(lk_rare_args, budget),
     .metavar = "N",
     .preset = "1e6",
     .bound = LK_BOUND_POSITIVE,
     .help = "Draws of an estimate at most, those of its preparation not counted."},
    {.name = "starts",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(lk_rare_args, starts),
     .metavar = "N",
     .preset = "12",
     .bound = LK_BOUND_POSITIVE,
     .help = "Starts of the search for separate regions of success."},
    {.name = "check",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_rare_args, check),
     .metavar = "RESULT",
     .help = "A result of `largek sample` for the same task: every estimate is held "
             "against its counts by an exact test."},
    {.name = "strict",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(lk_rare_args, strict),
     .help = "Exit with 1 where an estimate does not meet the error, is unstable or "
             "disagrees."},
    {.name = "per-problem",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(lk_rare_args, per_problem),
     .help =
         "Print every estimate with its diagnostics, instead of a row a threshold."},
    {.name = "shard",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_rare_args, shard),
     .metavar = "I/N",
     .help =
         "Make the I-th of N parts of the problems, I from 1, and write it to its own "
         "file; auto: as many as the Slurm array has tasks.  `largek merge` joins "
         "them."},
    {.name = "checkpoint-every",
     .kind = LK_OPTION_DURATION,
     .offset = offsetof(lk_rare_args, checkpoint_s),
     .metavar = "TIME",
     .preset = "30s",
     .help = "Time between checkpoints."},
    {.name = "max-time",
     .kind = LK_OPTION_DURATION,
     .offset = offsetof(lk_rare_args, max_time_s),
     .metavar = "TIME",
     .help = "Stop after this long, with a checkpoint and exit code 75."},
    {.name = "path",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_rare_args, path),
     .metavar = "NAME",
     .help = "The fast path, as for `largek sample`.  No estimate depends on it."},
    {.name = "precision",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_rare_args, precision),
     .metavar = "NAME",
     .help = "Of the fast path, as for `largek sample`.  No estimate depends on it."},
    {.name = "isa",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_rare_args, isa),
     .metavar = "NAME",
     .help = "Instruction set of the decoder on the cpu.  No estimate depends on it."},
    {.name = "tile",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(lk_rare_args, tile),
     .metavar = "N",
     .help = "Draws in a block of work.  No estimate depends on it."},
    {.name = "force",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(lk_rare_args, force),
     .help = "Start anew where the output is there already."},
    LK_SEED_OPTION(lk_rare_args),
    LK_DEVICE_OPTION(lk_rare_args),
    LK_THREADS_OPTION(lk_rare_args),
    LK_FORMAT_OPTION(lk_rare_args),
    LK_QUIET_OPTION(lk_rare_args),
    LK_PROGRESS_OPTION(lk_rare_args),
};

typedef struct {
    const lk_rare_args *args;
    lk_progress_bar bar;
    bool started;
    double start_s;
    uint64_t spent;
} run_context;

static void on_progress(void *context, const lk_rare_progress *progress)
{
    run_context *run = context;
    char note[80];

    if (!run->started) {
        lk_progress_start(&run->bar, lk_common_progress(&run->args->common),
                          "estimating", "problems", progress->done, progress->total);
        run->started = true;
    }
    run->spent = progress->spent;
    snprintf(note, sizeof note, "%.3g draws", (double)progress->spent);
    lk_progress_update(&run->bar, progress->done, note);
}

static lk_wish on_batch(void *context)
{
    const run_context *run = context;

    if (lk_stop_signal() != 0) return LK_STOP_NOW;
    if (run->args->max_time_s > 0.0 &&
        lk_clock_s() - run->start_s >= run->args->max_time_s) {
        return LK_STOP_NOW;
    }
    return lk_stop_save_wished() ? LK_SAVE_NOW : LK_GO_ON;
}

static void on_warning(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "largek rare: warning: %s\n", text);
}

static lk_status estimate(const lk_rare_args *args, lk_error *err)
{
    run_context context = {.args = args, .start_s = lk_clock_s()};
    const lk_rare_run_options run = {.output = args->common.output,
                                     .checkpoint_s = args->checkpoint_s,
                                     .threads = lk_common_threads(&args->common),
                                     .share = args->share,
                                     .context = &context,
                                     .on_progress = on_progress,
                                     .on_batch = on_batch,
                                     .on_warning = on_warning};
    lk_raring raring = {0};
    lk_status st = LK_OK;

    lk_stop_catch();
    LK_TRY(lk_raring_open(&raring, args, err));
    if (!raring.complete) {
        st = lk_rare_run(raring.backend, raring.device, &raring.job, &run, &raring.rare,
                         err);
        if (context.started) lk_progress_end(&context.bar);
        if (st != LK_OK) goto out;
        if (!args->common.quiet) {
            fprintf(stderr, "largek rare: %" PRIu64 " draws; %.1f s\n", context.spent,
                    lk_clock_s() - context.start_s);
        }
    }
    LK_TRY(lk_raring_check(&raring, args, err));
    LK_TRY(lk_raring_print(&raring, args, err));
    st = lk_raring_judge(&raring, args, err);

out:
    lk_raring_close(&raring);
    return st;
}

/* A shard writes its own file. */
static lk_status run_rare(void *argument, lk_error *err)
{
    lk_rare_args *args = argument;
    char *path = NULL;
    lk_status st = LK_OK;

    if (args->shard != NULL) {
        LK_TRY(lk_shard_parse(args->shard, &args->share, err));
        LK_TRY(lk_shard_path(args->common.output, args->share, &path, err));
        args->common.output = path;
    }
    st = estimate(args, err);

out:
    free(path);
    return st;
}

static const lk_example examples[] = {
    {"largek rare -m vae.safetensors -d train-images-idx3-ubyte.gz --problems 0:400 "
     "-o rare.safetensors",
     "400 problems at six thresholds, each probability to 2 %."},
    {"largek rare -m vae.safetensors -d train-images-idx3-ubyte.gz --problems 0:400 "
     "-o rare.safetensors --check run.safetensors --strict",
     "The same held against counts; exit code 1 where an estimate is not sound."},
    {"largek rare -m vae.safetensors -d targets.npy -o rare.safetensors --shard 2/16",
     "One of 16 processes; it writes rare.shard-2-of-16.safetensors."},
    {"largek passk rare.safetensors --k 1:1e30:log=2",
     "What the estimates say of pass@k."},
    {NULL, NULL},
};

const lk_command lk_cmd_rare = {
    .name = "rare",
    .summary = "estimate success probabilities far below one in any number of draws",
    .run = run_rare,
    .args_bytes = sizeof(lk_rare_args),
    .syntax = {.options = sizeof options / sizeof options[0], .option = options},
    .details =
        "For every problem and threshold the probability that a single attempt succeeds, "
        "by importance sampling in latent space: draws from a mixture of Gaussians that "
        "was adapted to the successes, each weighing as much as N(0, I) is denser there. "
        "The estimate is made of fresh draws and is unbiased; probabilities of 1e-40 cost "
        "about as much as those of 1e-4.\n\n"
        "Statuses: ok; rel_error_not_met, where --budget ended first; unstable, where ten "
        "slices of the draws disagree or a single weight is over a tenth of all; disagrees, "
        "with the counts of --check (Holm's procedure, a chance of 1 in 100 of any false "
        "alarm in the file) or with splitting; none_found, where nothing reached the "
        "threshold: then there is no estimate, the smallest score reached is told, and the "
        "upper end is that of 4,096 plain draws without a success.\n\n"
        "The same command goes on where a run was stopped, problem by problem.  SIGINT and "
        "SIGTERM write a checkpoint and stop; SIGUSR1 writes one and goes on.  Estimates "
        "do not depend on device, threads or interruptions.\n\n"
        "With --shard I/N several processes share the problems without talking to each "
        "other: -o rare.safetensors becomes rare.shard-I-of-N.safetensors, and `largek "
        "merge` makes one file of them, the same to the bit as that of one run, which the "
        "command without --shard goes on with.  With --check a shard's estimates are "
        "tested by themselves; test the merged file for all of them at once.",
    .example = examples,
};
