/* SPDX-License-Identifier: Apache-2.0 */
#include "client/advice.h"
#include "client/commands.h"
#include "support/schema_plus.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORDS_MAX = 16 };

static struct twin twin;
static struct buf out, talk; /* of the last command, with a NUL after it */

static enum err take(void *ctx, enum cmd_stream stream, struct str bytes)
{
    (void)ctx;
    struct buf *buf = stream == CMD_OUT ? &out : &talk;
    buf_add(buf, bytes.p, bytes.n);
    return buf->err;
}

/* Run `jalon words…` on a replica; the exit status. */
static int run(size_t replica, ...)
{
    const char *argv[WORDS_MAX] = {"jalon"};
    int n = 1;
    va_list list;
    va_start(list, replica);
    for (const char *word = va_arg(list, const char *); word != NULL;
         word = va_arg(list, const char *)) {
        assert_in_range(n, 1, WORDS_MAX - 1);
        argv[n++] = word;
    }
    va_end(list);
    buf_clear(&out);
    buf_clear(&talk);
    struct cmd c = {.store = twin.replicas[replica].store,
                    .write = take,
                    .dir = twin.dir,
                    .cwd = twin.dir,
                    .columns = 80};
    int exit = commands_run(&c, n, argv);
    buf_u8(&out, 0);
    buf_u8(&talk, 0);
    return exit;
}
#define RUN(...) run(0, __VA_ARGS__, NULL)

static bool said(const char *text)
{
    return strstr((const char *)out.p, text) != NULL;
}

static bool talked(const char *text)
{
    return strstr((const char *)talk.p, text) != NULL;
}

/* The id printed by `add`. */
static void read_id(char id[ID_TEXT_BYTES])
{
    assert_int_equal(strcspn((const char *)out.p, "\n"), ID_TEXT_BYTES - 1);
    memcpy(id, out.p, ID_TEXT_BYTES - 1);
    id[ID_TEXT_BYTES - 1] = '\0';
}

static int open_twin(void **state)
{
    (void)state;
    twin_open(&twin, 2, schema_plus());
    (void)twin_sync(&twin, 0);
    (void)twin_sync(&twin, 1);
    return 0;
}

static int close_twin(void **state)
{
    (void)state;
    twin_close(&twin);
    buf_done(&out);
    buf_done(&talk);
    return 0;
}

/* Neither what a colleague typed nor what a server sends may write elsewhere on the screen, set
 * the window's title, or turn the line around. */
static void texts_of_others_do_not_steer_the_terminal(void **state)
{
    (void)state;
    char id[ID_TEXT_BYTES];
    /* The override that turns a line around, spelled out so that it turns none here. */
    static const char turn[] = {'\xe2', '\x80', '\xae', '\0'};
    char steered[64];
    (void)snprintf(steered, sizeof steered,
                   "name=\x1b]0;pwned\x07Forge\xc2\x9b"
                   "2J%s",
                   turn);
    assert_int_equal(RUN("add", "company", steered, "city=a\x1b[2J\tb"), CMD_DONE);
    read_id(id);
    static const char *const ways[][4] = {
        {"show", "company", "--history"}, {"list", "company"}, {"inbox"}};
    assert_int_equal(RUN("set", "company", id, "name=\x1b[31mRouge\x7f"), CMD_DONE);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const char *row = i == 0 ? id : NULL;
        (void)run(0, ways[i][0], ways[i][1], row != NULL ? row : ways[i][2],
                  row != NULL ? ways[i][2] : NULL, NULL);
        for (size_t k = 0; k + 1 < out.n; k++)
            assert_true(out.p[k] == '\n' || (out.p[k] >= ' ' && out.p[k] != 0x7f));
        assert_false(said("\xc2\x9b") || said(turn));
    }
    assert_int_equal(RUN("show", "company", "\x1b[5m nobody"), CMD_FAILED);
    assert_false(talked("\x1b"));
}

