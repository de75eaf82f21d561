/* SPDX-License-Identifier: Apache-2.0 */
/* An agent that stays: when it comes back, and when it does not. */
#include "client/backoff.h"
#include "support/agent_world.h"

static void tries_come_further_and_further_apart(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true);
    happens(&w, AGENT_EV_WANTED);
    int64_t ms = BACKOFF_MS_MIN;
    for (unsigned i = 0; i < 12; i++) {
        w.random = i % 2 == 0 ? 0 : (uint64_t)(ms / 2); /* the ends of what chance may do */
        int64_t wait_ms = i % 2 == 0 ? ms / 2 : ms;
        closed(&w, ERR_OFFLINE);
        assert_failed(&w, ERR_OFFLINE, w.now_ms + wait_ms);
        assert_int_equal(agent_state(w.agent), AGENT_WAITING);
        timer_after(&w, wait_ms);
        assert_non_null(action(&w, AGENT_DIAL));
        ms = ms * 2 < BACKOFF_MS_MAX ? ms * 2 : BACKOFF_MS_MAX;
    }
    teardown(&w);
}

static void success_brings_the_tries_together_again(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true);
    happens(&w, AGENT_EV_WANTED);
    for (unsigned i = 0; i < 5; i++) {
        closed(&w, ERR_OFFLINE);
        w.now_ms = w.timer_at_ms;
        happens(&w, AGENT_EV_TIMER);
    }
    happens(&w, AGENT_EV_OPENED);
    answer_hello(&w, 0);
    put_welcome(&w);
    put_idle(&w, SEEN, 0);
    hear(&w);
    job_out(&w, AGENT_JOB_WELCOME)->plan = (struct replica_plan){0};
    job_done(&w);
    job_out(&w, AGENT_JOB_PAGES)->through = SEEN;
    job_done(&w);
    job_out(&w, AGENT_JOB_SYNCED);
    job_done(&w);
    assert_non_null(action(&w, AGENT_SYNCED));
    closed(&w, ERR_CLOSED);
    assert_failed(&w, ERR_CLOSED, w.now_ms + BACKOFF_MS_MIN / 2);
    teardown(&w);
}

static void errors_a_person_must_repair_are_not_tried_again(void **state)
{
    (void)state;
    static const enum err errs[] = {ERR_IDENTITY, ERR_REVOKED, ERR_VERSION, ERR_CORRUPT};
    for (size_t i = 0; i < sizeof errs / sizeof *errs; i++) {
        struct world w;
        setup(&w, true);
        happens(&w, AGENT_EV_WANTED);
        closed(&w, errs[i]);
        assert_failed(&w, errs[i], 0);
        assert_int_equal(agent_state(w.agent), AGENT_IDLE);
        teardown(&w);
    }
}

static void server_that_asks_to_wait_is_obeyed(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true);
    dial_and_open(&w);
    answer_hello(&w, 0);
    message_bye(&w.frame, &(struct bye){.err = ERR_LATER, .retry_ms = 60000});
    hear(&w);
    assert_non_null(action(&w, AGENT_CLOSE));
    w.random = 5000;
    closed(&w, ERR_OK);
    assert_failed(&w, ERR_LATER, w.now_ms + 65000);
    happens(&w, AGENT_EV_WANTED); /* not even on request */
    assert_null(action(&w, AGENT_DIAL));
    timer_after(&w, 65000);
    assert_non_null(action(&w, AGENT_DIAL));
    teardown(&w);
}

static void server_cannot_send_us_away_for_ever(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true);
    dial_and_open(&w);
    answer_hello(&w, 0);
    message_bye(&w.frame, &(struct bye){.err = ERR_LATER, .retry_ms = UINT32_MAX});
    hear(&w);
    closed(&w, ERR_OK);
    assert_failed(&w, ERR_LATER, w.now_ms + BACKOFF_ASKED_MS_MAX);
    teardown(&w);
}

