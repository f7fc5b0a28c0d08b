/* words.h - random numbers where a draw takes as many as it needs.
 *
 * A reader is an address (seed, item, block) of the stream that steps on from block to
 * block; whoever starts it gives it blocks that nobody else reads.
 */
#ifndef LK_STATS_WORDS_H
#define LK_STATS_WORDS_H

#include <stdint.h>

#include "largek/stream.h"

typedef struct {
    uint64_t seed, item, block;
    lk_u32x4 words;
    int used; /* of the four words */
} lk_word_reader;

static inline lk_word_reader lk_words_from(uint64_t seed, uint64_t item, uint64_t block)
{
    lk_word_reader reader = {.seed = seed, .item = item, .block = block, .used = 4};

    return reader;
}

/* Uniform on (0, 1): the middles of 2^53 equal parts. */
static inline double lk_words_uniform(lk_word_reader *reader)
{
    if (reader->used == 4) {
        reader->words =
            lk_words(reader->seed, LK_PURPOSE_BOOTSTRAP, reader->item, reader->block++);
        reader->used = 0;
    }
    const uint64_t high = reader->words.w[reader->used];
    const uint64_t low = reader->words.w[reader->used + 1];

    reader->used += 2;
    return ((double)(high << 21 | low >> 11) + 0.5) * 0x1p-53;
}

#endif /* LK_STATS_WORDS_H */
