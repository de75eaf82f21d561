/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/swarm.h"

#include "tests/sim/checks.h"
#include "tests/sim/papers.h"

#include <stdio.h>

enum {
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS,
    STEP_MS = 10 * 1000,      /* between two looks whether all is quiet */
    WANT_MS = 2 * MINUTE_MS,  /* the healed network: wishes to sync */
    AUDIT_MS = 20 * MINUTE_MS /* between two looks at all disks */
};

/* What may go wrong; each seed draws which of them do, and how often. */
enum fault {
    FAULT_KILL_CLIENT,
    FAULT_KILL_SERVER,
    FAULT_CUT_CLIENT,
    FAULT_CUT_SERVER,
    FAULT_DOOM_CLIENT,
    FAULT_DOOM_SERVER,
    FAULT_DISK_CLIENT,
    FAULT_DISK_SERVER,
    FAULT_FULL_CLIENT,
    FAULT_FULL_SERVER,
    FAULT_CLOCK,
    FAULT_PARTITION,
    FAULT_SWALLOW,
    FAULT_DRAIN,
    FAULT_OFFLINE,
    FAULT_IMAGE,
    FAULT_CLONE,
    FAULT_BACKUP,
    FAULT_RESTORE,
    FAULT_REVOKE,
    FAULT_COUNT
};
enum { SWARM_HAPPENS, SWARM_MENDS, SWARM_AUDITS, SWARM_WANTS }; /* OWNER_SWARM's events */

struct swarm {
    struct world w;
    struct people people;
    struct rng rng;
    uint32_t weights[FAULT_COUNT]; /* 0: never in this run */
    uint32_t weight_sum;
    int64_t pause_ms_max;
    int64_t until_ms;
    struct disk **images; /* one per node, NULL = none */
    uint64_t faults;
};

static struct client *any_client(struct swarm *s)
{
    return world_client(&s->w, (uint32_t)rng_below(&s->rng, s->w.plan.clients) + 1);
}

static int64_t soon(struct swarm *s)
{
    return (int64_t)rng_spread(&s->rng, 1, 10 * MINUTE_MS);
}

static void later(struct swarm *s, int64_t ms, uint32_t kind, uint64_t a, uint64_t b,
                  uint64_t c)
{
    struct event event = {.owner = OWNER_SWARM, .kind = kind, .a = a, .b = b, .c = c};
    (void)engine_after(&s->w.engine, ms, event);
}

/* ---- faults ---- */

static void stop_node(struct swarm *s, struct node *n, bool power)
{
    if (power)
        node_cut(n);
    else
        node_kill(n);
    node_start_in(n, soon(s));
}

static void break_disk(struct swarm *s, struct node *n, bool full)
{
    /* Not DISK_SYNC: a failed sync that forgets its writes leaves, for the next process to
     * recover, a log whose middle is only in memory: the engine does not survive that. */
    static const enum disk_op ops[] = {DISK_READ, DISK_WRITE, DISK_OPEN, DISK_LOOK};
    if (full)
        disk_capacity(n->disk, disk_used(n->disk) + rng_spread(&s->rng, 1, 200000));
    else
        disk_fail(n->disk, ops[rng_below(&s->rng, 4)], rng_spread(&s->rng, 1, 2000),
                  DISK_FAULT_IO, rng_chance(&s->rng, 300000));
    later(s, soon(s), SWARM_MENDS, FAULT_DISK_CLIENT, n->at, 0);
}

static void jump_clock(struct swarm *s, struct node *n)
{
    static const int64_t jumps[] = {HOUR_MS,
                                    -HOUR_MS,
                                    INT64_C(315360000000),   /* ten years on */
                                    -INT64_C(1795000000000), /* 1970 */
                                    30 * 1000,
                                    -30 * 1000,
                                    INT64_C(24) * HOUR_MS,
                                    0};
    int64_t jump = jumps[rng_below(&s->rng, 8)];
    n->offset_ms = jump == 0 ? 0 : n->offset_ms + jump;
    n->drift_ppm = rng_between(&s->rng, -200, 200);
    world_say(&s->w, "node %u: clock off by %lld ms", n->at, (long long)n->offset_ms);
}

static void part(struct swarm *s)
{
    uint32_t at = (uint32_t)rng_below(&s->rng, s->w.count + 1);
    uint64_t way = rng_below(&s->rng, 3);
    if (way != 1)
        net_cut(&s->w.net, at, NET_ANY);
    if (way != 0)
        net_cut(&s->w.net, NET_ANY, at);
    later(s, soon(s), SWARM_MENDS, FAULT_PARTITION, at, way);
}

static void mend_part(struct swarm *s, uint32_t at, uint64_t way)
{
    if (way != 1)
        net_mend(&s->w.net, at, NET_ANY);
    if (way != 0)
        net_mend(&s->w.net, NET_ANY, at);
}

