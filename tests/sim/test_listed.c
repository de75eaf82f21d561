/* SPDX-License-Identifier: Apache-2.0 */
/* The list of scenarios, the table in README.md and the tests say the same. */
#include "tests/sim/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PATH_BYTES = 512, FILE_BYTES_MAX = 1024 * 1024, LINE_BYTES = 600 };

/* The whole file with a NUL; the caller frees it. */
static char *text_of(const char *name)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", SIM_TESTS_DIR, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        print_error("%s is not there\n", path);
    assert_non_null(file);
    char *text = calloc(1, FILE_BYTES_MAX + 1);
    assert_non_null(text);
    assert_in_range(fread(text, 1, FILE_BYTES_MAX, file), 1, FILE_BYTES_MAX - 1);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void has(const char *text, const char *what, const char *where)
{
    if (strstr(text, what) == NULL)
        print_error("%s: not in %s\n", what, where);
    assert_non_null(strstr(text, what));
}

static void every_scenario_is_a_test_that_is_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < scenarios_n; i++) {
        const struct scenario *s = &scenarios[i];
        char line[LINE_BYTES];
        assert_true((s->source == NULL) == (s->why != NULL));
        if (s->source == NULL)
            continue;
        char *source = text_of(s->source);
        if (s->test != NULL && strstr(s->source, ".c") != NULL) {
            (void)snprintf(line, sizeof line, "static void %s(void **state)", s->test);
            has(source, line, s->source);
            (void)snprintf(line, sizeof line, "(%s", s->test); /* in the list of the program */
            char *list = strstr(source, "int main(");
            assert_non_null(list);
            has(list, line, s->source);
        } else if (s->test != NULL) {
            has(source, s->test, s->source);
        }
        free(source);
    }
}

static void the_table_has_them_all_in_order(void **state)
{
    (void)state;
    char *readme = text_of("sim/README.md");
    const char *at = readme;
    size_t rows = 0;
    for (size_t i = 0; i < scenarios_n; i++) {
        const struct scenario *s = &scenarios[i];
        char begin[LINE_BYTES];
        char end[LINE_BYTES];
        assert_int_equal(s->number, i + 1);
        (void)snprintf(begin, sizeof begin, "\n| %u | %s | ", s->number, s->name);
        (void)snprintf(end, sizeof end, " | %s%s%s%s%s |\n", s->source == NULL ? "" : "`",
                       s->source == NULL ? "none" : s->source, s->source == NULL ? "" : "`",
                       s->test == NULL ? "" : ": ", s->test == NULL ? "" : s->test);
        has(at, begin, "README.md");
        at = strstr(at, begin) + 1;
        const char *next = strchr(at, '\n');
        assert_non_null(next);
        const char *found = strstr(at, end);
        if (found == NULL || found > next)
            print_error("%s: another test in README.md\n", s->name);
        assert_true(found != NULL && found < next);
    }
    for (const char *row = readme; (row = strstr(row, "\n| ")) != NULL; row++)
        rows++;
    assert_int_equal(rows, scenarios_n + 1); /* and the head */
    free(readme);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scenario_is_a_test_that_is_run),
        cmocka_unit_test(the_table_has_them_all_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
