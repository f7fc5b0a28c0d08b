/* rare.c - estimates of all problems, one after the other. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "engine/rare.h"
#include "largek/interval.h"

enum { PLAIN_UNITS = 8, BATCH_UNITS = 64 };

static const double plain_enough = 0.1; /* success rate that needs no proposal */
static const double z_95 = 1.959963984540054;
static const double largest_allowed = 0.1;  /* share of a single weight             */
static const double stability_least = 1e-6; /* 1 false alarm in a million estimates */
static const double split_error = 0.15;     /* of splitting, where it is a check    */
static const double split_telling = 0.3;    /* error up to which it tells something */

typedef struct {
    const lk_backend *backend;
    lk_device *device;
    const lk_job *job;
    const lk_rare_run_options *run;
    lk_rare *rare;
    double *guard; /* [problems] */
    lk_batch batch;
    lk_search search;
    lk_mixture mixture;
    lk_stopper watch;
    double started, saved, seconds_before, retry_s;
    uint64_t spent;
} lk_rare_session;

static void warn(const lk_rare_session *session, const char *text)
{
    if (session->run->on_warning != NULL) {
        session->run->on_warning(session->run->context, text);
    }
}

static lk_status save(lk_rare_session *session, lk_error *err)
{
    session->rare->seconds =
        session->seconds_before + (lk_clock_s() - session->started);
    if (session->run->output == NULL) return LK_OK;
    return lk_rare_write(session->run->output, session->rare, err);
}

/* Saves where it is time or wished; a failure warns, and waits longer each time. */
static void checkpoint(lk_rare_session *session, bool now)
{
    const double time = lk_clock_s();
    lk_error err = {0};

    if (!now &&
        time - session->saved < fmax(session->run->checkpoint_s, session->retry_s)) {
        return;
    }
    session->saved = time;
    if (save(session, &err) == LK_OK) {
        session->retry_s = 0.0;
        return;
    }
    session->retry_s = fmax(2.0 * session->retry_s, 1.0);
    warn(session, err.text);
}

static lk_wish watch(void *context)
{
    lk_rare_session *session = context;
    lk_wish wish = LK_GO_ON;

    if (session->run->on_batch != NULL) {
        wish = session->run->on_batch(session->run->context);
    }
    if (wish == LK_SAVE_NOW) checkpoint(session, true);
    return wish;
}

static void report(const lk_rare_session *session)
{
    lk_rare_progress progress = {.spent = session->spent + session->batch.spent,
                                 .seconds = lk_clock_s() - session->started,
                                 .rare = session->rare};

    if (session->run->on_progress == NULL) return;
    for (size_t p = 0; p < session->rare->spec.problems; p++) {
        if (!lk_rare_dealt(session->run->share, p)) continue;
        progress.total++;
        progress.done += lk_rare_done(session->rare, p);
    }
    session->run->on_progress(session->run->context, &progress);
}

/* A share of splitting's is that of one run of a few, and says nothing. */
static lk_rare_status judge(const lk_rare_estimate *e, const lk_rare_options *options)
{
    const bool weighted = options->method != LK_RARE_SPLITTING;

    if (isnan(e->log_p)) return LK_RARE_NONE_FOUND;
    if (e->stability < stability_least) return LK_RARE_UNSTABLE;
    if (weighted && e->largest_share > largest_allowed) return LK_RARE_UNSTABLE;
    return e->rel_error <= options->rel_error ? LK_RARE_OK : LK_RARE_NOT_MET;
}

/* The ends of the 95 % interval. */
static void set_interval(lk_rare_estimate *e, uint64_t plain_draws)
{
    if (e->modes == 0 && e->hits > 0) { /* plain draws: exact */
        const lk_interval ends =
            lk_binomial_interval(LK_INTERVAL_CLOPPER_PEARSON, e->draws, e->hits, 0.95);

        e->log_lo = log(ends.lo);
        e->log_hi = log(ends.hi);
    } else if (isnan(e->log_p)) {
        e->log_lo = -INFINITY;
        e->log_hi = log(
            lk_binomial_interval(LK_INTERVAL_CLOPPER_PEARSON, plain_draws, 0, 0.95).hi);
    } else {
        e->log_lo = e->log_p - z_95 * e->rel_error;
        e->log_hi = fmin(e->log_p + z_95 * e->rel_error, 0.0);
    }
}

lk_rare_estimate lk_rare_none(void)
{
    return (lk_rare_estimate){.log_p = NAN,
                              .rel_error = NAN,
                              .stability = 1.0,
                              .other_log_p = NAN,
                              .other_rel_error = NAN,
                              .check = NAN,
                              .best_sse = INFINITY};
}

