/* stop.c - remembers the signals that ask for something. */
#include "cli/stop.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t caught, save_wished;

static void on_stop(int number)
{
    if (caught != 0 && number == SIGINT) _exit(128 + SIGINT);
    if (caught == 0) caught = number;
}

static void on_save(int number)
{
    (void)number;
    save_wished = 1;
}

void lk_stop_catch(void)
{
    struct sigaction action = {0};

    action.sa_flags = SA_RESTART; /* a write to a file must not be cut short */
    sigemptyset(&action.sa_mask);
    action.sa_handler = on_stop;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = on_save;
    sigaction(SIGUSR1, &action, NULL);
}

int lk_stop_signal(void)
{
    return (int)caught;
}

bool lk_stop_save_wished(void)
{
    const bool wished = save_wished != 0;

    save_wished = 0;
    return wished;
}
