/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for a person in a dossier that leaves: refused work, conflicts, what may be the
 * same. It leaves with the dossier, the server keeps it, and it comes back with it. */
#include "store/closing.h"
#include "store/inside.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
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

/* Anna's dossier with a validated session; Bilal gets it later. */
struct story {
    struct twin t;
    struct party *anna, *bilal;
    struct id person, pathway, session;
};

static void sync_all(struct story *o)
{
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < o->t.count; i++)
            (void)twin_sync(&o->t, i);
}

static void begin(struct story *o)
{
    twin_open_apart(&o->t, 2, &schema_jalon);
    o->anna = &o->t.replicas[0];
    o->bilal = &o->t.replicas[1];
    const char *type[] = {"name=Parcours type", NULL};
    struct id model = twin_add(&o->t.server, "pathway_model", type);
    sync_all(o);
    const char *person[] = {"name=Fictif", "first_name=Zoé", "emergency=la voisine", NULL};
    o->person = twin_add(o->anna, "person", person);
    const char *pathway[] = {ref("person", &o->person), ref("model", &model),
                             "entry=2026-11-02", NULL};
    o->pathway = twin_add(o->anna, "pathway", pathway);
    const char *session[] = {"kind=individual", ref("person", &o->person), "date=2026-11-02",
                             "minutes=45", NULL};
    o->session = twin_add(o->anna, "session", session);
    sync_all(o);
}

static enum err set(struct party *p, const char *table, const struct id *id, const char *field)
{
    const char *fields[] = {field, NULL};
    return twin_set(p, table, id, fields);
}

static struct id assign(struct story *o, size_t to)
{
    const char *fields[] = {ref("pathway", &o->pathway),
                            ref("staff", &o->t.replicas[to].device.staff), "role=referent",
                            "start=2026-11-11", NULL};
    return twin_add(&o->t.server, "assignment", fields);
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
    twin_dump_seen(t->server.store, &t->replicas[i].device.staff, &theirs);
    buf_u8(&ours, 0);
    buf_u8(&theirs, 0);
    assert_string_equal((const char *)ours.p, (const char *)theirs.p);
    buf_done(&ours);
    buf_done(&theirs);
}

static struct edit_value value(const char *table, const char *field, struct value v)
{
    return (struct edit_value){
        schema_field_named(schema_table_named(&schema_jalon, str_of(table)), str_of(field)), v};
}

