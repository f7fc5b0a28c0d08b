/* test_npy.c - arrays as NumPy writes them, and those that must be refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "largek/npy.h"
#include "support/check.h"
#include "support/files.h"

static const char path[] = "a.npy";

/* Writes version `major` with a header's text, padded with spaces and a newline. */
static void write_npy(int major, const char *text, const void *data, size_t count)
{
    const size_t start = major == 1 ? 10 : 12;
    const size_t length = strlen(text) + 17;
    uint8_t *file = calloc(start + length + count, 1);

    assert_non_null(file);
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (uint8_t)major;
    file[8] = (uint8_t)length;
    file[9] = (uint8_t)(length >> 8);
    memset(file + start, ' ', length);
    memcpy(file + start, text, strlen(text));
    file[start + length - 1] = '\n';
    if (count > 0) memcpy(file + start + length, data, count);
    write_file(path, file, start + length + count);
    free(file);
}

/* Writes the header that NumPy would. */
static void write_array(const char *descr, const char *order, const char *shape,
                        const void *data, size_t count)
{
    char text[256];

    snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }",
             descr, order, shape);
    write_npy(1, text, data, count);
}

static void check_matrix(size_t rows, size_t cols, const double *want)
{
    lk_matrix matrix = {0};
    lk_error err = {0};

    if (lk_npy_read(path, &matrix, &err) != LK_OK) fail_msg("%s", err.text);
    assert_int_equal(matrix.rows, rows);
    assert_int_equal(matrix.cols, cols);
    if (rows * cols > 0)
        assert_memory_equal(matrix.data, want, rows * cols * sizeof *want);
    lk_matrix_release(&matrix);
    lk_matrix_release(&matrix); /* twice is fine */
}

static void check_refused(const char *text)
{
    const lk_matrix before = {1, 2, NULL};
    lk_matrix matrix = before;
    lk_error err = {0};

    assert_int_equal(lk_npy_read(path, &matrix, &err), LK_E_FORMAT);
    assert_memory_equal(&matrix, &before, sizeof before);
    if (strstr(err.text, path) == NULL || strstr(err.text, text) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, text);
}

/* Every dtype in both byte orders: 1 and the one next to its lowest or largest value. */
static void npy_reads_every_dtype(void **state)
{
    static const struct {
        const char *descr; /* without the order */
        size_t bytes;
        uint64_t bits[2];
        double value[2];
    } known[] = {
        {"b1", 1, {1, 0}, {1.0, 0.0}},
        {"i1", 1, {1, 0x80}, {1.0, -128.0}},
        {"u1", 1, {1, 0xff}, {1.0, 255.0}},
        {"i2", 2, {1, 0xfffe}, {1.0, -2.0}},
        {"u2", 2, {1, 0xfffe}, {1.0, 65534.0}},
        {"i4", 4, {1, 0x80000001}, {1.0, -2147483647.0}},
        {"u4", 4, {1, 0x80000001}, {1.0, 2147483649.0}},
        {"i8", 8, {1, UINT64_C(1) << 63}, {1.0, -0x1p63}},
        {"u8", 8, {1, UINT64_C(1) << 63}, {1.0, 0x1p63}},
        {"f2", 2, {0x3c00, 0x8001}, {1.0, -0x1p-24}},
        {"f4", 4, {0x3f800000, 0x80000001}, {1.0, -0x1p-149}},
        {"f8", 8, {UINT64_C(0x3ff0000000000000), 1}, {1.0, 0x1p-1074}},
    };
    (void)state;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        for (int big = 0; big < 2; big++) {
            const size_t bytes = known[i].bytes;
            uint8_t data[16];
            char descr[8];

            for (size_t j = 0; j < 2 * bytes; j++) {
                const size_t byte = big ? bytes - 1 - j % bytes : j % bytes;

                data[j] = (uint8_t)(known[i].bits[j / bytes] >> 8 * byte);
            }
            snprintf(descr, sizeof descr, "%s%s",
                     big         ? ">"
                     : bytes > 1 ? "<"
                                 : "|",
                     known[i].descr);
            write_array(descr, "False", "(2,)", data, 2 * bytes);
            check_matrix(2, 1, known[i].value);
        }
    }
}

static void npy_keeps_nan_and_infinity(void **state)
{
    const double data[] = {(double)NAN, -(double)INFINITY, -0.0};
    (void)state;

    write_array("<f8", "False", "(3,)", data, sizeof data);
    check_matrix(3, 1, data);
}

/* a[i][j][k] = 100 i + 10 j + k of shape 2 x 3 x 4, in either order. */
static void npy_reads_both_orders(void **state)
{
    double want[24];
    uint8_t c[24], fortran[24];
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 3; j++) {
            for (size_t k = 0; k < 4; k++) {
                const size_t value = 100 * i + 10 * j + k;

                want[12 * i + 4 * j + k] = (double)value;
                c[12 * i + 4 * j + k] = (uint8_t)value;
                fortran[i + 2 * j + 6 * k] = (uint8_t)value;
            }
        }
    }
    write_array("|u1", "False", "(2, 3, 4)", c, sizeof c);
    check_matrix(2, 12, want);
    write_array("|u1", "True", "(2, 3, 4)", fortran, sizeof fortran);
    check_matrix(2, 12, want);
    write_array("|u1", "True", "(24,)", c, sizeof c);
    check_matrix(24, 1, want);
}

