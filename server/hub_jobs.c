/* SPDX-License-Identifier: Apache-2.0 */
/* The hub's jobs: which are given out when, what they do on the store's thread, and what
 * follows from each. */
#include "server/enrol.h"
#include "server/hub_inside.h"

bool hub_of_machine(enum err err)
{
    return err == ERR_NOMEM || err == ERR_IO || err == ERR_FULL || err == ERR_CORRUPT ||
           err == ERR_BUSY;
}

/* The store must not be written any more. */
static bool fatal(enum err err)
{
    return err == ERR_IO || err == ERR_CORRUPT;
}

/* ---- giving out ---- */

void hub_job_free(struct hub_job *job)
{
    buf_done(&job->frames);
    for (size_t i = 0; job->kind == HUB_JOB_COMMIT && i < job->count; i++) {
        buf_done(&job->pushes[i]->frames);
        mem_free(job->pushes[i]);
    }
    mem_free(job->pushes);
    mem_free(job->batch);
    mem_free(job->seen);
    mem_free(job->marks);
    mem_free(job);
}

static void give_out(struct hub *hub, struct hub_job *job)
{
    must(hub->jobs < LIMIT_JOBS);
    hub->jobs++;
    hub_act(hub, (struct hub_action){.type = HUB_JOB, .job = job});
}

static enum hub_job_kind kind_of(enum hub_state state)
{
    switch (state) {
    case HUB_GREETING:
        return HUB_JOB_HELLO;
    case HUB_FORKING:
        return HUB_JOB_FORK;
    case HUB_ENROLLING:
        return HUB_JOB_ENROL;
    case HUB_WIPED:
        return HUB_JOB_WIPED;
    case HUB_TALKING:
        return HUB_JOB_PAGE;
    case HUB_SITE_GREETS:
        return HUB_JOB_SITE;
    case HUB_SITE_JUDGED:
        return HUB_JOB_PARCEL;
    case HUB_WAITS_HELLO:
    case HUB_WAITS_ENROL:
    case HUB_WIPING:
    case HUB_SITE_TALKS:
    case HUB_ENDING:
        break;
    }
    must(false);
}

/* The first of the line whose turn it is. NULL: nobody stands in either. */
static struct hub_peer *next_ready(struct hub *hub)
{
    struct hub_line *light = &hub->lines[0];
    struct hub_line *bulk = &hub->lines[1];
    bool turn =
        bulk->first != NULL && (light->first == NULL || hub->turns >= LIMIT_LIGHT_TURNS);
    struct hub_line *line = turn ? bulk : light;
    struct hub_peer *peer = line->first;
    if (peer == NULL)
        return NULL;
    hub->turns = turn ? 0 : hub->turns + 1;
    line->first = peer->ready_next;
    peer->ready = false;
    return peer;
}

static void give_peer_jobs(struct hub *hub)
{
    while (hub->peer_jobs < LIMIT_JOBS_AHEAD) {
        struct hub_peer *peer = next_ready(hub);
        if (peer == NULL)
            return;
        if (!hub_due(hub, peer)) { /* no longer */
            hub_unref(hub, peer);
            continue;
        }
        /* Its reference as one of the line is the job's now. */
        struct hub_job *job = mem_new(sizeof *job);
        if (job == NULL) {
            hub_end(hub, peer, ERR_LATER);
            hub_unref(hub, peer);
            continue;
        }
        job->kind = kind_of(peer->state);
        job->peer = peer;
        job->device = peer->device;
        job->ca = hub->ca;
        peer->busy = true;
        if (job->kind == HUB_JOB_PAGE && !hub_page_due(hub, peer)) {
            hub_content_give(peer, job);
        } else if (job->kind == HUB_JOB_PAGE) {
            peer->want_page = false;
            job->quiet = peer->hello.live && !peer->owes_idle &&
                         hub->now_ms - peer->idled_ms < LIMIT_IDLE_MS;
        }
        hub->peer_jobs++;
        give_out(hub, job);
    }
}

