/* SPDX-License-Identifier: Apache-2.0 */
/* What jalonctl lists goes out in pieces, however much there is of it. */
#include "server/ctl.h"
#include "store/access.h"
#include "store/quarantine.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { TEXT_CHARS = 19000, CHAR_BYTES = 3, NOTES = 6, ROUNDS = 20, PIECE_MAX = 2 << 20 };

static char texts[2][TEXT_CHARS * CHAR_BYTES + 1];

static void fill(char *text, const char *sign)
{
    for (size_t i = 0; i < TEXT_CHARS; i++)
        memcpy(text + i * CHAR_BYTES, sign, CHAR_BYTES);
}

static struct edit_value value(const struct table *table, const char *field, struct value v)
{
    return (struct edit_value){schema_field_named(table, str_of(field)), v};
}

/* A dossier with notes. */
struct story {
    struct twin t;
    struct party *anna, *bilal;
    struct id person, session, notes[NOTES];
};

static const char *ref(const char *name, const struct id *id, char out[80])
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, 80, "%s=%s", name, text);
    return out;
}

static void sync_all(struct story *o)
{
    for (int i = 0; i < 4; i++)
        (void)twin_sync(&o->t, (size_t)i % 2);
}

static void begin(struct story *o)
{
    char a[80];
    char b[80];
    twin_open(&o->t, 2, &schema_jalon);
    o->anna = &o->t.replicas[0];
    o->bilal = &o->t.replicas[1];
    sync_all(o);
    fill(texts[0], "\xe2\x82\xac");
    fill(texts[1], "\xe2\x82\xad");
    const char *person[] = {"name=Fictif", "first_name=Zoé", NULL};
    o->person = twin_add(o->anna, "person", person);
    const char *session[] = {"kind=individual", ref("person", &o->person, a), "date=2026-11-02",
                             "minutes=45", NULL};
    o->session = twin_add(o->anna, "session", session);
    for (size_t i = 0; i < NOTES; i++) {
        const char *note[] = {ref("session", &o->session, a), ref("person", &o->person, b),
                              "text=x", NULL};
        o->notes[i] = twin_add(o->anna, "session_note", note);
    }
    sync_all(o);
}

/* One operation with a long text in each note, and in the locked session if it is to be
 * refused.
 */
