/* mixing.c - integrals over the distribution of p, by quadrature.
 *
 * From the peak of the integrand, and from the binomial's own where that is another,
 * panels of doubling width go out on both sides until the integrand has fallen by
 * e^-FALL.  Each takes a 21-point Gauss-Kronrod rule and is halved until it is right.
 */
#include "stats/mixing.h"

#include <float.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "stats/beta.h"
#include "stats/special.h"

/* How far the integrand is followed down, and the error of a panel, of the whole, by an
 * estimate that errs on the safe side; with derivatives it is a fit that asks, which has no
 * use for more. */
#define FALL          44.0
#define TOLERANCE     1e-14
#define FALL_FIT      33.0
#define TOLERANCE_FIT 1e-11

enum {
    EDGES_MAX = 160,
    SCAN_MAX = 70,
    HALVINGS_MAX = 30,
    PENDING_MAX = EDGES_MAX + 2 * HALVINGS_MAX
};

/* A point of the integrand. */
typedef struct {
    double q, log_q, log_1mq, p, log_p, log_1mp;
    double log_1my; /* Kumaraswamy: log(1-y), y = q^a */
} node;

typedef struct {
    const lk_mixing *mixing;
    const lk_kernel *kernel;
    bool derivatives;
    double fall, tolerance;
    double log_shift; /* taken out of every value, as is the kernel's constant factor */
} integrand;

lk_mixing lk_mixing_of(lk_mix_kind kind, double a, double b, double scale)
{
    lk_mixing m = {
        .kind = kind, .a = a, .b = b, .scale = scale, .lo = -INFINITY, .hi = INFINITY};

    switch (kind) {
    case LK_MIX_BETA:
        m.log_norm = -lk_log_beta(a, b);
        m.grad_norm[0] = lk_psi_step(a, b);
        m.grad_norm[1] = lk_psi_step(b, a);
        m.hess_norm[0] = lk_psi1_step(a, b);
        m.hess_norm[1] = lk_psi1(a + b);
        m.hess_norm[2] = lk_psi1_step(b, a);
        break;
    case LK_MIX_KUMARASWAMY:
        m.log_norm = log(a) + log(b);
        m.grad_norm[0] = 1.0 / a;
        m.grad_norm[1] = 1.0 / b;
        m.hess_norm[0] = -1.0 / (a * a);
        m.hess_norm[2] = -1.0 / (b * b);
        break;
    case LK_MIX_EXPONENTIAL:
        m.log_norm = fabs(a) < 1e-8 ? 0.5 * a : log(a / -expm1(-a));
        break;
    case LK_MIX_RECIPROCAL:
        m.log_norm = -log(log(b / a));
        m.lo = log(a) - log1p(-a);
        m.hi = log(b) - log1p(-b);
        break;
    }
    return m;
}

static node node_at(const lk_mixing *m, double s)
{
    const double e = exp(-fabs(s)), l = log1p(e);
    node at;

    at.log_q = s < 0.0 ? s - l : -l;
    at.log_1mq = s < 0.0 ? -l : -s - l;
    at.q = s < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
    at.p = m->scale * at.q;
    at.log_p = m->scale == 1.0 ? at.log_q : at.log_q + log(m->scale);
    at.log_1mp = m->scale == 1.0 ? at.log_1mq : log1p(-at.p);
    at.log_1my = m->kind == LK_MIX_KUMARASWAMY
                     ? lk_log1m_exp(fmin(m->a * at.log_q, -DBL_MIN))
                     : 0.0;
    return at;
}

/* With the Jacobian dq/ds = q (1-q). */
static double log_density(const lk_mixing *m, const node *at)
{
    switch (m->kind) {
    case LK_MIX_BETA: return m->log_norm + m->a * at->log_q + m->b * at->log_1mq;
    case LK_MIX_KUMARASWAMY:
        return m->log_norm + m->a * at->log_q + at->log_1mq +
               (m->b - 1.0) * at->log_1my;
    case LK_MIX_EXPONENTIAL:
        return m->log_norm - m->a * at->q + at->log_q + at->log_1mq;
    case LK_MIX_RECIPROCAL: return m->log_norm + at->log_1mq;
    }
    return -INFINITY;
}

