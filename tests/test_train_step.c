/* test_train_step.c - the parts of training: gradients against differences, Adam against
 * its paper, draws against the stream. */
#include <math.h>
#include <string.h>

#include "largek/stream.h"
#include "model/elementwise.h"
#include "model/train.h"
#include "support/check.h"

enum { PIXELS = 7, LATENT = 3, BATCH = 6, PARAMETERS_MAX = 400 };

static const double temperature = 1.1;

/* Uniform in [0, 1), another for each i. */
static float uniform(uint64_t i)
{
    return (float)(lk_words(99, LK_PURPOSE_AUDIT, i, 0).w[0] >> 8) * 0x1p-24f;
}

static lk_model make_model(size_t hidden_layers, lk_activation activation)
{
    const size_t down[] = {PIXELS, 5, 4}, up[] = {LATENT, 4, 5, PIXELS};
    const size_t head[] = {down[hidden_layers], LATENT};
    const lk_activation all[] = {activation, activation, LK_SIGMOID};
    const lk_activation identity = LK_IDENTITY;
    lk_model model = {.has_encoder = true};
    size_t mirrored[4] = {LATENT};

    for (size_t l = 0; l <= hidden_layers; l++) {
        mirrored[l + 1] = up[3 - hidden_layers + l];
    }
    if (hidden_layers > 0) {
        assert_int_equal(lk_mlp_init(&model.encoder, hidden_layers, down, all, NULL),
                         0);
    }
    assert_int_equal(lk_mlp_init(&model.mu, 1, head, &identity, NULL), LK_OK);
    assert_int_equal(lk_mlp_init(&model.logvar, 1, head, &identity, NULL), LK_OK);
    assert_int_equal(lk_mlp_init(&model.decoder, hidden_layers + 1, mirrored,
                                 all + 2 - hidden_layers, NULL),
                     LK_OK);
    lk_train_weights(5, &model);
    return model;
}

/* Every weight and bias of a model, in the order of lk_model_layers. */
static size_t parameters(const lk_model *model, double out[PARAMETERS_MAX])
{
    lk_layer *layer[LK_TRAIN_LAYERS_MAX];
    const size_t layers = lk_model_layers(model, layer);
    size_t n = 0;

    for (size_t l = 0; l < layers; l++) {
        const size_t weights = layer[l]->out * layer[l]->in;

        assert_true(n + weights + layer[l]->out <= PARAMETERS_MAX);
        for (size_t i = 0; i < weights; i++) out[n++] = (double)layer[l]->weight[i];
        for (size_t i = 0; i < layer[l]->out; i++) out[n++] = (double)layer[l]->bias[i];
    }
    return n;
}

/* One layer by its definition, on parameters at *p; moves *p on. */
static void layer_forward(const lk_layer *layer, lk_activation activation,
                          const double **p, const double *from, double *to)
{
    const double *weight = *p, *bias = weight + layer->out * layer->in;

    for (size_t o = 0; o < layer->out; o++) {
        to[o] = bias[o];
        for (size_t i = 0; i < layer->in; i++)
            to[o] += weight[o * layer->in + i] * from[i];
        to[o] = lk_activate(activation, to[o]);
    }
    *p = bias + layer->out;
}

/* The loss of one image in double, as largek/train.h states it: cross-entropy from the
 * sigmoid itself, and the textbook KL divergence. */
static double loss_of_image(const lk_model *model, const double *p, const float *x,
                            const float *eps)
{
    double a[16], b[16], mu[LATENT], logvar[LATENT], *from = a, *to = b;
    double loss = 0.0;

    for (size_t i = 0; i < PIXELS; i++) from[i] = (double)x[i];
    for (size_t l = 0; l < model->encoder.layers; l++) {
        const lk_layer *layer = &model->encoder.layer[l];
        double *const kept = from;

        layer_forward(layer, layer->activation, &p, from, to);
        from = to;
        to = kept;
    }
    layer_forward(&model->mu.layer[0], LK_IDENTITY, &p, from, mu);
    layer_forward(&model->logvar.layer[0], LK_IDENTITY, &p, from, logvar);
    for (size_t i = 0; i < LATENT; i++) {
        loss -= 0.5 * (1.0 + logvar[i] - mu[i] * mu[i] - exp(logvar[i]));
        from[i] = mu[i] + temperature * exp(0.5 * logvar[i]) * (double)eps[i];
    }
    for (size_t l = 0; l < model->decoder.layers; l++) {
        const lk_layer *layer = &model->decoder.layer[l];
        double *const kept = from;

        layer_forward(layer, layer->activation, &p, from, to);
        from = to;
        to = kept;
    }
    for (size_t i = 0; i < PIXELS; i++) {
        const double target = (double)x[i];

        loss -= target * log(from[i]) + (1.0 - target) * log(1.0 - from[i]);
    }
    return loss;
}

