/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world.h"

#include "tests/sim/genesis.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const int64_t START_MS = INT64_C(1795000000000);
enum { RETRY_MS_MAX = 5000, FAILED_MS_MAX = 500 };

void world_fail(struct world *w, const char *fmt, ...)
{
    if (w->failed)
        return;
    w->failed = true;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(w->failure, sizeof w->failure, fmt, args);
    va_end(args);
}

void world_say(const struct world *w, const char *fmt, ...)
{
    if (!w->verbose)
        return;
    (void)printf("%10.3f ", (double)w->engine.now_ms / 1000);
    va_list args;
    va_start(args, fmt);
    (void)vprintf(fmt, args);
    va_end(args);
    (void)printf("\n");
}

struct client *world_client(struct world *w, uint32_t at)
{
    must(at > 0 && at <= w->count);
    return &w->clients[at - 1];
}

struct node *world_node(struct world *w, uint32_t at)
{
    return at == WORLD_SERVER ? &w->server.node : &world_client(w, at)->node;
}

static struct client *client_of(struct node *n)
{
    return world_client(n->w, n->at);
}

bool node_runs(const struct node *n)
{
    return n->at == WORLD_SERVER ? n->w->server.hub != NULL
                                 : n->w->clients[n->at - 1].agent != NULL;
}

uint64_t world_set(struct world *w, int64_t delay_ms, enum world_event kind,
                   const struct node *n, uint64_t c)
{
    struct event event = {.owner = OWNER_WORLD, .kind = kind, .a = n->at, .b = n->life, .c = c};
    return engine_after(&w->engine, delay_ms, event);
}

/* ---- clocks and randomness ---- */

int64_t world_time(const struct world *w)
{
    return START_MS + w->engine.now_ms;
}

int64_t node_wall(struct node *n)
{
    int64_t now = n->w->engine.now_ms;
    int64_t wall = START_MS + now + n->offset_ms + now * n->drift_ppm / 1000000;
    wall = wall < 0 ? 0 : wall;
    n->wall_max_ms = wall > n->wall_max_ms ? wall : n->wall_max_ms;
    return wall;
}

static int64_t wall_of(void *ctx)
{
    return node_wall(ctx);
}

static void random_of(void *ctx, void *out, size_t n)
{
    rng_fill(&((struct node *)ctx)->random, out, n);
}

/* ---- the database thread ---- */

static int64_t job_delay(struct world *w)
{
    if (rng_chance(&w->jobs, w->plan.slow_job_ppm))
        return (int64_t)rng_spread(&w->jobs, 1, 20000);
    return rng_between(&w->jobs, 0, w->plan.job_ms_max);
}

static void set_run(struct node *n)
{
    if (n->jobs.running || n->jobs.queued_n == 0)
        return;
    n->jobs.running = true;
    (void)world_set(n->w, job_delay(n->w), EV_RUN, n, 0);
}

void node_submit(struct node *n, void *job)
{
    must(n->jobs.queued_n + n->jobs.done_n < WORLD_JOBS);
    n->jobs.queued[n->jobs.queued_n++] = job;
    set_run(n);
}

static void *shift(void **list, size_t *n)
{
    void *first = list[0];
    (*n)--;
    memmove(list, list + 1, *n * sizeof *list);
    return first;
}

static void run_job(struct node *n)
{
    n->jobs.running = false;
    if (n->store == NULL) /* wiped meanwhile */
        return;
    if (n->at == WORLD_SERVER)
        server_job_run(&n->w->server, n->jobs.queued[0]);
    else
        client_job_run(client_of(n), n->jobs.queued[0]);
    if (!node_survived(n))
        return;
    n->jobs.done[n->jobs.done_n++] = shift(n->jobs.queued, &n->jobs.queued_n);
    (void)world_set(n->w, job_delay(n->w), EV_DONE, n, 0);
    set_run(n);
}

static void job_done(struct node *n)
{
    void *job = shift(n->jobs.done, &n->jobs.done_n);
    if (n->at == WORLD_SERVER)
        server_feed(&n->w->server, (struct hub_event){.type = HUB_EV_JOB, .job = job});
    else
        client_feed(client_of(n), (struct agent_event){.type = AGENT_EV_JOB});
}

/* ---- life and death ---- */

