/* cmd_train.c - `largek train vae`: trains the generator. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/facts.h"
#include "cli/stop.h"
#include "largek/largek.h"
#include "model/data_set.h"

typedef struct {
    lk_common common;
    const char *data;
    uint64_t images, latent, epochs, batch;
    lk_count_list problems, hidden;
    int activation;
    double learning_rate, temperature;
    bool force;
} train_args;

/* In the order of lk_activation. */
static const char *const activations[] = {"identity", "relu", "tanh", "sigmoid",
                                          "silu",     "gelu", NULL};

static const lk_option options[] = {
    {.name = "data",
     .letter = 'd',
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(train_args, data),
     .metavar = "IMAGES",
     .required = true,
     .help = "The images: IDX (.gz or not), .npy, or safetensors with target."},
    {.name = "output",
     .letter = 'o',
     .kind = LK_OPTION_TEXT,
     .offset = offsetof(train_args, common.output),
     .metavar = "MODEL",
     .required = true,
     .help = "The model to write, in safetensors."},
    {.name = "images",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(train_args, images),
     .metavar = "N",
     .bound = LK_BOUND_POSITIVE,
     .help = "Train on the first N images; by default 400."},
    {.name = "problems",
     .kind = LK_OPTION_INDICES,
     .offset = offsetof(train_args, problems),
     .metavar = "RANGE",
     .help = "Train on these images instead: 0:400 is the first 400, 0:400:8 every "
             "eighth of them."},
    {.name = "latent",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(train_args, latent),
     .metavar = "L",
     .preset = "20",
     .bound = LK_BOUND_POSITIVE,
     .help = "Dimensions of the latent space."},
    {.name = "hidden",
     .kind = LK_OPTION_SIZES,
     .offset = offsetof(train_args, hidden),
     .metavar = "WIDTHS",
     .preset = "400",
     .help = "Widths of the encoder's hidden layers, joined by commas; the decoder has "
             "them the other way round."},
    {.name = "activation",
     .kind = LK_OPTION_CHOICE,
     .offset = offsetof(train_args, activation),
     .metavar = "NAME",
     .choices = activations,
     .preset = "relu",
     .help = "Activation of hidden layers."},
    {.name = "epochs",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(train_args, epochs),
     .metavar = "N",
     .preset = "1000",
     .bound = LK_BOUND_POSITIVE,
     .help = "Passes over the images."},
    {.name = "batch",
     .kind = LK_OPTION_COUNT,
     .offset = offsetof(train_args, batch),
     .metavar = "N",
     .preset = "128",
     .bound = LK_BOUND_POSITIVE,
     .help = "Images a step."},
    {.name = "learning-rate",
     .kind = LK_OPTION_REAL,
     .offset = offsetof(train_args, learning_rate),
     .metavar = "R",
     .preset = "1e-3",
     .bound = LK_BOUND_POSITIVE,
     .help = "Step size of Adam."},
    {.name = "temperature",
     .letter = 'T',
     .kind = LK_OPTION_REAL,
     .offset = offsetof(train_args, temperature),
     .metavar = "T",
     .preset = "1.1",
     .bound = LK_BOUND_POSITIVE,
     .help = "Multiplies sigma in the reparameterisation."},
    {.name = "force",
     .kind = LK_OPTION_FLAG,
     .offset = offsetof(train_args, force),
     .help = "Replace MODEL where it is there already."},
    LK_SEED_OPTION(train_args),
    LK_THREADS_OPTION(train_args),
    LK_FORMAT_OPTION(train_args),
    LK_QUIET_OPTION(train_args),
    LK_PROGRESS_OPTION(train_args),
};

/* The chosen images as floats in [0,1]. */
typedef struct {
    size_t count, pixels;
    float *value; /* [count][pixels] */
} training_set;

/* How many images must be read, from the first on. */
static uint64_t images_needed(const train_args *args)
{
    uint64_t last = 0;

    if (args->problems.count == 0) return args->images > 0 ? args->images : 400;
    for (size_t i = 0; i < args->problems.count; i++) {
        if (args->problems.value[i] > last) last = args->problems.value[i];
    }
    return last + 1;
}

static lk_status copy_image(const train_args *args, const lk_data_set *set,
                            size_t image, float *out, lk_error *err)
{
    lk_data_set_target(set, image, out);
    for (size_t j = 0; j < set->pixels; j++) {
        if (out[j] >= 0.0f && out[j] <= 1.0f) continue;
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s: image %zu, pixel %zu is %g, not in [0, 1]", args->data,
                       image, j, (double)out[j]);
    }
    return LK_OK;
}

static lk_status read_images(const train_args *args, training_set *out, lk_error *err)
{
    const uint64_t needed = images_needed(args);
    const bool chosen = args->problems.count > 0;
    lk_data_set set = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_data_set_read(args->data, (size_t)needed, &set, err));
    if (needed > set.problems) {
        st = LK_FAIL(err, LK_E_ARG, "%s: image %" PRIu64 " of %zu", args->data, needed,
                     set.problems);
        goto out;
    }
    out->count = chosen ? args->problems.count : (size_t)needed;
    out->pixels = set.pixels;
    out->value = calloc(out->count * out->pixels, sizeof *out->value);
    if (out->value == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%zu images of %zu pixels", out->count,
                     out->pixels);
        goto out;
    }
    for (size_t i = 0; i < out->count; i++) {
        LK_TRY(copy_image(args, &set, chosen ? (size_t)args->problems.value[i] : i,
                          out->value + i * out->pixels, err));
    }
out:
    lk_data_set_release(&set);
    return st;
}

