/* SPDX-License-Identifier: Apache-2.0 */
/* Refused operations, kept on both sides with their reason until a person has closed them, and
 * afterwards as a trace. */
#ifndef STORE_QUARANTINE_H
#define STORE_QUARANTINE_H

#include "proto/op.h"
#include "proto/value.h"
#include "store/store.h"

/* How a person closed it. The words travel: see quarantine_word. */
enum quarantine_state {
    QUARANTINE_OPEN = 0,
    QUARANTINE_RESUBMITTED, /* saved again, corrected or not, as another operation */
    QUARANTINE_DISCARDED,   /* given up knowingly */
};

struct quarantined {
    uint32_t epoch;
    uint64_t op_no;
    enum reason reason;
    int64_t at_ms;   /* when it was refused */
    int64_t edit_ms; /* when it was made: the device's clock, on the server translated */
    struct id actor; /* who made it */
    struct str op;   /* the operation, as op_read takes it */
    enum quarantine_state state;
    int64_t closed_ms;   /* 0 while open */
    struct id closed_by; /* null: with jalonctl */
    struct str note;     /* why it was closed */
};

/* "open", "resubmitted", "discarded". */
const char *quarantine_word(enum quarantine_state state);
/* Append what people call it: EPOCH/OPERATION. */
void quarantine_name(uint32_t epoch, uint64_t op_no, struct buf *out);

/* Oldest first, open ones only unless `closed` too; views valid during the call. */
typedef enum err quarantine_on_op(void *ctx, const struct quarantined *q);
NODISCARD enum err quarantine_list(struct store *s, bool closed, quarantine_on_op *on_op,
                                   void *ctx);
/* The same from behind this one on: a long list in pieces, which the callback ends. */
NODISCARD enum err quarantine_list_after(struct store *s, bool closed, uint32_t epoch,
                                         uint64_t op_no, quarantine_on_op *on_op, void *ctx);
/* The one a person means by EPOCH/OPERATION, or by the number of the operation alone where that
 * leaves no doubt. Its bytes live in `arena`. USAGE, NOTFOUND, EXISTS (several). */
NODISCARD enum err quarantine_find(struct store *s, struct str name, struct arena *arena,
                                   struct quarantined *out, struct note *why);

/* The changes of an operation that op_read accepted, one after the other, and the fields of
 * each that this program knows. Views point into the operation. */
struct quarantine_reader {
    uint32_t changes;          /* of the operation */
    uint32_t number;           /* of the present change, from 1 */
    struct change change;      /* the present one … */
    const struct table *table; /* … of this table; NULL: not known here */
    bool bad;                  /* malformed: nothing more comes */
    /* private */
    const struct schema *schema;
    struct cur next, fields;
    uint32_t left;
};
struct quarantined_field {
    const struct field *field; /* schema_field_deleted too */
    struct stamp base;         /* of an update: the version it was made on … */
    struct value before;       /* … and its value */
    struct value after;
};
void quarantine_read(const struct schema *schema, struct str op, struct quarantine_reader *r);
/* The next change; false at the end. */
bool quarantine_change(struct quarantine_reader *r);
/* The next field of the present change; false at its end. */
bool quarantine_field(struct quarantine_reader *r, struct quarantined_field *out);

/* Replica: has a part of it, or all, left with rows that may not be seen any more (leave.c)? */
NODISCARD enum err quarantine_is_cut(struct store *s, const struct quarantined *q, bool *out);

/* Inside a transaction: keep a refused operation and the names of its rows. It stays as it is
 * when it is there already. q->state and what follows are ignored. */
NODISCARD enum err quarantine_add(struct store *s, const struct quarantined *q);
/* Inside a transaction: of its content the rest stays, and of why it was closed nothing. */
NODISCARD enum err quarantine_cut(struct store *s, uint32_t epoch, uint64_t op_no,
                                  struct str rest);
/* Who made it. NOTFOUND. */
NODISCARD enum err quarantine_actor(struct store *s, uint32_t epoch, uint64_t op_no,
                                    struct id *out);
/* Inside a transaction: close an open one. NOTFOUND when it is not there or not open. */
NODISCARD enum err quarantine_close(struct store *s, const struct quarantined *q);
/* Was this stamp written by a refused operation? */
NODISCARD enum err quarantine_wrote(struct store *s, struct stamp stamp, bool *out);
/* The operation that wrote this stamp takes the place of what is in `op`. NOTFOUND when it is
 * not a refused one. */
NODISCARD enum err quarantine_op_of(struct store *s, struct stamp stamp, struct buf *op);
/* An open refused operation that still has a change of this row, the oldest. NOTFOUND. */
NODISCARD enum err quarantine_of_row(struct store *s, uint16_t table, const struct id *row,
                                     uint32_t *epoch, uint64_t *op_no);
/* How many live rows of the table are in open refused operations only. */
NODISCARD enum err quarantine_rows(struct store *s, const struct table *table, uint64_t *out);
/* Fill the columns that an earlier format did not have. */
NODISCARD enum err quarantine_upgrade(struct store *s);

#endif
