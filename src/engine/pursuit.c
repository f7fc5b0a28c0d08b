/* pursuit.c - makes attempts where outcomes decide how many there are to be.
 *
 * Stops at a success run ahead of it: stretches of attempts go into a scratch tally, and
 * where one holds the r-th success, halving it finds the attempt, each half counted again
 * by the device.  The other rules look at whole stretches only, and cut these where they
 * look.  Either way the result holds attempts 0 .. n - 1 of each problem, and n depends on
 * no stretch's length.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "engine/engine.h"

enum { STRETCH_LEAST = 256, LOOK_FIRST = 64 };

static const double normal_975 = 1.959963984540054; /* quantile of 95 % intervals */

/* The attempts of a problem that it has, 0 .. n - 1. */
static uint64_t attempts_of(const lk_result *result, size_t p)
{
    return result->tally.attempts[p];
}

static size_t watched_column(const lk_spec *spec)
{
    size_t t = 0;

    while (t + 1 < spec->thresholds && spec->threshold[t] != spec->until.threshold) t++;
    return t;
}

static uint64_t successes_of(const lk_result *result, size_t p)
{
    return result->tally
        .successes[p * result->tally.thresholds + watched_column(&result->spec)];
}

/* The first look at a problem behind n attempts. */
static uint64_t next_look(uint64_t n)
{
    uint64_t look = LOOK_FIRST;

    while (look <= n) look += look / 4;
    return look;
}

/* Wilson's interval over the rate: 2 z sqrt(c (n-c)/n + z^2/4) / (c (1 + z^2/n)), of sums,
 * products and a square root, which are the same to the bit everywhere. */
static double relative_width(uint64_t attempts, uint64_t successes)
{
    const double n = (double)attempts, c = (double)successes, z = normal_975;

    return 2.0 * z * sqrt(c * ((n - c) / n) + 0.25 * z * z) / (c * (1.0 + z * z / n));
}

static bool narrow_enough(uint64_t n, uint64_t c, double width)
{
    return c > 0 && n >= LOOK_FIRST && next_look(n - 1) == n &&
           relative_width(n, c) <= width;
}

/* Whether a problem has all the attempts that it gets by its own outcomes. */
static bool has_enough(const lk_result *result, size_t p, uint64_t draws)
{
    const lk_until *until = &result->spec.until;
    const uint64_t n = attempts_of(result, p), c = successes_of(result, p);

    if (n >= draws) return true;
    if (until->kind == LK_UNTIL_SUCCESSES) return c >= until->successes;
    return until->kind == LK_UNTIL_WIDTH && narrow_enough(n, c, until->width);
}

static uint64_t attempts_made(const lk_result *result)
{
    uint64_t sum = 0;

    for (size_t p = 0; p < result->spec.problems; p++) {
        sum = lk_add_capped(sum, attempts_of(result, p)); /* a file may say anything */
    }
    return sum;
}

uint64_t lk_pursuit_missing(const lk_result *result, uint64_t draws)
{
    const bool budget = result->spec.until.kind == LK_UNTIL_BUDGET;
    uint64_t missing = 0;

    for (size_t p = 0; p < result->spec.problems; p++) {
        if (has_enough(result, p, draws)) continue;
        const uint64_t room = draws - attempts_of(result, p);

        missing = missing > UINT64_MAX - room ? UINT64_MAX : missing + room;
    }
    if (!budget) return missing;
    const uint64_t made = attempts_made(result);
    const uint64_t left =
        made < result->spec.until.budget ? result->spec.until.budget - made : 0;

    return left < missing ? left : missing;
}

bool lk_pursuit_agrees(const lk_result *result, size_t p)
{
    const lk_ranges *done = &result->done[p];
    const lk_until *until = &result->spec.until;

    if (until->kind == LK_UNTIL_DRAWS) return true;
    if (done->count > 1 || (done->count == 1 && done->range[0].first != 0)) {
        return false;
    }
    return until->kind != LK_UNTIL_SUCCESSES ||
           successes_of(result, p) <= until->successes;
}

lk_status lk_pursuit_open(lk_pursuit *pursuit, lk_result *result, uint64_t draws,
                          lk_error *err)
{
    const size_t problems = result->spec.problems;
    lk_pursuit p = {.result = result,
                    .draws = draws,
                    .span = calloc(problems, sizeof *p.span),
                    .hunt = calloc(problems, sizeof *p.hunt)};
    lk_status st = LK_OK;

    if (p.span == NULL || p.hunt == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu problems", problems);
        goto out;
    }
    LK_TRY(lk_tally_init(&p.scratch, problems, result->tally.thresholds, err));
    *pursuit = p;
    p = (lk_pursuit){0};

out:
    lk_pursuit_close(&p);
    return st;
}

