/* model.c - the generator: its end, and its posterior. */
#include "largek/model.h"

#include <stdlib.h>

#include "model/mlp.h"

void lk_model_release(lk_model *model)
{
    lk_mlp_release(&model->decoder);
    lk_mlp_release(&model->encoder);
    lk_mlp_release(&model->mu);
    lk_mlp_release(&model->logvar);
    model->has_encoder = false;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

lk_status lk_model_encode(const lk_model *model, const float *x, float *mu,
                          float *sigma, lk_error *err)
{
    const lk_mlp *encoder = &model->encoder;
    const size_t hidden = lk_mlp_inputs(&model->mu);
    const size_t latent = lk_mlp_outputs(&model->mu);
    const size_t widest = larger(lk_mlp_widest(encoder), hidden);
    double *scratch = NULL;
    lk_status st = LK_OK;

    if (!model->has_encoder) {
        st = LK_FAIL(err, LK_E_ARG, "the model has no encoder");
        goto out;
    }
    scratch = calloc(3 * widest + 2 * latent, sizeof *scratch);
    if (scratch == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room to encode an image");
        goto out;
    }
    double *const h = scratch + 2 * widest, *const mean = h + widest;
    double *const logvar = mean + latent;

    if (encoder->layers > 0) {
        lk_mlp_forward(encoder, x, h, scratch);
    } else {
        for (size_t i = 0; i < hidden; i++) h[i] = (double)x[i];
    }
    lk_layer_forward(&model->mu.layer[0], h, mean);
    lk_layer_forward(&model->logvar.layer[0], h, logvar);
    for (size_t i = 0; i < latent; i++) {
        const double deviation = lk_exp(0.5 * logvar[i]);

        if (isfinite((float)mean[i]) && isfinite((float)deviation)) continue;
        st = LK_FAIL(err, LK_E_NUMERIC,
                     "the posterior is not finite: mu[%zu] = %g, logvar[%zu] = %g", i,
                     mean[i], i, logvar[i]);
        goto out;
    }
    for (size_t i = 0; i < latent; i++) {
        mu[i] = (float)mean[i];
        sigma[i] = (float)lk_exp(0.5 * logvar[i]);
    }

out:
    free(scratch);
    return st;
}
