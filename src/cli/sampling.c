/* sampling.c - sets up a run of `largek sample`, and sums it up. */
#include "cli/sampling.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/summary.h"
#include "cli/until.h"

static void say(const lk_sample_args *args, const char *what, const char *text)
{
    if (args->common.quiet) return;
    fprintf(stderr, "largek %s: %s%s\n",
            args->command != NULL ? args->command : "sample", what, text);
}

/* A damaged result makes room for its predecessor, but stays to be looked at. */
static lk_status read_previous(const lk_sample_args *args, lk_sweep *out, lk_error *err)
{
    const char *path = args->common.output;
    char previous[4096], damaged[4096];
    lk_error older = {0};

    snprintf(previous, sizeof previous, "%s.prev", path);
    snprintf(damaged, sizeof damaged, "%s.damaged", path);
    if (lk_sweep_read(previous, out, &older) != LK_OK) return LK_E_MISMATCH;
    say(args, "warning: ", err->text);
    if (rename(path, damaged) != 0) {
        lk_sweep_release(out);
        return LK_FAIL(err, LK_E_IO, "%s: cannot be renamed to %s", path, damaged);
    }
    say(args, "goes on with ", previous);
    say(args, "the damaged file is now ", damaged);
    return LK_OK;
}

lk_status lk_sampling_read_existing(const lk_sample_args *args, lk_sweep *out,
                                    lk_error *err)
{
    const char *path = args->common.output;
    lk_status st = LK_OK;

    if (!lk_result_recognise(path)) {
        char previous[4096];

        snprintf(previous, sizeof previous, "%s.prev", path);
        if (!lk_result_recognise(previous)) {
            return LK_FAIL(err, LK_E_MISMATCH,
                           "%s is there and no result; --force replaces it", path);
        }
    }
    st = lk_sweep_read(path, out, err);
    return st == LK_E_MISMATCH ? read_previous(args, out, err) : st;
}

/* A kill between two renames, where the file system has no hard links, leaves the
 * predecessor alone.  Whether it is there and of this run. */
static bool read_orphan(lk_sampling *s, const lk_sample_args *args)
{
    char previous[4096];

    snprintf(previous, sizeof previous, "%s.prev", args->common.output);
    if (access(previous, F_OK) != 0) return false;
    if (lk_result_read(previous, &s->result, NULL) != LK_OK) return false;
    if (lk_spec_extend(&s->result.spec, &s->spec, NULL) != LK_OK) {
        lk_result_release(&s->result);
        return false;
    }
    say(args, "warning: the file is gone; goes on with ", previous);
    return true;
}

/* The one result that the output holds. */
static lk_status read_single(const lk_sample_args *args, lk_result *out, lk_error *err)
{
    lk_sweep sweep = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_sampling_read_existing(args, &sweep, err));
    if (sweep.cells > 1) {
        st = LK_FAIL(err, LK_E_MISMATCH,
                     "%s holds a sweep of %zu cells; ask for all of them, or --force "
                     "replaces it",
                     args->common.output, sweep.cells);
        goto out;
    }
    *out = sweep.cell[0];
    sweep.cell[0] = (lk_result){0};

out:
    lk_sweep_release(&sweep);
    return st;
}

/* Goes on with the result that is there, or starts a new one. */
static lk_status open_result(lk_sampling *s, const lk_sample_args *args, lk_error *err)
{
    const char *path = args->common.output;
    lk_error why = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_output_lock(path, "sample", &s->lock, err));
    if (!args->force && access(path, F_OK) != 0 && read_orphan(s, args)) {
        s->resumed = true;
        return LK_OK;
    }
    if (access(path, F_OK) != 0 || args->force) {
        return lk_result_init(&s->result, &s->spec, s->problems.index, err);
    }
    LK_TRY(read_single(args, &s->result, err));
    st = lk_spec_extend(&s->result.spec, &s->spec, &why);
    if (st != LK_OK) {
        return LK_FAIL(err, st, "%s holds %s; --force replaces it", path, why.text);
    }
    s->resumed = true;

out:
    return st;
}

static bool is_complete(const lk_result *result, const lk_sample_args *args)
{
    if (result->spec.until.raised) return false; /* the file is to say when it is not */
    if (result->traced < args->trace) return false;
    return lk_result_missing(result, args->draws, args->share) == 0;
}

lk_status lk_sampling_device(lk_sampling *s, const lk_sample_args *args,
                             lk_cluster *cluster, lk_error *err)
{
    lk_opening opening = {.args = args};
    lk_device_info info;
    char line[256];
    lk_status st = LK_OK;

    lk_cluster_place(cluster, &opening.place);
    if (cluster != NULL) {
        LK_TRY(lk_cluster_open(cluster, &s->job.work, lk_sampling_opener, &opening,
                               &s->backend, &s->device, err));
    } else {
        LK_TRY(
            lk_sampling_opener(&opening, &s->job.work, &s->backend, &s->device, err));
    }
    s->backend->info(s->device, &info);
    snprintf(line, sizeof line, "%s, %s", info.name, info.path);
    say(args, "device: ", line);

out:
    return st;
}

