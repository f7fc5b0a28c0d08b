/* cmd_sample.c - `largek sample`: draws into counts. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/sampling.h"
#include "cli/shard.h"
#include "cli/stop.h"
#include "cli/summary.h"
#include "cli/sweeping.h"

static const char *const latent_names[] = {"auto", "posterior", "prior", NULL};

static const lk_option options[] = {
    {.name = "model",
     .letter = 'm',
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_sample_args, models),
     .metavar = "FILE",
     .required = true,
     .help = "The generator: safetensors of `largek train` or PyTorch; several, joined "
             "by commas, make a sweep."},
    {.name = "data",
     .letter = 'd',
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_sample_args, data),
     .metavar = "FILE",
     .required = true,
     .help =
         "The problems: IDX images (.gz or not), .npy, or safetensors with target and, "
         "optionally, mu and sigma."},
    {.name = "output",
     .letter = 'o',
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_sample_args, common.output),
     .metavar = "FILE",
     .required = true,
     .help = "The result, and the checkpoint while the run lasts."},
    {.name = "draws",
     .letter = 'n',
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(lk_sample_args, draws),
     .metavar = "N",
     .preset = "1e6",
     .bound = LK_BOUND_POSITIVE,
     .help = "Attempts at each problem."},
    {.name = "until",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_sample_args, until),
     .metavar = "RULE",
     .help = "Let outcomes decide how many attempts a problem gets, at most --draws: "
             "successes=R, rel-width=W or budget=N; @THRESHOLD after it says whose "
             "successes count, else those of the smallest threshold."},
    {.name = "block",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(lk_sample_args, block),
     .metavar = "N",
     .preset = "4096",
     .bound = LK_BOUND_POSITIVE,
     .help = "Attempts that a budget gives to a problem at a time."},
    {.name = "threshold",
     .letter = 't',
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_sample_args, thresholds),
     .metavar = "LIST",
     .preset = "0.002,0.003,0.004,0.006,0.008,0.01",
     .help = "A draw succeeds when its score is at or below this; up to 64 of them, "
             "counted in one run.  With several scores the list is for all of them, or "
             "each has its own: 'mse:0.004,0.006;l2:1.8,2'."},
    {.name = "score",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_sample_args, score_names),
     .metavar = "LIST",
     .preset = "mse",
     .help =
         "mse, sse, l2 or rel-l2: mean or sum of squared errors over pixels, its root, "
         "or that relative to the target's norm; several make a sweep."},
    {.name = "temperature",
     .letter = 'T',
     .kind = LK_OPTION_REALS,
     .offset = offsetof(lk_sample_args, temperatures),
     .metavar = "LIST",
     .preset = "1.1",
     .bound = LK_BOUND_POSITIVE,
     .help = "Multiplies sigma of the latent distributions; several make a sweep."},
    {.name = "problems",
     .kind = LK_OPTION_INDICES,
     .offset = offsetof(lk_sample_args, problems),
     .metavar = "RANGE",
     .help = "Which of the data, 0:400 for the first 400; by default all."},
    {.name = "latent",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(lk_sample_args, latent),
     .metavar = "SOURCE",
     .choices = latent_names,
     .preset = "auto",
     .help =
         "Where mu and sigma come from: the encoder, or the prior N(0, I).  auto takes "
         "what the data file has, else the encoder, else the prior."},
    {.name = "activations",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_sample_args, activations),
     .metavar = "LIST",
     .help =
         "Activations of the decoder's layers, \"relu,sigmoid\", where the model file "
         "does not say."},
    {.name = "trace",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(lk_sample_args, trace),
     .metavar = "J",
     .help = "Keep the scores of the first J attempts as well."},
    {.name = "shard",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_sample_args, shard),
     .metavar = "I/N",
     .help = "Make the I-th of N parts of the attempts at every problem, I from 1, and "
             "write it to its own file; auto: as many as the Slurm array has tasks.  "
             "`largek merge` joins them."},
    {.name = "checkpoint-every",
     .kind = LK_OPTION_DURATION,
     .offset = offsetof(lk_sample_args, checkpoint_s),
     .metavar = "TIME",
     .preset = "30s",
     .help = "Time between checkpoints."},
    {.name = "patience",
     .kind = LK_OPTION_DURATION,
     .offset = offsetof(lk_sample_args, patience_s),
     .metavar = "TIME",
     .preset = "10s",
     .help = "How long the last write is tried again where the disk is full or fails."},
    {.name = "max-time",
     .kind = LK_OPTION_DURATION,
     .offset = offsetof(lk_sample_args, max_time_s),
     .metavar = "TIME",
     .help = "Stop after this long, with a checkpoint and exit code 75."},
    {.name = "path",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_sample_args, path),
     .metavar = "NAME",
     .help =
         "The fast path; cpu: loops (own kernels) or blas; cuda: staged.  No count "
         "depends on it.  cuda has library too, cuRAND's normals and cuBLAS's products, "
         "a baseline for benchmarks: its counts are not exact, its result is marked "
         "so, and exact counts never join it."},
    {.name = "precision",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_sample_args, precision),
     .metavar = "NAME",
     .help =
         "Of the fast path; cpu: fp32; cuda: auto (the fastest of a short trial), fp32, "
         "tf32, fp16 or fp16x3.  No count depends on it."},
    {.name = "isa",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(lk_sample_args, isa),
     .metavar = "NAME",
     .help =
         "Instruction set on the cpu: avx512, avx2 or baseline; by default the best. "
         "No count depends on it."},
    {.name = "tile",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(lk_sample_args, tile),
     .metavar = "N",
     .help = "Draws in a block of work.  No count depends on it."},
    {.name = "force",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(lk_sample_args, force),
     .help = "Start anew where the output is there already."},
    LK_SEED_OPTION(lk_sample_args),
    LK_DEVICE_OPTION(lk_sample_args),
    LK_THREADS_OPTION(lk_sample_args),
    LK_FORMAT_OPTION(lk_sample_args),
    LK_QUIET_OPTION(lk_sample_args),
    LK_PROGRESS_OPTION(lk_sample_args),
};

typedef struct {
    const lk_sample_args *args;
    lk_progress_bar bar;
    bool started;
    double start_s;
    lk_sweeping *sweeping; /* NULL for a single result */
} run_context;

