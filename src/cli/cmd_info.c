/* cmd_info.c - `largek info`: build, features and devices, as a bug report needs them. */
#include <cblas.h>
#include <gsl/gsl_version.h>
#include <jansson.h>
#include <zlib.h>
#include <zstd.h>

#include "backend/cpu/isa.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/facts.h"
#include "cluster/cluster.h"
#include "largek/largek.h"

typedef struct {
    lk_common common;
} info_args;

static const lk_option options[] = {
    LK_FORMAT_OPTION(info_args),
    LK_THREADS_OPTION(info_args),
};

#ifdef __clang__
static const char compiler[] = __VERSION__; /* names itself */
#else
static const char compiler[] = "gcc " __VERSION__;
#endif

static void add_libraries(lk_facts *facts)
{
    lk_facts_text(facts, "openblas", "%s, core %s", openblas_get_config(),
                  openblas_get_corename());
    lk_facts_text(facts, "gsl", "%s", gsl_version);
    lk_facts_text(facts, "jansson", "%s", jansson_version_str());
    lk_facts_text(facts, "zlib", "%s", zlibVersion());
    lk_facts_text(facts, "zstd", "%s", ZSTD_versionString());
}

/* A backend that is missing is a fact like others, with the reason. */
static void add_backend(lk_facts *facts, const char *name)
{
    const lk_backend *backend = NULL;
    const char *reason = NULL;
    lk_error why = {0};

    if (lk_backend_find(name, &backend, &why) != LK_OK) {
        lk_facts_text(facts, name, "none: %s", why.text);
        return;
    }
    const size_t devices = backend->device_count(&reason);
    if (devices == 0) {
        lk_facts_text(facts, name, "no device: %s",
                      reason == NULL ? "unknown" : reason);
    } else {
        lk_facts_text(facts, name, "%zu device%s", devices, devices == 1 ? "" : "s");
    }
}

static void add_mpi(lk_facts *facts)
{
    const char *name = NULL;
    lk_error why = {0};

    if (lk_cluster_library(&name, &why) == LK_OK) {
        lk_facts_text(facts, "mpi", "%s", name);
    } else {
        lk_facts_text(facts, "mpi", "none: %s", why.text);
    }
}

static lk_status run(void *data, lk_error *err)
{
    const info_args *args = data;
    lk_facts facts = {0};

    lk_facts_text(&facts, "version", "%s", LK_VERSION);
    lk_facts_text(&facts, "build", "%s", lk_build_id());
    lk_facts_text(&facts, "compiler", "%s", compiler);
    lk_facts_count(&facts, "stream_version", LK_STREAM_VERSION);
    lk_facts_text(&facts, "isa", "%s", lk_cpu_isa_name());
    lk_facts_count(&facts, "threads", lk_common_threads(&args->common));
    add_backend(&facts, "cpu");
    add_backend(&facts, "cuda");
    add_mpi(&facts);
    add_libraries(&facts);
    return lk_facts_print(&facts, stdout, args->common.format, "info", err);
}

static const lk_example examples[] = {
    {"largek info", "All that a bug report needs."},
    {NULL, NULL},
};

const lk_command lk_cmd_info = {
    .name = "info",
    .summary = "build, features and devices",
    .run = run,
    .args_bytes = sizeof(info_args),
    .syntax = {sizeof options / sizeof options[0], 0, options, NULL},
    .details = "Prints the version and build, the processor's instruction set in use, "
               "libraries, backends and devices.",
    .example = examples,
};
