/* safetensors.c - the strict reader of largek/safetensors.h. */
#include "largek/safetensors.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "io/json.h"
#include "io/safetensors_parts.h"

/* What the reader's structs point into. */
typedef struct {
    json_t *root;   /* names, keys and values                   */
    uint8_t *bytes; /* the file; once aligned, the tensors only */
} parts;

/* Parses the header of a file of `total` bytes. */
static lk_status parse_header(const char *path, const uint8_t *bytes, size_t total,
                              json_t **root, size_t *header_bytes, lk_error *err)
{
    const char *header = (const char *)bytes + LK_PREFIX_BYTES;
    json_error_t why;

    if (total < LK_PREFIX_BYTES)
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s: want %d bytes of header length, found %zu", path,
                       LK_PREFIX_BYTES, total);
    const uint64_t length = lk_load_little(bytes, LK_PREFIX_BYTES);
    if (length > LK_HEADER_MOST)
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s: a header of %" PRIu64 " bytes, at most %d", path, length,
                       LK_HEADER_MOST);
    if (length > total - LK_PREFIX_BYTES)
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s: want %" PRIu64 " bytes of header, found %zu", path, length,
                       total - LK_PREFIX_BYTES);
    if (length == 0 || header[0] != '{')
        return LK_FAIL(err, LK_E_FORMAT, "%s: header does not start with '{'", path);

    *root = json_loadb(header, (size_t)length,
                       JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &why);
    if (*root == NULL && lk_json_no_memory(&why))
        return LK_FAIL(err, LK_E_MEMORY, "%s: no room for its header", path);
    if (*root == NULL)
        return LK_FAIL(err, LK_E_FORMAT, "%s: header byte %d: %s", path, why.position,
                       why.text);
    for (size_t i = (size_t)why.position; i < length; i++)
        if (header[i] != ' ')
            return LK_FAIL(err, LK_E_FORMAT,
                           "%s: header byte %zu: want a space of padding", path, i);
    *header_bytes = (size_t)length;
    return LK_OK;
}

/* The integers of a JSON array of `least` to `most` of them, none negative or real. */
static bool parse_integers(const json_t *array, size_t least, size_t most,
                           uint64_t out[], size_t *count)
{
    *count = json_array_size(array);
    if (!json_is_array(array) || *count < least || *count > most) return false;
    for (size_t i = 0; i < *count; i++) {
        const json_t *item = json_array_get(array, i);

        if (!json_is_integer(item) || json_integer_value(item) < 0) return false;
        out[i] = (uint64_t)json_integer_value(item);
    }
    return true;
}

static lk_status parse_tensor(const char *path, const char *name, const json_t *item,
                              const uint8_t *data, size_t data_bytes, lk_tensor *out,
                              lk_error *err)
{
    const char *dtype = json_string_value(json_object_get(item, "dtype"));
    uint64_t offset[2];
    size_t two, bytes;

    out->name = name;
    if (json_object_size(item) != 3 || dtype == NULL)
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s: %s: want exactly dtype, shape and data_offsets", path,
                       name);
    if (!lk_dtype_find(dtype, &out->dtype))
        return LK_FAIL(err, LK_E_FORMAT, "%s: %s: unknown dtype %.16s", path, name,
                       dtype);
    if (!parse_integers(json_object_get(item, "shape"), 0, LK_TENSOR_RANK_MAX,
                        out->shape, &out->rank))
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s: %s: shape is not at most %d integers from 0 on", path, name,
                       LK_TENSOR_RANK_MAX);
    if (!parse_integers(json_object_get(item, "data_offsets"), 2, 2, offset, &two))
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s: %s: data_offsets are not two integers from 0 on", path,
                       name);
    if (offset[0] > offset[1] || offset[1] > data_bytes)
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s: %s: bytes %" PRIu64 " to %" PRIu64 " of %zu", path, name,
                       offset[0], offset[1], data_bytes);
    if (!lk_shape_bytes(out->shape, out->rank, out->dtype, &bytes))
        return LK_FAIL(err, LK_E_FORMAT, "%s: %s: shape overflows", path, name);
    out->data = data + offset[0];
    out->bytes = (size_t)(offset[1] - offset[0]);
    if (out->bytes != bytes)
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s: %s: want %zu bytes by its shape, found %zu", path, name,
                       bytes, out->bytes);
    return LK_OK;
}

static lk_status parse_metadata(const char *path, json_t *metadata, lk_safetensors *out,
                                lk_error *err)
{
    const char *key;
    json_t *value;

    if (!json_is_object(metadata))
        return LK_FAIL(err, LK_E_FORMAT, "%s: %s is not a map", path, LK_METADATA_NAME);
    out->entry = (lk_entry *)calloc(json_object_size(metadata) + 1, sizeof *out->entry);
    if (out->entry == NULL)
        return LK_FAIL(err, LK_E_MEMORY, "%s: no room for its metadata", path);
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return LK_FAIL(err, LK_E_FORMAT, "%s: %s: %s is not a string", path,
                           LK_METADATA_NAME, key);
        out->entry[out->entries++] = (lk_entry){key, json_string_value(value)};
    }
    return LK_OK;
}