/* Everything that waits, oldest first, up to the limits: one commit. */
static struct hub_job *commit_job(struct hub *hub)
{
    size_t count = 0;
    size_t bytes = 0;
    for (struct hub_push *p = hub->push_first; p != NULL && count < LIMIT_COMMIT_PUSHES;
         p = p->next) {
        bytes += p->push.body.n;
        if (count > 0 && bytes > LIMIT_COMMIT_BYTES)
            break;
        count++;
    }
    struct hub_job *job = mem_new(sizeof *job);
    if (job == NULL)
        return NULL;
    job->kind = HUB_JOB_COMMIT;
    job->pushes = mem_array(count, sizeof *job->pushes);
    job->batch = mem_array(count, sizeof *job->batch);
    if (job->pushes == NULL || job->batch == NULL) {
        hub_job_free(job);
        return NULL;
    }
    for (; job->count < count; job->count++) {
        struct hub_push *p = hub->push_first;
        hub->push_first = p->next;
        job->pushes[job->count] = p;
        job->batch[job->count] = (struct serve_push){
            .session = &p->peer->session, .push = p->push, .frames = &p->frames};
    }
    return job;
}

static void give_commit(struct hub *hub)
{
    if (hub->committing || hub->push_first == NULL)
        return;
    struct hub_job *job = commit_job(hub);
    if (job == NULL) { /* no memory for a commit: whoever waits comes back later */
        while (hub->push_first != NULL)
            hub_end(hub, hub->push_first->peer, ERR_LATER);
        return;
    }
    hub->committing = true;
    give_out(hub, job);
}

static struct hub_job *seen_job(struct hub *hub)
{
    size_t count = 0;
    for (struct hub_peer *p = hub->seen_first; p != NULL && count < LIMIT_SEEN_PEERS;
         p = p->seen_next)
        count++;
    struct hub_job *job = mem_new(sizeof *job);
    if (job == NULL)
        return NULL;
    job->kind = HUB_JOB_SEEN;
    job->seen = mem_array(count, sizeof(struct hub_peer *));
    job->marks = mem_array(count, sizeof *job->marks);
    if (job->seen == NULL || job->marks == NULL) {
        hub_job_free(job);
        return NULL;
    }
    for (; job->count < count; job->count++) {
        struct hub_peer *peer = hub->seen_first;
        hub->seen_first = peer->seen_next;
        peer->seen_queued = false;
        job->seen[job->count] = peer;
        job->marks[job->count] = (struct serve_seen){
            .session = &peer->session, .pulled = peer->seen, .erased = peer->erased};
    }
    return job;
}

static void give_seen(struct hub *hub)
{
    if (hub->noting || hub->seen_first == NULL)
        return;
    if (hub->now_ms < hub->seen_ms && !hub->draining) {
        hub_wake_at(hub, hub->seen_ms);
        return;
    }
    hub->seen_ms = hub->now_ms + LIMIT_SEEN_MS;
    struct hub_job *job = seen_job(hub);
    if (job == NULL)
        return;
    hub->noting = true;
    give_out(hub, job);
}

/* Where nobody saves or asks anything, nobody would notice that a right has begun or ended. */
static void give_today(struct hub *hub)
{
    if (hub->peers == 0)
        hub->day_ms = 0;
    if (hub->peers == 0 || hub->looking || hub->draining)
        return;
    if (hub->day_ms != 0 && hub->now_ms >= hub->day_ms) {
        struct hub_job *job = mem_new(sizeof *job);
        if (job != NULL) {
            job->kind = HUB_JOB_TODAY;
            hub->looking = true;
            give_out(hub, job);
        }
        hub->day_ms = 0;
    }
    if (hub->day_ms == 0)
        hub->day_ms =
            hub->now_ms + hub_draw(hub, LIMIT_DAY_MS, LIMIT_DAY_MS + LIMIT_DAY_MS / 2);
    hub_wake_at(hub, hub->day_ms);
}

void hub_pump(struct hub *hub)
{
    if (hub->failed != ERR_OK)
        return;
    give_commit(hub);
    hub_first_next(hub);
    give_peer_jobs(hub);
    give_seen(hub);
    give_today(hub);
}

void hub_drop_pushes(struct hub *hub, struct hub_peer *peer)
{
    struct hub_push **at = &hub->push_first;
    if (peer->pushes == 0)
        return;
    hub->push_last = NULL;
    peer->refs++;
    while (*at != NULL) {
        struct hub_push *p = *at;
        if (p->peer != peer) {
            hub->push_last = p;
            at = &p->next;
            continue;
        }
        *at = p->next;
        hub->push_bytes -= p->push.body.n;
        mem_free(p);
        peer->pushes--;
        peer->refs--;
    }
    hub_unref(hub, peer); /* which may be the end of it */
}

/* ---- on the store's thread ---- */

static void run_wiped(struct store *s, struct hub_job *job)
{
    job->err = serve_device_heard(s, job->device.device, 0, store_now(s));
    if (job->err == ERR_OK)
        job->err = serve_device_state(s, job->device.device, DEVICE_WIPED);
}