/* The process is gone; its disk and its network were told already. */
static void end_process(struct node *n)
{
    n->life++;
    if (n->at == WORLD_SERVER)
        server_end(&n->w->server);
    else
        client_end(client_of(n));
    store_close(n->store);
    n->store = NULL;
    n->jobs = (struct lane){.queued_n = 0};
    n->death = DEATH_NONE;
    n->restarting = false;
}

void node_kill(struct node *n)
{
    if (!node_runs(n))
        return;
    world_say(n->w, "node %u: killed", n->at);
    net_kill(&n->w->net, n->at);
    disk_kill(n->disk);
    disk_fail(n->disk, DISK_ANY, 1, DISK_FAULT_NONE, false);
    end_process(n);
}

void node_cut(struct node *n)
{
    if (n->off)
        return;
    world_say(n->w, "node %u: power cut", n->at);
    net_power_off(&n->w->net, n->at);
    disk_power_cut(n->disk);
    end_process(n);
    n->off = true;
}

void node_start_in(struct node *n, int64_t ms)
{
    if (n->restarting || node_runs(n))
        return;
    n->restarting = true;
    (void)world_set(n->w, ms, EV_START, n, 0);
}

void node_doom(struct node *n, enum death death, uint64_t nth)
{
    if (!node_runs(n))
        return;
    n->death = death;
    n->faults_planned = disk_faults(n->disk);
    /* A killed process makes no more calls; what its machine still holds is not lost. */
    disk_fail(n->disk, DISK_ANY, nth, death == DEATH_POWER ? DISK_FAULT_POWER : DISK_FAULT_FULL,
              death == DEATH_KILL);
}

bool node_survived(struct node *n)
{
    struct world *w = n->w;
    if (!disk_up(n->disk)) {
        node_cut(n);
        node_start_in(n, rng_between(&w->jobs, 0, RETRY_MS_MAX));
        return false;
    }
    if (n->death == DEATH_KILL && disk_faults(n->disk) > n->faults_planned) {
        node_kill(n);
        node_start_in(n, rng_between(&w->jobs, 0, RETRY_MS_MAX));
        return false;
    }
    if (n->store != NULL && store_health(n->store) != ERR_OK) {
        if (w->calm || store_health(n->store) == ERR_CORRUPT)
            world_fail(w, "node %u: store is %s", n->at, err_name(store_health(n->store)));
        (void)world_set(w, rng_between(&w->jobs, 0, FAILED_MS_MAX), EV_FAILED, n, 0);
    }
    return true;
}

static enum err open_store(struct node *n, struct note *why)
{
    struct store_env env = {.path = "jalon.db",
                            .vfs = n->vfs_name,
                            .schema = &schema_jalon,
                            .side = n->side,
                            .wall_ms = wall_of,
                            .random = random_of,
                            .ctx = n};
    return store_open(&env, &n->store, why);
}

void node_start(struct node *n)
{
    n->restarting = false;
    if (node_runs(n) || (n->at != WORLD_SERVER && client_of(n)->wiped))
        return;
    if (n->off)
        net_power_on(&n->w->net, n->at);
    n->off = false;
    n->life++;
    if (!disk_up(n->disk))
        disk_restart(n->disk);
    struct note why = {0};
    enum err err = open_store(n, &why);
    if (err != ERR_OK) {
        bool machine = err == ERR_IO || err == ERR_FULL || err == ERR_NOMEM;
        if (n->w->calm || !machine)
            world_fail(n->w, "node %u: cannot open: %s %s", n->at, err_name(err), why.text);
        disk_fail(n->disk, DISK_ANY, 1, DISK_FAULT_NONE, false);
        node_start_in(n, rng_between(&n->w->jobs, 1, RETRY_MS_MAX));
        return;
    }
    world_say(n->w, "node %u: started, operation %llu", n->at,
              (unsigned long long)oracle_op_last(n->store));
    if (n->at == WORLD_SERVER)
        server_start(&n->w->server);
    else
        client_start(client_of(n));
}

void node_restore(struct node *to, const struct disk *image)
{
    must(!node_runs(to));
    disk_restore(to->disk, image);
    disk_heal(to->disk);
}

/* ---- events ---- */

static void on_node(struct node *n, const struct event *event)
{
    switch ((enum world_event)event->kind) {
    case EV_START:
        node_start(n);
        return;
    case EV_RUN:
        run_job(n);
        return;
    case EV_DONE:
        job_done(n);
        return;
    case EV_FAILED:
        node_kill(n);
        node_start_in(n, rng_between(&n->w->jobs, 0, RETRY_MS_MAX));
        return;
    case EV_TIMER:
    case EV_CLOSED:
    case EV_LINGER:
    case EV_PUMP:
    case EV_WIPED:
        break;
    }
    if (n->at == WORLD_SERVER)
        server_on_world(&n->w->server, event);
    else
        client_on_world(client_of(n), event);
}

