/* reserve.c - memory put by for jansson. */
#include "cli/reserve.h"

#include <stdlib.h>

#include <jansson.h>

enum { RESERVE_BYTES = 1 << 20 };

static void *reserve;

void lk_reserve_start(void)
{
    if (reserve == NULL) reserve = malloc(RESERVE_BYTES);
    json_set_alloc_funcs(lk_reserve_malloc, free);
}

void *lk_reserve_malloc(size_t bytes)
{
    void *block = malloc(bytes);

    if (block != NULL) {
        if (reserve == NULL) reserve = malloc(RESERVE_BYTES); /* for the next time */
        return block;
    }
    free(reserve);
    reserve = NULL;
    return malloc(bytes);
}
