/* SPDX-License-Identifier: Apache-2.0 */
/* Who may order an erasure, and who has carried it out; erase_run.c does it. */
#include "store/erase.h"

#include "store/inside.h"

static enum err refuse(struct judge *j, enum reason reason)
{
    j->verdict = VERDICT_REFUSED;
    j->reason = reason;
    return ERR_OK;
}

/* ---- who may ---- */

static struct value field(const struct row *row, uint16_t id)
{
    return row->values[id - 1]; /* they are numbered from 1 without a gap */
}

static bool is(struct value v, const char *code)
{
    return v.type == VALUE_TEXT && str_eq(v.s, str_of(code));
}

static uint8_t role_of(struct value v)
{
    if (is(v, "jobcoach"))
        return ROLE_JOBCOACH;
    if (is(v, "manager"))
        return ROLE_MANAGER;
    return is(v, "coordinator") ? ROLE_COORDINATOR : 0;
}

/* Signed in a role that the author holds in the structure, over a dossier that he may see. */
static enum err check_signer(struct judge *j, const struct row *row, struct value as)
{
    const struct table *persons = schema_table(j->s->env.schema, TABLE_PERSON);
    struct value dossier = field(row, FIELD_ERASURE_DOSSIER);
    struct scope home = {.home = row->scope.home};
    struct scope scope;
    struct id id;
    uint64_t no = 0;
    if (j->author->origin == 0 || (scope_roles(j->author->grants, home) & role_of(as)) == 0)
        return refuse(j, REASON_RIGHTS);
    if (dossier.type != VALUE_BYTES || dossier.s.n != ID_BYTES || persons == NULL)
        return refuse(j, REASON_INVALID);
    memcpy(id.b, dossier.s.p, ID_BYTES);
    enum err err = erased_find(j->s, &id, &no);
    if (err == ERR_OK && no != 0)
        return refuse(j, REASON_ERASED);
    if (err == ERR_OK)
        err = rows_locate(j->s, persons, &id, &scope);
    if (err == ERR_NOTFOUND)
        return refuse(j, REASON_MISSING);
    if (err == ERR_OK && scope.home != row->scope.home)
        return refuse(j, REASON_SCOPE);
    if (err == ERR_OK && !scope_may_read(j->author->grants, scope, FACET_FACTS))
        return refuse(j, REASON_RIGHTS);
    return err;
}

enum err erase_check_insert(struct judge *j, const struct row *row)
{
    struct value state = field(row, FIELD_ERASURE_STATE);
    bool asks = state.type == VALUE_NULL || is(state, "asked");
    if (!asks || field(row, FIELD_ERASURE_SIGNED_AS).type != VALUE_NULL)
        return refuse(j, REASON_INVALID);
    return check_signer(j, row, field(row, FIELD_ERASURE_ASKED_AS));
}

static struct value after_of(const struct row *row, const struct edit_field *edits,
                             uint32_t count, uint16_t id)
{
    for (uint32_t i = 0; i < count; i++)
        if (edits[i].id == id)
            return edits[i].after;
    return field(row, id);
}

/* Two people with two roles, one of whom coordinates. Who has asked may take it back. */
static enum err check_decision(struct judge *j, const struct row *row,
                               const struct edit_field *edits, uint32_t count)
{
    struct value state = after_of(row, edits, count, FIELD_ERASURE_STATE);
    struct value as = after_of(row, edits, count, FIELD_ERASURE_SIGNED_AS);
    unsigned asked = role_of(field(row, FIELD_ERASURE_ASKED_AS));
    unsigned signs = role_of(as);
    if (is(state, "confirmed") && (id_eq(&j->author->staff, &row->by) || asked == signs ||
                                   ((asked | signs) & ROLE_COORDINATOR) == 0))
        return refuse(j, REASON_RIGHTS);
    if (!is(state, "confirmed") && !is(state, "declined"))
        return refuse(j, REASON_INVALID);
    return check_signer(j, row, as);
}

enum err erase_check_update(struct judge *j, const struct row *row,
                            const struct edit_field *edits, uint32_t count)
{
    struct value state = field(row, FIELD_ERASURE_STATE);
    bool open = state.type == VALUE_NULL || is(state, "asked");
    bool changes = false;
    for (uint32_t i = 0; i < count; i++) {
        if (edits[i].index < 0)
            return refuse(j, REASON_FROZEN); /* an order is neither deleted nor added to */
        changes = changes || !value_eq(&row->values[edits[i].index], &edits[i].after);
    }
    if (!changes)
        return ERR_OK;
    if (!open || row->deleted)
        return refuse(j, REASON_FROZEN);
    return check_decision(j, row, edits, count);
}

/* ---- the order ---- */

enum err erase_order(struct store *s, const struct id *dossier, int64_t at_ms)
{
    struct stmt *stmt = NULL;
    uint64_t no = 0;
    enum err err = store_sql(s, SQL_ERASE_ORDER_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, dossier);
    bind_int(stmt, 2, at_ms);
    err = stmt_run(stmt);
    if (err == ERR_OK)
        err = store_sql(s, SQL_ERASE_ORDER_OF, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, dossier);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        no = (uint64_t)col_int(stmt, 0);
    stmt_reset(stmt);
    if (step != STEP_ROW)
        return step == STEP_FAILED ? db_error(s->db) : ERR_CORRUPT;
    err = erased_add(s, dossier, no);
    if (err == ERR_OK)
        err = meta_set_int(s, META_ERASING, 1);
    if (err == ERR_OK && no > s->erased_last)
        err = meta_set_int(s, META_ERASED_LAST, (int64_t)no);
    s->erasing = true;
    s->erased_last = no > s->erased_last ? no : s->erased_last;
    return err;
}

