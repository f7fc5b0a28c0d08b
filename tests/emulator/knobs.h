/* knobs.h - what a test may turn on the emulated device, and read off it. */
#ifndef LK_TESTS_KNOBS_H
#define LK_TESTS_KNOBS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

extern size_t lk_emulated_memory; /* bytes of a device; less makes allocations fail  */
extern int lk_emulated_devices;   /* how many there are                              */
extern int lk_emulated_absence;   /* cudaError_t of cudaGetDeviceCount, 0: none      */

/* The n-th piece of work from now fails with this cudaError_t, and all after it: a
 * context that is lost.  0: none; what was lost is found again. */
extern int lk_emulated_fault;
void lk_emulated_fail_after(unsigned n, int fault);

/* Blocks of device and pinned memory that nobody has freed. */
size_t lk_emulated_blocks(void);

extern int lk_emulated_wrong; /* not 0: doubles come back with a bit flipped         */

/* Where graphs fail: 1 begin, 2 end, 3 instantiate; 0 nowhere. */
extern int lk_emulated_graph_fails;
extern unsigned lk_emulated_graph_launches;

#ifdef __cplusplus
}
#endif

#endif /* LK_TESTS_KNOBS_H */
