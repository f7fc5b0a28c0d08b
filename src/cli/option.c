/* option.c - reads a command line by its table. */
#include "cli/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/suggest.h"

enum { OPTIONS_MAX = 64 };

/* A command line being read: which options have been seen, and what is left. */
typedef struct {
    const lk_syntax *syntax;
    char *args;
    int argc, at;
    char **argv;
    bool seen[OPTIONS_MAX];
    size_t operands;
} reader;

static lk_status bad_choice(const lk_option *option, const char *text, lk_error *err)
{
    lk_suggestion suggestion = {.word = text};
    char list[200] = "";
    size_t used = 0;

    for (size_t i = 0; option->choices[i] != NULL; i++) {
        lk_suggestion_offer(&suggestion, option->choices[i]);
        const int n = snprintf(list + used, sizeof list - used, "%s%s",
                               i == 0 ? "" : ", ", option->choices[i]);
        if (n > 0 && (size_t)n < sizeof list - used) used += (size_t)n;
    }
    if (suggestion.nearest != NULL) {
        return LK_FAIL(err, LK_E_ARG, "'%s' is none of %s; did you mean '%s'?", text,
                       list, suggestion.nearest);
    }
    return LK_FAIL(err, LK_E_ARG, "'%s' is none of %s", text, list);
}

static lk_status parse_choice(const lk_option *option, const char *text, void *field,
                              lk_error *err)
{
    for (int i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], text) != 0) continue;
        memcpy(field, &i, sizeof i); /* an enum is as large as an int, if not one */
        return LK_OK;
    }
    return bad_choice(option, text, err);
}

static lk_status check_bound(lk_bound bound, double value, const char *text,
                             lk_error *err)
{
    if (bound == LK_BOUND_POSITIVE && !(value > 0.0)) {
        return LK_FAIL(err, LK_E_ARG, "'%s' is not positive", text);
    }
    if (bound == LK_BOUND_OPEN_UNIT && !(value > 0.0 && value < 1.0)) {
        return LK_FAIL(err, LK_E_ARG, "'%s' is not between 0 and 1", text);
    }
    return LK_OK;
}

static lk_status parse_number(const lk_option *option, const char *text, void *field,
                              lk_error *err)
{
    const bool whole =
        option->kind == LK_OPTION_COUNT || option->kind == LK_OPTION_SEED;
    const uint64_t limit = option->kind == LK_OPTION_SEED ? UINT64_MAX : LK_COUNT_MAX;
    uint64_t count = 0;
    double real = 0.0;
    lk_status st = LK_OK;

    if (whole) {
        LK_TRY(lk_parse_count(text, limit, &count, err));
    } else if (option->kind == LK_OPTION_DURATION) {
        LK_TRY(lk_parse_duration(text, &real, err));
    } else {
        LK_TRY(lk_parse_real(text, &real, err));
    }
    LK_TRY(check_bound(option->bound, whole ? (double)count : real, text, err));
    if (whole) {
        memcpy(field, &count, sizeof count);
    } else {
        memcpy(field, &real, sizeof real);
    }
out:
    return st;
}

static lk_status parse_counts(const lk_option *option, const char *text, void *field,
                              lk_error *err)
{
    const lk_list_kind kind = option->kind == LK_OPTION_GRID      ? LK_LIST_GRID
                              : option->kind == LK_OPTION_INDICES ? LK_LIST_INDICES
                                                                  : LK_LIST_SIZES;
    lk_count_list list = {0};
    const lk_status st = lk_parse_count_list(text, kind, &list, err);

    if (st == LK_OK) {
        free(((lk_count_list *)field)->value); /* the preset's */
        *(lk_count_list *)field = list;
    }
    return st;
}

static lk_status parse_reals(const lk_option *option, const char *text, void *field,
                             lk_error *err)
{
    lk_real_list list = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_parse_real_list(text, &list, err));
    for (size_t i = 0; i < list.count; i++) {
        LK_TRY(check_bound(option->bound, list.value[i], text, err));
    }
    free(((lk_real_list *)field)->value);
    *(lk_real_list *)field = list;
    list = (lk_real_list){0};
out:
    free(list.value);
    return st;
}

