/* office.h - a transport between threads of one process, for tests of the cluster. */
#ifndef LK_TESTS_OFFICE_H
#define LK_TESTS_OFFICE_H

#include "cluster/transport.h"

/* Opens `ranks` <= OFFICE_RANKS_MAX peers, all on one host; the office lasts until the last
 * of them is closed. */
enum { OFFICE_RANKS_MAX = 4 };
extern const lk_transport office_transport;
void office_open(size_t ranks, lk_peers **peers, lk_rank_place *place);

#endif /* LK_TESTS_OFFICE_H */
