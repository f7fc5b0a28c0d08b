/* main.c - `largek COMMAND`: finds the command, reads its arguments, runs it. */
#include <errno.h>
#include <fcntl.h>
#include <gsl/gsl_errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/reserve.h"
#include "cli/stop.h"
#include "largek/largek.h"

/* A file opened under a closed descriptor's number would take what is meant for the
 * stream; these take its place so that writing fails instead. */
static void reserve_streams(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
        }
    }
}

static int asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return 1;
    }
    return 0;
}

static lk_status run_command(const lk_command *command, int argc, char **argv,
                             lk_error *err)
{
    lk_status st = LK_OK;
    void *args = calloc(1, command->args_bytes);

    if (args == NULL) return LK_FAIL(err, LK_E_MEMORY, "arguments");
    LK_TRY(lk_options_parse(&command->syntax, argc, argv, args, err));
    st = command->run(args, err);
out:
    lk_options_release(&command->syntax, args);
    free(args);
    return st;
}

static void complain(const lk_command *command, const lk_error *err)
{
    fprintf(stderr, "largek%s%s: %s\n", command == NULL ? "" : " ",
            command == NULL ? "" : command->name, err->text);
    if (err->status == LK_E_INTERNAL) {
        fprintf(stderr, "largek: this is a bug in largek %s, at %s\n", lk_build_id(),
                err->where);
    }
}

static lk_exit run_words(int argc, char **argv)
{
    const lk_command *command = NULL;
    lk_error err = {0};
    int words = 0;
    lk_status st = LK_OK;

    LK_TRY(lk_command_find(argc, argv, &command, &words, &err));
    if (asks_for_help(argc - words, argv + words)) {
        lk_help_command(stdout, command);
    } else {
        st = run_command(command, argc - words, argv + words, &err);
    }
out:
    if (st == LK_OK) return LK_EXIT_OK;
    complain(command, &err);
    if (st == LK_E_STOPPED && lk_stop_signal() != 0) {
        return (lk_exit)(LK_EXIT_SIGNAL + lk_stop_signal());
    }
    return lk_exit_of(st);
}

/* A full disk shows itself only here. */
static lk_exit close_output(lk_exit so_far)
{
    const int failed = ferror(stdout);

    errno = 0;
    if ((fclose(stdout) == 0 && !failed) || so_far != LK_EXIT_OK) return so_far;
    fprintf(stderr, "largek: standard output: %s\n",
            errno != 0 ? strerror(errno) : "a write failed");
    return LK_EXIT_IO;
}

int main(int argc, char **argv)
{
    lk_exit code = LK_EXIT_OK;

    reserve_streams();
    setlocale(LC_ALL, "C"); /* numbers have a point, whatever the environment says */
    gsl_set_error_handler_off();
    lk_reserve_start();
    signal(SIGXFSZ,
           SIG_IGN); /* a file that may not grow is a failed write, as others */

    if (argc < 2) {
        lk_help_overview(stderr);
        code = LK_EXIT_USAGE;
    } else if (strcmp(argv[1], "--version") == 0) {
        printf("largek %s\n", LK_VERSION);
    } else if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        lk_help_overview(stdout);
    } else {
        code = run_words(argc - 1, argv + 1);
    }
    return close_output(code);
}
