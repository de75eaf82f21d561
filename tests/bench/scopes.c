/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/scopes.h"

#include "bench/rows_made.h"
#include "support/twin.h"

#include <stdlib.h>
#include <string.h>

/* A device as far as the server can tell: what it would say, and its connection. */
struct device {
    struct serve_device who;
    struct hello hello;
    struct serve_session session;
    uint64_t hash; /* of its operations */
};
struct network {
    struct twin twin;
    struct rows_made made;
    uint64_t dossiers, rows;
    struct id *pathways, *persons; /* of the dossiers */
    struct id *sessions;           /* the first of each dossier */
    size_t count;                  /* of devices; the last one follows all dossiers */
    struct device *devices;
    struct buf frames;
};

/* ---- the scene ---- */

static struct edit_value set(const struct table *table, const char *field, struct value v)
{
    const struct field *f = schema_field_named(table, str_of(field));
    must(f != NULL);
    return (struct edit_value){f, v};
}

static const struct table *table_of(uint16_t id)
{
    return schema_table(&schema_jalon, id);
}

static struct id insert(struct edit *edit, uint16_t table, const struct edit_value *values,
                        size_t count)
{
    struct id id = {0};
    struct note why = {0};
    enum err err = edit_insert(edit, table_of(table), values, count, &id, &why);
    if (err != ERR_OK)
        (void)fprintf(stderr, "insert: %s %s\n", err_name(err), why.text);
    must(err == ERR_OK);
    return id;
}

static struct edit *open_edit(struct network *n)
{
    struct edit *edit = NULL;
    enum err err = edit_open(n->twin.server.store, &edit, NULL);
    must(err == ERR_OK);
    return edit;
}

static void save(struct edit *edit)
{
    enum err err = edit_commit(edit, NULL);
    must(err == ERR_OK);
}

/* Names that do not resemble each other: nobody is looked up twice. */
static struct value invented(uint64_t number, char out[16])
{
    struct id id = rows_made_id(number + UINT64_C(1000003));
    for (size_t i = 0; i < 12; i++)
        out[i] = (char)('a' + id.b[4 + i] % 26);
    out[0] = (char)(out[0] - 'a' + 'A');
    return value_text((struct str){out, 12});
}

static void add_staff(struct network *n, struct id *staff)
{
    const struct table *of_staff = table_of(TABLE_STAFF);
    const struct table *of_role = table_of(TABLE_STAFF_ROLE);
    struct edit *edit = open_edit(n);
    for (size_t i = 0; i < n->count; i++) {
        char name[16];
        struct edit_value person[] = {
            set(of_staff, "name", invented(i, name)),
            set(of_staff, "first_name", value_text(STR("Agent"))),
            set(of_staff, "structure", value_id(&n->twin.structure)),
            set(of_staff, "active", value_int(1)),
        };
        staff[i] = insert(edit, TABLE_STAFF, person, 4);
        struct edit_value role[] = {
            set(of_role, "staff", value_id(&staff[i])),
            set(of_role, "structure", value_id(&n->twin.structure)),
            set(of_role, "role", value_text(STR("jobcoach"))),
            set(of_role, "start", value_int(20000)),
        };
        (void)insert(edit, TABLE_STAFF_ROLE, role, 4);
    }
    save(edit);
}

static enum err keep_identity(void *ctx, const struct store_identity *identity,
                              struct str network, struct str staff_name, struct buf *reply)
{
    (void)network;
    (void)staff_name;
    *(struct store_identity *)ctx = *identity;
    buf_text(reply, "-");
    return reply->err;
}

