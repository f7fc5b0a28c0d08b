/* cmd_info_file.c - `largek info model` and `largek info result`: what a file holds. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/facts.h"
#include "largek/largek.h"

typedef struct {
    lk_common common;
    const char *file;
} file_args;

static const lk_option options[] = {LK_FORMAT_OPTION(file_args)};

static const lk_operand model_operand = {
    "FILE", offsetof(file_args, file), "A model in safetensors.", LK_OPERAND_REQUIRED};
static const lk_operand result_operand = {
    "FILE", offsetof(file_args, file),
    "A result of `largek sample`, or estimates of "
    "`largek rare`.",
    LK_OPERAND_REQUIRED};

static void add_mlp(lk_facts *facts, const char *name, const lk_mlp *mlp)
{
    char text[LK_FACT_TEXT];

    lk_mlp_describe(mlp, text, sizeof text);
    lk_facts_text(facts, name, "%s", text);
}

/* What training left, where it was ours. */
static lk_status add_training(lk_facts *facts, const char *path, lk_error *err)
{
    lk_safetensors file = {0};
    const char *note = NULL;
    lk_status st = LK_OK;

    LK_TRY(lk_safetensors_read(path, &file, err));
    note = lk_safetensors_entry(&file, "largek.training");
    if (note != NULL) lk_facts_text(facts, "training", "%s", note);
out:
    lk_safetensors_release(&file);
    return st;
}

static lk_status run_model(void *data, lk_error *err)
{
    const file_args *args = data;
    lk_facts facts = {0};
    lk_model model = {0};
    char digest[33];
    lk_status st = LK_OK;

    LK_TRY(lk_model_read(args->file, NULL, &model, err));
    LK_TRY(lk_mlp_digest(&model.decoder, digest, err));
    lk_facts_text(&facts, "file", "%s", args->file);
    lk_facts_count(&facts, "latent", lk_mlp_inputs(&model.decoder));
    lk_facts_count(&facts, "pixels", lk_mlp_outputs(&model.decoder));
    add_mlp(&facts, "decoder", &model.decoder);
    lk_facts_count(&facts, "decoder_parameters", lk_mlp_parameters(&model.decoder));
    lk_facts_text(&facts, "decoder_digest", "%s", digest);
    if (model.has_encoder) {
        if (model.encoder.layers > 0) add_mlp(&facts, "encoder", &model.encoder);
        add_mlp(&facts, "mu", &model.mu);
        add_mlp(&facts, "logvar", &model.logvar);
    } else {
        lk_facts_text(&facts, "encoder", "none: attempts start from the prior");
    }
    LK_TRY(add_training(&facts, args->file, err));
    st = lk_facts_print(&facts, stdout, args->common.format, "info model", err);
out:
    lk_model_release(&model);
    return st;
}

/* A fact holds all the thresholds that a run may have. */
static void add_thresholds(lk_facts *facts, const char *name, const lk_spec *spec)
{
    char list[LK_FACT_TEXT] = "";
    size_t used = 0;

    for (size_t t = 0; t < spec->thresholds; t++) {
        const int n = snprintf(list + used, sizeof list - used, "%s%.12g",
                               t == 0 ? "" : ",", spec->threshold[t]);
        if (n > 0 && (size_t)n < sizeof list - used) used += (size_t)n;
    }
    lk_facts_text(facts, name, "%s", list);
}

static void add_spec(lk_facts *facts, const lk_spec *spec)
{
    lk_facts_text(facts, "model_digest", "%s", spec->model_digest);
    lk_facts_text(facts, "problems_digest", "%s", spec->problems_digest);
    lk_facts_count(facts, "problems", spec->problems);
    lk_facts_count(facts, "latent", spec->latent);
    lk_facts_count(facts, "pixels", spec->pixels);
    lk_facts_text(facts, "score", "%s", lk_score_name(spec->score));
    add_thresholds(facts, "thresholds", spec);
    lk_facts_real(facts, "temperature", spec->temperature);
    lk_facts_count(facts, "seed", spec->seed);
    if (spec->stream_version == LK_STREAM_NONE) {
        lk_facts_text(facts, "stream_version", "none: the counts are not exact");
    } else {
        lk_facts_count(facts, "stream_version", spec->stream_version);
    }
    if (spec->until.kind != LK_UNTIL_DRAWS) {
        char rule[160];

        lk_until_describe(&spec->until, rule, sizeof rule);
        lk_facts_text(facts, "until", "%s", rule);
    }
}

