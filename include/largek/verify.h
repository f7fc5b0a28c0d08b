/* largek/verify.h - whether a result is what its spec says, by making some of it again.
 *
 * A result keeps totals, so not every number in it can be checked without making every
 * attempt again (`all`).  Short of that, four things are:
 *
 *   entries   first successes, best scores and traces are single draws: scored again by
 *             the canonical score, to the bit
 *   tiles     stretches of attempts drawn at random are counted twice, by the fast path
 *             with its guard band and by the canonical score alone, and must agree in
 *             everything; no draw of them may come before a first success, below a best
 *             score, or make a total impossible
 *   rates     the tiles' successes against the totals.  Attempts are exchangeable, so a
 *             tile's count is hypergeometric given the total; the sum over all tiles is
 *             held against Bernstein's bound [1], which holds for every n and p
 *   bins      the histogram of fast scores and the band bound every count from both sides
 *
 * The first three find a wrong device, model or file; totals that are off by little, in
 * problems that no tile falls into, are found by `all` alone.
 *
 * References
 *   [1] S. N. Bernstein, 1924; here as in S. Boucheron, G. Lugosi, P. Massart,
 *       "Concentration Inequalities", Oxford 2013, (2.10).  W. Hoeffding, JASA 58, 1963,
 *       section 6: sums drawn without replacement are no wider.
 */
#ifndef LK_VERIFY_H
#define LK_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "largek/backend.h"
#include "largek/result.h"
#include "largek/run.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint64_t seed;      /* of the choice of tiles                               */
    size_t tiles;       /* how many                                             */
    uint64_t tile;      /* attempts of one, at most; 0: LK_VERIFY_TILE          */
    bool all;           /* makes every attempt again as well                    */
    double guard_scale; /* as in lk_run_options                                 */

    void *context;
    void (*on_difference)(void *context, const char *text);          /* or NULL */
    void (*on_progress)(void *context, uint64_t done, uint64_t all); /* or NULL:
                                                          units of about a draw */
    lk_wish (*on_batch)(void *context); /* or NULL; LK_STOP_NOW ends it         */
} lk_verify_options;

enum { LK_VERIFY_TILE = 1024 };

/* The chance that a sound result fails its rates, for each threshold. */
#define LK_VERIFY_FALSE_ALARM 1e-12

typedef struct {
    uint64_t firsts, bests, traced; /* entries scored again                     */
    uint64_t tiles, draws;          /* tiles, and the attempts in them          */
    uint64_t again;                 /* attempts made again for `all`            */
    uint64_t differences;
} lk_verify_report;

/* Checks a result that lk_result_read has accepted against the job of its spec.
 * Shapes  the job has the result's problems and thresholds
 * Errors  LK_E_STOPPED where on_batch asked for it; LK_E_MEMORY; what the device says.
 *         Differences are no failure of the call: see report->differences */
lk_status lk_verify(const lk_backend *backend, lk_device *device, const lk_job *job,
                    const lk_result *result, const lk_verify_options *options,
                    lk_verify_report *report, lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_VERIFY_H */
