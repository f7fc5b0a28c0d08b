/* mlp.c - multilayer perceptrons: shapes, and what their weights mean. */
#include "largek/mlp.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "model/mlp.h"

lk_status lk_mlp_init(lk_mlp *mlp, size_t layers, const size_t width[],
                      const lk_activation activation[], lk_error *err)
{
    lk_mlp made = {0};
    lk_status st = LK_OK;

    if (layers == 0 || layers > LK_MLP_LAYERS_MAX) {
        st = LK_FAIL(err, LK_E_ARG, "%zu layers, expected 1 to %d", layers,
                     (int)LK_MLP_LAYERS_MAX);
        goto out;
    }
    for (size_t l = 0; l <= layers; l++) {
        if (width[l] > 0) continue;
        st = LK_FAIL(err, LK_E_ARG, "width %zu of a network is 0", l);
        goto out;
    }
    made.layer = calloc(layers, sizeof *made.layer);
    if (made.layer == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu layers", layers);
        goto out;
    }
    made.layers = layers;
    for (size_t l = 0; l < layers; l++) {
        lk_layer *layer = &made.layer[l];

        layer->in = width[l];
        layer->out = width[l + 1];
        layer->activation = activation[l];
        if (layer->in <= SIZE_MAX / sizeof *layer->weight / layer->out) {
            layer->weight = calloc(layer->out * layer->in, sizeof *layer->weight);
            layer->bias = calloc(layer->out, sizeof *layer->bias);
        }
        if (layer->weight == NULL || layer->bias == NULL) {
            st = LK_FAIL(err, LK_E_MEMORY, "no room for a layer of %zu x %zu",
                         layer->out, layer->in);
            goto out;
        }
    }
    *mlp = made;
    made = (lk_mlp){0}; /* now the caller's */

out:
    lk_mlp_release(&made);
    return st;
}

void lk_mlp_release(lk_mlp *mlp)
{
    for (size_t l = 0; l < mlp->layers; l++) {
        free(mlp->layer[l].weight);
        free(mlp->layer[l].bias);
    }
    free(mlp->layer);
    *mlp = (lk_mlp){0};
}

size_t lk_mlp_inputs(const lk_mlp *mlp)
{
    return mlp->layers > 0 ? mlp->layer[0].in : 0;
}

size_t lk_mlp_outputs(const lk_mlp *mlp)
{
    return mlp->layers > 0 ? mlp->layer[mlp->layers - 1].out : 0;
}

size_t lk_mlp_widest(const lk_mlp *mlp)
{
    size_t widest = lk_mlp_inputs(mlp);

    for (size_t l = 0; l < mlp->layers; l++) {
        if (mlp->layer[l].out > widest) widest = mlp->layer[l].out;
    }
    return widest;
}

size_t lk_mlp_parameters(const lk_mlp *mlp)
{
    size_t sum = 0;

    for (size_t l = 0; l < mlp->layers; l++) {
        sum += mlp->layer[l].out * (mlp->layer[l].in + 1);
    }
    return sum;
}

void lk_layer_forward(const lk_layer *layer, const double *from, double *to)
{
    for (size_t o = 0; o < layer->out; o++) {
        const float *w = layer->weight + o * layer->in;
        double sum = (double)layer->bias[o];

        for (size_t i = 0; i < layer->in; i++) sum = fma((double)w[i], from[i], sum);
        to[o] = lk_activate(layer->activation, sum);
    }
}

void lk_mlp_forward(const lk_mlp *mlp, const float *x, double *y, double *scratch)
{
    double *from = scratch, *to = scratch + lk_mlp_widest(mlp);

    for (size_t i = 0; i < lk_mlp_inputs(mlp); i++) from[i] = (double)x[i];
    for (size_t l = 0; l < mlp->layers; l++) {
        double *const h = l + 1 == mlp->layers ? y : to;

        lk_layer_forward(&mlp->layer[l], from, h);
        to = from;
        from = h;
    }
}

/* Appends to a text that may already have been cut. */
static void append(char *out, size_t bytes, size_t *used, const char *before,
                   const char *text)
{
    if (*used >= bytes) return;
    const int n = snprintf(out + *used, bytes - *used, "%s%s", before, text);
    *used += n > 0 ? (size_t)n : 0;
}

void lk_mlp_describe(const lk_mlp *mlp, char *out, size_t bytes)
{
    char number[24];
    size_t used = 0;

    if (bytes > 0) out[0] = '\0';
    for (size_t l = 0; l <= mlp->layers && mlp->layers > 0; l++) {
        snprintf(number, sizeof number, "%zu",
                 l == 0 ? mlp->layer[0].in : mlp->layer[l - 1].out);
        append(out, bytes, &used, l == 0 ? "" : "-", number);
    }
    for (size_t l = 0; l < mlp->layers; l++) {
        append(out, bytes, &used, l == 0 ? " " : ",",
               lk_activation_name(mlp->layer[l].activation));
    }
}

lk_status lk_mlp_digest(const lk_mlp *mlp, char out[33], lk_error *err)
{
    lk_digest digest = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_digest_start(&digest, err));
    lk_digest_add_u64(&digest, mlp->layers);
    for (size_t l = 0; l < mlp->layers; l++) {
        const lk_layer *layer = &mlp->layer[l];

        lk_digest_add_u64(&digest, layer->in);
        lk_digest_add_u64(&digest, layer->out);
        lk_digest_add_u64(&digest, (uint64_t)layer->activation);
        lk_digest_add(&digest, layer->weight,
                      layer->out * layer->in * sizeof *layer->weight);
        lk_digest_add(&digest, layer->bias, layer->out * sizeof *layer->bias);
    }
    lk_digest_finish(&digest, out);

out:
    lk_digest_abandon(&digest);
    return st;
}
