/* figure.c - runs gnuplot. */
#include "plot/figure.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

extern char **environ;

/* "FOLDER/NAME.ENDING", or NULL where memory is out. */
static char *join(const char *folder, const char *name, const char *ending)
{
    const size_t bytes = strlen(folder) + strlen(name) + strlen(ending) + 3;
    char *path = malloc(bytes);

    if (path != NULL) snprintf(path, bytes, "%s/%s.%s", folder, name, ending);
    return path;
}

/* The ending that names the type of picture, or NULL. */
static const char *picture_type(const char *path)
{
    static const char *const types[] = {"svg", "png", "pdf"};
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot != NULL && i < 3; i++) {
        if (strcmp(dot + 1, types[i]) == 0) return types[i];
    }
    return NULL;
}

static lk_status make_folder(lk_figure *figure, const char *keep, lk_error *err)
{
    const char *temporary = getenv("TMPDIR");

    figure->keep = keep != NULL;
    if (keep != NULL) {
        figure->folder = strdup(keep);
        if (figure->folder == NULL) return LK_FAIL(err, LK_E_MEMORY, "a path");
        if (mkdir(keep, 0777) == 0 || errno == EEXIST) return LK_OK;
        return LK_FAIL(err, LK_E_IO, "%s: %s", keep, strerror(errno));
    }
    if (temporary == NULL || temporary[0] == '\0') temporary = "/tmp";
    figure->folder = join(temporary, "largek", "XXXXXX");
    if (figure->folder == NULL) return LK_FAIL(err, LK_E_MEMORY, "a path");
    if (mkdtemp(figure->folder) != NULL) return LK_OK;
    const int why = errno;
    free(figure->folder); /* no folder to clean up */
    figure->folder = NULL;
    return LK_FAIL(err, LK_E_IO, "%s: %s", temporary, strerror(why));
}

static lk_status create(const lk_figure *figure, const char *ending, FILE **out,
                        lk_error *err)
{
    char *path = join(figure->folder, figure->name, ending);
    lk_status st = LK_OK;

    if (path == NULL) return LK_FAIL(err, LK_E_MEMORY, "a path");
    *out = fopen(path, "w");
    if (*out == NULL) st = LK_FAIL(err, LK_E_IO, "%s: %s", path, strerror(errno));
    free(path);
    return st;
}

/* ARG1 and ARG2 are the folder and the picture when largek draws; quoting paths into
 * the script would break for some of them. */
static void write_head(const lk_figure *figure, unsigned width, unsigned height)
{
    FILE *to = figure->script;

    fprintf(to,
            "# Draws %s.%s:  gnuplot %s.gp\n"
            "folder = exists(\"ARG1\") && strlen(ARG1) > 0 ? ARG1 : \".\"\n"
            "picture = exists(\"ARG2\") && strlen(ARG2) > 0 ? ARG2 : \"%s.%s\"\n"
            "data = folder . \"/%s.dat\"\n",
            figure->name, figure->type, figure->name, figure->name, figure->type,
            figure->name);
    if (strcmp(figure->type, "svg") == 0) {
        fprintf(
            to,
            "set terminal svg size %u,%u dynamic font \"Helvetica,Arial,sans-serif,13\" "
            "background \"white\"\n",
            width, height);
    } else if (strcmp(figure->type, "png") == 0) {
        fprintf(to,
                "set terminal pngcairo size %u,%u font \"sans,13\" fontscale 1.5 "
                "linewidth 2 pointscale 2 background \"white\"\n",
                2 * width, 2 * height);
    } else {
        fprintf(
            to,
            "set terminal pdfcairo size %.3f,%.3f font \"sans,13\" fontscale 0.75\n",
            width / 96.0, height / 96.0);
    }
    fputs("set output picture\nset encoding utf8\n", to);
}

lk_status lk_figure_open(lk_figure *figure, const char *path, const char *name,
                         const char *keep, unsigned width, unsigned height,
                         lk_error *err)
{
    lk_figure new = {.name = name, .type = picture_type(path)};
    lk_status st = LK_OK;

    if (new.type == NULL) {
        return LK_FAIL(err, LK_E_ARG, "%s: a figure's name ends in .svg, .png or .pdf",
                       path);
    }
    LK_TRY(lk_file_writable(path, err));
    new.path = strdup(path);
    if (new.path == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "a path");
        goto out;
    }
    LK_TRY(make_folder(&new, keep, err));
    LK_TRY(create(&new, "gp", &new.script, err));
    LK_TRY(create(&new, "dat", &new.data, err));
    write_head(&new, width, height);
    *figure = new;
    new = (lk_figure){0};
out:
    lk_figure_abort(&new);
    return st;
}

/* Between single quotes gnuplot reads every character as itself, and '' as a quote; line
 * ends cannot stand there. */
