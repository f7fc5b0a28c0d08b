/* fit_rare.h - `largek fit` of estimates. */
#ifndef LK_CLI_FIT_RARE_H
#define LK_CLI_FIT_RARE_H

#include <stdbool.h>

#include "cli/common.h"
#include "cli/number.h"
#include "largek/fit.h"

typedef struct {
    const lk_common *common;
    const char *file, *law; /* law: names joined by commas, "all", or NULL for beta */
    const lk_real_list *threshold;
    const lk_fit_options *options;
    bool strict;
} lk_fit_rare_args;

/* Fits laws to the logarithms of estimated probabilities, and prints them as other fits.
 * Errors  those of lk_rare_input_read; LK_E_ARG for a law that is not there; LK_E_NUMERIC
 *         as other fits */
lk_status lk_fit_rare(const lk_fit_rare_args *args, lk_error *err);

#endif /* LK_CLI_FIT_RARE_H */
