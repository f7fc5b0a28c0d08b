/* largek/backend.h - what a device must do to run draws.
 *
 * A backend is a table of functions, chosen by name at run time:
 *
 *     cpu    C11; always there; the meaning of every other backend
 *     cuda   NVIDIA devices; the plugin largek-cuda.so, where it is found and one answers
 *
 * The engine hands a device a workload once and then ranges of attempts; accumulators
 * come back, nothing else.  Every draw is scored by a fast path, and whatever lies within
 * the guard band of a threshold (or of the best score so far) is decided by the canonical
 * score, so that the counts are a function of workload and range alone:
 *
 *     success at threshold t   <=>   canonical score <= limit[t]
 *
 * The canonical score of a draw: z = fmaf(scale, eps, mu) in float; lk_mlp_forward in
 * double; the sum over pixels in index order of fma(d, d, sum) with d = y - (double)x.
 */
#ifndef LK_BACKEND_H
#define LK_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#include "largek/mlp.h"
#include "largek/status.h"
#include "largek/tally.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever anything in this header changes its layout or meaning. */
#define LK_BACKEND_ABI 3u

/* One audited draw in each aligned block of this many attempts of a problem. */
#define LK_AUDIT_BLOCK 65536u

typedef enum {
    LK_SCORE_SSE = 0, /* sum of squared errors against the target                  */
    LK_SCORE_MEMORY   /* max over m != i of logit_m - logit_i, of a classifier     */
} lk_score_kernel;

/* All that a count depends on, but for the range.  The caller keeps it alive until the
 * device is closed. */
typedef struct {
    const lk_mlp *decoder;
    const lk_mlp *classifier; /* NULL unless LK_SCORE_MEMORY                      */
    lk_score_kernel score;
    size_t problems, latent, outputs, thresholds;
    const uint64_t *index; /* [problems] the i of the stream, <= LK_ITEM_MAX       */
    const float *mu;       /* [problems][latent]                                   */
    const float *scale;    /* [problems][latent] T * sigma, rounded once           */
    const float *target;   /* [problems][outputs]                                  */
    const double *limit;   /* [problems][thresholds] kernel scores, ascending      */
    uint64_t seed;
} lk_workload;

/* How a device works; 0 or NULL leaves the choice to it. */
typedef struct {
    size_t threads;        /* of the host                                          */
    size_t tile;           /* draws in a block of work                             */
    const char *path;      /* cpu: "blas", "loops"; cuda: "staged", "library", ... */
    const char *precision; /* "fp32", "tf32", "fp16", "fp16x3"                     */
    const char *isa;       /* cpu: "avx512", "avx2", "baseline"                    */
} lk_device_options;

typedef struct {
    char name[128]; /* "AMD EPYC 9V74 (2 threads)"                           */
    char path[64];  /* what open settled on: "loops avx512 fp32, tile 256"   */
    uint64_t memory_bytes;
    uint32_t pilots; /* draws a problem that its guard band should be measured with */
    size_t unit_attempts; /* >= 1, a unit is at most this; `run` wants many at once  */
    uint32_t stream_version; /* whose draws it makes: LK_STREAM_VERSION; or
                                LK_STREAM_NONE, and its counts are not exact, it keeps
                                no smallest score and scores no single draws     */
    double batch_s; /* seconds that a `run` should last; 0: as the caller likes      */
} lk_device_info;

/* Attempts first .. first + count - 1 of a row of the workload. */
typedef struct {
    size_t problem;
    uint64_t first, count;
} lk_unit;

/* What `run` did beside counting.  It adds to what it finds. */
typedef struct {
    uint64_t redecided;   /* draws that the canonical score decided              */
    uint64_t audited;     /* draws scored both ways for the audit                */
    double audit_largest; /* largest finite difference seen there, near the
                             thresholds or the best score and as it would be at
                             the highest limit                                   */
    double *violation;    /* [problems] largest such difference outside the band, the
                             caller's and zeroed by it; such a problem's tally
                             cannot be trusted and must be made again            */
} lk_run_notes;

typedef enum { LK_SCORER_FAST = 0, LK_SCORER_CANONICAL } lk_scorer;

typedef struct lk_device lk_device; /* a backend's own */

