/* raring.c - sets up a run of `largek rare`. */
#include "cli/raring.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/sampling.h"

static const double false_alarms = 0.01; /* chance of any, over all tests of a file */

static void say(const lk_rare_args *args, const char *what, const char *text)
{
    if (!args->common.quiet) fprintf(stderr, "largek rare: %s%s\n", what, text);
}

/* The file, or where it is damaged or gone its predecessor. */
static lk_status read_existing(const char *path, const lk_rare_args *args, lk_rare *out,
                               lk_error *err)
{
    char previous[4096], damaged[4096];
    const lk_status st = lk_rare_read(path, out, err);

    if (st != LK_E_MISMATCH) return st;
    snprintf(previous, sizeof previous, "%s.prev", path);
    snprintf(damaged, sizeof damaged, "%s.damaged", path);
    if (lk_rare_read(previous, out, NULL) != LK_OK) return st;
    say(args, "warning: ", err->text);
    if (rename(path, damaged) != 0) {
        lk_rare_release(out);
        return LK_FAIL(err, LK_E_IO, "%s: cannot be renamed to %s", path, damaged);
    }
    say(args, "goes on with ", previous);
    say(args, "the damaged file is now ", damaged);
    return LK_OK;
}

/* Goes on with the estimates that are there, or starts new ones. */
static lk_status open_rare(lk_raring *r, const lk_rare_args *args, lk_error *err)
{
    const lk_rare_options options = {.method = args->method,
                                     .rel_error = args->rel_error,
                                     .budget = args->budget,
                                     .starts = (size_t)args->starts};
    const char *path = args->common.output;
    lk_error why = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_output_lock(path, "rare", &r->lock, err));
    if (access(path, F_OK) != 0 || args->force) {
        return lk_rare_init(&r->rare, &r->spec, &options, r->problems.index, err);
    }
    LK_TRY(read_existing(path, args, &r->rare, err));
    st = lk_rare_resume(&r->rare, &r->spec, &options, &why);
    if (st == LK_E_MISMATCH) {
        return LK_FAIL(err, st, "%s holds %s; --force replaces it", path, why.text);
    }
    if (st != LK_OK && err != NULL) *err = why;
    if (st == LK_OK) say(args, "goes on with ", path);

out:
    return st;
}

static bool is_complete(const lk_rare *rare, lk_share share)
{
    for (size_t p = 0; p < rare->spec.problems; p++) {
        if (lk_rare_dealt(share, p) && !lk_rare_done(rare, p)) return false;
    }
    return true;
}

static lk_status open_device(lk_raring *r, const lk_rare_args *args, lk_error *err)
{
    const lk_sample_args like = {.common = args->common,
                                 .command = "rare",
                                 .tile = args->tile,
                                 .path = args->path,
                                 .precision = args->precision,
                                 .isa = args->isa};
    lk_opening opening = {.args = &like, .place = {.ranks = 1, .local_ranks = 1}};
    lk_device_info info;
    char line[256];
    lk_status st =
        lk_sampling_opener(&opening, &r->job.work, &r->backend, &r->device, err);

    if (st != LK_OK) return st;
    r->backend->info(r->device, &info);
    snprintf(line, sizeof line, "%s, %s", info.name, info.path);
    say(args, "device: ", line);
    return LK_OK;
}

lk_status lk_raring_open(lk_raring *out, const lk_rare_args *args, lk_error *err)
{
    lk_raring *r = out;
    lk_status st = LK_OK;

    *r = (lk_raring){0};
    if (lk_file_same(args->common.output, args->model) ||
        lk_file_same(args->common.output, args->data) ||
        lk_file_same(args->common.output, args->check)) {
        return LK_FAIL(err, LK_E_ARG, "%s is an input itself", args->common.output);
    }
    LK_TRY(lk_model_read(args->model, args->activations, &r->model, err));
    LK_TRY(lk_problems_read(args->data, &r->model, args->latent, args->problems.value,
                            args->problems.count, &r->problems, err));
    LK_TRY(lk_spec_init(&r->spec, &r->model.decoder, &r->problems, args->score,
                        args->threshold.value, args->threshold.count, args->temperature,
                        args->common.seed, err));
    LK_TRY(lk_job_init(&r->job, &r->model.decoder, &r->problems, &r->spec, err));
    LK_TRY(open_rare(r, args, err));
    r->complete = is_complete(&r->rare, args->share);
    if (!r->complete) LK_TRY(open_device(r, args, err));
    if (r->complete) {
        say(args, "nothing to do: all estimates are in ", args->common.output);
    }

out:
    if (st != LK_OK) lk_raring_close(r);
    return st;
}

void lk_raring_close(lk_raring *raring)
{
    if (raring->backend != NULL) raring->backend->close(raring->device);
    lk_rare_release(&raring->rare);
    lk_job_release(&raring->job);
    lk_problems_release(&raring->problems);
    lk_model_release(&raring->model);
    lk_lock_drop(&raring->lock);
    *raring = (lk_raring){0};
}

lk_status lk_raring_check(lk_raring *raring, const lk_rare_args *args, lk_error *err)
{
    lk_result counts = {0};
    size_t tested = 0, refused = 0;
    lk_status st = LK_OK;

    if (args->check == NULL) return LK_OK;
    LK_TRY(lk_result_read(args->check, &counts, err));
    LK_TRY(lk_rare_check(&raring->rare, &counts, false_alarms, &tested, &refused, err));
    if (!args->common.quiet) {
        fprintf(stderr,
                "largek rare: %zu estimates against the counts of %s: %zu disagree "
                "(chance of any false alarm: %g, by Holm)\n",
                tested, args->check, refused, false_alarms);
    }
    LK_TRY(lk_rare_write(args->common.output, &raring->rare, err));

out:
    lk_result_release(&counts);
    return st;
}

lk_status lk_raring_judge(const lk_raring *raring, const lk_rare_args *args,
                          lk_error *err)
{
    const lk_rare *rare = &raring->rare;

    for (size_t i = 0; i < rare->spec.problems * rare->spec.thresholds; i++) {
        const lk_rare_status status = rare->at[i].status;

        if (status == LK_RARE_OK || status == LK_RARE_NONE_FOUND || !args->strict) {
            continue;
        }
        if (status == LK_RARE_PENDING) continue; /* another shard's */
        return LK_FAIL(err, LK_E_NUMERIC, "problem %" PRIu64 ", threshold %.12g: %s",
                       rare->index[i / rare->spec.thresholds],
                       rare->spec.threshold[i % rare->spec.thresholds],
                       lk_rare_status_name(status));
    }
    return LK_OK;
}
