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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_making_comes_first_and_times_are_the_servers),
        cmocka_unit_test(one_field_alone_is_told_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