/* One threshold that plain draws serve, or a proposal. */
static lk_status estimate(lk_rare_session *session, size_t t, double limit,
                          size_t plain_hits, lk_rare_estimate *out, lk_error *err)
{
    const lk_rare_options *options = &session->rare->options;
    const double plain = (double)plain_hits / (PLAIN_UNITS * LK_RARE_UNIT);
    lk_batch *batch = &session->batch;
    lk_mixture *mixture = &session->mixture;
    double log_p = 0.0, rel_variance = (1.0 - plain) / plain;
    bool found = true;
    lk_status st = LK_OK;

    if (plain < plain_enough) {
        LK_TRY(lk_rare_adapt(batch, &session->search, mixture, t, limit,
                             options->rel_error, &session->watch, &log_p, &rel_variance,
                             &found, err));
        out->modes = session->search.modes > 0 ? session->search.modes : 1;
    }
    if (!found) return LK_OK;
    LK_TRY(lk_rare_estimate_draws(batch, mixture, t, limit, options, log_p,
                                  rel_variance, &session->watch, out, err));

out:
    return st;
}

/* Hits of the problem's first draws, plain ones, at every threshold. */
static lk_status plain_draws(lk_rare_session *session, const double *limit,
                             size_t hits[LK_THRESHOLDS_MAX], lk_error *err)
{
    lk_batch *batch = &session->batch;
    const size_t thresholds = batch->work->thresholds;
    const lk_rare_address at =
        lk_rare_at(batch->work, batch->problem, LK_RARE_KIND_ROUND, thresholds - 1, 0);
    lk_status st = LK_OK;

    session->mixture.modes = 0;
    lk_mixture_deal(&session->mixture, 1.0);
    LK_TRY(lk_batch_draw(batch, &session->mixture, at, 0, PLAIN_UNITS, err));
    for (size_t t = thresholds; t-- > 0;) {
        LK_TRY(lk_batch_decide(batch, limit[t], &hits[t], err));
    }
    LK_TRY(lk_batch_best(batch, err));

out:
    return st;
}

/* Thresholds in descending order; below one that nothing reached, nothing does. */
static lk_status by_importance(lk_rare_session *session, const double *limit,
                               lk_rare_estimate *out, lk_error *err)
{
    lk_batch *batch = &session->batch;
    size_t hits[LK_THRESHOLDS_MAX];
    bool reached = true;
    lk_status st = LK_OK;

    LK_TRY(plain_draws(session, limit, hits, err));
    lk_search_begin(&session->search, batch->problem);
    for (size_t t = batch->work->thresholds; t-- > 0;) {
        const uint64_t before = t + 1 == batch->work->thresholds ? 0 : batch->spent;

        out[t] = lk_rare_none();
        if (reached) LK_TRY(estimate(session, t, limit[t], hits[t], &out[t], err));
        reached = !isnan(out[t].log_p);
        out[t].spent = batch->spent - before;
        out[t].best_sse = batch->best;
    }

out:
    return st;
}

/* Where both methods have an estimate: whether too many of their standard errors lie between.
 * Splitting's runs are skewed where p is small; above a relative error of 0.3 a mean of few
 * of them is mostly too low and its error too small, so that it says nothing. */
static bool methods_disagree(const lk_rare_estimate *e, size_t estimates)
{
    const double error = hypot(e->rel_error, e->other_rel_error);
    const double z = fabs(e->log_p - e->other_log_p) / error;

    if (!(e->other_rel_error <= split_telling)) return false;
    /* 1 false alarm in 100 files: Bonferroni over all estimates, by Q(z) < e^(-z^2/2)/2. */
    return z > sqrt(2.0 * log((double)estimates / 0.01));
}

static lk_status by_splitting(lk_rare_session *session, const double *limit,
                              double rel_error, lk_rare_estimate *out, lk_error *err)
{
    const size_t thresholds = session->batch.work->thresholds;

    for (size_t t = 0; t < thresholds; t++) out[t] = lk_rare_none();
    return lk_rare_split(&session->batch, limit, thresholds, rel_error,
                         session->rare->options.budget * thresholds, &session->watch,
                         out, err);
}

/* Takes the second method's word beside the first one's. */
static lk_status check_by_splitting(lk_rare_session *session, const double *limit,
                                    lk_rare_estimate *out, lk_error *err)
{
    const lk_spec *spec = &session->rare->spec;
    lk_rare_estimate other[LK_THRESHOLDS_MAX];
    lk_status st = LK_OK;

    LK_TRY(by_splitting(session, limit,
                        fmax(split_error, session->rare->options.rel_error), other,
                        err));
    for (size_t t = 0; t < spec->thresholds; t++) {
        out[t].other_log_p = other[t].log_p;
        out[t].other_rel_error = other[t].rel_error;
        out[t].spent += other[t].spent / spec->thresholds;
    }

out:
    return st;
}

