/* rank.h - what the files of the cluster share: its state and its words.
 *
 * A message is a word, a serial number and what the word calls for:
 *
 *     rank 0 says  OPEN   build, digest, shapes of a workload             answered
 *                  SHIP   all arrays follow by broadcast                  answered
 *                  GUARD  bands                                           answered
 *                  WORK   units, and the best scores known of their problems
 *                  CLOSE  the device
 *                  QUIT
 *     others say   ANSWER host, status, text
 *                  REPORT status, text; else notes, and rows of a tally
 *                  ALIVE  at work for a while
 *                  BYE
 *
 * The serial number of an answer or a report is that of the question or the run; what
 * comes late, after rank 0 gave something up, is known by it and dropped.
 */
#ifndef LK_CLUSTER_RANK_H
#define LK_CLUSTER_RANK_H

#include "cluster/parcel.h"
#include "cluster/transport.h"

typedef enum {
    LK_WORD_OPEN = 1,
    LK_WORD_SHIP,
    LK_WORD_GUARD,
    LK_WORD_WORK,
    LK_WORD_CLOSE,
    LK_WORD_QUIT,
    LK_WORD_ANSWER,
    LK_WORD_REPORT,
    LK_WORD_ALIVE,
    LK_WORD_BYE
} lk_word;

/* What rank 0 knows of a rank, itself included. */
typedef struct {
    unsigned in_flight; /* pieces with it                               */
    double heard_s;     /* on the clock                                 */
    double rate;        /* attempts a second of its latest piece; 0: none */
    char host[64];      /* "" before its first answer                   */
} lk_rank;

struct lk_cluster {
    const lk_transport *transport;
    lk_peers *peers;
    lk_rank_place place;
    int (*stop)(void);
    uint64_t serial;
    lk_rank *rank;     /* [ranks] */
    double patience_s; /* with a rank that is at work and says nothing */
    bool forsaken;     /* rank 0 is gone: no farewells                 */
};

/* One received message; .parcel is to be released. */
typedef struct {
    size_t from;
    lk_word word;
    uint64_t serial;
    lk_parcel parcel;
} lk_message;

void lk_message_start(lk_parcel *parcel, lk_word word, uint64_t serial);

/* Sends and releases; the parcel's own failure is one to send.
 * Errors  LK_E_MEMORY, LK_E_DEVICE */
lk_status lk_message_send(lk_cluster *cluster, size_t to, lk_parcel *parcel,
                          lk_error *err);

/* Takes a message if one has come; *got says so.
 * Errors  LK_E_DEVICE, LK_E_MEMORY */
lk_status lk_message_receive(lk_cluster *cluster, lk_message *out, bool *got,
                             lk_error *err);

/* Status and text of a failure, or LK_OK, in a message and out of it; what another rank
 * says begins with its number and host. */
void lk_message_put_status(lk_parcel *parcel, lk_status status, const lk_error *why);
lk_status lk_message_take_status(lk_message *message, const char *host, lk_error *err);

void lk_nap(double seconds);

/* A workload that came from rank 0, and all it points to. */
typedef struct {
    lk_workload work;
    lk_mlp decoder, classifier;
    uint64_t *index;
    float *mu, *scale, *target;
    double *limit;
} lk_freight;

/* The shapes of a workload in a message, and room for it.
 * Errors  LK_E_MEMORY, LK_E_INTERNAL */
void lk_freight_describe(const lk_workload *work, lk_parcel *parcel);
lk_status lk_freight_init(lk_freight *freight, lk_parcel *parcel, lk_error *err);
void lk_freight_release(lk_freight *freight);

/* Broadcasts the arrays of a workload: out of it on rank 0, into it elsewhere.
 * Errors  LK_E_DEVICE */
lk_status lk_freight_ship(lk_cluster *cluster, const lk_workload *work, lk_error *err);

/* XXH3-128 of all that a workload says.
 * Errors  LK_E_MEMORY */
lk_status lk_freight_digest(const lk_workload *work, char out[33], lk_error *err);

#endif /* LK_CLUSTER_RANK_H */
