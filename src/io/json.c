/* json.c - what jansson does not do outright. */
#include "io/json.h"

#include <stdlib.h>

char *lk_json_text(const json_t *root)
{
    const size_t bytes = root != NULL ? json_dumpb(root, NULL, 0, JSON_COMPACT) : 0;
    char *text = bytes > 0 ? (char *)malloc(bytes + 1) : NULL;

    if (text == NULL) return NULL;
    if (json_dumpb(root, text, bytes, JSON_COMPACT) != bytes) {
        free(text);
        return NULL;
    }
    text[bytes] = '\0';
    return text;
}