/* The order goes out whether or not that can be noted. */
static void note_told(struct store *s, struct hub_job *job)
{
    enum err err = serve_device_heard(s, job->device.device, store_now(s), 0);
    if (err == ERR_IO || err == ERR_CORRUPT)
        job->err = err;
}

static void run_hello(struct store *s, struct hub_job *job)
{
    struct hub_peer *peer = job->peer;
    serve_session_done(&peer->session);
    struct buf authority = {0};
    job->err = serve_device(s, peer->key, &job->device);
    if (job->err == ERR_OK && job->ca != NULL)
        job->err =
            enrol_authority(job->ca, peer->former ? peer->public : NULL, peer->key, &authority);
    job->device.authority = buf_str(&authority);
    if (job->err == ERR_OK)
        job->err = serve_hello(s, &job->device, &peer->hello, &peer->session, &job->frames);
    job->device.authority = (struct str){NULL, 0};
    buf_done(&authority);
    if (job->err == ERR_REVOKED && job->device.state == DEVICE_WIPE)
        note_told(s, job);
    if (job->err == ERR_REFUSED) { /* not an epoch of this device: it gets one */
        job->epoch = true;
        job->err = serve_fork(s, &job->device, &job->frames);
    }
    job->cursor = peer->session.reader.cursor;
    job->first = job->cursor == 0 && peer->session.reader.fill_to == 0;
}

/* What the frames begin with; 0: there are none. */
static enum message_type first_of(const struct buf *frames)
{
    struct str body = {0};
    size_t used = 0;
    if (frame_next(buf_str(frames), FRAME_BYTES_MAX, &body, &used) != ERR_OK || body.n == 0)
        return (enum message_type)0;
    struct cur cur = cur_of(body.p, body.n);
    (void)unpack_array(&cur);
    return (enum message_type)unpack_int(&cur);
}

static void run_page(struct store *s, struct hub_job *job)
{
    struct serve_session *session = &job->peer->session;
    uint64_t told = session->reader.told;
    bool complete = session->had.held == session->version;
    job->err = serve_page(s, session, &job->frames, &job->idle);
    enum message_type first = first_of(&job->frames);
    job->paged = job->err == ERR_OK && first == MESSAGE_PAGE;
    /* An IDLE and nothing else, to one who knows that its rights are complete: pages will go on
     * from what was said before it. */
    job->hushed =
        job->err == ERR_OK && job->quiet && job->idle && complete && first == MESSAGE_IDLE;
    if (job->hushed) {
        buf_clear(&job->frames);
        session->reader.told = told;
    }
    job->cursor = session->reader.cursor;
}

static void run_enrol(struct store *s, struct hub_job *job)
{
    struct message m;
    job->err = message_read(job->peer->request, &m);
    if (job->err == ERR_OK)
        job->err = enrol_answer(s, job->ca, &m.enrol, &job->frames);
}

/* One broken push must not keep the others from being committed: when the batch fails for no
 * fault of the machine, each is taken alone. */
static void run_commit(struct store *s, struct hub_job *job)
{
    job->err = serve_pushes(s, job->batch, job->count);
    if (job->err == ERR_OK || hub_of_machine(job->err))
        return;
    job->err = ERR_OK;
    for (size_t i = 0; i < job->count && job->err == ERR_OK; i++) {
        enum err err = serve_pushes(s, &job->batch[i], 1);
        if (hub_of_machine(err))
            job->err = err;
        else if (err != ERR_OK)
            job->batch[i].err = err;
    }
}

void hub_job_run(struct store *s, struct hub_job *job)
{
    switch (job->kind) {
    case HUB_JOB_HELLO:
        run_hello(s, job);
        break;
    case HUB_JOB_FORK:
        job->err = serve_fork(s, &job->device, &job->frames);
        break;
    case HUB_JOB_PAGE:
        run_page(s, job);
        break;
    case HUB_JOB_ENROL:
        run_enrol(s, job);
        break;
    case HUB_JOB_WIPED:
        run_wiped(s, job);
        break;
    case HUB_JOB_COMMIT:
        run_commit(s, job);
        break;
    case HUB_JOB_SEEN:
        job->err = serve_seen(s, job->marks, job->count);
        break;
    case HUB_JOB_TODAY:
        job->err = serve_today(s);
        break;
    case HUB_JOB_CONTENT:
        hub_content_run(s, job);
        break;
    case HUB_JOB_SITE:
        hub_relay_greet_run(s, job);
        break;
    case HUB_JOB_PARCEL:
        hub_relay_parcel_run(s, job);
        break;
    }
    job->seq = serve_seq(s);
    job->rights = serve_rights(s);
}

