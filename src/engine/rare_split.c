/* rare_split.c - adaptive multilevel splitting [largek/rare.h: 2, 3], the second method.
 *
 * N particles of N(0, I).  At each level, the quarter with the lowest scores stays, copies of
 * them replace the rest, and all are moved by pCN steps,
 *
 *     eps' = sqrt(1 - b^2) eps + b xi,   kept where score(eps') <= level,
 *
 * which leave N(0, I) below the level as it is; b follows the share kept.  p of a run is
 * the product of the shares that stayed, times the share at or below the limit at last.
 * Runs are independent: their mean and spread are estimate and error.  It knows nothing of
 * modes, slopes or Gaussians, and its errors are of another kind than those of importance
 * sampling: that is what it is for.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rare.h"
#include "largek/canonical.h"

enum {
    LANES = LK_RARE_LANES,
    PARTICLES = 1024,
    STAY = PARTICLES / 4,
    SWEEPS = 10,
    LEVELS_MAX = 2000,
    STALLED_MAX = 10,
    RUNS_MIN = LK_RARE_SPLIT_PLAIN / PARTICLES,
    RUNS_MAX = 127
};

typedef struct {
    lk_batch here, there; /* the population, and where it might move */
    size_t *stay;         /* [PARTICLES] */
    double *xi;           /* [L][LANES]  */
    double step;          /* b           */
} population;

static void release(population *p)
{
    lk_batch_release(&p->here);
    lk_batch_release(&p->there);
    free(p->stay);
    free(p->xi);
}

static lk_status init(population *p, const lk_batch *like, lk_error *err)
{
    lk_status st = LK_OK;

    *p = (population){0};
    LK_TRY(lk_batch_init(&p->here, like->backend, like->device, like->work, PARTICLES,
                         like->threads, err));
    LK_TRY(lk_batch_init(&p->there, like->backend, like->device, like->work, PARTICLES,
                         like->threads, err));
    p->stay = calloc(PARTICLES, sizeof *p->stay);
    p->xi = calloc(like->latent * LANES, sizeof *p->xi);
    if (p->stay == NULL || p->xi == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %d particles", PARTICLES);
        goto out;
    }
    for (int i = 0; i < 2; i++) {
        lk_batch *b = i == 0 ? &p->here : &p->there;

        b->problem = like->problem;
        b->band = like->band;
        b->top = like->top;
        b->best = INFINITY;
        b->count = PARTICLES;
    }

out:
    return st;
}

static void copy_particle(lk_batch *to, size_t j, const lk_batch *from, size_t i)
{
    const size_t n = to->latent;

    for (size_t d = 0; d < n; d++) {
        to->eps[(j / LANES * n + d) * LANES + j % LANES] = lk_batch_eps(from, i, d);
    }
    memcpy(to->z + j * n, from->z + i * n, n * sizeof *to->z);
    to->score[j] = from->score[i];
    to->exact[j] = from->exact[i];
}

static lk_status begin(population *p, size_t run, lk_error *err)
{
    const lk_rare_address at =
        lk_rare_at(p->here.work, p->here.problem, LK_RARE_KIND_PARTICLE, 0, run);
    const size_t n = p->here.latent;

    for (size_t g = 0; g < PARTICLES / LANES; g++) {
        lk_rare_normals(at, g * LANES, n, p->here.eps + g * n * LANES);
    }
    p->step = 0.5;
    return lk_batch_score(&p->here, err);
}

/* Those above the level become copies of others, chosen by the words after their normals. */
static void resample(population *p, lk_rare_address at, uint64_t first)
{
    const size_t n = p->here.latent;
    size_t stayed = 0;

    for (size_t j = 0; j < PARTICLES; j++) {
        if (p->here.hit[j]) p->stay[stayed++] = j;
    }
    for (size_t j = 0; j < PARTICLES; j++) {
        if (p->here.hit[j]) continue;
        const uint64_t block =
            at.stage + (first + j) * lk_rare_blocks(n) + lk_blocks(n);
        const uint32_t word =
            lk_words(at.seed, LK_PURPOSE_PROPOSAL, at.item, block).w[0];

        copy_particle(&p->here, j, &p->here, p->stay[(uint64_t)word * stayed >> 32]);
    }
}

static lk_status sweep(population *p, lk_rare_address at, uint64_t first, double level,
                       lk_error *err)
{
    const size_t n = p->here.latent;
    const double keep = sqrt(1.0 - p->step * p->step);
    size_t kept = 0;
    lk_status st = LK_OK;

    for (size_t g = 0; g < PARTICLES / LANES; g++) {
        const double *from = p->here.eps + g * n * LANES;
        double *to = p->there.eps + g * n * LANES;

        lk_rare_normals(at, first + g * LANES, n, p->xi);
        for (size_t i = 0; i < n * LANES; i++) {
            to[i] = keep * from[i] + p->step * p->xi[i];
        }
    }
    LK_TRY(lk_batch_score(&p->there, err));
    LK_TRY(lk_batch_decide(&p->there, level, &kept, err));
    for (size_t j = 0; j < PARTICLES; j++) {
        if (p->there.hit[j]) copy_particle(&p->here, j, &p->there, j);
    }
    p->step *= lk_exp(0.5 * ((double)kept / PARTICLES - 0.3));
    p->step = fmin(p->step, 0.999);

out:
    return st;
}

