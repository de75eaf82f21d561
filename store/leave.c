/* SPDX-License-Identifier: Apache-2.0 */
#include "store/leave.h"

#include "proto/op.h"
#include "store/leaving.h"
#include "store/page.h"
#include "store/quarantine.h"
#include "store/referrals.h"
#include "store/replica.h"
#include "store/rows.h"
#include "store/search.h"

enum { MARKS_MIN = 256, PASSES_MAX = 8 };

/* ---- the set ---- */

static size_t place(const struct leaving *l, const struct id *id)
{
    uint64_t h = 0;
    memcpy(&h, id->b + 8, sizeof h);
    size_t at = (size_t)(h * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (l->room - 1);
    while (l->marks[at].lost != 0 && !id_eq(&l->marks[at].id, id))
        at = (at + 1) & (l->room - 1);
    return at;
}

static const struct mark *find(const struct leaving *l, const struct id *id)
{
    const struct mark *m = &l->marks[place(l, id)];
    return m->lost == 0 ? NULL : m;
}

static enum err grow(struct leaving *l)
{
    struct leaving more = {.s = l->s, .room = l->room == 0 ? MARKS_MIN : 2 * l->room};
    more.marks = mem_array(more.room, sizeof *more.marks);
    if (more.marks == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < l->room; i++)
        if (l->marks[i].lost != 0)
            more.marks[place(&more, &l->marks[i].id)] = l->marks[i];
    mem_free(l->marks);
    l->marks = more.marks;
    l->room = more.room;
    return ERR_OK;
}

enum err leaving_mark(struct leaving *l, const struct mark *m)
{
    if (2 * (l->count + 1) > l->room) {
        enum err err = grow(l);
        if (err != ERR_OK)
            return err;
    }
    struct mark *at = &l->marks[place(l, &m->id)];
    uint8_t lost = at->lost | m->lost;
    bool refused = m->refused && (at->lost == 0 || at->refused);
    if (lost == at->lost && refused == at->refused)
        return ERR_OK;
    l->count += at->lost == 0 ? 1 : 0;
    l->grown = true;
    *at = *m;
    at->lost = lost;
    at->refused = refused;
    return ERR_OK;
}

enum err leaving_begin(struct leaving *l, struct store *s)
{
    *l = (struct leaving){.s = s};
    return grow(l);
}

void leaving_done(struct leaving *l)
{
    mem_free(l->marks);
    l->marks = NULL;
}

bool leaving_goes(const struct leaving *l, const struct id *id)
{
    const struct mark *m = find(l, id);
    return m != NULL && (m->lost & m->facet) != 0;
}

bool leaving_refused(const struct leaving *l, const struct id *id)
{
    const struct mark *m = find(l, id);
    return m != NULL && m->refused;
}

/* ---- which rows ---- */

/* Rows a statement lists as id, id of the row they hang on (or nothing but their own id), and
 * what names their facet where the table leaves it to them. */
static enum err mark_listed(struct leaving *l, const struct table *table, struct stmt *stmt,
                            uint8_t lost)
{
    enum err err = ERR_OK;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct id id;
        struct id on;
        struct mark m = {.lost = lost, .facet = table->facet};
        if (!col_id(stmt, 0, &id))
            return ERR_CORRUPT;
        if (lost == 0) {
            const struct mark *parent = col_id(stmt, 1, &on) ? find(l, &on) : NULL;
            if (parent == NULL || parent->refused)
                continue;
            m.lost = parent->lost;
            if (table->facet_field != 0)
                m.facet = schema_code_facet(table, col_text(stmt, 2));
            m.facet = m.facet != 0 ? m.facet : parent->facet;
        }
        m.id = id;
        err = leaving_mark(l, &m);
    }
    return err == ERR_OK && step == STEP_FAILED ? db_error(l->s->db) : err;
}

static enum err select_rows(struct leaving *l, const struct table *table, const char *columns,
                            const char *where, struct stmt **out)
{
    struct buf sql = {0};
    buf_printf(&sql, "SELECT %s FROM t_%s %s", columns, table->name, where);
    buf_u8(&sql, 0);
    enum err err = sql.err == ERR_OK ? db_prepare(l->s->db, (const char *)sql.p, out) : sql.err;
    buf_done(&sql);
    return err;
}