void lk_pursuit_close(lk_pursuit *pursuit)
{
    lk_tally_release(&pursuit->scratch);
    free(pursuit->span);
    free(pursuit->hunt);
    *pursuit = (lk_pursuit){0};
}

/* No draws; but the best score so far, so that not every batch looks for one anew. */
static void clear_row(lk_pursuit *pursuit, size_t p)
{
    const lk_tally *tally = &pursuit->result->tally;

    lk_tally_clear(&pursuit->scratch, p);
    pursuit->scratch.best[p] = tally->best[p];
    pursuit->scratch.best_attempt[p] = tally->best_attempt[p];
}

/* Counts the spans into the scratch tally, which then holds them alone. */
static lk_status count_spans(lk_pursuit *pursuit, const lk_runner *runner,
                             lk_error *err)
{
    size_t units = 0;
    lk_status st = LK_OK;

    for (size_t s = 0; s < pursuit->spans; s++) {
        clear_row(pursuit, pursuit->span[s].problem);
    }
    for (size_t s = 0; s < pursuit->spans; s++) {
        const lk_span *span = &pursuit->span[s];

        for (uint64_t at = span->first; at < span->end;) {
            const uint64_t left = span->end - at;
            const uint64_t count = left < runner->unit_max ? left : runner->unit_max;

            runner->unit[units++] = (lk_unit){span->problem, at, count};
            at += count;
            if (units < runner->units_max) continue;
            LK_TRY(runner->backend->run(runner->device, runner->unit, units,
                                        &pursuit->scratch, runner->notes, err));
            units = 0;
        }
    }
    if (units > 0) {
        LK_TRY(runner->backend->run(runner->device, runner->unit, units,
                                    &pursuit->scratch, runner->notes, err));
    }

out:
    return st;
}

/* A counted span becomes part of the result. */
static lk_status keep_span(lk_pursuit *pursuit, const lk_span *span, lk_error *err)
{
    lk_result *result = pursuit->result;
    lk_status st = LK_OK;

    LK_TRY(lk_ranges_add(&result->done[span->problem], span->first, span->end, err));
    LK_TRY(lk_tally_add(&result->tally, span->problem, &pursuit->scratch, span->problem,
                        err));
    pursuit->made += span->end - span->first;

out:
    return st;
}

static uint64_t counted(const lk_pursuit *pursuit, size_t p)
{
    return pursuit->scratch.successes[p * pursuit->scratch.thresholds +
                                      watched_column(&pursuit->result->spec)];
}

/* Halves one hunt by what the scratch tally counted in its lower half (all of it, where it
 * is one attempt); *ends where its last attempt is in the result. */
static lk_status halve(lk_pursuit *pursuit, lk_span *hunt, const lk_span *lower,
                       bool *ends, lk_error *err)
{
    const size_t p = hunt->problem;
    const uint64_t successes = successes_of(pursuit->result, p) + counted(pursuit, p);
    const uint64_t wanted = pursuit->result->spec.until.successes;
    lk_status st = LK_OK;

    *ends = false;
    if (successes >= wanted && lower->end - lower->first > 1) {
        hunt->end = lower->end;
        goto out;
    }
    LK_TRY(keep_span(pursuit, lower, err));
    hunt->first = lower->end;
    *ends = successes >= wanted;
    if (!*ends && hunt->first == hunt->end) {
        st = LK_FAIL(err, LK_E_DEVICE,
                     "problem row %zu: attempts counted twice gave two counts", p);
    }

out:
    return st;
}

/* Finds the attempts at which the hunted problems end, all at once. */
static lk_status hunt_down(lk_pursuit *pursuit, const lk_runner *runner, size_t hunts,
                           lk_error *err)
{
    lk_status st = LK_OK;

    while (hunts > 0) {
        size_t left = 0;

        pursuit->spans = hunts;
        for (size_t h = 0; h < hunts; h++) {
            const lk_span *hunt = &pursuit->hunt[h];
            const uint64_t half = (hunt->end - hunt->first + 1) / 2;

            pursuit->span[h] =
                (lk_span){hunt->problem, hunt->first, hunt->first + half};
        }
        LK_TRY(count_spans(pursuit, runner, err));
        for (size_t h = 0; h < hunts; h++) {
            lk_span hunt = pursuit->hunt[h];
            bool ends;

            if (runner->notes->violation[hunt.problem] != 0.0)
                continue; /* made again */
            LK_TRY(halve(pursuit, &hunt, &pursuit->span[h], &ends, err));
            if (!ends) pursuit->hunt[left++] = hunt;
        }
        hunts = left;
    }

out:
    return st;
}