static double loss_of_batch(const lk_model *model, const double *p, const float *x,
                            const float *eps, size_t rows)
{
    double loss = 0.0;

    for (size_t r = 0; r < rows; r++) {
        loss += loss_of_image(model, p, x + r * PIXELS, eps + r * LATENT);
    }
    return loss;
}

static void fill_batch(float x[BATCH * PIXELS], float eps[BATCH * LATENT])
{
    for (size_t i = 0; i < BATCH * PIXELS; i++) x[i] = uniform(i);
    for (size_t r = 0; r < BATCH; r++)
        lk_train_noise(3, 0, r, LATENT, eps + r * LATENT);
}

/* Central differences in double with steps of 1e-5 are within 1e-8 of the derivative here;
 * the gradient itself is made of a few dozen float sums and products, of rounding
 * 6e-8 each: 3e-6 of the largest entry is room for their random walk. */
static void check_gradient(size_t hidden_layers, lk_activation activation, size_t rows)
{
    const double h = 1e-5;
    lk_model model = make_model(hidden_layers, activation);
    lk_train_step step = {0};
    float x[BATCH * PIXELS], eps[BATCH * LATENT];
    double p[PARAMETERS_MAX], got[PARAMETERS_MAX], largest = 0.0;
    const size_t n = parameters(&model, p);

    fill_batch(x, eps);
    assert_int_equal(lk_train_step_init(&step, &model, BATCH, NULL), LK_OK);
    const double loss = lk_train_step_run(&step, x, eps, rows, temperature, 1);
    check_rel(loss, loss_of_batch(&model, p, x, eps, rows), 1e-6);
    assert_int_equal(parameters(&step.gradient, got), n);
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(got[i]));

    for (size_t i = 0; i < n; i++) {
        const double kept = p[i];

        p[i] = kept + h;
        const double above = loss_of_batch(&model, p, x, eps, rows);
        p[i] = kept - h;
        const double below = loss_of_batch(&model, p, x, eps, rows);
        p[i] = kept;
        const double want = (above - below) / (2.0 * h);
        if (fabs(got[i] - want) <= 3e-6 * largest) continue;
        fail_msg("%s, %zu hidden: parameter %zu: %.9g, by differences %.9g",
                 lk_activation_name(activation), hidden_layers, i, got[i], want);
    }
    lk_train_step_release(&step);
    lk_train_step_release(&step); /* twice is fine */
    lk_model_release(&model);
}

static void gradient_agrees_with_differences_for_every_activation(void **state)
{
    (void)state;
    for (int a = 0; a < LK_ACTIVATIONS; a++) {
        for (size_t hidden = 0; hidden <= 2; hidden++) {
            check_gradient(hidden, (lk_activation)a, BATCH);
        }
    }
}

/* Fewer rows than pieces, and fewer than the step has room for. */
static void gradient_is_of_the_rows_there_are(void **state)
{
    (void)state;
    for (size_t rows = 1; rows < BATCH; rows++) check_gradient(1, LK_TANH, rows);
}

/* Within a few of float's roundings (6e-8 each) of the functions in double, relative or,
 * where a difference cancels, of 1. */
