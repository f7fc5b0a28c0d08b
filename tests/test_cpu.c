/* test_cpu.c - the CPU backend: kernels equal to their definition, counts equal whatever
 * computes them, and the guard band as the reason for it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/isa.h"
#include "support/check.h"
#include "support/toy.h"

static const char *const isas[] = {"baseline", "avx2", "avx512"};
enum { ISAS = 3, ATTEMPTS = 1000 };

/* Latent dimensions around the block of four, attempts around 2^32 and near the end. */
static void latents_are_the_streams_on_every_instruction_set(void **state)
{
    const size_t latents[] = {1, 3, 4, 5, 20, 33};
    (void)state;

    for (size_t k = 0; k < sizeof latents / sizeof latents[0]; k++) {
        const size_t latent = latents[k];
        const uint64_t last = lk_attempts_max(latent) - 1;
        const uint64_t attempt[] = {
            0, 1, 4294967294, 4294967295, 4294967296, (1ull << 53) + 1, last - 1, last};
        enum { COUNT = sizeof attempt / sizeof attempt[0] };
        float mu[33], scale[33], z[COUNT * 33];

        for (size_t d = 0; d < latent; d++) {
            mu[d] = 0.25f * (float)d;
            scale[d] = 0.1f + 0.3f * (float)d;
        }
        for (size_t i = 0; i < ISAS; i++) {
            const lk_isa *isa = lk_isa_find(isas[i]);

            if (isa == NULL) continue;
            isa->exact->latents(77, 9, attempt, COUNT, latent, mu, scale, z);
            for (size_t j = 0; j < COUNT * latent; j++) {
                const size_t d = j % latent;
                const uint64_t block = attempt[j / latent] * lk_blocks(latent) + d / 4;
                float eps[4];

                lk_normal4(lk_words(77, LK_PURPOSE_LATENT, 9, block), eps);
                assert_true(z[j] == fmaf(scale[d], eps[d % 4], mu[d]));
            }
        }
    }
}

/* Every instruction set gives lk_mlp_forward and the sum in pixel order, to the bit. */
static void canonical_score_is_its_definition(void **state)
{
    (void)state;

    for (int act = 0; act < LK_ACTIVATIONS; act++) {
        const size_t width[] = {6, 19, 23, 41};
        const lk_activation activation[] = {(lk_activation)act, LK_RELU,
                                            (lk_activation)act};
        lk_toy toy;
        double scores[ISAS][ATTEMPTS / 10], y[41], scratch[2 * 41];
        uint64_t attempt[ATTEMPTS / 10];
        float z[6];

        lk_toy_make_deep(&toy, 3, width, activation, 2);
        for (uint64_t j = 0; j < ATTEMPTS / 10; j++) attempt[j] = j * j;
        for (size_t i = 0; i < ISAS; i++) {
            const lk_device_options options = {.isa = isas[i], .threads = 2};
            const lk_backend *cpu = NULL;

            if (lk_isa_find(isas[i]) == NULL) continue;
            lk_device *device = lk_toy_device(&toy, &options);

            assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
            assert_int_equal(cpu->score(device, LK_SCORER_CANONICAL, 1, attempt,
                                        ATTEMPTS / 10, scores[i], NULL),
                             LK_OK);
            for (size_t j = 0; j < ATTEMPTS / 10; j++) {
                double sse = 0.0;

                assert_int_equal(cpu->latents(device, 1, attempt[j], 1, z, NULL),
                                 LK_OK);
                lk_mlp_forward(&toy.decoder, z, y, scratch);
                for (size_t o = 0; o < 41; o++) {
                    const double d = y[o] - (double)toy.problems.target[41 + o];

                    sse = fma(d, d, sse);
                }
                assert_true(scores[i][j] == sse);
            }
            cpu->close(device);
        }
        lk_toy_release(&toy);
    }
}

/* Float kernels agree with the canonical score to what a few hundred float operations
 * lose: 1e-5 of the score and of one squared pixel. */
