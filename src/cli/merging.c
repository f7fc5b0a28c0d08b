/* merging.c - reads results in the order of merging and adds them up. */
#include "cli/merging.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/common.h"

typedef struct {
    const char *path;
    lk_result_rank rank;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    const int order = lk_result_rank_compare(&x->rank, &y->rank);

    return order != 0 ? order : strcmp(x->path, y->path);
}

/* Puts a file's name in front of what is wrong with it. */
static lk_status name_file(const char *path, lk_status st, const lk_error *why,
                           lk_error *err)
{
    return LK_FAIL(err, st, "%s: %s", path, why->text);
}

static lk_status rank_files(lk_merging *m, const lk_text_list *files, lk_error *err)
{
    ranked *list = calloc(files->count, sizeof *list);
    lk_status st = LK_OK;

    m->path = calloc(files->count, sizeof *m->path);
    if (list == NULL || m->path == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu files", files->count);
        goto out;
    }
    for (size_t i = 0; i < files->count; i++) {
        lk_result result = {0};

        list[i].path = files->value[i];
        LK_TRY(lk_result_read(list[i].path, &result, err));
        st = lk_result_rank_of(&result, &list[i].rank, err);
        lk_result_release(&result);
        if (st != LK_OK) goto out;
    }
    qsort(list, files->count, sizeof *list, compare_ranked);
    for (size_t i = 0; i < files->count; i++) m->path[i] = list[i].path;
    m->files = files->count;

out:
    free(list);
    return st;
}

/* Which of the files before it has attempts of this one: for the message alone. */
static lk_status blame(const lk_merging *m, size_t at, const lk_result *from,
                       const lk_error *why, lk_error *err)
{
    for (size_t i = 0; i < at; i++) {
        lk_result other = {0};
        lk_range shared = {0, 0};
        size_t row = 0;
        bool meets;

        if (lk_result_read(m->path[i], &other, NULL) != LK_OK) continue;
        meets = lk_spec_same(&other.spec, &from->spec, NULL) == LK_OK &&
                lk_result_overlap(&other, from, &row, &shared);
        lk_result_release(&other);
        if (meets) {
            return LK_FAIL(err, LK_E_MISMATCH, "%s and %s: %s", m->path[i], m->path[at],
                           why->text);
        }
    }
    return name_file(m->path[at], LK_E_MISMATCH, why, err);
}

static lk_status add_file(lk_merging *m, size_t at, bool quiet, lk_error *err)
{
    const char *path = m->path[at];
    lk_result from = {0};
    lk_error why = {0};
    bool added = false;
    lk_status st = LK_OK;

    LK_TRY(lk_result_read(path, &from, err));
    st = lk_result_merge(&m->result, &from, &added, &why);
    if (st == LK_E_MISMATCH) {
        st = blame(m, at, &from, &why, err);
    } else if (st != LK_OK) {
        st = name_file(path, st, &why, err);
    } else if (added) {
        m->added++;
    } else {
        m->idle++;
        if (!quiet) {
            fprintf(stderr, "largek merge: %s: all its attempts are there already\n",
                    path);
        }
    }

out:
    lk_result_release(&from);
    return st;
}

/* Nothing that was sampled may be lost by writing over it. */
static lk_status look_at_output(lk_merging *m, const char *output, lk_error *err)
{
    lk_result old = {0};
    lk_error why = {0};
    lk_status st = LK_OK;

    if (access(output, F_OK) != 0) return LK_OK;
    st = lk_result_read(output, &old, &why);
    if (st == LK_OK) st = lk_spec_same(&old.spec, &m->result.spec, &why);
    if (st != LK_OK) {
        st = LK_FAIL(err, st, "%s holds no result of this run; --force replaces it: %s",
                     output, why.text);
        goto out;
    }
    if (!lk_result_holds(&m->result, &old)) {
        st = LK_FAIL(err, LK_E_MISMATCH,
                     "%s holds attempts that no file here has; name it among them, or "
                     "--force replaces it",
                     output);
        goto out;
    }
    m->unchanged = lk_result_holds(&old, &m->result) && old.traced == m->result.traced;

out:
    lk_result_release(&old);
    return st;
}

lk_status lk_merging_open(lk_merging *out, const lk_text_list *files,
                          const char *output, bool force, bool quiet, lk_error *err)
{
    lk_merging *m = out;
    lk_status st = LK_OK;

    *m = (lk_merging){0};
    LK_TRY(lk_output_lock(output, "merge", &m->lock, err));
    LK_TRY(rank_files(m, files, err));
    LK_TRY(lk_result_read(m->path[0], &m->result, err));
    m->added = 1;
    for (size_t i = 1; i < m->files; i++) LK_TRY(add_file(m, i, quiet, err));
    if (!force) LK_TRY(look_at_output(m, output, err));

out:
    if (st != LK_OK) lk_merging_close(m);
    return st;
}

void lk_merging_close(lk_merging *merging)
{
    lk_result_release(&merging->result);
    free(merging->path);
    lk_lock_drop(&merging->lock);
    *merging = (lk_merging){0};
}