static const char *name_of(const struct table *table, uint16_t field)
{
    const struct field *f = schema_field(table, field);
    must(f != NULL);
    return f->name;
}

enum err leaving_mark_by(struct leaving *l, const struct table *table, uint16_t field)
{
    struct buf columns = {0};
    struct stmt *stmt = NULL;
    buf_printf(&columns, "_id,\"%s\"", name_of(table, field));
    if (table->facet_field != 0)
        buf_printf(&columns, ",\"%s\"", name_of(table, table->facet_field));
    buf_u8(&columns, 0);
    enum err err = columns.err == ERR_OK
                       ? select_rows(l, table, (const char *)columns.p, "", &stmt)
                       : columns.err;
    buf_done(&columns);
    if (err == ERR_OK)
        err = mark_listed(l, table, stmt, 0);
    stmt_free(stmt);
    return err;
}

static enum err mark_hanging(struct leaving *l)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < l->s->env.schema->table_count && err == ERR_OK; i++) {
        const struct table *table = &l->s->env.schema->tables[i];
        if (table->scope == SCOPE_OF_REF || table->scope == SCOPE_OF_ROW)
            err = leaving_mark_by(l, table, table->scope_field);
    }
    return err;
}

/* Rows of a structure that belong to no dossier. */
static enum err mark_structure(struct leaving *l, const struct leave_scope *scope)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < l->s->env.schema->table_count && err == ERR_OK; i++) {
        const struct table *table = &l->s->env.schema->tables[i];
        struct buf where = {0};
        struct stmt *stmt = NULL;
        if (table->scope == SCOPE_STRUCTURE)
            buf_printf(&where, "WHERE \"%s\"=?1", name_of(table, table->scope_field));
        else if (table->scope == SCOPE_OF_REF && table->scope_else != 0)
            buf_printf(&where, "WHERE \"%s\" IS NULL AND \"%s\"=?1",
                       name_of(table, table->scope_field), name_of(table, table->scope_else));
        else
            continue;
        buf_u8(&where, 0);
        err = where.err == ERR_OK ? select_rows(l, table, "_id", (const char *)where.p, &stmt)
                                  : where.err;
        buf_done(&where);
        if (err == ERR_OK) {
            bind_id(stmt, 1, &scope->id);
            err = mark_listed(l, table, stmt, scope->facets);
        }
        stmt_free(stmt);
    }
    return err;
}

static enum err mark_network(struct leaving *l, uint8_t facets)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < l->s->env.schema->table_count && err == ERR_OK; i++) {
        const struct table *table = &l->s->env.schema->tables[i];
        struct stmt *stmt = NULL;
        if (table->scope != SCOPE_NETWORK)
            continue;
        err = select_rows(l, table, "_id", "", &stmt);
        if (err == ERR_OK)
            err = mark_listed(l, table, stmt, facets);
        stmt_free(stmt);
    }
    return err;
}

/* Rows of `table` that hang on one of `to` which is not here. Not what we made and the server
 * has not judged: that hung on something here, which was refused since; it is refused with it,
 * and kept. */
static enum err mark_orphans_of(struct leaving *l, const struct table *table,
                                const struct table *to)
{
    const char *on = name_of(table, table->scope_field);
    struct buf where = {0};
    struct stmt *stmt = NULL;
    buf_printf(&where,
               "WHERE \"%s\" IS NOT NULL AND NOT EXISTS(SELECT 1 FROM t_%s p WHERE "
               "p._id=t_%s.\"%s\")",
               on, to->name, table->name, on);
    if (table->scope == SCOPE_OF_ROW)
        buf_printf(&where, " AND \"%s\"='%s'", name_of(table, table->scope_table_field),
                   to->name);
    buf_u8(&where, 0);
    enum err err = where.err == ERR_OK
                       ? select_rows(l, table, "_id,_hlc,_org", (const char *)where.p, &stmt)
                       : where.err;
    buf_done(&where);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct mark m = {.lost = UINT8_MAX, .facet = UINT8_MAX};
        struct stamp made = {.hlc = (hlc_t)col_int(stmt, 1),
                             .origin = (uint32_t)col_int(stmt, 2)};
        if (!col_id(stmt, 0, &m.id))
            err = ERR_CORRUPT;
        else if (!page_is_pending(l->s, made))
            err = leaving_mark(l, &m);
    }
    stmt_free(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(l->s->db) : err;
}

