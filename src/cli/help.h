/* help.h - help, man pages and completion, all from the tables of the commands. */
#ifndef LK_CLI_HELP_H
#define LK_CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

/* For a terminal: all commands, or one. */
void lk_help_overview(FILE *to);
void lk_help_command(FILE *to, const lk_command *command);

/* The same as roff: largek.1, and largek-passk.1. */
void lk_man_overview(FILE *to);
void lk_man_command(FILE *to, const lk_command *command);

/* A script that bash sources. */
void lk_completion_bash(FILE *to);

/* "--k RANGE", "-o, --output FILE" as both texts show it. */
void lk_option_label(const lk_option *option, char *out, size_t bytes);

/* What follows an option's help: "; one of: a, b", "(default: 1)", or "". */
void lk_option_remarks(const lk_option *option, char *out, size_t bytes);

/* "largek train vae --data IMAGES --output MODEL [options]". */
void lk_command_usage(const lk_command *command, char *out, size_t bytes);

/* What the exit codes mean, until .what is NULL. */
typedef struct {
    int code;
    const char *what;
} lk_exit_meaning;
extern const lk_exit_meaning lk_exit_meanings[];

#endif /* LK_CLI_HELP_H */
