/* ranges.c - sets of attempts, as ranges that neither overlap nor touch. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "largek/result.h"

/* The first range that ends at or behind `first`. */
static size_t find_place(const lk_ranges *ranges, uint64_t first)
{
    size_t low = 0, high = ranges->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (ranges->range[middle].end < first) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static lk_status insert(lk_ranges *ranges, size_t place, lk_range range, lk_error *err)
{
    if (ranges->count == ranges->room) {
        const size_t room = ranges->room == 0 ? 2 : 2 * ranges->room;
        lk_range *grown = realloc(ranges->range, room * sizeof *grown);

        if (grown == NULL)
            return LK_FAIL(err, LK_E_MEMORY, "no room for %zu ranges", room);
        ranges->range = grown;
        ranges->room = room;
    }
    memmove(ranges->range + place + 1, ranges->range + place,
            (ranges->count - place) * sizeof range);
    ranges->range[place] = range;
    ranges->count++;
    return LK_OK;
}

lk_status lk_ranges_add(lk_ranges *ranges, uint64_t first, uint64_t end, lk_error *err)
{
    const size_t place = find_place(ranges, first);
    lk_range *here = ranges->range + place;
    const size_t left = ranges->count - place;

    if (first >= end) {
        return LK_FAIL(err, LK_E_ARG, "empty range %" PRIu64 ":%" PRIu64, first, end);
    }
    const size_t joins = left > 0 && here[0].end == first;
    const size_t next = place + joins;

    if (next < ranges->count && ranges->range[next].first < end) {
        return LK_FAIL(err, LK_E_ARG,
                       "range %" PRIu64 ":%" PRIu64 " overlaps %" PRIu64 ":%" PRIu64,
                       first, end, ranges->range[next].first, ranges->range[next].end);
    }
    const int touches = next < ranges->count && ranges->range[next].first == end;

    if (!joins && !touches) return insert(ranges, place, (lk_range){first, end}, err);
    if (!joins) {
        here[0].first = first;
    } else if (!touches) {
        here[0].end = end;
    } else {
        here[0].end = here[1].end;
        memmove(here + 1, here + 2, (left - 2) * sizeof *here);
        ranges->count--;
    }
    return LK_OK;
}

void lk_ranges_release(lk_ranges *ranges)
{
    free(ranges->range);
    *ranges = (lk_ranges){0};
}
