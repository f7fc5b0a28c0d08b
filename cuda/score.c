/* score.c - scores of single draws, for pilots, traces, audits and rare events. */
#include <string.h>

#include "device.h"

/* Rows of up to device->rows attempts (NULL: whatever) of a problem, onto the device. */
static lk_status upload_rows(lk_device *device, size_t problem, const uint64_t *attempt,
                             uint32_t count, lk_error *err)
{
    lk_status st = LK_OK;

    for (uint32_t r = 0; r < count; r++) {
        device->host_row[r] =
            (lk_row){attempt != NULL ? attempt[r] : 0, (uint32_t)problem, 0};
    }
    LK_CUDA(cudaMemcpyAsync(device->row, device->host_row, count * sizeof(lk_row),
                            cudaMemcpyHostToDevice, device->stream));

out:
    return st;
}

/* Brings `count` scores back and waits for them. */
static lk_status download(lk_device *device, bool canonical, uint32_t count,
                          double *out, lk_error *err)
{
    float *fast = (float *)(void *)device->score;
    lk_status st = LK_OK;

    if (canonical) {
        LK_CUDA(cudaMemcpyAsync(device->score, device->canonical,
                                count * sizeof(double), cudaMemcpyDeviceToHost,
                                device->stream));
    } else {
        LK_CUDA(cudaMemcpyAsync(fast, device->sse, count * sizeof(float),
                                cudaMemcpyDeviceToHost, device->stream));
    }
    LK_CUDA(cudaStreamSynchronize(device->stream));
    for (uint32_t r = 0; r < count; r++) {
        out[r] = canonical ? device->score[r] : (double)fast[r];
    }

out:
    return st;
}

static lk_status check_problem(const lk_device *device, size_t problem, lk_error *err)
{
    if (problem < device->host->problems) return LK_OK;
    return LK_FAIL(err, LK_E_ARG, "problem row %zu of %zu", problem,
                   device->host->problems);
}

static uint32_t piece(size_t left, uint32_t most)
{
    return left < most ? (uint32_t)left : most;
}

/* By a net, or canonically where that is NULL. */
static lk_status score_attempts(lk_device *device, const lk_net *net, size_t problem,
                                const uint64_t *attempt, size_t count, double *score,
                                lk_error *err)
{
    const uint32_t most = net != NULL ? net->rows : device->rows;
    lk_status st = LK_OK;

    LK_TRY(lk_device_scores(device, err));
    LK_TRY(check_problem(device, problem, err));
    LK_CUDA(cudaSetDevice(device->ordinal));
    for (size_t at = 0; at < count; at += most) {
        const uint32_t here = piece(count - at, most);

        LK_TRY(upload_rows(device, problem, attempt + at, here, err));
        if (net != NULL) {
            LK_TRY(lk_stage_net(device, net, here, err));
        } else {
            LK_TRY(lk_stage_canonical(device, here, false, err));
        }
        LK_TRY(download(device, net == NULL, here, score + at, err));
    }

out:
    return lk_device_named(device, st, err);
}

lk_status lk_cuda_score(lk_device *device, lk_scorer scorer, size_t problem,
                        const uint64_t *attempt, size_t count, double *score,
                        lk_error *err)
{
    const lk_net *net = scorer == LK_SCORER_FAST ? &device->fast : NULL;

    return score_attempts(device, net, problem, attempt, count, score, err);
}

lk_status lk_cuda_score_middle(lk_device *device, size_t problem,
                               const uint64_t *attempt, size_t count, double *score,
                               lk_error *err)
{
    return score_attempts(device, &device->exact, problem, attempt, count, score, err);
}

lk_status lk_cuda_score_latents(lk_device *device, lk_scorer scorer, size_t problem,
                                const float *z, size_t count, double *score,
                                lk_error *err)
{
    const lk_net *net = &device->fast;
    const size_t latent = device->host->latent;
    lk_status st = LK_OK;

    LK_TRY(lk_device_scores(device, err));
    LK_TRY(check_problem(device, problem, err));
    LK_CUDA(cudaSetDevice(device->ordinal));
    for (size_t at = 0; at < count; at += device->rows) {
        const uint32_t here = piece(count - at, device->rows);

        LK_TRY(upload_rows(device, problem, NULL, here, err));
        LK_CUDA(cudaMemcpyAsync(device->plain, z + at * latent,
                                here * latent * sizeof(float), cudaMemcpyHostToDevice,
                                device->stream));
        if (scorer == LK_SCORER_FAST) {
            LK_CUDA(lk_cuda_load(device->plain, (uint32_t)latent, here, net->kind,
                                 net->input, lk_net_width(net), device->stream));
            LK_TRY(lk_net_run(net, device->lt, &device->work, device->row, here,
                              device->sse, device->stream, err));
        } else {
            LK_TRY(lk_stage_canonical(device, here, true, err));
        }
        LK_TRY(download(device, scorer == LK_SCORER_CANONICAL, here, score + at, err));
    }

out:
    return lk_device_named(device, st, err);
}

lk_status lk_cuda_decode(lk_device *device, const float *z, size_t count, float *y,
                         lk_error *err)
{
    const lk_net *net = &device->fast;
    const size_t latent = device->host->latent, outputs = device->host->outputs;
    lk_status st = LK_OK;

    LK_TRY(lk_device_scores(device, err));
    LK_CUDA(cudaSetDevice(device->ordinal));
    for (size_t at = 0; at < count; at += LK_SMALL_ROWS) {
        const uint32_t here = piece(count - at, LK_SMALL_ROWS);

        LK_CUDA(cudaMemcpyAsync(device->plain, z + at * latent,
                                here * latent * sizeof(float), cudaMemcpyHostToDevice,
                                device->stream));
        LK_CUDA(lk_cuda_load(device->plain, (uint32_t)latent, here, net->kind,
                             net->input, lk_net_width(net), device->stream));
        LK_TRY(lk_net_logits(net, device->lt, here, device->stream, err));
        LK_CUDA(lk_cuda_finish(device->work.output_activation, net->logits,
                               net->half_logits,
                               net->product[net->layers - 1].out_width,
                               (uint32_t)outputs, here, device->image, device->stream));
        LK_CUDA(cudaMemcpyAsync(y + at * outputs, device->image,
                                here * outputs * sizeof(float), cudaMemcpyDeviceToHost,
                                device->stream));
        LK_CUDA(cudaStreamSynchronize(device->stream));
    }

out:
    return lk_device_named(device, st, err);
}
