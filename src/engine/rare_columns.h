/* rare_columns.h - the tensors of a file of estimates: one a member of lk_rare_estimate. */
#ifndef LK_ENGINE_RARE_COLUMNS_H
#define LK_ENGINE_RARE_COLUMNS_H

#include "largek/rare.h"

enum { LK_RARE_COLUMNS = 16 };

typedef struct {
    const char *name;
    bool real; /* F64; else I64 */
    size_t offset;
} lk_rare_column;

extern const lk_rare_column lk_rare_columns[LK_RARE_COLUMNS];

/* A member as the 8 bytes that a file has. */
uint64_t lk_rare_cell_get(const lk_rare_estimate *e, size_t column);
void lk_rare_cell_set(lk_rare_estimate *e, size_t column, uint64_t bits);

#endif /* LK_ENGINE_RARE_COLUMNS_H */
