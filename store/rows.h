/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the business tables: read one, list, write with their versions. The only code that
 * touches them. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "proto/scope.h"
#include "proto/value.h"
#include "store/store.h"
#include "store/versions.h"

/* Columns every business table starts with, before its fields. */
enum {
    ROW_COL_RID,
    ROW_COL_ID,
    ROW_COL_HLC,
    ROW_COL_ORIGIN,
    ROW_COL_ADJ,
    ROW_COL_BY,
    ROW_COL_FORM,
    ROW_COL_DELETED,
    ROW_COL_SEQ,
    ROW_COL_HOME,
    ROW_COL_DOSSIER,
    ROW_COL_VERSIONS,
    ROW_COL_RAW,
    ROW_COL_FIELDS
};

/* One row in memory. Text and bytes belong to the arena it was read with, or to whoever set
 * them. */
struct row {
    int64_t rid; /* local number, 0 = not stored yet */
    struct id id;
    struct stamp stamp; /* made by; version of every field without an exception */
    int64_t adj_ms;     /* translated edit time minus the stamp's own time */
    struct id by;       /* staff member who made it; null = the program */
    uint32_t form;      /* schema version it was made with */
    bool deleted;
    uint64_t seq;       /* server: its place in the feed */
    struct scope scope; /* server */
    struct str raw;     /* fields this program does not know: MessagePack id, value, … */
    struct value values[SCHEMA_FIELDS_MAX]; /* in the order of table->fields */
    struct versions versions;               /* last: a fresh row leaves its list as it is */
};

/* For the files of store/: the row under a statement of ddl_select; with an arena its bytes are
 * copied, else they last until the next step. */
struct stmt;
NODISCARD enum err rows_read(struct stmt *stmt, const struct table *table, struct arena *arena,
                             struct row *row);
/* The value of a field the table has, by its id or its name. */
const struct value *rows_field(const struct table *table, const struct row *row,
                               uint16_t field);
const struct value *rows_named(const struct table *table, const struct row *row,
                               const char *name);

/* The store's own scratch row, empty, for bulk work; valid until the next call of rows_fresh.
 */
struct row *rows_fresh(struct store *s, const struct table *table);
/* NOTFOUND when there is no such row (deleted rows are found). */
NODISCARD enum err rows_find(struct store *s, const struct table *table, const struct id *id,
                             struct arena *arena, struct row *out);
NODISCARD enum err rows_at(struct store *s, const struct table *table, int64_t rid,
                           struct arena *arena, struct row *out);
/* Inside a transaction. EXISTS when the id is taken. Sets row->rid. */
NODISCARD enum err rows_insert(struct store *s, const struct table *table, struct row *row);
NODISCARD enum err rows_update(struct store *s, const struct table *table,
                               const struct row *row);
/* Write who made the row (stamp, by, form), which rows_update leaves alone. */
NODISCARD enum err rows_restamp(struct store *s, const struct table *table,
                                const struct row *row);
/* Really remove it (a refused insert on a replica). */
NODISCARD enum err rows_purge(struct store *s, const struct table *table, int64_t rid);
/* Add a before-value record; `changes` is MessagePack: field, before, after, … */
struct history_entry {
    uint64_t seq;
    struct stamp stamp;
    struct id actor;
    int64_t edit_ms, recv_ms;
    struct str changes;
};
NODISCARD enum err rows_history_add(struct store *s, const struct table *table, int64_t rid,
                                    const struct history_entry *entry);
/* The bytes of one record that the server's commit chain covers. */
void rows_history_trail(const struct history_entry *entry, uint16_t table, int64_t rid,
                        struct buf *out);
/* Oldest first; the views are valid during the call. A callback's error ends the walk. */
typedef enum err rows_on_history(void *ctx, const struct history_entry *entry);
NODISCARD enum err rows_history(struct store *s, const struct table *table, int64_t rid,
                                rows_on_history *on_entry, void *ctx);