/* How much of what was asked for is done, and where attempts are missing. */
static void add_coverage(lk_facts *facts, const lk_result *result)
{
    lk_coverage coverage;

    lk_result_coverage(result, &coverage);
    const uint64_t asked = result->asked > coverage.end ? result->asked : coverage.end;
    const double all = (double)result->spec.problems * (double)asked;
    char text[96] = "none";

    lk_facts_count(facts, "draws_asked", asked);
    lk_facts_count(facts, "draws_whole", coverage.whole);
    lk_facts_count(facts, "draws_end", coverage.end);
    lk_facts_real(facts, "done", all > 0.0 ? (double)coverage.attempts / all : 0.0);
    lk_facts_count(facts, "gaps", coverage.gaps);
    lk_facts_count(facts, "missing", coverage.missing);
    if (coverage.gaps > 0) {
        snprintf(text, sizeof text,
                 "problem %" PRIu64 ", attempts %" PRIu64 ":%" PRIu64,
                 result->index[coverage.gap_row], coverage.gap.first, coverage.gap.end);
    }
    lk_facts_text(facts, "first_gap", "%s", text);
}

static void add_attempts(lk_facts *facts, const lk_result *result)
{
    uint64_t least = UINT64_MAX, most = 0;
    uint64_t total = 0;
    double rough = 0.0; /* where the total passes 2^64 */
    bool exact = true;

    for (size_t i = 0; i < result->spec.problems; i++) {
        const uint64_t n = result->tally.attempts[i];

        least = n < least ? n : least;
        most = n > most ? n : most;
        exact = exact && n <= UINT64_MAX - total;
        total += n;
        rough += (double)n;
    }
    lk_facts_count(facts, "attempts_least", least);
    lk_facts_count(facts, "attempts_most", most);
    if (exact) {
        lk_facts_count(facts, "attempts_total", total);
    } else {
        lk_facts_real(facts, "attempts_total", rough);
    }
    add_coverage(facts, result);
    lk_facts_count(facts, "attempts_traced", result->traced);
    lk_facts_count(facts, "redecided", result->redecided);
    lk_facts_count(facts, "audited", result->audited);
    lk_facts_real(facts, "audit_largest", result->audit_largest);
    lk_facts_count(facts, "violations", result->violations);
    lk_facts_text(facts, "device", "%s", result->device);
    lk_facts_text(facts, "path", "%s", result->path);
    lk_facts_real(facts, "seconds", result->seconds);
    lk_facts_count(facts, "checkpoints", result->saves);
    lk_facts_real(facts, "checkpoint_s", result->save_s);
}

enum { CELL_NAME = 32 };

/* The scores of the cells, each once, and their thresholds. */
static void add_scores(lk_facts *facts, const lk_sweep *sweep)
{
    static const char *const names[LK_SCORES] = {"thresholds_mse", "thresholds_sse",
                                                 "thresholds_l2", "thresholds_rel_l2"};
    const lk_spec *first[LK_SCORES] = {NULL};
    char list[64] = "";
    size_t scores = 0;

    for (size_t g = 0; g < sweep->cells; g++) {
        const lk_spec *spec = &sweep->cell[g].spec;
        const size_t used = strlen(list);

        if (first[spec->score] != NULL) continue;
        first[spec->score] = spec;
        snprintf(list + used, sizeof list - used, "%s%s", scores++ == 0 ? "" : ",",
                 lk_score_name(spec->score));
    }
    lk_facts_text(facts, scores == 1 ? "score" : "scores", "%s", list);
    for (size_t i = 0; i < LK_SCORES; i++) {
        if (first[i] == NULL) continue;
        add_thresholds(facts, scores == 1 ? "thresholds" : names[i], first[i]);
    }
}

/* What all cells have, then a line a cell; facts point to their names. */
static void add_cells(lk_facts *facts, const lk_sweep *sweep,
                      char name[LK_FACTS_MAX][CELL_NAME])
{
    const lk_spec *spec = &sweep->cell[0].spec;

    lk_facts_count(facts, "cells", sweep->cells);
    lk_facts_count(facts, "problems", spec->problems);
    add_scores(facts, sweep);
    lk_facts_count(facts, "seed", spec->seed);
    for (size_t g = 0; g < sweep->cells && g < LK_FACTS_MAX; g++) {
        const lk_result *cell = &sweep->cell[g];
        uint64_t least = UINT64_MAX, most = 0;

        for (size_t p = 0; p < cell->spec.problems; p++) {
            const uint64_t n = cell->tally.attempts[p];

            least = n < least ? n : least;
            most = n > most ? n : most;
        }
        snprintf(name[g], CELL_NAME, "cell_%zu", g + 1);
        lk_facts_text(facts, name[g],
                      "temperature %.12g, %s (digest %s), %s, %" PRIu64 " to %" PRIu64
                      " attempts",
                      cell->spec.temperature, sweep->model[g], cell->spec.model_digest,
                      lk_score_name(cell->spec.score), least, most);
    }
}

