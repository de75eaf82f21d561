/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a row, as the server and as a replica tell it. */
#include "store/history.h"

#include "store/inside.h"
#include "support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { MOMENTS_MAX = 16, HOUR_MS = 60 * 60 * 1000 };

struct told {
    size_t n;
    struct history_moment moments[MOMENTS_MAX];
    char text[MOMENTS_MAX][400]; /* " field=before>after" of each change */
};

static enum err on_moment(void *ctx, const struct history_moment *moment)
{
    struct told *told = ctx;
    assert_true(told->n < MOMENTS_MAX);
    told->moments[told->n++] = *moment;
    return ERR_OK;
}

static enum err on_change(void *ctx, const struct field *field, const struct value *before,
                          const struct value *after)
{
    struct told *told = ctx;
    struct buf text = {0};
    char *out = told->text[told->n - 1];
    size_t n = strlen(out);
    buf_printf(&text, " %s=", field->name);
    value_print(field->kind, before, &text);
    buf_u8(&text, '>');
    value_print(field->kind, after, &text);
    (void)snprintf(out + n, sizeof told->text[0] - n, "%.*s", (int)text.n, (char *)text.p);
    buf_done(&text);
    return ERR_OK;
}

static struct told tell(struct party *p, const struct id *id, const char *field)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    struct told told = {.n = 0};
    struct history_tell to = {&told, on_moment, on_change};
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    const struct field *only = field == NULL ? NULL : schema_field_named(table, str_of(field));
    assert_int_equal(rows_find(p->store, table, id, &arena, row), ERR_OK);
    assert_int_equal(history_tell(p->store, table, row, only, &to), ERR_OK);
    arena_done(&arena);
    return told;
}

static void set(struct party *p, const struct id *id, const char *a, const char *b)
{
    const char *fields[] = {a, b, NULL};
    assert_int_equal(twin_set(p, "person", id, fields), ERR_OK);
}

/* Anna's clock is an hour ahead. */
static void the_making_comes_first_and_times_are_the_servers(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, 1);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    struct party *anna = &f.twin.replicas[0];
    struct party *bilal = &f.twin.replicas[1];
    anna->wall_ms += HOUR_MS;
    const char *fields[] = {"name=Fictif", "first_name=Zoé", NULL};
    struct id zoe = twin_add(anna, "person", fields);
    set(anna, &zoe, "city=Namur", "emergency=le frère");
    struct told own = tell(anna, &zoe, NULL);
    assert_int_equal(own.n, 2);
    assert_true(own.moments[0].made && own.moments[0].own && own.moments[0].pending);
    assert_true(own.moments[1].pending && !own.moments[1].made);
    fleet_heal(&f);
    set(bilal, &zoe, "city=Huy", NULL);
    fleet_heal(&f);
    struct told server = tell(&f.twin.server, &zoe, NULL);
    assert_int_equal(server.n, 3);
    assert_true(server.moments[0].made);
    assert_non_null(strstr(server.text[0], " name=>Fictif"));
    assert_null(strstr(server.text[0], "city"));
    assert_non_null(strstr(server.text[1], " city=>Namur"));
    assert_non_null(strstr(server.text[2], " city=Namur>Huy"));
    for (size_t i = 0; i < 3; i++) {
        const struct history_moment *m = &server.moments[i];
        assert_int_equal(m->device, i < 2 ? 1 : 2);
        assert_false(id_is_null(&m->actor));
        assert_true(m->recv_ms > 0 && m->edit_ms <= m->recv_ms); /* the hour is taken off */
    }
    own = tell(anna, &zoe, NULL);
    assert_int_equal(own.n, 3);
    assert_false(own.moments[1].pending);
    assert_int_equal(own.moments[1].recv_ms, 0);
    assert_false(own.moments[2].own);
    assert_true(own.moments[2].recv_ms > 0);
    struct told theirs = tell(bilal, &zoe, NULL);
    assert_true(theirs.moments[0].made && theirs.moments[0].as_received);
    fleet_close(&f);
}

static void one_field_alone_is_told_alone(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, 1);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    struct party *anna = &f.twin.replicas[0];
    const char *fields[] = {"name=Fictif", "first_name=Zoé", "emergency=la voisine", NULL};
    struct id zoe = twin_add(anna, "person", fields);
    set(anna, &zoe, "name=Exemple", NULL);
    set(anna, &zoe, "emergency=le frère", "education=3");
    set(anna, &zoe, "emergency=", NULL);
    struct told told = tell(anna, &zoe, "emergency");
    assert_int_equal(told.n, 3);
    assert_string_equal(told.text[0], " emergency=>la voisine");
    assert_string_equal(told.text[1], " emergency=la voisine>le frère");
    assert_string_equal(told.text[2], " emergency=le frère>");
    assert_int_equal(twin_delete(anna, "person", &zoe, true), ERR_OK);
    told = tell(anna, &zoe, NULL);
    assert_string_equal(told.text[told.n - 1], " deleted=false>true");
    fleet_close(&f);
}

/* The next sync brings every row whole. */
static void ask_all(struct store *s)
{
    assert_int_equal(store_begin(s), ERR_OK);
    assert_int_equal(store_end(s, meta_set_int(s, META_RETELL, 1)), ERR_OK);
}

/* Two people changed a row before it was read, whole or in part: each is named for their own
 * field, also in the order they wrote. */
static void changes_that_came_together_have_each_their_author(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, 1);
    for (int i = 0; i < 3; i++)
        fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    struct party *anna = &f.twin.replicas[0];
    struct party *bilal = &f.twin.replicas[1];
    struct party *chloe = &f.twin.replicas[2];
    const char *fields[] = {"name=Fictif", "first_name=Zoé", NULL};
    struct id zoe = twin_add(anna, "person", fields);
    fleet_heal(&f);
    for (int whole = 0; whole < 2; whole++) {
        f.twin.server.wall_ms += HOUR_MS;
        for (size_t i = 0; i < 3; i++)
            f.twin.replicas[i].wall_ms = f.twin.server.wall_ms + (int64_t)i;
        set(anna, &zoe, whole != 0 ? "emergency=la tante" : "emergency=le frère", NULL);
        set(bilal, &zoe, whole != 0 ? "city=Namur" : "city=Huy", "postcode=4500");
        fleet_sync(&f, 1);
        fleet_sync(&f, 0);
        if (whole != 0)
            ask_all(chloe->store);
        fleet_sync(&f, 2);
        struct told told = tell(chloe, &zoe, NULL);
        size_t n = whole != 0 ? 5 : 3;
        assert_int_equal(told.n, n);
        assert_true(id_eq(&told.moments[n - 2].actor, &anna->device.staff));
        assert_true(id_eq(&told.moments[n - 1].actor, &bilal->device.staff));
        assert_string_equal(told.text[n - 2], whole != 0 ? " emergency=le frère>la tante"
                                                         : " emergency=>le frère");
        assert_non_null(
            strstr(told.text[n - 1], whole != 0 ? " city=Huy>Namur" : " city=>Huy"));
        assert_null(strstr(told.text[n - 1], "emergency"));
    }
    fleet_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_making_comes_first_and_times_are_the_servers),
        cmocka_unit_test(one_field_alone_is_told_alone),
        cmocka_unit_test(changes_that_came_together_have_each_their_author),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
