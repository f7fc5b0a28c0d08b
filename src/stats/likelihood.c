/* likelihood.c - log-likelihoods of counts, with first and second derivatives. */
#include "stats/likelihood.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/special.h"

enum { BLOCK = 256, BLOCK_INTEGRATED = 4 };

/* Above this a difference of psi is taken in one piece. */
#define SHAPE_LARGE 1000.0

const lk_model_shape lk_model_shapes[LK_MODELS] = {
    [LK_MODEL_BETA] = {2, {LK_DOMAIN_POSITIVE, LK_DOMAIN_POSITIVE}, false},
    [LK_MODEL_SCALED_BETA] = {3,
                              {LK_DOMAIN_POSITIVE, LK_DOMAIN_POSITIVE, LK_DOMAIN_SCALE},
                              true},
    [LK_MODEL_KUMARASWAMY] = {3,
                              {LK_DOMAIN_POSITIVE, LK_DOMAIN_POSITIVE, LK_DOMAIN_SCALE},
                              true},
    [LK_MODEL_NEGATIVE_BINOMIAL] = {2, {LK_DOMAIN_POSITIVE, LK_DOMAIN_POSITIVE}, false},
    [LK_MODEL_ZERO_INFLATED] =
        {3, {LK_DOMAIN_POSITIVE, LK_DOMAIN_POSITIVE, LK_DOMAIN_CHANCE}, false},
    [LK_MODEL_TWO_BETA] = {5,
                           {LK_DOMAIN_CHANCE, LK_DOMAIN_POSITIVE, LK_DOMAIN_POSITIVE,
                            LK_DOMAIN_POSITIVE, LK_DOMAIN_POSITIVE},
                           false},
    [LK_MODEL_DISCRETISED_BETA] = {2, {LK_DOMAIN_POSITIVE, LK_DOMAIN_POSITIVE}, true},
    [LK_MODEL_DISCRETISED_KUMARASWAMY] = {2,
                                          {LK_DOMAIN_POSITIVE, LK_DOMAIN_POSITIVE},
                                          true},
};

typedef struct {
    uint64_t n, c;
} pair;

static int by_counts(const void *left, const void *right)
{
    const pair *a = left, *b = right;

    if (a->n != b->n) return a->n < b->n ? -1 : 1;
    return (a->c > b->c) - (a->c < b->c);
}

lk_status lk_tallied_make(const uint64_t n[], const uint64_t c[], size_t problems,
                          lk_tallied *out, lk_error *err)
{
    pair *sorted = calloc(problems, sizeof *sorted);
    double *memory = calloc(problems, 3 * sizeof *memory);
    lk_tallied t = {.problems = problems, .all_fail = true, .all_succeed = true};
    lk_status st = LK_OK;

    if (sorted == NULL || memory == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "counts of %zu problems", problems);
        goto out;
    }
    for (size_t i = 0; i < problems; i++) sorted[i] = (pair){n[i], c[i]};
    qsort(sorted, problems, sizeof *sorted, by_counts);
    t.c = memory;
    t.n = memory + problems;
    t.times = memory + 2 * problems;
    for (size_t i = 0; i < problems; i++) {
        if (i == 0 || by_counts(&sorted[i], &sorted[i - 1]) != 0) {
            t.n[t.count] = (double)sorted[i].n;
            t.c[t.count++] = (double)sorted[i].c;
        }
        t.times[t.count - 1] += 1.0;
        t.all_fail = t.all_fail && sorted[i].c == 0;
        t.all_succeed = t.all_succeed && sorted[i].c == sorted[i].n;
    }
    t.most_attempts = sorted[problems - 1].n;
    *out = t;
    memory = NULL;
out:
    free(sorted);
    free(memory);
    return st;
}

void lk_tallied_release(lk_tallied *tallied)
{
    free(tallied->c);
    *tallied = (lk_tallied){0};
}

/* psi(a + x) - psi(a), and the same of psi'. */
static double step(double a, double psi_a, double x)
{
    return a > SHAPE_LARGE ? lk_psi_step(a, x) : lk_psi(a + x) - psi_a;
}

