/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session.h"

#include "proto/mem.h"

/*   NEW ─open→ GREETING ─WELCOME→ PLANNING ─planned→ TALKING ─all said→ OVER
 *                 ↑  └───EPOCH──┐    └─fork→ FORKING ─┐
 *                 └─rebased─ REBASING ←────EPOCH──────┘
 * From every state but NEW: BYE, a broken rule or a failed store → OVER; WIPE → WIPING → OVER.
 */
enum state { NEW, GREETING, PLANNING, TALKING, FORKING, REBASING, WIPING, OVER, STATE_COUNT };

/* Which messages may arrive in a state. */
#define A(type) (1U << MESSAGE_##type)
#define ALWAYS (A(BYE) | A(PING) | A(PONG) | A(WIPE))
#define DATA (A(VERDICTS) | A(PAGE) | A(IDLE) | A(LEAVE) | A(ERASE))
static const uint32_t allowed[STATE_COUNT] = {
    [GREETING] = ALWAYS | A(WELCOME) | A(EPOCH),
    [PLANNING] = ALWAYS | DATA,
    [TALKING] = ALWAYS | DATA | A(WANT) | A(CHUNK),
    /* what the server had sent before it read FORK is dropped */
    [FORKING] = ALWAYS | DATA | A(EPOCH),
    [REBASING] = ALWAYS,
};

/* Room for MESSAGE_VERDICTS_MAX ranges of the longest form, and then some. */
enum { VERDICTS_BYTES_MAX = MESSAGE_VERDICTS_MAX * 48 };

/* A frame that waits for the store, in order of arrival. */
struct kept {
    struct buf body;        /* copy the views of `message` point into; empty for IDLE */
    struct message message; /* VERDICTS, PAGE, LEAVE, ERASE, IDLE, WANT or CHUNK */
    uint64_t op_through;    /* VERDICTS: last operation of its last range */
};

struct session {
    enum state state;
    bool live;
    bool busy;                     /* a store action is outstanding … */
    enum session_action_type what; /* … this one */
    bool asked;                    /* `ask` is to be written at the end of this step */
    struct session_action ask;
    struct buf out; /* frames this step sends */
    enum err end;   /* OVER: why */
    uint32_t retry_ms;
    unsigned forks;

    struct hello hello; /* as it was sent */
    struct buf welcome; /* copy the views of the outstanding WELCOME point into */
    uint64_t known_op;  /* of the WELCOME */
    struct kept kept[SESSION_FRAMES_MAX];
    size_t first, count; /* ring of the above */
    unsigned pages_held; /* received and not yet confirmed */
    struct page batch[MESSAGE_PAGES_AHEAD];
    size_t batch_count; /* pages of the outstanding DO_PAGES */
    bool batch_idle;    /* an IDLE closes them */
    struct idle idle;   /* the one that does, then the last one applied */
    bool idle_known;    /* one was applied, and no page after it */

    uint64_t sent;                          /* operations pushed through here */
    uint64_t op_last;                       /* last operation saved, as far as we know */
    bool saved;                             /* there may be more */
    uint64_t flights[MESSAGE_PUSHES_AHEAD]; /* last operation of each push under way */
    size_t flights_count;
    uint64_t judged;  /* verdicts arrived through this operation */
    uint64_t seq_max; /* highest seq a verdict named */
    uint64_t offered; /* pages and IDLE arrived through here */

    bool contents;       /* the server takes and gives contents */
    bool contents_due;   /* there may be some to send or to fetch */
    bool contents_waits; /* asked, and the answer is not all there */
    bool content_kept;   /* the outstanding DO_CONTENT is about the frame at the front */
};

struct session *session_new(bool live)
{
    struct session *s = mem_new(sizeof *s);
    if (s != NULL)
        s->live = live;
    return s;
}

static struct kept *kept_at(struct session *s, size_t i)
{
    return &s->kept[(s->first + i) % SESSION_FRAMES_MAX];
}

static void kept_drop(struct session *s, size_t n)
{
    must(n <= s->count);
    for (size_t i = 0; i < n; i++)
        buf_done(&kept_at(s, i)->body);
    s->first = (s->first + n) % SESSION_FRAMES_MAX;
    s->count -= n;
}

void session_free(struct session *s)
{
    if (s == NULL)
        return;
    kept_drop(s, s->count);
    buf_done(&s->out);
    buf_done(&s->welcome);
    mem_free(s);
}

