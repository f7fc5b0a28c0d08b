/* rare_mixture.c - proposals: a mixture of Gaussians with N(0, I) among them.
 *
 * A unit of 512 draws gives each part a fixed number of groups of 16, so that shares are
 * exact and not drawn [largek/rare.h: 4].  With y = L_k^-1 (eps - m_k), C_k = L_k L_k^T,
 *
 *     share_k q_k / phi = exp(log share_k + log det L_k^-1 + (|eps|^2 - |y|^2) / 2)
 *
 * and the twin of mode k, with covariance s^2 C_k, has |y|^2 / s^2 and L log s less.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rare.h"
#include "engine/rare_clones.h"
#include "largek/canonical.h"

enum { LANES = LK_RARE_LANES };

static const double twin_square = 1.0 / (LK_RARE_WIDER * LK_RARE_WIDER);

lk_status lk_mixture_init(lk_mixture *mixture, size_t latent, lk_error *err)
{
    const size_t each = latent + 2 * latent * latent;
    lk_mixture m = {.latent = latent};

    m.arena = calloc(LK_RARE_MODES_MAX * each, sizeof *m.arena);
    if (m.arena == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a mixture");
    for (size_t k = 0; k < LK_RARE_MODES_MAX; k++) {
        double *at = m.arena + k * each;

        m.mode[k] = (lk_gauss){.mean = at,
                               .factor = at + latent,
                               .inverse = at + latent + latent * latent};
    }
    *mixture = m;
    lk_mixture_deal(mixture, 1.0);
    return LK_OK;
}

void lk_mixture_release(lk_mixture *mixture)
{
    free(mixture->arena);
    *mixture = (lk_mixture){0};
}

static void gauss_copy(lk_gauss *to, const lk_gauss *from, size_t latent)
{
    memcpy(to->mean, from->mean, (latent + 2 * latent * latent) * sizeof *to->mean);
    to->log_det = from->log_det;
    to->share = from->share;
}

void lk_mixture_copy(lk_mixture *to, const lk_mixture *from)
{
    for (size_t k = 0; k < from->modes; k++) {
        gauss_copy(&to->mode[k], &from->mode[k], from->latent);
    }
    to->modes = from->modes;
    memcpy(to->part, from->part, sizeof to->part);
    memcpy(to->groups, from->groups, sizeof to->groups);
    memcpy(to->log_weight, from->log_weight, sizeof to->log_weight);
}

bool lk_mixture_add(lk_mixture *mixture, const double *mean, double *covariance,
                    double share)
{
    const size_t n = mixture->latent;
    lk_gauss *g;

    if (mixture->modes == LK_RARE_MODES_MAX || !lk_cholesky(covariance, n))
        return false;
    g = &mixture->mode[mixture->modes++];
    memcpy(g->mean, mean, n * sizeof *mean);
    memcpy(g->factor, covariance, n * n * sizeof *covariance);
    lk_lower_inverse(g->factor, n, g->inverse);
    g->log_det = 0.0;
    for (size_t i = 0; i < n; i++) g->log_det += log(g->inverse[i * n + i]);
    g->share = share;
    return true;
}

void lk_mixture_drop(lk_mixture *mixture, size_t mode)
{
    for (size_t k = mode + 1; k < mixture->modes; k++) {
        gauss_copy(&mixture->mode[k - 1], &mixture->mode[k], mixture->latent);
    }
    mixture->modes--;
}

/* Groups beyond everybody's least, one at a time to whoever is owed most. */
static void deal_rest(lk_mixture *mixture, const double *wish, size_t parts,
                      size_t left)
{
    while (left-- > 0) {
        size_t most = 0;

        for (size_t p = 1; p < parts; p++) {
            if (wish[p] - mixture->groups[p] > wish[most] - mixture->groups[most]) {
                most = p;
            }
        }
        mixture->groups[most]++;
    }
}

