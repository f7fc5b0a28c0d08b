/* test_result.c - results as files: nothing is lost, nothing damaged is taken. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "largek/largek.h"
#include "support/check.h"
#include "support/toy.h"

static lk_toy toy;
static lk_result result;
static char folder[] = "/tmp/largek-test-result-XXXXXX";
static char path[64], previous[80];

static int set_up(void **state)
{
    const lk_device_options options = {.threads = 2};
    (void)state;

    if (mkdtemp(folder) == NULL) return -1;
    snprintf(path, sizeof path, "%s/r.safetensors", folder);
    snprintf(previous, sizeof previous, "%s.prev", path);
    lk_toy_make(&toy, LK_RELU, 1);
    lk_toy_run(&toy, &options, 500, &result);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove(path);
    remove(previous);
    rmdir(folder);
    lk_result_release(&result);
    lk_toy_release(&toy);
    return 0;
}

static void everything_comes_back(void **state)
{
    lk_result got = {0};
    (void)state;

    result.spec.seed = UINT64_MAX; /* beyond any signed number */
    result.redecided = 12;
    result.audit_largest = 0.1;
    assert_int_equal(lk_result_write(path, &result, NULL), LK_OK);
    assert_true(lk_result_recognise(path));
    assert_int_equal(lk_result_read(path, &got, NULL), LK_OK);
    assert_int_equal(lk_spec_same(&got.spec, &result.spec, NULL), LK_OK);
    assert_true(lk_tally_equal(&got.tally, &result.tally));
    assert_memory_equal(got.tally.histogram, result.tally.histogram,
                        LK_HISTOGRAM_BINS * sizeof(uint64_t));
    assert_true(got.index[0] == result.index[0] && got.guard[0] == result.guard[0]);
    assert_true(got.done[0].count == 1 && got.done[0].range[0].end == 500);
    assert_true(got.redecided == 12 && got.audit_largest == 0.1);
    assert_string_equal(got.device, result.device);
    lk_result_release(&got);
}

static void specs_differ_by_the_first_difference(void **state)
{
    lk_spec other = result.spec;
    lk_error err = {0};
    (void)state;

    other.threshold[2] = 0.5;
    other.seed = 17;
    assert_int_equal(lk_spec_same(&other, &result.spec, &err), LK_E_MISMATCH);
    assert_non_null(strstr(err.text, "another seed: 17"));
    other = result.spec;
    other.problems = 2; /* as a file may claim: the job's rows would run out */
    assert_int_equal(lk_spec_same(&other, &result.spec, &err), LK_E_MISMATCH);
    assert_non_null(strstr(err.text, "2 problems"));
    other = result.spec;
    other.model_digest[3] ^= 1;
    assert_int_equal(lk_spec_same(&other, &result.spec, &err), LK_E_MISMATCH);
    assert_non_null(strstr(err.text, other.model_digest));
    assert_non_null(strstr(err.text, result.spec.model_digest));
}

/* Counts of a library's draws keep no smallest score, and the file says what they are; of
 * the stream's, a success is a score. */
static void counts_that_are_not_exact_are_marked(void **state)
{
    const double best = result.tally.best[0];
    const uint64_t best_attempt = result.tally.best_attempt[0];
    lk_result got = {0};
    lk_safetensors file = {0};
    lk_error err = {0};
    (void)state;

    result.tally.best[0] = (double)INFINITY;
    result.tally.best_attempt[0] = LK_NO_ATTEMPT;
    assert_int_equal(lk_result_write(path, &result, NULL), LK_OK);
    assert_int_equal(lk_result_read(path, &got, &err), LK_E_MISMATCH);
    assert_non_null(strstr(err.text, "best_attempt[0]"));

    result.spec.stream_version = LK_STREAM_NONE;
    assert_int_equal(lk_result_write(path, &result, NULL), LK_OK);
    assert_int_equal(lk_result_read(path, &got, NULL), LK_OK);
    assert_int_equal(got.spec.stream_version, LK_STREAM_NONE);
    assert_int_equal(lk_safetensors_read(path, &file, NULL), LK_OK);
    assert_non_null(strstr(lk_safetensors_entry(&file, "largek.warning"), "not exact"));
    lk_safetensors_release(&file);

    result.spec.stream_version = LK_STREAM_VERSION;
    assert_int_equal(lk_spec_same(&got.spec, &result.spec, &err), LK_E_MISMATCH);
    assert_string_equal(err.text, "counts of --path library, not exact ones");
    assert_int_equal(lk_spec_same(&result.spec, &got.spec, &err), LK_E_MISMATCH);
    assert_string_equal(err.text, "exact counts, not those of --path library");
    result.tally.best[0] = best;
    result.tally.best_attempt[0] = best_attempt;
    assert_int_equal(lk_result_write(path, &result, NULL), LK_OK);
    assert_int_equal(lk_safetensors_read(path, &file, NULL), LK_OK);
    assert_null(lk_safetensors_entry(&file, "largek.warning"));
    lk_safetensors_release(&file);
    lk_result_release(&got);
}

