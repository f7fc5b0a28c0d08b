/* rare_gauss.c - small dense matrices: Cholesky factors and their inverses. */
#include <math.h>
#include <string.h>

#include "engine/rare.h"

bool lk_cholesky(double *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double s = a[i * n + j];

            for (size_t k = 0; k < j; k++) s -= a[i * n + k] * a[j * n + k];
            if (i == j) {
                if (!(s > 0.0) || !isfinite(s)) return false;
                a[i * n + i] = sqrt(s);
            } else {
                a[i * n + j] = s / a[j * n + j];
            }
        }
        for (size_t j = i + 1; j < n; j++) a[i * n + j] = 0.0;
    }
    return true;
}

void lk_lower_inverse(const double *a, size_t n, double *out)
{
    memset(out, 0, n * n * sizeof *out);
    for (size_t j = 0; j < n; j++) {
        out[j * n + j] = 1.0 / a[j * n + j];
        for (size_t i = j + 1; i < n; i++) {
            double s = 0.0;

            for (size_t k = j; k < i; k++) s -= a[i * n + k] * out[k * n + j];
            out[i * n + j] = s / a[i * n + i];
        }
    }
}