/* Mean success rate so far at the middle threshold, of the first of cells that share. */
static void running_pass(const run_context *run, const lk_result *result, char *out,
                         size_t bytes)
{
    const lk_shared *shared = run->sweeping != NULL ? &run->sweeping->shared : NULL;
    const bool shares = shared != NULL && shared->cells > 0;
    const lk_spec *spec = shares ? &shared->cell[0]->spec : &result->spec;
    const lk_tally *tally = &result->tally;
    const size_t t = spec->thresholds / 2;
    double sum = 0.0;
    size_t problems = 0;

    for (size_t p = 0; p < tally->problems; p++) {
        if (tally->attempts[p] == 0) continue;
        problems++;
        const uint64_t successes = shares ? lk_shared_successes(shared, 0, t, p)
                                          : tally->successes[p * tally->thresholds + t];

        sum += (double)successes / (double)tally->attempts[p];
    }
    snprintf(out, bytes, "pass@1 %.4f at %g",
             problems > 0 ? sum / (double)problems : 0.0, spec->threshold[t]);
}

static void on_progress(void *context, const lk_progress *progress)
{
    run_context *run = context;
    char note[80];

    if (!run->started) {
        lk_progress_start(&run->bar, lk_common_progress(&run->args->common), "sampling",
                          "draws", progress->done - progress->made, progress->total);
        run->started = true;
    }
    running_pass(run, progress->result, note, sizeof note);
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
    fprintf(stderr, "largek sample: warning: %s\n", text);
}

static lk_status on_save(void *context, lk_error *err)
{
    return lk_sweeping_save(((const run_context *)context)->sweeping, err);
}

/* What the guard band did, in a line. */
static void tell(const lk_result *r, double seconds)
{
    uint64_t attempts = 0;

    for (size_t p = 0; p < r->spec.problems; p++) attempts += r->tally.attempts[p];
    fprintf(stderr,
            "largek sample: %" PRIu64 " attempts in all; %" PRIu64
            " re-decided by the canonical score, %" PRIu64 " audited, %" PRIu64
            " outside the guard band; %.1f s\n",
            attempts, r->redecided, r->audited, r->violations, seconds);
}

/* A shard writes its own file, and the first of them keeps the trace for all. */
static lk_status take_shard(lk_sample_args *args, char **path, lk_error *err)
{
    lk_status st = LK_OK;

    if (args->shard == NULL) return LK_OK;
    LK_TRY(lk_shard_parse(args->shard, &args->share, err));
    LK_TRY(lk_shard_path(args->common.output, args->share, path, err));
    args->common.output = *path;
    if (args->share.shard > 0) args->trace = 0;

out:
    return st;
}