/* Version of a field: its stamp and when the edit happened (ms). */
struct stamp row_stamp(const struct row *row, uint16_t field);
int64_t row_edit_ms(const struct row *row, uint16_t field);

/* Rows of a table, live ones unless `deleted`, by creation; each filter must match exactly
 * (an empty value matches empty fields), of several of one field any. An empty TIE_MERGED field
 * also matches the first of the rows merged into one that is not here, or deleted: nothing else
 * would be shown for them. The row is valid during the call. limit 0 = all. */
struct filter {
    const struct field *field;
    struct value value;
};
typedef enum err rows_on_row(void *ctx, const struct row *row);
NODISCARD enum err rows_list(struct store *s, const struct table *table,
                             const struct filter *filters, size_t count, bool deleted,
                             uint64_t limit, rows_on_row *on_row, void *ctx);
/* The same for the rows with a local number above `after`: a long list in slices. */
NODISCARD enum err rows_list_after(struct store *s, const struct table *table,
                                   const struct filter *filters, size_t count, bool deleted,
                                   int64_t after, uint64_t limit, rows_on_row *on_row,
                                   void *ctx);
/* The live rows whose field (as in `range`) lies from..to, both included, in its order: of one
 * that lists are read by, without a look at the others. */
NODISCARD enum err rows_between(struct store *s, const struct table *table,
                                const struct field *field, int64_t from, int64_t to,
                                rows_on_row *on_row, void *ctx);
/* At most `limit` rows after a local number, deleted ones too. */
NODISCARD enum err rows_after(struct store *s, const struct table *table, int64_t after,
                              uint64_t limit, rows_on_row *on_row, void *ctx);
/* All rows of a table, deleted ones too, in the same manner. */
NODISCARD enum err rows_all(struct store *s, const struct table *table, rows_on_row *on_row,
                            void *ctx);
/* How many live rows match, and the local number after which the last `n` of them come. */
NODISCARD enum err rows_tail(struct store *s, const struct table *table,
                             const struct filter *filters, size_t count, uint64_t n,
                             uint64_t *total, int64_t *after);
/* One page of a list: the local numbers of its rows in `out`, which has room for `limit`, and
 * how many rows there are in all. */
struct range {
    const struct field *field; /* INT, DATE, TIME or INSTANT; an empty one is outside */
    bool from;                 /* not below the value, else not above */
    int64_t value;
};
struct rows_pick {
    const struct filter *filters; /* as rows_list */
    size_t count;
    const struct range *ranges;
    size_t ranges_n;
    struct str match; /* words (search_match), or empty: the index is complete then */
    bool deleted;
    bool by_title;          /* its parts in their order, … */
    const struct field *by; /* … by this field, texts as folded, empty ones last, … */
    bool descending;        /* … or NULL: by creation, up */
    uint64_t offset, limit;
};
NODISCARD enum err rows_pick(struct store *s, const struct table *table,
                             const struct rows_pick *pick, int64_t *out, size_t *n,
                             uint64_t *total);
/* How many live rows. */
NODISCARD enum err rows_count(struct store *s, const struct table *table, uint64_t *out);

/* Where the row with this id lives; answers from a small cache for bulk work. NOTFOUND. */
NODISCARD enum err rows_locate(struct store *s, const struct table *table, const struct id *id,
                               struct scope *scope);
/* Its values are about to differ, or it is new: forget or remember. */
void rows_remember(struct store *s, const struct table *table, const struct id *id,
                   struct scope scope);

/* As rows_locate, from the cache alone; false when it does not know. */
bool rows_recall(struct store *s, const struct table *table, const struct id *id,
                 struct scope *scope);

/* A row name of people: up to 32 hex digits' prefix, unique in the table. NOTFOUND, EXISTS when
 * several match. */
NODISCARD enum err rows_resolve(struct store *s, const struct table *table, struct str prefix,
                                struct id *out);

/* Fields and tables that were unknown when they arrived and are declared now take their place.
 */
NODISCARD enum err rows_unpack_unknown(struct store *s);

#endif
