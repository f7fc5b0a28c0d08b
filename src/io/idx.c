/* idx.c - images in the IDX format, the one MNIST is published in. */
#include "largek/idx.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/bytes.h"

enum {
    IDX_MAGIC_IMAGES = 0x00000803, /* two zeros, type 8 (ubyte), 3 dimensions */
    IDX_HEADER_BYTES = 16,         /* the magic and three sizes, big-endian    */
    CHUNK_BYTES = 65536
};

/* What was read: all of `used` bytes or, beyond `keep`, only counted. */
typedef struct {
    uint8_t *bytes;
    size_t used, room, keep;
} growing;

/* Reads up to `want` bytes, fewer only at the end of the file; `expected` is how many the
 * file should have in all, as far as is known.  zlib's messages start with the path. */
static lk_status read_some(gzFile file, const char *path, size_t expected, uint8_t *to,
                           unsigned want, unsigned *got, lk_error *err)
{
    const int count = gzread(file, to, want);
    int code = Z_OK;
    const char *message = gzerror(file, &code);

    /* Cut gzip data is known for it before all that is left of it was handed out. */
    const bool cut = code == Z_BUF_ERROR && count >= 0 && (unsigned)count == want;
    if (code == Z_OK || code == Z_STREAM_END || cut) {
        *got = (unsigned)count;
        return LK_OK;
    }
    if (code == Z_MEM_ERROR)
        return LK_FAIL(err, LK_E_MEMORY, "%s: no room to decompress", path);
    if (code == Z_BUF_ERROR)
        return LK_FAIL(err, LK_E_FORMAT,
                       "%s: want %zu bytes, found %lld before the gzip data breaks off",
                       path, expected, (long long)gztell(file));
    return LK_FAIL(err, code == Z_ERRNO ? LK_E_IO : LK_E_FORMAT, "%s", message);
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
static lk_status read_pixels(gzFile file, const char *path, size_t bytes, growing *to,
                             lk_error *err)
{
    uint8_t chunk[CHUNK_BYTES];
    unsigned got = 0;
    size_t total = 0;
    lk_status st = LK_OK;

    do {
        LK_TRY(read_some(file, path, IDX_HEADER_BYTES + bytes, chunk, sizeof chunk,
                         &got, err));
        if (got > bytes - total) {
            st = LK_FAIL(err, LK_E_FORMAT,
                         "%s: want %zu bytes of pixels by its header, found more", path,
                         bytes);
            goto out;
        }
        LK_TRY(append(to, chunk, got, path, err));
        total += got;
    } while (got > 0);
    if (total != bytes)
        st = LK_FAIL(err, LK_E_FORMAT,
                     "%s: want %zu bytes of pixels by its header, found %zu", path,
                     bytes, total);

out:
    return st;
}

static lk_status read_header(gzFile file, const char *path, lk_images *images,
                             size_t *image_bytes, lk_error *err)
{
    uint8_t header[IDX_HEADER_BYTES];
    unsigned got = 0;
    lk_status st = LK_OK;

    LK_TRY(read_some(file, path, sizeof header, header, sizeof header, &got, err));
    if (got != sizeof header) {
        st = LK_FAIL(err, LK_E_FORMAT, "%s: want %zu bytes of IDX header, found %u",
                     path, sizeof header, got);
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
    lk_images images = {0};
    growing pixels = {0};
    size_t image_bytes = 0, keep;
    lk_status st = LK_OK;

    errno = 0;
    gzFile file = gzopen(path, "rb");
    if (file == NULL) {
        st = errno == 0 ? LK_FAIL(err, LK_E_MEMORY, "%s: no room to open it", path)
                        : LK_FAIL(err, LK_E_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    LK_TRY(read_header(file, path, &images, &image_bytes, err));
    keep = limit > 0 && limit < images.count ? limit : images.count;
    pixels.keep = keep * image_bytes;
    LK_TRY(read_pixels(file, path, images.count * image_bytes, &pixels, err));
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
    if (file != NULL) gzclose_r(file); /* read only: nothing left to lose */
    return st;
}

void lk_images_release(lk_images *images)
{
    free(images->pixels);
    *images = (lk_images){0};
}
