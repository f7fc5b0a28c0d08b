/* intern.h - texts kept in blocks, and a table that finds things by their hash. */
#ifndef LK_IO_INTERN_H
#define LK_IO_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Texts that are freed together; {0} is empty. */
typedef struct {
    struct lk_text_block *block;
} lk_texts;

/* A copy of `bytes` bytes that lives until lk_texts_release; NULL without memory. */
const char *lk_texts_keep(lk_texts *texts, const char *data, size_t bytes);

void lk_texts_release(lk_texts *texts);

/* Open addressing.  A slot has a hash and, from 1, the caller's place of what has it:
 * the caller walks from slot[hash & (room - 1)], round the end, to a slot of place 0, and
 * counts in `used` what it puts there. */
typedef struct {
    uint64_t hash;
    size_t place;
} lk_slot;

typedef struct {
    lk_slot *slot;
    size_t room, used; /* room: 0 or a power of two */
} lk_slots;

/* Keeps a quarter of the slots free; false without memory.  Call it before a walk. */
bool lk_slots_reserve(lk_slots *slots);

void lk_slots_release(lk_slots *slots);

#endif /* LK_IO_INTERN_H */
