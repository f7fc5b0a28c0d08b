/* test_table.c - rows as a table for people, CSV and JSON. */
#include "io/table.h"

#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"

static const lk_column columns[] = {
    {"k", LK_CELL_COUNT},
    {"model", LK_CELL_GROUP},
    {"pass", LK_CELL_REAL},
    {"note", LK_CELL_TEXT},
};

static const char nasty[] = "a,\"b\"\n\t\\\x01\xc3\xa9";

/* Two rows with all that needs care; the caller frees the text. */
static char *write_rows(lk_format format)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);
    lk_table *table = NULL;

    assert_non_null(to);
    assert_int_equal(lk_table_open(to, format, "passk", columns, 4, &table, NULL),
                     LK_OK);
    lk_table_head_text(table, "seed", "7");
    lk_table_count(table, UINT64_MAX);
    lk_table_text(table, "A");
    lk_table_real(table, 0.1);
    lk_table_text(table, nasty);
    lk_table_count(table, 5);
    lk_table_text(table, "B\xc3\xa9");
    lk_table_real(table, NAN);
    lk_table_text(table, NULL);
    assert_int_equal(lk_table_close(table, NULL), LK_OK);
    fclose(to);
    return text;
}

static void json_is_exact_to_the_byte(void **state)
{
    char *text = write_rows(LK_FORMAT_JSON);
    (void)state;

    assert_string_equal(
        text,
        "{\"schema\":1,\"command\":\"passk\",\"seed\":\"7\",\"rows\":[\n"
        "{\"group\":{\"model\":\"A\"},\"k\":18446744073709551615,\"pass\":0.1,"
        "\"note\":\"a,\\\"b\\\"\\n\\t\\\\\\u0001\xc3\xa9\"},\n"
        "{\"group\":{\"model\":\"B\xc3\xa9\"},\"k\":5,\"pass\":null,\"note\":null}\n"
        "]}\n");
    free(text);
}

/* Members of objects, objects in objects, and those that a row does not have. */
static void points_in_names_make_objects(void **state)
{
    static const lk_column nested[] = {
        {"a.b", LK_CELL_GROUP},      {"law", LK_CELL_TEXT},
        {"p.x.value", LK_CELL_REAL}, {"p.x.lo", LK_CELL_REAL},
        {"p.y.value", LK_CELL_REAL}, {"q.z", LK_CELL_REAL},
        {"end", LK_CELL_COUNT}};
    static const char *const want[] = {
        [LK_FORMAT_JSON] =
            "{\"schema\":1,\"command\":\"fit\",\"rows\":[\n"
            "{\"group\":{\"a.b\":\"A\"},\"law\":\"l\",\"p\":{\"x\":{\"value\":1,\"lo\":"
            "null},\"y\":{\"value\":2}},\"q\":{\"z\":3},\"end\":4},\n"
            "{\"group\":{\"a.b\":\"B\"},\"law\":\"m\",\"p\":{\"y\":{\"value\":5}},\"end\":6},"
            "\n"
            "{\"group\":{},\"law\":\"n\",\"p\":{\"x\":{\"lo\":7}}}\n"
            "]}\n",
        [LK_FORMAT_CSV] = "a.b,law,p.x.value,p.x.lo,p.y.value,q.z,end\n"
                          "A,l,1,,2,3,4\n"
                          "B,m,,,5,,6\n"
                          ",n,,7,,,\n"};
    (void)state;

    for (int format = LK_FORMAT_CSV; format <= LK_FORMAT_JSON; format++) {
        char *text = NULL;
        size_t bytes = 0;
        FILE *to = open_memstream(&text, &bytes);
        lk_table *t = NULL;

        assert_non_null(to);
        assert_int_equal(
            lk_table_open(to, (lk_format)format, "fit", nested, 7, &t, NULL), LK_OK);
        lk_table_text(t, "A"), lk_table_text(t, "l"), lk_table_real(t, 1.0);
        lk_table_real(t, NAN), lk_table_real(t, 2.0), lk_table_real(t, 3.0);
        lk_table_count(t, 4);
        lk_table_text(t, "B"), lk_table_text(t, "m"), lk_table_absent(t);
        lk_table_absent(t), lk_table_real(t, 5.0), lk_table_absent(t);
        lk_table_count(t, 6);
        lk_table_absent(t), lk_table_text(t, "n"), lk_table_absent(t);
        lk_table_real(t, 7.0), lk_table_absent(t), lk_table_absent(t);
        lk_table_absent(t);
        assert_int_equal(lk_table_close(t, NULL), LK_OK);
        fclose(to);
        assert_string_equal(text, want[format]);
        free(text);
    }
}

static void csv_is_exact_to_the_byte(void **state)
{
    char *text = write_rows(LK_FORMAT_CSV);
    (void)state;

    assert_string_equal(text,
                        "k,model,pass,note\n"
                        "18446744073709551615,A,0.1,\"a,\"\"b\"\"\n\t\\\x01\xc3\xa9\"\n"
                        "5,B\xc3\xa9,,\n");
    free(text);
}

static void people_get_aligned_columns(void **state)
{
    char *text = write_rows(LK_FORMAT_TABLE);
    (void)state;

    assert_string_equal(text,
                        "# seed: 7\n"
                        "                   k  model  pass  note\n"
                        "18446744073709551615  A       0.1  a,\"b\"??\\?\xc3\xa9\n"
                        "                   5  B\xc3\xa9        -  -\n");
    free(text);
}

