/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/hash.h"
#include "store/apply.h"
#include "store/epochs.h"
#include "store/holders.h"
#include "store/scopes.h"
#include "store/serve.h"

/* More epochs than are given out between two backups. */
enum { RESTORE_EPOCHS = 100000 };

/* Device 0 and epoch 0 are the server itself: what jalonctl changes is judged and kept like any
 * operation. */
static enum err own_epoch(struct store *s)
{
    static const uint8_t no_key[32];
    static const struct id nobody;
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_DEVICE_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, 0);
    bind_blob(stmt, 2, (struct str){(const char *)no_key, sizeof no_key});
    bind_id(stmt, 3, &nobody);
    bind_text(stmt, 4, STR("jalond"));
    bind_int(stmt, 5, store_now(s));
    err = stmt_run(stmt);
    if (err == ERR_OK)
        err = store_sql(s, SQL_EPOCH_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, 0);
    bind_int(stmt, 2, 0);
    return stmt_run(stmt);
}

enum err serve_init(struct store *s, struct str network)
{
    int64_t generation = 0;
    enum err err = meta_get_int(s, META_GENERATION, &generation);
    if (err != ERR_OK)
        return err;
    if (generation != 0)
        return ERR_EXISTS;
    struct id history;
    s->env.random(s->env.ctx, history.b, sizeof history.b);
    err = store_begin(s);
    if (err != ERR_OK)
        return err;
    err = scopes_init(s);
    if (err == ERR_OK)
        err = own_epoch(s);
    if (err == ERR_OK)
        err = meta_set_id(s, META_HISTORY, &history);
    if (err == ERR_OK)
        err = meta_set_int(s, META_GENERATION, 1);
    if (err == ERR_OK)
        err = meta_set_int(s, META_RIGHTS, 1);
    if (err == ERR_OK)
        err = meta_set_text(s, META_NETWORK, network);
    err = store_end(s, err);
    return err == ERR_OK ? store_reload(s) : err;
}

enum err serve_invite(struct store *s, const struct id *invite, const uint8_t secret_sha256[32],
                      const struct id *staff, int64_t expires_ms)
{
    const struct table *table = schema_table(s->env.schema, TABLE_STAFF);
    struct scope scope;
    enum err err = rows_locate(s, table, staff, &scope);
    struct stmt *stmt = NULL;
    if (err == ERR_OK)
        err = store_sql(s, SQL_INVITE_ADD, &stmt);
    if (err == ERR_OK)
        err = store_begin(s);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, invite);
    bind_blob(stmt, 2, (struct str){(const char *)secret_sha256, 32});
    bind_id(stmt, 3, staff);
    bind_int(stmt, 4, expires_ms);
    return store_end(s, stmt_run(stmt));
}

static enum err run_with_invite(struct store *s, enum sql sql, const struct id *invite)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, sql, &stmt);
    if (err == ERR_OK)
        err = store_begin(s);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, invite);
    return store_end(s, stmt_run(stmt));
}

enum err serve_invitation_proved(struct store *s, const struct id *invite)
{
    return run_with_invite(s, SQL_INVITE_PROVED, invite);
}

enum err serve_invitation(struct store *s, const struct id *invite,
                          struct serve_invitation *out, struct buf *reply)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_INVITE_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, invite);
    struct serve_invitation found = {0};
    int64_t expires_ms = 0;
    int64_t tries = 0;
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        struct str secret = col_blob(stmt, 0);
        struct str key = col_blob(stmt, 4);
        err = secret.n == 32 && col_id(stmt, 1, &found.staff) ? ERR_OK : ERR_CORRUPT;
        if (err == ERR_OK)
            memcpy(found.secret_sha256, secret.p, 32);
        expires_ms = col_int(stmt, 2);
        tries = col_int(stmt, 3);
        found.relay = col_int(stmt, 6) != 0;
        found.used = key.n == 32;
        if (found.used) {
            struct str stored = col_blob(stmt, 5);
            memcpy(found.used_key, key.p, 32);
            buf_add(reply, stored.p, stored.n);
        }
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    if (step == STEP_DONE)
        return ERR_NOTFOUND;
    if (err != ERR_OK)
        return err;
    if (store_now(s) > expires_ms)
        return ERR_TIMEOUT;
    if (tries >= INVITE_TRIES_MAX)
        return ERR_LIMIT;
    err = run_with_invite(s, SQL_INVITE_TRY, invite);
    if (err == ERR_OK)
        *out = found;
    return err != ERR_OK ? err : reply->err;
}

