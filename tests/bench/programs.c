/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/programs.h"

#include "bench/world.h"
#include "store/rows_json.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHANGED_ROWS = 100, CROWD_MAX = 100, ENROLMENTS = 50 };

void path_in(char out[PATH_BYTES], const char *dir, const char *name)
{
    int n = snprintf(out, PATH_BYTES, "%.300s/%s", dir, name);
    must(n > 0 && n < PATH_BYTES);
}

/* Run a program on a data folder of the world; further words, then NULL. */
static void run(const struct world *w, const char *program, const char *folder, struct ran *out,
                ...)
{
    char data[PATH_BYTES];
    const char *argv[PROCESS_WORDS_MAX] = {program, "--data", data};
    path_in(data, w->dir, folder);
    va_list words;
    va_start(words, out);
    size_t n = 3;
    do {
        argv[n] = va_arg(words, const char *);
    } while (argv[n] != NULL && ++n < PROCESS_WORDS_MAX);
    va_end(words);
    process_run(argv, out);
}

static void serve(struct world *w, const char *address)
{
    char data[PATH_BYTES];
    char line[128];
    path_in(data, w->dir, "server");
    const char *argv[] = {BENCH_JALOND, "serve", "--data", data, "--sync", address, NULL};
    process_serve(argv, &w->server, line, sizeof line);
    must(strncmp(line, "sync ", 5) == 0);
    (void)snprintf(w->address, sizeof w->address, "%.60s", line + 5);
}

double world_restart(struct world *w)
{
    char address[sizeof w->address];
    char path[PATH_BYTES];
    struct stat st;
    memcpy(address, w->address, sizeof address);
    process_stop(&w->server);
    path_in(path, w->dir, "server/jalon.db");
    int rc = stat(path, &st);
    must(rc == 0);
    serve(w, address);
    return (double)st.st_size;
}

static void add_staff(const struct world *w, const char *name, const char *role, char *out)
{
    struct ran ran;
    run(w, BENCH_JALONCTL, "server", &ran, "staff", "add", name, "--structure", w->structure,
        "--role", role, NULL);
    (void)snprintf(out, ID_TEXT_BYTES, "%.36s", ran.out);
}

static void enrol(const struct world *w, const char *folder, const char *staff)
{
    struct ran ran;
    struct ran ignored;
    run(w, BENCH_JALONCTL, "server", &ran, "invite", staff, NULL);
    run(w, BENCH_JALON, folder, &ignored, "enrol", ran.out, NULL);
    run(w, BENCH_JALON, folder, &ignored, "sync", "--json", NULL);
}

void new_device(const struct world *w, const char *folder, const char *role)
{
    char staff[ID_TEXT_BYTES];
    char name[80];
    (void)snprintf(name, sizeof name, "Coach Fictif-%s", folder);
    add_staff(w, name, role, staff);
    enrol(w, folder, staff);
}

static void in_memory(const struct world *w, const char *memory, const char *name)
{
    char to[PATH_BYTES];
    char from[PATH_BYTES];
    path_in(to, memory, name);
    path_in(from, w->dir, name);
    must(mkdir(to, 0700) == 0 && symlink(to, from) == 0);
}

void world_device_name(size_t i, char out[32])
{
    (void)snprintf(out, 32, "live%zu", i);
}

void world_devices(struct world *w, uint64_t count, char memory[WORLD_MEMORY_BYTES])
{
    (void)snprintf(memory, WORLD_MEMORY_BYTES, "/dev/shm/jalon-bench-XXXXXX");
    if (mkdtemp(memory) == NULL)
        memory[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char name[32];
        if (i % ENROLMENTS == ENROLMENTS - 1) /* so many a minute are taken, else */
            (void)world_restart(w);
        world_device_name(i, name);
        if (memory[0] != '\0')
            in_memory(w, memory, name);
        new_device(w, name, "jobcoach");
    }
    (void)world_restart(w);
}

void world_forget(const char *memory)
{
    const char *argv[] = {"/bin/rm", "-rf", memory, NULL};
    struct ran ran;
    if (memory[0] != '\0')
        process_run(argv, &ran);
}

/* ---- files to import ---- */

static FILE *create(const struct world *w, const char *name, char path[PATH_BYTES])
{
    path_in(path, w->dir, name);
    FILE *file = fopen(path, "w");
    must(file != NULL);
    return file;
}

static void finish(FILE *file)
{
    int rc = fclose(file);
    must(rc == 0);
}

static void print_id(FILE *file, const char *before, const struct id *id)
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)fprintf(file, "%s\"%s\"", before, text);
}

/* Import rows of a reference or of persons: each line is made by one format with its number. */
static void import_named(const struct world *w, const char *table, const char *rest,
                         const struct id *ids, size_t count)
{
    char path[PATH_BYTES];
    struct ran ran;
    FILE *file = create(w, "named.ndjson", path);
    for (size_t i = 0; i < count; i++) {
        print_id(file, "{\"id\":", &ids[i]);
        (void)fprintf(
            file, ",%s\"%s\":\"Fictif %zu\"}\n", rest,
            strcmp(table, "phase") == 0 || strcmp(table, "project") == 0 ? "code" : "name", i);
    }
    finish(file);
    run(w, BENCH_JALON, "first", &ran, "import", table, path, NULL);
}