typedef struct lk_backend {
    uint32_t abi; /* LK_BACKEND_ABI */
    const char *name;

    /* How many devices answer now; where none does, *reason says why. */
    size_t (*device_count)(const char **reason);

    /* Takes the workload to a device and checks the device against known answers.
     * Ownership  *out is the caller's, for `close`
     * Errors     LK_E_MISSING for ordinal >= device_count(), LK_E_ARG for an option
     *            that it does not know (the text lists those it does), LK_E_MEMORY,
     *            LK_E_DEVICE */
    lk_status (*open)(size_t ordinal, const lk_workload *workload,
                      const lk_device_options *options, lk_device **out, lk_error *err);

    void (*info)(const lk_device *device, lk_device_info *out);

    /* Sets the guard band: half-widths in kernel score up to a problem's highest limit;
     * above it the band widens in proportion to the score, for the best score's sake.
     * 0 decides by the fast path.
     * Shapes  band [problems] */
    lk_status (*set_guard)(lk_device *device, const double *band, lk_error *err);

    /* Runs units whole and adds them to the tally, each to its problem's row.
     * Errors  LK_E_DEVICE, LK_E_MEMORY, LK_E_NUMERIC; the tally is then undefined */
    lk_status (*run)(lk_device *device, const lk_unit *unit, size_t units,
                     lk_tally *tally, lk_run_notes *notes, lk_error *err);

    /* Kernel scores of single draws of a problem, by either scorer; fast ones are those
     * that `run` sees.
     * Shapes  attempt [count], score [count] */
    lk_status (*score)(lk_device *device, lk_scorer scorer, size_t problem,
                       const uint64_t *attempt, size_t count, double *score,
                       lk_error *err);

    /* The same of latent vectors that the caller brings.
     * Shapes  z [count][latent], score [count] */
    lk_status (*score_latents)(lk_device *device, lk_scorer scorer, size_t problem,
                               const float *z, size_t count, double *score,
                               lk_error *err);

    /* The stages of a draw, for tests and figures: latents to the bit, y to the rounding
     * of a float or of the fast path.
     * Shapes  z [count][latent], y [count][outputs] */
    lk_status (*latents)(lk_device *device, size_t problem, uint64_t first,
                         size_t count, float *z, lk_error *err);
    lk_status (*decode)(lk_device *device, const float *z, size_t count, float *y,
                        lk_error *err);

    void (*close)(lk_device *device); /* NULL is fine */
} lk_backend;

/* The attempt that is audited in block `block` (attempts block * LK_AUDIT_BLOCK and on)
 * of a problem. */
static inline LK_HD uint64_t lk_audit_attempt(uint64_t seed, uint64_t index,
                                              uint64_t block)
{
    const lk_u32x4 words = lk_words(seed, LK_PURPOSE_AUDIT, index, block);

    return block * LK_AUDIT_BLOCK + words.w[0] % LK_AUDIT_BLOCK;
}

/* The backend of that name ("cpu", "cuda").  A plugin is looked for in the folder that
 * the environment's LARGEK_PLUGIN_DIR names, beside the program, and in ../lib/largek.
 * Errors  LK_E_MISSING for an unknown name (the text lists those there are), and where no
 *         plugin is found; LK_E_DEVICE for one that does not load or has another ABI */
lk_status lk_backend_find(const char *name, const lk_backend **out, lk_error *err);

/* Opens several devices of a backend as one: units are dealt out to them, one host thread a
 * device, and their tallies added.  Of one device it is that device itself.
 *
 * Shapes     ordinal [count]; a device may be named twice
 * Ownership  *device is the caller's, for (*as)->close
 * Errors     as `open` */
lk_status lk_backend_open(const lk_backend *backend, const size_t *ordinal,
                          size_t count, const lk_workload *workload,
                          const lk_device_options *options, const lk_backend **as,
                          lk_device **device, lk_error *err);

/* What a plugin largek-NAME.so exports: its table, or NULL where it does not speak `abi`. */
#define LK_PLUGIN_SYMBOL "lk_plugin_backend"
typedef const lk_backend *(*lk_plugin_entry)(uint32_t abi);

#ifdef __cplusplus
}
#endif

#endif /* LK_BACKEND_H */
