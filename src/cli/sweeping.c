/* sweeping.c - cells of a sweep: what is asked for, what is there, what is missing. */
#include "cli/sweeping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

static void say(const lk_sample_args *args, const char *what, const char *text)
{
    if (!args->common.quiet) fprintf(stderr, "largek sample: %s%s\n", what, text);
}

/* A comma is part of a name where there is such a file. */
static size_t count_models(const char *text)
{
    size_t count = 1;

    if (access(text, F_OK) == 0) return 1;
    for (; *text != '\0'; text++) count += *text == ',';
    return count;
}

lk_status lk_sweeping_wanted(lk_sample_args *args, bool *wanted, lk_error *err)
{
    const size_t cells =
        count_models(args->models) * args->temperatures.count * args->scores.count;

    *wanted = cells > 1;
    args->model = args->models;
    args->temperature = args->temperatures.value[0];
    args->score = args->scores.score[0];
    args->threshold = args->scores.threshold[0];
    if (cells <= 1) return LK_OK;
    if (cells > LK_SWEEP_CELLS_MAX) {
        return LK_FAIL(err, LK_E_ARG, "%zu models, temperatures and scores: at most %d",
                       cells, LK_SWEEP_CELLS_MAX);
    }
    if (args->shard != NULL) {
        return LK_FAIL(err, LK_E_ARG, "--shard: a sweep has none; run its cells apart");
    }
    if (args->trace > 0) {
        return LK_FAIL(err, LK_E_ARG, "--trace: a sweep keeps none");
    }
    if (args->until != NULL && args->scores.count > 1) {
        return LK_FAIL(
            err, LK_E_ARG,
            "--until: scores end attempts at different places; run them apart");
    }
    return LK_OK;
}

