/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/merge.h"
#include "store/inside.h"
#include "store/judge.h"
#include "store/rules.h"
#include "store/unknown.h"

void settle_taken(struct judge *j, struct row *row, uint16_t field)
{
    struct version v = {.field = field,
                        .stamp = {.hlc = j->op->hlc, .origin = j->author->origin},
                        .adj_ms = j->edit_ms - hlc_ms(j->op->hlc),
                        .seq = j->seq};
    versions_set(&row->versions, &v);
}

void settle_retold(struct judge *j, struct row *row, uint16_t field)
{
    const struct version *old = versions_find(&row->versions, field);
    struct version v = {.field = field, .stamp = row->stamp, .adj_ms = row->adj_ms};
    if (old != NULL)
        v = *old;
    v.changed = v.retold ? v.changed : v.seq;
    v.seq = j->seq;
    v.retold = true;
    versions_set(&row->versions, &v);
}

/* A value the server itself made of two edits: its own stamp, the later edit's time, so that a
 * third edit is judged against what people did, whenever it arrives. */
static void made_here(struct judge *j, struct row *row, uint16_t field)
{
    int64_t present_ms = row_edit_ms(row, field);
    int64_t edit_ms = present_ms > j->edit_ms ? present_ms : j->edit_ms;
    hlc_t hlc = hlc_tick(&j->s->clock, j->recv_ms);
    struct version v = {.field = field,
                        .stamp = {.hlc = hlc, .origin = 0},
                        .adj_ms = edit_ms - hlc_ms(hlc),
                        .seq = j->seq};
    versions_set(&row->versions, &v);
}

static void remember_before(struct judge *j, uint16_t field, const struct value *before,
                            const struct value *after)
{
    pack_int(j->history, field);
    value_pack(before, j->history);
    value_pack(after, j->history);
}

static void raise(struct judge *j, enum verdict verdict)
{
    if (j->verdict < verdict)
        j->verdict = verdict;
}

/* Take the incoming value of one field into the row. */
static void take(struct judge *j, const struct table *table, struct row *row, int index,
                 const struct value *after)
{
    const struct field *field = &table->fields[index];
    if (!value_eq(&row->values[index], after))
        remember_before(j, field->id, &row->values[index], after);
    row->values[index] = *after;
    settle_taken(j, row, field->id);
}

static bool is_current(const struct row *row, const struct edit_field *e)
{
    return stamp_eq(row_stamp(row, e->id), e->base);
}

static enum err pack_pair(struct buf *out, uint16_t field, const struct value *v)
{
    pack_int(out, field);
    value_pack(v, out);
    return out->err;
}

/* The inbox entry for one field: whoever lost is `other`. */
static enum err field_conflict(struct judge *j, const struct table *table,
                               const struct row *row, const struct edit_field *e,
                               const struct value *current, bool incoming_lost, const char *why)
{
    const struct field *field = &table->fields[e->index];
    struct buf base = {0};
    struct buf shown = {0};
    struct buf lost = {0};
    enum err err = pack_pair(&base, field->id, &e->before);
    if (err == ERR_OK)
        err = pack_pair(&shown, field->id, incoming_lost ? current : &e->after);
    if (err == ERR_OK)
        err = pack_pair(&lost, field->id, incoming_lost ? &e->after : current);
    struct stamp stamp = row_stamp(row, field->id);
    struct id other_writer = {0};
    if (err == ERR_OK)
        err = origin_staff(j->s, stamp.origin, &other_writer);
    struct conflict_case c = {
        .of_field = field->name,
        .base = buf_str(&base),
        .current = buf_str(&shown),
        .other = buf_str(&lost),
        .current_by = incoming_lost ? other_writer : j->op->actor,
        .other_by = incoming_lost ? j->op->actor : other_writer,
        .current_ms = incoming_lost ? row_edit_ms(row, field->id) : j->edit_ms,
        .other_ms = incoming_lost ? j->edit_ms : row_edit_ms(row, field->id),
        .origin = incoming_lost ? j->author->origin : stamp.origin,
        .decider = field->decider,
        .why = why};
    if (err == ERR_OK)
        err = conflict_add(j, table, row, &c);
    buf_done(&base);
    buf_done(&shown);
    buf_done(&lost);
    raise(j, VERDICT_CONFLICT);
    return err;
}

