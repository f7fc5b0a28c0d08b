/* problems.c - the problem set: targets, and where attempts at them start. */
#include "largek/problems.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "model/data_set.h"

static int by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Checks a list of indices, and says how many problems must be read to have them all. */
static lk_status check_indices(const uint64_t *index, size_t count, size_t *limit,
                               lk_error *err)
{
    uint64_t *sorted = NULL;
    lk_status st = LK_OK;

    *limit = 0;
    if (index == NULL && count == 0) return LK_OK;
    if (index == NULL || count == 0) {
        return LK_FAIL(err, LK_E_ARG, "a list of no problems");
    }
    sorted = count <= SIZE_MAX / sizeof *sorted ? malloc(count * sizeof *sorted) : NULL;
    if (sorted == NULL)
        return LK_FAIL(err, LK_E_MEMORY, "no room for %zu indices", count);
    memcpy(sorted, index, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_value);
    for (size_t i = 1; i < count; i++) {
        if (sorted[i] != sorted[i - 1]) continue;
        st = LK_FAIL(err, LK_E_ARG, "problem %" PRIu64 " is named twice", sorted[i]);
        goto out;
    }
    if (sorted[count - 1] >= SIZE_MAX) {
        st = LK_FAIL(err, LK_E_ARG, "no problem %" PRIu64, sorted[count - 1]);
        goto out;
    }
    *limit = (size_t)sorted[count - 1] + 1;

out:
    free(sorted);
    return st;
}

static lk_status check_shapes(const char *path, const lk_data_set *set,
                              const lk_model *model, size_t limit, lk_error *err)
{
    const size_t latent = lk_mlp_inputs(&model->decoder);
    const size_t pixels = lk_mlp_outputs(&model->decoder);

    if (set->pixels != pixels) {
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s: expected %zu pixels as the decoder makes, found %zu", path,
                       pixels, set->pixels);
    }
    if (set->latent != 0 && set->latent != latent) {
        return LK_FAIL(
            err, LK_E_FORMAT,
            "%s: mu: expected %zu latent units as the decoder takes, found %zu", path,
            latent, set->latent);
    }
    if (limit > set->problems) {
        return LK_FAIL(err, LK_E_ARG, "%s: no problem %zu, found %zu of them", path,
                       limit - 1, set->problems);
    }
    return LK_OK;
}

/* malloc(rows * cols * bytes), NULL where that overflows. */
static void *allocate(size_t rows, size_t cols, size_t bytes)
{
    return cols <= SIZE_MAX / bytes / rows ? malloc(rows * cols * bytes) : NULL;
}

static lk_status allocate_problems(lk_problems *p, lk_error *err)
{
    p->index = allocate(p->problems, 1, sizeof *p->index);
    p->target = allocate(p->problems, p->pixels, sizeof *p->target);
    p->mu = allocate(p->problems, p->latent, sizeof *p->mu);
    p->sigma = allocate(p->problems, p->latent, sizeof *p->sigma);
    if (p->index != NULL && p->target != NULL && p->mu != NULL && p->sigma != NULL) {
        return LK_OK;
    }
    return LK_FAIL(err, LK_E_MEMORY, "no room for %zu problems of %zu pixels",
                   p->problems, p->pixels);
}

static lk_status copy_targets(const char *path, const lk_data_set *set, lk_problems *p,
                              lk_error *err)
{
    for (size_t i = 0; i < p->problems; i++) {
        float *row = p->target + i * p->pixels;

        lk_data_set_target(set, (size_t)p->index[i], row);
        for (size_t d = 0; d < p->pixels; d++) {
            if (row[d] >= 0.0f && row[d] <= 1.0f) continue;
            return LK_FAIL(err, LK_E_FORMAT,
                           "%s: problem %" PRIu64 ", pixel %zu is %g, outside [0,1]",
                           path, p->index[i], d, (double)row[d]);
        }
    }
    return LK_OK;
}

/* Encodes every problem.  Where several fail, the first of them is reported, however
 * many threads there are. */