/* Problems that are done, and what became of their estimates. */
static void add_statuses(lk_facts *facts, const lk_rare *rare)
{
    uint64_t of[LK_RARE_STATUSES] = {0}, done = 0, spent = 0;

    for (size_t p = 0; p < rare->spec.problems; p++) done += lk_rare_done(rare, p);
    for (size_t i = 0; i < rare->spec.problems * rare->spec.thresholds; i++) {
        of[rare->at[i].status]++;
        spent += rare->at[i].spent;
    }
    lk_facts_count(facts, "problems_done", done);
    for (int s = 0; s < LK_RARE_STATUSES; s++) {
        lk_facts_count(facts, lk_rare_status_name((lk_rare_status)s), of[s]);
    }
    lk_facts_count(facts, "draws_spent", spent);
}

static lk_status run_estimates(const file_args *args, lk_error *err)
{
    lk_facts facts = {0};
    lk_rare rare = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_rare_read(args->file, &rare, err));
    lk_facts_text(&facts, "file", "%s", args->file);
    lk_facts_text(&facts, "holds", "estimates of `largek rare`");
    add_spec(&facts, &rare.spec);
    lk_facts_text(&facts, "method", "%s", lk_rare_method_name(rare.options.method));
    lk_facts_real(&facts, "rel_error", rare.options.rel_error);
    lk_facts_count(&facts, "budget", rare.options.budget);
    lk_facts_count(&facts, "starts", rare.options.starts);
    add_statuses(&facts, &rare);
    lk_facts_text(&facts, "device", "%s", rare.device);
    lk_facts_text(&facts, "path", "%s", rare.path);
    lk_facts_real(&facts, "seconds", rare.seconds);
    st = lk_facts_print(&facts, stdout, args->common.format, "info result", err);
out:
    lk_rare_release(&rare);
    return st;
}

static lk_status run_result(void *data, lk_error *err)
{
    const file_args *args = data;
    char name[LK_FACTS_MAX][CELL_NAME];
    lk_facts facts = {0};
    lk_sweep sweep = {0};
    lk_status st = LK_OK;

    if (lk_rare_recognise(args->file)) return run_estimates(args, err);
    LK_TRY(lk_sweep_read(args->file, &sweep, err));
    lk_facts_text(&facts, "file", "%s", args->file);
    if (sweep.cells > 1) {
        add_cells(&facts, &sweep, name);
    } else {
        add_spec(&facts, &sweep.cell[0].spec);
        add_attempts(&facts, &sweep.cell[0]);
    }
    st = lk_facts_print(&facts, stdout, args->common.format, "info result", err);
out:
    lk_sweep_release(&sweep);
    return st;
}

static const lk_example model_examples[] = {
    {"largek info model vae.safetensors",
     "Layers, activations, parameters and digest."},
    {NULL, NULL},
};

static const lk_example result_examples[] = {
    {"largek info result run.safetensors --format json", "The same for a program."},
    {"largek info result rare.safetensors",
     "Options of `largek rare`, and how many estimates have which status."},
    {NULL, NULL},
};

const lk_command lk_cmd_info_model = {
    .name = "info model",
    .summary = "architecture and digest of a model",
    .run = run_model,
    .args_bytes = sizeof(file_args),
    .syntax = {1, 1, options, &model_operand},
    .details = "Reads a model as `largek sample` would and prints what it found.",
    .example = model_examples,
};

const lk_command lk_cmd_info_result = {
    .name = "info result",
    .summary = "what a result was made from, and how far it is",
    .run = run_result,
    .args_bytes = sizeof(file_args),
    .syntax = {1, 1, options, &result_operand},
    .details =
        "Checks a result's digests and prints all that its counts are a function "
        "of, the attempts made, and how many were decided again or audited.  draws_whole "
        "is how many attempts every problem has without a gap, draws_end where the "
        "furthest problem is; done is the share of all that was asked for, whichever shard it is of.\n\n"
        "Of estimates it prints the task, the options, how many problems are done, and "
        "how many estimates have which status (see `largek help rare`).",
    .example = result_examples,
};
