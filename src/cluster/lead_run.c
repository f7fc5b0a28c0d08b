/* lead_run.c - rank 0 deals units out, and adds up what comes back.
 *
 * While a run lasts every rank holds two pieces, one at work and one to go on with, so
 * that a message's way is never waited for.  Pieces shrink towards the end: a third of
 * what the rank would get of all that is left, but no less than it makes in PIECE_S.
 *
 * Reports wait until all are there and are added then, so that a run which is given up
 * leaves the tally as it was.
 */
#include "cluster/lead.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

static const double piece_s = 0.025; /* the least work that is worth a message */
static const double nap_s = 1e-3;    /* between two looks for messages         */

lk_status lk_lead_stopped(const lk_cluster *cluster, lk_error *err)
{
    if (cluster->stop == NULL || cluster->stop() == 0) return LK_OK;
    return LK_FAIL(err, LK_E_STOPPED, "stopped early; the same command goes on");
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

lk_status lk_lead_run(lk_device *device, const lk_unit *unit, size_t units,
                      lk_tally *tally, lk_run_notes *notes, lk_error *err)
{
    lk_lead *lead = (lk_lead *)(void *)device;
    lk_deal deal = {.lead = lead, .unit = unit, .units = units, .tally = tally};
    bool any;
    lk_status st = LK_OK;

    for (size_t u = 0; u < units; u++) deal.left += (double)unit[u].count;
    lead->cluster->serial++;
    while (deal.next < units || deal.out > 0) {
        LK_TRY(give_pieces(&deal, err));
        LK_TRY(hear(&deal, &any, err));
        LK_TRY(lk_lead_stopped(lead->cluster, err));
        LK_TRY(check_silence(lead->cluster, err));
        if (!any) lk_labour_wait(lead->labour, nap_s);
    }
    LK_TRY(add_reports(&deal, tally, notes, err));

out:
    for (size_t i = 0; i < deal.reports; i++) lk_parcel_release(&deal.report[i].parcel);
    free(deal.report);
    return st;
}
