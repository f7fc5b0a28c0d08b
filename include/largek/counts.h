/* largek/counts.h - attempts and successes per problem, the input of every statistic.
 *
 * A row is one problem of one group at one threshold: `n` attempts, of which `c` were
 * successes.  Groups are what the caller compares (model, benchmark, ...); a statistic
 * is computed within a group and threshold, over its problems.
 */
#ifndef LK_COUNTS_H
#define LK_COUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LK_GROUP_COLUMNS_MAX = 16 };

/* What decided how many attempts a problem got.  Likelihoods do not depend on it;
 * estimators that are unbiased do. */
typedef enum {
    LK_DESIGN_FIXED = 0, /* set beforehand, or at least not by the outcomes          */
    LK_DESIGN_STOPPED,   /* by the outcomes, in whatever way                         */
    LK_DESIGN_UNTIL      /* one at a time until `successes` of them succeeded, where
                            that took no more than some limit, and else that many    */
} lk_design_kind;

typedef struct {
    lk_design_kind kind;
    uint64_t successes; /* of LK_DESIGN_UNTIL, >= 1; else 0 */
} lk_design;

/* Rows that share one set of group values and one threshold, in the file's order. */
typedef struct {
    const char *value[LK_GROUP_COLUMNS_MAX]; /* [lk_counts.group_columns]       */
    double threshold;                        /* NaN where the input has none    */
    size_t problems;
    const char **id;  /* [problems]                                         */
    uint64_t *n, *c;  /* [problems] attempts, successes; c <= n <= 2^62     */
    lk_design design; /* of every row; a table of counts is LK_DESIGN_FIXED */
} lk_count_group;

typedef struct {
    size_t group_columns;
    const char *group_column[LK_GROUP_COLUMNS_MAX]; /* names, in the file's order */
    size_t groups;
    lk_count_group *group; /* [groups], in order of first appearance */
    void *owned;           /* the reader's memory                    */
} lk_counts;

typedef enum {
    LK_DUPLICATE_REFUSE = 0,
    LK_DUPLICATE_SUM,  /* add n and c of rows with the same id, group, threshold */
    LK_DUPLICATE_FIRST /* keep the first                                         */
} lk_duplicates;

/* Reads counts from CSV with a header line, or JSONL (one flat object a line; found
 * from the first character), plain, .gz or .zst; "-" is standard input.
 *
 *   id   id, task_id, problem, problem_idx, question_id      (any one of these names)
 *   n    n, num_samples, total, attempts, num_trials
 *   c    c, num_correct, correct, successes, passed
 *   threshold (optional): a number; every other column is a group column
 *
 * Counts are read exactly: "1e4" and "10000.0" are integers, 9007199254740993 keeps its
 * last digit; a value within 1e-6 of an integer is taken for it and counted in
 * *rounded (NULL will do), so that a caller can warn.
 *
 * Ownership  *out is the caller's; end it with lk_counts_release
 * Errors     LK_E_IO, LK_E_MEMORY; LK_E_FORMAT with file:line, and the columns seen where
 *            one is missing: c > n, negative, not an integer, above 2^62, a duplicate
 *            id (unless told), no rows, bad UTF-8, a NUL byte, an unclosed quote
 */
lk_status lk_counts_read(const char *path, lk_duplicates duplicates, lk_counts *out,
                         size_t *rounded, lk_error *err);

/* Frees what lk_counts_read allocated and zeroes *counts; {0} is fine. */
void lk_counts_release(lk_counts *counts);

#ifdef __cplusplus
}
#endif

#endif /* LK_COUNTS_H */