/* An image of this machine is taken, or one taken before is put back. */
static void image(struct swarm *s, struct client *c)
{
    struct node *n = &c->node;
    struct disk **kept = &s->images[n->at];
    if (c->revoked || c->wiped)
        return;
    if (*kept == NULL) {
        *kept = disk_snapshot(n->disk);
        n->opened_marks = s->w.oracle.count;
        n->opened_papers = s->w.oracle.papers_n;
        return;
    }
    world_say(&s->w, "node %u: older image put back", n->at);
    node_kill(n);
    node_restore(n, *kept);
    oracle_disk_lost(&s->w, n, n->opened_marks);
    papers_lost(&s->w, n, n->opened_papers);
    n->replaced = true;
    n->saved = 0;
    disk_free(*kept);
    *kept = NULL;
    node_start_in(n, soon(s));
}

/* The disk, the key and the state of the random source of one machine are copied to another. */
static void clone(struct swarm *s, struct client *from)
{
    struct world *w = &s->w;
    for (uint32_t at = (uint32_t)w->plan.clients + 1; at <= w->count; at++) {
        struct client *to = world_client(w, at);
        if (to->present || from->spare != 0 || from->revoked || from->wiped || from->node.off)
            continue;
        world_say(w, "node %u: cloned from %u", at, from->node.at);
        node_restore(&to->node, from->node.disk);
        to->node.random = from->node.random;
        to->node.offset_ms = from->node.offset_ms;
        to->node.saved = from->node.saved;
        to->node.wall_max_ms = from->node.wall_max_ms;
        memcpy(to->key, from->key, sizeof to->key);
        to->home = from->home;
        to->roles = from->roles;
        to->device = from->device;
        to->staff = from->staff;
        to->spare = from->node.at;
        from->spare = at;
        to->present = true;
        node_start_in(&to->node, soon(s));
        return;
    }
}

static void drain(struct swarm *s)
{
    server_feed(&s->w.server, (struct hub_event){.type = HUB_EV_DRAIN});
    if (s->w.server.hub != NULL)
        net_listen(&s->w.net, WORLD_SERVER, false);
    later(s, LIMIT_DRAIN_MS, SWARM_MENDS, FAULT_DRAIN, 0, s->w.server.node.life);
}

/* Away from any network for long. */
static void go_offline(struct swarm *s)
{
    uint32_t at = any_client(s)->node.at;
    net_cut(&s->w.net, at, NET_ANY);
    net_cut(&s->w.net, NET_ANY, at);
    later(s, rng_between(&s->rng, 10 * MINUTE_MS, 2 * HOUR_MS), SWARM_MENDS, FAULT_PARTITION,
          at, 2);
}

static void revoke(struct swarm *s)
{
    struct client *c = any_client(s);
    if (c->node.at == 1 || c->revoked) /* somebody must be left */
        return;
    server_device(&s->w.server, c, rng_chance(&s->rng, 500000) ? DEVICE_REVOKED : DEVICE_WIPE);
}

static void doom(struct swarm *s, struct node *n)
{
    node_doom(n, rng_chance(&s->rng, 500000) ? DEATH_POWER : DEATH_KILL,
              rng_spread(&s->rng, 1, 1000));
}

static void happen(struct swarm *s, enum fault fault)
{
    struct world *w = &s->w;
    struct node *server = &w->server.node;
    struct client *c = any_client(s);
    s->faults++;
    switch (fault) {
    case FAULT_KILL_CLIENT:
    case FAULT_CUT_CLIENT:
        stop_node(s, &c->node, fault == FAULT_CUT_CLIENT);
        return;
    case FAULT_KILL_SERVER:
    case FAULT_CUT_SERVER:
        stop_node(s, server, fault == FAULT_CUT_SERVER);
        return;
    case FAULT_DOOM_CLIENT:
    case FAULT_DOOM_SERVER:
        doom(s, fault == FAULT_DOOM_SERVER ? server : &c->node);
        return;
    case FAULT_DISK_CLIENT:
    case FAULT_FULL_CLIENT:
        break_disk(s, &c->node, fault == FAULT_FULL_CLIENT);
        return;
    case FAULT_DISK_SERVER:
    case FAULT_FULL_SERVER:
        break_disk(s, server, fault == FAULT_FULL_SERVER);
        return;
    case FAULT_CLOCK:
        jump_clock(s, &c->node);
        return;
    case FAULT_PARTITION:
        part(s);
        return;
    case FAULT_SWALLOW:
        net_swallow(&w->net, c->end);
        return;
    case FAULT_DRAIN:
        drain(s);
        return;
    case FAULT_OFFLINE:
        go_offline(s);
        return;
    case FAULT_IMAGE:
        image(s, c);
        return;
    case FAULT_CLONE:
        clone(s, c);
        return;
    case FAULT_BACKUP:
        server_back_up(&w->server);
        return;
    case FAULT_RESTORE:
        server_go_back(&w->server);
        return;
    case FAULT_REVOKE:
        revoke(s);
        return;
    case FAULT_COUNT:
        return;
    }
}

