/* rare_refit.c - one step of cross-entropy: a mixture fitted to weighted draws.
 *
 * Each hit has the weight phi / q, and each mode a part of it by its density there; mean and
 * covariance are weighted moments [largek/rare.h: 1], drawn towards what they were by as
 * many draws as there are dimensions, so that few hits move little and no matrix collapses.
 * Where a handful of hits has nearly all the weight, weights are raised to a power below
 * one [1] that lets TELLING hits a dimension count: the fit then goes part of the way.
 *
 * Reference
 *   [1] E. Koblents, J. Miguez, "A population Monte Carlo scheme with transformed weights",
 *       Stat. Comput. 25 (2015) 407-425.
 */
#include <math.h>
#include <string.h>

#include "engine/rare.h"
#include "largek/canonical.h"

static const double telling = 2.0;

/* Sums over the hits of one mode. */
typedef struct {
    double mass, square;
    double *sum;   /* [L]    */
    double *outer; /* [L][L] about the old mean */
} moments;

/* Log weights of the hits into batch->order, the largest 0; returns how many. */
static size_t log_weights(const lk_batch *batch)
{
    double high = -INFINITY;
    size_t hits = 0;

    for (size_t j = 0; j < batch->count; j++) {
        if (!batch->hit[j]) continue;
        const double w = -batch->top_of[j] - log(batch->sum_of[j]);

        batch->order[hits++] = w;
        high = fmax(high, w);
    }
    for (size_t i = 0; i < hits; i++) batch->order[i] -= high;
    return hits;
}

/* (sum w)^2 / sum w^2 of weights to a power. */
static double effective(const lk_batch *batch, size_t hits, double power)
{
    double sum = 0.0, square = 0.0;

    for (size_t i = 0; i < hits; i++) {
        const double w = lk_exp(power * batch->order[i]);

        sum += w;
        square += w * w;
    }
    return sum * sum / square;
}

/* The largest power up to 1 that leaves that many effective hits. */
static double find_power(const lk_batch *batch, size_t hits, double wanted)
{
    double low = 0.0, high = 1.0;

    if (effective(batch, hits, 1.0) >= wanted) return 1.0;
    for (int i = 0; i < 12; i++) {
        const double middle = 0.5 * (low + high);

        if (effective(batch, hits, middle) >= wanted) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static void add_hit(moments *m, const lk_gauss *mode, size_t n, double weight,
                    const double *eps, double *centred)
{
    m->mass += weight;
    m->square += weight * weight;
    for (size_t i = 0; i < n; i++) {
        centred[i] = eps[i] - mode->mean[i];
        m->sum[i] += weight * centred[i];
        for (size_t j = 0; j <= i; j++) {
            m->outer[i * n + j] += weight * centred[i] * centred[j];
        }
    }
}

/* Each mode's part of a draw. */
static void parts_of(const lk_mixture *mixture, const double *eps, double *scratch,
                     double part[LK_RARE_MODES_MAX])
{
    double high = -INFINITY, total = 0.0;

    for (size_t k = 0; k < mixture->modes; k++) {
        part[k] = lk_mixture_log_mode(mixture, k, eps, scratch);
        high = fmax(high, part[k]);
    }
    for (size_t k = 0; k < mixture->modes; k++) {
        part[k] = lk_exp(part[k] - high);
        total += part[k];
    }
    for (size_t k = 0; k < mixture->modes; k++) part[k] /= total;
}

/* New mean and covariance of a mode, from its moments and its old ones. */
static void take_moments(lk_gauss *mode, size_t n, const moments *m)
{
    const double seen = m->mass * m->mass / m->square; /* effective hits */
    const double keep = (double)n / (seen + (double)n);
    const double keep_mean = 4.0 / (seen + 4.0);
    double *covariance = m->outer;
    double log_det = 0.0;

    for (size_t i = 0; i < n; i++) m->sum[i] /= m->mass;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double old = 0.0;

            for (size_t k = 0; k <= j; k++) {
                old += mode->factor[i * n + k] * mode->factor[j * n + k];
            }
            const double seen_here =
                m->outer[i * n + j] / m->mass - m->sum[i] * m->sum[j];

            covariance[i * n + j] = keep * old + (1.0 - keep) * seen_here;
        }
    }
    if (!lk_cholesky(covariance, n)) return; /* the old one stays */
    memcpy(mode->factor, covariance, n * n * sizeof *covariance);
    lk_lower_inverse(mode->factor, n, mode->inverse);
    for (size_t i = 0; i < n; i++) {
        mode->mean[i] += (1.0 - keep_mean) * m->sum[i];
        log_det += log(mode->inverse[i * n + i]);
    }
    mode->log_det = log_det;
}

size_t lk_mixture_refit_room(size_t latent)
{
    return LK_RARE_MODES_MAX * (latent + latent * latent) + 2 * latent;
}

/* All of a draw to the mode that made it; nothing of a plain one. */
static void part_of_maker(const lk_mixture *mixture, size_t j,
                          double part[LK_RARE_MODES_MAX])
{
    const size_t maker = mixture->part[j % LK_RARE_UNIT / LK_RARE_LANES];

    for (size_t k = 0; k < mixture->modes; k++) {
        part[k] = maker > 0 && (maker - 1) / 2 == k ? 1.0 : 0.0;
    }
}

/* Adds every hit to the modes' moments, weights to a power. */
static void add_hits(const lk_mixture *mixture, const lk_batch *batch, bool own,
                     double power, double *work, moments of[LK_RARE_MODES_MAX])
{
    const size_t n = mixture->latent;
    double *eps = work, *scratch = work + n;
    size_t i = 0;

    for (size_t j = 0; j < batch->count; j++) {
        double part[LK_RARE_MODES_MAX];

        if (!batch->hit[j]) continue;
        const double weight = lk_exp(power * batch->order[i++]);

        for (size_t d = 0; d < n; d++) eps[d] = lk_batch_eps(batch, j, d);
        if (own) {
            part_of_maker(mixture, j, part);
        } else {
            parts_of(mixture, eps, scratch, part);
        }
        for (size_t k = 0; k < mixture->modes; k++) {
            if (part[k] < 1e-12) continue;
            add_hit(&of[k], &mixture->mode[k], n, weight * part[k], eps, scratch);
        }
    }
}

double lk_mixture_refit(lk_mixture *mixture, const lk_batch *batch, bool own,
                        double *work)
{
    const size_t n = mixture->latent;
    const size_t hits = log_weights(batch);
    const double power = find_power(batch, hits, telling * (double)n);
    moments of[LK_RARE_MODES_MAX];
    double total = 0.0;

    memset(work, 0, lk_mixture_refit_room(n) * sizeof *work);
    for (size_t k = 0; k < mixture->modes; k++) {
        double *at = work + 2 * n + k * (n + n * n);

        of[k] = (moments){.sum = at, .outer = at + n};
    }
    add_hits(mixture, batch, own, power, work, of);
    for (size_t k = 0; k < mixture->modes; k++) total += of[k].mass;
    for (size_t k = 0; k < mixture->modes; k++) {
        if (!own) mixture->mode[k].share = of[k].mass / total;
        if (of[k].mass > 0.0) take_moments(&mixture->mode[k], n, &of[k]);
    }
    return power;
}
