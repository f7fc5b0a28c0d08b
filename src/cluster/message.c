/* message.c - messages between ranks. */
#include <inttypes.h>
#include <time.h>

#include "cluster/rank.h"

void lk_nap(double seconds)
{
    const struct timespec time = {.tv_sec = (time_t)seconds,
                                  .tv_nsec =
                                      (long)(1e9 * (seconds - (double)(long)seconds))};

    nanosleep(&time, NULL);
}

void lk_message_start(lk_parcel *parcel, lk_word word, uint64_t serial)
{
    *parcel = (lk_parcel){0};
    lk_parcel_put_u64(parcel, word);
    lk_parcel_put_u64(parcel, serial);
}

lk_status lk_message_send(lk_cluster *cluster, size_t to, lk_parcel *parcel,
                          lk_error *err)
{
    const lk_status st =
        parcel->bad ? LK_FAIL(err, LK_E_MEMORY, "no room for a message")
                    : cluster->transport->send(cluster->peers, to, parcel->byte,
                                               parcel->bytes, err);

    lk_parcel_release(parcel);
    return st;
}

lk_status lk_message_receive(lk_cluster *cluster, lk_message *out, bool *got,
                             lk_error *err)
{
    void *byte = NULL;
    size_t bytes = 0;
    lk_status st = LK_OK;

    *out = (lk_message){0};
    *got = false;
    st = cluster->transport->receive(cluster->peers, &out->from, &byte, &bytes, err);
    if (st != LK_OK || byte == NULL) return st;
    out->parcel = (lk_parcel){.byte = byte, .bytes = bytes, .room = bytes};
    out->word = (lk_word)lk_parcel_take_u64(&out->parcel);
    out->serial = lk_parcel_take_u64(&out->parcel);
    *got = true;
    return LK_OK;
}

void lk_message_put_status(lk_parcel *parcel, lk_status status, const lk_error *why)
{
    lk_parcel_put_u64(parcel, status);
    lk_parcel_put_text(parcel, status == LK_OK ? "" : why->text);
}

lk_status lk_message_take_status(lk_message *message, const char *host, lk_error *err)
{
    const uint64_t status = lk_parcel_take_u64(&message->parcel);
    char text[sizeof err->text];

    lk_parcel_take_text(&message->parcel, text, sizeof text);
    if (message->parcel.bad || status > LK_E_INTERNAL) {
        return LK_FAIL(err, LK_E_INTERNAL, "rank %zu sent what nobody understands",
                       message->from);
    }
    if (status == LK_OK) return LK_OK;
    if (message->from == 0) return LK_FAIL(err, (lk_status)status, "%s", text);
    return LK_FAIL(err, (lk_status)status, "rank %zu on %s: %.380s", message->from,
                   host, text);
}
