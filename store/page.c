/* SPDX-License-Identifier: Apache-2.0 */
#include "store/page.h"

#include "store/compare.h"
#include "store/feed.h"
#include "store/inside.h"
#include "store/sweep.h"
#include "store/unknown.h"

/* A change of one field, in page_work.history. */
struct noted {
    struct stamp stamp; /* who made it, and when */
    size_t at, n;       /* its bytes */
};

/* One page being applied. */
struct page_work {
    struct store *s;
    struct arena arena;               /* of one row */
    struct buf history;               /* scratch: what changed in the row … */
    struct noted noted[VERSIONS_MAX]; /* … in the order it was made */
    uint32_t noted_n;
    struct buf entry; /* scratch: what changed with one stamp */
    struct buf bytes; /* scratch: of a row's digest */
    hlc_t latest;
    uint64_t rows;
};

bool page_is_pending(const struct store *s, struct stamp stamp)
{
    return s->epoch != 0 && stamp.origin == s->epoch && stamp.hlc > s->acked_hlc;
}

static void saw(struct page_work *w, struct stamp stamp)
{
    if (stamp.hlc > w->latest)
        w->latest = stamp.hlc;
}

static struct stamp read_stamp(struct page_work *w, struct cur *cur)
{
    struct stamp stamp = {.hlc = unpack_uint(cur)};
    stamp.origin = unpack_u32(cur);
    if (stamp.hlc > INT64_MAX)
        cur->bad = true;
    saw(w, stamp);
    return stamp;
}

static void read_versions(struct page_work *w, struct cur *cur, struct versions *out)
{
    uint32_t items = unpack_array(cur);
    if (items % 3 != 0 || items / 3 > VERSIONS_MAX)
        cur->bad = true;
    out->count = 0;
    for (uint32_t i = 0; i < items / 3 && !cur->bad; i++) {
        struct version v = {.field = (uint16_t)unpack_int_in(cur, 1, UINT16_MAX)};
        v.stamp = read_stamp(w, cur);
        versions_set(out, &v);
    }
}

/* Fields not declared here have their stamps with their raw values: what stays is at most one
 * version per declared field, whatever the peer sent. */
static void keep_declared(const struct table *table, struct versions *v, struct buf *raw)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < v->count; i++) {
        uint16_t field = v->list[i].field;
        struct stamp stamp;
        struct str value;
        if (field == FIELD_DELETED || schema_field_index(table, field) >= 0)
            v->list[n++] = v->list[i];
        else if (!raw_find(buf_str(raw), field, &stamp, &value))
            raw_set(raw, field, v->list[i].stamp, STR("\xc0"));
    }
    v->count = n;
}

/* The value of one field, or its deletion; unknown fields go to the raw blob. */
static void read_field(const struct table *table, struct row *row, uint16_t id,
                       struct stamp stamp, struct cur *cur, struct buf *raw)
{
    int index = schema_field_index(table, id);
    if (index >= 0)
        row->values[index] = value_unpack(table->fields[index].kind, cur);
    else if (id == FIELD_DELETED)
        row->deleted = unpack_bool(cur);
    else
        raw_set(raw, id, stamp, unpack_any(cur));
}

static enum err keep_raw(struct page_work *w, struct row *row, const struct buf *raw)
{
    row->raw = (struct str){NULL, 0};
    if (raw->err != ERR_OK)
        return raw->err;
    if (raw->n == 0)
        return ERR_OK;
    char *p = arena_copy(&w->arena, raw->p, raw->n);
    if (p == NULL)
        return ERR_NOMEM;
    row->raw = (struct str){p, raw->n};
    return ERR_OK;
}

/* Its digest while a repair runs, to find out what was wrong; else 0. */
static enum err number_of(struct page_work *w, const struct table *table, const struct row *row,
                          uint64_t *out)
{
    *out = 0;
    return compare_repairs(w->s) ? digest_row(table, row, &w->bytes, out) : ERR_OK;
}

/* ---- whole rows ---- */

