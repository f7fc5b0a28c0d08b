/* plot_rare.h - the figure of estimates: pass@k to any k, and beside it how the success
 * probabilities of problems are distributed. */
#ifndef LK_PLOT_PLOT_RARE_H
#define LK_PLOT_PLOT_RARE_H

#include <stddef.h>

#include "largek/status.h"

/* One threshold.
 * Shapes  k, pass, lo, hi [points]; log10_p [known], ascending */
typedef struct {
    const char *label; /* "0.004" */
    size_t points;
    const double *k, *pass, *lo, *hi;
    size_t known;
    const double *log10_p;
} lk_rare_curve;

typedef struct {
    const char *title;   /* (optional)                                             */
    const char *legend;  /* what the labels are: "threshold (mse)"                 */
    const char *caption; /* one line                                               */
    size_t problems;
    double reach; /* attempts that counting had, a corner of both panels; 0: none  */
    size_t curves;
    const lk_rare_curve *curve;
} lk_rare_figure;

/* Draws to a .svg, .png or .pdf.
 *
 * keep    (optional) folder for the script rare.gp and its data rare.dat
 * Errors  as lk_figure_open and lk_figure_commit */
lk_status lk_plot_rare(const lk_rare_figure *figure, const char *path, const char *keep,
                       lk_error *err);

#endif /* LK_PLOT_PLOT_RARE_H */
