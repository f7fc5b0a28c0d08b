/* number.h - numbers as people write them on a command line.
 *
 *   counts     12, 1e9, 1.5e6, 2^30, 10k, 2.5M, 1G, 1T: exact whole numbers or refused
 *   reals      0.004, 1e-3: finite, decimal
 *   durations  30s, 3h55m, 2d
 *   lists      a,b,c and ranges a:b  a:b:step  a:b:log (4 a decade)  a:b:log=N, and
 *              @FILE of numbers between white space
 *
 * Texts of errors say what is wrong with the value and quote it; whoever knows the
 * option's name puts that in front.
 */
#ifndef LK_CLI_NUMBER_H
#define LK_CLI_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#include "largek/status.h"

#define LK_COUNT_MAX (UINT64_C(1) << 62)

enum { LK_LIST_MAX = 1000000 };

/* Errors  LK_E_ARG where it is not a whole number, or above `limit` */
lk_status lk_parse_count(const char *text, uint64_t limit, uint64_t *out,
                         lk_error *err);
lk_status lk_parse_real(const char *text, double *out, lk_error *err);

/* Units  seconds */
lk_status lk_parse_duration(const char *text, double *out, lk_error *err);

typedef struct {
    size_t count;
    uint64_t *value; /* owned */
} lk_count_list;

typedef struct {
    size_t count;
    double *value; /* owned */
} lk_real_list;

typedef enum {
    LK_LIST_GRID,    /* >= 1, both ends of a range included; ascending, unique   */
    LK_LIST_INDICES, /* >= 0, ranges half-open; kept as written                  */
    LK_LIST_SIZES    /* >= 1, kept as written, repeats and all; no ranges        */
} lk_list_kind;

/* Ownership  *out is the caller's; free its value
 * Errors     LK_E_ARG for what does not parse, an empty range, a log range from 0, a
 *            value below or above what the kind allows, more than LK_LIST_MAX values;
 *            LK_E_IO for @FILE; LK_E_MEMORY */
lk_status lk_parse_count_list(const char *text, lk_list_kind kind, lk_count_list *out,
                              lk_error *err);

/* Ascending, unique, both ends included; values of ranges are rounded to 12 digits, so
 * that 0.1:0.3:0.1 ends in the same number as 0.3. */
lk_status lk_parse_real_list(const char *text, lk_real_list *out, lk_error *err);

#endif /* LK_CLI_NUMBER_H */
