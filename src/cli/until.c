/* until.c - reads `--until`. */
#include "cli/until.h"

#include <stdio.h>
#include <string.h>

#include "cli/number.h"

enum { WORD_MAX = 64 };

/* The parts of "kind=value@threshold"; threshold is "" where there is none. */
typedef struct {
    char kind[WORD_MAX], value[WORD_MAX], threshold[WORD_MAX];
} until_words;

static lk_status split(const char *text, until_words *out, lk_error *err)
{
    const size_t kind = strcspn(text, "=");
    const char *value = text[kind] == '=' ? text + kind + 1 : "";
    const size_t length = strcspn(value, "@");
    const char *threshold = value[length] == '@' ? value + length + 1 : "";

    if (kind >= WORD_MAX || length == 0 || length >= WORD_MAX ||
        strlen(threshold) >= WORD_MAX ||
        (value[length] == '@' && threshold[0] == '\0')) {
        return LK_FAIL(err, LK_E_ARG,
                       "--until: '%.60s' is none of successes=R, rel-width=W, "
                       "budget=N, each with or without @THRESHOLD",
                       text);
    }
    snprintf(out->kind, sizeof out->kind, "%.*s", (int)kind, text);
    snprintf(out->value, sizeof out->value, "%.*s", (int)length, value);
    snprintf(out->threshold, sizeof out->threshold, "%s", threshold);
    return LK_OK;
}

static lk_status parse_value(const until_words *words, lk_until *until, lk_error *err)
{
    switch (until->kind) {
    case LK_UNTIL_SUCCESSES:
        return lk_parse_count(words->value, LK_COUNT_MAX, &until->successes, err);
    case LK_UNTIL_WIDTH: return lk_parse_real(words->value, &until->width, err);
    case LK_UNTIL_BUDGET:
        return lk_parse_count(words->value, LK_COUNT_MAX, &until->budget, err);
    default:
        return LK_FAIL(err, LK_E_ARG, "'%s' is none of successes, rel-width, budget",
                       words->kind);
    }
}

lk_status lk_until_parse(const char *text, uint64_t block, uint64_t draws,
                         lk_until *out, lk_error *err)
{
    lk_until until = {0};
    until_words words;
    lk_error why = {0};
    lk_status st = LK_OK;

    LK_TRY(split(text, &words, err));
    until.kind = lk_until_find(words.kind);
    if (until.kind == LK_UNTIL_BUDGET) {
        until.block = block;
        until.draws = draws;
    }
    st = parse_value(&words, &until, &why);
    if (st == LK_OK && words.threshold[0] != '\0') {
        st = lk_parse_real(words.threshold, &until.threshold, &why);
        if (st == LK_OK && !(until.threshold > 0.0)) {
            st = LK_FAIL(&why, LK_E_ARG, "threshold '%s' is not positive",
                         words.threshold);
        }
    }
    if (st == LK_OK) st = lk_until_check(&until, &why);
    if (st != LK_OK) return LK_FAIL(err, st, "--until: %s", why.text);
    *out = until;

out:
    return st;
}
