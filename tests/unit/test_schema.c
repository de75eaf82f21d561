/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/schema.h"
#include "support/schema_plus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A copy of the declaration that a test may break. */
enum { TABLES_MAX = 128 };
struct draft {
    struct table tables[TABLES_MAX];
    struct field fields[TABLES_MAX][SCHEMA_FIELDS_MAX];
    struct schema schema;
};
static struct draft draft;

static void draft_renew(void)
{
    uint16_t count = schema_jalon.table_count;
    assert_true(count < TABLES_MAX);
    memset(&draft, 0, sizeof(draft));
    for (size_t t = 0; t < count; t++) {
        const struct table *table = &schema_jalon.tables[t];
        draft.tables[t] = *table;
        memcpy(draft.fields[t], table->fields, table->field_count * sizeof(struct field));
        draft.tables[t].fields = draft.fields[t];
    }
    draft.schema = (struct schema){draft.tables, count, SCHEMA_VERSION};
}

static struct table *table_of(uint16_t id)
{
    const struct table *table = schema_table(&draft.schema, id);
    assert_non_null(table);
    return &draft.tables[table - draft.tables];
}

static struct field *field_of(uint16_t id, const char *name)
{
    struct table *table = table_of(id);
    const struct field *field = schema_field_named(table, str_of(name));
    assert_non_null(field);
    return &draft.fields[table - draft.tables][field - table->fields];
}

/* The draft is refused, the note says why; the next mistake starts from a sound copy. */
static void refused(const char *words)
{
    struct note why = {""};
    assert_int_equal(schema_lint(&draft.schema, &why), ERR_INVALID);
    if (strstr(why.text, words) == NULL)
        fail_msg("expected \"%s\", got \"%s\"", words, why.text);
    draft_renew();
}

static int renew(void **state)
{
    (void)state;
    draft_renew();
    return 0;
}

static void the_declaration_obeys_its_own_rules(void **state)
{
    (void)state;
    struct note why = {""};
    enum err err = schema_lint(&schema_jalon, &why);
    assert_string_equal(why.text, "");
    assert_int_equal(err, ERR_OK);
    assert_int_equal(schema_lint(&draft.schema, NULL), ERR_OK);
}

static void the_larger_schema_obeys_them_too(void **state)
{
    (void)state;
    struct note why = {""};
    const struct schema *plus = schema_plus();
    enum err err = schema_lint(plus, &why);
    assert_string_equal(why.text, "");
    assert_int_equal(err, ERR_OK);
    assert_int_equal(plus->table_count, schema_jalon.table_count + 1);
    assert_ptr_equal(schema_plus(), plus);
    const struct table *person = schema_table(plus, TABLE_PERSON);
    assert_non_null(schema_field(person, SCHEMA_PLUS_PERSON_COLOUR));
    assert_null(
        schema_field(schema_table(&schema_jalon, TABLE_PERSON), SCHEMA_PLUS_PERSON_COLOUR));
    assert_null(schema_table(&schema_jalon, SCHEMA_PLUS_PARCEL));
}

static void every_table_is_found_by_id_and_by_name(void **state)
{
    (void)state;
    size_t found = 0;
    for (unsigned id = 0; id <= UINT16_MAX; id++) {
        const struct table *table = schema_table(&schema_jalon, (uint16_t)id);
        if (table == NULL)
            continue;
        assert_int_equal(table->id, id);
        assert_ptr_equal(schema_table_named(&schema_jalon, str_of(table->name)), table);
        found++;
    }
    assert_int_equal(found, schema_jalon.table_count);
    assert_null(schema_table_named(&schema_jalon, STR("no_such_table")));
    assert_null(schema_table_named(&schema_jalon, STR("")));
    assert_null(schema_table_named(&schema_jalon, STR("sess")));
}

/* Against the plain search from the left, for every id, also with gaps between the ids. */
static void fields_are_found_also_where_ids_have_gaps(void **state)
{
    (void)state;
    struct field gaps[7] = {{0}};
    static const uint16_t ids[7] = {2, 3, 9, 10, 60, 199, 200};
    for (size_t i = 0; i < 7; i++)
        gaps[i].id = ids[i];
    for (uint16_t count = 0; count <= 7; count++) {
        struct table table = {.fields = gaps, .field_count = count};
        for (unsigned id = 0; id <= UINT16_MAX; id++) {
            int expected = -1;
            for (int i = 0; i < count; i++)
                expected = ids[i] == id ? i : expected;
            assert_int_equal(schema_field_index(&table, (uint16_t)id), expected);
        }
    }
    for (size_t t = 0; t < schema_jalon.table_count; t++) {
        const struct table *table = &schema_jalon.tables[t];
        for (int i = 0; i < table->field_count; i++) {
            const struct field *field = &table->fields[i];
            assert_int_equal(schema_field_index(table, field->id), i);
            assert_ptr_equal(schema_field(table, field->id), field);
            assert_ptr_equal(schema_field_named(table, str_of(field->name)), field);
        }
    }
}

