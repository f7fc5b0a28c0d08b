/* cmd_plot.c - `largek plot passk`: the figure of pass@k. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/curve.h"
#include "cli/input.h"
#include "cli/singles.h"
#include "plot/plot_passk.h"

typedef struct {
    lk_common common;
    const char *file, *group, *title, *keep;
    lk_count_list k;
    lk_real_list threshold;
    lk_curve_options curve;
} plot_args;

static const lk_operand operands[] = {
    {"FILE", offsetof(plot_args, file),
     "A result of `largek sample`, or counts as `largek passk` reads them.",
     LK_OPERAND_REQUIRED},
};

static const lk_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(plot_args, common.output),
     .metavar = "FIGURE",
     .required = true,
     .help = "The picture; its name ends in .svg, .png or .pdf."},
    {.name = "threshold",
     .letter = 't',
     .kind = LK_OPTION_REALS,
     .offset = offsetof(plot_args, threshold),
     .metavar = "LIST",
     .help = "Only these of the thresholds in FILE."},
    {.name = "group",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(plot_args, group),
     .metavar = "COLUMNS",
     .help =
         "Columns that tell groups apart, joined by commas; the others are pooled."},
    {.name = "k",
     .kind = LK_OPTION_GRID,
     .offset = offsetof(plot_args, k),
     .metavar = "RANGE",
     .help = "Values of k; by default 1 to the fewest attempts of any problem, 10 a "
             "decade."},
    {.name = "interval",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(plot_args, curve.mean),
     .metavar = "METHOD",
     .choices = lk_mean_names,
     .preset = "bca",
     .help = "How the bands are made."},
    {.name = "level",
     .kind = LK_OPTION_REAL,
     .offset = offsetof(plot_args, curve.level),
     .metavar = "P",
     .preset = "0.95",
     .bound = LK_BOUND_OPEN_UNIT,
     .help = "Level of the bands."},
    {.name = "title",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(plot_args, title),
     .metavar = "TEXT",
     .help = "A title over both panels."},
    {.name = "keep",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(plot_args, keep),
     .metavar = "DIR",
     .help = "Leave gnuplot's script passk.gp and its data passk.dat in DIR."},
    LK_SEED_OPTION(plot_args),
    LK_THREADS_OPTION(plot_args),
};

/* One group's curve, and the plain arrays that the figure takes. */
typedef struct {
    lk_curve curve;
    double *k, *pass, *lo, *hi; /* one block, owned through k */
    char label[128];
} drawn_curve;

static lk_status draw_curve(const plot_args *args, const lk_input *input,
                            const lk_count_group *group, drawn_curve *out,
                            lk_error *err)
{
    lk_status st = LK_OK;

    LK_TRY(lk_curve_compute(group, &args->k, 10, &args->curve, &out->curve, err));
    const size_t points = out->curve.k.count;
    out->k = calloc(4 * points, sizeof *out->k);
    if (out->k == NULL)
        return LK_FAIL(err, LK_E_MEMORY, "a curve of %zu points", points);
    out->pass = out->k + points;
    out->lo = out->pass + points;
    out->hi = out->lo + points;
    for (size_t j = 0; j < points; j++) {
        out->k[j] = (double)out->curve.k.value[j];
        out->pass[j] = out->curve.point[j].pass;
        out->lo[j] = out->curve.point[j].interval.lo;
        out->hi[j] = out->curve.point[j].interval.hi;
    }
    if (input->columns == 0 && !isnan(group->threshold)) {
        snprintf(out->label, sizeof out->label, "%.12g", group->threshold);
    } else {
        lk_group_describe(input, group, out->label, sizeof out->label);
    }
out:
    return st;
}

/* The group whose mean pass@1 is nearest to one in ten: there a figure shows both
 * problems that are solved at once and problems that take long. */
static size_t choose_group(const lk_input *input)
{
    size_t best = 0;
    double nearest = INFINITY;

    for (size_t g = 0; g < input->groups; g++) {
        const lk_count_group *group = &input->group[g];
        double mean = 0.0;

        for (size_t i = 0; i < group->problems; i++) {
            mean += (double)group->c[i] / (double)group->n[i] / (double)group->problems;
        }
        if (fabs(mean - 0.1) >= nearest) continue;
        nearest = fabs(mean - 0.1);
        best = g;
    }
    return best;
}

/* How the bands were made, each method once: "bca", "bca, exact". */
static void list_methods(const lk_input *input, const drawn_curve *drawn, char *out,
                         size_t bytes)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t g = 0; g < input->groups; g++) {
        for (size_t j = 0; j < drawn[g].curve.k.count; j++) {
            const char *method = drawn[g].curve.point[j].interval_by;

            if (strstr(out, method) != NULL) continue; /* no name is part of another */
            const int n = snprintf(out + used, bytes - used, "%s%s",
                                   used == 0 ? "" : ", ", method);
            if (n > 0 && (size_t)n < bytes - used) used += (size_t)n;
        }
    }
}

/* "400 problems, n = 25000 attempts each; unbiased estimates; bands: 95 % intervals
 * (bca) over problems". */
