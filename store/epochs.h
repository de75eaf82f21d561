/* SPDX-License-Identifier: Apache-2.0 */
/* The server's record of each epoch: whose it is and how far its chain of operations goes. */
#ifndef STORE_EPOCHS_H
#define STORE_EPOCHS_H

#include "store/inside.h"

/* One epoch as stored. */
struct epoch_row {
    uint32_t device;
    struct chain chain;
    int64_t edit_ms; /* of its last operation */
};

/* NOTFOUND. */
NODISCARD enum err epochs_get(struct store *s, uint32_t num, struct epoch_row *out);
/* Inside a transaction. */
NODISCARD enum err epochs_set(struct store *s, uint32_t num, const struct epoch_row *row);
/* The epoch a device got after the backup this database was restored from: its operations come
 * again, from the first. NOTFOUND: it cannot be one. */
NODISCARD enum err epochs_adopt(struct store *s, uint32_t device, const struct id *staff,
                                uint32_t num);
/* A new epoch of a device, inside the caller's transaction. */
NODISCARD enum err epochs_new(struct store *s, uint32_t device, const struct id *staff,
                              uint32_t *num);

#endif
