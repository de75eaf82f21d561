/* SPDX-License-Identifier: Apache-2.0 */
/* The end, in order: the link says goodbye → rounds that wait hear CLOSED → the relay answers
 * who was asked → the watches close → LIVE_CLOSED. */
#include "client/live.h"

#include "client/site.h"

#include "io/clock.h"
#include "io/netwatch.h"
#include "store/search.h"

/* A command that waits for a sync. */
struct waiter {
    struct round *round; /* NULL: free */
    uint64_t dials;      /* done with what the connection of this number brings … */
    struct link_tally before;
    int64_t since_mono_ms;
};

struct live {
    struct live_cfg cfg;
    struct link *link;   /* NULL once closed */
    struct relay *relay; /* NULL: none, or closed */
    struct netwatch *netwatch;
    struct loop_timer timer; /* the next look */
    struct presence presence;
    struct waiter waiters[RELAY_ASKERS_MAX];
    struct job look; /* of the store's thread */
    bool looking;    /* it is out */
    struct store_status status;
    enum err looked; /* how it went */
    bool closing, relay_closed, timer_closed;
    bool wiped; /* by the store's thread, before the link hears of it */
};

static struct presence_now now(void)
{
    return (struct presence_now){.wall_ms = clock_wall_ms(), .mono_ms = clock_mono_ms()};
}

/* The store's thread says so before the link ends with REVOKED, and never after. */
static bool wiped(const struct live *live, enum err err)
{
    return err == ERR_REVOKED && live->wiped;
}

static void tell(struct live *live, struct live_event event)
{
    static const struct note nothing = {""};
    event.wiped = wiped(live, event.err);
    event.why = event.why == NULL ? &nothing : event.why;
    if (live->link != NULL)
        event.tally = link_tally(live->link);
    live->cfg.cb(live, &event, live->cfg.arg);
}

/* ---- on the store's thread ---- */

static enum err wipe(void *arg)
{
    struct live *live = arg;
    live->wiped = true;
    return local_wipe(live->cfg.local, live->cfg.dir);
}

static void on_look(struct job *job)
{
    struct live *live = (struct live *)((char *)job - offsetof(struct live, look));
    struct store *store = live->cfg.local->store;
    bool done = false;
    live->looked = store == NULL ? ERR_CLOSED : store_status(store, &live->status);
    /* So that whoever lists or searches need not wait for what came in. A full disk may hinder
     * it. */
    if (live->looked == ERR_OK &&
        (store_lists(store) != ERR_OK || search_catch_up(store, SEARCH_SLICE, &done) != ERR_OK))
        live->looked = store_health(store);
}

/* ---- rounds ---- */

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static void end_round(struct live *live, struct waiter *w, enum err err, const struct note *why)
{
    struct round *round = w->round;
    struct link_tally tally = live->link == NULL ? w->before : link_tally(live->link);
    const struct link_tally *before = &w->before;
    round->err = err;
    round->wiped = wiped(live, err);
    if (why != NULL)
        round->why = *why;
    round->tally = (struct link_tally){
        .rows = {.pushed = less(tally.rows.pushed, before->rows.pushed),
                 .pulled = less(tally.rows.pulled, before->rows.pulled),
                 .conflicts = less(tally.rows.conflicts, before->rows.conflicts),
                 .refused = less(tally.rows.refused, before->rows.refused)},
        .bytes_in = less(tally.bytes_in, before->bytes_in),
        .bytes_out = less(tally.bytes_out, before->bytes_out),
        .ms = clock_mono_ms() - w->since_mono_ms};
    w->round = NULL;
    relay_round_over(round);
}

static void end_rounds(struct live *live, enum err err, const struct note *why)
{
    for (size_t i = 0; i < RELAY_ASKERS_MAX; i++)
        if (live->waiters[i].round != NULL)
            end_round(live, &live->waiters[i], err, why);
}

/* Those are done for whom this connection is new enough; for the others there must be another.
 */
static void rounds_synced(struct live *live)
{
    bool more = false;
    for (size_t i = 0; i < RELAY_ASKERS_MAX; i++) {
        struct waiter *w = &live->waiters[i];
        if (w->round != NULL && w->dials <= link_dials(live->link))
            end_round(live, w, ERR_OK, NULL);
        more = more || w->round != NULL;
    }
    if (more)
        link_afresh(live->link);
}

/* The place of this round; of NULL: a free one. NULL: there is none. */
static struct waiter *find_waiter(struct live *live, const struct round *round)
{
    for (size_t i = 0; i < RELAY_ASKERS_MAX; i++)
        if (live->waiters[i].round == round)
            return &live->waiters[i];
    return NULL;
}

static void on_gone(void *arg, struct round *round)
{
    struct waiter *w = find_waiter(arg, round);
    if (w != NULL)
        w->round = NULL;
}

static void on_round(void *arg, struct round *round)
{
    struct live *live = arg;
    struct waiter *w = find_waiter(live, NULL);
    if (w == NULL) { /* not while the relay keeps to its limit */
        round->err = ERR_BUSY;
        relay_round_over(round);
        return;
    }
    *w = (struct waiter){.round = round, .since_mono_ms = clock_mono_ms()};
    if (live->closing || live->link == NULL) {
        end_round(live, w, ERR_CLOSED, NULL);
        return;
    }
    w->before = link_tally(live->link);
    w->dials = link_dials(live->link) + 1;
    if (link_sent_away(live->link))
        end_round(live, w, ERR_LATER, &live->presence.why);
    else
        link_afresh(live->link);
}