static void write_caption(const plot_args *args, const lk_input *input,
                          const drawn_curve *drawn, char *out, size_t bytes)
{
    size_t fewest = SIZE_MAX, most = 0;
    uint64_t n_fewest = UINT64_MAX, n_most = 0;
    char problems[64], attempts[80], methods[80];

    for (size_t g = 0; g < input->groups; g++) {
        const lk_count_group *group = &input->group[g];

        fewest = group->problems < fewest ? group->problems : fewest;
        most = group->problems > most ? group->problems : most;
        for (size_t i = 0; i < group->problems; i++) {
            n_fewest = group->n[i] < n_fewest ? group->n[i] : n_fewest;
            n_most = group->n[i] > n_most ? group->n[i] : n_most;
        }
    }
    snprintf(problems, sizeof problems, fewest == most ? "%zu" : "%zu to %zu", fewest,
             most);
    snprintf(attempts, sizeof attempts,
             n_fewest == n_most ? "%" PRIu64 : "%" PRIu64 " to %" PRIu64, n_fewest,
             n_most);
    list_methods(input, drawn, methods, sizeof methods);
    snprintf(out, bytes,
             "%s problem%s, n = %s attempts each; unbiased estimates; bands: %.4g %% "
             "intervals (%s)%s",
             problems, most == 1 ? "" : "s", attempts, 100.0 * args->curve.level,
             methods, most == 1 ? "" : " over problems");
}

static lk_status draw(const plot_args *args, const lk_input *input,
                      const drawn_curve *drawn, lk_error *err)
{
    const size_t chosen = choose_group(input);
    lk_passk_curve *curve = calloc(input->groups, sizeof *curve);
    lk_singles singles = {0};
    char caption[256], legend[64] = "", chosen_label[128];
    lk_status st = LK_OK;

    if (curve == NULL) return LK_FAIL(err, LK_E_MEMORY, "%zu curves", input->groups);
    for (size_t g = 0; g < input->groups; g++) {
        const drawn_curve *d = &drawn[g];

        curve[g] =
            (lk_passk_curve){d->label, d->curve.k.count, d->k, d->pass, d->lo, d->hi};
    }
    LK_TRY(lk_singles_init(&singles, &input->group[chosen], err));
    write_caption(args, input, drawn, caption, sizeof caption);
    lk_group_describe(input, &input->group[chosen], chosen_label, sizeof chosen_label);
    if (input->columns == 0 && !isnan(input->group[0].threshold)) {
        snprintf(legend, sizeof legend,
                 input->score[0] == '\0' ? "threshold" : "threshold (%s)",
                 input->score);
    }
    const lk_passk_figure figure = {
        .title = args->title,
        .legend = legend,
        .caption = caption,
        .chosen_label = chosen_label,
        .curves = input->groups,
        .curve = curve,
        .chosen = &curve[chosen],
        .singles = singles.problems,
        .mixed = singles.mixed,
        .never = singles.never,
        .always = singles.always,
        .points = singles.points,
        .k = singles.k,
        .log_pass = singles.log_pass,
    };
    st = lk_plot_passk(&figure, args->common.output, args->keep, err);
out:
    lk_singles_release(&singles);
    free(curve);
    return st;
}

static lk_status run(void *data, lk_error *err)
{
    plot_args *args = data;
    lk_input input = {0};
    drawn_curve *drawn = NULL;
    lk_status st = LK_OK;

    lk_common_threads(&args->common);
    args->curve.seed = args->common.seed;
    args->curve.resamples = LK_BOOTSTRAP_DEFAULT;
    LK_TRY(lk_input_read(args->file, LK_DUPLICATE_REFUSE, &args->threshold, args->group,
                         &input, err));
    drawn = calloc(input.groups, sizeof *drawn);
    if (drawn == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu curves", input.groups);
        goto out;
    }
    for (size_t g = 0; g < input.groups; g++) {
        LK_TRY(draw_curve(args, &input, &input.group[g], &drawn[g], err));
    }
    st = draw(args, &input, drawn, err);
out:
    for (size_t g = 0; drawn != NULL && g < input.groups; g++) {
        lk_curve_release(&drawn[g].curve);
        free(drawn[g].k);
    }
    free(drawn);
    lk_input_release(&input);
    return st;
}

static const lk_example examples[] = {
    {"largek plot passk run.safetensors -o passk.svg", "Every threshold of a run."},
    {"largek plot passk counts.csv --group model -o passk.pdf --keep figure",
     "A curve a model, leaving script and data to work on."},
    {NULL, NULL},
};

const lk_command lk_cmd_plot_passk = {
    .name = "plot passk",
    .summary = "draw pass@k against k, and single problems under their mean",
    .run = run,
    .args_bytes = sizeof(plot_args),
    .syntax = {sizeof options / sizeof options[0], 1, options, operands},
    .details =
        "Draws with gnuplot.  Left: pass@k against k, a curve with its interval for every "
        "group and threshold.  Right, both axes logarithmic: -log pass@k of single "
        "problems, which falls exponentially, and of their mean, which falls like a power; "
        "for the threshold or group whose mean pass@1 is nearest to 0.1, and about 60 "
        "problems spread over its success rates.  A logarithm cannot show problems without "
        "a success, or without a failure: the legend says how many there are.",
    .example = examples,
};