static void mend(struct swarm *s, const struct event *event)
{
    if (event->a == FAULT_PARTITION) {
        mend_part(s, (uint32_t)event->b, event->c);
    } else if (event->a == FAULT_DRAIN) {
        struct node *n = &s->w.server.node;
        if (n->life == event->c) /* SIGTERM ends so when somebody does not leave */
            stop_node(s, n, false);
    } else {
        disk_heal(world_node(&s->w, (uint32_t)event->b)->disk);
    }
}

static enum fault draw_fault(struct swarm *s)
{
    uint64_t draw = rng_below(&s->rng, s->weight_sum);
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (draw < s->weights[i])
            return (enum fault)i;
        draw -= s->weights[i];
    }
    return FAULT_COUNT;
}

static void want_all(struct world *w)
{
    for (uint32_t at = 1; at <= w->count; at++) {
        struct client *c = world_client(w, at);
        struct store_status status;
        bool behind = node_runs(&c->node) && c->node.store != NULL &&
                      store_status(c->node.store, &status) == ERR_OK &&
                      (w->server.node.store == NULL ||
                       status.pulled_through != serve_seq(w->server.node.store) ||
                       status.acked_through != status.op_last || !status.complete ||
                       !checks_rights(w, c) || papers_wait(w, c));
        if (c->present && behind)
            client_feed(c, (struct agent_event){.type = AGENT_EV_WANTED});
    }
}

static void on_swarm(void *ctx, const struct event *event)
{
    struct swarm *s = ctx;
    if (event->kind == SWARM_MENDS) {
        mend(s, event);
        return;
    }
    if (s->w.engine.now_ms >= s->until_ms)
        return;
    if (event->kind == SWARM_AUDITS) {
        checks_now(&s->w);
        later(s, AUDIT_MS, SWARM_AUDITS, 0, 0, 0);
    } else {
        happen(s, draw_fault(s));
        later(s, (int64_t)rng_spread(&s->rng, 100, (uint64_t)s->pause_ms_max), SWARM_HAPPENS, 0,
              0, 0);
    }
}

/* ---- a run ---- */

static void heal(struct world *w)
{
    w->calm = true;
    net_heal(&w->net);
    for (uint32_t at = 0; at <= w->count; at++) {
        struct node *n = world_node(w, at);
        disk_heal(n->disk);
        n->death = DEATH_NONE;
        /* What broke before may still be noticed now. */
        if (node_runs(n) && n->store != NULL && store_health(n->store) != ERR_OK)
            node_kill(n);
        n->restarting = false;
        if (at == WORLD_SERVER || world_client(w, at)->present)
            node_start(n);
    }
}

void swarm_settle(struct world *w)
{
    heal(w);
    struct note why = {0};
    int64_t until = w->engine.now_ms + SWARM_QUIET_MS_MAX;
    int64_t want = w->engine.now_ms;
    while (!w->failed && !checks_quiet(w, &why)) {
        if (w->engine.now_ms >= until) {
            world_fail(w, "I11 not quiet after an hour: %s", why.text);
            return;
        }
        if (w->engine.now_ms >= want) {
            want_all(w);
            want += WANT_MS;
        }
        world_run(w, STEP_MS);
    }
    if (!w->failed)
        world_say(w, "quiet");
    if (!w->failed)
        checks_final(w);
}

/* Each fault is absent in some runs: what hides one bug lets another show. */
static void draw_faults(struct swarm *s)
{
    static const uint32_t usual[FAULT_COUNT] = {
        [FAULT_KILL_CLIENT] = 4, [FAULT_KILL_SERVER] = 2, [FAULT_CUT_CLIENT] = 4,
        [FAULT_CUT_SERVER] = 2,  [FAULT_DOOM_CLIENT] = 5, [FAULT_DOOM_SERVER] = 4,
        [FAULT_DISK_CLIENT] = 2, [FAULT_DISK_SERVER] = 2, [FAULT_FULL_CLIENT] = 2,
        [FAULT_FULL_SERVER] = 1, [FAULT_CLOCK] = 3,       [FAULT_PARTITION] = 4,
        [FAULT_SWALLOW] = 3,     [FAULT_DRAIN] = 1,       [FAULT_OFFLINE] = 2,
    };
    for (int i = 0; i < FAULT_COUNT; i++)
        s->weights[i] = rng_chance(&s->rng, 600000) ? usual[i] : 0;
    s->weights[FAULT_OFFLINE] += 1;
    uint64_t theme = rng_below(&s->rng, 10);
    if (theme < 3) { /* machines copied and put back */
        s->weights[FAULT_IMAGE] = 3;
        s->weights[FAULT_CLONE] = rng_chance(&s->rng, 500000) ? 2 : 0;
    } else if (theme < 5) {
        s->weights[FAULT_BACKUP] = 3;
        s->weights[FAULT_RESTORE] = 1;
    } else if (theme < 6) {
        s->weights[FAULT_REVOKE] = 1;
    }
    for (int i = 0; i < FAULT_COUNT; i++)
        s->weight_sum += s->weights[i];
}

