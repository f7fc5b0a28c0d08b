/* test_io_memory.c - the N-th allocation fails, for every N that there is: a clean error,
 * nothing leaked, and the old file where one was to be written.
 */
#define _GNU_SOURCE /* dladdr */
#include "support/failing_malloc.h"

#include <zlib.h>
#include <zstd.h>

#include "largek/counts.h"
#include "largek/idx.h"
#include "largek/model.h"
#include "largek/npy.h"
#include "largek/safetensors.h"
#include "support/check.h"
#include "support/files.h"

#if LK_FAILING_MALLOC

static lk_status write_sample(lk_error *err)
{
    static const double numbers[4] = {1.0, 2.0, 3.0, 4.0};
    static lk_tensor tensors[] = {{"w", LK_DTYPE_F64, 2, {2, 2}, numbers, 32},
                                  {"v", LK_DTYPE_U8, 1, {3}, numbers, 3}};
    static lk_entry entries[] = {{"note", "a \"quote\""}};
    const lk_safetensors sample = {2, 1, tensors, entries, NULL};

    return lk_safetensors_write("m.safetensors", &sample, LK_WRITE_DIGESTS, err);
}

static lk_status read_sample(lk_error *err)
{
    lk_safetensors file = {0};
    const lk_status st = lk_safetensors_read("m.safetensors", &file, err);

    lk_safetensors_release(&file);
    return st;
}

static lk_status read_idx(lk_error *err)
{
    lk_images images = {0};
    const lk_status st = lk_idx_read("a.idx", 0, &images, err);

    lk_images_release(&images);
    return st;
}

static lk_status read_npy(lk_error *err)
{
    lk_matrix matrix = {0};
    const lk_status st = lk_npy_read("a.npy", &matrix, err);

    lk_matrix_release(&matrix);
    return st;
}

static const char *counts_path;

static lk_status read_counts(lk_error *err)
{
    lk_counts counts = {0};
    const lk_status st =
        lk_counts_read(counts_path, LK_DUPLICATE_REFUSE, &counts, NULL, err);

    lk_counts_release(&counts);
    return st;
}

static lk_status read_model(lk_error *err)
{
    lk_model model = {0};
    const lk_status st = lk_model_read("model.safetensors", NULL, &model, err);

    lk_model_release(&model);
    return st;
}

static void any_failure(lk_status st)
{
    (void)st;
}

/* stdio does without a buffer: LK_OK too; a reason in errno comes as LK_E_IO. */
static void never_the_file(lk_status st)
{
    assert_true(st == LK_OK || st == LK_E_MEMORY || st == LK_E_IO);
}

static void old_file_or_whole_file(lk_status st)
{
    if (st == LK_OK) {
        assert_int_equal(read_sample(NULL), LK_OK);
    } else {
        assert_true(st == LK_E_MEMORY || st == LK_E_IO);
        check_file("m.safetensors", "old", 3);
    }
    write_file("m.safetensors", "old", 3);
    assert_int_equal(scratch_count(), 1);
}

static void writer_leaves_the_old_file(void **state)
{
    (void)state;

    assert_true(fail_each(write_sample, old_file_or_whole_file) > 50);
}

static void readers_leak_nothing(void **state)
{
    static const uint8_t idx[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7};
    static const char npy[] =
        "\x93NUMPY\1\0\67\0{'descr': '|u1', 'fortran_order': False, "
        "'shape': (2,)}\1\2";
    (void)state;

    assert_int_equal(write_sample(NULL), LK_OK);
    write_file("a.idx", idx, sizeof idx);
    write_file("a.npy", npy, sizeof npy - 1);
    assert_true(fail_each(read_sample, any_failure) > 50);
    assert_true(fail_each(read_idx, any_failure) > 2);
    assert_true(fail_each(read_npy, any_failure) > 2);
}

static void write_gzip(const char *path, const char *text, size_t bytes)
{
    gzFile file = gzopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(gzwrite(file, text, (unsigned)bytes), bytes);
    assert_int_equal(gzclose(file), Z_OK);
}

static void write_zstd(const char *path, const char *text, size_t bytes)
{
    char packed[1024];
    ZSTD_CCtx *zstd = ZSTD_createCCtx();

    /* Of an unknown size, so that unpacking needs a window. */
    assert_non_null(zstd);
    ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, 0);
    const size_t got = ZSTD_compress2(zstd, packed, sizeof packed, text, bytes);

    ZSTD_freeCCtx(zstd);
    assert_false(ZSTD_isError(got));
    write_file(path, packed, got);
}

/* Nobody is to be told that a good file is a bad one. */
static void counts_blame_memory_and_not_the_file(void **state)
{
    static const char csv[] = "id,n,c,model\n\"a\nb\",10,5,x\nc,10,1,y\n";
    static const char *const paths[] = {"c.csv", "c.gz", "c.zst"};
    (void)state;

    write_file("c.csv", csv, sizeof csv - 1);
    write_gzip("c.gz", csv, sizeof csv - 1);
    write_zstd("c.zst", csv, sizeof csv - 1);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        counts_path = paths[i];
        assert_true(fail_each(read_counts, never_the_file) > 10);
    }
}

/* jansson takes many a failed allocation for bad JSON; one within a long string with an
 * escape ends its lexer in an assertion, so there are none here. */
static void readers_of_json_leak_nothing(void **state)
{
    static const char jsonl[] =
        "{\"id\": \"a\", \"n\": 10, \"c\": 5, \"model\": \"x\"}\n"
        "{\"id\": \"b\", \"n\": 1e1, \"c\": 1, \"model\": null}\n";
    static const float numbers[6] = {0.0f};
    static lk_tensor tensors[] = {{"fc3.weight", LK_DTYPE_F32, 2, {2, 1}, numbers, 8},
                                  {"fc3.bias", LK_DTYPE_F32, 1, {2}, numbers, 8},
                                  {"fc4.weight", LK_DTYPE_F32, 2, {3, 2}, numbers, 24},
                                  {"fc4.bias", LK_DTYPE_F32, 1, {3}, numbers, 12}};
    const lk_safetensors model = {4, 0, tensors, NULL, NULL};
    (void)state;

    assert_int_equal(
        lk_safetensors_write("model.safetensors", &model, LK_WRITE_PLAIN, NULL), LK_OK);
    assert_true(fail_each(read_model, any_failure) > 50);
    write_file("c.jsonl", jsonl, sizeof jsonl - 1);
    counts_path = "c.jsonl";
    assert_true(fail_each(read_counts, any_failure) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(writer_leaves_the_old_file, scratch_clear),
        cmocka_unit_test_setup(readers_leak_nothing, scratch_clear),
        cmocka_unit_test_setup(counts_blame_memory_and_not_the_file, scratch_clear),
        cmocka_unit_test_setup(readers_of_json_leak_nothing, scratch_clear),
    };
    return cmocka_run_group_tests_name("io_memory", tests, scratch_enter,
                                       scratch_leave);
}

#else

int main(void)
{
    return 77; /* skipped */
}

#endif
