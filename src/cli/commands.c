/* commands.c - the table of commands. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/suggest.h"

/* clang-format off */
const lk_command *const lk_commands[] = {
    &lk_cmd_train_vae,
    &lk_cmd_sample,
    &lk_cmd_rare,
    &lk_cmd_merge,
    &lk_cmd_verify,
    &lk_cmd_passk,
    &lk_cmd_fit,
    &lk_cmd_forecast,
    &lk_cmd_law,
    &lk_cmd_cost,
    &lk_cmd_test_independence,
    &lk_cmd_tails,
    &lk_cmd_plot_passk,
    &lk_cmd_plot_fit,
    &lk_cmd_plot_forecast,
    &lk_cmd_plot_rare,
    &lk_cmd_info_model,
    &lk_cmd_info_result,
    &lk_cmd_info,
    &lk_cmd_help,
    NULL,
};
/* clang-format on */

/* How many of the words a command's name takes, and 0 where it is another command. */
static int matches(const char *name, int argc, char **argv)
{
    const char *space = strchr(name, ' ');

    if (argc < 1) return 0;
    if (space == NULL) return strcmp(name, argv[0]) == 0 ? 1 : 0;
    if (strlen(argv[0]) != (size_t)(space - name)) return 0;
    if (memcmp(argv[0], name, (size_t)(space - name)) != 0) return 0;
    return argc > 1 && strcmp(space + 1, argv[1]) == 0 ? 2 : 0;
}

static bool in_group(const char *name, const char *group)
{
    const size_t length = strlen(group);

    return strncmp(name, group, length) == 0 && name[length] == ' ';
}

/* `train xyz`: the group is there, its kind is not. */
static lk_status unknown_kind(const char *group, const char *word, lk_error *err)
{
    lk_suggestion suggestion = {.word = word == NULL ? "" : word};
    char kinds[200] = "";
    size_t used = 0;

    for (size_t i = 0; lk_commands[i] != NULL; i++) {
        const char *name = lk_commands[i]->name;

        if (!in_group(name, group)) continue;
        name += strlen(group) + 1;
        lk_suggestion_offer(&suggestion, name);
        const int n = snprintf(kinds + used, sizeof kinds - used, "%s%s",
                               used == 0 ? "" : ", ", name);
        if (n > 0 && (size_t)n < sizeof kinds - used) used += (size_t)n;
    }
    if (word == NULL) {
        return LK_FAIL(err, LK_E_ARG, "%s: what? one of: %s", group, kinds);
    }
    if (suggestion.nearest != NULL) {
        return LK_FAIL(err, LK_E_ARG, "unknown command '%s %s'; did you mean '%s %s'?",
                       group, word, group, suggestion.nearest);
    }
    return LK_FAIL(err, LK_E_ARG, "unknown command '%s %s'; %s has: %s", group, word,
                   group, kinds);
}

static lk_status unknown_command(const char *word, lk_error *err)
{
    lk_suggestion suggestion = {.word = word};

    for (size_t i = 0; lk_commands[i] != NULL; i++) {
        char first[64];

        snprintf(first, sizeof first, "%.*s", (int)strcspn(lk_commands[i]->name, " "),
                 lk_commands[i]->name);
        const char *before = suggestion.nearest;
        lk_suggestion_offer(&suggestion, first);
        if (suggestion.nearest != before) suggestion.nearest = lk_commands[i]->name;
    }
    if (suggestion.nearest == NULL) {
        return LK_FAIL(err, LK_E_ARG, "unknown command '%s'; see largek help", word);
    }
    return LK_FAIL(err, LK_E_ARG, "unknown command '%s'; did you mean '%s'?", word,
                   suggestion.nearest);
}

lk_status lk_command_find(int argc, char **argv, const lk_command **out, int *words,
                          lk_error *err)
{
    const lk_command *found = NULL;
    bool group = false;
    int best = 0;

    for (size_t i = 0; lk_commands[i] != NULL; i++) {
        const int taken = matches(lk_commands[i]->name, argc, argv);

        group = group || (argc > 0 && in_group(lk_commands[i]->name, argv[0]));
        if (taken > best) {
            best = taken;
            found = lk_commands[i];
        }
    }
    const bool has_kind = argc > 1 && argv[1][0] != '-';
    if (group && best < 2 && (has_kind || found == NULL)) {
        return unknown_kind(argv[0], has_kind ? argv[1] : NULL, err);
    }
    if (found == NULL) return unknown_command(argc > 0 ? argv[0] : "", err);
    *out = found;
    *words = best;
    return LK_OK;
}

lk_exit lk_exit_of(lk_status status)
{
    switch (status) {
    case LK_OK: return LK_EXIT_OK;
    case LK_E_NUMERIC: return LK_EXIT_FAILED;
    case LK_E_ARG: return LK_EXIT_USAGE;
    case LK_E_FORMAT: return LK_EXIT_INPUT;
    case LK_E_IO: return LK_EXIT_IO;
    case LK_E_MISMATCH: return LK_EXIT_MISMATCH;
    case LK_E_DEVICE:
    case LK_E_MISSING: return LK_EXIT_DEVICE;
    case LK_E_MEMORY: return LK_EXIT_MEMORY;
    case LK_E_STOPPED: return LK_EXIT_STOPPED;
    case LK_E_INTERNAL: break;
    }
    return LK_EXIT_INTERNAL;
}
