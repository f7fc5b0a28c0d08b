/* verify_tiles.c - stretches of attempts, counted by the fast path and by the canonical
 * score, and held against the totals. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/verify_parts.h"

enum { CHUNK = 256, WIDENINGS_MAX = 16, TRIES = 16 };

/* A tile, and what two ways of counting say of it.  A tally's rows are problems. */
typedef struct {
    lk_tally fast, canonical; /* the second has one row */
    double excess[LK_THRESHOLDS_MAX], variance[LK_THRESHOLDS_MAX]; /* of all tiles */
    lk_unit *taken;                                                /* [tiles] */
    size_t count;
} tiles;

/* The `rank`-th attempt of those done, and the range that it is in. */
static uint64_t done_attempt(const lk_ranges *done, uint64_t rank, lk_range *range)
{
    size_t r = 0;

    while (rank >= done->range[r].end - done->range[r].first) {
        rank -= done->range[r].end - done->range[r].first;
        r++;
    }
    *range = done->range[r];
    return done->range[r].first + rank;
}

/* Draws a row and an attempt of it, and takes what its aligned block has of its range, so
 * that two tiles are the same or have nothing in common. */
static bool draw_tile(const lk_check *check, uint64_t number, lk_unit *out)
{
    const lk_result *r = check->result;
    const lk_u32x4 words =
        lk_words(check->options->seed, LK_PURPOSE_AUDIT, LK_ITEM_MAX, number);
    const uint64_t a = (uint64_t)words.w[0] << 32 | words.w[1];
    const uint64_t b = (uint64_t)words.w[2] << 32 | words.w[3];
    const uint64_t size = check->options->tile;
    const size_t row = (size_t)(a % r->spec.problems);
    lk_range range;

    if (r->tally.attempts[row] == 0) return false;
    const uint64_t attempt =
        done_attempt(&r->done[row], b % r->tally.attempts[row], &range);
    const uint64_t start = attempt / size * size;
    const uint64_t first = range.first > start ? range.first : start;
    const uint64_t end = range.end - start < size ? range.end : start + size;

    *out = (lk_unit){row, first, end - first};
    return true;
}

static bool is_taken(const tiles *set, const lk_unit *tile)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->taken[i].problem == tile->problem &&
            set->taken[i].first == tile->first) {
            return true;
        }
    }
    return false;
}

/* By every attempt's canonical score, as largek/backend.h defines a success. */
static lk_status count_canonical(lk_check *check, const lk_unit *tile, lk_tally *into,
                                 lk_error *err)
{
    const double *limit = check->job->work.limit + tile->problem * into->thresholds;
    uint64_t attempt[CHUNK];
    double score[CHUNK];
    lk_status st = LK_OK;

    lk_tally_clear(into, 0);
    into->attempts[0] = tile->count;
    for (uint64_t from = 0; from < tile->count; from += CHUNK) {
        const uint64_t left = tile->count - from;
        const size_t count = (size_t)(left < CHUNK ? left : CHUNK);

        for (size_t i = 0; i < count; i++) attempt[i] = tile->first + from + i;
        LK_TRY(check->backend->score(check->device, LK_SCORER_CANONICAL, tile->problem,
                                     attempt, count, score, err));
        for (size_t i = 0; i < count; i++) {
            for (size_t t = 0; t < into->thresholds; t++) {
                if (!(score[i] <= limit[t])) continue;
                into->successes[t]++;
                if (attempt[i] < into->first[t]) into->first[t] = attempt[i];
            }
            if (score[i] < into->best[0]) {
                into->best[0] = score[i];
                into->best_attempt[0] = attempt[i];
            }
        }
        LK_TRY(lk_check_pause(check, count, err));
    }

out:
    return st;
}

/* By the fast path with its band, and with a wider one where an audit asks for it. */
static lk_status count_fast(lk_check *check, const lk_unit *tile, lk_tally *into,
                            lk_error *err)
{
    bool again = true;
    lk_status st = LK_OK;

    for (int i = 0; again && i < WIDENINGS_MAX; i++) {
        size_t units = 0;

        for (uint64_t from = 0; from < tile->count; from += check->unit_max) {
            const uint64_t left = tile->count - from;
            const uint64_t count = left < check->unit_max ? left : check->unit_max;

            check->unit[units++] = (lk_unit){tile->problem, tile->first + from, count};
        }
        lk_tally_clear(into, tile->problem);
        LK_TRY(check->backend->run(check->device, check->unit, units, into,
                                   &check->notes, err));
        LK_TRY(lk_check_widen(check, &again, err));
        memset(check->notes.violation, 0,
               check->result->spec.problems * sizeof *check->notes.violation);
    }
    LK_TRY(lk_check_pause(check, tile->count, err));

out:
    return st;
}

