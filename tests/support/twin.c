/* SPDX-License-Identifier: Apache-2.0 */
#include "support/twin.h"
#include "proto/hash.h"
#include "store/compare.h"
#include "store/grants.h"
#include "store/scopes.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const int64_t START_MS = INT64_C(1795000000000);

static int64_t wall(void *ctx)
{
    struct party *p = ctx;
    return p->wall_ms++;
}

static void random_of(void *ctx, void *out, size_t n)
{
    struct party *p = ctx;
    uint8_t *bytes = out;
    for (size_t i = 0; i < n; i++) {
        p->random = p->random * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (uint8_t)(p->random >> 56);
    }
}

enum err twin_try_open(struct twin *t, struct party *p, struct note *why)
{
    struct store_env env = {.path = p->path,
                            .vfs = p->vfs,
                            .schema = t->schema,
                            .side = p == &t->server ? STORE_SERVER : STORE_CLIENT,
                            .wall_ms = wall,
                            .random = random_of,
                            .ctx = p};
    return store_open(&env, &p->store, why);
}

void twin_open_party(struct twin *t, struct party *p)
{
    struct note why = {0};
    enum err err = twin_try_open(t, p, &why);
    if (err != ERR_OK)
        (void)fprintf(stderr, "open %s: %s %s\n", p->path, err_name(err), why.text);
    must(err == ERR_OK);
}

static const struct table *table_of(struct store *s, const char *name)
{
    const struct table *table = schema_table_named(store_schema(s), str_of(name));
    must(table != NULL);
    return table;
}

/* "name=value" texts into edit values. */
static size_t parse_fields(const struct table *table, const char *const *fields,
                           struct arena *arena, struct edit_value *out)
{
    size_t n = 0;
    for (; fields[n] != NULL; n++) {
        const char *eq = strchr(fields[n], '=');
        must(eq != NULL);
        struct str name = {fields[n], (size_t)(eq - fields[n])};
        out[n].field = schema_field_named(table, name);
        must(out[n].field != NULL);
        struct note why = {0};
        enum err err = value_parse(out[n].field, str_of(eq + 1), arena, &out[n].value, &why);
        must(err == ERR_OK);
    }
    return n;
}

struct id twin_add(struct party *p, const char *table_name, const char *const *fields)
{
    const struct table *table = table_of(p->store, table_name);
    struct arena arena = {0};
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t n = parse_fields(table, fields, &arena, values);
    struct edit *edit = NULL;
    struct note why = {0};
    struct id id = {0};
    enum err err = edit_open(p->store, &edit, &why);
    if (err == ERR_OK)
        err = edit_insert(edit, table, values, n, &id, &why);
    if (err != ERR_OK)
        (void)fprintf(stderr, "add %s: %s %s\n", table_name, err_name(err), why.text);
    must(err == ERR_OK);
    err = edit_commit(edit, &why);
    must(err == ERR_OK);
    arena_done(&arena);
    return id;
}

static enum err change(struct party *p, const char *table_name, const struct id *id,
                       const struct edit_value *values, size_t n)
{
    const struct table *table = table_of(p->store, table_name);
    struct edit *edit = NULL;
    enum err err = edit_open(p->store, &edit, NULL);
    must(err == ERR_OK);
    err = edit_update(edit, table, id, values, n, NULL);
    if (err == ERR_OK)
        return edit_commit(edit, NULL);
    edit_abort(edit);
    return err;
}

enum err twin_set(struct party *p, const char *table_name, const struct id *id,
                  const char *const *fields)
{
    struct arena arena = {0};
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t n = parse_fields(table_of(p->store, table_name), fields, &arena, values);
    enum err err = change(p, table_name, id, values, n);
    arena_done(&arena);
    return err;
}

enum err twin_delete(struct party *p, const char *table_name, const struct id *id, bool deleted)
{
    struct edit_value value = {.field = NULL, .value = value_int(deleted ? 1 : 0)};
    return change(p, table_name, id, &value, 1);
}

