/* SPDX-License-Identifier: Apache-2.0 */
/* A client's session against a server that says anything: sensible messages with numbers from
 * the input, raw bytes, in any order, while the store answers or fails. Whatever comes, the
 * actions are bounded, one store action is out at a time, and after the end nothing happens. */
#include "proto/session.h"

#include "proto/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EPOCH = 7, STEPS_MAX = 400, RAW_BYTES_MAX = 64 };

struct play {
    struct session *session;
    struct cur in;
    bool busy; /* a store action is out … */
    struct session_action out;
    bool over;
    uint64_t sent; /* operations pushed */
    uint64_t ops;  /* operations there are */
    struct buf frame;
};

static uint64_t small(struct play *p)
{
    return cur_left(&p->in) == 0 ? 0 : cur_u8(&p->in) % 16;
}

static void check_pages(struct play *p)
{
    const struct page *pages = NULL;
    const struct idle *idle = NULL;
    size_t n = session_pages(p->session, &pages, &idle);
    must(n <= MESSAGE_PAGES_AHEAD);
    must(n > 0 || idle != NULL);
    for (size_t i = 0; i < n; i++) /* the views still live */
        for (size_t k = 0; k < pages[i].body.n; k++)
            must(pages[i].body.p[k] == 'r');
}

static void step(struct play *p, const struct session_event *event)
{
    struct session_action actions[SESSION_ACTIONS_MAX];
    size_t n = session_step(p->session, event, actions);
    must(n <= SESSION_ACTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        must(!p->over);
        if (actions[i].type == SESSION_DONE) {
            p->over = true;
        } else if (actions[i].type == SESSION_SEND) {
            struct str body = {NULL, 0};
            size_t used = 0;
            must(frame_next(actions[i].bytes, FRAME_BYTES_MAX, &body, &used) == ERR_OK);
            must(used > 0);
        } else {
            must(!p->busy);
            p->busy = true;
            p->out = actions[i];
            if (p->out.type == SESSION_DO_PAGES)
                check_pages(p);
        }
    }
}

static void answer_push(struct play *p)
{
    struct session_event event = {.type = SESSION_EV_PUSH, .op_last = p->ops};
    uint64_t n = small(p);
    event.last = p->out.after + n > p->ops ? p->ops : p->out.after + n;
    if (event.last < p->out.after)
        event.last = p->out.after;
    buf_clear(&p->frame);
    message_push(&p->frame, &(struct push){.epoch = EPOCH});
    event.bytes = buf_str(&p->frame);
    step(p, &event);
}

static void answer(struct play *p)
{
    struct session_event event = {.hello = {.epoch = EPOCH}};
    p->busy = false;
    if (small(p) == 15) {
        event.type = SESSION_EV_STORE_FAILED;
        event.err = ERR_FULL;
        step(p, &event);
        return;
    }
    switch (p->out.type) {
    case SESSION_DO_WELCOME:
        event.type = SESSION_EV_PLANNED;
        event.fork = small(p) == 1;
        event.push_from = p->out.message.welcome.known_op;
        event.op_last = p->ops;
        break;
    case SESSION_DO_PUSH:
        answer_push(p);
        return;
    case SESSION_DO_VERDICTS:
        event.type = SESSION_EV_JUDGED;
        break;
    case SESSION_DO_PAGES:
        event.type = SESSION_EV_APPLIED;
        break;
    case SESSION_DO_LEAVE:
        event.type = SESSION_EV_LEFT;
        event.erased = small(p);
        break;
    case SESSION_DO_REBASE:
        event.type = SESSION_EV_REBASED;
        break;
    case SESSION_DO_CONTENT:
        event.type = SESSION_EV_CONTENT;
        event.waits = small(p) % 2 == 1;
        buf_clear(&p->frame);
        message_want(&p->frame, &(struct want){.from = small(p), .max = 1});
        event.bytes = buf_str(&p->frame);
        break;
    case SESSION_DO_WIPE:
        event.type = SESSION_EV_WIPED;
        break;
    case SESSION_SEND:
    case SESSION_DONE:
        break;
    }
    step(p, &event);
}