void lk_figure_quote(FILE *to, const char *text)
{
    fputc('\'', to);
    for (; *text != '\0'; text++) {
        const char c = *text;

        if (c == '\'') fputc('\'', to);
        fputc((unsigned char)c < 0x20 ? ' ' : c, to);
    }
    fputc('\'', to);
}

static lk_status close_stream(FILE **stream, const char *what, lk_error *err)
{
    const int failed = ferror(*stream);
    const int closed = fclose(*stream);

    *stream = NULL;
    if (!failed && closed == 0) return LK_OK;
    return LK_FAIL(err, LK_E_IO, "writing the figure's %s: %s", what, strerror(errno));
}

/* What gnuplot wrote first, in one line. */
static void first_words(const char *path, char *out, size_t bytes)
{
    char *text = NULL;
    size_t length = 0;

    out[0] = '\0';
    if (lk_file_read(path, 1 << 16, &text, &length, NULL) != LK_OK) return;
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < 0x20) text[i] = ' ';
    }
    snprintf(out, bytes, "%s", text + strspn(text, " ^"));
    free(text);
}

static lk_status spawn_gnuplot(char *const argv[], const char *log, int *exit_status,
                               lk_error *err)
{
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    int status = 0;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log,
                                     O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    const int why = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (why == ENOENT) {
        return LK_FAIL(err, LK_E_MISSING, "gnuplot not found: apt install gnuplot-nox");
    }
    if (why != 0) return LK_FAIL(err, LK_E_IO, "gnuplot: %s", strerror(why));
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return LK_FAIL(err, LK_E_IO, "gnuplot: %s", strerror(errno));
    }
    *exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return LK_OK;
}

static lk_status draw(const lk_figure *figure, char *script, char *picture,
                      const char *log, lk_error *err)
{
    char program[] = "gnuplot", defaults[] = "-d", call[] = "-c";
    char said[256];
    char *argv[] = {program, defaults, call, script, figure->folder, picture, NULL};
    int exit_status = 0;
    struct stat drawn;
    lk_status st = LK_OK;

    LK_TRY(spawn_gnuplot(argv, log, &exit_status, err));
    if (exit_status != 0 || stat(picture, &drawn) != 0 || drawn.st_size == 0) {
        first_words(log, said, sizeof said);
        st = LK_FAIL(err, LK_E_INTERNAL, "gnuplot failed (exit %d): %s", exit_status,
                     said);
    }
out:
    return st;
}

/* The picture may have to go to another file system, so it is copied, not renamed. */
static lk_status copy_picture(const char *from, const char *path, lk_error *err)
{
    lk_atomic_file file = {0};
    char block[1 << 14];
    size_t got = 0;
    FILE *in = fopen(from, "rb");
    lk_status st = LK_OK;

    if (in == NULL) return LK_FAIL(err, LK_E_IO, "%s: %s", from, strerror(errno));
    LK_TRY(lk_atomic_open(&file, path, err));
    while ((got = fread(block, 1, sizeof block, in)) > 0) {
        if (fwrite(block, 1, got, file.stream) != got) break; /* commit says why */
    }
    if (ferror(in)) {
        st = LK_FAIL(err, LK_E_IO, "%s: %s", from, strerror(errno));
        goto out;
    }
    st = lk_atomic_commit(&file, false, err);
out:
    lk_atomic_abort(&file);
    fclose(in);
    return st;
}

lk_status lk_figure_commit(lk_figure *figure, lk_error *err)
{
    char *script = join(figure->folder, figure->name, "gp");
    char *picture = join(figure->folder, figure->name, figure->type);
    char *log = join(figure->folder, figure->name, "log");
    lk_status st = LK_OK;

    if (script == NULL || picture == NULL || log == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "a path");
        goto out;
    }
    fputs("unset output\n", figure->script);
    LK_TRY(close_stream(&figure->script, "script", err));
    LK_TRY(close_stream(&figure->data, "data", err));
    remove(picture); /* an old one must not pass for this one */
    LK_TRY(draw(figure, script, picture, log, err));
    st = copy_picture(picture, figure->path, err);
out:
    if (picture != NULL) remove(picture);
    if (log != NULL) remove(log);
    free(script);
    free(picture);
    free(log);
    lk_figure_abort(figure);
    return st;
}

void lk_figure_abort(lk_figure *figure)
{
    static const char *const endings[] = {"gp", "dat"};

    if (figure->script != NULL) fclose(figure->script);
    if (figure->data != NULL) fclose(figure->data);
    for (size_t i = 0; figure->folder != NULL && !figure->keep && i < 2; i++) {
        char *path = join(figure->folder, figure->name, endings[i]);

        if (path != NULL) remove(path);
        free(path);
    }
    if (figure->folder != NULL && !figure->keep) rmdir(figure->folder);
    free(figure->folder);
    free(figure->path);
    *figure = (lk_figure){0};
}