static void draw_plan(struct rng *rng, uint64_t seed, struct world_plan *plan)
{
    *plan = (struct world_plan){.seed = seed,
                                .clients = (size_t)rng_between(rng, 2, 5),
                                .clones = 1,
                                .two_homes = rng_chance(rng, 400000),
                                .mixed_roles = rng_chance(rng, 400000),
                                .live_ppm = (uint32_t)rng_below(rng, 1000001),
                                .job_ms_max = (int64_t)rng_spread(rng, 1, 50),
                                .slow_job_ppm = rng_chance(rng, 300000) ? 20000 : 0};
    plan->caseloads = rng_chance(rng, 400000);
    if (plan->clients >= 4 && people_keep_papers(seed))
        plan->mixed_roles = true; /* somebody coordinates */
}

static void draw_net(struct swarm *s)
{
    struct net_knobs knobs;
    net_knobs_swarm(&knobs, &s->rng);
    net_set(&s->w.net, &knobs);
}

/* The disks of a run that failed, to look into: sim-SEED-NODE-NAME in the present folder. */
static void keep_disks(struct world *w)
{
    for (uint32_t at = 0; at <= w->count; at++) {
        const struct disk *disk = world_node(w, at)->disk;
        const char *name = NULL;
        for (size_t i = 0; (name = disk_name(disk, i)) != NULL; i++) {
            char path[DISK_NAME_BYTES + 64];
            size_t n = 0;
            const uint8_t *bytes = disk_bytes(disk, name, &n);
            (void)snprintf(path, sizeof path, "sim-%llu-%u-%s",
                           (unsigned long long)w->plan.seed, at, name);
            FILE *file = fopen(path, "w");
            if (file == NULL)
                return;
            (void)fwrite(bytes, 1, n, file);
            (void)fclose(file);
        }
    }
}

void swarm_run(uint64_t seed, bool verbose, struct swarm_result *out)
{
    struct swarm *s = mem_new(sizeof *s);
    struct world_plan plan;
    must(s != NULL);
    rng_stream(&s->rng, seed, "swarm");
    draw_plan(&s->rng, seed, &plan);
    world_init(&s->w, &plan, verbose);
    engine_owner(&s->w.engine, OWNER_SWARM, on_swarm, s);
    s->images = mem_array(s->w.count + 1, sizeof(struct disk *));
    must(s->images != NULL);
    draw_faults(s);
    draw_net(s);
    int64_t length = (int64_t)rng_spread(&s->rng, 20 * MINUTE_MS, 4 * HOUR_MS);
    s->until_ms = length;
    s->pause_ms_max = (int64_t)rng_spread(&s->rng, MINUTE_MS, 20 * MINUTE_MS);
    s->people.act_ms_max = (int64_t)rng_spread(&s->rng, 2 * MINUTE_MS, (uint64_t)length / 4);
    s->people.want_ms_max = (int64_t)rng_spread(&s->rng, 5 * MINUTE_MS, (uint64_t)length / 3);
    s->people.batch_ppm = rng_chance(&s->rng, 500000) ? 60000 : 5000;
    people_start(&s->people, &s->w, length);
    later(s, soon(s), SWARM_HAPPENS, 0, 0, 0);
    later(s, AUDIT_MS, SWARM_AUDITS, 0, 0, 0);
    world_run(&s->w, length);
    if (!s->w.failed)
        swarm_settle(&s->w);
    *out = (struct swarm_result){.passed = !s->w.failed,
                                 .hash = world_hash(&s->w),
                                 .events = s->w.engine.fired,
                                 .saved = s->w.oracle.saved,
                                 .refused = s->w.oracle.refused,
                                 .failed = s->w.oracle.failed,
                                 .faults = s->faults};
    memcpy(out->failure, s->w.failure, sizeof out->failure);
    if (s->w.failed) {
        if (verbose)
            keep_disks(&s->w);
        engine_report(&s->w.engine, stderr);
        (void)fprintf(stderr, "seed %llu: %s\n", (unsigned long long)seed, s->w.failure);
    }
    for (size_t i = 0; i <= s->w.count; i++)
        if (s->images[i] != NULL)
            disk_free(s->images[i]);
    mem_free(s->images);
    world_done(&s->w);
    mem_free(s);
}
