/* office.c - mail between threads. */
#include "support/office.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct letter {
    struct letter *next;
    size_t from, bytes;
    char *byte;
} letter;

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t turn;
    size_t ranks, open;
    letter *mail[OFFICE_RANKS_MAX];
    const void *shown; /* by rank 0, until all others have read it */
    size_t readers, showings;
} office;

struct lk_peers {
    office *office;
    size_t rank, seen;
};

void office_open(size_t ranks, lk_peers **peers, lk_rank_place *place)
{
    office *o = calloc(1, sizeof *o);

    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->turn, NULL);
    o->ranks = o->open = ranks;
    for (size_t r = 0; r < ranks; r++) {
        peers[r] = calloc(1, sizeof **peers);
        *peers[r] = (lk_peers){.office = o, .rank = r};
        place[r] = (lk_rank_place){
            .rank = r, .ranks = ranks, .local_rank = r, .local_ranks = ranks};
        snprintf(place[r].host, sizeof place[r].host, "desk%zu", r);
    }
}

static lk_status office_send(lk_peers *peers, size_t to, const void *message,
                             size_t bytes, lk_error *err)
{
    office *o = peers->office;
    letter *l = calloc(1, sizeof *l);
    letter **end = &o->mail[to];
    (void)err;

    *l = (letter){.from = peers->rank, .bytes = bytes, .byte = malloc(bytes)};
    memcpy(l->byte, message, bytes);
    pthread_mutex_lock(&o->lock);
    while (*end != NULL) end = &(*end)->next;
    *end = l;
    pthread_mutex_unlock(&o->lock);
    return LK_OK;
}

static lk_status office_receive(lk_peers *peers, size_t *from, void **message,
                                size_t *bytes, lk_error *err)
{
    office *o = peers->office;
    letter *l;
    (void)err;

    *message = NULL;
    pthread_mutex_lock(&o->lock);
    l = o->mail[peers->rank];
    if (l != NULL) o->mail[peers->rank] = l->next;
    pthread_mutex_unlock(&o->lock);
    if (l == NULL) return LK_OK;
    *from = l->from;
    *message = l->byte;
    *bytes = l->bytes;
    free(l);
    return LK_OK;
}

/* Rank 0 shows its bytes until all others have copied them. */
static lk_status office_broadcast(lk_peers *peers, void *data, size_t bytes,
                                  lk_error *err)
{
    office *o = peers->office;
    (void)err;

    pthread_mutex_lock(&o->lock);
    if (peers->rank == 0) {
        o->shown = data;
        o->readers = 0;
        o->showings++;
        pthread_cond_broadcast(&o->turn);
        while (o->readers < o->ranks - 1) pthread_cond_wait(&o->turn, &o->lock);
        o->shown = NULL;
    } else {
        while (o->showings == peers->seen) pthread_cond_wait(&o->turn, &o->lock);
        peers->seen++;
        memcpy(data, o->shown, bytes);
        o->readers++;
        pthread_cond_broadcast(&o->turn);
    }
    pthread_mutex_unlock(&o->lock);
    return LK_OK;
}

static void office_close(lk_peers *peers, int orderly)
{
    office *o = peers->office;
    bool last;
    (void)orderly;

    pthread_mutex_lock(&o->lock);
    last = --o->open == 0;
    pthread_mutex_unlock(&o->lock);
    free(peers);
    if (!last) return;
    for (size_t r = 0; r < o->ranks; r++) {
        while (o->mail[r] != NULL) {
            letter *l = o->mail[r];

            o->mail[r] = l->next;
            free(l->byte);
            free(l);
        }
    }
    pthread_cond_destroy(&o->turn);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

const lk_transport office_transport = {.abi = LK_TRANSPORT_ABI,
                                       .name = "an office",
                                       .send = office_send,
                                       .receive = office_receive,
                                       .broadcast = office_broadcast,
                                       .close = office_close};
