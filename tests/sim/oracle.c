/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/oracle.h"

#include "store/inside.h"
#include "store/rows.h"
#include "tests/sim/erasing.h"
#include "tests/sim/papers.h"
#include "tests/sim/world.h"
#include "tests/support/dump.h"

#include <stdio.h>

void oracle_init(struct oracle *o)
{
    *o = (struct oracle){.count = 0};
    o->epochs = mem_array(ORACLE_EPOCHS_MAX, sizeof *o->epochs);
    must(o->epochs != NULL);
}

static void forget_epochs(struct oracle *o)
{
    for (size_t i = 0; i < o->epochs_n; i++) {
        mem_free(o->epochs[i].verdicts);
        o->epochs[i] = (struct oracle_epoch){.n = 0};
    }
    o->epochs_n = 0;
}

static struct oracle_epoch *epoch_of(struct oracle *o, uint32_t number)
{
    for (size_t i = 0; i < o->epochs_n; i++)
        if (o->epochs[i].number == number)
            return &o->epochs[i];
    must(o->epochs_n < ORACLE_EPOCHS_MAX);
    o->epochs[o->epochs_n] = (struct oracle_epoch){.number = number};
    return &o->epochs[o->epochs_n++];
}

void oracle_done(struct oracle *o)
{
    forget_epochs(o);
    squeeze_done(&o->squeeze);
    mem_free(o->epochs);
    mem_free(o->marks);
    mem_free(o->papers);
}

uint32_t oracle_mark(struct oracle *o, uint32_t node, uint8_t home, uint8_t facet,
                     char text[ORACLE_MARK_BYTES + 1])
{
    if (o->count == o->room) {
        o->room = o->room == 0 ? 1024 : 2 * o->room;
        o->marks = mem_grow(o->marks, o->room * sizeof *o->marks);
        must(o->marks != NULL);
    }
    o->marks[o->count] = (struct mark){.node = node, .home = home, .facet = facet};
    (void)snprintf(text, ORACLE_MARK_BYTES + 1, "m%06u.", o->count % 1000000);
    return o->count++;
}

static bool mark_at(const char *p, uint32_t *mark)
{
    *mark = 0;
    for (int i = 1; i <= 6; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        *mark = *mark * 10 + (uint32_t)(p[i] - '0');
    }
    return p[7] == '.';
}

void oracle_scan(struct str bytes, oracle_on_mark *fn, void *ctx)
{
    while (bytes.n >= ORACLE_MARK_BYTES) {
        const char *at = memchr(bytes.p, 'm', bytes.n - ORACLE_MARK_BYTES + 1);
        if (at == NULL)
            return;
        uint32_t mark = 0;
        if (mark_at(at, &mark))
            fn(ctx, mark);
        bytes.n -= (size_t)(at + 1 - bytes.p);
        bytes.p = at + 1;
    }
}

/* ---- on the wire ---- */

/* A dossier of another structure is opened by an assignment or a contract: was there ever one
 * that opens this facet of one there to this person? Without a server that was there, nobody
 * can tell. */
static bool was_granted(const struct world *w, const struct id *staff, unsigned home,
                        uint8_t facet)
{
    struct store *s = w->server.node.store;
    struct stmt *stmt = NULL;
    int64_t generation = 0;
    if (s == NULL || meta_get_int(s, META_GENERATION, &generation) != ERR_OK ||
        generation > 1 || /* restored: what was granted since the backup is not known */
        db_prepare(s->db,
                   "SELECT 1 FROM granted g JOIN scope h ON h.sid=g.home WHERE g.staff=?1 AND "
                   "h.id=?2 AND g.dossier>0 AND g.facets&?3<>0 LIMIT 1",
                   &stmt) != ERR_OK)
        return true;
    bind_id(stmt, 1, staff);
    bind_id(stmt, 2, &w->structures[home]);
    bind_int(stmt, 3, facet);
    enum step step = stmt_step(stmt);
    stmt_free(stmt);
    return step != STEP_DONE;
}

/* The mark is taken for one of its author's structure; an author who holds a dossier of the
 * reader's may have written it there. */
static bool may_hold(const struct world *w, const struct client *c, const struct mark *m)
{
    if (m->home == ORACLE_NETWORK || m->node == c->node.at || m->node == c->spare)
        return true;
    if (m->home == c->home && (scope_facets(c->roles) & m->facet) != 0)
        return true;
    const struct client *author = &w->clients[m->node == 0 ? 0 : m->node - 1];
    return was_granted(w, &c->staff, m->home, m->facet) ||
           (m->node != WORLD_SERVER && m->home != c->home &&
            was_granted(w, &author->staff, c->home, m->facet));
}

