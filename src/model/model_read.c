/* model_read.c - models out of safetensors, in either naming scheme. */
#include "largek/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "largek/safetensors.h"

enum { NAME_BYTES = 32, TEXT_BYTES = 96 };

/* The layers of one network, as a file names them, and what each ends in. */
typedef struct {
    size_t layers;
    char name[LK_MLP_LAYERS_MAX][NAME_BYTES]; /* "decoder.0" */
    lk_activation activation[LK_MLP_LAYERS_MAX];
} sequence;

typedef struct {
    const char *path;
    lk_safetensors file;
    lk_error *err;
} reader;

/* "[784, 400]", with `zero` for a 0. */
static void shape_text(size_t rank, const uint64_t *shape, const char *zero,
                       char out[TEXT_BYTES])
{
    size_t used = (size_t)snprintf(out, TEXT_BYTES, "[");

    for (size_t i = 0; i < rank && used < TEXT_BYTES; i++) {
        const char *comma = i == 0 ? "" : ", ";
        char *const at = out + used;
        const size_t room = TEXT_BYTES - used;
        const int n = shape[i] == 0 ? snprintf(at, room, "%s%s", comma, zero)
                                    : snprintf(at, room, "%s%" PRIu64, comma, shape[i]);
        used += (size_t)n;
    }
    if (used < TEXT_BYTES) snprintf(out + used, TEXT_BYTES - used, "]");
}

static bool is_real(lk_dtype dtype)
{
    return dtype == LK_DTYPE_F16 || dtype == LK_DTYPE_BF16 || dtype == LK_DTYPE_F32 ||
           dtype == LK_DTYPE_F64;
}

/* The tensor PREFIX.SUFFIX of that rank and shape (0: any size but none at all). */
static lk_status find_tensor(const reader *r, const char *prefix, const char *suffix,
                             size_t rank, const uint64_t *shape, const lk_tensor **out)
{
    char name[NAME_BYTES + 8], want[TEXT_BYTES], found[TEXT_BYTES];
    bool fits;

    snprintf(name, sizeof name, "%s.%s", prefix, suffix);
    shape_text(rank, shape, "any", want);
    const lk_tensor *tensor = lk_safetensors_find(&r->file, name);
    if (tensor == NULL) {
        return LK_FAIL(r->err, LK_E_FORMAT, "%s: expected tensor %s %s, found none",
                       r->path, name, want);
    }
    if (!is_real(tensor->dtype)) {
        return LK_FAIL(r->err, LK_E_FORMAT,
                       "%s: %s: expected F32, F16, BF16 or F64, found %s", r->path,
                       name, lk_dtype_name(tensor->dtype));
    }
    fits = tensor->rank == rank;
    for (size_t i = 0; i < rank && fits; i++) {
        fits = tensor->shape[i] > 0 && (shape[i] == 0 || shape[i] == tensor->shape[i]);
    }
    if (!fits) {
        shape_text(tensor->rank, tensor->shape, "0", found);
        return LK_FAIL(r->err, LK_E_FORMAT, "%s: %s: expected shape %s, found %s",
                       r->path, name, want, found);
    }
    *out = tensor;
    return LK_OK;
}

/* Reads layers that must chain, from `in` to `out` units (0: whatever they have). */
static lk_status read_layers(const reader *r, const sequence *s, size_t in, size_t out,
                             lk_mlp *mlp)
{
    const lk_tensor *weight[LK_MLP_LAYERS_MAX], *bias[LK_MLP_LAYERS_MAX];
    size_t width[LK_MLP_LAYERS_MAX + 1] = {in};
    lk_mlp made = {0};
    lk_status st = LK_OK;

    for (size_t l = 0; l < s->layers; l++) {
        const uint64_t last = l + 1 == s->layers ? out : 0;
        const uint64_t shape[] = {last, width[l]};

        LK_TRY(find_tensor(r, s->name[l], "weight", 2, shape, &weight[l]));
        LK_TRY(find_tensor(r, s->name[l], "bias", 1, weight[l]->shape, &bias[l]));
        width[l] = (size_t)weight[l]->shape[1];
        width[l + 1] = (size_t)weight[l]->shape[0];
    }
    LK_TRY(lk_mlp_init(&made, s->layers, width, s->activation, r->err));
    for (size_t l = 0; l < s->layers; l++) {
        LK_TRY(lk_tensor_floats(weight[l], r->path, made.layer[l].weight, r->err));
        LK_TRY(lk_tensor_floats(bias[l], r->path, made.layer[l].bias, r->err));
    }
    *mlp = made;
    made = (lk_mlp){0}; /* now the caller's */

out:
    lk_mlp_release(&made);
    return st;
}

