/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/papers.h"

#include "store/content_inside.h"
#include "store/courier.h"
#include "store/document.h"
#include "tests/sim/draft.h"
#include "tests/sim/erasing.h"
#include "tests/sim/saving.h"

enum {
    BYTES_MAX = 40000,
    PIECE_BYTES = 3000,
    RULE_BYTES = 200000,
    AGAIN_EVERY = 6, /* of the contents are those of another document */
};

/* ---- what is in them ---- */

static void fill(const struct paper *p, struct buf *out)
{
    struct rng rng;
    char mark[32];
    (void)snprintf(mark, sizeof mark, "m%06u.", p->mark % 1000000);
    buf_text(out, mark);
    rng_init(&rng, p->seed);
    while (out->n < p->size) {
        uint64_t bits = rng_next(&rng);
        buf_add(out, &bits, p->size - out->n < 8 ? (size_t)(p->size - out->n) : 8);
    }
    must(out->err == ERR_OK && out->n == p->size);
}

static struct paper *paper_of(struct oracle *o, const struct id *doc)
{
    for (uint32_t i = 0; i < o->papers_n; i++)
        if (id_eq(&o->papers[i].doc, doc))
            return &o->papers[i];
    return NULL;
}

static struct paper *paper_new(struct oracle *o)
{
    if (o->papers_n == o->papers_room) {
        o->papers_room = o->papers_room == 0 ? 64 : 2 * o->papers_room;
        o->papers = mem_grow(o->papers, o->papers_room * sizeof *o->papers);
        must(o->papers != NULL);
    }
    o->papers[o->papers_n] = (struct paper){.size = 0};
    return &o->papers[o->papers_n++];
}

/* ---- attaching ---- */

/* As jalon attach does: the content first, durably, then the row. */
static enum err put(struct node *n, struct paper *p)
{
    struct content_put put;
    struct buf bytes = {0};
    fill(p, &bytes);
    enum err err = content_put_begin(n->store, &p->doc, &put);
    if (err != ERR_OK) {
        buf_done(&bytes);
        return err;
    }
    for (size_t at = 0; at < bytes.n && err == ERR_OK; at += PIECE_BYTES) {
        size_t piece = bytes.n - at < PIECE_BYTES ? bytes.n - at : PIECE_BYTES;
        err = content_put_add(&put, (struct str){(const char *)bytes.p + at, piece});
    }
    if (err == ERR_OK)
        err = content_put_end(&put, p->sha256);
    else
        content_put_abort(&put);
    buf_done(&bytes);
    return err;
}

static void forget(struct node *n, const struct id *doc)
{
    struct content *c = NULL;
    enum err err = content_of(n->store, false, &c);
    if (err == ERR_OK)
        err = content_begin(c);
    if (err == ERR_OK)
        err = content_end(c, content_drop(c, doc));
    (void)err; /* it is found to belong to no row when it is to be sent */
}

static enum err save_row(struct node *n, const struct paper *p, const struct table *of,
                         const struct id *row, uint8_t home)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_DOCUMENT);
    struct saving s;
    char hex[2 * SHA256_BYTES + 1];
    char title[ORACLE_MARK_BYTES + 1];
    if (!saving_open(&s, n))
        return s.broken == ERR_OK ? ERR_CLOSED : s.broken;
    document_hex(p->sha256, hex);
    (void)oracle_mark(&n->w->oracle, n->at, home, of->facet, title);
    const struct edit_value values[] = {
        {schema_field_named(table, STR("of_table")), value_text(str_of(of->name))},
        {schema_field_named(table, STR("of_row")), value_id(row)},
        {schema_field_named(table, STR("kind")), value_text(STR("photo"))},
        {schema_field_named(table, STR("title")), value_text(str_of(title))},
        {schema_field_named(table, STR("sha256")), value_text(str_of(hex))},
        {schema_field_named(table, STR("size")), value_int((int64_t)p->size)},
        {schema_field_named(table, STR("mime")), value_text(STR("image/jpeg"))},
    };
    enum err err =
        edit_insert_as(s.edit, table, &p->doc, values, sizeof values / sizeof *values, NULL);
    saving_tried(&s, table, &p->doc, s.first_mark, err);
    enum err end = saving_end(&s);
    return err == ERR_OK ? end : err;
}

