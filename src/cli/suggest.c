/* suggest.c - edit distance with swaps, after F. J. Damerau, Comm. ACM 7 (1964) 171. */
#include "cli/suggest.h"

#include <string.h>

enum { WORD_MAX = 63 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t lk_edit_distance(const char *a, const char *b)
{
    const size_t rows = strnlen(a, WORD_MAX), cols = strnlen(b, WORD_MAX);
    size_t table[3][WORD_MAX + 1];
    size_t *before = table[0], *above = table[1], *row = table[2];

    for (size_t j = 0; j <= cols; j++) {
        before[j] = 0;
        row[j] = j;
    }
    for (size_t i = 1; i <= rows; i++) {
        size_t *oldest = before;

        before = above;
        above = row;
        row = oldest;
        row[0] = i;
        for (size_t j = 1; j <= cols; j++) {
            const size_t differs = a[i - 1] != b[j - 1];

            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + differs);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
    }
    return row[cols];
}

void lk_suggestion_offer(lk_suggestion *suggestion, const char *name)
{
    const size_t length = strlen(suggestion->word);
    const int starts = length >= 2 && strncmp(name, suggestion->word, length) == 0;
    const size_t distance = starts ? 0 : lk_edit_distance(suggestion->word, name);

    /* A third of the letters wrong is still a typing error; more is another word. */
    if (distance > (length + 2) / 3) return;
    if (suggestion->nearest == NULL || distance < suggestion->distance) {
        suggestion->nearest = name;
        suggestion->distance = distance;
    }
}
