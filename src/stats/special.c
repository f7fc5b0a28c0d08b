/* special.c - Gamma functions in the combinations that statistics of counts need.
 *
 * Stirling's series [1] from 16 on, where its terms taken here are within 2e-16; below,
 * the recurrences of Gamma and psi.  log Gamma(z) is split into f(z) - z, f(z) = z log z,
 * and a rest that varies slowly; the f of a product of binomial and Beta functions join to
 * deviances, which are sums of squares in disguise and cancel nothing [2].
 */
#include "stats/special.h"

#include <float.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <stddef.h>

#define SERIES_MIN 16.0
#define LOG_2PI    1.837877066409345483560659472811235279722794947275566825634

double lk_log1p_minus(double t)
{
    if (fabs(t) > 0.3) return log1p(t) - t;
    /* z = t/(2+t): log(1 + t) = 2 (z + z^3/3 + ...), and 2 z - t = -z t. */
    const double z = t / (2.0 + t), y = z * z;
    double sum = 0.0;

    for (int i = 23; i >= 3; i -= 2) sum = sum * y + 1.0 / i;
    return z * (2.0 * y * sum - t);
}

double lk_log1m_exp(double x)
{
    return x > -M_LN2 ? log(-expm1(x)) : log1p(-exp(x));
}

double lk_log_add(double x, double y)
{
    const double most = fmax(x, y), least = fmin(x, y);

    return least == -INFINITY ? most : most + log1p(exp(least - most));
}

/* s(x) of x >= SERIES_MIN.  [1] 6.1.40 */
static double tail_series(double x)
{
    const double y = 1.0 / (x * x);

    return (1.0 / 12 -
            y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680 - y / 1188)))) /
           x;
}

/* s(x) - s(x+1) = (x + 1/2) log(1 + 1/x) - 1, all positive. */
double lk_gamma_tail(double x)
{
    double sum = 0.0;

    for (; x < SERIES_MIN; x += 1.0) sum += (x + 0.5) * log1p(1.0 / x) - 1.0;
    return sum + tail_series(x);
}

/* log B without cancellation: B(a, b) = Gamma(a) / [Gamma(a+b)/Gamma(b)], a <= b. */
double lk_log_beta(double a, double b)
{
    const double least = fmin(a, b), most = fmax(a, b), sum = a + b;

    return (least - 0.5) * log(least / sum) + most * -log1p(least / most) -
           0.5 * log(most) + 0.5 * LOG_2PI + lk_gamma_tail(least) +
           lk_gamma_tail(most) - lk_gamma_tail(sum);
}

/* Values of a falling function at x, x+a, x+b, x+a+b, kept as differences that are all
 * positive, so that the differences of a product cancel nothing either. */
typedef struct {
    double at_0, at_a, at_ab;
    double fall_a, fall_a_at_b; /* f(x) - f(x+a), f(x+b) - f(x+a+b) */
    double fall_b, fall_b_at_a; /* f(x) - f(x+b), f(x+a) - f(x+a+b) */
    double cross;               /* f(x) - f(x+a) - f(x+b) + f(x+a+b) */
} corners;

static corners corners_product(const corners *f, const corners *g)
{
    corners h;

    h.at_0 = f->at_0 * g->at_0;
    h.at_a = f->at_a * g->at_a;
    h.at_ab = f->at_ab * g->at_ab;
    h.fall_a = f->fall_a * g->at_0 + f->at_a * g->fall_a;
    h.fall_a_at_b = f->fall_a_at_b * (g->at_0 - g->fall_b) + f->at_ab * g->fall_a_at_b;
    h.fall_b = f->fall_b * g->at_0 + (f->at_0 - f->fall_b) * g->fall_b;
    h.fall_b_at_a = f->fall_b_at_a * g->at_a + f->at_ab * g->fall_b_at_a;
    h.cross = f->cross * g->at_0 + f->fall_a_at_b * g->fall_b +
              f->fall_b_at_a * g->fall_a + f->at_ab * g->cross;
    return h;
}

static corners corners_reciprocal(double x, double a, double b)
{
    const double xa = x + a, xb = x + b, xab = xa + b;
    corners f;

    f.at_0 = 1.0 / x;
    f.at_a = 1.0 / xa;
    f.at_ab = 1.0 / xab;
    f.fall_a = a / x / xa;
    f.fall_a_at_b = a / xb / xab;
    f.fall_b = b / x / xb;
    f.fall_b_at_a = b / xa / xab;
    f.cross = f.fall_a * (b / xb) * ((x + xab) / xab);
    return f;
}

/* s(x) - s(x+a) - s(x+b) + s(x+a+b). */
static double tail_cross(double x, double a, double b)
{
    static const double term[] = {1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680,
                                  1.0 / 1188};
    corners power = corners_reciprocal(x, a, b);
    const corners square = corners_product(&power, &power);
    double sum = 0.0;

    for (size_t i = 0; i < sizeof term / sizeof term[0]; i++) {
        sum += term[i] * power.cross;
        power = corners_product(&power, &square);
    }
    return sum;
}

/* log of x (x+a+b) / ((x+a) (x+b)). */
static double log_step(double x, double a, double b)
{
    const double u = a / (x + a) * (b / (x + b));

    return u < 0.5 ? log1p(-u) : log(x / (x + a)) + log1p(a / (x + b));
}

double lk_log_gamma_cross(double x, double a, double b)
{
    double sum = 0.0;

    for (; x < SERIES_MIN; x += 1.0) sum += log_step(x, a, b);
    return sum - (x - 0.5) * log_step(x, a, b) - a * log1p(b / (x + a)) -
           b * log1p(a / (x + b)) - tail_cross(x, a, b);
}

