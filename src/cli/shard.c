/* shard.c - `--shard i/n`, by hand or by Slurm. */
#include "cli/shard.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/number.h"

static lk_status check(uint64_t number, uint64_t shards, const char *text,
                       lk_share *out, lk_error *err)
{
    if (shards == 0 || shards > LK_SHARDS_MAX || number == 0 || number > shards) {
        return LK_FAIL(err, LK_E_ARG, "--shard: '%s' is not i/n with 1 <= i <= n <= %d",
                       text, LK_SHARDS_MAX);
    }
    *out = (lk_share){number - 1, shards};
    return LK_OK;
}

/* A variable of the array as a number; `preset` where it is not set. */
static lk_status array_variable(const char *name, uint64_t preset, uint64_t *out,
                                lk_error *err)
{
    const char *text = getenv(name);
    lk_error why = {0};

    *out = preset;
    if (text == NULL || text[0] == '\0') return LK_OK;
    if (lk_parse_count(text, LK_COUNT_MAX, out, &why) != LK_OK) {
        return LK_FAIL(err, LK_E_ARG, "--shard auto: %s: %s", name, why.text);
    }
    return LK_OK;
}

static lk_status from_slurm(lk_share *out, lk_error *err)
{
    const char *id_text = getenv("SLURM_ARRAY_TASK_ID");
    uint64_t id, first, last, step, count;
    lk_status st = LK_OK;

    if (id_text == NULL || id_text[0] == '\0') {
        return LK_FAIL(err, LK_E_ARG,
                       "--shard auto: no SLURM_ARRAY_TASK_ID; outside a Slurm array "
                       "give i/n");
    }
    LK_TRY(array_variable("SLURM_ARRAY_TASK_ID", 0, &id, err));
    LK_TRY(array_variable("SLURM_ARRAY_TASK_MIN", id, &first, err));
    LK_TRY(array_variable("SLURM_ARRAY_TASK_MAX", id, &last, err));
    LK_TRY(array_variable("SLURM_ARRAY_TASK_STEP", 1, &step, err));
    LK_TRY(array_variable("SLURM_ARRAY_TASK_COUNT", 0, &count, err));
    if (step == 0 || last < first || id < first || id > last ||
        (id - first) % step != 0 ||
        (count != 0 && count != (last - first) / step + 1)) {
        st = LK_FAIL(err, LK_E_ARG,
                     "--shard auto: task %" PRIu64 " of the array %" PRIu64 "-%" PRIu64
                     ":%" PRIu64 " of %" PRIu64
                     " tasks: an array with holes deals out no shards; give i/n",
                     id, first, last, step, count);
        goto out;
    }
    if (last == first) {
        st = LK_FAIL(err, LK_E_ARG,
                     "--shard auto: an array of one task; to run a task again give i/n "
                     "of the array it was of");
        goto out;
    }
    st = check((id - first) / step + 1, (last - first) / step + 1, "auto", out, err);

out:
    return st;
}

lk_status lk_shard_parse(const char *text, lk_share *out, lk_error *err)
{
    const char *slash = strchr(text, '/');
    char number[32];
    uint64_t i = 0, n = 0;

    if (strcmp(text, "auto") == 0) return from_slurm(out, err);
    if (slash != NULL && (size_t)(slash - text) < sizeof number) {
        snprintf(number, sizeof number, "%.*s", (int)(slash - text), text);
        if (lk_parse_count(number, LK_COUNT_MAX, &i, NULL) != LK_OK) i = 0;
        if (lk_parse_count(slash + 1, LK_COUNT_MAX, &n, NULL) != LK_OK) n = 0;
    }
    return check(i, n, text, out, err);
}

lk_status lk_shard_path(const char *path, lk_share share, char **out, lk_error *err)
{
    static const char extension[] = ".safetensors";
    const size_t length = strlen(path), tail = sizeof extension - 1;
    const bool has = length > tail && strcmp(path + length - tail, extension) == 0;
    const size_t stem = has ? length - tail : length, room = length + 64;
    char *joined = malloc(room);

    if (joined == NULL) return LK_FAIL(err, LK_E_MEMORY, "%s: no room", path);
    snprintf(joined, room, "%.*s.shard-%" PRIu64 "-of-%" PRIu64 "%s", (int)stem, path,
             share.shard + 1, share.shards, has ? extension : "");
    *out = joined;
    return LK_OK;
}
