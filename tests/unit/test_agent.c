/* SPDX-License-Identifier: Apache-2.0 */
/* One sync, and how it may go wrong. */
#include "support/agent_world.h"

static void one_sync_with_nothing_to_do_succeeds(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false);
    talk(&w, 0);
    assert_null(w.job);
    put_idle(&w, SEEN, 0);
    hear(&w);
    job_out(&w, AGENT_JOB_PAGES)->through = SEEN;
    job_done(&w);
    job_out(&w, AGENT_JOB_SYNCED);
    assert_int_equal(said(&w).type, MESSAGE_BYE);
    assert_non_null(action(&w, AGENT_CLOSE));
    closed(&w, ERR_OK);
    assert_null(action(&w, AGENT_SYNCED)); /* not before it is noted */
    job_done(&w);
    assert_non_null(action(&w, AGENT_SYNCED));
    assert_int_equal(agent_state(w.agent), AGENT_IDLE);
    assert_int_equal(w.timer_at_ms, 0);
    teardown(&w);
}

static void one_sync_fails_with_the_reason(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false);
    happens(&w, AGENT_EV_WANTED);
    closed(&w, ERR_OFFLINE);
    assert_failed(&w, ERR_OFFLINE, 0);
    assert_int_equal(agent_state(w.agent), AGENT_IDLE);
    happens(&w, AGENT_EV_WANTED); /* and may be asked for again */
    assert_non_null(action(&w, AGENT_DIAL));
    closed(&w, ERR_IDENTITY);
    assert_failed(&w, ERR_IDENTITY, 0);
    teardown(&w);
}

static void dialling_has_a_deadline(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false);
    happens(&w, AGENT_EV_WANTED);
    timer_after(&w, AGENT_DIAL_MS);
    assert_non_null(action(&w, AGENT_CLOSE));
    assert_null(action(&w, AGENT_FAILED));
    closed(&w, ERR_CLOSED);
    assert_failed(&w, ERR_OFFLINE, 0);
    teardown(&w);
}

static void server_may_turn_us_away_before_it_hears_hello(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false);
    dial_and_open(&w);
    message_bye(&w.frame, &(struct bye){.err = ERR_REVOKED});
    hear(&w);
    closed(&w, ERR_CLOSED);
    assert_null(action(&w, AGENT_FAILED));
    job_out(&w, AGENT_JOB_HELLO)->hello = (struct hello){.protocol = MESSAGE_PROTOCOL};
    job_done(&w);
    assert_null(action(&w, AGENT_SEND));
    assert_failed(&w, ERR_REVOKED, 0);
    teardown(&w);
}

static void silence_ends_the_talk(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false);
    talk(&w, 0);
    w.now_ms += 20000;
    message_empty(&w.frame, MESSAGE_PING); /* any frame is progress */
    hear(&w);
    assert_int_equal(said(&w).type, MESSAGE_PONG);
    timer_after(&w, AGENT_PROGRESS_MS);
    assert_int_equal(action(&w, AGENT_CLOSE)->err, ERR_TIMEOUT);
    closed(&w, ERR_TIMEOUT);
    assert_failed(&w, ERR_TIMEOUT, 0);
    teardown(&w);
}

static void drops_of_a_frame_are_no_progress(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false);
    talk(&w, 0);
    static const char drop[AGENT_PROGRESS_BYTES] = {0, 1};
    for (unsigned i = 0; i < 3; i++) {
        w.now_ms += 8000;
        step(&w, (struct agent_event){.type = AGENT_EV_BYTES, .bytes = {drop, 2}});
    }
    assert_int_equal(w.timer_at_ms - w.now_ms, AGENT_PROGRESS_MS - 24000);
    step(&w,
         (struct agent_event){.type = AGENT_EV_BYTES, .bytes = {drop, AGENT_PROGRESS_BYTES}});
    timer_after(&w, AGENT_PROGRESS_MS); /* a real piece was */
    assert_non_null(action(&w, AGENT_CLOSE));
    teardown(&w);
}

static void slow_upload_is_given_its_time(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false);
    talk(&w, 5);
    static char ops[AGENT_SENT_BYTES_PER_S * 40];
    struct agent_job *job = job_out(&w, AGENT_JOB_PUSH);
    message_push(
        &job->frame,
        &(struct push){.epoch = EPOCH, .first_op = 1, .count = 5, .body = {ops, sizeof ops}});
    job->last = 5;
    job_done(&w);
    assert_in_range(w.timer_at_ms - w.now_ms, AGENT_PROGRESS_MS + 40000,
                    AGENT_PROGRESS_MS + 41000);
    put_idle(&w, SEEN, 0); /* left before the push arrived */
    hear(&w);
    job_out(&w, AGENT_JOB_PAGES)->through = SEEN;
    job_done(&w);
    assert_in_range(w.timer_at_ms - w.now_ms, AGENT_PROGRESS_MS + 40000,
                    AGENT_PROGRESS_MS + 41000);
    teardown(&w);
}

static void slow_store_is_not_the_servers_fault(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false);
    talk(&w, 5);
    job_out(&w, AGENT_JOB_PUSH);
    assert_int_equal(w.timer_at_ms, 0);
    w.now_ms += (int64_t)AGENT_PROGRESS_MS * 10;
    w.job->last = 0;
    job_done(&w);
    assert_int_equal(w.timer_at_ms - w.now_ms, AGENT_PROGRESS_MS);
    teardown(&w);
}

