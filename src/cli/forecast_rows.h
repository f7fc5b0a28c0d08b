/* forecast_rows.h - forecasts and backtests as rows. */
#ifndef LK_CLI_FORECAST_ROWS_H
#define LK_CLI_FORECAST_ROWS_H

#include <stdbool.h>

#include "cli/common.h"
#include "cli/input.h"
#include "largek/forecast.h"

/* Beyond so many times the attempts a forecast's status says so. */
enum { LK_FORECAST_FAR = 1000 };

/* One group and one law. */
typedef struct {
    const lk_count_group *group;
    const lk_fit_law *law;
    lk_forecast forecast;
    lk_predictive *predictive; /* [points]; NULL where the law itself is asked for */
    lk_backtest backtest;
    uint64_t fewest, most; /* attempts of a problem */
} lk_forecast_row;

typedef struct {
    const char *command;
    bool backtest;
    double target, level;
    const lk_count_list *k;
    size_t resamples;
    uint64_t attempts; /* of a backtest's parts */
} lk_forecast_layout;

/* Errors  those of lk_output_open and lk_table_close */
lk_status lk_forecast_print(const lk_common *common, const lk_input *input,
                            const lk_forecast_layout *layout,
                            const lk_forecast_row row[], size_t rows, lk_error *err);

#endif /* LK_CLI_FORECAST_ROWS_H */