static enum err add_device(struct store *s, const struct serve_enrolment *e,
                           struct store_identity *identity)
{
    uint64_t number = 0;
    enum err err = store_number(s, SQL_DEVICE_NEXT, NULL, 0, &number);
    struct stmt *stmt = NULL;
    if (err == ERR_OK)
        err = store_sql(s, SQL_DEVICE_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    identity->device = (uint32_t)number;
    bind_int(stmt, 1, identity->device);
    bind_blob(stmt, 2, (struct str){(const char *)e->key, sizeof e->key});
    bind_id(stmt, 3, &e->staff);
    bind_text(stmt, 4, e->name);
    bind_int(stmt, 5, store_now(s));
    err = stmt_run(stmt);
    return err == ERR_OK ? epochs_new(s, identity->device, &e->staff, &identity->epoch) : err;
}

/* What the new device is told of itself. */
static enum err describe(struct store *s, const struct serve_enrolment *e,
                         struct store_identity *identity, struct buf *name)
{
    const struct grants_had nothing = {.held = 0};
    struct grants grants = {.count = 0};
    uint64_t version = 0;
    int64_t generation = 0;
    enum err err = grants_load(s, &e->staff, &nothing, &grants, &version, NULL);
    identity->roles = grants.roles;
    grants_done(&grants);
    identity->staff = e->staff;
    if (err == ERR_OK)
        err = meta_get_id(s, META_HISTORY, &identity->history);
    if (err == ERR_OK)
        err = meta_get_int(s, META_GENERATION, &generation);
    identity->generation = (uint32_t)generation;
    return err == ERR_OK ? serve_staff(s, &e->staff, &identity->structure, name) : err;
}

enum err serve_invite_used(struct store *s, const struct serve_enrolment *e, struct str reply)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_INVITE_USE, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, &e->invite);
    bind_blob(stmt, 2, (struct str){(const char *)e->key, sizeof e->key});
    bind_blob(stmt, 3, reply);
    return stmt_run(stmt);
}

static enum err enrol(struct store *s, const struct serve_enrolment *e,
                      serve_on_enrolled *on_enrolled, void *ctx, struct buf *reply)
{
    struct store_identity identity = {0};
    struct buf name = {0};
    struct buf network = {0};
    enum err err = describe(s, e, &identity, &name);
    if (err == ERR_OK)
        err = meta_get_text(s, META_NETWORK, &network);
    if (err == ERR_OK)
        err = add_device(s, e, &identity);
    if (err == ERR_OK)
        err = on_enrolled(ctx, &identity, buf_str(&network), buf_str(&name), reply);
    if (err == ERR_OK)
        err = serve_invite_used(s, e, buf_str(reply));
    buf_done(&name);
    buf_done(&network);
    return err;
}

enum err serve_enrol(struct store *s, const struct serve_enrolment *enrolment,
                     serve_on_enrolled *on_enrolled, void *ctx, struct buf *reply)
{
    enum err err = holders_today(s);
    if (err == ERR_OK)
        err = store_begin(s);
    if (err != ERR_OK)
        return err;
    return store_end(s, enrol(s, enrolment, on_enrolled, ctx, reply));
}

enum err serve_device_state(struct store *s, uint32_t device, enum device_state state)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_DEVICE_STATE, &stmt);
    if (err == ERR_OK)
        err = store_begin(s);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, device);
    bind_int(stmt, 2, state);
    err = stmt_run(stmt);
    if (err == ERR_OK && (db_changes(s->db) == 0 || device == 0))
        err = ERR_NOTFOUND;
    return store_end(s, err);
}

enum err serve_device_heard(struct store *s, uint32_t device, int64_t told_ms, int64_t wiped_ms)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_DEVICE_HEARD, &stmt);
    if (err == ERR_OK)
        err = store_begin(s);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, device);
    bind_int(stmt, 2, told_ms);
    bind_int(stmt, 3, wiped_ms);
    return store_end(s, stmt_run(stmt));
}