/* A right may end while what it opened is being told: of a dossier, rows are here whose own
 * dossier never came. All that may be seen has come before the news of what leaves. */
static enum err mark_orphans(struct leaving *l)
{
    const struct schema *schema = l->s->env.schema;
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < schema->table_count; i++) {
        const struct table *table = &schema->tables[i];
        const struct field *on =
            table->scope == SCOPE_OF_REF ? schema_field(table, table->scope_field) : NULL;
        bool any = table->scope == SCOPE_OF_ROW;
        for (uint16_t k = 0; k < schema->table_count && err == ERR_OK; k++)
            if (any || (on != NULL && on->ref == schema->tables[k].id))
                err = mark_orphans_of(l, table, &schema->tables[k]);
    }
    return err;
}

static enum err mark_scope(struct leaving *l, const struct leave_scope *scope)
{
    switch (scope->kind) {
    case LEAVE_NETWORK:
        return mark_network(l, scope->facets);
    case LEAVE_STRUCTURE:
        return mark_structure(l, scope);
    case LEAVE_DOSSIER: {
        struct mark person = {.id = scope->id, .lost = scope->facets, .facet = FACET_FACTS};
        return leaving_mark(l, &person);
    }
    }
    return ERR_PROTOCOL;
}

/* A dossier that a refused operation would have opened from a referral which leaves: what it
 * says was taken from there. */
static enum err mark_opened(struct leaving *l, const struct id *dossier)
{
    for (size_t i = 0; i < l->room && id_is_derived(dossier); i++) {
        struct mark m = l->marks[i];
        struct id opened = referrals_dossier(&m.id);
        if (m.lost == 0 || !id_eq(&opened, dossier))
            continue;
        m = (struct mark){*dossier, m.lost, FACET_FACTS, .refused = true};
        return leaving_mark(l, &m);
    }
    return ERR_OK;
}

/* The row that a refused operation would have made, where it would hang on one that leaves. */
static enum err mark_made(struct leaving *l, struct quarantine_reader *r)
{
    const struct table *table = r->table;
    struct quarantined_field f;
    bool hangs = table != NULL && r->change.kind == CHANGE_INSERT &&
                 (table->scope == SCOPE_OF_REF || table->scope == SCOPE_OF_ROW);
    if (table != NULL && table->scope == SCOPE_PERSON && r->change.kind == CHANGE_INSERT)
        return mark_opened(l, &r->change.row);
    while (hangs && quarantine_field(r, &f)) {
        struct id on;
        if (f.field->id != table->scope_field || f.after.type != VALUE_BYTES ||
            f.after.s.n != ID_BYTES)
            continue;
        memcpy(on.b, f.after.s.p, ID_BYTES);
        const struct mark *parent = find(l, &on);
        if (parent == NULL)
            return ERR_OK;
        struct mark m = {.id = r->change.row, .lost = parent->lost, .refused = true};
        m.facet = table->facet != 0 ? table->facet : parent->facet;
        return leaving_mark(l, &m);
    }
    return ERR_OK;
}

/* What was refused is among no rows. Where a part of it goes, so does why it was closed. */
static enum err mark_refused(void *ctx, const struct quarantined *q)
{
    struct leaving *l = ctx;
    struct quarantine_reader r;
    struct mark closing = {op_closing_id(q->epoch, q->op_no), UINT8_MAX, UINT8_MAX, true};
    bool part = false;
    enum err err = ERR_OK;
    quarantine_read(l->s->env.schema, q->op, &r);
    while (err == ERR_OK && quarantine_change(&r)) {
        err = mark_made(l, &r);
        part = part || leaving_goes(l, &r.change.row);
    }
    return err == ERR_OK && part ? leaving_mark(l, &closing) : err;
}

