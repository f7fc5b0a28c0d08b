/* fixture.h - a workload of random weights for checks on a GPU, and runs of it. */
#ifndef LK_TESTS_GPU_FIXTURE_H
#define LK_TESTS_GPU_FIXTURE_H

#include "largek/backend.h"

enum { FIXTURE_THRESHOLDS = 6, FIXTURE_LAYERS_MAX = 4 };

typedef struct {
    size_t layers, width[FIXTURE_LAYERS_MAX + 1];
    lk_activation activation[FIXTURE_LAYERS_MAX];
    size_t problems;
    float gain; /* of the first layer's weights; 1 is ordinary */
} lk_shape;

/* latent -> hidden -> pixels, relu and sigmoid. */
lk_shape fixture_shape(size_t latent, size_t hidden, size_t pixels, size_t problems);

typedef struct {
    lk_mlp decoder;
    lk_workload work;
    uint64_t *index;
    float *mu, *scale, *target;
    double *limit;
} lk_fixture;

/* Targets are what the decoder makes of mu.  Limits are scores of pilot draws by `cpu`, at
 * rates from 1e-3 to 0.9, so that some draws lie exactly on a limit. */
lk_status fixture_init(lk_fixture *f, const lk_shape *shape, size_t threads,
                       lk_error *err);
void fixture_release(lk_fixture *f);

/* A device that is open and has its guard band. */
typedef struct {
    const lk_backend *backend;
    lk_device *device;
    const lk_workload *work;
    size_t unit; /* attempts of a unit, at most */
    double *band;
    double *violation;
    char path[64], name[128];
    uint64_t redecided, audited;
    size_t widened; /* bands that an audit found too narrow */
} lk_rig;

lk_status rig_open(lk_rig *rig, const lk_backend *backend, const lk_workload *work,
                   const lk_device_options *options, lk_error *err);
void rig_close(lk_rig *rig);

/* Adds attempts first .. first + count - 1 of every problem to the tally.  Where an audit
 * finds a band too narrow it is widened, as the engine does, and LK_E_NUMERIC says that
 * the tally must be made again. */
lk_status rig_run(lk_rig *rig, uint64_t first, uint64_t count, lk_tally *tally,
                  lk_error *err);

/* The same in units of the caller's. */
lk_status rig_run_units(lk_rig *rig, const lk_unit *unit, size_t units, lk_tally *tally,
                        lk_error *err);

/* Whether two tallies agree in all that is a function of workload and range. */
int tallies_equal(const lk_tally *a, const lk_tally *b);

double seconds_now(void);

#endif /* LK_TESTS_GPU_FIXTURE_H */
