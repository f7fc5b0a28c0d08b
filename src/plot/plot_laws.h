/* plot_laws.h - figures of laws: what was fitted, and what it says beyond the data. */
#ifndef LK_PLOT_PLOT_LAWS_H
#define LK_PLOT_PLOT_LAWS_H

#include <stddef.h>

#include "largek/status.h"

/* A curve of pass@k with a band; log_pass is -log pass@k.  lo and hi may be NaN.
 * Shapes  k, pass, lo, hi [points], k ascending */
typedef struct {
    const char *label;
    size_t points;
    const double *k, *pass, *lo, *hi;
} lk_law_curve;

/* Shares of problems by c/n: bin 0 is c = 0, bin b > 0 from edge[b-1] to edge[b].
 * Shapes  edge, seen [bins]; law [laws][bins], NaN where a law has none */
typedef struct {
    size_t bins;
    const double *edge, *seen, *law;
} lk_law_bars;

typedef struct {
    const char *title;   /* (optional)                        */
    const char *caption; /* one line                          */
    lk_law_curve data;
    size_t laws;
    const lk_law_curve *law; /* [laws]                        */
    double attempts;         /* a problem: where the data end */
} lk_law_figure;

/* Left the distribution of c/n, right pass@k, each with the laws.
 *
 * keep    (optional) folder for the script fit.gp and its data fit.dat
 * Errors  as lk_figure_open and lk_figure_commit */
lk_status lk_plot_fit(const lk_law_figure *figure, const lk_law_bars *bars,
                      const char *path, const char *keep, lk_error *err);

/* Left pass@k, right -log pass@k on logarithmic axes, to k beyond the data. */
lk_status lk_plot_forecast(const lk_law_figure *figure, const char *path,
                           const char *keep, lk_error *err);

#endif /* LK_PLOT_PLOT_LAWS_H */
