/* cluster.h - a run on several processes, here called ranks.
 *
 * Rank 0 is the run: it plans, adds up, writes and prints, and sees all ranks as one
 * device.  The others make what it deals out:
 *
 *     rank 0                             the others
 *     lk_cluster_join                    lk_cluster_join
 *     lk_cluster_open, a device          lk_cluster_serve, until rank 0 leaves
 *     ... run, close ...
 *     lk_cluster_leave                   lk_cluster_leave
 *
 * Rank 0 sends the workload itself, so no other rank reads a file and none can count
 * another model or other data; each makes sure that it is of the same build, and that the
 * workload arrived as it was sent.
 */
#ifndef LK_CLUSTER_CLUSTER_H
#define LK_CLUSTER_CLUSTER_H

#include <stddef.h>

#include "largek/backend.h"

typedef struct {
    size_t rank, ranks;
    size_t local_rank, local_ranks; /* among those on this host */
    char host[64];
} lk_rank_place;

typedef struct lk_cluster lk_cluster;

/* Meets the other processes that mpirun, or srun with PMI, started with this one.
 *
 * stop       non-zero once the process has been asked to stop: rank 0 then gives up what
 *            is under way
 * Ownership  *out is the caller's; end it with lk_cluster_leave.  NULL where the process
 *            is alone
 * Errors     LK_E_MISSING where there are others but no plugin largek-mpi.so, or one of
 *            another MPI than the launcher's; LK_E_DEVICE, LK_E_MEMORY */
lk_status lk_cluster_join(int (*stop)(void), lk_cluster **out, lk_error *err);

/* The library that ranks would talk through, "Open MPI 4.1.4".
 * Errors  as lk_cluster_join says of the plugin */
lk_status lk_cluster_library(const char **name, lk_error *err);

/* Of NULL: rank 0 of 1. */
void lk_cluster_place(const lk_cluster *cluster, lk_rank_place *out);

/* Opens this rank's own device on a workload. */
typedef lk_status (*lk_cluster_opener)(void *context, const lk_workload *workload,
                                       const lk_backend **backend, lk_device **device,
                                       lk_error *err);

/* Rank 0: opens a device on every rank, and all of them as one.  Units are dealt out while
 * a run lasts, to a rank twice what it works at, so that none waits; fast ranks get more.
 * Other ranks measure their guard bands themselves and take the wider ones.  Single scores
 * are rank 0's own.
 *
 * Ownership  *device is the caller's, for (*as)->close; one at a time
 * Errors     what any rank's opener says, with the host's name; LK_E_MISMATCH for a rank of
 *            another build; LK_E_DEVICE for one that fell silent; LK_E_STOPPED.  `run`
 *            also says LK_E_STOPPED, and has then added nothing to the tally */
lk_status lk_cluster_open(lk_cluster *cluster, const lk_workload *workload,
                          lk_cluster_opener opener, void *context,
                          const lk_backend **as, lk_device **device, lk_error *err);

/* Other ranks: does what rank 0 asks for.  What goes wrong with the device rank 0 gets to
 * hear; this rank goes on.
 * Errors  LK_E_DEVICE where rank 0 cannot be reached, LK_E_MEMORY */
lk_status lk_cluster_serve(lk_cluster *cluster, lk_cluster_opener opener, void *context,
                           lk_error *err);

/* Rank 0 sends the others home.  NULL is fine. */
void lk_cluster_leave(lk_cluster *cluster);

#endif /* LK_CLUSTER_CLUSTER_H */
