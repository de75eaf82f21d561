/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/checks.h"

#include "store/compare.h"
#include "store/grants.h"
#include "store/inside.h"
#include "store/rows.h"
#include "store/search.h"
#include "store/search_words.h"
#include "tests/sim/erasing.h"
#include "tests/sim/papers.h"
#include "tests/support/dump.h"

#include <stdlib.h>

/* ---- dumps ---- */

/* What may be seen is read from the server's rows; a replica holds nothing else. */
struct dump {
    struct store *s;
    const struct table *table;
    struct grants grants; /* the viewer's, as the server keeps them */
};

static int64_t ask(struct store *s, const char *sql, int64_t a, int64_t b, int64_t c)
{
    struct stmt *stmt = NULL;
    int64_t n = -1;
    if (db_prepare(s->db, sql, &stmt) != ERR_OK)
        return n;
    bind_int(stmt, 1, a);
    bind_int(stmt, 2, b);
    bind_int(stmt, 3, c);
    if (stmt_step(stmt) == STEP_ROW)
        n = col_int(stmt, 0);
    stmt_free(stmt);
    return n;
}

void checks_dump(struct world *w, struct node *n, const struct client *viewer, struct buf *out)
{
    enum err err = dump_store(n->store, viewer == NULL ? NULL : &viewer->staff, out);
    if (err != ERR_OK)
        world_fail(w, "node %u: its rows cannot be listed: %s", n->at, err_name(err));
}

/* ---- I1 ---- */

static void check_same(struct world *w, struct client *c)
{
    struct buf ours = {0};
    struct buf theirs = {0};
    checks_dump(w, &w->server.node, c, &ours);
    checks_dump(w, &c->node, c, &theirs);
    struct str a = buf_str(&ours);
    struct str b = buf_str(&theirs);
    while ((a.n > 0 || b.n > 0) && !w->failed) {
        struct str x = dump_line(&a);
        struct str y = dump_line(&b);
        if (str_eq(x, y))
            continue;
        world_say(w, "server:  %.*s", (int)x.n, x.p);
        world_say(w, "node %u: %.*s", c->node.at, (int)y.n, y.p);
        world_fail(w, "I1 node %u differs; server: %.*s | node: %.*s", c->node.at,
                   (int)(x.n < 240 ? x.n : 240), x.p == NULL ? "" : x.p,
                   (int)(y.n < 240 ? y.n : 240), y.p == NULL ? "" : y.p);
    }
    buf_done(&ours);
    buf_done(&theirs);
}

/* ---- I5 at the end ---- */

struct unseen {
    struct world *w;
    struct dump *d;
    bool *seen, *hidden; /* by mark */
    bool *into;
};

static void note_mark(void *ctx, uint32_t mark)
{
    struct unseen *u = ctx;
    if (mark < u->w->oracle.count)
        u->into[mark] = true;
}

static enum err sort_row(void *ctx, const struct row *row)
{
    struct unseen *u = ctx;
    u->into = dump_may_see(u->d->s, &u->d->grants, u->d->table, row) ? u->seen : u->hidden;
    for (uint16_t i = 0; i < u->d->table->field_count; i++)
        if (row->values[i].type == VALUE_TEXT || row->values[i].type == VALUE_BYTES)
            oracle_scan(row->values[i].s, note_mark, u);
    return ERR_OK;
}

/* Which marks stand in rows this client may not see, and in none that it may. */
static enum err sort_marks(struct unseen *u)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < schema_jalon.table_count && err == ERR_OK; i++) {
        u->d->table = &schema_jalon.tables[i];
        if (dump_empty(u->d->s, u->d->table))
            continue;
        for (int deleted = 0; deleted < 2 && err == ERR_OK; deleted++)
            err = rows_list(u->d->s, u->d->table, NULL, 0, deleted != 0, 0, sort_row, u);
    }
    return err;
}

static void scan_refused(struct unseen *u, const struct client *c)
{
    struct stmt *stmt = NULL;
    if (db_prepare(c->node.store->db, "SELECT op FROM quarantine", &stmt) != ERR_OK)
        return;
    while (stmt_step(stmt) == STEP_ROW)
        oracle_scan(col_blob(stmt, 0), note_mark, u);
    stmt_free(stmt);
}

