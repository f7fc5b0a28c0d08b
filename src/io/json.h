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

#endif /* LK_IO_JSON_H */