/* ---- what follows ---- */

void hub_peer_failed(struct hub *hub, struct hub_peer *peer, enum err err)
{
    if (fatal(err)) {
        hub_fail(hub, err);
    } else if (err == ERR_LATER) {
        hub_end_soon(hub, peer);
    } else if (hub_of_machine(err)) {
        hub_end(hub, peer, ERR_LATER);
    } else {
        hub_end(hub, peer, err);
    }
}

/* Two connections of one device are enough; the oldest goes. */
static void keep_newest(struct hub *hub, const struct hub_peer *newest)
{
    struct hub_peer *oldest = NULL;
    unsigned others = 0;
    for (struct hub_peer *peer = newest->at->peers; peer != NULL; peer = peer->at_next) {
        if (peer == newest || peer->state == HUB_ENDING || peer->device.device == 0)
            continue;
        others++;
        oldest = peer;
    }
    if (others >= LIMIT_DEVICE_PEERS)
        hub_end(hub, oldest, ERR_LATER);
}

static void hello_done(struct hub *hub, struct hub_peer *peer, struct hub_job *job)
{
    if (job->err == ERR_REVOKED && job->device.state == DEVICE_WIPE) {
        peer->device = job->device;
        hub_wipe(hub, peer);
        return;
    }
    if (job->err != ERR_OK) { /* a key we do not list is refused, not "not found" */
        hub_peer_failed(hub, peer, job->err == ERR_NOTFOUND ? ERR_REFUSED : job->err);
        return;
    }
    peer->device = job->device;
    keep_newest(hub, peer);
    if (job->epoch && ++peer->forks > LIMIT_EPOCHS) {
        hub_end(hub, peer, ERR_FORK);
        return;
    }
    hub_send(hub, peer, buf_str(&job->frames));
    if (job->epoch) {
        hub_await(hub, peer, HUB_WAITS_HELLO, LIMIT_FORK_MS);
        return;
    }
    peer->state = HUB_TALKING;
    peer->told = job->cursor;
    peer->erased = 0;
    peer->seen = peer->hello.pulled < job->seq ? peer->hello.pulled : job->seq;
    peer->judged = peer->session.judged;
    peer->want_page = true;
    peer->owes_idle = true;
    hub_ahead_drop(hub, peer, peer->ahead_n);
    hub_note(hub, peer);
    hub_wake_at(hub, hub->now_ms + LIMIT_PING_MS);
    hub_first_ask(hub, peer, job);
}

static void page_done(struct hub *hub, struct hub_peer *peer, struct hub_job *job)
{
    if (job->err != ERR_OK) {
        hub_peer_failed(hub, peer, job->err);
        return;
    }
    peer->told = job->hushed ? peer->told : job->cursor;
    peer->paged_ms = hub->now_ms;
    peer->bulk = !job->idle;
    if (job->paged) {
        peer->ahead_bytes[peer->ahead_n] = job->frames.n;
        peer->ahead[peer->ahead_n++] = job->cursor;
        hub->page_bytes += job->frames.n;
    }
    if (!job->idle) {
        peer->want_page = true;
    } else if (!job->hushed) {
        peer->owes_idle = false;
        peer->idled_ms = hub->now_ms;
        hub_first_over(hub, peer);
    }
    hub_send(hub, peer, buf_str(&job->frames));
    hub_tell_idle(hub, peer);
}

static void fork_done(struct hub *hub, struct hub_peer *peer, struct hub_job *job)
{
    if (job->err != ERR_OK) {
        hub_peer_failed(hub, peer, job->err);
        return;
    }
    hub_send(hub, peer, buf_str(&job->frames));
    hub_await(hub, peer, HUB_WAITS_HELLO, LIMIT_FORK_MS);
}

/* ENROLLED is the last message of its conversation; the client comes back with its certificate.
 */
static void enrol_done(struct hub *hub, struct hub_peer *peer, struct hub_job *job)
{
    if (job->err != ERR_OK) {
        hub_peer_failed(hub, peer, job->err);
        return;
    }
    hub_send(hub, peer, buf_str(&job->frames));
    hub_cut(hub, peer, ERR_OK);
}

