/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl report and register: what is hidden of the whole network, and that the register has
 * every table. */
#include "server/ctl.h"
#include "support/caseload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char answer[256 * 1024];

/* The exit status; what it wrote is in `answer`. */
static int run(struct twin *t, const char *const *words)
{
    struct ctl c = {.store = t->server.store};
    const char *argv[12] = {"jalonctl"};
    int argc = 1;
    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = words[argc - 1];
    int exit = ctl_run(&c, argc, argv);
    assert_true(c.out.n < sizeof answer);
    memcpy(answer, c.out.p == NULL ? (const uint8_t *)"" : c.out.p, c.out.n);
    answer[c.out.n] = '\0';
    ctl_done(&c);
    return exit;
}
#define RUN(t, ...) run(t, (const char *const[]){__VA_ARGS__, NULL})

static void the_whole_network_hides_small_numbers(void **state)
{
    (void)state;
    struct twin t;
    char structure[ID_TEXT_BYTES];
    twin_open(&t, 1, &schema_jalon);
    struct id model = case_model(&t);
    (void)twin_sync(&t, 0);
    for (int i = 0; i < 3; i++)
        (void)case_open(&t.replicas[0], &model, "MARQUE");
    (void)twin_sync(&t, 0);
    id_print(&t.structure, structure);
    assert_int_equal(RUN(&t, "report", "I2", "--csv", "--at", "2026-12-01"), CTL_DONE);
    assert_non_null(strstr(answer, "\"entries\",<5,<5"));
    assert_int_equal(
        RUN(&t, "report", "I2", "--csv", "--at", "2026-12-01", "--structure", structure),
        CTL_DONE);
    assert_non_null(strstr(answer, "\"entries\",3,3"));
    assert_int_equal(RUN(&t, "report", "I2", "--at", "2026-12-01"), CTL_DONE);
    assert_non_null(strstr(answer, "<5"));
    assert_int_equal(RUN(&t, "report"), CTL_DONE);
    assert_non_null(strstr(answer, "I25"));
    assert_int_equal(RUN(&t, "report", "I99"), CTL_FAILED);
    assert_int_equal(RUN(&t, "report", "I2", "--from", "2026-12-01", "--to", "2026-11-01"),
                     CTL_FAILED);
    twin_close(&t);
}

static void the_register_has_every_table(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 0, &schema_jalon);
    assert_int_equal(RUN(&t, "register", "--json"), CTL_DONE);
    size_t tables = 0;
    for (const char *at = answer; (at = strstr(at, "{\"table\":")) != NULL; at++)
        tables++;
    assert_int_equal(tables, schema_jalon.table_count);
    assert_null(strstr(answer, ":null"));
    assert_non_null(strstr(answer, "\"table\":\"sensitive_fact\""));
    assert_non_null(strstr(answer, "\"legal_basis\":\"social_law\",\"retention\":\"vault\","
                                   "\"sensitivity\":\"gdpr_9_10\",\"recipients\":"
                                   "\"dossier_vault\""));
    assert_int_equal(RUN(&t, "register", "--markdown"), CTL_DONE);
    size_t lines = 0;
    for (const char *at = answer; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, schema_jalon.table_count + 2U);
    assert_int_equal(RUN(&t, "register"), CTL_DONE);
    assert_non_null(strstr(answer, "N° national"));
    twin_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_network_hides_small_numbers),
        cmocka_unit_test(the_register_has_every_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