static void write_bytes(const char *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fwrite(data, 1, bytes, file) == bytes);
    assert_int_equal(fclose(file), 0);
}

/* Bits of the file and lengths: what is read is the result or nothing.  test_slow_runs.c
 * tries all of them. */
static void no_damaged_file_is_taken(void **state)
{
    char *data = NULL;
    size_t bytes = 0;
    (void)state;

    assert_int_equal(lk_result_write(path, &result, NULL), LK_OK);
    assert_int_equal(lk_file_read(path, 1 << 20, &data, &bytes, NULL), LK_OK);
    for (size_t bit = 0; bit < 8 * bytes;
         bit += 23) { /* 23: a bit of every third byte, in all places */
        lk_result got = {0};
        lk_error err = {0};

        data[bit / 8] = (char)(data[bit / 8] ^ 1 << bit % 8);
        write_bytes(data, bytes);
        assert_int_equal(lk_result_read(path, &got, &err), LK_E_MISMATCH);
        data[bit / 8] = (char)(data[bit / 8] ^ 1 << bit % 8);
    }
    for (size_t length = 0; length < bytes; length += 41) {
        lk_result got = {0};

        write_bytes(data, length);
        assert_int_equal(lk_result_read(path, &got, NULL), LK_E_MISMATCH);
    }
    free(data);
}

/* A sound file whose counts contradict its ranges, or each other. */
static void counts_must_agree_with_their_ranges(void **state)
{
    lk_result got = {0};
    lk_error err = {0};
    (void)state;

    result.tally.attempts[0]++;
    assert_int_equal(lk_result_write(path, &result, NULL), LK_OK);
    result.tally.attempts[0]--;
    assert_int_equal(lk_result_read(path, &got, &err), LK_E_MISMATCH);
    assert_non_null(strstr(err.text, "attempts[0] is 501, done ranges hold 500"));

    const uint64_t kept = result.tally.successes[0];

    result.tally.successes[0] = 501;
    assert_int_equal(lk_result_write(path, &result, NULL), LK_OK);
    result.tally.successes[0] = kept;
    assert_int_equal(lk_result_read(path, &got, &err), LK_E_MISMATCH);
    assert_non_null(strstr(err.text, "successes[0][0] is 501"));
}

/* Writes the result as it is now and reads it, which must fail by that name. */
static void assert_refused(const char *said)
{
    lk_result got = {0};
    lk_error err = {0};

    assert_int_equal(lk_result_write(path, &result, NULL), LK_OK);
    assert_int_equal(lk_result_read(path, &got, &err), LK_E_MISMATCH);
    if (strstr(err.text, said) == NULL) fail_msg("'%s' for %s", err.text, said);
}

/* Files with sound digests whose numbers cannot be those of any run. */
static void impossible_numbers_are_refused(void **state)
{
    const size_t last = result.spec.thresholds - 1;
    const lk_tally kept = result.tally;
    const uint64_t first = kept.first[last], below = kept.first[last - 1];
    const uint64_t best_at = kept.best_attempt[0], n = kept.attempts[0];
    const double best = kept.best[0], guard = result.guard[0];
    const lk_range done = result.done[0].range[0];
    (void)state;

    assert_true(kept.successes[last] > 0 && below < LK_NO_ATTEMPT);
    kept.first[last] = LK_NO_ATTEMPT;
    assert_refused("first_success[0]");
    kept.first[last] = 500; /* not among those done */
    assert_refused("first_success[0]");
    kept.first[last] = below + 1; /* later than that of a lower threshold */
    assert_refused("first_success[0]");
    kept.first[last] = first;
    const uint64_t c = kept.successes[0];

    assert_true(c > 0);
    kept.successes[0] = 0; /* but its first is there */
    assert_refused("first_success[0]");
    kept.successes[0] = c;
    kept.best_attempt[0] = 500;
    assert_refused("best_attempt[0]");
    kept.best_attempt[0] = LK_NO_ATTEMPT;
    assert_refused("best_attempt[0]");
    kept.best[0] = (double)INFINITY; /* but there are successes */
    assert_refused("best_attempt[0]");
    kept.best_attempt[0] = best_at;
    kept.best[0] = (double)NAN;
    assert_refused("best_attempt[0]");
    kept.best[0] = best;
    kept.histogram[3]++;
    assert_refused("histogram[0]");
    kept.histogram[3]--;
    size_t bin = 0;

    while (kept.histogram[bin] == 0) bin++;
    kept.histogram[bin]--;
    assert_refused("histogram[0]");
    kept.histogram[bin]++;
    result.guard[0] = (double)NAN;
    assert_refused("guard_band[0]");
    result.guard[0] = guard;
    result.index[0] = LK_ITEM_MAX + 1;
    assert_refused("index[0]");
    result.index[0] = 1;

    kept.attempts[0] = UINT64_MAX - 4; /* both read as -5 */
    result.done[0].range[0].end = UINT64_MAX - 4;
    assert_refused("done[0]");
    kept.attempts[0] = (UINT64_C(1) << 62) + 1;
    result.done[0].range[0].end = (UINT64_C(1) << 62) + 1;
    assert_refused("done[0]");
    kept.attempts[0] = n;
    result.done[0].range[0] = done;
    assert_int_equal(lk_result_write(path, &result, NULL), LK_OK);
}

