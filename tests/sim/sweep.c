/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sweep.h"

#include "tests/sim/genesis.h"
#include "tests/sim/people.h"
#include "tests/sim/swarm.h"

#include <inttypes.h>

enum {
    CLIENTS_MAX = 3,
    NODES_MAX = CLIENTS_MAX + 1,
    LIVED = 40,           /* things done before a story begins */
    STEPS = 12,           /* things done in it */
    PAUSE_MS_MAX = 6000,  /* between two of them */
    BACK_MS_MAX = 5000,   /* until what was killed between two events comes back */
    AGAIN_CALLS_MAX = 60, /* of a disk, until the second power cut */
    END_MS = 20 * 1000,   /* after the last of them, before all is healed */
    SLOTS_MAX = SWEEP_KIND_COUNT * NODES_MAX,
    STRIDE = 7919, /* a prime: consecutive runs of a story lie far apart */
};

/* One kind of fault on one node, at `places` places. */
struct slot {
    enum sweep_kind kind;
    uint32_t node;
    uint64_t places;
};

/* What a story offers, from a run of it without any fault. */
struct story {
    uint64_t number; /* 0: none is known */
    uint64_t places; /* of all slots */
    struct slot slots[SLOTS_MAX];
    size_t slots_n;
};

/* One run. */
struct sweep {
    struct world w;
    struct people people;
    struct rng rng; /* of the story: the same in all its runs */
    struct slot fault;
    uint64_t nth; /* 0: none */
    uint64_t fired_before;
    uint64_t faults_before; /* of the node's disk */
    bool struck;
};

static struct story story_now;
static uint64_t story_first; /* number of its first run */

static const char *kind_text(enum sweep_kind kind)
{
    static const char *const texts[] = {
#define X(name, text) text,
        SWEEP_KINDS(X)
#undef X
    };
    return texts[kind];
}

/* ---- the fault ---- */

static bool between_events(enum sweep_kind kind)
{
    return kind == SWEEP_DIE || kind == SWEEP_OFF;
}

/* Of the network: which one; NET_FAULT_NONE: it is another kind. */
static enum net_fault on_wire(enum sweep_kind kind)
{
    if (kind == SWEEP_RESET)
        return NET_FAULT_RESET;
    if (kind == SWEEP_HALFOPEN)
        return NET_FAULT_HALFOPEN;
    return kind == SWEEP_PARTED ? NET_FAULT_CUT : NET_FAULT_NONE;
}

/* The call it befalls. */
static enum disk_op op_of(enum sweep_kind kind)
{
    static const enum disk_op ops[SWEEP_KIND_COUNT] = {
        [SWEEP_CUT] = DISK_ANY,     [SWEEP_CUT_TWICE] = DISK_ANY,
        [SWEEP_KILL] = DISK_ANY,    [SWEEP_READ] = DISK_READ,
        [SWEEP_WRITE] = DISK_WRITE, [SWEEP_WRITE_ON] = DISK_WRITE,
        [SWEEP_SYNC] = DISK_SYNC,   [SWEEP_OPEN] = DISK_OPEN,
        [SWEEP_LOOK] = DISK_LOOK,   [SWEEP_TRUNCATE] = DISK_TRUNCATE,
        [SWEEP_FULL] = DISK_WRITE};
    return ops[kind];
}

static void plant(struct sweep *s)
{
    struct node *n = world_node(&s->w, s->fault.node);
    enum sweep_kind kind = s->fault.kind;
    s->fired_before = s->w.engine.fired;
    s->faults_before = disk_faults(n->disk);
    if (s->nth == 0 || between_events(kind))
        return;
    if (on_wire(kind) != NET_FAULT_NONE)
        net_doom(&s->w.net, on_wire(kind), s->nth);
    else if (kind == SWEEP_CUT || kind == SWEEP_CUT_TWICE || kind == SWEEP_KILL)
        node_doom(n, kind == SWEEP_KILL ? DEATH_KILL : DEATH_POWER, s->nth);
    else
        disk_fail(n->disk, op_of(kind), s->nth,
                  kind == SWEEP_FULL ? DISK_FAULT_FULL : DISK_FAULT_IO,
                  kind == SWEEP_FULL || kind == SWEEP_WRITE_ON);
}

