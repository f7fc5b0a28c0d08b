/* stages.c - checks of the stages of a draw: latents, canonical and fast scores. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { ROWS = 4096 };

typedef struct {
    lk_rig cpu, cuda;
    uint64_t attempt[ROWS];
    double want[ROWS], got[ROWS];
    float *z[2]; /* [ROWS][latent] */
} lk_stage;

static void stage_close(lk_stage *s)
{
    if (s == NULL) return;
    rig_close(&s->cpu);
    rig_close(&s->cuda);
    free(s->z[0]);
    free(s->z[1]);
    free(s);
}

static lk_status stage_open(lk_check *c, lk_stage **out, lk_error *err)
{
    const lk_device_options cpu = {.threads = c->options->threads};
    const lk_device_options cuda = cuda_options(c, c->options->small ? 256 : 0);
    const size_t floats = ROWS * c->fixture->work.latent;
    lk_stage *s = calloc(1, sizeof *s);
    lk_status st = LK_OK;

    if (s != NULL) {
        s->z[0] = calloc(floats, sizeof(float));
        s->z[1] = calloc(floats, sizeof(float));
    }
    if (s == NULL || s->z[0] == NULL || s->z[1] == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for rows");
        goto out;
    }
    for (uint64_t j = 0; j < ROWS; j++) s->attempt[j] = j * j * j * 977; /* past 2^32 */
    LK_TRY(rig_open(&s->cpu, &lk_backend_cpu, &c->fixture->work, &cpu, err));
    LK_TRY(rig_open(&s->cuda, c->cuda, &c->fixture->work, &cuda, err));
    *out = s;
    s = NULL;

out:
    stage_close(s);
    return st;
}

lk_status latents_are_equal(lk_check *c, lk_error *err)
{
    const uint64_t first[] = {0, UINT64_C(4294967000), UINT64_C(1) << 40};
    const size_t bytes = ROWS * c->fixture->work.latent * sizeof(float);
    const size_t last = c->fixture->work.problems - 1;
    lk_stage *s = NULL;
    lk_status st = LK_OK;

    LK_TRY(stage_open(c, &s, err));
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        memset(s->z[1], 0xff, bytes);
        LK_TRY(
            lk_backend_cpu.latents(s->cpu.device, last, first[i], ROWS, s->z[0], err));
        LK_TRY(c->cuda->latents(s->cuda.device, last, first[i], ROWS, s->z[1], err));
        if (memcmp(s->z[0], s->z[1], bytes) == 0) continue;
        st = LK_FAIL(err, LK_E_MISMATCH, "latents from attempt %llu on differ",
                     (unsigned long long)first[i]);
        goto out;
    }
    note(c, "to the bit");

out:
    stage_close(s);
    return st;
}

lk_status canonical_scores_are_equal(lk_check *c, lk_error *err)
{
    const size_t last = c->fixture->work.problems - 1;
    lk_stage *s = NULL;
    lk_status st = LK_OK;

    LK_TRY(stage_open(c, &s, err));
    LK_TRY(lk_backend_cpu.score(s->cpu.device, LK_SCORER_CANONICAL, last, s->attempt,
                                ROWS, s->want, err));
    LK_TRY(c->cuda->score(s->cuda.device, LK_SCORER_CANONICAL, last, s->attempt, ROWS,
                          s->got, err));
    if (memcmp(s->want, s->got, sizeof s->want) != 0) {
        st = LK_FAIL(err, LK_E_MISMATCH, "canonical scores differ");
        goto out;
    }
    LK_TRY(lk_backend_cpu.latents(s->cpu.device, last, 7, ROWS, s->z[0], err));
    LK_TRY(lk_backend_cpu.score_latents(s->cpu.device, LK_SCORER_CANONICAL, last,
                                        s->z[0], ROWS, s->want, err));
    LK_TRY(c->cuda->score_latents(s->cuda.device, LK_SCORER_CANONICAL, last, s->z[0],
                                  ROWS, s->got, err));
    if (memcmp(s->want, s->got, sizeof s->want) != 0) {
        st = LK_FAIL(err, LK_E_MISMATCH, "canonical scores of given latents differ");
        goto out;
    }
    note(c, "to the bit");

out:
    stage_close(s);
    return st;
}

/* Of the largest limit or the score, whichever is more.  fp32: sums of 400 floats; fp16x3:
 * 2^-22 an operand; tf32 and fp16: 2^-11 an operand, and logits of half precision, which
 * the sum over pixels averages. */
static double nearness(const char *precision)
{
    if (strcmp(precision, "fp32") == 0) return 2e-5;
    if (strcmp(precision, "fp16x3") == 0) return 1e-4;
    return 5e-2;
}

static lk_status judge_fast(lk_check *c, const lk_stage *s, size_t problem,
                            lk_error *err)
{
    const double top =
        c->fixture->limit[problem * FIXTURE_THRESHOLDS + FIXTURE_THRESHOLDS - 1];
    const double near = nearness(c->precision);
    double largest = 0.0, squares = 0.0;

    for (size_t j = 0; j < ROWS; j++) {
        const double off = fabs(s->got[j] - s->want[j]);
        const double relative = off / fmax(s->want[j], top);

        if (!(relative <= near)) {
            return LK_FAIL(err, LK_E_MISMATCH, "fast score %.9g, canonical %.9g",
                           s->got[j], s->want[j]);
        }
        largest = fmax(largest, relative);
        squares += relative * relative;
    }
    note(c, "relative error rms %.2g, largest %.2g", sqrt(squares / ROWS), largest);
    return LK_OK;
}

lk_status fast_scores_are_near(lk_check *c, lk_error *err)
{
    lk_stage *s = NULL;
    lk_status st = LK_OK;

    LK_TRY(stage_open(c, &s, err));
    LK_TRY(lk_backend_cpu.latents(s->cpu.device, 0, 7, ROWS, s->z[0], err));
    LK_TRY(lk_backend_cpu.score_latents(s->cpu.device, LK_SCORER_CANONICAL, 0, s->z[0],
                                        ROWS, s->want, err));
    LK_TRY(c->cuda->score_latents(s->cuda.device, LK_SCORER_FAST, 0, s->z[0], ROWS,
                                  s->got, err));
    LK_TRY(judge_fast(c, s, 0, err));
    LK_TRY(lk_backend_cpu.score(s->cpu.device, LK_SCORER_CANONICAL, 0, s->attempt, ROWS,
                                s->want, err));
    LK_TRY(c->cuda->score(s->cuda.device, LK_SCORER_FAST, 0, s->attempt, ROWS, s->got,
                          err));
    LK_TRY(judge_fast(c, s, 0, err));

out:
    stage_close(s);
    return st;
}