static double density_slope(const lk_mixing *m, const node *at)
{
    const double rest = exp(at->log_1mq);

    switch (m->kind) {
    case LK_MIX_BETA: return m->a * rest - m->b * at->q;
    case LK_MIX_KUMARASWAMY:
        return m->a * rest - at->q -
               (m->b - 1.0) * m->a * rest /
                   expm1(fmin(fmax(-m->a * at->log_q, DBL_MIN), 700.0));
    case LK_MIX_EXPONENTIAL: return rest - at->q - m->a * at->q * rest;
    case LK_MIX_RECIPROCAL: return -at->q;
    }
    return 0.0;
}

static void density_derivatives(const lk_mixing *m, const node *at, double grad[2],
                                double hess[3])
{
    memcpy(grad, m->grad_norm, sizeof m->grad_norm);
    memcpy(hess, m->hess_norm, sizeof m->hess_norm);
    grad[0] += at->log_q;
    if (m->kind == LK_MIX_BETA) {
        grad[1] += at->log_1mq;
    } else { /* y = q^a */
        const double l = at->log_q;
        const double odds = exp(m->a * l - at->log_1my); /* y/(1-y) */

        grad[0] -= (m->b - 1.0) * l * odds;
        grad[1] += at->log_1my;
        hess[0] -= (m->b - 1.0) * l * l * odds * (1.0 + odds);
        hess[1] -= l * odds;
    }
}

void lk_mixing_node_at(const lk_mixing *mixing, double s, lk_mixing_node *out)
{
    const node at = node_at(mixing, s);

    out->log_p = at.log_p;
    out->log_1mp = at.log_1mp;
    out->odds = exp(at.log_p - at.log_1mp);
    out->log_density = log_density(mixing, &at);
    density_derivatives(mixing, &at, out->grad, out->hess);
}

double lk_mixing_log_density(const lk_mixing *mixing, double s, double *grad,
                             double *hess)
{
    const node at = node_at(mixing, s);

    if (grad != NULL) density_derivatives(mixing, &at, grad, hess);
    return log_density(mixing, &at);
}

/* Whichever of p and 1 - p is the smaller has the digits. */
double lk_log_binomial_at_least(double n, double x, double log_p, double log_1mp)
{
    const double a = x, b = n - x + 1.0;

    return log_p <= log_1mp ? lk_beta_log_tail(a, b, log_p, LK_TAIL_LOWER)
                            : lk_beta_log_tail(b, a, log_1mp, LK_TAIL_UPPER);
}

static double log_kernel(const lk_kernel *k, const node *at)
{
    const double l = k->n * at->log_1mp;

    switch (k->kind) {
    case LK_KERNEL_BINOMIAL:
        return lk_log_binomial_shape(k->n, k->x, at->p, at->log_p, at->log_1mp);
    case LK_KERNEL_PASS: return l < 0.0 ? lk_log1m_exp(l) : log(k->n) + at->log_p;
    case LK_KERNEL_DECAY: return l + (l < 0.0 ? log(-l) : log(k->n) + at->log_p);
    case LK_KERNEL_AT_LEAST:
        return lk_log_binomial_at_least(k->n, k->x, at->log_p, at->log_1mp);
    case LK_KERNEL_ONE: break;
    }
    return 0.0;
}

/* d log K / d log p. */
static double kernel_slope(const lk_kernel *k, const node *at)
{
    const double odds = exp(fmin(at->log_p - at->log_1mp, 700.0));
    const double l = k->n * at->log_1mp;

    switch (k->kind) {
    case LK_KERNEL_BINOMIAL: return k->x - (k->n - k->x) * odds;
    case LK_KERNEL_PASS:
        return l < -1e-300 ? k->n * odds / expm1(fmin(-l, 700.0)) : 1.0;
    case LK_KERNEL_DECAY: return l < -1e-300 ? odds * k->n * (-1.0 / l - 1.0) : 1.0;
    case LK_KERNEL_AT_LEAST: /* its derivative by p is x/p of the chance of x */
        return k->x *
               exp(fmin(lk_log_binomial(k->n, k->x, at->p, at->log_p, at->log_1mp) -
                            log_kernel(k, at),
                        0.0));
    case LK_KERNEL_ONE: break;
    }
    return 0.0;
}