static enum err read_whole(struct page_work *w, const struct table *table, uint32_t items,
                           struct cur *cur, struct row *row)
{
    row->stamp = read_stamp(w, cur);
    row->by = unpack_id(cur);
    row->form = unpack_u32(cur);
    read_versions(w, cur, &row->versions);
    struct buf raw = {0};
    if (!unpack_nil(cur)) {
        struct str kept = unpack_bin(cur);
        buf_add(&raw, kept.p, kept.n);
    }
    for (uint32_t i = FEED_WHOLE_HEAD; i < items && !cur->bad; i += 2) {
        uint16_t id = (uint16_t)unpack_int_in(cur, 1, UINT16_MAX);
        read_field(table, row, id, row_stamp(row, id), cur, &raw);
    }
    keep_declared(table, &row->versions, &raw);
    enum err err = cur->bad ? ERR_PROTOCOL : keep_raw(w, row, &raw);
    buf_done(&raw);
    /* The server may be older than we are. */
    bool changed = false;
    if (err == ERR_OK && row->raw.n > 0)
        err = raw_unpack(table, row, &w->arena, &changed);
    return err == ERR_CORRUPT ? ERR_PROTOCOL : err;
}

static void forget_changes(struct page_work *w)
{
    buf_clear(&w->history);
    w->noted_n = 0;
}

static void note_change(struct page_work *w, uint16_t field, struct stamp stamp,
                        const struct value *before, const struct value *after)
{
    /* A row has no more fields, but a page gone wrong may name one twice. */
    if (value_eq(before, after) || w->noted_n == VERSIONS_MAX)
        return;
    struct noted noted = {.stamp = stamp, .at = w->history.n};
    pack_int(&w->history, field);
    value_pack(before, &w->history);
    value_pack(after, &w->history);
    noted.n = w->history.n - noted.at;
    uint32_t i = w->noted_n++;
    for (; i > 0 && stamp_cmp(w->noted[i - 1].stamp, stamp) > 0; i--)
        w->noted[i] = w->noted[i - 1];
    w->noted[i] = noted;
}

static enum err save_entry(struct page_work *w, const struct table *table,
                           const struct row *row, struct stamp stamp)
{
    struct id actor = {0};
    struct stmt *stmt = NULL;
    enum err err = store_sql(w->s, SQL_ORIGIN_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, stamp.origin);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW && !col_id(stmt, 0, &actor))
        err = ERR_CORRUPT;
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(w->s->db);
    struct history_entry entry = {.stamp = stamp,
                                  .actor = actor,
                                  .edit_ms = hlc_ms(stamp.hlc),
                                  .recv_ms = store_now(w->s),
                                  .changes = buf_str(&w->entry)};
    if (err == ERR_OK)
        err = rows_history_add(w->s, table, row->rid, &entry);
    return err;
}

/* What several people changed came together: each is told with their own. */
static enum err save_history(struct page_work *w, const struct table *table,
                             const struct row *row)
{
    enum err err = w->history.err;
    for (uint32_t i = 0; i < w->noted_n && err == ERR_OK;) {
        struct stamp stamp = w->noted[i].stamp;
        buf_clear(&w->entry);
        for (; i < w->noted_n && stamp_eq(w->noted[i].stamp, stamp); i++)
            buf_add(&w->entry, w->history.p + w->noted[i].at, w->noted[i].n);
        err = w->entry.err;
        if (err == ERR_OK)
            err = save_entry(w, table, row, stamp);
    }
    return err;
}

/* Put the server's row in place of ours, but for the fields we edited and it has not judged. */
static void take_all(struct page_work *w, const struct table *table, const struct row *in,
                     struct row *row)
{
    struct versions merged = in->versions;
    forget_changes(w);
    for (uint16_t i = 0; i < table->field_count; i++) {
        uint16_t id = table->fields[i].id;
        struct stamp ours = row_stamp(row, id);
        if (page_is_pending(w->s, ours)) {
            struct version v = {.field = id, .stamp = ours};
            versions_set(&merged, &v);
            continue;
        }
        /* Another value of the same version was altered here, by nobody (compare.h). */
        struct stamp theirs = row_stamp(in, id);
        if (!stamp_eq(ours, theirs))
            note_change(w, id, theirs, &row->values[i], &in->values[i]);
        row->values[i] = in->values[i];
    }
    struct stamp ours = row_stamp(row, FIELD_DELETED);
    if (page_is_pending(w->s, ours)) {
        struct version v = {.field = FIELD_DELETED, .stamp = ours};
        versions_set(&merged, &v);
    } else {
        struct value before = value_int(row->deleted ? 1 : 0);
        struct value after = value_int(in->deleted ? 1 : 0);
        note_change(w, FIELD_DELETED, row_stamp(in, FIELD_DELETED), &before, &after);
        row->deleted = in->deleted;
    }
    row->versions = merged;
    row->raw = in->raw;
    row->stamp = in->stamp;
    row->by = in->by;
    row->form = in->form;
    row->seq = SWEEP_TOLD;
}

