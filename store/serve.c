/* SPDX-License-Identifier: Apache-2.0 */
#include "store/serve.h"
#include "store/digest.h"

#include "proto/hash.h"
#include "store/apply.h"
#include "store/content.h"
#include "store/epochs.h"
#include "store/erase.h"
#include "store/expire.h"
#include "store/holders.h"
#include "store/ranges.h"
#include "store/scopes.h"

enum {
    SEEN_EVERY_MS = 60 * 1000, /* a device's last contact is not written more often */
    SEEN_SKEW_MS = 1000,
    PACK_FROM_BYTES = 200, /* smaller blocks do not gain by compression */
    TOLD_BYTES_MAX = 16 * 1024,
    PACK_LEVEL = 1,
};

uint64_t serve_seq(const struct store *s)
{
    return s->seq;
}

uint64_t serve_rights(const struct store *s)
{
    return s->rights;
}

enum err serve_today(struct store *s)
{
    return holders_today(s);
}

enum err serve_device(struct store *s, const uint8_t key[32], struct serve_device *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_DEVICE_BY_KEY, &stmt);
    if (err != ERR_OK)
        return err;
    bind_blob(stmt, 1, (struct str){(const char *)key, 32});
    enum step step = stmt_step(stmt);
    struct serve_device device = {0};
    if (step == STEP_ROW) {
        device.device = (uint32_t)col_int(stmt, 0);
        err = col_id(stmt, 1, &device.staff) ? ERR_OK : ERR_CORRUPT;
        device.state = (enum device_state)col_int(stmt, 2);
        if (col_int(stmt, 3) != 0) /* a relay says nothing for itself */
            device.device = 0;
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    if (step == STEP_DONE || device.device == 0)
        return ERR_NOTFOUND;
    if (err == ERR_OK)
        *out = device;
    return err == ERR_OK && device.state != DEVICE_ACTIVE ? ERR_REVOKED : err;
}

/* ---- hello ---- */

static enum err stable_op(struct store *s, uint32_t epoch, uint64_t *out)
{
    int64_t seq = 0;
    enum err err = meta_get_int(s, META_STABLE_SEQ, &seq);
    if (err == ERR_OK)
        err = store_number(s, SQL_OP_STABLE, (int64_t[]){epoch, seq}, 2, out);
    return err;
}

static enum err run_with_device(struct store *s, enum sql sql, uint32_t device)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, sql, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, device);
    return stmt_run(stmt);
}

/* A copy of the device's files, or an older image of them, may hold what the device confirmed
 * to have erased, and where nothing was written since, no fork gives it away. It has seen less
 * than the device had, or misses something and asks for everything: it is told again. */
static enum err forget_erased(struct store *s, uint32_t device)
{
    if (s->erased_last == 0)
        return ERR_OK;
    enum err err = store_begin(s);
    return err == ERR_OK ? store_end(s, run_with_device(s, SQL_ERASE_DEVICE_FORGET, device))
                         : err;
}

/* Last contact and skew of a device are noted when they have moved; later and together with
 * others, so that a thousand greetings are not a thousand commits. */
static enum err look_at_contact(struct store *s, struct serve_session *session,
                                const struct hello *hello)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_DEVICE_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, session->device);
    int64_t seen = 0;
    int64_t skew = 0;
    uint64_t pulled = 0;
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        seen = col_int(stmt, 0);
        skew = col_int(stmt, 1);
        pulled = (uint64_t)col_int(stmt, 2);
    }
    stmt_reset(stmt);
    if (step != STEP_ROW)
        return step == STEP_FAILED ? db_error(s->db) : ERR_NOTFOUND;
    int64_t now = store_now(s);
    int64_t moved = skew > session->skew_ms ? skew - session->skew_ms : session->skew_ms - skew;
    session->contact = now - seen >= SEEN_EVERY_MS || now < seen || moved >= SEEN_SKEW_MS;
    session->schema = hello->schema;
    return hello->full || hello->pulled < pulled ? forget_erased(s, session->device) : ERR_OK;
}

