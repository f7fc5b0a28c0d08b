/* train.c - training the VAE of the reconstruction task. */
#include "largek/train.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/train.h"

lk_train_options lk_train_defaults(void)
{
    return (lk_train_options){
        .hidden_layers = 1,
        .hidden = {400},
        .latent = 20,
        .activation = LK_RELU,
        .epochs = 1000,
        .batch = 128,
        .learning_rate = 1e-3,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .epsilon = 1e-8,
        .temperature = 1.1,
        .seed = 1,
        .threads = 1,
    };
}

/* What is wrong with the options, or NULL.  Comparisons are written to fail for NaN. */
static const char *complaint(const lk_train_options *o)
{
    const size_t widths = sizeof o->hidden / sizeof o->hidden[0];

    if (o->hidden_layers > widths) return "more than 8 hidden layers";
    for (size_t l = 0; l < o->hidden_layers; l++) {
        if (o->hidden[l] == 0) return "a hidden layer of no units";
    }
    if (o->latent == 0) return "a latent vector of no units";
    if ((size_t)o->activation >= LK_ACTIVATIONS) return "no such activation";
    if (o->epochs == 0) return "no epochs";
    if (o->batch == 0) return "a batch of no images";
    if (!(o->learning_rate > 0.0 && o->learning_rate < HUGE_VAL)) {
        return "the learning rate must be positive";
    }
    if (!(o->beta1 >= 0.0 && o->beta1 < 1.0 && o->beta2 >= 0.0 && o->beta2 < 1.0)) {
        return "beta1 and beta2 must be in [0, 1)";
    }
    if (!(o->epsilon > 0.0 && o->epsilon < HUGE_VAL)) return "epsilon must be positive";
    if (!(o->temperature >= 0.0 && o->temperature < HUGE_VAL)) {
        return "the temperature must not be negative";
    }
    if (o->threads == 0) return "no threads";
    return NULL;
}

static size_t batch_of(const lk_train_options *o, size_t count)
{
    return o->batch < count ? o->batch : count;
}

static size_t widest_of(const lk_train_options *o, size_t pixels)
{
    size_t widest = pixels > o->latent ? pixels : o->latent;

    for (size_t l = 0; l < o->hidden_layers; l++) {
        if (o->hidden[l] > widest) widest = o->hidden[l];
    }
    return widest;
}

static lk_status check(const float *images, size_t count, size_t pixels,
                       const lk_train_options *options, lk_error *err)
{
    const char *wrong = complaint(options);

    if (wrong != NULL) return LK_FAIL(err, LK_E_ARG, "training: %s", wrong);
    if (count == 0 || pixels == 0 || count > UINT32_MAX) {
        return LK_FAIL(err, LK_E_ARG, "training: %zu images of %zu pixels", count,
                       pixels);
    }
    const size_t batch = batch_of(options, count), widest = widest_of(options, pixels);
    if (widest > INT_MAX / batch) { /* BLAS counts in int */
        return LK_FAIL(err, LK_E_ARG,
                       "training: a batch of %zu by a layer of %zu units", batch,
                       widest);
    }
    for (size_t i = 0; i < count * pixels; i++) {
        if (images[i] >= 0.0f && images[i] <= 1.0f) continue;
        return LK_FAIL(err, LK_E_ARG,
                       "training: image %zu, pixel %zu is %g, outside [0,1]",
                       i / pixels, i % pixels, (double)images[i]);
    }
    return LK_OK;
}

/* Encoder and decoder are mirror images. */
static lk_status build(size_t pixels, const lk_train_options *o, lk_model *out,
                       lk_error *err)
{
    enum { WIDTHS = sizeof o->hidden / sizeof o->hidden[0] };
    const size_t n = o->hidden_layers;
    const lk_activation identity = LK_IDENTITY;
    size_t down[WIDTHS + 1] = {pixels}, up[WIDTHS + 2] = {o->latent};
    lk_activation activation[WIDTHS + 1];
    lk_model model = {.has_encoder = true};
    lk_status st = LK_OK;

    for (size_t l = 0; l < n; l++) {
        down[l + 1] = o->hidden[l];
        up[l + 1] = o->hidden[n - 1 - l];
        activation[l] = o->activation;
    }
    up[n + 1] = pixels;
    const size_t head[] = {down[n], o->latent};

    if (n > 0) LK_TRY(lk_mlp_init(&model.encoder, n, down, activation, err));
    LK_TRY(lk_mlp_init(&model.mu, 1, head, &identity, err));
    LK_TRY(lk_mlp_init(&model.logvar, 1, head, &identity, err));
    activation[n] = LK_SIGMOID;
    LK_TRY(lk_mlp_init(&model.decoder, n + 1, up, activation, err));
    *out = model;
    model = (lk_model){0}; /* now the caller's */

out:
    lk_model_release(&model);
    return st;
}

/* A training run; {0} is fine to release. */
typedef struct {
    const float *images;
    size_t count, pixels, batch;
    const lk_train_options *options;
    lk_model model;
    lk_adam adam;
    lk_train_step step;
    size_t *order; /* [count]          */
    float *x;      /* [batch][pixels]  */
    float *eps;    /* [batch][latent]  */
} training;

