/* test_status.c - errors carry a code, a place and one clean line. */
#include <string.h>

#include "largek/status.h"
#include "support/check.h"

static void every_status_has_a_name(void **state)
{
    (void)state;
    for (int s = LK_OK; s <= LK_E_INTERNAL; s++) {
        assert_string_not_equal(lk_status_name((lk_status)s), "unknown");
    }
    assert_string_equal(lk_status_name((lk_status)999), "unknown");
}

static void an_error_says_what_and_where(void **state)
{
    lk_error err = {0};
    (void)state;

    assert_int_equal(LK_FAIL(&err, LK_E_IO, "%s: %d", "file", 7), LK_E_IO);
    assert_int_equal(err.status, LK_E_IO);
    assert_string_equal(err.text, "file: 7");
    assert_non_null(strstr(err.where, "test_status.c:"));
    assert_int_equal(LK_FAIL(NULL, LK_E_IO, "nobody listens"), LK_E_IO);
}

static void control_bytes_do_not_reach_a_terminal(void **state)
{
    lk_error err = {0};
    (void)state;

    (void)LK_FAIL(&err, LK_E_FORMAT, "tensor '%s'", "a\x1b[2Jb\nc\x7f");
    assert_string_equal(err.text, "tensor 'a?[2Jb?c?'");
}

static void long_texts_are_cut_not_overrun(void **state)
{
    lk_error err = {0};
    char name[1000];
    (void)state;

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    (void)LK_FAIL(&err, LK_E_FORMAT, "%s", name);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name),
        cmocka_unit_test(an_error_says_what_and_where),
        cmocka_unit_test(control_bytes_do_not_reach_a_terminal),
        cmocka_unit_test(long_texts_are_cut_not_overrun),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
