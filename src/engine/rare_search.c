/* rare_search.c - where the successes may be: minima from several starts.
 *
 * A start moves to a minimum of F = S / (2 tau^2) + |eps|^2 / 2 by Levenberg and Marquardt
 * [1, 2]: (J^T J / tau^2 + (1 + lambda) I) step = -(J^T r / tau^2 + eps).  tau^2 = limit / L
 * puts the score of a typical point near the limit, and falls further until the minimum
 * itself is a success or can be none.  From threshold to threshold each start goes on
 * from where it was.  Two ends are of one mode where all
 * the points looked at between them are successes, or no worse than the worse end.
 *
 * References
 *   [1] K. Levenberg, Quart. Appl. Math. 2 (1944) 164-168.
 *   [2] D. W. Marquardt, J. SIAM 11 (1963) 431-441.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rare.h"

enum { STEPS_MAX = 30, COOLINGS = 10, TEMPERINGS = 6, BETWEEN = 9 };

lk_status lk_search_init(lk_search *search, const lk_workload *work, size_t starts,
                         size_t threads, lk_error *err)
{
    const size_t n = work->latent, space = n * (n + 4);
    lk_search s = {.starts = starts, .latent = n, .threads = threads > 0 ? threads : 1};
    lk_status st = LK_OK;

    s.start = calloc(starts, sizeof *s.start);
    s.arena = calloc(starts * n, sizeof *s.arena);
    s.net = calloc(s.threads, sizeof *s.net);
    s.step = calloc(s.threads * space, sizeof *s.step);
    if (s.start == NULL || s.arena == NULL || s.net == NULL || s.step == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu starts", starts);
        goto out;
    }
    for (size_t i = 0; i < starts; i++) s.start[i].eps = s.arena + i * n;
    for (size_t t = 0; t < s.threads; t++) LK_TRY(lk_net_init(&s.net[t], work, err));
    *search = s;
    s = (lk_search){0};

out:
    lk_search_release(&s);
    return st;
}

void lk_search_release(lk_search *search)
{
    for (size_t t = 0; search->net != NULL && t < search->threads; t++) {
        lk_net_release(&search->net[t]);
    }
    free(search->start);
    free(search->arena);
    free(search->net);
    free(search->step);
    *search = (lk_search){0};
}

/* Every second start from N(0, I), the others from N(0, 4 I), the first from 0. */
void lk_search_begin(lk_search *search, size_t problem)
{
    const lk_workload *work = search->net[0].work;
    const size_t n = search->latent;
    const lk_rare_address at = lk_rare_at(work, problem, LK_RARE_KIND_START, 0, 0);

    for (size_t t = 0; t < search->threads; t++) search->net[t].problem = problem;
    for (size_t i = 0; i < search->starts; i++) {
        const double spread = i == 0 ? 0.0 : i % 2 == 1 ? 1.0 : 2.0;

        for (size_t d = 0; d < n; d += 4) {
            float xi[4];

            lk_normal4(lk_words(at.seed, LK_PURPOSE_PROPOSAL, at.item,
                                at.stage + i * lk_rare_blocks(n) + d / 4),
                       xi);
            for (size_t j = 0; j < 4 && d + j < n; j++) {
                search->start[i].eps[d + j] = spread * (double)xi[j];
            }
        }
        search->start[i].alive = true;
    }
    search->modes = 0;
    search->evaluations = 0;
}

static double half_norm(const double *eps, size_t n)
{
    double s = 0.0;

    for (size_t i = 0; i < n; i++) s += eps[i] * eps[i];
    return 0.5 * s;
}

