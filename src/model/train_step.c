/* train_step.c - the loss of a batch, and its gradient.
 *
 * The rows of a batch know nothing of each other on the way forward and back; only the
 * weights' gradients add over them.  So a step is two sweeps with one barrier between:
 *
 *     pieces of rows      forward, loss, and the gradients with respect to every unit
 *     pieces of outputs   dW = delta^T in, db = sum of delta, over all rows
 *
 * With s = exp(logvar / 2), z = mu + T s eps and KL = sum (mu^2 + s^2 - 1 - logvar) / 2:
 *
 *     d/d mu = dz + mu,    d/d logvar = (dz (z - mu) + s^2 - 1) / 2
 */
#include "model/train.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "model/elementwise.h"

enum { ALIGNMENT = 64 };

size_t lk_model_layers(const lk_model *model, lk_layer *layer[])
{
    const lk_mlp *const part[] = {&model->encoder, &model->mu, &model->logvar,
                                  &model->decoder};
    size_t n = 0;

    for (size_t p = 0; p < sizeof part / sizeof part[0]; p++) {
        for (size_t l = 0; l < part[p]->layers; l++) layer[n++] = &part[p]->layer[l];
    }
    return n;
}

static lk_status mlp_init_like(lk_mlp *out, const lk_mlp *mlp, lk_error *err)
{
    size_t width[LK_MLP_LAYERS_MAX + 1];
    lk_activation activation[LK_MLP_LAYERS_MAX];

    if (mlp->layers == 0) return LK_OK;
    width[0] = lk_mlp_inputs(mlp);
    for (size_t l = 0; l < mlp->layers; l++) {
        width[l + 1] = mlp->layer[l].out;
        activation[l] = mlp->layer[l].activation;
    }
    return lk_mlp_init(out, mlp->layers, width, activation, err);
}

lk_status lk_model_init_like(lk_model *out, const lk_model *model, lk_error *err)
{
    lk_model made = {.has_encoder = true};
    lk_status st = LK_OK;

    LK_TRY(mlp_init_like(&made.encoder, &model->encoder, err));
    LK_TRY(mlp_init_like(&made.mu, &model->mu, err));
    LK_TRY(mlp_init_like(&made.logvar, &model->logvar, err));
    LK_TRY(mlp_init_like(&made.decoder, &model->decoder, err));
    *out = made;
    made = (lk_model){0}; /* now the caller's */

out:
    lk_model_release(&made);
    return st;
}

/* Takes [batch][width] floats from the arena, or counts them where there is none yet. */
static float *take(const lk_train_step *step, size_t width, size_t *used)
{
    const size_t line = ALIGNMENT / sizeof(float);
    float *const taken = step->arena == NULL ? NULL : step->arena + *used;

    *used += (step->batch * width + line - 1) / line * line;
    return taken;
}

/* Lays out every array; returns the floats that takes. */
static size_t lay_out(lk_train_step *step)
{
    const lk_train_node *before = NULL;
    size_t used = 0;

    step->z = take(step, step->latent, &used);
    step->spread = take(step, step->latent, &used);
    step->delta_z = take(step, step->latent, &used);
    for (size_t l = 0; l < step->nodes; l++) {
        lk_train_node *node = &step->node[l];
        const size_t out = node->layer->out;

        if (l == step->encoders + 2) {
            node->in = step->z;
        } else if (before != NULL) {
            node->in = before->out;
        }
        node->out = take(step, out, &used);
        node->delta = take(step, out, &used);
        if (lk_slope_needs_input(node->layer->activation)) {
            node->pre = take(step, out, &used);
        }
        /* mu and logvar both read what the encoder left */
        if (l < step->encoders || l >= step->encoders + 2) before = node;
    }
    return used;
}

