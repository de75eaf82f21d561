/* SPDX-License-Identifier: Apache-2.0 */
#include "store/edit.h"

#include "proto/message.h"
#include "store/apply.h"
#include "store/door.h"
#include "store/follow.h"
#include "store/referrals.h"
#include "store/rules.h"

struct edit {
    struct store *s;
    struct op_writer writer; /* changes of the operation in the making */
    struct buf op;           /* scratch: one operation */
    struct op_head head;     /* hlc is set while an operation is in the making */
    struct id actor;
    bool recording;      /* rows of logged tables are made */
    bool whole;          /* one operation, whatever its size */
    struct id deciding;  /* row whose fields are decided; null: none */
    struct arena arena;  /* of one call */
    uint64_t count;      /* changes written */
    struct apply apply;  /* server */
    struct chain chain;  /* server: its own epoch 0 */
    int64_t previous_ms; /* server: time of its last edit */
};

static bool on_server(const struct edit *edit)
{
    return edit->s->env.side == STORE_SERVER;
}

enum err edit_open(struct store *s, struct edit **out, struct note *why)
{
    if (s->env.side == STORE_CLIENT && s->epoch == 0)
        return note_set(why, ERR_REFUSED,
                        N_("cet appareil n'est pas encore inscrit : jalon enrol CODE"));
    struct edit *edit = mem_new(sizeof *edit);
    if (edit == NULL)
        return ERR_NOMEM;
    edit->s = s;
    edit->actor = s->staff;
    op_writer_init(&edit->writer);
    enum err err = store_begin(s);
    if (err == ERR_OK && on_server(edit)) {
        apply_begin(&edit->apply, s);
        err = serve_chain(s, &edit->chain, &edit->previous_ms);
    }
    if (err != ERR_OK) {
        edit_abort(edit);
        return err;
    }
    *out = edit;
    return ERR_OK;
}

static void done(struct edit *edit)
{
    op_writer_done(&edit->writer);
    buf_done(&edit->op);
    arena_done(&edit->arena);
    apply_done(&edit->apply);
    mem_free(edit);
}

void edit_abort(struct edit *edit)
{
    if (edit == NULL)
        return;
    store_forget(edit->s);
    done(edit);
}

void edit_deciding(struct edit *edit, const struct id *row)
{
    edit->deciding = row == NULL ? (struct id){0} : *row;
}

void edit_for(struct edit *edit, const struct id *staff)
{
    must(on_server(edit) && edit->writer.changes == 0);
    edit->actor = *staff;
}

void edit_whole(struct edit *edit)
{
    must(edit->writer.changes == 0);
    edit->whole = true;
}

void edit_recording(struct edit *edit)
{
    edit->recording = true;
}

uint64_t edit_count(const struct edit *edit)
{
    return edit->count;
}

static struct stamp stamp_now(struct edit *edit)
{
    if (edit->head.hlc == 0) {
        edit->head.wall_ms = store_now(edit->s);
        edit->head.hlc = hlc_tick(&edit->s->clock, edit->head.wall_ms);
    }
    uint32_t origin = on_server(edit) ? 0 : edit->s->epoch;
    return (struct stamp){.hlc = edit->head.hlc, .origin = origin};
}

static enum err encode_op(struct edit *edit, const struct chain *chain)
{
    edit->head.op_no = chain->op_no + 1;
    edit->head.prev_hash = chain->hash;
    edit->head.seen = on_server(edit) ? edit->s->seq : edit->s->pulled;
    edit->head.form = edit->s->env.schema->version;
    edit->head.actor = edit->actor;
    buf_clear(&edit->op);
    return op_write(&edit->head, &edit->writer, &edit->op);
}

