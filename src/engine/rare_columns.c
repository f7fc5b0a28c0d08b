/* rare_columns.c - members of an estimate by their names in files. */
#include "engine/rare_columns.h"

#include <string.h>

#define REAL(member)                                      \
    {                                                     \
#member, true, offsetof(lk_rare_estimate, member) \
    }
#define COUNT(member)                                      \
    {                                                      \
#member, false, offsetof(lk_rare_estimate, member) \
    }

const lk_rare_column lk_rare_columns[LK_RARE_COLUMNS] = {
    REAL(log_p),       REAL(rel_error),       REAL(log_lo),    REAL(log_hi),
    REAL(ess),         REAL(largest_share),   REAL(stability), REAL(best_sse),
    REAL(other_log_p), REAL(other_rel_error), COUNT(draws),    COUNT(hits),
    COUNT(spent),      COUNT(modes),          COUNT(status),   REAL(check),
};

uint64_t lk_rare_cell_get(const lk_rare_estimate *e, size_t column)
{
    const lk_rare_column *c = &lk_rare_columns[column];
    uint64_t bits;

    if (c->offset == offsetof(lk_rare_estimate, status)) return (uint64_t)e->status;
    memcpy(&bits, (const char *)e + c->offset, sizeof bits);
    return bits;
}

void lk_rare_cell_set(lk_rare_estimate *e, size_t column, uint64_t bits)
{
    const lk_rare_column *c = &lk_rare_columns[column];

    if (c->offset == offsetof(lk_rare_estimate, status)) {
        e->status = (lk_rare_status)bits;
    } else {
        memcpy((char *)e + c->offset, &bits, sizeof bits);
    }
}
