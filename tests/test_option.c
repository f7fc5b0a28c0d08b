/* test_option.c - command lines against their tables. */
#include <stdio.h>
#include <string.h>

#include "cli/option.h"
#include "cli/suggest.h"
#include "support/check.h"

typedef enum { RED, GREEN, BLUE } shade;

typedef struct {
    bool flag;
    const char *text, *file, *more;
    uint64_t count, seed;
    double real, seconds;
    shade choice;
    lk_count_list grid;
    lk_real_list reals;
} arguments;

static const char *const shades[] = {"red", "green", "blue", NULL};

#define FIELD(name) offsetof(arguments, name)

static const lk_option options[] = {
    {.name = "flag", .letter = 'f', .kind = LK_OPTION_FLAG, .offset = FIELD(flag)},
    {.name = "output",
     .letter = 'o',
     .kind = LK_OPTION_TEXT,
     .offset = FIELD(text),
     .metavar = "FILE"},
    {.name = "draws",
     .kind = LK_OPTION_COUNT,
     .offset = FIELD(count),
     .metavar = "N",
     .preset = "7",
     .bound = LK_BOUND_POSITIVE},
    {.name = "seed", .kind = LK_OPTION_SEED, .offset = FIELD(seed), .metavar = "U64"},
    {.name = "level",
     .kind = LK_OPTION_REAL,
     .offset = FIELD(real),
     .metavar = "P",
     .preset = "0.95",
     .bound = LK_BOUND_OPEN_UNIT},
    {.name = "max-time",
     .kind = LK_OPTION_DURATION,
     .offset = FIELD(seconds),
     .metavar = "TIME"},
    {.name = "shade",
     .kind = LK_OPTION_CHOICE,
     .offset = FIELD(choice),
     .metavar = "NAME",
     .choices = shades,
     .preset = "green"},
    {.name = "k",
     .kind = LK_OPTION_GRID,
     .offset = FIELD(grid),
     .metavar = "RANGE",
     .preset = "1:3"},
    {.name = "threshold",
     .kind = LK_OPTION_REALS,
     .offset = FIELD(reals),
     .metavar = "LIST",
     .bound = LK_BOUND_POSITIVE},
};

static const lk_operand operands[] = {
    {"FILE", FIELD(file), "", LK_OPERAND_REQUIRED},
    {"MORE", FIELD(more), "", LK_OPERAND_OPTIONAL},
};

static const lk_syntax syntax = {sizeof options / sizeof options[0], 2, options,
                                 operands};

/* Reads words cut at spaces; the words live until the next call. */
static lk_status read_words(const char *line, arguments *out, lk_error *err)
{
    static char copy[256];
    char *argv[32], *rest = NULL;
    int argc = 0;

    *out = (arguments){0};
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL && argc < 32;
         word = strtok_r(NULL, " ", &rest)) {
        argv[argc++] = word;
    }
    return lk_options_parse(&syntax, argc, argv, out, err);
}

static void presets_stand_where_nothing_is_said(void **state)
{
    arguments a;
    (void)state;

    assert_int_equal(read_words("in.csv", &a, NULL), LK_OK);
    assert_string_equal(a.file, "in.csv");
    assert_null(a.more);
    assert_null(a.text);
    assert_false(a.flag);
    assert_int_equal(a.count, 7);
    assert_true(a.real == 0.95);
    assert_int_equal(a.choice, GREEN);
    assert_int_equal(a.grid.count, 3);
    assert_int_equal(a.reals.count, 0);
    lk_options_release(&syntax, &a);
    assert_null(a.grid.value);
    lk_options_release(&syntax, &a); /* twice is fine */
}

static void every_kind_is_read_in_both_spellings(void **state)
{
    arguments a;
    (void)state;

    assert_int_equal(read_words("--draws=1e3 in --flag -o out.svg --seed "
                                "18446744073709551615 --level=0.5 --max-time 1m "
                                "--shade=blue --k 5,9 --threshold=0.1 more",
                                &a, NULL),
                     LK_OK);
    assert_true(a.flag);
    assert_string_equal(a.text, "out.svg");
    assert_string_equal(a.file, "in");
    assert_string_equal(a.more, "more");
    assert_int_equal(a.count, 1000);
    assert_true(a.seed == UINT64_MAX);
    assert_true(a.real == 0.5 && a.seconds == 60.0);
    assert_int_equal(a.choice, BLUE);
    assert_int_equal(a.grid.count, 2);
    assert_int_equal(a.grid.value[1], 9);
    assert_true(a.reals.count == 1 && a.reals.value[0] == 0.1);
    lk_options_release(&syntax, &a);
}

static void short_options_take_values_and_two_dashes_end_options(void **state)
{
    arguments a;
    (void)state;

    assert_int_equal(read_words("-f -oout -- --flag", &a, NULL), LK_OK);
    assert_string_equal(a.text, "out");
    assert_string_equal(a.file, "--flag");
    lk_options_release(&syntax, &a);
    assert_int_equal(read_words("-", &a, NULL), LK_OK); /* standard input */
    assert_string_equal(a.file, "-");
    lk_options_release(&syntax, &a);
}

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *line, *text;
    } row[] = {
        {"in --thershold 1", "unknown option --thershold; did you mean --threshold?"},
        {"in --thresh 1", "unknown option --thresh; did you mean --threshold?"},
        {"in --frobnicate", "unknown option --frobnicate"},
        {"in --threshol=1", "unknown option --threshol; did you mean --threshold?"},
        {"in -x", "unknown option -x"},
        {"in -ff", "unknown option -ff"},
        {"in --draws", "--draws needs a value: N"},
        {"in -o", "--output needs a value: FILE"},
        {"in --flag=1", "--flag takes no value"},
        {"in --flag --flag", "--flag is given twice"},
        {"in --draws 1 --draws=2", "--draws is given twice"},
        {"in --draws 1.5", "--draws: '1.5' is not a whole number"},
        {"in --draws 0", "--draws: '0' is not positive"},
        {"in --level 1", "--level: '1' is not between 0 and 1"},
        {"in --threshold 0.1,0", "--threshold: '0.1,0' is not positive"},
        {"in --shade gren",
         "--shade: 'gren' is none of red, green, blue; did you mean 'green'?"},
        {"in --shade black", "--shade: 'black' is none of red, green, blue"},
        {"in --k 9:1", "--k: '9:1' is empty"},
        {"", "FILE is missing"},
        {"a b c", "unexpected argument 'c'"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        arguments a;
        lk_error err = {0};

        assert_int_equal(read_words(row[i].line, &a, &err), LK_E_ARG);
        assert_string_equal(err.text, row[i].text);
        lk_options_release(&syntax, &a);
    }
}

static void distance_counts_swaps_as_one(void **state)
{
    (void)state;
    assert_int_equal(lk_edit_distance("passk", "passk"), 0);
    assert_int_equal(lk_edit_distance("pask", "passk"), 1);
    assert_int_equal(lk_edit_distance("apssk", "passk"), 1);
    assert_int_equal(lk_edit_distance("", "passk"), 5);
    assert_int_equal(lk_edit_distance("passk", ""), 5);
    assert_int_equal(lk_edit_distance("kitten", "sitting"), 3);
    assert_int_equal(lk_edit_distance("abcd", "badc"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets_stand_where_nothing_is_said),
        cmocka_unit_test(every_kind_is_read_in_both_spellings),
        cmocka_unit_test(short_options_take_values_and_two_dashes_end_options),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(distance_counts_swaps_as_one),
    };
    return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
