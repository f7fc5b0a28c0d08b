/* text.h - the lines of a text file, checked to be text.
 *
 * Plain, gzip or Zstandard (io/source.h).  A byte-order mark, "\n" and "\r\n" are taken
 * off; the last line may lack its end.  Memory is the longest line and some buffers.
 */
#ifndef LK_IO_TEXT_H
#define LK_IO_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "largek/status.h"

/* A longer line is an error: a file without line ends is not read into memory whole. */
#define LK_TEXT_LINE_MAX ((size_t)256 << 20)

typedef struct lk_text lk_text;

/* Opens `path`, "-" for standard input.
 * Ownership  *out is the caller's; end it with lk_text_close
 * Errors     LK_E_IO, LK_E_MEMORY */
lk_status lk_text_open(const char *path, lk_text **out, lk_error *err);

/* Points *line at the next line, NUL-terminated and good until the next call; NULL at
 * the end.  The caller may change its bytes.
 * Errors  LK_E_IO, LK_E_MEMORY; LK_E_FORMAT as "file:line:column: ...", columns counted
 *         in bytes from 1, for a NUL, bad UTF-8, a line too long or damaged packing */
lk_status lk_text_line(lk_text *text, char **line, size_t *bytes, lk_error *err);

/* The number of the line that lk_text_line gave last, from 1. */
uint64_t lk_text_number(const lk_text *text);

/* What errors should call the file; lives as long as `text`. */
const char *lk_text_name(const lk_text *text);

/* NULL is fine. */
void lk_text_close(lk_text *text);

#endif /* LK_IO_TEXT_H */
