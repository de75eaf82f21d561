/* SPDX-License-Identifier: Apache-2.0 */
#include "store/serve.h"

#include "proto/hash.h"
#include "store/apply.h"
#include "store/scopes.h"

enum {
    SEEN_EVERY_MS = 60 * 1000, /* a device's last contact is not written more often */
    SEEN_SKEW_MS = 1000,
    PACK_FROM_BYTES = 200, /* smaller blocks do not gain by compression */
    PACK_LEVEL = 1,
};

static int32_t today(struct store *s)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    return (int32_t)(store_now(s) / day_ms);
}

uint64_t serve_seq(const struct store *s)
{
    return s->seq;
}

static uint64_t grants_mark(const struct grants *grants)
{
    uint64_t mark = 0;
    for (uint32_t i = 0; i < grants->count; i++) {
        const struct grant *g = &grants->list[i];
        uint8_t bytes[6] = {(uint8_t)(g->home >> 24),
                            (uint8_t)(g->home >> 16),
                            (uint8_t)(g->home >> 8),
                            (uint8_t)g->home,
                            g->roles,
                            g->facets};
        mark = hash64(mark, bytes, sizeof bytes);
    }
    return mark;
}

/* One epoch as stored. */
struct epoch_row {
    uint32_t device;
    struct chain chain;
    int64_t edit_ms; /* of its last operation */
};

static enum err epoch_get(struct store *s, uint32_t num, struct epoch_row *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_EPOCH_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, num);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        out->device = (uint32_t)col_int(stmt, 0);
        out->chain.op_no = (uint64_t)col_int(stmt, 1);
        out->chain.hash = (uint64_t)col_int(stmt, 2);
        out->chain.hlc = (hlc_t)col_int(stmt, 3);
        out->edit_ms = col_int(stmt, 4);
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return step == STEP_ROW ? ERR_OK : ERR_NOTFOUND;
}

static enum err epoch_set(struct store *s, uint32_t num, const struct epoch_row *row)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_EPOCH_SET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, num);
    bind_int(stmt, 2, (int64_t)row->chain.op_no);
    bind_int(stmt, 3, (int64_t)row->chain.hash);
    bind_int(stmt, 4, (int64_t)row->chain.hlc);
    bind_int(stmt, 5, row->edit_ms);
    return stmt_run(stmt);
}

enum err serve_chain(struct store *s, struct chain *out, int64_t *edit_ms)
{
    struct epoch_row row = {0};
    enum err err = epoch_get(s, 0, &row);
    if (err == ERR_OK) {
        *out = row.chain;
        *edit_ms = row.edit_ms;
    }
    return err;
}

enum err serve_chain_save(struct store *s, const struct chain *chain, int64_t edit_ms)
{
    struct epoch_row row = {.chain = *chain, .edit_ms = edit_ms};
    return epoch_set(s, 0, &row);
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

/* Last contact and skew of a device, written when they have moved. */
static enum err note_contact(struct store *s, const struct serve_session *session,
                             const struct hello *hello)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_DEVICE_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, session->device);
    int64_t seen = 0;
    int64_t skew = 0;
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        seen = col_int(stmt, 0);
        skew = col_int(stmt, 1);
    }
    stmt_reset(stmt);
    if (step != STEP_ROW)
        return step == STEP_FAILED ? db_error(s->db) : ERR_NOTFOUND;
    int64_t now = store_now(s);
    int64_t moved = skew > session->skew_ms ? skew - session->skew_ms : session->skew_ms - skew;
    if (now - seen < SEEN_EVERY_MS && now >= seen && moved < SEEN_SKEW_MS)
        return ERR_OK;
    err = store_sql(s, SQL_DEVICE_SEEN, &stmt);
    if (err == ERR_OK)
        err = store_begin(s);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, session->device);
    bind_int(stmt, 2, now);
    bind_int(stmt, 3, session->skew_ms);
    bind_int(stmt, 4, (int64_t)hello->pulled);
    bind_int(stmt, 5, hello->schema);
    return store_end(s, stmt_run(stmt));
}

