/* progress.h - how far long work has come, said on standard error.
 *
 * On a terminal: one line, drawn anew, from the first second on, with rate and time left.
 * Elsewhere: a plain line a minute.  With --quiet nothing; with --progress the terminal's
 * line wherever standard error goes.
 */
#ifndef LK_CLI_PROGRESS_H
#define LK_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

typedef enum {
    LK_PROGRESS_AUTO,
    LK_PROGRESS_QUIET,
    LK_PROGRESS_FORCED
} lk_progress_mode;

typedef struct {
    const char *what;            /* "sampling" */
    const char *unit;            /* "draws"    */
    uint64_t first, done, total; /* `first` were done before this process */
    bool silent, live, colour, drawn;
    size_t width;
    double started_s, shown_s;
} lk_progress_bar;

/* what, unit: must live until the end.  `done` of `total` are done already. */
void lk_progress_start(lk_progress_bar *progress, lk_progress_mode mode,
                       const char *what, const char *unit, uint64_t done,
                       uint64_t total);

/* note: (optional, NULL) the newest to tell, "pass@1 0.0893". */
void lk_progress_update(lk_progress_bar *progress, uint64_t done, const char *note);

/* Takes the line off the terminal. */
void lk_progress_end(lk_progress_bar *progress);

/* The line after `elapsed_s` seconds, cut to the width; returns its length. */
size_t lk_progress_line(const lk_progress_bar *progress, double elapsed_s,
                        const char *note, char *out, size_t bytes);

#endif /* LK_CLI_PROGRESS_H */
