/* summary.h - the table that ends `largek sample`. */
#ifndef LK_CLI_SUMMARY_H
#define LK_CLI_SUMMARY_H

#include "io/table.h"
#include "largek/counts.h"

/* A row a group of counts: attempts, successes, problems without a success, pass@1 and its
 * standard error over problems.  Where outcomes decided the numbers of attempts, a last
 * column says by what estimator: "pass-until", (r-1)/(n-1) of problems that ended at
 * their r-th success and c/n of the others, which is unbiased; else "plugin", c/n.
 * Problems without attempts are left out.
 * Errors  LK_E_IO, LK_E_MEMORY */
lk_status lk_summary_print(const lk_counts *counts, lk_format format, lk_error *err);

#endif /* LK_CLI_SUMMARY_H */
