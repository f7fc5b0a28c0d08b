/* test_rare.c - rare successes against exact truths, and estimates that do not depend on
 * how they are made. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/rare.h"
#include "largek/largek.h"
#include "support/check.h"
#include "support/exact.h"
#include "support/files.h"

enum { CASES_MAX = 32 };

static exact_case truth[CASES_MAX];
static size_t truths;

static int set_up(void **state)
{
    truths = exact_read(truth, CASES_MAX);
    return scratch_enter(state);
}

static const lk_backend *cpu_backend(void)
{
    const lk_backend *cpu = NULL;

    assert_int_equal(lk_backend_find("cpu", &cpu, NULL), LK_OK);
    return cpu;
}

/* Estimates of a toy's problems. */
static void estimate(const lk_toy *toy, const lk_rare_options *options, size_t threads,
                     const char *isa, lk_rare *out)
{
    const lk_device_options how = {.threads = threads, .isa = isa};
    const lk_rare_run_options run = {.threads = threads};
    lk_device *device = lk_toy_device(toy, &how);

    assert_int_equal(lk_rare_init(out, &toy->spec, options, toy->problems.index, NULL),
                     LK_OK);
    assert_int_equal(lk_rare_run(cpu_backend(), device, &toy->job, &run, out, NULL),
                     LK_OK);
    cpu_backend()->close(device);
}

/* Some 30 estimates from 0.5 to 1e-40: within 4.5 of their own standard errors, which a
 * correct program fails for one seed in 5,000; a normal's tail is fair at 2 % error. */
static void check_truths(const exact_case *c, const lk_rare *rare)
{
    for (size_t t = 0; t < c->limits; t++) {
        const lk_rare_estimate *e = &rare->at[t];
        const double off = (e->log_p - c->log_p[t]) / e->rel_error;

        if (!(fabs(off) < 4.5) || e->status != LK_RARE_OK) {
            print_error(
                "%s %u+%u at %g: log p %.6f, not %.6f: %.1f standard errors; %s\n",
                c->kind, c->l1, c->l2, c->limit[t], e->log_p, c->log_p[t], off,
                lk_rare_status_name(e->status));
            fail();
        }
        assert_true(e->rel_error > 0.0 && e->rel_error <= 0.02);
        assert_true(e->log_lo < e->log_p && e->log_p < e->log_hi);
        assert_true(e->best_sse <= c->limit[t]);
    }
}

static void importance_meets_exact_truths(void **state)
{
    const lk_rare_options options = lk_rare_defaults();
    (void)state;

    assert_true(truths >= 8);
    for (size_t i = 0; i < truths; i++) {
        lk_toy toy;
        lk_rare rare = {0};

        exact_make(&truth[i], 1, &toy);
        estimate(&toy, &options, 2, NULL, &rare);
        check_truths(&truth[i], &rare);
        lk_rare_release(&rare);
        lk_toy_release(&toy);
    }
}

/* Both regions are found, whether the smaller one has half the mass or a hundredth. */
static void both_modes_are_found(void **state)
{
    const lk_rare_options options = lk_rare_defaults();
    size_t seen = 0;
    (void)state;

    for (size_t i = 0; i < truths; i++) {
        if (strcmp(truth[i].kind, "modes") != 0) continue;
        for (uint64_t seed = 1; seed <= 3; seed++) {
            lk_toy toy;
            lk_rare rare = {0};

            exact_make(&truth[i], seed, &toy);
            estimate(&toy, &options, 2, NULL, &rare);
            for (size_t t = 0; t < truth[i].limits; t++) {
                assert_int_equal(rare.at[t].modes, 2);
            }
            lk_rare_release(&rare);
            lk_toy_release(&toy);
        }
        seen++;
    }
    assert_int_equal(seen, 3);
}

/* Splitting has other errors, of some 10 % here; its bias from adapted levels is of the
 * order 1/particles.  4.5 of its standard errors from eight runs or more. */
