/* test_safetensors_hostile.c - files that the reader must refuse, and say where. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "largek/safetensors.h"
#include "support/check.h"
#include "support/files.h"

static const char path[] = "m.safetensors";

/* Writes a file of a header's text and `count` bytes of zeros. */
static void write_header(const char *header, uint64_t length, size_t count)
{
    const size_t header_bytes = strlen(header), bytes = 8 + header_bytes + count;
    uint8_t *file = calloc(bytes, 1);

    assert_non_null(file);
    for (size_t i = 0; i < 8; i++) file[i] = (uint8_t)(length >> 8 * i);
    memcpy(file + 8, header, header_bytes);
    write_file(path, file, bytes);
    free(file);
}

/* The file is refused with `text`, and the caller's struct left alone. */
static void check_refused(const char *text)
{
    const lk_safetensors before = {1, 2, NULL, NULL, NULL};
    lk_safetensors file = before;
    lk_error err = {0};

    assert_int_equal(lk_safetensors_read(path, &file, &err), LK_E_FORMAT);
    assert_memory_equal(&file, &before, sizeof before);
    if (strstr(err.text, path) == NULL || strstr(err.text, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, text);
}

static void check_header(const char *header, size_t count, const char *text)
{
    write_header(header, strlen(header), count);
    check_refused(text);
}

/* A tensor's description with a blank for what is under test. */
static void check_tensor(const char *inner, size_t count, const char *text)
{
    char header[512];

    snprintf(header, sizeof header, "{\"w\":{%s}}", inner);
    check_header(header, count, text);
}

static void reader_takes_a_plain_file(void **state)
{
    lk_safetensors file = {0};
    const char *header = "{ \"w\" : {\"data_offsets\":[0,4],\n\"shape\":[4], "
                         "\"dtype\":\"U8\"}}   ";
    (void)state;

    write_header(header, strlen(header), 4);
    assert_int_equal(lk_safetensors_read(path, &file, NULL), LK_OK);
    assert_int_equal(file.tensors, 1);
    assert_int_equal(file.tensor[0].bytes, 4);
    lk_safetensors_release(&file);
}

static void reader_refuses_header_lengths(void **state)
{
    (void)state;

    write_file(path, "\2\0\0\0\0\0\0", 7);
    check_refused("want 8 bytes of header length, found 7");
    write_header("{}", 0, 0);
    check_refused("does not start with '{'");
    write_header("{}", 3, 0);
    check_refused("want 3 bytes of header, found 2");
    write_header("{}", 100000001, 0);
    check_refused("a header of 100000001 bytes, at most 100000000");
    write_header("{}", UINT64_C(1) << 63, 0);
    check_refused("a header of 9223372036854775808 bytes");
    write_header("{}", UINT64_MAX - 7, 0); /* with the 8 bytes before it, 2^64 */
    check_refused("at most 100000000");
}

static void reader_refuses_text_that_is_not_json(void **state)
{
    (void)state;

    check_header(" {}", 0, "does not start with '{'");
    check_header("[]", 0, "does not start with '{'");
    check_header("{", 0, "header byte");
    check_header("{}x", 0, "header byte 2: want a space");
    check_header("{}\n", 0, "header byte 2: want a space");
    check_header("{\"a\xff\":1}", 0, "unable to decode byte 0xff");
    check_header("{\"a\n\":1}", 0, "header byte");
    check_header("{\"a\\u0000\":1}", 0, "NUL");
    check_header("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "duplicate");
    check_header("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, "duplicate");
    check_header("{\"w\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 0, "duplicate");
}

static void reader_refuses_metadata(void **state)
{
    (void)state;

    check_header("{\"__metadata__\":[]}", 0, "not a map");
    check_header("{\"__metadata__\":{\"k\":1}}", 0, "k is not a string");
    check_header("{\"__metadata__\":{\"k\":null}}", 0, "k is not a string");
}

static void reader_refuses_descriptions(void **state)
{
    static const struct {
        const char *inner, *text;
    } bad[] = {
        {"", "w: want exactly"},
        {"\"dtype\":\"U8\",\"shape\":[4]", "w: want exactly"},
        {"\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"x\":0",
         "w: want exactly"},
        {"\"dtype\":8,\"shape\":[4],\"data_offsets\":[0,4]", "w: want exactly"},
        {"\"dtype\":\"u8\",\"shape\":[4],\"data_offsets\":[0,4]", "unknown dtype u8"},
        {"\"dtype\":\"U8\",\"shape\":4,\"data_offsets\":[0,4]", "w: shape is not"},
        {"\"dtype\":\"U8\",\"shape\":[4.0],\"data_offsets\":[0,4]", "w: shape is not"},
        {"\"dtype\":\"U8\",\"shape\":[-4],\"data_offsets\":[0,4]", "w: shape is not"},
        {"\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,4],\"data_offsets\":[0,4]",
         "w: shape is not at most 8"},
        {"\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0.0,4]",
         "data_offsets are not"},
        {"\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4e0]",
         "data_offsets are not"},
        {"\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[-4,4]",
         "data_offsets are not"},
        {"\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4,4]",
         "data_offsets are not"},
        {"\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4]", "data_offsets are not"},
        {"\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,0]", "bytes 4 to 0 of 4"},
        {"\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,5]", "bytes 0 to 5 of 4"},
        {"\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,9223372036854775807]",
         "bytes 0 to 9223372036854775807 of 4"},
        {"\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,9223372036854775808]",
         "header byte"},
        {"\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,4]", "want 3 bytes by"},
        {"\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,4]", "want 16 bytes by"},
        /* 2^62 x 4 is 2^64, and 2^62 x 4 + 4 elements are 4 bytes to a careless product */
        {"\"dtype\":\"U8\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]",
         "w: shape overflows"},
        {"\"dtype\":\"F32\",\"shape\":[4611686018427387905],\"data_offsets\":[0,4]",
         "w: shape overflows"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_tensor(bad[i].inner, 4, bad[i].text);
    check_header("{\"w\":7}", 0, "w: want exactly");
}

/* Two tensors of 4 bytes at the given places, in a file of `count` bytes of data. */
static void check_places(int begin_v, int begin_w, size_t count, const char *text)
{
    char header[256];

    snprintf(header, sizeof header,
             "{\"v\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[%d,%d]},"
             "\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[%d,%d]}}",
             begin_v, begin_v + 4, begin_w, begin_w + 4);
    check_header(header, count, text);
}

static void reader_refuses_holes_and_overlaps(void **state)
{
    static const char swapped[] =
        "{\"v\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]},"
        "\"w\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}";
    lk_safetensors file = {0};
    (void)state;

    check_places(0, 5, 9, "w: starts at byte 5, a hole since 4");
    check_places(1, 5, 9, "v: starts at byte 1, a hole since 0");
    check_places(0, 3, 7, "w: starts at byte 3, overlaps what ends at 4");
    check_places(0, 0, 4, "w: starts at byte 0, overlaps what ends at 4");
    check_places(4, 0, 9, "want 8 bytes of tensors, found 9");
    check_header("{}", 1, "want 0 bytes of tensors, found 1");

    /* any order in the header is fine; tensors come by their place */
    write_header(swapped, strlen(swapped), 8);
    assert_int_equal(lk_safetensors_read(path, &file, NULL), LK_OK);
    assert_string_equal(file.tensor[0].name, "w");
    lk_safetensors_release(&file);
}

/* A small digested file with all that a flip could hide in: an escape with hex digits, a
 * quote, padding, an empty tensor.  Returns its bytes, to be freed. */
static uint8_t *digested(size_t *count)
{
    static const uint32_t numbers[] = {0, 0x20202020, 7};
    static lk_tensor tensors[] = {
        {"v", LK_DTYPE_U32, 2, {1, 3}, numbers, sizeof numbers},
        {"none", LK_DTYPE_F64, 1, {0}, NULL, 0},
    };
    static lk_entry entries[] = {{"note", "a \"quote\" \x1b \\ /"}};
    const lk_safetensors sample = {2, 1, tensors, entries, NULL};
    const size_t room = 4096;
    uint8_t *bytes = malloc(room);
    FILE *file;

    assert_int_equal(lk_safetensors_write(path, &sample, LK_WRITE_DIGESTS, NULL),
                     LK_OK);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_non_null(bytes);
    *count = fread(bytes, 1, room, file);
    assert_true(*count < room);
    fclose(file);
    return bytes;
}

static void reader_refuses_every_flipped_bit(void **state)
{
    size_t count, mismatches = 0;
    uint8_t *bytes = digested(&count);
    (void)state;

    assert_int_equal(bytes[8 + bytes[0] + 256 * bytes[1] - 1], ' '); /* padded */
    for (size_t bit = 0; bit < 8 * count; bit++) {
        lk_safetensors file = {0};
        lk_error err = {0};
        lk_status st;

        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        write_file(path, bytes, count);
        st = lk_safetensors_read(path, &file, &err);
        if (st != LK_E_FORMAT && st != LK_E_MISMATCH)
            fail_msg("bit %zu of byte %zu: %s", bit % 8, bit / 8, lk_status_name(st));
        if (bit / 8 >= count - 12) { /* the data */
            assert_int_equal(st, LK_E_MISMATCH);
            assert_non_null(strstr(err.text, "v: damaged"));
        }
        mismatches += st == LK_E_MISMATCH;
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(mismatches > 8 * 12);
    free(bytes);
}

static void reader_refuses_every_truncation(void **state)
{
    size_t count;
    uint8_t *bytes = digested(&count);
    (void)state;

    for (size_t length = 0; length < count; length++) {
        write_file(path, bytes, length);
        check_refused("");
    }
    bytes = realloc(bytes, count + 1);
    assert_non_null(bytes);
    bytes[count] = ' ';
    write_file(path, bytes, count + 1);
    check_refused("found 13");
    free(bytes);
}

/* Digests of other tensors than there are, or of no text at all. */
static void reader_refuses_digests_that_do_not_fit(void **state)
{
    static const char *const bad[] = {"", "[]", "{}", "{\\\"w\\\":\\\"00\\\"}",
                                      "{\\\"\\\":0}"};
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char header[128];
        lk_safetensors file = {0};
        lk_error err = {0};

        snprintf(header, sizeof header, "{\"__metadata__\":{\"xxh3\":\"%s\"}}", bad[i]);
        write_header(header, strlen(header), 0);
        assert_int_equal(lk_safetensors_read(path, &file, &err), LK_E_MISMATCH);
        assert_non_null(strstr(err.text, "header"));
    }
}

static void reader_says_why_a_file_cannot_be_read(void **state)
{
    lk_safetensors file = {0};
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_safetensors_read("nowhere", &file, &err), LK_E_IO);
    assert_non_null(strstr(err.text, "nowhere: No such file"));
    assert_int_equal(lk_safetensors_read(".", &file, &err), LK_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_takes_a_plain_file),
        cmocka_unit_test(reader_refuses_header_lengths),
        cmocka_unit_test(reader_refuses_text_that_is_not_json),
        cmocka_unit_test(reader_refuses_metadata),
        cmocka_unit_test(reader_refuses_descriptions),
        cmocka_unit_test(reader_refuses_holes_and_overlaps),
        cmocka_unit_test(reader_refuses_every_flipped_bit),
        cmocka_unit_test(reader_refuses_every_truncation),
        cmocka_unit_test(reader_refuses_digests_that_do_not_fit),
        cmocka_unit_test(reader_says_why_a_file_cannot_be_read),
    };
    return cmocka_run_group_tests_name("safetensors_hostile", tests, scratch_enter,
                                       scratch_leave);
}