static void frames_may_come_byte_by_byte(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false);
    dial_and_open(&w);
    answer_hello(&w, 0);
    put_welcome(&w);
    put_idle(&w, SEEN, 0);
    for (size_t i = 0; i < w.frame.n; i++)
        step(&w, (struct agent_event){.type = AGENT_EV_BYTES,
                                      .bytes = {(const char *)w.frame.p + i, 1}});
    job_out(&w, AGENT_JOB_WELCOME)->plan = (struct replica_plan){0};
    job_done(&w);
    assert_non_null(job_out(&w, AGENT_JOB_PAGES)->idle);
    job_done(&w);
    job_out(&w, AGENT_JOB_SYNCED);
    job_done(&w);
    closed(&w, ERR_OK);
    assert_non_null(action(&w, AGENT_SYNCED));
    teardown(&w);
}

static void announced_giant_frame_is_refused(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false);
    talk(&w, 0);
    buf_add(&w.frame, "\x7f\xff\xff\xff", 4);
    hear(&w);
    assert_int_equal(action(&w, AGENT_CLOSE)->err, ERR_LIMIT);
    closed(&w, ERR_LIMIT);
    assert_failed(&w, ERR_LIMIT, 0);
    teardown(&w);
}

static void what_came_before_a_cut_is_stored(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false);
    talk(&w, 0);
    message_page(&w.frame, &(struct page){.from = SEEN, .to = SEEN + 1, .rows = 1});
    hear(&w);
    message_page(&w.frame, &(struct page){.from = SEEN + 1, .to = SEEN + 2, .rows = 1});
    hear(&w);
    closed(&w, ERR_CLOSED);
    assert_null(action(&w, AGENT_FAILED));
    assert_int_equal(job_out(&w, AGENT_JOB_PAGES)->page_count, 1);
    w.job->through = SEEN + 1;
    w.job->tally.pulled = 1;
    job_done(&w);
    assert_null(action(&w, AGENT_SEND));
    job_out(&w, AGENT_JOB_PAGES)->through = SEEN + 2;
    w.job->tally.pulled = 1;
    job_done(&w);
    assert_failed(&w, ERR_CLOSED, 0);
    assert_int_equal(agent_tally(w.agent).pulled, 2);
    teardown(&w);
}

static void failed_store_job_ends_the_try(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false);
    talk(&w, 5);
    job_out(&w, AGENT_JOB_PUSH)->err = ERR_FULL;
    job_done(&w);
    assert_int_equal(said(&w).bye.err, ERR_FULL);
    closed(&w, ERR_OK);
    assert_failed(&w, ERR_FULL, 0);
    teardown(&w);
}

static void what_the_next_hello_repairs_is_tried_at_once(void **state)
{
    (void)state;
    struct world w;
    setup(&w, false);
    happens(&w, AGENT_EV_WANTED);
    for (unsigned i = 0; i <= AGENT_AGAIN_MAX; i++) {
        happens(&w, AGENT_EV_OPENED);
        answer_hello(&w, 0);
        message_bye(&w.frame, &(struct bye){.err = ERR_FORK});
        hear(&w);
        closed(&w, ERR_OK);
        assert_true((action(&w, AGENT_DIAL) != NULL) == (i < AGENT_AGAIN_MAX));
    }
    assert_failed(&w, ERR_FORK, 0);
    teardown(&w);
}

static void server_that_is_faster_than_the_store_is_held_back(void **state)
{
    (void)state;
    struct world w;
    const uint64_t ops = SESSION_FRAMES_MAX + 8;
    setup(&w, false);
    dial_and_open(&w);
    answer_hello(&w, ops);
    message_welcome(&w.frame, &(struct welcome){.protocol = MESSAGE_PROTOCOL,
                                                .epoch = EPOCH,
                                                .known_op = ops,
                                                .pull_from = SEEN});
    for (uint64_t i = 1; i <= ops; i++) {
        struct verdict_range range = {i, i, VERDICT_APPLIED, REASON_NONE, SEEN};
        message_verdicts(&w.frame, EPOCH, &range, 1);
    }
    put_idle(&w, SEEN, ops);
    hear(&w);
    assert_non_null(action(&w, AGENT_PAUSE));
    job_out(&w, AGENT_JOB_WELCOME)->plan =
        (struct replica_plan){.push_from = ops, .op_last = ops};
    job_done(&w);
    bool resumed = false;
    for (uint64_t i = 1; i <= ops; i++) {
        job_out(&w, AGENT_JOB_VERDICTS)->through = i;
        job_done(&w);
        resumed = resumed || action(&w, AGENT_RESUME) != NULL;
    }
    assert_true(resumed);
    job_out(&w, AGENT_JOB_PAGES);
    job_done(&w);
    job_out(&w, AGENT_JOB_SYNCED);
    job_done(&w);
    teardown(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_sync_with_nothing_to_do_succeeds),
        cmocka_unit_test(one_sync_fails_with_the_reason),
        cmocka_unit_test(dialling_has_a_deadline),
        cmocka_unit_test(server_may_turn_us_away_before_it_hears_hello),
        cmocka_unit_test(silence_ends_the_talk),
        cmocka_unit_test(drops_of_a_frame_are_no_progress),
        cmocka_unit_test(slow_upload_is_given_its_time),
        cmocka_unit_test(slow_store_is_not_the_servers_fault),
        cmocka_unit_test(frames_may_come_byte_by_byte),
        cmocka_unit_test(announced_giant_frame_is_refused),
        cmocka_unit_test(what_came_before_a_cut_is_stored),
        cmocka_unit_test(failed_store_job_ends_the_try),
        cmocka_unit_test(what_the_next_hello_repairs_is_tried_at_once),
        cmocka_unit_test(server_that_is_faster_than_the_store_is_held_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