static enum err encode_origins(struct store *s, uint32_t after, struct buf *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_ORIGINS_AFTER, &stmt);
    if (err != ERR_OK)
        return err;
    struct origin *list = mem_array(MESSAGE_ORIGINS_MAX, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    bind_int(stmt, 1, after);
    bind_int(stmt, 2, MESSAGE_ORIGINS_MAX);
    uint32_t n = 0;
    enum step step = STEP_DONE;
    while (n < MESSAGE_ORIGINS_MAX && (step = stmt_step(stmt)) == STEP_ROW) {
        list[n].epoch = (uint32_t)col_int(stmt, 0);
        if (!col_id(stmt, 1, &list[n].staff))
            err = ERR_CORRUPT;
        list[n].device = (uint32_t)col_int(stmt, 2);
        n++;
    }
    stmt_reset(stmt);
    message_origins(out, list, n);
    mem_free(list);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return err == ERR_OK ? out->err : err;
}

enum err serve_staff(struct store *s, const struct id *staff, struct id *structure,
                     struct buf *name)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_STAFF_HOME, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, staff);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        err = col_id(stmt, 0, structure) ? ERR_OK : ERR_CORRUPT;
        if (name != NULL) {
            struct str first = col_text(stmt, 1);
            buf_add(name, first.p, first.n);
            buf_u8(name, ' ');
            struct str last = col_text(stmt, 2);
            buf_add(name, last.p, last.n);
        }
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return step == STEP_DONE ? ERR_NOTFOUND : err;
}

static enum err check_hello(struct store *s, const struct serve_device *device,
                            const struct hello *hello, struct epoch_row *epoch)
{
    if (hello->protocol != MESSAGE_PROTOCOL)
        return ERR_VERSION;
    struct id history = {0};
    enum err err = meta_get_id(s, META_HISTORY, &history);
    if (err != ERR_OK)
        return err;
    if (!id_is_null(&hello->history) && !id_eq(&hello->history, &history))
        return ERR_IDENTITY;
    int64_t generation = 0;
    err = meta_get_int(s, META_GENERATION, &generation);
    if (err == ERR_OK)
        err = epochs_get(s, hello->epoch, epoch);
    if (err == ERR_NOTFOUND && hello->generation != 0 && hello->generation < generation) {
        err = epochs_adopt(s, device->device, &device->staff, hello->epoch);
        *epoch = (struct epoch_row){.device = device->device};
    }
    if (err == ERR_NOTFOUND || (err == ERR_OK && epoch->device != device->device))
        return ERR_REFUSED;
    uint64_t num = 0;
    if (err == ERR_OK)
        err = store_number(s, SQL_EPOCH_LATEST, (int64_t[]){device->device}, 1, &num);
    /* An earlier epoch comes from a copy or an older image: it must not go on writing under it.
     */
    return err == ERR_OK && num != hello->epoch ? ERR_REFUSED : err;
}

static enum err fill_welcome(struct store *s, const struct hello *hello,
                             const struct epoch_row *epoch, struct serve_session *session,
                             struct buf *origins, struct welcome *w)
{
    int64_t generation = 0;
    enum err err = meta_get_int(s, META_GENERATION, &generation);
    *w = (struct welcome){.protocol = MESSAGE_PROTOCOL,
                          .schema = s->env.schema->version,
                          .generation = (uint32_t)generation,
                          .wall_ms = store_now(s),
                          .epoch = hello->epoch,
                          .known_op = epoch->chain.op_no,
                          .known_hash = epoch->chain.hash,
                          .roles = session->reader.grants.roles,
                          .grants = session->version,
                          .pull_from = session->reader.cursor,
                          .filling = session->reader.fill_to != 0,
                          .content = CONTENT_BYTES_MAX};
    if (err == ERR_OK)
        err = meta_get_id(s, META_HISTORY, &w->history);
    if (err == ERR_OK)
        err = stable_op(s, hello->epoch, &w->stable_op);
    if (err == ERR_OK)
        err = serve_staff(s, &session->staff, &w->structure, NULL);
    if (err == ERR_OK)
        err = look_at_contact(s, session, hello);
    if (err == ERR_OK)
        err = encode_origins(s, hello->origins, origins);
    w->origins = buf_str(origins);
    return err;
}

