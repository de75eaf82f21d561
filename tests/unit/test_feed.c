/* SPDX-License-Identifier: Apache-2.0 */
/* Pages cost what is in them: where a structure holds much that is not for the reader, its own
 * dossiers are found without walking through the rest. */
#include "proto/frame.h"
#include "store/holders.h"
#include "store/inside.h"
#include "store/recent.h"
#include "support/twin.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { DOSSIERS = 3, OTHERS = FEED_SCAN + 1000, OWN = 3 * MESSAGE_PAGE_ROWS };

static const char *ref(const char *name, const struct id *id)
{
    static char texts[4][80];
    static unsigned turn;
    char *out = texts[turn++ % 4];
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, sizeof texts[0], "%s=%s", name, text);
    return out;
}

struct dossier {
    struct id person, pathway;
};

static struct dossier open_dossier(struct twin *t, const struct id *model, const char *name)
{
    struct dossier d;
    const char *person[] = {name, "first_name=Zoé", ref("structure", &t->structure), NULL};
    d.person = twin_add(&t->server, "person", person);
    const char *pathway[] = {ref("person", &d.person), ref("model", model), "entry=2026-11-02",
                             NULL};
    d.pathway = twin_add(&t->server, "pathway", pathway);
    return d;
}

/* Now the ones, now the others, in the dossiers whose numbers are from..to. */
static void fill_by(struct party *p, const struct dossier *list, unsigned from, unsigned to,
                    unsigned count)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_CONTACT_POINT);
    struct edit *edit = NULL;
    struct id id;
    assert_int_equal(edit_open(p->store, &edit, NULL), ERR_OK);
    for (unsigned i = 0; i < count; i++) {
        struct edit_value values[] = {
            {schema_field_named(table, STR("person")),
             value_id(&list[from + i % (to - from + 1)].person)},
            {schema_field_named(table, STR("kind")), value_text(STR("phone"))},
            {schema_field_named(table, STR("value")), value_text(STR("0470 00 00 00"))},
        };
        assert_int_equal(edit_insert(edit, table, values, 3, &id, NULL), ERR_OK);
    }
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
}

static void fill(struct twin *t, const struct dossier *list, unsigned from, unsigned to,
                 unsigned count)
{
    fill_by(&t->server, list, from, to, count);
}

static void assign(struct twin *t, const struct dossier *d, size_t replica)
{
    const char *fields[] = {ref("pathway", &d->pathway),
                            ref("staff", &t->replicas[replica].device.staff), "role=referent",
                            "start=2026-11-02", NULL};
    (void)twin_add(&t->server, "assignment", fields);
}

/* Pages until nothing is left; how many of them had nothing in them. */
static unsigned pages_read(struct twin *t, size_t replica, unsigned *empty)
{
    struct serve_session session = {.device = 0};
    struct hello hello;
    struct buf frames = {0};
    bool idle = false;
    unsigned pages = 0;
    assert_int_equal(replica_hello(t->replicas[replica].store, &hello), ERR_OK);
    assert_int_equal(
        serve_hello(t->server.store, &t->replicas[replica].device, &hello, &session, &frames),
        ERR_OK);
    for (; !idle; pages++) {
        buf_clear(&frames);
        assert_int_equal(serve_page(t->server.store, &session, &frames, &idle), ERR_OK);
        *empty += frames.n == 0 ? 1 : 0;
    }
    serve_session_done(&session);
    buf_done(&frames);
    return pages;
}

/* Of each, there must be something in it. */
static unsigned pages_of(struct twin *t, size_t replica)
{
    unsigned empty = 0;
    unsigned pages = pages_read(t, replica, &empty);
    assert_int_equal(empty, 0);
    return pages;
}

static void assert_same(struct twin *t, size_t i)
{
    struct buf ours = {0};
    struct buf theirs = {0};
    twin_dump(t->replicas[i].store, &ours);
    twin_dump_seen(t->server.store, &t->replicas[i].device.staff, &theirs);
    buf_u8(&ours, 0);
    buf_u8(&theirs, 0);
    assert_string_equal((const char *)ours.p, (const char *)theirs.p);
    buf_done(&ours);
    buf_done(&theirs);
}