static void splitting_meets_exact_truths(void **state)
{
    const lk_rare_options options = {
        .method = LK_RARE_SPLITTING, .rel_error = 0.2, .budget = 10000000, .starts = 1};
    (void)state;

    for (size_t i = 0; i < truths; i += 5) {
        exact_case c = truth[i];
        lk_toy toy;
        lk_rare rare = {0};

        while (c.log_p[0] < -16.0) { /* deeper costs seconds */
            c.limits--;
            memmove(c.limit, c.limit + 1, c.limits * sizeof *c.limit);
            memmove(c.log_p, c.log_p + 1, c.limits * sizeof *c.log_p);
        }
        exact_make(&c, 1, &toy);
        estimate(&toy, &options, 2, NULL, &rare);
        for (size_t t = 0; t < c.limits; t++) {
            const lk_rare_estimate *e = &rare.at[t];

            assert_true(fabs(e->log_p - c.log_p[t]) < 4.5 * e->rel_error + 1e-3);
            assert_int_equal(e->status, LK_RARE_OK);
        }
        lk_rare_release(&rare);
        lk_toy_release(&toy);
    }
}

static void check_same(const lk_rare *a, const lk_rare *b)
{
    for (size_t i = 0; i < a->spec.problems * a->spec.thresholds; i++) {
        const lk_rare_estimate *x = &a->at[i], *y = &b->at[i];

        assert_memory_equal(&x->log_p, &y->log_p, sizeof x->log_p);
        assert_memory_equal(&x->rel_error, &y->rel_error, sizeof x->rel_error);
        assert_memory_equal(&x->other_log_p, &y->other_log_p, sizeof x->other_log_p);
        assert_memory_equal(&x->best_sse, &y->best_sse, sizeof x->best_sse);
        assert_int_equal(x->draws, y->draws);
        assert_int_equal(x->spent, y->spent);
        assert_int_equal(x->status, y->status);
    }
}

/* To the bit, whatever scores fast and in how many threads. */
static void estimates_do_not_depend_on_threads_or_instructions(void **state)
{
    const lk_rare_options options = {
        .method = LK_RARE_BOTH, .rel_error = 0.1, .budget = 200000, .starts = 5};
    const double thresholds[] = {1e-5, 1e-4, 1e-3, 1e-2};
    lk_rare first = {0}, other = {0};
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 2);
    lk_toy_thresholds(&toy, thresholds, 4);
    estimate(&toy, &options, 1, NULL, &first);
    estimate(&toy, &options, 3, "baseline", &other);
    check_same(&first, &other);
    lk_rare_release(&first);
    lk_rare_release(&other);
    lk_toy_release(&toy);
}

/* A threshold that no latent reaches: the target is 1 and the decoder ends at 0.5. */
static void nothing_found_is_said_and_not_called_zero(void **state)
{
    const lk_rare_options options = {
        .method = LK_RARE_BOTH, .rel_error = 0.1, .budget = 20000, .starts = 4};
    exact_case c = {.kind = "linear",
                    .l1 = 3,
                    .a = 1.0,
                    .b = 1.0,
                    .x = 1.0,
                    .limits = 1,
                    .limit = {0.5}};
    lk_rare rare = {0};
    lk_toy toy;
    (void)state;

    exact_make(&c, 1, &toy);
    memset(toy.decoder.layer[0].weight, 0, 9 * sizeof(float));
    for (size_t d = 0; d < 3; d++) toy.decoder.layer[0].bias[d] = 0.5f;
    estimate(&toy, &options, 1, NULL, &rare);
    assert_int_equal(rare.at[0].status, LK_RARE_NONE_FOUND);
    assert_true(isnan(rare.at[0].log_p));
    check_rel(rare.at[0].best_sse, 0.75, 1e-12);
    /* 4,096 plain draws without a success: 1 - 0.025^(1/4096). */
    check_rel(rare.at[0].log_hi, log(-expm1(log(0.025) / 4096.0)), 1e-9);
    assert_true(isinf(rare.at[0].log_lo) && rare.at[0].log_lo < 0.0);
    lk_rare_release(&rare);
    lk_toy_release(&toy);
}

static lk_wish stop_soon(void *context)
{
    int *left = context;

    return (*left)-- <= 0 ? LK_STOP_NOW : LK_GO_ON;
}

/* Stopped within the second problem: the first is kept, the second made anew, and the
 * estimates are those of a run in one go. */
