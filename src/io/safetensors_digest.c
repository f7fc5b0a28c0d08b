/* safetensors_digest.c - the metadata entry `xxh3`: a file that knows its own content.
 *
 * The entry is a JSON object {"<tensor>":"<16 hex>",...,"":"<16 hex>"} of XXH3-64 digests:
 * of each tensor's bytes and, under the empty name, of the header's text without the
 * entry itself.  In Python:
 *
 *     del header["__metadata__"]["xxh3"]
 *     text = json.dumps(header, separators=(",", ":"), ensure_ascii=False)
 *     xxhash.xxh3_64(text.encode()).hexdigest()
 *
 * No flipped bit goes unseen.  In the data it changes a tensor's digest.  In the header it
 * changes what is parsed, and so a digest; or nothing that is parsed (the case of a hex
 * digit in an escape), and then the text is not the one that the writer makes.
 */
#include <stdlib.h>
#include <string.h>

#include "io/json.h"
#include "io/safetensors_parts.h"

/* A copy whose values are shared; NULL for want of memory, which json_copy itself takes
 * for a reason to leave keys out. */
static json_t *copy_object(json_t *object)
{
    json_t *copy = json_copy(object);

    if (json_object_size(copy) == json_object_size(object)) return copy;
    json_decref(copy);
    return NULL;
}

/* The digest of the header without its digests entry; false for want of memory. */
static bool header_digest(json_t *root, char out[LK_DIGEST64_CHARS + 1])
{
    json_t *bare = copy_object(root);
    json_t *metadata = copy_object(json_object_get(root, LK_METADATA_NAME));
    char *text = NULL;

    if (bare != NULL && metadata != NULL) {
        json_object_del(metadata, LK_DIGESTS_KEY);
        /* Setting a key that is there keeps its place. */
        if (json_object_set(bare, LK_METADATA_NAME, metadata) == 0)
            text = lk_json_text(bare);
    }
    if (text != NULL) lk_digest64(text, strlen(text), out);
    json_decref(metadata);
    json_decref(bare);
    free(text);
    return text != NULL;
}

char *lk_digests_text(json_t *root, const lk_tensor *tensor, size_t tensors)
{
    char hex[LK_DIGEST64_CHARS + 1];
    json_t *digests = json_object();
    char *text = NULL;

    for (size_t i = 0; i < tensors; i++) {
        lk_digest64(tensor[i].data, tensor[i].bytes, hex);
        if (json_object_set_new(digests, tensor[i].name, json_string(hex)) != 0)
            goto out;
    }
    if (!header_digest(root, hex)) goto out;
    if (json_object_set_new(digests, "", json_string(hex)) != 0) goto out;
    text = lk_json_text(digests);

out:
    json_decref(digests);
    return text;
}

static lk_status no_memory(const char *path, lk_error *err)
{
    return LK_FAIL(err, LK_E_MEMORY, "%s: no room to check its digests", path);
}

/* Whether two texts differ in a single bit. */
static bool one_bit_apart(const char *a, const char *b)
{
    unsigned bits = 0;

    if (strlen(a) != strlen(b)) return false;
    for (; *a != '\0'; a++, b++)
        for (unsigned x = (unsigned char)*a ^ (unsigned char)*b; x != 0; x &= x - 1)
            bits++;
    return bits == 1;
}

/* A file whose key `xxh3` was hit would pass for one without digests. */
static lk_status check_key(const char *path, json_t *metadata, lk_error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach(metadata, key, value)
    {
        if (one_bit_apart(key, LK_DIGESTS_KEY) && *json_string_value(value) == '{')
            return LK_FAIL(err, LK_E_MISMATCH,
                           "%s: header: entry %s was %s before a bit flipped", path,
                           key, LK_DIGESTS_KEY);
    }
    return LK_OK;
}

/* Whether the header is, to the byte, the writer's. */
static lk_status check_text(const char *path, const json_t *root, const char *header,
                            size_t header_bytes, lk_error *err)
{
    char *text = lk_json_text(root);
    const size_t length = text != NULL ? strlen(text) : 0;
    lk_status st = LK_OK;

    if (text == NULL)
        st = no_memory(path, err);
    else if (length > header_bytes || header_bytes - length >= LK_HEADER_ALIGN ||
             memcmp(text, header, length) != 0)
        st = LK_FAIL(err, LK_E_MISMATCH, "%s: header: not the text it was written as",
                     path);
    free(text);
    return st;
}

static lk_status check_one(const char *path, const char *name, const char *want,
                           const char *found, lk_error *err)
{
    if (want != NULL && strcmp(want, found) == 0) return LK_OK;
    return LK_FAIL(err, LK_E_MISMATCH, "%s: %s: damaged: digest %s, want %s", path,
                   name, found, want != NULL ? want : "one, but there is none");
}

lk_status lk_digests_check(const char *path, json_t *root, const char *header,
                           size_t header_bytes, const lk_tensor *tensor, size_t tensors,
                           lk_error *err)
{
    char hex[LK_DIGEST64_CHARS + 1];
    json_t *metadata = json_object_get(root, LK_METADATA_NAME);
    const char *text = json_string_value(json_object_get(metadata, LK_DIGESTS_KEY));
    json_t *digests = NULL;
    json_error_t why;
    lk_status st = LK_OK;

    if (text == NULL) return check_key(path, metadata, err);
    digests = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    if (digests == NULL && lk_json_no_memory(&why)) {
        st = no_memory(path, err);
        goto out;
    }
    if (!json_is_object(digests) || json_object_size(digests) != tensors + 1) {
        st = LK_FAIL(err, LK_E_MISMATCH,
                     "%s: header: entry %s does not list %zu tensors", path,
                     LK_DIGESTS_KEY, tensors);
        goto out;
    }
    LK_TRY(check_text(path, root, header, header_bytes, err));
    if (!header_digest(root, hex)) {
        st = no_memory(path, err);
        goto out;
    }
    LK_TRY(check_one(path, "header", json_string_value(json_object_get(digests, "")),
                     hex, err));
    for (size_t i = 0; i < tensors; i++) {
        const char *name = tensor[i].name;

        lk_digest64(tensor[i].data, tensor[i].bytes, hex);
        LK_TRY(check_one(path, name, json_string_value(json_object_get(digests, name)),
                         hex, err));
    }

out:
    json_decref(digests);
    return st;
}
