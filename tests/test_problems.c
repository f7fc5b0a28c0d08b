/* test_problems.c - problem sets out of every kind of file, and what is refused. */
#include "largek/problems.h"

#include <stdio.h>
#include <string.h>

#include <zlib.h>

#include "largek/safetensors.h"
#include "support/check.h"

static const char path[] = "test_problems.tmp";

enum { PROBLEMS = 3, PIXELS = 4, LATENT = 2 };

static const uint8_t pixels[PROBLEMS * PIXELS] = {0, 51, 255, 102, 1,   2,
                                                  3, 4,  254, 253, 252, 251};

static int remove_file(void **state)
{
    (void)state;
    remove(path);
    return 0;
}

static void write_file(const void *head, size_t head_bytes, const void *data,
                       size_t data_bytes)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(head, 1, head_bytes, file), head_bytes);
    assert_int_equal(fwrite(data, 1, data_bytes, file), data_bytes);
    assert_int_equal(fclose(file), 0);
}

static const uint8_t idx_head[] = {0, 0, 8, 3, 0, 0, 0, PROBLEMS,
                                   0, 0, 0, 2, 0, 0, 0, 2};

static void write_idx(void)
{
    write_file(idx_head, sizeof idx_head, pixels, sizeof pixels);
}

static void write_idx_gzip(void)
{
    gzFile file = gzopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(gzwrite(file, idx_head, sizeof idx_head), sizeof idx_head);
    assert_int_equal(gzwrite(file, pixels, sizeof pixels), sizeof pixels);
    assert_int_equal(gzclose(file), Z_OK);
}

static void write_npy_version(int major, const char *descr, const void *data,
                              size_t bytes)
{
    const size_t fixed = major == 1 ? 10 : 12;
    char head[128 + 1];

    memset(head, ' ', sizeof head);
    memcpy(head, "\x93NUMPY", 6);
    memset(head + 6, 0, fixed - 6);
    head[6] = (char)major;
    head[8] = (char)(128 - fixed);
    const int n =
        snprintf(head + fixed, sizeof head - fixed,
                 "{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }", descr,
                 PROBLEMS, PIXELS);
    head[fixed + (size_t)n] = ' ';
    head[127] = '\n';
    write_file(head, 128, data, bytes);
}

static void write_npy(const char *descr, const void *data, size_t bytes)
{
    write_npy_version(1, descr, data, bytes);
}

static void write_tensors(const float *target, const float *mu, const float *sigma,
                          size_t latent)
{
    lk_tensor tensor[3];
    lk_safetensors file = {.tensor = tensor};
    const lk_tensor wide = {.name = "target",
                            .dtype = LK_DTYPE_F32,
                            .rank = 2,
                            .shape = {PROBLEMS, PIXELS},
                            .data = target,
                            .bytes = PROBLEMS * PIXELS * sizeof(float)};

    tensor[file.tensors++] = wide;
    for (int i = 0; i < 2; i++) {
        const float *data = i == 0 ? mu : sigma;

        if (data == NULL) continue;
        tensor[file.tensors] = wide;
        tensor[file.tensors].name = i == 0 ? "mu" : "sigma";
        tensor[file.tensors].shape[1] = latent;
        tensor[file.tensors].data = data;
        tensor[file.tensors++].bytes = PROBLEMS * latent * sizeof(float);
    }
    assert_int_equal(lk_safetensors_write(path, &file, 0, NULL), LK_OK);
}

/* LATENT -> PIXELS, and back by mu and logvar alone: mu = (x0, x1 + 2 x3), and
 * logvar = 0.5 for both. */
static lk_model make_model(bool has_encoder)
{
    const size_t up[] = {LATENT, PIXELS}, down[] = {PIXELS, LATENT};
    const lk_activation sigmoid = LK_SIGMOID, identity = LK_IDENTITY;
    lk_model model = {.has_encoder = has_encoder};

    assert_int_equal(lk_mlp_init(&model.decoder, 1, up, &sigmoid, NULL), LK_OK);
    if (!has_encoder) return model;
    assert_int_equal(lk_mlp_init(&model.mu, 1, down, &identity, NULL), LK_OK);
    assert_int_equal(lk_mlp_init(&model.logvar, 1, down, &identity, NULL), LK_OK);
    model.mu.layer[0].weight[0] = 1.0f;
    model.mu.layer[0].weight[PIXELS + 1] = 1.0f;
    model.mu.layer[0].weight[PIXELS + 3] = 2.0f;
    model.logvar.layer[0].bias[0] = model.logvar.layer[0].bias[1] = 0.5f;
    return model;
}