/* What this client may not see (any more) is in none of its files: its own work too, once it is
 * judged. */
static void check_unseen(struct world *w, struct client *c)
{
    const struct grants_had nothing = {.held = 0};
    struct dump d = {.s = w->server.node.store};
    struct unseen u = {.w = w, .d = &d};
    uint64_t version = 0;
    bool *found = mem_array(w->oracle.count + 1, sizeof *found);
    u.seen = mem_array(w->oracle.count + 1, sizeof *u.seen);
    u.hidden = mem_array(w->oracle.count + 1, sizeof *u.hidden);
    must(found != NULL && u.seen != NULL && u.hidden != NULL);
    enum err err = grants_load(d.s, &c->staff, &nothing, &d.grants, &version, NULL);
    if (err == ERR_OK)
        err = sort_marks(&u);
    if (err != ERR_OK)
        world_fail(w, "server: rows cannot be read: %s", err_name(err));
    u.into = u.seen; /* its own refused work stays with it, with the reason */
    scan_refused(&u, c);
    u.into = found;
    const char *name = NULL;
    for (size_t i = 0; (name = disk_name(c->node.disk, i)) != NULL; i++) {
        size_t n = 0;
        const uint8_t *bytes = disk_bytes(c->node.disk, name, &n);
        oracle_scan((struct str){(const char *)bytes, n}, note_mark, &u);
    }
    for (uint32_t i = 0; i < w->oracle.count && !w->failed; i++)
        if (found[i] && u.hidden[i] && !u.seen[i])
            world_fail(w, "I5 node %u still has mark %u, which it may not see", c->node.at, i);
    grants_done(&d.grants);
    mem_free(found);
    mem_free(u.seen);
    mem_free(u.hidden);
}

/* ---- quiet ---- */

static bool takes_part(const struct client *c)
{
    return c->present && !c->revoked && !c->wiped;
}

bool checks_rights(struct world *w, struct client *c)
{
    int64_t held = 0;
    uint64_t version = 0;
    return meta_get_int(c->node.store, META_GRANTS, &held) == ERR_OK &&
           grants_version(w->server.node.store, &c->staff, &version) == ERR_OK &&
           (uint64_t)held == version;
}

bool checks_quiet(struct world *w, struct note *why)
{
    if (w->server.hub == NULL)
        return note_set(why, ERR_BUSY, "the server does not run") == ERR_OK;
    for (uint32_t at = 1; at <= w->count; at++) {
        struct client *c = world_client(w, at);
        struct store_status s;
        if (!takes_part(c))
            continue;
        if (!node_runs(&c->node) || store_status(c->node.store, &s) != ERR_OK)
            return note_set(why, ERR_BUSY, "node %u does not run", at) == ERR_OK;
        if (s.acked_through != s.op_last ||
            s.pulled_through != serve_seq(w->server.node.store) || !s.complete || s.unsent != 0)
            return note_set(why, ERR_BUSY,
                            "node %u: %llu of %llu judged, %llu of %llu pulled%s, %s", at,
                            (unsigned long long)s.acked_through, (unsigned long long)s.op_last,
                            (unsigned long long)s.pulled_through,
                            (unsigned long long)serve_seq(w->server.node.store),
                            s.complete ? "" : ", incomplete", err_name(c->failed)) == ERR_OK;
        if (papers_wait(w, c))
            return note_set(why, ERR_BUSY, "node %u: contents wait", at) == ERR_OK;
        if (!checks_rights(w, c))
            return note_set(why, ERR_BUSY, "node %u: rights have changed, %s", at,
                            err_name(c->failed)) == ERR_OK;
    }
    return true;
}

/* ---- single stores ---- */

static void check_store(struct world *w, struct node *n)
{
    struct buf report = {0};
    uint32_t problems = 0;
    enum err err = store_check(n->store, &report, &problems);
    if (err != ERR_OK || problems > 0)
        world_fail(w, "node %u: store_check: %s, %u problems: %.*s", n->at, err_name(err),
                   problems, (int)(report.n < 300 ? report.n : 300),
                   report.n == 0 ? "" : (char *)report.p);
    buf_done(&report);
}

