/* SPDX-License-Identifier: Apache-2.0 */
/* The one door for local changes: validate, stamp, write rows and operations in one
 * transaction. */
#ifndef STORE_EDIT_H
#define STORE_EDIT_H

#include "store/rows.h"

/* One transaction of a person (or of jalonctl on the server). On a replica each save makes one
 * outbox operation; a long batch is cut into operations of OP_BATCH_CHANGES changes within the
 * same transaction. On the server the operations are judged at once with the server's own
 * rights. */
struct edit;

struct edit_value {
    const struct field *field; /* of the table; NULL = FIELD_DELETED */
    struct value value;
};

/* Begin. REFUSED when the replica is not enrolled. */
NODISCARD enum err edit_open(struct store *s, struct edit **out, struct note *why);
/* Make a row. Fields left out are empty, or the author's structure where the schema says so.
 * The id is derived or new; *id tells. INVALID, NOTFOUND (a reference to no row), REFUSED
 * (roles do not allow this table: told early, the server judges anyway), EXISTS (a derived id
 * that is there: *id tells it too). `why` names the field, never the value. After an error
 * nothing of this call remains. */
NODISCARD enum err edit_insert(struct edit *edit, const struct table *table,
                               const struct edit_value *values, size_t count, struct id *id,
                               struct note *why);
/* As edit_insert with an id from outside (an export read back). EXISTS when it is there. */
NODISCARD enum err edit_insert_as(struct edit *edit, const struct table *table,
                                  const struct id *given, const struct edit_value *values,
                                  size_t count, struct note *why);
/* Change fields of a live row; values equal to the present ones are left out. All fields of a
 * group travel together. FROZEN, INVALID, NOTFOUND, REFUSED. */
NODISCARD enum err edit_update(struct edit *edit, const struct table *table,
                               const struct id *id, const struct edit_value *values,
                               size_t count, struct note *why);
/* Delete or bring back. */
NODISCARD enum err edit_delete(struct edit *edit, const struct table *table,
                               const struct id *id, bool deleted, struct note *why);
/* Tell that a person closed a refused operation (quarantine.h): word as quarantine_word, `note`
 * why, or empty. An operation of its own: it stands whatever becomes of what was saved before
 * it. On a replica the caller closes it in the quarantine. */
NODISCARD enum err edit_closing(struct edit *edit, uint32_t epoch, uint64_t op_no,
                                const char *word, struct str note);
/* Rows of logged tables may be made from here on: the program takes down what a person did. */
void edit_recording(struct edit *edit);
/* On the server: changes from here on are this person's, whom jalonctl acts for. The null id:
 * the program's again. */
void edit_for(struct edit *edit, const struct id *staff);
/* What is written from here to the commit is one operation, also on the server: all of it is
 * taken, or nothing. LIMIT, from the edit or its commit, when that is more than one holds. */
void edit_whole(struct edit *edit);
/* Rows written so far. */
uint64_t edit_count(const struct edit *edit);
/* Save durably; frees the edit whatever happens. */
NODISCARD enum err edit_commit(struct edit *edit, struct note *why);
/* Forget everything since edit_open; frees. NULL is fine. */
void edit_abort(struct edit *edit);

/* Decide a conflict by an ordinary edit, one operation: the decision, and the values that
 * follow from it. The present value stays, the other is taken, or `value` (text as value_parse
 * takes it; only for conflicts of one field); `mix` then replaces single fields of the
 * conflict. Of a row that an edit brought back, the other is its deletion. Of a decision that
 * two people made differently, the one chosen is carried out. */
enum edit_decision { EDIT_KEEP_CURRENT, EDIT_TAKE_OTHER, EDIT_OWN_VALUE };
struct edit_choice {
    enum edit_decision decision;
    struct str value;             /* EDIT_OWN_VALUE */
    const struct edit_value *mix; /* of fields the conflict is about */
    size_t mix_count;
    struct str reason;
    bool again; /* decide anew what was decided: current is then what was shown at first */
};
/* NOTFOUND: no such conflict, or its row is not here or deleted; EXISTS: decided, without
 * `again`; REFUSED: another role decides, `why` names it; FROZEN: the row is locked, only the
 * present value can be kept; INVALID. */
NODISCARD enum err edit_decide(struct store *s, const struct id *conflict,
                               const struct edit_choice *choice, struct note *why);
NODISCARD enum err edit_resolve(struct store *s, const struct id *conflict,
                                enum edit_decision decision, struct str value,
                                struct str reason, struct note *why);
/* What follows are the values of a decision about this row: a field set once may be set anew.
 * NULL: not any more. The server checks who decides. */
void edit_deciding(struct edit *edit, const struct id *row);

#endif