static enum err take_merged_text(struct judge *j, const struct table *table, struct row *row,
                                 const struct edit_field *e, const struct buf *text)
{
    char *copy = arena_copy(j->arena, text->p, text->n);
    if (copy == NULL)
        return ERR_NOMEM;
    struct value merged = value_text((struct str){copy, text->n});
    const struct field *field = &table->fields[e->index];
    if (value_check(field, &merged, NULL) != ERR_OK) {
        /* Both fit the limit, their union does not: keep the text shown, the other in the
         * inbox. */
        settle_retold(j, row, field->id);
        return field_conflict(j, table, row, e, &row->values[e->index], true, MERGE_WHY_TEXT);
    }
    remember_before(j, field->id, &row->values[e->index], &merged);
    row->values[e->index] = merged;
    made_here(j, row, field->id);
    raise(j, VERDICT_MERGED);
    return ERR_OK;
}

/* Two people changed the field without knowing of each other. */
static enum err settle_concurrent(struct judge *j, const struct table *table, struct row *row,
                                  const struct edit_field *e)
{
    const struct field *field = &table->fields[e->index];
    struct value present = row->values[e->index];
    struct merge_side current = {.value = present,
                                 .stamp = row_stamp(row, field->id),
                                 .edit_ms = row_edit_ms(row, field->id)};
    struct merge_side incoming = {.value = e->after,
                                  .stamp = {.hlc = j->op->hlc, .origin = j->author->origin},
                                  .edit_ms = j->edit_ms};
    struct buf text = {0};
    enum merge_outcome outcome = MERGED_SAME;
    const char *why = NULL;
    bool locked = schema_field_frozen(table, field);
    enum err err =
        merge_field(field, locked, &e->before, &current, &incoming, &text, &outcome, &why);
    if (err == ERR_OK) {
        switch (outcome) {
        case MERGED_SAME:
            settle_retold(j, row, field->id);
            raise(j, VERDICT_MERGED);
            break;
        case MERGED_TAKE:
            take(j, table, row, e->index, &e->after);
            break;
        case MERGED_TAKE_LOSER:
            err = field_conflict(j, table, row, e, &present, false, why);
            take(j, table, row, e->index, &e->after);
            break;
        case MERGED_KEEP_LOSER:
            settle_retold(j, row, field->id);
            err = field_conflict(j, table, row, e, &present, true, why);
            break;
        case MERGED_TEXT:
            err = take_merged_text(j, table, row, e, &text);
            break;
        case MERGED_REFUSE:
            j->verdict = VERDICT_REFUSED;
            j->reason = REASON_FROZEN;
            break;
        }
    }
    buf_done(&text);
    return err;
}

static enum err settle_field(struct judge *j, const struct table *table, struct row *row,
                             const struct edit_field *e)
{
    const struct field *field = &table->fields[e->index];
    if (!is_current(row, e))
        return settle_concurrent(j, table, row, e);
    if (rules_field_locked(table, field, &row->values[e->index], &e->after) &&
        !judge_decides(j, row, field)) {
        j->verdict = VERDICT_REFUSED;
        j->reason = REASON_FROZEN;
        return ERR_OK;
    }
    take(j, table, row, e->index, &e->after);
    return ERR_OK;
}

/* ---- groups: several fields merged as one unit ---- */

struct unit {
    const struct table *table;
    const struct edit_field *edits;
    uint32_t count;
    uint8_t group;
};

