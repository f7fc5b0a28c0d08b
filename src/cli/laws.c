/* laws.c - reads lists of laws, and makes the grids that curves are fitted at. */
#include "cli/laws.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

lk_status lk_law_list_parse(const char *text, lk_law_list *out, lk_error *err)
{
    lk_law_list list = {.count = 0};

    for (const char *at = text;; at++) {
        const size_t length = strcspn(at, ",");
        const lk_fit_law *law = NULL;
        lk_error why = {0};
        char name[64];

        snprintf(name, sizeof name, "%.*s", (int)(length < 63 ? length : 63), at);
        if (lk_fit_find(name, &law, &why) != LK_OK)
            return LK_FAIL(err, LK_E_ARG, "--law: %.400s", why.text);
        for (size_t i = 0; i < list.count; i++) {
            if (list.law[i] == law)
                return LK_FAIL(err, LK_E_ARG, "--law: '%s' is named twice", name);
        }
        if (list.count == LK_LAW_LIST_MAX)
            return LK_FAIL(err, LK_E_ARG, "--law: more than %d", LK_LAW_LIST_MAX);
        list.law[list.count++] = law;
        at += length;
        if (*at == '\0') break;
    }
    *out = list;
    return LK_OK;
}

lk_status lk_law_suits(const lk_fit_law *law, const lk_count_group *group,
                       lk_error *err)
{
    if (law->kind != LK_FIT_CURVE || group->design.kind == LK_DESIGN_FIXED)
        return LK_OK;
    return LK_FAIL(err, LK_E_ARG,
                   "%s: outcomes decided the numbers of attempts, and the curve it is "
                   "fitted to wants them fixed; a distribution's likelihood does not",
                   law->name);
}

lk_status lk_fit_grid(const lk_count_group *group, const lk_count_list *given,
                      uint64_t limit, lk_count_list *out, lk_error *err)
{
    char range[64];

    if (given->count > 0) {
        out->value = malloc(given->count * sizeof *out->value);
        if (out->value == NULL)
            return LK_FAIL(err, LK_E_MEMORY, "%zu values of k", given->count);
        memcpy(out->value, given->value, given->count * sizeof *out->value);
        out->count = given->count;
        return LK_OK;
    }
    for (size_t i = 0; i < group->problems; i++) {
        if (group->n[i] < limit) limit = group->n[i];
    }
    snprintf(range, sizeof range, "1:%" PRIu64 ":log=10", limit);
    return lk_parse_count_list(range, LK_LIST_GRID, out, err);
}
