/* job.c - a spec as a device sees it: limits in SSE, scales rounded once. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "largek/run.h"

lk_status lk_job_init(lk_job *job, const lk_mlp *decoder, const lk_problems *problems,
                      const lk_spec *spec, lk_error *err)
{
    const size_t count = problems->problems, latent = problems->latent;
    lk_job j = {.scale = calloc(count * latent, sizeof *j.scale),
                .limit = calloc(count * spec->thresholds, sizeof *j.limit)};

    if (j.scale == NULL || j.limit == NULL) {
        lk_job_release(&j);
        return LK_FAIL(err, LK_E_MEMORY, "no room for a job of %zu problems", count);
    }
    for (size_t p = 0; p < count; p++) {
        if (problems->index[p] > LK_ITEM_MAX) {
            lk_job_release(&j);
            return LK_FAIL(err, LK_E_ARG, "problem index above 2^56 - 1");
        }
        for (size_t t = 0; t < spec->thresholds; t++) {
            const double limit = lk_limit_of_threshold(
                spec->score, spec->threshold[t],
                problems->target + p * problems->pixels, problems->pixels);

            if (!(limit >= DBL_MIN) || !isfinite(limit)) {
                lk_job_release(&j);
                return LK_FAIL(err, LK_E_ARG,
                               "problem %" PRIu64 ": %s threshold %g is an SSE of %g",
                               problems->index[p], lk_score_name(spec->score),
                               spec->threshold[t], limit);
            }
            j.limit[p * spec->thresholds + t] = limit;
        }
    }
    for (size_t i = 0; i < count * latent; i++) {
        j.scale[i] = (float)(spec->temperature * (double)problems->sigma[i]);
    }
    j.work = (lk_workload){.decoder = decoder,
                           .score = LK_SCORE_SSE,
                           .problems = count,
                           .latent = latent,
                           .outputs = problems->pixels,
                           .thresholds = spec->thresholds,
                           .index = problems->index,
                           .mu = problems->mu,
                           .scale = j.scale,
                           .target = problems->target,
                           .limit = j.limit,
                           .seed = spec->seed};
    *job = j;
    return LK_OK;
}

void lk_job_release(lk_job *job)
{
    free(job->scale);
    free(job->limit);
    *job = (lk_job){0};
}