static void npy_reads_every_version_and_spelling(void **state)
{
    const uint8_t data[] = {1, 2};
    const double want[] = {1.0, 2.0};
    (void)state;

    for (int major = 1; major <= 3; major++) {
        write_npy(major, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1)}",
                  data, 2);
        check_matrix(2, 1, want);
    }
    write_npy(1, "{\"shape\":(2L,1L),'fortran_order':False,\n\"descr\":\"|u1\"}", data,
              2);
    check_matrix(2, 1, want);
}

static void npy_reads_empty_arrays(void **state)
{
    (void)state;

    write_array("<f8", "False", "(0, 3)", NULL, 0);
    check_matrix(0, 3, NULL);
    write_array("<f8", "True", "(3, 0)", NULL, 0);
    check_matrix(3, 0, NULL);
    write_array("<f8", "True", "(0, 144115188075855872)", NULL, 0);
    check_matrix(0, 144115188075855872u, NULL);
}

static void npy_refuses_other_dtypes(void **state)
{
    static const char *const bad[] = {"|O",   "|O8",  "<U4", "|S4", "<c8", "<M8[ns]",
                                      "<f16", "<i3",  "u1",  "=f8", "|f8", "<b2",
                                      "",     "<f80", "<",   "f8",  "|V8", "<f\0338"};
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_array(bad[i], "False", "(1,)", "12345678", 8);
        check_refused("");
    }
    write_array("|O", "False", "(1,)", "12345678", 8);
    check_refused("dtype |O, want bool, integers or floats");
    write_npy(1, "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }",
              "12345678", 8);
    check_refused("structured");
}

static void npy_refuses_headers(void **state)
{
    static const char *const bad[] = {
        "",
        "{",
        "{}",
        "{'descr': '|u1', 'fortran_order': False}",
        "{'descr': '|u1', 'shape': (1,)}",
        "{'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'x': 1}",
        "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|u1' 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': 1}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1.0,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1 1)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1,}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (18446744073709551617,)}",
        "{'descr': '|u1, 'fortran_order': False, 'shape': (1,)}",
    };
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_npy(1, bad[i], "1", 1);
        check_refused("not a plain array");
    }
    write_npy(4, "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", "1", 1);
    check_refused("version 4.0, want");
    write_array("<f8", "False", "()", "12345678", 8);
    check_refused("no dimensions");
    write_file(path, "PK\3\4zipped", 10);
    check_refused("not a .npy file");
}

static void npy_refuses_shapes_that_overflow(void **state)
{
    (void)state;

    write_array("|u1", "False", "(4294967296, 4294967296)", "", 0);
    check_refused("shape overflows");
    write_array("<f8", "False", "(2305843009213693953,)", "12345678", 8);
    check_refused("shape overflows");
    write_array("|u1", "False", "(1000000000000,)", "1", 1);
    check_refused("want 1000000000000 bytes of data, found 1");
}

static void npy_refuses_integers_that_a_double_does_not_hold(void **state)
{
    static const struct {
        const char *descr;
        uint64_t bits;
        double value; /* NaN: refused */
    } known[] = {
        {"<i8", UINT64_C(9007199254740992), 0x1p53},
        {"<i8", UINT64_C(9007199254740993), (double)NAN},
        {"<i8", UINT64_C(9007199254740994), 0x1p53 + 2.0},
        {"<i8", UINT64_MAX - UINT64_C(9007199254740992), (double)NAN},
        {"<i8", INT64_MAX, (double)NAN},
        {"<u8", UINT64_MAX, (double)NAN},
        {"<u8", UINT64_MAX - 2047, 0x1p64 - 2048.0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint8_t data[16] = {0};

        for (size_t j = 0; j < 8; j++) data[8 + j] = (uint8_t)(known[i].bits >> 8 * j);
        write_array(known[i].descr, "False", "(1, 2)", data, sizeof data);
        if (isnan(known[i].value)) {
            check_refused("row 0, column 1: an integer");
        } else {
            const double want[2] = {0.0, known[i].value};

            check_matrix(1, 2, want);
        }
    }
}

static void npy_refuses_every_truncation(void **state)
{
    const uint8_t data[6] = {1, 2, 3, 4, 5, 6};
    uint8_t bytes[256];
    size_t count;
    (void)state;

    for (int major = 1; major <= 2; major++) {
        write_npy(major, "{'descr': '|u1', 'fortran_order': False, 'shape': (6,)}",
                  data, sizeof data);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        count = fread(bytes, 1, sizeof bytes - 1, file);
        fclose(file);
        for (size_t length = 0; length < count; length++) {
            write_file(path, bytes, length);
            check_refused("");
        }
        check_refused("want 6 bytes of data, found 5");
        bytes[count] = 7;
        write_file(path, bytes, count + 1);
        check_refused("want 6 bytes of data, found 7");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(npy_reads_every_dtype),
        cmocka_unit_test(npy_keeps_nan_and_infinity),
        cmocka_unit_test(npy_reads_both_orders),
        cmocka_unit_test(npy_reads_every_version_and_spelling),
        cmocka_unit_test(npy_reads_empty_arrays),
        cmocka_unit_test(npy_refuses_other_dtypes),
        cmocka_unit_test(npy_refuses_headers),
        cmocka_unit_test(npy_refuses_shapes_that_overflow),
        cmocka_unit_test(npy_refuses_integers_that_a_double_does_not_hold),
        cmocka_unit_test(npy_refuses_every_truncation),
    };
    return cmocka_run_group_tests_name("npy", tests, scratch_enter, scratch_leave);
}
