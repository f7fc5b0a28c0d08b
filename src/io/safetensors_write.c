/* safetensors_write.c - the writer of largek/safetensors.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "io/json.h"
#include "io/safetensors_parts.h"
#include "io/utf8.h"

static lk_status no_memory(const char *path, lk_error *err)
{
    return LK_FAIL(err, LK_E_MEMORY, "%s: no room for its header", path);
}

/* jansson says NULL to bad UTF-8 and to a failed allocation alike. */
static lk_status check_utf8(const char *path, const char *what, const char *text,
                            lk_error *err)
{
    const char *const end = text + strlen(text);

    for (const char *c = text; c < end;) {
        const size_t bytes = lk_utf8_bytes(c, (size_t)(end - c));

        if (bytes == 0)
            return LK_FAIL(err, LK_E_ARG, "%s: a %s that is not UTF-8", path, what);
        c += bytes;
    }
    return LK_OK;
}

/* {"dtype":"F32","shape":[400,20],"data_offsets":[0,32000]}, or NULL. */
static json_t *describe(const lk_tensor *tensor, size_t begin)
{
    json_t *shape = json_array();

    for (size_t i = 0; i < tensor->rank; i++) {
        if (json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i]))) {
            json_decref(shape);
            return NULL;
        }
    }
    return json_pack("{s:s, s:o, s:[I,I]}", "dtype", lk_dtype_name(tensor->dtype),
                     "shape", shape, "data_offsets", (json_int_t)begin,
                     (json_int_t)(begin + tensor->bytes));
}

static lk_status add_tensor(const char *path, const lk_tensor *tensor, size_t begin,
                            json_t *root, lk_error *err)
{
    size_t bytes = 0;
    lk_status st = LK_OK;

    LK_TRY(check_utf8(path, "tensor's name", tensor->name, err));
    /* The empty name is the header's among the digests. */
    if (tensor->name[0] == '\0' || strcmp(tensor->name, LK_METADATA_NAME) == 0) {
        st = LK_FAIL(err, LK_E_ARG, "%s: a tensor named '%s'", path, tensor->name);
        goto out;
    }
    if (json_object_get(root, tensor->name) != NULL) {
        st = LK_FAIL(err, LK_E_ARG, "%s: two tensors named %s", path, tensor->name);
        goto out;
    }
    if (tensor->rank > LK_TENSOR_RANK_MAX || (size_t)tensor->dtype >= LK_DTYPES ||
        !lk_shape_bytes(tensor->shape, tensor->rank, tensor->dtype, &bytes) ||
        bytes != tensor->bytes || bytes > INT64_MAX - begin) {
        st = LK_FAIL(err, LK_E_ARG, "%s: %s: %zu bytes are not its shape of %s", path,
                     tensor->name, tensor->bytes, lk_dtype_name(tensor->dtype));
        goto out;
    }
    if (json_object_set_new(root, tensor->name, describe(tensor, begin)) != 0)
        st = no_memory(path, err);

out:
    return st;
}

static lk_status add_metadata(const char *path, const lk_safetensors *file, json_t *to,
                              lk_error *err)
{
    lk_status st = LK_OK;

    for (size_t i = 0; i < file->entries; i++) {
        const lk_entry *entry = &file->entry[i];

        /* What was read from a digested file brings digests of what it was. */
        if (strcmp(entry->key, LK_DIGESTS_KEY) == 0) continue;
        LK_TRY(check_utf8(path, "metadata key", entry->key, err));
        LK_TRY(check_utf8(path, "metadata value", entry->value, err));
        if (json_object_get(to, entry->key) != NULL) {
            st = LK_FAIL(err, LK_E_ARG, "%s: two entries named %s", path, entry->key);
            goto out;
        }
        if (json_object_set_new(to, entry->key, json_string(entry->value)) != 0) {
            st = no_memory(path, err);
            goto out;
        }
    }

out:
    return st;
}

static lk_status make_header(const char *path, const lk_safetensors *file, bool digests,
                             char **text, lk_error *err)
{
    json_t *root = json_object(), *metadata = json_object();
    char *value = NULL;
    size_t begin = 0;
    lk_status st = LK_OK;

    LK_TRY(add_metadata(path, file, metadata, err));
    if (digests || json_object_size(metadata) > 0) {
        if (json_object_set(root, LK_METADATA_NAME, metadata) != 0) {
            st = no_memory(path, err);
            goto out;
        }
    }
    for (size_t i = 0; i < file->tensors; i++) {
        LK_TRY(add_tensor(path, &file->tensor[i], begin, root, err));
        begin += file->tensor[i].bytes;
    }
    if (digests) {
        value = lk_digests_text(root, file->tensor, file->tensors);
        if (value == NULL ||
            json_object_set_new(metadata, LK_DIGESTS_KEY, json_string(value)) != 0) {
            st = no_memory(path, err);
            goto out;
        }
    }
    *text = lk_json_text(root);
    if (*text == NULL) st = no_memory(path, err);

out:
    free(value);
    json_decref(metadata);
    json_decref(root);
    return st;
}

static lk_status put(FILE *stream, const char *path, const void *data, size_t bytes,
                     lk_error *err)
{
    if (bytes == 0 || fwrite(data, 1, bytes, stream) == bytes) return LK_OK;
    return LK_FAIL(err, LK_E_IO, "%s: %s", path, strerror(errno));
}

static lk_status put_header(FILE *stream, const char *path, const char *text,
                            lk_error *err)
{
    const size_t length = strlen(text);
    const size_t padding =
        (LK_HEADER_ALIGN - length % LK_HEADER_ALIGN) % LK_HEADER_ALIGN;
    uint8_t prefix[LK_PREFIX_BYTES];
    lk_status st = LK_OK;

    if (length + padding > LK_HEADER_MOST) {
        st = LK_FAIL(err, LK_E_ARG, "%s: a header of %zu bytes, at most %d", path,
                     length + padding, LK_HEADER_MOST);
        goto out;
    }
    for (size_t i = 0; i < sizeof prefix; i++)
        prefix[i] = (uint8_t)((uint64_t)(length + padding) >> 8 * i);
    LK_TRY(put(stream, path, prefix, sizeof prefix, err));
    LK_TRY(put(stream, path, text, length, err));
    LK_TRY(put(stream, path, "        ", padding, err));

out:
    return st;
}

lk_status lk_safetensors_write(const char *path, const lk_safetensors *file,
                               unsigned flags, lk_error *err)
{
    lk_atomic_file to = {0};
    char *text = NULL;
    lk_status st = LK_OK;

    LK_TRY(make_header(path, file, (flags & LK_WRITE_DIGESTS) != 0, &text, err));
    LK_TRY(lk_atomic_open(&to, path, err));
    LK_TRY(put_header(to.stream, path, text, err));
    for (size_t i = 0; i < file->tensors; i++)
        LK_TRY(put(to.stream, path, file->tensor[i].data, file->tensor[i].bytes, err));
    LK_TRY(lk_atomic_commit(&to, (flags & LK_WRITE_KEEP_PREVIOUS) != 0, err));

out:
    lk_atomic_abort(&to);
    free(text);
    return st;
}
