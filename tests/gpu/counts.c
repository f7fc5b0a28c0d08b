/* counts.c - checks of counts: they are the CPU's, however the draws are dealt out. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

lk_status compare(const lk_tally *got, const lk_tally *want, lk_error *err)
{
    for (size_t p = 0; p < got->problems; p++) {
        uint64_t binned = 0;

        for (size_t b = 0; b < LK_HISTOGRAM_BINS; b++) {
            binned += got->histogram[p * LK_HISTOGRAM_BINS + b];
        }
        if (binned != got->attempts[p]) {
            return LK_FAIL(
                err, LK_E_MISMATCH, "problem %zu: %llu draws in bins, not %llu", p,
                (unsigned long long)binned, (unsigned long long)got->attempts[p]);
        }
        for (size_t t = 0; t < got->thresholds; t++) {
            const size_t at = p * got->thresholds + t;

            if (got->successes[at] == want->successes[at] &&
                got->first[at] == want->first[at]) {
                continue;
            }
            return LK_FAIL(err, LK_E_MISMATCH,
                           "problem %zu threshold %zu: %llu successes, first %llu; the "
                           "CPU has %llu, first %llu",
                           p, t, (unsigned long long)got->successes[at],
                           (unsigned long long)got->first[at],
                           (unsigned long long)want->successes[at],
                           (unsigned long long)want->first[at]);
        }
        if (got->best[p] != want->best[p]) {
            return LK_FAIL(err, LK_E_MISMATCH,
                           "problem %zu: best %.17g, the CPU's %.17g", p, got->best[p],
                           want->best[p]);
        }
    }
    if (tallies_equal(got, want)) return LK_OK;
    return LK_FAIL(err, LK_E_MISMATCH, "attempts or best attempts differ");
}

/* Attempts first .. first + count - 1 into a new tally; again where a band was widened. */
static lk_status run_range(lk_rig *rig, uint64_t first, uint64_t count, lk_tally *tally,
                           lk_error *err)
{
    const lk_workload *work = rig->work;
    lk_status st = LK_OK;

    LK_TRY(lk_tally_init(tally, work->problems, work->thresholds, err));
    for (int again = 0; again < 3; again++) {
        const size_t widened = rig->widened;

        st = rig_run(rig, first, count, tally, err);
        if (st != LK_E_NUMERIC || rig->widened == widened) break;
        for (size_t p = 0; p < work->problems; p++) lk_tally_clear(tally, p);
    }

out:
    return st;
}

/* Attempts [first, first + count) on the GPU at a tile equal `want`. */
lk_status count_at(lk_check *c, const lk_workload *work, size_t tile, uint64_t first,
                   uint64_t count, const lk_tally *want, lk_error *err)
{
    const lk_device_options options = cuda_options(c, tile);
    lk_tally got = {0};
    lk_rig rig = {0};
    lk_status st = LK_OK;

    LK_TRY(rig_open(&rig, c->cuda, work, &options, err));
    LK_TRY(run_range(&rig, first, count, &got, err));
    LK_TRY(compare(&got, want, err));
    note(c, "%s; %.3g of draws decided again, %zu bands widened", rig.path,
         (double)rig.redecided / ((double)count * (double)work->problems), rig.widened);

out:
    lk_tally_release(&got);
    rig_close(&rig);
    return st;
}

lk_status few_draws_count_alike(lk_check *c, lk_error *err)
{
    return count_at(c, &c->fixture->work, c->options->small ? 256 : 0, 0,
                    c->reference->draws[0], &c->reference->tally[0], err);
}

lk_status many_draws_count_alike(lk_check *c, lk_error *err)
{
    return count_at(c, &c->fixture->work, 0, 0, c->reference->draws[1],
                    &c->reference->tally[1], err);
}

lk_status chunks_do_not_matter(lk_check *c, lk_error *err)
{
    const size_t tile[] = {256, 1000, 5000, 16384, 65536};
    lk_status st = LK_OK;

    for (size_t i = 0; i < sizeof tile / sizeof tile[0]; i++) {
        LK_TRY(count_at(c, &c->fixture->work, tile[i], 0, c->reference->draws[0],
                        &c->reference->tally[0], err));
    }
    note(c, "chunks of 256 to 65536 draws");

out:
    return st;
}

