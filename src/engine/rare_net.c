/* rare_net.c - the squared error as a function of eps, with its slopes.
 *
 * r(eps) = y(mu + scale eps) - x, S = |r|^2.  The tangents d h / d eps_j of all j run forward
 * beside the values: latent dimensions are few, and J^T J (Gauss and Newton's half of
 * the second derivative) needs the whole Jacobian anyway.  Sums in index order, in double,
 * lanes over tangents: the same bits everywhere.  It leads the search and decides nothing.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rare.h"
#include "engine/rare_clones.h"

enum { LANE = 8, ROWS = 4 };

lk_status lk_net_init(lk_net *net, const lk_workload *work, lk_error *err)
{
    const size_t widest = lk_mlp_widest(work->decoder) + ROWS, n = work->latent;
    lk_net made = {.work = work, .padded = (n + LANE - 1) / LANE * LANE};

    for (size_t i = 0; i < 2; i++) {
        made.x[i] = calloc(widest, sizeof *made.x[i]);
        made.tangent[i] = calloc(widest * made.padded, sizeof *made.tangent[i]);
    }
    made.active = calloc(widest, sizeof *made.active);
    made.gradient = calloc(n, sizeof *made.gradient);
    made.normal = calloc(n * n, sizeof *made.normal);
    if (made.x[0] == NULL || made.x[1] == NULL || made.tangent[0] == NULL ||
        made.tangent[1] == NULL || made.active == NULL || made.gradient == NULL ||
        made.normal == NULL) {
        lk_net_release(&made);
        return LK_FAIL(err, LK_E_MEMORY, "no room for a decoder's slopes");
    }
    *net = made;
    return LK_OK;
}

void lk_net_release(lk_net *net)
{
    for (size_t i = 0; i < 2; i++) {
        free(net->x[i]);
        free(net->tangent[i]);
    }
    free(net->active);
    free(net->gradient);
    free(net->normal);
    *net = (lk_net){0};
}

/* Value and slope of an activation. */
static double activate(lk_activation activation, double a, double *slope)
{
    const double y = lk_activate(activation, a);

    switch (activation) {
    case LK_RELU: *slope = a > 0.0 ? 1.0 : 0.0; break;
    case LK_TANH: *slope = 1.0 - y * y; break;
    case LK_SIGMOID: *slope = y * (1.0 - y); break;
    case LK_SILU: {
        const double s = lk_sigmoid(a);

        *slope = s * (1.0 + a * (1.0 - s));
        break;
    }
    case LK_GELU:
        *slope = 0.5 * lk_erfc(a * -0x1.6a09e667f3bcdp-1) +
                 a * 0x1.9884533d43651p-2 * lk_exp(-0.5 * a * a);
        break;
    default: *slope = 1.0;
    }
    return y;
}

LK_CLONES static double dot(const float *w, const double *x, size_t n, double bias)
{
    double part[LANE] = {0}, sum = bias;
    size_t i = 0;

    for (; i + LANE <= n; i += LANE) {
        for (size_t l = 0; l < LANE; l++) part[l] += (double)w[i + l] * x[i + l];
    }
    for (; i < n; i++) sum += (double)w[i] * x[i];
    for (size_t l = 0; l < LANE; l++) sum += part[l];
    return sum;
}

/* Tangents of ROWS outputs from those of the active inputs. */
LK_CLONES static void tangents(const float *const w[ROWS], const uint32_t *active,
                               size_t count, const double *in, size_t padded,
                               double *out)
{
    for (size_t c = 0; c < padded; c += LANE) {
        double acc[ROWS][LANE] = {{0}};

        for (size_t a = 0; a < count; a++) {
            const size_t i = active[a];
            const double *t = in + i * padded + c;

            for (size_t r = 0; r < ROWS; r++) {
                const double weight = (double)w[r][i];

                for (size_t l = 0; l < LANE; l++) acc[r][l] += weight * t[l];
            }
        }
        for (size_t r = 0; r < ROWS; r++) {
            memcpy(out + r * padded + c, acc[r], sizeof acc[r]);
        }
    }
}

/* Inputs whose tangents are not all 0: those of a relu that is off are. */
static size_t find_active(const double *tangent, size_t count, size_t padded,
                          uint32_t *active)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        bool any = false;

        for (size_t l = 0; l < padded; l++) any |= tangent[i * padded + l] != 0.0;
        if (any) active[found++] = (uint32_t)i;
    }
    return found;
}

static void run_layer(lk_net *net, const lk_layer *layer, size_t from, bool slopes)
{
    const size_t padded = net->padded;
    const double *x = net->x[from], *t = net->tangent[from];
    double *y = net->x[1 - from], *u = net->tangent[1 - from];
    const size_t active = slopes ? find_active(t, layer->in, padded, net->active) : 0;

    for (size_t o = 0; o < layer->out; o += ROWS) {
        const size_t rows = layer->out - o < ROWS ? layer->out - o : ROWS;
        const float *w[ROWS];

        for (size_t r = 0; r < ROWS; r++) {
            w[r] = layer->weight + (r < rows ? o + r : o) * layer->in;
        }
        if (slopes) tangents(w, net->active, active, t, padded, u + o * padded);
        for (size_t r = 0; r < rows; r++) {
            double slope;
            const double a = dot(w[r], x, layer->in, (double)layer->bias[o + r]);

            y[o + r] = activate(layer->activation, a, &slope);
            for (size_t l = 0; slopes && l < padded; l++)
                u[(o + r) * padded + l] *= slope;
        }
    }
}

LK_CLONES static void add_normal(double *normal, size_t n, const double *t)
{
    for (size_t i = 0; i < n; i++) {
        const double f = t[i];

        for (size_t j = 0; j < n; j++) normal[i * n + j] += f * t[j];
    }
}

double lk_net_sse(lk_net *net, const double *eps, bool slopes)
{
    const lk_workload *work = net->work;
    const size_t n = work->latent, padded = net->padded;
    const float *mu = work->mu + net->problem * n,
                *scale = work->scale + net->problem * n;
    const float *target = work->target + net->problem * work->outputs;
    size_t from = 0;
    double sse = 0.0;

    memset(net->tangent[0], 0, n * padded * sizeof *net->tangent[0]);
    for (size_t d = 0; d < n; d++) {
        net->x[0][d] = (double)mu[d] + (double)scale[d] * eps[d];
        net->tangent[0][d * padded + d] = (double)scale[d];
    }
    for (size_t l = 0; l < work->decoder->layers; l++, from = 1 - from) {
        run_layer(net, &work->decoder->layer[l], from, slopes);
    }
    memset(net->gradient, 0, n * sizeof *net->gradient);
    memset(net->normal, 0, n * n * sizeof *net->normal);
    for (size_t o = 0; o < work->outputs; o++) {
        const double r = net->x[from][o] - (double)target[o];
        const double *t = net->tangent[from] + o * padded;

        sse += r * r;
        if (!slopes) continue;
        for (size_t d = 0; d < n; d++) net->gradient[d] += r * t[d];
        add_normal(net->normal, n, t);
    }
    return sse;
}