static lk_run_options make_options(const lk_sample_args *args, run_context *context)
{
    return (lk_run_options){.draws = args->draws,
                            .share = args->share,
                            .trace = (size_t)args->trace,
                            .output = args->common.output,
                            .checkpoint_s = args->checkpoint_s,
                            .patience_s = args->patience_s,
                            .context = context,
                            .on_progress = on_progress,
                            .on_batch = on_batch,
                            .on_warning = on_warning};
}

static lk_status sample(const lk_sample_args *args, lk_cluster *cluster, lk_error *err)
{
    run_context context = {.args = args, .start_s = lk_clock_s()};
    const lk_run_options run = make_options(args, &context);
    lk_sampling sampling = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_sampling_open(&sampling, args, cluster, err));
    if (!sampling.complete) {
        st = lk_run(sampling.backend, sampling.device, &sampling.job, &run,
                    &sampling.result, err);
        if (context.started) lk_progress_end(&context.bar);
        if (st == LK_OK && !args->common.quiet) {
            tell(&sampling.result, lk_clock_s() - context.start_s);
        }
    }
    if (st == LK_OK) {
        st = lk_sampling_summarise(&sampling, args->common.format, err);
    }

out:
    lk_sampling_close(&sampling);
    return st;
}

/* The cells that lack attempts, one after the other. */
static lk_status run_cells(lk_sweeping *sweeping, const lk_sample_args *args,
                           lk_cluster *cluster, run_context *context, lk_error *err)
{
    lk_run_options run = make_options(args, context);
    lk_status st = LK_OK;

    run.on_save = on_save;
    for (size_t g = 0; g < sweeping->sweep.cells && st == LK_OK; g++) {
        const double start = lk_clock_s();
        lk_sampling *part = NULL;
        lk_result *work = NULL;

        if (sweeping->complete[g]) continue;
        LK_TRY(lk_sweeping_enter(sweeping, g, args, cluster, &part, &work, err));
        st = lk_run(part->backend, part->device, &part->job, &run, work, err);
        if (context->started) lk_progress_end(&context->bar);
        context->started = false;
        if (st == LK_OK && !args->common.quiet) tell(work, lk_clock_s() - start);
        lk_sweeping_leave(sweeping, part, st == LK_OK);
    }

out:
    return st;
}

static lk_status sample_sweep(const lk_sample_args *args, lk_cluster *cluster,
                              lk_error *err)
{
    lk_sweeping sweeping = {0};
    run_context context = {
        .args = args, .start_s = lk_clock_s(), .sweeping = &sweeping};
    lk_counts counts = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_sweeping_open(&sweeping, args, err));
    LK_TRY(run_cells(&sweeping, args, cluster, &context, err));
    LK_TRY(lk_sweep_counts(&sweeping.sweep, &counts, NULL, err));
    st = lk_summary_print(&counts, args->common.format, err);

out:
    lk_counts_release(&counts);
    lk_sweeping_close(&sweeping);
    return st;
}

static lk_status sample_share(lk_sample_args *args, lk_cluster *cluster, lk_error *err)
{
    char *path = NULL;
    bool sweep = false;
    lk_status st = LK_OK;

    LK_TRY(lk_scores_parse(args->score_names, args->thresholds, &args->scores, err));
    LK_TRY(lk_sweeping_wanted(args, &sweep, err));
    if (sweep) {
        st = sample_sweep(args, cluster, err);
        goto out;
    }
    LK_TRY(take_shard(args, &path, err));
    st = sample(args, cluster, err);

out:
    lk_scores_release(&args->scores);
    free(path);
    return st;
}

/* On several processes: rank 0 is the run, the others compute for it. */
static lk_status run_sample(void *argument, lk_error *err)
{
    lk_sample_args *args = argument;
    lk_opening opening = {.args = args};
    lk_cluster *cluster = NULL;
    lk_status st = LK_OK;

    lk_stop_catch();
    LK_TRY(lk_cluster_join(lk_stop_signal, &cluster, err));
    lk_cluster_place(cluster, &opening.place);
    if (opening.place.rank == 0) {
        st = sample_share(args, cluster, err);
    } else {
        st = lk_cluster_serve(cluster, lk_sampling_opener, &opening, err);
    }

out:
    lk_cluster_leave(cluster);
    return st;
}