/* Client: the operation goes to the outbox beside its rows. */
static enum err save_outbox(struct edit *edit)
{
    struct store *s = edit->s;
    struct stmt *stmt = NULL;
    enum err err = encode_op(edit, &s->own);
    if (err == ERR_OK)
        err = store_sql(s, SQL_OUTBOX_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    struct chain next = {.op_no = edit->head.op_no, .hlc = edit->head.hlc};
    next.hash = op_hash(edit->head.prev_hash, buf_str(&edit->op));
    bind_int(stmt, 1, (int64_t)next.op_no);
    bind_int(stmt, 2, (int64_t)next.hash);
    bind_int(stmt, 3, (int64_t)next.hlc);
    bind_int(stmt, 4, edit->writer.changes);
    bind_blob(stmt, 5, buf_str(&edit->op));
    err = stmt_run(stmt);
    if (err == ERR_OK)
        s->own = next;
    return err;
}

static enum err reason_err(enum reason reason)
{
    switch (reason) {
    case REASON_FROZEN:
        return ERR_FROZEN;
    case REASON_MISSING:
    case REASON_DEPENDS:
    case REASON_UNKNOWN:
        return ERR_NOTFOUND;
    case REASON_RIGHTS:
    case REASON_SCOPE:
    case REASON_MASS:
    case REASON_CONSENT:
    case REASON_ERASED:
        return ERR_REFUSED;
    case REASON_NONE:
    case REASON_INVALID:
    case REASON_COUNT:
        break;
    }
    return ERR_INVALID;
}

/* Server: the operation is judged at once, by the server's own rights. */
static enum err save_judged(struct edit *edit)
{
    struct author author = {
        .origin = 0, .staff = edit->s->staff, .decides = !id_is_null(&edit->deciding)};
    struct verdict_range range;
    enum err err = encode_op(edit, &edit->chain);
    if (err != ERR_OK)
        return err;
    struct str op = buf_str(&edit->op);
    uint64_t hash = op_hash(edit->head.prev_hash, op);
    err = apply_op(&edit->apply, &author, op, edit->head.wall_ms, hash, &range);
    if (err != ERR_OK)
        return err;
    edit->chain = (struct chain){edit->head.op_no, hash, edit->head.hlc};
    return range.verdict == VERDICT_REFUSED ? reason_err(range.reason) : ERR_OK;
}

static enum err save(struct edit *edit)
{
    if (edit->writer.changes == 0)
        return ERR_OK;
    enum err err = on_server(edit) ? save_judged(edit) : save_outbox(edit);
    op_writer_clear(&edit->writer);
    edit->head.hlc = 0;
    return err;
}

enum err edit_commit(struct edit *edit, struct note *why)
{
    struct store *s = edit->s;
    enum err err = save(edit);
    if (err == ERR_OK && on_server(edit)) {
        err = apply_end(&edit->apply);
        if (err == ERR_OK)
            err = serve_chain_save(s, &edit->chain, edit->previous_ms);
    }
    err = store_end(s, err);
    if (err == ERR_FULL)
        err = note_set(why, err,
                       N_("disque plein : rien n'a été enregistré, rien n'est perdu d'avant"));
    done(edit);
    return err;
}

/* Close the operation when it has grown to its size. */
static enum err after_change(struct edit *edit)
{
    edit->count++;
    if (edit->whole)
        return edit->writer.changes > OP_CHANGES_MAX ? ERR_LIMIT : ERR_OK;
    bool full =
        edit->writer.changes >= OP_BATCH_CHANGES || edit->writer.body.n > OP_BYTES_MAX / 2;
    return full || on_server(edit) ? save(edit) : ERR_OK;
}

enum err edit_closing(struct edit *edit, uint32_t epoch, uint64_t op_no, const char *word,
                      struct str note)
{
    struct id id = op_closing_id(epoch, op_no);
    struct buf *out = &edit->writer.body;
    enum err err = save(edit);
    if (err != ERR_OK)
        return err;
    (void)stamp_now(edit);
    change_begin_update(&edit->writer, OP_CLOSING_TABLE, &id, 2);
    change_field_base(&edit->writer, OP_CLOSING_STATE, (struct stamp){0});
    pack_nil(out);
    pack_str(out, str_of(word));
    change_field_base(&edit->writer, OP_CLOSING_NOTE, (struct stamp){0});
    pack_nil(out);
    if (note.n > 0)
        pack_str(out, note);
    else
        pack_nil(out);
    err = out->err;
    edit->count++;
    return err == ERR_OK ? save(edit) : err;
}

/* ---- what a person may say ---- */

static enum err check_roles(const struct edit *edit, const struct table *table,
                            struct note *why)
{
    if (on_server(edit))
        return ERR_OK;
    if ((edit->s->roles & table->writers) == 0)
        return note_set(why, ERR_REFUSED, N_("votre rôle ne permet pas de modifier « %s »"),
                        table->name);
    return ERR_OK;
}

static enum err fill_row(struct edit *edit, const struct table *table,
                         const struct edit_value *values, size_t count, struct row *row,
                         struct note *why)
{
    for (size_t i = 0; i < count; i++) {
        int index =
            values[i].field == NULL ? -1 : schema_field_index(table, values[i].field->id);
        if (index < 0)
            return note_set(why, ERR_INVALID, N_("« %s » n'a pas ce champ"), table->name);
        row->values[index] = values[i].value;
    }
    for (uint16_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        struct value *v = &row->values[i];
        if (field->author_structure && v->type == VALUE_NULL &&
            !id_is_null(&edit->s->structure))
            *v = value_id(&edit->s->structure);
        enum err err = ERR_OK;
        if (v->type != VALUE_NULL || field->required)
            err = door_check_field(edit->s, table, field, row->values, why);
        if (err != ERR_OK)
            return err;
    }
    enum err err = door_check_row(edit->s, table, row->values, why);
    if (err != ERR_OK)
        return err;
    return referrals_check_door(edit->s, table, row->values, why);
}

static struct id row_id(struct edit *edit, const struct table *table, const struct row *row)
{
    struct str parts[4] = {0};
    char ints[4][8];
    size_t n = 0;
    for (; n < 4 && table->derived[n] != 0; n++) {
        int i = schema_field_index(table, table->derived[n]);
        must(i >= 0);
        const struct value *v = &row->values[i];
        if (v->type == VALUE_TEXT || v->type == VALUE_BYTES) {
            parts[n] = v->s;
        } else if (v->type == VALUE_INT) {
            for (size_t b = 0; b < sizeof ints[n]; b++)
                ints[n][b] = (char)((uint64_t)v->i >> (8 * b));
            parts[n] = (struct str){ints[n], sizeof ints[n]};
        }
    }
    return n == 0 ? store_new_id(edit->s) : id_derive(table->id, parts, n);
}

static void write_insert(struct edit *edit, const struct table *table, const struct row *row)
{
    uint32_t fields = 0;
    for (uint16_t i = 0; i < table->field_count; i++)
        fields += row->values[i].type != VALUE_NULL ? 1 : 0;
    change_begin_insert(&edit->writer, table->id, &row->id, fields);
    for (uint16_t i = 0; i < table->field_count; i++) {
        if (row->values[i].type == VALUE_NULL)
            continue;
        pack_int(&edit->writer.body, table->fields[i].id);
        value_pack(&row->values[i], &edit->writer.body);
    }
}

/* Forget what a failed call added to the operation. */
static enum err undo_change(struct edit *edit, size_t n, uint32_t changes, enum err err)
{
    edit->writer.body.n = n;
    edit->writer.body.err = ERR_OK;
    edit->writer.changes = changes;
    return err;
}

static enum err insert(struct edit *edit, const struct table *table,
                       const struct edit_value *values, size_t count, const struct id *given,
                       struct id *id, struct note *why)
{
    struct row *row = rows_fresh(edit->s, table);
    bool record = edit->recording && table->logged;
    enum err err = record ? ERR_OK : check_roles(edit, table, why);
    if (err == ERR_OK && table->program_only && !record)
        err = note_set(why, ERR_REFUSED, N_("« %s » est tenu par le programme"), table->name);
    if (err == ERR_OK)
        err = fill_row(edit, table, values, count, row, why);
    if (err != ERR_OK)
        return err;
    row->id = given != NULL ? *given : row_id(edit, table, row);
    *id = row->id;
    row->stamp = stamp_now(edit);
    row->by = edit->actor;
    row->form = edit->s->env.schema->version;
    size_t n = edit->writer.body.n;
    uint32_t changes = edit->writer.changes;
    write_insert(edit, table, row);
    if (edit->writer.body.err != ERR_OK)
        return undo_change(edit, n, changes, edit->writer.body.err);
    if (!on_server(edit)) {
        err = rows_insert(edit->s, table, row);
        if (err == ERR_OK)
            rows_remember(edit->s, table, &row->id, row->scope);
    }
    if (err == ERR_EXISTS) {
        *id = row->id;
        err = note_set(why, err, N_("cette fiche « %s » existe déjà"), table->name);
    }
    if (err != ERR_OK)
        return undo_change(edit, n, changes, err);
    return after_change(edit);
}

enum err edit_insert_as(struct edit *edit, const struct table *table, const struct id *given,
                        const struct edit_value *values, size_t count, struct note *why)
{
    struct id id;
    enum err err = insert(edit, table, values, count, given, &id, why);
    arena_done(&edit->arena);
    return err;
}

/* ---- updates ---- */

/* Values wanted after the update, by position; `set` marks those that travel. */
struct wanted {
    struct value after[SCHEMA_FIELDS_MAX];
    bool set[SCHEMA_FIELDS_MAX];
    bool deleted, set_deleted;
    uint32_t count;
};

static enum err collect(const struct table *table, const struct row *row,
                        const struct edit_value *values, size_t count, struct wanted *w,
                        struct note *why)
{
    for (uint16_t i = 0; i < table->field_count; i++)
        w->after[i] = row->values[i];
    w->deleted = row->deleted;
    for (size_t k = 0; k < count; k++) {
        if (values[k].field == NULL) {
            w->deleted = values[k].value.type == VALUE_INT && values[k].value.i != 0;
            w->set_deleted = w->deleted != row->deleted;
            continue;
        }
        int i = schema_field_index(table, values[k].field->id);
        if (i < 0)
            return note_set(why, ERR_INVALID, N_("« %s » n'a pas ce champ"), table->name);
        w->after[i] = values[k].value;
        w->set[i] = !value_eq(&row->values[i], &values[k].value);
    }
    return ERR_OK;
}

/* The fields of a touched group travel together, changed or not. */
static void widen_groups(const struct table *table, struct wanted *w)
{
    for (uint16_t i = 0; i < table->field_count; i++) {
        uint8_t group = table->fields[i].group;
        if (!w->set[i] || group == 0)
            continue;
        for (uint16_t k = 0; k < table->field_count; k++)
            w->set[k] = w->set[k] || table->fields[k].group == group;
    }
    w->count = w->set_deleted ? 1 : 0;
    for (uint16_t i = 0; i < table->field_count; i++)
        w->count += w->set[i] ? 1 : 0;
}

static enum err check_wanted(struct edit *edit, const struct table *table,
                             const struct row *row, const struct wanted *w, struct note *why)
{
    bool locked = false;
    enum err err = rules_locked(edit->s, table, row, &edit->arena, &locked);
    for (uint16_t i = 0; i < table->field_count && err == ERR_OK; i++) {
        const struct field *field = &table->fields[i];
        if (!w->set[i])
            continue;
        bool own_state = rules_own_state(table, field->id);
        bool changes = !value_eq(&row->values[i], &w->after[i]);
        bool decided = field->merge == MERGE_ONCE && id_eq(&edit->deciding, &row->id);
        if ((locked && !own_state && changes && field->tie == TIE_NONE) ||
            (rules_field_locked(table, field, &row->values[i], &w->after[i]) && !decided))
            return note_set(why, ERR_FROZEN,
                            N_("%s : verrouillé après le premier enregistrement ou la "
                               "validation ; ajoutez un complément"),
                            field->name);
        if (!rules_field_open(table, field->id) && !on_server(edit))
            return note_set(why, ERR_REFUSED, N_("%s est tenu par le programme"), field->name);
        if (changes)
            err = door_check_field(edit->s, table, field, w->after, why);
    }
    return err == ERR_OK ? door_check_row(edit->s, table, w->after, why) : err;
}

static void write_update(struct edit *edit, const struct table *table, const struct row *row,
                         const struct wanted *w)
{
    struct buf *out = &edit->writer.body;
    change_begin_update(&edit->writer, table->id, &row->id, w->count);
    for (uint16_t i = 0; i < table->field_count; i++) {
        if (!w->set[i])
            continue;
        uint16_t id = table->fields[i].id;
        change_field_base(&edit->writer, id, row_stamp(row, id));
        value_pack(&row->values[i], out);
        value_pack(&w->after[i], out);
    }
    if (w->set_deleted) {
        change_field_base(&edit->writer, FIELD_DELETED, row_stamp(row, FIELD_DELETED));
        pack_int(out, row->deleted ? 1 : 0);
        pack_int(out, w->deleted ? 1 : 0);
    }
}

static enum err apply_here(struct edit *edit, const struct table *table, struct row *row,
                           const struct wanted *w)
{
    struct stamp stamp = stamp_now(edit);
    struct buf changes = {0};
    for (uint16_t i = 0; i < table->field_count; i++) {
        if (!w->set[i])
            continue;
        struct version v = {.field = table->fields[i].id, .stamp = stamp};
        if (!value_eq(&row->values[i], &w->after[i])) {
            pack_int(&changes, v.field);
            value_pack(&row->values[i], &changes);
            value_pack(&w->after[i], &changes);
        }
        row->values[i] = w->after[i];
        versions_set(&row->versions, &v);
    }
    if (w->set_deleted) {
        struct version v = {.field = FIELD_DELETED, .stamp = stamp};
        pack_int(&changes, FIELD_DELETED);
        pack_int(&changes, row->deleted ? 1 : 0);
        pack_int(&changes, w->deleted ? 1 : 0);
        row->deleted = w->deleted;
        versions_set(&row->versions, &v);
    }
    struct history_entry entry = {.stamp = stamp,
                                  .actor = edit->s->staff,
                                  .edit_ms = edit->head.wall_ms,
                                  .recv_ms = edit->head.wall_ms,
                                  .changes = buf_str(&changes)};
    enum err err = changes.err;
    if (err == ERR_OK && changes.n > 0)
        err = rows_history_add(edit->s, table, row->rid, &entry);
    if (err == ERR_OK)
        err = rows_update(edit->s, table, row);
    buf_done(&changes);
    return err;
}

static enum err update(struct edit *edit, const struct table *table, const struct id *id,
                       const struct edit_value *values, size_t count, struct note *why)
{
    struct row *row = arena_new(&edit->arena, sizeof *row);
    struct wanted *w = arena_new(&edit->arena, sizeof *w);
    if (row == NULL || w == NULL)
        return ERR_NOMEM;
    enum err err = check_roles(edit, table, why);
    if (err == ERR_OK)
        err = rows_find(edit->s, table, id, &edit->arena, row);
    if (err == ERR_OK)
        err = collect(table, row, values, count, w, why);
    if (err == ERR_OK && row->deleted && !w->set_deleted && count > 0)
        err = ERR_NOTFOUND;
    if (err == ERR_NOTFOUND)
        return note_set(why, err, N_("aucune fiche « %s » avec cet identifiant"), table->name);
    if (err != ERR_OK)
        return err;
    widen_groups(table, w);
    if (w->count == 0)
        return ERR_OK;
    err = check_wanted(edit, table, row, w, why);
    if (err != ERR_OK)
        return err;
    size_t n = edit->writer.body.n;
    uint32_t changes = edit->writer.changes;
    (void)stamp_now(edit);
    write_update(edit, table, row, w);
    err = edit->writer.body.err;
    if (err == ERR_OK && !on_server(edit))
        err = apply_here(edit, table, row, w);
    if (err != ERR_OK)
        return undo_change(edit, n, changes, err);
    return after_change(edit);
}

/* A row named by its fields was made and deleted before: bring it back with the values given.
 */
static enum err revive(struct edit *edit, const struct table *table,
                       const struct edit_value *values, size_t count, struct id *id,
                       struct note *why)
{
    struct edit_value all[SCHEMA_FIELDS_MAX + 1];
    struct row *row = arena_new(&edit->arena, sizeof *row);
    if (row == NULL)
        return ERR_NOMEM;
    enum err err = rows_find(edit->s, table, id, &edit->arena, row);
    if (err != ERR_OK)
        return err;
    if (!row->deleted || count > SCHEMA_FIELDS_MAX)
        return ERR_EXISTS;
    memcpy(all, values, count * sizeof *values);
    all[count] = (struct edit_value){.field = NULL, .value = value_int(0)};
    return update(edit, table, id, all, count + 1, why);
}

enum err edit_insert(struct edit *edit, const struct table *table,
                     const struct edit_value *values, size_t count, struct id *id,
                     struct note *why)
{
    struct id made = {0};
    enum err err = insert(edit, table, values, count, NULL, &made, why);
    if (err == ERR_EXISTS && table->derived[0] != 0)
        err = revive(edit, table, values, count, &made, why);
    if (err == ERR_OK && follow_wants(edit->s, table))
        err = follow_saved(edit->s, edit, table, NULL, &made);
    arena_done(&edit->arena);
    if (err == ERR_OK)
        *id = made;
    return err;
}

/* The same, and what follows from it by rule. */
static enum err update_followed(struct edit *edit, const struct table *table,
                                const struct id *id, const struct edit_value *values,
                                size_t count, struct note *why)
{
    struct arena arena = {0};
    struct row *before = arena_new(&arena, sizeof *before);
    uint64_t changes = edit->count;
    enum err err = before == NULL ? ERR_NOMEM : rows_find(edit->s, table, id, &arena, before);
    if (err == ERR_OK || err == ERR_NOTFOUND)
        err = update(edit, table, id, values, count, why);
    if (err == ERR_OK && edit->count > changes)
        err = follow_saved(edit->s, edit, table, before, id);
    arena_done(&arena);
    return err;
}

enum err edit_update(struct edit *edit, const struct table *table, const struct id *id,
                     const struct edit_value *values, size_t count, struct note *why)
{
    enum err err = follow_wants(edit->s, table)
                       ? update_followed(edit, table, id, values, count, why)
                       : update(edit, table, id, values, count, why);
    arena_done(&edit->arena);
    return err;
}

enum err edit_delete(struct edit *edit, const struct table *table, const struct id *id,
                     bool deleted, struct note *why)
{
    if (table->program_only)
        return note_set(why, ERR_REFUSED, N_("« %s » est tenu par le programme"), table->name);
    struct edit_value value = {.field = NULL, .value = value_int(deleted ? 1 : 0)};
    return edit_update(edit, table, id, &value, 1, why);
}
