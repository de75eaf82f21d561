/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds which dossier, and what of it a replica has: caseloads, hand-over, days, the end of
 * a right. */
#include "store/apply.h"
#include "store/grants.h"
#include "store/holders.h"
#include "store/quarantine.h"
#include "support/caseload.h"
#include "support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void a_colleague_sees_nothing_of_a_dossier_that_is_not_assigned(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct id model = case_model(&t);
    case_sync_all(&t);
    (void)case_open(&t.replicas[0], &model, "MARQUE-A");
    case_sync_all(&t);
    assert_int_equal(twin_count(t.server.store, "session_note"), 1);
    assert_int_equal(twin_count(t.replicas[0].store, "session_note"), 1);
    assert_int_equal(twin_count(t.replicas[1].store, "person"), 0);
    assert_false(case_in_file(&t, 1, "MARQUE-A"));
    assert_true(case_complete(&t, 0));
    assert_true(case_complete(&t, 1));
    twin_close(&t);
}

static void what_a_coach_opens_is_not_sent_back(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 1, &schema_jalon);
    struct id model = case_model(&t);
    case_sync_all(&t);
    for (int i = 0; i < 20; i++)
        (void)case_open(&t.replicas[0], &model, "x");
    struct replica_tally tally = twin_sync(&t, 0);
    assert_int_equal(tally.pushed, 80);
    assert_int_equal(tally.pulled, 0);
    assert_int_equal(twin_sync(&t, 0).pulled, 0);
    twin_close(&t);
}

static void a_hand_over_moves_the_dossier_and_nothing_stays_behind(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct id model = case_model(&t);
    case_sync_all(&t);
    struct case_file kept = case_open(&t.replicas[0], &model, "MARQUE-RESTE");
    struct case_file given = case_open(&t.replicas[0], &model, "MARQUE-PART");
    struct id first =
        case_assign(&t.replicas[0], &given, case_staff(&t, 0), "referent", "2026-11-02", NULL);
    case_sync_all(&t);
    assert_int_equal(twin_count(t.replicas[1].store, "person"), 0);
    const char *end[] = {"end=2026-11-10", NULL};
    assert_int_equal(twin_set(&t.server, "assignment", &first, end), ERR_OK);
    (void)case_assign(&t.server, &given, case_staff(&t, 1), "referent", "2026-11-11", NULL);
    struct replica_tally got = twin_sync(&t, 1);
    assert_int_equal(got.pulled, 6); /* the dossier, and none of the rest again */
    assert_int_equal(twin_count(t.replicas[1].store, "session_note"), 1);
    assert_int_equal(twin_sync(&t, 0).pulled, 0);
    assert_int_equal(twin_count(t.replicas[0].store, "person"), 1);
    assert_string_equal(twin_get(t.replicas[0].store, "person", &kept.person, "first_name"),
                        "Zoé");
    assert_false(case_in_file(&t, 0, "MARQUE-PART"));
    assert_true(case_in_file(&t, 0, "MARQUE-RESTE"));
    assert_true(case_complete(&t, 0));
    assert_true(case_complete(&t, 1));
    twin_close(&t);
}

static void work_done_before_the_right_ended_is_accepted_then_leaves(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct id model = case_model(&t);
    case_sync_all(&t);
    struct case_file c = case_open(&t.replicas[0], &model, "MARQUE-1");
    case_sync_all(&t);
    const char *late[] = {"text=MARQUE-2", NULL};
    assert_int_equal(twin_set(&t.replicas[0], "session_note", &c.note, late), ERR_OK);
    t.server.wall_ms += 60 * 1000;
    (void)case_assign(&t.server, &c, case_staff(&t, 1), "referent", "2026-11-11", NULL);
    t.server.wall_ms += 60 * 1000;
    t.replicas[0].wall_ms = t.server.wall_ms;
    const char *after[] = {"minutes=50", NULL}; /* offline: it does not know yet */
    assert_int_equal(twin_set(&t.replicas[0], "session", &c.session, after), ERR_OK);
    struct replica_tally tally = twin_sync(&t, 0);
    assert_int_equal(tally.refused, 1);
    assert_string_equal(twin_get(t.server.store, "session_note", &c.note, "text"), "MARQUE-2");
    assert_string_equal(twin_get(t.server.store, "session", &c.session, "minutes"), "45");
    assert_int_equal(twin_count(t.replicas[0].store, "person"), 0);
    struct store_status status;
    assert_int_equal(store_status(t.replicas[0].store, &status), ERR_OK);
    assert_int_equal(status.quarantined, 1);
    assert_int_equal(status.unsent, 0);
    assert_false(case_in_file(&t, 0, "MARQUE-1"));
    assert_false(case_in_file(&t, 0, "MARQUE-2"));
    (void)twin_sync(&t, 1);
    assert_string_equal(twin_get(t.replicas[1].store, "session_note", &c.note, "text"),
                        "MARQUE-2");
    twin_close(&t);
}

