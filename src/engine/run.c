/* run.c - makes the missing attempts of a result, batch by batch. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "engine/engine.h"

enum { UNITS_MAX = 16384 };

static const double batch_s = 0.25; /* between two looks at signals and clock, where the
                                       device does not mind */
static const uint64_t first_batch = 256; /* of a rate that nobody knows yet */

/* A run under way. */
typedef struct {
    const lk_backend *backend;
    lk_device *device;
    const lk_job *job;
    const lk_run_options *options;
    lk_result *result;

    lk_unit *unit; /* [UNITS_MAX]                                              */
    lk_run_notes notes;
    double started, saved; /* on the clock                                    */
    double seconds_before; /* of earlier sessions                             */
    double retry_s;        /* after a failed checkpoint: when to try again    */
    double batch_s;        /* that a batch should last                        */
    uint64_t made, wanted; /* attempts so far; attempts of the next batch     */
    uint64_t total;        /* attempts that the result will have at the end   */
    uint64_t missing;      /* of those; both capped at 2^64 - 1               */
    lk_pursuit pursuit;    /* where outcomes decide how many                  */
} lk_session;

static bool is_pursuit(const lk_session *session)
{
    return session->result->spec.until.kind != LK_UNTIL_DRAWS;
}

static lk_status session_open(lk_session *session, lk_error *err)
{
    const size_t problems = session->result->spec.problems;
    const uint64_t most = lk_attempts_max(session->job->work.latent);

    if (session->options->draws > most) {
        return LK_FAIL(err, LK_E_ARG,
                       "%" PRIu64
                       " draws: latent dimension %zu has addresses for %" PRIu64,
                       session->options->draws, session->job->work.latent, most);
    }
    const lk_share *share = &session->options->share;

    if (share->shards > LK_SHARDS_MAX ||
        (share->shards > 0 && share->shard >= share->shards)) {
        return LK_FAIL(err, LK_E_ARG,
                       "share %" PRIu64 " of %" PRIu64 ": at most %d, from 0",
                       share->shard, share->shards, LK_SHARDS_MAX);
    }
    if (share->shards > 1 && is_pursuit(session)) {
        return LK_FAIL(err, LK_E_ARG,
                       "no shards where outcomes decide the number of attempts");
    }
    session->unit = calloc(UNITS_MAX, sizeof *session->unit);
    session->notes.violation = calloc(problems, sizeof(double));
    if (session->unit == NULL || session->notes.violation == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "no room for a run of %zu problems", problems);
    }
    session->result->asked = session->options->draws;
    if (is_pursuit(session)) {
        const lk_status st = lk_pursuit_open(&session->pursuit, session->result,
                                             session->options->draws, err);
        if (st != LK_OK) return st;
    }
    session->started = session->saved = lk_clock_s();
    session->seconds_before = session->result->seconds;
    return LK_OK;
}

/* Looks at every range, so it is asked once and after attempts were taken back. */
static void count_missing(lk_session *session)
{
    const lk_run_options *options = session->options;

    session->total = 0;
    session->missing =
        lk_result_missing(session->result, options->draws, options->share);
    if (is_pursuit(session)) {
        session->total = session->missing;
        for (size_t p = 0; p < session->result->spec.problems; p++) {
            session->total =
                lk_add_capped(session->total, session->result->tally.attempts[p]);
        }
        return;
    }
    for (size_t p = 0; p < session->result->spec.problems; p++) {
        session->total = lk_add_capped(
            session->total, lk_share_count(&options->share, p, options->draws));
    }
}

static void report(const lk_session *session)
{
    const lk_run_options *options = session->options;
    const lk_progress progress = {.done = session->total - session->missing,
                                  .total = session->total,
                                  .made = session->made,
                                  .seconds = lk_clock_s() - session->started,
                                  .result = session->result};

    if (options->on_progress != NULL) {
        options->on_progress(options->context, &progress);
    }
}

/* Notes of the batch into the result, which keeps them for people. */
static void keep_notes(lk_session *session)
{
    lk_result *result = session->result;

    result->redecided += session->notes.redecided;
    result->audited += session->notes.audited;
    if (isfinite(session->notes.audit_largest)) { /* JSON has no infinity */
        result->audit_largest =
            fmax(result->audit_largest, session->notes.audit_largest);
    }
    result->seconds = session->seconds_before + (lk_clock_s() - session->started);
    session->notes.redecided = session->notes.audited = 0;
}

/* Problems whose audit failed: a wider band, and all their attempts again.  Whether there
 * were any; the device is to be told. */
