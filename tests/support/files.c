/* files.c - a folder of its own for tests that write files. */
#include "support/files.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/check.h"

static char scratch[] = "/tmp/largek-test-XXXXXX";
static char home[PATH_MAX];

/* Counts what lies in the folder, and removes it on request. */
static size_t walk(const char *folder, int removing)
{
    DIR *stream = opendir(folder);
    const struct dirent *entry;
    size_t count = 0;

    if (stream == NULL) return 0;
    while ((entry = readdir(stream)) != NULL) {
        char path[PATH_MAX];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (!removing) continue;
        snprintf(path, sizeof path, "%.2000s/%.256s", folder, entry->d_name);
        if (unlink(path) == 0) continue;
        walk(path, 1);
        rmdir(path);
    }
    closedir(stream);
    return count;
}

int scratch_enter(void **state)
{
    (void)state;
    if (getcwd(home, sizeof home) == NULL || mkdtemp(scratch) == NULL) return -1;
    return chdir(scratch);
}

int scratch_leave(void **state)
{
    scratch_clear(state);
    if (chdir(home) != 0) return -1;
    return rmdir(scratch);
}

size_t scratch_count(void)
{
    return walk(".", 0);
}

int scratch_clear(void **state)
{
    (void)state;
    walk(".", 1);
    return 0;
}

void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

void check_file(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "rb");
    char *found = (char *)malloc(count + 1);

    assert_non_null(file);
    assert_non_null(found);
    assert_int_equal(fread(found, 1, count + 1, file), count);
    assert_memory_equal(found, bytes, count);
    free(found);
    fclose(file);
}