const char *twin_get(struct store *s, const char *table_name, const struct id *id,
                     const char *field_name)
{
    static char texts[4][4096];
    static unsigned turn;
    char *out = texts[turn++ % 4];
    const struct table *table = table_of(s, table_name);
    const struct field *field = schema_field_named(table, str_of(field_name));
    must(field != NULL);
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    must(row != NULL);
    enum err err = rows_find(s, table, id, &arena, row);
    struct buf text = {0};
    if (err == ERR_OK)
        value_print(field->kind, &row->values[schema_field_index(table, field->id)], &text);
    (void)snprintf(out, sizeof texts[0], "%.*s", (int)text.n,
                   text.n == 0 ? "" : (const char *)text.p);
    if (err != ERR_OK)
        (void)snprintf(out, sizeof texts[0], "<%s>", err_name(err));
    buf_done(&text);
    arena_done(&arena);
    return out;
}

uint64_t twin_count(struct store *s, const char *table)
{
    uint64_t n = 0;
    enum err err = rows_count(s, table_of(s, table), &n);
    must(err == ERR_OK);
    return n;
}

/* ---- enrolment ---- */

static enum err on_enrolled(void *ctx, const struct store_identity *identity,
                            struct str network, struct str staff_name, struct buf *reply)
{
    struct store_identity *out = ctx;
    *out = *identity;
    must(network.n > 0 && staff_name.n > 0);
    buf_text(reply, "reply");
    return ERR_OK;
}

static void ref_text(const char *name, const struct id *id, char out[80])
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, 80, "%s=%s", name, text);
}

void twin_enrol(struct twin *t, struct str role)
{
    must(t->count < TWIN_REPLICAS_MAX);
    size_t i = t->count++;
    struct party *p = &t->replicas[i];
    char structure[80];
    char staff[80];
    char name[40];
    char roles[60];
    ref_text("structure", &t->structure, structure);
    (void)snprintf(name, sizeof name, "first_name=Coach%zu", i);
    const char *staff_fields[] = {name, "name=Fictif", structure, "active=true", NULL};
    struct id id = twin_add(&t->server, "staff", staff_fields);
    ref_text("staff", &id, staff);
    (void)snprintf(roles, sizeof roles, "role=%.*s", (int)role.n, role.p);
    const char *role_fields[] = {staff, structure, roles, "start=2020-01-01", NULL};
    (void)twin_add(&t->server, "staff_role", role_fields);

    struct serve_enrolment enrolment = {.staff = id, .name = STR("portable")};
    enrolment.invite.b[0] = (uint8_t)(i + 1);
    enrolment.key[0] = (uint8_t)(i + 1);
    uint8_t secret[32] = {0};
    enum err err = serve_invite(t->server.store, &enrolment.invite, secret, &id, INT64_MAX);
    must(err == ERR_OK);
    struct store_identity identity = {0};
    struct buf reply = {0};
    err = serve_enrol(t->server.store, &enrolment, on_enrolled, &identity, &reply);
    must(err == ERR_OK);
    buf_done(&reply);
    err = serve_device(t->server.store, enrolment.key, &p->device);
    must(err == ERR_OK);
    p->wall_ms = START_MS;
    p->random = 1000 + i;
    (void)snprintf(p->path, sizeof p->path, "%s/replica%zu.db", t->dir, i);
    twin_open_party(t, p);
    err = store_enrol(p->store, &identity);
    must(err == ERR_OK);
}

void twin_share(struct twin *t)
{
    const char *fields[] = {"key=jobcoach_sees", "value=structure", "valid_from=2020-01-01",
                            NULL};
    (void)twin_add(&t->server, "parameter", fields);
}

static void open_parties(struct twin *t, size_t count, bool shared)
{
    t->server.wall_ms = START_MS;
    t->server.random = 7;
    (void)snprintf(t->server.path, sizeof t->server.path, "%s/server.db", t->dir);
    twin_open_party(t, &t->server);
    enum err err = serve_init(t->server.store, STR("Réseau fictif"));
    must(err == ERR_OK);
    const char *fields[] = {"name=EI du Pont", "kind=EI", NULL};
    t->structure = twin_add(&t->server, "structure", fields);
    if (shared)
        twin_share(t);
    for (size_t i = 0; i < count; i++)
        twin_enrol(t, STR("jobcoach"));
}