static double log_at(const integrand *f, double s)
{
    const node at = node_at(f->mixing, s);

    return log_density(f->mixing, &at) + log_kernel(f->kernel, &at);
}

static double slope_at(const integrand *f, double s)
{
    const node at = node_at(f->mixing, s);

    return density_slope(f->mixing, &at) +
           kernel_slope(f->kernel, &at) * exp(at.log_1mq);
}

/* Where the slope changes sign, well enough for a place to start from: the regula falsi
 * that halves the weight of an end which stays (Illinois). */
static double find_peak(const integrand *f)
{
    double lo = fmax(f->mixing->lo, -1.0), hi = fmin(f->mixing->hi, 1.0);
    double at_lo, at_hi;

    if (lo > f->mixing->hi) lo = f->mixing->hi;
    if (hi < f->mixing->lo) hi = f->mixing->lo;
    at_lo = slope_at(f, lo), at_hi = slope_at(f, hi);
    for (double step = 1.0; at_lo < 0.0 && lo > f->mixing->lo && step < 1e9;
         step *= 2.0) {
        hi = lo, at_hi = at_lo;
        lo = fmax(lo - step, f->mixing->lo), at_lo = slope_at(f, lo);
    }
    for (double step = 1.0; at_hi > 0.0 && hi < f->mixing->hi && step < 1e9;
         step *= 2.0) {
        lo = hi, at_lo = at_hi;
        hi = fmin(hi + step, f->mixing->hi), at_hi = slope_at(f, hi);
    }
    if (at_lo <= 0.0) return lo;
    if (at_hi >= 0.0) return hi;
    for (int i = 0, side = 0; i < 60 && hi - lo > 1e-9 * (1.0 + fabs(lo)); i++) {
        const double middle =
            i % 4 == 3 ? 0.5 * (lo + hi) : lo + (hi - lo) * at_lo / (at_lo - at_hi);
        const double slope = slope_at(f, middle);

        if (slope > 0.0) {
            lo = middle, at_lo = slope;
            if (side > 0) at_hi *= 0.5;
            side = 1;
        } else {
            hi = middle, at_hi = slope;
            if (side < 0) at_lo *= 0.5;
            side = -1;
        }
    }
    return 0.5 * (lo + hi);
}

/* A width by which the integrand falls by e^-6 or less, no more than one: the Kronrod rule
 * takes such a peak in two panels. */
static double peak_width(const integrand *f, double peak)
{
    double width = 1.0;

    for (int i = 0; i < 60; i++) {
        const double fall =
            log_at(f, peak) - fmin(log_at(f, peak + width), log_at(f, peak - width));

        if (!(fall > 6.0) || width < 1e-12 * fabs(peak)) break;
        width *= fall > 12.0 ? fmax(sqrt(6.0 / fall), 0.001) : 0.7;
    }
    return width;
}

typedef struct {
    size_t count;
    double edge[EDGES_MAX]; /* ascending */
} edge_list;

static void add_edge(edge_list *list, double s)
{
    size_t i = list->count;

    if (list->count == EDGES_MAX) return;
    while (i > 0 && list->edge[i - 1] > s) {
        list->edge[i] = list->edge[i - 1];
        i--;
    }
    if (i > 0 && list->edge[i - 1] == s) {
        memmove(list->edge + i, list->edge + i + 1,
                (list->count - i) * sizeof list->edge[0]);
        return;
    }
    list->edge[i] = s;
    list->count++;
}

