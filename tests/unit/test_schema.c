/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void the_declaration_obeys_its_own_rules(void **state)
{
    (void)state;
    struct note why = {""};
    enum err err = schema_lint(&schema_jalon, &why);
    assert_string_equal(why.text, "");
    assert_int_equal(err, ERR_OK);
}
int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_declaration_obeys_its_own_rules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
