/* command.h - what a subcommand is.
 *
 * To add `largek foo`:
 *   1. write src/cli/cmd_foo.c with a struct of its arguments, the tables of its options
 *      and operands, and `const lk_command lk_cmd_foo`;
 *   2. declare lk_cmd_foo here and give it a row in commands.c;
 *   3. add tests/cli/foo.sh and foo.out; help, man page and completion come by themselves.
 *
 * A subcommand calls the library and prints.  Results go to standard output, anything
 * said to a person to standard error.
 */
#ifndef LK_CLI_COMMAND_H
#define LK_CLI_COMMAND_H

#include <stddef.h>

#include "cli/option.h"
#include "largek/status.h"

typedef enum {
    LK_EXIT_OK = 0,
    LK_EXIT_FAILED = 1, /* the work failed, or a check that was asked for */
    LK_EXIT_USAGE = 2,
    LK_EXIT_INPUT = 3,
    LK_EXIT_IO = 4,
    LK_EXIT_MISMATCH = 5,
    LK_EXIT_DEVICE = 6,
    LK_EXIT_MEMORY = 7,
    LK_EXIT_INTERNAL = 70,
    LK_EXIT_STOPPED = 75,
    LK_EXIT_SIGNAL = 128 /* and the signal's number */
} lk_exit;

typedef struct {
    const char *command, *what;
} lk_example;

typedef struct {
    const char *name;    /* one word, or a group's and its own: "passk", "train vae" */
    const char *summary; /* for `largek help`: lower case, no period                 */
    lk_status (*run)(void *args, lk_error *err);
    size_t args_bytes; /* of the struct that `run` gets, filled by the tables        */
    lk_syntax syntax;
    const char *details; /* paragraphs, a blank line between them                    */
    const lk_example *example; /* until .command is NULL; NULL for none              */
} lk_command;

/* Every command in the order of help, until NULL. */
extern const lk_command *const lk_commands[];

/* The command that the words name, the longest name first, and how many of them its name
 * takes.
 * Errors  LK_E_ARG with a suggestion */
lk_status lk_command_find(int argc, char **argv, const lk_command **out, int *words,
                          lk_error *err);

/* What a failure ends the program with; stops by a signal are told apart in main.c. */
lk_exit lk_exit_of(lk_status status);

extern const lk_command lk_cmd_train_vae;
extern const lk_command lk_cmd_sample;
extern const lk_command lk_cmd_rare;
extern const lk_command lk_cmd_merge;
extern const lk_command lk_cmd_verify;
extern const lk_command lk_cmd_passk;
extern const lk_command lk_cmd_fit;
extern const lk_command lk_cmd_forecast;
extern const lk_command lk_cmd_law;
extern const lk_command lk_cmd_cost;
extern const lk_command lk_cmd_test_independence;
extern const lk_command lk_cmd_tails;
extern const lk_command lk_cmd_plot_passk;
extern const lk_command lk_cmd_plot_fit;
extern const lk_command lk_cmd_plot_forecast;
extern const lk_command lk_cmd_plot_rare;
extern const lk_command lk_cmd_info;
extern const lk_command lk_cmd_info_model;
extern const lk_command lk_cmd_info_result;
extern const lk_command lk_cmd_help;

#endif /* LK_CLI_COMMAND_H */
