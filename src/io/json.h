/* json.h - what jansson does not say outright. */
#ifndef LK_IO_JSON_H
#define LK_IO_JSON_H

#include <stdbool.h>

#include <jansson.h>

/* Whether parsing failed for want of memory, and not for the text.  jansson has a code for
 * it, but leaves the error empty where it forgets to set it. */
static inline bool lk_json_no_memory(const json_error_t *why)
{
    return why->text[0] == '\0' || json_error_code(why) == json_error_out_of_memory;
}

/* A value as compact text, keys in the order in which they were set.  Not json_dumps: for
 * want of memory that can leave a comma out and say nothing.
 * Ownership  the text is the caller's; free it
 * Errors     NULL for want of memory, and for a `root` that is NULL for want of it */
char *lk_json_text(const json_t *root);

#endif /* LK_IO_JSON_H */