static void a_stopped_run_goes_on_and_says_the_same(void **state)
{
    const lk_rare_options options = {.rel_error = 0.1, .budget = 100000, .starts = 4};
    const lk_device_options how = {.threads = 1};
    const double thresholds[] = {1e-4, 1e-2};
    lk_rare whole = {0}, part = {0}, again = {0};
    int left = 12, sessions = 0;
    lk_rare_run_options run = {.threads = 1,
                               .output = "r.safetensors",
                               .context = &left,
                               .on_batch = stop_soon};
    lk_device *device;
    lk_toy toy;
    lk_status st = LK_E_STOPPED;
    (void)state;

    lk_toy_make(&toy, LK_TANH, 4);
    lk_toy_thresholds(&toy, thresholds, 2);
    estimate(&toy, &options, 1, NULL, &whole);
    device = lk_toy_device(&toy, &how);
    assert_int_equal(lk_rare_init(&part, &toy.spec, &options, toy.problems.index, NULL),
                     LK_OK);
    for (; st == LK_E_STOPPED && sessions < 100; sessions++, left = 12) {
        st = lk_rare_run(cpu_backend(), device, &toy.job, &run, &part, NULL);
        lk_rare_release(&part);
        assert_int_equal(lk_rare_read("r.safetensors", &part, NULL), LK_OK);
        assert_int_equal(lk_rare_resume(&part, &toy.spec, &options, NULL), LK_OK);
    }
    assert_int_equal(st, LK_OK);
    assert_true(sessions > 1); /* it was stopped in earnest */
    assert_int_equal(lk_rare_read("r.safetensors", &again, NULL), LK_OK);
    check_same(&whole, &again);
    cpu_backend()->close(device);
    lk_rare_release(&whole);
    lk_rare_release(&part);
    lk_rare_release(&again);
    lk_toy_release(&toy);
}

/* Files that have problems apart and in common, to which counts said something or not. */
static void parts_are_joined_and_contradictions_refused(void **state)
{
    const lk_rare_options options = {.rel_error = 0.1, .budget = 100000, .starts = 2};
    const double thresholds[] = {1e-4, 1e-2};
    lk_rare whole = {0}, left = {0}, right = {0};
    size_t added = 0;
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_TANH, 4);
    lk_toy_thresholds(&toy, thresholds, 2);
    assert_true(toy.spec.problems >= 3);
    estimate(&toy, &options, 1, NULL, &whole);
    assert_int_equal(lk_rare_init(&left, &toy.spec, &options, toy.problems.index, NULL),
                     LK_OK);
    assert_int_equal(
        lk_rare_init(&right, &toy.spec, &options, toy.problems.index, NULL), LK_OK);
    for (size_t p = 0; p < toy.spec.problems; p++) {
        lk_rare *to = lk_rare_dealt((lk_share){1, 3}, p) ? &left : &right;

        memcpy(to->at + p * 2, whole.at + p * 2, 2 * sizeof *whole.at);
    }
    assert_true(lk_rare_done(&left, 1) && lk_rare_done(&right, 0));
    assert_false(lk_rare_holds(&left, &right));
    left.seconds = 1.0;
    right.seconds = 2.0;
    assert_int_equal(lk_rare_merge(&left, &right, &added, NULL), LK_OK);
    assert_true(added > 0 && left.seconds == 3.0);
    check_same(&whole, &left);
    assert_int_equal(lk_rare_merge(&left, &right, &added, NULL), LK_OK);
    assert_true(added == 0 && left.seconds == 3.0);
    assert_true(lk_rare_holds(&left, &right) && !lk_rare_holds(&right, &left));

    right.at[0].check = 1e-9; /* counts have refused it there */
    right.at[0].status = LK_RARE_DISAGREES;
    assert_int_equal(lk_rare_merge(&left, &right, &added, NULL), LK_OK);
    assert_int_equal(left.at[0].status, LK_RARE_DISAGREES);
    assert_true(left.at[0].check == 1e-9);

    right.at[1].log_hi = nextafter(right.at[1].log_hi, -100.0);
    assert_int_equal(lk_rare_merge(&left, &right, &added, NULL), LK_E_MISMATCH);
    assert_false(lk_rare_holds(&left, &right));
    right.at[1] = whole.at[1];
    right.index[0]++;
    assert_int_equal(lk_rare_merge(&left, &right, &added, NULL), LK_E_MISMATCH);
    right.index[0]--;
    right.options.budget++;
    assert_int_equal(lk_rare_merge(&left, &right, &added, NULL), LK_E_MISMATCH);
    lk_rare_release(&whole);
    lk_rare_release(&left);
    lk_rare_release(&right);
    lk_toy_release(&toy);
}

