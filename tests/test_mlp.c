/* test_mlp.c - what a network's weights mean, to the last bit. */
#include "largek/mlp.h"

#include <string.h>

#include "support/check.h"

static lk_mlp make(size_t layers, const size_t *width, lk_activation activation)
{
    lk_activation all[LK_MLP_LAYERS_MAX];
    lk_mlp mlp = {0};

    for (size_t l = 0; l < LK_MLP_LAYERS_MAX; l++) all[l] = activation;
    assert_int_equal(lk_mlp_init(&mlp, layers, width, all, NULL), LK_OK);
    return mlp;
}

static void mlp_has_the_shape_asked_for(void **state)
{
    const size_t width[] = {3, 7, 2, 5};
    lk_mlp mlp = make(3, width, LK_TANH);
    (void)state;

    assert_int_equal(lk_mlp_inputs(&mlp), 3);
    assert_int_equal(lk_mlp_outputs(&mlp), 5);
    assert_int_equal(lk_mlp_widest(&mlp), 7);
    assert_int_equal(lk_mlp_parameters(&mlp), 4 * 7 + 8 * 2 + 3 * 5);
    for (size_t i = 0; i < 14; i++) assert_true(mlp.layer[1].weight[i] == 0.0f);
    lk_mlp_release(&mlp);
    lk_mlp_release(&mlp); /* twice is fine */
    assert_int_equal(lk_mlp_inputs(&mlp), 0);
    assert_int_equal(lk_mlp_widest(&mlp), 0);
}

static void mlp_refuses_no_layers_too_many_and_no_width(void **state)
{
    const lk_activation relu[LK_MLP_LAYERS_MAX + 1] = {LK_RELU};
    const size_t holed[] = {3, 0, 2}, huge[] = {SIZE_MAX / 2, 8};
    size_t width[LK_MLP_LAYERS_MAX + 2];
    lk_mlp mlp = {.layers = 77};
    lk_error err;
    (void)state;

    for (size_t l = 0; l < LK_MLP_LAYERS_MAX + 2; l++) width[l] = 1;
    assert_int_equal(lk_mlp_init(&mlp, 0, width, relu, &err), LK_E_ARG);
    assert_int_equal(lk_mlp_init(&mlp, LK_MLP_LAYERS_MAX + 1, width, relu, &err),
                     LK_E_ARG);
    assert_int_equal(lk_mlp_init(&mlp, 2, holed, relu, &err), LK_E_ARG);
    assert_int_equal(lk_mlp_init(&mlp, 1, huge, relu, &err), LK_E_MEMORY);
    assert_int_equal(mlp.layers, 77); /* untouched */
}

static void forward_computes_a_network_by_hand(void **state)
{
    const size_t width[] = {2, 2, 1};
    const float x[] = {1.0f, -2.0f};
    lk_mlp mlp = make(2, width, LK_RELU);
    double y = 0.0, scratch[4];
    (void)state;

    memcpy(mlp.layer[0].weight, (float[]){1.0f, 2.0f, 3.0f, -1.0f}, 4 * sizeof(float));
    memcpy(mlp.layer[0].bias, (float[]){0.5f, 0.25f}, 2 * sizeof(float));
    memcpy(mlp.layer[1].weight, (float[]){10.0f, 4.0f}, 2 * sizeof(float));
    mlp.layer[1].bias[0] = -1.0f;
    lk_mlp_forward(&mlp, x, &y, scratch); /* hidden: relu(-2.5), 5.25 */
    assert_true(y == 20.0);
    mlp.layer[1].activation = LK_SIGMOID;
    lk_mlp_forward(&mlp, x, &y, scratch);
    assert_true(y == lk_sigmoid(20.0));
    lk_mlp_release(&mlp);
}

/* 1 + 2^53 rounds to 2^53: whoever adds in another order, or the bias last, gets 1 or 2
 * more. */
