/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/session.h"

#include "support/alloc_fail.h"

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

static struct hello hello_of(uint64_t op_last, uint64_t acked)
{
    return (struct hello){.protocol = MESSAGE_PROTOCOL,
                          .epoch = EPOCH,
                          .op_last = op_last,
                          .acked = acked,
                          .pulled = SEEN};
}

static void step(struct talk *t, struct session_event event)
{
    t->count = session_step(t->session, &event, t->actions);
    assert_true(t->count <= SESSION_ACTIONS_MAX);
}

static const struct session_action *action(const struct talk *t, enum session_action_type type)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->actions[i].type == type)
            return &t->actions[i];
    return NULL;
}

static bool asks_store(const struct talk *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->actions[i].type != SESSION_SEND && t->actions[i].type != SESSION_DONE)
            return true;
    return false;
}

/* The messages this step sends, in order. */
static size_t sent(const struct talk *t, struct message *out, size_t max)
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

static void assert_sent(const struct talk *t, enum message_type type)
{
    struct message messages[4];
    size_t n = sent(t, messages, 4);
    for (size_t i = 0; i < n; i++)
        if (messages[i].type == type)
            return;
    fail_msg("message %d was not sent", (int)type);
}

static void assert_done(const struct talk *t, enum err err)
{
    const struct session_action *done = action(t, SESSION_DONE);
    assert_non_null(done);
    assert_string_equal(err_name(done->err), err_name(err));
}

/* The server says what is in t->frame. The bytes are destroyed afterwards: the session must
 * have copied what it keeps. */
static void hear(struct talk *t)
{
    assert_int_equal(t->frame.err, ERR_OK);
    struct str body = {(const char *)t->frame.p + FRAME_HEAD_BYTES,
                       t->frame.n - FRAME_HEAD_BYTES};
    step(t, (struct session_event){.type = SESSION_EV_FRAME, .bytes = body});
    memset(t->frame.p, 0xA5, t->frame.n);
    buf_clear(&t->frame);
}

static void hear_welcome(struct talk *t, uint64_t known_op)
{
    message_welcome(&t->frame, &(struct welcome){.protocol = MESSAGE_PROTOCOL,
                                                 .epoch = EPOCH,
                                                 .known_op = known_op,
                                                 .pull_from = SEEN});
    hear(t);
}

static void hear_verdicts(struct talk *t, uint64_t from, uint64_t to, uint64_t seq)
{
    struct verdict_range range = {from, to, VERDICT_APPLIED, REASON_NONE, seq};
    message_verdicts(&t->frame, EPOCH, &range, 1);
    hear(t);
}

static void hear_page(struct talk *t, uint64_t from, uint64_t to)
{
    message_page(&t->frame,
                 &(struct page){.from = from, .to = to, .rows = 1, .body = STR("rows")});
    hear(t);
}

static void hear_idle(struct talk *t, uint64_t through, uint64_t judged)
{
    message_idle(&t->frame, &(struct idle){.through = through, .judged = judged});
    hear(t);
}

static void hear_empty(struct talk *t, enum message_type type)
{
    message_empty(&t->frame, type);
    hear(t);
}

static void planned(struct talk *t, uint64_t push_from, uint64_t op_last)
{
    step(t, (struct session_event){
                .type = SESSION_EV_PLANNED, .push_from = push_from, .op_last = op_last});
}

static void pushed(struct talk *t, uint64_t last, uint64_t op_last)
{
    struct buf frame = {0};
    message_push(&frame, &(struct push){.epoch = EPOCH, .first_op = 1, .body = STR("ops")});
    step(t, (struct session_event){.type = SESSION_EV_PUSH,
                                   .bytes = buf_str(&frame),
                                   .last = last,
                                   .op_last = op_last});
    buf_done(&frame);
}

static void applied(struct talk *t, uint64_t through)
{
    step(t, (struct session_event){.type = SESSION_EV_APPLIED, .through = through});
}

