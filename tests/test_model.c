/* test_model.c - models out of files: both naming schemes, and all that is refused. */
#include "largek/model.h"

#include <stdio.h>
#include <string.h>

#include "largek/safetensors.h"
#include "support/check.h"

static const char path[] = "test_model.tmp.safetensors";

/* A file in the making: every number of tensor t, element i, is a multiple of 1/8 within
 * [-2, 2), which all four dtypes hold exactly. */
typedef struct {
    const char *name;
    size_t rank;
    uint64_t shape[3];
} shape;

enum { TENSORS_MAX = 80, ELEMENTS_MAX = 32 };

typedef struct {
    lk_dtype dtype;
    size_t tensors, entries;
    lk_tensor tensor[TENSORS_MAX];
    lk_entry entry[3];
    uint64_t data[TENSORS_MAX][ELEMENTS_MAX];
} draft;

static float number(size_t t, size_t i)
{
    return (float)((7 * t + 5 * i + 3) % 32) / 8.0f - 2.0f;
}

/* Bits of a dtype, for numbers that it holds exactly and that are not subnormal. */
static void store(lk_dtype dtype, float value, void *data, size_t i)
{
    const double wide = (double)value;
    uint32_t bits;
    uint16_t half;

    memcpy(&bits, &value, sizeof bits);
    switch (dtype) {
    case LK_DTYPE_F64: memcpy((char *)data + 8 * i, &wide, 8); break;
    case LK_DTYPE_F32: memcpy((char *)data + 4 * i, &bits, 4); break;
    case LK_DTYPE_BF16:
        half = (uint16_t)(bits >> 16);
        memcpy((char *)data + 2 * i, &half, 2);
        break;
    default: /* F16: exponents are biased by 15, not 127 */
        half =
            (uint16_t)((bits >> 16 & 0x8000u) |
                       (bits << 1 == 0 ? 0 : (bits >> 13 & 0x3ffffu) - (112u << 10)));
        memcpy((char *)data + 2 * i, &half, 2);
        break;
    }
}

static void add(draft *d, const shape *s)
{
    lk_tensor *tensor = &d->tensor[d->tensors];
    uint64_t count = 1;

    assert_true(d->tensors < TENSORS_MAX);
    for (size_t i = 0; i < s->rank; i++) count *= s->shape[i];
    assert_true(count <= ELEMENTS_MAX);
    *tensor = (lk_tensor){.name = s->name, .dtype = d->dtype, .rank = s->rank};
    memcpy(tensor->shape, s->shape, sizeof s->shape);
    tensor->bytes = (size_t)count * lk_dtype_bytes(d->dtype);
    for (size_t i = 0; i < count && d->dtype >= LK_DTYPE_F16; i++) {
        store(d->dtype, number(d->tensors, i), d->data[d->tensors], i);
    }
    d->tensors++;
}

static draft start(lk_dtype dtype, const shape *s, size_t tensors)
{
    draft d = {.dtype = dtype};

    for (size_t t = 0; t < tensors; t++) add(&d, &s[t]);
    return d;
}

static void note(draft *d, const char *key, const char *value)
{
    d->entry[d->entries++] = (lk_entry){key, value};
}

static void write_draft(draft *d)
{
    lk_safetensors file = {.tensors = d->tensors,
                           .tensor = d->tensor,
                           .entries = d->entries,
                           .entry = d->entry};

    /* only now, for a draft moves about before */
    for (size_t t = 0; t < d->tensors; t++) d->tensor[t].data = d->data[t];
    assert_int_equal(lk_safetensors_write(path, &file, 0, NULL), LK_OK);
}

static void refused(draft *d, const char *activations, const char *const words[])
{
    lk_model model, before;
    lk_error err = {0};

    memset(&before, 0x5a, sizeof before);
    model = before;
    write_draft(d);
    assert_int_equal(lk_model_read(path, activations, &model, &err), LK_E_FORMAT);
    assert_memory_equal(&model, &before, sizeof model);
    assert_non_null(strstr(err.text, path));
    for (; *words != NULL; words++) {
        if (strstr(err.text, *words) == NULL)
            fail_msg("no \"%s\" in: %s", *words, err.text);
    }
}

#define REFUSED(d, activations, ...) \
    refused((d), (activations), (const char *const[]){__VA_ARGS__, NULL})

static int remove_file(void **state)
{
    (void)state;
    remove(path);
    return 0;
}

