/* reference.h - the CPU's counts, made once and kept in a file. */
#ifndef LK_TESTS_GPU_REFERENCE_H
#define LK_TESTS_GPU_REFERENCE_H

#include "fixture.h"

typedef struct {
    uint64_t draws[2]; /* a problem: few, and many         */
    lk_tally tally[2]; /* of attempts 0 .. draws[i] - 1    */
    double seconds;    /* the CPU's, 0 where they were read */
} lk_reference;

/* Reads `path`, where it is of this workload and these draws; else counts, and writes it.
 * path  NULL: neither */
lk_status reference_make(lk_reference *r, const lk_fixture *f, uint64_t few,
                         uint64_t many, size_t threads, const char *path,
                         lk_error *err);
void reference_release(lk_reference *r);

#endif /* LK_TESTS_GPU_REFERENCE_H */