lk_status lk_train_step_init(lk_train_step *out, const lk_model *model, size_t batch,
                             lk_error *err)
{
    lk_train_step step = {.batch = batch};
    lk_layer *layer[LK_TRAIN_LAYERS_MAX], *gradient[LK_TRAIN_LAYERS_MAX];
    lk_status st = LK_OK;

    LK_TRY(lk_model_init_like(&step.gradient, model, err));
    step.latent = lk_mlp_inputs(&model->decoder);
    step.pixels = lk_mlp_outputs(&model->decoder);
    step.encoders = model->encoder.layers;
    step.nodes = lk_model_layers(model, layer);
    lk_model_layers(&step.gradient, gradient);
    for (size_t l = 0; l < step.nodes; l++) {
        step.node[l].layer = layer[l];
        step.node[l].gradient = gradient[l];
    }
    step.arena = aligned_alloc(ALIGNMENT, lay_out(&step) * sizeof *step.arena);
    if (step.arena == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for a batch of %zu images", batch);
        goto out;
    }
    lay_out(&step);
    *out = step;
    step = (lk_train_step){0}; /* now the caller's */

out:
    lk_train_step_release(&step);
    return st;
}

void lk_train_step_release(lk_train_step *step)
{
    lk_model_release(&step->gradient);
    free(step->arena);
    *step = (lk_train_step){0};
}

/* Rows [first, first + count) of a batch, and what they are made from. */
typedef struct {
    const float *x, *eps;
    size_t first, count;
    float temperature;
} piece;

static const float *node_input(const lk_train_node *node, const float *x)
{
    return node->in == NULL ? x : node->in;
}

/* out = in W^T, without bias and activation. */
static void multiply(const lk_train_node *node, const piece *p)
{
    const size_t in = node->layer->in, out = node->layer->out;

    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)p->count, (int)out,
                (int)in, 1.0f, node_input(node, p->x) + p->first * in, (int)in,
                node->layer->weight, (int)in, 0.0f, node->out + p->first * out,
                (int)out);
}

static void forward(const lk_train_node *node, const piece *p)
{
    const size_t out = node->layer->out;

    multiply(node, p);
    for (size_t r = p->first; r < p->first + p->count; r++) {
        lk_row_activate(node->layer->activation, out, node->layer->bias,
                        node->pre == NULL ? NULL : node->pre + r * out,
                        node->out + r * out);
    }
}

/* delta_in = keep delta_in + delta W. */
static void backward(const lk_train_node *node, const piece *p, float keep,
                     float *delta_in)
{
    const size_t in = node->layer->in, out = node->layer->out;

    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)p->count, (int)in,
                (int)out, 1.0f, node->delta + p->first * out, (int)out,
                node->layer->weight, (int)in, keep, delta_in + p->first * in, (int)in);
}

static void slope(const lk_train_node *node, const piece *p)
{
    const size_t out = node->layer->out;

    for (size_t r = p->first; r < p->first + p->count; r++) {
        lk_row_slope(node->layer->activation, out,
                     node->pre == NULL ? NULL : node->pre + r * out,
                     node->out + r * out, node->delta + r * out);
    }
}

/* z = mu + T exp(logvar / 2) eps; returns the KL divergence from the prior. */
static double draw(const lk_train_step *step, const piece *p)
{
    const float *mu = step->node[step->encoders].out;
    const float *logvar = step->node[step->encoders + 1].out;
    const size_t end = (p->first + p->count) * step->latent;
    double divergence = 0.0;

    for (size_t i = p->first * step->latent; i < end; i++) {
        const float s = lk_exp_float(0.5f * logvar[i]);

        step->spread[i] = p->temperature * s * p->eps[i];
        step->z[i] = mu[i] + step->spread[i];
        divergence += 0.5 * (double)(mu[i] * mu[i] + s * s - 1.0f - logvar[i]);
    }
    return divergence;
}

