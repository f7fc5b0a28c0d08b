/* largek/sweep.h - results over a grid of models and temperatures, in one file.
 *
 * A cell is a result (largek/result.h), with its own model, temperature or score; all have
 * the same problems by index and as many thresholds.  A sweep of one cell is a result and
 * its file a result's.  A file of G > 1 cells has the same tensors, the cells as their leading
 * axis:
 *
 *   index          I64 [P]        that of all cells
 *   threshold      F64 [G][T]
 *   attempts       I64 [G][P]     and so on: successes, first_success, best_sse,
 *                                 best_attempt, histogram, guard_band
 *   done           I64 [R][4]     (cell, row, first, end)
 *
 * Metadata: `largek.spec` {"schema": 3, "models": [names], "cells": [specs]}, `largek.run`
 * {"cells": [...]}, `xxh3`.
 */
#ifndef LK_SWEEP_H
#define LK_SWEEP_H

#include <stddef.h>

#include "largek/counts.h"
#include "largek/result.h"
#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LK_SWEEP_CELLS_MAX = 4096, LK_MODEL_NAME = 64 };

typedef struct {
    size_t cells;
    lk_result *cell; /* [cells]                                          */
    char (
        *model)[LK_MODEL_NAME]; /* [cells] what people call its model; "" unknown    */
} lk_sweep;

/* `cells` empty results.
 * Ownership  *out is the caller's; end it with lk_sweep_release
 * Errors     LK_E_ARG for none, or more than LK_SWEEP_CELLS_MAX; LK_E_MEMORY */
lk_status lk_sweep_init(lk_sweep *out, size_t cells, lk_error *err);
void lk_sweep_release(lk_sweep *sweep);

/* Reads a sweep, or a result as a sweep of one cell; checks what lk_result_read checks.
 * Errors  LK_E_IO, LK_E_MEMORY; LK_E_MISMATCH for whatever is wrong with the content */
lk_status lk_sweep_read(const char *path, lk_sweep *out, lk_error *err);

/* Writes atomically; a file already there becomes PATH.prev.
 * Errors  LK_E_IO, LK_E_MEMORY; LK_E_ARG for cells with other problems, another number of
 *         thresholds, or traces */
lk_status lk_sweep_write(const char *path, const lk_sweep *sweep, lk_error *err);

/* The counts, a group a cell and threshold.  Of temperature, model and score those are
 * columns in which cells differ.  Cells without attempts are left out and, where `untried`
 * is not NULL, counted there.
 * Ownership  *out is the caller's; end it with lk_counts_release */
lk_status lk_sweep_counts(const lk_sweep *sweep, lk_counts *out, size_t *untried,
                          lk_error *err);

#ifdef __cplusplus
}
#endif

#endif /* LK_SWEEP_H */