static void training_release(training *t)
{
    lk_model_release(&t->model);
    lk_adam_release(&t->adam);
    lk_train_step_release(&t->step);
    free(t->order);
    free(t->x);
    free(t->eps);
}

static lk_status training_init(training *t, lk_error *err)
{
    lk_status st = LK_OK;

    LK_TRY(build(t->pixels, t->options, &t->model, err));
    lk_train_weights(t->options->seed, &t->model);
    LK_TRY(lk_adam_init(&t->adam, &t->model, err));
    LK_TRY(lk_train_step_init(&t->step, &t->model, t->batch, err));
    t->order = calloc(t->count, sizeof *t->order);
    t->x = calloc(t->batch * t->pixels, sizeof *t->x);
    t->eps = calloc(t->batch * t->options->latent, sizeof *t->eps);
    if (t->order == NULL || t->x == NULL || t->eps == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for a batch of %zu images", t->batch);
    }

out:
    return st;
}

static void fill_batch(training *t, size_t epoch, size_t first, size_t rows)
{
    const size_t latent = t->options->latent;

#pragma omp parallel for num_threads((int)t->options->threads)
    for (size_t r = 0; r < rows; r++) {
        const size_t image = t->order[first + r];

        memcpy(t->x + r * t->pixels, t->images + image * t->pixels,
               t->pixels * sizeof *t->x);
        lk_train_noise(t->options->seed, epoch, image, latent, t->eps + r * latent);
    }
}

/* One pass over the images; returns the loss per image.  The last batch is what is left,
 * and counts by its images: gradients are sums over a batch, not means. */
static double run_epoch(training *t, size_t epoch)
{
    const lk_train_options *o = t->options;
    double loss = 0.0;

    lk_train_order(o->seed, epoch, t->count, t->order);
    for (size_t first = 0; first < t->count; first += t->batch) {
        const size_t left = t->count - first;
        const size_t rows = left < t->batch ? left : t->batch;

        fill_batch(t, epoch, first, rows);
        loss +=
            lk_train_step_run(&t->step, t->x, t->eps, rows, o->temperature, o->threads);
        lk_adam_step(&t->adam, o, &t->step.gradient, &t->model);
    }
    return loss / (double)t->count;
}

static lk_status run_epochs(training *t, double *final_loss, lk_error *err)
{
    const lk_train_options *o = t->options;
    double loss = 0.0;

    for (size_t epoch = 0; epoch < o->epochs; epoch++) {
        loss = run_epoch(t, epoch);
        if (!isfinite(loss)) {
            return LK_FAIL(err, LK_E_NUMERIC, "epoch %zu: the loss is %g", epoch + 1,
                           loss);
        }
        if (o->on_epoch == NULL) continue;
        if (o->on_epoch(o->context, epoch + 1, loss) != 0) {
            return LK_FAIL(err, LK_E_STOPPED, "training stopped after epoch %zu of %zu",
                           epoch + 1, o->epochs);
        }
    }
    *final_loss = loss;
    return LK_OK;
}

/* The last step may have been the one too large, and no loss was taken after it. */
static lk_status check_weights(const lk_model *model, lk_error *err)
{
    lk_layer *layer[LK_TRAIN_LAYERS_MAX];
    const size_t layers = lk_model_layers(model, layer);

    for (size_t l = 0; l < layers; l++) {
        bool finite = true;

        for (size_t i = 0; i < layer[l]->out * layer[l]->in; i++)
            finite = finite && isfinite(layer[l]->weight[i]);
        for (size_t o = 0; o < layer[l]->out; o++)
            finite = finite && isfinite(layer[l]->bias[o]);
        if (!finite) {
            return LK_FAIL(err, LK_E_NUMERIC, "the last step left weights not finite");
        }
    }
    return LK_OK;
}

lk_status lk_train_vae(const float *images, size_t count, size_t pixels,
                       const lk_train_options *options, lk_model *out,
                       double *final_loss, lk_error *err)
{
    training t = {.images = images, .count = count, .pixels = pixels};
    lk_train_options own;
    double loss = 0.0;
    lk_status st = LK_OK;

    LK_TRY(check(images, count, pixels, options, err));
    own = *options;
    if (own.threads > LK_TRAIN_PIECES) own.threads = LK_TRAIN_PIECES;
    t.options = &own;
    t.batch = batch_of(&own, count);

    /* The pieces are ours to hand out: BLAS must not start threads of its own within them,
     * nor cut a product by how many there are.  This is state of the process, and left so,
     * for another training may be running beside this one. */
    openblas_set_num_threads(1);
    LK_TRY(training_init(&t, err));
    LK_TRY(run_epochs(&t, &loss, err));
    LK_TRY(check_weights(&t.model, err));
    *out = t.model;
    t.model = (lk_model){0}; /* now the caller's */
    if (final_loss != NULL) *final_loss = loss;

out:
    training_release(&t);
    return st;
}
