/* mpi.c - the plugin largek-mpi.so: ranks that reach each other through Open MPI.
 *
 * One thread calls MPI.  Waiting is left to the caller, who naps: MPI's own waiting burns
 * the processor that the draws are made on.
 */
#include <limits.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/transport.h"

/* A message on its way; a list. */
typedef struct lk_letter {
    struct lk_letter *next;
    MPI_Request request;
    char byte[];
} lk_letter;

struct lk_peers {
    lk_letter *sent;
};

enum { TAG = 1, BROADCAST_MOST = 1 << 30 };

__attribute__((visibility("default"))) const lk_transport *
lk_plugin_transport(uint32_t abi);

static lk_status failed(const char *what, int code, lk_error *err)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;

    MPI_Error_string(code, text, &length);
    return LK_FAIL(err, LK_E_DEVICE, "%s: %.300s", what, text);
}

/* Runs an MPI call; where it fails, leaves through `out:` with the status in `st`. */
#define TRY_MPI(call)                               \
    do {                                            \
        const int code_ = (call);                   \
        if (code_ != MPI_SUCCESS) {                 \
            st = failed("MPI: " #call, code_, err); \
            goto out;                               \
        }                                           \
    } while (0)

static lk_status find_place(lk_rank_place *place, lk_error *err)
{
    MPI_Comm node = MPI_COMM_NULL;
    char host[MPI_MAX_PROCESSOR_NAME] = "";
    int rank = 0, ranks = 0, local_rank = 0, local_ranks = 0, length = 0;
    lk_status st = LK_OK;

    TRY_MPI(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    TRY_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
    TRY_MPI(MPI_Comm_size(MPI_COMM_WORLD, &ranks));
    TRY_MPI(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank,
                                MPI_INFO_NULL, &node));
    TRY_MPI(MPI_Comm_rank(node, &local_rank));
    TRY_MPI(MPI_Comm_size(node, &local_ranks));
    TRY_MPI(MPI_Comm_free(&node));
    TRY_MPI(MPI_Get_processor_name(host, &length));
    *place = (lk_rank_place){.rank = (size_t)rank,
                             .ranks = (size_t)ranks,
                             .local_rank = (size_t)local_rank,
                             .local_ranks = (size_t)local_ranks};
    snprintf(place->host, sizeof place->host, "%.63s", host);

out:
    return st;
}

static lk_status peers_open(lk_peers **out, lk_rank_place *place, lk_error *err)
{
    lk_peers *peers = calloc(1, sizeof *peers);
    int level = 0;
    lk_status st = LK_OK;

    if (peers == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for MPI");
    TRY_MPI(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level));
    if (level < MPI_THREAD_FUNNELED) {
        st = LK_FAIL(err, LK_E_MISSING, "this MPI was built without threads");
        goto out;
    }
    LK_TRY(find_place(place, err));
    *out = peers;
    peers = NULL;

out:
    free(peers);
    return st;
}

/* Forgets letters that have arrived; `wait` for all to arrive. */
static lk_status sweep(lk_peers *peers, bool wait, lk_error *err)
{
    lk_letter **at = &peers->sent;
    lk_status st = LK_OK;

    while (*at != NULL) {
        lk_letter *letter = *at;
        int arrived = 1;

        if (wait) {
            TRY_MPI(MPI_Wait(&letter->request, MPI_STATUS_IGNORE));
        } else {
            TRY_MPI(MPI_Test(&letter->request, &arrived, MPI_STATUS_IGNORE));
        }
        if (arrived) {
            *at = letter->next;
            free(letter);
        } else {
            at = &letter->next;
        }
    }

out:
    return st;
}

static lk_status peers_send(lk_peers *peers, size_t to, const void *message,
                            size_t bytes, lk_error *err)
{
    lk_letter *letter = NULL;
    lk_status st = LK_OK;

    if (bytes > INT_MAX) {
        return LK_FAIL(err, LK_E_MEMORY, "a message of %zu bytes", bytes);
    }
    LK_TRY(sweep(peers, false, err));
    letter = malloc(sizeof *letter + bytes);
    if (letter == NULL) return LK_FAIL(err, LK_E_MEMORY, "no room for a message");
    memcpy(letter->byte, message, bytes);
    TRY_MPI(MPI_Isend(letter->byte, (int)bytes, MPI_BYTE, (int)to, TAG, MPI_COMM_WORLD,
                      &letter->request));
    letter->next = peers->sent;
    peers->sent = letter;
    letter = NULL;

out:
    free(letter);
    return st;
}

static lk_status peers_receive(lk_peers *peers, size_t *from, void **message,
                               size_t *bytes, lk_error *err)
{
    MPI_Message there = MPI_MESSAGE_NULL;
    MPI_Status status;
    int found = 0, count = 0;
    char *byte = NULL;
    lk_status st = LK_OK;

    *message = NULL;
    LK_TRY(sweep(peers, false, err));
    TRY_MPI(MPI_Improbe(MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &found, &there, &status));
    if (!found) return LK_OK;
    TRY_MPI(MPI_Get_count(&status, MPI_BYTE, &count));
    byte = malloc((size_t)count + 1);
    if (byte == NULL) {
        st = LK_FAIL(err, LK_E_MEMORY, "no room for a message of %d bytes", count);
        goto out;
    }
    TRY_MPI(MPI_Mrecv(byte, count, MPI_BYTE, &there, MPI_STATUS_IGNORE));
    *from = (size_t)status.MPI_SOURCE;
    *message = byte;
    *bytes = (size_t)count;
    byte = NULL;

out:
    free(byte);
    return st;
}

static lk_status peers_broadcast(lk_peers *peers, void *data, size_t bytes,
                                 lk_error *err)
{
    lk_status st = LK_OK;
    (void)peers;

    for (size_t done = 0; done < bytes;) {
        const size_t left = bytes - done;
        const int count = (int)(left < BROADCAST_MOST ? left : BROADCAST_MOST);

        TRY_MPI(MPI_Bcast((char *)data + done, count, MPI_BYTE, 0, MPI_COMM_WORLD));
        done += (size_t)count;
    }

out:
    return st;
}

static void peers_close(lk_peers *peers, int orderly)
{
    if (peers == NULL) return;
    if (orderly && sweep(peers, true, NULL) == LK_OK) MPI_Finalize();

    /* Letters that are left are still MPI's: the process ends, and the launcher, which sees
     * one that did not say goodbye, ends the job. */
    free(peers);
}

const lk_transport *lk_plugin_transport(uint32_t abi)
{
    static const lk_transport table = {
        .abi = LK_TRANSPORT_ABI,
        .name = "Open MPI " LK_STR(OMPI_MAJOR_VERSION) "." LK_STR(
            OMPI_MINOR_VERSION) "." LK_STR(OMPI_RELEASE_VERSION),
        .open = peers_open,
        .send = peers_send,
        .receive = peers_receive,
        .broadcast = peers_broadcast,
        .close = peers_close};

    return abi == LK_TRANSPORT_ABI ? &table : NULL;
}
