/* SPDX-License-Identifier: Apache-2.0 */
/* A dossier is erased: two people sign, everything goes on the server and on every device, what
 * comes later is refused, and who has not confirmed is known. */
#include "store/content.h"
#include "store/document.h"
#include "store/erase.h"
#include "store/inside.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { ANNA, CHLOE, BILAL, PARTIES }; /* two jobcoaches, a coordinator */

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

struct dossier {
    struct id person, pathway, session, note, action;
};

struct rig {
    struct twin t;
    struct id model;
    struct dossier gone, kept;
};

static struct store *of(struct rig *r, size_t i)
{
    return r->t.replicas[i].store;
}

static struct dossier open_dossier(struct rig *r, const char *name, const char *mark)
{
    struct party *p = &r->t.replicas[ANNA];
    struct dossier d;
    char text[3][80];
    static char prose[9000]; /* of several pages, which become free as they are */
    (void)snprintf(text[0], sizeof text[0], "name=Fictif%s", name);
    (void)snprintf(text[1], sizeof text[1], "city=%sVILLE", mark);
    (void)snprintf(prose, sizeof prose, "text=%sNOTE %08000d %sFIN", mark, 0, mark);
    (void)snprintf(text[2], sizeof text[2], "label=%sACTION", mark);
    const char *person[] = {
        text[0], "first_name=Zoé", text[1], "birth_date=1990-05-01", "gender=F", NULL};
    d.person = twin_add(p, "person", person);
    const char *pathway[] = {ref("person", &d.person), ref("model", &r->model),
                             "entry=2026-05-02", NULL};
    d.pathway = twin_add(p, "pathway", pathway);
    const char *session[] = {"kind=individual", ref("person", &d.person), "date=2026-11-02",
                             "minutes=45", NULL};
    d.session = twin_add(p, "session", session);
    const char *note[] = {ref("session", &d.session), ref("person", &d.person), prose, NULL};
    d.note = twin_add(p, "session_note", note);
    const char *action[] = {ref("pathway", &d.pathway), "who=person", text[2], NULL};
    d.action = twin_add(p, "action", action);
    return d;
}

static void sync_all(struct rig *r)
{
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < r->t.count; i++)
            (void)twin_sync(&r->t, i);
}

static void open_rig(struct rig *r, bool shared)
{
    *r = (struct rig){.model = {{0}}};
    if (shared)
        twin_open(&r->t, 2, &schema_jalon);
    else
        twin_open_apart(&r->t, 2, &schema_jalon);
    twin_enrol(&r->t, STR("coordinator"));
    const char *fields[] = {"name=Parcours type", NULL};
    r->model = twin_add(&r->t.server, "pathway_model", fields);
    sync_all(r);
    r->gone = open_dossier(r, "alpha", "MARQUE-PART-");
    r->kept = open_dossier(r, "beta", "MARQUE-RESTE-");
    sync_all(r);
    /* history with a value that is no more shown */
    const char *moved[] = {"city=MARQUE-PART-ENSUITE", NULL};
    assert_int_equal(twin_set(&r->t.replicas[ANNA], "person", &r->gone.person, moved), ERR_OK);
    sync_all(r);
}

static struct id ask(struct rig *r, size_t who, const char *as, const struct id *person)
{
    char role[40];
    (void)snprintf(role, sizeof role, "asked_as=%s", as);
    const char *fields[] = {ref("dossier", person), ref("structure", &r->t.structure),
                            "reason=request", role, NULL};
    return twin_add(&r->t.replicas[who], "erasure", fields);
}

static void decide(struct rig *r, size_t who, const char *as, const char *state,
                   const struct id *order)
{
    char role[40];
    char word[40];
    (void)snprintf(role, sizeof role, "signed_as=%s", as);
    (void)snprintf(word, sizeof word, "state=%s", state);
    const char *fields[] = {word, role, NULL};
    assert_int_equal(twin_set(&r->t.replicas[who], "erasure", order, fields), ERR_OK);
}