static bool in_unit(const struct unit *u, const struct edit_field *e)
{
    return e->index >= 0 && u->table->fields[e->index].group == u->group;
}

static enum err pack_unit(const struct unit *u, const struct row *row, int side,
                          struct buf *out)
{
    for (uint32_t i = 0; i < u->count; i++) {
        const struct edit_field *e = &u->edits[i];
        if (!in_unit(u, e))
            continue;
        const struct value *v = side == 0   ? &e->before
                                : side == 1 ? &row->values[e->index]
                                            : &e->after;
        enum err err = pack_pair(out, e->id, v);
        if (err != ERR_OK)
            return err;
    }
    return out->err;
}

/* The latest edit among the unit's present values. */
static struct merge_side latest(const struct unit *u, const struct row *row)
{
    struct merge_side side = {0};
    for (uint32_t i = 0; i < u->count; i++) {
        const struct edit_field *e = &u->edits[i];
        if (!in_unit(u, e))
            continue;
        struct merge_side one = {.stamp = row_stamp(row, e->id),
                                 .edit_ms = row_edit_ms(row, e->id)};
        if (side.stamp.hlc == 0 || merge_order(&one, &side) > 0)
            side = one;
    }
    return side;
}

static void take_unit(struct judge *j, const struct unit *u, struct row *row)
{
    for (uint32_t i = 0; i < u->count; i++) {
        if (in_unit(u, &u->edits[i]))
            take(j, u->table, row, u->edits[i].index, &u->edits[i].after);
    }
}

static void retell_unit(struct judge *j, const struct unit *u, struct row *row)
{
    for (uint32_t i = 0; i < u->count; i++) {
        if (in_unit(u, &u->edits[i]))
            settle_retold(j, row, u->edits[i].id);
    }
}

static enum err unit_conflict(struct judge *j, const struct unit *u, struct row *row,
                              const struct field *first, bool take_incoming)
{
    struct merge_side current = latest(u, row);
    struct buf base = {0};
    struct buf ours = {0};
    struct buf theirs = {0};
    struct id writer = {0};
    enum err err = pack_unit(u, row, 0, &base);
    if (err == ERR_OK)
        err = pack_unit(u, row, 1, &ours);
    if (err == ERR_OK)
        err = pack_unit(u, row, 2, &theirs);
    if (err == ERR_OK)
        err = origin_staff(j->s, current.stamp.origin, &writer);
    struct conflict_case c = {
        .of_field = first->name,
        .base = buf_str(&base),
        .current = buf_str(take_incoming ? &theirs : &ours),
        .other = buf_str(take_incoming ? &ours : &theirs),
        .current_by = take_incoming ? j->op->actor : writer,
        .other_by = take_incoming ? writer : j->op->actor,
        .current_ms = take_incoming ? j->edit_ms : current.edit_ms,
        .other_ms = take_incoming ? current.edit_ms : j->edit_ms,
        .origin = take_incoming ? current.stamp.origin : j->author->origin,
        .decider = first->decider,
        .why = first->merge == MERGE_REVIEW ? MERGE_WHY_REVIEW : MERGE_WHY_CONCURRENT};
    if (err == ERR_OK)
        err = conflict_add(j, u->table, row, &c);
    buf_done(&base);
    buf_done(&ours);
    buf_done(&theirs);
    raise(j, VERDICT_CONFLICT);
    return err;
}

