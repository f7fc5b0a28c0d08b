/* stop.h - signals as questions that long work asks now and then. */
#ifndef LK_CLI_STOP_H
#define LK_CLI_STOP_H

#include <stdbool.h>

/* From here on the first SIGINT or SIGTERM is only remembered, and so is SIGUSR1; a second
 * SIGINT ends the program at once, with 130. */
void lk_stop_catch(void);

/* The signal that asked to stop, or 0. */
int lk_stop_signal(void);

/* Whether SIGUSR1 came since this was asked last. */
bool lk_stop_save_wished(void);

#endif /* LK_CLI_STOP_H */
