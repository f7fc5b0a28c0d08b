/* status.c - the names of the status codes, and how an lk_error is filled. */
#include "largek/status.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

static const char *const names[] = {
    [LK_OK] = "ok",
    [LK_E_ARG] = "argument",
    [LK_E_MEMORY] = "memory",
    [LK_E_IO] = "i/o",
    [LK_E_FORMAT] = "format",
    [LK_E_MISMATCH] = "mismatch",
    [LK_E_NUMERIC] = "numeric",
    [LK_E_DEVICE] = "device",
    [LK_E_MISSING] = "missing",
    [LK_E_STOPPED] = "stopped",
    [LK_E_INTERNAL] = "internal",
};

const char *lk_status_name(lk_status status)
{
    const size_t i = (size_t)status;

    return i < sizeof names / sizeof names[0] ? names[i] : "unknown";
}

lk_status lk_error_set(lk_error *err, lk_status status, const char *where,
                       const char *format, ...)
{
    va_list args;

    if (err == NULL) return status;
    err->status = status;
    err->where = where;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);

    /* A name from a hostile file must not write on somebody's terminal. */
    for (char *c = err->text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
    }
    return status;
}