void serve_session_done(struct serve_session *session)
{
    grants_done(&session->reader.grants);
    buf_done(&session->reader.own);
    buf_done(&session->left);
    *session = (struct serve_session){.device = 0};
}

/* Rights, cursor and base of a reader that says this of its copy. From the start when we were
 * restored, or when the client is ahead of us: this database lost its end. */
static enum err open_reader(struct store *s, const struct hello *hello, bool restored,
                            struct serve_session *session)
{
    struct feed_reader *reader = &session->reader;
    bool again = restored || hello->pulled > s->seq;
    session->had = (struct grants_had){.held = hello->grants,
                                       .entering = hello->entering,
                                       .entered = hello->entered,
                                       .pulled = again ? 0 : hello->pulled};
    if (restored)
        session->had.held = session->had.entering = 0;
    enum err err = grants_load(s, &session->staff, &session->had, &reader->grants,
                               &session->version, &session->left);
    uint64_t pulled = session->had.pulled;
    session->rights = s->rights;
    session->op_last = hello->op_last;
    session->outdated =
        !hello->leaves && hello->grants != 0 && hello->grants != session->version;
    reader->origin = hello->epoch;
    /* What it holds of the time we lost, its own included, may not be ours any more. */
    reader->full = hello->full || restored;
    reader->cursor = session->outdated ? pulled : feed_fill_from(&reader->grants, pulled);
    reader->fill_to = reader->cursor < pulled ? pulled : 0;
    reader->told = reader->cursor;
    reader->base = hello->whole < pulled ? hello->whole : pulled;
    return err;
}

enum err serve_hello(struct store *s, const struct serve_device *device,
                     const struct hello *hello, struct serve_session *out, struct buf *frames)
{
    struct epoch_row epoch = {0};
    int64_t generation = 0;
    enum err err = holders_today(s);
    if (err == ERR_OK)
        err = expire_due(s);
    if (err == ERR_OK)
        err = erase_due(s);
    if (err == ERR_OK)
        err = check_hello(s, device, hello, &epoch);
    if (err == ERR_OK)
        err = meta_get_int(s, META_GENERATION, &generation);
    if (err != ERR_OK)
        return err;
    struct serve_session session = {.device = device->device,
                                    .epoch = hello->epoch,
                                    .staff = device->staff,
                                    .skew_ms = hello->wall_ms - store_now(s),
                                    .judged = epoch.chain.op_no,
                                    .heard = epoch.chain.op_no,
                                    /* fields only one of us knows would look different */
                                    .compares = hello->schema == s->env.schema->version};
    struct buf origins = {0};
    struct buf ranges = {0};
    struct welcome welcome = {0};
    err = open_reader(s, hello, hello->generation != (uint32_t)generation, &session);
    if (err == ERR_OK)
        err = fill_welcome(s, hello, &epoch, &session, &origins, &welcome);
    if (err == ERR_OK && hello->acked < epoch.chain.op_no)
        err = ranges_stored(s, hello->epoch, hello->acked, epoch.chain.op_no, &ranges);
    if (err == ERR_OK) {
        welcome.authority = device->authority;
        message_welcome(frames, &welcome);
        ranges_send(frames, hello->epoch, hello->schema, &ranges);
        err = frames->err;
    }
    if (err == ERR_OK)
        *out = session;
    else
        serve_session_done(&session);
    buf_done(&origins);
    buf_done(&ranges);
    return err;
}

/* ---- epochs ---- */

enum err serve_fork(struct store *s, const struct serve_device *device, struct buf *frames)
{
    struct epoch_given given = {0};
    enum err err = store_begin(s);
    if (err != ERR_OK)
        return err;
    err = epochs_new(s, device->device, &device->staff, &given.epoch);
    if (err == ERR_OK)
        err = run_with_device(s, SQL_DEVICE_FORKED, device->device);
    /* An older image, or a clone, may hold what the device once confirmed to have erased. */
    if (err == ERR_OK)
        err = run_with_device(s, SQL_ERASE_DEVICE_FORGET, device->device);
    err = store_end(s, err);
    if (err == ERR_OK) {
        message_epoch(frames, &given);
        err = frames->err;
    }
    return err;
}

