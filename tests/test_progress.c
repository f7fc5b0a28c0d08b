/* test_progress.c - the progress line, and the number of threads. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/progress.h"
#include "cli/threads.h"
#include "support/check.h"

static lk_progress_bar bar(bool live, bool colour, size_t width)
{
    return (lk_progress_bar){.what = "sampling",
                             .unit = "draws",
                             .first = 1000000,
                             .done = 2500000,
                             .total = 10000000,
                             .live = live,
                             .colour = colour,
                             .width = width};
}

/* 1.5 million in 30 s are 50 thousand a second; 7.5 million are left. */
static void the_line_tells_share_rate_and_time_left(void **state)
{
    const lk_progress_bar plain = bar(false, false, 80), live = bar(true, false, 120);
    char line[512];
    (void)state;

    lk_progress_line(&plain, 30.0, NULL, line, sizeof line);
    assert_string_equal(line, "sampling:  25% 2.50M/10.0M draws, 50.0k/s, 2m30s left");
    lk_progress_line(&live, 30.0, "pass@1 0.09", line, sizeof line);
    assert_string_equal(line, "sampling [=====>              ]  25% 2.50M/10.0M draws, "
                              "50.0k/s, 2m30s left, pass@1 0.09");
}

/* What was done before says nothing about the speed. */
static void nothing_done_yet_has_no_time_left(void **state)
{
    lk_progress_bar p = bar(false, false, 80);
    char line[512];
    (void)state;

    p.done = p.first;
    lk_progress_line(&p, 0.0, NULL, line, sizeof line);
    assert_non_null(strstr(line, "0/s, ? left"));
}

static void a_live_line_fits_the_terminal(void **state)
{
    char line[512];
    (void)state;

    for (size_t width = 20; width < 120; width++) {
        const lk_progress_bar plain = bar(true, false, width);
        const lk_progress_bar coloured = bar(true, true, width);

        assert_true(lk_progress_line(&plain, 30.0, "note", line, sizeof line) < width);
        assert_true(lk_progress_line(&coloured, 30.0, "note", line, sizeof line) <
                    width + 9); /* two escapes that take no room */
    }
    assert_non_null(strstr(line, "\033[32m=====\033[0m>"));
}

/* On 80 columns the bar gives way: the note is what somebody is waiting for. */
static void the_bar_makes_room_for_the_note(void **state)
{
    const lk_progress_bar narrow = bar(true, true, 80), shorter = bar(true, true, 88);
    char line[512];
    (void)state;

    lk_progress_line(&narrow, 30.0, "pass@1 0.0893 at 0.006", line, sizeof line);
    assert_string_equal(line, "sampling:  25% 2.50M/10.0M draws, 50.0k/s, 2m30s left, "
                              "pass@1 0.0893 at 0.006");
    lk_progress_line(&shorter, 30.0, "pass@1 0.0893 at 0.006", line, sizeof line);
    assert_string_equal(line, "sampling [\033[32m==\033[0m>     ]  25% 2.50M/10.0M "
                              "draws, 50.0k/s, 2m30s left, pass@1 0.0893 at 0.006");
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void quotas_of_both_versions_limit_threads(void **state)
{
    (void)state;
    mkdir("cg.tmp", 0700);
    mkdir("cg.tmp/a", 0700);
    mkdir("cg.tmp/a/b", 0700);
    mkdir("cg.tmp/cpu", 0700);
    write_text("cg.tmp/a/b/cpu.max", "max 100000\n");
    write_text("cg.tmp/a/cpu.max", "250000 100000\n");
    write_text("cg.tmp/v2", "0::/a/b\n");
    assert_int_equal(lk_cgroup_threads("cg.tmp/v2", "cg.tmp"), 3); /* 2.5, rounded up */

    write_text("cg.tmp/v2", "0::/not/here\n"); /* in a container: the root's own */
    assert_int_equal(lk_cgroup_threads("cg.tmp/v2", "cg.tmp"), 0);
    write_text("cg.tmp/cpu.max", "100000 100000\n");
    assert_int_equal(lk_cgroup_threads("cg.tmp/v2", "cg.tmp"), 1);

    write_text("cg.tmp/cpu/cpu.cfs_quota_us", "400000\n");
    write_text("cg.tmp/cpu/cpu.cfs_period_us", "100000\n");
    write_text("cg.tmp/v1", "5:cpuset:/x\n4:cpu,cpuacct:/docker/1\n3:memory:/\n");
    assert_int_equal(lk_cgroup_threads("cg.tmp/v1", "cg.tmp"), 4);
    write_text("cg.tmp/cpu/cpu.cfs_quota_us", "-1\n");
    assert_int_equal(lk_cgroup_threads("cg.tmp/v1", "cg.tmp"), 0);
    assert_int_equal(lk_cgroup_threads("cg.tmp/none", "cg.tmp"), 0);
    assert_true(lk_threads_default() >= 1);
    assert_true(lk_threads_shared(1) <= lk_threads_default());
    assert_true(lk_threads_shared(1000000) == 1);
}

static int remove_folders(void **state)
{
    static const char *const paths[] = {"cg.tmp/a/b/cpu.max",
                                        "cg.tmp/a/cpu.max",
                                        "cg.tmp/cpu.max",
                                        "cg.tmp/v1",
                                        "cg.tmp/v2",
                                        "cg.tmp/cpu/cpu.cfs_quota_us",
                                        "cg.tmp/cpu/cpu.cfs_period_us",
                                        "cg.tmp/a/b",
                                        "cg.tmp/a",
                                        "cg.tmp/cpu",
                                        "cg.tmp"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) remove(paths[i]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_tells_share_rate_and_time_left),
        cmocka_unit_test(nothing_done_yet_has_no_time_left),
        cmocka_unit_test(a_live_line_fits_the_terminal),
        cmocka_unit_test(the_bar_makes_room_for_the_note),
        cmocka_unit_test_teardown(quotas_of_both_versions_limit_threads,
                                  remove_folders),
    };
    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