static enum err pull_from(struct store *s, const struct hello *hello, uint32_t generation,
                          uint64_t grants, uint64_t *out)
{
    *out = hello->pulled;
    if (hello->grants != grants) {
        *out = 0;
        return ERR_OK;
    }
    if (hello->generation == generation)
        /* Ahead of us in the same generation: this database lost its end. Start again. */
        return hello->pulled > s->seq ? (*out = 0, ERR_OK) : ERR_OK;
    int64_t began = 0;
    enum err err = meta_get_int(s, META_GENERATION_SEQ, &began);
    if (err == ERR_OK && *out > (uint64_t)began)
        *out = (uint64_t)began;
    return err;
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

/* Ranges grow in a buffer: neighbours with the same verdict are one. */
static void add_range(struct buf *ranges, const struct verdict_range *next)
{
    struct verdict_range last;
    if (ranges->n >= sizeof last) {
        memcpy(&last, ranges->p + ranges->n - sizeof last, sizeof last);
        if (last.to + 1 == next->from && last.verdict == next->verdict &&
            last.reason == next->reason) {
            last.to = next->to;
            last.seq = next->seq;
            memcpy(ranges->p + ranges->n - sizeof last, &last, sizeof last);
            return;
        }
    }
    buf_add(ranges, next, sizeof *next);
}

static void send_ranges(struct buf *frames, uint32_t epoch, const struct buf *ranges)
{
    struct verdict_range part[64];
    size_t step = sizeof part / sizeof *part;
    size_t count = ranges->n / sizeof *part;
    for (size_t i = 0; i < count; i += step) {
        size_t n = count - i < step ? count - i : step;
        memcpy(part, ranges->p + i * sizeof *part, n * sizeof *part);
        message_verdicts(frames, epoch, part, (uint32_t)n);
    }
}

/* Stored verdicts of (after, through], as on the first delivery. */
static enum err old_verdicts(struct store *s, uint32_t epoch, uint64_t after, uint64_t through,
                             struct buf *ranges)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_OPS_AFTER, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, epoch);
    bind_int(stmt, 2, (int64_t)after);
    bind_int(stmt, 3, (int64_t)through);
    enum step step = STEP_DONE;
    while ((step = stmt_step(stmt)) == STEP_ROW) {
        struct verdict_range range = {.from = (uint64_t)col_int(stmt, 0),
                                      .seq = (uint64_t)col_int(stmt, 1)};
        range.to = range.from;
        range.verdict = (enum verdict)col_int(stmt, 2);
        range.reason = (enum reason)col_int(stmt, 3);
        add_range(ranges, &range);
    }
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ranges->err;
}

static uint8_t all_roles(const struct grants *grants)
{
    uint8_t roles = 0;
    for (uint32_t i = 0; i < grants->count; i++)
        roles |= grants->list[i].roles;
    return roles;
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
                            const struct hello *hello, struct epoch_row *epoch,
                            uint32_t *latest)
{
    if (hello->protocol != MESSAGE_PROTOCOL)
        return ERR_VERSION;
    struct id history = {0};
    enum err err = meta_get_id(s, META_HISTORY, &history);
    if (err != ERR_OK)
        return err;
    if (!id_is_null(&hello->history) && !id_eq(&hello->history, &history))
        return ERR_IDENTITY;
    err = epoch_get(s, hello->epoch, epoch);
    if (err == ERR_NOTFOUND || (err == ERR_OK && epoch->device != device->device))
        return ERR_REFUSED;
    uint64_t num = 0;
    if (err == ERR_OK)
        err = store_number(s, SQL_EPOCH_LATEST, (int64_t[]){device->device}, 1, &num);
    *latest = (uint32_t)num;
    return err;
}