enum err erase_settled(struct judge *j, const struct row *row)
{
    struct value dossier = field(row, FIELD_ERASURE_DOSSIER);
    struct id id;
    if (!is(field(row, FIELD_ERASURE_STATE), "confirmed"))
        return ERR_OK;
    must(dossier.type == VALUE_BYTES && dossier.s.n == ID_BYTES); /* check_signer */
    memcpy(id.b, dossier.s.p, ID_BYTES);
    return erase_order(j->s, &id, j->recv_ms);
}

enum err erase_again(struct store *s, const struct id *dossier, bool *known)
{
    uint64_t no = 0;
    enum err err = erased_find(s, dossier, &no);
    *known = no != 0;
    if (err == ERR_OK && !*known)
        err = store_begin(s);
    if (err != ERR_OK || *known)
        return err;
    return store_end(s, erase_order(s, dossier, store_now(s)));
}

/* ---- devices ---- */

static enum err due_orders(struct store *s, const struct serve_session *session,
                           struct buf *erases, struct buf *leaves, uint32_t *count)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_ERASE_DEVICE_DUE, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, session->device);
    bind_int(stmt, 2, (int64_t)session->erase_told);
    bind_int(stmt, 3, MESSAGE_ERASES_MAX);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct erase_order o = {.no = (uint64_t)col_int(stmt, 0)};
        err = col_id(stmt, 1, &o.dossier) ? ERR_OK : ERR_CORRUPT;
        message_erase_add(erases, &o);
        message_leave_add(
            leaves, &(struct leave_scope){.kind = LEAVE_DOSSIER,
                                          .id = o.dossier,
                                          .facets = FACET_FACTS | FACET_NOTES | FACET_VAULT});
        (*count)++;
    }
    stmt_reset(stmt);
    if (err == ERR_OK && step == STEP_FAILED)
        return db_error(s->db);
    return err == ERR_OK && erases->err != ERR_OK ? erases->err : err;
}

enum err erase_tell(struct store *s, struct serve_session *session, struct buf *frames)
{
    struct buf erases = {0};
    struct buf leaves = {0};
    uint32_t count = 0;
    uint64_t last = s->erased_last;
    if (session->erase_told >= last)
        return ERR_OK;
    enum err err = due_orders(s, session, &erases, &leaves, &count);
    if (err == ERR_OK && leaves.err != ERR_OK)
        err = leaves.err;
    if (err == ERR_OK && count > 0 && session->schema >= MESSAGE_ERASE_SCHEMA)
        message_erase(frames, count, buf_str(&erases));
    else if (err == ERR_OK && count > 0)
        message_leave(frames, count, buf_str(&leaves));
    if (err == ERR_OK)
        err = frames->err;
    if (err == ERR_OK)
        session->erase_told = last;
    buf_done(&erases);
    buf_done(&leaves);
    return err;
}

enum err erase_acked(struct store *s, const struct serve_session *session, uint64_t through)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_ERASE_DEVICE_ACK, &stmt);
    if (err != ERR_OK)
        return err;
    uint64_t told = session->erase_told;
    bind_int(stmt, 1, session->device);
    bind_int(stmt, 2, (int64_t)(through < told ? through : told));
    bind_int(stmt, 3, store_now(s));
    return stmt_run(stmt);
}

enum err erase_again_on(struct store *s, uint32_t epoch, uint64_t no)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_ERASE_DEVICE_AGAIN, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, epoch);
    bind_int(stmt, 2, (int64_t)no);
    return stmt_run(stmt);
}

enum err erase_all_again_on(struct store *s, uint32_t epoch, const struct buf *orders)
{
    enum err err = ERR_OK;
    for (size_t at = 0; at < orders->n && err == ERR_OK; at += sizeof(uint64_t)) {
        uint64_t no = 0;
        memcpy(&no, orders->p + at, sizeof no);
        err = erase_again_on(s, epoch, no);
    }
    return err;
}

/* ---- for people ---- */

enum err erase_orders(struct store *s, erase_on_order *on_order, void *ctx)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_ERASE_ORDER_LIST, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct erase_info info = {.no = (uint64_t)col_int(stmt, 0),
                                  .at_ms = col_int(stmt, 2),
                                  .done_ms = col_int(stmt, 3),
                                  .devices = (uint64_t)col_int(stmt, 4),
                                  .acked = (uint64_t)col_int(stmt, 5)};
        err = col_id(stmt, 1, &info.dossier) ? on_order(ctx, &info) : ERR_CORRUPT;
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

enum err erase_devices(struct store *s, uint64_t no, erase_on_device *on_device, void *ctx)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_ERASE_DEVICE_LIST, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)no);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct erase_device d = {.device = (uint32_t)col_int(stmt, 0),
                                 .name = col_text(stmt, 1),
                                 .state = (enum device_state)col_int(stmt, 3),
                                 .seen_ms = col_int(stmt, 4),
                                 .schema = (uint32_t)col_int(stmt, 5),
                                 .acked_ms = col_int(stmt, 6)};
        err = col_id(stmt, 2, &d.staff) ? on_device(ctx, &d) : ERR_CORRUPT;
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}
