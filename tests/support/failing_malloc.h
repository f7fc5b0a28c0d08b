/* failing_malloc.h - malloc whose N-th call fails, for one test program.
 *
 * Replaces malloc by way of names that glibc keeps for that; LK_FAILING_MALLOC is 0
 * elsewhere, and under sanitizers, which replace it themselves.  Include it in one source.
 */
#ifndef LK_TESTS_FAILING_MALLOC_H
#define LK_TESTS_FAILING_MALLOC_H

#include <errno.h>
#include <stdlib.h> /* and with it __GLIBC__ */
#include <string.h>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#define LK_FAILING_MALLOC 1

#include <dlfcn.h>

#include "largek/status.h"
#include "support/check.h"

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *block);

static long left = -1; /* allocations until the one that fails; -1: none will */
static long living;
static int failed;

/* OpenMP's runtime ends the program where it gets no memory, and nobody can help that; what
 * it holds is its own.  Its calls are known by where they come from, but for the last one
 * of a function, so blocks are known by their addresses. */
enum { BLOCKS = 1 << 16 };

static const void *block_at[BLOCKS];

static size_t find_block(const void *block)
{
    size_t i = ((size_t)block >> 4) * 0x9e3779b1u % BLOCKS;

    while (block_at[i] != NULL && block_at[i] != block) i = (i + 1) % BLOCKS;
    return i;
}

static void *remember(void *block)
{
    if (block == NULL) return NULL;
    block_at[find_block(block)] = block;
    living++;
    return block;
}

static void forget(const void *block)
{
    size_t i = block != NULL ? find_block(block) : 0;

    if (block == NULL || block_at[i] == NULL) return;
    block_at[i] = NULL;
    living--;
    for (i = (i + 1) % BLOCKS; block_at[i] != NULL; i = (i + 1) % BLOCKS) {
        const void *moved = block_at[i]; /* may lie behind the hole */

        block_at[i] = NULL;
        block_at[find_block(moved)] = moved;
    }
}

static int is_openmp(const void *caller)
{
    Dl_info info;

    return dladdr(caller, &info) != 0 && info.dli_fname != NULL &&
           strstr(info.dli_fname, "gomp") != NULL;
}

static int failing(void)
{
    if (left < 0 || left-- > 0) return 0;
    failed = 1;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t bytes)
{
    if (is_openmp(__builtin_return_address(0))) return __libc_malloc(bytes);
    return failing() ? NULL : remember(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t bytes)
{
    if (is_openmp(__builtin_return_address(0))) return __libc_calloc(count, bytes);
    return failing() ? NULL : remember(__libc_calloc(count, bytes));
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    if (is_openmp(__builtin_return_address(0)))
        return __libc_memalign(alignment, bytes);
    return failing() ? NULL : remember(__libc_memalign(alignment, bytes));
}

void *realloc(void *block, size_t bytes)
{
    if (is_openmp(__builtin_return_address(0))) return __libc_realloc(block, bytes);
    if (failing()) return NULL;
    forget(block);
    return remember(__libc_realloc(block, bytes));
}

void free(void *block)
{
    forget(block);
    __libc_free(block);
}

/* Fails one allocation after the other until a call has fewer; returns how many. */
static long fail_each(lk_status (*call)(lk_error *err), void (*check)(lk_status st))
{
    check(call(NULL)); /* and what libraries allocate for good is there */
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

#else
#define LK_FAILING_MALLOC 0
#endif

#endif /* LK_TESTS_FAILING_MALLOC_H */
