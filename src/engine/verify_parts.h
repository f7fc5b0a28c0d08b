/* verify_parts.h - what the files of lk_verify share. */
#ifndef LK_ENGINE_VERIFY_PARTS_H
#define LK_ENGINE_VERIFY_PARTS_H

#include <stdbool.h>

#include "engine/engine.h"
#include "largek/verify.h"

enum { LK_VERIFY_UNITS = 4096 };

/* A check under way. */
typedef struct {
    const lk_backend *backend;
    lk_device *device;
    const lk_job *job;
    const lk_result *result;
    const lk_verify_options *options;
    lk_verify_report *report;
    double *guard;      /* [problems]        */
    lk_run_notes notes; /* violation [problems] */
    lk_unit *unit;      /* [LK_VERIFY_UNITS] */
    uint64_t unit_max;
    uint64_t done, total; /* for progress    */
} lk_check;

/* Counts a difference and tells it. */
void lk_check_differ(lk_check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Tells how far the check is.
 * Errors  LK_E_STOPPED where that is wished */
lk_status lk_check_pause(lk_check *check, uint64_t draws, lk_error *err);

/* Takes a wider band for the problems whose audit fell outside it; the caller looks at
 * notes.violation for which these are, and zeroes it. */
lk_status lk_check_widen(lk_check *check, bool *any, lk_error *err);

/* How many entries of a problem's trace are looked at. */
size_t lk_check_traced(const lk_check *check);

/* The parts of lk_verify. */
lk_status lk_check_entries(lk_check *check, lk_error *err);
lk_status lk_check_tiles(lk_check *check, lk_error *err);
lk_status lk_check_all(lk_check *check, lk_error *err);
void lk_check_bins(lk_check *check);

#endif /* LK_ENGINE_VERIFY_PARTS_H */