static void judged(struct talk *t)
{
    step(t, (struct session_event){.type = SESSION_EV_JUDGED});
}

static void open_with(struct talk *t, bool live, struct hello hello)
{
    *t = (struct talk){.session = session_new(live)};
    assert_non_null(t->session);
    step(t, (struct session_event){.type = SESSION_EV_OPEN, .hello = hello});
    assert_sent(t, MESSAGE_HELLO);
    assert_false(asks_store(t));
}

/* Open, welcomed and planned: `ops` operations to push, all unknown to the server. */
static void open_talking(struct talk *t, bool live, uint64_t ops)
{
    open_with(t, live, hello_of(ops, 0));
    hear_welcome(t, 0);
    assert_non_null(action(t, SESSION_DO_WELCOME));
    planned(t, 0, ops);
}

static void close_talk(struct talk *t)
{
    session_free(t->session);
    buf_done(&t->frame);
}

static void sync_with_nothing_to_do_is_one_round_trip(void **state)
{
    (void)state;
    struct talk t;
    struct message messages[4];
    open_with(&t, false, hello_of(OPS, OPS));
    hear_welcome(&t, OPS);
    const struct session_action *welcome = action(&t, SESSION_DO_WELCOME);
    assert_non_null(welcome);
    assert_int_equal(welcome->message.welcome.known_op, OPS);
    hear_idle(&t, SEEN, OPS);
    assert_int_equal(t.count, 0);
    planned(&t, OPS, OPS);
    assert_int_equal(t.count, 1);
    assert_non_null(action(&t, SESSION_DO_PAGES));
    const struct page *pages = NULL;
    const struct idle *idle = NULL;
    assert_int_equal(session_pages(t.session, &pages, &idle), 0);
    assert_non_null(idle);
    applied(&t, SEEN);
    assert_int_equal(sent(&t, messages, 4), 1);
    assert_int_equal(messages[0].type, MESSAGE_BYE);
    assert_int_equal(messages[0].bye.err, ERR_OK);
    assert_done(&t, ERR_OK);
    close_talk(&t);
}

static void operations_are_pushed_and_judged_before_the_end(void **state)
{
    (void)state;
    struct talk t;
    open_talking(&t, false, OPS);
    const struct session_action *push = action(&t, SESSION_DO_PUSH);
    assert_non_null(push);
    assert_int_equal(push->after, 0);
    hear_idle(&t, SEEN, 0); /* the server was idle before it knew */
    pushed(&t, OPS, OPS);
    assert_sent(&t, MESSAGE_PUSH);
    assert_non_null(action(&t, SESSION_DO_PAGES));
    applied(&t, SEEN);
    assert_null(action(&t, SESSION_DONE));
    hear_verdicts(&t, 1, OPS, SEEN + 1);
    const struct session_action *verdicts = action(&t, SESSION_DO_VERDICTS);
    assert_non_null(verdicts);
    struct verdicts copy = verdicts->message.verdicts;
    assert_int_equal(message_range(&copy.ranges).to, OPS);
    judged(&t);
    assert_null(action(&t, SESSION_DONE));
    hear_idle(&t, SEEN + 1, OPS);
    applied(&t, SEEN + 1);
    assert_done(&t, ERR_OK);
    close_talk(&t);
}

static void idle_from_before_our_verdicts_does_not_end_it(void **state)
{
    (void)state;
    struct talk t;
    open_talking(&t, false, OPS);
    pushed(&t, OPS, OPS);
    hear_verdicts(&t, 1, OPS, SEEN + 9);
    judged(&t);
    hear_idle(&t, SEEN + 8, OPS);
    applied(&t, SEEN + 8);
    assert_null(action(&t, SESSION_DONE));
    hear_idle(&t, SEEN + 9, OPS);
    applied(&t, SEEN + 9);
    assert_done(&t, ERR_OK);
    close_talk(&t);
}

