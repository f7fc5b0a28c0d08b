/* largek/merge.h - results of the same spec, made apart, as one.
 *
 * Tallies of disjoint attempts add up to the tally of all of them (largek/tally.h), so that
 * shards may come in any order and grouping, and none of it can be seen in the counts.
 *
 *   - only results of one spec and one list of problems are added
 *   - attempts that two results share are never counted twice: a result whose attempts
 *     are all there already adds nothing, any other overlap is refused
 *   - what can be compared is: counts of the same attempts, a part against its whole, and
 *     traces where both have one.  They are functions of the spec, so a difference says
 *     that a machine or a file is not to be trusted, and is refused
 */
#ifndef LK_MERGE_H
#define LK_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "largek/result.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A result's place in the order of merging: by where it begins, then more attempts first,
 * then by a digest of the ranges.  Results that are merged in this order give the same, or
 * are refused the same, in whatever order they came; a whole comes before its parts, and
 * shards that are neighbours meet, so that their ranges join. */
typedef struct {
    uint64_t first;    /* attempt of the first problem; 2^64 - 1 where it has none */
    uint64_t attempts; /* in all; 2^64 - 1 for more                                */
    char ranges[33];   /* their digest                                             */
} lk_result_rank;

/* Errors  LK_E_MEMORY */
lk_status lk_result_rank_of(const lk_result *result, lk_result_rank *out,
                            lk_error *err);

/* As strcmp; 0 for the same attempts. */
int lk_result_rank_compare(const lk_result_rank *a, const lk_result_rank *b);

/* Whether every attempt of `part` is one of `whole`; both have the same problems. */
bool lk_result_holds(const lk_result *whole, const lk_result *part);

/* The first problem row with attempts of both, and a range of those; false where there
 * is none.  Both have the same problems. */
bool lk_result_overlap(const lk_result *a, const lk_result *b, size_t *row,
                       lk_range *shared);

/* Adds `from` to `into`; *added says whether there was anything to add.  Guard bands
 * become the wider one, notes are summed, the longer trace stays.
 * Errors  LK_E_MISMATCH for another spec (both digests, or values, in the text), for
 *         attempts that are partly in both, and for counts or traces that contradict each
 *         other; LK_E_NUMERIC where a counter would pass 2^62; `into` is as it was then.
 *         LK_E_MEMORY: `into` is good for lk_result_release only */
lk_status lk_result_merge(lk_result *into, const lk_result *from, bool *added,
                          lk_error *err);

/* How far a result is. */
typedef struct {
    uint64_t end;      /* behind the last attempt that any problem has         */
    uint64_t whole;    /* every problem has attempts 0 .. whole - 1            */
    uint64_t attempts; /* in all; this and the next are 2^64 - 1 for more      */
    uint64_t missing;  /* below `end`, over all problems                       */
    size_t gaps;       /* stretches that these make                            */
    size_t gap_row;    /* the first of them, where gaps > 0                    */
    lk_range gap;
} lk_coverage;

void lk_result_coverage(const lk_result *result, lk_coverage *out);

#ifdef __cplusplus
}
#endif

#endif /* LK_MERGE_H */
