/* help.c - help for a terminal. */
#include "cli/help.h"

#include <stdarg.h>
#include <string.h>

enum { WIDTH = 79, INDENT = 6, TEXT_MAX = 512 };

const lk_exit_meaning lk_exit_meanings[] = {
    {LK_EXIT_OK, "all went well"},
    {LK_EXIT_FAILED, "the work failed, or a check that was asked for"},
    {LK_EXIT_USAGE, "the command line makes no sense"},
    {LK_EXIT_INPUT, "bad input"},
    {LK_EXIT_IO, "input or output failed"},
    {LK_EXIT_MISMATCH, "a checkpoint or result does not match, or is busy"},
    {LK_EXIT_DEVICE, "a device failed, or something is not installed"},
    {LK_EXIT_MEMORY, "out of memory"},
    {LK_EXIT_INTERNAL, "a bug in largek"},
    {LK_EXIT_STOPPED, "stopped early; the same command goes on"},
    {LK_EXIT_SIGNAL + 2, "interrupted (SIGINT)"},
    {LK_EXIT_SIGNAL + 15, "terminated (SIGTERM)"},
    {0, NULL},
};

/* How an operand stands in a synopsis. */
static const char *const operand_form[] = {
    [LK_OPERAND_REQUIRED] = " %s",
    [LK_OPERAND_OPTIONAL] = " [%s]",
    [LK_OPERAND_MANY] = " %s...",
};

/* Appends to a text of *used characters; what does not fit is cut. */
static void append(char *out, size_t bytes, size_t *used, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void append(char *out, size_t bytes, size_t *used, const char *format, ...)
{
    va_list args;

    if (*used >= bytes) return;
    va_start(args, format);
    const int n = vsnprintf(out + *used, bytes - *used, format, args);
    va_end(args);
    if (n > 0) *used += (size_t)n < bytes - *used ? (size_t)n : bytes - *used - 1;
}

void lk_option_label(const lk_option *option, char *out, size_t bytes)
{
    size_t used = 0;

    out[0] = '\0';
    if (option->letter != 0) append(out, bytes, &used, "-%c, ", option->letter);
    append(out, bytes, &used, "--%s", option->name);
    if (option->metavar != NULL) append(out, bytes, &used, " %s", option->metavar);
}

void lk_option_remarks(const lk_option *option, char *out, size_t bytes)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; option->choices != NULL && option->choices[i] != NULL; i++) {
        append(out, bytes, &used, "%s%s", i == 0 ? " One of: " : ", ",
               option->choices[i]);
    }
    if (used > 0) append(out, bytes, &used, ".");
    if (option->preset != NULL) {
        append(out, bytes, &used, " (default: %s)", option->preset);
    }
    if (option->required) append(out, bytes, &used, " (required)");
}

void lk_command_usage(const lk_command *command, char *out, size_t bytes)
{
    const lk_syntax *syntax = &command->syntax;
    size_t used = 0, optional = 0;

    out[0] = '\0';
    append(out, bytes, &used, "largek %s", command->name);
    for (size_t i = 0; i < syntax->operands; i++) {
        append(out, bytes, &used, operand_form[syntax->operand[i].kind],
               syntax->operand[i].metavar);
    }
    for (size_t i = 0; i < syntax->options; i++) {
        const lk_option *option = &syntax->option[i];

        if (!option->required) {
            optional++;
        } else if (option->letter != 0) {
            append(out, bytes, &used, " -%c %s", option->letter, option->metavar);
        } else {
            append(out, bytes, &used, " --%s %s", option->name, option->metavar);
        }
    }
    if (optional > 0) append(out, bytes, &used, " [options]");
}

/* Prints words up to `end` between two margins, from column `indent` on. */
static void print_wrapped(FILE *to, const char *text, const char *end, size_t indent)
{
    size_t at = indent;

    while (text < end) {
        const size_t length = strcspn(text, " \n");

        if (at > indent && at + 1 + length > WIDTH) {
            fprintf(to, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            fputc(' ', to);
            at++;
        }
        fprintf(to, "%.*s", (int)length, text);
        at += length;
        text += length;
        while (*text == ' ' || *text == '\n') text++;
    }
    fputc('\n', to);
}

static void print_entry(FILE *to, const char *label, const char *help,
                        const char *remarks)
{
    char text[2 * TEXT_MAX];

    fprintf(to, "  %s\n%*s", label, INDENT, "");
    snprintf(text, sizeof text, "%s%s", help, remarks);
    print_wrapped(to, text, text + strlen(text), INDENT);
}

static void print_paragraphs(FILE *to, const char *text)
{
    while (*text != '\0') {
        const char *blank = strstr(text, "\n\n");
        const char *end = blank == NULL ? text + strlen(text) : blank;

        fputc('\n', to);
        print_wrapped(to, text, end, 0);
        text = end;
        while (*text == '\n') text++;
    }
}

void lk_help_command(FILE *to, const lk_command *command)
{
    const lk_syntax *syntax = &command->syntax;
    char text[TEXT_MAX], remarks[TEXT_MAX];

    lk_command_usage(command, text, sizeof text);
    fprintf(to, "usage: %s\n\n", text);
    snprintf(text, sizeof text, "largek %s - %s", command->name, command->summary);
    print_wrapped(to, text, text + strlen(text), 0);
    print_paragraphs(to, command->details);
    fputc('\n', to);
    for (size_t i = 0; i < syntax->operands; i++) {
        print_entry(to, syntax->operand[i].metavar, syntax->operand[i].help, "");
    }
    for (size_t i = 0; i < syntax->options; i++) {
        lk_option_label(&syntax->option[i], text, sizeof text);
        lk_option_remarks(&syntax->option[i], remarks, sizeof remarks);
        print_entry(to, text, syntax->option[i].help, remarks);
    }
    print_entry(to, "-h, --help", "Print this help.", "");
    if (command->example == NULL) return;
    fputs("\nExamples:\n", to);
    for (const lk_example *e = command->example; e->command != NULL; e++) {
        fprintf(to, "\n  %s\n%*s", e->command, INDENT, "");
        print_wrapped(to, e->what, e->what + strlen(e->what), INDENT);
    }
}

void lk_help_overview(FILE *to)
{
    size_t longest = 0;

    for (size_t i = 0; lk_commands[i] != NULL; i++) {
        const size_t length = strlen(lk_commands[i]->name);

        if (length > longest) longest = length;
    }
    fputs("usage: largek COMMAND [arguments]\n\n"
          "Measures how often a generator gets a problem right within k attempts, for\n"
          "very large k.\n\n",
          to);
    for (size_t i = 0; lk_commands[i] != NULL; i++) {
        fprintf(to, "  %-*s  %s\n", (int)longest, lk_commands[i]->name,
                lk_commands[i]->summary);
    }
    fputs(
        "\n`largek help COMMAND` explains one.  `largek --version` prints the version.\n",
        to);
}
