/* test_curand.cpp - our stream against cuRAND's device generator, compiled for the host.
 *
 * curand_kernel.h needs no GPU: its Philox is plain arithmetic.  Words must be equal;
 * normals agree to what cuRAND's own logarithm, sine and cosine are good for.
 */
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <cuda_runtime.h>

#include <curand_kernel.h>

#include "largek/backend.h"

static int failures = 0;

static void expect(bool good, const char *what, unsigned long long i)
{
    if (good) return;
    std::fprintf(stderr, "test_curand: %s differs at case %llu\n", what, i);
    failures++;
}

int main()
{
    enum { CASES = 20000 };
    double worst = 0.0;

    for (unsigned long long i = 0; i < CASES; i++) {
        const lk_u32x4 pick = lk_words(99, LK_PURPOSE_AUDIT, 0, i);
        const uint64_t seed = (uint64_t)pick.w[0] << 32 | pick.w[1];
        const uint64_t item = i % 400, blocks = lk_blocks(20);
        const uint64_t attempt = i % 3 == 0 ? i : ((uint64_t)pick.w[2] << 24) + i;
        const uint64_t q = attempt * blocks + i % blocks;
        const lk_purpose purpose = (lk_purpose)(i % 7);
        const uint64_t sequence = ((uint64_t)purpose << 56) + item;
        curandStatePhilox4_32_10_t state;

        curand_init(seed, sequence, 4 * q, &state);
        const uint4 want = curand4(&state);
        const lk_u32x4 got = lk_words(seed, purpose, item, q);
        expect(got.w[0] == want.x && got.w[1] == want.y && got.w[2] == want.z &&
                   got.w[3] == want.w,
               "a word", i);

        curand_init(seed, sequence, 4 * q, &state);
        const float4 theirs = curand_normal4(&state);
        const float reference[4] = {theirs.x, theirs.y, theirs.z, theirs.w};
        float ours[4];

        lk_normal4(got, ours);
        for (int k = 0; k < 4; k++) {
            worst = std::fmax(worst, std::fabs((double)ours[k] - (double)reference[k]));
        }
    }
    /* cuRAND rounds u and the angle to float first: u near 1 loses 2^-25 of log u. */
    expect(worst < 1e-4, "a normal (beyond rounding)", CASES);
    std::printf("%d cases: words equal to cuRAND's; normals within %.2g\n", CASES,
                worst);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
