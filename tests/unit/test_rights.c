/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds which dossier, and what of it a replica has: caseloads, hand-over, days, the end of
 * a right. */
#include "store/grants.h"
#include "store/holders.h"
#include "store/quarantine.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const char *ref(const char *name, const struct id *id)
{
    static char texts[8][80];
    static unsigned turn;
    char *out = texts[turn++ % 8];
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, sizeof texts[0], "%s=%s", name, text);
    return out;
}

/* A dossier with one note, made by a coach. */
struct case_file {
    struct id person, pathway, session, note;
};

static struct id model_of(struct twin *t)
{
    const char *fields[] = {"name=Parcours type", NULL};
    return twin_add(&t->server, "pathway_model", fields);
}

static struct case_file open_case(struct party *p, const struct id *model, const char *mark)
{
    struct case_file c;
    char text[80];
    char name[40];
    static uint64_t turn;
    uint64_t mixed = ++turn * UINT64_C(0x9e3779b97f4a7c15);
    for (size_t i = 0; i < 10; i++, mixed >>= 5) /* nobody resembles another */
        (void)snprintf(name + i, sizeof name - i, "%c", 'a' + (int)(mixed % 26));
    (void)snprintf(text, sizeof text, "name=Fictif%s", name);
    const char *person[] = {text, "first_name=Zoé", NULL};
    c.person = twin_add(p, "person", person);
    const char *pathway[] = {ref("person", &c.person), ref("model", model), "entry=2026-11-02",
                             NULL};
    c.pathway = twin_add(p, "pathway", pathway);
    const char *session[] = {"kind=individual", ref("person", &c.person), "date=2026-11-02",
                             "minutes=45", NULL};
    c.session = twin_add(p, "session", session);
    (void)snprintf(text, sizeof text, "text=%s", mark);
    const char *note[] = {ref("session", &c.session), ref("person", &c.person), text, NULL};
    c.note = twin_add(p, "session_note", note);
    return c;
}

static struct id assign(struct party *p, const struct case_file *c, const struct id *staff,
                        const char *role, const char *start, const char *end)
{
    char text[3][40];
    (void)snprintf(text[0], sizeof text[0], "role=%s", role);
    (void)snprintf(text[1], sizeof text[1], "start=%s", start);
    (void)snprintf(text[2], sizeof text[2], "end=%s", end == NULL ? "" : end);
    const char *fields[] = {ref("pathway", &c->pathway),
                            ref("staff", staff),
                            text[0],
                            text[1],
                            end == NULL ? NULL : text[2],
                            NULL};
    return twin_add(p, "assignment", fields);
}

static const struct id *staff_of(struct twin *t, size_t i)
{
    return &t->replicas[i].device.staff;
}

static void sync_all(struct twin *t)
{
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < t->count; i++)
            (void)twin_sync(t, i);
}

/* Does the text stand anywhere in the replica's file? */
static bool in_file(struct twin *t, size_t i, const char *text)
{
    struct party *p = &t->replicas[i];
    static char bytes[8 << 20];
    store_close(p->store);
    FILE *f = fopen(p->path, "rb");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    twin_open_party(t, p);
    return memmem(bytes, n, text, strlen(text)) != NULL;
}

static void assert_same(struct twin *t, size_t i)
{
    struct buf ours = {0};
    struct buf theirs = {0};
    twin_dump(t->replicas[i].store, &ours);
    twin_dump_seen(t->server.store, staff_of(t, i), &theirs);
    buf_u8(&ours, 0);
    buf_u8(&theirs, 0);
    assert_string_equal((const char *)ours.p, (const char *)theirs.p);
    buf_done(&ours);
    buf_done(&theirs);
}

static void a_colleague_sees_nothing_of_a_dossier_that_is_not_assigned(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct id model = model_of(&t);
    sync_all(&t);
    (void)open_case(&t.replicas[0], &model, "MARQUE-A");
    sync_all(&t);
    assert_int_equal(twin_count(t.server.store, "session_note"), 1);
    assert_int_equal(twin_count(t.replicas[0].store, "session_note"), 1);
    assert_int_equal(twin_count(t.replicas[1].store, "person"), 0);
    assert_false(in_file(&t, 1, "MARQUE-A"));
    assert_same(&t, 0);
    assert_same(&t, 1);
    twin_close(&t);
}

