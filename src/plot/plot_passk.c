/* plot_passk.c - writes script and data of the figure of pass@k. */
#include "plot/plot_passk.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plot/figure.h"
#include "plot/look.h"

enum { WIDTH = 1180, HEIGHT = 540, LABEL_MAX = 28, LABELS_MAX = 19 };

/* What fits in LABEL_MAX characters of UTF-8, the last of them an ellipsis where some did
 * not; control characters, which a script and its comments cannot hold, as spaces. */
typedef struct {
    char text[4 * LABEL_MAX + 1];
    size_t length; /* in characters */
} short_label;

static short_label shorten(const char *label)
{
    short_label out = {.text = ""};
    size_t bytes = 0, last = 0; /* where the last character began */

    for (; *label != '\0'; label++) {
        const unsigned char c = (unsigned char)*label;

        if ((c & 0xC0) != 0x80) { /* begins a character */
            if (out.length == LABEL_MAX) {
                snprintf(out.text + last, sizeof out.text - last, "\u2026");
                return out;
            }
            last = bytes;
            out.length++;
        }
        if (bytes + 1 >= sizeof out.text) break; /* not UTF-8 */
        out.text[bytes++] = (char)(c < 0x20 || c == 0x7F ? ' ' : c);
    }
    return out;
}

static void write_curve(FILE *to, const lk_passk_curve *curve)
{
    fprintf(to, "# curve %s: k pass lo hi\n", shorten(curve->label).text);
    for (size_t j = 0; j < curve->points; j++) {
        fprintf(to, "%.17g %.17g %.17g %.17g\n", curve->k[j], curve->pass[j],
                curve->lo[j], curve->hi[j]);
    }
    fputs("\n\n", to);
}

/* -log of the mean; a lower end of 0 has none, and the band is cut off there. */
static void write_chosen(FILE *to, const lk_passk_curve *curve, double cut)
{
    size_t written = 0;

    fprintf(to, "# mean %s: k -log(pass) -log(hi) -log(lo)\n",
            shorten(curve->label).text);
    for (size_t j = 0; j < curve->points; j++) {
        if (!(curve->pass[j] > 0.0)) continue;
        fprintf(to, "%.17g %.17g %.17g %.17g\n", curve->k[j], fabs(log(curve->pass[j])),
                fabs(log(curve->hi[j])), curve->lo[j] > 0.0 ? -log(curve->lo[j]) : cut);
        written++;
    }
    if (written == 0) fputs("NaN NaN NaN NaN\n", to);
    fputs("\n\n", to);
}

static void write_singles(FILE *to, const lk_passk_figure *figure)
{
    size_t written = 0;

    fputs("# single problems, a blank line between them: k -log(pass)\n", to);
    for (size_t i = 0; i < figure->singles; i++) {
        for (size_t j = 0; j < figure->points; j++) {
            const double y = figure->log_pass[i * figure->points + j];

            if (!isfinite(y)) continue;
            fprintf(to, "%.17g %.17g\n", figure->k[j], y);
            written++;
        }
        fputc('\n', to);
    }
    if (written == 0) fputs("NaN NaN\n", to);
}

/* Ends of the right panel's y axis: all of the mean, and as far below it as shows how the
 * single problems fall away. */
static void right_range(const lk_passk_figure *figure, double *low, double *high)
{
    const lk_passk_curve *mean = figure->chosen;

    *low = INFINITY;
    *high = 0.0;
    for (size_t j = 0; j < mean->points; j++) {
        const double y = -log(mean->pass[j]);

        if (isfinite(y) && y > 1e-12 && y < *low) *low = y;
        if (isfinite(y) && y > *high) *high = y;
    }
    for (size_t i = 0; i < figure->singles * figure->points; i++) {
        if (isfinite(figure->log_pass[i]) && figure->log_pass[i] > *high) {
            *high = figure->log_pass[i];
        }
    }
    if (!(*low < INFINITY)) *low = 0.1;
    *low /= 30.0;
    *high = *high > 0.0 ? *high * 1.5 : 10.0;
}

/* A curve's label on the left panel; heights are parts of the axis. */
typedef struct {
    size_t curve;
    double end, y; /* of the curve, of the label */
} placed_label;

/* Labels stand at the ends of their curves, pushed apart where they would touch.  Where
 * there are too many curves, every second, third, ... has one.  Returns how many. */