/* Thresholds at or above the level get their share; returns how many are left. */
static lk_status pass_thresholds(population *p, const double *limit, double level,
                                 double log_product, double *log_p, size_t *left,
                                 lk_error *err)
{
    lk_status st = LK_OK;

    while (*left > 0 && level <= limit[*left - 1]) {
        size_t hits = 0;

        LK_TRY(lk_batch_decide(&p->here, limit[*left - 1], &hits, err));
        --*left;
        log_p[*left] = log_product + log((double)hits / PARTICLES);
    }

out:
    return st;
}

/* One run; log_p stays -infinity where it did not get.
 * Shapes  limit, log_p [thresholds] */
static lk_status run_once(population *p, const double *limit, size_t thresholds,
                          size_t run, const lk_stopper *watch, double *log_p,
                          lk_error *err)
{
    const lk_rare_address at =
        lk_rare_at(p->here.work, p->here.problem, LK_RARE_KIND_MOVE, 0, run);
    double log_product = 0.0, before = INFINITY;
    size_t left = thresholds, stalled = 0;
    uint64_t draw = 0;
    lk_status st = LK_OK;

    for (size_t t = 0; t < thresholds; t++) log_p[t] = -INFINITY;
    LK_TRY(begin(p, run, err));
    for (size_t l = 0; l < LEVELS_MAX && stalled < STALLED_MAX; l++) {
        double level;
        size_t stayed = 0;

        LK_TRY(lk_stopper_ask(watch, err));
        LK_TRY(lk_batch_level(&p->here, STAY, &level, err));
        LK_TRY(pass_thresholds(p, limit, level, log_product, log_p, &left, err));
        if (left == 0) break;
        LK_TRY(lk_batch_decide(&p->here, level, &stayed, err));
        log_product += log((double)stayed / PARTICLES);
        stalled = level < before * (1.0 - 1e-4) ? 0 : stalled + 1;
        before = level;
        resample(p, at, draw);
        for (size_t s = 0; s < SWEEPS; s++, draw += PARTICLES) {
            LK_TRY(sweep(p, at, draw, level, err));
        }
    }

out:
    return st;
}

/* Mean and spread of the runs of one threshold. */
static void finish(const double *log_p, size_t runs, size_t thresholds,
                   lk_rare_estimate *out)
{
    double high = -INFINITY, sum = 0.0, square = 0.0;

    for (size_t r = 0; r < runs; r++) high = fmax(high, log_p[r * thresholds]);
    *out = lk_rare_none();
    if (!isfinite(high)) return;
    for (size_t r = 0; r < runs; r++) {
        const double x = exp(log_p[r * thresholds] - high);

        sum += x;
        square += x * x;
        out->hits += x > 0.0;
    }
    const double mean = sum / (double)runs;
    const double variance =
        fmax(square / (double)runs - mean * mean, 0.0) / (double)(runs - 1);

    out->log_p = high + log(mean);
    out->rel_error = sqrt(variance) / mean;
    out->ess = sum * sum / square;
    out->largest_share = 1.0 / sum;
}

/* Whether every threshold that was reached has the relative error wanted. */
static bool met(const lk_rare_estimate *out, size_t thresholds, double rel_error)
{
    for (size_t t = 0; t < thresholds; t++) {
        if (out[t].rel_error > rel_error) return false;
    }
    return true;
}

lk_status lk_rare_split(lk_batch *batch, const double *limit, size_t thresholds,
                        double rel_error, uint64_t budget, const lk_stopper *watch,
                        lk_rare_estimate *out, lk_error *err)
{
    double *log_p = calloc(RUNS_MAX * thresholds, sizeof *log_p);
    population p = {0};
    size_t runs = 0;
    lk_status st = LK_OK;

    if (log_p == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for runs");
    LK_TRY(init(&p, batch, err));
    while (runs < RUNS_MAX) {
        const uint64_t spent = p.here.spent + p.there.spent;

        if (runs >= RUNS_MIN && (spent >= budget || met(out, thresholds, rel_error))) {
            break;
        }
        LK_TRY(run_once(&p, limit, thresholds, runs, watch, log_p + runs * thresholds,
                        err));
        runs++;
        for (size_t t = 0; runs > 1 && t < thresholds; t++) {
            finish(log_p + t, runs, thresholds, &out[t]);
            out[t].draws = out[t].spent = p.here.spent + p.there.spent;
        }
    }
    batch->spent += p.here.spent + p.there.spent;
    batch->band = fmax(batch->band, fmax(p.here.band, p.there.band));

out:
    release(&p);
    free(log_p);
    return st;
}