static void what_a_coach_opens_is_not_sent_back(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 1, &schema_jalon);
    struct id model = model_of(&t);
    sync_all(&t);
    for (int i = 0; i < 20; i++)
        (void)open_case(&t.replicas[0], &model, "x");
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
    struct id model = model_of(&t);
    sync_all(&t);
    struct case_file kept = open_case(&t.replicas[0], &model, "MARQUE-RESTE");
    struct case_file given = open_case(&t.replicas[0], &model, "MARQUE-PART");
    struct id first =
        assign(&t.replicas[0], &given, staff_of(&t, 0), "referent", "2026-11-02", NULL);
    sync_all(&t);
    assert_int_equal(twin_count(t.replicas[1].store, "person"), 0);
    const char *end[] = {"end=2026-11-10", NULL};
    assert_int_equal(twin_set(&t.server, "assignment", &first, end), ERR_OK);
    (void)assign(&t.server, &given, staff_of(&t, 1), "referent", "2026-11-11", NULL);
    struct replica_tally got = twin_sync(&t, 1);
    assert_int_equal(got.pulled, 6); /* the dossier, and none of the rest again */
    assert_int_equal(twin_count(t.replicas[1].store, "session_note"), 1);
    assert_int_equal(twin_sync(&t, 0).pulled, 0);
    assert_int_equal(twin_count(t.replicas[0].store, "person"), 1);
    assert_string_equal(twin_get(t.replicas[0].store, "person", &kept.person, "first_name"),
                        "Zoé");
    assert_false(in_file(&t, 0, "MARQUE-PART"));
    assert_true(in_file(&t, 0, "MARQUE-RESTE"));
    assert_same(&t, 0);
    assert_same(&t, 1);
    twin_close(&t);
}

static void work_done_before_the_right_ended_is_accepted_then_leaves(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct id model = model_of(&t);
    sync_all(&t);
    struct case_file c = open_case(&t.replicas[0], &model, "MARQUE-1");
    sync_all(&t);
    const char *late[] = {"text=MARQUE-2", NULL};
    assert_int_equal(twin_set(&t.replicas[0], "session_note", &c.note, late), ERR_OK);
    t.server.wall_ms += 60 * 1000;
    (void)assign(&t.server, &c, staff_of(&t, 1), "referent", "2026-11-11", NULL);
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
    assert_false(in_file(&t, 0, "MARQUE-1"));
    assert_false(in_file(&t, 0, "MARQUE-2"));
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
    struct id model = model_of(&t);
    sync_all(&t);
    struct case_file c = open_case(&t.replicas[0], &model, "x");
    const char *deed[] = {ref("pathway", &c.pathway), "who=person", "label=MARQUE-MOITIE",
                          NULL};
    (void)twin_add(&t.replicas[0], "action", deed);
    (void)twin_sync(&t, 0);
    for (int i = 0; i <= MESSAGE_PAGE_ROWS; i++) {
        const char *way[] = {ref("person", &c.person), "kind=phone", "value=0470 00 00 00",
                             NULL};
        (void)twin_add(&t.server, "contact_point", way);
    }
    const char *later[] = {"entry=2026-11-03", NULL}; /* the pathway moves to the second page */
    assert_int_equal(twin_set(&t.server, "pathway", &c.pathway, later), ERR_OK);
    struct id held = assign(&t.server, &c, staff_of(&t, 1), "referent", "2026-11-02", NULL);
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
    assert_false(in_file(&t, 1, "MARQUE-MOITIE"));
    assert_same(&t, 1);
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
    struct id model = model_of(&t);
    const char *structure[] = {"name=EI du Canal", "kind=EI", NULL};
    struct id elsewhere = twin_add(&t.server, "structure", structure);
    sync_all(&t);
    struct case_file c = open_case(p, &model, "x");
    sync_all(&t);
    struct serve_session session = {.device = 0};
    struct buf verdicts = {0};
    struct replica_tally tally = {0};
    struct message m;
    greet_by_hand(&t, p, &session);
    const char *person[] = {"name=Fictif", "first_name=Luc", ref("structure", &elsewhere),
                            NULL};
    struct id refused = twin_add(p, "person", person);
    push_by_hand(&t, p, &session, &verdicts);
    const char *way[] = {ref("person", &refused), "kind=phone", "value=0470 11 22 33", NULL};
    (void)twin_add(p, "contact_point", way);
    struct str rest = buf_str(&verdicts);
    message_of(&rest, &m);
    assert_int_equal(replica_verdicts(p->store, m.verdicts, &tally), ERR_OK);
    assert_int_equal(tally.refused, 1);
    (void)assign(&t.server, &c, staff_of(&t, 1), "referent", "2026-11-11", NULL);
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
    struct id model = model_of(&t);
    sync_all(&t);
    struct case_file c = open_case(p, &model, "x");
    sync_all(&t);
    struct id lost = assign(&t.server, &c, staff_of(&t, 1), "referent", "2026-11-02", NULL);
    struct serve_session session = {.device = 0};
    greet_by_hand(&t, p, &session);
    const char *visit[] = {"kind=individual", ref("person", &c.person), "date=2026-11-03",
                           "minutes=30", NULL};
    struct id made = twin_add(p, "session", visit);
    pull_by_hand(&t, p, &session, true);
    serve_session_done(&session);
    assert_int_equal(twin_count(p->store, "person"), 0);
    assert_int_equal(twin_count(p->store, "session"), 0);
    const char *end[] = {"end=2026-11-02", NULL};
    assert_int_equal(twin_set(&t.server, "assignment", &lost, end), ERR_OK);
    (void)assign(&t.server, &c, staff_of(&t, 0), "referent", "2026-11-02", NULL);
    assert_int_equal(twin_sync(&t, 0).refused, 0);
    (void)twin_sync(&t, 0);
    assert_string_equal(twin_get(p->store, "session", &made, "minutes"), "30");
    assert_same(&t, 0);
    assert_int_equal(twin_sync(&t, 0).pulled, 0); /* all was told once, not for ever */
    twin_close(&t);
}