static void on_world(void *ctx, const struct event *event)
{
    struct world *w = ctx;
    struct node *n = world_node(w, (uint32_t)event->a);
    if (event->b == n->life)
        on_node(n, event);
}

static void on_net(void *ctx, const struct net_event *event)
{
    struct world *w = ctx;
    if (event->endpoint == WORLD_SERVER)
        server_on_net(&w->server, event);
    else
        client_on_net(world_client(w, event->endpoint), event);
}

void world_run(struct world *w, int64_t ms)
{
    int64_t until = w->engine.now_ms + ms;
    int64_t at = 0;
    while (!w->failed && engine_next(&w->engine, &at) && at <= until)
        (void)engine_step(&w->engine);
    if (!w->failed)
        engine_run(&w->engine, until);
}

uint64_t world_hash(struct world *w)
{
    for (uint32_t at = 0; at <= w->count; at++) {
        uint64_t digest = disk_digest(world_node(w, at)->disk);
        engine_trace(&w->engine, &digest, sizeof digest);
    }
    return w->engine.hash;
}

/* ---- begin and end ---- */

static void node_init(struct world *w, struct node *n, uint32_t at)
{
    struct rng disk = engine_rng(&w->engine, "disk");
    char name[32];
    (void)snprintf(name, sizeof name, "disk%u", at);
    disk = engine_rng(&w->engine, name);
    n->w = w;
    n->at = at;
    n->wall_max_ms = START_MS;
    n->side = at == WORLD_SERVER ? STORE_SERVER : STORE_CLIENT;
    n->disk = disk_new(&disk);
    (void)snprintf(name, sizeof name, "process%u", at);
    n->random = engine_rng(&w->engine, name);
    (void)snprintf(n->vfs_name, sizeof n->vfs_name, "sim%u", at);
    struct vfs_mem_env env = {.ctx = n, .utc_ms = wall_of, .random = random_of};
    n->vfs = vfs_mem_open(n->disk, n->vfs_name, env);
}

static void clients_init(struct world *w)
{
    uint64_t live = rng_next(&w->genesis);
    struct rng draws;
    rng_init(&draws, live);
    for (uint32_t at = 1; at <= w->count; at++) {
        struct client *c = world_client(w, at);
        node_init(w, &c->node, at);
        c->live = rng_chance(&draws, w->plan.live_ppm);
        c->present = at <= w->plan.clients;
    }
}

void world_init(struct world *w, const struct world_plan *plan, bool verbose)
{
    genesis_make(plan);
    *w = (struct world){.plan = *plan, .verbose = verbose};
    w->count = plan->clients + plan->clones;
    engine_init(&w->engine, plan->seed);
    engine_owner(&w->engine, OWNER_WORLD, on_world, w);
    net_init(&w->net, &w->engine, OWNER_NET, (uint32_t)w->count + 1, on_net, w);
    w->jobs = engine_rng(&w->engine, "jobs");
    w->wire = engine_rng(&w->engine, "wire");
    w->genesis = engine_rng(&w->engine, "genesis");
    oracle_init(&w->oracle);
    w->clients = mem_array(w->count, sizeof *w->clients);
    must(w->clients != NULL);
    node_init(w, &w->server.node, WORLD_SERVER);
    clients_init(w);
    genesis_lay(w);
    vfs_mem_seed((uint32_t)plan->seed);
    node_start(&w->server.node);
    for (uint32_t at = 1; at <= plan->clients; at++)
        node_start(&world_client(w, at)->node);
}

void world_done(struct world *w)
{
    for (uint32_t at = 0; at <= w->count; at++) {
        struct node *n = world_node(w, at);
        if (node_runs(n))
            node_kill(n);
        store_close(n->store);
        vfs_mem_close(n->vfs);
        disk_free(n->disk);
        if (at > 0)
            buf_done(&world_client(w, at)->out);
    }
    if (w->server.backup != NULL)
        disk_free(w->server.backup);
    mem_free(w->server.peers);
    mem_free(w->clients);
    oracle_done(&w->oracle);
    net_done(&w->net);
    engine_done(&w->engine);
}
