/* verify.c - makes parts of a result again and compares. */
#include "largek/verify.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/verify_parts.h"

void lk_check_differ(lk_check *check, const char *format, ...)
{
    char text[480];
    va_list args;

    check->report->differences++;
    if (check->options->on_difference == NULL) return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    check->options->on_difference(check->options->context, text);
}

lk_status lk_check_pause(lk_check *check, uint64_t draws, lk_error *err)
{
    const lk_verify_options *options = check->options;

    check->done = lk_add_capped(check->done, draws);
    if (options->on_progress != NULL) {
        options->on_progress(options->context, check->done, check->total);
    }
    if (options->on_batch == NULL) return LK_OK;
    if (options->on_batch(options->context) != LK_STOP_NOW) return LK_OK;
    return LK_FAIL(err, LK_E_STOPPED, "stopped early; nothing is known of the rest");
}

lk_status lk_check_widen(lk_check *check, bool *any, lk_error *err)
{
    *any = false;
    for (size_t p = 0; p < check->result->spec.problems; p++) {
        if (check->notes.violation[p] == 0.0) continue;
        check->guard[p] = LK_GUARD_SCALE * check->notes.violation[p];
        *any = true;
    }
    return *any ? check->backend->set_guard(check->device, check->guard, err) : LK_OK;
}

/* The band of the result at least, and what this device's pilots call for. */
static lk_status set_band(lk_check *check, lk_error *err)
{
    const double scale = check->options->guard_scale;
    const lk_stopper stopper = {check->options->on_batch, check->options->context};
    lk_status st = LK_OK;

    memcpy(check->guard, check->result->guard,
           check->result->spec.problems * sizeof *check->guard);
    LK_TRY(lk_calibrate(check->backend, check->device, check->job,
                        scale > 0.0 ? scale : LK_GUARD_SCALE, &stopper, check->guard,
                        err));
    LK_TRY(check->backend->set_guard(check->device, check->guard, err));

out:
    return st;
}

/* Counts of fast scores that cannot fail, and that may succeed, at a limit. */
static void bounds(const uint64_t *histogram, double limit, double band,
                   uint64_t *least, uint64_t *most)
{
    *least = *most = 0;
    for (uint32_t b = 0; b < LK_HISTOGRAM_BINS; b++) {
        const bool last = b + 1 == LK_HISTOGRAM_BINS; /* infinity and NaN too */

        if (!last && lk_histogram_edge(b + 1) <= limit - band) *least += histogram[b];
        if (b == 0 || last || lk_histogram_edge(b) <= limit + band)
            *most += histogram[b];
    }
}

void lk_check_bins(lk_check *check)
{
    const lk_result *r = check->result;
    const size_t thresholds = r->spec.thresholds;

    for (size_t p = 0; p < r->spec.problems; p++) {
        for (size_t t = 0; t < thresholds; t++) {
            const uint64_t c = r->tally.successes[p * thresholds + t];
            uint64_t least, most;

            bounds(r->tally.histogram + p * LK_HISTOGRAM_BINS,
                   check->job->work.limit[p * thresholds + t], r->guard[p], &least,
                   &most);
            if (c >= least && c <= most) continue;
            lk_check_differ(check,
                            "problem %" PRIu64 ": %" PRIu64
                            " successes at threshold %.12g, by the histogram %" PRIu64
                            " to %" PRIu64,
                            r->index[p], c, r->spec.threshold[t], least, most);
        }
    }
}

/* Rough: what is scored twice counts twice. */
static void plan_progress(lk_check *check)
{
    const lk_result *r = check->result;
    const uint64_t entries =
        r->spec.problems * (r->spec.thresholds + 1 + lk_check_traced(check));

    check->total =
        lk_add_capped(entries, 2 * check->options->tile * check->options->tiles);
    for (size_t p = 0; check->options->all && p < r->spec.problems; p++) {
        check->total = lk_add_capped(check->total, r->tally.attempts[p]);
    }
}

lk_status lk_verify(const lk_backend *backend, lk_device *device, const lk_job *job,
                    const lk_result *result, const lk_verify_options *options,
                    lk_verify_report *report, lk_error *err)
{
    const size_t problems = result->spec.problems;
    lk_verify_options with = *options;
    lk_device_info info;
    lk_check check = {.backend = backend,
                      .device = device,
                      .job = job,
                      .result = result,
                      .options = &with,
                      .report = report,
                      .guard = calloc(problems, sizeof(double)),
                      .notes.violation = calloc(problems, sizeof(double)),
                      .unit = calloc(LK_VERIFY_UNITS, sizeof(lk_unit))};
    lk_status st = LK_OK;

    *report = (lk_verify_report){0};
    if (with.tile == 0) with.tile = LK_VERIFY_TILE;
    if (check.guard == NULL || check.notes.violation == NULL || check.unit == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room to verify %zu problems", problems);
        goto out;
    }
    backend->info(device, &info);
    check.unit_max = info.unit_attempts;
    if (with.tile > LK_VERIFY_UNITS * check.unit_max) {
        with.tile = LK_VERIFY_UNITS * check.unit_max;
    }
    plan_progress(&check);
    lk_check_bins(&check);
    LK_TRY(set_band(&check, err));
    LK_TRY(lk_check_entries(&check, err));
    LK_TRY(lk_check_tiles(&check, err));
    if (with.all) LK_TRY(lk_check_all(&check, err));

out:
    free(check.guard);
    free(check.notes.violation);
    free(check.unit);
    return st;
}
