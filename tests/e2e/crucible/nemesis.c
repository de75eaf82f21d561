/* SPDX-License-Identifier: Apache-2.0 */
/* Who does the harm. A tick is 20 ms; what is done is taken back some ticks later. */
#include "tests/e2e/crucible/crucible.h"

#include <signal.h>
#include <stdio.h>

static void take_back(struct crucible *c, const struct task *task);

/* In so many ticks; at once when the list is full. */
static void later(struct crucible *c, enum task_kind kind, unsigned at, int64_t min,
                  int64_t max)
{
    struct task task = {kind, at, (unsigned)rng_between(&c->rng, min, max)};
    for (size_t i = 0; i < CRUCIBLE_TASKS; i++) {
        if (c->tasks[i].kind != TASK_NONE)
            continue;
        c->tasks[i] = task;
        return;
    }
    take_back(c, &task);
}

static bool pending(const struct crucible *c, enum task_kind kind)
{
    for (size_t i = 0; i < CRUCIBLE_TASKS; i++)
        if (c->tasks[i].kind == kind)
            return true;
    return false;
}

/* ---- weather ---- */

/* What connections through this network will meet. */
static void set_weather(struct crucible *c, struct device *d, const char *words)
{
    struct chaos_plan plan;
    struct note why = {""};
    char line[200];
    if (d->net == NULL || c->at[0] == '\0')
        return;
    (void)snprintf(line, sizeof line, "target=%s%s%s", c->at, words[0] == '\0' ? "" : " ",
                   words);
    chaos_plan_init(&plan);
    must(chaos_plan_line(&plan, line, &why) == ERR_OK);
    chaos_set(d->net, &plan);
}

/* Whoever is on this line, a copy too, may meet changed bytes from now on. */
static void corrupt_line(struct crucible *c, const struct chaos *net)
{
    for (unsigned i = 0; i < CRUCIBLE_DEVICES; i++)
        c->devices[i].corrupted = c->devices[i].corrupted || c->devices[i].net == net;
}

static void bad_weather(struct crucible *c, struct device *d)
{
    static const char *const faults[] = {"reset", "cut", "corrupt", "swallow"};
    char words[120];
    unsigned byte = (unsigned)rng_spread(&c->rng, 1, 60000);
    const char *side = rng_chance(&c->rng, 500000) ? "up" : "down";
    switch (rng_below(&c->rng, 7)) {
    case 0:
        (void)snprintf(words, sizeof words, "blackhole=1");
        break;
    case 1:
        (void)snprintf(words, sizeof words, "delay_ms=1-%u",
                       (unsigned)rng_spread(&c->rng, 1, 60));
        break;
    case 2:
        (void)snprintf(words, sizeof words, "slice=%u", (unsigned)rng_spread(&c->rng, 1, 200));
        break;
    case 3:
        (void)snprintf(words, sizeof words, "rate=%u",
                       (unsigned)rng_spread(&c->rng, 4000, 200000));
        break;
    default:
        (void)snprintf(words, sizeof words, "%s_%s=%u",
                       faults[rng_below(&c->rng, sizeof faults / sizeof *faults)], side, byte);
    }
    if (memcmp(words, "corrupt", 7) == 0)
        corrupt_line(c, d->net);
    crucible_say(c, "network of device %u: %s", d->at, words);
    set_weather(c, d, words);
    later(c, TASK_WEATHER, d->at, 5, 40);
}

static void partition(struct crucible *c, struct device *d)
{
    unsigned sides = 1 + (unsigned)rng_below(&c->rng, 3); /* in, out, both */
    if (d->net == NULL)
        return;
    for (unsigned side = 0; side < CHAOS_SIDES; side++)
        if ((sides & (1U << side)) != 0)
            chaos_hold(d->net, (enum chaos_side)side, true);
    crucible_say(c, "network of device %u: partition %u", d->at, sides);
    later(c, TASK_LET_GO, d->at, 3, 40);
}

/* ---- processes ---- */

static void stop_process(struct crucible *c, struct run *run, unsigned at)
{
    if (run == NULL || run->stands)
        return;
    run_signal(run, SIGSTOP);
    crucible_say(c, "%s stands still", run->words);
    later(c, TASK_CONT, at, 2, 50);
}

/* A disk is copied whole, or not: what is copied is not the question here. Nor is a command
 * that consists of several. */
static bool copies(const struct device *d)
{
    return strcmp(d->deed.kind, "image") == 0 || strcmp(d->deed.kind, "clone") == 0 ||
           strcmp(d->deed.kind, "put back") == 0 || strcmp(d->deed.kind, "enrol") == 0;
}

static void kill_device(struct crucible *c, struct device *d)
{
    struct run *run = d->live != NULL && rng_chance(&c->rng, 500000) ? d->live : d->run;
    if (run == NULL || (run == d->run && copies(d)))
        return;
    crucible_say(c, "kill -9 %s", run->words);
    run_signal(run, SIGKILL);
}

