/* isa_fast.c - the decoder in float: a GEMM whose epilogue never leaves the registers.
 *
 * Compiled once an instruction set (LK_ISA), with contraction: what this file computes
 * may differ in the last digits between tables, and the guard band decides what matters.
 *
 * A block of ROWS draws x COLUMNS outputs is held in registers while the inputs run; its
 * bias, activation and squared error follow at once, so logits are never stored.  Weights
 * are packed so that a panel of COLUMNS outputs is read front to back; it stays in L2
 * while all rows of a tile pass, and a block's inputs stay in L1.
 *
 * Work of the paper's decoder (20-400-784): 643,200 flop a draw.  Rows are independent:
 * a draw's score does not depend on the tile or the place in it.
 *
 * Reference
 *   [1] K. Goto, R. van de Geijn, "Anatomy of High-Performance Matrix Multiplication",
 *       ACM Trans. Math. Softw. 34 (2008).
 */
#include "backend/cpu/isa.h"

#include <math.h>
#include <string.h>

#if defined(LK_ISA_avx512)
enum { WIDTH = 16, ROWS = 12 };
#elif defined(LK_ISA_avx2)
enum { WIDTH = 8, ROWS = 6 };
#else
enum { WIDTH = 4, ROWS = 4 };
#endif
enum { SPAN = 2, COLUMNS = SPAN * WIDTH };

typedef float VF __attribute__((vector_size(WIDTH * sizeof(float))));
typedef int32_t VI __attribute__((vector_size(WIDTH * sizeof(int32_t))));

#define NAME_(prefix, isa) prefix##isa
#define NAME(prefix, isa)  NAME_(prefix, isa)

static inline VF load(const float *p)
{
    VF v;

    memcpy(&v, p, sizeof v);
    return v;
}

static inline void store(float *p, VF v)
{
    memcpy(p, &v, sizeof v);
}

static inline VF splat(float x)
{
    return x - (VF){0};
}

static inline float sum(VF v)
{
    float s = 0.0f;

    for (int i = 0; i < WIDTH; i++) s += v[i];
    return s;
}

static inline VF select(VI mask, VF yes, VF no)
{
    return (VF)((mask & (VI)yes) | (~mask & (VI)no));
}

/* e^x to 2e-7, x cut to [-87, 88]. */
static inline VF exp_fast(VF x)
{
    x = select(x < -87.0f, splat(-87.0f), x);
    x = select(x > 88.0f, splat(88.0f), x);

    const VF t = x * 0x1.715476p+0f + 0x1.8p23f; /* its low bits: x / ln 2, rounded */
    const VF k = t - 0x1.8p23f;
    const VF r = (x - k * 0x1.62e400p-1f) - k * 0x1.7f7d1cp-20f;
    VF p = splat(0x1.6850e4p-10f);

    p = p * r + 0x1.123bccp-7f;
    p = p * r + 0x1.555b98p-5f;
    p = p * r + 0x1.55548ep-3f;
    p = p * r + 0x1.fffff8p-2f;
    p = (r * r) * p + r + 1.0f;
    return p * (VF)(((VI)t + 127) << 23);
}

/* Abramowitz and Stegun 7.1.26: 1.5e-7 absolute. */
static inline VF erf_fast(VF x)
{
    const VF a = select(x < 0.0f, -x, x);
    const VF t = 1.0f / (1.0f + 0.3275911f * a);
    VF p = splat(1.061405429f);

    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    p = 1.0f - p * t * exp_fast(-a * a);
    return select(x < 0.0f, -p, p);
}

static inline __attribute__((always_inline)) VF act_fast(lk_activation activation, VF x)
{
    switch (activation) {
    case LK_RELU: return select(x < 0.0f, splat(0.0f), x);
    case LK_TANH: return 1.0f - 2.0f / (exp_fast(2.0f * x) + 1.0f);
    case LK_SIGMOID: return 1.0f / (1.0f + exp_fast(-x));
    case LK_SILU: return x / (1.0f + exp_fast(-x));
    case LK_GELU: return 0.5f * x * (1.0f + erf_fast(x * 0x1.6a09e6p-1f));
    default: return x;
    }
}

static size_t panels(const lk_layer *layer)
{
    return (layer->out + COLUMNS - 1) / COLUMNS;
}

static size_t packed_floats(const lk_layer *layer)
{
    return panels(layer) * COLUMNS * (layer->in + 1);
}

static void pack(const lk_layer *layer, float *packed)
{
    float *bias = packed + panels(layer) * COLUMNS * layer->in;

    memset(packed, 0, packed_floats(layer) * sizeof *packed);
    memcpy(bias, layer->bias, layer->out * sizeof *bias);
    for (size_t o = 0; o < layer->out; o++) {
        float *panel = packed + o / COLUMNS * COLUMNS * layer->in;

        for (size_t i = 0; i < layer->in; i++) {
            panel[i * COLUMNS + o % COLUMNS] = layer->weight[o * layer->in + i];
        }
    }
}

/* acc = bias + a W^T for a block of ROWS draws and one panel. */
static inline __attribute__((always_inline)) void block(const float *panel,
                                                        const float *bias, size_t in,
                                                        const float *a, size_t stride,
                                                        VF acc[ROWS][SPAN])
{
    for (int m = 0; m < ROWS; m++) {
        for (int s = 0; s < SPAN; s++) acc[m][s] = load(bias + s * WIDTH);
    }
    for (size_t i = 0; i < in; i++) {
        const VF w0 = load(panel + i * COLUMNS);
        const VF w1 = load(panel + i * COLUMNS + WIDTH);

#pragma GCC unroll 16
        for (int m = 0; m < ROWS; m++) {
            const VF x = splat(a[(size_t)m * stride + i]);

            acc[m][0] += x * w0;
            acc[m][1] += x * w1;
        }
    }
}

