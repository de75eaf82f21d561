/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/programs.h"
#include "bench/world.h"
#include "client/link.h"
#include "client/local.h"
#include "io/crypt.h"
#include "store/edit.h"
#include "support/rng.h"

#include <stdlib.h>

enum { LANES = 8, TICK_MS = 1, GUARD_MS = 120 * 1000 };

struct herd;
struct device {
    struct herd *herd;
    struct local local;
    struct key key;
    struct link *link;
    bool there;      /* has synced for the first time */
    bool got;        /* the edit under way */
    uint64_t pulled; /* rows, before it */
};

/* All devices, in one process and one loop; their stores on a few threads. */
struct herd {
    struct loop loop;
    struct jobs lanes[LANES];
    struct loop_timer tick, guard;
    struct device *devices;
    size_t count, there, closed;
    pid_t server;
    double cpu;     /* of the server, when all were there */
    uint64_t edits; /* still to be made */
    struct device *writer;
    struct job save;
    uint64_t pushed; /* of the writer, before the edit */
    double acked;    /* 0: not yet */
    size_t got;
    double *applied; /* after the acknowledgement, of the edit under way … */
    double *delays;  /* … and of all */
    size_t delays_n;
    struct rng rng;
};

static enum err on_wipe(void *arg)
{
    (void)arg;
    return ERR_REFUSED;
}

static void next_edit(struct herd *h);

static void close_all(struct herd *h)
{
    loop_timer_close(&h->tick, NULL);
    loop_timer_close(&h->guard, NULL);
    for (size_t i = 0; i < h->count; i++)
        link_close(h->devices[i].link);
}

/* ---- one edit ---- */

static void on_save(struct job *job)
{
    struct herd *h = (struct herd *)((char *)job - offsetof(struct herd, save));
    const struct table *company = schema_table(&schema_jalon, TABLE_COMPANY);
    struct edit_value name = {schema_field_named(company, STR("name")),
                              value_text(STR("Entreprise fictive"))};
    struct edit *edit = NULL;
    struct id id;
    must(edit_open(h->writer->local.store, &edit, NULL) == ERR_OK);
    must(edit_insert(edit, company, &name, 1, &id, NULL) == ERR_OK);
    must(edit_commit(edit, NULL) == ERR_OK);
}

static void on_saved(struct job *job)
{
    struct herd *h = (struct herd *)((char *)job - offsetof(struct herd, save));
    link_saved(h->writer->link);
}

static void edit_over(struct herd *h)
{
    for (size_t i = 0; i < h->got; i++) {
        double delay = h->applied[i] - h->acked;
        h->delays[h->delays_n++] = delay > 0 ? delay : 0;
    }
    next_edit(h);
}

static void look(struct herd *h)
{
    if (h->writer == NULL)
        return;
    if (h->acked == 0 && link_tally(h->writer->link).rows.pushed > h->pushed)
        h->acked = figures_now();
    if (h->acked != 0 && h->got == h->count - 1)
        edit_over(h);
}

static void next_edit(struct herd *h)
{
    h->writer = NULL;
    if (h->edits-- == 0) {
        close_all(h);
        return;
    }
    for (size_t i = 0; i < h->count; i++) {
        h->devices[i].got = false;
        h->devices[i].pulled = link_tally(h->devices[i].link).rows.pulled;
    }
    h->got = 0;
    h->acked = 0;
    h->writer = &h->devices[rng_below(&h->rng, h->count)];
    h->pushed = link_tally(h->writer->link).rows.pushed;
    h->save = (struct job){.run = on_save, .done = on_saved};
    size_t lane = (size_t)(h->writer - h->devices) % LANES;
    must(jobs_submit(&h->lanes[lane], &h->save) == ERR_OK);
}

