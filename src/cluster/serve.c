/* serve.c - the ranks that rank 0 deals out work to. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cluster/labour.h"
#include "engine/engine.h"
#include "largek/largek.h"

static const double nap_s = 1e-3;  /* between two looks for messages */
static const double alive_s = 5.0; /* between two signs of life      */

/* A rank at service. */
typedef struct {
    lk_cluster *cluster;
    lk_cluster_opener opener;
    void *context;

    lk_freight freight;
    char digest[33];
    const lk_backend *backend; /* NULL: no device */
    lk_device *device;
    lk_labour *labour;
    double *own, *band; /* [problems] what this device calls for, and what it has */
    double spoke_s;     /* on the clock */
} lk_service;

static void close_device(lk_service *s)
{
    lk_labour_close(s->labour);
    if (s->backend != NULL) s->backend->close(s->device);
    lk_freight_release(&s->freight);
    free(s->own);
    free(s->band);
    s->labour = NULL;
    s->backend = NULL;
    s->device = NULL;
    s->own = s->band = NULL;
}

/* Makes room for a workload, if rank 0 is of the same build. */
static lk_status accept(lk_service *s, lk_parcel *question, lk_error *err)
{
    char build[128], host[64];

    close_device(s);
    lk_parcel_take_text(question, build, sizeof build);
    lk_parcel_take_text(question, host, sizeof host);
    lk_parcel_take_text(question, s->digest, sizeof s->digest);
    if (strcmp(build, lk_build_id()) != 0) {
        return LK_FAIL(err, LK_E_MISMATCH, "runs largek %s, rank 0 on %s %s",
                       lk_build_id(), host, build);
    }
    return lk_freight_init(&s->freight, question, err);
}

static lk_status check_digest(const lk_service *s, lk_error *err)
{
    char digest[33];
    const lk_status st = lk_freight_digest(&s->freight.work, digest, err);

    if (st == LK_OK && strcmp(digest, s->digest) != 0) {
        return LK_FAIL(err, LK_E_MISMATCH, "got a workload of digest %s instead of %s",
                       digest, s->digest);
    }
    return st;
}

static lk_wish wish(void *context)
{
    const lk_cluster *cluster = context;

    return cluster->stop != NULL && cluster->stop() != 0 ? LK_STOP_NOW : LK_GO_ON;
}

/* Opens the device, and finds the guard bands that it calls for. */
static lk_status open_device(lk_service *s, lk_error *err)
{
    const lk_job job = {.work = s->freight.work};
    const lk_stopper stopper = {wish, s->cluster};
    const size_t problems = job.work.problems;
    lk_status st = LK_OK;

    LK_TRY(lk_freight_ship(s->cluster, &s->freight.work, err));
    LK_TRY(check_digest(s, err));
    s->own = calloc(problems, sizeof *s->own);
    s->band = calloc(problems, sizeof *s->band);
    if (s->own == NULL || s->band == NULL) {
        return LK_FAIL(err, LK_E_MEMORY, "no room for %zu problems", problems);
    }
    LK_TRY(s->opener(s->context, &s->freight.work, &s->backend, &s->device, err));
    LK_TRY(lk_labour_open(&s->labour, s->backend, s->device, &s->freight.work, err));
    LK_TRY(lk_calibrate(s->backend, s->device, &job, LK_GUARD_SCALE, &stopper, s->own,
                        err));

out:
    return st;
}

static lk_status set_guard(lk_service *s, lk_parcel *question, lk_error *err)
{
    const size_t problems = s->freight.work.problems;

    if (s->labour == NULL || !lk_parcel_holds(question, problems, sizeof(double))) {
        return LK_FAIL(err, LK_E_INTERNAL, "no device, or no bands for it");
    }
    lk_parcel_take(question, s->band, problems * sizeof(double));
    for (size_t p = 0; p < problems; p++) s->band[p] = fmax(s->band[p], s->own[p]);
    return s->backend->set_guard(s->device, s->band, err);
}

static lk_status answer(lk_service *s, uint64_t serial, lk_status status,
                        const lk_error *why, lk_error *err)
{
    lk_parcel parcel;

    lk_message_start(&parcel, LK_WORD_ANSWER, serial);
    lk_parcel_put_text(&parcel, s->cluster->place.host);
    lk_message_put_status(&parcel, status, why);
    return lk_message_send(s->cluster, 0, &parcel, err);
}

/* Does what one message asks for; *quit where it is to leave. */
static lk_status obey(lk_service *s, lk_message *message, bool *quit, lk_error *err)
{
    lk_error why = {0};
    lk_status done = LK_OK;

    switch (message->word) {
    case LK_WORD_OPEN: done = accept(s, &message->parcel, &why); break;
    case LK_WORD_SHIP: done = open_device(s, &why); break;
    case LK_WORD_GUARD: done = set_guard(s, &message->parcel, &why); break;
    case LK_WORD_WORK:
        if (s->labour == NULL) break;
        return lk_labour_give(s->labour, message, err);
    case LK_WORD_CLOSE: close_device(s); break;
    case LK_WORD_QUIT: *quit = true; break;
    default: break;
    }
    const bool asked = message->word == LK_WORD_OPEN || message->word == LK_WORD_SHIP ||
                       message->word == LK_WORD_GUARD;

    lk_parcel_release(&message->parcel);
    if (!asked) return LK_OK;
    s->spoke_s = lk_clock_s();
    return answer(s, message->serial, done, &why, err);
}

/* Sends reports that are ready, and a sign of life where there is long none. */
static lk_status speak(lk_service *s, lk_error *err)
{
    lk_parcel parcel;
    lk_status st = LK_OK;

    if (s->labour == NULL) return LK_OK;
    while (st == LK_OK && lk_labour_take(s->labour, &parcel)) {
        s->spoke_s = lk_clock_s();
        st = lk_message_send(s->cluster, 0, &parcel, err);
    }
    if (st != LK_OK || lk_clock_s() - s->spoke_s < alive_s) return st;
    if (!lk_labour_busy(s->labour)) return LK_OK;
    s->spoke_s = lk_clock_s();
    lk_message_start(&parcel, LK_WORD_ALIVE, 0);
    return lk_message_send(s->cluster, 0, &parcel, err);
}

/* Whether this rank was asked to stop long ago, and rank 0 has not said that it may. */
static bool is_forsaken(const lk_cluster *cluster, double *asked_s)
{
    const double now = lk_clock_s();

    if (cluster->stop == NULL || cluster->stop() == 0) return false;
    if (*asked_s == 0.0) *asked_s = now;
    return now - *asked_s > cluster->patience_s;
}

lk_status lk_cluster_serve(lk_cluster *cluster, lk_cluster_opener opener, void *context,
                           lk_error *err)
{
    lk_service s = {.cluster = cluster, .opener = opener, .context = context};
    double asked_s = 0.0;
    bool quit = false, got = false;
    lk_status st = LK_OK;

    while (!quit) {
        lk_message message;

        LK_TRY(lk_message_receive(cluster, &message, &got, err));
        if (got) LK_TRY(obey(&s, &message, &quit, err));
        LK_TRY(speak(&s, err));
        if (got) continue;
        if (is_forsaken(cluster, &asked_s)) {
            cluster->forsaken = true;
            st = LK_FAIL(err, LK_E_STOPPED, "rank %zu: stopped, and rank 0 is silent",
                         cluster->place.rank);
            goto out;
        }
        if (s.labour != NULL) {
            lk_labour_wait(s.labour, nap_s);
        } else {
            lk_nap(nap_s);
        }
    }

out:
    close_device(&s);
    return st;
}
