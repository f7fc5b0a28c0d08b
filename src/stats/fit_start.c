/* fit_start.c - where fits begin: moments of the counts. */
#include <math.h>
#include <string.h>

#include "stats/fit_parts.h"

enum { BANDS = 16 };

double lk_fit_scale_rule(const lk_tallied *counts)
{
    const double problems = (double)counts->problems;
    double most = 0.0;

    for (size_t i = 0; i < counts->count; i++) {
        most = fmax(most, counts->c[i] / counts->n[i]);
    }
    return fmin(1.0, (problems + 1.0) / problems * most);
}

/* Mean of c/n, and its variance beyond that of binomial counts, from the counts whose c/n
 * is in (above, up_to]. */
typedef struct {
    double weight, mean, variance;
} moments;

static moments moments_of(const lk_tallied *counts, double above, double up_to)
{
    double weight = 0.0, sum = 0.0, square = 0.0, noise = 0.0;

    for (size_t i = 0; i < counts->count; i++) {
        const double rate = counts->c[i] / counts->n[i], w = counts->times[i];

        if (!(rate > above && rate <= up_to)) continue;
        weight += w;
        sum += w * rate;
        square += w * rate * rate;
        noise += w * rate * (1.0 - rate) / fmax(counts->n[i] - 1.0, 1.0);
    }
    const double mean = sum / fmax(weight, 1.0);

    return (moments){weight, mean, (square - noise) / fmax(weight, 1.0) - mean * mean};
}

/* The Beta on (0, scale) of that mean and variance, inside reason. */
static void match(const moments *m, double scale, double *a, double *b)
{
    const double mean = fmin(fmax(m->mean / scale, 1e-9), 1.0 - 1e-9);
    const double variance =
        fmax(m->variance / (scale * scale), 1e-6 * mean * (1.0 - mean));
    const double size = fmin(fmax(mean * (1.0 - mean) / variance - 1.0, 1e-2), 1e6);

    *a = fmax(mean * size, 1e-3);
    *b = fmax((1.0 - mean) * size, 1e-3);
}

static double share_of_zero(const lk_tallied *counts)
{
    double zero = 0.0;

    for (size_t i = 0; i < counts->count; i++) {
        if (counts->c[i] == 0.0) zero += counts->times[i];
    }
    return zero / (double)counts->problems;
}

/* The rate that about a share of the problems lie at or below. */
static double rate_at(const lk_tallied *counts, double share)
{
    double lo = 0.0, hi = 1.0;

    for (int i = 0; i < 40; i++) {
        const double middle = 0.5 * (lo + hi);
        const moments below = moments_of(counts, -1.0, middle);

        if (below.weight < share * (double)counts->problems)
            lo = middle;
        else
            hi = middle;
    }
    return hi;
}

/* A band of rates apart from the others; false where either is empty. */
static bool start_band(const lk_tallied *counts, double above, double up_to, double t[])
{
    const moments band = moments_of(counts, above, up_to),
                  all = moments_of(counts, -1.0, 2.0);

    if (!(band.weight > 0.0 && band.weight < all.weight)) return false;
    t[0] = 1.0 - band.weight / all.weight;
    match(&all, 1.0, &t[1], &t[2]);
    match(&band, 1.0, &t[3], &t[4]);
    return true;
}

static bool start_split(const lk_tallied *counts, double at, double t[])
{
    const moments low = moments_of(counts, -1.0, at),
                  high = moments_of(counts, at, 2.0);

    if (!(low.weight > 0.0 && high.weight > 0.0)) return false;
    t[0] = low.weight / (low.weight + high.weight);
    match(&low, 1.0, &t[1], &t[2]);
    match(&high, 1.0, &t[3], &t[4]);
    return true;
}

/* A mixture has a peak for every split of the problems, and for every cluster of rates:
 * splits at quantiles, bands of an eighth of the problems, and one part three times
 * as sharp as the other. */
static size_t start_two(const lk_tallied *counts,
                        double start[LK_STARTS_MAX][LK_NEWTON_MAX])
{
    static const double share[] = {0.02, 0.05, 0.1,  0.25, 0.5,
                                   0.75, 0.9,  0.95, 0.98, 0.99};
    double edge[BANDS + 1] = {-1.0};
    size_t starts = 0;

    for (size_t i = 0; i < sizeof share / sizeof share[0]; i++)
        starts += start_split(counts, rate_at(counts, share[i]), start[starts]);
    for (size_t i = 1; i <= BANDS; i++)
        edge[i] = rate_at(counts, (double)i / (double)BANDS);
    for (size_t i = 0; i + 2 <= BANDS; i++)
        starts += start_band(counts, edge[i], edge[i + 2], start[starts]);
    const moments all = moments_of(counts, -1.0, 2.0);
    double *t = start[starts++];
    t[0] = 0.5;
    match(&all, 1.0, &t[1], &t[2]);
    t[3] = 3.0 * t[1], t[4] = 3.0 * t[2];
    return starts;
}

size_t lk_fit_starts(lk_model_kind model, const lk_tallied *counts, double scale,
                     double start[LK_STARTS_MAX][LK_NEWTON_MAX])
{
    static const double shape[] = {0.1, 0.3, 0.8, 2.0};
    const moments all = moments_of(counts, -1.0, 2.0);
    const double mean = fmin(fmax(all.mean / scale, 1e-9), 1.0 - 1e-9);
    size_t starts = 0;
    double a, b;

    if (model == LK_MODEL_TWO_BETA) return start_two(counts, start);
    match(&all, scale, &a, &b);
    for (int i = 0; i < 5; i++) {
        const double s = i == 0 ? a : shape[i - 1];
        double *t = start[starts++];

        t[0] = s;
        t[1] = i == 0 ? b : s * (1.0 - mean) / mean;
        t[2] = model == LK_MODEL_ZERO_INFLATED ? 0.5 * share_of_zero(counts) : scale;
        if (model == LK_MODEL_KUMARASWAMY || model == LK_MODEL_DISCRETISED_KUMARASWAMY)
            t[1] = fmin(t[1], 1.0 / s + 3.0);
    }
    if (model == LK_MODEL_SCALED_BETA || model == LK_MODEL_KUMARASWAMY) {
        double *t = start[starts++];

        match(&all, 1.0, &t[0], &t[1]);
        t[2] = 0.9;
    }
    return starts;
}