static void struck(struct sweep *s)
{
    struct node *n = world_node(&s->w, s->fault.node);
    s->struck = true;
    world_say(&s->w, "the fault: %s, node %u", kind_text(s->fault.kind), n->at);
    if (s->fault.kind == SWEEP_CUT_TWICE) {
        disk_fail(n->disk, DISK_ANY, 1 + s->nth * STRIDE % AGAIN_CALLS_MAX, DISK_FAULT_POWER,
                  false);
    } else if (s->fault.kind == SWEEP_SYNC || s->fault.kind == SWEEP_OFF) {
        node_cut(n);
        node_start_in(n, (int64_t)(s->nth * STRIDE % BACK_MS_MAX));
    } else if (s->fault.kind == SWEEP_DIE) {
        node_kill(n);
        node_start_in(n, (int64_t)(s->nth * STRIDE % BACK_MS_MAX));
    }
}

/* Is it time, or has it happened since? */
static void look(struct sweep *s)
{
    bool now = false;
    if (s->struck || s->nth == 0)
        return;
    if (between_events(s->fault.kind))
        now = s->w.engine.fired - s->fired_before == s->nth;
    else if (on_wire(s->fault.kind) != NET_FAULT_NONE)
        now = s->w.net.fault == NET_FAULT_NONE;
    else
        now = disk_faults(world_node(&s->w, s->fault.node)->disk) > s->faults_before;
    if (now)
        struck(s);
}

/* ---- the story ---- */

static void pass(struct sweep *s, int64_t ms)
{
    struct world *w = &s->w;
    int64_t until = w->engine.now_ms + ms;
    int64_t at = 0;
    while (!w->failed && engine_next(&w->engine, &at) && at <= until) {
        (void)engine_step(&w->engine);
        look(s);
    }
    if (!w->failed)
        world_run(w, until - w->engine.now_ms);
}

static void tell(struct sweep *s)
{
    for (int i = 0; i < STEPS && !s->w.failed; i++) {
        uint32_t at = (uint32_t)rng_below(&s->rng, s->w.count + 1);
        bool wants = rng_chance(&s->rng, 600000);
        uint32_t wanting = (uint32_t)rng_below(&s->rng, s->w.count) + 1;
        int64_t pause = rng_between(&s->rng, 0, PAUSE_MS_MAX);
        struct node *n = world_node(&s->w, at);
        if (node_runs(n))
            people_act(&s->people, n);
        look(s);
        if (wants)
            client_feed(world_client(&s->w, wanting),
                        (struct agent_event){.type = AGENT_EV_WANTED});
        pass(s, pause);
    }
    pass(s, END_MS);
}

/* Odd stories have three clients; rights differ too. */
static void begin(struct sweep *s, uint64_t story, bool verbose)
{
    struct world_plan plan = {.seed = story,
                              .clients = 2 + story % 2,
                              .two_homes = story % 4 == 3,
                              .mixed_roles = story % 3 == 1,
                              .caseloads = story % 5 > 2,
                              .live_ppm = 500000,
                              .job_ms_max = 1 + (int64_t)(story % 8),
                              .lived = LIVED};
    world_init(&s->w, &plan, verbose);
    rng_stream(&s->rng, story, "story");
    s->people = (struct people){.w = &s->w, .batch_ppm = 20000, .papers_ppm = 150000};
    s->people.erase_ppm = 60000;
    s->people.rng = engine_rng(&s->w.engine, "people");
    s->people.papers = engine_rng(&s->w.engine, "papers");
}

static void add_slot(struct story *t, enum sweep_kind kind, uint32_t node, uint64_t places)
{
    if (places == 0)
        return;
    t->slots[t->slots_n++] = (struct slot){kind, node, places};
    t->places += places;
}