/* Each row is found by its first word, and the index is whole. */
struct wording {
    struct world *w;
    struct node *n;
    const struct table *table;
};

static enum err check_words(void *ctx, const struct row *row)
{
    struct wording *look = ctx;
    struct buf words = {0};
    struct buf match = {0};
    search_words(look->table, row->values, &words);
    const void *gap = words.n == 0 ? NULL : memchr(words.p, ' ', words.n);
    size_t n = gap == NULL ? words.n : (size_t)((const uint8_t *)gap - words.p);
    search_match((struct str){(const char *)words.p, n}, &match);
    bool found = match.n == 0;
    struct stmt *stmt = NULL;
    if (!found && store_sql(look->n->store, SQL_WORD_MATCH, &stmt) == ERR_OK) {
        int64_t place = search_place(look->table) + row->rid;
        bind_text(stmt, 1, buf_str(&match));
        bind_int(stmt, 2, place);
        bind_int(stmt, 3, place + 1);
        found = stmt_step(stmt) == STEP_ROW;
        stmt_reset(stmt);
    }
    if (!found)
        world_fail(look->w, "node %u: a row of %s is not found by its words", look->n->at,
                   look->table->name);
    buf_done(&words);
    buf_done(&match);
    return ERR_OK;
}

static void check_search(struct world *w, struct node *n)
{
    const struct schema *schema = store_schema(n->store);
    enum err err = search_complete(n->store);
    if (err == ERR_OK)
        err = db_exec(n->store->db, "INSERT INTO word(word) VALUES('integrity-check')");
    for (uint16_t i = 0; i < schema->table_count && err == ERR_OK; i++) {
        struct wording look = {w, n, &schema->tables[i]};
        if (search_covers(look.table))
            err = rows_all(n->store, look.table, check_words, &look);
    }
    if (err != ERR_OK)
        world_fail(w, "node %u: search: %s", n->at, err_name(err));
}

/* Where no disk altered rows, no comparison with the server finds a difference; where one did,
 * it was repaired. */
static void check_compared(struct world *w, struct client *c)
{
    struct compare_report r = {.state = COMPARE_NEVER};
    enum err err = compare_report(c->node.store, &r);
    if (err != ERR_OK || (r.found_ms != 0 && !c->damaged) || r.state == COMPARE_REPAIRING ||
        r.state == COMPARE_DIFFERENT)
        world_fail(
            w,
            "node %u: rows differed from the server's digest: %s, state %d, %llu changed, "
            "%llu missing, %llu extra, found at %lld",
            c->node.at, err_name(err), (int)r.state,
            (unsigned long long)r.faults[COMPARE_CHANGED],
            (unsigned long long)r.faults[COMPARE_MISSING],
            (unsigned long long)r.faults[COMPARE_EXTRA], (long long)r.found_ms);
}

static void expect(struct world *w, struct store *s, const char *what, const char *sql,
                   int64_t wanted)
{
    int64_t n = ask(s, sql, 0, 0, 0);
    if (n != wanted)
        world_fail(w, "%s: %lld", what, (long long)n);
}

/* I8: who lost is in the inbox, who was refused in quarantine. */
static void check_inbox(struct world *w)
{
    struct store *s = w->server.node.store;
    int64_t lost = ask(s,
                       "SELECT (SELECT count(*) FROM op WHERE verdict=3)-"
                       "(SELECT count(*) FROM t_conflict) WHERE ?1=?2 AND ?2=?3",
                       0, 0, 0);
    if (lost > 0 && w->oracle.erased_n == 0)
        world_fail(w, "I8 %lld conflicts left no trace", (long long)lost);
    expect(w, s, "I8 refused operations that are not in quarantine",
           "SELECT count(*) FROM op o WHERE o.verdict=4 AND NOT EXISTS (SELECT 1 FROM "
           "quarantine q WHERE q.epoch=o.epoch AND q.op_no=o.op_no) AND ?1=?2 AND ?2=?3",
           0);
    expect(w, s, "I8 pairs that wait twice",
           "SELECT count(*)-count(DISTINCT hex(\"left\")||hex(\"right\")) FROM "
           "t_duplicate_case WHERE ?1=?2 AND ?2=?3",
           0);
    expect(w, s, "I3 operations at the same place of the order",
           "SELECT count(*)-count(DISTINCT seq) FROM op WHERE ?1=?2 AND ?2=?3", 0);
}

