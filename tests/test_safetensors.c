/* test_safetensors.c - what is written, what is read back, what the writer refuses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "largek/safetensors.h"
#include "support/check.h"
#include "support/files.h"

static const char path[] = "m.safetensors";

/* Odd sizes in an order that leaves later tensors off their own alignment in the file. */
static const uint8_t bytes_a[3] = {1, 2, 3};
static const double doubles_b[4] = {1.5, -0.0, 3e300, 5e-324};

static lk_tensor tensors[] = {
    {"a", LK_DTYPE_U8, 1, {3}, bytes_a, sizeof bytes_a},
    {"b.weight", LK_DTYPE_F64, 2, {2, 2}, doubles_b, sizeof doubles_b},
    {"none", LK_DTYPE_F32, 2, {0, 7}, NULL, 0},
    {"scalar", LK_DTYPE_BOOL, 0, {0}, bytes_a, 1},
};
static lk_entry entries[] = {{"key", "value"}, {"\xc3\xa9", "quote \" and \x1b\n"}};
static const lk_safetensors sample = {4, 2, tensors, entries, NULL};

/* The sample, but for one tensor or entry. */
static lk_status write_with(const lk_tensor *tensor, const lk_entry *entry,
                            lk_error *err)
{
    lk_tensor first[2] = {tensors[0], tensor != NULL ? *tensor : tensors[1]};
    lk_entry both[2] = {entries[0], entry != NULL ? *entry : entries[1]};
    const lk_safetensors file = {2, 2, first, both, NULL};

    return lk_safetensors_write(path, &file, LK_WRITE_DIGESTS, err);
}

static void written_is_read_back(void **state)
{
    (void)state;

    for (unsigned flags = LK_WRITE_PLAIN; flags <= LK_WRITE_DIGESTS; flags++) {
        lk_safetensors file = {0};

        assert_int_equal(lk_safetensors_write(path, &sample, flags, NULL), LK_OK);
        assert_int_equal(lk_safetensors_read(path, &file, NULL), LK_OK);
        assert_int_equal(file.tensors, sample.tensors);
        assert_int_equal(file.entries, sample.entries + flags);
        for (size_t i = 0; i < sample.tensors; i++) {
            const lk_tensor *found = lk_safetensors_find(&file, tensors[i].name);

            assert_non_null(found);
            assert_int_equal(found->dtype, tensors[i].dtype);
            assert_int_equal(found->rank, tensors[i].rank);
            assert_memory_equal(found->shape, tensors[i].shape, sizeof found->shape);
            assert_int_equal(found->bytes, tensors[i].bytes);
            assert_int_equal((uintptr_t)found->data % 8, 0);
            if (found->bytes > 0)
                assert_memory_equal(found->data, tensors[i].data, found->bytes);
        }
        for (size_t i = 0; i < sample.entries; i++)
            assert_string_equal(lk_safetensors_entry(&file, entries[i].key),
                                entries[i].value);
        assert_null(lk_safetensors_find(&file, "absent"));
        assert_null(lk_safetensors_entry(&file, "absent"));
        lk_safetensors_release(&file);
        lk_safetensors_release(&file); /* twice is fine */
    }
    assert_int_equal(scratch_count(), 1);
}

/* Digests by Python's json and the reference implementation of XXH3 (see
 * src/io/safetensors_digest.c); the header ends on a multiple of 8 bytes. */
static void written_bytes_are_these(void **state)
{
    static const char header[] =
        "{\"__metadata__\":{\"key\":\"value\",\"xxh3\":\"{\\\"a\\\":\\\"ebce9b7632ae733b\\\","
        "\\\"\\\":\\\"0b148e958ae04543\\\"}\"},"
        "\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}    ";
    const lk_safetensors file = {1, 1, tensors, entries, NULL};
    char expected[sizeof header + 10];
    (void)state;

    memset(expected, 0, 8);
    expected[0] = (char)(sizeof header - 1);
    memcpy(expected + 8, header, sizeof header - 1);
    memcpy(expected + 8 + sizeof header - 1, bytes_a, 3);
    assert_int_equal((sizeof header - 1) % 8, 0);
    assert_int_equal(lk_safetensors_write(path, &file, LK_WRITE_DIGESTS, NULL), LK_OK);
    check_file(path, expected, sizeof expected);
}

/* A digested file, read and written again with another tensor, gets new digests. */
static void digests_are_made_anew(void **state)
{
    lk_safetensors file = {0}, again = {0};
    (void)state;

    for (unsigned flags = LK_WRITE_PLAIN; flags <= LK_WRITE_DIGESTS; flags++) {
        assert_int_equal(lk_safetensors_write(path, &sample, LK_WRITE_DIGESTS, NULL),
                         LK_OK);
        assert_int_equal(lk_safetensors_read(path, &file, NULL), LK_OK);
        file.tensor[0].name = "renamed";
        assert_int_equal(lk_safetensors_write(path, &file, flags, NULL), LK_OK);
        assert_int_equal(lk_safetensors_read(path, &again, NULL), LK_OK);
        assert_int_equal(lk_safetensors_entry(&again, "xxh3") != NULL, flags != 0);
        lk_safetensors_release(&file);
        lk_safetensors_release(&again);
    }
}

