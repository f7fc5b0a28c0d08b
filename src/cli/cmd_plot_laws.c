/* cmd_plot_laws.c - `largek plot fit`, `largek plot forecast`: figures of fitted laws. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/curve.h"
#include "cli/input.h"
#include "cli/law_bars.h"
#include "cli/laws.h"
#include "plot/plot_laws.h"

typedef struct {
    lk_common common;
    const char *file, *group, *pick, *law, *title, *keep;
    lk_count_list k, grid;
    lk_real_list threshold;
    double level;
    uint64_t resamples;
} plot_args;

static const lk_operand operands[] = {
    {"FILE", offsetof(plot_args, file),
     "A result of `largek sample`, or counts as `largek passk` reads them.",
     LK_OPERAND_REQUIRED},
};

#define OPTIONS(files, ks)                                                            \
    {.name = "output",                                                                \
     .letter = 'o',                                                                   \
     .kind = LK_OPTION_TEXT,                                                          \
     .offset = offsetof(plot_args, common.output),                                    \
     .metavar = "FIGURE",                                                             \
     .required = true,                                                                \
     .help = "The picture; its name ends in .svg, .png or .pdf."},                    \
        {.name = "law",                                                               \
         .kind = LK_OPTION_TEXT,                                                      \
         .offset = offsetof(plot_args, law),                                          \
         .metavar = "NAMES",                                                          \
         .preset = "beta-binomial,power-law",                                         \
         .help = "Laws joined by commas, as `largek fit` names them."},               \
        {.name = "k",                                                                 \
         .kind = LK_OPTION_GRID,                                                      \
         .offset = offsetof(plot_args, k),                                            \
         .metavar = "RANGE",                                                          \
         .help = ks},                                                                 \
        {.name = "grid",                                                              \
         .kind = LK_OPTION_GRID,                                                      \
         .offset = offsetof(plot_args, grid),                                         \
         .metavar = "RANGE",                                                          \
         .help = "Values of k that curves are fitted at; by default 1 to the fewest " \
                 "attempts of any problem, 10 a decade."},                            \
        {.name = "group",                                                             \
         .kind = LK_OPTION_TEXT,                                                      \
         .offset = offsetof(plot_args, group),                                        \
         .metavar = "COLUMNS",                                                        \
         .help = "Columns that tell groups apart, joined by commas; the others are "  \
                 "pooled."},                                                          \
        {.name = "pick",                                                              \
         .kind = LK_OPTION_TEXT,                                                      \
         .offset = offsetof(plot_args, pick),                                         \
         .metavar = "VALUE",                                                          \
         .help = "Of several groups the one that has this value in a column."},       \
        {.name = "threshold",                                                         \
         .letter = 't',                                                               \
         .kind = LK_OPTION_REALS,                                                     \
         .offset = offsetof(plot_args, threshold),                                    \
         .metavar = "LIST",                                                           \
         .help = "Of the thresholds in FILE this one."},                              \
        {.name = "level",                                                             \
         .kind = LK_OPTION_REAL,                                                      \
         .offset = offsetof(plot_args, level),                                        \
         .metavar = "P",                                                              \
         .preset = "0.95",                                                            \
         .bound = LK_BOUND_OPEN_UNIT,                                                 \
         .help = "Level of the bands."},                                              \
        {.name = "resamples",                                                         \
         .kind = LK_OPTION_COUNT,                                                     \
         .offset = offsetof(plot_args, resamples),                                    \
         .metavar = "N",                                                              \
         .preset = "400",                                                             \
         .help = "Resamples of the bootstrap behind the laws' bands; 0 leaves them "  \
                 "out."},                                                             \
        {.name = "title",                                                             \
         .kind = LK_OPTION_TEXT,                                                      \
         .offset = offsetof(plot_args, title),                                        \
         .metavar = "TEXT",                                                           \
         .help = "A title over both panels."},                                        \
        {.name = "keep",                                                              \
         .kind = LK_OPTION_TEXT,                                                      \
         .offset = offsetof(plot_args, keep),                                         \
         .metavar = "DIR",                                                            \
         .help = "Leave gnuplot's script and data (" files ") in DIR."},              \
        LK_SEED_OPTION(plot_args), LK_THREADS_OPTION(plot_args)

static const lk_option fit_options[] = {OPTIONS(
    "fit.gp, fit.dat", "Values of k of the right panel; by default 1 to the fewest "
                       "attempts of any problem, 10 a decade.")};
static const lk_option forecast_options[] = {
    OPTIONS("forecast.gp, forecast.dat",
            "Values of k; by default 1 to 10,000 times the attempts, 10 a decade.")};

/* What is drawn of one law. */
typedef struct {
    lk_law_curve curve;
    double *values; /* pass, lo, hi: owned */
} drawn_law;

typedef struct {
    const plot_args *args;
    lk_input input;
    const lk_count_group *group;
    lk_law_list laws;
    lk_curve seen;       /* the data      */
    double *seen_values; /* k, pass, lo, hi: owned */
    lk_law_curve data;
    lk_count_list k, grid; /* of the laws, of the fits */
    double *k_real;
    uint64_t fewest, most;
    lk_forecast forecast[LK_LAW_LIST_MAX];
    drawn_law drawn[LK_LAW_LIST_MAX];
} work;