enum err serve_devices(struct store *s, serve_on_device *on_device, void *ctx)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_DEVICE_LIST, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct serve_device_info info = {.device = (uint32_t)col_int(stmt, 0)};
        if (!col_id(stmt, 1, &info.staff))
            err = ERR_CORRUPT;
        info.name = col_text(stmt, 2);
        info.state = (enum device_state)col_int(stmt, 3);
        info.enrolled_ms = col_int(stmt, 4);
        info.seen_ms = col_int(stmt, 5);
        info.skew_ms = col_int(stmt, 6);
        info.pulled = (uint64_t)col_int(stmt, 7);
        info.schema = (uint32_t)col_int(stmt, 8);
        info.forks = (uint32_t)col_int(stmt, 9);
        info.epoch = (uint32_t)col_int(stmt, 10);
        info.told_ms = col_int(stmt, 11);
        info.wiped_ms = col_int(stmt, 12);
        info.relay = col_int(stmt, 13) != 0;
        if (err == ERR_OK)
            err = on_device(ctx, &info);
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

enum err serve_stats(struct store *s, struct serve_stats *out)
{
    struct serve_stats stats = {.seq = s->seq};
    int64_t generation = 0;
    int64_t stable = 0;
    enum err err = store_number(s, SQL_OP_COUNT, NULL, 0, &stats.operations);
    if (err == ERR_OK)
        err = store_number(s, SQL_CONFLICTS_OPEN, NULL, 0, &stats.conflicts);
    if (err == ERR_OK)
        err = store_number(s, SQL_QUARANTINE_COUNT, NULL, 0, &stats.quarantined);
    if (err == ERR_OK)
        err = store_number(s, SQL_DEVICE_COUNT, NULL, 0, &stats.devices);
    if (err == ERR_OK)
        err = store_number(s, SQL_COMMIT_COUNT, NULL, 0, &stats.commits);
    if (err == ERR_OK)
        err = meta_get_int(s, META_GENERATION, &generation);
    if (err == ERR_OK)
        err = meta_get_int(s, META_STABLE_SEQ, &stable);
    if (err == ERR_OK)
        err = meta_get_id(s, META_HISTORY, &stats.history);
    if (err == ERR_OK)
        err = db_size(s->db, &stats.file_bytes, &stats.free_bytes);
    stats.generation = (uint32_t)generation;
    stats.stable_seq = (uint64_t)stable;
    if (err == ERR_OK)
        *out = stats;
    return err;
}

enum err serve_stable(struct store *s, uint64_t seq)
{
    enum err err = store_begin(s);
    return err == ERR_OK ? store_end(s, meta_set_int(s, META_STABLE_SEQ, (int64_t)seq)) : err;
}

enum err serve_lineage(struct store *s, struct serve_lineage *out)
{
    int64_t generation = 0;
    int64_t floor = 0;
    uint64_t next = 0;
    enum err err = meta_get_int(s, META_GENERATION, &generation);
    if (err == ERR_OK)
        err = meta_get_int(s, META_EPOCH_FLOOR, &floor);
    if (err == ERR_OK)
        err = store_number(s, SQL_EPOCH_NEXT, NULL, 0, &next);
    if (err == ERR_OK)
        *out = (struct serve_lineage){(uint32_t)generation,
                                      next < (uint64_t)floor ? (uint64_t)floor : next};
    return err;
}

enum err serve_restored(struct store *s, const struct serve_lineage *replaced)
{
    struct serve_lineage own = {0};
    enum err err = serve_lineage(s, &own);
    if (err == ERR_OK)
        err = store_begin(s);
    if (err != ERR_OK)
        return err;
    int64_t last =
        own.generation > replaced->generation ? own.generation : replaced->generation;
    uint64_t epoch =
        own.epoch_next > replaced->epoch_next ? own.epoch_next : replaced->epoch_next;
    /* By the clock, in case the replaced database is lost: the same backup put back twice
     * begins two generations. */
    int64_t next = store_now(s) / 1000;
    next = next > UINT32_MAX || next <= last ? last + 1 : next;
    err = meta_set_int(s, META_GENERATION, next);
    if (err == ERR_OK)
        err = meta_set_int(s, META_GENERATION_SEQ, (int64_t)s->seq);
    if (err == ERR_OK)
        err = meta_set_int(s, META_STABLE_SEQ, (int64_t)s->seq);
    /* Epochs given out since the backup live on in stamps: none of them is given to another. */
    int64_t floor = (int64_t)epoch + RESTORE_EPOCHS;
    if (err == ERR_OK)
        err = meta_set_int(s, META_EPOCH_FLOOR, floor < next ? next : floor);
    return store_end(s, err);
}
