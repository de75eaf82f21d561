/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/programs.h"
#include "bench/world.h"
#include "client/link.h"
#include "client/local.h"
#include "io/crypt.h"
#include "store/edit.h"

#include <stdlib.h>

enum { LANES = 8, TIMES = 3 };

struct crowd;
struct member {
    struct crowd *crowd;
    struct local local;
    struct key key;
    struct link *link;
    struct id person; /* whose dossier is this device's */
};

/* The links of all devices in one process; their stores on a few threads. */
struct crowd {
    struct world world;
    struct loop loop;
    struct jobs lanes[LANES];
    struct member *members;
    size_t count, synced, closed;
    uint64_t rows, made; /* each time; so far, of all */
    struct sample sample;
    uint64_t bytes;
};

static enum err on_wipe(void *arg)
{
    (void)arg;
    return ERR_REFUSED;
}

static void on_link(struct link *link, const struct link_event *event, void *arg)
{
    struct crowd *c = ((struct member *)arg)->crowd;
    (void)link;
    if (event->type == LINK_FAILED)
        (void)fprintf(stderr, "a device failed: %s %s\n", err_name(event->err),
                      event->why->text);
    must(event->type != LINK_FAILED);
    if (event->type == LINK_SYNCED && ++c->synced == c->count)
        loop_stop(&c->loop);
    if (event->type == LINK_CLOSED && ++c->closed == c->count)
        loop_stop(&c->loop);
}

static struct edit *edit_of(const struct member *m)
{
    struct edit *edit = NULL;
    must(edit_open(m->local.store, &edit, NULL) == ERR_OK);
    return edit;
}

static void open_dossier(struct member *m, size_t number)
{
    const struct table *person = schema_table(&schema_jalon, TABLE_PERSON);
    char name[40];
    (void)snprintf(name, sizeof name, "Fictif %zu", number);
    struct edit_value values[] = {
        {schema_field_named(person, STR("name")), value_text(str_of(name))},
        {schema_field_named(person, STR("first_name")), value_text(STR("Personne"))}};
    struct edit *edit = edit_of(m);
    must(edit_insert(edit, person, values, 2, &m->person, NULL) == ERR_OK);
    must(edit_commit(edit, NULL) == ERR_OK);
}

static void add_sessions(struct member *m)
{
    struct crowd *c = m->crowd;
    const struct rows_made *made = &c->world.made;
    struct edit *edit = edit_of(m);
    for (uint64_t i = 0; i < c->rows; i++) {
        struct arena arena = {0};
        struct value all[SCHEMA_FIELDS_MAX];
        struct edit_value given[SCHEMA_FIELDS_MAX];
        struct id id;
        size_t n = 0;
        rows_made_values(made, c->made++, &arena, all);
        for (uint16_t k = 0; k < made->table->field_count; k++) {
            const struct field *field = &made->table->fields[k];
            if (field->id == FIELD_SESSION_PERSON)
                all[k] = value_id(&m->person);
            if (all[k].type != VALUE_NULL)
                given[n++] = (struct edit_value){field, all[k]};
        }
        must(edit_insert(edit, made->table, given, n, &id, NULL) == ERR_OK);
        arena_done(&arena);
    }
    must(edit_commit(edit, NULL) == ERR_OK);
}

static uint64_t bytes_of(const struct crowd *c)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < c->count; i++) {
        struct link_tally tally = link_tally(c->members[i].link);
        bytes += tally.bytes_in + tally.bytes_out;
    }
    return bytes;
}

static void open_links(struct crowd *c)
{
    for (size_t i = 0; i < c->count; i++) {
        struct member *m = &c->members[i];
        struct link_cfg cfg = {.loop = &c->loop,
                               .jobs = &c->lanes[i % LANES],
                               .store = m->local.store,
                               .key = &m->key,
                               .cb = on_link,
                               .wipe = on_wipe,
                               .arg = m};
        must(link_open(&cfg, &m->link, NULL) == ERR_OK);
    }
}

static void close_links(struct crowd *c)
{
    c->closed = 0;
    for (size_t i = 0; i < c->count; i++)
        link_close(c->members[i].link);
    loop_run(&c->loop);
    must(c->closed == c->count);
}

/* All of them at the same moment. */
static void sync_all(struct crowd *c)
{
    double cpu = process_cpu(c->world.server.pid);
    double own = figures_cpu();
    uint64_t bytes = bytes_of(c);
    double at = figures_now();
    c->synced = 0;
    for (size_t i = 0; i < c->count; i++)
        link_want(c->members[i].link);
    loop_run(&c->loop);
    must(c->synced == c->count);
    c->sample = SAMPLE_NONE;
    c->sample.seconds = figures_now() - at;
    c->sample.near_cpu_s = figures_cpu() - own;
    c->sample.far_cpu_s = process_cpu(c->world.server.pid) - cpu;
    c->sample.wire_bytes = (double)(bytes_of(c) - bytes);
    c->sample.peak_kb = process_peak_kb(c->world.server.pid);
}

static void new_rows(struct crowd *c)
{
    for (size_t i = 0; i < c->count; i++)
        add_sessions(&c->members[i]);
}

static void open_crowd(struct crowd *c)
{
    must(loop_init(&c->loop) == ERR_OK);
    for (size_t i = 0; i < LANES; i++)
        must(jobs_open(&c->lanes[i], &c->loop, LINK_JOBS_MAX) == ERR_OK);
    for (size_t i = 0; i < c->count; i++) {
        struct member *m = &c->members[i];
        char name[32];
        char path[PATH_BYTES];
        m->crowd = c;
        world_device_name(i, name);
        path_in(path, c->world.dir, name);
        must(local_open(path, 0, &m->local, NULL) == ERR_OK);
        must(key_load(path, &m->key, NULL) == ERR_OK);
        open_dossier(m, i);
    }
    open_links(c);
    sync_all(c);
}

static void close_crowd(struct crowd *c)
{
    close_links(c);
    for (size_t i = 0; i < LANES; i++)
        jobs_close(&c->lanes[i], NULL, NULL);
    loop_run(&c->loop);
    loop_done(&c->loop);
    for (size_t i = 0; i < c->count; i++) {
        key_done(&c->members[i].key);
        local_close(&c->members[i].local);
    }
    free(c->members);
}

void programs_links(struct figures *figures, const char *dir, uint64_t devices, uint64_t rows)
{
    static struct crowd c;
    char memory[WORLD_MEMORY_BYTES];
    c = (struct crowd){.count = devices, .rows = rows};
    c.members = calloc(devices, sizeof *c.members);
    must(c.members != NULL);
    crypt_start();
    world_open_apart(&c.world, dir, "links");
    world_devices(&c.world, devices, memory);
    open_crowd(&c);
    for (int i = 0; i < TIMES; i++) {
        close_links(&c);
        open_links(&c);
        new_rows(&c);
        sync_all(&c);
        figures_add(figures, "devices at once, full", NULL, devices * rows, &c.sample);
        new_rows(&c);
        sync_all(&c);
        figures_add(figures, "devices at once, tickets", NULL, devices * rows, &c.sample);
    }
    close_crowd(&c);
    world_close(&c.world);
    world_forget(memory);
}
