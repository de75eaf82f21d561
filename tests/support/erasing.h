/* SPDX-License-Identifier: Apache-2.0 */
/* Two dossiers on the twin rig, one of which is erased; marks searched in all files. */
#ifndef SUPPORT_ERASING_H
#define SUPPORT_ERASING_H

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

static inline struct store *of(struct rig *r, size_t i)
{
    return r->t.replicas[i].store;
}

static inline struct dossier open_dossier(struct rig *r, const char *name, const char *mark)
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

static inline void sync_all(struct rig *r)
{
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < r->t.count; i++)
            (void)twin_sync(&r->t, i);
}

static inline void open_rig(struct rig *r, bool shared)
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

static inline struct id ask(struct rig *r, size_t who, const char *as, const struct id *person)
{
    char role[40];
    (void)snprintf(role, sizeof role, "asked_as=%s", as);
    const char *fields[] = {ref("dossier", person), ref("structure", &r->t.structure),
                            "reason=request", role, NULL};
    return twin_add(&r->t.replicas[who], "erasure", fields);
}

static inline void decide(struct rig *r, size_t who, const char *as, const char *state,
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
static inline bool in_files(struct rig *r, struct party *p, const char *text)
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
static inline void keep_photo(struct rig *r, struct store *s, const struct id *person,
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

static inline void assert_sound(struct store *s)
{
    struct buf report = {0};
    uint32_t problems = 0;
    assert_int_equal(store_check(s, &report, &problems), ERR_OK);
    if (problems > 0)
        (void)fprintf(stderr, "%.*s", (int)report.n, (const char *)report.p);
    assert_int_equal(problems, 0);
    buf_done(&report);
}

static inline void assert_gone(struct rig *r, struct party *p)
{
    assert_false(in_files(r, p, "MARQUE-PART"));
    assert_string_equal(twin_get(p->store, "person", &r->gone.person, "name"), "<NOTFOUND>");
    assert_sound(p->store);
}

static inline void assert_all_gone(struct rig *r)
{
    for (size_t i = 0; i < r->t.count; i++)
        assert_gone(r, &r->t.replicas[i]);
    assert_gone(r, &r->t.server);
    assert_true(in_files(r, &r->t.server, "MARQUE-RESTE"));
    assert_true(in_files(r, &r->t.replicas[ANNA], "MARQUE-RESTE"));
}

static inline enum err keep_last(void *ctx, const struct erase_info *info)
{
    *(struct erase_info *)ctx = *info;
    return ERR_OK;
}

static inline struct erase_info last_order(struct rig *r)
{
    struct erase_info info = {.no = 0};
    assert_int_equal(erase_orders(r->t.server.store, keep_last, &info), ERR_OK);
    return info;
}

static inline void close_rig(struct rig *r)
{
    twin_close(&r->t);
}

static inline enum reason refused_why(struct rig *r, size_t who)
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

static inline void erase_it(struct rig *r)
{
    struct id order = ask(r, ANNA, "jobcoach", &r->gone.person);
    (void)twin_sync(&r->t, ANNA);
    (void)twin_sync(&r->t, BILAL);
    decide(r, BILAL, "coordinator", "confirmed", &order);
    (void)twin_sync(&r->t, BILAL);
    assert_int_not_equal(last_order(r).done_ms, 0);
}

#endif
