/* shared.c - results that share their draws: gathered into one, and dealt out again. */
#include "largek/shared.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool same_ranges(const lk_ranges *a, const lk_ranges *b)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++) {
        if (a->range[i].first != b->range[i].first) return false;
        if (a->range[i].end != b->range[i].end) return false;
    }
    return true;
}

static bool same_but_limits(const lk_spec *a, const lk_spec *b)
{
    lk_spec other = *b;

    other.score = a->score;
    other.thresholds = a->thresholds;
    memcpy(other.threshold, a->threshold, sizeof a->threshold);
    return a->until.kind == LK_UNTIL_DRAWS && lk_spec_same(a, &other, NULL) == LK_OK;
}

bool lk_shared_fits(const lk_result *a, const lk_result *b)
{
    const size_t problems = a->spec.problems;
    const lk_tally *x = &a->tally, *y = &b->tally;

    if (!same_but_limits(&a->spec, &b->spec)) return false;
    if (a->traced > 0 || b->traced > 0) return false;
    for (size_t p = 0; p < problems; p++) {
        if (a->index[p] != b->index[p] || x->attempts[p] != y->attempts[p] ||
            x->best[p] != y->best[p] || x->best_attempt[p] != y->best_attempt[p] ||
            !same_ranges(&a->done[p], &b->done[p])) {
            return false;
        }
    }
    return memcmp(x->histogram, y->histogram,
                  problems * LK_HISTOGRAM_BINS * sizeof *x->histogram) == 0;
}

/* Room for what is there already is kept. */
static lk_status copy_ranges(lk_ranges *to, const lk_ranges *from, lk_error *err)
{
    if (to->room < from->count) {
        lk_range *grown = realloc(to->range, from->room * sizeof *grown);

        if (grown == NULL) {
            return LK_FAIL(err, LK_E_MEMORY, "no room for %zu ranges", from->count);
        }
        to->range = grown;
        to->room = from->room;
    }
    if (from->count > 0) {
        memcpy(to->range, from->range, from->count * sizeof *from->range);
    }
    to->count = from->count;
    return LK_OK;
}

/* What draws leave whatever the limits. */
static lk_status copy_draws(lk_result *to, const lk_result *from, lk_error *err)
{
    const size_t problems = from->spec.problems;
    const lk_tally *tally = &from->tally;
    lk_status st = LK_OK;

    for (size_t p = 0; p < problems; p++) {
        LK_TRY(copy_ranges(&to->done[p], &from->done[p], err));
    }
    memcpy(to->tally.attempts, tally->attempts, problems * sizeof *tally->attempts);
    memcpy(to->tally.best, tally->best, problems * sizeof *tally->best);
    memcpy(to->tally.best_attempt, tally->best_attempt,
           problems * sizeof *tally->best_attempt);
    memcpy(to->tally.histogram, tally->histogram,
           problems * LK_HISTOGRAM_BINS * sizeof *tally->histogram);

out:
    return st;
}

/* Puts the limits of one more cell in their places, problem by problem. */
static void insert_limits(lk_shared *s, double *limit, size_t filled, size_t cell,
                          const lk_job *one)
{
    const size_t columns = s->result.spec.thresholds;
    const size_t thresholds = one->work.thresholds;

    for (size_t p = 0; p < one->work.problems; p++) {
        double *row = limit + p * columns;
        lk_shared_place *place = s->place + p * columns;

        for (size_t t = 0; t < thresholds; t++) {
            const double new = one->limit[p * thresholds + t];
            size_t at = filled + t;

            for (; at > 0 && row[at - 1] > new; at--) {
                row[at] = row[at - 1];
                place[at] = place[at - 1];
            }
            row[at] = new;
            place[at] = (lk_shared_place){(uint8_t)cell, (uint8_t)t};
        }
    }
}

/* The job of the first cell, with the limits of all. */
static lk_status unite_jobs(lk_shared *s, lk_job *job, const lk_mlp *decoder,
                            const lk_problems *problems, lk_error *err)
{
    const size_t columns = s->result.spec.thresholds;
    lk_job one = {0}, united = {0};
    double *limit = calloc(problems->problems * columns, sizeof *limit);
    size_t filled = 0;
    lk_status st = LK_OK;

    if (limit == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for limits of %zu problems",
                     problems->problems);
        goto out;
    }
    LK_TRY(lk_job_init(&united, decoder, problems, &s->cell[0]->spec, err));
    for (size_t c = 0; c < s->cells; c++) {
        LK_TRY(lk_job_init(&one, decoder, problems, &s->cell[c]->spec, err));
        insert_limits(s, limit, filled, c, &one);
        filled += one.work.thresholds;
        lk_job_release(&one);
    }
    free(united.limit);
    united.limit = limit;
    united.work.limit = limit;
    united.work.thresholds = columns;
    *job = united;
    united = (lk_job){0};
    limit = NULL;

out:
    free(limit);
    lk_job_release(&united);
    return st;
}

/* Where a column's counts are in its cell's tally. */
static size_t cell_at(const lk_shared *s, size_t p, const lk_shared_place *place)
{
    return p * s->cell[place->cell]->spec.thresholds + place->threshold;
}