static lk_status parse_value(const lk_option *option, const char *text, char *args,
                             lk_error *err)
{
    void *field = args + option->offset;

    switch (option->kind) {
    case LK_OPTION_FLAG: *(bool *)field = true; return LK_OK;
    case LK_OPTION_TEXT: *(const char **)field = text; return LK_OK;
    case LK_OPTION_CHOICE: return parse_choice(option, text, field, err);
    case LK_OPTION_COUNT:
    case LK_OPTION_SEED:
    case LK_OPTION_REAL:
    case LK_OPTION_DURATION: return parse_number(option, text, field, err);
    case LK_OPTION_GRID:
    case LK_OPTION_INDICES:
    case LK_OPTION_SIZES: return parse_counts(option, text, field, err);
    case LK_OPTION_REALS: return parse_reals(option, text, field, err);
    }
    return LK_FAIL(err, LK_E_INTERNAL, "--%s has no kind", option->name);
}

/* Puts the option's name in front of what its value did wrong. */
static lk_status take_value(reader *r, const lk_option *option, const char *text,
                            lk_error *err)
{
    lk_error why = {0};
    const size_t i = (size_t)(option - r->syntax->option);

    if (r->seen[i]) return LK_FAIL(err, LK_E_ARG, "--%s is given twice", option->name);
    r->seen[i] = true;
    const lk_status st = parse_value(option, text, r->args, &why);
    if (st == LK_OK) return LK_OK;
    return lk_error_set(err, st, why.where, "--%s: %.400s", option->name, why.text);
}

static lk_status unknown_option(const reader *r, const char *word, size_t length,
                                lk_error *err)
{
    char name[64];
    lk_suggestion suggestion = {.word = name};

    snprintf(name, sizeof name, "%.*s", (int)(length < 63 ? length : 63), word);
    for (size_t i = 0; i < r->syntax->options; i++) {
        lk_suggestion_offer(&suggestion, r->syntax->option[i].name);
    }
    if (suggestion.nearest != NULL) {
        return LK_FAIL(err, LK_E_ARG, "unknown option --%s; did you mean --%s?", name,
                       suggestion.nearest);
    }
    return LK_FAIL(err, LK_E_ARG, "unknown option --%s", name);
}

static lk_status next_value(reader *r, const lk_option *option, const char **out,
                            lk_error *err)
{
    if (r->at + 1 >= r->argc) {
        return LK_FAIL(err, LK_E_ARG, "--%s needs a value: %s", option->name,
                       option->metavar);
    }
    *out = r->argv[++r->at];
    return LK_OK;
}

static lk_status take_long(reader *r, lk_error *err)
{
    const char *word = r->argv[r->at] + 2;
    const char *equals = strchr(word, '=');
    const size_t length = equals == NULL ? strlen(word) : (size_t)(equals - word);
    const char *value = equals == NULL ? NULL : equals + 1;
    const lk_option *option = NULL;
    lk_status st = LK_OK;

    for (size_t i = 0; i < r->syntax->options; i++) {
        const lk_option *row = &r->syntax->option[i];

        if (strlen(row->name) == length && memcmp(row->name, word, length) == 0) {
            option = row;
        }
    }
    if (option == NULL) return unknown_option(r, word, length, err);
    if (option->kind == LK_OPTION_FLAG && value != NULL) {
        return LK_FAIL(err, LK_E_ARG, "--%s takes no value", option->name);
    }
    if (option->kind != LK_OPTION_FLAG && value == NULL) {
        LK_TRY(next_value(r, option, &value, err));
    }
    st = take_value(r, option, value, err);
out:
    return st;
}

static lk_status take_short(reader *r, lk_error *err)
{
    const char *word = r->argv[r->at] + 1;
    const lk_option *option = NULL;
    const char *value = word[1] == '\0' ? NULL : word + 1;
    lk_status st = LK_OK;

    for (size_t i = 0; i < r->syntax->options; i++) {
        if (r->syntax->option[i].letter == word[0]) option = &r->syntax->option[i];
    }
    if (option == NULL || (option->kind == LK_OPTION_FLAG && value != NULL)) {
        return LK_FAIL(err, LK_E_ARG, "unknown option -%s", word);
    }
    if (option->kind != LK_OPTION_FLAG && value == NULL) {
        LK_TRY(next_value(r, option, &value, err));
    }
    st = take_value(r, option, value, err);
out:
    return st;
}