static lk_status pick_group(work *w, lk_error *err)
{
    const lk_input *input = &w->input;
    size_t found = 0;

    for (size_t g = 0; g < input->groups; g++) {
        bool has = w->args->pick == NULL;

        for (size_t i = 0; i < input->columns && !has; i++)
            has = strcmp(input->group[g].value[i], w->args->pick) == 0;
        if (!has) continue;
        w->group = &input->group[g];
        found++;
    }
    if (found == 1) return LK_OK;
    if (found == 0)
        return LK_FAIL(err, LK_E_ARG, "--pick: no group has '%s'", w->args->pick);
    return LK_FAIL(
        err, LK_E_ARG,
        "%zu groups, and the figure is of one: choose with --pick, --threshold "
        "or --group",
        found);
}

static lk_status take_data(work *w, lk_error *err)
{
    const lk_curve_options how = {.mean = LK_CURVE_BCA,
                                  .level = w->args->level,
                                  .resamples = LK_BOOTSTRAP_DEFAULT,
                                  .seed = w->args->common.seed};
    const lk_count_list none = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_curve_compute(w->group, &none, 10, &how, &w->seen, err));
    const size_t points = w->seen.k.count;
    double *v = w->seen_values = calloc(4 * points, sizeof *v);
    if (v == NULL) return LK_FAIL(err, LK_E_MEMORY, "a curve of %zu points", points);
    for (size_t j = 0; j < points; j++) {
        v[j] = (double)w->seen.k.value[j];
        v[points + j] = w->seen.point[j].pass;
        v[2 * points + j] = w->seen.point[j].interval.lo;
        v[3 * points + j] = w->seen.point[j].interval.hi;
    }
    w->data = (lk_law_curve){"data, unbiased", points,         v,
                             v + points,       v + 2 * points, v + 3 * points};
out:
    return st;
}

static lk_status make_grids(work *w, bool beyond, lk_error *err)
{
    const lk_count_list none = {0};
    char range[64];
    lk_status st = LK_OK;

    w->fewest = UINT64_MAX;
    for (size_t i = 0; i < w->group->problems; i++) {
        const uint64_t n = w->group->n[i];

        w->fewest = n < w->fewest ? n : w->fewest;
        w->most = n > w->most ? n : w->most;
    }
    LK_TRY(lk_fit_grid(w->group, &w->args->grid, UINT64_MAX, &w->grid, err));
    if (w->args->k.count > 0 || !beyond) {
        LK_TRY(lk_fit_grid(w->group, w->args->k.count > 0 ? &w->args->k : &none,
                           UINT64_MAX, &w->k, err));
    } else {
        snprintf(range, sizeof range, "1:%" PRIu64 ":log=10",
                 w->most < LK_COUNT_MAX / 10000 ? 10000 * w->most : LK_COUNT_MAX);
        LK_TRY(lk_parse_count_list(range, LK_LIST_GRID, &w->k, err));
    }
    w->k_real = calloc(w->k.count, sizeof *w->k_real);
    if (w->k_real == NULL)
        return LK_FAIL(err, LK_E_MEMORY, "%zu values of k", w->k.count);
    for (size_t j = 0; j < w->k.count; j++) w->k_real[j] = (double)w->k.value[j];
out:
    return st;
}

static lk_status fit_law(work *w, size_t i, lk_error *err)
{
    lk_forecast_options how = {.fit = lk_fit_defaults,
                               .k = w->k_real,
                               .points = w->k.count,
                               .level = w->args->level,
                               .resamples = (size_t)w->args->resamples,
                               .seed = w->args->common.seed};
    const size_t points = w->k.count;
    drawn_law *d = &w->drawn[i];
    lk_status st = LK_OK;

    LK_TRY(lk_law_suits(w->laws.law[i], w->group, err));
    how.fit.interval = LK_FIT_INTERVAL_NONE;
    how.fit.k = w->grid.value;
    how.fit.k_count = w->grid.count;
    LK_TRY(lk_forecast_run(w->laws.law[i], w->group->n, w->group->c, w->group->problems,
                           &how, &w->forecast[i], err));
    if (w->forecast[i].point == NULL) {
        return LK_FAIL(err, LK_E_NUMERIC, "%s: %s: %s", w->laws.law[i]->name,
                       lk_fit_status_name(w->forecast[i].fit.status),
                       w->forecast[i].fit.reason);
    }
    double *v = d->values = calloc(3 * points, sizeof *v);
    if (v == NULL) return LK_FAIL(err, LK_E_MEMORY, "a curve of %zu points", points);
    for (size_t j = 0; j < points; j++) {
        v[j] = w->forecast[i].point[j].pass;
        v[points + j] = w->forecast[i].point[j].interval.lo;
        v[2 * points + j] = w->forecast[i].point[j].interval.hi;
    }
    d->curve = (lk_law_curve){w->laws.law[i]->name, points,        w->k_real, v,
                              v + points,           v + 2 * points};
out:
    return st;
}