static void cut_in_the_middle_of_a_frame_ends_the_try(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true);
    talk(&w, 0);
    message_page(&w.frame, &(struct page){.from = SEEN, .to = SEEN + 1, .rows = 1});
    w.frame.n -= 3;
    hear(&w);
    assert_null(w.job);
    closed(&w, ERR_PROTOCOL);
    assert_failed(&w, ERR_PROTOCOL, w.now_ms + BACKOFF_MS_MIN / 2);
    timer_after(&w, BACKOFF_MS_MIN / 2);
    happens(&w, AGENT_EV_OPENED); /* the torn frame is forgotten */
    answer_hello(&w, 0);
    put_welcome(&w);
    hear(&w);
    job_out(&w, AGENT_JOB_WELCOME);
    w.job = NULL;
    happens(&w, AGENT_EV_JOB);
    teardown(&w);
}

static void wipe_is_carried_out_even_if_the_server_hangs_up(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true);
    dial_and_open(&w);
    answer_hello(&w, 0);
    message_empty(&w.frame, MESSAGE_WIPE);
    hear(&w);
    assert_non_null(action(&w, AGENT_WIPE));
    closed(&w, ERR_CLOSED);
    assert_null(action(&w, AGENT_FAILED));
    happens(&w, AGENT_EV_WIPED);
    assert_failed(&w, ERR_REVOKED, 0);
    assert_int_equal(agent_state(w.agent), AGENT_IDLE);
    teardown(&w);
}

static void wipe_is_confirmed(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true);
    dial_and_open(&w);
    answer_hello(&w, 0);
    message_empty(&w.frame, MESSAGE_WIPE);
    hear(&w);
    happens(&w, AGENT_EV_WIPED);
    assert_int_equal(said(&w).type, MESSAGE_WIPED);
    closed(&w, ERR_OK);
    assert_failed(&w, ERR_REVOKED, 0);
    teardown(&w);
}

/* Live, idle, AGENT_SYNCED said. */
static void talk_live(struct world *w)
{
    setup(w, true);
    talk(w, 0);
    put_idle(w, SEEN, 0);
    hear(w);
    job_out(w, AGENT_JOB_PAGES)->through = SEEN;
    job_done(w);
    job_out(w, AGENT_JOB_SYNCED);
    job_done(w);
    assert_non_null(action(w, AGENT_SYNCED));
}

static void live_agent_pushes_what_is_saved(void **state)
{
    (void)state;
    struct world w;
    talk_live(&w);
    happens(&w, AGENT_EV_SAVED);
    struct agent_job *job = job_out(&w, AGENT_JOB_PUSH);
    message_push(&job->frame, &(struct push){.epoch = EPOCH, .first_op = 1, .count = 1});
    job->last = 1;
    job_done(&w);
    assert_int_equal(said(&w).type, MESSAGE_PUSH);
    job_out(&w, AGENT_JOB_PUSH)->last = 1; /* it looks whether there is more */
    job_done(&w);
    struct verdict_range range = {1, 1, VERDICT_APPLIED, REASON_NONE, SEEN + 1};
    message_verdicts(&w.frame, EPOCH, &range, 1);
    put_idle(&w, SEEN + 1, 1);
    hear(&w);
    job_out(&w, AGENT_JOB_VERDICTS)->through = 1;
    job_done(&w);
    job_out(&w, AGENT_JOB_PAGES)->through = SEEN + 1;
    job_done(&w);
    job_out(&w, AGENT_JOB_SYNCED);
    job_done(&w);
    assert_non_null(action(&w, AGENT_SYNCED));
    uint64_t judged = 0;
    uint64_t total = 0;
    agent_progress(w.agent, &judged, &total);
    assert_int_equal(judged, 1);
    assert_int_equal(total, 1);
    teardown(&w);
}

