/* test_counts.c - attempts and successes from CSV and JSON lines, and what is refused. */
#include "largek/counts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "support/check.h"
#include "support/files.h"

static const char path[] = "counts.txt";

static lk_status read_text(const char *text, lk_duplicates duplicates, lk_counts *out,
                           size_t *rounded, lk_error *err)
{
    write_file(path, text, strlen(text));
    return lk_counts_read(path, duplicates, out, rounded, err);
}

static lk_counts read_good(const char *text)
{
    lk_counts counts = {0};
    lk_error err = {0};
    const lk_status st = read_text(text, LK_DUPLICATE_REFUSE, &counts, NULL, &err);

    if (st != LK_OK) print_error("%s\n", err.text);
    assert_int_equal(st, LK_OK);
    return counts;
}

/* Refused as LK_E_FORMAT with this text, and nothing written. */
static void check_refused(const char *text, const char *what)
{
    lk_counts counts = {.groups = 77};
    size_t rounded = 77;
    lk_error err = {0};
    const lk_status st = read_text(text, LK_DUPLICATE_REFUSE, &counts, &rounded, &err);

    if (strstr(err.text, what) == NULL) {
        print_error("for  %.60s\ngot  %s\nwant %s\n", text, err.text, what);
    }
    assert_int_equal(st, LK_E_FORMAT);
    assert_non_null(strstr(err.text, what));
    assert_int_equal(counts.groups, 77);
    assert_int_equal(rounded, 77);
}

static void check_row(const lk_counts *counts, size_t group, size_t i, const char *id,
                      uint64_t n, uint64_t c)
{
    assert_true(group < counts->groups && i < counts->group[group].problems);
    assert_string_equal(counts->group[group].id[i], id);
    assert_true(counts->group[group].n[i] == n);
    assert_true(counts->group[group].c[i] == c);
}

/* Two groups and two thresholds; rows of a group need not be together. */
static void check_groups(lk_counts counts)
{
    assert_int_equal(counts.group_columns, 2);
    assert_string_equal(counts.group_column[0], "model");
    assert_string_equal(counts.group_column[1], "task");
    assert_int_equal(counts.groups, 3);
    assert_string_equal(counts.group[0].value[0], "A");
    assert_string_equal(counts.group[0].value[1], "math, hard");
    assert_string_equal(counts.group[1].value[0], "B");
    assert_string_equal(counts.group[2].value[0], "A");
    assert_true(counts.group[0].threshold == 0.25);
    assert_true(counts.group[2].threshold == 0.5);
    assert_int_equal(counts.group[0].problems, 2);
    check_row(&counts, 0, 0, "p1", 10, 1);
    check_row(&counts, 0, 1, "p2", 30, 3);
    check_row(&counts, 1, 0, "p1", 20, 2);
    check_row(&counts, 2, 0, "p1", 40, 4);
    lk_counts_release(&counts);
    assert_null(counts.group);
    lk_counts_release(&counts); /* {0} is fine */
}

static void counts_are_grouped_by_value_and_threshold(void **state)
{
    (void)state;
    check_groups(read_good("model,id,n,c,task,threshold\n"
                           "A,p1,10,1,\"math, hard\",0.25\n"
                           "B,p1,20,2,\"math, hard\",0.25\n"
                           "A,p2,30,3,\"math, hard\",2.5e-1\n"
                           "A,p1,40,4,\"math, hard\",0.5\n"));
    check_groups(read_good(
        "{\"model\":\"A\",\"id\":\"p1\",\"n\":10,\"c\":1,\"task\":\"math, hard\","
        "\"threshold\":0.25}\n"
        "{\"n\":20,\"c\":2,\"model\":\"B\",\"id\":\"p1\",\"task\":\"math, hard\","
        "\"threshold\":0.25}\n"
        "{\"model\":\"A\",\"id\":\"p2\",\"n\":30,\"c\":3,\"task\":\"math\\u002c hard\","
        "\"threshold\":2.5e-1}\n"
        "{\"model\":\"A\",\"id\":\"p1\",\"n\":40,\"c\":4,\"task\":\"math, hard\","
        "\"threshold\":0.5}\n"));
}