static lk_status draw(work *w, bool beyond, lk_error *err)
{
    lk_law_curve curve[LK_LAW_LIST_MAX];
    lk_law_shares shares = {0};
    char attempts[64], caption[256];
    lk_status st = LK_OK;

    for (size_t i = 0; i < w->laws.count; i++) curve[i] = w->drawn[i].curve;
    snprintf(attempts, sizeof attempts,
             w->fewest == w->most ? "%" PRIu64 : "%" PRIu64 " to %" PRIu64, w->fewest,
             w->most);
    snprintf(
        caption, sizeof caption,
        "%zu problem%s, n = %s attempts each; bands: %.4g %% intervals, of the data "
        "over problems (bca), of laws by %" PRIu64 " resamples",
        w->group->problems, w->group->problems == 1 ? "" : "s", attempts,
        100.0 * w->args->level, w->args->resamples);
    const lk_law_figure figure = {.title = w->args->title,
                                  .caption = caption,
                                  .data = w->data,
                                  .laws = w->laws.count,
                                  .law = curve,
                                  .attempts = beyond ? (double)w->most : 0.0};
    if (beyond)
        return lk_plot_forecast(&figure, w->args->common.output, w->args->keep, err);
    LK_TRY(lk_law_shares_init(&shares, w->group, w->laws.law, w->forecast,
                              w->laws.count, err));
    const lk_law_bars bars = {shares.bins, shares.edge, shares.seen, shares.law};
    st = lk_plot_fit(&figure, &bars, w->args->common.output, w->args->keep, err);
out:
    lk_law_shares_release(&shares);
    return st;
}

static lk_status run(const plot_args *args, bool beyond, lk_error *err)
{
    work w = {.args = args};
    lk_status st = LK_OK;

    lk_common_threads(&args->common);
    LK_TRY(lk_law_list_parse(args->law, &w.laws, err));
    LK_TRY(lk_input_read(args->file, LK_DUPLICATE_REFUSE, &args->threshold, args->group,
                         &w.input, err));
    LK_TRY(pick_group(&w, err));
    LK_TRY(take_data(&w, err));
    LK_TRY(make_grids(&w, beyond, err));
    for (size_t i = 0; i < w.laws.count; i++) LK_TRY(fit_law(&w, i, err));
    st = draw(&w, beyond, err);
out:
    for (size_t i = 0; i < w.laws.count; i++) {
        lk_forecast_release(&w.forecast[i]);
        free(w.drawn[i].values);
    }
    lk_curve_release(&w.seen);
    free(w.seen_values);
    free(w.k.value);
    free(w.grid.value);
    free(w.k_real);
    lk_input_release(&w.input);
    return st;
}

static lk_status run_fit(void *args, lk_error *err)
{
    return run(args, false, err);
}

static lk_status run_forecast(void *args, lk_error *err)
{
    return run(args, true, err);
}

static const lk_example fit_examples[] = {
    {"largek plot fit counts.csv --law beta-binomial,levi -o fit.svg",
     "Two laws under the data."},
    {"largek plot fit counts.csv --pick 'Pythia 12B' -o fit.pdf --keep figure",
     "One group of several, leaving script and data to work on."},
    {NULL, NULL},
};

static const lk_example forecast_examples[] = {
    {"largek plot forecast counts.csv -o forecast.svg",
     "The beta-binomial law and the power law beyond the data."},
    {"largek plot forecast run.safetensors --threshold 0.004 --k 1:1e12:log=10 "
     "--law zero-inflated-beta-binomial -o forecast.png",
     "One threshold of a run, far."},
    {NULL, NULL},
};

const lk_command lk_cmd_plot_fit = {
    .name = "plot fit",
    .summary = "draw fitted laws over the counts and over pass@k",
    .run = run_fit,
    .args_bytes = sizeof(plot_args),
    .syntax = {sizeof fit_options / sizeof fit_options[0], 1, fit_options, operands},
    .details =
        "Draws with gnuplot.  Left: how many problems have which share of successful "
        "attempts, those without any in a bin of their own, and what each fitted "
        "distribution has there; three bins a decade.  Right: pass@k with its band, and "
        "each law's curve with its own.",
    .example = fit_examples,
};

const lk_command lk_cmd_plot_forecast = {
    .name = "plot forecast",
    .summary = "draw what fitted laws say beyond the data",
    .run = run_forecast,
    .args_bytes = sizeof(plot_args),
    .syntax = {sizeof forecast_options / sizeof forecast_options[0], 1,
               forecast_options, operands},
    .details =
        "Draws with gnuplot.  Left: pass@k of the data with its band, and each law with "
        "its own, beyond the dotted line too, where the data end.  Right: the same as -log "
        "pass@k on logarithmic axes, where a power law is straight.  Bands hold if the law "
        "does; see largek forecast --backtest.",
    .example = forecast_examples,
};
