/* lead.h - rank 0, where it leads: all ranks as one device. */
#ifndef LK_CLUSTER_LEAD_H
#define LK_CLUSTER_LEAD_H

#include "cluster/labour.h"

/* Behind lk_device of this backend. */
typedef struct {
    lk_cluster *cluster;
    const lk_workload *work;
    const lk_backend *of; /* rank 0's own */
    lk_device *local;
    lk_labour *labour;
} lk_lead;

/* LK_E_STOPPED where rank 0 was asked to stop.
 * Errors  that */
lk_status lk_lead_stopped(const lk_cluster *cluster, lk_error *err);

/* lk_backend.run, in lead_run.c. */
lk_status lk_lead_run(lk_device *device, const lk_unit *unit, size_t units,
                      lk_tally *tally, lk_run_notes *notes, lk_error *err);

#endif /* LK_CLUSTER_LEAD_H */