static void counts_know_the_usual_names(void **state)
{
    static const char *const id[] = {"id", "task_id", "problem", "problem_idx",
                                     "question_id"};
    static const char *const n[] = {"n", "num_samples", "total", "attempts",
                                    "num_trials"};
    static const char *const c[] = {"c", "num_correct", "correct", "successes",
                                    "passed"};
    char text[200];
    (void)state;

    for (size_t i = 0; i < 5; i++) {
        snprintf(text, sizeof text, "%s,%s,%s\nx,7,3\n", id[i], n[i], c[i]);
        lk_counts counts = read_good(text);

        check_row(&counts, 0, 0, "x", 7, 3);
        assert_true(isnan(counts.group[0].threshold));
        assert_int_equal(counts.group_columns, 0);
        lk_counts_release(&counts);
    }
    check_refused("Id,n,c\nx,7,3\n", "counts.txt:1: none of id, task_id, problem, "
                                     "problem_idx, question_id; columns: Id, n, c");
    check_refused("id,problem,n,c\nx,y,7,3\n", "'id' and 'problem' mean the same");
    check_refused("id,n,c,n\nx,7,3,7\n", "two columns named 'n'");
    check_refused(",id,n,c\n0,x,7,3\n", "column 1 has no name");
    check_refused("id,n,c,a,b,d,e,f,g,h,i,j,k,l,m,o,p,q,r,s\n",
                  "more than 16 group columns");
    check_refused("id,n,c,a,b,d,e,f,g,h,i,j,k,l,m,o,p,q,r,s,t,u\n", "22 columns");
}

static void counts_are_exact(void **state)
{
    static const char *const same[] = {
        "id,n,c\na,9007199254740993,9007199254740991\nb,1e4,10000.0\n",
        "{\"id\":\"a\",\"n\":9007199254740993,\"c\":9007199254740991}\n"
        "{\"id\":\"b\",\"n\":1e4,\"c\":10000.0}\n",
        "{\"id\":\"a\",\"n\":9007199254740993.0,\"c\":9.007199254740991e15}\n"
        "{\"c\":10000,\"id\":\"b\",\"n\":\"1e4\"}\n",
    };
    (void)state;

    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        lk_counts counts = read_good(same[i]);

        check_row(&counts, 0, 0, "a", 9007199254740993, 9007199254740991);
        check_row(&counts, 0, 1, "b", 10000, 10000);
        lk_counts_release(&counts);
    }
    check_refused("id,n,c\na,4611686018427387905,1\n", "counts.txt:2: n '46116860184273"
                                                       "87905' is above 2^62");
}

static void counts_near_an_integer_are_counted_as_rounded(void **state)
{
    lk_counts counts = {0};
    size_t rounded = 0;
    (void)state;

    assert_int_equal(read_text("id,n,c\na,10,2.9999999\nb,10.0000001,3\nc,10,4\n",
                               LK_DUPLICATE_REFUSE, &counts, &rounded, NULL),
                     LK_OK);
    assert_int_equal(rounded, 2);
    check_row(&counts, 0, 0, "a", 10, 3);
    check_row(&counts, 0, 1, "b", 10, 3);
    lk_counts_release(&counts);
}

static void hostile_counts_are_refused_with_their_line(void **state)
{
    (void)state;
    check_refused("id,n,c\na,10,3\nb,10,11\n",
                  "counts.txt:3: 11 successes in 10 attempts");
    check_refused("id,n,c\na,-1,0\n", "counts.txt:2: n '-1' is negative");
    check_refused("id,n,c\na,10,-3\n", "counts.txt:2: c '-3' is negative");
    check_refused("id,n,c\na,1e400,0\n", "counts.txt:2: n '1e400' is above 2^62");
    check_refused("id,n,c\na,10,2.5\n", "c '2.5' is not an integer");
    check_refused("id,n,c\na,,2\n", "counts.txt:2: n '' is not a number");
    check_refused("id,n,c\na,ten,2\n", "n 'ten' is not a number");
    check_refused("id,n,c\na,nan,2\n", "n 'nan' is not a number");
    check_refused("id,n,c\n,10,2\n", "counts.txt:2: the id is empty");
    check_refused("id,n,c,threshold\na,10,2,inf\n", "threshold 'inf' is not a finite");
    check_refused("id,n,c,threshold\na,10,2,0.5x\n", "threshold '0.5x'");
    check_refused("", "counts.txt: no rows");
    check_refused("\n\n", "counts.txt: no rows");
    check_refused("id,n,c\n", "counts.txt: no rows");
    check_refused("id,n,c\na,10\n", "counts.txt:2: 2 cells, the header has 3");
    check_refused("id,n,c\na,10,3,4\n", "counts.txt:2: 4 cells, the header has 3");
}