/* A smaller error makes again what does not meet it, and nothing else. */
static void a_smaller_error_is_a_reason_to_go_on(void **state)
{
    lk_rare_options options = {.rel_error = 0.1, .budget = 1000000, .starts = 3};
    lk_rare rare = {0};
    lk_toy toy;
    (void)state;

    exact_make(&truth[0], 1, &toy);
    estimate(&toy, &options, 1, NULL, &rare);
    options.rel_error = 0.2;
    assert_int_equal(lk_rare_resume(&rare, &toy.spec, &options, NULL), LK_OK);
    assert_true(lk_rare_done(&rare, 0));
    options.rel_error = 0.001;
    assert_int_equal(lk_rare_resume(&rare, &toy.spec, &options, NULL), LK_OK);
    assert_false(lk_rare_done(&rare, 0));
    options.starts = 4;
    assert_int_equal(lk_rare_resume(&rare, &toy.spec, &options, NULL), LK_E_MISMATCH);
    options = (lk_rare_options){.rel_error = 2.0, .budget = 1, .starts = 1};
    assert_int_equal(lk_rare_resume(&rare, &toy.spec, &options, NULL), LK_E_ARG);
    lk_rare_release(&rare);
    lk_toy_release(&toy);
}

/* Every flipped byte of the data is seen, and every cut. */
static void a_damaged_file_is_refused(void **state)
{
    const lk_rare_options options = {.rel_error = 0.3, .budget = 10000, .starts = 2};
    lk_rare rare = {0}, got = {0};
    lk_toy toy;
    FILE *file;
    char bytes[16384];
    size_t count;
    (void)state;

    exact_make(&truth[0], 1, &toy);
    estimate(&toy, &options, 1, NULL, &rare);
    assert_int_equal(lk_rare_write("d.safetensors", &rare, NULL), LK_OK);
    assert_true(lk_rare_recognise("d.safetensors"));
    assert_false(lk_result_recognise("d.safetensors"));
    file = fopen("d.safetensors", "rb");
    assert_non_null(file);
    count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_true(count > 1000 && count < sizeof bytes);
    for (size_t at = 8; at < count; at += 37) {
        bytes[at] = (char)(bytes[at] ^ 4);
        write_file("e.safetensors", bytes, count);
        assert_int_equal(lk_rare_read("e.safetensors", &got, NULL), LK_E_MISMATCH);
        bytes[at] = (char)(bytes[at] ^ 4);
    }
    write_file("e.safetensors", bytes, count - 8);
    assert_int_equal(lk_rare_read("e.safetensors", &got, NULL), LK_E_MISMATCH);
    lk_rare_release(&rare);
    lk_toy_release(&toy);
}

/* Counts of the same task agree; those of a case with twice the chance do not. */
static void counts_are_held_against_estimates(void **state)
{
    const lk_rare_options options = {.rel_error = 0.02, .budget = 1000000, .starts = 3};
    const lk_device_options how = {.threads = 1};
    size_t tested = 0, refused = 0;
    lk_rare rare = {0};
    lk_result counts = {0};
    lk_toy toy;
    (void)state;

    lk_toy_make(&toy, LK_RELU, 3);
    estimate(&toy, &options, 1, NULL, &rare);
    lk_toy_run(&toy, &how, 20000, &counts);
    assert_int_equal(lk_rare_check(&rare, &counts, 0.01, &tested, &refused, NULL),
                     LK_OK);
    assert_int_equal(tested, 3 * toy.spec.thresholds);
    assert_int_equal(refused, 0);
    rare.at[1].log_p -= log(2.0);
    rare.at[1].hits /= 2; /* of plain draws, where those were enough */
    assert_int_equal(lk_rare_check(&rare, &counts, 0.01, &tested, &refused, NULL),
                     LK_OK);
    assert_int_equal(refused, 1);
    assert_int_equal(rare.at[1].status, LK_RARE_DISAGREES);
    counts.spec.model_digest[0] ^= 1;
    assert_int_equal(lk_rare_check(&rare, &counts, 0.01, &tested, &refused, NULL),
                     LK_E_MISMATCH);
    lk_rare_release(&rare);
    lk_result_release(&counts);
    lk_toy_release(&toy);
}

