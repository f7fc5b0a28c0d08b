/* test_tensor.c - dtypes, and tensors as floats. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "largek/safetensors.h"
#include "support/check.h"

static void dtypes_have_names_and_sizes(void **state)
{
    (void)state;

    assert_string_equal(lk_dtype_name(LK_DTYPE_BF16), "BF16");
    assert_string_equal(lk_dtype_name((lk_dtype)99), "unknown");
    assert_int_equal(lk_dtype_bytes(LK_DTYPE_BOOL), 1);
    assert_int_equal(lk_dtype_bytes(LK_DTYPE_I16), 2);
    assert_int_equal(lk_dtype_bytes(LK_DTYPE_F32), 4);
    assert_int_equal(lk_dtype_bytes(LK_DTYPE_I64), 8);
}

/* The float of one element of 2, 4 or 8 bytes. */
static float float_of(lk_dtype dtype, uint64_t bits)
{
    const size_t bytes = lk_dtype_bytes(dtype);
    uint8_t little[9];
    float out = -99.0f;

    for (size_t i = 0; i < bytes; i++) little[1 + i] = (uint8_t)(bits >> 8 * i);
    const lk_tensor tensor = {"w", dtype, 1, {1}, little + 1, bytes}; /* unaligned */
    assert_int_equal(lk_tensor_floats(&tensor, "m", &out, NULL), LK_OK);
    return out;
}

static void check_bits(float got, float want)
{
    assert_memory_equal(&got, &want, sizeof got);
}

static void f16_is_exact(void **state)
{
    static const struct {
        uint64_t bits;
        float value;
    } known[] = {{0x0000, 0.0f},           {0x8000, -0.0f},
                 {0x3c00, 1.0f},           {0xc000, -2.0f},
                 {0x0001, 0x1p-24f},       {0x83ff, -0x1.ff8p-15f}, /* subnormals  */
                 {0x0400, 0x1p-14f},       {0x7bff, 65504.0f},      /* the extremes */
                 {0x3555, 0.333251953125f}};
    (void)state;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        check_bits(float_of(LK_DTYPE_F16, known[i].bits), known[i].value);

    /* Positive values rise with their bits, each by the spacing of its binade. */
    for (unsigned bits = 1; bits < 0x7c00; bits++) {
        const int exponent = (int)(bits - 1) >> 10;
        const float step =
            float_of(LK_DTYPE_F16, bits) - float_of(LK_DTYPE_F16, bits - 1);

        assert_true(step == ldexpf(1.0f, (exponent > 0 ? exponent : 1) - 25));
    }
}

static void bf16_is_the_upper_half_of_a_float(void **state)
{
    (void)state;

    check_bits(float_of(LK_DTYPE_BF16, 0x3f80), 1.0f);
    check_bits(float_of(LK_DTYPE_BF16, 0xc049), -3.140625f);
    check_bits(float_of(LK_DTYPE_BF16, 0x8000), -0.0f);
    check_bits(float_of(LK_DTYPE_BF16, 0x0001), 0x1p-133f); /* subnormal */
    check_bits(float_of(LK_DTYPE_BF16, 0x7f7f), 0x1.fep127f);
}

static void f32_and_f64_keep_or_round(void **state)
{
    (void)state;

    check_bits(float_of(LK_DTYPE_F32, 0x00000001), 0x1p-149f);
    check_bits(float_of(LK_DTYPE_F32, 0xff7fffff), -FLT_MAX);
    check_bits(float_of(LK_DTYPE_F64, 0x3ff0000000000000), 1.0f);
    check_bits(float_of(LK_DTYPE_F64, 0x3ff0000010000000), 1.0f); /* a tie, to even */
    check_bits(float_of(LK_DTYPE_F64, 0x3ff0000030000000), 0x1.000004p0f);
    check_bits(float_of(LK_DTYPE_F64, 0x3ff0000010000001), 0x1.000002p0f);
    check_bits(float_of(LK_DTYPE_F64, 0x47efffffefffffff), FLT_MAX);
    check_bits(float_of(LK_DTYPE_F64, 0x36a0000000000000), 0x1p-149f); /* 2^-149 */
    check_bits(float_of(LK_DTYPE_F64, 1), 0.0f);
}

/* Element 17 of 20 is bad: named, and none of the others handed out. */
static void check_bad(lk_dtype dtype, uint64_t bits, const char *text)
{
    const size_t bytes = lk_dtype_bytes(dtype);
    uint8_t data[20 * 8] = {0};
    float out[20];
    lk_error err = {0};

    for (size_t i = 0; i < 20; i++) out[i] = -99.0f;
    for (size_t i = 0; i < bytes; i++) data[17 * bytes + i] = (uint8_t)(bits >> 8 * i);
    const lk_tensor tensor = {"decoder.0.weight", dtype, 2, {4, 5}, data, 20 * bytes};
    assert_int_equal(lk_tensor_floats(&tensor, "m.safetensors", out, &err),
                     LK_E_FORMAT);
    assert_string_equal(err.text, text);
    for (size_t i = 0; i < 20; i++) assert_true(out[i] == -99.0f);
}

static void bad_weights_are_named(void **state)
{
    static const char nan_text[] = "m.safetensors: decoder.0.weight[17] is NaN";
    static const char inf_text[] = "m.safetensors: decoder.0.weight[17] is infinite";
    (void)state;

    check_bad(LK_DTYPE_F16, 0x7e00, nan_text);
    check_bad(LK_DTYPE_F16, 0x7c01, nan_text);
    check_bad(LK_DTYPE_BF16, 0xff81, nan_text);
    check_bad(LK_DTYPE_F32, 0x7fc00000, nan_text);
    check_bad(LK_DTYPE_F32, 0x7f800001, nan_text); /* signaling */
    check_bad(LK_DTYPE_F64, 0x7ff8000000000000, nan_text);
    check_bad(LK_DTYPE_F16, 0xfc00, inf_text);
    check_bad(LK_DTYPE_BF16, 0x7f80, inf_text);
    check_bad(LK_DTYPE_F32, 0xff800000, inf_text);
    check_bad(LK_DTYPE_F64, 0x7ff0000000000000, inf_text);
    check_bad(LK_DTYPE_F64, 0x47effffff0000000, /* half a step above FLT_MAX */
              "m.safetensors: decoder.0.weight[17] is 3.4028235677973366e+38, infinite "
              "as a float");
}

static void integers_are_not_weights(void **state)
{
    static const char text[] = "m.safetensors: decoder.0.weight has dtype ";
    float out[3] = {0};
    (void)state;

    for (int dtype = LK_DTYPE_BOOL; dtype <= LK_DTYPE_I64; dtype++) {
        const lk_tensor tensor = {"decoder.0.weight", (lk_dtype)dtype, 1, {0}, out, 0};
        lk_error err = {0};

        assert_int_equal(lk_tensor_floats(&tensor, "m.safetensors", out, &err),
                         LK_E_FORMAT);
        assert_memory_equal(err.text, text, strlen(text));
        assert_non_null(strstr(err.text, lk_dtype_name((lk_dtype)dtype)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dtypes_have_names_and_sizes),
        cmocka_unit_test(f16_is_exact),
        cmocka_unit_test(bf16_is_the_upper_half_of_a_float),
        cmocka_unit_test(f32_and_f64_keep_or_round),
        cmocka_unit_test(bad_weights_are_named),
        cmocka_unit_test(integers_are_not_weights),
    };
    return cmocka_run_group_tests_name("tensor", tests, NULL, NULL);
}
