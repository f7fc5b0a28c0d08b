/* bytes.h - numbers out of a file's bytes, whatever the machine's own order. */
#ifndef LK_BASE_BYTES_H
#define LK_BASE_BYTES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* An unsigned integer of up to 8 bytes, lowest byte first. */
static inline uint64_t lk_load_little(const void *from, size_t bytes)
{
    const uint8_t *byte = (const uint8_t *)from;
    uint64_t value = 0;

    for (size_t i = bytes; i-- > 0;) value = value << 8 | byte[i];
    return value;
}

/* The same, highest byte first. */
static inline uint64_t lk_load_big(const void *from, size_t bytes)
{
    const uint8_t *byte = (const uint8_t *)from;
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++) value = value << 8 | byte[i];
    return value;
}

/* The value of IEEE binary16, bfloat16, binary32 and binary64 bits; all exact. */
static inline double lk_value_f16(uint64_t bits)
{
    const int exponent = (int)(bits >> 10 & 31);
    const int fraction = (int)(bits & 1023);
    const double sign = bits & 0x8000 ? -1.0 : 1.0;

    if (exponent == 31) return fraction != 0 ? (double)NAN : sign * (double)INFINITY;
    if (exponent == 0) return sign * ldexp(fraction, -24); /* subnormals and zero */
    return sign * ldexp(1024 + fraction, exponent - 25);
}

static inline double lk_value_f32(uint64_t bits)
{
    const uint32_t word = (uint32_t)bits;
    float value;

    memcpy(&value, &word, sizeof value);
    return (double)value;
}

static inline double lk_value_bf16(uint64_t bits)
{
    return lk_value_f32(bits << 16);
}

static inline double lk_value_f64(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif /* LK_BASE_BYTES_H */