static void duplicates_are_refused_summed_or_dropped(void **state)
{
    static const char text[] = "id,n,c\na,10,3\nb,5,5\na,20,4\n";
    lk_counts counts = {0};
    (void)state;

    check_refused(text, "counts.txt:4: 'a' again, first on line 2");
    assert_int_equal(read_text(text, LK_DUPLICATE_SUM, &counts, NULL, NULL), LK_OK);
    assert_int_equal(counts.group[0].problems, 2);
    check_row(&counts, 0, 0, "a", 30, 7);
    check_row(&counts, 0, 1, "b", 5, 5);
    lk_counts_release(&counts);
    assert_int_equal(read_text(text, LK_DUPLICATE_FIRST, &counts, NULL, NULL), LK_OK);
    assert_int_equal(counts.group[0].problems, 2);
    check_row(&counts, 0, 0, "a", 10, 3);
    lk_counts_release(&counts);
    assert_int_equal(read_text("id,n,c\na,3e18,1\na,3e18,1\n", LK_DUPLICATE_SUM,
                               &counts, NULL, NULL),
                     LK_E_FORMAT);
}

static void csv_quotes_follow_rfc_4180(void **state)
{
    lk_counts counts = read_good("\xef\xbb\xbf\"id\",n,\"c\"\r\n"
                                 "\"a \"\"x\"\", y\",10,\"3\"\r\n"
                                 "\r\n"
                                 "\"two\r\nlines\",\"20\",4\r\n"
                                 "last,5,1");
    (void)state;

    check_row(&counts, 0, 0, "a \"x\", y", 10, 3);
    check_row(&counts, 0, 1, "two\nlines", 20, 4);
    check_row(&counts, 0, 2, "last", 5, 1);
    lk_counts_release(&counts);
    check_refused("id,n,c\na,1,1\n\"b,1,1\nc,1,1\n",
                  "counts.txt:3: a quote is never closed");
    check_refused("id,n,c\na\"b\",1,1\n", "counts.txt:2: a stray quote in cell 1");
    check_refused("id,n,c\na,\"1\"0,1\n", "counts.txt:2: a stray quote in cell 2");
    check_refused("id,n,c\n\"two\nlines\",9,1\nb,1,2\n", "counts.txt:4: 2 successes");
}

static void jsonl_takes_flat_objects_only(void **state)
{
    lk_counts counts = read_good("\xef\xbb\xbf \n{\"task_id\": 17, \"n\": 5, \"c\": 2, "
                                 "\"s\": \"1e9 \\\" 2\", \"t\": 0.30, \"b\": true, "
                                 "\"e\": null, \"threshold\": null}\r\n\r\n");
    (void)state;

    check_row(&counts, 0, 0, "17", 5, 2);
    assert_string_equal(counts.group[0].value[0], "1e9 \" 2");
    assert_string_equal(counts.group[0].value[1], "0.30");
    assert_string_equal(counts.group[0].value[2], "true");
    assert_string_equal(counts.group[0].value[3], "");
    assert_true(isnan(counts.group[0].threshold));
    lk_counts_release(&counts);

    check_refused("[{\"id\":1,\"n\":5,\"c\":2}]\n",
                  "counts.txt:1:1: not a JSON object");
    check_refused("{\"id\":1,\"n\":5,\"c\":2}\n{\"id\":2,\"n\":5}\n",
                  "counts.txt:2: no 'c'; keys: id, n");
    check_refused("{\"id\":1,\"n\":5,\"c\":2}\n{\"id\":2,\"n\":5,\"c\":1,\"x\":1}\n",
                  "counts.txt:2: keys that the first line lacks: id, n, c, x");
    check_refused("{\"id\":1,\"n\":5}\n", "none of c, num_correct");
    check_refused("{\"id\":1,\"n\":5,\"c\":[2]}\n", "counts.txt:1: 'c' is a list");
    check_refused("{\"id\":1,\"n\":5,\"c\":true}\n", "c 'true' is not a number");
    check_refused("{\"id\":1,\"n\":5,\"c\":null}\n", "c '' is not a number");
    check_refused("{\"id\":1,\"n\":5,\"c\":6}\n", "counts.txt:1: 6 successes");
}