/* 2 latents, 3 hidden, 4 pixels. */
static const shape sequential[] = {
    {"decoder.0.weight", 2, {3, 2}}, {"decoder.0.bias", 1, {3}},
    {"decoder.2.weight", 2, {4, 3}}, {"decoder.2.bias", 1, {4}},
    {"encoder.0.weight", 2, {3, 4}}, {"encoder.0.bias", 1, {3}},
    {"mu.weight", 2, {2, 3}},        {"mu.bias", 1, {2}},
    {"logvar.weight", 2, {2, 3}},    {"logvar.bias", 1, {2}},
};
static const shape example[] = {
    {"fc3.weight", 2, {3, 2}},  {"fc3.bias", 1, {3}},      {"fc4.weight", 2, {4, 3}},
    {"fc4.bias", 1, {4}},       {"fc1.weight", 2, {3, 4}}, {"fc1.bias", 1, {3}},
    {"fc21.weight", 2, {2, 3}}, {"fc21.bias", 1, {2}},     {"fc22.weight", 2, {2, 3}},
    {"fc22.bias", 1, {2}},
};

enum { DECODER = 4, WHOLE = 10 };

static void check_layer(const lk_layer *layer, size_t t, size_t in, size_t out,
                        lk_activation activation)
{
    assert_int_equal(layer->in, in);
    assert_int_equal(layer->out, out);
    assert_int_equal(layer->activation, activation);
    for (size_t i = 0; i < in * out; i++) assert_true(layer->weight[i] == number(t, i));
    for (size_t i = 0; i < out; i++) assert_true(layer->bias[i] == number(t + 1, i));
}

static void check_whole(const lk_model *model)
{
    assert_int_equal(model->decoder.layers, 2);
    check_layer(&model->decoder.layer[0], 0, 2, 3, LK_RELU);
    check_layer(&model->decoder.layer[1], 2, 3, 4, LK_SIGMOID);
    assert_true(model->has_encoder);
    assert_int_equal(model->encoder.layers, 1);
    check_layer(&model->encoder.layer[0], 4, 4, 3, LK_RELU);
    check_layer(&model->mu.layer[0], 6, 3, 2, LK_IDENTITY);
    check_layer(&model->logvar.layer[0], 8, 3, 2, LK_IDENTITY);
}

static void model_reads_both_schemes_in_every_dtype(void **state)
{
    const lk_dtype dtype[] = {LK_DTYPE_F16, LK_DTYPE_BF16, LK_DTYPE_F32, LK_DTYPE_F64};
    (void)state;

    for (size_t i = 0; i < 4; i++) {
        draft of[] = {start(dtype[i], sequential, WHOLE),
                      start(dtype[i], example, WHOLE)};

        for (size_t scheme = 0; scheme < 2; scheme++) {
            lk_model model = {0};

            write_draft(&of[scheme]);
            assert_int_equal(lk_model_read(path, NULL, &model, NULL), LK_OK);
            check_whole(&model);
            lk_model_release(&model);
            lk_model_release(&model); /* twice is fine */
        }
    }
}

static void model_reads_a_decoder_alone(void **state)
{
    draft of[] = {start(LK_DTYPE_F32, sequential, DECODER),
                  start(LK_DTYPE_F32, example, DECODER)};
    (void)state;

    for (size_t scheme = 0; scheme < 2; scheme++) {
        lk_model model = {0};
        lk_error err = {0};

        write_draft(&of[scheme]);
        assert_int_equal(lk_model_read(path, NULL, &model, NULL), LK_OK);
        assert_false(model.has_encoder);
        assert_int_equal(model.decoder.layers, 2);
        float x[4] = {0}, mu[2], sigma[2];
        assert_int_equal(lk_model_encode(&model, x, mu, sigma, &err), LK_E_ARG);
        lk_model_release(&model);
    }
}

