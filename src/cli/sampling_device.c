/* sampling_device.c - the device that a run of `largek sample` computes on. */
#include <stdio.h>
#include <string.h>

#include "cli/device.h"
#include "cli/sampling.h"
#include "cli/threads.h"

static void warn(const lk_opening *opening, const char *what, const char *text)
{
    const char *command = opening->args->command;

    if (opening->args->common.quiet) return;
    fprintf(stderr, "largek %s: warning: ", command != NULL ? command : "sample");
    if (opening->place.ranks > 1) {
        fprintf(stderr, "rank %zu on %s: ", opening->place.rank, opening->place.host);
    }
    fprintf(stderr, "%s%s\n", what, text);
}

static lk_status choose(const lk_opening *opening, const char *name,
                        lk_device_choice *out, lk_error *err)
{
    const lk_rank_place *place = &opening->place;

    if (place->local_ranks <= 1) return lk_device_choose(name, out, err);
    return lk_device_choose_one_of(name, place->local_rank, place->local_ranks, out,
                                   err);
}

static size_t thread_count(const lk_opening *opening)
{
    lk_common common = opening->args->common;

    if (common.threads == 0) {
        common.threads = lk_threads_shared(opening->place.local_ranks);
    }
    return lk_common_threads(&common);
}

static lk_status open_choice(const lk_opening *opening, const lk_device_choice *choice,
                             const lk_workload *workload, const lk_backend **backend,
                             lk_device **device, lk_error *err)
{
    const lk_sample_args *args = opening->args;
    const lk_device_options options = {.threads = thread_count(opening),
                                       .tile = (size_t)args->tile,
                                       .path = args->path,
                                       .precision = args->precision,
                                       .isa = args->isa};

    return lk_backend_open(choice->backend, choice->ordinal, choice->count, workload,
                           &options, backend, device, err);
}

/* A GPU that is there but fails at the start: busy, too little memory, made for other
 * kernels.  `auto` then takes the cpu; whoever asked for the GPU is told. */
static bool may_fall_back(const lk_sample_args *args, const lk_device_choice *choice,
                          lk_status st)
{
    return strcmp(args->common.device, "auto") == 0 &&
           strcmp(choice->backend->name, "cpu") != 0 &&
           (st == LK_E_DEVICE || st == LK_E_MISSING || st == LK_E_MEMORY);
}

lk_status lk_sampling_opener(void *context, const lk_workload *workload,
                             const lk_backend **backend, lk_device **device,
                             lk_error *err)
{
    const lk_opening *opening = context;
    lk_device_choice choice;
    lk_error why = {0};
    lk_status st = LK_OK;

    LK_TRY(choose(opening, opening->args->common.device, &choice, err));
    if (choice.fallback[0] != '\0') warn(opening, "", choice.fallback);
    st = open_choice(opening, &choice, workload, backend, device, &why);
    if (may_fall_back(opening->args, &choice, st)) {
        warn(opening, "the cpu takes over: ", why.text);
        LK_TRY(choose(opening, "cpu", &choice, err));
        st = open_choice(opening, &choice, workload, backend, device, &why);
    }
    if (st != LK_OK && err != NULL) *err = why;

out:
    return st;
}
