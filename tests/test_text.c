/* test_text.c - lines of text from plain, gzip and Zstandard files, and what is no text. */
#include "io/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "io/decimal.h"
#include "support/check.h"
#include "support/files.h"

static const char path[] = "lines.txt";

/* Reads `path` and compares it with want[count]. */
static void check_lines(const char *const want[], size_t count)
{
    lk_text *text = NULL;
    char *line;
    size_t bytes;

    assert_int_equal(lk_text_open(path, &text, NULL), LK_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(lk_text_line(text, &line, &bytes, NULL), LK_OK);
        assert_non_null(line);
        assert_string_equal(line, want[i]);
        assert_int_equal(bytes, strlen(want[i]));
        assert_int_equal(lk_text_number(text), i + 1);
    }
    for (int again = 0; again < 2; again++) {
        assert_int_equal(lk_text_line(text, &line, &bytes, NULL), LK_OK);
        assert_null(line);
        assert_int_equal(lk_text_number(text), count);
    }
    lk_text_close(text);
}

/* Some line of `path` is refused with this status and text. */
static void check_refused(lk_status want, const char *what)
{
    lk_text *text = NULL;
    lk_error err = {0};
    char *line = NULL;
    size_t bytes;
    lk_status st;

    assert_int_equal(lk_text_open(path, &text, NULL), LK_OK);
    do {
        st = lk_text_line(text, &line, &bytes, &err);
    } while (st == LK_OK && line != NULL);
    assert_int_equal(st, want);
    if (strstr(err.text, what) == NULL) print_error("%s lacks %s\n", err.text, what);
    assert_non_null(strstr(err.text, what));
    lk_text_close(text);
}

static void text_takes_line_ends_off(void **state)
{
    static const char unix_ends[] = "a\n\nb c\n", windows[] = "a\r\n\r\nb c\r\n";
    static const char no_end[] = "a\n\nb c", mark[] = "\xef\xbb\xbf"
                                                      "a\n\nb c\n";
    static const char *const want[] = {"a", "", "b c"};
    (void)state;

    write_file(path, unix_ends, sizeof unix_ends - 1);
    check_lines(want, 3);
    write_file(path, windows, sizeof windows - 1);
    check_lines(want, 3);
    write_file(path, no_end, sizeof no_end - 1);
    check_lines(want, 3);
    write_file(path, mark, sizeof mark - 1);
    check_lines(want, 3);
}

static void text_keeps_a_mark_that_is_not_the_first(void **state)
{
    static const char text[] = "a\n\xef\xbb\xbf"
                               "b\r\r\n";
    static const char *const want[] = {"a", "\xef\xbb\xbf"
                                            "b\r"};
    (void)state;

    write_file(path, text, sizeof text - 1);
    check_lines(want, 2);
}

static void text_reads_standard_input(void **state)
{
    lk_text *text = NULL;
    char *line;
    size_t bytes;
    (void)state;

    write_file(path, "one\n", 4);
    assert_non_null(freopen(path, "rb", stdin));
    assert_int_equal(lk_text_open("-", &text, NULL), LK_OK);
    assert_string_equal(lk_text_name(text), "standard input");
    assert_int_equal(lk_text_line(text, &line, &bytes, NULL), LK_OK);
    assert_string_equal(line, "one");
    lk_text_close(text);
    assert_false(ferror(stdin)); /* not closed: it is not ours */
}

static void text_may_be_empty(void **state)
{
    (void)state;
    write_file(path, "", 0);
    check_lines(NULL, 0);
}

