/* check.h - what the checks share. */
#ifndef LK_TESTS_GPU_CHECK_H
#define LK_TESTS_GPU_CHECK_H

#include <stdbool.h>

#include "backend/registry.h"
#include "reference.h"
#include "report.h"

typedef struct {
    const char *plugin, *json, *reference, *only;
    uint64_t draws, few;
    size_t latent, hidden, pixels, problems, threads;
    bool quick; /* counts for few draws alone */
    bool small; /* one short run a precision, for slow tools */
} lk_options;

typedef struct {
    const lk_options *options;
    const lk_backend *cuda;
    bool emulated;
    const char *precision;
    lk_fixture *fixture;
    lk_reference *reference;
    lk_report report;
    char note[200];
} lk_check;

/* A check's own remark, for its PASS line. */
void note(lk_check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline lk_device_options cuda_options(const lk_check *c, size_t tile)
{
    return (lk_device_options){.precision = c->precision, .tile = tile};
}

/* Attempts first .. first + count - 1 on the GPU, at a tile, equal `want`. */
lk_status count_at(lk_check *c, const lk_workload *work, size_t tile, uint64_t first,
                   uint64_t count, const lk_tally *want, lk_error *err);

/* The tally's own invariants, and its equality with the CPU's. */
lk_status compare(const lk_tally *got, const lk_tally *want, lk_error *err);

/* The checks, at c->precision: LK_OK, or what is wrong. */
lk_status latents_are_equal(lk_check *c, lk_error *err);
lk_status canonical_scores_are_equal(lk_check *c, lk_error *err);
lk_status fast_scores_are_near(lk_check *c, lk_error *err);
lk_status few_draws_count_alike(lk_check *c, lk_error *err);
lk_status many_draws_count_alike(lk_check *c, lk_error *err);
lk_status chunks_do_not_matter(lk_check *c, lk_error *err);
lk_status two_runs_are_equal(lk_check *c, lk_error *err);
lk_status resumed_ranges_are_equal(lk_check *c, lk_error *err);
lk_status units_split_anywhere(lk_check *c, lk_error *err);
lk_status late_attempts_count_alike(lk_check *c, lk_error *err);
lk_status full_queues_lose_nothing(lk_check *c, lk_error *err);
lk_status any_decoder_counts_alike(lk_check *c, lk_error *err);
lk_status graphs_do_not_matter(lk_check *c, lk_error *err);
lk_status the_chosen_precision_counts_alike(lk_check *c, lk_error *err);
lk_status one_device_twice_counts_alike(lk_check *c, lk_error *err);
lk_status the_library_counts_alike(lk_check *c, lk_error *err);
lk_status little_memory_makes_small_chunks(lk_check *c, lk_error *err);

#endif /* LK_TESTS_GPU_CHECK_H */
