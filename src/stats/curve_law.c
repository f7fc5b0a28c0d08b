/* curve_law.c - laws of the curve of pass@k, to any k.
 *
 * Sums over attempts are added up to 16 (64 for the hazard) and go on by the formula of
 * Euler and Maclaurin, so that k = 1e15 costs what k = 100 does.
 */
#include "stats/curve_law.h"

#include <math.h>

#include "stats/gauss.h"
#include "stats/special.h"

enum { SUM_FIRST = 16, HAZARD_FIRST = 64 };

/* The integral of x^-s from a to b. */
static double power_integral(double a, double b, double s)
{
    const double t = (1.0 - s) * log(b / a);

    return pow(a, 1.0 - s) * log(b / a) * (t == 0.0 ? 1.0 : expm1(t) / t);
}

/* The sum of B2i/(2i)! f^(2i-1) of x^-s, i = 1 .. 4. */
static double power_corrections(double x, double s)
{
    const double f1 = -s * pow(x, -s - 1.0), f3 = f1 * (s + 1.0) * (s + 2.0) / (x * x);
    const double f5 = f3 * (s + 3.0) * (s + 4.0) / (x * x);
    const double f7 = f5 * (s + 5.0) * (s + 6.0) / (x * x);

    return f1 / 12.0 - f3 / 720.0 + f5 / 30240.0 - f7 / 1209600.0;
}

double lk_power_sum(double n, double s)
{
    double sum = 0.0;

    if (n <= SUM_FIRST) {
        for (double d = n; d >= 1.0; d -= 1.0) sum += pow(d, -s);
        return sum;
    }
    for (double d = SUM_FIRST - 1.0; d >= 1.0; d -= 1.0) sum += pow(d, -s);
    return sum + power_integral(SUM_FIRST, n, s) +
           0.5 * (pow(SUM_FIRST, -s) + pow(n, -s)) + power_corrections(n, s) -
           power_corrections(SUM_FIRST, s);
}

static double design_effect_log_loss(double p, double kappa, double k)
{
    const double effect = 1.0 + 2.0 * (lk_power_sum(k - 1.0, kappa) -
                                       lk_power_sum(k - 1.0, kappa - 1.0) / k);

    return k / effect * log(p);
}

typedef struct {
    double q, kappa; /* q = 1 - p */
} hazard;

static double hazard_term(double j, const void *with)
{
    const hazard *h = with;

    return log1p(-h->q * pow(j, -h->kappa));
}

/* First and third derivatives of the term, of the third its leading part. */
static double hazard_corrections(const hazard *h, double x)
{
    const double part = h->q * pow(x, -h->kappa), k = h->kappa;
    const double first = k * part / (x * (1.0 - part));
    const double third = k * (k + 1.0) * (k + 2.0) * part / (x * x * x);

    return first / 24.0 - 7.0 * third / 5760.0;
}

static double hazard_log_loss(double p, double kappa, double k)
{
    const hazard h = {1.0 - p, kappa};
    const double few = fmin(k, HAZARD_FIRST), first = few + 0.5, end = k + 0.5;
    double sum = log(p); /* j = 1 */

    for (double j = few; j >= 2.0; j -= 1.0) sum += hazard_term(j, &h);
    if (k <= HAZARD_FIRST) return sum;
    for (double at = first; at < end; at *= 2.0) {
        sum += lk_gauss(hazard_term, &h, at, fmin(2.0 * at, end));
    }
    return sum + hazard_corrections(&h, first) - hazard_corrections(&h, end);
}

static double log_loss(lk_curve_kind kind, const double t[], double k)
{
    switch (kind) {
    case LK_CURVE_LEVI: return lk_log_gamma_cross(t[0], t[1], k);
    case LK_CURVE_EXCHANGEABLE: { /* r = 1/(alpha+beta+1), p = alpha/(alpha+beta) */
        const double size = (1.0 - t[1]) / t[1];

        return lk_log_gamma_cross(t[0] * size, (1.0 - t[0]) * size, k);
    }
    case LK_CURVE_DESIGN_EFFECT: return design_effect_log_loss(t[0], t[1], floor(k));
    case LK_CURVE_HAZARD: return hazard_log_loss(t[0], t[1], floor(k));
    default: return NAN;
    }
}

double lk_curve_log_failure(lk_curve_kind kind, const double t[], double k)
{
    switch (kind) {
    case LK_CURVE_POWER:
    case LK_CURVE_POWER_WEIGHTED: return lk_log1m_exp(-t[0] * pow(k, -t[1]));
    case LK_CURVE_EXP_POWER: return lk_log1m_exp(t[0] * pow(k, t[1]));
    default: break;
    }
    const double loss = log_loss(kind, t, k), reach = t[2];
    /* 1 - A + A L, from whichever side keeps the digits. */
    return reach == 1.0 ? loss : log1p(reach * expm1(loss));
}
