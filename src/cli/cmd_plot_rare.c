/* cmd_plot_rare.c - `largek plot rare`: pass@k beyond any count, and the p behind it. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/rare_input.h"
#include "largek/interval.h"
#include "plot/plot_rare.h"

typedef struct {
    lk_common common;
    const char *file, *with, *title, *keep;
    lk_real_list k, threshold;
    double level;
} plot_args;

static const double log_10 = 2.302585092994046;

static const lk_operand operands[] = {
    {"FILE", offsetof(plot_args, file), "Estimates of `largek rare`.",
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
    {.name = "with",
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(plot_args, with),
     .metavar = "RESULT",
     .help = "A result of `largek sample` for the same task: its counts take the place "
             "of estimates where they are better, and what it sees is a grey corner."},
    {.name = "threshold",
     .letter = 't',
     .kind = LK_OPTION_REALS,
     .offset = offsetof(plot_args, threshold),
     .metavar = "LIST",
     .help = "Only these of the thresholds in FILE."},
    {.name = "k",
     .kind = LK_OPTION_REALS,
     .offset = offsetof(plot_args, k),
     .metavar = "RANGE",
     .preset = "1:1e20:log=4",
     .help = "Values of k, any real numbers from 1 on."},
    {.name = "level",
     .kind = LK_OPTION_REAL,
     .offset = offsetof(plot_args, level),
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
     .help = "Leave gnuplot's script rare.gp and its data rare.dat in DIR."},
    LK_SEED_OPTION(plot_args),
    LK_THREADS_OPTION(plot_args),
};

/* One threshold's curve as plain arrays. */
typedef struct {
    double *pass, *lo, *hi, *log10_p; /* the first three are one block */
    char label[32];
} drawn;

static lk_status draw_group(const plot_args *args, const lk_rare_input *input,
                            const lk_rare_group *group, const double *log_k, drawn *out,
                            lk_error *err)
{
    const size_t points = args->k.count;
    lk_tail_point *point = calloc(points, sizeof *point);
    lk_status st = LK_OK;

    out->pass = calloc(3 * points, sizeof *out->pass);
    if (point == NULL || out->pass == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "a curve of %zu points", points);
        goto out;
    }
    out->lo = out->pass + points;
    out->hi = out->lo + points;
    LK_TRY(lk_tail_curve(group->problem, input->rare.spec.problems, log_k, points,
                         args->level, LK_BOOTSTRAP_DEFAULT, args->common.seed, point,
                         err));
    for (size_t j = 0; j < points; j++) {
        out->pass[j] = point[j].pass;
        out->lo[j] = point[j].lo;
        out->hi[j] = point[j].hi;
    }
    LK_TRY(lk_rare_input_logs(input, group, &out->log10_p, err));
    for (size_t i = 0; i < group->known; i++) out->log10_p[i] /= log_10;
    snprintf(out->label, sizeof out->label, "%.12g", group->threshold);

out:
    free(point);
    return st;
}

static lk_status draw(const plot_args *args, const lk_rare_input *input,
                      const drawn *from, lk_error *err)
{
    lk_rare_curve *curve = calloc(input->groups, sizeof *curve);
    char caption[200], legend[64];
    lk_status st = LK_OK;

    if (curve == NULL) return LK_FAIL(err, LK_E_MEMORY, "%zu curves", input->groups);
    for (size_t g = 0; g < input->groups; g++) {
        curve[g] = (lk_rare_curve){.label = from[g].label,
                                   .points = args->k.count,
                                   .k = args->k.value,
                                   .pass = from[g].pass,
                                   .lo = from[g].lo,
                                   .hi = from[g].hi,
                                   .known = input->group[g].known,
                                   .log10_p = from[g].log10_p};
    }
    snprintf(caption, sizeof caption,
             "%zu problems; probabilities by importance sampling; bands: %.4g %% "
             "intervals over problems and of the estimates",
             input->rare.spec.problems, 100.0 * args->level);
    snprintf(legend, sizeof legend, "threshold (%s)",
             lk_score_name(input->rare.spec.score));
    const lk_rare_figure figure = {.title = args->title,
                                   .legend = legend,
                                   .caption = caption,
                                   .problems = input->rare.spec.problems,
                                   .reach = (double)input->attempts,
                                   .curves = input->groups,
                                   .curve = curve};

    st = lk_plot_rare(&figure, args->common.output, args->keep, err);
    free(curve);
    return st;
}

static lk_status make_log_k(const lk_real_list *k, double **out, lk_error *err)
{
    double *log_k = calloc(k->count, sizeof *log_k);

    if (log_k == NULL) return LK_FAIL(err, LK_E_MEMORY, "%zu values of k", k->count);
    for (size_t j = 0; j < k->count; j++) {
        if (k->value[j] < 1.0) {
            free(log_k);
            return LK_FAIL(err, LK_E_ARG, "--k: %g is below 1", k->value[j]);
        }
        log_k[j] = log(k->value[j]);
    }
    *out = log_k;
    return LK_OK;
}

static lk_status run(void *data, lk_error *err)
{
    plot_args *args = data;
    lk_rare_input input = {0};
    drawn *all = NULL;
    double *log_k = NULL;
    lk_status st = LK_OK;

    lk_common_threads(&args->common);
    LK_TRY(make_log_k(&args->k, &log_k, err));
    LK_TRY(lk_rare_input_read(args->file, args->with, &args->threshold, &input, err));
    all = calloc(input.groups, sizeof *all);
    if (all == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu curves", input.groups);
        goto out;
    }
    for (size_t g = 0; g < input.groups; g++) {
        LK_TRY(draw_group(args, &input, &input.group[g], log_k, &all[g], err));
    }
    st = draw(args, &input, all, err);

out:
    for (size_t g = 0; all != NULL && g < input.groups; g++) {
        free(all[g].pass);
        free(all[g].log10_p);
    }
    free(all);
    free(log_k);
    lk_rare_input_release(&input);
    return st;
}

static const lk_example examples[] = {
    {"largek plot rare rare.safetensors --with run.safetensors -o rare.svg",
     "pass@k to 1e20, and what counting saw of it."},
    {NULL, NULL},
};

const lk_command lk_cmd_plot_rare = {
    .name = "plot rare",
    .summary = "draw pass@k beyond any count, and the probabilities behind it",
    .run = run,
    .args_bytes = sizeof(plot_args),
    .syntax = {sizeof options / sizeof options[0], 1, options, operands},
    .details =
        "Draws with gnuplot.  Left: pass@k against k, a curve with its interval for every "
        "threshold; problems without an estimate count as unsolved.  Right: the share of "
        "problems whose success probability is p or more; each curve ends at the share "
        "of problems that have an estimate.  With --with a grey corner shows how far its "
        "counts reach.",
    .example = examples,
};
