/* plot_laws.c - writes script and data of the figures of laws. */
#include "plot/plot_laws.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "plot/figure.h"

enum { WIDTH = 1180, HEIGHT = 540, STYLES = 6 };

/* Dark to light, and each with a dash and a mark of its own, so that grey tells them
 * apart too. */
static const struct {
    const char *colour, *dash;
    int mark;
} styles[STYLES] = {{"#3e125c", "solid", 7},   {"#c2421f", "(14,5)", 5},
                    {"#208c8d", "(4,4)", 9},   {"#54874a", "(14,5,3,5)", 11},
                    {"#b8860b", "(20,6)", 13}, {"#6b6b6b", "(8,3,2,3,2,3)", 6}};

/* Blocks of k pass lo hi -log(pass) -log(hi) -log(lo): the data, then each law. */
static void write_curve(FILE *to, const lk_law_curve *curve)
{
    size_t written = 0;

    fputs("# k pass lo hi -log(pass) -log(hi) -log(lo)\n", to);
    for (size_t j = 0; j < curve->points; j++) {
        const double pass = curve->pass[j], lo = curve->lo[j], hi = curve->hi[j];

        if (isnan(pass)) continue;
        fprintf(to, "%.17g %.17g %.17g %.17g %.17g %.17g %.17g\n", curve->k[j], pass,
                isnan(lo) ? pass : lo, isnan(hi) ? pass : hi, -log(pass),
                -log(isnan(hi) ? pass : hi), -log(isnan(lo) ? pass : lo));
        written++;
    }
    if (written == 0) fputs("NaN NaN NaN NaN NaN NaN NaN\n", to);
    fputs("\n\n", to);
}

static void write_data(FILE *to, const lk_law_figure *figure, const lk_law_bars *bars)
{
    write_curve(to, &figure->data);
    for (size_t i = 0; i < figure->laws; i++) write_curve(to, &figure->law[i]);
    if (bars == NULL) return;
    fputs("# bin seen, and of each law; bin 0 is c = 0\n", to);
    for (size_t b = 0; b < bars->bins; b++) {
        fprintf(to, "%zu %.17g", b, bars->seen[b]);
        for (size_t i = 0; i < figure->laws; i++)
            fprintf(to, " %.17g", bars->law[i * bars->bins + b]);
        fputc('\n', to);
    }
}

static void set_text(FILE *to, const char *what, const char *text, const char *rest)
{
    fprintf(to, "set %s ", what);
    lk_figure_quote(to, text);
    fprintf(to, " noenhanced%s\n", rest);
}

