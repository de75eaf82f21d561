/* SPDX-License-Identifier: Apache-2.0 */
#include "store/quarantine_json.h"

#include "store/rows_json.h"

static const struct field instant = {.name = "at", .kind = KIND_INSTANT};

static void time_json(const char *key, int64_t ms, struct buf *out)
{
    struct value v = ms == 0 ? VALUE_NONE : value_int(ms);
    buf_printf(out, ",\"%s\":", key);
    rows_json_value(&instant, &v, out);
}

static void id_json(const char *key, const struct id *id, struct buf *out)
{
    static const struct field ref = {.name = "by", .kind = KIND_ID};
    struct value v = id_is_null(id) ? VALUE_NONE : value_id(id);
    buf_printf(out, ",\"%s\":", key);
    rows_json_value(&ref, &v, out);
}

static void head_json(const struct quarantined *q, struct buf *out)
{
    buf_text(out, "{\"id\":\"");
    quarantine_name(q->epoch, q->op_no, out);
    buf_printf(out, "\",\"epoch\":%u,\"op_no\":%llu,\"state\":\"%s\",\"reason\":\"%s\"",
               (unsigned)q->epoch, (unsigned long long)q->op_no, quarantine_word(q->state),
               reason_word(q->reason));
    time_json("at", q->at_ms, out);
    time_json("edited", q->edit_ms, out);
    id_json("by", &q->actor, out);
    time_json("closed", q->closed_ms, out);
    id_json("closed_by", &q->closed_by, out);
    buf_text(out, ",\"note\":");
    if (q->note.n == 0)
        buf_text(out, "null");
    else
        rows_json_text(q->note, out);
}

enum which { WANTED, BEFORE, NOW };

static void member(const struct quarantined_field *f, const struct value *v, bool first,
                   struct buf *out)
{
    buf_text(out, first ? "" : ",");
    rows_json_text(str_of(f->field->name), out);
    buf_u8(out, ':');
    rows_json_value(f->field, v, out);
}

/* One side of the present change as an object by field name. The reader is a copy: the next
 * side begins at the first field again. */
static void side_json(struct quarantine_reader r, enum which which, const struct row *row,
                      struct buf *out)
{
    static const char *const keys[] = {"fields", "before", "now"};
    struct quarantined_field f;
    bool first = true;
    buf_printf(out, ",\"%s\":{", keys[which]);
    while (quarantine_field(&r, &f)) {
        struct value now = value_int(row != NULL && row->deleted ? 1 : 0);
        int i = row == NULL ? -1 : schema_field_index(r.table, f.field->id);
        if (i >= 0)
            now = row->values[i];
        member(&f, which == WANTED ? &f.after : which == BEFORE ? &f.before : &now, first, out);
        first = false;
    }
    buf_u8(out, '}');
}

static enum err change_json(struct store *s, const struct quarantine_reader *r,
                            struct arena *arena, struct buf *out)
{
    struct row *row = arena_new(arena, sizeof *row);
    char id[ID_TEXT_BYTES];
    if (row == NULL)
        return ERR_NOMEM;
    enum err err =
        r->table == NULL ? ERR_NOTFOUND : rows_find(s, r->table, &r->change.row, arena, row);
    if (err != ERR_OK && err != ERR_NOTFOUND)
        return err;
    bool here = err == ERR_OK;
    bool update = r->change.kind == CHANGE_UPDATE;
    id_print(&r->change.row, id);
    buf_printf(out, "%s{\"no\":%u,\"table\":", r->number == 1 ? "" : ",", (unsigned)r->number);
    if (r->table == NULL)
        buf_text(out, "null");
    else
        rows_json_text(str_of(r->table->name), out);
    buf_printf(out, ",\"row\":\"%s\",\"kind\":\"%s\",\"here\":%s", id,
               update ? "update" : "insert", here ? "true" : "false");
    side_json(*r, WANTED, NULL, out);
    if (update)
        side_json(*r, BEFORE, NULL, out);
    if (here)
        side_json(*r, NOW, row, out);
    buf_u8(out, '}');
    return ERR_OK;
}

enum err quarantine_json(struct store *s, const struct quarantined *q, struct buf *out)
{
    struct quarantine_reader r;
    struct arena arena = {0};
    bool cut = false;
    enum err err = quarantine_is_cut(s, q, &cut);
    head_json(q, out);
    buf_printf(out, ",\"cut\":%s,\"changes\":[", cut ? "true" : "false");
    quarantine_read(store_schema(s), q->op, &r);
    while (err == ERR_OK && quarantine_change(&r)) {
        err = change_json(s, &r, &arena, out);
        arena_done(&arena);
    }
    buf_text(out, "]}");
    return err == ERR_OK ? out->err : err;
}
