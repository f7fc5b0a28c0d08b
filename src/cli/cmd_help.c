/* cmd_help.c - `largek help`: help, man pages and the completion script. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/help.h"

typedef struct {
    const char *topic, *kind;
    bool man;
    int completion;
} help_args;

enum { COMPLETION_NONE, COMPLETION_BASH };

static const char *const shells[] = {"none", "bash", NULL};

static const lk_option options[] = {
    {.name = "man",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(help_args, man),
     .help = "Print the man page's source instead."},
    {.name = "completion",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(help_args, completion),
     .metavar = "SHELL",
     .choices = shells,
     .preset = "none",
     .help = "Print a completion script for the shell instead."},
};

static const lk_operand operands[] = {
    {"COMMAND", offsetof(help_args, topic), "The command to explain.",
     LK_OPERAND_OPTIONAL},
    {"KIND", offsetof(help_args, kind), "Its second word, where it has two.",
     LK_OPERAND_OPTIONAL},
};

/* The commands of a group, one after the other; false where it is no group. */
static bool help_group(const char *group)
{
    const size_t length = strlen(group);
    bool any = false;

    for (size_t i = 0; lk_commands[i] != NULL; i++) {
        const char *name = lk_commands[i]->name;

        if (strncmp(name, group, length) != 0 || name[length] != ' ') continue;
        if (any) fputc('\n', stdout);
        lk_help_command(stdout, lk_commands[i]);
        any = true;
    }
    return any;
}

static lk_status run(void *data, lk_error *err)
{
    const help_args *args = data;
    char first[64] = "", second[64] = "";
    char *words[] = {first, second};
    const lk_command *command = NULL;
    int taken = 0;
    lk_status st = LK_OK;

    if (args->completion == COMPLETION_BASH) {
        lk_completion_bash(stdout);
        return LK_OK;
    }
    if (args->topic == NULL) {
        if (args->man) {
            lk_man_overview(stdout);
        } else {
            lk_help_overview(stdout);
        }
        return LK_OK;
    }
    snprintf(first, sizeof first, "%s", args->topic);
    snprintf(second, sizeof second, "%s", args->kind == NULL ? "" : args->kind);
    st = lk_command_find(args->kind == NULL ? 1 : 2, words, &command, &taken, err);
    if (st != LK_OK) return args->kind == NULL && help_group(first) ? LK_OK : st;
    if (args->kind != NULL && taken == 1) {
        return LK_FAIL(err, LK_E_ARG, "unknown command '%s %s'", first, second);
    }
    if (args->man) {
        lk_man_command(stdout, command);
    } else {
        lk_help_command(stdout, command);
    }
    return LK_OK;
}

static const lk_example examples[] = {
    {"largek help passk", "Explains one command."},
    {"source <(largek help --completion bash)", "Completion in this shell."},
    {NULL, NULL},
};

const lk_command lk_cmd_help = {
    .name = "help",
    .summary = "explain a command, print man pages or shell completion",
    .run = run,
    .args_bytes = sizeof(help_args),
    .syntax = {sizeof options / sizeof options[0], sizeof operands / sizeof operands[0],
               options, operands},
    .details = "Without a command, lists all of them. A command's help, man page and "
               "completion are made from one table.",
    .example = examples,
};