static lk_status encode(const lk_model *model, lk_problems *p, lk_error *err)
{
    size_t failed = p->problems;
    lk_status st = LK_OK;
    lk_error first = {.text = ""};

#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < p->problems; i++) {
        lk_error why = {.text = ""};
        const lk_status one =
            lk_model_encode(model, p->target + i * p->pixels, p->mu + i * p->latent,
                            p->sigma + i * p->latent, &why);

        if (one == LK_OK) continue;
#pragma omp critical(lk_problems_encode)
        if (i < failed) {
            failed = i;
            st = one;
            first = why;
        }
    }
    if (st == LK_OK) return LK_OK;
    return LK_FAIL(err, st, "problem %" PRIu64 ": %s", p->index[failed], first.text);
}

static void copy_latents(const lk_data_set *set, lk_problems *p)
{
    const size_t bytes = p->latent * sizeof *p->mu;

    for (size_t i = 0; i < p->problems; i++) {
        const size_t from = (size_t)p->index[i] * p->latent, to = i * p->latent;

        memcpy(p->mu + to, set->mu + from, bytes);
        memcpy(p->sigma + to, set->sigma + from, bytes);
    }
}

static void fill_prior(lk_problems *p)
{
    for (size_t i = 0; i < p->problems * p->latent; i++) {
        p->mu[i] = 0.0f;
        p->sigma[i] = 1.0f;
    }
}

lk_status lk_problems_read(const char *path, const lk_model *model,
                           lk_latent_source latent, const uint64_t *index, size_t count,
                           lk_problems *out, lk_error *err)
{
    const bool automatic = latent == LK_LATENT_AUTO;
    lk_data_set set = {0};
    lk_problems p = {0};
    size_t limit = 0;
    lk_status st = LK_OK;

    if (latent == LK_LATENT_POSTERIOR && !model->has_encoder) {
        st = LK_FAIL(err, LK_E_ARG, "posterior latents need a model with an encoder");
        goto out;
    }
    LK_TRY(check_indices(index, count, &limit, err));
    LK_TRY(lk_data_set_read(path, limit, &set, err));
    LK_TRY(check_shapes(path, &set, model, limit, err));

    p.problems = index == NULL ? set.problems : count;
    p.latent = lk_mlp_inputs(&model->decoder);
    p.pixels = set.pixels;
    LK_TRY(allocate_problems(&p, err));
    for (size_t i = 0; i < p.problems; i++) p.index[i] = index == NULL ? i : index[i];
    LK_TRY(copy_targets(path, &set, &p, err));

    if (automatic && set.latent != 0) {
        copy_latents(&set, &p);
    } else if (latent == LK_LATENT_POSTERIOR || (automatic && model->has_encoder)) {
        LK_TRY(encode(model, &p, err));
    } else {
        fill_prior(&p);
    }
    *out = p;
    p = (lk_problems){0}; /* now the caller's */

out:
    lk_problems_release(&p);
    lk_data_set_release(&set);
    return st;
}

void lk_problems_release(lk_problems *problems)
{
    free(problems->index);
    free(problems->target);
    free(problems->mu);
    free(problems->sigma);
    *problems = (lk_problems){0};
}

lk_status lk_problems_digest(const lk_problems *problems, char out[33], lk_error *err)
{
    const size_t count = problems->problems;
    lk_digest digest = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_digest_start(&digest, err));
    lk_digest_add_u64(&digest, count);
    lk_digest_add_u64(&digest, problems->latent);
    lk_digest_add_u64(&digest, problems->pixels);
    for (size_t i = 0; i < count; i++) lk_digest_add_u64(&digest, problems->index[i]);
    lk_digest_add(&digest, problems->target,
                  count * problems->pixels * sizeof *problems->target);
    lk_digest_add(&digest, problems->mu, count * problems->latent * sizeof(float));
    lk_digest_add(&digest, problems->sigma, count * problems->latent * sizeof(float));
    lk_digest_finish(&digest, out);

out:
    lk_digest_abandon(&digest);
    return st;
}