/* The slopes that lead the search, against differences of the canonical score's square
 * root-free sum: J^T r = half the gradient of the SSE.  Steps of 1e-5 leave 1e-8. */
static void slopes_are_those_of_the_score(void **state)
{
    static const lk_activation all[] = {LK_IDENTITY, LK_RELU, LK_TANH,
                                        LK_SIGMOID,  LK_SILU, LK_GELU};
    (void)state;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        double eps[64], slope[64];
        lk_net net;
        lk_toy toy;

        lk_toy_make(&toy, all[i], 1);
        const size_t n = toy.job.work.latent;

        assert_true(n <= 64);
        assert_int_equal(lk_net_init(&net, &toy.job.work, NULL), LK_OK);
        for (size_t d = 0; d < n; d++) eps[d] = 0.3 + 0.17 * (double)d;
        lk_net_sse(&net, eps, true);
        memcpy(slope, net.gradient, n * sizeof *slope);
        for (size_t d = 0; d < n; d++) {
            const double h = 1e-5, at = eps[d];
            double up, down;

            eps[d] = at + h;
            up = lk_net_sse(&net, eps, false);
            eps[d] = at - h;
            down = lk_net_sse(&net, eps, false);
            eps[d] = at;
            assert_true(fabs((up - down) / (4.0 * h) - slope[d]) <
                        1e-6 * (fabs(slope[d]) + 1e-3));
        }
        lk_net_release(&net);
        lk_toy_release(&toy);
    }
}

/* A mixture's weights integrate to one: the mean of phi / q over its own draws, within 5
 * standard errors of 1, for parts that overlap and some that do not. */
static void weights_of_a_mixture_have_mean_one(void **state)
{
    enum { L = 5, UNITS = 200 };
    const lk_workload work = {.latent = L, .seed = 3, .index = (uint64_t[]){7}};
    double scratch[2 * L * LK_RARE_LANES], eps[L * LK_RARE_LANES];
    double top[LK_RARE_LANES], sum[LK_RARE_LANES], mean[L] = {0};
    double covariance[L * L] = {0}, total = 0.0, square = 0.0;
    lk_mixture mixture;
    (void)state;

    assert_int_equal(lk_mixture_init(&mixture, L, NULL), LK_OK);
    for (size_t m = 0; m < 2; m++) {
        for (size_t d = 0; d < L; d++) {
            mean[d] = m == 0 ? 0.5 : -2.0;
            for (size_t e = 0; e < L; e++) {
                covariance[d * L + e] = d == e ? 0.8 : m == 0 ? 0.3 : -0.1;
            }
        }
        assert_true(lk_mixture_add(&mixture, mean, covariance, 0.5));
    }
    lk_mixture_deal(&mixture, 0.1);
    for (uint64_t u = 0; u < UNITS; u++) {
        for (size_t g = 0; g < LK_RARE_GROUPS; g++) {
            lk_mixture_draw(&mixture, lk_rare_at(&work, 0, LK_RARE_KIND_FINAL, 2, 0), u,
                            g, eps, top, sum, scratch);
            for (size_t l = 0; l < LK_RARE_LANES; l++) {
                const double w = exp(-top[l]) / sum[l];

                total += w;
                square += w * w;
            }
        }
    }
    const double n = UNITS * LK_RARE_UNIT, average = total / n;

    check_mean(average, 1.0, sqrt((square / n - average * average) / n));
    lk_mixture_release(&mixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(importance_meets_exact_truths),
        cmocka_unit_test(both_modes_are_found),
        cmocka_unit_test(splitting_meets_exact_truths),
        cmocka_unit_test(estimates_do_not_depend_on_threads_or_instructions),
        cmocka_unit_test(nothing_found_is_said_and_not_called_zero),
        cmocka_unit_test(a_stopped_run_goes_on_and_says_the_same),
        cmocka_unit_test(parts_are_joined_and_contradictions_refused),
        cmocka_unit_test(a_smaller_error_is_a_reason_to_go_on),
        cmocka_unit_test(a_damaged_file_is_refused),
        cmocka_unit_test(counts_are_held_against_estimates),
        cmocka_unit_test(slopes_are_those_of_the_score),
        cmocka_unit_test(weights_of_a_mixture_have_mean_one),
    };

    return cmocka_run_group_tests(tests, set_up, scratch_leave);
}
