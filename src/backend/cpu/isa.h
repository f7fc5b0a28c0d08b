/* isa.h - the CPU's kernels, one table an instruction set.
 *
 * The exact kernels give the same bits in every table; which one runs is a matter of
 * speed alone.  The fast ones agree to rounding, which is what the guard band is for.
 */
#ifndef LK_BACKEND_CPU_ISA_H
#define LK_BACKEND_CPU_ISA_H

#include <stddef.h>
#include <stdint.h>

#include "largek/mlp.h"

/* Draws that the canonical score takes side by side. */
enum { LK_LANES = 16 };

typedef struct {
    /* z = fmaf(scale, eps, mu) of `count` draws of one problem.
     * Shapes  attempt [count], mu and scale [latent], z [count][latent] */
    void (*latents)(uint64_t seed, uint64_t index, const uint64_t *attempt,
                    size_t count, size_t latent, const float *mu, const float *scale,
                    float *z);

    /* Canonical SSE of LK_LANES draws, each with its own target.
     * Shapes  z [LK_LANES][latent], target [LK_LANES] of [outputs], sse [LK_LANES],
     *         scratch [2 * (widest + 4) * LK_LANES], 64-byte aligned */
    void (*canonical)(const lk_mlp *decoder, const float *z, const float *const *target,
                      double *sse, double *scratch);
} lk_exact_kernels;

/* A layer's weights in panels of `columns` outputs: [panel][in][columns], then biases
 * [panel][columns]; what pads the last panel is zero. */
typedef struct {
    size_t rows, columns; /* of the block of outputs that stays in registers */

    size_t (*packed_floats)(const lk_layer *layer);
    void (*pack)(const lk_layer *layer, float *packed);

    /* out = act(a W^T + b), for `rows` a multiple of the table's rows.
     * Shapes  a [rows][stride_a], out [rows][stride_out], stride_out >= panels*columns */
    void (*layer)(const lk_layer *layer, const float *packed, const float *a,
                  size_t stride_a, size_t rows, float *out, size_t stride_out);

    /* The same, but leaves only sse[row] = sum over outputs of (y - target)^2.
     * Shapes  target [panels * columns], padded with anything finite */
    void (*layer_sse)(const lk_layer *layer, const float *packed, const float *a,
                      size_t stride_a, size_t rows, const float *target, float *sse);

    /* The two ends of a layer whose products another GEMM made: y = act(y + bias), and
     * the sum over outputs of (act(y + bias) - target)^2.
     * Shapes  y, bias, target [n] */
    void (*activate)(lk_activation activation, const float *bias, size_t n, float *y);
    float (*activate_sse)(lk_activation activation, const float *bias, size_t n,
                          const float *y, const float *target);
} lk_fast_kernels;

typedef struct {
    const char *name; /* "avx512", "avx2", "baseline" */
    const lk_exact_kernels *exact;
    const lk_fast_kernels *fast;
} lk_isa;

/* The kernels of that name, or the best this CPU runs for NULL; NULL where the name is
 * unknown or the CPU cannot run it. */
const lk_isa *lk_isa_find(const char *name);

/* "avx512": the best this CPU runs. */
const char *lk_cpu_isa_name(void);

#endif /* LK_BACKEND_CPU_ISA_H */
