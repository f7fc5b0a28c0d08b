/* plan.c - which attempts are missing, in the order in which they are made.
 *
 * Level by level: attempts [level, level + slice) of every problem before anyone's next
 * slice, so that a run which is stopped has about the same n everywhere.
 */
#include "engine/engine.h"

/* The first attempt >= from that is not done, and in *end where that gap ends. */
static uint64_t first_not_done(const lk_ranges *done, uint64_t from, uint64_t *end)
{
    size_t low = 0, high = done->count;

    while (low < high) { /* the first range that ends behind `from` */
        const size_t middle = low + (high - low) / 2;

        if (done->range[middle].end <= from) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < done->count && done->range[low].first <= from) {
        from = done->range[low++].end; /* ranges do not touch: a gap follows */
    }
    *end = low < done->count ? done->range[low].first : UINT64_MAX;
    return from;
}

/* The same among the share's attempts. */
static uint64_t first_missing(const lk_result *result, const lk_share *share,
                              size_t problem, uint64_t from, uint64_t *end)
{
    for (;;) {
        uint64_t gap_end, mine_end;

        from = first_not_done(&result->done[problem], from, &gap_end);
        from = lk_share_next(share, problem, from, &mine_end);
        if (from < gap_end || gap_end == UINT64_MAX) {
            *end = gap_end < mine_end ? gap_end : mine_end;
            return from;
        }
    }
}

uint64_t lk_result_missing(const lk_result *result, uint64_t draws, lk_share share)
{
    uint64_t missing = 0;

    if (result->spec.until.kind != LK_UNTIL_DRAWS) {
        return lk_pursuit_missing(result, draws);
    }
    for (size_t p = 0; p < result->spec.problems; p++) {
        uint64_t end = 0;

        for (uint64_t at = 0; at < draws; at = end) {
            at = first_missing(result, &share, p, at, &end);
            if (at >= draws) break;
            missing = lk_add_capped(missing, (end < draws ? end : draws) - at);
        }
    }
    return missing;
}

/* The lowest level at or above `from` that lacks something. */
static uint64_t lowest_level(const lk_plan *plan, uint64_t from)
{
    uint64_t lowest = plan->draws;

    for (size_t p = 0; p < plan->result->spec.problems; p++) {
        uint64_t end;
        const uint64_t missing =
            first_missing(plan->result, &plan->share, p, from, &end);

        if (missing < lowest) lowest = missing;
    }
    return lowest;
}

void lk_plan_start(lk_plan *plan, const lk_result *result, lk_share share,
                   uint64_t draws, uint64_t slice, uint64_t unit_max)
{
    *plan = (lk_plan){.result = result,
                      .share = share,
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
        const uint64_t first = first_missing(plan->result, &plan->share, plan->problem,
                                             plan->from, &gap_end);
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
