/* SPDX-License-Identifier: Apache-2.0 */
/* A dossier is erased: two people sign, everything goes on the server and on every device, what
 * comes later is refused, and who has not confirmed is known. */
#include "store/erase.h"
#include "store/grants.h"
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
    char text[4][80];
    (void)snprintf(text[0], sizeof text[0], "name=Fictif%s", name);
    (void)snprintf(text[1], sizeof text[1], "city=%sVILLE", mark);
    (void)snprintf(text[2], sizeof text[2], "text=%sNOTE", mark);
    (void)snprintf(text[3], sizeof text[3], "label=%sACTION", mark);
    const char *person[] = {
        text[0], "first_name=Zoé", text[1], "birth_date=1990-05-01", "gender=F", NULL};
    d.person = twin_add(p, "person", person);
    const char *pathway[] = {ref("person", &d.person), ref("model", &r->model),
                             "entry=2026-05-02", NULL};
    d.pathway = twin_add(p, "pathway", pathway);
    const char *session[] = {"kind=individual", ref("person", &d.person), "date=2026-11-02",
                             "minutes=45", NULL};
    d.session = twin_add(p, "session", session);
    const char *note[] = {ref("session", &d.session), ref("person", &d.person), text[2], NULL};
    d.note = twin_add(p, "session_note", note);
    const char *action[] = {ref("pathway", &d.pathway), "who=person", text[3], NULL};
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
    static const char *const ends[] = {"", "-wal"};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dossier_goes_from_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
