/* idx.c - images in the IDX format, the one MNIST is published in. */
#include "largek/idx.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "io/source.h"

enum {
    IDX_MAGIC_IMAGES = 0x00000803, /* two zeros, type 8 (ubyte), 3 dimensions */
    IDX_HEADER_BYTES = 16          /* the magic and three sizes, big-endian    */
};

/* What was read: all of `used` bytes or, beyond `keep`, only counted. */
typedef struct {
    uint8_t *bytes;
    size_t used, room, keep;
} growing;

/* A file being read; `next` are bytes that nobody has taken. */
typedef struct {
    lk_source *source;
    const char *path, *next;
    size_t left, taken;
} reader;

/* Takes up to `most` of the next bytes, none only at the end of the file; `expected` is how
 * many the file should have in all, as far as is known. */
static lk_status take(reader *r, size_t most, size_t expected, const uint8_t **bytes,
                      size_t *got, lk_error *err)
{
    if (r->left == 0) {
        const lk_status st = lk_source_next(r->source, &r->next, &r->left, err);

        if (st != LK_OK && lk_source_cut(r->source))
            return LK_FAIL(err, st,
                           "%s: want %zu bytes, found %zu before the gzip data breaks "
                           "off",
                           r->path, expected, r->taken);
        if (st != LK_OK) return st;
    }
    *got = r->left < most ? r->left : most;
    *bytes = (const uint8_t *)r->next;
    r->next += *got;
    r->left -= *got;
    r->taken += *got;
    return LK_OK;
}

static lk_status append(growing *to, const uint8_t *from, size_t count,
                        const char *path, lk_error *err)
{
    const size_t left = to->keep - to->used;
    const size_t kept = count < left ? count : left;

    if (kept > to->room - to->used) {
        const size_t twice = to->room < to->keep / 2 ? 2 * to->room : to->keep;
        const size_t room = twice > to->used + kept ? twice : to->used + kept;
        uint8_t *grown = (uint8_t *)realloc(to->bytes, room);

        if (grown == NULL)
            return LK_FAIL(err, LK_E_MEMORY, "%s: no room for %zu bytes", path, room);
        to->bytes = grown;
        to->room = room;
    }
    if (kept > 0) memcpy(to->bytes + to->used, from, kept);
    to->used += kept;
    return LK_OK;
}

/* Reads the pixels: `bytes` of them to the very end of the file. */
static lk_status read_pixels(reader *r, size_t bytes, growing *to, lk_error *err)
{
    const uint8_t *chunk = NULL;
    size_t got = 0, total = 0;
    lk_status st = LK_OK;

    do {
        LK_TRY(take(r, SIZE_MAX, IDX_HEADER_BYTES + bytes, &chunk, &got, err));
        if (got > bytes - total) {
            st = LK_FAIL(err, LK_E_FORMAT,
                         "%s: want %zu bytes of pixels by its header, found more",
                         r->path, bytes);
            goto out;
        }
        LK_TRY(append(to, chunk, got, r->path, err));
        total += got;
    } while (got > 0);
    if (total != bytes)
        st = LK_FAIL(err, LK_E_FORMAT,
                     "%s: want %zu bytes of pixels by its header, found %zu", r->path,
                     bytes, total);

out:
    return st;
}

static lk_status read_header(reader *r, lk_images *images, size_t *image_bytes,
                             lk_error *err)
{
    uint8_t header[IDX_HEADER_BYTES];
    const char *path = r->path;
    size_t used = 0, got = 0;
    lk_status st = LK_OK;

    do {
        const uint8_t *bytes = NULL;

        LK_TRY(take(r, sizeof header - used, sizeof header, &bytes, &got, err));
        memcpy(header + used, bytes, got);
        used += got;
    } while (got > 0 && used < sizeof header);
    if (used != sizeof header) {
        st = LK_FAIL(err, LK_E_FORMAT, "%s: want %zu bytes of IDX header, found %zu",
                     path, sizeof header, used);
        goto out;
    }
    const unsigned magic = (unsigned)lk_load_big(header, 4);
    if (magic != IDX_MAGIC_IMAGES) {
        st = LK_FAIL(err, LK_E_FORMAT, "%s: want IDX magic %08x, found %08x", path,
                     (unsigned)IDX_MAGIC_IMAGES, magic);
        goto out;
    }
    images->count = (size_t)lk_load_big(header + 4, 4);
    images->rows = (size_t)lk_load_big(header + 8, 4);
    images->cols = (size_t)lk_load_big(header + 12, 4);

    /* rows * cols < 2^64 always; the third factor may overflow. */
    *image_bytes = images->rows * images->cols;
    if (*image_bytes == 0 || images->count > SIZE_MAX / *image_bytes)
        st = LK_FAIL(err, LK_E_FORMAT, "%s: shape %zu x %zu x %zu", path, images->count,
                     images->rows, images->cols);

out:
    return st;
}

lk_status lk_idx_read(const char *path, size_t limit, lk_images *out, lk_error *err)
{
    reader r = {.path = path};
    lk_images images = {0};
    growing pixels = {0};
    size_t image_bytes = 0, keep;
    lk_status st = LK_OK;

    LK_TRY(lk_source_open(path, &r.source, err));
    LK_TRY(read_header(&r, &images, &image_bytes, err));
    keep = limit > 0 && limit < images.count ? limit : images.count;
    pixels.keep = keep * image_bytes;
    LK_TRY(read_pixels(&r, images.count * image_bytes, &pixels, err));
    if (limit > images.count) {
        st = LK_FAIL(err, LK_E_ARG, "%s: want %zu images, found %zu", path, limit,
                     images.count);
        goto out;
    }
    images.count = keep;
    images.pixels = pixels.bytes;
    *out = images;
    pixels.bytes = NULL; /* now the caller's */

out:
    free(pixels.bytes);
    lk_source_close(r.source);
    return st;
}

void lk_images_release(lk_images *images)
{
    free(images->pixels);
    *images = (lk_images){0};
}
