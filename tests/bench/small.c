/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/control.h"
#include "bench/programs.h"
#include "bench/swarm.h"
#include "proto/schema.h"

#include <stdlib.h>

enum { PINGS = 500 };

/* Each device says one operation of one row, hears its verdict, says the next. */
struct small {
    struct world world;
    struct swarm swarm;
    uint64_t rows, said, heard;
    uint64_t greeted, ready; /* devices with a first IDLE, and with their dossier */
    uint64_t bytes;
    double at, near_cpu, far_cpu, took;
    double *delays;
    uint64_t pings;
};

static void say_person(struct swarm_device *d)
{
    const struct small *small = d->swarm->arg;
    struct id id = rows_made_id((UINT64_C(1) << 42) + d->device);
    char name[40];
    (void)snprintf(name, sizeof name, "Fictif %u", d->device);
    change_begin_insert(&d->ops, TABLE_PERSON, &id, 3);
    pack_int(&d->ops.body, FIELD_PERSON_NAME);
    pack_str(&d->ops.body, str_of(name));
    pack_int(&d->ops.body, FIELD_PERSON_FIRST_NAME);
    pack_str(&d->ops.body, STR("Personne"));
    const struct table *person = schema_table(&schema_jalon, TABLE_PERSON);
    pack_int(&d->ops.body, schema_field_named(person, STR("structure"))->id);
    pack_id(&d->ops.body, &small->world.made.structure);
    swarm_push(d);
}

/* A session of the device's own dossier. */
static void say_session(struct swarm_device *d)
{
    struct small *small = d->swarm->arg;
    const struct rows_made *made = &small->world.made;
    struct arena arena = {0};
    struct value values[SCHEMA_FIELDS_MAX];
    uint64_t number = small->said++;
    struct id person = rows_made_id((UINT64_C(1) << 42) + d->device);
    struct id id = rows_made_id(number);
    uint32_t fields = 0;
    rows_made_values(made, number, &arena, values);
    int at = schema_field_index(made->table, FIELD_SESSION_PERSON);
    must(at >= 0);
    values[at] = value_id(&person);
    for (uint16_t k = 0; k < made->table->field_count; k++)
        fields += values[k].type != VALUE_NULL;
    change_begin_insert(&d->ops, made->table->id, &id, fields);
    for (uint16_t k = 0; k < made->table->field_count; k++) {
        if (values[k].type == VALUE_NULL)
            continue;
        pack_int(&d->ops.body, made->table->fields[k].id);
        value_pack(&values[k], &d->ops.body);
    }
    arena_done(&arena);
    swarm_push(d);
}

static void begin(struct small *small)
{
    small->bytes = swarm_bytes(&small->swarm);
    small->far_cpu = process_cpu(small->world.server.pid);
    small->near_cpu = figures_cpu();
    small->at = figures_now();
    for (size_t i = 0; i < small->swarm.count && small->said < small->rows; i++)
        say_session(&small->swarm.devices[i]);
}

static void begin_pings(struct small *small)
{
    small->bytes = swarm_bytes(&small->swarm);
    small->far_cpu = process_cpu(small->world.server.pid);
    small->at = figures_now();
    swarm_ping(&small->swarm.devices[0]);
}

static void judged(struct small *small, struct swarm_device *d)
{
    if (small->ready < small->swarm.count) {
        if (++small->ready == small->swarm.count)
            begin(small);
        return;
    }
    small->delays[small->heard++] = figures_now() - d->sent;
    if (small->said < small->rows)
        say_session(d);
    if (small->heard < small->rows)
        return;
    small->took = figures_now() - small->at;
    loop_stop(&small->swarm.loop);
}

static void on_event(struct swarm_device *d, enum swarm_event event, void *arg)
{
    struct small *small = arg;
    must(event != SWARM_LOST || !d->greeted);
    if (event == SWARM_IDLE && d->op_last == 0 && !d->greeted) {
        d->greeted = true;
        say_person(d);
    } else if (event == SWARM_JUDGED) {
        judged(small, d);
    } else if (event == SWARM_PONG) {
        if (++small->pings < PINGS)
            swarm_ping(d);
        else
            loop_stop(&small->swarm.loop);
    }
}

static void add_transactions(struct figures *figures, struct small *small)
{
    struct sample sample = SAMPLE_NONE;
    sample.seconds = small->took;
    sample.near_cpu_s = figures_cpu() - small->near_cpu;
    sample.far_cpu_s = process_cpu(small->world.server.pid) - small->far_cpu;
    sample.wire_bytes = (double)(swarm_bytes(&small->swarm) - small->bytes);
    sample.peak_kb = process_peak_kb(small->world.server.pid);
    figures_add(figures, "small transactions", "control: small transactions", small->rows,
                &sample);
    sample = SAMPLE_NONE;
    figures_spread(figures, "small: until its verdict, p50", "small: until its verdict, p99",
                   small->delays, small->rows, &sample);
}

static void add_pings(struct figures *figures, struct small *small)
{
    struct sample sample = SAMPLE_NONE;
    sample.seconds = (figures_now() - small->at) / PINGS;
    sample.far_cpu_s = (process_cpu(small->world.server.pid) - small->far_cpu) / PINGS;
    sample.wire_bytes = (double)(swarm_bytes(&small->swarm) - small->bytes) / PINGS;
    figures_add(figures, "nothing to do, open", NULL, 1, &sample);
}

void programs_small(struct figures *figures, const char *dir, uint64_t devices, uint64_t rows)
{
    static struct small small;
    struct sample sample;
    small = (struct small){.rows = rows};
    small.delays = calloc(rows, sizeof *small.delays);
    must(small.delays != NULL && rows >= devices);
    control_commits(dir, rows, devices, &sample);
    figures_add(figures, "control: small transactions", NULL, rows, &sample);
    world_open_apart(&small.world, dir, "small");
    swarm_open(&small.swarm, &small.world, devices, devices);
    small.swarm.cb = on_event;
    small.swarm.arg = &small;
    for (size_t i = 0; i < devices; i++)
        swarm_dial(&small.swarm.devices[i]);
    loop_run(&small.swarm.loop);
    must(small.swarm.refused == 0);
    add_transactions(figures, &small);
    begin_pings(&small);
    loop_run(&small.swarm.loop);
    add_pings(figures, &small);
    swarm_stop(&small.swarm);
    loop_run(&small.swarm.loop);
    swarm_done(&small.swarm);
    world_close(&small.world);
    free(small.delays);
}
