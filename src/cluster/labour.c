/* labour.c - the thread that computes. */
#include "cluster/labour.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

/* A piece as the device gets it. */
typedef struct {
    lk_unit *unit;
    size_t units, room;
    double attempts;
} lk_piece;

struct lk_labour {
    const lk_backend *backend;
    lk_device *device;
    const lk_workload *work;
    uint64_t unit_attempts; /* of this device */

    /* The thread's own. */
    lk_tally tally;
    lk_run_notes notes;
    lk_piece piece;

    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t to_do, done;
    lk_message todo[LK_PIECES_MAX];
    lk_parcel ready[LK_PIECES_MAX];
    size_t todos, readies;
    bool running, ending;
};

static lk_status add_unit(lk_piece *piece, lk_unit unit, lk_error *err)
{
    if (piece->units == piece->room) {
        const size_t room = piece->room == 0 ? 64 : 2 * piece->room;
        lk_unit *grown = realloc(piece->unit, room * sizeof *grown);

        if (grown == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a piece");
        piece->unit = grown;
        piece->room = room;
    }
    piece->unit[piece->units++] = unit;
    return LK_OK;
}

/* Units as this device takes them, and what rank 0 knows of their best scores. */
static lk_status read_work(lk_labour *labour, lk_parcel *work, lk_error *err)
{
    lk_piece *piece = &labour->piece;
    const uint64_t units = lk_parcel_take_u64(work);
    lk_status st = LK_OK;

    piece->units = 0;
    piece->attempts = 0.0;
    for (uint64_t u = 0; u < units; u++) {
        const uint64_t p = lk_parcel_take_u64(work);
        uint64_t first = lk_parcel_take_u64(work), left = lk_parcel_take_u64(work);
        const double best = lk_parcel_take_f64(work);
        const uint64_t best_attempt = lk_parcel_take_u64(work);

        if (work->bad || p >= labour->work->problems) {
            return LK_FAIL(err, LK_E_INTERNAL, "a piece of work was cut short");
        }
        labour->tally.best[p] = best;
        labour->tally.best_attempt[p] = best_attempt;
        piece->attempts += (double)left;
        while (left > 0) {
            const uint64_t count =
                left < labour->unit_attempts ? left : labour->unit_attempts;

            LK_TRY(add_unit(piece, (lk_unit){(size_t)p, first, count}, err));
            first += count;
            left -= count;
        }
    }

out:
    return st;
}

static void put_histogram(lk_parcel *report, const uint64_t *bin)
{
    uint64_t pairs = 0;

    for (size_t b = 0; b < LK_HISTOGRAM_BINS; b++) pairs += bin[b] > 0;
    lk_parcel_put_u64(report, pairs);
    for (size_t b = 0; b < LK_HISTOGRAM_BINS; b++) {
        if (bin[b] == 0) continue;
        lk_parcel_put_u64(report, b);
        lk_parcel_put_u64(report, bin[b]);
    }
}

/* A problem's row into the report, and back to nothing; a row that is nothing already,
 * because another unit of the problem came before, is left out. */
static uint64_t put_row(lk_labour *labour, lk_parcel *report, size_t p)
{
    lk_tally *tally = &labour->tally;
    const size_t row = p * tally->thresholds;
    const size_t bytes = tally->thresholds * sizeof(uint64_t);

    if (tally->attempts[p] == 0) return 0;
    lk_parcel_put_u64(report, p);
    lk_parcel_put_f64(report, labour->notes.violation[p]);
    lk_parcel_put_u64(report, tally->attempts[p]);
    lk_parcel_put_f64(report, tally->best[p]);
    lk_parcel_put_u64(report, tally->best_attempt[p]);
    lk_parcel_put(report, tally->successes + row, bytes);
    lk_parcel_put(report, tally->first + row, bytes);
    put_histogram(report, tally->histogram + p * LK_HISTOGRAM_BINS);
    lk_tally_clear(tally, p);
    labour->notes.violation[p] = 0.0;
    return 1;
}

static void put_rows(lk_labour *labour, lk_parcel *report)
{
    const lk_piece *piece = &labour->piece;
    const size_t at = report->bytes;
    uint64_t rows = 0;

    lk_parcel_put_u64(report, rows);
    for (size_t u = 0; u < piece->units; u++) {
        rows += put_row(labour, report, piece->unit[u].problem);
    }
    if (!report->bad) memcpy(report->byte + at, &rows, sizeof rows);
}

/* After a failure the tally is undefined. */
static void forget(lk_labour *labour)
{
    for (size_t u = 0; u < labour->piece.units; u++) {
        const size_t p = labour->piece.unit[u].problem;

        lk_tally_clear(&labour->tally, p);
        labour->notes.violation[p] = 0.0;
    }
}

static void make_piece(lk_labour *labour, lk_message *work, lk_parcel *report)
{
    const double start = lk_clock_s();
    lk_run_notes *notes = &labour->notes;
    lk_error why = {0};
    lk_status st = read_work(labour, &work->parcel, &why);

    notes->redecided = notes->audited = 0;
    notes->audit_largest = 0.0;
    if (st == LK_OK) {
        st = labour->backend->run(labour->device, labour->piece.unit,
                                  labour->piece.units, &labour->tally, notes, &why);
    }
    lk_message_start(report, LK_WORD_REPORT, work->serial);
    lk_parcel_put_f64(report, labour->piece.attempts);
    lk_parcel_put_f64(report, lk_clock_s() - start);
    lk_message_put_status(report, st, &why);
    if (st != LK_OK) {
        forget(labour);
        return;
    }
    lk_parcel_put_u64(report, notes->redecided);
    lk_parcel_put_u64(report, notes->audited);
    lk_parcel_put_f64(report, notes->audit_largest);
    put_rows(labour, report);
}

static void *work_on(void *argument)
{
    lk_labour *labour = argument;

    pthread_mutex_lock(&labour->lock);
    while (!labour->ending) {
        if (labour->todos == 0 || labour->readies == LK_PIECES_MAX) {
            pthread_cond_wait(&labour->to_do, &labour->lock);
            continue;
        }
        lk_message work = labour->todo[0];
        lk_parcel report;

        memmove(labour->todo, labour->todo + 1, --labour->todos * sizeof work);
        labour->running = true;
        pthread_mutex_unlock(&labour->lock);

        make_piece(labour, &work, &report);
        lk_parcel_release(&work.parcel);

        pthread_mutex_lock(&labour->lock);
        labour->running = false;
        labour->ready[labour->readies++] = report;
        pthread_cond_signal(&labour->done);
    }
    pthread_mutex_unlock(&labour->lock);
    return NULL;
}

static lk_status start_thread(lk_labour *labour, lk_error *err)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&labour->lock, NULL);
    pthread_cond_init(&labour->to_do, NULL);
    pthread_cond_init(&labour->done, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&labour->thread, NULL, work_on, labour) != 0) {
        return LK_FAIL(err, LK_E_MEMORY, "no thread to compute with");
    }
    labour->started = true;
    return LK_OK;
}