struct leak {
    struct world *w;
    const struct client *c;
    const char *where;
};

static void on_held(void *ctx, uint32_t mark)
{
    struct leak *l = ctx;
    const struct oracle *o = &l->w->oracle;
    if (mark >= o->count || may_hold(l->w, l->c, &o->marks[mark]))
        return;
    const struct mark *m = &o->marks[mark];
    world_fail(l->w, "I5 node %u may not read mark %u (node %u, home %u, facet %u) in %s",
               l->c->node.at, mark, m->node, m->home, m->facet, l->where);
}

void oracle_scan_client(struct world *w, const struct client *c, struct str bytes,
                        const char *where)
{
    struct leak leak = {.w = w, .c = c, .where = where};
    oracle_scan(bytes, on_held, &leak);
}

static void note_verdict(struct world *w, uint32_t epoch, uint64_t op,
                         const struct verdict_range *range)
{
    struct oracle_epoch *e = epoch_of(&w->oracle, epoch);
    uint8_t now = (uint8_t)(range->verdict << 4 | range->reason);
    if (op >= e->n) {
        uint64_t n = 2 * op + 64;
        uint8_t *grown = mem_grow(e->verdicts, (size_t)n);
        must(grown != NULL);
        memset(grown + e->n, 0, (size_t)(n - e->n));
        e->verdicts = grown;
        e->n = n;
    }
    if (e->verdicts[op] != 0 && e->verdicts[op] != now)
        world_fail(w, "I3 operation %u/%llu was judged %#x and is now %#x", epoch,
                   (unsigned long long)op, e->verdicts[op], now);
    w->oracle.judged += e->verdicts[op] == 0 ? 1 : 0;
    e->verdicts[op] = now;
}

static void on_verdicts(struct world *w, struct verdicts v)
{
    for (uint32_t i = 0; i < v.count; i++) {
        struct verdict_range range = message_range(&v.ranges);
        for (uint64_t op = range.from; op <= range.to && !v.ranges.bad; op++)
            note_verdict(w, v.epoch, op, &range);
    }
}

static void on_page(struct world *w, const struct client *c, const struct page *page)
{
    struct buf plain = {0};
    struct str body = page->body;
    if (page->packed) {
        enum err err = squeeze_expand(&w->oracle.squeeze, body, FRAME_PLAIN_BYTES_MAX, &plain);
        if (err != ERR_OK)
            world_fail(w, "server: sent a page that does not expand: %s", err_name(err));
        body = buf_str(&plain);
    }
    oracle_scan_client(w, c, body, "a page sent to it");
    buf_done(&plain);
}

static void say_sent(const struct world *w, uint32_t to, const struct message *m)
{
    struct verdicts v = m->verdicts;
    if (m->type == MESSAGE_PAGE)
        world_say(w, "to %u: PAGE (%llu, %llu], %u rows, judged %llu", to,
                  (unsigned long long)m->page.from, (unsigned long long)m->page.to,
                  m->page.rows, (unsigned long long)m->page.judged);
    else if (m->type == MESSAGE_IDLE)
        world_say(w, "to %u: IDLE %llu, judged %llu", to, (unsigned long long)m->idle.through,
                  (unsigned long long)m->idle.judged);
    else if (m->type == MESSAGE_WELCOME)
        world_say(w, "to %u: WELCOME epoch %u, known %llu, pull from %llu", to,
                  m->welcome.epoch, (unsigned long long)m->welcome.known_op,
                  (unsigned long long)m->welcome.pull_from);
    else if (m->type != MESSAGE_VERDICTS)
        world_say(w, "to %u: message %d", to, (int)m->type);
    for (uint32_t i = 0; m->type == MESSAGE_VERDICTS && i < v.count; i++) {
        struct verdict_range r = message_range(&v.ranges);
        world_say(w, "to %u: VERDICT %u/%llu-%llu %s %s, seq %llu", to, v.epoch,
                  (unsigned long long)r.from, (unsigned long long)r.to, verdict_word(r.verdict),
                  reason_word(r.reason), (unsigned long long)r.seq);
    }
}

static void on_erase(struct world *w, struct erase erase)
{
    for (uint32_t i = 0; i < erase.count && !erase.orders.bad; i++) {
        struct erase_order order = message_erase_order(&erase.orders);
        erasing_ordered(&w->oracle, &order.dossier);
    }
}