static void pages_that_come_while_the_sync_is_noted_wait(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true);
    talk(&w, 0);
    put_idle(&w, SEEN, 0);
    hear(&w);
    job_out(&w, AGENT_JOB_PAGES)->through = SEEN;
    job_done(&w);
    job_out(&w, AGENT_JOB_SYNCED);
    message_page(&w.frame, &(struct page){.from = SEEN, .to = SEEN + 1, .rows = 1});
    hear(&w);
    job_out(&w, AGENT_JOB_SYNCED);
    job_done(&w);
    assert_int_equal(job_out(&w, AGENT_JOB_PAGES)->pages[0].to, SEEN + 1);
    job_done(&w);
    teardown(&w);
}

static void live_agent_pings_a_silent_server_and_leaves_a_dead_one(void **state)
{
    (void)state;
    struct world w;
    talk_live(&w);
    timer_after(&w, AGENT_PING_MS);
    assert_int_equal(said(&w).type, MESSAGE_PING);
    message_empty(&w.frame, MESSAGE_PONG);
    w.now_ms += 1000;
    hear(&w);
    timer_after(&w, AGENT_PING_MS);
    assert_int_equal(said(&w).type, MESSAGE_PING);
    timer_after(&w, AGENT_PROGRESS_MS);
    assert_int_equal(action(&w, AGENT_CLOSE)->err, ERR_TIMEOUT);
    teardown(&w);
}

static void stop_says_goodbye_and_stays_stopped(void **state)
{
    (void)state;
    struct world w;
    talk_live(&w);
    happens(&w, AGENT_EV_STOP);
    assert_int_equal(said(&w).type, MESSAGE_BYE);
    closed(&w, ERR_OK);
    assert_failed(&w, ERR_CLOSED, 0);
    assert_int_equal(agent_state(w.agent), AGENT_IDLE);
    happens(&w, AGENT_EV_SAVED);
    assert_null(action(&w, AGENT_DIAL));
    happens(&w, AGENT_EV_WANTED);
    assert_non_null(action(&w, AGENT_DIAL));
    teardown(&w);
}

/* An edit of ours is pushed and judged, the IDLE of it is applied. */
static void push_one(struct world *w, uint64_t number)
{
    happens(w, AGENT_EV_SAVED);
    struct agent_job *job = job_out(w, AGENT_JOB_PUSH);
    message_push(&job->frame, &(struct push){.epoch = EPOCH, .first_op = number, .count = 1});
    job->last = number;
    job_done(w);
    job_out(w, AGENT_JOB_PUSH)->last = number;
    job_done(w);
    struct verdict_range range = {number, number, VERDICT_APPLIED, REASON_NONE, SEEN + number};
    message_verdicts(&w->frame, EPOCH, &range, 1);
    put_idle(w, SEEN + number, number);
    hear(w);
    job_out(w, AGENT_JOB_VERDICTS)->through = number;
    job_done(w);
    job_out(w, AGENT_JOB_PAGES)->through = SEEN + number;
    job_done(w);
}

/* A page of somebody else and its IDLE; what follows is up to the caller. */
static void hear_others(struct world *w, uint64_t to)
{
    message_page(&w->frame, &(struct page){.from = to - 1, .to = to, .rows = 1});
    put_idle(w, to, 0);
    hear(w);
    for (int i = 0; i < 2; i++) { /* the page, and the IDLE that came behind it */
        job_out(w, AGENT_JOB_PAGES)->through = to;
        job_done(w);
    }
}

static void connected_means_welcomed(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true);
    dial_and_open(&w);
    answer_hello(&w, 0);
    assert_false(agent_connected(w.agent));
    put_welcome(&w);
    hear(&w);
    assert_false(agent_connected(w.agent));
    job_out(&w, AGENT_JOB_WELCOME)->plan = (struct replica_plan){0};
    job_done(&w);
    assert_true(agent_connected(w.agent));
    closed(&w, ERR_CLOSED);
    assert_false(agent_connected(w.agent));
    assert_int_equal(agent_dials(w.agent), 1);
    teardown(&w);
}

