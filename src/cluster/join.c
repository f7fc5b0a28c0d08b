/* join.c - meeting the other ranks, and parting. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/plugin.h"
#include "cluster/rank.h"

/* How long ranks wait for one that should be heard of. */
static const double patience_s = 60.0;

/* At the end rank 0 waits for those that finish a piece; where it was asked to stop, some
 * may be dead. */
static const double farewell_s = 10.0, hurried_farewell_s = 1.0;

static size_t number_in(const char *name)
{
    const char *value = getenv(name);

    return value == NULL ? 0 : (size_t)strtoul(value, NULL, 10);
}

/* How many processes a launcher says it started, this one included: mpirun of Open MPI,
 * those with PMI (MPICH, Intel MPI, srun --mpi=pmi2), srun --mpi=pmix.  Plain srun starts
 * processes that do not know each other, and is none. */
static size_t launched(void)
{
    size_t ranks = number_in("OMPI_COMM_WORLD_SIZE");

    if (ranks == 0) ranks = number_in("PMI_SIZE");
    if (ranks == 0 && getenv("PMIX_RANK") != NULL) {
        ranks = number_in("SLURM_STEP_NUM_TASKS");
    }
    return ranks;
}

static lk_status find_transport(const lk_transport **out, lk_error *err)
{
    char path[LK_PLUGIN_PATH_BYTES];
    void *symbol = NULL;
    lk_transport_entry entry;
    const lk_status st = lk_plugin_open("mpi", LK_TRANSPORT_SYMBOL, path, &symbol, err);

    if (st != LK_OK) return st;
    memcpy(&entry, &symbol, sizeof entry);
    *out = entry(LK_TRANSPORT_ABI);
    if (*out != NULL) return LK_OK;
    return LK_FAIL(err, LK_E_DEVICE, "%.400s: made for another version of largek",
                   path);
}

lk_status lk_cluster_library(const char **name, lk_error *err)
{
    const lk_transport *transport = NULL;
    const lk_status st = find_transport(&transport, err);

    if (st == LK_OK) *name = transport->name;
    return st;
}

lk_status lk_cluster_start(const lk_transport *transport, lk_peers *peers,
                           const lk_rank_place *place, int (*stop)(void),
                           lk_cluster **out, lk_error *err)
{
    lk_cluster *cluster = calloc(1, sizeof *cluster);

    if (cluster != NULL) cluster->rank = calloc(place->ranks, sizeof *cluster->rank);
    if (cluster == NULL || cluster->rank == NULL) {
        free(cluster);
        transport->close(peers, 0);
        return LK_FAIL(err, LK_E_MEMORY, "no room for %zu ranks", place->ranks);
    }
    cluster->transport = transport;
    cluster->peers = peers;
    cluster->place = *place;
    cluster->stop = stop;
    cluster->patience_s = patience_s;
    *out = cluster;
    return LK_OK;
}

lk_status lk_cluster_join(int (*stop)(void), lk_cluster **out, lk_error *err)
{
    const size_t ranks = launched();
    const lk_transport *transport = NULL;
    lk_peers *peers = NULL;
    lk_rank_place place = {0};
    lk_error why = {0};
    lk_status st = LK_OK;

    *out = NULL;
    if (ranks <= 1) return LK_OK;
    if (find_transport(&transport, &why) != LK_OK) {
        return LK_FAIL(err, LK_E_MISSING,
                       "one of %zu processes of a job, but this largek cannot use MPI: "
                       "%.300s",
                       ranks, why.text);
    }
    LK_TRY(transport->open(&peers, &place, err));
    if (place.ranks != ranks) {
        transport->close(peers, 1);
        return LK_FAIL(err, LK_E_MISSING,
                       "one of %zu processes of a job, but %s knows of %zu: start it "
                       "with that MPI's own mpirun, or srun --mpi=pmix",
                       ranks, transport->name, place.ranks);
    }
    return lk_cluster_start(transport, peers, &place, stop, out, err);

out:
    return st;
}

void lk_cluster_place(const lk_cluster *cluster, lk_rank_place *out)
{
    *out = cluster != NULL ? cluster->place
                           : (lk_rank_place){.ranks = 1, .local_ranks = 1};
}

/* Whether all others said farewell in time. */
static bool send_home(lk_cluster *cluster)
{
    const bool hurried = cluster->stop != NULL && cluster->stop() != 0;
    const double until = lk_clock_s() + (hurried ? hurried_farewell_s : farewell_s);
    size_t left = 1;

    for (size_t r = 1; r < cluster->place.ranks; r++) {
        lk_parcel quit;

        lk_message_start(&quit, LK_WORD_QUIT, 0);
        if (lk_message_send(cluster, r, &quit, NULL) != LK_OK) return false;
    }
    while (left < cluster->place.ranks && lk_clock_s() < until) {
        lk_message message;
        bool got;

        if (lk_message_receive(cluster, &message, &got, NULL) != LK_OK) return false;
        if (got && message.word == LK_WORD_BYE) left++;
        lk_parcel_release(&message.parcel);
        if (!got) lk_nap(1e-3);
    }
    return left == cluster->place.ranks;
}

void lk_cluster_leave(lk_cluster *cluster)
{
    bool orderly = true;

    if (cluster == NULL) return;
    if (cluster->place.rank == 0) {
        orderly = send_home(cluster);
    } else if (cluster->forsaken) {
        orderly = false;
    } else {
        lk_parcel bye;

        lk_message_start(&bye, LK_WORD_BYE, 0);
        orderly = lk_message_send(cluster, 0, &bye, NULL) == LK_OK;
    }
    cluster->transport->close(cluster->peers, orderly);
    free(cluster->rank);
    free(cluster);
}
