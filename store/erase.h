/* SPDX-License-Identifier: Apache-2.0 */
/* Erasure of a dossier on the server: who may order it, what it does, and who has carried it
 * out.
 *
 * A row of `erasure` asks; another person with another role confirms, which makes an order, in
 * the same commit. erase_due carries it out, in a transaction of its own: every row of the
 * dossier goes, with history, conflicts, feed entries and refused operations; a row of numbers
 * for statistics stays, and the ids, by which whatever comes later is known and refused. Then
 * the file is rewritten. Cut off anywhere, erase_due goes on when it is called again. */
#ifndef STORE_ERASE_H
#define STORE_ERASE_H

#include "store/judge.h"
#include "store/serve.h"

/* judge.c: may this order be asked for, or decided? Sets j->reason. row: as it will be
 * inserted, or as it is before the edits. */
NODISCARD enum err erase_check_insert(struct judge *j, const struct row *row);
NODISCARD enum err erase_check_update(struct judge *j, const struct row *row,
                                      const struct edit_field *edits, uint32_t count);
/* This dossier, here or not, is to be erased. Inside a transaction. */
NODISCARD enum err erase_order(struct store *s, const struct id *dossier, int64_t at_ms);
/* The row is as it will be: when it is confirmed, the order stands. */
NODISCARD enum err erase_settled(struct judge *j, const struct row *row);

/* erased.c: note that the row with this id goes by this order. Inside a transaction. */
NODISCARD enum err erased_add(struct store *s, const struct id *id, uint64_t no);
/* Is this the id of a row that was erased? *no: of the order, 0 = it is not. */
NODISCARD enum err erased_find(struct store *s, const struct id *id, uint64_t *no);
/* Does a row with these values refer to one? */
NODISCARD enum err erased_refers(struct store *s, const struct table *table,
                                 const struct value *values, uint64_t *no);
/* An operation without what it says of erased dossiers into `rest`, their orders (uint64_t
 * each) into `orders`; none: it says nothing of them, and `rest` is left alone. Rows it would
 * make there count as erased from now on. */
NODISCARD enum err erased_cut(struct store *s, struct str op, struct buf *rest,
                              struct buf *orders);

/* Carry out what was ordered. Between transactions; costs nothing when there is nothing to do.
 */
NODISCARD enum err erase_due(struct store *s);
/* An order known from elsewhere (a list beside a backup): it counts as ordered now. *known: it
 * was ordered here before. */
NODISCARD enum err erase_again(struct store *s, const struct id *dossier, bool *known);

/* Append ERASE, or LEAVE to a client that knows no ERASE, for what this device has not
 * confirmed and was not told in this session. */
NODISCARD enum err erase_tell(struct store *s, struct serve_session *session,
                              struct buf *frames);
/* The device has carried out orders through this one. Inside a transaction. */
NODISCARD enum err erase_acked(struct store *s, const struct serve_session *session,
                               uint64_t through);
/* An operation of this device was refused for what was erased: it holds something of it. */
NODISCARD enum err erase_again_on(struct store *s, uint32_t epoch, uint64_t no);
NODISCARD enum err erase_all_again_on(struct store *s, uint32_t epoch,
                                      const struct buf *orders);

/* For people. */
struct erase_info {
    uint64_t no;
    struct id dossier;
    int64_t at_ms, done_ms; /* done_ms 0: not carried out yet */
    uint64_t devices, acked;
};
typedef enum err erase_on_order(void *ctx, const struct erase_info *info);
NODISCARD enum err erase_orders(struct store *s, erase_on_order *on_order, void *ctx);
struct erase_device {
    uint32_t device, schema;
    struct str name;
    struct id staff;
    enum device_state state;
    int64_t seen_ms, acked_ms; /* acked_ms 0: not confirmed */
};
typedef enum err erase_on_device(void *ctx, const struct erase_device *device);
NODISCARD enum err erase_devices(struct store *s, uint64_t no, erase_on_device *on_device,
                                 void *ctx);

#endif
