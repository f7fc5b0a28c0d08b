/* largek/canonical.h - the functions of the canonical score, in double.
 *
 * What a draw scores is defined by these, not by anybody's libm: they use only IEEE
 * operations with one rounding (+, -, *, /, fma), so every compiler and device gives the
 * same bits.  No product here is followed by a sum that a compiler could contract.
 *
 * Relative errors, held by tests/test_canonical.c:
 *
 *     exp 2e-16, expm1 3e-16, sigmoid and silu 4e-16, tanh 5e-16    |x| <= 700
 *     erfc 2e-14 for |x| <= 8, and 7e-14 up to 26
 *     gelu 2e-14 for |x| <= 8, and 3e-13 down to -37
 *
 * The last two lose digits where x^2 is rounded before e^(-x^2): far out, where they
 * are small.
 *
 * This header is C11, C++17 and CUDA at once.
 */
#ifndef LK_CANONICAL_H
#define LK_CANONICAL_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "largek/stream.h" /* LK_HD */

typedef enum {
    LK_IDENTITY = 0,
    LK_RELU,
    LK_TANH,
    LK_SIGMOID,
    LK_SILU,
    LK_GELU, /* x Phi(x), not its tanh approximation */
    LK_ACTIVATIONS
} lk_activation;

/* e^x = 2^k (1 + p), k an integer, |log(1 + p)| <= ln(2)/2; x is cut to [-708, 708], and
 * NaN comes out as p. */
typedef struct {
    double scale; /* 2^k */
    double p;
} lk_exp_parts;

static inline LK_HD lk_exp_parts lk_exp_split(double x)
{
    const double shift = 0x1.8p52; /* adding it rounds to an integer */
    const double low = x < -708.0 ? -708.0 : x;
    const double cut = low > 708.0 ? 708.0 : low;
    const double t = fma(cut, 0x1.71547652b82fep+0 /* 1 / ln 2 */, shift);
    const double k = t - shift;
    double r = fma(k, -0x1.62e42fefa39efp-1, cut); /* ln 2, high and low part */
    double p = 0x1.6124613a86d09p-33;              /* 1 / 13!                 */
    lk_exp_parts parts;
    uint64_t bits;

    r = fma(k, -0x1.abc9e3b39803fp-56, r);
    p = fma(p, r, 0x1.1eed8eff8d898p-29); /* 1 / 12! */
    p = fma(p, r, 0x1.ae64567f544e4p-26);
    p = fma(p, r, 0x1.27e4fb7789f5cp-22);
    p = fma(p, r, 0x1.71de3a556c734p-19);
    p = fma(p, r, 0x1.a01a01a01a01ap-16);
    p = fma(p, r, 0x1.a01a01a01a01ap-13);
    p = fma(p, r, 0x1.6c16c16c16c17p-10);
    p = fma(p, r, 0x1.1111111111111p-7);
    p = fma(p, r, 0x1.5555555555555p-5);
    p = fma(p, r, 0x1.5555555555555p-3);
    p = fma(p, r, 0.5);
    parts.p = fma(r * r, p, r);

    memcpy(&bits, &t, sizeof bits); /* its low bits hold k */
    bits = (bits + 1023) << 52;
    memcpy(&parts.scale, &bits, sizeof bits);
    return parts;
}

/* e^x, cut to [e^-708, e^708]. */
static inline LK_HD double lk_exp(double x)
{
    const lk_exp_parts e = lk_exp_split(x);

    return fma(e.scale, e.p, e.scale);
}

/* e^x - 1, cut alike. */
static inline LK_HD double lk_expm1(double x)
{
    const lk_exp_parts e = lk_exp_split(x);

    return fma(e.scale, e.p, e.scale - 1.0);
}

static inline LK_HD double lk_sigmoid(double x)
{
    return 1.0 / (1.0 + lk_exp(-x));
}

static inline LK_HD double lk_tanh(double x)
{
    const double e = lk_expm1(2.0 * x);

    return e / (e + 2.0);
}

/* 1 - erf(x).  Up to 1.5 by erf(x) = 2/sqrt(pi) e^(-x^2) sum 2^n x^(2n+1)/(2n+1)!!, all
 * terms positive; from there on by Laplace's continued fraction. */
static inline LK_HD double lk_erfc(double x)
{
    const double a = x < 0.0 ? -x : x;
    const double gauss = 0x1.20dd750429b6dp+0 /* 2 / sqrt(pi) */ * lk_exp(-(a * a));
    double s;

    if (a < 1.5) {
        const double y = 2.0 * a * a;

        s = 1.0;
        for (int n = 32; n >= 1; n--) s = fma(s, y / (double)(2 * n + 1), 1.0);
        return fma(x < 0.0 ? gauss * a : -(gauss * a), s, 1.0);
    }
    s = a;
    for (int n = 100; n >= 1; n--) s = a + (double)n / (2.0 * s);
    s = gauss / (2.0 * s);
    return x < 0.0 ? 2.0 - s : s;
}

static inline LK_HD double lk_gelu(double x)
{
    return 0.5 * x * lk_erfc(x * -0x1.6a09e667f3bcdp-1 /* -sqrt(1/2) */);
}

static inline LK_HD double lk_activate(lk_activation activation, double x)
{
    switch (activation) {
    case LK_RELU: return x < 0.0 ? 0.0 : x;
    case LK_TANH: return lk_tanh(x);
    case LK_SIGMOID: return lk_sigmoid(x);
    case LK_SILU: return x * lk_sigmoid(x);
    case LK_GELU: return lk_gelu(x);
    default: return x;
    }
}

#ifdef __cplusplus
extern "C" {
#endif

/* "relu"; never NULL. */
const char *lk_activation_name(lk_activation activation);

/* The activation of that name, or LK_ACTIVATIONS where there is none. */
lk_activation lk_activation_find(const char *name);

#ifdef __cplusplus
}
#endif

#endif /* LK_CANONICAL_H */
