/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char ID_A[] = "018f0000-0000-7000-8000-0000000000aa";

static struct id id_a(void)
{
    struct id id = {{0}};
    assert_int_equal(id_parse(str_of(ID_A), &id), ERR_OK);
    return id;
}

static void set(const struct table *table, struct row *row, const char *field, struct value v)
{
    const struct field *f = schema_field_named(table, str_of(field));
    assert_non_null(f);
    row->values[f - table->fields] = v;
}

static bool has(const struct buf *out, const char *text)
{
    return memmem(out->p, out->n, text, strlen(text)) != NULL;
}

static void every_kind_has_its_json_form(void **state)
{
    (void)state;
    const struct table *staff = schema_table(&schema_jalon, TABLE_STAFF);
    struct row row = {.id = id_a(), .stamp.hlc = hlc_of_ms(0)};
    struct id id = id_a();
    struct buf out = {0};
    set(staff, &row, "name", value_text(STR("Fict\"if\n\\é\x01")));
    set(staff, &row, "structure", value_id(&id));
    set(staff, &row, "fte", (struct value){.type = VALUE_REAL, .r = 0.5});
    set(staff, &row, "active", value_int(1));
    rows_json(&schema_jalon, staff, &row, &out);
    assert_int_equal(out.err, ERR_OK);
    assert_true(has(&out, "{\"id\":\"018f0000-0000-7000-8000-0000000000aa\",\"name\":"
                          "\"Fict\\\"if\\n\\\\é\\u0001\",\"first_name\":null,"
                          "\"structure\":\"018f0000-0000-7000-8000-0000000000aa\""));
    assert_true(has(&out, ",\"fte\":0.5,"));
    assert_true(has(&out, ",\"active\":true,"));
    assert_true(has(&out, "\"deleted\":false,\"created\":\"1970-01-01T00:00:00.000Z\","
                          "\"by\":null}"));
    buf_done(&out);
}

static void dates_are_text_and_authors_are_named(void **state)
{
    (void)state;
    const struct table *role = schema_table(&schema_jalon, TABLE_STAFF_ROLE);
    struct row row = {.id = id_a(), .by = id_a(), .deleted = true};
    struct buf out = {0};
    int32_t day = 0;
    assert_true(date_of(2026, 11, 22, &day));
    set(role, &row, "start", value_int(day));
    rows_json(&schema_jalon, role, &row, &out);
    assert_true(has(&out, ",\"start\":\"2026-11-22\",\"end\":null,\"deleted\":true"));
    assert_true(has(&out, ",\"by\":\"018f0000-0000-7000-8000-0000000000aa\"}"));
    buf_done(&out);
}

static void conflicts_show_their_values_by_field_name(void **state)
{
    (void)state;
    const struct table *conflict = schema_table(&schema_jalon, TABLE_CONFLICT);
    const struct table *staff = schema_table(&schema_jalon, TABLE_STAFF);
    struct row row = {.id = id_a()};
    struct buf raw = {0};
    struct buf out = {0};
    struct value name = value_text(STR("Un"));
    struct value yes = value_int(1);
    struct value later = value_int(7);
    pack_int(&raw, schema_field_named(staff, STR("name"))->id);
    value_pack(&name, &raw);
    pack_int(&raw, FIELD_DELETED);
    value_pack(&yes, &raw);
    pack_int(&raw, FIELD_ID_MAX); /* no field of ours */
    value_pack(&later, &raw);
    set(conflict, &row, "of_table", value_text(STR("staff")));
    set(conflict, &row, "base", value_bytes(buf_str(&raw)));
    set(conflict, &row, "other", value_bytes(STR("\xC1\xC1")));
    rows_json(&schema_jalon, conflict, &row, &out);
    assert_true(has(&out, "\"base\":{\"name\":\"Un\",\""));
    assert_true(has(&out, "\"field_200\":\"07\"}"));
    assert_true(has(&out, "\"other\":\"c1c1\"")); /* not readable: shown as it is */
    buf_done(&raw);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_its_json_form),
        cmocka_unit_test(dates_are_text_and_authors_are_named),
        cmocka_unit_test(conflicts_show_their_values_by_field_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
