/* forecast_rows.c - prints forecasts. */
#include "cli/forecast_rows.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

enum { COLUMNS_MAX = 16 };

static const lk_column curve_columns[] = {
    {"threshold", LK_CELL_REAL}, {"law", LK_CELL_TEXT},
    {"k", LK_CELL_COUNT},        {"pass", LK_CELL_REAL},
    {"lo", LK_CELL_REAL},        {"hi", LK_CELL_REAL},
    {"failure", LK_CELL_REAL},   {"exponent", LK_CELL_REAL},
    {"times_n", LK_CELL_REAL},   {"reach", LK_CELL_REAL},
    {"problems", LK_CELL_COUNT}, {"refitted", LK_CELL_COUNT},
    {"status", LK_CELL_TEXT}};

static const lk_column target_columns[] = {
    {"threshold", LK_CELL_REAL}, {"law", LK_CELL_TEXT},
    {"target", LK_CELL_REAL},    {"k", LK_CELL_REAL},
    {"lo", LK_CELL_REAL},        {"hi", LK_CELL_REAL},
    {"times_n", LK_CELL_REAL},   {"reach", LK_CELL_REAL},
    {"reach_lo", LK_CELL_REAL},  {"reach_hi", LK_CELL_REAL},
    {"problems", LK_CELL_COUNT}, {"refitted", LK_CELL_COUNT},
    {"status", LK_CELL_TEXT}};

static const lk_column backtest_columns[] = {
    {"threshold", LK_CELL_REAL},  {"law", LK_CELL_TEXT},    {"k", LK_CELL_COUNT},
    {"truth", LK_CELL_REAL},      {"mean", LK_CELL_REAL},   {"bias", LK_CELL_REAL},
    {"structural", LK_CELL_REAL}, {"sd", LK_CELL_REAL},     {"rmse", LK_CELL_REAL},
    {"times_n", LK_CELL_REAL},    {"fitted", LK_CELL_COUNT}};

/* A number or nothing: a k that is never reached has none. */
static void print_finite(lk_table *table, double value)
{
    lk_table_real(table, isfinite(value) ? value : NAN);
}

static void print_group(lk_table *table, const lk_input *input,
                        const lk_forecast_row *row)
{
    for (size_t i = 0; i < input->columns; i++)
        lk_table_text(table, row->group->value[i]);
    lk_table_real(table, row->group->threshold);
    lk_table_text(table, row->law->name);
}

/* The fit's own, unless that is ok and k is not. */
static const char *status_of(const lk_forecast_row *row, double k)
{
    const lk_fit_status status = row->forecast.fit.status;

    if (status == LK_FIT_OK && isinf(k)) return "unreachable";
    if (status == LK_FIT_OK && k > LK_FORECAST_FAR * (double)row->most)
        return "far_extrapolation";
    return lk_fit_status_name(status);
}

static lk_interval interval_of(const lk_forecast_layout *layout,
                               const lk_forecast_row *row, size_t j)
{
    const double z = gsl_cdf_ugaussian_Qinv(0.5 * (1.0 - layout->level));

    if (row->predictive == NULL) return row->forecast.point[j].interval;
    const lk_predictive *p = &row->predictive[j];
    return (lk_interval){fmax(0.0, p->mean - z * p->sd),
                         fmin(1.0, p->mean + z * p->sd)};
}

static void print_point(lk_table *table, const lk_forecast_layout *layout,
                        const lk_forecast_row *row, size_t j)
{
    const lk_forecast *f = &row->forecast;
    const double k = (double)layout->k->value[j];
    double param[LK_FIT_PARAMS_MAX];

    lk_table_count(table, layout->k->value[j]);
    if (f->point == NULL) {
        for (int i = 0; i < 5; i++) lk_table_null(table);
    } else {
        const lk_interval interval = interval_of(layout, row, j);
        const bool given = row->predictive != NULL;

        for (size_t i = 0; i < f->fit.params; i++) param[i] = f->fit.param[i].value;
        lk_table_real(table, given ? row->predictive[j].mean : f->point[j].pass);
        lk_table_real(table, interval.lo);
        lk_table_real(table, interval.hi);
        lk_table_real(table, given ? 1.0 - row->predictive[j].mean
                                   : exp(f->point[j].log_failure));
        print_finite(table,
                     given ? NAN : lk_fit_law_local_exponent(row->law, param, k));
    }
    lk_table_real(table, k / (double)row->most);
    lk_table_real(table, f->reach);
    lk_table_count(table, row->group->problems);
    lk_table_count(table, f->refitted);
    lk_table_text(table, status_of(row, k));
}