static void forward_adds_in_index_order_from_the_bias(void **state)
{
    const size_t width[] = {3, 1};
    const float big = 0x1p53f;
    lk_mlp mlp = make(1, width, LK_IDENTITY);
    double y = -1.0, scratch[6];
    (void)state;

    memcpy(mlp.layer[0].weight, (float[]){1.0f, 1.0f, 1.0f}, 3 * sizeof(float));
    lk_mlp_forward(&mlp, (float[]){1.0f, big, -big}, &y, scratch);
    assert_true(y == 0.0);
    lk_mlp_forward(&mlp, (float[]){big, -big, 1.0f}, &y, scratch);
    assert_true(y == 1.0);
    mlp.layer[0].bias[0] = big;
    lk_mlp_forward(&mlp, (float[]){1.0f, 1.0f, -big}, &y, scratch);
    assert_true(y == 0.0);
    lk_mlp_release(&mlp);
}

/* With e = 2^-23: hidden = (1+e)^2, exact in double, and (1+e)^3 - (1+3e) = 3e^2 + e^3, of
 * which a product rounded by itself loses the e^3. */
static void forward_does_not_round_products(void **state)
{
    const size_t width[] = {1, 1, 1};
    const float one_e = 1.0f + 0x1p-23f;
    lk_mlp mlp = make(2, width, LK_IDENTITY);
    double y = 0.0, scratch[2];
    (void)state;

    mlp.layer[0].weight[0] = mlp.layer[1].weight[0] = one_e;
    mlp.layer[1].bias[0] = -(1.0f + 0x3p-23f);
    lk_mlp_forward(&mlp, &one_e, &y, scratch);
    assert_true(y == 0x3p-46 + 0x1p-69);
    lk_mlp_release(&mlp);
}

static void describe_names_widths_and_activations_and_is_cut_to_fit(void **state)
{
    const size_t width[] = {784, 400, 20};
    const char *want = "784-400-20 relu,identity";
    lk_mlp mlp = make(2, width, LK_RELU);
    char text[40];
    (void)state;

    mlp.layer[1].activation = LK_IDENTITY;
    lk_mlp_describe(&mlp, text, sizeof text);
    assert_string_equal(text, want);
    for (size_t bytes = 1; bytes <= strlen(want); bytes++) {
        memset(text, '#', sizeof text);
        lk_mlp_describe(&mlp, text, bytes);
        assert_int_equal(strlen(text), bytes - 1);
        assert_memory_equal(text, want, bytes - 1);
        assert_int_equal(text[bytes], '#');
    }
    lk_mlp_release(&mlp);
    lk_mlp_describe(&mlp, text, sizeof text);
    assert_string_equal(text, "");
}

static void digest_sees_shape_activation_weight_and_bias(void **state)
{
    const size_t width[] = {2, 3, 6}, other_width[] = {2, 6, 3};
    lk_mlp mlp = make(2, width, LK_RELU), other = make(2, other_width, LK_RELU);
    char first[33], again[33];
    (void)state;

    assert_int_equal(lk_mlp_digest(&mlp, first, NULL), LK_OK);
    assert_int_equal(lk_mlp_digest(&mlp, again, NULL), LK_OK);
    assert_string_equal(first, again);
    assert_int_equal(strlen(first), 32);

    assert_int_equal(lk_mlp_digest(&other, again, NULL), LK_OK);
    assert_string_not_equal(first, again);
    mlp.layer[0].activation = LK_TANH;
    assert_int_equal(lk_mlp_digest(&mlp, again, NULL), LK_OK);
    assert_string_not_equal(first, again);
    mlp.layer[0].activation = LK_RELU;
    mlp.layer[1].weight[17] = 1e-30f;
    assert_int_equal(lk_mlp_digest(&mlp, again, NULL), LK_OK);
    assert_string_not_equal(first, again);
    mlp.layer[1].weight[17] = 0.0f;
    mlp.layer[0].bias[2] = 1.0f;
    assert_int_equal(lk_mlp_digest(&mlp, again, NULL), LK_OK);
    assert_string_not_equal(first, again);
    lk_mlp_release(&mlp);
    lk_mlp_release(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mlp_has_the_shape_asked_for),
        cmocka_unit_test(mlp_refuses_no_layers_too_many_and_no_width),
        cmocka_unit_test(forward_computes_a_network_by_hand),
        cmocka_unit_test(forward_adds_in_index_order_from_the_bias),
        cmocka_unit_test(forward_does_not_round_products),
        cmocka_unit_test(describe_names_widths_and_activations_and_is_cut_to_fit),
        cmocka_unit_test(digest_sees_shape_activation_weight_and_bias),
    };
    return cmocka_run_group_tests_name("mlp", tests, NULL, NULL);
}
