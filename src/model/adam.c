/* adam.c - Adam, as PyTorch's torch.optim.Adam computes it.
 *
 *     m = b1 m + (1 - b1) g        v = b2 v + (1 - b2) g^2
 *     w = w - rate m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + epsilon)
 */
#include "model/train.h"

#include <float.h>
#include <math.h>

typedef struct {
    float keep1, add1, keep2, add2; /* b1, 1 - b1, b2, 1 - b2 */
    float rate;                     /* rate / (1 - b1^t)      */
    float root;                     /* 1 / sqrt(1 - b2^t)     */
    float epsilon;
} constants;

/* The gradient of a unit that died is 0 from then on, and its moments would sink into the
 * subnormals and stay there, where some processors take a hundred times as long. */
static inline float flushed(float x)
{
    return fabsf(x) < FLT_MIN ? 0.0f : x;
}

static void update(const constants *c, size_t n, const float *restrict g,
                   float *restrict m, float *restrict v, float *restrict w)
{
    const constants k = *c;

#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float m1 = flushed(k.keep1 * m[i] + k.add1 * g[i]);
        const float v1 = flushed(k.keep2 * v[i] + k.add2 * g[i] * g[i]);

        m[i] = m1;
        v[i] = v1;
        w[i] -= k.rate * m1 / (sqrtf(v1) * k.root + k.epsilon);
    }
}

static void update_layer(const constants *c, size_t piece, const lk_layer *gradient,
                         lk_layer *first, lk_layer *second, lk_layer *layer)
{
    const size_t weights = layer->out * layer->in;
    const size_t w = lk_piece_start(weights, piece);
    const size_t w_end = lk_piece_start(weights, piece + 1);
    const size_t b = lk_piece_start(layer->out, piece);
    const size_t b_end = lk_piece_start(layer->out, piece + 1);

    update(c, w_end - w, gradient->weight + w, first->weight + w, second->weight + w,
           layer->weight + w);
    update(c, b_end - b, gradient->bias + b, first->bias + b, second->bias + b,
           layer->bias + b);
}

void lk_adam_step(lk_adam *adam, const lk_train_options *options,
                  const lk_model *gradient, lk_model *model)
{
    lk_layer *w[LK_TRAIN_LAYERS_MAX], *g[LK_TRAIN_LAYERS_MAX];
    lk_layer *m[LK_TRAIN_LAYERS_MAX], *v[LK_TRAIN_LAYERS_MAX];
    const size_t layers = lk_model_layers(model, w);
    const double t = (double)++adam->steps;
    const constants c = {
        .keep1 = (float)options->beta1,
        .add1 = (float)(1.0 - options->beta1),
        .keep2 = (float)options->beta2,
        .add2 = (float)(1.0 - options->beta2),
        .rate = (float)(options->learning_rate / (1.0 - pow(options->beta1, t))),
        .root = (float)(1.0 / sqrt(1.0 - pow(options->beta2, t))),
        .epsilon = (float)options->epsilon,
    };

    lk_model_layers(gradient, g);
    lk_model_layers(&adam->first, m);
    lk_model_layers(&adam->second, v);
#pragma omp parallel for schedule(static, 1) num_threads((int)options->threads)
    for (size_t p = 0; p < LK_TRAIN_PIECES; p++) {
        for (size_t l = 0; l < layers; l++) update_layer(&c, p, g[l], m[l], v[l], w[l]);
    }
}

lk_status lk_adam_init(lk_adam *adam, const lk_model *model, lk_error *err)
{
    lk_adam made = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_model_init_like(&made.first, model, err));
    LK_TRY(lk_model_init_like(&made.second, model, err));
    *adam = made;
    made = (lk_adam){0}; /* now the caller's */

out:
    lk_adam_release(&made);
    return st;
}

void lk_adam_release(lk_adam *adam)
{
    lk_model_release(&adam->first);
    lk_model_release(&adam->second);
    adam->steps = 0;
}
