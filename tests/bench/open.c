/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/programs.h"
#include "client/link.h"
#include "client/local.h"
#include "io/crypt.h"
#include "store/edit.h"

enum { TIMES = 5, WRITER = 0, READER = 1, ENDS = 2 };

struct opened;
struct end {
    struct opened *opened;
    struct jobs jobs;
    struct local local;
    struct key key;
    struct link *link;
    bool there, done;
    uint64_t rows, bytes; /* before the change: moved rows, bytes both ways */
    double took;
};
/* Two devices that stay connected: one changes rows, the other hears of it. */
struct opened {
    struct figures *figures;
    struct loop loop;
    struct end ends[ENDS];
    struct job save;
    pid_t server;
    uint64_t rows, size;
    double at, far_cpu;
    int times;
    size_t closed;
};

static enum err on_wipe(void *arg)
{
    (void)arg;
    return ERR_REFUSED;
}

static uint64_t rows_of(const struct end *end)
{
    struct replica_tally rows = link_tally(end->link).rows;
    return end == &end->opened->ends[WRITER] ? rows.pushed : rows.pulled;
}

static uint64_t bytes_of(const struct end *end)
{
    struct link_tally tally = link_tally(end->link);
    return tally.bytes_in + tally.bytes_out;
}

static void on_save(struct job *job)
{
    struct opened *o = (struct opened *)((char *)job - offsetof(struct opened, save));
    const struct table *session = schema_table(&schema_jalon, TABLE_SESSION);
    struct edit_value value = {schema_field_named(session, STR("minutes")),
                               value_int(15 + o->times)};
    struct edit *edit = NULL;
    must(edit_open(o->ends[WRITER].local.store, &edit, NULL) == ERR_OK);
    for (uint64_t i = 0; i < o->rows; i++) {
        struct id id = rows_made_id(i);
        must(edit_update(edit, session, &id, &value, 1, NULL) == ERR_OK);
    }
    must(edit_commit(edit, NULL) == ERR_OK);
}

static void on_saved(struct job *job)
{
    struct opened *o = (struct opened *)((char *)job - offsetof(struct opened, save));
    o->far_cpu = process_cpu(o->server);
    o->at = figures_now();
    link_saved(o->ends[WRITER].link);
}

static void change(struct opened *o)
{
    for (int i = 0; i < ENDS; i++) {
        o->ends[i].done = false;
        o->ends[i].rows = rows_of(&o->ends[i]);
        o->ends[i].bytes = bytes_of(&o->ends[i]);
    }
    o->save = (struct job){.run = on_save, .done = on_saved};
    must(jobs_submit(&o->ends[WRITER].jobs, &o->save) == ERR_OK);
}

static void changed(struct opened *o)
{
    static const char *const names[ENDS] = {"change, upload, open", "change, download, open"};
    double far_cpu = process_cpu(o->server) - o->far_cpu;
    for (int i = 0; i < ENDS; i++) {
        struct sample sample = SAMPLE_NONE;
        sample.seconds = o->ends[i].took;
        sample.far_cpu_s = far_cpu; /* for both of them */
        sample.wire_bytes = (double)(bytes_of(&o->ends[i]) - o->ends[i].bytes);
        figures_add_on(o->figures, names[i], o->rows, o->size, &sample);
    }
    if (++o->times < TIMES) {
        change(o);
        return;
    }
    for (int i = 0; i < ENDS; i++)
        link_close(o->ends[i].link);
}

static void on_link(struct link *link, const struct link_event *event, void *arg)
{
    struct end *end = arg;
    struct opened *o = end->opened;
    (void)link;
    must(event->type != LINK_FAILED || o->times == TIMES);
    if (event->type == LINK_CLOSED)
        jobs_close(&end->jobs, NULL, NULL);
    if (event->type != LINK_SYNCED || o->times == TIMES)
        return;
    if (!end->there) {
        end->there = true;
        if (o->ends[WRITER].there && o->ends[READER].there)
            change(o);
        return;
    }
    if (end->done || rows_of(end) < end->rows + o->rows)
        return;
    end->done = true;
    end->took = figures_now() - o->at;
    if (o->ends[WRITER].done && o->ends[READER].done)
        changed(o);
}

static void open_end(struct opened *o, int which, const struct world *w, const char *name)
{
    struct end *end = &o->ends[which];
    char path[PATH_BYTES];
    path_in(path, w->dir, name);
    end->opened = o;
    must(local_open(path, 0, &end->local, NULL) == ERR_OK);
    must(key_load(path, &end->key, NULL) == ERR_OK);
    must(jobs_open(&end->jobs, &o->loop, LINK_JOBS_MAX) == ERR_OK);
    struct link_cfg cfg = {.loop = &o->loop,
                           .jobs = &end->jobs,
                           .store = end->local.store,
                           .key = &end->key,
                           .live = true,
                           .cb = on_link,
                           .wipe = on_wipe,
                           .arg = end};
    must(link_open(&cfg, &end->link, NULL) == ERR_OK);
    link_want(end->link);
}

void open_change(struct figures *figures, const struct world *w, const char *writer,
                 const char *reader, uint64_t rows, uint64_t size)
{
    static struct opened o;
    o = (struct opened){
        .figures = figures, .server = w->server.pid, .rows = rows, .size = size};
    crypt_start();
    must(loop_init(&o.loop) == ERR_OK);
    open_end(&o, WRITER, w, writer);
    open_end(&o, READER, w, reader);
    loop_run(&o.loop);
    loop_done(&o.loop);
    for (int i = 0; i < ENDS; i++) {
        key_done(&o.ends[i].key);
        local_close(&o.ends[i].local);
    }
}