static void assert_sound(struct store *s)
{
    struct buf report = {0};
    uint32_t problems = 0;
    assert_int_equal(store_check(s, &report, &problems), ERR_OK);
    if (problems > 0)
        fail_msg("%.*s", (int)report.n, (const char *)report.p);
    buf_done(&report);
}

/* The one has everything but the dossiers, the other nothing yet. */
static void a_caseload_is_found_among_many_rows_of_others(void **state)
{
    (void)state;
    static const char *const names[DOSSIERS] = {"name=Abricot", "name=Betterave",
                                                "name=Citrouille"};
    struct dossier list[DOSSIERS];
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    const char *model_fields[] = {"name=Parcours type", NULL};
    struct id model = twin_add(&t.server, "pathway_model", model_fields);
    for (unsigned i = 0; i < DOSSIERS; i++)
        list[i] = open_dossier(&t, &model, names[i]);
    (void)twin_sync(&t, 0);
    fill(&t, list, 1, 2, OWN / 2);
    fill(&t, list, 0, 0, 2 * OTHERS);
    fill(&t, list, 1, 2, OWN / 2);
    (void)twin_sync(&t, 0);
    for (size_t i = 0; i < 2; i++) {
        assign(&t, &list[1], i);
        assign(&t, &list[2], i);
        assert_in_range(pages_of(&t, i), 3, 6);
    }
    const char *moved[] = {"first_name=Zélie", NULL}; /* on from where it was found */
    assert_int_equal(twin_set(&t.server, "person", &list[1].person, moved), ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        (void)twin_sync(&t, i);
        assert_int_equal(twin_count(t.replicas[i].store, "person"), 2);
        assert_int_equal(twin_count(t.replicas[i].store, "contact_point"), OWN);
    }
    (void)twin_sync(&t, 0);
    assert_same(&t, 0);
    assert_same(&t, 1);
    assert_sound(t.server.store);
    twin_close(&t);
}

/* While it was away, others changed much, and something of its own in the midst of it. */
static void a_change_is_found_among_many_changes_of_others(void **state)
{
    (void)state;
    struct dossier list[2];
    struct twin t;
    twin_open_apart(&t, 1, &schema_jalon);
    const char *model_fields[] = {"name=Parcours type", NULL};
    struct id model = twin_add(&t.server, "pathway_model", model_fields);
    list[0] = open_dossier(&t, &model, "name=Abricot");
    list[1] = open_dossier(&t, &model, "name=Betterave");
    assign(&t, &list[1], 0);
    (void)twin_sync(&t, 0);
    fill(&t, list, 0, 0, OTHERS);
    const char *fields[] = {"first_name=Zélie", NULL};
    assert_int_equal(twin_set(&t.server, "person", &list[1].person, fields), ERR_OK);
    fill(&t, list, 0, 0, OTHERS);
    assert_int_equal(pages_of(&t, 0), 1);
    assert_int_equal(twin_sync(&t, 0).pulled, 1);
    assert_string_equal(twin_get(t.replicas[0].store, "person", &list[1].person, "first_name"),
                        "Zélie");
    assert_same(&t, 0);
    twin_close(&t);
}

/* HELLO, then what the replica has not sent. */
static void send_all(struct twin *t, size_t replica, struct serve_session *session)
{
    struct party *p = &t->replicas[replica];
    struct hello hello;
    struct buf frames = {0};
    assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
    assert_int_equal(serve_hello(t->server.store, &p->device, &hello, session, &frames),
                     ERR_OK);
    uint64_t last = hello.acked;
    for (;;) {
        struct str body = {0};
        struct message m;
        size_t used = 0;
        uint64_t sent = last;
        buf_clear(&frames);
        assert_int_equal(replica_push(p->store, sent, &frames, &last), ERR_OK);
        if (last == sent)
            break;
        assert_int_equal(frame_next(buf_str(&frames), FRAME_BYTES_MAX, &body, &used), ERR_OK);
        assert_int_equal(message_read(body, &m), ERR_OK);
        struct buf verdicts = {0};
        struct serve_push push = {.session = session, .push = m.push, .frames = &verdicts};
        assert_int_equal(serve_pushes(t->server.store, &push, 1), ERR_OK);
        assert_int_equal(push.err, ERR_OK);
        buf_done(&verdicts);
    }
    buf_done(&frames);
}

