/* number.c - single numbers: counts, reals, durations. */
#include "cli/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The digits of a count, as mantissa * 10^exponent. */
typedef struct {
    uint64_t mantissa;
    long exponent;
    bool any, overflow;
} decimal;

static void take_digit(decimal *d, char digit)
{
    const uint64_t value = (uint64_t)(digit - '0');

    d->any = true;
    if (d->mantissa > (UINT64_MAX - value) / 10) {
        d->overflow = true;
    } else {
        d->mantissa = d->mantissa * 10 + value;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Trailing zeros of a fraction are left out, for they could overflow the mantissa. */
static const char *take_decimal(const char *at, decimal *d)
{
    while (is_digit(*at)) take_digit(d, *at++);
    if (*at != '.') return at;

    const char *last = ++at;
    for (const char *p = at; is_digit(*p); p++) {
        if (*p != '0') last = p + 1;
    }
    for (; is_digit(*at); at++) {
        d->any = true;
        if (at >= last) continue;
        take_digit(d, *at);
        d->exponent--;
    }
    return at;
}

static long suffix_exponent(char c)
{
    switch (c) {
    case 'k':
    case 'K': return 3;
    case 'M': return 6;
    case 'G': return 9;
    case 'T': return 12;
    default: return 0;
    }
}

/* [e[+-]digits] and then a suffix. */
static const char *take_exponent(const char *at, decimal *d)
{
    if ((*at == 'e' || *at == 'E') &&
        (is_digit(at[1]) || ((at[1] == '+' || at[1] == '-') && is_digit(at[2])))) {
        char *end = NULL;
        const long e = strtol(at + 1, &end, 10);

        d->exponent += e > 1000 ? 1000 : e < -1000 ? -1000 : e;
        at = end;
    }
    if (suffix_exponent(*at) != 0) d->exponent += suffix_exponent(*at++);
    return at;
}

static lk_status too_large(const char *text, uint64_t limit, lk_error *err)
{
    return LK_FAIL(err, LK_E_ARG, "'%s' is more than %s", text,
                   limit == LK_COUNT_MAX ? "2^62" : "2^64 - 1");
}

static lk_status scale_decimal(const char *text, const decimal *d, uint64_t limit,
                               uint64_t *out, lk_error *err)
{
    uint64_t value = d->mantissa;

    if (d->overflow) return too_large(text, limit, err);
    for (long e = d->exponent; e < 0 && value != 0; e++) {
        if (value % 10 != 0) {
            return LK_FAIL(err, LK_E_ARG, "'%s' is not a whole number", text);
        }
        value /= 10;
    }
    for (long e = d->exponent; e > 0 && value != 0; e--) {
        if (value > limit / 10) return too_large(text, limit, err);
        value *= 10;
    }
    if (value > limit) return too_large(text, limit, err);
    *out = value;
    return LK_OK;
}

/* base^exponent, both whole. */
static lk_status parse_power(const char *text, const char *caret, uint64_t limit,
                             uint64_t *out, lk_error *err)
{
    decimal base = {0}, power = {0};
    const char *end = take_decimal(text, &base);
    uint64_t value = 1;

    if (end != caret || !base.any || base.exponent != 0 ||
        *take_decimal(caret + 1, &power) != '\0' || !power.any || power.exponent != 0) {
        return LK_FAIL(err, LK_E_ARG, "'%s' is not a power such as 2^30", text);
    }
    if (base.overflow || power.overflow) return too_large(text, limit, err);
    if (power.mantissa > 64 && base.mantissa > 1) return too_large(text, limit, err);
    if (base.mantissa <= 1 && power.mantissa > 1) power.mantissa = 1;
    for (uint64_t i = 0; i < power.mantissa; i++) {
        if (base.mantissa != 0 && value > limit / base.mantissa) {
            return too_large(text, limit, err);
        }
        value *= base.mantissa;
    }
    *out = value;
    return LK_OK;
}

lk_status lk_parse_count(const char *text, uint64_t limit, uint64_t *out, lk_error *err)
{
    const char *caret = strchr(text, '^');
    decimal d = {0};

    if (text[0] == '\0') return LK_FAIL(err, LK_E_ARG, "the number is empty");
    if (text[0] == '-') return LK_FAIL(err, LK_E_ARG, "'%s' is negative", text);
    if (caret != NULL) return parse_power(text, caret, limit, out, err);

    const char *end = take_exponent(take_decimal(text, &d), &d);
    if (!d.any || *end != '\0') {
        if (d.any && *end == '_') {
            return LK_FAIL(err, LK_E_ARG,
                           "'%s': digits are not grouped; write 1000000, 1e6 or 1M",
                           text);
        }
        return LK_FAIL(err, LK_E_ARG,
                       "'%s' is not a count (such as 400, 1e9, 2^30, 10M)", text);
    }
    return scale_decimal(text, &d, limit, out, err);
}

lk_status lk_parse_real(const char *text, double *out, lk_error *err)
{
    char *end = NULL;

    /* strtod also takes white space, hexadecimals, "inf" and "nan". */
    if (text[0] == '\0') return LK_FAIL(err, LK_E_ARG, "the number is empty");
    if (strspn(text, "0123456789.eE+-") != strlen(text)) {
        return LK_FAIL(err, LK_E_ARG, "'%s' is not a number (such as 0.004, 1e-3)",
                       text);
    }
    const double value = strtod(text, &end);
    if (*end != '\0' || end == text) {
        return LK_FAIL(err, LK_E_ARG, "'%s' is not a number (such as 0.004, 1e-3)",
                       text);
    }
    if (!isfinite(value)) {
        return LK_FAIL(err, LK_E_ARG, "'%s' is more than a double holds", text);
    }
    *out = value;
    return LK_OK;
}

lk_status lk_parse_duration(const char *text, double *out, lk_error *err)
{
    static const struct {
        char name;
        double seconds;
    } unit[] = {{'d', 86400.0}, {'h', 3600.0}, {'m', 60.0}, {'s', 1.0}};
    const char *at = text;
    size_t next = 0; /* units come in this order, each once */
    double total = 0.0;

    while (*at != '\0' && next < 4) {
        const size_t digits = strspn(at, "0123456789.");
        char *end = NULL;

        if (digits == 0) break;
        const double value = strtod(at, &end);
        if (end != at + digits) break;
        while (next < 4 && unit[next].name != *end) next++;
        if (next == 4) break;
        total += value * unit[next++].seconds;
        at = end + 1;
    }
    if (*at != '\0' || at == text) {
        return LK_FAIL(err, LK_E_ARG, "'%s' is not a duration (such as 30s, 3h55m, 2d)",
                       text);
    }
    if (!(total > 0.0) || !isfinite(total)) {
        return LK_FAIL(err, LK_E_ARG, "'%s' is no time at all", text);
    }
    *out = total;
    return LK_OK;
}
