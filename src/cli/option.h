/* option.h - options and operands of a command, as tables.
 *
 * A row says where in the command's own struct a value goes and how it is read; help,
 * man page and completion come from the same rows, so none can say anything else.
 */
#ifndef LK_CLI_OPTION_H
#define LK_CLI_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/number.h"
#include "largek/status.h"

typedef enum {
    LK_OPTION_FLAG,     /* bool                                              */
    LK_OPTION_TEXT,     /* const char *, of argv                             */
    LK_OPTION_COUNT,    /* uint64_t, at most 2^62                            */
    LK_OPTION_SEED,     /* uint64_t, any                                     */
    LK_OPTION_REAL,     /* double                                            */
    LK_OPTION_DURATION, /* double, seconds                                   */
    LK_OPTION_CHOICE,   /* an enum, by its place in `choices`                */
    LK_OPTION_GRID,     /* lk_count_list, LK_LIST_GRID                       */
    LK_OPTION_INDICES,  /* lk_count_list, LK_LIST_INDICES                    */
    LK_OPTION_SIZES,    /* lk_count_list, LK_LIST_SIZES                      */
    LK_OPTION_REALS     /* lk_real_list                                      */
} lk_option_kind;

typedef enum {
    LK_BOUND_NONE,
    LK_BOUND_POSITIVE, /* > 0                    */
    LK_BOUND_OPEN_UNIT /* between 0 and 1, neither */
} lk_bound;

typedef struct {
    const char *name; /* without the dashes                                       */
    char letter;      /* 0: none                                                  */
    lk_option_kind kind;
    size_t offset;       /* into the command's struct                             */
    const char *metavar; /* "FILE"; NULL for a flag                               */
    const char *preset;  /* read as if it had been given; NULL leaves the field 0 */
    const char *help;    /* a sentence or two                                     */
    const char *const *choices; /* LK_OPTION_CHOICE: in the enum's order, then NULL */
    lk_bound bound;             /* of counts and reals                            */
    bool required;
} lk_option;

typedef enum {
    LK_OPERAND_REQUIRED,
    LK_OPERAND_OPTIONAL, /* only the last ones                                   */
    LK_OPERAND_MANY      /* only the last one: one or more, as an lk_text_list   */
} lk_operand_kind;

typedef struct {
    const char *metavar; /* "FILE"                                               */
    size_t offset;       /* of a const char *, or of an lk_text_list             */
    const char *help;
    lk_operand_kind kind;
} lk_operand;

typedef struct {
    size_t count;
    const char **value; /* owned; the texts are argv's */
} lk_text_list;

typedef struct {
    size_t options, operands;
    const lk_option *option;
    const lk_operand *operand;
} lk_syntax;

/* Reads a command line into the zeroed struct at `args`, presets first.  argv[0] is the
 * first word after the command's name.
 *
 *   --name VALUE, --name=VALUE, -x VALUE, -xVALUE; -- ends the options; - is an operand
 *
 * Ownership  lists in *args are the caller's, also after a failure: lk_options_release
 * Errors     LK_E_ARG, the text naming option and value, with a suggestion where an option
 *            or choice is unknown; whatever lk_parse_* return */
lk_status lk_options_parse(const lk_syntax *syntax, int argc, char **argv, void *args,
                           lk_error *err);

/* Frees the lists that rows and operands point to. */
void lk_options_release(const lk_syntax *syntax, void *args);

#endif /* LK_CLI_OPTION_H */