/* The i of "PREFIX.i.weight" or "PREFIX.i.bias": decimal, at most 6 digits, and without
 * leading zeros, so that a number has one spelling.  -1 for another name. */
static long layer_number(const char *name, size_t prefix_length)
{
    const char *digits = name + prefix_length + 1;
    const size_t length = strspn(digits, "0123456789");
    const char *rest = digits + length;
    long number = 0;

    if (length == 0 || length > 6 || (length > 1 && digits[0] == '0')) return -1;
    if (strcmp(rest, ".weight") != 0 && strcmp(rest, ".bias") != 0) return -1;
    for (size_t i = 0; i < length; i++) number = 10 * number + (digits[i] - '0');
    return number;
}

static bool starts_with(const char *name, const char *prefix)
{
    const size_t length = strlen(prefix);

    return strncmp(name, prefix, length) == 0 && name[length] == '.';
}

/* Finds the numbers of an nn.Sequential, rising.  A tensor of any other kind under its
 * prefix (a normalisation's, say) would change what the network means: refused. */
static lk_status find_numbers(const reader *r, const char *prefix,
                              long number[LK_MLP_LAYERS_MAX], size_t *count)
{
    size_t n = 0;

    for (size_t t = 0; t < r->file.tensors; t++) {
        const char *name = r->file.tensor[t].name;
        size_t at = 0;

        if (!starts_with(name, prefix)) continue;
        const long found = layer_number(name, strlen(prefix));
        if (found < 0) {
            return LK_FAIL(r->err, LK_E_FORMAT,
                           "%s: expected %s.<i>.weight and .bias only, found %.80s",
                           r->path, prefix, name);
        }
        while (at < n && number[at] < found) at++;
        if (at < n && number[at] == found) continue;
        if (n == LK_MLP_LAYERS_MAX) {
            return LK_FAIL(r->err, LK_E_FORMAT, "%s: %s: expected %d layers at most",
                           r->path, prefix, (int)LK_MLP_LAYERS_MAX);
        }
        memmove(number + at + 1, number + at, (n - at) * sizeof *number);
        number[at] = found;
        n++;
    }
    *count = n;
    return LK_OK;
}

/* "relu,sigmoid": as many as there are layers, blanks after a comma allowed. */
static lk_status parse_activations(const reader *r, const char *of, const char *text,
                                   sequence *s)
{
    const char *at = text;
    size_t n = 0;

    while (*at != '\0') {
        char name[16] = "";
        const size_t length = strcspn(at, ",");

        if (length < sizeof name) memcpy(name, at, length);
        const lk_activation activation = lk_activation_find(name);
        if (activation == LK_ACTIVATIONS) {
            return LK_FAIL(
                r->err, LK_E_FORMAT,
                "%s: %s.activations: expected identity, relu, tanh, sigmoid, "
                "silu or gelu, found \"%.*s\"",
                r->path, of, (int)(length < 40 ? length : 40), at);
        }
        if (n < s->layers) s->activation[n] = activation;
        n++;
        at += length;
        if (*at == ',') at += 1 + strspn(at + 1, " ");
    }
    if (n != s->layers) {
        return LK_FAIL(r->err, LK_E_FORMAT,
                       "%s: %s.activations: expected %zu, found %zu in \"%.40s\"",
                       r->path, of, s->layers, n, text);
    }
    return LK_OK;
}

/* Fills in the activations: the caller's, else the file's, else what the gaps say. */
static lk_status find_activations(const reader *r, const char *of, const char *given,
                                  const long *number, lk_activation last, sequence *s)
{
    char key[NAME_BYTES];
    const char *text = given;

    snprintf(key, sizeof key, "%s.activations", of);
    if (text == NULL) text = lk_safetensors_entry(&r->file, key);
    if (text != NULL) return parse_activations(r, of, text, s);

    for (size_t l = 0; l < s->layers; l++) {
        const bool is_last = l + 1 == s->layers;

        s->activation[l] = is_last ? last : LK_RELU;
        if (is_last || number == NULL || number[l + 1] > number[l] + 1) continue;
        return LK_FAIL(r->err, LK_E_FORMAT,
                       "%s: expected a gap or the metadata entry %s to say what stands "
                       "between %s and %s, found neither",
                       r->path, key, s->name[l], s->name[l + 1]);
    }
    return LK_OK;
}

