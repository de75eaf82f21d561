/* SPDX-License-Identifier: Apache-2.0 */
/* What people look for and find; the index against a plain reading of all rows; what leaves. */
#include "store/fold.h"
#include "store/inside.h"
#include "store/search.h"
#include "store/search_words.h"
#include "support/rng.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { FOUND_MAX = 20, TITLE_BYTES = 120 };

static const char *ref(const char *name, const struct id *id)
{
    static char texts[8][80];
    static unsigned turn;
    char *out = texts[turn++ % 8];
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, sizeof texts[0], "%s=%s", name, text);
    return out;
}

/* ---- questions ---- */

struct found {
    char first[FOUND_MAX][TITLE_BYTES]; /* table and first text of each row */
    bool sounds[FOUND_MAX];
    size_t n;
};

static enum err on_hit(void *ctx, const struct search_hit *hit)
{
    struct found *found = ctx;
    struct str text = STR("");
    for (uint16_t i = 0; i < hit->table->field_count && text.n == 0; i++)
        if (hit->row->values[i].type == VALUE_TEXT)
            text = hit->row->values[i].s;
    assert_true(found->n < FOUND_MAX);
    (void)snprintf(found->first[found->n], TITLE_BYTES, "%s %.*s", hit->table->name,
                   (int)text.n, text.p);
    found->sounds[found->n++] = hit->sounds;
    return ERR_OK;
}

static struct found ask(struct store *s, const char *words)
{
    struct found found = {.n = 0};
    assert_int_equal(search_rows(s, str_of(words), FOUND_MAX, on_hit, &found), ERR_OK);
    return found;
}

static void assert_only(struct store *s, const char *words, const char *first)
{
    struct found found = ask(s, words);
    if (found.n != 1 || strcmp(found.first[0], first) != 0)
        fail_msg("%s: %zu, %s", words, found.n, found.n == 0 ? "" : found.first[0]);
}