/* Does the text stand anywhere in the files of this party? */
static bool in_files(struct rig *r, struct party *p, const char *text)
{
    static const char *const ends[] = {"", "-wal", ".content", ".content-wal"};
    static char bytes[16 << 20];
    bool found = false;
    store_close(p->store);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char path[300];
        (void)snprintf(path, sizeof path, "%s%s", p->path, ends[i]);
        FILE *f = fopen(path, "rb");
        size_t n = f == NULL ? 0 : fread(bytes, 1, sizeof bytes, f);
        if (f != NULL)
            (void)fclose(f);
        found = found || (n > 0 && memmem(bytes, n, text, strlen(text)) != NULL);
    }
    twin_open_party(&r->t, p);
    return found;
}

/* A photo of this person, kept in this store; its row is saved on the device of ANNA. */
static void keep_photo(struct rig *r, struct store *s, const struct id *person,
                       const struct id *doc, const char *bytes)
{
    struct content_put put;
    uint8_t sha256[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    assert_int_equal(content_put_begin(s, doc, &put), ERR_OK);
    assert_int_equal(content_put_add(&put, str_of(bytes)), ERR_OK);
    assert_int_equal(content_put_end(&put, sha256), ERR_OK);
    if (s != of(r, ANNA))
        return;
    const struct table *table = schema_table(&schema_jalon, TABLE_DOCUMENT);
    struct edit *edit = NULL;
    document_hex(sha256, hex);
    const struct edit_value values[] = {
        {schema_field_named(table, STR("of_table")), value_text(STR("person"))},
        {schema_field_named(table, STR("of_row")), value_id(person)},
        {schema_field_named(table, STR("kind")), value_text(STR("photo"))},
        {schema_field_named(table, STR("sha256")), value_text(str_of(hex))},
        {schema_field_named(table, STR("size")), value_int((int64_t)strlen(bytes))},
        {schema_field_named(table, STR("mime")), value_text(STR("image/jpeg"))},
    };
    assert_int_equal(edit_open(s, &edit, NULL), ERR_OK);
    assert_int_equal(edit_insert_as(edit, table, doc, values, 6, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
}

static void assert_sound(struct store *s)
{
    struct buf report = {0};
    uint32_t problems = 0;
    assert_int_equal(store_check(s, &report, &problems), ERR_OK);
    if (problems > 0)
        (void)fprintf(stderr, "%.*s", (int)report.n, (const char *)report.p);
    assert_int_equal(problems, 0);
    buf_done(&report);
}

static void assert_gone(struct rig *r, struct party *p)
{
    assert_false(in_files(r, p, "MARQUE-PART"));
    assert_string_equal(twin_get(p->store, "person", &r->gone.person, "name"), "<NOTFOUND>");
    assert_sound(p->store);
}

static void assert_all_gone(struct rig *r)
{
    for (size_t i = 0; i < r->t.count; i++)
        assert_gone(r, &r->t.replicas[i]);
    assert_gone(r, &r->t.server);
    assert_true(in_files(r, &r->t.server, "MARQUE-RESTE"));
    assert_true(in_files(r, &r->t.replicas[ANNA], "MARQUE-RESTE"));
}

static enum err keep_last(void *ctx, const struct erase_info *info)
{
    *(struct erase_info *)ctx = *info;
    return ERR_OK;
}

static struct erase_info last_order(struct rig *r)
{
    struct erase_info info = {.no = 0};
    assert_int_equal(erase_orders(r->t.server.store, keep_last, &info), ERR_OK);
    return info;
}

static void close_rig(struct rig *r)
{
    twin_close(&r->t);
}

/* ---- the whole way ---- */

static void a_dossier_goes_from_everywhere(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    assert_true(in_files(&r, &r.t.replicas[CHLOE], "MARQUE-PART-NOTE"));
    assert_true(in_files(&r, &r.t.server, "MARQUE-PART-VILLE"));
    struct id order = ask(&r, ANNA, "jobcoach", &r.gone.person);
    sync_all(&r);
    assert_int_equal(twin_count(of(&r, BILAL), "erasure"), 1);
    assert_int_equal(last_order(&r).no, 0);
    decide(&r, BILAL, "coordinator", "confirmed", &order);
    (void)twin_sync(&r.t, BILAL);
    assert_int_equal(last_order(&r).devices, 3);
    assert_int_equal(last_order(&r).acked, 1);
    assert_gone(&r, &r.t.server);
    assert_true(in_files(&r, &r.t.replicas[CHLOE], "MARQUE-PART-NOTE"));
    sync_all(&r);
    assert_int_equal(last_order(&r).acked, 3);
    assert_all_gone(&r);
    assert_int_equal(twin_count(of(&r, CHLOE), "person"), 1);
    for (size_t i = 0; i < PARTIES; i++) /* the order itself stays */
        assert_string_equal(twin_get(of(&r, i), "erasure", &order, "state"), "confirmed");
    close_rig(&r);
}

/* Sent or not: contents lie in a file of their own, on both sides. */
static void contents_of_documents_go_with_it(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct id photo = store_new_id(of(&r, ANNA));
    struct id other = store_new_id(of(&r, ANNA));
    keep_photo(&r, of(&r, ANNA), &r.gone.person, &photo, "MARQUE-PART-PHOTO");
    keep_photo(&r, of(&r, ANNA), &r.kept.person, &other, "MARQUE-RESTE-PHOTO");
    keep_photo(&r, r.t.server.store, &r.gone.person, &photo, "MARQUE-PART-PHOTO");
    keep_photo(&r, r.t.server.store, &r.kept.person, &other, "MARQUE-RESTE-PHOTO");
    sync_all(&r);
    assert_true(in_files(&r, &r.t.replicas[ANNA], "MARQUE-PART-PHOTO"));
    struct id order = ask(&r, ANNA, "jobcoach", &r.gone.person);
    sync_all(&r);
    decide(&r, BILAL, "coordinator", "confirmed", &order);
    sync_all(&r);
    assert_int_equal(last_order(&r).acked, 3);
    assert_all_gone(&r);
    assert_true(in_files(&r, &r.t.server, "MARQUE-RESTE-PHOTO"));
    assert_true(in_files(&r, &r.t.replicas[ANNA], "MARQUE-RESTE-PHOTO"));
    close_rig(&r);
}

/* ---- who may ---- */

static enum reason refused_why(struct rig *r, size_t who)
{
    struct replica_tally tally = twin_sync(&r->t, who);
    struct stmt *stmt = NULL;
    enum reason reason = REASON_NONE;
    if (tally.refused == 0)
        return REASON_NONE;
    assert_int_equal(store_sql(of(r, who), SQL_QUARANTINE_LIST, &stmt), ERR_OK);
    bind_int(stmt, 1, 9);
    bind_int(stmt, 2, 0);
    bind_int(stmt, 3, 0);
    while (stmt_step(stmt) == STEP_ROW)
        reason = (enum reason)col_int(stmt, 2);
    stmt_reset(stmt);
    return reason;
}

static void two_people_with_two_roles_sign(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct id order = ask(&r, ANNA, "jobcoach", &r.gone.person);
    sync_all(&r);
    decide(&r, ANNA, "coordinator", "confirmed", &order); /* the same person, not her role */
    assert_int_equal(refused_why(&r, ANNA), REASON_RIGHTS);
    decide(&r, CHLOE, "jobcoach", "confirmed", &order); /* the same role */
    assert_int_equal(refused_why(&r, CHLOE), REASON_RIGHTS);
    decide(&r, BILAL, "jobcoach", "confirmed", &order); /* a role he has not */
    assert_int_equal(refused_why(&r, BILAL), REASON_RIGHTS);
    assert_int_equal(last_order(&r).no, 0);
    const char *fields[] = {"state=confirmed", "signed_as=coordinator", NULL};
    assert_int_not_equal(twin_set(&r.t.server, "erasure", &order, fields), ERR_OK);
    assert_int_equal(twin_count(r.t.server.store, "person"), 2);
    decide(&r, BILAL, "coordinator", "declined", &order);
    assert_int_equal(refused_why(&r, BILAL), REASON_NONE);
    decide(&r, BILAL, "coordinator", "confirmed", &order); /* it was declined */
    assert_int_equal(refused_why(&r, BILAL), REASON_FROZEN);
    assert_int_equal(last_order(&r).no, 0);
    close_rig(&r);
}

static void an_order_is_asked_for_a_dossier_one_sees(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, false);
    (void)ask(&r, CHLOE, "jobcoach", &r.gone.person); /* Anna's, and hers alone */
    assert_int_equal(refused_why(&r, CHLOE), REASON_RIGHTS);
    (void)ask(&r, ANNA, "jobcoach", &r.gone.session); /* no dossier */
    assert_int_equal(refused_why(&r, ANNA), REASON_MISSING);
    struct id order = ask(&r, BILAL, "coordinator", &r.gone.person);
    sync_all(&r);
    decide(&r, ANNA, "jobcoach", "confirmed", &order);
    sync_all(&r);
    assert_int_equal(last_order(&r).devices, 2); /* Chloé's never held it, and hears nothing */
    assert_int_equal(last_order(&r).acked, 2);
    assert_all_gone(&r);
    close_rig(&r);
}

/* ---- what comes later ---- */

static void erase_it(struct rig *r)
{
    struct id order = ask(r, ANNA, "jobcoach", &r->gone.person);
    (void)twin_sync(&r->t, ANNA);
    (void)twin_sync(&r->t, BILAL);
    decide(r, BILAL, "coordinator", "confirmed", &order);
    (void)twin_sync(&r->t, BILAL);
    assert_int_not_equal(last_order(r).done_ms, 0);
}

static void late_work_is_refused_and_leaves_no_trace(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *p = &r.t.replicas[CHLOE];
    const char *edit[] = {"city=MARQUE-PART-TARD", NULL};
    assert_int_equal(twin_set(p, "person", &r.gone.person, edit), ERR_OK);
    const char *way[] = {ref("person", &r.gone.person), ref("model", &r.model),
                         "entry=2026-11-03", NULL};
    struct id pathway = twin_add(p, "pathway", way);
    const char *deed[] = {ref("pathway", &pathway), "who=person", "label=MARQUE-PART-APRES",
                          NULL};
    (void)twin_add(p, "action", deed); /* hangs on a row the server never had */
    const char *kept[] = {"city=MARQUE-RESTE-TARD", NULL};
    assert_int_equal(twin_set(p, "person", &r.kept.person, kept), ERR_OK);
    erase_it(&r);
    struct replica_tally tally = twin_sync(&r.t, CHLOE);
    assert_int_equal(tally.refused, 3);
    assert_string_equal(twin_get(r.t.server.store, "person", &r.kept.person, "city"),
                        "MARQUE-RESTE-TARD");
    sync_all(&r);
    assert_int_equal(last_order(&r).acked, 3);
    assert_all_gone(&r);
    /* The refusals are known all the same. */
    struct store_status status;
    assert_int_equal(store_status(of(&r, CHLOE), &status), ERR_OK);
    assert_int_equal(status.quarantined, 3);
    assert_int_equal(status.unsent, 0);
    close_rig(&r);
}

/* Saved while the order was on its way: it is sent and judged before anything is confirmed. */
static void nothing_is_confirmed_while_work_waits(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *p = &r.t.replicas[CHLOE];
    erase_it(&r);
    const char *edit[] = {"city=MARQUE-PART-ENTRE", NULL};
    assert_int_equal(twin_set(p, "person", &r.gone.person, edit), ERR_OK);
    struct buf orders = {0};
    uint64_t done = 0;
    message_erase_add(&orders,
                      &(struct erase_order){.no = last_order(&r).no, .dossier = r.gone.person});
    struct erase erase = {.count = 1, .orders = cur_of(orders.p, orders.n)};
    assert_int_equal(replica_erase(p->store, erase, &done), ERR_OK);
    assert_int_equal(done, 0);
    assert_int_equal(twin_count(p->store, "person"), 1);
    sync_all(&r);
    assert_int_equal(last_order(&r).acked, 3);
    assert_all_gone(&r);
    buf_done(&orders);
    close_rig(&r);
}

/* What one operation says of other dossiers is kept for a person to save again. */
static void the_rest_of_a_mixed_operation_is_kept(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *p = &r.t.replicas[CHLOE];
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    const struct field *city = schema_field_named(table, STR("city"));
    struct edit_value values[] = {{city, value_text(STR("MARQUE-PART-DEUX"))},
                                  {city, value_text(STR("MARQUE-RESTE-DEUX"))}};
    struct edit *edit = NULL;
    assert_int_equal(edit_open(p->store, &edit, NULL), ERR_OK);
    assert_int_equal(edit_update(edit, table, &r.gone.person, &values[0], 1, NULL), ERR_OK);
    assert_int_equal(edit_update(edit, table, &r.kept.person, &values[1], 1, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    erase_it(&r);
    assert_int_equal(refused_why(&r, CHLOE), REASON_ERASED);
    sync_all(&r);
    assert_all_gone(&r);
    assert_true(in_files(&r, p, "MARQUE-RESTE-DEUX"));
    assert_true(in_files(&r, &r.t.server, "MARQUE-RESTE-DEUX"));
    close_rig(&r);
}

/* Refused long before, for another reason: it waits in two quarantines. */
static void what_waits_in_quarantine_goes_too(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    const char *locked[] = {"state=validated", NULL};
    assert_int_equal(twin_set(&r.t.replicas[ANNA], "session", &r.gone.session, locked), ERR_OK);
    const char *late[] = {"text=MARQUE-PART-VALIDE", NULL};
    assert_int_equal(twin_set(&r.t.replicas[CHLOE], "session_note", &r.gone.note, late),
                     ERR_OK);
    (void)twin_sync(&r.t, ANNA);
    assert_int_equal(refused_why(&r, CHLOE), REASON_FROZEN);
    assert_true(in_files(&r, &r.t.server, "MARQUE-PART-VALIDE"));
    erase_it(&r);
    assert_gone(&r, &r.t.server);
    sync_all(&r);
    assert_all_gone(&r);
    close_rig(&r);
}

/* A replica that was put back to before the order, or fills itself again, brings nothing back.
 */
static void an_older_image_brings_nothing_back(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *p = &r.t.replicas[CHLOE];
    static char bytes[16 << 20];
    store_close(p->store);
    FILE *f = fopen(p->path, "rb");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    twin_open_party(&r.t, p);
    erase_it(&r);
    sync_all(&r);
    assert_int_equal(last_order(&r).acked, 3);
    store_close(p->store);
    f = fopen(p->path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    (void)fclose(f);
    twin_open_party(&r.t, p);
    const char *late[] = {"city=MARQUE-PART-IMAGE", NULL};
    assert_int_equal(twin_set(p, "person", &r.gone.person, late), ERR_OK);
    sync_all(&r);
    assert_all_gone(&r);
    close_rig(&r);
}

/* ---- a client of schema 2 ---- */

static void message_of(struct str *frames, struct message *out)
{
    struct str body = {0};
    size_t used = 0;
    assert_int_equal(frame_next(*frames, FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_true(used > 0);
    *frames = (struct str){frames->p + used, frames->n - used};
    assert_int_equal(message_read(body, out), ERR_OK);
}

static void an_older_client_is_told_to_leave_it(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *p = &r.t.replicas[CHLOE];
    const char *late[] = {"city=MARQUE-PART-TARD", NULL};
    assert_int_equal(twin_set(p, "person", &r.gone.person, late), ERR_OK);
    erase_it(&r);
    struct hello hello;
    struct message m;
    struct buf frames = {0};
    struct buf up = {0};
    struct serve_session session = {.device = 0};
    uint64_t last = 0;
    assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
    hello.schema = 2;
    assert_int_equal(serve_hello(r.t.server.store, &p->device, &hello, &session, &frames),
                     ERR_OK);
    buf_clear(&frames);
    assert_int_equal(replica_push(p->store, hello.acked, &up, &last), ERR_OK);
    struct str rest = buf_str(&up);
    message_of(&rest, &m);
    struct serve_push push = {.session = &session, .push = m.push, .frames = &frames};
    assert_int_equal(serve_pushes(r.t.server.store, &push, 1), ERR_OK);
    rest = buf_str(&frames);
    message_of(&rest, &m);
    struct verdict_range range = message_range(&m.verdicts.ranges);
    assert_int_equal(range.verdict, VERDICT_REFUSED);
    assert_int_equal(range.reason, REASON_MISSING);
    bool left = false;
    for (bool idle = false; !idle;) {
        buf_clear(&frames);
        assert_int_equal(serve_page(r.t.server.store, &session, &frames, &idle), ERR_OK);
        rest = buf_str(&frames);
        while (rest.n > 0) {
            message_of(&rest, &m);
            assert_int_not_equal(m.type, MESSAGE_ERASE);
            if (m.type != MESSAGE_LEAVE)
                continue;
            struct leave_scope scope = message_leave_scope(&m.leave.scopes);
            left = left || (scope.kind == LEAVE_DOSSIER && scope.facets == 7 &&
                            id_eq(&scope.id, &r.gone.person));
        }
    }
    assert_true(left);
    serve_session_done(&session);
    buf_done(&frames);
    buf_done(&up);
    close_rig(&r);
}

/* ---- what stays ---- */

static int64_t number(struct rig *r, const char *sql)
{
    struct stmt *stmt = NULL;
    assert_int_equal(db_prepare(r->t.server.store->db, sql, &stmt), ERR_OK);
    assert_int_equal(stmt_step(stmt), STEP_ROW);
    int64_t n = col_null(stmt, 0) ? -1 : col_int(stmt, 0);
    stmt_free(stmt);
    return n;
}

static void a_twin_says_no_more_than_five_people_share(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    for (int i = 0; i < 3; i++) /* of one gender, with the two there are, but not of one year */
        (void)open_dossier(&r, i == 0 ? "gamma" : i == 1 ? "delta" : "epsilon", "AUTRE-");
    const char *older[] = {"birth_date=1970-01-01", NULL};
    assert_int_equal(twin_set(&r.t.replicas[ANNA], "person", &r.kept.person, older), ERR_OK);
    sync_all(&r);
    erase_it(&r);
    assert_int_equal(number(&r, "SELECT count(*) FROM twin"), 1);
    assert_int_equal(number(&r, "SELECT sessions FROM twin"), 1);
    assert_int_equal(number(&r, "SELECT minutes FROM twin"), 45);
    assert_int_equal(number(&r, "SELECT months FROM twin"), 6);
    assert_int_equal(number(&r, "SELECT entry_year FROM twin"), 2026);
    assert_int_equal(number(&r, "SELECT birth_year FROM twin"), -1);
    assert_int_equal(number(&r, "SELECT count(*) FROM twin WHERE gender='F'"), 1);
    close_rig(&r);
}

static void the_chain_covers_what_was_cut(void **state)
{
    (void)state;
    static const char *const op_of_a_cut =
        "UPDATE op SET edit_ms=edit_ms+1 WHERE seq="
        "(SELECT seq_to FROM chain WHERE no=(SELECT min(no) FROM chain_cut))";
    const char *const forgeries[] = {
        "UPDATE history SET edit_ms=edit_ms+1 WHERE hid=(SELECT max(hid) FROM history)",
        op_of_a_cut,
        "UPDATE chain_cut SET hash=zeroblob(32)",
        "DELETE FROM chain_cut",
        "DELETE FROM history",
    };
    for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
        struct rig r;
        struct note why = {0};
        open_rig(&r, true);
        erase_it(&r);
        assert_true(number(&r, "SELECT count(*) FROM chain_cut") > 0);
        assert_int_equal(serve_chain_check(r.t.server.store, &why), ERR_OK);
        assert_int_equal(db_exec(r.t.server.store->db, forgeries[i]), ERR_OK);
        assert_int_equal(serve_chain_check(r.t.server.store, &why), ERR_CORRUPT);
        close_rig(&r);
    }
}

/* Each erasure may take history out of a commit that an earlier one has cut. */
static void dossiers_go_one_after_the_other(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    const struct field *city = schema_field_named(table, STR("city"));
    struct edit_value value = {city, value_text(STR("MARQUE-PART-BIS"))};
    struct edit *edit = NULL;
    assert_int_equal(edit_open(of(&r, ANNA), &edit, NULL), ERR_OK);
    assert_int_equal(edit_update(edit, table, &r.gone.person, &value, 1, NULL), ERR_OK);
    assert_int_equal(edit_update(edit, table, &r.kept.person, &value, 1, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    sync_all(&r);
    erase_it(&r);
    assert_sound(r.t.server.store);
    r.gone = r.kept;
    erase_it(&r);
    assert_int_equal(number(&r, "SELECT count(*)-count(DISTINCT no) FROM chain_cut"), 1);
    sync_all(&r);
    assert_int_equal(last_order(&r).no, 2);
    assert_int_equal(last_order(&r).acked, 3);
    for (size_t i = 0; i < r.t.count; i++)
        assert_gone(&r, &r.t.replicas[i]);
    assert_gone(&r, &r.t.server);
    assert_false(in_files(&r, &r.t.server, "MARQUE-RESTE"));
    close_rig(&r);
}

/* Put back, a server is told of an order it has forgotten. */
static void an_order_given_again_is_carried_out(void **state)
{
    (void)state;
    struct rig r;
    bool known = true;
    open_rig(&r, true);
    assert_int_equal(erase_again(r.t.server.store, &r.gone.person, &known), ERR_OK);
    assert_false(known);
    assert_int_equal(erase_again(r.t.server.store, &r.gone.person, &known), ERR_OK);
    assert_true(known);
    sync_all(&r);
    assert_int_equal(last_order(&r).acked, 3);
    assert_all_gone(&r);
    close_rig(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dossier_goes_from_everywhere),
        cmocka_unit_test(contents_of_documents_go_with_it),
        cmocka_unit_test(two_people_with_two_roles_sign),
        cmocka_unit_test(an_order_is_asked_for_a_dossier_one_sees),
        cmocka_unit_test(late_work_is_refused_and_leaves_no_trace),
        cmocka_unit_test(nothing_is_confirmed_while_work_waits),
        cmocka_unit_test(the_rest_of_a_mixed_operation_is_kept),
        cmocka_unit_test(what_waits_in_quarantine_goes_too),
        cmocka_unit_test(an_older_image_brings_nothing_back),
        cmocka_unit_test(an_older_client_is_told_to_leave_it),
        cmocka_unit_test(a_twin_says_no_more_than_five_people_share),
        cmocka_unit_test(the_chain_covers_what_was_cut),
        cmocka_unit_test(dossiers_go_one_after_the_other),
        cmocka_unit_test(an_order_given_again_is_carried_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
