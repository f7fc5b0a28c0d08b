/* clock.h - time that only goes forward. */
#ifndef LK_BASE_CLOCK_H
#define LK_BASE_CLOCK_H

/* Seconds since some moment, the same within a process. */
double lk_clock_s(void);

#endif /* LK_BASE_CLOCK_H */
