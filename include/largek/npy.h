/* largek/npy.h - matrices of numbers in NumPy's .npy format.
 *
 * Reference
 *   [1] NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays";
 *       numpy.lib.format, versions 1.0, 2.0 and 3.0.
 */
#ifndef LK_NPY_H
#define LK_NPY_H

#include <stddef.h>

#include "largek/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    size_t rows, cols;
    double *data; /* [rows][cols], row-major whatever the file's order; owned */
} lk_matrix;

/* Reads an array of one (one column) or more dimensions (the first counts rows, the
 * product of the others columns) of bool, integers, float16, float32 or float64, in C
 * or Fortran order, little- or big-endian.  NaN stays NaN.
 *
 * Ownership  *out is the caller's; end it with lk_matrix_release
 * Errors     LK_E_IO, LK_E_MEMORY; LK_E_FORMAT for object and structured dtypes, other
 *            versions, integers that a double does not hold, and a file that is not
 *            as long as its header says
 * Source     [1]
 */
lk_status lk_npy_read(const char *path, lk_matrix *out, lk_error *err);

/* Frees what lk_npy_read allocated and zeroes *matrix; {0} is fine. */
void lk_matrix_release(lk_matrix *matrix);

#ifdef __cplusplus
}
#endif

#endif /* LK_NPY_H */