/* There are never more of them than words. */
static lk_status append(const reader *r, const lk_operand *operand, const char *word,
                        lk_error *err)
{
    lk_text_list *list = (lk_text_list *)(void *)((char *)r->args + operand->offset);

    if (list->value == NULL) {
        list->value = calloc((size_t)r->argc, sizeof *list->value);
        if (list->value == NULL) return LK_FAIL(err, LK_E_MEMORY, "arguments");
    }
    list->value[list->count++] = word;
    return LK_OK;
}

static lk_status take_operand(reader *r, lk_error *err)
{
    const char *word = r->argv[r->at];
    const lk_syntax *syntax = r->syntax;

    if (r->operands > 0 && syntax->operand[r->operands - 1].kind == LK_OPERAND_MANY) {
        return append(r, &syntax->operand[r->operands - 1], word, err);
    }
    if (r->operands >= syntax->operands) {
        return LK_FAIL(err, LK_E_ARG, "unexpected argument '%s'", word);
    }
    const lk_operand *operand = &syntax->operand[r->operands++];

    if (operand->kind == LK_OPERAND_MANY) return append(r, operand, word, err);
    memcpy(r->args + operand->offset, &word, sizeof word);
    return LK_OK;
}

static lk_status check_complete(const reader *r, lk_error *err)
{
    if (r->operands < r->syntax->operands &&
        r->syntax->operand[r->operands].kind != LK_OPERAND_OPTIONAL) {
        return LK_FAIL(err, LK_E_ARG, "%s is missing",
                       r->syntax->operand[r->operands].metavar);
    }
    for (size_t i = 0; i < r->syntax->options; i++) {
        const lk_option *option = &r->syntax->option[i];

        if (option->required && !r->seen[i]) {
            return LK_FAIL(err, LK_E_ARG, "--%s %s is missing", option->name,
                           option->metavar);
        }
    }
    return LK_OK;
}

lk_status lk_options_parse(const lk_syntax *syntax, int argc, char **argv, void *args,
                           lk_error *err)
{
    reader r = {.syntax = syntax, .args = args, .argc = argc, .argv = argv};
    bool options_ended = false;
    lk_status st = LK_OK;

    if (syntax->options > OPTIONS_MAX) return LK_FAIL(err, LK_E_INTERNAL, "options");
    for (size_t i = 0; i < syntax->options; i++) {
        const lk_option *option = &syntax->option[i];

        if (option->preset != NULL) {
            LK_TRY(take_value(&r, option, option->preset, err));
            r.seen[i] = false;
        }
    }
    for (; r.at < argc; r.at++) {
        const char *word = argv[r.at];

        if (options_ended || word[0] != '-' || word[1] == '\0') {
            LK_TRY(take_operand(&r, err));
        } else if (strcmp(word, "--") == 0) {
            options_ended = true;
        } else if (word[1] == '-') {
            LK_TRY(take_long(&r, err));
        } else {
            LK_TRY(take_short(&r, err));
        }
    }
    st = check_complete(&r, err);
out:
    return st;
}

void lk_options_release(const lk_syntax *syntax, void *args)
{
    for (size_t i = 0; i < syntax->options; i++) {
        const lk_option *option = &syntax->option[i];
        void *field = (char *)args + option->offset;

        switch (option->kind) {
        case LK_OPTION_GRID:
        case LK_OPTION_INDICES:
        case LK_OPTION_SIZES:
            free(((lk_count_list *)field)->value);
            *(lk_count_list *)field = (lk_count_list){0};
            break;
        case LK_OPTION_REALS:
            free(((lk_real_list *)field)->value);
            *(lk_real_list *)field = (lk_real_list){0};
            break;
        default: break;
        }
    }
    for (size_t i = 0; i < syntax->operands; i++) {
        const lk_operand *operand = &syntax->operand[i];
        void *field = (char *)args + operand->offset;

        if (operand->kind != LK_OPERAND_MANY) continue;
        free(((lk_text_list *)field)->value);
        *(lk_text_list *)field = (lk_text_list){0};
    }
}