static void text_is_utf8_or_refused_with_its_column(void **state)
{
    static const char *const good[] = {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82"};
    static const struct {
        const char *bytes;
        size_t count;
        const char *what;
    } bad[] = {
        {"ok\nab\0c\n", 8, "lines.txt:2:3: a NUL byte"},
        {"ok\nab\xff\n", 7, "lines.txt:2:3: not UTF-8"},
        {"\xc3\n", 2, "lines.txt:1:1: not UTF-8"},            /* cut              */
        {"x\xc0\xaf", 3, "lines.txt:1:2: not UTF-8"},         /* overlong         */
        {"x\xe0\x80\xaf", 4, "lines.txt:1:2: not UTF-8"},     /* overlong         */
        {"x\xed\xa0\x80", 4, "lines.txt:1:2: not UTF-8"},     /* a surrogate      */
        {"x\xf4\x90\x80\x80", 5, "lines.txt:1:2: not UTF-8"}, /* above 10FFFF     */
        {"\xc3\xa9\x80", 3, "lines.txt:1:3: not UTF-8"},      /* bytes, not chars */
        {"\xef\xbb\xbf\x80", 4, "lines.txt:1:4: not UTF-8"},  /* mark counted     */
    };
    (void)state;

    write_file(path, good[0], strlen(good[0]));
    check_lines(good, 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_file(path, bad[i].bytes, bad[i].count);
        check_refused(LK_E_FORMAT, bad[i].what);
    }
}

/* 100 MB in one line, after a short one. */
static void text_reads_very_long_lines(void **state)
{
    const size_t long_bytes = 100000000;
    char *file = malloc(long_bytes + 3), *line;
    lk_text *text = NULL;
    size_t bytes;
    (void)state;

    assert_non_null(file);
    memcpy(file, "a\n", 2);
    memset(file + 2, 'x', long_bytes);
    file[long_bytes + 2] = '\n';
    write_file(path, file, long_bytes + 3);
    free(file);
    assert_int_equal(lk_text_open(path, &text, NULL), LK_OK);
    assert_int_equal(lk_text_line(text, &line, &bytes, NULL), LK_OK);
    assert_int_equal(lk_text_line(text, &line, &bytes, NULL), LK_OK);
    assert_int_equal(bytes, long_bytes);
    assert_int_equal(lk_text_line(text, &line, &bytes, NULL), LK_OK);
    assert_null(line);
    lk_text_close(text);
}

static const char *const two_lines[] = {"one", "two"};

static size_t pack_gzip(char *out, size_t room, const char *text)
{
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, MAX_WBITS + 16, 8, 0), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)text;
    z.avail_in = (uInt)strlen(text);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return room - z.avail_out;
}

static size_t pack_zstd(char *out, size_t room, const char *text)
{
    const size_t made = ZSTD_compress(out, room, text, strlen(text), 3);

    assert_false(ZSTD_isError(made));
    return made;
}

/* Two members that meet in the middle of a line; every cut; something behind. */
static void check_packed(size_t (*pack)(char *, size_t, const char *))
{
    char packed[400];
    const size_t first = pack(packed, 200, "one\nt");
    const size_t all = first + pack(packed + first, 199, "wo\n");

    write_file(path, packed, all);
    check_lines(two_lines, 2);
    for (size_t cut = 4; cut < all; cut++) {
        if (cut == first) continue; /* a whole file */
        write_file(path, packed, cut);
        check_refused(LK_E_FORMAT, "");
    }
    write_file(path, packed, all - 1);
    check_refused(LK_E_FORMAT, "packed data end too early");
    packed[all] = 'x';
    write_file(path, packed, all + 1);
    check_refused(LK_E_FORMAT, "");
    packed[first - 1] ^= 0x10;
    packed[first / 2] ^= 0x10;
    write_file(path, packed, all);
    check_refused(LK_E_FORMAT, "damaged");
}

static void text_unpacks_gzip(void **state)
{
    (void)state;
    check_packed(pack_gzip);
}

static void text_unpacks_zstandard(void **state)
{
    (void)state;
    check_packed(pack_zstd);
}

/* Far more than the buffers, so that lines meet their ends everywhere. */
static void text_unpacks_what_no_buffer_holds(void **state)
{
    enum { LINES = 100000 };
    char *plain = malloc(LINES * 12 + 1), *packed = malloc(LINES * 12);
    char *line, want[16];
    size_t bytes, used = 0;
    (void)state;

    assert_true(plain != NULL && packed != NULL);
    for (int i = 0; i < LINES; i++) {
        used += (size_t)snprintf(plain + used, 13, "%d\n", i * 7919 % LINES);
    }
    for (int form = 0; form < 3; form++) {
        lk_text *text = NULL;

        if (form == 0) write_file(path, plain, used);
        if (form == 1) write_file(path, packed, pack_gzip(packed, LINES * 12, plain));
        if (form == 2) write_file(path, packed, pack_zstd(packed, LINES * 12, plain));
        assert_int_equal(lk_text_open(path, &text, NULL), LK_OK);
        for (int i = 0; i < LINES; i++) {
            assert_int_equal(lk_text_line(text, &line, &bytes, NULL), LK_OK);
            snprintf(want, sizeof want, "%d", i * 7919 % LINES);
            assert_string_equal(line, want);
        }
        assert_int_equal(lk_text_line(text, &line, &bytes, NULL), LK_OK);
        assert_null(line);
        lk_text_close(text);
    }
    free(plain);
    free(packed);
}

static void text_says_why_it_cannot_read(void **state)
{
    lk_text *text = NULL;
    lk_error err = {0};
    char *line;
    size_t bytes;
    (void)state;

    assert_int_equal(lk_text_open("missing.txt", &text, &err), LK_E_IO);
    assert_null(text);
    assert_string_equal(err.text, "missing.txt: No such file or directory");
    assert_int_equal(lk_text_open(".", &text, &err), LK_OK);
    assert_int_equal(lk_text_line(text, &line, &bytes, &err), LK_E_IO);
    assert_string_equal(err.text, ".: Is a directory");
    lk_text_close(text);
}

