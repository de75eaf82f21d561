/* SPDX-License-Identifier: Apache-2.0 */
/* How a conversation ends before its good end. */
#include "support/talk.h"

#include "support/alloc_fail.h"

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
        cmocka_unit_test(more_pages_than_agreed_end_it),
        cmocka_unit_test(lost_or_invented_verdicts_end_it),
        cmocka_unit_test(gap_between_pages_ends_it),
        cmocka_unit_test(messages_out_of_state_end_it),
        cmocka_unit_test(malformed_frame_ends_it),
        cmocka_unit_test(other_protocol_version_ends_it),
        cmocka_unit_test(server_that_forks_for_ever_is_left),
        cmocka_unit_test(goodbye_of_the_server_carries_its_reason),
        cmocka_unit_test(wipe_waits_for_the_store_and_is_confirmed),
        cmocka_unit_test(failed_store_ends_it_and_tells_the_server),
        cmocka_unit_test(every_failed_allocation_ends_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
