/* input.h - counts that a command is given: a result or a table of counts, narrowed to
 * the thresholds and groups that were asked for. */
#ifndef LK_CLI_INPUT_H
#define LK_CLI_INPUT_H

#include <stddef.h>

#include "cli/number.h"
#include "largek/counts.h"
#include "largek/status.h"

typedef struct {
    lk_counts read;
    char score[16]; /* of a result, "mse"; "" for a table of counts, and where
                       cells of a sweep differ in it */
    size_t rounded; /* numbers that were nearly whole               */

    size_t columns; /* group columns that were kept */
    const char *column[LK_GROUP_COLUMNS_MAX];
    size_t groups;
    lk_count_group *group; /* [groups] value [columns]; owned */
} lk_input;

/* Reads and narrows.
 *
 * A result whose counts are not exact is told on standard error, whatever the command.
 *
 * threshold   none: all of them
 * keep        (optional) names of group columns, "model,benchmark"; groups that differ in
 *             others only are pooled, each row a problem of its own; NULL keeps all
 * Ownership   *out is the caller's; end it with lk_input_release
 * Errors      those of lk_result_read and lk_counts_read; LK_E_ARG for a threshold or column
 *             that is not there, naming those that are; LK_E_FORMAT for a problem
 *             without attempts
 */
lk_status lk_input_read(const char *path, lk_duplicates duplicates,
                        const lk_real_list *threshold, const char *keep, lk_input *out,
                        lk_error *err);

/* Frees and zeroes; {0} is fine. */
void lk_input_release(lk_input *input);

/* "model-a, threshold 0.004" into out; "" where there is neither. */
void lk_group_describe(const lk_input *input, const lk_count_group *group, char *out,
                       size_t bytes);

#endif /* LK_CLI_INPUT_H */