static void fast_scores_are_near_the_canonical_ones(void **state)
{
    const char *const paths[] = {"loops", "blas"};
    (void)state;

    for (int act = 0; act < LK_ACTIVATIONS; act++) {
        const size_t width[] = {20, 64, 33, 100};
        const lk_activation activation[] = {(lk_activation)act, (lk_activation)act,
                                            LK_SIGMOID};
        uint64_t attempt[ATTEMPTS];
        static double fast[ATTEMPTS], canonical[ATTEMPTS];
        lk_toy toy;

        lk_toy_make_deep(&toy, 3, width, activation, 1);
        for (uint64_t j = 0; j < ATTEMPTS; j++) attempt[j] = j;
        for (size_t i = 0; i < 2 * ISAS; i++) {
            const lk_device_options options = {.isa = isas[i / 2],
                                               .path = paths[i % 2]};
            const lk_backend *cpu = NULL;

            if (lk_isa_find(isas[i / 2]) == NULL) continue;
            lk_device *device = lk_toy_device(&toy, &options);

            assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
            assert_int_equal(
                cpu->score(device, LK_SCORER_FAST, 0, attempt, ATTEMPTS, fast, NULL),
                LK_OK);
            assert_int_equal(cpu->score(device, LK_SCORER_CANONICAL, 0, attempt,
                                        ATTEMPTS, canonical, NULL),
                             LK_OK);
            for (size_t j = 0; j < ATTEMPTS; j++) {
                assert_true(fabs(fast[j] - canonical[j]) <=
                            1e-5 * (1.0 + canonical[j]));
            }
            cpu->close(device);
        }
        lk_toy_release(&toy);
    }
}

static const lk_device_options variants[] = {
    {.threads = 1},
    {.threads = 2},
    {.threads = 8},
    {.threads = 2, .tile = 64},
    {.threads = 2, .tile = 256},
    {.threads = 2, .tile = 1000},
    {.threads = 1, .tile = 1},
    {.threads = 2, .path = "blas"},
    {.threads = 2, .path = "blas", .tile = 7},
    {.threads = 2, .isa = "baseline"},
    {.threads = 2, .isa = "avx2"},
    {.threads = 2, .isa = "avx512"},
    {.threads = 3, .isa = "avx2", .path = "blas", .tile = 100},
};
enum { VARIANTS = sizeof variants / sizeof variants[0] };

static void counts_are_equal_whatever_computes_them(void **state)
{
    lk_result want = {0};
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 3);
    lk_toy_hard_thresholds(&toy);
    lk_toy_run(&toy, &variants[0], 3001, &want);
    assert_true(want.redecided > 0);
    for (size_t v = 1; v < VARIANTS; v++) {
        lk_result got = {0};

        if (variants[v].isa != NULL && lk_isa_find(variants[v].isa) == NULL) continue;
        lk_toy_run(&toy, &variants[v], 3001, &got);
        assert_true(lk_tally_equal(&got.tally, &want.tally));
        lk_result_release(&got);
    }
    lk_result_release(&want);
    lk_toy_release(&toy);
}

/* And they are the counts of the definition, draw by draw. */
static void counts_are_those_of_the_canonical_score(void **state)
{
    enum { DRAWS = 2000 };
    const lk_backend *cpu = NULL;
    static uint64_t attempt[DRAWS];
    static double score[DRAWS];
    lk_result got = {0};
    lk_device *device;
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_TANH, 2);
    lk_toy_hard_thresholds(&toy);
    lk_toy_run(&toy, &variants[1], DRAWS, &got);
    device = lk_toy_device(&toy, &variants[0]);
    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    for (uint64_t j = 0; j < DRAWS; j++) attempt[j] = j;
    for (size_t p = 0; p < 2; p++) {
        double best = INFINITY;
        uint64_t best_at = LK_NO_ATTEMPT;

        assert_int_equal(
            cpu->score(device, LK_SCORER_CANONICAL, p, attempt, DRAWS, score, NULL),
            LK_OK);
        for (size_t t = 0; t < toy.spec.thresholds; t++) {
            const size_t cell = p * toy.spec.thresholds + t;
            uint64_t c = 0, first = LK_NO_ATTEMPT;

            for (uint64_t j = 0; j < DRAWS; j++) {
                if (score[j] > toy.job.limit[cell]) continue;
                if (c++ == 0) first = j;
            }
            assert_true(got.tally.successes[cell] == c);
            assert_true(got.tally.first[cell] == first);
        }
        for (uint64_t j = 0; j < DRAWS; j++) {
            if (score[j] < best) best_at = j;
            best = fmin(best, score[j]);
        }
        assert_true(got.tally.best[p] == best);
        assert_true(got.tally.best_attempt[p] == best_at);
    }
    cpu->close(device);
    lk_result_release(&got);
    lk_toy_release(&toy);
}