static void row_functions_are_right_to_float(void **state)
{
    const float none = 0.0f;
    (void)state;

    for (int i = -3000; i <= 3000; i++) {
        const float v = (float)i * 0.01f;
        const double wide = (double)v;
        float delta, target = uniform((uint64_t)(i + 3000));

        check_rel((double)lk_exp_float(v), exp(wide), 3e-7);
        for (int a = 0; a < LK_ACTIVATIONS; a++) {
            float y = v;
            const double want = lk_activate((lk_activation)a, wide);

            lk_row_activate((lk_activation)a, 1, &none, NULL, &y);
            assert_true(fabs((double)y - want) <= 5e-7 * fmax(fabs(want), 0.1));
        }
        const double loss = (double)lk_row_cross_entropy(1, &target, &v, &none, &delta);
        const double want =
            fmax(wide, 0.0) - wide * (double)target + log1p(exp(-fabs(wide)));
        assert_true(fabs(loss - want) <= 3e-7 * fmax(fabs(wide), 1.0));
        assert_true(fabs((double)delta - (lk_sigmoid(wide) - (double)target)) <= 3e-7);
    }
}

/* Where sigmoid(v) is 0 or 1 in float, a logarithm of it would be infinite. */
static void cross_entropy_survives_saturated_outputs(void **state)
{
    const float none = 0.0f, one = 1.0f, high = 200.0f, low = -200.0f;
    float delta;
    (void)state;

    assert_true(lk_row_cross_entropy(1, &none, &high, &none, &delta) == 200.0f);
    assert_true(delta == 1.0f);
    assert_true(lk_row_cross_entropy(1, &one, &low, &none, &delta) == 200.0f);
    assert_true(delta == -1.0f);
    assert_true(lk_row_cross_entropy(1, &one, &high, &none, &delta) < 1e-30f);
    assert_true(isnan(lk_exp_float(NAN)));
}

/* Kingma and Ba's algorithm 1 by hand, in double: float rounds it by 6e-8 of a weight. */
static void adam_takes_the_steps_of_the_paper(void **state)
{
    const double b1 = 0.9, b2 = 0.999, rate = 0.01, epsilon = 1e-8;
    lk_train_options options = lk_train_defaults();
    lk_model model = make_model(1, LK_RELU), gradient = {0};
    lk_adam adam = {0};
    double w[PARAMETERS_MAX], got[PARAMETERS_MAX];
    double m[PARAMETERS_MAX] = {0}, v[PARAMETERS_MAX] = {0};
    const size_t n = parameters(&model, w);
    (void)state;

    options.learning_rate = rate;
    assert_int_equal(lk_adam_init(&adam, &model, NULL), LK_OK);
    assert_int_equal(lk_model_init_like(&gradient, &model, NULL), LK_OK);
    for (int t = 1; t <= 3; t++) {
        double g[PARAMETERS_MAX];

        lk_train_weights((uint64_t)t, &gradient); /* any numbers */
        gradient.mu.layer[0].bias[0] = 0.0f;
        parameters(&gradient, g);
        options.threads = (size_t)t;
        lk_adam_step(&adam, &options, &gradient, &model);
        parameters(&model, got);
        for (size_t i = 0; i < n; i++) {
            m[i] = b1 * m[i] + (1.0 - b1) * g[i];
            v[i] = b2 * v[i] + (1.0 - b2) * g[i] * g[i];
            w[i] -= rate * (m[i] / (1.0 - pow(b1, t))) /
                    (sqrt(v[i] / (1.0 - pow(b2, t))) + epsilon);
            assert_true(fabs(got[i] - w[i]) <= 3e-7);
        }
    }
    assert_int_equal(adam.steps, 3);
    lk_adam_release(&adam);
    lk_model_release(&gradient);
    lk_model_release(&model);
}

/* A dead unit's moments end at 0, not among the subnormals. */
static void adam_forgets_what_is_too_small(void **state)
{
    lk_train_options options = lk_train_defaults();
    lk_model model = make_model(0, LK_RELU), gradient = {0};
    lk_adam adam = {0};
    (void)state;

    assert_int_equal(lk_adam_init(&adam, &model, NULL), LK_OK);
    assert_int_equal(lk_model_init_like(&gradient, &model, NULL), LK_OK);
    gradient.mu.layer[0].weight[0] = 1e-18f;
    lk_adam_step(&adam, &options, &gradient, &model);
    assert_true(adam.first.mu.layer[0].weight[0] > 0.0f);
    gradient.mu.layer[0].weight[0] = 0.0f;
    for (int t = 0; t < 500; t++) lk_adam_step(&adam, &options, &gradient, &model);
    assert_true(adam.first.mu.layer[0].weight[0] == 0.0f);
    lk_adam_release(&adam);
    lk_model_release(&gradient);
    lk_model_release(&model);
}

