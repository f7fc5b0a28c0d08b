/* lead.c - rank 0: all ranks as one device.
 *
 * While a run lasts every rank holds two pieces, one at work and one to go on with, so
 * that a message's way is never waited for.  Pieces shrink towards the end: a third of
 * what the rank would get of all that is left, but no less than it makes in PIECE_S.
 *
 * Reports wait until all are there and are added then, so that a run which is given up
 * leaves the tally as it was.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cluster/labour.h"
#include "largek/largek.h"

static const double piece_s = 0.025; /* the least work that is worth a message */
static const double nap_s = 1e-3;    /* between two looks for messages         */
static const double batch_s = 1.0;   /* a run, for its end leaves ranks idle   */

enum {
    UNIT_RANKS = 16 /* a unit is that of one rank times the ranks, up to these */
};

/* Behind lk_device of this backend. */
typedef struct {
    lk_cluster *cluster;
    const lk_workload *work;
    const lk_backend *of; /* rank 0's own */
    lk_device *local;
    lk_labour *labour;
} lk_lead;

static lk_lead *lead_of(const lk_device *device)
{
    return (lk_lead *)(void *)device;
}

static lk_status stopped(const lk_cluster *cluster, lk_error *err)
{
    if (cluster->stop == NULL || cluster->stop() == 0) return LK_OK;
    return LK_FAIL(err, LK_E_STOPPED, "stopped early; the same command goes on");
}

static lk_status tell_all(lk_cluster *cluster, const lk_parcel *parcel, lk_error *err)
{
    lk_status st = LK_OK;

    for (size_t r = 1; r < cluster->place.ranks && st == LK_OK; r++) {
        st = cluster->transport->send(cluster->peers, r, parcel->byte, parcel->bytes,
                                      err);
    }
    return st;
}

/* What every rank answers to the question with this number; of several failures the
 * first that is heard of. */
static lk_status await_answers(lk_cluster *cluster, lk_error *err)
{
    size_t answers = 1;
    lk_status failed = LK_OK, st = LK_OK;

    while (answers < cluster->place.ranks) {
        lk_message message;
        bool got;

        LK_TRY(stopped(cluster, err));
        LK_TRY(lk_message_receive(cluster, &message, &got, err));
        if (!got) {
            lk_nap(nap_s);
            continue;
        }
        if (message.word == LK_WORD_ANSWER && message.serial == cluster->serial) {
            char *host = cluster->rank[message.from].host;

            answers++;
            lk_parcel_take_text(&message.parcel, host, sizeof cluster->rank->host);
            st = lk_message_take_status(&message, host, failed == LK_OK ? err : NULL);
            if (failed == LK_OK) failed = st;
        } else if (message.word == LK_WORD_REPORT) {
            cluster->rank[message.from].in_flight--; /* of a run that was given up */
        }
        lk_parcel_release(&message.parcel);
    }
    st = failed;

out:
    return st;
}

/* Starts a question; `ask` sends it to all. */
static void start_question(lk_cluster *cluster, lk_word word, lk_parcel *parcel)
{
    lk_message_start(parcel, word, ++cluster->serial);
}

static lk_status ask(lk_cluster *cluster, lk_parcel *question, lk_error *err)
{
    lk_status st = LK_OK;

    if (question->bad) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for a message");
        goto out;
    }
    LK_TRY(tell_all(cluster, question, err));

out:
    lk_parcel_release(question);
    return st;
}

static void lead_close(lk_device *device)
{
    lk_lead *lead = lead_of(device);
    lk_parcel parcel;

    if (lead == NULL) return;
    lk_message_start(&parcel, LK_WORD_CLOSE, 0);
    if (!parcel.bad) tell_all(lead->cluster, &parcel, NULL);
    lk_parcel_release(&parcel);
    lk_labour_close(lead->labour);
    lead->cluster->rank[0].in_flight = 0;
    if (lead->of != NULL) lead->of->close(lead->local);
    free(lead);
}