void lk_mixture_deal(lk_mixture *mixture, double plain)
{
    const size_t parts = 1 + 2 * mixture->modes;
    double wish[LK_RARE_PARTS_MAX] = {0}, total = 0.0;
    size_t dealt = 0;

    for (size_t k = 0; k < mixture->modes; k++) total += mixture->mode[k].share;
    memset(mixture->groups, 0, sizeof mixture->groups);
    mixture->groups[0] = 2;
    wish[0] = mixture->modes == 0 ? LK_RARE_GROUPS : plain * LK_RARE_GROUPS;
    for (size_t k = 0; k < mixture->modes; k++) {
        const double share =
            total > 0.0 ? mixture->mode[k].share / total : 1.0 / (double)mixture->modes;
        const double all = (1.0 - plain) * share * LK_RARE_GROUPS;

        mixture->groups[1 + 2 * k] = 2;
        mixture->groups[2 + 2 * k] = 1;
        wish[1 + 2 * k] = 0.85 * all;
        wish[2 + 2 * k] = 0.15 * all;
    }
    for (size_t p = 0; p < parts; p++) dealt += mixture->groups[p];
    deal_rest(mixture, wish, parts, LK_RARE_GROUPS - dealt);
    for (size_t p = 0, g = 0; p < parts; p++) {
        mixture->log_weight[p] = log((double)mixture->groups[p] / LK_RARE_GROUPS);
        if (p > 0 && p % 2 == 0) {
            mixture->log_weight[p] -= (double)mixture->latent * log(LK_RARE_WIDER);
        }
        for (size_t i = 0; i < mixture->groups[p]; i++) mixture->part[g++] = (uint8_t)p;
    }
}

LK_CLONES void lk_rare_normals(lk_rare_address at, uint64_t first, size_t latent,
                               double *xi)
{
    const uint64_t blocks = lk_rare_blocks(latent);
    uint32_t w[4][LANES];

    for (size_t d = 0; d < latent; d += 4) {
        for (size_t l = 0; l < LANES; l++) {
            const lk_u32x4 x = lk_words(at.seed, LK_PURPOSE_PROPOSAL, at.item,
                                        at.stage + (first + l) * blocks + d / 4);

            for (int i = 0; i < 4; i++) w[i][l] = x.w[i];
        }
        for (size_t pair = 0; pair < 4 && d + pair < latent; pair += 2) {
            const bool both = d + pair + 1 < latent;
            float z[2][LANES];

            for (size_t l = 0; l < LANES; l++) {
                float two[2];

                lk_normal2(w[pair][l], w[pair + 1][l], two);
                z[0][l] = two[0];
                z[1][l] = two[1];
            }
            for (size_t l = 0; l < LANES; l++) {
                xi[(d + pair) * LANES + l] = (double)z[0][l];
            }
            for (size_t l = 0; both && l < LANES; l++) {
                xi[(d + pair + 1) * LANES + l] = (double)z[1][l];
            }
        }
    }
}

/* out = shift + a x for a lower triangular a, LANES vectors side by side.
 * Shapes  a [n][n], shift [n], x and out [n][LANES] */
LK_CLONES static void lower_times(const double *a, const double *shift, double scale,
                                  const double *x, size_t n, double *out)
{
    for (size_t r = 0; r < n; r++) {
        double acc[LANES];

        for (size_t l = 0; l < LANES; l++) acc[l] = shift == NULL ? 0.0 : shift[r];
        for (size_t c = 0; c <= r; c++) {
            const double factor = scale * a[r * n + c];

            for (size_t l = 0; l < LANES; l++) acc[l] += factor * x[c * LANES + l];
        }
        for (size_t l = 0; l < LANES; l++) out[r * LANES + l] = acc[l];
    }
}

LK_CLONES static void squared_norms(const double *x, const double *shift, size_t n,
                                    double *centred, double out[LANES])
{
    double acc[LANES] = {0};

    for (size_t r = 0; r < n; r++) {
        for (size_t l = 0; l < LANES; l++) {
            const double v = x[r * LANES + l] - (shift == NULL ? 0.0 : shift[r]);

            acc[l] += v * v;
            if (centred != NULL) centred[r * LANES + l] = v;
        }
    }
    memcpy(out, acc, sizeof acc);
}

