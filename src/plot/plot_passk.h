/* plot_passk.h - the figure of pass@k: curves against k, and beside them what single
 * problems do under their mean. */
#ifndef LK_PLOT_PLOT_PASSK_H
#define LK_PLOT_PLOT_PASSK_H

#include <stddef.h>

#include "largek/status.h"

/* pass@k of one group at one threshold.
 * Shapes  k, pass, lo, hi [points], k ascending */
typedef struct {
    const char *label; /* "0.004" */
    size_t points;
    const double *k, *pass, *lo, *hi;
} lk_passk_curve;

typedef struct {
    const char *title;        /* (optional)                                      */
    const char *legend;       /* what the labels are: "threshold (mse)"; may be "" */
    const char *caption;      /* problems, attempts, method: one line            */
    const char *chosen_label; /* of the right panel: "threshold 0.004"; may be "" */
    size_t curves;
    const lk_passk_curve *curve;  /* [curves], left                         */
    const lk_passk_curve *chosen; /* the mean on the right                  */

    size_t singles, points;
    size_t mixed;         /* problems that `singles` were taken from            */
    size_t never, always; /* problems without a success, without a failure: not shown */
    const double *k;      /* [points]                                     */
    const double *log_pass; /* [singles][points] -log pass_i@k; NaN: leave out */
} lk_passk_figure;

/* Draws to a .svg, .png or .pdf.
 *
 * keep    (optional) folder for the script passk.gp and its data passk.dat
 * Errors  as lk_figure_open and lk_figure_commit */
lk_status lk_plot_passk(const lk_passk_figure *figure, const char *path,
                        const char *keep, lk_error *err);

#endif /* LK_PLOT_PLOT_PASSK_H */
