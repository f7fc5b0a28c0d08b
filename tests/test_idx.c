/* test_idx.c - what lk_idx_read takes, and all that it must refuse. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "largek/idx.h"
#include "support/check.h"
#include "support/files.h"

static const uint8_t two_images[] = {
    0, 0, 8, 3,                            /* unsigned bytes, 3 dimensions: */
    0, 0, 0, 2, 0, 0, 0, 2, 0, 0,  0,  3,  /* 2 images of 2 x 3             */
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, /* the pixels                    */
};

static const char path[] = "images.idx";
static const lk_images before = {1, 2, 3, NULL};

static void write_gzip(const void *bytes, size_t count)
{
    gzFile file = gzopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)count), count);
    assert_int_equal(gzclose(file), Z_OK);
}

/* The file is refused with this status and text, and the caller's struct left alone. */
static void check_refused(size_t limit, lk_status want, const char *text)
{
    lk_images images = before;
    lk_error err = {0};

    assert_int_equal(lk_idx_read(path, limit, &images, &err), want);
    assert_memory_equal(&images, &before, sizeof before);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, text));
}

static void check_images(size_t limit, size_t count)
{
    lk_images images = {0};

    assert_int_equal(lk_idx_read(path, limit, &images, NULL), LK_OK);
    assert_int_equal(images.count, count);
    assert_int_equal(images.rows, 2);
    assert_int_equal(images.cols, 3);
    assert_memory_equal(images.pixels, two_images + 16, 6 * count);
    lk_images_release(&images);
    lk_images_release(&images); /* twice is fine */
}

static void idx_reads_shape_and_pixels(void **state)
{
    (void)state;

    write_file(path, two_images, sizeof two_images);
    check_images(0, 2);
    check_images(1, 1);
    check_images(2, 2);
    write_gzip(two_images, sizeof two_images);
    check_images(0, 2);
    check_images(1, 1);
}

static void idx_refuses_a_limit_above_its_images(void **state)
{
    (void)state;

    write_file(path, two_images, sizeof two_images);
    check_refused(3, LK_E_ARG, "want 3 images, found 2");
}

/* Longer than any buffer on the way; the limit falls within one. */
static void idx_reads_many_images(void **state)
{
    const size_t count = 1000, bytes = 16 + count * 784;
    uint8_t *file = malloc(bytes);
    (void)state;

    assert_non_null(file);
    memcpy(file, two_images, 16);
    file[6] = (uint8_t)(count >> 8);
    file[7] = (uint8_t)count;
    file[11] = file[15] = 28;
    for (size_t i = 16; i < bytes; i++) file[i] = (uint8_t)(i * 7 + i / 256);
    for (int gzip = 0; gzip < 2; gzip++) {
        if (gzip)
            write_gzip(file, bytes);
        else
            write_file(path, file, bytes);
        for (size_t limit = 0; limit <= count; limit += 250) {
            lk_images images = {0};

            assert_int_equal(lk_idx_read(path, limit, &images, NULL), LK_OK);
            assert_int_equal(images.count, limit > 0 ? limit : count);
            assert_memory_equal(images.pixels, file + 16, images.count * 784);
            lk_images_release(&images);
        }
    }
    free(file);
}

static void idx_refuses_every_truncation(void **state)
{
    (void)state;

    for (size_t length = 0; length < sizeof two_images; length++) {
        char text[64];

        write_file(path, two_images, length);
        if (length < 16)
            snprintf(text, sizeof text, "want 16 bytes of IDX header, found %zu",
                     length);
        else
            snprintf(text, sizeof text,
                     "want 12 bytes of pixels by its header, found %zu", length - 16);
        check_refused(0, LK_E_FORMAT, text);
        check_refused(1, LK_E_FORMAT, text);
    }
}

static size_t read_back(uint8_t *bytes, size_t room)
{
    FILE *file = fopen(path, "rb");
    size_t count;

    assert_non_null(file);
    count = fread(bytes, 1, room, file);
    assert_true(count > 0 && count < room);
    fclose(file);
    return count;
}