static void write_notes(struct story *o, struct party *p, const char *text, int64_t minutes)
{
    const struct table *notes = schema_table(&schema_jalon, TABLE_SESSION_NOTE);
    const struct table *sessions = schema_table(&schema_jalon, TABLE_SESSION);
    struct edit_value told = value(notes, "text", value_text(str_of(text)));
    struct edit_value late = value(sessions, "minutes", value_int(minutes));
    struct edit *edit = NULL;
    assert_int_equal(edit_open(p->store, &edit, NULL), ERR_OK);
    for (size_t i = 0; i < NOTES / 2; i++)
        assert_int_equal(edit_update(edit, notes, &o->notes[i], &told, 1, NULL), ERR_OK);
    assert_int_equal(edit_update(edit, sessions, &o->session, &late, 1, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
}

static size_t times(const struct buf *text, const char *word)
{
    size_t n = 0;
    const char *at = (const char *)text->p;
    while ((at = strstr(at, word)) != NULL) {
        at += strlen(word);
        n++;
    }
    return n;
}

/* Run to the end; all that was said, and the largest piece. */
static size_t run(struct story *o, const char *what, struct buf *all)
{
    const char *argv[] = {"jalonctl", what, "list", "--json"};
    struct ctl c = {.store = o->t.server.store};
    size_t largest = 0;
    int status = ctl_run(&c, 4, argv);
    for (;; status = ctl_again(&c)) {
        assert_int_equal(status, 0);
        largest = c.out.n > largest ? c.out.n : largest;
        buf_add(all, c.out.p, c.out.n);
        buf_clear(&c.out);
        if (!c.more)
            break;
    }
    buf_u8(all, 0);
    ctl_done(&c);
    return largest;
}

static void refused_work_is_listed_in_pieces(void **state)
{
    (void)state;
    struct story o;
    struct buf all = {0};
    begin(&o);
    const char *valid[] = {"state=validated", NULL};
    for (int i = 0; i < ROUNDS; i++)
        write_notes(&o, o.bilal, texts[i % 2], 50 + i);
    assert_int_equal(twin_set(&o.t.server, "session", &o.session, valid), ERR_OK);
    sync_all(&o);
    assert_in_range(run(&o, "quarantine", &all), 1, PIECE_MAX);
    assert_true(all.n > PIECE_MAX);
    /* A long save is several operations. */
    assert_in_range(times(&all, "\"op_no\""), ROUNDS, 2 * ROUNDS);
    assert_int_equal(times(&all, "{\"id\":\"2/7\""), 1);
    assert_int_equal(all.p[0], '[');
    assert_int_equal(strcmp((const char *)all.p + all.n - 4, "\n]\n"), 0);
    buf_done(&all);
    twin_close(&o.t);
}

static void conflicts_are_listed_in_pieces(void **state)
{
    (void)state;
    struct story o;
    struct buf all = {0};
    begin(&o);
    for (int i = 0; i < ROUNDS / 2; i++) {
        write_notes(&o, o.anna, texts[0], 50 + i);
        write_notes(&o, o.bilal, texts[1], 60 + i);
        sync_all(&o);
        write_notes(&o, o.anna, "x", 45);
        sync_all(&o);
    }
    assert_in_range(run(&o, "conflict", &all), 1, PIECE_MAX);
    assert_true(all.n > PIECE_MAX);
    assert_in_range(times(&all, "\"of_table\""), ROUNDS / 2 * NOTES / 2, SIZE_MAX);
    buf_done(&all);
    twin_close(&o.t);
}

/* The administrator reads labels and values, not the program's words. */
static void a_conflict_is_listed_in_words(void **state)
{
    (void)state;
    struct story o;
    begin(&o);
    const char *here[] = {"street=rue du Pont 1", "city=Namur", NULL};
    const char *there[] = {"street=rue Haute 2", "city=Huy", NULL};
    assert_int_equal(twin_set(o.anna, "person", &o.person, here), ERR_OK);
    assert_int_equal(twin_set(o.bilal, "person", &o.person, there), ERR_OK);
    sync_all(&o);
    const char *argv[] = {"jalonctl", "conflict", "list"};
    struct ctl c = {.store = o.t.server.store};
    assert_int_equal(ctl_run(&c, 3, argv), 0);
    buf_u8(&c.out, 0);
    assert_non_null(strstr((const char *)c.out.p, "Personne"));
    assert_non_null(strstr((const char *)c.out.p, "Rue et n° : rue "));
    assert_null(strchr((const char *)c.out.p, '{'));
    ctl_done(&c);
    twin_close(&o.t);
}

struct openings {
    unsigned facts, notes;
};

static enum err on_entry(void *ctx, const struct access_entry *e)
{
    struct openings *seen = ctx;
    seen->facts += str_eq(e->opened, STR("dossier")) ? 1 : 0;
    seen->notes += str_eq(e->opened, STR("notes")) ? 1 : 0;
    return ERR_OK;
}

static void assert_opened(struct story *o, unsigned facts, unsigned notes)
{
    struct openings seen = {0, 0};
    assert_int_equal(access_list(o->t.server.store, &o->person, on_entry, &seen), ERR_OK);
    assert_int_equal(seen.facts, facts);
    assert_int_equal(seen.notes, notes);
}

/* One call of jalonctl. */
static void call(struct story *o, int argc, const char *const *argv)
{
    struct ctl c = {.store = o->t.server.store};
    assert_int_equal(ctl_run(&c, argc, argv), 0);
    assert_false(c.more);
    ctl_done(&c);
}

static void refused_work_that_is_shown_opens_its_dossiers(void **state)
{
    (void)state;
    struct story o;
    begin(&o);
    const char *valid[] = {"state=validated", NULL};
    write_notes(&o, o.bilal, "y", 50);
    assert_int_equal(twin_set(&o.t.server, "session", &o.session, valid), ERR_OK);
    sync_all(&o);
    const char *heads[] = {"jalonctl", "quarantine", "list"};
    call(&o, 3, heads); /* who, when and why: no value */
    assert_opened(&o, 0, 0);
    const char *list[] = {"jalonctl", "quarantine", "list", "--json"};
    call(&o, 4, list);
    assert_opened(&o, 1, 1);
    twin_close(&o.t);
}

static enum err on_refused(void *ctx, const struct quarantined *q)
{
    struct buf *name = ctx;
    buf_clear(name);
    quarantine_name(q->epoch, q->op_no, name);
    buf_u8(name, 0);
    return name->err;
}

/* The row itself is in no table here. */
static void a_refused_new_row_opens_the_dossier_it_was_for(void **state)
{
    for (int json = 0; json < 2; json++) {
        (void)state;
        struct story o;
        struct buf name = {0};
        char person[80];
        begin(&o);
        const char *given_up[] = {"active=false", NULL};
        assert_int_equal(twin_set(&o.t.server, "staff", &o.bilal->device.staff, given_up),
                         ERR_OK);
        o.bilal->wall_ms += 60 * 1000;
        o.t.server.wall_ms += 60 * 1000;
        const char *fields[] = {"kind=individual", ref("person", &o.person, person),
                                "date=2026-11-03", "minutes=30", NULL};
        (void)twin_add(o.bilal, "session", fields);
        sync_all(&o);
        assert_int_equal(quarantine_list(o.t.server.store, false, on_refused, &name), ERR_OK);
        assert_true(name.n > 0);
        const char *show[] = {"jalonctl", "quarantine", "show", (const char *)name.p, "--json"};
        call(&o, json ? 5 : 4, show);
        assert_opened(&o, 1, 0);
        buf_done(&name);
        twin_close(&o.t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_work_that_is_shown_opens_its_dossiers),
        cmocka_unit_test(a_refused_new_row_opens_the_dossier_it_was_for),
        cmocka_unit_test(refused_work_is_listed_in_pieces),
        cmocka_unit_test(conflicts_are_listed_in_pieces),
        cmocka_unit_test(a_conflict_is_listed_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