void oracle_sent(struct world *w, uint32_t to, bool denied, struct str frames)
{
    const struct client *c = world_client(w, to);
    while (frames.n > 0 && !w->failed) {
        struct str body = {NULL, 0};
        size_t used = 0;
        struct message m;
        enum err err = frame_next(frames, FRAME_BYTES_MAX, &body, &used);
        if (err == ERR_OK && used > 0)
            err = message_read(body, &m);
        if (err != ERR_OK || used == 0) {
            world_fail(w, "server: sent what is no message: %s", err_name(err));
            return;
        }
        say_sent(w, to, &m);
        if (denied && m.type != MESSAGE_BYE && m.type != MESSAGE_WIPE && m.type != MESSAGE_PING)
            world_fail(w, "I14 node %u is revoked and hears message %d", to, m.type);
        if (m.type == MESSAGE_LEAVE || m.type == MESSAGE_ERASE)
            world_client(w, to)->left = true;
        if (m.type == MESSAGE_ERASE)
            on_erase(w, m.erase);
        if (m.type == MESSAGE_VERDICTS)
            on_verdicts(w, m.verdicts);
        else if (m.type == MESSAGE_PAGE)
            on_page(w, c, &m.page);
        frames.p += used;
        frames.n -= used;
    }
}

/* ---- in the databases ---- */

bool oracle_clock(const struct store *s, hlc_t *last)
{
    if (s == NULL)
        return false;
    *last = s->clock.last;
    return true;
}

uint64_t oracle_op_last(const struct store *s)
{
    return s->own.op_no;
}

static void on_here(void *ctx, uint32_t mark)
{
    struct oracle *o = ctx;
    if (mark < o->count)
        o->marks[mark].here = true;
}

static void forget_here(struct oracle *o)
{
    for (uint32_t i = 0; i < o->count; i++)
        o->marks[i].here = false;
}

/* All blobs of a query's first column. False when the disk does not let us read. */
static bool scan_sql(struct oracle *o, struct store *s, const char *sql)
{
    struct stmt *stmt = NULL;
    if (db_prepare(s->db, sql, &stmt) != ERR_OK)
        return false;
    enum step step = STEP_DONE;
    while ((step = stmt_step(stmt)) == STEP_ROW)
        oracle_scan(col_blob(stmt, 0), on_here, o);
    stmt_free(stmt);
    return step == STEP_DONE;
}

struct row_scan {
    struct oracle *o;
    const struct table *table;
};

static enum err scan_row(void *ctx, const struct row *row)
{
    const struct row_scan *scan = ctx;
    for (size_t i = 0; i < scan->table->field_count; i++)
        if (row->values[i].type == VALUE_TEXT || row->values[i].type == VALUE_BYTES)
            oracle_scan(row->values[i].s, on_here, scan->o);
    return ERR_OK;
}

static bool scan_table(struct oracle *o, struct store *s, const struct table *table)
{
    struct row_scan scan = {o, table};
    if (dump_empty(s, table))
        return true;
    return rows_list(s, table, NULL, 0, false, 0, scan_row, &scan) == ERR_OK &&
           rows_list(s, table, NULL, 0, true, 0, scan_row, &scan) == ERR_OK;
}

bool oracle_scan_server(struct world *w)
{
    struct oracle *o = &w->oracle;
    struct store *s = w->server.node.store;
    if (s == NULL)
        return false;
    forget_here(o);
    bool whole = scan_sql(o, s, "SELECT changes FROM history") &&
                 scan_sql(o, s, "SELECT op FROM quarantine");
    for (uint16_t i = 0; i < schema_jalon.table_count && whole; i++)
        whole = scan_table(o, s, &schema_jalon.tables[i]);
    for (uint32_t i = 0; i < o->count && whole; i++)
        o->marks[i].on_server = o->marks[i].here;
    return node_survived(&w->server.node) && whole;
}

static int64_t number(struct store *s, const char *sql)
{
    struct stmt *stmt = NULL;
    int64_t n = -1;
    if (db_prepare(s->db, sql, &stmt) != ERR_OK)
        return n;
    if (stmt_step(stmt) == STEP_ROW)
        n = col_int(stmt, 0);
    stmt_free(stmt);
    return n;
}