/* How many places the story has for each fault. */
static void survey(uint64_t number, struct story *t)
{
    struct sweep *s = mem_new(sizeof *s);
    uint64_t before[NODES_MAX][DISK_OP_COUNT];
    must(s != NULL);
    *t = (struct story){.number = number};
    begin(s, number, false);
    for (uint32_t at = 0; at <= s->w.count; at++)
        for (int op = 0; op < DISK_OP_COUNT; op++)
            before[at][op] = disk_calls(world_node(&s->w, at)->disk, (enum disk_op)op);
    uint64_t deliveries = s->w.net.deliveries;
    plant(s);
    tell(s);
    uint64_t events = s->w.engine.fired - s->fired_before;
    for (int i = 0; i < SWEEP_KIND_COUNT; i++) {
        enum sweep_kind kind = (enum sweep_kind)i;
        if (on_wire(kind) != NET_FAULT_NONE) {
            add_slot(t, kind, WORLD_SERVER, s->w.net.deliveries - deliveries);
            continue;
        }
        for (uint32_t at = 0; at <= s->w.count; at++) {
            enum disk_op op = op_of(kind);
            uint64_t calls = disk_calls(world_node(&s->w, at)->disk, op) - before[at][op];
            add_slot(t, kind, at, between_events(kind) ? events : calls);
        }
    }
    world_done(&s->w);
    mem_free(s);
}

/* The story this run is of; story_first moves along. */
static const struct story *story_of(uint64_t number)
{
    if (story_now.number == 0 || number < story_first) {
        story_first = 0;
        survey(1, &story_now);
    }
    while (number - story_first >= story_now.places) {
        story_first += story_now.places;
        survey(story_now.number + 1, &story_now);
    }
    return &story_now;
}

/* ---- a run ---- */

/* All places of a story, each once: a step that has no divisor in common with their number. */
static void choose(const struct story *t, uint64_t i, struct slot *fault, uint64_t *nth)
{
    uint64_t place = t->places % STRIDE == 0 ? i : i * STRIDE % t->places;
    size_t slot = 0;
    while (place >= t->slots[slot].places)
        place -= t->slots[slot++].places;
    *fault = t->slots[slot];
    *nth = place + 1;
}

static void count(const struct sweep *s, struct sweep_tally *t)
{
    t->runs++;
    t->passed += s->w.failed ? 0 : 1;
    t->failed += s->w.failed ? 1 : 0;
    t->planted[s->fault.kind]++;
    t->struck[s->fault.kind] += s->struck ? 1 : 0;
    t->saved += s->w.oracle.saved;
    t->judged += s->w.oracle.judged;
    t->opened += s->w.oracle.opened;
    t->events += s->w.engine.fired;
}

bool sweep_run(uint64_t number, bool verbose, struct sweep_tally *tally)
{
    const struct story *t = story_of(number);
    struct sweep *s = mem_new(sizeof *s);
    must(s != NULL);
    choose(t, number - story_first, &s->fault, &s->nth);
    tally->stories += tally->runs == 0 || number == story_first ? 1 : 0;
    begin(s, t->number, verbose);
    plant(s);
    tell(s);
    if (!s->w.failed)
        swarm_settle(&s->w);
    count(s, tally);
    bool passed = !s->w.failed;
    if (!passed) {
        if (verbose)
            engine_report(&s->w.engine, stderr);
        (void)fprintf(
            stderr,
            "sweep %" PRIu64 " (story %" PRIu64 ", %s, node %u, place %" PRIu64 "): %s\n",
            number, t->number, kind_text(s->fault.kind), s->fault.node, s->nth, s->w.failure);
    }
    world_done(&s->w);
    mem_free(s);
    return passed;
}

void sweep_report(const struct sweep_tally *t, FILE *out)
{
    for (int i = 0; i < SWEEP_KIND_COUNT; i++)
        if (t->planted[i] > 0)
            (void)fprintf(out, "%8" PRIu64 " of %8" PRIu64 " struck: %s\n", t->struck[i],
                          t->planted[i], kind_text((enum sweep_kind)i));
    (void)fprintf(out,
                  "%" PRIu64 " runs of %" PRIu64 " stories, %" PRIu64 " events: %" PRIu64
                  " saves told and %" PRIu64 " verdicts heard%s; %" PRIu64
                  " databases opened\n",
                  t->runs, t->stories, t->events, t->saved, t->judged,
                  t->failed == 0 ? ", none lost" : "", t->opened);
}

void sweep_forget(void)
{
    story_now = (struct story){.number = 0};
    story_first = 0;
    genesis_forget();
}