/* The conversation is over. Views given to an outstanding store action stay valid. */
static void end(struct session *s, enum err err, uint32_t retry_ms)
{
    s->state = OVER;
    s->end = err;
    s->retry_ms = retry_ms;
    s->asked = false;
}

/* Over, and the server is told why. */
static void say_bye(struct session *s, enum err err)
{
    message_bye(&s->out, &(struct bye){.err = err});
    end(s, err, 0);
}

static void ask(struct session *s, struct session_action action)
{
    must(!s->busy);
    s->busy = true;
    s->what = action.type;
    s->asked = true;
    s->ask = action;
}

static void greet(struct session *s, const struct hello *hello)
{
    s->hello = *hello;
    s->hello.live = s->live;
    message_hello(&s->out, &s->hello);
    s->state = GREETING;
}

/* Forget what belongs to the conversation before a new HELLO. */
static void start_over(struct session *s)
{
    kept_drop(s, s->count);
    s->pages_held = 0;
    s->flights_count = 0;
    s->idle_known = false;
    s->seq_max = 0;
    s->saved = false;
    s->contents = s->contents_due = s->contents_waits = false;
}

static void on_welcome(struct session *s, struct str body)
{
    buf_clear(&s->welcome);
    buf_add(&s->welcome, body.p, body.n);
    struct message m = {0};
    enum err err = s->welcome.err;
    if (err == ERR_OK)
        err = message_read(buf_str(&s->welcome), &m);
    if (err == ERR_OK && m.welcome.protocol != MESSAGE_PROTOCOL)
        err = ERR_VERSION;
    else if (err == ERR_OK &&
             (m.welcome.epoch != s->hello.epoch || m.welcome.pull_from > s->hello.pulled))
        err = ERR_PROTOCOL;
    if (err != ERR_OK) {
        say_bye(s, err);
        return;
    }
    s->known_op = m.welcome.known_op;
    s->judged = s->known_op < s->hello.acked ? s->known_op : s->hello.acked;
    s->sent = s->known_op;
    s->offered = m.welcome.pull_from;
    s->contents = s->contents_due = m.welcome.content > 0;
    s->state = PLANNING;
    ask(s, (struct session_action){.type = SESSION_DO_WELCOME, .message = m});
}

/* Verdicts come for consecutive operations, and only for those the server can know. */
static enum err check_verdicts(struct session *s, struct kept *kept)
{
    struct verdicts v = kept->message.verdicts;
    if (v.epoch != s->hello.epoch || v.count == 0)
        return ERR_PROTOCOL;
    for (uint32_t i = 0; i < v.count; i++) {
        struct verdict_range range = message_range(&v.ranges);
        if (v.ranges.bad)
            return ERR_FORMAT;
        if (range.from != s->judged + 1 || range.to > s->sent)
            return ERR_PROTOCOL;
        s->judged = range.to;
        if (range.seq > s->seq_max)
            s->seq_max = range.seq;
    }
    kept->op_through = s->judged;
    return ERR_OK;
}

static enum err check_page(struct session *s, const struct page *page)
{
    if (s->pages_held == MESSAGE_PAGES_AHEAD || page->from > s->offered)
        return ERR_PROTOCOL;
    s->pages_held++;
    if (page->to > s->offered)
        s->offered = page->to;
    return ERR_OK;
}

static enum err check_idle(struct session *s, const struct idle *idle)
{
    if (idle->through < s->offered)
        return ERR_PROTOCOL;
    s->offered = idle->through;
    return ERR_OK;
}

/* Keep VERDICTS, PAGE, LEAVE, ERASE, IDLE, WANT or CHUNK until the store can take it. */
static enum err keep(struct session *s, const struct message *m, struct str body)
{
    /* A second IDLE says all the first one did. */
    struct kept *last = s->count == 0 ? NULL : kept_at(s, s->count - 1);
    if (m->type == MESSAGE_IDLE && last != NULL && last->message.type == MESSAGE_IDLE &&
        !(s->batch_idle && s->count == s->batch_count + 1)) {
        last->message = *m;
        return check_idle(s, &m->idle);
    }
    if (session_full(s))
        return ERR_LIMIT;
    struct kept *kept = kept_at(s, s->count);
    *kept = (struct kept){.message = *m};
    if (m->type == MESSAGE_IDLE) {
        s->count++;
        return check_idle(s, &m->idle);
    }
    if (m->type == MESSAGE_VERDICTS && body.n > VERDICTS_BYTES_MAX)
        return ERR_LIMIT;
    buf_add(&kept->body, body.p, body.n);
    s->count++;
    if (kept->body.err != ERR_OK)
        return kept->body.err;
    enum err err = message_read(buf_str(&kept->body), &kept->message);
    if (err != ERR_OK)
        return err;
    if (m->type == MESSAGE_WANT || m->type == MESSAGE_CHUNK)
        return s->contents_waits ? ERR_OK : ERR_PROTOCOL;
    if (m->type == MESSAGE_LEAVE || m->type == MESSAGE_ERASE)
        return ERR_OK;
    return m->type == MESSAGE_PAGE ? check_page(s, &kept->message.page)
                                   : check_verdicts(s, kept);
}

