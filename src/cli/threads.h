/* threads.h - how many threads this process may use. */
#ifndef LK_CLI_THREADS_H
#define LK_CLI_THREADS_H

#include <stddef.h>

/* The least of the processors it may run on, its cgroup's quota, OMP_NUM_THREADS and
 * SLURM_CPUS_PER_TASK; at least 1. */
size_t lk_threads_default(void);

/* The same, but at most an equal share of the host's processors, or of the cgroup's, among
 * so many processes on it; at least 1. */
size_t lk_threads_shared(size_t ranks);

/* Threads that a control group's quota amounts to, rounded up, or 0 for no quota: the
 * least of the group's and all those above it, version 2 or 1.
 *
 * membership  /proc/self/cgroup
 * root        /sys/fs/cgroup */
size_t lk_cgroup_threads(const char *membership, const char *root);

#endif /* LK_CLI_THREADS_H */