static lk_status parse_tensors(const char *path, json_t *root, const uint8_t *data,
                               size_t data_bytes, lk_safetensors *out, lk_error *err)
{
    const char *name;
    json_t *item;
    lk_status st = LK_OK;

    out->tensor = (lk_tensor *)calloc(json_object_size(root) + 1, sizeof *out->tensor);
    if (out->tensor == NULL)
        return LK_FAIL(err, LK_E_MEMORY, "%s: no room for its tensors", path);
    json_object_foreach(root, name, item)
    {
        if (strcmp(name, LK_METADATA_NAME) == 0) {
            LK_TRY(parse_metadata(path, item, out, err));
        } else {
            LK_TRY(parse_tensor(path, name, item, data, data_bytes,
                                &out->tensor[out->tensors], err));
            out->tensors++;
        }
    }

out:
    return st;
}

/* By place; of those at one place the empty ones first, they have to lie somewhere. */
static int compare_tensors(const void *a, const void *b)
{
    const lk_tensor *x = (const lk_tensor *)a, *y = (const lk_tensor *)b;
    const uint8_t *at_x = (const uint8_t *)x->data, *at_y = (const uint8_t *)y->data;

    if (at_x != at_y) return at_x < at_y ? -1 : 1;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Whether sorted tensors lie one after the other, from the first byte to the last. */
static lk_status check_cover(const char *path, const lk_safetensors *file,
                             const uint8_t *data, size_t data_bytes, lk_error *err)
{
    size_t covered = 0;

    for (size_t i = 0; i < file->tensors; i++) {
        const lk_tensor *tensor = &file->tensor[i];
        const size_t begin = (size_t)((const uint8_t *)tensor->data - data);

        if (begin != covered)
            return LK_FAIL(err, LK_E_FORMAT, "%s: %s: starts at byte %zu, %s %zu", path,
                           tensor->name, begin,
                           begin < covered ? "overlaps what ends at" : "a hole since",
                           covered);
        covered += tensor->bytes;
    }
    if (covered != data_bytes)
        return LK_FAIL(err, LK_E_FORMAT, "%s: want %zu bytes of tensors, found %zu",
                       path, covered, data_bytes);
    return LK_OK;
}

/* Moves tensors to 8-byte boundaries, so that they can be read as what they are.  They
 * only move down, over the header, which took more than 7 bytes for each of them. */
static void align_tensors(const lk_safetensors *file, uint8_t *to)
{
    for (size_t i = 0; i < file->tensors; i++) {
        lk_tensor *tensor = &file->tensor[i];

        memmove(to, tensor->data, tensor->bytes);
        tensor->data = to;
        to += (tensor->bytes + 7) / 8 * 8;
    }
}

lk_status lk_safetensors_read(const char *path, lk_safetensors *out, lk_error *err)
{
    lk_safetensors file = {0};
    parts *own = (parts *)calloc(1, sizeof *own);
    char *bytes = NULL;
    size_t total = 0, header_bytes = 0, data_bytes;
    const uint8_t *data;
    lk_status st = LK_OK;

    file.owned = own;
    if (own == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%s: no room to open it", path);
        goto out;
    }
    LK_TRY(lk_file_read(path, SIZE_MAX, &bytes, &total, err));
    own->bytes = (uint8_t *)bytes;
    LK_TRY(parse_header(path, own->bytes, total, &own->root, &header_bytes, err));
    data = own->bytes + LK_PREFIX_BYTES + header_bytes;
    data_bytes = total - LK_PREFIX_BYTES - header_bytes;
    LK_TRY(parse_tensors(path, own->root, data, data_bytes, &file, err));
    qsort(file.tensor, file.tensors, sizeof *file.tensor, compare_tensors);
    LK_TRY(check_cover(path, &file, data, data_bytes, err));
    LK_TRY(lk_digests_check(path, own->root, bytes + LK_PREFIX_BYTES, header_bytes,
                            file.tensor, file.tensors, err));
    align_tensors(&file, own->bytes);
    *out = file;
    file = (lk_safetensors){0}; /* now the caller's */

out:
    lk_safetensors_release(&file);
    return st;
}

void lk_safetensors_release(lk_safetensors *file)
{
    parts *own = (parts *)file->owned;

    if (own != NULL) { /* else the arrays are the caller's */
        free(file->tensor);
        free(file->entry);
        free(own->bytes);
        json_decref(own->root);
        free(own);
    }
    *file = (lk_safetensors){0};
}

const lk_tensor *lk_safetensors_find(const lk_safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->tensors; i++)
        if (strcmp(file->tensor[i].name, name) == 0) return &file->tensor[i];
    return NULL;
}

const char *lk_safetensors_entry(const lk_safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->entries; i++)
        if (strcmp(file->entry[i].key, key) == 0) return file->entry[i].value;
    return NULL;
}
