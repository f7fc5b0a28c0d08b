/* tail_fit.c - which law the logarithms of success probabilities follow. */
#include <float.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_vector.h>
#include <math.h>
#include <stdlib.h>

#include "largek/stream.h"
#include "largek/tail.h"
#include "stats/beta.h"
#include "stats/special.h"

enum { STEPS_MAX = 2000 };

static const double log_root_2_pi = 0.91893853320467274;

static const char *const names[LK_TAIL_LAWS] = {
    [LK_TAIL_BETA] = "beta",
    [LK_TAIL_KUMARASWAMY] = "kumaraswamy",
    [LK_TAIL_LOGNORMAL] = "lognormal",
};

const char *lk_tail_law_name(lk_tail_law law)
{
    return (size_t)law < LK_TAIL_LAWS ? names[law] : "unknown";
}

/* What a sample is, and all that its likelihood needs at once. */
typedef struct {
    lk_tail_law law;
    size_t count;
    const double *log_p; /* ascending */
} sample;

/* Log density of x = log p. */
static double log_density(lk_tail_law law, double a, double b, double x)
{
    switch (law) {
    case LK_TAIL_BETA: return a * x + (b - 1.0) * lk_log1m_exp(x) - lk_log_beta(a, b);
    case LK_TAIL_KUMARASWAMY:
        return log(a) + log(b) + a * x + (b - 1.0) * lk_log1m_exp(a * x);
    default: {
        const double u = (x - a) / b;

        return -0.5 * u * u - log(b) - log_root_2_pi;
    }
    }
}

/* The chance that Beta(a, b) has below e^x, where a or b may be less than 1/2:
 *     I_x(a, b) = I_x(a+1, b) + t / a = I_x(a, b+1) - t / b,   t = x^a (1-x)^b / B(a, b) */
static double beta_below(double a, double b, double x)
{
    const double t = exp(a * x + b * lk_log1m_exp(x) - lk_log_beta(a, b));

    if (b < 0.5) return beta_below(a, b + 1.0, x) - t / b;
    if (a < 0.5) return beta_below(a + 1.0, b, x) + t / a;
    return exp(lk_beta_log_tail(a, b, x, LK_TAIL_LOWER));
}

/* P(log p <= x). */
static double below(lk_tail_law law, double a, double b, double x)
{
    switch (law) {
    case LK_TAIL_BETA: return beta_below(a, b, x);
    case LK_TAIL_KUMARASWAMY: return -expm1(b * lk_log1m_exp(a * x));
    default: return gsl_cdf_ugaussian_P((x - a) / b);
    }
}

