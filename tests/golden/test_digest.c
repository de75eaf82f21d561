/* SPDX-License-Identifier: Apache-2.0 */
/* The number of a row: both sides of a sync compute it, of whatever version they are. */
#include "store/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct field fields[] = {{.id = 1, .name = "text", .kind = KIND_TEXT},
                                      {.id = 2, .name = "count", .kind = KIND_INT},
                                      {.id = 3, .name = "rate", .kind = KIND_REAL},
                                      {.id = 4, .name = "of", .kind = KIND_ID},
                                      {.id = 5, .name = "empty", .kind = KIND_TEXT},
                                      {.id = 9, .name = "taken", .kind = KIND_TEXT}};
static const struct table table = {
    .id = 30, .name = "made_up", .fields = fields, .field_count = 6};

/* Of every type, one never written, one emptied by somebody, one of another version. */
static void the_number_of_a_row_never_changes(void **state)
{
    (void)state;
    static struct row row;
    struct id of = {{7, 7, 7}};
    struct buf scratch = {0};
    uint64_t sum = 0;
    row.id = (struct id){{1, 2, 3, 4}};
    row.by = (struct id){{9, 8, 7}};
    row.form = 3;
    row.stamp = (struct stamp){.hlc = 0x0123456789abcdef, .origin = 12};
    row.values[0] = value_text(STR("une séance fictive"));
    row.values[1] = value_int(-45);
    row.values[2] = (struct value){.type = VALUE_REAL, .r = 0.75};
    row.values[3] = value_id(&of);
    assert_int_equal(digest_row(&table, &row, &scratch, &sum), ERR_OK);
    assert_int_equal(sum, 0x5876a2313424fe76u);
    row.deleted = true;
    versions_set(&row.versions, &(struct version){.field = 9, .stamp = {77, 5}});
    versions_set(&row.versions, &(struct version){.field = 2, .stamp = {78, 6}});
    versions_set(&row.versions, &(struct version){.field = FIELD_DELETED, .stamp = {79, 7}});
    assert_int_equal(digest_row(&table, &row, &scratch, &sum), ERR_OK);
    assert_int_equal(sum, 0x3a7152ff8db36b87u);
    buf_done(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_number_of_a_row_never_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