static void on_link(struct link *link, const struct link_event *event, void *arg)
{
    struct device *d = arg;
    struct herd *h = d->herd;
    if (event->type == LINK_CLOSED) {
        if (++h->closed == h->count)
            for (size_t i = 0; i < LANES; i++)
                jobs_close(&h->lanes[i], NULL, NULL);
        return;
    }
    if (event->type == LINK_SYNCED && !d->there) {
        d->there = true;
        if (++h->there < h->count)
            return;
        h->cpu = process_cpu(h->server);
        next_edit(h);
        return;
    }
    if (h->writer != NULL && d != h->writer && !d->got &&
        link_tally(link).rows.pulled > d->pulled) {
        d->got = true;
        h->applied[h->got++] = figures_now();
    }
    look(h);
}

/* The acknowledgement is no event of a link: it is looked for each millisecond. */
static void on_tick(struct loop_timer *timer, void *arg)
{
    loop_timer_start(timer, TICK_MS);
    look(arg);
}

static void on_guard(struct loop_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    must(false);
}

/* ---- the scene ---- */

static void open_device(struct herd *h, const struct world *w, size_t i, const char *name)
{
    struct device *d = &h->devices[i];
    char path[PATH_BYTES];
    d->herd = h;
    path_in(path, w->dir, name);
    must(local_open(path, 0, &d->local, NULL) == ERR_OK);
    must(key_load(path, &d->key, NULL) == ERR_OK);
    struct link_cfg cfg = {.loop = &h->loop,
                           .jobs = &h->lanes[i % LANES],
                           .store = d->local.store,
                           .key = &d->key,
                           .live = true,
                           .cb = on_link,
                           .wipe = on_wipe,
                           .arg = d};
    must(link_open(&cfg, &d->link, NULL) == ERR_OK);
    link_want(d->link);
}

static void open_herd(struct herd *h, const struct world *w, uint64_t devices, uint64_t edits)
{
    *h = (struct herd){.count = devices, .edits = edits, .server = w->server.pid};
    must(devices >= 2 && edits > 0);
    rng_init(&h->rng, devices);
    h->devices = calloc(devices, sizeof *h->devices);
    h->applied = calloc(devices, sizeof *h->applied);
    h->delays = calloc(devices * edits, sizeof *h->delays);
    must(h->devices != NULL && h->applied != NULL && h->delays != NULL);
    must(loop_init(&h->loop) == ERR_OK);
    for (size_t i = 0; i < LANES; i++)
        must(jobs_open(&h->lanes[i], &h->loop, LINK_JOBS_MAX) == ERR_OK);
    loop_timer_init(&h->loop, &h->tick, on_tick, h);
    loop_timer_init(&h->loop, &h->guard, on_guard, h);
    loop_timer_start(&h->tick, TICK_MS);
    loop_timer_start(&h->guard, GUARD_MS);
    for (size_t i = 0; i < devices; i++) {
        char name[32];
        world_device_name(i, name);
        open_device(h, w, i, name);
    }
}

static void close_herd(struct herd *h)
{
    for (size_t i = 0; i < h->count; i++) {
        key_done(&h->devices[i].key);
        local_close(&h->devices[i].local);
    }
    loop_done(&h->loop);
    free(h->devices);
    free(h->applied);
    free(h->delays);
}

void programs_live(struct figures *figures, const char *dir, uint64_t devices, uint64_t edits)
{
    struct world w;
    static struct herd h;
    char memory[WORLD_MEMORY_BYTES];
    crypt_start();
    world_open(&w, dir, "live");
    world_devices(&w, devices, memory);
    open_herd(&h, &w, devices, edits);
    loop_run(&h.loop);
    struct sample sample = SAMPLE_NONE;
    sample.far_cpu_s = (process_cpu(h.server) - h.cpu) / (double)edits;
    sample.peak_kb = process_peak_kb(w.server.pid);
    must(h.delays_n == (devices - 1) * edits);
    figures_spread(figures, "live: ack to applied, p50", "live: ack to applied, p99", h.delays,
                   h.delays_n, &sample);
    close_herd(&h);
    world_close(&w);
    world_forget(memory);
}
