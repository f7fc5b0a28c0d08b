/* figure.h - a figure drawn by gnuplot, from a script and a data file.
 *
 *     lk_figure_open     a folder with NAME.gp and NAME.dat, open for writing
 *     lk_figure_quote    texts in the script
 *     lk_figure_commit   runs gnuplot; the picture is whole or not there
 *
 * The script's head is written by open: it sets `data` to the data file and opens the
 * terminal and output, so that a kept folder draws itself: gnuplot NAME.gp
 */
#ifndef LK_PLOT_FIGURE_H
#define LK_PLOT_FIGURE_H

#include <stdbool.h>
#include <stdio.h>

#include "largek/status.h"

/* {0} is closed. */
typedef struct {
    FILE *script, *data; /* write here; errors are caught by commit */
    char *path;          /* of the picture, as the caller wants it  */
    char *folder;        /* of script and data                      */
    const char *name, *type;
    bool keep;
} lk_figure;

/* Starts a figure of the given size in points, named by its kind ("passk").
 *
 * path    ends in .svg, .png or .pdf
 * keep    (optional) a folder for script and data, made where it is missing; else a
 *         temporary one is used and removed
 * Errors  LK_E_ARG for another ending; LK_E_IO, also where `path` cannot be written;
 *         LK_E_MEMORY */
lk_status lk_figure_open(lk_figure *figure, const char *path, const char *name,
                         const char *keep, unsigned width, unsigned height,
                         lk_error *err);

/* Writes a text as gnuplot reads it back, whatever characters it has. */
void lk_figure_quote(FILE *to, const char *text);

/* Draws, and closes either way.
 * Errors  LK_E_MISSING where gnuplot is not installed; LK_E_IO; LK_E_INTERNAL with the
 *         first thing gnuplot said where it refused the script; LK_E_MEMORY */
lk_status lk_figure_commit(lk_figure *figure, lk_error *err);

/* Drops the figure; does nothing where closed. */
void lk_figure_abort(lk_figure *figure);

#endif /* LK_PLOT_FIGURE_H */
