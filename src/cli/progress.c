/* progress.c - the progress line. */
#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR = 20, BAR_LEAST = 5, LINE = 512 };

static const double live_after_s = 1.0, live_every_s = 0.1, plain_every_s = 60.0;

static bool on_terminal(void)
{
    const char *term = getenv("TERM");

    return isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

static size_t terminal_width(void)
{
    struct winsize size = {0};

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
    return size.ws_col;
}

void lk_progress_start(lk_progress_bar *progress, lk_progress_mode mode,
                       const char *what, const char *unit, uint64_t done,
                       uint64_t total)
{
    const char *no_colour = getenv("NO_COLOR");

    *progress =
        (lk_progress_bar){.what = what, .unit = unit, .first = done, .done = done};
    progress->total = total;
    progress->silent = mode == LK_PROGRESS_QUIET;
    progress->live = mode == LK_PROGRESS_FORCED || on_terminal();
    progress->colour =
        progress->live && on_terminal() && (no_colour == NULL || no_colour[0] == '\0');
    progress->width = terminal_width();
    progress->started_s = lk_clock_s();
    progress->shown_s = progress->started_s;
}

/* 1234567 as "1.23M". */
static void short_number(double value, char out[24])
{
    static const char suffix[] = " kMGTP";
    size_t i = 0;

    while (value >= 999.5 && i + 2 < sizeof suffix) {
        value /= 1000.0;
        i++;
    }
    const int decimals = i == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    if (i == 0) {
        snprintf(out, 24, "%.0f", value);
    } else {
        snprintf(out, 24, "%.*f%c", decimals, value, suffix[i]);
    }
}

static void short_time(double seconds, char out[24])
{
    const double capped = seconds < 359999.0 * 24.0 ? seconds : 359999.0 * 24.0;
    const unsigned long s = (unsigned long)(capped + 0.5);

    if (s >= 86400) {
        snprintf(out, 24, "%lud%02luh", s / 86400, s / 3600 % 24);
    } else if (s >= 3600) {
        snprintf(out, 24, "%luh%02lum", s / 3600, s / 60 % 60);
    } else {
        snprintf(out, 24, "%lum%02lus", s / 60, s % 60);
    }
}

/* " [==>  ]", or ":" where there is no room for it. */
static void draw_bar(const lk_progress_bar *p, double share, size_t room,
                     char out[BAR + 16])
{
    const size_t full = (size_t)(share * (double)room);
    char filled[BAR + 1], rest[BAR + 1];

    if (room < BAR_LEAST) {
        snprintf(out, BAR + 16, ":");
        return;
    }
    memset(filled, '=', sizeof filled);
    memset(rest, ' ', sizeof rest);
    filled[full] = '\0';
    rest[room - full] = '\0';
    if (full < room) rest[0] = '>';
    snprintf(out, BAR + 16, p->colour ? " [\033[32m%s\033[0m%s]" : " [%s%s]", filled,
             rest);
}

/* What the other columns leave for the bar; numbers say more than it does. */
static size_t bar_room(const lk_progress_bar *p, size_t others)
{
    const size_t brackets = 3;

    if (!p->live || others + brackets + 1 > p->width) return 0;
    const size_t room = p->width - 1 - brackets - others;
    return room < BAR ? room : BAR;
}

size_t lk_progress_line(const lk_progress_bar *p, double elapsed_s, const char *note,
                        char *out, size_t bytes)
{
    const double total = p->total > 0 ? (double)p->total : 1.0;
    const double share = (double)p->done < total ? (double)p->done / total : 1.0;
    const double rate =
        elapsed_s > 0.0 ? (double)(p->done - p->first) / elapsed_s : 0.0;
    char done[24], all[24], speed[24], left[24] = "?", bar[BAR + 16], numbers[LINE];

    short_number((double)p->done, done);
    short_number((double)p->total, all);
    short_number(rate, speed);
    if (rate > 0.0) short_time((double)(p->total - p->done) / rate, left);
    snprintf(numbers, sizeof numbers, " %3.0f%% %s/%s %s, %s/s, %s left%s%s",
             100.0 * share, done, all, p->unit, speed, left, note == NULL ? "" : ", ",
             note == NULL ? "" : note);
    const size_t room = bar_room(p, strlen(p->what) + strlen(numbers));
    draw_bar(p, share, room, bar);
    const size_t hidden = p->colour && room >= BAR_LEAST ? 9 : 0; /* two escapes */
    const int n = snprintf(out, bytes, "%s%s%s", p->what, bar, numbers);
    size_t length = n < 0 ? 0 : (size_t)n < bytes ? (size_t)n : bytes - 1;

    /* A line that wraps cannot be drawn over. */
    if (p->live && length > p->width - 1 + hidden) length = p->width - 1 + hidden;
    out[length] = '\0';
    return length;
}

void lk_progress_update(lk_progress_bar *progress, uint64_t done, const char *note)
{
    const double now = lk_clock_s();
    const double every = !progress->live   ? plain_every_s
                         : progress->drawn ? live_every_s
                                           : live_after_s;
    char line[LINE];

    progress->done = done < progress->total ? done : progress->total;
    if (progress->silent || now - progress->shown_s < every) return;
    lk_progress_line(progress, now - progress->started_s, note, line, sizeof line);
    fprintf(stderr, progress->live ? "\r%s\033[K" : "%s\n", line);
    fflush(stderr);
    progress->shown_s = now;
    progress->drawn = true;
}

void lk_progress_end(lk_progress_bar *progress)
{
    if (progress->live && progress->drawn) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    progress->drawn = false;
}