/* log x - psi(x) of x >= SERIES_MIN.  [1] 6.3.18 */
static double psi_series(double x)
{
    const double y = 1.0 / (x * x);

    return 0.5 / x +
           y * (1.0 / 12 -
                y * (1.0 / 120 -
                     y * (1.0 / 252 -
                          y * (1.0 / 240 - y * (1.0 / 132 - y * (691.0 / 32760))))));
}

double lk_psi(double x)
{
    double sum = 0.0;

    for (; x < SERIES_MIN; x += 1.0) sum += 1.0 / x;
    return log(x) - psi_series(x) - sum;
}

double lk_psi_step(double x, double d)
{
    double sum = 0.0;

    for (; x < SERIES_MIN; x += 1.0) sum += d / x / (x + d);
    return sum + log1p(d / x) + psi_series(x) - psi_series(x + d);
}

/* psi'(x) - 1/x of x >= SERIES_MIN.  [1] 6.4.12 */
static double psi1_series(double x)
{
    const double y = 1.0 / (x * x);

    return y *
           (0.5 +
            (1.0 / 6 -
             y * (1.0 / 30 -
                  y * (1.0 / 42 - y * (1.0 / 30 - y * (5.0 / 66 - y * 691 / 2730))))) /
                x);
}

double lk_psi1(double x)
{
    double sum = 0.0;

    for (; x < SERIES_MIN; x += 1.0) sum += 1.0 / (x * x);
    return sum + 1.0 / x + psi1_series(x);
}

double lk_psi1_step(double x, double d)
{
    double sum = 0.0;

    for (; x < SERIES_MIN; x += 1.0) {
        const double y = x + d;

        sum += d / (x * x) * ((x + y) / (y * y));
    }
    return -(sum + d / x / (x + d) + psi1_series(x) - psi1_series(x + d));
}

/* (1 + t) log(1 + t) - t >= 0, t >= -1. */
static double deviance_of(double t)
{
    if (t <= -1.0) return 1.0;
    return t > 0.3 ? (1.0 + t) * log1p(t) - t : (1.0 + t) * lk_log1p_minus(t) + t * t;
}

/* log x! - x log x + x. */
static double factorial_rest(double x)
{
    return x == 0.0 ? 0.0 : 0.5 * (LOG_2PI + log(x)) + lk_gamma_tail(x);
}

/* log Gamma(x) - x log x + x. */
static double gamma_rest(double x)
{
    return 0.5 * (LOG_2PI - log(x)) + lk_gamma_tail(x);
}

double lk_log_choose_rest(double n, double x)
{
    if (x == 0.0 || x == n) return 0.0;
    return factorial_rest(n) - factorial_rest(x) - factorial_rest(n - x);
}

/* f(n) - f(x) - f(n-x) and the rests. */
double lk_log_choose(double n, double x)
{
    const double least = fmin(x, n - x), most = n - least;

    if (least == 0.0) return 0.0;
    return lk_log_choose_rest(n, x) - least * log(least / n) - most * log1p(-least / n);
}

/* n p h(x/(n p) - 1) + n (1-p) h((n-x)/(n (1-p)) - 1), h(t) = (1+t) log(1+t) - t. */
double lk_log_binomial_shape(double n, double x, double p, double log_p, double log_1mp)
{
    if (x == 0.0) return n == 0.0 ? 0.0 : n * log_1mp;
    if (x == n) return n * log_p;
    const double mean = n * p, other = n - mean, off = x - mean;

    if (mean < DBL_MIN || 1.0 - p < 1e-3) { /* the rest is put back */
        return lk_log_choose(n, x) - lk_log_choose_rest(n, x) + x * log_p +
               (n - x) * log_1mp;
    }
    return -mean * deviance_of(off / mean) - other * deviance_of(-off / other);
}

double lk_log_binomial(double n, double x, double p, double log_p, double log_1mp)
{
    return lk_log_choose_rest(n, x) + lk_log_binomial_shape(n, x, p, log_p, log_1mp);
}

double lk_log_beta_binomial_rest(double a, double b)
{
    return gamma_rest(a + b) - gamma_rest(a) - gamma_rest(b);
}

/* With r = (a+x)/(a+b+n) between x/n and a/(a+b), and h as above,
 *
 *     log pmf = -n KL(x/n, r) - (a+b) KL(a/(a+b), r) + rests,
 *     KL(q, r) = r h(q/r - 1) + (1-r) h((1-q)/(1-r) - 1)
 *
 * where both q/r - 1 come from w = x (a+b) - a n. */
double lk_log_beta_binomial_shape(double n, double x, double a, double b)
{
    const double sum = a + b, all = n + sum, m = n - x;
    const double w = x * b - a * m; /* = x (a+b) - a n */
    const double ax = a + x, bm = b + m;

    if (n == 0.0) return gamma_rest(a) + gamma_rest(b) - gamma_rest(sum);
    const double of_counts = ax / all * deviance_of(x == 0.0 ? -1.0 : w / n / ax) +
                             bm / all * deviance_of(m == 0.0 ? -1.0 : -w / n / bm);
    const double of_law =
        ax / all * deviance_of(-w / sum / ax) + bm / all * deviance_of(w / sum / bm);

    return lk_log_choose_rest(n, x) - n * of_counts - sum * of_law + gamma_rest(ax) +
           gamma_rest(bm) - gamma_rest(all);
}

double lk_log_beta_binomial(double n, double x, double a, double b)
{
    return lk_log_beta_binomial_shape(n, x, a, b) + lk_log_beta_binomial_rest(a, b);
}