/* The x with P(log p <= x) = u. */
static double quantile(lk_tail_law law, double a, double b, double u)
{
    switch (law) {
    case LK_TAIL_KUMARASWAMY: return lk_log1m_exp(log1p(-u) / b) / a;
    case LK_TAIL_LOGNORMAL: return a + b * gsl_cdf_ugaussian_Pinv(u);
    default: {
        /* Bisection in x: the quantile itself may be below any double. */
        double low = -1e6, high = 0.0;

        for (int i = 0; i < 60; i++) {
            const double middle = 0.5 * (low + high);
            /* far out P = e^(a x) / (a B(a, b)) */
            const double log_below = middle < -600.0
                                         ? a * middle - log(a) - lk_log_beta(a, b)
                                         : log(below(law, a, b, middle));

            if (log_below < log(u)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return high;
    }
    }
}

static double log_likelihood(const sample *s, double a, double b)
{
    double total = 0.0;

    for (size_t i = 0; i < s->count; i++) {
        total += log_density(s->law, a, b, s->log_p[i]);
    }
    return total;
}

/* Minus that, of the parameters' logarithms. */
static double loss(const gsl_vector *at, void *context)
{
    const double a = exp(gsl_vector_get(at, 0)), b = exp(gsl_vector_get(at, 1));
    double total;

    if (!(a > 1e-10 && a < 1e10) || !(b > 1e-10 && b < 1e10)) return 1e300;
    total = -log_likelihood(context, a, b);
    return isfinite(total) ? total : 1e300;
}

/* Mean and standard deviation, which for a lognormal are the best there is. */
static void moments(const sample *s, double *mean, double *deviation)
{
    double square = 0.0;

    *mean = 0.0;
    for (size_t i = 0; i < s->count; i++) *mean += s->log_p[i] / (double)s->count;
    for (size_t i = 0; i < s->count; i++) {
        square += (s->log_p[i] - *mean) * (s->log_p[i] - *mean) / (double)s->count;
    }
    *deviation = sqrt(square);
}

static lk_status climb(const sample *s, double *a, double *b, lk_error *err)
{
    gsl_vector *at = gsl_vector_alloc(2), *step = gsl_vector_alloc(2);
    gsl_multimin_fminimizer *search =
        gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, 2);
    gsl_multimin_function function = {loss, 2, (void *)(uintptr_t)s};
    double mean, deviation;
    lk_status st = LK_OK;

    if (at == NULL || step == NULL || search == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for a fit");
        goto out;
    }
    moments(s, &mean, &deviation);
    gsl_vector_set(at, 0, log(-1.0 / mean)); /* E log p = -1 / a of Beta(a, 1) */
    gsl_vector_set(at, 1, 0.0);
    gsl_vector_set_all(step, 0.5);
    gsl_multimin_fminimizer_set(search, &function, at, step);
    for (int i = 0; i < STEPS_MAX && gsl_multimin_fminimizer_size(search) > 1e-6; i++) {
        if (gsl_multimin_fminimizer_iterate(search) != 0) break;
    }
    if (!(search->fval < 1e299) || gsl_multimin_fminimizer_size(search) > 1e-3) {
        st = LK_FAIL(err, LK_E_NUMERIC, "%s: no convergence", names[s->law]);
        goto out;
    }
    *a = exp(gsl_vector_get(search->x, 0));
    *b = exp(gsl_vector_get(search->x, 1));

out:
    if (search != NULL) gsl_multimin_fminimizer_free(search);
    if (at != NULL) gsl_vector_free(at);
    if (step != NULL) gsl_vector_free(step);
    return st;
}

static lk_status maximise(const sample *s, double *a, double *b, lk_error *err)
{
    if (s->law != LK_TAIL_LOGNORMAL) return climb(s, a, b, err);
    moments(s, a, b);
    return LK_OK;
}

/* Kolmogorov and Smirnov's distance of an ascending sample. */
static double distance(const sample *s, double a, double b)
{
    const double n = (double)s->count;
    double most = 0.0;

    for (size_t i = 0; i < s->count; i++) {
        const double f = below(s->law, a, b, s->log_p[i]);

        most = fmax(most, fmax((double)(i + 1) / n - f, f - (double)i / n));
    }
    return most;
}

static int ascending(const void *x, const void *y)
{
    const double a = *(const double *)x, b = *(const double *)y;

    return (a > b) - (a < b);
}

/* A sample of the fitted law: replicate r draws from words of purpose 5. */
static void draw(lk_tail_law law, double a, double b, uint64_t seed, size_t r,
                 double *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const lk_u32x4 w = lk_words(seed, LK_PURPOSE_BOOTSTRAP, r, i);
        const double u = ((double)w.w[0] * 0x1p32 + (double)w.w[1] + 0.5) * 0x1p-64;

        out[i] = quantile(law, a, b, u);
        if (law != LK_TAIL_LOGNORMAL) out[i] = fmin(out[i], -DBL_EPSILON);
    }
    qsort(out, count, sizeof *out, ascending);
}

static lk_status bootstrap(const sample *s, size_t replicates, uint64_t seed,
                           lk_tail_fit *fit, lk_error *err)
{
    double *drawn = malloc(s->count * sizeof *drawn);
    size_t far = 0;
    lk_status st = LK_OK;

    if (drawn == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a bootstrap");
    for (size_t r = 0; r < replicates; r++) {
        const sample again = {s->law, s->count, drawn};
        double a, b;

        draw(s->law, fit->a, fit->b, seed, r, drawn, s->count);
        LK_TRY(maximise(&again, &a, &b, err));
        far += distance(&again, a, b) >= fit->distance;
    }
    fit->p_value = (double)(far + 1) / (double)(replicates + 1);

out:
    free(drawn);
    return st;
}

lk_status lk_tail_fit_law(lk_tail_law law, const double *log_p, size_t count,
                          size_t replicates, uint64_t seed, lk_tail_fit *out,
                          lk_error *err)
{
    double *sorted = malloc((count + 1) * sizeof *sorted);
    const sample s = {law, count, sorted};
    lk_tail_fit fit = {.p_value = NAN};
    lk_status st = LK_OK;

    if (sorted == NULL) return LK_FAIL(err, LK_E_MEMORY, "%zu values", count);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = log_p[i];
        if (log_p[i] < 0.0 && isfinite(log_p[i])) continue;
        st = LK_FAIL(err, LK_E_ARG, "log p = %g: must be below 0", log_p[i]);
        goto out;
    }
    qsort(sorted, count, sizeof *sorted, ascending);
    if (count < 3 || sorted[0] == sorted[count - 1]) {
        st = LK_FAIL(err, LK_E_ARG, "%zu values%s: too few to fit a law", count,
                     count < 3 ? "" : ", all equal");
        goto out;
    }
    LK_TRY(maximise(&s, &fit.a, &fit.b, err));
    fit.log_likelihood = log_likelihood(&s, fit.a, fit.b);
    fit.aic = 4.0 - 2.0 * fit.log_likelihood;
    fit.distance = distance(&s, fit.a, fit.b);
    if (replicates > 0) LK_TRY(bootstrap(&s, replicates, seed, &fit, err));
    *out = fit;

out:
    free(sorted);
    return st;
}
