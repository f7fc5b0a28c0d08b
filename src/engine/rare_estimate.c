/* rare_estimate.c - the estimate of a threshold, from fresh draws. */
#include <math.h>

#include "engine/rare.h"

enum { UNITS_MIN = LK_RARE_SLICES };

/* Units that bring the relative error to what is wanted, a tenth more for good measure. */
static uint64_t units_wanted(double rel_variance, const lk_rare_options *options)
{
    const double draws = 1.1 * rel_variance / (options->rel_error * options->rel_error);
    const double most = floor((double)options->budget / LK_RARE_UNIT);
    const double units = fmin(ceil(draws / LK_RARE_UNIT), most);

    return units > UNITS_MIN ? (uint64_t)units : UNITS_MIN;
}

/* Adds units first .. end - 1, a batch at a time. */
static lk_status add_units(lk_batch *batch, const lk_mixture *mixture,
                           lk_rare_address at, double limit, uint64_t first,
                           uint64_t end, const lk_stopper *watch, lk_sums *sums,
                           lk_error *err)
{
    const uint64_t room = batch->room / LK_RARE_UNIT;
    lk_status st = LK_OK;

    for (uint64_t u = first; u < end; u += room) {
        const uint64_t units = end - u < room ? end - u : room;
        size_t hits;

        LK_TRY(lk_stopper_ask(watch, err));
        LK_TRY(lk_batch_draw(batch, mixture, at, u, (size_t)units, err));
        LK_TRY(lk_batch_decide(batch, limit, &hits, err));
        LK_TRY(lk_batch_best(batch, err));
        lk_sums_add(sums, batch, mixture, u);
    }

out:
    return st;
}

lk_status lk_rare_estimate_draws(lk_batch *batch, const lk_mixture *mixture,
                                 size_t threshold, double limit,
                                 const lk_rare_options *options, double log_scale,
                                 double rel_variance, const lk_stopper *watch,
                                 lk_rare_estimate *out, lk_error *err)
{
    const lk_rare_address at =
        lk_rare_at(batch->work, batch->problem, LK_RARE_KIND_FINAL, threshold, 0);
    const uint64_t most = options->budget / LK_RARE_UNIT;
    lk_sums sums = {.log_scale = log_scale};
    uint64_t units = units_wanted(rel_variance, options);
    lk_status st = LK_OK;

    for (;;) {
        LK_TRY(
            add_units(batch, mixture, at, limit, sums.units, units, watch, &sums, err));
        lk_sums_finish(&sums, mixture, out);
        if (out->rel_error <= options->rel_error || units >= most) break;
        const double again = isnan(out->rel_error)
                                 ? INFINITY
                                 : out->rel_error * out->rel_error * (double)out->draws;
        const uint64_t next = units_wanted(again, options);

        units = next > units ? next : units + UNITS_MIN;
    }

out:
    return st;
}