static int on_epoch(void *context, size_t epoch, double loss)
{
    char note[48];

    snprintf(note, sizeof note, "loss %.2f", loss);
    lk_progress_update(context, epoch, note);
    return lk_stop_signal();
}

static lk_status check_args(const train_args *args, lk_error *err)
{
    if (args->images > 0 && args->problems.count > 0) {
        return LK_FAIL(err, LK_E_ARG, "--images and --problems exclude each other");
    }
    if (args->hidden.count > 8) {
        return LK_FAIL(err, LK_E_ARG, "--hidden: %zu layers are more than 8",
                       args->hidden.count);
    }
    if (!args->force && access(args->common.output, F_OK) == 0) {
        return LK_FAIL(err, LK_E_ARG, "%s is there already; --force replaces it",
                       args->common.output);
    }
    if (lk_file_same(args->common.output, args->data)) {
        return LK_FAIL(err, LK_E_ARG, "%s is the data itself", args->common.output);
    }
    return lk_output_check(args->common.output, err);
}

static lk_train_options training_options(const train_args *args, lk_progress_bar *bar)
{
    lk_train_options o = lk_train_defaults();

    o.hidden_layers = args->hidden.count;
    for (size_t i = 0; i < args->hidden.count; i++) {
        o.hidden[i] = (size_t)args->hidden.value[i];
    }
    o.latent = (size_t)args->latent;
    o.activation = (lk_activation)args->activation;
    o.epochs = (size_t)args->epochs;
    o.batch = (size_t)args->batch;
    o.learning_rate = args->learning_rate;
    o.temperature = args->temperature;
    o.seed = args->common.seed;
    o.threads = lk_common_threads(&args->common);
    o.on_epoch = on_epoch;
    o.context = bar;
    return o;
}

/* What made the model, as JSON; NULL where memory is out.  Neither paths nor threads, for
 * the same training elsewhere shall give the same file. */
static char *make_note(const lk_train_options *o, size_t images, double loss)
{
    json_t *hidden = json_array();
    json_t *note = NULL;
    char *text = NULL;

    for (size_t i = 0; i < o->hidden_layers; i++) {
        json_array_append_new(hidden, json_integer((json_int_t)o->hidden[i]));
    }
    note = json_pack("{s:s, s:I, s:o, s:I, s:s, s:I, s:I, s:f, s:f, s:o, s:f}", "build",
                     lk_build_id(), "images", (json_int_t)images, "hidden", hidden,
                     "latent", (json_int_t)o->latent, "activation",
                     lk_activation_name(o->activation), "epochs", (json_int_t)o->epochs,
                     "batch", (json_int_t)o->batch, "learning_rate", o->learning_rate,
                     "temperature", o->temperature, "seed",
                     json_sprintf("%llu", (unsigned long long)o->seed), "loss", loss);
    text =
        note == NULL ? NULL : json_dumps(note, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(note);
    return text;
}

static lk_status print_outcome(const train_args *args, const lk_model *model,
                               size_t images, double loss, lk_error *err)
{
    lk_facts facts = {0};
    char text[LK_FACT_TEXT];

    lk_mlp_describe(&model->decoder, text, sizeof text);
    lk_facts_text(&facts, "model", "%s", args->common.output);
    lk_facts_text(&facts, "decoder", "%s", text);
    lk_facts_count(&facts, "images", images);
    lk_facts_count(&facts, "epochs", args->epochs);
    lk_facts_real(&facts, "loss", loss);
    return lk_facts_print(&facts, stdout, args->common.format, "train vae", err);
}

static lk_status run(void *data, lk_error *err)
{
    train_args *args = data;
    training_set set = {0};
    lk_progress_bar bar = {0};
    lk_model model = {0};
    lk_train_options o = {0};
    char *note = NULL;
    double loss = 0.0;
    lk_status st = LK_OK;

    LK_TRY(check_args(args, err));
    LK_TRY(read_images(args, &set, err));
    o = training_options(args, &bar);
    lk_stop_catch();
    lk_progress_start(&bar, lk_common_progress(&args->common), "training", "epochs", 0,
                      args->epochs);
    st = lk_train_vae(set.value, set.count, set.pixels, &o, &model, &loss, err);
    lk_progress_end(&bar);
    if (st == LK_E_STOPPED) {
        st = LK_FAIL(err, LK_E_STOPPED, "stopped; nothing was written");
    }
    if (st != LK_OK) goto out;
    note = make_note(&o, set.count, loss);
    if (note == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "the training note");
        goto out;
    }
    LK_TRY(lk_model_write(args->common.output, &model, note, err));
    st = print_outcome(args, &model, set.count, loss, err);
out:
    free(note);
    free(set.value);
    lk_model_release(&model);
    return st;
}

static const lk_example examples[] = {
    {"largek train vae --data train-images-idx3-ubyte.gz -o vae.safetensors",
     "784-400-20 on the first 400 images, 1000 epochs."},
    {"largek train vae --data images.gz -o m.safetensors --hidden 256,64 --latent 8",
     "Two hidden layers."},
    {NULL, NULL},
};

const lk_command lk_cmd_train_vae = {
    .name = "train vae",
    .summary = "train a variational autoencoder on images",
    .run = run,
    .args_bytes = sizeof(train_args),
    .syntax = {sizeof options / sizeof options[0], 0, options, NULL},
    .details =
        "Trains encoder and decoder by Adam on binary cross-entropy summed over pixels "
        "plus the Kullback-Leibler divergence, and writes both.  The same options and "
        "build give the same file, bit for bit, whatever the number of threads.\n\n"
        "SIGINT and SIGTERM stop the training; nothing is written then.",
    .example = examples,
};
