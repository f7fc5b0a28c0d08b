/* plan.c - which attempts are missing, in the order in which they are made.
 *
 * Level by level: attempts [level, level + slice) of every problem before anyone's next
 * slice, so that a run which is stopped has about the same n everywhere.
 */
#include "engine/engine.h"

/* The first attempt >= from that is not done, and in *end where that gap ends. */
static uint64_t first_missing(const lk_ranges *done, uint64_t from, uint64_t *end)
{
    *end = UINT64_MAX;
    for (size_t r = 0; r < done->count; r++) {
        if (done->range[r].end <= from) continue;
        if (done->range[r].first > from) {
            *end = done->range[r].first;
            return from;
        }
        from = done->range[r].end;
    }
    return from;
}

uint64_t lk_done_below(const lk_ranges *ranges, uint64_t draws)
{
    uint64_t done = 0;

    for (size_t r = 0; r < ranges->count; r++) {
        const uint64_t end =
            ranges->range[r].end < draws ? ranges->range[r].end : draws;

        if (ranges->range[r].first < end) done += end - ranges->range[r].first;
    }
    return done;
}

/* The lowest level at or above `from` that lacks something. */
static uint64_t lowest_level(const lk_plan *plan, uint64_t from)
{
    uint64_t lowest = plan->draws;

    for (size_t p = 0; p < plan->result->spec.problems; p++) {
        uint64_t end;
        const uint64_t missing = first_missing(&plan->result->done[p], from, &end);

        if (missing < lowest) lowest = missing;
    }
    return lowest;
}

void lk_plan_start(lk_plan *plan, const lk_result *result, uint64_t draws,
                   uint64_t slice, uint64_t unit_max)
{
    *plan = (lk_plan){.result = result,
                      .draws = draws,
                      .slice = slice,
                      .unit_max = unit_max < slice ? unit_max : slice};
    plan->level = lowest_level(plan, 0);
    plan->from = plan->level;
}

static uint64_t level_end(const lk_plan *plan)
{
    return plan->draws - plan->level < plan->slice ? plan->draws
                                                   : plan->level + plan->slice;
}

/* Moves on to the next problem, or from the last one to the next level. */
static void next_problem(lk_plan *plan)
{
    if (++plan->problem == plan->result->spec.problems) {
        plan->problem = 0;
        plan->level = lowest_level(plan, level_end(plan));
    }
    plan->from = plan->level;
}

size_t lk_plan_next(lk_plan *plan, uint64_t wanted, lk_unit *unit, size_t room)
{
    uint64_t planned = 0;
    size_t units = 0;

    while (plan->level < plan->draws && units < room && planned < wanted) {
        const uint64_t level_stop = level_end(plan);
        uint64_t gap_end;
        const uint64_t first =
            first_missing(&plan->result->done[plan->problem], plan->from, &gap_end);
        const uint64_t stop = gap_end < level_stop ? gap_end : level_stop;

        if (first >= stop) {
            next_problem(plan);
            continue;
        }
        const uint64_t count =
            stop - first < plan->unit_max ? stop - first : plan->unit_max;

        unit[units++] = (lk_unit){plan->problem, first, count};
        planned += count;
        plan->from = first + count;
    }
    return units;
}