/* The same photo, attached once more: the last one, when the seed says so. */
static const struct paper *same_as(const struct node *n, uint8_t home, uint8_t facet,
                                   uint64_t seed)
{
    const struct oracle *o = &n->w->oracle;
    const struct paper *found = NULL;
    if (seed % AGAIN_EVERY != 0)
        return NULL;
    for (uint32_t i = 0; i < o->papers_n; i++) {
        const struct paper *p = &o->papers[i];
        const struct mark *m = &o->marks[p->mark];
        if (p->node == n->at && m->home == home && m->facet == facet)
            found = p;
    }
    return found;
}

enum err papers_attach(struct node *n, const struct table *of, const struct id *row,
                       uint64_t seed, uint64_t size, struct id *doc)
{
    struct oracle *o = &n->w->oracle;
    const struct client *c = world_client(n->w, n->at);
    uint8_t home = of->scope == SCOPE_NETWORK ? ORACLE_NETWORK : (uint8_t)c->home;
    char mark[ORACLE_MARK_BYTES + 1];
    struct paper p = {.node = n->at, .seed = seed, .size = size};
    const struct paper *same = same_as(n, home, of->facet, seed);
    p.doc = store_new_id(n->store);
    if (same == NULL)
        p.mark = oracle_mark(o, n->at, home, of->facet, mark);
    else
        p = (struct paper){.doc = p.doc,
                           .node = n->at,
                           .mark = same->mark,
                           .seed = same->seed,
                           .size = same->size};
    erasing_dossier(n, of, row, &p.dossier);
    enum err err = put(n, &p);
    world_say(n->w, "node %u: attached %llu bytes, mark %u: %s", n->at,
              (unsigned long long)size, p.mark, err_name(err));
    if (!saving_of_machine(err) && err != ERR_OK)
        world_fail(n->w, "node %u: attaching ended with %s", n->at, err_name(err));
    if (!node_survived(n) || err != ERR_OK)
        return err;
    err = save_row(n, &p, of, row, home);
    p.told = err == ERR_OK;
    *paper_new(o) = p;
    if (n->store != NULL && err != ERR_OK)
        forget(n, &p.doc);
    if (doc != NULL)
        *doc = p.doc;
    return node_survived(n) ? err : ERR_CLOSED;
}

static bool attach(struct node *n, struct rng *rng)
{
    static const uint16_t tables[] = {TABLE_PERSON,  TABLE_PERSON,  TABLE_SESSION,
                                      TABLE_PATHWAY, TABLE_COMPANY, TABLE_SESSION_NOTE};
    const struct table *of = schema_table(&schema_jalon, tables[rng_below(rng, 6)]);
    struct id row;
    if (!draft_row(n, rng, of, false, &row))
        return false;
    (void)papers_attach(n, of, &row, rng_next(rng), rng_spread(rng, 9, BYTES_MAX), NULL);
    return true;
}

static bool fetch(struct node *n, struct rng *rng)
{
    struct id doc;
    if (!draft_row(n, rng, schema_table(&schema_jalon, TABLE_DOCUMENT), false, &doc))
        return false;
    enum err err = courier_want(n->store, &doc);
    world_say(n->w, "node %u: asked for a document: %s", n->at, err_name(err));
    if (err != ERR_OK && err != ERR_EXISTS && err != ERR_NOTFOUND && err != ERR_INVALID &&
        !saving_of_machine(err))
        world_fail(n->w, "node %u: fetching ended with %s", n->at, err_name(err));
    if (node_survived(n))
        client_feed(world_client(n->w, n->at), (struct agent_event){.type = AGENT_EV_WANTED});
    return true;
}