static void on_epoch(struct session *s, uint32_t epoch)
{
    if (++s->forks > SESSION_FORKS_MAX) {
        say_bye(s, ERR_FORK);
        return;
    }
    s->state = REBASING;
    start_over(s);
    ask(s, (struct session_action){.type = SESSION_DO_REBASE, .epoch = epoch});
}

static void on_bye(struct session *s, const struct bye *bye)
{
    /* Before everything is said, a friendly goodbye is a lost connection. */
    end(s, bye->err == ERR_OK ? ERR_CLOSED : bye->err, bye->retry_ms);
}

static void on_data(struct session *s, const struct message *m, struct str body)
{
    if (s->state == FORKING)
        return;
    enum err err = keep(s, m, body);
    if (err != ERR_OK)
        say_bye(s, err);
}

static void on_frame(struct session *s, struct str body)
{
    if (s->state == WIPING)
        return; /* nothing may stop it */
    struct message m = {0};
    enum err err = message_read(body, &m);
    if (err == ERR_OK && (allowed[s->state] >> (unsigned)m.type & 1U) == 0)
        err = ERR_PROTOCOL;
    if (err != ERR_OK) {
        say_bye(s, err);
        return;
    }
    switch (m.type) {
    case MESSAGE_WELCOME:
        on_welcome(s, body);
        break;
    case MESSAGE_VERDICTS:
    case MESSAGE_PAGE:
    case MESSAGE_LEAVE:
    case MESSAGE_ERASE:
    case MESSAGE_IDLE:
    case MESSAGE_WANT:
    case MESSAGE_CHUNK:
        on_data(s, &m, body);
        break;
    case MESSAGE_EPOCH:
        on_epoch(s, m.epoch.epoch);
        break;
    case MESSAGE_BYE:
        on_bye(s, &m.bye);
        break;
    case MESSAGE_PING:
        message_empty(&s->out, MESSAGE_PONG);
        break;
    case MESSAGE_WIPE:
        s->state = WIPING;
        break;
    case MESSAGE_PONG:
    case MESSAGE_HELLO:
    case MESSAGE_PUSH:
    case MESSAGE_PULLED:
    case MESSAGE_FORK:
    case MESSAGE_ENROL:
    case MESSAGE_ENROLLED:
    case MESSAGE_WIPED:
    case MESSAGE_ERASED:
    case MESSAGE_OFFER:
    case MESSAGE_SITE:
    case MESSAGE_PARCEL:
    case MESSAGE_PIECE:
    case MESSAGE_RECEIPT:
    case MESSAGE_LISTED:
        break; /* PONG needs no answer; the table above lets none of the others in */
    }
}

static void on_planned(struct session *s, const struct session_event *event)
{
    if (s->state != PLANNING)
        return;
    if (event->fork) {
        message_empty(&s->out, MESSAGE_FORK);
        s->state = FORKING;
        return;
    }
    s->sent = event->push_from;
    s->op_last = event->op_last;
    s->state = TALKING;
}

static void on_push(struct session *s, const struct session_event *event)
{
    if (s->state != TALKING)
        return;
    s->op_last = event->op_last;
    if (event->last == s->sent) {
        s->op_last = s->sent; /* nothing to read: the outbox ends here */
        return;
    }
    must(event->last > s->sent && s->flights_count < MESSAGE_PUSHES_AHEAD);
    if (event->last > s->op_last) {
        s->op_last = event->last;
        s->saved = true; /* more was saved than we knew of: perhaps still more */
    }
    s->sent = event->last;
    s->flights[s->flights_count++] = event->last;
    buf_add(&s->out, event->bytes.p, event->bytes.n);
}

