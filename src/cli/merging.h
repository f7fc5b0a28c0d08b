/* merging.h - what `largek merge` does between its arguments and its table. */
#ifndef LK_CLI_MERGING_H
#define LK_CLI_MERGING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/lock.h"
#include "cli/option.h"
#include "largek/merge.h"

/* A merge under way.  Files are read twice, so that one at a time is in memory. */
typedef struct {
    size_t files;
    const char **path; /* [files] in the order of merging */
    lk_result result;
    size_t added, idle; /* files that brought attempts, and that brought none */
    bool unchanged;     /* the output holds just this already                 */
    lk_file_lock lock;  /* of the output                                      */
} lk_merging;

/* Reads and adds up the files, and looks at what is at `output`; says on standard error
 * which files bring nothing.
 * Ownership  *out is the caller's; end it with lk_merging_close
 * Errors     LK_E_MISMATCH naming the files, for what lk_result_read or lk_result_merge
 *            refuse, and where `output` holds attempts that no file has, or is another
 *            run's or no result (unless `force`); LK_E_IO, LK_E_MEMORY */
lk_status lk_merging_open(lk_merging *out, const lk_text_list *files,
                          const char *output, bool force, bool quiet, lk_error *err);
void lk_merging_close(lk_merging *merging);

#endif /* LK_CLI_MERGING_H */