/* Edges from `peak` outwards, until the integrand has fallen. */
static void scan(integrand *f, double peak, edge_list *list)
{
    const double width = peak_width(f, peak);

    add_edge(list, peak);
    for (int side = -1; side <= 1; side += 2) {
        const double end = side < 0 ? f->mixing->lo : f->mixing->hi;
        double step = width, s = peak;

        for (int i = 0; i < SCAN_MAX && s != end; i++, step *= 2.0) {
            s += side * step;
            if (side * (s - end) > 0.0) s = end;
            add_edge(list, s);
            const double here = log_at(f, s);

            f->log_shift = fmax(f->log_shift, here);
            if (!(here > f->log_shift - f->fall)) break;
        }
    }
}

typedef struct {
    double lo, hi, error;
    double sum[LK_MIXED_SUMS];
} panel;

void lk_mixing_add_moments(const lk_mixing *mixing, const lk_mixing_node *at, double n,
                           double x, double w, double sum[LK_MIXED_SUMS])
{
    const double odds = at->odds, rest = n - x;
    const double a = at->grad[0], b = at->grad[1];
    const double scale = (x - rest * odds) / mixing->scale;
    const double bend = -(x + rest * odds * odds) / (mixing->scale * mixing->scale);

    sum[1] += w * a;
    sum[2] += w * b;
    sum[3] += w * scale;
    sum[4] += w * (at->hess[0] + a * a);
    sum[5] += w * (at->hess[1] + a * b);
    sum[6] += w * a * scale;
    sum[7] += w * (at->hess[2] + b * b);
    sum[8] += w * b * scale;
    sum[9] += w * (bend + scale * scale);
}

static void add_node(const integrand *f, double s, double weight, panel *out,
                     double *value)
{
    const lk_mixing *m = f->mixing;
    const lk_kernel *k = f->kernel;
    const bool binomial = k->kind == LK_KERNEL_BINOMIAL;
    const node at = node_at(m, s);
    lk_mixing_node of = {.odds = 0.0};

    *value = exp(log_density(m, &at) + log_kernel(k, &at) - f->log_shift);
    out->sum[0] += *value * weight;
    if (!f->derivatives || *value < 1e-16) return;
    density_derivatives(m, &at, of.grad, of.hess);
    if (binomial) of.odds = exp(at.log_p - at.log_1mp);
    lk_mixing_add_moments(m, &of, binomial ? k->n : 0.0, binomial ? k->x : 0.0,
                          *value * weight, out->sum);
}

/* The 21-point Kronrod rule and the 10-point Gauss rule inside it.  [2] */
static panel integrate_panel(const integrand *f, double lo, double hi)
{
    static const double place[11] = {0.995657163025808080735527280689003,
                                     0.973906528517171720077964012084452,
                                     0.930157491355708226001207180059508,
                                     0.865063366688984510732096688423493,
                                     0.780817726586416897063717578345042,
                                     0.679409568299024406234327365114874,
                                     0.562757134668604683339000099272694,
                                     0.433395394129247190799265943165784,
                                     0.294392862701460198131126603103866,
                                     0.14887433898163121088482600112972,
                                     0.0};
    static const double kronrod[11] = {
        0.011694638867371874278064396062192, 0.03255816230796472747881897245939,
        0.05475589657435199603138130024458,  0.07503967481091995276704314091619,
        0.093125454583697605535065465083366, 0.109387158802297641899210590325805,
        0.123491976262065851077958109585166, 0.134709217311473325928054001771707,
        0.142775938577060080797094273138717, 0.147739104901338491374841515972068,
        0.149445554002916905664936468389821};
    static const double gauss[5] = {
        0.066671344308688137593568809893332, 0.149451349150580593145863397657697,
        0.219086362515982043995534934228163, 0.269266719309996355091226921569469,
        0.295524224714752870173815619188769};
    const double middle = 0.5 * (lo + hi), half = 0.5 * (hi - lo);
    double value[21], by_gauss = 0.0, spread = 0.0;
    panel out = {.lo = lo, .hi = hi};

    for (int i = 0; i < 21; i++) {
        const int j = i < 11 ? i : 20 - i;
        const double s = i < 10 ? middle - half * place[j] : middle + half * place[j];

        add_node(f, s, kronrod[j] * half, &out, &value[i]);
        if (j % 2 == 1) by_gauss += gauss[j / 2] * half * value[i];
    }
    const double mean = out.sum[0] / (hi - lo);
    for (int i = 0; i < 21; i++) {
        spread += kronrod[i < 11 ? i : 20 - i] * half * fabs(value[i] - mean);
    }
    out.error = fabs(out.sum[0] - by_gauss);
    if (spread > 0.0 && out.error > 0.0) {
        const double x = 200.0 * out.error / spread;

        out.error = spread * fmin(1.0, x * sqrt(x));
    }
    return out;
}

