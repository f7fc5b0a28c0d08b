/* chunk.c - the stages of a chunk, launched one by one or replayed as a CUDA graph.
 *
 * A chunk of half-precision draws takes tens of microseconds, and its eight launches cost the
 * host nearly as much; a graph is one launch.  Everything that differs from chunk to chunk
 * lies in memory that the graph reads: segments in the pinned plan, which has a fixed number
 * of places in a graph (those unused start behind every row, so that fill_rows never finds
 * them), counts and queue in the accumulators.  So a graph is made once for each of the two
 * plans and never updated.  Chunks that are not whole, or have many segments, go one by one.
 *
 * A graph is made after some whole chunks have run, for their kernels are loaded then, and
 * loading is not allowed within a capture.  Where a capture fails, chunks go on one by one.
 * The library path is never captured: its generator counts draws on the host, and a replay
 * would make the same ones again.
 *
 * Reference
 *   [1] NVIDIA, CUDA C++ Programming Guide, "CUDA Graphs", "Lazy Loading".
 */
#include <stdlib.h>
#include <string.h>

#include "device.h"

static lk_status stage_fast(lk_device *device, uint32_t rows, lk_error *err)
{
    if (device->by_library) {
        return lk_library_run(&device->library, &device->work, device->row, rows,
                              device->sse, device->stream, err);
    }
    return lk_stage_net(device, &device->fast, rows, err);
}

static lk_status queue_stages(lk_device *device, int which, uint32_t segments,
                              uint32_t rows, lk_error *err)
{
    lk_status st = LK_OK;

    LK_CUDA(cudaMemcpyAsync(device->segment, device->plan[which],
                            segments * sizeof(lk_segment), cudaMemcpyHostToDevice,
                            device->stream));
    LK_CUDA(lk_cuda_fill_rows(device->segment, segments, rows, device->row,
                              device->stream));
    LK_TRY(stage_fast(device, rows, err));
    LK_CUDA(lk_cuda_sift(&device->work, device->row, rows, device->sse, NULL,
                         &device->into, device->stream));
    LK_CUDA(cudaMemcpyAsync(&device->counter[which], device->into.queued,
                            sizeof(unsigned int), cudaMemcpyDeviceToHost,
                            device->stream));

out:
    return st;
}

static cudaError_t instantiate(cudaGraphExec_t *out, cudaGraph_t graph)
{
#if CUDART_VERSION >= 12000
    return cudaGraphInstantiate(out, graph, 0);
#else
    return cudaGraphInstantiate(out, graph, NULL, NULL, 0);
#endif
}

/* Thread-local: other host threads serve other devices meanwhile. */
static bool capture(lk_device *device, int which)
{
    cudaGraph_t graph = NULL;
    bool made = false;

    if (cudaStreamBeginCapture(device->stream, cudaStreamCaptureModeThreadLocal) ==
        cudaSuccess) {
        const lk_status queued =
            queue_stages(device, which, LK_GRAPH_SEGMENTS, device->rows, NULL);
        const cudaError_t ended = cudaStreamEndCapture(device->stream, &graph);

        made = queued == LK_OK && ended == cudaSuccess &&
               instantiate(&device->graph[which], graph) == cudaSuccess;
    }
    if (graph != NULL) cudaGraphDestroy(graph);
    if (!made) {
        device->graph[which] = NULL;
        cudaGetLastError(); /* a fault that stays will show in the next launch */
    }
    return made;
}

/* Whether a whole chunk may go as a graph: makes both when it is time. */
static bool graph_ready(lk_device *device)
{
    if (!device->graphs || device->by_library) return false;
    if (device->graph[0] != NULL) return true;
    if (device->whole_chunks < LK_GRAPH_AFTER) {
        device->whole_chunks++;
        return false;
    }
    device->graphs = capture(device, 0) && capture(device, 1);
    if (!device->graphs) lk_chunk_release(device);
    return device->graphs;
}

lk_status lk_chunk_launch(lk_device *device, int which, uint32_t segments,
                          uint32_t rows, lk_error *err)
{
    lk_segment *plan = device->plan[which];
    lk_status st = LK_OK;

    if (rows == device->rows && segments <= LK_GRAPH_SEGMENTS && graph_ready(device)) {
        for (uint32_t s = segments; s < LK_GRAPH_SEGMENTS; s++) {
            plan[s] = (lk_segment){.start = UINT32_MAX};
        }
        LK_CUDA(cudaGraphLaunch(device->graph[which], device->stream));
    } else {
        LK_TRY(queue_stages(device, which, segments, rows, err));
    }
    LK_CUDA(cudaEventRecord(device->done[which], device->stream));

out:
    return st;
}

void lk_chunk_release(lk_device *device)
{
    for (int i = 0; i < 2; i++) {
        if (device->graph[i] != NULL) cudaGraphExecDestroy(device->graph[i]);
        device->graph[i] = NULL;
    }
    device->whole_chunks = 0;
}
