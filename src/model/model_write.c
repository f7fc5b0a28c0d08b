/* model_write.c - a model as safetensors, under the names PyTorch users have. */
#include "largek/model.h"

#include <stdio.h>
#include <string.h>

#include "largek/safetensors.h"

enum {
    TENSORS_MAX = 2 * (2 * LK_MLP_LAYERS_MAX + 2),
    NAME_BYTES = 32,                          /* "encoder.126.weight" and room */
    ACTIVATIONS_BYTES = LK_MLP_LAYERS_MAX * 9 /* "identity,"                   */
};

/* What a file is made of, while it is written. */
typedef struct {
    size_t tensors;
    lk_tensor tensor[TENSORS_MAX];
    char name[TENSORS_MAX][NAME_BYTES];
    char decoder[ACTIVATIONS_BYTES + 1], encoder[ACTIVATIONS_BYTES + 1];
} contents;

static void add_layer(contents *file, const char *prefix, const lk_layer *layer)
{
    lk_tensor *weight = &file->tensor[file->tensors];
    lk_tensor *bias = weight + 1;

    snprintf(file->name[file->tensors], NAME_BYTES, "%s.weight", prefix);
    *weight = (lk_tensor){.name = file->name[file->tensors],
                          .dtype = LK_DTYPE_F32,
                          .rank = 2,
                          .shape = {layer->out, layer->in},
                          .data = layer->weight,
                          .bytes = layer->out * layer->in * sizeof(float)};
    snprintf(file->name[file->tensors + 1], NAME_BYTES, "%s.bias", prefix);
    *bias = (lk_tensor){.name = file->name[file->tensors + 1],
                        .dtype = LK_DTYPE_F32,
                        .rank = 1,
                        .shape = {layer->out},
                        .data = layer->bias,
                        .bytes = layer->out * sizeof(float)};
    file->tensors += 2;
}

/* Layer l is number 2l: nn.Sequential counts the activations between. */
static void add_sequence(contents *file, const char *prefix, const lk_mlp *mlp,
                         char activations[])
{
    size_t used = 0;

    activations[0] = '\0';
    for (size_t l = 0; l < mlp->layers; l++) {
        char name[NAME_BYTES - 8];

        snprintf(name, sizeof name, "%s.%zu", prefix, 2 * l);
        add_layer(file, name, &mlp->layer[l]);
        const int n =
            snprintf(activations + used, ACTIVATIONS_BYTES + 1 - used, "%s%s",
                     l == 0 ? "" : ",", lk_activation_name(mlp->layer[l].activation));
        used += n > 0 ? (size_t)n : 0;
    }
}

lk_status lk_model_write(const char *path, const lk_model *model, const char *note,
                         lk_error *err)
{
    contents file;
    lk_entry entry[3];
    size_t entries = 0;

    file.tensors = 0;
    add_sequence(&file, "decoder", &model->decoder, file.decoder);
    entry[entries++] = (lk_entry){"decoder.activations", file.decoder};
    if (model->has_encoder) {
        add_sequence(&file, "encoder", &model->encoder, file.encoder);
        add_layer(&file, "mu", &model->mu.layer[0]);
        add_layer(&file, "logvar", &model->logvar.layer[0]);
        entry[entries++] = (lk_entry){"encoder.activations", file.encoder};
    }
    if (note != NULL) entry[entries++] = (lk_entry){"largek.training", note};

    const lk_safetensors whole = {.tensors = file.tensors,
                                  .tensor = file.tensor,
                                  .entries = entries,
                                  .entry = entry};
    return lk_safetensors_write(path, &whole, LK_WRITE_DIGESTS, err);
}