static void write_setup(FILE *to, const lk_law_figure *figure)
{
    /* Many bands over each other would hide all that is under them. */
    fprintf(to,
            "set datafile missing 'NaN'\n"
            "set style fill transparent solid %.3f noborder\n",
            figure->laws <= 2 ? 0.16 : 0.08);
    fputs("set border 3 lc rgb '#444444'\n"
          "set tics nomirror out scale 0.6 textcolor rgb '#222222'\n"
          "set grid xtics ytics lw 0.8 lc rgb '#dcdcdc'\n",
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

static void left(FILE *to)
{
    fputs("set lmargin at screen 0.065\nset rmargin at screen 0.475\n", to);
}

static void right(FILE *to)
{
    fputs("unset label\nunset arrow\n"
          "set lmargin at screen 0.565\nset rmargin at screen 0.975\n",
          to);
}

/* A line where the data end; all that is beyond it is a law's word. */
static void mark_end(FILE *to, const lk_law_figure *figure)
{
    if (!(figure->attempts > 0.0)) return;
    fprintf(to,
            "set arrow 1 from first %.17g,graph 0 to first %.17g,graph 1 nohead "
            "dashtype (2,3) lc rgb '#777777'\n"
            "set label 5 'n' at first %.17g,graph 1.03 center font ',12' tc rgb "
            "'#555555'\n",
            figure->attempts, figure->attempts, figure->attempts);
}

/* Bands, then lines, then the data over them.  `y` is the column of the value, and the
 * band is in the two after it. */
static void write_curves(FILE *to, const lk_law_figure *figure, int y)
{
    fputs("plot ", to);
    for (size_t i = 0; i < figure->laws; i++) {
        fprintf(to,
                "data index %zu using 1:%d:%d with filledcurves lc rgb '%s' notitle, "
                "\\\n  ",
                i + 1, y + 1, y + 2, styles[i % STYLES].colour);
    }
    fprintf(to, "data index 0 using 1:%d:%d with filledcurves lc rgb '#000000' notitle",
            y + 1, y + 2);
    for (size_t i = 0; i < figure->laws; i++) {
        fprintf(
            to,
            ", \\\n  data index %zu using 1:%d with lines lw 2.2 dashtype %s lc rgb "
            "'%s' title ",
            i + 1, y, styles[i % STYLES].dash, styles[i % STYLES].colour);
        lk_figure_quote(to, figure->law[i].label);
        fputs(" noenhanced", to);
    }
    fprintf(to,
            ", \\\n  data index 0 using 1:%d with points pt 7 ps 0.35 lc rgb '#000000' "
            "title ",
            y);
    lk_figure_quote(to, figure->data.label);
    fputs(" noenhanced\n", to);
}

/* Where the curves leave room for the key: under their ends if these are high. */
static const char *key_place(const lk_law_figure *figure)
{
    double last = 0.0;

    for (size_t i = 0; i <= figure->laws; i++) {
        const lk_law_curve *c = i == 0 ? &figure->data : &figure->law[i - 1];

        if (c->points > 0) last = fmax(last, c->pass[c->points - 1]);
    }
    return last > 0.6 ? "bottom right" : "top left";
}

static void write_pass_panel(FILE *to, const lk_law_figure *figure)
{
    fprintf(to,
            "set logscale x 10\nunset logscale y\nset format x '10^{%%T}'\n"
            "set format y '%%g'\nset autoscale x\nset yrange [0:1]\nset xtics auto\n"
            "set xlabel 'attempts per problem, k' offset 0,0.2\n"
            "set ylabel 'pass@k (share of problems)' noenhanced offset 0.4,0\n"
            "set key on %s Left reverse samplen 3 spacing 1.2 opaque noenhanced font "
            "',12'\n",
            key_place(figure));
    mark_end(to, figure);
    write_curves(to, figure, 2);
}

/* The largest and smallest -log pass@k that is a number. */
static void log_range(const lk_law_figure *figure, double *low, double *high)
{
    *low = INFINITY, *high = 0.0;
    for (size_t i = 0; i <= figure->laws; i++) {
        const lk_law_curve *c = i == 0 ? &figure->data : &figure->law[i - 1];

        for (size_t j = 0; j < c->points; j++) {
            const double y = -log(c->pass[j]);

            if (isfinite(y) && y > 1e-12) *low = fmin(*low, y);
            if (isfinite(y)) *high = fmax(*high, y);
        }
    }
    if (!(*low < INFINITY)) *low = 0.1, *high = 1.0;
    *low /= 2.0;
    *high *= 1.5;
}

static void write_log_panel(FILE *to, const lk_law_figure *figure)
{
    double low, high;

    log_range(figure, &low, &high);
    fprintf(to,
            "set logscale xy 10\nset format x '10^{%%T}'\nset format y '10^{%%T}'\n"
            "set autoscale x\nset yrange [%.6g:%.6g]\n"
            "set xlabel 'attempts per problem, k' offset 0,0.2\n"
            "set ylabel '-log pass@k (natural logarithm)' noenhanced offset 0.6,0\n"
            "set key off\n",
            low, high);
    mark_end(to, figure);
    write_curves(to, figure, 5);
}

/* Tics at the decades, and 0 for the bin of its own. */
static void write_bar_tics(FILE *to, const lk_law_bars *bars)
{
    fputs("set xtics ('0' 0", to);
    for (size_t b = 0; b < bars->bins; b++) {
        const double power = log10(bars->edge[b]);

        if (fabs(power - nearbyint(power)) > 1e-9 || b == 0) continue;
        fprintf(to, ", '10^{%.0f}' %zu.5", nearbyint(power), b);
    }
    fputs(")\n", to);
}

static void write_bar_panel(FILE *to, const lk_law_figure *figure,
                            const lk_law_bars *bars)
{
    const size_t block = figure->laws + 1;
    double highest = 0.0;

    for (size_t b = 0; b < bars->bins; b++) {
        highest = fmax(highest, bars->seen[b]);
        for (size_t i = 0; i < figure->laws; i++)
            highest = fmax(highest, bars->law[i * bars->bins + b]); /* not NaN */
    }
    write_bar_tics(to, bars);
    fprintf(
        to,
        "unset logscale\nset xrange [-0.8:%zu.8]\nset yrange [0:%.6g]\nset format y "
        "'%%g'\n"
        "set xlabel 'share of attempts that succeeded, c/n' noenhanced offset 0,0.2\n"
        "set ylabel 'share of problems' offset 0.4,0\n"
        "set key on top right samplen 2 spacing 1.2 opaque noenhanced font ',12'\n"
        "set arrow 2 from 0.5,graph 0 to 0.5,graph 1 nohead dashtype (2,3) lc rgb "
        "'#777777'\n",
        bars->bins - 1, highest * 1.4); /* room for the key */
    fprintf(
        to,
        "plot data index %zu using 1:2 with boxes lc rgb '#d4d4d4' fs solid 1.0 border lc rgb '#777777' title 'problems'",
        block);
    for (size_t i = 0; i < figure->laws; i++) {
        if (isnan(bars->law[i * bars->bins])) continue; /* a curve has no problems */
        fprintf(
            to,
            ", \\\n  data index %zu using 1:%zu with linespoints lw 1.6 ps 0.8 pt %d "
            "dashtype %s lc rgb '%s' title ",
            block, i + 3, styles[i % STYLES].mark, styles[i % STYLES].dash,
            styles[i % STYLES].colour);
        lk_figure_quote(to, figure->law[i].label);
        fputs(" noenhanced", to);
    }
    fputc('\n', to);
}

lk_status lk_plot_fit(const lk_law_figure *figure, const lk_law_bars *bars,
                      const char *path, const char *keep, lk_error *err)
{
    lk_figure gnuplot = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_figure_open(&gnuplot, path, "fit", keep, WIDTH, HEIGHT, err));
    write_data(gnuplot.data, figure, bars);
    write_setup(gnuplot.script, figure);
    left(gnuplot.script);
    write_bar_panel(gnuplot.script, figure, bars);
    right(gnuplot.script);
    write_pass_panel(gnuplot.script, figure);
    fputs("unset multiplot\n", gnuplot.script);
    st = lk_figure_commit(&gnuplot, err);
out:
    lk_figure_abort(&gnuplot);
    return st;
}

lk_status lk_plot_forecast(const lk_law_figure *figure, const char *path,
                           const char *keep, lk_error *err)
{
    lk_figure gnuplot = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_figure_open(&gnuplot, path, "forecast", keep, WIDTH, HEIGHT, err));
    write_data(gnuplot.data, figure, NULL);
    write_setup(gnuplot.script, figure);
    left(gnuplot.script);
    write_pass_panel(gnuplot.script, figure);
    right(gnuplot.script);
    write_log_panel(gnuplot.script, figure);
    fputs("unset multiplot\n", gnuplot.script);
    st = lk_figure_commit(&gnuplot, err);
out:
    lk_figure_abort(&gnuplot);
    return st;
}
