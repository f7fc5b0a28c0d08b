/* data_set.c - targets in whatever kind of file they come. */
#include "model/data_set.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "largek/safetensors.h"

enum { HEAD_BYTES = 4096, NPY_MAGIC_BYTES = 6, SAFETENSORS_LENGTH_BYTES = 8 };

/* The first bytes of a file, and a NUL. */
typedef struct {
    size_t bytes;
    char byte[HEAD_BYTES + 1];
} head;

static lk_status read_head(const char *path, head *out, lk_error *err)
{
    lk_status st = LK_OK;

    FILE *file = fopen(path, "rb");
    if (file == NULL) return LK_FAIL(err, LK_E_IO, "%s: %s", path, strerror(errno));
    out->bytes = fread(out->byte, 1, HEAD_BYTES, file);
    out->byte[out->bytes] = '\0';
    if (ferror(file)) st = LK_FAIL(err, LK_E_IO, "%s: %s", path, strerror(errno));
    fclose(file); /* read only: nothing left to lose */
    return st;
}

static bool is_npy(const head *h)
{
    return h->bytes >= NPY_MAGIC_BYTES &&
           memcmp(h->byte, "\x93NUMPY", NPY_MAGIC_BYTES) == 0;
}

/* Asked after is_npy, and before is_idx: in IDX and gzip files the ninth byte is the top
 * of a number of rows and a compression level, and never as large as a '{'. */
static bool is_safetensors(const head *h)
{
    return h->bytes > SAFETENSORS_LENGTH_BYTES &&
           h->byte[SAFETENSORS_LENGTH_BYTES] == '{';
}

static bool is_idx(const head *h)
{
    return h->bytes >= 2 && (memcmp(h->byte, "\0\0", 2) == 0 ||
                             memcmp(h->byte, "\x1f\x8b", 2) == 0 /* gzip */);
}

/* Whether a sound .npy file holds unsigned bytes, which lk_matrix does not say.  Of the
 * strings in its header ('descr', '|u1', 'fortran_order', 'shape') one can end so. */
static bool npy_holds_bytes(const head *h)
{
    /* The magic, two bytes of version, and the header's length: 2 bytes in version 1. */
    const size_t fixed = h->byte[NPY_MAGIC_BYTES] == 1 ? 10 : 12;
    const char *text = h->byte + (h->bytes < fixed ? h->bytes : fixed);
    const char *end = strchr(text, '}');
    const char *single = strstr(text, "u1'"), *twofold = strstr(text, "u1\"");

    return end != NULL &&
           ((single != NULL && single < end) || (twofold != NULL && twofold < end));
}

/* A matrix [rows][cols] of that name; a 0 takes any size. */
static lk_status read_tensor(const char *path, const lk_safetensors *file,
                             const char *name, size_t *rows, size_t *cols, float **out,
                             lk_error *err)
{
    const lk_tensor *tensor = lk_safetensors_find(file, name);
    float *floats = NULL;
    lk_status st = LK_OK;

    if (tensor == NULL) {
        st =
            LK_FAIL(err, LK_E_FORMAT, "%s: expected tensor %s, found none", path, name);
        goto out;
    }
    if (tensor->rank != 2 || tensor->bytes == 0) {
        st = LK_FAIL(err, LK_E_FORMAT,
                     "%s: %s: expected a matrix, found %zu dimensions and %zu bytes",
                     path, name, tensor->rank, tensor->bytes);
        goto out;
    }
    if ((*rows != 0 && tensor->shape[0] != *rows) ||
        (*cols != 0 && tensor->shape[1] != *cols)) {
        st = LK_FAIL(err, LK_E_FORMAT,
                     "%s: %s: expected %zu x %zu, found %" PRIu64 " x %" PRIu64, path,
                     name, *rows, *cols, tensor->shape[0], tensor->shape[1]);
        goto out;
    }
    const size_t count = (size_t)tensor->shape[0] * (size_t)tensor->shape[1];
    floats = count <= SIZE_MAX / sizeof *floats ? malloc(count * sizeof *floats) : NULL;
    if (floats == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%s: no room for %s", path, name);
        goto out;
    }
    LK_TRY(lk_tensor_floats(tensor, path, floats, err));
    *rows = (size_t)tensor->shape[0];
    *cols = (size_t)tensor->shape[1];
    *out = floats;
    floats = NULL; /* now the data set's */

out:
    free(floats);
    return st;
}