static lk_status run_problem(lk_rare_session *session, size_t p, lk_error *err)
{
    const lk_spec *spec = &session->rare->spec;
    const lk_rare_options *options = &session->rare->options;
    const double *limit = session->job->work.limit + p * spec->thresholds;
    lk_rare_estimate out[LK_THRESHOLDS_MAX];
    lk_batch *batch = &session->batch;
    lk_status st = LK_OK;

    batch->problem = p;
    batch->band = session->guard[p];
    batch->top = limit[spec->thresholds - 1];
    batch->best = INFINITY;
    batch->spent = 0;
    if (options->method == LK_RARE_SPLITTING) {
        LK_TRY(by_splitting(session, limit, options->rel_error, out, err));
    } else {
        LK_TRY(by_importance(session, limit, out, err));
    }
    if (options->method == LK_RARE_BOTH) {
        LK_TRY(check_by_splitting(session, limit, out, err));
    }
    for (size_t t = 0; t < spec->thresholds; t++) {
        lk_rare_estimate *e = &out[t];

        e->status = judge(e, options);
        if (methods_disagree(e, spec->problems * spec->thresholds)) {
            e->status = LK_RARE_DISAGREES;
        }
        if (options->method == LK_RARE_SPLITTING) e->modes = e->hits > 0;
        set_interval(e, options->method == LK_RARE_SPLITTING
                            ? LK_RARE_SPLIT_PLAIN
                            : PLAIN_UNITS * LK_RARE_UNIT);
    }
    memcpy(session->rare->at + p * spec->thresholds, out,
           spec->thresholds * sizeof *out);
    session->spent += batch->spent;
    batch->spent = 0;

out:
    return st;
}

static lk_status session_open(lk_rare_session *session, lk_error *err)
{
    const lk_workload *work = &session->job->work;
    const size_t threads = session->run->threads;
    lk_rare *rare = session->rare;
    lk_device_info info;
    lk_status st = LK_OK;

    if (work->latent > LK_RARE_LATENT_MAX) {
        return LK_FAIL(err, LK_E_ARG, "latent dimension %zu: at most %d", work->latent,
                       LK_RARE_LATENT_MAX);
    }
    session->started = session->saved = lk_clock_s();
    session->seconds_before = rare->seconds;
    session->watch = (lk_stopper){watch, session};
    session->backend->info(session->device, &info);
    memcpy(rare->device, info.name, sizeof rare->device);
    memcpy(rare->path, info.path, sizeof rare->path);
    session->guard = calloc(work->problems, sizeof *session->guard);
    if (session->guard == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "no room for %zu problems", work->problems);
    }
    LK_TRY(lk_calibrate(session->backend, session->device, session->job, LK_GUARD_SCALE,
                        &session->watch, session->guard, err));
    LK_TRY(lk_batch_init(&session->batch, session->backend, session->device, work,
                         BATCH_UNITS * LK_RARE_UNIT, threads, err));
    LK_TRY(lk_search_init(&session->search, work, rare->options.starts, threads, err));
    LK_TRY(lk_mixture_init(&session->mixture, work->latent, err));

out:
    return st;
}

static void session_close(lk_rare_session *session)
{
    free(session->guard);
    lk_batch_release(&session->batch);
    lk_search_release(&session->search);
    lk_mixture_release(&session->mixture);
}

lk_status lk_rare_run(const lk_backend *backend, lk_device *device, const lk_job *job,
                      const lk_rare_run_options *run, lk_rare *rare, lk_error *err)
{
    lk_rare_session session = {
        .backend = backend, .device = device, .job = job, .run = run, .rare = rare};
    lk_status st = LK_OK;

    LK_TRY(session_open(&session, err));
    report(&session);
    for (size_t p = 0; p < rare->spec.problems && st == LK_OK; p++) {
        if (lk_rare_done(rare, p) || !lk_rare_dealt(run->share, p)) continue;
        st = run_problem(&session, p, err);
        if (st == LK_OK) checkpoint(&session, false);
        report(&session);
    }
    if (st == LK_OK || st == LK_E_STOPPED) {
        const lk_status saved = save(&session, err);

        if (saved != LK_OK) st = saved;
    }

out:
    session_close(&session);
    return st;
}