static void lead_info(const lk_device *device, lk_device_info *out)
{
    const lk_lead *lead = lead_of(device);
    const size_t ranks = lead->cluster->place.ranks;
    lk_device_info own;

    lead->of->info(lead->local, &own);
    *out = own;
    snprintf(out->name, sizeof out->name, "%zu ranks x %.100s", ranks, own.name);
    out->memory_bytes *= ranks;
    out->unit_attempts *= ranks < UNIT_RANKS ? ranks : UNIT_RANKS;
    out->batch_s = batch_s;
}

static lk_status lead_set_guard(lk_device *device, const double *band, lk_error *err)
{
    lk_lead *lead = lead_of(device);
    lk_parcel question;
    lk_status st = LK_OK;

    start_question(lead->cluster, LK_WORD_GUARD, &question);
    lk_parcel_put(&question, band, lead->work->problems * sizeof *band);
    LK_TRY(ask(lead->cluster, &question, err));
    LK_TRY(lead->of->set_guard(lead->local, band, err));
    LK_TRY(await_answers(lead->cluster, err));

out:
    return st;
}

/* A run under way. */
typedef struct {
    lk_lead *lead;
    const lk_unit *unit;
    size_t units, next;
    const lk_tally *tally;
    double left; /* attempts in units from `next` on     */
    size_t out;  /* pieces that have not come back        */
    lk_message *report;
    size_t reports, room;
} lk_deal;

/* How many of the attempts that are left a rank should take now. */
static double fair_piece(const lk_deal *deal, size_t r)
{
    const lk_cluster *cluster = deal->lead->cluster;
    double sum = 0.0, own = cluster->rank[r].rate;

    for (size_t i = 0; i < cluster->place.ranks; i++) {
        if (cluster->rank[i].rate <= 0.0) own = 0.0;
        sum += cluster->rank[i].rate;
    }
    /* Until all rates are known, equal shares. */
    const double share = own > 0.0 ? own / sum : 1.0 / (double)cluster->place.ranks;

    return fmax(deal->left * share / 3.0, cluster->rank[r].rate * piece_s);
}

static lk_status give_piece(lk_deal *deal, size_t r, lk_error *err)
{
    lk_cluster *cluster = deal->lead->cluster;
    const double wanted = fair_piece(deal, r);
    const size_t from = deal->next;
    double attempts = 0.0;
    lk_message work = {0};

    while (deal->next < deal->units && (attempts == 0.0 || attempts < wanted)) {
        attempts += (double)deal->unit[deal->next++].count;
    }
    deal->left -= attempts;
    deal->out++;
    if (cluster->rank[r].in_flight++ == 0) cluster->rank[r].heard_s = lk_clock_s();

    work.serial = cluster->serial;
    lk_message_start(&work.parcel, LK_WORD_WORK, work.serial);
    if (r == 0) work.parcel.at = work.parcel.bytes; /* past what a receiver takes */
    lk_work_put(&work.parcel, deal->unit + from, deal->next - from, deal->tally);
    if (r > 0) return lk_message_send(cluster, r, &work.parcel, err);
    if (work.parcel.bad) {
        lk_parcel_release(&work.parcel);
        return LK_FAIL(err, LK_E_MEMORY, "no room for a piece of work");
    }
    return lk_labour_give(deal->lead->labour, &work, err);
}

/* Two pieces for everybody, in rounds, so that the last ones do not go to one rank. */
static lk_status give_pieces(lk_deal *deal, lk_error *err)
{
    lk_cluster *cluster = deal->lead->cluster;
    lk_status st = LK_OK;

    for (unsigned have = 0; have < LK_PIECES_MAX; have++) {
        for (size_t r = 0; r < cluster->place.ranks; r++) {
            if (deal->next == deal->units) return LK_OK;
            if (cluster->rank[r].in_flight == have) LK_TRY(give_piece(deal, r, err));
        }
    }

out:
    return st;
}

