/* decimal.h - counts written in decimal, read without a floating-point number. */
#ifndef LK_IO_DECIMAL_H
#define LK_IO_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

#define LK_COUNT_MAX (UINT64_C(1) << 62)

typedef enum {
    LK_DECIMAL_EXACT = 0,
    LK_DECIMAL_ROUNDED, /* off an integer, by at most 1e-6; *value is that integer */
    LK_DECIMAL_NOT_A_NUMBER,
    LK_DECIMAL_NEGATIVE,
    LK_DECIMAL_NOT_AN_INTEGER,
    LK_DECIMAL_TOO_LARGE /* above LK_COUNT_MAX */
} lk_decimal;

/* Reads [+-]digits[.digits][e[+-]digits], spaces and tabs around it allowed, of any
 * length and exponent: "1e4", "10000.0" and "9007199254740993" are exact. */
lk_decimal lk_decimal_count(const char *text, uint64_t *value);

/* "not an integer" and so on; never NULL. */
const char *lk_decimal_reason(lk_decimal result);

#endif /* LK_IO_DECIMAL_H */