static inline __attribute__((always_inline)) void
layer_as(lk_activation activation, const lk_layer *layer, const float *packed,
         const float *a, size_t stride_a, size_t rows, float *out, size_t stride_out)
{
    const float *bias = packed + panels(layer) * COLUMNS * layer->in;

    for (size_t p = 0; p < panels(layer); p++) {
        for (size_t m = 0; m < rows; m += ROWS) {
            VF acc[ROWS][SPAN];

            block(packed + p * COLUMNS * layer->in, bias + p * COLUMNS, layer->in,
                  a + m * stride_a, stride_a, acc);
#pragma GCC unroll 16
            for (int r = 0; r < ROWS; r++) {
                float *y = out + (m + (size_t)r) * stride_out + p * COLUMNS;

                store(y, act_fast(activation, acc[r][0]));
                store(y + WIDTH, act_fast(activation, acc[r][1]));
            }
        }
    }
}

/* The squared errors of a block; `used` outputs of the panel count. */
static inline __attribute__((always_inline)) void block_sse(lk_activation activation,
                                                            VF acc[ROWS][SPAN],
                                                            const float *target,
                                                            size_t used, float *sse)
{
    VF mask[SPAN] = {{0}};

    for (size_t s = 0; s < SPAN; s++) {
        for (size_t i = 0; i < WIDTH; i++) mask[s][i] = s * WIDTH + i < used;
    }
    for (int r = 0; r < ROWS; r++) {
        const VF d0 = (act_fast(activation, acc[r][0]) - load(target)) * mask[0];
        const VF d1 =
            (act_fast(activation, acc[r][1]) - load(target + WIDTH)) * mask[1];

        sse[r] += sum(d0 * d0 + d1 * d1);
    }
}

static inline __attribute__((always_inline)) void
layer_sse_as(lk_activation activation, const lk_layer *layer, const float *packed,
             const float *a, size_t stride_a, size_t rows, const float *target,
             float *sse)
{
    const float *bias = packed + panels(layer) * COLUMNS * layer->in;

    memset(sse, 0, rows * sizeof *sse);
    for (size_t p = 0; p < panels(layer); p++) {
        const size_t left = layer->out - p * COLUMNS;

        for (size_t m = 0; m < rows; m += ROWS) {
            VF acc[ROWS][SPAN];

            block(packed + p * COLUMNS * layer->in, bias + p * COLUMNS, layer->in,
                  a + m * stride_a, stride_a, acc);
            block_sse(activation, acc, target + p * COLUMNS, left, sse + m);
        }
    }
}

/* One copy of the loops an activation, so that none is chosen inside them. */
#define EACH_ACTIVATION(call)                 \
    switch (activation) {                     \
    case LK_RELU: call(LK_RELU); break;       \
    case LK_TANH: call(LK_TANH); break;       \
    case LK_SIGMOID: call(LK_SIGMOID); break; \
    case LK_SILU: call(LK_SILU); break;       \
    case LK_GELU: call(LK_GELU); break;       \
    default: call(LK_IDENTITY); break;        \
    }

static void layer(const lk_layer *l, const float *packed, const float *a,
                  size_t stride_a, size_t rows, float *out, size_t stride_out)
{
    const lk_activation activation = l->activation;
#define CALL(act) layer_as(act, l, packed, a, stride_a, rows, out, stride_out)
    EACH_ACTIVATION(CALL)
#undef CALL
}

static void layer_sse(const lk_layer *l, const float *packed, const float *a,
                      size_t stride_a, size_t rows, const float *target, float *sse)
{
    const lk_activation activation = l->activation;
#define CALL(act) layer_sse_as(act, l, packed, a, stride_a, rows, target, sse)
    EACH_ACTIVATION(CALL)
#undef CALL
}

/* The first n < WIDTH floats, and zeros. */
static inline VF load_some(const float *p, size_t n)
{
    VF v = {0};

    memcpy(&v, p, n * sizeof *p);
    return v;
}

static void activate(lk_activation activation, const float *bias, size_t n, float *y)
{
    size_t i = 0;

#define CALL(act)                                                  \
    for (; i + WIDTH <= n; i += WIDTH) {                           \
        store(y + i, act_fast(act, load(y + i) + load(bias + i))); \
    }
    EACH_ACTIVATION(CALL)
#undef CALL
    if (i < n) {
        const VF v =
            act_fast(activation, load_some(y + i, n - i) + load_some(bias + i, n - i));

        memcpy(y + i, &v, (n - i) * sizeof *y);
    }
}

static float activate_sse(lk_activation activation, const float *bias, size_t n,
                          const float *y, const float *target)
{
    VF total = {0};
    size_t i = 0;

#define CALL(act)                                                                    \
    for (; i + WIDTH <= n; i += WIDTH) {                                             \
        const VF d = act_fast(act, load(y + i) + load(bias + i)) - load(target + i); \
        total += d * d;                                                              \
    }
    EACH_ACTIVATION(CALL)
#undef CALL
    float sse = sum(total);

    if (i < n) {
        const VF v =
            act_fast(activation, load_some(y + i, n - i) + load_some(bias + i, n - i));

        for (size_t r = 0; i + r < n; r++) {
            sse += (v[r] - target[i + r]) * (v[r] - target[i + r]);
        }
    }
    return sse;
}

extern const lk_fast_kernels NAME(lk_fast_, LK_ISA);
const lk_fast_kernels NAME(lk_fast_, LK_ISA) = {
    ROWS, COLUMNS, packed_floats, pack, layer, layer_sse, activate, activate_sse};