static void a_row_is_added_shown_changed_and_listed(void **state)
{
    (void)state;
    char id[ID_TEXT_BYTES];
    assert_int_equal(RUN("add", "company", "name=Forge Fictive", "Localité=Huy"), CMD_DONE);
    read_id(id);
    assert_int_equal(RUN("show", "company", id), CMD_DONE);
    assert_true(said("Forge Fictive"));
    assert_true(said("Huy"));
    assert_int_equal(RUN("set", "company", id, "city=Ath"), CMD_DONE);
    assert_int_equal(RUN("set", "company", id, "city=Ath", "--json"), CMD_DONE);
    assert_true(said("\"changed\":false"));
    assert_int_equal(RUN("list", "company", "city=Ath", "--json"), CMD_DONE);
    assert_true(said("\"name\":\"Forge Fictive\""));
    assert_int_equal(RUN("list", "company", "city=Huy", "--json"), CMD_DONE);
    assert_string_equal((const char *)out.p, "[]\n");
    assert_int_equal(RUN("show", "company", "forge fictive", "--history", "--json"), CMD_DONE);
    assert_true(said("{\"field\":\"city\",\"before\":\"Huy\",\"after\":\"Ath\"}"));
    assert_int_equal(RUN("show", "company", id, "--history"), CMD_DONE);
    assert_true(said("Localité : Huy → Ath"));
}

static void a_deleted_row_comes_back(void **state)
{
    (void)state;
    char id[ID_TEXT_BYTES];
    assert_int_equal(RUN("add", "company", "name=Forge"), CMD_DONE);
    read_id(id);
    assert_int_equal(RUN("delete", "company", id), CMD_DONE);
    assert_int_equal(RUN("list", "company", "--json"), CMD_DONE);
    assert_string_equal((const char *)out.p, "[]\n");
    assert_int_equal(RUN("list", "company", "--deleted", "--json"), CMD_DONE);
    assert_true(said(id));
    assert_int_equal(RUN("set", "company", id, "city=Huy"), CMD_FAILED);
    assert_int_equal(RUN("restore", "company", id), CMD_DONE);
    assert_int_equal(RUN("list", "company", "--json"), CMD_DONE);
    assert_true(said(id));
}

static void mistakes_are_named_with_what_was_meant(void **state)
{
    (void)state;
    assert_int_equal(RUN("lits", "company"), CMD_USAGE);
    assert_true(talked("list"));
    assert_int_equal(RUN("seek", "x"), CMD_USAGE);
    assert_int_equal(RUN("add", "sesion", "x=1"), CMD_FAILED);
    assert_true(talked("session"));
    assert_int_equal(RUN("add", "company", "nam=Forge"), CMD_FAILED);
    assert_true(talked("name"));
    assert_int_equal(RUN("add", "company", "name=F", "potential=hihg"), CMD_FAILED);
    assert_true(talked("high"));
    assert_int_equal(RUN("add", "company", "name"), CMD_USAGE);
    assert_int_equal(RUN("add", "company", "name=a", "name=b"), CMD_USAGE);
    assert_int_equal(RUN("add", "company", "name=a", "name=\xff"), CMD_FAILED);
    assert_int_equal(RUN("add", "company", "city=Huy"), CMD_FAILED);
    assert_true(talked("name"));
    assert_int_equal(RUN("show", "company", "018f0000-0000-7000-8000-0000000000aa"),
                     CMD_FAILED);
    assert_int_equal(RUN("list", "company", "--limit", "0"), CMD_USAGE);
    assert_int_equal(RUN("add", "company", "city=Huy", "--json"), CMD_FAILED);
    assert_true(talked("\"error\":\"INVALID\""));
    assert_int_equal(out.n, 1);
}

static void a_role_without_the_right_is_told_before_anything_is_written(void **state)
{
    (void)state;
    assert_int_equal(RUN("add", "structure", "name=Ailleurs", "kind=EI"), CMD_REFUSED);
    assert_true(talked("structure"));
}