/* A library's own draws are another thing, in the file and on the terminal, quiet or not. */
static void mark_library(lk_sampling *s, const lk_sample_args *args)
{
    if (args->path == NULL || strcmp(args->path, "library") != 0) return;
    s->spec.stream_version = LK_STREAM_NONE;
    fprintf(stderr, "largek sample: warning: --path library is a baseline for "
                    "benchmarks: its draws are cuRAND's own and its counts are not "
                    "exact; the result says so\n");
}

lk_status lk_sampling_prepare(lk_sampling *out, const lk_sample_args *args,
                              lk_error *err)
{
    lk_sampling *s = out;
    lk_status st = LK_OK;

    *s = (lk_sampling){0};
    if (lk_file_same(args->common.output, args->model) ||
        lk_file_same(args->common.output, args->data)) {
        return LK_FAIL(err, LK_E_ARG, "%s is the model or the data itself",
                       args->common.output);
    }
    LK_TRY(lk_model_read(args->model, args->activations, &s->model, err));
    LK_TRY(lk_problems_read(args->data, &s->model, args->latent, args->problems.value,
                            args->problems.count, &s->problems, err));
    LK_TRY(lk_spec_init(&s->spec, &s->model.decoder, &s->problems, args->score,
                        args->threshold.value, args->threshold.count, args->temperature,
                        args->common.seed, err));
    mark_library(s, args);
    if (args->until != NULL) {
        lk_until until;

        LK_TRY(lk_until_parse(args->until, args->block, args->draws, &until, err));
        LK_TRY(lk_spec_set_until(&s->spec, &until, err));
    }

out:
    if (st != LK_OK) lk_sampling_close(s);
    return st;
}

lk_status lk_sampling_open(lk_sampling *out, const lk_sample_args *args,
                           lk_cluster *cluster, lk_error *err)
{
    lk_sampling *s = out;
    lk_status st = LK_OK;

    LK_TRY(lk_sampling_prepare(s, args, err));
    LK_TRY(lk_job_init(&s->job, &s->model.decoder, &s->problems, &s->spec, err));
    LK_TRY(open_result(s, args, err));
    s->complete = s->resumed && access(args->common.output, F_OK) == 0 &&
                  is_complete(&s->result, args);
    if (!s->complete) LK_TRY(lk_sampling_device(s, args, cluster, err));
    if (s->complete) {
        say(args, "nothing to do: all attempts are in ", args->common.output);
    } else if (s->resumed) {
        say(args, "goes on with ", args->common.output);
    }

out:
    if (st != LK_OK) lk_sampling_close(s);
    return st;
}

lk_status lk_sampling_reopen(lk_sampling *out, const lk_sample_args *args,
                             lk_result *result, lk_error *err)
{
    const lk_spec *spec = &result->spec;
    lk_sampling *s = out;
    lk_status st = LK_OK;

    *s = (lk_sampling){0};
    LK_TRY(lk_model_read(args->model, args->activations, &s->model, err));
    LK_TRY(lk_problems_read(args->data, &s->model, args->latent, result->index,
                            spec->problems, &s->problems, err));
    LK_TRY(lk_spec_init(&s->spec, &s->model.decoder, &s->problems, spec->score,
                        spec->threshold, spec->thresholds, spec->temperature,
                        spec->seed, err));
    s->spec.until = spec->until; /* verified are counts, not how many there are */
    LK_TRY(lk_spec_same(spec, &s->spec, err));
    LK_TRY(lk_job_init(&s->job, &s->model.decoder, &s->problems, &s->spec, err));
    LK_TRY(lk_sampling_device(s, args, NULL, err));
    s->result = *result;
    *result = (lk_result){0};

out:
    if (st != LK_OK) lk_sampling_close(s);
    return st;
}

void lk_sampling_close(lk_sampling *sampling)
{
    if (sampling->backend != NULL) sampling->backend->close(sampling->device);
    lk_result_release(&sampling->result);
    lk_job_release(&sampling->job);
    lk_problems_release(&sampling->problems);
    lk_model_release(&sampling->model);
    lk_lock_drop(&sampling->lock);
    *sampling = (lk_sampling){0};
}

lk_status lk_sampling_summarise(const lk_sampling *sampling, lk_format format,
                                lk_error *err)
{
    lk_counts counts = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_result_counts(&sampling->result, &counts, err));
    st = lk_summary_print(&counts, format, err);

out:
    lk_counts_release(&counts);
    return st;
}
