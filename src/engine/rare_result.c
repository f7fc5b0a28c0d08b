/* rare_result.c - estimates in memory. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "largek/rare.h"

static const char *const method_names[] = {"importance", "splitting", "both"};

static const char *const status_names[LK_RARE_STATUSES] = {
    [LK_RARE_PENDING] = "pending",           [LK_RARE_OK] = "ok",
    [LK_RARE_NOT_MET] = "rel_error_not_met", [LK_RARE_UNSTABLE] = "unstable",
    [LK_RARE_DISAGREES] = "disagrees",       [LK_RARE_NONE_FOUND] = "none_found",
};

const char *lk_rare_method_name(lk_rare_method method)
{
    return (size_t)method <= LK_RARE_BOTH ? method_names[method] : "unknown";
}

const char *lk_rare_status_name(lk_rare_status status)
{
    return (size_t)status < LK_RARE_STATUSES ? status_names[status] : "unknown";
}

lk_rare_options lk_rare_defaults(void)
{
    return (lk_rare_options){.method = LK_RARE_IMPORTANCE,
                             .rel_error = 0.02,
                             .budget = 1000000,
                             .starts = 12};
}

static lk_status check_options(const lk_rare_options *options, lk_error *err)
{
    if (!(options->rel_error > 0.0 && options->rel_error < 1.0)) {
        return LK_FAIL(err, LK_E_ARG, "relative error %g: between 0 and 1",
                       options->rel_error);
    }
    if (options->budget == 0 || options->budget > UINT64_C(1) << 36) {
        return LK_FAIL(err, LK_E_ARG, "a budget of %" PRIu64 " draws: 1 to 2^36",
                       options->budget);
    }
    if (options->starts == 0 || options->starts > LK_RARE_STARTS_MAX) {
        return LK_FAIL(err, LK_E_ARG, "%zu starts: 1 to %d", options->starts,
                       LK_RARE_STARTS_MAX);
    }
    return LK_OK;
}

lk_status lk_rare_init(lk_rare *out, const lk_spec *spec,
                       const lk_rare_options *options, const uint64_t *index,
                       lk_error *err)
{
    lk_rare r = {.spec = *spec, .options = *options};
    lk_status st = LK_OK;

    LK_TRY(check_options(options, err));
    r.index = calloc(spec->problems, sizeof *r.index);
    r.at = calloc(spec->problems * spec->thresholds, sizeof *r.at);
    if (r.index == NULL || r.at == NULL) {
        lk_rare_release(&r);
        return LK_FAIL(err, LK_E_MEMORY, "no room for estimates of %zu problems",
                       spec->problems);
    }
    memcpy(r.index, index, spec->problems * sizeof *index);
    *out = r;

out:
    return st;
}

void lk_rare_release(lk_rare *rare)
{
    free(rare->index);
    free(rare->at);
    *rare = (lk_rare){0};
}

bool lk_rare_done(const lk_rare *rare, size_t problem)
{
    const lk_rare_estimate *e = rare->at + problem * rare->spec.thresholds;

    for (size_t t = 0; t < rare->spec.thresholds; t++) {
        if (e[t].status == LK_RARE_PENDING) return false;
    }
    return true;
}

bool lk_rare_dealt(lk_share share, size_t problem)
{
    return share.shards == 0 || problem % share.shards == share.shard;
}

lk_status lk_rare_resume(lk_rare *rare, const lk_spec *spec,
                         const lk_rare_options *options, lk_error *err)
{
    const lk_rare_options *old = &rare->options;
    lk_status st = LK_OK;

    LK_TRY(check_options(options, err));
    LK_TRY(lk_spec_same(&rare->spec, spec, err));
    if (old->method != options->method) {
        return LK_FAIL(err, LK_E_MISMATCH, "another method: %s, not %s",
                       lk_rare_method_name(old->method),
                       lk_rare_method_name(options->method));
    }
    if (old->starts != options->starts) {
        return LK_FAIL(err, LK_E_MISMATCH, "another number of starts: %zu, not %zu",
                       old->starts, options->starts);
    }
    for (size_t i = 0; i < spec->problems * spec->thresholds; i++) {
        lk_rare_estimate *e = &rare->at[i];
        const bool may_grow =
            options->rel_error < old->rel_error || options->budget > old->budget;

        if (may_grow && e->rel_error > options->rel_error) e->status = LK_RARE_PENDING;
    }
    rare->options = *options;

out:
    return st;
}