static lk_status split_models(lk_sweeping *s, const lk_sample_args *args, lk_error *err)
{
    const char *at = args->models;

    s->models = count_models(at);
    s->path = calloc(s->models, sizeof *s->path);
    s->part = calloc(s->models, sizeof *s->part);
    if (s->path == NULL || s->part == NULL) goto no_room;
    for (size_t m = 0; m < s->models; m++) {
        const size_t length = s->models == 1 ? strlen(at) : strcspn(at, ",");

        if (length == 0) {
            return LK_FAIL(err, LK_E_ARG, "--model: an empty name in '%s'",
                           args->models);
        }
        s->path[m] = malloc(length + 1);
        if (s->path[m] == NULL) goto no_room;
        memcpy(s->path[m], at, length);
        s->path[m][length] = '\0';
        at += length + (at[length] == ',');
    }
    return LK_OK;

no_room:
    return LK_FAIL(err, LK_E_MEMORY, "no room for %zu models", s->models);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static size_t model_of(const lk_sweeping *s, size_t g)
{
    return g / s->scores / s->temperatures;
}

/* The specs of all cells: their model's own, at another temperature and by another
 * score. */
static lk_status make_specs(lk_sweeping *s, const lk_sample_args *args, lk_error *err)
{
    lk_status st = LK_OK;

    for (size_t g = 0; g < s->sweep.cells; g++) {
        const size_t by = g % s->scores;
        const lk_real_list *threshold = &args->scores.threshold[by];

        s->spec[g] = s->part[model_of(s, g)].spec;
        s->spec[g].temperature =
            args->temperatures.value[g / s->scores % s->temperatures];
        if (s->scores == 1) continue;
        LK_TRY(lk_spec_set_score(&s->spec[g], args->scores.score[by], threshold->value,
                                 threshold->count, err));
    }

out:
    return st;
}

static lk_status read_models(lk_sweeping *s, const lk_sample_args *args, lk_error *err)
{
    lk_status st = LK_OK;

    for (size_t m = 0; m < s->models; m++) {
        lk_sample_args one = *args;

        one.model = s->path[m];
        LK_TRY(lk_sampling_prepare(&s->part[m], &one, err));
        for (size_t other = 0; other < m; other++) {
            if (lk_spec_same(&s->part[m].spec, &s->part[other].spec, NULL) != LK_OK) {
                continue;
            }
            st = LK_FAIL(err, LK_E_ARG, "%s and %s are the same model", s->path[other],
                         s->path[m]);
            goto out;
        }
    }

out:
    return st;
}

/* Why no cell that is asked for is this one: by the nearest, which differs least. */
static lk_status refuse_cell(const lk_sweeping *s, const lk_sample_args *args,
                             const lk_spec *have, lk_error *err)
{
    lk_error why = {0};

    for (size_t g = 0; g < s->sweep.cells; g++) {
        const lk_spec *asked = &s->spec[g];
        lk_spec copy = *have;

        if (strcmp(have->model_digest, asked->model_digest) != 0 ||
            have->temperature != asked->temperature ||
            (s->scores > 1 && have->score != asked->score)) {
            continue;
        }
        lk_spec_extend(&copy, asked, &why);
        return LK_FAIL(err, LK_E_MISMATCH, "%s holds %s; --force replaces it",
                       args->common.output, why.text);
    }
    return LK_FAIL(
        err, LK_E_MISMATCH,
        "%s holds a cell that is not asked for: temperature %.12g, %s, model "
        "digest %s; --force replaces it",
        args->common.output, have->temperature, lk_score_name(have->score),
        have->model_digest);
}

/* Moves what the file has to the cells that it is. */
static lk_status place_cells(lk_sweeping *s, const lk_sample_args *args, lk_sweep *old,
                             lk_error *err)
{
    for (size_t i = 0; i < old->cells; i++) {
        size_t g = 0;

        for (; g < s->sweep.cells; g++) {
            if (lk_spec_extend(&old->cell[i].spec, &s->spec[g], NULL) == LK_OK) break;
        }
        if (g == s->sweep.cells) return refuse_cell(s, args, &old->cell[i].spec, err);
        if (s->sweep.cell[g].index != NULL) {
            return LK_FAIL(err, LK_E_MISMATCH, "%s holds a cell twice",
                           args->common.output);
        }
        s->sweep.cell[g] = old->cell[i];
        old->cell[i] = (lk_result){0};
    }
    return LK_OK;
}

static lk_status fill_cells(lk_sweeping *s, const lk_sample_args *args, lk_error *err)
{
    const char *path = args->common.output;
    lk_sweep old = {0};
    lk_status st = LK_OK;

    if (access(path, F_OK) == 0 && !args->force) {
        LK_TRY(lk_sampling_read_existing(args, &old, err));
        LK_TRY(place_cells(s, args, &old, err));
    }
    for (size_t g = 0; g < s->sweep.cells; g++) {
        const size_t m = model_of(s, g);
        lk_result *cell = &s->sweep.cell[g];

        snprintf(s->sweep.model[g], LK_MODEL_NAME, "%s", base_name(s->path[m]));
        if (cell->index == NULL) {
            LK_TRY(lk_result_init(cell, &s->spec[g], s->part[m].problems.index, err));
        } else {
            s->complete[g] = !cell->spec.until.raised &&
                             lk_result_missing(cell, args->draws, args->share) == 0;
        }
    }

out:
    lk_sweep_release(&old);
    return st;
}

lk_status lk_sweeping_open(lk_sweeping *out, const lk_sample_args *args, lk_error *err)
{
    lk_sweeping *s = out;
    size_t left = 0;
    lk_status st = LK_OK;

    *s = (lk_sweeping){.temperatures = args->temperatures.count,
                       .scores = args->scores.count,
                       .output = args->common.output};
    LK_TRY(split_models(s, args, err));
    LK_TRY(read_models(s, args, err));
    LK_TRY(lk_sweep_init(&s->sweep, s->models * s->temperatures * s->scores, err));
    s->complete = calloc(s->sweep.cells, sizeof *s->complete);
    s->spec = calloc(s->sweep.cells, sizeof *s->spec);
    if (s->complete == NULL || s->spec == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu cells", s->sweep.cells);
        goto out;
    }
    LK_TRY(make_specs(s, args, err));
    LK_TRY(lk_output_lock(s->output, "sample", &s->lock, err));
    LK_TRY(fill_cells(s, args, err));
    for (size_t g = 0; g < s->sweep.cells; g++) left += !s->complete[g];
    if (left == 0) say(args, "nothing to do: all attempts are in ", s->output);

out:
    if (st != LK_OK) lk_sweeping_close(s);
    return st;
}

void lk_sweeping_close(lk_sweeping *sweeping)
{
    for (size_t m = 0; m < sweeping->models; m++) {
        if (sweeping->path != NULL) free(sweeping->path[m]);
        if (sweeping->part != NULL) lk_sampling_close(&sweeping->part[m]);
    }
    free(sweeping->path);
    free(sweeping->part);
    free(sweeping->complete);
    free(sweeping->spec);
    lk_shared_close(&sweeping->shared);
    lk_sweep_release(&sweeping->sweep);
    lk_lock_drop(&sweeping->lock);
    *sweeping = (lk_sweeping){0};
}

/* A cell and those behind it that lack the same attempts, as far as thresholds go. */
static size_t gather_cells(const lk_sweeping *s, size_t first, lk_result *cell[])
{
    size_t cells = 1, thresholds = s->spec[first].thresholds;

    cell[0] = &s->sweep.cell[first];
    for (size_t g = first + 1; g < s->sweep.cells; g++) {
        lk_result *one = &s->sweep.cell[g];

        if (model_of(s, g) != model_of(s, first)) break;
        if (s->complete[g] || thresholds + one->spec.thresholds > LK_THRESHOLDS_MAX ||
            !lk_shared_fits(cell[0], one)) {
            continue;
        }
        thresholds += one->spec.thresholds;
        cell[cells++] = one;
    }
    return cells;
}

/* "cell 3 of 4: temperature 0.9, vae.safetensors, mse, l2 of the same draws". */
static void say_cells(const lk_sweeping *s, const lk_sample_args *args,
                      lk_result *const *cell, size_t cells)
{
    char line[256];
    size_t used = 0;

    snprintf(line, sizeof line, "%zu of %zu: temperature %.12g, %s", s->at + 1,
             s->sweep.cells, cell[0]->spec.temperature, s->sweep.model[s->at]);
    for (size_t i = 0; s->scores > 1 && i < cells; i++) {
        used = strlen(line);
        snprintf(line + used, sizeof line - used, ", %s",
                 lk_score_name(cell[i]->spec.score));
    }
    used = strlen(line);
    snprintf(line + used, sizeof line - used, "%s",
             cells > 1 ? " of the same draws" : "");
    say(args, "cell ", line);
}

lk_status lk_sweeping_enter(lk_sweeping *sweeping, size_t cell,
                            const lk_sample_args *args, lk_cluster *cluster,
                            lk_sampling **part, lk_result **result, lk_error *err)
{
    lk_sampling *s = &sweeping->part[model_of(sweeping, cell)];
    const lk_mlp *decoder = &s->model.decoder;
    lk_result *together[LK_THRESHOLDS_MAX];
    const size_t cells = gather_cells(sweeping, cell, together);
    lk_status st = LK_OK;

    sweeping->at = cell;
    say_cells(sweeping, args, together, cells);
    if (cells > 1) {
        LK_TRY(lk_shared_open(&sweeping->shared, &s->job, decoder, &s->problems,
                              together, cells, err));
        *result = &sweeping->shared.result;
    } else {
        LK_TRY(lk_job_init(&s->job, decoder, &s->problems, &together[0]->spec, err));
        *result = together[0];
    }
    LK_TRY(lk_sampling_device(s, args, cluster, err));
    *part = s;

out:
    return st;
}

void lk_sweeping_leave(lk_sweeping *sweeping, lk_sampling *part, bool complete)
{
    const lk_shared *shared = &sweeping->shared;

    sweeping->complete[sweeping->at] = complete;
    for (size_t c = 0; c < shared->cells; c++) {
        sweeping->complete[shared->cell[c] - sweeping->sweep.cell] = complete;
    }
    lk_shared_close(&sweeping->shared);
    if (part->backend != NULL) part->backend->close(part->device);
    part->backend = NULL;
    part->device = NULL;
    lk_job_release(&part->job);
}

lk_status lk_sweeping_save(lk_sweeping *sweeping, lk_error *err)
{
    lk_status st = LK_OK;

    if (sweeping->shared.cells > 0) LK_TRY(lk_shared_deal(&sweeping->shared, err));
    st = lk_sweep_write(sweeping->output, &sweeping->sweep, err);

out:
    return st;
}