static bool drop_violated(lk_session *session)
{
    lk_result *result = session->result;
    bool any = false;

    for (size_t p = 0; p < result->spec.problems; p++) {
        double *violation = &session->notes.violation[p];

        if (*violation == 0.0) continue;
        result->guard[p] = LK_GUARD_SCALE * *violation;
        result->violations++;
        lk_tally_clear(&result->tally, p);
        lk_ranges_release(&result->done[p]);
        *violation = 0.0;
        any = true;
    }
    if (!any) return false;
    /* Wrong counts have given blocks away. */
    if (result->spec.until.kind == LK_UNTIL_BUDGET) {
        for (size_t p = 0; p < result->spec.problems; p++) {
            lk_tally_clear(&result->tally, p);
            lk_ranges_release(&result->done[p]);
        }
    }
    count_missing(session);
    if (session->options->on_warning != NULL) {
        session->options->on_warning(
            session->options->context,
            "an audit fell outside the guard band; the band is "
            "wider now and its problem's attempts made again");
    }
    return true;
}

static lk_status heed_violations(lk_session *session, lk_error *err)
{
    if (!drop_violated(session)) return LK_OK;
    return session->backend->set_guard(session->device, session->result->guard, err);
}

/* The next units of a plan. */
static lk_status run_planned(lk_session *session, lk_plan *plan, bool *finished,
                             lk_error *err)
{
    const size_t units = lk_plan_next(plan, session->wanted, session->unit, UNITS_MAX);
    const uint64_t before = session->made;
    lk_status st = LK_OK;

    *finished = units == 0;
    if (*finished) return LK_OK;
    LK_TRY(session->backend->run(session->device, session->unit, units,
                                 &session->result->tally, &session->notes, err));
    for (size_t u = 0; u < units; u++) {
        const lk_unit *unit = &session->unit[u];

        session->made += unit->count;
        LK_TRY(lk_ranges_add(&session->result->done[unit->problem], unit->first,
                             unit->first + unit->count, err));
    }
    if (session->missing != UINT64_MAX) session->missing -= session->made - before;

out:
    return st;
}

static lk_status run_pursuit(lk_session *session, uint64_t unit_max, bool *finished,
                             lk_error *err)
{
    const lk_runner runner = {.backend = session->backend,
                              .device = session->device,
                              .unit = session->unit,
                              .units_max = UNITS_MAX,
                              .unit_max = unit_max,
                              .notes = &session->notes};
    const lk_status st =
        lk_pursuit_batch(&session->pursuit, &runner, session->wanted, finished, err);

    session->made += session->pursuit.made;
    count_missing(session);
    return st;
}

static lk_status run_batch(lk_session *session, lk_plan *plan, bool *finished,
                           lk_error *err)
{
    const double start = lk_clock_s();
    const uint64_t before = session->made;
    lk_status st = LK_OK;

    if (is_pursuit(session)) {
        LK_TRY(run_pursuit(session, plan->unit_max, finished, err));
    } else {
        LK_TRY(run_planned(session, plan, finished, err));
    }
    if (*finished) goto out;

    /* The next batch takes about batch_s; growth is bounded, for a first one is slow. */
    const double rate =
        (double)(session->made - before) / fmax(lk_clock_s() - start, 1e-6);

    session->wanted = (uint64_t)fmin(fmax(rate * session->batch_s, 1.0),
                                     4.0 * (double)session->wanted);
    keep_notes(session);

out:
    return st;
}

static lk_status save(lk_session *session, lk_error *err)
{
    const double start = lk_clock_s();
    lk_status st = LK_OK;

    if (session->options->on_save != NULL) {
        st = session->options->on_save(session->options->context, err);
    } else if (session->options->output != NULL) {
        st = lk_result_write(session->options->output, session->result, err);
    } else {
        return LK_OK;
    }
    session->result->saves++;
    session->result->save_s += lk_clock_s() - start;
    return st;
}

static void warn(const lk_session *session, const lk_error *err)
{
    if (session->options->on_warning == NULL) return;
    session->options->on_warning(session->options->context, err->text);
}

/* Saves where it is time or wished.  A failure warns and is tried again after 1, 2, 4 ...
 * seconds, up to the usual interval. */
static void checkpoint(lk_session *session, lk_wish wish)
{
    const double now = lk_clock_s();
    const double usual = session->options->checkpoint_s;
    const double wait =
        session->retry_s > 0.0 ? fmin(session->retry_s, fmax(usual, 1.0)) : usual;
    lk_error err = {0};

    if (wish != LK_SAVE_NOW && now - session->saved < wait) return;
    session->saved = now;
    if (save(session, &err) == LK_OK) {
        session->retry_s = 0.0;
        return;
    }
    session->retry_s = fmax(2.0 * session->retry_s, 1.0);
    warn(session, &err);
}

/* The last write stands for all the work: where it fails it is tried again for a while,
 * unless somebody wants to stop. */
static lk_status save_at_last(lk_session *session, lk_error *err)
{
    const lk_run_options *options = session->options;
    const double start = lk_clock_s();
    double wait = 0.25;
    lk_error why = {0};
    lk_status st = LK_OK;

    while (((st = save(session, &why)) == LK_E_IO || st == LK_E_MEMORY) &&
           lk_clock_s() - start + wait < options->patience_s) {
        warn(session, &why);
        lk_clock_wait(wait);
        wait = fmin(2.0 * wait, 2.0);
        if (options->on_batch != NULL &&
            options->on_batch(options->context) == LK_STOP_NOW) {
            break;
        }
    }
    if (st != LK_OK && err != NULL) *err = why;
    return st;
}