static void activations_come_from_the_caller_then_the_file_then_the_gaps(void **state)
{
    draft d = start(LK_DTYPE_F32, sequential, WHOLE);
    lk_model model = {0};
    (void)state;

    note(&d, "decoder.activations", "tanh,identity");
    note(&d, "encoder.activations", "gelu");
    write_draft(&d);
    assert_int_equal(lk_model_read(path, NULL, &model, NULL), LK_OK);
    assert_int_equal(model.decoder.layer[0].activation, LK_TANH);
    assert_int_equal(model.decoder.layer[1].activation, LK_IDENTITY);
    assert_int_equal(model.encoder.layer[0].activation, LK_GELU);
    lk_model_release(&model);

    assert_int_equal(lk_model_read(path, "silu, sigmoid", &model, NULL), LK_OK);
    assert_int_equal(model.decoder.layer[0].activation, LK_SILU);
    assert_int_equal(model.decoder.layer[1].activation, LK_SIGMOID);
    assert_int_equal(model.encoder.layer[0].activation, LK_GELU);
    lk_model_release(&model);

    REFUSED(&d, "relu,softmax", "decoder.activations", "softmax");
    REFUSED(&d, "relu,", "expected 2, found 1");
    REFUSED(&d, "relu,relu,relu", "expected 2, found 3");
    REFUSED(&d, "relu,,", "found \"\"");
    REFUSED(&d, "", "expected 2, found 0");
}

/* Any depth; the numbers rise as numbers, not as text, and the file may hold them in any
 * order. */
static void model_chains_layers_of_any_shape_in_numeric_order(void **state)
{
    static const shape deep[] = {
        {"decoder.10.weight", 2, {4, 5}}, {"decoder.10.bias", 1, {4}},
        {"decoder.0.weight", 2, {3, 2}},  {"decoder.0.bias", 1, {3}},
        {"decoder.4.weight", 2, {5, 6}},  {"decoder.4.bias", 1, {5}},
        {"decoder.2.weight", 2, {6, 3}},  {"decoder.2.bias", 1, {6}},
        {"mu.weight", 2, {2, 4}},         {"mu.bias", 1, {2}},
        {"logvar.weight", 2, {2, 4}},     {"logvar.bias", 1, {2}},
        {"optimizer.step", 1, {1}},
    };
    draft d = start(LK_DTYPE_F32, deep, sizeof deep / sizeof deep[0]);
    lk_model model = {0};
    (void)state;

    write_draft(&d);
    assert_int_equal(lk_model_read(path, NULL, &model, NULL), LK_OK);
    assert_int_equal(model.decoder.layers, 4);
    check_layer(&model.decoder.layer[0], 2, 2, 3, LK_RELU);
    check_layer(&model.decoder.layer[1], 6, 3, 6, LK_RELU);
    check_layer(&model.decoder.layer[2], 4, 6, 5, LK_RELU);
    check_layer(&model.decoder.layer[3], 0, 5, 4, LK_SIGMOID);
    assert_true(model.has_encoder); /* mu and logvar read the pixels */
    assert_int_equal(model.encoder.layers, 0);
    check_layer(&model.mu.layer[0], 8, 4, 2, LK_IDENTITY);
    lk_model_release(&model);
}

static void two_layers_without_a_gap_need_their_activations(void **state)
{
    shape s[DECODER];
    lk_model model = {0};
    (void)state;

    memcpy(s, sequential, sizeof s);
    s[2].name = "decoder.1.weight";
    s[3].name = "decoder.1.bias";
    draft d = start(LK_DTYPE_F32, s, DECODER);
    REFUSED(&d, NULL, "decoder.0", "decoder.1", "decoder.activations");
    write_draft(&d);
    assert_int_equal(lk_model_read(path, "identity,sigmoid", &model, NULL), LK_OK);
    assert_int_equal(model.decoder.layer[0].activation, LK_IDENTITY);
    lk_model_release(&model);
}

static void every_missing_tensor_is_named(void **state)
{
    const shape *const scheme[] = {sequential, example};
    (void)state;

    for (size_t k = 0; k < 2; k++) {
        for (size_t gone = 0; gone < WHOLE; gone++) {
            shape s[WHOLE];
            size_t n = 0;

            for (size_t t = 0; t < WHOLE; t++) {
                if (t != gone) s[n++] = scheme[k][t];
            }
            draft d = start(LK_DTYPE_F32, s, n);
            REFUSED(&d, NULL, "expected", "found none", scheme[k][gone].name);
        }
    }
}

/* Each tensor with each of its dimensions one too large: none of them chains, but for the
 * hidden width of mu's and logvar's own input, which the other contradicts. */
static void every_wrong_shape_is_refused(void **state)
{
    (void)state;
    for (size_t t = 0; t < WHOLE; t++) {
        for (size_t i = 0; i < sequential[t].rank; i++) {
            shape s[WHOLE];

            memcpy(s, sequential, sizeof s);
            s[t].shape[i]++;
            draft d = start(LK_DTYPE_F32, s, WHOLE);
            REFUSED(&d, NULL, "expected shape [", "found [");
        }
    }
}

