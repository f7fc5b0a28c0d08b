/* scores.c - reads `--score` and `--threshold`. */
#include "cli/scores.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 32 };

/* Whether the text has a score of that length there, and which. */
static bool take_score(const char *text, size_t length, lk_score *out)
{
    char word[WORD_MAX];

    if (length >= sizeof word) return false;
    snprintf(word, sizeof word, "%.*s", (int)length, text);
    *out = lk_score_find(word);
    return *out < LK_SCORES;
}

/* The place of a score; `count` where it is not asked for. */
static size_t find_place(const lk_scores *scores, lk_score score)
{
    size_t i = 0;

    while (i < scores->count && scores->score[i] != score) i++;
    return i;
}

static lk_status parse_names(const char *text, lk_scores *scores, lk_error *err)
{
    for (const char *at = text;;) {
        const size_t length = strcspn(at, ",");
        lk_score score;

        if (!take_score(at, length, &score)) {
            return LK_FAIL(err, LK_E_ARG,
                           "--score: '%.*s' is none of mse, sse, l2, rel-l2",
                           (int)(length < 40 ? length : 40), at);
        }
        if (find_place(scores, score) < scores->count) {
            return LK_FAIL(err, LK_E_ARG, "--score: %s is named twice",
                           lk_score_name(score));
        }
        scores->score[scores->count++] = score;
        if (at[length] == '\0') return LK_OK;
        at += length + 1;
    }
}

static lk_status parse_list(const char *text, lk_real_list *out, lk_error *err)
{
    lk_error why = {0};
    const lk_status st = lk_parse_real_list(text, out, &why);

    if (st == LK_OK) return LK_OK;
    return lk_error_set(err, st, why.where, "--threshold: %.400s", why.text);
}

/* "l2:1.8,2" into the place of l2. */
static lk_status parse_part(char *part, lk_scores *scores, lk_error *err)
{
    const size_t length = strcspn(part, ":");
    lk_score score;

    if (part[length] != ':' || !take_score(part, length, &score)) {
        return LK_FAIL(
            err, LK_E_ARG,
            "--threshold: '%.60s' is not SCORE:LIST with a score of mse, sse, "
            "l2, rel-l2",
            part);
    }
    const size_t place = find_place(scores, score);

    if (place == scores->count) {
        return LK_FAIL(err, LK_E_ARG, "--threshold: a list for %s, which --score lacks",
                       lk_score_name(score));
    }
    if (scores->threshold[place].value != NULL) {
        return LK_FAIL(err, LK_E_ARG, "--threshold: two lists for %s",
                       lk_score_name(score));
    }
    return parse_list(part + length + 1, &scores->threshold[place], err);
}

/* Parts between semicolons; cuts up the text. */
static lk_status parse_parts(char *text, lk_scores *scores, lk_error *err)
{
    lk_status st = LK_OK;

    for (char *at = text; at != NULL;) {
        char *end = strchr(at, ';');

        if (end != NULL) *end++ = '\0';
        LK_TRY(parse_part(at, scores, err));
        at = end;
    }
    for (size_t i = 0; i < scores->count; i++) {
        if (scores->threshold[i].value != NULL) continue;
        st = LK_FAIL(err, LK_E_ARG, "--threshold: no list for %s",
                     lk_score_name(scores->score[i]));
        goto out;
    }

out:
    return st;
}

/* A list of numbers begins with none of a name's letters. */
static lk_status parse_thresholds(const char *text, lk_scores *scores, lk_error *err)
{
    lk_status st = LK_OK;

    if (!isalpha((unsigned char)text[0])) {
        for (size_t i = 0; i < scores->count; i++) {
            LK_TRY(parse_list(text, &scores->threshold[i], err));
        }
        return LK_OK;
    }
    char *copy = strdup(text);

    if (copy == NULL) return LK_FAIL(err, LK_E_MEMORY, "--threshold: no room");
    st = parse_parts(copy, scores, err);
    free(copy);

out:
    return st;
}

lk_status lk_scores_parse(const char *scores, const char *thresholds, lk_scores *out,
                          lk_error *err)
{
    lk_scores s = {0};
    lk_status st = LK_OK;

    LK_TRY(parse_names(scores, &s, err));
    LK_TRY(parse_thresholds(thresholds, &s, err));
    for (size_t i = 1; i < s.count; i++) {
        if (s.threshold[i].count == s.threshold[0].count) continue;
        st = LK_FAIL(err, LK_E_ARG,
                     "--threshold: %zu for %s and %zu for %s; give each score as many",
                     s.threshold[0].count, lk_score_name(s.score[0]),
                     s.threshold[i].count, lk_score_name(s.score[i]));
        goto out;
    }
    *out = s;
    s = (lk_scores){0};

out:
    lk_scores_release(&s);
    return st;
}

void lk_scores_release(lk_scores *scores)
{
    for (size_t i = 0; i < LK_SCORES; i++) free(scores->threshold[i].value);
    *scores = (lk_scores){0};
}
