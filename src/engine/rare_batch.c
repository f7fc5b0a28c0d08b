/* rare_batch.c - draws from a proposal, scored and decided.
 *
 * Fast scores decide what lies outside the guard band of a level, canonical ones the rest,
 * as in src/backend/cpu/run.c.  For the k-th smallest score: sorted lists that differ by
 * at most w in every place differ by at most w in every order, so with f the k-th
 * smallest fast score, draws with fast < f - 2w have canonical < f - w <= the k-th
 * smallest canonical one, and those above f + 2w are above it; the rest is scored.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rare.h"
#include "largek/guard.h"

enum { LANES = LK_RARE_LANES };

static const double widen = LK_GUARD_SCALE;

lk_status lk_batch_init(lk_batch *batch, const lk_backend *backend, lk_device *device,
                        const lk_workload *work, size_t room, size_t threads,
                        lk_error *err)
{
    const size_t n = work->latent;
    lk_batch b = {.backend = backend,
                  .device = device,
                  .work = work,
                  .latent = n,
                  .threads = threads > 0 ? threads : 1,
                  .room = room};

    b.eps = calloc(room * n, sizeof *b.eps);
    b.top_of = calloc(room, sizeof *b.top_of);
    b.sum_of = calloc(room, sizeof *b.sum_of);
    b.z = calloc(room * n, sizeof *b.z);
    b.score = calloc(room, sizeof *b.score);
    b.exact = calloc(room, sizeof *b.exact);
    b.hit = calloc(room, sizeof *b.hit);
    b.chosen = calloc(room, sizeof *b.chosen);
    b.order = calloc(room, sizeof *b.order);
    b.doubt = calloc(room, sizeof *b.doubt);
    b.doubt_z = calloc(room * n, sizeof *b.doubt_z);
    b.doubt_score = calloc(room, sizeof *b.doubt_score);
    b.scratch = calloc(b.threads * 2 * n * LANES, sizeof *b.scratch);
    if (b.eps == NULL || b.top_of == NULL || b.sum_of == NULL || b.z == NULL ||
        b.score == NULL || b.exact == NULL || b.hit == NULL || b.chosen == NULL ||
        b.order == NULL || b.doubt == NULL || b.doubt_z == NULL ||
        b.doubt_score == NULL || b.scratch == NULL) {
        lk_batch_release(&b);
        return LK_FAIL(err, LK_E_MEMORY, "no room for a batch of %zu draws", room);
    }
    *batch = b;
    return LK_OK;
}

void lk_batch_release(lk_batch *batch)
{
    free(batch->eps);
    free(batch->top_of);
    free(batch->sum_of);
    free(batch->z);
    free(batch->score);
    free(batch->exact);
    free(batch->hit);
    free(batch->chosen);
    free(batch->order);
    free(batch->doubt);
    free(batch->doubt_z);
    free(batch->doubt_score);
    free(batch->scratch);
    *batch = (lk_batch){0};
}

/* The latents of a group, rounded as a draw's are: eps first, then one fmaf. */
static void latents(const lk_batch *batch, size_t group)
{
    const size_t n = batch->latent;
    const float *mu = batch->work->mu + batch->problem * n;
    const float *scale = batch->work->scale + batch->problem * n;
    const double *eps = batch->eps + group * n * LANES;
    float *z = batch->z + group * LANES * n;

    for (size_t d = 0; d < n; d++) {
        for (size_t l = 0; l < LANES; l++) {
            z[l * n + d] = fmaf(scale[d], (float)eps[d * LANES + l], mu[d]);
        }
    }
}

static void thread_scratch(const lk_batch *batch, size_t piece, double **out)
{
    *out = batch->scratch + piece * 2 * batch->latent * LANES;
}

lk_status lk_batch_score(lk_batch *batch, lk_error *err)
{
    const size_t groups = (batch->count + LANES - 1) / LANES;

#pragma omp parallel for num_threads((int)batch->threads) schedule(static)
    for (size_t g = 0; g < groups; g++) latents(batch, g);
    memset(batch->exact, 0, batch->count);
    memset(batch->chosen, 1, batch->count);
    batch->spent += batch->count;
    return batch->backend->score_latents(batch->device, LK_SCORER_FAST, batch->problem,
                                         batch->z, batch->count, batch->score, err);
}

lk_status lk_batch_draw(lk_batch *batch, const lk_mixture *mixture, lk_rare_address at,
                        uint64_t first_unit, size_t units, lk_error *err)
{
    const size_t groups = units * LK_RARE_GROUPS, n = batch->latent;

    if (units * LK_RARE_UNIT > batch->room) {
        return LK_FAIL(err, LK_E_INTERNAL, "%zu units in a batch of %zu draws", units,
                       batch->room);
    }
    batch->count = units * LK_RARE_UNIT;
#pragma omp parallel for num_threads((int)batch->threads) schedule(static)
    for (size_t piece = 0; piece < batch->threads; piece++) {
        double *scratch;

        thread_scratch(batch, piece, &scratch);
        for (size_t g = groups * piece / batch->threads;
             g < groups * (piece + 1) / batch->threads; g++) {
            lk_mixture_draw(mixture, at, first_unit + g / LK_RARE_GROUPS,
                            g % LK_RARE_GROUPS, batch->eps + g * n * LANES,
                            batch->top_of + g * LANES, batch->sum_of + g * LANES,
                            scratch);
        }
    }
    return lk_batch_score(batch, err);
}