/* Attempts 0 .. draws - 1 of problem 0, decided by the fast path alone. */
static void run_unguarded(const lk_toy *toy, const lk_device_options *options,
                          uint64_t draws, lk_tally *out)
{
    const lk_backend *cpu = NULL;
    lk_device *device = lk_toy_device(toy, options);
    double violation[1] = {0};
    lk_run_notes notes = {.violation = violation};
    const lk_unit unit = {0, 0, draws};

    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    assert_int_equal(lk_tally_init(out, 1, toy->spec.thresholds, NULL), LK_OK);
    assert_int_equal(cpu->run(device, &unit, 1, out, &notes, NULL), LK_OK);
    cpu->close(device);
}

/* Without the band (a fresh device has none) two fast paths count differently: what the
 * test of equal counts above sees is the guard band's doing. */
static void without_the_guard_band_counts_differ(void **state)
{
    const lk_device_options loops = {.path = "loops", .isa = "baseline"};
    const lk_device_options blas = {.path = "blas"};
    lk_tally a = {0}, b = {0};
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 1);
    lk_toy_hard_thresholds(&toy);
    run_unguarded(&toy, &loops, 3000, &a);
    run_unguarded(&toy, &blas, 3000, &b);
    assert_false(lk_tally_equal(&a, &b));
    lk_tally_release(&a);
    lk_tally_release(&b);
    lk_toy_release(&toy);
}

/* A band far too narrow is noticed by the audits, once a block of 65,536 attempts. */
static void audits_see_a_band_that_is_too_narrow(void **state)
{
    enum { BLOCKS = 40 };
    const lk_backend *cpu = NULL;
    const double band[1] = {1e-12};
    double violation[1] = {0};
    lk_run_notes notes = {.violation = violation};
    const lk_unit unit = {0, 0, BLOCKS * (uint64_t)LK_AUDIT_BLOCK};
    lk_tally tally = {0};
    lk_device *device;
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 1);
    device = lk_toy_device(&toy, &variants[1]);
    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    assert_int_equal(lk_tally_init(&tally, 1, toy.spec.thresholds, NULL), LK_OK);
    assert_int_equal(cpu->set_guard(device, band, NULL), LK_OK);
    assert_int_equal(cpu->run(device, &unit, 1, &tally, &notes, NULL), LK_OK);
    assert_true(notes.audited == BLOCKS);
    assert_true(violation[0] > 1e-12 && violation[0] < 1e-4);
    assert_true(notes.audit_largest == violation[0]);
    cpu->close(device);
    lk_tally_release(&tally);
    lk_toy_release(&toy);
}

/* Problem 0 of a tally of attempts 0 .. draws - 1 against the definition. */
static void assert_canonical(const lk_toy *toy, const lk_tally *got, uint64_t draws)
{
    const lk_device_options options = {0};
    const lk_backend *cpu = NULL;
    lk_device *device = lk_toy_device(toy, &options);
    uint64_t best_at = LK_NO_ATTEMPT, count[LK_THRESHOLDS_MAX] = {0};
    double best = INFINITY;

    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    for (uint64_t j = 0; j < draws; j++) {
        double sse;

        assert_int_equal(cpu->score(device, LK_SCORER_CANONICAL, 0, &j, 1, &sse, NULL),
                         LK_OK);
        for (size_t t = 0; t < toy->spec.thresholds; t++) {
            count[t] += sse <= toy->job.limit[t];
        }
        if (sse < best) best_at = j;
        best = fmin(best, sse);
    }
    cpu->close(device);
    assert_memory_equal(got->successes, count, toy->spec.thresholds * sizeof count[0]);
    assert_true(got->best[0] == best);
    assert_true(got->best_attempt[0] == best_at);
}