static void draw_backward(const lk_train_step *step, const piece *p)
{
    const lk_train_node *mu = &step->node[step->encoders], *logvar = mu + 1;
    const size_t end = (p->first + p->count) * step->latent;

    for (size_t i = p->first * step->latent; i < end; i++) {
        const float s = lk_exp_float(0.5f * logvar->out[i]);

        mu->delta[i] = step->delta_z[i] + mu->out[i];
        logvar->delta[i] = 0.5f * (step->delta_z[i] * step->spread[i] + s * s - 1.0f);
    }
}

/* The last layer's logits, to the cross-entropy and its gradient in one go. */
static double cross_entropy(const lk_train_step *step, const piece *p)
{
    const lk_train_node *last = &step->node[step->nodes - 1];
    double loss = 0.0;

    for (size_t r = p->first; r < p->first + p->count; r++) {
        const size_t at = r * step->pixels;

        loss += (double)lk_row_cross_entropy(step->pixels, p->x + at, last->out + at,
                                             last->layer->bias, last->delta + at);
    }
    return loss;
}

static double forward_and_back(const lk_train_step *step, const piece *p)
{
    const size_t mu = step->encoders, decoder = mu + 2, last = step->nodes - 1;
    const lk_train_node *node = step->node;
    double loss;

    if (p->count == 0) return 0.0;
    for (size_t l = 0; l < decoder; l++) forward(&node[l], p);
    loss = draw(step, p);
    for (size_t l = decoder; l < last; l++) forward(&node[l], p);
    multiply(&node[last], p);
    loss += cross_entropy(step, p);

    for (size_t l = last; l > decoder; l--) {
        backward(&node[l], p, 0.0f, node[l - 1].delta);
        slope(&node[l - 1], p);
    }
    backward(&node[decoder], p, 0.0f, step->delta_z);
    draw_backward(step, p);
    if (mu == 0) return loss; /* nothing to learn below mu and logvar */
    backward(&node[mu], p, 0.0f, node[mu - 1].delta);
    backward(&node[mu + 1], p, 1.0f, node[mu - 1].delta);
    slope(&node[mu - 1], p);
    for (size_t l = mu - 1; l > 0; l--) {
        backward(&node[l], p, 0.0f, node[l - 1].delta);
        slope(&node[l - 1], p);
    }
    return loss;
}

/* Piece p of a layer's outputs: their rows of dW, and their db. */
static void weight_gradient(const lk_train_node *node, const float *x, size_t rows,
                            size_t p)
{
    const size_t in = node->layer->in, out = node->layer->out;
    const size_t first = lk_piece_start(out, p), end = lk_piece_start(out, p + 1);
    float *bias = node->gradient->bias;

    if (first == end) return;
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)(end - first), (int)in,
                (int)rows, 1.0f, node->delta + first, (int)out, node_input(node, x),
                (int)in, 0.0f, node->gradient->weight + first * in, (int)in);
    memset(bias + first, 0, (end - first) * sizeof *bias);
    for (size_t r = 0; r < rows; r++) {
        const float *delta = node->delta + r * out;

#pragma omp simd
        for (size_t o = first; o < end; o++) bias[o] += delta[o];
    }
}

double lk_train_step_run(lk_train_step *step, const float *x, const float *eps,
                         size_t rows, double temperature, size_t threads)
{
    double loss[LK_TRAIN_PIECES], sum = 0.0;

#pragma omp parallel num_threads((int)threads)
    {
#pragma omp for schedule(static, 1)
        for (size_t p = 0; p < LK_TRAIN_PIECES; p++) {
            const size_t first = lk_piece_start(rows, p);
            const size_t end = lk_piece_start(rows, p + 1);
            const piece of = {x, eps, first, end - first, (float)temperature};

            loss[p] = forward_and_back(step, &of);
        }
#pragma omp for schedule(static, 1)
        for (size_t p = 0; p < LK_TRAIN_PIECES; p++) {
            for (size_t l = 0; l < step->nodes; l++) {
                weight_gradient(&step->node[l], x, rows, p);
            }
        }
    }
    for (size_t p = 0; p < LK_TRAIN_PIECES; p++) sum += loss[p];
    return sum;
}
