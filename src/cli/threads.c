/* threads.c - reads what limits the number of threads. */
#include "cli/threads.h"

#include <math.h>
#include <omp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/number.h"

enum { LINE = 1024, PATH_ROOM = 2 * LINE };

static bool read_line(const char *path, char line[LINE])
{
    FILE *file = fopen(path, "r");
    const bool found = file != NULL && fgets(line, LINE, file) != NULL;

    if (file != NULL) fclose(file);
    return found;
}

static size_t smaller(size_t a, size_t b)
{
    if (a == 0 || b == 0) return a + b; /* 0 is no limit */
    return a < b ? a : b;
}

static size_t threads_of(double quota, double period)
{
    if (!(quota > 0.0) || !(period > 0.0)) return 0;
    const double threads = ceil(quota / period);
    return threads > 1e6 ? 0 : (size_t)threads;
}

/* Quotas of one folder: cpu.max of version 2, cpu.cfs_* of version 1. */
static size_t folder_threads(const char *folder, bool version_2)
{
    char path[PATH_ROOM + 32], line[LINE];
    double quota = 0.0, period = 0.0;
    char *end = NULL;

    snprintf(path, sizeof path, "%s/%s", folder,
             version_2 ? "cpu.max" : "cpu.cfs_quota_us");
    if (!read_line(path, line)) return 0;
    quota = strtod(line, &end); /* "max" reads as 0, -1 is below it: both no limit */
    if (version_2) {
        period = strtod(end, NULL);
    } else {
        snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
        if (!read_line(path, line)) return 0;
        period = strtod(line, NULL);
    }
    return threads_of(quota, period);
}

/* A container often sees its own group as the root, though its membership names a path
 * that only the host has; so every folder from there up is tried. */
static size_t group_threads(const char *root, const char *group, bool version_2)
{
    char folder[PATH_ROOM];
    size_t threads = 0;

    snprintf(folder, sizeof folder, "%s%s", root, group);
    while (strlen(folder) >= strlen(root)) {
        threads = smaller(threads, folder_threads(folder, version_2));
        char *slash = strrchr(folder, '/');
        if (slash == NULL) break;
        *slash = '\0';
    }
    return threads;
}

/* Whether a version 1 list of controllers ("cpu,cpuacct") has cpu in it. */
static bool has_cpu(const char *controllers)
{
    for (const char *at = controllers; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, "cpu", 3) == 0 && (at[3] == ',' || at[3] == '\0')) return true;
    }
    return false;
}

size_t lk_cgroup_threads(const char *membership, const char *root)
{
    FILE *file = fopen(membership, "r");
    char line[LINE], folder[LINE];
    size_t threads = 0;

    if (file == NULL) return 0;
    while (fgets(line, sizeof line, file) != NULL) { /* id:controllers:/group */
        char *controllers = strchr(line, ':');
        char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');

        if (group == NULL) continue;
        *controllers++ = '\0';
        *group++ = '\0';
        group[strcspn(group, "\n")] = '\0';
        if (strcmp(group, "/") == 0) group[0] = '\0';
        if (controllers[0] == '\0') {
            threads = smaller(threads, group_threads(root, group, true));
        } else if (has_cpu(controllers)) {
            snprintf(folder, sizeof folder, "%s/cpu", root);
            threads = smaller(threads, group_threads(folder, group, false));
        }
    }
    fclose(file);
    return threads;
}

/* OMP_NUM_THREADS may be a list, one number a nesting level: the first counts. */
static size_t environment_threads(const char *name)
{
    const char *value = getenv(name);
    char first[24] = "";
    uint64_t threads = 0;

    if (value == NULL) return 0;
    snprintf(first, sizeof first, "%.*s", (int)strcspn(value, ","), value);
    if (lk_parse_count(first, LK_LIST_MAX, &threads, NULL) != LK_OK) return 0;
    return (size_t)threads;
}

size_t lk_threads_shared(size_t ranks)
{
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t node =
        smaller(online > 0 ? (size_t)online : 1,
                lk_cgroup_threads("/proc/self/cgroup", "/sys/fs/cgroup"));
    const size_t share = node / ranks;

    return smaller(lk_threads_default(), share > 0 ? share : 1);
}

size_t lk_threads_default(void)
{
    const int processors = omp_get_num_procs(); /* those of the affinity mask */
    size_t threads = processors > 0 ? (size_t)processors : 1;

    threads =
        smaller(threads, lk_cgroup_threads("/proc/self/cgroup", "/sys/fs/cgroup"));
    threads = smaller(threads, environment_threads("OMP_NUM_THREADS"));
    return smaller(threads, environment_threads("SLURM_CPUS_PER_TASK"));
}
