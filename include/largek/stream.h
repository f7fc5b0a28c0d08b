/* largek/stream.h - stream version 1: every random number, by its address.
 *
 * Nothing here has state.  A number is a pure function of (seed, purpose, item, block),
 * the same on a CPU thread, a SIMD lane, a GPU or another machine, so a run can stop,
 * resume, split and merge without a trace.  For latents, item is the problem's place
 * i in its data set, and draw (i, j) of latent dimension L owns B = ceil(L/4) blocks:
 *
 *     key      w[0], w[1] of the seed, low word first
 *     counter  (q low, q high, s low, s high),  q = j*B + b,  s = purpose*2^56 + i
 *
 * The words are those of cuRAND's device generator: curand_init(seed, s, 4*q, &state),
 * curand4(&state).  The normals follow the pairing of curand_normal4 (sine, then
 * cosine), and agree with it to its own accuracy; unlike it they are equal to the last bit
 * on every device: logarithm, sine and cosine are polynomials of explicit fused
 * multiply-adds, and all else is an IEEE operation with one rounding.
 *
 * This header is C11, C++17 and CUDA at once.  It must not be compiled with fast-math,
 * flushing of subnormals or contraction of products that are not written as fmaf.
 *
 * References
 *   [1] J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random
 *       numbers: as easy as 1, 2, 3", SC'11 (2011); constants as in Random123.
 *   [2] G. E. P. Box, M. E. Muller, "A note on the generation of random normal
 *       deviates", Ann. Math. Statist. 29 (1958) 610-611.
 *   [3] NVIDIA, cuRAND library, device API, curand_kernel.h.
 */
#ifndef LK_STREAM_H
#define LK_STREAM_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __CUDACC__
#define LK_HD __host__ __device__
#else
#define LK_HD
#endif

#define LK_STREAM_VERSION 1

/* In place of a version: draws of a library's own generator, which are a function of
 * nothing that a result could name. */
#define LK_STREAM_NONE 0

typedef struct {
    uint32_t w[4];
} lk_u32x4;

/* Never renumber: a purpose is part of every recorded result. */
typedef enum {
    LK_PURPOSE_LATENT = 0,    /* latent draws                       */
    LK_PURPOSE_PROPOSAL = 1,  /* importance-sampling proposals      */
    LK_PURPOSE_WEIGHTS = 2,   /* initial weights                    */
    LK_PURPOSE_SHUFFLE = 3,   /* the order of the training set      */
    LK_PURPOSE_TRAINING = 4,  /* noise of the reparameterisation    */
    LK_PURPOSE_BOOTSTRAP = 5, /* resampling in the statistics       */
    LK_PURPOSE_AUDIT = 6      /* which draws are scored twice       */
} lk_purpose;

/* The largest item an address has room for, and the largest block. */
#define LK_ITEM_MAX ((UINT64_C(1) << 56) - 1)

/* Four uniform 32-bit words: ten rounds of a keyed bijection of the counter.  [1] */
static inline LK_HD lk_u32x4 lk_philox4x32(uint64_t seed, lk_u32x4 counter)
{
    uint32_t key0 = (uint32_t)seed;
    uint32_t key1 = (uint32_t)(seed >> 32);
    lk_u32x4 x = counter;

    for (int round = 0; round < 10; round++) {
        const uint64_t a = (uint64_t)0xD2511F53u * x.w[0];
        const uint64_t b = (uint64_t)0xCD9E8D57u * x.w[2];

        x.w[0] = (uint32_t)(b >> 32) ^ x.w[1] ^ key0;
        x.w[1] = (uint32_t)b;
        x.w[2] = (uint32_t)(a >> 32) ^ x.w[3] ^ key1;
        x.w[3] = (uint32_t)a;
        key0 += 0x9E3779B9u; /* the golden ratio */
        key1 += 0xBB67AE85u; /* sqrt(3) - 1      */
    }
    return x;
}

/* The four words at an address; item <= LK_ITEM_MAX. */
static inline LK_HD lk_u32x4 lk_words(uint64_t seed, lk_purpose purpose, uint64_t item,
                                      uint64_t block)
{
    const uint64_t sequence = ((uint64_t)purpose << 56) + item;
    lk_u32x4 counter;

    counter.w[0] = (uint32_t)block;
    counter.w[1] = (uint32_t)(block >> 32);
    counter.w[2] = (uint32_t)sequence;
    counter.w[3] = (uint32_t)(sequence >> 32);
    return lk_philox4x32(seed, counter);
}

/* Blocks of a draw of latent dimension L. */
static inline LK_HD uint64_t lk_blocks(uint64_t latent)
{
    return (latent + 3) / 4;
}

/* Attempts 0 .. lk_attempts_max(L) - 1 have addresses: all of 2^62 for L <= 16, and
 * as many as the 2^64 blocks of an item hold for larger L. */
static inline LK_HD uint64_t lk_attempts_max(uint64_t latent)
{
    const uint64_t blocks = lk_blocks(latent);
    const uint64_t most = UINT64_C(1) << 62;

    return blocks <= 4 ? most : UINT64_MAX / blocks;
}