lk_status two_runs_are_equal(lk_check *c, lk_error *err)
{
    const lk_device_options options = cuda_options(c, 0);
    const lk_tally *want = &c->reference->tally[0];
    const size_t bins = want->problems * LK_HISTOGRAM_BINS;
    lk_tally got[2] = {{0}, {0}};
    lk_rig rig = {0};
    lk_status st = LK_OK;

    LK_TRY(rig_open(&rig, c->cuda, &c->fixture->work, &options, err));
    for (int i = 0; i < 2; i++) {
        LK_TRY(run_range(&rig, 0, c->reference->draws[0], &got[i], err));
        LK_TRY(compare(&got[i], want, err));
    }
    if (memcmp(got[0].histogram, got[1].histogram, bins * 8) != 0) {
        st = LK_FAIL(err, LK_E_MISMATCH, "histograms of two equal runs differ");
    }
    note(c, "counts, and histograms of fast scores");

out:
    lk_tally_release(&got[0]);
    lk_tally_release(&got[1]);
    rig_close(&rig);
    return st;
}

/* A device for each piece, whose ends are no multiples of anything. */
lk_status resumed_ranges_are_equal(lk_check *c, lk_error *err)
{
    const uint64_t draws = c->reference->draws[0];
    const uint64_t end[] = {1, draws / 7, draws / 3 + 1, draws};
    const lk_device_options options = cuda_options(c, 0);
    lk_tally got = {0};
    uint64_t at = 0;
    lk_status st = LK_OK;

    LK_TRY(lk_tally_init(&got, c->fixture->work.problems, FIXTURE_THRESHOLDS, err));
    for (size_t i = 0; i < sizeof end / sizeof end[0]; i++) {
        lk_rig rig = {0};

        LK_TRY(rig_open(&rig, c->cuda, &c->fixture->work, &options, err));
        st = rig_run(&rig, at, end[i] - at, &got, err);
        rig_close(&rig);
        if (st != LK_OK) goto out;
        at = end[i];
    }
    LK_TRY(compare(&got, &c->reference->tally[0], err));
    note(c, "four pieces, a device each");

out:
    lk_tally_release(&got);
    return st;
}

/* Units of up to 5, 150 and unit_attempts draws, problems interleaved, the later ranges first. */
lk_status units_split_anywhere(lk_check *c, lk_error *err)
{
    enum { ROOM = 4096 };
    const lk_device_options options = cuda_options(c, 1024);
    const size_t problems = c->fixture->work.problems;
    lk_unit *unit = calloc(ROOM, sizeof *unit);
    lk_tally got = {0};
    lk_rig rig = {0};
    size_t units = 0;
    uint64_t step = 0;
    lk_status st = LK_OK;

    if (unit == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for units");
    LK_TRY(lk_tally_init(&got, problems, FIXTURE_THRESHOLDS, err));
    LK_TRY(rig_open(&rig, c->cuda, &c->fixture->work, &options, err));
    for (uint64_t left = c->reference->draws[0]; left > 0; step++) {
        const uint32_t word = lk_words(3, LK_PURPOSE_SHUFFLE, 0, step).w[0];
        const uint64_t most = step % 29 == 28 ? rig.unit : step % 2 == 0 ? 5 : 150;
        uint64_t here = 1 + word % most;

        if (here > left) here = left;
        left -= here;
        for (size_t p = 0; p < problems; p++) {
            if (units == ROOM) {
                LK_TRY(rig_run_units(&rig, unit, units, &got, err));
                units = 0;
            }
            unit[units++] = (lk_unit){problems - 1 - p, left, here};
        }
    }
    LK_TRY(rig_run_units(&rig, unit, units, &got, err));
    LK_TRY(compare(&got, &c->reference->tally[0], err));
    note(c, "%llu cuts", (unsigned long long)step);

out:
    free(unit);
    lk_tally_release(&got);
    rig_close(&rig);
    return st;
}

/* The CPU's counts of any range and workload. */
static lk_status cpu_counts(const lk_check *c, const lk_workload *work, uint64_t first,
                            uint64_t count, lk_tally *out, lk_error *err)
{
    const lk_device_options options = {.threads = c->options->threads};
    lk_rig rig = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_tally_init(out, work->problems, work->thresholds, err));
    LK_TRY(rig_open(&rig, &lk_backend_cpu, work, &options, err));
    LK_TRY(rig_run(&rig, first, count, out, err));

out:
    rig_close(&rig);
    return st;
}

