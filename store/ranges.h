/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts of one epoch as ranges of operations: collected, read back from the store, sent. */
#ifndef STORE_RANGES_H
#define STORE_RANGES_H

#include "proto/message.h"
#include "store/store.h"

/* Ranges are struct verdict_range one after the other in a buffer; neighbours with the same
 * verdict become one. */
void ranges_add(struct buf *ranges, const struct verdict_range *next);
/* As VERDICTS frames, in reasons that a client of this schema knows. */
void ranges_send(struct buf *frames, uint32_t epoch, uint32_t schema, const struct buf *ranges);
/* Stored verdicts of (after, through], as on the first delivery. */
NODISCARD enum err ranges_stored(struct store *s, uint32_t epoch, uint64_t after,
                                 uint64_t through, struct buf *ranges);

#endif