static void work_of_others_is_not_noted_each_time(void **state)
{
    (void)state;
    struct world w;
    talk_live(&w);
    w.now_ms += AGENT_NOTE_MS - 1;
    hear_others(&w, SEEN + 1);
    assert_null(w.job); /* no write of its own */
    assert_non_null(action(&w, AGENT_SYNCED));
    w.now_ms += 1;
    hear_others(&w, SEEN + 2);
    job_out(&w, AGENT_JOB_SYNCED);
    job_done(&w);
    assert_non_null(action(&w, AGENT_SYNCED));
    teardown(&w);
}

static void work_of_ours_is_noted_at_once(void **state)
{
    (void)state;
    struct world w;
    talk_live(&w);
    push_one(&w, 1);
    job_out(&w, AGENT_JOB_SYNCED);
    job_done(&w);
    assert_non_null(action(&w, AGENT_SYNCED));
    teardown(&w);
}

static void afresh_means_a_new_connection(void **state)
{
    (void)state;
    struct world w;
    talk_live(&w);
    happens(&w, AGENT_EV_AFRESH);
    assert_int_equal(said(&w).type, MESSAGE_BYE);
    assert_non_null(action(&w, AGENT_CLOSE));
    closed(&w, ERR_CLOSED);
    assert_null(action(&w, AGENT_FAILED));
    assert_non_null(action(&w, AGENT_DIAL));
    assert_int_equal(agent_dials(w.agent), 2);
    happens(&w, AGENT_EV_AFRESH); /* it is new enough */
    assert_int_equal(w.count, 0);
    teardown(&w);
}

static void afresh_breaks_off_nothing_that_is_under_way(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true);
    talk(&w, 0);
    happens(&w, AGENT_EV_AFRESH);
    assert_null(action(&w, AGENT_CLOSE));
    put_idle(&w, SEEN, 0);
    hear(&w);
    job_out(&w, AGENT_JOB_PAGES)->through = SEEN;
    job_done(&w);
    assert_non_null(action(&w, AGENT_CLOSE));
    closed(&w, ERR_CLOSED);
    assert_non_null(action(&w, AGENT_DIAL));
    teardown(&w);
}

static void a_connection_that_gets_nowhere_is_left_at_once(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true);
    talk(&w, 0);
    happens(&w, AGENT_EV_BROKEN);
    /* not another minute for a goodbye that nobody hears */
    assert_null(action(&w, AGENT_SEND));
    assert_int_equal(action(&w, AGENT_CLOSE)->err, ERR_TIMEOUT);
    closed(&w, ERR_TIMEOUT);
    assert_null(action(&w, AGENT_FAILED));
    assert_non_null(action(&w, AGENT_DIAL));
    teardown(&w);
}

/* Live, after so many tries that ended with `err`, each with its whole wait; the next is far.
 */
static void setup_away(struct world *w, enum err err)
{
    setup(w, true);
    happens(w, AGENT_EV_WANTED);
    for (unsigned i = 0; i < 10; i++) {
        closed(w, err);
        w->now_ms = w->timer_at_ms;
        happens(w, AGENT_EV_TIMER);
    }
    closed(w, err);
    assert_failed(w, err, w->now_ms + BACKOFF_MS_MAX / 2);
    assert_int_equal(w->timer_at_ms, w->now_ms + BACKOFF_MS_MAX / 2);
}

static void a_network_that_comes_back_is_tried_soon(void **state)
{
    (void)state;
    static const enum err errs[] = {ERR_OFFLINE, ERR_TIMEOUT, ERR_CLOSED};
    for (size_t i = 0; i < sizeof errs / sizeof *errs; i++) {
        struct world w;
        setup_away(&w, errs[i]);
        w.now_ms += 10;
        w.random = 1234; /* not all laptops of a house at once */
        happens(&w, AGENT_EV_NETWORK);
        assert_null(action(&w, AGENT_DIAL));
        w.random = 0;
        timer_after(&w, 1234);
        assert_non_null(action(&w, AGENT_DIAL));
        closed(&w, ERR_OFFLINE); /* as far apart as before: news is no success */
        assert_failed(&w, ERR_OFFLINE, w.now_ms + BACKOFF_MS_MAX / 2);
        teardown(&w);
    }
}

