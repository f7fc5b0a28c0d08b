/* plot_rare.c - writes script and data of the figure of estimates. */
#include "plot/plot_rare.h"

#include <math.h>
#include <stdio.h>

#include "plot/figure.h"
#include "plot/look.h"

enum { WIDTH = 1180, HEIGHT = 540 };

static void write_data(FILE *to, const lk_rare_figure *figure)
{
    for (size_t c = 0; c < figure->curves; c++) {
        const lk_rare_curve *curve = &figure->curve[c];

        fprintf(to, "# curve %s: k pass lo hi\n", curve->label);
        for (size_t j = 0; j < curve->points; j++) {
            fprintf(to, "%.17g %.17g %.17g %.17g\n", curve->k[j], curve->pass[j],
                    curve->lo[j], curve->hi[j]);
        }
        fputs("\n\n", to);
    }
    /* Share of problems whose p is at least 1/x, a step at every problem. */
    for (size_t c = 0; c < figure->curves; c++) {
        const lk_rare_curve *curve = &figure->curve[c];

        fprintf(to, "# distribution %s: log10(1/p) share\n", curve->label);
        if (curve->known == 0) fputs("NaN NaN\n", to);
        for (size_t i = curve->known; i-- > 0;) {
            fprintf(to, "%.17g %.17g\n", -curve->log10_p[i],
                    (double)(curve->known - i) / (double)figure->problems);
        }
        fputs("\n\n", to);
    }
}

static double largest_k(const lk_rare_figure *figure)
{
    double k = 10.0;

    for (size_t c = 0; c < figure->curves; c++) {
        const lk_rare_curve *curve = &figure->curve[c];

        if (curve->points > 0) k = fmax(k, curve->k[curve->points - 1]);
    }
    return k;
}

static void set_text(FILE *to, const char *what, const char *text, const char *rest)
{
    fprintf(to, "set %s ", what);
    lk_figure_quote(to, text);
    fprintf(to, " noenhanced%s\n", rest);
}

static void write_setup(FILE *to, const lk_rare_figure *figure)
{
    fputs("set datafile missing 'NaN'\n"
          "set style fill transparent solid 0.16 noborder\n"
          "set border 3 lc rgb '#444444'\n"
          "set tics nomirror out scale 0.6 textcolor rgb '#222222'\n"
          "set grid xtics ytics lw 0.8 lc rgb '#dcdcdc'\n"
          "set yrange [0:1]\nset key off\n",
          to);
    set_text(to, "label 1", figure->caption,
             " at screen 0.5,0.032 center font ',12' tc rgb '#444444'");
    if (figure->title != NULL) {
        set_text(to, "label 2", figure->title,
                 " at screen 0.5,0.965 center font ',17'");
    }
    fputs("set multiplot\nset tmargin at screen 0.86\nset bmargin at screen 0.17\n",
          to);
}

/* What counting reaches: a grey corner, from `from` to `end` of the x axis. */
static void write_corner(FILE *to, const lk_rare_figure *figure, double from,
                         double end)
{
    if (!(figure->reach > 1.0)) return;
    fprintf(to,
            "set object 1 rectangle from %.17g,graph 0 to %.17g,graph 1 behind "
            "fc rgb '#000000' fs transparent solid 0.07 noborder\n"
            "set label 4 'what counting sees' at %.17g,graph 1.03 left font ',11' "
            "tc rgb '#555555'\n",
            from, end, from);
}

static void write_left(FILE *to, const lk_rare_figure *figure)
{
    fprintf(to,
            "set lmargin at screen 0.06\nset rmargin at screen 0.44\n"
            "set logscale x 10\nset format x '10^{%%T}'\nset xrange [1:%.17g]\n"
            "set xlabel 'attempts per problem, k' offset 0,0.2\n"
            "set ylabel 'pass@k (share of problems)' noenhanced offset 1.2,0\n"
            "set title 'Mean over problems' offset 0,1.0 font ',14'\n",
            largest_k(figure));
    write_corner(to, figure, 1.0, figure->reach);
    fputs("plot", to);
    for (size_t c = 0; c < figure->curves; c++) {
        const unsigned rgb = lk_look_colour(c, figure->curves);

        fprintf(
            to,
            " \\\n  data index %zu using 1:3:4 with filledcurves lc rgb '#%06x', \\\n"
            "  data index %zu using 1:2 with linespoints lw 1.8 dt %s pt %u ps 0.55 "
            "pointinterval 5 lc rgb '#%06x'%s",
            c, rgb, c, lk_look_dash(c), lk_look_marker(c), rgb,
            c + 1 < figure->curves ? "," : "\n");
    }
    fputs("unset object\nunset label 4\n", to);
}

/* The x axis of the right panel ends where that of the left does, or beyond the last p. */
static double right_end(const lk_rare_figure *figure)
{
    double end = log10(largest_k(figure));

    for (size_t c = 0; c < figure->curves; c++) {
        if (figure->curve[c].known == 0) continue;
        end = fmax(end, -figure->curve[c].log10_p[0]);
    }
    return end;
}

static void write_right(FILE *to, const lk_rare_figure *figure)
{
    fprintf(to,
            "set lmargin at screen 0.52\nset rmargin at screen 0.88\n"
            "unset logscale x\nset format x '10^{-%%.0f}'\nset xrange [0:%.17g]\n"
            "set xlabel 'success probability of a problem, p' offset 0,0.2\n"
            "set ylabel 'share of problems with p or more' offset 1.2,0\n"
            "set title 'Single problems' offset 0,1.0 font ',14'\n"
            "set key at screen 0.995,0.84 right top samplen 2 spacing 1.2 noenhanced "
            "font ',12' title ",
            right_end(figure));
    lk_figure_quote(to, figure->legend);
    fputs("\n", to);
    write_corner(to, figure, 0.0, log10(figure->reach));
    fputs("plot", to);
    for (size_t c = 0; c < figure->curves; c++) {
        fprintf(
            to,
            " \\\n  data index %zu using 1:2 with steps lw 1.8 dt %s lc rgb '#%06x' "
            "title ",
            figure->curves + c, lk_look_dash(c), lk_look_colour(c, figure->curves));
        lk_figure_quote(to, figure->curve[c].label);
        fputs(c + 1 < figure->curves ? "," : "\n", to);
    }
    fputs("unset multiplot\n", to);
}

lk_status lk_plot_rare(const lk_rare_figure *figure, const char *path, const char *keep,
                       lk_error *err)
{
    lk_figure gnuplot = {0};
    lk_status st = LK_OK;

    if (figure->curves == 0) return LK_FAIL(err, LK_E_ARG, "a figure without curves");
    LK_TRY(lk_figure_open(&gnuplot, path, "rare", keep, WIDTH, HEIGHT, err));
    write_data(gnuplot.data, figure);
    write_setup(gnuplot.script, figure);
    write_left(gnuplot.script, figure);
    write_right(gnuplot.script, figure);
    st = lk_figure_commit(&gnuplot, err);

out:
    lk_figure_abort(&gnuplot);
    return st;
}
