/* cost_rows.h - costs against pass@k, as rows. */
#ifndef LK_CLI_COST_ROWS_H
#define LK_CLI_COST_ROWS_H

#include "cli/common.h"
#include "cli/input.h"
#include "largek/cost.h"
#include "largek/fit.h"

typedef enum {
    LK_COST_ATTEMPTS, /* a row for each k                              */
    LK_COST_BUDGETS,  /* a row for each budget                         */
    LK_COST_CONTOUR,  /* a row for each budget and value of an axis    */
    LK_COST_COVERAGE  /* a row for each k: attempts to its coverage    */
} lk_cost_mode;

typedef enum { LK_AXIS_NONE, LK_AXIS_FLOPS_PER_TOKEN, LK_AXIS_TOKENS } lk_cost_axis;

typedef struct {
    lk_cost_model model;
    lk_cost_mode mode;
    lk_count_list k;
    lk_real_list budget, axis_value;
    lk_cost_unit unit; /* of budgets */
    lk_cost_axis axis;
} lk_cost_plan;

/* pass@k of a group: by the law, or by the unbiased estimator where `law` is NULL. */
typedef struct {
    const lk_count_group *group;
    const lk_fit_law *law;
    double param[LK_FIT_PARAMS_MAX];
    uint64_t fewest; /* attempts of a problem */
} lk_cost_curve;

/* curve    [input->groups]
 * Errors   those of lk_output_open and lk_table_close; LK_E_ARG for k beyond the counts
 *          without a law */
lk_status lk_cost_print(const lk_common *common, const lk_input *input,
                        const lk_cost_plan *plan, const lk_cost_curve curve[],
                        lk_error *err);

#endif /* LK_CLI_COST_ROWS_H */