/* Of frames: those of put_message, any bytes, and a message without items. */
enum { RAW = 9, KINDS = 11 };

static void put_message(struct play *p, uint64_t kind)
{
    struct verdict_range range = {small(p), small(p), VERDICT_APPLIED, REASON_NONE, small(p)};
    switch (kind) {
    case 0:
        message_welcome(&p->frame, &(struct welcome){.protocol = MESSAGE_PROTOCOL,
                                                     .epoch = EPOCH,
                                                     .known_op = small(p),
                                                     .content = small(p),
                                                     .pull_from = small(p)});
        break;
    case 1:
        message_verdicts(&p->frame, EPOCH, &range, 1);
        break;
    case 2:
        message_page(&p->frame, &(struct page){.from = range.from,
                                               .to = range.from + range.to,
                                               .rows = 400 * (uint32_t)range.seq,
                                               .body = STR("rrrr")});
        break;
    case 3:
        message_idle(&p->frame, &(struct idle){.through = small(p), .judged = small(p)});
        break;
    case 4:
        message_epoch(&p->frame, &(struct epoch_given){.epoch = EPOCH});
        break;
    case 5: {
        struct buf scopes = {0};
        message_leave_add(&scopes, &(struct leave_scope){LEAVE_DOSSIER, {{1}}, 7});
        message_leave(&p->frame, 1, buf_str(&scopes));
        buf_done(&scopes);
        break;
    }
    case 6: {
        struct buf orders = {0};
        message_erase_add(&orders, &(struct erase_order){small(p), {{1}}});
        message_erase(&p->frame, 1, buf_str(&orders));
        buf_done(&orders);
        break;
    }
    case 7:
        message_want(&p->frame, &(struct want){.from = small(p), .err = ERR_NOTFOUND});
        break;
    case 8:
        message_chunk(&p->frame, &(struct chunk){.from = small(p), .bytes = STR("x")});
        break;
    default:
        message_empty(&p->frame,
                      (enum message_type)(MESSAGE_HELLO + kind % (uint64_t)MESSAGE_WIPED));
        break;
    }
}

static void hear(struct play *p, uint64_t kind)
{
    struct session_event event = {.type = SESSION_EV_FRAME};
    if (session_full(p->session))
        return;
    buf_clear(&p->frame);
    if (kind == RAW) {
        size_t left = cur_left(&p->in);
        event.bytes = cur_take(&p->in, left < RAW_BYTES_MAX ? left : RAW_BYTES_MAX);
        buf_add(&p->frame, event.bytes.p, event.bytes.n);
        event.bytes = buf_str(&p->frame);
    } else {
        put_message(p, kind);
        event.bytes = (struct str){(const char *)p->frame.p + FRAME_HEAD_BYTES,
                                   p->frame.n - FRAME_HEAD_BYTES};
    }
    step(p, &event);
    if (p->frame.n > 0) /* what the session keeps, it has copied */
        memset(p->frame.p, 0xA5, p->frame.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct play p = {.in = cur_of(data, size)};
    p.session = session_new(small(&p) % 2 == 1);
    must(p.session != NULL);
    p.ops = small(&p);
    struct hello hello = {.epoch = EPOCH, .op_last = p.ops, .acked = small(&p)};
    hello.pulled = small(&p);
    step(&p, &(struct session_event){.type = SESSION_EV_OPEN, .hello = hello});
    for (unsigned i = 0; i < STEPS_MAX && cur_left(&p.in) > 0; i++) {
        uint64_t what = small(&p);
        if (what < 6 && p.busy)
            answer(&p);
        else if (what == 6)
            step(&p, &(struct session_event){.type = SESSION_EV_SAVED});
        else
            hear(&p, what % KINDS);
    }
    session_free(p.session);
    buf_done(&p.frame);
    return 0;
}
