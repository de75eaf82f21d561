/* SPDX-License-Identifier: Apache-2.0 */
/* A session under test, and the words of a server for it. */
#ifndef SUPPORT_TALK_H
#define SUPPORT_TALK_H

#include "proto/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { EPOCH = 7, OPS = 5, SEEN = 40 };

/* A session under test and what its last step asked for. */
struct talk {
    struct session *session;
    struct session_action actions[SESSION_ACTIONS_MAX];
    size_t count;
    struct buf frame; /* what the server says next */
};

static inline struct hello hello_of(uint64_t op_last, uint64_t acked)
{
    return (struct hello){.protocol = MESSAGE_PROTOCOL,
                          .epoch = EPOCH,
                          .op_last = op_last,
                          .acked = acked,
                          .pulled = SEEN};
}

static inline void step(struct talk *t, struct session_event event)
{
    t->count = session_step(t->session, &event, t->actions);
    assert_true(t->count <= SESSION_ACTIONS_MAX);
}

static inline const struct session_action *action(const struct talk *t,
                                                  enum session_action_type type)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->actions[i].type == type)
            return &t->actions[i];
    return NULL;
}

static inline bool asks_store(const struct talk *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->actions[i].type != SESSION_SEND && t->actions[i].type != SESSION_DONE)
            return true;
    return false;
}

/* The messages this step sends, in order. */
static inline size_t sent(const struct talk *t, struct message *out, size_t max)
{
    const struct session_action *send = action(t, SESSION_SEND);
    size_t n = 0;
    struct str rest = send == NULL ? (struct str){NULL, 0} : send->bytes;
    while (rest.n > 0) {
        struct str body = {NULL, 0};
        size_t used = 0;
        assert_int_equal(frame_next(rest, FRAME_BYTES_MAX, &body, &used), ERR_OK);
        assert_true(used > 0 && n < max);
        assert_int_equal(message_read(body, &out[n]), ERR_OK);
        n++;
        rest = (struct str){rest.p + used, rest.n - used};
    }
    return n;
}

static inline void assert_sent(const struct talk *t, enum message_type type)
{
    struct message messages[4];
    size_t n = sent(t, messages, 4);
    for (size_t i = 0; i < n; i++)
        if (messages[i].type == type)
            return;
    fail_msg("message %d was not sent", (int)type);
}

static inline void assert_done(const struct talk *t, enum err err)
{
    const struct session_action *done = action(t, SESSION_DONE);
    assert_non_null(done);
    assert_string_equal(err_name(done->err), err_name(err));
}

/* The server says what is in t->frame. The bytes are destroyed afterwards: the session must
 * have copied what it keeps. */
static inline void hear(struct talk *t)
{
    assert_int_equal(t->frame.err, ERR_OK);
    struct str body = {(const char *)t->frame.p + FRAME_HEAD_BYTES,
                       t->frame.n - FRAME_HEAD_BYTES};
    step(t, (struct session_event){.type = SESSION_EV_FRAME, .bytes = body});
    memset(t->frame.p, 0xA5, t->frame.n);
    buf_clear(&t->frame);
}

static inline void hear_welcome(struct talk *t, uint64_t known_op)
{
    message_welcome(&t->frame, &(struct welcome){.protocol = MESSAGE_PROTOCOL,
                                                 .epoch = EPOCH,
                                                 .known_op = known_op,
                                                 .pull_from = SEEN});
    hear(t);
}

static inline void hear_verdicts(struct talk *t, uint64_t from, uint64_t to, uint64_t seq)
{
    struct verdict_range range = {from, to, VERDICT_APPLIED, REASON_NONE, seq};
    message_verdicts(&t->frame, EPOCH, &range, 1);
    hear(t);
}

static inline void hear_page(struct talk *t, uint64_t from, uint64_t to)
{
    message_page(&t->frame,
                 &(struct page){.from = from, .to = to, .rows = 1, .body = STR("rows")});
    hear(t);
}

static inline void hear_idle(struct talk *t, uint64_t through, uint64_t judged)
{
    message_idle(&t->frame, &(struct idle){.through = through, .judged = judged});
    hear(t);
}

static inline void hear_empty(struct talk *t, enum message_type type)
{
    message_empty(&t->frame, type);
    hear(t);
}

static inline void planned(struct talk *t, uint64_t push_from, uint64_t op_last)
{
    step(t, (struct session_event){
                .type = SESSION_EV_PLANNED, .push_from = push_from, .op_last = op_last});
}

static inline void pushed(struct talk *t, uint64_t last, uint64_t op_last)
{
    struct buf frame = {0};
    message_push(&frame, &(struct push){.epoch = EPOCH, .first_op = 1, .body = STR("ops")});
    step(t, (struct session_event){.type = SESSION_EV_PUSH,
                                   .bytes = buf_str(&frame),
                                   .last = last,
                                   .op_last = op_last});
    buf_done(&frame);
}

static inline void applied(struct talk *t, uint64_t through)
{
    step(t, (struct session_event){.type = SESSION_EV_APPLIED, .through = through});
}

static inline void judged(struct talk *t)
{
    step(t, (struct session_event){.type = SESSION_EV_JUDGED});
}

static inline void open_with(struct talk *t, bool live, struct hello hello)
{
    *t = (struct talk){.session = session_new(live)};
    assert_non_null(t->session);
    step(t, (struct session_event){.type = SESSION_EV_OPEN, .hello = hello});
    assert_sent(t, MESSAGE_HELLO);
    assert_false(asks_store(t));
}

/* Open, welcomed and planned: `ops` operations to push, all unknown to the server. */
static inline void open_talking(struct talk *t, bool live, uint64_t ops)
{
    open_with(t, live, hello_of(ops, 0));
    hear_welcome(t, 0);
    assert_non_null(action(t, SESSION_DO_WELCOME));
    planned(t, 0, ops);
}

static inline void close_talk(struct talk *t)
{
    session_free(t->session);
    buf_done(&t->frame);
}

#endif
