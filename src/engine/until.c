/* until.c - how many attempts each problem gets, as a part of the spec. */
#include "largek/until.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    [LK_UNTIL_DRAWS] = "draws",
    [LK_UNTIL_SUCCESSES] = "successes",
    [LK_UNTIL_WIDTH] = "rel-width",
    [LK_UNTIL_BUDGET] = "budget",
};

const char *lk_until_name(lk_until_kind kind)
{
    return (size_t)kind < LK_UNTILS ? names[kind] : "unknown";
}

lk_until_kind lk_until_find(const char *name)
{
    size_t i = 0;

    while (i < LK_UNTILS && strcmp(names[i], name) != 0) i++;
    return (lk_until_kind)i;
}

lk_status lk_until_check(const lk_until *until, lk_error *err)
{
    switch (until->kind) {
    case LK_UNTIL_DRAWS: return LK_OK;
    case LK_UNTIL_SUCCESSES:
        if (until->successes >= 1) return LK_OK;
        return LK_FAIL(err, LK_E_ARG, "until 0 successes: at least 1");
    case LK_UNTIL_WIDTH:
        if (until->width > 0.0 && isfinite(until->width)) return LK_OK;
        return LK_FAIL(err, LK_E_ARG, "a relative width of %g: must be positive",
                       until->width);
    case LK_UNTIL_BUDGET:
        if (until->budget < 1) {
            return LK_FAIL(err, LK_E_ARG, "a budget of no attempts");
        }
        if (until->block >= 1 && until->block <= LK_UNTIL_BLOCK_MAX) return LK_OK;
        return LK_FAIL(err, LK_E_ARG, "blocks of %" PRIu64 " attempts: 1 to %d",
                       until->block, LK_UNTIL_BLOCK_MAX);
    case LK_UNTILS: break;
    }
    return LK_FAIL(err, LK_E_ARG, "no rule of allotting attempts");
}

void lk_until_describe(const lk_until *until, char *out, size_t bytes)
{
    switch (until->kind) {
    case LK_UNTIL_SUCCESSES:
        snprintf(out, bytes, "%" PRIu64 " success%s at %.12g", until->successes,
                 until->successes == 1 ? "" : "es", until->threshold);
        break;
    case LK_UNTIL_WIDTH:
        snprintf(out, bytes, "a relative width of %.12g at %.12g", until->width,
                 until->threshold);
        break;
    case LK_UNTIL_BUDGET:
        snprintf(out, bytes,
                 "a budget of %" PRIu64 " at %.12g, blocks of %" PRIu64 ", %" PRIu64
                 " draws at most",
                 until->budget, until->threshold, until->block, until->draws);
        break;
    default: snprintf(out, bytes, "the same number of draws");
    }
}

lk_status lk_until_extends(const lk_until *have, const lk_until *asked, lk_error *err)
{
    char old[120], new[120];

    if (have->kind == asked->kind && have->threshold == asked->threshold &&
        have->successes <= asked->successes && have->width >= asked->width &&
        have->budget <= asked->budget && have->block == asked->block &&
        have->draws == asked->draws) {
        return LK_OK;
    }
    lk_until_describe(have, old, sizeof old);
    lk_until_describe(asked, new, sizeof new);
    return LK_FAIL(err, LK_E_MISMATCH, "attempts until %s, not %s", old, new);
}

lk_design lk_until_design(const lk_until *until, double threshold)
{
    if (until->kind == LK_UNTIL_DRAWS) return (lk_design){.kind = LK_DESIGN_FIXED};
    if (until->kind == LK_UNTIL_SUCCESSES && until->threshold == threshold &&
        !until->raised) {
        return (lk_design){LK_DESIGN_UNTIL, until->successes};
    }
    return (lk_design){.kind = LK_DESIGN_STOPPED};
}
