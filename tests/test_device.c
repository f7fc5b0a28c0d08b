/* test_device.c - how processes on one host share devices. */
#include <string.h>

#include "cli/device.h"
#include "support/check.h"

/* Devices 10, 11 ... as rank `rank` of `ranks` keeps them, as digits: "02" for 10 and 12. */
static void share(size_t devices, size_t rank, size_t ranks, char out[16])
{
    lk_device_choice choice = {.count = devices};

    for (size_t d = 0; d < devices; d++) choice.ordinal[d] = 10 + d;
    lk_device_share(&choice, rank, ranks);
    for (size_t d = 0; d < choice.count; d++) {
        out[d] = (char)('0' + choice.ordinal[d] - 10);
    }
    out[choice.count] = '\0';
}

static void devices_are_dealt_out(void **state)
{
    static const struct {
        size_t devices, rank, ranks;
        const char *want;
    } row[] = {
        {8, 0, 1, "01234567"}, {8, 0, 8, "0"},  {8, 7, 8, "7"},
        {8, 1, 2, "1357"},     {5, 1, 3, "14"}, {5, 2, 3, "2"},
        {2, 0, 5, "0"},        {2, 3, 5, "1"},  {1, 4, 5, "0"},
    };
    char got[16];
    (void)state;

    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        share(row[i].devices, row[i].rank, row[i].ranks, got);
        assert_string_equal(got, row[i].want);
    }
}

static void the_cpu_is_shared_by_threads_not_by_ordinals(void **state)
{
    lk_device_choice choice;
    (void)state;

    assert_int_equal(lk_device_choose_one_of("cpu", 3, 4, &choice, NULL), LK_OK);
    assert_int_equal(choice.count, 1);
    assert_int_equal(choice.ordinal[0], 0);
    assert_int_equal(lk_device_choose_one_of("gpu", 3, 4, &choice, NULL), LK_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_are_dealt_out),
        cmocka_unit_test(the_cpu_is_shared_by_threads_not_by_ordinals),
    };
    return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