/* All operations of one epoch that were acknowledged. */
static void check_epoch(struct world *w, const struct oracle_epoch *e)
{
    struct store *s = w->server.node.store;
    struct stmt *stmt = NULL;
    uint64_t next = 1;
    uint32_t epoch = e->number;
    if (db_prepare(s->db, "SELECT op_no,verdict,reason FROM op WHERE epoch=?1 ORDER BY op_no",
                   &stmt) != ERR_OK)
        return;
    bind_int(stmt, 1, epoch);
    enum step step = STEP_DONE;
    while ((step = stmt_step(stmt)) == STEP_ROW) {
        uint64_t op = (uint64_t)col_int(stmt, 0);
        uint8_t kept = (uint8_t)(col_int(stmt, 1) << 4 | col_int(stmt, 2));
        if (op < e->n && e->verdicts[op] != 0 && e->verdicts[op] != kept)
            world_fail(w, "I3 operation %u/%llu was judged %#x and is kept as %#x", epoch,
                       (unsigned long long)op, e->verdicts[op], kept);
        if (op != next++)
            world_fail(w, "I9 epoch %u has a gap before %llu", epoch, (unsigned long long)op);
    }
    stmt_free(stmt);
    for (uint64_t op = next; op < e->n && step == STEP_DONE; op++)
        if (e->verdicts[op] != 0)
            world_fail(w, "I2 operation %u/%llu was acknowledged and is gone", epoch,
                       (unsigned long long)op);
}

void oracle_server_opened(struct world *w)
{
    struct oracle *o = &w->oracle;
    o->opened++;
    for (size_t i = 0; i < o->epochs_n; i++)
        check_epoch(w, &o->epochs[i]);
    int64_t conflicts = number(w->server.node.store, "SELECT count(*) FROM t_conflict");
    erasing_learn(w); /* conflicts go with their dossier */
    if (o->erased_n > 0)
        o->conflicts = 0;
    if (conflicts >= 0 && (uint64_t)conflicts < o->conflicts)
        world_fail(w, "I8 %llu conflicts were known, %lld are left",
                   (unsigned long long)o->conflicts, (long long)conflicts);
    if (conflicts > 0)
        o->conflicts = (uint64_t)conflicts;
    papers_server_opened(w);
}

void oracle_server_restored(struct world *w)
{
    struct oracle *o = &w->oracle;
    forget_epochs(o);
    o->conflicts = 0;
    o->restored = true;
    papers_lost(w, &w->server.node, 0);
    for (uint32_t i = 0; i < o->count; i++) {
        struct mark *m = &o->marks[i];
        m->on_server = false;
        /* What was typed on the server itself after the backup is what a restore costs. */
        if (m->node == WORLD_SERVER && i >= w->server.backup_marks && m->state == MARK_TOLD)
            m->state = MARK_LOST;
    }
}

bool oracle_excused(struct world *w, const struct mark *m)
{
    return erasing_known(&w->oracle, &m->dossier) ||
           (w->oracle.restored && m->node != WORLD_SERVER && world_client(w, m->node)->left);
}

static bool missing(const struct mark *m, const struct node *n)
{
    return m->node == n->at && m->state == MARK_TOLD && !m->here && !m->on_server;
}

/* Marks in the client's own journal; false when its disk does not let us read. */
static bool scan_journal(struct oracle *o, struct store *s)
{
    forget_here(o);
    return scan_sql(o, s, "SELECT op FROM outbox") &&
           scan_sql(o, s, "SELECT op FROM quarantine");
}

void oracle_client_opened(struct world *w, struct node *n)
{
    struct oracle *o = &w->oracle;
    bool some = false;
    o->opened++;
    if (!scan_journal(o, n->store))
        return;
    for (uint32_t i = 0; i < o->count; i++)
        some = some || missing(&o->marks[i], n);
    if (!some || w->server.node.store == NULL || store_health(w->server.node.store) != ERR_OK)
        return;
    erasing_learn(w);
    if (!oracle_scan_server(w) || !scan_journal(o, n->store))
        return;
    for (uint32_t i = 0; i < o->count; i++)
        if (missing(&o->marks[i], n) && !oracle_excused(w, &o->marks[i]))
            world_fail(w, "I2 mark %u was saved on node %u and is gone", i, n->at);
}

void oracle_disk_lost(struct world *w, const struct node *n, uint32_t from)
{
    struct oracle *o = &w->oracle;
    (void)oracle_scan_server(w);
    for (uint32_t i = from; i < o->count; i++) {
        struct mark *m = &o->marks[i];
        if (m->node == n->at && m->state == MARK_TOLD && !m->on_server)
            m->state = MARK_LOST;
    }
}
