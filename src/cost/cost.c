/* cost.c - linear costs, forth and back. */
#include "largek/cost.h"

#include <math.h>

double lk_flops_per_token(double params, double layers, double dim, double context)
{
    if (!(params > 0.0 && layers >= 0.0 && dim >= 0.0 && context >= 0.0)) return NAN;
    return 2.0 * (params + 2.0 * layers * dim * context);
}

const char *lk_cost_unit_name(lk_cost_unit unit)
{
    switch (unit) {
    case LK_COST_FLOPS: return "flops";
    case LK_COST_TOKENS: return "tokens";
    case LK_COST_SECONDS: return "seconds";
    case LK_COST_MONEY: return "money";
    case LK_COST_UNITS: break;
    }
    return "unknown";
}

/* What a token read and a token written cost. */
static void token_costs(const lk_cost_model *model, lk_cost_unit unit, double *read,
                        double *written)
{
    const double seconds = model->flops_per_token / model->flops_per_s;

    switch (unit) {
    case LK_COST_FLOPS: *read = *written = model->flops_per_token; return;
    case LK_COST_TOKENS: *read = *written = 1.0; return;
    case LK_COST_SECONDS: *read = *written = seconds; return;
    case LK_COST_MONEY:
        *read = model->prompt_price * 1e-6;
        *written = model->answer_price * 1e-6;
        return;
    case LK_COST_UNITS: break;
    }
    *read = *written = NAN;
}

/* once + k each. */
static void parts(const lk_cost_model *model, lk_cost_unit unit, double *once,
                  double *each)
{
    double read, written;

    token_costs(model, unit, &read, &written);
    *once = model->cached ? read * model->prompt_tokens : 0.0;
    *each = written * model->answer_tokens +
            (model->cached ? 0.0 : read * model->prompt_tokens);
}

double lk_cost(const lk_cost_model *model, lk_cost_unit unit, double k)
{
    double once, each;

    parts(model, unit, &once, &each);
    return k > 0.0 ? once + k * each : 0.0 * once;
}

double lk_cost_attempts(const lk_cost_model *model, lk_cost_unit unit, double budget)
{
    double once, each;

    parts(model, unit, &once, &each);
    return (budget - once) / each;
}
