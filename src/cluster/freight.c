/* freight.c - a workload on its way to other ranks. */
#include <stdlib.h>

#include "base/digest.h"
#include "cluster/rank.h"

static void describe_mlp(const lk_mlp *mlp, lk_parcel *parcel)
{
    lk_parcel_put_u64(parcel, mlp == NULL ? 0 : mlp->layers);
    for (size_t l = 0; mlp != NULL && l < mlp->layers; l++) {
        lk_parcel_put_u64(parcel, mlp->layer[l].in);
        lk_parcel_put_u64(parcel, mlp->layer[l].out);
        lk_parcel_put_u64(parcel, mlp->layer[l].activation);
    }
}

void lk_freight_describe(const lk_workload *work, lk_parcel *parcel)
{
    lk_parcel_put_u64(parcel, work->score);
    lk_parcel_put_u64(parcel, work->problems);
    lk_parcel_put_u64(parcel, work->latent);
    lk_parcel_put_u64(parcel, work->outputs);
    lk_parcel_put_u64(parcel, work->thresholds);
    lk_parcel_put_u64(parcel, work->seed);
    describe_mlp(work->decoder, parcel);
    describe_mlp(work->classifier, parcel);
}

/* An empty one where the description has no layers. */
static lk_status init_mlp(lk_mlp *mlp, lk_parcel *parcel, lk_error *err)
{
    const size_t layers = (size_t)lk_parcel_take_u64(parcel);
    size_t width[LK_MLP_LAYERS_MAX + 1];
    lk_activation activation[LK_MLP_LAYERS_MAX];

    if (layers == 0) return LK_OK;
    if (layers > LK_MLP_LAYERS_MAX) {
        return LK_FAIL(err, LK_E_INTERNAL, "a workload with %zu layers", layers);
    }
    for (size_t l = 0; l < layers; l++) {
        width[l] = (size_t)lk_parcel_take_u64(parcel);
        width[l + 1] = (size_t)lk_parcel_take_u64(parcel);
        activation[l] = (lk_activation)lk_parcel_take_u64(parcel);
    }
    if (parcel->bad) return LK_FAIL(err, LK_E_INTERNAL, "a workload was cut short");
    return lk_mlp_init(mlp, layers, width, activation, err);
}

static void take_shapes(lk_workload *work, lk_parcel *parcel)
{
    work->score = (lk_score_kernel)lk_parcel_take_u64(parcel);
    work->problems = (size_t)lk_parcel_take_u64(parcel);
    work->latent = (size_t)lk_parcel_take_u64(parcel);
    work->outputs = (size_t)lk_parcel_take_u64(parcel);
    work->thresholds = (size_t)lk_parcel_take_u64(parcel);
    work->seed = lk_parcel_take_u64(parcel);
}

lk_status lk_freight_init(lk_freight *freight, lk_parcel *parcel, lk_error *err)
{
    lk_workload work = {0};
    lk_status st = LK_OK;

    *freight = (lk_freight){0};
    take_shapes(&work, parcel);
    LK_TRY(init_mlp(&freight->decoder, parcel, err));
    LK_TRY(init_mlp(&freight->classifier, parcel, err));
    if (parcel->bad) {
        st = LK_FAIL(err, LK_E_INTERNAL, "a workload was cut short");
        goto out;
    }
    freight->index = calloc(work.problems, sizeof *freight->index);
    freight->mu = calloc(work.problems * work.latent, sizeof *freight->mu);
    freight->scale = calloc(work.problems * work.latent, sizeof *freight->scale);
    freight->target = calloc(work.problems * work.outputs, sizeof *freight->target);
    freight->limit = calloc(work.problems * work.thresholds, sizeof *freight->limit);
    if (freight->index == NULL || freight->mu == NULL || freight->scale == NULL ||
        freight->target == NULL || freight->limit == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for %zu problems", work.problems);
        goto out;
    }
    work.decoder = &freight->decoder;
    work.classifier = freight->classifier.layers > 0 ? &freight->classifier : NULL;
    work.index = freight->index;
    work.mu = freight->mu;
    work.scale = freight->scale;
    work.target = freight->target;
    work.limit = freight->limit;
    freight->work = work;

out:
    if (st != LK_OK) lk_freight_release(freight);
    return st;
}

void lk_freight_release(lk_freight *freight)
{
    lk_mlp_release(&freight->decoder);
    lk_mlp_release(&freight->classifier);
    free(freight->index);
    free(freight->mu);
    free(freight->scale);
    free(freight->target);
    free(freight->limit);
    *freight = (lk_freight){0};
}

/* Something is done to every array of a workload, in the same order everywhere. */
typedef lk_status (*array_action)(void *context, const void *data, size_t bytes,
                                  lk_error *err);

static lk_status each_of_mlp(const lk_mlp *mlp, array_action action, void *context,
                             lk_error *err)
{
    lk_status st = LK_OK;

    for (size_t l = 0; mlp != NULL && l < mlp->layers; l++) {
        const lk_layer *layer = &mlp->layer[l];

        LK_TRY(action(context, layer->weight, layer->in * layer->out * sizeof(float),
                      err));
        LK_TRY(action(context, layer->bias, layer->out * sizeof(float), err));
    }

out:
    return st;
}

static lk_status each_array(const lk_workload *work, array_action action, void *context,
                            lk_error *err)
{
    const size_t problems = work->problems;
    const size_t latents = problems * work->latent * sizeof(float);
    lk_status st = LK_OK;

    LK_TRY(each_of_mlp(work->decoder, action, context, err));
    LK_TRY(each_of_mlp(work->classifier, action, context, err));
    LK_TRY(action(context, work->index, problems * sizeof *work->index, err));
    LK_TRY(action(context, work->mu, latents, err));
    LK_TRY(action(context, work->scale, latents, err));
    LK_TRY(
        action(context, work->target, problems * work->outputs * sizeof(float), err));
    LK_TRY(action(context, work->limit, problems * work->thresholds * sizeof(double),
                  err));

out:
    return st;
}

static lk_status ship_array(void *context, const void *data, size_t bytes,
                            lk_error *err)
{
    lk_cluster *cluster = context;

    /* Rank 0 only reads it; elsewhere it is the freight's own. */
    return cluster->transport->broadcast(cluster->peers, (void *)(uintptr_t)data, bytes,
                                         err);
}

lk_status lk_freight_ship(lk_cluster *cluster, const lk_workload *work, lk_error *err)
{
    return each_array(work, ship_array, cluster, err);
}

static lk_status digest_array(void *context, const void *data, size_t bytes,
                              lk_error *err)
{
    (void)err;
    lk_digest_add(context, data, bytes);
    return LK_OK;
}

lk_status lk_freight_digest(const lk_workload *work, char out[33], lk_error *err)
{
    lk_parcel shapes = {0};
    lk_digest digest = {0};
    lk_status st = lk_digest_start(&digest, err);

    if (st != LK_OK) return st;
    lk_freight_describe(work, &shapes);
    if (shapes.bad) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for a digest");
        goto out;
    }
    lk_digest_add(&digest, shapes.byte, shapes.bytes);
    LK_TRY(each_array(work, digest_array, &digest, err));
    lk_digest_finish(&digest, out);
    digest = (lk_digest){0};

out:
    lk_digest_abandon(&digest);
    lk_parcel_release(&shapes);
    return st;
}
