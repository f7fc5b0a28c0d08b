/* test_train.c - training as a whole: its bits against threads, its loss, its refusals. */
#include "largek/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "largek/stream.h"
#include "support/check.h"

enum { PIXELS = 7, LATENT = 3, IMAGES = 22 };

/* Uniform in [0, 1), another for each i. */
static float uniform(uint64_t i)
{
    return (float)(lk_words(99, LK_PURPOSE_AUDIT, i, 0).w[0] >> 8) * 0x1p-24f;
}

/* Two kinds of image, and noise: something to learn. */
static void fill_images(float images[IMAGES * PIXELS])
{
    for (size_t i = 0; i < IMAGES * PIXELS; i++) {
        const bool bright = (i % PIXELS < 3) == (i / PIXELS % 2 == 0);

        images[i] = 0.95f * (bright ? 1.0f : 0.0f) + 0.05f * uniform(1000 + i);
    }
}

static lk_train_options small_options(void)
{
    lk_train_options options = lk_train_defaults();

    options.hidden_layers = 2;
    options.hidden[0] = 9;
    options.hidden[1] = 6;
    options.latent = LATENT;
    options.epochs = 40;
    options.batch = 8;
    options.learning_rate = 0.01;
    return options;
}

/* Trains, and puts one digest of all four networks together. */
static double train(const lk_train_options *options, char digest[4 * 32 + 1])
{
    float images[IMAGES * PIXELS];
    lk_model model = {0};
    double loss = 0.0;

    fill_images(images);
    assert_int_equal(lk_train_vae(images, IMAGES, PIXELS, options, &model, &loss, NULL),
                     0);
    const lk_mlp *const part[] = {&model.encoder, &model.mu, &model.logvar,
                                  &model.decoder};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(lk_mlp_digest(part[i], digest + 32 * i, NULL), LK_OK);
    }
    lk_model_release(&model);
    return loss;
}

static void training_is_the_same_for_any_number_of_threads(void **state)
{
    lk_train_options options = small_options();
    char want[129], got[129];
    (void)state;

    for (int a = 0; a < LK_ACTIVATIONS; a++) {
        options.activation = (lk_activation)a;
        options.threads = 1;
        const double loss = train(&options, want);

        for (size_t threads = 1; threads <= 9; threads += threads < 3 ? 1 : 3) {
            options.threads = threads;
            assert_true(train(&options, got) == loss);
            assert_string_equal(got, want);
        }
    }
}

/* The same with products large enough for BLAS to be tempted to cut them by threads. */
static void large_layers_are_the_same_for_any_number_of_threads(void **state)
{
    enum { COUNT = 150, WIDE = 300 };
    float *images = malloc(COUNT * WIDE * sizeof *images);
    lk_train_options options = lk_train_defaults();
    char digest[3][33];
    (void)state;

    assert_non_null(images);
    for (size_t i = 0; i < COUNT * WIDE; i++) images[i] = uniform(i);
    options.hidden[0] = 257;
    options.epochs = 3;
    for (size_t t = 0; t < 3; t++) {
        lk_model model = {0};

        options.threads = t + 1;
        assert_int_equal(
            lk_train_vae(images, COUNT, WIDE, &options, &model, NULL, NULL), LK_OK);
        assert_int_equal(lk_mlp_digest(&model.decoder, digest[t], NULL), LK_OK);
        lk_model_release(&model);
    }
    assert_string_equal(digest[1], digest[0]);
    assert_string_equal(digest[2], digest[0]);
    free(images);
}

static void another_seed_makes_another_model(void **state)
{
    lk_train_options options = small_options();
    char first[129], second[129];
    (void)state;

    options.epochs = 2;
    train(&options, first);
    options.seed++;
    train(&options, second);
    assert_string_not_equal(first, second);
}

typedef struct {
    size_t calls, stop_after;
    double first, last;
} listener;

static int listen(void *context, size_t epoch, double loss)
{
    listener *l = context;

    assert_int_equal(epoch, ++l->calls);
    if (epoch == 1) l->first = loss;
    l->last = loss;
    return l->calls == l->stop_after;
}

/* Pixels that are bright in half of the images cost 7 ln 2 = 4.9 as long as the two kinds
 * of image are not told apart, and about 2 once they are. */
static void the_loss_falls_for_every_activation(void **state)
{
    (void)state;
    for (int a = 0; a < LK_ACTIVATIONS; a++) {
        lk_train_options options = small_options();
        listener l = {0};
        char digest[129];

        options.activation = (lk_activation)a;
        options.hidden_layers = 1;
        options.hidden[0] = 16;
        options.epochs = 300;
        options.on_epoch = listen;
        options.context = &l;
        const double loss = train(&options, digest);
        assert_int_equal(l.calls, 300);
        assert_true(l.last == loss);
        assert_true(loss < 0.7 * l.first);
    }
}

/* With a rate that leaves every weight where it is, the loss per image cannot hang on how
 * the images are cut into batches, the last of which is 22 mod 8 = 6 of them. */