static lk_problems read_all(const lk_model *model, lk_latent_source latent)
{
    lk_problems p = {0};
    lk_error err = {0};

    if (lk_problems_read(path, model, latent, NULL, 0, &p, &err) != LK_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(p.problems, PROBLEMS);
    assert_int_equal(p.pixels, PIXELS);
    assert_int_equal(p.latent, LATENT);
    for (size_t i = 0; i < PROBLEMS; i++) assert_true(p.index[i] == i);
    return p;
}

static void refused(const lk_model *model, lk_latent_source latent,
                    const uint64_t *index, size_t count, lk_status want,
                    const char *word)
{
    lk_problems p, before;
    lk_error err = {0};

    memset(&before, 0x5a, sizeof before);
    p = before;
    assert_int_equal(lk_problems_read(path, model, latent, index, count, &p, &err),
                     want);
    assert_memory_equal(&p, &before, sizeof p);
    if (strstr(err.text, word) == NULL) fail_msg("no \"%s\" in: %s", word, err.text);
}

static void bytes_are_divided_by_255_whatever_file_they_are_in(void **state)
{
    lk_model model = make_model(false);
    (void)state;

    for (int kind = 0; kind < 6; kind++) {
        if (kind == 0) write_idx();
        if (kind == 1) write_idx_gzip();
        if (kind == 2) write_npy("|u1", pixels, sizeof pixels);
        if (kind == 3) write_npy("<u1", pixels, sizeof pixels);
        if (kind >= 4) write_npy_version(kind - 2, "|u1", pixels, sizeof pixels);
        lk_problems p = read_all(&model, LK_LATENT_AUTO);

        for (size_t i = 0; i < PROBLEMS * PIXELS; i++) {
            assert_true(p.target[i] == (float)pixels[i] / 255.0f);
        }
        lk_problems_release(&p);
        lk_problems_release(&p); /* twice is fine */
    }
    lk_model_release(&model);
}

static void floats_and_other_integers_are_taken_as_they_are(void **state)
{
    lk_model model = make_model(false);
    float target[PROBLEMS * PIXELS];
    int8_t bits[PROBLEMS * PIXELS];
    (void)state;

    for (size_t i = 0; i < PROBLEMS * PIXELS; i++) {
        target[i] = (float)i / 11.0f;
        bits[i] = i % 3 == 0;
    }
    for (int kind = 0; kind < 2; kind++) {
        if (kind == 0) write_npy("<f4", target, sizeof target);
        if (kind == 1) write_tensors(target, NULL, NULL, 0);
        lk_problems p = read_all(&model, LK_LATENT_AUTO);

        assert_memory_equal(p.target, target, sizeof target);
        lk_problems_release(&p);
    }
    write_npy("|i1", bits, sizeof bits);
    lk_problems p = read_all(&model, LK_LATENT_AUTO);
    for (size_t i = 0; i < PROBLEMS * PIXELS; i++) {
        assert_true(p.target[i] == (i % 3 == 0 ? 1.0f : 0.0f));
    }
    lk_problems_release(&p);
    lk_model_release(&model);
}

static const float mu[PROBLEMS * LATENT] = {1, 2, 3, 4, 5, 6};
static const float sigma[PROBLEMS * LATENT] = {0, 1, 2, 0.5f, 3, 4};
static const float grey[PROBLEMS * PIXELS] = {0.5f, 0.25f, 0, 1, 0, 1,
                                              0,    1,     1, 0, 1, 0};

static void latents_come_from_the_file_then_the_encoder_then_the_prior(void **state)
{
    lk_model encoder = make_model(true), decoder = make_model(false);
    (void)state;

    write_tensors(grey, mu, sigma, LATENT);
    lk_problems p = read_all(&encoder, LK_LATENT_AUTO);
    assert_memory_equal(p.mu, mu, sizeof mu);
    assert_memory_equal(p.sigma, sigma, sizeof sigma);
    lk_problems_release(&p);

    p = read_all(&encoder, LK_LATENT_POSTERIOR); /* the file's are passed over */
    assert_true(p.mu[0] == 0.5f && p.mu[1] == 2.25f);
    assert_true(p.mu[4] == 1.0f && p.mu[5] == 0.0f);
    for (size_t i = 0; i < PROBLEMS * LATENT; i++) {
        assert_true(p.sigma[i] == (float)lk_exp(0.25));
    }
    lk_problems_release(&p);

    p = read_all(&encoder, LK_LATENT_PRIOR);
    for (size_t i = 0; i < PROBLEMS * LATENT; i++) {
        assert_true(p.mu[i] == 0.0f && p.sigma[i] == 1.0f);
    }
    lk_problems_release(&p);

    write_tensors(grey, NULL, NULL, 0);
    p = read_all(&encoder, LK_LATENT_AUTO);
    assert_true(p.mu[1] == 2.25f);
    lk_problems_release(&p);
    p = read_all(&decoder, LK_LATENT_AUTO);
    assert_true(p.mu[1] == 0.0f && p.sigma[1] == 1.0f);
    lk_problems_release(&p);
    refused(&decoder, LK_LATENT_POSTERIOR, NULL, 0, LK_E_ARG, "encoder");
    lk_model_release(&encoder);
    lk_model_release(&decoder);
}

/* A subset keeps each problem's place in the data set: its stream hangs on it. */
static void subsets_keep_their_order_and_their_indices(void **state)
{
    const uint64_t index[] = {2, 0};
    lk_model model = make_model(true);
    lk_problems p = {0};
    (void)state;

    for (int kind = 0; kind < 2; kind++) {
        if (kind == 0) write_tensors(grey, mu, sigma, LATENT);
        if (kind == 1) write_idx();
        assert_int_equal(
            lk_problems_read(path, &model, LK_LATENT_AUTO, index, 2, &p, NULL), LK_OK);
        assert_int_equal(p.problems, 2);
        assert_true(p.index[0] == 2 && p.index[1] == 0);
        if (kind == 0) {
            assert_memory_equal(p.target, grey + 2 * PIXELS, PIXELS * sizeof(float));
            assert_memory_equal(p.target + PIXELS, grey, PIXELS * sizeof(float));
            assert_true(p.mu[0] == 5.0f && p.sigma[3] == 1.0f);
        } else {
            assert_true(p.target[0] == 254.0f / 255.0f && p.target[PIXELS + 1] == 0.2f);
            assert_true(p.mu[0] == 254.0f / 255.0f);
        }
        lk_problems_release(&p);
    }
    lk_model_release(&model);
}

static void indices_outside_or_twice_are_refused(void **state)
{
    const uint64_t twice[] = {1, 0, 1}, outside[] = {0, 3}, far[] = {UINT64_MAX};
    lk_model model = make_model(true);
    (void)state;

    for (int kind = 0; kind < 2; kind++) {
        if (kind == 0) write_tensors(grey, NULL, NULL, 0);
        if (kind == 1) write_idx();
        refused(&model, LK_LATENT_AUTO, twice, 3, LK_E_ARG, "problem 1 is named twice");
        refused(&model, LK_LATENT_AUTO, outside, 2, LK_E_ARG, "3");
        refused(&model, LK_LATENT_AUTO, far, 1, LK_E_ARG, "18446744073709551615");
        refused(&model, LK_LATENT_AUTO, outside, 0, LK_E_ARG, "no problems");
    }
    lk_model_release(&model);
}

static void values_outside_the_unit_interval_are_named(void **state)
{
    static const float bad[] = {1.5f, -0.25f, NAN};
    lk_model model = make_model(false);
    float target[PROBLEMS * PIXELS];
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        memcpy(target, grey, sizeof target);
        target[PIXELS + 3] = bad[i];
        write_npy("<f4", target, sizeof target);
        refused(&model, LK_LATENT_AUTO, NULL, 0, LK_E_FORMAT, "problem 1, pixel 3");
        write_npy("<f4", target, sizeof target);
        const uint64_t others[] = {2, 0};
        lk_problems p = {0};
        assert_int_equal(
            lk_problems_read(path, &model, LK_LATENT_AUTO, others, 2, &p, NULL), LK_OK);
        lk_problems_release(&p);
    }
    lk_model_release(&model);
}