/* Sums over all panels, halving those that are not right. */
static void integrate_edges(const integrand *f, const edge_list *list,
                            double sum[LK_MIXED_SUMS])
{
    panel pending[PENDING_MAX];
    size_t count = 0;
    double whole = 0.0;

    memset(sum, 0, LK_MIXED_SUMS * sizeof sum[0]);
    for (size_t i = 0; i + 1 < list->count; i++) {
        pending[count++] = integrate_panel(f, list->edge[i], list->edge[i + 1]);
        whole += pending[count - 1].sum[0];
    }
    for (int halvings = 0; count > 0;) {
        const panel last = pending[--count];
        const bool narrow = last.hi - last.lo < 1e-13 * fabs(last.lo);

        if (last.error <= f->tolerance * whole || narrow || count + 2 > PENDING_MAX ||
            ++halvings > 2000) {
            for (int i = 0; i < LK_MIXED_SUMS; i++) sum[i] += last.sum[i];
            continue;
        }
        const double middle = 0.5 * (last.lo + last.hi);
        pending[count++] = integrate_panel(f, last.lo, middle);
        pending[count++] = integrate_panel(f, middle, last.hi);
        whole += pending[count - 1].sum[0] + pending[count - 2].sum[0] - last.sum[0];
    }
}

/* Where the kernel alone peaks; the density's powers may have a peak apart from it. */
static double binomial_peak(const lk_mixing *m, const lk_kernel *k)
{
    const double q = fmin(k->x / k->n / m->scale, 1.0 - 1e-9);
    const double s = log(q) - log1p(-q);

    return fmin(fmax(s, m->lo), m->hi);
}

void lk_mixed_set_derivatives(const double sum[LK_MIXED_SUMS], lk_mixed *out)
{
    static const int place[3][3] = {{4, 5, 6}, {5, 7, 8}, {6, 8, 9}};

    for (int i = 0; i < 3; i++) out->grad[i] = sum[1 + i] / sum[0];
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            out->hess[i][j] = sum[place[i][j]] / sum[0] - out->grad[i] * out->grad[j];
        }
    }
}

void lk_mixing_integrate(const lk_mixing *mixing, const lk_kernel *kernel,
                         bool derivatives, lk_mixed *out)
{
    integrand f = {.mixing = mixing,
                   .kernel = kernel,
                   .derivatives = derivatives,
                   .fall = derivatives ? FALL_FIT : FALL,
                   .tolerance = derivatives ? TOLERANCE_FIT : TOLERANCE,
                   .log_shift = -INFINITY};
    edge_list list = {0};
    double sum[LK_MIXED_SUMS];
    const double peak = find_peak(&f);

    *out = (lk_mixed){.log_value = -INFINITY};
    f.log_shift = log_at(&f, peak);
    scan(&f, peak, &list);
    if (kernel->kind == LK_KERNEL_BINOMIAL && kernel->x > 0.0) {
        const double other = binomial_peak(mixing, kernel);
        const double there = log_at(&f, other);

        if (fabs(other - peak) > 1.0 && there > f.log_shift - f.fall) {
            f.log_shift = fmax(f.log_shift, there);
            scan(&f, other, &list);
        }
    }
    integrate_edges(&f, &list, sum);
    if (!(sum[0] > 0.0)) return;
    out->log_value = f.log_shift + log(sum[0]);
    if (kernel->kind == LK_KERNEL_BINOMIAL) {
        out->log_value += lk_log_choose_rest(kernel->n, kernel->x);
    }
    if (derivatives) lk_mixed_set_derivatives(sum, out);
}