/* Writes the result's file again with an entry or a tensor changed. */
typedef void (*change)(lk_safetensors *file);

static void assert_changed_is_refused(change how, const char *said)
{
    lk_safetensors file = {0};
    lk_result got = {0};
    lk_error err = {0};

    assert_int_equal(lk_result_write(path, &result, NULL), LK_OK);
    assert_int_equal(lk_safetensors_read(path, &file, NULL), LK_OK);
    how(&file);
    assert_int_equal(lk_safetensors_write(path, &file, LK_WRITE_DIGESTS, NULL), LK_OK);
    lk_safetensors_release(&file);
    assert_int_equal(lk_result_read(path, &got, &err), LK_E_MISMATCH);
    if (strstr(err.text, said) == NULL) fail_msg("'%s' for %s", err.text, said);
}

static char text[4096];

/* Puts `to` for `from` in the spec. */
static void edit_spec(lk_safetensors *file, const char *from, const char *to)
{
    for (size_t i = 0; i < file->entries; i++) {
        lk_entry *entry = &file->entry[i];
        const char *at = strstr(entry->value, from);

        if (strcmp(entry->key, "largek.spec") != 0) continue;
        assert_non_null(at);
        snprintf(text, sizeof text, "%.*s%s%s", (int)(at - entry->value), entry->value,
                 to, at + strlen(from));
        entry->value = text;
    }
}

static void claim_more_problems(lk_safetensors *file)
{
    edit_spec(file, "\"problems\":1,", "\"problems\":1000000000000,");
}

static void claim_another_schema(lk_safetensors *file)
{
    edit_spec(file, "\"schema\":1,", "\"schema\":2,");
}

static void claim_a_stream_that_wraps(lk_safetensors *file)
{
    edit_spec(file, "\"stream\":1}", "\"stream\":4294967297}");
}

static void claim_another_threshold(lk_safetensors *file)
{
    edit_spec(file, "[0.002", "[0.0015");
}

static void claim_a_negative_temperature(lk_safetensors *file)
{
    edit_spec(file, "\"temperature\":", "\"temperature\":-");
}

static void trace_without_columns(lk_safetensors *file)
{
    static lk_tensor tensor[16];
    static const double trace[1] = {0.5};

    memcpy(tensor, file->tensor, file->tensors * sizeof *tensor);
    tensor[file->tensors] = (lk_tensor){.name = "trace",
                                        .dtype = LK_DTYPE_F64,
                                        .rank = 1,
                                        .shape = {1},
                                        .data = trace,
                                        .bytes = sizeof trace};
    free(file->tensor);
    file->tensor = malloc(sizeof tensor);
    assert_non_null(file->tensor);
    memcpy(file->tensor, tensor, sizeof tensor);
    file->tensors++;
}

static void spec_and_tensors_must_agree(void **state)
{
    (void)state;
    assert_changed_is_refused(claim_more_problems, "histogram is not");
    assert_changed_is_refused(claim_another_schema, "largek.spec");
    assert_changed_is_refused(claim_a_stream_that_wraps, "largek.spec");
    assert_changed_is_refused(claim_a_negative_temperature, "largek.spec");
    assert_changed_is_refused(claim_another_threshold, "threshold is not");
    assert_changed_is_refused(trace_without_columns, "trace");
}

