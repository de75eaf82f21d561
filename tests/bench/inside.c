/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/inside.h"

#include "bench/rows_made.h"
#include "support/twin.h"

#include <stdlib.h>
#include <sys/stat.h>

/* Seconds and CPU seconds of the two sides of one sync. */
struct sides {
    double near_cpu, far_cpu;
    uint64_t bytes;
};

static double file_bytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

/* ---- rows ---- */

static struct id add(struct party *p, const char *table, const char *const *fields)
{
    return twin_add(p, table, fields);
}

/* What the sessions refer to: reference rows made on the server, persons by the first coach. */
static void prepare(struct twin *t, struct rows_made *made)
{
    char text[3][80];
    char id[ID_TEXT_BYTES];
    *made = (struct rows_made){.table = schema_table(&schema_jalon, TABLE_SESSION)};
    made->structure = t->structure;
    id_print(&t->structure, id);
    (void)snprintf(text[0], sizeof text[0], "structure=%s", id);
    const char *model[] = {"name=Modèle fictif", text[0], NULL};
    struct id model_id = add(&t->server, "pathway_model", model);
    id_print(&model_id, id);
    (void)snprintf(text[1], sizeof text[1], "model=%s", id);
    const char *project[] = {"code=FICTIF", "name=Opération fictive", "start=2026-01-01", NULL};
    made->project = add(&t->server, "project", project);
    const char *phase[] = {text[1], "rank=1", text[2], "label=Étape", NULL};
    for (size_t i = 0; i < ROWS_MADE_PHASES; i++) {
        (void)snprintf(text[2], sizeof text[2], "code=P%zu", i);
        made->phases[i] = add(&t->server, "phase", phase);
    }
    const char *company[] = {text[2], NULL};
    for (size_t i = 0; i < ROWS_MADE_COMPANIES; i++) {
        (void)snprintf(text[2], sizeof text[2], "name=Firme fictive %zu", i);
        made->companies[i] = add(&t->server, "company", company);
    }
    (void)twin_sync(t, 0);
    const char *person[] = {"name=Fictif", text[2], text[0], NULL};
    for (size_t i = 0; i < ROWS_MADE_PERSONS; i++) {
        (void)snprintf(text[2], sizeof text[2], "first_name=Personne%zu", i);
        made->persons[i] = add(&t->replicas[0], "person", person);
    }
    (void)twin_sync(t, 0);
}

static void insert(struct edit *edit, const struct rows_made *made, uint64_t number,
                   struct id *id)
{
    struct arena arena = {0};
    struct value all[SCHEMA_FIELDS_MAX];
    struct edit_value given[SCHEMA_FIELDS_MAX];
    rows_made_values(made, number, &arena, all);
    size_t n = 0;
    for (uint16_t i = 0; i < made->table->field_count; i++) {
        if (all[i].type != VALUE_NULL)
            given[n++] = (struct edit_value){&made->table->fields[i], all[i]};
    }
    struct note why = {0};
    enum err err = edit_insert(edit, made->table, given, n, id, &why);
    if (err != ERR_OK)
        (void)fprintf(stderr, "insert: %s %s\n", err_name(err), why.text);
    must(err == ERR_OK);
    arena_done(&arena);
}

static struct edit *open_edit(struct party *p)
{
    struct edit *edit = NULL;
    enum err err = edit_open(p->store, &edit, NULL);
    must(err == ERR_OK);
    return edit;
}

static void save(struct edit *edit)
{
    enum err err = edit_commit(edit, NULL);
    must(err == ERR_OK);
}

/* ---- a sync with the time of each side kept apart ---- */

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

/* Hand the server's frames to the client. */
static void hear(struct party *p, struct buf *frames, struct replica_plan *plan,
                 struct sides *sides)
{
    static struct replica_tally tally;
    double cpu = figures_cpu();
    struct str rest = buf_str(frames);
    struct message m;
    sides->bytes += frames->n;
    while (next(&rest, &m)) {
        enum err err = ERR_PROTOCOL;
        if (m.type == MESSAGE_WELCOME)
            err = replica_welcome(p->store, &m.welcome, plan);
        else if (m.type == MESSAGE_VERDICTS)
            err = replica_verdicts(p->store, m.verdicts, &tally);
        else if (m.type == MESSAGE_PAGE)
            err = replica_pages(p->store, &m.page, 1, NULL, &tally);
        else if (m.type == MESSAGE_IDLE)
            err = replica_pages(p->store, NULL, 0, &m.idle, &tally);
        must(err == ERR_OK);
    }
    buf_clear(frames);
    sides->near_cpu += figures_cpu() - cpu;
}

static void greet(struct twin *t, struct party *p, struct serve_session *session,
                  struct replica_plan *plan, struct sides *sides)
{
    struct hello hello;
    struct buf frames = {0};
    enum err err = replica_hello(p->store, &hello);
    must(err == ERR_OK);
    double cpu = figures_cpu();
    serve_session_done(session);
    err = serve_hello(t->server.store, &p->device, &hello, session, &frames);
    must(err == ERR_OK);
    sides->far_cpu += figures_cpu() - cpu;
    hear(p, &frames, plan, sides);
    must(!plan->fork);
    buf_done(&frames);
}

