/* spec.c - what a run is a function of, and the scores by name. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "largek/result.h"
#include "largek/run.h"

static const char *const score_names[] = {
    [LK_SCORE_MSE] = "mse",
    [LK_SCORE_SUM] = "sse",
    [LK_SCORE_L2] = "l2",
    [LK_SCORE_REL_L2] = "rel-l2",
};

const char *lk_score_name(lk_score score)
{
    return (size_t)score < LK_SCORES ? score_names[score] : "unknown";
}

lk_score lk_score_find(const char *name)
{
    size_t i = 0;

    while (i < LK_SCORES && strcmp(score_names[i], name) != 0) i++;
    return (lk_score)i;
}

static double squared_norm(const float *x, size_t n)
{
    double s = 0.0;

    for (size_t i = 0; i < n; i++) s = fma((double)x[i], (double)x[i], s);
    return s;
}

double lk_score_of_sse(lk_score score, double sse, const float *target, size_t pixels)
{
    switch (score) {
    case LK_SCORE_MSE: return sse / (double)pixels;
    case LK_SCORE_L2: return sqrt(sse);
    case LK_SCORE_REL_L2: return sqrt(sse / squared_norm(target, pixels));
    default: return sse;
    }
}

double lk_limit_of_threshold(lk_score score, double threshold, const float *target,
                             size_t pixels)
{
    switch (score) {
    case LK_SCORE_MSE: return threshold * (double)pixels;
    case LK_SCORE_L2: return threshold * threshold;
    case LK_SCORE_REL_L2: return threshold * threshold * squared_norm(target, pixels);
    default: return threshold;
    }
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

lk_status lk_spec_set_score(lk_spec *spec, lk_score score, const double *threshold,
                            size_t thresholds, lk_error *err)
{
    lk_spec s = *spec;

    if (thresholds == 0 || thresholds > LK_THRESHOLDS_MAX) {
        return LK_FAIL(err, LK_E_ARG, "%zu thresholds: give 1 to %d", thresholds,
                       LK_THRESHOLDS_MAX);
    }
    for (size_t t = 0; t < thresholds; t++) {
        if (!(threshold[t] > 0.0) || !isfinite(threshold[t])) {
            return LK_FAIL(err, LK_E_ARG, "threshold %g: must be positive",
                           threshold[t]);
        }
    }
    s.score = score;
    s.thresholds = 0;
    memcpy(s.threshold, threshold, thresholds * sizeof *threshold);
    qsort(s.threshold, thresholds, sizeof *s.threshold, ascending);
    for (size_t t = 0; t < thresholds; t++) {
        if (t == 0 || s.threshold[t] != s.threshold[s.thresholds - 1]) {
            s.threshold[s.thresholds++] = s.threshold[t];
        }
    }
    *spec = s;
    return LK_OK;
}

lk_status lk_spec_init(lk_spec *spec, const lk_mlp *decoder,
                       const lk_problems *problems, lk_score score,
                       const double *threshold, size_t thresholds, double temperature,
                       uint64_t seed, lk_error *err)
{
    lk_spec s = {.problems = problems->problems,
                 .latent = problems->latent,
                 .pixels = problems->pixels,
                 .temperature = temperature,
                 .seed = seed,
                 .stream_version = LK_STREAM_VERSION};
    lk_status st = LK_OK;

    LK_TRY(lk_spec_set_score(&s, score, threshold, thresholds, err));
    if (!(temperature > 0.0) || !isfinite(temperature)) {
        return LK_FAIL(err, LK_E_ARG, "temperature %g: must be positive", temperature);
    }
    LK_TRY(lk_mlp_digest(decoder, s.model_digest, err));
    LK_TRY(lk_problems_digest(problems, s.problems_digest, err));
    *spec = s;

out:
    return st;
}

lk_status lk_spec_set_until(lk_spec *spec, const lk_until *until, lk_error *err)
{
    lk_until u = *until;
    size_t t = 0;
    lk_status st = LK_OK;

    LK_TRY(lk_until_check(&u, err));
    if (u.kind != LK_UNTIL_DRAWS && u.threshold == 0.0)
        u.threshold = spec->threshold[0];
    while (t < spec->thresholds && spec->threshold[t] != u.threshold) t++;
    if (u.kind != LK_UNTIL_DRAWS && t == spec->thresholds) {
        return LK_FAIL(err, LK_E_ARG, "%.12g is none of the thresholds", u.threshold);
    }
    spec->until = u;

out:
    return st;
}

lk_status lk_spec_extend(lk_spec *have, const lk_spec *asked, lk_error *err)
{
    lk_spec as_had = *asked;
    lk_status st = LK_OK;

    as_had.until = have->until;
    LK_TRY(lk_spec_same(have, &as_had, err));
    LK_TRY(lk_until_extends(&have->until, &asked->until, err));
    const bool raised =
        have->until.raised || have->until.successes < asked->until.successes;

    have->until = asked->until;
    have->until.raised = raised;

out:
    return st;
}

lk_status lk_spec_same(const lk_spec *a, const lk_spec *b, lk_error *err)
{
    if (strcmp(a->model_digest, b->model_digest) != 0) {
        return LK_FAIL(err, LK_E_MISMATCH, "another model: digest %s, not %s",
                       a->model_digest, b->model_digest);
    }
    if (strcmp(a->problems_digest, b->problems_digest) != 0) {
        return LK_FAIL(err, LK_E_MISMATCH, "another problem set: digest %s, not %s",
                       a->problems_digest, b->problems_digest);
    }
    if (a->problems != b->problems || a->latent != b->latent ||
        a->pixels != b->pixels) {
        return LK_FAIL(err, LK_E_MISMATCH,
                       "another shape: %zu problems %zu -> %zu, not %zu problems "
                       "%zu -> %zu",
                       a->problems, a->latent, a->pixels, b->problems, b->latent,
                       b->pixels);
    }
    if (a->score != b->score) {
        return LK_FAIL(err, LK_E_MISMATCH, "another score: %s, not %s",
                       lk_score_name(a->score), lk_score_name(b->score));
    }
    if (a->seed != b->seed) {
        return LK_FAIL(err, LK_E_MISMATCH, "another seed: %" PRIu64 ", not %" PRIu64,
                       a->seed, b->seed);
    }
    if (a->temperature != b->temperature) {
        return LK_FAIL(err, LK_E_MISMATCH, "another temperature: %.15g, not %.15g",
                       a->temperature, b->temperature);
    }
    if (a->stream_version == LK_STREAM_NONE && b->stream_version != LK_STREAM_NONE) {
        return LK_FAIL(err, LK_E_MISMATCH, "counts of --path library, not exact ones");
    }
    if (b->stream_version == LK_STREAM_NONE && a->stream_version != LK_STREAM_NONE) {
        return LK_FAIL(err, LK_E_MISMATCH, "exact counts, not those of --path library");
    }
    if (a->stream_version != b->stream_version) {
        return LK_FAIL(err, LK_E_MISMATCH, "another stream version: %u, not %u",
                       a->stream_version, b->stream_version);
    }
    if (a->thresholds != b->thresholds) {
        return LK_FAIL(err, LK_E_MISMATCH, "%zu thresholds, not %zu", a->thresholds,
                       b->thresholds);
    }
    for (size_t t = 0; t < a->thresholds; t++) {
        if (a->threshold[t] == b->threshold[t]) continue;
        return LK_FAIL(err, LK_E_MISMATCH, "another threshold: %.15g, not %.15g",
                       a->threshold[t], b->threshold[t]);
    }
    return lk_until_extends(&b->until, &a->until, NULL) == LK_OK
               ? lk_until_extends(&a->until, &b->until, err)
               : lk_until_extends(&b->until, &a->until, err);
}