static void deleted_is_on_every_row_and_declared_by_none(void **state)
{
    (void)state;
    for (size_t t = 0; t < schema_jalon.table_count; t++) {
        const struct table *table = &schema_jalon.tables[t];
        assert_int_equal(schema_field_index(table, FIELD_DELETED), -1);
        assert_null(schema_field_named(table, STR("deleted")));
    }
    assert_int_equal(schema_field_deleted.id, FIELD_DELETED);
    assert_int_equal(schema_field_deleted.kind, KIND_BOOL);
}

static void ranks_grow_at_the_sign_and_ties_share_theirs(void **state)
{
    (void)state;
    const struct field *action =
        schema_field_named(schema_table(&schema_jalon, TABLE_ACTION), STR("state"));
    assert_int_equal(schema_lattice_rank(action, STR("planned")), 0);
    assert_int_equal(schema_lattice_rank(action, STR("in_progress")), 1);
    assert_int_equal(schema_lattice_rank(action, STR("done")), 2);
    assert_int_equal(schema_lattice_rank(action, STR("dropped")), 2);
    assert_int_equal(schema_lattice_rank(action, STR("drop")), -1);
    assert_int_equal(schema_lattice_rank(action, STR("")), -1);
    const struct field *kind =
        schema_field_named(schema_table(&schema_jalon, TABLE_SESSION), STR("kind"));
    assert_int_equal(schema_lattice_rank(kind, STR("group")), -1);
    assert_true(schema_code_known(kind, STR("group")));
    assert_false(schema_code_known(kind, STR("Group")));
    assert_false(schema_code_known(kind, STR("grou")));
    const struct field *date =
        schema_field_named(schema_table(&schema_jalon, TABLE_SESSION), STR("date"));
    assert_false(schema_code_known(date, STR("group")));
}

static void only_the_end_of_an_append_only_row_can_still_be_set(void **state)
{
    (void)state;
    const struct table *step = schema_table(&schema_jalon, TABLE_STEP);
    for (size_t i = 0; i < step->field_count; i++) {
        bool end = str_eq(str_of(step->fields[i].name), STR("end"));
        assert_int_equal(schema_field_frozen(step, &step->fields[i]), !end);
    }
    struct table once = *table_of(TABLE_SITE);
    once.append_only = true;
    assert_true(schema_field_frozen(&once, field_of(TABLE_SITE, "access")));
    assert_false(schema_field_frozen(table_of(TABLE_SITE), field_of(TABLE_SITE, "access")));
}

static void lint_refuses_ids_out_of_order_or_range(void **state)
{
    (void)state;
    table_of(TABLE_SITE)->id = TABLE_STRUCTURE;
    refused("table ids ascend");
    draft.tables[0].id = 0;
    refused("table ids ascend");
    draft.tables[draft.schema.table_count - 1].id = SCHEMA_TABLE_ID_MAX + 1;
    refused("table ids ascend");
    field_of(TABLE_SITE, "name")->id = 1;
    refused("field ids ascend");
    field_of(TABLE_SITE, "structure")->id = 0;
    refused("field ids ascend");
    field_of(TABLE_SITE, "accessible")->id = FIELD_ID_MAX + 1;
    refused("field ids ascend");
    table_of(TABLE_SITE)->field_count = 0;
    refused("1 to 64 fields");
    table_of(TABLE_SITE)->field_count = SCHEMA_FIELDS_MAX + 1;
    refused("1 to 64 fields");
}

static void lint_refuses_bad_names_and_missing_labels(void **state)
{
    (void)state;
    table_of(TABLE_SITE)->name = "Site";
    refused("no proper name");
    table_of(TABLE_SITE)->name = NULL;
    refused("no proper name");
    table_of(TABLE_SITE)->name = "structure";
    refused("two tables have this name");
    table_of(TABLE_SITE)->label = "";
    refused("no label");
    field_of(TABLE_SITE, "name")->name = "na me";
    refused("no proper name");
    field_of(TABLE_SITE, "name")->name = "a_name_that_is_longer_than_forty_characters";
    refused("no proper name");
    field_of(TABLE_SITE, "name")->name = "created_by";
    refused("belongs to every row");
    field_of(TABLE_SITE, "opening")->name = "access";
    refused("two fields have this name");
    field_of(TABLE_SITE, "name")->label = NULL;
    refused("no label");
}