static size_t place_labels(const lk_passk_figure *figure, double top,
                           placed_label label[LABELS_MAX])
{
    const size_t step = (figure->curves + LABELS_MAX - 1) / LABELS_MAX;
    const double gap = 0.052;
    size_t count = 0;

    for (size_t i = 0; i < figure->curves; i += step) { /* insertion sort by height */
        const lk_passk_curve *curve = &figure->curve[i];
        const double end = curve->points > 0 ? curve->pass[curve->points - 1] / top : 0;
        size_t at = count++;

        for (; at > 0 && label[at - 1].end > end; at--) label[at] = label[at - 1];
        label[at] = (placed_label){.curve = i, .end = end, .y = end};
    }
    for (size_t i = 1; i < count; i++) {
        label[i].y = fmax(label[i].y, label[i - 1].y + gap);
    }
    for (size_t i = count; i-- > 0;) { /* back down from the top of the axis */
        label[i].y = fmin(label[i].y, i + 1 == count ? 1.0 : label[i + 1].y - gap);
    }
    return count;
}

static double largest_k(const lk_passk_figure *figure)
{
    double k = 1.0;

    for (size_t i = 0; i < figure->curves; i++) {
        const lk_passk_curve *curve = &figure->curve[i];

        if (curve->points > 0) k = fmax(k, curve->k[curve->points - 1]);
    }
    return k > 1.0 ? k : 10.0;
}

static double top_of_left(const lk_passk_figure *figure)
{
    double most = 0.0;

    for (size_t i = 0; i < figure->curves; i++) {
        for (size_t j = 0; j < figure->curve[i].points; j++) {
            most = fmax(most, figure->curve[i].hi[j]);
        }
    }
    if (!(most > 0.0) || most > 0.5) return 1.0;
    const double decade = pow(10.0, floor(log10(most)));
    return ceil(most / decade) * decade;
}

static void set_text(FILE *to, const char *what, const char *text, const char *rest)
{
    fprintf(to, "set %s ", what);
    lk_figure_quote(to, text);
    fprintf(to, " noenhanced%s\n", rest);
}

static size_t longest_label(const lk_passk_figure *figure)
{
    size_t longest = strlen(figure->legend) * 7 / 10;

    for (size_t i = 0; i < figure->curves; i++) {
        const size_t length = shorten(figure->curve[i].label).length;

        if (length > longest) longest = length;
    }
    return longest;
}

