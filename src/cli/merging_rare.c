/* merging_rare.c - joins files of estimates. */
#include "cli/merging_rare.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/facts.h"
#include "largek/rare.h"

typedef struct {
    lk_file_lock lock; /* of the output */
    lk_rare rare;
    size_t added, idle; /* files with estimates that none before had, and without */
    bool unchanged;     /* the output has all of it already                       */
} merging;

static lk_status add_file(merging *m, const char *path, bool quiet, lk_error *err)
{
    lk_rare from = {0};
    lk_error why = {0};
    size_t added = 0;
    lk_status st = LK_OK;

    LK_TRY(lk_rare_read(path, &from, err));
    st = lk_rare_merge(&m->rare, &from, &added, &why);
    if (st != LK_OK) {
        st = LK_FAIL(err, st, "%s: %s", path, why.text);
    } else if (added > 0) {
        m->added++;
    } else {
        m->idle++;
        if (!quiet) {
            fprintf(stderr, "largek merge: %s: all its estimates are there already\n",
                    path);
        }
    }

out:
    lk_rare_release(&from);
    return st;
}

/* Nothing that was estimated may be lost by writing over it. */
static lk_status look_at_output(merging *m, const char *output, lk_error *err)
{
    lk_rare old = {0};
    lk_error why = {0};
    lk_status st = LK_OK;

    if (access(output, F_OK) != 0) return LK_OK;
    st = lk_rare_read(output, &old, &why);
    if (st != LK_OK) {
        st = LK_FAIL(err, st, "%s holds no estimates; --force replaces it: %s", output,
                     why.text);
        goto out;
    }
    if (!lk_rare_holds(&m->rare, &old)) {
        st = LK_FAIL(err, LK_E_MISMATCH,
                     "%s holds estimates that no file here has; name it among them, or "
                     "--force replaces it",
                     output);
        goto out;
    }
    m->unchanged = lk_rare_holds(&old, &m->rare);

out:
    lk_rare_release(&old);
    return st;
}

static size_t missing(const lk_rare *rare, uint64_t *first)
{
    size_t count = 0;

    for (size_t p = 0; p < rare->spec.problems; p++) {
        if (lk_rare_done(rare, p)) continue;
        if (count++ == 0) *first = rare->index[p];
    }
    return count;
}

static lk_status summarise(const merging *m, size_t files, const lk_common *common,
                           lk_error *err)
{
    lk_facts facts = {0};
    uint64_t first = 0;
    const size_t lacking = missing(&m->rare, &first);

    if (lacking > 0 && !common->quiet) {
        fprintf(
            stderr,
            "largek merge: %zu of %zu problems have no estimates, the first of them "
            "problem %" PRIu64 "; `largek rare` makes them\n",
            lacking, m->rare.spec.problems, first);
    }
    lk_facts_text(&facts, "file", "%s", common->output);
    lk_facts_count(&facts, "files", files);
    lk_facts_count(&facts, "files_added", m->added);
    lk_facts_count(&facts, "files_idle", m->idle);
    lk_facts_count(&facts, "problems", m->rare.spec.problems);
    lk_facts_count(&facts, "thresholds", m->rare.spec.thresholds);
    lk_facts_count(&facts, "missing", lacking);
    return lk_facts_print(&facts, stdout, common->format, "merge", err);
}

lk_status lk_merge_rare(const lk_text_list *files, const lk_common *common, bool force,
                        lk_error *err)
{
    merging m = {.added = 1};
    lk_status st = LK_OK;

    LK_TRY(lk_output_lock(common->output, "merge", &m.lock, err));
    LK_TRY(lk_rare_read(files->value[0], &m.rare, err));
    for (size_t i = 1; i < files->count; i++) {
        LK_TRY(add_file(&m, files->value[i], common->quiet, err));
    }
    if (!force) LK_TRY(look_at_output(&m, common->output, err));
    if (!m.unchanged) {
        LK_TRY(lk_rare_write(common->output, &m.rare, err));
    } else if (!common->quiet) {
        fprintf(stderr, "largek merge: nothing to do: all estimates are in %s\n",
                common->output);
    }
    st = summarise(&m, files->count, common, err);

out:
    lk_rare_release(&m.rare);
    lk_lock_drop(&m.lock);
    return st;
}