lk_status lk_labour_open(lk_labour **out, const lk_backend *backend, lk_device *device,
                         const lk_workload *work, lk_error *err)
{
    lk_labour *labour = calloc(1, sizeof *labour);
    lk_device_info info;
    lk_status st = LK_OK;

    if (labour == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room to compute in");
    backend->info(device, &info);
    labour->backend = backend;
    labour->device = device;
    labour->work = work;
    labour->unit_attempts = info.unit_attempts;
    labour->notes.violation = calloc(work->problems, sizeof(double));
    if (labour->notes.violation == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu problems", work->problems);
        goto out;
    }
    LK_TRY(lk_tally_init(&labour->tally, work->problems, work->thresholds, err));
    LK_TRY(start_thread(labour, err));
    *out = labour;
    labour = NULL;

out:
    lk_labour_close(labour);
    return st;
}

lk_status lk_labour_give(lk_labour *labour, lk_message *work, lk_error *err)
{
    bool full;

    pthread_mutex_lock(&labour->lock);
    full = labour->todos == LK_PIECES_MAX;
    if (!full) labour->todo[labour->todos++] = *work;
    pthread_cond_signal(&labour->to_do);
    pthread_mutex_unlock(&labour->lock);
    if (full) {
        lk_parcel_release(&work->parcel);
        return LK_FAIL(err, LK_E_INTERNAL, "more work than was asked for");
    }
    return LK_OK;
}

bool lk_labour_take(lk_labour *labour, lk_parcel *report)
{
    bool there;

    pthread_mutex_lock(&labour->lock);
    there = labour->readies > 0;
    if (there) {
        *report = labour->ready[0];
        memmove(labour->ready, labour->ready + 1, --labour->readies * sizeof *report);
        pthread_cond_signal(&labour->to_do);
    }
    pthread_mutex_unlock(&labour->lock);
    return there;
}

bool lk_labour_busy(lk_labour *labour)
{
    bool busy;

    pthread_mutex_lock(&labour->lock);
    busy = labour->running || labour->todos > 0;
    pthread_mutex_unlock(&labour->lock);
    return busy;
}

void lk_labour_wait(lk_labour *labour, double seconds)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(1e9 * seconds); /* below a second */
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&labour->lock);
    if (labour->readies == 0) {
        pthread_cond_timedwait(&labour->done, &labour->lock, &until);
    }
    pthread_mutex_unlock(&labour->lock);
}

void lk_labour_close(lk_labour *labour)
{
    if (labour == NULL) return;
    if (labour->started) {
        pthread_mutex_lock(&labour->lock);
        labour->ending = true;
        pthread_cond_signal(&labour->to_do);
        pthread_mutex_unlock(&labour->lock);
        pthread_join(labour->thread, NULL);
        pthread_cond_destroy(&labour->done);
        pthread_cond_destroy(&labour->to_do);
        pthread_mutex_destroy(&labour->lock);
    }
    for (size_t i = 0; i < labour->todos; i++) {
        lk_parcel_release(&labour->todo[i].parcel);
    }
    for (size_t i = 0; i < labour->readies; i++) lk_parcel_release(&labour->ready[i]);
    lk_tally_release(&labour->tally);
    free(labour->notes.violation);
    free(labour->piece.unit);
    free(labour);
}
