/* toy.h - a small model and problem set, for tests of devices and runs. */
#ifndef LK_TESTS_TOY_H
#define LK_TESTS_TOY_H

#include "largek/run.h"

typedef struct {
    lk_mlp decoder;
    lk_problems problems;
    lk_spec spec;
    lk_job job;
} lk_toy;

/* A decoder latent -> hidden -> pixels of random weights, targets that it can nearly make,
 * and thresholds at which a few percent to most of the draws succeed.  Widths that are no
 * multiple of anything. */
void lk_toy_make(lk_toy *toy, lk_activation hidden, size_t problems);

/* The same, of several hidden layers and any output activation. */
void lk_toy_make_deep(lk_toy *toy, size_t layers, const size_t *width,
                      const lk_activation *activation, size_t problems);

/* Takes other thresholds, in MSE. */
void lk_toy_thresholds(lk_toy *toy, const double *threshold, size_t count);

/* Takes thresholds that are canonical scores of draws of problem 0, or their neighbours: the
 * hardest there are, for a fast score falls on either side of them by rounding alone. */
void lk_toy_hard_thresholds(lk_toy *toy);

void lk_toy_release(lk_toy *toy);

/* A cpu device on the toy's job; "" options are NULL. */
lk_device *lk_toy_device(const lk_toy *toy, const lk_device_options *options);

/* The counts of attempts 0 .. draws - 1 on a device with that guard scale, by lk_run. */
void lk_toy_run(const lk_toy *toy, const lk_device_options *options, uint64_t draws,
                lk_result *out);

/* Whether the two agree in everything that is a pure function of spec and range: attempts,
 * successes, first successes, best score and its attempt. */
int lk_tally_equal(const lk_tally *a, const lk_tally *b);

#endif /* LK_TESTS_TOY_H */