static void open_twin(struct twin *t, size_t count, const struct schema *schema, bool shared)
{
    *t = (struct twin){.schema = schema};
    /* In memory where there is such a place: what is tested is not the disk. */
    (void)snprintf(t->dir, sizeof t->dir, "%s", "/dev/shm/jalon-twin-XXXXXX");
    if (mkdtemp(t->dir) == NULL) {
        (void)snprintf(t->dir, sizeof t->dir, "%s", "/tmp/jalon-twin-XXXXXX");
        must(mkdtemp(t->dir) != NULL);
    }
    open_parties(t, count, shared);
}

void twin_open(struct twin *t, size_t count, const struct schema *schema)
{
    open_twin(t, count, schema, true);
}

void twin_open_apart(struct twin *t, size_t count, const struct schema *schema)
{
    open_twin(t, count, schema, false);
}

void twin_open_at(struct twin *t, const char *dir, size_t count, const struct schema *schema)
{
    *t = (struct twin){.schema = schema};
    (void)snprintf(t->dir, sizeof t->dir, "%.180s/twin-XXXXXX", dir);
    must(mkdtemp(t->dir) != NULL);
    open_parties(t, count, true);
}

void twin_close(struct twin *t)
{
    static const char *const ends[] = {"",         "-wal",         "-shm",        "-journal",
                                       ".content", ".content-wal", ".content-shm"};
    for (size_t i = 0; i <= t->count; i++) {
        struct party *p = i == t->count ? &t->server : &t->replicas[i];
        store_close(p->store);
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
            char path[300];
            (void)snprintf(path, sizeof path, "%s%s", p->path, ends[k]);
            (void)unlink(path);
        }
    }
    (void)rmdir(t->dir);
}

/* ---- sync ---- */

/* The messages in a run of frames, one after the other. */
static bool next(struct str *frames, struct message *out)
{
    struct str body = {0};
    size_t used = 0;
    enum err err = frame_next(*frames, FRAME_BYTES_MAX, &body, &used);
    must(err == ERR_OK);
    if (used == 0)
        return false;
    frames->p += used;
    frames->n -= used;
    err = message_read(body, out);
    must(err == ERR_OK);
    return true;
}

/* A new epoch for a replica that is a copy or an older image. */
static void fork_replica(struct twin *t, struct party *p)
{
    struct buf frames = {0};
    enum err err = serve_fork(t->server.store, &p->device, &frames);
    must(err == ERR_OK);
    struct str rest = buf_str(&frames);
    struct message m;
    must(next(&rest, &m) && m.type == MESSAGE_EPOCH);
    err = replica_rebase(p->store, m.epoch.epoch);
    must(err == ERR_OK);
    buf_done(&frames);
}

void twin_note_contact(struct twin *t, struct serve_session *session, uint64_t pulled)
{
    struct serve_seen seen = {.session = session, .pulled = pulled};
    enum err err = session->contact ? serve_seen(t->server.store, &seen, 1) : ERR_OK;
    must(err == ERR_OK);
}

/* HELLO until the chains agree. */
static void greet(struct twin *t, struct party *p, struct serve_session *session,
                  struct replica_plan *plan, struct replica_tally *tally)
{
    for (int round = 0;; round++) {
        must(round < 3);
        struct hello hello;
        struct buf frames = {0};
        enum err err = replica_hello(p->store, &hello);
        must(err == ERR_OK);
        serve_session_done(session);
        err = serve_hello(t->server.store, &p->device, &hello, session, &frames);
        plan->fork = err == ERR_REFUSED;
        must(err == ERR_OK || err == ERR_REFUSED);
        if (err == ERR_OK)
            twin_note_contact(t, session, hello.pulled);
        struct str rest = buf_str(&frames);
        struct message m;
        while (next(&rest, &m)) {
            if (m.type == MESSAGE_WELCOME)
                err = replica_welcome(p->store, &m.welcome, plan);
            else if (!plan->fork)
                err = replica_verdicts(p->store, m.verdicts, tally);
            must(err == ERR_OK);
        }
        buf_done(&frames);
        if (!plan->fork)
            return;
        fork_replica(t, p);
    }
}

