/* clock.h - time that only goes forward. */
#ifndef LK_BASE_CLOCK_H
#define LK_BASE_CLOCK_H

/* Seconds since some moment, the same within a process. */
double lk_clock_s(void);

/* Waits that long, or until a signal comes. */
void lk_clock_wait(double seconds);

#endif /* LK_BASE_CLOCK_H */
