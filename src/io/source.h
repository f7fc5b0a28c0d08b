/* source.h - the bytes of a file, unpacked where it is gzip or Zstandard.
 *
 * Found from the first bytes, never from the name.  Packed files may have several
 * members; each must be whole, and nothing may follow the last.
 */
#ifndef LK_IO_SOURCE_H
#define LK_IO_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "largek/status.h"

typedef struct lk_source lk_source;

/* Opens `path`, "-" for standard input.
 * Ownership  *out is the caller's; end it with lk_source_close
 * Errors     LK_E_IO, LK_E_MEMORY */
lk_status lk_source_open(const char *path, lk_source **out, lk_error *err);

/* What errors should call it: the path, or "standard input". */
const char *lk_source_name(const lk_source *source);

/* Points *data at the next bytes, good until the next call; 0 bytes is the end.
 * Errors  LK_E_IO, LK_E_MEMORY, LK_E_FORMAT for packed data that is damaged or cut */
lk_status lk_source_next(lk_source *source, const char **data, size_t *bytes,
                         lk_error *err);

/* Whether the last failure was packed data that end too early. */
bool lk_source_cut(const lk_source *source);

/* NULL is fine. */
void lk_source_close(lk_source *source);

#endif /* LK_IO_SOURCE_H */