static double step1(double a, double psi1_a, double x)
{
    return a > SHAPE_LARGE ? lk_psi1_step(a, x) : lk_psi1(a + x) - psi1_a;
}

/* A Beta-binomial with what depends on its parameters alone. */
typedef struct {
    double a, b, rest;
    double psi[3], psi1[3]; /* of a, b, a + b */
} beta_term;

static beta_term beta_term_of(double a, double b, bool derivatives)
{
    beta_term t = {.a = a, .b = b, .rest = lk_log_beta_binomial_rest(a, b)};

    if (!derivatives) return t;
    t.psi[0] = lk_psi(a), t.psi[1] = lk_psi(b), t.psi[2] = lk_psi(a + b);
    t.psi1[0] = lk_psi1(a), t.psi1[1] = lk_psi1(b), t.psi1[2] = lk_psi1(a + b);
    return t;
}

static void beta_binomial(const beta_term *t, double n, double x, bool derivatives,
                          lk_surface *out)
{
    out->value = t->rest + lk_log_beta_binomial_shape(n, x, t->a, t->b);
    if (!derivatives) return;
    const double all = t->a + t->b;
    const double both = step(all, t->psi[2], n), both1 = step1(all, t->psi1[2], n);

    out->grad[0] = step(t->a, t->psi[0], x) - both;
    out->grad[1] = step(t->b, t->psi[1], n - x) - both;
    out->hess[0][0] = step1(t->a, t->psi1[0], x) - both1;
    out->hess[1][1] = step1(t->b, t->psi1[1], n - x) - both1;
    out->hess[0][1] = out->hess[1][0] = -both1;
}

/* Over the nodes that counts share, where there are any for this one. */
static void integral(const lk_mixing *m, const lk_node_table *nodes,
                     const lk_kernel *kernel, bool derivatives, lk_surface *out)
{
    lk_mixed mixed;

    if (nodes == NULL || !lk_node_table_integrate(nodes, kernel->n, kernel->x, &mixed))
        lk_mixing_integrate(m, kernel, derivatives, &mixed);
    out->value = mixed.log_value;
    for (int i = 0; i < 3; i++) {
        out->grad[i] = mixed.grad[i];
        for (int j = 0; j < 3; j++) out->hess[i][j] = mixed.hess[i][j];
    }
}

/* The chance that p rounds to x/n. */
static void discretised(const lk_mixing *law, double n, double x, bool derivatives,
                        lk_surface *out)
{
    const lk_kernel one = {.kind = LK_KERNEL_ONE};
    lk_mixing bin = *law;

    if (x > 0.0) bin.lo = log(x - 0.5) - log(n - x + 0.5);
    if (x < n) bin.hi = log(x + 0.5) - log(n - x - 0.5);
    integral(&bin, NULL, &one, derivatives, out);
}

/* Adds to a mixture's sum the part exp(part), derivatives by its own variables from
 * `first` on; log f = log sum w_k f_k has the gradient sum r_k g_k, and the second derivative
 * sum r_k (H_k + g_k g_k') less the square of the gradient.  r_k is the part's share. */
static void add_part(const lk_surface *part, size_t params, double share,
                     lk_surface *sum)
{
    for (size_t i = 0; i < params; i++) {
        sum->grad[i] += share * part->grad[i];
        for (size_t j = 0; j < params; j++) {
            sum->hess[i][j] +=
                share * (part->hess[i][j] + part->grad[i] * part->grad[j]);
        }
    }
}

static void mix(const lk_surface part[2], size_t params, lk_surface *out)
{
    *out = (lk_surface){.value = lk_log_add(part[0].value, part[1].value)};
    for (int k = 0; k < 2; k++) {
        const double share = exp(part[k].value - out->value);

        if (share > 0.0) add_part(&part[k], params, share, out);
    }
    for (size_t i = 0; i < params; i++) {
        for (size_t j = 0; j < params; j++) {
            out->hess[i][j] -= out->grad[i] * out->grad[j];
        }
    }
}