/* More than one page looks at; what others changed of it meanwhile is found all the same. */
static void what_it_wrote_on_the_line_is_passed_over(void **state)
{
    (void)state;
    struct dossier one;
    struct twin t;
    struct serve_session session = {.device = 0};
    struct buf frames = {0};
    bool idle = false;
    twin_open_apart(&t, 1, &schema_jalon);
    const char *model_fields[] = {"name=Parcours type", NULL};
    struct id model = twin_add(&t.server, "pathway_model", model_fields);
    one = open_dossier(&t, &model, "name=Abricot");
    assign(&t, &one, 0);
    (void)twin_sync(&t, 0);
    fill_by(&t.replicas[0], &one, 0, 0, OTHERS);
    const char *fields[] = {ref("person", &one.person), "kind=phone", "value=0470 00 00 01",
                            NULL};
    struct id changed = twin_add(&t.replicas[0], "contact_point", fields);
    send_all(&t, 0, &session);
    assert_int_equal(serve_page(t.server.store, &session, &frames, &idle), ERR_OK);
    assert_true(idle);
    const char *value[] = {"value=0470 00 00 02", NULL};
    assert_int_equal(twin_set(&t.server, "contact_point", &changed, value), ERR_OK);
    buf_clear(&frames);
    assert_int_equal(serve_page(t.server.store, &session, &frames, &idle), ERR_OK);
    struct str body = {0};
    struct message m;
    size_t used = 0;
    assert_int_equal(frame_next(buf_str(&frames), FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_int_equal(message_read(body, &m), ERR_OK);
    assert_int_equal(m.type, MESSAGE_PAGE);
    assert_int_equal(m.page.rows, 1);
    serve_session_done(&session);
    buf_done(&frames);
    (void)twin_sync(&t, 0);
    assert_string_equal(twin_get(t.replicas[0].store, "contact_point", &changed, "value"),
                        "0470 00 00 02");
    twin_close(&t);
}

/* A stick, a relay or an earlier connection brought in what the device is about to send itself:
 * a page would be ahead of the verdicts it has heard, so the conversation begins again. */
static void work_that_came_by_another_way_begins_the_conversation_again(void **state)
{
    (void)state;
    struct twin t;
    struct serve_session online = {.device = 0};
    struct serve_session stick = {.device = 0};
    struct hello hello;
    struct buf frames = {0};
    bool idle = false;
    twin_open(&t, 1, &schema_jalon);
    (void)twin_sync(&t, 0);
    const char *fields[] = {"name=Forge Fictive", NULL};
    struct id id = twin_add(&t.replicas[0], "company", fields);
    assert_int_equal(replica_hello(t.replicas[0].store, &hello), ERR_OK);
    assert_int_equal(
        serve_hello(t.server.store, &t.replicas[0].device, &hello, &online, &frames), ERR_OK);
    send_all(&t, 0, &stick);
    buf_clear(&frames);
    assert_int_equal(serve_page(t.server.store, &online, &frames, &idle), ERR_LATER);
    assert_int_equal(frames.n, 0);
    serve_session_done(&online);
    serve_session_done(&stick);
    buf_done(&frames);
    (void)twin_sync(&t, 0);
    assert_string_equal(twin_get(t.replicas[0].store, "company", &id, "name"), "Forge Fictive");
    twin_close(&t);
}

/* An operation of somebody else, in the midst of which a run of entries ends, and the reader's
 * own right after it: all of the other's is told. */
static void a_long_operation_of_others_before_its_own_is_told_whole(void **state)
{
    (void)state;
    enum { LONG = 300 };
    struct dossier one;
    struct twin t;
    struct serve_session session = {.device = 0};
    struct buf frames = {0};
    bool idle = false;
    uint64_t rows = 0;
    twin_open(&t, 2, &schema_jalon);
    const char *model_fields[] = {"name=Parcours type", NULL};
    struct id model = twin_add(&t.server, "pathway_model", model_fields);
    one = open_dossier(&t, &model, "name=Abricot");
    (void)twin_sync(&t, 0);
    (void)twin_sync(&t, 1);
    fill_by(&t.replicas[1], &one, 0, 0, LONG);
    (void)twin_sync(&t, 1);
    fill_by(&t.replicas[0], &one, 0, 0, LONG);
    send_all(&t, 0, &session);
    while (!idle) {
        struct str body = {0};
        struct message m;
        size_t used = 0;
        buf_clear(&frames);
        assert_int_equal(serve_page(t.server.store, &session, &frames, &idle), ERR_OK);
        assert_int_equal(frame_next(buf_str(&frames), FRAME_BYTES_MAX, &body, &used), ERR_OK);
        assert_int_equal(message_read(body, &m), ERR_OK);
        rows += m.type == MESSAGE_PAGE ? m.page.rows : 0;
    }
    assert_int_equal(rows, LONG);
    serve_session_done(&session);
    buf_done(&frames);
    twin_close(&t);
}

/* As if others had brought in their archives: `seqs` numbers with `each` entries of the dossier
 * of this person, after all there is. */
static void bring_in(struct store *s, const struct id *person, unsigned seqs, unsigned each)
{
    struct stmt *stmt = NULL;
    assert_int_equal(
        db_prepare(s->db,
                   "INSERT INTO feed(home,seq,tab,rid,dossier,facet) WITH RECURSIVE n(i) AS "
                   "(VALUES(0) UNION ALL SELECT i+1 FROM n WHERE i+1<?2*?3) SELECT parent,"
                   "?1+1+i/?3,?4,1000000+i,sid,1 FROM n CROSS JOIN scope WHERE id=?5",
                   &stmt),
        ERR_OK);
    bind_int(stmt, 1, (int64_t)s->seq);
    bind_int(stmt, 2, seqs);
    bind_int(stmt, 3, each);
    bind_int(stmt, 4, TABLE_CONTACT_POINT);
    bind_id(stmt, 5, person);
    assert_int_equal(stmt_run(stmt), ERR_OK);
    stmt_free(stmt);
    s->seq += seqs;
    assert_int_equal(meta_set_int(s, META_SEQ, (int64_t)s->seq), ERR_OK);
}

/* Its page cache, and some room to sort what becomes findable: never all there is. */
static void far_reading_takes_no_more_memory_than_a_page_cache(void **state)
{
    (void)state;
    enum { SEQS = 9000, EACH = 50, CACHE = 6 << 20, ROOM = 3 << 20 };
    struct dossier list[2];
    struct twin t;
    twin_open_apart(&t, 1, &schema_jalon);
    const char *model_fields[] = {"name=Parcours type", NULL};
    struct id model = twin_add(&t.server, "pathway_model", model_fields);
    list[0] = open_dossier(&t, &model, "name=Abricot");
    list[1] = open_dossier(&t, &model, "name=Betterave");
    assign(&t, &list[1], 0);
    (void)twin_sync(&t, 0);
    bring_in(t.server.store, &list[0].person, SEQS, EACH);
    unsigned empty = 0;
    (void)sqlite3_memory_highwater(1);
    assert_in_range(pages_read(&t, 0, &empty), 2, SEQS * EACH / FEED_SCAN);
    assert_in_range(sqlite3_memory_highwater(0), 1, CACHE + ROOM);
    assert_true(t.server.store->feed_of > 0);
    twin_close(&t);
}

/* Nothing would be asked for by dossier: the way there is not made. */
static void who_reads_everything_needs_no_way_by_dossier(void **state)
{
    (void)state;
    enum { SEQS = 4500 };
    struct dossier one;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    const char *model_fields[] = {"name=Parcours type", NULL};
    struct id model = twin_add(&t.server, "pathway_model", model_fields);
    one = open_dossier(&t, &model, "name=Abricot");
    for (unsigned i = 0; i < SEQS; i++)
        fill(&t, &one, 0, 0, 1);
    assert_true(pages_of(&t, 0) > 1);
    assert_int_equal(t.server.store->feed_of, 0);
    twin_close(&t);
}

/* Sessions that listen from here on. */
static void listen_both(struct twin *t, struct serve_session sessions[2])
{
    for (size_t i = 0; i < 2; i++) {
        struct hello hello;
        struct buf frames = {0};
        bool idle = false;
        sessions[i] = (struct serve_session){.device = 0};
        assert_int_equal(replica_hello(t->replicas[i].store, &hello), ERR_OK);
        assert_int_equal(
            serve_hello(t->server.store, &t->replicas[i].device, &hello, &sessions[i], &frames),
            ERR_OK);
        while (!idle)
            assert_int_equal(serve_page(t->server.store, &sessions[i], &frames, &idle), ERR_OK);
        buf_done(&frames);
    }
}

/* The body of the next page, empty when there is none; the caller frees. */
static struct buf next_body(struct twin *t, struct serve_session *session)
{
    struct buf frames = {0};
    struct buf body = {0};
    struct str frame = {0};
    struct message m;
    size_t used = 0;
    bool idle = false;
    assert_int_equal(serve_page(t->server.store, session, &frames, &idle), ERR_OK);
    assert_int_equal(frame_next(buf_str(&frames), FRAME_BYTES_MAX, &frame, &used), ERR_OK);
    assert_int_equal(message_read(frame, &m), ERR_OK);
    if (m.type == MESSAGE_PAGE) {
        assert_false(m.page.packed);
        buf_add(&body, m.page.body.p, m.page.body.n);
    }
    buf_done(&frames);
    return body;
}

static bool holds(const struct buf *body, const char *text)
{
    return memmem(body->p, body->n, text, strlen(text)) != NULL;
}

/* What one hears of a row that was just made, the next hears too, and not from the table; but
 * nobody hears of it as it was. */
static void what_was_just_told_is_told_the_same_until_it_changes(void **state)
{
    (void)state;
    struct twin t;
    struct serve_session sessions[2];
    twin_open(&t, 2, &schema_jalon);
    (void)twin_sync(&t, 0);
    (void)twin_sync(&t, 1);
    listen_both(&t, sessions);
    const char *made[] = {"name=Forge Fictive", NULL};
    const char *changed[] = {"name=Scierie Fictive", NULL};
    recent_forget(t.server.store);
    struct id id = twin_add(&t.server, "company", made);
    struct buf first = next_body(&t, &sessions[0]);
    assert_true(holds(&first, "Forge"));
    assert_int_equal(t.server.store->recent.n, sizeof(struct recent));
    struct buf second = next_body(&t, &sessions[1]);
    assert_int_equal(t.server.store->recent.n, sizeof(struct recent));
    assert_int_equal(first.n, second.n);
    assert_memory_equal(first.p, second.p, first.n);
    buf_done(&first);
    buf_done(&second);
    made[0] = "name=Imprimerie Fictive";
    id = twin_add(&t.server, "company", made);
    first = next_body(&t, &sessions[0]);
    assert_true(holds(&first, "Imprimerie"));
    assert_int_equal(twin_set(&t.server, "company", &id, changed), ERR_OK);
    second = next_body(&t, &sessions[1]);
    assert_true(holds(&second, "Scierie"));
    assert_false(holds(&second, "Imprimerie"));
    for (size_t i = 0; i < 2; i++)
        serve_session_done(&sessions[i]);
    buf_done(&first);
    buf_done(&second);
    twin_close(&t);
}

static void spans_that_continue_are_one_and_the_list_is_bounded(void **state)
{
    (void)state;
    struct buf list = {0};
    for (uint64_t i = 1; i <= 10; i++)
        feed_span_add(&list, &(struct feed_span){2 * i, 2 * i + 1});
    assert_int_equal(list.n, sizeof(struct feed_span));
    feed_spans_read(&list, 20);
    assert_int_equal(list.n, sizeof(struct feed_span));
    feed_spans_read(&list, 21);
    assert_int_equal(list.n, 0);
    for (uint64_t i = 1; i <= 2 * FEED_SPANS_MAX; i++)
        feed_span_add(&list, &(struct feed_span){3 * i, 3 * i + 1});
    assert_int_equal(list.n, FEED_SPANS_MAX * sizeof(struct feed_span));
    buf_done(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caseload_is_found_among_many_rows_of_others),
        cmocka_unit_test(a_change_is_found_among_many_changes_of_others),
        cmocka_unit_test(what_it_wrote_on_the_line_is_passed_over),
        cmocka_unit_test(a_long_operation_of_others_before_its_own_is_told_whole),
        cmocka_unit_test(work_that_came_by_another_way_begins_the_conversation_again),
        cmocka_unit_test(far_reading_takes_no_more_memory_than_a_page_cache),
        cmocka_unit_test(who_reads_everything_needs_no_way_by_dossier),
        cmocka_unit_test(what_was_just_told_is_told_the_same_until_it_changes),
        cmocka_unit_test(spans_that_continue_are_one_and_the_list_is_bounded),
    };
    if (sqlite3_initialize() != SQLITE_OK) /* before db_open, which tells it not to count */
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
