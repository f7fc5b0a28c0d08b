/* paths.c - checks of the ways a chunk can go: as a graph or launch by launch, on a device
 * named twice, at the precision that the plugin chooses, by the library path. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* With graphs and without: both are the CPU's counts, and graphs were made where wanted. */
lk_status graphs_do_not_matter(lk_check *c, lk_error *err)
{
    const size_t tile = 1024; /* whole chunks even of few draws */
    bool graph;
    lk_status st = LK_OK;

    for (int on = 0; on < 2; on++) {
        if (on) {
            unsetenv("LARGEK_CUDA_GRAPH");
        } else {
            setenv("LARGEK_CUDA_GRAPH", "0", 1);
        }
        LK_TRY(count_at(c, &c->fixture->work, tile, 0, c->reference->draws[0],
                        &c->reference->tally[0], err));
        graph = strstr(c->note, ", graph") != NULL;
        if (graph == on) continue;
        st = LK_FAIL(err, LK_E_MISMATCH, "graphs are %s, and the path is %.200s",
                     on ? "on" : "off", c->note);
        goto out;
    }

out:
    unsetenv("LARGEK_CUDA_GRAPH");
    return st;
}

/* `--precision auto`: whatever the trial chose. */
lk_status the_chosen_precision_counts_alike(lk_check *c, lk_error *err)
{
    lk_status st;

    c->precision = "auto";
    st = count_at(c, &c->fixture->work, 0, 0, c->reference->draws[0],
                  &c->reference->tally[0], err);
    return st;
}

/* Two host threads, two streams, one device: what several devices in a process do. */
lk_status one_device_twice_counts_alike(lk_check *c, lk_error *err)
{
    const lk_device_options options = cuda_options(c, 1024);
    const lk_workload *work = &c->fixture->work;
    const size_t twice[] = {0, 0};
    lk_rig rig = {0};
    lk_tally got = {0};
    const lk_backend *as = NULL;
    lk_device *pair = NULL, *single;
    lk_status st = LK_OK;

    if (c->emulated) {
        note(c, "left out: the emulated device has one thread");
        return LK_OK;
    }
    LK_TRY(lk_tally_init(&got, work->problems, work->thresholds, err));
    LK_TRY(rig_open(&rig, c->cuda, work, &options, err));
    LK_TRY(lk_backend_open(c->cuda, twice, 2, work, &options, &as, &pair, err));
    LK_TRY(as->set_guard(pair, rig.band, err));
    single = rig.device;
    rig.backend = as;
    rig.device = pair;
    st = rig_run(&rig, 0, c->reference->draws[0], &got, err);
    rig.backend = c->cuda;
    rig.device = single;
    if (st != LK_OK) goto out;
    LK_TRY(compare(&got, &c->reference->tally[0], err));
    note(c, "two host threads");

out:
    if (as != NULL) as->close(pair);
    lk_tally_release(&got);
    rig_close(&rig);
    return st;
}

/* Two binomial counts of n draws are 6 standard deviations apart once in 5e8 times by
 * chance; with 120 of them, a false alarm once in 4e6 runs of this check. */
static lk_status judge_library(const lk_tally *got, const lk_tally *want, double n,
                               double *largest, lk_error *err)
{
    for (size_t i = 0; i < got->problems * got->thresholds; i++) {
        const double a = (double)got->successes[i], b = (double)want->successes[i];
        const double p = (a + b) / (2.0 * n),
                     z = (a - b) / sqrt(2.0 * n * p * (1.0 - p));

        if (p * n < 30.0 || (1.0 - p) * n < 30.0) continue;
        if (fabs(z) > fabs(*largest)) *largest = z;
        if (fabs(z) < 6.0) continue;
        return LK_FAIL(
            err, LK_E_MISMATCH,
            "problem %zu threshold %zu: %.0f successes, the CPU's %.0f: %.1f "
            "standard deviations apart",
            i / got->thresholds, i % got->thresholds, a, b, z);
    }
    return LK_OK;
}

lk_status the_library_counts_alike(lk_check *c, lk_error *err)
{
    static const char *const precisions[] = {"fp32", "tf32"};
    const lk_tally *want = &c->reference->tally[0];
    double largest = 0.0;
    lk_status st = LK_OK;

    for (size_t i = 0; i < 2; i++) {
        const lk_device_options options = {.path = "library",
                                           .precision = precisions[i]};
        lk_tally got = {0};
        lk_rig rig = {0};

        st = lk_tally_init(&got, want->problems, want->thresholds, err);
        if (st == LK_OK) {
            st = rig_open(&rig, c->cuda, &c->fixture->work, &options, err);
        }
        if (st == LK_OK) st = rig_run(&rig, 0, c->reference->draws[0], &got, err);
        if (st == LK_OK) {
            st = judge_library(&got, want, (double)c->reference->draws[0], &largest,
                               err);
        }
        rig_close(&rig);
        lk_tally_release(&got);
        if (st != LK_OK) goto out;
    }
    note(c, "largest of the differences: %.2f standard deviations", largest);

out:
    return st;
}