static void message_of(struct str *frames, struct message *out)
{
    struct str body = {0};
    size_t used = 0;
    assert_int_equal(frame_next(*frames, FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_true(used > 0);
    *frames = (struct str){frames->p + used, frames->n - used};
    assert_int_equal(message_read(body, out), ERR_OK);
}

static void greet_by_hand(struct twin *t, struct party *p, struct serve_session *session)
{
    struct hello hello;
    struct message m;
    struct replica_plan plan;
    struct buf frames = {0};
    assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
    assert_int_equal(serve_hello(t->server.store, &p->device, &hello, session, &frames),
                     ERR_OK);
    struct str rest = buf_str(&frames);
    message_of(&rest, &m);
    assert_int_equal(m.type, MESSAGE_WELCOME);
    assert_int_equal(replica_welcome(p->store, &m.welcome, &plan), ERR_OK);
    buf_done(&frames);
}

/* Hear what the server says, one page at most or all. */
static void pull_by_hand(struct twin *t, struct party *p, struct serve_session *session,
                         bool all)
{
    struct replica_tally tally = {0};
    struct buf frames = {0};
    bool idle = false;
    while (!idle && (all || frames.n == 0)) {
        buf_clear(&frames);
        assert_int_equal(serve_page(t->server.store, session, &frames, &idle), ERR_OK);
        struct str rest = buf_str(&frames);
        struct message m;
        while (rest.n > 0) {
            message_of(&rest, &m);
            enum err err = ERR_PROTOCOL;
            if (m.type == MESSAGE_LEAVE)
                err = replica_leave(p->store, m.leave);
            else if (m.type == MESSAGE_PAGE)
                err = replica_pages(p->store, &m.page, 1, NULL, &tally);
            else if (m.type == MESSAGE_IDLE)
                err = replica_pages(p->store, NULL, 0, &m.idle, &tally);
            assert_int_equal(err, ERR_OK);
        }
    }
    assert_int_equal(idle, all);
    buf_done(&frames);
}

/* What a half told dossier hangs on never comes: nothing of it may stay for that. */
static void a_right_that_ends_half_told_leaves_nothing(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct id model = case_model(&t);
    case_sync_all(&t);
    struct case_file c = case_open(&t.replicas[0], &model, "x");
    const char *deed[] = {case_ref("pathway", &c.pathway), "who=person", "label=MARQUE-MOITIE",
                          NULL};
    (void)twin_add(&t.replicas[0], "action", deed);
    (void)twin_sync(&t, 0);
    for (int i = 0; i <= MESSAGE_PAGE_ROWS; i++) {
        const char *way[] = {case_ref("person", &c.person), "kind=phone", "value=0470 00 00 00",
                             NULL};
        (void)twin_add(&t.server, "contact_point", way);
    }
    const char *later[] = {"entry=2026-11-03", NULL}; /* the pathway moves to the second page */
    assert_int_equal(twin_set(&t.server, "pathway", &c.pathway, later), ERR_OK);
    struct id held =
        case_assign(&t.server, &c, case_staff(&t, 1), "referent", "2026-11-02", NULL);
    struct serve_session session = {.device = 0};
    greet_by_hand(&t, &t.replicas[1], &session);
    pull_by_hand(&t, &t.replicas[1], &session, false);
    serve_session_done(&session);
    assert_int_equal(twin_count(t.replicas[1].store, "pathway"), 0);
    assert_int_equal(twin_count(t.replicas[1].store, "action"), 1);
    const char *end[] = {"end=2026-11-10", NULL};
    assert_int_equal(twin_set(&t.server, "assignment", &held, end), ERR_OK);
    (void)twin_sync(&t, 1);
    assert_int_equal(twin_count(t.replicas[1].store, "action"), 0);
    assert_int_equal(twin_count(t.replicas[1].store, "contact_point"), 0);
    assert_false(case_in_file(&t, 1, "MARQUE-MOITIE"));
    assert_true(case_complete(&t, 1));
    twin_close(&t);
}

/* Send what is not sent yet; the verdicts are heard by the caller. */
static void push_by_hand(struct twin *t, struct party *p, struct serve_session *session,
                         struct buf *verdicts)
{
    struct hello hello;
    struct message m;
    struct buf frame = {0};
    uint64_t last = 0;
    assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
    assert_int_equal(replica_push(p->store, hello.acked, &frame, &last), ERR_OK);
    struct str rest = buf_str(&frame);
    message_of(&rest, &m);
    struct serve_push push = {.session = session, .push = m.push, .frames = verdicts};
    assert_int_equal(serve_pushes(t->server.store, &push, 1), ERR_OK);
    assert_int_equal(push.err, ERR_OK);
    buf_done(&frame);
}

/* One PUSH of what is not sent yet; `frame` holds its bytes. */
static struct serve_push waiting_push(struct party *p, struct serve_session *session,
                                      struct buf *frame, struct buf *verdicts)
{
    struct hello hello;
    struct message m;
    uint64_t last = 0;
    assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
    assert_int_equal(replica_push(p->store, hello.acked, frame, &last), ERR_OK);
    struct str rest = buf_str(frame);
    message_of(&rest, &m);
    return (struct serve_push){.session = session, .push = m.push, .frames = verdicts};
}

static void hear_by_hand(struct party *p, const struct buf *verdicts)
{
    struct replica_tally tally = {0};
    struct str rest = buf_str(verdicts);
    struct message m;
    while (rest.n > 0) {
        message_of(&rest, &m);
        assert_int_equal(replica_verdicts(p->store, m.verdicts, &tally), ERR_OK);
    }
}

/* In one commit somebody gives him a dossier, and he opens another: he reads both after it. */
static void rights_that_change_twice_in_one_commit_are_read_whole(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct party *anna = &t.replicas[0];
    struct party *bilal = &t.replicas[1];
    struct id model = case_model(&t);
    case_sync_all(&t);
    struct case_file given = case_open(anna, &model, "donné");
    struct case_file other = case_open(anna, &model, "autre");
    case_sync_all(&t);
    struct serve_session session[2] = {{.device = 0}, {.device = 0}};
    greet_by_hand(&t, anna, &session[0]);
    greet_by_hand(&t, bilal, &session[1]);
    (void)case_assign(&t.server, &other, case_staff(&t, 1), "tutor", "2026-11-02", NULL);
    (void)case_assign(anna, &given, case_staff(&t, 1), "facilitator", "2026-11-02", NULL);
    struct case_file opened = case_open(bilal, &model, "ouvert");
    struct buf frames[2] = {{0}, {0}};
    struct buf verdicts[2] = {{0}, {0}};
    struct serve_push pushes[] = {
        waiting_push(anna, &session[0], &frames[0], &verdicts[0]),
        waiting_push(bilal, &session[1], &frames[1], &verdicts[1]),
    };
    assert_int_equal(serve_pushes(t.server.store, pushes, 2), ERR_OK);
    assert_int_equal(pushes[0].err, ERR_OK);
    assert_int_equal(pushes[1].err, ERR_OK);
    bool changed = false;
    assert_int_equal(serve_refresh(t.server.store, &session[1], &changed), ERR_OK);
    uint32_t dossiers = 0;
    for (uint32_t i = 0; i < session[1].reader.grants.count; i++)
        dossiers += session[1].reader.grants.list[i].dossier != 0 ? 1 : 0;
    assert_int_equal(dossiers, 3);
    hear_by_hand(bilal, &verdicts[1]);
    for (size_t i = 0; i < 2; i++) {
        serve_session_done(&session[i]);
        buf_done(&frames[i]);
        buf_done(&verdicts[i]);
    }
    case_sync_all(&t);
    assert_int_equal(twin_count(bilal->store, "person"), 3);
    assert_string_equal(twin_get(bilal->store, "person", &opened.person, "first_name"), "Zoé");
    for (size_t i = 0; i < t.count; i++)
        assert_true(case_complete(&t, i));
    twin_close(&t);
}

/* The number it was complete for is of another life of the server's database, which comes to
 * that number again and means other rights: cut off before the new IDLE, it does not say it. */
static void a_restored_server_is_told_of_no_rights_of_before(void **state)
{
    (void)state;
    struct fleet f;
    struct hello hello;
    fleet_open(&f, 1);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    fleet_backup(&f);
    fleet_join(&f, ROLE_COORDINATOR, &f.twin.structure);
    fleet_sync(&f, 0);
    assert_int_equal(replica_hello(f.twin.replicas[0].store, &hello), ERR_OK);
    assert_true(hello.grants > 0);
    fleet_restore(&f);
    fleet_call(&f, 0, false);
    fleet_cut(&f, 0, false);
    assert_int_equal(replica_hello(f.twin.replicas[0].store, &hello), ERR_OK);
    assert_int_equal(hello.grants, 0);
    fleet_close(&f);
}

/* A restored server tells all again, and what it does not tell is removed, before it has judged
 * the latest work: when the news of what has left comes, operations are here without their
 * rows.
 */
static void what_was_sent_leaves_also_where_its_rows_were_gone_before(void **state)
{
    (void)state;
    struct fleet f;
    const char *apart[] = {"key=jobcoach_sees", "value=caseload", "valid_from=2021-01-01",
                           NULL};
    const char *late[] = {"city=Namur", NULL};
    fleet_open(&f, 1);
    (void)twin_add(&f.twin.server, "parameter", apart);
    struct id model = case_model(&f.twin);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    struct party *anna = &f.twin.replicas[0];
    struct case_file c = case_open(anna, &model, "MARQUE-1");
    fleet_sync(&f, 0);
    fleet_backup(&f);
    fleet_sync(&f, 0);
    const char *call[] = {case_ref("person", &c.person),
                          "kind=phone",
                          "date=2026-11-02",
                          "minutes=5",
                          "subject=MARQUE-2",
                          NULL};
    (void)twin_add(anna, "session", call);
    fleet_sync(&f, 0);
    fleet_restore(&f);
    fleet_call(&f, 0, false);
    fleet_push(&f, 0);
    fleet_judge(&f, (size_t[]){0}, 1);
    fleet_cut(&f, 0, false);
    f.twin.server.wall_ms += 60 * 1000;
    anna->wall_ms = f.twin.server.wall_ms;
    (void)case_assign(&f.twin.server, &c, case_staff(&f.twin, 1), "referent", "2026-11-11",
                      NULL);
    assert_int_equal(twin_set(anna, "person", &c.person, late), ERR_OK);
    fleet_call(&f, 0, false);
    fleet_page(&f, 0);
    while (fleet_take(&f, 0))
        continue;
    assert_int_equal(twin_count(anna->store, "session"), 0);
    assert_true(case_in_file(&f.twin, 0, "MARQUE-2"));
    fleet_sync(&f, 0);
    assert_int_equal(twin_count(anna->store, "person"), 0);
    assert_false(case_in_file(&f.twin, 0, "MARQUE"));
    fleet_close(&f);
}

static enum err keep_last(void *ctx, const struct quarantined *q)
{
    struct buf *op = ctx;
    buf_clear(op);
    buf_add(op, q->op.p, q->op.n);
    return op->err;
}

/* Its dossier was refused a moment ago, so that it hangs on nothing: it is no orphan of what
 * left but unjudged work, and the only copy of what was written. */
static void work_on_a_refused_dossier_is_kept_when_another_leaves(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct party *p = &t.replicas[0];
    struct id model = case_model(&t);
    const char *structure[] = {"name=EI du Canal", "kind=EI", NULL};
    struct id elsewhere = twin_add(&t.server, "structure", structure);
    case_sync_all(&t);
    struct case_file c = case_open(p, &model, "x");
    case_sync_all(&t);
    struct serve_session session = {.device = 0};
    struct buf verdicts = {0};
    struct replica_tally tally = {0};
    struct message m;
    greet_by_hand(&t, p, &session);
    const char *person[] = {"name=Fictif", "first_name=Luc", case_ref("structure", &elsewhere),
                            NULL};
    struct id refused = twin_add(p, "person", person);
    push_by_hand(&t, p, &session, &verdicts);
    const char *way[] = {case_ref("person", &refused), "kind=phone", "value=0470 11 22 33",
                         NULL};
    (void)twin_add(p, "contact_point", way);
    struct str rest = buf_str(&verdicts);
    message_of(&rest, &m);
    assert_int_equal(replica_verdicts(p->store, m.verdicts, &tally), ERR_OK);
    assert_int_equal(tally.refused, 1);
    (void)case_assign(&t.server, &c, case_staff(&t, 1), "referent", "2026-11-11", NULL);
    pull_by_hand(&t, p, &session, true);
    serve_session_done(&session);
    buf_done(&verdicts);
    assert_int_equal(twin_count(p->store, "person"), 0);
    assert_int_equal(twin_count(p->store, "contact_point"), 1);
    assert_int_equal(twin_sync(&t, 0).refused, 1);
    assert_int_equal(twin_count(p->store, "contact_point"), 0);
    struct buf op = {0};
    assert_int_equal(quarantine_list(p->store, true, keep_last, &op), ERR_OK);
    assert_non_null(memmem(op.p, op.n, "0470 11 22 33", 13));
    buf_done(&op);
    twin_close(&t);
}

/* Saved while the news was on its way that the dossier leaves; then it comes back, and with it
 * what was judged only since: by our own operation, so that nobody tells it to us. */
static void work_on_a_dossier_that_left_and_returns_is_there_again(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct party *p = &t.replicas[0];
    struct id model = case_model(&t);
    case_sync_all(&t);
    struct case_file c = case_open(p, &model, "x");
    case_sync_all(&t);
    struct id lost =
        case_assign(&t.server, &c, case_staff(&t, 1), "referent", "2026-11-02", NULL);
    struct serve_session session = {.device = 0};
    greet_by_hand(&t, p, &session);
    const char *visit[] = {"kind=individual", case_ref("person", &c.person), "date=2026-11-03",
                           "minutes=30", NULL};
    struct id made = twin_add(p, "session", visit);
    pull_by_hand(&t, p, &session, true);
    serve_session_done(&session);
    assert_int_equal(twin_count(p->store, "person"), 0);
    assert_int_equal(twin_count(p->store, "session"), 0);
    const char *end[] = {"end=2026-11-02", NULL};
    assert_int_equal(twin_set(&t.server, "assignment", &lost, end), ERR_OK);
    (void)case_assign(&t.server, &c, case_staff(&t, 0), "referent", "2026-11-02", NULL);
    assert_int_equal(twin_sync(&t, 0).refused, 0);
    (void)twin_sync(&t, 0);
    assert_string_equal(twin_get(p->store, "session", &made, "minutes"), "30");
    assert_true(case_complete(&t, 0));
    assert_int_equal(twin_sync(&t, 0).pulled, 0); /* all was told once, not for ever */
    twin_close(&t);
}

static void a_substitute_holds_the_dossier_for_the_days_agreed(void **state)
{
    (void)state;
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct id model = case_model(&t);
    case_sync_all(&t);
    struct case_file c = case_open(&t.replicas[0], &model, "MARQUE");
    char start[20];
    char end[20];
    struct buf day = {0};
    struct value from = value_int(t.server.wall_ms / day_ms + 2);
    struct value to = value_int(t.server.wall_ms / day_ms + 4);
    value_print(KIND_DATE, &from, &day);
    (void)snprintf(start, sizeof start, "%.*s", (int)day.n, (const char *)day.p);
    buf_clear(&day);
    value_print(KIND_DATE, &to, &day);
    (void)snprintf(end, sizeof end, "%.*s", (int)day.n, (const char *)day.p);
    buf_done(&day);
    (void)case_assign(&t.replicas[0], &c, case_staff(&t, 1), "substitute", start, end);
    for (int i = 0; i < 7; i++) {
        case_sync_all(&t);
        bool held = i >= 2 && i <= 4;
        assert_int_equal(twin_count(t.replicas[1].store, "session_note"), held ? 1 : 0);
        assert_int_equal(twin_count(t.replicas[0].store, "session_note"), 1);
        assert_int_equal(case_in_file(&t, 1, "MARQUE"), held);
        t.server.wall_ms += day_ms;
        t.replicas[0].wall_ms = t.replicas[1].wall_ms = t.server.wall_ms;
    }
    twin_close(&t);
}

static void a_coordinator_sees_facts_and_a_manager_only_workers(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 1, &schema_jalon);
    twin_enrol(&t, STR("coordinator"));
    twin_enrol(&t, STR("manager"));
    struct id model = case_model(&t);
    case_sync_all(&t);
    struct case_file worker = case_open(&t.replicas[0], &model, "MARQUE-W");
    (void)case_open(&t.replicas[0], &model, "MARQUE-X");
    const char *contract[] = {case_ref("person", &worker.person),
                              case_ref("employer_structure", &t.structure), "kind=CDI",
                              "start=2026-11-02", NULL};
    (void)twin_add(&t.replicas[0], "contract", contract);
    case_sync_all(&t);
    assert_int_equal(twin_count(t.replicas[1].store, "person"), 2);
    assert_int_equal(twin_count(t.replicas[2].store, "person"), 1);
    assert_int_equal(twin_count(t.replicas[2].store, "contract"), 1);
    for (size_t i = 1; i <= 2; i++) {
        assert_false(case_in_file(&t, i, "MARQUE-"));
        assert_true(case_complete(&t, i));
    }
    twin_close(&t);
}

static void sharing_opens_and_closes_all_dossiers_of_the_structure(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct id model = case_model(&t);
    case_sync_all(&t);
    (void)case_open(&t.replicas[0], &model, "MARQUE");
    case_sync_all(&t);
    assert_int_equal(twin_count(t.replicas[1].store, "person"), 0);
    const char *shared[] = {"key=jobcoach_sees", "value=structure", "valid_from=2020-01-01",
                            NULL};
    struct id parameter = twin_add(&t.server, "parameter", shared);
    case_sync_all(&t);
    assert_int_equal(twin_count(t.replicas[1].store, "session_note"), 1);
    const char *apart[] = {"value=caseload", NULL};
    assert_int_equal(twin_set(&t.server, "parameter", &parameter, apart), ERR_OK);
    case_sync_all(&t);
    assert_int_equal(twin_count(t.replicas[1].store, "person"), 0);
    assert_false(case_in_file(&t, 1, "MARQUE"));
    assert_int_equal(twin_count(t.replicas[0].store, "session_note"), 1);
    assert_true(case_complete(&t, 0));
    assert_true(case_complete(&t, 1));
    twin_close(&t);
}

static void writing_in_a_dossier_of_somebody_else_is_refused(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct id model = case_model(&t);
    case_sync_all(&t);
    struct case_file c = case_open(&t.replicas[0], &model, "MARQUE");
    case_sync_all(&t);
    /* Not by the program's door, which knows no such row: as a forged client would. */
    struct grants grants = {.count = 0};
    const struct grants_had nothing = {.held = 0};
    uint64_t version = 0;
    struct scope scope = {0};
    const struct table *person = schema_table(&schema_jalon, TABLE_PERSON);
    assert_int_equal(rows_locate(t.server.store, person, &c.person, &scope), ERR_OK);
    assert_int_equal(
        grants_load(t.server.store, case_staff(&t, 1), &nothing, &grants, &version, NULL),
        ERR_OK);
    assert_false(scope_may_write(&grants, person, scope));
    assert_false(scope_may_read(&grants, scope, FACET_FACTS));
    grants_done(&grants);
    twin_close(&t);
}

/* A client of schema 1 cannot be told what leaves: its work is taken, pages it gets none. */
static void an_old_client_whose_rights_changed_may_push_and_must_upgrade(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct id model = case_model(&t);
    case_sync_all(&t);
    struct case_file c = case_open(&t.replicas[0], &model, "MARQUE");
    case_sync_all(&t);
    (void)case_assign(&t.server, &c, case_staff(&t, 1), "referent", "2026-11-11", NULL);
    struct serve_session session = {.device = 0};
    struct buf frames = {0};
    struct hello hello;
    bool idle = false;
    assert_int_equal(replica_hello(t.replicas[0].store, &hello), ERR_OK);
    hello.leaves = false;
    assert_int_equal(
        serve_hello(t.server.store, &t.replicas[0].device, &hello, &session, &frames), ERR_OK);
    buf_clear(&frames);
    assert_int_equal(serve_page(t.server.store, &session, &frames, &idle), ERR_VERSION);
    assert_int_equal(frames.n, 0);
    serve_session_done(&session);
    buf_done(&frames);
    twin_close(&t);
}

/* The vault opens for referents alone, closes again without the rest, and leaves the file. */
static void the_vault_is_for_referents(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    twin_enrol(&t, STR("coordinator"));
    struct party *anna = &t.replicas[0];
    struct id model = case_model(&t);
    case_sync_all(&t);
    struct case_file c = case_open(anna, &model, "MARQUE-NOTE");
    const char *fact[] = {case_ref("person", &c.person),
                          "category=judicial",
                          "detail=MARQUE-COFFRE",
                          "basis=social_law",
                          "start=2026-11-02",
                          NULL};
    (void)twin_add(anna, "sensitive_fact", fact);
    const char *number[] = {case_ref("person", &c.person), "value=99010112345", NULL};
    (void)twin_add(anna, "identity_number", number);
    (void)case_assign(anna, &c, case_staff(&t, 0), "referent", "2026-11-02", NULL);
    (void)case_assign(anna, &c, case_staff(&t, 1), "facilitator", "2026-11-02", NULL);
    case_sync_all(&t);
    assert_true(case_in_file(&t, 1, "MARQUE-NOTE"));
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(twin_count(t.replicas[i].store, "person"), 1);
        assert_int_equal(twin_count(t.replicas[i].store, "sensitive_fact"), 0);
        assert_int_equal(twin_count(t.replicas[i].store, "identity_number"), 0);
        assert_false(case_in_file(&t, i, "MARQUE-COFFRE"));
        assert_false(case_in_file(&t, i, "99010112345"));
    }
    struct id beside =
        case_assign(anna, &c, case_staff(&t, 1), "co_referent", "2026-11-02", NULL);
    case_sync_all(&t);
    assert_int_equal(twin_count(t.replicas[1].store, "identity_number"), 1);
    assert_true(case_in_file(&t, 1, "MARQUE-COFFRE"));
    const char *end[] = {"end=2026-11-02", NULL};
    assert_int_equal(twin_set(anna, "assignment", &beside, end), ERR_OK);
    case_sync_all(&t);
    anna->wall_ms += 2 * 86400000;
    t.replicas[1].wall_ms = t.replicas[2].wall_ms = t.server.wall_ms = anna->wall_ms;
    case_sync_all(&t);
    assert_int_equal(twin_count(t.replicas[1].store, "identity_number"), 0);
    assert_int_equal(twin_count(t.replicas[1].store, "session_note"), 1);
    assert_false(case_in_file(&t, 1, "MARQUE-COFFRE"));
    assert_true(case_in_file(&t, 1, "MARQUE-NOTE"));
    for (size_t i = 0; i < t.count; i++)
        assert_true(case_complete(&t, i));
    /* Who may not read it may not write it either: a facilitator's is refused. */
    (void)twin_add(&t.replicas[1], "sensitive_fact", fact);
    assert_int_equal(twin_sync(&t, 1).refused, 1);
    assert_int_equal(twin_count(t.server.store, "sensitive_fact"), 1);
    twin_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_colleague_sees_nothing_of_a_dossier_that_is_not_assigned),
        cmocka_unit_test(what_a_coach_opens_is_not_sent_back),
        cmocka_unit_test(a_hand_over_moves_the_dossier_and_nothing_stays_behind),
        cmocka_unit_test(work_done_before_the_right_ended_is_accepted_then_leaves),
        cmocka_unit_test(a_right_that_ends_half_told_leaves_nothing),
        cmocka_unit_test(work_on_a_dossier_that_left_and_returns_is_there_again),
        cmocka_unit_test(work_on_a_refused_dossier_is_kept_when_another_leaves),
        cmocka_unit_test(a_substitute_holds_the_dossier_for_the_days_agreed),
        cmocka_unit_test(a_coordinator_sees_facts_and_a_manager_only_workers),
        cmocka_unit_test(sharing_opens_and_closes_all_dossiers_of_the_structure),
        cmocka_unit_test(writing_in_a_dossier_of_somebody_else_is_refused),
        cmocka_unit_test(an_old_client_whose_rights_changed_may_push_and_must_upgrade),
        cmocka_unit_test(the_vault_is_for_referents),
        cmocka_unit_test(rights_that_change_twice_in_one_commit_are_read_whole),
        cmocka_unit_test(a_restored_server_is_told_of_no_rights_of_before),
        cmocka_unit_test(what_was_sent_leaves_also_where_its_rows_were_gone_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
