/* exact.h - decoders whose success probabilities are known exactly: the rows of
 * tests/data/rare_truths.csv, made by scripts/rare_truths.py. */
#ifndef LK_TESTS_EXACT_H
#define LK_TESTS_EXACT_H

#include "support/toy.h"

enum { EXACT_LIMITS_MAX = 8 };

/* One decoder, and truths at several limits in ascending order. */
typedef struct {
    char kind[8]; /* "linear", "modes"; see the script */
    unsigned l1, l2;
    double a, b, x;
    size_t limits;
    double limit[EXACT_LIMITS_MAX], log_p[EXACT_LIMITS_MAX];
    double log_minor; /* of the smaller mode's share, at the last limit */
} exact_case;

/* All cases of the file; returns how many. */
size_t exact_read(exact_case *out, size_t room);

/* The case as a problem of SSE thresholds. */
void exact_make(const exact_case *c, uint64_t seed, lk_toy *out);

#endif /* LK_TESTS_EXACT_H */
