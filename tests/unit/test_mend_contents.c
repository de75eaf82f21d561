/* SPDX-License-Identifier: Apache-2.0 */
/* Each page of the contents' database goes bad once: what was attached is there, comes again
 * from the server, or is said to be lost. */
#include "store/content_check.h"
#include "store/content_inside.h"
#include "store/document.h"
#include "store/mend.h"
#include "support/line_rig.h"
#include "support/rounds.h"

#include <stdio.h>
#include <unistd.h>

enum { PAGE = 4096, DOCS = 3, SENT = 2, DOC_BYTES = 20000 };

static struct world w;
static struct id docs[DOCS]; /* the last one was not sent */
static char path[300];

static struct party *anna(void)
{
    return &w.twin.replicas[0];
}

static void read_file(const char *name, struct buf *out)
{
    FILE *file = fopen(name, "rb");
    char part[PAGE];
    size_t n = 0;
    assert_non_null(file);
    while ((n = fread(part, 1, sizeof part, file)) > 0)
        buf_add(out, part, n);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(out->err, ERR_OK);
}

static void write_file(const char *name, const struct buf *bytes)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes->p, 1, bytes->n, file), bytes->n);
    assert_int_equal(fclose(file), 0);
}

static struct id attach(const struct id *of, uint64_t seed)
{
    const struct table *table = schema_table_named(&schema_jalon, STR("document"));
    char bytes[DOC_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    uint8_t sha256[SHA256_BYTES];
    struct content_put put;
    struct edit *edit = NULL;
    struct rng rng;
    struct id doc = store_new_id(anna()->store);
    rng_init(&rng, seed);
    rng_fill(&rng, bytes, sizeof bytes);
    assert_int_equal(content_put_begin(anna()->store, &doc, &put), ERR_OK);
    assert_int_equal(content_put_add(&put, (struct str){bytes, sizeof bytes}), ERR_OK);
    assert_int_equal(content_put_end(&put, sha256), ERR_OK);
    document_hex(sha256, hex);
    const struct edit_value values[] = {
        {schema_field_named(table, STR("of_table")), value_text(STR("person"))},
        {schema_field_named(table, STR("of_row")), value_id(of)},
        {schema_field_named(table, STR("kind")), value_text(STR("photo"))},
        {schema_field_named(table, STR("sha256")), value_text(str_of(hex))},
        {schema_field_named(table, STR("size")), value_int(DOC_BYTES)},
        {schema_field_named(table, STR("mime")), value_text(STR("image/jpeg"))},
    };
    assert_int_equal(edit_open(anna()->store, &edit, NULL), ERR_OK);
    assert_int_equal(edit_insert_as(edit, table, &doc, values, 6, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    return doc;
}

static void begin(void)
{
    open_world(&w, 1, false);
    char text[ID_TEXT_BYTES];
    char structure[80];
    id_print(&w.twin.structure, text);
    (void)snprintf(structure, sizeof structure, "structure=%s", text);
    const char *fields[] = {"name=Fictif", "first_name=Anna", structure, NULL};
    struct id person = twin_add(anna(), "person", fields);
    for (uint64_t i = 0; i < DOCS; i++) {
        docs[i] = attach(&person, i + 1);
        if (i + 1 == SENT)
            sync_one(&w, 0);
    }
    (void)snprintf(path, sizeof path, "%.200s" CONTENT_SUFFIX, anna()->path);
}

static void drop_content(void)
{
    content_close(anna()->store->content);
    anna()->store->content = NULL;
}

static struct content_check check(struct store *s)
{
    struct content_check k = {.done = false};
    struct buf report = {0};
    while (!k.done)
        assert_int_equal(content_check_step(s, PAGE, &k, &report), ERR_OK);
    assert_int_equal(report.n > 0, k.wrong > 0 || k.unreadable);
    buf_done(&report);
    return k;
}

/* Whole and right, on its way, or said to be lost. */
static void check_doc(const struct id *doc, bool sent, bool told)
{
    struct content *c = NULL;
    struct content_doc there;
    assert_int_equal(content_of(anna()->store, false, &c), ERR_OK);
    enum err err = content_find(c, doc, &there);
    if (err == ERR_NOTFOUND || there.state == CONTENT_DAMAGED) {
        assert_true(told);
        return;
    }
    assert_int_equal(err, ERR_OK);
    if (there.state == CONTENT_WANTED)
        assert_true(sent);
    else
        assert_int_equal(content_verify(c, &there), ERR_OK);
}

/* True when the whole database had to be made anew. */
static bool flip(struct buf *bytes, size_t at, uint8_t bit)
{
    struct mend_contents saved = {.lost = 0};
    char to[320];
    char wal[320];
    drop_content();
    bytes->p[at] ^= bit;
    write_file(path, bytes);
    bytes->p[at] ^= bit;
    struct content_check k = check(anna()->store);
    bool anew = k.unreadable;
    (void)snprintf(to, sizeof to, "%s.new", path);
    (void)snprintf(wal, sizeof wal, "%s-wal", path);
    if (anew) {
        assert_int_equal(mend_contents(anna()->store, to, &saved, NULL), ERR_OK);
        (void)unlink(wal);
        assert_int_equal(rename(to, path), 0);
    }
    struct content_check again = check(anna()->store);
    assert_false(again.unreadable);
    assert_int_equal(again.wrong, 0);
    for (size_t i = 0; i < DOCS; i++)
        check_doc(&docs[i], i<SENT, k.lost> 0 || saved.lost > 0 || saved.unlisted);
    drop_content();
    (void)unlink(wal);
    return anew;
}

static void every_page_of_the_contents_may_go_bad(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct rng rng;
    unsigned anew = 0;
    begin();
    drop_content();
    read_file(path, &bytes);
    rng_init(&rng, 2);
    assert_true(bytes.n / PAGE > DOCS * DOC_BYTES / PAGE);
    for (size_t no = 0; no < bytes.n / PAGE; no++)
        for (int place = 0; place < 3; place += ROUNDS_ONE_IN) {
            size_t at = place == 0 ? 0 : (size_t)rng_below(&rng, PAGE);
            anew += flip(&bytes, no * PAGE + at, (uint8_t)(1u << rng_below(&rng, 8))) ? 1 : 0;
        }
    assert_true(anew > 0);
    write_file(path, &bytes);
    buf_done(&bytes);
    close_world(&w);
}

/* One bad byte in what was sent: it comes again, and nobody has to do anything. */
static void a_bad_content_comes_again_from_the_server(void **state)
{
    (void)state;
    struct content *c = NULL;
    struct content_doc there;
    begin();
    sync_one(&w, 0);
    assert_int_equal(content_of(anna()->store, false, &c), ERR_OK);
    assert_int_equal(db_exec(c->db, "UPDATE chunk SET bytes=zeroblob(20000) WHERE rowid=1"),
                     ERR_OK);
    struct content_check k = check(anna()->store);
    assert_int_equal(k.wrong, 1);
    assert_int_equal(k.again, 1);
    sync_one(&w, 0);
    assert_int_equal(content_find(c, &docs[0], &there), ERR_OK);
    assert_int_equal(there.state, CONTENT_KEPT);
    assert_int_equal(content_verify(c, &there), ERR_OK);
    close_world(&w);
}

/* The other way round: the server takes it anew from who has it. */
static void the_server_takes_a_content_anew_from_a_device_that_has_it(void **state)
{
    (void)state;
    struct content *c = NULL;
    begin();
    sync_one(&w, 0);
    struct store *server = w.twin.server.store;
    assert_int_equal(content_of(server, false, &c), ERR_OK);
    assert_int_equal(db_exec(c->db, "DELETE FROM chunk WHERE rowid=1"), ERR_OK);
    assert_int_equal(check(server).wrong, 1);
    assert_int_equal(check(server).wrong, 1); /* it stays to be read until somebody brings it */
    assert_int_equal(content_offer_again(anna()->store), ERR_OK);
    sync_one(&w, 0);
    struct content_check k = check(server);
    assert_int_equal(k.wrong, 0);
    assert_int_equal(k.nameless, 0);
    assert_int_equal(k.documents, DOCS);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_of_the_contents_may_go_bad),
        cmocka_unit_test(a_bad_content_comes_again_from_the_server),
        cmocka_unit_test(the_server_takes_a_content_anew_from_a_device_that_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
