/* clock.c - time that only goes forward. */
#include "base/clock.h"

#include <time.h>

double lk_clock_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void lk_clock_wait(double seconds)
{
    const time_t whole = (time_t)seconds;
    const struct timespec wanted = {whole, (long)(1e9 * (seconds - (double)whole))};

    nanosleep(&wanted, NULL);
}
