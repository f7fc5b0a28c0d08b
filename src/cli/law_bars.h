/* law_bars.h - shares of problems by c/n, as seen and as laws have them, for a figure. */
#ifndef LK_CLI_LAW_BARS_H
#define LK_CLI_LAW_BARS_H

#include <stddef.h>

#include "largek/counts.h"
#include "largek/forecast.h"
#include "largek/status.h"

/* Bin 0 is c = 0; bin b > 0 has edge[b-1] <= c/n < edge[b], and the last one c = n too. */
typedef struct {
    size_t bins;
    double *edge, *seen; /* [bins], one block with the next, owned through edge */
    double *law;         /* [laws][bins]; NaN for curves, which have no problems */
} lk_law_shares;

/* Ownership  *out is the caller's; end it with lk_law_shares_release
 * Errors     LK_E_MEMORY */
lk_status lk_law_shares_init(lk_law_shares *out, const lk_count_group *group,
                             const lk_fit_law *const law[],
                             const lk_forecast forecast[], size_t laws, lk_error *err);
void lk_law_shares_release(lk_law_shares *shares);

#endif /* LK_CLI_LAW_BARS_H */