static lk_status keep_report(lk_deal *deal, lk_message *message, lk_error *err)
{
    lk_rank *rank = &deal->lead->cluster->rank[message->from];

    rank->in_flight--;
    if (message->serial != deal->lead->cluster->serial) { /* of a run given up */
        lk_parcel_release(&message->parcel);
        return LK_OK;
    }
    if (deal->reports == deal->room) {
        const size_t room = deal->room == 0 ? 64 : 2 * deal->room;
        lk_message *grown = realloc(deal->report, room * sizeof *grown);

        if (grown == NULL) {
            lk_parcel_release(&message->parcel);
            return LK_FAIL(err, LK_E_MEMORY, "no room for %zu reports", room);
        }
        deal->report = grown;
        deal->room = room;
    }
    const lk_pace pace = lk_report_pace(message);

    rank->rate = pace.attempts / fmax(pace.seconds, 1e-6);
    deal->report[deal->reports++] = *message;
    deal->out--;
    return LK_OK;
}

/* All messages that have come; *any says whether there were some. */
static lk_status hear(lk_deal *deal, bool *any, lk_error *err)
{
    lk_cluster *cluster = deal->lead->cluster;
    lk_message message = {.word = LK_WORD_REPORT};
    bool got = true;
    lk_status st = LK_OK;

    *any = false;
    while (lk_labour_take(deal->lead->labour, &message.parcel)) {
        *any = true;
        lk_parcel_take_u64(&message.parcel);
        message.serial = lk_parcel_take_u64(&message.parcel);
        LK_TRY(keep_report(deal, &message, err));
    }
    while (got) {
        LK_TRY(lk_message_receive(cluster, &message, &got, err));
        if (!got) break;
        *any = true;
        cluster->rank[message.from].heard_s = lk_clock_s();
        if (message.word == LK_WORD_REPORT) {
            LK_TRY(keep_report(deal, &message, err));
        } else {
            lk_parcel_release(&message.parcel);
        }
    }

out:
    return st;
}

static lk_status check_silence(const lk_cluster *cluster, lk_error *err)
{
    const double now = lk_clock_s();

    for (size_t r = 1; r < cluster->place.ranks; r++) {
        const lk_rank *rank = &cluster->rank[r];

        if (rank->in_flight > 0 && now - rank->heard_s > cluster->patience_s) {
            return LK_FAIL(err, LK_E_DEVICE,
                           "rank %zu on %s has said nothing for %.0f s", r, rank->host,
                           now - rank->heard_s);
        }
    }
    return LK_OK;
}

static lk_status add_reports(lk_deal *deal, lk_tally *tally, lk_run_notes *notes,
                             lk_error *err)
{
    lk_tally row = {0};
    uint64_t made = 0, asked = 0, attempts;
    lk_status st = LK_OK;

    LK_TRY(lk_tally_init(&row, 1, tally->thresholds, err));
    for (size_t i = 0; i < deal->reports; i++) {
        lk_message *report = &deal->report[i];

        LK_TRY(lk_report_add(report, deal->lead->cluster->rank[report->from].host,
                             tally, &row, notes, &attempts, err));
        made += attempts;
    }
    for (size_t u = 0; u < deal->units; u++) asked += deal->unit[u].count;
    if (made != asked) {
        st = LK_FAIL(err, LK_E_DEVICE,
                     "the ranks made %" PRIu64 " attempts of %" PRIu64, made, asked);
    }

out:
    lk_tally_release(&row);
    return st;
}

static lk_status lead_run(lk_device *device, const lk_unit *unit, size_t units,
                          lk_tally *tally, lk_run_notes *notes, lk_error *err)
{
    lk_lead *lead = lead_of(device);
    lk_deal deal = {.lead = lead, .unit = unit, .units = units, .tally = tally};
    bool any;
    lk_status st = LK_OK;

    for (size_t u = 0; u < units; u++) deal.left += (double)unit[u].count;
    lead->cluster->serial++;
    while (deal.next < units || deal.out > 0) {
        LK_TRY(give_pieces(&deal, err));
        LK_TRY(hear(&deal, &any, err));
        LK_TRY(stopped(lead->cluster, err));
        LK_TRY(check_silence(lead->cluster, err));
        if (!any) lk_labour_wait(lead->labour, nap_s);
    }
    LK_TRY(add_reports(&deal, tally, notes, err));

out:
    for (size_t i = 0; i < deal.reports; i++) lk_parcel_release(&deal.report[i].parcel);
    free(deal.report);
    return st;
}