/* e^top sum = the sum of e^term[p]. */
LK_CLONES static void add_up(double term[][LANES], size_t parts, double *top,
                             double *sum)
{
    double high[LANES], acc[LANES] = {0};

    memcpy(high, term[0], sizeof high);
    for (size_t p = 1; p < parts; p++) {
        for (size_t l = 0; l < LANES; l++) {
            high[l] = term[p][l] > high[l] ? term[p][l] : high[l];
        }
    }
    for (size_t p = 0; p < parts; p++) {
        for (size_t l = 0; l < LANES; l++) acc[l] += lk_exp(term[p][l] - high[l]);
    }
    memcpy(top, high, sizeof high);
    memcpy(sum, acc, sizeof acc);
}

/* The terms of all parts at given points. */
static void weigh(const lk_mixture *mixture, const double *eps, double *top,
                  double *sum, double *scratch)
{
    const size_t n = mixture->latent;
    double *centred = scratch, *y = scratch + n * LANES;
    double term[LK_RARE_PARTS_MAX][LANES], square[LANES], plain[LANES];

    squared_norms(eps, NULL, n, NULL, plain);
    for (size_t l = 0; l < LANES; l++) term[0][l] = mixture->log_weight[0];
    for (size_t k = 0; k < mixture->modes; k++) {
        const lk_gauss *g = &mixture->mode[k];
        const double one = mixture->log_weight[1 + 2 * k] + g->log_det;
        const double two = mixture->log_weight[2 + 2 * k] + g->log_det;

        squared_norms(eps, g->mean, n, centred, square);
        lower_times(g->inverse, NULL, 1.0, centred, n, y);
        squared_norms(y, NULL, n, NULL, square);
        for (size_t l = 0; l < LANES; l++) {
            term[1 + 2 * k][l] = one + 0.5 * (plain[l] - square[l]);
            term[2 + 2 * k][l] = two + 0.5 * (plain[l] - twin_square * square[l]);
        }
    }
    add_up(term, 1 + 2 * mixture->modes, top, sum);
}

void lk_mixture_draw(const lk_mixture *mixture, lk_rare_address at, uint64_t unit,
                     size_t group, double *eps, double *top, double *sum,
                     double *scratch)
{
    const size_t n = mixture->latent, part = mixture->part[group];
    const uint64_t first = unit * LK_RARE_UNIT + group * LANES;

    if (part == 0) {
        lk_rare_normals(at, first, n, eps);
    } else {
        const lk_gauss *g = &mixture->mode[(part - 1) / 2];

        lk_rare_normals(at, first, n, scratch);
        lower_times(g->factor, g->mean, part % 2 == 1 ? 1.0 : LK_RARE_WIDER, scratch, n,
                    eps);
    }
    weigh(mixture, eps, top, sum, scratch);
}

double lk_mixture_log_mode(const lk_mixture *mixture, size_t mode, const double *eps,
                           double *scratch)
{
    const size_t n = mixture->latent;
    const lk_gauss *g = &mixture->mode[mode];
    double plain = 0.0, square = 0.0;

    for (size_t i = 0; i < n; i++) {
        scratch[i] = eps[i] - g->mean[i];
        plain += eps[i] * eps[i];
    }
    for (size_t r = 0; r < n; r++) {
        double y = 0.0;

        for (size_t c = 0; c <= r; c++) y += g->inverse[r * n + c] * scratch[c];
        square += y * y;
    }
    const double one = mixture->log_weight[1 + 2 * mode] - 0.5 * square;
    const double two = mixture->log_weight[2 + 2 * mode] - 0.5 * twin_square * square;
    const double high = fmax(one, two), low = fmin(one, two);

    return g->log_det + 0.5 * plain + high + log1p(lk_exp(low - high));
}