static void enrol(struct network *n, size_t i, const struct id *staff)
{
    struct device *d = &n->devices[i];
    struct store_identity identity = {0};
    struct serve_enrolment e = {.staff = *staff, .name = STR("poste")};
    struct buf reply = {0};
    uint64_t key = i + 1;
    memcpy(e.key, &key, sizeof key);
    enum err err = serve_enrol(n->twin.server.store, &e, keep_identity, &identity, &reply);
    must(err == ERR_OK);
    buf_done(&reply);
    err = serve_device(n->twin.server.store, e.key, &d->who);
    must(err == ERR_OK);
    d->hello = (struct hello){.protocol = MESSAGE_PROTOCOL,
                              .schema = SCHEMA_VERSION,
                              .history = identity.history,
                              .generation = identity.generation,
                              .epoch = identity.epoch,
                              .wall_ms = n->twin.server.wall_ms,
                              .live = true,
                              .leaves = true};
}

static void assign(struct edit *edit, const struct network *n, uint64_t dossier,
                   const struct id *staff, const char *role)
{
    const struct table *table = table_of(TABLE_ASSIGNMENT);
    struct edit_value values[] = {
        set(table, "pathway", value_id(&n->pathways[dossier])),
        set(table, "staff", value_id(staff)),
        set(table, "role", value_text(str_of(role))),
        set(table, "start", value_int(20000)),
    };
    (void)insert(edit, TABLE_ASSIGNMENT, values, 4);
}

static void add_dossiers(struct network *n, const struct id *staff)
{
    const struct table *of_person = table_of(TABLE_PERSON);
    const struct table *of_pathway = table_of(TABLE_PATHWAY);
    const char *model[] = {"name=Parcours type", NULL};
    struct id model_id = twin_add(&n->twin.server, "pathway_model", model);
    struct edit *edit = open_edit(n);
    for (uint64_t i = 0; i < n->dossiers; i++) {
        char name[2][16];
        struct edit_value person[] = {
            set(of_person, "name", invented(5000 + i, name[0])),
            set(of_person, "first_name", invented(90000 + i, name[1])),
            set(of_person, "structure", value_id(&n->twin.structure)),
        };
        n->persons[i] = insert(edit, TABLE_PERSON, person, 3);
        struct edit_value pathway[] = {
            set(of_pathway, "person", value_id(&n->persons[i])),
            set(of_pathway, "model", value_id(&model_id)),
            set(of_pathway, "entry", value_int(20700)),
        };
        n->pathways[i] = insert(edit, TABLE_PATHWAY, pathway, 3);
        assign(edit, n, i, &staff[i / SCOPES_OWN], "referent");
        assign(edit, n, i, &staff[n->count - 1], "co_referent");
    }
    save(edit);
}

