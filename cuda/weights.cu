/* weights.cu - packs weights on the host; in CUDA C++ for the halves' conversions alone. */
#include "weights.h"

#include <math.h>
#include <string.h>

#include "number.cuh"

extern "C" size_t lk_weights_bytes(lk_kind kind, uint32_t width, uint32_t out_width)
{
    return lk_row_bytes(kind, width) * out_width;
}

/* A power of two, so that scaling rounds nothing. */
static float split_scale(const lk_layer *layer)
{
    float largest = 0.0f;
    int exponent = 0;

    for (size_t i = 0; i < layer->in * layer->out; i++) {
        largest = fmaxf(largest, fabsf(layer->weight[i]));
    }
    if (largest == 0.0f) return 1.0f;
    frexpf(largest, &exponent);
    return ldexpf(1.0f, 10 - exponent);
}

extern "C" void lk_weights_pack(const lk_layer *layer, lk_kind kind, uint32_t width,
                                uint32_t out_width, void *out, float *scale)
{
    const size_t row_bytes = lk_row_bytes(kind, width);

    *scale = kind == LK_KIND_SPLIT ? split_scale(layer) : 1.0f;
    memset(out, 0, row_bytes * out_width);
    for (size_t o = 0; o < layer->out; o++) {
        char *const row = (char *)out + o * row_bytes;

        for (size_t i = 0; i < layer->in; i++) {
            const float w = layer->weight[o * layer->in + i] * *scale;

            if (kind != LK_KIND_SPLIT) {
                lk_put(kind, row, width, (uint32_t)i, w);
                continue;
            }
            const lk_halves h = lk_split(w);

            ((__half *)row)[i] = h.hi;
            ((__half *)row)[width + i] = h.hi;
            ((__half *)row)[2 * width + i] = h.lo;
        }
    }
}

extern "C" void lk_bias_pack(const lk_layer *layer, int halves, uint32_t out_width,
                             void *out)
{
    memset(out, 0, (size_t)out_width * (halves ? 2 : 4));
    for (size_t o = 0; o < layer->out; o++) {
        if (halves) {
            ((__half *)out)[o] = __float2half_rn(layer->bias[o]);
        } else {
            ((float *)out)[o] = layer->bias[o];
        }
    }
}