enum err serve_refresh(struct store *s, struct serve_session *session, bool *changed)
{
    *changed = session->moved;
    if (session->rights == s->rights)
        return ERR_OK;
    uint64_t version = 0;
    enum err err = grants_version(s, &session->staff, &version);
    if (err == ERR_OK && version != session->version) {
        struct grants now = {.count = 0};
        buf_clear(&session->left);
        err = grants_load(s, &session->staff, &session->had, &now, &version, &session->left);
        if (err != ERR_OK)
            return err;
        session->moved = session->moved || !grants_grew(&session->reader.grants, &now);
        grants_done(&session->reader.grants);
        session->reader.grants = now;
        session->version = version;
    }
    /* What the commit under way has changed so far, it may change again under the same version,
     * or not at all. */
    if (err == ERR_OK)
        session->rights = s->rights_touched ? UINT64_MAX : s->rights;
    if (err == ERR_OK && s->rights_touched)
        session->version = 0;
    *changed = session->moved;
    return err;
}

/* ---- pages ---- */

/* A commit is told to many, to most in the same words: those of the last time are kept, with
 * what they were compressed to. `packed` is used when they are too long for that. */
static enum err pack_body(struct store *s, struct str body, struct buf *packed, struct str *out)
{
    bool kept = body.n <= TOLD_BYTES_MAX;
    struct buf *to = kept ? &s->told_packed : packed;
    if (!kept || !str_eq(body, buf_str(&s->told))) {
        buf_clear(to);
        buf_clear(&s->told);
        enum err err = squeeze_compress(&s->squeeze, body, PACK_LEVEL, to);
        if (err != ERR_OK)
            return err;
        if (kept)
            buf_add(&s->told, body.p, body.n);
        if (s->told.err != ERR_OK)
            buf_clear(&s->told);
    }
    *out = buf_str(to);
    return ERR_OK;
}

static enum err send_page(struct store *s, const struct feed_page *cut, const struct buf *body,
                          uint64_t judged, struct buf *frames)
{
    struct buf packed = {0};
    enum err err = ERR_OK;
    struct page page = {.from = cut->from, .to = cut->to, .judged = judged, .rows = cut->rows};
    page.body = buf_str(body);
    if (body->n >= PACK_FROM_BYTES) {
        err = pack_body(s, buf_str(body), &packed, &page.body);
        page.packed = true;
    }
    page.hash = hash64(page.from ^ page.to, page.body.p, page.body.n);
    if (err == ERR_OK) {
        message_page(frames, &page);
        err = frames->err;
    }
    buf_done(&packed);
    return err;
}

/* What has left goes in messages of MESSAGE_LEAVES_MAX scopes. */
static enum err send_left(struct serve_session *session, struct buf *frames)
{
    struct cur cur = cur_of(session->left.p, session->left.n);
    while (cur_left(&cur) > 0 && !cur.bad) {
        const uint8_t *first = cur.p;
        uint32_t count = 0;
        while (count < MESSAGE_LEAVES_MAX && cur_left(&cur) > 0 && !cur.bad) {
            (void)message_leave_scope(&cur);
            count++;
        }
        message_leave(frames, count,
                      (struct str){(const char *)first, (size_t)(cur.p - first)});
    }
    must(!cur.bad);
    buf_clear(&session->left);
    return frames->err;
}

/* With the first IDLE that has all of the client's work: it compares with its own. */
static enum err tell_digest(struct store *s, struct serve_session *session, struct idle *m)
{
    struct digest digest;
    enum err err = digest_readable(s, &session->reader.grants, &digest);
    if (err != ERR_OK)
        return err;
    m->compared = true;
    m->rows = digest.rows;
    m->sum = digest.sum;
    session->compares = false;
    return ERR_OK;
}

