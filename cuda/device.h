/* device.h - the state of a CUDA device, for the plugin's own files. */
#ifndef LK_CUDA_DEVICE_H
#define LK_CUDA_DEVICE_H

#include <stdbool.h>

#include <cublasLt.h>

#include "kernels.h"
#include "library.h"
#include "pool.h"

/* One product: D [n][out] = A [n][k] W^T + bias. */
typedef struct {
    cublasLtMatmulDesc_t op;
    cublasLtMatrixLayout_t a, b[2], d[2]; /* [0]: a whole chunk, [1]: a small one */
    cublasLtMatmulHeuristicResult_t algo[2];
    void *weight, *bias;
    float alpha;
    uint32_t in_width, out_width; /* padded to 8                               */
    lk_activation activation;
    bool fused; /* whether the product applies it */
} lk_product;

enum { LK_SMALL_ROWS = 256 };

/* The decoder in one precision. */
typedef struct {
    const char *precision; /* "fp16" */
    lk_kind kind;
    bool half_logits;
    uint32_t rows; /* of a whole chunk, a multiple of LK_SMALL_ROWS */
    size_t layers;
    lk_product *product;
    void *input; /* of the first product, [rows] of the kind */
    void *hidden[2];
    void *wide; /* float values that wait to be split      */
    void *logits;
    lk_pool pool;
    void *workspace;
    size_t workspace_bytes;
} lk_net;

/* Builds the decoder for `rows` draws at a time.
 * precision  "fp32", "tf32", "fp16" or "fp16x3"
 * Errors     LK_E_ARG, LK_E_MEMORY, LK_E_DEVICE */
lk_status lk_net_init(lk_net *net, cublasLtHandle_t lt, const lk_mlp *decoder,
                      const char *precision, uint32_t rows, lk_error *err);
void lk_net_release(lk_net *net);

/* Width of the first product's input, padded. */
uint32_t lk_net_width(const lk_net *net);

/* Logits of the rows whose latents lie in net->input, into net->logits. */
lk_status lk_net_logits(const lk_net *net, cublasLtHandle_t lt, uint32_t count,
                        cudaStream_t stream, lk_error *err);

/* SSE of the rows whose latents lie in net->input; count <= net->rows. */
lk_status lk_net_run(const lk_net *net, cublasLtHandle_t lt,
                     const lk_device_workload *work, const lk_row *row, uint32_t count,
                     float *sse, cudaStream_t stream, lk_error *err);

enum {
    LK_SLOTS_MAX = 16384,
    LK_QUEUE_CHUNKS = 4,
    LK_MIDDLE_ROWS = 4096,
    LK_GRAPH_SEGMENTS = 64, /* that a chunk run as a graph may have                 */
    LK_GRAPH_AFTER = 4      /* whole chunks that are launched stage by stage before */
};

struct lk_device {
    const lk_workload *host; /* the caller's */
    int ordinal;
    char name[100];
    uint64_t memory_bytes;
    cudaStream_t stream;
    cudaEvent_t done[2];
    cublasLtHandle_t lt;
    lk_pool pool;

    lk_device_workload work;    /* band: of the fast net                             */
    lk_device_workload middle;  /* the same with the middle net's band               */
    double *band, *middle_band; /* [problems] device                                */
    double *host_band;          /* [problems] */
    bool by_library;            /* the library path: `library` stands in for the nets */
    lk_library library;
    lk_net fast;
    lk_net exact; /* fp32 for suspects; layers = 0 where fast is fp32 already */

    bool graphs;              /* wanted, and not refused so far       */
    uint32_t whole_chunks;    /* launched stage by stage, up to LK_GRAPH_AFTER */
    cudaGraphExec_t graph[2]; /* of a whole chunk, for each plan; both or none */

    uint32_t rows;          /* of a chunk, a multiple of LK_SMALL_ROWS */
    lk_row *row;            /* [rows]                                  */
    lk_segment *segment;    /* [rows]                                  */
    float *sse, *plain;     /* [rows], [rows][latent]                  */
    float *image;           /* [LK_SMALL_ROWS][outputs]                */
    size_t slots;           /* of the accumulators                     */
    lk_accumulators into;   /* queue_room = LK_QUEUE_CHUNKS * rows; none by_library */
    lk_accumulators second; /* the same counters, the queue of the middle stage */

    lk_canonical_layer *layer; /* [layers] */
    uint32_t layers, widest, blocks;
    double *scratch, *canonical; /* ... , [rows] */

    /* Pinned host memory. */
    lk_segment *plan[2];   /* [rows] each    */
    unsigned int *counter; /* [2]            */
    lk_suspect *suspect;   /* [rows]         */
    double *score;         /* [rows]         */
    lk_row *host_row;      /* [rows]         */
    uint32_t *slot_of;     /* [problems] UINT32_MAX between runs; pageable */
};

/* lk_mlp_widest, which the plugin does not link. */
static inline size_t lk_cuda_widest(const lk_mlp *mlp)
{
    size_t widest = mlp->layer[0].in;

    for (size_t l = 0; l < mlp->layers; l++) {
        if (mlp->layer[l].out > widest) widest = mlp->layer[l].out;
    }
    return widest;
}

/* Opens the stages for chunks of `rows`; whatever is open is closed by lk_device_close. */
lk_status lk_device_build(lk_device *device, const char *precision, uint32_t rows,
                          lk_error *err);

/* Everything but the struct itself, which may then be built again. */
void lk_device_clear(lk_device *device);

/* Rows lie in device->row: scores of a net into device->sse. */
lk_status lk_stage_net(lk_device *device, const lk_net *net, uint32_t count,
                       lk_error *err);

/* Queues a chunk whose segments lie in device->plan[which]: rows, scores, counts; then the
 * length of the queue into device->counter[which], and device->done[which].  Whole chunks
 * go as a CUDA graph once some have been launched. */
lk_status lk_chunk_launch(lk_device *device, int which, uint32_t segments,
                          uint32_t rows, lk_error *err);
void lk_chunk_release(lk_device *device);

/* Rows lie in device->row: canonical scores into device->canonical.  Where `have_latents`
 * the floats lie in device->plain already. */
lk_status lk_stage_canonical(lk_device *device, uint32_t count, bool have_latents,
                             lk_error *err);

/* A device's failure, told with its name; returns st. */
lk_status lk_device_named(const lk_device *device, lk_status st, lk_error *err);

/* LK_E_ARG for the library path, which scores no single draws. */
lk_status lk_device_scores(const lk_device *device, lk_error *err);

/* lk_backend.run, score and score_latents. */
lk_status lk_cuda_run(lk_device *device, const lk_unit *unit, size_t units,
                      lk_tally *tally, lk_run_notes *notes, lk_error *err);
lk_status lk_cuda_score(lk_device *device, lk_scorer scorer, size_t problem,
                        const uint64_t *attempt, size_t count, double *score,
                        lk_error *err);
lk_status lk_cuda_score_latents(lk_device *device, lk_scorer scorer, size_t problem,
                                const float *z, size_t count, double *score,
                                lk_error *err);

/* lk_backend.decode: what the fast net makes of vectors. */
lk_status lk_cuda_decode(lk_device *device, const float *z, size_t count, float *y,
                         lk_error *err);

/* The middle net's scores of attempts, for its band. */
lk_status lk_cuda_score_middle(lk_device *device, size_t problem,
                               const uint64_t *attempt, size_t count, double *score,
                               lk_error *err);

#endif /* LK_CUDA_DEVICE_H */
