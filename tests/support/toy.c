/* toy.c - a small model and problem set. */
#include "support/toy.h"

#include <stdlib.h>
#include <string.h>

#include "support/check.h"

static void randomise(lk_mlp *mlp)
{
    uint64_t block = 0;

    for (size_t l = 0; l < mlp->layers; l++) {
        lk_layer *layer = &mlp->layer[l];
        const size_t weights = layer->in * layer->out;
        const float scale = 1.5f / sqrtf((float)layer->in);

        for (size_t i = 0; i < weights + layer->out; i++) {
            float z[4];

            lk_normal4(lk_words(11, LK_PURPOSE_WEIGHTS, l, block++), z);
            if (i < weights) {
                layer->weight[i] = scale * z[0];
            } else {
                layer->bias[i - weights] = 0.1f * z[0];
            }
        }
    }
}

/* Targets are what the decoder makes of mu, so some draws come near. */
static void make_problems(lk_toy *toy, size_t count)
{
    const size_t latent = lk_mlp_inputs(&toy->decoder);
    const size_t pixels = lk_mlp_outputs(&toy->decoder);
    double *y = calloc(pixels + 2 * lk_mlp_widest(&toy->decoder), sizeof *y);
    lk_problems *p = &toy->problems;

    assert_non_null(y);
    *p = (lk_problems){.problems = count,
                       .latent = latent,
                       .pixels = pixels,
                       .index = calloc(count, sizeof *p->index),
                       .target = calloc(count * pixels, sizeof *p->target),
                       .mu = calloc(count * latent, sizeof *p->mu),
                       .sigma = calloc(count * latent, sizeof *p->sigma)};
    for (size_t i = 0; i < count; i++) {
        p->index[i] = 3 * i + 1;
        for (size_t d = 0; d < latent; d++) {
            float z[4];

            lk_normal4(lk_words(12, LK_PURPOSE_WEIGHTS, i, d), z);
            p->mu[i * latent + d] = z[0];
            p->sigma[i * latent + d] = 0.1f + 0.3f * fabsf(z[1]);
        }
        lk_mlp_forward(&toy->decoder, p->mu + i * latent, y, y + pixels);
        for (size_t o = 0; o < pixels; o++) p->target[i * pixels + o] = (float)y[o];
    }
    free(y);
}

void lk_toy_thresholds(lk_toy *toy, const double *threshold, size_t count)
{
    lk_job_release(&toy->job);
    assert_int_equal(lk_spec_init(&toy->spec, &toy->decoder, &toy->problems,
                                  LK_SCORE_MSE, threshold, count, 1.1, 5, NULL),
                     LK_OK);
    assert_int_equal(
        lk_job_init(&toy->job, &toy->decoder, &toy->problems, &toy->spec, NULL), LK_OK);
}

void lk_toy_make_deep(lk_toy *toy, size_t layers, const size_t *width,
                      const lk_activation *activation, size_t problems)
{
    const double threshold[] = {0.002, 0.005, 0.01, 0.02, 0.05};

    *toy = (lk_toy){0};
    assert_int_equal(lk_mlp_init(&toy->decoder, layers, width, activation, NULL),
                     LK_OK);
    randomise(&toy->decoder);
    make_problems(toy, problems);
    lk_toy_thresholds(toy, threshold, sizeof threshold / sizeof threshold[0]);
}

void lk_toy_make(lk_toy *toy, lk_activation hidden, size_t problems)
{
    const size_t width[] = {5, 37, 51};
    const lk_activation activation[] = {hidden, LK_SIGMOID};

    lk_toy_make_deep(toy, 2, width, activation, problems);
}

void lk_toy_release(lk_toy *toy)
{
    lk_job_release(&toy->job);
    lk_problems_release(&toy->problems);
    lk_mlp_release(&toy->decoder);
}

lk_device *lk_toy_device(const lk_toy *toy, const lk_device_options *options)
{
    const lk_backend *cpu = NULL;
    lk_device *device = NULL;

    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    assert_int_equal(cpu->open(0, &toy->job.work, options, &device, NULL), LK_OK);
    return device;
}

void lk_toy_run(const lk_toy *toy, const lk_device_options *options, uint64_t draws,
                lk_result *out)
{
    const lk_run_options run = {.draws = draws};
    const lk_backend *cpu = NULL;
    lk_device *device = lk_toy_device(toy, options);

    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    assert_int_equal(lk_result_init(out, &toy->spec, toy->problems.index, NULL), LK_OK);
    assert_int_equal(lk_run(cpu, device, &toy->job, &run, out, NULL), LK_OK);
    cpu->close(device);
}

int lk_tally_equal(const lk_tally *a, const lk_tally *b)
{
    const size_t rows = a->problems, cells = a->problems * a->thresholds;

    return a->problems == b->problems && a->thresholds == b->thresholds &&
           memcmp(a->attempts, b->attempts, rows * sizeof *a->attempts) == 0 &&
           memcmp(a->successes, b->successes, cells * sizeof *a->successes) == 0 &&
           memcmp(a->first, b->first, cells * sizeof *a->first) == 0 &&
           memcmp(a->best, b->best, rows * sizeof *a->best) == 0 &&
           memcmp(a->best_attempt, b->best_attempt, rows * sizeof *a->best_attempt) ==
               0;
}

void lk_toy_hard_thresholds(lk_toy *toy)
{
    enum { COUNT = 60 };
    const lk_backend *cpu = NULL;
    const lk_device_options options = {0};
    lk_device *device = lk_toy_device(toy, &options);
    uint64_t attempt[COUNT];
    double score[COUNT];

    for (uint64_t j = 0; j < COUNT; j++) attempt[j] = 17 * j;
    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    assert_int_equal(
        cpu->score(device, LK_SCORER_CANONICAL, 0, attempt, COUNT, score, NULL), LK_OK);
    cpu->close(device);
    for (size_t j = 0; j < COUNT; j++) {
        score[j] /= (double)toy->problems.pixels;
        if (j % 3 == 1) score[j] = nextafter(score[j], 0.0);
        if (j % 3 == 2) score[j] = nextafter(score[j], 1.0);
    }
    lk_toy_thresholds(toy, score, COUNT);
}