/* Nothing is left to read. Once the work of the time before is judged, what has left follows,
 * and the copy is complete for the present rights. */
static enum err send_idle(struct store *s, struct serve_session *session, uint64_t through,
                          struct buf *frames)
{
    struct idle m = {
        .through = through, .judged = session->judged, .grants = session->had.held};
    bool whole = session->left.n == 0 || session->judged >= session->op_last;
    enum err err = ERR_OK;
    if (whole) {
        m.grants = session->version;
        err = send_left(session, frames);
        if (err == ERR_OK && session->judged >= session->op_last)
            err = erase_tell(s, session, frames);
    }
    if (err == ERR_OK)
        err = stable_op(s, session->epoch, &m.stable_op);
    if (err == ERR_OK && whole && session->compares && session->judged >= session->op_last)
        err = tell_digest(s, session, &m);
    message_idle(frames, &m);
    if (err != ERR_OK || frames->err != ERR_OK)
        return err != ERR_OK ? err : frames->err;
    session->reader.base = through;
    session->reader.told = through;
    if (whole) {
        session->had = (struct grants_had){.held = session->version, .pulled = through};
        grants_filled(&session->reader.grants);
    }
    return ERR_OK;
}

/* Of the same moment as the rows: the device's work may have come by another way, too. */
static enum err look_again(struct store *s, struct serve_session *session)
{
    bool changed = false;
    struct epoch_row epoch = {0};
    enum err err = holders_today(s);
    if (err == ERR_OK)
        err = erase_due(s);
    if (err == ERR_OK)
        err = serve_refresh(s, session, &changed);
    if (err == ERR_OK && changed)
        err = ERR_LATER; /* begin again: other scopes enter or leave */
    if (err == ERR_OK)
        err = epochs_get(s, session->epoch, &epoch);
    /* A page says what it holds of the device's own work, and the device takes none that is
     * ahead of the verdicts it has. */
    if (err == ERR_OK && epoch.chain.op_no > session->heard)
        err = ERR_LATER;
    if (err == ERR_OK)
        session->judged = epoch.chain.op_no;
    return err;
}

enum err serve_page(struct store *s, struct serve_session *session, struct buf *frames,
                    bool *idle)
{
    enum err err = look_again(s, session);
    *idle = false;
    if (err == ERR_OK && session->outdated) {
        *idle = true; /* its work is still judged */
        return session->judged >= session->op_last ? ERR_VERSION : ERR_OK;
    }
    if (err != ERR_OK)
        return err;
    buf_clear(&s->scratch);
    struct feed_page cut;
    err = feed_read(s, &session->reader, &s->scratch, &cut);
    if (err == ERR_OK && cut.rows > 0) {
        err = send_page(s, &cut, &s->scratch, session->judged, frames);
        session->reader.told = cut.to;
    }
    if (err == ERR_OK && cut.last)
        err = send_idle(s, session, cut.to, frames);
    if (err == ERR_OK)
        err = frames->err;
    if (err == ERR_OK) {
        session->reader.cursor = cut.to;
        *idle = cut.last;
    }
    return err;
}

static enum err note_seen(struct store *s, const struct serve_seen *seen)
{
    const struct serve_session *session = seen->session;
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, session->contact ? SQL_DEVICE_SEEN : SQL_DEVICE_PULLED, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, session->device);
    bind_int(stmt, 2, store_now(s));
    bind_int(stmt, 3, (int64_t)seen->pulled);
    if (session->contact) {
        bind_int(stmt, 4, session->skew_ms);
        bind_int(stmt, 5, session->schema);
    }
    err = stmt_run(stmt);
    return err == ERR_OK && seen->erased > 0 ? erase_acked(s, session, seen->erased) : err;
}

enum err serve_seen(struct store *s, const struct serve_seen *list, size_t count)
{
    enum err err = store_begin(s);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = note_seen(s, &list[i]);
    err = store_end(s, err);
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        list[i].session->contact = false;
    return err;
}
