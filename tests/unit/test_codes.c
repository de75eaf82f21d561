/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/codes.h"
#include "proto/schema.h"
#include "proto/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* How many codes the field declares; each has its words, but for names of tables. */
static size_t ask_words(const struct table *table, const struct field *field)
{
    size_t asked = 0;
    for (const char *const *code = field->codes; code != NULL && *code != NULL; code++) {
        bool table_name = schema_table_named(&schema_jalon, str_of(*code)) != NULL &&
                          field->id == table->scope_table_field;
        if (!table_name && codes_find(str_of(field->words), str_of(*code)) == NULL)
            fail_msg("%s.%s: %s has no words", table->name, field->name, *code);
        asked++;
    }
    return asked;
}

static void every_code_of_the_declaration_has_words_in_four_languages(void **state)
{
    (void)state;
    size_t asked = 0;
    for (size_t t = 0; t < schema_jalon.table_count; t++) {
        const struct table *table = &schema_jalon.tables[t];
        for (size_t f = 0; f < table->field_count; f++)
            asked += ask_words(table, &table->fields[f]);
    }
    assert_true(asked > 300);
}

static void words_are_complete_and_fit_the_code_table(void **state)
{
    (void)state;
    const struct table *code = schema_table(&schema_jalon, TABLE_CODE);
    const struct field *word = schema_field_named(code, STR("code"));
    const struct field *label = schema_field_named(code, STR("label_fr"));
    const struct field *network = schema_field_named(code, STR("network_code"));
    for (size_t i = 0; i < codes_list_count; i++) {
        const struct code_list *list = &codes_lists[i];
        assert_ptr_equal(codes_list(str_of(list->name)), list);
        for (size_t c = 0; c < list->count; c++) {
            const struct code_words *w = &list->codes[c];
            struct value v = value_text(str_of(w->code));
            assert_ptr_equal(codes_find(str_of(list->name), str_of(w->code)), w);
            assert_int_equal(value_check(word, &v, NULL), ERR_OK);
            for (size_t l = 0; l < CODES_LANGUAGES; l++) {
                assert_non_null(w->label[l]);
                v = value_text(str_of(w->label[l]));
                assert_int_equal(value_check(label, &v, NULL), ERR_OK);
            }
            v = w->network_code == NULL ? VALUE_NONE : value_text(str_of(w->network_code));
            assert_int_equal(value_check(network, &v, NULL), ERR_OK);
        }
    }
}

/* A closed list ends with its release: what is written with words must be declared. */
static void closed_lists_hold_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < codes_list_count; i++) {
        const struct field *used = NULL;
        for (size_t t = 0; t < schema_jalon.table_count && used == NULL; t++)
            for (size_t f = 0; f < schema_jalon.tables[t].field_count; f++) {
                const struct field *field = &schema_jalon.tables[t].fields[f];
                if (field->words != NULL && strcmp(field->words, codes_lists[i].name) == 0)
                    used = field;
            }
        if (used == NULL) { /* of person_tag */
            assert_true(codes_lists[i].open);
            continue;
        }
        assert_int_equal(used->open, codes_lists[i].open);
        for (size_t c = 0; c < codes_lists[i].count && !used->open; c++)
            assert_true(schema_code_known(used, str_of(codes_lists[i].codes[c].code)));
    }
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    assert_null(codes_list(STR("no_such_list")));
    assert_null(codes_find(STR("no_such_list"), STR("B")));
    assert_null(codes_find(STR("licence"), STR("Z")));
    assert_non_null(codes_find(STR("licence"), STR("B")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_of_the_declaration_has_words_in_four_languages),
        cmocka_unit_test(words_are_complete_and_fit_the_code_table),
        cmocka_unit_test(closed_lists_hold_nothing_else),
        cmocka_unit_test(what_is_not_there_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
