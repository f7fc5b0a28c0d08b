/* parcel.h - what travels between ranks: numbers one after the other.
 *
 * Ranks are one build on one kind of machine (the first message makes sure), so numbers
 * travel as they lie in memory.  A failure sticks: many puts or takes, one look at `bad`.
 */
#ifndef LK_CLUSTER_PARCEL_H
#define LK_CLUSTER_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* {0} is empty. */
typedef struct {
    uint8_t *byte;
    size_t bytes, room;
    size_t at; /* next to be taken                               */
    bool bad;  /* no memory while filling, or short while taking */
} lk_parcel;

void lk_parcel_release(lk_parcel *parcel);

void lk_parcel_put(lk_parcel *parcel, const void *data, size_t bytes);
void lk_parcel_put_u64(lk_parcel *parcel, uint64_t value);
void lk_parcel_put_f64(lk_parcel *parcel, double value);
void lk_parcel_put_text(lk_parcel *parcel, const char *text);

/* Where the parcel is short: zeros, and bad. */
void lk_parcel_take(lk_parcel *parcel, void *data, size_t bytes);
uint64_t lk_parcel_take_u64(lk_parcel *parcel);
double lk_parcel_take_f64(lk_parcel *parcel);
void lk_parcel_take_text(lk_parcel *parcel, char *out, size_t bytes); /* cut to fit */

/* Whether `count` pieces of `bytes` each are still to be taken. */
bool lk_parcel_holds(const lk_parcel *parcel, uint64_t count, size_t bytes);

#endif /* LK_CLUSTER_PARCEL_H */
