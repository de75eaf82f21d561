/* SPDX-License-Identifier: Apache-2.0 */
/* The server's side of contents: takes what is offered, gives what is asked for, each time by
 * the rights of that moment. */
#ifndef STORE_DEPOT_H
#define STORE_DEPOT_H

#include "store/serve.h"

struct depot_limits {
    uint64_t network_bytes; /* of all contents together */
    uint64_t device_bytes;  /* of those one device has brought */
};
#define DEPOT_NETWORK_BYTES (UINT64_C(20) << 30) /* unless set otherwise */
#define DEPOT_DEVICE_BYTES (UINT64_C(2) << 30)
void depot_limit(struct store *s, const struct depot_limits *limits);

/* Answer OFFER, CHUNK and WANT, each with one frame, in order; what was received is durable
 * before its answer is written. An error of the contents' own disk or database is told to the
 * client; only one of the rows is returned.
 *
 * A content is never spoken of by its hash alone: who offers one is asked for all its bytes,
 * though they may be here, unless the staff member sees another document that has it. So nobody
 * learns from the answer, or from its absence, what others have attached. */
NODISCARD enum err depot_answer(struct store *s, struct serve_session *session,
                                const struct message *requests, size_t count,
                                struct buf *frames);

#endif
