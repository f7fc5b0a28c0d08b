/* rare_sums.c - from weights to an estimate, its error and what speaks against it.
 *
 * With N draws, share a_k = N_k / N of them from part k, and v = w 1{hit}:
 *
 *     p = sum over all v / N,     Var p = sum_k a_k var_k / N
 *
 * var_k the variance of v within part k: shares are fixed, so what parts differ by is no
 * error [largek/rare.h: 4].  Sums run in the order of the draws.
 */
#include <math.h>

#include "engine/rare.h"
#include "largek/canonical.h"

static void add_draw(lk_sums *sums, const lk_batch *batch, size_t j, size_t part,
                     size_t slice)
{
    const double w = lk_exp(-batch->top_of[j] - sums->log_scale) / batch->sum_of[j];

    sums->sum[part] += w;
    sums->square[part] += w * w;
    sums->slice[slice] += w;
    sums->largest = fmax(sums->largest, w);
    sums->hits++;
}

void lk_sums_add(lk_sums *sums, const lk_batch *batch, const lk_mixture *mixture,
                 uint64_t first_unit)
{
    const size_t units = batch->count / LK_RARE_UNIT;

    for (size_t u = 0; u < units; u++) {
        const size_t slice = (size_t)((first_unit + u) % LK_RARE_SLICES);

        sums->slice_units[slice]++;
        for (size_t i = 0; i < LK_RARE_UNIT; i++) {
            const size_t j = u * LK_RARE_UNIT + i;

            if (!batch->hit[j]) continue;
            add_draw(sums, batch, j, mixture->part[i / LK_RARE_LANES], slice);
        }
    }
    sums->units += units;
}

/* The upper tail of chi-square with 9 degrees of freedom. */
static double chi_square_9(double x)
{
    const double h = 0.5 * x, r = sqrt(h);
    double term = r, sum = 0.0;

    /* Q(9/2, h) = erfc(sqrt h) + e^-h sum_{i=0}^{3} h^(i+1/2) / Gamma(i + 3/2) */
    for (int i = 0; i < 4; i++) {
        term = i == 0 ? r / 0x1.c5bf891b4ef6bp-1 : term * h / (i + 0.5);
        sum += term;
    }
    return fmin(1.0, lk_erfc(r) + lk_exp(-h) * sum);
}

static double stability(const lk_sums *sums, double mean, double variance)
{
    double x = 0.0;

    for (size_t s = 0; s < LK_RARE_SLICES; s++) {
        if (sums->slice_units[s] == 0) return 1.0; /* too few draws to say */
        const double share = (double)sums->slice_units[s] / (double)sums->units;
        const double off =
            sums->slice[s] / ((double)sums->slice_units[s] * LK_RARE_UNIT) - mean;

        x += off * off * share / variance;
    }
    return chi_square_9(x);
}

void lk_sums_finish(const lk_sums *sums, const lk_mixture *mixture,
                    lk_rare_estimate *out)
{
    const double draws = (double)sums->units * LK_RARE_UNIT;
    double total = 0.0, square = 0.0, variance = 0.0;

    out->draws = sums->units * LK_RARE_UNIT;
    out->hits = sums->hits;
    for (size_t k = 0; k < 1 + 2 * mixture->modes; k++) {
        const double n = (double)sums->units * mixture->groups[k] * LK_RARE_LANES;

        total += sums->sum[k];
        square += sums->square[k];
        if (n < 2.0) continue;
        variance += n / draws *
                    fmax(sums->square[k] - sums->sum[k] * sums->sum[k] / n, 0.0) /
                    (n - 1.0);
    }
    if (!(total > 0.0)) {
        out->log_p = out->rel_error = NAN;
        return;
    }
    const double mean = total / draws;

    variance /= draws;
    out->log_p = sums->log_scale + log(mean);
    out->rel_error = sqrt(variance) / mean;
    out->ess = total * total / square;
    out->largest_share = sums->largest / total;
    out->stability = variance > 0.0 ? stability(sums, mean, variance) : 1.0;
}