static void verdicts_are_stored_before_later_pages(void **state)
{
    (void)state;
    struct talk t;
    const struct page *pages = NULL;
    const struct idle *idle = NULL;
    open_talking(&t, false, OPS);
    hear_page(&t, SEEN, SEEN + 1); /* while the outbox is being read */
    pushed(&t, OPS, OPS);
    assert_non_null(action(&t, SESSION_DO_PAGES));
    assert_int_equal(session_pages(t.session, &pages, &idle), 1);
    assert_null(idle);
    hear_page(&t, SEEN + 1, SEEN + 2);
    hear_verdicts(&t, 1, OPS, SEEN + 3);
    hear_page(&t, SEEN + 2, SEEN + 3);
    hear_idle(&t, SEEN + 3, OPS);
    assert_int_equal(t.count, 0);
    applied(&t, SEEN + 1);
    assert_sent(&t, MESSAGE_PULLED);
    assert_int_equal(session_pages(t.session, &pages, &idle), 1);
    assert_int_equal(pages[0].to, SEEN + 2);
    applied(&t, SEEN + 2);
    assert_non_null(action(&t, SESSION_DO_VERDICTS));
    assert_null(action(&t, SESSION_DO_PAGES));
    judged(&t);
    assert_non_null(action(&t, SESSION_DO_PAGES));
    assert_int_equal(session_pages(t.session, &pages, &idle), 1);
    assert_int_equal(pages[0].from, SEEN + 2);
    assert_true(str_eq(pages[0].body, STR("rows")));
    assert_non_null(idle);
    applied(&t, SEEN + 3);
    assert_sent(&t, MESSAGE_PULLED);
    assert_sent(&t, MESSAGE_BYE);
    assert_done(&t, ERR_OK);
    close_talk(&t);
}

static void pages_that_wait_are_applied_together(void **state)
{
    (void)state;
    struct talk t;
    const struct page *pages = NULL;
    const struct idle *idle = NULL;
    open_talking(&t, false, 0);
    hear_page(&t, SEEN, SEEN + 1);
    assert_non_null(action(&t, SESSION_DO_PAGES));
    for (uint64_t i = 1; i < MESSAGE_PAGES_AHEAD; i++)
        hear_page(&t, SEEN + i, SEEN + i + 1);
    applied(&t, SEEN + 1);
    assert_int_equal(session_pages(t.session, &pages, &idle), MESSAGE_PAGES_AHEAD - 1);
    struct message messages[4];
    assert_int_equal(sent(&t, messages, 4), 1);
    assert_int_equal(messages[0].pulled, SEEN + 1);
    close_talk(&t);
}

static void more_pages_than_agreed_end_it(void **state)
{
    (void)state;
    struct talk t;
    open_talking(&t, false, 0);
    for (uint64_t i = 0; i < MESSAGE_PAGES_AHEAD; i++) {
        hear_page(&t, SEEN + i, SEEN + i + 1);
        assert_null(action(&t, SESSION_DONE));
    }
    hear_page(&t, SEEN + MESSAGE_PAGES_AHEAD, SEEN + MESSAGE_PAGES_AHEAD + 1);
    assert_done(&t, ERR_PROTOCOL);
    close_talk(&t);
}

static void pushes_wait_for_stored_verdicts(void **state)
{
    (void)state;
    struct talk t;
    const uint64_t ops = 20;
    open_talking(&t, false, ops);
    for (uint64_t i = 1; i <= MESSAGE_PUSHES_AHEAD; i++) {
        assert_non_null(action(&t, SESSION_DO_PUSH));
        pushed(&t, i, ops);
    }
    assert_null(action(&t, SESSION_DO_PUSH));
    hear_verdicts(&t, 1, 2, SEEN + 2);
    assert_non_null(action(&t, SESSION_DO_VERDICTS));
    assert_null(action(&t, SESSION_DO_PUSH));
    judged(&t);
    const struct session_action *push = action(&t, SESSION_DO_PUSH);
    assert_non_null(push);
    assert_int_equal(push->after, MESSAGE_PUSHES_AHEAD);
    close_talk(&t);
}