static void tables_may_have_no_rows(void **state)
{
    static const char *const want[] = {
        "k  model  pass  note\n", "k,model,pass,note\n",
        "{\"schema\":1,\"command\":\"x\",\"rows\":[]}\n"};
    (void)state;

    for (int format = LK_FORMAT_TABLE; format <= LK_FORMAT_JSON; format++) {
        char *text = NULL;
        size_t bytes = 0;
        FILE *to = open_memstream(&text, &bytes);
        lk_table *table = NULL;

        lk_table_open(to, (lk_format)format, "x", columns, 4, &table, NULL);
        assert_int_equal(lk_table_close(table, NULL), LK_OK);
        fclose(to);
        assert_string_equal(text, want[format]);
        free(text);
    }
}

/* One column of reals as JSON. */
static json_t *write_reals(const double *value, size_t count)
{
    static const lk_column one = {"x", LK_CELL_REAL};
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);
    lk_table *table = NULL;

    lk_table_open(to, LK_FORMAT_JSON, "x", &one, 1, &table, NULL);
    for (size_t i = 0; i < count; i++) lk_table_real(table, value[i]);
    assert_int_equal(lk_table_close(table, NULL), LK_OK);
    fclose(to);

    json_t *root = json_loads(text, 0, NULL);
    assert_non_null(root);
    free(text);
    return root;
}

static void reals_read_back_to_the_same_double(void **state)
{
    static const double value[] = {
        0.0,     -0.0,    1.0 / 3.0,    0.1,       1e300,
        DBL_MIN, DBL_MAX, DBL_TRUE_MIN, 0x1p-53,   -2.5,
        1e22,    100.0,   5e-324,       0.1 + 0.2, 123456789012345680.0};
    static const double none[] = {NAN, INFINITY, -INFINITY};
    const size_t count = sizeof value / sizeof value[0];
    json_t *root = write_reals(value, count);
    json_t *nulls = write_reals(none, 3);
    (void)state;

    for (size_t i = 0; i < count; i++) {
        json_t *x =
            json_object_get(json_array_get(json_object_get(root, "rows"), i), "x");
        const double got = json_number_value(x);

        assert_true(json_is_number(x) && got == value[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        json_t *row = json_array_get(json_object_get(nulls, "rows"), i);

        assert_true(json_is_null(json_object_get(row, "x")));
        assert_int_equal(json_object_size(json_object_get(row, "group")), 0);
    }
    json_decref(root);
    json_decref(nulls);
}

static void json_stays_json_whatever_the_text(void **state)
{
    static const lk_column one = {"x", LK_CELL_TEXT};
    char *text = NULL, all[256];
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);
    lk_table *table = NULL;
    (void)state;

    for (int i = 1; i < 256; i++) all[i - 1] = (char)i; /* no UTF-8 from 0x80 on */
    all[255] = '\0';
    lk_table_open(to, LK_FORMAT_JSON, "x", &one, 1, &table, NULL);
    lk_table_text(table, all);
    assert_int_equal(lk_table_close(table, NULL), LK_OK);
    fclose(to);

    json_t *root = json_loads(text, 0, NULL);
    assert_non_null(root);
    json_t *row = json_array_get(json_object_get(root, "rows"), 0);
    const char *got = json_string_value(json_object_get(row, "x"));

    assert_memory_equal(got, all, 127);
    assert_int_equal(strlen(got), 127 + 128 * 3); /* U+FFFD for each */
    json_decref(root);
    free(text);
}

static lk_status close_after(void (*misuse)(lk_table *), lk_error *err)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&text, &bytes);
    lk_table *table = NULL;

    lk_table_open(to, LK_FORMAT_CSV, "x", columns, 4, &table, NULL);
    misuse(table);
    const lk_status st = lk_table_close(table, err);

    fclose(to);
    free(text);
    return st;
}

static void wrong_kind(lk_table *table)
{
    lk_table_count(table, 1);
    lk_table_real(table, 1.0);
    lk_table_text(table, "later calls do nothing");
}

static void half_a_row(lk_table *table)
{
    lk_table_count(table, 1);
}

static void late_head(lk_table *table)
{
    lk_table_count(table, 1);
    lk_table_null(table);
    lk_table_null(table);
    lk_table_null(table);
    lk_table_head_text(table, "seed", "7");
}

static void misuse_is_reported_at_the_end(void **state)
{
    lk_error err = {0};
    (void)state;

    assert_int_equal(close_after(wrong_kind, &err), LK_E_INTERNAL);
    assert_non_null(strstr(err.text, "another kind"));
    assert_int_equal(close_after(half_a_row, &err), LK_E_INTERNAL);
    assert_non_null(strstr(err.text, "not ended"));
    assert_int_equal(close_after(late_head, &err), LK_E_INTERNAL);
    assert_non_null(strstr(err.text, "head entry"));
}

static void a_full_disk_is_reported(void **state)
{
    FILE *to = fopen("/dev/full", "w");
    lk_table *table = NULL;
    lk_error err = {0};
    (void)state;

    if (to == NULL) {
        print_message("skipped: no /dev/full\n");
        skip();
    }
    lk_table_open(to, LK_FORMAT_CSV, "x", columns, 4, &table, NULL);
    assert_int_equal(lk_table_close(table, &err), LK_E_IO);
    assert_non_null(strstr(err.text, "No space left"));
    fclose(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_exact_to_the_byte),
        cmocka_unit_test(points_in_names_make_objects),
        cmocka_unit_test(csv_is_exact_to_the_byte),
        cmocka_unit_test(people_get_aligned_columns),
        cmocka_unit_test(tables_may_have_no_rows),
        cmocka_unit_test(reals_read_back_to_the_same_double),
        cmocka_unit_test(json_stays_json_whatever_the_text),
        cmocka_unit_test(misuse_is_reported_at_the_end),
        cmocka_unit_test(a_full_disk_is_reported),
    };
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