static void peer_job_done(struct hub *hub, struct hub_job *job)
{
    struct hub_peer *peer = job->peer;
    hub->peer_jobs--;
    peer->busy = false;
    if (fatal(job->err))
        hub_fail(hub, job->err);
    /* In another state the answer comes too late: nobody waits for it. */
    bool content = job->kind == HUB_JOB_CONTENT;
    bool awaited = peer->state != HUB_ENDING && peer->state != HUB_WIPING &&
                   peer->state != HUB_SITE_TALKS &&
                   (content ? peer->state == HUB_TALKING : kind_of(peer->state) == job->kind);
    if (content)
        hub_content_done(hub, peer, job);
    if (awaited && job->kind == HUB_JOB_HELLO)
        hello_done(hub, peer, job);
    else if (awaited && job->kind == HUB_JOB_PAGE)
        page_done(hub, peer, job);
    else if (awaited && job->kind == HUB_JOB_FORK)
        fork_done(hub, peer, job);
    else if (awaited && job->kind == HUB_JOB_ENROL)
        enrol_done(hub, peer, job);
    else if (awaited && job->kind == HUB_JOB_SITE)
        hub_relay_greeted(hub, peer, job);
    else if (awaited && job->kind == HUB_JOB_PARCEL)
        hub_relay_judged(hub, peer, job);
    else if (awaited && job->err != ERR_OK)
        hub_peer_failed(hub, peer, job->err);
    else if (awaited && !content)
        hub_cut(hub, peer, ERR_OK);
    hub_ready(hub, peer);
    hub_unref(hub, peer);
}

/* One push of a commit that succeeded. */
static void push_done(struct hub *hub, struct hub_peer *peer, const struct serve_push *push)
{
    if (peer->state != HUB_TALKING)
        return;
    if (push->err != ERR_OK) {
        hub_peer_failed(hub, peer, push->err);
        return;
    }
    uint64_t last = push->push.first_op + push->push.count - 1;
    peer->judged = last > peer->judged ? last : peer->judged;
    hub_send(hub, peer, buf_str(push->frames));
    peer->want_page = true; /* IDLE follows, which says that it is judged */
    peer->owes_idle = true;
}

static void commit_done(struct hub *hub, struct hub_job *job)
{
    hub->committing = false;
    hub->commits += job->err == ERR_OK ? 1 : 0;
    bool choked = hub->push_bytes >= LIMIT_WAITING_BYTES;
    if (fatal(job->err))
        hub_fail(hub, job->err);
    for (size_t i = 0; i < job->count; i++) {
        struct hub_peer *peer = job->pushes[i]->peer;
        hub->push_bytes -= job->pushes[i]->push.body.n;
        peer->pushes--;
        if (job->err != ERR_OK)
            hub_end(hub, peer, ERR_LATER); /* nothing was kept, nothing is acknowledged */
        else
            push_done(hub, peer, &job->batch[i]);
    }
    hub->pushes += job->err == ERR_OK ? job->count : 0;
    hub_committed(hub, job->seq);
    for (size_t i = 0; i < job->count; i++) {
        struct hub_peer *peer = job->pushes[i]->peer;
        if (peer->leaving && peer->pushes == 0)
            hub_end(hub, peer, ERR_LATER);
        hub_first_away(hub, peer);
        hub_flow(hub, peer);
        hub_ready(hub, peer);
        hub_unref(hub, peer);
    }
    for (size_t i = 0; choked && i < hub->slots_n; i++)
        if (hub->slots[i] != NULL)
            hub_flow(hub, hub->slots[i]);
}

static void seen_done(struct hub *hub, struct hub_job *job)
{
    hub->noting = false;
    if (fatal(job->err))
        hub_fail(hub, job->err);
    for (size_t i = 0; i < job->count; i++)
        hub_unref(hub, job->seen[i]);
}

/* On a full disk the rights stay those of yesterday, for everybody, until the next look. */
static void today_done(struct hub *hub, struct hub_job *job)
{
    hub->looking = false;
    if (fatal(job->err))
        hub_fail(hub, job->err);
}

void hub_job_done(struct hub *hub, struct hub_job *job)
{
    must(hub->jobs > 0);
    hub->jobs--;
    if (job->kind == HUB_JOB_COMMIT)
        commit_done(hub, job);
    else if (job->kind == HUB_JOB_SEEN)
        seen_done(hub, job);
    else if (job->kind == HUB_JOB_TODAY)
        today_done(hub, job);
    else
        peer_job_done(hub, job);
    hub_turned(hub, job->rights);
    job->next = hub->spent;
    hub->spent = job;
}
