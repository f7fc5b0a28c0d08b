/* largek/until.h - how many attempts each problem gets.
 *
 *   draws       the same number for all
 *   successes   a problem ends at its r-th success, at exactly that attempt     [1]
 *   rel-width   a problem ends where the Wilson interval (95 %) of its success rate is at
 *               most w times that rate wide; looked at after 64 attempts, and then each
 *               time that there are a quarter more
 *   budget      a number of attempts for all problems together, each block of them for the
 *               problem with the fewest successes, of those the fewest attempts, of those
 *               the first                                                       [2]
 *
 * A problem's attempts are made in order from 0, and whether there is to be another one
 * depends on those before it alone (with a budget: on those of all problems), so that
 * numbers of attempts are a function of the draws like all counts: not of batches,
 * devices, threads or interruptions.  No problem gets more attempts than the run's
 * `draws`.
 *
 * References
 *   [1] S. Hu et al., "Predicting Emergent Abilities with Infinite Resolution Evaluation",
 *       arXiv:2310.03262 (2023): PassUntil.
 *   [2] J. Kazdan et al., "Efficient Prediction of Pass@k Scaling in Large Language
 *       Models", arXiv:2510.05197 (2025): dynamic sampling.
 */
#ifndef LK_UNTIL_H
#define LK_UNTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "largek/counts.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    LK_UNTIL_DRAWS = 0,
    LK_UNTIL_SUCCESSES,
    LK_UNTIL_WIDTH,
    LK_UNTIL_BUDGET,
    LK_UNTILS
} lk_until_kind;

/* "draws", "successes", "rel-width", "budget"; never NULL. */
const char *lk_until_name(lk_until_kind kind);

/* The kind of that name, or LK_UNTILS where there is none. */
lk_until_kind lk_until_find(const char *name);

enum { LK_UNTIL_BLOCK = 4096, LK_UNTIL_BLOCK_MAX = 65536 };

/* {0} is LK_UNTIL_DRAWS.  Fields of other kinds are 0. */
typedef struct {
    lk_until_kind kind;
    double threshold;   /* of the spec's; whose successes count: all but draws   */
    uint64_t successes; /* r >= 1                                                */
    double width;       /* w > 0                                                 */
    uint64_t budget;    /* attempts, of all problems                             */
    uint64_t block;     /* attempts at a time, 1 .. LK_UNTIL_BLOCK_MAX: budget   */
    uint64_t draws;     /* most that a problem gets: budget, whose every decision
                           depends on it                                         */
    bool raised;        /* successes was less once, and not all problems have come
                           to what it is now                                     */
} lk_until;

/* Errors  LK_E_ARG for what is none */
lk_status lk_until_check(const lk_until *until, lk_error *err);

/* Whether a run under `have` goes on under `asked` as if it had begun so: the same, or more
 * successes, a smaller width, a larger budget.
 * Errors  LK_E_MISMATCH naming both */
lk_status lk_until_extends(const lk_until *have, const lk_until *asked, lk_error *err);

/* What statistics must know of counts at `threshold`. */
lk_design lk_until_design(const lk_until *until, double threshold);

/* "5 successes at 0.004". */
void lk_until_describe(const lk_until *until, char *out, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif /* LK_UNTIL_H */
