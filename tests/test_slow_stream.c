/* test_slow_stream.c - the accuracy of the normals over every 32-bit word.
 *
 * Radius and angle are held to double-precision truth, whose own error (2^-50) does not
 * count.  Their largest relative errors and the product's one rounding add up to the bound
 * for every pair of words: 3.6 * 2^-24 is at most 3.6 ulp.
 */
#include <math.h>
#include <stdio.h>

#include "largek/stream.h"
#include "support/check.h"

static double radius_error(uint32_t w)
{
    /* log1p where u is near 1: u itself has no more digits to give there. */
    const double log_u = w >> 31 ? log1p(-((double)~w + 0.5) * 0x1p-32)
                                 : log(((double)w + 0.5) * 0x1p-32);
    const lk_radius r = lk_normal_radius(w);

    return fabs(((double)r.high + (double)r.low) / sqrt(-2.0 * log_u) - 1.0);
}

static double angle_error(uint32_t w)
{
    const uint32_t quarter = (w + 0x20000000u) >> 30;
    const double turn = (double)(int32_t)(w - (quarter << 30)) + 0.5;
    const double x = turn * 0x1p-30 * 1.57079632679489661923;
    const double s = sin(x), c = cos(x);
    const double sines[4] = {s, c, -s, -c}, cosines[4] = {c, -s, -c, s};
    float z[2];

    lk_normal_angle(w, z);
    return fmax(fabs((double)z[0] / sines[quarter & 3] - 1.0),
                fabs((double)z[1] / cosines[quarter & 3] - 1.0));
}

static void every_word_is_within_the_bound(void **state)
{
    double radius = 0.0, angle = 0.0;
    (void)state;

#pragma omp parallel for reduction(max : radius, angle) schedule(dynamic, 16)
    for (int64_t high = 0; high < 65536; high++) {
        for (uint32_t low = 0; low < 65536; low++) {
            const uint32_t w = (uint32_t)high << 16 | low;

            radius = fmax(radius, radius_error(w));
            angle = fmax(angle, angle_error(w));
        }
    }
    printf("radius %.3f, angle %.3f (units of 2^-24)\n", radius * 0x1p24,
           angle * 0x1p24);
    assert_true(radius <= 1.30 * 0x1p-24); /* as largek/stream.h says */
    assert_true(radius + angle + 0x1p-24 <= 3.6 * 0x1p-24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_is_within_the_bound)};

    return cmocka_run_group_tests_name("slow_stream", tests, NULL, NULL);
}