static lk_status read_tensors(const char *path, lk_data_set *set, lk_error *err)
{
    lk_safetensors file = {0};
    lk_status st = LK_OK;

    LK_TRY(lk_safetensors_read(path, &file, err));
    LK_TRY(read_tensor(path, &file, "target", &set->problems, &set->pixels,
                       &set->target, err));
    if (lk_safetensors_find(&file, "mu") == NULL &&
        lk_safetensors_find(&file, "sigma") == NULL) {
        goto out;
    }
    size_t mu = 0, rows = set->problems;
    LK_TRY(read_tensor(path, &file, "mu", &rows, &mu, &set->mu, err));
    LK_TRY(read_tensor(path, &file, "sigma", &rows, &mu, &set->sigma, err));
    set->latent = mu;
    for (size_t i = 0; i < rows * mu; i++) {
        if (set->sigma[i] >= 0.0f) continue;
        st = LK_FAIL(err, LK_E_FORMAT, "%s: sigma[%zu][%zu] is %g, expected >= 0", path,
                     i / mu, i % mu, (double)set->sigma[i]);
        goto out;
    }

out:
    lk_safetensors_release(&file);
    return st;
}

static lk_status read_matrix(const char *path, const head *h, lk_data_set *set,
                             lk_error *err)
{
    const lk_status st = lk_npy_read(path, &set->matrix, err);

    if (st != LK_OK) return st;
    set->problems = set->matrix.rows;
    set->pixels = set->matrix.cols;
    if (npy_holds_bytes(h)) set->scale = 255.0f;
    return LK_OK;
}

static lk_status read_images(const char *path, size_t limit, lk_data_set *set,
                             lk_error *err)
{
    const lk_status st = lk_idx_read(path, limit, &set->images, err);

    if (st != LK_OK) return st;
    set->problems = set->images.count;
    set->pixels = set->images.rows * set->images.cols;
    set->scale = 255.0f;
    return LK_OK;
}

lk_status lk_data_set_read(const char *path, size_t limit, lk_data_set *out,
                           lk_error *err)
{
    lk_data_set set = {.scale = 1.0f};
    head h;
    lk_status st = LK_OK;

    LK_TRY(read_head(path, &h, err));
    if (is_npy(&h)) {
        LK_TRY(read_matrix(path, &h, &set, err));
    } else if (is_safetensors(&h)) {
        LK_TRY(read_tensors(path, &set, err));
    } else if (is_idx(&h)) {
        LK_TRY(read_images(path, limit, &set, err));
    } else {
        st = LK_FAIL(err, LK_E_FORMAT,
                     "%s: expected IDX images, .npy or safetensors, found none of them",
                     path);
        goto out;
    }
    if (set.problems == 0 || set.pixels == 0) {
        st = LK_FAIL(err, LK_E_FORMAT, "%s: expected images, found %zu of %zu pixels",
                     path, set.problems, set.pixels);
        goto out;
    }
    *out = set;
    set = (lk_data_set){0}; /* now the caller's */

out:
    lk_data_set_release(&set);
    return st;
}

void lk_data_set_release(lk_data_set *set)
{
    lk_images_release(&set->images);
    lk_matrix_release(&set->matrix);
    free(set->target);
    free(set->mu);
    free(set->sigma);
    *set = (lk_data_set){0};
}

void lk_data_set_target(const lk_data_set *set, size_t problem, float *out)
{
    const size_t at = problem * set->pixels;

    for (size_t d = 0; d < set->pixels; d++) {
        const float value = set->target != NULL ? set->target[at + d]
                            : set->matrix.data != NULL
                                ? (float)set->matrix.data[at + d]
                                : (float)set->images.pixels[at + d];
        out[d] = value / set->scale;
    }
}