static void status_says_everything_is_there_only_when_it_is(void **state)
{
    (void)state;
    assert_int_equal(RUN("status"), CMD_DONE);
    assert_true(said("tout est sur le serveur"));
    assert_int_equal(RUN("add", "company", "name=Forge"), CMD_DONE);
    assert_int_equal(RUN("status"), CMD_DONE);
    assert_false(said("tout est sur le serveur"));
    assert_true(said("1 changement est sur cet appareil seulement"));
    assert_int_equal(RUN("status", "--json"), CMD_DONE);
    static const char *const keys[] = {"unsent",      "acked_through", "pulled_through",
                                       "last_sync",   "complete",      "conflicts",
                                       "quarantined", "skew_ms",       "enrolled",
                                       "device",      "epoch",         "generation"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "\"%s\":", keys[i]);
        assert_true(said(key));
    }
    assert_true(said("\"unsent\":1,"));
    (void)twin_sync(&twin, 0);
    assert_int_equal(RUN("status"), CMD_DONE);
    assert_true(said("tout est sur le serveur"));
}

static void a_replica_without_a_server_says_so(void **state)
{
    (void)state;
    struct party fresh = {.wall_ms = twin.replicas[0].wall_ms};
    (void)snprintf(fresh.path, sizeof fresh.path, "%.150s/fresh.db", twin.dir);
    twin_open_party(&twin, &fresh);
    struct party kept = twin.replicas[0];
    twin.replicas[0] = fresh;
    int status = RUN("status");
    bool honest = said("jalon enrol CODE") && !said("tout est sur le serveur");
    int add = RUN("add", "company", "name=Forge");
    bool told = talked("jalon enrol CODE");
    twin.replicas[0] = kept;
    store_close(fresh.store);
    (void)unlink(fresh.path);
    assert_int_equal(status, CMD_DONE);
    assert_true(honest);
    assert_int_equal(add, CMD_REFUSED);
    assert_true(told);
}

/* Both replicas change one field without knowing of each other. */
static void make_conflict(char company[ID_TEXT_BYTES])
{
    assert_int_equal(RUN("add", "company", "name=Forge"), CMD_DONE);
    read_id(company);
    (void)twin_sync(&twin, 0);
    (void)twin_sync(&twin, 1);
    assert_int_equal(run(0, "set", "company", company, "name=Forge du Nord", NULL), CMD_DONE);
    assert_int_equal(run(1, "set", "company", company, "name=Forge du Sud", NULL), CMD_DONE);
    (void)twin_sync(&twin, 0);
    (void)twin_sync(&twin, 1);
    (void)twin_sync(&twin, 0);
}

static void a_conflict_shows_both_values_and_who_wrote_them(void **state)
{
    (void)state;
    char company[ID_TEXT_BYTES];
    make_conflict(company);
    assert_int_equal(RUN("conflicts"), CMD_WAITS);
    assert_true(said("Forge du Nord"));
    assert_true(said("Forge du Sud"));
    assert_true(said("au départ"));
    assert_true(said("champ : Nom"));
    assert_true(said("par "));
    assert_int_equal(RUN("conflicts", "--json"), CMD_WAITS);
    assert_true(said("\"base\":{\"name\":\"Forge\"}"));
    assert_true(said("\"current_by_name\":\""));
    assert_int_equal(RUN("inbox", "--json"), CMD_WAITS);
    assert_true(said("\"quarantine\":[]"));
    assert_int_equal(RUN("status"), CMD_DONE);
    assert_true(said("1 conflit attend"));
}

/* The id of the first conflict listed. */
static void conflict_id(char id[ID_TEXT_BYTES])
{
    assert_int_equal(RUN("conflicts", "--json"), CMD_WAITS);
    const char *at = strstr((const char *)out.p, "{\"id\":\"");
    assert_non_null(at);
    memcpy(id, at + 7, ID_TEXT_BYTES - 1);
    id[ID_TEXT_BYTES - 1] = '\0';
}