static void an_empty_file_is_a_file(void **state)
{
    const lk_safetensors nothing = {0};
    lk_safetensors file = {0};
    (void)state;

    assert_int_equal(lk_safetensors_write(path, &nothing, LK_WRITE_PLAIN, NULL), LK_OK);
    check_file(path, "\x08\0\0\0\0\0\0\0{}      ", 16);
    assert_int_equal(lk_safetensors_read(path, &file, NULL), LK_OK);
    assert_int_equal(file.tensors, 0);
    lk_safetensors_release(&file);
    assert_int_equal(lk_safetensors_write(path, &nothing, LK_WRITE_DIGESTS, NULL),
                     LK_OK);
    assert_int_equal(lk_safetensors_read(path, &file, NULL), LK_OK);
    assert_int_equal(file.entries, 1);
    lk_safetensors_release(&file);
}

static void previous_is_kept_on_request(void **state)
{
    (void)state;

    write_file(path, "old", 3);
    assert_int_equal(lk_safetensors_write(path, &sample, LK_WRITE_PLAIN, NULL), LK_OK);
    assert_int_equal(scratch_count(), 1);
    write_file(path, "old", 3);
    assert_int_equal(lk_safetensors_write(path, &sample, LK_WRITE_KEEP_PREVIOUS, NULL),
                     LK_OK);
    check_file("m.safetensors.prev", "old", 3);
    assert_int_equal(scratch_count(), 2);
}

static void writer_refuses_what_the_reader_would(void **state)
{
    static const lk_tensor bad_tensor[] = {
        {"a", LK_DTYPE_U8, 1, {3}, bytes_a, 3}, /* twice */
        {"", LK_DTYPE_U8, 1, {3}, bytes_a, 3},
        {"__metadata__", LK_DTYPE_U8, 1, {3}, bytes_a, 3},
        {"\xff", LK_DTYPE_U8, 1, {3}, bytes_a, 3},
        {"b", LK_DTYPE_U8, 1, {2}, bytes_a, 3},
        {"b", LK_DTYPE_U16, 1, {3}, bytes_a, 3},
        {"b",
         LK_DTYPE_U8,
         LK_TENSOR_RANK_MAX + 1,
         {1, 1, 1, 1, 1, 1, 1, 1},
         bytes_a,
         1},
        {"b", LK_DTYPE_U8, 2, {0, UINT64_MAX}, bytes_a, 0},
        {"b", LK_DTYPE_F64, 2, {UINT64_C(1) << 31, UINT64_C(1) << 30}, bytes_a, 0},
        {"b", (lk_dtype)(LK_DTYPE_F64 + 1), 1, {0}, bytes_a, 0},
    };
    static const lk_entry bad_entry[] = {
        {"key", "twice"}, {"\xc0\x80", "text"}, {"text", "\xed\xa0\x80"}};
    (void)state;

    write_file(path, "old", 3);
    for (size_t i = 0; i < sizeof bad_tensor / sizeof bad_tensor[0]; i++)
        assert_int_equal(write_with(&bad_tensor[i], NULL, NULL), LK_E_ARG);
    for (size_t i = 0; i < sizeof bad_entry / sizeof bad_entry[0]; i++)
        assert_int_equal(write_with(NULL, &bad_entry[i], NULL), LK_E_ARG);
    check_file(path, "old", 3);
    assert_int_equal(scratch_count(), 1);
    assert_int_equal(write_with(NULL, NULL, NULL), LK_OK);
}

/* The edges of UTF-8: jansson reads what is taken, so both must agree. */
static void writer_knows_utf8(void **state)
{
    static const char *const good[] = {
        "\x7f",         "\xc2\x80",         "\xdf\xbf",
        "\xe0\xa0\x80", "\xed\x9f\xbf",     "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2\x41",
                                      "\xe0\x9f\xbf",
                                      "\xe1\x80",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf1\x80\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80"};
    (void)state;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const lk_entry entry = {"text", good[i]};
        lk_safetensors file = {0};

        assert_int_equal(write_with(NULL, &entry, NULL), LK_OK);
        assert_int_equal(lk_safetensors_read(path, &file, NULL), LK_OK);
        assert_string_equal(lk_safetensors_entry(&file, "text"), good[i]);
        lk_safetensors_release(&file);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const lk_entry entry = {"text", bad[i]};

        assert_int_equal(write_with(NULL, &entry, NULL), LK_E_ARG);
    }
}

static void writer_says_that_a_folder_is_missing(void **state)
{
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_safetensors_write("nowhere/m", &sample, LK_WRITE_PLAIN, &err),
                     LK_E_IO);
    assert_non_null(strstr(err.text, "nowhere"));
}

static void a_callers_own_file_is_not_freed(void **state)
{
    lk_safetensors own = sample;
    (void)state;

    lk_safetensors_release(&own);
    assert_int_equal(own.tensors, 0);
    assert_string_equal(tensors[0].name, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(written_is_read_back, scratch_clear),
        cmocka_unit_test_setup(written_bytes_are_these, scratch_clear),
        cmocka_unit_test_setup(digests_are_made_anew, scratch_clear),
        cmocka_unit_test_setup(an_empty_file_is_a_file, scratch_clear),
        cmocka_unit_test_setup(previous_is_kept_on_request, scratch_clear),
        cmocka_unit_test_setup(writer_refuses_what_the_reader_would, scratch_clear),
        cmocka_unit_test_setup(writer_knows_utf8, scratch_clear),
        cmocka_unit_test_setup(writer_says_that_a_folder_is_missing, scratch_clear),
        cmocka_unit_test_setup(a_callers_own_file_is_not_freed, scratch_clear),
    };
    return cmocka_run_group_tests_name("safetensors", tests, scratch_enter,
                                       scratch_leave);
}
