/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/programs.h"

#include "bench/world.h"
#include "store/rows_json.h"

#include <stdlib.h>
#include <string.h>

enum { CHANGED_ROWS = 100, CROWD_MAX = 100, READING_TIMES = 3 };

static void write_sessions(const struct world *w, const char *name, uint64_t from,
                           uint64_t count, char path[PATH_BYTES])
{
    FILE *file = world_create(w, name, path);
    struct buf line = {0};
    for (uint64_t i = from; i < from + count; i++) {
        struct arena arena = {0};
        struct value values[SCHEMA_FIELDS_MAX];
        struct id id = rows_made_id(i);
        rows_made_values(&w->made, i, &arena, values);
        world_print_id(file, "{\"id\":", &id);
        for (uint16_t k = 0; k < w->made.table->field_count; k++) {
            const struct field *field = &w->made.table->fields[k];
            if (values[k].type == VALUE_NULL)
                continue;
            buf_printf(&line, ",\"%s\":", field->name);
            rows_json_value(field, &values[k], &line);
        }
        (void)fprintf(file, "%.*s}\n", (int)line.n, (const char *)line.p);
        buf_clear(&line);
        arena_done(&arena);
    }
    buf_done(&line);
    world_finish(file);
}

static void write_changes(const struct world *w, uint64_t count, char path[PATH_BYTES])
{
    FILE *file = world_create(w, "changes.ndjson", path);
    for (uint64_t i = 0; i < count; i++) {
        struct id id = rows_made_id(i);
        world_print_id(file, "{\"id\":", &id);
        (void)fprintf(file, ",\"minutes\":33}\n");
    }
    world_finish(file);
}

/* ---- measurements ---- */

/* One sync of a device, with what it cost the server. */
static void sync_sample(const struct world *w, const char *folder, struct sample *out)
{
    struct ran ran;
    double cpu = process_cpu(w->server.pid);
    world_run(w, BENCH_JALON, folder, &ran, "sync", "--json", NULL);
    *out = SAMPLE_NONE;
    out->seconds = ran.seconds;
    out->near_cpu_s = ran.cpu_s;
    out->far_cpu_s = process_cpu(w->server.pid) - cpu;
    out->up_bytes = process_number(ran.out, "bytes_sent");
    out->down_bytes = process_number(ran.out, "bytes_received");
    out->wire_bytes = out->up_bytes + out->down_bytes;
    out->peak_kb = process_peak_kb(w->server.pid);
}

static void import_sample(const struct world *w, const char *path, const char *how,
                          struct sample *out)
{
    struct ran ran;
    world_run(w, BENCH_JALON, "first", &ran, "import", "session", path, how, NULL);
    *out = SAMPLE_NONE;
    out->seconds = ran.seconds;
    out->near_cpu_s = ran.cpu_s;
    out->peak_kb = ran.peak_kb;
}

/* A new process, then one that stays; what the history keeps of it. */
static void measure_changes(struct figures *figures, struct world *w, uint64_t size)
{
    struct sample sample;
    char path[PATH_BYTES];
    char data[PATH_BYTES];
    uint64_t rows = size < CHANGED_ROWS ? size : CHANGED_ROWS;
    write_changes(w, rows, path);
    import_sample(w, path, NULL, &sample);
    double before = world_restart(w);
    sync_sample(w, "first", &sample);
    sample.disk_bytes = world_restart(w) - before;
    figures_add_on(figures, "change, upload", rows, size, &sample);
    sync_sample(w, "second", &sample);
    figures_add_on(figures, "change, download", rows, size, &sample);
    sync_sample(w, "second", &sample);
    figures_add_on(figures, "nothing to do", 1, size, &sample);
    path_in(data, w->dir, "second");
    resumed_sync(data, w->server.pid, &sample);
    figures_add_on(figures, "nothing to do, with a ticket", 1, size, &sample);
    open_change(figures, w, "first", "second", rows, size);
}

static bool search_there(const struct world *w)
{
    struct ran ran;
    world_run(w, BENCH_JALON, "second", &ran, "--help", NULL);
    return strstr(ran.out, "\n  search ") != NULL;
}