static void wrong_shapes_say_expected_and_found(void **state)
{
    shape s[WHOLE];
    (void)state;

    memcpy(s, sequential, sizeof s);
    s[2].shape[1] = 5;
    draft d = start(LK_DTYPE_F32, s, WHOLE);
    REFUSED(&d, NULL, "decoder.2.weight: expected shape [any, 3], found [4, 5]");
    memcpy(s, sequential, sizeof s);
    s[3].rank = 2;
    s[3].shape[1] = 1;
    d = start(LK_DTYPE_F32, s, WHOLE);
    REFUSED(&d, NULL, "decoder.2.bias: expected shape [4], found [4, 1]");
    memcpy(s, sequential, sizeof s);
    s[0].shape[1] = 0;
    d = start(LK_DTYPE_F32, s, WHOLE);
    REFUSED(&d, NULL, "decoder.0.weight: expected shape [any, any], found [3, 0]");
    for (size_t t = 6; t < WHOLE;
         t += 2) { /* mu and logvar, sound but for the decoder */
        memcpy(s, sequential, sizeof s);
        s[t].shape[0] = s[t + 1].shape[0] = 3;
        d = start(LK_DTYPE_F32, s, WHOLE);
        REFUSED(&d, NULL, s[t].name, "expected shape [2, 3], found [3, 3]");
    }
}

static void model_refuses_integers_and_other_kinds_of_layer(void **state)
{
    static const shape norm = {"decoder.1.running_mean", 1, {3}};
    static const shape twin = {"decoder.00.weight", 2, {3, 2}};
    static const shape both = {"fc3.weight", 2, {3, 2}};
    (void)state;

    draft d = start(LK_DTYPE_I8, sequential, WHOLE);
    REFUSED(&d, NULL, "decoder.0.weight", "expected F32, F16, BF16 or F64", "found I8");
    d = start(LK_DTYPE_F32, sequential, WHOLE);
    add(&d, &norm);
    REFUSED(&d, NULL, "decoder.1.running_mean");
    d = start(LK_DTYPE_F32, sequential, WHOLE);
    add(&d, &twin);
    REFUSED(&d, NULL, "decoder.00.weight");
    d = start(LK_DTYPE_F32, sequential, WHOLE);
    add(&d, &both);
    REFUSED(&d, NULL, "found both");
    d = start(LK_DTYPE_F32, sequential + DECODER, WHOLE - DECODER);
    REFUSED(&d, NULL, "expected a decoder", "found neither");
}

static void model_refuses_more_layers_than_there_is_room_for(void **state)
{
    static char name[LK_MLP_LAYERS_MAX + 1][24];
    draft d = {.dtype = LK_DTYPE_F32};
    (void)state;

    for (size_t l = 0; l <= LK_MLP_LAYERS_MAX; l++) {
        snprintf(name[l], sizeof name[l], "decoder.%zu.weight", 2 * l);
        add(&d, &(shape){name[l], 2, {2, 2}});
    }
    REFUSED(&d, NULL, "decoder", "64 layers at most");
}

static void model_names_the_weight_that_is_nan_or_infinite(void **state)
{
    draft d = start(LK_DTYPE_F32, sequential, WHOLE);
    (void)state;

    store(LK_DTYPE_F32, NAN, d.data[2], 7);
    REFUSED(&d, NULL, "decoder.2.weight[7] is NaN");
    d = start(LK_DTYPE_F32, sequential, WHOLE);
    store(LK_DTYPE_F32, -INFINITY, d.data[9], 1);
    REFUSED(&d, NULL, "logvar.bias[1]");
}

static void model_refuses_what_is_not_there_or_not_safetensors(void **state)
{
    lk_model model = {0};
    lk_error err;
    (void)state;

    remove(path);
    assert_int_equal(lk_model_read(path, NULL, &model, &err), LK_E_IO);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs("PK\x03\x04 a pickle", file);
    fclose(file);
    assert_int_equal(lk_model_read(path, NULL, &model, &err), LK_E_FORMAT);
    assert_int_equal(model.decoder.layers, 0);
}

