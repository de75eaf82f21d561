/* SPDX-License-Identifier: Apache-2.0 */
/* The server's judgement of one change: rights, validity, scope, merge with the present row. */
#ifndef STORE_JUDGE_H
#define STORE_JUDGE_H

#include "proto/op.h"
#include "store/rows.h"

/* Who wrote an operation, as the server knows it. */
struct author {
    uint32_t origin;             /* epoch number; 0 = the server itself */
    struct id staff;             /* operations of another actor are refused */
    const struct grants *grants; /* ignored for the server itself */
    struct grants *own;          /* their copy once these operations change them: the caller's,
                                    zeroed at first; NULL for the server itself */
    bool decides;                /* the server itself: a decision (edit_deciding) */
};
/* The author holds this from here on: `grants` becomes `own`. */
NODISCARD enum err author_put(struct author *author, const struct grant *grant);

/* One operation being judged. */
struct judge {
    struct store *s;
    struct author *author;
    const struct op_head *op;
    uint64_t seq;        /* of this change; the operation's is that of its last one */
    int64_t edit_ms;     /* translated time of the edit */
    int64_t recv_ms;     /* now, by the server */
    struct arena *arena; /* lives as long as the operation */
    struct buf *history; /* scratch */
    enum verdict verdict;
    enum reason reason; /* set: the whole operation is refused */
    /* the row and field of the conflict this operation has just decided; null: none */
    struct id decided_row;
    const struct field *decided_field;
};

/* Judge one change; its fields follow in `cur`. OK also when refused (look at j->reason); an
 * error is the machine's, or FORMAT when the bytes are broken. Inside the operation's
 * savepoint. */
NODISCARD enum err judge_change(struct judge *j, const struct change *change, struct cur *cur);
/* Tell every reader again what the server holds for the rows and fields of a refused operation.
 */
NODISCARD enum err judge_retell(struct judge *j, const struct change *change, struct cur *cur);

/* judge_may.c: OK also when refused, like all of it. The whole operation is refused. */
NODISCARD enum err judge_refuse(struct judge *j, enum reason reason);
/* May the author write rows of this table and facet in this scope, or might when it was done?
 */
NODISCARD enum err judge_rights(struct judge *j, const struct table *table, struct scope scope,
                                uint8_t facet);
/* The same for a table of what people did. */
NODISCARD enum err judge_logged(struct judge *j, const struct table *table,
                                const struct row *row, uint8_t facet);
/* And may he give out this place, or this role? */
NODISCARD enum err judge_staff(struct judge *j, const struct table *table,
                               const struct value *values);
/* The author's roles there. */
uint8_t judge_roles(const struct judge *j, struct scope scope);
/* Facet of a stored row; FACET_VAULT when it can no longer be told. */
NODISCARD enum err judge_facet(struct judge *j, const struct table *table,
                               const struct row *row, uint8_t *facet);
/* Refuse for a row that should be there and is not. */
NODISCARD enum err judge_missing(struct judge *j, const struct table *table,
                                 const struct id *id);
/* A value as declared, and pointing to a row that exists? */
NODISCARD enum err judge_value(struct judge *j, const struct table *table,
                               const struct field *field, const struct id *row,
                               const struct value *v);

/* closing.c: a person has closed a refused operation of their own. */
NODISCARD enum err judge_closing(struct judge *j, const struct change *change, struct cur *cur);

/* One field of an update while it is judged. */
struct edit_field {
    int index; /* in table->fields, or -1: FIELD_DELETED or unknown here */
    uint16_t id;
    struct stamp base;
    struct value before, after;
    struct str raw; /* unknown here: the encoded value after */
};

/* settle.c: bring the fields of an update into the row, rule by rule; conflicts become rows.
 * *changed: the row must be written. */
NODISCARD enum err settle_update(struct judge *j, const struct table *table, struct row *row,
                                 const struct edit_field *edits, uint32_t count, bool *changed);
/* May this operation set a field anew that is set once? Only who decides a conflict about it.
 */
bool judge_decides(const struct judge *j, const struct row *row, const struct field *field);
/* Version of a field: written by this operation (taken), or only told again. */
void settle_taken(struct judge *j, struct row *row, uint16_t field);
void settle_retold(struct judge *j, struct row *row, uint16_t field);

/* conflict_rows.c: a conflict row beside `row`. Values are MessagePack: field, value, … */
struct conflict_case {
    const char *of_field; /* field or group name */
    struct str base, current, other;
    struct id current_by, other_by;
    int64_t current_ms, other_ms;
    uint32_t origin; /* of the value that lost */
    uint8_t decider; /* roles; 0 = whoever may write the row */
    const char *why;
};
NODISCARD enum err conflict_add(struct judge *j, const struct table *table,
                                const struct row *row, const struct conflict_case *c);
/* Who holds the device that wrote with this origin; null id for the server. */
NODISCARD enum err origin_staff(struct store *s, uint32_t origin, struct id *out);

#endif
