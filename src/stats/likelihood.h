/* likelihood.h - log-likelihoods of counts, with first and second derivatives. */
#ifndef LK_STATS_LIKELIHOOD_H
#define LK_STATS_LIKELIHOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "largek/law.h"
#include "largek/status.h"
#include "stats/mixing.h"
#include "stats/newton.h"
#include "stats/node_table.h"

typedef enum {
    LK_MODEL_BETA,
    LK_MODEL_SCALED_BETA,
    LK_MODEL_KUMARASWAMY,
    LK_MODEL_NEGATIVE_BINOMIAL,
    LK_MODEL_ZERO_INFLATED,
    LK_MODEL_TWO_BETA,
    LK_MODEL_DISCRETISED_BETA,
    LK_MODEL_DISCRETISED_KUMARASWAMY,
    LK_MODELS
} lk_model_kind;

typedef struct {
    size_t params;
    lk_domain domain[LK_NEWTON_MAX];
    bool integrates; /* a term takes tens of microseconds, not one */
} lk_model_shape;

extern const lk_model_shape lk_model_shapes[LK_MODELS];

/* Different counts, and how many problems have them. */
typedef struct {
    size_t count, problems;
    double *n, *c, *times; /* [count]; n and times are of the same memory as c */
    uint64_t most_attempts;
    bool all_fail, all_succeed;
} lk_tallied;

/* Ownership  *out is the caller's; lk_tallied_release
 * Errors     LK_E_MEMORY */
lk_status lk_tallied_make(const uint64_t n[], const uint64_t c[], size_t problems,
                          lk_tallied *out, lk_error *err);
void lk_tallied_release(lk_tallied *tallied);

/* The log of the chance of x in n and, where asked for, its derivatives by the parameters. */
void lk_likelihood_term(lk_model_kind model, const double t[], double n, double x,
                        bool derivatives, lk_surface *out);

/* From this many blocks on a likelihood is worth the threads that one sum takes: some
 * milliseconds.  Below, whole searches may go side by side. */
enum { LK_PARALLEL_BLOCKS = 64 };

/* What one sum works in. */
typedef struct {
    lk_surface *block;   /* [lk_likelihood_blocks] */
    lk_node_table nodes; /* of models that integrate over p */
} lk_likelihood_scratch;

/* Ownership  *out is the caller's; lk_likelihood_scratch_release
 * Errors     LK_E_MEMORY */
lk_status lk_likelihood_scratch_init(lk_model_kind model, const lk_tallied *counts,
                                     lk_likelihood_scratch *out, lk_error *err);
void lk_likelihood_scratch_release(lk_likelihood_scratch *scratch);

/* MINUS the log-likelihood of all counts: summed in blocks and in order, the same for any
 * number of threads. */
void lk_likelihood(lk_model_kind model, const double t[], const lk_tallied *counts,
                   bool derivatives, lk_likelihood_scratch *scratch, lk_surface *out);
size_t lk_likelihood_blocks(lk_model_kind model, const lk_tallied *counts);

#endif /* LK_STATS_LIKELIHOOD_H */