static void a_decision_is_an_edit_that_all_receive(void **state)
{
    (void)state;
    char company[ID_TEXT_BYTES];
    char id[ID_TEXT_BYTES];
    make_conflict(company);
    conflict_id(id);
    assert_int_equal(RUN("resolve", id), CMD_USAGE); /* keep what? */
    assert_int_equal(
        RUN("resolve", id, "--keep", "Forge du Centre", "--reason", "vu sur place", "--json"),
        CMD_DONE);
    assert_true(said("\"decision\":\"value\""));
    assert_int_equal(RUN("conflicts"), CMD_DONE);
    (void)twin_sync(&twin, 0);
    (void)twin_sync(&twin, 1);
    assert_int_equal(run(1, "show", "company", company, NULL), CMD_DONE);
    assert_true(said("Forge du Centre"));
    assert_int_equal(run(1, "conflicts", NULL), CMD_DONE);
}

static void a_refused_entry_waits_in_the_inbox_with_its_reason(void **state)
{
    (void)state;
    char session[ID_TEXT_BYTES];
    assert_int_equal(RUN("add", "session", "kind=phone", "date=22/11/2026", "minutes=5"),
                     CMD_DONE);
    read_id(session);
    (void)twin_sync(&twin, 0);
    (void)twin_sync(&twin, 1);
    assert_int_equal(run(0, "set", "session", session, "state=validated", NULL), CMD_DONE);
    assert_int_equal(run(1, "set", "session", session, "minutes=50", NULL), CMD_DONE);
    (void)twin_sync(&twin, 0);
    (void)twin_sync(&twin, 1);
    assert_int_equal(run(1, "inbox", NULL), CMD_WAITS);
    assert_true(said(" : la fiche était déjà validée ou verrouillée"));
    assert_true(said("1. changement de « Séance »"));
    assert_true(said("Durée (min) : 5 → 50"));
    assert_int_equal(run(1, "inbox", "--json", NULL), CMD_WAITS);
    assert_true(said("\"reason\":\"frozen\""));
    assert_true(said("\"kind\":\"update\",\"here\":true,\"fields\":{\"minutes\":50},"
                     "\"before\":{\"minutes\":5},\"now\":{\"minutes\":5}}"));
    assert_int_equal(run(1, "status", NULL), CMD_DONE);
    assert_true(said("1 saisie refusée par le serveur, gardée ici"));
}

static void write_file(const char *name, const char *text)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", twin.dir, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", twin.dir, name);
    (void)unlink(path);
}

static void an_import_names_line_and_column_of_each_mistake(void **state)
{
    (void)state;
    write_file("s.csv", "kind;date;minutes\r\nphone;22/11/2026;5\r\nphone;hier;5\r\n");
    assert_int_equal(RUN("import", "session", "s.csv"), CMD_FAILED);
    assert_true(talked("ligne 3, colonne 2 (date)"));
    assert_true(talked("rien n'a été enregistré"));
    assert_int_equal(RUN("import", "session", "s.csv", "--skip-bad", "--json"), CMD_WAITS);
    assert_true(said("\"created\":1,"));
    assert_true(said("\"saved\":true"));
    assert_true(said("{\"line\":3,\"column\":2,\"title\":\"date\",\"error\":\"INVALID\""));
    assert_int_equal(twin_count(twin.replicas[0].store, "session"), 1);
    assert_int_equal(RUN("import", "session", "absent.csv"), CMD_FAILED);
    assert_int_equal(RUN("import", "session", "s.ods"), CMD_USAGE);
    remove_file("s.csv");
}