static void lost_or_invented_verdicts_end_it(void **state)
{
    (void)state;
    static const struct {
        uint64_t from, to;
    } wrong[] = {{2, 5}, {1, 6}, {6, 7}, {4, 5}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct talk t;
        open_talking(&t, false, OPS);
        pushed(&t, OPS, OPS);
        if (i == 3) {
            hear_verdicts(&t, 1, 2, SEEN + 1);
            assert_null(action(&t, SESSION_DONE));
        }
        hear_verdicts(&t, wrong[i].from, wrong[i].to, SEEN + 2);
        assert_done(&t, ERR_PROTOCOL);
        assert_sent(&t, MESSAGE_BYE);
        close_talk(&t);
    }
}

static void verdicts_missed_last_time_come_first(void **state)
{
    (void)state;
    struct talk t;
    open_with(&t, false, hello_of(OPS, 1));
    hear_welcome(&t, OPS - 1);
    hear_verdicts(&t, 2, OPS - 1, SEEN);
    planned(&t, OPS - 1, OPS);
    assert_non_null(action(&t, SESSION_DO_PUSH));
    pushed(&t, OPS, OPS);
    assert_non_null(action(&t, SESSION_DO_VERDICTS));
    hear_verdicts(&t, OPS, OPS, SEEN + 1);
    judged(&t);
    assert_non_null(action(&t, SESSION_DO_VERDICTS));
    judged(&t);
    hear_idle(&t, SEEN + 1, OPS);
    applied(&t, SEEN + 1);
    assert_done(&t, ERR_OK);
    close_talk(&t);
}

static void restored_server_is_fed_again(void **state)
{
    (void)state;
    struct talk t;
    open_with(&t, false, hello_of(OPS, OPS));
    hear_welcome(&t, 2);
    planned(&t, 2, OPS);
    const struct session_action *push = action(&t, SESSION_DO_PUSH);
    assert_non_null(push);
    assert_int_equal(push->after, 2);
    pushed(&t, OPS, OPS);
    hear_verdicts(&t, 3, OPS, SEEN + 1);
    assert_non_null(action(&t, SESSION_DO_VERDICTS));
    close_talk(&t);
}

static void gap_between_pages_ends_it(void **state)
{
    (void)state;
    struct talk t;
    open_talking(&t, false, 0);
    hear_page(&t, SEEN, SEEN + 1);
    hear_page(&t, SEEN + 2, SEEN + 3);
    assert_done(&t, ERR_PROTOCOL);
    close_talk(&t);
}

static void messages_out_of_state_end_it(void **state)
{
    (void)state;
    struct talk t;
    open_with(&t, false, hello_of(0, 0));
    hear_page(&t, SEEN, SEEN + 1);
    assert_done(&t, ERR_PROTOCOL);
    close_talk(&t);
    open_talking(&t, false, 0);
    hear_welcome(&t, 0);
    assert_done(&t, ERR_PROTOCOL);
    hear_idle(&t, SEEN, 0); /* after the end nothing happens */
    assert_int_equal(t.count, 0);
    close_talk(&t);
    open_talking(&t, false, 0);
    message_epoch(&t.frame, &(struct epoch_given){.epoch = EPOCH + 1});
    hear(&t);
    assert_done(&t, ERR_PROTOCOL);
    close_talk(&t);
}

static void malformed_frame_ends_it(void **state)
{
    (void)state;
    struct talk t;
    open_with(&t, false, hello_of(0, 0));
    buf_add(&t.frame, "\0\0\0\5\xdd\xff\xff\xff\xff", 9);
    hear(&t);
    assert_done(&t, ERR_FORMAT);
    close_talk(&t);
}