/* Moves the derivatives by (alpha, beta) to variables `first` and first + 1, and multiplies
 * by w (w = t[weight] or 1 - that), with derivatives by `weight`. */
static lk_surface weigh(const lk_surface *term, size_t first, size_t weight, double w,
                        double sign)
{
    lk_surface out = {.value = term->value + log(w)};

    for (size_t i = 0; i < 2; i++) {
        out.grad[first + i] = term->grad[i];
        for (size_t j = 0; j < 2; j++) {
            out.hess[first + i][first + j] = term->hess[i][j];
        }
    }
    out.grad[weight] = sign / w;
    out.hess[weight][weight] = -1.0 / (w * w);
    return out;
}

static void zero_inflated(const beta_term *b, double zero, double n, double x,
                          bool derivatives, lk_surface *out)
{
    lk_surface term = {0}, part[2] = {{0}, {.value = -INFINITY}};

    beta_binomial(b, n, x, derivatives, &term);
    part[0] = weigh(&term, 0, 2, 1.0 - zero, -1.0);
    if (x > 0.0) {
        *out = part[0];
        return;
    }
    if (zero > 0.0) {
        part[1] = (lk_surface){.value = log(zero)};
        part[1].grad[2] = 1.0 / zero;
        part[1].hess[2][2] = -1.0 / (zero * zero);
    }
    mix(part, 3, out);
    if (zero == 0.0) out->grad[2] += exp(-part[0].value); /* d zero / f */
}

static void two_beta(const beta_term b[2], double weight, double n, double x,
                     bool derivatives, lk_surface *out)
{
    lk_surface term = {0}, part[2];

    beta_binomial(&b[0], n, x, derivatives, &term);
    part[0] = weigh(&term, 1, 0, weight, 1.0);
    beta_binomial(&b[1], n, x, derivatives, &term);
    part[1] = weigh(&term, 3, 0, 1.0 - weight, -1.0);
    mix(part, 5, out);
}

/* A model at its parameters. */
typedef struct {
    lk_model_kind kind;
    double weight;
    beta_term beta[2];
    lk_mixing mixing;
    const lk_node_table *nodes; /* or NULL */
} ready;

static ready prepare(lk_model_kind kind, const double t[], bool derivatives)
{
    ready r = {.kind = kind};

    switch (kind) {
    case LK_MODEL_BETA:
    case LK_MODEL_NEGATIVE_BINOMIAL:
        r.beta[0] = beta_term_of(t[0], t[1], derivatives);
        break;
    case LK_MODEL_ZERO_INFLATED:
        r.beta[0] = beta_term_of(t[0], t[1], derivatives);
        r.weight = t[2];
        break;
    case LK_MODEL_TWO_BETA:
        r.beta[0] = beta_term_of(t[1], t[2], derivatives);
        r.beta[1] = beta_term_of(t[3], t[4], derivatives);
        r.weight = t[0];
        break;
    case LK_MODEL_SCALED_BETA:
        r.mixing = lk_mixing_of(LK_MIX_BETA, t[0], t[1], t[2]);
        break;
    case LK_MODEL_KUMARASWAMY:
        r.mixing = lk_mixing_of(LK_MIX_KUMARASWAMY, t[0], t[1], t[2]);
        break;
    case LK_MODEL_DISCRETISED_BETA:
        r.mixing = lk_mixing_of(LK_MIX_BETA, t[0], t[1], 1.0);
        break;
    case LK_MODEL_DISCRETISED_KUMARASWAMY:
        r.mixing = lk_mixing_of(LK_MIX_KUMARASWAMY, t[0], t[1], 1.0);
        break;
    case LK_MODELS: break;
    }
    return r;
}

