/* deal.c - which attempts are a shard's: a function of the number of shards alone.
 *
 * Attempts lie in levels: the first 4,096, then as many again, and from there on each level
 * doubles what there is.  A level is cut into eight blocks a shard, and block k of problem
 * row p is dealt to shard (k + p) mod shards.  So
 *
 *   - more draws deal out more attempts and take none back: a shard that is extended
 *     overlaps no other, whether those were extended or not;
 *   - a problem's range ends anywhere within a level, and shards differ there by a block of
 *     an eighth of their share at most, which the rotation by row evens out over problems;
 *   - a shard's done ranges are eight a level, some 200 a problem at 10^12 draws.
 */
#include "engine/engine.h"

#define ATTEMPTS_END (UINT64_C(1) << 62)

enum { LEVEL_FIRST = 4096, BLOCKS = 8, BLOCK_LEAST = 256 };

/* The level that an attempt lies in, and the length of its blocks. */
typedef struct {
    uint64_t start, size, block;
} level_of;

static level_of find_level(uint64_t shards, uint64_t attempt)
{
    level_of level = {.start = 0, .size = LEVEL_FIRST};

    while (attempt - level.start >= level.size) {
        level.start += level.size;
        level.size = level.start;
    }
    const uint64_t even = (level.size - 1) / (BLOCKS * shards) + 1;

    level.block = even > BLOCK_LEAST ? even : BLOCK_LEAST;
    return level;
}

uint64_t lk_share_next(const lk_share *share, size_t row, uint64_t from, uint64_t *end)
{
    const uint64_t shards = share->shards;

    *end = UINT64_MAX;
    if (shards <= 1) return from;
    while (from < ATTEMPTS_END) {
        const level_of level = find_level(shards, from);
        const uint64_t k = (from - level.start) / level.block;
        const uint64_t owner = (k % shards + row % shards) % shards;
        const uint64_t ahead = (share->shard + shards - owner) % shards;
        const uint64_t blocks = (level.size - 1) / level.block + 1;
        const uint64_t level_end = level.start + level.size;

        if (ahead < blocks - k) {
            const uint64_t begin = level.start + (k + ahead) * level.block;

            *end = level_end - begin < level.block ? level_end : begin + level.block;
            return ahead == 0 ? from : begin;
        }
        from = level_end;
    }
    return UINT64_MAX;
}

uint64_t lk_share_count(const lk_share *share, size_t row, uint64_t draws)
{
    uint64_t count = 0, end = 0;

    if (share->shards <= 1) return draws;
    for (uint64_t at = 0; at < draws; at = end) {
        at = lk_share_next(share, row, at, &end);
        if (at >= draws) break;
        count += (end < draws ? end : draws) - at;
    }
    return count;
}
