/* trace.c - the time a GPU spends in kernels, by CUPTI's activity records.
 *
 * The plugin works in one stream, so its kernels do not overlap and their times add up.
 *
 * Reference
 *   [1] NVIDIA, CUPTI documentation, "CUPTI Activity API".
 */
#include "trace.h"

#include <math.h>
#include <stdlib.h>

#ifdef LK_CUPTI
#include <cupti.h>

enum { BUFFER_BYTES = 8 << 20 };

static double kernel_seconds; /* CUPTI's callbacks take no context */
static bool failed;

static void CUPTIAPI give_buffer(uint8_t **buffer, size_t *bytes, size_t *records)
{
    *bytes = BUFFER_BYTES;
    *records = 0;
    *buffer = aligned_alloc(8, BUFFER_BYTES);
    if (*buffer == NULL) {
        *bytes = 0;
        failed = true;
    }
}

/* Every version of a kernel's record starts as the fourth does. */
static void CUPTIAPI take_buffer(CUcontext context, uint32_t stream, uint8_t *buffer,
                                 size_t bytes, size_t valid)
{
    CUpti_Activity *record = NULL;
    size_t dropped = 0;

    (void)bytes;
    while (cuptiActivityGetNextRecord(buffer, valid, &record) == CUPTI_SUCCESS) {
        if (record->kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) {
            const CUpti_ActivityKernel4 *k =
                (const CUpti_ActivityKernel4 *)(const void *)record;

            kernel_seconds += 1e-9 * (double)(k->end - k->start);
        }
    }
    if (cuptiActivityGetNumDroppedRecords(context, stream, &dropped) != CUPTI_SUCCESS ||
        dropped > 0) {
        failed = true;
    }
    free(buffer);
}

bool trace_start(void)
{
    kernel_seconds = 0.0;
    failed =
        cuptiActivityRegisterCallbacks(give_buffer, take_buffer) != CUPTI_SUCCESS ||
        cuptiActivityEnable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) != CUPTI_SUCCESS;
    return !failed;
}

double trace_stop(void)
{
    if (cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED) != CUPTI_SUCCESS ||
        cuptiActivityDisable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) != CUPTI_SUCCESS) {
        failed = true;
    }
    return failed || kernel_seconds == 0.0 ? (double)NAN : kernel_seconds;
}
#else
bool trace_start(void)
{
    return false;
}

double trace_stop(void)
{
    return (double)NAN;
}
#endif