static enum err fill_welcome(struct store *s, const struct hello *hello,
                             const struct epoch_row *epoch, uint32_t latest,
                             struct serve_session *session, struct buf *origins,
                             struct welcome *w)
{
    int64_t generation = 0;
    enum err err = meta_get_int(s, META_GENERATION, &generation);
    *w = (struct welcome){.protocol = MESSAGE_PROTOCOL,
                          .schema = s->env.schema->version,
                          .generation = (uint32_t)generation,
                          .wall_ms = store_now(s),
                          .epoch = latest,
                          .known_op = epoch->chain.op_no,
                          .known_hash = epoch->chain.hash,
                          .roles = all_roles(&session->reader.grants)};
    if (err == ERR_OK)
        err = meta_get_id(s, META_HISTORY, &w->history);
    if (err == ERR_OK)
        err = stable_op(s, hello->epoch, &w->stable_op);
    if (err == ERR_OK)
        err = serve_staff(s, &session->staff, &w->structure, NULL);
    if (err == ERR_OK)
        err = note_contact(s, session, hello);
    w->grants = grants_mark(&session->reader.grants);
    if (err == ERR_OK)
        err = pull_from(s, hello, w->generation, w->grants, &w->pull_from);
    if (err == ERR_OK)
        err = encode_origins(s, hello->origins, origins);
    w->origins = buf_str(origins);
    return err;
}

enum err serve_hello(struct store *s, const struct serve_device *device,
                     const struct hello *hello, struct serve_session *out, struct buf *frames)
{
    struct epoch_row epoch = {0};
    uint32_t latest = 0;
    enum err err = check_hello(s, device, hello, &epoch, &latest);
    if (err != ERR_OK)
        return err;
    struct serve_session session = {.device = device->device,
                                    .epoch = hello->epoch,
                                    .staff = device->staff,
                                    .skew_ms = hello->wall_ms - store_now(s),
                                    .rights = s->rights,
                                    .judged = epoch.chain.op_no};
    err = scopes_grants(s, &device->staff, today(s), &session.reader.grants);
    struct buf origins = {0};
    struct buf ranges = {0};
    struct welcome welcome = {0};
    if (err == ERR_OK)
        err = fill_welcome(s, hello, &epoch, latest, &session, &origins, &welcome);
    if (err == ERR_OK && latest == hello->epoch && hello->acked < epoch.chain.op_no)
        err = old_verdicts(s, hello->epoch, hello->acked, epoch.chain.op_no, &ranges);
    if (err == ERR_OK) {
        session.reader.origin = hello->epoch;
        session.reader.full = hello->full;
        session.reader.cursor = welcome.pull_from;
        message_welcome(frames, &welcome);
        send_ranges(frames, hello->epoch, &ranges);
        err = frames->err;
    }
    if (err == ERR_OK)
        *out = session;
    buf_done(&origins);
    buf_done(&ranges);
    return err;
}

/* ---- epochs ---- */

enum err serve_epoch_new(struct store *s, uint32_t device, const struct id *staff,
                         uint32_t *num)
{
    uint64_t next = 0;
    enum err err = store_number(s, SQL_EPOCH_NEXT, NULL, 0, &next);
    struct stmt *stmt = NULL;
    if (err == ERR_OK)
        err = store_sql(s, SQL_EPOCH_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)next);
    bind_int(stmt, 2, device);
    err = stmt_run(stmt);
    if (err == ERR_OK)
        err = store_sql(s, SQL_ORIGIN_SET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)next);
    bind_id(stmt, 2, staff);
    bind_int(stmt, 3, device);
    err = stmt_run(stmt);
    if (err == ERR_OK)
        *num = (uint32_t)next;
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

enum err serve_fork(struct store *s, const struct serve_device *device, struct buf *frames)
{
    struct epoch_given given = {0};
    enum err err = store_begin(s);
    if (err != ERR_OK)
        return err;
    err = serve_epoch_new(s, device->device, &device->staff, &given.epoch);
    if (err == ERR_OK)
        err = run_with_device(s, SQL_DEVICE_FORKED, device->device);
    err = store_end(s, err);
    if (err == ERR_OK) {
        message_epoch(frames, &given);
        err = frames->err;
    }
    return err;
}

/* ---- pushes ---- */

