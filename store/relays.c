/* SPDX-License-Identifier: Apache-2.0 */
#include "store/relays.h"

#include "proto/hash.h"
#include "store/inside.h"
#include "store/rows.h"

enum err relays_history(struct store *s, struct id *out)
{
    return meta_get_id(s, META_HISTORY, out);
}

/* ---- enrolment ---- */

enum err relays_invite(struct store *s, const struct id *invite,
                       const uint8_t secret_sha256[32], const struct id *structure,
                       struct str name, int64_t expires_ms)
{
    const struct table *table = schema_table(s->env.schema, TABLE_STRUCTURE);
    struct scope scope;
    struct stmt *stmt = NULL;
    enum err err = rows_locate(s, table, structure, &scope);
    if (err == ERR_OK)
        err = store_sql(s, SQL_RELAY_INVITE, &stmt);
    if (err == ERR_OK)
        err = store_begin(s);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, invite);
    bind_blob(stmt, 2, (struct str){(const char *)secret_sha256, 32});
    bind_id(stmt, 3, structure);
    bind_int(stmt, 4, expires_ms);
    bind_text(stmt, 5, name);
    return store_end(s, stmt_run(stmt));
}

static enum err add(struct store *s, const struct serve_enrolment *e, uint32_t *device)
{
    uint64_t number = 0;
    struct stmt *stmt = NULL;
    enum err err = store_number(s, SQL_DEVICE_NEXT, NULL, 0, &number);
    if (err == ERR_OK)
        err = store_sql(s, SQL_RELAY_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)number);
    bind_blob(stmt, 2, (struct str){(const char *)e->key, sizeof e->key});
    bind_int(stmt, 3, store_now(s));
    bind_id(stmt, 4, &e->invite);
    err = stmt_run(stmt);
    if (err == ERR_OK && db_changes(s->db) != 1)
        err = ERR_NOTFOUND;
    *device = (uint32_t)number;
    return err;
}

/* Structure and name of a relay. */
static enum err describe(struct store *s, uint32_t device, struct id *structure,
                         struct buf *name)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_RELAY_NAME, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, device);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        struct str text = col_text(stmt, 1);
        err = col_id(stmt, 0, structure) ? ERR_OK : ERR_CORRUPT;
        buf_add(name, text.p, text.n);
    }
    stmt_reset(stmt);
    if (step != STEP_ROW)
        return step == STEP_FAILED ? db_error(s->db) : ERR_NOTFOUND;
    return err == ERR_OK ? name->err : err;
}

static enum err enrol(struct store *s, const struct serve_enrolment *e,
                      serve_on_enrolled *on_enrolled, void *ctx, struct buf *reply)
{
    struct store_identity identity = {.device = 0};
    struct buf name = {0};
    struct buf network = {0};
    int64_t generation = 0;
    enum err err = add(s, e, &identity.device);
    if (err == ERR_OK)
        err = describe(s, identity.device, &identity.structure, &name);
    if (err == ERR_OK)
        err = meta_get_text(s, META_NETWORK, &network);
    if (err == ERR_OK)
        err = meta_get_id(s, META_HISTORY, &identity.history);
    if (err == ERR_OK)
        err = meta_get_int(s, META_GENERATION, &generation);
    identity.generation = (uint32_t)generation;
    if (err == ERR_OK)
        err = on_enrolled(ctx, &identity, buf_str(&network), buf_str(&name), reply);
    if (err == ERR_OK)
        err = serve_invite_used(s, e, buf_str(reply));
    buf_done(&name);
    buf_done(&network);
    return err;
}

enum err relays_enrol(struct store *s, const struct serve_enrolment *enrolment,
                      serve_on_enrolled *on_enrolled, void *ctx, struct buf *reply)
{
    enum err err = store_begin(s);
    if (err != ERR_OK)
        return err;
    return store_end(s, enrol(s, enrolment, on_enrolled, ctx, reply));
}

/* ---- contact ---- */

static enum err note_seen(struct store *s, uint32_t device)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_RELAY_SEEN, &stmt);
    if (err == ERR_OK)
        err = store_begin(s);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, device);
    bind_int(stmt, 2, store_now(s));
    return store_end(s, stmt_run(stmt));
}

enum err relays_greet(struct store *s, const uint8_t key[32], struct serve_device *out)
{
    struct stmt *stmt = NULL;
    struct serve_device found = {.device = 0};
    enum err err = store_sql(s, SQL_DEVICE_BY_KEY, &stmt);
    if (err != ERR_OK)
        return err;
    bind_blob(stmt, 1, (struct str){(const char *)key, 32});
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW && col_int(stmt, 3) != 0) {
        found.device = (uint32_t)col_int(stmt, 0);
        found.state = (enum device_state)col_int(stmt, 2);
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    if (found.device == 0)
        return ERR_NOTFOUND;
    *out = found;
    return found.state == DEVICE_ACTIVE ? note_seen(s, found.device) : ERR_REVOKED;
}

/* Append one LISTED of keys of devices after *last, which moves; *more: there are others. */
static enum err answer_listed(struct store *s, uint32_t *last, struct buf *frames, bool *more)
{
    struct stmt *stmt = NULL;
    struct buf keys = {0};
    unsigned count = 0;
    enum step step = STEP_DONE;
    enum err err = store_sql(s, SQL_DEVICE_DENIED, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, *last);
    bind_int(stmt, 2, MESSAGE_LISTED_MAX);
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct str key = col_blob(stmt, 1);
        *last = (uint32_t)col_int(stmt, 0);
        err = key.n == SHA256_BYTES ? ERR_OK : ERR_CORRUPT;
        buf_add(&keys, key.p, key.n);
        count++;
    }
    stmt_reset(stmt);
    if (err == ERR_OK && step == STEP_FAILED)
        err = db_error(s->db);
    *more = count == MESSAGE_LISTED_MAX;
    if (err == ERR_OK && keys.err == ERR_OK)
        message_listed(frames, &(struct listed){.more = *more, .keys = buf_str(&keys)});
    err = err == ERR_OK ? keys.err : err;
    buf_done(&keys);
    return err == ERR_OK ? frames->err : err;
}

enum err relays_answer(struct store *s, struct buf *frames)
{
    struct buf network = {0};
    uint32_t last = 0;
    bool more = true;
    enum err err = meta_get_text(s, META_NETWORK, &network);
    if (err == ERR_OK)
        message_site(frames, &(struct site_word){.protocol = MESSAGE_PROTOCOL,
                                                 .name = buf_str(&network)});
    buf_done(&network);
    while (err == ERR_OK && more)
        err = answer_listed(s, &last, frames, &more);
    return err;
}