/* A row of ours that does not even read: the server's comes in its place. */
static enum err replace(struct page_work *w, const struct table *table, struct row *in)
{
    struct stmt *stmt = NULL;
    enum err err = store_table_sql(w->s, "SELECT _rid FROM", table, "WHERE _id=?1", &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, &in->id);
    enum step step = stmt_step(stmt);
    int64_t rid = step == STEP_ROW ? col_int(stmt, 0) : 0;
    stmt_free(stmt);
    if (step != STEP_ROW)
        return step == STEP_FAILED ? db_error(w->s->db) : ERR_CORRUPT;
    err = rows_purge(w->s, table, rid);
    in->rid = 0;
    compare_repaired(w->s, 1, 2);
    return err == ERR_OK ? rows_insert(w->s, table, in) : err;
}

static enum err overwrite(struct page_work *w, const struct table *table, struct row *in)
{
    uint64_t before = 0;
    uint64_t after = 0;
    struct row *row = arena_new(&w->arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(w->s, table, &in->id, &w->arena, row);
    if (err == ERR_CORRUPT && compare_repairs(w->s) && db_health(w->s->db) == ERR_OK)
        return replace(w, table, in);
    if (err == ERR_OK)
        err = number_of(w, table, row, &before);
    if (err != ERR_OK)
        return err;
    take_all(w, table, in, row);
    err = number_of(w, table, row, &after);
    compare_repaired(w->s, before, after);
    if (err == ERR_OK)
        err = save_history(w, table, row);
    if (err == ERR_OK)
        err = rows_restamp(w->s, table, row);
    return err == ERR_OK ? rows_update(w->s, table, row) : err;
}

static enum err apply_whole(struct page_work *w, const struct table *table, const struct id *id,
                            uint32_t items, struct cur *cur)
{
    struct row *row = rows_fresh(w->s, table);
    row->id = *id;
    row->seq = SWEEP_TOLD;
    enum err err = read_whole(w, table, items, cur, row);
    if (err == ERR_OK)
        err = rows_insert(w->s, table, row);
    if (err == ERR_OK)
        compare_repaired(w->s, 0, 1);
    return err == ERR_EXISTS ? overwrite(w, table, row) : err;
}

/* ---- changed fields ---- */

static enum err apply_partial(struct page_work *w, const struct table *table,
                              const struct id *id, uint32_t items, struct cur *cur)
{
    struct row *row = arena_new(&w->arena, sizeof *row);
    struct row *in = arena_new(&w->arena, sizeof *in);
    if (row == NULL || in == NULL)
        return ERR_NOMEM;
    enum err err = rows_find(w->s, table, id, &w->arena, row);
    if (err != ERR_OK)
        return err;
    struct buf raw = {0};
    buf_add(&raw, row->raw.p, row->raw.n);
    forget_changes(w);
    for (uint32_t i = FEED_PARTIAL_HEAD; i < items && !cur->bad; i += 4) {
        uint16_t field = (uint16_t)unpack_int_in(cur, 1, UINT16_MAX);
        struct stamp stamp = read_stamp(w, cur);
        read_field(table, in, field, stamp, cur, &raw);
        if (cur->bad || page_is_pending(w->s, row_stamp(row, field)))
            continue;
        int index = schema_field_index(table, field);
        struct version v = {.field = field, .stamp = stamp};
        if (index >= 0) {
            note_change(w, field, stamp, &row->values[index], &in->values[index]);
            row->values[index] = in->values[index];
            versions_set(&row->versions, &v);
        } else if (field == FIELD_DELETED) {
            struct value before = value_int(row->deleted ? 1 : 0);
            struct value after = value_int(in->deleted ? 1 : 0);
            note_change(w, field, stamp, &before, &after);
            row->deleted = in->deleted;
            versions_set(&row->versions, &v);
        }
    }
    err = cur->bad ? ERR_PROTOCOL : keep_raw(w, row, &raw);
    buf_done(&raw);
    if (err == ERR_OK)
        err = save_history(w, table, row);
    return err == ERR_OK ? rows_update(w->s, table, row) : err;
}

static enum err apply_row(struct page_work *w, struct cur *cur)
{
    const uint8_t *start = cur->p;
    struct cur whole = *cur;
    struct str bytes = unpack_any(&whole);
    uint32_t items = unpack_array(cur);
    int64_t kind = unpack_int_in(cur, FEED_WHOLE, FEED_PARTIAL);
    uint16_t table_id = (uint16_t)unpack_int_in(cur, 1, UINT16_MAX);
    struct id id = unpack_id(cur);
    uint32_t head = kind == FEED_WHOLE ? FEED_WHOLE_HEAD : FEED_PARTIAL_HEAD;
    uint32_t step = kind == FEED_WHOLE ? 2 : 4;
    if (cur->bad || whole.bad || items < head || (items - head) % step != 0)
        return ERR_PROTOCOL;
    must(bytes.p == (const char *)start);
    const struct table *table = schema_table(w->s->env.schema, table_id);
    if (table == NULL) {
        *cur = whole;
        return unknown_keep(w->s, table_id, &id, kind == FEED_WHOLE, bytes);
    }
    enum err err = kind == FEED_WHOLE ? apply_whole(w, table, &id, items, cur)
                                      : apply_partial(w, table, &id, items, cur);
    if (err == ERR_OK)
        w->rows++;
    return err;
}

static enum err apply_rows(struct page_work *w, struct str body)
{
    enum err err = ERR_OK;
    while (body.n > 0 && err == ERR_OK) {
        size_t used = 0;
        err = pack_check(body, PACK_DEPTH_MAX, PACK_NODES_MAX, &used);
        if (err != ERR_OK)
            return ERR_PROTOCOL;
        struct cur cur = cur_of(body.p, used);
        err = apply_row(w, &cur);
        arena_done(&w->arena);
        body.p += used;
        body.n -= used;
    }
    return err;
}

enum err page_apply(struct store *s, struct str body, hlc_t *latest, uint64_t *rows)
{
    struct page_work w = {.s = s, .latest = *latest};
    enum err err = apply_rows(&w, body);
    buf_done(&w.history);
    buf_done(&w.entry);
    buf_done(&w.bytes);
    if (err == ERR_OK) {
        *latest = w.latest;
        *rows += w.rows;
    }
    return err;
}

/* ---- rows of tables that were unknown when they came ---- */

enum err unknown_unpack_tables(struct store *s)
{
    struct stmt *stmt = NULL;
    enum err err =
        db_prepare(s->db, "SELECT tab,id,body FROM unknown_row ORDER BY tab,id", &stmt);
    if (err != ERR_OK)
        return err;
    struct page_work w = {.s = s};
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        if (schema_table(s->env.schema, (uint16_t)col_int(stmt, 0)) == NULL)
            continue;
        err = apply_rows(&w, col_blob(stmt, 2));
    }
    stmt_free(stmt);
    buf_done(&w.history);
    buf_done(&w.entry);
    buf_done(&w.bytes);
    if (err == ERR_OK && step == STEP_FAILED)
        err = db_error(s->db);
    for (uint16_t i = 0; i < s->env.schema->table_count && err == ERR_OK; i++) {
        err = store_sql(s, SQL_UNKNOWN_DROP, &stmt);
        if (err != ERR_OK)
            break;
        bind_int(stmt, 1, s->env.schema->tables[i].id);
        err = stmt_run(stmt);
    }
    return err;
}