/* Walk a push's operations before any is judged: framing, numbers, hashes. */
static enum err check_push(const struct push *push, struct str body,
                           const struct epoch_row *epoch, uint64_t *fresh)
{
    struct chain chain = epoch->chain;
    uint64_t op_no = push->first_op;
    uint32_t count = 0;
    *fresh = 0;
    while (body.n > 0) {
        struct op_head head;
        struct cur changes;
        size_t used = 0;
        enum err err = op_read(body, &head, &changes, &used);
        if (err != ERR_OK)
            return err;
        if (head.op_no != op_no + count)
            return ERR_PROTOCOL;
        if (head.op_no > chain.op_no) {
            if (head.op_no != chain.op_no + 1 || head.prev_hash != chain.hash ||
                head.hlc <= chain.hlc)
                return ERR_FORK;
            chain.op_no = head.op_no;
            chain.hash = op_hash(head.prev_hash, (struct str){body.p, used});
            chain.hlc = head.hlc;
            (*fresh)++;
        }
        body.p += used;
        body.n -= used;
        count++;
    }
    return count == push->count && count > 0 ? ERR_OK : ERR_FORMAT;
}

static enum err judge_push(struct apply *a, const struct serve_session *session,
                           struct str body, struct epoch_row *epoch, struct buf *ranges)
{
    struct author author = {
        .origin = session->epoch, .staff = session->staff, .grants = &session->reader.grants};
    enum err err = ERR_OK;
    while (body.n > 0 && err == ERR_OK) {
        struct op_head head;
        struct cur changes;
        size_t used = 0;
        err = op_read(body, &head, &changes, &used);
        if (err != ERR_OK)
            return err;
        struct str op = {body.p, used};
        body.p += used;
        body.n -= used;
        if (head.op_no <= epoch->chain.op_no)
            continue;
        uint64_t hash = op_hash(head.prev_hash, op);
        int64_t edit_ms =
            hlc_edit_ms(head.wall_ms, session->skew_ms, a->recv_ms, epoch->edit_ms);
        struct verdict_range range;
        err = apply_op(a, &author, op, edit_ms, hash, &range);
        if (err != ERR_OK)
            return err;
        add_range(ranges, &range);
        epoch->chain = (struct chain){head.op_no, hash, head.hlc};
        epoch->edit_ms = edit_ms;
    }
    return err == ERR_OK ? ranges->err : err;
}

static enum err refresh_grants(struct store *s, struct serve_session *session, bool *changed)
{
    *changed = false;
    if (session->rights == s->rights)
        return ERR_OK;
    struct grants grants;
    enum err err = scopes_grants(s, &session->staff, today(s), &grants);
    if (err != ERR_OK)
        return err;
    *changed = grants_mark(&grants) != grants_mark(&session->reader.grants);
    session->reader.grants = grants;
    session->rights = s->rights;
    return ERR_OK;
}

/* One push inside the commit. Its own mistakes go to p->err; what is returned is the machine's.
 */
static enum err one_push(struct apply *a, struct serve_push *p, struct epoch_row *epoch,
                         struct buf *ranges)
{
    struct store *s = a->s;
    bool changed = false;
    enum err err = refresh_grants(s, p->session, &changed);
    if (err == ERR_OK)
        err = epoch_get(s, p->session->epoch, epoch);
    if (err != ERR_OK)
        return err;
    struct str body = p->push.body;
    if (p->push.epoch != p->session->epoch) {
        p->err = ERR_FORK;
        return ERR_OK;
    }
    if (p->push.packed) {
        buf_clear(&s->scratch);
        p->err = squeeze_expand(&s->squeeze, body, FRAME_PLAIN_BYTES_MAX, &s->scratch);
        body = buf_str(&s->scratch);
    }
    uint64_t fresh = 0;
    if (p->err == ERR_OK)
        p->err = check_push(&p->push, body, epoch, &fresh);
    if (p->err != ERR_OK)
        return p->err == ERR_NOMEM ? ERR_NOMEM : ERR_OK;
    uint64_t known = epoch->chain.op_no;
    if (p->push.first_op <= known) {
        uint64_t last = p->push.first_op + p->push.count - 1;
        err = old_verdicts(s, p->session->epoch, p->push.first_op - 1,
                           last < known ? last : known, ranges);
    }
    if (err == ERR_OK && fresh > 0)
        err = judge_push(a, p->session, body, epoch, ranges);
    if (err == ERR_OK && fresh > 0)
        err = epoch_set(s, p->session->epoch, epoch);
    return err;
}