static void other_protocol_version_ends_it(void **state)
{
    (void)state;
    struct talk t;
    open_with(&t, false, hello_of(0, 0));
    message_welcome(&t.frame,
                    &(struct welcome){.protocol = MESSAGE_PROTOCOL + 1, .epoch = EPOCH});
    hear(&t);
    assert_done(&t, ERR_VERSION);
    close_talk(&t);
}

static void fork_takes_a_new_epoch_and_starts_again(void **state)
{
    (void)state;
    struct talk t;
    open_with(&t, false, hello_of(OPS, 0));
    hear_welcome(&t, OPS + 4);
    hear_page(&t, SEEN, SEEN + 1);
    step(&t, (struct session_event){.type = SESSION_EV_PLANNED, .fork = true});
    assert_sent(&t, MESSAGE_FORK);
    assert_false(asks_store(&t));
    hear_page(&t, SEEN + 1, SEEN + 2); /* was under way: dropped */
    assert_int_equal(t.count, 0);
    message_epoch(&t.frame, &(struct epoch_given){.epoch = EPOCH + 1});
    hear(&t);
    const struct session_action *rebase = action(&t, SESSION_DO_REBASE);
    assert_non_null(rebase);
    assert_int_equal(rebase->epoch, EPOCH + 1);
    struct hello hello = hello_of(2, 0);
    hello.epoch = EPOCH + 1;
    hello.full = true;
    step(&t, (struct session_event){.type = SESSION_EV_REBASED, .hello = hello});
    struct message messages[4];
    assert_int_equal(sent(&t, messages, 4), 1);
    assert_int_equal(messages[0].hello.epoch, EPOCH + 1);
    assert_true(messages[0].hello.full);
    message_welcome(&t.frame,
                    &(struct welcome){.protocol = MESSAGE_PROTOCOL, .epoch = EPOCH + 1});
    hear(&t);
    planned(&t, 0, 2);
    assert_non_null(action(&t, SESSION_DO_PUSH));
    close_talk(&t);
}

static void server_that_forks_for_ever_is_left(void **state)
{
    (void)state;
    struct talk t;
    open_with(&t, false, hello_of(OPS, 0));
    for (uint32_t i = 1; i <= SESSION_FORKS_MAX; i++) {
        message_epoch(&t.frame, &(struct epoch_given){.epoch = EPOCH + i});
        hear(&t);
        assert_non_null(action(&t, SESSION_DO_REBASE));
        struct hello hello = hello_of(0, 0);
        hello.epoch = EPOCH + i;
        step(&t, (struct session_event){.type = SESSION_EV_REBASED, .hello = hello});
        assert_sent(&t, MESSAGE_HELLO);
    }
    message_epoch(&t.frame, &(struct epoch_given){.epoch = EPOCH + 9});
    hear(&t);
    assert_done(&t, ERR_FORK);
    close_talk(&t);
}

static void goodbye_of_the_server_carries_its_reason(void **state)
{
    (void)state;
    struct talk t;
    open_talking(&t, false, OPS);
    message_bye(&t.frame, &(struct bye){.err = ERR_LATER, .retry_ms = 1500});
    hear(&t);
    assert_done(&t, ERR_LATER);
    assert_int_equal(action(&t, SESSION_DONE)->retry_ms, 1500);
    assert_null(action(&t, SESSION_SEND));
    pushed(&t, OPS, OPS); /* the answer that was under way is not sent */
    assert_int_equal(t.count, 0);
    close_talk(&t);
    open_talking(&t, false, OPS);
    message_bye(&t.frame, &(struct bye){.err = ERR_OK});
    hear(&t);
    assert_done(&t, ERR_CLOSED);
    close_talk(&t);
}

static void wipe_waits_for_the_store_and_is_confirmed(void **state)
{
    (void)state;
    struct talk t;
    open_talking(&t, false, OPS);
    assert_non_null(action(&t, SESSION_DO_PUSH));
    hear_empty(&t, MESSAGE_WIPE);
    assert_int_equal(t.count, 0);
    hear_page(&t, SEEN, SEEN + 1);
    step(&t, (struct session_event){.type = SESSION_EV_STORE_FAILED, .err = ERR_IO});
    assert_non_null(action(&t, SESSION_DO_WIPE));
    assert_null(action(&t, SESSION_DONE));
    step(&t, (struct session_event){.type = SESSION_EV_WIPED});
    assert_sent(&t, MESSAGE_WIPED);
    assert_done(&t, ERR_REVOKED);
    close_talk(&t);
}