static void lint_refuses_refs_that_lead_nowhere(void **state)
{
    (void)state;
    field_of(TABLE_SITE, "structure")->ref = 999;
    refused("does not exist");
    field_of(TABLE_SITE, "structure")->ref = 0;
    refused("names a table");
    field_of(TABLE_SITE, "name")->ref = TABLE_STAFF;
    refused("names a table");
    field_of(TABLE_SESSION, "person")->author_structure = true;
    refused("filled with the author's");
    field_of(TABLE_SESSION, "same_as")->ref = TABLE_PERSON;
    refused("one tie");
    field_of(TABLE_PERSON, "merged_into")->tie = TIE_NONE;
    field_of(TABLE_SESSION, "phase")->tie = TIE_LINKED;
    refused("one tie");
}

static void lint_refuses_limits_that_make_no_sense(void **state)
{
    (void)state;
    field_of(TABLE_SITE, "name")->max = 0;
    refused("greatest length");
    field_of(TABLE_PHASE, "rank")->min = 21;
    refused("above the upper one");
    field_of(TABLE_SESSION, "date")->max = 5;
    refused("no limits");
    field_of(TABLE_CONFLICT, "base")->max = 0;
    refused("greatest size");
    field_of(TABLE_CONFLICT, "base")->max = 64 * 1024 + 1;
    refused("greatest size");
    field_of(TABLE_SITE, "name")->kind = KIND_RAW;
    refused("made by the program");
    field_of(TABLE_SITE, "name")->kind = (enum kind)0;
    refused("unknown kind");
}

static void lint_refuses_enums_without_sound_codes(void **state)
{
    (void)state;
    static const char *const twice[] = {"a", "b", "a", NULL};
    static const char *const spaced[] = {"a b", NULL};
    static const char *const none[] = {NULL};
    field_of(TABLE_PERSON, "gender")->codes = NULL;
    refused("needs codes");
    field_of(TABLE_PERSON, "gender")->codes = none;
    refused("needs codes");
    field_of(TABLE_PERSON, "gender")->codes = twice;
    refused("stands twice");
    field_of(TABLE_PERSON, "gender")->codes = spaced;
    refused("one word");
    field_of(TABLE_PERSON, "gender")->open = true;
    refused("names its list");
    field_of(TABLE_PERSON, "gender")->list = "gender";
    refused("names its list");
    field_of(TABLE_PERSON, "name")->codes = twice;
    refused("only an enum has codes");
    field_of(TABLE_PERSON, "gender")->words = NULL;
    refused("names its codes");
    field_of(TABLE_PERSON_TAG, "code")->list_field = 1;
    refused("named by a required text");
    field_of(TABLE_PERSON_TAG, "code")->list = "licence";
    refused("named by a required text");
}

static void lint_refuses_lattices_that_do_not_match(void **state)
{
    (void)state;
    struct field *field = field_of(TABLE_SESSION, "state");
    static const char *const wrong[] = {
        "draft", "validated<draft", "draft<validated<more", "draft<", "", "<draft<validated"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        field->lattice = wrong[i];
        refused("does not match the codes");
    }
    field->lattice = NULL;
    refused("go together");
    field->merge = MERGE_LATEST;
    refused("go together");
    field->open = true;
    field->list = "session_state";
    refused("closed enum");
    field->lattice = "draft,validated";
    refused("needs a decider");
    field->decider = ROLE_JOBCOACH;
    refused("needs a decider");
}

static void lint_refuses_merge_rules_nobody_can_apply(void **state)
{
    (void)state;
    field_of(TABLE_SESSION, "minutes")->merge = MERGE_TEXT;
    refused("by paragraph");
    field_of(TABLE_PERSON, "merged_into")->decider = 0;
    refused("nobody decides");
    field_of(TABLE_PERSON, "merged_into")->decider = ROLE_ANY + 1;
    refused("unknown deciding role");
    field_of(TABLE_STEP, "end")->decider = 0;
    refused("nobody decides");
    field_of(TABLE_STEP, "end")->required = true;
    refused("cannot be required");
    field_of(TABLE_SITE, "name")->decider = ROLE_ADMIN;
    refused("asks nobody");
    field_of(TABLE_SITE, "name")->merge = (enum merge_rule)(MERGE_ONCE + 1);
    refused("unknown merge rule");
    table_of(TABLE_OBJECTIVE)->append_only = true;
    refused("append-only");
}

