/* rare_check.c - estimates against counts. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "largek/agreement.h"
#include "largek/interval.h"
#include "largek/rare.h"

/* The row of the result with that index, or its number of problems. */
static size_t row_of(const lk_result *result, uint64_t index, size_t guess)
{
    if (guess < result->spec.problems && result->index[guess] == index) return guess;
    for (size_t p = 0; p < result->spec.problems; p++) {
        if (result->index[p] == index) return p;
    }
    return result->spec.problems;
}

static size_t column_of(const lk_result *result, double threshold)
{
    size_t t = 0;

    while (t < result->spec.thresholds && result->spec.threshold[t] != threshold) t++;
    return t;
}

/* The same task: seeds may differ, and so may the choice of problems and thresholds. */
static lk_status same_task(const lk_spec *a, const lk_spec *b, lk_error *err)
{
    lk_spec like = *a;

    like.seed = b->seed;
    like.thresholds = b->thresholds;
    memcpy(like.threshold, b->threshold, sizeof like.threshold);
    if (a->problems != b->problems) { /* another choice has another digest */
        like.problems = b->problems;
        memcpy(like.problems_digest, b->problems_digest, sizeof like.problems_digest);
    }
    return lk_spec_same(b, &like, err);
}

/* Whether an estimate is hits of plain draws. */
static bool is_plain(const lk_rare *rare, const lk_rare_estimate *e)
{
    return rare->options.method != LK_RARE_SPLITTING && e->modes == 0;
}

static void test_all(lk_rare *rare, const lk_result *result, double *p_value)
{
    const size_t thresholds = rare->spec.thresholds;

    for (size_t i = 0; i < rare->spec.problems * thresholds; i++) {
        lk_rare_estimate *e = &rare->at[i];
        const size_t p = row_of(result, rare->index[i / thresholds], i / thresholds);
        const size_t t = column_of(result, rare->spec.threshold[i % thresholds]);

        p_value[i] = NAN;
        if (p == result->spec.problems || t == result->spec.thresholds ||
            e->status == LK_RARE_PENDING || isnan(e->log_p) ||
            result->tally.attempts[p] == 0) {
            continue;
        }
        const uint64_t n = result->tally.attempts[p];
        const uint64_t c = result->tally.successes[p * result->spec.thresholds + t];

        p_value[i] = is_plain(rare, e)
                         ? lk_agreement_of_counts(n, c, e->draws, e->hits)
                         : lk_agreement(n, c, fmin(e->log_p, 0.0), e->rel_error);
        e->check = p_value[i];
    }
}

/* Successes where no estimate found any are a contradiction without a test. */
static size_t find_missed(lk_rare *rare, const lk_result *result)
{
    const size_t thresholds = rare->spec.thresholds;
    size_t missed = 0;

    for (size_t i = 0; i < rare->spec.problems * thresholds; i++) {
        const size_t p = row_of(result, rare->index[i / thresholds], i / thresholds);
        const size_t t = column_of(result, rare->spec.threshold[i % thresholds]);

        if (p == result->spec.problems || t == result->spec.thresholds) continue;
        if (rare->at[i].status != LK_RARE_NONE_FOUND ||
            result->tally.successes[p * result->spec.thresholds + t] == 0) {
            continue;
        }
        rare->at[i].check = 0.0;
        missed++;
    }
    return missed;
}

lk_status lk_rare_check(lk_rare *rare, const lk_result *result, double alpha,
                        size_t *tested, size_t *refused, lk_error *err)
{
    const size_t cells = rare->spec.problems * rare->spec.thresholds;
    double *p_value = calloc(cells, sizeof *p_value);
    bool *bad = calloc(cells, sizeof *bad);
    lk_status st = LK_OK;

    if (p_value == NULL || bad == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu tests", cells);
        goto out;
    }
    LK_TRY(same_task(&rare->spec, &result->spec, err));
    test_all(rare, result, p_value);
    *tested = 0;
    for (size_t i = 0; i < cells; i++) *tested += isnan(p_value[i]) ? 0 : 1;
    if (*tested == 0) {
        st = LK_FAIL(err, LK_E_MISMATCH,
                     "the counts share no problem and threshold with the estimates");
        goto out;
    }
    LK_TRY(lk_holm(p_value, cells, alpha, bad, refused, err));
    for (size_t i = 0; i < cells; i++) {
        if (bad[i]) rare->at[i].status = LK_RARE_DISAGREES;
    }
    *refused += find_missed(rare, result);

out:
    free(p_value);
    free(bad);
    return st;
}

/* Counts in the place of an estimate. */
static void take_counts(lk_rare_estimate *e, uint64_t n, uint64_t c)
{
    const lk_interval ends =
        lk_binomial_interval(LK_INTERVAL_CLOPPER_PEARSON, n, c, 0.95);
    const double p = (double)c / (double)n;

    e->log_p = log(p);
    e->rel_error = sqrt((1.0 - p) / (double)c);
    e->log_lo = log(ends.lo);
    e->log_hi = log(ends.hi);
    e->draws = n;
    e->hits = c;
    e->modes = 0;
    if (e->status != LK_RARE_DISAGREES) e->status = LK_RARE_OK;
}

lk_status lk_rare_combine(lk_rare *rare, const lk_result *result, size_t *replaced,
                          lk_error *err)
{
    const size_t thresholds = rare->spec.thresholds;
    const lk_status st = same_task(&rare->spec, &result->spec, err);

    if (st != LK_OK) return st;
    *replaced = 0;
    for (size_t i = 0; i < rare->spec.problems * thresholds; i++) {
        lk_rare_estimate *e = &rare->at[i];
        const size_t p = row_of(result, rare->index[i / thresholds], i / thresholds);
        const size_t t = column_of(result, rare->spec.threshold[i % thresholds]);

        if (p == result->spec.problems || t == result->spec.thresholds) continue;
        const uint64_t n = result->tally.attempts[p];
        const uint64_t c = result->tally.successes[p * result->spec.thresholds + t];

        if (n == 0) continue;
        if (c == 0) { /* where nothing was found, a better bound */
            if (!isnan(e->log_p)) continue;
            e->log_hi = fmin(
                e->log_hi,
                log(lk_binomial_interval(LK_INTERVAL_CLOPPER_PEARSON, n, 0, 0.95).hi));
        } else if (isnan(e->log_p) || (1.0 - (double)c / (double)n) / (double)c <
                                          e->rel_error * e->rel_error) {
            take_counts(e, n, c);
            ++*replaced;
        }
    }
    return LK_OK;
}