/* A radio that comes and goes is no reason to knock all the time. */
static void a_network_that_comes_again_and_again_is_tried_now_and_then(void **state)
{
    (void)state;
    struct world w;
    setup_away(&w, ERR_OFFLINE);
    unsigned dials = 0;
    int64_t begun_ms = w.now_ms;
    while (w.now_ms < begun_ms + 10 * BACKOFF_NEWS_APART_MS) {
        w.now_ms += 100;
        w.random = (uint64_t)w.now_ms;
        happens(&w, AGENT_EV_NETWORK);
        while (w.timer_at_ms != 0 && w.timer_at_ms <= w.now_ms)
            happens(&w, AGENT_EV_TIMER);
        if (!w.linked)
            continue;
        closed(&w, ERR_OFFLINE);
        dials++;
    }
    assert_in_range(dials, 8, 10);
    teardown(&w);
}

/* The way is there a moment after the try that could not have gone well. */
static void a_network_that_comes_while_dialling_counts_once_that_failed(void **state)
{
    (void)state;
    struct world w;
    setup_away(&w, ERR_OFFLINE);
    w.now_ms = w.timer_at_ms;
    happens(&w, AGENT_EV_TIMER);
    happens(&w, AGENT_EV_NETWORK);
    w.now_ms += 5000;
    closed(&w, ERR_OFFLINE);
    assert_failed(&w, ERR_OFFLINE, w.now_ms);
    timer_after(&w, 0);
    assert_non_null(action(&w, AGENT_DIAL));
    teardown(&w);
}

/* A network says nothing about a server that breaks the rules, or a disk that is full. */
static void a_network_does_not_hasten_what_it_cannot_repair(void **state)
{
    (void)state;
    static const enum err errs[] = {ERR_PROTOCOL, ERR_IO, ERR_FULL, ERR_NOMEM};
    for (size_t i = 0; i < sizeof errs / sizeof *errs; i++) {
        struct world w;
        setup_away(&w, errs[i]);
        happens(&w, AGENT_EV_NETWORK);
        assert_int_equal(w.count, 0);
        teardown(&w);
    }
}

static void a_new_network_does_not_outdo_the_server(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true);
    dial_and_open(&w);
    answer_hello(&w, 0);
    message_bye(&w.frame, &(struct bye){.err = ERR_LATER, .retry_ms = 60000});
    hear(&w);
    closed(&w, ERR_OK);
    assert_true(agent_sent_away(w.agent));
    happens(&w, AGENT_EV_NETWORK);
    assert_null(action(&w, AGENT_DIAL));
    teardown(&w);
}

/* Another café, and the old connection is gone without a word. */
static void after_a_change_of_network_the_server_is_asked(void **state)
{
    (void)state;
    struct world w;
    talk_live(&w);
    happens(&w, AGENT_EV_NETWORK);
    assert_int_equal(said(&w).type, MESSAGE_PING);
    happens(&w, AGENT_EV_NETWORK); /* once is enough */
    assert_null(action(&w, AGENT_SEND));
    timer_after(&w, AGENT_PROGRESS_MS);
    assert_int_equal(action(&w, AGENT_CLOSE)->err, ERR_TIMEOUT);
    teardown(&w);
}

static void after_a_wipe_there_is_nothing_to_sync(void **state)
{
    (void)state;
    struct world w;
    setup(&w, true);
    dial_and_open(&w);
    answer_hello(&w, 0);
    message_empty(&w.frame, MESSAGE_WIPE);
    hear(&w);
    closed(&w, ERR_CLOSED);
    happens(&w, AGENT_EV_WANTED);
    happens(&w, AGENT_EV_WIPED);
    assert_failed(&w, ERR_REVOKED, 0);
    happens(&w, AGENT_EV_WANTED);
    assert_int_equal(w.count, 0);
    teardown(&w);
}