static enum err settle_unit(struct judge *j, const struct unit *u, struct row *row)
{
    bool current = true;
    bool same = true;
    const struct field *first = NULL;
    for (uint32_t i = 0; i < u->count; i++) {
        const struct edit_field *e = &u->edits[i];
        if (!in_unit(u, e))
            continue;
        const struct field *field = &u->table->fields[e->index];
        first = first == NULL ? field : first;
        current = current && is_current(row, e);
        same = same && value_eq(&row->values[e->index], &e->after);
        if (rules_field_locked(u->table, field, &row->values[e->index], &e->after)) {
            j->verdict = VERDICT_REFUSED;
            j->reason = REASON_FROZEN;
            return ERR_OK;
        }
    }
    if (current) {
        take_unit(j, u, row);
        return ERR_OK;
    }
    if (same) {
        retell_unit(j, u, row);
        raise(j, VERDICT_MERGED);
        return ERR_OK;
    }
    struct merge_side ours = latest(u, row);
    struct merge_side theirs = {.stamp = {.hlc = j->op->hlc, .origin = j->author->origin},
                                .edit_ms = j->edit_ms};
    bool take_incoming = first->merge != MERGE_REVIEW && merge_order(&theirs, &ours) > 0;
    enum err err = unit_conflict(j, u, row, first, take_incoming);
    if (take_incoming)
        take_unit(j, u, row);
    else
        retell_unit(j, u, row);
    return err;
}

/* ---- delete and its opposite ---- */

static enum err deleted_conflict(struct judge *j, const struct table *table,
                                 const struct row *row, struct id by, int64_t at_ms,
                                 uint32_t origin)
{
    struct value no = value_int(0);
    struct value yes = value_int(1);
    struct buf base = {0};
    struct buf other = {0};
    enum err err = pack_pair(&base, FIELD_DELETED, &no);
    if (err == ERR_OK)
        err = pack_pair(&other, FIELD_DELETED, &yes);
    struct conflict_case c = {.of_field = "deleted",
                              .base = buf_str(&base),
                              .current = buf_str(&base),
                              .other = buf_str(&other),
                              .other_by = by,
                              .current_by = j->op->actor,
                              .current_ms = j->edit_ms,
                              .other_ms = at_ms,
                              .origin = origin,
                              .why = MERGE_WHY_UNDELETED};
    if (err == ERR_OK)
        err = conflict_add(j, table, row, &c);
    buf_done(&base);
    buf_done(&other);
    raise(j, VERDICT_CONFLICT);
    return err;
}

/* Did someone else change the row after what this author could know? */
static bool changed_unseen(const struct judge *j, const struct row *row)
{
    if (row->versions.made_seq > j->op->seen && row->stamp.origin != j->author->origin)
        return true;
    for (uint32_t i = 0; i < row->versions.count; i++) {
        const struct version *v = &row->versions.list[i];
        uint64_t changed = v->retold ? v->changed : v->seq;
        if (v->field != FIELD_DELETED && changed > j->op->seen &&
            v->stamp.origin != j->author->origin)
            return true;
    }
    return false;
}

static enum err settle_deleted(struct judge *j, const struct table *table, struct row *row,
                               const struct edit_field *e)
{
    bool after = e->after.i != 0;
    if (after == row->deleted) {
        if (!is_current(row, e)) {
            settle_retold(j, row, FIELD_DELETED);
            raise(j, VERDICT_MERGED);
        } else {
            settle_taken(j, row, FIELD_DELETED);
        }
        return ERR_OK;
    }
    if (after && j->author->origin != 0 && changed_unseen(j, row)) {
        settle_retold(j, row, FIELD_DELETED);
        return deleted_conflict(j, table, row, j->op->actor, j->edit_ms, j->author->origin);
    }
    struct value before = value_int(row->deleted ? 1 : 0);
    remember_before(j, FIELD_DELETED, &before, &e->after);
    row->deleted = after;
    settle_taken(j, row, FIELD_DELETED);
    return ERR_OK;
}

/* An edit of a row that was deleted meanwhile brings it back, flagged. */
static enum err bring_back(struct judge *j, const struct table *table, struct row *row)
{
    struct stamp by = row_stamp(row, FIELD_DELETED);
    int64_t at_ms = row_edit_ms(row, FIELD_DELETED);
    struct id who = {0};
    enum err err = origin_staff(j->s, by.origin, &who);
    struct value before = value_int(1);
    struct value after = value_int(0);
    remember_before(j, FIELD_DELETED, &before, &after);
    row->deleted = false;
    made_here(j, row, FIELD_DELETED);
    return err == ERR_OK ? deleted_conflict(j, table, row, who, at_ms, by.origin) : err;
}

