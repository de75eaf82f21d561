/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/programs.h"
#include "bench/world.h"
#include "support/rng.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 512, WAIT_MS = 60 * 1000 };

struct crowd;
/* One `jalon sync --live --json`. */
struct stayer {
    struct process process;
    char name[32];
    char line[LINE_BYTES]; /* of what it says, as far as it has come */
    size_t n;
    bool there; /* has synced for the first time */
    bool got;   /* the edit under way */
};

struct crowd {
    struct world world;
    struct stayer *stayers;
    struct pollfd *polled; /* the same in order, then the writing command */
    size_t count, there, got;
    double saved;   /* the command has said so; 0: not yet */
    double *delays; /* of all edits */
    size_t delays_n;
};

/* ---- what they say ---- */

static void take_line(struct crowd *c, struct stayer *s)
{
    if (strstr(s->line, "\"event\":\"synced\"") == NULL)
        return;
    if (!s->there) {
        s->there = true;
        c->there++;
    } else if (!s->got && process_number(s->line, "pulled") > 0) {
        s->got = true;
        c->got++;
        double delay = figures_now() - c->saved;
        c->delays[c->delays_n++] = c->saved == 0 || delay < 0 ? 0 : delay;
    }
}

static void take(struct crowd *c, struct stayer *s)
{
    char bytes[LINE_BYTES];
    ssize_t got = read(s->process.out, bytes, sizeof bytes);
    must(got > 0); /* none may end by itself */
    for (ssize_t i = 0; i < got; i++) {
        must(s->n + 1 < sizeof s->line);
        s->line[s->n++] = bytes[i];
        if (bytes[i] != '\n')
            continue;
        s->line[s->n] = '\0';
        s->n = 0;
        take_line(c, s);
    }
}

/* Until one of them says something; the command that writes is heard first. */
static void listen_to(struct crowd *c)
{
    int n = poll(c->polled, c->count + 1, WAIT_MS);
    must(n > 0);
    struct pollfd *command = &c->polled[c->count];
    if ((command->revents & POLLIN) != 0) {
        c->saved = figures_now();
        command->fd = -1; /* the rest is read by process_wait */
    }
    for (size_t i = 0; i < c->count; i++)
        if (c->polled[i].revents != 0)
            take(c, &c->stayers[i]);
}

/* ---- one edit ---- */

static void edit(struct crowd *c, struct stayer *writer)
{
    char data[PATH_BYTES];
    struct process command;
    struct ran ran;
    path_in(data, c->world.dir, writer->name);
    const char *argv[] = {
        BENCH_JALON, "--data", data, "add", "company", "name=Entreprise fictive", NULL};
    for (size_t i = 0; i < c->count; i++)
        c->stayers[i].got = false;
    writer->got = true;
    c->got = 1;
    c->saved = 0;
    process_start(argv, &command);
    c->polled[c->count] = (struct pollfd){.fd = command.out, .events = POLLIN};
    while (c->got < c->count || c->saved == 0)
        listen_to(c);
    process_wait(&command, &ran);
}

/* ---- the scene ---- */

static void open_crowd(struct crowd *c, size_t count, uint64_t edits)
{
    c->count = count;
    c->stayers = calloc(count, sizeof *c->stayers);
    c->polled = calloc(count + 1, sizeof *c->polled);
    c->delays = calloc(count * edits, sizeof *c->delays);
    must(c->stayers != NULL && c->polled != NULL && c->delays != NULL);
    for (size_t i = 0; i < count; i++) {
        struct stayer *s = &c->stayers[i];
        char data[PATH_BYTES];
        world_device_name(i, s->name);
        path_in(data, c->world.dir, s->name);
        const char *argv[] = {BENCH_JALON, "--data", data, "sync", "--live", "--json", NULL};
        process_start(argv, &s->process);
        c->polled[i] = (struct pollfd){.fd = s->process.out, .events = POLLIN};
    }
    c->polled[count].fd = -1;
    while (c->there < count)
        listen_to(c);
}

static void close_crowd(struct crowd *c)
{
    for (size_t i = 0; i < c->count; i++)
        process_stop(&c->stayers[i].process);
    free(c->stayers);
    free(c->polled);
    free(c->delays);
}

void programs_stay(struct figures *figures, const char *dir, uint64_t devices, uint64_t edits)
{
    struct crowd c = {.count = 0};
    struct rng rng;
    char memory[WORLD_MEMORY_BYTES];
    must(devices >= 2 && edits > 0);
    rng_init(&rng, devices);
    world_open(&c.world, dir, "stay");
    world_devices(&c.world, devices, memory);
    open_crowd(&c, devices, edits);
    for (uint64_t i = 0; i < edits; i++)
        edit(&c, &c.stayers[rng_below(&rng, devices)]);
    struct sample sample = SAMPLE_NONE;
    sample.peak_kb = process_peak_kb(c.stayers[0].process.pid);
    figures_spread(figures, "live: saved to said, p50", "live: saved to said, p99", c.delays,
                   c.delays_n, &sample);
    close_crowd(&c);
    world_close(&c.world);
    world_forget(memory);
}