static void decimals_are_exact(void **state)
{
    static const struct {
        const char *text;
        lk_decimal want;
        uint64_t value;
    } row[] = {
        {"0", LK_DECIMAL_EXACT, 0},
        {"-0.00", LK_DECIMAL_EXACT, 0},
        {"+17", LK_DECIMAL_EXACT, 17},
        {" 17\t", LK_DECIMAL_EXACT, 17},
        {"1e4", LK_DECIMAL_EXACT, 10000},
        {"1E+4", LK_DECIMAL_EXACT, 10000},
        {"10000.0", LK_DECIMAL_EXACT, 10000},
        {"10.", LK_DECIMAL_EXACT, 10},
        {".5e1", LK_DECIMAL_EXACT, 5},
        {"0.00012e5", LK_DECIMAL_EXACT, 12},
        {"120000e-4", LK_DECIMAL_EXACT, 12},
        {"9007199254740993", LK_DECIMAL_EXACT, 9007199254740993},
        {"9007199254740993.0", LK_DECIMAL_EXACT, 9007199254740993},
        {"9.007199254740993e15", LK_DECIMAL_EXACT, 9007199254740993},
        {"4611686018427387904", LK_DECIMAL_EXACT, LK_COUNT_MAX},
        {"000000000000000000000000000012", LK_DECIMAL_EXACT, 12},
        {"0e99999999999999999999", LK_DECIMAL_EXACT, 0},
        {"2.9999995", LK_DECIMAL_ROUNDED, 3},
        {"2.999999", LK_DECIMAL_ROUNDED, 3},
        {"3.000001", LK_DECIMAL_ROUNDED, 3},
        {"3.00000099999", LK_DECIMAL_ROUNDED, 3},
        {"1e-400", LK_DECIMAL_ROUNDED, 0},
        {"-1e-7", LK_DECIMAL_ROUNDED, 0},
        {"0.9999999", LK_DECIMAL_ROUNDED, 1},
        {"3.0000011", LK_DECIMAL_NOT_AN_INTEGER, 0},
        {"3.00000100001", LK_DECIMAL_NOT_AN_INTEGER, 0},
        {"2.9999989", LK_DECIMAL_NOT_AN_INTEGER, 0},
        {"0.5", LK_DECIMAL_NOT_AN_INTEGER, 0},
        {"4611686018427387905", LK_DECIMAL_TOO_LARGE, 0},
        {"18446744073709551617", LK_DECIMAL_TOO_LARGE, 0},
        {"1e400", LK_DECIMAL_TOO_LARGE, 0},
        {"1e99999999999999999999", LK_DECIMAL_TOO_LARGE, 0},
        {"-1", LK_DECIMAL_NEGATIVE, 0},
        {"-0.5", LK_DECIMAL_NEGATIVE, 0},
        {"-1e400", LK_DECIMAL_NEGATIVE, 0},
        {"", LK_DECIMAL_NOT_A_NUMBER, 0},
        {"-", LK_DECIMAL_NOT_A_NUMBER, 0},
        {".", LK_DECIMAL_NOT_A_NUMBER, 0},
        {"1e", LK_DECIMAL_NOT_A_NUMBER, 0},
        {"1e+", LK_DECIMAL_NOT_A_NUMBER, 0},
        {"1.2.3", LK_DECIMAL_NOT_A_NUMBER, 0},
        {"0x10", LK_DECIMAL_NOT_A_NUMBER, 0},
        {"nan", LK_DECIMAL_NOT_A_NUMBER, 0},
        {"inf", LK_DECIMAL_NOT_A_NUMBER, 0},
        {"1 2", LK_DECIMAL_NOT_A_NUMBER, 0},
        {"--1", LK_DECIMAL_NOT_A_NUMBER, 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        uint64_t value = 0;
        const lk_decimal got = lk_decimal_count(row[i].text, &value);

        if (got != row[i].want || value != row[i].value) {
            print_error("'%s': %s\n", row[i].text, lk_decimal_reason(got));
        }
        assert_int_equal(got, row[i].want);
        assert_true(value == row[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_takes_line_ends_off),
        cmocka_unit_test(text_keeps_a_mark_that_is_not_the_first),
        cmocka_unit_test(text_reads_standard_input),
        cmocka_unit_test(text_may_be_empty),
        cmocka_unit_test(text_is_utf8_or_refused_with_its_column),
        cmocka_unit_test(text_reads_very_long_lines),
        cmocka_unit_test(text_unpacks_gzip),
        cmocka_unit_test(text_unpacks_zstandard),
        cmocka_unit_test(text_unpacks_what_no_buffer_holds),
        cmocka_unit_test(text_says_why_it_cannot_read),
        cmocka_unit_test(decimals_are_exact),
    };
    return cmocka_run_group_tests_name("text", tests, scratch_enter, scratch_leave);
}
