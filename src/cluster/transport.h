/* transport.h - how processes of one job reach each other; largek-mpi.so is one way.
 *
 * All calls come from the thread that opened it.
 */
#ifndef LK_CLUSTER_TRANSPORT_H
#define LK_CLUSTER_TRANSPORT_H

#include <stdint.h>

#include "cluster/cluster.h"

/* Raised whenever anything here changes its layout or meaning. */
#define LK_TRANSPORT_ABI 1u

typedef struct lk_peers lk_peers; /* a transport's own */

typedef struct {
    uint32_t abi;     /* LK_TRANSPORT_ABI            */
    const char *name; /* "Open MPI 4.1.4", for people */

    /* Ownership  *out is the caller's, for `close`
     * Errors     LK_E_DEVICE, LK_E_MEMORY */
    lk_status (*open)(lk_peers **out, lk_rank_place *place, lk_error *err);

    /* Hands a message over and returns, whether or not it has arrived; messages between two
     * ranks keep their order.
     * Errors  LK_E_DEVICE, LK_E_MEMORY */
    lk_status (*send)(lk_peers *peers, size_t to, const void *message, size_t bytes,
                      lk_error *err);

    /* Takes a message if one has come; returns at once.
     * Ownership  *message is the caller's, to be freed; NULL where none has come
     * Errors     LK_E_DEVICE, LK_E_MEMORY */
    lk_status (*receive)(lk_peers *peers, size_t *from, void **message, size_t *bytes,
                         lk_error *err);

    /* Gives all ranks, which all must call this, the bytes of rank 0.
     * Errors  LK_E_DEVICE */
    lk_status (*broadcast)(lk_peers *peers, void *data, size_t bytes, lk_error *err);

    /* orderly  all ranks are known to leave now; otherwise nobody is waited for
     * NULL is fine. */
    void (*close)(lk_peers *peers, int orderly);
} lk_transport;

/* What the plugin exports: its table, or NULL where it does not speak `abi`. */
#define LK_TRANSPORT_SYMBOL "lk_plugin_transport"
typedef const lk_transport *(*lk_transport_entry)(uint32_t abi);

/* lk_cluster_join by a transport that is already open; it becomes the cluster's, which
 * closes it also on failure.
 * Errors  LK_E_MEMORY */
lk_status lk_cluster_start(const lk_transport *transport, lk_peers *peers,
                           const lk_rank_place *place, int (*stop)(void),
                           lk_cluster **out, lk_error *err);

#endif /* LK_CLUSTER_TRANSPORT_H */