/* Targets that the decoder's picture of mu misses by `miss` in every pixel. */
static void aim(lk_toy *toy, float miss)
{
    const size_t pixels = toy->problems.pixels;
    double *y = calloc(pixels + 2 * lk_mlp_widest(&toy->decoder), sizeof *y);

    assert_non_null(y);
    lk_mlp_forward(&toy->decoder, toy->problems.mu, y, y + pixels);
    for (size_t o = 0; o < pixels; o++) toy->problems.target[o] = (float)y[o] + miss;
    free(y);
}

/* Draws so alike that floats mix up their order, two hundred times above the highest
 * threshold, where a band of 16 roundings at that threshold is less than one of theirs. */
static void the_best_score_is_canonical_far_above_the_thresholds(void **state)
{
    enum { DRAWS = 2000 };
    const size_t width[] = {3, 16, 784};
    const lk_activation activation[] = {LK_RELU, LK_IDENTITY};
    const double threshold[] = {0.0005};
    const lk_backend *cpu = NULL;
    (void)state;

    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    for (size_t v = 0; v < VARIANTS; v++) {
        double band[1], violation[1] = {0};
        lk_run_notes notes = {.violation = violation};
        const lk_unit unit = {0, 0, DRAWS};
        lk_tally tally = {0};
        lk_device *device;
        lk_toy toy;

        if (variants[v].isa != NULL && lk_isa_find(variants[v].isa) == NULL) continue;
        lk_toy_make_deep(&toy, 2, width, activation, 1);
        for (size_t d = 0; d < 3; d++) toy.problems.sigma[d] = 1e-7f;
        aim(&toy, 0.32f);
        lk_toy_thresholds(&toy, threshold, 1);
        band[0] = 0x1p-20 * toy.job.limit[0];
        device = lk_toy_device(&toy, &variants[v]);
        assert_int_equal(lk_tally_init(&tally, 1, 1, NULL), LK_OK);
        assert_int_equal(cpu->set_guard(device, band, NULL), LK_OK);
        assert_int_equal(cpu->run(device, &unit, 1, &tally, &notes, NULL), LK_OK);
        assert_canonical(&toy, &tally, DRAWS);
        assert_true(violation[0] == 0.0);
        cpu->close(device);
        lk_tally_release(&tally);
        lk_toy_release(&toy);
    }
}

/* Hidden values beyond the largest float, which the next layer takes back: the fast
 * score is infinite or NaN, the canonical one small. */
static void what_overflows_a_float_is_decided_in_double(void **state)
{
    const size_t width[] = {3, 8, 6};
    const lk_activation activation[] = {LK_RELU, LK_IDENTITY};
    const double threshold[] = {0.01, 0.1, 1.0};
    (void)state;

    for (size_t v = 0; v < VARIANTS; v++) {
        lk_result got = {0};
        lk_toy toy;

        if (variants[v].isa != NULL && lk_isa_find(variants[v].isa) == NULL) continue;
        lk_toy_make_deep(&toy, 2, width, activation, 1);
        for (size_t i = 0; i < 3 * 8; i++) toy.decoder.layer[0].weight[i] *= 1e38f;
        for (size_t i = 0; i < 8 * 6; i++) {
            float *weight = &toy.decoder.layer[1].weight[i];

            *weight = 1e-38f * fabsf(*weight); /* one sign: infinite, and never NaN */
        }
        aim(&toy, 0.0f);
        lk_toy_thresholds(&toy, threshold, 3);
        lk_toy_run(&toy, &variants[v], 300, &got);
        assert_true(got.tally.successes[1] > 0 && got.tally.successes[1] < 300);
        assert_canonical(&toy, &got.tally, 300);
        lk_result_release(&got);
        lk_toy_release(&toy);
    }
}