static void ping_is_answered_at_any_time(void **state)
{
    (void)state;
    struct talk t;
    open_with(&t, false, hello_of(0, 0));
    hear_empty(&t, MESSAGE_PING);
    assert_sent(&t, MESSAGE_PONG);
    hear_empty(&t, MESSAGE_PONG);
    assert_int_equal(t.count, 0);
    close_talk(&t);
}

static void failed_store_ends_it_and_tells_the_server(void **state)
{
    (void)state;
    struct talk t;
    open_talking(&t, false, 0);
    hear_page(&t, SEEN, SEEN + 1);
    step(&t, (struct session_event){.type = SESSION_EV_STORE_FAILED, .err = ERR_FULL});
    assert_done(&t, ERR_FULL);
    assert_sent(&t, MESSAGE_BYE);
    close_talk(&t);
}

static void live_session_stays_and_pushes_what_is_saved_later(void **state)
{
    (void)state;
    struct talk t;
    open_talking(&t, true, 0);
    hear_idle(&t, SEEN, 0);
    applied(&t, SEEN);
    assert_int_equal(t.count, 0);
    assert_true(session_idle(t.session));
    step(&t, (struct session_event){.type = SESSION_EV_SAVED});
    assert_non_null(action(&t, SESSION_DO_PUSH));
    assert_false(session_idle(t.session));
    pushed(&t, 1, 1);
    assert_sent(&t, MESSAGE_PUSH);
    hear_verdicts(&t, 1, 1, SEEN + 1);
    judged(&t);
    assert_false(session_idle(t.session));
    hear_idle(&t, SEEN + 1, 1);
    applied(&t, SEEN + 1);
    assert_true(session_idle(t.session));
    step(&t, (struct session_event){.type = SESSION_EV_SAVED});
    pushed(&t, 1, 1); /* nothing new after all */
    assert_true(session_idle(t.session));
    hear_page(&t, SEEN + 1, SEEN + 2);
    assert_non_null(action(&t, SESSION_DO_PAGES));
    close_talk(&t);
}

static void repeated_idle_takes_no_more_room(void **state)
{
    (void)state;
    struct talk t;
    open_talking(&t, true, OPS); /* the outbox is being read: nothing is taken */
    for (uint64_t i = 0; i < (uint64_t)SESSION_FRAMES_MAX * 3; i++) {
        hear_idle(&t, SEEN + i, 0);
        assert_false(session_full(t.session));
        assert_null(action(&t, SESSION_DONE));
    }
    close_talk(&t);
}

static void full_session_says_so_until_the_store_answers(void **state)
{
    (void)state;
    struct talk t;
    open_with(&t, true, hello_of(SESSION_FRAMES_MAX + 1, 0));
    hear_welcome(&t, SESSION_FRAMES_MAX + 1);
    for (uint64_t i = 1; i <= SESSION_FRAMES_MAX; i++) {
        assert_false(session_full(t.session));
        hear_verdicts(&t, i, i, SEEN);
    }
    assert_true(session_full(t.session));
    planned(&t, SESSION_FRAMES_MAX + 1, SESSION_FRAMES_MAX + 1);
    assert_non_null(action(&t, SESSION_DO_VERDICTS));
    judged(&t);
    assert_false(session_full(t.session));
    close_talk(&t);
}