bool papers_act(struct node *n, struct rng *rng)
{
    uint64_t what = rng_below(rng, 100);
    if (n->at == WORLD_SERVER)
        return false;
    if (what < 55)
        return attach(n, rng);
    if (what < 95)
        return fetch(n, rng);
    enum err err = courier_rule(n->store, RULE_BYTES);
    if (err != ERR_OK && !saving_of_machine(err))
        world_fail(n->w, "node %u: the rule ended with %s", n->at, err_name(err));
    (void)node_survived(n);
    return true;
}

/* ---- what must hold ---- */

bool papers_erased(const struct oracle *o, uint32_t mark)
{
    bool any = false;
    for (uint32_t i = 0; i < o->papers_n; i++) {
        const struct paper *p = &o->papers[i];
        if (p->mark == mark && !erasing_known(o, &p->dossier))
            return false;
        any = any || p->mark == mark;
    }
    return any;
}

/* The state of a document in this store; 0: none; *read: the disk lets us know. */
static enum content_state state_in(struct store *s, const struct id *doc, bool *read)
{
    struct content *c = NULL;
    struct content_doc there = {.size = 0};
    enum err err = content_of(s, false, &c);
    if (err == ERR_OK)
        err = content_find(c, doc, &there);
    *read = err == ERR_OK || err == ERR_NOTFOUND;
    return err == ERR_OK ? there.state : (enum content_state)0;
}

static bool counts(const struct oracle *o, const struct paper *p)
{
    return !p->lost && !erasing_known(o, &p->dossier);
}

/* The server says that it has it: it must. */
static void check_acked(struct world *w, const struct paper *p)
{
    struct store *s = w->server.node.store;
    struct document row;
    bool read = false;
    if (s == NULL || store_health(s) != ERR_OK || !counts(&w->oracle, p))
        return;
    enum content_state state = state_in(s, &p->doc, &read);
    if (!read || state == CONTENT_KEPT)
        return;
    erasing_learn(w);
    if (counts(&w->oracle, p) && document_find(s, &p->doc, &row) == ERR_OK && !row.deleted)
        world_fail(w, "I2 the content of mark %u was acknowledged and is gone: state %d",
                   p->mark, (int)state);
}

/* What this replica knows of the server's contents is about the server there is. */
static bool same_server(struct world *w, struct client *c)
{
    struct content *content = NULL;
    int64_t known = 0;
    int64_t now = 0;
    return w->server.node.store != NULL &&
           meta_get_int(w->server.node.store, META_GENERATION, &now) == ERR_OK &&
           content_of(c->node.store, false, &content) == ERR_OK &&
           content_fact_get(content, CONTENT_FACT_GENERATION, &known) == ERR_OK && known == now;
}

void papers_synced(struct world *w, struct client *c)
{
    struct oracle *o = &w->oracle;
    if (!same_server(w, c))
        return;
    for (uint32_t i = 0; i < o->papers_n; i++) {
        struct paper *p = &o->papers[i];
        bool read = false;
        if (p->acked || p->node != c->node.at ||
            state_in(c->node.store, &p->doc, &read) != CONTENT_KEPT)
            continue;
        p->acked = true;
        check_acked(w, p);
    }
}

void papers_server_opened(struct world *w)
{
    for (uint32_t i = 0; i < w->oracle.papers_n && !w->failed; i++)
        if (w->oracle.papers[i].acked)
            check_acked(w, &w->oracle.papers[i]);
    (void)node_survived(&w->server.node);
}

void papers_lost(struct world *w, const struct node *n, uint32_t from)
{
    struct oracle *o = &w->oracle;
    for (uint32_t i = from; i < o->papers_n; i++) {
        struct paper *p = &o->papers[i];
        if (n->at == WORLD_SERVER)
            p->acked = false; /* it must come again */
        else if (p->node == n->at && !p->acked)
            p->lost = true;
    }
}