/* Solves (normal / tau2 + (1 + damping) I) step = -(gradient / tau2 + eps). */
static bool solve_step(const lk_net *net, const double *eps, double tau2,
                       double damping, double *factor, double *step)
{
    const size_t n = net->work->latent;

    for (size_t i = 0; i < n * n; i++) factor[i] = net->normal[i] / tau2;
    for (size_t i = 0; i < n; i++) factor[i * n + i] += 1.0 + damping;
    if (!lk_cholesky(factor, n)) return false;
    for (size_t i = 0; i < n; i++) {
        double s = -(net->gradient[i] / tau2 + eps[i]);

        for (size_t k = 0; k < i; k++) s -= factor[i * n + k] * step[k];
        step[i] = s / factor[i * n + i];
    }
    for (size_t i = n; i-- > 0;) {
        double s = step[i];

        for (size_t k = i + 1; k < n; k++) s -= factor[k * n + i] * step[k];
        step[i] = s / factor[i * n + i];
    }
    return true;
}

/* Tries longer and longer damping until F falls; false where it does not any more. */
static bool improve(lk_net *net, lk_start *start, double tau2, double *damping,
                    double *space, uint64_t *evaluations)
{
    const size_t n = net->work->latent;
    double *factor = space, *step = space + n * n, *trial = step + n;

    for (int tries = 0; tries < 8; tries++, *damping = fmax(4.0 * *damping, 1e-2)) {
        if (!solve_step(net, start->eps, tau2, *damping, factor, step)) continue;
        for (size_t i = 0; i < n; i++) trial[i] = start->eps[i] + step[i];
        const double sse = lk_net_sse(net, trial, false);
        const double objective = 0.5 * sse / tau2 + half_norm(trial, n);

        ++*evaluations;
        if (!(objective < start->objective)) continue;
        const bool worth = start->objective - objective > 1e-4;

        memcpy(start->eps, trial, n * sizeof *trial);
        start->sse = sse;
        start->objective = objective;
        *damping *= 0.2;
        return worth;
    }
    return false;
}

static void descend(lk_net *net, lk_start *start, double tau2, size_t steps,
                    double *space, uint64_t *evaluations)
{
    double damping = 0.0;

    for (size_t i = 0; i < steps; i++) {
        start->sse = lk_net_sse(net, start->eps, true);
        start->objective =
            0.5 * start->sse / tau2 + half_norm(start->eps, net->work->latent);
        *evaluations += net->work->latent;
        if (!isfinite(start->objective)) {
            start->alive = false;
            return;
        }
        if (!improve(net, start, tau2, &damping, space, evaluations)) return;
    }
}

/* Whether the segment between two ends stays among the successes. */
static bool joined(lk_search *search, const lk_start *a, const lk_start *b,
                   double limit)
{
    const double most = fmax(limit, fmax(a->sse, b->sse)) * (1.0 + 1e-6);
    double *point = search->step;

    for (size_t i = 1; i <= BETWEEN; i++) {
        const double part = (double)i / (BETWEEN + 1);

        for (size_t d = 0; d < search->latent; d++) {
            point[d] = a->eps[d] + part * (b->eps[d] - a->eps[d]);
        }
        search->evaluations++;
        if (!(lk_net_sse(&search->net[0], point, false) <= most)) return false;
    }
    return true;
}

static double distance(const lk_start *a, const lk_start *b, size_t n)
{
    double s = 0.0;

    for (size_t i = 0; i < n; i++) {
        s += (a->eps[i] - b->eps[i]) * (a->eps[i] - b->eps[i]);
    }
    return sqrt(s);
}

/* Puts a start in a mode, or lets it begin one; starts come with rising F. */
static void place(lk_search *search, size_t which, double limit)
{
    lk_start *start = &search->start[which];

    for (size_t m = 0; m < search->modes; m++) {
        const lk_start *mode = &search->start[search->mode[m]];

        if (distance(start, mode, search->latent) < 1e-2) {
            start->alive = false; /* the same minimum, now and at lower limits */
            return;
        }
        if (joined(search, start, mode, limit)) return;
    }
    if (search->modes < LK_RARE_MODES_MAX) search->mode[search->modes++] = which;
}

