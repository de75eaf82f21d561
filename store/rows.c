/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"

#include "store/inside.h"
#include "store/search.h"

#include <assert.h>
#include <stddef.h>

static enum err copy(struct arena *arena, struct str *s)
{
    if (s->n == 0)
        return ERR_OK;
    char *p = arena_copy(arena, s->p, s->n);
    if (p == NULL)
        return ERR_NOMEM;
    s->p = p;
    return ERR_OK;
}

enum err rows_read(struct stmt *stmt, const struct table *table, struct arena *arena,
                   struct row *row)
{
    row->rid = col_int(stmt, ROW_COL_RID);
    if (!col_id(stmt, ROW_COL_ID, &row->id) || !col_id(stmt, ROW_COL_BY, &row->by))
        return ERR_CORRUPT;
    row->stamp.hlc = (hlc_t)col_int(stmt, ROW_COL_HLC);
    row->stamp.origin = (uint32_t)col_int(stmt, ROW_COL_ORIGIN);
    row->adj_ms = col_int(stmt, ROW_COL_ADJ);
    row->form = (uint32_t)col_int(stmt, ROW_COL_FORM);
    row->deleted = col_int(stmt, ROW_COL_DELETED) != 0;
    row->seq = (uint64_t)col_int(stmt, ROW_COL_SEQ);
    row->scope.home = (uint32_t)col_int(stmt, ROW_COL_HOME);
    row->scope.dossier = (uint32_t)col_int(stmt, ROW_COL_DOSSIER);
    enum err err = versions_decode(col_blob(stmt, ROW_COL_VERSIONS), row->seq, &row->versions);
    row->raw = col_blob(stmt, ROW_COL_RAW);
    if (err == ERR_OK && arena != NULL)
        err = copy(arena, &row->raw);
    for (uint16_t i = 0; i < table->field_count && err == ERR_OK; i++) {
        struct value *v = &row->values[i];
        *v = col_value(stmt, ROW_COL_FIELDS + i);
        if (arena != NULL && (v->type == VALUE_TEXT || v->type == VALUE_BYTES))
            err = copy(arena, &v->s);
    }
    return err;
}

const struct value *rows_field(const struct table *table, const struct row *row, uint16_t field)
{
    int i = schema_field_index(table, field);
    must(i >= 0);
    return &row->values[i];
}

const struct value *rows_named(const struct table *table, const struct row *row,
                               const char *name)
{
    const struct field *field = schema_field_named(table, str_of(name));
    must(field != NULL);
    return &row->values[schema_field_index(table, field->id)];
}

struct row *rows_fresh(struct store *s, const struct table *table)
{
    struct row *row = s->fresh;
    memset(row, 0, offsetof(struct row, values));
    for (uint16_t i = 0; i < table->field_count; i++)
        row->values[i] = VALUE_NONE;
    row->versions.made_seq = 0;
    row->versions.count = 0;
    return row;
}

static enum err read_one(struct store *s, const struct table *table, struct stmt *stmt,
                         struct arena *arena, struct row *out)
{
    enum step step = stmt_step(stmt);
    enum err err = step == STEP_ROW ? rows_read(stmt, table, arena, out) : ERR_NOTFOUND;
    if (step == STEP_FAILED)
        err = db_error(s->db);
    stmt_reset(stmt);
    return err;
}

enum err rows_find(struct store *s, const struct table *table, const struct id *id,
                   struct arena *arena, struct row *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_row_sql(s, store_table_index(s, table), ROW_BY_ID, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, id);
    return read_one(s, table, stmt, arena, out);
}

enum err rows_at(struct store *s, const struct table *table, int64_t rid, struct arena *arena,
                 struct row *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_row_sql(s, store_table_index(s, table), ROW_BY_RID, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, rid);
    return read_one(s, table, stmt, arena, out);
}

/* Columns an update may change, and the fields. `versions` must outlive the run. */
static void bind_changing(struct stmt *stmt, const struct table *table, const struct row *row,
                          const struct buf *versions)
{
    bind_int(stmt, ROW_COL_DELETED + 1, row->deleted ? 1 : 0);
    bind_int(stmt, ROW_COL_SEQ + 1, (int64_t)row->seq);
    bind_int(stmt, ROW_COL_HOME + 1, row->scope.home);
    bind_int(stmt, ROW_COL_DOSSIER + 1, row->scope.dossier);
    if (versions->n > 0)
        bind_blob(stmt, ROW_COL_VERSIONS + 1, buf_str(versions));
    if (row->raw.n > 0)
        bind_blob(stmt, ROW_COL_RAW + 1, row->raw);
    for (uint16_t i = 0; i < table->field_count; i++) {
        if (row->values[i].type != VALUE_NULL)
            bind_value(stmt, ROW_COL_FIELDS + i + 1, &row->values[i]);
    }
}

