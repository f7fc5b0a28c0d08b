/* singles.h - -log pass@k of some of a group's problems, for a figure. */
#ifndef LK_CLI_SINGLES_H
#define LK_CLI_SINGLES_H

#include <stddef.h>

#include "largek/counts.h"
#include "largek/status.h"

typedef struct {
    size_t problems, points;
    size_t mixed; /* problems with a success and a failure: those drawn are of these */
    size_t never,
        always;       /* without a success, without a failure: -log is infinite or 0 */
    double *k;        /* [points]; owned                                  */
    double *log_pass; /* [problems][points], NaN where infinite or 0; owned */
} lk_singles;

/* About 60 problems with a success and a failure, spread evenly over the ranks of c/n, at 24 values of k
 * a decade up to the fewest attempts of the group.
 * Ownership  *out is the caller's; end it with lk_singles_release
 * Errors     LK_E_MEMORY */
lk_status lk_singles_init(lk_singles *out, const lk_count_group *group, lk_error *err);

/* Frees and zeroes; {0} is fine. */
void lk_singles_release(lk_singles *singles);

/* -log pass@k, with all its digits also where pass@k is next to 1; NaN where it is
 * infinite or 0. */
double lk_log_pass(uint64_t n, uint64_t c, uint64_t k);

#endif /* LK_CLI_SINGLES_H */
