/* largek/cost.h - what attempts cost, and how many a budget buys.
 *
 * A language model reads a prompt of N_p tokens and answers with N_d, at
 *
 *     F ~ 2 (params + 2 layers dim context)                            [1]
 *
 * floating-point operations a token.  k attempts at one problem cost, with the prompt read
 * once and kept (cached) or read for each attempt,
 *
 *     F (N_p + k N_d)      or      k F (N_p + N_d).
 *
 * References
 *   [1] B. Brown et al., "Large Language Monkeys", arXiv:2407.21787 (2024), section 2.2.
 *   [2] A. Meir et al., "ReD", arXiv:2601.21522: attempts only at what is not solved yet.
 */
#ifndef LK_COST_H
#define LK_COST_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* F.  NaN unless params > 0 and the others are >= 0. */
double lk_flops_per_token(double params, double layers, double dim, double context);

typedef struct {
    double flops_per_token;              /* F                                       */
    double prompt_tokens, answer_tokens; /* N_p, N_d                                */
    bool cached;
    double flops_per_s;                /* of the hardware, as used; NaN: not known  */
    double prompt_price, answer_price; /* money a million tokens; NaN: not known    */
} lk_cost_model;

typedef enum {
    LK_COST_FLOPS,
    LK_COST_TOKENS, /* read and written    */
    LK_COST_SECONDS,
    LK_COST_MONEY,
    LK_COST_UNITS
} lk_cost_unit;

/* "flops", "tokens", "seconds", "money"; never NULL. */
const char *lk_cost_unit_name(lk_cost_unit unit);

/* What k attempts at one problem cost, k >= 0 real; NaN where a price or rate is not
 * known. */
double lk_cost(const lk_cost_model *model, lk_cost_unit unit, double k);

/* The real k that costs `budget`; less than 0 where the prompt alone costs more, infinite
 * where an attempt costs nothing. */
double lk_cost_attempts(const lk_cost_model *model, lk_cost_unit unit, double budget);

#ifdef __cplusplus
}
#endif

#endif /* LK_COST_H */