static void the_loss_is_per_image_however_they_are_batched(void **state)
{
    lk_train_options options = small_options();
    char digest[129];
    (void)state;

    options.learning_rate = 1e-300;
    options.epochs = 1;
    options.batch = IMAGES;
    const double want = train(&options, digest);
    options.batch = 8;
    check_rel(train(&options, digest), want, 1e-6);
    options.batch = 10 * IMAGES;
    check_rel(train(&options, digest), want, 1e-6);
}

static void a_stopped_training_leaves_no_model(void **state)
{
    lk_train_options options = small_options();
    listener l = {.stop_after = 3};
    float images[IMAGES * PIXELS];
    lk_model model = {0};
    double loss = -1.0;
    lk_error err;
    (void)state;

    fill_images(images);
    options.on_epoch = listen;
    options.context = &l;
    assert_int_equal(
        lk_train_vae(images, IMAGES, PIXELS, &options, &model, &loss, &err),
        LK_E_STOPPED);
    assert_int_equal(l.calls, 3);
    assert_false(model.has_encoder);
    assert_true(loss == -1.0);
}

static void a_loss_that_is_not_finite_is_an_error(void **state)
{
    lk_train_options options = small_options();
    float images[IMAGES * PIXELS];
    lk_model model = {0};
    lk_error err;
    (void)state;

    fill_images(images);
    options.learning_rate = 1e30;
    assert_int_equal(lk_train_vae(images, IMAGES, PIXELS, &options, &model, NULL, &err),
                     LK_E_NUMERIC);
    assert_int_equal(model.decoder.layers, 0);
}

/* One step, from a loss that is fine. */
static void a_last_step_beyond_float_is_an_error(void **state)
{
    lk_train_options options = small_options();
    float images[IMAGES * PIXELS];
    lk_model model = {0};
    lk_error err;
    (void)state;

    fill_images(images);
    options.learning_rate = 1e39;
    options.epochs = 1;
    options.batch = IMAGES;
    assert_int_equal(lk_train_vae(images, IMAGES, PIXELS, &options, &model, NULL, &err),
                     LK_E_NUMERIC);
    assert_non_null(strstr(err.text, "weights"));
    assert_int_equal(model.decoder.layers, 0);
}

static void bad(lk_train_options options, const char *word)
{
    float images[IMAGES * PIXELS];
    lk_model model = {0};
    lk_error err = {0};

    fill_images(images);
    assert_int_equal(lk_train_vae(images, IMAGES, PIXELS, &options, &model, NULL, &err),
                     LK_E_ARG);
    if (strstr(err.text, word) == NULL) fail_msg("no \"%s\" in: %s", word, err.text);
}

#define BAD(member, value, word)                    \
    do {                                            \
        lk_train_options options = small_options(); \
        options.member = (value);                   \
        bad(options, (word));                       \
    } while (0)

static void options_out_of_their_range_are_refused(void **state)
{
    (void)state;
    BAD(hidden_layers, 9, "hidden layers");
    BAD(hidden[1], 0, "hidden layer");
    BAD(latent, 0, "latent");
    BAD(activation, LK_ACTIVATIONS, "activation");
    BAD(epochs, 0, "epochs");
    BAD(batch, 0, "batch");
    BAD(learning_rate, 0.0, "learning rate");
    BAD(learning_rate, (double)NAN, "learning rate");
    BAD(beta1, 1.0, "beta1");
    BAD(beta2, -0.1, "beta2");
    BAD(epsilon, 0.0, "epsilon");
    BAD(temperature, -1.0, "temperature");
    BAD(temperature, (double)INFINITY, "temperature");
    BAD(threads, 0, "threads");
    BAD(hidden[0], (size_t)1 << 31, "layer");
}

static void images_out_of_their_range_are_refused(void **state)
{
    static const float wrong[] = {1.5f, -0.5f, NAN, INFINITY};
    const lk_train_options options = small_options();
    float images[IMAGES * PIXELS];
    lk_model model = {0};
    lk_error err;
    (void)state;

    for (size_t i = 0; i < 4; i++) {
        fill_images(images);
        images[2 * PIXELS + 5] = wrong[i];
        assert_int_equal(
            lk_train_vae(images, IMAGES, PIXELS, &options, &model, NULL, &err),
            LK_E_ARG);
        assert_non_null(strstr(err.text, "image 2, pixel 5"));
    }
    assert_int_equal(lk_train_vae(images, 0, PIXELS, &options, &model, NULL, &err),
                     LK_E_ARG);
    assert_int_equal(lk_train_vae(images, IMAGES, 0, &options, &model, NULL, &err),
                     LK_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_is_the_same_for_any_number_of_threads),
        cmocka_unit_test(large_layers_are_the_same_for_any_number_of_threads),
        cmocka_unit_test(another_seed_makes_another_model),
        cmocka_unit_test(the_loss_falls_for_every_activation),
        cmocka_unit_test(the_loss_is_per_image_however_they_are_batched),
        cmocka_unit_test(a_stopped_training_leaves_no_model),
        cmocka_unit_test(a_loss_that_is_not_finite_is_an_error),
        cmocka_unit_test(a_last_step_beyond_float_is_an_error),
        cmocka_unit_test(options_out_of_their_range_are_refused),
        cmocka_unit_test(images_out_of_their_range_are_refused),
    };
    return cmocka_run_group_tests_name("train", tests, NULL, NULL);
}