static void ndjson_goes_out_and_comes_back_unchanged(void **state)
{
    (void)state;
    write_file("in.ndjson", "{\"kind\":\"phone\",\"date\":\"2026-11-22\",\"minutes\":5,"
                            "\"place\":null,\"subject\":\"é \\\"x\\\"\"}\n\n"
                            "{\"kind\":\"phone\",\"date\":\"2026-11-23\",\"minutes\":6}");
    assert_int_equal(RUN("import", "session", "in.ndjson", "--json"), CMD_DONE);
    assert_true(said("\"created\":2,"));
    assert_int_equal(RUN("export", "session", "out.ndjson", "--json"), CMD_DONE);
    assert_true(said("\"rows\":2,"));
    assert_int_equal(RUN("import", "session", "out.ndjson", "--json"), CMD_DONE);
    assert_true(said("\"unchanged\":2,"));
    assert_int_equal(RUN("export", "session", "out.csv"), CMD_DONE);
    assert_int_equal(RUN("import", "session", "out.csv", "--json"), CMD_DONE);
    assert_true(said("\"unchanged\":2,"));
    /* Members in another order, left out, by their label. */
    write_file("in.ndjson", "{\"kind\":\"phone\",\"date\":\"2026-11-24\",\"minutes\":5}\n"
                            "{\"minutes\":7,\"kind\":\"phone\",\"date\":\"2026-11-25\"}\n"
                            "{\"kind\":\"phone\",\"Date\":\"2026-11-26\",\"minutes\":7}\n");
    assert_int_equal(RUN("import", "session", "in.ndjson", "--json"), CMD_DONE);
    assert_true(said("\"created\":3,"));
    assert_int_equal(RUN("list", "session", "minutes=7", "--json"), CMD_DONE);
    assert_true(said("2026-11-25") && said("2026-11-26") && !said("2026-11-24"));
    write_file("in.ndjson", "{\"kind\":\"phone\",\"date\":\"2026-11-22\",\"minutes\":[5]}\n"
                            "{\"kind\":\"phone\",\n[]\n{\"colour\":1}\n"
                            "{\"kind\":\"phone\",\"kind\":\"phone\"}\n");
    assert_int_equal(RUN("import", "session", "in.ndjson", "--json"), CMD_FAILED);
    assert_true(said("\"rejected\":5,"));
    assert_true(said("{\"line\":2,"));
    assert_true(said("{\"line\":5,"));
    remove_file("in.ndjson");
    remove_file("out.ndjson");
    remove_file("out.csv");
}

static void a_new_table_is_known_to_every_command(void **state)
{
    (void)state;
    char structure[ID_TEXT_BYTES + 16];
    char id[ID_TEXT_BYTES];
    id_print(&twin.structure, id);
    (void)snprintf(structure, sizeof structure, "structure=%s", id);
    assert_int_equal(RUN("add", "test_parcel", structure, "label=Colis", "weight=1,5"),
                     CMD_DONE);
    read_id(id);
    assert_int_equal(RUN("show", "test_parcel", id, "--json"), CMD_DONE);
    assert_true(said("\"weight\":1.5"));
    assert_int_equal(RUN("schema", "test_parcel", "--json"), CMD_DONE);
    assert_true(said("\"name\":\"weight\""));
    assert_int_equal(RUN("add", "person", "name=A", "first_name=B", "test_colour=bleu"),
                     CMD_DONE);
    read_id(id);
    assert_int_equal(RUN("show", "person", id, "--json"), CMD_DONE);
    assert_true(said("\"test_colour\":\"bleu\""));
}

static void the_doctor_finds_a_sound_replica_sound(void **state)
{
    (void)state;
    assert_int_equal(RUN("doctor", "--json"), CMD_DONE);
    assert_true(said("\"problems\":0,"));
}

static void every_error_has_a_cause_and_a_next_step(void **state)
{
    (void)state;
    for (int err = ERR_OK; err < ERR_COUNT; err++) {
        assert_true(advice_cause((enum err)err)[0] != '\0');
        assert_true(err == ERR_OK || advice_next((enum err)err)[0] != '\0');
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_twin, close_twin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_row_is_added_shown_changed_and_listed),
        TEST(texts_of_others_do_not_steer_the_terminal),
        TEST(a_deleted_row_comes_back),
        TEST(mistakes_are_named_with_what_was_meant),
        TEST(a_role_without_the_right_is_told_before_anything_is_written),
        TEST(status_says_everything_is_there_only_when_it_is),
        TEST(a_replica_without_a_server_says_so),
        TEST(a_conflict_shows_both_values_and_who_wrote_them),
        TEST(a_decision_is_an_edit_that_all_receive),
        TEST(a_refused_entry_waits_in_the_inbox_with_its_reason),
        TEST(an_import_names_line_and_column_of_each_mistake),
        TEST(ndjson_goes_out_and_comes_back_unchanged),
        TEST(a_new_table_is_known_to_every_command),
        TEST(the_doctor_finds_a_sound_replica_sound),
        cmocka_unit_test(every_error_has_a_cause_and_a_next_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
