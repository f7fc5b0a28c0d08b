/* look.h - what the curves of a figure look like. */
#ifndef LK_PLOT_LOOK_H
#define LK_PLOT_LOOK_H

#include <stddef.h>

/* 0xRRGGBB of curve i: dark to light in one direction, so that grey keeps the order. */
unsigned lk_look_colour(size_t i, size_t count);

/* gnuplot's dash type and point type of curve i. */
const char *lk_look_dash(size_t i);
unsigned lk_look_marker(size_t i);

#endif /* LK_PLOT_LOOK_H */