static void print_target(lk_table *table, const lk_forecast_layout *layout,
                         const lk_forecast_row *row)
{
    const lk_forecast *f = &row->forecast;

    lk_table_real(table, layout->target);
    if (f->point == NULL) {
        for (int i = 0; i < 7; i++) lk_table_null(table);
    } else {
        print_finite(table, f->needed);
        print_finite(table, f->needed_interval.lo);
        print_finite(table, f->needed_interval.hi);
        print_finite(table, f->needed / (double)row->most);
        lk_table_real(table, f->reach);
        lk_table_real(table, f->reach_interval.lo);
        lk_table_real(table, f->reach_interval.hi);
    }
    lk_table_count(table, row->group->problems);
    lk_table_count(table, f->refitted);
    lk_table_text(table, status_of(row, f->needed));
}

static void print_backtest(lk_table *table, const lk_forecast_layout *layout,
                           const lk_forecast_row *row)
{
    const lk_backtest *b = &row->backtest;
    const uint64_t k = layout->k->count > 0 ? layout->k->value[0] : row->fewest;

    lk_table_count(table, k);
    lk_table_real(table, b->truth);
    lk_table_real(table, b->mean);
    lk_table_real(table, b->bias);
    lk_table_real(table, b->structural);
    lk_table_real(table, b->sd);
    lk_table_real(table, b->rmse);
    lk_table_real(table, (double)k / (double)layout->attempts);
    lk_table_count(table, b->fitted);
}

static size_t make_columns(const lk_input *input, const lk_forecast_layout *layout,
                           lk_column column[LK_GROUP_COLUMNS_MAX + COLUMNS_MAX])
{
    const lk_column *fixed = layout->backtest        ? backtest_columns
                             : layout->target != 0.0 ? target_columns
                                                     : curve_columns;
    const size_t count = layout->backtest ? sizeof backtest_columns / sizeof *fixed
                                          : sizeof curve_columns / sizeof *fixed;
    size_t columns = 0;

    for (size_t i = 0; i < input->columns; i++) {
        column[columns++] = (lk_column){input->column[i], LK_CELL_GROUP};
    }
    for (size_t i = 0; i < count; i++) column[columns++] = fixed[i];
    return columns;
}

static void print_row(lk_table *table, const lk_input *input,
                      const lk_forecast_layout *layout, const lk_forecast_row *row)
{
    const bool curve = !layout->backtest && layout->target == 0.0;
    const size_t lines = curve ? layout->k->count : 1;

    for (size_t j = 0; j < lines; j++) {
        print_group(table, input, row);
        if (curve)
            print_point(table, layout, row, j);
        else if (layout->backtest)
            print_backtest(table, layout, row);
        else
            print_target(table, layout, row);
    }
}

lk_status lk_forecast_print(const lk_common *common, const lk_input *input,
                            const lk_forecast_layout *layout,
                            const lk_forecast_row row[], size_t rows, lk_error *err)
{
    lk_column column[LK_GROUP_COLUMNS_MAX + COLUMNS_MAX];
    const size_t columns = make_columns(input, layout, column);
    lk_output output = {0};
    lk_table *table = NULL;
    lk_status st = LK_OK;

    LK_TRY(lk_output_open(&output, common->output, err));
    LK_TRY(lk_table_open(output.stream, common->format, layout->command, column,
                         columns, &table, err));
    if (layout->backtest) {
        lk_table_head_real(table, "attempts", (double)layout->attempts);
        lk_table_head_real(table, "repeats", (double)layout->resamples);
    } else {
        lk_table_head_real(table, "level", layout->level);
        lk_table_head_real(table, "resamples", (double)layout->resamples);
    }
    for (size_t i = 0; i < rows; i++) print_row(table, input, layout, &row[i]);
    LK_TRY(lk_table_close(table, err));
    st = lk_output_commit(&output, err);
out:
    lk_output_abort(&output);
    return st;
}
