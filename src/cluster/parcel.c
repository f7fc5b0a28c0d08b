/* parcel.c - filling and emptying parcels. */
#include "cluster/parcel.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_LEAST = 256 };

void lk_parcel_release(lk_parcel *parcel)
{
    free(parcel->byte);
    *parcel = (lk_parcel){0};
}

static bool make_room(lk_parcel *parcel, size_t bytes)
{
    size_t room = parcel->room < ROOM_LEAST ? ROOM_LEAST : parcel->room;
    uint8_t *grown;

    if (parcel->bad || bytes > SIZE_MAX / 4 - parcel->bytes) return false;
    if (parcel->room - parcel->bytes >= bytes) return true;
    while (room - parcel->bytes < bytes) room *= 2;
    grown = realloc(parcel->byte, room);
    if (grown == NULL) return false;
    parcel->byte = grown;
    parcel->room = room;
    return true;
}

void lk_parcel_put(lk_parcel *parcel, const void *data, size_t bytes)
{
    if (bytes == 0) return;
    if (!make_room(parcel, bytes)) {
        parcel->bad = true;
        return;
    }
    memcpy(parcel->byte + parcel->bytes, data, bytes);
    parcel->bytes += bytes;
}

void lk_parcel_put_u64(lk_parcel *parcel, uint64_t value)
{
    lk_parcel_put(parcel, &value, sizeof value);
}

void lk_parcel_put_f64(lk_parcel *parcel, double value)
{
    lk_parcel_put(parcel, &value, sizeof value);
}

void lk_parcel_put_text(lk_parcel *parcel, const char *text)
{
    const size_t length = strlen(text);

    lk_parcel_put_u64(parcel, length);
    lk_parcel_put(parcel, text, length);
}

bool lk_parcel_holds(const lk_parcel *parcel, uint64_t count, size_t bytes)
{
    return !parcel->bad && count <= (parcel->bytes - parcel->at) / bytes;
}

void lk_parcel_take(lk_parcel *parcel, void *data, size_t bytes)
{
    if (bytes == 0) return;
    if (!lk_parcel_holds(parcel, bytes, 1)) {
        parcel->bad = true;
        memset(data, 0, bytes);
        return;
    }
    memcpy(data, parcel->byte + parcel->at, bytes);
    parcel->at += bytes;
}

uint64_t lk_parcel_take_u64(lk_parcel *parcel)
{
    uint64_t value;

    lk_parcel_take(parcel, &value, sizeof value);
    return value;
}

double lk_parcel_take_f64(lk_parcel *parcel)
{
    double value;

    lk_parcel_take(parcel, &value, sizeof value);
    return value;
}

void lk_parcel_take_text(lk_parcel *parcel, char *out, size_t bytes)
{
    const uint64_t length = lk_parcel_take_u64(parcel);

    out[0] = '\0';
    if (!lk_parcel_holds(parcel, length, 1)) {
        parcel->bad = true;
        return;
    }
    const size_t kept = length < bytes ? (size_t)length : bytes - 1;

    memcpy(out, parcel->byte + parcel->at, kept);
    out[kept] = '\0';
    parcel->at += (size_t)length;
}
