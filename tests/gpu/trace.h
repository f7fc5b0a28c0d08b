/* trace.h - the time a GPU spends in kernels, as CUPTI sees it. */
#ifndef LK_TESTS_GPU_TRACE_H
#define LK_TESTS_GPU_TRACE_H

#include <stdbool.h>

/* Starts to add up; false where there is no CUPTI, or it does not work here. */
bool trace_start(void);

/* Ends it; seconds in kernels since trace_start, NaN where they cannot be told. */
double trace_stop(void);

#endif /* LK_TESTS_GPU_TRACE_H */
