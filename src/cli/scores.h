/* scores.h - `--score` and `--threshold` of `largek sample`: scores, each with thresholds.
 *
 *     --score mse,l2 --threshold 0.1,0.2                 the same list for both
 *     --score mse,l2 --threshold 'mse:0.004,0.006;l2:1.8,2'
 */
#ifndef LK_CLI_SCORES_H
#define LK_CLI_SCORES_H

#include <stddef.h>

#include "cli/number.h"
#include "largek/result.h"
#include "largek/status.h"

typedef struct {
    size_t count;
    lk_score score[LK_SCORES];
    lk_real_list threshold[LK_SCORES]; /* of the score at the same place */
} lk_scores;

/* Ownership  *out is the caller's; end it with lk_scores_release
 * Errors     LK_E_ARG for an unknown score or one named twice, a score without a list or
 *            with two, a list of a score that is not asked for, lists of different
 *            lengths, and what is no list; LK_E_IO for @FILE; LK_E_MEMORY */
lk_status lk_scores_parse(const char *scores, const char *thresholds, lk_scores *out,
                          lk_error *err);
void lk_scores_release(lk_scores *scores); /* {0} is fine */

#endif /* LK_CLI_SCORES_H */
