/* SPDX-License-Identifier: Apache-2.0 */
#include "store/history.h"

#include "store/inside.h"
#include "store/page.h"

/* One walk over the changes. */
struct walk {
    struct store *s;
    const struct table *table;
    const struct field *only;
    const struct history_tell *tell;
    struct arena arena;
    struct buf name;
    /* first values: what the oldest change of a field found */
    struct value first[SCHEMA_FIELDS_MAX];
    bool known[SCHEMA_FIELDS_MAX];
};

/* ---- who and where ---- */

static enum err find_device(struct walk *w, struct history_moment *m)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(w->s, SQL_ORIGIN_GET, &stmt);
    if (err != ERR_OK || m->stamp.origin == 0)
        return err;
    bind_int(stmt, 1, m->stamp.origin);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        m->device = (uint32_t)col_int(stmt, 1);
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(w->s->db) : ERR_OK;
}

static enum err find_name(struct walk *w, struct history_moment *m)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(w->s, SQL_DEVICE_NAME, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, m->device);
    buf_clear(&w->name);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        struct str name = col_text(stmt, 0);
        buf_add(&w->name, name.p, name.n);
    }
    stmt_reset(stmt);
    m->name = buf_str(&w->name);
    return step == STEP_FAILED ? db_error(w->s->db) : w->name.err;
}

static enum err tell_moment(struct walk *w, struct history_moment *m)
{
    enum err err = find_device(w, m);
    if (err == ERR_OK && w->s->env.side == STORE_SERVER) {
        err = find_name(w, m);
    } else if (err == ERR_OK) {
        int64_t ours = 0;
        err = meta_get_int(w->s, META_DEVICE, &ours);
        m->own = m->stamp.origin == w->s->epoch || (ours != 0 && m->device == (uint32_t)ours);
        m->pending = page_is_pending(w->s, m->stamp);
        m->recv_ms = m->own ? 0 : m->recv_ms;
        m->as_received = m->made && !m->own;
    }
    return err == ERR_OK ? w->tell->on_moment(w->tell->ctx, m) : err;
}

/* ---- changes ---- */

/* The next change of a field that is declared here; false at the end. */
static bool next_change(const struct table *table, struct cur *cur, const struct field **field,
                        struct value *before, struct value *after)
{
    while (cur_left(cur) > 0 && !cur->bad) {
        *field = schema_field_or_deleted(table, (uint16_t)unpack_int_in(cur, 0, UINT16_MAX));
        if (*field == NULL) {
            (void)unpack_any(cur);
            (void)unpack_any(cur);
            continue;
        }
        *before = unpack_nil(cur) ? VALUE_NONE : value_unpack((*field)->kind, cur);
        *after = unpack_nil(cur) ? VALUE_NONE : value_unpack((*field)->kind, cur);
        return !cur->bad;
    }
    return false;
}

static bool wanted(const struct walk *w, const struct field *field)
{
    return w->only == NULL || w->only == field;
}

static enum err keep_value(struct arena *arena, struct value *v)
{
    if (v->type != VALUE_TEXT && v->type != VALUE_BYTES)
        return ERR_OK;
    char *p = arena_copy(arena, v->s.p, v->s.n);
    v->s.p = p;
    return p == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err on_first(void *ctx, const struct history_entry *entry)
{
    struct walk *w = ctx;
    struct cur cur = cur_of(entry->changes.p, entry->changes.n);
    const struct field *field = NULL;
    struct value before;
    struct value after;
    enum err err = ERR_OK;
    while (err == ERR_OK && next_change(w->table, &cur, &field, &before, &after)) {
        int i = schema_field_index(w->table, field->id);
        if (i < 0 || w->known[i])
            continue;
        w->known[i] = true;
        w->first[i] = before;
        err = keep_value(&w->arena, &w->first[i]);
    }
    return cur.bad ? ERR_CORRUPT : err;
}

static enum err on_entry(void *ctx, const struct history_entry *entry)
{
    struct walk *w = ctx;
    struct cur cur = cur_of(entry->changes.p, entry->changes.n);
    const struct field *field = NULL;
    struct value before;
    struct value after;
    bool told = false;
    enum err err = ERR_OK;
    struct history_moment m = {.stamp = entry->stamp,
                               .actor = entry->actor,
                               .edit_ms = entry->edit_ms,
                               .recv_ms = entry->recv_ms};
    while (err == ERR_OK && next_change(w->table, &cur, &field, &before, &after)) {
        if (!wanted(w, field))
            continue;
        if (!told)
            err = tell_moment(w, &m);
        told = true;
        if (err == ERR_OK)
            err = w->tell->on_change(w->tell->ctx, field, &before, &after);
    }
    return cur.bad ? ERR_CORRUPT : err;
}

/* ---- the making ---- */

/* When the server received the operation that made the row. */
static enum err find_received(struct walk *w, const struct row *row, struct history_moment *m)
{
    uint64_t at = 0;
    enum err err =
        store_number(w->s, SQL_OP_RECEIVED,
                     (int64_t[]){row->stamp.origin, (int64_t)row->versions.made_seq}, 2, &at);
    m->recv_ms = (int64_t)at;
    return err;
}

static enum err tell_made(struct walk *w, const struct row *row)
{
    struct history_moment m = {.made = true,
                               .stamp = row->stamp,
                               .actor = row->by,
                               .edit_ms = hlc_ms(row->stamp.hlc) + row->adj_ms};
    enum err err = ERR_OK;
    if (w->s->env.side == STORE_SERVER)
        err = find_received(w, row, &m);
    if (err == ERR_OK)
        err = tell_moment(w, &m);
    for (uint16_t i = 0; i < w->table->field_count && err == ERR_OK; i++) {
        const struct value *v = w->known[i] ? &w->first[i] : &row->values[i];
        if (v->type != VALUE_NULL && wanted(w, &w->table->fields[i]))
            err = w->tell->on_change(w->tell->ctx, &w->table->fields[i], &VALUE_NONE, v);
    }
    return err;
}

enum err history_tell(struct store *s, const struct table *table, const struct row *row,
                      const struct field *field, const struct history_tell *tell)
{
    struct walk *w = mem_new(sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    *w = (struct walk){.s = s, .table = table, .only = field, .tell = tell};
    enum err err = rows_history(s, table, row->rid, on_first, w);
    if (err == ERR_OK)
        err = tell_made(w, row);
    if (err == ERR_OK)
        err = rows_history(s, table, row->rid, on_entry, w);
    arena_done(&w->arena);
    buf_done(&w->name);
    mem_free(w);
    return err;
}