static void end_server(struct crucible *c, int number, enum server_state then)
{
    if (c->server == NULL || (c->state != SERVER_UP && c->state != SERVER_STARTING))
        return;
    crucible_say(c, "the server gets signal %d%s", number,
                 then == SERVER_RESTORING ? ", to be put back" : "");
    c->state = then;
    run_signal(c->server, number);
    bool long_away = rng_chance(&c->rng, 300000);
    later(c, TASK_START, CRUCIBLE_DEVICES, long_away ? 10 : 0, long_away ? 50 : 10);
}

static void kill_relay(struct crucible *c)
{
    if (c->relay == NULL)
        return;
    crucible_say(c, "kill -9 the relay");
    run_signal(c->relay, SIGKILL);
    later(c, TASK_RELAY, CRUCIBLE_RELAY, 0, 20);
}

static void take_back(struct crucible *c, const struct task *task)
{
    struct device *d = task->at < CRUCIBLE_DEVICES ? &c->devices[task->at] : NULL;
    if (task->kind == TASK_START && c->state == SERVER_DOWN && c->server == NULL)
        server_start(c);
    if (task->kind == TASK_RELAY)
        site_start(c);
    if (task->kind == TASK_CONT && task->at == CRUCIBLE_RELAY && c->relay != NULL)
        run_signal(c->relay, SIGCONT);
    if (task->kind == TASK_CONT && task->at == CRUCIBLE_DEVICES && c->server != NULL)
        run_signal(c->server, SIGCONT);
    if (task->kind == TASK_CONT && d != NULL && d->run != NULL)
        run_signal(d->run, SIGCONT);
    if (task->kind == TASK_CONT && d != NULL && d->live != NULL)
        run_signal(d->live, SIGCONT);
    if ((task->kind == TASK_LET_GO || task->kind == TASK_WEATHER) && d->net != NULL) {
        set_weather(c, d, "");
        chaos_hold(d->net, CHAOS_UP, false);
        chaos_hold(d->net, CHAOS_DOWN, false);
        if (task->kind == TASK_WEATHER || rng_chance(&c->rng, 500000))
            chaos_reset(d->net);
    }
}

static void move(struct crucible *c)
{
    struct device *d = &c->devices[rng_below(&c->rng, CRUCIBLE_FRESH)];
    uint64_t draw = rng_below(&c->rng, 107);
    c->moves++;
    if (draw < 8)
        end_server(c, SIGKILL, SERVER_ENDING);
    else if (draw < 10)
        end_server(c, SIGTERM, SERVER_ENDING);
    else if (draw < 16)
        stop_process(c, c->server, CRUCIBLE_DEVICES);
    else if (draw < 34)
        kill_device(c, d);
    else if (draw < 50)
        stop_process(c, d->live != NULL ? d->live : d->run, d->at);
    else if (draw < 66)
        partition(c, d);
    else if (draw < 86)
        bad_weather(c, d);
    else if (draw < 95)
        server_back_up(c);
    else if (draw < 98)
        end_server(c, SIGKILL, c->kept ? SERVER_ENDING : SERVER_RESTORING);
    else if (draw < 100)
        exile_order(c, d);
    else if (draw < 103)
        kill_relay(c);
    else if (draw < 105)
        stop_process(c, c->relay, CRUCIBLE_RELAY);
    else if (d->net != NULL)
        chaos_reset(d->net);
}

/* ---- time ---- */

static void on_tick(struct loop_timer *timer, void *arg)
{
    struct crucible *c = arg;
    for (size_t i = 0; i < CRUCIBLE_TASKS; i++) {
        struct task task = c->tasks[i];
        if (task.kind == TASK_NONE || (task.ticks > 0 && c->tasks[i].ticks-- > 0))
            continue;
        c->tasks[i].kind = TASK_NONE;
        take_back(c, &task);
    }
    if (c->state == SERVER_DOWN && !pending(c, TASK_START)) /* it took its time to end */
        later(c, TASK_START, CRUCIBLE_DEVICES, 0, 5);
    if (c->wait > 0) {
        c->wait--;
    } else {
        move(c);
        c->wait = (unsigned)rng_between(&c->rng, 0, 5);
    }
    loop_timer_start(timer, CRUCIBLE_TICK_MS);
}

void nemesis_begin(struct crucible *c)
{
    loop_timer_init(&c->loop, &c->tick, on_tick, c);
    loop_timer_start(&c->tick, CRUCIBLE_TICK_MS);
    c->ticking = true;
}

void nemesis_end(struct crucible *c)
{
    if (c->ticking)
        loop_timer_close(&c->tick, NULL);
    c->ticking = false;
    for (size_t i = 0; i < CRUCIBLE_TASKS; i++)
        c->tasks[i].kind = TASK_NONE;
    if (c->server != NULL)
        run_signal(c->server, SIGCONT);
    if (c->relay != NULL)
        run_signal(c->relay, SIGCONT);
    for (unsigned i = 0; i < CRUCIBLE_DEVICES; i++) {
        struct device *d = &c->devices[i];
        if (d->run != NULL)
            run_signal(d->run, SIGCONT);
        if (d->live != NULL)
            run_signal(d->live, SIGCONT);
        take_back(c, &(struct task){.kind = TASK_WEATHER, .at = i});
    }
}
