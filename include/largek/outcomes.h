/* largek/outcomes.h - what single attempts did, in their order.
 *
 * Counts forget the order of attempts.  Outcomes keep it, for asking whether attempts at a
 * problem were independent (largek/independence.h).
 */
#ifndef LK_OUTCOMES_H
#define LK_OUTCOMES_H

#include <stddef.h>
#include <stdint.h>

#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* {0} is empty. */
typedef struct {
    size_t problems;
    char **id;        /* [problems]                                              */
    size_t *first;    /* [problems + 1] places in `outcome`: problem i has those
                         from first[i] to before first[i+1], in order            */
    uint8_t *outcome; /* [first[problems]] 1 a success, 0 a failure              */
    size_t missing;   /* attempts without an outcome, left out                   */
} lk_outcomes;

/* Reads outcomes.
 *
 *   .npy    a matrix of problems x attempts of 0, 1 and NaN for missing; ids are row numbers
 *   JSONL   {"id": "...", "outcomes": [0, 1, true, false, null, ...]} a line, null for
 *           missing, other keys ignored; id may also be one of the names of
 *           largek/counts.h; plain, .gz or .zst, "-" for standard input
 *
 * Ownership  *out is the caller's; end it with lk_outcomes_release
 * Errors     LK_E_IO, LK_E_MEMORY; LK_E_FORMAT with the place: another value, no key, an
 *            id that was there before, no outcomes at all */
lk_status lk_outcomes_read(const char *path, lk_outcomes *out, lk_error *err);

/* Makes them of scores: a success is a score at or below the threshold; NaN is none.
 * Shapes     score [problems][attempts], index [problems]
 * Ownership  as lk_outcomes_read
 * Errors     LK_E_MEMORY; LK_E_ARG where there are none */
lk_status lk_outcomes_of_scores(const double *score, const uint64_t *index,
                                size_t problems, size_t attempts, double threshold,
                                lk_outcomes *out, lk_error *err);

/* Frees and zeroes; {0} is fine. */
void lk_outcomes_release(lk_outcomes *outcomes);

#ifdef __cplusplus
}
#endif

#endif /* LK_OUTCOMES_H */