/* Written and read again, a model is the same to the bit, activations and all. */
static void model_comes_back_as_it_was_written(void **state)
{
    draft d = start(LK_DTYPE_F64, sequential, WHOLE);
    lk_model model = {0}, again = {0};
    lk_safetensors file = {0};
    char want[33], got[33];
    (void)state;

    write_draft(&d);
    assert_int_equal(lk_model_read(path, "gelu,identity", &model, NULL), LK_OK);
    model.encoder.layer[0].activation = LK_SILU;
    model.decoder.layer[0].weight[1] = 0x1.fffffep-130f; /* a subnormal */
    assert_int_equal(lk_model_write(path, &model, "{\"epochs\":7}", NULL), LK_OK);
    assert_int_equal(lk_model_read(path, NULL, &again, NULL), LK_OK);

    const lk_mlp *const before[] = {&model.decoder, &model.encoder, &model.mu,
                                    &model.logvar};
    const lk_mlp *const after[] = {&again.decoder, &again.encoder, &again.mu,
                                   &again.logvar};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(lk_mlp_digest(before[i], want, NULL), LK_OK);
        assert_int_equal(lk_mlp_digest(after[i], got, NULL), LK_OK);
        assert_string_equal(got, want);
    }
    assert_int_equal(lk_safetensors_read(path, &file, NULL), LK_OK);
    assert_string_equal(lk_safetensors_entry(&file, "largek.training"),
                        "{\"epochs\":7}");
    assert_string_equal(lk_safetensors_entry(&file, "decoder.activations"),
                        "gelu,identity");
    assert_non_null(lk_safetensors_find(&file, "decoder.2.weight"));
    lk_safetensors_release(&file);
    lk_model_release(&again);

    again = model; /* without its encoder: no such names in the file */
    again.has_encoder = false;
    assert_int_equal(lk_model_write(path, &again, NULL, NULL), LK_OK);
    assert_int_equal(lk_safetensors_read(path, &file, NULL), LK_OK);
    assert_int_equal(file.tensors, DECODER);
    assert_null(lk_safetensors_entry(&file, "largek.training"));
    lk_safetensors_release(&file);
    lk_model_release(&model);
}

/* The posterior by hand: hidden and heads by lk_mlp_forward's own rule, in double. */
static void encode_gives_the_posterior_rounded_once(void **state)
{
    const float x[] = {0.25f, 1.0f, 0.0f, 0.5f};
    draft d = start(LK_DTYPE_F32, sequential, WHOLE);
    lk_model model = {0};
    double hidden[3], scratch[8];
    float mu[2], sigma[2];
    lk_error err;
    (void)state;

    write_draft(&d);
    assert_int_equal(lk_model_read(path, NULL, &model, NULL), LK_OK);
    assert_int_equal(lk_model_encode(&model, x, mu, sigma, NULL), LK_OK);
    lk_mlp_forward(&model.encoder, x, hidden, scratch);
    for (size_t o = 0; o < 2; o++) {
        double mean = (double)model.mu.layer[0].bias[o];
        double logvar = (double)model.logvar.layer[0].bias[o];

        for (size_t i = 0; i < 3; i++) {
            mean += (double)model.mu.layer[0].weight[3 * o + i] * hidden[i];
            logvar += (double)model.logvar.layer[0].weight[3 * o + i] * hidden[i];
        }
        /* sums of small multiples of 2^-10 are exact */
        assert_true(mu[o] == (float)mean);
        assert_true(sigma[o] == (float)lk_exp(logvar / 2.0));
    }
    model.logvar.layer[0].bias[1] = 500.0f; /* e^250 is no float */
    assert_int_equal(lk_model_encode(&model, x, mu, sigma, &err), LK_E_NUMERIC);
    assert_non_null(strstr(err.text, "logvar[1]"));
    lk_model_release(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_reads_both_schemes_in_every_dtype),
        cmocka_unit_test(model_reads_a_decoder_alone),
        cmocka_unit_test(activations_come_from_the_caller_then_the_file_then_the_gaps),
        cmocka_unit_test(model_chains_layers_of_any_shape_in_numeric_order),
        cmocka_unit_test(two_layers_without_a_gap_need_their_activations),
        cmocka_unit_test(every_missing_tensor_is_named),
        cmocka_unit_test(every_wrong_shape_is_refused),
        cmocka_unit_test(wrong_shapes_say_expected_and_found),
        cmocka_unit_test(model_refuses_integers_and_other_kinds_of_layer),
        cmocka_unit_test(model_refuses_more_layers_than_there_is_room_for),
        cmocka_unit_test(model_names_the_weight_that_is_nan_or_infinite),
        cmocka_unit_test(model_refuses_what_is_not_there_or_not_safetensors),
        cmocka_unit_test(model_comes_back_as_it_was_written),
        cmocka_unit_test(encode_gives_the_posterior_rounded_once),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, remove_file);
}