/* Spans of problems that lack attempts, those with the fewest first, so that all grow
 * together; as long as what a problem has, so that running ahead at most doubles it. */
static void plan_spans(lk_pursuit *pursuit, uint64_t wanted)
{
    const lk_result *result = pursuit->result;
    const size_t problems = result->spec.problems;
    uint64_t level = UINT64_MAX, planned = 0;
    size_t active = 0;

    pursuit->spans = 0;
    for (size_t p = 0; p < problems; p++) {
        if (has_enough(result, p, pursuit->draws)) continue;
        active++;
        if (attempts_of(result, p) < level) level = attempts_of(result, p);
    }
    if (active == 0) return;
    const uint64_t share = wanted / active + 1;
    const uint64_t ahead = level > STRETCH_LEAST ? level : STRETCH_LEAST;
    uint64_t target = level + (share < ahead ? share : ahead);

    if (target > pursuit->draws) target = pursuit->draws;
    for (size_t p = 0; p < problems && planned < wanted; p++) {
        const uint64_t n = attempts_of(result, p);
        uint64_t end = target;

        if (n >= target || has_enough(result, p, pursuit->draws)) continue;
        if (result->spec.until.kind == LK_UNTIL_WIDTH && next_look(n) < end) {
            end = next_look(n);
        }
        pursuit->span[pursuit->spans++] = (lk_span){p, n, end};
        planned += end - n;
    }
}

/* A problem that comes before another when a block is given away. */
static bool is_harder(const lk_result *result, size_t a, size_t b)
{
    const uint64_t ca = successes_of(result, a), cb = successes_of(result, b);

    return ca < cb || (ca == cb && attempts_of(result, a) < attempts_of(result, b));
}

/* Blocks for all problems that tie for the hardest, in order: given one by one they would
 * go to the same ones, for a block leaves a problem less hard than its equals.  A block
 * that an earlier budget had cut short is completed first. */
static void plan_blocks(lk_pursuit *pursuit, uint64_t wanted)
{
    const lk_result *result = pursuit->result;
    const lk_until *until = &result->spec.until;
    const size_t problems = result->spec.problems;
    uint64_t left = lk_pursuit_missing(result, pursuit->draws), planned = 0;
    size_t hardest = problems;

    pursuit->spans = 0;
    for (size_t p = 0; p < problems; p++) {
        const uint64_t n = attempts_of(result, p);

        if (n >= pursuit->draws) continue;
        if (n % until->block != 0) {
            hardest = p;
            break;
        }
        if (hardest == problems || is_harder(result, p, hardest)) hardest = p;
    }
    for (size_t p = hardest; p < problems && left > 0 && planned < wanted; p++) {
        const uint64_t n = attempts_of(result, p);

        if (n >= pursuit->draws || is_harder(result, hardest, p)) continue;
        uint64_t count = until->block - n % until->block;

        if (count > pursuit->draws - n) count = pursuit->draws - n;
        if (count > left) count = left;
        pursuit->span[pursuit->spans++] = (lk_span){p, n, n + count};
        planned += count;
        left -= count;
        if (n % until->block != 0) break;
    }
}

lk_status lk_pursuit_batch(lk_pursuit *pursuit, const lk_runner *runner,
                           uint64_t wanted, bool *finished, lk_error *err)
{
    lk_result *result = pursuit->result;
    const lk_until *until = &result->spec.until;
    size_t hunts = 0;
    lk_status st = LK_OK;

    pursuit->made = 0;
    if (until->kind == LK_UNTIL_BUDGET) {
        plan_blocks(pursuit, wanted);
    } else {
        plan_spans(pursuit, wanted);
    }
    *finished = pursuit->spans == 0;
    if (*finished) {
        result->spec.until.raised = false;
        goto out;
    }
    LK_TRY(count_spans(pursuit, runner, err));
    for (size_t s = 0; s < pursuit->spans; s++) {
        const lk_span *span = &pursuit->span[s];
        const size_t p = span->problem;

        if (runner->notes->violation[p] != 0.0) continue; /* it will be made again */
        if (until->kind == LK_UNTIL_SUCCESSES &&
            successes_of(result, p) + counted(pursuit, p) >= until->successes) {
            pursuit->hunt[hunts++] = *span;
            continue;
        }
        LK_TRY(keep_span(pursuit, span, err));
    }
    LK_TRY(hunt_down(pursuit, runner, hunts, err));

out:
    return st;
}
