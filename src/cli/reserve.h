/* reserve.h - memory put by for jansson, whose parser does not bear a want of it.
 *
 * Within a string with an escape, jansson 2.14 ends in an assertion where an allocation
 * fails: the process is gone, and with it what it had sampled.  Its allocations are small,
 * so a block put by is enough for it to finish; the large ones, which really fail, are
 * ours and are handled.  The program keeps this, for a library must not.
 */
#ifndef LK_CLI_RESERVE_H
#define LK_CLI_RESERVE_H

#include <stddef.h>

/* Puts the block by, where there is none, and has jansson allocate by way of it. */
void lk_reserve_start(void);

/* As malloc; gives the block back to the heap for it where the heap has nothing left. */
void *lk_reserve_malloc(size_t bytes);

#endif /* LK_CLI_RESERVE_H */
