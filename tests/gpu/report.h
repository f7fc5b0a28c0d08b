/* report.h - a line a check for people, and JSON for the rest. */
#ifndef LK_TESTS_GPU_REPORT_H
#define LK_TESTS_GPU_REPORT_H

#include <stdio.h>

#include "largek/status.h"

typedef struct {
    FILE *json; /* NULL: none */
    size_t rows, passed, failed;
} lk_report;

/* Starts {"schema":1,"rows":[ in `path`, where that is not NULL. */
lk_status report_open(lk_report *r, const char *path, lk_error *err);

/* One check: PASS where st is LK_OK, else FAIL with the error's text. */
void report_check(lk_report *r, const char *name, const char *precision, lk_status st,
                  const lk_error *err, double seconds, const char *note);

/* Starts and ends a row of other facts; between them the caller adds "name":value pairs. */
void report_row(lk_report *r, const char *kind);
void report_text(lk_report *r, const char *name, const char *value);
void report_number(lk_report *r, const char *name, double value); /* null: not finite */
void report_row_end(lk_report *r);

/* Ends the JSON; the exit code: 0 where nothing failed and something passed. */
int report_close(lk_report *r);

#endif /* LK_TESTS_GPU_REPORT_H */