/* Commands that only read, from their start to their end; "second" holds the rows. */
static void measure_reading(struct figures *figures, const struct world *w, uint64_t size)
{
    char person[ID_TEXT_BYTES];
    char where[ID_TEXT_BYTES + 8];
    id_print(&w->made.persons[0], person);
    (void)snprintf(where, sizeof where, "person=%s", person);
    const struct {
        const char *name;
        const char *words[4];
    } commands[] = {
        {"jalon status", {"status"}},
        {"jalon list, persons", {"list", "person"}},
        {"jalon list, a person's sessions", {"list", "session", where}},
        {"jalon show", {"show", "person", person}},
        {"jalon search", {"search", "menuiserie confiance"}},
    };
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        for (int time = 0; time < READING_TIMES; time++) {
            struct ran ran;
            const char *const *words = commands[i].words;
            if (strcmp(words[0], "search") == 0 && !search_there(w))
                continue;
            struct sample sample = SAMPLE_NONE;
            world_run(w, BENCH_JALON, "second", &ran, words[0], words[1], words[2], NULL);
            sample.seconds = ran.seconds;
            sample.near_cpu_s = ran.cpu_s;
            sample.peak_kb = ran.peak_kb;
            figures_add_on(figures, commands[i].name, 1, size, &sample);
        }
    }
}

void programs_measure(struct figures *figures, const char *dir, uint64_t rows)
{
    struct world w;
    struct sample sample;
    char path[PATH_BYTES];
    world_open(&w, dir, "measure");
    new_device(&w, "second", "jobcoach");
    write_sessions(&w, "sessions.ndjson", 0, rows, path);
    double before = world_restart(&w);
    import_sample(&w, path, NULL, &sample);
    figures_add(figures, "import", "control: import", rows, &sample);
    sync_sample(&w, "first", &sample);
    sample.disk_bytes = world_restart(&w) - before;
    figures_add(figures, "first upload", "control: transfer", rows, &sample);
    sync_sample(&w, "second", &sample);
    figures_add(figures, "first download", "control: transfer", rows, &sample);
    measure_reading(figures, &w, rows);
    measure_changes(figures, &w, rows);
    world_close(&w);
}

void programs_record(struct figures *figures, const char *dir, uint64_t rows)
{
    struct world w;
    struct sample sample;
    char path[PATH_BYTES];
    world_open(&w, dir, "record");
    write_sessions(&w, "sessions.ndjson", 0, rows, path);
    import_sample(&w, path, "--each", &sample);
    figures_add(figures, "one row at a time", "control: one row at a time", rows, &sample);
    world_close(&w);
}

static void device_name(uint64_t number, char out[32])
{
    (void)snprintf(out, 32, "device%llu", (unsigned long long)number);
}

static void prepare_crowd(const struct world *w, uint64_t devices, uint64_t rows)
{
    for (uint64_t i = 0; i < devices; i++) {
        char name[32];
        char path[PATH_BYTES];
        struct ran ran;
        device_name(i, name);
        new_device(w, name, "jobcoach");
        write_sessions(w, "sessions.ndjson", i * rows, rows, path);
        world_run(w, BENCH_JALON, name, &ran, "import", "session", path, NULL);
    }
}

void programs_crowd(struct figures *figures, const char *dir, uint64_t devices, uint64_t rows)
{
    struct world w;
    struct process all[CROWD_MAX];
    must(devices <= CROWD_MAX);
    world_open(&w, dir, "crowd");
    prepare_crowd(&w, devices, rows);
    struct sample sample = SAMPLE_NONE;
    double cpu = process_cpu(w.server.pid);
    double at = figures_now();
    for (uint64_t i = 0; i < devices; i++) {
        char name[32];
        char data[PATH_BYTES];
        device_name(i, name);
        path_in(data, w.dir, name);
        const char *argv[] = {BENCH_JALON, "--data", data, "sync", "--json", NULL};
        process_start(argv, &all[i]);
    }
    sample.near_cpu_s = 0;
    sample.wire_bytes = 0;
    for (uint64_t i = 0; i < devices; i++) {
        struct ran ran;
        process_wait(&all[i], &ran);
        sample.near_cpu_s += ran.cpu_s;
        sample.wire_bytes +=
            process_number(ran.out, "bytes_sent") + process_number(ran.out, "bytes_received");
    }
    sample.seconds = figures_now() - at;
    sample.far_cpu_s = process_cpu(w.server.pid) - cpu;
    sample.peak_kb = process_peak_kb(w.server.pid);
    figures_add(figures, "50 devices at once", NULL, devices * rows, &sample);
    world_close(&w);
}
