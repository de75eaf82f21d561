/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a row: how it was made and every change since, with when, by whom and on which
 * device. Both sides. */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "store/rows.h"

/* One save. */
struct history_moment {
    bool made;          /* the row was made; what follows are its first values */
    struct stamp stamp; /* of what it wrote */
    struct id actor;    /* null: the program */
    int64_t edit_ms;    /* when it was made: on the server translated by the device's skew, on a
                           replica as the device's clock said */
    int64_t recv_ms;  /* when the server received it; on a replica when it came here, 0 when it
                         was made here or came with the row */
    bool own;         /* replica: made on this device */
    bool pending;     /* replica: the server has not judged it */
    bool as_received; /* replica, made: the first values are those the row came with */
    uint32_t device;  /* number, 0 = the server or not known */
    struct str name;  /* server: the device's name */
};
struct history_tell {
    void *ctx;
    enum err (*on_moment)(void *ctx, const struct history_moment *moment);
    /* One field of the moment told last; of a row made, before is empty. */
    enum err (*on_change)(void *ctx, const struct field *field, const struct value *before,
                          const struct value *after);
};
/* Oldest first; only those that touch `field` when it is not NULL. Fields of a newer schema are
 * passed over. Views valid during the call; an error of a callback ends the walk. */
NODISCARD enum err history_tell(struct store *s, const struct table *table,
                                const struct row *row, const struct field *field,
                                const struct history_tell *tell);

#endif