enum err rows_insert(struct store *s, const struct table *table, struct row *row)
{
    struct stmt *stmt = NULL;
    enum err err = store_row_sql(s, store_table_index(s, table), ROW_INSERT, &stmt);
    if (err != ERR_OK)
        return err;
    struct buf versions = {0};
    versions_encode(&row->versions, &versions);
    if (versions.err == ERR_OK) {
        bind_id(stmt, ROW_COL_ID + 1, &row->id);
        bind_int(stmt, ROW_COL_HLC + 1, (int64_t)row->stamp.hlc);
        bind_int(stmt, ROW_COL_ORIGIN + 1, row->stamp.origin);
        bind_int(stmt, ROW_COL_ADJ + 1, row->adj_ms);
        bind_id(stmt, ROW_COL_BY + 1, &row->by);
        bind_int(stmt, ROW_COL_FORM + 1, row->form);
        bind_changing(stmt, table, row, &versions);
        err = stmt_run(stmt);
    } else {
        err = versions.err;
    }
    buf_done(&versions);
    if (err == ERR_OK && db_changes(s->db) == 0)
        return ERR_EXISTS;
    if (err == ERR_OK) {
        row->rid = db_last_rowid(s->db);
        err = search_made(s, table, row);
    }
    return err;
}

enum err rows_update(struct store *s, const struct table *table, const struct row *row)
{
    struct stmt *stmt = NULL;
    enum err err = search_changing(s, table, row);
    if (err == ERR_OK)
        err = store_row_sql(s, store_table_index(s, table), ROW_UPDATE, &stmt);
    if (err != ERR_OK)
        return err;
    struct buf versions = {0};
    versions_encode(&row->versions, &versions);
    if (versions.err == ERR_OK) {
        bind_int(stmt, ROW_COL_RID + 1, row->rid);
        bind_changing(stmt, table, row, &versions);
        err = stmt_run(stmt);
    } else {
        err = versions.err;
    }
    buf_done(&versions);
    return err;
}

enum err rows_restamp(struct store *s, const struct table *table, const struct row *row)
{
    struct stmt *stmt = NULL;
    enum err err = store_row_sql(s, store_table_index(s, table), ROW_RESTAMP, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, row->rid);
    bind_int(stmt, 2, (int64_t)row->stamp.hlc);
    bind_int(stmt, 3, row->stamp.origin);
    bind_id(stmt, 4, &row->by);
    bind_int(stmt, 5, row->form);
    return stmt_run(stmt);
}

enum err rows_purge(struct store *s, const struct table *table, int64_t rid)
{
    struct stmt *stmt = NULL;
    enum err err = search_purging(s, table, rid);
    if (err == ERR_OK)
        err = store_table_sql(s, "DELETE FROM", table, "WHERE _rid=?1", &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, rid);
    err = stmt_run(stmt);
    stmt_free(stmt);
    refs_forget(s);
    /* The number may be given to another row, which must not inherit this one's past. */
    if (err == ERR_OK)
        err = store_sql(s, SQL_HISTORY_DROP, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, table->id);
    bind_int(stmt, 2, rid);
    return stmt_run(stmt);
}

/* What the commit chain covers of one history record. */
void rows_history_trail(const struct history_entry *entry, uint16_t table, int64_t rid,
                        struct buf *out)
{
    pack_uint(out, entry->seq);
    pack_int(out, table);
    pack_int(out, rid);
    pack_uint(out, entry->stamp.origin);
    pack_uint(out, entry->stamp.hlc);
    pack_id(out, &entry->actor);
    pack_int(out, entry->edit_ms);
    pack_int(out, entry->recv_ms);
    pack_bin(out, entry->changes);
}

enum err rows_history_add(struct store *s, const struct table *table, int64_t rid,
                          const struct history_entry *entry)
{
    if (s->env.side == STORE_SERVER)
        rows_history_trail(entry, table->id, rid, &s->trail);
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_HISTORY_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)entry->seq);
    bind_int(stmt, 2, table->id);
    bind_int(stmt, 3, rid);
    bind_int(stmt, 4, entry->stamp.origin);
    bind_int(stmt, 5, (int64_t)entry->stamp.hlc);
    bind_id(stmt, 6, &entry->actor);
    bind_int(stmt, 7, entry->edit_ms);
    bind_int(stmt, 8, entry->recv_ms);
    bind_blob(stmt, 9, entry->changes);
    return stmt_run(stmt);
}

