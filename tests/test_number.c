/* test_number.c - counts, reals, durations and ranges: exact, or refused with a reason. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/number.h"
#include "support/check.h"

static void counts_are_read_exactly(void **state)
{
    static const struct {
        const char *text;
        uint64_t want;
    } row[] = {
        {"0", 0},
        {"007", 7},
        {"1e9", 1000000000},
        {"1.5e6", 1500000},
        {"2.50e+1", 25},
        {"10k", 10000},
        {"10K", 10000},
        {"2.5M", 2500000},
        {"1G", 1000000000},
        {"3T", 3000000000000},
        {"2^30", 1073741824},
        {"10^3", 1000},
        {"2^0", 1},
        {"1.", 1},
        {"1000e-3", 1},
        {"1.0000000000000000000000000000e3", 1000},
        {"9007199254740993", 9007199254740993}, /* 2^53 + 1: no double holds it */
        {"2^62", LK_COUNT_MAX},
        {"4611686018427387904", LK_COUNT_MAX},
        {"0e99999999999999999999", 0},
        {"1^99999", 1},
    };
    (void)state;

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        uint64_t got = 77;
        lk_error err = {0};

        if (lk_parse_count(row[i].text, LK_COUNT_MAX, &got, &err) != LK_OK) {
            fail_msg("%s: %s", row[i].text, err.text);
        }
        assert_int_equal(got, row[i].want);
    }
}

static void other_counts_are_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text, *reason;
    } row[] = {
        {"", "empty"},
        {"-5", "negative"},
        {"1.5", "not a whole number"},
        {"1e-3", "not a whole number"},
        {"1.23k", NULL}, /* 1230: fine */
        {"1.2345k", "not a whole number"},
        {"1_000_000", "not grouped"},
        {"1e", "not a count"},
        {"e5", "not a count"},
        {".", "not a count"},
        {"10m", "not a count"},
        {"10kk", "not a count"},
        {"0x10", "not a count"},
        {" 5", "not a count"},
        {"5 ", "not a count"},
        {"+5", "not a count"},
        {"nan", "not a count"},
        {"2^", "not a power"},
        {"^2", "not a power"},
        {"2^3^4", "not a power"},
        {"2^1k", "not a power"},
        {"2e19", "more than 2^62"}, /* 2^64 wraps it to less */
        {"2^63", "more than 2^62"},
        {"4611686018427387905", "more than 2^62"},
        {"99999999999999999999999", "more than 2^62"},
        {"1e400", "more than 2^62"},
        {"10^99999999999", "more than 2^62"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        uint64_t got = 77;
        lk_error err = {0};
        const lk_status st = lk_parse_count(row[i].text, LK_COUNT_MAX, &got, &err);

        if (row[i].reason == NULL) {
            assert_int_equal(st, LK_OK);
            continue;
        }
        assert_int_equal(st, LK_E_ARG);
        assert_int_equal(got, 77); /* a failure writes no output */
        if (strstr(err.text, row[i].reason) == NULL) {
            fail_msg("'%s': %s", row[i].text, err.text);
        }
    }
}

static void a_seed_may_have_all_64_bits(void **state)
{
    uint64_t got = 0;
    (void)state;

    assert_int_equal(lk_parse_count("18446744073709551615", UINT64_MAX, &got, NULL),
                     LK_OK);
    assert_true(got == UINT64_MAX);
    assert_int_equal(lk_parse_count("18446744073709551616", UINT64_MAX, &got, NULL),
                     LK_E_ARG);
    assert_int_equal(lk_parse_count("2^64", UINT64_MAX, &got, NULL), LK_E_ARG);
}

static void reals_are_finite_decimals(void **state)
{
    static const char *const refused[] = {"",     "nan",   "inf", "0x1p3", "1e400",
                                          "1e5x", "1.2.3", " 1",  "-",     "1,5"};
    double got = 0.0;
    (void)state;

    assert_int_equal(lk_parse_real("4e-3", &got, NULL), LK_OK);
    assert_true(got == 0.004);
    assert_int_equal(lk_parse_real("-.5", &got, NULL), LK_OK);
    assert_true(got == -0.5);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(lk_parse_real(refused[i], &got, NULL), LK_E_ARG);
    }
}

static void durations_have_units(void **state)
{
    static const char *const refused[] = {"",   "30",  "5m3h", "h",    "3h55",
                                          "3x", "-1s", "0s",   "1h1h", "1..5s"};
    double got = 0.0;
    (void)state;

    assert_int_equal(lk_parse_duration("3h55m", &got, NULL), LK_OK);
    assert_true(got == 14100.0);
    assert_int_equal(lk_parse_duration("2d", &got, NULL), LK_OK);
    assert_true(got == 172800.0);
    assert_int_equal(lk_parse_duration("1d0.5s", &got, NULL), LK_OK);
    assert_true(got == 86400.5);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(lk_parse_duration(refused[i], &got, NULL), LK_E_ARG);
    }
}

/* A list as text, "1 2 3", or the error. */
static const char *list_text(const char *text, lk_list_kind kind)
{
    static char out[512];
    lk_count_list list = {0};
    lk_error err = {0};
    size_t used = 0;

    if (lk_parse_count_list(text, kind, &list, &err) != LK_OK) {
        snprintf(out, sizeof out, "%s", err.text);
        return out;
    }
    out[0] = '\0';
    for (size_t i = 0; i < list.count && used + 24 < sizeof out; i++) {
        used += (size_t)snprintf(out + used, sizeof out - used, "%s%llu",
                                 i == 0 ? "" : " ", (unsigned long long)list.value[i]);
    }
    free(list.value);
    return out;
}