static void files_that_do_not_fit_the_model_are_refused(void **state)
{
    const size_t wide[] = {LATENT, PIXELS + 1};
    const lk_activation sigmoid = LK_SIGMOID;
    const float negative[] = {1, 1, 1, -0.5f, 1, 1};
    lk_model model = make_model(false), wider = {0};
    (void)state;

    assert_int_equal(lk_mlp_init(&wider.decoder, 1, wide, &sigmoid, NULL), LK_OK);
    write_idx();
    refused(&wider, LK_LATENT_AUTO, NULL, 0, LK_E_FORMAT, "expected 5 pixels");
    write_tensors(grey, mu, sigma, 1);
    refused(&model, LK_LATENT_AUTO, NULL, 0, LK_E_FORMAT, "expected 2 latent");
    write_tensors(grey, mu, NULL, LATENT);
    refused(&model, LK_LATENT_AUTO, NULL, 0, LK_E_FORMAT, "expected tensor sigma");
    write_tensors(grey, NULL, sigma, LATENT);
    refused(&model, LK_LATENT_AUTO, NULL, 0, LK_E_FORMAT, "expected tensor mu");
    write_tensors(grey, mu, negative, LATENT);
    refused(&model, LK_LATENT_AUTO, NULL, 0, LK_E_FORMAT, "sigma[1][1] is -0.5");
    lk_model_release(&model);
    lk_model_release(&wider);
}

