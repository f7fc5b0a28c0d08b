/* exact.c - decoders whose success probabilities are known exactly. */
#include "support/exact.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

/* Whether a row goes on with a case: same decoder, another limit. */
static bool same_case(const exact_case *a, const exact_case *b)
{
    return strcmp(a->kind, b->kind) == 0 && a->l1 == b->l1 && a->l2 == b->l2 &&
           a->a == b->a && a->b == b->b && a->x == b->x;
}

/* Rows come with falling limits; they are kept with rising ones. */
static void put_first(exact_case *c, double limit, double log_p)
{
    assert_true(c->limits < EXACT_LIMITS_MAX);
    memmove(c->limit + 1, c->limit, c->limits * sizeof *c->limit);
    memmove(c->log_p + 1, c->log_p, c->limits * sizeof *c->log_p);
    c->limit[0] = limit;
    c->log_p[0] = log_p;
    c->limits++;
}

size_t exact_read(exact_case *out, size_t room)
{
    FILE *file = fopen(LK_TEST_DATA "/rare_truths.csv", "r");
    char line[200];
    size_t count = 0;

    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file)); /* the head */
    while (fgets(line, sizeof line, file) != NULL) {
        exact_case row = {.log_minor = NAN};
        double limit = 0.0, log_p = 0.0;
        const int fields =
            sscanf(line, "%7[a-z],%u,%u,%lf,%lf,%lf,%lf,%lf,%lf", row.kind, &row.l1,
                   &row.l2, &row.a, &row.b, &row.x, &limit, &log_p, &row.log_minor);

        assert_true(fields >= 8);
        if (count == 0 || !same_case(&out[count - 1], &row)) {
            assert_true(count < room);
            out[count++] = row;
        }
        put_first(&out[count - 1], limit, log_p);
    }
    fclose(file);
    return count;
}

/* y_d = w_d e_d, target x in every place. */
static void make_linear(const exact_case *c, lk_toy *toy)
{
    const size_t n = c->l1 + c->l2, width[] = {n, n};
    const lk_activation activation[] = {LK_IDENTITY};

    assert_int_equal(lk_mlp_init(&toy->decoder, 1, width, activation, NULL), LK_OK);
    for (size_t d = 0; d < n; d++) {
        toy->decoder.layer[0].weight[d * n + d] = (float)(d < c->l1 ? c->a : c->b);
        toy->problems.target[d] = (float)c->x;
    }
}

/* Hidden units relu(e_d) and relu(-e_d); y_0 is e_0 / a above 0 and -e_0 / b below, to be 1;
 * the others e_d, to be 0. */
static void make_modes(const exact_case *c, lk_toy *toy)
{
    const size_t n = c->l1 + c->l2, width[] = {n, 2 * n, n};
    const lk_activation activation[] = {LK_RELU, LK_IDENTITY};
    lk_layer *layer;

    assert_int_equal(lk_mlp_init(&toy->decoder, 2, width, activation, NULL), LK_OK);
    layer = toy->decoder.layer;
    for (size_t d = 0; d < n; d++) {
        layer[0].weight[2 * d * n + d] = 1.0f;
        layer[0].weight[(2 * d + 1) * n + d] = -1.0f;
        layer[1].weight[d * 2 * n + 2 * d] = d == 0 ? (float)(1.0 / c->a) : 1.0f;
        layer[1].weight[d * 2 * n + 2 * d + 1] = d == 0 ? (float)(1.0 / c->b) : -1.0f;
    }
    toy->problems.target[0] = 1.0f;
}

void exact_make(const exact_case *c, uint64_t seed, lk_toy *out)
{
    const size_t n = c->l1 + c->l2;
    lk_toy toy = {.problems = {.problems = 1,
                               .latent = n,
                               .pixels = n,
                               .index = calloc(1, sizeof(uint64_t)),
                               .target = calloc(n, sizeof(float)),
                               .mu = calloc(n, sizeof(float)),
                               .sigma = calloc(n, sizeof(float))}};

    for (size_t d = 0; d < n; d++) toy.problems.sigma[d] = 1.0f;
    if (strcmp(c->kind, "linear") == 0) {
        make_linear(c, &toy);
    } else {
        make_modes(c, &toy);
    }
    assert_int_equal(lk_spec_init(&toy.spec, &toy.decoder, &toy.problems, LK_SCORE_SUM,
                                  c->limit, c->limits, 1.0, seed, NULL),
                     LK_OK);
    *out = toy;
    assert_int_equal(
        lk_job_init(&out->job, &out->decoder, &out->problems, &out->spec, NULL), LK_OK);
}
