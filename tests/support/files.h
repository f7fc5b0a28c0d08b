/* files.h - a folder of its own for tests that write files.
 *
 * scratch_enter makes a temporary folder and goes there, scratch_leave goes back and
 * removes it with all that is in it: the group setup and teardown of such a test.
 */
#ifndef LK_TESTS_FILES_H
#define LK_TESTS_FILES_H

#include <stddef.h>

int scratch_enter(void **state);
int scratch_leave(void **state);

/* How many files and folders lie in the scratch folder. */
size_t scratch_count(void);

/* Removes all of them. */
int scratch_clear(void **state);

void write_file(const char *path, const void *bytes, size_t count);

/* Whether the file holds exactly these bytes. */
void check_file(const char *path, const void *bytes, size_t count);

#endif /* LK_TESTS_FILES_H */
