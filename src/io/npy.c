/* npy.c - matrices of numbers in NumPy's .npy format [1]. */
#include "largek/npy.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"

enum {
    MAGIC_BYTES = 6,
    VERSION_BYTES = 2,
    RANK_MAX = 64, /* NumPy 2's; 32 before */
    DESCR_MAX = 16
};

static const char magic[] = "\x93NUMPY";

/* The header is a Python dictionary: {'descr': '<f8', 'fortran_order': False,
 * 'shape': (3, 4), }, its keys in any order. */
typedef struct {
    char descr[DESCR_MAX];
    bool fortran;
    size_t rank;
    uint64_t shape[RANK_MAX];

    /* from descr */
    char kind;
    bool big_endian;
    size_t item_bytes;
} header;

typedef struct {
    const char *at, *end;
} scanner;

static void skip_space(scanner *s)
{
    while (s->at < s->end && memchr(" \t\r\n", *s->at, 4) != NULL) s->at++;
}

/* Takes `text` where it comes next. */
static bool scan(scanner *s, const char *text)
{
    const size_t length = strlen(text);

    skip_space(s);
    if ((size_t)(s->end - s->at) < length || memcmp(s->at, text, length) != 0)
        return false;
    s->at += length;
    return true;
}

/* A string that fits `out`, of printable ASCII without escapes. */
static bool scan_string(scanner *s, char *out, size_t room)
{
    const char quote = scan(s, "'") ? '\'' : '"';
    const char *close;

    if (quote == '"' && !scan(s, "\"")) return false;
    close = (const char *)memchr(s->at, quote, (size_t)(s->end - s->at));
    if (close == NULL || (size_t)(close - s->at) >= room) return false;
    memcpy(out, s->at, (size_t)(close - s->at));
    out[close - s->at] = '\0';
    s->at = close + 1;
    for (; *out != '\0'; out++)
        if (*out < ' ' || *out > '~' || *out == '\\') return false;
    return true;
}

static bool scan_integer(scanner *s, uint64_t *out)
{
    const char *first;

    skip_space(s);
    first = s->at;
    *out = 0;
    for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++) {
        const uint64_t digit = (uint64_t)(*s->at - '0');

        if (*out > (UINT64_MAX - digit) / 10) return false;
        *out = 10 * *out + digit;
    }
    if (s->at == first) return false;
    scan(s, "L"); /* as Python 2 wrote long integers */
    return true;
}

/* "()", "(3,)", "(3, 4)" */
static bool scan_shape(scanner *s, header *h)
{
    if (!scan(s, "(")) return false;
    while (!scan(s, ")")) {
        if (h->rank == RANK_MAX || !scan_integer(s, &h->shape[h->rank])) return false;
        h->rank++;
        if (!scan(s, ",")) return scan(s, ")");
    }
    return true;
}

static bool scan_bool(scanner *s, bool *out)
{
    *out = scan(s, "True");
    return *out || scan(s, "False");
}

/* The whole dictionary and the padding after it; every key once. */
static bool scan_header(scanner *s, header *h)
{
    bool descr = false, order = false, shape = false, more = true;

    if (!scan(s, "{")) return false;
    while (!scan(s, "}")) {
        char key[DESCR_MAX];

        if (!more || !scan_string(s, key, sizeof key) || !scan(s, ":")) return false;
        if (strcmp(key, "descr") == 0 && !descr) {
            descr = true;
            if (!scan_string(s, h->descr, sizeof h->descr)) return false;
        } else if (strcmp(key, "fortran_order") == 0 && !order) {
            order = true;
            if (!scan_bool(s, &h->fortran)) return false;
        } else if (strcmp(key, "shape") == 0 && !shape) {
            shape = true;
            if (!scan_shape(s, h)) return false;
        } else {
            return false;
        }
        more = scan(s, ",");
    }
    skip_space(s);
    return descr && order && shape && s->at == s->end;
}

/* "<f8": order, kind, bytes. */
static bool parse_descr(header *h)
{
    static const char *const known[] = {"b1", "i1", "i2", "i4", "i8", "u1",
                                        "u2", "u4", "u8", "f2", "f4", "f8"};
    const char order = h->descr[0];

    if (order == '\0' || strchr("<>|", order) == NULL) return false;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(h->descr + 1, known[i]) != 0) continue;
        h->kind = known[i][0];
        h->item_bytes = (size_t)(known[i][1] - '0');
        h->big_endian = order == '>';
        return order != '|' || h->item_bytes == 1;
    }
    return false;
}

