/* trace.c - canonical scores of the first attempts. */
#include <stdlib.h>

#include "engine/engine.h"

enum { CHUNK = 256 }; /* attempts between two looks at who may want to stop */

/* Scores of a problem's first attempts, in SSE. */
static lk_status trace_problem(const lk_backend *backend, lk_device *device,
                               size_t problem, size_t count, const lk_stopper *stopper,
                               double *row, lk_error *err)
{
    uint64_t attempt[CHUNK];
    lk_status st = LK_OK;

    for (size_t from = 0; from < count; from += CHUNK) {
        const size_t some = count - from < CHUNK ? count - from : CHUNK;

        for (size_t j = 0; j < some; j++) attempt[j] = from + j;
        LK_TRY(lk_stopper_ask(stopper, err));
        LK_TRY(backend->score(device, LK_SCORER_CANONICAL, problem, attempt, some,
                              row + from, err));
    }

out:
    return st;
}

lk_status lk_trace_make(const lk_backend *backend, lk_device *device, const lk_job *job,
                        lk_score score, size_t count, const lk_stopper *stopper,
                        double **out, lk_error *err)
{
    const lk_workload *work = &job->work;
    double *trace = calloc(work->problems * count, sizeof *trace);
    lk_status st = LK_OK;

    if (trace == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for a trace of %zu attempts", count);
        goto out;
    }
    for (size_t p = 0; p < work->problems; p++) {
        double *row = trace + p * count;

        LK_TRY(trace_problem(backend, device, p, count, stopper, row, err));
        for (size_t j = 0; j < count; j++) {
            row[j] = lk_score_of_sse(score, row[j], work->target + p * work->outputs,
                                     work->outputs);
        }
    }
    *out = trace;
    trace = NULL;

out:
    free(trace);
    return st;
}