static void check_quarantine(struct world *w, struct client *c)
{
    if (c->node.replaced || c->spare != 0)
        return;
    int64_t there = ask(w->server.node.store,
                        "SELECT count(*) FROM quarantine q JOIN epoch e ON e.num=q.epoch "
                        "WHERE q.state=0 AND e.device=?1 AND ?2=?3",
                        c->device, 0, 0);
    int64_t here =
        ask(c->node.store, "SELECT count(*) FROM quarantine WHERE state=0 AND ?1=?2 AND ?2=?3",
            0, 0, 0);
    /* A restored server may lack what was refused under an epoch that has ended since. */
    if (here < there || (here > there && !w->oracle.restored))
        world_fail(w, "I8 node %u holds %lld refused operations open, the server %lld of it",
                   c->node.at, (long long)here, (long long)there);
}

/* I2 at the end: whatever anyone was told is saved is at the server. */
static void check_marks(struct world *w)
{
    struct oracle *o = &w->oracle;
    if (!oracle_scan_server(w))
        world_fail(w, "the server's database cannot be read");
    for (uint32_t i = 0; i < o->count && !w->failed; i++) {
        struct mark *m = &o->marks[i];
        bool gone = m->node != WORLD_SERVER && world_client(w, m->node)->revoked;
        if (m->state == MARK_TOLD && !m->on_server && !gone && !oracle_excused(w, m))
            world_fail(w, "I2 mark %u, saved on node %u, is nowhere on the server", i, m->node);
    }
}

void checks_disk(struct world *w, const struct client *c)
{
    const char *name = NULL;
    for (size_t i = 0; (name = disk_name(c->node.disk, i)) != NULL; i++) {
        size_t n = 0;
        const uint8_t *bytes = disk_bytes(c->node.disk, name, &n);
        oracle_scan_client(w, c, (struct str){(const char *)bytes, n}, name);
    }
}

void checks_now(struct world *w)
{
    if (w->server.hub != NULL) {
        struct hub_stats stats = hub_stats(w->server.hub);
        if (stats.jobs > LIMIT_JOBS || stats.peers != w->server.peers_n)
            world_fail(w, "I13 the hub has %llu jobs and %llu peers of %zu",
                       (unsigned long long)stats.jobs, (unsigned long long)stats.peers,
                       w->server.peers_n);
    }
    for (uint32_t at = 1; at <= w->count && !w->failed; at++)
        checks_disk(w, world_client(w, at));
}

static void check_all(struct world *w)
{
    check_store(w, &w->server.node);
    check_inbox(w);
    for (uint32_t at = 1; at <= w->count && !w->failed; at++) {
        struct client *c = world_client(w, at);
        if (!takes_part(c))
            continue;
        check_store(w, &c->node);
        check_search(w, &c->node);
        check_compared(w, c);
        check_same(w, c);
        check_unseen(w, c);
        check_quarantine(w, c);
    }
    if (!w->failed)
        erasing_check(w);
    if (!w->failed)
        check_marks(w);
    if (!w->failed)
        papers_check(w);
    if (!w->failed)
        checks_now(w);
}

void checks_final(struct world *w)
{
    if (w->plan.lived ==
        0) /* short runs, many of them: once, when all is read from the disks */
        check_all(w);
    for (uint32_t at = 0; at <= w->count && !w->failed; at++) {
        struct node *n = world_node(w, at);
        bool ran = node_runs(n);
        node_kill(n);
        if (ran)
            node_start(n);
    }
    if (!w->failed)
        check_all(w);
}