enum err rows_history(struct store *s, const struct table *table, int64_t rid,
                      rows_on_history *on_entry, void *ctx)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_HISTORY_OF, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, table->id);
    bind_int(stmt, 2, rid);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct history_entry entry = {.seq = (uint64_t)col_int(stmt, 0)};
        entry.stamp.origin = (uint32_t)col_int(stmt, 1);
        entry.stamp.hlc = (hlc_t)col_int(stmt, 2);
        if (!col_id(stmt, 3, &entry.actor))
            err = ERR_CORRUPT;
        entry.edit_ms = col_int(stmt, 4);
        entry.recv_ms = col_int(stmt, 5);
        entry.changes = col_blob(stmt, 6);
        if (err == ERR_OK)
            err = on_entry(ctx, &entry);
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

struct stamp row_stamp(const struct row *row, uint16_t field)
{
    const struct version *v = versions_find(&row->versions, field);
    return v == NULL ? row->stamp : v->stamp;
}

int64_t row_edit_ms(const struct row *row, uint16_t field)
{
    const struct version *v = versions_find(&row->versions, field);
    return v == NULL ? hlc_ms(row->stamp.hlc) + row->adj_ms : hlc_ms(v->stamp.hlc) + v->adj_ms;
}

static struct ref_slot *slot_of(struct store *s, const struct id *id)
{
    uint64_t h = 0;
    memcpy(&h, id->b + 8, sizeof h);
    return &s->refs[(h * 0x9e3779b97f4a7c15u) >> 52];
}
static_assert(REF_CACHE_SLOTS == 1 << 12, "slot_of takes the 12 upper bits");

void refs_forget(struct store *s)
{
    memset(s->refs, 0, REF_CACHE_SLOTS * sizeof *s->refs);
}

void rows_remember(struct store *s, const struct table *table, const struct id *id,
                   struct scope scope)
{
    *slot_of(s, id) = (struct ref_slot){.id = *id, .table = table->id, .scope = scope};
}

bool rows_recall(struct store *s, const struct table *table, const struct id *id,
                 struct scope *scope)
{
    const struct ref_slot *slot = slot_of(s, id);
    if (slot->table != table->id || !id_eq(&slot->id, id))
        return false;
    *scope = slot->scope;
    return true;
}

enum err rows_locate(struct store *s, const struct table *table, const struct id *id,
                     struct scope *scope)
{
    if (rows_recall(s, table, id, scope))
        return ERR_OK;
    struct stmt *stmt = NULL;
    enum err err = store_row_sql(s, store_table_index(s, table), ROW_PLACE, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, id);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        scope->home = (uint32_t)col_int(stmt, 0);
        scope->dossier = (uint32_t)col_int(stmt, 1);
        rows_remember(s, table, id, *scope);
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return step == STEP_ROW ? ERR_OK : ERR_NOTFOUND;
}

enum err rows_resolve(struct store *s, const struct table *table, struct str prefix,
                      struct id *out)
{
    if (id_parse(prefix, out) == ERR_OK)
        return ERR_OK;
    char low[2 * ID_BYTES];
    char high[2 * ID_BYTES];
    size_t n = 0;
    for (size_t i = 0; i < prefix.n; i++) {
        char c = prefix.p[i];
        if (c == '-')
            continue;
        bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (!digit || n == sizeof low)
            return ERR_NOTFOUND;
        low[n] = high[n] = c;
        n++;
    }
    if (n < 4)
        return ERR_NOTFOUND;
    memset(low + n, '0', sizeof low - n);
    memset(high + n, 'f', sizeof high - n);
    struct id from = {0};
    struct id to = {0};
    struct stmt *stmt = NULL;
    if (id_parse((struct str){low, sizeof low}, &from) != ERR_OK ||
        id_parse((struct str){high, sizeof high}, &to) != ERR_OK)
        return ERR_NOTFOUND;
    enum err err = store_table_sql(s, "SELECT _id FROM", table,
                                   "WHERE _id>=?1 AND _id<=?2 ORDER BY _id LIMIT 2", &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, &from);
    bind_id(stmt, 2, &to);
    struct id id = {0};
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        err = col_id(stmt, 0, &id) ? ERR_OK : ERR_CORRUPT;
        if (err == ERR_OK && stmt_step(stmt) == STEP_ROW)
            err = ERR_EXISTS;
    } else {
        err = step == STEP_DONE ? ERR_NOTFOUND : db_error(s->db);
    }
    stmt_free(stmt);
    if (err == ERR_OK)
        *out = id;
    return err;
}