/* ---- what happens ---- */

static void on_link_failed(struct live *live, const struct link_event *event)
{
    presence_failed(&live->presence, event->err, event->why, event->wait_ms, now());
    end_rounds(live, event->err, event->why);
    if (live->closing)
        return;
    tell(live, (struct live_event){.type = event->wait_ms < 0 ? LIVE_OVER : LIVE_AWAY,
                                   .err = event->err,
                                   .why = event->why,
                                   .wait_ms = event->wait_ms});
}

static void close_when_quiet(struct live *live);

static void on_relay_closed(void *arg)
{
    struct live *live = arg;
    live->relay = NULL;
    live->relay_closed = true;
    close_when_quiet(live);
}

static void on_timer_closed(struct loop_timer *timer, void *arg)
{
    struct live *live = arg;
    (void)timer;
    live->timer_closed = true;
    close_when_quiet(live);
}

static void on_link_closed(struct live *live)
{
    live->link = NULL;
    end_rounds(live, ERR_CLOSED, NULL);
    netwatch_close(live->netwatch);
    live->netwatch = NULL;
    loop_timer_close(&live->timer, on_timer_closed);
    relay_close(live->relay, on_relay_closed, live);
}

static void close_when_quiet(struct live *live)
{
    if (!live->relay_closed || !live->timer_closed || live->looking)
        return;
    tell(live, (struct live_event){.type = LIVE_CLOSED});
    mem_free(live);
}

static void on_link(struct link *link, const struct link_event *event, void *arg)
{
    struct live *live = arg;
    (void)link;
    switch (event->type) {
    case LINK_PROGRESS:
        return;
    case LINK_CONNECTED:
        presence_connected(&live->presence, now());
        tell(live, (struct live_event){.type = LIVE_CONNECTED});
        return;
    case LINK_SYNCED:
        rounds_synced(live);
        tell(live, (struct live_event){.type = LIVE_SYNCED});
        return;
    case LINK_FAILED:
        on_link_failed(live, event);
        return;
    case LINK_CLOSED:
        on_link_closed(live);
        return;
    }
}

static void on_run(void *arg, bool saved)
{
    struct live *live = arg;
    if (!saved || live->closing)
        return;
    link_saved(live->link);
    tell(live, (struct live_event){.type = LIVE_SAVED});
}

static void on_network(void *arg)
{
    struct live *live = arg;
    if (!live->closing)
        link_network(live->link);
}

static void on_looked(struct job *job)
{
    struct live *live = (struct live *)((char *)job - offsetof(struct live, look));
    live->looking = false;
    if (live->looked == ERR_OK && !live->closing && live->presence.connected &&
        presence_outbox(&live->presence, live->status.unsent, live->status.acked_through,
                        now())) {
        tell(live, (struct live_event){.type = LIVE_STUCK});
        link_restart(live->link); /* perhaps it is only this connection */
    }
    close_when_quiet(live);
}

static void on_timer(struct loop_timer *timer, void *arg)
{
    struct live *live = arg;
    loop_timer_start(timer, LIVE_LOOK_MS);
    relay_keep(live->relay);
    if (live->looking)
        return;
    live->look = (struct job){.run = on_look, .done = on_looked};
    live->looking = jobs_submit(live->cfg.jobs, &live->look) == ERR_OK;
}

/* ---- the owner ---- */

enum err live_open(const struct live_cfg *cfg, struct live **out, struct note *why)
{
    struct live *live = mem_new(sizeof *live);
    if (live == NULL)
        return ERR_NOMEM;
    live->cfg = *cfg;
    struct link_cfg link = {.loop = cfg->loop,
                            .jobs = cfg->jobs,
                            .store = cfg->local->store,
                            .key = cfg->key,
                            .live = true,
                            .cb = on_link,
                            .wipe = wipe,
                            .arg = live};
    struct relay_cfg relay = {.loop = cfg->loop,
                              .jobs = cfg->jobs,
                              .local = cfg->local,
                              .dir = cfg->dir,
                              .presence = &live->presence,
                              .gate = cfg->gate,
                              .on_run = on_run,
                              .on_round = on_round,
                              .on_gone = on_gone,
                              .arg = live};
    enum err err = cfg->fresh ? ERR_OK : site_address(live->cfg.local->store, &link.site);
    if (err == ERR_OK)
        err = link_open(&link, &live->link, why);
    if (err != ERR_OK) {
        mem_free(live);
        return err;
    }
    /* Without the socket others wait for the lock: slower, not wrong. */
    if (relay_open(&relay, &live->relay, NULL) != ERR_OK)
        live->relay = NULL;
    if (netwatch_open(cfg->loop, on_network, live, &live->netwatch) != ERR_OK)
        live->netwatch = NULL;
    loop_timer_init(cfg->loop, &live->timer, on_timer, live);
    loop_timer_start(&live->timer, LIVE_LOOK_MS);
    link_want(live->link);
    *out = live;
    return ERR_OK;
}

void live_saved(struct live *live)
{
    if (!live->closing)
        link_saved(live->link);
}

void live_want(struct live *live)
{
    if (!live->closing)
        link_afresh(live->link);
}

void live_close(struct live *live)
{
    if (live->closing)
        return;
    live->closing = true;
    link_close(live->link);
}

const struct presence *live_presence(const struct live *live)
{
    return &live->presence;
}
