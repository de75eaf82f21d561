/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/world.h"

#include "proto/err.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENROLMENTS = 50 };

void path_in(char out[PATH_BYTES], const char *dir, const char *name)
{
    int n = snprintf(out, PATH_BYTES, "%.300s/%s", dir, name);
    must(n > 0 && n < PATH_BYTES);
}

/* Run a program on a data folder of the world; further words, then NULL. */
void world_run(const struct world *w, const char *program, const char *folder, struct ran *out,
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

void world_start(struct world *w)
{
    char data[PATH_BYTES];
    char line[128];
    path_in(data, w->dir, "server");
    const char *argv[] = {BENCH_JALOND, "serve", "--data", data, "--sync", w->address, NULL};
    process_serve(argv, &w->server, line, sizeof line);
    must(strncmp(line, "sync ", 5) == 0);
    (void)snprintf(w->address, sizeof w->address, "%.60s", line + 5);
}

double world_stop(struct world *w)
{
    char path[PATH_BYTES];
    struct stat st;
    process_stop(&w->server);
    path_in(path, w->dir, "server/jalon.db");
    int rc = stat(path, &st);
    must(rc == 0);
    return (double)st.st_size;
}

void world_kill(struct world *w)
{
    must(kill(w->server.pid, SIGKILL) == 0);
    must(waitpid(w->server.pid, NULL, 0) == w->server.pid);
    (void)close(w->server.out);
    (void)close(w->server.talk);
}

double world_restart(struct world *w)
{
    double bytes = world_stop(w);
    world_start(w);
    return bytes;
}

void world_staff(const struct world *w, const char *name, const char *role, char *out)
{
    struct ran ran;
    world_run(w, BENCH_JALONCTL, "server", &ran, "staff", "add", name, "--structure",
              w->structure, "--role", role, NULL);
    (void)snprintf(out, ID_TEXT_BYTES, "%.36s", ran.out);
}

static void enrol(const struct world *w, const char *folder, const char *staff)
{
    struct ran ran;
    struct ran ignored;
    world_run(w, BENCH_JALONCTL, "server", &ran, "invite", staff, NULL);
    world_run(w, BENCH_JALON, folder, &ignored, "enrol", ran.out, NULL);
    world_run(w, BENCH_JALON, folder, &ignored, "sync", "--json", NULL);
}

void new_device(const struct world *w, const char *folder, const char *role)
{
    char staff[ID_TEXT_BYTES];
    char name[80];
    (void)snprintf(name, sizeof name, "Coach Fictif-%s", folder);
    world_staff(w, name, role, staff);
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

FILE *world_create(const struct world *w, const char *name, char path[PATH_BYTES])
{
    path_in(path, w->dir, name);
    FILE *file = fopen(path, "w");
    must(file != NULL);
    return file;
}

void world_finish(FILE *file)
{
    int rc = fclose(file);
    must(rc == 0);
}

void world_print_id(FILE *file, const char *before, const struct id *id)
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
    FILE *file = world_create(w, "named.ndjson", path);
    for (size_t i = 0; i < count; i++) {
        world_print_id(file, "{\"id\":", &ids[i]);
        (void)fprintf(
            file, ",%s\"%s\":\"Fictif %zu\"}\n", rest,
            strcmp(table, "phase") == 0 || strcmp(table, "project") == 0 ? "code" : "name", i);
    }
    world_finish(file);
    world_run(w, BENCH_JALON, "first", &ran, "import", table, path, NULL);
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

void world_open_apart(struct world *w, const char *dir, const char *name)
{
    struct ran ran;
    *w = (struct world){.address = "127.0.0.1:0"};
    path_in(w->dir, dir, name);
    int rc = mkdir(w->dir, 0700);
    must(rc == 0);
    world_run(w, BENCH_JALOND, "server", &ran, "init", "--network", "Réseau fictif", NULL);
    world_start(w);
    world_run(w, BENCH_JALONCTL, "server", &ran, "structure", "add", "EI fictive", "--type",
              "EI", NULL);
    (void)snprintf(w->structure, sizeof w->structure, "%.36s", ran.out);
    rows_made_invent(&w->made);
    enum err err = id_parse(str_of(w->structure), &w->made.structure);
    must(err == ERR_OK);
    new_device(w, "first", "coordinator");
    import_references(w);
    world_run(w, BENCH_JALON, "first", &ran, "sync", "--json", NULL);
}

void world_open(struct world *w, const char *dir, const char *name)
{
    struct ran ran;
    world_open_apart(w, dir, name);
    world_run(w, BENCH_JALONCTL, "server", &ran, "parameter", "add", "key=jobcoach_sees",
              "value=structure", "valid_from=2020-01-01", NULL);
}

void world_close(struct world *w)
{
    struct ran ran;
    process_stop(&w->server);
    const char *argv[] = {"/bin/rm", "-rf", w->dir, NULL};
    process_run(argv, &ran);
}
