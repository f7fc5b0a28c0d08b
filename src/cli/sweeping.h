/* sweeping.h - `largek sample` over several models, temperatures and scores. */
#ifndef LK_CLI_SWEEPING_H
#define LK_CLI_SWEEPING_H

#include "cli/sampling.h"
#include "largek/shared.h"
#include "largek/sweep.h"

typedef struct {
    size_t models, temperatures, scores;
    char **path;       /* [models]                                        */
    lk_sampling *part; /* [models] model and problems; of the cell at work
                             also job and device                             */
    lk_spec *spec;     /* [cells] what is asked for                       */
    lk_sweep sweep;    /* cell (m * temperatures + t) * scores + s        */
    lk_shared shared;  /* where several cells are at work, these          */
    size_t at;         /* the first cell at work                          */
    lk_file_lock lock; /* of the output                                   */
    bool *complete;    /* [cells]                                         */
    const char *output;
} lk_sweeping;

/* Whether the arguments ask for more than one cell.  One model, temperature or score is
 * put where a single run looks for it; args->scores is parsed already.
 * Errors  LK_E_ARG for a sweep with --shard or --trace, and several scores with --until */
lk_status lk_sweeping_wanted(lk_sample_args *args, bool *wanted, lk_error *err);

/* Reads models and problems, and the cells that the output has; those must be among the
 * cells asked for.  Makes empty ones of the rest.
 * Ownership  *out is the caller's; end it with lk_sweeping_close
 * Errors     as lk_sampling_open */
lk_status lk_sweeping_open(lk_sweeping *out, const lk_sample_args *args, lk_error *err);
void lk_sweeping_close(lk_sweeping *sweeping);

/* Opens the device on a cell, and on those behind it that can share its draws, and says
 * which; part and result are for lk_run, and for lk_sweeping_leave before the next cell.
 * Errors  as lk_shared_open and lk_sampling_device */
lk_status lk_sweeping_enter(lk_sweeping *sweeping, size_t cell,
                            const lk_sample_args *args, lk_cluster *cluster,
                            lk_sampling **part, lk_result **result, lk_error *err);
void lk_sweeping_leave(lk_sweeping *sweeping, lk_sampling *part, bool complete);

/* Writes all cells, as they are by now. */
lk_status lk_sweeping_save(lk_sweeping *sweeping, lk_error *err);

#endif /* LK_CLI_SWEEPING_H */