/* One operation: a visit with its note, and a change that the server refuses. */
static void refused_visit(struct story *o, const char *text)
{
    const struct table *session = schema_table(&schema_jalon, TABLE_SESSION);
    const struct table *note = schema_table(&schema_jalon, TABLE_SESSION_NOTE);
    struct id made;
    struct id unused;
    struct edit *edit = NULL;
    struct edit_value visit[] = {value("session", "kind", value_text(STR("individual"))),
                                 value("session", "person", value_id(&o->person)),
                                 value("session", "date", value_int(20000)),
                                 value("session", "minutes", value_int(30))};
    assert_int_equal(set(&o->t.server, "session", &o->session, "state=validated"), ERR_OK);
    assert_int_equal(edit_open(o->anna->store, &edit, NULL), ERR_OK);
    assert_int_equal(edit_insert(edit, session, visit, 4, &made, NULL), ERR_OK);
    struct edit_value told[] = {value("session_note", "session", value_id(&made)),
                                value("session_note", "person", value_id(&o->person)),
                                value("session_note", "text", value_text(str_of(text)))};
    assert_int_equal(edit_insert(edit, note, told, 3, &unused, NULL), ERR_OK);
    struct edit_value staff[] = {
        value("session_staff", "session", value_id(&made)),
        value("session_staff", "staff", value_id(&o->anna->device.staff))};
    assert_int_equal(edit_insert(edit, schema_table(&schema_jalon, TABLE_SESSION_STAFF), staff,
                                 2, &unused, NULL),
                     ERR_OK);
    struct edit_value late = value("session", "minutes", value_int(50));
    assert_int_equal(edit_update(edit, session, &o->session, &late, 1, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    assert_int_equal(twin_sync(&o->t, 0).refused, 1);
}

static struct quarantined refused(struct party *p, struct arena *arena)
{
    struct store_status status;
    struct quarantined q;
    char name[24];
    assert_int_equal(store_status(p->store, &status), ERR_OK);
    (void)snprintf(name, sizeof name, "%llu", (unsigned long long)status.op_last);
    assert_int_equal(quarantine_find(p->store, str_of(name), arena, &q, NULL), ERR_OK);
    return q;
}

static uint32_t changes_of(struct party *p, const struct quarantined *q)
{
    struct quarantine_reader r;
    quarantine_read(store_schema(p->store), q->op, &r);
    return r.changes;
}

/* The rows it would have made are nowhere, and what it says of them leaves all the same. */
static void refused_rows_of_a_dossier_leave_with_it(void **state)
{
    (void)state;
    struct story o;
    struct arena arena = {0};
    begin(&o);
    refused_visit(&o, "MARQUE-REFUSEE");
    struct quarantined q = refused(o.anna, &arena);
    assert_int_equal(changes_of(o.anna, &q), 4);
    assert_true(in_file(&o.t, 0, "MARQUE-REFUSEE"));
    (void)assign(&o, 1);
    sync_all(&o);
    assert_int_equal(twin_count(o.anna->store, "person"), 0);
    q = refused(o.anna, &arena);
    assert_int_equal(changes_of(o.anna, &q), 0);
    assert_false(in_file(&o.t, 0, "MARQUE-REFUSEE"));
    arena_done(&arena);
    twin_close(&o.t);
}

/* The coordination put it right: the visit was with somebody else. What was refused leaves with
 * the one dossier, the visit stays with the other. */
static void a_row_saved_again_elsewhere_stays_there(void **state)
{
    (void)state;
    struct story o;
    struct arena arena = {0};
    struct note why = {""};
    struct buf name = {0};
    uint64_t rows = 0;
    begin(&o);
    const char *other[] = {"name=Exemple", "first_name=Luc", NULL};
    struct id luc = twin_add(o.anna, "person", other);
    sync_all(&o);
    refused_visit(&o, "MARQUE-REFUSEE");
    struct quarantined q = refused(o.anna, &arena);
    quarantine_name(q.epoch, q.op_no, &name);
    assert_int_equal(quarantine_find(o.t.server.store, buf_str(&name), &arena, &q, NULL),
                     ERR_OK);
    struct closing_value right[] = {{0, value("session", "person", value_id(&luc))},
                                    {1, value("session_note", "person", value_id(&luc))}};
    struct closing_plan plan = {
        .values = right, .count = 2, .without = (bool[OP_CHANGES_MAX]){[3] = true}};
    assert_int_equal(closing_resubmit(o.t.server.store, &q, &plan, &rows, &why), ERR_OK);
    sync_all(&o);
    assert_int_equal(twin_count(o.anna->store, "session"), 2);
    (void)assign(&o, 1);
    sync_all(&o);
    assert_int_equal(twin_count(o.anna->store, "person"), 1);
    assert_int_equal(twin_count(o.anna->store, "session"), 1);
    assert_int_equal(twin_count(o.anna->store, "session_staff"), 1);
    assert_same(&o.t, 0);
    q = refused(o.anna, &arena);
    assert_int_equal(changes_of(o.anna, &q), 0);
    buf_done(&name);
    arena_done(&arena);
    twin_close(&o.t);
}

/* What is no longer here cannot be saved again from here: the server's copy stays open. */
static void what_has_left_is_not_settled_by_saving_nothing(void **state)
{
    (void)state;
    struct story o;
    struct arena arena = {0};
    struct closing_plan plan = {0};
    struct note why = {""};
    uint64_t rows = 0;
    begin(&o);
    refused_visit(&o, "MARQUE-REFUSEE");
    (void)assign(&o, 1);
    sync_all(&o);
    struct quarantined q = refused(o.anna, &arena);
    assert_int_equal(closing_resubmit(o.anna->store, &q, &plan, &rows, &why), ERR_REFUSED);
    sync_all(&o);
    struct quarantined there;
    struct buf name = {0};
    quarantine_name(q.epoch, q.op_no, &name);
    assert_int_equal(quarantine_find(o.t.server.store, buf_str(&name), &arena, &there, NULL),
                     ERR_OK);
    assert_int_equal(there.state, QUARANTINE_OPEN);
    assert_int_equal(changes_of(&o.t.server, &there), 4);
    assert_int_equal(closing_resubmit(o.t.server.store, &there,
                                      &(struct closing_plan){.without = (bool[64]){[3] = true}},
                                      &rows, &why),
                     ERR_OK);
    sync_all(&o);
    assert_int_equal(twin_count(o.bilal->store, "session"), 2);
    assert_int_equal(twin_count(o.bilal->store, "session_note"), 1);
    buf_done(&name);
    arena_done(&arena);
    twin_close(&o.t);
}

/* Why it was given up is told in words, perhaps with names. */
static void the_reason_for_giving_up_leaves_too(void **state)
{
    (void)state;
    struct story o;
    struct arena arena = {0};
    begin(&o);
    refused_visit(&o, "x");
    struct quarantined q = refused(o.anna, &arena);
    assert_int_equal(closing_discard(o.anna->store, &q, STR("MARQUE-MOTIF"), NULL), ERR_OK);
    sync_all(&o);
    (void)assign(&o, 1);
    sync_all(&o);
    assert_int_equal(twin_count(o.anna->store, "person"), 0);
    assert_false(in_file(&o.t, 0, "MARQUE-MOTIF"));
    arena_done(&arena);
    twin_close(&o.t);
}

/* A conflict and a double of the dossier go with it and come back with it. */
static void what_waits_comes_back_with_the_dossier(void **state)
{
    (void)state;
    struct story o;
    begin(&o);
    const char *twice[] = {"name=Fictif", "first_name=Zoé", NULL};
    (void)twin_add(o.anna, "person", twice);
    assert_int_equal(set(o.anna, "person", &o.person, "emergency=MARQUE-A"), ERR_OK);
    assert_int_equal(set(&o.t.server, "person", &o.person, "emergency=MARQUE-B"), ERR_OK);
    sync_all(&o);
    assert_int_equal(twin_count(o.anna->store, "conflict"), 1);
    assert_int_equal(twin_count(o.anna->store, "duplicate_case"), 1);
    struct id held = assign(&o, 1);
    sync_all(&o);
    assert_int_equal(twin_count(o.anna->store, "conflict"), 0);
    assert_int_equal(twin_count(o.bilal->store, "conflict"), 1);
    assert_false(in_file(&o.t, 0, "MARQUE-A"));
    assert_false(in_file(&o.t, 0, "MARQUE-B"));
    assert_same(&o.t, 0);
    assert_same(&o.t, 1);
    assert_int_equal(set(&o.t.server, "assignment", &held, "end=2026-11-10"), ERR_OK);
    (void)assign(&o, 0);
    sync_all(&o);
    assert_int_equal(twin_count(o.anna->store, "conflict"), 1);
    assert_int_equal(twin_count(o.bilal->store, "conflict"), 0);
    assert_false(in_file(&o.t, 1, "MARQUE-A"));
    assert_same(&o.t, 0);
    assert_same(&o.t, 1);
    twin_close(&o.t);
}

/* A dossier the coordination saved again for who made it is that person's, like any other. */
static void a_dossier_saved_again_for_its_author_is_the_authors(void **state)
{
    (void)state;
    struct story o;
    struct arena arena = {0};
    struct note why = {""};
    uint64_t rows = 0;
    begin(&o);
    const char *other[] = {"name=EI du Canal", "kind=EI", NULL};
    struct id elsewhere = twin_add(&o.t.server, "structure", other);
    sync_all(&o);
    const char *person[] = {"name=Exemple", "first_name=Luc", ref("structure", &elsewhere),
                            NULL};
    struct id made = twin_add(o.anna, "person", person);
    assert_int_equal(twin_sync(&o.t, 0).refused, 1);
    struct quarantined q = refused(o.anna, &arena);
    struct buf name = {0};
    quarantine_name(q.epoch, q.op_no, &name);
    assert_int_equal(quarantine_find(o.t.server.store, buf_str(&name), &arena, &q, NULL),
                     ERR_OK);
    struct closing_value home = {0, value("person", "structure", value_id(&o.t.structure))};
    struct closing_plan plan = {.values = &home, .count = 1};
    assert_int_equal(closing_resubmit(o.t.server.store, &q, &plan, &rows, &why), ERR_OK);
    sync_all(&o);
    assert_string_equal(twin_get(o.anna->store, "person", &made, "first_name"), "Luc");
    assert_int_equal(twin_count(o.bilal->store, "person"), 0);
    assert_same(&o.t, 0);
    buf_done(&name);
    arena_done(&arena);
    twin_close(&o.t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_rows_of_a_dossier_leave_with_it),
        cmocka_unit_test(a_row_saved_again_elsewhere_stays_there),
        cmocka_unit_test(what_has_left_is_not_settled_by_saving_nothing),
        cmocka_unit_test(the_reason_for_giving_up_leaves_too),
        cmocka_unit_test(what_waits_comes_back_with_the_dossier),
        cmocka_unit_test(a_dossier_saved_again_for_its_author_is_the_authors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
