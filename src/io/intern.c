/* intern.c - texts kept in blocks, and a table that finds things by their hash. */
#include "io/intern.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 16, SLOTS_FIRST = 256 };

typedef struct lk_text_block {
    struct lk_text_block *next;
    size_t used, room;
    char bytes[];
} text_block;

const char *lk_texts_keep(lk_texts *texts, const char *data, size_t bytes)
{
    text_block *b = texts->block;

    if (b == NULL || bytes > b->room - b->used) {
        const size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;

        b = malloc(sizeof *b + room);
        if (b == NULL) return NULL;
        *b = (text_block){.next = texts->block, .room = room};
        texts->block = b;
    }
    char *copy = b->bytes + b->used;

    memcpy(copy, data, bytes);
    b->used += bytes;
    return copy;
}

void lk_texts_release(lk_texts *texts)
{
    while (texts->block != NULL) {
        text_block *next = texts->block->next;

        free(texts->block);
        texts->block = next;
    }
}

bool lk_slots_reserve(lk_slots *slots)
{
    if (slots->used < slots->room / 4 * 3) return true;

    lk_slots larger = {.room = slots->room == 0 ? SLOTS_FIRST : slots->room * 2,
                       .used = slots->used};
    larger.slot = calloc(larger.room, sizeof *larger.slot);
    if (larger.slot == NULL) return false;
    for (size_t i = 0; i < slots->room; i++) {
        const lk_slot s = slots->slot[i];
        size_t at = s.hash & (larger.room - 1);

        if (s.place == 0) continue;
        while (larger.slot[at].place != 0) at = (at + 1) & (larger.room - 1);
        larger.slot[at] = s;
    }
    lk_slots_release(slots);
    *slots = larger;
    return true;
}

void lk_slots_release(lk_slots *slots)
{
    free(slots->slot);
    *slots = (lk_slots){0};
}