static lk_status find_sequence(const reader *r, const char *prefix, const char *given,
                               lk_activation last, sequence *s)
{
    long number[LK_MLP_LAYERS_MAX];
    lk_status st = LK_OK;

    LK_TRY(find_numbers(r, prefix, number, &s->layers));
    for (size_t l = 0; l < s->layers; l++) {
        snprintf(s->name[l], NAME_BYTES, "%s.%ld", prefix, number[l]);
    }
    LK_TRY(find_activations(r, prefix, given, number, last, s));

out:
    return st;
}

static bool has_any(const reader *r, const char *prefix)
{
    for (size_t t = 0; t < r->file.tensors; t++) {
        if (starts_with(r->file.tensor[t].name, prefix)) return true;
    }
    return false;
}

static sequence named(size_t layers, const char *first, const char *second)
{
    sequence s = {.layers = layers};

    snprintf(s.name[0], NAME_BYTES, "%s", first);
    snprintf(s.name[1], NAME_BYTES, "%s", second);
    return s;
}

static lk_status read_encoder(const reader *r, const sequence *encoder,
                              const char *const heads[2], lk_model *model)
{
    const size_t latent = lk_mlp_inputs(&model->decoder);
    const size_t pixels = lk_mlp_outputs(&model->decoder);
    const sequence mu = named(1, heads[0], ""), logvar = named(1, heads[1], "");
    lk_status st = LK_OK;

    if (encoder->layers > 0)
        LK_TRY(read_layers(r, encoder, pixels, 0, &model->encoder));
    const size_t hidden =
        encoder->layers > 0 ? lk_mlp_outputs(&model->encoder) : pixels;
    LK_TRY(read_layers(r, &mu, hidden, latent, &model->mu));
    LK_TRY(read_layers(r, &logvar, hidden, latent, &model->logvar));
    model->has_encoder = true;

out:
    return st;
}

/* decoder.<i>, encoder.<i>, mu, logvar. */
static lk_status read_sequential(const reader *r, const char *activations,
                                 lk_model *model)
{
    static const char *const heads[] = {"mu", "logvar"};
    sequence decoder = {0}, encoder = {0};
    lk_status st = LK_OK;

    LK_TRY(find_sequence(r, "decoder", activations, LK_SIGMOID, &decoder));
    LK_TRY(read_layers(r, &decoder, 0, 0, &model->decoder));
    if (has_any(r, "encoder") || has_any(r, "mu") || has_any(r, "logvar")) {
        LK_TRY(find_sequence(r, "encoder", NULL, LK_RELU, &encoder));
        LK_TRY(read_encoder(r, &encoder, heads, model));
    }

out:
    return st;
}

/* fc1, fc21, fc22, fc3, fc4. */
static lk_status read_example(const reader *r, const char *activations, lk_model *model)
{
    static const char *const heads[] = {"fc21", "fc22"};
    sequence decoder = named(2, "fc3", "fc4"), encoder = named(1, "fc1", "");
    lk_status st = LK_OK;

    LK_TRY(find_activations(r, "decoder", activations, NULL, LK_SIGMOID, &decoder));
    LK_TRY(read_layers(r, &decoder, 0, 0, &model->decoder));
    if (has_any(r, "fc1") || has_any(r, "fc21") || has_any(r, "fc22")) {
        LK_TRY(find_activations(r, "encoder", NULL, NULL, LK_RELU, &encoder));
        LK_TRY(read_encoder(r, &encoder, heads, model));
    }

out:
    return st;
}

lk_status lk_model_read(const char *path, const char *activations, lk_model *out,
                        lk_error *err)
{
    reader r = {.path = path, .err = err};
    lk_model model = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_safetensors_read(path, &r.file, err));
    const bool sequential = has_any(&r, "decoder");
    const bool example = has_any(&r, "fc3") || has_any(&r, "fc4");
    if (sequential == example) {
        st = LK_FAIL(err, LK_E_FORMAT,
                     "%s: expected a decoder as decoder.<i>.weight or as fc3 and fc4, "
                     "found %s",
                     path, sequential ? "both" : "neither");
        goto out;
    }
    if (sequential) LK_TRY(read_sequential(&r, activations, &model));
    if (example) LK_TRY(read_example(&r, activations, &model));
    *out = model;
    model = (lk_model){0}; /* now the caller's */

out:
    lk_model_release(&model);
    lk_safetensors_release(&r.file);
    return st;
}
