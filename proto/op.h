/* SPDX-License-Identifier: Apache-2.0 */
/* An operation and its changes: what one saved transaction did, as it travels and as it is
 * kept. */
#ifndef PROTO_OP_H
#define PROTO_OP_H

#include "proto/hlc.h"
#include "proto/id.h"
#include "proto/pack.h"

/* An operation always fits one page and one frame, so that neither ever splits one. */
enum { OP_BYTES_MAX = 384 * 1024, OP_CHANGES_MAX = 1000, OP_BATCH_CHANGES = 500 };

/* MessagePack array of 8: op_no, prev_hash, hlc, wall_ms, seen, form, actor, changes. */
struct op_head {
    uint64_t op_no;     /* 1, 2, 3 … within one epoch */
    uint64_t prev_hash; /* rolling hash of the operation before; 0 for the first of an epoch */
    hlc_t hlc;          /* stamp of every version this operation writes */
    int64_t
        wall_ms; /* the device's clock when it was saved: evidence, translated by the server */
    uint64_t seen;    /* pulled_through when it was saved: what the author could know */
    uint32_t form;    /* schema version it was made with */
    struct id actor;  /* staff member */
    uint32_t changes; /* number of changes that follow */
};

/* insert: array of 3 + 2k: 0, table, id, then k times field, value (empty fields are left out).
 * update: array of 3 + 5k: 1, table, id, then k times field, base hlc, base origin, before,
 * after. */
enum change_kind { CHANGE_INSERT = 0, CHANGE_UPDATE = 1 };
struct change {
    enum change_kind kind;
    uint16_t table;
    struct id row;
    uint32_t fields; /* how many follow */
};

/* A change of no table's row: a person closed a refused operation, which op_closing_id names.
 * An update of OP_CLOSING_STATE (text, "resubmitted" or "discarded") and OP_CLOSING_NOTE (text
 * or nil), bases 0. */
enum { OP_CLOSING_TABLE = 1001, OP_CLOSING_STATE = 1, OP_CLOSING_NOTE = 2 };
struct id op_closing_id(uint32_t epoch, uint64_t op_no);
/* false when the id names no operation. */
bool op_closing_of(const struct id *id, uint32_t *epoch, uint64_t *op_no);

/* Write an operation: op_begin, then for each change change_begin and its fields, then op_end.
 */
struct op_writer {
    struct buf body;  /* encoded changes */
    uint32_t changes; /* written so far */
};
void op_writer_init(struct op_writer *w);
void op_writer_done(struct op_writer *w);
void op_writer_clear(struct op_writer *w);
void change_begin_insert(struct op_writer *w, uint16_t table, const struct id *row,
                         uint32_t fields);
void change_begin_update(struct op_writer *w, uint16_t table, const struct id *row,
                         uint32_t fields);
/* Then per field of an insert: pack_int(field) and value_pack; of an update: this and two
 * values. */
void change_field_base(struct op_writer *w, uint16_t field, struct stamp base);
/* Append the whole operation to `out`. head->changes is taken from the writer. NOMEM; LIMIT, or
 * FORMAT for values op_read would not take: one that no peer can read would block all behind
 * it. On error `out` keeps its length. */
NODISCARD enum err op_write(const struct op_head *head, const struct op_writer *w,
                            struct buf *out);

/* Pre-check one operation at the front of `bytes` and read its head; the cursor is left at the
 * first change. Sets *used to the operation's length. FORMAT or LIMIT. */
NODISCARD enum err op_read(struct str bytes, struct op_head *head, struct cur *changes,
                           size_t *used);
/* The same for one whole operation that op_read has accepted, without walking it again. */
NODISCARD enum err op_read_again(struct str op, struct op_head *head, struct cur *changes);
/* Next change's head; its fields follow in the cursor. cur->bad on malformed bytes. */
struct change op_change(struct cur *cur);
/* One update field's head; before and after follow. */
struct stamp op_field_base(struct cur *cur, uint16_t *field);
/* Move past a change's fields that nobody reads. */
void op_skip_fields(const struct change *change, struct cur *cur);
/* Rolling hash after this operation. */
uint64_t op_hash(uint64_t prev_hash, struct str op);

/* What became of an operation; stored, and returned unchanged on redelivery. */
enum verdict {
    VERDICT_APPLIED = 1, /* every change as sent */
    VERDICT_MERGED,      /* some field ended otherwise, nothing lost */
    VERDICT_CONFLICT,    /* at least one conflict waits for a person */
    VERDICT_REFUSED,     /* nothing applied; the operation is in quarantine with its reason */
};
/* Why an operation was refused: stable words for --json, texts in the catalogues. */
#define REASON_LIST(X)                                                                         \
    X(NONE, "none")                                                                            \
    X(RIGHTS, "rights")                                                                        \
    X(INVALID, "invalid")                                                                      \
    X(FROZEN, "frozen")                                                                        \
    X(MISSING, "missing_row")                                                                  \
    X(DEPENDS, "depends_on_refused")                                                           \
    X(UNKNOWN, "unknown_table")                                                                \
    X(SCOPE, "scope")                                                                          \
    X(MASS, "mass_change")                                                                     \
    X(CONSENT, "consent")                                                                      \
    X(ERASED, "erased")
enum reason {
#define X(name, word) REASON_##name,
    REASON_LIST(X)
#undef X
        REASON_COUNT
};
const char *reason_word(enum reason reason);
/* The same in plain words, French and untranslated. Never NULL. */
const char *reason_text(enum reason reason);
const char *verdict_word(enum verdict verdict);

#endif