static void initial_weights_are_uniform_within_their_bound(void **state)
{
    const size_t width[] = {100, 400};
    const lk_activation relu = LK_RELU;
    const double n = 40000.0, variance = 0.01 / 3.0; /* of +-1/sqrt(100) */
    double mean = 0.0, square = 0.0;
    lk_model model = {0};
    (void)state;

    assert_int_equal(lk_mlp_init(&model.decoder, 1, width, &relu, NULL), LK_OK);
    lk_train_weights(1, &model);
    for (size_t i = 0; i < 40000; i++) {
        const double w = (double)model.decoder.layer[0].weight[i];

        assert_true(fabs(w) <= 0.1000001);
        mean += w / n;
        square += w * w / n;
    }
    check_mean(mean, 0.0, sqrt(variance / n));
    check_mean(square, variance, variance * sqrt(0.8 / n)); /* Var w^2 = 4/5 of E^2 */
    for (size_t i = 0; i < 400; i++) {
        assert_true(model.decoder.layer[0].bias[i] != 0.0f);
        assert_true(model.decoder.layer[0].bias[i] != model.decoder.layer[0].weight[i]);
    }
    lk_model_release(&model);
}

static void epochs_take_every_image_once_in_an_order_of_their_own(void **state)
{
    enum { COUNT = 400 };
    size_t order[3][COUNT];
    (void)state;

    lk_train_order(1, 0, COUNT, order[0]);
    lk_train_order(1, 1, COUNT, order[1]);
    lk_train_order(2, 0, COUNT, order[2]);
    for (size_t e = 0; e < 3; e++) {
        size_t same = 0, seen[COUNT] = {0};

        for (size_t i = 0; i < COUNT; i++) {
            assert_true(order[e][i] < COUNT);
            assert_int_equal(seen[order[e][i]]++, 0);
            same += order[e][i] == order[(e + 1) % 3][i];
        }
        assert_true(same < 10); /* 1 on average; 10 by chance: 1 time in 1e7 */
    }
}

/* Over many epochs every image is as often in every place, its own among them. */
static void every_order_is_as_likely(void **state)
{
    enum { COUNT = 4, EPOCHS = 20000 };
    double often[COUNT][COUNT] = {{0.0}};
    size_t order[COUNT];
    (void)state;

    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        lk_train_order(1, epoch, COUNT, order);
        for (size_t i = 0; i < COUNT; i++) often[i][order[i]] += 1.0 / EPOCHS;
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < COUNT; j++) {
            check_mean(often[i][j], 0.25, sqrt(0.25 * 0.75 / EPOCHS));
        }
    }
}

/* The noise is the stream's: item the image, blocks the epoch's. */
static void noise_is_where_the_stream_says(void **state)
{
    float eps[6], want[4];
    (void)state;

    lk_train_noise(8, 5, 17, 6, eps);
    lk_normal4(lk_words(8, LK_PURPOSE_TRAINING, 17, 5 * 2), want);
    assert_memory_equal(eps, want, sizeof want);
    lk_normal4(lk_words(8, LK_PURPOSE_TRAINING, 17, 5 * 2 + 1), want);
    assert_memory_equal(eps + 4, want, 2 * sizeof *want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient_agrees_with_differences_for_every_activation),
        cmocka_unit_test(gradient_is_of_the_rows_there_are),
        cmocka_unit_test(row_functions_are_right_to_float),
        cmocka_unit_test(cross_entropy_survives_saturated_outputs),
        cmocka_unit_test(adam_takes_the_steps_of_the_paper),
        cmocka_unit_test(adam_forgets_what_is_too_small),
        cmocka_unit_test(initial_weights_are_uniform_within_their_bound),
        cmocka_unit_test(epochs_take_every_image_once_in_an_order_of_their_own),
        cmocka_unit_test(every_order_is_as_likely),
        cmocka_unit_test(noise_is_where_the_stream_says),
    };
    return cmocka_run_group_tests_name("train_step", tests, NULL, NULL);
}