static void files_of_no_known_kind_are_refused(void **state)
{
    const uint8_t none[16] = {0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2};
    lk_model model = make_model(false);
    (void)state;

    remove(path);
    refused(&model, LK_LATENT_AUTO, NULL, 0, LK_E_IO, path);
    write_file("", 0, "", 0);
    refused(&model, LK_LATENT_AUTO, NULL, 0, LK_E_FORMAT, "none of them");
    write_file("id,n,c\n", 7, "1,2,1\n", 6);
    refused(&model, LK_LATENT_AUTO, NULL, 0, LK_E_FORMAT, "none of them");
    write_file("\x93NUMPY", 6, "", 0);
    refused(&model, LK_LATENT_AUTO, NULL, 0, LK_E_FORMAT, path);
    write_file(idx_head, sizeof idx_head, pixels, sizeof pixels - 1);
    refused(&model, LK_LATENT_AUTO, NULL, 0, LK_E_FORMAT, path);
    write_file(none, sizeof none, "", 0);
    refused(&model, LK_LATENT_AUTO, NULL, 0, LK_E_FORMAT, path);
    lk_model_release(&model);
}

/* Whichever thread meets it first, the error is the first problem's. */
static void a_posterior_that_is_not_finite_names_its_problem(void **state)
{
    lk_model model = make_model(true);
    (void)state;

    model.logvar.layer[0].weight[1] = 1000.0f; /* 0 and 1 overflow */
    write_tensors(grey, NULL, NULL, 0);
    refused(&model, LK_LATENT_POSTERIOR, NULL, 0, LK_E_NUMERIC, "problem 0: ");
    lk_model_release(&model);
}

static void digest_sees_every_part(void **state)
{
    lk_model model = make_model(true);
    char want[33], got[33];
    (void)state;

    write_tensors(grey, mu, sigma, LATENT);
    lk_problems p = read_all(&model, LK_LATENT_AUTO);
    assert_int_equal(lk_problems_digest(&p, want, NULL), LK_OK);
    assert_int_equal(lk_problems_digest(&p, got, NULL), LK_OK);
    assert_string_equal(got, want);
    p.index[1] = 7;
    assert_int_equal(lk_problems_digest(&p, got, NULL), LK_OK);
    assert_string_not_equal(got, want);
    p.index[1] = 1;

    float *const part[] = {p.target + PROBLEMS * PIXELS - 1, p.mu + 5, p.sigma + 5};
    for (size_t i = 0; i < 3; i++) {
        const float kept = *part[i];

        *part[i] = 0.75f;
        assert_int_equal(lk_problems_digest(&p, got, NULL), LK_OK);
        assert_string_not_equal(got, want);
        *part[i] = kept;
    }
    lk_problems_release(&p);
    lk_model_release(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_divided_by_255_whatever_file_they_are_in),
        cmocka_unit_test(floats_and_other_integers_are_taken_as_they_are),
        cmocka_unit_test(latents_come_from_the_file_then_the_encoder_then_the_prior),
        cmocka_unit_test(subsets_keep_their_order_and_their_indices),
        cmocka_unit_test(indices_outside_or_twice_are_refused),
        cmocka_unit_test(values_outside_the_unit_interval_are_named),
        cmocka_unit_test(files_that_do_not_fit_the_model_are_refused),
        cmocka_unit_test(files_of_no_known_kind_are_refused),
        cmocka_unit_test(a_posterior_that_is_not_finite_names_its_problem),
        cmocka_unit_test(digest_sees_every_part),
    };
    return cmocka_run_group_tests_name("problems", tests, NULL, remove_file);
}