/* The 8 bytes of checksum and length at the end count too. */
static void idx_refuses_every_truncation_of_a_gzip(void **state)
{
    uint8_t gzip[256];
    size_t count;
    (void)state;

    write_gzip(two_images, sizeof two_images);
    count = read_back(gzip, sizeof gzip);
    for (size_t length = 0; length < count; length++) {
        write_file(path, gzip, length);
        check_refused(0, LK_E_FORMAT, "want ");
        check_refused(1, LK_E_FORMAT, "found ");
    }
    write_file(path, gzip, count - 1);
    check_refused(0, LK_E_FORMAT,
                  "want 28 bytes, found 28 before the gzip data breaks");
    gzip[count] = 'x'; /* zlib itself lets that pass */
    write_file(path, gzip, count + 1);
    check_refused(0, LK_E_FORMAT, "gzip");
    gzip[count - 5] ^= 1; /* the checksum */
    write_file(path, gzip, count);
    check_refused(0, LK_E_FORMAT, "incorrect data check");
}

static void idx_refuses_bytes_after_the_pixels(void **state)
{
    uint8_t bytes[sizeof two_images + 1] = {0};
    (void)state;

    memcpy(bytes, two_images, sizeof two_images);
    write_file(path, bytes, sizeof bytes);
    check_refused(0, LK_E_FORMAT, "want 12 bytes of pixels by its header, found more");
    write_gzip(bytes, sizeof bytes);
    check_refused(1, LK_E_FORMAT, "want 12 bytes of pixels by its header, found more");
}

static void idx_refuses_another_magic(void **state)
{
    (void)state;

    for (size_t bit = 0; bit < 32; bit++) {
        uint8_t bytes[sizeof two_images];

        memcpy(bytes, two_images, sizeof bytes);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        write_file(path, bytes, sizeof bytes);
        check_refused(0, LK_E_FORMAT, "want IDX magic 00000803, found ");
    }
}

/* 4 images of 2^31 x 2^31 are 2^64 pixels: 0, to whoever multiplies carelessly.  And
 * 2^32 - 1 images that are not there must not be made room for. */
static void idx_refuses_shapes_beyond_reason(void **state)
{
    static const uint8_t overflow[] = {0,    0, 8, 3, 0,    0, 0, 4,
                                       0x80, 0, 0, 0, 0x80, 0, 0, 0};
    static const uint8_t huge[] = {0, 0, 8, 3, 255, 255, 255, 255,
                                   0, 0, 1, 0, 0,   0,   1,   0};
    static const uint8_t flat[] = {0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1};
    (void)state;

    write_file(path, overflow, sizeof overflow);
    check_refused(0, LK_E_FORMAT, "shape 4 x 2147483648 x 2147483648");
    write_file(path, huge, sizeof huge);
    check_refused(0, LK_E_FORMAT, "want 281474976645120 bytes of pixels");
    write_file(path, flat, sizeof flat);
    check_refused(0, LK_E_FORMAT, "shape 4 x 0 x 1");
}

static void idx_says_why_a_file_cannot_be_read(void **state)
{
    lk_images images = {0};
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_idx_read("nowhere", 0, &images, &err), LK_E_IO);
    assert_non_null(strstr(err.text, "nowhere: No such file"));
    assert_int_equal(lk_idx_read(".", 0, &images, &err), LK_E_IO);
    assert_non_null(strstr(err.text, strerror(EISDIR)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idx_reads_shape_and_pixels),
        cmocka_unit_test(idx_refuses_a_limit_above_its_images),
        cmocka_unit_test(idx_reads_many_images),
        cmocka_unit_test(idx_refuses_every_truncation),
        cmocka_unit_test(idx_refuses_every_truncation_of_a_gzip),
        cmocka_unit_test(idx_refuses_bytes_after_the_pixels),
        cmocka_unit_test(idx_refuses_another_magic),
        cmocka_unit_test(idx_refuses_shapes_beyond_reason),
        cmocka_unit_test(idx_says_why_a_file_cannot_be_read),
    };
    return cmocka_run_group_tests_name("idx", tests, scratch_enter, scratch_leave);
}