/* A push is answered once its verdicts are stored: that bounds what waits for the store. */
static void on_judged(struct session *s)
{
    uint64_t through = kept_at(s, 0)->op_through;
    kept_drop(s, 1);
    size_t answered = 0;
    while (answered < s->flights_count && s->flights[answered] <= through)
        answered++;
    for (size_t i = answered; i < s->flights_count; i++)
        s->flights[i - answered] = s->flights[i];
    s->flights_count -= answered;
}

static void on_applied(struct session *s, const struct session_event *event)
{
    kept_drop(s, s->batch_count + (s->batch_idle ? 1U : 0U));
    s->pages_held -= (unsigned)s->batch_count;
    s->contents_due = s->contents && (s->contents_due || s->batch_count > 0);
    s->idle_known = s->batch_idle; /* pages without one: another IDLE will follow */
    if (s->batch_count > 0 && s->state == TALKING)
        message_pulled(&s->out, event->through);
    s->batch_count = 0;
    s->batch_idle = false;
}

/* s->what was DO_CONTENT, with the frame at the front or none. */
static void on_content(struct session *s, const struct session_event *event)
{
    if (s->content_kept)
        kept_drop(s, 1);
    s->content_kept = false;
    s->contents_waits = event->waits;
    buf_add(&s->out, event->bytes.p, event->bytes.n);
}

static void on_failed(struct session *s, enum err err)
{
    must(err != ERR_OK);
    s->batch_count = 0;
    s->batch_idle = false;
    /* A wipe does not depend on what else failed. */
    if (s->state != WIPING || s->what == SESSION_DO_WIPE)
        say_bye(s, err);
}

static bool is_answer(enum session_event_type type, enum session_action_type what)
{
    switch (type) {
    case SESSION_EV_PLANNED:
        return what == SESSION_DO_WELCOME;
    case SESSION_EV_PUSH:
        return what == SESSION_DO_PUSH;
    case SESSION_EV_JUDGED:
        return what == SESSION_DO_VERDICTS;
    case SESSION_EV_APPLIED:
        return what == SESSION_DO_PAGES;
    case SESSION_EV_LEFT:
        return what == SESSION_DO_LEAVE;
    case SESSION_EV_CONTENT:
        return what == SESSION_DO_CONTENT;
    case SESSION_EV_REBASED:
        return what == SESSION_DO_REBASE;
    case SESSION_EV_WIPED:
        return what == SESSION_DO_WIPE;
    case SESSION_EV_STORE_FAILED:
        return true;
    case SESSION_EV_OPEN:
    case SESSION_EV_FRAME:
    case SESSION_EV_SAVED:
        return false;
    }
    return false;
}

static void take(struct session *s, const struct session_event *event)
{
    if (event->type > SESSION_EV_FRAME && event->type != SESSION_EV_SAVED) {
        must(s->busy && is_answer(event->type, s->what));
        s->busy = false;
    }
    if (s->state == OVER)
        return;
    switch (event->type) {
    case SESSION_EV_OPEN:
        must(s->state == NEW);
        greet(s, &event->hello);
        break;
    case SESSION_EV_FRAME:
        must(s->state != NEW);
        on_frame(s, event->bytes);
        break;
    case SESSION_EV_PLANNED:
        on_planned(s, event);
        break;
    case SESSION_EV_PUSH:
        on_push(s, event);
        break;
    case SESSION_EV_JUDGED:
        on_judged(s);
        break;
    case SESSION_EV_APPLIED:
        on_applied(s, event);
        break;
    case SESSION_EV_LEFT:
        kept_drop(s, 1);
        if (event->erased > 0 && s->state == TALKING)
            message_erased(&s->out, event->erased);
        break;
    case SESSION_EV_CONTENT:
        if (s->state == TALKING)
            on_content(s, event);
        break;
    case SESSION_EV_REBASED:
        if (s->state == REBASING)
            greet(s, &event->hello);
        break;
    case SESSION_EV_SAVED:
        s->saved = true;
        s->contents_due = s->contents;
        break;
    case SESSION_EV_WIPED:
        message_empty(&s->out, MESSAGE_WIPED);
        end(s, ERR_REVOKED, 0);
        break;
    case SESSION_EV_STORE_FAILED:
        on_failed(s, event->err);
        break;
    }
}