static void write_setup(FILE *to, const lk_passk_figure *figure)
{
    /* Many bands over each other would hide all that is under them. */
    fprintf(to,
            "set datafile missing 'NaN'\n"
            "set style fill transparent solid %.3f noborder\n",
            figure->curves <= 12 ? 0.16 : 1.92 / (double)figure->curves);
    fputs("set border 3 lc rgb '#444444'\n"
          "set tics nomirror out scale 0.6 textcolor rgb '#222222'\n"
          "set grid xtics ytics lw 0.8 lc rgb '#dcdcdc'\n"
          "set logscale x 10\n"
          "set format x '10^{%T}'\n"
          "set xlabel 'attempts per problem, k' offset 0,0.2\n"
          "set key off\n",
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

static void write_left_labels(FILE *to, const lk_passk_figure *figure, double top)
{
    placed_label label[LABELS_MAX];
    const size_t count = place_labels(figure, top, label);

    if (figure->legend[0] != '\0') {
        set_text(to, "label 3", figure->legend,
                 " at graph 1.04,1.06 left font ',12' tc rgb '#222222'");
    }
    for (size_t i = 0; i < count; i++) {
        const unsigned rgb = lk_look_colour(label[i].curve, figure->curves);

        if (figure->curve[label[i].curve].label[0] == '\0') continue;
        fprintf(to, "set label %zu ", 10 + i);
        lk_figure_quote(to, shorten(figure->curve[label[i].curve].label).text);
        fprintf(to,
                " noenhanced at graph 1.04,%.4f left font ',12' tc rgb '#%06x'\n"
                "set arrow from graph 1.006,%.4f to graph 1.032,%.4f nohead lw 0.8 "
                "lc rgb '#%06x'\n",
                label[i].y, rgb, label[i].end, label[i].y, rgb);
    }
}

static void write_left(FILE *to, const lk_passk_figure *figure)
{
    const double right_end = 0.485 - 0.0068 * (double)longest_label(figure);
    const double top = top_of_left(figure);

    fprintf(to,
            "set lmargin at screen 0.06\nset rmargin at screen %.4f\n"
            "set xrange [1:%.17g]\nset yrange [0:%.6g]\n"
            "set ylabel 'pass@k (share of problems)' noenhanced offset 1.2,0\n"
            "set title 'Mean over problems' offset 0,0.4 font ',14'\n",
            right_end, largest_k(figure), top);
    write_left_labels(to, figure, top);
    fputs("plot", to);
    for (size_t i = 0; i < figure->curves; i++) {
        const unsigned rgb = lk_look_colour(i, figure->curves);

        fprintf(
            to,
            " \\\n  data index %zu using 1:3:4 with filledcurves lc rgb '#%06x', \\\n"
            "  data index %zu using 1:2 with linespoints lw 1.8 dt %s pt %u ps 0.55 "
            "pointinterval 5 lc rgb '#%06x'%s",
            i, rgb, i, lk_look_dash(i), lk_look_marker(i), rgb,
            i + 1 < figure->curves ? "," : "\n");
    }
    fputs("unset label\nunset arrow\n", to);
}

static bool anything_on_the_right(const lk_passk_figure *figure)
{
    for (size_t j = 0; j < figure->chosen->points; j++) {
        const double pass = figure->chosen->pass[j];

        if (pass > 0.0 && pass < 1.0) return true;
    }
    return false;
}

/* Problems whose -log is infinite or 0 at every k, as lines of the legend. */
static void write_not_shown(FILE *to, size_t problems, const char *without)
{
    if (problems == 0) return;
    fprintf(to,
            ", \\\n  keyentry with lines lc rgb 'white' title '%zu without a %s: not "
            "shown'",
            problems, without);
}

/* The legend's first line: how many curves there are, and of how many. */
static void write_singles_title(FILE *to, const lk_passk_figure *figure)
{
    fprintf(to, "'%zu single problem%s", figure->singles,
            figure->singles == 1 ? "" : "s");
    if (figure->singles < figure->mixed) fprintf(to, " of %zu", figure->mixed);
    fputs("'", to);
}

static void write_right_plot(FILE *to, const lk_passk_figure *figure)
{
    const size_t mean = figure->curves, singles = figure->curves + 1;

    if (!anything_on_the_right(figure)) {
        fputs("set label 'nothing to draw: every estimate is 0 or 1' at graph 0.5,0.5 "
              "center tc rgb '#777777'\n"
              "plot NaN notitle\n",
              to);
        return;
    }
    fprintf(to,
            "plot data index %zu using 1:2 with lines lw 0.7 lc rgb '#96a3b3' title ",
            singles);
    write_singles_title(to, figure);
    write_not_shown(to, figure->never, "success");
    write_not_shown(to, figure->always, "failure");
    fprintf(to,
            ", \\\n  data index %zu using 1:3:4 with filledcurves lc rgb '#b5391f' "
            "notitle, \\\n"
            "  data index %zu using 1:2 with lines lw 3.2 lc rgb '#b5391f' title "
            "'mean over all problems'\n",
            mean, mean);
}

static void write_right(FILE *to, const lk_passk_figure *figure, double low,
                        double high)
{
    char title[40 + sizeof(short_label)];

    snprintf(title, sizeof title, "Single problems and their mean%s%s",
             figure->chosen_label[0] == '\0' ? "" : ", ",
             shorten(figure->chosen_label).text);
    fprintf(to,
            "set lmargin at screen 0.60\nset rmargin at screen 0.975\n"
            "set style fill transparent solid 0.16 noborder\n"
            "set logscale y 10\nset format y '10^{%%T}'\n"
            "set yrange [%.6g:%.6g]\n"
            "set ylabel '-log pass@k (natural logarithm)' noenhanced offset 0.6,0\n"
            "set key on bottom left Left reverse samplen 2.5 spacing 1.2 opaque "
            "noenhanced font ',12'\n",
            low, high);
    set_text(to, "title", title, " offset 0,0.4 font ',14'");
    write_right_plot(to, figure);
    fputs("unset multiplot\n", to);
}

lk_status lk_plot_passk(const lk_passk_figure *figure, const char *path,
                        const char *keep, lk_error *err)
{
    lk_figure gnuplot = {0};
    double low = 0.0, high = 0.0;
    lk_status st = LK_OK;

    if (figure->curves == 0) return LK_FAIL(err, LK_E_ARG, "a figure without curves");
    LK_TRY(lk_figure_open(&gnuplot, path, "passk", keep, WIDTH, HEIGHT, err));
    right_range(figure, &low, &high);
    for (size_t i = 0; i < figure->curves; i++) {
        write_curve(gnuplot.data, &figure->curve[i]);
    }
    write_chosen(gnuplot.data, figure->chosen, high);
    write_singles(gnuplot.data, figure);
    write_setup(gnuplot.script, figure);
    write_left(gnuplot.script, figure);
    write_right(gnuplot.script, figure, low, high);
    st = lk_figure_commit(&gnuplot, err);
out:
    lk_figure_abort(&gnuplot);
    return st;
}