/* A limit that is no number, or none that a float can come near, decides nothing. */
static void limits_that_decide_nothing_are_refused(void **state)
{
    const double bad[][2] = {{LK_SCORE_L2, 1e-170}, {LK_SCORE_L2, 1e170}};
    lk_job job = {0};
    lk_spec spec;
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(lk_spec_init(&spec, &toy.decoder, &toy.problems,
                                      (lk_score)bad[i][0], &bad[i][1], 1, 1.1, 1, NULL),
                         LK_OK);
        assert_int_equal(lk_job_init(&job, &toy.decoder, &toy.problems, &spec, NULL),
                         LK_E_ARG);
    }
}

static void a_model_is_no_result(void **state)
{
    lk_model model = {.decoder = toy.decoder};
    lk_result got = {0};
    (void)state;

    assert_int_equal(lk_model_write(path, &model, NULL, NULL), LK_OK);
    assert_false(lk_result_recognise(path));
    assert_int_equal(lk_result_read(path, &got, NULL), LK_E_MISMATCH);
    assert_false(lk_result_recognise("/nowhere/at/all"));
}

static void counts_are_a_group_a_threshold(void **state)
{
    lk_counts counts = {0};
    (void)state;

    assert_int_equal(lk_result_counts(&result, &counts, NULL), LK_OK);
    assert_int_equal(counts.groups, result.spec.thresholds);
    assert_int_equal(counts.group_columns, 0);
    for (size_t t = 0; t < counts.groups; t++) {
        assert_true(counts.group[t].threshold == result.spec.threshold[t]);
        assert_int_equal(counts.group[t].problems, 1);
        assert_string_equal(counts.group[t].id[0], "1");
        assert_true(counts.group[t].n[0] == 500);
        assert_true(counts.group[t].c[0] == result.tally.successes[t]);
    }
    lk_counts_release(&counts);
}

/* Each score's threshold and its SSE say the same of a draw. */
static void scores_and_limits_are_inverse(void **state)
{
    const float target[4] = {0.5f, 0.25f, 0.0f, 1.0f};
    (void)state;

    for (int score = 0; score < LK_SCORES; score++) {
        const double limit = lk_limit_of_threshold((lk_score)score, 0.3, target, 4);

        check_rel(lk_score_of_sse((lk_score)score, limit, target, 4), 0.3, 1e-15);
        assert_int_equal(lk_score_find(lk_score_name((lk_score)score)), score);
    }
    check_rel(lk_limit_of_threshold(LK_SCORE_MSE, 0.3, target, 4), 1.2, 1e-15);
    check_rel(lk_limit_of_threshold(LK_SCORE_L2, 0.3, target, 4), 0.09, 1e-15);
    check_rel(lk_limit_of_threshold(LK_SCORE_REL_L2, 0.3, target, 4), 0.09 * 1.3125,
              1e-15);
    assert_int_equal(lk_score_find("rmse"), LK_SCORES);
}

static void bad_thresholds_are_refused(void **state)
{
    const double bad[] = {0.0, -1.0, NAN, INFINITY};
    const double repeated[] = {0.02, 0.01, 0.02, 0.01};
    lk_spec spec;
    (void)state;

    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(lk_spec_init(&spec, &toy.decoder, &toy.problems, LK_SCORE_MSE,
                                      &bad[i], 1, 1.1, 1, NULL),
                         LK_E_ARG);
        assert_int_equal(lk_spec_init(&spec, &toy.decoder, &toy.problems, LK_SCORE_MSE,
                                      repeated, 4, bad[i], 1, NULL),
                         LK_E_ARG);
    }
    assert_int_equal(lk_spec_init(&spec, &toy.decoder, &toy.problems, LK_SCORE_MSE,
                                  repeated, 4, 1.1, 1, NULL),
                     LK_OK);
    assert_int_equal(spec.thresholds, 2); /* sorted, and each once */
    assert_true(spec.threshold[0] == 0.01 && spec.threshold[1] == 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_back),
        cmocka_unit_test(specs_differ_by_the_first_difference),
        cmocka_unit_test(counts_that_are_not_exact_are_marked),
        cmocka_unit_test(no_damaged_file_is_taken),
        cmocka_unit_test(counts_must_agree_with_their_ranges),
        cmocka_unit_test(impossible_numbers_are_refused),
        cmocka_unit_test(spec_and_tensors_must_agree),
        cmocka_unit_test(limits_that_decide_nothing_are_refused),
        cmocka_unit_test(a_model_is_no_result),
        cmocka_unit_test(counts_are_a_group_a_threshold),
        cmocka_unit_test(scores_and_limits_are_inverse),
        cmocka_unit_test(bad_thresholds_are_refused),
    };
    return cmocka_run_group_tests_name("result", tests, set_up, tear_down);
}
