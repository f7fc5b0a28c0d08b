/* test_io_memory.c - the N-th allocation fails, for every N that there is: a clean error,
 * nothing leaked, and the old file where one was to be written.
 *
 * Replaces malloc by way of names that glibc keeps for that; skipped elsewhere, and under
 * sanitizers, which replace it themselves.
 */
#include <errno.h>
#include <stdlib.h>

#include "largek/idx.h"
#include "largek/npy.h"
#include "largek/safetensors.h"
#include "support/check.h"
#include "support/files.h"

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void __libc_free(void *block);

static long left = -1; /* allocations until the one that fails; -1: none will */
static long living;
static int failed;

static int failing(void)
{
    if (left < 0 || left-- > 0) return 0;
    failed = 1;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t bytes)
{
    if (failing()) return NULL;
    living++;
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    if (failing()) return NULL;
    living++;
    return __libc_calloc(count, bytes);
}

void *realloc(void *block, size_t bytes)
{
    if (failing()) return NULL;
    living += block == NULL;
    return __libc_realloc(block, bytes);
}

void free(void *block)
{
    living -= block != NULL;
    __libc_free(block);
}

static lk_status write_sample(lk_error *err)
{
    static const double numbers[4] = {1.0, 2.0, 3.0, 4.0};
    static lk_tensor tensors[] = {{"w", LK_DTYPE_F64, 2, {2, 2}, numbers, 32},
                                  {"v", LK_DTYPE_U8, 1, {3}, numbers, 3}};
    static lk_entry entries[] = {{"note", "a \"quote\""}};
    const lk_safetensors sample = {2, 1, tensors, entries, NULL};

    return lk_safetensors_write("m.safetensors", &sample, LK_WRITE_DIGESTS, err);
}

static lk_status read_sample(lk_error *err)
{
    lk_safetensors file = {0};
    const lk_status st = lk_safetensors_read("m.safetensors", &file, err);

    lk_safetensors_release(&file);
    return st;
}

static lk_status read_idx(lk_error *err)
{
    lk_images images = {0};
    const lk_status st = lk_idx_read("a.idx", 0, &images, err);

    lk_images_release(&images);
    return st;
}

static lk_status read_npy(lk_error *err)
{
    lk_matrix matrix = {0};
    const lk_status st = lk_npy_read("a.npy", &matrix, err);

    lk_matrix_release(&matrix);
    return st;
}

/* Fails one allocation after the other until a call has fewer; returns how many. */
static long fail_each(lk_status (*call)(lk_error *err), void (*check)(lk_status st))
{
    check(call(NULL)); /* and jansson seeds its hash for good */
    for (long n = 0;; n++) {
        const long before = living;
        lk_error err = {0};
        lk_status st;

        failed = 0;
        left = n;
        st = call(&err);
        left = -1;
        if (!failed) return n;
        assert_int_equal(living, before);
        assert_int_equal(st, err.status); /* stdio does without a buffer: LK_OK too */
        check(st);
    }
}

static void any_failure(lk_status st)
{
    (void)st;
}

static void old_file_or_whole_file(lk_status st)
{
    if (st == LK_OK) {
        assert_int_equal(read_sample(NULL), LK_OK);
    } else {
        assert_true(st == LK_E_MEMORY || st == LK_E_IO);
        check_file("m.safetensors", "old", 3);
    }
    write_file("m.safetensors", "old", 3);
    assert_int_equal(scratch_count(), 1);
}

static void writer_leaves_the_old_file(void **state)
{
    (void)state;

    assert_true(fail_each(write_sample, old_file_or_whole_file) > 50);
}

static void readers_leak_nothing(void **state)
{
    static const uint8_t idx[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7};
    static const char npy[] =
        "\x93NUMPY\1\0\67\0{'descr': '|u1', 'fortran_order': False, "
        "'shape': (2,)}\1\2";
    (void)state;

    assert_int_equal(write_sample(NULL), LK_OK);
    write_file("a.idx", idx, sizeof idx);
    write_file("a.npy", npy, sizeof npy - 1);
    assert_true(fail_each(read_sample, any_failure) > 50);
    assert_true(fail_each(read_idx, any_failure) > 2);
    assert_true(fail_each(read_npy, any_failure) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(writer_leaves_the_old_file, scratch_clear),
        cmocka_unit_test_setup(readers_leak_nothing, scratch_clear),
    };
    return cmocka_run_group_tests_name("io_memory", tests, scratch_enter,
                                       scratch_leave);
}

#else

int main(void)
{
    return 77; /* skipped */
}

#endif
