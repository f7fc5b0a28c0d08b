/* rare_input.h - estimates that a command is given, narrowed to the thresholds asked for and
 * joined with counts where those are better. */
#ifndef LK_CLI_RARE_INPUT_H
#define LK_CLI_RARE_INPUT_H

#include <stddef.h>

#include "cli/number.h"
#include "largek/rare.h"
#include "largek/tail.h"

/* One threshold. */
typedef struct {
    double threshold;
    size_t known;             /* problems with an estimate         */
    size_t doubtful;          /* of those, not of status ok        */
    lk_tail_problem *problem; /* [problems]; owned by the input    */
} lk_rare_group;

typedef struct {
    lk_rare rare;
    uint64_t attempts; /* fewest of any problem in the counts; 0 without */
    size_t replaced;   /* estimates that gave way to counts              */
    size_t groups;
    lk_rare_group *group;
} lk_rare_input;

/* with       (optional) a result of `largek sample` for the same task
 * threshold  none: all of them
 * Ownership  *out is the caller's; end it with lk_rare_input_release
 * Errors     those of lk_rare_read, lk_result_read and lk_rare_combine; LK_E_ARG for a
 *            threshold that is not there; LK_E_MISMATCH where estimates are pending */
lk_status lk_rare_input_read(const char *path, const char *with,
                             const lk_real_list *threshold, lk_rare_input *out,
                             lk_error *err);

/* Frees and zeroes; {0} is fine. */
void lk_rare_input_release(lk_rare_input *input);

/* log p of the known problems, ascending, at most log(1 - 1e-4): an estimate of 1 comes of
 * some 5,000 draws and may be that much off.
 * Ownership  *log_p [group->known] is the caller's; free it */
lk_status lk_rare_input_logs(const lk_rare_input *input, const lk_rare_group *group,
                             double **log_p, lk_error *err);

#endif /* LK_CLI_RARE_INPUT_H */
