/* cmd_merge.c - `largek merge`: shards into one result. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/common.h"
#include "cli/facts.h"
#include "cli/merging.h"
#include "cli/merging_rare.h"
#include "largek/rare.h"

typedef struct {
    lk_common common;
    lk_text_list files;
    bool force;
} merge_args;

static const lk_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(merge_args, common.output),
     .metavar = "FILE",
     .required = true,
     .help = "The result of all files; it may be one of them."},
    {.name = "force",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(merge_args, force),
     .help = "Replace an output that holds other attempts, or no result at all."},
    LK_FORMAT_OPTION(merge_args),
    LK_QUIET_OPTION(merge_args),
};

static const lk_operand operands[] = {
    {"FILE", offsetof(merge_args, files),
     "Results or checkpoints of `largek sample`, all of one spec; or estimates of `largek "
     "rare`, all of one spec and the same options.",
     LK_OPERAND_MANY},
};

static void tell_gaps(const lk_merging *merging, const lk_coverage *coverage)
{
    if (coverage->gaps == 0) return;
    fprintf(stderr,
            "largek merge: %zu gaps: %" PRIu64 " attempts below %" PRIu64
            " are missing, the first at problem %" PRIu64 ", attempts %" PRIu64
            ":%" PRIu64 "; `largek sample` fills them\n",
            coverage->gaps, coverage->missing, coverage->end,
            merging->result.index[coverage->gap_row], coverage->gap.first,
            coverage->gap.end);
}

static lk_status summarise(const lk_merging *merging, const merge_args *args,
                           lk_error *err)
{
    lk_facts facts = {0};
    lk_coverage coverage;

    lk_result_coverage(&merging->result, &coverage);
    if (!args->common.quiet) tell_gaps(merging, &coverage);
    lk_facts_text(&facts, "file", "%s", args->common.output);
    lk_facts_count(&facts, "files", merging->files);
    lk_facts_count(&facts, "files_added", merging->added);
    lk_facts_count(&facts, "files_idle", merging->idle);
    lk_facts_count(&facts, "problems", merging->result.spec.problems);
    lk_facts_count(&facts, "attempts", coverage.attempts);
    lk_facts_count(&facts, "draws_whole", coverage.whole);
    lk_facts_count(&facts, "draws_end", coverage.end);
    lk_facts_count(&facts, "missing", coverage.missing);
    lk_facts_count(&facts, "gaps", coverage.gaps);
    return lk_facts_print(&facts, stdout, args->common.format, "merge", err);
}

static lk_status run_merge(void *argument, lk_error *err)
{
    const merge_args *args = argument;
    lk_merging merging = {0};
    lk_status st = LK_OK;

    if (lk_rare_recognise(args->files.value[0])) {
        return lk_merge_rare(&args->files, &args->common, args->force, err);
    }
    LK_TRY(lk_merging_open(&merging, &args->files, args->common.output, args->force,
                           args->common.quiet, err));
    if (!merging.unchanged) {
        LK_TRY(lk_result_write(args->common.output, &merging.result, err));
    } else if (!args->common.quiet) {
        fprintf(stderr, "largek merge: nothing to do: all attempts are in %s\n",
                args->common.output);
    }
    st = summarise(&merging, args, err);

out:
    lk_merging_close(&merging);
    return st;
}

static const lk_example examples[] = {
    {"largek merge run.shard-*.safetensors -o run.safetensors", "The shards of a run."},
    {"largek merge run.safetensors more.safetensors -o run.safetensors",
     "Adds another result to one that is there."},
    {"largek merge rare.shard-*.safetensors -o rare.safetensors",
     "The shards of `largek rare`."},
    {NULL, NULL},
};

const lk_command lk_cmd_merge = {
    .name = "merge",
    .summary = "join shards of a run into one file",
    .run = run_merge,
    .args_bytes = sizeof(merge_args),
    .syntax = {sizeof options / sizeof options[0], sizeof operands / sizeof operands[0],
               options, operands},
    .details =
        "Adds up results of one spec whose attempts are disjoint.  Neither the order of the "
        "files nor how they were made can be seen in the counts: they are those of one "
        "uninterrupted run.  A file whose attempts are all there already adds nothing, so "
        "that merging again, or merging a result with one of its own shards, is safe; "
        "files that share only some of their attempts are refused, and so are files of "
        "another spec, and counts of the same attempts that differ (exit code 5).\n\n"
        "What is missing between the files' attempts is a gap: it is reported, and the "
        "output is a checkpoint like any other, which `largek sample` completes.  "
        "draws_whole says how many attempts every problem has without a gap.  An output "
        "that is there already keeps its name as FILE.prev, and is replaced only where its "
        "attempts are all in the new one.\n\n"
        "Files of estimates are joined problem by problem.  Those that several files have "
        "must be the same to the bit; whatever the order, the estimates are those of one "
        "run.  Problems that none has are reported, and `largek rare` without --shard "
        "makes them.",
    .example = examples,
};