/* What lost stays in the history; a person sees it once the server knows the field. */
static void remember_raw(struct judge *j, uint16_t field, struct str before, struct str after)
{
    pack_int(j->history, field);
    pack_raw(j->history, before);
    pack_raw(j->history, after);
}

/* A field of a later version: its rule is not known here, the later edit wins. */
static enum err settle_unknown(struct judge *j, struct row *row, const struct edit_field *e)
{
    struct stamp stamp = {.hlc = j->op->hlc, .origin = j->author->origin};
    struct stamp present = row->stamp;
    struct str before = STR("\xc0");
    bool found = raw_find(row->raw, e->id, &present, &before);
    if (found && !stamp_eq(present, e->base) && stamp_cmp(stamp, present) < 0) {
        remember_raw(j, e->id, e->raw, before);
        raise(j, VERDICT_MERGED);
        return ERR_OK;
    }
    remember_raw(j, e->id, before, e->raw);
    struct buf raw = {0};
    buf_add(&raw, row->raw.p, row->raw.n);
    raw_set(&raw, e->id, stamp, e->raw);
    if (raw.n > RAW_BYTES_MAX) {
        buf_done(&raw);
        j->verdict = VERDICT_REFUSED;
        j->reason = REASON_INVALID;
        return ERR_OK;
    }
    char *p = raw.err == ERR_OK ? arena_copy(j->arena, raw.p, raw.n) : NULL;
    enum err err = raw.err != ERR_OK ? raw.err : p == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK)
        row->raw = (struct str){p, raw.n};
    buf_done(&raw);
    return err;
}

static enum err settle_all(struct judge *j, const struct table *table, struct row *row,
                           const struct edit_field *edits, uint32_t count)
{
    uint64_t groups_done = 0;
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < count && err == ERR_OK && j->reason == REASON_NONE; i++) {
        const struct edit_field *e = &edits[i];
        if (e->id == FIELD_DELETED) {
            err = settle_deleted(j, table, row, e);
        } else if (e->index < 0) {
            err = settle_unknown(j, row, e);
        } else if (table->fields[e->index].group == 0) {
            err = settle_field(j, table, row, e);
        } else {
            uint8_t group = table->fields[e->index].group;
            struct unit unit = {table, edits, count, group};
            if ((groups_done >> (group % 64) & 1) == 0)
                err = settle_unit(j, &unit, row);
            groups_done |= UINT64_C(1) << (group % 64);
        }
    }
    return err;
}

enum err settle_update(struct judge *j, const struct table *table, struct row *row,
                       const struct edit_field *edits, uint32_t count, bool *changed)
{
    bool deletes = false;
    for (uint32_t i = 0; i < count; i++)
        deletes = deletes || edits[i].id == FIELD_DELETED;
    buf_clear(j->history);
    enum err err = ERR_OK;
    if (row->deleted && !deletes && count > 0)
        err = bring_back(j, table, row);
    if (err == ERR_OK)
        err = settle_all(j, table, row, edits, count);
    *changed = count > 0;
    if (err != ERR_OK || j->reason != REASON_NONE || j->history->n == 0)
        return err;
    struct history_entry entry = {.seq = j->seq,
                                  .stamp = {.hlc = j->op->hlc, .origin = j->author->origin},
                                  .actor = j->op->actor,
                                  .edit_ms = j->edit_ms,
                                  .recv_ms = j->recv_ms,
                                  .changes = buf_str(j->history)};
    if (j->history->err != ERR_OK)
        return j->history->err;
    return rows_history_add(j->s, table, row->rid, &entry);
}