/* Does the server have the row, alive, and this content? */
static bool server_has(struct world *w, const struct id *doc, bool *row_there)
{
    struct store *s = w->server.node.store;
    struct document row;
    bool read = false;
    *row_there = document_find(s, doc, &row) == ERR_OK && !row.deleted;
    return state_in(s, doc, &read) == CONTENT_KEPT;
}

bool papers_wait(struct world *w, struct client *c)
{
    struct content *content = NULL;
    struct content_doc doc = {.size = 0};
    struct document row;
    bool there = false;
    static const enum content_state states[] = {CONTENT_UNSENT, CONTENT_WANTED};
    if (content_of(c->node.store, false, &content) != ERR_OK)
        return false;
    if (content_orphan(c->node.store, &there) == ERR_OK && there)
        return true;
    for (int i = 0; i < 2; i++) {
        struct id after = {{0}};
        while (content_next(content, states[i], &after, &doc) == ERR_OK) {
            after = doc.id;
            bool has = server_has(w, &doc.id, &there);
            enum err err = document_find(c->node.store, &doc.id, &row);
            bool here = err == ERR_OK && !row.deleted;
            if (there &&
                (states[i] == CONTENT_UNSENT ? here || err == ERR_NOTFOUND : has && here))
                return true;
        }
    }
    return false;
}

static void check_bytes(struct world *w, struct content *c, const struct content_doc *doc,
                        const struct node *n)
{
    const struct paper *p = paper_of(&w->oracle, &doc->id);
    struct buf wanted = {0};
    struct buf got = {0};
    if (content_verify(c, doc) != ERR_OK)
        world_fail(w, "node %u: a content is not what its hash says", n->at);
    if (p != NULL) {
        fill(p, &wanted);
        enum err err = content_read(c, doc->cid, 0, (size_t)doc->size, &got);
        if (err != ERR_OK || !str_eq(buf_str(&wanted), buf_str(&got)))
            world_fail(w, "node %u: the content of mark %u is another: %s", n->at, p->mark,
                       err_name(err));
    }
    buf_done(&wanted);
    buf_done(&got);
}

static void check_store(struct world *w, struct node *n)
{
    struct content *c = NULL;
    struct content_doc doc = {.size = 0};
    struct id after = {{0}};
    if (content_of(n->store, false, &c) != ERR_OK)
        return;
    while (!w->failed && content_next(c, CONTENT_KEPT, &after, &doc) == ERR_OK) {
        after = doc.id;
        check_bytes(w, c, &doc, n);
    }
    after = (struct id){{0}};
    if (content_next(c, CONTENT_DAMAGED, &after, &doc) == ERR_OK)
        world_fail(w, "node %u: a content is damaged", n->at);
}

/* I2: what was attached is on the server, when its row is. */
static void check_paper(struct world *w, const struct paper *p)
{
    const struct client *author = world_client(w, p->node);
    bool row_there = false;
    bool gone = author->revoked || author->wiped || (w->oracle.restored && author->left);
    if (!p->told || gone || !counts(&w->oracle, p))
        return;
    if (!server_has(w, &p->doc, &row_there) && row_there)
        world_fail(w, "I2 the content of mark %u, attached on node %u, is not on the server",
                   p->mark, p->node);
}

void papers_check(struct world *w)
{
    for (uint32_t at = 0; at <= w->count && !w->failed; at++) {
        const struct client *c = at == WORLD_SERVER ? NULL : world_client(w, at);
        if (c == NULL || (c->present && !c->revoked && !c->wiped))
            check_store(w, world_node(w, at));
    }
    for (uint32_t i = 0; i < w->oracle.papers_n && !w->failed; i++)
        check_paper(w, &w->oracle.papers[i]);
}