/* Does the row of a table we do not know refer to one that goes? All such do that hang on it.
 */
bool leaving_refers(const struct leaving *l, struct str body)
{
    struct id id;
    while (pack_next_id(&body, &id))
        if (leaving_goes(l, &id) && !leaving_refused(l, &id))
            return true;
    return false;
}

/* Rows of tables we do not know go with what they refer to, and what hangs on them goes too. */
static enum err mark_unknown(struct leaving *l)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(l->s, SQL_UNKNOWN_LIST, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct mark m = {.lost = UINT8_MAX, .facet = UINT8_MAX};
        if (!col_id(stmt, 1, &m.id))
            err = ERR_CORRUPT;
        else if (leaving_refers(l, col_blob(stmt, 2)))
            err = leaving_mark(l, &m);
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(l->s->db) : err;
}

enum err leaving_spread(struct leaving *l, leaving_pass *more)
{
    enum err err = mark_orphans(l);
    l->grown = true;
    for (int pass = 0; pass < PASSES_MAX && l->grown && err == ERR_OK; pass++) {
        l->grown = false;
        err = mark_hanging(l);
        if (err == ERR_OK)
            err = mark_unknown(l);
        if (err == ERR_OK)
            err = quarantine_list(l->s, true, mark_refused, l);
        if (err == ERR_OK && more != NULL)
            err = more(l);
    }
    return err;
}

/* What the row of an insert hangs on, where that goes; NULL: it does not. */
static const struct mark *hangs_on(const struct leaving *l, const struct table *table,
                                   const struct change *change, struct cur fields)
{
    const struct mark *parent = NULL;
    for (uint32_t i = 0; i < change->fields && !fields.bad && parent == NULL; i++) {
        uint16_t field = (uint16_t)unpack_int_in(&fields, 1, UINT16_MAX);
        struct str value = unpack_any(&fields);
        struct id id;
        if (field != table->scope_field || fields.bad || !pack_next_id(&value, &id))
            continue;
        parent = find(l, &id);
    }
    return parent;
}

/* An operation may be here without the rows it made: a server that was restored tells all
 * again, and what it does not tell is removed before it says what has left. */
static enum err mark_sent(struct leaving *l, struct str op)
{
    struct op_head head;
    struct cur cur;
    enum err err = op_read_again(op, &head, &cur) == ERR_OK ? ERR_OK : ERR_CORRUPT;
    for (uint32_t i = 0; i < head.changes && err == ERR_OK; i++) {
        struct change change = op_change(&cur);
        struct cur fields = cur;
        const struct table *table = schema_table(l->s->env.schema, change.table);
        op_skip_fields(&change, &cur);
        if (cur.bad)
            return ERR_CORRUPT;
        if (change.kind != CHANGE_INSERT || table == NULL ||
            (table->scope != SCOPE_OF_REF && table->scope != SCOPE_OF_ROW))
            continue;
        const struct mark *parent = hangs_on(l, table, &change, fields);
        if (parent == NULL || parent->refused)
            continue;
        struct mark m = {.id = change.row, .lost = parent->lost};
        m.facet = table->facet != 0 ? table->facet : parent->facet;
        if (find(l, &m.id) == NULL)
            err = leaving_mark(l, &m);
    }
    return err;
}

static enum err mark_more(struct leaving *l)
{
    return leaving_each_sent(l, mark_sent);
}

/* From the rows that name a scope to all that hang on them, as deep as it goes. */
static enum err mark_all(struct leaving *l, struct leave leave)
{
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < leave.count && err == ERR_OK; i++) {
        struct leave_scope scope = message_leave_scope(&leave.scopes);
        err = leave.scopes.bad ? ERR_PROTOCOL : mark_scope(l, &scope);
    }
    return err == ERR_OK ? leaving_spread(l, mark_more) : err;
}

/* ---- and out with them ---- */