static inline LK_HD float lk_float_of_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline LK_HD uint32_t lk_bits_of_float(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* w + 1/2 with one rounding.  Both halves convert exactly. */
static inline LK_HD float lk_word_plus_half(uint32_t w)
{
    return fmaf((float)(int32_t)(w >> 16), 65536.0f,
                (float)(int32_t)(w & 0xffffu) + 0.5f);
}

/* sqrt(-2 log u) of u = (w + 1/2) 2^-32, from 6.76 at w = 0 to 1.5e-5 at w = 2^32 - 1,
 * as a float and what that rounds away: the true value is high + low to 1.3 * 2^-24,
 * relatively.
 *
 * u = 2^(e-32) (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), and for e = 32 (u near 1) f is
 * taken from 1 - u, which the word gives exactly, so that no digit is lost there.
 * Coefficients: scripts/stream_coefficients.py. */
typedef struct {
    float high, low;
} lk_radius;

static inline LK_HD lk_radius lk_normal_radius(uint32_t w)
{
    const float ln2 = 0x1.62e430p-1f;  /* right to 2^-28 */
    const uint32_t root = 0x3f3504f3u; /* sqrt(1/2)     */
    const uint32_t bits = lk_bits_of_float(lk_word_plus_half(w)) - root;
    const int32_t e = (int32_t)bits >> 23;
    const float m = lk_float_of_bits((bits & 0x007fffffu) + root);
    const float below_one = lk_word_plus_half(~w) * -0x1p-32f;
    const float f = e == 32 ? below_one : m - 1.0f;
    const float k = (float)(e - 32);
    float p = 0x1.b37be4p-5f;
    lk_radius r;

    p = fmaf(p, f, -0x1.9ffe2cp-4f);
    p = fmaf(p, f, 0x1.9b83bap-4f);
    p = fmaf(p, f, -0x1.924a66p-4f);
    p = fmaf(p, f, 0x1.c2720ep-4f);
    p = fmaf(p, f, -0x1.002ad0p-3f);
    p = fmaf(p, f, 0x1.24b280p-3f);
    p = fmaf(p, f, -0x1.555506p-3f);
    p = fmaf(p, f, 0x1.9998e0p-3f);
    p = fmaf(p, f, -0x1.fffffep-3f);
    p = fmaf(p, f, 0x1.555556p-2f);
    p = fmaf(p, f, -0.5f);
    p = (f * f) * p; /* log(1 + f) - f */

    /* log u = k ln 2 + f + p, its rounding kept in `lost`. */
    const float most = fmaf(k, ln2, f);
    const float log_u = most + p;
    const float lost = (fmaf(k, ln2, -most) + f) + ((most - log_u) + p);
    const float square = -2.0f * log_u;

    r.high = sqrtf(square);
    r.low = fmaf(-2.0f, lost, fmaf(-r.high, r.high, square)) / (2.0f * r.high);
    return r;
}

/* Sine and cosine of the angle 2 pi (w + 1/2) 2^-32: z[0] sine, z[1] cosine.
 *
 * The word's nearest quarter turn comes off in integers, exactly; x + x_low in (-1/2, 1/2)
 * is what is left, in quarter turns.  Coefficients: scripts/stream_coefficients.py. */
static inline LK_HD void lk_normal_angle(uint32_t w, float z[2])
{
    const uint32_t quarter = (w + 0x20000000u) >> 30;
    const int32_t rest = 2 * (int32_t)(w - (quarter << 30)) + 1;
    const float whole = (float)rest;
    const float x = whole * 0x1p-31f;
    const float x_low = (float)(rest - (int32_t)whole) * 0x1p-31f;
    const float y = fmaf(x, x, (x + x) * x_low);
    float s = 0x1.443a9ap-13f, c = 0x1.d4f7eep-11f;

    s = fmaf(s, y, -0x1.32adaap-8f);
    s = fmaf(s, y, 0x1.466b78p-4f);
    s = fmaf(s, y, -0x1.4abbcep-1f);
    s = fmaf(x, -0x1.777a5cp-25f, x * y * s); /* the low part of pi/2 */
    s = fmaf(x_low, 0x1.921fb6p+0f, s);
    s = fmaf(x, 0x1.921fb6p+0f, s);

    c = fmaf(c, y, -0x1.55b2b6p-6f);
    c = fmaf(c, y, 0x1.03c1b0p-2f);
    c = fmaf(c, y, -0x1.3bd3ccp+0f);
    c = fmaf(c, y, 1.0f);

    const uint32_t swap = 0u - (quarter & 1u); /* all ones in odd quarters */
    const uint32_t a = lk_bits_of_float(s), b = lk_bits_of_float(c);
    const uint32_t other = (a ^ b) & swap;

    z[0] = lk_float_of_bits((a ^ other) ^ (quarter & 2u) << 30);
    z[1] = lk_float_of_bits((b ^ other) ^ ((quarter + 1u) & 2u) << 30);
}

/* Two independent standard normals from two words.  [2]
 *
 * Each is within 3.6 * 2^-24 of its true value, relatively, so within 4 ulp.  |z| <= sqrt(66 ln 2) = 6.77; a true normal
 * lies beyond that with chance 1.3e-11.  Whoever samples events as rare as that must shift
 * the proposal, not wait for a tail that is not there. */
static inline LK_HD void lk_normal2(uint32_t word_radius, uint32_t word_angle,
                                    float z[2])
{
    const lk_radius r = lk_normal_radius(word_radius);

    lk_normal_angle(word_angle, z);
    z[0] = fmaf(r.high, z[0], r.low * z[0]);
    z[1] = fmaf(r.high, z[1], r.low * z[1]);
}

/* The four normals of a block. */
static inline LK_HD void lk_normal4(lk_u32x4 words, float z[4])
{
    lk_normal2(words.w[0], words.w[1], z);
    lk_normal2(words.w[2], words.w[3], z + 2);
}

#endif /* LK_STREAM_H */
