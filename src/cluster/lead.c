/* lead.c - rank 0: all ranks as one device, but for its run. */
#include "cluster/lead.h"

#include <stdio.h>
#include <stdlib.h>

#include "largek/largek.h"

static const double nap_s = 1e-3;  /* between two looks for messages       */
static const double batch_s = 1.0; /* a run, for its end leaves ranks idle */

enum {
    UNIT_RANKS = 16 /* a unit is that of one rank times the ranks, up to these */
};

static lk_lead *lead_of(const lk_device *device)
{
    return (lk_lead *)(void *)device;
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

        LK_TRY(lk_lead_stopped(cluster, err));
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
    .run = lk_lead_run,
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