static enum err purge_table(struct leaving *l, const struct table *table)
{
    struct stmt *stmt = NULL;
    struct buf rids = {0};
    enum err err = select_rows(l, table, "_rid,_id", "ORDER BY _rid", &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        int64_t rid = col_int(stmt, 0);
        struct id id;
        if (!col_id(stmt, 1, &id))
            err = ERR_CORRUPT;
        else if (leaving_goes(l, &id) && !leaving_refused(l, &id))
            buf_add(&rids, &rid, sizeof rid);
    }
    stmt_free(stmt);
    if (err == ERR_OK)
        err = step == STEP_FAILED ? db_error(l->s->db) : rids.err;
    for (size_t at = 0; at < rids.n && err == ERR_OK; at += sizeof(int64_t)) {
        int64_t rid = 0;
        memcpy(&rid, rids.p + at, sizeof rid);
        l->purged = true;
        err = rows_purge(l->s, table, rid);
    }
    buf_done(&rids);
    return err;
}

static enum err purge_unknown(struct leaving *l)
{
    struct stmt *stmt = NULL;
    struct buf gone = {0};
    enum err err = store_sql(l->s, SQL_UNKNOWN_LIST, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct id id;
        int64_t table = col_int(stmt, 0);
        if (!col_id(stmt, 1, &id))
            err = ERR_CORRUPT;
        else if (leaving_refers(l, col_blob(stmt, 2))) {
            buf_add(&gone, &table, sizeof table);
            buf_add(&gone, id.b, sizeof id.b);
        }
    }
    stmt_reset(stmt);
    if (err == ERR_OK)
        err = step == STEP_FAILED ? db_error(l->s->db) : gone.err;
    if (err == ERR_OK)
        err = store_sql(l->s, SQL_UNKNOWN_REMOVE, &stmt);
    for (size_t at = 0; at < gone.n && err == ERR_OK; at += sizeof(int64_t) + ID_BYTES) {
        struct id id;
        int64_t table = 0;
        memcpy(&table, gone.p + at, sizeof table);
        memcpy(id.b, gone.p + at + sizeof table, ID_BYTES);
        l->purged = true;
        bind_int(stmt, 1, table);
        bind_id(stmt, 2, &id);
        err = stmt_run(stmt);
    }
    buf_done(&gone);
    return err;
}

enum err leaving_purge(struct leaving *l)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < l->s->env.schema->table_count && err == ERR_OK; i++)
        err = purge_table(l, &l->s->env.schema->tables[i]);
    if (err == ERR_OK)
        err = purge_unknown(l);
    if (err == ERR_OK)
        err = leaving_purge_ops(l);
    return err == ERR_OK && l->purged ? meta_set_int(l->s, META_RESIDUE, 1) : err;
}

enum err replica_leave(struct store *s, struct leave leave)
{
    struct leaving l;
    enum err err = store_begin(s);
    if (err != ERR_OK)
        return err;
    err = leaving_begin(&l, s);
    if (err == ERR_OK)
        err = mark_all(&l, leave);
    if (err == ERR_OK)
        err = leaving_purge(&l);
    err = store_end(s, err);
    leaving_done(&l);
    return err == ERR_OK ? leave_clean(s) : err;
}

/* The index has words of rows that are gone until it merges its parts. */
static enum err forget_words(struct store *s)
{
    enum err err = s->env.side == STORE_CLIENT ? store_begin(s) : ERR_OK;
    return s->env.side == STORE_CLIENT && err == ERR_OK ? store_end(s, search_forget(s)) : err;
}

enum err leave_clean(struct store *s)
{
    int64_t residue = 0;
    enum err err = meta_get_int(s, META_RESIDUE, &residue);
    if (err != ERR_OK || residue == 0)
        return err;
    err = forget_words(s);
    if (err == ERR_OK)
        err = db_exec(s->db, "VACUUM");
    if (err == ERR_OK)
        err = db_checkpoint(s->db); /* the log holds pages of the time before */
    if (err == ERR_OK)
        err = store_begin(s);
    if (err == ERR_OK)
        err = store_end(s, meta_set_int(s, META_RESIDUE, 0));
    return err == ERR_FULL || err == ERR_NOMEM ? ERR_OK : err;
}