/* One session in the dossier of its number. */
static size_t session_values(const struct network *n, uint64_t number, struct arena *arena,
                             struct edit_value *out)
{
    struct value all[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    const struct table *table = table_of(TABLE_SESSION);
    rows_made_values(&n->made, number, arena, all);
    for (uint16_t i = 0; i < table->field_count; i++) {
        const char *name = table->fields[i].name;
        bool refers = table->fields[i].kind == KIND_REF;
        if (strcmp(name, "person") == 0)
            all[i] = value_id(&n->persons[number % n->dossiers]);
        else if (strcmp(name, "structure") == 0)
            all[i] = value_id(&n->twin.structure);
        else if (refers)
            all[i] = (struct value){.type = VALUE_NULL};
        if (all[i].type != VALUE_NULL)
            out[count++] = (struct edit_value){&table->fields[i], all[i]};
    }
    return count;
}

static void add_sessions(struct network *n)
{
    struct edit *edit = open_edit(n);
    for (uint64_t i = 0; i < n->rows; i++) {
        struct arena arena = {0};
        struct edit_value values[SCHEMA_FIELDS_MAX];
        size_t count = session_values(n, i, &arena, values);
        struct id id = insert(edit, TABLE_SESSION, values, count);
        if (i < n->dossiers)
            n->sessions[i] = id;
        arena_done(&arena);
    }
    save(edit);
}

static void open_network(struct network *n, const char *dir, uint64_t rows)
{
    *n = (struct network){
        .rows = rows, .dossiers = rows / 10 < SCOPES_DOSSIERS ? rows / 10 : SCOPES_DOSSIERS};
    n->count = n->dossiers / SCOPES_OWN + 1;
    n->devices = calloc(n->count, sizeof *n->devices);
    n->persons = calloc(n->dossiers, sizeof(struct id));
    n->pathways = calloc(n->dossiers, sizeof(struct id));
    n->sessions = calloc(n->dossiers, sizeof(struct id));
    struct id *staff = calloc(n->count, sizeof *staff);
    must(n->devices != NULL && n->persons != NULL && n->pathways != NULL &&
         n->sessions != NULL && staff != NULL);
    twin_open_at(&n->twin, dir, 0, &schema_jalon);
    const char *apart[] = {"key=jobcoach_sees", "value=caseload", "valid_from=2021-01-01",
                           NULL};
    (void)twin_add(&n->twin.server, "parameter", apart);
    rows_made_invent(&n->made);
    add_staff(n, staff);
    for (size_t i = 0; i < n->count; i++)
        enrol(n, i, &staff[i]);
    add_dossiers(n, staff);
    add_sessions(n);
    free(staff);
}

static void close_network(struct network *n)
{
    for (size_t i = 0; i < n->count; i++)
        serve_session_done(&n->devices[i].session);
    free(n->devices);
    free(n->persons);
    free(n->pathways);
    free(n->sessions);
    buf_done(&n->frames);
    twin_close(&n->twin);
}

/* ---- what a device does ---- */

/* Note what a client would: how far it is, and for which rights. Rows heard. */
static uint64_t hear(struct network *n, struct device *d)
{
    struct str rest = buf_str(&n->frames);
    uint64_t rows = 0;
    while (rest.n > 0) {
        struct str body = {0};
        struct message m;
        size_t used = 0;
        enum err err = frame_next(rest, FRAME_BYTES_MAX, &body, &used);
        must(err == ERR_OK && used > 0);
        err = message_read(body, &m);
        must(err == ERR_OK);
        rest = (struct str){rest.p + used, rest.n - used};
        if (m.type == MESSAGE_PAGE)
            rows += m.page.rows;
        struct cur cur = cur_of(m.welcome.origins.p, m.welcome.origins.n);
        for (uint32_t i = m.type == MESSAGE_WELCOME ? unpack_array(&cur) / 3 : 0; i > 0; i--)
            d->hello.origins = message_origin(&cur).epoch;
        if (m.type == MESSAGE_IDLE) {
            d->hello.pulled = d->hello.whole = m.idle.through;
            d->hello.grants = m.idle.grants;
        }
    }
    buf_clear(&n->frames);
    return rows;
}

static void greet(struct network *n, struct device *d)
{
    serve_session_done(&d->session);
    enum err err =
        serve_hello(n->twin.server.store, &d->who, &d->hello, &d->session, &n->frames);
    must(err == ERR_OK);
}

/* Everything there is. Rows. */
static uint64_t pull(struct network *n, struct device *d, double *bytes)
{
    uint64_t rows = 0;
    for (bool idle = false; !idle;) {
        enum err err = serve_page(n->twin.server.store, &d->session, &n->frames, &idle);
        must(err == ERR_OK);
        *bytes += (double)n->frames.n;
        rows += hear(n, d);
    }
    return rows;
}

/* These devices, one after the other: HELLO if asked for, and all pages. Rows. */
static uint64_t pull_all(struct network *n, size_t from, size_t to, bool hello,
                         struct sample *out)
{
    double at = figures_now();
    double cpu = figures_cpu();
    uint64_t rows = 0;
    *out = SAMPLE_NONE;
    out->wire_bytes = 0;
    for (size_t i = from; i < to; i++) {
        if (hello)
            greet(n, &n->devices[i]);
        rows += pull(n, &n->devices[i], &out->wire_bytes);
    }
    out->far_cpu_s = figures_cpu() - cpu;
    out->seconds = figures_now() - at;
    return rows;
}

/* One field of one row in each of so many dossiers, each an operation of its own. */
static void edit_some(struct network *n, uint64_t edits, int minutes)
{
    const struct table *table = table_of(TABLE_SESSION);
    struct edit_value value = set(table, "minutes", value_int(minutes));
    for (uint64_t i = 0; i < edits; i++) {
        struct edit *edit = open_edit(n);
        enum err err = edit_update(edit, table, &n->sessions[i], &value, 1, NULL);
        must(err == ERR_OK);
        save(edit);
    }
}

static void write_op(struct network *n, size_t i, struct buf *out)
{
    struct device *d = &n->devices[i];
    struct arena arena = {0};
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = session_values(n, i * SCOPES_OWN, &arena, values);
    struct op_writer w;
    struct id row = rows_made_id(n->rows * 3 + i);
    struct op_head head = {.op_no = d->hello.op_last + 1,
                           .prev_hash = d->hash,
                           .hlc = hlc_of_ms(n->twin.server.wall_ms) + d->hello.op_last + 1,
                           .wall_ms = n->twin.server.wall_ms,
                           .form = SCHEMA_VERSION,
                           .actor = d->who.staff};
    op_writer_init(&w);
    change_begin_insert(&w, TABLE_SESSION, &row, (uint32_t)count);
    for (size_t k = 0; k < count; k++) {
        pack_int(&w.body, values[k].field->id);
        value_pack(&values[k].value, &w.body);
    }
    enum err err = op_write(&head, &w, out);
    must(err == ERR_OK);
    op_writer_done(&w);
    arena_done(&arena);
}

/* One operation of each of so many devices, in one commit. */
static void push_all(struct network *n, size_t devices, struct sample *out)
{
    struct buf *bodies = calloc(devices, sizeof *bodies);
    struct buf *verdicts = calloc(devices, sizeof *verdicts);
    struct serve_push *pushes = calloc(devices, sizeof *pushes);
    must(bodies != NULL && verdicts != NULL && pushes != NULL);
    for (size_t i = 0; i < devices; i++) {
        write_op(n, i, &bodies[i]);
        pushes[i] = (struct serve_push){
            .session = &n->devices[i].session,
            .push = {.epoch = n->devices[i].hello.epoch,
                     .first_op = 1,
                     .count = 1,
                     .body = buf_str(&bodies[i])},
            .frames = &verdicts[i],
        };
    }
    double at = figures_now();
    double cpu = figures_cpu();
    enum err err = serve_pushes(n->twin.server.store, pushes, devices);
    *out = SAMPLE_NONE;
    out->far_cpu_s = figures_cpu() - cpu;
    out->seconds = figures_now() - at;
    must(err == ERR_OK);
    for (size_t i = 0; i < devices; i++) {
        must(pushes[i].err == ERR_OK && n->devices[i].session.judged == 1);
        buf_done(&bodies[i]);
        buf_done(&verdicts[i]);
    }
    free(bodies);
    free(verdicts);
    free(pushes);
}

/* ---- measurements ---- */

/* Names must stay: one for each size and line. */
static const char *name_of(const char *kind, uint64_t rows, const char *what)
{
    static char names[FIGURES_MAX][64];
    static size_t count;
    char name[64];
    (void)snprintf(name, sizeof name, "%s %lluk: %s", kind, (unsigned long long)(rows / 1000),
                   what);
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return names[i];
    must(count < FIGURES_MAX);
    memcpy(names[count], name, sizeof name);
    return names[count++];
}

struct pair {
    struct figures *figures;
    uint64_t rows;
    struct sample plain, ours;
};

static void add(struct pair *p, const char *what, uint64_t count)
{
    const char *control = name_of("control", p->rows, what);
    figures_add(p->figures, control, NULL, count, &p->plain);
    figures_add(p->figures, name_of("feed", p->rows, what), control, count, &p->ours);
}

static void measure_reads(struct network *n, struct scopes_plain *db, struct pair *p)
{
    size_t coaches = n->count - 1;
    size_t all = n->count;
    uint64_t edits = n->dossiers < SCOPES_EDITS ? n->dossiers : SCOPES_EDITS;
    scopes_plain_read(db, coaches, SCOPES_OWN, 0, &p->plain);
    uint64_t rows = pull_all(n, 0, coaches, true, &p->ours);
    must(rows >= n->rows); /* each dossier is somebody's */
    add(p, "first sync", coaches);
    scopes_plain_read(db, 1, n->dossiers, 0, &p->plain);
    rows = pull_all(n, coaches, all, true, &p->ours);
    must(rows >= n->rows);
    add(p, "first sync, all", 1);
    scopes_plain_read(db, coaches, SCOPES_OWN, scopes_plain_seq(db), &p->plain);
    rows = pull_all(n, 0, coaches, true, &p->ours);
    must(rows == 0);
    add(p, "nothing, by HELLO", coaches);
    scopes_plain_read(db, 1, n->dossiers, scopes_plain_seq(db), &p->plain);
    (void)pull_all(n, coaches, all, true, &p->ours);
    add(p, "nothing, by HELLO, all", 1);
    uint64_t seq = scopes_plain_seq(db);
    scopes_plain_edit(db, 1);
    edit_some(n, 1, 41);
    scopes_plain_read(db, coaches, SCOPES_OWN, seq, &p->plain);
    rows = pull_all(n, 0, coaches, false, &p->ours);
    must(rows == 1);
    add(p, "1 edit, live", coaches);
    seq = scopes_plain_seq(db);
    scopes_plain_edit(db, edits);
    edit_some(n, edits, 42);
    scopes_plain_read(db, coaches, SCOPES_OWN, seq, &p->plain);
    rows = pull_all(n, 0, coaches, false, &p->ours);
    must(rows == edits);
    add(p, "30 edits, live", coaches);
    scopes_plain_read(db, 1, n->dossiers, seq, &p->plain);
    rows = pull_all(n, coaches, all, false, &p->ours);
    must(rows == edits);
    add(p, "30 edits, live, all", 1);
}

/* Some dossiers are opened to one coach more: each is filled with one, and with no other. */
static void measure_given(struct network *n, struct scopes_plain *db, struct pair *p)
{
    size_t coaches = n->count - 1;
    uint64_t given = coaches < SCOPES_GIVEN ? coaches : SCOPES_GIVEN;
    struct edit *edit = open_edit(n);
    for (uint64_t i = 0; i < given; i++)
        assign(edit, n, n->dossiers - 1 - i, &n->devices[i].who.staff, "facilitator");
    save(edit);
    scopes_plain_read(db, given, 1, 0, &p->plain);
    (void)pull_all(n, 0, given, true, &p->ours);
    add(p, "a dossier more", given);
}

void scopes_measure(struct figures *figures, const char *dir, uint64_t rows)
{
    static struct network n;
    struct pair p = {.figures = figures, .rows = rows};
    open_network(&n, dir, rows);
    struct scopes_plain *db = scopes_plain_open(dir, n.dossiers, rows);
    measure_reads(&n, db, &p);
    measure_given(&n, db, &p);
    size_t pushes = n.count - 1 < SCOPES_PUSHES ? n.count - 1 : SCOPES_PUSHES;
    scopes_plain_push(db, pushes, &p.plain);
    push_all(&n, pushes, &p.ours);
    add(&p, "small pushes", pushes);
    (void)pull_all(&n, 0, n.count - 1, false, &p.ours);
    scopes_plain_read(db, n.count - 1, SCOPES_OWN, scopes_plain_seq(db) - pushes, &p.plain);
    add(&p, "after the pushes, live", n.count - 1);
    scopes_plain_close(db);
    close_network(&n);
}