static void push_all(struct twin *t, struct party *p, struct serve_session *session,
                     uint64_t after, struct replica_tally *tally)
{
    for (;;) {
        struct buf frame = {0};
        struct buf verdicts = {0};
        uint64_t last = 0;
        enum err err = replica_push(p->store, after, &frame, &last);
        must(err == ERR_OK);
        if (last == after) {
            buf_done(&frame);
            return;
        }
        struct str rest = buf_str(&frame);
        struct message m;
        must(next(&rest, &m) && m.type == MESSAGE_PUSH);
        struct serve_push push = {.session = session, .push = m.push, .frames = &verdicts};
        err = serve_pushes(t->server.store, &push, 1);
        must(err == ERR_OK && push.err == ERR_OK);
        rest = buf_str(&verdicts);
        while (next(&rest, &m)) {
            err = replica_verdicts(p->store, m.verdicts, tally);
            must(err == ERR_OK);
        }
        buf_done(&frame);
        buf_done(&verdicts);
        after = last;
    }
}

/* An order of erasure, and the word that it is done. */
static enum err carry_out(struct twin *t, struct party *p, struct serve_session *session,
                          struct erase erase)
{
    uint64_t done = 0;
    struct hello hello = {.pulled = 0};
    enum err err = replica_erase(p->store, erase, &done);
    if (err == ERR_OK)
        err = replica_hello(p->store, &hello);
    struct serve_seen seen = {.session = session, .pulled = hello.pulled, .erased = done};
    return err == ERR_OK && done > 0 ? serve_seen(t->server.store, &seen, 1) : err;
}

static enum err take_pulled(struct twin *t, struct party *p, struct serve_session *session,
                            const struct message *m, struct replica_tally *tally)
{
    if (m->type == MESSAGE_PAGE)
        return replica_pages(p->store, &m->page, 1, NULL, tally);
    if (m->type == MESSAGE_LEAVE)
        return replica_leave(p->store, m->leave);
    if (m->type == MESSAGE_ERASE)
        return carry_out(t, p, session, m->erase);
    enum err err = replica_pages(p->store, NULL, 0, &m->idle, tally);
    return err == ERR_OK ? replica_stable(p->store, m->idle.stable_op) : err;
}

/* False: the rights are others now, or a difference was found; begin again. */
static bool pull_all(struct twin *t, struct party *p, struct serve_session *session,
                     struct replica_tally *tally)
{
    bool idle = false;
    enum err err = ERR_OK;
    while (!idle && err == ERR_OK) {
        struct buf frames = {0};
        err = serve_page(t->server.store, session, &frames, &idle);
        must(err == ERR_OK || err == ERR_LATER);
        struct str rest = buf_str(&frames);
        struct message m;
        while (err == ERR_OK && next(&rest, &m)) {
            err = take_pulled(t, p, session, &m, tally);
            must(err == ERR_OK || (err == ERR_NOTFOUND && t->differs));
        }
        buf_done(&frames);
    }
    return err == ERR_OK;
}

struct replica_tally twin_sync(struct twin *t, size_t replica)
{
    struct party *p = &t->replicas[replica];
    struct replica_tally tally = {0};
    struct replica_plan plan = {0};
    enum err err = compare_hasten(p->store); /* a difference would end the test */
    must(err == ERR_OK);
    struct serve_session *session = calloc(1, sizeof *session);
    must(session != NULL);
    int tries = 0;
    do {
        must(tries++ < 4);
        greet(t, p, session, &plan, &tally);
        push_all(t, p, session, plan.push_from, &tally);
    } while (!pull_all(t, p, session, &tally));
    err = replica_synced(p->store);
    must(err == ERR_OK);
    serve_session_done(session);
    free(session);
    return tally;
}

/* ---- dump ---- */

struct dump {
    struct store *s;
    const struct table *table;
    const struct id *reader; /* NULL = all is dumped */
    struct grants grants;    /* the reader's */
    struct buf lines[2000];
    size_t n;
};