static void find_modes(lk_search *search, double limit)
{
    bool placed[256] = {false};

    search->modes = 0;
    for (size_t round = 0; round < search->starts; round++) {
        size_t best = search->starts;

        for (size_t i = 0; i < search->starts; i++) {
            if (placed[i] || !search->start[i].alive) continue;
            if (best == search->starts ||
                search->start[i].objective < search->start[best].objective) {
                best = i;
            }
        }
        if (best == search->starts) return;
        placed[best] = true;
        place(search, best, limit);
    }
}

/* Cools a start until its minimum is at or below the limit, or lower tau brings no more. */
static void cool(lk_net *net, lk_start *start, double limit, double *space,
                 uint64_t *evaluations)
{
    double tau2 = limit / (double)net->work->latent, before = INFINITY;

    for (size_t i = 0; i < COOLINGS && start->alive; i++, tau2 /= 3.0) {
        descend(net, start, tau2, STEPS_MAX, space, evaluations);
        if (start->sse <= limit || start->sse > before * (1.0 - 1e-4)) return;
        before = start->sse;
    }
}

double lk_search_least(const lk_search *search)
{
    double least = INFINITY;

    for (size_t m = 0; m < search->modes; m++) {
        least = fmin(least, search->start[search->mode[m]].sse);
    }
    return least;
}

void lk_search_descend(lk_search *search, double limit)
{
    const size_t n = search->latent, space = n * (n + 4);
    uint64_t evaluations = 0;

#pragma omp parallel for num_threads((int)search->threads) schedule(static) \
    reduction(+ : evaluations)
    for (size_t t = 0; t < search->threads; t++) {
        for (size_t i = t; i < search->starts; i += search->threads) {
            cool(&search->net[t], &search->start[i], limit, search->step + t * space,
                 &evaluations);
        }
    }
    search->evaluations += evaluations;
    find_modes(search, limit);
}

/* The trace of A (A + I)^-1 of A = normal / tau2: how many directions the score holds. */
static double dimensions(const lk_net *net, double tau2, double *factor,
                         double *inverse)
{
    const size_t n = net->work->latent;
    double trace = 0.0;

    for (size_t i = 0; i < n * n; i++) factor[i] = net->normal[i] / tau2;
    for (size_t i = 0; i < n; i++) factor[i * n + i] += 1.0;
    if (!lk_cholesky(factor, n)) return 0.0;
    lk_lower_inverse(factor, n, inverse);
    for (size_t i = 0; i < n * n; i++) trace += inverse[i] * inverse[i];
    return (double)n - trace; /* trace of (A + I)^-1 = |L^-1|^2 */
}

bool lk_search_laplace(lk_search *search, size_t mode, double limit, double *mean,
                       double *covariance)
{
    const size_t n = search->latent;
    const lk_start *from = &search->start[search->mode[mode]];
    lk_net *net = &search->net[0];
    lk_start here = {.eps = mean, .alive = true};
    double tau2 = limit / (double)n;
    double *inverse = covariance; /* the last use of it is below */

    memcpy(mean, from->eps, n * sizeof *mean);
    for (int i = 0; i < TEMPERINGS; i++) {
        descend(net, &here, tau2, 2, search->step, &search->evaluations);
        if (!here.alive) return false;
        here.sse = lk_net_sse(net, mean, true);
        search->evaluations += n;
        const double held = dimensions(net, tau2, search->step, inverse);
        const double wanted = (limit - here.sse) / fmax(held, 0.5);
        const double next = fmin(fmax(wanted, 0.25 * tau2), 4.0 * tau2);

        if (fabs(next / tau2 - 1.0) < 0.1) break;
        tau2 = next;
    }
    dimensions(net, tau2, search->step, inverse);
    /* (A + I)^-1 = L^-T L^-1, through a copy of L^-1. */
    memcpy(search->step, inverse, n * n * sizeof *inverse);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            double s = 0.0;

            for (size_t k = i > j ? i : j; k < n; k++) {
                s += search->step[k * n + i] * search->step[k * n + j];
            }
            covariance[i * n + j] = s;
        }
    }
    return true;
}