static lk_status gather(lk_shared *s, lk_error *err)
{
    const size_t columns = s->result.spec.thresholds;
    lk_tally *tally = &s->result.tally;
    lk_status st = LK_OK;

    LK_TRY(copy_draws(&s->result, s->cell[0], err));
    for (size_t p = 0; p < s->result.spec.problems; p++) {
        for (size_t c = 0; c < s->cells; c++) {
            s->result.guard[p] = fmax(s->result.guard[p], s->cell[c]->guard[p]);
        }
        for (size_t i = 0; i < columns; i++) {
            const lk_shared_place *place = &s->place[p * columns + i];
            const lk_tally *from = &s->cell[place->cell]->tally;
            const size_t at = cell_at(s, p, place);

            tally->successes[p * columns + i] = from->successes[at];
            tally->first[p * columns + i] = from->first[at];
        }
    }

out:
    return st;
}

/* The spec of all cells, but for its thresholds, which have no unit in common. */
static lk_status unite_specs(lk_result *const *cell, size_t cells, lk_spec *out,
                             lk_error *err)
{
    lk_spec spec = cell[0]->spec;
    size_t columns = 0;

    for (size_t c = 0; c < cells; c++) {
        if (!lk_shared_fits(cell[0], cell[c])) {
            return LK_FAIL(err, LK_E_ARG, "cell %zu cannot share its draws", c);
        }
        columns += cell[c]->spec.thresholds;
    }
    if (columns > LK_THRESHOLDS_MAX) {
        return LK_FAIL(err, LK_E_ARG, "%zu thresholds of %zu cells: at most %d",
                       columns, cells, LK_THRESHOLDS_MAX);
    }
    spec.score = LK_SCORE_SUM;
    spec.thresholds = columns;
    memset(spec.threshold, 0, sizeof spec.threshold);
    *out = spec;
    return LK_OK;
}

lk_status lk_shared_open(lk_shared *out, lk_job *job, const lk_mlp *decoder,
                         const lk_problems *problems, lk_result *const *cell,
                         size_t cells, lk_error *err)
{
    lk_shared s = {.cells = cells};
    lk_spec spec;
    lk_status st = LK_OK;

    if (cells == 0 || cells > LK_THRESHOLDS_MAX) {
        return LK_FAIL(err, LK_E_ARG, "%zu cells: give 1 to %d", cells,
                       LK_THRESHOLDS_MAX);
    }
    LK_TRY(unite_specs(cell, cells, &spec, err));
    memcpy(s.cell, cell, cells * sizeof(lk_result *));
    LK_TRY(lk_result_init(&s.result, &spec, cell[0]->index, err));
    s.place = calloc(spec.problems * spec.thresholds, sizeof *s.place);
    if (s.place == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for limits of %zu problems",
                     spec.problems);
        goto out;
    }
    LK_TRY(unite_jobs(&s, job, decoder, problems, err));
    st = gather(&s, err);
    if (st != LK_OK) lk_job_release(job);
    if (st != LK_OK) goto out;
    *out = s;
    s = (lk_shared){0};

out:
    lk_shared_close(&s);
    return st;
}

void lk_shared_close(lk_shared *shared)
{
    lk_result_release(&shared->result);
    free(shared->place);
    *shared = (lk_shared){0};
}

/* What the run has noted since the last time. */
static void deal_notes(const lk_shared *s, lk_result *cell)
{
    const lk_result *run = &s->result;

    memcpy(cell->guard, run->guard, run->spec.problems * sizeof *run->guard);
    memcpy(cell->device, run->device, sizeof cell->device);
    memcpy(cell->path, run->path, sizeof cell->path);
    cell->redecided += run->redecided - s->redecided;
    cell->audited += run->audited - s->audited;
    cell->violations += run->violations - s->violations;
    cell->seconds += run->seconds - s->seconds;
    cell->audit_largest = fmax(cell->audit_largest, run->audit_largest);
    cell->asked = run->asked;
}

lk_status lk_shared_deal(lk_shared *shared, lk_error *err)
{
    lk_shared *s = shared;
    const size_t columns = s->result.spec.thresholds;
    const lk_tally *tally = &s->result.tally;
    lk_status st = LK_OK;

    for (size_t c = 0; c < s->cells; c++) {
        LK_TRY(copy_draws(s->cell[c], &s->result, err));
    }
    for (size_t i = 0; i < s->result.spec.problems * columns; i++) {
        const lk_shared_place *place = &s->place[i];
        lk_tally *to = &s->cell[place->cell]->tally;
        const size_t at = cell_at(s, i / columns, place);

        to->successes[at] = tally->successes[i];
        to->first[at] = tally->first[i];
    }
    for (size_t c = 0; c < s->cells; c++) deal_notes(s, s->cell[c]);
    s->redecided = s->result.redecided;
    s->audited = s->result.audited;
    s->violations = s->result.violations;
    s->seconds = s->result.seconds;

out:
    return st;
}

uint64_t lk_shared_successes(const lk_shared *shared, size_t cell, size_t threshold,
                             size_t p)
{
    const size_t columns = shared->result.spec.thresholds;
    const lk_shared_place *place = shared->place + p * columns;
    size_t i = 0;

    while (place[i].cell != cell || place[i].threshold != threshold) i++;
    return shared->result.tally.successes[p * columns + i];
}