/* What both ways of counting say, field by field. */
static void compare(lk_check *check, const lk_unit *tile, const tiles *set)
{
    const lk_tally *fast = &set->fast, *canonical = &set->canonical;
    const lk_spec *spec = &check->result->spec;
    const size_t row = tile->problem * spec->thresholds;
    const uint64_t index = check->result->index[tile->problem];
    const uint64_t end = tile->first + tile->count;

    for (size_t t = 0; t < spec->thresholds; t++) {
        if (fast->successes[row + t] == canonical->successes[t] &&
            fast->first[row + t] == canonical->first[t]) {
            continue;
        }
        lk_check_differ(check,
                        "problem %" PRIu64 ", attempts %" PRIu64 ":%" PRIu64
                        ": %" PRIu64
                        " successes at threshold %.12g by the fast path, %" PRIu64
                        " by the canonical score",
                        index, tile->first, end, fast->successes[row + t],
                        spec->threshold[t], canonical->successes[t]);
    }
    if (fast->best[tile->problem] != canonical->best[0] ||
        fast->best_attempt[tile->problem] != canonical->best_attempt[0]) {
        lk_check_differ(check,
                        "problem %" PRIu64 ", attempts %" PRIu64 ":%" PRIu64
                        ": smallest SSE %.17g by the fast path, %.17g by the canonical "
                        "score",
                        index, tile->first, end, fast->best[tile->problem],
                        canonical->best[0]);
    }
}

/* Whether the tile can be a part of the totals; what it adds to the rates. */
static void hold_against_totals(lk_check *check, const lk_unit *tile, tiles *set)
{
    const lk_result *r = check->result;
    const lk_tally *part = &set->canonical;
    const size_t p = tile->problem, thresholds = r->spec.thresholds;
    const double m = (double)tile->count, n = (double)r->tally.attempts[p];

    for (size_t t = 0; t < thresholds; t++) {
        const uint64_t c = part->successes[t], first = part->first[t];
        const uint64_t all = r->tally.successes[p * thresholds + t];
        const uint64_t kept = r->tally.first[p * thresholds + t];
        const double rate = (double)all / n;

        set->excess[t] += (double)c - m * rate;
        set->variance[t] += m * rate * (1.0 - rate);
        if (c > all || tile->count - c > r->tally.attempts[p] - all) {
            lk_check_differ(check,
                            "problem %" PRIu64 ": %" PRIu64 " successes of %" PRIu64
                            " at threshold %.12g, but attempts %" PRIu64 ":%" PRIu64
                            " alone have %" PRIu64,
                            r->index[p], all, r->tally.attempts[p],
                            r->spec.threshold[t], tile->first,
                            tile->first + tile->count, c);
        }
        if (first < kept) {
            lk_check_differ(check,
                            "problem %" PRIu64 ", attempt %" PRIu64
                            ": succeeds at threshold %.12g before its first success",
                            r->index[p], first, r->spec.threshold[t]);
        }
    }
    if (part->best[0] < r->tally.best[p] ||
        (part->best[0] == r->tally.best[p] &&
         part->best_attempt[0] < r->tally.best_attempt[p])) {
        lk_check_differ(check,
                        "problem %" PRIu64 ", attempt %" PRIu64
                        ": SSE %.17g, better than the best %.17g",
                        r->index[p], part->best_attempt[0], part->best[0],
                        r->tally.best[p]);
    }
}

/* Both tails of Bernstein's bound for the sum over all tiles. */
static void check_rates(lk_check *check, const tiles *set)
{
    const lk_spec *spec = &check->result->spec;

    for (size_t t = 0; t < spec->thresholds; t++) {
        const double d = fabs(set->excess[t]), v = set->variance[t];
        const double chance = 2.0 * exp(-0.5 * d * d / (v + d / 3.0));

        if (!(d > 0.0) || chance > LK_VERIFY_FALSE_ALARM) continue;
        lk_check_differ(check,
                        "threshold %.12g: %" PRIu64 " attempts drawn at random have "
                        "%.6g successes more than the totals let expect, and %.3g is "
                        "their standard deviation",
                        spec->threshold[t], check->report->draws, set->excess[t],
                        sqrt(v));
    }
}

static lk_status check_tile(lk_check *check, const lk_unit *tile, tiles *set,
                            lk_error *err)
{
    lk_status st = LK_OK;

    LK_TRY(count_canonical(check, tile, &set->canonical, err));
    LK_TRY(count_fast(check, tile, &set->fast, err));
    compare(check, tile, set);
    hold_against_totals(check, tile, set);
    check->report->tiles++;
    check->report->draws += tile->count;

out:
    return st;
}

lk_status lk_check_tiles(lk_check *check, lk_error *err)
{
    const size_t wanted = check->options->tiles;
    const lk_spec *spec = &check->result->spec;
    tiles set = {.taken = calloc(wanted + 1, sizeof *set.taken)};
    lk_status st = LK_OK;

    if (set.taken == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu tiles", wanted);
        goto out;
    }
    LK_TRY(lk_tally_init(&set.fast, spec->problems, spec->thresholds, err));
    LK_TRY(lk_tally_init(&set.canonical, 1, spec->thresholds, err));
    /* A small result has fewer tiles than that; they are then met again and again. */
    for (uint64_t i = 0; i < (uint64_t)wanted * TRIES && set.count < wanted; i++) {
        lk_unit tile;

        if (!draw_tile(check, i, &tile) || is_taken(&set, &tile)) continue;
        LK_TRY(check_tile(check, &tile, &set, err));
        set.taken[set.count++] = tile;
    }
    check_rates(check, &set);

out:
    lk_tally_release(&set.fast);
    lk_tally_release(&set.canonical);
    free(set.taken);
    return st;
}
