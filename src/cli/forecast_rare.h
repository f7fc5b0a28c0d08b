/* forecast_rare.h - `largek forecast` of estimates. */
#ifndef LK_CLI_FORECAST_RARE_H
#define LK_CLI_FORECAST_RARE_H

#include <stdbool.h>

#include "cli/common.h"
#include "cli/number.h"

typedef struct {
    const lk_common *common;
    const char *file, *k; /* k: a range of real numbers, or NULL for 1:1e30:log=1 */
    const lk_real_list *threshold;
    double level, target; /* target: 0 for pass@k */
    uint64_t resamples;
    bool strict;
} lk_forecast_rare_args;

/* Prints pass@k, or the attempts that a target takes, as the estimates say: no law is
 * fitted.
 * Errors  those of lk_rare_input_read and lk_tail_curve; LK_E_ARG for k; with strict
 *         LK_E_NUMERIC where a target is out of reach */
lk_status lk_forecast_rare(const lk_forecast_rare_args *args, lk_error *err);

#endif /* LK_CLI_FORECAST_RARE_H */
