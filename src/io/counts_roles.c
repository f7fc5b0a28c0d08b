/* counts_roles.c - which column of a counts file is what, from its name. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "io/counts_build.h"

enum { ROLE_ID, ROLE_N, ROLE_C, ROLE_THRESHOLD, ROLES, NAMES_MAX = 6 };

static const char *const names_of[ROLES][NAMES_MAX] = {
    [ROLE_ID] = {"id", "task_id", "problem", "problem_idx", "question_id"},
    [ROLE_N] = {"n", "num_samples", "total", "attempts", "num_trials"},
    [ROLE_C] = {"c", "num_correct", "correct", "successes", "passed"},
    [ROLE_THRESHOLD] = {"threshold"},
};

/* The role of a column, ROLES where it is a group column. */
static size_t role_of(const char *name)
{
    for (size_t role = 0; role < ROLES; role++) {
        for (size_t i = 0; i < NAMES_MAX && names_of[role][i] != NULL; i++) {
            if (strcmp(names_of[role][i], name) == 0) return role;
        }
    }
    return ROLES;
}

void lk_counts_column_list(const char *const name[], size_t columns, char *out,
                           size_t room)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < columns; i++) {
        const char *comma = i > 0 ? ", " : "";
        const size_t before = strlen(comma), bytes = strlen(name[i]);

        if (used + before + bytes + sizeof ", ..." > room) {
            if (room - used >= sizeof ", ...")
                memcpy(out + used, ", ...", sizeof ", ...");
            return;
        }
        memcpy(out + used, comma, before);
        memcpy(out + used + before, name[i], bytes);
        used += before + bytes;
        out[used] = '\0';
    }
}

static lk_status fail_missing(const char *file, uint64_t line, const char *const name[],
                              size_t columns, size_t role, lk_error *err)
{
    char wanted[100], seen[200];
    size_t names = 0;

    while (names < NAMES_MAX && names_of[role][names] != NULL) names++;
    lk_counts_column_list(names_of[role], names, wanted, sizeof wanted);
    lk_counts_column_list(name, columns, seen, sizeof seen);
    return LK_FAIL(err, LK_E_FORMAT, "%s:%" PRIu64 ": none of %s; columns: %s", file,
                   line, wanted, seen);
}

static lk_status check_names(const char *file, uint64_t line, const char *const name[],
                             size_t columns, lk_error *err)
{
    for (size_t i = 0; i < columns; i++) {
        if (name[i][0] == '\0') {
            return LK_FAIL(err, LK_E_FORMAT, "%s:%" PRIu64 ": column %zu has no name",
                           file, line, i + 1);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(name[i], name[j]) != 0) continue;
            return LK_FAIL(err, LK_E_FORMAT, "%s:%" PRIu64 ": two columns named '%s'",
                           file, line, name[i]);
        }
    }
    return LK_OK;
}

lk_status lk_counts_roles_find(const char *file, uint64_t line,
                               const char *const name[], size_t columns,
                               lk_counts_roles *out, lk_error *err)
{
    size_t place[ROLES];
    lk_counts_roles found = {0};
    lk_status st = LK_OK;

    if (columns > LK_COUNTS_COLUMNS_MAX) {
        st =
            LK_FAIL(err, LK_E_FORMAT,
                    "%s:%" PRIu64 ": %zu columns, more than id, n, c, threshold and %d",
                    file, line, columns, LK_GROUP_COLUMNS_MAX);
        goto out;
    }
    LK_TRY(check_names(file, line, name, columns, err));
    for (size_t role = 0; role < ROLES; role++) place[role] = LK_COUNTS_COLUMNS_MAX;
    for (size_t i = 0; i < columns; i++) {
        const size_t role = role_of(name[i]);

        if (role < ROLES && place[role] < columns) {
            st = LK_FAIL(err, LK_E_FORMAT,
                         "%s:%" PRIu64 ": '%s' and '%s' mean the same; rename one",
                         file, line, name[place[role]], name[i]);
            goto out;
        }
        if (role < ROLES)
            place[role] = i;
        else if (found.groups < LK_GROUP_COLUMNS_MAX)
            found.group[found.groups++] = i;
        else {
            st = LK_FAIL(err, LK_E_FORMAT, "%s:%" PRIu64 ": more than %d group columns",
                         file, line, LK_GROUP_COLUMNS_MAX);
            goto out;
        }
    }
    for (size_t role = ROLE_ID; role <= ROLE_C; role++) {
        if (place[role] < columns) continue;
        st = fail_missing(file, line, name, columns, role, err);
        goto out;
    }
    found.id = place[ROLE_ID];
    found.n = place[ROLE_N];
    found.c = place[ROLE_C];
    found.threshold = place[ROLE_THRESHOLD];
    *out = found;

out:
    return st;
}
