/* tensor.c - dtypes, sizes, and tensors as floats. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "io/safetensors_parts.h"

static const struct {
    const char *name;
    size_t bytes;
} dtypes[LK_DTYPES] = {
    [LK_DTYPE_BOOL] = {"BOOL", 1}, [LK_DTYPE_U8] = {"U8", 1},
    [LK_DTYPE_I8] = {"I8", 1},     [LK_DTYPE_U16] = {"U16", 2},
    [LK_DTYPE_I16] = {"I16", 2},   [LK_DTYPE_U32] = {"U32", 4},
    [LK_DTYPE_I32] = {"I32", 4},   [LK_DTYPE_U64] = {"U64", 8},
    [LK_DTYPE_I64] = {"I64", 8},   [LK_DTYPE_F16] = {"F16", 2},
    [LK_DTYPE_BF16] = {"BF16", 2}, [LK_DTYPE_F32] = {"F32", 4},
    [LK_DTYPE_F64] = {"F64", 8},
};

const char *lk_dtype_name(lk_dtype dtype)
{
    const size_t i = (size_t)dtype;

    return i < LK_DTYPES ? dtypes[i].name : "unknown";
}

size_t lk_dtype_bytes(lk_dtype dtype)
{
    const size_t i = (size_t)dtype;

    return i < LK_DTYPES ? dtypes[i].bytes : 0;
}

bool lk_dtype_find(const char *name, lk_dtype *out)
{
    for (size_t i = 0; i < LK_DTYPES; i++) {
        if (strcmp(dtypes[i].name, name) == 0) {
            *out = (lk_dtype)i;
            return true;
        }
    }
    return false;
}

bool lk_shape_bytes(const uint64_t shape[], size_t rank, lk_dtype dtype, size_t *bytes)
{
    size_t product = lk_dtype_bytes(dtype);

    for (size_t i = 0; i < rank; i++) {
        if (shape[i] > INT64_MAX) return false; /* more than JSON readers take */
        if (product > 0 && shape[i] > SIZE_MAX / product) return false;
        product *= (size_t)shape[i];
    }
    *bytes = product;
    return true;
}

static double element(const lk_tensor *tensor, size_t i)
{
    const size_t bytes = lk_dtype_bytes(tensor->dtype);
    const uint8_t *at = (const uint8_t *)tensor->data + i * bytes;

    switch (tensor->dtype) {
    case LK_DTYPE_F16: return lk_value_f16(lk_load_little(at, 2));
    case LK_DTYPE_BF16: return lk_value_bf16(lk_load_little(at, 2));
    case LK_DTYPE_F32: return lk_value_f32(lk_load_little(at, 4));
    default: return lk_value_f64(lk_load_little(at, 8));
    }
}

lk_status lk_tensor_floats(const lk_tensor *tensor, const char *path, float *out,
                           lk_error *err)
{
    /* Halfway from FLT_MAX to 2^128: from here on, to nearest is infinity. */
    const double too_large = 0x1.ffffffp127;
    size_t count;

    switch (tensor->dtype) {
    case LK_DTYPE_F16:
    case LK_DTYPE_BF16:
    case LK_DTYPE_F32:
    case LK_DTYPE_F64: break;
    default:
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s: %s has dtype %s, want F16, BF16, F32 or F64", path,
                       tensor->name, lk_dtype_name(tensor->dtype));
    }
    count = tensor->bytes / lk_dtype_bytes(tensor->dtype);

    /* All are looked at before the first is written: a failure leaves `out` alone. */
    for (size_t i = 0; i < count; i++) {
        const double value = element(tensor, i);

        if (isnan(value))
            return LK_FAIL(err, LK_E_FORMAT, "%s: %s[%zu] is NaN", path, tensor->name,
                           i);
        if (isinf(value))
            return LK_FAIL(err, LK_E_FORMAT, "%s: %s[%zu] is infinite", path,
                           tensor->name, i);
        if (fabs(value) >= too_large)
            return LK_FAIL(err, LK_E_FORMAT,
                           "%s: %s[%zu] is %.17g, infinite as a float", path,
                           tensor->name, i, value);
    }
    for (size_t i = 0; i < count; i++) out[i] = (float)element(tensor, i);
    return LK_OK;
}
