/* help_completion.c - the completion script for bash. */
#include <string.h>

#include "cli/help.h"

static void print_options(FILE *to, const lk_syntax *syntax)
{
    for (size_t i = 0; i < syntax->options; i++) {
        const lk_option *option = &syntax->option[i];

        if (option->letter != 0) fprintf(to, "-%c ", option->letter);
        fprintf(to, "--%s ", option->name);
    }
    fputs("--help", to);
}

/* One case a command: what may follow an option that takes a choice. */
static void print_values(FILE *to, const lk_command *command)
{
    for (size_t i = 0; i < command->syntax.options; i++) {
        const lk_option *option = &command->syntax.option[i];

        if (option->choices == NULL) continue;
        fprintf(to, "        '%s --%s') values='", command->name, option->name);
        for (size_t j = 0; option->choices[j] != NULL; j++) {
            fprintf(to, "%s%s", j == 0 ? "" : " ", option->choices[j]);
        }
        fputs("' ;;\n", to);
    }
}

/* The first words, each once, and the second words of groups. */
static void print_words(FILE *to)
{
    fputs("    case \"$1\" in\n        '') words='--help --version", to);
    for (size_t i = 0; lk_commands[i] != NULL; i++) {
        const char *name = lk_commands[i]->name;
        const size_t length = strcspn(name, " ");
        int seen = 0;

        for (size_t j = 0; j < i; j++) {
            seen |= strcspn(lk_commands[j]->name, " ") == length &&
                    strncmp(lk_commands[j]->name, name, length) == 0;
        }
        if (!seen) fprintf(to, " %.*s", (int)length, name);
    }
    fputs("' ;;\n", to);
    for (size_t i = 0; lk_commands[i] != NULL; i++) {
        fprintf(to, "        '%s') words='", lk_commands[i]->name);
        print_options(to, &lk_commands[i]->syntax);
        fputs("' ;;\n", to);
    }
    fputs("    esac\n", to);
}

static void print_kinds(FILE *to)
{
    fputs("    case \"$1\" in\n", to);
    for (size_t i = 0; lk_commands[i] != NULL; i++) {
        const char *name = lk_commands[i]->name;
        const char *space = strchr(name, ' ');

        if (space == NULL) continue;
        fprintf(to, "        '%.*s') kinds=\"$kinds %s\" ;;&\n", (int)(space - name),
                name, space + 1);
    }
    fputs("    esac\n", to);
}

void lk_completion_bash(FILE *to)
{
    fputs("# bash completion for largek, printed by: largek help --completion bash\n"
          "_largek_words() {\n    words=\n",
          to);
    print_words(to);
    fputs("}\n_largek_kinds() {\n    kinds=\n", to);
    print_kinds(to);
    fputs("}\n_largek_values() {\n    values=\n    case \"$1\" in\n", to);
    for (size_t i = 0; lk_commands[i] != NULL; i++) print_values(to, lk_commands[i]);
    fputs(
        "    esac\n}\n"
        "_largek() {\n"
        "    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
        "    local words kinds values command=\n"
        "    if [ \"$COMP_CWORD\" -gt 1 ]; then command=${COMP_WORDS[1]}; fi\n"
        "    _largek_kinds \"$command\"\n"
        "    if [ \"$COMP_CWORD\" -gt 2 ] &&\n"
        "        [[ \" $kinds \" == *\" ${COMP_WORDS[2]} \"* ]]; then\n"
        "        command=\"$command ${COMP_WORDS[2]}\"\n"
        "    fi\n"
        "    _largek_values \"$command $before\"\n"
        "    _largek_words \"$command\"\n"
        "    if [ \"$COMP_CWORD\" = 2 ]; then words=\"$words$kinds\"; fi\n"
        "    if [ -n \"$values\" ]; then\n"
        "        COMPREPLY=($(compgen -W \"$values\" -- \"$current\"))\n"
        "    elif [[ $current == -* || $COMP_CWORD = 1 ]] ||\n"
        "        { [ \"$COMP_CWORD\" = 2 ] && [ -n \"$kinds\" ]; }; then\n"
        "        COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "    else\n"
        "        COMPREPLY=($(compgen -f -- \"$current\"))\n"
        "    fi\n"
        "}\n"
        "complete -o filenames -F _largek largek\n",
        to);
}