static void a_substitute_holds_the_dossier_for_the_days_agreed(void **state)
{
    (void)state;
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct id model = model_of(&t);
    sync_all(&t);
    struct case_file c = open_case(&t.replicas[0], &model, "MARQUE");
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
    (void)assign(&t.replicas[0], &c, staff_of(&t, 1), "substitute", start, end);
    for (int i = 0; i < 7; i++) {
        sync_all(&t);
        bool held = i >= 2 && i <= 4;
        assert_int_equal(twin_count(t.replicas[1].store, "session_note"), held ? 1 : 0);
        assert_int_equal(twin_count(t.replicas[0].store, "session_note"), 1);
        assert_int_equal(in_file(&t, 1, "MARQUE"), held);
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
    struct id model = model_of(&t);
    sync_all(&t);
    struct case_file worker = open_case(&t.replicas[0], &model, "MARQUE-W");
    (void)open_case(&t.replicas[0], &model, "MARQUE-X");
    const char *contract[] = {ref("person", &worker.person),
                              ref("employer_structure", &t.structure), "kind=CDI",
                              "start=2026-11-02", NULL};
    (void)twin_add(&t.replicas[0], "contract", contract);
    sync_all(&t);
    assert_int_equal(twin_count(t.replicas[1].store, "person"), 2);
    assert_int_equal(twin_count(t.replicas[2].store, "person"), 1);
    assert_int_equal(twin_count(t.replicas[2].store, "contract"), 1);
    for (size_t i = 1; i <= 2; i++) {
        assert_false(in_file(&t, i, "MARQUE-"));
        assert_same(&t, i);
    }
    twin_close(&t);
}

static void sharing_opens_and_closes_all_dossiers_of_the_structure(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct id model = model_of(&t);
    sync_all(&t);
    (void)open_case(&t.replicas[0], &model, "MARQUE");
    sync_all(&t);
    assert_int_equal(twin_count(t.replicas[1].store, "person"), 0);
    const char *shared[] = {"key=jobcoach_sees", "value=structure", "valid_from=2020-01-01",
                            NULL};
    struct id parameter = twin_add(&t.server, "parameter", shared);
    sync_all(&t);
    assert_int_equal(twin_count(t.replicas[1].store, "session_note"), 1);
    const char *apart[] = {"value=caseload", NULL};
    assert_int_equal(twin_set(&t.server, "parameter", &parameter, apart), ERR_OK);
    sync_all(&t);
    assert_int_equal(twin_count(t.replicas[1].store, "person"), 0);
    assert_false(in_file(&t, 1, "MARQUE"));
    assert_int_equal(twin_count(t.replicas[0].store, "session_note"), 1);
    assert_same(&t, 0);
    assert_same(&t, 1);
    twin_close(&t);
}

static void writing_in_a_dossier_of_somebody_else_is_refused(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct id model = model_of(&t);
    sync_all(&t);
    struct case_file c = open_case(&t.replicas[0], &model, "MARQUE");
    sync_all(&t);
    /* Not by the program's door, which knows no such row: as a forged client would. */
    struct grants grants = {.count = 0};
    const struct grants_had nothing = {.held = 0};
    uint64_t version = 0;
    struct scope scope = {0};
    const struct table *person = schema_table(&schema_jalon, TABLE_PERSON);
    assert_int_equal(rows_locate(t.server.store, person, &c.person, &scope), ERR_OK);
    assert_int_equal(
        grants_load(t.server.store, staff_of(&t, 1), &nothing, &grants, &version, NULL),
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
    struct id model = model_of(&t);
    sync_all(&t);
    struct case_file c = open_case(&t.replicas[0], &model, "MARQUE");
    sync_all(&t);
    (void)assign(&t.server, &c, staff_of(&t, 1), "referent", "2026-11-11", NULL);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