static void hostile_json_is_refused_with_its_place(void **state)
{
    enum { DEEP = 100000 };
    char *deep = malloc(DEEP + 20);
    (void)state;

    assert_non_null(deep);
    check_refused("{\"id\":1,\"n\":5,\"c\":NaN}\n", "counts.txt:1:");
    check_refused("{\"id\":1,\"n\":5,\"c\":1e400}\n", "counts.txt:1:");
    check_refused("{\"id\":1,\"n\":99999999999999999999,\"c\":1}\n", "counts.txt:1:");
    check_refused("{\"id\":1,\"n\":5,\"c\":2}\n{\"id\":2,\"n\":5,", "counts.txt:2:");
    check_refused("{\"id\":1,\"n\":5,\"c\":2} x\n", "counts.txt:1:");
    check_refused("{\"id\":1,\"n\":5,\"n\":6,\"c\":2}\n", "uplicate");
    check_refused("{\"id\":\"\\u0000\",\"n\":5,\"c\":2}\n", "counts.txt:1:");
    check_refused("{\"id\":\"\\ud800\",\"n\":5,\"c\":2}\n", "counts.txt:1:");
    check_refused("{\"id\":\"\x80\",\"n\":5,\"c\":2}\n", "counts.txt:1:8: not UTF-8");
    memcpy(deep, "{\"id\":", 7);
    memset(deep + 6, '[', DEEP);
    deep[6 + DEEP] = '\0';
    check_refused(deep, "counts.txt:1:");
    free(deep);
}

/* A valid line of 100 MB: a long group value. */
static void jsonl_reads_a_very_long_line(void **state)
{
    const size_t long_bytes = 100000000;
    static const char start[] = "{\"id\":1,\"n\":5,\"c\":2,\"note\":\"";
    char *text = malloc(sizeof start + long_bytes + 10);
    (void)state;

    assert_non_null(text);
    memcpy(text, start, sizeof start);
    memset(text + sizeof start - 1, 'x', long_bytes);
    memcpy(text + sizeof start - 1 + long_bytes, "\"}\n", 4);
    lk_counts counts = read_good(text);

    check_row(&counts, 0, 0, "1", 5, 2);
    assert_int_equal(strlen(counts.group[0].value[0]), long_bytes);
    lk_counts_release(&counts);
    free(text);
}

static void counts_are_read_from_gzip(void **state)
{
    static const char text[] = "id,n,c\na,10,3\n";
    lk_counts counts = {0};
    gzFile file = gzopen(path, "wb");
    (void)state;

    assert_int_equal(gzwrite(file, text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(gzclose(file), Z_OK);
    assert_int_equal(lk_counts_read(path, LK_DUPLICATE_REFUSE, &counts, NULL, NULL),
                     LK_OK);
    check_row(&counts, 0, 0, "a", 10, 3);
    lk_counts_release(&counts);
    assert_int_equal(lk_counts_read("none", LK_DUPLICATE_REFUSE, &counts, NULL, NULL),
                     LK_E_IO);
}

/* Enough rows and groups that the tables grow many times. */
static void many_rows_keep_their_order(void **state)
{
    enum { ROWS = 100000, GROUPS = 1000 };
    char *text = malloc(ROWS * 40);
    size_t used = 0;
    (void)state;

    assert_non_null(text);
    used += (size_t)snprintf(text, 40, "id,group,n,c\n");
    for (int i = 0; i < ROWS; i++) {
        used += (size_t)snprintf(text + used, 40, "%d,g%d,%d,%d\n", i, i % GROUPS, i,
                                 i / 2);
    }
    lk_counts counts = read_good(text);

    assert_int_equal(counts.groups, GROUPS);
    for (size_t g = 0; g < GROUPS; g++) {
        assert_int_equal(counts.group[g].problems, ROWS / GROUPS);
        for (size_t i = 0; i < ROWS / GROUPS; i++) {
            const uint64_t row = i * GROUPS + g;

            assert_true(counts.group[g].n[i] == row && counts.group[g].c[i] == row / 2);
            assert_true(strtoull(counts.group[g].id[i], NULL, 10) == row);
        }
    }
    lk_counts_release(&counts);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_grouped_by_value_and_threshold),
        cmocka_unit_test(counts_know_the_usual_names),
        cmocka_unit_test(counts_are_exact),
        cmocka_unit_test(counts_near_an_integer_are_counted_as_rounded),
        cmocka_unit_test(hostile_counts_are_refused_with_their_line),
        cmocka_unit_test(duplicates_are_refused_summed_or_dropped),
        cmocka_unit_test(csv_quotes_follow_rfc_4180),
        cmocka_unit_test(jsonl_takes_flat_objects_only),
        cmocka_unit_test(hostile_json_is_refused_with_its_place),
        cmocka_unit_test(jsonl_reads_a_very_long_line),
        cmocka_unit_test(counts_are_read_from_gzip),
        cmocka_unit_test(many_rows_keep_their_order),
    };
    return cmocka_run_group_tests_name("counts", tests, scratch_enter, scratch_leave);
}
