/* SPDX-License-Identifier: Apache-2.0 */
#include "support/talk.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sync_with_nothing_to_do_is_one_round_trip),
        cmocka_unit_test(operations_are_pushed_and_judged_before_the_end),
        cmocka_unit_test(idle_from_before_our_verdicts_does_not_end_it),
        cmocka_unit_test(verdicts_are_stored_before_later_pages),
        cmocka_unit_test(pages_that_wait_are_applied_together),
        cmocka_unit_test(pushes_wait_for_stored_verdicts),
        cmocka_unit_test(verdicts_missed_last_time_come_first),
        cmocka_unit_test(restored_server_is_fed_again),
        cmocka_unit_test(fork_takes_a_new_epoch_and_starts_again),
        cmocka_unit_test(ping_is_answered_at_any_time),
        cmocka_unit_test(live_session_stays_and_pushes_what_is_saved_later),
        cmocka_unit_test(repeated_idle_takes_no_more_room),
        cmocka_unit_test(full_session_says_so_until_the_store_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