static lk_status trace(lk_session *session, const lk_stopper *stopper, lk_error *err)
{
    const size_t count = session->options->trace;
    lk_result *result = session->result;
    double *made = NULL;
    lk_status st = LK_OK;

    if (count <= result->traced) return LK_OK;
    LK_TRY(lk_trace_make(session->backend, session->device, session->job,
                         result->spec.score, count, stopper, &made, err));
    free(result->trace);
    result->trace = made;
    result->traced = count;

out:
    return st;
}

/* Exact counts come from draws of the stream alone, and a library's are marked. */
static lk_status check_draws(const lk_session *session, const lk_device_info *info,
                             lk_error *err)
{
    const uint32_t wanted = session->result->spec.stream_version;

    if (info->stream_version != wanted) {
        return LK_FAIL(err, LK_E_ARG,
                       "%s makes draws of stream %u, the result is of stream %u",
                       info->path, info->stream_version, wanted);
    }
    if (wanted == LK_STREAM_NONE && session->options->trace > 0) {
        return LK_FAIL(err, LK_E_ARG, "a trace is of the stream, and %s is not",
                       info->path);
    }
    return LK_OK;
}

static lk_status prepare(lk_session *session, lk_device_info *info, lk_error *err)
{
    lk_result *result = session->result;
    const double scale = session->options->guard_scale;
    const lk_stopper stopper = {session->options->on_batch, session->options->context};
    lk_status st = LK_OK;

    session->backend->info(session->device, info);
    LK_TRY(check_draws(session, info, err));
    session->batch_s = info->batch_s > 0.0 ? info->batch_s : batch_s;
    memcpy(result->device, info->name, sizeof result->device);
    memcpy(result->path, info->path, sizeof result->path);
    if (info->stream_version == LK_STREAM_NONE) return LK_OK;
    LK_TRY(lk_calibrate(session->backend, session->device, session->job,
                        scale > 0.0 ? scale : LK_GUARD_SCALE, &stopper, result->guard,
                        err));
    LK_TRY(session->backend->set_guard(session->device, result->guard, err));
    LK_TRY(trace(session, &stopper, err));

out:
    return st;
}

/* The length of a batch's units: at least sixteen of them, so that every thread has some, and
 * of whole sixteenths of what a device likes, its tile. */
static uint64_t unit_of(uint64_t batch, uint64_t most)
{
    const uint64_t few = batch / 16 + 1, tile = most / 16 + (most < 16);

    if (few >= most) return most;
    return few < tile ? few : few / tile * tile;
}

/* Batches until nothing is missing or somebody wants to stop. */
static lk_status make_attempts(lk_session *session, const lk_device_info *info,
                               lk_error *err)
{
    const lk_run_options *options = session->options;
    const size_t problems = session->result->spec.problems;
    lk_wish wish = LK_GO_ON;
    bool finished = false;
    lk_status st = LK_OK;

    count_missing(session);
    session->wanted = first_batch;
    while (!finished) {
        const uint64_t share = session->wanted / problems + 1;
        const uint64_t slice =
            share < info->unit_attempts ? info->unit_attempts : share;
        /* Of a level of the plan, a shard has only its part to make. */
        const uint64_t level =
            options->share.shards > 1 ? slice * options->share.shards : slice;
        const uint64_t unit = unit_of(session->wanted, info->unit_attempts);
        lk_plan plan;

        lk_plan_start(&plan, session->result, options->share, options->draws, level,
                      unit);
        LK_TRY(run_batch(session, &plan, &finished, err));
        LK_TRY(heed_violations(session, err));
        report(session);
        if (finished) break;
        if (options->on_batch != NULL) wish = options->on_batch(options->context);
        if (wish == LK_STOP_NOW) {
            st = LK_FAIL(err, LK_E_STOPPED, "stopped early; the same command goes on");
            goto out;
        }
        checkpoint(session, wish);
    }

out:
    return st;
}

lk_status lk_run(const lk_backend *backend, lk_device *device, const lk_job *job,
                 const lk_run_options *options, lk_result *result, lk_error *err)
{
    lk_session session = {.backend = backend,
                          .device = device,
                          .job = job,
                          .options = options,
                          .result = result};
    lk_device_info info;
    lk_status st = LK_OK;

    LK_TRY(session_open(&session, err));
    st = prepare(&session, &info, err);
    if (st == LK_OK) st = make_attempts(&session, &info, err);
    drop_violated(&session); /* of a batch that was stopped half-way */
    keep_notes(&session);
    if (st == LK_OK || st == LK_E_STOPPED) {
        const lk_status saved = save_at_last(&session, err);

        if (saved != LK_OK) st = saved;
    }

out:
    lk_pursuit_close(&session.pursuit);
    free(session.unit);
    free(session.notes.violation);
    return st;
}