lk_status late_attempts_count_alike(lk_check *c, lk_error *err)
{
    const uint64_t start[] = {UINT64_C(4294967296) - 1500, UINT64_C(1) << 48};
    lk_status st = LK_OK;

    for (size_t i = 0; i < sizeof start / sizeof start[0]; i++) {
        lk_tally want = {0};

        LK_TRY(cpu_counts(c, &c->fixture->work, start[i], 3000, &want, err));
        st = count_at(c, &c->fixture->work, 0, start[i], 3000, &want, err);
        lk_tally_release(&want);
        if (st != LK_OK) goto out;
    }
    note(c, "across 2^32, and from 2^48 on");

out:
    return st;
}

/* Every draw a suspect: the queue fills again and again. */
lk_status full_queues_lose_nothing(lk_check *c, lk_error *err)
{
    const lk_device_options options = cuda_options(c, 1024);
    const size_t problems = c->fixture->work.problems;
    const uint64_t draws =
        c->reference->draws[0] < 3000 ? c->reference->draws[0] : 3000;
    lk_tally want = {0}, got = {0};
    lk_rig rig = {0};
    lk_status st = LK_OK;

    LK_TRY(cpu_counts(c, &c->fixture->work, 0, draws, &want, err));
    LK_TRY(rig_open(&rig, c->cuda, &c->fixture->work, &options, err));
    for (size_t p = 0; p < problems; p++) rig.band[p] = 1e6;
    LK_TRY(c->cuda->set_guard(rig.device, rig.band, err));
    LK_TRY(run_range(&rig, 0, draws, &got, err));
    LK_TRY(compare(&got, &want, err));
    if (rig.redecided != draws * problems) {
        st = LK_FAIL(err, LK_E_MISMATCH, "%llu draws decided again, not all",
                     (unsigned long long)rig.redecided);
    }
    note(c, "%llu suspects", (unsigned long long)rig.redecided);

out:
    lk_tally_release(&want);
    lk_tally_release(&got);
    rig_close(&rig);
    return st;
}

/* Depth, widths that are no multiple of anything, every activation; and weights whose
 * hidden values pass the largest half. */
lk_status any_decoder_counts_alike(lk_check *c, lk_error *err)
{
    const uint64_t draws = c->options->draws < 20000 ? c->options->draws : 20000;
    lk_status st = LK_OK;

    for (int act = 0; act <= LK_ACTIVATIONS; act++) {
        const bool loud = act == LK_ACTIVATIONS;
        const lk_activation a = loud ? LK_RELU : (lk_activation)act;
        const lk_activation last = loud ? LK_SIGMOID : a;
        const bool deep = strcmp(c->precision, "fp16") != 0; /* which it refuses */
        const lk_shape shape = {.layers = deep ? 3 : 2,
                                .width = {3, 17, deep ? 9 : 21, 21},
                                .activation = {a,
                                               deep && loud ? LK_RELU
                                               : deep       ? LK_TANH
                                                            : last,
                                               last},
                                .problems = 2,
                                .gain = loud ? 1e5f : 1.0f};
        lk_tally want = {0};
        lk_fixture f;

        LK_TRY(fixture_init(&f, &shape, c->options->threads, err));
        st = cpu_counts(c, &f.work, 0, draws, &want, err);
        if (st == LK_OK) st = count_at(c, &f.work, 512, 0, draws, &want, err);
        lk_tally_release(&want);
        fixture_release(&f);
        if (st != LK_OK) goto out;
    }
    note(c, "six activations; halves that overflow");

out:
    return st;
}