static lk_status lead_score(lk_device *device, lk_scorer scorer, size_t problem,
                            const uint64_t *attempt, size_t count, double *score,
                            lk_error *err)
{
    const lk_lead *lead = lead_of(device);

    return lead->of->score(lead->local, scorer, problem, attempt, count, score, err);
}

static lk_status lead_score_latents(lk_device *device, lk_scorer scorer, size_t problem,
                                    const float *z, size_t count, double *score,
                                    lk_error *err)
{
    const lk_lead *lead = lead_of(device);

    return lead->of->score_latents(lead->local, scorer, problem, z, count, score, err);
}

static lk_status lead_latents(lk_device *device, size_t problem, uint64_t first,
                              size_t count, float *z, lk_error *err)
{
    const lk_lead *lead = lead_of(device);

    return lead->of->latents(lead->local, problem, first, count, z, err);
}

static lk_status lead_decode(lk_device *device, const float *z, size_t count, float *y,
                             lk_error *err)
{
    const lk_lead *lead = lead_of(device);

    return lead->of->decode(lead->local, z, count, y, err);
}

static const lk_backend lead_backend = {
    .abi = LK_BACKEND_ABI,
    .name = "cluster",
    .info = lead_info,
    .set_guard = lead_set_guard,
    .run = lead_run,
    .score = lead_score,
    .score_latents = lead_score_latents,
    .latents = lead_latents,
    .decode = lead_decode,
    .close = lead_close,
};

/* Rank 0's question names its build and the workload; then the arrays follow. */
static lk_status send_workload(lk_cluster *cluster, const lk_workload *work,
                               lk_error *err)
{
    lk_parcel question = {0};
    char digest[33];
    lk_status st = LK_OK;

    LK_TRY(lk_freight_digest(work, digest, err));
    start_question(cluster, LK_WORD_OPEN, &question);
    lk_parcel_put_text(&question, lk_build_id());
    lk_parcel_put_text(&question, cluster->place.host);
    lk_parcel_put_text(&question, digest);
    lk_freight_describe(work, &question);
    LK_TRY(ask(cluster, &question, err));
    LK_TRY(await_answers(cluster, err));
    start_question(cluster, LK_WORD_SHIP, &question);
    LK_TRY(ask(cluster, &question, err));
    LK_TRY(lk_freight_ship(cluster, work, err));

out:
    return st;
}

/* Ranks whose libraries draw by themselves would all draw the same. */
static lk_status check_stream(const lk_lead *lead, lk_error *err)
{
    lk_device_info info;

    lead->of->info(lead->local, &info);
    if (info.stream_version == LK_STREAM_VERSION) return LK_OK;
    return LK_FAIL(err, LK_E_ARG, "%s: draws of its own are made by one process alone",
                   info.path);
}

lk_status lk_cluster_open(lk_cluster *cluster, const lk_workload *workload,
                          lk_cluster_opener opener, void *context,
                          const lk_backend **as, lk_device **device, lk_error *err)
{
    lk_lead *lead = calloc(1, sizeof *lead);
    lk_status st = LK_OK;

    if (lead == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a cluster");
    lead->cluster = cluster;
    lead->work = workload;
    LK_TRY(send_workload(cluster, workload, err));
    LK_TRY(opener(context, workload, &lead->of, &lead->local, err));
    LK_TRY(check_stream(lead, err));
    LK_TRY(lk_labour_open(&lead->labour, lead->of, lead->local, workload, err));
    LK_TRY(await_answers(cluster, err));
    *as = &lead_backend;
    *device = (lk_device *)(void *)lead;
    lead = NULL;

out:
    lead_close((lk_device *)(void *)lead);
    return st;
}