static void lint_refuses_groups_with_two_rules(void **state)
{
    (void)state;
    field_of(TABLE_SITE, "name")->group = 9;
    refused("a group of one");
    field_of(TABLE_SITE, "city")->merge = MERGE_TEXT;
    refused("one merge rule");
    field_of(TABLE_SITE, "street")->merge = MERGE_FROZEN;
    refused("work on a group");
    field_of(TABLE_CONTRACT, "end_reason")->decider = ROLE_ADMIN;
    refused("one decider");
}

static void lint_refuses_scopes_that_could_move(void **state)
{
    (void)state;
    field_of(TABLE_PERSON, "structure")->merge = MERGE_LATEST;
    refused("frozen, required ref to a structure");
    field_of(TABLE_PERSON, "structure")->required = false;
    refused("frozen, required ref to a structure");
    table_of(TABLE_PERSON)->scope_field = 99;
    refused("frozen, required ref to a structure");
    field_of(TABLE_ATTENDANCE, "person")->merge = MERGE_LATEST;
    refused("comes from a frozen ref");
    table_of(TABLE_ATTENDANCE)->scope_field = 0;
    refused("comes from a frozen ref");
    field_of(TABLE_SESSION, "structure")->merge = MERGE_LATEST;
    refused("scope_else is a frozen");
    table_of(TABLE_REGISTRATION)->scope_else = 2;
    refused("scope_else is a frozen");
    table_of(TABLE_SESSION)->scope_else = 0;
    refused("needs scope_else");
    table_of(TABLE_STEP)->scope_else = 1;
    refused("needs scope_else");
    field_of(TABLE_DOCUMENT, "of_row")->merge = MERGE_LATEST;
    refused("required id");
    field_of(TABLE_DOCUMENT, "of_table")->merge = MERGE_LATEST;
    refused("required word");
}

static void lint_refuses_scope_rules_that_do_not_fit(void **state)
{
    (void)state;
    static const char *const nowhere[] = {"nowhere", NULL};
    table_of(TABLE_SITE)->scope_field = 1;
    refused("needs no scope field");
    table_of(TABLE_SITE)->scope = (enum scope_rule)0;
    refused("no scope rule");
    table_of(TABLE_SITE)->scope_table_field = 1;
    refused("is for SCOPE_OF_ROW");
    table_of(TABLE_PERSON)->scope_else = 13;
    refused("is for SCOPE_OF_REF");
    field_of(TABLE_DOCUMENT, "of_table")->codes = nowhere;
    refused("there is no table");
    field_of(TABLE_PATHWAY, "person")->ref = TABLE_STEP;
    refused("lead nowhere");
}

static void lint_refuses_secrets_outside_their_facet(void **state)
{
    (void)state;
    table_of(TABLE_SITE)->facet = FACET_FACTS | FACET_NOTES;
    refused("one facet");
    table_of(TABLE_SITE)->facet = 0;
    refused("one facet");
    table_of(TABLE_ACCESS_LOG)->facet_field = FIELD_ACCESS_AT;
    refused("the facet comes from");
    table_of(TABLE_ACCESS_LOG)->facet = FACET_FACTS;
    refused("does not belong to the facts");
    table_of(TABLE_ACCESS_LOG)->code_facets = NULL;
    refused("the facet comes from");
    table_of(TABLE_ACCESS_LOG)->program_only = false;
    refused("made by programs only");
    field_of(TABLE_PERSON, "birth_date")->masked = true;
    refused("only text is masked");
    field_of(TABLE_PERSON, "name")->masked = true;
    refused("is no title");
    table_of(TABLE_SESSION_NOTE)->facet = FACET_FACTS;
    refused("does not belong to the facts");
    table_of(TABLE_SESSION_NOTE)->sensitivity = SENS_GDPR9;
    refused("into the vault");
    table_of(TABLE_SITE)->sensitivity = (enum sensitivity)(SENS_NATIONAL + 1);
    refused("unknown sensitivity");
    table_of(TABLE_SITE)->retention = (enum retention)0;
    refused("no retention class");
    table_of(TABLE_SITE)->purpose = (enum purpose)0;
    refused("no purpose");
    table_of(TABLE_SITE)->basis = (enum basis)0;
    refused("no legal basis");
    table_of(TABLE_PERSON)->basis = BASIS_NONE_PERSONAL;
    refused("legal basis of its own");
    table_of(TABLE_SESSION_NOTE)->sensitivity = SENS_NONE;
    refused("legal basis of its own");
    table_of(TABLE_SITE)->writers = 0;
    refused("may write");
    table_of(TABLE_SITE)->writers = 2 * ROLE_RECEIVER;
    refused("may write");
}