/* Reads what precedes the data; *data_at is where that starts. */
static lk_status parse_header(const char *path, const char *bytes, size_t total,
                              header *h, size_t *data_at, lk_error *err)
{
    const size_t fixed = MAGIC_BYTES + VERSION_BYTES;

    if (total < fixed || memcmp(bytes, magic, MAGIC_BYTES) != 0)
        return LK_FAIL(err, LK_E_FORMAT, "%s: not a .npy file", path);
    const int major = bytes[MAGIC_BYTES], minor = bytes[MAGIC_BYTES + 1];
    if (major < 1 || major > 3 || minor != 0)
        return LK_FAIL(err, LK_E_FORMAT, "%s: .npy version %d.%d, want 1.0, 2.0 or 3.0",
                       path, major, minor);
    const size_t start = fixed + (major == 1 ? 2 : 4);
    if (total < start)
        return LK_FAIL(err, LK_E_FORMAT, "%s: want %zu bytes, found %zu", path, start,
                       total);
    const size_t length = (size_t)lk_load_little(bytes + fixed, start - fixed);
    if (length > total - start)
        return LK_FAIL(err, LK_E_FORMAT, "%s: want %zu bytes of header, found %zu",
                       path, length, total - start);

    scanner s = {bytes + start, bytes + start + length};
    if (!scan_header(&s, h))
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s: header byte %zu: not a plain array (structured?)", path,
                       (size_t)(s.at - bytes));
    if (!parse_descr(h))
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s: dtype %s, want bool, integers or floats of up to 8 bytes",
                       path, h->descr);
    if (h->rank == 0)
        return LK_FAIL(err, LK_E_FORMAT, "%s: no dimensions, want one or more", path);
    *data_at = start + length;
    return LK_OK;
}

/* Rows and columns; false where the array's size overflows. */
static bool matrix_shape(const header *h, lk_matrix *out, size_t *bytes)
{
    size_t size = h->item_bytes;

    out->cols = 1;
    for (size_t i = h->rank; i-- > 0;) {
        /* doubles are to be made of it: their size must not overflow either */
        if (size > 0 && h->shape[i] > SIZE_MAX / sizeof(double) / size) return false;
        size *= (size_t)h->shape[i];
        if (i > 0) out->cols *= (size_t)h->shape[i];
    }
    out->rows = (size_t)h->shape[0];
    *bytes = size;
    return true;
}

/* The item, as a double; false for an integer that a double does not hold. */
static bool item_value(const header *h, const char *at, double *out)
{
    const size_t bytes = h->item_bytes;
    uint64_t word = h->big_endian ? lk_load_big(at, bytes) : lk_load_little(at, bytes);

    if (h->kind == 'f') {
        *out = bytes == 2   ? lk_value_f16(word)
               : bytes == 4 ? lk_value_f32(word)
                            : lk_value_f64(word);
        return true;
    }
    if (h->kind == 'b') {
        *out = word != 0 ? 1.0 : 0.0;
        return true;
    }
    const bool negative = h->kind == 'i' && (word >> (8 * bytes - 1)) != 0;
    if (negative) word = (~word + 1) & (UINT64_MAX >> (64 - 8 * bytes));
    *out = negative ? -(double)word : (double)word;
    return word <= UINT64_C(1) << 53 ||
           ((double)word < 0x1p64 && (uint64_t)(double)word == word);
}

/* Where a column starts among the items.  Columns count through the further dimensions
 * in row-major order; a Fortran-ordered file has the first of them nearest. */
static size_t column_start(const header *h, size_t column)
{
    size_t start = 0, stride = 1;

    if (!h->fortran) return column;
    for (size_t i = 0; i < h->rank; i++) {
        size_t below = 1; /* columns for one step along dimension i */

        if (i > 0) {
            for (size_t j = i + 1; j < h->rank; j++) below *= (size_t)h->shape[j];
            start += column / below % (size_t)h->shape[i] * stride;
        }
        stride *= (size_t)h->shape[i];
    }
    return start;
}

static lk_status convert(const char *path, const header *h, const char *items,
                         lk_matrix *out, lk_error *err)
{
    const size_t row_stride = h->fortran ? 1 : out->cols;

    out->data = (double *)malloc(out->rows * out->cols * sizeof(double) + 1);
    if (out->data == NULL)
        return LK_FAIL(err, LK_E_MEMORY, "%s: no room for %zu x %zu numbers", path,
                       out->rows, out->cols);
    /* An empty array may claim any number of columns: nothing to walk through. */
    for (size_t column = 0; out->rows > 0 && column < out->cols; column++) {
        const size_t start = column_start(h, column);

        for (size_t row = 0; row < out->rows; row++) {
            const char *at = items + (start + row * row_stride) * h->item_bytes;

            if (!item_value(h, at, &out->data[row * out->cols + column]))
                return LK_FAIL(err, LK_E_FORMAT,
                               "%s: row %zu, column %zu: an integer beyond 2^53 that a "
                               "double does not hold",
                               path, row, column);
        }
    }
    return LK_OK;
}

lk_status lk_npy_read(const char *path, lk_matrix *out, lk_error *err)
{
    lk_matrix matrix = {0};
    header h = {0};
    char *bytes = NULL;
    size_t total = 0, data_at = 0, want = 0;
    lk_status st = LK_OK;

    LK_TRY(lk_file_read(path, SIZE_MAX, &bytes, &total, err));
    LK_TRY(parse_header(path, bytes, total, &h, &data_at, err));
    if (!matrix_shape(&h, &matrix, &want)) {
        st = LK_FAIL(err, LK_E_FORMAT, "%s: shape overflows", path);
        goto out;
    }
    if (want != total - data_at) {
        st = LK_FAIL(err, LK_E_FORMAT, "%s: want %zu bytes of data, found %zu", path,
                     want, total - data_at);
        goto out;
    }
    LK_TRY(convert(path, &h, bytes + data_at, &matrix, err));
    *out = matrix;
    matrix = (lk_matrix){0}; /* now the caller's */

out:
    lk_matrix_release(&matrix);
    free(bytes);
    return st;
}

void lk_matrix_release(lk_matrix *matrix)
{
    free(matrix->data);
    *matrix = (lk_matrix){0};
}