static void grids_hold_both_ends_once_and_in_order(void **state)
{
    (void)state;
    assert_string_equal(list_text("5", LK_LIST_GRID), "5");
    assert_string_equal(list_text("10,1,5,1", LK_LIST_GRID), "1 5 10");
    assert_string_equal(list_text("3:6", LK_LIST_GRID), "3 4 5 6");
    assert_string_equal(list_text("1:10:4", LK_LIST_GRID), "1 5 9");
    assert_string_equal(list_text("1:100:log", LK_LIST_GRID),
                        "1 2 3 6 10 18 32 56 100");
    assert_string_equal(
        list_text("1:1e9:log=1", LK_LIST_GRID),
        "1 10 100 1000 10000 100000 1000000 10000000 100000000 1000000000");
    assert_string_equal(list_text("1:5:log=10", LK_LIST_GRID), "1 2 3 4 5");
    assert_string_equal(list_text("1:25000:log=1", LK_LIST_GRID),
                        "1 10 100 1000 10000 25000");
    assert_string_equal(list_text("7:7:log", LK_LIST_GRID), "7");
    assert_string_equal(list_text("1,100:300:100", LK_LIST_GRID), "1 100 200 300");
}

static void indices_are_half_open_and_keep_their_order(void **state)
{
    (void)state;
    assert_string_equal(list_text("0:4", LK_LIST_INDICES), "0 1 2 3");
    assert_string_equal(list_text("0:20:8", LK_LIST_INDICES), "0 8 16");
    assert_string_equal(list_text("0:16:8", LK_LIST_INDICES), "0 8");
    assert_string_equal(list_text("5,3,5", LK_LIST_INDICES), "5 3 5");
    assert_string_equal(list_text("4:4", LK_LIST_INDICES), "'4:4' is empty");
    assert_string_equal(list_text("400,200,400", LK_LIST_SIZES), "400 200 400");
}

static void lists_that_make_no_sense_are_refused(void **state)
{
    static const struct {
        const char *text, *reason;
    } row[] = {
        {"", "empty"},
        {"1,,2", "empty"},
        {"1,", "empty"},
        {"0", "0 is not allowed"},
        {"0:5", "0 is not allowed"},
        {"5:1", "'5:1' is empty"},
        {"0:10:log", "cannot start at 0"},
        {"1:10:0", "step is 0"},
        {"1:10:log=0", "0 values a decade"},
        {"1:10:log10", "neither a step nor log=N"},
        {"1:10:2:3", "more than three parts"},
        {"1:1e9", "more than 1000000 values; try 1:1e9:log"},
        {"1:2^63:log", "more than 2^62"},
        {"1:x", "'x' is not a count"},
        {"@/no/such/file", "No such file"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        const char *said = list_text(row[i].text, LK_LIST_GRID);

        if (strstr(said, row[i].reason) == NULL)
            fail_msg("'%s': %s", row[i].text, said);
    }
    assert_non_null(strstr(list_text("1:5", LK_LIST_SIZES), "not a range"));
    assert_non_null(strstr(list_text("0", LK_LIST_SIZES), "0 is not allowed"));
}

static void a_file_holds_numbers_between_white_space(void **state)
{
    FILE *file = fopen("test_number.tmp", "w");
    (void)state;

    assert_non_null(file);
    fputs("10 1e2\n\t1\r\n1k\n", file);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(list_text("@test_number.tmp", LK_LIST_GRID), "1 10 100 1000");
    file = fopen("test_number.tmp", "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_non_null(strstr(list_text("@test_number.tmp", LK_LIST_GRID), "no numbers"));
    remove("test_number.tmp");
}

/* A threshold from a range must be the number that a person writes. */
static void real_ranges_give_the_numbers_one_writes(void **state)
{
    static const double steps[] = {0.1, 0.2, 0.3}, log[] = {0.001, 0.01, 0.02};
    lk_real_list list = {0};
    (void)state;

    assert_int_equal(lk_parse_real_list("0.1:0.3:0.1", &list, NULL), LK_OK);
    assert_int_equal(list.count, 3);
    assert_memory_equal(list.value, steps, sizeof steps);
    free(list.value);
    assert_int_equal(lk_parse_real_list("0.001:0.02:log=1", &list, NULL), LK_OK);
    assert_int_equal(list.count, 3);
    assert_memory_equal(list.value, log, sizeof log);
    free(list.value);
    assert_int_equal(lk_parse_real_list("0.02,-1,0.02", &list, NULL), LK_OK);
    assert_int_equal(list.count, 2);
    assert_true(list.value[0] == -1.0);
    free(list.value);
    assert_int_equal(lk_parse_real_list("0:1:log", &list, NULL), LK_E_ARG);
    assert_int_equal(lk_parse_real_list("0:1", &list, NULL), LK_E_ARG);
    assert_int_equal(lk_parse_real_list("1:0:0.1", &list, NULL), LK_E_ARG);
    assert_int_equal(lk_parse_real_list("0:1:-0.1", &list, NULL), LK_E_ARG);
    assert_int_equal(lk_parse_real_list("0:1:1e-9", &list, NULL), LK_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_read_exactly),
        cmocka_unit_test(other_counts_are_refused_with_the_reason),
        cmocka_unit_test(a_seed_may_have_all_64_bits),
        cmocka_unit_test(reals_are_finite_decimals),
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(grids_hold_both_ends_once_and_in_order),
        cmocka_unit_test(indices_are_half_open_and_keep_their_order),
        cmocka_unit_test(lists_that_make_no_sense_are_refused),
        cmocka_unit_test(a_file_holds_numbers_between_white_space),
        cmocka_unit_test(real_ranges_give_the_numbers_one_writes),
    };
    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
