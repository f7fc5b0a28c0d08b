/* largek/result.h - what a run leaves: counts, and all that says which counts they are.
 *
 * A result file is a safetensors file with digests; a checkpoint is a result with fewer
 * attempts done.  P problems, T thresholds, R done ranges, J traced attempts:
 *
 *   index          I64 [P]     place of the problem in its data set
 *   threshold      F64 [T]     in units of the score, ascending
 *   attempts       I64 [P]     n
 *   successes      I64 [P][T]  c
 *   first_success  I64 [P][T]  smallest successful attempt; -1 none
 *   best_sse       F64 [P]     smallest canonical SSE; infinity: none finite yet
 *   best_attempt   I64 [P]     its smallest attempt; -1 none
 *   histogram      I64 [P][256] of fast-path SSE, bins as in largek/tally.h; sums to n
 *   done           I64 [R][3]  (row, first, end): attempts first .. end - 1 are in
 *   guard_band     F64 [P]     half-width in SSE, the widest of all sessions
 *   trace          F64 [P][J]  (optional) canonical scores of attempts 0 .. J - 1
 *
 * Metadata: `largek.spec` (JSON: what the counts are a function of), `largek.run` (JSON:
 * build, device, re-decided and audited draws; for people), `xxh3`.  Counts of a library's
 * own draws (`sample --path library`) have stream 0 in their spec, no smallest score, and a
 * `largek.warning`; no exact counts are ever joined with them.
 */
#ifndef LK_RESULT_H
#define LK_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "largek/counts.h"
#include "largek/status.h"
#include "largek/tally.h"
#include "largek/until.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Scores of a decoded draw y against its target x of D pixels. */
typedef enum {
    LK_SCORE_MSE = 0, /* SSE / D                        */
    LK_SCORE_SUM,     /* SSE                            */
    LK_SCORE_L2,      /* sqrt(SSE)                      */
    LK_SCORE_REL_L2,  /* sqrt(SSE) / ||x||              */
    LK_SCORES
} lk_score;

/* "mse", "sse", "l2", "rel-l2"; never NULL. */
const char *lk_score_name(lk_score score);

/* The score of that name, or LK_SCORES where there is none. */
lk_score lk_score_find(const char *name);

/* What the counts of a range of attempts are a function of. */
typedef struct {
    char model_digest[33];    /* lk_mlp_digest of the decoder  */
    char problems_digest[33]; /* lk_problems_digest            */
    size_t problems, latent, pixels;
    lk_score score;
    size_t thresholds;
    double threshold[LK_THRESHOLDS_MAX]; /* ascending, in units of the score */
    double temperature;
    uint64_t seed;
    uint32_t stream_version; /* LK_STREAM_NONE: counts that are not exact */
    lk_until until;          /* what decides a problem's number of attempts */
} lk_spec;

typedef struct {
    uint64_t first, end; /* half-open */
} lk_range;

/* Disjoint, not touching, ascending. */
typedef struct {
    size_t count, room;
    lk_range *range;
} lk_ranges;

/* Adds [first, end), joining what touches.
 * Errors  LK_E_ARG where it is empty or overlaps; LK_E_MEMORY */
lk_status lk_ranges_add(lk_ranges *ranges, uint64_t first, uint64_t end, lk_error *err);
void lk_ranges_release(lk_ranges *ranges);

typedef struct {
    lk_spec spec;
    uint64_t *index; /* [problems] */
    lk_tally tally;
    lk_ranges *done; /* [problems] */
    double *guard;   /* [problems] */
    size_t traced;   /* J          */
    double *trace;   /* [problems][traced]; NULL where traced is 0 */

    /* What happened on the way; no count depends on it. */
    char device[128], path[64];
    uint64_t redecided, audited, violations;
    double audit_largest;
    double seconds; /* of sampling, over all sessions                      */
    uint64_t asked; /* attempts a problem that the last session was to have */
    uint64_t saves; /* checkpoints before this one, and the seconds they took   */
    double save_s;
} lk_result;

/* A result without attempts.
 * Shapes     index [spec->problems]
 * Ownership  *out is the caller's; end it with lk_result_release
 * Errors     LK_E_MEMORY, LK_E_ARG */
lk_status lk_result_init(lk_result *out, const lk_spec *spec, const uint64_t *index,
                         lk_error *err);
void lk_result_release(lk_result *result);

/* Whether the file is a result, by its metadata, or a damaged one; false also where it cannot
 * be read. */
bool lk_result_recognise(const char *path);

/* Reads a result and checks digests, shapes, and that counts agree with each other, with
 * the spec and with the done ranges.
 * Errors  LK_E_IO, LK_E_MEMORY; LK_E_MISMATCH for whatever is wrong with the content */
lk_status lk_result_read(const char *path, lk_result *out, lk_error *err);

/* Writes atomically; a file already there becomes PATH.prev.
 * Errors  LK_E_IO, LK_E_MEMORY */
lk_status lk_result_write(const char *path, const lk_result *result, lk_error *err);

/* LK_OK where both specs are the same; else LK_E_MISMATCH naming the first difference
 * and both values. */
lk_status lk_spec_same(const lk_spec *a, const lk_spec *b, lk_error *err);

/* Makes `have`, of a result, what is asked, where a run under it goes on as one under
 * `asked`: the same, or an `until` that asks for more.
 * Errors  LK_E_MISMATCH naming the first difference; *have is then as it was */
lk_status lk_spec_extend(lk_spec *have, const lk_spec *asked, lk_error *err);

/* The counts of a result, a group a threshold; ids are the problems' indices.
 * Ownership  *out is the caller's; end it with lk_counts_release */
lk_status lk_result_counts(const lk_result *result, lk_counts *out, lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_RESULT_H */