static void push(struct twin *t, struct party *p, struct serve_session *session, uint64_t after,
                 struct sides *sides)
{
    struct buf frame = {0};
    struct buf verdicts = {0};
    for (;;) {
        uint64_t last = 0;
        double cpu = figures_cpu();
        enum err err = replica_push(p->store, after, &frame, &last);
        must(err == ERR_OK);
        sides->near_cpu += figures_cpu() - cpu;
        sides->bytes += frame.n;
        if (last == after)
            break;
        after = last;
        struct str rest = buf_str(&frame);
        struct message m;
        cpu = figures_cpu();
        must(next(&rest, &m) && m.type == MESSAGE_PUSH);
        struct serve_push one = {.session = session, .push = m.push, .frames = &verdicts};
        err = serve_pushes(t->server.store, &one, 1);
        must(err == ERR_OK && one.err == ERR_OK);
        sides->far_cpu += figures_cpu() - cpu;
        buf_clear(&frame);
        hear(p, &verdicts, NULL, sides);
    }
    buf_done(&frame);
    buf_done(&verdicts);
}

static void pull(struct twin *t, struct party *p, struct serve_session *session,
                 struct sides *sides)
{
    struct buf frames = {0};
    bool idle = false;
    while (!idle) {
        double cpu = figures_cpu();
        enum err err = serve_page(t->server.store, session, &frames, &idle);
        must(err == ERR_OK);
        sides->far_cpu += figures_cpu() - cpu;
        hear(p, &frames, NULL, sides);
    }
    buf_done(&frames);
}

static void sync_timed(struct twin *t, size_t replica, struct sample *out)
{
    struct party *p = &t->replicas[replica];
    struct sides sides = {0};
    struct replica_plan plan = {0};
    struct serve_session *session = calloc(1, sizeof *session);
    must(session != NULL);
    double at = figures_now();
    greet(t, p, session, &plan, &sides);
    push(t, p, session, plan.push_from, &sides);
    pull(t, p, session, &sides);
    enum err err = replica_synced(p->store);
    must(err == ERR_OK);
    *out = SAMPLE_NONE;
    out->seconds = figures_now() - at;
    out->near_cpu_s = sides.near_cpu;
    out->far_cpu_s = sides.far_cpu;
    out->wire_bytes = (double)sides.bytes;
    serve_session_done(session);
    free(session);
}

/* ---- measurements ---- */

static void import(struct twin *t, const struct rows_made *made, uint64_t rows, struct id *ids,
                   struct sample *out)
{
    double at = figures_now();
    double cpu = figures_cpu();
    struct edit *edit = open_edit(&t->replicas[0]);
    for (uint64_t i = 0; i < rows; i++)
        insert(edit, made, i, &ids[i]);
    save(edit);
    *out = SAMPLE_NONE;
    out->seconds = figures_now() - at;
    out->near_cpu_s = figures_cpu() - cpu;
}

static void change(struct twin *t, const struct table *table, const struct id *ids,
                   uint64_t rows)
{
    struct edit *edit = open_edit(&t->replicas[0]);
    struct edit_value value = {schema_field_named(table, STR("minutes")), value_int(33)};
    for (uint64_t i = 0; i < rows; i++) {
        enum err err = edit_update(edit, table, &ids[i], &value, 1, NULL);
        must(err == ERR_OK);
    }
    save(edit);
}

static double checkpointed(struct twin *t)
{
    store_close(t->server.store);
    double bytes = file_bytes(t->server.path);
    twin_open_party(t, &t->server);
    return bytes;
}

void inside_measure(struct figures *figures, const char *dir, uint64_t rows)
{
    struct twin t;
    struct rows_made made;
    struct sample sample;
    twin_open_at(&t, dir, 2, &schema_jalon);
    prepare(&t, &made);
    struct id *ids = calloc(rows, sizeof *ids);
    must(ids != NULL);
    double before = checkpointed(&t);
    import(&t, &made, rows, ids, &sample);
    figures_add(figures, "store: import", "control: import", rows, &sample);
    sync_timed(&t, 0, &sample);
    sample.disk_bytes = checkpointed(&t) - before;
    figures_add(figures, "store: first upload", NULL, rows, &sample);
    sync_timed(&t, 1, &sample);
    figures_add(figures, "store: first download", NULL, rows, &sample);
    uint64_t few = rows < 100 ? rows : 100;
    change(&t, made.table, ids, few);
    sync_timed(&t, 0, &sample);
    figures_add(figures, "store: change, upload", NULL, few, &sample);
    sync_timed(&t, 1, &sample);
    figures_add(figures, "store: change, download", NULL, few, &sample);
    sync_timed(&t, 1, &sample);
    figures_add(figures, "store: nothing to do", NULL, 1, &sample);
    free(ids);
    twin_close(&t);
}

void inside_record(struct figures *figures, const char *dir, uint64_t rows)
{
    struct twin t;
    struct rows_made made;
    twin_open_at(&t, dir, 1, &schema_jalon);
    prepare(&t, &made);
    double at = figures_now();
    double cpu = figures_cpu();
    for (uint64_t i = 0; i < rows; i++) {
        struct id id;
        struct edit *edit = open_edit(&t.replicas[0]);
        insert(edit, &made, i, &id);
        save(edit);
    }
    struct sample sample = SAMPLE_NONE;
    sample.seconds = figures_now() - at;
    sample.near_cpu_s = figures_cpu() - cpu;
    figures_add(figures, "store: one row at a time", "control: one row at a time", rows,
                &sample);
    twin_close(&t);
}