/* Pages at the front of what is kept, through the IDLE that closes them, as one action. */
static void ask_pages(struct session *s)
{
    uint64_t rows = 0;
    size_t n = 0;
    struct kept *kept = kept_at(s, 0);
    while (n < s->count && n < MESSAGE_PAGES_AHEAD && rows < SESSION_BATCH_ROWS &&
           kept->message.type == MESSAGE_PAGE) {
        rows += kept->message.page.rows;
        s->batch[n++] = kept->message.page;
        kept = kept_at(s, n);
    }
    s->batch_count = n;
    s->batch_idle = n < s->count && kept->message.type == MESSAGE_IDLE;
    if (s->batch_idle)
        s->idle = kept->message.idle;
    ask(s, (struct session_action){.type = SESSION_DO_PAGES});
}

/* Nothing is left of the records, on either side. */
static bool records_idle(const struct session *s)
{
    return s->state == TALKING && !s->busy && s->count == 0 && s->flights_count == 0 &&
           !s->saved && s->sent >= s->op_last && s->idle_known && s->idle.judged >= s->sent &&
           s->idle.through >= s->seq_max;
}

static void ask_content(struct session *s, bool kept)
{
    struct session_action action = {.type = SESSION_DO_CONTENT};
    if (kept)
        action.message = kept_at(s, 0)->message;
    s->content_kept = kept;
    ask(s, action);
}

/* Give the store its next work. Reading the outbox comes first: it keeps the server busy, and
 * what may be unanswered is bounded, so that verdicts and pages get their turns. */
static void pump(struct session *s)
{
    if (s->busy)
        return;
    if (s->state == WIPING) {
        ask(s, (struct session_action){.type = SESSION_DO_WIPE});
        return;
    }
    if (s->state != TALKING)
        return;
    if ((s->saved || s->sent < s->op_last) && s->flights_count < MESSAGE_PUSHES_AHEAD) {
        s->saved = false;
        ask(s, (struct session_action){.type = SESSION_DO_PUSH, .after = s->sent});
    } else if (s->count > 0 && kept_at(s, 0)->message.type == MESSAGE_VERDICTS) {
        ask(s, (struct session_action){.type = SESSION_DO_VERDICTS,
                                       .message = kept_at(s, 0)->message});
    } else if (s->count > 0 && (kept_at(s, 0)->message.type == MESSAGE_LEAVE ||
                                kept_at(s, 0)->message.type == MESSAGE_ERASE)) {
        ask(s, (struct session_action){.type = SESSION_DO_LEAVE,
                                       .message = kept_at(s, 0)->message});
    } else if (s->count > 0 && (kept_at(s, 0)->message.type == MESSAGE_WANT ||
                                kept_at(s, 0)->message.type == MESSAGE_CHUNK)) {
        ask_content(s, true);
    } else if (s->count > 0) {
        ask_pages(s);
    } else if (s->contents_due && !s->contents_waits && records_idle(s)) {
        s->contents_due = false;
        ask_content(s, false);
    }
}

size_t session_step(struct session *s, const struct session_event *event,
                    struct session_action actions[SESSION_ACTIONS_MAX])
{
    bool was_over = s->state == OVER;
    buf_clear(&s->out);
    s->asked = false;
    take(s, event);
    pump(s);
    if (!s->live && session_idle(s))
        say_bye(s, ERR_OK);
    if (s->out.err != ERR_OK) {
        enum err err = s->out.err;
        buf_clear(&s->out);
        end(s, err, 0);
    }
    size_t n = 0;
    if (s->asked)
        actions[n++] = s->ask;
    if (s->out.n > 0)
        actions[n++] = (struct session_action){.type = SESSION_SEND, .bytes = buf_str(&s->out)};
    if (s->state == OVER && !was_over)
        actions[n++] = (struct session_action){
            .type = SESSION_DONE, .err = s->end, .retry_ms = s->retry_ms};
    return n;
}

bool session_full(const struct session *s)
{
    return s->count == SESSION_FRAMES_MAX;
}

size_t session_pages(const struct session *s, const struct page **pages,
                     const struct idle **idle)
{
    *pages = s->batch;
    *idle = s->batch_idle ? &s->idle : NULL;
    return s->batch_count;
}

bool session_pushing(const struct session *s)
{
    return s->flights_count > 0;
}

bool session_contents(const struct session *s)
{
    return s->contents_due || s->contents_waits;
}

bool session_idle(const struct session *s)
{
    return records_idle(s) && !session_contents(s);
}
