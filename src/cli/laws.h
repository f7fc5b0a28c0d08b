/* laws.h - lists of laws to fit, by name. */
#ifndef LK_CLI_LAWS_H
#define LK_CLI_LAWS_H

#include <stddef.h>

#include "cli/number.h"
#include "largek/counts.h"
#include "largek/fit.h"
#include "largek/status.h"

enum { LK_LAW_LIST_MAX = 32 };

typedef struct {
    size_t count;
    const lk_fit_law *law[LK_LAW_LIST_MAX];
} lk_law_list;

/* Reads names joined by commas.
 * Errors  LK_E_ARG with the option's name for one that is not there, or twice */
lk_status lk_law_list_parse(const char *text, lk_law_list *out, lk_error *err);

/* Whether the law can be fitted to counts of the group's design: a curve is one of unbiased
 * estimates for fixed numbers of attempts, and a likelihood is what it is.
 * Errors  LK_E_ARG saying so */
lk_status lk_law_suits(const lk_fit_law *law, const lk_count_group *group,
                       lk_error *err);

/* The grid that curves of a group are fitted at: `given`, or 1 to the fewest attempts of
 * any problem, ten a decade, but at most `limit`.
 * Ownership  out->value is the caller's
 * Errors     LK_E_MEMORY */
lk_status lk_fit_grid(const lk_count_group *group, const lk_count_list *given,
                      uint64_t limit, lk_count_list *out, lk_error *err);

#endif /* LK_CLI_LAWS_H */
