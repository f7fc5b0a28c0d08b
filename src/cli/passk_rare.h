/* passk_rare.h - `largek passk` of estimates. */
#ifndef LK_CLI_PASSK_RARE_H
#define LK_CLI_PASSK_RARE_H

#include "cli/common.h"
#include "cli/number.h"

typedef struct {
    const lk_common *common;
    const char *file, *with, *k; /* with, k: or NULL */
    const lk_real_list *threshold;
    double level;
    uint64_t resamples;
} lk_passk_rare_args;

/* Prints pass@k of a file of estimates: a row a threshold and k.
 * Errors  those of lk_rare_input_read and lk_tail_curve; LK_E_ARG for --k */
lk_status lk_passk_rare(const lk_passk_rare_args *args, lk_error *err);

#endif /* LK_CLI_PASSK_RARE_H */