static void write_sessions(const struct world *w, const char *name, uint64_t from,
                           uint64_t count, char path[PATH_BYTES])
{
    FILE *file = create(w, name, path);
    struct buf line = {0};
    for (uint64_t i = from; i < from + count; i++) {
        struct arena arena = {0};
        struct value values[SCHEMA_FIELDS_MAX];
        struct id id = rows_made_id(i);
        rows_made_values(&w->made, i, &arena, values);
        print_id(file, "{\"id\":", &id);
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
    finish(file);
}

static void write_changes(const struct world *w, uint64_t count, char path[PATH_BYTES])
{
    FILE *file = create(w, "changes.ndjson", path);
    for (uint64_t i = 0; i < count; i++) {
        struct id id = rows_made_id(i);
        print_id(file, "{\"id\":", &id);
        (void)fprintf(file, ",\"minutes\":33}\n");
    }
    finish(file);
}

/* What the sessions refer to. */
static void import_references(const struct world *w)
{
    char rest[200];
    struct id model = rows_made_id(UINT64_C(1) << 41);
    char text[ID_TEXT_BYTES];
    id_print(&model, text);
    import_named(w, "pathway_model", "", &model, 1);
    (void)snprintf(rest, sizeof rest, "\"model\":\"%s\",\"rank\":1,\"label\":\"Étape\",", text);
    import_named(w, "phase", rest, w->made.phases, ROWS_MADE_PHASES);
    import_named(w, "project", "\"name\":\"Fictif\",\"start\":\"2026-01-01\",",
                 &w->made.project, 1);
    import_named(w, "company", "", w->made.companies, ROWS_MADE_COMPANIES);
    import_named(w, "person", "\"first_name\":\"Personne\",", w->made.persons,
                 ROWS_MADE_PERSONS);
}

void world_open(struct world *w, const char *dir, const char *name)
{
    struct ran ran;
    *w = (struct world){.server = {.pid = 0}};
    path_in(w->dir, dir, name);
    int rc = mkdir(w->dir, 0700);
    must(rc == 0);
    run(w, BENCH_JALOND, "server", &ran, "init", "--network", "Réseau fictif", NULL);
    serve(w, "127.0.0.1:0");
    run(w, BENCH_JALONCTL, "server", &ran, "structure", "add", "EI fictive", "--type", "EI",
        NULL);
    (void)snprintf(w->structure, sizeof w->structure, "%.36s", ran.out);
    rows_made_invent(&w->made);
    enum err err = id_parse(str_of(w->structure), &w->made.structure);
    must(err == ERR_OK);
    run(w, BENCH_JALONCTL, "server", &ran, "parameter", "add", "key=jobcoach_sees",
        "value=structure", "valid_from=2020-01-01", NULL);
    new_device(w, "first", "coordinator");
    import_references(w);
    run(w, BENCH_JALON, "first", &ran, "sync", "--json", NULL);
}

void world_close(struct world *w)
{
    struct ran ran;
    process_stop(&w->server);
    const char *argv[] = {"/bin/rm", "-rf", w->dir, NULL};
    process_run(argv, &ran);
}

/* ---- measurements ---- */

/* One sync of a device, with what it cost the server. */
static void sync_sample(const struct world *w, const char *folder, struct sample *out)
{
    struct ran ran;
    double cpu = process_cpu(w->server.pid);
    run(w, BENCH_JALON, folder, &ran, "sync", "--json", NULL);
    *out = SAMPLE_NONE;
    out->seconds = ran.seconds;
    out->near_cpu_s = ran.cpu_s;
    out->far_cpu_s = process_cpu(w->server.pid) - cpu;
    out->wire_bytes =
        process_number(ran.out, "bytes_sent") + process_number(ran.out, "bytes_received");
    out->peak_kb = process_peak_kb(w->server.pid);
}

static void import_sample(const struct world *w, const char *path, const char *how,
                          struct sample *out)
{
    struct ran ran;
    run(w, BENCH_JALON, "first", &ran, "import", "session", path, how, NULL);
    *out = SAMPLE_NONE;
    out->seconds = ran.seconds;
    out->near_cpu_s = ran.cpu_s;
    out->peak_kb = ran.peak_kb;
}

static void measure_changes(struct figures *figures, const struct world *w, uint64_t rows)
{
    struct sample sample;
    char path[PATH_BYTES];
    char data[PATH_BYTES];
    write_changes(w, rows, path);
    import_sample(w, path, NULL, &sample);
    sync_sample(w, "first", &sample);
    figures_add(figures, "change, upload", NULL, rows, &sample);
    sync_sample(w, "second", &sample);
    figures_add(figures, "change, download", NULL, rows, &sample);
    sync_sample(w, "second", &sample);
    figures_add(figures, "nothing to do", NULL, 1, &sample);
    path_in(data, w->dir, "second");
    resumed_sync(data, &sample);
    figures_add(figures, "nothing to do, with a ticket", NULL, 1, &sample);
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
    measure_changes(figures, &w, rows < CHANGED_ROWS ? rows : CHANGED_ROWS);
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
        run(w, BENCH_JALON, name, &ran, "import", "session", path, NULL);
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
