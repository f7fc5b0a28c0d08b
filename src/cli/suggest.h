/* suggest.h - the name somebody may have meant. */
#ifndef LK_CLI_SUGGEST_H
#define LK_CLI_SUGGEST_H

#include <stddef.h>

/* Keeps the nearest of the names it is shown; {.word = word} starts. */
typedef struct {
    const char *word;
    const char *nearest; /* NULL while none is near enough */
    size_t distance;
} lk_suggestion;

void lk_suggestion_offer(lk_suggestion *suggestion, const char *name);

/* Insertions, deletions, replacements and swaps of neighbours that make one word the
 * other; words are compared up to 63 characters. */
size_t lk_edit_distance(const char *a, const char *b);

#endif /* LK_CLI_SUGGEST_H */
