/* decimal.c - counts written in decimal, read without a floating-point number. */
#include "io/decimal.h"

#include <stdbool.h>

enum {
    EXPONENT_MAX = 1000000000, /* larger ones are taken for this: as far out of range */
    INTEGER_DIGITS_MAX = 19,   /* of 2^62                                             */
    TOLERANCE_DIGITS = 6
};

/* A number as its digits (those of text[first, end) with one dot left out) and the place
 * of the point among them. */
typedef struct {
    const char *first, *end;
    bool negative;
    bool zero;        /* all digits are                                  */
    long long before; /* digits before the point; negative: 0.00ddd      */
} decimal;

static const char *skip_blanks(const char *s)
{
    while (*s == ' ' || *s == '\t') s++;
    return s;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* e[+-]digits, where there is one; *s moves past it. */
static bool read_exponent(const char **s, long long *exponent)
{
    const char *p = *s;
    bool down = false;

    *exponent = 0;
    if (*p != 'e' && *p != 'E') return true;
    p++;
    if (*p == '+' || *p == '-') down = *p++ == '-';
    if (!is_digit(*p)) return false;
    for (; is_digit(*p); p++) {
        if (*exponent < EXPONENT_MAX) *exponent = *exponent * 10 + (*p - '0');
    }
    if (down) *exponent = -*exponent;
    *s = p;
    return true;
}

static bool read_decimal(const char *s, decimal *d)
{
    long long exponent;
    bool dot = false, digits = false, leading = true;

    *d = (decimal){.zero = true};
    s = skip_blanks(s);
    if (*s == '+' || *s == '-') d->negative = *s++ == '-';
    d->first = s;
    for (; is_digit(*s) || (*s == '.' && !dot); s++) {
        if (*s == '.') {
            dot = true;
            continue;
        }
        digits = true;
        leading = leading && *s == '0';
        if (leading) { /* a leading zero is no digit; after the point it moves it */
            d->first = s + 1;
            d->before -= dot;
        } else {
            d->zero = false;
            d->before += !dot;
        }
    }
    d->end = s;
    if (!digits || !read_exponent(&s, &exponent)) return false;
    d->before += exponent;
    return *skip_blanks(s) == '\0';
}

/* The next digit, 0 past the last. */
static unsigned take_digit(const char **at, const char *end)
{
    if (*at < end && **at == '.') (*at)++;
    return *at < end ? (unsigned)(*(*at)++ - '0') : 0;
}

/* What follows the point: exactly 0, within 1e-6 above 0 or below 1, or else. */
typedef enum { FRACTION_NONE, FRACTION_LOW, FRACTION_HIGH, FRACTION_OTHER } fraction;

static fraction read_fraction(const char *at, const char *end, long long zeros)
{
    unsigned lead = 0; /* the first six digits */
    bool rest = false; /* whether a later one is not zero */
    int place = 0;

    for (; place < TOLERANCE_DIGITS && zeros > 0; zeros--) place++;
    for (; place < TOLERANCE_DIGITS; place++) lead = lead * 10 + take_digit(&at, end);
    while (at < end) rest = take_digit(&at, end) != 0 || rest;

    if (lead == 0) return rest ? FRACTION_LOW : FRACTION_NONE;
    if (lead == 1 && !rest) return FRACTION_LOW;
    if (lead == 999999) return FRACTION_HIGH;
    return FRACTION_OTHER;
}

lk_decimal lk_decimal_count(const char *text, uint64_t *value)
{
    decimal d;
    uint64_t whole = 0;

    if (!read_decimal(text, &d)) return LK_DECIMAL_NOT_A_NUMBER;
    if (d.zero) {
        *value = 0;
        return LK_DECIMAL_EXACT;
    }
    const char *at = d.first;
    const fraction below_one =
        d.before > 0 ? FRACTION_NONE : read_fraction(at, d.end, -d.before);

    if (d.negative && (d.before > 0 || below_one != FRACTION_LOW)) {
        return LK_DECIMAL_NEGATIVE;
    }
    if (d.before > INTEGER_DIGITS_MAX) return LK_DECIMAL_TOO_LARGE;
    for (long long i = 0; i < d.before; i++)
        whole = whole * 10 + take_digit(&at, d.end);

    const fraction f = d.before > 0 ? read_fraction(at, d.end, 0) : below_one;

    if (f == FRACTION_OTHER) return LK_DECIMAL_NOT_AN_INTEGER;
    if (f == FRACTION_HIGH) whole++;
    if (whole > LK_COUNT_MAX) return LK_DECIMAL_TOO_LARGE;
    *value = whole;
    return f == FRACTION_NONE ? LK_DECIMAL_EXACT : LK_DECIMAL_ROUNDED;
}

const char *lk_decimal_reason(lk_decimal result)
{
    switch (result) {
    case LK_DECIMAL_EXACT: return "exact";
    case LK_DECIMAL_ROUNDED: return "rounded";
    case LK_DECIMAL_NOT_A_NUMBER: return "not a number";
    case LK_DECIMAL_NEGATIVE: return "negative";
    case LK_DECIMAL_NOT_AN_INTEGER: return "not an integer";
    case LK_DECIMAL_TOO_LARGE: return "above 2^62";
    }
    return "unknown";
}
