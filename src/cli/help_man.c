/* help_man.c - man pages, in the man(7) macros that every roff has. */
#include <stdbool.h>
#include <string.h>

#include "cli/help.h"
#include "largek/largek.h"

enum { TEXT_MAX = 512 };

/* Prints a text with the characters escaped that mean something to roff. */
static void print_text(FILE *to, const char *text, size_t length)
{
    bool at_start = true;

    for (size_t i = 0; i < length; i++) {
        const char c = text[i];

        if (at_start && (c == '.' || c == '\'')) fputs("\\&", to);
        at_start = c == '\n';
        switch (c) {
        case '\\': fputs("\\e", to); break;
        case '-': fputs("\\-", to); break;
        case '^': fputs("\\(ha", to); break;
        case '~': fputs("\\(ti", to); break;
        case '`': fputs("\\(ga", to); break;
        case '\'': fputs("\\(aq", to); break;
        case '"': fputs("\\(dq", to); break;
        default: fputc(c, to); break;
        }
    }
}

static void print_line(FILE *to, const char *before, const char *text,
                       const char *after)
{
    fputs(before, to);
    print_text(to, text, strlen(text));
    fputs(after, to);
}

static void print_paragraphs(FILE *to, const char *text)
{
    while (*text != '\0') {
        const char *end = strstr(text, "\n\n");
        const size_t length = end == NULL ? strlen(text) : (size_t)(end - text);

        fputs(".PP\n", to);
        print_text(to, text, length);
        fputc('\n', to);
        text += length;
        while (*text == '\n') text++;
    }
}

static void print_entry(FILE *to, const char *label, const char *help,
                        const char *remarks)
{
    fputs(".TP\n.B ", to);
    print_text(to, label, strlen(label));
    fputc('\n', to);
    print_text(to, help, strlen(help));
    print_text(to, remarks, strlen(remarks));
    fputc('\n', to);
}

/* "train vae" is the page largek-train-vae. */
static void print_page_name(FILE *to, const char *name)
{
    fputs("largek", to);
    for (const char *c = name; *c != '\0'; c++) {
        if (c == name) fputs("\\-", to);
        print_text(to, *c == ' ' ? "-" : c, 1);
    }
}

static void print_head(FILE *to, const char *name, const char *summary)
{
    fputs(".TH ", to);
    print_page_name(to, name);
    fprintf(to, " 1 \"\" \"largek %s\" \"largek\"\n.SH NAME\n", LK_VERSION);
    print_page_name(to, name);
    print_line(to, " \\- ", summary, "\n.SH SYNOPSIS\n");
}

static void print_exit_codes(FILE *to)
{
    fputs(".SH EXIT STATUS\n", to);
    for (const lk_exit_meaning *e = lk_exit_meanings; e->what != NULL; e++) {
        fprintf(to, ".TP\n.B %d\n", e->code);
        print_line(to, "", e->what, "\n");
    }
}

void lk_man_command(FILE *to, const lk_command *command)
{
    const lk_syntax *syntax = &command->syntax;
    char text[TEXT_MAX], remarks[TEXT_MAX];

    print_head(to, command->name, command->summary);
    lk_command_usage(command, text, sizeof text);
    print_line(to, ".B ", text, "\n.SH DESCRIPTION\n");
    print_paragraphs(to, command->details);
    fputs(".SH OPTIONS\n", to);
    for (size_t i = 0; i < syntax->operands; i++) {
        print_entry(to, syntax->operand[i].metavar, syntax->operand[i].help, "");
    }
    for (size_t i = 0; i < syntax->options; i++) {
        lk_option_label(&syntax->option[i], text, sizeof text);
        lk_option_remarks(&syntax->option[i], remarks, sizeof remarks);
        print_entry(to, text, syntax->option[i].help, remarks);
    }
    print_entry(to, "-h, --help", "Print this help.", "");
    if (command->example != NULL) {
        fputs(".SH EXAMPLES\n", to);
        for (const lk_example *e = command->example; e->command != NULL; e++) {
            print_entry(to, e->command, e->what, "");
        }
    }
    print_exit_codes(to);
    fputs(".SH SEE ALSO\n.BR largek (1)\n", to);
}

void lk_man_overview(FILE *to)
{
    print_head(to, "", "pass@k at very large k");
    fputs(".B largek\n.I COMMAND\n[arguments]\n.SH DESCRIPTION\n"
          "Measures how often a generator gets a problem right within k attempts, for "
          "very large k.\n.SH COMMANDS\n",
          to);
    for (size_t i = 0; lk_commands[i] != NULL; i++) {
        print_entry(to, lk_commands[i]->name, lk_commands[i]->summary, "");
    }
    fputs(".SH NUMBERS\n.TP\n.B counts\n", to);
    print_line(to, "", "400, 1e9, 2^30, 10M: exact whole numbers.",
               "\n.TP\n.B ranges\n");
    print_line(
        to, "",
        "a,b,c or a:b, a:b:step, a:b:log (4 a decade), a:b:log=N, @FILE; both ends "
        "included, but half-open for indices.",
        "\n");
    print_exit_codes(to);
    fputs(".SH SEE ALSO\n", to);
    for (size_t i = 0; lk_commands[i] != NULL; i++) {
        fputs(".BR ", to);
        print_page_name(to, lk_commands[i]->name);
        fprintf(to, " (1)%s\n", lk_commands[i + 1] == NULL ? "" : ",");
    }
}