static void lint_refuses_freezing_by_what_is_not_there(void **state)
{
    (void)state;
    table_of(TABLE_SESSION)->freeze_code = "locked";
    refused("freezing code");
    table_of(TABLE_SESSION)->freeze_code = NULL;
    refused("freezing code");
    table_of(TABLE_SESSION)->freeze_code = "";
    refused("freezing code"); /* a state is no text */
    table_of(TABLE_SESSION)->freeze_field = 99;
    refused("freezing code");
    table_of(TABLE_SESSION)->freeze_field = 0;
    refused("freezing needs a field");
    table_of(TABLE_SESSION_NOTE)->freeze_via = 3;
    refused("freeze_via");
    field_of(TABLE_SESSION_NOTE, "session")->merge = MERGE_LATEST;
    refused("freeze_via");
}

static void lint_refuses_rules_over_fields_that_could_move(void **state)
{
    (void)state;
    field_of(TABLE_CODE, "list")->merge = MERGE_LATEST;
    refused("derived id");
    field_of(TABLE_CODE, "list")->required = false;
    refused("derived id");
    table_of(TABLE_CODE)->derived[0] = 0;
    refused("derived id");
    table_of(TABLE_CODE)->derived[2] = 99;
    refused("derived id");
    table_of(TABLE_CONTRACT)->exactly_one[1] = 99;
    refused("names two fields");
    table_of(TABLE_CONTRACT)->exactly_one[1] = 4;
    refused("names two fields");
    table_of(TABLE_CONTRACT)->exactly_one[0] = 1;
    refused("names two fields");
    table_of(TABLE_CONTRACT)->exactly_one[1] = 6;
    refused("move as one group");
    table_of(TABLE_REGISTRATION)->exactly_one[2] = 2;
    refused("two fields or three");
    table_of(TABLE_REGISTRATION)->exactly_one[1] = 0;
    refused("two fields or three");
    table_of(TABLE_REGISTRATION)->exactly_one[0] = 0;
    refused("two fields or three");
}

static void lint_refuses_open_fields_that_are_not_open(void **state)
{
    (void)state;
    table_of(TABLE_SITE)->open_fields = 1;
    refused("made by the program");
    table_of(TABLE_CONFLICT)->open_fields |= UINT64_C(1) << 40;
    refused("does not exist");
    table_of(TABLE_CONFLICT)->open_fields &= ~(UINT64_C(1) << (FIELD_CONFLICT_DECISION - 1));
    refused("may not change is frozen");
    field_of(TABLE_CONFLICT, "decided_reason")->id = 65;
    refused("end at 64");
}

#define LINT(test) cmocka_unit_test_setup(test, renew)
int main(void)
{
    const struct CMUnitTest tests[] = {
        LINT(the_declaration_obeys_its_own_rules),
        cmocka_unit_test(the_larger_schema_obeys_them_too),
        cmocka_unit_test(every_table_is_found_by_id_and_by_name),
        cmocka_unit_test(fields_are_found_also_where_ids_have_gaps),
        cmocka_unit_test(deleted_is_on_every_row_and_declared_by_none),
        cmocka_unit_test(ranks_grow_at_the_sign_and_ties_share_theirs),
        LINT(only_the_end_of_an_append_only_row_can_still_be_set),
        LINT(lint_refuses_ids_out_of_order_or_range),
        LINT(lint_refuses_bad_names_and_missing_labels),
        LINT(lint_refuses_refs_that_lead_nowhere),
        LINT(lint_refuses_limits_that_make_no_sense),
        LINT(lint_refuses_enums_without_sound_codes),
        LINT(lint_refuses_lattices_that_do_not_match),
        LINT(lint_refuses_merge_rules_nobody_can_apply),
        LINT(lint_refuses_groups_with_two_rules),
        LINT(lint_refuses_scopes_that_could_move),
        LINT(lint_refuses_scope_rules_that_do_not_fit),
        LINT(lint_refuses_secrets_outside_their_facet),
        LINT(lint_refuses_freezing_by_what_is_not_there),
        LINT(lint_refuses_rules_over_fields_that_could_move),
        LINT(lint_refuses_open_fields_that_are_not_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