/* One turn of a conversation with everything in it; false when the server had no memory. */
static bool turn(struct talk *t, unsigned n)
{
    struct verdict_range range = {1, 1, VERDICT_APPLIED, REASON_NONE, SEEN + 1};
    struct welcome welcome = {.protocol = MESSAGE_PROTOCOL, .epoch = EPOCH, .pull_from = SEEN};
    switch (n) {
    case 0:
        message_welcome(&t->frame, &welcome);
        break;
    case 1:
        planned(t, 0, 1);
        return true;
    case 2:
        message_page(&t->frame, &(struct page){.from = SEEN, .to = SEEN + 1});
        break;
    case 3:
        pushed(t, 1, 1);
        return true;
    case 4:
        message_verdicts(&t->frame, EPOCH, &range, 1);
        break;
    case 5:
        message_idle(&t->frame, &(struct idle){.through = SEEN + 1, .judged = 1});
        break;
    case 7:
        judged(t);
        return true;
    default:
        applied(t, SEEN + 1);
        return true;
    }
    if (t->frame.err != ERR_OK)
        return false;
    hear(t);
    return true;
}

/* OK when it came to its good end; NOMEM when it was refused memory anywhere. */
static enum err converse(void)
{
    enum { TURNS = 9 };
    struct talk t = {.session = session_new(false)};
    if (t.session == NULL)
        return ERR_NOMEM;
    step(&t, (struct session_event){.type = SESSION_EV_OPEN, .hello = hello_of(1, 0)});
    bool going = action(&t, SESSION_DONE) == NULL;
    for (unsigned n = 0; n < TURNS && going; n++)
        going = turn(&t, n) && action(&t, SESSION_DONE) == NULL;
    const struct session_action *done = action(&t, SESSION_DONE);
    enum err err = done == NULL ? ERR_NOMEM : done->err;
    close_talk(&t);
    return err;
}

static void every_failed_allocation_ends_cleanly(void **state)
{
    (void)state;
    assert_int_equal(converse(), ERR_OK);
    uint64_t refused = 1;
    unsigned ended = 0;
    for (uint64_t n = 1; refused > 0; n++) {
        alloc_fail_at(ALLOC_OURS, n, false);
        enum err err = converse();
        refused = alloc_fail_refused();
        alloc_fail_off();
        assert_true(err == ERR_OK || err == ERR_NOMEM);
        ended += err == ERR_NOMEM ? 1U : 0U;
    }
    assert_true(ended > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sync_with_nothing_to_do_is_one_round_trip),
        cmocka_unit_test(operations_are_pushed_and_judged_before_the_end),
        cmocka_unit_test(idle_from_before_our_verdicts_does_not_end_it),
        cmocka_unit_test(verdicts_are_stored_before_later_pages),
        cmocka_unit_test(pages_that_wait_are_applied_together),
        cmocka_unit_test(more_pages_than_agreed_end_it),
        cmocka_unit_test(pushes_wait_for_stored_verdicts),
        cmocka_unit_test(lost_or_invented_verdicts_end_it),
        cmocka_unit_test(verdicts_missed_last_time_come_first),
        cmocka_unit_test(restored_server_is_fed_again),
        cmocka_unit_test(gap_between_pages_ends_it),
        cmocka_unit_test(messages_out_of_state_end_it),
        cmocka_unit_test(malformed_frame_ends_it),
        cmocka_unit_test(other_protocol_version_ends_it),
        cmocka_unit_test(fork_takes_a_new_epoch_and_starts_again),
        cmocka_unit_test(server_that_forks_for_ever_is_left),
        cmocka_unit_test(goodbye_of_the_server_carries_its_reason),
        cmocka_unit_test(wipe_waits_for_the_store_and_is_confirmed),
        cmocka_unit_test(ping_is_answered_at_any_time),
        cmocka_unit_test(failed_store_ends_it_and_tells_the_server),
        cmocka_unit_test(live_session_stays_and_pushes_what_is_saved_later),
        cmocka_unit_test(repeated_idle_takes_no_more_room),
        cmocka_unit_test(full_session_says_so_until_the_store_answers),
        cmocka_unit_test(every_failed_allocation_ends_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