static const lk_example examples[] = {
    {"largek sample -m vae.safetensors -d train-images-idx3-ubyte.gz --problems 0:400 "
     "--draws 1e6 -o run.safetensors",
     "A million attempts at each of 400 problems, at six thresholds."},
    {"largek sample -m decoder.safetensors -d targets.npy --latent prior --score rel-l2 "
     "--threshold 0.05:0.5:log=8 -o run.safetensors",
     "A decoder of one's own, latents from N(0, I)."},
    {"largek sample -m vae.safetensors -d targets.npy --draws 1e9 --until "
     "successes=10@0.004 -o run.safetensors",
     "Ten successes at a threshold of 0.004 for each problem, or 1e9 attempts."},
    {"largek sample -m vae.safetensors -d targets.npy -T 0.8:1.4:0.1 -o sweep.safetensors",
     "Seven temperatures in one result; `largek passk` prints a group for each."},
    {"largek sample -m vae.safetensors -d targets.npy --score mse,l2 "
     "--threshold 'mse:0.004,0.006;l2:1.8,2' -o scores.safetensors",
     "Two scores of the same draws, each with its own thresholds."},
    {"largek sample -m vae.safetensors -d targets.npy --draws 1e9 --shard 2/16 "
     "-o run.safetensors",
     "One of 16 processes or machines; it writes run.shard-2-of-16.safetensors."},
    {"mpirun -n 8 largek sample -m vae.safetensors -d x.npy -n 1e9 -o r.safetensors",
     "Eight processes that work on one result."},
    {NULL, NULL},
};

const lk_command lk_cmd_sample = {
    .name = "sample",
    .summary = "make draws and count successes",
    .run = run_sample,
    .args_bytes = sizeof(lk_sample_args),
    .syntax = {.options = sizeof options / sizeof options[0], .option = options},
    .details =
        "Attempt j at problem i is a latent vector mu_i + T sigma_i eps(i, j), decoded and "
        "compared with the target; it succeeds where its score is at or below a threshold. "
        "The normals eps(i, j) depend on seed, i and j alone, and whatever the fast path "
        "leaves in doubt is decided by a canonical score in double precision, so the "
        "counts are the same on every device, with any number of threads, however the run "
        "is interrupted.\n\n"
        "The output is written every --checkpoint-every and at the end.  The same command "
        "goes on where a run was stopped; with more --draws it makes those that are "
        "missing; when nothing is missing it does nothing and says so.  SIGINT and SIGTERM "
        "write a checkpoint and stop; SIGUSR1 writes one and goes on.  Where the disk is full "
        "or fails, the run warns, goes on and tries again; when also the last write "
        "fails for as long as --patience, the exit code is 4 and the last checkpoint "
        "stands.  One process at a time "
        "may write an output: FILE.lock keeps others from it, and is no obstacle once its "
        "process is dead.\n\n"
        "--until successes=R ends a problem at exactly its R-th success (PassUntil), "
        "rel-width=W where the 95 % Wilson interval of its success rate is at most W times "
        "that rate wide (looked at after 64 attempts, then each time there are a quarter "
        "more), and budget=N gives N attempts in all, each --block of them to the problem "
        "with the fewest successes, of those the fewest attempts.  The numbers of attempts "
        "depend on the draws alone, as all counts do.  The same command with more "
        "successes, a smaller width or a larger budget goes on.  The result records the "
        "rule, and statistics heed it: after successes=R pass@k at that threshold is "
        "estimated without bias as PassUntil does; no estimator is unbiased at other "
        "thresholds and after other rules, and what claims to be so is refused.\n\n"
        "Several temperatures, models or scores make a sweep: every model at every "
        "temperature by every score, a cell each, in one result whose arrays have the cells "
        "as leading axis.  Cells are made one after the other, but those that differ in "
        "score alone, and lack the same attempts, are made together: each draw once, with "
        "up to 64 thresholds in all.  The same command goes on in the cell where it was "
        "stopped, and with more temperatures, models or scores it adds the cells that are "
        "missing.  All cells have the same problems and as many thresholds; their counts "
        "are those of a run of each by itself.  So does --until hold for each cell; it "
        "takes one score.\n\n"
        "With --shard I/N several processes share a run without talking to each other: "
        "-o run.safetensors becomes run.shard-I-of-N.safetensors, and `largek merge` makes "
        "one result of them.  Which attempts are a shard's depends on I and N alone, so "
        "every shard can be stopped, resumed and given more --draws by itself; N must stay "
        "as it is.  --trace is kept by the first shard.\n\n"
        "Started by mpirun, or by srun --mpi=pmix, several processes make one run: the "
        "first of them reads, writes and prints, and deals out work to all.  On a host of "
        "several they share its processors, and with --device auto or cuda each takes a GPU "
        "of its own.  Should one die, the job ends with a checkpoint, and the same command "
        "goes on, with any number of processes.",
    .example = examples,
};