static void term(const ready *r, double n, double x, bool derivatives, lk_surface *out)
{
    const lk_kernel binomial = {LK_KERNEL_BINOMIAL, n, x};

    *out = (lk_surface){0};
    switch (r->kind) {
    case LK_MODEL_BETA: beta_binomial(&r->beta[0], n, x, derivatives, out); break;
    case LK_MODEL_NEGATIVE_BINOMIAL: /* C(n-1, x-1) = C(n, x) x/n; 1 for x = 0 */
        beta_binomial(&r->beta[0], n, x, derivatives, out);
        if (x > 0.0) out->value += log(x / n);
        break;
    case LK_MODEL_ZERO_INFLATED:
        zero_inflated(&r->beta[0], r->weight, n, x, derivatives, out);
        break;
    case LK_MODEL_TWO_BETA: two_beta(r->beta, r->weight, n, x, derivatives, out); break;
    case LK_MODEL_SCALED_BETA:
    case LK_MODEL_KUMARASWAMY:
        integral(&r->mixing, r->nodes, &binomial, derivatives, out);
        break;
    case LK_MODEL_DISCRETISED_BETA:
    case LK_MODEL_DISCRETISED_KUMARASWAMY:
        discretised(&r->mixing, n, x, derivatives, out);
        break;
    case LK_MODELS: break;
    }
}

void lk_likelihood_term(lk_model_kind model, const double t[], double n, double x,
                        bool derivatives, lk_surface *out)
{
    const ready r = prepare(model, t, derivatives);

    term(&r, n, x, derivatives, out);
}

/* *to += times * from */
static void add_surface(const lk_surface *from, double times, size_t params,
                        lk_surface *to)
{
    to->value += times * from->value;
    for (size_t i = 0; i < params; i++) {
        to->grad[i] += times * from->grad[i];
        for (size_t j = 0; j < params; j++) to->hess[i][j] += times * from->hess[i][j];
    }
}

static size_t block_of(lk_model_kind model)
{
    return lk_model_shapes[model].integrates ? BLOCK_INTEGRATED : BLOCK;
}

size_t lk_likelihood_blocks(lk_model_kind model, const lk_tallied *counts)
{
    return counts->count / block_of(model) + 1;
}

static bool shares_nodes(lk_model_kind model)
{
    return model == LK_MODEL_SCALED_BETA || model == LK_MODEL_KUMARASWAMY;
}

lk_status lk_likelihood_scratch_init(lk_model_kind model, const lk_tallied *counts,
                                     lk_likelihood_scratch *out, lk_error *err)
{
    *out = (lk_likelihood_scratch){0};
    out->block = calloc(lk_likelihood_blocks(model, counts), sizeof *out->block);
    if (out->block != NULL && (!shares_nodes(model) || lk_node_table_init(&out->nodes)))
        return LK_OK;
    lk_likelihood_scratch_release(out);
    return LK_FAIL(err, LK_E_MEMORY, "a fit to %zu different counts", counts->count);
}

void lk_likelihood_scratch_release(lk_likelihood_scratch *scratch)
{
    free(scratch->block);
    lk_node_table_release(&scratch->nodes);
    *scratch = (lk_likelihood_scratch){0};
}

void lk_likelihood(lk_model_kind model, const double t[], const lk_tallied *counts,
                   bool derivatives, lk_likelihood_scratch *scratch, lk_surface *out)
{
    const size_t params = lk_model_shapes[model].params, block = block_of(model);
    const size_t blocks = lk_likelihood_blocks(model, counts);
    ready r = prepare(model, t, derivatives);

    if (shares_nodes(model)) {
        lk_node_table_fill(&scratch->nodes, &r.mixing, counts->n, counts->c,
                           counts->count);
        r.nodes = &scratch->nodes;
    }
#pragma omp parallel for schedule(dynamic) if (blocks >= LK_PARALLEL_BLOCKS)
    for (size_t b = 0; b < blocks; b++) {
        const size_t end =
            (b + 1) * block < counts->count ? (b + 1) * block : counts->count;

        scratch->block[b] = (lk_surface){0};
        for (size_t i = b * block; i < end; i++) {
            lk_surface one;

            term(&r, counts->n[i], counts->c[i], derivatives, &one);
            add_surface(&one, -counts->times[i], params, &scratch->block[b]);
        }
    }
    *out = (lk_surface){0};
    for (size_t b = 0; b < blocks; b++)
        add_surface(&scratch->block[b], 1.0, params, out);
}
