/* elementwise.c - what training does to a row of units, in float.
 *
 * Products and sums are rounded apart, never by fmaf: on the baseline instruction set that
 * would be a call an element.
 */
#include "model/elementwise.h"

typedef struct {
    float scale; /* 2^k                        */
    float p;     /* e^x = 2^k (1 + p)          */
} exp_parts;

/* lk_exp_split in float: Taylor to degree 7 on |r| <= ln(2)/2 leaves 5e-9. */
static inline exp_parts exp_split(float x)
{
    const float shift = 0x1.8p23f; /* adding it rounds to an integer */
    const float low = x < -87.0f ? -87.0f : x;
    const float cut = low > 88.0f ? 88.0f : low;
    const float t = cut * 0x1.715476p+0f /* 1 / ln 2 */ + shift;
    const float k = t - shift;
    /* ln 2 in two parts, the high one short enough that k times it is exact */
    const float r = (cut - k * 0x1.62e400p-1f) - k * 0x1.7f7d1cp-20f;
    float p = 1.0f / 5040;

    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    return (exp_parts){
        .scale = lk_float_of_bits((lk_bits_of_float(t) + 127u) << 23),
        .p = (r * r) * p + r,
    };
}

static inline float exp_float(float x)
{
    const exp_parts e = exp_split(x);

    return e.scale * e.p + e.scale;
}

float lk_exp_float(float x)
{
    return exp_float(x);
}

/* log(1 + u) of u in [0, 1], as 2 atanh(s), s = u / (2 + u) <= 1/3: seven terms leave
 * 2e-9 of the first. */
static inline float log1p_float(float u)
{
    const float s = u / (2.0f + u), y = s * s;
    float p = 1.0f / 13;

    p = p * y + 1.0f / 11;
    p = p * y + 1.0f / 9;
    p = p * y + 1.0f / 7;
    p = p * y + 1.0f / 5;
    p = p * y + 1.0f / 3;
    return 2.0f * (s + s * y * p);
}

static inline float sigmoid_float(float v)
{
    return 1.0f / (1.0f + exp_float(-v));
}

static inline float tanh_float(float v)
{
    const exp_parts e = exp_split(2.0f * v);
    const float minus_one = e.scale * e.p + (e.scale - 1.0f); /* e^2v - 1 */

    return minus_one / (minus_one + 2.0f);
}

/* The normal distribution function. */
static inline float phi_float(float v)
{
    return 0.5f * erfcf(v * -0x1.6a09e6p-1f /* -sqrt(1/2) */);
}

bool lk_slope_needs_input(lk_activation activation)
{
    return activation == LK_SILU || activation == LK_GELU;
}

void lk_row_activate(lk_activation activation, size_t n, const float *restrict bias,
                     float *restrict pre, float *restrict h)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) h[i] += bias[i];
    if (pre != NULL) memcpy(pre, h, n * sizeof *h);

    switch (activation) {
    case LK_RELU:
#pragma omp simd
        for (size_t i = 0; i < n; i++) h[i] = h[i] < 0.0f ? 0.0f : h[i];
        break;
    case LK_TANH:
#pragma omp simd
        for (size_t i = 0; i < n; i++) h[i] = tanh_float(h[i]);
        break;
    case LK_SIGMOID:
#pragma omp simd
        for (size_t i = 0; i < n; i++) h[i] = sigmoid_float(h[i]);
        break;
    case LK_SILU:
#pragma omp simd
        for (size_t i = 0; i < n; i++) h[i] *= sigmoid_float(h[i]);
        break;
    case LK_GELU:
        for (size_t i = 0; i < n; i++) h[i] *= phi_float(h[i]);
        break;
    default: break;
    }
}

void lk_row_slope(lk_activation activation, size_t n, const float *restrict pre,
                  const float *restrict h, float *restrict delta)
{
    switch (activation) {
    case LK_RELU:
#pragma omp simd
        for (size_t i = 0; i < n; i++) delta[i] = h[i] > 0.0f ? delta[i] : 0.0f;
        break;
    case LK_TANH:
#pragma omp simd
        for (size_t i = 0; i < n; i++) delta[i] *= 1.0f - h[i] * h[i];
        break;
    case LK_SIGMOID:
#pragma omp simd
        for (size_t i = 0; i < n; i++) delta[i] *= h[i] * (1.0f - h[i]);
        break;
    case LK_SILU: /* s + v s (1 - s), s = sigmoid(v) */
#pragma omp simd
        for (size_t i = 0; i < n; i++) {
            const float s = sigmoid_float(pre[i]);

            delta[i] *= s + pre[i] * s * (1.0f - s);
        }
        break;
    case LK_GELU: /* Phi(v) + v phi(v), phi(v) = e^(-v^2/2) / sqrt(2 pi) */
        for (size_t i = 0; i < n; i++) {
            const float density = 0x1.988454p-2f * exp_float(-0.5f * pre[i] * pre[i]);

            delta[i] *= phi_float(pre[i]) + pre[i] * density;
        }
        break;
    default: break;
    }
}

float lk_row_cross_entropy(size_t n, const float *restrict target,
                           const float *restrict sum, const float *restrict bias,
                           float *restrict delta)
{
    float loss = 0.0f;

#pragma omp simd reduction(+ : loss)
    for (size_t i = 0; i < n; i++) {
        const float v = sum[i] + bias[i];
        const float e = exp_float(-fabsf(v)); /* at most 1 */
        const float small = e / (1.0f + e);

        delta[i] = (v < 0.0f ? small : 1.0f - small) - target[i];
        loss += (v > 0.0f ? v : 0.0f) - v * target[i] + log1p_float(e);
    }
    return loss;
}
