/* merging_rare.h - `largek merge` of estimates. */
#ifndef LK_CLI_MERGING_RARE_H
#define LK_CLI_MERGING_RARE_H

#include "cli/common.h"
#include "cli/number.h"

/* Joins files of estimates into common->output and prints what that has.
 * force   replaces an output that holds other estimates, or none at all
 * Errors  those of lk_output_lock, lk_rare_read, lk_rare_merge and lk_rare_write */
lk_status lk_merge_rare(const lk_text_list *files, const lk_common *common, bool force,
                        lk_error *err);

#endif /* LK_CLI_MERGING_RARE_H */