/* The facet of a row of a table that takes its row's, which may be such a table again. */
static uint8_t facet_of(struct dump *d, const struct row *row)
{
    const struct table *table = d->table;
    struct arena arena = {0};
    if (table->facet_field != 0)
        return schema_code_facet(table,
                                 row->values[schema_field_index(table, table->facet_field)].s);
    while (table->facet == 0) {
        const struct value *of =
            &row->values[schema_field_index(table, table->scope_table_field)];
        const struct value *id = &row->values[schema_field_index(table, table->scope_field)];
        struct row *next = arena_new(&arena, sizeof *next);
        must(next != NULL);
        table = schema_table_named(store_schema(d->s), of->s);
        struct id key;
        memcpy(key.b, id->s.p, ID_BYTES);
        enum err err = rows_find(d->s, table, &key, &arena, next);
        must(err == ERR_OK);
        row = next;
    }
    arena_done(&arena);
    return table->facet;
}

static bool is_shown(struct dump *d, const struct row *row)
{
    return d->reader == NULL || scope_may_read(&d->grants, row->scope, facet_of(d, row));
}

static enum err dump_row(void *ctx, const struct row *row)
{
    struct dump *d = ctx;
    if (!is_shown(d, row))
        return ERR_OK;
    must(d->n < sizeof d->lines / sizeof *d->lines);
    struct buf *out = &d->lines[d->n++];
    char id[ID_TEXT_BYTES];
    id_print(&row->id, id);
    buf_printf(out, "%s %s form=%u deleted=%d", d->table->name, id, row->form,
               row->deleted ? 1 : 0);
    for (uint16_t i = 0; i < d->table->field_count; i++) {
        const struct field *field = &d->table->fields[i];
        struct stamp stamp = row_stamp(row, field->id);
        if (row->values[i].type == VALUE_NULL && stamp_eq(stamp, row->stamp))
            continue;
        buf_printf(out, " %s@%llx.%u=", field->name, (unsigned long long)stamp.hlc,
                   stamp.origin);
        value_print(field->kind, &row->values[i], out);
    }
    struct stamp gone = row_stamp(row, FIELD_DELETED);
    buf_printf(out, " deleted@%llx.%u", (unsigned long long)gone.hlc, gone.origin);
    return out->err;
}

static int by_text(const void *a, const void *b)
{
    const struct buf *x = a;
    const struct buf *y = b;
    return str_cmp(buf_str(x), buf_str(y));
}

static void dump_all(struct dump *d, struct buf *out)
{
    const struct schema *schema = store_schema(d->s);
    for (uint16_t i = 0; i < schema->table_count; i++) {
        d->table = &schema->tables[i];
        d->n = 0;
        for (int deleted = 0; deleted < 2; deleted++) {
            enum err err = rows_list(d->s, d->table, NULL, 0, deleted != 0, 0, dump_row, d);
            if (err != ERR_OK)
                (void)fprintf(stderr, "dump of %s: %s\n", d->table->name, err_name(err));
            must(err == ERR_OK);
        }
        qsort(d->lines, d->n, sizeof *d->lines, by_text);
        for (size_t k = 0; k < d->n; k++) {
            buf_add(out, d->lines[k].p, d->lines[k].n);
            buf_u8(out, '\n');
            buf_done(&d->lines[k]);
        }
    }
}

void twin_dump(struct store *s, struct buf *out)
{
    struct dump *d = calloc(1, sizeof *d);
    must(d != NULL);
    d->s = s;
    dump_all(d, out);
    free(d);
}

void twin_dump_seen(struct store *s, const struct id *staff, struct buf *out)
{
    const struct grants_had nothing = {.held = 0};
    uint64_t version = 0;
    struct dump *d = calloc(1, sizeof *d);
    must(d != NULL);
    d->s = s;
    d->reader = staff;
    enum err err = grants_load(s, staff, &nothing, &d->grants, &version, NULL);
    must(err == ERR_OK);
    dump_all(d, out);
    grants_done(&d->grants);
    free(d);
}

void twin_swell(struct party *p)
{
    enum { CHARS = 19000 };
    static char body[sizeof "body=" + CHARS] = "body=";
    memset(body + strlen("body="), 'a', CHARS);
    for (size_t bytes = 0; bytes < STORE_LISTS_BYTES; bytes += CHARS)
        (void)twin_add(
            p, "resource",
            (const char *const[]){"kind=partner", "title=Fiche fictive", body, NULL});
}