static void words_are_found_however_they_are_written(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    struct party *p = &t.replicas[0];
    struct store *s = p->store;
    const char *elise[] = {"name=Lambert-Fictif", "first_name=Élise", "city=Sclessin", NULL};
    const char *philippe[] = {"name=Œuvrard", "first_name=Philippe", NULL};
    const char *firm[] = {"name=Forge Élise & fils", "company_no=0403170701", NULL};
    struct id person = twin_add(p, "person", elise);
    (void)twin_add(p, "person", philippe);
    (void)twin_add(p, "company", firm);
    const char *phone[] = {ref("person", &person), "kind=phone", "value=+32 471/12.34.56",
                           NULL};
    const char *session[] = {"kind=individual",
                             ref("person", &person),
                             "date=2026-11-02",
                             "minutes=45",
                             "subject=Essai à la menuiserie, l'après-midi",
                             NULL};
    (void)twin_add(p, "contact_point", phone);
    (void)twin_add(p, "session", session);
    assert_only(s, "elise lamb", "person Lambert-Fictif");
    assert_only(s, "LAMBERT  élise", "person Lambert-Fictif");
    assert_only(s, "sclessin", "person Lambert-Fictif");
    assert_only(s, "oeuv", "person Œuvrard");
    assert_only(s, "apres menuis", "session individual");
    const char *const numbers[] = {"0471123456",   "0471 12 34 56",     "0471/123456",
                                   "+32471123456", "0032 471 12 34 56", "0471 123"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_only(s, numbers[i], "contact_point phone");
    assert_only(s, "BE 0403.170.701", "company Forge Élise & fils");
    assert_only(s, "be0403170701", "company Forge Élise & fils");
    assert_only(s, "403 170", "company Forge Élise & fils");
    assert_int_equal(ask(s, "bert").n, 0); /* not the beginning of a word */
    assert_int_equal(ask(s, "").n, 0);
    assert_int_equal(ask(s, "\"* OR ~_ -").n, 0);
    /* Persons first; nobody else is proposed while somebody has the words. */
    struct found both = ask(s, "élise");
    assert_int_equal(both.n, 2);
    assert_string_equal(both.first[0], "person Lambert-Fictif");
    assert_false(both.sounds[0] || both.sounds[1]);
    /* Small mistakes. */
    struct found filip = ask(s, "filip");
    assert_int_equal(filip.n, 1);
    assert_string_equal(filip.first[0], "person Œuvrard");
    assert_true(filip.sounds[0]);
    assert_only(s, "lamebrt", "person Lambert-Fictif");
    assert_only(s, "lembert elize", "person Lambert-Fictif");
    assert_int_equal(ask(s, "xyzzy").n, 0);
    twin_close(&t);
}

static void what_changes_is_found_as_it_is(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    struct party *p = &t.replicas[0];
    struct store *s = p->store;
    const char *zoe[] = {"name=Fictif", "first_name=Zoé", "emergency=la voisine", NULL};
    const char *double_[] = {"name=Fictive", "first_name=Zoey", NULL};
    struct id person = twin_add(p, "person", zoe);
    struct id other = twin_add(p, "person", double_);
    assert_only(s, "voisine", "person Fictif");
    const char *cousin[] = {"emergency=son cousin", NULL};
    assert_int_equal(twin_set(p, "person", &person, cousin), ERR_OK);
    assert_int_equal(ask(s, "voisine").n, 0);
    assert_only(s, "cousin zoe", "person Fictif");
    assert_int_equal(twin_delete(p, "person", &person, true), ERR_OK);
    assert_int_equal(ask(s, "cousin").n, 0);
    assert_int_equal(twin_delete(p, "person", &person, false), ERR_OK);
    assert_only(s, "cousin", "person Fictif");
    /* Of two that are one, the one that is shown, once. */
    const char *tie[] = {ref("merged_into", &person), NULL};
    assert_int_equal(twin_set(p, "person", &other, tie), ERR_OK);
    assert_only(s, "zoey", "person Fictif");
    assert_only(s, "zo", "person Fictif");
    /* A change that is undone leaves the index as it was. */
    struct edit *edit = NULL;
    assert_int_equal(edit_open(s, &edit, NULL), ERR_OK);
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    struct edit_value value = {schema_field_named(table, STR("emergency")),
                               value_text(STR("personne"))};
    assert_int_equal(edit_update(edit, table, &person, &value, 1, NULL), ERR_OK);
    edit_abort(edit);
    assert_int_equal(ask(s, "personne").n, 0);
    assert_only(s, "cousin", "person Fictif");
    twin_close(&t);
}

/* ---- against a plain reading ---- */

struct counting {
    const struct table *table;
    struct str word;
    uint64_t n;
};

static enum err count(void *ctx, const struct row *row)
{
    struct counting *c = ctx;
    struct buf words = {0};
    bool begins = false;
    buf_u8(&words, ' ');
    search_words(c->table, row->values, &words);
    for (size_t i = 0; i + c->word.n < words.n && !begins; i++)
        begins = words.p[i] == ' ' && memcmp(words.p + i + 1, c->word.p, c->word.n) == 0;
    buf_done(&words);
    c->n += begins ? 1 : 0;
    return ERR_OK;
}

static void assert_same(struct store *s, const char *table_name, const char *word)
{
    const struct table *table = schema_table_named(&schema_jalon, str_of(table_name));
    struct counting plain = {table, str_of(word), 0};
    struct buf match = {0};
    int64_t rids[1];
    size_t n = 0;
    uint64_t total = 0;
    assert_int_equal(rows_list(s, table, NULL, 0, false, 0, count, &plain), ERR_OK);
    search_match(str_of(word), &match);
    const struct rows_pick pick = {.match = buf_str(&match), .limit = 1};
    assert_int_equal(rows_pick(s, table, &pick, rids, &n, &total), ERR_OK);
    if (total != plain.n)
        fail_msg("%s %s: %llu, not %llu", table_name, word, (unsigned long long)total,
                 (unsigned long long)plain.n);
    buf_done(&match);
}

/* Two replicas write, refuse each other's work, sync; what each has found after every step is
 * what a reading of its rows finds. */
static void the_index_is_the_rows(void **state)
{
    static const char *const texts[] = {"Forge", "Forêt", "Fours", "Scierie", "0471 12 34 56"};
    struct twin t;
    struct rng rng;
    struct id firms[40];
    size_t n = 0;
    (void)state;
    rng_init(&rng, 5);
    twin_open(&t, 2, &schema_jalon);
    for (int step = 0; step < 400; step++) {
        struct party *p = &t.replicas[rng_below(&rng, 2)];
        const char *text = texts[rng_below(&rng, 5)];
        char name[80];
        (void)snprintf(name, sizeof name, "name=%s %s %d", text, texts[rng_below(&rng, 5)],
                       step % 7);
        const char *fields[] = {name, NULL};
        size_t at = n == 0 ? 0 : rng_below(&rng, n);
        uint64_t what = rng_below(&rng, 10);
        if (what < 3 && n < 40)
            firms[n++] = twin_add(p, "company", fields);
        else if (what < 7 && n > 0)
            (void)twin_set(p, "company", &firms[at], fields);
        else if (what < 8 && n > 0)
            (void)twin_delete(p, "company", &firms[at], rng_below(&rng, 2) == 0);
        else
            (void)twin_sync(&t, rng_below(&rng, 2));
        bool done = false;
        if (rng_below(&rng, 3) == 0)
            assert_int_equal(search_catch_up(p->store, 1 + rng_below(&rng, 4), &done), ERR_OK);
        if (step % 5 != 0)
            continue;
        assert_int_equal(search_complete(p->store), ERR_OK);
        assert_same(p->store, "company", "for");
        assert_same(p->store, "company", "scierie");
        assert_same(p->store, "company", "471123456");
        assert_same(p->store, "person", "f");
        assert_int_equal(
            db_exec(p->store->db, "INSERT INTO word(word) VALUES('integrity-check')"), ERR_OK);
    }
    twin_close(&t);
}

/* ---- what leaves ---- */

static bool in_file(struct twin *t, size_t i, const char *text)
{
    struct party *p = &t->replicas[i];
    static char bytes[8 << 20];
    store_close(p->store);
    FILE *f = fopen(p->path, "rb");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    assert_true(n > 0 && n < sizeof bytes);
    (void)fclose(f);
    twin_open_party(t, p);
    return memmem(bytes, n, text, strlen(text)) != NULL;
}

static void what_leaves_leaves_the_index(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct party *anna = &t.replicas[0];
    const char *type[] = {"name=Parcours type", NULL};
    struct id model = twin_add(&t.server, "pathway_model", type);
    (void)twin_sync(&t, 0);
    const char *zoe[] = {"name=Fictif", "first_name=Zoé", "emergency=ZWARTBROEK", NULL};
    const char *ali[] = {"name=Exemple", "first_name=Ali", "emergency=Zandvliet", NULL};
    struct id person = twin_add(anna, "person", zoe);
    (void)twin_add(anna, "person", ali);
    const char *pathway[] = {ref("person", &person), ref("model", &model), "entry=2026-11-02",
                             NULL};
    struct id path = twin_add(anna, "pathway", pathway);
    (void)twin_sync(&t, 0);
    assert_only(anna->store, "zwartbroek", "person Fictif");
    assert_true(in_file(&t, 0, "wartbroek"));
    /* The rows have it in capitals; the index, without the letters of the word before it, and
     * until it merges its parts also when the row is gone. */
    const char *fields[] = {ref("pathway", &path), ref("staff", &t.replicas[1].device.staff),
                            "role=referent", "start=2026-11-11", NULL};
    (void)twin_add(&t.server, "assignment", fields);
    (void)twin_sync(&t, 0);
    assert_int_equal(twin_count(anna->store, "person"), 1);
    assert_false(in_file(&t, 0, "wartbroek"));
    assert_int_equal(ask(anna->store, "zwartbroek").n, 0);
    assert_only(anna->store, "zandvliet", "person Exemple");
    assert_false(in_file(&t, 0, "wartbroek"));
    twin_close(&t);
}

/* ---- many rows ---- */

static void assert_newest(struct store *s, const char *words, const char *table, int newest)
{
    struct found found = ask(s, words);
    assert_int_equal(found.n, FOUND_MAX);
    for (int i = 0; i < FOUND_MAX; i++) {
        char first[TITLE_BYTES];
        (void)snprintf(first, sizeof first, "%s forge nombre%03d", table, newest - i);
        assert_string_equal(found.first[i], first);
    }
}

/* More rows than are looked at, in two tables; a beginning of more words than are spelled out.
 */
static void of_many_rows_the_newest_come_first(void **state)
{
    enum { ROWS = 200 };
    struct twin t;
    (void)state;
    twin_open(&t, 1, &schema_jalon);
    struct party *p = &t.replicas[0];
    for (int i = 0; i < ROWS; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "name=forge nombre%03d", i);
        const char *firm[] = {name, i == 3 ? "city=Sclessin" : NULL, NULL};
        (void)twin_add(p, "company", firm);
        const char *person[] = {name, "first_name=Nova", NULL};
        if (i < ROWS / 2)
            (void)twin_add(p, "person", person);
    }
    struct store *s = p->store;
    assert_newest(s, "forge", "person", ROWS / 2 - 1);
    assert_newest(s, "forge nombre", "person", ROWS / 2 - 1);
    assert_newest(s, "nombre1 for", "company", ROWS - 1);
    assert_only(s, "forge scles", "company forge nombre003");
    assert_only(s, "nombre scles", "company forge nombre003");
    assert_only(s, "nombre199 forge", "company forge nombre199");
    assert_int_equal(ask(s, "forge zzzz").n, 0);
    twin_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_found_however_they_are_written),
        cmocka_unit_test(what_changes_is_found_as_it_is),
        cmocka_unit_test(of_many_rows_the_newest_come_first),
        cmocka_unit_test(the_index_is_the_rows),
        cmocka_unit_test(what_leaves_leaves_the_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
