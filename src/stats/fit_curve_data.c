/* fit_curve_data.c - curves of mean pass@k, and what of them is fitted. */
#include <math.h>
#include <stdlib.h>

#include "largek/passk.h"
#include "stats/fit_curve_parts.h"

void lk_curvefit_release(lk_curvefit *c)
{
    free(c->k);
    free(c->value);
    lk_tallied_release(&c->counts);
}

static void fill_points(lk_curvefit *c, const uint64_t k[])
{
    const double problems = (double)c->counts.problems;

    for (size_t j = 0; j < c->points; j++) {
        double square = 0.0;

        c->k[j] = (double)k[j];
        for (size_t i = 0; i < c->counts.count; i++) {
            double *value = &c->value[i * c->points + j];

            *value = lk_passk((uint64_t)c->counts.n[i], (uint64_t)c->counts.c[i], k[j]);
            c->mean[j] += *value * c->counts.times[i] / problems;
        }
        for (size_t i = 0; i < c->counts.count; i++) {
            const double d = c->value[i * c->points + j] - c->mean[j];

            square += d * d * c->counts.times[i];
        }
        c->variance[j] = square / (problems * fmax(problems - 1.0, 1.0));
    }
}

lk_status lk_curvefit_init(const lk_fit_law *law, const uint64_t n[],
                           const uint64_t successes[], size_t problems,
                           const lk_fit_options *options, lk_curvefit *out,
                           lk_error *err)
{
    lk_curvefit c = {.kind = (lk_curve_kind)law->model,
                     .points = options->k_count,
                     .params = law->params};
    lk_status st = LK_OK;

    LK_TRY(lk_tallied_make(n, successes, problems, &c.counts, err));
    c.k = calloc(5 * c.points, sizeof *c.k);
    c.value = calloc(c.counts.count * c.points, sizeof *c.value);
    if (c.k == NULL || c.value == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "a curve of %zu points", c.points);
        goto out;
    }
    c.mean = c.k + c.points;
    c.variance = c.mean + c.points;
    c.y = c.variance + c.points;
    c.weight = c.y + c.points;
    fill_points(&c, options->k);
    *out = c;
    c = (lk_curvefit){0};
out:
    lk_curvefit_release(&c);
    return st;
}

bool lk_curvefit_is_power(lk_curve_kind kind)
{
    return kind == LK_CURVE_POWER || kind == LK_CURVE_POWER_WEIGHTED;
}

bool lk_curvefit_reach_given(const lk_curvefit *c, const lk_fit_options *options)
{
    return c->params > 2 && options->scale_how == LK_SCALE_FIXED;
}

/* d log(-log pass) / d pass. */
double lk_curvefit_log_log_slope(double pass)
{
    return 1.0 / (pass * log(pass));
}

/* What is fitted, and how many points there are. */
size_t lk_curvefit_choose(lk_curvefit *c)
{
    size_t used = 0;

    for (size_t j = 0; j < c->points; j++) {
        const double pass = c->mean[j];

        c->y[j] = pass;
        c->weight[j] = 1.0;
        if (lk_curvefit_is_power(c->kind)) {
            const double slope = lk_curvefit_log_log_slope(pass);
            const bool drawn = pass > 0.0 && pass < 1.0;

            c->y[j] = drawn ? log(-log(pass)) : 0.0;
            c->weight[j] = drawn ? 1.0 : 0.0;
            if (drawn && c->kind == LK_CURVE_POWER_WEIGHTED) {
                const double variance = slope * slope * c->variance[j];
                c->weight[j] = variance > 0.0 ? 1.0 / variance : 0.0;
            }
        }
        used += c->weight[j] > 0.0;
    }
    return used;
}