/* One latent, one pixel, hidden layers of one, as many layers as there may be. */
static void the_smallest_and_deepest_decoders_count_right(void **state)
{
    static const struct {
        size_t layers, width[LK_MLP_LAYERS_MAX + 1];
    } shape[] = {
        {1, {1, 1}},     {2, {1, 1, 1}},      {2, {5, 1, 3}},
        {2, {1, 33, 1}}, {3, {9, 2, 40, 17}}, {LK_MLP_LAYERS_MAX, {0}},
    };
    lk_activation activation[LK_MLP_LAYERS_MAX];
    (void)state;

    for (size_t l = 0; l < LK_MLP_LAYERS_MAX; l++) activation[l] = LK_TANH;
    for (size_t s = 0; s < sizeof shape / sizeof shape[0]; s++) {
        size_t width[LK_MLP_LAYERS_MAX + 1];

        for (size_t l = 0; l <= shape[s].layers; l++) {
            width[l] = shape[s].width[l] > 0 ? shape[s].width[l] : 1 + l % 3;
        }
        for (size_t v = 0; v < VARIANTS; v++) {
            lk_result got = {0};
            lk_toy toy;

            if (variants[v].isa != NULL && lk_isa_find(variants[v].isa) == NULL)
                continue;
            lk_toy_make_deep(&toy, shape[s].layers, width, activation, 1);
            lk_toy_run(&toy, &variants[v], 130, &got);
            assert_canonical(&toy, &got.tally, 130);
            lk_result_release(&got);
            lk_toy_release(&toy);
        }
    }
}

/* A tile that spans two blocks, with the audit of the second in it. */
static void audits_behind_a_block_border_are_made(void **state)
{
    const lk_device_options options = {.threads = 1, .tile = 4096};
    const lk_backend *cpu = NULL;
    double violation[1] = {0};
    lk_run_notes notes = {.violation = violation};
    uint64_t block = 1;
    lk_tally tally = {0};
    lk_device *device;
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 1);
    while (lk_audit_attempt(5, toy.problems.index[0], block) % LK_AUDIT_BLOCK >= 2000 ||
           lk_audit_attempt(5, toy.problems.index[0], block - 1) % LK_AUDIT_BLOCK >=
               LK_AUDIT_BLOCK - 2000) {
        block++;
    }
    const lk_unit unit = {0, block * LK_AUDIT_BLOCK - 2000, 4000};

    device = lk_toy_device(&toy, &options);
    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    assert_int_equal(lk_tally_init(&tally, 1, toy.spec.thresholds, NULL), LK_OK);
    assert_int_equal(cpu->run(device, &unit, 1, &tally, &notes, NULL), LK_OK);
    assert_true(notes.audited == 1);
    cpu->close(device);
    lk_tally_release(&tally);
    lk_toy_release(&toy);
}

static void unknown_options_are_refused_by_name(void **state)
{
    const lk_device_options bad[] = {
        {.path = "fused"}, {.isa = "sve"}, {.precision = "fp16"}, {.tile = 100000}};
    const char *const said[] = {"'fused'", "'sve'", "'fp16'", "100000"};
    const lk_backend *cpu = NULL;
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 1);
    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    for (size_t i = 0; i < 4; i++) {
        lk_device *device = NULL;
        lk_error err = {0};

        assert_int_equal(cpu->open(0, &toy.job.work, &bad[i], &device, &err), LK_E_ARG);
        assert_non_null(strstr(err.text, said[i]));
    }
    lk_toy_release(&toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latents_are_the_streams_on_every_instruction_set),
        cmocka_unit_test(canonical_score_is_its_definition),
        cmocka_unit_test(fast_scores_are_near_the_canonical_ones),
        cmocka_unit_test(counts_are_equal_whatever_computes_them),
        cmocka_unit_test(counts_are_those_of_the_canonical_score),
        cmocka_unit_test(without_the_guard_band_counts_differ),
        cmocka_unit_test(audits_see_a_band_that_is_too_narrow),
        cmocka_unit_test(the_best_score_is_canonical_far_above_the_thresholds),
        cmocka_unit_test(what_overflows_a_float_is_decided_in_double),
        cmocka_unit_test(the_smallest_and_deepest_decoders_count_right),
        cmocka_unit_test(audits_behind_a_block_border_are_made),
        cmocka_unit_test(unknown_options_are_refused_by_name),
    };
    return cmocka_run_group_tests_name("cpu", tests, NULL, NULL);
}
