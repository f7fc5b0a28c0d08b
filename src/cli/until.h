/* until.h - `--until` on the command line. */
#ifndef LK_CLI_UNTIL_H
#define LK_CLI_UNTIL_H

#include "largek/until.h"

/* Reads "successes=5", "rel-width=0.2", "budget=1e9", each with or without "@THRESHOLD".
 *
 * block, draws   --block and --draws, which are part of a budget's rule
 * Errors         LK_E_ARG, the text naming --until and the value */
lk_status lk_until_parse(const char *text, uint64_t block, uint64_t draws,
                         lk_until *out, lk_error *err);

#endif /* LK_CLI_UNTIL_H */