/* Half-way through a wipe the store may be closed and the key gone: whatever went wrong, this
 * process has nothing left to sync with. */
static void after_half_a_wipe_nothing_is_tried_again(void **state)
{
    (void)state;
    static const enum err errs[] = {ERR_IO, ERR_FULL, ERR_NOMEM, ERR_NOTFOUND, ERR_LIMIT};
    static const enum agent_event_type wishes[] = {AGENT_EV_WANTED,  AGENT_EV_AFRESH,
                                                   AGENT_EV_BROKEN,  AGENT_EV_SAVED,
                                                   AGENT_EV_NETWORK, AGENT_EV_TIMER};
    for (size_t i = 0; i < 2 * (sizeof errs / sizeof *errs); i++) {
        enum err err = errs[i / 2];
        struct world w;
        setup(&w, true);
        dial_and_open(&w);
        answer_hello(&w, 0);
        message_empty(&w.frame, MESSAGE_WIPE);
        hear(&w);
        assert_non_null(action(&w, AGENT_WIPE));
        if (i % 2 == 0) { /* the server has hung up, and somebody wants a sync meanwhile */
            closed(&w, ERR_CLOSED);
            happens(&w, AGENT_EV_WANTED);
            step(&w, (struct agent_event){.type = AGENT_EV_WIPED, .err = err});
        } else { /* it is still there, and somebody wants a sync just after */
            step(&w, (struct agent_event){.type = AGENT_EV_WIPED, .err = err});
            assert_int_equal(said(&w).type, MESSAGE_BYE);
            happens(&w, AGENT_EV_WANTED);
            closed(&w, ERR_CLOSED);
        }
        assert_failed(&w, err, 0);
        for (size_t k = 0; k < sizeof wishes / sizeof *wishes; k++) {
            happens(&w, wishes[k]);
            assert_int_equal(w.count, 0);
        }
        assert_int_equal(agent_state(w.agent), AGENT_IDLE);
        teardown(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tries_come_further_and_further_apart),
        cmocka_unit_test(success_brings_the_tries_together_again),
        cmocka_unit_test(errors_a_person_must_repair_are_not_tried_again),
        cmocka_unit_test(server_that_asks_to_wait_is_obeyed),
        cmocka_unit_test(server_cannot_send_us_away_for_ever),
        cmocka_unit_test(cut_in_the_middle_of_a_frame_ends_the_try),
        cmocka_unit_test(wipe_is_carried_out_even_if_the_server_hangs_up),
        cmocka_unit_test(wipe_is_confirmed),
        cmocka_unit_test(live_agent_pushes_what_is_saved),
        cmocka_unit_test(pages_that_come_while_the_sync_is_noted_wait),
        cmocka_unit_test(live_agent_pings_a_silent_server_and_leaves_a_dead_one),
        cmocka_unit_test(stop_says_goodbye_and_stays_stopped),
        cmocka_unit_test(connected_means_welcomed),
        cmocka_unit_test(work_of_others_is_not_noted_each_time),
        cmocka_unit_test(work_of_ours_is_noted_at_once),
        cmocka_unit_test(afresh_means_a_new_connection),
        cmocka_unit_test(afresh_breaks_off_nothing_that_is_under_way),
        cmocka_unit_test(a_connection_that_gets_nowhere_is_left_at_once),
        cmocka_unit_test(a_network_that_comes_back_is_tried_soon),
        cmocka_unit_test(a_network_that_comes_again_and_again_is_tried_now_and_then),
        cmocka_unit_test(a_network_that_comes_while_dialling_counts_once_that_failed),
        cmocka_unit_test(a_network_does_not_hasten_what_it_cannot_repair),
        cmocka_unit_test(a_new_network_does_not_outdo_the_server),
        cmocka_unit_test(after_a_change_of_network_the_server_is_asked),
        cmocka_unit_test(after_a_wipe_there_is_nothing_to_sync),
        cmocka_unit_test(after_half_a_wipe_nothing_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
