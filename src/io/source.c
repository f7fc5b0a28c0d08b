/* source.c - the bytes of a file, unpacked where it is gzip or Zstandard. */
#include "io/source.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { PACKED_BYTES = 1 << 16, PLAIN_BYTES = 1 << 17, MAGIC_BYTES = 4 };

typedef enum { PACKING_UNKNOWN = 0, PACKING_NONE, PACKING_GZIP, PACKING_ZSTD } packing;

struct lk_source {
    FILE *file;
    char *name;
    packing packing;
    bool in_member; /* between the start and the end of a packed member */
    bool cut;       /* the file ended there                             */
    z_stream gzip;
    bool gzip_ready;
    ZSTD_DStream *zstd;
    size_t at, filled; /* of packed */
    char packed[PACKED_BYTES], plain[PLAIN_BYTES];
};

lk_status lk_source_open(const char *path, lk_source **out, lk_error *err)
{
    const bool standard = strcmp(path, "-") == 0;
    const char *name = standard ? "standard input" : path;
    const size_t name_bytes = strlen(name) + 1;
    lk_status st = LK_OK;

    lk_source *source = calloc(1, sizeof *source);
    if (source == NULL || (source->name = malloc(name_bytes)) == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "%s: no room to read it", name);
        goto out;
    }
    memcpy(source->name, name, name_bytes);
    source->file = standard ? stdin : fopen(path, "rb");
    if (source->file == NULL) {
        st = LK_FAIL(err, LK_E_IO, "%s: %s", name, strerror(errno));
        goto out;
    }
    *out = source;
    source = NULL; /* now the caller's */

out:
    lk_source_close(source);
    return st;
}

void lk_source_close(lk_source *source)
{
    if (source == NULL) return;
    if (source->gzip_ready) inflateEnd(&source->gzip);
    ZSTD_freeDStream(source->zstd);
    if (source->file != NULL && source->file != stdin)
        fclose(source->file); /* read only */
    free(source->name);
    free(source);
}

const char *lk_source_name(const lk_source *source)
{
    return source->name;
}

bool lk_source_cut(const lk_source *source)
{
    return source->cut;
}

/* Reads more packed bytes once all are used; filled stays 0 at the end of the file. */
static lk_status refill(lk_source *source, lk_error *err)
{
    if (source->at < source->filled) return LK_OK;
    source->at = 0;
    errno = 0;
    source->filled = fread(source->packed, 1, sizeof source->packed, source->file);
    if (source->filled == 0 && ferror(source->file)) {
        return LK_FAIL(err, LK_E_IO, "%s: %s", source->name, strerror(errno));
    }
    return LK_OK;
}

static packing packing_of(const char *data, size_t bytes)
{
    if (bytes >= 2 && memcmp(data, "\x1f\x8b", 2) == 0) return PACKING_GZIP;
    if (bytes >= MAGIC_BYTES && memcmp(data, "\x28\xb5\x2f\xfd", 4) == 0) {
        return PACKING_ZSTD;
    }
    return PACKING_NONE;
}

static lk_status start(lk_source *source, lk_error *err)
{
    enum { GZIP_ONLY = 16 }; /* zlib: window bits + 16 expects a gzip header */
    lk_status st = LK_OK;

    LK_TRY(refill(source, err));
    source->packing = packing_of(source->packed, source->filled);
    if (source->packing == PACKING_GZIP) {
        source->gzip_ready = inflateInit2(&source->gzip, MAX_WBITS + GZIP_ONLY) == Z_OK;
        if (!source->gzip_ready) {
            st = LK_FAIL(err, LK_E_MEMORY, "%s: no room to unpack it", source->name);
        }
    } else if (source->packing == PACKING_ZSTD) {
        source->zstd = ZSTD_createDStream();
        if (source->zstd == NULL) {
            st = LK_FAIL(err, LK_E_MEMORY, "%s: no room to unpack it", source->name);
        }
    }

out:
    return st;
}

/* One step of either library: takes from packed, adds to plain from *made on. */
static lk_status unpack_gzip(lk_source *source, size_t *made, lk_error *err)
{
    z_stream *z = &source->gzip;

    z->next_in = (Bytef *)(source->packed + source->at);
    z->avail_in = (uInt)(source->filled - source->at);
    z->next_out = (Bytef *)(source->plain + *made);
    z->avail_out = (uInt)(sizeof source->plain - *made);
    const int code = inflate(z, Z_NO_FLUSH);

    source->at = source->filled - z->avail_in;
    *made = sizeof source->plain - z->avail_out;
    source->in_member = code != Z_STREAM_END;
    if (code == Z_STREAM_END)
        inflateReset(z);
    else if (code == Z_MEM_ERROR) {
        return LK_FAIL(err, LK_E_MEMORY, "%s: no room to unpack it", source->name);
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return LK_FAIL(err, LK_E_FORMAT, "%s: damaged gzip data: %s", source->name,
                       z->msg != NULL ? z->msg : "unknown reason");
    }
    return LK_OK;
}

static lk_status unpack_zstd(lk_source *source, size_t *made, lk_error *err)
{
    ZSTD_inBuffer in = {source->packed, source->filled, source->at};
    ZSTD_outBuffer out = {source->plain, sizeof source->plain, *made};
    const size_t code = ZSTD_decompressStream(source->zstd, &out, &in);

    if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation) {
        return LK_FAIL(err, LK_E_MEMORY, "%s: no room to unpack it", source->name);
    }
    if (ZSTD_isError(code)) {
        return LK_FAIL(err, LK_E_FORMAT, "%s: damaged Zstandard data: %s", source->name,
                       ZSTD_getErrorName(code));
    }
    source->at = in.pos;
    *made = out.pos;
    source->in_member = code != 0;
    return LK_OK;
}

static lk_status unpack(lk_source *source, size_t *made, lk_error *err)
{
    lk_status st = LK_OK;

    while (*made == 0) { /* a step may eat without giving */
        LK_TRY(refill(source, err));
        if (source->filled == 0 && !source->in_member) break;

        const size_t at = source->at;
        LK_TRY(source->packing == PACKING_GZIP ? unpack_gzip(source, made, err)
                                               : unpack_zstd(source, made, err));
        if (source->at == at && *made == 0) { /* no input left, and a member open */
            source->cut = true;
            st = LK_FAIL(err, LK_E_FORMAT, "%s: packed data end too early",
                         source->name);
            goto out;
        }
    }

out:
    return st;
}

lk_status lk_source_next(lk_source *source, const char **data, size_t *bytes,
                         lk_error *err)
{
    size_t made = 0;
    lk_status st = LK_OK;

    if (source->packing == PACKING_UNKNOWN) LK_TRY(start(source, err));
    if (source->packing == PACKING_NONE) {
        LK_TRY(refill(source, err));
        *data = source->packed;
        *bytes = source->filled;
        source->at = source->filled;
    } else {
        LK_TRY(unpack(source, &made, err));
        *data = source->plain;
        *bytes = made;
    }

out:
    return st;
}