static double width_at(const lk_batch *batch, double score)
{
    return lk_widened(batch->band, batch->top, score);
}

/* Canonical scores of draws doubt[0 .. count); *outside where one of them shows that the
 * band is too narrow, and then it is wider. */
static lk_status settle(lk_batch *batch, size_t count, bool *outside, lk_error *err)
{
    const size_t n = batch->latent;
    lk_status st = LK_OK;

    *outside = false;
    if (count == 0) return LK_OK;
    for (size_t i = 0; i < count; i++) {
        memcpy(batch->doubt_z + i * n, batch->z + batch->doubt[i] * n,
               n * sizeof *batch->z);
    }
    LK_TRY(batch->backend->score_latents(batch->device, LK_SCORER_CANONICAL,
                                         batch->problem, batch->doubt_z, count,
                                         batch->doubt_score, err));
    for (size_t i = 0; i < count; i++) {
        const size_t j = batch->doubt[i];
        const double fast = batch->score[j], canonical = batch->doubt_score[i];
        const double off = fabs(fast - canonical);

        batch->score[j] = canonical;
        batch->exact[j] = 1;
        if (!isfinite(off) || off <= width_at(batch, fmin(fast, canonical))) continue;
        batch->band = widen * off;
        *outside = true;
    }

out:
    return st;
}

/* Chosen draws whose fast score lies within `width` of `score`, or says nothing. */
static size_t gather(lk_batch *batch, double score, double width)
{
    size_t count = 0;

    for (size_t j = 0; j < batch->count; j++) {
        const double x = batch->score[j];

        if (batch->exact[j] || !batch->chosen[j]) continue;
        if (!isfinite(x) || fabs(x - score) <= width) batch->doubt[count++] = j;
    }
    return count;
}

void lk_batch_choose_all(lk_batch *batch)
{
    memset(batch->chosen, 1, batch->count);
}

lk_status lk_batch_decide(lk_batch *batch, double limit, size_t *hits, lk_error *err)
{
    bool again = true;
    lk_status st = LK_OK;

    while (again) {
        const size_t doubts = gather(batch, limit, width_at(batch, limit));

        LK_TRY(settle(batch, doubts, &again, err));
    }
    *hits = 0;
    for (size_t j = 0; j < batch->count; j++) {
        batch->hit[j] = batch->score[j] <= limit;
        *hits += batch->hit[j];
    }

out:
    return st;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The k-th smallest of the chosen scores as they are now, NaN above all. */
static double kth(lk_batch *batch, size_t k)
{
    size_t count = 0;

    for (size_t j = 0; j < batch->count; j++) {
        if (!batch->chosen[j]) continue;
        batch->order[count++] =
            isnan(batch->score[j]) ? (double)INFINITY : batch->score[j];
    }
    qsort(batch->order, count, sizeof *batch->order, ascending);
    return batch->order[k - 1];
}

lk_status lk_batch_level(lk_batch *batch, size_t k, double *level, lk_error *err)
{
    bool again = true;
    lk_status st = LK_OK;

    while (again) {
        const double near = kth(batch, k);
        const double width = 2.0 * width_at(batch, near) * (1.0 + 1e-3);
        const size_t doubts = gather(batch, near, width);

        LK_TRY(settle(batch, doubts, &again, err));
    }
    *level = kth(batch, k);
    if (!isfinite(*level)) {
        st = LK_FAIL(err, LK_E_NUMERIC, "problem row %zu: scores are not finite",
                     batch->problem);
        goto out;
    }
    for (size_t j = 0; j < batch->count; j++) {
        if (batch->chosen[j]) batch->hit[j] = batch->score[j] <= *level;
    }

out:
    return st;
}

lk_status lk_batch_best(lk_batch *batch, lk_error *err)
{
    double least = INFINITY;
    bool again = true;
    lk_status st = LK_OK;

    for (size_t j = 0; j < batch->count; j++) {
        if (batch->score[j] < least) least = batch->score[j];
    }
    while (again && isfinite(least)) {
        const size_t doubts = gather(batch, least, 2.0 * width_at(batch, least));

        LK_TRY(settle(batch, doubts, &again, err));
    }
    for (size_t j = 0; j < batch->count; j++) {
        if (batch->exact[j] && batch->score[j] < batch->best) {
            batch->best = batch->score[j];
        }
    }

out:
    return st;
}
