/* reference.c - the CPU's counts, made once and kept in a file. */
#include "reference.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "backend/registry.h"

/* FNV-1a, to tell one workload from another. */
static uint64_t hash(uint64_t h, const void *data, size_t bytes)
{
    const unsigned char *c = data;

    for (size_t i = 0; i < bytes; i++) h = (h ^ c[i]) * UINT64_C(0x100000001b3);
    return h;
}

static uint64_t hash_workload(const lk_fixture *f, const uint64_t draws[2])
{
    const lk_workload *w = &f->work;
    uint64_t h = hash(UINT64_C(0xcbf29ce484222325), draws, 2 * sizeof *draws);

    for (size_t l = 0; l < f->decoder.layers; l++) {
        const lk_layer *layer = &f->decoder.layer[l];

        h = hash(h, layer->weight, layer->in * layer->out * sizeof(float));
        h = hash(h, layer->bias, layer->out * sizeof(float));
    }
    h = hash(h, f->mu, w->problems * w->latent * sizeof(float));
    h = hash(h, f->scale, w->problems * w->latent * sizeof(float));
    h = hash(h, f->target, w->problems * w->outputs * sizeof(float));
    h = hash(h, f->limit, w->problems * w->thresholds * sizeof(double));
    return hash(h, &w->seed, sizeof w->seed);
}

typedef size_t (*lk_transfer)(void *data, size_t size, size_t count, FILE *file);

static size_t put(void *data, size_t size, size_t count, FILE *file)
{
    return fwrite(data, size, count, file);
}

/* All of a tally, either way. */
static bool move(lk_transfer transfer, lk_tally *t, FILE *file)
{
    const size_t rows = t->problems, cells = rows * t->thresholds;

    return transfer(t->attempts, 8, rows, file) == rows &&
           transfer(t->successes, 8, cells, file) == cells &&
           transfer(t->first, 8, cells, file) == cells &&
           transfer(t->best, 8, rows, file) == rows &&
           transfer(t->best_attempt, 8, rows, file) == rows;
}

static bool read_file(lk_reference *r, uint64_t want, const char *path)
{
    FILE *file = path != NULL ? fopen(path, "rb") : NULL;
    uint64_t found = 0;
    bool ok;

    if (file == NULL) return false;
    ok = fread(&found, sizeof found, 1, file) == 1 && found == want &&
         move(fread, &r->tally[0], file) && move(fread, &r->tally[1], file);
    fclose(file);
    return ok;
}

/* A file that cannot be written costs time, later, and nothing else. */
static void write_file(lk_reference *r, uint64_t key, const char *path)
{
    FILE *file = path != NULL ? fopen(path, "wb") : NULL;
    bool ok;

    if (file == NULL) return;
    ok = fwrite(&key, sizeof key, 1, file) == 1 && move(put, &r->tally[0], file) &&
         move(put, &r->tally[1], file);
    if (fclose(file) != 0 || !ok) (void)remove(path);
}

static lk_status count(lk_reference *r, const lk_fixture *f, size_t threads,
                       lk_error *err)
{
    const lk_device_options options = {.threads = threads};
    lk_rig rig = {0};
    lk_status st = LK_OK;

    LK_TRY(rig_open(&rig, &lk_backend_cpu, &f->work, &options, err));
    for (size_t p = 0; p < f->work.problems; p++) {
        lk_tally_clear(&r->tally[0], p);
        lk_tally_clear(&r->tally[1], p);
    }
    LK_TRY(rig_run(&rig, 0, r->draws[0], &r->tally[0], err));
    for (size_t p = 0; p < f->work.problems; p++) {
        LK_TRY(lk_tally_add(&r->tally[1], p, &r->tally[0], p, err));
    }
    LK_TRY(rig_run(&rig, r->draws[0], r->draws[1] - r->draws[0], &r->tally[1], err));

out:
    rig_close(&rig);
    return st;
}

lk_status reference_make(lk_reference *r, const lk_fixture *f, uint64_t few,
                         uint64_t many, size_t threads, const char *path, lk_error *err)
{
    uint64_t key;
    lk_status st = LK_OK;

    *r = (lk_reference){.draws = {few, many}};
    key = hash_workload(f, r->draws);
    for (int i = 0; i < 2; i++) {
        LK_TRY(lk_tally_init(&r->tally[i], f->work.problems, f->work.thresholds, err));
    }
    if (read_file(r, key, path)) goto out;

    const double start = seconds_now();

    LK_TRY(count(r, f, threads, err));
    r->seconds = seconds_now() - start;
    write_file(r, key, path);

out:
    if (st != LK_OK) reference_release(r);
    return st;
}

void reference_release(lk_reference *r)
{
    lk_tally_release(&r->tally[0]);
    lk_tally_release(&r->tally[1]);
}
