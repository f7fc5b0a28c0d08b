/* test_registry.c - backends by name, and plugins good and bad. */
#include <stdlib.h>
#include <string.h>

#include "largek/backend.h"
#include "support/check.h"

static void cpu_is_always_there(void **state)
{
    const lk_backend *backend = NULL;
    const char *reason = NULL;
    (void)state;

    assert_int_equal(lk_backend_find("cpu", &backend, NULL), LK_OK);
    assert_string_equal(backend->name, "cpu");
    assert_int_equal(backend->abi, LK_BACKEND_ABI);
    assert_int_equal(backend->device_count(&reason), 1);
}

static void unknown_names_list_those_there_are(void **state)
{
    const lk_backend *backend = NULL;
    lk_error err = {0};
    (void)state;

    assert_int_equal(lk_backend_find("rocm", &backend, &err), LK_E_MISSING);
    assert_non_null(strstr(err.text, "cpu and cuda"));
}

/* What lk_backend_find says of the plugin in a folder of the build. */
static lk_status find_in(const char *folder, const lk_backend **out, lk_error *err)
{
    setenv("LARGEK_PLUGIN_DIR", folder, 1);
    return lk_backend_find("cuda", out, err);
}

static void plugins_are_taken_or_refused_with_the_reason(void **state)
{
    const lk_backend *backend = NULL;
    const char *reason = NULL;
    lk_error err = {0};
    (void)state;

    assert_int_equal(find_in("/nowhere", &backend, &err), LK_E_MISSING);
    assert_non_null(strstr(err.text, "no plugin largek-cuda.so"));
    assert_int_equal(find_in(LK_PLUGINS "/foreign", &backend, &err), LK_E_DEVICE);
    assert_non_null(strstr(err.text, "another version"));
    assert_int_equal(find_in(LK_PLUGINS "/empty", &backend, &err), LK_E_DEVICE);
    assert_non_null(strstr(err.text, "lk_plugin_backend"));
    assert_int_equal(find_in(LK_PLUGINS "/broken", &backend, &err), LK_E_DEVICE);
    assert_null(backend);

    assert_int_equal(find_in(LK_PLUGINS "/sound", &backend, &err), LK_OK);
    assert_int_equal(backend->device_count(&reason), 0);
    assert_string_equal(reason, "this is a test");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_is_always_there),
        cmocka_unit_test(unknown_names_list_those_there_are),
        cmocka_unit_test(plugins_are_taken_or_refused_with_the_reason),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
