/* train_draws.c - all that is random in training, by its address in the stream. */
#include "model/train.h"

#include "largek/stream.h"

/* Array a of the model (weights 2l, biases 2l + 1 of layer l) is item a; four words a
 * block. */
static void fill_uniform(uint64_t seed, uint64_t item, float bound, size_t n,
                         float *out)
{
    for (size_t i = 0; i < n; i++) {
        const lk_u32x4 words = lk_words(seed, LK_PURPOSE_WEIGHTS, item, i / 4);
        const float u = lk_word_plus_half(words.w[i % 4]) * 0x1p-32f;

        out[i] = (2.0f * u - 1.0f) * bound;
    }
}

void lk_train_weights(uint64_t seed, lk_model *model)
{
    lk_layer *layer[LK_TRAIN_LAYERS_MAX];
    const size_t layers = lk_model_layers(model, layer);

    for (size_t l = 0; l < layers; l++) {
        const float bound = (float)(1.0 / sqrt((double)layer[l]->in));

        fill_uniform(seed, 2 * l, bound, layer[l]->out * layer[l]->in,
                     layer[l]->weight);
        fill_uniform(seed, 2 * l + 1, bound, layer[l]->out, layer[l]->bias);
    }
}

/* Fisher and Yates' shuffle of 0, 1, 2...: an epoch's order does not hang on the one
 * before.  A word times i + 1 favours some places by (i + 1) 2^-32 at most. */
void lk_train_order(uint64_t seed, uint64_t epoch, size_t count, size_t *order)
{
    for (size_t i = 0; i < count; i++) order[i] = i;
    for (size_t i = count; i-- > 1;) {
        const lk_u32x4 words = lk_words(seed, LK_PURPOSE_SHUFFLE, epoch, i / 4);
        const size_t j = (size_t)((uint64_t)words.w[i % 4] * (i + 1) >> 32);
        const size_t kept = order[i];

        order[i] = order[j];
        order[j] = kept;
    }
}

void lk_train_noise(uint64_t seed, uint64_t epoch, size_t image, size_t latent,
                    float *eps)
{
    const uint64_t blocks = lk_blocks(latent);

    for (uint64_t b = 0; b < blocks; b++) {
        const size_t at = (size_t)(4 * b);
        float four[4];

        lk_normal4(lk_words(seed, LK_PURPOSE_TRAINING, image, epoch * blocks + b),
                   four);
        for (size_t i = 0; i < 4 && at + i < latent; i++) eps[at + i] = four[i];
    }
}