static enum err all_pushes(struct apply *a, struct serve_push *pushes, size_t count,
                           struct buf *ranges, uint64_t *judged)
{
    for (size_t i = 0; i < count; i++) {
        struct epoch_row epoch = {0};
        pushes[i].err = ERR_OK;
        enum err err = one_push(a, &pushes[i], &epoch, &ranges[i]);
        if (err != ERR_OK)
            return err;
        judged[i] = epoch.chain.op_no;
    }
    return apply_end(a);
}

enum err serve_pushes(struct store *s, struct serve_push *pushes, size_t count)
{
    struct buf *ranges = mem_array(count, sizeof *ranges);
    uint64_t *judged = mem_array(count, sizeof *judged);
    struct apply a = {.s = s};
    enum err err = ranges == NULL || judged == NULL ? ERR_NOMEM : store_begin(s);
    if (err == ERR_OK) {
        apply_begin(&a, s);
        err = store_end(s, all_pushes(&a, pushes, count, ranges, judged));
    }
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        if (pushes[i].err != ERR_OK)
            continue;
        pushes[i].session->judged = judged[i];
        send_ranges(pushes[i].frames, pushes[i].session->epoch, &ranges[i]);
        /* A verdict that cannot be sent is not lost: it is stored, the device asks again. */
        pushes[i].err = pushes[i].frames->err;
    }
    for (size_t i = 0; i < count && ranges != NULL; i++)
        buf_done(&ranges[i]);
    mem_free(ranges);
    mem_free(judged);
    apply_done(&a);
    return err;
}

/* ---- pages ---- */

static enum err send_page(struct store *s, const struct feed_page *cut, const struct buf *body,
                          uint64_t judged, struct buf *frames)
{
    struct buf packed = {0};
    enum err err = ERR_OK;
    struct page page = {.from = cut->from, .to = cut->to, .judged = judged, .rows = cut->rows};
    page.body = buf_str(body);
    if (body->n >= PACK_FROM_BYTES) {
        err = squeeze_compress(&s->squeeze, page.body, PACK_LEVEL, &packed);
        page.packed = true;
        page.body = buf_str(&packed);
    }
    page.hash = hash64(page.from ^ page.to, page.body.p, page.body.n);
    if (err == ERR_OK) {
        message_page(frames, &page);
        err = frames->err;
    }
    buf_done(&packed);
    return err;
}

enum err serve_page(struct store *s, struct serve_session *session, struct buf *frames,
                    bool *idle)
{
    bool changed = false;
    enum err err = refresh_grants(s, session, &changed);
    if (err != ERR_OK)
        return err;
    if (changed)
        return ERR_LATER; /* begin again: other scopes enter or leave */
    buf_clear(&s->scratch);
    struct feed_page cut;
    err = feed_read(s, &session->reader, &s->scratch, &cut);
    if (err == ERR_OK && cut.rows > 0)
        err = send_page(s, &cut, &s->scratch, session->judged, frames);
    *idle = err == ERR_OK && cut.to == cut.end;
    if (*idle) {
        struct idle m = {.through = cut.to, .judged = session->judged};
        err = stable_op(s, session->epoch, &m.stable_op);
        message_idle(frames, &m);
    }
    if (err == ERR_OK)
        err = frames->err;
    if (err == ERR_OK)
        session->reader.cursor = cut.to;
    return err;
}

enum err serve_seen(struct store *s, const struct serve_session *session, uint64_t pulled)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_DEVICE_PULLED, &stmt);
    if (err == ERR_OK)
        err = store_begin(s);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, session->device);
    bind_int(stmt, 2, (int64_t)pulled);
    return store_end(s, stmt_run(stmt));
}
