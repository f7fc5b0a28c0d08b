/* test_stream.c - Philox against its authors' code; the normals against their true values,
 * against theory and against themselves as first released.
 *
 * Reference
 *   [1] Random123, tests/kat_vectors, rows "philox4x32 10"; Random123/philox.h.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Random123/philox.h>

#include "largek/stream.h"
#include "support/check.h"

static void philox_gives_the_published_answers(void **state)
{
    static const struct {
        uint64_t seed;
        lk_u32x4 counter, want;
    } row[] = {
        {0, {{0, 0, 0, 0}}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
        {UINT64_MAX,
         {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
         {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
        {0x299f31d0a4093822, /* digits of pi, as are the counter's */
         {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
         {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
    };
    (void)state;

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        const lk_u32x4 got = lk_philox4x32(row[i].seed, row[i].counter);

        assert_memory_equal(&got, &row[i].want, sizeof got);
    }
}

/* The address of a word, spelled out for the authors' own code. */
static void words_are_random123s_at_the_documented_counter(void **state)
{
    (void)state;

    for (uint64_t i = 0; i < 1000; i++) {
        const uint64_t seed = i * 0x9e3779b97f4a7c15u, item = seed >> 8;
        const uint64_t block = seed ^ (i << 33), s = ((i % 7) << 56) + item;
        const philox4x32_ctr_t counter = {{(uint32_t)block, (uint32_t)(block >> 32),
                                           (uint32_t)s, (uint32_t)(s >> 32)}};
        const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
        const philox4x32_ctr_t want = philox4x32(counter, key);
        const lk_u32x4 got = lk_words(seed, (lk_purpose)(i % 7), item, block);

        assert_memory_equal(got.w, want.v, sizeof got.w);
    }
}

/* Distance in units in the last place of the true value. */
static double ulps(float got, double want)
{
    int exponent;

    frexp(want, &exponent);
    return fabs((double)got - want) / ldexp(1.0, exponent - 24);
}

static void normals_are_within_four_ulp(void **state)
{
    FILE *file = fopen(LK_TEST_DATA "/normals.csv", "r");
    char line[256];
    size_t rows = 0;
    (void)state;

    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file)); /* the header */
    while (fgets(line, sizeof line, file) != NULL) {
        char *at = line;
        const uint32_t a = (uint32_t)strtoul(at, &at, 10);
        const uint32_t b = (uint32_t)strtoul(at + 1, &at, 10);
        const double sine = strtod(at + 1, &at), cosine = strtod(at + 1, &at);
        float z[2];

        lk_normal2(a, b, z);
        assert_true(ulps(z[0], sine) <= 4.0);
        assert_true(ulps(z[1], cosine) <= 4.0);
        rows++;
    }
    fclose(file);
    assert_true(rows > 500);
}

/* Released once, kept for good: words of seed 1, items 0 and up, as bits. */
static void first_thousand_normals_never_change(void **state)
{
    FILE *file = fopen(LK_TEST_DATA "/stream_v1_normals.txt", "r");
    (void)state;

    assert_non_null(file);
    for (uint64_t i = 0; i < 250; i++) {
        float z[4];

        lk_normal4(lk_words(1, LK_PURPOSE_LATENT, i / 50, i % 50), z);
        for (int k = 0; k < 4; k++) {
            char line[32];

            assert_non_null(fgets(line, sizeof line, file));
            assert_int_equal(lk_bits_of_float(z[k]), strtoul(line, NULL, 16));
        }
    }
    fclose(file);
}

/* 400,000 normals; each check fails a sound generator once in 1.7 million seeds. */
static void normals_have_the_moments_of_a_normal(void **state)
{
    enum { BLOCKS = 100000 };
    const double n = 4.0 * BLOCKS;
    double m1 = 0.0, m2 = 0.0, m3 = 0.0, m4 = 0.0, cross = 0.0, beyond = 0.0;
    (void)state;

    for (uint64_t block = 0; block < BLOCKS; block++) {
        float z[4];

        lk_normal4(lk_words(20240601, LK_PURPOSE_LATENT, 3, block), z);
        for (int i = 0; i < 4; i++) {
            const double x = (double)z[i], s = x * x;

            m1 += x / n;
            m2 += s / n;
            m3 += s * x / n;
            m4 += s * s / n;
            cross += x * (double)z[(i + 1) % 4] / n;
            beyond += (fabs(x) > 3.0) / n;
        }
    }
    const double tail = erfc(3.0 / sqrt(2.0));

    check_mean(m1, 0.0, sqrt(1.0 / n));   /* Var z   = 1                       */
    check_mean(m2, 1.0, sqrt(2.0 / n));   /* Var z^2 = 3 - 1                   */
    check_mean(m3, 0.0, sqrt(15. / n));   /* Var z^3 = 15                      */
    check_mean(m4, 3.0, sqrt(96. / n));   /* Var z^4 = 105 - 9                 */
    check_mean(cross, 0.0, sqrt(1. / n)); /* neighbours are independent        */
    check_mean(beyond, tail, sqrt(tail * (1.0 - tail) / n));
}

/* The radius is 2 chi-square in disguise: u = exp(-r^2/2) must be uniform, here in 64
 * bins of equal chance; chi-square with 63 degrees exceeds 140 with chance 8e-8. */
static void radii_are_spread_as_they_should_be(void **state)
{
    enum { BINS = 64, DRAWS = 200000 };
    double count[BINS] = {0}, chi2 = 0.0;
    (void)state;

    for (uint64_t i = 0; i < DRAWS; i++) {
        float z[2];
        const lk_u32x4 w = lk_words(7, LK_PURPOSE_LATENT, 1, i);

        lk_normal2(w.w[0], w.w[1], z);
        const double u =
            exp(-0.5 * ((double)z[0] * (double)z[0] + (double)z[1] * (double)z[1]));
        count[(int)fmin(u * BINS, BINS - 1)] += 1.0;
    }
    for (int b = 0; b < BINS; b++) {
        const double want = (double)DRAWS / BINS;

        chi2 += (count[b] - want) * (count[b] - want) / want;
    }
    assert_true(chi2 < 140.0);
}

static void normals_reach_the_documented_tail_and_no_further(void **state)
{
    float z[2];
    (void)state;

    lk_normal2(0, 0x3fffffffu, z); /* the smallest u, near a quarter turn: sine 1 */
    check_rel((double)z[0], sqrt(66.0 * log(2.0)), 3e-7);
    lk_normal2(UINT32_MAX, 0, z); /* the largest u: sqrt(2 * 2^-33) at angle 0   */
    check_rel((double)z[1], 0x1p-16, 3e-7);
}

static void addresses_end_where_they_are_said_to(void **state)
{
    (void)state;
    assert_true(lk_blocks(1) == 1 && lk_blocks(4) == 1 && lk_blocks(20) == 5);
    assert_true(lk_attempts_max(16) == UINT64_C(1) << 62);
    assert_true(lk_attempts_max(20) == UINT64_MAX / 5);
    assert_true(lk_attempts_max(20) * 5 > UINT64_MAX - 5); /* no sooner than need be */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_answers),
        cmocka_unit_test(words_are_random123s_at_the_documented_counter),
        cmocka_unit_test(normals_are_within_four_ulp),
        cmocka_unit_test(first_thousand_normals_never_change),
        cmocka_unit_test(normals_have_the_moments_of_a_normal),
        cmocka_unit_test(radii_are_spread_as_they_should_be),
        cmocka_unit_test(normals_reach_the_documented_tail_and_no_further),
        cmocka_unit_test(addresses_end_where_they_are_said_to),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
